//! A sender's own numbers: what it merges, and what follows a merged number.
//!
//! # Invariants
//!
//! - A merge touches its sender's records alone; what the index will not relink by itself goes to
//!   a human ([`ken_person::Merged::Uncertain`]).
//! - What was filed under a merged number follows it, and so do the messages as they came; so does
//!   what lies under the numbers that were merged into it. The first step is part of the message's
//!   own transaction; the rest goes on in steps of its own ([`crate::settle`]), and after a restart
//!   where it was, and both people are "being put right" until then.
//! - Numbers are held before the keys of records, keys before guards, as by any message: a message
//!   and a merge of one number go one after the other.
//! - What the sender had founded under the number, a relationship, a date of birth and a death,
//!   follows in the message's own transaction. National numbers stay with whom they were claimed
//!   for.
//! - A number that a sender calls its own for the first time takes over what it filed under the one
//!   that came first before, once.
//! - What the sender restricted holds for both from then on, as long as the merge stands: what it
//!   protects may be what moves.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::identifier::{Identifier, LocalIdentifier};
use ken_core::{Ctx, MessageId, PartialDate};
use ken_hl7::map::Merge;
use ken_person::{Brought, Merged, Said, SourceRecord};
use ken_records::Under;
use ken_records::moves::{self, Move, Room, Turn};
use ken_sharing::fact;
use ken_sharing::relationship::number::{self, Moved};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Row, Tx, values};

use crate::apply::{Arrival, associated, record_of};
use crate::{Error, death, late, restrict, sql};

