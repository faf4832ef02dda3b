//! A plan's form as FHIR's `CarePlan`: goals, actions with who does what by when, and what was said
//! beside them.
//!
//! Every answer that is no goal and no action is a note under its question, so that nothing that
//! was written is left out of what is read.
//!
//! Source: FHIR R4, `CarePlan`.

use serde_json::{Value, json};

use super::fhir::{Part, Signed, said, without_empty};
use super::origin::typed;
use super::{Answers, Cell, Form, Question};

pub use ken_fhir::standard::QUESTION;

/// The id of the table of goals.
const GOALS: &str = "goals";
/// The id of the table of actions, whose columns are what, who, by when and how it stands.
pub(super) const ACTIONS: &str = "actions";
/// How many columns that has.
pub(super) const COLUMNS: usize = 4;

/// The answers of one part as a `CarePlan`.
#[must_use]
pub fn care_plan(form: &Form, answers: &Answers, signed: &Signed, part: Part) -> Value {
    let rows = |id: &str| {
        let table = form.questions().find(move |one| part.has(one) && one.id == id);
        table.into_iter().flat_map(|one: &Question| &one.cells)
    };
    let beside = |row: &[Cell]| {
        let typed = row.iter().map(|cell| &cell.id).filter(|id| !answers.get(id).is_empty());
        typed.flat_map(|id| kept(form, (id, answers.get(id)), signed)).collect()
    };
    let goals = rows(GOALS).filter_map(|row| {
        Some(with(json!({ "display": joined(&texts(row, answers))? }), beside(row)))
    });
    let actions =
        rows(ACTIONS).filter_map(|row| Some(with(action(&texts(row, answers))?, beside(row))));
    let tables = form.questions().filter(|one| [GOALS, ACTIONS].contains(&&*one.id));
    let tables = tables.flat_map(|one| one.cells.iter().flatten());
    let tables: Vec<&String> = tables.map(|cell| &cell.id).collect();
    let notes = said(form, answers, Some(part)).into_iter();
    let notes = notes.filter(|one| !tables.contains(&&one.field)).map(|one| {
        let mut beside = vec![json!({ "url": QUESTION, "valueString": one.asked })];
        beside.extend(kept(form, (&one.field, answers.get(&one.field)), signed));
        with(json!({ "text": one.words }), beside)
    });
    without_empty(json!({
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": part.title(form),
        "subject": { "reference": format!("Patient/{}", signed.person) },
        "created": signed.at.to_string(),
        "author": { "display": signed.author },
        "goal": goals.collect::<Vec<_>>(),
        "activity": actions.collect::<Vec<_>>(),
        "note": notes.collect::<Vec<_>>(),
    }))
}

/// What was typed into a field, so that it can be taken over, and where it was given first.
fn kept(form: &Form, (field, text): (&str, &str), signed: &Signed) -> Vec<Value> {
    let origin = signed.origins.get(field).map(|origin| origin.extension(field));
    std::iter::once(typed(form, field, text)).chain(origin).collect()
}

fn with(mut element: Value, extensions: Vec<Value>) -> Value {
    if let Some(fields) = element.as_object_mut() {
        fields.insert("extension".to_owned(), extensions.into());
    }
    element
}

fn texts(row: &[Cell], answers: &Answers) -> Vec<String> {
    row.iter().map(|cell| answers.get(&cell.id).to_owned()).collect()
}

/// What stands in a row, in one line; none where its first field is empty.
fn joined(row: &[String]) -> Option<String> {
    row.first().filter(|first| !first.is_empty())?;
    let parts: Vec<_> = row.iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
    Some(parts.join("; "))
}

/// An action: what is done, who does it, by when, and how it stands.
fn action(row: &[String]) -> Option<Value> {
    let [what, who, when, state] = <&[String; COLUMNS]>::try_from(row).ok()?;
    let description = joined(row)?;
    let status = match state.to_lowercase().as_str() {
        "" => "not-started",
        "going on" => "in-progress",
        "done" => "completed",
        "stopped" => "stopped",
        // Free words say it to a reader, and to no machine.
        _ => "unknown",
    };
    let mut detail = json!({
        "status": status, "code": { "text": what }, "description": description,
    });
    if let Some(fields) = detail.as_object_mut() {
        if !who.is_empty() {
            fields.insert("performer".to_owned(), json!([{ "display": who }]));
        }
        if !when.is_empty() {
            fields.insert("scheduledString".to_owned(), json!(when));
        }
    }
    Some(json!({ "detail": detail }))
}
