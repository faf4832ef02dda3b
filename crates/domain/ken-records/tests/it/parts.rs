//! A long record, read part by part.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_core::MessageId;
use ken_records::{Disclosed, Error, Filing, Item, PART_BYTES_MAX, PART_MAX, Part, Point, Under};
use ken_sharing::{Caller, Decision, Permit, Question, RowClass};
use serde_json::json;

use crate::world::{World, word, worlds};

/// More than is read at once for any part.
const MANY: usize = 2_150;
const AT_ONCE: usize = 430;

/// Files visits; every third at the same moment as the one before, some without any.
async fn visits(world: &World, from: usize, to: usize, start: Timestamp) {
    let (ctx, keys, source) = (world.ctx(), &world.databases.keys, word("nhsl"));
    let class = RowClass {
        category: word("health-summary"),
        labels: BTreeSet::new(),
        source: word("nhsl"),
        lineage: BTreeSet::new(),
    };
    let filed = world.databases.db.write("test.visits", async |tx| {
        let key = ken_records::key_of(tx, keys, world.person).await?;
        for number in from..to {
            let item_key = format!("visit {number}");
            let place =
                ken_records::place(tx, &ctx, world.person, (&source, &Under::default()), &item_key)
                    .await?;
            let after = SignedDuration::from_mins(i64::try_from(number / 3).unwrap());
            let filing = Filing {
                key,
                item_key: &item_key,
                resource: json!({ "resourceType": "DocumentReference", "id": item_key,
                    "description": "A visit" }),
                class: class.clone(),
                message: MessageId::draw(&*world.ids),
                event: (number % 40 != 7).then(|| start + after),
                under: &Under::default(),
                told: None,
                said: None,
            };
            ken_records::file(tx, &ctx, keys, place, filing).await?;
        }
        Ok::<_, Error>(())
    });
    filed.await.unwrap();
}

async fn permits(world: &World, part: &Part) -> Vec<Permit> {
    let doctor = world.acting("practice", "gp.doctor");
    let mut question = world.question("direct-care", &["nhsl"]);
    question.before = part.moment();
    let told = world.ask_as(Caller::Practitioner(&doctor), &question).await;
    let permit = |decision| match decision {
        Decision::Permit(permit) => Some(permit),
        _ => None,
    };
    told.into_iter().filter_map(permit).collect()
}

async fn read(world: &World, given: Vec<Permit>, part: &Part) -> Result<Disclosed, Error> {
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    ken_records::disclose_part(db, &world.ctx(), keys, given, part).await
}

fn of_medicine() -> Part {
    Part { only: BTreeSet::from([word("medication")]), ..Part::default() }
}

