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
//! - An emergency is not counted here, and is never refused by this.
//!
//! Source: house policy.

use ken_core::Ctx;
use ken_directory::Acting;
use ken_store::{Reads, Tx, values};

use crate::Error;
use crate::sql::search as sql;

/// Searches of one account in an hour that find nobody. House policy: twice what a busy ward's
/// clerk does, and a fifteenth of the numbers that are possible of one birth date.
pub const ACCOUNT_MISSES_MAX: i64 = 60;
/// Those of one practitioner, by whatever accounts.
pub const PRACTITIONER_MISSES_MAX: i64 = 90;
/// Those of one organisation. House policy: as of some twenty busy clerks.
pub const ORGANISATION_MISSES_MAX: i64 = 1_000;

const HOUR_US: i64 = 3_600_000_000;

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
