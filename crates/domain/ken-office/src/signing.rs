//! Signing: with a key that Ken keeps, or with one brought as a file.
//!
//! # Invariants
//!
//! - A key that is kept signs for nobody but the practitioner whose it is, who shows again who they
//!   are for this text; what they showed is used up in the write that keeps the signature.
//! - Every refusal is decided in `ken_sharing::instrument::sign`, whichever way a signature comes.
//! - A file is brought by the signatory whose signature it is, and by nobody for them.
//! - The secret half of a brought key is never here.
//!
//! Source: RFC 8032 (Ed25519).

use std::fmt::Write as _;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use jiff::Timestamp;
use ken_agreement::Signing;
use ken_core::{Ctx, InstrumentHash, OrganisationId};
use ken_directory::Acting;
use ken_directory::confirm::Ready;
use ken_sharing::instrument;
use ken_sharing::signing::Refusal;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads as _, Row, Snapshot, values};
use serde::Deserialize;

use crate::signatory::{binding, is_signatory};
use crate::{Error, agreement, matrix, simulate, sql};

/// What became of an attempt to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is signed.
    Signed,
    /// It is refused, and the refusal is on the ledger.
    Refused(Refusal),
    /// Saved questions have another answer in this version: so many.
    AnswersChanged(usize),
    /// Whoever signs did not show again who they are, for this text; the try is on the ledger.
    Unconfirmed,
    /// Ken keeps no key for this practitioner and party.
    NoKey,
    /// What was brought is no signature file.
    NotRead,
}

/// What a confirmation of signing a text for a party is about.
#[must_use]
pub fn about(party: &OrganisationId, hash: &InstrumentHash) -> String {
    format!("sign:{party}:{hash}")
}

/// Signs for one's own organisation with the key that Ken keeps for whoever acts, and who confirms
/// that they do so now.
///
/// # Errors
///
/// Whatever the store, the key store or the ledger says.
pub async fn sign_kept(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (hash, confirmed): (&InstrumentHash, Ready),
) -> Result<Attempt, Error> {
    if !confirmed.is_for(by.account, &about(&by.organisation, hash)) {
        return Ok(Attempt::Unconfirmed);
    }
    let Some(Kept { signatory, office: role, key }) = kept(db, keys, by).await? else {
        return Ok(Attempt::NoKey);
    };
    let changed = answers_changed(db, ctx, hash).await?;
    if changed > 0 {
        return Ok(Attempt::AnswersChanged(changed));
    }
    let party = &by.organisation;
    let (hash, party, time) = (hash.clone(), party.clone(), ctx.clock.now());
    let signing = Signing { hash, party, signatory, role, time };
    let message = signing.message().map_err(|_| Error::Corrupt("signatory"))?;
    let signature = key.sign(&message).to_bytes();
    db.write("office.sign", async |tx| {
        let Some(how) = confirmed.use_up(tx, ctx, keys).await? else {
            return Ok(Attempt::Unconfirmed);
        };
        let of = (&signature, Some(how.code()));
        let refusal = instrument::sign_within(tx, ctx, keys, &signing, of).await?;
        Ok(refusal.map_or(Attempt::Signed, Attempt::Refused))
    })
    .await
}

/// A key that Ken keeps for whoever acts, opened.
pub(crate) struct Kept {
    /// The name by which they sign.
    pub(crate) signatory: String,
    /// The office in which they sign.
    pub(crate) office: String,
    /// The key.
    pub(crate) key: SigningKey,
}

/// The key that Ken keeps for whoever acts to sign for their own organisation; none where it keeps
/// none.
pub(crate) async fn kept(db: &Db, keys: &KeyRing, by: &Acting) -> Result<Option<Kept>, Error> {
    let party = &by.organisation;
    let row = |row: &Row<'_>| {
        Ok((row.text(0)?, row.text(1)?, row.parse_opt::<KeyId>(2)?, row.bytes_opt(3)?))
    };
    let own = db
        .snapshot("office.own-signatory", async |s| {
            let of = values![party, by.practitioner];
            Ok::<_, Error>(s.find(sql::FIND_OWN_SIGNATORY, of, row).await?)
        })
        .await?;
    let Some((signatory, office, Some(key), Some(sealed))) = own else { return Ok(None) };
    let Some(seed) = keys.open(&key, &binding(party, &signatory), &sealed).await? else {
        return Ok(None);
    };
    let seed: [u8; 32] = seed.try_into().map_err(|_| Error::Corrupt("signing key"))?;
    Ok(Some(Kept { signatory, office, key: SigningKey::from_bytes(&seed) }))
}

