//! Numbers for planning: asked for, looked at, given, and read by those whose records they count.

use axum::http::{Method, StatusCode};

use crate::browser::{Answer, Browser};
use crate::world::worlds;

const ADDRESS: &str = "/ig/extracts";
const PLANNING: &str = include_str!("../../../../../agreements/glen-planning.toml");
const ASKED: [(&str, &str); 6] = [
    ("rows", "age"),
    ("columns", "organisation"),
    ("measure", "people"),
    ("from", "2026-05"),
    ("until", "2026-10"),
    ("why", "Care at home"),
];

/// Asks for a table, and gives the page once nothing is counted any more.
async fn asked(browser: &mut Browser) -> Answer {
    let page = browser.get(ADDRESS).await;
    browser.submit(&page, ADDRESS, &ASKED).await.assert_has(&["is being counted"]);
    for _ in 0..5_000 {
        let page = browser.get(ADDRESS).await;
        if !page.body.contains("per cent is done") {
            return page;
        }
        tokio::task::yield_now().await;
    }
    panic!("it is counted without end");
}

/// E23: a table is given by an agreement, and read by whose records it counts and nobody else.
#[tokio::test]
async fn a_table_is_counted_looked_at_and_given() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut fay = world.signed_in("Fay Governs").await;
        asked(&mut fay).await.assert_has(&["No agreement in force gives counts to your role"]);
        world.agree(PLANNING).await;
        let page = fay.get(ADDRESS).await;
        let short = ASKED.map(|(name, value)| (name, if name == "why" { "" } else { value }));
        let answer = fay.send(Method::POST, ADDRESS, Some(&page.filled(ADDRESS, &short))).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}: nobody says why");
        let page = asked(&mut fay).await;
        page.assert_has(&["See what would be given", "None yet"]);
        let id = page.body.split("href=\"/ig/extracts/").nth(1).and_then(|rest| rest.get(..36));
        let address = format!("{ADDRESS}/{}", id.expect("a link to it"));
        let file = format!("{address}/table.csv");
        let mut gil = world.signed_in("Gil Governs").await;
        for path in [&address, &file] {
            assert_eq!(gil.get(path).await.status, StatusCode::NOT_FOUND, "{engine}: it waits");
        }
        assert_eq!(fay.get(&file).await.status, StatusCode::NOT_FOUND, "{engine}: not given yet");
        let waits = fay.get(&address).await;
        waits.assert_has(&["would be kept back", "glen-planning@1", "Care at home"]);
        fay.submit(&waits, &address, &[]).await.assert_has(&["The table is given"]);
        gil.get(ADDRESS).await.assert_has(&["Fay Governs", "Care at home", "glen-planning@1"]);
        gil.get(&address).await.assert_has(&["85 and over", "Glen Medical Practice", "kept back"]);
        gil.get(&file).await.assert_has(&["age,organisation,people,change", "#N1", "kept back"]);
        gil.get(&format!("{address}/report.html")).await.assert_has(&["<style>", "OFFICIAL"]);
        let mut pam = world.signed_in("Pam Governs").await;
        pam.get(ADDRESS).await.assert_lacks(&["Fay Governs", "Care at home"]);
        for path in [&address, &file] {
            assert_eq!(pam.get(path).await.status, StatusCode::NOT_FOUND, "{engine}: no party");
        }
    }
}
