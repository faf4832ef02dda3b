//! `POST /fhir/Patient/$match`: who fits, among those whom the caller may know of.
//!
//! It is the search of the page ([`results::seek`]) in FHIR's words: the same people, found by the
//! same decisions, entered and counted alike.
//!
//! # Invariants
//!
//! - Sure, possible and nobody are told apart, and nothing finer: the score says the grade once
//!   more, as R4 wants one.
//! - No number comes back, and nothing that names anybody to another caller: what stands for
//!   somebody is sealed for this session, and opens their page for a while.
//! - Nobody, somebody hidden, and somebody whom a number contradicts read alike.
//!
//! Sources: FHIR R4, `Patient/$match` and the extension `match-grade`; ADR 79.

use std::cmp::Reverse;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ken_fhir::{Object, Resource};
use ken_person::{Fits, Grade, Seen};
use serde_json::Value;

use super::asked::Wanted;
use super::outcome;
use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::pages::work::fit::Fit;
use crate::pages::work::results::{self, Sought};
use crate::pages::work::{handle, refusal};
use crate::stop::Stop;

/// R4's word for how sure a match is.
const MATCH_GRADE: &str = "http://hl7.org/fhir/StructureDefinition/match-grade";
/// Where the ledger's receipt of what is told of somebody stands.
const RECEIPT: &str = "https://ken.example/StructureDefinition/receipt";

/// `POST /fhir/Patient/$match`.
pub(crate) async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Stop> {
    if !outcome::is_json(&headers) {
        // In FHIR to who asks in FHIR; a form gets the page of any other.
        return Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    let wanted = match Wanted::read(&body) {
        Ok(wanted) => wanted,
        Err(wrong) => return Ok(outcome::refused(wrong.status, wrong.code, wrong.words)),
    };
    let lists = if wanted.only_certain { is_sure } else { is_shown };
    let mut fits = match Box::pin(results::seek(&app, &caller, &wanted.query, lists)).await? {
        Sought::Stopped => {
            let words = "Too many searches of this hour found nobody. Nothing was looked for.";
            return Ok(outcome::refused(StatusCode::TOO_MANY_REQUESTS, "throttled", words));
        }
        Sought::Nobody { is_left_out } => {
            let query = Some(&wanted.query).filter(|_| !is_left_out);
            refusal::enter_search(&app, &caller, query).await?;
            vec![]
        }
        Sought::Found(fits) => fits,
    };
    // The surest first; the likelier of those alike come first already.
    fits.sort_by_key(|fit| Reverse(fit.how.map(|how| (how.grade, how.is_exact))));
    let is_more = fits.len() > wanted.most;
    let mut entries = vec![];
    for fit in fits.iter().take(wanted.most) {
        let handle = handle::sealed(&app, &caller, fit.person).await?;
        let receipts = ask::receipts(&app, fit.entries.iter().copied()).await?;
        entries.extend(fit.how.map(|how| entry(&fit.seen, how, &handle, &receipts)));
    }
    Ok(outcome::answer(StatusCode::OK, &bundle(entries, is_more)))
}

/// Whether anything may be shown of somebody: that a relationship is recorded is for a page to say.
fn is_shown(fit: &Fit) -> bool {
    fit.how.is_some()
}

/// Whether number, name and date of birth agree.
fn is_sure(fit: &Fit) -> bool {
    fit.how.is_some_and(|how| how.grade == Grade::Sure)
}

/// The answer; where not all are listed it says so, and not how many there are.
fn bundle(entries: Vec<Object>, is_more: bool) -> Value {
    let bundle = Resource::build("Bundle").set("type", "searchset");
    let bundle = if is_more { bundle } else { bundle.set("total", entries.len()) };
    let bundle = bundle.extend("entry", entries);
    if !is_more {
        return bundle.into();
    }
    let words = "More people fit. Give a number, or a given name as well.";
    let more = Object::new()
        .set("resource", outcome::issue("warning", "incomplete", words))
        .set("search", Object::new().set("mode", "outcome"));
    bundle.push("entry", more).into()
}

/// Somebody who fits, as far as the decision lets the caller see.
fn entry(seen: &Seen, how: Fits, handle: &str, receipts: &[String]) -> Object {
    let (grade, score) = match how.grade {
        Grade::Sure => ("certain", 1.0),
        Grade::Possible => ("possible", 0.5),
    };
    let way = format!("{}{handle}", handle::WAY);
    let link = Object::new().set("relation", "alternate").set("url", way);
    let search = Object::new()
        .extension(MATCH_GRADE, "valueCode", grade)
        .set("mode", "match")
        .set("score", score);
    let entry = Object::new()
        .set("fullUrl", format!("urn:ken:found:{handle}"))
        .push("link", link)
        .set("resource", patient(seen))
        .set("search", search);
    let with = |entry: Object, word: &String| entry.extension(RECEIPT, "valueString", &**word);
    receipts.iter().fold(entry, with)
}

/// Name, birth, sex and address, each where it is shown. Nothing else: no number.
fn patient(seen: &Seen) -> Object {
    let name =
        Object::new().set("family", &*seen.family).extend("given", seen.given.split_whitespace());
    let address = Object::new().push("line", &*seen.address).set("postalCode", &*seen.postcode);
    Resource::build("Patient")
        .push("name", name)
        .set("gender", &*seen.sex)
        .set("birthDate", &*seen.born)
        .push("address", address)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen() -> Seen {
        let text = str::to_owned;
        Seen {
            given: text("Isla Jane"),
            family: text("Sample"),
            born: text("2017-03"),
            address: text("1 Test Row"),
            chi: text("9990000018"),
            nhs: text("9990000018"),
            ..Seen::default()
        }
    }

    #[test]
    fn a_grade_is_told_and_no_number() {
        let of = |grade| Fits { grade, is_exact: true, is_shown: true };
        let told = Value::from(entry(&seen(), of(Grade::Sure), "sealed", &["a2Vu".to_owned()]));
        assert_eq!(told["search"]["extension"][0]["valueCode"], "certain");
        assert_eq!(told["search"]["score"], 1.0);
        assert_eq!(told["link"][0]["url"], "/w/find/h/sealed");
        assert_eq!(told["extension"][0]["valueString"], "a2Vu");
        let want = json!({
            "resourceType": "Patient",
            "name": [{ "family": "Sample", "given": ["Isla", "Jane"] }],
            "birthDate": "2017-03",
            "address": [{ "line": ["1 Test Row"] }],
        });
        assert_eq!(told["resource"], want);
        assert!(!told.to_string().contains("9990000018"));
        let possible = Value::from(entry(&Seen::default(), of(Grade::Possible), "x", &[]));
        assert_eq!(possible["search"]["extension"][0]["valueCode"], "possible");
        assert_eq!(possible["resource"], json!({ "resourceType": "Patient" }));
        assert_eq!(possible.get("extension"), None);
    }

    #[test]
    fn nobody_has_no_entry_and_too_many_are_not_counted() {
        let none = json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 });
        assert_eq!(bundle(vec![], false), none);
        let one = || vec![Object::new().set("fullUrl", "urn:x")];
        let more = bundle(one(), true);
        assert_eq!(more.get("total"), None);
        assert_eq!(more["entry"][1]["resource"]["issue"][0]["code"], "incomplete");
        assert_eq!(bundle(one(), false)["total"], 1);
    }
}
