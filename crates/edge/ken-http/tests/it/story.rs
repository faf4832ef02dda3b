//! The story from the outside: find, purpose, words, see; refused, claim, emergency; who looked.

use axum::http::StatusCode;
use ken_ledger::{Hash, Receipt};
use ken_store::{Reads as _, Snapshot};

use crate::browser::{Answer, Browser};
use crate::world::{World, log_key, worlds};

const MORAG: [&str; 3] = ["2", "3", "1948"];
const CALLUM: [&str; 3] = ["6", "5", "2012"];

/// The first link of a page whose address begins with `start`.
#[track_caller]
pub(crate) fn link(page: &Answer, start: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("href=\"{start}")).unwrap_or_else(|| {
        panic!("{} has no link to {start}:\n{}", page.path, page.body);
    });
    format!("{start}{}", rest.split('"').next().unwrap()).replace("&amp;", "&")
}

async fn open_morag(world: &World, browser: &mut Browser) -> Answer {
    let results = world.search(browser, "Drummond", MORAG).await;
    results.assert_has(&["1 person you work with fits", "Linked to you: direct care"]);
    let purposes = browser.get(&link(&results, "/w/find/h/")).await;
    purposes.assert_has(&["Why do you need to see this record?"]);
    browser.get(&link(&purposes, &format!("/w/p/{}?purpose=direct-care", world.morag))).await
}

#[tokio::test]
async fn a_gp_sees_what_the_clause_covers_and_nothing_else() {
    for world in worlds().await {
        let mut browser = world.signed_in("Dr Rao").await;
        let page = open_morag(&world, &mut browser).await;
        assert_eq!(page.status, StatusCode::OK);
        page.assert_has(&[
            "DRUMMOND, MORAG",
            "Born",
            "2 Mar 1948 (78y)",
            "You can see this because",
            "Direct care: Glen Medical Practice",
            "clause D1",
            "Penicillin",
            "NHS Glen",
            "Up to date at",
        ]);
        page.assert_lacks(&["CANARY", "Education"]);
        assert!(!page.path.to_lowercase().contains("drummond"));
    }
}

#[tokio::test]
async fn a_search_writes_as_much_about_somebody_hidden_as_about_nobody() {
    const ENTRIES: &str = "SELECT COUNT(*) FROM ledger_entry";
    for world in worlds().await {
        let count = async || {
            let read = async |s: &mut Snapshot| s.find(ENTRIES, &[], |row| row.int(0)).await;
            world.on.db.snapshot("test.count", read).await.unwrap().unwrap()
        };
        let mut jo = world.signed_in("Jo Worker").await;
        let mut written = vec![];
        // Morag is held, and Callum too; the third is nobody.
        for (family, born) in
            [("Drummond", MORAG), ("Gow", CALLUM), ("Nobodyatall", ["1", "2", "1950"])]
        {
            let before = count().await;
            let refused = world.search(&mut jo, family, born).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{family}");
            written.push(count().await - before);
        }
        assert_eq!(written, [1, 1, 1], "{}", world.on.engine);
    }
}

#[tokio::test]
async fn words_are_affirmed_before_anything_is_seen() {
    for world in worlds().await {
        let mut browser = world.signed_in("Dr Bea Doctor").await;
        let results = world.search(&mut browser, "Drummond", MORAG).await;
        let purposes = browser.get(&link(&results, "/w/find/h/")).await;
        let path = link(&purposes, &format!("/w/p/{}?purpose=direct-care", world.morag));
        let words = browser.get(&path).await;
        words.assert_has(&["Before you see this record", "I am treating this person now"]);
        words.assert_lacks(&["Emergency visit", "Made-up Road"]);
        let action = format!("/w/p/{}/affirm", world.morag);
        let unticked = browser.submit(&words, &action, &[]).await;
        assert_eq!(unticked.status, StatusCode::UNPROCESSABLE_ENTITY);
        unticked.assert_has(&["Affirm the words, or go back"]);
        let seen = browser.submit(&words, &action, &[("affirmed", "yes")]).await;
        assert_eq!(seen.status, StatusCode::OK);
        seen.assert_has(&["DRUMMOND, MORAG", "clause D3"]);
        // Affirmed for this person, by this practitioner, and still good: not asked again.
        assert!(browser.get(&path).await.body.contains("DRUMMOND, MORAG"));
    }
}

#[tokio::test]
async fn somebody_unlinked_looks_like_nobody() {
    for world in worlds().await {
        let mut browser = world.signed_in("Dr Rao").await;
        let unlinked = world.search(&mut browser, "Gow", CALLUM).await;
        let unknown = world.search(&mut browser, "Nobodyatall", CALLUM).await;
        assert_eq!(
            (unlinked.status, unknown.status),
            (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN)
        );
        unlinked.assert_has(&["We cannot show you this", "What you typed", "Gow", "6 5 2012"]);
        unlinked.assert_lacks(&["CALLUM", "Callum", "Made-up", "Glen Primary"]);
    }
}

