//! The index in memory: it holds what is stored, whatever was written and by whom.
//!
//! The walks are repeatable; `KEN_TEST_SEEDS` asks for more of them.

use ken_core::PersonId;
use ken_person::{Demographics, Error, Index, Merged, Why, identify, merge};
use ken_store::{Db, Tx};
use ken_testkit::assert_prepares;
use tokio::sync::Notify;

use crate::world::{World, chi, says, source, worlds};

/// How much is written in a walk.
const STEPS: usize = 120;

/// Draws as `SplitMix64` does.
struct Chance(u64);

impl Chance {
    fn below(&mut self, many: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(many).unwrap()).unwrap()
    }

    fn of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Two, or as many as `KEN_TEST_SEEDS` says.
#[expect(clippy::disallowed_methods, reason = "a setting of a test, not of the product")]
fn seeds() -> u64 {
    std::env::var("KEN_TEST_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// Somebody of a few whom sources write in several ways.
fn somebody(chance: &mut Chance) -> Demographics {
    let organisation = chance.of(&["nhsl", "cec", "ooh"]);
    let number = chance.below(12).to_string();
    let given = chance.of(&["Isla", "Isla Rose", "Jack", "Jamie", "Baby", ""]);
    let family = chance.of(&["Sample", "Sampel", "Quirk", "MacOther", ""]);
    let born = chance.of(&["2017-03-14", "2017-03-15", "2017-03", "1950-01-01", ""]);
    let numbers = match chance.below(6) {
        0 => vec![chi(1)],
        1 => vec![chi(2)],
        2 => vec![chi(3)],
        _ => vec![],
    };
    let mut says = says(organisation, &number, &format!("{given} {family}"), born, &numbers);
    says.postcode = chance.of(&["EH1 1BB", "EH1 1BA", ""]).to_owned().into();
    says
}

async fn filled(db: &Db) -> Index {
    let index = Index::new();
    let mut follower = index.follower();
    follower.fill(db).await.unwrap();
    index
}

/// One change, some of which are given up.
async fn step(world: &World, chance: &mut Chance, said: &mut Vec<Demographics>) {
    let ctx = world.ctx();
    match chance.below(8) {
        0 => {
            let (one, other) = (chance.below(12).to_string(), chance.below(12).to_string());
            let (gone, kept) = (source("nhsl", &one), source("nhsl", &other));
            let work = async |tx: &mut Tx| {
                let merged = merge(tx, &ctx, &world.on.keys, &gone, &kept, None).await?;
                if let (Merged::Moved { from, id, .. }, 0) = (&merged, one.len() % 2) {
                    let (by, why) = (world.steward(), Why::new("a test").unwrap());
                    let (keys, at) = (&world.on.keys, (*from, *id));
                    ken_person::unmerge(tx, &ctx, keys, at, &by, &why).await?;
                }
                Ok::<_, Error>(())
            };
            world.on.db.write("test.merge", work).await.unwrap();
        }
        1 => {
            let says = somebody(chance);
            let work = async |tx: &mut Tx| {
                identify(tx, &ctx, &world.on.keys, &Index::new(), &says).await?;
                Err::<(), _>(Error::Contended)
            };
            assert!(world.on.db.write("test.given-up", work).await.is_err());
            said.push(says);
        }
        _ => {
            let says = somebody(chance);
            let work =
                async |tx: &mut Tx| identify(tx, &ctx, &world.on.keys, &Index::new(), &says).await;
            world.on.db.write("test.identify", work).await.unwrap();
            said.push(says);
        }
    }
}

#[tokio::test]
async fn every_statement_prepares() {
    for world in worlds().await {
        assert_prepares(&world.on.db, ken_person::INDEX_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::SEARCH_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::BOUNDS_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::APART_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::NUMBER_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::QUESTION_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::STANDING_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::MERGE_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::LEARNING_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_person::counting::STATEMENTS).await;
    }
}

#[tokio::test]
async fn it_holds_what_one_filled_anew_holds() {
    for seed in 0..seeds() {
        for world in worlds().await {
            let (mut chance, mut said) = (Chance(seed), Vec::new());
            let mut follower = world.index.follower();
            follower.fill(&world.on.db).await.unwrap();
            for _ in 0..STEPS {
                step(&world, &mut chance, &mut said).await;
                match chance.below(9) {
                    // A restart: nothing is left but what is stored.
                    0 => drop(follower.fill(&world.on.db).await.unwrap()),
                    1 | 2 => drop(follower.turn(&world.on.db).await.unwrap()),
                    _ => {}
                }
            }
            follower.turn(&world.on.db).await.unwrap();
            assert_eq!(follower.turn(&world.on.db).await.unwrap(), 0, "nothing is left");
            let fresh = filled(&world.on.db).await;
            let at = format!("{} {seed}", world.on.engine);
            assert_eq!(world.index.records(), fresh.records(), "{at}");
            let mut found = 0;
            for (count, says) in said.iter().enumerate() {
                let told = world.index.ask(says);
                assert_eq!(told, fresh.ask(says), "{at}: {count}");
                found += told.len();
            }
            assert!(found > STEPS, "{at}: {found}");
        }
    }
}

#[tokio::test]
async fn until_it_is_filled_nobody_is_proposed() {
    for world in worlds().await {
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[]);
        world.identify(&isla).await;
        assert_eq!((world.index.records(), world.index.ask(&isla)), (None, Vec::new()));
        let mut follower = world.index.follower();
        assert!(!follower.is_filled());
        assert_eq!(follower.turn(&world.on.db).await.unwrap(), 0, "there is nothing to follow");
        assert_eq!(follower.fill(&world.on.db).await.unwrap(), 1);
        assert!(follower.is_filled() && world.index.ask(&isla).len() == 1);
    }
}

#[tokio::test]
async fn another_nodes_writes_arrive_though_they_end_in_another_order() {
    for world in worlds().await {
        let Some(node) = world.on.another_node().await else { continue };
        let index = Index::new();
        let mut follower = index.follower();
        follower.fill(&node).await.unwrap();
        let (noted, go_on) = (Notify::new(), Notify::new());
        let (early, late) = (
            says("nhsl", "1", "Isla Sample", "2017-03-14", &[]),
            says("nhsl", "2", "Jack Quirk", "1950-01-01", &[]),
        );
        // What is written first ends last.
        let first = world.on.db.write("test.first", async |tx| {
            identify(tx, &world.ctx(), &world.on.keys, &Index::new(), &early).await?;
            // The note is sent with the next statement.
            ken_person::is_provisional(tx, PersonId::draw(&*world.ids)).await?;
            noted.notify_one();
            go_on.notified().await;
            Ok::<_, Error>(())
        });
        let second = async {
            noted.notified().await;
            world.identify(&late).await;
            assert_eq!(follower.turn(&node).await.unwrap(), 1);
            assert_eq!((index.ask(&late).len(), index.ask(&early).len()), (1, 0));
            go_on.notify_one();
        };
        let (first, ()) = tokio::join!(first, second);
        first.unwrap();
        assert_eq!(follower.turn(&node).await.unwrap(), 1);
        assert_eq!((index.ask(&late).len(), index.ask(&early).len()), (1, 1));
        // A second reader finds both, though the first has read them.
        let mut own = world.index.follower();
        own.fill(&world.on.db).await.unwrap();
        assert_eq!(world.index.records(), index.records());
    }
}

#[tokio::test]
async fn who_was_away_too_long_begins_anew() {
    for world in worlds().await {
        let mut follower = world.index.follower();
        follower.fill(&world.on.db).await.unwrap();
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[]);
        let jack = says("nhsl", "2", "Jack Quirk", "1950-01-01", &[]);
        let mut other = Index::new().follower();
        other.fill(&world.on.db).await.unwrap();
        for one in [&isla, &jack] {
            world.identify(one).await;
            // Another node gives the place.
            other.turn(&world.on.db).await.unwrap();
        }
        let forget = async |tx: &mut Tx| {
            tx.execute("DELETE FROM person_feed WHERE place = 1", &[]).await?;
            Ok::<_, Error>(())
        };
        world.on.db.write("test.forget", forget).await.unwrap();
        follower.turn(&world.on.db).await.unwrap();
        assert!(!follower.is_filled(), "{}: it has missed somebody", world.on.engine);
        assert_eq!(follower.missed(), 1, "{}", world.on.engine);
        follower.fill(&world.on.db).await.unwrap();
        assert_eq!(world.index.ask(&isla).len() + world.index.ask(&jack).len(), 2);
    }
}

