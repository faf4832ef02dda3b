//! What was signed becomes another version, each version is read by whoever may read the item, and
//! nobody is asked twice for what they may read already.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode, header};
use jiff::SignedDuration;

use crate::assessments::{VIEWS, WHOLE, link, list, new, open, sign};
use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::world::{World, worlds};

const LATER: &str = "I want to stay in my sister's house";
/// What a child's plan must tell.
const PLAN: [(&str, &str); 7] = [
    ("views", "I like the garden"),
    ("parents", "His mother wants help at night"),
    ("needs", "Nurtured"),
    ("goals-1-what", "Everybody sleeps"),
    ("actions-1-what", "A night sitter"),
    ("lead", "Dr Rao, the practice"),
    ("review", "31 1 2040"),
];

fn begin(world: &World) -> String {
    format!("/w/p/{}/assessments/begin", world.morag)
}

/// What is typed over what was begun, checked and signed.
async fn signed(
    world: &World,
    browser: &mut Browser,
    (page, typed): (&Answer, &[(&str, &str)]),
) -> Answer {
    let check = browser.submit(page, &new(world), typed).await;
    check.assert_has(&["Check before you sign"]);
    browser.submit(&check, &new(world), &[]).await
}

/// Signs the assessment, and a second version of it in which the person says something else.
async fn twice(world: &World, rao: &mut Browser) -> String {
    let first = sign(world, rao, &WHOLE).await;
    let item = link(&first, "Read it");
    world.clock.advance(SignedDuration::from_secs(1));
    let read = rao.get(&item).await;
    let page = rao.submit(&read, &begin(world), &[]).await;
    page.assert_has(&["It becomes a new version", VIEWS, "A bath without fear", "31 1 2040"]);
    page.assert_has(&["Answered before: Adult assessment, ", "Check that it still holds"]);
    let mut later = WHOLE;
    later[0].1 = LATER;
    let again = signed(world, rao, (&page, &later)).await;
    again.assert_has(&["It is signed"]);
    assert_eq!(link(&again, "Read it"), item, "{}: the same item", world.on.engine);
    item
}

/// The address of the versions of an item.
fn versions(item: &str) -> String {
    item.replace('?', "/versions?")
}

#[tokio::test]
async fn a_later_version_is_read_first_and_the_earlier_one_stands_beside_it() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let item = twice(&world, &mut rao).await;
        let all = rao.get(&list(&world)).await;
        assert_eq!(all.body.matches("Adult assessment, ").count(), 1, "{engine}: one item");
        all.assert_has(&["Latest", "31 Jan 2040"]);
        all.assert_lacks(&["Earlier", "Overdue"]);
        let read = rao.get(&item).await;
        // What was not changed keeps who said it first.
        read.assert_has(&[LATER, "Answered before", "Begin a new version"]);
        read.assert_lacks(&[VIEWS]);
        let before = rao.get(&versions(&item)).await;
        let marks = ["removed: </span>own", "added: </span>sister"];
        before.assert_has(&["Latest: ", "Earlier: ", LATER, VIEWS, marks[0], marks[1]]);
        let mut morag = world.signed_in("Morag Drummond").await;
        let own = morag.get("/my/record").await;
        own.assert_has(&[LATER]);
        own.assert_lacks(&[VIEWS]);
        let (_, id) = item.rsplit_once('/').unwrap();
        let id = id.split('?').next().unwrap();
        let own = morag.get(&format!("/my/record/{id}")).await;
        own.assert_has(&["Now: ", LATER, "Before: ", VIEWS]);
        own.assert_lacks(&["Her sister Effie"]);
    }
}

#[tokio::test]
async fn a_version_shows_to_nobody_to_whom_the_item_does_not() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let item = twice(&world, &mut rao).await;
        let nothing = "0190163d-8694-739b-aea5-966c26f8ad90";
        let no_such =
            format!("/w/p/{}/assessments/{nothing}/versions?purpose=direct-care", world.morag);
        assert_eq!(rao.get(&no_such).await.status, StatusCode::NOT_FOUND, "{engine}");
        for name in ["Jo Worker", "Ms Teacher"] {
            let mut other = world.signed_in(name).await;
            let refused =
                other.get(&format!("/w/p/{}/team?purpose=direct-care", world.morag)).await;
            for path in [&versions(&item), &no_such] {
                let answer = other.get(path).await;
                assert_eq!(told(&answer), told(&refused), "{engine}: {name} {path}");
            }
        }
        // The ward's doctor may read plans and no assessments: for them it is not there.
        let mut bea = affirmed(&world).await;
        let (there, none) = (bea.get(&versions(&item)).await, bea.get(&no_such).await);
        assert_eq!(there.status, StatusCode::NOT_FOUND, "{engine}");
        assert_eq!(told(&there), told(&none), "{engine}");
        // Nor is there anything else of hers under that address for the person.
        let mut morag = world.signed_in("Morag Drummond").await;
        let answer = morag.get(&format!("/my/record/{nothing}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{engine}");
    }
}

/// The doctor of the emergency department, once she has said that she treats the person now.
async fn affirmed(world: &World) -> Browser {
    let mut bea = world.signed_in("Dr Bea Doctor").await;
    let words = bea.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
    let action = format!("/w/p/{}/affirm", world.morag);
    bea.submit(&words, &action, &[("affirmed", "yes")]).await;
    bea
}

