//! The sum behind a score, as it is told.

use ken_match::{Model, Pattern, explain};

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
