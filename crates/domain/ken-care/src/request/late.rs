//! The clock on a request: where nobody answered by the day that was named, that is a turn, and the
//! organisation that has it is told on its own stream of the ledger, for whoever is on duty.

use std::collections::BTreeSet;
use std::sync::Arc;

use ken_core::{BoxFuture, Ctx, ResourceId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::together;
use ken_store::Db;
use ken_store::keys::KeyRing;
use ken_store::timer::{self, Failure, Handler, Lease};
use serde_json::json;

use super::Whole;
use super::act::leave;
use super::rule::State;
use super::send::NewTurn;
use crate::Error;

/// The kind of the timers that notice an answer that did not come.
pub const TIMER: timer::Kind = "care.request";

/// The handler of these timers.
#[must_use]
pub fn handlers(keys: &KeyRing) -> Vec<Arc<dyn Handler>> {
    vec![Arc::new(Clock { keys: keys.clone() })]
}

/// Instead of a turn: the clock on what accepting gave, once the request is over.
pub(super) const LEFT: i64 = 0;

/// The clock of the turn that asked for an answer.
pub(super) fn key(id: ResourceId, number: i64) -> String {
    format!("{id} {number}")
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
            let done = late(db, &ctx, &self.keys, lease).await;
            done.map_err(|error| Failure { code: error.code() })
        })
    }
}

/// Notes that the time is over, where the turn is still the one that waits.
async fn late(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, lease: &Lease) -> Result<(), Error> {
    let of = lease.key.split_once(' ').and_then(|(id, number)| {
        Some((id.parse::<ResourceId>().ok()?, number.parse::<i64>().ok()?))
    });
    let (id, number) = of.ok_or(Error::Corrupt("request"))?;
    db.write("care.request-late", async |tx| {
        let found = Whole::find(tx, id).await?.ok_or(Error::Corrupt("request"))?;
        let guard = together::lock(tx, &BTreeSet::from([found.request.person])).await?;
        let whole = Whole::find(tx, id).await?.ok_or(Error::Corrupt("request"))?;
        if number == LEFT {
            if leave(tx, ctx, keys, &whole).await? {
                guard.bump(tx).await?;
            }
            return Ok(lease.done(tx).await?);
        }
        let (standing, last) = (whole.standing()?, whole.turns.last());
        let asked = whole.turns.iter().rfind(|turn| turn.goes());
        let is_asked = asked.is_some_and(|turn| turn.number == number);
        if is_asked && standing.state == State::Sent {
            let number = last.map_or(0, |turn| turn.number).saturating_add(1);
            let (to, relationship, words) = (Some((&standing.holder, None)), None, "");
            let turn = NewTurn { id, number, state: State::Late, to, relationship, words };
            turn.put(tx, ctx, (keys, &whole.request.key), None).await?;
            let entry = NewEntry {
                stream: Stream::Organisation(standing.holder.organisation.clone()),
                kind: EntryKind::Duty,
                visibility: Visibility::Never,
                detail: json!({ "request": id.to_string(), "missed": true }),
            };
            ken_ledger::append(tx, ctx, keys, entry).await?;
            guard.bump(tx).await?;
        }
        Ok(lease.done(tx).await?)
    })
    .await
}
