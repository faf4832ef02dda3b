//! `/ops/match/seed`: a body's own list of people is brought; and `/ops/match/seed/{list}`: what
//! was found of it, the numbers given, and the file for the body's own system.
//!
//! # Invariants
//!
//! - The pages name nobody and show no number: the file has them, of whom the body may hold them.
//! - Nothing is kept before it was shown how much would be, and said why.
//! - A list counts as a search that found nobody, whomever it is of: whoever tries lists is stopped
//!   ([`ken_person::budget`]).

mod show;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::SignedDuration;
use ken_core::{RequestId, Sensitive};
use ken_directory::Acting;
use ken_office::mark::{self, About};
use ken_office::seeding::{self, Begun, By, HELD, Looked, Place, Stands};
use ken_person::seeding::{Fault, LIST_MAX, List, ROWS_MAX};
use ken_person::{Error, Why, budget};
use ken_store::Tx;
use maud::Markup;
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::stop::Stop;
use crate::view::form::Wrong;

/// Where a list is brought.
pub(crate) const ADDRESS: &str = "/ops/match/seed";
/// How often a node that stops looks whether a list must still be held.
const LOOK: SignedDuration = SignedDuration::from_secs(5);

/// What the form carries that brings a list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Brought {
    #[serde(default)]
    system: String,
    #[serde(default)]
    column: String,
    #[serde(default)]
    text: Sensitive<String>,
}

/// What the forms of a list carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    what: String,
    #[serde(default)]
    reason: Sensitive<String>,
}

/// `GET /ops/match/seed`.
pub(crate) async fn get(Of(app): Of<App>, Extension(caller): Extension<Caller>) -> Response {
    page(&app, &caller, StatusCode::OK, &show::bring(&Brought::default(), &[], caller.csrf()))
}

/// `POST /ops/match/seed`: takes a list, and begins to look it up.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(brought): Sent<Brought>,
) -> Result<Response, Stop> {
    let again = |wrong: Wrong| {
        let main = show::bring(&brought, &[wrong], caller.csrf());
        Ok(page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main))
    };
    let by = caller.acting()?;
    let (system, column) = (brought.system.trim(), brought.column.trim());
    let list = match List::read(brought.text.reveal(), &by.organisation, (system, column)) {
        Ok(list) => list,
        Err(fault) => return again(wrong(&fault)),
    };
    let Some(taken) = take(&app, &caller).await? else {
        return again(Wrong::new("text", "Too many lists or searches. Wait for the next hour"));
    };
    let id = caller.request();
    match app.lists().bring(id, by, list, app.clock().now()) {
        Begun::Yes(place) => {
            let (at, by) = (app.clone(), by.clone());
            app.tasks().spawn(async move { look(&at, &by, place).await });
            Ok(Redirect::to(&address(id)).into_response())
        }
        Begun::Busy | Begun::Gone => {
            repay(&app, &taken).await?;
            again(Wrong::new("text", "Another list is worked on. Bring yours in some minutes"))
        }
    }
}

/// What is wrong with a list.
fn wrong(fault: &Fault) -> Wrong {
    let (field, says) = match fault {
        Fault::Empty => ("text", "Paste the list, with the line that names its columns".to_owned()),
        Fault::TooMuch => {
            ("text", format!("Bring it in parts: at most {ROWS_MAX} rows and {LIST_MAX} bytes"))
        }
        Fault::NoId => (
            "column",
            "Enter the name of the column with your own numbers, as it stands".to_owned(),
        ),
        Fault::TooFew => {
            ("text", "Name the columns: forename, surname, date of birth, postcode".to_owned())
        }
        Fault::System => {
            ("system", "Enter the name of the system, without blanks: urn:glen:seemis".to_owned())
        }
        Fault::RowId(row) => {
            ("text", format!("Row {row} has no number of your own, or a long one"))
        }
        Fault::Twice(row) => ("text", format!("Row {row} has the own number of a row before it")),
    };
    Wrong::new(field, says)
}

/// Takes a place, as a search does that finds nobody; none where there were too many.
async fn take(app: &App, caller: &Caller) -> Result<Option<budget::Taken>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let take = async |tx: &mut Tx| budget::take(tx, &ctx, by).await;
    match app.db().write("http.seed-take", take).await {
        Ok(taken) => Ok(Some(taken)),
        Err(Error::TooManySearches) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn repay(app: &App, taken: &budget::Taken) -> Result<(), Error> {
    let give = async |tx: &mut Tx| budget::give_back(tx, taken).await;
    app.db().write("http.seed-repay", give).await
}

/// Looks a list up, beside its page.
async fn look(app: &App, acting: &Acting, place: Place) {
    let (id, ctx) = (place.id(), app.ctx(place.id()));
    // What must end before the process stops must not keep it from stopping.
    let stops = || app.tasks().is_closed();
    let work = async {
        let sources = sources(app, id).await?;
        let by = by(app, acting, &sources);
        Box::pin(place.look(app.db(), &ctx, by, &stops)).await.map_err(Stop::from)
    };
    if let Err(stop) = Box::pin(work).await {
        tracing::error!(error.code = code(&stop), "a list was not looked up");
    }
    tidy(app).await;
}

/// Gives a list its numbers, beside its page.
async fn give(app: &App, acting: &Acting, place: Place, why: &Why) {
    let (id, ctx) = (place.id(), app.ctx(place.id()));
    let stops = || app.tasks().is_closed();
    let work = async {
        let sources = sources(app, id).await?;
        let by = by(app, acting, &sources);
        let given = place.give(app.db(), &ctx, by, why, &stops);
        Box::pin(given).await.map_err(Stop::from)
    };
    if let Err(stop) = Box::pin(work).await {
        tracing::error!(error.code = code(&stop), "a list was not given its numbers");
    }
    tidy(app).await;
}

/// The code of what stopped the work, for the log.
const fn code(stop: &Stop) -> &'static str {
    match stop {
        Stop::Fault(code) => code,
        _ => "http.task",
    }
}

