//! What a source called by a shorter name, before names told more apart, and what it calls by a
//! name.
//!
//! A thing that is held under its former name and has the same words gets its name of now, once;
//! then it is found as anything else. What has other words was another thing, and keeps its name;
//! so does what a number tells and nobody can tell from what another number told.

use ken_core::{OrganisationId, PersonId, ResourceId};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Row, Tx, Value as Bound, values};
use serde_json::Value;

use crate::file::associated;
use crate::names::{self, Run};
use crate::steward::Stewardship;
use crate::{Error, Under, sql};

/// Most things of one former name that are looked at. House policy: a list of allergies.
const FORMER_MAX: i64 = 50;
/// Names looked up in one statement.
const NAMES_PER_STATEMENT: usize = 8;

/// A thing by its names.
#[derive(Debug)]
pub struct Former<'a> {
    /// What the source called it; `#2` and so on after it name others of that name.
    pub name: &'a str,
    /// What it is called now.
    pub now: &'a str,
}

/// What a system of a source calls so, in whatever category it is filed.
///
/// # Errors
///
/// Whatever the store says.
pub async fn named(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    (system, key): (&str, &str),
) -> Result<Vec<ResourceId>, Error> {
    let names = names::in_categories(tx, person, source, (system, key)).await?;
    let mut found = vec![];
    for some in names.chunks(NAMES_PER_STATEMENT) {
        let spare = std::iter::repeat(some.first()).flatten();
        let of: Vec<Bound<'_>> = [person.into(), source.into(), FORMER_MAX.into()]
            .into_iter()
            .chain(some.iter().chain(spare).take(NAMES_PER_STATEMENT).map(|name| (&**name).into()))
            .collect();
        found.extend(tx.list(sql::ITEMS_NAMED, &of, |row| row.parse::<ResourceId>(0)).await?);
    }
    Ok(found)
}

/// What a source calls by a whole name, and by that name with `#2` and so on after it: several of
/// one name that one message told, by their places in it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn namesakes(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    name: &str,
) -> Result<Vec<ResourceId>, Error> {
    let run = Run::beginning(format!("{name}#"));
    let of = values![person, source, name, &*run.low, &*run.high, FORMER_MAX];
    Ok(tx.list(sql::NAMESAKES, of, |row| row.parse(0)).await?)
}

/// Gives what is held under a former name its name of now, where it is what `said` tells and
/// nothing has that name yet. Says whether it did.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn rename(
    tx: &mut Tx,
    keys: &KeyRing,
    (person, source, under): (PersonId, &OrganisationId, &Under),
    former: &Former<'_>,
    said: &Value,
) -> Result<bool, Error> {
    let filing = Stewardship::Filing { said: said.clone(), told: None };
    let read = |row: &Row<'_>| {
        let (item, version): (ResourceId, i64) = (row.parse(0)?, row.int(1)?);
        Ok((item, version, row.parse::<KeyId>(2)?, row.bytes(3)?))
    };
    for run in [Run::one(former.name), Run::beginning(format!("{}#", former.name))] {
        let (low, high) = (&*run.low, &*run.high);
        let of = values![person, source, low, high, under.as_str(), former.now, FORMER_MAX];
        for (item, version, key, body) in tx.list(sql::FIND_FORMER, of, read).await? {
            let bound_to = associated(person, item, version);
            if filing.recognises(keys, &key, &bound_to, &body).await? {
                tx.execute(sql::RENAME_ITEM, values![person, item, former.now]).await?;
                return Ok(true);
            }
        }
    }
    Ok(false)
}
