//! Equipment and service plans, on every engine.

use jiff::SignedDuration;
use ken_core::AccountId;
use ken_directory::stock::{self, KEPT, NewEquipment, What};
use ken_directory::{Acting, Error};
use ken_store::{Snapshot, Tx};
use ken_testkit::assert_prepares;

use crate::world::{World, worlds};

fn acts(world: &World, organisation: &str) -> Acting {
    Acting {
        account: AccountId::draw(world.ctx().ids),
        practitioner: world.jo,
        organisation: organisation.parse().unwrap(),
        role: "ig.lead".parse().unwrap(),
    }
}

async fn put(world: &World, of: &str, rows: &str) -> bool {
    let (ctx, by, keys) = (world.ctx(), acts(world, of), &world.on.keys);
    let all = stock::read_equipment(rows).unwrap();
    let work = async |tx: &mut Tx| stock::put_equipment(tx, &ctx, keys, &by, &all).await;
    world.write(work).await
}

async fn held(world: &World) -> Vec<stock::Entry<NewEquipment>> {
    let read = async |s: &mut Snapshot| stock::list_equipment(s, None).await;
    world.on.db.snapshot("test", read).await.unwrap()
}

const BED: &str = "bed,Profiling bed,3,Leith store,EH6,01632 960 001";

#[tokio::test]
async fn equipment_is_kept_up_to_date_by_its_own_organisation() {
    for world in worlds().await {
        let engine = world.on.engine;
        assert_prepares(&world.on.db, stock::STATEMENTS).await;
        assert!(put(&world, "cec", BED).await && put(&world, "nhsl", BED).await, "{engine}");
        assert!(put(&world, "cec", &BED.replace(",3,", ",2,")).await, "{engine}");
        let all = held(&world).await;
        let said = all.iter().map(|of| (of.organisation.as_str(), of.says.available));
        assert_eq!(said.collect::<Vec<_>>(), [("cec", 2), ("nhsl", 3)], "{engine}");
        let (ctx, keys, theirs) = (world.ctx(), &world.on.keys, all[1].id);
        let by = acts(&world, "cec");
        let tried = async |tx: &mut Tx| {
            let what = (What::Equipment, theirs);
            let out = stock::take_out(tx, &ctx, keys, &by, what).await?;
            Ok::<_, Error>(out || stock::check(tx, &ctx, keys, &by, what).await?)
        };
        assert!(!world.write(tried).await, "{engine}: another body's");
        assert_eq!(held(&world).await.len(), 2, "{engine}");
    }
}

#[tokio::test]
async fn a_full_store_is_brought_up_to_date_and_takes_no_more() {
    for world in worlds().await {
        let engine = world.on.engine;
        let rows = |from: usize, free: usize| {
            let row = |n| format!("bed,Bed {n},{free},Leith store,EH6,01632 960 001");
            (from..from + 500).map(row).collect::<Vec<_>>().join("\n")
        };
        for from in [0, 500, 1_000, 1_500] {
            assert!(put(&world, "cec", &rows(from, 3)).await, "{engine} {from}");
        }
        assert!(!put(&world, "cec", BED).await, "{engine}: no more is kept");
        assert!(put(&world, "cec", &rows(1_000, 2)).await, "{engine}: what is held is renewed");
        let all = held(&world).await;
        let renewed = all.iter().filter(|of| of.says.available == 2).count();
        assert_eq!((all.len(), renewed), (2_000, 500), "{engine}");
        assert!(put(&world, "nhsl", BED).await, "{engine}: each body has room of its own");
    }
}

#[tokio::test]
async fn what_nobody_checks_is_stale_and_then_forgotten() {
    for world in worlds().await {
        let engine = world.on.engine;
        put(&world, "cec", BED).await;
        let by = acts(&world, "cec");
        let stale = async || held(&world).await[0].is_stale(world.ctx().clock.now());
        let days = |days: i64| days * 24 * 3600;
        world.wait(days(30));
        assert!(!stale().await, "{engine}");
        world.wait(1);
        assert!(stale().await, "{engine}");
        let id = held(&world).await[0].id;
        let (ctx, keys, what) = (world.ctx(), &world.on.keys, (What::Equipment, id));
        let check = async |tx: &mut Tx| stock::check(tx, &ctx, keys, &by, what).await;
        assert!(world.write(check).await && !stale().await, "{engine}");
        assert_eq!(world.events().await.pop().unwrap().1, "equipment-checked", "{engine}");
        let sweep = async || {
            let ctx = world.ctx();
            world.write(async |tx: &mut Tx| stock::sweep(tx, &ctx).await).await
        };
        let left = KEPT - SignedDuration::from_secs(1);
        world.wait(left.as_secs());
        assert_eq!(sweep().await, 0, "{engine}");
        world.wait(1);
        assert_eq!((sweep().await, held(&world).await.len()), (1, 0), "{engine}");
    }
}

#[tokio::test]
async fn a_plan_is_kept_under_its_title() {
    for world in worlds().await {
        let (ctx, by, keys) = (world.ctx(), acts(&world, "cec"), &world.on.keys);
        let put = async |row: &str| {
            let all = stock::read_plans(row).unwrap();
            world.write(async |tx: &mut Tx| stock::put_plans(tx, &ctx, keys, &by, &all).await).await
        };
        assert!(put("Strategic plan,2026,2029,https://glen.example/plan,01632 960 001").await);
        assert!(put("Strategic plan,2027,2030,https://glen.example/next,01632 960 001").await);
        let read = async |s: &mut Snapshot| stock::list_plans(s, None).await;
        let all = world.on.db.snapshot("test", read).await.unwrap();
        let said: Vec<_> = all.iter().map(|of| (of.says.title.as_str(), of.says.years)).collect();
        assert_eq!(said, [("Strategic plan", (2027, 2030))], "{}", world.on.engine);
        let last = world.events().await.pop().unwrap().1;
        assert_eq!(last, "plans-kept");
    }
}
