//! `/w/requests`: what one's organisation was asked and has asked of others; and one request, with
//! what somebody may do about it.
//!
//! # Invariants
//!
//! - The list names nobody: what a request says, and of whom, is read by a decision of its own.
//! - For whoever has nothing to do with a request it does not exist.
//! - Who may do what is for [`ken_care::request`] to say; the page only repeats it in words.

pub(crate) mod new;
mod show;

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_care::request::rule::Side;
use ken_care::request::{self, Acted, Answer, Kind, Refused, Shown, Step, Told};
use ken_core::{OrganisationId, PersonId, Purpose, RoleId, Sensitive};
use ken_directory::{HeldRole, organisation, practitioner};
use ken_sharing::{Action, Statement, affirmation};
use ken_store::Snapshot;
use maud::Markup;
use serde::Deserialize;

use super::affirm;
use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::form::Wrong;
use crate::view::words;

use show::{Line, View};

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    step: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    turn: String,
    #[serde(default)]
    text: Sensitive<String>,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    affirmed: String,
}

/// `GET /w/requests`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let current = app.gate().current(app.db(), &ctx).await?;
    let read = async |s: &mut Snapshot| {
        let listed = request::list(s, &ctx, by, &current.bundle).await?;
        Ok::<_, Stop>((listed, ask::names_in(s).await?))
    };
    let (listed, names) = app.db().snapshot("http.requests", read).await?;
    let main = show::list(&listed, &names, ctx.clock.now());
    Ok(caller.frame(app.site(), "Requests").at("/w/requests").page(&main))
}

/// `GET /w/requests/{request}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let shown = read(&app, &caller, &id).await?;
    page(&app, &caller, &shown, (&Filled::default(), &[])).await
}

/// `POST /w/requests/{request}`: a step, or telling the other side of one.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let shown = read(&app, &caller, &id).await?;
    let Some(done) = take(&app, &caller, &shown, &filled).await? else {
        let wrong = Wrong::new("to", "Choose to whom it goes on");
        return again(&app, &caller, &shown, (&filled, wrong)).await;
    };
    let of = (shown.person, (filled.affirmed.as_str(), filled.seen.as_str()));
    let done = match &done {
        Acted::Words(said) | Acted::Done(_, Told::Words(said)) => {
            if agree(&app, &caller, of, said).await? {
                let next = Filled { step: step_after(&done, &filled), ..filled.copied(&done) };
                take(&app, &caller, &shown, &next).await?.ok_or(Stop::BadForm)?
            } else {
                return Ok(asked_for_words(&app, &caller, &shown, (&filled, &done, said)));
            }
        }
        Acted::Done(..) | Acted::Refused(_) => done,
    };
    match done {
        Acted::Done(_, told) => {
            let other = show::other(&shown, caller.acting()?);
            let desk = async |s: &mut Snapshot| organisation::find(s, other).await;
            let desk = app.db().snapshot("http.desk", desk).await?;
            let main = show::done(&told, desk.as_ref(), &shown.id.to_string());
            let frame = caller.frame(app.site(), "Request for assistance").at("/w/requests");
            Ok(frame.page(&main).into_response())
        }
        Acted::Refused(Refused::NotTheirs) => Err(Stop::NotFound),
        Acted::Refused(refused) => {
            again(&app, &caller, &shown, (&filled, show::refused(refused))).await
        }
        // They changed since they were read.
        Acted::Words(said) => {
            let words = Acted::Words(said.clone());
            Ok(asked_for_words(&app, &caller, &shown, (&filled, &words, &said)))
        }
    }
}

/// What is sent again once the words are affirmed: a turn that stands is told, and not taken again.
fn step_after(done: &Acted, filled: &Filled) -> String {
    if matches!(done, Acted::Done(..)) { "tell".to_owned() } else { filled.step.clone() }
}

