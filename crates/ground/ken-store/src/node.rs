//! Nodes: each process that serves a database says which decisions of its own are over.
//!
//! What is decided by without a person (training, signatures, roles) has one version, the policy
//! head. Who changes it wants to say "done" only when no decision by the older version can still
//! come out anywhere. Each node therefore waits, once it has seen a version, until what it had
//! open before is over, and writes that down.
//!
//! # Invariants
//!
//! - A node reports a version only when every write and snapshot that it had open before it read
//!   that version has ended.
//! - Who has not been heard of for [`SILENT_MAX`] does not count: a write and a snapshot are
//!   bounded, by the server too, well below that, and what is begun later sees the new version.
//!
//! Source: `core.md` 4.2.

use jiff::SignedDuration;
use ken_core::{Clock, Ctx, IdSource};

use crate::sql::node as sql;
pub use crate::sql::node::ALL as STATEMENTS;
use crate::{Db, Error, Reads, Result, guard, values};

/// After this a node that says nothing counts as gone. House policy: six times the longest write,
/// and three times the longest snapshot.
pub const SILENT_MAX: SignedDuration = SignedDuration::from_secs(30);
/// How often a node must report to be heard. House policy.
pub const REPORT_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// How often one who waits looks again.
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(50);
/// After this a node's row is forgotten. House policy: no process is away for a day and comes back.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// This process, as one of those that serve the database.
#[derive(Debug)]
pub struct Node {
    id: String,
    /// The version that was drained last.
    drained: i64,
}

impl Node {
    /// A node with an id of its own.
    #[must_use]
    pub fn new(ids: &dyn IdSource) -> Self {
        Self { id: ids.random().to_string(), drained: 0 }
    }

    /// Drains what is older than the policy's version, if that has moved, and reports.
    ///
    /// # Errors
    ///
    /// Those of a write or snapshot; the next report then says the same.
    pub async fn report(&mut self, db: &Db, ctx: &Ctx<'_>) -> Result<i64> {
        let version = db.snapshot("node-version", async |s| guard::policy_version(s).await).await?;
        if version > self.drained {
            // Before it is heard of, a node does not count: it says first that it is there.
            if self.drained == 0 {
                self.say(db, ctx).await?;
            }
            db.drained().await;
            self.drained = version;
        }
        self.say(db, ctx).await?;
        Ok(version)
    }

    /// Says that it ends, so that nobody waits for it.
    ///
    /// # Errors
    ///
    /// Those of a write.
    pub async fn leave(self, db: &Db) -> Result<()> {
        db.write("node-leave", async |tx| {
            tx.execute(sql::NODE_LEAVE, values![&self.id]).await.map(drop)
        })
        .await
    }

    async fn say(&self, db: &Db, ctx: &Ctx<'_>) -> Result<()> {
        let now = ctx.clock.now();
        db.write("node-report", async |tx| {
            tx.execute(sql::NODE_REPORT, values![&self.id, self.drained, now]).await?;
            tx.execute(sql::NODES_FORGET, values![now - KEPT]).await.map(drop)
        })
        .await
    }
}

/// How many nodes have not drained what was decided before `version`; none when it is done.
///
/// # Errors
///
/// Those of a statement.
pub async fn late(reads: &mut impl Reads, clock: &dyn Clock, version: i64) -> Result<i64> {
    let of = values![version, clock.now() - SILENT_MAX];
    Ok(reads.find(sql::NODES_LATE, of, |row| row.int(0)).await?.unwrap_or_default())
}

/// Waits until every node has drained what was decided before `version`, and gives how many have
/// not when that took longer than `within`: then the change holds, but must not be called done.
///
/// # Errors
///
/// Those of a snapshot.
pub async fn wait_drained(
    db: &Db,
    clock: &dyn Clock,
    version: i64,
    within: SignedDuration,
) -> Result<i64> {
    let until = clock.now() + within;
    loop {
        let late = db.snapshot("node-drained", async |s| late(s, clock, version).await);
        let late: Result<i64, Error> = late.await;
        let (late, now) = (late?, clock.now());
        if late == 0 || now >= until {
            return Ok(late);
        }
        clock.sleep_until((now + LOOK_EVERY).min(until)).await;
    }
}