fn visits_of(disclosed: &Disclosed) -> Vec<(Point, String)> {
    let here = disclosed.items.iter().filter(|item| item.is_of_part);
    let named = here.filter(|item| item.kind == "DocumentReference");
    named.map(|item| (item.point(), item.body["id"].as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn a_long_record_is_read_whole_and_nothing_twice() {
    for world in worlds().await {
        let (engine, start) = (world.databases.engine, "2024-01-01T09:00:00Z".parse().unwrap());
        for from in (0..MANY).step_by(AT_ONCE) {
            visits(&world, from, (from + AT_ONCE).min(MANY), start).await;
        }
        let (mut part, mut seen, mut parts) = (Part::default(), vec![], 0);
        loop {
            let disclosed = read(&world, permits(&world, &part).await, &part).await.unwrap();
            parts += 1;
            let here = disclosed.items.iter().filter(|item| item.is_of_part).count();
            assert!(here <= PART_MAX, "{engine}: {here}");
            // Who it is stands in every part.
            assert!(disclosed.items.iter().any(|item| item.kind == "Patient"), "{engine}");
            assert!(disclosed.is_whole, "{engine}");
            seen.extend(visits_of(&disclosed));
            if parts == 3 {
                // Meanwhile: something new, and something old that nobody had told.
                let (new, old) = (MANY, MANY + 1);
                visits(&world, new, new + 1, "2026-11-01T09:00:00Z".parse().unwrap()).await;
                visits(&world, old, old + 1, "2001-01-01T09:00:00Z".parse().unwrap()).await;
            }
            match disclosed.next {
                Some(_) => part.before = disclosed.next,
                None => break,
            }
        }
        assert!(parts > MANY / PART_MAX, "{engine}: {parts}");
        let in_order = seen.windows(2).all(|pair| pair[0].0 > pair[1].0);
        assert!(in_order, "{engine}: the order is strict, so nothing is there twice");
        let named: BTreeSet<_> = seen.iter().map(|(_, id)| id.clone()).collect();
        let lost = (0..MANY).find(|number| !named.contains(&format!("visit {number}")));
        assert_eq!(lost, None, "{engine}");
        assert!(!named.contains(&format!("visit {MANY}")), "{engine}: it stands before the first");
        assert!(named.contains(&format!("visit {}", MANY + 1)), "{engine}");
    }
}

#[tokio::test]
async fn a_permit_opens_the_part_that_its_entry_says_and_no_other() {
    for world in worlds().await {
        let (engine, start) = (world.databases.engine, "2024-01-01T09:00:00Z".parse().unwrap());
        visits(&world, 0, PART_MAX + 20, start).await;
        let newest = Part::default();
        let first = read(&world, permits(&world, &newest).await, &newest).await.unwrap();
        let earlier = Part { before: first.next, ..Part::default() };
        let given = permits(&world, &newest).await;
        let refused = read(&world, given, &earlier).await;
        assert!(matches!(refused, Err(Error::Stale)), "{engine}");
        let given = permits(&world, &earlier).await;
        assert!(given.iter().all(|permit| permit.before() == earlier.moment()), "{engine}");
        assert!(matches!(read(&world, given, &newest).await, Err(Error::Stale)), "{engine}");
        // Of another kind there is none, and who it is stands beside.
        let only = of_medicine();
        let none = read(&world, permits(&world, &only).await, &only).await.unwrap();
        assert_eq!((visits_of(&none).len(), none.next), (0, None), "{engine}");
        assert!(none.items.iter().any(|item| item.kind == "Patient"), "{engine}");
    }
}

#[tokio::test]
async fn what_may_not_be_seen_moves_no_boundary() {
    for world in worlds().await {
        let (engine, start) = (world.databases.engine, "2024-01-01T09:00:00Z".parse().unwrap());
        let named = |number: usize| {
            json!({ "resourceType": "DocumentReference", "id": number.to_string(),
                "description": "CANARY" })
        };
        // Of a visit that is marked as a medicine nobody signed for anything.
        let hidden = |number: usize| {
            json!({ "resourceType": "Encounter", "id": number.to_string(),
                "period": { "start": "2025-01-01" } })
        };
        file_medicine(&world, (0, PART_MAX + 30), start, named).await;
        let before = seen(&world, &Part::default()).await;
        let later = "2025-01-01T09:00:00Z".parse().unwrap();
        file_medicine(&world, (1_000, 1_000 + 3 * PART_MAX), later, hidden).await;
        let after = seen(&world, &Part::default()).await;
        assert_eq!(before, after, "{engine}");
        assert_eq!(before.0.len(), PART_MAX, "{engine}");
        let rest = seen(&world, &Part { before: before.1, ..Part::default() }).await;
        assert_eq!((rest.0.len(), rest.1), (30, None), "{engine}");
    }
}

/// A body of some megabytes, as a scanned letter is: two fit in a part.
const LONG: usize = 3_400_000;

#[tokio::test]
async fn long_attachments_come_in_as_many_parts_as_they_need() {
    for world in worlds().await {
        let (engine, start) = (world.databases.engine, "2024-01-01T09:00:00Z".parse().unwrap());
        let letter = |number: usize| {
            let data = if number.is_multiple_of(3) { LONG } else { 10 };
            json!({ "resourceType": "DocumentReference", "id": number.to_string(),
                "description": "CANARY",
                "content": [{ "attachment": { "data": "A".repeat(data) } }] })
        };
        // A write each: nothing else waits for as long as it takes to seal them all.
        for number in 0..8 {
            file_medicine(&world, (number, number + 1), start, letter).await;
        }
        let (mut part, mut seen, mut parts) = (of_medicine(), vec![], 0);
        loop {
            let disclosed = read(&world, permits(&world, &part).await, &part).await.unwrap();
            parts += 1;
            let here = disclosed.items.iter().filter(|item| item.is_of_part);
            let bytes: usize = here.map(|item| item.body.to_string().len()).sum();
            assert!(bytes <= PART_BYTES_MAX, "{engine}: {bytes}");
            assert!(disclosed.is_whole, "{engine}");
            seen.extend(visits_of(&disclosed).into_iter().map(|(_, id)| id));
            match disclosed.next {
                Some(_) => part.before = disclosed.next,
                None => break,
            }
        }
        let want: Vec<_> = (0..8).rev().map(|number: usize| number.to_string()).collect();
        assert_eq!((seen, parts), (want, 2), "{engine}: each once, in order");
    }
}

#[tokio::test]
async fn where_too_much_stands_the_longest_is_left_out_and_it_says_so() {
    for world in worlds().await {
        let engine = world.databases.engine;
        for number in 0..3_u8 {
            let alert = json!({ "resourceType": "Flag", "status": "active",
                "code": { "text": "A".repeat(LONG) } });
            world.file("nhsl", "alerts", &[&format!("alert-{number}")], &alert).await;
        }
        let part = of_medicine();
        let disclosed = read(&world, permits(&world, &part).await, &part).await.unwrap();
        let kinds: Vec<_> = disclosed.items.iter().map(|item| item.kind.as_str()).collect();
        let count = |kind: &str| kinds.iter().filter(|one| **one == kind).count();
        assert_eq!((count("Patient"), count("Flag")), (1, 2), "{engine}");
        assert!(!disclosed.is_whole, "{engine}: it says that there is more");
    }
}

#[tokio::test]
async fn the_last_summary_stands_however_much_has_happened_since() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let written = json!({ "resourceType": "DocumentReference", "status": "current",
            "description": "Ring Effie" });
        world.file("nhsl", "health-summary", &["kis"], &written).await;
        let far: Timestamp = "2099-01-01T09:00:00Z".parse().unwrap();
        let later = |number: usize| {
            json!({ "resourceType": "DocumentReference", "id": number.to_string(),
                "description": "CANARY" })
        };
        file_medicine(&world, (0, PART_MAX + 30), far, later).await;
        let part = Part::default();
        let disclosed = read(&world, permits(&world, &part).await, &part).await.unwrap();
        let of = |item: &&Item| item.body["description"] == "Ring Effie";
        let found: Vec<_> = disclosed.items.iter().filter(of).collect();
        assert_eq!(found.len(), 1, "{engine}: once");
        assert!(!found[0].is_of_part, "{engine}: it stands, and is no event of this part");
    }
}

/// Files items of one category.
async fn file_medicine(
    world: &World,
    (from, to): (usize, usize),
    start: Timestamp,
    resource: impl Fn(usize) -> serde_json::Value,
) {
    let (ctx, keys, source) = (world.ctx(), &world.databases.keys, word("nhsl"));
    let class = RowClass {
        category: word("medication"),
        labels: BTreeSet::new(),
        source: word("nhsl"),
        lineage: BTreeSet::new(),
    };
    let filed = world.databases.db.write("test.medicine", async |tx| {
        let key = ken_records::key_of(tx, keys, world.person).await?;
        for number in from..to {
            let item_key = format!("medicine {number}");
            let place =
                ken_records::place(tx, &ctx, world.person, (&source, &Under::default()), &item_key)
                    .await?;
            let filing = Filing {
                key,
                item_key: &item_key,
                resource: resource(number),
                class: class.clone(),
                message: MessageId::draw(&*world.ids),
                event: Some(start + SignedDuration::from_mins(i64::try_from(number).unwrap())),
                under: &Under::default(),
                told: None,
                said: None,
            };
            ken_records::file(tx, &ctx, keys, place, filing).await?;
        }
        Ok::<_, Error>(())
    });
    filed.await.unwrap();
}

/// What a look at one category shows of a part, and where the next begins.
async fn seen(world: &World, part: &Part) -> (Vec<Point>, Option<Point>) {
    let doctor = world.acting("practice", "gp.doctor");
    let question = Question {
        before: part.moment(),
        categories: BTreeSet::from([word("medication")]),
        ..world.question("direct-care", &["nhsl"])
    };
    let told = world.ask_as(Caller::Practitioner(&doctor), &question).await;
    let permit = |decision| match decision {
        Decision::Permit(permit) => Some(permit),
        _ => None,
    };
    let given: Vec<_> = told.into_iter().filter_map(permit).collect();
    let disclosed = read(world, given, part).await.unwrap();
    let here = disclosed.items.iter().filter(|item| item.is_of_part);
    (here.map(ken_records::Item::point).collect(), disclosed.next)
}
