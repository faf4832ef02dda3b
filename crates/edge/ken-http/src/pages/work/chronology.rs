//! `/w/p/{person}/chronology`: what every agency tells of a person that the reader may see, in one
//! list; and a copy of it.
//!
//! Each part and each copy is a look of its own: it is decided, entered and given its receipt.

use axum::Extension;
use axum::extract::{Form as FromForm, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_agreement::Action;
use ken_core::{PersonId, Purpose};
use ken_office::mark::About;
use ken_records::Size;
use maud::html;

use super::because::{self, Because};
use super::refusal::{self, Asked};
use super::{affirm, happened, person};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Begun, Shown};
use crate::pages::chronology::{Chronology, Filter, Sent, Start, Wanted, copy};
use crate::pages::compose::{self, Dated};
use crate::stop::Stop;
use crate::view::{alert, receipt};

/// `GET /w/p/{person}/chronology`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    answer(&app, &caller, &person, (wanted, None)).await
}

/// `POST /w/p/{person}/chronology/part`: what is beyond a point, which is in no address.
pub(crate) async fn part(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    FromForm(sent): FromForm<Sent>,
) -> Result<Response, Stop> {
    let start = sent.start().ok_or(Stop::NotFound)?;
    answer(&app, &caller, &person, (sent.wanted, Some(start))).await
}

/// `POST /w/p/{person}/chronology/copy`: all that matches, as a file.
pub(crate) async fn copy(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    FromForm(sent): FromForm<Sent>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let purpose = sent.wanted.purpose.clone().ok_or(Stop::NotFound)?;
    let begun = person::begin(&app, &caller, person).await?;
    let part = Filter::of(&sent.wanted, &begun.names).part(Size::Copy, None);
    let of = (Action::Export, &purpose, &part);
    match person::decide(&app, &caller, person, of, &begun).await? {
        Ok(Answer::Shown(mut shown)) => {
            let events = events(&app, &caller, &mut shown, &begun).await?;
            let receipts = ask::receipts(&app, shown.entries).await?;
            Ok(copy::file(About::People, &events, (shown.next.is_none(), &receipts)))
        }
        Ok(Answer::Words(said)) => {
            affirm::page(&app, &caller, person, (&purpose, None), (&said, false)).await
        }
        Ok(Answer::Refused) => Ok(no_copy(&app, &caller, person, &purpose)),
        Err(elsewhere) => Ok(elsewhere),
    }
}

async fn answer(
    app: &App,
    caller: &Caller,
    person: &str,
    (wanted, start): (Wanted, Option<Start>),
) -> Result<Response, Stop> {
    let person: PersonId = person.parse().map_err(|_| Stop::NotFound)?;
    let Some(purpose) = wanted.purpose.clone() else {
        // A purpose is chosen where a person's pages begin.
        return Ok(Redirect::to(&format!("/w/p/{person}")).into_response());
    };
    let begun = person::begin(app, caller, person).await?;
    let filter = Filter::of(&wanted, &begun.names);
    let part = filter.part(Size::Page, start.map(|start| start.point));
    match person::decide(app, caller, person, (Action::View, &purpose, &part), &begun).await? {
        Ok(Answer::Shown(shown)) => {
            page(app, caller, (person, purpose), (filter, start), (shown, begun)).await
        }
        Ok(Answer::Words(said)) => {
            affirm::page(app, caller, person, (&purpose, None), (&said, false)).await
        }
        Ok(Answer::Refused) => Ok(refusal::page(app, caller, &Asked::Address(person))),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// The events of what was disclosed, each with the words of its clauses.
async fn events(
    app: &App,
    caller: &Caller,
    shown: &mut Shown,
    begun: &Begun,
) -> Result<Vec<Dated>, Stop> {
    if shown.policies.is_none() {
        shown.policies = Some(app.gate().current(app.db(), &app.ctx(caller.request())).await?);
    }
    compose::bring(app, &mut shown.held).await?;
    let why = |clause: &ken_core::ClauseId| match &shown.policies {
        Some(current) => ask::clause_words(&current.bundle, clause),
        None => String::new(),
    };
    Ok(compose::events(&shown.held, &begun.names, &why))
}

async fn page(
    app: &App,
    caller: &Caller,
    (person, purpose): (PersonId, Purpose),
    (filter, start): (Filter, Option<Start>),
    (mut shown, begun): (Shown, Begun),
) -> Result<Response, Stop> {
    let mut events = events(app, caller, &mut shown, &begun).await?;
    events.sort_by(|one, other| filter.order.compare(&one.point, &other.point));
    let current = app.gate().current(app.db(), &app.ctx(caller.request())).await?;
    let because = because::of(&current.bundle, caller, purpose.clone(), &shown);
    let own = &caller.acting()?.organisation;
    let asked = person::asked(&current.bundle, own, &purpose, &begun.names);
    let here = events.iter().map(|dated| &dated.category);
    let above = person::above(app, caller, person, (&shown, &begun));
    let back = format!("/w/p/{person}?purpose={purpose}");
    let chronology = Chronology {
        action: format!("/w/p/{person}/chronology"),
        kinds: happened::kinds(shown.covered.iter().chain(here)),
        sources: asked.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        purpose: Some(purpose),
        filter,
        events,
        start,
        next: shown.next,
    };
    let receipts = ask::receipts(app, shown.entries).await?;
    let main = html! {
        h1 { "Chronology" }
        // The words that would show more stand on the overview.
        (alert::why(&because::shown(&Because { is_more: false, ..because })))
        p { a.care_lone href=(back) { "Back to the overview" } }
        (chronology.show(caller.csrf()))
        p.care_meta { (person::MORE) }
        (receipt::detail(&receipts))
    };
    let frame = caller.frame(app.site(), "Chronology").at("/w/find").under(above);
    Ok(frame.page(&main).into_response())
}

/// No clause lets this reader take a copy for this purpose. It is the same for everybody whom they
/// may not copy, whatever is held.
fn no_copy(app: &App, caller: &Caller, person: PersonId, purpose: &Purpose) -> Response {
    let back = format!("/w/p/{person}/chronology?purpose={purpose}");
    let main = html! {
        h1 { "You cannot take a copy" }
        p { "No agreement lets your role take a copy away for this purpose." }
        p { "What you may read, you may read here. It is up to date here, and a copy is not." }
        p { a.care_lone href=(back) { "Back to the chronology" } }
    };
    let frame = caller.frame(app.site(), "You cannot take a copy").at("/w/find");
    (StatusCode::FORBIDDEN, frame.page(&main)).into_response()
}
