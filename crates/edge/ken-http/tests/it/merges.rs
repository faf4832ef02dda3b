//! Merges by their senders: listed, tried, taken back with a reason.

use axum::http::StatusCode;

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
