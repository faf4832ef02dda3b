//! Signed notes: a short text with the signatures of named Ed25519 keys.
//!
//! # Invariants
//!
//! - A signature of an unknown key is ignored; one of a known key that fails condemns the note.
//! - A note that parses prints as the same bytes.
//!
//! # Sources
//!
//! - C2SP signed-note (format, key ids, verifier keys).
//! - C2SP tlog-cosignature (signature type 4: timestamped cosignatures of witnesses).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;

use crate::Hash;

/// Longest note, in bytes. House policy: a few short lines and [`SIGNATURES_MAX`] signatures.
pub const NOTE_LEN_MAX: usize = 64 * 1024;

/// Most signatures on a note. The standard asks for at least 16; we have at most 64 parties.
pub const SIGNATURES_MAX: usize = 64;

/// Why a text is not a note, or not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The text does not have the form of a signed note.
    #[error("not a signed note")]
    Malformed,
    /// The text does not have the form of a checkpoint or receipt.
    #[error("not the text that was expected in a signed note")]
    Text,
    /// The key is not written as the standard says, or its id does not fit.
    #[error("not a verifier key: expected name+id+base64")]
    Key,
    /// A known key's signature does not hold.
    #[error("a signature does not hold")]
    Signature,
    /// No known key has signed.
    #[error("no known key has signed")]
    Unsigned,
}

impl NoteError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "ledger.note-malformed",
            Self::Text => "ledger.note-text",
            Self::Key => "ledger.note-key",
            Self::Signature => "ledger.note-signature",
            Self::Unsigned => "ledger.note-unsigned",
        }
    }
}

/// What a key's signature means; its number is the standard's type byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUse {
    /// A log signs its own text (type 1).
    Log,
    /// A witness cosigns a checkpoint, with the time (type 4).
    Witness,
}

impl KeyUse {
    /// The type byte of the standard.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }

    /// The use with that type byte, if it is one we know.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Log),
            4 => Some(Self::Witness),
            _ => None,
        }
    }
}

/// The first four bytes of a hash over name, use and public key: which key signed.
pub type KeyId = [u8; 4];

/// A named public key, written `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    usage: KeyUse,
    key: VerifyingKey,
    id: KeyId,
}

impl VerifierKey {
    /// Names a public key.
    ///
    /// # Errors
    ///
    /// [`NoteError::Key`] when the name is empty, or has a space, a plus or a control character.
    pub fn new(name: &str, usage: KeyUse, key: VerifyingKey) -> Result<Self, NoteError> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.contains(bad) {
            return Err(NoteError::Key);
        }
        let hash = Hash::of(&[name.as_bytes(), b"\n", &[usage.byte()], key.as_bytes()]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Ok(Self { name: name.to_owned(), usage, key, id: [a, b, c, d] })
    }

    /// Who the key belongs to; for a log, the origin of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its signatures mean.
    #[must_use]
    pub const fn usage(&self) -> KeyUse {
        self.usage
    }

    /// The id that stands in its signatures.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The public key alone, by which duplicates are known.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The same key as one whose signatures carry a time: by it a log dates its own checkpoint.
    ///
    /// # Errors
    ///
    /// None: the name has stood in a key already.
    pub fn dating(&self) -> Result<Self, NoteError> {
        Self::new(&self.name, KeyUse::Witness, self.key)
    }

    /// Whether `line` claims to be by this key.
    #[must_use]
    pub fn is_signer(&self, line: &SignatureLine) -> bool {
        line.name == self.name && line.key_id == self.id
    }

    /// Checks this key's signatures on a note; the time of a witness is in Unix seconds, that of
    /// a log 0. `None` when the key has not signed.
    ///
    /// # Errors
    ///
    /// [`NoteError::Signature`] when a line in this key's name does not hold.
    pub fn check(&self, note: &Note) -> Result<Option<u64>, NoteError> {
        let mut signed = None;
        for line in note.signatures.iter().filter(|line| self.is_signer(line)) {
            signed = Some(self.check_line(&note.text, &line.signature)?);
        }
        Ok(signed)
    }

