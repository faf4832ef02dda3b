//! `/w/p/{person}/assessments`: what was assessed and planned with a person, and what differs
//! between one and the one before it.
//!
//! # Invariants
//!
//! - What is read here is asked of the gate for these kinds of information alone, under every id
//!   of the person, as the overview is; whoever may not read them gets the refusal that anybody
//!   gets, with each address and form.
//! - One that may not be read and one that is not there are the same page, with each version.

pub(crate) mod begin;
pub(crate) mod copy;
pub(crate) mod fields;
pub(crate) mod show;
pub(crate) mod versions;
pub(crate) mod write;

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use ken_agreement::Action;
use ken_care::draft;
use ken_care::form::{FORMS, Form, Makes, Question, origin};
use ken_core::{Category, OrganisationId, PersonId, Purpose};
use ken_directory::Acting;
use ken_fhir::{DocumentReference, line};
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use serde::Deserialize;
use serde_json::Value;

use super::refusal::{self, Asked};
use super::{affirm, whom};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Names, Shown};
use crate::pages::compose::{self, Held};
use crate::stop::Stop;
use crate::view::timeline::Said;
use crate::view::words;

use show::{List, Read};

/// What the address carries: words of the dictionary alone.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
}

/// `GET /w/p/{person}/assessments`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let begun = match begin(&app, &caller, (person, wanted.purpose), Part::default()).await? {
        Ok(begun) => begun,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let Begun { purpose, names, people, shown } = begun;
    let read = async |s: &mut Snapshot| {
        let mut drafts = vec![];
        for one in people {
            let theirs = draft::list(s, &ctx, by, one).await?;
            drafts.extend(theirs.into_iter().map(|(form, saved)| (one, form, saved)));
        }
        Ok::<_, Stop>(drafts)
    };
    let drafts = app.db().snapshot("http.drafts", read).await?;
    let above = whom::above(&app, &caller, (person, &purpose), &shown.clauses).await?;
    let may = |form: &&Form| shown.covered.iter().any(|one| one.as_str() == form.makes.category());
    let list = List {
        person,
        purpose,
        today: ctx.clock.today(),
        written: written(&shown.held, &names),
        forms: FORMS.iter().filter(may).collect(),
        drafts,
        is_whole: shown.next.is_none(),
        receipts: ask::receipts(&app, shown.entries).await?,
    };
    let frame = caller.frame(app.site(), "Assessments and plans").at("/w/find").under(above);
    Ok(frame.page(&show::list(&list)).into_response())
}

/// `GET /w/p/{person}/assessments/{item}`.
pub(crate) async fn read(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path((person, item)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let begun = match begin(&app, &caller, (person, wanted.purpose), Part::default()).await? {
        Ok(begun) => begun,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let Begun { purpose, names, mut shown, .. } = begun;
    compose::bring(&app, &mut shown.held).await?;
    let today = app.ctx(caller.request()).clock.today();
    let mut all = written(&shown.held, &names).into_iter().skip_while(|one| one.id != item);
    let found = all.next().ok_or(Stop::NotFound)?;
    let before = all.find(|one| one.is_like(&found));
    let may_revise =
        found.is_revised_by(caller.acting()?) && shown.covered.contains(&found.category);
    let above = whom::above(&app, &caller, (person, &purpose), &shown.clauses).await?;
    let receipts = ask::receipts(&app, shown.entries).await?;
    let read = Read { person, purpose, today, found, before, may_revise, receipts };
    let frame = caller.frame(app.site(), "Assessment or plan").at("/w/find").under(above);
    Ok(frame.page(&show::read(&read, caller.csrf())).into_response())
}

/// What may be read.
struct Begun {
    purpose: Purpose,
    names: Names,
    /// Everybody who is the same person.
    people: Vec<PersonId>,
    shown: Shown,
}

/// Asks for the kinds of information that the pages are of. `Err` leads to where anybody is led
/// who may not, or not yet, read them.
async fn begin(
    app: &App,
    caller: &Caller,
    (person, purpose): (PersonId, Option<Purpose>),
    part: Part,
) -> Result<Result<Begun, Response>, Stop> {
    let refused = |_: &Purpose| refusal::page(app, caller, &Asked::Address(person));
    decide(app, caller, (person, purpose), (Action::View, part), refused).await
}

/// Asks so of an action, under every id, and beside them what the reader's own organisation holds
/// of them; `refused` makes the page of whom nothing lets do so.
async fn decide(
    app: &App,
    caller: &Caller,
    (person, purpose): (PersonId, Option<Purpose>),
    (action, part): (Action, Part),
    refused: impl FnOnce(&Purpose) -> Response,
) -> Result<Result<Begun, Response>, Stop> {
    let Some(purpose) = purpose.filter(is_of_care) else { return Ok(Err(to_person(person))) };
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((ask::names_in(s).await?, ask::together_in(s, person).await?))
    };
    let (names, people) = app.db().snapshot("http.assessments", read).await?;
    let asked = Ask {
        by: Asker::Practitioner(caller.acting()?),
        person,
        action,
        purpose: purpose.clone(),
        sources: names.keys().cloned().collect(),
        only: Some(categories()?),
        part,
    };
    let (ctx, own) = (app.ctx(caller.request()), Some(caller.acting()?));
    match ask::answer(app, &ctx, &asked, &people, own).await? {
        Answer::Shown(shown) => Ok(Ok(Begun { purpose, names, people, shown })),
        Answer::Words(said) => {
            let of = (&purpose, None);
            Ok(Err(affirm::page(app, caller, person, of, (&said, false)).await?))
        }
        Answer::Refused => Ok(Err(refused(&purpose))),
    }
}

/// Whether a purpose is work with a person, which an emergency and one's own records are not.
fn is_of_care(purpose: &Purpose) -> bool {
    ![ask::OWN_WORK, ask::VITAL].contains(&purpose.as_str())
}

fn to_person(person: PersonId) -> Response {
    Redirect::to(&format!("/w/p/{person}")).into_response()
}

/// The kinds of information that forms make.
fn categories() -> Result<BTreeSet<Category>, Stop> {
    let words = Makes::ALL.into_iter().map(|makes| Category::new(makes.category()));
    words.map(|word| word.map_err(|_| Stop::Fault("http.word"))).collect()
}

/// Something that was assessed or planned, as it was disclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) id: String,
    pub(crate) title: String,
    /// What anything of its kind is called: of a Key Information Summary that came as a message it
    /// is what the form is called too.
    name: String,
    pub(crate) category: Category,
    pub(crate) on: String,
    pub(crate) source: String,
    /// Which organisation that is.
    pub(crate) at_source: OrganisationId,
    pub(crate) by: Option<String>,
    pub(crate) sections: Vec<(String, String)>,
    /// What the person says of it.
    pub(crate) words: Vec<Said>,
    /// On which day it is to be looked at again, where it says so.
    pub(crate) review: Option<Date>,
    /// Under which id of the person it lies.
    person: PersonId,
    version: i64,
    resource: Value,
    at: Timestamp,
}

