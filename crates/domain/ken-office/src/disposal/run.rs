//! Disposal as it is done: counted, asked for, confirmed, certified.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Error as StoreError, Reads, Row, Tx, values};
use serde_json::{Value, json};

use super::{
    Certificate, Disposal, Done, LIST_MAX, Planned, REASON_MAX, REMOVED_MAX, RecordSet, Refusal,
    WAITS,
};
use crate::Error;
use crate::sql::disposal as sql;
pub use crate::sql::disposal::ALL as STATEMENTS;

/// What is due of every set of an organisation, and what is held back.
///
/// # Errors
///
/// Whatever the store says.
pub async fn plan<R: Reads>(
    reads: &mut R,
    own: &OrganisationId,
    now: Timestamp,
) -> Result<Vec<Planned>, Error> {
    let holds = holds(reads, own).await?;
    let mut planned = vec![];
    for set in RecordSet::ALL {
        let due = count(reads, own, (set, set.due_before(now))).await?;
        planned.push(Planned { set, due, hold: holds.get(set.code()).cloned() });
    }
    Ok(planned)
}

async fn holds<R: Reads>(
    reads: &mut R,
    own: &OrganisationId,
) -> Result<BTreeMap<String, (String, Timestamp)>, Error> {
    let row = |row: &Row<'_>| Ok((row.text(0)?, (row.text(1)?, row.time(2)?)));
    Ok(reads.list(sql::LIST_HOLDS, values![own], row).await?.into_iter().collect())
}

async fn count<R: Reads>(
    reads: &mut R,
    own: &OrganisationId,
    (set, before): (RecordSet, Timestamp),
) -> Result<i64, Error> {
    let statement = match set {
        RecordSet::HeldMessages => return Ok(ken_hub::closed_held(reads, own, before).await?),
        RecordSet::Findings => sql::COUNT_CLOSED_FINDINGS,
        RecordSet::Breaches => sql::COUNT_CLOSED_BREACHES,
    };
    let count = reads.find(statement, values![own, before], |row| row.int(0)).await?;
    Ok(count.unwrap_or(0))
}

/// Holds a set of one's own organisation back for a reason; none ends the hold.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn hold(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (set, reason): (RecordSet, Option<&str>),
) -> Result<Result<(), Refusal>, Error> {
    let reason = reason.map(str::trim);
    if reason.is_some_and(|text| text.is_empty() || text.chars().count() > REASON_MAX) {
        return Ok(Err(Refusal::NoReason));
    }
    db.write("office.hold", async |tx| {
        let own = &by.organisation;
        match reason {
            Some(reason) => {
                // A disposal that is being confirmed ends first, or finds the hold.
                tx.execute(sql::LOCK_SET, values![own, set.code()]).await?;
                let of = values![own, set.code(), reason, by.practitioner, ctx.now_us()];
                tx.execute(sql::UPSERT_HOLD, of).await?
            }
            None => tx.execute(sql::DELETE_HOLD, values![own, set.code()]).await?,
        };
        let detail = json!({ "hold": set.code(), "reason": reason });
        enter(tx, ctx, keys, by, detail).await?;
        Ok(Ok(()))
    })
    .await
}

/// Asks to dispose of what is due of a set; a second officer confirms.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn ask(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    set: RecordSet,
) -> Result<Result<EntryId, Refusal>, Error> {
    let (own, now) = (&by.organisation, ctx.clock.now());
    let (id, before) = (EntryId::draw(ctx.ids), set.due_before(now));
    db.write("office.ask-disposal", async |tx| {
        if holds(tx, own).await?.contains_key(set.code()) {
            return Ok(Err(Refusal::Held));
        }
        let since = now.saturating_sub(WAITS).unwrap_or(Timestamp::MIN);
        let of = values![own, set.code(), since];
        if tx.find(sql::FIND_WAITING, of, |row| row.text(0)).await?.is_some() {
            return Ok(Err(Refusal::Waits));
        }
        let counted = count(tx, own, (set, before)).await?;
        if counted == 0 {
            return Ok(Err(Refusal::Nothing));
        }
        let rule = set.rule();
        let row =
            values![own, id, set.code(), rule.as_str(), before, counted, by.practitioner, now];
        tx.execute(sql::INSERT_DISPOSAL, row).await?;
        let detail = json!({ "disposal": id.to_string(), "asked": rule, "counted": counted });
        enter(tx, ctx, keys, by, detail).await?;
        Ok(Ok(id))
    })
    .await
}