/// Takes a signature that was made elsewhere by whoever acts, for one's own organisation.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn sign_brought(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (hash, file): (&InstrumentHash, &str),
) -> Result<Attempt, Error> {
    let Some((signing, signature)) = read_file(file) else { return Ok(Attempt::NotRead) };
    let is_own = async |s: &mut Snapshot| is_signatory(s, by, &signing.signatory).await;
    let is_own = db.snapshot("office.brought-by", is_own).await?;
    let wrong = match () {
        () if signing.party != by.organisation || !is_own => Some(Refusal::NotSignatory),
        () if signing.hash != *hash => Some(Refusal::OtherBytes),
        () => None,
    };
    if let Some(refusal) = wrong {
        instrument::refuse(db, ctx, keys, (hash, &by.organisation), refusal).await?;
        return Ok(Attempt::Refused(refusal));
    }
    let changed = answers_changed(db, ctx, hash).await?;
    if changed > 0 {
        return Ok(Attempt::AnswersChanged(changed));
    }
    attempt(instrument::sign(db, ctx, keys, &signing, &signature).await)
}

/// How many of the questions saved for the agreement this version answers otherwise.
async fn answers_changed(db: &Db, ctx: &Ctx<'_>, hash: &InstrumentHash) -> Result<usize, Error> {
    let read = async |s: &mut Snapshot| {
        let all = instrument::load(s, ctx).await?.instruments;
        let of = agreement::find(&all, hash).map(|of| of.instrument.clone());
        let id = of.as_ref().map(|of| of.agreement.id.to_string()).unwrap_or_default();
        let saved = simulate::saved(s, &id).await?;
        Ok::<_, Error>((all, of, saved))
    };
    let (all, of, saved) = db.snapshot("office.saved-questions", read).await?;
    let Some(of) = of.filter(|_| !saved.is_empty()) else { return Ok(0) };
    let ready = matrix::ready(&of, &all, ctx.clock.today())?;
    Ok(simulate::changed(&ready, &saved)?.len())
}

fn attempt(signed: Result<(), ken_sharing::Error>) -> Result<Attempt, Error> {
    match signed {
        Ok(()) => Ok(Attempt::Signed),
        Err(ken_sharing::Error::NotSigned(refusal)) => Ok(Attempt::Refused(refusal)),
        Err(error) => Err(error.into()),
    }
}

/// A signature file: what is signed, and the signature in hexadecimal, as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureFile {
    hash: InstrumentHash,
    party: OrganisationId,
    signatory: String,
    role: String,
    time: Timestamp,
    signature: String,
}

/// Reads a signature file; none where it is not one.
#[must_use]
pub fn read_file(text: &str) -> Option<(Signing, [u8; 64])> {
    let file: SignatureFile = serde_json::from_str(text).ok()?;
    let signature = from_hex(&file.signature)?;
    let SignatureFile { hash, party, signatory, role, time, .. } = file;
    Some((Signing { hash, party, signatory, role, time }, signature))
}

/// A key as people exchange it: 64 hexadecimal digits.
#[must_use]
pub fn read_key(text: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&from_hex(text.trim())?).ok()
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: Option<Vec<u32>> = text.chars().map(|sign| sign.to_digit(16)).collect();
    let bytes: Option<Vec<u8>> = digits?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_whole_or_not_at_all() {
        assert_eq!(from_hex::<2>("01fF"), Some([1, 255]));
        for text in ["", "01", "01f", "01ff0", "01fg", "é1ff"] {
            assert_eq!(from_hex::<2>(text), None, "{text}");
        }
        assert_eq!(hex(&[1, 255]), "01ff");
    }

    #[test]
    fn a_signature_file_has_no_more_and_no_less() {
        let good = format!(
            r#"{{"hash":"ab","party":"cec","signatory":"A","role":"B",
            "time":"2026-11-01T09:00:00Z","signature":"{}"}}"#,
            "00".repeat(64)
        );
        assert!(read_file(&good).is_some());
        assert!(read_file(&good.replace("\"role\":\"B\",", "")).is_none());
        assert!(read_file(&good.replace("{\"hash\"", "{\"more\":1,\"hash\"")).is_none());
        assert!(read_file(&good.replace("0000", "00")).is_none());
    }
}
