//! Learning from people's decisions: with care, and never in the model that is in use.

use ken_match::{Decision, Ignored, Model, ModelError, Pattern, Proposal, Scorer, Signature};

/// A pattern in doubt by the shipped model: the one nearest to an even chance that no rule binds.
fn doubt(model: &Model) -> Pattern {
    let scorer = Scorer::new(model);
    let known = model.training.histogram.iter().map(|(pattern, _)| *pattern);
    let free = known.filter(|pattern| ken_match::Rule::of(*pattern).is_none());
    let far = |pattern: &Pattern| (scorer.score(*pattern).probability - 0.5).abs();
    free.min_by(|a, b| far(a).total_cmp(&far(b))).unwrap()
}

/// Ten pairs of known truth, all decided as they are.
fn proved(reviewer: &str, pattern: Pattern) -> Vec<Decision<'_>> {
    let gold =
        |truth| Decision { pattern, is_same: truth, reviewer, source: "a", gold: Some(truth) };
    (0..10).map(|n| gold(n % 2 == 0)).collect()
}

fn says<'a>(reviewer: &'a str, source: &'a str, pattern: Pattern, is_same: bool) -> Decision<'a> {
    Decision { pattern, is_same, reviewer, source, gold: None }
}

/// Signatures as a test makes them: the name over the text.
fn signed(name: &str, text: &str) -> Signature {
    Signature { name: name.to_owned(), signature: format!("{name}:{text}") }
}

fn valid(of: &Signature, text: &str) -> bool {
    ["ann", "bea"].contains(&of.name.as_str()) && of.signature == format!("{}:{text}", of.name)
}

#[test]
fn a_thousand_hostile_decisions_change_no_live_weight() {
    let live = Model::shipped().unwrap();
    let before = live.write().unwrap();
    let patterns: Vec<Pattern> = live.training.histogram.iter().map(|(of, _)| *of).collect();
    let hostile = |reviewer: &'static str| {
        let of = patterns.iter().cycle().take(1_000);
        of.map(move |pattern| says(reviewer, "a", *pattern, true)).collect::<Vec<_>>()
    };
    let same = |decisions: &[Decision<'_>]| {
        let proposal = Proposal::of(&live, decisions).unwrap();
        assert!(proposal.moved().is_empty());
        let text = proposal.text().unwrap();
        let adopted = proposal.adopt(vec![signed("ann", &text), signed("bea", &text)], valid);
        assert_eq!(adopted.unwrap().decided, live.decided);
    };
    // Whoever has proved nothing is not heard, nor whoever gets the known ones wrong.
    same(&hostile("m"));
    let mut wrong = hostile("m");
    wrong.extend(proved("m", patterns[0]).into_iter().map(|of| Decision { is_same: true, ..of }));
    same(&wrong);
    // One alone moves nothing, however well proved.
    let alone = [proved("m", patterns[0]), hostile("m")].concat();
    same(&alone);
    let ignored = Proposal::of(&live, &alone).unwrap().ignored().clone();
    assert_eq!(ignored.values().sum::<u64>(), 1_010);
    assert!(ignored[&Ignored::Rule] > 0 && ignored[&Ignored::Alone] > 0);
    assert_eq!(ignored[&Ignored::Rule] + ignored[&Ignored::Alone], 1_000);
    // Two together make a proposal: bounded, bound by rules, no model, and unsigned.
    let both = [proved("m", patterns[0]), proved("n", patterns[0]), hostile("m"), hostile("n")];
    let proposal = Proposal::of(&live, &both.concat()).unwrap();
    assert!(!proposal.moved().is_empty());
    assert!(matches!(Model::read(&proposal.write().unwrap()), Err(ModelError::Unreadable(_))));
    assert!(proposal.moved().iter().all(|of| ken_match::Rule::of(of.pattern).is_none()));
    let odds = |p: f64| (p / (1.0 - p)).log2();
    let by = |of: &ken_match::Moved| odds(of.after) - odds(of.before);
    assert!(proposal.moved().iter().filter(|of| of.after < 0.999_999).all(|of| by(of) < 3.001));
    let refused = |signatures: &[Signature]| {
        matches!(proposal.clone().adopt(signatures.to_vec(), valid), Err(ModelError::Unsigned))
    };
    let text = proposal.text().unwrap();
    assert!(refused(&[]) && refused(&[signed("ann", &text)]));
    assert!(refused(&[signed("ann", &text), signed("ann", &text)]));
    assert!(refused(&[signed("ann", &text), signed("eve", &text)]));
    assert!(refused(&[signed("ann", &text), signed("bea", "another text")]));
    // And the model in use is what it was.
    assert_eq!(live.write().unwrap(), before);
}

#[test]
fn a_decision_informs_its_whole_pattern_and_two_signatures_make_it_count() {
    let live = Model::shipped().unwrap();
    let of = doubt(&live);
    let before = Scorer::new(&live).score(of);
    let mut decisions = [proved("r", of), proved("s", of)].concat();
    for n in 0..40 {
        let (reviewer, source) = (["r", "s"][n % 2], ["a", "b", "c"][n % 3]);
        decisions.push(says(reviewer, source, of, true));
    }
    let proposal = Proposal::of(&live, &decisions).unwrap();
    let [moved] = proposal.moved() else { panic!("one pattern moves") };
    assert_eq!((moved.pattern, moved.before), (of, before.probability));
    // Forty decisions of two weigh as six, against ten.
    assert!(moved.after > 0.6 && moved.after < 0.75, "{moved:?}");
    assert!(moved.changes_links(0.6) && !moved.changes_links(0.9) && moved.pairs > 0);
    // It is read as it was written, signed, and then counts.
    let read = Proposal::read(&proposal.write().unwrap()).unwrap();
    let text = read.text().unwrap();
    assert_eq!(text, proposal.text().unwrap());
    let model = read.adopt(vec![signed("ann", &text), signed("bea", &text)], valid).unwrap();
    let file = model.write().unwrap();
    let model = Model::read(&file).unwrap();
    assert!(model.is_signed(valid).unwrap() && !model.is_signed(|_, _| false).unwrap());
    let after = Scorer::new(&model).score(of);
    assert_eq!(after.probability.to_bits(), moved.after.to_bits());
    assert_ne!(model.version(), live.version());
    let told = ken_match::explain(&model, of);
    assert!(told.steps.iter().any(|step| step.what.contains("people decided")));
    assert!((told.steps.last().unwrap().sum - after.bits).abs() < 1e-6);
    // All other patterns are as they were.
    let (one, other) = (Scorer::new(&live), Scorer::new(&model));
    let others = live.training.histogram.iter().filter(|(pattern, _)| *pattern != of);
    assert!(others.clone().all(|(pattern, _)| one.score(*pattern) == other.score(*pattern)));
    // What was signed cannot be changed after, nor a signature taken away.
    let mut changed = model.clone();
    changed.decided[0].1 += 0.5;
    assert!(!changed.is_signed(valid).unwrap());
    let mut short = model.clone();
    short.signatures.truncate(1);
    assert!(matches!(Model::read(&short.write().unwrap()), Err(ModelError::Unsigned)));
    // Order changes nothing, and more than is heard is refused.
    decisions.reverse();
    assert_eq!(Proposal::of(&live, &decisions).unwrap(), proposal);
    let many = vec![says("r", "a", of, true); 100_001];
    assert!(Proposal::of(&live, &many).is_err());
}
