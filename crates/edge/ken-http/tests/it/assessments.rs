//! Assessments and plans: drafted, checked, signed, read by whoever may, and by nobody else.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use ken_core::{Ctx, PersonId};
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::together;
use ken_store::Tx;
use ken_testkit::SeededIds;

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::world::{NUMBER, World, worlds};

pub(crate) const VIEWS: &str = "I want to stay in my own house";
/// What an adult assessment must tell.
pub(crate) const WHOLE: [(&str, &str); 10] = [
    ("views", VIEWS),
    ("life", "She sees her sister on Sundays"),
    ("daily", "Needs help with the bath"),
    ("health-none", "The practice knows"),
    ("people", "Her sister Effie"),
    ("risk", "The stairs"),
    ("outcomes-1-what", "A bath without fear"),
    ("process", "We listened twice, and she decided"),
    ("change-none", "It is the first time that we meet"),
    ("review", "31 1 2040"),
];

pub(crate) fn list(world: &World) -> String {
    format!("/w/p/{}/assessments?purpose=direct-care", world.morag)
}

pub(crate) fn new(world: &World) -> String {
    format!("/w/p/{}/assessments/new", world.morag)
}

pub(crate) async fn open(world: &World, browser: &mut Browser) -> Answer {
    let to = format!("{}?form=adult-assessment&purpose=direct-care", new(world));
    browser.get(&to).await
}

/// Fills the adult assessment in, checks it, and signs it.
pub(crate) async fn sign(world: &World, browser: &mut Browser, filled: &[(&str, &str)]) -> Answer {
    let page = open(world, browser).await;
    let check = browser.submit(&page, &new(world), filled).await;
    check.assert_has(&["Check before you sign"]);
    let signed = browser.submit(&check, &new(world), &[]).await;
    signed.assert_has(&["It is signed"]);
    signed
}

/// The address of the page that a link with these words leads to.
pub(crate) fn link(page: &Answer, words: &str) -> String {
    let (before, _) = page.body.split_once(words).unwrap();
    let (_, href) = before.rsplit_once("href=\"").unwrap();
    href.split('"').next().unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn an_assessment_is_drafted_checked_signed_and_read() {
    for world in worlds().await {
        let engine = world.on.engine;
        let numbers = format!("77^^^TRAK^MR~{NUMBER}~0203481127^^^CHI^NI");
        let morag = "DRUMMOND^MORAG||19480302|F|||1 Made-up Road^^Glen^^ZZ99 9ZZ";
        world.hear("80", &format!("{numbers}||{morag}")).await;
        let mut rao = world.signed_in("Dr Rao").await;
        let empty = rao.get(&list(&world)).await;
        empty.assert_has(&["does not mean that there is none", "Adult assessment", "plan"]);
        let page = open(&world, &mut rao).await;
        // Whom it is about stands above each page on which one writes, with their number.
        page.assert_has(&["DRUMMOND", "020348 1127", "What the person says", "To do"]);
        // Half of it: what was typed is kept, and what is missing is said.
        let half = rao.submit(&page, &new(&world), &[("views", VIEWS)]).await;
        assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        half.assert_has(&["There is a problem", VIEWS, "answer it, or say why there is nothing"]);
        rao.get(&list(&world)).await.assert_has(&["go on with your draft"]);
        open(&world, &mut rao).await.assert_has(&[VIEWS, "Your draft is saved"]);
        let check = rao.submit(&half, &new(&world), &WHOLE).await;
        check.assert_has(&[
            "Check before you sign",
            "DRUMMOND",
            VIEWS,
            "why there is nothing here",
            "Who will see it",
            "NHS Glen",
            "Ward nurse",
            "Duty social worker",
            "You sign as",
        ]);
        check.assert_lacks(&["A&amp;E clinician"]);
        let (form, to) = (check.filled(&new(&world), &[]), new(&world));
        let (mut one, mut other) = (rao.clone(), rao.clone());
        let (one, other) = tokio::join!(
            one.send(Method::POST, &to, Some(&form)),
            other.send(Method::POST, &to, Some(&form))
        );
        one.assert_has(&["It is signed"]);
        assert_eq!(told(&one), told(&other), "{engine}: sent twice is once");
        let all = rao.get(&list(&world)).await;
        all.assert_has(&[
            "DRUMMOND",
            "Adult assessment, ",
            "Dr Rao, GP, Glen Medical Practice",
            "Latest",
        ]);
        all.assert_lacks(&["Earlier", "go on with your draft"]);
        let read = rao.get(&link(&one, "Read it")).await;
        read.assert_has(&[VIEWS, "A bath without fear", "Glen Medical Practice"]);
        read.assert_lacks(&["What has changed"]);
        let mut morag = world.signed_in("Morag Drummond").await;
        morag.get("/my/record").await.assert_has(&["Adult assessment", VIEWS, "The stairs"]);
    }
}

#[tokio::test]
async fn a_later_one_says_what_has_changed() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        sign(&world, &mut rao, &WHOLE).await;
        world.clock.advance(jiff::SignedDuration::from_secs(1));
        let mut later = WHOLE;
        later[0].1 = "I want to stay in my sister's house";
        let signed = sign(&world, &mut rao, &later).await;
        let read = rao.get(&link(&signed, "Read it")).await;
        read.assert_has(&["What has changed since", "removed: </span>own", "added: </span>sister"]);
        rao.get(&list(&world)).await.assert_has(&["Latest", "Earlier"]);
    }
}

