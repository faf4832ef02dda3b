//! The sum behind a score, as it is told.

use ken_match::{Model, Pattern, Row, alone, explain};

#[test]
fn the_steps_add_up_to_the_score() {
    let model = Model::shipped().unwrap();
    for (pattern, _) in model.training.histogram.iter().step_by(17) {
        let told = explain(&model, *pattern);
        let sum: f64 = told.steps.iter().map(|step| step.bits).sum();
        assert!((sum - told.score.bits).abs() < 1e-9, "{pattern}");
        assert!(told.steps.last().is_some_and(|last| (last.sum - sum).abs() < 1e-9));
    }
}

#[test]
fn twins_are_told_as_twins() {
    let model = Model::shipped().unwrap();
    let twins: Pattern = "1.9.0.9.8.2.0.0".parse().unwrap();
    let told = explain(&model, twins);
    let step = told.steps.iter().find(|step| step.what.ends_with("possible twins")).unwrap();
    assert!(step.bits < -3.0, "{}", step.bits);
    let text = told.to_string();
    assert!(text.contains("not linked without a human: same surname and date of birth"));
    assert!(text.contains("forename: differs"));
    let other: Pattern = "9.9.0.9.8.2.0.0".parse().unwrap();
    assert!(!explain(&model, other).to_string().contains("twins"));
}

#[test]
fn of_two_records_by_themselves_no_name_is_rare() {
    fn of<'a>((forename, surname): (&'a str, &'a str)) -> Row<'a> {
        let (born, sex, postcode) = ("1948-03-02", "female", "EH1 1AA");
        Row { forename, surname, born, sex, postcode, ..Row::default() }
    }
    let check = |one: (&str, &str), other: (&str, &str), want: &str| {
        let seen = alone(&of(one), &of(other)).to_string();
        assert!(seen.starts_with(want), "{one:?} {other:?}: {seen}");
    };
    check(("Morag", "Drummond"), ("Morag", "Drummond"), "9.9.");
    check(("Morag", "Drummond"), ("Agnes", "Drummond"), "1.9.");
    check(("Morag", "Drummond"), ("Drummond", "Morag"), "7.7.");
    check(("", "Drummond"), ("Morag", "Drummond"), "0.9.");
}
