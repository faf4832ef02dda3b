//! What is counted, what of it is told, and what is refused beside it.

use jiff::SignedDuration;
use jiff::civil::Date;
use ken_core::PersonId;
use ken_directory::Acting;
use ken_insight::define::{Definition, Dimension, Measure};
use ken_insight::extract::{self, Asked, Extract, Outcome, WAITS};
use ken_insight::report::{self, TOTAL};
use ken_store::{Reads, Snapshot, values};
use ken_testkit::assert_prepares;

use crate::world::{World, worlds, worlds_of};

/// Age by organisation, in a quarter.
fn asked(from: &str, until: &str) -> Asked {
    let day = |text: &str| text.parse::<Date>().unwrap();
    Asked {
        definition: Definition {
            rows: Dimension::Age,
            columns: Some(Dimension::Organisation),
            measure: Measure::People,
            from: day(from),
            until: day(until),
            rounded: false,
        },
        why: "The plan for care at home".to_owned(),
    }
}

fn summer() -> Asked {
    asked("2026-07-01", "2026-10-01")
}

fn spring() -> Asked {
    asked("2026-04-01", "2026-07-01")
}

/// So many people whom a body knows, born so, to each of whom something happened on a day.
type Group = (u64, &'static str, &'static str, &'static str);

const PEOPLE: [Group; 9] = [
    (8, "cec", "1950-01-01", "2026-07-15"),
    (7, "cec", "1960-01-01", "2026-08-15"),
    (11, "cec", "1990-01-01", "2026-09-15"),
    (6, "nhsl", "1950-01-01", "2026-07-20"),
    (9, "nhsl", "1990-01-01", "2026-07-21"),
    (3, "nhsl", "2016-01-01", "2026-07-22"),
    (6, "cec", "1950-01-02", "2026-05-15"),
    (9, "cec", "1990-01-02", "2026-05-16"),
    (12, "nhsl", "1990-01-02", "2026-05-17"),
];

async fn fill(world: &World) -> Vec<PersonId> {
    let (mut all, mut number) = (vec![], 0);
    for (count, at, born, day) in PEOPLE {
        for _ in 0..count {
            number += 1;
            let person = world.person(number, (at, born)).await;
            world.file(person, (at, day), &[]).await;
            all.push(person);
        }
    }
    all
}

#[track_caller]
fn done(outcome: Outcome) -> Extract {
    let Outcome::Done(extract) = outcome else { panic!("{outcome:?}") };
    *extract
}

/// Counts and gives.
async fn given(world: &World, by: &Acting, asked: &Asked) -> Extract {
    let waits = done(world.prepare(by, asked).await);
    assert!(waits.given.is_none());
    done(world.give(by, waits.id).await)
}

/// A figure by what its line and its column are called.
fn figure(extract: &Extract, row: &str, column: &str) -> Option<u64> {
    let lines = report::lines(&extract.body, None);
    let line = lines.iter().find(|line| line.title == row).expect("a line");
    let columns = report::columns(&extract.body);
    let at = columns.iter().position(|one| one == column).expect("a column");
    line.figures[at].told
}

#[tokio::test]
async fn every_statement_prepares() {
    for world in worlds().await {
        assert_prepares(&world.on.db, ken_insight::STATEMENTS).await;
    }
}

/// E23: counts go by a clause for joint planning, are on the ledger, and small ones are in none.
#[tokio::test]
async fn counts_go_by_a_clause_and_nobody_is_in_them_who_said_no() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut people = fill(&world).await;
        // Of another nation's register Scotland's agreements know nothing: the twelfth.
        let states = [
            "opt-out/GB-ENG",
            "objection",
            "opt-out/GB-SCT",
            "at-risk",
            "protected-address",
            "restricted-record",
            "restriction",
            "deceased",
        ];
        for (number, state) in (900..).zip(states) {
            let person = world.person(number, ("cec", "1990-01-01")).await;
            world.file(person, ("cec", "2026-08-01"), &[]).await;
            world.say(person, state).await;
            people.push(person);
        }
        objects_under_another_id(&world).await;
        let marked = world.person(950, ("cec", "1990-01-01")).await;
        world.file(marked, ("cec", "2026-08-01"), &["restricted"]).await;
        world.file(marked, ("cec", "2026-10-01"), &[]).await;
        let extract = given(&world, &world.gil, &summer()).await;
        let of = |row, column| figure(&extract, row, column);
        // Of what is told of the council one is hidden, so that nought is not told of the rest.
        let bands = [("75 to 84", 8), ("65 to 74", 7), ("25 to 44", 12)];
        let told: Vec<_> = bands.iter().filter(|(row, _)| of(row, "Glen cec").is_some()).collect();
        assert_eq!(told.len(), 2, "{engine}");
        for (row, count) in told {
            assert_eq!(of(row, "Glen cec"), Some(*count), "{engine}: eleven, and one more");
        }
        assert_eq!(of(TOTAL, "Glen cec"), Some(27), "{engine}");
        assert_eq!(of("5 to 11", "nhsl"), None, "{engine}: three children");
        assert_eq!(of(TOTAL, "nhsl"), Some(18), "{engine}");
        let beside = [("25 to 44", 9), ("75 to 84", 6)].map(|(row, _)| of(row, "nhsl"));
        assert!(beside == [Some(9), None] || beside == [None, Some(6)], "{engine}: {beside:?}");
        let cited: Vec<_> = extract.body.clauses.values().collect();
        assert!(cited.iter().all(|one| one.agreement == "glen-planning@1"), "{engine}: {cited:?}");
        assert!(cited[0].text.contains("after disclosure control"), "{engine}");
        let text = serde_json::to_string(&extract.body).unwrap() + &report::csv(&extract, None);
        for person in people {
            assert!(!text.contains(&person.to_string()), "{engine}: somebody is named");
        }
        assert_eq!(events(&world, &world.gil).await, ["counts-permitted"; 2], "{engine}");
        let entry = extract.given.expect("it is given").1;
        let own = async |s: &mut Snapshot| {
            let page = ken_ledger::Page { before: None, limit: 1 };
            let of = &world.gil.organisation;
            ken_ledger::organisation_entries(s, &world.on.keys, of, page).await
        };
        let newest = world.on.db.snapshot("test.entry", own).await.unwrap();
        assert_eq!(newest[0].id, entry, "{engine}: the newest entry is the one that it names");
    }
}

