//! `/my/team`: who brings my help together, who is offered to do so, and whom they have let in.
//!
//! # Invariants
//!
//! - Who holds a role is asked of the gate, as all of one's own record is; nothing else is read, or
//!   answered, where that is refused.
//! - What was done while somebody might be harmed by it is not told here, then or later.
//! - An answer names whose offer it is of: an older page answers no other.

mod show;

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Action;
use ken_care::role::answer::{self, Answer as Says};
use ken_care::role::{Kind, Refused};
use ken_care::team;
use ken_core::{PractitionerId, Sensitive};
use ken_directory::practitioner;
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use maud::Markup;
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::form::Wrong;
use crate::view::words;

use show::{Member, Offer, Team};

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    offer: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    told: Sensitive<String>,
}

/// `GET /my/team`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let team = read(&app, &caller).await?;
    Ok(page(&app, &caller, team.as_ref(), (&Filled::default(), &[])))
}

/// `POST /my/team`: what the person says to an offer.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let Some(team) = read(&app, &caller).await? else {
        return Ok(page(&app, &caller, None, (&filled, &[])).into_response());
    };
    let offer = filled
        .offer
        .split_once(' ')
        .and_then(|(kind, whom)| Kind::of_code(kind).zip(whom.parse::<PractitionerId>().ok()));
    let (kind, whom) = offer.ok_or(Stop::BadForm)?;
    let says = match filled.answer.as_str() {
        "yes" => Ok(Says::Accept(whom)),
        "no" => Ok(Says::Decline(whom)),
        _ if !team.offers.iter().any(|one| one.value() == filled.offer) => {
            Err(wrong(Refused::NothingOffered))
        }
        _ => Err(Wrong::new("answer", "Choose yes or no")),
    };
    let done = match says {
        Ok(says) => {
            let (ctx, of) = (app.ctx(caller.request()), (caller.own()?, kind));
            let (account, what) = (caller.session().account, (says, &filled.told));
            let told = answer::answer(app.db(), &ctx, app.keys(), account, of, what).await?;
            told.map(|_| matches!(says, Says::Accept(_))).map_err(wrong)
        }
        Err(wrong) => Err(wrong),
    };
    match done {
        Ok(is_accepted) => {
            let main = show::done(is_accepted);
            Ok(caller.frame(app.site(), "My team").at("/my").page(&main).into_response())
        }
        Err(wrong) => {
            let page = page(&app, &caller, Some(&team), (&filled, &[wrong]));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// Why an answer was not taken. Why it may not be is nothing that the person can put right.
fn wrong(refused: Refused) -> Wrong {
    match refused {
        Refused::Unfit => Wrong::new("told", "Write less: this is too long for us to keep"),
        Refused::NotTheirs
        | Refused::Oneself
        | Refused::NotInRole
        | Refused::NothingOffered
        | Refused::NotHolder
        | Refused::Unanswered
        | Refused::Already
        | Refused::TooMany => {
            Wrong::new("who", "We could not take your answer. Ask anybody who helps you")
        }
    }
}

/// What the page shows; none where the person may not read it here.
async fn read(app: &App, caller: &Caller) -> Result<Option<Team>, Stop> {
    let (ctx, person) = (app.ctx(caller.request()), caller.own()?);
    let names = ask::names(app).await?;
    let asked = Ask {
        by: Asker::Own(caller.session().account),
        person,
        action: Action::View,
        purpose: ask::purpose(ask::OWN_RECORD)?,
        sources: names.keys().cloned().collect(),
        only: Some(BTreeSet::from([ask::named_person()?])),
        part: Part::default(),
    };
    let Answer::Shown(shown) = ask::ask(app, &ctx, &asked).await? else { return Ok(None) };
    let read = async |s: &mut Snapshot| {
        let (mut members, mut offers) = (vec![], vec![]);
        let now = ctx.clock.now();
        let mut all = team::shown(s, &ctx, person).await?;
        // Before the names: nobody is looked up who is not shown.
        all.retain(|one| one.is_in(now));
        for one in all {
            members.push((called(s, one.practitioner).await?, one));
        }
        for (kind, one) in answer::to_answer(s, person).await? {
            offers.push((called(s, one.practitioner).await?, kind, one));
        }
        Ok::<_, Stop>((members, offers))
    };
    let (members, offers) = app.db().snapshot("http.own-team", read).await?;
    let day = |at| words::day_long(words::local(at).date());
    let members = members.into_iter().map(|(name, one)| Member {
        name,
        role: words::role(one.role.as_str()),
        organisation: compose::name_of(&names, &one.organisation),
        since: day(one.since),
        until: day(one.until),
    });
    let offers = offers.into_iter().map(|(name, kind, one)| Offer {
        kind,
        id: one.practitioner,
        name,
        role: words::role(one.role.as_str()),
        organisation: compose::name_of(&names, &one.organisation),
    });
    Ok(Some(Team {
        who: compose::who(&shown.held, ctx.clock.today()),
        offers: offers.collect(),
        members: members.collect(),
        receipts: ask::receipts(app, shown.entries).await?,
    }))
}

/// What somebody is called.
async fn called(s: &mut Snapshot, id: PractitionerId) -> Result<String, Stop> {
    let found = practitioner::find(s, id).await?;
    Ok(found.map(|found| found.name).unwrap_or_default())
}

fn page(app: &App, caller: &Caller, team: Option<&Team>, typed: (&Filled, &[Wrong])) -> Markup {
    let main = match team {
        Some(team) => show::show(team, typed, caller.csrf()),
        None => show::refused(),
    };
    caller.frame(app.site(), "My team").at("/my").page(&main)
}
