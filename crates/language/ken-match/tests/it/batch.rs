//! A batch: how good it is, and that it is the same however it is done.

use ken_match::{
    Field, Model, Options, Outcome, Pattern, Scorer, compare, evaluate, finish, pattern, sizes,
    train,
};

use crate::people::{Made, made};

fn matched(made: &Made, options: &Options) -> Outcome {
    let compared = compare(&made.table, options, &|_, _| {});
    let model = train(&made.table, &compared, &Model::shipped().unwrap());
    finish(&made.table, compared, model, options)
}

#[test]
fn people_are_found_and_hardly_anybody_is_joined_to_another() {
    let made = made(1, 6_000);
    let outcome = matched(&made, &Options::default());
    let found = evaluate(&made.truth, &outcome.scored, &outcome.people, 0.9);
    assert!(found.true_pairs > 1_200, "{}", found.true_pairs);
    assert!(found.in_use.1.precision() >= 0.995, "{:?}", found.in_use);
    assert!(found.best.1.f1() >= 0.98, "{:?}", found.best);
    assert!(found.people.f1() >= 0.97, "{:?}", found.people);
    assert!(found.ceiling >= found.best.1.f1());
    let told: u64 =
        sizes(&outcome.people).iter().map(|(size, count)| u64::from(*size) * count).sum();
    assert_eq!(told, u64::try_from(made.truth.len()).unwrap());
}

#[test]
fn one_pair_scores_as_it_does_in_a_batch_to_the_bit() {
    let made = made(2, 4_000);
    let one = matched(&made, &Options { threads: 1, ..Options::default() });
    let three = matched(&made, &Options { threads: 3, ..Options::default() });
    assert_eq!(one.model, three.model);
    assert_eq!(one.scored, three.scored);
    assert_eq!(one.people, three.people);
    assert!(one.scored.len() > 500);
    // The model goes through its file, as it does between a batch and a server.
    let read = Model::read(&one.model.write().unwrap()).unwrap();
    assert_eq!(read.version(), one.model.version());
    let scorer = Scorer::new(&read);
    for link in &one.scored {
        let alone = pattern(&made.table, link.one, link.other);
        assert_eq!(alone, link.pattern);
        assert_eq!(alone, pattern(&made.table, link.other, link.one));
        assert_eq!(scorer.score(alone).bits.to_bits(), link.bits.to_bits());
    }
}

#[test]
fn a_model_that_was_damaged_is_refused() {
    let text = Model::shipped().unwrap().write().unwrap();
    let check = |from: &str, to: &str, code: &str| {
        assert!(text.contains(from), "{from}");
        let error = Model::read(&text.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.code(), code, "{from}");
    };
    check("\"format\":2", "\"format\":4", "match.model-form");
    check("\"format\":2", "\"format\":3", "match.model-shape");
    check("\"forename\"", "\"surname\"", "match.model-shape");
    check("\"learnt\":[", "\"learnt\":[1.0,", "match.model-shape");
    check("\"start\"", "\"begin\"", "match.model-unreadable");
    assert_eq!(Model::read("").unwrap_err().code(), "match.model-unreadable");
}

#[test]
fn a_model_of_before_there_were_contacts_still_opens() {
    let now = Model::shipped().unwrap();
    let mut old = now.clone();
    old.format = 1;
    old.fields.retain(|of| of.field != Field::Contact);
    old.interactions.retain(|of| of.one.0 != Field::Contact && of.other.0 != Field::Contact);
    let text = old.write().unwrap();
    let read = Model::read(&text).unwrap();
    assert_eq!(read.fields.iter().map(|of| of.field).collect::<Vec<_>>(), Field::ALL[..9]);
    // What it said of pairs without contacts, it says still.
    let (new, old) = (Scorer::new(&now), Scorer::new(&read));
    for (pattern, _) in now.training.histogram.iter().step_by(7) {
        assert_eq!(new.score(*pattern), old.score(*pattern), "{pattern}");
    }
    // A pattern of that time has eight levels.
    let pattern: Pattern = "9.9.4.9.8.2.4.0".parse().unwrap();
    assert_eq!(pattern.to_string(), "9.9.4.9.8.2.0.4.0");
    // A telephone is no sign of one person where it comes with one home and another forename.
    let bits = |contact: u8| old.score(format!("1.9.0.9.8.2.{contact}.0.0").parse().unwrap()).bits;
    assert!(bits(3) < bits(0) + 4.0, "{} {}", bits(3), bits(0));
}

#[test]
fn more_agreement_is_more_evidence() {
    let model = Model::shipped().unwrap();
    for of in &model.every_field() {
        let same = match of.field {
            Field::Forename | Field::Surname | Field::Place => 8,
            Field::Born => 9,
            Field::Middle | Field::Contact | Field::Chi => 4,
            Field::Sex | Field::Nhs => 2,
            Field::Number => 3,
        };
        assert!(of.bits(same) > of.bits(1), "{:?}", of.field);
    }
    let score = |text: &str| Scorer::new(&model).score(text.parse().unwrap()).bits;
    assert!(score("1.1.0.1.1.1.0.0") < -7.0, "who has nothing in common is a stranger");
    // From a namesake to the same in everything, field by field.
    let ladder = [
        "8.1.0.1.1.2.0.0",
        "8.8.0.1.1.2.0.0",
        "8.8.0.6.1.2.0.0",
        "8.8.0.9.1.2.0.0",
        "8.8.0.9.8.2.0.0",
        "9.9.4.9.8.2.0.0",
        "9.9.4.9.8.2.4.0",
    ];
    let scores: Vec<f64> = ladder.iter().map(|pattern| score(pattern)).collect();
    assert!(scores.is_sorted_by(|a, b| a < b), "{scores:?}");
}
