//! Where an answer was given first, and reading back what was answered: what an earlier item says
//! becomes answers of a form again, each with who gave it, when, and whose record that stands in.
//!
//! # Invariants
//!
//! - An answer that was taken over keeps its first origin, however often it is taken over.
//! - Only what a form asks is read back into it, and only from an item of that form.
//!
//! Source: FHIR R4, *Extensibility*; ADR 76.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use ken_core::Sensitive;
use ken_fhir::standard::{FORM, ORIGIN};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Form, Question, find};

/// Where an answer was given first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// In which form, by its title.
    pub form: String,
    /// Who signed it: name, role and organisation.
    pub author: String,
    /// Whose record it stands in.
    pub source: String,
    /// On which day.
    pub on: Date,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Origin(..)")
    }
}

/// Origins by field.
pub type Origins = BTreeMap<String, Origin>;

impl Origin {
    /// As it stands beside an answer in FHIR.
    pub(super) fn extension(&self, field: &str) -> Value {
        let text = |url: &str, text: &str| json!({ "url": url, "valueString": text });
        let day = self.on.to_string();
        json!({ "url": ORIGIN, "extension": [
            text("field", field),
            text("form", &self.form),
            text("author", &self.author),
            text("source", &self.source),
            { "url": "day", "valueDate": day },
        ] })
    }

    fn read(extension: &Value) -> Option<(String, Self)> {
        let parts = extension.get("extension")?.as_array()?;
        let part = |url: &str, kind: &str| {
            let found = parts.iter().find(|part| part["url"] == url)?;
            found.get(kind)?.as_str()
        };
        let text = |url: &str| part(url, "valueString").map(str::to_owned);
        let on = part("day", "valueDate")?.parse().ok()?;
        let (form, author, source) = (text("form")?, text("author")?, text("source")?);
        Some((text("field")?, Self { form, author, source, on }))
    }
}

/// The address of a field of a form, under which a plan keeps what was typed into it.
pub(super) fn address(form: &Form, field: &str) -> String {
    format!("{FORM}{}#{field}", form.id)
}

/// What was typed, as an extension.
pub(super) fn typed(form: &Form, field: &str, text: &str) -> Value {
    json!({ "url": address(form, field), "valueString": text })
}

/// The form that an item is of; none where it is of none that is known.
#[must_use]
pub fn form_of(resource: &Value) -> Option<&'static Form> {
    let named = resource.get("questionnaire").and_then(Value::as_str);
    let address = named.map(str::to_owned).or_else(|| {
        let urls = extensions(resource).filter_map(|one| one.get("url")?.as_str());
        urls.map(str::to_owned).find(|url| url.starts_with(FORM))
    })?;
    let id = address.strip_prefix(FORM)?.split(['|', '#']).next()?;
    find(id)
}

/// The parts of a plan that answers stand in.
const PLANNED: [&str; 3] = ["goal", "activity", "note"];

/// Every extension beside the answers of a plan.
fn extensions(resource: &Value) -> impl Iterator<Item = &Value> {
    let lists = PLANNED.iter().filter_map(|name| resource.get(name)?.as_array());
    lists.flatten().filter_map(|one| one.get("extension")?.as_array()).flatten()
}

/// An answer that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What was typed.
    pub typed: Sensitive<String>,
    /// Where it was given first; none where it was given in the item itself.
    pub origin: Option<Origin>,
}

/// What an item answers of its form, by field.
#[must_use]
pub fn read_back(form: &Form, resource: &Value) -> BTreeMap<String, Known> {
    let own = format!("{FORM}{}#", form.id);
    // A form has two levels; what is deeper is none of ours.
    let answered: Vec<&Value> = items(resource).chain(items(resource).flat_map(items)).collect();
    let beside = answered.iter().filter_map(|one| one.get("extension")?.as_array()).flatten();
    let origins = extensions(resource).chain(beside).filter(|one| one["url"] == ORIGIN);
    let mut origins: Origins = origins.filter_map(Origin::read).collect();
    let planned = extensions(resource).filter_map(|one| {
        let field = one.get("url")?.as_str()?.strip_prefix(&own)?;
        Some((field, one.get("valueString")?.as_str()?.to_owned()))
    });
    let asked = answered.iter().filter_map(|one| {
        Some((one.get("linkId")?.as_str()?, one.pointer("/answer/0").and_then(text)?))
    });
    let mut typed: BTreeMap<&str, String> = planned.chain(asked).collect();
    let fields = form.questions().flat_map(Question::fields);
    let known = fields.filter_map(|field| {
        let typed = Sensitive::new(typed.remove(field.as_str())?);
        Some((field.clone(), Known { typed, origin: origins.remove(field) }))
    });
    known.collect()
}

fn items(of: &Value) -> impl Iterator<Item = &Value> {
    of.get("item").and_then(Value::as_array).into_iter().flatten()
}

/// An answer as it is typed.
fn text(answer: &Value) -> Option<String> {
    let coded = || answer.pointer("/valueCoding/code")?.as_str();
    if let Some(day) = answer.get("valueDate").and_then(Value::as_str) {
        let day: Date = day.parse().ok()?;
        return Some(format!("{} {} {}", day.day(), day.month(), day.year()));
    }
    let plain = answer.get("valueString").and_then(Value::as_str);
    plain.or_else(coded).map(str::to_owned)
}

/// On which day what an item says is to be looked at again, where it says so.
#[must_use]
pub fn review_of(resource: &Value) -> Option<Date> {
    let form = form_of(resource)?;
    let asks = |one: &&Question| one.covers.as_deref() == Some(REVIEW);
    let question = form.questions().find(asks)?;
    let known = read_back(form, resource);
    super::answers::day(known.get(&question.id)?.typed.reveal())
}

/// The heading, of every minimum that has it, that is the day of the next review.
const REVIEW: &str = "review";
