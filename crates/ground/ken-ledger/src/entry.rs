//! One line of the ledger: what it says, and the leaf that stands for it in the log.
//!
//! A leaf is `SHA-256(0x00 || "ken-entry/1" || c)`, with
//! `c = SHA-256(nonce || padded canonical entry)`. The canonical entry is eight lines of text,
//! padded with zeros to a fixed size; its last line is the digest of the encrypted detail.
//!
//! # Invariants
//!
//! - Only `c` enters the log. The nonce has 32 random bytes, so nobody who holds the log can
//!   guess an entry and check the guess.
//! - Entries, encrypted details included, come in few sizes, so that a length tells nothing.
//! - `Debug` shows no detail.
//!
//! # Sources
//!
//! - House policy (design of the ledger, point 1); RFC 6962, section 2.1, for the leaf.

use std::fmt;
use std::str::FromStr;

use ken_core::{EntryId, OrganisationId, PersonId};
use ken_store::keys::KeyId;
use serde_json::Value;

use crate::{Error, Hash};

/// What every leaf begins with: the name and version of this format.
pub const LEAF_LABEL: &[u8; 11] = b"ken-entry/1";

/// Length of a leaf's data: the label and the commitment.
pub const LEAF_DATA_LEN: usize = LEAF_LABEL.len() + crate::hash::HASH_LEN;

/// Length of the random bytes that hide an entry behind its commitment.
pub const NONCE_LEN: usize = 32;

/// Sizes of a padded detail, in bytes. House policy: four, so that a size says next to nothing.
const DETAIL_SIZES: [usize; 4] = [512, 2048, 8192, 65_536];

/// Sizes of a padded canonical entry. Every entry but one of an organisation with a very long id
/// fits the first.
const CANONICAL_SIZES: [usize; 2] = [512, 1024];

/// Prefix of an organisation's stream; a person's is the bare id, by which rows are distributed
/// together with the person's guard (`core.md` 4.3).
const ORGANISATION_PREFIX: &str = "o:";

/// Whose line it is: every entry stands in the stream of one person or one organisation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// What concerns a person.
    Person(PersonId),
    /// What an organisation did that concerns nobody, or its own copy of what it did.
    Organisation(OrganisationId),
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => person.fmt(f),
            Self::Organisation(organisation) => write!(f, "{ORGANISATION_PREFIX}{organisation}"),
        }
    }
}

/// Why a text is not the name of a stream, a kind or a visibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a word of the ledger")]
pub struct LedgerWordError;

impl FromStr for Stream {
    type Err = LedgerWordError;

    fn from_str(text: &str) -> Result<Self, LedgerWordError> {
        match text.strip_prefix(ORGANISATION_PREFIX) {
            Some(organisation) => organisation.parse().map(Self::Organisation).ok(),
            None => text.parse().map(Self::Person).ok(),
        }
        .ok_or(LedgerWordError)
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable code, as it is stored and hashed.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl FromStr for $name {
            type Err = LedgerWordError;

            fn from_str(text: &str) -> Result<Self, LedgerWordError> {
                match text {
                    $($code => Ok(Self::$variant),)*
                    _ => Err(LedgerWordError),
                }
            }
        }
    };
}

codes! {
    /// What happened. A code, once used, keeps its meaning for ever.
    EntryKind {
        /// The gate permitted a disclosure.
        Permit = "permit",
        /// The gate would permit, once words are affirmed.
        Need = "need",
        /// The gate refused.
        Deny = "deny",
        /// A practitioner affirmed the words of a clause.
        Affirmed = "affirmed",
        /// A message came in and was answered.
        Received = "received",
        /// Information was filed under a person.
        Filed = "filed",
        /// A message went out.
        Sent = "sent",
        /// Something was told or heard by word of mouth, and recorded afterwards.
        Told = "told",
        /// What went out was asked back.
        Recalled = "recalled",
        /// Two source records were said to be one person.
        Linked = "linked",
        /// Two source records were said not to be one person.
        Unlinked = "unlinked",
        /// A relationship was claimed, confirmed or ended.
        Relationship = "relationship",
        /// A fact about a person was recorded, confirmed or ended.
        Fact = "fact",
        /// A person objected, or took an objection back.
        Objection = "objection",
        /// An instrument was signed.
        Sign = "sign",
        /// An instrument was suspended, or put back in force.
        Suspend = "suspend",
        /// Emergency access was reviewed.
        EmergencyReview = "emergency-review",
        /// Somebody signed in, out, or failed to.
        SignIn = "sign-in",
        /// Who may act for an organisation was changed.
        Account = "account",
        /// Something was withheld from the person, or released.
        Withheld = "withheld",
        /// A key was destroyed: the certificate of an erasure.
        Erasure = "erasure",
        /// A setting or source was changed.
        Setting = "setting",
        /// What was due after a disclosure or at a review was done, missed, or told of.
        Duty = "duty",
        /// A rule of the audit pointed at a look, or an officer judged that it did.
        Finding = "finding",
        /// A personal data breach was recorded, reported, decided upon, missed or closed.
        Breach = "breach",
        /// A contested disclosure was sent to the Caldicott Guardian, or they gave their advice.
        Guardian = "guardian",
    }
}

