//! The crate from outside: any bytes, and every example of the standard.

use std::path::Path;

use ken_fhir::{Resource, line};
use proptest::prelude::*;
use serde_json::Value;

/// Settings of the property tests: the same cases in every run, or those of `PROPTEST_RNG_SEED`;
/// more of them by `PROPTEST_CASES`.
fn repeatable() -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, RngSeed};
    let default = Config::default();
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1858),
        given @ RngSeed::Fixed(_) => given,
    };
    Config { rng_seed, failure_persistence: None, ..default }
}

/// A JSON value whose numbers have digits that a float would lose.
fn json() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?";
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("null".to_owned()),
        number.prop_map(String::from),
        "[a-zé ]{0,8}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let members = prop::collection::btree_map("[a-z]{1,5}", inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            // A map drawn sorted, written backwards: an order that only keeping it preserves.
            members.prop_map(|members| {
                let members = members.iter().rev();
                let members: Vec<_> = members.map(|(key, v)| format!("\"{key}\":{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Resource::parse(&bytes);
    }

    #[test]
    fn what_was_read_is_written_as_it_was(value in json()) {
        let text = format!("{{\"z\":{value},\"resourceType\":\"Basic\",\"a\":{value}}}");
        let resource = Resource::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(String::from_utf8(resource.to_bytes()).unwrap(), text);
        let _ = line(&resource);
    }

    #[test]
    fn no_view_minds_a_strange_shape(
        kind in prop::sample::select(vec![
            "Encounter", "Observation", "DocumentReference", "Patient", "Flag", "Appointment",
            "QuestionnaireResponse", "DiagnosticReport", "AllergyIntolerance", "CarePlan",
        ]),
        keys in prop::collection::vec(
            prop::sample::select(vec![
                "period", "code", "content", "item", "name", "status",
            ]),
            0..6,
        ),
        value in json(),
    ) {
        let mut members = serde_json::Map::new();
        for key in keys {
            members.insert(key.to_owned(), serde_json::from_str(&value).unwrap());
        }
        members.insert("resourceType".to_owned(), Value::from(kind));
        let resource = Resource::of(Value::Object(members)).unwrap();
        let _ = line(&resource);
        if let Some(patient) = ken_fhir::Patient::of(&resource) {
            let _ = (patient.name(), patient.birth_date(), patient.addresses().count());
        }
        if let Some(form) = ken_fhir::QuestionnaireResponse::of(&resource) {
            let _ = form.answers();
        }
    }
}

#[test]
fn every_example_of_the_standard_is_kept() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data/fhir/r4-examples");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: ../shared/data/fhir is not here");
        return;
    };
    let mut seen = 0;
    let mut open: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|kind| kind == "json") {
            let Ok(resource) = Resource::parse(&std::fs::read(&path).unwrap()) else { continue };
            let written = resource.to_bytes();
            assert_eq!(Resource::parse(&written).unwrap(), resource, "{}", path.display());
            let _ = line(&resource);
            seen += 1;
        }
    }
    eprintln!("{seen} examples kept");
    assert!(seen > 500, "only {seen} examples were read");
}
