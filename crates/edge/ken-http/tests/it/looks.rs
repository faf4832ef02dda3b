//! Who looked, on the person's own pages: however much else there is, each look is there once.

use jiff::SignedDuration;
use ken_core::Ctx;
use ken_ledger::{ENTRIES_MAX, EntryKind, NewEntry, RECEIPTS_MAX, Stream, Visibility};
use ken_store::Tx;
use ken_testkit::SeededIds;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::world::{World, worlds};

/// Looks of the school, each on a day of its own: more than one part shows.
const LOOKS: usize = 230;

/// Enters something into the person's own stream.
async fn enter(world: &World, ids: &SeededIds, many: usize, of: (EntryKind, Value)) {
    let (ctx, on) = (Ctx::new(&*world.clock, ids), &world.on);
    let entry = NewEntry {
        stream: Stream::Person(world.morag),
        kind: of.0,
        visibility: Visibility::Now,
        detail: of.1,
    };
    let entered = on.db.write("test.enter", async |tx: &mut Tx| {
        for some in vec![entry; many].chunks(ENTRIES_MAX) {
            ken_ledger::append_all(tx, &ctx, &on.keys, some.to_vec()).await?;
        }
        Ok::<_, ken_ledger::Error>(())
    });
    entered.await.unwrap();
}

/// What the ledger has of a look of the school.
fn look() -> Value {
    json!({ "organisation": "primary", "role": "teacher", "purpose": "direct-care", "from": {} })
}

/// How many receipts the file holds, and whether it says that there may be more.
async fn receipts(browser: &mut Browser) -> (usize, bool) {
    let file = browser.get("/my/receipts").await.body;
    let count = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    (count, file.contains("These are the newest"))
}

#[tokio::test]
async fn no_look_is_pushed_out_by_what_is_none() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let record = format!("/w/p/{}?purpose=direct-care", world.morag);
        rao.get(&record).await.assert_has(&["Penicillin"]);
        // Later ids than the look has, whatever they are drawn from.
        let ids = SeededIds::new(4_243);
        world.clock.advance(SignedDuration::from_mins(1));
        let refused = json!({ "event": "refused" });
        enter(&world, &ids, 201, (EntryKind::SignIn, refused)).await;
        let own = json!({ "purpose": "own-record", "from": {} });
        enter(&world, &ids, 201, (EntryKind::Permit, own)).await;
        let mut morag = world.signed_in("Morag Drummond").await;
        let looked = morag.get("/my/looked").await;
        looked.assert_has(&[
            "1 time",
            "Glen Medical Practice",
            "GP",
            "To care for you or treat you",
            "your name and address",
            "clause D1",
        ]);
        looked.assert_lacks(&["Nobody has opened", "Show older looks"]);
        morag.get("/my").await.assert_has(&["It was opened once"]);
        let (receipts, is_cut) = receipts(&mut morag).await;
        assert!(receipts > 0 && !is_cut, "{engine}: {receipts}");
    }
}

#[tokio::test]
async fn the_person_reads_all_looks_part_by_part() {
    for world in worlds().await {
        let (engine, ids) = (world.on.engine, SeededIds::new(4_244));
        for _ in 0..LOOKS {
            world.clock.advance(SignedDuration::from_hours(24));
            enter(&world, &ids, 1, (EntryKind::Permit, look())).await;
        }
        let mut morag = world.signed_in("Morag Drummond").await;
        let mut page = morag.get("/my/looked").await;
        let (mut seen, mut parts) = (0, 0);
        loop {
            seen += page.body.matches("Glen Primary School").count();
            parts += 1;
            if parts > 1 {
                page.assert_has(&["These are older looks", "Back to the newest"]);
                assert_eq!(page.path, "/my/looked/earlier", "{engine}: the address tells no time");
            }
            if !page.body.contains("Show older looks") {
                break;
            }
            page = morag.submit(&page, "/my/looked/earlier", &[]).await;
        }
        assert_eq!((seen, parts), (LOOKS, 2), "{engine}: each once");
        let first = morag.get("/my/looked").await;
        let wrong = morag.submit(&first, "/my/looked/earlier", &[("before", "x")]).await;
        assert_ne!(wrong.status, 200, "{engine}");
        // The file has each, and says so where it cannot.
        assert_eq!(receipts(&mut morag).await, (LOOKS, false), "{engine}");
        enter(&world, &ids, RECEIPTS_MAX, (EntryKind::Permit, look())).await;
        assert_eq!(receipts(&mut morag).await, (RECEIPTS_MAX, true), "{engine}");
    }
}
