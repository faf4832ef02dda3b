//! A number as a link: found, taken back by a steward, found by nobody, and given again.

use axum::http::StatusCode;

use crate::world::worlds;

/// Morag's number, as every message about her has it.
const NUMBER: [(&str, &str); 2] = [("kind", "nhs"), ("number", "999 000 0018")];

#[tokio::test]
async fn a_steward_takes_a_number_back_and_gives_it_again() {
    for world in worlds().await {
        let mut sam = world.sam_as("ops.hub").await;
        let find = sam.get("/ops/numbers").await;
        let wrong = [("kind", "nhs"), ("number", "9990000019")];
        let slip = sam.submit(&find, "/ops/numbers", &wrong).await;
        assert_eq!(slip.status, StatusCode::UNPROCESSABLE_ENTITY);
        slip.assert_has(&["its check digit does not fit"]);
        sam.submit(&find, "/ops/numbers", &NUMBER).await;
        let way = format!("/ops/numbers/{}", world.morag);
        let page = sam.get(&way).await;
        page.assert_has(&["A person's numbers", "••••••0018", "Glen", "A message", "Stands"]);
        page.assert_lacks(&["9990000018", "DRUMMOND", "Drummond", "1948"]);
        let mute = sam.submit(&page, &way, &NUMBER).await;
        assert_eq!(mute.status, StatusCode::UNPROCESSABLE_ENTITY);
        mute.assert_has(&["Choose what you know of it", "Say in your own words how you know"]);
        let act = |what, reason| [NUMBER[0], NUMBER[1], ("what", what), ("reason", reason)];
        let back = act("take-back", "The board says it is her sister's");
        sam.submit(&page, &way, &back).await.assert_has(&["The number is taken back"]);
        let again = sam.submit(&page, &way, &act("take-back", "Twice")).await;
        again.assert_has(&["It is not one of these, or was taken back already"]);
        let find = sam.get("/ops/numbers").await;
        let none = sam.submit(&find, "/ops/numbers", &NUMBER).await;
        none.assert_has(&["Nobody of whom you may know"]);
        let page = sam.get(&way).await;
        page.assert_has(&["Taken back ", "What was done by hand", "Sam Both"]);
        page.assert_lacks(&["her sister"]);
        let given = act("document", "Her medical card");
        sam.submit(&page, &way, &given).await.assert_has(&["The number is theirs"]);
        sam.get(&way).await.assert_has(&["A letter or a card", "Stands"]);
        // Of nobody there is nothing to see, and nothing to do.
        let nobody = "/ops/numbers/6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        sam.get(nobody).await.assert_has(&["Nobody of whom you may know"]);
        for name in ["Dr Rao", "Jo Worker", "Morag Drummond"] {
            let mut other = world.signed_in(name).await;
            assert_eq!(other.get(&way).await.status, StatusCode::NOT_FOUND, "{name}");
            assert_eq!(other.get("/ops/numbers").await.status, StatusCode::NOT_FOUND, "{name}");
        }
    }
}
