//! `Patient/$match`: in FHIR's words, what the page of the search tells, and nothing more.

use axum::http::StatusCode;
use ken_core::OrganisationId;
use ken_core::identifier::Chi;
use ken_ledger::EntryKind;
use ken_person::budget::ACCOUNT_MISSES_MAX;
use ken_store::{Reads, Snapshot};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::world::{Hidden, World, worlds, worlds_with};

/// Where it is asked.
pub(crate) const MATCH: &str = "/fhir/Patient/$match";

const CHI: &str = "urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53";
const NUMBER: &str = "9990000018";
const BORN: &str = "1948-03-02";

/// `Parameters` that ask for somebody by name and date of birth.
pub(crate) fn named(family: &str, given: &str, [day, month, year]: [&str; 3]) -> String {
    let born = format!("{year}-{month:0>2}-{day:0>2}");
    asked(&json!({ "name": [name(family, given)], "birthDate": born }), &[])
}

/// The same by CHI number.
pub(crate) fn numbered(number: &str) -> String {
    asked(&json!({ "identifier": [{ "system": CHI, "value": number }] }), &[])
}

fn name(family: &str, given: &str) -> Value {
    let mut name = json!({ "family": family });
    if !given.is_empty() {
        name["given"] = json!([given]);
    }
    name
}

fn asked(elements: &Value, more: &[Value]) -> String {
    let mut patient = json!({ "resourceType": "Patient" });
    for (key, value) in elements.as_object().unwrap() {
        patient[key] = value.clone();
    }
    let mut all = vec![json!({ "name": "resource", "resource": patient })];
    all.extend_from_slice(more);
    json!({ "resourceType": "Parameters", "parameter": all }).to_string()
}

/// Everything that is known of Morag, or something else in the place of her family name.
fn whole(family: &str, more: &[Value]) -> String {
    let number = json!([{ "system": CHI, "value": NUMBER }]);
    let sent = json!({ "identifier": number, "name": [name(family, "Morag")], "birthDate": BORN });
    asked(&sent, more)
}

async fn token(browser: &mut Browser) -> String {
    let page = browser.get("/w/find").await;
    page.hidden("/w/find").iter().find(|(name, _)| name == "csrf").unwrap().1.clone()
}

/// Asks, and reads what is answered.
async fn ask(browser: &mut Browser, csrf: &str, body: &str) -> (Answer, Value) {
    let answer = browser.ask(MATCH, csrf, body).await;
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert_eq!(kind, "application/fhir+json; charset=utf-8", "{}", answer.body);
    let resource = serde_json::from_str(&answer.body).unwrap();
    (answer, resource)
}

/// The grades of those who are listed.
fn grades(bundle: &Value) -> Vec<&str> {
    assert_eq!(bundle["type"], "searchset", "{bundle}");
    let entries = bundle["entry"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(bundle["total"], entries.len(), "{bundle}");
    let grade = "/search/extension/0/valueCode";
    entries.iter().map(|entry| entry.pointer(grade).and_then(Value::as_str).unwrap()).collect()
}

async fn entries(world: &World) -> i64 {
    let all = "SELECT COUNT(*) FROM ledger_entry";
    let count = async |s: &mut Snapshot| s.find(all, &[], |row| row.int(0)).await;
    world.on.db.snapshot("test.entries", count).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_match_is_sure_possible_or_nobodys_and_no_number_comes_back() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let csrf = token(&mut rao).await;
        let certain = [json!({ "name": "onlyCertainMatches", "valueBoolean": true })];
        let by_name = named("Drummond", "Morag", ["2", "3", "1948"]);
        for (body, want) in [
            (whole("Drummond", &[]), vec!["certain"]),
            (whole("Drummond", &certain), vec!["certain"]),
            (numbered(NUMBER), vec!["possible"]),
            (by_name, vec!["possible"]),
            (named("Drumond", "Morag", ["2", "3", "1948"]), vec!["possible"]),
            // Only who is sure is wanted; a number that the name contradicts; nobody at all.
            (
                asked(&json!({ "name": [name("Drummond", "Morag")], "birthDate": BORN }), &certain),
                vec![],
            ),
            (whole("Quirk", &[]), vec![]),
            (numbered("9990000026"), vec![]),
        ] {
            let before = entries(&world).await;
            let (answer, bundle) = ask(&mut rao, &csrf, &body).await;
            assert_eq!(answer.status, StatusCode::OK, "{engine}: {}", answer.body);
            assert_eq!(grades(&bundle), want, "{engine}: {body}");
            assert!(entries(&world).await > before, "{engine}: it is on no ledger: {body}");
            answer.assert_lacks(&["9990000018", &world.morag.to_string(), "identifier"]);
            if let Some(entry) = bundle["entry"].get(0) {
                let name = json!([{ "family": "DRUMMOND", "given": ["MORAG"] }]);
                assert_eq!(entry["resource"]["name"], name, "{engine}");
                assert_eq!(entry["resource"]["birthDate"], BORN, "{engine}");
                let receipt = "https://ken.example/StructureDefinition/receipt";
                assert_eq!(entry["extension"][0]["url"], receipt, "{engine}");
            }
        }
        // The way to her is the asker's alone.
        let (_, bundle) = ask(&mut rao, &csrf, &whole("Drummond", &[])).await;
        let way = bundle["entry"][0]["link"][0]["url"].as_str().unwrap();
        assert_eq!(rao.get(way).await.path, format!("/w/p/{}", world.morag), "{engine}");
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        assert_eq!(bea.get(way).await.path, "/w/find", "{engine}");
    }
}

