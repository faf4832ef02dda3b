//! Checkpoints: a log's size and root, signed by the log and cosigned by witnesses.
//!
//! # Invariants
//!
//! - Ken's own checkpoints have no extension lines.
//! - The name of the log's key is the origin, so a checkpoint of another log never passes.
//!
//! # Sources
//!
//! - C2SP tlog-checkpoint, C2SP tlog-cosignature.

use std::fmt;

use crate::Hash;
use crate::note::{KeyUse, Note, NoteError, VerifierKey};
use crate::signer::SignerKey;

/// What a log says of itself at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: Hash,
}

/// A witness's word for a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Witnessed {
    /// The name of the witness's key.
    pub witness: String,
    /// When it cosigned, in Unix seconds by its own clock.
    pub at_s: u64,
    /// The size it cosigned.
    pub size: u64,
}

impl Checkpoint {
    /// Signs it; the origin becomes the key's name.
    #[must_use]
    pub fn sign(size: u64, root: Hash, key: &SignerKey) -> Note {
        let origin = key.verifier().name().to_owned();
        key.sign_note(Self { origin, size, root }.to_string())
    }

    /// Reads the text of a note. It may not be believed before [`Checkpoint::open`] checks it.
    ///
    /// # Errors
    ///
    /// [`NoteError::Text`] unless it is origin, size and root, each in its one spelling.
    pub fn read(text: &str) -> Result<Self, NoteError> {
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
        let [origin, size, root] = lines.as_slice() else { return Err(NoteError::Text) };
        let number: u64 = size.parse().map_err(|_| NoteError::Text)?;
        let root = Hash::from_base64(root).ok_or(NoteError::Text)?;
        let read = Self { origin: (*origin).to_owned(), size: number, root };
        let same = !origin.is_empty() && read.to_string() == text;
        same.then_some(read).ok_or(NoteError::Text)
    }

    /// Reads a note and checks the log's signature.
    ///
    /// # Errors
    ///
    /// [`NoteError`] when it is no checkpoint, is another log's, or the signature does not hold.
    pub fn open(note: &Note, log: &VerifierKey) -> Result<Self, NoteError> {
        let read = Self::read(note.text())?;
        if log.usage() != KeyUse::Log || log.name() != read.origin {
            return Err(NoteError::Unsigned);
        }
        log.check(note)?.map(|_| read).ok_or(NoteError::Unsigned)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

/// Which of these witnesses have cosigned a checkpoint.
///
/// # Errors
///
/// [`NoteError`] when the note is no checkpoint, or a cosignature in the name of one of them does
/// not hold.
pub fn witnesses(note: &Note, known: &[VerifierKey]) -> Result<Vec<Witnessed>, NoteError> {
    let size = Checkpoint::read(note.text())?.size;
    let mut found = Vec::new();
    for key in known.iter().filter(|key| key.usage() == KeyUse::Witness) {
        if let Some(at_s) = key.check(note)? {
            found.push(Witnessed { witness: key.name().to_owned(), at_s, size });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, usage: KeyUse) -> SignerKey {
        SignerKey::new(name, usage, &[u8::try_from(name.len()).unwrap(); 32]).unwrap()
    }

    #[test]
    fn one_spelling_only() {
        let root = Hash::empty();
        let check = |text: String, want: bool| {
            assert_eq!(Checkpoint::read(&text).is_ok(), want, "{text:?}");
        };
        check(format!("o\n0\n{root}\n"), true);
        check(format!("o\n12\n{root}\n"), true);
        check(format!("o\n012\n{root}\n"), false);
        check(format!("o\n+12\n{root}\n"), false);
        check(format!("o\n12\n{root}"), false);
        check(format!("\n12\n{root}\n"), false);
        check(format!("o\n12\n{root}\nextension\n"), false);
        check("o\n12\nAAAA\n".to_owned(), false);
    }

    #[test]
    fn only_the_logs_own_key_opens() {
        let log = key("glen.example/ledger", KeyUse::Log);
        let note = Checkpoint::sign(5, Hash::leaf(b"x"), &log);
        assert_eq!(Checkpoint::open(&note, log.verifier()).unwrap().size, 5);
        let other = key("strath.example/ledger", KeyUse::Log);
        assert_eq!(Checkpoint::open(&note, other.verifier()), Err(NoteError::Unsigned));
        let witness = key("glen.example/ledger", KeyUse::Witness);
        assert_eq!(Checkpoint::open(&note, witness.verifier()), Err(NoteError::Unsigned));
    }

    /// A checkpoint of a public log (certificate transparency, staging), with the cosignatures of
    /// four public witnesses: what others have signed, ours must read.
    #[test]
    fn a_public_checkpoint_and_its_witnesses_hold() {
        let text = "arche2025h1.staging.ct.transparency.dev\n1432088532\n\
                    U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n";
        let arche = "arche2025h1.staging.ct.transparency.dev";
        let garden = "transparency.dev/DEV:witness-little-garden";
        let lines = [
            (
                arche,
                "zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroe\
                 W2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=",
            ),
            (
                garden,
                "2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRA\
                 ErumC2q44vdgJY096st5BQ==",
            ),
            (
                "witness1.smartit.nu/witness1",
                "pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbq\
                 mNWVuE0tgh0XwzdZsDsUAQ==",
            ),
            (
                "remora.n621.de",
                "2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk\
                 5XeU/zZ0WBxtqB0DrAWfBw==",
            ),
            (
                "witness.stagemole.eu",
                "Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgK\
                 i7lI7cUiOvKFYe/TmN9DAg==",
            ),
        ];
        let lines = lines.map(|(name, signature)| format!("\u{2014} {name} {signature}\n"));
        let note: Note = format!("{text}\n{}", lines.concat()).parse().unwrap();
        assert_eq!(Checkpoint::read(note.text()).unwrap().size, 1_432_088_532);
        let keys = [
            "transparency.dev/DEV:witness-little-garden+d8042a87+\
             BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
            "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
            "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
        ];
        let keys: Vec<VerifierKey> = keys.iter().map(|key| key.parse().unwrap()).collect();
        let found = witnesses(&note, &keys).unwrap();
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|by| by.at_s == 0x6a12_2120));
        let other = Note::new(text.replace("532", "533"), note.signatures().to_vec());
        assert_eq!(witnesses(&other, &keys), Err(NoteError::Signature));
    }

    #[test]
    fn cosignatures_are_found_and_checked() {
        let log = key("glen.example/ledger", KeyUse::Log);
        let (police, health) = (key("police", KeyUse::Witness), key("nhsl", KeyUse::Witness));
        let known = [police.verifier().clone(), health.verifier().clone()];
        let mut note = Checkpoint::sign(5, Hash::leaf(b"x"), &log);
        assert_eq!(witnesses(&note, &known), Ok(Vec::new()));
        note.add(police.sign(note.text(), 77));
        let want = Witnessed { witness: "police".to_owned(), at_s: 77, size: 5 };
        assert_eq!(witnesses(&note, &known), Ok(vec![want]));
        note.add(health.sign("another text\n", 78));
        assert_eq!(witnesses(&note, &known), Err(NoteError::Signature));
    }
}
