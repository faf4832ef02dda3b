//! E31: one view assembled at reading time, with each source's answer, its time, and its silence.

use std::collections::BTreeSet;
use std::time::Duration;

use ken_core::Ctx;
use ken_hub::portal::Settings;
use ken_hub::{Mode, Source};
use ken_sharing::fact::{self, Grade};
use ken_store::{Snapshot, Tx};
use ken_testkit::{Endpoint, SeededIds};
use serde_json::{Value, json};

use crate::interference::told;
use crate::world::{Hidden, NUMBER, World, worlds, worlds_of};

/// What the hospital's FHIR calls its own numbers.
const SYSTEM: &str = "https://trak.example/id";

fn bundle(resources: &[Value]) -> Value {
    let entries: Vec<_> = resources.iter().map(|one| json!({ "resource": one })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries })
}

fn problem(text: &str) -> Value {
    json!({ "resourceType": "Condition", "subject": { "reference": "Patient/p77" },
        "code": { "text": text }, "recordedDate": "2026-11-20" })
}

/// The hospital's own record of Morag.
fn hospital(path: &str, _: &str) -> Option<Value> {
    match path {
        "/fhir/Patient/_search" => Some(bundle(&[json!({ "resourceType": "Patient", "id": "p77",
            "identifier": [{ "system": SYSTEM, "value": "77" }] })])),
        "/fhir/Condition/_search" => {
            let mut secret = problem("CANARY that few may read");
            secret["meta"] = json!({ "security": [{ "code": "R" }] });
            Some(bundle(&[problem("Stiff knee after a fall"), secret]))
        }
        _ => None,
    }
}

/// How an organisation is asked, whose messages number people in a system of that name here.
fn source(organisation: &str, system: &str, there: &Endpoint) -> Settings {
    let kinds = [("Condition", "health-summary"), ("Observation", "education")];
    Settings {
        organisation: organisation.parse().unwrap(),
        base: there.base().parse().unwrap(),
        authority: None,
        authorization: None,
        wait: Duration::from_secs(5),
        numbers: [(format!("urn:ken:id:glen:{system}"), SYSTEM.to_owned())].into(),
        kinds: kinds.map(|(kind, of)| (kind.to_owned(), of.parse().unwrap())).into(),
    }
}

/// The council, too, has told of Morag.
async fn council_tells(world: &World) {
    let council = Source {
        id: "swift".to_owned(),
        organisation: "cec".parse().unwrap(),
        name: "System swift".to_owned(),
        sending_app: "SWIFT".to_owned(),
        sending_facility: "GLEN".to_owned(),
        mode: Mode::Original,
        relationship: None,
        is_trusted: true,
        is_training: false,
    };
    ken_hub::register(&world.on.db, &council).await.unwrap();
    world.hub.reload().await.unwrap();
    let morag = "DRUMMOND^MORAG||19480302|F|||1 Made-up Road^^Glen^^ZZ99 9ZZ";
    world.hear_from("SWIFT", "90", &format!("5^^^SWIFT^MR~{NUMBER}||{morag}")).await;
}

fn live(world: &World) -> String {
    format!("/w/p/{}/live?purpose=direct-care", world.morag)
}

/// How many looks of Morag's stream say that their sources were asked.
async fn asked(world: &World) -> usize {
    let page = ken_ledger::Page { before: None, limit: 200 };
    let (keys, morag) = (&world.on.keys, world.morag);
    let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, morag, page).await;
    let entries = world.on.db.snapshot("test.entries", read).await.unwrap();
    let details = entries.into_iter().filter_map(|entry| entry.detail);
    details.filter(|detail| detail["asked"] == true).count()
}

#[tokio::test]
async fn each_source_is_shown_with_its_answer_and_time_and_none_waits_for_another() {
    for mut world in worlds().await {
        let engine = world.on.engine;
        council_tells(&world).await;
        let (good, silent) = (Endpoint::serve(hospital).await, Endpoint::serve(|_, _| None).await);
        let second = Duration::from_secs(1);
        let silent = Settings { wait: second, ..source("cec", "swift", &silent) };
        world.ask(vec![source("nhsl", "trak", &good), silent]);
        let mut rao = world.signed_in("Dr Rao").await;
        let overview = format!("/w/p/{}?purpose=direct-care", world.morag);
        rao.get(&overview).await.assert_has(&["Ask them now", "<li>NHS Glen</li>"]);
        assert_eq!(asked(&world).await, 0, "{engine}: an overview asks nobody");
        let page = rao.get(&live(&world)).await;
        page.assert_has(&[
            "DRUMMOND, MORAG",
            "From the record of NHS Glen, asked at 21 Nov 2026, 12:00",
            "Stiff knee after a fall",
            "Glen Council was asked at 21 Nov 2026, 12:00, and did not answer in time.",
            "&amp;source=cec",
        ]);
        page.assert_lacks(&["CANARY", "Glen Medical Practice was asked"]);
        assert_eq!(asked(&world).await, 2, "{engine}: each question is entered");
        assert_eq!(good.heard().len(), 2, "{engine}: who it is, and the one type that is covered");
        let mut morag = world.signed_in("Morag Drummond").await;
        morag.get("/my/looked").await.assert_has(&["Also asked what is known now"]);
        // One is asked again alone.
        let page = rao.get(&format!("{}&source=cec", live(&world))).await;
        page.assert_has(&["did not answer in time"]);
        page.assert_lacks(&["Stiff knee"]);
        assert_eq!(good.heard().len(), 2, "{engine}");
        // Nothing of it is kept.
        world.ask(vec![]);
        let mut rao = world.signed_in("Dr Rao").await;
        rao.get(&overview).await.assert_lacks(&["Stiff knee", "Ask them now"]);
    }
}

