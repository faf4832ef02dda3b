//! From a text to an instrument that waits for signatures.

use ken_agreement::Instrument;
use ken_core::{Ctx, EntryId, InstrumentHash};
use ken_directory::Acting;
use ken_sharing::instrument;
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot, Tx, values};
use serde_json::json;

use super::{Outcome, Refusal, State, checked, enter, find, refused};
use crate::sql;

/// Registers the text for signing, for the lead party; the draft is closed by it.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn register(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    id: EntryId,
) -> Outcome<InstrumentHash> {
    let read = async |s: &mut Snapshot| find(s, id).await;
    let Some(draft) = db.snapshot("office.draft", read).await? else {
        return Ok(Err(Refusal::Unknown));
    };
    let may = draft.for_lead(&by.organisation);
    if let Err(refusal) = may {
        let enter = async |tx: &mut Tx| refused(tx, ctx, keys, by, (id, refusal)).await;
        return db.write("office.draft-refused", enter).await;
    }
    if draft.state != State::Open {
        return Ok(Err(Refusal::Closed));
    }
    let hash = match bring(db, ctx, keys, &draft.of).await? {
        Ok(hash) => hash,
        Err(refusal) => return Ok(Err(refusal)),
    };
    db.write("office.draft-register", async |tx| {
        let row = values![id, draft.revision, &hash];
        if tx.execute(sql::CLOSE_DRAFT, row).await? == 0 {
            return Ok(Err(Refusal::Closed));
        }
        enter(tx, ctx, keys, by, (id, json!({ "registered": hash.as_str() }))).await?;
        Ok(Ok(hash.clone()))
    })
    .await
}

/// Registers a finished text for signing, for its lead party. Each party confirms its own bases by
/// signing it.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn register_finished(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    text: &str,
) -> Outcome<InstrumentHash> {
    let Ok(of) = Instrument::parse(text) else { return Ok(Err(Refusal::NotRead)) };
    if of.agreement.lead_party != by.organisation {
        return Ok(Err(Refusal::NotLead));
    }
    bring(db, ctx, keys, &of).await
}

async fn bring(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, of: &Instrument) -> Outcome<InstrumentHash> {
    let found = checked(db, ctx, &of.to_toml()).await?;
    if found.iter().any(|one| one.is_error) {
        return Ok(Err(Refusal::Unsound));
    }
    match instrument::register(db, ctx, keys, of).await {
        Ok(hash) => Ok(Ok(hash)),
        Err(ken_sharing::Error::NameTaken) => Ok(Err(Refusal::NameTaken)),
        Err(error) => Err(error.into()),
    }
}