/// How long two of one birth may be told apart by nothing. House policy: a year.
const BABY: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Holds, for all that a message merges, whom the numbers mean and then what is filed for these.
pub(crate) async fn hold(
    tx: &mut Tx,
    keys: &KeyRing,
    arrivals: &[Arrival<'_>],
) -> Result<(), Error> {
    let mut numbers = BTreeSet::new();
    for arrival in arrivals {
        if let Some(merge) = &arrival.mapped.merge {
            numbers.insert(record_of(arrival, &merge.surviving)?);
            numbers.extend(merge.prior.iter().filter_map(|ended| gone(arrival, ended)));
        }
    }
    let people = ken_person::hold_chains(tx, &numbers).await?;
    Ok(ken_records::hold(tx, keys, &people).await?)
}

/// The sender's record of a number that ends.
fn gone(arrival: &Arrival<'_>, ended: &Identifier) -> Option<SourceRecord> {
    let Identifier::Local(local) = ended else { return None };
    let organisation = arrival.source.organisation.clone();
    Some(SourceRecord { organisation, local: local.clone() })
}

/// Where a sender says for the first time which number of a person is its own, and it filed them
/// under another of these before: gives that, and lets its own mean whom that means. Not where that
/// means somebody whom it knows by another of its own, or of whom nobody has said yet who they are;
/// not where it never identified anybody; not where a name or the birth is left unsaid, so that
/// whatever they are fits; and not of a baby, whose twin may have the same mother's or family's
/// number, and no name either.
///
/// Whether they still are who they were is for [`ken_person::identify`] to say.
pub(crate) async fn adopt(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    own: &SourceRecord,
) -> Result<Option<SourceRecord>, Error> {
    let said = &arrival.mapped.demographics;
    let Some(local) = said.former.clone() else { return Ok(None) };
    let former = SourceRecord { organisation: own.organisation.clone(), local };
    if !ken_person::hold(tx, &BTreeSet::from([own.clone()])).await?.is_empty() {
        return Ok(None);
    }
    let known = ken_person::hold(tx, &BTreeSet::from([former.clone()])).await?;
    let Some(person) = known.first() else { return Ok(None) };
    let numbers = ken_person::numbers(tx, *person, &own.organisation).await?;
    let is_like = |one: &LocalIdentifier| one.system() == own.local.system();
    let is_known = numbers.iter().any(|one| is_like(one) && *one != former.local);
    let is_checked = said.identifiers.contains(&Identifier::Local(former.local.clone()));
    let is_named = said.names.first().is_some_and(|name| {
        !name.family.trim().is_empty() && name.given.iter().any(|given| !given.trim().is_empty())
    });
    let is_told_apart = is_known || !is_named || may_be_baby(ctx, said.birth_date);
    if is_checked && !is_told_apart && !ken_person::is_provisional(tx, *person).await? {
        ken_person::merge(tx, ctx, keys, &former, own, None).await?;
    }
    Ok(Some(former))
}

/// Whether somebody may have been born within [`BABY`], as whoever's birth is not said.
fn may_be_baby(ctx: &Ctx<'_>, born: Option<PartialDate>) -> bool {
    let since = ctx.clock.now().saturating_sub(BABY).map(|since| since.to_string());
    let since = since.unwrap_or_default();
    // A month or a year is compared as such.
    born.map(|born| born.to_string())
        .is_none_or(|born| since.get(..born.len()).is_none_or(|since| born.as_str() >= since))
}

/// Lets what was told of a person under the number before be told under the sender's own from now
/// on, where both mean one person.
pub(crate) async fn fold_former(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    former: &SourceRecord,
    own: &SourceRecord,
) -> Result<(), Error> {
    if fold(tx, ctx, keys, (former, own)).await? {
        let numbers = (&Under::of(&former.local), &Under::of(&own.local));
        death::rename(tx, &own.organisation, numbers).await?;
    }
    Ok(())
}

/// Relinks what the sender itself filed under the numbers that end, which are [held](hold).
pub(crate) async fn relink(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    merge: &Merge,
) -> Result<(), Error> {
    let kept = record_of(arrival, &merge.surviving)?;
    let system = arrival.source.id.as_str();
    let said = late::spoken(ctx, arrival).map(|at| Said { system, at });
    for gone in merge.prior.iter().filter_map(|ended| gone(arrival, ended)) {
        let merged = ken_person::merge(tx, ctx, keys, &gone, &kept, said).await?;
        if matches!(merged, Merged::Uncertain | Merged::Late) {
            continue;
        }
        let numbers = (&Under::of(&gone.local), &Under::of(&kept.local));
        death::rename(tx, &gone.organisation, numbers).await?;
        if merged == Merged::Nothing {
            fold(tx, ctx, keys, (&gone, &kept)).await?;
        } else if let Merged::Moved { from, to, id, is_only, carried } = merged {
            let own = Brought { number: gone, from, to, id, is_only };
            for one in std::iter::once(own).chain(carried) {
                bring(tx, ctx, keys, &one).await?;
            }
        }
    }
    Ok(())
}

/// Brings along what the sender filed and founded under a number that has moved.
async fn bring(tx: &mut Tx, ctx: &Ctx<'_>, keys: &KeyRing, one: &Brought) -> Result<(), Error> {
    let (from, to, merge) = (one.from, one.to, one.id.to_string());
    let (source, under) = (&one.number.organisation, Under::of(&one.number.local));
    let moved = Moved { from, to, source, number: under.as_str(), merge: &merge };
    let guard = tx.lock_people(&BTreeSet::from([from, to])).await?;
    number::follow(tx, ctx, keys, moved, one.is_only).await?;
    births(tx, ctx, moved).await?;
    death::follow(tx, ctx, moved).await?;
    restrict::copy(tx, ctx, (from, to), source, &merge).await?;
    guard.bump(tx).await?;
    follow(tx, ctx, keys, moved, &under, (one.is_only, false)).await
}

/// Both numbers meant one person already: what was told under the one is told under the other now.
/// False where they mean two, and where a merge brought either, which may be taken back.
async fn fold(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gone, kept): (&SourceRecord, &SourceRecord),
) -> Result<bool, Error> {
    let ended = ken_person::hold(tx, &BTreeSet::from([gone.clone()])).await?;
    let known = ken_person::hold(tx, &BTreeSet::from([kept.clone()])).await?;
    let Some(person) = known.first().filter(|_| ended == known) else { return Ok(false) };
    for number in [gone, kept] {
        if ken_person::is_brought(tx, *person, number).await? {
            return Ok(false);
        }
    }
    let (under, now) = (Under::of(&gone.local), Under::of(&kept.local));
    let of = (*person, &gone.organisation);
    moves::fold(tx, ctx, keys, of, (&under, &now)).await?;
    let of = values![person, &gone.organisation, under.as_str(), now.as_str()];
    tx.execute(sql::FOLD_MESSAGES, of).await?;
    Ok(true)
}

