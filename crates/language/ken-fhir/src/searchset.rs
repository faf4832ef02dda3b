//! What another's FHIR server answers to a search about one person, read with distrust.
//!
//! # Invariants
//!
//! - An answer in which anything asked for is about somebody else is refused whole: who mixes two
//!   people up once cannot be believed about the rest.
//! - What was not asked for is left out; so is what its server marks as confidential or as an
//!   error, and what has another meaning than its code by something that we do not read. A person
//!   or a whole answer that is marked gives nothing. What is enclosed (`contained`) is never looked
//!   into.
//! - One page is read. The address of the next is the server's word, and nobody goes there; that
//!   there is one says how much there is, seen or not, and is told to nobody.
//!
//! # Sources
//!
//! - FHIR R4, *Bundle* (`searchset`), *Search* (`search.mode`), *Security Labels*; HL7 v3
//!   `Confidentiality`.

use ken_core::PartialDate;
use serde_json::Value;
use thiserror::Error;

use crate::{ParseError, Resource};

/// Most entries of one answer. House policy: twice as many as are asked for.
pub const ENTRIES_MAX: usize = 200;

/// The types that a search by `patient` finds, and whose person stands in `patient` or `subject`.
/// What is written freely is none of them: a document has sections of several kinds of information,
/// which a message tells apart and an answer does not.
pub const SEARCHABLE: [&str; 6] =
    ["AllergyIntolerance", "CarePlan", "Condition", "Encounter", "Flag", "Observation"];

/// Degrees of confidentiality that keep nothing from whoever may read the kind of information.
const OPEN: [&str; 4] = ["L", "M", "N", "U"];
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
/// States of what is not true, or not any more.
const ERRORS: [&str; 2] = ["entered-in-error", "refuted"];
/// What turns the meaning of a resource round, or makes it about something else than the person.
pub(crate) const MODIFIERS: [&str; 4] =
    ["doNotPerform", "focus", "implicitRules", "modifierExtension"];

/// Why an answer is not taken. None of these says what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// It is no resource.
    #[error("the answer is not read")]
    Parse(#[from] ParseError),
    /// It is not what a search is answered with.
    #[error("the answer is not of a search")]
    NotSearched,
    /// More than [`ENTRIES_MAX`] entries.
    #[error("the answer has more than {ENTRIES_MAX} entries")]
    TooMany,
    /// It is about somebody else, about several people, or does not say about whom it is.
    #[error("the answer is not about the one who was asked about")]
    SomebodyElse,
}

/// The id under which a server knows whom a number means there; none where it knows nobody by it
/// any more, or marks them.
///
/// # Errors
///
/// [`AnswerError`], also where it names several, one without that very number, or one who was born
/// on another day than its messages say.
pub fn patient(
    bytes: &[u8],
    (system, number): (&str, &str),
    born: Option<PartialDate>,
) -> Result<Option<String>, AnswerError> {
    let mut found: Option<String> = None;
    for resource in Bundle::read(bytes)?.matches("Patient") {
        let is_it = |one: &&Value| text(one, "system") == system && text(one, "value") == number;
        let numbers = resource.get("identifier").and_then(Value::as_array).into_iter().flatten();
        let mut theirs = numbers.filter(is_it).peekable();
        let id = text(&resource, "id").to_owned();
        if theirs.peek().is_none() || !is_id(&id) || !fits(born, text(&resource, "birthDate")) {
            return Err(AnswerError::SomebodyElse);
        }
        // A number of before a merge means nobody of itself: the one in use is asked by too.
        if theirs.all(|one| text(one, "use") == "old") || is_marked(&resource) {
            continue;
        }
        if found.as_ref().is_some_and(|known| *known != id) {
            return Err(AnswerError::SomebodyElse);
        }
        found = Some(id);
    }
    Ok(found)
}

/// Whether two days of birth can be one: they differ only where both are known to the day.
fn fits(born: Option<PartialDate>, said: &str) -> bool {
    let said = said.parse::<PartialDate>().ok().and_then(PartialDate::day);
    born.and_then(PartialDate::day).zip(said).is_none_or(|(born, said)| born == said)
}

/// What an answer to a search for one type holds, each of it about the person with that id on that
/// server.
///
/// # Errors
///
/// [`AnswerError`]; then none of it is taken.
pub fn about(
    bytes: &[u8],
    kind: &str,
    (base, person): (&str, &str),
) -> Result<Vec<Resource>, AnswerError> {
    let bundle = Bundle::read(bytes)?;
    let is_open = !is_marked(&bundle.0);
    let found = bundle.matches(kind);
    let (relative, absolute) = (format!("Patient/{person}"), format!("{base}/Patient/{person}"));
    let is_theirs = |reference: &str| reference == relative || reference == absolute;
    let mut resources = Vec::with_capacity(found.len());
    for resource in found {
        let named = ["patient", "subject"].into_iter().filter_map(|name| resource.get(name));
        let mut named = named.map(|of| text(of, "reference")).peekable();
        if named.peek().is_none() || !named.all(is_theirs) {
            return Err(AnswerError::SomebodyElse);
        }
        let is_turned = MODIFIERS.iter().any(|name| resource.get(*name).is_some());
        if is_open && !is_turned && !is_marked(&resource) && !is_error(&resource) {
            resources.push(Resource::of(resource)?);
        }
    }
    Ok(resources)
}

