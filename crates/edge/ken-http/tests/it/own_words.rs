//! The person's own words: said on their own pages, and read beside the entry by whoever reads it.

use axum::http::{Method, StatusCode};
use ken_care::words;
use ken_core::{AccountId, Category, Ctx, PersonId, Sensitive};
use ken_sharing::Gate;
use ken_store::{Reads as _, Snapshot};
use ken_testkit::Databases;

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::world::{Hidden, World, worlds_with};

const ABOUT: &str = "/my/words/about";
const WORDS: &str = "It was the soap and not the tablets";

/// The first value of a hidden field after some words of a page.
fn after(page: &Answer, words: &str, field: &str) -> String {
    let (_, rest) = page.body.split_once(words).unwrap_or_else(|| panic!("no {words}"));
    let (_, rest) = rest.split_once(&format!("name=\"{field}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// The page on which something is said of the entry with this title.
async fn open(browser: &mut Browser, title: &str) -> Answer {
    let record = browser.get("/my/record").await;
    let (csrf, point) = (after(&record, title, "csrf"), after(&record, title, "point"));
    browser.send(Method::POST, ABOUT, Some(&format!("csrf={csrf}&point={point}"))).await
}

/// Morag says something of what the school wrote, and of nothing else.
pub(crate) async fn speak_of_school_record(on: &Databases, ctx: &Ctx<'_>, person: PersonId) {
    let (gate, account) = (Gate::default(), AccountId::draw(ctx.ids));
    let kind: Category = "education".parse().unwrap();
    let sources = ["primary"].map(|at| at.parse().unwrap()).into();
    let who = (account, person);
    let items = words::see(&on.db, ctx, &on.keys, &gate, who, (&kind, &sources)).await.unwrap();
    let seen = items.into_iter().find(|item| item.category == kind).and_then(|item| item.seen);
    let (text, helper) = ("CANARY collects, but only on Fridays".to_owned(), String::new());
    let (text, helper) = (Sensitive::new(text), Sensitive::new(helper));
    let how = words::How::Disagrees;
    let new = words::NewWords { person, account, how, text: &text, helper: &helper };
    words::say(&on.db, ctx, &on.keys, &seen.unwrap(), &new).await.unwrap().unwrap();
}

async fn count(world: &World, sql: &'static str) -> i64 {
    let read = async |s: &mut Snapshot| s.find(sql, &[], |row| row.int(0)).await;
    world.on.db.snapshot("test.count", read).await.unwrap().unwrap()
}

/// The points of every entry of anybody.
async fn points(world: &World) -> Vec<String> {
    let sql = "SELECT COALESCE(event_us, 0), resource_id FROM record_item ORDER BY resource_id";
    let row = |row: &ken_store::Row<'_>| Ok(format!("{}.{}", row.int(0)?, row.text(1)?));
    let read = async |s: &mut Snapshot| s.list(sql, &[], row).await;
    world.on.db.snapshot("test.points", read).await.unwrap()
}

#[tokio::test]
async fn words_are_read_with_the_entry_wherever_it_is_shown() {
    for world in worlds_with(Hidden::Nothing).await {
        let engine = world.on.engine;
        let mut morag = world.signed_in("Morag Drummond").await;
        let page = open(&mut morag, "Penicillin").await;
        page.assert_has(&["What do you want to say about this?", "Penicillin", "From NHS Glen"]);
        let none = morag.submit(&page, "/my/words", &[("words", WORDS)]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        none.assert_has(&["Choose one", WORDS, "Penicillin"]);
        let empty = morag.submit(&page, "/my/words", &[("how", "disagree")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        empty.assert_has(&["Write what you want to say"]);
        // Nobody agrees with what they have not read.
        let changed = page.filled("/my/words", &[("how", "agree")]).replace("seen=", "seen=x");
        let changed = morag.send(Method::POST, "/my/words", Some(&changed)).await;
        assert_eq!(changed.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        changed.assert_has(&["This has changed. Read it again"]);
        let filled = [("how", "disagree"), ("words", WORDS), ("called", "Effie, my sister")];
        let form = page.filled("/my/words", &filled);
        let (mut one, mut other) = (morag.clone(), morag.clone());
        let (one, other) = tokio::join!(
            one.send(Method::POST, "/my/words", Some(&form)),
            other.send(Method::POST, "/my/words", Some(&form))
        );
        one.assert_has(&["Your words are kept"]);
        assert_eq!(told(&one), told(&other), "{engine}: sent twice is once");
        assert_eq!(count(&world, "SELECT COUNT(*) FROM care_words").await, 1, "{engine}");
        morag.get("/my/words").await.assert_has(&["I do not agree", WORDS, "Effie, my sister"]);
        for own in ["/my/record", "/my/happened"] {
            morag.get(own).await.assert_has(&["You do not agree.", WORDS]);
        }
        // Each page and file that tells of the allergy tells what she says of it.
        let mut rao = world.signed_in("Dr Rao").await;
        let says = ["The person does not agree", WORDS, "Effie, my sister"];
        let person = format!("/w/p/{}", world.morag);
        let overview = rao.get(&format!("{person}?purpose=direct-care")).await;
        overview.assert_has(&says);
        assert_eq!(overview.body.matches(WORDS).count(), 2, "{engine}: the box and the event");
        let chronology = rao.get(&format!("{person}/chronology?purpose=direct-care")).await;
        chronology.assert_has(&says);
        let lanes = format!("{person}/chronology?purpose=direct-care&view=lanes");
        rao.get(&lanes).await.assert_has(&says);
        let copy = rao.submit(&chronology, &format!("{person}/chronology/copy"), &[]).await;
        copy.assert_has(&["what the person says of it", WORDS]);
        for name in ["Jo Worker", "Ms Teacher"] {
            let mut other = world.signed_in(name).await;
            let to = format!("{person}?purpose=direct-care");
            other.get(&to).await.assert_lacks(&[WORDS, "does not agree"]);
        }
    }
}

#[tokio::test]
async fn what_is_not_there_to_see_is_not_there_to_speak_of() {
    for world in worlds_with(Hidden::Something).await {
        let engine = world.on.engine;
        let mut morag = world.signed_in("Morag Drummond").await;
        let page = open(&mut morag, "Penicillin").await;
        let csrf = after(&page, "What do you want", "csrf");
        let nothing = "0190163d-8694-739b-aea5-966c26f8ad90";
        for point in ["", "x", &format!("1700000000000000.{nothing}")] {
            let form = format!("csrf={csrf}&point={point}");
            let none = morag.send(Method::POST, ABOUT, Some(&form)).await;
            assert_eq!(none.status, StatusCode::NOT_FOUND, "{engine}: {point}");
            let form = format!("{form}&step=say&how=disagree");
            let none = morag.send(Method::POST, "/my/words", Some(&form)).await;
            assert_eq!(none.status, StatusCode::NOT_FOUND, "{engine}: {point}");
        }
        // An entry that is there and kept from her answers like none.
        let before = points(&world).await;
        world.school_files("criminal", "CANARY of others").await;
        let there = points(&world).await;
        let kept = there.iter().find(|point| !before.contains(point)).unwrap();
        let mut answers = vec![];
        for point in [kept.as_str(), &format!("1700000000000000.{nothing}")] {
            for more in ["", "&step=say&how=disagree", "&step=say&how=disagree&words=No"] {
                let to = if more.is_empty() { ABOUT } else { "/my/words" };
                let form = format!("csrf={csrf}&point={point}{more}");
                answers.push(told(&morag.send(Method::POST, to, Some(&form)).await));
            }
        }
        let (kept, none) = answers.split_at(3);
        assert_eq!(kept, none, "{engine}");
        // What she said of the school's record is the school's and hers to read.
        let said = "only on Fridays";
        morag.get("/my/record").await.assert_has(&[said]);
        let person = format!("/w/p/{}", world.morag);
        let mut rao = world.signed_in("Dr Rao").await;
        rao.get(&format!("{person}?purpose=direct-care")).await.assert_lacks(&[said]);
        let mut teacher = world.signed_in("Ms Teacher").await;
        teacher.get(&format!("{person}?purpose=own-work")).await.assert_has(&[said]);
    }
}

#[tokio::test]
async fn a_person_writes_of_themselves_and_is_read_in_their_words() {
    for world in worlds_with(Hidden::Nothing).await {
        let engine = world.on.engine;
        let mut morag = world.signed_in("Morag Drummond").await;
        let page = morag.get("/my/words").await;
        page.assert_has(&["You have not written anything yet", "Glen Council (made up) keeps it"]);
        let none = morag.submit(&page, "/my/words", &[("words", WORDS)]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        none.assert_has(&["Choose what it is about", WORDS]);
        let filled = [("topic", "talk"), ("words", WORDS)];
        let form = page.filled("/my/words", &filled);
        for _ in 0..2 {
            let sent = morag.send(Method::POST, "/my/words", Some(&form)).await;
            sent.assert_has(&["Your words are kept"]);
        }
        assert_eq!(count(&world, "SELECT COUNT(*) FROM care_own").await, 1, "{engine}: once");
        morag.get("/my/words").await.assert_has(&["How to talk with me", WORDS]);
        morag.get("/my/record").await.assert_has(&["How to talk with me", WORDS]);
        let mut rao = world.signed_in("Dr Rao").await;
        let overview = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        overview.assert_has(&["In their words", WORDS]);
    }
}
