//! Statute packs, and the issuers who vouch for them.
//!
//! A pack says what the law requires, for everybody: so it is not enough that one body adopts it.
//! Its issuer signs its name and hash as a note; the note is checked when it is brought, when the
//! policies are read, and when somebody signs what rests on the pack.
//!
//! # Invariants
//!
//! - A note is taken only from an issuer who is trusted then: the program's own, or one whom the
//!   operator names. What was taken stays taken, so that a duty does not end with a key.
//! - A pack without a seal is a draft: nothing rests on it, it replaces nothing, nobody signs it.
//! - A pack that was adopted before packs were signed goes on; nobody new signs what rests on it.
//!
//! # Sources
//!
//! - C2SP signed-note; ADR 32.

use std::collections::BTreeMap;

use ken_agreement::{Instrument, PACK_ISSUER, PACKS, Tier};
use ken_core::{Ctx, InstrumentHash, OrganisationId};
use ken_ledger::{EntryKind, KeyUse, Note, SignerKey, VerifierKey};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::json;
use thiserror::Error as ThisError;

use crate::instrument::record;
use crate::{Error, sql};

/// First line of what an issuer signs, so that it is nothing else that the key might sign.
const DOMAIN: &str = "ken-pack/1";
/// Most lines of a file of issuers. House policy: a handful of nations' packs, with comments.
const LINES_MAX: usize = 256;

/// Why a note does not vouch for a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
pub enum Fault {
    /// The instrument is no statute pack.
    #[error("only a statute pack is sealed by an issuer")]
    NotAPack,
    /// The note cannot be read.
    #[error("not a signed note")]
    NotRead,
    /// The note is over another pack, or another text of this one.
    #[error("the note is over another text")]
    OtherText,
    /// Nobody whom this house trusts has signed it.
    #[error("no trusted issuer has signed it")]
    Stranger,
    /// A trusted issuer's signature does not hold.
    #[error("an issuer's signature does not hold")]
    Broken,
    /// Another body than the pack's lead party brings it.
    #[error("only the lead party brings the seal of a pack")]
    NotLead,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 6] = [
        Self::NotAPack,
        Self::NotRead,
        Self::OtherText,
        Self::Stranger,
        Self::Broken,
        Self::NotLead,
    ];

    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAPack => "sharing.seal-no-pack",
            Self::NotRead => "sharing.seal-not-read",
            Self::OtherText => "sharing.seal-other-text",
            Self::Stranger => "sharing.seal-stranger",
            Self::Broken => "sharing.seal-broken",
            Self::NotLead => "sharing.seal-not-lead",
        }
    }

    /// What is wrong, and what is safe, in sentences for a governance lead.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::NotAPack => "Only a statute pack has an issuer. Nothing was changed.",
            Self::NotRead => "This is no signed note. Paste all of it. Nothing was changed.",
            Self::OtherText => {
                "This note is over another text than this pack. Nothing was changed; what is in \
                 force goes on."
            }
            Self::Stranger => {
                "No issuer whom this house trusts has signed it. Nothing was changed; what is in \
                 force goes on."
            }
            Self::Broken => {
                "The issuer's signature does not hold: the note was changed on its way. Nothing \
                 was changed here; what is in force goes on."
            }
            Self::NotLead => "Only the pack's lead party brings its seal. Nothing was changed.",
        }
    }
}

/// Who vouches for a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// An issuer, by name.
    By(String),
    /// Nobody: it was adopted before packs were signed.
    Before,
    /// Nobody.
    Missing,
    /// Somebody once; what is kept no longer holds over this text.
    Broken,
}

impl Seal {
    /// Whether what rests on the pack stands.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Self::By(_) | Self::Before)
    }
}

/// What is kept of a seal: the note and the key it was taken from; none for a pack of before.
#[derive(Debug, Clone)]
pub(crate) struct Kept(Option<(String, VerifierKey)>);

