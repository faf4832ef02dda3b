//! Exports to other vocabularies, each with its list of what is lost. There is no import.
//!
//! Ken's own form is the norm. An export that left things out silently would be read as the whole
//! agreement; so each comes with its losses, clause by clause.
//!
//! # Sources
//!
//! - ODRL Information Model 2.2 (W3C Recommendation); Data Privacy Vocabulary 2 (a W3C community
//!   group's report); HL7 FHIR R4 `Contract`, FHIR R5 `Permission`.

mod dpv;
mod fhir;
mod odrl;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use crate::clause::{Clause, End, Modality, Who};
use crate::instrument::Instrument;

pub use dpv::dpv;
pub use fhir::{fhir_r4, fhir_r5};
pub use odrl::odrl;

/// An instrument in another vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The document.
    pub body: Value,
    /// What it does not say that the instrument says.
    pub lost: BTreeSet<Lost>,
}

/// One thing that an export does not say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Lost {
    /// The clause, or `*` for the instrument as a whole.
    pub clause: String,
    /// What is lost.
    pub what: &'static str,
}

impl Export {
    /// The document with its losses beside it.
    #[must_use]
    pub fn whole(&self) -> Value {
        json!({ "export": self.body, "lost": self.lost })
    }
}

/// What of a clause a vocabulary may have no native place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lack {
    Attest,
    Require,
    Obligations,
    Labels,
}

/// What is lost of an instrument, by what the vocabulary lacks. Some is lost in all of them.
fn lost(own: &Instrument, lacks: &[Lack]) -> BTreeSet<Lost> {
    let mut all = BTreeSet::new();
    let mut say = |clause: &str, what, is_lost: bool| {
        if is_lost {
            all.insert(Lost { clause: clause.to_owned(), what });
        }
    };
    say("*", "the lapse of a review, grace and suspension, for each pair of parties", true);
    say("*", "that signatures are counted for each pair of parties", !own.parties.is_empty());
    say("*", "the order in which clauses are cited", own.clauses.len() > 1);
    say("*", "retention rules", !own.retention.is_empty());
    say("*", "the impact assessment and what it counts on", own.dpia.is_some());
    say("*", "security, training and work instructions", own.security.is_some());
    for clause in &own.clauses {
        let id = clause.id.as_str();
        say(id, "facts that are expected and never block", !clause.expect.is_empty());
        say(id, "that it is a duty, and its deadline", clause.modality == Modality::Must);
        say(
            id,
            "that it is in force elsewhere and survives this instrument",
            clause.source.is_some(),
        );
        say(id, "when the person sees it", clause.visible_to_person.is_some());
        say(id, "its first day", clause.starts.is_some());
        say(id, "that it follows the data", clause.follows_data());
        say(id, "that it binds whatever stands below", clause.binds_below());
        let purpose = clause.purpose.as_ref().and_then(|id| own.purpose(id));
        let beyond = purpose.is_some_and(|purpose| purpose.beyond_care);
        say(id, "that it leaves out whoever opted out of planning and research", beyond);
        say(id, "which clauses it does not stop", !clause.except.is_empty());
        say(
            id,
            "the words that must be affirmed",
            lacks.contains(&Lack::Attest) && !clause.attest.is_empty(),
        );
        say(
            id,
            "the facts that must hold",
            lacks.contains(&Lack::Require) && !clause.require.is_empty(),
        );
        say(
            id,
            "what must follow",
            lacks.contains(&Lack::Obligations) && !clause.obligations.is_empty(),
        );
        say(id, "labels", lacks.contains(&Lack::Labels) && !clause.labels.is_empty());
        let wild = |end: &End| matches!(end.party, Who::Referrer | Who::Own);
        let wild = wild(&clause.from) || wild(&clause.to);
        say(id, "an end that depends on the person or on the sender", wild);
    }
    all
}

/// The parties that may stand at an end, by id; the person and the referrer by their mark.
fn parties(own: &Instrument, end: &End) -> Vec<String> {
    match &end.party {
        Who::Referrer | Who::Person => vec![end.party.to_string()],
        _ => {
            let all = own.parties.iter().filter(|party| end.may_be(party));
            all.map(|party| party.id.to_string()).collect()
        }
    }
}

/// The fields that a clause gives, each as `category/field`.
fn fields(own: &Instrument, clause: &Clause) -> Vec<String> {
    let entries = clause.categories.iter().filter_map(|id| own.category(id));
    let all = entries.flat_map(|entry| {
        let kept = entry.whole().into_iter();
        let kept = kept.filter(|f| clause.fields.as_ref().is_none_or(|only| only.contains(f)));
        kept.map(move |field| format!("{}/{field}", entry.id))
    });
    all.collect()
}

/// The sentences that a clause asks to affirm.
fn words<'a>(own: &'a Instrument, clause: &'a Clause) -> impl Iterator<Item = &'a String> {
    clause.attest.iter().filter_map(|id| own.attestations.get(id))
}

/// A name for a part of this instrument, that the whole world can tell from any other.
fn urn(own: &Instrument, part: &str) -> String {
    format!("urn:sha256:{}#{part}", own.hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_and_an_opt_out_are_among_what_is_lost() {
        let text = include_str!("../../../../../agreements/lowland-accord.toml");
        let mut own = Instrument::parse(text).unwrap();
        let all = own.clauses.iter();
        let ceilings: Vec<_> = all.filter(|c| c.binds_below()).map(|c| c.id.to_string()).collect();
        assert!(!ceilings.is_empty());
        let asp = include_str!("../../../../../agreements/glen-asp-concern.toml");
        let mut beyond = Instrument::parse(asp).unwrap();
        beyond.purposes.iter_mut().for_each(|purpose| purpose.beyond_care = true);
        let permits = beyond.clauses.iter().filter(|c| !c.is_prohibition()).count();
        for export in [odrl, dpv, fhir_r4, fhir_r5] {
            let lost = |of: &Instrument, what: &str| -> Vec<String> {
                let lost = export(of).lost.into_iter().filter(|one| one.what.contains(what));
                lost.map(|one| one.clause).collect()
            };
            assert_eq!(lost(&own, "binds whatever stands below"), ceilings);
            assert_eq!(lost(&beyond, "opted out").len(), permits);
        }
        own.clauses.retain(|clause| !clause.binds_below());
        assert!(odrl(&own).lost.iter().all(|one| !one.what.contains("below")));
    }
}
