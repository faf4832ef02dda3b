//! An extract: what somebody takes away, in one archive, with the log's word for every byte of it.
//!
//! The list of its files is signed by the log's own key. What it says of who looked stands there
//! beside the receipt of each look, so whoever holds it can show that the log once said so, and, on
//! an export of the log, that the entry is still there or was taken away.
//!
//! # Invariants
//!
//! - Every byte of an extract counts.
//! - It names no place in the log and no size of it: how many entries lie between two would tell of
//!   those that may not be seen (`core.md` 3.4).
//!
//! Source: ADR 83.

use std::fmt;

use jiff::Timestamp;
use thiserror::Error;

use crate::archive::{self, Files};
use crate::note::{KeyUse, Note, NoteError, VerifierKey};
use crate::receipt::{Receipt, Receipts, read_receipts};
use crate::{Hash, Trust};

/// First line of the list of files. No origin is this line, so a list is never a checkpoint.
const HEADER: &str = "ken-extract/1";
/// The file that holds the signed list; it is not on it.
const PROOFS: &str = "proofs.txt";
/// The file of receipts, which whoever makes an extract puts in, with remarks or without.
pub const RECEIPTS_FILE: &str = "receipts.txt";

/// Why an extract was not made, or does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// It is more than an archive holds.
    #[error("too much for one archive")]
    TooLong,
    /// The bytes are not those of an extract as it was made.
    #[error("not an extract, or not as it was made")]
    Malformed,
    /// A file is not the one that the log signed, is missing, or was put in.
    #[error("a file in it is not what the log signed")]
    Changed,
    /// The key that signed is not one that is trusted.
    #[error("signed by a log that you do not trust")]
    UnknownLog,
    /// A signed note in it does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl ExtractError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "ledger.extract-too-long",
            Self::Malformed => "ledger.extract-malformed",
            Self::Changed => "ledger.extract-changed",
            Self::UnknownLog => "ledger.extract-unknown-log",
            Self::Note(error) => error.code(),
        }
    }
}

/// What the log signed of an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
struct List {
    log: VerifierKey,
    /// When, in Unix seconds.
    made_s: i64,
    files: Vec<(String, Hash)>,
}

/// What holds of an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The key of the log that signed it.
    pub log: VerifierKey,
    /// Whether your trust file names that key.
    pub is_trusted: bool,
    /// When it was made, by the log's own word, in Unix seconds.
    pub made_at_s: i64,
    /// The files, without the signed list.
    pub files: Files,
    /// The receipts in it, each signed by this log.
    pub receipts: Vec<Note>,
}

impl Receipts {
    /// Puts files together with the log's signed list of them. Among them may be
    /// [`RECEIPTS_FILE`].
    ///
    /// # Errors
    ///
    /// [`ExtractError::TooLong`]; [`ExtractError::Malformed`] where a name would not stand on one
    /// line, or is that of the list.
    pub fn extract(&self, mut files: Files, made_at: Timestamp) -> Result<Vec<u8>, ExtractError> {
        if !files.keys().all(|name| is_name(name)) {
            return Err(ExtractError::Malformed);
        }
        let log = self.key().verifier().clone();
        let list = List { log, made_s: made_at.as_second(), files: digests(&files) };
        let proofs = self.key().sign_note(list.to_string()).to_string();
        files.insert(PROOFS.to_owned(), proofs.into_bytes());
        archive::write(&files).ok_or(ExtractError::TooLong)
    }
}

/// Checks an extract, byte by byte, without its maker.
///
/// Without a log in the trust file the key is taken from the extract itself, which shows only that
/// it agrees with itself.
///
/// # Errors
///
/// What does not hold: [`ExtractError`].
pub fn verify_extract(bytes: &[u8], trust: &Trust) -> Result<Vouched, ExtractError> {
    let mut files = archive::read(bytes).ok_or(ExtractError::Malformed)?;
    let proofs = files.remove(PROOFS).ok_or(ExtractError::Malformed)?;
    let note: Note = text(&proofs)?.parse()?;
    let List { log, made_s, files: signed } = List::read(&note)?;
    let is_trusted = trust.logs().contains(&log);
    if !is_trusted && !trust.logs().is_empty() {
        return Err(ExtractError::UnknownLog);
    }
    log.check(&note)?.ok_or(NoteError::Unsigned)?;
    // The signatures are what the list cannot name: another beside the log's own is a change.
    if note.signatures().len() != 1 || signed != digests(&files) {
        return Err(ExtractError::Changed);
    }
    let receipts = files.get(RECEIPTS_FILE).map(|file| receipts(file, &log)).transpose()?;
    let receipts = receipts.unwrap_or_default();
    Ok(Vouched { log, is_trusted, made_at_s: made_s, files, receipts })
}

