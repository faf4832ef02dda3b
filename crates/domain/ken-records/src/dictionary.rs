//! The national dictionary's last step: which elements of a resource a field of a category is.
//!
//! # Invariants
//!
//! - Every resource is cut, whoever reads it and however much is granted: all fields of a category
//!   are all elements that its rows list, and no more. An element that no granted field names is
//!   absent, never blanked (`agreement.md` 4.1).
//! - A category, field or type that this table does not know shows nothing: refuse by default.
//! - Where the person's address is protected, nothing that tells where somebody is comes out, at
//!   whatever depth, but under a granted field that is for it (ADR 18).
//! - What is shown says whether it stands: a cut never makes an error look like a fact.
//!
//! Source: `core.md` section 6; element names from FHIR R4.

use std::collections::BTreeSet;

use ken_core::identifier::CHI_SYSTEM;
use ken_core::{Category, FieldName};
use ken_sharing::decide::is_place;
use serde_json::{Map, Value};

/// What every visible part keeps: without it a resource is not one, or not of this person.
const ALWAYS: [&str; 6] = ["resourceType", "id", "meta", "intent", "patient", "subject"];
/// Whether a resource stands. It comes with whatever is shown, unless the category has given it to
/// a field of its own.
const STANDING: [&str; 5] =
    ["active", "clinicalStatus", "docStatus", "status", "verificationStatus"];
/// Elements that tell where somebody is, in whatever they stand.
const PLACES: [&str; 9] = [
    "address",
    "destination",
    "facilityType",
    "generalPractitioner",
    "location",
    "origin",
    "practiceSetting",
    "serviceProvider",
    "valueAddress",
];

/// Elements of some types that fields of a category are; they come where all of these are granted.
struct Row {
    category: &'static str,
    fields: &'static [&'static str],
    kinds: &'static [&'static str],
    /// `value[x]` is every element of that choice.
    elements: &'static [&'static str],
}

const fn row(
    category: &'static str,
    fields: &'static [&'static str],
    kinds: &'static [&'static str],
    elements: &'static [&'static str],
) -> Row {
    Row { category, fields, kinds, elements }
}

const PERSON: &[&str] = &["Patient"];
const RELATED: &[&str] = &["RelatedPerson"];
const FLAG: &[&str] = &["Flag"];
const PLAN: &[&str] = &["CarePlan"];
const CONDITION: &[&str] = &["Condition"];
/// What somebody wrote, answered, said, asked or found: any kind of information may come so.
const WRITTEN: &[&str] = &[
    "Communication",
    "DiagnosticReport",
    "DocumentReference",
    "Observation",
    "QuestionnaireResponse",
    "ServiceRequest",
];

const WORDS: &[&str] = &[
    "author",
    "authenticator",
    "bodySite",
    "category",
    "code",
    "conclusion",
    "content",
    "custodian",
    "dataAbsentReason",
    "description",
    "device",
    "extension",
    "interpretation",
    "item",
    "method",
    "note",
    "partOf",
    "payload",
    "performer",
    "priority",
    "questionnaire",
    "reasonCode",
    "recipient",
    "referenceRange",
    "relatesTo",
    "requester",
    "result",
    "resultsInterpreter",
    "securityLabel",
    "sender",
    "source",
    "topic",
    "type",
    "value[x]",
];
const DAYS: &[&str] = &[
    "authored",
    "authoredOn",
    "context",
    "date",
    "effective[x]",
    "issued",
    "occurrence[x]",
    "received",
    "sent",
];
const ALERT: &[&str] = &["author", "category", "code", "extension"];
const PROBLEM: &[&str] = &[
    "abatement[x]",
    "asserter",
    "bodySite",
    "category",
    "code",
    "extension",
    "note",
    "onset[x]",
    "recordedDate",
    "recorder",
    "severity",
];
const ALLERGY: &[&str] = &[
    "asserter",
    "category",
    "code",
    "criticality",
    "lastOccurrence",
    "note",
    "onset[x]",
    "reaction",
    "recordedDate",
    "recorder",
    "type",
];
const STAY: &[&str] = &[
    "class",
    "episodeOfCare",
    "extension",
    "hospitalization",
    "length",
    "location",
    "participant",
    "period",
    "priority",
    "reasonCode",
    "serviceType",
    "type",
];
const BOOKING: &[&str] = &[
    "appointmentType",
    "basedOn",
    "comment",
    "description",
    "end",
    "minutesDuration",
    "participant",
    "reasonCode",
    "serviceType",
    "start",
];
const PLANNED: &[&str] = &[
    "activity",
    "author",
    "category",
    "contributor",
    "created",
    "description",
    "goal",
    "note",
    "period",
    "title",
];

