//! `/w/p/{person}/assessments/begin`: beginning a draft with what is known: from what was signed
//! before, as another version of it, or with what other forms have told already, so that nobody is
//! asked twice.
//!
//! # Invariants
//!
//! - What is taken over is read as any page reads it: asked of the gate, entered before it is
//!   shown, masked for this reader. What they may not read is not known here.
//! - Each answer keeps who gave it first, when, and in whose record.
//! - Nothing takes the place of a draft that is there.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use ken_care::draft::{self, Revised, Start};
use ken_care::form::origin::{Known, Origins, read_back};
use ken_care::form::{self, Answers, Form, Question, fhir};
use ken_core::{PersonId, Purpose, ResourceId, Sensitive};
use ken_records::Part;
use maud::html;
use serde::Deserialize;

use super::show::form_address;
use super::write::{Begun, may, refused_words};
use super::{Written, written};
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::confirmation;

/// Where a form that begins a draft is sent.
pub(super) fn action(person: PersonId) -> String {
    format!("/w/p/{person}/assessments/begin")
}

/// The hidden fields of such a form: from which item, and from which version of it, where
/// that is not the newest.
pub(super) fn hidden(
    purpose: &Purpose,
    form: &Form,
    from: Option<(&str, Option<Timestamp>)>,
) -> Vec<(&'static str, String)> {
    let mut hidden = vec![("purpose", purpose.to_string()), ("form", form.id.clone())];
    if let Some((item, at)) = from {
        hidden.push(("item", item.to_owned()));
        hidden.extend(at.map(|at| ("version", at.as_microsecond().to_string())));
    }
    hidden
}

/// What a form that begins a draft carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    form: String,
    #[serde(default)]
    item: String,
    /// The moment of the version, in microseconds.
    #[serde(default)]
    version: String,
}

/// `POST /w/p/{person}/assessments/begin`: begins a draft with what an item says, or with what is
/// known from other forms.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(wanted): Sent<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let form = form::find(&wanted.form).ok_or(Stop::BadForm)?;
    let begun = match may(&app, &caller, person, (form, wanted.purpose.parse().ok())).await? {
        Ok(begun) => begun,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let at = wanted.version.parse().ok().and_then(|at| Timestamp::from_microsecond(at).ok());
    begin(&app, &caller, &begun, (&wanted.item, at)).await
}

async fn begin(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    from: (&str, Option<Timestamp>),
) -> Result<Response, Stop> {
    let person = begun.leave.person();
    let of = (person, Some(begun.purpose.clone()));
    let read = match super::begin(app, caller, of, Part::default()).await? {
        Ok(read) => read,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let all = written(&read.shown.held, &read.names);
    let start = match from {
        ("", _) => known(begun.form, &all),
        (item, at) => again(app, caller, begun, (&all, item, at)).await?.ok_or(Stop::NotFound)?,
    };
    let (ctx, of) = (app.ctx(caller.request()), (begun.form, &start));
    match draft::begin(app.db(), &ctx, app.keys(), &begun.leave, of).await? {
        Ok(_) => {
            let to = form_address(person, &begun.purpose, begun.form);
            Ok(Redirect::to(&to).into_response())
        }
        Err(refused) => Ok(there_is_one(app, caller, begun, refused)),
    }
}

fn there_is_one(app: &App, caller: &Caller, begun: &Begun, refused: draft::Refused) -> Response {
    let says = match refused {
        draft::Refused::Changed(_) => "You have a draft of this already: sign or discard it first.",
        draft::Refused::TooLong | draft::Refused::TooMany => refused_words(refused),
    };
    let to = form_address(begun.leave.person(), &begun.purpose, begun.form);
    let main = html! {
        h1 { "Nothing was begun" }
        p { (says) }
        (confirmation::link_on(&to, "Open the form"))
    };
    let frame = caller.frame(app.site(), "Nothing was begun").at("/w/find");
    (StatusCode::CONFLICT, frame.page(&main)).into_response()
}

/// What an item says, or said in the version of that moment, with what was kept apart of it.
async fn again(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    (all, item, at): (&[Written], &str, Option<Timestamp>),
) -> Result<Option<Start>, Stop> {
    let by = caller.acting()?;
    let is_it =
        |one: &&Written| one.id == item && one.is_revised_by(by) && one.form() == Some(begun.form);
    let Some(found) = all.iter().find(is_it) else { return Ok(None) };
    if found.person != begun.leave.person() {
        return Ok(None);
    }
    let parts: Vec<_> = all.iter().filter(|one| one.is_of_one(found)).collect();
    let Ok(id) = found.id.parse::<ResourceId>() else { return Ok(None) };
    let mut start =
        Start { revises: Some(Revised { item: id, version: found.version }), ..Start::default() };
    let mut typed = BTreeMap::new();
    for part in parts {
        let said = match at {
            None => Some(part.clone()),
            Some(at) => version(app, caller, begun, (part, at)).await?,
        };
        if let Some(said) = said {
            take(begun.form, &said, (&mut typed, &mut start.origins));
        }
    }
    start.answers = Answers::of(begun.form, &typed);
    Ok(Some(start))
}

/// What was kept apart, or the first of it, as it was signed at that moment.
async fn version(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    (part, at): (&Written, Timestamp),
) -> Result<Option<Written>, Stop> {
    let Ok(item) = part.id.parse::<ResourceId>() else { return Ok(None) };
    let of = (begun.leave.person(), Some(begun.purpose.clone()));
    let part = Part { of: Some(item), ..Part::default() };
    let Ok(read) = super::begin(app, caller, of, part).await? else { return Ok(None) };
    let versions = written(&read.shown.held, &read.names).into_iter();
    Ok(versions.into_iter().find(|one| one.at.as_microsecond() == at.as_microsecond()))
}

/// Takes over what one says of its own form.
fn take(
    form: &Form,
    said: &Written,
    (typed, origins): (&mut BTreeMap<String, Sensitive<String>>, &mut Origins),
) {
    for (field, Known { typed: text, origin }) in read_back(form, &said.resource) {
        origins.insert(field.clone(), origin.unwrap_or_else(|| said.origin(form)));
        typed.insert(field, text);
    }
}

/// What other forms have told of what this one asks, the newest of each.
fn known(form: &Form, all: &[Written]) -> Start {
    let (mut typed, mut origins) = (BTreeMap::new(), Origins::new());
    for one in all {
        let Some(other) = one.form() else { continue };
        let said = read_back(other, &one.resource);
        for question in form.questions() {
            let asked = other.questions().find(|asked| is_same(asked, question));
            let Some(known) = asked.and_then(|asked| said.get(&asked.id)) else { continue };
            if typed.contains_key(&question.id) {
                continue;
            }
            let origin = known.origin.clone().unwrap_or_else(|| one.origin(other));
            origins.insert(question.id.clone(), origin);
            typed.insert(question.id.clone(), known.typed.clone());
        }
    }
    Start { answers: Answers::of(form, &typed), revises: None, origins }
}

/// Whether two questions ask the same, are answered alike, and bear the same marks: what is kept
/// apart in one form stands nowhere else by being taken over.
fn is_same(one: &Question, other: &Question) -> bool {
    let of = |one: &Question| (one.kind.clone(), fhir::Part::of(one));
    one.same.is_some() && one.same == other.same && of(one) == of(other)
}
