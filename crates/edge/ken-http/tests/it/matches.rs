//! Uncertain identity: claimed, seen side by side, decided by one or by two, undone.

use axum::http::{Method, StatusCode};
use ken_person::queue::CLAIM_WAIT;

use crate::browser::{Answer, Browser};
use crate::world::{World, worlds};

/// Morag's number and birth date with another given name: a twin, or a slip. Nobody but a human
/// can tell.
const TWIN: &str = concat!(
    "78^^^TRAK^MR~9990000018^^^NHSNBR^NH||DRUMMOND^AGNES||19480302|F|||",
    "9 Made-up Road^^Glen^^ZZ99 9ZZ"
);

#[track_caller]
pub(crate) fn link(page: &Answer) -> String {
    let start = "href=\"/ops/match/";
    let (_, rest) = page.body.split_once(start).unwrap_or_else(|| panic!("{}", page.body));
    format!("/ops/match/{}", rest.split('"').next().unwrap())
}

/// The queue with one place in it, and the way to that place.
async fn queue(world: &World) -> (Browser, String) {
    world.hear("twin", TWIN).await;
    let mut sam = world.sam_as("ops.hub").await;
    let list = sam.get("/ops/match").await;
    list.assert_lacks(&["DRUMMOND", "Drummond", "AGNES", "1948"]);
    let way = link(&list);
    (sam, way)
}

/// Somebody known to the hospital alone, who then comes with Morag's number: two records that were
/// there before.
async fn doubted(world: &World) -> (Browser, String) {
    let known = "79^^^TRAK^MR||DRUMMOND^AGNES||19480302|F|||9 Made-up Road^^Glen^^ZZ99 9ZZ";
    world.hear("known", known).await;
    world.hear("doubted", &TWIN.replacen("78", "79", 1)).await;
    let mut sam = world.sam_as("ops.hub").await;
    let way = link(&sam.get("/ops/match").await);
    (sam, way)
}