async fn execute(world: &World, sql: &'static str) -> u64 {
    let work = async |tx: &mut Tx| tx.execute(sql, &[]).await;
    world.on.db.write("test.execute", work).await.unwrap()
}

#[tokio::test]
async fn a_filling_reads_on_while_others_write_however_long_it_takes() {
    for world in worlds().await {
        let engine = world.on.engine;
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[]);
        world.identify(&isla).await;
        let mut follower = world.index.follower();
        follower.fill(&world.on.db).await.unwrap();
        let mut other = Index::new().follower();
        other.fill(&world.on.db).await.unwrap();
        other.turn(&world.on.db).await.unwrap();
        // It has missed something, and is filled anew.
        world.identify(&says("nhsl", "2", "Una Known", "1950-01-01", &[])).await;
        other.turn(&world.on.db).await.unwrap();
        execute(&world, "DELETE FROM person_feed WHERE place = 1").await;
        follower.turn(&world.on.db).await.unwrap();
        assert!(!follower.is_filled(), "{engine}");
        assert!(!follower.fill_some(&world.on.db).await.unwrap(), "{engine}: the first page");
        // Those whom it has read change, others come, and the feed of it is forgotten at last.
        let married = says("nhsl", "1", "Isla Quirk", "2017-03-14", &[]);
        let jack = says("nhsl", "3", "Jack Other", "1948-03-02", &[]);
        for says in [&married, &jack] {
            world.identify(says).await;
            other.turn(&world.on.db).await.unwrap();
        }
        assert_eq!(world.index.ask(&isla).len(), 1, "{engine}: it proposes meanwhile");
        assert_eq!(world.index.ask(&married).len(), 1, "{engine}: what it held before");
        assert_eq!(follower.fill(&world.on.db).await.unwrap(), 3, "{engine}");
        execute(&world, "DELETE FROM person_feed").await;
        follower.turn(&world.on.db).await.unwrap();
        assert!(follower.is_filled(), "{engine}: nothing was missed");
        let fresh = filled(&world.on.db).await;
        for says in [&isla, &married, &jack] {
            assert_eq!(world.index.ask(says), fresh.ask(says), "{engine}");
        }
        assert_eq!(world.index.records(), Some(3), "{engine}");
    }
}

