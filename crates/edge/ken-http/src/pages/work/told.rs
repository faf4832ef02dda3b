//! `/w/p/{person}/told`: what was said about somebody by word of mouth, recorded afterwards.
//!
//! # Invariants
//!
//! - The page shows nothing of the person, and its answer is the same for whomever it is about,
//!   whether or not a clause covered what was said.
//! - Two answers are enough: with whom, and about what. Everything else has a usual one.
//! - Nothing that was said is refused.

mod show;

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use ken_care::told::{self, How, NewTold, Outcome, With};
use ken_core::{Category, OrganisationId, PersonId, Purpose, RoleId, Sensitive};
use ken_sharing::Action;
use ken_store::Snapshot;
use maud::Markup;
use serde::Deserialize;

use super::affirm;
use super::requests::seat;
use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::form::Wrong;
use crate::view::words;

use show::View;

/// What stands for somebody who is of no organisation here.
const OUTSIDE: &str = "outside";

/// What the address carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
}

/// What the form carries.
#[derive(Debug, Default)]
struct Filled {
    purpose: Option<Purpose>,
    step: String,
    to: String,
    outside: Sensitive<String>,
    about: BTreeSet<Category>,
    way: String,
    how: String,
    when: String,
    seen: String,
    affirmed: String,
}

/// `GET /w/p/{person}/told`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Markup, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let filled = Filled { purpose: wanted.purpose, ..Filled::default() };
    page(&app, &caller, person, (filled, &[])).await
}

/// `POST /w/p/{person}/told`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(pairs): Sent<Vec<(String, String)>>,
) -> Result<Response, Stop> {
    let person: PersonId = person.parse().map_err(|_| Stop::NotFound)?;
    let filled = Filled::of(pairs);
    let new = match filled.told(person, app.ctx(caller.request()).clock.now()) {
        Ok(new) => new,
        Err(wrongs) => return again(&app, &caller, person, (filled, &wrongs)).await,
    };
    let mut outcome = record(&app, &caller, &new, filled.step == "anyway").await?;
    if let Outcome::Words(said) = &outcome {
        // The words that were read and ticked, where they are still those: of that moment alone.
        if filled.affirmed == "yes" && filled.seen == affirm::digest(said) {
            let new = NewTold { affirmed: said.clone(), ..new.clone() };
            outcome = record(&app, &caller, &new, false).await?;
        }
    }
    let frame = caller.frame(app.site(), "Told by word of mouth").at("/w/find");
    match outcome {
        Outcome::Recorded(_) => {
            let main = show::done(person, &new.purpose);
            Ok(frame.page(&main).into_response())
        }
        Outcome::Words(said) => {
            let wrongs = [Wrong::new("affirmed", "Affirm the words, or record it as it was")];
            let wrongs = if filled.seen.is_empty() { &[][..] } else { &wrongs };
            let status = match wrongs {
                [] => StatusCode::OK,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let main = show::words(&said, (person, &filled), wrongs, caller.csrf());
            Ok((status, frame.page(&main)).into_response())
        }
        Outcome::Unfit => {
            let wrongs = [Wrong::new("when", "Say with whom, about what, and when within a month")];
            again(&app, &caller, person, (filled, &wrongs)).await
        }
        Outcome::TooMany => {
            let wrongs = [Wrong::new("to", "You recorded too much today: tell your data team")];
            again(&app, &caller, person, (filled, &wrongs)).await
        }
    }
}

async fn record(
    app: &App,
    caller: &Caller,
    new: &NewTold,
    as_it_is: bool,
) -> Result<Outcome, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let what = (new, as_it_is);
    Ok(told::record(app.db(), &ctx, app.keys(), app.gate(), by, what).await?)
}

async fn again(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (filled, wrongs): (Filled, &[Wrong]),
) -> Result<Response, Stop> {
    let page = page(app, caller, person, (filled, wrongs)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

impl Filled {
    /// Several boxes of one name may be ticked.
    fn of(pairs: Vec<(String, String)>) -> Self {
        let mut filled = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "purpose" => filled.purpose = value.parse().ok(),
                "step" => filled.step = value,
                "to" => filled.to = value,
                "outside" => filled.outside = Sensitive::new(value),
                "about" if filled.about.len() < told::KINDS_MAX => {
                    filled.about.extend(value.parse::<Category>().ok());
                }
                "way" => filled.way = value,
                "how" => filled.how = value,
                "when" => filled.when = value,
                "seen" => filled.seen = value,
                "affirmed" => filled.affirmed = value,
                _ => {}
            }
        }
        filled
    }

    /// What is recorded, or what must be put right first.
    fn told(&self, person: PersonId, now: Timestamp) -> Result<NewTold, Vec<Wrong>> {
        let mut wrongs = vec![];
        let with = match self.to.as_str() {
            OUTSIDE => {
                let typed = self.outside.reveal().trim().chars().count();
                let fits = (1..=told::WORDS_LEN_MAX).contains(&typed);
                fits.then(|| With::Outside(self.outside.clone()))
            }
            to => seat(to).map(With::Role).or_else(|| to.parse().ok().map(With::Organisation)),
        };
        if with.is_none() {
            let field = if self.to == OUTSIDE { "outside" } else { "to" };
            wrongs.push(Wrong::new(field, "Say with whom you spoke, in up to 500 characters"));
        }
        if self.about.is_empty() {
            wrongs.push(Wrong::new("about", "Choose what it was about"));
        }
        let how = if self.how.is_empty() { Some(How::Telephone) } else { How::of_code(&self.how) };
        if how.is_none() {
            wrongs.push(Wrong::new("how", "Choose how you spoke"));
        }
        let at = moment(&self.when, now);
        if at.is_err() {
            wrongs.push(Wrong::new("when", "Write the time as 14:30, or 2026-03-14 14:30"));
        }
        let (Some(with), Some(how), Ok(at), Some(purpose), true) =
            (with, how, at, self.purpose.clone(), wrongs.is_empty())
        else {
            return Err(wrongs);
        };
        let (categories, is_heard) = (self.about.clone(), self.way == "heard");
        let affirmed = BTreeSet::new();
        Ok(NewTold { person, with, is_heard, how, purpose, categories, at, affirmed })
    }

    /// The answers, carried on to the next page.
    fn carried(&self, step: &str) -> Vec<(&'static str, String)> {
        let purpose = self.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut carried = vec![
            ("step", step.to_owned()),
            ("purpose", purpose),
            ("to", self.to.clone()),
            ("outside", self.outside.reveal().clone()),
            ("way", self.way.clone()),
            ("how", self.how.clone()),
            ("when", self.when.clone()),
        ];
        carried.extend(self.about.iter().map(|kind| ("about", kind.to_string())));
        carried
    }
}

