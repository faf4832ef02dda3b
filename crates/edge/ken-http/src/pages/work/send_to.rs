//! `/w/p/{person}/send-to`: whom to send something about a person to, now, and why them.
//!
//! # Invariants
//!
//! - Whoever may not read the person gets the refusal that anybody gets; each look is entered.
//! - Which organisations are listed depends on what was signed, on the day and on the reader's own
//!   role: on nothing that is held. What no clause gives to a body names none.
//! - Who coordinates is told as far as it was disclosed to the reader here; who was let into the
//!   team, as far as they may know of it. Where they may not, the next of the order stands.

mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::SignedDuration;
use jiff::civil::Date;
use ken_agreement::Action;
use ken_care::addressee::{self, Addressee, Known};
use ken_care::role;
use ken_core::{Category, ClauseId, Ctx, OrganisationId, PersonId, Purpose, RoleId};
use ken_directory::roster::{self, Span};
use ken_directory::{Acting, organisation, practitioner};
use ken_records::Part;
use ken_sharing::bundle::{Receivers, SENDS};
use ken_sharing::gate::{Caller as Asker, Current};
use ken_store::Snapshot;
use serde::Deserialize;

use super::affirm;
use super::refusal::{self, Asked};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Begun, Shown};
use crate::pages::compose::{self, Held};
use crate::stop::Stop;

pub(super) use show::ways;
use show::{Card, View};

/// Most organisations that are listed. House policy: a page that somebody can still search by eye.
const SHOWN_MAX: usize = 50;
/// How far ahead shifts are read: who is on duty now is all that is told.
const NOW: SignedDuration = SignedDuration::from_mins(1);

/// What the address carries: words of the dictionary, and nothing of the person.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
    #[serde(default)]
    kind: String,
}

/// `GET /w/p/{person}/send-to`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person: PersonId = person.parse().map_err(|_| Stop::NotFound)?;
    // Own work is with one's own records, and what is sent in an emergency is an emergency's.
    let purpose = wanted.purpose;
    let purpose = purpose.filter(|one| ![ask::OWN_WORK, ask::VITAL].contains(&one.as_str()));
    let Some(purpose) = purpose else {
        return Ok(Redirect::to(&format!("/w/p/{person}")).into_response());
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let begun = ask::begin(&app, &ctx, by, person).await?;
    match begin(&app, &ctx, by, (person, &purpose), &begun).await? {
        Answer::Shown(shown) => {
            let of = (person, purpose, wanted.kind.as_str());
            page(&app, &caller, of, shown, begun).await
        }
        Answer::Words(said) => {
            affirm::page(&app, &caller, person, (&purpose, None), (&said, false)).await
        }
        Answer::Refused => Ok(refusal::page(&app, &caller, &Asked::Address(person))),
    }
}

/// Asks for the name, so that it is sent about nobody else, and for who coordinates.
async fn begin(
    app: &App,
    ctx: &Ctx<'_>,
    by: &Acting,
    (person, purpose): (PersonId, &Purpose),
    begun: &Begun,
) -> Result<Answer, Stop> {
    let asked = Ask {
        by: Asker::Practitioner(by),
        person,
        action: Action::View,
        purpose: purpose.clone(),
        sources: begun.names.keys().cloned().collect(),
        only: Some(BTreeSet::from([ask::core()?, ask::named_person()?])),
        part: Part::default(),
    };
    ask::ask_beside_own(app, ctx, &asked, &begun.people, by).await
}

async fn page(
    app: &App,
    caller: &Caller,
    (person, purpose, kind): (PersonId, Purpose, &str),
    mut shown: Shown,
    Begun { names, .. }: Begun,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let current = match shown.policies.take() {
        Some(current) => current,
        None => app.gate().current(app.db(), &ctx).await?,
    };
    let (open, from) = (Arc::clone(&current), (by.organisation.clone(), by.role.clone()));
    let (of, today) = (purpose.clone(), ctx.clock.today());
    // Some hundreds of decisions: not on a thread that others wait for.
    let sendable = tokio::task::spawn_blocking(move || {
        open.bundle.sendable((&from.0, &from.1), (&of, &SENDS), today)
    });
    let sendable = sendable.await.map_err(|_| Stop::Fault("http.task"))?;
    let mut sendable = sendable.map_err(ken_sharing::Error::from)?;
    let kinds = sendable.keys().cloned().collect();
    let kind = Category::new(kind).ok().filter(|kind| sendable.contains_key(kind));
    let receivers = kind.as_ref().and_then(|kind| sendable.remove(kind));
    let listing = Listing { person, current: &current, kind: kind.as_ref(), held: &shown.held };
    let (cards, many) = match &receivers {
        Some(receivers) => listing.cards(app, &ctx, by, receivers).await?,
        None => (vec![], 0),
    };
    let named = cards.into_iter().map(|(at, card)| (compose::name_of(&names, &at), card));
    let mut cards: Vec<_> = named.collect();
    cards.sort_by(|(at, one), (to, other)| (one.place, at).cmp(&(other.place, to)));
    let view = View {
        person,
        purpose,
        name: compose::name(&shown.held),
        kinds,
        kind,
        many,
        cards,
        receipts: ask::receipts(app, shown.entries).await?,
    };
    let frame = caller.frame(app.site(), "Who should I send this to?").at("/w/find");
    Ok(frame.page(&show::show(&view)).into_response())
}

/// One organisation's roles that may have it, and the clauses that give it.
#[derive(Debug, Default)]
struct To {
    roles: BTreeSet<RoleId>,
    clauses: BTreeSet<ClauseId>,
    /// Whether each of these roles may have all of it.
    is_whole: bool,
}

