//! Secret keys: the one that signs the log, and one that cosigns for another's.
//!
//! # Invariants
//!
//! - A secret key is written to one file that only its owner can read, and is shown nowhere.
//!
//! # Sources
//!
//! - Go's `sumdb/note` (`PRIVATE+KEY+name+id+base64`), so that other tools read the file.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use ken_core::Ctx;
use thiserror::Error;

use crate::Hash;
use crate::note::{KeyUse, Note, NoteError, SignatureLine, VerifierKey, signed_message};

/// Why a key file could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file could not be read or written.
    #[error("the ledger's key file cannot be read or written")]
    Io(#[from] io::Error),
    /// The file holds no secret key of the use that was asked for.
    #[error("the ledger's key file holds no secret key for this use")]
    Content(#[from] NoteError),
    /// Others than the owner may read the file.
    #[error("the ledger's key file may be read by others than its owner")]
    Open,
    /// The key belongs to another log.
    #[error("the ledger's key file belongs to another log")]
    OtherName,
}

impl KeyFileError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "ledger.key-file-io",
            Self::Content(_) => "ledger.key-file-content",
            Self::Open => "ledger.key-file-open",
            Self::OtherName => "ledger.key-file-other-name",
        }
    }
}

/// A secret key with its name and use.
#[derive(Clone)]
pub struct SignerKey {
    secret: SigningKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// Makes a key from 32 secret bytes.
    ///
    /// # Errors
    ///
    /// [`NoteError::Key`] when the name may not stand in a signature.
    pub fn new(name: &str, usage: KeyUse, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let secret = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, usage, secret.verifying_key())?;
        Ok(Self { secret, verifier })
    }

    /// Reads the key in `file`, or draws one and writes it there, readable by its owner alone.
    ///
    /// The file is durable, its folder included, before this returns. The name of a log's key is
    /// the log's origin.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`]; nothing is written when a file is there already.
    pub fn open(
        file: &Path,
        name: &str,
        usage: KeyUse,
        ctx: &Ctx<'_>,
    ) -> Result<Self, KeyFileError> {
        if !file.exists() {
            let key = Self::new(name, usage, &ctx.entropy())?;
            write_secret(file, &key.secret_text())?;
            return Ok(key);
        }
        // Any bit for the group or for others is one too many.
        if fs::metadata(file)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyFileError::Open);
        }
        let key: Self = fs::read_to_string(file)?.trim_end().parse()?;
        if key.verifier.usage() != usage {
            return Err(NoteError::Key.into());
        }
        (key.verifier.name() == name).then_some(key).ok_or(KeyFileError::OtherName)
    }

    /// The public half.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a text, which ends in a newline; `time_s` (Unix seconds) counts for a witness only.
    #[must_use]
    pub fn sign(&self, text: &str, time_s: u64) -> SignatureLine {
        let usage = self.verifier.usage();
        let signature = self.secret.sign(signed_message(usage, time_s, text).as_bytes());
        let mut bytes = match usage {
            KeyUse::Log => Vec::new(),
            KeyUse::Witness => time_s.to_be_bytes().to_vec(),
        };
        bytes.extend_from_slice(&signature.to_bytes());
        SignatureLine::new(&self.verifier, bytes)
    }

    /// Adds the time at which this log says a checkpoint is still its newest, in Unix seconds. A
    /// checkpoint itself has no time, and without one nobody could prove that a promise is overdue.
    ///
    /// # Errors
    ///
    /// As [`VerifierKey::dating`].
    pub fn date(&self, note: &mut Note, time_s: u64) -> Result<(), NoteError> {
        let own = Self { secret: self.secret.clone(), verifier: self.verifier.dating()? };
        note.add(own.sign(note.text(), time_s));
        Ok(())
    }

    /// Signs a text as a note of its own.
    #[must_use]
    pub fn sign_note(&self, text: String) -> Note {
        let line = self.sign(&text, 0);
        Note::new(text, vec![line])
    }

    fn secret_text(&self) -> String {
        let mut material = vec![self.verifier.usage().byte()];
        material.extend_from_slice(&self.secret.to_bytes());
        let id = u32::from_be_bytes(self.verifier.id());
        format!("PRIVATE+KEY+{}+{id:08x}+{}", self.verifier.name(), STANDARD.encode(material))
    }
}

