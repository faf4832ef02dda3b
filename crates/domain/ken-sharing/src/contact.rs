//! Whether somebody may be told something by a safe way alone.

use ken_core::{Ctx, PersonId};
use ken_store::Reads;

use crate::{Error, fact};

/// The facts for which a letter, a call or a message may bring somebody into danger: others may
/// read it, or learn from it where they are.
const UNSAFE: [&str; 3] = ["at-risk", "protected-address", "restricted-record"];

/// Whether a letter, a call or a message may bring a person into danger, under any id that stands
/// together with theirs. For whoever must tell people something; it opens nothing.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_safe_only<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
) -> Result<bool, Error> {
    let facts = fact::of_person(reads, ctx, person, None).await?;
    let is_unsafe = |name: &str| {
        UNSAFE.into_iter().any(|with| {
            let rest = name.strip_prefix(with);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
    };
    Ok(facts.iter().map(crate::decide::base).any(is_unsafe))
}
