//! The breach register itself: what is kept, read and timed.

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, Sensitive};
use ken_directory::{Acting, organisation, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::timer::{self, Lease};
use ken_store::{Db, Error as StoreError, Reads, Row, Tx, values};
use serde_json::{Value, json};

use super::{
    Breach, CLOCK, Did, FIELDS, Kind, LIST_MAX, New, NewStep, OPEN_MAX, PEOPLE_MAX, REPORTS_MAX,
    Refusal, STEPS_MAX, Step, TIMER, Words, fit,
};
use crate::Error;
use crate::sql::breach as sql;
pub use crate::sql::breach::ALL as STATEMENTS;

/// What the sealed words of a breach are bound to.
const BINDING: &str = "ken-breach/1";

/// Records a breach of one's own organisation, or reports one to the controller for whom it
/// processes. The controller's clock runs from the same write on.
///
/// # Errors
///
/// Whatever the store, the key store or the ledger says; a [`Refusal`] is a value.
pub async fn record(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    new: &New,
) -> Result<Result<EntryId, Refusal>, Error> {
    let now = ctx.clock.now();
    if let Err(refusal) = fit(new.words.reveal(), &FIELDS) {
        return Ok(Err(refusal));
    }
    if new.found > now {
        return Ok(Err(Refusal::When));
    }
    if new.people.is_some_and(|people| !(0..=PEOPLE_MAX).contains(&people)) {
        return Ok(Err(Refusal::People));
    }
    let is_own = new.controller == by.organisation;
    let aware = if is_own { new.found } else { now };
    let (id, key) = (EntryId::draw(ctx.ids), keys.fresh().await?);
    let breach = Kept {
        id,
        key,
        aware,
        due: aware.saturating_add(CLOCK).unwrap_or(Timestamp::MAX),
        reporter: (!is_own).then_some(&by.organisation),
    };
    db.write("office.breach", async |tx| keep(tx, ctx, keys, (by, new), &breach).await).await
}

/// What is decided of a breach before it is kept.
struct Kept<'a> {
    id: EntryId,
    key: KeyId,
    aware: Timestamp,
    due: Timestamp,
    reporter: Option<&'a OrganisationId>,
}

async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, new): (&Acting, &New),
    breach: &Kept<'_>,
) -> Result<Result<EntryId, Refusal>, Error> {
    let Kept { id, key, aware, due, reporter } = *breach;
    let (controller, now) = (&new.controller, ctx.clock.now());
    let words = text(&new.words)?;
    let what = ["breach", controller.as_str(), new.kind.code(), &words];
    // Before any limit: the same form is not told that nothing was kept.
    if let Some(before) = sending::before(tx, ctx, &what).await? {
        return Ok(Ok(before));
    }
    if organisation::find(tx, controller).await?.is_none() {
        return Ok(Err(Refusal::Unknown));
    }
    let of = values![controller, reporter];
    let open = tx.find(sql::COUNT_OPEN, of, |row| row.int(0)).await?.unwrap_or(0);
    if open >= if reporter.is_some() { REPORTS_MAX } else { OPEN_MAX } {
        return Ok(Err(Refusal::TooMany));
    }
    if let Some(before) = sending::once(tx, ctx, &what, id).await? {
        return Ok(Ok(before));
    }
    let row = values![
        controller,
        id,
        reporter,
        new.kind.code(),
        new.people,
        key,
        new.found,
        aware,
        due,
        now
    ];
    tx.execute(sql::INSERT_BREACH, row).await?;
    timer::set(tx, TIMER, &id.to_string(), due, controller.as_str()).await?;
    let step = NewStep { did: Did::Recorded, at: new.found, words: new.words.clone() };
    let hash = note(tx, ctx, keys, (by, controller, id), (key, &step)).await?;
    let detail = json!({
        "breach": id.to_string(), "did": Did::Recorded.code(), "kind": new.kind.code(),
        "controller": controller.as_str(), "reporter": reporter.map(OrganisationId::as_str),
        "aware": aware.to_string(), "due": due.to_string(), "words": hash,
        "by": by.practitioner.to_string(),
    });
    for stream in [Some(controller), reporter].into_iter().flatten() {
        enter(tx, ctx, keys, stream, detail.clone()).await?;
    }
    Ok(Ok(id))
}