#[tokio::test]
async fn an_earlier_version_is_taken_up_again() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let item = twice(&world, &mut rao).await;
        let page = rao.get(&versions(&item)).await;
        // Of the two forms on the page the second is that of the first version.
        let at = page.body.rfind(&format!("action=\"{}\"", begin(&world))).unwrap();
        let older = Answer { body: page.body[at..].to_owned(), ..page };
        let draft = rao.submit(&older, &begin(&world), &[]).await;
        draft.assert_has(&["It becomes a new version", VIEWS, "Her sister Effie"]);
        draft.assert_lacks(&[LATER]);
        // And a draft that is there gives way to nothing.
        let again = rao.submit(&older, &begin(&world), &[]).await;
        again.assert_has(&["You have a draft of this already"]);
    }
}

#[tokio::test]
async fn what_was_answered_is_known_where_a_clause_lets_it_flow_and_nowhere_else() {
    for world in worlds().await {
        let engine = world.on.engine;
        let form = |id: &str| format!("{}?form={id}&purpose=direct-care", new(&world));
        let mut bea = affirmed(&world).await;
        let page = bea.get(&form("childs-plan")).await;
        signed(&world, &mut bea, (&page, &PLAN)).await.assert_has(&["It is signed"]);
        // The practice may read the hospital's plan: it is not asked again what he said.
        let mut rao = world.signed_in("Dr Rao").await;
        let page = open(&world, &mut rao).await;
        let known = rao.submit(&page, &begin(&world), &[]).await;
        known.assert_has(&[
            "I like the garden",
            "Answered before: Child's plan, ",
            "Dr Bea Doctor",
        ]);
        known.assert_has(&["NHS Glen"]);
        known.assert_lacks(&["help at night"]);
        // Signed as it is, it keeps where it came from; changed, it is its writer's own.
        let mut as_it_is = WHOLE;
        as_it_is[0].1 = "I like the garden";
        let read = signed(&world, &mut rao, (&known, &as_it_is)).await;
        let read = rao.get(&link(&read, "Read it")).await;
        read.assert_has(&["Answered before", "Child's plan, ", "Dr Bea Doctor"]);
        // What the emergency department may not read is not known to it, and the page that says
        // so is the one that it would see if there were nothing.
        let page = bea.get(&form("childs-plan")).await;
        let begun = bea.submit(&page, &begin(&world), &[]).await;
        begun.assert_has(&["I like the garden", "Answered before: Child's plan, "]);
        begun.assert_lacks(&["Answered before: Adult assessment", "Dr Rao, GP"]);
        assert_eq!(begun.body.matches("Answered before").count(), 3, "{engine}: theirs alone");
    }
}

#[tokio::test]
async fn what_is_changed_is_ones_own_word() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let form = format!("{}?form=childs-plan&purpose=direct-care", new(&world));
        let page = rao.get(&form).await;
        signed(&world, &mut rao, (&page, &PLAN)).await.assert_has(&["It is signed"]);
        let page = open(&world, &mut rao).await;
        let known = rao.submit(&page, &begin(&world), &[]).await;
        known.assert_has(&["I like the garden", "Answered before: Child's plan, "]);
        let read = signed(&world, &mut rao, (&known, &WHOLE)).await;
        let read = rao.get(&link(&read, "Read it")).await;
        read.assert_has(&[VIEWS]);
        read.assert_lacks(&["Answered before"]);
    }
}

#[tokio::test]
async fn a_copy_on_paper_is_an_export_that_the_gate_decides() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut bea = affirmed(&world).await;
        let to = format!("{}?form=childs-plan&purpose=direct-care", new(&world));
        let page = bea.get(&to).await;
        let plan = signed(&world, &mut bea, (&page, &PLAN)).await;
        let item = link(&plan, "Read it");
        let action = format!("/w/p/{}/assessments/copy", world.morag);
        let mut rao = world.signed_in("Dr Rao").await;
        let page = rao.get(&item).await;
        let copy = rao.submit(&page, &action, &[]).await;
        assert_eq!(copy.status, StatusCode::OK, "{engine}");
        let named = copy.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(named.contains("OFFICIAL-SENSITIVE-written.pdf"), "{engine}: {named}");
        assert_eq!(copy.headers[header::CACHE_CONTROL], "private, no-store", "{engine}");
        assert!(copy.body.starts_with("%PDF-1.7"), "{engine}");
        let mut morag = world.signed_in("Morag Drummond").await;
        let looked = morag.get("/my/looked").await;
        assert_eq!(looked.body.matches("A copy was taken").count(), 1, "{engine}");
        let copy = rao.submit(&page, &action, &[("kind", "documents")]).await;
        assert_eq!(copy.status, StatusCode::OK, "{engine}");
        let named = copy.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(named.contains("OFFICIAL-SENSITIVE-written.json"), "{engine}: {named}");
        let all: Vec<serde_json::Value> = serde_json::from_str(&copy.body).unwrap();
        assert!(!all.is_empty(), "{engine}");
        for one in all {
            let document = ken_fhir::standard::Document::of(one).unwrap();
            assert_eq!(document.standard().name(), "plan", "{engine}");
        }
        // Who may not see it takes nothing, whether it is there or not.
        let mut jo = world.signed_in("Jo Worker").await;
        let csrf = jo.get("/").await.hidden("/sign-out")[0].1.clone();
        let mut said = BTreeSet::new();
        let (_, id) = item.rsplit_once('/').unwrap();
        let id = id.split('?').next().unwrap();
        for of in [id, "0190163d-8694-739b-aea5-966c26f8ad90"] {
            let form = format!("csrf={csrf}&purpose=direct-care&item={of}");
            let none = jo.send(Method::POST, &action, Some(&form)).await;
            assert_eq!(none.status, StatusCode::FORBIDDEN, "{engine}");
            none.assert_has(&["You cannot take a copy"]);
            said.insert(told(&none));
        }
        assert_eq!(said.len(), 1, "{engine}");
    }
}
