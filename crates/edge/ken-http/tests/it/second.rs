//! The second person of an emergency, from the outside: asked, agreed to or declined, opened,
//! checked, and read by the person.

use axum::http::{Method, StatusCode};

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::story::link;
use crate::world::{World, worlds};

const MORAG: [&str; 3] = ["2", "3", "1948"];
const REASON: &str = "My mother does not answer and her gas is on";
const SECOND: &str = "/w/emergency/second";

/// Asks for an emergency access to whoever fits, alone or with a second person.
async fn ask(world: &World, browser: &mut Browser, family: &str, second: bool) -> Answer {
    let refusal = world.search(browser, family, MORAG).await;
    assert_eq!(refusal.status, StatusCode::FORBIDDEN);
    let form = browser.get(&link(&refusal, "/w/emergency?")).await;
    form.assert_has(&["Ask a colleague of my organisation to agree first"]);
    let mut filled = vec![("reason", REASON), ("affirmed", "yes")];
    filled.extend(second.then_some(("second", "yes")));
    browser.submit(&form, "/w/emergency", &filled).await
}

/// Decides the first asking on a page, whatever its button says.
async fn decide(browser: &mut Browser, asking: &str, decision: &str) -> Answer {
    let page = browser.get("/w/today").await;
    let csrf = page.hidden("/sign-out")[0].1.clone();
    let form = format!("csrf={csrf}&asking={asking}&decision={decision}");
    browser.send(Method::POST, SECOND, Some(&form)).await
}

/// The id of the first asking that a colleague may decide.
fn asking(page: &Answer) -> String {
    let hidden = page.hidden(SECOND);
    hidden.into_iter().find(|(name, _)| name == "asking").unwrap().1
}

#[tokio::test]
async fn a_colleague_agrees_before_ones_own_record_opens() {
    for world in worlds().await {
        // Kit is Morag's child and, as far as the registers go, Morag: nobody opens that alone.
        let mut kit = world.signed_in("Kit Drummond").await;
        let alone = ask(&world, &mut kit, "Drummond", false).await;
        assert_eq!(alone.status, StatusCode::FORBIDDEN);
        alone.assert_has(&["We cannot show you this", "You can ask a colleague to agree first"]);
        alone.assert_lacks(&["MORAG", "Made-up Road"]);
        let asked = ask(&world, &mut kit, "Drummond", true).await;
        assert_eq!(asked.status, StatusCode::OK);
        asked.assert_has(&["A colleague must agree now", "call 999"]);
        kit.get("/w/today").await.assert_has(&["Nobody has decided yet"]);
        let own = kit.get("/w/claims").await;
        own.assert_has(&["You asked for this", REASON]);
        own.assert_lacks(&["value=\"agree\""]);

        let mut ann = world.signed_in("Ann Colleague").await;
        ann.get("/w/today").await.assert_has(&["1 emergency of a colleague waits"]);
        let waits = ann.get("/w/claims").await;
        waits.assert_has(&["Kit Drummond needs to see", "Family name: Drummond", REASON]);
        waits.assert_lacks(&["MORAG", "Morag", "Made-up Road"]);
        let id = asking(&waits);
        let mut rao = world.signed_in("Dr Rao").await;
        rao.get("/w/claims").await.assert_has(&["No emergency in your organisation waits"]);
        for other in [&mut kit, &mut rao] {
            let told = decide(other, &id, "agree").await;
            told.assert_has(&["This does not wait any more", "You opened nothing"]);
        }
        assert_eq!(decide(&mut ann, &id, "perhaps").await.status, 422);
        ann.submit(&waits, SECOND, &[]).await.assert_has(&["You agreed", "24 hours"]);
        decide(&mut ann, &id, "decline").await.assert_has(&["This does not wait any more"]);

        let today = kit.get("/w/today").await;
        today.assert_has(&["Ann Colleague agreed to it", "Open to you until"]);
        let seen = kit.get(&link(&today, "/w/p/")).await;
        seen.assert_has(&["DRUMMOND, MORAG", "Emergency access.", "clause X1"]);
        check_and_read(&world).await;
        world.clock.advance(jiff::SignedDuration::from_hours(25));
        let over = kit.get("/w/today").await;
        over.assert_lacks(&["Your emergency access"]);
    }
}

