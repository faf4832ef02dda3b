//! What was said by word of mouth, from the outside: two answers and a button, what the person
//! reads of it, and what waits for governance.

use axum::http::{Method, StatusCode};

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::world::worlds;

const NOBODY: &str = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";

/// The form of what was said with two answers, as a browser sends it.
fn filled(page: &Answer, answers: [(&str, &str); 2]) -> String {
    let [with, about] = answers;
    page.filled("/sign-out", &[("purpose", "direct-care"), with, about])
}

async fn opened(rao: &mut Browser, person: &str) -> (String, Answer) {
    let to = format!("/w/p/{person}/told");
    let page = rao.get(&format!("{to}?purpose=direct-care")).await;
    page.assert_lacks(&["Drummond", "DRUMMOND"]);
    (to, page)
}

/// Half a minute: a link, a page, two answers and a button.
#[tokio::test]
async fn two_answers_record_what_was_told_and_the_person_reads_it() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let morag = world.morag.to_string();
        let overview = rao.get(&format!("/w/p/{morag}?purpose=direct-care")).await;
        overview.assert_has(&[&format!("href=\"/w/p/{morag}/told?purpose=direct-care\"")]);
        let (to, page) = opened(&mut rao, &morag).await;
        page.assert_has(&["With whom?", "value=\"cec sw.duty\"", "value=\"care-plan\""]);
        let form = filled(&page, [("to", "cec sw.duty"), ("about", "care-plan")]);
        let done = rao.send(Method::POST, &to, Some(&form)).await;
        assert_eq!(done.status, StatusCode::OK, "{engine}");
        done.assert_has(&["It is recorded"]);
        assert_eq!(told(&rao.send(Method::POST, &to, Some(&form)).await), told(&done), "{engine}");
        let mut own = world.signed_in("Morag Drummond").await;
        let looked = own.get("/my/looked").await;
        looked.assert_has(&["Told to Glen Council, by phone", "clause D6"]);
        assert_eq!(looked.body.matches("Told to Glen Council").count(), 1, "{engine}");
        // The next time the same role and way are answered beforehand.
        let (_, page) = opened(&mut rao, &morag).await;
        page.assert_has(&["<option value=\"cec sw.duty\" selected>"]);
        let form = filled(&page, [("to", ""), ("about", "")]);
        let wrong = rao.send(Method::POST, &to, Some(&form)).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        wrong.assert_has(&["Say with whom you spoke", "Choose what it was about"]);
    }
}

#[tokio::test]
async fn who_records_what_no_clause_covers_is_told_what_anybody_is() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let mut answers = vec![];
        let morag = world.morag.to_string();
        for (person, to_whom) in
            [(&*morag, "cec sw.duty"), (&*morag, "primary"), (NOBODY, "primary")]
        {
            let (to, page) = opened(&mut rao, person).await;
            let form = filled(&page, [("to", to_whom), ("about", "equipment")]);
            answers.push(told(&rao.send(Method::POST, &to, Some(&form)).await));
        }
        assert!(answers.iter().all(|one| *one == answers[0]), "{engine}: {answers:?}");
        let mut own = world.signed_in("Morag Drummond").await;
        let looked = own.get("/my/looked").await;
        looked.assert_has(&["Told to Glen Council, by phone"]);
        // It may be a report of harm: nobody but a reviewer says that she may read it.
        looked.assert_lacks(&["Told to Glen Primary School"]);
        // The practice's governance looks into both, and reads of nobody.
        let mut gil = world.signed_in("Gil Governs").await;
        let page = gil.get("/ig/told").await;
        page.assert_has(&["Dr Rao", "told Glen Primary School, by telephone", "Equipment"]);
        page.assert_lacks(&["Drummond", &morag, NOBODY]);
        let silent = gil.submit(&page, "/ig/told", &[("reason", " ")]).await;
        assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        let found = [("reason", "The school had to know")];
        gil.submit(&page, "/ig/told", &found).await.assert_has(&["It is closed"]);
        let again = gil.submit(&page, "/ig/told", &[("reason", "Again")]).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND, "{engine}");
        let rest = gil.get("/ig/told").await;
        assert_eq!(rest.body.matches("told Glen Primary School").count(), 1, "{engine}");
        let mut fay = world.signed_in("Fay Governs").await;
        fay.get("/ig/told").await.assert_has(&["Nothing waits"]);
    }
}
