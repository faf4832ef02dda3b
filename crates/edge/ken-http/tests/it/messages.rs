//! Messages of a person to their team, from the outside.

use axum::http::{Method, StatusCode};
use ken_store::{Reads as _, Snapshot};

use crate::browser::Browser;
use crate::discussions::let_in;
use crate::interference::told;
use crate::story::link;
use crate::team::lead;
use crate::world::{Hidden, World, worlds, worlds_of};

const OWN: &str = "/my/messages";
const ASKED: &str = "When do you come about the bath?";
const NEXT: &str = "And may I go down the step alone?";
const REPLY: &str = "On Monday at ten, with the nurse";

async fn count(world: &World, sql: &'static str) -> i64 {
    let read = async |s: &mut Snapshot| s.find(sql, &[], |row| row.int(0)).await;
    world.on.db.snapshot("test.count", read).await.unwrap().unwrap()
}

const SENT: &str = "SELECT COUNT(*) FROM care_message";
const ANSWERED: &str = "SELECT COUNT(*) FROM care_message_reply";

/// Sends a form twice at once: sent twice is once.
async fn twice(browser: &Browser, to: &str, form: &str, want: &str) {
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let (one, other) = tokio::join!(
        one.send(Method::POST, to, Some(form)),
        other.send(Method::POST, to, Some(form))
    );
    one.assert_has(&[want]);
    assert_eq!(told(&one), told(&other), "sent twice is once");
}

/// Where her messages are at work.
fn at(world: &World) -> String {
    format!("/w/p/{}/messages", world.morag)
}

