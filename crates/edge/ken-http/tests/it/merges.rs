//! Merges by their senders: listed, tried, taken back with a reason.

use axum::http::StatusCode;
use jiff::SignedDuration;
use ken_person::queue::{UNDO_ALONE, UNDO_ASKED};
use ken_store::{Reads, Snapshot};

use crate::world::worlds;

/// Somebody else of the hospital, and what says that Morag's number there is theirs.
const OTHER: &str = "90^^^TRAK^MR||TAIT^UNA||19610711|F|||7 Made-up Road^^Glen^^ZZ99 9ZZ";

#[tokio::test]
async fn a_merge_is_tried_and_then_taken_back_with_a_reason() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut sam = world.sam_as("ops.hub").await;
        sam.get("/ops/merges").await.assert_has(&["No merge stands."]);
        world.hear("other", OTHER).await;
        let merged = format!("{OTHER}\rMRG|77^^^TRAK^MR");
        world.hear_as("merge", "ADT^A40^ADT_A39", &merged).await;
        sam.get("/ops/match").await.assert_has(&["href=\"/ops/merges\""]);
        let list = sam.get("/ops/merges").await;
        list.assert_has(&["NHS Glen", "A number was moved"]);
        list.assert_lacks(&["DRUMMOND", "TAIT", "1961"]);
        let (_, rest) = list.body.split_once("href=\"/ops/merges/").unwrap();
        let way = format!("/ops/merges/{}", rest.split('"').next().unwrap());
        let page = sam.get(&way).await;
        page.assert_has(&["What would happen", "Items that go back", "Relationships that begin"]);
        page.assert_lacks(&["DRUMMOND", "TAIT", "MORAG", "Penicillin"]);
        sam.get(&way).await.assert_has(&["What would happen"]);
        let mute = sam.submit(&page, &way, &[("reason", " ")]).await;
        assert_eq!(mute.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        let filled = [("reason", "The ward typed another patient's number")];
        sam.submit(&page, &way, &filled).await.assert_has(&["The merge is taken back"]);
        sam.get("/ops/merges").await.assert_has(&["No merge stands."]);
        assert_eq!(sam.get(&way).await.status, StatusCode::NOT_FOUND, "{engine}");
        assert_eq!(sam.submit(&page, &way, &filled).await.status, StatusCode::NOT_FOUND);
        let mut lead = world.sam_as("ig.lead").await;
        assert_eq!(lead.get("/ops/merges").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn an_old_merge_is_taken_back_by_two() {
    for world in worlds().await {
        let engine = world.on.engine;
        world.hear("other", OTHER).await;
        let merged = format!("{OTHER}\rMRG|77^^^TRAK^MR");
        world.hear_as("merge", "ADT^A40^ADT_A39", &merged).await;
        world.clock.advance(UNDO_ALONE + SignedDuration::from_secs(1));
        let mut sam = world.sam_as("ops.hub").await;
        let list = sam.get("/ops/merges").await;
        list.assert_lacks(&["Somebody asks"]);
        let (_, rest) = list.body.split_once("href=\"/ops/merges/").unwrap();
        let way = format!("/ops/merges/{}", rest.split('"').next().unwrap());
        let wrong = |words: &'static str| [("reason", words)];
        let number = "SELECT COUNT(*) FROM merge_event WHERE undone_us IS NULL";
        let stands = async || {
            let count = async |s: &mut Snapshot| s.find(number, &[], |row| row.int(0)).await;
            world.on.db.snapshot("test.merges", count).await.unwrap() == Some(1)
        };
        // Once, and again: one is one.
        for said in ["Two people take it back", "You have asked for this"] {
            let page = sam.get(&way).await;
            page.assert_has(&[said]);
            let asked = sam.submit(&page, &way, &wrong("It is another patient's number")).await;
            asked.assert_has(&["Your word is saved"]);
            assert!(stands().await, "{engine}");
        }
        sam.get("/ops/merges").await.assert_has(&["Somebody asks for it to be taken back"]);
        // A colleague is told that, and not what was said; a word that is too old is none.
        let mut nan = world.signed_in("Nan Second").await;
        let page = nan.get(&way).await;
        page.assert_has(&["A colleague has asked for this"]);
        page.assert_lacks(&["another patient"]);
        world.clock.advance(UNDO_ASKED);
        let mut nan = world.signed_in("Nan Second").await;
        nan.get("/ops/merges").await.assert_lacks(&["Somebody asks"]);
        let page = nan.get(&way).await;
        page.assert_has(&["Two people take it back"]);
        nan.submit(&page, &way, &wrong("Una is not Morag")).await.assert_has(&["is saved"]);
        assert!(stands().await, "{engine}");
        let mut sam = world.sam_as("ops.hub").await;
        let page = sam.get(&way).await;
        page.assert_has(&["A colleague has asked for this"]);
        let done = sam.submit(&page, &way, &wrong("It is still wrong")).await;
        done.assert_has(&["The merge is taken back"]);
        assert!(!stands().await, "{engine}");
        sam.get("/ops/merges").await.assert_has(&["No merge stands."]);
    }
}
