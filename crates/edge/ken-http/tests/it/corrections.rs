//! What a person asks to be put right: asked on their pages, answered by an officer of those who
//! wrote it, read by the person, and by nobody else.

use axum::http::{Method, StatusCode};

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::story::link;
use crate::world::{Hidden, World, worlds_with};

const WRONG: &str = "It was the soap and not the tablets";
const REASON: &str = "The ward looked again and struck it out";

fn after(page: &Answer, words: &str, field: &str) -> String {
    let (_, rest) = page.body.split_once(words).unwrap_or_else(|| panic!("no {words}"));
    let (_, rest) = rest.split_once(&format!("name=\"{field}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Asks for the entry with this title to be put right, from two windows at once.
async fn ask(world: &World, browser: &mut Browser, title: &str) -> Answer {
    let record = browser.get("/my/record").await;
    let (csrf, point) = (after(&record, title, "csrf"), after(&record, title, "point"));
    let form = format!("csrf={csrf}&point={point}");
    let page = browser.send(Method::POST, "/my/words/about", Some(&form)).await;
    page.assert_has(&["please put it right", "within 28 days"]);
    let filled = [("how", "correct"), ("words", WRONG)];
    let form = page.filled("/my/words", &filled);
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let (one, other) = tokio::join!(
        one.send(Method::POST, "/my/words", Some(&form)),
        other.send(Method::POST, "/my/words", Some(&form))
    );
    assert_eq!(told(&one), told(&other), "{}: sent twice is once", world.on.engine);
    one
}

#[tokio::test]
async fn what_is_wrong_is_asked_answered_and_read() {
    for world in worlds_with(Hidden::Something).await {
        let engine = world.on.engine;
        let mut morag = world.signed_in("Morag Drummond").await;
        let asked = ask(&world, &mut morag, "CANARY collects a grandchild").await;
        asked.assert_has(&["You asked them to put it right", "Glen Primary School answers"]);
        let own = morag.get("/my/words").await;
        own.assert_has(&["What I asked to be put right", WRONG, "They answer by"]);
        // Nothing of it stands beside the entry, and only the school's officer has it.
        let mut gil = world.signed_in("Gil Governs").await;
        gil.get("/ig/corrections").await.assert_has(&["Nobody waits for an answer of yours"]);
        let mut pam = world.signed_in("Pam Governs").await;
        pam.get("/ig/wishes").await.assert_has(&["href=\"/ig/corrections\""]);
        let list = pam.get("/ig/corrections").await;
        list.assert_lacks(&[WRONG, "DRUMMOND"]);
        let to = link(&list, "/ig/corrections/");
        assert_eq!(gil.get(&to).await.status, StatusCode::NOT_FOUND, "{engine}");
        let page = pam.get(&to).await;
        page.assert_has(&[WRONG, "DRUMMOND", ", born 2 Mar 1948", "CANARY collects a grandchild"]);
        let none = pam.submit(&page, &to, &[("words", "no")]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        none.assert_has(&["Choose what became of it", "Give the reason in a sentence"]);
        let filled = [("outcome", "partly"), ("words", REASON)];
        let form = page.filled(&to, &filled);
        for _ in 0..2 {
            let sent = pam.send(Method::POST, &to, Some(&form)).await;
            sent.assert_has(&["It is answered"]);
        }
        pam.get("/ig/corrections").await.assert_has(&["Nobody waits for an answer of yours"]);
        assert_eq!(pam.get(&to).await.status, StatusCode::NOT_FOUND, "{engine}: once");
        let own = morag.get("/my/words").await;
        own.assert_has(&["They put some of it right", REASON, "Information Commissioner"]);
        let mut teacher = world.signed_in("Ms Teacher").await;
        let person = format!("/w/p/{}?purpose=own-work", world.morag);
        teacher.get(&person).await.assert_lacks(&[WRONG, REASON]);
    }
}
