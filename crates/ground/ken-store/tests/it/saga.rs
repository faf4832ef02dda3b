//! What spans shards: claim by unique key, do, confirm; a fault between any two steps leaves
//! something that the next run brings to its end, once.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_store::{Db, Error, Migration, Reads, guard, values};
use ken_testkit::{Faults, SeededIds, Shards, each_fault, shards};

/// An identifier is looked up on the shard of the identifier's owner of record; the link itself
/// is on the person's shard.
const CLAIMS: &[Migration] = &[Migration {
    owner: "claims",
    number: 1,
    title: "claims",
    sql: "CREATE TABLE claim (identifier TEXT PRIMARY KEY, operation TEXT NOT NULL,
                              person_id TEXT NOT NULL, confirmed BIGINT NOT NULL);
          CREATE TABLE link (person_id TEXT NOT NULL, operation TEXT NOT NULL,
                             times BIGINT NOT NULL, PRIMARY KEY (person_id, operation));",
}];

const CLAIM: &str = "
    INSERT INTO claim (identifier, operation, person_id, confirmed) VALUES ($1, $2, $3, 0)
    ON CONFLICT (identifier) DO NOTHING";
const CLAIMED: &str = "SELECT operation FROM claim WHERE identifier = $1";
const DO: &str = "
    INSERT INTO link (person_id, operation, times) VALUES ($1, $2, 1)
    ON CONFLICT (person_id, operation) DO NOTHING";
const CONFIRM: &str = "UPDATE claim SET confirmed = 1 WHERE identifier = $1 AND operation = $2";
const RESOLVED: &str = "SELECT person_id FROM claim WHERE identifier = $1 AND confirmed = 1";
const TIMES: &str = "SELECT COALESCE(SUM(times), 0) FROM link";

struct Saga<'a> {
    lookup: &'a Db,
    person: &'a Db,
    identifier: &'a str,
    operation: &'a str,
    who: PersonId,
}

impl Saga<'_> {
    /// True if this operation has the identifier; false if another was first.
    async fn run(&self, faults: &Faults) -> Result<bool, Error> {
        let (identifier, operation, who) = (self.identifier, self.operation, self.who);
        faults.step()?;
        let holder = self.lookup.write("claim", async |tx| {
            tx.execute(CLAIM, values![identifier, operation, who]).await?;
            tx.find(CLAIMED, values![identifier], |row| row.text(0)).await
        });
        let holder: Result<_, Error> = holder.await;
        if holder?.as_deref() != Some(operation) {
            return Ok(false);
        }
        faults.step()?;
        let done = self
            .person
            .write("do", async |tx| tx.execute(DO, values![who, operation]).await.map(drop));
        let done: Result<(), Error> = done.await;
        done?;
        faults.step()?;
        let confirmed = self.lookup.write("confirm", async |tx| {
            tx.execute(CONFIRM, values![identifier, operation]).await.map(drop)
        });
        let confirmed: Result<(), Error> = confirmed.await;
        confirmed?;
        faults.step()?;
        Ok(true)
    }
}

async fn times(shards: &Shards) -> i64 {
    let mut times = 0;
    for shard in &shards.both {
        let here = shard.db.snapshot("times", async |s| s.find(TIMES, &[], |row| row.int(0)).await);
        let here: Result<_, Error> = here.await;
        times += here.unwrap().unwrap();
    }
    times
}

#[tokio::test]
async fn a_saga_comes_to_its_end_once_whatever_step_fails() {
    let ids = SeededIds::default();
    for shards in shards(&[CLAIMS]).await {
        let engine = shards.engine;
        let mut round = 0;
        let faults = each_fault(async |faults| {
            round += 1;
            let before = times(&shards).await;
            let (identifier, who) = (format!("chi-{round}"), PersonId::draw(&ids));
            let [lookup, _] = &shards.both;
            let saga = Saga {
                lookup: &lookup.db,
                person: shards.of(who),
                identifier: &identifier,
                operation: &format!("operation-{round}"),
                who,
            };
            let first = saga.run(faults).await;
            assert_eq!(first.is_err(), faults.happened(), "{engine}, round {round}");
            // Unconfirmed reads as unresolved.
            let resolved = async || {
                let found = lookup.db.snapshot("resolved", async |s| {
                    s.find(RESOLVED, values![&identifier], |row| row.parse(0)).await
                });
                let found: Result<Option<PersonId>, Error> = found.await;
                found.unwrap()
            };
            if resolved().await.is_some() {
                assert_eq!(times(&shards).await, before + 1, "{engine}, round {round}");
            }
            // After the restart: the same operation, and another that wants the same.
            assert_eq!(saga.run(&Faults::none()).await, Ok(true), "{engine}, round {round}");
            let late = Saga { operation: "late", who: PersonId::draw(&ids), ..saga };
            assert_eq!(late.run(&Faults::none()).await, Ok(false), "{engine}, round {round}");
            assert_eq!(resolved().await, Some(who), "{engine}, round {round}");
            assert_eq!(times(&shards).await, before + 1, "{engine}, round {round}");
        });
        assert_eq!(faults.await, 4, "{engine}");
    }
}

/// An operation over two people on two shards: both are marked, then each is changed, then both
/// are unmarked. Any step may be the last of a run; the next run of the same operation goes on.
struct Link<'a> {
    shards: &'a Shards,
    pair: [PersonId; 2],
    operation: &'a str,
}

