//! Access restrictions: `ARV` as states of the person.
//!
//! # Invariants
//!
//! - A restriction that is said is taken, whatever value it has: too much is put right more easily
//!   than too little. One of a visit counts for the person.
//! - What lifts says which one: the value that was added, and the visit where it was of one.
//!   Whatever else might mean a lift (of a visit without a number, for a time, "none", "opt in") is
//!   for a human, and lifts nothing.
//!
//! Source: HL7 v2.8, chapter 3 (`ARV-2`, 3, 4, 6), v2.9 (`ARV-10`), tables 0206 and 0717.

use super::Scope;
use super::types::text;
use crate::Segment;

/// Most restrictions of one message that are read. House policy.
const RESTRICTIONS_MAX: usize = 50;
/// Most characters of a word that tell it from another. House policy: the tables have three.
const WORD_LEN_MAX: usize = 64;
/// The whole record is restricted.
const RECORD: &str = "restricted-record";
/// Where the person lives is protected.
const ADDRESS: &str = "protected-address";

/// What a message says of one restriction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// It holds.
    Holds,
    /// It holds no more.
    Lifted,
    /// It may lift something, and does not say what.
    Unclear,
}

/// A restriction that a message speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Restriction {
    /// What is said of it.
    pub said: Said,
    /// To what access is restricted (`ARV-3`), in capitals.
    pub value: String,
    /// What tells it from another of that value: the reason (`ARV-4`) and the instance (`ARV-10`).
    pub mark: String,
    /// Of which visit (`PV1-19`) it is; empty where it is of the person, `?` where nobody knows.
    pub visit: String,
}

/// The states of a person that a restriction of this value means, by the names that the gate reads
/// them under.
#[must_use]
pub fn restricts(value: &str) -> &'static [&'static str] {
    match value {
        "NO" | "OI" => &[],
        "DEM" | "LOC" => &[ADDRESS],
        // Nobody knows what it is of: all that may be.
        "ALL" | "" | UNKNOWN => &[ADDRESS, RECORD],
        _ => &[RECORD],
    }
}

/// The value of restrictions that were taken before their values were kept; also the visit of one
/// whose visit has no number.
pub const UNKNOWN: &str = "?";

/// What the message says of restrictions; nothing where it has no `ARV`.
pub(super) fn read(scope: &Scope<'_>) -> Vec<Restriction> {
    let (mut said, mut visit) = (Vec::new(), String::new());
    for segment in scope.message.segments() {
        if segment.name() == "PV1" {
            let number = word(&segment, 19);
            visit = if number.is_empty() { UNKNOWN.to_owned() } else { number };
        }
        if segment.name() != "ARV" || word(&segment, 2) == "X" {
            continue;
        }
        if said.len() >= RESTRICTIONS_MAX {
            // Nobody reads so many: all is restricted rather than some of it is not.
            let [value, mark] = [String::new(), String::new()];
            said.push(Restriction { said: Said::Holds, value, mark, visit });
            break;
        }
        said.push(one(&segment, &visit));
    }
    replace(&mut said);
    said.sort();
    said.dedup();
    said
}

/// One segment's restriction.
fn one(segment: &Segment<'_>, visit: &str) -> Restriction {
    let [action, value, reason, instance] = [2, 3, 4, 10].map(|field| word(segment, field));
    let is_something = !restricts(&value).is_empty();
    // What was cut may be another.
    let is_whole = |word: &String| word.chars().count() < WORD_LEN_MAX;
    let is_one = [&value, &reason, &instance].into_iter().all(is_whole)
        && value != UNKNOWN
        && visit != UNKNOWN
        && segment.field(6).is_empty();
    let said = match action.as_str() {
        "D" if is_something && is_one => Said::Lifted,
        "D" => Said::Unclear,
        _ if is_something => Said::Holds,
        _ => Said::Unclear,
    };
    let mark = [reason, instance].join("|");
    Restriction { said, value, mark, visit: visit.to_owned() }
}

/// A field's first component in capitals, cut where it is longer than any word of the tables.
fn word(segment: &Segment<'_>, field: usize) -> String {
    let said = text(segment.field(field).component(1)).to_ascii_uppercase();
    said.chars().take(WORD_LEN_MAX).collect()
}

