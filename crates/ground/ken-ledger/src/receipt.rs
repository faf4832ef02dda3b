//! Receipts: the log's signed promise that a leaf will be sealed by a stated time.
//!
//! Whoever holds a receipt can prove a removal: a log that is sealed beyond the time and has no
//! such leaf has broken its word. Federation envelopes carry it.
//!
//! # Sources
//!
//! - House policy (design of the ledger, point 3), after the signed certificate timestamp of
//!   RFC 6962, section 3.2, and its maximum merge delay.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use ken_core::EntryId;
use ken_store::{Error as StoreError, Reads, Snapshot, values};

use crate::append::ENTRIES_MAX;
use crate::entry::Commitment;
use crate::note::{KeyUse, NOTE_LEN_MAX, Note, NoteError, VerifierKey};
use crate::signer::SignerKey;
use crate::{Error, Fault, Hash, Stream, sql};

/// First line of a receipt. No origin may be this line, so a receipt is never a checkpoint.
const HEADER: &str = "ken-receipt/1";

/// How long after an entry its leaf must be sealed. House policy: over this age of the oldest
/// unsealed entry, only statutory and exceptional disclosures go on.
pub const SEAL_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// Most receipts that are read from one text. House policy: five pages of a person's entries.
pub const RECEIPTS_MAX: usize = 1000;

/// A receipt as one word without signs that get lost when somebody copies it from a page.
#[must_use]
pub fn receipt_word(note: &Note) -> String {
    URL_SAFE_NO_PAD.encode(note.to_string())
}

