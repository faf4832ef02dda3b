//! `/w/p/{person}/live`: what sources that keep their own record say at this moment, each with the
//! time at which it was asked.
//!
//! # Invariants
//!
//! - Asked is only a source of which this page shows the reader something already: that a source
//!   knows the person is told by no answer, no silence and no delay.
//! - The gate decides first, for the kinds of information that a source is asked for; where no
//!   clause covers any of them the source is not asked, and its panel is absent.
//! - Each source has its own time, and one that fails takes nothing from another. Nothing of an
//!   answer is kept.
//!
//! Source: E31; ADR 73.

mod show;

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use ken_agreement::Action;
use ken_core::{Ctx, EntryId, OrganisationId, PersonId, Purpose};
use ken_directory::organisation;
use ken_hub::portal::Outcome;
use ken_records::{PART_MAX, Part, disclose_asked};
use ken_sharing::gate::{self, Caller as Asker};
use ken_sharing::{Decision, Permit, Question};
use ken_store::Snapshot;
use serde::Deserialize;

pub(super) use self::show::way;
use self::show::{Said, Told};
use super::because::{self, Because};
use super::refusal::{self, Asked};
use super::{affirm, person};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Begun, Names, Shown};
use crate::pages::compose;
use crate::stop::Stop;

/// What the address carries: words of the dictionary, and a body, but nothing of the person.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
    /// The one source to ask again; all of them where it is left out.
    source: Option<OrganisationId>,
}