/// An answer to a search.
struct Bundle(Value);

impl Bundle {
    fn read(bytes: &[u8]) -> Result<Self, AnswerError> {
        let bundle = Resource::parse(bytes)?.into_value();
        if text(&bundle, "resourceType") != "Bundle" || text(&bundle, "type") != "searchset" {
            return Err(AnswerError::NotSearched);
        }
        let count = bundle.get("entry").and_then(Value::as_array).map_or(0, Vec::len);
        if count > ENTRIES_MAX { Err(AnswerError::TooMany) } else { Ok(Self(bundle)) }
    }

    /// What matched and is of that type.
    fn matches(mut self, kind: &str) -> Vec<Value> {
        let entries = match self.0.get_mut("entry").map(Value::take) {
            Some(Value::Array(entries)) => entries,
            _ => vec![],
        };
        let fits = |entry: &Value| {
            let mode = entry.pointer("/search/mode").and_then(Value::as_str).unwrap_or("match");
            let of = entry.pointer("/resource/resourceType").and_then(Value::as_str);
            mode == "match" && of == Some(kind)
        };
        let of_kind = entries.into_iter().filter(fits);
        let resource = |mut entry: Value| entry.get_mut("resource").map(Value::take);
        of_kind.filter_map(resource).collect()
    }
}

/// A text of an object, or none.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a text is an id of FHIR's: it goes into a form and into a comparison.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

/// Whether its server marks it as more than ordinarily confidential, or in a way that we do not
/// know: in its `meta`, or in the label of what it describes.
fn is_marked(resource: &Value) -> bool {
    let is_open = |coding: &Value| {
        text(coding, "system") == CONFIDENTIALITY && OPEN.contains(&text(coding, "code"))
    };
    let are_open = |codings: &Value| {
        codings.as_array().is_some_and(|codings| !codings.is_empty() && codings.iter().all(is_open))
    };
    let labels = resource.get("securityLabel").map(|labels| match labels.as_array() {
        Some(labels) => labels.iter().all(|label| label.get("coding").is_some_and(are_open)),
        None => false,
    });
    let meta = resource.pointer("/meta/security").map(are_open);
    [labels, meta].contains(&Some(false))
}

