//! Taking a turn of a request: under the person's guard, with what follows from it, in one write;
//! after it the other side is told, as far as a clause lets it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_core::{ClauseId, Ctx, InstrumentHash, RelationshipId, ResourceId, Sensitive};
use ken_directory::{Acting, sending};
use ken_ledger::{EntryKind, NewEntry, Stream};
use ken_sharing::bundle::Bundle;
use ken_sharing::fact::{self, Grade};
use ken_sharing::gate::{self, SendPermit, Sent};
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::{Gate, RowClass, Statement, class, together};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Tx, timer};
use serde_json::json;

use super::rule::{self, Refused, Side, State, Step};
use super::send::{NewTurn, asked, due, give, held};
use super::tell::{Told, tell};
use super::{TEXT_LEN_MAX, Turn, Whole, late, word};
use crate::Error;
use crate::role::rule::works_with;
use crate::team::KINDS;

/// For how long whoever accepts a request works with the person by it, unless it is over before.
/// House policy: a quarter, as the longer of the days that a team is let in for.
const WORKS_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// For how long that waits, once it is over, for words that were not affirmed. House policy.
const WAITS_FOR: SignedDuration = SignedDuration::from_hours(24);
/// The obligation not to send on.
const NOT_ON: &str = "no-onward-sharing";

/// What came of a step.
#[derive(Debug)]
pub enum Acted {
    /// The turn was taken, and the other side told or not.
    Done(i64, Told),
    /// It goes on once these words are affirmed; nothing is kept.
    Words(BTreeSet<Statement>),
    /// It was not taken; nothing is kept.
    Refused(Refused),
}

/// Takes a step, and says something with it; the same request again takes none.
///
/// # Errors
///
/// As [`super::send`].
pub async fn act(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gate, by): (&Gate, &Acting),
    id: ResourceId,
    (step, words): (&Step, &Sensitive<String>),
) -> Result<Acted, Error> {
    let length = words.reveal().trim().chars().count();
    let least = usize::from(*step != Step::Accept);
    if !(least..=TEXT_LEN_MAX).contains(&length) {
        return Ok(Acted::Refused(Refused::Unfit));
    }
    let current = gate.current(db, ctx).await?;
    let asking = Asking { by, bundle: &current.bundle, id, step, words: words.reveal() };
    let judged = db.snapshot("care.request-judge", async |s| asking.judged(s, ctx).await).await?;
    let permit = match (judged, step) {
        (Judged::Refused(refused), _) => return Ok(Acted::Refused(refused)),
        (Judged::Before(turn), _) => return told(db, ctx, keys, (gate, by), (id, turn)).await,
        (Judged::May(whole, _), Step::PassOn(to)) => {
            let (request, lineage) = (&whole.request, whole.came(by).unwrap_or_default().1);
            let of = asked((request.person, &request.purpose), request.kind, (to, lineage))?;
            match gate::send(db, ctx, keys, gate, by, of).await? {
                Sent::Permit(permit) => Some(permit),
                Sent::Need(need) => return Ok(Acted::Words(need.statements)),
                Sent::Deny(_) => return Ok(Acted::Refused(Refused::NoClause)),
            }
        }
        (Judged::May(..), _) => None,
    };
    let taken = db
        .write("care.request-act", async |tx| asking.take(tx, ctx, keys, permit.as_deref()).await)
        .await?;
    match taken {
        Ok(turn) => told(db, ctx, keys, (gate, by), (id, turn)).await,
        Err(refused) => Ok(Acted::Refused(refused)),
    }
}

