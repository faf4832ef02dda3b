//! Chains of merges: which of its numbers a source says is which other.
//!
//! # Invariants
//!
//! - Of each number the last word of its source stands: the last that one system said, where it
//!   says when; else the last that came.
//! - Numbers that were merged into one go where that goes, each by a move of its own that bears
//!   the merge; and they come back with it.
//! - What stands on a merge is taken back before it: no number is left with somebody whom its
//!   source does not mean.
//! - More than [`CHAIN_MAX`] are for a human.
//!
//! Source: `core.md` 5; ADR 86.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::identifier::LocalIdentifier;
use ken_core::{Ctx, PersonId};
use ken_store::{Reads, Row, Tx, values};

use crate::demographics::SourceRecord;
use crate::link::LinkId;
use crate::merge::{MergeId, hold};
use crate::sql::merge as sql;
use crate::{Error, account};

/// Most numbers that go with one. House policy: as many as one message ends.
pub(crate) const CHAIN_MAX: usize = 20;

/// When which system said something; two systems' clocks are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// The system.
    pub system: &'a str,
    /// When.
    pub at: Timestamp,
}

/// What a source said last of a number.
struct Last {
    id: String,
    kept: LocalIdentifier,
    system: String,
    at: Option<Timestamp>,
}

fn local(row: &Row<'_>, at: usize) -> Result<LocalIdentifier, ken_store::Error> {
    LocalIdentifier::new(&row.text(at)?, &row.text(at + 1)?)
        .map_err(|_| ken_store::Error::Column { index: at + 1 })
}

async fn last(s: &mut impl Reads, number: &SourceRecord) -> Result<Option<Last>, Error> {
    let of = values![&number.organisation, number.local.system(), number.local.reveal()];
    let read = |row: &Row<'_>| {
        let (id, kept, system) = (row.text(0)?, local(row, 1)?, row.text(3)?);
        Ok(Last { id, kept, system, at: row.time_opt(4)? })
    };
    Ok(s.find(sql::SAID_LAST, of, read).await?)
}

/// Whether the same system has said since that a number is another than it says now.
pub(crate) async fn is_overruled(
    tx: &mut Tx,
    (gone, kept): (&SourceRecord, &SourceRecord),
    said: Option<Said<'_>>,
) -> Result<bool, Error> {
    let (Some(said), Some(last)) = (said, last(tx, gone).await?) else { return Ok(false) };
    let is_since = last.system == said.system && last.at.is_some_and(|at| at > said.at);
    Ok(is_since && last.kept != kept.local)
}

/// Keeps that a source says that a number is another, by the merge that this made, if it made one.
pub(crate) async fn say(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (gone, kept): (&SourceRecord, &SourceRecord),
    said: Option<Said<'_>>,
    made: Option<MergeId>,
) -> Result<(), Error> {
    let (system, at) = said.map_or(("", None), |said| (said.system, Some(said.at)));
    let last = last(tx, gone).await?.filter(|last| made.is_none() && last.kept == kept.local);
    if let Some(last) = last {
        // Said again, be it late: what was said last counts.
        if said.is_some() && (last.system != system || at > last.at) {
            tx.execute(sql::SAY_AGAIN, values![last.id.as_str(), system, at]).await?;
        }
        return Ok(());
    }
    let id = made.unwrap_or_else(|| MergeId::draw(ctx)).to_string();
    let of = values![
        id.as_str(),
        &gone.organisation,
        gone.local.system(),
        gone.local.reveal(),
        kept.local.system(),
        kept.local.reveal(),
        made.is_some(),
        system,
        at,
        ctx.now_us()
    ];
    tx.execute(sql::SAY, of).await?;
    Ok(())
}

