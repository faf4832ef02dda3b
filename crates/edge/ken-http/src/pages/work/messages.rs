//! `/w/p/{person}/messages`: what a person wrote to their team, and the way to answer; and
//! `/w/messages`: whose message waits with the reader.
//!
//! # Invariants
//!
//! - Messages are read under one id by whoever is of its team and may read their kind for the
//!   purpose: the gate is asked first, and who may not gets the refusal that anybody gets. Who may
//!   and is not of the team reads the same page whether or not anything was written.
//! - Replies are read as the gate shows them to this reader, of whichever organisation they are.
//! - The form carries the newest message that was shown: a newer one is read before anybody
//!   answers, and what was typed stands.
//! - The list names nobody: a name needs a decision of its own.

mod show;

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_agreement::Action;
use ken_care::message::{self, NewReply, Refused};
use ken_care::writing::{self, Leave, Request};
use ken_core::{Category, PersonId, Purpose, Sensitive};
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use maud::Markup;
use serde::Deserialize;

use super::refusal::{self, Asked};
use super::{affirm, whom};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask};
use crate::pages::{compose, replies};
use crate::stop::Stop;
use crate::view::form::Wrong;
use crate::view::words;

use show::View;

/// What the address carries: words of the dictionary alone.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
}

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    purpose: Option<Purpose>,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    words: Sensitive<String>,
}

/// `GET /w/messages`: whose message waits.
pub(crate) async fn list(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| message::waiting(s, by).await;
    let waiting = app.db().snapshot("http.messages", read).await?;
    Ok(caller.frame(app.site(), "Messages").at("/w/today").page(&show::waits(&waiting)))
}

/// `GET /w/p/{person}/messages`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    Ok(match begin(&app, &caller, person, wanted.purpose).await? {
        Ok(begun) => page(&app, &caller, &begun, (&Filled::default(), &[])).await?.into_response(),
        Err(elsewhere) => elsewhere,
    })
}

/// `POST /w/p/{person}/messages`: a reply.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let mut begun = match begin(&app, &caller, person, filled.purpose.clone()).await? {
        Ok(begun) => begun,
        // Words that have run out, or a relationship that has ended: what was typed goes back.
        Err(_) if !filled.words.reveal().is_empty() => return Err(Stop::StaleForm),
        Err(elsewhere) => return Ok(elsewhere),
    };
    let Err(refused) = answer(&app, &caller, &begun, &filled).await? else {
        let frame = caller.frame(app.site(), "Messages").at("/w/find");
        return Ok(frame.page(&show::sent(person, &begun.view.purpose)).into_response());
    };
    if refused == Refused::Newer {
        // It may have come since the page was read again above.
        let Ok(again) = begin(&app, &caller, person, filled.purpose.clone()).await? else {
            return Err(Stop::StaleForm);
        };
        begun = again;
    }
    let page = page(&app, &caller, &begun, (&filled, &[show::wrong(refused)])).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Answers what was read, by a decision of its own.
async fn answer(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    filled: &Filled,
) -> Result<Result<(), Refused>, Stop> {
    if let Some(refused) = message::unfit_reply(&filled.words) {
        return Ok(Err(refused));
    }
    let Ok(seen) = filled.seen.parse() else { return Ok(Err(Refused::Newer)) };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let person = begun.reading.person();
    let home = async |s: &mut Snapshot| writing::home(s, person, &by.organisation).await;
    let home = app.db().snapshot("http.messages-home", home).await?;
    let of = (home, &begun.view.purpose);
    let writing::Answer::May(leave) = leave(app, caller, of).await? else {
        return Err(Stop::StaleForm);
    };
    let current = app.gate().current(app.db(), &ctx).await?;
    let as_role = words::role(by.role.as_str());
    let new = NewReply { seen, text: &filled.words, as_role: &as_role };
    let of = (&begun.reading, leave, &current.bundle);
    let sent = message::reply(app.db(), &ctx, app.keys(), of, &new).await?;
    Ok(sent.map(drop))
}