/// Somebody has two ids: something happened under one, and they object under the other.
async fn objects_under_another_id(world: &World) {
    let one = world.person(920, ("cec", "1990-01-01")).await;
    let other = world.person(921, ("cec", "1990-01-01")).await;
    world.file(other, ("cec", "2026-08-01"), &[]).await;
    world.join(one, other).await;
    world.say(one, "objection").await;
}

/// What the ledger says in an organisation's own stream of its counts, oldest first.
async fn events(world: &World, by: &Acting) -> Vec<String> {
    let page = ken_ledger::Page { before: None, limit: 200 };
    let (keys, of) = (&world.on.keys, &by.organisation);
    let read = async |s: &mut Snapshot| ken_ledger::organisation_entries(s, keys, of, page).await;
    let entries = world.on.db.snapshot("test.entries", read).await.unwrap();
    let details = entries.into_iter().filter_map(|entry| entry.detail);
    let said = details.filter_map(|one| one.get("event")?.as_str().map(str::to_owned));
    let mut events: Vec<_> = said.filter(|event| event.starts_with("counts-")).collect();
    events.reverse();
    events
}

#[tokio::test]
async fn nobody_is_given_counts_whom_no_clause_gives_them() {
    for world in worlds().await {
        let engine = world.on.engine;
        fill(&world).await;
        assert_eq!(world.prepare(&world.rao, &summer()).await, Outcome::NoClause, "{engine}");
        assert_eq!(events(&world, &world.rao).await, ["counts-refused"], "{engine}");
        let waits = done(world.prepare(&world.gil, &summer()).await);
        assert_eq!(world.give(&world.fay, waits.id).await, Outcome::Gone, "{engine}: another's");
        let find = async |s: &mut Snapshot| extract::find(s, &world.fay, waits.id).await;
        let seen = world.on.db.snapshot("test.find", find).await.unwrap();
        assert!(seen.is_none(), "{engine}: what waits shows to whoever asked");
        world.clock.advance(WAITS + SignedDuration::from_secs(1));
        assert_eq!(world.give(&world.gil, waits.id).await, Outcome::Gone, "{engine}: too late");
    }
}

