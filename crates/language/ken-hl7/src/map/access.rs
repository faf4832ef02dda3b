//! Access restrictions: `ARV` as states of the person.
//!
//! # Invariants
//!
//! - A restriction that is said is taken, whatever value it has: too much is put right more easily
//!   than too little. One of a visit counts for the person.
//! - A state is lifted only where all of it is (`ALL`), and never by a visit: the sender may have
//!   restricted it for several reasons, of which one is gone.
//!
//! Source: HL7 v2.8, chapter 3 (`ARV`), tables 0206 and 0717.

use super::Scope;
use super::types::text;

/// Most restrictions of one message that are read. House policy.
const RESTRICTIONS_MAX: usize = 50;
/// The whole record is restricted.
const RECORD: &str = "restricted-record";
/// Where the person lives is protected.
const ADDRESS: &str = "protected-address";

/// A state of the person that a message says holds, or holds no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restriction {
    /// The state, by the name that the gate reads it under.
    pub state: &'static str,
    /// Whether it holds.
    pub holds: bool,
}

/// What the message says of restrictions; nothing where it has no `ARV`.
pub(super) fn read(scope: &Scope<'_>) -> Vec<Restriction> {
    let (mut said, mut is_of_visit) = (Vec::new(), false);
    for segment in scope.message.segments() {
        is_of_visit |= segment.name() == "PV1";
        if segment.name() != "ARV" || said.len() >= RESTRICTIONS_MAX {
            continue;
        }
        let value = text(segment.field(3).component(1)).to_ascii_uppercase();
        let states: &[&'static str] = match value.as_str() {
            "NO" => &[],
            "ALL" | "" => &[RECORD, ADDRESS],
            "DEM" | "LOC" => &[ADDRESS],
            _ => &[RECORD],
        };
        let is_whole = states.len() > 1;
        let holds = match text(segment.field(2).component(1)).to_ascii_uppercase().as_str() {
            "D" if is_whole && !is_of_visit => false,
            "D" | "X" => continue,
            _ => true,
        };
        said.extend(states.iter().map(|state| Restriction { state, holds }));
    }
    // What the same message restricts it does not lift.
    let held: Vec<_> = said.iter().filter(|one| one.holds).map(|one| one.state).collect();
    said.retain(|one| one.holds || !held.contains(&one.state));
    said.sort_by_key(|one| one.state);
    said.dedup();
    said
}

#[cfg(test)]
mod tests {
    use super::super::map;
    use crate::Message;

    #[test]
    fn what_restricts_is_taken_and_only_all_of_it_is_lifted() {
        let check = |segments: &str, want: &[(&str, bool)]| {
            let text = format!(
                "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^A08|1|P|2.6\r\
                 PID|1||7^^^GLEN^MR||Bain^Morag\r{segments}"
            );
            let mapped = map(&Message::parse(text.as_bytes()).unwrap()).unwrap();
            let said: Vec<_> =
                mapped.restrictions.iter().map(|one| (one.state, one.holds)).collect();
            assert_eq!(said, want, "{segments}");
        };
        let (record, address) = ("restricted-record", "protected-address");
        check("", &[]);
        check("ARV|1|A|DEM", &[(address, true)]);
        check("ARV|1|A^Add|LOC\rARV|2|A|DEM", &[(address, true)]);
        check("ARV|1|A|HIV", &[(record, true)]);
        check("ARV|1|U|ALL", &[(address, true), (record, true)]);
        check("ARV|1||", &[(address, true), (record, true)]);
        check("ARV|1|A|NO\rARV|2|X|ALL", &[]);
        check("ARV|1|D|ALL", &[(address, false), (record, false)]);
        check("ARV|1|D|DEM", &[]);
        check("ARV|1|D|ALL\rARV|2|A|PSY", &[(address, false), (record, true)]);
        check("PV1|1|I\rARV|1|A|LOC", &[(address, true)]);
        check("PV1|1|I\rARV|1|D|ALL", &[]);
    }
}