#[tokio::test]
async fn a_plan_is_read_with_its_goals_and_actions() {
    let filled = [
        ("views-none", "He is asleep whenever we come"),
        ("parents", "His mother wants help at night"),
        ("needs", "Nurtured"),
        ("goals-1-what", "Everybody sleeps"),
        ("actions-1-what", "A night sitter"),
        ("actions-1-who", "The practice"),
        ("actions-1-when", "on Monday"),
        ("lead", "Dr Rao, the practice"),
        ("review", "31 1 2040"),
    ];
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let to = format!("{}?form=childs-plan&purpose=direct-care", new(&world));
        let page = rao.get(&to).await;
        let check = rao.submit(&page, &new(&world), &filled).await;
        let signed = rao.submit(&check, &new(&world), &[]).await;
        let says = ["Everybody sleeps", "A night sitter; The practice; on Monday"];
        let read = rao.get(&link(&signed, "Read it")).await;
        read.assert_has(&says);
        // What a parent said is apart, and the person does not read it by themselves.
        read.assert_lacks(&["at night"]);
        let all = rao.get(&list(&world)).await;
        rao.get(&link(&all, "plan: about others")).await.assert_has(&["at night"]);
        let overview = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        overview.assert_has(&["Assessments and plans", "Child's plan", "active"]);
        let mut morag = world.signed_in("Morag Drummond").await;
        let own = morag.get("/my/record").await;
        own.assert_has(&says);
        own.assert_lacks(&["at night", "about others"]);
    }
}

#[tokio::test]
async fn what_was_typed_comes_back_where_the_words_have_run_out() {
    let typed = "He wants to go home and sleep in his own bed";
    for world in worlds().await {
        let engine = world.on.engine;
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        let words = bea.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        let action = format!("/w/p/{}/affirm", world.morag);
        bea.submit(&words, &action, &[("affirmed", "yes")]).await;
        let to = format!("{}?form=childs-plan&purpose=direct-care", new(&world));
        let page = bea.get(&to).await;
        world.clock.advance(jiff::SignedDuration::from_mins(31));
        let answer = bea.submit(&page, &new(&world), &[("views", typed)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{engine}");
        answer.assert_has(&["It is kept nowhere but here", typed]);
    }
}

#[tokio::test]
async fn nothing_is_signed_but_what_was_seen() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let page = open(&world, &mut rao).await;
        let check = rao.submit(&page, &new(&world), &WHOLE).await;
        world.clock.advance(jiff::SignedDuration::from_secs(1));
        // In another window the draft becomes another one.
        let other = [("step", "save"), ("views", "Something else")];
        let old = rao.submit(&page, &new(&world), &other).await;
        assert_eq!(old.status, StatusCode::CONFLICT, "an old page takes nothing's place");
        old.assert_has(&["Another page of yours", "Something else"]);
        let saved = rao.submit(&old, &new(&world), &other).await;
        saved.assert_has(&["Your draft is saved"]);
        let answer = rao.submit(&check, &new(&world), &[]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        answer.assert_has(&["Nothing was signed"]);
        rao.get(&list(&world)).await.assert_has(&["does not mean that there is none"]);
        let discard = page.filled(&new(&world), &[("step", "discard")]);
        rao.send(Method::POST, &new(&world), Some(&discard)).await;
        open(&world, &mut rao).await.assert_lacks(&["Something else", "Your draft is saved"]);
    }
}

#[tokio::test]
async fn whoever_may_not_read_it_neither_writes_it_nor_learns_of_it() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let signed = sign(&world, &mut rao, &WHOLE).await;
        let page = open(&world, &mut rao).await;
        let item = link(&signed, "Read it");
        let no_such = format!(
            "/w/p/{}/assessments/0190163d-8694-739b-aea5-966c26f8ad90?purpose=direct-care",
            world.morag
        );
        assert_eq!(rao.get(&no_such).await.status, StatusCode::NOT_FOUND, "{engine}");
        let to = format!("{}?form=adult-assessment&purpose=direct-care", new(&world));
        for name in ["Jo Worker", "Ms Teacher"] {
            let mut other = world.signed_in(name).await;
            let refused =
                other.get(&format!("/w/p/{}/team?purpose=direct-care", world.morag)).await;
            for path in [&list(&world), &item, &no_such, &to] {
                let answer = other.get(path).await;
                assert_eq!(told(&answer), told(&refused), "{engine}: {name} {path}");
            }
            let own = other.get("/").await.hidden("/sign-out")[0].1.clone();
            let mut form = format!("csrf={own}&purpose=direct-care&form=adult-assessment");
            for (field, text) in WHOLE {
                form = format!("{form}&{field}={}", text.replace(' ', "+"));
            }
            let empty = format!("csrf={own}&purpose=direct-care&form=adult-assessment&step=sign");
            let answer = other.send(Method::POST, &new(&world), Some(&empty)).await;
            assert_eq!(told(&answer), told(&refused), "{engine}: {name}");
            for step in ["", "&step=save", "&step=sign&seen=1"] {
                let sent = format!("{form}{step}");
                // What they typed goes back to them, and it is kept nowhere.
                let answer = other.send(Method::POST, &new(&world), Some(&sent)).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{engine}: {name} {step}");
                answer.assert_has(&["It is kept nowhere but here", VIEWS]);
            }
        }
        // Nor does what they sent stand anywhere.
        page.assert_lacks(&["Your draft is saved"]);
        let all = rao.get(&list(&world)).await;
        assert_eq!(all.body.matches("Adult assessment, ").count(), 1, "{engine}");
    }
}