/// What one table tells cannot be subtracted from what another does.
#[tokio::test]
async fn the_same_table_has_the_same_figures_and_no_other_overlaps() {
    for world in worlds().await {
        let engine = world.on.engine;
        fill(&world).await;
        let first = given(&world, &world.gil, &summer()).await;
        world.clock.advance(SignedDuration::from_secs(1));
        let late = world.person(990, ("cec", "1950-01-01")).await;
        world.file(late, ("cec", "2026-07-15"), &[]).await;
        let again = done(world.prepare(&world.fay, &summer()).await);
        assert_eq!(again.body, first.body, "{engine}: one more would be one person");
        assert_eq!((again.id, again.given), (first.id, first.given), "{engine}: it is the same");
        let by_month = |mut asked: Asked| {
            asked.definition.columns = Some(Dimension::Month);
            asked
        };
        let longer = asked("2026-06-01", "2026-10-01");
        for other in [by_month(summer()), longer, asked("2026-09-01", "2026-10-01")] {
            let outcome = world.prepare(&world.gil, &other).await;
            assert_eq!(outcome, Outcome::Overlaps(first.id), "{engine}: {other:?}");
        }
        given(&world, &world.gil, &by_month(spring())).await;
        // Two that wait: the second to be given meets the first.
        let autumn = asked("2026-10-01", "2026-11-01");
        let one = done(world.prepare(&world.gil, &autumn).await);
        let two = done(world.prepare(&world.fay, &by_month(autumn)).await);
        let given_once = done(world.give(&world.gil, one.id).await);
        assert_eq!(world.give(&world.fay, two.id).await, Outcome::Overlaps(one.id), "{engine}");
        assert_eq!(done(world.give(&world.gil, one.id).await), given_once, "{engine}: once");
        let list = async |s: &mut Snapshot| extract::list(s, &world.fay.organisation).await;
        let listed = world.on.db.snapshot("test.list", list).await.unwrap();
        let sees = listed.iter().filter(|(_, sees)| *sees).count();
        assert_eq!((listed.len(), sees), (3, 3), "{engine}: whose records were counted reads it");
    }
}

/// Two that ask for one table at once are given one, though somebody came between.
#[tokio::test]
async fn two_that_wait_as_one_table_have_one_set_of_figures() {
    for world in worlds().await {
        let engine = world.on.engine;
        fill(&world).await;
        let one = done(world.prepare(&world.gil, &summer()).await);
        let late = world.person(990, ("cec", "1950-01-01")).await;
        world.file(late, ("cec", "2026-07-15"), &[]).await;
        let two = done(world.prepare(&world.fay, &summer()).await);
        assert_ne!(figure(&one, TOTAL, "Glen cec"), figure(&two, TOTAL, "Glen cec"), "{engine}");
        let one = done(world.give(&world.gil, one.id).await);
        let two = done(world.give(&world.fay, two.id).await);
        assert_eq!(two.body.told, one.body.told, "{engine}");
    }
}

