//! Showing again who one is, for one act: with a passkey, or with password and one-time code.
//!
//! A session says who sits at a browser that was signed in some time ago. An act that binds an
//! organisation, such as a signature, asks for more: that its author is here now, and means this.
//!
//! # Invariants
//!
//! - A confirmation is for one account and one thing, and is used up in the write that does the
//!   thing: it cannot be kept, replayed, or turned to another thing.
//! - Whoever has a passkey confirms with it; password and code are for whoever has none.
//! - A passkey answers a challenge that was drawn for this account and this thing, and is good for
//!   five minutes; a code is one that was not used before.
//! - Tries are counted with those of signing in, before the password is looked at.
//!
//! Source: NIST SP 800-63B, section 2.3 and 5.2.5 (fresh authentication, bound to a transaction);
//! W3C Web Authentication Level 3, section 7.2.

use std::net::IpAddr;

use jiff::Timestamp;
use ken_core::{AccountId, Ctx, Sensitive};
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot, Tx};
use serde_json::{Value, json};

use crate::passkey::{self, Site};
use crate::session::How;
use crate::throttle::{Buckets, Turn};
use crate::{Error, Hasher, account, entry, sign_in};

/// Longest name of a thing, in bytes. House policy: a kind and a hash.
const ABOUT_MAX: usize = 200;

/// What somebody showed.
#[derive(Debug)]
pub enum Shown {
    /// Password and one-time code, from an address.
    Password {
        /// The password.
        password: Sensitive<String>,
        /// The one-time code.
        code: Sensitive<String>,
        /// Where the request came from.
        address: IpAddr,
    },
    /// What the browser's passkey answered, from its `toJSON()`.
    Passkey(Sensitive<String>),
}

/// Where a confirmation stands before the write that uses it up.
#[derive(Debug)]
pub enum Prepared {
    /// Nothing speaks against it yet.
    Ready(Ready),
    /// It is refused; the refusal is on the ledger.
    Refused,
    /// Too many tries: not before this instant.
    Wait(Timestamp),
}

/// A confirmation that a write may use up, once.
#[derive(Debug)]
pub struct Ready {
    account: AccountId,
    about: String,
    by: By,
}

#[derive(Debug)]
enum By {
    Code { code: Sensitive<String>, buckets: Box<Buckets>, passkeys_offered: bool },
    Passkey { answer: Sensitive<String>, site: Site },
    Demonstration,
}

impl Ready {
    /// The confirmation of an account of the demonstration, where everyone is made up and signs in
    /// with a button. Only the demonstration's own pages call this.
    #[must_use]
    pub fn demonstration(account: AccountId, about: &str) -> Self {
        Self { account, about: about.to_owned(), by: By::Demonstration }
    }

    /// Whether it is this account's, for this thing.
    #[must_use]
    pub fn is_for(&self, account: AccountId, about: &str) -> bool {
        self.account == account && self.about == about
    }

    /// Uses it up where it is this account's, for this thing; how it was shown, or none where it is
    /// not, or is refused.
    pub(crate) async fn use_up_for(
        self,
        (account, about): (AccountId, &str),
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
    ) -> Result<Option<How>, Error> {
        if !self.is_for(account, about) {
            return Ok(None);
        }
        self.use_up(tx, ctx, keys).await
    }

    /// Uses it up, in the write that does what it is for; how it was shown, or none where it is
    /// refused. A refusal is on the ledger, if the write is kept.
    ///
    /// # Errors
    ///
    /// Whatever the store, the key ring or the ledger says.
    pub async fn use_up(
        self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
    ) -> Result<Option<How>, Error> {
        let Self { account, about, by } = self;
        let how = match by {
            By::Demonstration => return Ok(Some(How::Demonstration)),
            By::Code { code, buckets, passkeys_offered } => {
                let stronger = passkeys_offered && !passkey::list(tx, account).await?.is_empty();
                let is_good = !stronger && sign_in::accept(tx, ctx, keys, account, &code).await?;
                if is_good {
                    buckets.forgive(tx, ctx.clock.now()).await?;
                }
                is_good.then_some(How::Password)
            }
            By::Passkey { answer, site } => {
                let is_good =
                    passkey::confirms(tx, ctx, &site, (account, &about), answer.reveal()).await?;
                is_good.then_some(How::Passkey)
            }
        };
        if how.is_none() {
            refuse(tx, ctx, keys, account, &about).await?;
        }
        Ok(how)
    }
}

