//! A concern about an adult and one about a child: one engine, and one suite that both go through.
//!
//! What differs is in the signed texts alone: which body tells which, on what relationship or age,
//! in which words. What follows from a text is the same for both, step by step.

use std::collections::BTreeSet;

use ken_agreement::{Kind, Visibility};
use ken_sharing::decide::{Bar, Outcome, Permitted, decide};
use ken_testkit::oracle::{self, Case, Mutant, Row, Verdict};

use crate::vectors_world::{Entry, asked, bundle, glen, told, world};

/// A concern of one sort, as one clause carries it.
#[derive(Debug)]
struct Concern {
    about: &'static str,
    /// Agreement and clause.
    clause: (&'static str, &'static str),
    from: (&'static str, &'static str),
    to: (&'static str, &'static str),
    purpose: &'static str,
    /// What must hold.
    facts: &'static [&'static str],
    words: &'static [&'static str],
    kind: Kind,
}

const CONCERNS: [Concern; 3] = [
    Concern {
        about: "an adult, by duty",
        clause: ("glen-asp-concern", "C1"),
        from: ("police", "pp.concern-hub"),
        to: ("cec", "sw.duty"),
        purpose: "asp-inquiry",
        facts: &["age>=16"],
        words: &["three-point-belief", "necessary-proportionate"],
        kind: Kind::Statutory,
    },
    Concern {
        about: "an adult",
        clause: ("glen-asp-concern", "C6"),
        from: ("rowan", "ts.support-worker"),
        to: ("cec", "sw.duty"),
        purpose: "asp-inquiry",
        facts: &["age>=16"],
        words: &["three-point-belief", "necessary-proportionate"],
        kind: Kind::Routine,
    },
    Concern {
        about: "a child",
        clause: ("glen-girfec", "W2"),
        from: ("primary", "ed.teacher"),
        to: ("cec", "sw.children"),
        purpose: "girfec-wellbeing",
        facts: &["relationship:girfec-team"],
        words: &["necessary-proportionate"],
        kind: Kind::Routine,
    },
];

impl Concern {
    /// The report, with all that its clause asks for.
    fn case(&self, entries: &[Entry]) -> Case {
        let own = self.entry(entries);
        let id = format!("{}#{}", entries[own].instrument.hash(), self.clause.1);
        let seat = |(of, role): (&str, &str)| (of.to_owned(), Some(role.to_owned()));
        Case {
            from: seat(self.from),
            to: seat(self.to),
            action: "push".into(),
            purpose: self.purpose.into(),
            up_to: false,
            categories: [("concern".to_owned(), None)].into(),
            rows: None,
            day: "2027-06-01".parse().unwrap(),
            facts: self.facts.iter().map(|fact| (*fact).to_owned()).collect(),
            attested: self.words.iter().map(|words| format!("{id}/{words}")).collect(),
            referrers: BTreeSet::new(),
        }
    }

    fn entry(&self, entries: &[Entry]) -> usize {
        let is = |of: &Entry| of.instrument.agreement.id.as_str() == self.clause.0;
        entries.iter().position(is).unwrap()
    }
}

/// The gate's answer, with which the second decider agrees.
fn decided(entries: &[Entry], case: &Case) -> Outcome {
    let (ask, facts, rows) = asked(case);
    let outcome = decide(&bundle(entries), &ask, &facts, rows.as_ref()).unwrap();
    assert_eq!(oracle::decide(&world(entries), case, Mutant::None), told(&outcome), "{case:?}");
    Outcome::clone(&outcome)
}

/// How a report ends, in a word.
fn ends(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Permit(_) => "goes".into(),
        Outcome::Need(needed) => {
            let words: Vec<_> =
                needed.statements.keys().map(|words| words.attestation.to_string()).collect();
            format!("asks {}", words.join(" "))
        }
        Outcome::Deny(denied) => {
            let reason = denied.first().unwrap();
            match reason.bar {
                Bar::Require => format!("lacks {}", reason.what),
                Bar::Prohibited => format!("stopped by {}", reason.what),
                Bar::NoClause => "no clause".into(),
                Bar::Field => "no field".into(),
                Bar::Standing => format!("does not stand: {}", reason.what),
            }
        }
    }
}

/// One step of the suite: what is so, and how a routine report and a duty end then.
struct Step {
    what: &'static str,
    so: fn(&Concern, &mut Vec<Entry>, &mut Case),
    routine: &'static str,
    duty: &'static str,
}

const fn step(
    what: &'static str,
    so: fn(&Concern, &mut Vec<Entry>, &mut Case),
    routine: &'static str,
    duty: &'static str,
) -> Step {
    Step { what, so, routine, duty }
}

