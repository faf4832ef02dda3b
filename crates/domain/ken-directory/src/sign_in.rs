//! Signing in with password and one-time code.
//!
//! # Invariants
//!
//! - Every refusal looks the same and takes as long, whether the name, the password or the code
//!   was wrong: [`SignIn::Refused`].
//! - A try is counted, durably, before the password is looked at.
//! - A code is used up in the transaction that opens the session; of two that come at once, one
//!   gets in.
//! - Each success and each refusal of an account is an entry of the ledger. How many those can be
//!   is bounded by the throttle; names that nobody has, and tries that must wait, leave none.

use std::net::IpAddr;

use jiff::Timestamp;
use ken_core::{AccountId, Ctx, Sensitive};
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Db, Tx, values};
use serde_json::json;

use crate::account::Account;
use crate::session::{How, Opened};
use crate::throttle::Buckets;
use crate::{Error, Hasher, account, entry, session, sql, text};

/// What somebody typed, and from where.
#[derive(Debug)]
pub struct Attempt {
    /// The sign-in name.
    pub name: Sensitive<String>,
    /// The password.
    pub password: Sensitive<String>,
    /// The one-time code.
    pub code: Sensitive<String>,
    /// The address the request came from.
    pub address: IpAddr,
}

/// What became of it.
#[derive(Debug)]
pub enum SignIn {
    /// They are in.
    In(Opened),
    /// Name, password and code do not belong together.
    Refused,
    /// Too many tries: not before this instant.
    Wait(Timestamp),
}

/// Signs in, or refuses.
///
/// # Errors
///
/// [`Error::Busy`] when too many sign in at once, and whatever the store, the key ring or the
/// ledger says.
pub async fn sign_in(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    hasher: &Hasher,
    attempt: Attempt,
) -> Result<SignIn, Error> {
    // What cannot be anybody's name is treated as a name that nobody has.
    let name = text::sign_in_name(attempt.name.reveal()).unwrap_or_default();
    let begun = db
        .write("directory.sign-in-begin", async |tx: &mut Tx| {
            begin(tx, ctx, &name, attempt.address).await
        })
        .await?;
    let (account, buckets) = match begun {
        Begun::Wait(until) => return Ok(SignIn::Wait(until)),
        Begun::Counted(account, buckets) => (account, buckets),
    };
    let hash = account.as_ref().and_then(|account| account.password.clone());
    let is_right = match hasher.verify(attempt.password, hash).await {
        Ok(is_right) => is_right,
        // Too many at once: nothing was looked at, so that nothing counts against anybody.
        Err(error) => {
            let back = async |tx: &mut Tx| buckets.take_back(tx).await;
            db.write("directory.sign-in", back).await?;
            return Err(error);
        }
    };
    db.write("directory.sign-in", async |tx: &mut Tx| {
        let Some(account) = &account else {
            buckets.touch(tx, ctx.clock.now()).await?;
            return Ok(SignIn::Refused);
        };
        let code = is_right.then_some(&attempt.code);
        finish(tx, ctx, keys, account.id, code, &buckets).await
    })
    .await
}

/// Where a try stands after it was counted.
enum Begun {
    Counted(Option<Account>, Buckets),
    Wait(Timestamp),
}

async fn begin(tx: &mut Tx, ctx: &Ctx<'_>, name: &str, address: IpAddr) -> Result<Begun, Error> {
    let account = account::find_by_name(tx, name).await?.filter(|account| !account.is_closed);
    let mut buckets = Buckets::of(account.as_ref().map(|account| account.id), name, address);
    Ok(match buckets.count(tx, ctx.clock.now()).await? {
        Some(until) => Begun::Wait(until),
        None => Begun::Counted(account, buckets),
    })
}

/// Uses up the code and opens the session, or notes the refusal. `code` is none where the password
/// was wrong: then the code is not looked at, and stays good for its owner.
async fn finish(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
    code: Option<&Sensitive<String>>,
    buckets: &Buckets,
) -> Result<SignIn, Error> {
    let used = match code {
        Some(code) => accept(tx, ctx, keys, account, code).await?,
        None => false,
    };
    if used {
        buckets.forgive(tx, ctx.clock.now()).await?;
        return session::open(tx, ctx, keys, account, How::Password).await.map(SignIn::In);
    }
    let account = account::load(tx, account).await?;
    let detail = json!({ "event": "sign-in-refused", "account": account.id.to_string() });
    entry::append(tx, ctx, keys, account.stream()?, EntryKind::SignIn, detail).await?;
    Ok(SignIn::Refused)
}

/// Uses up a one-time code of an account; `false` where it is wrong, was used, or the account is
/// closed.
pub(crate) async fn accept(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
    code: &Sensitive<String>,
) -> Result<bool, Error> {
    // Read here: it may have been closed, or its code used, since the try was counted.
    let account = account::load(tx, account).await?;
    let Some(secret) = account::open(keys, &account).await? else { return Ok(false) };
    let Some(step) = secret.accept(code, ctx.clock.now(), account.last_step)? else {
        return Ok(false);
    };
    Ok(tx.execute(sql::ONE_TIME_USE, values![account.id, step]).await? == 1)
}
