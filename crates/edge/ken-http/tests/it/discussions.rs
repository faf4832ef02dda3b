//! Discussions from the outside: whoever a clause lets in reads and speaks, whoever leaves the team
//! is out at once, and the person reads what is not kept from them.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode, header};
use ken_core::{Ctx, Fact};
use ken_sharing::fact::{self, Grade};
use ken_sharing::together;
use ken_store::Tx;
use ken_testkit::SeededIds;

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::team::{filled, found, lead};
use crate::world::{World, worlds};

const TOPIC: &str = "The step at the back door";
const TEXT: &str = "She nearly fell there on Sunday";

fn list(world: &World) -> String {
    format!("/w/p/{}/discussions", world.morag)
}

/// Opens one about what has happened; where it is, or what was answered instead.
async fn open(world: &World, browser: &mut Browser, text: &str) -> Result<String, Answer> {
    let to = list(world);
    let page = browser.get(&format!("{to}?purpose=direct-care")).await;
    let fields =
        [("purpose", "direct-care"), ("kind", "chronology"), ("topic", TOPIC), ("text", text)];
    let form = page.filled("/sign-out", &fields);
    let opened = browser.send(Method::POST, &to, Some(&form)).await;
    let again = browser.send(Method::POST, &to, Some(&form)).await;
    assert_eq!(told(&opened), told(&again), "sent twice is once");
    match opened.headers.get(header::LOCATION) {
        Some(to) => Ok(to.to_str().unwrap().to_owned()),
        None => Err(opened),
    }
}

async fn say(browser: &mut Browser, at: &str, text: &str) -> Answer {
    let page = browser.get("/w/discussions").await;
    let form = page.filled("/sign-out", &[("purpose", "direct-care"), ("text", text)]);
    let to = at.split('?').next().unwrap();
    browser.send(Method::POST, to, Some(&form)).await
}

/// Jo is let into the team, and affirms the words of her clause.
pub(crate) async fn let_in(world: &World, rao: &mut Browser, jo: &mut Browser) {
    let to = format!("/w/p/{}/team", world.morag);
    let page = rao.get(&format!("{to}?purpose=direct-care&organisation=cec")).await;
    let whom = format!("{} sw.duty", found(world, "cec", "Jo Worker").await);
    let fields = [("whom", &*whom), ("kind", "direct-care"), ("days", "30"), ("why", "Help")];
    let form = filled(&page, ("in", "cec"), &fields);
    rao.send(Method::POST, &to, Some(&form)).await.assert_has(&["They are in the team"]);
    let words = jo.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
    jo.submit(&words, &format!("/w/p/{}/affirm", world.morag), &[("affirmed", "yes")]).await;
}

async fn let_out(world: &World, rao: &mut Browser) {
    let to = format!("/w/p/{}/team", world.morag);
    let page = rao.get(&format!("{to}?purpose=direct-care")).await;
    let (_, rest) = page.body.split_once("name=\"member\" value=\"").unwrap();
    let member = rest.split('"').next().unwrap().to_owned();
    let fields = [("member", member.as_str()), ("because", "Help is arranged")];
    let form = filled(&page, ("out", "practice"), &fields);
    rao.send(Method::POST, &to, Some(&form)).await.assert_has(&["They are out of the team"]);
}

