//! What a person sees of one kind in their own record, outside any page.

use std::collections::BTreeSet;

use ken_core::{AccountId, Category, Ctx, OrganisationId, PersonId, Purpose};
use ken_records::Item;
use ken_sharing::gate::{self, Caller};
use ken_sharing::{Action, Decision, Gate, Question};
use ken_store::Db;
use ken_store::keys::KeyRing;

use crate::Error;

/// The purpose of a person's own reading.
const OWN_RECORD: &str = "own-record";

/// What the gate lets a person see of one kind that these organisations hold; it is a look as any
/// other, and stands on the ledger.
///
/// # Errors
///
/// What the gate or the record says.
pub async fn see(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    (account, person): (AccountId, PersonId),
    (category, sources): (&Category, &BTreeSet<OrganisationId>),
) -> Result<Vec<Item>, Error> {
    let question = Question {
        person,
        sources: sources.clone(),
        action: Action::View,
        purpose: Purpose::new(OWN_RECORD).map_err(|_| Error::Corrupt("word"))?,
        categories: BTreeSet::from([category.clone()]),
        before: None,
    };
    let decided = gate::decide_many(db, ctx, keys, gate, Caller::Own(account), &question).await?;
    let permits: Vec<_> = decided
        .into_values()
        .filter_map(|decision| match decision {
            Decision::Permit(permit) => Some(permit),
            Decision::Need(_) | Decision::Deny(_) => None,
        })
        .collect();
    if permits.is_empty() {
        return Ok(vec![]);
    }
    Ok(ken_records::disclose(db, ctx, keys, permits).await?.items)
}
