//! Instruments in force: registering, signing, suspending, and reading them all at once.
//!
//! Every change bumps the policy head, so that no decision outlives the policies it was taken
//! under. An instrument is never edited; what has ended is kept, since its prohibitions follow the
//! data that was received under it.

use std::collections::BTreeSet;

use ed25519_dalek::{Signature, VerifyingKey};
use jiff::{SignedDuration, Timestamp};
use ken_agreement::{Instrument, InstrumentRef, Sector, Signing, Tier};
use ken_core::{Ctx, InstrumentHash, OrganisationId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::{Value, json};

use crate::bundle::compiles;
use crate::pack::{self, Seals};
use crate::signing::{self, Refusal};
use crate::{Error, adoption, sql};

mod force;
mod room;
mod suspension;

pub use force::{InForce, Unread, load, load_around};
pub use room::INSTRUMENTS_MAX;
pub use suspension::{resume, suspend};

/// How far a signature's time may be ahead of ours. House policy: what two honest clocks differ by.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// How the canonical form says that an instrument is a statute pack.
const PACK: &str = "\"tier\":\"statute-pack\"";

/// Registers an instrument; again changes nothing. It permits nothing until it is signed.
///
/// # Errors
///
/// [`Error::NameTaken`] when another instrument has its name and version,
/// [`Error::TooManyInstruments`] when [`INSTRUMENTS_MAX`] are registered; whatever the store or the
/// ledger says.
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
        if named.as_ref().is_some_and(|named| named != hash.as_str()) {
            return Err(Error::NameTaken);
        }
        let held = tx.find(sql::COUNT_INSTRUMENTS, values![], |row| row.int(0)).await?;
        if named.is_none() && !room::is_left(held.unwrap_or_default()) {
            return Err(Error::TooManyInstruments);
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

/// Who may sign for a party, and with which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatory {
    /// For whom.
    pub party: OrganisationId,
    /// The name, as it stands in the signature.
    pub name: String,
    /// The public half of the key.
    pub key: VerifyingKey,
    /// From when on the key no longer signs; none for a key without an end.
    pub until: Option<Timestamp>,
}

/// Says which key a party's signatory signs with, as a house is set up. For those who work in it
/// the governance office does, by [`add_signatory_within`].
///
/// # Errors
///
/// [`Error::KeyLive`] where another key of theirs signs; whatever the store or the ledger says.
pub async fn add_signatory(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    signatory: &Signatory,
) -> Result<(), Error> {
    db.write("sharing.add-signatory", async |tx| {
        if !add_signatory_within(tx, ctx, signatory).await? {
            return Err(Error::KeyLive);
        }
        let detail = json!({ "signatory-added": true });
        record(tx, ctx, keys, &signatory.party, EntryKind::Sign, detail).await
    })
    .await
}

/// As [`add_signatory`], within a write that tells the ledger who did it; `false` where another key
/// of theirs is live, which is ended first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn add_signatory_within(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    signatory: &Signatory,
) -> Result<bool, Error> {
    let Signatory { party, name, key, until } = signatory;
    let until = until.map(Timestamp::as_microsecond);
    let of = values![party, name.as_str(), key.as_bytes().as_slice(), ctx.now_us(), until];
    Ok(tx.execute(sql::INSERT_SIGNING_KEY, of).await? > 0)
}

/// Whether a key of a signatory is live.
///
/// # Errors
///
/// Whatever the store says.
pub async fn has_signatory<R: Reads>(
    reads: &mut R,
    party: &OrganisationId,
    name: &str,
) -> Result<bool, Error> {
    let found = reads.find(sql::FIND_SIGNING_KEY, values![party, name], |row| row.int(1)).await?;
    Ok(found.is_some())
}

/// The key that a party's signatory signs with now; none where they have none, or it has run out.
///
/// # Errors
///
/// Whatever the store says.
pub async fn live_key<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    party: &OrganisationId,
    name: &str,
) -> Result<Option<Vec<u8>>, Error> {
    let row = |row: &Row<'_>| Ok((row.bytes(0)?, row.int_opt(2)?));
    let found = reads.find(sql::FIND_SIGNING_KEY, values![party, name], row).await?;
    let lives = |until: Option<i64>| until.is_none_or(|until| until > ctx.now_us());
    Ok(found.filter(|(_, until)| lives(*until)).map(|(key, _)| key))
}