/// The value of the answer that begins with these words.
fn answer(page: &Answer, words: &str) -> String {
    let choices = page.body.split("type=\"radio\"").skip(1);
    let choice = choices.into_iter().find(|choice| choice.contains(words)).unwrap();
    choice.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// An answer that decides: where the place is one of those that two answer in any case, a colleague
/// says the same.
async fn decided(
    world: &World,
    sam: &mut Browser,
    page: &Answer,
    (way, filled): (&str, &[(&str, &str)]),
) {
    let mut told = sam.submit(page, way, filled).await;
    if told.body.contains("a second reviewer must say the same") {
        let mut nan = world.signed_in("Nan Second").await;
        let page = nan.get(way).await;
        told = nan.submit(&page, way, filled).await;
    }
    told.assert_has(&["Your decision is saved"]);
}

#[tokio::test]
async fn two_records_are_told_apart_and_that_is_undone() {
    for world in worlds().await {
        let (mut sam, way) = queue(&world).await;
        let page = sam.get(&way).await;
        page.assert_has(&["Are these the same person?", "AGNES", "MORAG", "Different", "Same"]);
        page.assert_has(&["[<mark>9</mark>] Made-up Road", "[<mark>1</mark>] Made-up", "NHS Glen"]);
        // Enough to tell people apart, and nothing else.
        page.assert_lacks(&["Penicillin", "Emergency visit", "CANARY", "checked"]);
        let none = sam.submit(&page, &way, &[("reason", "Born an hour apart")]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        none.assert_has(&["Choose what you found", "Born an hour apart"]);
        let mute = sam.submit(&page, &way, &[("answer", "different"), ("reason", " ")]).await;
        mute.assert_has(&["Say in your own words how you can tell"]);
        let filled = [("answer", "different"), ("reason", "Born an hour apart")];
        decided(&world, &mut sam, &page, (&way, &filled)).await;
        sam.get("/ops/match").await.assert_has(&["Nothing to review."]);
        let decided = sam.get(&way).await;
        decided.assert_has(&["This was decided", "different people"]);
        decided.assert_lacks(&["AGNES", "MORAG"]);
        // What was decided is not decided over by a page that was open meanwhile.
        let late = sam.submit(&page, &way, &filled).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        late.assert_has(&["This was decided", "Your answer was not saved"]);
        let undo = format!("{way}/undo");
        let mute = sam.submit(&decided, &undo, &[]).await;
        assert_eq!(mute.status, StatusCode::UNPROCESSABLE_ENTITY);
        let filled = [("reason", "The hospital rang")];
        sam.submit(&decided, &undo, &filled).await.assert_has(&["The decision is undone"]);
        sam.get(&way).await.assert_has(&["AGNES", "Waiting since"]);
        assert_eq!(sam.submit(&decided, &undo, &filled).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn two_records_become_one_and_two_again() {
    for world in worlds().await {
        let (mut sam, way) = queue(&world).await;
        let page = sam.get(&way).await;
        let same = answer(&page, "Yes: record 1 and record 2");
        assert_eq!(same, world.morag.to_string());
        let filled = [("answer", same.as_str()), ("reason", "The ward typed her sister's name")];
        decided(&world, &mut sam, &page, (&way, &filled)).await;
        let decided = sam.get(&way).await;
        decided.assert_has(&["one person"]);
        let undo = format!("{way}/undo");
        let filled = [("reason", "They are sisters after all")];
        sam.submit(&decided, &undo, &filled).await.assert_has(&["The decision is undone"]);
        sam.get(&way).await.assert_has(&["AGNES", "MORAG"]);
    }
}

#[tokio::test]
async fn what_would_follow_is_told_from_agreements_alone() {
    for world in worlds().await {
        let (mut sam, way) = queue(&world).await;
        // The hospital knows both; the practice knows Morag alone, and could newly ask it.
        let page = sam.get(&way).await;
        page.assert_has(&["If they are joined", "Glen Medical Practice could ask NHS Glen for "]);
        page.assert_lacks(&["NHS Glen could ask"]);
        page.assert_has(&["What the matching model makes of", "before any evidence", "<svg"]);
        let release = format!("{way}/release");
        sam.submit(&page, &release, &[]).await;
        // Of these the practice knows the one, and the hospital the other.
        let una = "GOW^UNA||19500101|F|||3 Made-up Road^^Glen^^ZZ99 9ZZ";
        world.hear_from("GP", "una-gp", &format!("31^^^GP^MR||{una}")).await;
        let una = una.replace("ZZ99 9ZZ", "ZZ99 8ZZ");
        world.hear_from("TRAK", "una-ward", &format!("32^^^TRAK^MR||{una}")).await;
        let list = sam.get("/ops/match").await;
        let ways: Vec<_> = list.body.split("href=\"/ops/match/").skip(1).collect();
        let way = format!("/ops/match/{}", ways[1].split('"').next().unwrap());
        let page = sam.get(&way).await;
        page.assert_has(&["UNA", "Glen Medical Practice could ask NHS Glen for "]);
        page.assert_has(&[
            "NHS Glen could ask Glen Medical Practice for ",
            "for 30 days, but here, and in an emergency",
        ]);
        page.assert_lacks(&["CANARY", "Penicillin"]);
    }
}

#[tokio::test]
async fn a_place_is_one_reviewers_at_a_time() {
    for world in worlds().await {
        let (mut sam, way) = queue(&world).await;
        let mut nan = world.signed_in("Nan Second").await;
        nan.get("/ops/match").await.assert_has(&[">Free<"]);
        let page = sam.get(&way).await;
        page.assert_has(&["It is yours until"]);
        sam.get("/ops/match").await.assert_has(&["Yours until"]);
        let list = nan.get("/ops/match").await;
        list.assert_has(&["With another reviewer until"]);
        list.assert_lacks(&["Sam Both"]);
        let held = nan.get(&way).await;
        held.assert_has(&["Another reviewer is looking at this", "Sam Both has it until"]);
        held.assert_lacks(&["AGNES", "MORAG", "type=\"radio\""]);
        // An answer by hand, past the page that offers none.
        let csrf = held.hidden("/sign-out").remove(0).1;
        let form = format!("csrf={csrf}&answer=different&reason=Quicker");
        let refused = nan.send(Method::POST, &way, Some(&form)).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        refused.assert_has(&["Your answer was not saved"]);
        refused.assert_lacks(&["AGNES", "MORAG"]);
        // Nor does she give back what is another's.
        let release = format!("{way}/release");
        nan.send(Method::POST, &release, Some(&format!("csrf={csrf}"))).await;
        nan.get(&way).await.assert_has(&["Another reviewer is looking at this"]);
        sam.submit(&page, &release, &[]).await.assert_has(&[">Free<"]);
        let page = nan.get(&way).await;
        let unsure = [("answer", "not-sure"), ("reason", "Their doctor is away")];
        nan.submit(&page, &way, &unsure).await.assert_has(&["It stays in the queue"]);
        sam.get("/ops/match").await.assert_has(&["Free, and answered before"]);
        let page = sam.get(&way).await;
        page.assert_has(&["Answered before and still open: 1", "AGNES"]);
        page.assert_lacks(&["Their doctor is away", "Nan Second"]);
        // A claim ends by itself.
        world.clock.advance(CLAIM_WAIT.try_into().unwrap());
        let mut nan = world.signed_in("Nan Second").await;
        nan.get("/ops/match").await.assert_has(&["Free, and answered before"]);
        nan.get(&way).await.assert_lacks(&["Another reviewer is looking at this"]);
    }
}

#[tokio::test]
async fn two_records_that_were_there_are_joined_by_two() {
    for world in worlds().await {
        let (mut sam, way) = doubted(&world).await;
        let page = sam.get(&way).await;
        page.assert_has(&["two reviewers say so", "when a second reviewer says the same"]);
        let same = answer(&page, "Yes: record 1 and record 2");
        let filled = [("answer", same.as_str()), ("reason", "Her daughter says so")];
        // Once more by the first is no second.
        for _ in 0..2 {
            let page = sam.get(&way).await;
            let first = sam.submit(&page, &way, &filled).await;
            first.assert_has(&["Nothing is decided yet"]);
            first.assert_lacks(&["Look at it again"]);
        }
        let mut nan = world.signed_in("Nan Second").await;
        let page = nan.get(&way).await;
        page.assert_has(&["Answered before and still open", "AGNES", "MORAG"]);
        page.assert_lacks(&["Her daughter says so", "Sam Both", "checked"]);
        let apart = [("answer", "different"), ("reason", "They met at a wedding")];
        nan.submit(&page, &way, &apart).await.assert_has(&["neither answer counts"]);
        for (who, says) in [(&mut nan, "Nothing is decided yet"), (&mut sam, "is saved")] {
            let page = who.get(&way).await;
            who.submit(&page, &way, &filled).await.assert_has(&[says]);
        }
        let decided = sam.get(&way).await;
        decided.assert_has(&["This was decided", "one person"]);
        let undo = format!("{way}/undo");
        let filled = [("reason", "The daughter was mistaken")];
        sam.submit(&decided, &undo, &filled).await.assert_has(&["The decision is undone"]);
        sam.get(&way).await.assert_has(&["AGNES", "MORAG", "two reviewers say so"]);
    }
}

#[tokio::test]
async fn the_queue_is_for_its_stewards_alone() {
    for world in worlds().await {
        let (mut sam, way) = queue(&world).await;
        for name in ["Dr Rao", "Jo Worker", "Morag Drummond"] {
            let mut other = world.signed_in(name).await;
            assert_eq!(other.get(&way).await.status, StatusCode::NOT_FOUND, "{name}");
        }
        let mut lead = world.sam_as("ig.lead").await;
        assert_eq!(lead.get(&way).await.status, StatusCode::NOT_FOUND);
        // Neither another's place nor one that is none.
        let (front, _) = way.rsplit_once('/').unwrap();
        for made_up in [front.to_owned() + "/x", format!("/ops/match/x/{}", world.morag)] {
            assert_eq!(sam.get(&made_up).await.status, StatusCode::NOT_FOUND, "{made_up}");
        }
        let page = sam.get(&way).await;
        let stranger = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        let filled = [("answer", stranger), ("reason", "Nobody offered them")];
        assert_eq!(sam.submit(&page, &way, &filled).await.status, StatusCode::NOT_FOUND);
    }
}
