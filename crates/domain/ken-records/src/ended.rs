//! How an item stands: current, superseded, or entered in error.
//!
//! Messages may come out of order: what another replaced is superseded even where it comes after
//! what replaced it, so an ending is remembered.
//!
//! What ended stays in the record, and is disclosed only as such: somebody may have acted on it.

use std::collections::BTreeSet;

use ken_core::{OrganisationId, PersonId, ResourceId};
use ken_store::{Reads, Tx, values};

use crate::{Error, Under, sql};

/// Most items that one ending ends. House policy: a document and what was cut out of it.
const ENDED_MAX: i64 = 200;
/// How an item is stored that a merge of numbers brought beside another of the same name.
pub(crate) const MERGED: &str = "merged";

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It holds.
    Current,
    /// Another took its place.
    Superseded,
    /// Its source took it back.
    EnteredInError,
}

impl Status {
    /// The stable code: FHIR's `document-reference-status`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Superseded => "superseded",
            Self::EnteredInError => "entered-in-error",
        }
    }

    pub(crate) fn of(stored: &str) -> Result<Self, Error> {
        match stored {
            "current" => Ok(Self::Current),
            "superseded" | MERGED => Ok(Self::Superseded),
            "entered-in-error" => Ok(Self::EnteredInError),
            _ => Err(Error::Corrupt("status")),
        }
    }
}

/// What a message ends without telling it again.
#[derive(Debug)]
pub struct Ending<'a> {
    /// What begins the item's key, up to its first space: the system that sends.
    pub system: &'a str,
    /// What the source calls it, whatever the category that stands between.
    pub key: &'a str,
    /// Whether it stays itself, and only what was cut out of it ends.
    pub is_cut_only: bool,
    /// Whether it ends also where it comes only later.
    pub is_for_ever: bool,
    /// How it stands from now on.
    pub status: Status,
}

/// Ends items of one source, but for those that the same message files. Says which. What ends for
/// ever is remembered, under the number that the message gave.
///
/// # Errors
///
/// Whatever the store says.
pub async fn end(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    (ending, under): (&Ending<'_>, &Under),
    told: &BTreeSet<ResourceId>,
) -> Result<Vec<ResourceId>, Error> {
    let name = format!("{} % {}", escaped(ending.system), escaped(ending.key));
    let cut = format!("{name}|%");
    let own = if ending.is_cut_only { &cut } else { &name };
    let of = values![person, source, own.as_str(), cut.as_str(), ENDED_MAX];
    let mut found: Vec<ResourceId> = tx.list(sql::FIND_LIKE, of, |row| row.parse(0)).await?;
    found.retain(|item| !told.contains(item));
    for item in &found {
        tx.execute(sql::SET_STATUS, values![person, item, ending.status.code()]).await?;
    }
    // What was only cut out may be told again; what was replaced stays so.
    if ending.is_for_ever {
        let (under, status) = (under.as_str(), ending.status.code());
        let of = values![person, source, under, name.as_str(), cut.as_str(), status];
        tx.execute(sql::PUT_ENDING, of).await?;
    }
    Ok(found)
}

/// Ends an item that has just come, where its source had ended it before.
pub(crate) async fn end_late(
    tx: &mut Tx,
    (person, item): (PersonId, ResourceId),
    source: &OrganisationId,
    item_key: &str,
) -> Result<(), Error> {
    if let Some(status) = remembered(tx, person, source, item_key).await? {
        tx.execute(sql::SET_STATUS, values![person, item, status.as_str()]).await?;
    }
    Ok(())
}

/// Says that an item that had ended holds again, now that it is told, unless its source has
/// replaced or withdrawn it as a whole. Says whether it does.
pub(crate) async fn stand_again(
    tx: &mut Tx,
    (person, item): (PersonId, ResourceId),
    source: &OrganisationId,
    item_key: &str,
) -> Result<bool, Error> {
    if remembered(tx, person, source, item_key).await?.is_some() {
        return Ok(false);
    }
    let now = Status::Current.code();
    tx.execute(sql::SET_STATUS, values![person, item, now]).await?;
    Ok(true)
}

/// How a source said that what it calls so ended, if it did.
async fn remembered(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    item_key: &str,
) -> Result<Option<String>, Error> {
    let of = values![person, source, item_key];
    Ok(tx.find(sql::FIND_ENDING, of, |row| row.text(0)).await?)
}

/// A text that `LIKE ... ESCAPE '!'` takes as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            whole.push('!');
        }
        whole.push(letter);
    }
    whole
}
