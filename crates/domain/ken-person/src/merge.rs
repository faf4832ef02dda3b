//! Merge messages: a source says that two of its own numbers are one person (HL7 A40, A34).
//!
//! # Invariants
//!
//! - A merge relinks its sender's own records and nothing else: another organisation's record, and
//!   whatever a human linked or set apart, stays as it is. Where the sender's word and a human's
//!   cannot both hold, a human looks.
//! - What contradicts is not merged, as the rule has it: two CHI numbers, two sexes, a twin's name.
//! - A merge that moved a number can be taken back.
//! - What was merged into a number goes with it (`chain`), and comes back with it.
//!   Where some of it cannot go, nothing does, and a human looks: what came by it would stay with
//!   somebody whom the sender no longer means.
//!
//! Source: `core.md` 5; HL7 v2.8, 3.3.40.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::identifier::LocalIdentifier;
use ken_core::{Ctx, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_sharing::{linker, together};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};

use crate::account::{self, Kept};
use crate::chain::{self, Said};
use crate::demographics::{Demographics, SourceRecord};
use crate::link::{Link, Linker, ReviewId, has_two_chis, join, note};
use crate::parted::Parted;
use crate::rule::{self, Doubt, Reason};
use crate::{Error, Why, queue, sql};

/// The id of a merge that moved a number.
pub type MergeId = ReviewId;

/// What became of a merge message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// Neither or only one number was known, or both meant one person already.
    Nothing,
    /// The same system has said since that the number is another: that stands.
    Late,
    /// The whole record was the sender's own: it is linked to the other.
    Linked(Link),
    /// Only the sender's account was moved: what it filed under `from` by that number belongs to
    /// `to`.
    Moved {
        /// Where the sender's account was.
        from: PersonId,
        /// Where it is now.
        to: PersonId,
        /// By which it is taken back.
        id: MergeId,
        /// Whether the sender has no other number for `from`.
        is_only: bool,
        /// What was merged into the number and went with it.
        carried: Vec<Brought>,
    },
    /// Something contradicts: nothing was moved, and a human must look.
    Uncertain,
}

/// A number that a merge moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The number.
    pub number: SourceRecord,
    /// Where the sender's account was.
    pub from: PersonId,
    /// Where it is now.
    pub to: PersonId,
    /// Its own mark.
    pub id: MergeId,
    /// Whether the sender has no other number for `from`.
    pub is_only: bool,
}

/// What goes back where a merge is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
    /// The mark by which it came.
    pub id: MergeId,
    /// Where the number was moved to, and what was filed under it is now.
    pub from: PersonId,
    /// Whom it means again.
    pub to: PersonId,
    /// The number.
    pub number: SourceRecord,
    /// When the merge was made.
    pub since: Timestamp,
}

/// Holds whom some of a source's numbers mean, to the end of the transaction, and says who that is:
/// for who takes more than [`merge`] does, before it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn hold(
    tx: &mut Tx,
    numbers: &BTreeSet<SourceRecord>,
) -> Result<BTreeSet<PersonId>, Error> {
    let mut people = BTreeSet::new();
    // In one order for everybody.
    for number in numbers {
        people.extend(account::hold_number(tx, number).await?);
    }
    Ok(people)
}

/// Holds the numbers of a merge, and says whom they meant and mean; nobody for no such merge.
///
/// # Errors
///
/// Whatever the store says.
pub async fn hold_merged(
    tx: &mut Tx,
    (person, merge): (PersonId, MergeId),
) -> Result<BTreeSet<PersonId>, Error> {
    let Some((own, _)) = find(tx, (person, merge)).await? else { return Ok(BTreeSet::new()) };
    let mut all = carried(tx, merge).await?;
    all.push(own);
    hold(tx, &all.iter().map(|one| one.number.clone()).collect()).await?;
    Ok(all.iter().flat_map(|one| [one.from, one.to]).collect())
}

