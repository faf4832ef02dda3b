//! Words beside a permit, from the outside: a look, what more is offered, the words, what they
//! show, the duty that follows, done and missed, the owner's list, and the ledger of it all.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use jiff::SignedDuration;
use ken_core::{Ctx, EntryId, PersonId};
use ken_ledger::Stream;
use ken_office::due;
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{self, NewRelationship};
use ken_store::timer::Runner;
use ken_store::{Reads as _, Row, Snapshot, Tx};
use ken_testkit::SeededIds;
use serde_json::Value;

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::story::link;
use crate::world::{Hidden, World, worlds, worlds_with};

const GIRFEC: &str = include_str!("../../../../../agreements/glen-girfec.toml");
const WORRY: &str = "She came to school in the dark, and was not met";
const WORDS: &str = "I look only at what this purpose needs.";
const TELL: &str = "Tell the person, or record why not";

/// Puts an organisation into the team around somebody.
async fn join_team(world: &World, person: PersonId, organisation: &str) {
    let ids = SeededIds::new(9);
    let ctx = Ctx::new(&*world.clock, &ids);
    let new = NewRelationship {
        person,
        kind: "girfec-team".to_owned(),
        organisation: organisation.parse().unwrap(),
        practitioner: None,
        grade: Grade::System,
        source: organisation.parse().unwrap(),
        until: None,
    };
    world
        .on
        .db
        .write("test.team", async |tx: &mut Tx| {
            let guard = tx.lock_people(&BTreeSet::from([person])).await?;
            relationship::record(tx, &ctx, &world.on.keys, &new).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        })
        .await
        .unwrap();
}

/// What stands on the ledger about somebody or of an organisation, the oldest first.
async fn stood(world: &World, stream: &Stream) -> Vec<(String, Value)> {
    let sql = "SELECT entry_id, kind FROM ledger_entry ORDER BY at_us, entry_id";
    let row = |row: &Row<'_>| Ok((row.parse::<EntryId>(0)?, row.text(1)?));
    let read = async |s: &mut Snapshot| {
        let mut entries = vec![];
        for (id, kind) in s.list(sql, &[], row).await? {
            let entry = ken_ledger::entry(s, &world.on.keys, stream, id).await?;
            entries.extend(entry.and_then(|of| of.detail).map(|detail| (kind, detail)));
        }
        Ok::<_, ken_ledger::Error>(entries)
    };
    world.on.db.snapshot("test.entries", read).await.unwrap()
}

/// The team around Morag is the doctor's practice; whether the school was worried is up to `world`.
async fn team(world: &World) -> (Browser, String) {
    world.agree(GIRFEC).await;
    join_team(world, world.morag, "practice").await;
    let rao = world.signed_in("Dr Rao").await;
    (rao, format!("/w/p/{}?purpose=girfec-wellbeing", world.morag))
}

/// Affirms what a person's page offers; the page after.
async fn affirm(world: &World, browser: &mut Browser, page: &Answer) -> Answer {
    let action = format!("/w/p/{}/affirm", world.morag);
    let words =
        browser.get(&link(page, &format!("{action}?purpose=girfec-wellbeing&amp;clause="))).await;
    words.assert_has(&["Before you see more", WORDS, TELL, "5 working days"]);
    let unticked = browser.submit(&words, &action, &[]).await;
    assert_eq!(unticked.status, StatusCode::UNPROCESSABLE_ENTITY);
    unticked.assert_has(&["Affirm the words, or go back", WORDS]);
    browser.submit(&words, &action, &[("affirmed", "yes")]).await
}

/// What a process's timers do.
async fn run_timers(world: &World) {
    let ids = SeededIds::new(11);
    let ctx = Ctx::new(&*world.clock, &ids);
    let handlers = due::handlers(&world.on.keys);
    let runner = handlers.into_iter().fold(Runner::default(), Runner::with);
    runner.run_once(&world.on.db, ctx).await.unwrap();
}

fn clauses(detail: &Value) -> Vec<String> {
    let from = detail["from"].as_object().into_iter().flatten();
    let of = from.filter_map(|(_, said)| said["clauses"].as_object());
    let mut all: Vec<_> = of.flat_map(|of| of.keys().cloned()).collect();
    all.sort();
    all.dedup();
    all.into_iter().filter_map(|id| Some(id.rsplit_once('#')?.1.to_owned())).collect()
}

/// What the looks of the story say on the ledger. The clock stands still, so what was affirmed
/// tells the entries apart.
async fn assert_looks_stand(world: &World) {
    let entries = stood(world, &Stream::Person(world.morag)).await;
    for (words, cited) in [(0, &["W1"][..]), (1, &["W1", "W2"])] {
        let looks = entries.iter().filter(|(kind, of)| {
            kind == "permit"
                && of["purpose"] == "girfec-wellbeing"
                && of["attested"].as_array().map(Vec::len) == Some(words)
        });
        let looks: Vec<&Value> = looks.map(|(_, detail)| detail).collect();
        assert!(!looks.is_empty(), "{words} words: {entries:?}");
        for look in looks {
            assert_eq!(clauses(look), cited, "{look}");
            let offered = look["from"]["primary"]["offered"].as_object().unwrap();
            let short = |id: &String| id.rsplit('#').next().unwrap().to_owned();
            let offered: Vec<_> = offered.keys().map(short).collect();
            assert_eq!(offered, if words == 0 { vec!["W2"] } else { vec![] }, "{look}");
        }
    }
}

