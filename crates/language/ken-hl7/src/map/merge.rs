//! Merges: two of a sender's own people are one. There is no resource in it.
//!
//! # Sources
//!
//! - HL7 v2.8, 3.3.34 (`A34`, withdrawn), 3.3.40 (`A40`), 3.3.47 (`A47`): `PID` survives, `MRG`
//!   ends.
//! - `core.md` 5: a merge relinks only its sender's own records; `ken-hub` sees to that.

use ken_core::identifier::Identifier;

use super::numbers::own_first;
use super::types::identifier;
use super::{MapError, Scope, Work, work};
use crate::{Header, Message, Part};

/// Most identifiers that one merge ends. House policy.
const PRIOR_MAX: usize = 20;

/// Most pairs of people that one message merges. House policy: a night's duplicates are sent one by
/// one.
const PAIRS_MAX: usize = 50;

/// Which merge it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MergeKind {
    /// `A40`: by identifier lists.
    IdentifierList,
    /// `A34`, and `A18` and `A36` of older systems: by patient identifier only.
    IdentifierOnly,
    /// `A47`: one person's identifier list was changed.
    IdentifierChanged,
}

/// What to relink: what the sender filed under `prior` belongs to whom its `PID` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Which trigger asked for it.
    pub kind: MergeKind,
    /// The identifiers that end: MRG-1, or MRG-4 where that is empty. Never empty.
    pub prior: Vec<Identifier>,
    /// The identifiers that remain, of `PID`. Never empty.
    pub surviving: Vec<Identifier>,
}

pub(super) fn merge(scope: &Scope<'_>) -> Result<Merge, MapError> {
    let field = |number| scope.message.field("MRG", number);
    let ended = if field(1).is_valued() { field(1) } else { field(4) };
    let mut prior = identifiers(scope, ended);
    let surviving = own_first(scope, identifiers(scope, scope.message.field("PID", 3)));
    // A number that both lists have does not end.
    prior.retain(|one| !surviving.contains(one));
    if scope.message.all("MRG").nth(1).is_some() {
        return Err(MapError::SeveralPeople);
    }
    if prior.is_empty() {
        return Err(MapError::NoPrior);
    }
    if surviving.is_empty() {
        return Err(MapError::NoPerson);
    }
    // Nobody's national number is its sender's to merge: a person looks at both records.
    let is_own = |one: &Identifier| matches!(one, Identifier::Local(_));
    if !prior.iter().any(is_own) || !surviving.iter().any(is_own) {
        return Err(MapError::MergeByHand);
    }
    let kind = match scope.trigger {
        "A18" | "A34" | "A36" => MergeKind::IdentifierOnly,
        "A47" => MergeKind::IdentifierChanged,
        _ => MergeKind::IdentifierList,
    };
    Ok(Merge { kind, prior, surviving })
}

/// The messages of one pair each for which a merge of several pairs stands: its head, and what is
/// said of one pair. None where it is of one pair, is no merge, or has too many.
#[must_use]
pub fn pairs(message: &Message<'_>, bytes: &[u8]) -> Vec<Vec<u8>> {
    let count = message.all("PID").count();
    let merges = Header::of(message).is_ok_and(|header| work(&header.kind) == Ok(Work::Merge));
    if !merges || !(2..=PAIRS_MAX).contains(&count) {
        return vec![];
    }
    let (mut head, mut pairs) = (vec![], Vec::<Vec<u8>>::new());
    for line in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
        if line.starts_with(b"PID") {
            pairs.push([head.as_slice(), line].concat());
        } else if let Some(last) = pairs.last_mut() {
            last.extend_from_slice(line);
        } else {
            head.extend_from_slice(line);
        }
    }
    // A line that only looks like a person's is left to whoever refuses the whole.
    if pairs.len() == count { pairs } else { vec![] }
}

fn identifiers(scope: &Scope<'_>, field: Part<'_>) -> Vec<Identifier> {
    let read = |part| {
        let made = identifier(part, scope.sender);
        Identifier::parse(made.text("system"), made.text("value")).ok()
    };
    field.repetitions().take(PRIOR_MAX).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::map as map_message;
    use super::*;

    #[test]
    fn a_merge_of_several_pairs_is_as_many_merges() {
        let check = |kind: &str, rest: &str, want: &[&str]| {
            let head =
                format!("MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^{kind}|1|P|2.5\rEVN|{kind}\r");
            let text = format!("{head}{rest}");
            let pairs = pairs(&Message::parse(text.as_bytes()).unwrap(), text.as_bytes());
            let want: Vec<_> =
                want.iter().map(|pair| format!("{head}{pair}").into_bytes()).collect();
            assert_eq!(pairs, want, "{rest}");
        };
        let (one, two) = ("PID|1||7^^^GLEN^MR\rMRG|8\r", "PID|2||5^^^GLEN^MR\rPD1|\rMRG|6\r");
        check("A40", &format!("{one}{two}"), &[one, two]);
        check("A40", one, &[]);
        check("A08", &format!("{one}{two}"), &[]);
        check("A40", &one.repeat(PAIRS_MAX + 1), &[]);
    }

    #[test]
    fn a_merge_is_an_instruction_and_nothing_else() {
        let check = |trigger: &str, kind: MergeKind| {
            let text = format!(
                "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^{trigger}|1|P|2.4\r\
                 PID|1||7^^^GLEN^MR||Bain^Morag\rMRG|8^^^GLEN^MR~9990000018^^^NHSNBR^NH"
            );
            let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
            assert!(mapped.resources.is_empty());
            let merge = mapped.merge.unwrap();
            assert_eq!(merge.kind, kind);
            let read = |all: &[Identifier]| all.iter().map(|one| one.reveal().to_owned()).collect();
            let (prior, surviving): (Vec<_>, Vec<_>) = (read(&merge.prior), read(&merge.surviving));
            assert_eq!(
                (prior, surviving),
                (vec!["8".into(), "9990000018".into()], vec!["7".to_owned()])
            );
        };
        check("A18", MergeKind::IdentifierOnly);
        check("A34", MergeKind::IdentifierOnly);
        check("A36", MergeKind::IdentifierOnly);
        check("A40", MergeKind::IdentifierList);
        check("A47", MergeKind::IdentifierChanged);
    }

    #[test]
    fn a_number_that_remains_does_not_end() {
        let read = |prior: &str| {
            let text = format!(
                "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^A40|1|P|2.4\r\
                 PID|1||7^^^GLEN^MR||Bain^Morag\rMRG|{prior}"
            );
            map_message(&Message::parse(text.as_bytes()).unwrap())
        };
        let merge = read("8^^^GLEN^MR~7^^^GLEN^MR").unwrap().merge.unwrap();
        assert_eq!(merge.prior.len(), 1);
        assert_eq!(read("7^^^GLEN^MR").unwrap_err(), MapError::NoPrior);
    }
}
