//! A partnership's own step in a form: asked, signed, and there in each version.

use jiff::SignedDuration;
use ken_care::form::local;

use crate::assessments::{WHOLE, link, new, open};
use crate::world::worlds;

const ADULT: &str = include_str!("../../../../domain/ken-care/forms/adult-assessment.json");

#[tokio::test]
async fn a_step_of_the_partnership_is_asked_signed_and_in_every_version() {
    let mut form: serde_json::Value = serde_json::from_str(ADULT).unwrap();
    form["version"] = 100.into();
    let step = serde_json::json!({ "id": "glen", "title": "Glen's own step", "questions": [
        { "id": "glen-pets", "text": "Who looks after the pets", "kind": "line" } ] });
    form["sections"].as_array_mut().unwrap().insert(1, step);
    let forms = local::read(&[("glen.json".to_owned(), form.to_string())]).unwrap();
    assert!(local::install(forms), "each test has a process of its own");
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let page = open(&world, &mut rao).await;
        page.assert_has(&["Glen's own step", "Who looks after the pets"]);
        let with = |pets: &'static str| [&WHOLE[..], &[("glen-pets", pets)]].concat();
        let check = rao.submit(&page, &new(&world), &with("Effie")).await;
        let signed = rao.submit(&check, &new(&world), &[]).await;
        let item = link(&signed, "Read it");
        let read = rao.get(&item).await;
        read.assert_has(&["Who looks after the pets", "Effie"]);
        world.clock.advance(SignedDuration::from_secs(1));
        let begin = format!("/w/p/{}/assessments/begin", world.morag);
        let draft = rao.submit(&read, &begin, &[]).await;
        draft.assert_has(&["value=\"Effie\"", "It becomes a new version"]);
        let check = rao.submit(&draft, &new(&world), &with("Nobody, the cat has died")).await;
        rao.submit(&check, &new(&world), &[]).await.assert_has(&["It is signed"]);
        let versions = rao.get(&item.replace('?', "/versions?")).await;
        versions.assert_has(&["Nobody, the cat has died", "removed: </span>Effie"]);
    }
}
