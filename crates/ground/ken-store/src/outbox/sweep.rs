//! Sweeping: what was sent and answered is removed after its time.

use jiff::SignedDuration;
use ken_core::{BoxFuture, Ctx};

use crate::sql::outbox as sql;
use crate::timer::{self, Failure, Handler, Kind, Lease};
use crate::{Db, Result, Tx, values};

/// How long what was sent is kept after its answer. House policy: as long as a partner may ask
/// what became of it; the ledger's entry stays.
pub const SENT_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often it is swept. House policy.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How soon again while more is left.
const SWEEP_ON: SignedDuration = SignedDuration::from_secs(1);
/// Most messages of one sweep, so that its write is short.
const SWEPT_MAX: u32 = 500;
/// The timer.
const KIND: Kind = "store.outbox-sweep";

/// Removes messages that were sent longer ago than [`SENT_KEPT`], a bounded number; true if more
/// may be left.
///
/// # Errors
///
/// Those of a statement.
pub async fn sweep(tx: &mut Tx, ctx: &Ctx<'_>) -> Result<bool> {
    let of = values![ctx.clock.now() - SENT_KEPT, SWEPT_MAX];
    Ok(tx.execute(sql::OUTBOX_SWEEP, of).await? >= u64::from(SWEPT_MAX))
}

/// Sweeps by a timer, once for all nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sweep;

impl Sweep {
    /// Sets its timer, unless it is set.
    ///
    /// # Errors
    ///
    /// Those of a statement.
    pub async fn begin(tx: &mut Tx, ctx: &Ctx<'_>) -> Result<()> {
        timer::set_once(tx, KIND, "", ctx.clock.now(), "").await.map(drop)
    }
}

impl Handler for Sweep {
    fn kind(&self) -> Kind {
        KIND
    }

    fn fire<'a>(
        &'a self,
        db: &'a Db,
        ctx: Ctx<'a>,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let swept = db.write("outbox-sweep", async |tx| {
                let is_more = sweep(tx, &ctx).await?;
                lease.done(tx).await?;
                let next = ctx.clock.now() + if is_more { SWEEP_ON } else { SWEEP_EVERY };
                timer::set(tx, KIND, "", next, "").await
            });
            swept.await.map_err(|error: crate::Error| Failure::from(error))
        })
    }
}
