//! Who signs, on its page: told first, confirmed by whoever changes it, and seconded.

use axum::http::{Method, StatusCode};
use ken_office::signing;

use crate::agreements::csrf_of;
use crate::browser::{Answer, Browser};
use crate::passkeys::{encoded, lee};
use crate::world::{PASSWORD, World, worlds};

const ROOM: &str = "/ig/signatories";

/// Asks for a change, and confirms it with these.
async fn change(browser: &mut Browser, asked: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
    let asked = asked.iter().map(|(name, value)| format!("&{}", encoded(name, value)));
    let form = format!("csrf={}{}", csrf_of(&browser.get(ROOM).await), asked.collect::<String>());
    let told = browser.send(Method::POST, ROOM, Some(&form)).await;
    told.assert_has(&["so we ask again who you are", "Leave it as it is"]);
    browser.submit(&told, ROOM, &[&[("sure", "yes")], more].concat()).await
}

fn gil(page: &Answer) -> String {
    let (before, _) = page.body.split_once(">Gil Governs</option>").unwrap();
    before.rsplit_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

fn code(world: &World) -> String {
    world.clock.advance(jiff::SignedDuration::from_secs(60));
    world.code()
}

#[tokio::test]
async fn a_session_alone_gives_nobody_a_key() {
    for world in worlds().await {
        let mut officer = lee(&world).await;
        let page = officer.get(ROOM).await;
        page.assert_lacks(&["You are the only governance officer"]);
        let (who, key) = (gil(&page), ed25519_dalek::SigningKey::from_bytes(&[3; 32]));
        let key = signing::hex(key.verifying_key().as_bytes());
        let new = [("practitioner", &*who), ("office", "Caldicott Guardian"), ("key", &*key)];
        for shown in [&[][..], &[("password", "not the words"), ("code", "000000")]] {
            let tried = change(&mut officer, &new, shown).await;
            assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY);
            tried.assert_has(&["We could not confirm that it is you. Nothing was done"]);
            officer.get(ROOM).await.assert_has(&["Nobody is registered to sign"]);
        }
        let code_now = code(&world);
        let shown = [("password", PASSWORD), ("code", &*code_now)];
        let done = change(&mut officer, &new, &shown).await;
        done.assert_has(&["The key waits for a second officer"]);
        officer.get(ROOM).await.assert_has(&["Until then it signs nothing"]);

        // Not by whoever registered it, and not over it.
        let code_now = code(&world);
        let shown = [("password", PASSWORD), ("code", &*code_now)];
        let own = change(&mut officer, &[("second", "Gil Governs")], &shown).await;
        own.assert_has(&["Somebody else confirms it than who registered it"]);
        let code_now = code(&world);
        let shown = [("password", PASSWORD), ("code", &*code_now)];
        let again = change(&mut officer, &new, &shown).await;
        again.assert_has(&["They have a key already. End that one first"]);

        let mut gil = world.signed_in("Gil Governs").await;
        let page = gil.get(ROOM).await;
        page.assert_has(&["Confirm the key of Gil Governs"]);
        let done = change(&mut gil, &[("second", "Gil Governs")], &[]).await;
        done.assert_has(&["It is done"]);
        let page = gil.get(ROOM).await;
        page.assert_has(&["They keep the key, and bring their signatures as a file"]);
        let done = change(&mut gil, &[("end", "Gil Governs")], &[]).await;
        done.assert_has(&["It is done"]);
        gil.get(ROOM).await.assert_has(&["Nobody is registered to sign"]);
    }
}