/// The receipts of a file, each opened under the log's key; there may be none.
fn receipts(file: &[u8], log: &VerifierKey) -> Result<Vec<Note>, ExtractError> {
    let text = text(file)?;
    let is_word = |line: &str| !line.trim().is_empty() && !line.starts_with('#');
    if !text.lines().any(is_word) {
        return Ok(vec![]);
    }
    let notes = read_receipts(text)?;
    notes.iter().try_for_each(|note| Receipt::open(note, log).map(drop))?;
    Ok(notes)
}

fn text(bytes: &[u8]) -> Result<&str, ExtractError> {
    std::str::from_utf8(bytes).map_err(|_| ExtractError::Malformed)
}

/// Whether a file may be called so: on one line, without a place, and not as the list is.
fn is_name(name: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "-.".contains(sign);
    !name.is_empty() && name != PROOFS && name.chars().all(is_sign)
}

fn digests(files: &Files) -> Vec<(String, Hash)> {
    files.iter().map(|(name, bytes)| (name.clone(), Hash::of(&[bytes]))).collect()
}

impl List {
    /// Reads the text of a list, in its one spelling. It may not be believed before the signature
    /// is checked.
    fn read(note: &Note) -> Result<Self, NoteError> {
        let mut lines = note.text().lines();
        let head = (lines.next(), lines.next(), lines.next());
        let (Some(HEADER), Some(log), Some(made)) = head else { return Err(NoteError::Text) };
        let file = |line: &str| {
            let (hash, name) = line.split_once(' ')?;
            Some((name.to_owned(), Hash::from_base64(hash)?))
        };
        let files = lines.map(file).collect::<Option<_>>().ok_or(NoteError::Text)?;
        let log: VerifierKey = log.parse()?;
        let made_s = made.parse().map_err(|_| NoteError::Text)?;
        let read = Self { log, made_s, files };
        let is_whole = read.log.usage() == KeyUse::Log && read.to_string() == note.text();
        is_whole.then_some(read).ok_or(NoteError::Text)
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\n{}\n{}", self.log, self.made_s)?;
        self.files.iter().try_for_each(|(name, hash)| writeln!(f, "{hash} {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::receipt_word;
    use crate::signer::SignerKey;

    fn key(seed: u8) -> SignerKey {
        SignerKey::new("glen.example/ledger", KeyUse::Log, &[seed; 32]).unwrap()
    }

    fn at() -> Timestamp {
        Timestamp::from_second(1_795_000_000).unwrap()
    }

    fn files() -> Files {
        let receipt = Receipt::sign(Hash::leaf(b"a look"), at(), &key(1));
        let words = format!("# One.\n{}\n", receipt_word(&receipt));
        [("record.html", "<p>Hello</p>".to_owned()), (RECEIPTS_FILE, words)]
            .map(|(name, text)| (name.to_owned(), text.into_bytes()))
            .into()
    }

    fn trust() -> Trust {
        Trust::parse(&format!("log {}\n", key(1).verifier())).unwrap()
    }

    #[test]
    fn an_extract_says_what_the_log_vouches_for() {
        let bytes = Receipts::new(key(1)).extract(files(), at()).unwrap();
        assert_eq!(bytes, Receipts::new(key(1)).extract(files(), at()).unwrap());
        let vouched = verify_extract(&bytes, &trust()).unwrap();
        assert!(vouched.is_trusted && vouched.made_at_s == at().as_second());
        assert_eq!((vouched.files, vouched.receipts.len()), (files(), 1));
        let alone = verify_extract(&bytes, &Trust::default()).unwrap();
        assert!(!alone.is_trusted && alone.log == *key(1).verifier());
        let none = Files::from([(RECEIPTS_FILE.to_owned(), b"# None.\n\n".to_vec())]);
        let bytes = Receipts::new(key(1)).extract(none, at()).unwrap();
        assert!(verify_extract(&bytes, &trust()).unwrap().receipts.is_empty());
        for name in ["", "a/b", "a\nb", PROOFS] {
            let files = Files::from([(name.to_owned(), vec![])]);
            let made = Receipts::new(key(1)).extract(files, at());
            assert_eq!(made, Err(ExtractError::Malformed), "{name}");
        }
    }

    /// By accident: one bit anywhere.
    #[test]
    fn every_bit_of_an_extract_counts() {
        let bytes = Receipts::new(key(1)).extract(files(), at()).unwrap();
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << (place % 8);
            for trust in [trust(), Trust::default()] {
                assert!(verify_extract(&flipped, &trust).is_err(), "byte {place}");
            }
            assert!(verify_extract(&bytes[..place], &trust()).is_err(), "{place} bytes");
        }
    }

    /// On purpose: by whoever can write a whole archive anew, and has not the key.
    #[test]
    fn nobody_but_the_log_can_make_another() {
        let bytes = Receipts::new(key(1)).extract(files(), at()).unwrap();
        let check = |change: &dyn Fn(&mut Files), want: ExtractError| {
            let mut files = archive::read(&bytes).unwrap();
            change(&mut files);
            let again = archive::write(&files).unwrap();
            assert_eq!(verify_extract(&again, &trust()).unwrap_err(), want);
        };
        let put = |files: &mut Files, name: &str, text: &str| {
            files.insert(name.to_owned(), text.as_bytes().to_vec());
        };
        check(&|files| put(files, "record.html", "<p>Hallo</p>"), ExtractError::Changed);
        check(&|files| put(files, "more.html", ""), ExtractError::Changed);
        check(&|files| drop(files.remove("record.html")), ExtractError::Changed);
        check(&|files| drop(files.remove(RECEIPTS_FILE)), ExtractError::Changed);
        check(&|files| drop(files.remove(PROOFS)), ExtractError::Malformed);
        let of = |seed, files| {
            let other = Receipts::new(key(seed)).extract(files, at()).unwrap();
            archive::read(&other).unwrap().remove(PROOFS).unwrap()
        };
        let swap = |proofs: Vec<u8>| {
            move |files: &mut Files| {
                files.insert(PROOFS.to_owned(), proofs.clone());
            }
        };
        check(&swap(of(2, files())), ExtractError::UnknownLog);
        check(&swap(of(1, Files::new())), ExtractError::Changed);
        // A list that names the log's key and is signed by another.
        let list = archive::read(&bytes).unwrap().remove(PROOFS).unwrap();
        let list = String::from_utf8(list).unwrap();
        let (list, _) = list.split_once("\n\n").unwrap();
        let forged = key(2).sign_note(format!("{list}\n")).to_string().into_bytes();
        check(&swap(forged), ExtractError::Note(NoteError::Unsigned));
        // Another line of a signature beside the log's own, of whomever.
        for by in [1, 2] {
            let mut proofs = archive::read(&bytes).unwrap().remove(PROOFS).unwrap();
            let same = key(by).sign_note(format!("{list}\n")).to_string();
            let (_, line) = same.split_once("\n\n").unwrap();
            proofs.extend_from_slice(line.as_bytes());
            check(&swap(proofs), ExtractError::Changed);
        }
        // A receipt of another log, in a list of this one.
        let word = receipt_word(&Receipt::sign(Hash::leaf(b"x"), at(), &key(2)));
        let files = Files::from([(RECEIPTS_FILE.to_owned(), word.into_bytes())]);
        let bytes = Receipts::new(key(1)).extract(files, at()).unwrap();
        assert_eq!(verify_extract(&bytes, &trust()), Err(NoteError::Unsigned.into()));
    }

    #[test]
    fn a_list_is_no_receipt_and_no_checkpoint() {
        let bytes = Receipts::new(key(1)).extract(files(), at()).unwrap();
        let proofs = archive::read(&bytes).unwrap().remove(PROOFS).unwrap();
        let note: Note = String::from_utf8(proofs).unwrap().parse().unwrap();
        assert!(Receipt::open(&note, key(1).verifier()).is_err());
        assert!(crate::Checkpoint::open(&note, key(1).verifier()).is_err());
        let receipt = Receipt::sign(Hash::leaf(b"x"), at(), &key(1));
        assert_eq!(List::read(&receipt), Err(NoteError::Text));
    }
}
