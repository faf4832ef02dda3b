//! The clock on an answer: where nobody answered by the day, that stands on the ledger of the
//! organisation that was asked. It names nobody, and what was asked stays in its list.

use std::sync::Arc;

use ken_core::{BoxFuture, Ctx, PersonId, ResourceId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::timer::{self, Failure, Handler, Lease};
use ken_store::{Db, Reads as _, values};
use serde_json::json;

use super::stored;
use crate::Error;
use crate::sql::correction as sql;

/// The kind of the timers that notice an answer that did not come.
pub const TIMER: timer::Kind = "care.correction";

/// The handler of these timers.
#[must_use]
pub fn handlers(keys: &KeyRing) -> Vec<Arc<dyn Handler>> {
    vec![Arc::new(Clock { keys: keys.clone() })]
}

struct Clock {
    keys: KeyRing,
}

impl Handler for Clock {
    fn kind(&self) -> timer::Kind {
        TIMER
    }

    fn fire<'a>(
        &'a self,
        db: &'a Db,
        ctx: Ctx<'a>,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let done = missed(db, &ctx, &self.keys, lease).await;
            done.map_err(|error| Failure { code: error.code() })
        })
    }
}

async fn missed(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, lease: &Lease) -> Result<(), Error> {
    let corrupt = |_| Error::Corrupt("correction");
    let person: PersonId = lease.detail.parse().map_err(corrupt)?;
    let id: ResourceId = lease.key.parse().map_err(|_| Error::Corrupt("correction"))?;
    db.write("care.correction-missed", async |tx| {
        let found = tx.find(sql::CORRECTION_FIND, values![person, id], stored).await?;
        let found = found.transpose()?.map(|found| found.correction);
        if let Some(one) = found.filter(|one| one.outcome.is_none()) {
            let entry = NewEntry {
                stream: Stream::Organisation(one.organisation),
                kind: EntryKind::Duty,
                visibility: Visibility::Never,
                detail: json!({ "correction": id.to_string(), "missed": true }),
            };
            ken_ledger::append(tx, ctx, keys, entry).await?;
        }
        Ok(lease.done(tx).await?)
    })
    .await
}
