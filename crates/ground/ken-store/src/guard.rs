//! Guard rows: who changes what a decision rests on, and who decides, meet here.
//!
//! Every person has a guard row before any fact. Who changes a sharing fact takes the guard and
//! bumps its epoch; a decision is entered only if the epoch it read still stands. What is decided
//! by without a person (training, signatures, roles) has the policy head instead.
//!
//! # Invariants
//!
//! - People are locked one statement each, by equality, in the order of their ids: two operations
//!   over the same people cannot wait for each other, and Citus accepts it.
//!
//! - An operation over two people marks both before it changes either, and unmarks them when both
//!   are right; until then decisions about them answer "being put right".
//!
//! Source: `core.md` 4.2 and 4.3.

use std::collections::BTreeSet;

use ken_core::PersonId;

use crate::{Error, Reads, Result, Row, Tx, sql, values};

/// Most people that one transaction locks. House policy: a family or a link, never a cohort.
pub const PEOPLE_MAX: usize = 256;

/// Longest id of an operation, in bytes.
pub const OPERATION_MAX: usize = 128;

/// What a person's guard says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Counts the changes to what decisions about this person rest on; from 1.
    pub epoch: i64,
    /// The operation that has this person "being put right", if one has.
    pub barrier: Option<String>,
}

/// The guards of some people, held to the end of the transaction that took them.
#[derive(Debug)]
pub struct PeopleGuard {
    serial: u64,
    people: Vec<(PersonId, Guard)>,
}

impl Tx {
    /// Takes the guards of `people`, giving a guard row to those who have none.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] beyond [`PEOPLE_MAX`]; [`Error::Contended`] if another transaction
    /// keeps one for too long.
    pub async fn lock_people(&mut self, people: &BTreeSet<PersonId>) -> Result<PeopleGuard> {
        if people.len() > PEOPLE_MAX {
            return Err(Error::TooLong { what: "set of people", max: PEOPLE_MAX });
        }
        let mut held = Vec::with_capacity(people.len());
        for person in people {
            self.execute_later(sql::GUARD_CREATE, values![person]).await?;
            let guard = self.find(sql::GUARD_LOCK, values![person], read).await?;
            held.push((*person, guard.ok_or(Error::Contended)?));
        }
        Ok(PeopleGuard { serial: self.serial(), people: held })
    }
}

impl PeopleGuard {
    /// Those whose guards are held, with what the guards said when they were taken.
    #[must_use]
    pub fn people(&self) -> &[(PersonId, Guard)] {
        &self.people
    }

    /// Says that what decisions about these people rest on has changed.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignGuard`] in another transaction than the one that took it.
    pub async fn bump(&self, tx: &mut Tx) -> Result<()> {
        self.belongs(tx)?;
        for (person, _) in &self.people {
            tx.execute_later(sql::GUARD_BUMP, values![person]).await?;
        }
        Ok(())
    }

    /// Marks these people as "being put right" by `operation`; their epochs change. Those whom it
    /// has marked already stay as they are. False, and nothing is changed, if another operation
    /// has one of them.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignGuard`] in another transaction than the one that took it;
    /// [`Error::TooLong`] beyond [`OPERATION_MAX`].
    pub async fn bar(&self, tx: &mut Tx, operation: &str) -> Result<bool> {
        self.belongs(tx)?;
        if operation.len() > OPERATION_MAX {
            return Err(Error::TooLong { what: "id of an operation", max: OPERATION_MAX });
        }
        let mut free = Vec::with_capacity(self.people.len());
        for (person, _) in &self.people {
            // Read again: this transaction may have marked some itself.
            let guard = find(tx, *person).await?.ok_or(Error::Contended)?;
            match guard.barrier {
                None => free.push(*person),
                Some(other) if other != operation => return Ok(false),
                Some(_) => {}
            }
        }
        for person in free {
            tx.execute(sql::GUARD_BAR, values![person, operation]).await?;
        }
        Ok(true)
    }

    /// Says that `operation` has put these people right; their epochs change. What another
    /// operation has marked stays marked.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignGuard`] in another transaction than the one that took it.
    pub async fn unbar(&self, tx: &mut Tx, operation: &str) -> Result<()> {
        self.belongs(tx)?;
        for (person, _) in &self.people {
            tx.execute(sql::GUARD_UNBAR, values![person, operation]).await?;
        }
        Ok(())
    }

    fn belongs(&self, tx: &Tx) -> Result<()> {
        (self.serial == tx.serial()).then_some(()).ok_or(Error::ForeignGuard)
    }
}

/// Gives `person` a guard row, where there is none; for who creates a person.
///
/// # Errors
///
/// Those of a statement.
pub async fn create(tx: &mut Tx, person: PersonId) -> Result<()> {
    tx.execute_later(sql::GUARD_CREATE, values![person]).await
}

/// What the guard of `person` says; none for somebody unknown.
///
/// # Errors
///
/// Those of a statement.
pub async fn find(reads: &mut impl Reads, person: PersonId) -> Result<Option<Guard>> {
    reads.find(sql::GUARD_FIND, values![person], read).await
}

/// People who are "being put right", with the operation that has each, at most `most`: what a
/// start goes on with.
///
/// # Errors
///
/// Those of a statement.
pub async fn barred(reads: &mut impl Reads, most: u32) -> Result<Vec<(PersonId, String)>> {
    let read = |row: &Row<'_>| Ok((row.parse(0)?, row.text(1)?));
    reads.list(sql::GUARDS_BARRED, values![most], read).await
}

/// The version of what is decided by without a person.
///
/// # Errors
///
/// Those of a statement.
pub async fn policy_version(reads: &mut impl Reads) -> Result<i64> {
    let version = reads.find(sql::POLICY_FIND, &[], |row| row.int(0)).await?;
    version.ok_or(Error::Column { index: 0 })
}

/// Says that what is decided by without a person has changed, and gives the new version.
///
/// # Errors
///
/// Those of a statement.
pub async fn bump_policy(tx: &mut Tx) -> Result<i64> {
    let version = tx.find(sql::POLICY_BUMP, &[], |row| row.int(0)).await?;
    version.ok_or(Error::Column { index: 0 })
}

fn read(row: &Row<'_>) -> Result<Guard> {
    Ok(Guard { epoch: row.int(0)?, barrier: row.text_opt(1)? })
}