const LEADS: &[&str] = &["named_person", "lead_professional"];
const SPOKEN: &[&str] = &["language", "interpreter", "safe_contact"];
const OTHERS: &[&str] = &["alleged_harmer", "household", "informant"];
const CRIMES: &[&str] = &["allegations", "crime_refs"];
const CARE: &[&str] = &["needs", "goals", "actions"];
const EVENTS: &[&str] = &["event", "event_date"];
const SCHOOL: &[&str] = &["attendance", "progress", "support"];

/// Every element that is ever shown.
const ELEMENTS: &[Row] = &[
    row("core", &["name"], PERSON, &["name"]),
    row("core", &["dob"], PERSON, &["birthDate", "deceased[x]", "gender"]),
    row("core", &["address"], PERSON, &["address"]),
    row("core", &["phone"], PERSON, &["telecom"]),
    row("core", &["communication_needs"], PERSON, &["communication"]),
    row("core", &["gp_practice"], PERSON, &["generalPractitioner"]),
    row("identifiers", &["chi"], PERSON, &["identifier"]),
    row("contacts", &["contact_name"], RELATED, &["name"]),
    row("contacts", &["contact_relationship"], RELATED, &["period", "relationship"]),
    row("contacts", &["contact_phone"], RELATED, &["telecom"]),
    row("contacts", &["contact_address"], RELATED, &["address"]),
    row("contacts", &["contact_name", "contact_relationship"], WRITTEN, WORDS),
    row("contacts", &["contact_name", "contact_relationship"], WRITTEN, DAYS),
    row("communication", &["language"], PERSON, &["communication"]),
    row("communication", SPOKEN, FLAG, ALERT),
    row("communication", SPOKEN, FLAG, &["period"]),
    row("communication", SPOKEN, WRITTEN, WORDS),
    row("communication", SPOKEN, WRITTEN, DAYS),
    row("named-person", LEADS, RELATED, &["name", "period", "relationship", "telecom"]),
    row("named-person", LEADS, WRITTEN, WORDS),
    row("named-person", LEADS, WRITTEN, DAYS),
    row("alerts", &["alert"], FLAG, ALERT),
    row("alerts", &["alert_until"], FLAG, &["period"]),
    row("alerts", &["alert"], WRITTEN, WORDS),
    row("alerts", &["alert"], WRITTEN, DAYS),
    row("concern", &["incident_date"], WRITTEN, DAYS),
    row("concern", &["harm_types"], WRITTEN, &["category", "code", "type"]),
    row(
        "concern",
        &["summary"],
        WRITTEN,
        &[
            "author",
            "authenticator",
            "content",
            "custodian",
            "description",
            "extension",
            "item",
            "note",
            "payload",
            "performer",
            "priority",
            "questionnaire",
            "relatesTo",
            "requester",
            "securityLabel",
            "value[x]",
        ],
    ),
    row("concern", &["three_point"], WRITTEN, &["reasonCode"]),
    row("views", &["views"], WRITTEN, WORDS),
    row("views", &["views"], WRITTEN, DAYS),
    row("third-party", OTHERS, WRITTEN, WORDS),
    row("third-party", OTHERS, WRITTEN, DAYS),
    row("criminal", CRIMES, WRITTEN, WORDS),
    row("criminal", CRIMES, WRITTEN, DAYS),
    row("health-relevant", &["health_summary"], CONDITION, PROBLEM),
    row("health-relevant", &["health_summary"], WRITTEN, WORDS),
    row("health-relevant", &["health_summary"], WRITTEN, DAYS),
    row("health-summary", &["conditions"], CONDITION, PROBLEM),
    row("health-summary", &["key_information"], WRITTEN, WORDS),
    row("health-summary", &["key_information"], WRITTEN, DAYS),
    row("health-summary", &["future_care"], PLAN, PLANNED),
    row("health-record", &["health_record"], CONDITION, PROBLEM),
    row("health-record", &["health_record"], WRITTEN, WORDS),
    row("health-record", &["health_record"], WRITTEN, DAYS),
    row("medication", &["allergies"], &["AllergyIntolerance"], ALLERGY),
    row("medication", &["medications"], WRITTEN, WORDS),
    row("medication", &["medications"], WRITTEN, DAYS),
    row("care-plan", CARE, PLAN, PLANNED),
    row("care-plan", CARE, WRITTEN, WORDS),
    row("care-plan", CARE, WRITTEN, DAYS),
    row("assessment", &["findings", "outcomes"], WRITTEN, WORDS),
    row("assessment", &["findings", "outcomes"], WRITTEN, DAYS),
    row("chronology", EVENTS, &["Encounter"], STAY),
    row("chronology", EVENTS, &["Appointment"], BOOKING),
    row("chronology", EVENTS, WRITTEN, WORDS),
    row("chronology", EVENTS, WRITTEN, DAYS),
    row("education", SCHOOL, WRITTEN, WORDS),
    row("education", SCHOOL, WRITTEN, DAYS),
    row("housing", &["tenure", "adaptations"], WRITTEN, WORDS),
    row("housing", &["tenure", "adaptations"], WRITTEN, DAYS),
    row("equipment", &["item"], WRITTEN, WORDS),
    row("equipment", &["item"], WRITTEN, DAYS),
    row("outcome", &["outcome_code"], WRITTEN, WORDS),
    row("outcome", &["outcome_code"], WRITTEN, &["status"]),
    row("outcome", &["outcome_date"], WRITTEN, DAYS),
];

