//! How often somebody may look for people and find nobody.
//!
//! Whoever tries numbers one after the other finds nobody again and again, and so does whoever
//! tries names. Each search takes its place before it looks, and gives it back where it found
//! somebody: many at once get no more than one after the other.
//!
//! # Invariants
//!
//! - What is refused for its number has looked at nothing, and counts for nobody: one who guesses
//!   uses up no colleague's searches beyond their own share.
//! - Whom an organisation looks for and does not find is counted too, by whatever accounts it does
//!   so. Whoever finds somebody they work with is never stopped by this, however often a colleague
//!   has not: it is counted after the look.
//! - Whom somebody looked for is kept as a digest under a key of the day, and for two hours.
//! - An emergency is not counted here, and is never refused by this.
//!
//! Source: house policy.

use ken_core::Ctx;
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Snapshot, Tx, values};
use serde_json::json;

use crate::sql::search as sql;
use crate::{Error, Query, entry};

/// Searches of one account in an hour that find nobody. House policy: twice what a busy ward's
/// clerk does, and a fifteenth of the numbers that are possible of one birth date.
pub const ACCOUNT_MISSES_MAX: i64 = 60;
/// Those of one practitioner, by whatever accounts.
pub const PRACTITIONER_MISSES_MAX: i64 = 90;
/// Those of one organisation. House policy: as of some twenty busy clerks.
pub const ORGANISATION_MISSES_MAX: i64 = 1_000;

/// Searches of one organisation in an hour for one person that find nobody. House policy: a few
/// colleagues who each mistype.
pub const SOUGHT_MISSES_MAX: i64 = 12;

/// For what the key of a day makes digests.
const PURPOSE: &str = "ken-search-sought/1";
/// What a stopped search is called on the ledger.
const STOPPED: &str = "search-stopped";

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// Most keys of days gone by that are erased at once.
const KEYS_ERASED: i64 = 10;

/// A place that a search has taken.
#[derive(Debug)]
pub struct Taken {
    scopes: [(String, i64); 3],
    hour: i64,
}

/// Takes a place for a search, as if it would find nobody.
///
/// # Errors
///
/// [`Error::TooManySearches`] where none is left in this hour, and whatever the store says: nothing
/// is counted then.
pub async fn take(tx: &mut Tx, ctx: &Ctx<'_>, by: &Acting) -> Result<Taken, Error> {
    let hour = ctx.now_us().div_euclid(HOUR_US);
    // In one order for everybody, the narrowest first.
    let scopes = [
        (format!("account {}", by.account), ACCOUNT_MISSES_MAX),
        (format!("practitioner {}", by.practitioner), PRACTITIONER_MISSES_MAX),
        (format!("organisation {}", by.organisation), ORGANISATION_MISSES_MAX),
    ];
    for (scope, most) in &scopes {
        let of = values![scope.as_str(), hour];
        let misses = tx.find(sql::MISS_TAKE, of, |row| row.int(0)).await?;
        let misses = misses.ok_or(Error::Corrupt("search"))?;
        if misses > *most {
            return Err(Error::TooManySearches);
        }
        if misses == 1 {
            tx.execute_later(sql::MISSES_FORGET, values![hour - 1]).await?;
        }
    }
    Ok(Taken { scopes, hour })
}

/// Gives a place back: somebody was found.
///
/// # Errors
///
/// Whatever the store says.
pub async fn give_back(tx: &mut Tx, taken: &Taken) -> Result<(), Error> {
    for (scope, _) in &taken.scopes {
        tx.execute_later(sql::MISS_GIVE, values![scope.as_str(), taken.hour]).await?;
    }
    Ok(())
}

/// Counts that an organisation has looked for somebody and found nobody.
///
/// # Errors
///
/// [`Error::TooManySearches`] where it has too often in this hour, and whatever the store or the
/// key store says.
pub async fn missed(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    query: &Query,
) -> Result<(), Error> {
    let key = key_of(db, keys, ctx.now_us().div_euclid(DAY_US)).await?;
    let sought = keys.digest(&key, PURPOSE, query.sought().reveal().as_bytes()).await?;
    let sought = sought.ok_or(Error::Corrupt("search"))?;
    // Half of it: two people of one hour would have to meet in 128 bits.
    let sought = sought.iter().take(16).fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
    let scope = format!("sought {} {sought:032x}", by.organisation);
    let hour = ctx.now_us().div_euclid(HOUR_US);
    let count = async |tx: &mut Tx| {
        let of = values![scope.as_str(), hour];
        let misses = tx.find(sql::MISS_TAKE, of, |row| row.int(0)).await?;
        misses.ok_or(Error::Corrupt("search"))
    };
    let misses = db.write("person.missed", count).await?;
    if misses > SOUGHT_MISSES_MAX { Err(Error::TooManySearches) } else { Ok(()) }
}

/// The key of a day, counted in days of the Unix epoch, for every node. Those of days before the
/// last are erased with the next day's first use: digests and parcels under them are noise.
///
/// # Errors
///
/// Whatever the store or the key store says.
pub async fn key_of(db: &Db, keys: &KeyRing, day: i64) -> Result<KeyId, Error> {
    let find = async |s: &mut Snapshot| {
        Ok::<_, Error>(s.find(sql::SOUGHT_KEY, values![day], |row| row.parse(0)).await?)
    };
    if let Some(key) = db.snapshot("person.sought-key", find).await? {
        return Ok(key);
    }
    let fresh = keys.fresh().await?;
    let put = async |tx: &mut Tx| {
        let of = values![day, &fresh];
        let key: Option<KeyId> = tx.find(sql::SOUGHT_KEY_PUT, of, |row| row.parse(0)).await?;
        let of = values![day - 1, KEYS_ERASED];
        let old: Vec<KeyId> = tx.list(sql::SOUGHT_KEYS_BEFORE, of, |row| row.parse(0)).await?;
        for key in &old {
            tx.execute_later(sql::SOUGHT_KEY_FORGET, values![key]).await?;
        }
        Ok::<_, Error>((key.ok_or(Error::Corrupt("search"))?, old))
    };
    let (key, old) = db.write("person.sought-key", put).await?;
    // Another node was first, or the days are over.
    for gone in old.iter().chain((key != fresh).then_some(&fresh)) {
        keys.erase(gone).await?;
    }
    Ok(key)
}

/// Enters on the ledger, in the stream of the organisation, that a search was stopped for the
/// number of those before it; whom it was for is not said.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn enter_stopped(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
) -> Result<(), Error> {
    let detail = json!({ "event": STOPPED, "action": "search", "by": entry::who(by) });
    let stream = Stream::Organisation(by.organisation.clone());
    let (kind, visibility) = (EntryKind::Deny, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}