#[tokio::test]
async fn who_leaves_the_team_leaves_its_discussions() {
    for world in worlds().await {
        let engine = world.on.engine;
        lead(&world).await;
        let (mut rao, mut jo) =
            (world.signed_in("Dr Rao").await, world.signed_in("Jo Worker").await);
        let Ok(at) = open(&world, &mut rao, TEXT).await else { panic!("{engine}: not opened") };
        rao.get(&at).await.assert_has(&[
            "DRUMMOND",
            TOPIC,
            TEXT,
            "Dr Rao, GP, Glen Medical Practice",
        ]);
        let all = format!("{}?purpose=direct-care", list(&world));
        // Whoever does not work with her reads nothing of it, and says nothing.
        for page in [&at, &all] {
            jo.get(page).await.assert_lacks(&[TOPIC, TEXT]);
        }
        assert!(open(&world, &mut jo, "CANARY uninvited").await.is_err(), "{engine}");
        assert!(say(&mut jo, &at, "CANARY uninvited").await.status.is_client_error(), "{engine}");
        let_in(&world, &mut rao, &mut jo).await;
        jo.get(&all).await.assert_has(&[TOPIC]);
        jo.get(&at).await.assert_has(&[TOPIC, TEXT]);
        let said = say(&mut jo, &at, "A rail can be fitted on Tuesday").await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{engine}");
        let page = rao.get(&at).await;
        page.assert_has(&[
            "A rail can be fitted on Tuesday",
            "Jo Worker, Duty social worker, Glen Council",
        ]);
        page.assert_lacks(&["CANARY"]);
        let_out(&world, &mut rao).await;
        for page in [&at, &all] {
            jo.get(page).await.assert_lacks(&[TOPIC, TEXT, "A rail can be fitted"]);
        }
        assert!(say(&mut jo, &at, "CANARY too late").await.status.is_client_error(), "{engine}");
        // The list of one's own names nobody and tells nothing.
        let mine = jo.get("/w/discussions").await;
        mine.assert_has(&["What has happened"]);
        mine.assert_lacks(&[TOPIC, "Drummond", "DRUMMOND"]);
        rao.get(&at).await.assert_lacks(&["CANARY"]);
        // Under another purpose it is no discussion.
        let other = at.replace("direct-care", "girfec-wellbeing");
        rao.get(&other).await.assert_lacks(&[TOPIC, TEXT]);
    }
}

/// Every page of the person's own that shows what the record says.
async fn own_pages(world: &World) -> String {
    let mut morag = world.signed_in("Morag Drummond").await;
    let mut all = String::new();
    for page in ["/my", "/my/record", "/my/happened", "/my/looked", "/my/team", "/my/choices"] {
        all.push_str(&morag.get(page).await.body);
    }
    all
}

#[tokio::test]
async fn what_is_said_while_the_person_is_at_risk_shows_on_no_page_of_theirs() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let Ok(at) = open(&world, &mut rao, TEXT).await else { panic!("{engine}: not opened") };
        // A word that nothing else in this world has.
        assert!(own_pages(&world).await.contains(TEXT), "{engine}: the clause lets her read it");
        let (ids, risk) = (SeededIds::new(4_712), Fact::new("at-risk").unwrap());
        let (ctx, source) = (Ctx::new(&*world.clock, &ids), "nhsl".parse().unwrap());
        let write = async |tx: &mut Tx| {
            let guard = together::lock(tx, &BTreeSet::from([world.morag])).await?;
            fact::record(tx, &ctx, world.morag, &source, (&risk, Grade::System)).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        };
        world.on.db.write("test.risk", write).await.unwrap();
        let said = say(&mut rao, &at, "KINGFISHER he reads her telephone").await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{engine}");
        rao.get(&at).await.assert_has(&[TEXT, "KINGFISHER he reads her telephone"]);
        assert!(!own_pages(&world).await.contains("KINGFISHER"), "{engine}");
        // What answers it once the risk is over tells of it as well.
        world.clock.advance(jiff::SignedDuration::from_secs(1));
        let ctx = Ctx::new(&*world.clock, &ids);
        let end = async |tx: &mut Tx| {
            let guard = together::lock(tx, &BTreeSet::from([world.morag])).await?;
            fact::end(tx, &ctx, world.morag, &source, &risk).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        };
        world.on.db.write("test.no-risk", end).await.unwrap();
        let said = say(&mut rao, &at, "KINGFISHER of the telephone again").await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{engine}");
        assert!(!own_pages(&world).await.contains("KINGFISHER"), "{engine}");
    }
}