/// What is listed of whom.
struct Listing<'a> {
    person: PersonId,
    current: &'a Current,
    kind: Option<&'a Category>,
    held: &'a [Held],
}

impl Listing<'_> {
    /// A card for each organisation, at most [`SHOWN_MAX`], none of those left out where somebody
    /// knows the person; and how many organisations there are.
    async fn cards(
        &self,
        app: &App,
        ctx: &Ctx<'_>,
        by: &Acting,
        receivers: &Receivers,
    ) -> Result<(Vec<(OrganisationId, Card)>, usize), Stop> {
        let to = self.by_organisation(receivers);
        let today = ctx.clock.today();
        let read = async |s: &mut Snapshot| {
            let mut known = self.known(s, ctx, by, today).await?;
            let mut bodies: Vec<_> = to.iter().collect();
            let now = ctx.clock.now();
            bodies.sort_by_key(|(at, to)| (known.addressee((at, &to.roles), now).place(), *at));
            bodies.truncate(SHOWN_MAX);
            let until = now.checked_add(NOW).map_err(|_| Stop::Fault("http.clock"))?;
            let mut cards = vec![];
            for (at, to) in bodies {
                known.rosters =
                    roster::rosters(s, ctx, Some(at), Span { from: now, until }).await?;
                let of = known.addressee((at, &to.roles), now);
                cards.push((at.clone(), self.card(s, (&known, &of), (at, to), today).await?));
            }
            Ok::<_, Stop>(cards)
        };
        Ok((app.db().snapshot("http.send-to", read).await?, to.len()))
    }

    fn by_organisation(&self, receivers: &Receivers) -> BTreeMap<OrganisationId, To> {
        let mut to: BTreeMap<OrganisationId, To> = BTreeMap::new();
        let dictionary = self.current.bundle.dictionary();
        for ((at, role), covered) in receivers {
            let named = covered.keys().cloned().collect();
            let is_whole = self.kind.is_some_and(|kind| dictionary.is_whole(kind, &named));
            let whole = || To { is_whole: true, ..To::default() };
            let of = to.entry(at.clone()).or_insert_with(whole);
            of.roles.insert(role.clone());
            of.clauses.extend(covered.values().cloned());
            of.is_whole &= is_whole;
        }
        to
    }

    /// The ids under which anything was disclosed.
    fn people(&self) -> BTreeSet<PersonId> {
        self.held.iter().map(|held| held.person).collect()
    }

    /// Who coordinates, as far as it was disclosed, and who was let in, as far as they may know.
    async fn known(
        &self,
        s: &mut Snapshot,
        ctx: &Ctx<'_>,
        by: &Acting,
        today: Date,
    ) -> Result<Known, Stop> {
        let mut holders = vec![];
        for person in self.people() {
            for (kind, holder) in role::holders(s, ctx, person).await? {
                if self.told(s, (person, kind, &holder), today).await?.is_some() {
                    holders.push((kind, holder));
                }
            }
        }
        let members = addressee::members(s, ctx, by, self.person).await?;
        Ok(Known { holders, members, rosters: vec![] })
    }

    /// A holder's name and how they are reached, as it was disclosed under any id.
    async fn told(
        &self,
        s: &mut Snapshot,
        (person, kind, holder): (PersonId, role::Kind, &role::Holder),
        today: Date,
    ) -> Result<Option<(String, Vec<String>)>, Stop> {
        let found = practitioner::find(s, holder.practitioner).await?;
        let name = found.map(|found| found.name).unwrap_or_default();
        let of = (person, &holder.organisation);
        let ways = compose::around(self.held, of, (kind.says(), &name), today);
        Ok(ways.map(|ways| (name, ways)))
    }

    async fn card(
        &self,
        s: &mut Snapshot,
        (known, of): (&Known, &Addressee<'_>),
        (at, to): (&OrganisationId, &To),
        today: Date,
    ) -> Result<Card, Stop> {
        let own = organisation::find(s, at).await?;
        let published = own.map(|own| own.contact_phone).unwrap_or_default();
        let (who, ways) = match of {
            Addressee::Coordinator(kind, holder) => {
                let mut told = None;
                for person in self.people() {
                    told = told.or(self.told(s, (person, *kind, holder), today).await?);
                }
                told.unwrap_or_default()
            }
            Addressee::Member(one) => {
                let found = practitioner::find(s, one.practitioner).await?;
                let desk = known.desk_of(&one.organisation, &one.role);
                let phone = desk.map_or(published, |desk| desk.phone.clone());
                (found.map(|found| found.name).unwrap_or_default(), vec![phone])
            }
            Addressee::OnDuty(desk, shift) => {
                let phone = shift.phone.as_ref().unwrap_or(&desk.phone).clone();
                let ways = [Some(phone), desk.address.clone()];
                (shift.name.clone().unwrap_or_default(), ways.into_iter().flatten().collect())
            }
            Addressee::Desk(desk) => {
                let ways = [Some(desk.phone.clone()), desk.address.clone()];
                (String::new(), ways.into_iter().flatten().collect())
            }
            Addressee::Organisation => (String::new(), vec![published]),
        };
        let clause = |id: &ClauseId| ask::clause_words(&self.current.bundle, id);
        Ok(Card {
            place: of.place(),
            who,
            role: show::role_of(of),
            reason: show::reason(of),
            ways: ways.into_iter().filter(|way| !way.is_empty()).collect(),
            is_whole: to.is_whole,
            clauses: to.clauses.iter().map(clause).collect(),
        })
    }
}
