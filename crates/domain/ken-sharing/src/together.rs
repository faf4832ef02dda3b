//! Who stands together: ids that somebody has said are one person.
//!
//! The index says who is whom; this crate may not ask it, so the index tells it here. What
//! restricts under one id counts under every id that stands together with it: whoever objected, or
//! must be kept from a relative, did so as a person and not as a number. What widens (a
//! relationship, an agreement, an affirmation) stays with the id that it was said of, because a
//! link may be wrong (`core.md` 2.6).
//!
//! # Invariants
//!
//! - Standing together is mutual and whole: every ordered pair of a group is a row.
//! - The epoch of an id counts the changes of every id of its group: whoever changes a fact under
//!   one bumps them all, in the transaction of the change. So a decision about one id, which is
//!   entered only under that id's epoch, cannot miss a change under another.
//! - Joining and parting hold and bump every guard of the groups they change.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_store::{PeopleGuard, Reads, Tx, guard, values};

use crate::{Error, sql};

/// Most ids that stand together. House policy: far more systems than know one person; a larger
/// group is a fault of linking, and nothing more is decided about it until that is mended.
pub const GROUP_MAX: usize = 32;

/// Everybody who stands together with a person, without that person.
///
/// # Errors
///
/// [`Error::TooManyTogether`] over [`GROUP_MAX`], and whatever the store says.
pub async fn others<R: Reads>(
    reads: &mut R,
    person: PersonId,
) -> Result<BTreeSet<PersonId>, Error> {
    let others = reads.list(sql::LIST_TOGETHER, values![person], |row| row.parse(0)).await?;
    if others.len() >= GROUP_MAX {
        return Err(Error::TooManyTogether);
    }
    Ok(others.into_iter().collect())
}

/// A person and everybody who stands together with them.
///
/// # Errors
///
/// As [`others`].
pub async fn group<R: Reads>(reads: &mut R, person: PersonId) -> Result<BTreeSet<PersonId>, Error> {
    let mut group = others(reads, person).await?;
    group.insert(person);
    Ok(group)
}

/// Takes the guards of these people and of everybody who stands together with them, in the order
/// of their ids. Whoever changes a sharing fact begins with it, and bumps what it gives.
///
/// # Errors
///
/// [`Error::Contended`] when somebody was joined to them meanwhile: do it again; as [`others`].
pub async fn lock(tx: &mut Tx, people: &BTreeSet<PersonId>) -> Result<PeopleGuard, Error> {
    let expected = groups(tx, people).await?;
    let guard = tx.lock_people(&expected).await?;
    // Joining holds these guards: from here on nobody is joined to them or parted.
    if groups(tx, people).await?.is_subset(&expected) {
        return Ok(guard);
    }
    Err(Error::Contended)
}

async fn groups(tx: &mut Tx, people: &BTreeSet<PersonId>) -> Result<BTreeSet<PersonId>, Error> {
    let mut all = people.clone();
    for person in people {
        all.append(&mut others(tx, *person).await?);
    }
    Ok(all)
}

/// Says that two people, with all who stand together with either, are one person.
///
/// The guard is that of [`lock`] over both; every guard of the group is bumped.
///
/// # Errors
///
/// [`Error::TooManyTogether`] where more than [`GROUP_MAX`] would stand together;
/// [`Error::NotHeld`] where the guard is not over both groups; whatever the store says.
pub async fn join(
    tx: &mut Tx,
    held: &PeopleGuard,
    one: PersonId,
    other: PersonId,
) -> Result<(), Error> {
    let (ones, others) = (group(tx, one).await?, group(tx, other).await?);
    if ones == others {
        return Ok(());
    }
    let all: BTreeSet<_> = ones.union(&others).copied().collect();
    if all.len() > GROUP_MAX {
        return Err(Error::TooManyTogether);
    }
    pair(tx, &ones, &others, sql::INSERT_TOGETHER).await?;
    changed(tx, held, &all).await
}

/// Says that these people are not who the rest of their groups are; among themselves they stay
/// together.
///
/// The guard is that of [`lock`] over them; every guard of the groups is bumped.
///
/// # Errors
///
/// [`Error::NotHeld`] where the guard is not over their groups; whatever the store says.
pub async fn part(
    tx: &mut Tx,
    held: &PeopleGuard,
    parted: &BTreeSet<PersonId>,
) -> Result<(), Error> {
    let all = groups(tx, parted).await?;
    let rest = all.difference(parted).copied().collect();
    pair(tx, parted, &rest, sql::DELETE_TOGETHER).await?;
    changed(tx, held, &all).await
}

/// Writes or removes both rows of every pair.
async fn pair(
    tx: &mut Tx,
    ones: &BTreeSet<PersonId>,
    others: &BTreeSet<PersonId>,
    statement: ken_store::Sql,
) -> Result<(), Error> {
    let pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (*one, *other)));
    let rows: Vec<_> = pairs
        .flat_map(|(one, other)| [values![one, other].to_vec(), values![other, one].to_vec()])
        .collect();
    tx.execute_each(statement, &rows).await?;
    Ok(())
}

/// Every decision about these people is now stale. Where one of them is a practitioner, whose
/// family facts may name another id of theirs, decisions about anybody may be: that is the head's.
async fn changed(tx: &mut Tx, held: &PeopleGuard, all: &BTreeSet<PersonId>) -> Result<(), Error> {
    let guarded: BTreeSet<_> = held.people().iter().map(|(person, _)| *person).collect();
    if !all.is_subset(&guarded) {
        return Err(Error::NotHeld);
    }
    held.bump(tx).await?;
    for person in all {
        if ken_directory::practitioner::is_practitioner(tx, *person).await? {
            guard::bump_policy(tx).await?;
            break;
        }
    }
    Ok(())
}

/// Bumps everybody who stands together with a person whose guard the caller holds and bumps.
pub(crate) async fn bump_others(tx: &mut Tx, person: PersonId) -> Result<(), Error> {
    let others = others(tx, person).await?;
    if !others.is_empty() {
        tx.lock_people(&others).await?.bump(tx).await?;
    }
    Ok(())
}
