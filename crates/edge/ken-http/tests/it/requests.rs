//! Requests for assistance from the outside: asked, checked, sent, answered, read by who is named,
//! told to the person, and refused as anything is.

use axum::http::{Method, StatusCode};

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::world::{Hidden, World, worlds, worlds_of};

const WORRY: &str = "She fell twice this week";

/// One of the page's forms, which all have its token.
async fn fill(browser: &mut Browser, page: &Answer, to: &str, fields: &[(&str, &str)]) -> Answer {
    let form = page.filled("/sign-out", fields);
    browser.send(Method::POST, to, Some(&form)).await
}

/// What Dr Rao writes.
fn written(step: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("step", step),
        ("purpose", "direct-care"),
        ("kind", "need"),
        ("to", "cec sw.duty"),
        ("days", "3wd"),
        ("name", "Morag Drummond"),
        ("born", "2 March 1948"),
        ("phone", ""),
        ("worry", WORRY),
        ("did", "I saw her at home"),
        ("ask", "A rail for the stairs"),
        ("told", "yes"),
        ("why", "She is glad of it"),
    ]
}

/// Sends it; the address of the request.
async fn sent(world: &World, rao: &mut Browser) -> String {
    let to = format!("/w/p/{}/requests/new", world.morag);
    let page = rao.get(&format!("{to}?purpose=direct-care&kind=need")).await;
    page.assert_has(&["What is worrying you?", "value=\"cec sw.duty\""]);
    page.assert_lacks(&["Drummond"]);
    let checked = fill(rao, &page, &to, &written("check")).await;
    checked.assert_has(&["Check your answers", WORRY, "Within 3 working days"]);
    let form = checked.filled("/sign-out", &written("send"));
    let done = rao.send(Method::POST, &to, Some(&form)).await;
    done.assert_has(&["Your request is sent", "Reference:"]);
    // The same form again is the same request.
    assert_eq!(told(&rao.send(Method::POST, &to, Some(&form)).await), told(&done));
    let (_, rest) = done.body.split_once("href=\"/w/requests/").unwrap();
    format!("/w/requests/{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn a_request_goes_to_its_role_is_answered_and_the_person_reads_that_it_was_sent() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (mut rao, mut jo) =
            (world.signed_in("Dr Rao").await, world.signed_in("Jo Worker").await);
        let at = sent(&world, &mut rao).await;
        let listed = jo.get("/w/requests").await;
        listed.assert_has(&["1 waits for your organisation.", &at, " left, until "]);
        listed.assert_lacks(&["Drummond", WORRY]);
        let page = jo.get(&at).await;
        page.assert_has(&[WORRY, "Morag Drummond, born 2 March 1948", "A rail for the stairs"]);
        // Somebody of another body finds nothing there, nor a colleague whose own record it is.
        for other in ["Dr Bea Doctor", "Ms Teacher", "Kit Drummond"] {
            let mut other = world.signed_in(other).await;
            other.get("/w/requests").await.assert_lacks(&[&at]);
            assert_eq!(other.get(&at).await.status, StatusCode::NOT_FOUND, "{engine}");
            let page = other.get("/w/requests").await;
            let form = page.filled("/sign-out", &[("step", "accept")]);
            let answer = other.send(Method::POST, &at, Some(&form)).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{engine}");
        }
        fill(&mut jo, &page, &at, &[("step", "accept"), ("text", "I come on Tuesday")])
            .await
            .assert_has(&["It is recorded", "can read it now"]);
        rao.get(&at).await.assert_has(&["Taken on", "I come on Tuesday"]);
        let page = jo.get(&at).await;
        let silent = fill(&mut jo, &page, &at, &[("step", "close"), ("text", " ")]).await;
        assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        fill(&mut jo, &page, &at, &[("step", "close"), ("text", "The rail is fitted")])
            .await
            .assert_has(&["It is recorded", "can read it now"]);
        rao.get(&at).await.assert_has(&["Done", "The rail is fitted"]);
        rao.get("/w/requests").await.assert_has(&["Nothing waits for your organisation."]);
        let mut morag = world.signed_in("Morag Drummond").await;
        morag.get("/my/looked").await.assert_has(&["Sent to Glen Council"]);
    }
}

#[tokio::test]
async fn what_no_clause_carries_is_refused_and_not_kept() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let check = async |rao: &mut Browser, person: &str, change: (&str, &'static str)| {
            let to = format!("/w/p/{person}/requests/new");
            let page = rao.get(&to).await;
            let mut fields = written("send");
            let changed = fields.iter_mut().filter(|(name, _)| *name == change.0);
            changed.for_each(|(_, value)| *value = change.1);
            let answer = fill(rao, &page, &to, &fields).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {change:?}", world.on.engine);
            answer.assert_has(&["It was not sent", WORRY, "Ask a colleague to send it"]);
            rao.get("/w/requests").await.assert_lacks(&["href=\"/w/requests/"]);
        };
        let morag = world.morag.to_string();
        check(&mut rao, &morag, ("to", "primary ed.head")).await;
        check(&mut rao, &morag, ("kind", "concern")).await;
        check(&mut rao, &morag, ("purpose", "girfec-wellbeing")).await;
        check(&mut rao, "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa", ("", "")).await;
    }
}

/// An agreement that lets a need go by two clauses: who it is about to two roles, and the need
/// itself to these.
fn by_two_clauses(text: &str, need: &str) -> String {
    let Some(at) = text.find("[[clause]]\nid = \"D6\"") else { return text.to_owned() };
    let end = at + 1 + text[at + 1..].find("[[clause]]").unwrap();
    let clause = |id: &str, roles: &str, categories: &str| {
        let to = format!("to = {{ party = \"cec\", roles = [{roles}] }}");
        let lines = text[at..end].lines().map(|line| match line.split(" = ").next() {
            Some("id") => format!("id = \"{id}\"\n"),
            Some("to") => format!("{to}\n"),
            Some("categories") => format!("categories = [{categories}]\n"),
            _ => format!("{line}\n"),
        });
        lines.collect::<String>()
    };
    let two = "\"sw.duty\", \"sw.council-officer\"";
    let who = clause("D6", two, "\"core\", \"identifiers\", \"contacts\"");
    let what = clause("D7", need, "\"assessment\"");
    format!("{}{who}{what}{}", &text[..at], &text[end..])
}

#[tokio::test]
async fn what_two_clauses_let_go_a_role_reads_by_both() {
    let duty_alone = |text: &str| by_two_clauses(text, "\"sw.duty\"");
    let both = |text: &str| by_two_clauses(text, "\"sw.duty\", \"sw.council-officer\"");
    for (change, is_read) in [(duty_alone as fn(&str) -> String, false), (both, true)] {
        for world in worlds_of(Hidden::Nothing, change).await {
            let engine = world.on.engine;
            let mut rao = world.signed_in("Dr Rao").await;
            let at = sent(&world, &mut rao).await;
            let mut nan = world.also("Nan Second", "sw.council-officer").await;
            let (listed, page) = (nan.get("/w/requests").await, nan.get(&at).await);
            if is_read {
                listed.assert_has(&[&at]);
                page.assert_has(&[WORRY]);
            } else {
                listed.assert_lacks(&[&at]);
                assert_eq!(page.status, StatusCode::NOT_FOUND, "{engine}");
                page.assert_lacks(&[WORRY]);
            }
            world.signed_in("Jo Worker").await.get(&at).await.assert_has(&[WORRY]);
        }
    }
}
