//! Disposal from the outside: one officer asks, another confirms, and the certificate stands.

use axum::http::StatusCode;
use jiff::SignedDuration;

use crate::browser::{Answer, Browser};
use crate::world::worlds;

const PATH: &str = "/ig/disposal";

async fn record_and_close(council: &mut Browser) {
    let new = council.get("/ig/breaches/new").await;
    let filled = [
        ("controller", "cec"),
        ("kind", "loss"),
        ("day", "1"),
        ("month", "1"),
        ("year", "2026"),
        ("time", "09:00"),
        ("people", ""),
        ("happened", "CANARY a folder"),
        ("data", "Visits"),
        ("effects", "None"),
        ("measures", "Found again"),
    ];
    council.submit(&new, "/ig/breaches/new", &filled).await.assert_has(&["is recorded"]);
    let list = council.get("/ig/breaches").await;
    let (_, after) = list.body.split_once("href=\"/ig/breaches/0").unwrap();
    let path = format!("/ig/breaches/0{}", after.split('"').next().unwrap());
    for did in ["unlikely", "no-high-risk", "closed"] {
        let page = council.get(&path).await;
        let filled = [("did", did), ("reason", "It was in a drawer"), ("delay", "")];
        let done = council.submit(&page, &path, &filled).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    }
}

/// Sends the form of the list that carries this step.
async fn send(browser: &mut Browser, set: &str, step: &str, reason: &str) -> Answer {
    let page = browser.get(PATH).await;
    let csrf = page.hidden(PATH).first().map(|(_, value)| value.clone()).unwrap();
    let form = format!("csrf={csrf}&set={set}&step={step}&reason={reason}");
    browser.send(axum::http::Method::POST, PATH, Some(&form)).await
}

#[tokio::test]
async fn what_one_officer_asks_another_confirms_and_the_certificate_stands() {
    for world in worlds().await {
        let mut sam = world.sam_as("ig.lead").await;
        record_and_close(&mut sam).await;
        sam.get(PATH).await.assert_lacks(&["1 due", "Ask to remove"]);
        world.clock.advance(SignedDuration::from_hours(6 * 365 * 24 + 1));
        let mut sam = world.sam_as("ig.lead").await;
        sam.get(PATH).await.assert_has(&["1 due", "Ask to remove breaches that are closed"]);
        send(&mut sam, "breaches", "hold", "").await.assert_has(&["Say why it is held back"]);
        send(&mut sam, "breaches", "hold", "An+inquiry").await.assert_has(&["until the hold ends"]);
        let held = send(&mut sam, "breaches", "ask", "").await;
        assert_eq!(held.status, StatusCode::UNPROCESSABLE_ENTITY);
        send(&mut sam, "breaches", "release", "").await.assert_has(&["The hold has ended"]);
        send(&mut sam, "breaches", "ask", "").await.assert_has(&["A second officer"]);
        let list = sam.get(PATH).await;
        let (_, after) = list.body.split_once("href=\"/ig/disposal/").unwrap();
        let path = format!("{PATH}/{}", after.split('"').next().unwrap());
        let own = sam.get(&path).await;
        own.assert_has(&["Somebody else of your organisation confirms it"]);
        own.assert_lacks(&["Remove it for good"]);
        let mut gil = world.signed_in("Gil Governs").await;
        assert_eq!(gil.get(&path).await.status, StatusCode::NOT_FOUND, "another organisation");
        let mut fay = world.signed_in("Fay Governs").await;
        fay.get("/ig").await.assert_has(&["Disposals to confirm", &path]);
        let page = fay.get(&path).await;
        let unsure = fay.submit(&page, &path, &[]).await;
        assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY);
        fay.submit(&page, &path, &[("sure", "yes")]).await.assert_has(&["It is removed"]);
        fay.get("/ig").await.assert_lacks(&["Disposals to confirm"]);
        let certificate = fay.get(&path).await;
        certificate.assert_has(&["Certificate of disposal", "The ledger says the same"]);
        certificate.assert_has(&["Sam Both", "Fay Governs", "breaches/closed+2190d"]);
        certificate.assert_lacks(&["CANARY"]);
        fay.get("/ig/breaches").await.assert_has(&["No breach is open"]);
        fay.get("/ig/breaches").await.assert_lacks(&["Lost, or out of reach"]);
    }
}
