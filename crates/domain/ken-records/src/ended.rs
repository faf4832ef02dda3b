//! How an item stands: current, superseded, or entered in error.
//!
//! # Invariants
//!
//! - Messages may come out of order: what another replaced is superseded even where it comes after
//!   what replaced it, so an ending is remembered.
//! - What is superseded was current: an error stays one, and so does what stands beside another.
//!   What was an error is one however it stood.
//! - What a message supersedes that was told under another of its source's numbers stands beside
//!   it, and holds again where that number goes back ([`crate::moves`]).
//! - What ended stays in the record, and is disclosed only as such: somebody may have acted on it.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{OrganisationId, PersonId, ResourceId};
use ken_store::{Reads, Row, Tx, Value as Bound, values};

use crate::names::{self, Run};
use crate::{Error, Under, sql};

/// Items that one statement finds.
const FOUND_MAX: i64 = 200;
/// Most statements that one ending takes for each few runs of names. House policy: twenty thousand
/// items, a report with every line that it ever had.
const ROUNDS_MAX: usize = 100;
/// Runs of names in one statement: a source holds about a person of so many kinds, most often.
const RUNS_PER_STATEMENT: usize = 6;
/// Endings looked up in one statement.
const ENDINGS_PER_STATEMENT: usize = 8;
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

/// What of a thing a message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// It and what was cut out of it, also where it comes only later.
    ForEver,
    /// It and what was cut out of it; it may be told again.
    Held,
    /// It alone.
    Same,
    /// Only what was cut out of it.
    Cut,
}

/// What a message ends without telling it again.
#[derive(Debug)]
pub struct Ending<'a> {
    /// What begins the item's key, up to its first space: the system that sends.
    pub system: &'a str,
    /// What the source calls it, whatever the category that stands between.
    pub key: &'a str,
    /// What of it ends.
    pub scope: Scope,
    /// How it stands from now on.
    pub status: Status,
}

