//! What comes late: what its source has said since, and where it goes.

use ken_core::{Ctx, PersonId};
use ken_store::Tx;
use ken_store::keys::KeyRing;

use super::{Identified, Registration};
use crate::{Error, account, entry, rule};

/// What a source has said under a number since what it says now, which came late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Nothing: this is the last that it has said.
    Nothing,
    /// Things that are of the same person as this, and so is what it said before.
    OfSame,
    /// Things of which that cannot be said.
    Unclear,
}

/// What becomes of a registration of which it is not known whether it comes late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InOrder {
    /// It made no difference.
    Identified(Identified),
    /// Nothing yet. It contradicts what is said of this person, whom the source's number means:
    /// say what the source has said since, by [`crate::identify_since`].
    Asks(PersonId),
}

/// What comes late is filed with what came late before it: with a provisional person of whom the
/// source said, under the same number, what may still be of one person; a place in the queue is
/// theirs already. `None` where there is no such.
pub(super) async fn again(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    now: &Registration<'_>,
) -> Result<Option<Identified>, Error> {
    let (incoming, own) = (now.incoming, now.asked.own);
    for (person, kept) in &now.asked.said {
        let is_same = Some(*person) != own && rule::is_still_same(incoming, &kept.says);
        // A number that one of them has, and not the other, is for a human.
        if !is_same || !now.asked.free.is_empty() || !now.asked.holders.is_empty() {
            continue;
        }
        if account::is_provisional(tx, *person).await? {
            account::put(tx, ctx, *person, incoming, Some(kept.clone())).await?;
            entry::identified(tx, ctx, keys, *person, &incoming.source, "known").await?;
            return Ok(Some(Identified::Known(*person)));
        }
    }
    Ok(None)
}