codes! {
    /// When the person sees the entry.
    Visibility {
        /// At once.
        Now = "now",
        /// When a reviewer has released it.
        AfterReview = "after-review",
        /// When a stated day or event has come.
        Delayed = "delayed",
        /// Never: it is not about them, or law forbids it.
        Never = "never",
    }
}

/// What is to be written.
#[derive(Clone, PartialEq)]
pub struct NewEntry {
    /// Whose line it is.
    pub stream: Stream,
    /// What happened.
    pub kind: EntryKind,
    /// When the person sees it.
    pub visibility: Visibility,
    /// Who, why, under which clauses, which fields: encrypted under the stream's key.
    pub detail: Value,
}

impl fmt::Debug for NewEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewEntry({}, {}, {}, ..)", self.stream, self.kind, self.visibility)
    }
}

/// A written entry, opened.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// Whose line it is.
    pub stream: Stream,
    /// What happened.
    pub kind: EntryKind,
    /// When the person sees it.
    pub visibility: Visibility,
    /// When it was written.
    pub at: jiff::Timestamp,
    /// The detail; `None` when its key has been destroyed.
    pub detail: Option<Value>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {}, {}, ..)", self.id, self.stream, self.kind)
    }
}

/// The part of an entry that is hashed: everything but the detail, of which it has the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The entry.
    pub id: EntryId,
    /// Whose line it is.
    pub stream: Stream,
    /// What happened.
    pub kind: EntryKind,
    /// When the person sees it.
    pub visibility: Visibility,
    /// When, in microseconds since 1970 UTC.
    pub at_us: i64,
    /// The key of the detail.
    pub key: KeyId,
    /// SHA-256 of the encrypted detail.
    pub detail: Hash,
}

impl Canonical {
    /// The eight lines, padded with zeros to a fixed size.
    #[must_use]
    pub fn padded(&self) -> Vec<u8> {
        let Self { id, stream, kind, visibility, at_us, key, detail } = self;
        let lines = format!(
            "ken-entry/1\n{id}\n{stream}\n{kind}\n{visibility}\n{at_us}\n{key}\n{detail}\n"
        );
        let mut bytes = lines.into_bytes();
        let fits = |size: &&usize| **size >= bytes.len();
        let size = CANONICAL_SIZES.iter().find(fits).copied().unwrap_or(bytes.len());
        bytes.resize(size, 0);
        bytes
    }

    /// What stands for the entry in the log.
    #[must_use]
    pub fn commitment(&self, nonce: &[u8; NONCE_LEN]) -> Commitment {
        Commitment(Hash::of(&[nonce, &self.padded()]))
    }
}

/// The one value of an entry that is public: a hash behind which the entry hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(Hash);

impl Commitment {
    /// Takes a commitment as it is stored.
    #[must_use]
    pub const fn from_hash(hash: Hash) -> Self {
        Self(hash)
    }

    /// The commitment as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; crate::hash::HASH_LEN] {
        self.0.as_bytes()
    }

    /// The leaf's data, as the entry bundles of the log hold it.
    #[must_use]
    pub fn leaf_data(&self) -> [u8; LEAF_DATA_LEN] {
        let mut data = [0; LEAF_DATA_LEN];
        let parts = LEAF_LABEL.iter().chain(self.as_bytes());
        data.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        data
    }

    /// The leaf's hash.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        Hash::leaf(&self.leaf_data())
    }
}

/// Pads a detail for encryption: its length in four bytes, the JSON, zeros.
///
/// # Errors
///
/// [`Error::DetailTooLong`] over 65,532 bytes of JSON.
pub(crate) fn pad_detail(detail: &Value) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(detail).map_err(|_| Error::DetailTooLong)?;
    let needed = json.len() + 4;
    let size = DETAIL_SIZES.iter().find(|size| **size >= needed);
    let size = size.copied().ok_or(Error::DetailTooLong)?;
    let mut padded = Vec::with_capacity(size);
    padded.extend_from_slice(&u32::try_from(json.len()).unwrap_or(u32::MAX).to_be_bytes());
    padded.extend_from_slice(&json);
    padded.resize(size, 0);
    Ok(padded)
}

