//! Who signs for a party, and with which key: registered, seconded, ended.
//!
//! # Invariants
//!
//! - Whoever changes who signs shows again who they are, and it is used up in the same write.
//! - A live signatory is never registered over: their key is ended first.
//! - A brought key counts once a second governance officer of the same organisation has confirmed
//!   it, for whoever holds it signs by file. Where no other officer can, it counts at once, and the
//!   ledger says so: an organisation of one officer must be able to sign.
//! - The ledger has the practitioner, the office, the key and who registered it.
//!
//! Source: house policy that an organisation's own governance office registers its signatories, and
//! nobody else's.

use ed25519_dalek::{SigningKey, VerifyingKey};
use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, PractitionerId};
use ken_directory::confirm::Ready;
use ken_directory::{Acting, How, practitioner};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::{emergency, instrument};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::{Map, Value, json};

use crate::signing::hex;
use crate::{Error, sql};

/// Most signatories of one party that a page shows. House policy.
const SIGNATORIES_MAX: i64 = 100;
/// What a kept key is sealed with, before the party and the name.
const BINDING: &str = "ken-office/signing-key/1";

/// Somebody who may sign for a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatory {
    /// The name, as it stands in signatures.
    pub name: String,
    /// Whose sign-in uses the kept key, or brings what the other has signed.
    pub practitioner: PractitionerId,
    /// The office: `Caldicott Guardian`.
    pub office: String,
    /// From when on the key no longer signs.
    pub until: Option<Timestamp>,
    /// Whether Ken keeps the key; otherwise signatures are brought.
    pub is_kept: bool,
    /// The brought key that waits for a second officer, in hexadecimal digits.
    pub waits: Option<String>,
    /// Who registered it.
    pub added_by: PractitionerId,
}

/// A signatory to register.
#[derive(Debug, Clone)]
pub struct NewSignatory {
    /// The name, as it will stand in signatures.
    pub name: String,
    /// Who it is.
    pub practitioner: PractitionerId,
    /// The office they sign in.
    pub office: String,
    /// From when on the key no longer signs.
    pub until: Option<Timestamp>,
    /// The public half of a key that they keep themselves; none: Ken draws and keeps one.
    pub brought: Option<VerifyingKey>,
}

/// What became of a wish to change who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is done.
    Done,
    /// The brought key waits for a second officer.
    Waits,
    /// Somebody of that name signs already: end their key first.
    Live,
    /// Whoever registered a key is not the second who confirms it.
    OwnWord,
    /// There is no such signatory, or none that waits.
    Unknown,
    /// Whoever asks did not show again who they are; the try is on the ledger.
    Unconfirmed,
}

/// What a confirmation of changing who signs for a party is about.
#[must_use]
pub fn about(party: &OrganisationId) -> String {
    format!("signatories:{party}")
}

/// Whether a governance officer of an organisation has another beside them who can confirm a key.
///
/// # Errors
///
/// Whatever the store says.
pub async fn has_second<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
) -> Result<bool, Error> {
    let of = (&by.organisation, (emergency::OFFICERS, emergency::GUARDIAN));
    let officers = practitioner::in_role(reads, ctx, of).await?;
    Ok(officers.into_iter().any(|officer| officer != by.practitioner))
}

