//! Passkeys: WebAuthn credentials that the browser finds by itself, with user verification.
//!
//! Credentials are ES256 (the algorithm that every platform offers), discoverable, and stored
//! without attestation: which brand made somebody's authenticator is none of our business. See
//! ADR 3 for why the checks are our own.
//!
//! # Invariants
//!
//! - A challenge has 256 random bits, is good once and for five minutes, and is used up in the
//!   transaction that registers the credential, opens the session, or does what it confirms. The
//!   database has its hash, which is of the thing to be confirmed as well: an answer for one thing
//!   is none for another.
//! - Nothing passes without user presence, user verification, our own origin and our own id.
//! - A passkey is added or removed by its holder who shows again who they are, never by a browser
//!   that happens to be signed in; and nobody removes the only way in to their account.
//! - A signature counter that does not grow, where one is kept, is refused: the credential may
//!   have been copied.
//!
//! Source: W3C Web Authentication Level 3, sections 7.1 and 7.2.

mod cbor;
mod verify;

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ken_core::{AccountId, Ctx, Sensitive};
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::confirm::Ready;
use crate::session::{How, Opened};
use crate::{Error, Token, account, entry, session, sql, text, throttle};
use verify::{Assertion, Attestation};

/// How long a challenge is good. Source: W3C recommends 5 minutes where the user is verified.
const CHALLENGE_LAST: SignedDuration = SignedDuration::from_mins(5);
/// Challenges of one account that wait at once; beyond it the oldest ends. House policy: as many
/// tabs as somebody may have open.
const OF_ONE_MAX: i64 = 20;
/// Challenges that wait at once for sign-ins from one address class; beyond it the oldest ends, so
/// that whoever draws without end displaces nobody elsewhere. House policy: a hospital at nine.
const OF_ADDRESS_MAX: i64 = 1_000;
/// Challenges of all sign-ins that wait at once; an account's own are not counted among them.
const CHALLENGES_MAX: i64 = 20_000;
/// Passkeys of one account.
const OF_ACCOUNT_MAX: i64 = 10;
/// Longest answer of a browser, in bytes; the largest true ones have about four thousand.
pub const ANSWER_MAX: usize = 16_384;

/// What a confirmation of adding a passkey is about.
pub const ADDING: &str = "passkey:add";
/// What a confirmation of removing a passkey is about.
pub const REMOVING: &str = "passkey:remove";

/// The site that passkeys belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    id: String,
    origin: String,
    name: String,
}

impl Site {
    /// The site of a base address such as `https://ken.example` or `http://localhost:8080`.
    ///
    /// # Errors
    ///
    /// [`Error::Unfit`] unless it is `https`, or `http` on `localhost`: browsers offer passkeys
    /// nowhere else, and never for a bare number.
    pub fn new(base_address: &str, name: &str) -> Result<Self, Error> {
        let unfit = Error::Unfit("base address");
        let origin = base_address.trim_end_matches('/');
        let Some((scheme, place)) = origin.split_once("://") else { return Err(unfit) };
        let host = place.split(':').next().unwrap_or_default();
        let secure = scheme == "https" || scheme == "http" && host == "localhost";
        let named = host.bytes().any(|byte| byte.is_ascii_alphabetic())
            && host
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
        if !secure || !named || place.contains(['/', '@', '?', '#']) {
            return Err(unfit);
        }
        text::check(name, "site name")?;
        Ok(Self { id: host.to_owned(), origin: origin.to_owned(), name: name.to_owned() })
    }
}

/// A passkey, as its holder sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id, in base64url.
    pub id: String,
    /// What its holder calls it.
    pub name: String,
    /// When it was added.
    pub added: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
}

/// What became of an answer.
#[derive(Debug)]
pub enum Answered<T> {
    /// It is good.
    Good(T),
    /// It is not; why not is nobody's business but the log's, by this word.
    Refused(&'static str),
}

/// What became of a wish to remove a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is removed, and whoever was signed in elsewhere is signed out.
    Done,
    /// Its holder did not show again who they are; the try is on the ledger.
    Unconfirmed,
    /// Nothing else lets its holder in.
    OnlyWayIn,
}

