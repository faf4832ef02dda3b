//! Whether two people live near each other, as sources say. Where, is not told.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_store::{Reads, values};

use crate::demographics::postcode_key;
use crate::{Error, sql};

/// Whether some postcode that a source says now is said of both groups of ids: about fifteen
/// households in Great Britain.
///
/// # Errors
///
/// Whatever the store says.
pub async fn share_postcode(
    reads: &mut impl Reads,
    ones: &BTreeSet<PersonId>,
    others: &BTreeSet<PersonId>,
) -> Result<bool, Error> {
    let one = postcodes(reads, ones).await?;
    if one.is_empty() {
        return Ok(false);
    }
    Ok(!postcodes(reads, others).await?.is_disjoint(&one))
}

async fn postcodes(
    reads: &mut impl Reads,
    people: &BTreeSet<PersonId>,
) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    for person in people {
        let said = reads.list(sql::POSTCODES, values![*person], |row| row.text(0)).await?;
        found.extend(said.iter().map(|postcode| postcode_key(postcode)));
    }
    found.retain(|postcode| !postcode.is_empty());
    Ok(found)
}
