//! What was signed as a document of the core standards, and such a document as answers again.
//!
//! # Invariants
//!
//! - A document bears the marks that its item was filed with: who takes it in knows what to keep
//!   from whom.
//!
//! Source: `standards/`, ADR 82.

use std::collections::{BTreeMap, BTreeSet};

use ken_fhir::Resource;
use ken_fhir::standard::{Document, Standard, Wrong};
use serde_json::Value;

use super::fhir::Part;
use super::origin::{self, Known};
use super::{Form, Question};
use crate::writing::RESTRICTED;

/// Something that was signed, as a document.
///
/// # Errors
///
/// What in it no document can say.
pub fn document(signed: &Value) -> Result<Document, Vec<Wrong>> {
    let refused = |_| vec![Wrong { place: String::new(), says: "take a resource".to_owned() }];
    let resource = Resource::of(signed.clone()).map_err(refused)?;
    let is_plan = resource.kind() == Standard::Plan.resource();
    let standard = if is_plan { Standard::Plan } else { Standard::Assessment };
    let marks: Vec<&str> = marks(signed).into_iter().collect();
    standard.read(&resource, &marks)
}

/// The marks of what its questions are kept apart by, and of its form.
fn marks(signed: &Value) -> BTreeSet<&'static str> {
    let Some(form) = origin::form_of(signed) else { return BTreeSet::new() };
    let known = origin::read_back(form, signed);
    let is_answered = |one: &&Question| one.fields().any(|field| known.contains_key(field));
    let apart = form.questions().filter(is_answered).flat_map(|one| Part::of(one).marks());
    apart.copied().chain(form.restricted.then_some(RESTRICTED)).collect()
}

/// What a document answers of a form that is offered here, by field; none where it is of no such
/// form.
#[must_use]
pub fn answers(document: &Document) -> Option<(&'static Form, BTreeMap<String, Known>)> {
    let resource = document.resource().ok()?;
    let form = origin::form_of(resource.value())?;
    Some((form, origin::read_back(form, resource.value())))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_core::Sensitive;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngSeed};
    use serde_json::json;

    use super::*;
    use crate::form::answers::WORDS_MAX;
    use crate::form::fhir::{Signed, resource};
    use crate::form::origin::{Origin, Origins};
    use crate::form::{Answers, FORMS, Kind, QUESTIONS_MAX, ROWS_MAX, find};

    /// Every question answered, from words that are drawn.
    fn filled(form: &Form, words: &[String], keep: &[bool]) -> Answers {
        let mut sent = BTreeMap::new();
        for (at, question) in form.questions().enumerate() {
            for field in question.fields().filter(|_| keep[at % keep.len()]) {
                let word = &words[at % words.len()];
                let typed = match &question.kind {
                    Kind::Day => "31 1 2027".to_owned(),
                    Kind::Choice(answers) => answers[at % answers.len()].0.clone(),
                    Kind::Line | Kind::Words | Kind::Table { .. } => word.clone(),
                };
                sent.insert(field.clone(), Sensitive::new(typed));
            }
        }
        Answers::of(form, &sent)
    }

    fn signed(origins: Origins) -> Signed {
        Signed {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            author: "Jo Worker, Duty social worker, Glen Council".to_owned(),
            at: "2026-11-21T09:00:00Z".parse().unwrap(),
            origins,
        }
    }

    proptest! {
        #![proptest_config(Config {
            rng_seed: RngSeed::Fixed(1858), failure_persistence: None, ..Config::default()
        })]

        #[test]
        fn what_is_signed_is_a_document_of_its_standard_and_comes_back(
            which in 0..FORMS.len(),
            words in prop::collection::vec("[a-zA-Zàèìòù][a-z ;,.:#|/\"\n]{0,20}[a-z]", 8),
            keep in prop::collection::vec(prop::bool::weighted(0.8), 60),
            known in prop::bool::ANY,
        ) {
            let form = &FORMS[which];
            let answers = filled(form, &words, &keep);
            let origin = Origin {
                form: "Adult assessment".to_owned(),
                author: "Dr Bea Doctor, NHS Glen".to_owned(),
                source: "NHS Glen".to_owned(),
                on: date(2026, 11, 3),
            };
            let fields = form.questions().flat_map(Question::fields).filter(|_| known);
            let origins = fields.map(|field| (field.clone(), origin.clone())).collect();
            let signed = signed(origins);
            for part in Part::ALL.into_iter().filter(|part| part.is_answered(form, &answers)) {
                let made = resource(form, &answers, &signed, part);
                let document = document(&made).unwrap();
                let mut want: Vec<_> = part.marks().to_vec();
                want.extend(form.restricted.then_some(RESTRICTED));
                want.sort_unstable();
                let marks = document.value().get("marks").cloned().unwrap_or(json!([]));
                prop_assert_eq!(marks, json!(want));
                let (of, back) = super::answers(&document).unwrap();
                prop_assert_eq!(of, form);
                prop_assert_eq!(&back, &origin::read_back(form, &made));
                prop_assert!(!back.is_empty());
                let mut again = document.resource().unwrap().into_value();
                let _ = again.as_object_mut().unwrap().remove("meta");
                prop_assert_eq!(again, made, "what is filed and what comes back are the same");
            }
        }
    }

    #[test]
    fn the_schemas_hold_what_a_form_may_hold() {
        let bound = |standard: Standard, place: &str| {
            standard.schema().value().pointer(place).and_then(Value::as_u64).map(usize::try_from)
        };
        let answer = "/$defs/answer/properties/text/maxLength";
        assert_eq!(bound(Standard::Assessment, answer), Some(Ok(WORDS_MAX)));
        assert_eq!(
            bound(Standard::Assessment, "/properties/sections/maxItems"),
            Some(Ok(QUESTIONS_MAX))
        );
        let typed = "/$defs/field/properties/text/maxLength";
        assert_eq!(bound(Standard::Plan, typed), Some(Ok(WORDS_MAX)));
        for list in ["goals", "actions"] {
            let place = format!("/properties/{list}/maxItems");
            assert_eq!(bound(Standard::Plan, &place), Some(Ok(ROWS_MAX)));
        }
    }

    #[test]
    fn a_document_of_no_form_that_is_offered_has_no_answers() {
        let form = find("adult-plan").unwrap();
        let answers = filled(form, &["Walk".to_owned()], &[true]);
        let made = resource(form, &answers, &signed(Origins::new()), Part::Own);
        let text = document(&made).unwrap().value().to_string();
        let elsewhere = Document::parse(text.replace("adult-plan", "else").as_bytes()).unwrap();
        assert!(super::answers(&elsewhere).is_none());
        assert!(document(&json!({ "resourceType": "Patient" })).is_err());
        assert!(document(&json!([])).is_err());
    }
}