#[tokio::test]
async fn a_school_finds_its_own() {
    for world in worlds().await {
        let mut browser = world.signed_in("Ms Teacher").await;
        let results = world.search(&mut browser, "Gow", CALLUM).await;
        results.assert_has(&["GOW, CALLUM", "your organisation holds them"]);
        let page = browser.get(&link(&results, "/w/find/h/")).await;
        page.assert_has(&["GOW, CALLUM", "clause O1"]);
    }
}

#[tokio::test]
async fn a_second_person_confirms_a_claim() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        let refusal = world.search(&mut jo, "Drummond", MORAG).await;
        assert_eq!(refusal.status, StatusCode::FORBIDDEN);
        let claim = jo.get(&link(&refusal, "/w/claim?")).await;
        let wrong = jo.submit(&claim, "/w/claim", &[("kind", ""), ("reason", "short")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        wrong.assert_has(&["Choose how you work with this person", ">short</textarea>"]);
        let filled =
            [("kind", "direct-care"), ("reason", "I visit her every week for the council")];
        let done = jo.submit(&claim, "/w/claim", &filled).await;
        done.assert_has(&["Your claim was sent"]);
        let own = jo.get("/w/claims").await;
        own.assert_has(&["This claim is yours"]);
        own.assert_lacks(&["value=\"confirm\""]);
        let mut ann = world.signed_in("Ann Colleague").await;
        ann.get("/w/today").await.assert_has(&["1 claim of a colleague"]);
        let claims = ann.get("/w/claims").await;
        claims.assert_has(&["Jo Worker", "Family name: Drummond", "every week"]);
        let confirmed = ann.submit(&claims, "/w/claims", &[]).await;
        confirmed.assert_has(&["The claim is confirmed"]);
        let results = world.search(&mut jo, "Drummond", MORAG).await;
        assert_eq!(results.status, StatusCode::OK);
        results.assert_has(&["Linked to you: direct care"]);
    }
}

/// Nothing that somebody wrote about a danger is lost without a word.
#[tokio::test]
async fn what_was_written_comes_back_where_the_form_is_too_old() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        let refusal = world.search(&mut jo, "Drummond", MORAG).await;
        let written = "She does not answer the door and her light is on";
        let ways = ["/w/emergency", "/w/claim", "/w/guardian"];
        let mut forms = vec![];
        for way in ways {
            forms.push((way, jo.get(&link(&refusal, &format!("{way}?"))).await));
        }
        let filled = [("reason", written), ("affirmed", "yes"), ("side", "should-share")];
        // First the session is kept alive elsewhere until the forms are too old; then it ends.
        world.clock.advance(jiff::SignedDuration::from_mins(25));
        assert_eq!(jo.get("/w/today").await.path, "/w/today");
        for (minutes, here) in [(25, "/w/today"), (31, "/sign-in")] {
            world.clock.advance(jiff::SignedDuration::from_mins(minutes));
            assert_eq!(jo.get("/w/today").await.path, here);
            for (way, form) in &forms {
                let answer = jo.submit(form, way, &filled).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{way}");
                answer.assert_has(&["We did not do anything", written]);
            }
        }
    }
}

