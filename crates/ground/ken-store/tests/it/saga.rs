//! What spans shards: claim by unique key, do, confirm; a fault between any two steps leaves
//! something that the next run brings to its end, once.

use ken_core::PersonId;
use ken_store::{Db, Error, Migration, Reads, values};
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
