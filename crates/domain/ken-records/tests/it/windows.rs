//! What has happened between two points, from either end, of some sources and kinds: each is the
//! whole record filtered, and nothing else.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Category, MessageId, OrganisationId};
use ken_records::{Disclosed, Error, Filing, Order, Part, Point, Size, Under};
use ken_sharing::{Caller, Decision, Permit, RowClass};
use serde_json::json;

use crate::world::{World, word, worlds};

/// More than two parts.
const EVENTS: usize = 330;
const SOURCES: [&str; 2] = ["nhsl", "cec"];
const KINDS: [&str; 3] = ["health-summary", "medication", "care-plan"];

/// Numbers that repeat (a linear congruence; Numerical Recipes, 7.1).
struct Dice(u32);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(self.0 >> 8).unwrap() % count
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

fn start() -> Timestamp {
    "2024-01-01T00:00:00Z".parse().unwrap()
}

/// A moment of few, so that many events share one.
fn moment(dice: &mut Dice) -> Timestamp {
    start() + SignedDuration::from_hours(24 * i64::try_from(dice.below(200)).unwrap())
}

async fn file(world: &World, dice: &mut Dice) {
    let (ctx, keys) = (world.ctx(), &world.databases.keys);
    let events: Vec<_> = (0..EVENTS)
        .map(|number| {
            let event = (!number.is_multiple_of(17)).then(|| moment(dice));
            (number, dice.one(&SOURCES), dice.one(&KINDS), event)
        })
        .collect();
    let filed = world.databases.db.write("test.events", async |tx| {
        let key = ken_records::key_of(tx, keys, world.person).await?;
        for (number, source, category, event) in events {
            let (item_key, source) = (format!("event {number}"), word::<OrganisationId>(source));
            let under = Under::default();
            let place =
                ken_records::place(tx, &ctx, world.person, (&source, &under), &item_key).await?;
            let filing = Filing {
                key,
                item_key: &item_key,
                resource: json!({ "resourceType": "DocumentReference", "id": item_key,
                    "description": "An event" }),
                class: RowClass {
                    category: word(category),
                    labels: BTreeSet::new(),
                    source,
                    lineage: BTreeSet::new(),
                },
                message: MessageId::draw(&*world.ids),
                event,
                under: &under,
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
    let mut question = world.question("direct-care", &SOURCES);
    question.before = part.moment();
    let told = world.ask_as(Caller::Practitioner(&doctor), &question).await;
    let permit = |decision| match decision {
        Decision::Permit(permit) => Some(permit),
        _ => None,
    };
    told.into_iter().filter_map(permit).collect()
}

/// One event, as a reader sees it.
type Seen = (Point, String, OrganisationId, Category);

fn seen(disclosed: &Disclosed, order: Order) -> Vec<Seen> {
    let here = disclosed.items.iter().filter(|item| item.is_of_part);
    let named = here.filter(|item| item.kind == "DocumentReference");
    let mut all: Vec<_> = named
        .map(|item| {
            let id = item.body["id"].as_str().unwrap().to_owned();
            (item.point(), id, item.source.clone(), item.category.clone())
        })
        .collect();
    all.sort_by(|one, other| order.compare(&one.0, &other.0));
    all
}

/// Every part, one after the other.
async fn read(world: &World, mut part: Part) -> Vec<Seen> {
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    let mut all = vec![];
    loop {
        let given = permits(world, &part).await;
        let disclosed = ken_records::disclose_part(db, &world.ctx(), keys, given, &part).await;
        let disclosed = disclosed.unwrap();
        let here = seen(&disclosed, part.order);
        assert!(here.len() <= part.size.most());
        all.extend(here);
        match disclosed.next {
            Some(next) => part = part.beyond(next),
            None => return all,
        }
        assert!(all.len() <= EVENTS, "parts without end");
    }
}

#[tokio::test]
async fn a_filter_shows_the_whole_record_filtered() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let mut dice = Dice(2_026);
        file(&world, &mut dice).await;
        let all = read(&world, Part::default()).await;
        assert_eq!(all.len(), EVENTS, "{engine}");
        let mut rising = read(&world, oldest()).await;
        rising.reverse();
        assert_eq!(rising, all, "{engine}: from the other end");
        let mut some = 0;
        for round in 0..16 {
            let part = filter(&mut dice);
            let fits = |one: &&Seen| {
                part.after.is_none_or(|point| one.0 > point)
                    && part.before.is_none_or(|point| one.0 < point)
                    && part.source.as_ref().is_none_or(|source| one.2 == *source)
                    && (part.only.is_empty() || part.only.contains(&one.3))
            };
            let mut want: Vec<_> = all.iter().filter(fits).cloned().collect();
            want.sort_by(|one, other| part.order.compare(&one.0, &other.0));
            some += usize::from(!want.is_empty() && want.len() < EVENTS);
            let shown = read(&world, part.clone()).await;
            assert_eq!(shown, want, "{engine}, round {round}: {part:?}");
            let copy = Part { size: Size::Copy, ..part };
            assert_eq!(read(&world, copy).await, want, "{engine}, round {round}: a copy");
        }
        assert!(some > 8, "{engine}: filters that filter nothing test nothing");
    }
}

fn oldest() -> Part {
    Part { order: Order::OldestFirst, ..Part::default() }
}

fn filter(dice: &mut Dice) -> Part {
    let mut bound = |share: usize| (dice.below(share) == 0).then(|| Point::at(moment(dice)));
    let (after, before) = (bound(2), bound(2));
    let only = (0..dice.below(3)).map(|_| word(dice.one(&KINDS))).collect();
    let source = (dice.below(2) == 0).then(|| word(dice.one(&SOURCES)));
    let order = if dice.below(2) == 0 { Order::NewestFirst } else { Order::OldestFirst };
    Part { before, after, order, only, source, size: Size::Page, of: None }
}
