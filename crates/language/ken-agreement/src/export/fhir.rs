//! FHIR: R4 as a `Contract`, R5 as a bundle of `Permission`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Export, Lack, fields, lost, parties, urn, words};
use crate::clause::{Clause, Kind};
use crate::instrument::Instrument;

/// The system of what Ken calls actions, purposes and categories.
const WORDS: &str = "urn:ken:agreement";

/// What signatures are over, as an identifier.
fn identity(own: &Instrument) -> Value {
    let value = format!("urn:sha256:{}", own.hash());
    json!({ "system": "urn:ietf:rfc:3986", "value": value })
}

fn code(word: &str) -> Value {
    json!({ "coding": [{ "system": WORDS, "code": word }] })
}

/// The instrument as an R4 `Contract`: a term for each clause. R4 has no resource for sharing that
/// is not about one patient (`Consent` needs one), so a contract is the nearest.
#[must_use]
pub fn fhir_r4(own: &Instrument) -> Export {
    let head = &own.agreement;
    let mut period = json!({ "start": head.effective_from.to_string() });
    if let (Some(until), Some(members)) = (head.effective_until, period.as_object_mut()) {
        members.insert("end".to_owned(), json!(until.to_string()));
    }
    let terms: Vec<_> = own.clauses.iter().map(|clause| term(own, clause)).collect();
    let contained: Vec<_> = own.parties.iter().map(organisation).collect();
    let authority: Vec<_> =
        own.parties.iter().map(|p| json!({ "reference": format!("#{}", p.id) })).collect();
    let mut body = json!({
        "resourceType": "Contract",
        "contained": contained,
        "identifier": [identity(own)],
        "version": head.version.to_string(),
        "status": "offered",
        "name": head.id.to_string(),
        "title": head.title,
        "applies": period,
        "authority": authority,
        "scope": code("information-sharing"),
        "term": terms,
    });
    drop_empty(&mut body);
    let lacks = [Lack::Require, Lack::Obligations];
    Export { body, lost: lost(own, &lacks) }
}

fn organisation(party: &crate::Party) -> Value {
    json!({ "resourceType": "Organization", "id": party.id.as_str(), "name": party.name })
}

fn term(own: &Instrument, clause: &Clause) -> Value {
    let recipients = parties(own, &clause.to);
    let known = |id: &&String| own.parties.iter().any(|party| party.id.as_str() == **id);
    let action = |name: &str| {
        let references: Vec<_> = recipients
            .iter()
            .filter(known)
            .map(|id| json!({ "reference": format!("#{id}") }))
            .collect();
        let mut action = json!({
            "doNotPerform": clause.is_prohibition(),
            "type": code(name),
            "subject": [{ "reference": references }],
            "intent": code(clause.purpose.as_ref().map_or("any", |purpose| purpose.as_str())),
            "status": code("agreed"),
        });
        if references.is_empty()
            && let Some(members) = action.as_object_mut()
        {
            members.remove("subject");
        }
        action
    };
    let actions: Vec<_> = if clause.action.is_empty() {
        vec![action("any")]
    } else {
        clause.action.iter().map(|name| action(name.as_str())).collect()
    };
    let given = if clause.is_prohibition() {
        clause.categories.iter().map(ToString::to_string).collect()
    } else {
        fields(own, clause)
    };
    let labels = clause
        .labels
        .iter()
        .map(|label| json!({ "number": [], "classification": { "system": WORDS, "code": label } }));
    let mut labels: Vec<Value> = labels.collect();
    labels.iter_mut().for_each(drop_empty);
    let said: Vec<_> = words(own, clause).map(|text| json!({ "valueString": text })).collect();
    let mut offer = json!({ "text": clause.text, "answer": said });
    drop_empty(&mut offer);
    let mut term = json!({
        "identifier": { "system": WORDS, "value": urn(own, clause.id.as_str()) },
        "type": code(if clause.is_prohibition() { "prohibition" } else { "permission" }),
        "subType": code(&format!("{:?}", clause.kind).to_lowercase()),
        "text": clause.text,
        "securityLabel": labels,
        "offer": offer,
        "asset": [{ "type": given.iter().map(|one| code(one)).collect::<Vec<_>>() }],
        "action": actions,
    });
    if given.is_empty()
        && let Some(members) = term.as_object_mut()
    {
        members.remove("asset");
    }
    drop_empty(&mut term);
    term
}

/// The instrument as R5 `Permission` resources in a collection: one for each clause, prohibitions
/// first, combined so that a deny overrides.
#[must_use]
pub fn fhir_r5(own: &Instrument) -> Export {
    let mut clauses: Vec<&Clause> = own.clauses.iter().collect();
    clauses.sort_by_key(|clause| (!clause.is_prohibition(), clause.kind == Kind::Exceptional));
    let entries: Vec<_> =
        clauses.iter().map(|clause| json!({ "resource": permission(own, clause) })).collect();
    let body = json!({
        "resourceType": "Bundle",
        "identifier": identity(own),
        "type": "collection",
        "entry": entries,
    });
    let lacks = [Lack::Attest, Lack::Require];
    Export { body, lost: lost(own, &lacks) }
}

fn permission(own: &Instrument, clause: &Clause) -> Value {
    let head = &own.agreement;
    let known = |id: &String| own.parties.iter().any(|party| party.id.as_str() == id);
    let actors: Vec<_> = parties(own, &clause.to)
        .into_iter()
        .filter(known)
        .map(|id| json!({ "identifier": { "system": WORDS, "value": id } }))
        .collect();
    let given = if clause.is_prohibition() {
        clause.categories.iter().map(ToString::to_string).collect()
    } else {
        fields(own, clause)
    };
    let labels = clause.labels.iter().map(|label| json!({ "system": WORDS, "code": label }));
    let mut data = json!({
        "security": labels.collect::<Vec<_>>(),
        "expression": { "language": "text/plain", "expression": given.join(" ") },
    });
    if given.is_empty()
        && let Some(members) = data.as_object_mut()
    {
        members.remove("expression");
    }
    drop_empty(&mut data);
    let mut activity = json!({
        "actor": actors,
        "action": clause.action.iter().map(|action| code(action.as_str())).collect::<Vec<_>>(),
        "purpose": clause.purpose.iter().map(|purpose| code(purpose.as_str())).collect::<Vec<_>>(),
    });
    drop_empty(&mut activity);
    let limits: Vec<_> = clause.obligations.iter().map(|duty| code(duty)).collect();
    let mut rule = json!({
        "type": if clause.is_prohibition() { "deny" } else { "permit" },
        "data": [data],
        "activity": [activity],
        "limit": limits,
    });
    drop_empty(&mut rule);
    let mut validity = json!({ "start": head.effective_from.to_string() });
    if let (Some(until), Some(members)) = (head.effective_until, validity.as_object_mut()) {
        members.insert("end".to_owned(), json!(until.to_string()));
    }
    let articles: BTreeSet<&str> = own.bases.iter().map(|basis| basis.art6.as_str()).collect();
    let bases: Vec<_> = articles.into_iter().map(code).collect();
    json!({
        "resourceType": "Permission",
        "id": clause.id.as_str(),
        "status": "draft",
        "validity": validity,
        "justification": { "basis": bases },
        "combining": "deny-overrides",
        "rule": [rule],
    })
}

/// FHIR has no empty lists, objects or nulls.
fn drop_empty(value: &mut Value) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| match member {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(inner) => !inner.is_empty(),
            _ => true,
        });
    }
}
