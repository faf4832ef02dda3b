//! The canonical form and the identity: what a signature is over.
//!
//! # Invariants
//!
//! - JSON without white space, keys sorted by code point, text in Unicode NFC, dates as
//!   `YYYY-MM-DD`; sets in order, lists as written; what is absent or empty is left out.
//! - Reading the canonical form gives the same instrument again.

use std::collections::BTreeMap;
use std::fmt::Write;

use ken_core::{ClauseId, InstrumentHash};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fault::{Fault, Faults};
use crate::instrument::Instrument;
use crate::key::{AttestationId, ClauseKey, InstrumentRef, Words};
use crate::nfc::nfc;
use crate::parse::ParseError;
use crate::read::{Read, from_json};

impl Instrument {
    /// The canonical form.
    ///
    /// # Panics
    ///
    /// Never: every key is text and every value has a JSON form; were that to fail, the form is
    /// empty, and no signature over it could have been made.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        let mut out = String::new();
        if let Ok(value) = serde_json::to_value(self) {
            write_value(&value, &mut out);
        }
        out
    }

    /// Its identity: the SHA-256 of the canonical form, in hex.
    #[must_use]
    pub fn hash(&self) -> InstrumentHash {
        word(InstrumentHash::new(sha256(&self.canonical_json())))
    }

    /// Reads a canonical form.
    ///
    /// # Errors
    ///
    /// [`ParseError`] when it is not an instrument, or not its canonical form: one instrument has
    /// one spelling, so that bytes and hash cannot come apart.
    pub fn from_canonical(text: &str) -> Result<Self, ParseError> {
        let other = |what: String| ParseError::one(Fault::not_canonical(what));
        let value = serde_json::from_str(text).map_err(|error| other(error.to_string()))?;
        let mut faults = Faults::default();
        let Some(instrument) = Self::read(&from_json(value), &mut faults) else {
            return Err(ParseError { faults: faults.placed(text) });
        };
        // What is read with a fault, an unknown field for one, does not come out the same.
        if faults.is_empty() && instrument.canonical_json() == text {
            Ok(instrument)
        } else {
            Err(other("not the canonical form of this instrument".to_owned()))
        }
    }

    /// What is told of a signed text that cannot be read as a whole: its head, its life and its
    /// dictionary, as `isa/1` writes them, without its parties and clauses. `None` where the text
    /// is not the one of this identity, or does not tell even these.
    #[must_use]
    pub fn remnant(text: &str, hash: &InstrumentHash) -> Option<Self> {
        const TOLD: [&str; 4] = ["schema", "agreement", "lifecycle", "category"];
        if sha256(text) != hash.as_str() {
            return None;
        }
        let Ok(Value::Object(all)) = serde_json::from_str(text) else { return None };
        let told = all.into_iter().filter(|(key, _)| TOLD.contains(&key.as_str()));
        Self::from_value(&Value::Object(told.collect()))
    }

    /// What stands for a text of which nothing is told but its name.
    #[must_use]
    pub fn untold(name: &InstrumentRef) -> Option<Self> {
        Self::from_value(&json!({
            "schema": "isa/1",
            "agreement": {
                "id": name.id, "version": name.version, "tier": "isa", "title": name.to_string(),
                "jurisdiction": "GB-SCT", "controllership": "independent",
                "lead_party": "unknown", "plain_summary": "It cannot be read.",
                "effective_from": "1970-01-01", "notice_days": 0,
            },
            "lifecycle": {
                "review_due": "1970-01-01", "grace_days": 0, "on_review_lapse": "suspend-all",
                "on_party_exit": "stop-new", "in_flight": "decide-at-delivery",
            },
        }))
    }

    fn from_value(value: &Value) -> Option<Self> {
        let mut canonical = String::new();
        write_value(value, &mut canonical);
        Self::from_canonical(&canonical).ok()
    }

    /// A clause as the ledger cites it.
    #[must_use]
    pub fn cite(hash: &InstrumentHash, clause: &ClauseKey) -> ClauseId {
        word(ClauseId::new(format!("{hash}#{clause}")))
    }

    /// The words of a clause that a human affirms.
    #[must_use]
    pub fn words_of(hash: &InstrumentHash, clause: &ClauseKey, words: &AttestationId) -> Words {
        Words { clause: Self::cite(hash, clause), attestation: words.clone() }
    }
}

/// Reads what a program made; a text of people or a stored form has its own reader above.
impl<'de> Deserialize<'de> for Instrument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut faults = Faults::default();
        let read = Self::read(&from_json(Value::deserialize(deserializer)?), &mut faults);
        let whole = read.filter(|_| faults.is_empty());
        whole.ok_or_else(|| D::Error::custom(ParseError { faults: faults.placed("") }))
    }
}

/// The SHA-256 of a statement's words, in hex: what an affirmation is stored by.
#[must_use]
pub fn words_hash(words: &str) -> String {
    sha256(&nfc(words))
}

/// Hex and short ids are always words.
pub(crate) fn word<T, E>(checked: Result<T, E>) -> T {
    let Ok(word) = checked else { unreachable!("a hash with a clause's id is a word") };
    word
}

fn sha256(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Sorts keys itself: whether `serde_json` keeps them in order is another crate's choice.
fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().map(|(key, value)| (nfc(key), value)).collect();
            let entries = sorted.iter().map(|(key, value)| (Some(&**key), *value));
            write_all(('{', '}'), entries, out);
        }
        Value::Array(items) => write_all(('[', ']'), items.iter().map(|item| (None, item)), out),
        Value::String(text) => write_text(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

fn write_all<'a>(
    (open, close): (char, char),
    entries: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    out: &mut String,
) {
    out.push(open);
    for (n, (key, value)) in entries.enumerate() {
        if n > 0 {
            out.push(',');
        }
        if let Some(key) = key {
            write_text(key, out);
            out.push(':');
        }
        write_value(value, out);
    }
    out.push(close);
}

fn write_text(text: &str, out: &mut String) {
    let text = Value::String(nfc(text).into_owned());
    let _ = write!(out, "{text}");
}
