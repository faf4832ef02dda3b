//! The directory of services from the outside: anybody reads it, an agreement lets somebody ask by
//! it until an entry is stale, and its provider corrects it after one look by somebody else.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use ken_core::{Clock as _, Ctx, EntryId};
use ken_directory::Error;
use ken_directory::service;
use ken_store::Tx;
use ken_testkit::SeededIds;
use serde_json::Value;

use crate::agreements::csrf_of;
use crate::browser::{Answer, Browser};
use crate::world::{World, worlds};

const FRESH: &str = "5f0e4d3a-1c55-4c0a-9d1b-0b6a7a2f3c11";
const STALE: &str = "9be2d7c4-3f61-4a29-a1d0-7c8b9a0f1e55";
const ABROAD: &str = "1d4f6b8a-2c3e-4d5f-8a9b-0c1d2e3f4a77";
const COUNCIL: &str = "8a1f0b52-6a8e-4c55-8c58-2d6d8c1f0e22";
const NOBODY: &str = "b3c4d5e6-0718-4293-a4b5-c6d7e8f90166";

/// An entry: its id, its name, its provider, and when it was last reviewed.
fn entry((id, name, provider): (&str, &str, &str), reviewed: &str) -> String {
    format!(
        r#"{{ "id": "{id}", "name": "{name}", "description": "All about the {name}",
        "phone": "01632 960 001", "organisation": {{ "id": "{provider}", "name": "A provider" }},
        "locations": [{{ "id": "{id}", "locality": "Glenfern", "postal_code": "XG1 1CV",
          "latitude": 56.31, "longitude": -3.9 }}],
        "service_areas": [], "categories": [{{ "name": "Food", "slug": "food" }}],
        "last_updated": "2026-01-10T09:30:00", "last_reviewed": "{reviewed}" }}"#
    )
}

/// The council's day centre, which is fresh, its stale bus, and a club of nobody who is here.
async fn fill(world: &World) {
    let (today, old) = (world.clock.now(), "2024-01-10T09:30:00");
    let today = today.to_string();
    let all = [
        entry((FRESH, "Day centre", COUNCIL), &today),
        entry((STALE, "Old bus", COUNCIL), old),
        entry((ABROAD, "Chess club", NOBODY), &today),
    ];
    let text = format!(
        r#"{{ "meta": {{ "licence": "https://licence.example/", "attribution": [] }},
        "data": [{}] }}"#,
        all.join(",")
    );
    let response = service::read(&text).unwrap();
    let ids = SeededIds::new(77);
    let (ctx, keys) = (Ctx::new(&*world.clock, &ids), &world.on.keys);
    let (provider, of): (EntryId, _) = (COUNCIL.parse().unwrap(), "cec".parse().unwrap());
    let work = async |tx: &mut Tx| {
        service::load(tx, &ctx, &response).await?;
        service::claim(tx, &ctx, keys, (provider, &of), None).await
    };
    world.on.db.write("test.services", work).await.map_err(|e: Error| e.code()).unwrap();
}

/// Does something to an entry, or to a correction, on the officers' page.
async fn act(browser: &mut Browser, what: &str, entry: &str) -> Answer {
    let csrf = csrf_of(&browser.get("/ig/services").await);
    let form = format!("csrf={csrf}&what={what}&entry={entry}");
    browser.send(Method::POST, "/ig/services", Some(&form)).await
}