/// Takes a step with a breach of one's own organisation.
///
/// # Errors
///
/// As [`record`]; [`StoreError::Contended`] where somebody took another meanwhile.
pub async fn step(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, new): (EntryId, &NewStep),
) -> Result<Result<(), Refusal>, Error> {
    let (own, now) = (&by.organisation, ctx.clock.now());
    let (of, words) = (id.to_string(), text(&new.words)?);
    let what = ["breach-step", of.as_str(), new.did.code(), &words];
    db.write("office.breach-step", async |tx| {
        if sending::before::<EntryId>(tx, ctx, &what).await?.is_some() {
            return Ok(Ok(()));
        }
        let Some(breach) = find(tx, own, id).await? else { return Ok(Err(Refusal::Unknown)) };
        if let Err(refusal) = breach.may(new, now) {
            return Ok(Err(refusal));
        }
        let many = tx.find(sql::COUNT_STEPS, values![own, id], |row| row.int(0)).await?;
        // The last places are kept for the decisions.
        if new.did == Did::Noted && many.unwrap_or(0) >= STEPS_MAX - 10 {
            return Ok(Err(Refusal::TooMany));
        }
        if sending::once(tx, ctx, &what, id).await?.is_some() {
            return Ok(Ok(()));
        }
        let key = tx.find(sql::BREACH_KEY, values![own, id], |row| row.parse(0)).await?;
        let key: KeyId = key.ok_or(Error::Corrupt("breach"))?;
        let hash = note(tx, ctx, keys, (by, own, id), (key, new)).await?;
        let regulator = if new.did.is_of_regulator() { Some(new.did) } else { breach.regulator };
        let told = if new.did.is_of_people() { Some(new.did) } else { breach.told };
        let closed = (new.did == Did::Closed).then_some(now);
        let code = |did: Option<Did>| did.map(Did::code);
        let (was, were) = (code(breach.regulator), code(breach.told));
        let of = values![own, id, code(regulator), code(told), closed, was, were];
        if tx.execute(sql::MOVE_BREACH, of).await? == 0 {
            return Err(StoreError::Contended.into());
        }
        if regulator.is_some() {
            timer::cancel(tx, TIMER, &id.to_string()).await?;
        }
        let detail = json!({
            "breach": id.to_string(), "did": new.did.code(), "at": new.at.to_string(),
            "words": hash, "by": by.practitioner.to_string(),
        });
        enter(tx, ctx, keys, own, detail).await?;
        Ok(Ok(()))
    })
    .await
}

/// The words as they are sealed.
fn text(words: &Sensitive<Words>) -> Result<String, Error> {
    serde_json::to_string(words.reveal()).map_err(|_| Error::Corrupt("breach"))
}

/// Keeps a step with its words, sealed; gives the hash of the words.
async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, controller, breach): (&Acting, &OrganisationId, EntryId),
    (key, new): (KeyId, &NewStep),
) -> Result<String, Error> {
    let id = EntryId::draw(ctx.ids);
    let text = text(&new.words)?;
    let sealed = keys.seal(&key, &binding(breach, id), text.as_bytes()).await?;
    let row = values![
        controller,
        breach,
        id,
        new.did.code(),
        new.at,
        ctx.clock.now(),
        &by.organisation,
        by.practitioner,
        sealed.as_slice()
    ];
    tx.execute(sql::INSERT_STEP, row).await?;
    Ok(ken_agreement::words_hash(&text))
}

