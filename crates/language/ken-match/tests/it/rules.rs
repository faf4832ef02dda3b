//! What no model may break, tried with a model that would join everybody.

use std::collections::{HashMap, HashSet};

use ken_core::identifier::Chi;
use ken_match::{Model, Options, Row, Rule, compare, finish, pattern};

use crate::people::{self, made, table};

/// A model by which any two records are one person's.
fn hostile() -> Model {
    Model { start: 60.0, calibration: Vec::new(), ..Model::shipped().unwrap() }
}

const WHO: Row<'_> = Row {
    forename: "Fiona",
    middle: "Jane",
    surname: "MacLeod",
    born: "1974-03-21",
    address: "12 High Street",
    source: "health",
    ..people::ANN
};

#[test]
fn no_model_joins_what_a_rule_keeps_apart() {
    let made = made(3, 2_000);
    let options = Options::default();
    let compared = compare(&made.table, &options, &|_, _| {});
    let outcome = finish(&made.table, compared, hostile(), &options);
    assert!(outcome.kept_apart.get(&Rule::DifferentChi).is_some_and(|count| *count > 10));
    assert!(outcome.kept_apart.contains_key(&Rule::PossibleTwins));
    for link in outcome.scored.iter().filter(|link| link.probability > 0.0) {
        assert_eq!(Rule::of(link.pattern), None);
    }
    let mut numbers: HashMap<u32, HashSet<&str>> = HashMap::new();
    for (person, chi) in outcome.people.of.iter().zip(&made.chi) {
        if Chi::parse(chi).is_ok() {
            numbers.entry(*person).or_default().insert(chi);
        }
    }
    assert!(numbers.values().all(|numbers| numbers.len() == 1));
    assert!(outcome.people.of.iter().enumerate().any(|(at, of)| usize::try_from(*of) != Ok(at)));
}

#[test]
fn each_situation_is_known_by_its_name() {
    let [one, two] = [Chi::impossible(1), Chi::impossible(2)];
    let check = |a: &Row<'_>, b: &Row<'_>, want: Option<Rule>| {
        let table = table(&[*a, *b]);
        assert_eq!(Rule::of(pattern(&table, 0, 1)), want);
        assert_eq!(Rule::of(pattern(&table, 1, 0)), want);
    };
    check(&WHO, &WHO, None);
    check(&WHO, &Row { forename: "Janet", ..WHO }, Some(Rule::PossibleTwins));
    check(&WHO, &Row { forename: "Fi", ..WHO }, None);
    check(&WHO, &Row { forename: "", ..WHO }, None);
    check(&WHO, &Row { born: "1999-11-02", ..WHO }, Some(Rule::SameNameRelative));
    check(&WHO, &Row { born: "1974-03-22", ..WHO }, None);
    let (mine, theirs) = (Row { chi: one.reveal(), ..WHO }, Row { chi: two.reveal(), ..WHO });
    check(&mine, &theirs, Some(Rule::DifferentChi));
    check(&mine, &Row { forename: "Janet", ..mine }, None);
    let stranger = Row { forename: "Robert", born: "1999-11-02", ..mine };
    check(&mine, &stranger, Some(Rule::ContradictedNumber));
    let (nhs, other) = (Row { nhs: "9434765919", ..WHO }, Row { nhs: "9990000018", ..WHO });
    check(&nhs, &other, Some(Rule::DifferentNhs));
}

#[test]
fn one_weak_link_joins_no_two_families() {
    // Two people of one name, each with two records, and a record without a date between them.
    let elder = Row { born: "1940-02-03", middle: "Ann", ..WHO };
    let vague = Row { born: "", middle: "", sex: "", ..WHO };
    let table = table(&[WHO, WHO, elder, elder, vague]);
    let options = Options { threshold: 0.05, ..Options::default() };
    let compared = compare(&table, &options, &|_, _| {});
    let outcome = finish(&table, compared, hostile(), &options);
    let [a, b, c, d, _] = outcome.people.of[..] else { panic!("five records") };
    assert!(a == b && c == d && a != c, "{:?}", outcome.people.of);
}

#[test]
fn a_source_that_holds_a_person_once_is_linked_once() {
    let council = Row { source: "council", ..WHO };
    let near = Row { surname: "McLeod", middle: "", ..council };
    let table = table(&[WHO, council, near]);
    let options = Options { across: true, ..Options::default() };
    let compared = compare(&table, &options, &|_, _| {});
    let outcome = finish(&table, compared, hostile(), &options);
    assert_eq!(outcome.people.of, [0, 0, 2]);
    assert_eq!(outcome.people.refused.values().sum::<u64>(), 1);
}
