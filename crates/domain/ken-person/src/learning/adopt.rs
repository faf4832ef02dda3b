//! Signing a proposed model, and the one that is in use.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, PractitionerId};
use ken_directory::Acting;
use ken_match::{Model, ModelError, Proposal, Scorer, Signature};
use ken_sharing::instrument;
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use super::propose::{ModelId, Proposed, Stored, stored};
use crate::sql::learning as sql;
use crate::weigh::SHIPPED;
use crate::{Error, entry};

/// How many people sign. House policy, as with brought keys: one who errs is seen by another.
const SIGNERS: usize = 2;
/// Most signatures of one model that are read; the second adopts it.
const SIGNATURES_MAX: i64 = 10;

/// What is signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// To match by the proposed model.
    Adopt,
    /// To match no more by the model in use, but by the one before it.
    Withdraw,
}

impl Act {
    /// The word that is stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Somebody's signature, with the key that it was made by.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signed {
    by: PractitionerId,
    party: OrganisationId,
    signatory: String,
    key: Vec<u8>,
    signature: Vec<u8>,
    at: Timestamp,
}

impl Signed {
    /// By which name the engine knows the key.
    fn name(&self) -> String {
        format!("{}/{}", self.party, self.signatory)
    }

    fn is_of(&self, text: &str) -> bool {
        let signature: Result<[u8; 64], _> = self.signature.as_slice().try_into();
        signature.is_ok_and(|signature| {
            instrument::verifies(&self.key, text.as_bytes(), &signature).unwrap_or(false)
        })
    }
}

async fn signatures(s: &mut impl Reads, id: ModelId, act: Act) -> Result<Vec<Signed>, Error> {
    let read = |row: &Row<'_>| {
        Ok(Signed {
            by: row.parse(0)?,
            party: row.parse(1)?,
            signatory: row.text(2)?,
            key: row.bytes(3)?,
            signature: row.bytes(4)?,
            at: row.time(5)?,
        })
    };
    let of = values![id.to_string(), act.code(), SIGNATURES_MAX];
    Ok(s.list(sql::SIGNATURES, of, read).await?)
}

/// A model that two have signed, neither of whom proposed it.
fn adopted(stored: &Stored, by: &[Signed]) -> Result<Model, ModelError> {
    let proposal = Proposal::read(&stored.body)?;
    if proposal.hash()? != stored.hash {
        return Err(ModelError::Shape);
    }
    let others: Vec<_> = by.iter().filter(|one| one.by != stored.by).collect();
    let people: BTreeSet<_> = others.iter().map(|one| one.by).collect();
    if people.len() < SIGNERS {
        return Err(ModelError::Unsigned);
    }
    let signature = |one: &&Signed| {
        let mut hex = String::with_capacity(one.signature.len() * 2);
        for byte in &one.signature {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Signature { name: one.name(), signature: hex }
    };
    let given = others.iter().map(signature).collect();
    proposal
        .adopt(given, |of, text| others.iter().any(|one| one.name() == of.name && one.is_of(text)))
}

/// By what a process matches.
#[derive(Debug)]
pub(crate) struct Using {
    /// The model that two adopted; none where it is the shipped one.
    pub(crate) id: Option<ModelId>,
    /// None where this program has no model that reads.
    pub(crate) model: Option<Model>,
    pub(crate) scorer: Option<Scorer>,
    /// Why the adopted one is not used, by the code of the error.
    pub(crate) refused: Option<&'static str>,
}

impl Using {
    /// The shipped model.
    pub(crate) fn shipped() -> Self {
        let model = SHIPPED.clone();
        let scorer = model.as_ref().map(Scorer::new);
        Self { id: None, model, scorer, refused: None }
    }
}

/// Which adopted model is in use.
pub(crate) async fn in_use_id(s: &mut impl Reads) -> Result<Option<ModelId>, Error> {
    Ok(s.find(sql::MODEL_IN_USE_ID, &[], |row| row.parse(0)).await?)
}

/// Reads the model in use, and looks whether it is what two signed; where it is not, the shipped
/// one, with the reason.
pub(crate) async fn using(s: &mut impl Reads) -> Result<Using, Error> {
    let Some(found) = s.find(sql::MODEL_IN_USE, &[], stored).await? else {
        return Ok(Using::shipped());
    };
    let by = signatures(s, found.id, Act::Adopt).await?;
    let id = Some(found.id);
    let checked = tokio::task::spawn_blocking(move || {
        adopted(&found, &by).map(|model| (Scorer::new(&model), model))
    });
    Ok(match checked.await.map_err(|_| Error::Corrupt("model"))? {
        Ok((scorer, model)) => {
            Using { id, model: Some(model), scorer: Some(scorer), refused: None }
        }
        Err(error) => Using { id, refused: Some(error.code()), ..Using::shipped() },
    })
}

/// An adopted model, as the store has it.
#[derive(Debug, Clone, PartialEq)]
pub struct InUse {
    /// What was proposed.
    pub of: Proposed,
    /// Since when it is in use.
    pub since: Timestamp,
}

/// The model that two adopted last and that was not withdrawn; none where the shipped one is used.
///
/// # Errors
///
/// Whatever the store says.
pub async fn in_use(s: &mut impl Reads) -> Result<Option<InUse>, Error> {
    let Some(found) = s.find(sql::MODEL_IN_USE, &[], stored).await? else { return Ok(None) };
    let since = found.adopted.ok_or(Error::Corrupt("model"))?;
    Ok(Some(InUse { of: found.told()?, since }))
}

/// What waits for signatures.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The model.
    pub id: ModelId,
    /// Its hash.
    pub hash: String,
    /// The bytes that are signed.
    pub text: String,
}

