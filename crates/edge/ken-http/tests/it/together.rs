//! Whom an emergency opens, and whom a claim is about.
//!
//! Somebody whom a sender knows under many numbers: a page shows all of it, an emergency's too.

use axum::http::StatusCode;

use crate::browser::Answer;
use crate::story::link;
use crate::world::{NUMBER, World, worlds};

const MORAG: [&str; 3] = ["2", "3", "1948"];
/// With Morag's first, more than a page once asked about.
const MORE: usize = 16;

fn allergies() -> Vec<String> {
    (1..=MORE).map(|number| format!("Plaster {number:02}")).collect()
}

/// The hospital hears of Morag under number after number, and says that each is hers. What it
/// was told under each stays where it was told.
async fn known_under_many(world: &World) {
    for (number, allergy) in allergies().iter().enumerate() {
        let id = format!("{number:03}");
        let person = format!(
            "M{id}^^^TRAK^MR||DRUMMOND^MORAG||19480302|F|||1 Made-up Road^^Glen^^ZZ99 9ZZ\r\
             PV1|1|E|WARD4^^^GLEN||||||||||||||||V{id}^^^TRAK|||||||||||||||||||||||||\
             20261101101500\rAL1|1|DA|^{allergy}||Rash"
        );
        world.hear_as(&format!("came-{id}"), "ADT^A01^ADT_A01", &person).await;
        let same = format!(
            "77^^^TRAK^MR||DRUMMOND^MORAG||19480302|F|||1 Made-up Road^^Glen^^ZZ99 9ZZ\r\
             MRG|M{id}^^^TRAK^MR"
        );
        world.hear_as(&format!("same-{id}"), "ADT^A40^ADT_A39", &same).await;
    }
}

fn assert_whole(page: &Answer) {
    page.assert_has(&["Penicillin"]);
    for allergy in allergies() {
        page.assert_has(&[&allergy]);
    }
}

#[tokio::test]
async fn an_emergency_shows_what_is_held_under_every_number_of_the_person() {
    for world in worlds().await {
        known_under_many(&world).await;
        let mut jo = world.signed_in("Jo Worker").await;
        let refusal = world.search(&mut jo, "Drummond", MORAG).await;
        let form = jo.get(&link(&refusal, "/w/emergency?")).await;
        let filled = [("reason", "She fell and does not answer"), ("affirmed", "yes")];
        let seen = jo.submit(&form, "/w/emergency", &filled).await;
        assert_whole(&seen);
        let today = jo.get("/w/today").await;
        assert_eq!(today.body.matches("Record opened").count(), 1, "it is one person");
        let finish = format!("{}/finish", seen.path.split('?').next().unwrap());
        jo.submit(&seen, &finish, &[]).await.assert_has(&["Emergency access is finished"]);
        jo.get("/w/today").await.assert_lacks(&["Record opened"]);
        assert_whole(&world.signed_in("Morag Drummond").await.get("/my/record").await);
    }
}

#[tokio::test]
async fn a_number_opens_an_emergency_whatever_name_was_typed_beside_it() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        let digits = NUMBER.split('^').next().unwrap();
        let find = jo.get("/w/find").await;
        let typed = [("number", digits), ("family", "Nobodyatall")];
        let refusal = jo.submit(&find, "/w/find", &typed).await;
        refusal.assert_has(&["We cannot show you this"]);
        let form = jo.get(&link(&refusal, "/w/emergency?")).await;
        let reason = ("reason", "She fell and does not answer");
        // A colleague agrees to the name as well, so both must be hers.
        let second = [reason, ("affirmed", "yes"), ("second", "yes")];
        jo.submit(&form, "/w/emergency", &second).await.assert_has(&["A colleague must agree"]);
        let mut ann = world.signed_in("Ann Colleague").await;
        let waits = ann.get("/w/claims").await;
        let agreed = ann.submit(&waits, "/w/emergency/second", &[]).await;
        agreed.assert_has(&["You agreed"]);
        jo.get("/w/today").await.assert_lacks(&["Record opened"]);
        let alone = [reason, ("affirmed", "yes")];
        let seen = jo.submit(&form, "/w/emergency", &alone).await;
        seen.assert_has(&["DRUMMOND, MORAG", "Emergency access.", "Check the name"]);
    }
}

/// Claims a relationship by an address, as the colleague reads it; Ann confirms.
async fn claim_by_address(world: &World, who: &[(&str, &str)]) {
    let (mut jo, mut ann) =
        (world.signed_in("Jo Worker").await, world.signed_in("Ann Colleague").await);
    let refusal = jo.get(&format!("/w/p/{}", world.morag)).await;
    let form = jo.get(&link(&refusal, "/w/claim?p=")).await;
    let how = [("kind", "direct-care"), ("reason", "I visit her every week at home")];
    let nobody = jo.submit(&form, "/w/claim", &how).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    nobody.assert_has(&["Enter a number, or a family name", "names nobody"]);
    let filled = [who, &how].concat();
    jo.submit(&nobody, "/w/claim", &filled).await.assert_has(&["Your claim was sent"]);
    let claims = ann.get("/w/claims").await;
    claims.assert_has(&[&format!("Family name: {}", who[0].1), "every week"]);
    ann.submit(&claims, "/w/claims", &[]).await.assert_has(&["The claim is confirmed"]);
}

#[tokio::test]
async fn a_claim_by_an_address_is_about_whom_the_colleague_reads_of() {
    for world in worlds().await {
        let here = format!("/w/p/{}", world.morag);
        let una = [("family", "Tait"), ("day", "19"), ("month", "7"), ("year", "1961")];
        claim_by_address(&world, &una).await;
        let mut jo = world.signed_in("Jo Worker").await;
        let refused = jo.get(&here).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "Ann confirmed it of Una Tait");
        let morag = [("family", "Drummond"), ("day", "2"), ("month", "3"), ("year", "1948")];
        claim_by_address(&world, &morag).await;
        let chosen = jo.get(&here).await;
        assert_eq!(chosen.status, StatusCode::OK);
        chosen.assert_has(&["direct-care"]);
    }
}