/// Reads receipts as people keep them: one signed note as it is, or words of [`receipt_word`].
/// Lines that begin with `#` are remarks.
///
/// # Errors
///
/// [`NoteError::Malformed`] when there is none, one cannot be read, or there are more than
/// [`RECEIPTS_MAX`]. Nothing in them may be believed before [`Receipt::open`] checks it.
pub fn read_receipts(text: &str) -> Result<Vec<Note>, NoteError> {
    if text.starts_with(HEADER) {
        return text.parse().map(|note| vec![note]);
    }
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut notes = vec![];
    for word in lines.flat_map(str::split_whitespace) {
        if notes.len() >= RECEIPTS_MAX || word.len() > NOTE_LEN_MAX {
            return Err(NoteError::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(word).map_err(|_| NoteError::Malformed)?;
        let note = String::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        notes.push(note.parse()?);
    }
    if notes.is_empty() { Err(NoteError::Malformed) } else { Ok(notes) }
}

/// What a receipt promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which log: the name of its key.
    pub origin: String,
    /// The leaf that will be in it.
    pub leaf: Hash,
    /// Until when, in Unix seconds.
    pub seal_by_s: i64,
}

impl Receipt {
    /// Signs the receipt for an entry made at `entered_at`.
    #[must_use]
    pub fn sign(leaf: Hash, entered_at: Timestamp, key: &SignerKey) -> Note {
        let origin = key.verifier().name().to_owned();
        // Rounded up, so that the promise is never shorter than the rule.
        let seal_by_s = entered_at.as_second().saturating_add(SEAL_WITHIN.as_secs()) + 1;
        key.sign_note(Self { origin, leaf, seal_by_s }.to_string())
    }

    /// Reads the text of a receipt. It may not be believed before [`Receipt::open`] checks it.
    ///
    /// # Errors
    ///
    /// [`NoteError::Text`] unless it is a receipt in its one spelling.
    pub fn read(note: &Note) -> Result<Self, NoteError> {
        let lines: Vec<&str> = note.text().split('\n').collect();
        let [HEADER, origin, leaf, seal_by, ""] = lines.as_slice() else {
            return Err(NoteError::Text);
        };
        let leaf = Hash::from_base64(leaf).ok_or(NoteError::Text)?;
        let seal_by_s = seal_by.parse().map_err(|_| NoteError::Text)?;
        let read = Self { origin: (*origin).to_owned(), leaf, seal_by_s };
        if read.to_string() == note.text() { Ok(read) } else { Err(NoteError::Text) }
    }

    /// Reads a receipt and checks the log's signature.
    ///
    /// # Errors
    ///
    /// [`NoteError`] when it is no receipt, is another log's, or the signature does not hold.
    pub fn open(note: &Note, log: &VerifierKey) -> Result<Self, NoteError> {
        let read = Self::read(note)?;
        if log.usage() != KeyUse::Log || log.name() != read.origin {
            return Err(NoteError::Unsigned);
        }
        log.check(note)?.map(|_| read).ok_or(NoteError::Unsigned)
    }

    /// Whether the promise has fallen due at `at_s` (Unix seconds): a log without the leaf has then
    /// broken it.
    #[must_use]
    pub const fn is_due(&self, at_s: i64) -> bool {
        at_s >= self.seal_by_s
    }
}

/// Who signs receipts: whatever discloses asks it for one, once the entry is durable.
#[derive(Debug, Clone)]
pub struct Receipts {
    key: SignerKey,
}

impl Receipts {
    /// Signs with the log's key.
    #[must_use]
    pub const fn new(key: SignerKey) -> Self {
        Self { key }
    }

    /// The log's key.
    pub(crate) const fn key(&self) -> &SignerKey {
        &self.key
    }

    /// The receipts of these entries, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] over [`ENTRIES_MAX`]; [`Error::Corrupt`] when an entry is not there; or
    /// those of the store.
    pub async fn sign(
        &self,
        s: &Snapshot,
        entries: &[(Stream, EntryId)],
    ) -> Result<Vec<Note>, Error> {
        if entries.len() > ENTRIES_MAX {
            return Err(Error::TooMany);
        }
        let sign = async |(stream, id): &(Stream, EntryId)| {
            let (of, mut s) = (values![stream.to_string(), id], s.beside());
            let found = s.find(sql::RECEIPT, of, |row| {
                let commitment = Hash::from_slice(&row.bytes(1)?);
                Ok((row.time(0)?, commitment.ok_or(StoreError::Column { index: 1 })?))
            });
            let (at, commitment) = found.await?.ok_or(Error::Corrupt(Fault::Entry))?;
            Ok(Receipt::sign(Commitment::from_hash(commitment).leaf(), at, &self.key))
        };
        try_join_all(entries.iter().map(sign)).await
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEADER}\n{}\n{}\n{}\n", self.origin, self.leaf, self.seal_by_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Checkpoint;

    #[test]
    fn a_receipt_opens_under_its_own_log_only() {
        let log = SignerKey::new("glen.example/ledger", KeyUse::Log, &[1; 32]).unwrap();
        let other = SignerKey::new("glen.example/ledger", KeyUse::Log, &[2; 32]).unwrap();
        let at = Timestamp::from_second(1_795_000_000).unwrap();
        let note = Receipt::sign(Hash::leaf(b"x"), at, &log);
        let receipt = Receipt::open(&note, log.verifier()).unwrap();
        assert_eq!((receipt.leaf, receipt.seal_by_s), (Hash::leaf(b"x"), 1_795_000_061));
        assert!(!receipt.is_due((at + SEAL_WITHIN).as_second()));
        assert!(receipt.is_due((at + SEAL_WITHIN).as_second() + 1));
        assert_eq!(Receipt::open(&note, other.verifier()), Err(NoteError::Unsigned));
        assert!(Checkpoint::open(&note, log.verifier()).is_err());
        assert!(Receipt::open(&Checkpoint::sign(1, receipt.leaf, &log), log.verifier()).is_err());
    }

    #[test]
    fn a_receipt_reads_as_it_was_kept() {
        let log = SignerKey::new("glen.example/ledger", KeyUse::Log, &[1; 32]).unwrap();
        let at = Timestamp::from_second(1_795_000_000).unwrap();
        let note = Receipt::sign(Hash::leaf(b"x"), at, &log);
        let word = receipt_word(&note);
        let check = |text: String, want: usize| {
            let read = read_receipts(&text).unwrap_or_default();
            assert_eq!(read.len(), want, "{text}");
            assert!(read.iter().all(|read| *read == note));
        };
        check(note.to_string(), 1);
        check(word.clone(), 1);
        check(format!("# Kept on Monday: two\n{word}\n\n  {word}\r\n"), 2);
        check(format!("{word} "), 1);
        check(word[1..].to_owned(), 0);
        check(format!("{word} and more"), 0);
        check("# nothing\n".to_owned(), 0);
        check(format!("{word} ").repeat(RECEIPTS_MAX), RECEIPTS_MAX);
        check(format!("{word} ").repeat(RECEIPTS_MAX + 1), 0);
    }
}