/// Begins to add a passkey to an account: the options for `navigator.credentials.create`, as
/// `PublicKeyCredential.parseCreationOptionsFromJSON` reads them.
///
/// # Errors
///
/// [`Error::TooMany`] beyond ten, and whatever the store says.
pub async fn begin_adding(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    site: &Site,
    account: AccountId,
    shown_as: &Sensitive<String>,
) -> Result<Value, Error> {
    let held = list(tx, account).await?;
    if i64::try_from(held.len()).unwrap_or(i64::MAX) >= OF_ACCOUNT_MAX {
        return Err(Error::TooMany("passkeys"));
    }
    let known: Vec<_> =
        held.iter().map(|passkey| json!({ "type": "public-key", "id": passkey.id })).collect();
    Ok(json!({
        "rp": { "id": site.id, "name": site.name },
        "user": {
            "id": URL_SAFE_NO_PAD.encode(account.uuid().as_bytes()),
            "name": shown_as.reveal(),
            "displayName": shown_as.reveal(),
        },
        "challenge": draw(tx, ctx, Drawer::Account(account), "").await?,
        "pubKeyCredParams": [{ "type": "public-key", "alg": verify::ES256 }],
        "timeout": CHALLENGE_LAST.as_millis(),
        "excludeCredentials": known,
        "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
        "attestation": "none",
    }))
}

/// Adds the passkey that the browser made, from its `toJSON()`, for its holder, who confirms it.
///
/// # Errors
///
/// [`Error::Unfit`] for a name that cannot be one, and whatever the store or the ledger says.
pub async fn add(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    site: &Site,
    (account, confirmed): (AccountId, Ready),
    name: &str,
    answer: &str,
) -> Result<Answered<()>, Error> {
    text::check(name, "passkey name")?;
    let Some(how) = confirmed.use_up_for((account, ADDING), tx, ctx, keys).await? else {
        return Ok(Answered::Refused("unconfirmed"));
    };
    let checked = Attestation::parse(answer).and_then(|made| made.check(&site.id, &site.origin));
    let (challenge, made) = match checked {
        Ok(checked) => checked,
        Err(why) => return Ok(Answered::Refused(why)),
    };
    if !use_up(tx, ctx, &challenge, (Some(account), "")).await? {
        return Ok(Answered::Refused("challenge"));
    }
    let id = URL_SAFE_NO_PAD.encode(&made.id);
    let of = values![&id, account, made.key.as_slice(), i64::from(made.count), name, ctx.now_us()];
    if tx.execute(sql::PASSKEY_INSERT, of).await? == 0 {
        return Ok(Answered::Refused("known"));
    }
    note(tx, ctx, keys, account, ("passkey-added", Some(how))).await?;
    Ok(Answered::Good(()))
}

/// Begins a sign-in: the options for `navigator.credentials.get`, as
/// `PublicKeyCredential.parseRequestOptionsFromJSON` reads them. Nobody is named: the browser
/// offers what it has for this site.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn begin_sign_in(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    site: &Site,
    address: IpAddr,
) -> Result<Value, Error> {
    let class = throttle::of_address(tx, keys, address).await?;
    Ok(json!({
        "rpId": site.id,
        "challenge": draw(tx, ctx, Drawer::Class(&class), "").await?,
        "timeout": CHALLENGE_LAST.as_millis(),
        "userVerification": "required",
    }))
}

/// Signs in with the browser's answer, from its `toJSON()`.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn sign_in(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    site: &Site,
    answer: &str,
) -> Result<Answered<Opened>, Error> {
    match answered(tx, ctx, site, (None, ""), answer).await? {
        Ok(owner) => session::open(tx, ctx, keys, owner, How::Passkey).await.map(Answered::Good),
        Err((why, Some(owner))) => refuse(tx, ctx, keys, owner, why).await,
        Err((why, None)) => Ok(Answered::Refused(why)),
    }
}