#[tokio::test]
async fn nobody_hidden_changes_what_a_match_tells() {
    let with = worlds_with(Hidden::Something).await;
    let without = worlds_with(Hidden::Nothing).await;
    for (with, without) in with.iter().zip(&without) {
        let mut all = vec![];
        for world in [with, without] {
            let mut answers = vec![];
            for who in ["Dr Rao", "Jo Worker"] {
                let mut browser = world.signed_in(who).await;
                let csrf = token(&mut browser).await;
                for body in [
                    named("Gow", "Callum", ["6", "5", "2012"]),
                    named("Gow", "", ["6", "5", "2012"]),
                    named("Nobodyatall", "", ["6", "5", "2012"]),
                    whole("Drummond", &[]),
                    whole("Gow", &[]),
                ] {
                    let (answer, _) = ask(&mut browser, &csrf, &body).await;
                    answer.assert_lacks(&["GOW", "CALLUM"]);
                    answers.push((format!("{who} {body}"), told(&answer)));
                }
            }
            all.push(answers);
        }
        for ((how, a), (_, b)) in all[0].iter().zip(&all[1]) {
            assert_eq!(a, b, "{}: {how}", with.on.engine);
        }
    }
}

#[tokio::test]
async fn as_many_matches_as_a_date_has_numbers_find_nobody_and_are_seen() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut jo = world.signed_in("Jo Worker").await;
        let csrf = token(&mut jo).await;
        let others = (0..10_000).map(|n| format!("999000{n:04}"));
        let valid = others.filter(|digits| Chi::parse(digits).is_ok() && digits != NUMBER);
        let (mut none, mut stopped, mut first) = (0, 0, None);
        // The number that is held is the first, and another as much.
        for digits in std::iter::once(NUMBER.to_owned()).chain(valid).take(910) {
            let (answer, resource) = ask(&mut jo, &csrf, &numbered(&digits)).await;
            match answer.status {
                StatusCode::OK => {
                    none += 1;
                    assert_eq!(*first.get_or_insert(answer.body.clone()), answer.body, "{digits}");
                    assert!(grades(&resource).is_empty(), "{engine}: {digits}");
                }
                StatusCode::TOO_MANY_REQUESTS => {
                    stopped += 1;
                    assert_eq!(resource["issue"][0]["code"], "throttled", "{engine}");
                }
                status => panic!("{engine}: {digits}: {status}"),
            }
        }
        assert_eq!((none, none + stopped), (ACCOUNT_MISSES_MAX, 910), "{engine}");
        // Each that was stopped is on the ledger of the organisation, for governance.
        let cec: OrganisationId = "cec".parse().unwrap();
        let read = async |s: &mut Snapshot| {
            let page = ken_ledger::Page { before: None, limit: 10 };
            ken_ledger::organisation_entries(s, &world.on.keys, &cec, page).await
        };
        let flags = world.on.db.snapshot("test.flags", read).await.unwrap();
        assert_eq!(flags.len(), 10, "{engine}");
        for flag in flags {
            assert_eq!(flag.kind, EntryKind::Deny, "{engine}");
            assert_eq!(flag.detail.unwrap_or_default()["event"], "search-stopped", "{engine}");
        }
    }
}