/// Says that what the sender knew under `gone` is from now on known under `kept` (HL7 A40, A34),
/// and when it said so, if it did.
///
/// # Errors
///
/// [`Error::ForeignNumber`] where the numbers are of two organisations, and whatever the store,
/// the key ring or the ledger says.
pub async fn merge(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gone: &SourceRecord,
    kept: &SourceRecord,
    said: Option<Said<'_>>,
) -> Result<Merged, Error> {
    if gone.organisation != kept.organisation {
        return Err(Error::ForeignNumber);
    }
    // In one order for everybody: two merges of the same numbers cannot wait for each other.
    let (from, to) = if gone.local <= kept.local {
        let from = account::hold_number(tx, gone).await?;
        (from, account::hold_number(tx, kept).await?)
    } else {
        let to = account::hold_number(tx, kept).await?;
        (account::hold_number(tx, gone).await?, to)
    };
    if gone == kept || (from.is_none() && to.is_none()) {
        return Ok(Merged::Nothing);
    }
    if chain::is_overruled(tx, (gone, kept), said).await? {
        return Ok(Merged::Late);
    }
    let merged = match (from, to) {
        (Some(from), Some(to)) => relink(tx, ctx, keys, (gone, from), (kept, to)).await?,
        (Some(known), None) => alias(tx, ctx, known, kept).await?,
        (None, known) => alias(tx, ctx, known.ok_or(Error::Contended)?, gone).await?,
    };
    let made = match &merged {
        Merged::Uncertain => return Ok(merged),
        Merged::Linked(link) => Some(link.id),
        Merged::Moved { id, .. } => Some(*id),
        Merged::Nothing | Merged::Late => None,
    };
    chain::say(tx, ctx, (gone, kept), said, made).await?;
    Ok(merged)
}

/// Lets what a number meant be who another means, with what was merged into it; or asks.
async fn relink(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gone, from): (&SourceRecord, PersonId),
    (kept, to): (&SourceRecord, PersonId),
) -> Result<Merged, Error> {
    let leads = (account::lead(tx, from).await?, account::lead(tx, to).await?);
    if leads.0 == leads.1 {
        return Ok(Merged::Nothing);
    }
    let mut reasons = against(tx, (from, gone), (to, kept)).await?;
    if reasons.is_empty() && is_all_of(tx, from, gone).await? {
        let link = join(tx, ctx, keys, from, to, Linker::Source(&gone.organisation), None).await?;
        return Ok(link.map_or(Merged::Nothing, Merged::Linked));
    }
    let follow = chain::followers(tx, gone, leads.0).await?;
    for (number, person) in follow.iter().flatten() {
        reasons.extend(against(tx, (*person, number), (to, kept)).await?);
    }
    match follow {
        Some(follow) if !leaves_some(tx, (from, gone), &follow).await? => {
            if reasons.is_empty() {
                return transfer_all(tx, ctx, keys, (gone, from), to, follow).await;
            }
        }
        _ => {
            reasons.insert(Reason::MergedBefore);
        }
    }
    let doubt = Doubt { person: to, reasons, alike: None };
    queue::offer_once(tx, ctx, from, &gone.organisation, &[doubt]).await?;
    Ok(Merged::Uncertain)
}

/// Takes a merge back that moved a number: from now on it means whom it meant before, and so does
/// what went with it. What was shown of the wrong person meanwhile is asked back from then on
/// ([`Parted`]). Says what goes back: the merge's own number first.
///
/// # Errors
///
/// [`Error::Unknown`] for no such merge, [`Error::Decided`] for one that was taken back already,
/// [`Error::Buried`] where a number has moved on or another was merged into it since, and whatever
/// the store, the key ring or the ledger says.
pub async fn unmerge(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, merge): (PersonId, MergeId),
    by: &Acting,
    why: &Why,
) -> Result<Vec<Unmerged>, Error> {
    let found = find(tx, (person, merge)).await?;
    let (own, is_undone) = found.ok_or(Error::Unknown("merge"))?;
    if is_undone {
        return Err(Error::Decided("merge"));
    }
    let mut all = vec![own];
    all.extend(carried(tx, merge).await?);
    let made = all.first().map_or(Timestamp::MAX, |own| own.since);
    for one in &all {
        let is_there = account::hold_number(tx, &one.number).await? == Some(one.from);
        if !is_there || chain::is_built_on(tx, &one.number, (merge, made)).await? {
            return Err(Error::Buried);
        }
    }
    for one in &all {
        go_back(tx, ctx, keys, one, (by, why)).await?;
    }
    chain::say_no_more(tx, ctx, merge).await?;
    Ok(all)
}

