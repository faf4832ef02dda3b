//! What the index writes into the ledger. Names, dates and numbers of people never stand there.

use ken_core::{Ctx, OrganisationId, PersonId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::Tx;
use ken_store::keys::KeyRing;
use serde_json::{Value, json};

use crate::Error;
use crate::demographics::SourceRecord;

/// Notes what a registration led to. The person sees that a source holds a record of them; an
/// uncertain identity is nobody's yet, so nobody sees it.
pub(crate) async fn identified(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    source: &SourceRecord,
    verdict: &str,
) -> Result<(), Error> {
    let seen = match verdict {
        "uncertain" => Visibility::Never,
        _ => ken_sharing::fact::shown_at(tx, ctx, person).await?,
    };
    let detail =
        json!({ "event": "identified", "verdict": verdict, "source": source.organisation });
    append(tx, ctx, keys, person, EntryKind::Linked, seen, detail).await
}

/// Notes that a human, or a source about its own numbers, linked or set apart.
pub(crate) async fn decided(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    kind: EntryKind,
    detail: Value,
) -> Result<(), Error> {
    // Whether two records are one person may betray an adoption or a new name: a reviewer
    // releases it (domain.md edge cases 11 and 12).
    append(tx, ctx, keys, person, kind, Visibility::AfterReview, detail).await
}

/// Who decides, as the ledger has it.
pub(crate) fn who(by: &Acting) -> Value {
    json!({
        "practitioner": by.practitioner.to_string(),
        "organisation": by.organisation.as_str(),
        "role": by.role.as_str(),
    })
}

/// A source, as the ledger has it.
pub(crate) fn source(organisation: &OrganisationId) -> Value {
    json!({ "organisation": organisation.as_str() })
}

/// Notes what stewards do that is about no person: under the organisation of whoever does it.
pub(crate) async fn of_stewards(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    detail: Value,
) -> Result<(), Error> {
    let stream = Stream::Organisation(by.organisation.clone());
    let (kind, visibility) = (EntryKind::Setting, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}

async fn append(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    kind: EntryKind,
    visibility: Visibility,
    detail: Value,
) -> Result<(), Error> {
    let stream = Stream::Person(person);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}
