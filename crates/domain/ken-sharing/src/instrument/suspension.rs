//! Suspending an instrument, and ending that.

use ken_core::{Ctx, EntryId, InstrumentHash, OrganisationId};
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Db, values};
use serde_json::json;

use super::record;
use crate::{Error, sql};

/// Suspends an instrument for every pair that `by` is one of: routine clauses stop, duties go on.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn suspend(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    hash: &InstrumentHash,
    by: &OrganisationId,
) -> Result<(), Error> {
    db.write("sharing.suspend", async |tx| {
        let id = EntryId::draw(ctx.ids);
        tx.execute(sql::INSERT_SUSPENSION, values![hash, id, by, ctx.now_us()]).await?;
        ken_store::guard::bump_policy(tx).await?;
        let detail = json!({ "instrument": hash.as_str(), "suspended": true });
        record(tx, ctx, keys, by, EntryKind::Suspend, detail).await?;
        Ok(())
    })
    .await
}

/// Ends the suspensions of an instrument by one party.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn resume(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    hash: &InstrumentHash,
    by: &OrganisationId,
) -> Result<(), Error> {
    db.write("sharing.resume", async |tx| {
        tx.execute(sql::END_SUSPENSIONS, values![hash, by, ctx.now_us()]).await?;
        ken_store::guard::bump_policy(tx).await?;
        let detail = json!({ "instrument": hash.as_str(), "suspended": false });
        record(tx, ctx, keys, by, EntryKind::Suspend, detail).await?;
        Ok(())
    })
    .await
}
