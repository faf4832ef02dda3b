//! Merge messages: a source says that two of its own numbers are one person (HL7 A40, A34).
//!
//! # Invariants
//!
//! - A merge relinks its sender's own records and nothing else: another organisation's record, and
//!   whatever a human linked or set apart, stays as it is. Where the sender's word and a human's
//!   cannot both hold, a human looks.
//! - What contradicts is not merged, as the rule has it: two CHI numbers, two sexes, a twin's name.
//! - A merge that moved a number can be taken back.
//! - A number into which others were merged is not moved away from them: what came by them would
//!   stay with somebody whom the sender no longer means. A human looks.
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
    },
    /// Something contradicts: nothing was moved, and a human must look.
    Uncertain,
}

/// What goes back where a merge is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
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

/// Holds the number of a merge, and says whom it meant and means; nobody for no such merge.
///
/// # Errors
///
/// Whatever the store says.
pub async fn hold_merged(
    tx: &mut Tx,
    (person, merge): (PersonId, MergeId),
) -> Result<BTreeSet<PersonId>, Error> {
    let read = |row: &Row<'_>| {
        let local = LocalIdentifier::new(&row.text(2)?, &row.text(3)?)
            .map_err(|_| ken_store::Error::Column { index: 3 })?;
        Ok((row.parse::<PersonId>(0)?, SourceRecord { organisation: row.parse(1)?, local }))
    };
    let found = tx.find(sql::MERGE, values![person, merge.to_string()], read).await?;
    let Some((now, number)) = found else { return Ok(BTreeSet::new()) };
    account::hold_number(tx, &number).await?;
    Ok(BTreeSet::from([person, now]))
}

/// Says that what the sender knew under `gone` is from now on known under `kept` (HL7 A40, A34).
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
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (None, None) => return Ok(Merged::Nothing),
        (Some(known), None) => return alias(tx, ctx, known, kept).await,
        (None, Some(known)) => return alias(tx, ctx, known, gone).await,
    };
    let leads = (account::lead(tx, from).await?, account::lead(tx, to).await?);
    if leads.0 == leads.1 {
        return Ok(Merged::Nothing);
    }
    let reasons = against(tx, (from, gone), (to, kept)).await?;
    if !reasons.is_empty() {
        let doubt = Doubt { person: to, reasons, alike: None };
        queue::offer_once(tx, ctx, from, &gone.organisation, &[doubt]).await?;
        return Ok(Merged::Uncertain);
    }
    if is_all_of(tx, from, gone).await? {
        let link = join(tx, ctx, keys, from, to, Linker::Source(&gone.organisation), None).await?;
        return Ok(link.map_or(Merged::Nothing, Merged::Linked));
    }
    if has_joined(tx, from, gone).await? {
        let reasons = BTreeSet::from([Reason::MergedBefore]);
        let doubt = Doubt { person: to, reasons, alike: None };
        queue::offer_once(tx, ctx, from, &gone.organisation, &[doubt]).await?;
        return Ok(Merged::Uncertain);
    }
    transfer(tx, ctx, keys, gone, (from, to)).await
}

/// Takes a merge back that moved a number: from now on it means whom it meant before. What was
/// shown of the wrong person meanwhile is asked back from then on ([`Parted`]).
///
/// # Errors
///
/// [`Error::Unknown`] for no such merge, [`Error::Decided`] for one that was taken back already,
/// [`Error::Buried`] where the number has moved on, and whatever the store, the key ring or the
/// ledger says.
pub async fn unmerge(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, merge): (PersonId, MergeId),
    by: &Acting,
    why: &Why,
) -> Result<Unmerged, Error> {
    let read = |row: &Row<'_>| {
        let number = (row.parse(1)?, row.text(2)?, row.text(3)?);
        Ok((row.parse::<PersonId>(0)?, number, (row.time_opt(4)?, row.time(5)?)))
    };
    let found = tx.find(sql::MERGE, values![person, merge.to_string()], read).await?;
    let (now, (organisation, system, number), (undone, since)) =
        found.ok_or(Error::Unknown("merge"))?;
    if undone.is_some() {
        return Err(Error::Decided("merge"));
    }
    let local = LocalIdentifier::new(&system, &number).map_err(|_| Error::Corrupt("number"))?;
    let number = SourceRecord { organisation, local };
    if account::hold_number(tx, &number).await? != Some(now) {
        return Err(Error::Buried);
    }
    let guard = tx.lock_people(&BTreeSet::from([person, now])).await?;
    account::transfer(tx, ctx, &number, now, person).await?;
    let of = values![person, merge.to_string(), ctx.now_us()];
    if tx.execute(sql::MERGE_UNDO, of).await? == 0 {
        return Err(Error::Decided("merge"));
    }
    guard.bump(tx).await?;
    let sides = [together::group(tx, person).await?, together::group(tx, now).await?];
    let (people, source) = ([person, now], Some(number.organisation.clone()));
    for side in &sides {
        linker::note(tx, ctx, side, by.practitioner).await?;
    }
    let until = ctx.clock.now();
    Parted { id: merge, people, sides, from: since, until, source }.owe(tx, ctx).await?;
    let by = Linker::Practitioner(by);
    note(tx, ctx, keys, EntryKind::Unlinked, (now, person), by, Some(why)).await?;
    Ok(Unmerged { from: now, to: person, number, since })
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
    Ok(s.list(sql::MERGES, of, |row| Ok((row.parse(0)?, row.parse(1)?))).await?)
}

/// Moves the sender's account alone.
async fn transfer(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gone: &SourceRecord,
    (from, to): (PersonId, PersonId),
) -> Result<Merged, Error> {
    let guard = tx.lock_people(&BTreeSet::from([from, to])).await?;
    let number = (gone.local.system(), gone.local.reveal());
    let of = values![from, &gone.organisation, number.0, number.1];
    let is_only = tx.find(sql::SOURCE_BESIDE, of, |row| row.int(0)).await?.is_none();
    account::transfer(tx, ctx, gone, from, to).await?;
    let id = MergeId::draw(ctx);
    let of = values![
        from,
        id.to_string(),
        to,
        &gone.organisation,
        gone.local.system(),
        gone.local.reveal(),
        ctx.now_us()
    ];
    tx.execute(sql::MERGE_INSERT, of).await?;
    guard.bump(tx).await?;
    let by = Linker::Source(&gone.organisation);
    note(tx, ctx, keys, EntryKind::Linked, (from, to), by, None).await?;
    Ok(Merged::Moved { from, to, id, is_only })
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

/// Whether the sender has merged others into whom a number means: numbers of its own, or records.
async fn has_joined(tx: &mut Tx, person: PersonId, gone: &SourceRecord) -> Result<bool, Error> {
    let sender = &gone.organisation;
    let of = values![person, sender, gone.local.system(), gone.local.reveal()];
    if tx.find(sql::MERGED_INTO, of, |row| row.int(0)).await?.is_some() {
        return Ok(true);
    }
    for one in account::together(tx, person).await? {
        let of = values![one, account::TOGETHER_MAX];
        let makers: Vec<String> = tx.list(sql::LINK_MAKERS, of, |row| row.text(0)).await?;
        if makers.iter().any(|maker| maker == sender.as_str()) {
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