/// The duty of a look is open; it is done, and she is not told, for a reason.
async fn fulfil(world: &World, rao: &mut Browser) {
    let today = rao.get("/w/today").await;
    today.assert_has(&[TELL]);
    let duty = rao.get(&link(&today, "/w/duties/")).await;
    duty.assert_has(&[TELL, "clause W2", "Open the record"]);
    let (action, reason) = (duty.path.clone(), "Telling her now would put a sister at risk");
    let none = rao.submit(&duty, &action, &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = rao.submit(&duty, &action, &[("told", "exempt"), ("reason", reason)]).await;
    done.assert_has(&["It is noted"]);
    rao.get("/w/today").await.assert_lacks(&[TELL]);
    let entries = stood(world, &Stream::Person(world.morag)).await;
    let (_, done) = entries.iter().find(|(kind, _)| kind == "duty").unwrap();
    assert_eq!((&done["done"], &done["exempt"]), (&true.into(), &reason.into()));
}

/// Nobody does the open duty in time: it is on the owner's ledger and list, and done late.
async fn miss(world: &World) {
    let owner = Stream::Organisation("practice".parse().unwrap());
    let missed = async || {
        let entries = stood(world, &owner).await;
        entries.iter().filter(|(kind, of)| kind == "duty" && of["missed"] == true).count()
    };
    run_timers(world).await;
    assert_eq!(missed().await, 0, "it is not late yet");
    world.clock.advance(SignedDuration::from_hours(24 * 10));
    run_timers(world).await;
    run_timers(world).await;
    assert_eq!(missed().await, 1, "{}", world.on.engine);
    let mut rao = world.signed_in("Dr Rao").await;
    rao.get("/w/today").await.assert_has(&[TELL, "Late"]);
    let mut gil = world.signed_in("Gil Governs").await;
    let due = gil.get("/ig").await;
    due.assert_has(&["After something was shared", "Dr Rao"]);
    due.assert_lacks(&["DRUMMOND", WORRY]);
    gil.submit(&due, "/ig", &[]).await.assert_has(&["It is noted as done"]);
    gil.get("/ig").await.assert_has(&["Nobody in your organisation owes anything"]);
    rao.get("/w/today").await.assert_lacks(&[TELL]);
}

#[tokio::test]
async fn words_open_more_and_a_duty_follows_that_is_done_or_missed() {
    for world in worlds().await {
        world.school_files("concern", WORRY).await;
        let (mut rao, path) = team(&world).await;
        let page = rao.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        page.assert_has(&["DRUMMOND, MORAG", "clause W1", "What you could see as well"]);
        page.assert_has(&["clause W2", WORDS, TELL, "whether or not anything is held"]);
        page.assert_lacks(&[WORRY]);
        rao.get("/w/today").await.assert_lacks(&[TELL]);

        let seen = affirm(&world, &mut rao, &page).await;
        assert_eq!(seen.path, path);
        seen.assert_has(&[WORRY, "clause W1", "clause W2"]);
        seen.assert_lacks(&["What you could see as well"]);
        assert_looks_stand(&world).await;
        fulfil(&world, &mut rao).await;

        // The next look owes again.
        rao.get(&path).await.assert_has(&[WORRY]);
        rao.get("/w/today").await.assert_has(&[TELL]);
        miss(&world).await;
    }
}

#[tokio::test]
async fn what_is_offered_does_not_say_whether_it_is_held() {
    let held = worlds_with(Hidden::Nothing).await;
    let not_held = worlds_with(Hidden::Nothing).await;
    for (with, without) in held.iter().zip(&not_held) {
        with.school_files("concern", WORRY).await;
        let (mut one, path) = team(with).await;
        let (mut other, same) = team(without).await;
        let (page, bare) = (one.get(&path).await, other.get(&same).await);
        page.assert_has(&["What you could see as well"]);
        assert_eq!(told(&page), told(&bare), "{}", with.on.engine);
        let (after, empty) =
            (affirm(with, &mut one, &page).await, affirm(without, &mut other, &bare).await);
        after.assert_has(&[WORRY]);
        empty.assert_lacks(&[WORRY]);
        assert_ne!(told(&after), told(&empty), "the comparison is blind");
    }
}

#[tokio::test]
async fn words_of_a_clause_that_offers_nothing_are_not_taken() {
    for world in worlds().await {
        let (mut rao, path) = team(&world).await;
        let page = rao.get(&path).await;
        let csrf = page.hidden("/sign-out")[0].1.clone();
        let action = format!("/w/p/{}/affirm", world.morag);
        // Another clause, one that is not there, and an emergency's words: all lead back.
        for clause in ["W1", "none%23W2", "X1"] {
            let asked = format!("{action}?purpose=girfec-wellbeing&clause={clause}");
            assert_eq!(rao.get(&asked).await.path, path, "{clause}");
            let form = format!("csrf={csrf}&purpose=girfec-wellbeing&clause={clause}&affirmed=yes");
            let sent = rao.send(axum::http::Method::POST, &action, Some(&form)).await;
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{clause}");
        }
        let count = "SELECT COUNT(*) FROM affirmation";
        let read = async |s: &mut Snapshot| s.find(count, &[], |row| row.int(0)).await;
        let kept = world.on.db.snapshot("test.count", read).await.unwrap();
        assert_eq!(kept, Some(0), "{}", world.on.engine);
    }
}