/// The seals that are kept, by the pack's hash.
pub(crate) type Seals = BTreeMap<InstrumentHash, Kept>;

/// What an issuer signs: the name and the hash, which is over every word of the pack.
#[must_use]
pub fn text(pack: &Instrument) -> String {
    format!("{DOMAIN}\n{}\n{}\n", pack.name(), pack.hash())
}

/// Vouches for a pack.
///
/// # Errors
///
/// [`Fault::NotAPack`].
pub fn vouch(key: &SignerKey, pack: &Instrument) -> Result<Note, Fault> {
    if pack.agreement.tier != Tier::StatutePack {
        return Err(Fault::NotAPack);
    }
    Ok(key.sign_note(text(pack)))
}

/// Which of these issuers vouches for a pack by this note.
///
/// # Errors
///
/// [`Fault`] with the first thing that is wrong.
pub fn verify<'a>(
    pack: &Instrument,
    note: &str,
    issuers: &'a [VerifierKey],
) -> Result<&'a VerifierKey, Fault> {
    if pack.agreement.tier != Tier::StatutePack {
        return Err(Fault::NotAPack);
    }
    let note: Note = note.parse().map_err(|_| Fault::NotRead)?;
    if note.text() != text(pack) {
        return Err(Fault::OtherText);
    }
    for issuer in issuers {
        if issuer.check(&note).map_err(|_| Fault::Broken)?.is_some() {
            return Ok(issuer);
        }
    }
    Err(Fault::Stranger)
}

/// The issuer of the packs that come with the program.
#[must_use]
pub fn own_issuer() -> Option<VerifierKey> {
    PACK_ISSUER.parse().ok()
}

/// The packs that come with the program, each of which its issuer vouches for.
#[must_use]
pub fn shipped() -> Vec<Instrument> {
    let own: Vec<_> = own_issuer().into_iter().collect();
    let opened = PACKS.iter().filter_map(|pack| Some((pack.open()?, pack.note)));
    opened.filter(|(pack, note)| verify(pack, note, &own).is_ok()).map(|(pack, _)| pack).collect()
}