    fn check_line(&self, text: &str, signature: &[u8]) -> Result<u64, NoteError> {
        let (time, signature) = match self.usage {
            KeyUse::Log => (0, signature),
            KeyUse::Witness => {
                let (time, rest) = signature.split_first_chunk().ok_or(NoteError::Signature)?;
                (u64::from_be_bytes(*time), rest)
            }
        };
        let signature = Signature::from_slice(signature).map_err(|_| NoteError::Signature)?;
        let message = signed_message(self.usage, time, text);
        let holds = self.key.verify_strict(message.as_bytes(), &signature);
        holds.map(|()| time).map_err(|_| NoteError::Signature)
    }
}

/// The bytes that a key signs: a witness puts the time before the text.
pub(crate) fn signed_message(usage: KeyUse, time: u64, text: &str) -> String {
    match usage {
        KeyUse::Log => text.to_owned(),
        KeyUse::Witness => format!("cosignature/v1\ntime {time}\n{text}"),
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = vec![self.usage.byte()];
        material.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), STANDARD.encode(material))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().ok_or(NoteError::Key);
        let (name, id, material) = (part()?, part()?, part()?);
        let material = STANDARD.decode(material).map_err(|_| NoteError::Key)?;
        let (usage, public) = material.split_first().ok_or(NoteError::Key)?;
        let usage = KeyUse::from_byte(*usage).ok_or(NoteError::Key)?;
        let key = VerifyingKey::try_from(public).map_err(|_| NoteError::Key)?;
        let key = Self::new(name, usage, key)?;
        (format!("{:08x}", u32::from_be_bytes(key.id)) == id).then_some(key).ok_or(NoteError::Key)
    }
}

/// One signature under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    key_id: KeyId,
    signature: Vec<u8>,
}

impl SignatureLine {
    /// The line of `key` with this signature; a witness's begins with its time.
    #[must_use]
    pub fn new(key: &VerifierKey, signature: Vec<u8>) -> Self {
        Self { name: key.name.clone(), key_id: key.id, signature }
    }

    /// The name of the key that is said to have signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key that is said to have signed.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.signature].concat();
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let rest = line.strip_prefix("\u{2014} ").ok_or(NoteError::Malformed)?;
        let (name, encoded) = rest.split_once(' ').ok_or(NoteError::Malformed)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed)?;
        let (key_id, signature) = bytes.split_first_chunk().ok_or(NoteError::Malformed)?;
        if name.is_empty() || name.contains(char::is_whitespace) || signature.is_empty() {
            return Err(NoteError::Malformed);
        }
        Ok(Self { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
    }
}

/// A text and its signatures. Nothing in it may be believed before a key has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Puts a text, which ends in a newline, and its signatures together.
    #[must_use]
    pub fn new(text: String, signatures: Vec<SignatureLine>) -> Self {
        Self { text, signatures }
    }

    /// The signed text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in order.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a signature.
    pub fn add(&mut self, line: SignatureLine) {
        self.signatures.push(line);
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        let control = |byte: u8| byte < 0x20 && byte != b'\n';
        if note.len() > NOTE_LEN_MAX || note.bytes().any(control) {
            return Err(NoteError::Malformed);
        }
        let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, lines) = note.split_at(at + 1);
        let lines = lines.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or(NoteError::Malformed)?;
        let signatures = lines.split('\n').map(str::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > SIGNATURES_MAX || text.len() < 2 {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn key_texts_have_one_spelling() {
        // The key of the example in Go's documentation of notes.
        let neumann = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert_eq!(neumann.parse::<VerifierKey>().unwrap().to_string(), neumann);
        for at in 0..neumann.len() {
            let mut bent = neumann.as_bytes().to_vec();
            bent[at] ^= 1;
            let bent = String::from_utf8(bent).unwrap();
            assert_eq!(bent.parse::<VerifierKey>(), Err(NoteError::Key), "{bent}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(
            text in "\\PC{0,40}(\n){0,2}(\u{2014} a QUFBQUE=\n){0,2}",
        ) {
            if let Ok(note) = text.parse::<Note>() {
                prop_assert_eq!(note.to_string(), text);
            }
        }

        #[test]
        fn any_key_text_parses_or_is_refused(text in "[a-z+/ ]{0,20}") {
            prop_assert!(text.parse::<VerifierKey>().is_err());
        }
    }
}
