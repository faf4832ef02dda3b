//! Whoever says that two records are one person's does not read them for a while.
//!
//! A link can be a way to a record: one joins it to that of somebody one works with. So the
//! reviewers who joined two records are refused what is held under either, but to review identity,
//! and in an emergency to which a second person agreed. What they send (a report of harm) goes.
//!
//! Source: the identity design (the linker is not the reader); house policy for the time.

use std::collections::BTreeSet;
use std::time::Duration;

use ken_core::{Ctx, PersonId, PractitionerId};
use ken_store::{Reads, Tx, values};

use crate::Error;
use crate::sql::linker as sql;

pub use crate::sql::linker::ALL as STATEMENTS;

/// The purpose for which reviewers see a little of both sides; it shows nobody anything new.
pub const IDENTITY_REVIEW: &str = "identity-review";
/// The fact that the gate knows it by.
pub(crate) const LINKER: &str = "linker";
/// How long it lasts. House policy: as long as one reviewer alone may take the link back.
pub const LINKER_LAST: Duration = Duration::from_hours(30 * 24);

/// Notes that a practitioner joined these people's records.
///
/// The caller holds the people's guards and bumps them.
///
/// # Errors
///
/// Whatever the store says.
pub async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    people: &BTreeSet<PersonId>,
    by: PractitionerId,
) -> Result<(), Error> {
    let last = i64::try_from(LINKER_LAST.as_micros()).unwrap_or(i64::MAX);
    let until = ctx.now_us().saturating_add(last);
    for person in people {
        tx.execute_later(sql::LINKER_OVER, values![person, ctx.now_us()]).await?;
        tx.execute_later(sql::LINKER_PUT, values![person, by, until]).await?;
    }
    Ok(())
}

/// Whether a practitioner joined a person's record to another not long ago, under any id that
/// stands together with theirs.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_linker<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
    by: PractitionerId,
) -> Result<bool, Error> {
    let of = values![person, by, ctx.now_us()];
    Ok(reads.find(sql::LINKER_FIND, of, |row| row.int(0)).await?.is_some())
}
