//! What a person takes away: all that they may read here in one file that opens anywhere, that
//! whoever holds the log's key can check byte by byte, and of which no byte tells what is withheld.

use axum::http::{Method, StatusCode, header};
use ken_ledger::{Files, RECEIPTS_FILE, Trust, Vouched, verify_extract};
use ken_testkit::renamed;
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::choices::say;
use crate::chronology::{TOLD, file, permitted};
use crate::world::{Hidden, World, log_key, worlds, worlds_with};

const ADDRESS: &str = "/my/take-away";
/// Every name, in order.
const NAMES: [&str; 6] = [
    "README.txt",
    "receipts.txt",
    "record.html",
    "record.json",
    "who-looked.html",
    "who-looked.json",
];

fn trust() -> Trust {
    Trust::parse(&format!("log {}\n", log_key().verifier())).unwrap()
}

/// What the log vouches for in a file that was sent.
fn vouched(answer: &Answer) -> Vouched {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    verify_extract(&answer.bytes, &trust()).unwrap()
}

fn text(files: &Files, name: &str) -> String {
    String::from_utf8(files[name].clone()).unwrap()
}

fn json_of(files: &Files, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap()
}

async fn take(browser: &mut Browser) -> Answer {
    let page = browser.get(ADDRESS).await;
    browser.submit(&page, ADDRESS, &[]).await
}

/// Dr Rao reads Morag's record.
async fn look(world: &World) {
    let mut rao = world.signed_in("Dr Rao").await;
    let record = format!("/w/p/{}?purpose=direct-care", world.morag);
    rao.get(&record).await.assert_has(&["Penicillin"]);
}

#[tokio::test]
async fn the_person_takes_away_what_they_may_read_with_proofs() {
    for world in worlds().await {
        let engine = world.on.engine;
        file(&world, 81, &TOLD).await;
        world.school_files("criminal", "CANARY of others").await;
        look(&world).await;
        let mut morag = world.signed_in("Morag Drummond").await;
        morag.get("/my/record").await.assert_has(&["href=\"/my/take-away\""]);
        let page = morag.get(ADDRESS).await;
        page.assert_has(&["Who opens this file can read all of it", "Law or safety may keep"]);
        let answer = morag.submit(&page, ADDRESS, &[]).await;
        let Vouched { files, receipts, .. } = vouched(&answer);
        let head = |name: &header::HeaderName| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(head(&header::CONTENT_TYPE), "application/zip", "{engine}");
        assert_eq!(head(&header::CONTENT_DISPOSITION), "attachment; filename=\"my-record.zip\"");
        assert_eq!(head(&header::CACHE_CONTROL), "private, no-store", "{engine}");
        assert_eq!(files.keys().collect::<Vec<_>>(), NAMES, "{engine}");
        let record = text(&files, "record.html");
        for want in ["Fell at home", "Visit by the team", "Letter", "Penicillin", "Made-up Road"] {
            assert!(record.contains(want), "{engine}: {want}: {record}");
        }
        let bundle = json_of(&files, "record.json");
        assert_eq!(
            (&bundle["resourceType"], &bundle["type"]),
            (&json!("Bundle"), &json!("collection"))
        );
        let kinds: Vec<_> = bundle["entry"].as_array().unwrap().iter().collect();
        let is = |kind: &str| kinds.iter().any(|one| one["resource"]["resourceType"] == kind);
        assert!(is("Patient") && is("AllergyIntolerance") && is("DocumentReference"), "{bundle}");
        let looks = json_of(&files, "who-looked.json");
        let practice = looks["looks"].as_array().unwrap().iter();
        let practice = practice.filter(|one| one["organisation"] == "Glen Medical Practice");
        let practice: Vec<_> = practice.collect();
        assert_eq!(practice.len(), 1, "{engine}: {looks}");
        let words = practice[0]["receipts"].as_array().unwrap();
        assert!(!words.is_empty() && receipts.len() > words.len(), "{engine}: and of this copy");
        let file = text(&files, RECEIPTS_FILE);
        assert!(words.iter().all(|word| file.contains(word.as_str().unwrap())), "{engine}");
        assert!(text(&files, "who-looked.html").contains("Glen Medical Practice"), "{engine}");
        for (name, bytes) in &files {
            let text = String::from_utf8(bytes.clone()).unwrap();
            // Whoever wrote or reported it, and what is of others.
            assert!(!text.contains("By-") && !text.contains("CANARY of others"), "{name}: {text}");
        }
        let last = permitted(&world).await.pop().unwrap();
        assert_eq!((&last["action"], &last["purpose"]), (&json!("export"), &json!("own-record")));
    }
}