impl Row {
    fn names(&self, element: &str) -> bool {
        // What stands beside an element (`_birthDate`) goes where it goes.
        let element = element.strip_prefix('_').unwrap_or(element);
        self.elements.iter().any(|listed| match listed.strip_suffix("[x]") {
            None => *listed == element,
            Some(choice) => {
                let kind = element.strip_prefix(choice);
                kind.is_some_and(|kind| kind.starts_with(char::is_uppercase))
            }
        })
    }

    fn is_granted(&self, fields: &BTreeSet<&FieldName>) -> bool {
        let has = |wanted: &&str| fields.iter().any(|field| field.as_str() == *wanted);
        self.fields.iter().all(has)
    }

    fn is_for_places(&self) -> bool {
        self.fields.iter().any(|field| is_place(field))
    }
}

/// Whether anything of a type can be shown of a category by these fields; by whichever, where none
/// are named.
#[must_use]
pub fn can_show(category: &Category, fields: Option<&BTreeSet<&FieldName>>, kind: &str) -> bool {
    let is_of_it = |row: &&Row| row.category == category.as_str() && row.kinds.contains(&kind);
    let mut rows = ELEMENTS.iter().filter(is_of_it);
    rows.any(|row| fields.is_none_or(|fields| row.is_granted(fields)))
}

/// The part of a resource that the granted fields of its category show; `None` if nothing is.
/// Where `hides_places`, nothing in it tells where somebody is but under a field that is for it.
#[must_use]
pub fn visible_part(
    category: &Category,
    fields: &BTreeSet<&FieldName>,
    hides_places: bool,
    resource: Value,
) -> Option<Value> {
    let Value::Object(elements) = resource else { return None };
    let kind = elements.get("resourceType").and_then(Value::as_str).unwrap_or_default().to_owned();
    let of_it: Vec<&Row> = ELEMENTS
        .iter()
        .filter(|row| row.category == category.as_str() && row.kinds.contains(&kind.as_str()))
        .collect();
    let (mut kept, mut shows) = (Map::new(), false);
    for (element, value) in elements {
        let mut listed = of_it.iter().filter(|row| row.names(&element)).peekable();
        let is_listed = listed.peek().is_some();
        let mut granted = listed.filter(|row| row.is_granted(fields)).peekable();
        if granted.peek().is_some() {
            let is_for_places = granted.any(|row| row.is_for_places());
            let cut =
                if hides_places && !is_for_places { cut(&element, value) } else { Some(value) };
            if let Some(value) = cut.and_then(|value| signed(&element, category, value)) {
                shows = true;
                kept.insert(element, value);
            }
        } else if ALWAYS.contains(&element.as_str())
            || (STANDING.contains(&element.as_str()) && !is_listed)
        {
            let cut = if hides_places { cut(&element, value) } else { Some(value) };
            kept.extend(cut.map(|value| (element, value)));
        }
    }
    shows.then_some(Value::Object(kept))
}