fn with(case: &mut Case, fact: &str) {
    case.facts.insert(fact.to_owned());
}

/// Every step; what stands in braces is the concern's own.
const STEPS: &[Step] = &[
    step("all that is asked for", |_, _, _| {}, "goes", "goes"),
    step(
        "nothing is known of the person",
        |_, _, case| case.facts.clear(),
        "lacks {fact}",
        "lacks {fact}",
    ),
    step(
        "it was only claimed",
        |_, _, case| case.facts = case.facts.iter().map(|fact| format!("{fact}@claimed")).collect(),
        "lacks {fact}",
        "lacks {fact}",
    ),
    step(
        "nobody has affirmed the words",
        |_, _, case| case.attested.clear(),
        "asks {words}",
        "asks {words}",
    ),
    step(
        "the words of another clause were affirmed",
        |of, _, case| {
            let id = format!("#{}/", of.clause.1);
            case.attested = case.attested.iter().map(|one| one.replace(&id, "#Z9/")).collect();
        },
        "asks {words}",
        "asks {words}",
    ),
    step(
        "whoever receives it has another role",
        |_, _, case| case.to.1 = Some("record".into()),
        "no clause",
        "no clause",
    ),
    step(
        "another body would receive it",
        |_, _, case| case.to = ("fire".into(), Some("fire.officer".into())),
        "no clause",
        "no clause",
    ),
    step(
        "for another purpose",
        |_, _, case| case.purpose = "direct-care".into(),
        "no clause",
        "no clause",
    ),
    step(
        "whoever receives it has not signed",
        |of, entries, _| {
            let own = of.entry(entries);
            entries[own].unsigned = [of.to.0.to_owned()].into();
        },
        "does not stand: not-signed-by-all",
        "goes",
    ),
    step(
        "the agreement is suspended",
        |of, entries, _| {
            let own = of.entry(entries);
            entries[own].suspended = true;
        },
        "does not stand: suspended",
        "goes",
    ),
    step(
        "the agreement's review was missed, on the last day of grace",
        |_, _, case| case.day = "2028-04-30".parse().unwrap(),
        "goes",
        "goes",
    ),
    step(
        "the agreement's review was missed, grace included",
        |_, _, case| case.day = "2028-05-01".parse().unwrap(),
        "does not stand: lapsed",
        "goes",
    ),
    step(
        "the person objects",
        |_, _, case| with(case, "objection"),
        "stopped by gate#objection",
        "goes",
    ),
    step(
        "the person objects to something else",
        |_, _, case| with(case, "objection:support-offer"),
        "goes",
        "goes",
    ),
    step(
        "their record is restricted while an objection is looked at",
        |_, _, case| with(case, "restriction"),
        "stopped by gate#restriction",
        "goes",
    ),
    step("they have died", |_, _, case| with(case, "deceased"), "stopped by gate#deceased", "goes"),
    step(
        "it is about the sender's own family",
        |_, _, case| with(case, "self-or-family"),
        "stopped by gate#self-or-family",
        "stopped by gate#self-or-family",
    ),
    step(
        "the ledger has not been sealed for too long",
        |_, _, case| with(case, "ledger-unsealed"),
        "stopped by gate#held-up",
        "goes",
    ),
    step(
        "their address is protected",
        |_, _, case| with(case, "protected-address"),
        "goes",
        "goes",
    ),
    step("they may be at risk", |_, _, case| with(case, "at-risk"), "goes", "goes"),
];

#[test]
fn a_concern_about_an_adult_and_about_a_child_go_one_way() {
    for concern in &CONCERNS {
        for step in STEPS {
            let mut entries = glen(6);
            let mut case = concern.case(&entries);
            (step.so)(concern, &mut entries, &mut case);
            let want = if concern.kind == Kind::Statutory { step.duty } else { step.routine };
            let mut words = concern.words.to_vec();
            words.sort_unstable();
            let want = want.replace("{fact}", concern.facts[0]);
            let want = want.replace("{words}", &words.join(" "));
            let got = ends(&decided(&entries, &case));
            assert_eq!(got, want, "{}, {}", concern.about, step.what);
        }
    }
}

