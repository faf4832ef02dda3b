//! Instruments in force: registering, signing, suspending, and reading them all at once.
//!
//! Every change bumps the policy head, so that no decision outlives the policies it was taken
//! under. An instrument is never edited; what has ended is kept, since its prohibitions follow the
//! data that was received under it.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signature, VerifyingKey};
use jiff::civil::Date;
use ken_agreement::status::{Register, Suspension};
use ken_agreement::{Day, Instrument, InstrumentRef, Signing};
use ken_core::{Ctx, EntryId, InstrumentHash, OrganisationId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::{Value, json};

use crate::bundle::Admitted;
use crate::{Error, sql};

/// Most instruments that one store compiles; more is refused at registration.
pub const INSTRUMENTS_MAX: usize = 2_000;

/// Everything that the gate's policies are made from.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// Every registered instrument, those that have ended included, with what the registers say.
    pub instruments: Vec<Admitted>,
    /// The policy head under which this was read.
    pub version: i64,
}

/// Registers an instrument; again changes nothing. It permits nothing until it is signed.
///
/// # Errors
///
/// [`Error::NameTaken`] when another instrument has its name and version; whatever the store or
/// the ledger says.
pub async fn register(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    instrument: &Instrument,
) -> Result<InstrumentHash, Error> {
    let (hash, canonical) = (instrument.hash(), instrument.canonical_json());
    let name = instrument.name().to_string();
    db.write("sharing.register-instrument", async |tx| {
        let of = values![name.as_str()];
        let named = tx.find(sql::FIND_INSTRUMENT_NAMED, of, |row| row.text(0)).await?;
        if named.is_some_and(|named| named != hash.as_str()) {
            return Err(Error::NameTaken);
        }
        let of = values![&hash, name.as_str(), canonical.as_str(), ctx.now_us()];
        if tx.execute(sql::INSERT_INSTRUMENT, of).await? == 0 {
            return Ok(hash);
        }
        let lead = &instrument.agreement.lead_party;
        let detail = json!({ "instrument": hash.as_str(), "name": name, "registered": true });
        record(tx, ctx, keys, lead, EntryKind::Sign, detail).await?;
        Ok(hash)
    })
    .await
}

/// Says which key a party's signatory signs with. Its owner is the governance office.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn add_signatory(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    party: &OrganisationId,
    signatory: &str,
    key: &VerifyingKey,
) -> Result<(), Error> {
    db.write("sharing.add-signatory", async |tx| {
        let of = values![party, signatory, key.as_bytes().as_slice(), ctx.now_us()];
        tx.execute(sql::UPSERT_SIGNING_KEY, of).await?;
        let detail = json!({ "signatory-added": true });
        record(tx, ctx, keys, party, EntryKind::Sign, detail).await?;
        Ok(())
    })
    .await
}

/// Keeps a party's signature, if it verifies over exactly this instrument.
///
/// # Errors
///
/// [`Error::UnknownInstrument`], [`Error::UnknownSignatory`], [`Error::BadSignature`], or whatever
/// the store or the ledger says.
pub async fn sign(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    signing: &Signing,
    signature: &[u8; 64],
) -> Result<(), Error> {
    let message = signing.message().map_err(|_| Error::BadSignature)?;
    db.write("sharing.sign", async |tx| {
        let of = values![&signing.hash];
        let canonical = tx.find(sql::FIND_INSTRUMENT, of, |row| row.text(0)).await?;
        let canonical = canonical.ok_or(Error::UnknownInstrument)?;
        let instrument =
            Instrument::from_canonical(&canonical).map_err(|_| Error::Corrupt("instrument"))?;
        // A statute pack has no parties: its lead party adopts it.
        let leads = instrument.agreement.lead_party == signing.party;
        if !leads && instrument.party(&signing.party).is_none() {
            return Err(Error::UnknownSignatory);
        }
        let of = values![&signing.party, signing.signatory.as_str()];
        let key = tx.find(sql::FIND_SIGNING_KEY, of, |row| row.bytes(0)).await?;
        let key = key.ok_or(Error::UnknownSignatory)?;
        verify(&key, &message, signature)?;
        keep(tx, ctx, keys, signing, signature).await
    })
    .await
}

