//! How often a person does something, in a day and at all: what is bounded by both.

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, PersonId};
use ken_store::{Reads, Row, Sql, Tx, values};

use crate::Error;

/// The day over which is counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Since when is counted.
pub(crate) fn since(ctx: &Ctx<'_>) -> Timestamp {
    ctx.clock.now().checked_sub(DAY).unwrap_or(Timestamp::MIN)
}

/// Whether a person has as much of something as may be, of a day or ever: by a statement that
/// counts both.
pub(crate) async fn is_too_much(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    count_of: Sql,
    (day_max, all_max): (i64, i64),
) -> Result<bool, Error> {
    let count = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?));
    let found = tx.find(count_of, values![person, since(ctx), all_max], count).await?;
    let (all, of_day) = found.unwrap_or_default();
    Ok(all >= all_max || of_day >= day_max)
}