#[tokio::test]
async fn anybody_finds_help_and_reads_who_assures_it() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut anybody = world.browser();
        anybody.get("/services").await.assert_has(&["No service is listed here yet"]);
        fill(&world).await;
        let page = anybody.get("/services").await;
        page.assert_has(&["Day centre", "Old bus", "Chess club", "Not checked for a year"]);
        page.assert_has(&["Nobody has assured this entry", "Last checked", "3 services"]);
        let (before, _) = page.body.split_once("Old bus").unwrap();
        assert!(before.contains("Chess club"), "{engine}: what is stale comes last");
        // What is typed is in no address, and finds the beginnings of words.
        let sought = [("words", "ches"), ("postcode", "xg1 1cv")];
        let found = anybody.submit(&page, "/services", &sought).await;
        assert_eq!((found.status, &*found.path), (StatusCode::OK, "/services"), "{engine}");
        found.assert_has(&["Chess club", "Less than 0.1 miles from XG1 1CV", "1 service"]);
        found.assert_lacks(&["Day centre", "Old bus"]);
        let one = format!("/services/{FRESH}");
        let page = anybody.get(&one).await;
        page.assert_has(&["All about the Day centre", "https://licence.example/"]);
        page.assert_has(&["To be checked again by", "Nobody has assured this entry"]);
        // An officer of another body assures it, and of one’s own nobody does.
        let (mut fay, mut gil) =
            (world.signed_in("Fay Governs").await, world.signed_in("Gil Governs").await);
        let own = act(&mut fay, "assure", FRESH).await;
        assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        anybody.get(&one).await.assert_has(&["Nobody has assured this entry"]);
        act(&mut gil, "assure", FRESH).await.assert_has(&["It is done"]);
        anybody.get(&one).await.assert_has(&["Assured by Glen Medical Practice on"]);
        for absent in ["/services/x", "/services/6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa"] {
            assert_eq!(anybody.get(absent).await.status, StatusCode::NOT_FOUND, "{engine}");
        }
    }
}

#[tokio::test]
async fn the_directory_is_open_data_with_its_licence() {
    for world in worlds().await {
        let engine = world.on.engine;
        fill(&world).await;
        let mut program = world.browser();
        let feed = program.get("/services/data").await;
        feed.assert_has(&["\"version\":\"3.0\"", "open-referral-uk-profile"]);
        let list = "/services/data/services?page=2&per_page=2";
        let answer = program.get(list).await;
        let page: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(page["total_items"], serde_json::json!(3), "{engine}");
        assert_eq!(page["contents"].as_array().unwrap().len(), 1, "{engine}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{engine}");
        let tag = answer.headers["etag"].clone();
        let again = Request::builder().uri(list).header(header::IF_NONE_MATCH, tag);
        let again = program.raw(again.body(Body::empty()).unwrap()).await;
        assert_eq!((again.status, &*again.body), (StatusCode::NOT_MODIFIED, ""), "{engine}");
        let whole = program.get(&format!("/services/data/services/{FRESH}")).await;
        whole.assert_has(&["service_at_locations", "\"latitude\":56.31", "licence.example"]);
        // What is no number asks for the first page.
        let first = program.get("/services/data/services?page=x&per_page=0").await;
        first.assert_has(&["\"page_number\":1", "\"size\":1"]);
    }
}

/// What Dr Rao asks of the council by an entry of the directory.
fn asks(
    service: &'static str,
    to: &'static str,
    step: &'static str,
) -> Vec<(&'static str, &'static str)> {
    vec![
        ("step", step),
        ("purpose", "direct-care"),
        ("kind", "need"),
        ("service", service),
        ("to", to),
        ("days", "3wd"),
        ("name", "Morag Drummond"),
        ("born", "2 March 1948"),
        ("phone", ""),
        ("worry", "She is alone all day"),
        ("did", "I spoke with her"),
        ("ask", "A place in the day centre"),
        ("told", "yes"),
        ("why", "She would like it"),
    ]
}