async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    signing: &Signing,
    signature: &[u8; 64],
) -> Result<(), Error> {
    let of = values![
        &signing.hash,
        &signing.party,
        signing.signatory.as_str(),
        signing.role.as_str(),
        signing.time,
        signature.as_slice()
    ];
    if tx.execute(sql::INSERT_SIGNATURE, of).await? == 0 {
        return Ok(()); // Signed already: the first signature stands.
    }
    ken_store::guard::bump_policy(tx).await?;
    let detail = json!({
        "instrument": signing.hash.as_str(),
        "signatory": signing.signatory,
        "role": signing.role,
    });
    record(tx, ctx, keys, &signing.party, EntryKind::Sign, detail).await?;
    Ok(())
}

fn verify(key: &[u8], message: &[u8], signature: &[u8; 64]) -> Result<(), Error> {
    let key: [u8; 32] = key.try_into().map_err(|_| Error::Corrupt("signing key"))?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| Error::Corrupt("signing key"))?;
    let signature = Signature::from_bytes(signature);
    key.verify_strict(message, &signature).map_err(|_| Error::BadSignature)
}

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

async fn record(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    organisation: &OrganisationId,
    kind: EntryKind,
    detail: Value,
) -> Result<(), Error> {
    let stream = Stream::Organisation(organisation.clone());
    let entry = NewEntry { stream, kind, visibility: Visibility::Never, detail };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

/// Reads everything the policies are made from, in one snapshot.
///
/// # Errors
///
/// Whatever the store says; [`Error::Corrupt`] when a stored instrument no longer reads.
pub async fn load<R: Reads>(reads: &mut R, ctx: &Ctx<'_>) -> Result<InForce, Error> {
    let version = ken_store::guard::policy_version(reads).await?;
    let texts = reads.list(sql::LIST_INSTRUMENTS, values![], |row| row.text(1)).await?;
    let mut registers: BTreeMap<InstrumentHash, Register> = BTreeMap::new();
    let pair = |row: &Row<'_>| Ok((row.parse(0)?, row.parse(1)?));
    for (hash, party) in reads.list(sql::LIST_SIGNATURES, values![], pair).await? {
        registers.entry(hash).or_default().signed.insert(party);
    }
    let today = Day(ctx.clock.today());
    for (hash, party) in reads.list(sql::LIST_SUSPENDED, values![ctx.now_us()], pair).await? {
        let suspension = Suspension { party: Some(party), from: today, until: None };
        registers.entry(hash).or_default().suspended.push(suspension);
    }
    let mut instruments = Vec::with_capacity(texts.len());
    for text in texts {
        let instrument =
            Instrument::from_canonical(&text).map_err(|_| Error::Corrupt("instrument"))?;
        let register = registers.remove(&instrument.hash()).unwrap_or_default();
        instruments.push(Admitted { instrument, register });
    }
    mark_superseded(&mut instruments, today.0);
    Ok(InForce { instruments, version })
}

/// An instrument is superseded once one that says so has begun and every party of it has signed.
fn mark_superseded(instruments: &mut [Admitted], today: Date) {
    let whole = |Admitted { instrument, register }: &&Admitted| {
        instrument.agreement.effective_from.0 <= today
            && instrument.parties.iter().all(|party| register.signed.contains(&party.id))
    };
    let ended: BTreeSet<InstrumentRef> = instruments
        .iter()
        .filter(whole)
        .flat_map(|admitted| admitted.instrument.lifecycle.supersedes.iter().cloned())
        .collect();
    for Admitted { instrument, register } in instruments {
        register.superseded = ended.contains(&instrument.name());
    }
}
