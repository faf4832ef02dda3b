//! Whether what somebody is to act on may be their own record. Nobody does.

use std::collections::BTreeSet;

use ken_core::{PersonId, PractitionerId};
use ken_directory::practitioner;
use ken_sharing::together;
use ken_store::Reads;

use crate::Error;

/// Whether one of these people is the practitioner, under any id of theirs.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_own(
    s: &mut impl Reads,
    by: PractitionerId,
    people: &BTreeSet<PersonId>,
) -> Result<bool, Error> {
    let Some(own) = practitioner::own_person(s, by).await? else { return Ok(false) };
    Ok(!together::group(s, own).await?.is_disjoint(people))
}