fn by<'a>(app: &'a App, acting: &'a Acting, sources: &'a Sources) -> By<'a> {
    By { keys: app.keys(), gate: app.gate(), index: app.index(), acting, sources }
}

/// Whose words are asked for.
type Sources = std::collections::BTreeSet<ken_core::OrganisationId>;

/// The parties, of whom each may say whose a number is.
async fn sources(app: &App, request: RequestId) -> Result<Sources, Stop> {
    let current = app.gate().current(app.db(), &app.ctx(request)).await?;
    let all = ask::names(app).await?.into_keys().collect();
    Ok(ask::parties(&current.bundle, &all))
}

/// Throws the list away in time, whether or not anybody comes back to it.
async fn tidy(app: &App) {
    let mut now = app.clock().now();
    let until = now.saturating_add(HELD).unwrap_or(now);
    while now < until && !app.tasks().is_closed() {
        app.clock().sleep_until(now.saturating_add(LOOK).unwrap_or(until)).await;
        now = app.clock().now();
    }
    app.lists().tidy(now);
}

/// A list that somebody brought, and where it stands.
type At = (RequestId, Arc<List>, Stands);

fn held(app: &App, caller: &Caller, list: &str) -> Result<Option<At>, Stop> {
    let id: RequestId = list.parse().map_err(|_| Stop::NotFound)?;
    let found = app.lists().find(id, caller.acting()?, app.clock().now());
    Ok(found.map(|(list, stands)| (id, list, stands)))
}

/// `GET /ops/match/seed/{list}`: where it stands.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(list): Path<String>,
) -> Result<Response, Stop> {
    Ok(match held(&app, &caller, &list)? {
        Some((id, list, stands)) => {
            let main = show::one(id, (&list, &stands), &Filled::default(), &[], caller.csrf());
            page(&app, &caller, StatusCode::OK, &main)
        }
        None => gone(&app, &caller),
    })
}

/// `POST /ops/match/seed/{list}`: gives the numbers, hands out the file, or throws the list away.
pub(crate) async fn post_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(list): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let Some((id, list, stands)) = held(&app, &caller, &list)? else {
        return Ok(gone(&app, &caller));
    };
    match (filled.what.as_str(), &stands) {
        (show::FORGET, _) => {
            app.lists().forget(id, caller.acting()?);
            Ok(page(&app, &caller, StatusCode::OK, &show::forgotten()))
        }
        (show::FILE, Stands::Done(looked)) if looked.kept.is_some() => {
            file(&app, &caller, (id, &list, looked)).await
        }
        (show::GIVE, Stands::Done(looked)) if looked.kept.is_none() => {
            let Ok(why) = Why::new(filled.reason.reveal()) else {
                let wrongs = [Wrong::new("reason", "Say in your own words what the list is")];
                let main = show::one(id, (&list, &stands), &filled, &wrongs, caller.csrf());
                return Ok(page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main));
            };
            begin_giving(&app, &caller, id, why)
        }
        // Sent twice, or from a page that is too old: what is so now is shown.
        _ => Ok(Redirect::to(&address(id)).into_response()),
    }
}

fn begin_giving(app: &App, caller: &Caller, id: RequestId, why: Why) -> Result<Response, Stop> {
    let by = caller.acting()?.clone();
    if let Begun::Yes(place) = app.lists().give(id, &by, app.clock().now()) {
        let at = app.clone();
        app.tasks().spawn(async move { give(&at, &by, place, &why).await });
    }
    Ok(Redirect::to(&address(id)).into_response())
}

/// The file, once that it is fetched stands on the ledger.
async fn file(
    app: &App,
    caller: &Caller,
    (id, list, looked): (RequestId, &List, &Looked),
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let enter = async |tx: &mut Tx| seeding::fetched(tx, &ctx, app.keys(), by, (id, looked)).await;
    app.db().write("http.seed-fetched", enter).await?;
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present");
    let name = mark::file_name(About::People, "numbers.csv");
    let attached = (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
    Ok(([kind], [attached], seeding::csv(list, looked)).into_response())
}

fn gone(app: &App, caller: &Caller) -> Response {
    page(app, caller, StatusCode::NOT_FOUND, &show::gone())
}

fn address(list: RequestId) -> String {
    format!("{ADDRESS}/{list}")
}

fn page(app: &App, caller: &Caller, status: StatusCode, main: &Markup) -> Response {
    let frame = caller.frame(app.site(), "Numbers for a list");
    (status, frame.at("/ops/match").page(main)).into_response()
}