/// Reads a file of issuers: a verifier key on each line, or a comment after `#`. The program's own
/// issuer is always among them.
///
/// # Errors
///
/// The number of the first line that is at fault, counted from 1.
pub fn issuers(file: &str) -> Result<Vec<VerifierKey>, usize> {
    let mut found: Vec<_> = own_issuer().into_iter().collect();
    for (n, line) in file.lines().enumerate() {
        let line = line.trim();
        if n >= LINES_MAX {
            return Err(n + 1);
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key: VerifierKey = line.parse().map_err(|_| n + 1)?;
        if key.usage() != KeyUse::Log {
            return Err(n + 1); // A witness's key vouches for a log and for nothing else.
        }
        found.push(key);
    }
    Ok(found)
}

/// Who vouches for a pack, by what is kept.
pub(crate) fn standing(pack: &Instrument, kept: Option<&Kept>) -> Seal {
    let by = |note: &str, issuer: &VerifierKey| {
        let by = verify(pack, note, std::slice::from_ref(issuer));
        by.map_or(Seal::Broken, |by| Seal::By(by.name().to_owned()))
    };
    match kept {
        Some(Kept(Some((note, issuer)))) => by(note, issuer),
        kept => {
            let hash = pack.hash();
            let ours = PACKS.iter().find(|one| one.hash == hash.as_str());
            match (ours.zip(own_issuer()), kept) {
                (Some((ours, issuer)), _) => by(ours.note, &issuer),
                (None, Some(_)) => Seal::Before,
                (None, None) => Seal::Missing,
            }
        }
    }
}

/// Whether one of these is, or was named by others as, a statute pack that nobody vouches for, and
/// that no pack which somebody vouches for has replaced.
pub(crate) fn rests_on_unsealed(of: &[&Instrument], adopted: &[Instrument], seals: &Seals) -> bool {
    let replaced = |pack: &Instrument| {
        let newer = |one: &&Instrument| one.lifecycle.supersedes.contains(&pack.name());
        adopted.iter().find(newer).is_some_and(|newer| is_by(newer, seals))
    };
    let mut packs = of.iter().filter(|one| one.agreement.tier == Tier::StatutePack);
    packs.any(|pack| !is_by(pack, seals) && !replaced(pack))
}

fn is_by(pack: &Instrument, seals: &Seals) -> bool {
    matches!(standing(pack, seals.get(&pack.hash())), Seal::By(_))
}

/// The seals that are kept.
pub(crate) async fn kept<R: Reads>(reads: &mut R) -> Result<Seals, Error> {
    let row = |row: &Row<'_>| Ok((row.parse(0)?, row.text_opt(1)?, row.text_opt(2)?));
    let mut seals = Seals::new();
    for (hash, note, issuer) in reads.list(sql::LIST_SEALS, values![], row).await? {
        let kept = match note.zip(issuer) {
            Some((note, issuer)) => {
                Some((note, issuer.parse().map_err(|_| Error::Corrupt("pack issuer"))?))
            }
            None => None,
        };
        seals.insert(hash, Kept(kept));
    }
    Ok(seals)
}

/// Who vouches for a registered pack.
///
/// # Errors
///
/// Whatever the store says.
pub async fn seal_of<R: Reads>(reads: &mut R, pack: &Instrument) -> Result<Seal, Error> {
    Ok(standing(pack, kept(reads).await?.get(&pack.hash())))
}

/// Keeps the program's own note with a pack that is adopted, so that it stands beside a program
/// which comes with another pack.
pub(crate) async fn keep_own(tx: &mut Tx, ctx: &Ctx<'_>, pack: &Instrument) -> Result<(), Error> {
    let hash = pack.hash();
    let ours = PACKS.iter().find(|one| one.hash == hash.as_str());
    let Some((ours, issuer)) = ours.zip(own_issuer()) else { return Ok(()) };
    if verify(pack, ours.note, std::slice::from_ref(&issuer)).is_ok() {
        let key = issuer.to_string();
        tx.execute(sql::UPSERT_SEAL, values![&hash, ours.note, key.as_str(), ctx.now_us()]).await?;
    }
    Ok(())
}

/// Takes an issuer's note for a registered pack, from its lead party. What is refused stands on
/// the ledger with its reason, and changes nothing.
///
/// # Errors
///
/// [`Error::UnknownInstrument`], or whatever the store or the ledger says.
pub async fn seal(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &OrganisationId,
    (pack, note): (&Instrument, &str),
    issuers: &[VerifierKey],
) -> Result<Result<String, Fault>, Error> {
    let hash = pack.hash();
    let vouched = match verify(pack, note, issuers) {
        Ok(_) if pack.agreement.lead_party != *by => Err(Fault::NotLead),
        vouched => vouched,
    };
    db.write("sharing.seal-pack", async |tx| {
        let known = tx.find(sql::FIND_INSTRUMENT, values![&hash], |row| row.text(0)).await?;
        known.ok_or(Error::UnknownInstrument)?;
        let issuer = match vouched {
            Ok(issuer) => issuer,
            Err(fault) => {
                let detail = json!({ "instrument": hash.as_str(), "seal-refused": fault.code() });
                record(tx, ctx, keys, by, EntryKind::Sign, detail).await?;
                return Ok(Err(fault));
            }
        };
        let key = issuer.to_string();
        let of = values![&hash, note, key.as_str(), ctx.now_us()];
        tx.execute(sql::UPSERT_SEAL, of).await?;
        ken_store::guard::bump_policy(tx).await?;
        let detail = json!({ "instrument": hash.as_str(), "sealed-by": key });
        record(tx, ctx, keys, by, EntryKind::Sign, detail).await?;
        Ok(Ok(issuer.name().to_owned()))
    })
    .await
}