/// Whether its server says that it is an error.
fn is_error(resource: &Value) -> bool {
    let codings = resource.pointer("/verificationStatus/coding").and_then(Value::as_array);
    let coded = codings.into_iter().flatten().map(|coding| text(coding, "code"));
    coded.chain([text(resource, "status")]).any(|said| ERRORS.contains(&said))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NUMBER: (&str, &str) = ("https://glen.example/id", "77");
    const PERSON: (&str, &str) = ("https://glen.example/fhir", "p1");

    fn bundle(entries: &[Value]) -> Vec<u8> {
        let of = |resource: &Value| json!({ "resource": resource });
        let entries: Vec<_> = entries.iter().map(of).collect();
        let bundle = json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries });
        bundle.to_string().into_bytes()
    }

    fn known(id: &str, number: &str) -> Value {
        let number = json!({ "system": NUMBER.0, "value": number });
        json!({ "resourceType": "Patient", "id": id, "identifier": [number] })
    }

    fn problem(of: &str) -> Value {
        json!({ "resourceType": "Condition", "subject": { "reference": of },
            "code": { "text": "Asthma" } })
    }

    #[test]
    fn a_number_means_one_person_or_nobody() {
        let check = |entries: &[Value], want: Result<Option<&str>, AnswerError>| {
            let want = want.map(|id| id.map(str::to_owned));
            let born = Some("1948-03-02".parse().unwrap());
            assert_eq!(patient(&bundle(entries), NUMBER, born), want, "{entries:?}");
        };
        check(&[], Ok(None));
        check(&[known("p1", "77")], Ok(Some("p1")));
        check(&[known("p1", "77"), known("p1", "77")], Ok(Some("p1")));
        let else_ = Err(AnswerError::SomebodyElse);
        check(&[known("p1", "78")], else_);
        check(&[known("p1", "77"), known("p2", "77")], else_);
        check(&[known("p1&_count=9", "77")], else_);
        let mut old = known("p1", "77");
        old["identifier"][0]["use"] = json!("old");
        check(&[old.clone()], Ok(None));
        let mut again = old;
        let number = json!({ "system": NUMBER.0, "value": "77" });
        again["identifier"].as_array_mut().unwrap().push(number);
        check(&[again], Ok(Some("p1")));
        let with = |name: &str, value: Value| {
            let mut one = known("p1", "77");
            one[name] = value;
            one
        };
        check(&[with("birthDate", json!("1948-03-02"))], Ok(Some("p1")));
        check(&[with("birthDate", json!("1948"))], Ok(Some("p1")));
        check(&[with("birthDate", json!("1984-03-02"))], else_);
        check(&[with("meta", json!({ "security": [{ "code": "R" }] }))], Ok(None));
        let outcome = json!({ "resourceType": "OperationOutcome" });
        check(&[outcome], Ok(None));
    }

    #[test]
    fn one_resource_of_somebody_else_refuses_all() {
        let read = |entries: &[Value]| about(&bundle(entries), "Condition", PERSON);
        let ours = ["Patient/p1", "https://glen.example/fhir/Patient/p1"].map(problem);
        assert_eq!(read(&ours).unwrap().len(), 2);
        let else_ = Err(AnswerError::SomebodyElse);
        for other in ["Patient/p2", "Patient/p11", "https://other.example/Patient/p1", "#p1", ""] {
            assert_eq!(read(&[ours[0].clone(), problem(other)]), else_, "{other}");
        }
        let nobodys = json!({ "resourceType": "Condition", "code": { "text": "Asthma" } });
        assert_eq!(read(&[nobodys]), else_);
        let mut two = problem("Patient/p1");
        two["patient"] = json!({ "reference": "Patient/p2" });
        assert_eq!(read(&[two]), else_);
    }

    #[test]
    fn what_was_not_asked_is_marked_or_an_error_is_left_out() {
        let changed = |change: fn(&mut Value)| {
            let mut one = problem("Patient/p1");
            change(&mut one);
            one
        };
        let label = |code: &str| {
            let mut one = problem("Patient/p1");
            let coding = json!({ "system": CONFIDENTIALITY, "code": code });
            one["meta"] = json!({ "security": [coding] });
            one
        };
        let entries = [
            label("N"),
            label("R"),
            label("V"),
            label(""),
            changed(|one| one["meta"] = json!({ "security": { "code": "N" } })),
            changed(|one| {
                one["verificationStatus"] = json!({ "coding": [{ "code": "entered-in-error" }] });
            }),
            changed(|one| one["resourceType"] = json!("Observation")),
            changed(|one| one["securityLabel"] = json!([{ "coding": [{ "code": "R" }] }])),
            changed(|one| one["modifierExtension"] = json!([{ "url": "x" }])),
            changed(|one| one["focus"] = json!([{ "reference": "Patient/p2" }])),
        ];
        let read = |entries: &[Value]| about(&bundle(entries), "Condition", PERSON).unwrap().len();
        assert_eq!(read(&entries), 1, "the first alone");
        for other in &entries[1..] {
            assert_eq!(read(std::slice::from_ref(other)), 0, "{other}");
        }
        let mut whole: Value = serde_json::from_slice(&bundle(&entries)).unwrap();
        whole["meta"] = json!({ "security": [{ "code": "R" }] });
        let whole = about(whole.to_string().as_bytes(), "Condition", PERSON);
        assert_eq!(whole, Ok(vec![]), "an answer that is marked");
    }

    #[test]
    fn what_is_no_search_or_too_much_is_refused() {
        let read = |bytes: &[u8]| about(bytes, "Condition", PERSON);
        assert_eq!(read(br#"{"resourceType":"Patient"}"#), Err(AnswerError::NotSearched));
        let history = br#"{"resourceType":"Bundle","type":"history"}"#;
        assert_eq!(read(history), Err(AnswerError::NotSearched));
        let many = vec![problem("Patient/p1"); ENTRIES_MAX + 1];
        assert_eq!(read(&bundle(&many)), Err(AnswerError::TooMany));
    }

    proptest! {
        #![proptest_config(crate::repeatable())]

        #[test]
        fn any_answer_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = patient(&bytes, NUMBER, None);
            let _ = about(&bytes, "Condition", PERSON);
        }

        #[test]
        fn whatever_is_taken_is_about_the_one_asked_about(
            of in prop::collection::vec(
                prop::sample::select(vec!["Patient/p1", "Patient/p2", "p1", "", "Group/p1"]),
                0..6,
            ),
            kinds in prop::collection::vec(
                prop::sample::select(vec!["Condition", "Observation", "Patient", "Bundle"]),
                6,
            ),
        ) {
            let one = |(of, kind): (&&str, &&str)| {
                let mut one = problem(of);
                one["resourceType"] = json!(kind);
                one
            };
            let entries: Vec<_> = of.iter().zip(&kinds).map(one).collect();
            let asked = of.iter().zip(&kinds).filter(|(_, kind)| **kind == "Condition");
            let asked: Vec<_> = asked.map(|(of, _)| *of).collect();
            match about(&bundle(&entries), "Condition", PERSON) {
                Ok(read) => {
                    prop_assert!(asked.iter().all(|of| *of == "Patient/p1"));
                    prop_assert_eq!(read.len(), asked.len());
                }
                Err(why) => {
                    prop_assert_eq!(why, AnswerError::SomebodyElse);
                    prop_assert!(asked.iter().any(|of| *of != "Patient/p1"));
                }
            }
        }
    }
}
