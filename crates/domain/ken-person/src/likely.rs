//! Whom the index in memory proposes, compared again from what is stored.
//!
//! # Invariants
//!
//! - What is proposed counts for nothing before it was compared from rows, in the transaction.
//! - One of whom something stored cannot be read is for a human, and stops nobody.
//!
//! Source: ADR 53.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_store::Tx;

use crate::index::{self, Alike, Index};
use crate::rule::{self, Doubt, Known};
use crate::{Demographics, Error, account, unread};

/// Most people that are proposed, the likeliest: what a reviewer can tell apart.
const PROPOSED_MAX: usize = 4;

/// Whom the index proposes beside those who were `said` already, each compared again from what is
/// stored of everybody who stands together with them; the likeliest, at most [`PROPOSED_MAX`].
/// `own` is who registers, where they are known: whom a human has set apart from them is not asked
/// about again.
pub(crate) async fn likely(
    tx: &mut Tx,
    index: &Index,
    incoming: &Demographics,
    own: Option<PersonId>,
    mut said: BTreeSet<PersonId>,
) -> Result<Likely, Error> {
    let mut found = Likely::default();
    for person in index.propose(incoming) {
        if found.people.len() + found.unread.len() == PROPOSED_MAX {
            break;
        }
        match compared(tx, index, (incoming, own), person, &mut said).await {
            Err(error) if error.is_of_what_is_stored() => found.unread.push(person),
            one => found.people.extend(one?),
        }
    }
    Ok(found)
}

/// Somebody proposed, compared again; `None` where they are no other person, or not meant.
async fn compared(
    tx: &mut Tx,
    index: &Index,
    (incoming, own): (&Demographics, Option<PersonId>),
    person: PersonId,
    said: &mut BTreeSet<PersonId>,
) -> Result<Option<(Known, Alike)>, Error> {
    let lead = match account::lead(tx, person).await {
        // A registration that was undone, of which the index has not heard.
        Err(Error::Unknown(_)) => return Ok(None),
        lead => lead?,
    };
    if !said.insert(lead) {
        return Ok(None);
    }
    let mut known = account::known(tx, lead, &incoming.source).await?.known;
    if let Some(own) = own {
        known.is_set_apart = account::is_apart(tx, own, lead).await?;
    }
    if !rule::may_be(incoming, &known) {
        return Ok(None);
    }
    let rows = index::rows_together(tx, lead).await?;
    Ok(index.weigh(incoming, &rows).map(|alike| (known, alike)))
}

/// Whom the index proposes.
#[derive(Debug, Default)]
pub(crate) struct Likely {
    people: Vec<(Known, Alike)>,
    /// Of whom something that is stored cannot be read.
    unread: Vec<PersonId>,
}

impl Likely {
    /// Why a human should look at them.
    pub(crate) fn doubts(&self, incoming: &Demographics, beside_others: bool) -> Vec<Doubt> {
        let mut doubts = rule::possible(incoming, &self.people, beside_others);
        doubts.extend(self.unread.iter().copied().map(unread::doubt));
        doubts
    }
}
