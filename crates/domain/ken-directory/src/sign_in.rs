//! Signing in with password and one-time code.
//!
//! # Invariants
//!
//! - Every refusal looks the same and takes as long, whether the name, the password or the code
//!   was wrong: [`SignIn::Refused`], or [`SignIn::Wait`] where the name is kept waiting. That is
//!   told of every name alike, wherever from, and takes as long.
//! - A try is counted, durably, before the password is looked at.
//! - A code is used up in the transaction that opens the session; of two that come at once, one
//!   gets in.
//! - Each success and each refusal of an account is an entry of the ledger. How many those can be
//!   is bounded by the throttle; names that nobody has, and tries that are not
//!   looked at, leave none.

use std::net::IpAddr;

use jiff::Timestamp;
use ken_core::{AccountId, Ctx, Sensitive};
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Db, Tx, values};
use serde_json::json;

use crate::account::Account;
use crate::session::{How, Opened};
use crate::throttle::{Buckets, Turn};
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
            begin(tx, ctx, keys, (&name, attempt.address)).await
        })
        .await?;
    if let Turn::Closed(until) = begun.turn {
        return Ok(SignIn::Wait(until));
    }
    // A try that waits is worked out as a name's that nobody has: how long it takes tells nothing.
    let is_looked_at = !matches!(begun.turn, Turn::Wait(_));
    let account = begun.account.as_ref().filter(|_| is_looked_at);
    let hash = account.and_then(|account| account.password.clone());
    let is_right = match hasher.verify(attempt.password, hash).await {
        Ok(is_right) => is_right,
        // Too many at once: nothing was looked at, so that nothing counts against anybody.
        Err(error) => {
            let back = async |tx: &mut Tx| begun.buckets.take_back(tx).await;
            db.write("directory.sign-in", back).await?;
            return Err(error);
        }
    };
    let code = is_right.then_some(&attempt.code);
    db.write("directory.sign-in", async |tx: &mut Tx| answer(tx, ctx, keys, &begun, code).await)
        .await
}

/// Where a try stands after it was counted.
struct Begun {
    turn: Turn,
    account: Option<Account>,
    buckets: Buckets,
}

async fn begin(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (name, address): (&str, IpAddr),
) -> Result<Begun, Error> {
    let account = account::find_by_name(tx, name).await?.filter(|account| !account.is_closed);
    let who = (account.as_ref().map(|account| account.id), name);
    let mut buckets = Buckets::of(tx, keys, who, address).await?;
    let turn = buckets.count(tx, ctx.clock.now()).await?;
    Ok(Begun { turn, account, buckets })
}

/// What somebody is told. `code` is none where the password was wrong.
async fn answer(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    Begun { turn, account, buckets }: &Begun,
    code: Option<&Sensitive<String>>,
) -> Result<SignIn, Error> {
    let refused = match turn {
        Turn::Now => SignIn::Refused,
        Turn::OnlyRight(until) | Turn::Wait(until) | Turn::Closed(until) => SignIn::Wait(*until),
    };
    let account = account.as_ref().filter(|_| matches!(turn, Turn::Now | Turn::OnlyRight(_)));
    let Some(account) = account else {
        buckets.touch(tx, ctx.clock.now()).await?;
        return Ok(refused);
    };
    let opened = finish(tx, ctx, keys, account.id, code, buckets).await?;
    Ok(opened.map_or(refused, SignIn::In))
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
) -> Result<Option<Opened>, Error> {
    let used = match code {
        Some(code) => accept(tx, ctx, keys, account, code).await?,
        None => false,
    };
    if used {
        buckets.forgive(tx, ctx.clock.now()).await?;
        return session::open(tx, ctx, keys, account, How::Password).await.map(Some);
    }
    let account = account::load(tx, account).await?;
    let detail = json!({ "event": "sign-in-refused", "account": account.id.to_string() });
    entry::append(tx, ctx, keys, account.stream()?, EntryKind::SignIn, detail).await?;
    Ok(None)
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