/// What the person is told, what follows, and on what it rests.
#[test]
fn what_follows_a_concern_is_the_same_for_both() {
    for concern in &CONCERNS {
        let entries = glen(6);
        let check = |facts: &[&str], shown: Visibility| {
            let mut case = concern.case(&entries);
            case.facts.extend(facts.iter().map(|fact| (*fact).to_owned()));
            let outcome = decided(&entries, &case);
            let Outcome::Permit(Permitted { mask, citations, .. }) = outcome else {
                panic!("{}: {outcome:?}", concern.about)
            };
            let fields: usize = mask.values().map(|covered| covered.iter().count()).sum();
            assert_eq!(fields, 4, "{}: the whole concern", concern.about);
            let [(id, cited)] = &citations.iter().collect::<Vec<_>>()[..] else {
                panic!("{}: one clause carries it", concern.about)
            };
            assert!(id.as_str().ends_with(&format!("#{}", concern.clause.1)), "{id}");
            assert_eq!(cited.visible_to_person, shown, "{}", concern.about);
            assert!(cited.obligations.contains("tell-person-unless-exempt"), "{cited:?}");
            assert!(cited.unmet.iter().any(|fact| fact.as_str() == "trained:info-handling"));
        };
        check(&[], Visibility::AfterReview);
        check(&["at-risk"], Visibility::AfterReview);
    }
}

/// In an emergency neither an agreement nor its state is asked for; the accord's clause carries
/// both alike, with its own words and no others.
#[test]
fn an_emergency_about_either_needs_no_agreement_of_its_own() {
    for concern in &CONCERNS {
        let mut entries = glen(6);
        let own = concern.entry(&entries);
        entries[own].unsigned = ["police", "cec", "rowan", "primary"].map(str::to_owned).into();
        let mut case = concern.case(&entries);
        case.purpose = "vital".into();
        case.facts = ["objection".to_owned()].into();
        let asks = "asks imminent-serious-harm reason-free-text";
        let got = decided(&entries, &case);
        let Outcome::Need(needed) = &got else { panic!("{}: {}", concern.about, ends(&got)) };
        assert_eq!(ends(&got), asks, "{}", concern.about);
        case.attested = needed.statements.keys().map(ToString::to_string).collect();
        assert_eq!(ends(&decided(&entries, &case)), "goes", "{}", concern.about);
        // About oneself or one's family, not without a second person.
        case.facts.insert("self-or-family".to_owned());
        let family = "stopped by gate#self-or-family";
        assert_eq!(ends(&decided(&entries, &case)), family, "{}", concern.about);
        case.facts.insert("second-person".to_owned());
        assert_eq!(ends(&decided(&entries, &case)), "goes", "{}", concern.about);
    }
}

/// At every age there is a way to report, and at sixteen and seventeen there are both.
#[test]
fn no_age_falls_between_the_two() {
    let [_, adult, child] = &CONCERNS;
    for age in 0..=19 {
        let mut goes = vec![];
        for concern in [adult, child] {
            let entries = glen(6);
            let mut case = concern.case(&entries);
            case.facts.retain(|fact| !fact.starts_with("age"));
            if age >= 16 {
                with(&mut case, "age>=16");
            }
            if age >= 18 {
                with(&mut case, "age>=18");
            }
            if matches!(decided(&entries, &case), Outcome::Permit(_)) {
                goes.push(concern.about);
            }
        }
        let want: &[&str] = if age < 16 { &["a child"] } else { &["an adult", "a child"] };
        assert_eq!(goes, want, "at {age}");
    }
}

/// What is marked as restricted or about other people stops before the body that may not have it,
/// whichever agreement says so.
#[test]
fn a_mark_stops_either_at_the_body_that_may_not_have_it() {
    let [_, adult, child] = &CONCERNS;
    let reversed = [
        (adult, ("cec", "sw.duty"), ("rowan", "ts.manager"), "P2", "support-offer", "core"),
        (
            child,
            ("cec", "sw.children"),
            ("primary", "ed.teacher"),
            "P1",
            "girfec-wellbeing",
            "concern",
        ),
    ];
    for (concern, from, to, stop, purpose, category) in reversed {
        for label in ["restricted", "third-party"] {
            let entries = glen(6);
            let own = concern.entry(&entries);
            let hash = entries[own].instrument.hash();
            let mut case = concern.case(&entries);
            case.from = (from.0.into(), Some(from.1.into()));
            case.to = (to.0.into(), Some(to.1.into()));
            case.purpose = purpose.into();
            case.categories = [(category.to_owned(), None)].into();
            case.rows = Some(BTreeSet::from([Row {
                category: category.into(),
                labels: [label.to_owned()].into(),
                source: from.0.into(),
                lineage: BTreeSet::new(),
            }]));
            let got = told(&decided(&entries, &case));
            let want = Verdict::Deny(0, format!("{hash}#{stop}"));
            assert_eq!(got, want, "{}, {label}", concern.about);
        }
    }
}
