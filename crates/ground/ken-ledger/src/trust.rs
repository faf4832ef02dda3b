//! Whom a verifier believes: the file given as `--trust KEYS`.
//!
//! The file is a C2SP trust policy: one line each for a log (`log VKEY`), a witness
//! (`witness NAME VKEY`), a group (`group NAME all|any|K MEMBER...`) and the quorum
//! (`quorum NAME|none`). Two leniencies: a line may be a bare key, whose own type says whether it
//! is a log's or a witness's; and without a quorum line none is required.
//!
//! # Invariants
//!
//! - No name or public key twice, and each name a member of one group at most, so that nobody
//!   counts twice in a quorum.
//!
//! # Sources
//!
//! - C2SP tlog-policy.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::Witnessed;
use crate::note::{KeyUse, VerifierKey};

/// Most lines of a trust file. House policy: hundreds of parties, with comments.
const LINES_MAX: usize = 4096;

/// Why a trust file was refused, with the line, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("line {line} of the trust file: {reason}")]
pub struct TrustError {
    /// The line at fault; one past the last when something is missing.
    pub line: usize,
    /// What is wrong with it.
    pub reason: TrustFault,
}

impl TrustError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "ledger.trust"
    }
}

/// What can be wrong with a line of a trust file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TrustFault {
    /// The line is not one of the five kinds.
    #[error("not a log, witness, group, quorum, key or comment")]
    Line,
    /// The key cannot be read, or is of the wrong type for the line.
    #[error("not a key of the type that this line needs")]
    Key,
    /// A name or a public key stands twice, or a name is a member twice.
    #[error("named twice")]
    Twice,
    /// A name is used before it is defined.
    #[error("names nobody defined above")]
    Unknown,
    /// A threshold is not between 1 and the number of members.
    #[error("the threshold must be between 1 and the number of members")]
    Threshold,
    /// The file is too long.
    #[error("more than {LINES_MAX} lines")]
    TooLong,
}

/// Who counts towards a quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    Witness(VerifierKey),
    Group { threshold: usize, members: Vec<String> },
}

/// Which logs and witnesses are believed, and how many of the latter must have cosigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    logs: Vec<VerifierKey>,
    members: BTreeMap<String, Member>,
    in_group: BTreeSet<String>,
    quorum: Option<String>,
    quorum_stated: bool,
}

impl Trust {
    /// Reads a trust file.
    ///
    /// # Errors
    ///
    /// [`TrustError`] names the first line that is at fault.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        let mut trust = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let fault = |reason| TrustError { line: line_number, reason };
            if line_number > LINES_MAX {
                return Err(fault(TrustFault::TooLong));
            }
            trust.take(line.trim_matches([' ', '\t'])).map_err(fault)?;
        }
        Ok(trust)
    }

    /// The logs whose checkpoints are believed; none means any, judged by its own key.
    #[must_use]
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The keys of all witnesses.
    #[must_use]
    pub fn witnesses(&self) -> Vec<VerifierKey> {
        let key = |member: &Member| match member {
            Member::Witness(key) => Some(key.clone()),
            Member::Group { .. } => None,
        };
        self.members.values().filter_map(key).collect()
    }

    /// Whether a quorum is asked for at all.
    #[must_use]
    pub const fn asks_quorum(&self) -> bool {
        self.quorum.is_some()
    }

    /// Whether these witnesses are enough; always so where no quorum is asked for.
    #[must_use]
    pub fn is_quorum(&self, witnessed: &[Witnessed]) -> bool {
        let names: BTreeSet<&str> = witnessed.iter().map(|by| by.witness.as_str()).collect();
        self.quorum.as_ref().is_none_or(|name| self.counts(name, &names))
    }

    /// Members are defined before their group, so this ends.
    fn counts(&self, name: &str, witnessed: &BTreeSet<&str>) -> bool {
        match self.members.get(name) {
            None => false,
            Some(Member::Witness(key)) => witnessed.contains(key.name()),
            Some(Member::Group { threshold, members }) => {
                let counted = members.iter().filter(|member| self.counts(member, witnessed));
                counted.count() >= *threshold
            }
        }
    }

    fn take(&mut self, line: &str) -> Result<(), TrustFault> {
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.take_log(read_key(key)?),
            ["witness", name, key] | ["witness", name, key, _] => {
                self.take_witness(name, read_key(key)?)
            }
            ["group", name, threshold, members @ ..] => self.take_group(name, threshold, members),
            ["quorum", name] => self.take_quorum(name),
            [key] => {
                let key = key.parse::<VerifierKey>().map_err(|_| TrustFault::Line)?;
                match key.usage() {
                    KeyUse::Log => self.take_log(key),
                    KeyUse::Witness => self.take_witness(key.name().to_owned().as_str(), key),
                }
            }
            _ => Err(TrustFault::Line),
        }
    }

    fn take_log(&mut self, key: VerifierKey) -> Result<(), TrustFault> {
        if key.usage() != KeyUse::Log {
            return Err(TrustFault::Key);
        }
        if self.logs.iter().any(|log| log.public() == key.public()) {
            return Err(TrustFault::Twice);
        }
        self.logs.push(key);
        Ok(())
    }

    fn take_witness(&mut self, name: &str, key: VerifierKey) -> Result<(), TrustFault> {
        if key.usage() != KeyUse::Witness {
            return Err(TrustFault::Key);
        }
        // Two keys of one name could not be told apart when a quorum is counted.
        let same =
            |known: &VerifierKey| known.public() == key.public() || known.name() == key.name();
        if self.witnesses().iter().any(same) {
            return Err(TrustFault::Twice);
        }
        self.define(name, Member::Witness(key))
    }

    fn take_group(
        &mut self,
        name: &str,
        threshold: &str,
        members: &[&str],
    ) -> Result<(), TrustFault> {
        let threshold = match threshold {
            "all" => members.len(),
            "any" => 1,
            number => number.parse().map_err(|_| TrustFault::Threshold)?,
        };
        if !(1..=members.len()).contains(&threshold) {
            return Err(TrustFault::Threshold);
        }
        for member in members {
            if !self.members.contains_key(*member) {
                return Err(TrustFault::Unknown);
            }
            if !self.in_group.insert((*member).to_owned()) {
                return Err(TrustFault::Twice);
            }
        }
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.define(name, Member::Group { threshold, members })
    }

    fn take_quorum(&mut self, name: &str) -> Result<(), TrustFault> {
        if self.quorum_stated {
            return Err(TrustFault::Twice);
        }
        self.quorum_stated = true;
        if name == "none" {
            return Ok(());
        }
        if !self.members.contains_key(name) {
            return Err(TrustFault::Unknown);
        }
        self.quorum = Some(name.to_owned());
        Ok(())
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), TrustFault> {
        let taken = name == "none" || self.members.contains_key(name);
        if taken {
            return Err(TrustFault::Twice);
        }
        self.members.insert(name.to_owned(), member);
        Ok(())
    }
}