#[tokio::test]
async fn one_who_cannot_be_read_keeps_nobody_else_out() {
    const SPOIL: &str = "UPDATE person_source SET born = 'no day' WHERE number = '1'";
    const MEND: &str = "UPDATE person_source SET born = '2017-03-14' WHERE number = '1'";
    const NOTE: &str = "INSERT INTO person_changed (change_id, person_id)
        SELECT 'a note', person_id FROM person_source WHERE number = '1'";
    for world in worlds().await {
        let engine = world.on.engine;
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[]);
        let who = world.identify(&isla).await.person();
        let mut follower = world.index.follower();
        follower.fill(&world.on.db).await.unwrap();
        assert_eq!((world.index.ask(&isla).len(), follower.unread().len()), (1, 0), "{engine}");
        execute(&world, SPOIL).await;
        execute(&world, NOTE).await;
        let jack = says("nhsl", "2", "Jack Quirk", "1950-01-01", &[]);
        world.identify(&jack).await;
        follower.turn(&world.on.db).await.unwrap();
        assert_eq!((world.index.ask(&isla).len(), world.index.ask(&jack).len()), (0, 1));
        assert!(follower.unread().iter().eq([&who]), "{engine}");
        assert_eq!(follower.turn(&world.on.db).await.unwrap(), 0, "{engine}: it is behind it");
        // One filled now holds everybody else too.
        let index = Index::new();
        let mut anew = index.follower();
        assert_eq!(anew.fill(&world.on.db).await.unwrap(), 1, "{engine}");
        assert!(anew.unread().iter().eq([&who]), "{engine}");
        assert_eq!((index.ask(&isla).len(), index.ask(&jack).len()), (0, 1), "{engine}");
        execute(&world, MEND).await;
        execute(&world, NOTE).await;
        follower.turn(&world.on.db).await.unwrap();
        assert_eq!((world.index.ask(&isla).len(), follower.unread().len()), (1, 0), "{engine}");
    }
}

#[tokio::test]
async fn whoever_writes_wakes_it() {
    for world in worlds().await {
        world.identify(&says("nhsl", "1", "Isla Sample", "2017-03-14", &[])).await;
        world.index.changed().await;
    }
}