/// The numbers of which their source says that they are this one, directly or by others; one more
/// than [`CHAIN_MAX`] at least where there are more.
pub(crate) async fn merged_into(
    s: &mut impl Reads,
    number: &SourceRecord,
) -> Result<Vec<SourceRecord>, Error> {
    let organisation = &number.organisation;
    let most = i64::try_from(CHAIN_MAX).unwrap_or_default() + 1;
    let (mut known, mut at) = (vec![number.clone()], 0);
    // What was merged in a circle is met twice.
    while let Some(one) = known.get(at).filter(|_| known.len() <= CHAIN_MAX + 1).cloned() {
        let of = values![organisation, one.local.system(), one.local.reveal(), most];
        for local in s.list(sql::SAID_INTO, of, |row| local(row, 0)).await? {
            let next = SourceRecord { organisation: organisation.clone(), local };
            if !known.contains(&next) {
                known.push(next);
            }
        }
        at += 1;
    }
    known.remove(0);
    Ok(known)
}

/// Holds, to the end of the transaction, whom some numbers mean and whom those mean that were
/// merged into them, and says who that is: for who merges them.
///
/// # Errors
///
/// [`Error::Contended`] where others were merged into them meanwhile, and whatever the store says.
pub async fn hold_chains(
    tx: &mut Tx,
    numbers: &BTreeSet<SourceRecord>,
) -> Result<BTreeSet<PersonId>, Error> {
    let all = with_chains(tx, numbers).await?;
    let people = hold(tx, &all).await?;
    if with_chains(tx, numbers).await? != all {
        return Err(Error::Contended);
    }
    Ok(people)
}

async fn with_chains(
    tx: &mut Tx,
    numbers: &BTreeSet<SourceRecord>,
) -> Result<BTreeSet<SourceRecord>, Error> {
    let mut all = numbers.clone();
    for number in numbers {
        all.extend(merged_into(tx, number).await?);
    }
    Ok(all)
}

/// Those who go where a number goes, with whom each means: what was merged into it and stands with
/// it; `None` where they are too many.
pub(crate) async fn followers(
    tx: &mut Tx,
    gone: &SourceRecord,
    lead: PersonId,
) -> Result<Option<Vec<(SourceRecord, PersonId)>>, Error> {
    let merged = merged_into(tx, gone).await?;
    if merged.len() > CHAIN_MAX {
        return Ok(None);
    }
    let mut follow = Vec::new();
    for number in merged {
        let Some(person) = account::hold_number(tx, &number).await? else { continue };
        // Who was told apart since goes nowhere.
        if account::lead(tx, person).await? == lead {
            follow.push((number, person));
        }
    }
    Ok(Some(follow))
}

/// Whether a number lies with a person because of a merge that stands: what is told under it there
/// goes back with it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_brought(
    s: &mut impl Reads,
    person: PersonId,
    number: &SourceRecord,
) -> Result<bool, Error> {
    let local = &number.local;
    let of = values![person, &number.organisation, local.system(), local.reveal()];
    Ok(s.find(sql::IS_BROUGHT, of, |row| row.int(0)).await?.is_some())
}

/// Whether another number was merged into this one since a merge, and stands so.
pub(crate) async fn is_built_on(
    tx: &mut Tx,
    number: &SourceRecord,
    (merge, made): (MergeId, Timestamp),
) -> Result<bool, Error> {
    let (local, merge) = (&number.local, merge.to_string());
    let of = values![&number.organisation, local.system(), local.reveal(), made, merge.as_str()];
    Ok(tx.find(sql::INTO_SINCE, of, |row| row.int(0)).await?.is_some())
}

/// What a source said by a merge that is taken back is said no more.
pub(crate) async fn say_no_more(tx: &mut Tx, ctx: &Ctx<'_>, merge: MergeId) -> Result<(), Error> {
    tx.execute(sql::SAY_NO_MORE, values![merge.to_string(), ctx.now_us()]).await?;
    Ok(())
}

/// The same of a link; refuses to part records from which the number that the source merged so has
/// gone on with another.
pub(crate) async fn part(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    link: LinkId,
    parted: &BTreeSet<PersonId>,
) -> Result<(), Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
    let said = tx.find(sql::SAID_BY_MERGE, values![link.to_string()], read).await?;
    let Some((organisation, system, number)) = said else { return Ok(()) };
    for person in parted {
        let of = values![person, organisation.as_str(), system.as_str(), number.as_str()];
        if tx.find(sql::IS_TAKEN, of, |row| row.int(0)).await?.is_some() {
            return Err(Error::Buried);
        }
    }
    say_no_more(tx, ctx, link).await
}