/// Takes a signatory's key away, within a write that tells the ledger who did it; whether there was
/// one. What it has signed stays signed.
///
/// # Errors
///
/// Whatever the store says.
pub async fn end_signatory_within(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    party: &OrganisationId,
    name: &str,
) -> Result<bool, Error> {
    Ok(tx.execute(sql::END_SIGNING_KEY, values![party, name, ctx.now_us()]).await? > 0)
}

/// Keeps a party's signature, if it verifies over exactly this instrument and nothing keeps the
/// party from signing it. A refusal stands on the ledger too.
///
/// # Errors
///
/// [`Error::UnknownInstrument`], [`Error::NotSigned`] with the first reason, or whatever the store
/// or the ledger says.
pub async fn sign(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    signing: &Signing,
    signature: &[u8; 64],
) -> Result<(), Error> {
    let refusal = db
        .write("sharing.sign", async |tx| {
            sign_within(tx, ctx, keys, signing, (signature, None)).await
        })
        .await?;
    refusal.map_or(Ok(()), |refusal| Err(Error::NotSigned(refusal)))
}

/// As [`sign`], within a write that uses up what the signatory showed; `confirmed` says how they
/// did, and stands on the ledger beside the signature. A refusal is a value here, so that the
/// write keeps it.
///
/// # Errors
///
/// [`Error::UnknownInstrument`], or whatever the store or the ledger says.
pub async fn sign_within(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    signing: &Signing,
    (signature, confirmed): (&[u8; 64], Option<&str>),
) -> Result<Option<Refusal>, Error> {
    let of = values![&signing.hash];
    let canonical = tx.find(sql::FIND_INSTRUMENT, of, |row| row.text(0)).await?;
    let instrument = read(&canonical.ok_or(Error::UnknownInstrument)?)?;
    let key = match signing_key(tx, ctx, &instrument, signing, signature).await? {
        Ok(key) => key,
        Err(refusal) => {
            refused(tx, ctx, keys, &instrument, (signing, refusal)).await?;
            return Ok(Some(refusal));
        }
    };
    if instrument.agreement.tier == Tier::StatutePack {
        pack::keep_own(tx, ctx, &instrument).await?;
    }
    keep(tx, ctx, keys, signing, (signature, &key, confirmed)).await?;
    Ok(None)
}

/// Enters that a signature brought for an instrument was refused before it could be tried: it is
/// somebody else's, or over another text.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn refuse(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (hash, brought_by): (&InstrumentHash, &OrganisationId),
    refusal: Refusal,
) -> Result<(), Error> {
    db.write("sharing.refuse-signature", async |tx| {
        let detail = json!({ "instrument": hash.as_str(), "refused": refusal.code() });
        record(tx, ctx, keys, brought_by, EntryKind::Sign, detail).await
    })
    .await
}

/// Everything that keeps a party from signing a registered text today, whoever signs.
///
/// # Errors
///
/// [`Error::UnknownInstrument`], or whatever the store says.
pub async fn refusals<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    hash: &InstrumentHash,
    party: &OrganisationId,
) -> Result<BTreeSet<Refusal>, Error> {
    let canonical = reads.find(sql::FIND_INSTRUMENT, values![hash], |row| row.text(0)).await?;
    let instrument = read(&canonical.ok_or(Error::UnknownInstrument)?)?;
    of_text(reads, ctx, &instrument, party).await
}

/// One party's signature, as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// For whom.
    pub party: OrganisationId,
    /// Who signed.
    pub signatory: String,
    /// In which office.
    pub role: String,
    /// When.
    pub at: Timestamp,
}

/// Who has signed an instrument, and when.
///
/// # Errors
///
/// Whatever the store says.
pub async fn signatures<R: Reads>(
    reads: &mut R,
    hash: &InstrumentHash,
) -> Result<Vec<Signed>, Error> {
    let row = |row: &Row<'_>| {
        let (party, signatory, role) = (row.parse(0)?, row.text(1)?, row.text(2)?);
        Ok(Signed { party, signatory, role, at: row.time(3)? })
    };
    Ok(reads.list(sql::LIST_SIGNATURES_OF, values![hash], row).await?)
}