/// Confirms a disposal that somebody else of the organisation asked for, and does it. The keys of
/// what was removed are destroyed once that is durable.
///
/// # Errors
///
/// Whatever the store, the ledger or the key store says; where the keys could not be destroyed the
/// next start does it.
pub async fn confirm(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    id: EntryId,
) -> Result<Result<(), Refusal>, Error> {
    let (own, now) = (&by.organisation, ctx.clock.now());
    let erasure = db
        .write("office.dispose", async |tx| {
            let since = now.saturating_sub(WAITS).unwrap_or(Timestamp::MIN);
            let waits = |one: &Disposal| one.done.is_none() && one.asked > since;
            let Some(one) = find(tx, own, id).await?.filter(waits) else {
                return Ok(Err(Refusal::Unknown));
            };
            if one.asked_by == by.practitioner {
                return Ok(Err(Refusal::Own));
            }
            if tx.execute(sql::LOCK_DISPOSAL, values![own, id]).await? == 0 {
                return Ok(Err(Refusal::Unknown));
            }
            if holds(tx, own).await?.contains_key(one.set.code()) {
                return Ok(Err(Refusal::Held));
            }
            let (removed, gone) = remove(tx, own, (one.set, one.before)).await?;
            if removed == 0 {
                return Ok(Err(Refusal::Nothing));
            }
            let detail = said(&one, &by.practitioner.to_string(), removed);
            let erasure = ken_ledger::certify_disposal(tx, ctx, keys, own, &gone, detail).await?;
            let entry = erasure.certificate;
            let of = values![own, id, by.practitioner, now, removed, entry];
            if tx.execute(sql::FINISH_DISPOSAL, of).await? == 0 {
                return Err(StoreError::Contended.into());
            }
            Ok::<_, Error>(Ok(erasure))
        })
        .await?;
    match erasure {
        Ok(erasure) => {
            ken_ledger::destroy(keys, &erasure).await?;
            Ok(Ok(()))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// What a certificate says: what, how many, by which rule, and who decided. Nobody else.
fn said(one: &Disposal, confirmed_by: &str, removed: i64) -> Value {
    json!({
        "disposal": one.id.to_string(), "set": one.set.code(), "rule": one.rule,
        "before": one.before.to_string(), "removed": removed,
        "asked-by": one.asked_by.to_string(), "confirmed-by": confirmed_by,
    })
}

/// Removes what is due, the oldest first; gives how many things, and the keys that they were under.
async fn remove(
    tx: &mut Tx,
    own: &OrganisationId,
    (set, before): (RecordSet, Timestamp),
) -> Result<(i64, Vec<KeyId>), Error> {
    let (of, mut keys, mut removed) = (values![own, before, REMOVED_MAX], vec![], 0);
    match set {
        RecordSet::HeldMessages => {
            keys = ken_hub::dispose_held(tx, own, before, REMOVED_MAX).await?;
            removed = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        }
        RecordSet::Findings => {
            for id in tx.list(sql::LIST_CLOSED_FINDINGS, of, |row| row.text(0)).await? {
                let rows = tx.execute(sql::DELETE_FINDING, values![id.as_str()]).await?;
                removed += i64::from(rows > 0);
            }
        }
        RecordSet::Breaches => {
            let row = |row: &Row<'_>| Ok((row.parse::<EntryId>(0)?, row.parse::<KeyId>(1)?));
            for (id, key) in tx.list(sql::LIST_CLOSED_BREACHES, of, row).await? {
                tx.execute(sql::DELETE_STEPS, values![own, id]).await?;
                tx.execute(sql::DELETE_GROUPS, values![own, id]).await?;
                if tx.execute(sql::DELETE_BREACH, values![own, id]).await? > 0 {
                    removed += 1;
                    keys.push(key);
                }
            }
        }
    }
    Ok((removed, keys))
}

async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    mut detail: Value,
) -> Result<(), Error> {
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("by".to_owned(), json!(by.practitioner.to_string()));
    }
    let stream = Stream::Organisation(by.organisation.clone());
    let (kind, visibility) = (EntryKind::Setting, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}

/// The disposals of an organisation, the newest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list<R: Reads>(reads: &mut R, own: &OrganisationId) -> Result<Vec<Disposal>, Error> {
    Ok(reads.list(sql::LIST_DISPOSALS, values![own, LIST_MAX], read).await?)
}

/// One disposal of an organisation.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find<R: Reads>(
    reads: &mut R,
    own: &OrganisationId,
    id: EntryId,
) -> Result<Option<Disposal>, Error> {
    Ok(reads.find(sql::FIND_DISPOSAL, values![own, id], read).await?)
}

/// Holds a certificate against the ledger; none while the disposal is not done.
///
/// # Errors
///
/// Whatever the store or the key store says.
pub async fn certificate<R: Reads>(
    reads: &mut R,
    keys: &KeyRing,
    (own, one): (&OrganisationId, &Disposal),
) -> Result<Option<Certificate>, Error> {
    let Some(Done { by, entry, removed, .. }) = &one.done else { return Ok(None) };
    let stream = Stream::Organisation(own.clone());
    let found = match ken_ledger::entry(reads, keys, &stream, *entry).await {
        Ok(found) => found,
        // An entry that is not what was written certifies nothing.
        Err(ken_ledger::Error::Corrupt(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let detail = found.filter(|found| found.kind == EntryKind::Erasure).and_then(|of| of.detail);
    let mut says = detail.unwrap_or_default();
    let wants = said(one, &by.to_string(), *removed);
    if let Some(says) = says.as_object_mut() {
        says.remove("keys");
    }
    if says != wants {
        return Ok(Some(Certificate::Differs));
    }
    let proof = ken_ledger::prove(reads, *entry).await?;
    Ok(Some(Certificate::Stands(proof.map(|proof| proof.index))))
}

fn read(row: &Row<'_>) -> ken_store::Result<Disposal> {
    let done = match (row.parse_opt(7)?, row.time_opt(8)?, row.int_opt(9)?, row.parse_opt(10)?) {
        (Some(by), Some(at), Some(removed), Some(entry)) => Some(Done { by, at, removed, entry }),
        _ => None,
    };
    Ok(Disposal {
        id: row.parse(0)?,
        set: RecordSet::of_code(&row.text(1)?).ok_or(StoreError::Column { index: 1 })?,
        rule: row.text(2)?,
        before: row.time(3)?,
        counted: row.int(4)?,
        asked_by: row.parse(5)?,
        asked: row.time(6)?,
        done,
    })
}