/// Who signed to adopt the proposed model, or to withdraw the one in use, and when.
///
/// # Errors
///
/// Whatever the store says.
pub async fn signed(
    s: &mut impl Reads,
    act: Act,
) -> Result<Vec<(PractitionerId, Timestamp)>, Error> {
    let Some(found) = s.find(of_act(act), &[], stored).await? else { return Ok(vec![]) };
    let signed = signatures(s, found.id, act).await?;
    Ok(signed.into_iter().map(|one| (one.by, one.at)).collect())
}

/// What is signed to adopt the proposed model, or to withdraw the one in use; none where there is
/// no such model.
///
/// # Errors
///
/// [`Error::Model`] where what is stored is no model; whatever the store says.
pub async fn to_sign(s: &mut impl Reads, act: Act) -> Result<Option<Waiting>, Error> {
    let Some(found) = s.find(of_act(act), &[], stored).await? else { return Ok(None) };
    let text = text(&found, act)?;
    Ok(Some(Waiting { id: found.id, hash: found.hash, text }))
}

const fn of_act(act: Act) -> ken_store::Sql {
    match act {
        Act::Adopt => sql::MODEL_OPEN,
        Act::Withdraw => sql::MODEL_IN_USE,
    }
}

fn text(found: &Stored, act: Act) -> Result<String, Error> {
    Ok(match act {
        Act::Adopt => Proposal::read(&found.body)?.text()?,
        // What cannot be read any more can be withdrawn: by its hash.
        Act::Withdraw => ken_match::withdrawal_text(&found.hash),
    })
}

/// Who signs, with what.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// Who.
    pub by: &'a Acting,
    /// By which name they sign for their organisation.
    pub signatory: &'a str,
    /// The signature.
    pub signature: &'a [u8; 64],
    /// How they showed again who they are, for the ledger.
    pub confirmed: &'a str,
}

/// What became of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is the second: it is done.
    Done,
    /// It is kept, and waits for somebody else's.
    AwaitsSecond,
    /// They have signed it already.
    Again,
    /// They proposed it: two others sign.
    OwnProposal,
    /// It is not what is proposed, or in use, any more.
    Gone,
    /// It is not the signature of a live key of theirs on this.
    Invalid,
}

/// Takes a signature on what waits for it; with the second it is done. The key is looked up here:
/// a signatory whose key has ended signs nothing.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn sign(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (act, id): (Act, ModelId),
    with: Signer<'_>,
) -> Result<Outcome, Error> {
    tx.execute(sql::MODEL_HOLD, values![id.to_string()]).await?;
    let found = tx.find(of_act(act), &[], stored).await?;
    let Some(found) = found.filter(|found| found.id == id) else { return Ok(Outcome::Gone) };
    let by = with.by;
    if act == Act::Adopt && found.by == by.practitioner {
        return Ok(Outcome::OwnProposal);
    }
    let live = instrument::live_key(tx, ctx, &by.organisation, with.signatory).await?;
    let Some(key) = live else { return Ok(Outcome::Invalid) };
    let mine = Signed {
        by: by.practitioner,
        party: by.organisation.clone(),
        signatory: with.signatory.to_owned(),
        key,
        signature: with.signature.to_vec(),
        at: ctx.clock.now(),
    };
    if !mine.is_of(&text(&found, act)?) {
        return Ok(Outcome::Invalid);
    }
    let before = signatures(tx, id, act).await?;
    if before.iter().any(|one| one.by == mine.by || one.name() == mine.name()) {
        return Ok(Outcome::Again);
    }
    keep(tx, (act, id), &mine).await?;
    let is_done = before.len() + 1 >= SIGNERS;
    if is_done && !settle(tx, ctx, (act, id)).await? {
        return Err(Error::Contended);
    }
    let detail = json!({
        "event": if is_done { done(act) } else { "matching-model-signed" },
        "act": act.code(),
        "hash": found.hash,
        "signatory": with.signatory,
        "confirmed": with.confirmed,
        "by": entry::who(by),
    });
    entry::of_stewards(tx, ctx, keys, by, detail).await?;
    Ok(if is_done { Outcome::Done } else { Outcome::AwaitsSecond })
}

/// What the ledger calls the second signature.
const fn done(act: Act) -> &'static str {
    match act {
        Act::Adopt => "matching-model-adopted",
        Act::Withdraw => "matching-model-withdrawn",
    }
}

async fn keep(tx: &mut Tx, (act, id): (Act, ModelId), of: &Signed) -> Result<(), Error> {
    let of = values![
        id.to_string(),
        act.code(),
        of.by,
        &of.party,
        of.signatory.as_str(),
        of.key.as_slice(),
        of.signature.as_slice(),
        of.at
    ];
    if tx.execute(sql::SIGNATURE_INSERT, of).await? == 0 { Err(Error::Contended) } else { Ok(()) }
}

/// Puts into use, or takes out of use; whether it could.
async fn settle(tx: &mut Tx, ctx: &Ctx<'_>, (act, id): (Act, ModelId)) -> Result<bool, Error> {
    let of = values![id.to_string(), ctx.now_us()];
    if act == Act::Adopt {
        return Ok(tx.execute(sql::MODEL_ADOPT, of).await? > 0);
    }
    // What is proposed was compared with what is in use no more.
    tx.execute(sql::MODEL_CLOSE, &[]).await?;
    Ok(tx.execute(sql::MODEL_WITHDRAW, of).await? > 0)
}
