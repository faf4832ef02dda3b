//! A form that is sent twice makes one thing, and both are told the same.

use axum::http::Method;
use jiff::SignedDuration;
use ken_core::Clock as _;
use ken_store::{Reads as _, Snapshot};

use crate::breaches::{REPORT, typed};
use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::story::link;
use crate::world::{World, worlds};

const MORAG: [&str; 3] = ["2", "3", "1948"];
const WORDS: &str = "I visit them every week at their own home";

async fn count(world: &World, sql: &'static str) -> i64 {
    let read = async |s: &mut Snapshot| s.find(sql, &[], |row| row.int(0)).await;
    world.on.db.snapshot("test.count", read).await.unwrap().unwrap()
}

/// Sends a form of a page from two windows at once, and once more. One is made; the same words of
/// the page, shown anew, make another.
async fn check(
    world: &World,
    browser: &mut Browser,
    page: impl AsyncFn(&mut Browser) -> Answer,
    (action, fields): (&str, &[(&str, &str)]),
    (says, sql): (&str, &'static str),
) {
    let engine = world.on.engine;
    assert_eq!(count(world, sql).await, 0, "{engine}");
    let first = page(browser).await;
    let form = first.filled(action, fields);
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let (one, other) = tokio::join!(
        one.send(Method::POST, action, Some(&form)),
        other.send(Method::POST, action, Some(&form))
    );
    one.assert_has(&[says]);
    assert_eq!(told(&one), told(&other), "{engine}");
    let third = browser.send(Method::POST, action, Some(&form)).await;
    assert_eq!(told(&one), told(&third), "{engine}");
    assert_eq!(count(world, sql).await, 1, "{engine}: {action}");
    let again = page(browser).await;
    browser.submit(&again, action, fields).await.assert_has(&[says]);
    assert_eq!(count(world, sql).await, 2, "{engine}: {action}: meant twice");
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_thing() {
    for world in worlds().await {
        let refused = async |jo: &mut Browser| world.search(jo, "Drummond", MORAG).await;
        let mut jo = world.signed_in("Jo Worker").await;
        let page = async |jo: &mut Browser| {
            let refusal = refused(jo).await;
            jo.get(&link(&refusal, "/w/claim?")).await
        };
        let fields = [("kind", "direct-care"), ("reason", WORDS)];
        let made = ("sent", "SELECT COUNT(*) FROM claim");
        check(&world, &mut jo, page, ("/w/claim", &fields), made).await;
        let page = async |jo: &mut Browser| {
            let refusal = refused(jo).await;
            jo.get(&link(&refusal, "/w/emergency?")).await
        };
        let fields = [("reason", WORDS), ("affirmed", "yes"), ("second", "yes")];
        let made = ("A colleague must agree now", "SELECT COUNT(*) FROM second_person");
        check(&world, &mut jo, page, ("/w/emergency", &fields), made).await;
        let page = async |jo: &mut Browser| jo.get("/w/guardian").await;
        let fields = [("side", "should-share"), ("reason", WORDS)];
        let made = ("Your Guardian has it", "SELECT COUNT(*) FROM office_contest");
        check(&world, &mut jo, page, ("/w/guardian", &fields), made).await;
        let mut gil = world.signed_in("Gil Governs").await;
        let knew = typed(world.clock.now() - SignedDuration::from_hours(5));
        let knew = knew.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = REPORT.into_iter().chain(knew).collect();
        let page = async |gil: &mut Browser| gil.get("/ig/breaches/new").await;
        let made = ("The controller has your report", "SELECT COUNT(*) FROM office_breach");
        check(&world, &mut gil, page, ("/ig/breaches/new", &fields), made).await;
    }
}

/// The page that answers a form is another page each time, though the form was the same.
#[tokio::test]
async fn a_page_that_answers_a_form_twice_is_two_pages() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        let page = jo.get("/w/guardian").await;
        let short = page.filled("/w/guardian", &[("side", "should-share"), ("reason", "no")]);
        let mut tokens = vec![];
        for _ in 0..2 {
            let answer = jo.send(Method::POST, "/w/guardian", Some(&short)).await;
            let hidden = answer.hidden("/w/guardian");
            tokens.push(hidden.into_iter().find(|(name, _)| name == "csrf").unwrap().1);
        }
        assert_ne!(tokens[0], tokens[1], "{}", world.on.engine);
    }
}