/// Registers a signatory of one's own organisation.
///
/// # Errors
///
/// Whatever the store, the key store or the ledger says.
pub async fn register(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, confirmed): (&Acting, Ready),
    new: &NewSignatory,
) -> Result<Change, Error> {
    let party = &by.organisation;
    let (public, kept) = if let Some(key) = new.brought {
        (key, None)
    } else {
        let seed: [u8; 32] = ctx.entropy();
        let key = keys.fresh().await?;
        let sealed = keys.seal(&key, &binding(party, &new.name), &seed).await?;
        (SigningKey::from_bytes(&seed).verifying_key(), Some((key, sealed)))
    };
    db.write("office.add-signatory", async |tx| {
        let Some(how) = used_up(tx, ctx, keys, by, confirmed).await? else {
            return Ok(Change::Unconfirmed);
        };
        if instrument::has_signatory(tx, party, &new.name).await? {
            return Ok(Change::Live);
        }
        let has_second = has_second(tx, ctx, by).await?;
        let waits = new.brought.is_some() && has_second;
        if !insert(tx, ctx, by, (new, &public, kept.as_ref(), waits)).await? {
            return Ok(Change::Live);
        }
        let mut detail = told(&new.name, new.practitioner, (&new.office, &public), (by, how));
        detail.insert("kept".to_owned(), kept.is_some().into());
        if waits {
            detail.insert("signatory-proposed".to_owned(), true.into());
            note(tx, ctx, keys, party, detail).await?;
            return Ok(Change::Waits);
        }
        if new.brought.is_some() {
            detail.insert("alone".to_owned(), true.into());
        }
        count(tx, ctx, keys, (party, &new.name, public, new.until), detail).await
    })
    .await
}

/// A private key that Ken keeps: the key that it is sealed under, and its sealed bytes.
type Kept = (KeyId, Vec<u8>);

async fn insert(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    by: &Acting,
    (new, public, kept, waits): (&NewSignatory, &VerifyingKey, Option<&Kept>, bool),
) -> Result<bool, Error> {
    let key = kept.map(|(key, _)| key.to_string());
    let of = values![
        &by.organisation,
        new.name.as_str(),
        new.practitioner,
        new.office.as_str(),
        new.until.map(Timestamp::as_microsecond),
        key.as_deref(),
        kept.map(|(_, sealed)| sealed.as_slice()),
        public.as_bytes().as_slice(),
        i64::from(waits),
        by.practitioner,
        ctx.now_us()
    ];
    Ok(tx.execute(sql::INSERT_SIGNATORY, of).await? > 0)
}

/// Confirms a brought key as the second officer: it signs from now on.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn second(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, confirmed): (&Acting, Ready),
    name: &str,
) -> Result<Change, Error> {
    let party = &by.organisation;
    db.write("office.second-signatory", async |tx| {
        let Some(how) = used_up(tx, ctx, keys, by, confirmed).await? else {
            return Ok(Change::Unconfirmed);
        };
        let row = |row: &Row<'_>| {
            let of = (row.parse(0)?, row.text(1)?, row.time_opt(2)?);
            Ok((of, row.parse(3)?, row.bytes_opt(4)?, row.flag(5)?))
        };
        let found = tx.find(sql::FIND_SIGNATORY, values![party, name], row).await?;
        let Some(((practitioner, office, until), added_by, Some(key), true)) = found else {
            return Ok(Change::Unknown);
        };
        let added_by: PractitionerId = added_by;
        if added_by == by.practitioner {
            return Ok(Change::OwnWord);
        }
        if tx.execute(sql::SECOND_SIGNATORY, values![party, name, by.practitioner]).await? == 0 {
            return Ok(Change::Unknown);
        }
        let key: [u8; 32] = key.try_into().map_err(|_| Error::Corrupt("signing key"))?;
        let public = VerifyingKey::from_bytes(&key).map_err(|_| Error::Corrupt("signing key"))?;
        let mut detail = told(name, practitioner, (&office, &public), (by, how));
        detail.insert("registered-by".to_owned(), added_by.to_string().into());
        count(tx, ctx, keys, (party, name, public, until), detail).await
    })
    .await
}

/// Ends a signatory of one's own organisation; a kept key is gone with it.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn end(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, confirmed): (&Acting, Ready),
    name: &str,
) -> Result<Change, Error> {
    let party = &by.organisation;
    db.write("office.end-signatory", async |tx| {
        let Some(how) = used_up(tx, ctx, keys, by, confirmed).await? else {
            return Ok(Change::Unconfirmed);
        };
        let of = values![party, name, ctx.now_us()];
        let was_named = tx.execute(sql::END_SIGNATORY, of).await? > 0;
        let could_sign = instrument::end_signatory_within(tx, ctx, party, name).await?;
        if !was_named && !could_sign {
            return Ok(Change::Unknown);
        }
        let mut detail = whose(name, (by, how));
        detail.insert("signatory-ended".to_owned(), true.into());
        note(tx, ctx, keys, party, detail).await?;
        Ok(Change::Done)
    })
    .await
}

