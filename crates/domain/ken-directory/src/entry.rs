//! What the directory writes into the ledger.

use ken_core::{Ctx, OrganisationId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::Tx;
use ken_store::keys::KeyRing;
use serde_json::{Value, json};

use crate::{Acting, Error};

/// By whom a change is that no session made: whoever runs Ken, at its command line or while the
/// partnership is set up.
const OPERATOR: &str = "operator";

/// Notes that who may act for an organisation was changed, and by whom.
pub(crate) async fn changed(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    organisation: &OrganisationId,
    by: Option<&Acting>,
    detail: Value,
) -> Result<(), Error> {
    changed_on(tx, ctx, keys, Stream::Organisation(organisation.clone()), by, detail).await
}

/// The same, on a stream: a person's own account has no organisation.
pub(crate) async fn changed_on(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    stream: Stream,
    by: Option<&Acting>,
    mut detail: Value,
) -> Result<(), Error> {
    let who = by.map_or_else(
        || OPERATOR.into(),
        |by| {
            json!({
                "practitioner": by.practitioner.to_string(),
                "organisation": by.organisation.as_str(),
                "role": by.role.as_str(),
            })
        },
    );
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("by".to_owned(), who);
    }
    let kind = match stream {
        Stream::Person(_) => EntryKind::SignIn,
        Stream::Organisation(_) => EntryKind::Account,
    };
    append(tx, ctx, keys, stream, kind, detail).await
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

/// Notes that a practitioner changed what their organisation says of itself.
pub(crate) async fn set(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    mut detail: Value,
) -> Result<(), Error> {
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("by".to_owned(), by.practitioner.to_string().into());
    }
    let stream = Stream::Organisation(by.organisation.clone());
    append(tx, ctx, keys, stream, EntryKind::Setting, detail).await
}
