//! What is not asked because it would be too much, and that it is said.
//!
//! # Invariants
//!
//! - A source that never sends forenames fills the queue up to [`UNNAMED_MAX`] places and no
//!   further: whom it registers beyond them is somebody new, as they would be without it.
//! - Newcomers wait for [`UNASKED_KEPT`] places of the feed; who waits longer is not asked about,
//!   and is counted.
//!
//! Sources: house policy; ADR 53.

use ken_core::OrganisationId;
use ken_store::{Reads, Tx, values};

use crate::rule::{Doubt, Reason};
use crate::sql::bounds as sql;
use crate::{Demographics, Error};

/// Most open places of one source about people without a forename. House policy: a maternity unit
/// names its babies within weeks, and a hundred a day are born in the largest region.
pub const UNNAMED_MAX: i64 = 1_000;
/// For how many places of the feed a newcomer waits. House policy: half an hour in which nobody has
/// an index, at ten a second; of two hundred newcomers each at the most, four million.
pub const UNASKED_KEPT: i64 = 20_000;
/// Most sources that are named.
const SOURCES_MAX: i64 = 100;

/// What is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotAsked {
    /// The sources whose people without a forename are not asked about until some of those who wait
    /// are decided; at most a hundred.
    pub unnamed_of: Vec<OrganisationId>,
    /// How many newcomers were not asked about, because no node had an index for too long.
    pub newcomers: i64,
}

/// What is not asked.
///
/// # Errors
///
/// Whatever the store says.
pub async fn not_asked(s: &mut impl Reads) -> Result<NotAsked, Error> {
    let of = values![UNNAMED_MAX, SOURCES_MAX];
    let unnamed_of = s.list(sql::UNNAMED_FULL, of, |row| row.parse(0)).await?;
    let newcomers = s.find(sql::NOT_ASKED, &[], |row| row.int(0)).await?.unwrap_or_default();
    Ok(NotAsked { unnamed_of, newcomers })
}

/// Whether these doubts rest on a missing forename alone, and as many of that source wait already.
pub(crate) async fn is_beyond(
    tx: &mut Tx,
    incoming: &Demographics,
    doubts: &[Doubt],
) -> Result<bool, Error> {
    let more = [Reason::SourceNumber, Reason::Identifier, Reason::NameAndBirth];
    let unnamed = |doubt: &Doubt| {
        doubt.reasons.contains(&Reason::NotYetNamed)
            && !more.iter().any(|reason| doubt.reasons.contains(reason))
    };
    if !doubts.iter().all(unnamed) {
        return Ok(false);
    }
    let of = values![&incoming.source.organisation, UNNAMED_MAX];
    let open = tx.find(sql::UNNAMED_OPEN, of, |row| row.int(0)).await?;
    Ok(open.unwrap_or_default() >= UNNAMED_MAX)
}

/// Lets those wait no more who have waited for too long when the feed is at `place`; counts them.
pub(crate) async fn forget(tx: &mut Tx, place: i64) -> Result<(), Error> {
    let gone = tx.execute(sql::UNASKED_FORGET, values![place - UNASKED_KEPT]).await?;
    if gone > 0 {
        let gone = i64::try_from(gone).unwrap_or(i64::MAX);
        tx.execute_later(sql::NOT_ASKED_ADD, values![gone]).await?;
    }
    Ok(())
}