/// What may be read, and by which leave.
struct Begun {
    reading: Leave,
    view: View,
}

/// Asks whether the reader may read messages under this id, and for the replies that they are
/// shown. `Err` leads to where anybody is led who may not, or not yet.
async fn begin(
    app: &App,
    caller: &Caller,
    person: PersonId,
    purpose: Option<Purpose>,
) -> Result<Result<Begun, Response>, Stop> {
    // Own work is with one's own records, and an emergency is no time for letters.
    let purpose = purpose.filter(|one| ![ask::OWN_WORK, ask::VITAL].contains(&one.as_str()));
    let Some(purpose) = purpose else {
        return Ok(Err(Redirect::to(&format!("/w/p/{person}")).into_response()));
    };
    let refused = || refusal::page(app, caller, &Asked::Address(person));
    let reading = match leave(app, caller, (person, &purpose)).await? {
        writing::Answer::May(leave) => leave,
        writing::Answer::Words(said) => {
            let of = (&purpose, None);
            return Ok(Err(affirm::page(app, caller, person, of, (&said, false)).await?));
        }
        writing::Answer::Refused => return Ok(Err(refused())),
    };
    let ctx = app.ctx(caller.request());
    let mut view = View { person, purpose, threads: None, is_whole: true, receipts: vec![] };
    let Some(messages) = message::of_team(app.db(), &ctx, app.keys(), &reading).await? else {
        return Ok(Ok(Begun { reading, view }));
    };
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((ask::names_in(s).await?, ask::together_in(s, person).await?))
    };
    let (names, people) = app.db().snapshot("http.messages-begin", read).await?;
    let asked = Ask {
        by: Asker::Practitioner(caller.acting()?),
        person,
        action: Action::View,
        purpose: view.purpose.clone(),
        sources: names.keys().cloned().collect(),
        only: Some(BTreeSet::from([kind()?])),
        part: Part::default(),
    };
    let own = Some(caller.acting()?);
    let Answer::Shown(mut shown) = ask::answer(app, &ctx, &asked, &people, own).await? else {
        return Ok(Err(refused()));
    };
    compose::bring(app, &mut shown.held).await?;
    let thread = |one: message::Message| {
        let replies = replies::of(&shown.held, &one.replies);
        (one, replies)
    };
    view.threads = Some(messages.into_iter().map(thread).collect());
    view.is_whole = shown.is_whole && shown.next.is_none();
    view.receipts = ask::receipts(app, shown.entries).await?;
    Ok(Ok(Begun { reading, view }))
}

fn kind() -> Result<Category, Stop> {
    Category::new(message::CATEGORY).map_err(|_| Stop::Fault("http.word"))
}

/// Asks for the kind of information that messages are, under one id.
async fn leave(
    app: &App,
    caller: &Caller,
    (person, purpose): (PersonId, &Purpose),
) -> Result<writing::Answer, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let names = ask::names(app).await?;
    let current = app.gate().current(app.db(), &ctx).await?;
    let sources = ask::in_parts(ask::parties(&current.bundle, &names.into_keys().collect()));
    let (purpose, category) = (purpose.clone(), kind()?);
    let request = Request { person, purpose, category, sources: &sources };
    Ok(writing::ask(app.db(), &ctx, app.keys(), app.gate(), by, &request).await?)
}

async fn page(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    typed: (&Filled, &[Wrong]),
) -> Result<Markup, Stop> {
    let view = &begun.view;
    let frame = caller.frame(app.site(), "Messages").at("/w/find");
    let main = show::show(view, typed, caller.csrf());
    // Where nothing is shown of the person, nobody is named.
    if view.threads.is_none() {
        return Ok(frame.page(&main));
    }
    let of = (view.person, &view.purpose);
    let above = whom::above(app, caller, of, begun.reading.clauses()).await?;
    Ok(frame.under(above).page(&main))
}
