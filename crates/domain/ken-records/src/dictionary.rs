//! The national dictionary's last step: which elements of a resource a field of a category is.
//!
//! An element that no granted field names is absent, never blanked (`agreement.md` 4.1). A field
//! that this table does not know shows nothing: refuse by default.
//!
//! Source: `core.md` section 6; element names from FHIR R4.

use std::collections::BTreeSet;

use ken_core::{Category, FieldName};
use serde_json::{Map, Value};

/// What every visible part keeps: without it a resource is not one.
const ALWAYS: [&str; 2] = ["resourceType", "id"];

/// (category, field, elements).
const ELEMENTS: &[(&str, &str, &[&str])] = &[
    ("core", "name", &["name"]),
    ("core", "dob", &["birthDate", "deceasedBoolean", "deceasedDateTime", "gender"]),
    ("core", "address", &["address"]),
    ("core", "phone", &["telecom"]),
    ("core", "communication_needs", &["communication"]),
    ("identifiers", "chi", &["identifier"]),
    ("concern", "incident_date", &["date", "authored", "authoredOn", "occurrenceDateTime"]),
    ("concern", "harm_types", &["category", "type", "code"]),
    ("concern", "summary", &["content", "description", "text", "note", "payload"]),
    ("concern", "three_point", &["reasonCode"]),
    ("views", "views", &["content", "description", "text", "note", "payload"]),
    ("outcome", "outcome_code", &["code", "status"]),
    ("outcome", "outcome_date", &["date", "authoredOn"]),
];

/// The part of a resource that the granted fields of its category show; `None` if nothing is.
#[must_use]
pub fn visible_part(
    category: &Category,
    is_whole: bool,
    fields: &BTreeSet<&FieldName>,
    resource: Value,
) -> Option<Value> {
    if is_whole {
        return Some(resource);
    }
    let Value::Object(elements) = resource else { return None };
    let shown = |element: &str| {
        ELEMENTS.iter().any(|(of, field, named)| {
            *of == category.as_str()
                && named.contains(&element)
                && fields.iter().any(|granted| granted.as_str() == *field)
        })
    };
    let (kept, _): (Map<_, _>, Map<_, _>) = elements
        .into_iter()
        .partition(|(element, _)| ALWAYS.contains(&element.as_str()) || shown(element));
    (kept.keys().any(|element| !ALWAYS.contains(&element.as_str()))).then_some(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(category: &str, whole: bool, fields: &[&str]) -> Option<Value> {
        let named: Vec<_> = fields.iter().map(|field| FieldName::new(*field).unwrap()).collect();
        let patient = json!({
            "resourceType": "Patient", "id": "x", "name": [{"family": "Sample"}],
            "address": [{"text": "1 Made-up Road"}], "birthDate": "1948-03-02",
            "contact": [{"name": {"text": "A neighbour"}}],
        });
        visible_part(&Category::new(category).unwrap(), whole, &named.iter().collect(), patient)
    }

    #[test]
    fn what_no_field_names_is_absent() {
        let name = json!({"resourceType": "Patient", "id": "x", "name": [{"family": "Sample"}]});
        assert_eq!(part("core", false, &["name"]), Some(name.clone()));
        assert_eq!(part("core", false, &["name", "phone"]), Some(name));
        assert_eq!(part("core", false, &[]), None);
        assert_eq!(part("core", false, &["no-such-field"]), None);
        // A field means nothing in a category that is not its own.
        assert_eq!(part("concern", false, &["name"]), None);
        assert!(part("core", true, &[]).unwrap().get("contact").is_some());
    }
}