/// The practice cares for somebody too, who is said to be Morag.
async fn join(world: &World, other: PersonId) {
    let ids = SeededIds::new(91);
    let ctx = Ctx::new(&*world.clock, &ids);
    let new = NewRelationship {
        person: other,
        kind: "direct-care".to_owned(),
        organisation: "practice".parse().unwrap(),
        practitioner: None,
        grade: Grade::System,
        source: "practice".parse().unwrap(),
        until: None,
    };
    let joined = world.on.db.write("test.join", async |tx: &mut Tx| {
        let guard = together::lock(tx, &BTreeSet::from([world.morag, other])).await?;
        relationship::record(tx, &ctx, &world.on.keys, &new).await?;
        together::join(tx, &guard, world.morag, other).await?;
        guard.bump(tx).await?;
        Ok::<_, ken_sharing::Error>(())
    });
    joined.await.unwrap();
}

#[tokio::test]
async fn it_is_written_where_the_number_of_its_organisation_stands() {
    const OTHER: &str = "90^^^TRAK^MR||TAIT^UNA||19610711|F|||7 Made-up Road^^Glen^^ZZ99 9ZZ";
    for world in worlds().await {
        let engine = world.on.engine;
        world.hear("una", OTHER).await;
        let una = world.person("Tait", "1961-07-11").await.unwrap();
        join(&world, una).await;
        let mut rao = world.signed_in("Dr Rao").await;
        // The practice's number is Morag's: whoever comes by the other id is led there.
        let by_una = format!("/w/p/{una}/assessments");
        let led = rao.get(&format!("{by_una}/new?form=adult-assessment&purpose=direct-care")).await;
        assert!(led.path.starts_with(&new(&world)), "{engine}: {}", led.path);
        let check = rao.submit(&led, &new(&world), &WHOLE).await;
        // Nor is it signed elsewhere by a form of another page.
        let stray = check.filled(&new(&world), &[]);
        let stray = rao.send(Method::POST, &format!("{by_una}/new"), Some(&stray)).await;
        stray.assert_lacks(&["It is signed"]);
        // A second number of the practice's is Morag's too: it is still one id.
        let morag = "14^^^GP^MR~9990000018^^^NHSNBR^NH||DRUMMOND^MORAG||19480302|F|||\
            1 Made-up Road^^Glen^^ZZ99 9ZZ";
        world.hear_from("GP", "second", morag).await;
        let again = format!("{by_una}/new?form=adult-assessment&purpose=direct-care");
        assert!(rao.get(&again).await.path.starts_with(&new(&world)), "{engine}");
        rao.submit(&check, &new(&world), &[]).await.assert_has(&["It is signed"]);
    }
}

#[tokio::test]
async fn what_was_written_goes_with_the_number_of_its_organisation_and_comes_back() {
    const OTHER: &str = "13^^^GP^MR||TAIT^UNA||19610711|F|||7 Made-up Road^^Glen^^ZZ99 9ZZ";
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        sign(&world, &mut rao, &WHOLE).await;
        world.hear_of("GP", "una", "ADT^A28^ADT_A05", OTHER).await;
        let una = world.person("Tait", "1961-07-11").await.unwrap();
        let of_una = format!("/w/p/{una}/assessments?purpose=direct-care");
        rao.get(&of_una).await.assert_lacks(&["Adult assessment, "]);
        let merged = format!("{OTHER}\rMRG|12^^^GP^MR");
        world.hear_of("GP", "merge", "ADT^A40^ADT_A39", &merged).await;
        rao.get(&of_una).await.assert_has(&["Adult assessment, "]);
        rao.get(&list(&world)).await.assert_lacks(&["Adult assessment, "]);
        let mut sam = world.sam_as("ops.hub").await;
        let listed = sam.get("/ops/merges").await;
        let (_, rest) = listed.body.split_once("href=\"/ops/merges/").unwrap();
        let way = format!("/ops/merges/{}", rest.split('"').next().unwrap());
        let page = sam.get(&way).await;
        let filled = [("reason", "Another patient's number was typed")];
        sam.submit(&page, &way, &filled).await.assert_has(&["The merge is taken back"]);
        rao.get(&of_una).await.assert_lacks(&["Adult assessment, "]);
        let back = rao.get(&list(&world)).await;
        assert!(back.body.contains("Adult assessment, "), "{engine}:\n{}", back.body);
    }
}
