//! What two bodies call a person between them, where a clause does not carry the number.
//!
//! # Invariants
//!
//! - It is of the pair: neither body's with a third is the same, and nobody makes that of another
//!   pair from it.
//! - It is made with the person's own key: nobody who knows all ids of people can try them, and
//!   with the key it is gone.
//!
//! Source: the identity principles of the source documents (a number only where it is needed); RFC
//! 2104 for the digest.

use std::fmt;

use ken_core::{OrganisationId, PersonId};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, values};

use crate::{Error, sql};

/// What a person's key makes pseudonyms for.
const PURPOSE: &str = "ken-pair-pseudonym/1";
/// Its letters: none that is taken for another when it is read out.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// How many it has: of a nation's people two meet by chance once in some hundred thousand pairs of
/// bodies. House policy: short enough to read out.
const LENGTH: usize = 12;

/// A person's name between two bodies: twelve letters in three groups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(String);

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What two bodies call a person between them, either of them first; none where nothing was ever
/// filed under this id, or its key is erased.
///
/// It tells nothing of the person; that there is one tells that something is held, so it is for who
/// was shown something.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn pseudonym(
    s: &mut impl Reads,
    keys: &KeyRing,
    person: PersonId,
    (one, other): (&OrganisationId, &OrganisationId),
) -> Result<Option<Pseudonym>, Error> {
    let key = s.find(sql::FIND_KEY_ALONE, values![person], |row| row.parse(0)).await?;
    let Some(key): Option<KeyId> = key else { return Ok(None) };
    let text = format!("{person}\n{}\n{}", one.min(other), one.max(other));
    let digest = keys.digest(&key, PURPOSE, text.as_bytes()).await?;
    Ok(digest.map(|digest| Pseudonym(written(&digest))))
}

fn written(digest: &[u8; 32]) -> String {
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('A', char::from);
    let letters: Vec<char> = digest.iter().take(LENGTH).map(letter).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}