/// Begins to confirm something with a passkey of an account; `about` is bound into the challenge.
pub(crate) async fn begin_confirming(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    site: &Site,
    (account, about): (AccountId, &str),
) -> Result<Value, Error> {
    let held = list(tx, account).await?;
    let known: Vec<_> =
        held.iter().map(|passkey| json!({ "type": "public-key", "id": passkey.id })).collect();
    Ok(json!({
        "rpId": site.id,
        "challenge": draw(tx, ctx, Drawer::Account(account), about).await?,
        "timeout": CHALLENGE_LAST.as_millis(),
        "allowCredentials": known,
        "userVerification": "required",
    }))
}

/// Whether an answer of a passkey of this account confirms this thing; it does so once.
pub(crate) async fn confirms(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    site: &Site,
    (account, about): (AccountId, &str),
    answer: &str,
) -> Result<bool, Error> {
    let owner = answered(tx, ctx, site, (Some(account), about), answer).await?;
    Ok(owner == Ok(account))
}

/// Whose passkey gave an answer, which is used up; or why it is none, and whose it claims to be.
async fn answered(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    site: &Site,
    whose: (Option<AccountId>, &str),
    answer: &str,
) -> Result<Result<AccountId, (&'static str, Option<AccountId>)>, Error> {
    let assertion = match Assertion::parse(answer) {
        Ok(assertion) => assertion,
        Err(why) => return Ok(Err((why, None))),
    };
    let id = URL_SAFE_NO_PAD.encode(assertion.id());
    let read = |row: &Row<'_>| Ok((row.parse::<AccountId>(0)?, row.bytes(1)?, row.int(2)?));
    let Some((owner, key, kept)) = tx.find(sql::PASSKEY, values![&id], read).await? else {
        return Ok(Err(("unknown", None)));
    };
    if account::load(tx, owner).await?.is_closed {
        return Ok(Err(("closed", None)));
    }
    if whose.0.is_some_and(|account| account != owner) {
        return Ok(Err(("another", None)));
    }
    let checked = assertion.check(&site.id, &site.origin, &key, owner.uuid().as_bytes());
    let (challenge, count) = match checked {
        Ok(checked) => checked,
        Err(why) => return Ok(Err((why, Some(owner)))),
    };
    if !use_up(tx, ctx, &challenge, whose).await? {
        return Ok(Err(("challenge", Some(owner))));
    }
    let count = i64::from(count);
    let of = values![&id, count, kept, ctx.now_us()];
    let grew = count > kept || count == 0 && kept == 0;
    if !grew || tx.execute(sql::PASSKEY_USED, of).await? == 0 {
        return Ok(Err(("counter", Some(owner))));
    }
    Ok(Ok(owner))
}

/// The passkeys of an account, oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list(s: &mut impl Reads, account: AccountId) -> Result<Vec<Passkey>, Error> {
    let read = |row: &Row<'_>| {
        let (added, used) = (row.time(2)?, row.time_opt(3)?);
        Ok(Passkey { id: row.text(0)?, name: row.text(1)?, added, used })
    };
    Ok(s.list(sql::PASSKEYS, values![account, OF_ACCOUNT_MAX], read).await?)
}

/// Removes a passkey of an account for its holder, who confirms it, and signs the account out of
/// every browser but this one: whoever holds a lost device is out.
///
/// # Errors
///
/// [`Error::Unknown`] where the account has no such passkey, and whatever the store or the ledger
/// says.
pub async fn remove(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (account, confirmed): (AccountId, Ready),
    id: &str,
    here: &Token,
) -> Result<Removal, Error> {
    // Held first: of two removals at once, the second sees what the first has left.
    tx.execute(sql::ACCOUNT_HOLD, values![account]).await?;
    let held = list(tx, account).await?;
    if !held.iter().any(|passkey| passkey.id == id) {
        return Err(Error::Unknown("passkey"));
    }
    let Some(how) = confirmed.use_up_for((account, REMOVING), tx, ctx, keys).await? else {
        return Ok(Removal::Unconfirmed);
    };
    if held.len() == 1 && !account::load(tx, account).await?.has_password() {
        return Ok(Removal::OnlyWayIn);
    }
    tx.execute(sql::PASSKEY_DELETE, values![id, account]).await?;
    session::end_others(tx, account, here).await?;
    note(tx, ctx, keys, account, ("passkey-removed", Some(how))).await?;
    Ok(Removal::Done)
}

