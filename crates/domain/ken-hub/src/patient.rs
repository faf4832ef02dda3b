//! A patient resource holds two kinds of information; they are filed apart.
//!
//! `core` is who the person is and how to reach them, `identifiers` is the numbers. A recipient
//! may be shown the one without the other.

use serde_json::{Map, Value};

/// The parts of a patient resource, each with its category; empty parts are left out.
pub(crate) fn parts(patient: Value) -> Vec<(&'static str, Value)> {
    let Value::Object(elements) = patient else { return vec![] };
    let (numbers, core): (Map<_, _>, Map<_, _>) =
        elements.into_iter().partition(|(element, _)| element == "identifier");
    let with_type = |part: Map<String, Value>| {
        let mut whole = Map::from_iter([("resourceType".to_owned(), Value::from("Patient"))]);
        whole.extend(part);
        Value::Object(whole)
    };
    let said = |part: &Map<String, Value>| part.keys().any(|element| element != "resourceType");
    let core = said(&core).then(|| ("core", with_type(core)));
    let numbers = said(&numbers).then(|| ("identifiers", with_type(numbers)));
    core.into_iter().chain(numbers).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_filed_apart() {
        let patient = json!({
            "resourceType": "Patient", "name": [{"family": "Sample"}],
            "identifier": [{"value": "3201209999"}],
        });
        let filed = parts(patient);
        assert_eq!(filed.iter().map(|(of, _)| *of).collect::<Vec<_>>(), ["core", "identifiers"]);
        assert!(!filed[0].1.to_string().contains("3201209999"));
        assert!(!filed[1].1.to_string().contains("Sample"));
        assert_eq!(parts(json!({"resourceType": "Patient"})), []);
    }
}
