//! The versions of one item: whoever may read what it says may read what it said, and no more.

use std::collections::BTreeSet;

use ken_core::{MessageId, ResourceId};
use ken_directory::Acting;
use ken_records::{Filing, Part, Under, VERSIONS_MAX};
use ken_sharing::fact::Grade;
use ken_sharing::{Decision, RowClass, affirmation};
use serde_json::json;

use crate::world::{World, word, worlds};

const PLAN: &str = "form/a plan";

/// Files the plan as it says now, under these marks.
async fn file(world: &World, title: &str, labels: &[&str]) -> ResourceId {
    let (ctx, keys, source) = (world.ctx(), &world.databases.keys, word("nhsl"));
    let class = RowClass {
        category: word("care-plan"),
        labels: labels.iter().map(|label| word(label)).collect(),
        source: word("nhsl"),
        lineage: BTreeSet::new(),
    };
    let filed = world.databases.db.write("test.version", async |tx| {
        let key = ken_records::key_of(tx, keys, world.person).await?;
        let under = Under::default();
        let place = ken_records::place(tx, &ctx, world.person, (&source, &under), PLAN).await?;
        let filing = Filing {
            key,
            item_key: PLAN,
            resource: json!({ "resourceType": "CarePlan", "title": title }),
            class: class.clone(),
            message: MessageId::draw(&*world.ids),
            event: Some(ctx.clock.now()),
            under: &under,
            told: None,
            said: None,
        };
        ken_records::file(tx, &ctx, keys, place, filing).await
    });
    filed.await.unwrap().resource
}

/// What somebody is shown of an item's versions, the newest first, and whether that is all.
async fn read(world: &World, by: &Acting, item: ResourceId) -> (Vec<String>, bool) {
    let decided = world.ask(by, "direct-care", &["nhsl"]).await;
    let permits = decided.into_iter().filter_map(|decision| match decision {
        Decision::Permit(permit) => Some(permit),
        _ => None,
    });
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    let part = Part { of: Some(item), ..Part::default() };
    let permits: Vec<_> = permits.collect();
    let shown = ken_records::disclose_part(db, &world.ctx(), keys, permits, &part).await.unwrap();
    let title = |item: &ken_records::Item| item.body["title"].as_str().unwrap().to_owned();
    (shown.items.iter().map(title).collect(), shown.is_whole)
}

#[tokio::test]
async fn what_it_said_is_for_whoever_may_read_what_it_says() {
    for world in worlds().await {
        let engine = world.databases.engine;
        world.relate("cec", "direct-care", Grade::System).await;
        let (doctor, worker) =
            (world.acting("practice", "gp.doctor"), world.acting("cec", "sw.duty"));
        let decisions = world.ask(&worker, "direct-care", &["nhsl"]).await;
        let [Decision::Need(need)] = decisions.as_slice() else { panic!("{engine}: no words") };
        let (db, said) = (&world.databases.db, &need.statements);
        affirmation::affirm(db, &world.ctx(), &worker, world.person, said).await.unwrap();
        let item = file(&world, "one", &[]).await;
        assert_eq!(file(&world, "two", &["restricted"]).await, item, "{engine}: of one item");
        file(&world, "three", &[]).await;
        let whole = |titles: &[&str]| (titles.iter().map(|one| (*one).to_owned()).collect(), true);
        assert_eq!(read(&world, &doctor, item).await, whole(&["three", "two", "one"]), "{engine}");
        assert_eq!(read(&world, &worker, item).await, whole(&["three", "one"]), "{engine}");
        // A mark that is set later binds what was said before.
        file(&world, "four", &["restricted"]).await;
        assert_eq!(read(&world, &worker, item).await, whole(&[]), "{engine}");
        let all = whole(&["four", "three", "two", "one"]);
        assert_eq!(read(&world, &doctor, item).await, all, "{engine}");
        let other = ResourceId::draw(&*world.ids);
        assert_eq!(read(&world, &doctor, other).await, whole(&[]), "{engine}: of no other item");
        for number in 4..=VERSIONS_MAX {
            file(&world, &format!("later {number}"), &[]).await;
        }
        let (titles, is_whole) = read(&world, &doctor, item).await;
        assert_eq!((titles.len(), is_whole), (VERSIONS_MAX, false), "{engine}");
        assert!(!titles.contains(&"one".to_owned()), "{engine}: the oldest is left out");
    }
}