/// Takes the padding off; `None` when it is not such a detail.
pub(crate) fn unpad_detail(padded: &[u8]) -> Option<Value> {
    let (len, rest) = padded.split_first_chunk()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    serde_json::from_slice(rest.get(..len)?).ok()
}

/// What the encryption of a detail is bound to, so that no row can take another's place.
pub(crate) fn detail_binding(stream: &Stream, id: EntryId) -> Vec<u8> {
    format!("ken-entry/1\n{stream}\n{id}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn canonical(stream: &str, at_us: i64) -> Canonical {
        Canonical {
            id: "01934e5a-7f00-7000-8000-000000000001".parse().unwrap(),
            stream: stream.parse().unwrap(),
            kind: EntryKind::Permit,
            visibility: Visibility::Now,
            at_us,
            key: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            detail: Hash::empty(),
        }
    }

    #[test]
    fn codes_are_told_apart_and_read_back() {
        let kinds: BTreeSet<&str> = EntryKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(kinds.len(), EntryKind::ALL.len());
        for kind in EntryKind::ALL {
            assert_eq!(kind.code().parse(), Ok(*kind));
        }
        for visibility in Visibility::ALL {
            assert_eq!(visibility.code().parse(), Ok(*visibility));
        }
        assert_eq!("Permit".parse::<EntryKind>(), Err(LedgerWordError));
    }

    #[test]
    fn streams_of_people_and_organisations_cannot_be_confused() {
        let id = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        let person: Stream = id.parse().unwrap();
        assert_eq!(person.to_string(), id);
        let organisation = Stream::Organisation(id.parse().unwrap());
        assert_eq!(organisation.to_string().parse(), Ok(organisation.clone()));
        assert_ne!(person, organisation);
        assert!("police".parse::<Stream>().is_err());
        assert!("o:".parse::<Stream>().is_err());
    }

    /// The format, for ever: the leaves of every log ever sealed depend on it.
    #[test]
    fn a_leaf_is_as_documented() {
        let canonical = canonical("o:police", 1_795_000_000_000_000);
        let lines = format!(
            "ken-entry/1\n01934e5a-7f00-7000-8000-000000000001\no:police\npermit\nnow\n\
             1795000000000000\n6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa\n{}\n",
            Hash::empty()
        );
        let mut padded = lines.into_bytes();
        padded.resize(512, 0);
        assert_eq!(canonical.padded(), padded);
        let c = Hash::of(&[&[9; 32], &padded]);
        let commitment = canonical.commitment(&[9; 32]);
        assert_eq!(commitment.as_bytes(), c.as_bytes());
        assert_eq!(commitment.leaf(), Hash::of(&[&[0], b"ken-entry/1", c.as_bytes()]));
    }

    #[test]
    fn every_canonical_entry_has_one_of_two_sizes() {
        let long = format!("o:{}", "x".repeat(128));
        for stream in ["6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa", "o:a", long.as_str()] {
            for at_us in [i64::MIN, 0, i64::MAX] {
                assert_eq!(canonical(stream, at_us).padded().len(), 512, "{stream}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_detail_comes_back_and_its_length_does_not_show(text in "\\PC{0,3000}") {
            let detail = json!({ "who": text });
            let padded = pad_detail(&detail).unwrap();
            prop_assert!(DETAIL_SIZES.contains(&padded.len()));
            prop_assert_eq!(unpad_detail(&padded), Some(detail));
        }

        #[test]
        fn any_padding_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = unpad_detail(&bytes);
        }

        #[test]
        fn one_changed_byte_changes_the_commitment(
            at in 0_usize..512, flip in 1_u8.., nonce: [u8; 32],
        ) {
            let mut padded = canonical("o:police", 5).padded();
            let before = Hash::of(&[&nonce, &padded]);
            padded[at] ^= flip;
            prop_assert_ne!(Hash::of(&[&nonce, &padded]), before);
        }
    }

    #[test]
    fn too_long_a_detail_is_refused() {
        let check = |len: usize, want: bool| {
            assert_eq!(pad_detail(&json!("x".repeat(len))).is_ok(), want, "{len}");
        };
        check(65_536 - 4 - 2, true);
        check(65_536 - 4 - 1, false);
    }

    #[test]
    fn debug_shows_no_detail() {
        let entry = NewEntry {
            stream: "o:police".parse().unwrap(),
            kind: EntryKind::Permit,
            visibility: Visibility::Now,
            detail: json!({ "name": "Morag Canary" }),
        };
        assert!(!format!("{entry:?}").contains("Canary"));
    }
}
