//! The Data Privacy Vocabulary as JSON-LD: one process for each permit.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Export, Lack, fields, lost, parties, urn};
use crate::clause::Clause;
use crate::instrument::Instrument;

/// The instrument as DPV processes. DPV describes processing and decides nothing: what is
/// forbidden, required or owed is lost.
#[must_use]
pub fn dpv(own: &Instrument) -> Export {
    let permits = own.clauses.iter().filter(|clause| !clause.is_prohibition());
    let parties = own.parties.iter().map(|party| {
        json!({ "@id": urn(own, party.id.as_str()), "@type": "dpv:DataController",
            "dpv:hasName": party.name })
    });
    let graph: Vec<Value> = parties.chain(permits.map(|clause| process(own, clause))).collect();
    let body = json!({
        "@context": {
            "dpv": "https://w3id.org/dpv#",
            "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
            "ken": "urn:ken:agreement#",
        },
        "@id": format!("urn:sha256:{}", own.hash()),
        "@graph": graph,
    });
    let lacks = [Lack::Attest, Lack::Require, Lack::Obligations, Lack::Labels];
    let mut lost = lost(own, &lacks);
    let forbidden = own.clauses.iter().filter(|clause| clause.is_prohibition());
    lost.extend(forbidden.map(|clause| super::Lost {
        clause: clause.id.to_string(),
        what: "the prohibition as a whole",
    }));
    Export { body, lost }
}

fn process(own: &Instrument, clause: &Clause) -> Value {
    let named = own.purposes.iter().find(|one| Some(&one.id) == clause.purpose.as_ref());
    let purpose = named.map(|one| {
        let term = one.dpv.as_deref().unwrap_or("dpv:Purpose");
        json!({ "@id": urn(own, one.id.as_str()), "@type": term,
            "dpv:hasDescription": one.text })
    });
    let ids = |ids: Vec<String>| -> Vec<Value> {
        ids.iter().map(|id| json!({ "@id": urn(own, id) })).collect()
    };
    let bases = own.parties.iter().filter(|party| clause.to.may_be(party)).flat_map(|party| {
        let serves = own
            .bases
            .iter()
            .filter(|b| clause.purpose.as_ref().is_some_and(|p| b.serves(party, p)));
        serves.map(|basis| article(&basis.art6))
    });
    let bases: BTreeSet<String> = bases.collect();
    // A term as a bare text would be read as a text and not as the term.
    let bases: Vec<_> = bases.iter().map(|term| json!({ "@id": term })).collect();
    json!({
        "@id": urn(own, clause.id.as_str()),
        "@type": "dpv:Process",
        "dpv:hasDescription": clause.text,
        "dpv:hasPurpose": purpose,
        "dpv:hasDataController": ids(parties(own, &clause.from)),
        "dpv:hasRecipient": ids(parties(own, &clause.to)),
        "dpv:hasPersonalData": ids(fields(own, clause)),
        "dpv:hasLegalBasis": bases,
    })
}

/// `6(1)(e)` as `eu-gdpr:A6-1-e`. DPV has terms of the EU regulation, whose letters the UK keeps;
/// the condition of 2025 is the UK's own.
fn article(text: &str) -> String {
    if text == "6(1)(ea)" {
        return "ken:uk-gdpr-6-1-ea".to_owned();
    }
    let letter: String = text.chars().filter(char::is_ascii_lowercase).collect();
    format!("eu-gdpr:A6-1-{letter}")
}