impl FromStr for SignerKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or(NoteError::Key)?;
        let mut parts = rest.splitn(3, '+');
        let mut part = || parts.next().ok_or(NoteError::Key);
        let (name, id, material) = (part()?, part()?, part()?);
        let material = STANDARD.decode(material).map_err(|_| NoteError::Key)?;
        let (usage, seed) = material.split_first().ok_or(NoteError::Key)?;
        let usage = KeyUse::from_byte(*usage).ok_or(NoteError::Key)?;
        let seed = Hash::from_slice(seed).ok_or(NoteError::Key)?;
        let key = Self::new(name, usage, seed.as_bytes())?;
        let same = format!("{:08x}", u32::from_be_bytes(key.verifier.id())) == id;
        same.then_some(key).ok_or(NoteError::Key)
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.verifier)
    }
}

/// Writes a new file that only its owner may read, and makes file and folder durable.
fn write_secret(file: &Path, text: &str) -> io::Result<()> {
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(open, "{text}")?;
    open.sync_all()?;
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example in Go's documentation of notes: Ed25519 is deterministic.
    #[test]
    fn the_published_example_is_reproduced() {
        let key: SignerKey =
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
                .parse()
                .unwrap();
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let want = format!(
            "{text}\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuG\
             UgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        );
        let note = key.sign_note(text.to_owned());
        assert_eq!(note.to_string(), want);
        assert_eq!(key.verifier().check(&note), Ok(Some(0)));
        assert_eq!(want.parse::<Note>().unwrap(), note);
    }

    #[test]
    fn a_signature_is_for_one_key_text_and_use() {
        let seed = [7; 32];
        let text = "some\ntext\n";
        let log = SignerKey::new("glen.example/ledger", KeyUse::Log, &seed).unwrap();
        let witness = SignerKey::new("glen.example/ledger", KeyUse::Witness, &seed).unwrap();
        let note = log.sign_note(text.to_owned());
        assert_eq!(witness.verifier().check(&note), Ok(None));
        let mut both = note.clone();
        both.add(witness.sign(text, 1_795_000_000));
        assert_eq!(witness.verifier().check(&both), Ok(Some(1_795_000_000)));
        let other = Note::new("other\ntext\n".to_owned(), both.signatures().to_vec());
        assert_eq!(log.verifier().check(&other), Err(NoteError::Signature));
        assert_eq!(witness.verifier().check(&other), Err(NoteError::Signature));
    }

    #[test]
    fn names_that_would_break_a_line_are_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
            assert!(SignerKey::new(name, KeyUse::Log, &[1; 32]).is_err(), "{name}");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_kept_from_others() {
        let (clock, ids) = (ken_testkit::TestClock::default(), ken_testkit::SeededIds::new(1));
        let ctx = Ctx::new(&clock, &ids);
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("ledger.key");
        let open = |name, usage| SignerKey::open(&file, name, usage, &ctx);
        let first = open("glen.example/ledger", KeyUse::Log).unwrap();
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = open("glen.example/ledger", KeyUse::Log).unwrap();
        assert_eq!(again.verifier(), first.verifier());
        let code = |opened: Result<SignerKey, KeyFileError>| opened.map_err(|error| error.code());
        let refused = code(open("strath.example/ledger", KeyUse::Log)).unwrap_err();
        assert_eq!(refused, "ledger.key-file-other-name");
        let refused = code(open("glen.example/ledger", KeyUse::Witness)).unwrap_err();
        assert_eq!(refused, "ledger.key-file-content");
        for mode in [0o640, 0o604, 0o666] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let refused = code(open("glen.example/ledger", KeyUse::Log)).unwrap_err();
            assert_eq!(refused, "ledger.key-file-open");
        }
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("PRIVATE", "PUBLIC")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let refused = code(open("glen.example/ledger", KeyUse::Log)).unwrap_err();
        assert_eq!(refused, "ledger.key-file-content");
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SignerKey::new("x", KeyUse::Log, &[7; 32]).unwrap();
        assert_eq!(format!("{key:?}"), format!("SignerKey({})", key.verifier()));
    }
}