/// Ends items of one source, but for those that the same message files; where a message is said
/// again for some things `only`, none but these. Says which. What ends for ever is remembered,
/// under the number that the message gave.
///
/// # Errors
///
/// Whatever the store says.
pub async fn end(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    (ending, under): (&Ending<'_>, &Under),
    (told, only): (&BTreeSet<ResourceId>, Option<&BTreeSet<ResourceId>>),
) -> Result<Vec<ResourceId>, Error> {
    let names = names::in_categories(tx, person, source, (ending.system, ending.key)).await?;
    let runs = names.iter().flat_map(|name| {
        let own = (ending.scope != Scope::Cut).then(|| Run::one(name));
        let cut = (ending.scope != Scope::Same).then(|| Run::beginning(format!("{name}|")));
        own.into_iter().chain(cut)
    });
    let runs: Vec<Run> = runs.collect();
    let mut ended = vec![];
    let is_same = ending.scope == Scope::Same;
    // Under another number what is taken back stands beside, and holds again where that goes back:
    // it may be another person's.
    let to_stand = if is_same { Status::Superseded } else { ending.status };
    for some in runs.chunks(RUNS_PER_STATEMENT) {
        for (item, number) in standing(tx, (person, source), some, to_stand).await? {
            if told.contains(&item) || only.is_some_and(|only| !only.contains(&item)) {
                continue;
            }
            let is_own = number.is_empty() || number == under.as_str();
            let status = match ending.status {
                _ if is_same && !is_own => MERGED,
                Status::Superseded if !is_own => MERGED,
                status => status.code(),
            };
            tx.execute(sql::SET_STATUS, values![person, item, status]).await?;
            ended.push(item);
        }
    }
    let name = pattern(ending.system, ending.key);
    let cut = format!("{name}|%");
    // What was only cut out may be told again; what was replaced stays so.
    if ending.scope == Scope::ForEver {
        let (under, status) = (under.as_str(), ending.status.code());
        let of = values![person, source, under, name.as_str(), cut.as_str(), status];
        tx.execute(sql::PUT_ENDING, of).await?;
    }
    Ok(ended)
}

/// What stands in a list which `told` tells anew, and is not among it: what a system calls by a key
/// and more. With `ended`, also what has ended and is no error.
///
/// # Errors
///
/// Whatever the store says.
pub async fn leaving(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    (system, key): (&str, &str),
    (told, ended): (&BTreeSet<ResourceId>, bool),
) -> Result<BTreeSet<ResourceId>, Error> {
    let names = names::in_categories(tx, person, source, (system, key)).await?;
    let runs: Vec<Run> = names.iter().map(|name| Run::beginning(format!("{name}|"))).collect();
    let status = if ended { Status::EnteredInError } else { Status::Superseded };
    let mut all = BTreeSet::new();
    for some in runs.chunks(RUNS_PER_STATEMENT) {
        all.extend(standing(tx, (person, source), some, status).await?.into_keys());
    }
    Ok(&all - told)
}

/// What stands in some runs of names, in so far as it is to stand otherwise, with its number.
async fn standing(
    tx: &mut Tx,
    (person, source): (PersonId, &OrganisationId),
    runs: &[Run],
    status: Status,
) -> Result<BTreeMap<ResourceId, String>, Error> {
    let mut runs: Vec<Run> = runs.to_vec();
    runs.resize(RUNS_PER_STATEMENT, Run::empty());
    let mut all = BTreeMap::new();
    for _ in 0..ROUNDS_MAX {
        let fixed = [person.into(), source.into(), status.code().into(), FOUND_MAX.into()];
        let of: Vec<Bound<'_>> = fixed
            .into_iter()
            .chain(runs.iter().flat_map(|run| [(&*run.low).into(), (&*run.high).into()]))
            .collect();
        let read = |row: &Row<'_>| Ok((row.parse(0)?, row.text(1)?, row.text(2)?));
        let found: Vec<(ResourceId, String, String)> =
            tx.list(sql::FIND_STANDING, &of, read).await?;
        let is_last = i64::try_from(found.len()).is_ok_and(|count| count < FOUND_MAX);
        let last = found.last().map(|(_, name, _)| name.clone()).unwrap_or_default();
        all.extend(found.into_iter().map(|(item, _, number)| (item, number)));
        if is_last {
            return Ok(all);
        }
        for run in &mut runs {
            if run.low < last {
                run.low.clone_from(&last);
            }
        }
    }
    Err(Error::Corrupt("endings"))
}

/// Ends an item that has just come, where its source had ended it before.
pub(crate) async fn end_late(
    tx: &mut Tx,
    (person, item): (PersonId, ResourceId),
    source: &OrganisationId,
    (item_key, under): (&str, &Under),
) -> Result<(), Error> {
    if let Some(status) = remembered(tx, person, source, (item_key, under)).await? {
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
    (item_key, under, was): (&str, &Under, &str),
) -> Result<bool, Error> {
    if let Some(status) = remembered(tx, person, source, (item_key, under)).await? {
        // With a new version it no longer stands beside another ([`sql::UPSERT_ITEM`]).
        if was == MERGED {
            tx.execute(sql::SET_STATUS, values![person, item, status.as_str()]).await?;
        }
        return Ok(false);
    }
    let now = Status::Current.code();
    tx.execute(sql::SET_STATUS, values![person, item, now]).await?;
    Ok(true)
}

/// How a source said that what it calls so ended, or what it was cut out of, if it did: an error
/// before all, and what it said under the number itself before what it said under another.
async fn remembered(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    (item_key, under): (&str, &Under),
) -> Result<Option<String>, Error> {
    let Some((system, keys)) = names::owners(item_key) else { return Ok(None) };
    let patterns: Vec<String> = keys.iter().map(|key| pattern(system, key)).collect();
    let mut found: Vec<(String, bool)> = vec![];
    for some in patterns.chunks(ENDINGS_PER_STATEMENT) {
        let spare = std::iter::repeat(some.first()).flatten();
        let of: Vec<Bound<'_>> = [person.into(), source.into(), under.as_str().into()]
            .into_iter()
            .chain(some.iter().chain(spare).take(ENDINGS_PER_STATEMENT).map(|one| (&**one).into()))
            .collect();
        let read = |row: &Row<'_>| Ok((row.text(0)?, row.int(1)? == 0));
        found.extend(tx.find(sql::FIND_ENDING, &of, read).await?);
    }
    let first = found.into_iter().min_by_key(|(status, is_own)| (status.clone(), !is_own));
    let beside = |status: &str, is_own: bool| !is_own && status == Status::Superseded.code();
    Ok(first.map(
        |(status, is_own)| {
            if beside(&status, is_own) { MERGED.to_owned() } else { status }
        },
    ))
}

/// How an ending is remembered of what a system calls by a key, whatever the category: as a
/// pattern of `LIKE ... ESCAPE '!'`, which is compared to the letter.
pub(crate) fn pattern(system: &str, key: &str) -> String {
    format!("{} % {}", escaped(system), escaped(key))
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