/// Begins a confirmation with a passkey of an account: the options for
/// `navigator.credentials.get`, as `PublicKeyCredential.parseRequestOptionsFromJSON` reads them.
///
/// # Errors
///
/// [`Error::Unfit`] for a name of a thing that is empty or too long; whatever the store says.
pub async fn begin(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    site: &Site,
    (account, about): (AccountId, &str),
) -> Result<Value, Error> {
    check(about)?;
    passkey::begin_confirming(tx, ctx, site, (account, about)).await
}

/// Looks at what somebody showed, as far as that can be done before the write: a password is
/// worked out here, off every lock.
///
/// # Errors
///
/// [`Error::Busy`] when too many passwords are worked out at once, [`Error::Unfit`] for a name of
/// a thing that is empty or too long, and whatever the store or the ledger says.
pub async fn prepare(
    db: &Db,
    ctx: &Ctx<'_>,
    (keys, hasher, site): (&KeyRing, &Hasher, Option<&Site>),
    (account, about): (AccountId, &str),
    shown: Shown,
) -> Result<Prepared, Error> {
    check(about)?;
    let about = about.to_owned();
    let (password, code, address) = match (shown, site) {
        (Shown::Passkey(answer), Some(site)) => {
            let by = By::Passkey { answer, site: site.clone() };
            return Ok(Prepared::Ready(Ready { account, about, by }));
        }
        (Shown::Passkey(_), None) => return refused(db, ctx, keys, account, &about).await,
        (Shown::Password { password, code, address }, _) => (password, code, address),
    };
    let (buckets, turn) = db
        .write("directory.confirm-begin", async |tx: &mut Tx| {
            let mut buckets = Buckets::of(tx, keys, (Some(account), ""), address).await?;
            let turn = buckets.count(tx, ctx.clock.now()).await?;
            Ok::<_, Error>((buckets, turn))
        })
        .await?;
    if let Turn::Wait(until) | Turn::Closed(until) = turn {
        return Ok(Prepared::Wait(until));
    }
    let read = async |s: &mut Snapshot| account::load(s, account).await;
    let held = db.snapshot("directory.confirm", read).await?;
    let is_open = !held.is_closed;
    let is_right = match hasher.verify(password, held.password).await {
        Ok(is_right) => is_open && is_right,
        // Too many at once: nothing was looked at, so that nothing counts against anybody.
        Err(error) => {
            let back = async |tx: &mut Tx| buckets.take_back(tx).await;
            db.write("directory.confirm-begin", back).await?;
            return Err(error);
        }
    };
    if !is_right {
        let refused = refused(db, ctx, keys, account, &about).await?;
        return Ok(if let Turn::OnlyRight(until) = turn { Prepared::Wait(until) } else { refused });
    }
    let buckets = Box::new(buckets);
    let by = By::Code { code, buckets, passkeys_offered: site.is_some() };
    Ok(Prepared::Ready(Ready { account, about, by }))
}

fn check(about: &str) -> Result<(), Error> {
    let is_fit = (1..=ABOUT_MAX).contains(&about.len());
    if is_fit { Ok(()) } else { Err(Error::Unfit("what is confirmed")) }
}

async fn refused(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
    about: &str,
) -> Result<Prepared, Error> {
    db.write("directory.confirm-refused", async |tx: &mut Tx| {
        refuse(tx, ctx, keys, account, about).await
    })
    .await?;
    Ok(Prepared::Refused)
}

async fn refuse(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
    about: &str,
) -> Result<(), Error> {
    let stream = account::load(tx, account).await?.stream()?;
    let event = "confirmation-refused";
    let detail = json!({ "event": event, "account": account.to_string(), "about": about });
    entry::append(tx, ctx, keys, stream, EntryKind::SignIn, detail).await
}
