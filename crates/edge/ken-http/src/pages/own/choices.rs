//! `/my/choices`: what a person asks of sharing: stop, pause, agree, or keep me safe.
//!
//! # Invariants
//!
//! - What the page shows depends on what the person asked themselves and on public agreements; no
//!   state that somebody else set for them changes a byte of it.
//! - No address names a choice: which one it is stands in the form, so that no history tells it.
//! - Each choice says what it stops and what it cannot stop before it is sent.

mod offer;
mod show;

pub(crate) use offer::read as offers;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::Sensitive;
use ken_sharing::wish::{self, Asked, NewWish, What};
use maud::Markup;
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::Wrong;

/// Longest text that is kept of one box, in characters.
const TYPED_MAX: usize = 2_000;

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    step: String,
    #[serde(default)]
    choice: String,
    #[serde(default)]
    called: String,
    #[serde(default)]
    reach: String,
}

/// `GET /my/choices`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let offers = offer::read(&app, &caller).await?;
    let wishes = wish::of_person(app.db(), app.keys(), caller.own()?).await?;
    let today = app.ctx(caller.request()).clock.today();
    let main = show::home(&offers, &wishes, &[], today, caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /my/choices`: one choice to look at, the same to send, or one to take back.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    match filled.step.as_str() {
        "" => look(&app, &caller, &filled).await,
        "send" => send(&app, &caller, &filled).await,
        "back" => back(&app, &caller, &filled).await,
        _ => Err(Stop::BadForm),
    }
}

/// Shows what a choice would do.
async fn look(app: &App, caller: &Caller, filled: &Filled) -> Result<Response, Stop> {
    let offers = offer::read(app, caller).await?;
    if let Some(what) = offers.find(&filled.choice) {
        let main = show::check(&offers, &what, filled, &[], caller.csrf());
        return Ok(page(app, caller, &main).into_response());
    }
    let wishes = wish::of_person(app.db(), app.keys(), caller.own()?).await?;
    let today = app.ctx(caller.request()).clock.today();
    let wrongs = [Wrong::new("choice", "Choose what you want to ask for")];
    let main = show::home(&offers, &wishes, &wrongs, today, caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(app, caller, &main)).into_response())
}

/// Sends it.
async fn send(app: &App, caller: &Caller, filled: &Filled) -> Result<Response, Stop> {
    let offers = offer::read(app, caller).await?;
    let what = offers.find(&filled.choice).ok_or(Stop::BadForm)?;
    let wrongs = wrong(&what, filled);
    if !wrongs.is_empty() {
        let main = show::check(&offers, &what, filled, &wrongs, caller.csrf());
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(app, caller, &main)).into_response());
    }
    let Some((organisation, _)) = offers.answers.clone() else { return Err(Stop::NotFound) };
    let typed = what
        .answer_within()
        .map(|_| Sensitive::new(format!("Name: {}\nReach them: {}", filled.called, filled.reach)));
    let new = NewWish {
        person: caller.own()?,
        account: caller.session().account,
        what,
        organisation,
        typed,
    };
    let ctx = app.ctx(caller.request());
    let asked = wish::ask(app.db(), &ctx, app.keys(), &new).await?;
    let main = match asked {
        // Whoever sends it twice has what they wanted.
        Asked::Kept(_) | Asked::Already => show::sent(&offers, &new.what),
        Asked::TooMany => show::too_many(),
    };
    Ok(page(app, caller, &main).into_response())
}

fn wrong(what: &What, filled: &Filled) -> Vec<Wrong> {
    let mut wrongs = vec![];
    let long = |text: &str| text.chars().count() > TYPED_MAX;
    if what.answer_within().is_some() && filled.called.trim().is_empty() {
        wrongs.push(Wrong::new("called", "Write your name"));
    }
    if what.is_quiet() && filled.reach.trim().is_empty() {
        wrongs.push(Wrong::new("reach", "Write how we can reach you safely"));
    }
    if long(&filled.called) || long(&filled.reach) {
        wrongs.push(Wrong::new("reach", "Write less: this is too long for us to keep"));
    }
    wrongs
}

/// Takes one back.
async fn back(app: &App, caller: &Caller, filled: &Filled) -> Result<Response, Stop> {
    let id = filled.choice.parse().map_err(|_| Stop::BadForm)?;
    let (ctx, who) = (app.ctx(caller.request()), (caller.own()?, caller.session().account));
    if !wish::take_back(app.db(), &ctx, app.keys(), who, id).await? {
        return Err(Stop::NotFound);
    }
    Ok(page(app, caller, &show::taken_back()).into_response())
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Choices about sharing").at("/my/choices").page(main)
}
