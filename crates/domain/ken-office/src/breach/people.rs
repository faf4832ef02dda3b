//! How many people a breach concerns, counted by the organisation that looks after them, and how
//! many of them were told: so that nobody is forgotten between several organisations.
//!
//! # Invariants
//!
//! - Counts alone: who the people are stands where their record is kept, and nowhere here.
//! - Nobody counts for another controller's breach, or once it is closed.
//!
//! Source: UK GDPR arts. 33(3)(a) and 34(1).

use ken_core::{Ctx, EntryId, OrganisationId};
use ken_directory::{Acting, organisation};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, values};
use serde_json::json;

use super::book::{enter, find};
use super::{PEOPLE_MAX, Refusal};
use crate::Error;
use crate::sql::breach as sql;

/// Most organisations whose people one breach concerns. House policy.
pub const GROUPS_MAX: i64 = 100;

/// The people of one organisation whom a breach concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Who looks after them, and tells them.
    pub of: OrganisationId,
    /// How many they are, about.
    pub people: i64,
    /// How many of them were told.
    pub told: i64,
}

impl Group {
    /// How many are still to be told.
    #[must_use]
    pub fn left(&self) -> i64 {
        self.people.saturating_sub(self.told).max(0)
    }

    fn is_possible(&self) -> bool {
        (1..=PEOPLE_MAX).contains(&self.people) && (0..=self.people).contains(&self.told)
    }
}

/// Whose people a breach of an organisation concerns.
///
/// # Errors
///
/// Whatever the store says.
pub async fn groups<R: Reads>(
    reads: &mut R,
    (own, id): (&OrganisationId, EntryId),
) -> Result<Vec<Group>, Error> {
    let row =
        |row: &Row<'_>| Ok(Group { of: row.parse(0)?, people: row.int(1)?, told: row.int(2)? });
    Ok(reads.list(sql::LIST_GROUPS, values![own, id, GROUPS_MAX], row).await?)
}

/// Says how many of an organisation's people a breach of one's own concerns, and how many of them
/// were told by now; the last word counts, and the ledger has every one.
///
/// # Errors
///
/// Whatever the store or the ledger says; a [`Refusal`] is a value.
pub async fn count(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, group): (EntryId, &Group),
) -> Result<Result<(), Refusal>, Error> {
    let own = &by.organisation;
    if !group.is_possible() {
        return Ok(Err(Refusal::People));
    }
    db.write("office.breach-people", async |tx| {
        let Some(breach) = find(tx, own, id).await? else { return Ok(Err(Refusal::Unknown)) };
        if breach.closed.is_some() {
            return Ok(Err(Refusal::Closed));
        }
        if organisation::find(tx, &group.of).await?.is_none() {
            return Ok(Err(Refusal::Unknown));
        }
        let many = groups(tx, (own, id)).await?;
        let is_new = many.iter().all(|one| one.of != group.of);
        if is_new && i64::try_from(many.len()).is_ok_and(|many| many >= GROUPS_MAX) {
            return Ok(Err(Refusal::TooMany));
        }
        let (people, told, now) = (group.people, group.told, ctx.now_us());
        let of = values![own, id, &group.of, people, told, by.practitioner, now];
        tx.execute(sql::UPSERT_GROUP, of).await?;
        let detail = json!({
            "breach": id.to_string(), "of": group.of.as_str(), "people": people, "told": told,
            "by": by.practitioner.to_string(),
        });
        enter(tx, ctx, keys, own, detail).await?;
        Ok(Ok(()))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_told_than_there_are() {
        let check = |people, told, want, left| {
            let group = Group { of: "cec".parse().unwrap(), people, told };
            assert_eq!((group.is_possible(), group.left()), (want, left), "{people} {told}");
        };
        check(3, 0, true, 3);
        check(3, 3, true, 0);
        check(3, 4, false, 0);
        check(3, -1, false, 4);
        check(0, 0, false, 0);
        check(PEOPLE_MAX + 1, 0, false, PEOPLE_MAX + 1);
    }
}
