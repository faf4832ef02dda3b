//! Sets that others made, where they are beside the project: no worse than they were found.
//!
//! Floors stand a hundredth below what was measured; docs/matching.md has the figures.

use std::collections::HashMap;
use std::path::PathBuf;

use ken_match::{Columns, Evaluation, Model, Options, Row, compare, evaluate, finish, train};

/// Columns of a file by field, as `ken match` guesses them.
const FIELDS: [(&str, &str); 13] = [
    ("forename", "given_name"),
    ("forename", "first_name"),
    ("surname", "surname"),
    ("born", "date_of_birth"),
    ("born", "dob"),
    ("house", "street_number"),
    ("address", "address_1"),
    ("town", "suburb"),
    ("town", "city"),
    ("postcode", "postcode"),
    ("email", "email"),
    ("number", "soc_sec_id"),
    ("who", "cluster"),
];

/// Matches a set by nothing but the shipped model and itself; nothing where the set is absent.
fn judged(name: &str) -> Option<Evaluation> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/data/linkage");
    let file = PathBuf::from(folder).join(name);
    if !file.exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap().split(',').map(str::trim).collect();
    let (mut columns, mut truth) = (Columns::new(), Vec::new());
    let mut people: HashMap<String, u32> = HashMap::new();
    for line in lines {
        let values: Vec<&str> = line.split(',').map(str::trim).collect();
        let of = |field: &str| {
            let mut names = FIELDS.iter().filter(|(of, _)| *of == field).map(|(_, name)| *name);
            let at = names.find_map(|name| heads.iter().position(|head| *head == name));
            at.map_or("", |at| values[at])
        };
        let row = Row {
            forename: of("forename"),
            surname: of("surname"),
            born: of("born"),
            house: of("house"),
            address: of("address"),
            town: of("town"),
            postcode: of("postcode"),
            email: of("email"),
            number: of("number"),
            ..Row::default()
        };
        columns.push(&row).unwrap();
        // FEBRL says in the record's name whose it is: rec-223-org, rec-223-dup-0.
        let whose = match of("who") {
            "" => values[0].split('-').take(2).collect::<Vec<_>>().join("-"),
            whose => whose.to_owned(),
        };
        let next = u32::try_from(people.len()).unwrap();
        truth.push(*people.entry(whose).or_insert(next));
    }
    let (table, options) = (columns.close(), Options::default());
    let compared = compare(&table, &options, &|_, _| {});
    let model = train(&table, &compared, &Model::shipped().unwrap());
    let outcome = finish(&table, compared, model, &options);
    Some(evaluate(&truth, &outcome.scored, &outcome.people, options.threshold))
}

#[test]
fn sets_of_others_come_out_as_well_as_they_did() {
    let check = |name: &str, true_pairs: u64, best: f64, people: f64, precision: f64| {
        let Some(found) = judged(name) else { return };
        assert_eq!(found.true_pairs, true_pairs, "{name}");
        assert!(found.best.1.f1() >= best, "{name} {:?}", found.best);
        assert!(found.people.f1() >= people, "{name} {:?}", found.people);
        assert!(found.people.precision() >= precision, "{name} {:?}", found.people);
    };
    check("fake_1000.csv", 2_031, 0.91, 0.92, 0.99);
    check("febrl/dataset1.csv", 500, 0.97, 0.96, 0.99);
    check("febrl/dataset2.csv", 1_934, 0.97, 0.96, 0.98);
    check("febrl/dataset3.csv", 6_538, 0.98, 0.96, 0.99);
}