/// What is deleted and then added again holds; what is added and then deleted is for a human.
fn replace(said: &mut [Restriction]) {
    let all = said.to_vec();
    for (at, one) in said.iter_mut().enumerate().filter(|(_, one)| one.said == Said::Lifted) {
        let held = Restriction { said: Said::Holds, ..one.clone() };
        if all.iter().take(at).any(|other| *other == held) {
            one.said = Said::Unclear;
        } else if all.contains(&held) {
            *one = held;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::map;
    use super::*;
    use crate::Message;

    #[test]
    fn what_restricts_is_taken_and_only_what_is_named_is_lifted() {
        use Said::{Holds, Lifted, Unclear};
        let check = |segments: &str, want: &[(Said, &str)]| {
            let said = read_from(segments);
            let said: Vec<_> = said.iter().map(|one| (one.said, one.value.as_str())).collect();
            assert_eq!(said, want, "{segments}");
        };
        check("", &[]);
        check("ARV|1|A|DEM", &[(Holds, "DEM")]);
        check("ARV|1|a^Add|LOC\rARV|2|A|DEM", &[(Holds, "DEM"), (Holds, "LOC")]);
        check("ARV|1|U|ALL\rARV|2|U|ALL", &[(Holds, "ALL")]);
        check("ARV|1||", &[(Holds, "")]);
        check("ARV|1|X|ALL", &[]);
        check("ARV|1|D|ALL", &[(Lifted, "ALL")]);
        check("ARV|1|D|HIV", &[(Lifted, "HIV")]);
        check("ARV|1|D|", &[(Lifted, "")]);
        check("ARV|1|D|ALL\rARV|2|A|PSY", &[(Holds, "PSY"), (Lifted, "ALL")]);
        check("ARV|1|D|PSY\rARV|2|A|PSY", &[(Holds, "PSY")]);
        check("ARV|1|D|PSY|VIP\rARV|2|A|PSY|EMP", &[(Holds, "PSY"), (Lifted, "PSY")]);
        check("PV1|1|I\rARV|1|A|LOC", &[(Holds, "LOC")]);
        // Each of these may mean a lift, and none says of what.
        check("ARV|1|A|PSY\rARV|2|D|PSY", &[(Holds, "PSY"), (Unclear, "PSY")]);
        check("PV1|1|I\rARV|1|D|ALL", &[(Unclear, "ALL")]);
        check("ARV|1|D|?", &[(Unclear, "?")]);
        check("ARV|1|D|HIV|||20270101", &[(Unclear, "HIV")]);
        check("ARV|1|A|NO", &[(Unclear, "NO")]);
        check("ARV|1|A|OI", &[(Unclear, "OI")]);
        let long = "A".repeat(WORD_LEN_MAX);
        check(&format!("ARV|1|D|{long}A"), &[(Unclear, &long)]);
        // More than anybody reads is taken as all.
        let many: Vec<_> = (0..60).map(|at| format!("ARV|{at}|A|S{at:02}\r")).collect();
        let many = many.concat();
        assert!(read_from(&many).iter().any(|one| one.said == Holds && one.value.is_empty()));
    }

    #[test]
    fn a_restriction_knows_its_visit() {
        let check = |visit: &str, want: (Said, &str)| {
            let said = read_from(&format!("{visit}ARV|1|D|LOC"));
            let said: Vec<_> = said.iter().map(|one| (one.said, one.visit.as_str())).collect();
            assert_eq!(said, [want], "{visit}");
        };
        check("", (Said::Lifted, ""));
        check("PV1|1|I|||||||||||||||||V7\r", (Said::Lifted, "V7"));
        check("PV1|1|I\r", (Said::Unclear, "?"));
    }

    #[test]
    fn a_value_means_states_of_the_person() {
        let check = |value: &str, want: &[&str]| assert_eq!(restricts(value), want, "{value}");
        check("DEM", &[ADDRESS]);
        check("ALL", &[ADDRESS, RECORD]);
        check("", &[ADDRESS, RECORD]);
        check(UNKNOWN, &[ADDRESS, RECORD]);
        check("HIV", &[RECORD]);
        check("NO", &[]);
    }

    fn read_from(segments: &str) -> Vec<Restriction> {
        let text = format!(
            "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^A08|1|P|2.6\r\
             PID|1||7^^^GLEN^MR||Bain^Morag\r{segments}"
        );
        map(&Message::parse(text.as_bytes()).unwrap()).unwrap().restrictions
    }
}