/// Lets one number mean again whom it meant.
async fn go_back(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    one: &Unmerged,
    (by, why): (&Acting, &Why),
) -> Result<(), Error> {
    let (person, now) = (one.to, one.from);
    let guard = tx.lock_people(&BTreeSet::from([person, now])).await?;
    account::transfer(tx, ctx, &one.number, now, person).await?;
    let of = values![person, one.id.to_string(), ctx.now_us()];
    if tx.execute(sql::merge::MERGE_UNDO, of).await? == 0 {
        return Err(Error::Decided("merge"));
    }
    guard.bump(tx).await?;
    let sides = [together::group(tx, person).await?, together::group(tx, now).await?];
    let (people, source) = ([person, now], Some(one.number.organisation.clone()));
    for side in &sides {
        linker::note(tx, ctx, side, by.practitioner).await?;
    }
    let until = ctx.clock.now();
    Parted { id: one.id, people, sides, from: one.since, until, source }.owe(tx, ctx).await?;
    let by = Linker::Practitioner(by);
    note(tx, ctx, keys, EntryKind::Unlinked, (now, person), by, Some(why)).await
}

/// What goes back where a merge is taken back, of its own number, and whether it was.
async fn find(
    s: &mut impl Reads,
    (person, id): (PersonId, MergeId),
) -> Result<Option<(Unmerged, bool)>, Error> {
    let read = |row: &Row<'_>| {
        Ok(((row.parse(0)?, number(row, 1)?), (row.time_opt(4)?.is_some(), row.time(5)?)))
    };
    let found = s.find(sql::merge::MERGE, values![person, id.to_string()], read).await?;
    Ok(found.map(|((from, number), (is_undone, since))| {
        (Unmerged { id, from, to: person, number, since }, is_undone)
    }))
}

/// The same of what went with it, the last first.
async fn carried(s: &mut impl Reads, merge: MergeId) -> Result<Vec<Unmerged>, Error> {
    let read = |row: &Row<'_>| {
        let (to, id, from) = (row.parse(0)?, row.parse(1)?, row.parse(2)?);
        Ok(Unmerged { id, from, to, number: number(row, 3)?, since: row.time(6)? })
    };
    let of = values![merge.to_string(), account::TOGETHER_MAX];
    Ok(s.list(sql::merge::CARRIED, of, read).await?)
}

/// A source's number, of three columns.
fn number(row: &Row<'_>, at: usize) -> Result<SourceRecord, ken_store::Error> {
    let local = LocalIdentifier::new(&row.text(at + 1)?, &row.text(at + 2)?)
        .map_err(|_| ken_store::Error::Column { index: at + 2 })?;
    Ok(SourceRecord { organisation: row.parse(at)?, local })
}

/// The merges by which numbers were moved away from a person, and that stand; oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn merges(
    s: &mut impl Reads,
    person: PersonId,
) -> Result<Vec<(MergeId, PersonId)>, Error> {
    let of = values![person, account::TOGETHER_MAX];
    Ok(s.list(sql::merge::MERGES, of, |row| Ok((row.parse(0)?, row.parse(1)?))).await?)
}

/// Moves the sender's accounts alone: that of a number, and of those that were merged into it.
async fn transfer_all(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gone, from): (&SourceRecord, PersonId),
    to: PersonId,
    follow: Vec<(SourceRecord, PersonId)>,
) -> Result<Merged, Error> {
    let own = transfer(tx, ctx, keys, gone.clone(), (from, to), None).await?;
    let (id, mut carried) = (own.id, Vec::with_capacity(follow.len()));
    for (number, person) in follow {
        carried.push(transfer(tx, ctx, keys, number, (person, to), Some(id)).await?);
    }
    Ok(Merged::Moved { from, to, id, is_only: own.is_only, carried })
}

