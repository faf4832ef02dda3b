//! The directory's register: what an import brings, told before it is kept, and whose an entry is.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{Ctx, EntryId, OrganisationId};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use super::{Assured, Brought, Entry, KEPT, READ_MAX, Response, SERVICES_MAX, WAITS};
use crate::sql::service as sql;
use crate::{Acting, Error, entry, organisation};

/// What an import does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is new here.
    pub new: Vec<EntryId>,
    /// What its source has changed.
    pub changed: Vec<EntryId>,
    /// What was corrected or withdrawn here, or is newer here: it stays as it is.
    pub left: Vec<EntryId>,
    /// What is told again as it is.
    pub same: Vec<EntryId>,
}

/// What an import does with one service.
enum Does {
    New,
    Changes,
    Leaves,
    Repeats,
}

/// The rule: a source's word counts unless what stands here is younger, or was corrected here: two
/// people have looked at that.
fn does(held: Option<&Entry>, brought: &Brought) -> Does {
    let Some(held) = held else { return Does::New };
    let is_younger = held.updated > brought.updated || held.corrected.is_some();
    match (held.service == brought.service, is_younger) {
        (true, _) => Does::Repeats,
        (false, true) => Does::Leaves,
        (false, false) => Does::Changes,
    }
}

/// What an import would do.
///
/// # Errors
///
/// [`Error::TooMany`] over [`SERVICES_MAX`], and whatever the store says.
pub async fn plan(s: &mut impl Reads, response: &Response) -> Result<Plan, Error> {
    let held: BTreeMap<_, _> = list(s).await?.into_iter().map(|of| (of.service.id, of)).collect();
    let withdrawn = s.list(sql::WITHDRAWN, values![READ_MAX], |row| row.parse(0)).await?;
    let withdrawn: BTreeSet<EntryId> = withdrawn.into_iter().collect();
    let mut plan = Plan::default();
    for brought in &response.services {
        let id = brought.service.id;
        if withdrawn.contains(&id) {
            plan.left.push(id);
            continue;
        }
        let told = match does(held.get(&id), brought) {
            Does::New => &mut plan.new,
            Does::Changes => &mut plan.changed,
            Does::Leaves => &mut plan.left,
            Does::Repeats => &mut plan.same,
        };
        told.push(id);
    }
    if held.len() + plan.new.len() > SERVICES_MAX {
        return Err(Error::TooMany("services"));
    }
    Ok(plan)
}

/// Keeps what an import brings, and says what it did.
///
/// # Errors
///
/// As [`plan`].
pub async fn load(tx: &mut Tx, ctx: &Ctx<'_>, response: &Response) -> Result<Plan, Error> {
    let plan = plan(tx, response).await?;
    let import = EntryId::draw(ctx.ids);
    let attribution = written(&response.attribution)?;
    let of = values![import, &response.licence, attribution, ctx.now_us()];
    tx.execute(sql::IMPORT_INSERT, of).await?;
    for Brought { service, updated, reviewed } in &response.services {
        let (id, now) = (service.id, ctx.now_us());
        // What is still to come has not been.
        let checked = reviewed.as_microsecond().min(now);
        let updated = updated.as_microsecond().min(now);
        if plan.same.contains(&id) {
            tx.execute(sql::ENTRY_AGAIN, values![id, import, updated, checked, now]).await?;
        } else if plan.left.contains(&id) {
            tx.execute(sql::ENTRY_TOLD, values![id, now]).await?;
        } else {
            // A correction was written of what stood here before.
            tx.execute(sql::PROPOSAL_END, values![id]).await?;
            let (provider, name, body) =
                (service.provider.id, &service.says.name, written(service)?);
            let of = values![id, provider, import, name, body, updated, checked, now];
            tx.execute(sql::ENTRY_PUT, of).await?;
        }
    }
    Ok(plan)
}

/// A value as the database has it.
pub(super) fn written(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Unfit("service"))
}

/// Every entry, by name.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list(s: &mut impl Reads) -> Result<Vec<Entry>, Error> {
    Ok(s.list(sql::ENTRIES, values![READ_MAX], entry_of).await?)
}

/// One entry.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find(s: &mut impl Reads, id: EntryId) -> Result<Option<Entry>, Error> {
    Ok(s.find(sql::ENTRY, values![id], entry_of).await?)
}

fn entry_of(row: &Row<'_>) -> Result<Entry, ken_store::Error> {
    let corrupt = |index| move |_| ken_store::Error::Column { index };
    let assured = row.parse_opt(4)?.zip(row.time_opt(5)?);
    Ok(Entry {
        service: serde_json::from_str(&row.text(0)?).map_err(corrupt(0))?,
        updated: row.time(1)?,
        checked: row.time(2)?,
        corrected: row.time_opt(3)?,
        assured: assured.map(|(by, at)| Assured { by, at }),
        organisation: row.parse_opt(6)?,
        licence: row.text(7)?,
        attribution: serde_json::from_str(&row.text(8)?).map_err(corrupt(8))?,
    })
}

/// Says that the entries of a provider are a registered organisation's, whose officers may then
/// correct them. Whoever runs Ken has made sure of it.
///
/// # Errors
///
/// [`Error::Unknown`] where the directory has no such provider, or the organisation is not
/// registered, and whatever the store, the key ring or the ledger says.
pub async fn claim(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (provider, of): (EntryId, &OrganisationId),
    by: Option<&Acting>,
) -> Result<(), Error> {
    if organisation::find(tx, of).await?.is_none() {
        return Err(Error::Unknown("organisation"));
    }
    if !list(tx).await?.iter().any(|entry| entry.service.provider.id == provider) {
        return Err(Error::Unknown("provider"));
    }
    tx.execute(sql::PROVIDER_PUT, values![provider, of, ctx.now_us()]).await?;
    // Nobody assures what they say of themselves.
    tx.execute(sql::ASSURANCES_END, values![provider, of]).await?;
    let detail = json!({ "event": "services-claimed", "provider": provider.to_string() });
    entry::changed(tx, ctx, keys, of, by, detail).await
}

/// Withdraws an entry: nobody reads it any more, and no import brings it back; false where there is
/// none. Its provider reads it on their ledger, where they are registered here.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn withdraw(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    id: EntryId,
) -> Result<bool, Error> {
    let Some(of) = find(tx, id).await? else { return Ok(false) };
    tx.execute(sql::ENTRY_WITHDRAW, values![id, ctx.now_us()]).await?;
    tx.execute(sql::PROPOSAL_END, values![id]).await?;
    if let Some(of) = &of.organisation {
        let detail = json!({ "event": "service-withdrawn", "service": id.to_string() });
        entry::changed(tx, ctx, keys, of, None, detail).await?;
    }
    Ok(true)
}

/// Forgets what nobody has told or checked for two years, and corrections that waited too long;
/// says how many entries.
///
/// # Errors
///
/// Whatever the store says.
pub async fn sweep(tx: &mut Tx, ctx: &Ctx<'_>) -> Result<u64, Error> {
    let before = |kept| ctx.clock.now().checked_sub(kept).map_err(|_| Error::Corrupt("clock"));
    tx.execute(sql::PROPOSALS_SWEEP, values![before(WAITS)?]).await?;
    let entries = tx.execute(sql::ENTRIES_SWEEP, values![before(KEPT)?]).await?;
    tx.execute(sql::IMPORTS_SWEEP, &[]).await?;
    Ok(entries)
}
