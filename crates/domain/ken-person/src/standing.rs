//! Merges that stand: what senders asked for and nobody has taken back.
//!
//! Nothing about anybody is in it: ids, whose merge it was, and when.

use jiff::Timestamp;
use ken_core::{OrganisationId, PersonId};
use ken_store::{Reads, Row, values};

use crate::Error;
use crate::merge::MergeId;
use crate::sql::standing as sql;

/// Most merges that one list gives; the newest.
pub const MERGES_MAX: usize = 100;
/// How an id of a practitioner is written, for `LIKE`: what a human linked is no merge.
const HUMAN: &str = "________-____-____-____-____________";

/// A merge by its sender that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who is no longer meant by the number, or for whom another stands.
    pub person: PersonId,
    /// Its id.
    pub id: MergeId,
    /// Who is meant now, or stood for both when it was made.
    pub to: PersonId,
    /// Whose merge it is.
    pub organisation: OrganisationId,
    /// When it was made.
    pub made: Timestamp,
    /// Whether whole records were joined; otherwise a number was moved.
    pub is_link: bool,
}

/// The merges that stand, the newest first; at most [`MERGES_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn standing(s: &mut impl Reads) -> Result<Vec<Standing>, Error> {
    let most = i64::try_from(MERGES_MAX).unwrap_or(i64::MAX);
    let mut all = s.list(sql::MERGES_STANDING, values![most], |row| read(row, false)).await?;
    let of = values![HUMAN, most];
    all.append(&mut s.list(sql::LINKS_STANDING, of, |row| read(row, true)).await?);
    all.sort_by_key(|one| std::cmp::Reverse((one.made, one.id)));
    all.truncate(MERGES_MAX);
    Ok(all)
}

/// One merge that stands; `None` where it was taken back, or there is no such.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find_standing(
    s: &mut impl Reads,
    person: PersonId,
    id: MergeId,
) -> Result<Option<Standing>, Error> {
    let of = values![person, id.to_string()];
    let moved = s.find(sql::MERGE_STANDING, of, |row| read(row, false)).await?;
    if moved.is_some() {
        return Ok(moved);
    }
    let of = values![person, id.to_string(), HUMAN];
    Ok(s.find(sql::LINK_STANDING, of, |row| read(row, true)).await?)
}

fn read(row: &Row<'_>, is_link: bool) -> Result<Standing, ken_store::Error> {
    Ok(Standing {
        person: row.parse(0)?,
        id: row.parse(1)?,
        to: row.parse(2)?,
        organisation: row.parse(3)?,
        made: row.time(4)?,
        is_link,
    })
}