/// Who may sign for a party, and whose key waits.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list<R: Reads>(
    reads: &mut R,
    party: &OrganisationId,
) -> Result<Vec<Signatory>, Error> {
    let row = |row: &Row<'_>| {
        let waits = row.flag(6)?;
        Ok(Signatory {
            name: row.text(0)?,
            practitioner: row.parse(1)?,
            office: row.text(2)?,
            until: row.time_opt(3)?,
            is_kept: row.text_opt(4)?.is_some(),
            waits: row.bytes_opt(5)?.filter(|_| waits).map(|key| hex(&key)),
            added_by: row.parse(7)?,
        })
    };
    Ok(reads.list(sql::LIST_SIGNATORIES, values![party, SIGNATORIES_MAX], row).await?)
}

/// Whether somebody is the signatory of this name, and their key counts.
pub(crate) async fn is_signatory<R: Reads>(
    reads: &mut R,
    by: &Acting,
    name: &str,
) -> Result<bool, Error> {
    let row = |row: &Row<'_>| Ok((row.parse::<PractitionerId>(0)?, row.flag(5)?));
    let of = values![&by.organisation, name];
    let found = reads.find(sql::FIND_SIGNATORY, of, row).await?;
    Ok(found == Some((by.practitioner, false)))
}

/// What a kept key is bound to.
pub(crate) fn binding(party: &OrganisationId, name: &str) -> Vec<u8> {
    format!("{BINDING}\n{party}\n{name}").into_bytes()
}

async fn used_up(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    confirmed: Ready,
) -> Result<Option<How>, Error> {
    if !confirmed.is_for(by.account, &about(&by.organisation)) {
        return Ok(None);
    }
    Ok(confirmed.use_up(tx, ctx, keys).await?)
}

/// The key counts from now on.
async fn count(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (party, name, key, until): (&OrganisationId, &str, VerifyingKey, Option<Timestamp>),
    mut detail: Map<String, Value>,
) -> Result<Change, Error> {
    let (of, called) = (party.clone(), name.to_owned());
    let signatory = instrument::Signatory { party: of, name: called, key, until };
    if !instrument::add_signatory_within(tx, ctx, &signatory).await? {
        return Err(Error::Corrupt("signing key"));
    }
    detail.insert("signatory-added".to_owned(), true.into());
    note(tx, ctx, keys, party, detail).await?;
    Ok(Change::Done)
}

/// Who is concerned and who did it, for the ledger.
fn whose(name: &str, (by, how): (&Acting, How)) -> Map<String, Value> {
    let by = json!({
        "practitioner": by.practitioner.to_string(),
        "organisation": by.organisation.as_str(),
        "role": by.role.as_str(),
    });
    let told = [("name", name.into()), ("by", by), ("confirmed", how.code().into())];
    told.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The same, with the key.
fn told(
    name: &str,
    practitioner: PractitionerId,
    (office, key): (&str, &VerifyingKey),
    done: (&Acting, How),
) -> Map<String, Value> {
    let mut told = whose(name, done);
    told.insert("practitioner".to_owned(), practitioner.to_string().into());
    told.insert("office".to_owned(), office.into());
    told.insert("key".to_owned(), hex(key.as_bytes()).into());
    told
}

async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    party: &OrganisationId,
    detail: Map<String, Value>,
) -> Result<(), Error> {
    let stream = Stream::Organisation(party.clone());
    let (kind, visibility) = (EntryKind::Sign, Visibility::Never);
    let entry = NewEntry { stream, kind, visibility, detail: Value::Object(detail) };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}