#[tokio::test]
async fn an_emergency_opens_ends_and_is_checked() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        let path = format!("/w/p/{}?purpose=vital", world.morag);
        assert!(jo.get(&path).await.path.starts_with("/w/emergency?p="), "a reason comes first");
        let refusal = world.search(&mut jo, "Drummond", MORAG).await;
        let form = jo.get(&link(&refusal, "/w/emergency?")).await;
        form.assert_has(&["24 hours", "I believe that death or serious harm"]);
        form.assert_lacks(&["MORAG", "Made-up Road"]);
        let wrong = jo.submit(&form, "/w/emergency", &[("reason", "now")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let reason = "She does not answer the door and her light is on";
        // A call of twenty minutes: the page that is open goes on; what was wrong is shown anew.
        world.clock.advance(jiff::SignedDuration::from_mins(20));
        let missing = [("reason", reason), ("second", "yes")];
        let again = jo.submit(&form, "/w/emergency", &missing).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        again.assert_has(&[reason, "name=\"second\" value=\"yes\" checked"]);
        world.clock.advance(jiff::SignedDuration::from_mins(20));
        let filled = [("reason", reason), ("affirmed", "yes")];
        let seen = jo.submit(&again, "/w/emergency", &filled).await;
        assert_eq!(seen.path, path);
        seen.assert_has(&["DRUMMOND, MORAG", "Emergency access.", "24 hours left", "clause X1"]);
        let mut sam = world.signed_in("Sam Both").await;
        let choose = sam.get("/choose").await;
        let csrf = choose.hidden("/choose")[0].1.clone();
        let role = format!("csrf={csrf}&organisation=cec&role=ig.lead");
        sam.send(axum::http::Method::POST, "/choose", Some(&role)).await;
        let reviews = sam.get("/ig/reviews").await;
        reviews.assert_has(&["Jo Worker", reason]);
        reviews.assert_lacks(&["DRUMMOND", "Drummond"]);
        let one = sam.get(&link(&reviews, "/ig/reviews/")).await;
        let action = one.path.clone();
        let none = sam.submit(&one, &action, &[]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let filled = [("outcome", "justified"), ("reason", "shown")];
        let done = sam.submit(&one, &action, &filled).await;
        done.assert_has(&["The check is saved"]);
        sam.get("/ig/reviews").await.assert_has(&["No emergency access waits"]);
        let finish = format!("/w/p/{}/finish", world.morag);
        jo.submit(&seen, &finish, &[]).await.assert_has(&["Emergency access is finished"]);
        assert!(jo.get(&path).await.path.starts_with("/w/emergency?p="), "it is closed");
    }
}

#[tokio::test]
async fn the_person_reads_their_record_and_who_looked() {
    for world in worlds().await {
        let mut browser = world.signed_in("Morag Drummond").await;
        browser.get("/my").await.assert_has(&["Nobody has opened it yet", "Hide this page"]);
        let mut rao = world.signed_in("Dr Rao").await;
        let page = open_morag(&world, &mut rao).await;
        let looked = browser.get("/my/looked").await;
        looked.assert_has(&[
            "1 time",
            "Glen Medical Practice",
            "GP",
            "Today, 12:00pm",
            "To care for you or treat you",
            "your name and address",
            "Direct care: Glen Medical Practice",
            "clause D1",
        ]);
        let record = browser.get("/my/record").await;
        record.assert_has(&["MORAG DRUMMOND", "What has happened?", "Emergency visit", "NHS Glen"]);
        // The person's own look is no news to them.
        browser.get("/my/looked").await.assert_has(&["1 time"]);
        let own = receipts(&record.body.replace("<code class=\"care_code\">", "\n"));
        let looks = receipts(&browser.get("/my/receipts").await.body);
        let of_look = receipts(&page.body.replace("<code class=\"care_code\">", "\n"));
        assert_eq!(own.len(), 1, "{}", world.on.engine);
        assert!(!of_look.is_empty() && of_look.iter().all(|leaf| looks.contains(leaf)));
        assert!(!looks.contains(&own[0]), "an own visit stands on its own page");
    }
}

/// The leaves that the receipts in a text promise; each must be of this log.
fn receipts(text: &str) -> Vec<Hash> {
    let words = text.lines().filter_map(|line| line.split('<').next());
    let notes = words.filter_map(|word| ken_ledger::read_receipts(word).ok()).flatten();
    let log = log_key();
    notes.map(|note| Receipt::open(&note, log.verifier()).unwrap().leaf).collect()
}

#[tokio::test]
async fn operations_see_flow_and_reasons() {
    for world in worlds().await {
        let mut sam = world.sam_as("ops.hub").await;
        let hub = sam.get("/ops/hub").await;
        hub.assert_has(&["System trak", "hl7.no-header", "not an HL7 version 2 message"]);
        hub.assert_lacks(&["HELLO WORLD", "DRUMMOND"]);
        // Nothing is closed without a reason and its check page, and it is closed once.
        let held = link(&hub, "/ops/held/");
        let page = sam.get(&held).await;
        page.assert_lacks(&["HELLO WORLD", "DRUMMOND"]);
        let bare = sam.submit(&page, &held, &[("how", "by-hand")]).await;
        assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
        let filled = [("how", "by-hand"), ("reason", "It was a test of the line")];
        let check = sam.submit(&page, &held, &filled).await;
        check.assert_has(&["Check before you close it", "Nothing is filed"]);
        sam.get("/ops/hub").await.assert_has(&[&held]);
        let reason = [("reason", "It was a test of the line")];
        sam.submit(&check, &held, &reason).await.assert_has(&["It is closed"]);
        sam.submit(&check, &held, &reason).await.assert_has(&["It was closed before"]);
        sam.get("/ops/hub").await.assert_lacks(&[&held]);
        sam.get("/ops/match").await.assert_has(&["Identity to review"]);
    }
}

#[tokio::test]
async fn a_parcel_is_the_callers_own_and_ages() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        let refusal = world.search(&mut jo, "Drummond", MORAG).await;
        let path = refusal.path.clone();
        assert!(path.starts_with("/w/find/r/") && !path.contains("Drummond"));
        let mut ann = world.signed_in("Ann Colleague").await;
        assert_eq!(ann.get(&path).await.path, "/w/find", "another's parcel");
        assert_eq!(jo.get("/w/find/r/made-up").await.path, "/w/find");
        world.clock.advance(jiff::SignedDuration::from_mins(25));
        assert_eq!(jo.get(&path).await.path, path, "as long as a session may be silent");
        world.clock.advance(jiff::SignedDuration::from_mins(21));
        assert_eq!(jo.get(&path).await.path, "/w/find", "too old");
    }
}
