//! A source that is asked over a socket of this machine.

use std::time::Duration;

use ken_testkit::{Endpoint, TestClock};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;

const SYSTEM: &str = "https://gp.example/id";

fn bundle(resource: &Value) -> Value {
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": [{ "resource": resource }] })
}

fn of_patient() -> Value {
    json!({ "resourceType": "Patient", "id": "p1",
        "identifier": [{ "system": SYSTEM, "value": "12" }] })
}

fn of(kind: &str, person: &str) -> Value {
    json!({ "resourceType": kind, "subject": { "reference": format!("Patient/{person}") },
        "patient": { "reference": format!("Patient/{person}") } })
}

fn good(path: &str, _: &str) -> Option<Value> {
    match path {
        "/fhir/Patient/_search" => Some(bundle(&of_patient())),
        "/fhir/Condition/_search" => Some(bundle(&of("Condition", "p1"))),
        "/fhir/AllergyIntolerance/_search" => Some(bundle(&of("AllergyIntolerance", "p1"))),
        _ => None,
    }
}

fn portal(base: &str) -> Source {
    let word = |text: &str| text.parse().unwrap();
    let settings = Settings {
        organisation: "practice".parse().unwrap(),
        base: base.parse().unwrap(),
        authority: None,
        authorization: Some("Bearer word".to_owned().into()),
        wait: Duration::from_secs(5),
        numbers: [("urn:ken:id:glen:gp".to_owned(), SYSTEM.to_owned())].into(),
        kinds: [
            ("Condition".to_owned(), word("health-summary")),
            ("AllergyIntolerance".to_owned(), word("medication")),
        ]
        .into(),
    };
    Portal::new(vec![settings]).unwrap().0.pop_first().unwrap().1
}

fn numbers() -> Known {
    let of = |(system, number)| LocalIdentifier::new(system, number).unwrap();
    let numbers = [("urn:ken:id:glen:gp", "12"), ("urn:ken:id:glen:other", "CANARY")].map(of);
    (numbers.into(), Some("1948-03-02".parse().unwrap()))
}

#[tokio::test]
async fn a_source_is_asked_for_what_is_covered_by_its_own_number_alone() {
    let there = Endpoint::serve(good).await;
    let (source, still) = (portal(there.base()), TestClock::default());
    let shows = |_: &str, kind: &Category| kind.as_str() == "medication";
    let Outcome::Answered(answered) = source.ask(&still, shows, nobody(), &numbers()).await else {
        panic!("it did not answer");
    };
    assert_eq!(format!("{answered:?}"), "Answered(1 of practice)");
    let heard = there.heard();
    assert_eq!(heard.len(), 2, "who it is, and one type");
    for one in &heard {
        assert!(!one.contains("Condition") && !one.contains("CANARY"), "{one}");
        let (top, _) = one.split_once("\r\n\r\n").unwrap();
        assert!(top.contains("/_search HTTP/1.1") && !top.contains("12|"), "{top}");
        assert!(!top.split("Content-Length").next().unwrap().contains("p1"), "{top}");
    }
    assert!(heard[0].ends_with("identifier=https%3A%2F%2Fgp.example%2Fid%7C12&_count=2"));
    assert!(heard[1].ends_with("patient=Patient%2Fp1&_count=100"), "{}", heard[1]);
}

fn nobody() -> PersonId {
    "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap()
}

#[tokio::test]
async fn without_cover_or_a_number_nobody_is_asked() {
    let there = Endpoint::serve(good).await;
    let (source, still) = (portal(there.base()), TestClock::default());
    let none = source.ask(&still, |_, _| false, nobody(), &numbers()).await;
    assert!(matches!(none, Outcome::NotAsked));
    let none = source.ask(&still, |_, _| true, nobody(), &(numbers().0[1..].into(), None)).await;
    assert!(matches!(none, Outcome::NotAsked));
    assert!(there.heard().is_empty());
}

#[tokio::test]
async fn a_source_that_answers_of_somebody_else_is_not_taken() {
    let still = TestClock::default();
    let there = Endpoint::serve(|path, form| match path {
        "/fhir/Condition/_search" => Some(bundle(&of("Condition", "p2"))),
        _ => good(path, form),
    })
    .await;
    let told = portal(there.base()).ask(&still, |_, _| true, nobody(), &numbers()).await;
    assert!(matches!(told, Outcome::Wrong), "{told:?}");
    let there = Endpoint::serve(|_, _| Some(json!({ "resourceType": "OperationOutcome" }))).await;
    let told = portal(there.base()).ask(&still, |_, _| true, nobody(), &numbers()).await;
    assert!(matches!(told, Outcome::Wrong), "{told:?}");
}

#[tokio::test]
async fn a_silent_source_is_waited_for_no_longer_than_stated_and_then_left_alone() {
    let there = Endpoint::serve(|_, _| None).await;
    let (mut source, still) = (portal(there.base()), TestClock::default());
    source.settings.wait = Duration::from_millis(300);
    for _ in 0..circuit::FAILURES_MAX {
        let told = source.ask(&still, |_, _| true, nobody(), &numbers()).await;
        assert!(matches!(told, Outcome::Silent), "{told:?}");
    }
    let asked = there.heard().len();
    let told = source.ask(&still, |_, _| true, nobody(), &numbers()).await;
    assert!(matches!(told, Outcome::Resting), "{told:?}");
    assert_eq!(there.heard().len(), asked, "it is left alone");
    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let told = portal(&base).ask(&still, |_, _| true, nobody(), &numbers()).await;
    assert!(matches!(told, Outcome::Silent), "{told:?}");
}

#[tokio::test]
async fn what_one_record_is_like_switches_no_source_off() {
    let there = Endpoint::serve(|path, form| match path {
        "/fhir/Condition/_search" => Some(bundle(&of("Condition", "p2"))),
        _ => good(path, form),
    })
    .await;
    let (source, still) = (portal(there.base()), TestClock::default());
    for _ in 0..=circuit::FAILURES_MAX {
        let told = source.ask(&still, |_, _| true, nobody(), &numbers()).await;
        assert!(matches!(told, Outcome::Wrong), "{told:?}");
    }
    // Of others it is asked on.
    let told = source.ask(&still, |kind, _| kind != "Condition", nobody(), &numbers()).await;
    assert!(matches!(told, Outcome::Answered(_)), "{told:?}");
}

#[tokio::test]
async fn who_waits_for_a_place_in_vain_has_found_no_failure() {
    let there = Endpoint::serve(good).await;
    let (mut source, still) = (portal(there.base()), TestClock::default());
    let places = std::mem::replace(&mut source.places, Semaphore::new(0));
    let wait = std::mem::replace(&mut source.settings.wait, Duration::from_millis(100));
    for _ in 0..=circuit::FAILURES_MAX {
        let told = source.ask(&still, |_, _| true, nobody(), &numbers()).await;
        assert!(matches!(told, Outcome::Silent), "{told:?}");
    }
    assert!(there.heard().is_empty(), "nobody was asked");
    (source.places, source.settings.wait) = (places, wait);
    let told = source.ask(&still, |_, _| true, nobody(), &numbers()).await;
    assert!(matches!(told, Outcome::Answered(_)), "{told:?}");
}

#[test]
fn a_number_cannot_become_another_search() {
    assert_eq!(escaped("a|b,c$d\\e"), "a\\|b\\,c\\$d\\\\e");
}