impl Written {
    /// The form that it is of, where that is known.
    pub(crate) fn form(&self) -> Option<&'static Form> {
        origin::form_of(&self.resource)
    }

    /// Whether somebody's organisation may sign another version of it: it is the first part of
    /// something that they wrote in a form.
    fn is_revised_by(&self, by: &Acting) -> bool {
        self.at_source == by.organisation
            && self.form().is_some_and(|form| form.title == self.title)
    }

    /// Whether both were signed at once: what is kept apart of one form.
    fn is_of_one(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.form(), one.at, one.at_source.clone(), one.person);
        of(self) == of(other)
    }

    /// Which questions were answered before this, each with who said it first.
    fn origins(&self) -> Vec<(&'static str, origin::Origin)> {
        let Some(form) = self.form() else { return vec![] };
        let asked = |field: &String| {
            let of = |one: &&Question| one.fields().any(|own| own == field);
            form.questions().find(of).map(|one| one.text.as_str())
        };
        let known = origin::read_back(form, &self.resource).into_iter();
        known.filter_map(|(field, one)| Some((asked(&field)?, one.origin?))).collect()
    }

    /// Where its own answers come from, for whoever takes them over.
    fn origin(&self, form: &Form) -> origin::Origin {
        origin::Origin {
            form: form.title.clone(),
            author: self.by.clone().unwrap_or_else(|| self.source.clone()),
            source: self.source.clone(),
            on: words::local(self.at).date(),
        }
    }

    /// Whether it is of the same name, kind and organisation: only then does one follow another.
    fn is_like(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.name.clone(), one.category.clone(), one.at_source.clone());
        of(self) == of(other)
    }
}

/// What was assessed and planned, the newest first.
fn written(held: &[Held], names: &Names) -> Vec<Written> {
    // What else is of these kinds and came as messages stands in the chronology.
    let is_ours = |held: &Held| {
        let whole = [Makes::Assessment, Makes::Plan].map(Makes::category);
        whole.contains(&held.category.as_str())
            || compose::is_key(held)
            || origin::form_of(held.resource.value()).is_some()
    };
    let one = |held: &Held| {
        let line = line(&held.resource).filter(|_| held.stands() && is_ours(held))?;
        let is_told = compose::is_key(held) && DocumentReference::of(&held.resource).is_some();
        let form = FORMS.iter().find(|form| is_told && form.makes == Makes::Summary);
        let name = form.map_or(&line.title, |form| &form.title).clone();
        let at = line.when.as_ref().map_or(held.filed, ken_fhir::DateTime::starts);
        Some(Written {
            id: held.resource.value().get("id").and_then(Value::as_str)?.to_owned(),
            name,
            title: line.title,
            category: held.category.clone(),
            on: words::day_short(words::local(at).date()),
            source: compose::name_of(names, &held.source),
            at_source: held.source.clone(),
            by: compose::author(&held.resource),
            sections: compose::sections(&held.resource),
            words: compose::said(held),
            review: origin::review_of(held.resource.value()),
            person: held.person,
            version: held.version,
            resource: held.resource.value().clone(),
            at,
        })
    };
    let mut written: Vec<_> = held.iter().filter_map(one).collect();
    written.sort_by(|one, other| (other.at, &other.id).cmp(&(one.at, &one.id)));
    written
}
