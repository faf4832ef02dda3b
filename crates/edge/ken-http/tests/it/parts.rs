//! A long record on the pages: part by part, each a look of its own.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::{Ctx, MessageId};
use ken_ledger::{EntryKind, Page};
use ken_records::{Filing, PART_MAX, Under};
use ken_sharing::RowClass;
use ken_store::{Snapshot, Tx};
use ken_testkit::SeededIds;
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::world::{World, worlds};

/// Visits that the practice files about Morag.
const VISITS: usize = 2 * PART_MAX + 40;

async fn file(world: &World, from: usize, to: usize) {
    let ids = SeededIds::new(4_242);
    let (ctx, on) = (Ctx::new(&*world.clock, &ids), &world.on);
    let (source, start) = ("practice".parse().unwrap(), ctx.clock.now());
    let filed = on.db.write("test.visits", async |tx: &mut Tx| {
        let key = ken_records::key_of(tx, &on.keys, world.morag).await?;
        for number in from..to {
            let item_key = format!("visit {number}");
            let place =
                ken_records::place(tx, &ctx, world.morag, (&source, &Under::default()), &item_key)
                    .await?;
            let class = RowClass {
                category: "health-summary".parse().unwrap(),
                labels: BTreeSet::new(),
                source: source.clone(),
                lineage: BTreeSet::new(),
            };
            let event = start - SignedDuration::from_hours(24 * i64::try_from(number).unwrap());
            let filing = Filing {
                key,
                item_key: &item_key,
                resource: json!({ "resourceType": "DocumentReference", "status": "current",
                    "description": format!("Visit-{number:04}-") }),
                class,
                message: MessageId::draw(ctx.ids),
                event: Some(event),
                under: &Under::default(),
                told: None,
                said: None,
            };
            ken_records::file(tx, &ctx, &on.keys, place, filing).await?;
        }
        Ok::<_, ken_records::Error>(())
    });
    filed.await.unwrap();
}

/// The visits on a page, in its order.
fn visits(page: &Answer) -> Vec<usize> {
    let titles = page.body.split("Visit-").skip(1);
    titles.filter_map(|rest| rest.split_once('-')?.0.parse().ok()).collect()
}

/// Each part of a record, by the form at the end of the one before it.
async fn parts(browser: &mut Browser, first: &str, earlier: &str) -> Vec<Answer> {
    let mut page = browser.get(first).await;
    let mut all = vec![];
    while page.body.contains(&format!("action=\"{earlier}\"")) {
        assert!(all.len() < VISITS, "parts without end");
        let next = browser.submit(&page, earlier, &[]).await;
        assert_eq!(next.status, 200, "{}", next.body);
        all.push(std::mem::replace(&mut page, next));
    }
    all.push(page);
    all
}

/// What the permits about Morag say, the oldest first.
async fn permitted(world: &World) -> Vec<Value> {
    let (keys, page) = (&world.on.keys, Page::default());
    let read =
        async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, world.morag, page).await;
    let entries = world.on.db.snapshot("test.entries", read).await.unwrap();
    let permits = entries.into_iter().filter(|entry| entry.kind == EntryKind::Permit);
    let mut all: Vec<_> = permits.filter_map(|entry| entry.detail).collect();
    all.reverse();
    all
}

/// A register may hold many more bodies than one question may have sources.
#[tokio::test]
async fn a_long_register_of_organisations_stops_no_look() {
    for world in worlds().await {
        let engine = world.on.engine;
        file(&world, 0, 1).await;
        let seed = ken_directory::seed::Seed::parse(ken_directory::seed::SCOTLAND).unwrap();
        assert!(seed.bodies.len() > ken_sharing::gate::SOURCES_MAX);
        let ids = SeededIds::new(4_243);
        let ctx = Ctx::new(&*world.clock, &ids);
        let load = async |tx: &mut Tx| ken_directory::seed::load(tx, &ctx, &seed).await;
        let loaded = world.on.db.write("test.bodies", load).await.unwrap();
        assert!(loaded.otherwise.is_empty(), "{engine}: {:?}", loaded.otherwise);
        let mut rao = world.signed_in("Dr Rao").await;
        let page = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        assert_eq!(page.status, 200, "{engine}: {}", page.body);
        assert_eq!(visits(&page), [0], "{engine}");
        // Whoever is party to nothing was not asked, and is not listed as if it had been.
        let (_, asked) = page.body.split_once("Who was asked").unwrap();
        assert!(!asked.contains("Shetland"), "{engine}: {asked}");
    }
}