/// Moves one, for the sake of a merge of its own or of another.
async fn transfer(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    number: SourceRecord,
    (from, to): (PersonId, PersonId),
    carried_by: Option<MergeId>,
) -> Result<Brought, Error> {
    let guard = tx.lock_people(&BTreeSet::from([from, to])).await?;
    let (organisation, local) = (&number.organisation, &number.local);
    let of = values![from, organisation, local.system(), local.reveal()];
    let is_only = tx.find(sql::SOURCE_BESIDE, of, |row| row.int(0)).await?.is_none();
    account::transfer(tx, ctx, &number, from, to).await?;
    let id = MergeId::draw(ctx);
    let carried_by = carried_by.map(|id| id.to_string()).unwrap_or_default();
    let of = values![
        from,
        id.to_string(),
        to,
        organisation,
        local.system(),
        local.reveal(),
        ctx.now_us(),
        carried_by
    ];
    tx.execute(sql::merge::MERGE_INSERT, of).await?;
    guard.bump(tx).await?;
    let by = Linker::Source(organisation);
    note(tx, ctx, keys, EntryKind::Linked, (from, to), by, None).await?;
    Ok(Brought { number, from, to, id, is_only })
}

/// What speaks against a merge; nothing where it may be done.
async fn against(
    tx: &mut Tx,
    (from, gone): (PersonId, &SourceRecord),
    (to, kept): (PersonId, &SourceRecord),
) -> Result<BTreeSet<Reason>, Error> {
    let mut reasons = BTreeSet::new();
    if has_two_chis(tx, from, to).await? {
        reasons.insert(Reason::ChiDiffers);
    }
    let says = async |tx: &mut Tx, person, source| {
        let kept = account::one(tx, person, source).await?;
        Ok::<Option<Demographics>, Error>(kept.map(|kept: Kept| kept.says))
    };
    if let (Some(one), Some(other)) = (says(tx, from, gone).await?, says(tx, to, kept).await?) {
        reasons.extend(rule::contradiction(&one, &other));
    }
    let leads = (account::lead(tx, from).await?, account::lead(tx, to).await?);
    if is_by_hand(tx, from).await? || account::is_apart(tx, leads.0, leads.1).await? {
        reasons.insert(Reason::ByHand);
    }
    Ok(reasons)
}

/// Whether a human linked anybody among those whom `person` stands with.
async fn is_by_hand(tx: &mut Tx, person: PersonId) -> Result<bool, Error> {
    for one in account::together(tx, person).await? {
        let of = values![one, account::TOGETHER_MAX];
        let makers: Vec<String> = tx.list(sql::LINK_MAKERS, of, |row| row.text(0)).await?;
        if makers.iter().any(|maker| maker.parse::<PractitionerId>().is_ok()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether something that the sender merged into whom a number means would be left behind: what it
/// merged before it was kept into which number, or what it knows in a record that was joined to
/// this one under a number that does not go.
async fn leaves_some(
    tx: &mut Tx,
    (person, gone): (PersonId, &SourceRecord),
    follow: &[(SourceRecord, PersonId)],
) -> Result<bool, Error> {
    let sender = &gone.organisation;
    let of = values![person, sender, gone.local.system(), gone.local.reveal()];
    if tx.find(sql::merge::MERGED_INTO, of, |row| row.int(0)).await?.is_some() {
        return Ok(true);
    }
    let goes = |local: &LocalIdentifier| follow.iter().any(|(number, _)| number.local == *local);
    for one in account::together(tx, person).await? {
        let numbers = account::numbers(tx, one, sender).await?;
        if one != person && !numbers.iter().all(goes) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether everything that stands together with `person` is the sender's alone.
async fn is_all_of(tx: &mut Tx, person: PersonId, sender: &SourceRecord) -> Result<bool, Error> {
    let of = values![account::lead(tx, person).await?, &sender.organisation];
    Ok(tx.find(sql::SOURCE_OTHER, of, |row| row.int(0)).await?.is_none())
}

/// Gives somebody known a further number of the same source.
async fn alias(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &SourceRecord,
) -> Result<Merged, Error> {
    let of = values![&source.organisation, source.local.system(), source.local.reveal(), person];
    if tx.execute(sql::NUMBER_CLAIM, of).await? == 0 {
        return Err(Error::Contended);
    }
    let before = account::one(tx, person, source).await?;
    account::put(tx, ctx, person, &Demographics::from_source(source.clone()), before).await?;
    Ok(Merged::Nothing)
}
