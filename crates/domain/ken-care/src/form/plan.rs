//! A plan's form as FHIR's `CarePlan`: goals, actions with who does what by when, and what was said
//! beside them.
//!
//! Every answer that is no goal and no action is a note under its question, so that nothing that
//! was written is left out of what is read.
//!
//! Source: FHIR R4, `CarePlan`.

use serde_json::{Value, json};

use super::fhir::{Part, Signed, told};
use super::{Answers, Cell, Form, Question};

/// The extension in which a note says which question it answers.
pub const QUESTION: &str = "urn:ken:question";
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
        table.into_iter().flat_map(|one: &Question| &one.cells).map(|row| texts(row, answers))
    };
    let goals = rows(GOALS).filter_map(|row| Some(json!({ "display": joined(&row)? })));
    let actions = rows(ACTIONS).filter_map(|row| action(&row));
    let tables = [GOALS, ACTIONS].into_iter().flat_map(|id| {
        let of = form.questions().filter(move |one| one.id == id);
        of.flat_map(|one| one.cells.iter().flatten()).map(|cell| cell.label.as_str())
    });
    let tables: Vec<_> = tables.collect();
    let notes = told(form, answers, Some(part))
        .into_iter()
        .filter(|(asked, _)| !tables.contains(&&**asked));
    let note = |(asked, said): (String, String)| {
        let question = json!({ "url": QUESTION, "valueString": asked });
        json!({ "extension": [question], "text": said })
    };
    json!({
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": part.title(form),
        "subject": { "reference": format!("Patient/{}", signed.person) },
        "created": signed.at.to_string(),
        "author": { "display": signed.author },
        "goal": goals.collect::<Vec<_>>(),
        "activity": actions.collect::<Vec<_>>(),
        "note": notes.map(note).collect::<Vec<_>>(),
    })
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