/// For whom a challenge is drawn: an account, or whoever signs in from an address class.
#[derive(Debug, Clone, Copy)]
enum Drawer<'a> {
    Account(AccountId),
    Class(&'a str),
}

/// Draws a challenge and keeps its hash; of `about`, too, where a thing is to be confirmed.
async fn draw(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    drawer: Drawer<'_>,
    about: &str,
) -> Result<String, Error> {
    let now = ctx.clock.now();
    let challenge = ctx.entropy::<32>();
    let until = now.checked_add(CHALLENGE_LAST).map_err(|_| Error::Corrupt("clock"))?;
    let (account, by, most) = match drawer {
        Drawer::Account(account) => (Some(account), format!("account:{account}"), OF_ONE_MAX),
        Drawer::Class(class) => (None, class.to_owned(), OF_ADDRESS_MAX),
    };
    tx.execute(sql::CHALLENGES_SWEEP, values![now]).await?;
    tx.execute(sql::CHALLENGES_TRIM, values![&by, most - 1]).await?;
    tx.execute(sql::CHALLENGES_TRIM_ALL, values![CHALLENGES_MAX - 1]).await?;
    tx.execute(sql::CHALLENGE_INSERT, values![hash(&challenge, about), account, &by, until])
        .await?;
    Ok(URL_SAFE_NO_PAD.encode(challenge))
}

/// Uses a challenge up; `false` where it was used, has ended, or was somebody else's or for another
/// thing.
async fn use_up(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    challenge: &[u8],
    (account, about): (Option<AccountId>, &str),
) -> Result<bool, Error> {
    // Of another length it was not drawn here; and what is hashed has one reading.
    let Ok(challenge) = <[u8; 32]>::try_from(challenge) else { return Ok(false) };
    let of = values![hash(&challenge, about), account, ctx.now_us()];
    Ok(tx.execute(sql::CHALLENGE_USE, of).await? == 1)
}

fn hash(challenge: &[u8; 32], about: &str) -> String {
    let digest = Sha256::new().chain_update(challenge).chain_update(about.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// Notes a refusal on the account's stream.
async fn refuse<T>(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    owner: AccountId,
    why: &'static str,
) -> Result<Answered<T>, Error> {
    note(tx, ctx, keys, owner, ("sign-in-refused", None)).await?;
    Ok(Answered::Refused(why))
}

async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
    (event, confirmed): (&str, Option<How>),
) -> Result<(), Error> {
    let stream = account::load(tx, account).await?.stream()?;
    let mut detail = json!({ "event": event, "account": account.to_string(), "how": "passkey" });
    if let (Some(how), Some(fields)) = (confirmed, detail.as_object_mut()) {
        fields.insert("confirmed".to_owned(), how.code().into());
    }
    entry::append(tx, ctx, keys, stream, EntryKind::SignIn, detail).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_one_that_browsers_accept() {
        let check = |address: &str, want: Option<&str>| {
            let site = Site::new(address, "Ken").ok();
            assert_eq!(site.map(|site| site.id).as_deref(), want, "{address}");
        };
        check("https://ken.example", Some("ken.example"));
        check("https://ken.example:8443/", Some("ken.example"));
        check("http://localhost:8080", Some("localhost"));
        check("http://ken.example", None);
        check("https://127.0.0.1:8080", None);
        check("https://ken.example/path", None);
        check("https://user@ken.example", None);
        check("https://KEN.example", None);
        check("ken.example", None);
    }
}