#[tokio::test]
async fn nobody_is_asked_by_an_entry_that_is_stale() {
    for world in worlds().await {
        let engine = world.on.engine;
        fill(&world).await;
        let mut rao = world.signed_in("Dr Rao").await;
        let new = format!("/w/p/{}/requests/new", world.morag);
        let listed = rao.get(&format!("/w/p/{}/services", world.morag)).await;
        listed.assert_has(&[&format!("{new}?service={FRESH}"), "Old bus", "Chess club"]);
        listed.assert_lacks(&[
            &format!("{new}?service={STALE}"),
            &format!("{new}?service={ABROAD}"),
            "Drummond",
        ]);
        let fresh = rao.get(&format!("{new}?service={FRESH}&purpose=direct-care&kind=need")).await;
        fresh.assert_has(&["You ask for this service", "Day centre", "value=\"cec sw.duty\""]);
        fresh.assert_lacks(&["value=\"nhsl "]);
        let stale = rao.get(&format!("{new}?service={STALE}&purpose=direct-care&kind=need")).await;
        stale.assert_has(&["Nobody has checked this entry for a year", "10 Jan 2024"]);
        stale.assert_lacks(&["What is worrying you?"]);
        // Whoever sends the form all the same is told why, and nobody has received anything.
        for (service, to, want) in [
            (STALE, "cec sw.duty", "Nobody has checked this entry for a year"),
            (ABROAD, "cec sw.duty", "takes no requests here"),
            (FRESH, "nhsl nhs.ward", "takes no requests here"),
        ] {
            for step in ["check", "send"] {
                let form = fresh.filled("/sign-out", &asks(service, to, step));
                let refused = rao.send(Method::POST, &new, Some(&form)).await;
                assert_eq!(refused.status, StatusCode::FORBIDDEN, "{engine} {service} {step}");
                refused.assert_has(&[want, "Nobody has received anything", "She is alone all day"]);
            }
        }
        rao.get("/w/requests").await.assert_lacks(&["href=\"/w/requests/"]);
        let form = fresh.filled("/sign-out", &asks(FRESH, "cec sw.duty", "check"));
        let checked = rao.send(Method::POST, &new, Some(&form)).await;
        checked.assert_has(&["Check your answers", FRESH]);
        let form = checked.filled("/sign-out", &asks(FRESH, "cec sw.duty", "send"));
        rao.send(Method::POST, &new, Some(&form)).await.assert_has(&["Your request is sent"]);
    }
}

#[tokio::test]
async fn a_group_corrects_its_entry_after_one_look_by_somebody_else() {
    for world in worlds().await {
        let engine = world.on.engine;
        fill(&world).await;
        let (mut fay, mut gil) =
            (world.signed_in("Fay Governs").await, world.signed_in("Gil Governs").await);
        let (at, public) = (format!("/ig/services/{FRESH}"), format!("/services/{FRESH}"));
        assert_eq!(gil.get(&at).await.status, StatusCode::NOT_FOUND, "{engine}: not theirs");
        let page = fay.get(&at).await;
        page.assert_has(&["Correct Day centre", "01632 960 001"]);
        let says = |phone: &'static str| {
            [("name", "Day centre"), ("description", "All about the Day centre"), ("phone", phone)]
        };
        let same = fay.submit(&page, &at, &says("01632 960 001")).await;
        assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        same.assert_has(&["Change something first"]);
        let waits = fay.submit(&page, &at, &says("01632 960 009")).await;
        waits.assert_has(&["Your correction waits"]);
        fay.get(&public).await.assert_has(&["01632 960 001"]);
        let list = gil.get("/ig/services").await;
        list.assert_has(&["Proposed by Fay Governs", "01632 960 001 becomes 01632 960 009"]);
        let (_, rest) = list.body.split_once("value=\"right\"").unwrap();
        let (_, rest) = rest.split_once("name=\"entry\" value=\"").unwrap();
        let proposal = rest.split('"').next().unwrap().to_owned();
        let own = act(&mut fay, "right", &proposal).await;
        assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        own.assert_has(&["Somebody else must look at your correction"]);
        fay.get(&public).await.assert_has(&["01632 960 001"]);
        act(&mut gil, "right", &proposal).await.assert_has(&["It is done"]);
        let live = gil.get(&public).await;
        live.assert_has(&["01632 960 009"]);
        live.assert_lacks(&["01632 960 001"]);
        let again = act(&mut gil, "right", &proposal).await;
        again.assert_has(&["This has changed meanwhile"]);
        act(&mut fay, "still", STALE).await.assert_has(&["It is done"]);
        fay.get(&format!("/services/{STALE}")).await.assert_lacks(&["Not checked for a year"]);
    }
}
