//! What the matrix says of agreements whose answers are known from their text.

use std::collections::BTreeSet;

use ken_agreement::Instrument;
use ken_office::matrix::{self, Cell};
use ken_sharing::bundle::Admitted;

const CONCERN: &str = include_str!("../../../../../agreements/glen-asp-concern.toml");

fn beneath() -> Vec<Admitted> {
    let texts = [
        include_str!("../../../../../agreements/statute-pack.toml"),
        include_str!("../../../../../agreements/scot-accord.toml"),
    ];
    let admitted = |text: &str| Admitted {
        instrument: Instrument::parse(text).unwrap(),
        register: ken_agreement::status::Register::default(),
    };
    texts.into_iter().map(admitted).collect()
}

/// What a role may have outside emergencies.
fn said(instrument: &Instrument, role: (&str, &str)) -> BTreeSet<String> {
    let ready = matrix::ready(instrument, &beneath(), "2027-06-01".parse().unwrap()).unwrap();
    let role = (role.0.parse().unwrap(), role.1.parse().unwrap());
    let rows = ready.of_role(&role).unwrap();
    let line = |row: &matrix::Row| {
        assert!(row.cell > Cell::No && !row.clauses.is_empty(), "{row:?}");
        let clauses: Vec<_> = row.clauses.iter().map(String::as_str).collect();
        format!("{} {} {} {}", row.category, row.from, row.cell.says(), clauses.join(" "))
    };
    rows.iter().filter(|row| row.cell != Cell::Emergency).map(line).collect()
}

#[test]
fn the_charity_is_offered_a_referral_and_no_police_record() {
    let rows = said(&Instrument::parse(CONCERN).unwrap(), ("rowan", "ts.support-worker"));
    assert!(rows.iter().any(|row| row.starts_with("core cec ")), "{rows:#?}");
    for kind in ["criminal", "health-record", "third-party"] {
        assert!(!rows.iter().any(|row| row.starts_with(kind)), "{kind}: {rows:#?}");
    }
}

#[test]
fn a_changed_rule_changes_the_matrix() {
    let before = said(&Instrument::parse(CONCERN).unwrap(), ("rowan", "ts.support-worker"));
    let mut without = Instrument::parse(CONCERN).unwrap();
    without.clauses.retain(|clause| clause.id.as_str() != "C5");
    let after = said(&without, ("rowan", "ts.support-worker"));
    let cites = |rows: &BTreeSet<String>| rows.iter().any(|row| row.contains("C5"));
    assert!(cites(&before) && !cites(&after), "{before:#?} {after:#?}");
    assert!(after.is_subset(&before), "{after:#?}");
}

#[test]
fn the_file_has_a_line_for_each_answer_and_no_formula() {
    let instrument = Instrument::parse(CONCERN).unwrap();
    let ready = matrix::ready(&instrument, &beneath(), "2027-06-01".parse().unwrap()).unwrap();
    let text = matrix::csv(&ready).unwrap().unwrap();
    let answers: usize =
        matrix::recipients(&instrument).iter().map(|role| ready.of_role(role).unwrap().len()).sum();
    assert_eq!(text.lines().count(), answers + 1);
    assert!(answers > 10, "{text}");
    assert!(text.lines().skip(1).all(|line| line.starts_with('"')), "{text}");
}