/// The turn stands; the other side is told of it where that may be.
async fn told(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gate, by): (&Gate, &Acting),
    of: (ResourceId, i64),
) -> Result<Acted, Error> {
    let told = tell(db, ctx, keys, gate, by, of).await?.unwrap_or(Told::No);
    if told == Told::No {
        db.write("care.request-left", async |tx| {
            let whole = Whole::find(tx, of.0).await?.ok_or(Error::Corrupt("request"))?;
            let person = BTreeSet::from([whole.request.person]);
            let guard = together::lock(tx, &person).await?;
            if leave(tx, ctx, keys, &whole).await? {
                guard.bump(tx).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    }
    Ok(Acted::Done(of.1, told))
}

/// Ends what accepting gave, once the request is over or somebody else's; whether it did. It waits
/// for what is told last, which may rest on it.
pub(super) async fn leave(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    whole: &Whole,
) -> Result<bool, Error> {
    let standing = whole.standing()?;
    let is_left = |turn: &&Turn| {
        let by = turn.by.as_ref().map(|by| &by.held.organisation);
        standing.is_over() || by != Some(&standing.holder.organisation)
    };
    let left: Vec<_> =
        whole.turns.iter().filter(is_left).filter_map(|turn| turn.relationship).collect();
    let mut is_ended = false;
    for held in relationship::of_person(tx, ctx, whole.request.person).await? {
        if left.contains(&held.id) {
            is_ended |= relationship::end(tx, ctx, keys, whole.request.person, &held).await?;
        }
    }
    Ok(is_ended)
}

/// What is asked, by whom.
struct Asking<'a> {
    by: &'a Acting,
    bundle: &'a Bundle,
    id: ResourceId,
    step: &'a Step,
    words: &'a str,
}

/// What comes of asking.
enum Judged {
    /// The same request took this turn.
    Before(i64),
    /// Nothing.
    Refused(Refused),
    /// This turn of this request.
    May(Box<Whole>, State),
}

impl Asking<'_> {
    fn what(&self) -> [String; 4] {
        let to = match self.step {
            Step::PassOn(to) => format!("{} {}", to.organisation, to.role),
            _ => String::new(),
        };
        let step = format!("care-request-{}", self.step.state().code());
        [step, self.id.to_string(), to, self.words.to_owned()]
    }

    async fn judged<R: Reads>(&self, reads: &mut R, ctx: &Ctx<'_>) -> Result<Judged, Error> {
        let what = self.what();
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        let Some(whole) = Whole::find(reads, self.id).await? else {
            return Ok(Judged::Refused(Refused::NotTheirs));
        };
        let Some(place) = whole.place(self.by, self.bundle)? else {
            return Ok(Judged::Refused(Refused::NotTheirs));
        };
        if let Some(turn) = sending::before(reads, ctx, &what).await? {
            return Ok(Judged::Before(turn));
        }
        let Some(side) = place else { return Ok(Judged::Refused(Refused::NotNow)) };
        if matches!(self.step, Step::PassOn(_)) && !self.may_go_on(&whole) {
            return Ok(Judged::Refused(Refused::NoClause));
        }
        // What was not told to the sender is not told by a refusal either.
        let standing = match side {
            Side::Sender => whole.known(self.by)?,
            Side::Holder => whole.standing()?,
        };
        Ok(match rule::may(self.step, (self.by, side), &standing) {
            Ok(state) => Judged::May(Box::new(whole), state),
            Err(refused) => Judged::Refused(refused),
        })
    }

    async fn take(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        permit: Option<&SendPermit>,
    ) -> Result<Result<i64, Refused>, Error> {
        let found = Whole::find(tx, self.id).await?.ok_or(Error::Corrupt("request"))?;
        let person = BTreeSet::from([found.request.person]);
        let guard = match permit {
            Some(permit) => held(tx, ctx, permit).await?,
            None => together::lock(tx, &person).await?,
        };
        let (whole, state) = match self.judged(tx, ctx).await? {
            Judged::Before(turn) => return Ok(Ok(turn)),
            Judged::Refused(refused) => return Ok(Err(refused)),
            Judged::May(whole, state) => (whole, state),
        };
        let number = whole.turns.last().map_or(0, |turn| turn.number).saturating_add(1);
        let what = self.what();
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        if let Some(turn) = sending::once(tx, ctx, &what, number).await? {
            return Ok(Ok(turn));
        }
        let relationship = self.relate(tx, ctx, keys, &whole).await?;
        let request = &whole.request;
        let to = match self.step {
            Step::PassOn(to) => Some((to, permit.and_then(|of| due(ctx, &request.days, of)))),
            _ => None,
        };
        let (id, words) = (self.id, self.words);
        let turn = NewTurn { id, number, state, to, relationship, words };
        turn.put(tx, ctx, (keys, &request.key), Some(self.by)).await?;
        let (category, _) = request.kind.words();
        let own = RowClass::plain(word(category)?, self.by.organisation.clone());
        class::note_held(tx, request.person, &own).await?;
        for sent in whole.turns.iter().filter(|turn| turn.goes()) {
            if !matches!(state, State::Said | State::Escalated) {
                timer::cancel(tx, late::TIMER, &late::key(id, sent.number)).await?;
            }
        }
        if matches!(state, State::Returned | State::Closed | State::PassedOn) {
            let at = ctx.clock.now().checked_add(WAITS_FOR).unwrap_or(Timestamp::MAX);
            timer::set(tx, late::TIMER, &late::key(id, late::LEFT), at, "").await?;
        }
        self.note(tx, ctx, keys, (&whole, number, state)).await?;
        if let Some(permit) = permit {
            give(tx, ctx, keys, self.by, (id, number), permit).await?;
        }
        guard.bump(tx).await?;
        Ok(Ok(number))
    }

    /// That the turn was taken, on the person's stream. Its words are told or not, and stay with
    /// the request.
    async fn note(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        (whole, number, state): (&Whole, i64, State),
    ) -> Result<(), Error> {
        let entry = NewEntry {
            stream: Stream::Person(whole.request.person),
            kind: EntryKind::Filed,
            visibility: fact::shown_at(tx, ctx, whole.request.person).await?,
            detail: json!({
                "request": self.id.to_string(),
                "turn": number,
                "state": state.code(),
                "practitioner": self.by.practitioner.to_string(),
                "by": self.by.organisation.as_str(),
                "role": self.by.role.as_str(),
            }),
        };
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(())
    }

    /// Whoever accepts works with the person from then on, in the way in which the sender does by
    /// the clause that it came under; whoever gives it back does until that is told.
    async fn relate(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        whole: &Whole,
    ) -> Result<Option<RelationshipId>, Error> {
        let person = whole.request.person;
        if !matches!(self.step, Step::Accept | Step::Return) {
            return Ok(None);
        }
        let held = relationship::of_person(tx, ctx, person).await?;
        let Some(kind) = self.kind_of(whole) else { return Ok(None) };
        let alike: Vec<_> = held.into_iter().filter(|one| one.kind == kind).collect();
        if works_with(&alike, self.by) {
            return Ok(None);
        }
        let until = ctx.clock.now().checked_add(WORKS_FOR).unwrap_or(Timestamp::MAX);
        let new = NewRelationship {
            person,
            kind: kind.to_owned(),
            organisation: self.by.organisation.clone(),
            practitioner: Some(self.by.practitioner),
            grade: Grade::Confirmed,
            source: whole.standing()?.sender.1.organisation,
            until: Some(until),
        };
        Ok(Some(relationship::record(tx, ctx, keys, &new).await?))
    }

    /// Whether what came may go on: not where a clause says that it may not, or is here no more.
    fn may_go_on(&self, whole: &Whole) -> bool {
        let clauses = whole.came(self.by).unwrap_or_default().0;
        clauses.iter().all(|id| {
            let clause = self.bundle.clause(id).map(|(_, clause)| clause);
            clause.is_some_and(|clause| !clause.obligations.contains(NOT_ON))
        })
    }

    /// How who accepts comes to work with the person: as the clauses ask of the sender that the
    /// request came under, where that is a relationship of care.
    fn kind_of(&self, whole: &Whole) -> Option<&'static str> {
        let (clauses, _) = whole.came(self.by)?;
        let clauses = clauses.iter().filter_map(|id| self.bundle.clause(id));
        let required: Vec<_> = clauses.flat_map(|(_, clause)| &clause.require).collect();
        KINDS.into_iter().find(|kind| {
            let wanted = format!("relationship:{kind}");
            required.iter().any(|fact| fact.as_str().split('@').next() == Some(&wanted))
        })
    }
}

impl Whole {
    /// Under which clauses and instruments the request came to somebody's organisation, last.
    fn came(&self, by: &Acting) -> Option<(BTreeSet<ClauseId>, BTreeSet<InstrumentHash>)> {
        let came = self.turns.iter().filter(|turn| turn.goes());
        let told = came.filter_map(|turn| turn.told.get(&by.organisation)).next_back()?;
        Some((told.clauses.clone(), told.lineage.clone()))
    }
}