/// A moment as it is typed: nothing for now, a time of today, or a day and a time.
fn moment(typed: &str, now: Timestamp) -> Result<Option<Timestamp>, jiff::Error> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let at = match typed.parse::<DateTime>() {
        Ok(at) => at,
        Err(_) => words::local(now).date().to_datetime(typed.parse::<Time>()?),
    };
    Ok(Some(at.to_zoned(TimeZone::get("Europe/London")?)?.timestamp()))
}

async fn page(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (mut filled, wrongs): (Filled, &[Wrong]),
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let current = app.gate().current(app.db(), &ctx).await?;
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((told::usual(s, by).await?, ask::names_in(s).await?))
    };
    let (usual, names) = app.db().snapshot("http.told", read).await?;
    // All of them: what was said may have been for anything and of anything, in an emergency too.
    let (mut purposes, mut kinds, mut whom) = (current.bundle.purposes(), vec![], vec![]);
    purposes.retain(|of| ![ask::OWN_WORK, ask::OWN_RECORD].contains(&of.as_str()));
    purposes.extend(filled.purpose.clone());
    if let Some(purpose) = &filled.purpose {
        let usual = current.bundle.kinds_for(purpose);
        let others = current.bundle.dictionary().categories();
        let others = others.filter(|kind| !usual.contains(*kind) && kind.as_str() != "aggregate");
        let all = usual.iter().chain(others);
        kinds = all.map(|kind| (kind.to_string(), words::category(kind))).collect();
        whom = addressees(app, caller, purpose, &names).await?;
    }
    let purposes = purposes.iter().map(|of| (of.to_string(), words::purpose(of))).collect();
    if let Some((held, how)) = usual {
        let last = held.map(|held| format!("{} {}", held.organisation, held.role));
        let is_there = |last: &String| whom.iter().any(|(value, _)| value == last);
        if let Some(last) = last.filter(|last| filled.to.is_empty() && is_there(last)) {
            filled.to = last;
        }
        if filled.how.is_empty() {
            how.code().clone_into(&mut filled.how);
        }
    }
    let view = View { person, purposes, kinds, whom };
    let main = show::show(&view, (&filled, wrongs), caller.csrf());
    Ok(caller.frame(app.site(), "Told by word of mouth").at("/w/find").page(&main))
}

/// With whom somebody may have spoken: the roles to which a clause lets them send for a purpose,
/// every organisation, and whoever is outside.
async fn addressees(
    app: &App,
    caller: &Caller,
    purpose: &Purpose,
    names: &ask::Names,
) -> Result<Vec<(String, String)>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?.clone());
    let current = app.gate().current(app.db(), &ctx).await?;
    let (of, today, own) = (purpose.clone(), ctx.clock.today(), by.organisation.clone());
    // Each role of each body is asked of the gate's rule.
    let lets = tokio::task::spawn_blocking(move || {
        let how = [Action::Push, Action::Answer, Action::Alert];
        current.bundle.sendable((&by.organisation, &by.role), (&of, &how), today)
    });
    let lets = lets.await.map_err(|_| Stop::Fault("http.task"))?;
    let lets = lets.map_err(ken_sharing::Error::from)?;
    let seats: BTreeSet<&(OrganisationId, RoleId)> =
        lets.values().flat_map(BTreeMap::keys).collect();
    let seat = |(organisation, role): &(OrganisationId, RoleId)| {
        let at = compose::name_of(names, organisation);
        (format!("{organisation} {role}"), format!("{at}: {}", words::role(role.as_str())))
    };
    let mut whom: Vec<_> = seats.into_iter().map(seat).collect();
    let others = names.iter().filter(|(id, _)| **id != own);
    whom.extend(others.map(|(id, name)| (id.to_string(), format!("{name}: somebody else there"))));
    whom.sort_by(|one, other| one.1.cmp(&other.1));
    whom.push((OUTSIDE.to_owned(), "Somebody outside: say who below".to_owned()));
    Ok(whom)
}