async fn of_text<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    instrument: &Instrument,
    party: &OrganisationId,
) -> Result<BTreeSet<Refusal>, Error> {
    let named = instrument.clauses.iter().filter_map(|clause| clause.source.as_ref());
    let named = named.map(|source| &source.instrument).chain(&instrument.agreement.under);
    let mut sources: Vec<Instrument> = Vec::new();
    let mut next: Vec<InstrumentRef> = named.cloned().collect();
    let mut asked = BTreeSet::new();
    // What stands above what stands above may set a ceiling too.
    while let Some(name) = next.pop() {
        if asked.insert(name.clone())
            && let Some(source) = self::named(reads, &name.to_string()).await?
        {
            next.extend(source.agreement.under.iter().cloned());
            sources.push(source);
        }
    }
    let seals = pack::kept(reads).await?;
    let adopted = packs(reads, &seals).await?;
    let mut cited: Vec<&Instrument> = vec![instrument];
    cited.extend(&sources);
    let is_unsealed = pack::rests_on_unsealed(&cited, &adopted, &seals);
    sources.extend(adopted);
    let cleared = signing::cleared(reads, &instrument.hash()).await?;
    let replaces = leads_replaced(reads, instrument, party).await?;
    let sources: Vec<_> = sources.iter().collect();
    let mut found = signing::refusals(instrument, party, &sources, cleared, ctx.clock.today());
    let is_sound = !found.contains(&Refusal::Unsound);
    found.extend((is_sound && compiles(instrument).is_err()).then_some(Refusal::Uncompiled));
    found.extend(is_unsealed.then_some(Refusal::PackUnsealed));
    let left_out = adoption::left_out(reads, ctx, (instrument, party)).await?;
    found.extend((!left_out.is_empty()).then_some(Refusal::NotUnder));
    found.extend(only_processes(reads, instrument).await?.then_some(Refusal::OnlyProcesses));
    let is_unseen = replaces && !cleared.is_supersession_seen;
    found.extend(is_unseen.then_some(Refusal::SupersessionUnseen));
    Ok(found)
}