#[tokio::test]
async fn nobody_asks_a_source_of_whom_they_may_not_read() {
    for mut world in worlds().await {
        let there = Endpoint::serve(hospital).await;
        world.ask(vec![source("nhsl", "trak", &there), source("primary", "seemis", &there)]);
        // Without a relationship nothing is shown, as of nobody at all.
        let mut jo = world.signed_in("Jo Worker").await;
        let nobody =
            live(&world).replace(&world.morag.to_string(), "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa");
        let (known, unknown) = (jo.get(&live(&world)).await, jo.get(&nobody).await);
        assert_eq!(known.status, unknown.status, "{}", world.on.engine);
        known.assert_lacks(&["What they say now"]);
        assert!(there.heard().is_empty(), "{}", world.on.engine);
        assert_eq!(asked(&world).await, 0, "{}", world.on.engine);
        // What a body holds itself is in its own system.
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        let own = format!("/w/p/{}/live?purpose=own-work", world.morag);
        bea.get(&own).await.assert_lacks(&["From the record of"]);
        assert!(there.heard().is_empty(), "{}", world.on.engine);
    }
}

/// The agreements, but a practice reads of the others neither who somebody is nor what they hold
/// of them in this world.
fn without_who(text: &str) -> String {
    let all = "categories = [\"core\", \"identifiers\", \"contacts\", \"communication\", \
        \"named-person\", \"alerts\", \"views\", \"health-summary\", ";
    text.replace(all, "categories = [\"health-summary\", ")
}

#[tokio::test]
async fn a_source_that_the_reader_sees_nothing_of_is_not_asked_whatever_it_holds() {
    let (with, without) = (
        worlds_of(Hidden::Nothing, without_who).await,
        worlds_of(Hidden::Nothing, without_who).await,
    );
    for (mut with, mut without) in with.into_iter().zip(without) {
        let engine = with.on.engine;
        // A clause covers what the council is asked for, and in one world it knows her.
        council_tells(&with).await;
        let there = Endpoint::serve(hospital).await;
        for world in [&mut with, &mut without] {
            world.ask(vec![source("cec", "swift", &there)]);
        }
        let known = with.signed_in("Dr Rao").await.get(&live(&with)).await;
        let unknown = without.signed_in("Dr Rao").await.get(&live(&without)).await;
        known.assert_has(&["What they say now", "Nobody was asked"]);
        assert_eq!(told(&known), told(&unknown), "{engine}");
        assert!(there.heard().is_empty(), "{engine}: it would learn that somebody reads of her");
        assert_eq!(asked(&with).await, 0, "{engine}");
    }
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_kept_out_whole() {
    for mut world in worlds().await {
        let there = Endpoint::serve(|path, form| match path {
            "/fhir/Condition/_search" => {
                let mut other = problem("CANARY of somebody else");
                other["subject"]["reference"] = json!("Patient/p78");
                Some(bundle(&[problem("Stiff knee after a fall"), other]))
            }
            _ => hospital(path, form),
        })
        .await;
        world.ask(vec![source("nhsl", "trak", &there)]);
        let page = world.signed_in("Dr Rao").await.get(&live(&world)).await;
        page.assert_has(&["NHS Glen was asked at", "its answer could not be taken"]);
        page.assert_lacks(&["CANARY", "Stiff knee"]);
    }
}

#[tokio::test]
async fn who_objects_while_a_slow_source_is_waited_for_is_not_shown() {
    for mut world in worlds().await {
        let engine = world.on.engine;
        council_tells(&world).await;
        let (good, slow) = (Endpoint::serve(hospital).await, Endpoint::serve(|_, _| None).await);
        world.ask(vec![source("nhsl", "trak", &good), source("cec", "swift", &slow)]);
        let mut rao = world.signed_in("Dr Rao").await;
        let to = live(&world);
        let object = async {
            // The fast one has been asked all, and the slow one is waited for.
            while good.heard().len() < 2 || slow.heard().is_empty() {
                tokio::task::yield_now().await;
            }
            let (ids, morag) = (SeededIds::new(21), world.morag);
            let ctx = Ctx::new(&*world.clock, &ids);
            let write = async |tx: &mut Tx| {
                let guard = tx.lock_people(&BTreeSet::from([morag])).await?;
                let said = (&"objection".parse().unwrap(), Grade::Confirmed);
                fact::record(tx, &ctx, morag, &"cec".parse().unwrap(), said).await?;
                guard.bump(tx).await?;
                Ok::<_, ken_sharing::Error>(())
            };
            world.on.db.write("test.object", write).await.unwrap();
        };
        let (page, ()) = tokio::join!(rao.get(&to), object);
        page.assert_has(&["NHS Glen has changed since it was asked"]);
        page.assert_lacks(&["Stiff knee"]);
        assert_eq!(page.status, 200, "{engine}: the page stands");
    }
}