pub(super) async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    organisation: &OrganisationId,
    detail: Value,
) -> Result<(), Error> {
    let stream = Stream::Organisation(organisation.clone());
    let (kind, visibility) = (EntryKind::Breach, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}

/// Marks a breach on which nobody decided in time, in the timer's own write, and enters it on the
/// ledger of its controller.
pub(crate) async fn missed(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    lease: &Lease,
) -> Result<(), Error> {
    let own: OrganisationId = lease.detail.parse().map_err(|_| Error::Corrupt("breach"))?;
    let id: EntryId = lease.key.parse().map_err(|_| Error::Corrupt("breach"))?;
    db.write("office.breach-missed", async |tx| {
        let of = values![&own, id, ctx.clock.now()];
        if let Some(kind) = tx.find(sql::MISS_BREACH, of, |row| row.text(0)).await? {
            let detail = json!({ "breach": id.to_string(), "kind": kind, "missed": true });
            enter(tx, ctx, keys, &own, detail).await?;
        }
        Ok(lease.done(tx).await?)
    })
    .await
}

/// The breaches of an organisation, the most urgent first; what is closed last.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list<R: Reads>(reads: &mut R, own: &OrganisationId) -> Result<Vec<Breach>, Error> {
    Ok(reads.list(sql::LIST_BREACHES, values![own, LIST_MAX], read).await?)
}

/// What an organisation reported to controllers for whom it processes, the newest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn reported<R: Reads>(reads: &mut R, own: &OrganisationId) -> Result<Vec<Breach>, Error> {
    Ok(reads.list(sql::LIST_REPORTED, values![own, LIST_MAX], read).await?)
}

/// One breach of an organisation.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find<R: Reads>(
    reads: &mut R,
    own: &OrganisationId,
    id: EntryId,
) -> Result<Option<Breach>, Error> {
    Ok(reads.find(sql::FIND_BREACH, values![own, id], read).await?)
}

/// What was done about a breach of an organisation and what was written, the oldest first.
///
/// # Errors
///
/// Whatever the store or the key store says.
pub async fn steps<R: Reads>(
    reads: &mut R,
    keys: &KeyRing,
    (own, id): (&OrganisationId, EntryId),
) -> Result<Vec<Step>, Error> {
    let read = |row: &Row<'_>| {
        let (step, key): (EntryId, KeyId) = (row.parse(0)?, row.parse(6)?);
        Ok((step, row.text(1)?, row.time(2)?, row.time(3)?, row.parse(4)?, (row.bytes(5)?, key)))
    };
    let mut steps = vec![];
    for (step, did, at, kept, by, (sealed, key)) in
        reads.list(sql::LIST_STEPS, values![own, id, STEPS_MAX], read).await?
    {
        let words = keys.open(&key, &binding(id, step), &sealed).await?;
        let words = words.and_then(|words| serde_json::from_slice::<Words>(&words).ok());
        let did = Did::of_code(&did).ok_or(Error::Corrupt("breach"))?;
        steps.push(Step { did, at, kept, by, words: words.map(Sensitive::new) });
    }
    Ok(steps)
}

fn binding(breach: EntryId, step: EntryId) -> Vec<u8> {
    format!("{BINDING}\n{breach}\n{step}").into_bytes()
}

fn read(row: &Row<'_>) -> ken_store::Result<Breach> {
    let code = |index| Ok::<_, StoreError>(row.text_opt(index)?.as_deref().and_then(Did::of_code));
    Ok(Breach {
        controller: row.parse(0)?,
        id: row.parse(1)?,
        reporter: row.parse_opt(2)?,
        kind: Kind::of_code(&row.text(3)?).ok_or(StoreError::Column { index: 3 })?,
        people: row.int_opt(4)?,
        found: row.time(5)?,
        aware: row.time(6)?,
        due: row.time(7)?,
        recorded: row.time(8)?,
        regulator: code(9)?,
        told: code(10)?,
        missed: row.time_opt(11)?,
        closed: row.time_opt(12)?,
    })
}
