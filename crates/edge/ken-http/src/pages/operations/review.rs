//! `/ops/match/{person}/{place}`: are these records about one person? Claimed, seen side by side,
//! answered with a reason, and undone with one.
//!
//! # Invariants
//!
//! - Opening the page claims the place; whoever comes while another reviewer has it sees neither
//!   record, and whom to ask about it.
//! - What is shown of either record is decided by the gate under the purpose of identity review,
//!   name and numbers only; where either may not be seen, nobody decides here.
//! - Nothing is chosen beforehand, and nobody decides about a record that they were not shown. In
//!   which order and on which side records stand is another for each reviewer.
//! - What the model makes of two records is computed from what is shown of them, and what would
//!   follow from agreements: neither tells of what is not shown.

pub(crate) mod seen;
mod show;

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use ken_agreement::Action;
use ken_core::{EntryId, OrganisationId, PersonId, Sensitive};
use ken_directory::practitioner;
use ken_person::queue::{self, CANDIDATES_MAX, Place};
use ken_person::{Error, Explanation, ReviewId, Seen};
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_sharing::linker::IDENTITY_REVIEW;
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Names};
use crate::pages::compose::{self, Held};
use crate::stop::Stop;
use crate::view::form::Wrong;
use crate::view::receipt;

/// The answer that none of the candidates is the person.
const DIFFERENT: &str = "different";
/// The answer that it cannot be said.
const NOT_SURE: &str = "not-sure";
/// The answer that those who sent the records are to say.
const ASK_SOURCE: &str = "ask-source";

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Decided {
    #[serde(default)]
    answer: String,
    #[serde(default)]
    reason: Sensitive<String>,
}

/// A place in the queue, as the address names it.
type Which = Path<(String, String)>;
/// A place in the queue: whose identity it is, and its id.
type At = (PersonId, ReviewId);

/// `GET /ops/match/{person}/{place}`: claims the place, unless another reviewer has it.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
) -> Result<Response, Stop> {
    let at = at(&which)?;
    let main = match take(&app, &caller, at).await? {
        Taken::Mine(place) => match sides(&app, &caller, &place).await? {
            Some(sides) => {
                let entries = sides.all().flat_map(|side| side.entries.iter().copied());
                let receipts = ask::receipts(&app, entries).await?;
                let asked = asked(&app, at).await?;
                let main = show::open(&place, &sides, &Decided::default(), &[], caller.csrf());
                html! { (main) (asked) (receipt::detail(&receipts)) }
            }
            None => show::unseen(),
        },
        taken => {
            let ctx = app.ctx(caller.request());
            let read = async |s: &mut Snapshot| queue::may_be_known(s, &ctx, at).await;
            let may = app.db().snapshot("http.match-known", read).await?;
            let main = show::not_yours(at, &taken, false, caller.csrf());
            html! { (main) @if may { (show::offer_known(at, caller.csrf())) } }
        }
    };
    Ok(page(&app, &caller, StatusCode::OK, &main))
}

/// `POST /ops/match/{person}/{place}`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
    Sent(sent): Sent<Decided>,
) -> Result<Response, Stop> {
    let at = at(&which)?;
    let place = match take(&app, &caller, at).await? {
        Taken::Mine(place) => place,
        taken => {
            let main = show::not_yours(at, &taken, true, caller.csrf());
            return Ok(page(&app, &caller, StatusCode::CONFLICT, &main));
        }
    };
    let Some(sides) = sides(&app, &caller, &place).await? else {
        return Ok(page(&app, &caller, StatusCode::CONFLICT, &show::unseen()));
    };
    let again = |wrongs: &[Wrong]| {
        let main = show::open(&place, &sides, &sent, wrongs, caller.csrf());
        page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main)
    };
    let asks = sent.answer == ASK_SOURCE;
    let answer = answer(&sent.answer, &place, &sides)?;
    let reason = queue::Why::new(sent.reason.reveal());
    let (Some(answer), Ok(why)) = (answer, &reason) else {
        let mut wrongs = vec![];
        if answer.is_none() {
            wrongs.push(Wrong::new("answer", "Choose what you found"));
        }
        if reason.is_err() {
            wrongs.push(Wrong::new("reason", "Say in your own words how you can tell"));
        }
        return Ok(again(&wrongs));
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    if asks {
        return Ok(page(&app, &caller, StatusCode::OK, &ask_source(&app, &caller, at, why).await?));
    }
    let follows = sides.follows(answer);
    let decide = async |tx: &mut Tx| {
        queue::decide(tx, &ctx, app.keys(), follows, at, answer, (by, why)).await
    };
    let main = match app.db().write("http.match-decide", decide).await {
        Ok(outcome) => show::answered(at, outcome),
        Err(Error::TwoChis) => {
            let says = "Each has a CHI number of its own: they cannot be joined here";
            return Ok(again(&[Wrong::new("answer", says)]));
        }
        // Between the claim and the answer somebody else was quicker.
        Err(Error::Decided(_) | Error::Claimed) => return Err(Stop::Busy),
        Err(error) => return Err(error.into()),
    };
    Ok(page(&app, &caller, StatusCode::OK, &main))
}