impl Link<'_> {
    /// Marks or unmarks one of the pair; false if another operation has them.
    async fn mark(&self, person: PersonId, set: bool) -> Result<bool, Error> {
        let db = self.shards.of(person);
        db.write("mark", async |tx| {
            let guard = tx.lock_people(&BTreeSet::from([person])).await?;
            if set {
                return guard.bar(tx, self.operation).await;
            }
            guard.unbar(tx, self.operation).await.map(|()| true)
        })
        .await
    }

    async fn run(&self, faults: &Faults) -> Result<bool, Error> {
        for (at, person) in self.pair.into_iter().enumerate() {
            faults.step()?;
            if !self.mark(person, true).await? {
                // What this run has marked is free again; the pair is taken in the order of ids,
                // so that two operations over the same pair do not each hold one.
                for marked in self.pair.into_iter().take(at) {
                    self.mark(marked, false).await?;
                }
                return Ok(false);
            }
        }
        for person in self.pair {
            faults.step()?;
            let done = self.shards.of(person).write("do", async |tx| {
                tx.execute(DO, values![person, self.operation]).await.map(drop)
            });
            let done: Result<(), Error> = done.await;
            done?;
        }
        for person in self.pair {
            faults.step()?;
            self.mark(person, false).await?;
        }
        faults.step()?;
        Ok(true)
    }

    /// Who of the pair is marked, and who is changed.
    async fn seen(&self) -> ([bool; 2], [bool; 2]) {
        let (mut marked, mut changed) = ([false; 2], [false; 2]);
        for (at, person) in self.pair.into_iter().enumerate() {
            let seen = self.shards.of(person).snapshot("seen", async |s| {
                let barrier = guard::find(s, person).await?.and_then(|guard| guard.barrier);
                let sql = "SELECT times FROM link WHERE person_id = $1 AND operation = $2";
                let times = s.find(sql, values![person, self.operation], |row| row.int(0)).await?;
                Ok::<_, Error>((barrier.is_some(), times.is_some()))
            });
            (marked[at], changed[at]) = seen.await.unwrap();
        }
        (marked, changed)
    }
}

#[tokio::test]
async fn a_link_over_two_shards_is_never_seen_by_halves() {
    let ids = SeededIds::default();
    for shards in shards(&[CLAIMS]).await {
        let engine = shards.engine;
        let mut round = 0;
        let faults = each_fault(async |faults| {
            round += 1;
            let draw = |odd| loop {
                let person = PersonId::draw(&ids);
                if person.uuid().as_u128() & 1 == odd {
                    return person;
                }
            };
            let mut pair = [draw(0), draw(1)];
            pair.sort_unstable();
            let operation = format!("link-{round}");
            let link = Link { shards: &shards, pair, operation: &operation };
            let first = link.run(faults).await;
            assert_eq!(first.is_err(), faults.happened(), "{engine}, round {round}");
            let (marked, changed) = link.seen().await;
            if changed[0] != changed[1] {
                assert_eq!(marked, [true; 2], "{engine}, round {round}: seen by halves");
            }
            // Another operation meanwhile is told to come later, and leaves the first alone.
            if marked != [false; 2] {
                let other = Link { operation: "other", ..link };
                assert_eq!(other.run(&Faults::none()).await, Ok(false), "{engine}, {round}");
                assert_eq!(link.seen().await, (marked, changed), "{engine}, round {round}");
            }
            assert_eq!(link.run(&Faults::none()).await, Ok(true), "{engine}, round {round}");
            assert_eq!(link.seen().await, ([false; 2], [true; 2]), "{engine}, round {round}");
        });
        assert_eq!(faults.await, 7, "{engine}");
    }
}

/// Two operations that share a person, each ended before each of its steps: whoever comes back
/// first goes on, the other is told to come later, and both come to their end once.
#[tokio::test]
async fn two_links_that_share_a_person_both_come_to_their_end() {
    let ids = SeededIds::default();
    for shards in shards(&[CLAIMS]).await {
        let engine = shards.engine;
        let mut round = 0;
        let firsts = each_fault(async |first| {
            round += 1;
            let three = draw_three(&ids);
            let [one, two] = [format!("one-{round}"), format!("two-{round}")];
            let one = Link { shards: &shards, pair: [three[0], three[1]], operation: &one };
            let ended = one.run(first).await;
            assert_eq!(ended.is_err(), first.happened(), "{engine}, round {round}");
            let two = Link { shards: &shards, pair: [three[1], three[2]], operation: &two };
            let seconds = each_fault(async |second| {
                // True, an error of the fault, or told to come later; never seen by halves.
                let _ = two.run(second).await;
                for link in [&one, &two] {
                    let (marked, changed) = link.seen().await;
                    let halved = changed[0] != changed[1] && marked != [true; 2];
                    assert!(!halved, "{engine}, round {round}: seen by halves");
                }
            });
            assert!(seconds.await > 0, "{engine}");
            // After the restarts each goes on in turn; the one that is told to wait, comes again.
            let mut done = [false; 2];
            for _ in 0..2 {
                for (done, link) in done.iter_mut().zip([&one, &two]) {
                    *done = *done || link.run(&Faults::none()).await == Ok(true);
                }
            }
            assert_eq!(done, [true; 2], "{engine}, round {round}");
            for link in [&one, &two] {
                let want = ([false; 2], [true; 2]);
                assert_eq!(link.seen().await, want, "{engine}, round {round}");
            }
        });
        assert_eq!(firsts.await, 7, "{engine}");
    }
}

/// Three people in the order of their ids, of both shards.
fn draw_three(ids: &SeededIds) -> [PersonId; 3] {
    loop {
        let mut three = [0; 3].map(|_| PersonId::draw(ids));
        three.sort_unstable();
        let odd = three.iter().filter(|person| person.uuid().as_u128() & 1 == 1).count();
        if (1..=2).contains(&odd) {
            return three;
        }
    }
}
