//! A place for which those who sent the records are asked, and answer on a page of their own.

use axum::http::{Method, StatusCode};

use crate::world::worlds;

/// Morag's number and birth date with another given name.
const TWIN: &str = concat!(
    "78^^^TRAK^MR~9990000018^^^NHSNBR^NH||DRUMMOND^AGNES||19480302|F|||",
    "9 Made-up Road^^Glen^^ZZ99 9ZZ"
);
/// An answer to all that is asked.
const ANSWER: [(&str, &str); 6] = [
    ("family", "right"),
    ("given", "wrong"),
    ("born", "right"),
    ("sex", "unknown"),
    ("address", "right"),
    ("numbers", "right"),
];

#[tokio::test]
async fn who_sent_a_record_sees_that_alone_and_says_what_is_right() {
    for world in worlds().await {
        world.hear("twin", TWIN).await;
        let mut sam = world.sam_as("ops.hub").await;
        let list = sam.get("/ops/match").await;
        let way = list.body.split("href=\"/ops/match/").nth(1).unwrap();
        let way = format!("/ops/match/{}", way.split('"').next().unwrap());
        let page = sam.get(&way).await;
        let filled = [("answer", "ask-source"), ("reason", "Sisters, or a slip of the pen")];
        let asked = sam.submit(&page, &way, &filled).await;
        asked.assert_has(&["Your answer is saved", "senders look at what they sent"]);
        let list = sam.get("/ops/match").await;
        list.assert_has(&["Waiting for ", "NHS Glen", " since "]);
        // The council sent neither.
        sam.get("/ops/questions").await.assert_has(&["You are asked nothing."]);
        let mut ola = world.signed_in("Ola Ward").await;
        let questions = ola.get("/ops/questions").await;
        questions.assert_lacks(&["DRUMMOND", "AGNES", "MORAG", "Sam Both", "Sisters"]);
        let one = questions.body.split("href=\"/ops/questions/").skip(1);
        let ways: Vec<_> =
            one.map(|way| format!("/ops/questions/{}", way.split('"').next().unwrap())).collect();
        assert!(!ways.is_empty(), "{}", questions.body);
        let mut agnes = 0;
        for one in &ways {
            assert_eq!(sam.get(one).await.status, StatusCode::NOT_FOUND, "not the council's");
            let page = ola.get(one).await;
            page.assert_has(&["Is this right, as you sent it?", "DRUMMOND"]);
            page.assert_lacks(&["checked", "Glen Medical Practice", "Sisters", "Sam Both"]);
            let shown = ["AGNES", "MORAG"].map(|name| page.body.contains(name));
            assert_ne!(shown, [true, true], "of one record alone: {}", page.body);
            if !shown[0] {
                continue;
            }
            agnes += 1;
            let part = ola.submit(&page, one, &ANSWER[..5]).await;
            assert_eq!(part.status, StatusCode::UNPROCESSABLE_ENTITY);
            part.assert_has(&["Choose an answer: national numbers"]);
            ola.submit(&page, one, &ANSWER).await.assert_has(&["Your answer is saved"]);
            let csrf = page.hidden("/sign-out").remove(0).1;
            let again = ola.send(Method::POST, one, Some(&format!("csrf={csrf}"))).await;
            assert_eq!(again.status, StatusCode::NOT_FOUND, "answered once");
        }
        assert_eq!(agnes, 1);
        let page = sam.get(&way).await;
        page.assert_has(&["What those who sent them say", "Given names: wrong; Date of birth"]);
        page.assert_lacks(&["Ola Ward"]);
    }
}