/// Lets what was filed under a number follow it, as far as one transaction goes: `how` says whether
/// what came before numbers were noted goes too, and whether a merge is taken back.
pub(crate) async fn follow(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    moved: Moved<'_>,
    under: &Under,
    how: (bool, bool),
) -> Result<(), Error> {
    let people = (moved.from, moved.to);
    let of = (under, moved.merge);
    let of = moves::begin(tx, ctx, people, moved.source, of, how).await?;
    step(tx, ctx, keys, &of).await?;
    Ok(())
}

/// How far one step brought a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// To its end.
    Done,
    /// On; more is left.
    More,
    /// Nowhere: an earlier move is in its way.
    Waits,
}

/// One step of a move: messages as they came first, then what was made of them.
pub(crate) async fn step(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: &Move,
) -> Result<Step, Error> {
    match moves::take(tx, keys, of).await? {
        Turn::Now => {}
        Turn::Over => return Ok(Step::Done),
        Turn::Waits => {
            moves::bar(tx, of).await?;
            return Ok(Step::Waits);
        }
    }
    if !messages(tx, keys, of).await? {
        moves::bar(tx, of).await?;
        return Ok(Step::More);
    }
    let is_done = moves::advance(tx, ctx, keys, of).await?;
    Ok(if is_done { Step::Done } else { Step::More })
}

/// Moves the oldest messages of a number, as many as there is room for. True when none is left.
async fn messages(tx: &mut Tx, keys: &KeyRing, of: &Move) -> Result<bool, Error> {
    let mut left = Room::default();
    while left.is_some() {
        if !few(tx, keys, of, &mut left).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves the oldest few. False when there was none.
async fn few(tx: &mut Tx, keys: &KeyRing, of: &Move, left: &mut Room) -> Result<bool, Error> {
    let [own, other] = of.marks();
    let at = values![of.from, of.source(), own, other, left.next()];
    let read = |row: &Row<'_>| {
        let head = (row.parse::<MessageId>(0)?, row.text(1)?, row.text(2)?, row.int(3)?);
        Ok(((head, row.int_opt(6)?), row.parse::<KeyId>(4)?, row.bytes(5)?))
    };
    let held = tx.list(sql::MESSAGES_UNDER, at, read).await?;
    if held.is_empty() {
        return Ok(false);
    }
    let fresh = ken_records::key_of(tx, keys, of.to).await?;
    for (((id, source, kind, received_us), said_us), key, body) in held {
        left.take(body.len());
        let before = associated(of.from, id);
        // What cannot be opened was erased: its place moves, and it stays unreadable.
        let (key, body) = match keys.open(&key, &before, &body).await? {
            Some(open) => (fresh, keys.seal(&fresh, &associated(of.to, id), &open).await?),
            None => (key, body),
        };
        tx.execute(sql::DELETE_MESSAGE, values![of.from, id]).await?;
        let (key, body) = (key.to_string(), body.as_slice());
        let row = values![of.to, id, source, kind, received_us, key, body, own, said_us];
        tx.execute(sql::INSERT_MESSAGE, row).await?;
    }
    Ok(true)
}

/// Notes anew when the source says that either was born, from what it still says of each.
pub(crate) async fn births(tx: &mut Tx, ctx: &Ctx<'_>, of: Moved<'_>) -> Result<(), Error> {
    for person in [of.from, of.to] {
        match ken_person::born_said(tx, person, of.source).await? {
            Some(born) => fact::set_born(tx, ctx, person, of.source, born).await?,
            None => fact::unset_born(tx, ctx, person, of.source).await?,
        };
    }
    Ok(())
}
