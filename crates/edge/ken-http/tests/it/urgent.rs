//! The Key Information Summary: made with the person, read first by urgent care under its clause,
//! and one with what a practice's own system sent.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use ken_core::Ctx;
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::together;
use ken_store::Tx;
use ken_testkit::SeededIds;

use crate::assessments::{link, list, new};
use crate::browser::{Answer, Browser};
use crate::world::{World, worlds};

/// What a summary must tell.
const SUMMARY: [(&str, &str); 18] = [
    ("special", "Ring Effie before anybody else"),
    ("views", "I want to be helped up at home"),
    ("sharing", "agrees"),
    ("baseline", "She walks with a frame"),
    ("triggers-none", "Nobody knows of any"),
    ("care-none", "She needs none"),
    ("equipment", "yes"),
    ("equipment-what", "A frame, by the bed"),
    ("access", "Effie next door has a key"),
    ("others", "Her lodger sleeps by day"),
    ("contacts-1-who", "Effie Bain"),
    ("contacts-1-phone", "01632 960 002"),
    ("escalate", "To hospital if something is broken"),
    ("place", "At home"),
    ("dnacpr", "none"),
    ("decides", "none"),
    ("with", "Morag and Effie"),
    ("review", "31 1 2040"),
];

/// What the practice's own system sent before.
const OLD: &str = "12^^^GP^MR||DRUMMOND^MORAG||19480302|F\r\
    TXA|1|KIS^^KENdocument|TX|20260901|G1^Bell^Ada^^^Dr|202609011000|||G1^Bell^Ada^^^Dr|||K1^GP||||\
    |AU||AV\rOBX|1|TX|CARE^Current care||Two visits a day.";

fn person(world: &World) -> String {
    format!("/w/p/{}?purpose=direct-care", world.morag)
}

/// Opens what asks for words, and affirms them.
async fn affirmed(world: &World, browser: &mut Browser) -> Answer {
    let words = browser.get(&person(world)).await;
    let action = format!("/w/p/{}/affirm", world.morag);
    browser.submit(&words, &action, &[("affirmed", "yes")]).await;
    browser.get(&person(world)).await
}

/// The council supports her too.
async fn support(world: &World) {
    let ids = SeededIds::new(93);
    let ctx = Ctx::new(&*world.clock, &ids);
    let new = NewRelationship {
        person: world.morag,
        kind: "direct-care".to_owned(),
        organisation: "cec".parse().unwrap(),
        practitioner: None,
        grade: Grade::System,
        source: "cec".parse().unwrap(),
        until: None,
    };
    let related = world.on.db.write("test.support", async |tx: &mut Tx| {
        let guard = together::lock(tx, &BTreeSet::from([world.morag])).await?;
        relationship::record(tx, &ctx, &world.on.keys, &new).await?;
        guard.bump(tx).await?;
        Ok::<_, ken_sharing::Error>(())
    });
    related.await.unwrap();
}

/// The box that stands before what has happened.
fn first(page: &Answer) -> &str {
    let (_, rest) = page.body.split_once("Key information").unwrap();
    rest.split_once("What has happened").unwrap().0
}

/// Dr Rao writes it with Morag, and signs it.
async fn signed(world: &World, rao: &mut Browser) -> Answer {
    let to = format!("{}?form=key-information&purpose=direct-care", new(world));
    let page = rao.get(&to).await;
    let check = rao.submit(&page, &new(world), &SUMMARY).await;
    check.assert_has(&["Check before you sign", "A&amp;E clinician", "Ward nurse"]);
    check.assert_lacks(&["Duty social worker"]);
    let signed = rao.submit(&check, &new(world), &[]).await;
    signed.assert_has(&["It is signed"]);
    signed
}

#[tokio::test]
async fn a_summary_is_read_first_in_urgent_care_and_nowhere_without_a_clause() {
    for world in worlds().await {
        let engine = world.on.engine;
        support(&world).await;
        world.hear_of("GP", "kis", "MDM^T02^MDM_T02", OLD).await;
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        let told = affirmed(&world, &mut bea).await;
        assert!(first(&told).contains("Two visits a day."), "{engine}: what came as a message");
        let mut rao = world.signed_in("Dr Rao").await;
        let item = link(&signed(&world, &mut rao).await, "Read it");
        let page = bea.get(&person(&world)).await;
        let box_of_now = first(&page);
        for want in ["Ring Effie before", "helped up at home", "01632", "Her lodger", "Dr Rao, GP"]
        {
            assert!(box_of_now.contains(want), "{engine}: {want} in {box_of_now}");
        }
        assert!(!box_of_now.contains("Two visits"), "{engine}: the newest of either alone");
        assert!(box_of_now.contains("1 Sep 2026"), "{engine}: and that there is another");
        // Both are of one name: the one follows the other.
        let all = rao.get(&list(&world)).await;
        all.assert_has(&["Key Information Summary, ", "Latest", "Earlier"]);
        rao.get(&item).await.assert_has(&["What has changed since", "Begin a new version"]);
        // The council's clause does not give it, and its writer is told so before.
        let mut jo = world.signed_in("Jo Worker").await;
        let page = affirmed(&world, &mut jo).await;
        page.assert_has(&["What has happened"]);
        page.assert_lacks(&["Key information", "Ring Effie", "Two visits"]);
        assert_eq!(jo.get(&item).await.status, StatusCode::NOT_FOUND, "{engine}");
        let form = format!("{}?form=key-information&purpose=direct-care", new(&world));
        assert_eq!(jo.get(&form).await.status, StatusCode::FORBIDDEN, "{engine}");
        jo.get(&list(&world)).await.assert_lacks(&["Key Information Summary"]);
        // The person reads it, and not what is about her lodger.
        let mut morag = world.signed_in("Morag Drummond").await;
        let own = morag.get("/my/record").await;
        own.assert_has(&["Key Information Summary", "Ring Effie before", "helped up at home"]);
        own.assert_lacks(&["Her lodger"]);
    }
}

#[tokio::test]
async fn a_summary_that_says_nothing_of_the_persons_wishes_is_not_signed() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let to = format!("{}?form=key-information&purpose=direct-care", new(&world));
        let page = rao.get(&to).await;
        let mut without = SUMMARY.to_vec();
        without.retain(|(field, _)| *field != "views");
        let answer = rao.submit(&page, &new(&world), &without).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", world.on.engine);
        answer.assert_has(&["answer it, or say why there is nothing"]);
    }
}
