//! What no longer holds does not stand on a page as if it did.

use crate::world::{NUMBER, worlds};

const MORAG: &str = "DRUMMOND^MORAG||19480302|F";

#[tokio::test]
async fn an_alert_that_was_replaced_stands_no_more() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let alert = async |id: &str, trigger: &str, number: &str, parent: &str| {
            let (gap, more) = ("|".repeat(8), "|".repeat(12));
            let said = format!(
                "77^^^TRAK^MR~{NUMBER}||{MORAG}\rTXA|1|ALERT|TX|20261101{gap}{number}^TRAK|\
                 {parent}{more}Beware of {number}"
            );
            world.hear_as(id, &format!("MDM^{trigger}^MDM_T02"), &said).await;
        };
        alert("71", "T02", "DOG1", "").await;
        let page = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        assert_eq!(page.body.matches("Set by").count(), 1, "{engine}: {}", page.body);
        page.assert_has(&["Beware of DOG1"]);
        alert("72", "T10", "DOG2", "DOG1^TRAK").await;
        let page = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        assert_eq!(page.body.matches("Set by").count(), 1, "{engine}: {}", page.body);
        page.assert_has(&["Beware of DOG2", "superseded"]);
    }
}

#[tokio::test]
async fn a_merge_of_two_addresses_shows_the_one_that_was_kept() {
    for world in worlds().await {
        let engine = world.on.engine;
        let other = format!("78^^^TRAK^MR||{MORAG}|||9 Wrong Street^^Glen^^ZZ98 9ZZ");
        world.hear("81", &other).await;
        let merge = format!("77^^^TRAK^MR~{NUMBER}||{MORAG}\rMRG|78^^^TRAK^MR");
        world.hear_as("82", "ADT^A40^ADT_A39", &merge).await;
        let merged = "SELECT COUNT(*) FROM record_item WHERE status = 'merged'";
        assert!(world.count(merged).await > 0, "{engine}: there is something to tell apart");
        let mut rao = world.signed_in("Dr Rao").await;
        let page = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        page.assert_has(&["1 Made-up Road"]);
        page.assert_lacks(&["9 Wrong Street"]);
        let mut morag = world.signed_in("Morag Drummond").await;
        let page = morag.get("/my/record").await;
        page.assert_has(&["1 Made-up Road"]);
        page.assert_lacks(&["9 Wrong Street"]);
    }
}
