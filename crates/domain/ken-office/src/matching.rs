//! Signing for a matching model, with the key that Ken keeps for a signatory.
//!
//! # Invariants
//!
//! - Whoever signs shows again who they are, for this model; what they showed is used up in the
//!   write that keeps the signature.
//! - Who may sign, and what two signatures do, is decided in `ken_person::learning::sign`.
//!
//! Source: RFC 8032 (Ed25519); ADR 58.

use ed25519_dalek::Signer as _;
use ken_core::Ctx;
use ken_directory::Acting;
use ken_directory::confirm::Ready;
use ken_person::learning::{self, Act, Outcome, Signer};
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot};

use crate::Error;
use crate::signing::{Kept, kept};

/// What became of an attempt to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// This.
    Signed(Outcome),
    /// Whoever signs did not show again who they are, for this; the try is on the ledger.
    Unconfirmed,
    /// Ken keeps no key for this practitioner and party.
    NoKey,
}

/// What a confirmation of signing for a model is about.
#[must_use]
pub fn about(act: Act, hash: &str) -> String {
    format!("model:{}:{hash}", act.code())
}

/// Signs to adopt the model that is proposed, or to withdraw the one in use, where it is still the
/// one of this hash, which the signatory has read.
///
/// # Errors
///
/// Whatever the store, the key store, the index of people or the ledger says.
pub async fn sign(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (act, hash, confirmed): (Act, &str, Ready),
) -> Result<Attempt, Error> {
    if !confirmed.is_for(by.account, &about(act, hash)) {
        return Ok(Attempt::Unconfirmed);
    }
    let read = async |s: &mut Snapshot| learning::to_sign(s, act).await;
    let waits = db.snapshot("office.model", read).await?;
    let Some(waits) = waits.filter(|waits| waits.hash == hash) else {
        return Ok(Attempt::Signed(Outcome::Gone));
    };
    let Some(Kept { signatory, key, .. }) = kept(db, keys, by).await? else {
        return Ok(Attempt::NoKey);
    };
    let signature = key.sign(waits.text.as_bytes()).to_bytes();
    db.write("office.sign-model", async |tx| {
        let Some(how) = confirmed.use_up(tx, ctx, keys).await? else {
            return Ok(Attempt::Unconfirmed);
        };
        let with =
            Signer { by, signatory: &signatory, signature: &signature, confirmed: how.code() };
        Ok(Attempt::Signed(learning::sign(tx, ctx, keys, (act, waits.id), with).await?))
    })
    .await
}