#[tokio::test]
async fn a_practitioner_reads_a_long_record_part_by_part() {
    for world in worlds().await {
        let engine = world.on.engine;
        file(&world, 0, VISITS).await;
        let mut rao = world.signed_in("Dr Rao").await;
        let record = format!("/w/p/{}", world.morag);
        let (first, earlier) =
            (format!("{record}?purpose=direct-care"), format!("{record}/earlier"));
        let before = permitted(&world).await.len();
        let all = parts(&mut rao, &first, &earlier).await;
        assert!(all.len() >= 3, "{engine}: {}", all.len());
        let seen: Vec<_> = all.iter().flat_map(visits).collect();
        assert_eq!(seen, (0..VISITS).collect::<Vec<_>>(), "{engine}: each once, in order");
        for page in &all {
            // Who it is, and what must be known first, stands on each.
            page.assert_has(&["DRUMMOND", "Penicillin", "You can see this because"]);
            page.assert_lacks(&["CANARY"]);
            assert!(visits(page).len() <= PART_MAX, "{engine}");
        }
        for page in &all[1..] {
            assert_eq!(page.path, earlier, "{engine}: the address tells no time");
            page.assert_has(&["What happened before", "Back to the newest"]);
        }
        // Each part is on the ledger by itself, and says from when it goes back.
        let entries = permitted(&world).await.split_off(before);
        assert_eq!(entries.len() % all.len(), 0, "{engine}");
        let each = entries.len() / all.len();
        let said: Vec<_> = entries.chunks(each).map(|look| look[0]["before"].clone()).collect();
        assert!(
            entries
                .chunks(each)
                .all(|look| { look.iter().all(|entry| entry["before"] == look[0]["before"]) })
        );
        assert!(said[0].is_null() && said[1..].iter().all(Value::is_string), "{engine}: {said:?}");
        let apart: BTreeSet<_> = said.iter().map(ToString::to_string).collect();
        assert_eq!(apart.len(), all.len(), "{engine}: {said:?}");
        // A filter is kept from part to part, and shows nothing of another kind.
        let of_kind = parts(&mut rao, &format!("{first}&kind=health-summary"), &earlier).await;
        let seen: Vec<_> = of_kind.iter().flat_map(visits).collect();
        assert_eq!(seen.len(), VISITS, "{engine}");
        let other = parts(&mut rao, &format!("{first}&kind=equipment"), &earlier).await;
        assert_eq!((other.len(), visits(&other[0]).len()), (1, 0), "{engine}");
        other[0].assert_has(&["no event of this kind", "Penicillin"]);
    }
}

#[tokio::test]
async fn a_person_reads_their_own_long_record_part_by_part() {
    for world in worlds().await {
        let engine = world.on.engine;
        file(&world, 0, VISITS).await;
        let mut morag = world.signed_in("Morag Drummond").await;
        let all = parts(&mut morag, "/my/record", "/my/record/earlier").await;
        assert!(all.len() >= 3, "{engine}: {}", all.len());
        let seen: Vec<_> = all.iter().flat_map(visits).collect();
        assert_eq!(seen, (0..VISITS).collect::<Vec<_>>(), "{engine}: each once, in order");
        all[1].assert_has(&["These are older things", "Back to the newest"]);
        let wrong = morag.submit(&all[0], "/my/record/earlier", &[("before", "x")]).await;
        assert_ne!(wrong.status, 200, "{engine}");
    }
}
