//! `/w/p/{person}/team`: who coordinates a person's care, and whom they have let into the team.
//!
//! # Invariants
//!
//! - What is read here is asked of the gate under one id and for one kind of information; whoever
//!   may not read it gets the refusal that anybody gets, with each form too.
//! - Who was let in is in no shared record: who coordinates reads of everybody, anybody else of
//!   themselves and of those whom their own organisation let in; no body is told of another's.
//! - What the person answered is told to those alone whom it is for ([`ken_care::role::answer`]).
//! - Who may change what is for [`ken_care`] to say; the page only repeats it in words.
//! - An address carries words of the dictionary alone: whom a form names stands in the form.

mod said;
mod show;

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_agreement::Action;
use ken_care::role::{self, Change, Contact, Holder, Kind};
use ken_care::team::{self, KINDS, Member, NewMember};
use ken_core::{Ctx, OrganisationId, PersonId, PractitionerId, Purpose, RoleId, Sensitive};
use ken_directory::{Acting, HeldRole, practitioner};
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use serde::Deserialize;

use super::refusal::{self, Asked};
use super::{affirm, whom};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Names, Shown};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::form::Wrong;

use show::{Let, Offered, Staff, View};

/// What the address carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
    organisation: Option<OrganisationId>,
}

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    purpose: Option<Purpose>,
    organisation: Option<OrganisationId>,
    #[serde(default)]
    step: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    change: String,
    #[serde(default)]
    holds: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    whom: String,
    #[serde(default)]
    offer: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    told: Sensitive<String>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    member: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    hours: String,
    #[serde(default)]
    cover: String,
    #[serde(default)]
    reason: Sensitive<String>,
    #[serde(default)]
    why: Sensitive<String>,
    #[serde(default)]
    because: Sensitive<String>,
}