#[tokio::test]
async fn what_is_withheld_changes_no_byte_of_what_is_taken_away() {
    let (with, without) = (worlds_with(Hidden::Nothing).await, worlds_with(Hidden::Nothing).await);
    for (with, without) in with.iter().zip(&without) {
        let engine = with.on.engine;
        for world in [with, without] {
            file(world, 82, &TOLD).await;
            look(world).await;
        }
        // In one world others said that she is at risk, a doctor looked again and again, and the
        // school and the council know what is not for her to read.
        say(with, with.morag, "at-risk").await;
        for _ in 0..3 {
            look(with).await;
        }
        let days = ["2026-10-03", "2026-06-15", "2026-03-02", "1999-01-01"];
        let hidden: Vec<_> = (0..40).map(|n| format!("H{n}-Fell at home")).collect();
        let hidden: Vec<_> = hidden.iter().zip(days.iter().cycle()).collect();
        let hidden: Vec<_> =
            hidden.iter().map(|(what, day)| ("cec", "criminal", what.as_str(), **day)).collect();
        file(with, 83, &hidden).await;
        with.school_files("third-party", "CANARY of a neighbour").await;
        let mut taken = vec![];
        for world in [with, without] {
            let mut morag = world.signed_in("Morag Drummond").await;
            taken.push(take(&mut morag).await);
        }
        let [one, other] = &taken[..] else { panic!("two worlds") };
        assert_eq!(one.bytes.len(), other.bytes.len(), "{engine}: the length tells");
        let (one, other) = (vouched(one), vouched(other));
        assert_eq!(one.receipts.len(), other.receipts.len(), "{engine}");
        assert_eq!(one.made_at_s, other.made_at_s, "{engine}");
        for name in NAMES {
            let [one, other] = [&one, &other].map(|of| renamed(&text(&of.files, name)));
            assert_eq!(one, other, "{engine}: {name}");
        }
        // The same file does tell what may be read.
        file(with, 84, &[("cec", "chronology", "E4-Call", "2026-06-15")]).await;
        let mut morag = with.signed_in("Morag Drummond").await;
        let more = vouched(&take(&mut morag).await);
        let changed =
            |name: &str| renamed(&text(&more.files, name)) != renamed(&text(&other.files, name));
        assert!(changed("record.html") && changed("record.json"), "{engine}: the test is blind");
    }
}

/// A copy is a look each time: it makes nothing, so whoever sends the form twice has it twice.
#[tokio::test]
async fn what_is_taken_away_twice_at_once_is_the_same_and_each_is_on_the_ledger() {
    for world in worlds_with(Hidden::Nothing).await {
        let engine = world.on.engine;
        let exports = async || {
            let all = permitted(&world).await;
            all.iter().filter(|of| of["action"] == "export").count()
        };
        let mut morag = world.signed_in("Morag Drummond").await;
        let form = morag.get(ADDRESS).await.filled(ADDRESS, &[]);
        let (mut one, mut other) = (morag.clone(), morag.clone());
        let (one, other) = tokio::join!(
            one.send(Method::POST, ADDRESS, Some(&form)),
            other.send(Method::POST, ADDRESS, Some(&form))
        );
        let exported = exports().await;
        let (one, other) = (vouched(&one), vouched(&other));
        for name in NAMES {
            let [one, other] = [&one, &other].map(|of| renamed(&text(&of.files, name)));
            assert_eq!(one, other, "{engine}: {name}");
        }
        vouched(&take(&mut morag).await);
        let both = (exports().await, exported % 2);
        assert_eq!(both, (exported + exported / 2, 0), "{engine}: each is a look");
        // Nobody takes away what is another's, and nobody without the form.
        let bare = morag.send(Method::POST, ADDRESS, Some("")).await;
        assert_eq!(bare.status, StatusCode::FORBIDDEN, "{engine}");
        let mut rao = world.signed_in("Dr Rao").await;
        assert_ne!(rao.send(Method::GET, ADDRESS, None).await.status, StatusCode::OK, "{engine}");
    }
}