/// Somebody else checks both accesses, and Morag reads who and why.
async fn check_and_read(world: &World) {
    let mut morag = world.signed_in("Morag Drummond").await;
    morag.get("/my/looked").await.assert_lacks(&["Kit", REASON]);
    let mut sam = world.sam_as("ig.lead").await;
    let reviews = sam.get("/ig/reviews").await;
    reviews.assert_has(&["Kit Drummond", "Ann Colleague agreed to it", REASON, "Check by "]);
    // Opened alone, in vain, and then with a second person: the reason is kept back once.
    for reason in ["kept", "shown"] {
        let reviews = sam.get("/ig/reviews").await;
        let one = sam.get(&link(&reviews, "/ig/reviews/")).await;
        let action = one.path.clone();
        let half = sam.submit(&one, &action, &[("outcome", "justified")]).await;
        assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY);
        half.assert_has(&["Say whether the person may read the reason", "checked"]);
        let whole = [("outcome", "justified"), ("reason", reason)];
        sam.submit(&one, &action, &whole).await.assert_has(&["The check is saved"]);
    }
    let looked = morag.get("/my/looked").await;
    looked.assert_has(&[
        "2 times",
        "Glen Council",
        "Kit Drummond, Duty social worker. Ann Colleague agreed to it first",
        "checked, and it was right",
    ]);
    assert_eq!(looked.body.matches(REASON).count(), 1, "{}", looked.body);
}

/// Whoever governs here has gone; the Guardian checks, and sees nothing that others can.
#[tokio::test]
async fn the_guardian_checks_what_no_officer_may() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        ask(&world, &mut jo, "Drummond", false).await;
        let mut cal = world.signed_in("Cal Guards").await;
        let page = cal.get("/guardian/reviews").await;
        page.assert_has(&["No emergency access waits to be checked by you"]);
        page.assert_lacks(&["Jo Worker", REASON]);
        let mut fay = world.signed_in("Fay Governs").await;
        let theirs = fay.get("/ig/reviews").await;
        theirs.assert_has(&["Jo Worker", REASON]);
        let address = link(&theirs, "/ig/reviews/").replace("/ig/", "/guardian/");
        let csrf = &page.hidden("/sign-out")[0].1;
        let form = format!("csrf={csrf}&outcome=justified&reason=shown");
        let refused = cal.send(Method::POST, &address, Some(&form)).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "an officer can");
        world.end_governance().await;
        let page = cal.get("/guardian/reviews").await;
        page.assert_has(&["Jo Worker", REASON, "Was this emergency access right?"]);
        let half = cal.submit(&page, &address, &[("outcome", "justified")]).await;
        assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY);
        let whole = [("outcome", "justified"), ("reason", "shown")];
        cal.submit(&half, &address, &whole).await.assert_has(&["The check is saved"]);
        cal.get("/guardian/reviews").await.assert_has(&["No emergency access waits"]);
    }
}

#[tokio::test]
async fn asking_about_nobody_says_the_same() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        let held = ask(&world, &mut jo, "Drummond", true).await;
        let nobody = ask(&world, &mut jo, "Nobodyatall", true).await;
        // But for what names each page in its forms.
        assert_eq!(told(&held), told(&nobody));
        let mut ann = world.signed_in("Ann Colleague").await;
        ann.get("/w/today").await.assert_has(&["2 emergencies of colleagues wait"]);
        let mut said = vec![];
        for decision in ["agree", "decline"] {
            let id = asking(&ann.get("/w/claims").await);
            said.push(decide(&mut ann, &id, decision).await);
        }
        said[0].assert_has(&["You agreed"]);
        said[1].assert_has(&["You declined", "call 999 together"]);
        ann.get("/w/claims").await.assert_has(&["No emergency in your organisation waits"]);
        let today = jo.get("/w/today").await;
        today.assert_has(&["Ann Colleague agreed", "Ann Colleague declined", "Nobodyatall"]);
        today.assert_lacks(&["MORAG", "Made-up Road"]);
    }
}