#[tokio::test]
async fn a_person_writes_to_their_team_and_reads_the_filed_reply() {
    for world in worlds().await {
        let engine = world.on.engine;
        lead(&world).await;
        let mut morag = world.signed_in("Morag Drummond").await;
        let page = morag.get(OWN).await;
        page.assert_has(&["call 999", "Whoever opens these pages can read what you write"]);
        let empty = morag.submit(&page, OWN, &[]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        let form = page.filled(OWN, &[("words", ASKED), ("called", "Effie, my sister")]);
        twice(&morag, OWN, &form, "Your message is sent").await;
        assert_eq!(count(&world, SENT).await, 1, "{engine}");
        // That it waits is told, and neither whose it is nor what it says.
        let mut rao = world.signed_in("Dr Rao").await;
        rao.get("/w/today").await.assert_has(&["1 person whose care you coordinate wrote"]);
        let waits = rao.get("/w/messages").await;
        waits.assert_has(&["Somebody whose care you coordinate wrote"]);
        waits.assert_lacks(&[ASKED, "DRUMMOND", "Morag"]);
        rao.get(&link(&waits, "/w/p/")).await.assert_lacks(&[ASKED]);
        let overview = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        let page = rao.get(&link(&overview, &at(&world))).await;
        page.assert_has(&["The person wrote", ASKED, "Written for them by Effie, my sister"]);
        page.assert_has(&["and so does whoever opens them", "DRUMMOND"]);
        // She writes again before anybody answers: what was typed stands, and is not sent.
        let again = morag.get(OWN).await;
        morag.submit(&again, OWN, &[("words", NEXT)]).await.assert_has(&["Your message is sent"]);
        let newer = rao.submit(&page, &at(&world), &[("words", REPLY)]).await;
        assert_eq!(newer.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        newer.assert_has(&["The person wrote again", ASKED, NEXT, REPLY]);
        assert_eq!(count(&world, ANSWERED).await, 0, "{engine}");
        let form = newer.filled(&at(&world), &[("words", REPLY)]);
        twice(&rao, &at(&world), &form, "Your answer is sent").await;
        assert_eq!(count(&world, ANSWERED).await, 1, "{engine}");
        rao.get("/w/messages").await.assert_has(&["No message waits for an answer of yours"]);
        let own = morag.get(OWN).await;
        own.assert_has(&[ASKED, NEXT, REPLY, "Dr Rao, GP, Glen Medical Practice answered"]);
        // The reply is in the record, and quotes nothing.
        let record = morag.get("/my/record").await;
        record.assert_has(&[REPLY]);
        record.assert_lacks(&[ASKED, NEXT]);
    }
}

#[tokio::test]
async fn nobody_but_the_team_reads_a_message() {
    for world in worlds().await {
        let engine = world.on.engine;
        lead(&world).await;
        let mut morag = world.signed_in("Morag Drummond").await;
        let page = morag.get(OWN).await;
        morag.submit(&page, OWN, &[("words", ASKED)]).await.assert_has(&["Your message is sent"]);
        let asked = format!("{}?purpose=direct-care", at(&world));
        // Who may not see her record is told what anybody is told, by each address and form.
        for name in ["Jo Worker", "Ms Teacher"] {
            let mut other = world.signed_in(name).await;
            let team = format!("/w/p/{}/team?purpose=direct-care", world.morag);
            let refused = other.get(&team).await;
            assert_eq!(told(&other.get(&asked).await), told(&refused), "{engine}: {name}");
            let csrf = other.get("/").await.hidden("/sign-out")[0].1.clone();
            let form = format!("csrf={csrf}&purpose=direct-care");
            let answer = other.send(Method::POST, &at(&world), Some(&form)).await;
            assert_eq!(told(&answer), told(&refused), "{engine}: {name}");
        }
        // Who may, and is not of the team, reads that they are not, and answers nothing.
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        let words = bea.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        let affirm = format!("/w/p/{}/affirm", world.morag);
        bea.submit(&words, &affirm, &[("affirmed", "yes")]).await;
        let page = bea.get(&asked).await;
        page.assert_has(&["You are not of this person"]);
        page.assert_lacks(&[ASKED, "name=\"seen\""]);
        // Whoever is let in reads it from then on, and answers it for their own organisation.
        let (mut rao, mut jo) =
            (world.signed_in("Dr Rao").await, world.signed_in("Jo Worker").await);
        let_in(&world, &mut rao, &mut jo).await;
        let page = jo.get(&asked).await;
        page.assert_has(&[ASKED]);
        jo.get("/w/messages").await.assert_has(&["No message waits for an answer of yours"]);
        let sent = jo.submit(&page, &at(&world), &[("words", REPLY)]).await;
        sent.assert_has(&["Your answer is sent"]);
        let own = morag.get(OWN).await;
        own.assert_has(&[REPLY, "Jo Worker, Duty social worker, Glen Council answered"]);
        rao.get(&asked).await.assert_has(&[ASKED, REPLY]);
    }
}

/// With the clause of the own record without who coordinates.
fn untold(text: &str) -> String {
    let rest = "\"alerts\", \"concern\", \"views\", \"health-relevant\"";
    text.replace(&format!("\"named-person\", {rest}"), rest)
}

#[tokio::test]
async fn who_is_not_shown_that_anybody_coordinates_is_answered_as_if_nobody_did() {
    let with = worlds_of(Hidden::Nothing, untold).await;
    let without = worlds_of(Hidden::Nothing, untold).await;
    for (with, without) in with.iter().zip(&without) {
        lead(with).await;
        let mut answers = vec![];
        for world in [with, without] {
            let mut morag = world.signed_in("Morag Drummond").await;
            let page = morag.get(OWN).await;
            page.assert_has(&["You cannot write here yet"]);
            page.assert_lacks(&["<textarea"]);
            let form = page.filled("/sign-out", &[("words", ASKED)]);
            let sent = morag.send(Method::POST, OWN, Some(&form)).await;
            assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(count(world, SENT).await, 0, "{}", world.on.engine);
            // What was typed is not lost.
            sent.assert_has(&["We did not send this", ASKED]);
            answers.push((told(&page), told(&sent)));
        }
        assert_eq!(answers[0], answers[1], "{}", with.on.engine);
    }
}