fn read_key(text: &str) -> Result<VerifierKey, TrustFault> {
    text.parse().map_err(|_| TrustFault::Key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SignerKey;

    fn key(name: &str, usage: KeyUse, seed: u8) -> VerifierKey {
        SignerKey::new(name, usage, &[seed; 32]).unwrap().verifier().clone()
    }

    fn file(lines: &str) -> String {
        lines
            .replace("LOG", &key("glen", KeyUse::Log, 1).to_string())
            .replace("W1", &key("w1", KeyUse::Witness, 2).to_string())
            .replace("W2", &key("w2", KeyUse::Witness, 3).to_string())
            .replace("W3", &key("w3", KeyUse::Witness, 4).to_string())
    }

    #[test]
    fn a_quorum_counts_each_witness_once() {
        let check = |lines: &str, witnessed: &[&str], want: bool| {
            let trust = Trust::parse(&file(lines)).unwrap();
            let by = |name: &&str| Witnessed { witness: (*name).to_owned(), at_s: 0, size: 1 };
            let witnessed: Vec<Witnessed> = witnessed.iter().map(by).collect();
            assert_eq!(trust.is_quorum(&witnessed), want, "{lines}");
        };
        let three = "witness a W1\nwitness b W2\nwitness c W3\n";
        check("LOG", &[], true);
        check("log LOG\nquorum none", &[], true);
        check("W1", &[], true);
        check("witness a W1\nquorum a", &[], false);
        check("witness a W1\nquorum a", &["w1"], true);
        check("W1\nquorum w1", &["w1"], true);
        check(&format!("{three}group g 2 a b c\nquorum g"), &["w1"], false);
        check(&format!("{three}group g 2 a b c\nquorum g"), &["w1", "w3"], true);
        check(&format!("{three}group g 2 a b c\nquorum g"), &["w1", "w1"], false);
        check(&format!("{three}group g all a b\nquorum g"), &["w1", "w3"], false);
        check(&format!("{three}group g any a b\ngroup h all g c\nquorum h"), &["w2", "w3"], true);
        check(&format!("{three}group g any a b\ngroup h all g c\nquorum h"), &["w1", "w2"], false);
    }

    #[test]
    fn faults_name_their_line() {
        let check = |lines: &str, line: usize, reason: TrustFault| {
            assert_eq!(Trust::parse(&file(lines)), Err(TrustError { line, reason }), "{lines}");
        };
        check("# fine\n\nnonsense", 3, TrustFault::Line);
        check("log W1", 1, TrustFault::Key);
        check("witness a LOG", 1, TrustFault::Key);
        check("log LOG\nlog LOG", 2, TrustFault::Twice);
        check("witness a W1\nwitness b W1", 2, TrustFault::Twice);
        check("witness a W1\nwitness a W2", 2, TrustFault::Twice);
        check("witness none W1", 1, TrustFault::Twice);
        check("quorum a\nwitness a W1", 1, TrustFault::Unknown);
        check("witness a W1\nquorum a\nquorum a", 3, TrustFault::Twice);
        check("witness a W1\ngroup g 2 a", 2, TrustFault::Threshold);
        check("witness a W1\ngroup g 0 a", 2, TrustFault::Threshold);
        check("group g all", 1, TrustFault::Threshold);
        check("witness a W1\ngroup g 2 a a", 2, TrustFault::Twice);
        check("witness a W1\ngroup g 1 a\ngroup h 1 a", 3, TrustFault::Twice);
        check("group g any g", 1, TrustFault::Unknown);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(
            text in "((log|witness|group|quorum|a|1|#|none) ?\n?){0,20}",
        ) {
            let _ = Trust::parse(&text);
        }
    }
}