/// Whether these fields show all of a resource that any fields of its category show.
pub(crate) fn shows_all(
    category: &Category,
    fields: &BTreeSet<&FieldName>,
    resource: &Value,
) -> bool {
    let kind = resource.get("resourceType").and_then(Value::as_str).unwrap_or_default();
    let is_of_it = |row: &&Row| row.category == category.as_str() && row.kinds.contains(&kind);
    let of_it: Vec<&Row> = ELEMENTS.iter().filter(is_of_it).collect();
    let mut elements = resource.as_object().into_iter().flat_map(Map::keys);
    elements.all(|element| {
        let mut listed = of_it.iter().filter(|row| row.names(element)).peekable();
        listed.peek().is_none() || listed.any(|row| row.is_granted(fields))
    })
}

/// Of a person's numbers the one that the dictionary's `chi` is.
fn signed(element: &str, category: &Category, value: Value) -> Option<Value> {
    match value {
        Value::Array(mut numbers) if category.as_str() == "identifiers" => {
            numbers.retain(|one| one.get("system").and_then(Value::as_str) == Some(CHI_SYSTEM));
            (element == "identifier" && !numbers.is_empty()).then_some(Value::Array(numbers))
        }
        other => Some(other),
    }
}

/// An element without what tells where somebody is, if anything is left of it.
fn cut(element: &str, value: Value) -> Option<Value> {
    if PLACES.contains(&element.strip_prefix('_').unwrap_or(element)) {
        return None;
    }
    match value {
        Value::Object(members) => {
            let members = members.into_iter();
            let left: Map<_, _> = members
                .filter_map(|(name, value)| Some((name.clone(), cut(&name, value)?)))
                .collect();
            (!left.is_empty()).then_some(Value::Object(left))
        }
        Value::Array(items) => {
            let items = items.into_iter().filter(|item| !is_a_place(item));
            let left: Vec<_> = items.filter_map(|item| cut("", item)).collect();
            (!left.is_empty()).then_some(Value::Array(left))
        }
        other => Some(other),
    }
}

/// Whether one that takes part is a place: a room that is booked.
fn is_a_place(item: &Value) -> bool {
    let text = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let kinds = item.get("type").and_then(Value::as_array).into_iter().flatten();
    let codings = kinds.filter_map(|kind| kind.get("coding")?.as_array()).flatten();
    codings.into_iter().any(|coding| text(coding, "/code") == "LOC")
        || text(item, "/actor/reference").starts_with("Location/")
        || text(item, "/actor/type") == "Location"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_who_is_shown_all_that_anybody_is_shown_is_shown_all() {
        let check = |fields: &[&str], body: &Value, want: bool| {
            let fields: Vec<FieldName> = fields.iter().map(|one| one.parse().unwrap()).collect();
            let of = fields.iter().collect();
            let category = "medication".parse().unwrap();
            assert_eq!(shows_all(&category, &of, body), want, "{fields:?} of {body}");
        };
        let allergy = json!({ "resourceType": "AllergyIntolerance", "note": "x", "unknown": 1 });
        check(&["allergies"], &allergy, true);
        check(&["medications"], &allergy, false);
        check(&[], &allergy, false);
        // What nobody is ever shown is kept back from nobody.
        check(&[], &json!({ "resourceType": "AllergyIntolerance", "unknown": 1 }), true);
    }
}
