//! What the directory writes into the ledger.

use ken_core::{Ctx, OrganisationId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::Tx;
use ken_store::keys::KeyRing;
use serde_json::{Value, json};

use crate::{Acting, Error};

/// Notes that who may act for an organisation was changed, and by whom: by nobody's session when
/// the partnership is set up.
pub(crate) async fn changed(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    organisation: &OrganisationId,
    by: Option<&Acting>,
    mut detail: Value,
) -> Result<(), Error> {
    if let (Some(by), Some(fields)) = (by, detail.as_object_mut()) {
        let who = json!({
            "practitioner": by.practitioner.to_string(),
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
        });
        fields.insert("by".to_owned(), who);
    }
    append(tx, ctx, keys, Stream::Organisation(organisation.clone()), EntryKind::Account, detail)
        .await
}

/// Appends an entry that a person sees at once, if it is theirs.
pub(crate) async fn append(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    stream: Stream,
    kind: EntryKind,
    detail: Value,
) -> Result<(), Error> {
    let visibility = match stream {
        Stream::Person(_) => Visibility::Now,
        Stream::Organisation(_) => Visibility::Never,
    };
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}