/// Whether a party that the directory knows as a commercial provider is one without a reason,
/// whatever sector the text gives it (UK GDPR art. 28).
async fn only_processes<R: Reads>(reads: &mut R, of: &Instrument) -> Result<bool, Error> {
    let works_for_others = |kind: &str| {
        Sector::ALL.into_iter().any(|sector| sector.is_processor() && sector.as_str() == kind)
    };
    for party in of.parties.iter().filter(|party| !party.says_why_it_decides()) {
        let known = ken_directory::organisation::find(reads, &party.id).await?;
        if known.is_some_and(|known| works_for_others(&known.kind)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a text takes the place of a registered one that the party leads.
async fn leads_replaced<R: Reads>(
    reads: &mut R,
    instrument: &Instrument,
    party: &OrganisationId,
) -> Result<bool, Error> {
    for name in &instrument.lifecycle.supersedes {
        if let Some(old) = named(reads, &name.to_string()).await?
            && old.agreement.lead_party == *party
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is registered under a name.
async fn named<R: Reads>(reads: &mut R, name: &str) -> Result<Option<Instrument>, Error> {
    let hash = reads.find(sql::FIND_INSTRUMENT_NAMED, values![name], |row| row.text(0)).await?;
    let Some(hash) = hash else { return Ok(None) };
    let of = values![hash.as_str()];
    let text = reads.find(sql::FIND_INSTRUMENT, of, |row| row.text(0)).await?;
    Ok(Some(read(&text.ok_or(Error::Corrupt("instrument"))?)?))
}

/// The statute packs that are adopted: a newer one may say otherwise what a text rests on.
async fn packs<R: Reads>(reads: &mut R, seals: &Seals) -> Result<Vec<Instrument>, Error> {
    let texts = reads.list(sql::LIST_INSTRUMENTS, values![], |row| row.text(1)).await?;
    let mut packs = Vec::new();
    for text in texts.iter().filter(|text| text.contains(PACK)) {
        let pack = read(text)?;
        let lead = &pack.agreement.lead_party;
        let hash = pack.hash();
        let signed = signatures(reads, &hash).await?;
        let seal = pack::standing(&pack, seals.get(&hash));
        let is_law = pack.agreement.tier == Tier::StatutePack && seal.holds();
        if is_law && signed.iter().any(|one| one.party == *lead) {
            packs.push(pack);
        }
    }
    Ok(packs)
}

/// The key that made the signature; or the first reason why it is not taken.
async fn signing_key(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    instrument: &Instrument,
    signing: &Signing,
    signature: &[u8; 64],
) -> Result<Result<Vec<u8>, Refusal>, Error> {
    // A statute pack has no parties: its lead party adopts it.
    let leads = instrument.agreement.lead_party == signing.party;
    if !leads && instrument.party(&signing.party).is_none() {
        return Ok(Err(Refusal::NotSignatory));
    }
    let of = values![&signing.party, signing.signatory.as_str()];
    let row = |row: &Row<'_>| Ok((row.bytes(0)?, row.int(1)?, row.int_opt(2)?));
    let Some((key, added, until)) = tx.find(sql::FIND_SIGNING_KEY, of, row).await? else {
        return Ok(Err(Refusal::NotSignatory));
    };
    let of = values![&signing.hash];
    let registered = tx.find(sql::FIND_REGISTERED, of, |row| row.int(0)).await?;
    let now = ctx.now_us();
    let latest = added.max(registered.unwrap_or_default());
    let ahead = signing.time > ctx.clock.now() + AHEAD_MAX;
    if now < latest || ahead {
        return Ok(Err(Refusal::ClockSetBack));
    }
    if until.is_some_and(|until| until <= now) {
        return Ok(Err(Refusal::KeyExpired));
    }
    let Ok(message) = signing.message() else { return Ok(Err(Refusal::OtherBytes)) };
    if !verifies(&key, &message, signature)? {
        return Ok(Err(Refusal::OtherBytes));
    }
    let found = of_text(tx, ctx, instrument, &signing.party).await?;
    Ok(found.first().map_or(Ok(key), |refusal| Err(*refusal)))
}

/// A refused signature stands with the party; with the lead party where it is nobody's.
async fn refused(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    instrument: &Instrument,
    (signing, refusal): (&Signing, Refusal),
) -> Result<(), Error> {
    let party = instrument.party(&signing.party).map(|party| &party.id);
    let stream = party.unwrap_or(&instrument.agreement.lead_party);
    let detail = json!({ "instrument": signing.hash.as_str(), "refused": refusal.code() });
    record(tx, ctx, keys, stream, EntryKind::Sign, detail).await
}

async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    signing: &Signing,
    (signature, key, confirmed): (&[u8; 64], &[u8], Option<&str>),
) -> Result<(), Error> {
    let of = values![
        &signing.hash,
        &signing.party,
        signing.signatory.as_str(),
        signing.role.as_str(),
        signing.time,
        signature.as_slice(),
        key
    ];
    if tx.execute(sql::INSERT_SIGNATURE, of).await? == 0 {
        return Ok(()); // Signed already: the first signature stands.
    }
    ken_store::guard::bump_policy(tx).await?;
    let detail = json!({
        "instrument": signing.hash.as_str(),
        "signatory": signing.signatory,
        "role": signing.role,
        "confirmed": confirmed,
    });
    record(tx, ctx, keys, &signing.party, EntryKind::Sign, detail).await?;
    Ok(())
}

fn read(canonical: &str) -> Result<Instrument, Error> {
    Instrument::from_canonical(canonical).map_err(|_| Error::Corrupt("instrument"))
}

/// Whether a signature is that of a key on a message.
///
/// # Errors
///
/// [`Error::Corrupt`] where it is no key.
pub fn verifies(key: &[u8], message: &[u8], signature: &[u8; 64]) -> Result<bool, Error> {
    let key: [u8; 32] = key.try_into().map_err(|_| Error::Corrupt("signing key"))?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| Error::Corrupt("signing key"))?;
    Ok(key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

pub(crate) async fn record(
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
