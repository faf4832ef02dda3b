//! ODRL 2.2 as JSON-LD: an agreement with permissions and prohibitions.

use serde_json::{Value, json};

use super::{Export, Lack, fields, lost, parties, urn, words};
use crate::clause::{Clause, End};
use crate::instrument::Instrument;

/// The instrument as an ODRL agreement. What ODRL has no term for is in Ken's own namespace, and
/// on the list of losses where a reader of ODRL alone would miss it.
#[must_use]
pub fn odrl(own: &Instrument) -> Export {
    let rules = |prohibitions: bool| -> Vec<Value> {
        let some = own.clauses.iter().filter(|clause| clause.is_prohibition() == prohibitions);
        some.map(|clause| rule(own, clause)).collect()
    };
    let head = &own.agreement;
    let until = head.effective_until.map(|day| day.to_string());
    let body = json!({
        "@context": [
            "http://www.w3.org/ns/odrl.jsonld",
            { "ken": "urn:ken:agreement#", "dpv": "https://w3id.org/dpv#" },
        ],
        "@type": "Agreement",
        "uid": format!("urn:sha256:{}", own.hash()),
        "profile": "urn:ken:agreement",
        "conflict": { "@type": "prohibit" },
        "ken:name": own.name().to_string(),
        "ken:title": head.title,
        "ken:effectiveFrom": head.effective_from.to_string(),
        "ken:effectiveUntil": until,
        "permission": rules(false),
        "prohibition": rules(true),
    });
    // A duty and a constraint hold what is affirmed, required and owed, in Ken's own terms.
    let lacks = [Lack::Attest, Lack::Require, Lack::Obligations, Lack::Labels];
    Export { body, lost: lost(own, &lacks) }
}

/// Any body at all: an end of a statute pack, which has no parties of its own.
const ANYBODY: &str = "ken:any-party";
/// Any information at all: what a rule is about that names no category, but labels or sources.
const ANYTHING: &str = "ken:any-information";

/// The parties of an end, as names that the whole world can tell: ODRL reads each as an address.
fn ends(own: &Instrument, end: &End) -> Vec<String> {
    let named: Vec<_> = parties(own, end).iter().map(|id| urn(own, id)).collect();
    if named.is_empty() { vec![ANYBODY.to_owned()] } else { named }
}

fn rule(own: &Instrument, clause: &Clause) -> Value {
    let constraint = |left: &str, operator: &str, right: Value| {
        let operand = ("rightOperand".to_owned(), right);
        let mut all = serde_json::Map::new();
        all.insert("leftOperand".to_owned(), json!(left));
        all.insert("operator".to_owned(), json!(operator));
        all.extend([operand]);
        Value::Object(all)
    };
    let mut constraints = vec![];
    if let Some(purpose) = &clause.purpose {
        constraints.push(constraint("purpose", "eq", json!(urn(own, purpose.as_str()))));
    }
    let facts = clause.require.iter();
    constraints.extend(facts.map(|fact| constraint("ken:fact", "eq", json!(fact))));
    if !clause.to.any_role() {
        constraints.push(constraint("ken:recipientRole", "isAnyOf", json!(clause.to.roles)));
    }
    if !clause.from.any_role() {
        constraints.push(constraint("ken:senderRole", "isAnyOf", json!(clause.from.roles)));
    }
    let labels = clause.labels.iter();
    constraints.extend(labels.map(|label| constraint("ken:label", "eq", json!(label))));
    let mut duties: Vec<Value> = words(own, clause)
        .map(|text| json!({ "action": "ken:affirm", "ken:words": text }))
        .collect();
    let owed = clause.obligations.iter();
    duties.extend(owed.map(|duty| json!({ "action": "ken:oblige", "ken:obligation": duty })));
    let targets: Vec<String> = if clause.is_prohibition() {
        clause.categories.iter().map(ToString::to_string).collect()
    } else {
        fields(own, clause)
    };
    let mut targets: Vec<_> = targets.iter().map(|target| urn(own, target)).collect();
    if targets.is_empty() {
        targets.push(ANYTHING.to_owned());
    }
    let actions: Vec<_> = clause.action.iter().map(|action| format!("ken:{action}")).collect();
    let actions = if actions.is_empty() { vec!["use".to_owned()] } else { actions };
    let mut rule = json!({
        "uid": urn(own, clause.id.as_str()),
        "ken:text": clause.text,
        "assigner": ends(own, &clause.from),
        "assignee": ends(own, &clause.to),
        "action": actions,
        "target": targets,
        "constraint": constraints,
    });
    if let Some(members) = rule.as_object_mut().filter(|_| !duties.is_empty()) {
        members.insert("duty".to_owned(), json!(duties));
    }
    rule
}