#[tokio::test]
async fn what_asks_nothing_is_told_so_in_fhir() {
    for world in worlds().await {
        let engine = world.on.engine;
        let check = |(answer, resource): (Answer, Value), status: u16, code: &str| {
            assert_eq!(answer.status, status, "{engine}: {}", answer.body);
            assert_eq!(resource["resourceType"], "OperationOutcome", "{engine}");
            assert_eq!(resource["issue"][0]["code"], code, "{engine}: {resource}");
        };
        let body = whole("Drummond", &[]);
        // Nobody is signed in; another area; no token; another's token.
        let mut nobody = world.browser();
        let page = nobody.get("/sign-in").await;
        let own = page.hidden("/sign-in").first().unwrap().1.clone();
        check(ask(&mut nobody, &own, &body).await, 401, "login");
        let mut morag = world.signed_in("Morag Drummond").await;
        let home = morag.get("/my").await;
        let own = home.hidden("/sign-out").first().unwrap().1.clone();
        check(ask(&mut morag, &own, &body).await, 404, "not-found");
        let mut rao = world.signed_in("Dr Rao").await;
        let csrf = token(&mut rao).await;
        check(ask(&mut rao, "AAAA", &body).await, 403, "security");
        check(ask(&mut rao, &own, &body).await, 403, "security");
        // What is sent.
        check(ask(&mut rao, &csrf, "{").await, 400, "structure");
        check(ask(&mut rao, &csrf, r#"{"resourceType":"Patient"}"#).await, 422, "invalid");
        check(ask(&mut rao, &csrf, &asked(&json!({}), &[])).await, 422, "required");
        check(ask(&mut rao, &csrf, &numbered("9990000019")).await, 422, "value");
        let more = [json!({ "name": "threshold", "valueDecimal": 0.5 })];
        check(ask(&mut rao, &csrf, &whole("Drummond", &more)).await, 422, "not-supported");
        let long = whole(&"x".repeat(200_000), &[]);
        check(ask(&mut rao, &csrf, &long).await, 413, "too-long");
        // A form is none.
        let form = format!("csrf={csrf}&family=Drummond");
        let answer = rao.send(axum::http::Method::POST, MATCH, Some(&form)).await;
        assert_eq!(answer.status, 415, "{engine}");
        answer.assert_has(&["Something was missing from that form"]);
        // Nor is another sort of FHIR; and without the header there is no token.
        let post = |kind: &str, csrf: Option<&str>| {
            let mut request = axum::http::Request::post(MATCH).header("content-type", kind);
            if let Some(csrf) = csrf {
                request = request.header("ken-csrf", csrf);
            }
            request.body(axum::body::Body::from(body.clone())).unwrap()
        };
        let read = |answer: Answer| {
            let resource = serde_json::from_str(&answer.body).unwrap();
            (answer, resource)
        };
        let xml = rao.raw(post("application/fhir+xml", Some(&csrf))).await;
        check(read(xml), 415, "not-supported");
        check(read(rao.raw(post("application/fhir+json", None)).await), 403, "security");
    }
}

#[tokio::test]
async fn where_more_fit_than_are_wanted_it_is_said_and_not_how_many() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let csrf = token(&mut rao).await;
        for n in 0..3 {
            let person = format!("40{n}^^^GP^MR||DRUMMOND^MORAG||19480302|F");
            world.hear_from("GP", &format!("own{n}"), &person).await;
        }
        let two = json!({ "name": "count", "valueInteger": 2 });
        let sent = json!({ "name": [name("Drummond", "")], "birthDate": BORN });
        let (answer, bundle) = ask(&mut rao, &csrf, &asked(&sent, &[two])).await;
        assert_eq!(answer.status, StatusCode::OK, "{engine}: {}", answer.body);
        assert_eq!(bundle["entry"].as_array().map(Vec::len), Some(3), "{engine}: {bundle}");
        assert_eq!(bundle["entry"][2]["search"]["mode"], "outcome", "{engine}: {bundle}");
        assert_eq!(bundle.get("total"), None, "{engine}");
    }
}