/// `GET /w/p/{person}/team`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let filled =
        Filled { purpose: wanted.purpose, organisation: wanted.organisation, ..Filled::default() };
    match begin(&app, &caller, person, &filled).await? {
        Ok(read) => Ok(page(&app, &caller, read, (&filled, &[])).await?.into_response()),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /w/p/{person}/team`: a turn of a role, an answer to an offer, somebody let in or out.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let read = match begin(&app, &caller, person, &filled).await? {
        Ok(read) => read,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let done = match filled.step.as_str() {
        "role" => turn(&app, &caller, person, &filled).await?,
        "answer" => answer(&app, &caller, person, &filled).await?,
        "in" => let_in(&app, &caller, person, &filled).await?,
        "out" => let_out(&app, &caller, person, &filled).await?,
        _ => return Err(Stop::BadForm),
    };
    match done {
        Ok(done) => {
            let main = show::done(done, person, &read.purpose);
            let frame = caller.frame(app.site(), "The team").at("/w/find");
            Ok(frame.page(&main).into_response())
        }
        Err(wrong) => {
            let page = page(&app, &caller, read, (&filled, &[wrong])).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// What may be read.
struct Read {
    person: PersonId,
    purpose: Purpose,
    names: Names,
    shown: Shown,
}

/// Asks for the one kind of information that the page is of, under this id alone, and beside it
/// what the reader's own organisation holds of it, which no agreement speaks of. `Err` leads to
/// where anybody is led who may not, or not yet, read it.
async fn begin(
    app: &App,
    caller: &Caller,
    person: PersonId,
    filled: &Filled,
) -> Result<Result<Read, Response>, Stop> {
    // Own work is with one's own records, and an emergency is no time to make a team.
    let purpose = filled.purpose.clone();
    let purpose = purpose.filter(|one| ![ask::OWN_WORK, ask::VITAL].contains(&one.as_str()));
    let Some(purpose) = purpose else {
        return Ok(Err(Redirect::to(&format!("/w/p/{person}")).into_response()));
    };
    let names = ask::names(app).await?;
    let asked = Ask {
        by: Asker::Practitioner(caller.acting()?),
        person,
        action: Action::View,
        purpose: purpose.clone(),
        sources: names.keys().cloned().collect(),
        only: Some(BTreeSet::from([ask::named_person()?])),
        part: Part::default(),
    };
    let (ctx, own) = (app.ctx(caller.request()), Some(caller.acting()?));
    match ask::answer(app, &ctx, &asked, &[person], own).await? {
        Answer::Shown(shown) => Ok(Ok(Read { person, purpose, names, shown })),
        Answer::Words(said) => {
            let of = (&purpose, None);
            Ok(Err(affirm::page(app, caller, person, of, (&said, false)).await?))
        }
        Answer::Refused => Ok(Err(refusal::page(app, caller, &Asked::Address(person)))),
    }
}

async fn page(
    app: &App,
    caller: &Caller,
    read: Read,
    (filled, wrongs): (&Filled, &[Wrong]),
) -> Result<maud::Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let Read { person, purpose, names, shown } = read;
    let at = filled.organisation.clone().filter(|at| names.contains_key(at));
    let at = at.unwrap_or_else(|| by.organisation.clone());
    let above = whom::above(app, caller, (person, &purpose), &shown.clauses).await?;
    let bundle = app.gate().current(app.db(), &ctx).await?;
    let today = ctx.clock.today();
    let is_carer =
        |role: &RoleId| KINDS.iter().any(|kind| bundle.bundle.rests_on(kind, (&at, role), today));
    let read = async |s: &mut Snapshot| {
        let found = found(s, &ctx, by, (person, &at), &is_carer).await?;
        Ok::<_, Stop>((found, said::read(app, s, &ctx, (by, person), &names).await?))
    };
    let (found, said) = app.db().snapshot("http.team", read).await?;
    let Found { coordinates, members, offered, holds, staff } = found;
    let of = |id: &OrganisationId| compose::name_of(&names, id);
    let view = View {
        person,
        purpose,
        who: compose::who(&shown.held, today),
        members: members
            .into_iter()
            .map(|(name, one)| Let {
                id: one.id,
                name,
                is_own: one.is(by),
                organisation: of(&one.organisation),
                role: one.role,
                until: one.until,
            })
            .collect(),
        offered: offered
            .into_iter()
            .map(|(name, kind, holder)| Offered {
                kind,
                id: holder.practitioner,
                name,
                organisation: of(&holder.organisation),
            })
            .collect(),
        said,
        coordinates,
        holds,
        staff: staff.into_iter().map(|(id, name, role)| Staff { id, name, role }).collect(),
        names: names.iter().map(|(id, name)| (id.to_string(), name.clone())).collect(),
        at,
        receipts: ask::receipts(app, shown.entries).await?,
    };
    let main = show::show(&view, (filled, wrongs), caller.csrf());
    Ok(caller.frame(app.site(), "The team").at("/w/find").under(above).page(&main))
}

/// What stands beside what was disclosed.
struct Found {
    coordinates: bool,
    members: Vec<(String, Member)>,
    offered: Vec<(String, Kind, Holder)>,
    holds: Vec<(Kind, PractitionerId)>,
    staff: Vec<(PractitionerId, String, RoleId)>,
}

async fn found(
    s: &mut Snapshot,
    ctx: &Ctx<'_>,
    by: &Acting,
    (person, at): (PersonId, &OrganisationId),
    is_carer: &(dyn Fn(&RoleId) -> bool + Sync),
) -> Result<Found, Stop> {
    let coordinates = team::coordinates(s, person, by).await?;
    let mut members = vec![];
    for one in team::known_to(s, ctx, by, person).await? {
        members.push((called(s, one.practitioner).await?, one));
    }
    let mut offered = vec![];
    for (kind, holder) in role::offered(s, ctx, by, person).await? {
        offered.push((called(s, holder.practitioner).await?, kind, holder));
    }
    let staff = practitioner::staff_in(s, ctx, at, is_carer).await?;
    let holds = role::held(s, ctx, by, person).await?;
    Ok(Found { coordinates, members, offered, holds, staff })
}

/// What somebody is called.
async fn called(s: &mut Snapshot, id: PractitionerId) -> Result<String, Stop> {
    let found = practitioner::find(s, id).await?;
    Ok(found.map(|found| found.name).unwrap_or_default())
}

/// Whom a form names: "practitioner role", at the organisation beside it.
fn named(filled: &Filled, who: &str) -> Option<(PractitionerId, HeldRole)> {
    let (who, role) = who.split_once(' ')?;
    let organisation = filled.organisation.clone()?;
    Some((who.parse().ok()?, HeldRole { organisation, role: role.parse().ok()? }))
}

/// Who held a role when the page was shown, of "role practitioner, role practitioner".
fn holds(filled: &Filled, kind: Kind) -> Option<PractitionerId> {
    let pairs = filled.holds.split(", ").filter_map(|pair| pair.split_once(' '));
    pairs.filter(|(of, _)| *of == kind.code()).find_map(|(_, whom)| whom.parse().ok())
}

/// What was done, or what must be put right.
type Done = Result<show::Done, Wrong>;

async fn turn(app: &App, caller: &Caller, person: PersonId, filled: &Filled) -> Result<Done, Stop> {
    let Some(kind) = Kind::of_code(&filled.role) else {
        return Ok(Err(Wrong::new("role", "Choose which role")));
    };
    let named = named(filled, &filled.who).map(|(practitioner, held)| Holder {
        practitioner,
        organisation: held.organisation,
        role: held.role,
        contact: Contact {
            phone: filled.phone.trim().to_owned(),
            address: filled.address.trim().to_owned(),
            hours: filled.hours.trim().to_owned(),
            cover: filled.cover.trim().to_owned(),
        },
    });
    let change = match (filled.change.as_str(), named) {
        ("offer", Some(holder)) => Change::Offer(holder),
        ("set", Some(holder)) => Change::Set(holder),
        ("offer" | "set", None) => return Ok(Err(Wrong::new("who", "Choose who"))),
        ("none", _) => Change::ChoseNobody(holds(filled, kind)),
        ("end", _) => match holds(filled, kind) {
            Some(holder) => Change::End(holder),
            None => return Ok(Err(show::role_refused(role::Refused::NotHolder))),
        },
        _ => return Ok(Err(Wrong::new("change", "Choose what changes"))),
    };
    let done = record(app, caller, (person, kind), (&change, &filled.reason)).await?;
    Ok(done.map_err(show::role_refused))
}

/// What became of an offer: "role practitioner" says whose.
async fn answer(
    app: &App,
    caller: &Caller,
    person: PersonId,
    filled: &Filled,
) -> Result<Done, Stop> {
    let offer = filled.offer.split_once(' ');
    let offer =
        offer.and_then(|(kind, whom)| Kind::of_code(kind).zip(whom.parse::<PractitionerId>().ok()));
    let Some((kind, whom)) = offer else {
        return Ok(Err(Wrong::new("offer", "Choose whose offer")));
    };
    let change = match filled.answer.as_str() {
        "accept" => Change::Accept(whom),
        "decline" => Change::Decline(whom),
        "take-back" => Change::TakeBack(whom),
        _ => return Ok(Err(Wrong::new("answer", "Choose what became of it"))),
    };
    let done = record(app, caller, (person, kind), (&change, &filled.told)).await?;
    Ok(done.map_err(show::answer_refused))
}

async fn record(
    app: &App,
    caller: &Caller,
    of: (PersonId, Kind),
    what: (&Change, &Sensitive<String>),
) -> Result<Result<show::Done, role::Refused>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let told = role::change(app.db(), &ctx, app.keys(), by, of, what).await?;
    Ok(told.map(|_| show::Done::Role))
}

async fn let_in(
    app: &App,
    caller: &Caller,
    person: PersonId,
    filled: &Filled,
) -> Result<Done, Stop> {
    let Some((practitioner, held)) = named(filled, &filled.whom) else {
        return Ok(Err(Wrong::new("whom", "Choose who")));
    };
    let Ok(days) = filled.days.parse() else {
        return Ok(Err(Wrong::new("days", "Choose for how long")));
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let bundle = app.gate().current(app.db(), &ctx).await?;
    let (kind, why) = (filled.kind.as_str(), &filled.why);
    let new = NewMember { kind, practitioner, held, days, why };
    let of = (by, &bundle.bundle);
    let told = team::grant(app.db(), &ctx, app.keys(), of, person, &new).await?;
    Ok(told.map(|_| show::Done::In).map_err(show::team_refused))
}

async fn let_out(
    app: &App,
    caller: &Caller,
    person: PersonId,
    filled: &Filled,
) -> Result<Done, Stop> {
    let Ok(member) = filled.member.parse() else {
        return Ok(Err(Wrong::new("member", "Choose who")));
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let told = team::end(app.db(), &ctx, app.keys(), by, (person, member), &filled.because).await?;
    Ok(told.map(|()| show::Done::Out).map_err(show::team_refused))
}