/// Where bodies give counts to one of them and not to each other, the others read of it alone.
#[tokio::test]
async fn whoever_is_given_no_counts_reads_none_of_what_is_told_of_theirs() {
    let one_way = |text: &str| {
        let to = "to = { party = \"*\", roles = [\"ig.lead\"] }\naction = [\"aggregate\"]";
        text.replace(to, &to.replace('*', "practice"))
    };
    for world in worlds_of(one_way).await {
        let engine = world.on.engine;
        fill(&world).await;
        let extract = given(&world, &world.gil, &summer()).await;
        let sources: Vec<_> = extract.body.sources.keys().map(ToString::to_string).collect();
        assert_eq!(sources, ["cec", "nhsl"], "{engine}: it gives the others nothing itself");
        let list = async |s: &mut Snapshot| {
            let list = extract::list(s, &world.fay.organisation).await?;
            Ok::<_, ken_insight::Error>((list, extract::find(s, &world.fay, extract.id).await?))
        };
        let (listed, found) = world.on.db.snapshot("test.list", list).await.unwrap();
        let seen: Vec<_> = listed.iter().map(|(one, sees)| (one.id, *sees)).collect();
        assert_eq!(seen, [(extract.id, false)], "{engine}: it reads that it was given");
        assert_eq!(found, None, "{engine}");
        assert_eq!(world.prepare(&world.fay, &spring()).await, Outcome::NoClause, "{engine}");
        let find = async |s: &mut Snapshot| extract::find(s, &world.rao, extract.id).await;
        let found = world.on.db.snapshot("test.find", find).await.unwrap();
        assert_eq!(found, None, "{engine}: another role of whoever asked");
    }
}

/// How many people of a body who were born in some years something happened to in some months, as
/// the tables say it.
async fn counted(world: &World, at: &str, born: [&str; 2], asked: &Asked) -> u64 {
    let sql = "SELECT COUNT(DISTINCT i.person_id) FROM record_item i
        JOIN row_class c ON c.id = i.class_id
        JOIN person_source p ON p.person_id = i.person_id AND p.organisation_id = c.source
        WHERE c.source = $1 AND p.born >= $2 AND p.born < $3
          AND i.event_us >= $4 AND i.event_us < $5";
    let start = |day: Date| {
        let zone = jiff::tz::TimeZone::get("Europe/London").unwrap();
        day.to_zoned(zone).unwrap().timestamp()
    };
    let span = [asked.definition.from, asked.definition.until].map(start);
    let of = values![at, born[0], born[1], span[0], span[1]];
    let read = async |s: &mut Snapshot| s.find(sql, of, |row| row.int(0)).await;
    u64::try_from(world.on.db.snapshot("test.count", read).await.unwrap().unwrap()).unwrap()
}

/// K1: two quarters beside each other by organisation and age, as an independent count has them.
#[tokio::test]
async fn two_quarters_are_compared_as_the_store_has_them() {
    let bands = [
        ("5 to 11", ["2014-07-02", "2021-04-02"]),
        ("25 to 44", ["1981-07-02", "2001-04-02"]),
        ("65 to 74", ["1951-07-02", "1961-04-02"]),
        ("75 to 84", ["1941-07-02", "1951-04-02"]),
        (TOTAL, ["1900-01-01", "2026-01-01"]),
    ];
    for world in worlds().await {
        let engine = world.on.engine;
        fill(&world).await;
        given(&world, &world.fay, &spring()).await;
        let summers = given(&world, &world.gil, &summer()).await;
        let own = &world.gil.organisation;
        let before = async |s: &mut Snapshot| extract::earlier(s, own, &summers.body).await;
        let before = world.on.db.snapshot("test.earlier", before).await.unwrap();
        let before = before.expect("the quarter before").body;
        let lines = report::lines(&summers.body, Some(&before));
        let (mut told, mut changes) = (0, vec![]);
        for (band, born) in bands {
            let line = lines.iter().find(|line| line.title == band).expect("a line");
            for (at, figure) in ["cec", "nhsl"].into_iter().zip(&line.figures) {
                let now = counted(&world, at, born, &summer()).await;
                let was = counted(&world, at, born, &spring()).await;
                told += usize::from(figure.told.is_some());
                assert!(figure.told.is_none_or(|told| told == now), "{engine}: {band} {at}");
                let Some(change) = figure.change else { continue };
                let want = i64::try_from(now).unwrap() - i64::try_from(was).unwrap();
                assert_eq!(change, want, "{engine}: {band} {at}");
                changes.push((band, at, change));
            }
        }
        assert_eq!(told, 5, "{engine}: {lines:?}");
        for want in [(TOTAL, "cec", 11), (TOTAL, "nhsl", 6)] {
            assert!(changes.contains(&want), "{engine}: {changes:?}");
        }
    }
}