impl Filled {
    fn copied(&self, done: &Acted) -> Self {
        let turn = match done {
            Acted::Done(turn, _) => turn.to_string(),
            Acted::Words(_) | Acted::Refused(_) => self.turn.clone(),
        };
        Self { to: self.to.clone(), turn, text: self.text.clone(), ..Self::default() }
    }
}

/// What may be read of a request; for who may not there is none.
async fn read(app: &App, caller: &Caller, id: &str) -> Result<Shown, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let id = id.parse().map_err(|_| Stop::NotFound)?;
    match request::read(app.db(), &ctx, app.keys(), app.gate(), by, id).await? {
        Answer::Shown(shown) => Ok(*shown),
        Answer::None => Err(Stop::NotFound),
    }
}

/// Takes the step that a form asks for; none where it does not say to whom it goes on.
async fn take(
    app: &App,
    caller: &Caller,
    shown: &Shown,
    filled: &Filled,
) -> Result<Option<Acted>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    if filled.step == "tell" {
        let turn = filled.turn.parse().map_err(|_| Stop::BadForm)?;
        let of = (shown.id, turn);
        let told = request::tell(app.db(), &ctx, app.keys(), app.gate(), by, of).await?;
        return Ok(Some(told.map_or_else(Acted::Refused, |told| Acted::Done(turn, told))));
    }
    let step = match filled.step.as_str() {
        "accept" => Step::Accept,
        "return" => Step::Return,
        "close" => Step::Close,
        "say" => Step::Say,
        "escalate" => Step::Escalate,
        "pass-on" => match seat(&filled.to) {
            Some(to) => Step::PassOn(to),
            None => return Ok(None),
        },
        _ => return Err(Stop::BadForm),
    };
    let (gate, what) = ((app.gate(), by), (&step, &filled.text));
    let acted = request::act(app.db(), &ctx, app.keys(), gate, shown.id, what).await?;
    Ok(Some(acted))
}

/// A role of an organisation, as a form names it: "organisation role".
pub(super) fn seat(text: &str) -> Option<HeldRole> {
    let (organisation, role) = text.split_once(' ')?;
    Some(HeldRole { organisation: organisation.parse().ok()?, role: role.parse().ok()? })
}

/// Affirms the words that were read and ticked, where they are still those; whether it did.
pub(super) async fn agree(
    app: &App,
    caller: &Caller,
    (person, (affirmed, seen)): (PersonId, (&str, &str)),
    said: &BTreeSet<Statement>,
) -> Result<bool, Stop> {
    if affirmed != "yes" || seen != affirm::digest(said) {
        return Ok(false);
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    affirmation::affirm(app.db(), &ctx, by, person, said).await?;
    Ok(true)
}

/// Where something may go from the reader: each role with the words for it.
pub(super) async fn destinations(
    app: &App,
    caller: &Caller,
    (purpose, kind): (&Purpose, Kind),
) -> Result<Vec<(String, String)>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let current = app.gate().current(app.db(), &ctx).await?;
    let (names, carried) = (ask::names(app).await?, kind.fields()?);
    let (from, of) = ((by.organisation.clone(), by.role.clone()), purpose.clone());
    let today = ctx.clock.today();
    // Each role of each body is asked of the gate's rule.
    let lets = tokio::task::spawn_blocking(move || {
        current.bundle.sendable((&from.0, &from.1), (&of, &[Action::Push]), today)
    });
    let lets = lets.await.map_err(|_| Stop::Fault("http.task"))?;
    let lets = lets.map_err(ken_sharing::Error::from)?;
    let all: BTreeSet<_> = lets.values().flat_map(BTreeMap::keys).collect();
    let goes = all.into_iter().filter(|to| {
        carried.iter().all(|(category, fields)| {
            let covered = lets.get(category).and_then(|receivers| receivers.get(*to));
            covered.is_some_and(|own| fields.iter().all(|field| own.contains_key(field)))
        })
    });
    let option = |(organisation, role): &(OrganisationId, RoleId)| {
        let at = compose::name_of(&names, organisation);
        (format!("{organisation} {role}"), format!("{at}: {}", words::role(role.as_str())))
    };
    let mut options: Vec<_> = goes.map(option).collect();
    options.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(options)
}