/// `GET /w/p/{person}/live`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person: PersonId = person.parse().map_err(|_| Stop::NotFound)?;
    let Some(purpose) = wanted.purpose else {
        // A purpose is chosen where a person's pages begin.
        return Ok(Redirect::to(&format!("/w/p/{person}")).into_response());
    };
    let begun = person::begin(&app, &caller, person).await?;
    let of = (Action::View, &purpose, &Part::default());
    match person::decide(&app, &caller, person, of, &begun).await? {
        Ok(Answer::Shown(shown)) => {
            let of = (person, purpose, wanted.source);
            Box::pin(page(&app, &caller, of, (shown, begun))).await
        }
        Ok(Answer::Words(said)) => {
            affirm::page(&app, &caller, person, (&purpose, None), (&said, false)).await
        }
        Ok(Answer::Refused) => Ok(refusal::page(&app, &caller, &Asked::Address(person))),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// The sources that can be asked: of each, the ids under which what the reader sees of it lies.
/// What one's own organisation holds is in its own system.
fn offered(
    app: &App,
    caller: &Caller,
    purpose: &Purpose,
    shown: &Shown,
) -> Result<BTreeMap<OrganisationId, BTreeSet<PersonId>>, Stop> {
    let own = &caller.acting()?.organisation;
    if purpose.as_str() == ask::OWN_WORK {
        return Ok(BTreeMap::new());
    }
    let of = |id: &OrganisationId| {
        let held = shown.held.iter().filter(|held| held.source == *id);
        let people: BTreeSet<PersonId> = held.map(|held| held.person).collect();
        let is_covered = !app.portal().categories(id).is_disjoint(&shown.covered);
        (is_covered && !people.is_empty()).then(|| (id.clone(), people))
    };
    let others = app.portal().organisations().filter(|id| *id != own);
    Ok(others.filter_map(of).collect())
}

/// The names of the sources that can be asked, for the way to this page.
///
/// # Errors
///
/// Where nobody acts.
pub(super) fn names(
    app: &App,
    caller: &Caller,
    purpose: &Purpose,
    (shown, names): (&Shown, &Names),
) -> Result<Vec<String>, Stop> {
    let offered = offered(app, caller, purpose, shown)?;
    Ok(offered.keys().map(|id| compose::name_of(names, id)).collect())
}

async fn page(
    app: &App,
    caller: &Caller,
    (person, purpose, only): (PersonId, Purpose, Option<OrganisationId>),
    (mut shown, begun): (Shown, Begun),
) -> Result<Response, Stop> {
    let ctx = app.ctx(caller.request());
    let above = person::above(app, caller, person, (&shown, &begun));
    let mut offered = offered(app, caller, &purpose, &shown)?;
    offered.retain(|id, _| only.as_ref().is_none_or(|only| only == id));
    let (answers, entries) = ask_all(app, &ctx, caller, &purpose, &offered).await?;
    let of = shown.entries.first().map(|(id, _)| *id);
    shown.entries.extend(entries.into_iter().filter(|(id, _)| Some(*id) == of));
    let current = match shown.policies.take() {
        Some(current) => current,
        None => app.gate().current(app.db(), &ctx).await?,
    };
    let because = because::of(&current.bundle, caller, purpose.clone(), &shown);
    let why = |clause: &ken_core::ClauseId| ask::clause_words(&current.bundle, clause);
    let view = show::View {
        person,
        purpose,
        // The words that would show more stand on the overview.
        because: because::shown(&Because { is_more: false, ..because }),
        told: told(answers, &phones(app).await?, &begun.names, (&why, ctx.clock.today())),
        is_one: only.is_some(),
        reference: caller.request().to_string(),
        receipts: ask::receipts(app, std::mem::take(&mut shown.entries)).await?,
    };
    let frame = caller.frame(app.site(), "What they say now").at("/w/find").under(above);
    Ok(frame.page(&show::page(&view)).into_response())
}

/// What came of asking one source under one id, and when.
struct Came {
    source: OrganisationId,
    at: Timestamp,
    said: Said,
    held: Vec<compose::Held>,
}

/// Asks each source, all at once, of each id under which the reader sees something of it. Each
/// decision is entered before its source is asked; all answers are opened at one moment, when the
/// last has come, so that none is shown of somebody who objected meanwhile.
async fn ask_all(
    app: &App,
    ctx: &Ctx<'_>,
    caller: &Caller,
    purpose: &Purpose,
    offered: &BTreeMap<OrganisationId, BTreeSet<PersonId>>,
) -> Result<(Vec<Came>, BTreeSet<(PersonId, EntryId)>), Stop> {
    let by = Asker::Practitioner(caller.acting()?);
    let (mut asked, mut permits) = (vec![], vec![]);
    for (id, people) in offered {
        asked.extend(people.iter().map(|person| (id, *person)));
    }
    for (source, person) in asked {
        let question = Question {
            person,
            sources: BTreeSet::from([source.clone()]),
            action: Action::View,
            purpose: purpose.clone(),
            categories: app.portal().categories(source),
            before: None,
        };
        let of = (app.gate(), by);
        let decided = gate::decide_asking(app.db(), ctx, app.keys(), of, &question).await?;
        permits.extend(decided.into_values().filter_map(|decision| match decision {
            Decision::Permit(permit) => Some(permit).filter(Permit::asks),
            Decision::Need(_) | Decision::Deny(_) => None,
        }));
    }
    let entries = permits.iter().map(|permit| (permit.person(), permit.entry())).collect();
    let answers = try_join_all(permits.iter().map(|permit| ask_one(app, ctx, permit))).await?;
    let mut came = vec![];
    for (permit, (at, outcome)) in permits.into_iter().zip(answers) {
        came.extend(opened(app, ctx, permit, (at, outcome)).await?);
    }
    Ok((came, entries))
}

/// Asks the source of a permit, and says when that was.
async fn ask_one(app: &App, ctx: &Ctx<'_>, permit: &Permit) -> Result<(Timestamp, Outcome), Stop> {
    let outcome = app.portal().ask(app.db(), ctx.clock, permit).await?;
    Ok((ctx.clock.now(), outcome))
}

/// What may be seen of what came; nothing where the source was not asked.
async fn opened(
    app: &App,
    ctx: &Ctx<'_>,
    permit: Permit,
    (at, outcome): (Timestamp, Outcome),
) -> Result<Option<Came>, Stop> {
    let (person, source) = (permit.person(), permit.source().clone());
    let (said, held) = match outcome {
        Outcome::NotAsked => return Ok(None),
        Outcome::Silent => (Said::Silent, vec![]),
        Outcome::Resting => (Said::Resting, vec![]),
        Outcome::Wrong => (Said::Wrong, vec![]),
        Outcome::Answered(answered) => {
            match disclose_asked(app.db(), ctx, permit, answered).await {
                Ok(seen) => (Said::Answered, compose::answered(person, (&source, at), seen)),
                Err(ken_records::Error::Stale) => (Said::Changed, vec![]),
                Err(error) => return Err(error.into()),
            }
        }
    };
    Ok(Some(Came { source, at, said, held }))
}

/// The number that each organisation gives to everybody.
async fn phones(app: &App) -> Result<Names, Stop> {
    let read = async |s: &mut Snapshot| organisation::list(s).await;
    let listed = app.db().snapshot("http.organisations", read).await?;
    Ok(listed.into_iter().map(|one| (one.id, one.contact_phone)).collect())
}

/// Why a clause lets somebody see something, in words; and today.
type Words<'a> = (&'a dyn Fn(&ken_core::ClauseId) -> String, jiff::civil::Date);

/// What each source said, in its parts. What it said under several ids is one answer, with what
/// came under each and the worst that is to be said of any.
fn told(came: Vec<Came>, phones: &Names, names: &Names, (why, today): Words<'_>) -> Vec<Told> {
    let mut sources: BTreeMap<OrganisationId, (Timestamp, Said, Vec<compose::Held>)> =
        BTreeMap::new();
    for one in came {
        let new = || (one.at, one.said, vec![]);
        let (at, said, held) = sources.entry(one.source).or_insert_with(new);
        (*at, *said) = ((*at).max(one.at), (*said).max(one.said));
        held.extend(one.held);
    }
    let mut told: Vec<_> = sources
        .into_iter()
        .map(|(id, (at, said, held))| Told {
            name: compose::name_of(names, &id),
            phone: phones.get(&id).cloned().unwrap_or_default(),
            source: id,
            at,
            said,
            alerts: compose::alerts(&held, names),
            boxes: compose::asides(&held, today),
            events: compose::events(&held, names, why)
                .into_iter()
                .take(PART_MAX)
                .map(|one| one.event)
                .collect(),
        })
        .collect();
    told.sort_by(|one, other| one.name.cmp(&other.name));
    told
}