/// Asks those who sent the records.
async fn ask_source(app: &App, caller: &Caller, at: At, why: &queue::Why) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let work = async |tx: &mut Tx| queue::ask_source(tx, &ctx, app.keys(), at, (by, why)).await;
    match app.db().write("http.match-ask", work).await {
        Ok(count) => Ok(show::asked_now(count)),
        Err(Error::Decided(_) | Error::Claimed) => Err(Stop::Busy),
        Err(error) => Err(error.into()),
    }
}

/// What those who sent the records were asked, and said.
async fn asked(app: &App, at: At) -> Result<Markup, Stop> {
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((queue::questions(s, at).await?, ask::names_in(s).await?))
    };
    let (asked, names) = app.db().snapshot("http.match-asked", read).await?;
    Ok(show::asked(&asked, at.0, &names))
}

/// `POST /ops/match/{person}/{place}/release`: gives the place back.
pub(crate) async fn release(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
) -> Result<Redirect, Stop> {
    give_back(&app, &caller, at(&which)?).await?;
    Ok(Redirect::to("/ops/match"))
}

/// `POST /ops/match/{person}/{place}/undo`.
pub(crate) async fn undo(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
    Sent(sent): Sent<Decided>,
) -> Result<Response, Stop> {
    let at = at(&which)?;
    let read = async |s: &mut Snapshot| {
        let place = queue::find_any(s, at.0, at.1).await?;
        Ok::<_, Error>((queue::decided(s, at.0, at.1).await?, place))
    };
    let (decision, place) = app.db().snapshot("http.match-decided", read).await?;
    let (decision, place) = decision.zip(place).ok_or(Stop::NotFound)?;
    let again = |says: &str| {
        let wrongs = [Wrong::new("reason", says)];
        let main = show::decided(at, decision, sent.reason.reveal(), &wrongs, caller.csrf());
        page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main)
    };
    let Ok(why) = queue::Why::new(sent.reason.reveal()) else {
        return Ok(again("Say in your own words why it was wrong"));
    };
    // Who may not see the records cannot tell that they are two.
    if sides(&app, &caller, &place).await?.is_none() {
        return Ok(page(&app, &caller, StatusCode::CONFLICT, &show::unseen()));
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let undo = async |tx: &mut Tx| queue::undo(tx, &ctx, app.keys(), at, by, &why).await;
    match app.db().write("http.match-undo", undo).await {
        Ok(outcome) => Ok(page(&app, &caller, StatusCode::OK, &show::undone(at, outcome))),
        Err(Error::Buried) => Ok(again("A later decision stands on this one: undo that first")),
        // Somebody else undid it meanwhile.
        Err(Error::Unknown(_) | Error::Decided(_)) => Err(Stop::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// `POST /ops/match/{person}/{place}/known`: marks what was decided as known truth.
pub(crate) async fn known(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
) -> Result<Response, Stop> {
    let at = at(&which)?;
    let read = async |s: &mut Snapshot| queue::find_any(s, at.0, at.1).await;
    let place = app.db().snapshot("http.match-to-mark", read).await?.ok_or(Stop::NotFound)?;
    // Who may not see the records cannot tell that it is true.
    if sides(&app, &caller, &place).await?.is_none() {
        return Ok(page(&app, &caller, StatusCode::CONFLICT, &show::unseen()));
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let mark = async |tx: &mut Tx| queue::mark(tx, &ctx, app.keys(), at, by).await;
    if !app.db().write("http.match-mark", mark).await? {
        return Err(Stop::NotFound);
    }
    Ok(page(&app, &caller, StatusCode::OK, &show::marked()))
}

fn at((person, place): &(String, String)) -> Result<At, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    Ok((person, place.parse().map_err(|_| Stop::NotFound)?))
}

fn page(app: &App, caller: &Caller, status: StatusCode, main: &Markup) -> Response {
    let frame = caller.frame(app.site(), "Are these the same person?");
    (status, frame.at("/ops/match").page(main)).into_response()
}

/// A place as a reviewer finds it who asks for it.
#[derive(Debug)]
enum Taken {
    /// It is theirs for a while.
    Mine(Place),
    /// Another reviewer has it, by name where they are known, until then.
    Another(Option<String>, Timestamp),
    /// It is decided.
    Decided(queue::Decision),
}

/// Claims a place, or says who was first.
async fn take(app: &App, caller: &Caller, at: At) -> Result<Taken, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let claim = async |tx: &mut Tx| queue::claim(tx, &ctx, at, by).await;
    match app.db().write("http.match-claim", claim).await {
        Ok(_) | Err(Error::Claimed | Error::Decided(_)) => {}
        Err(Error::Unknown(_)) => return Err(Stop::NotFound),
        Err(error) => return Err(error.into()),
    }
    let read = async |s: &mut Snapshot| {
        let place = queue::find(s, at.0, at.1).await?;
        let has = place.as_ref().and_then(|place| place.claimed);
        let who = match has {
            Some((who, _)) => practitioner::find(s, who).await?,
            None => None,
        };
        let decision = queue::decided(s, at.0, at.1).await?;
        Ok::<_, Stop>((place, who.map(|who| who.name), decision))
    };
    let (place, name, decision) = app.db().snapshot("http.match-place", read).await?;
    match (place, decision) {
        (Some(place), _) => match place.claimed {
            Some((who, _)) if who == by.practitioner => Ok(Taken::Mine(place)),
            Some((_, until)) => Ok(Taken::Another(name, until)),
            // Given back since we asked.
            None => Err(Stop::Busy),
        },
        (None, Some(decision)) => Ok(Taken::Decided(decision)),
        (None, None) => Err(Stop::NotFound),
    }
}

async fn give_back(app: &App, caller: &Caller, at: At) -> Result<(), Stop> {
    let by = caller.acting()?;
    let release = async |tx: &mut Tx| queue::release(tx, at, by).await;
    Ok(app.db().write("http.match-release", release).await?)
}

/// What was chosen; none where nothing was that the page offers.
fn answer(sent: &str, place: &Place, sides: &Sides) -> Result<Option<queue::Answer>, Stop> {
    match sent {
        NOT_SURE | ASK_SOURCE => Ok(Some(queue::Answer::NotSure)),
        DIFFERENT if all_shown(place) => Ok(Some(queue::Answer::Different)),
        other => {
            let Ok(other) = other.parse::<PersonId>() else { return Ok(None) };
            let shown = sides.others.iter().any(|pair| pair.side.person == other);
            if shown { Ok(Some(queue::Answer::Same(other))) } else { Err(Stop::NotFound) }
        }
    }
}

/// Whether every candidate fits on the page, so that one may say that it is none of them.
fn all_shown(place: &Place) -> bool {
    place.candidates.len() <= CANDIDATES_MAX
}

/// What may be seen of each. Where one may not be seen at all, `None`, and the place is given back.
async fn sides(app: &App, caller: &Caller, place: &Place) -> Result<Option<Sides>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let names = ask::names(app).await?;
    // Enough to tell people apart (accord, clauses M1 and M2).
    let only = compose::identity()?;
    let candidates = queue::candidates_for(place, by.practitioner).into_iter().take(CANDIDATES_MAX);
    let mut sides = vec![];
    for person in std::iter::once(place.person).chain(candidates) {
        let asked = Ask {
            by: Asker::Practitioner(by),
            person,
            action: Action::View,
            purpose: ask::purpose(IDENTITY_REVIEW)?,
            sources: names.keys().cloned().collect(),
            only: Some(only.clone()),
            part: Part::default(),
        };
        // Each as it stood: of two that were found to be one, nobody could tell.
        let answered = if place.is_copy {
            ask::answer(app, &ctx, &asked, &[person], None).await?
        } else {
            ask::ask(app, &ctx, &asked).await?
        };
        let (held, entries) = match answered {
            Answer::Shown(shown) => (shown.held, shown.entries),
            _ => Default::default(),
        };
        if held.is_empty() {
            give_back(app, caller, (place.person, place.id)).await?;
            return Ok(None);
        }
        let today = ctx.clock.today();
        sides.push(Side { entries, ..Side::new(person, &held, &names, today) });
    }
    let mut sides = sides.into_iter();
    let Some(first) = sides.next() else { return Ok(None) };
    let current = app.gate().current(app.db(), &ctx).await?;
    let today = ctx.clock.today();
    let pair = |side: Side| {
        let (ones, others) = (&first.organisations, &side.organisations);
        let follows = queue::follows(&current.bundle, today, ones, others);
        let name = |id: &OrganisationId| compose::name_of(&names, id);
        let told = follows.iter().map(|of| (name(&of.asks), name(&of.of), of.kinds.len()));
        Pair {
            named: told.collect(),
            follows,
            weighed: ken_person::weigh(app.index(), &first.seen, &side.seen),
            is_left: queue::is_left(place, side.person, by.practitioner),
            side,
        }
    };
    let others = sides.map(pair).collect();
    Ok(Some(Sides { first, others }))
}

/// The uncertain record, and those that it may be one with.
#[derive(Debug, Clone)]
struct Sides {
    first: Side,
    others: Vec<Pair>,
}

impl Sides {
    /// What would follow from an answer.
    fn follows(&self, answer: queue::Answer) -> &[queue::Follow] {
        let same = |pair: &&Pair| answer == queue::Answer::Same(pair.side.person);
        self.others.iter().find(same).map_or(&[], |pair| &pair.follows)
    }

    fn all(&self) -> impl Iterator<Item = &Side> {
        std::iter::once(&self.first).chain(self.others.iter().map(|pair| &pair.side))
    }
}

/// A candidate beside the uncertain record.
#[derive(Debug, Clone)]
struct Pair {
    side: Side,
    /// What the model makes of what is shown of the two.
    weighed: Option<Explanation>,
    /// Who could ask whom for how many kinds of information once they are joined.
    follows: Vec<queue::Follow>,
    /// The same by name, and in how many kinds.
    named: Vec<(String, String, usize)>,
    /// Whether it stands to the left of the uncertain record.
    is_left: bool,
}

/// One record, as far as it may be seen.
#[derive(Debug, Clone)]
struct Side {
    person: PersonId,
    sources: String,
    organisations: BTreeSet<OrganisationId>,
    details: Vec<(String, String)>,
    seen: Seen,
    /// The ledger's entries of what is shown.
    entries: BTreeSet<(PersonId, EntryId)>,
}

impl Side {
    fn new(person: PersonId, held: &[Held], names: &Names, today: jiff::civil::Date) -> Self {
        let banner = compose::banner(held, today);
        let organisations: BTreeSet<_> = held.iter().map(|held| held.source.clone()).collect();
        let sources: BTreeSet<_> =
            organisations.iter().map(|source| compose::name_of(names, source)).collect();
        let name = [("Family name", banner.family), ("Given names", banner.given)];
        let facts = name.into_iter().chain(banner.facts);
        let details = facts.map(|(label, value)| (label.to_owned(), value)).collect();
        let sources = sources.into_iter().collect::<Vec<_>>().join(", ");
        let seen = seen::seen(held);
        Self { person, sources, organisations, details, seen, entries: BTreeSet::new() }
    }

    fn detail(&self, label: &str) -> String {
        let found = self.details.iter().find(|(own, _)| own == label);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}