/// The organisations of which the reader's role may ask something, by what was signed.
pub(super) async fn askable(app: &App, caller: &Caller) -> Result<BTreeSet<OrganisationId>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let current = app.gate().current(app.db(), &ctx).await?;
    let mut askable = BTreeSet::new();
    for purpose in current.bundle.sent_for((&by.organisation, &by.role)) {
        for kind in Kind::ALL {
            let goes = destinations(app, caller, (&purpose, kind)).await?;
            askable.extend(goes.iter().filter_map(|(to, _)| Some(seat(to)?.organisation)));
        }
    }
    Ok(askable)
}

async fn again(
    app: &App,
    caller: &Caller,
    shown: &Shown,
    (filled, wrong): (&Filled, Wrong),
) -> Result<Response, Stop> {
    let page = page(app, caller, shown, (filled, &[wrong])).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn asked_for_words(
    app: &App,
    caller: &Caller,
    shown: &Shown,
    (filled, done, said): (&Filled, &Acted, &BTreeSet<Statement>),
) -> Response {
    let next = filled.copied(done);
    let step = step_after(done, filled);
    let hidden = vec![
        ("step", step),
        ("to", next.to.clone()),
        ("turn", next.turn.clone()),
        ("text", next.text.reveal().clone()),
        ("seen", affirm::digest(said)),
    ];
    // Ticked, and other words than were read: they are shown again.
    let wrongs: &[Wrong] = &[Wrong::new("affirmed", "Affirm the words, or go back")];
    let wrongs = if filled.seen.is_empty() { &[] } else { wrongs };
    let at = format!("/w/requests/{}", shown.id);
    let main = show::words(said, (&at, &hidden), wrongs, caller.csrf());
    let frame = caller.frame(app.site(), "Before it goes").at("/w/requests");
    let status = if wrongs.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, frame.page(&main)).into_response()
}

async fn page(
    app: &App,
    caller: &Caller,
    shown: &Shown,
    (filled, wrongs): (&Filled, &[Wrong]),
) -> Result<Markup, Stop> {
    let ctx = app.ctx(caller.request());
    let (names, other) = (ask::names(app).await?, show::other(shown, caller.acting()?));
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((lines(s, shown, &names).await?, organisation::find(s, other).await?))
    };
    let (lines, desk) = app.db().snapshot("http.request", read).await?;
    let onward = if shown.side == Some(Side::Holder) && !shown.standing.is_over() {
        destinations(app, caller, (&shown.purpose, shown.kind)).await?
    } else {
        vec![]
    };
    let view = View {
        shown,
        lines,
        onward,
        from: compose::name_of(&names, &shown.standing.sender.1.organisation),
        to: compose::name_of(&names, &shown.standing.holder.organisation),
        desk: desk.map_or_else(String::new, |of| format!("{}: {}", of.name, of.contact_phone)),
        now: ctx.clock.now(),
        receipts: ask::receipts(app, [(shown.person, shown.entry)]).await?,
    };
    let main = show::one(&view, (filled, wrongs), caller.csrf());
    let frame = caller.frame(app.site(), "Request for assistance").at("/w/requests");
    Ok(frame.page(&main))
}

/// The turns with who took each.
async fn lines(s: &mut Snapshot, shown: &Shown, names: &ask::Names) -> Result<Vec<Line>, Stop> {
    let mut lines = vec![];
    for turn in &shown.turns {
        let who = match &turn.by {
            Some(by) => {
                let found = practitioner::find(s, by.practitioner).await?;
                let name = found.map(|found| found.name).unwrap_or_default();
                let at = compose::name_of(names, &by.held.organisation);
                format!("{name}, {}, {at}", words::role(by.held.role.as_str()))
            }
            None => "Nobody: the day is over".to_owned(),
        };
        let to = turn.to.as_ref().map(|to| compose::name_of(names, to));
        lines.push(Line { who, to });
    }
    Ok(lines)
}
