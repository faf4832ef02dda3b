//! Accounts: a practitioner's, vouched for by an organisation, or a person's own.

use ken_core::{AccountId, Ctx, OrganisationId, Sensitive};
use ken_ledger::Stream;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Tx, guard, values};
use serde_json::json;

use crate::confirm::Ready;
use crate::password::PasswordHash;
use crate::{Acting, Error, Holder, OneTimeSecret, Token, entry, session, sql, text, throttle};

/// An account, as whoever runs the house sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub id: AccountId,
    /// What its holder types to sign in.
    pub sign_in_name: Sensitive<String>,
    /// Whose it is.
    pub holder: Holder,
    /// The organisation that vouches for it; none for a person's own.
    pub organisation: Option<OrganisationId>,
    /// Whether it is closed.
    pub is_closed: bool,
}

/// An account to register.
#[derive(Debug)]
pub struct NewAccount {
    /// What its holder types to sign in; compared in lower case.
    pub sign_in_name: Sensitive<String>,
    /// Whose it is.
    pub holder: Holder,
    /// The organisation that vouches for it; sign-ins stand on its stream. A practitioner's
    /// account has one, a person's own has none.
    pub organisation: Option<OrganisationId>,
    /// The password's hash, from [`crate::Hasher::hash`]; none where a passkey will be set up.
    pub password: Option<PasswordHash>,
    /// The secret of the one-time codes that go with the password.
    pub one_time: Option<OneTimeSecret>,
}

/// An account as it is stored, with what a sign-in needs.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) holder: Holder,
    pub(crate) organisation: Option<OrganisationId>,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) one_time: Option<(KeyId, Vec<u8>)>,
    pub(crate) last_step: i64,
    pub(crate) is_closed: bool,
}

impl Account {
    /// On whose stream of the ledger its sign-ins stand.
    pub(crate) fn stream(&self) -> Result<Stream, Error> {
        match (self.holder, &self.organisation) {
            (Holder::Person(person), _) => Ok(Stream::Person(person)),
            (Holder::Practitioner(_), Some(id)) => Ok(Stream::Organisation(id.clone())),
            (Holder::Practitioner(_), None) => Err(Error::Corrupt("account")),
        }
    }

    /// Whether a password and its codes let its holder in.
    pub(crate) fn has_password(&self) -> bool {
        self.password.is_some() && self.one_time.is_some()
    }
}

/// Registers an account.
///
/// # Errors
///
/// [`Error::Taken`] where the sign-in name is somebody's, [`Error::Unfit`] for a name that cannot
/// be one or an account of a practitioner that no organisation vouches for, and whatever the
/// store, the key ring or the ledger says.
pub async fn register(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: NewAccount,
    by: Option<&Acting>,
) -> Result<AccountId, Error> {
    let name = text::sign_in_name(new.sign_in_name.reveal())?;
    let (practitioner, person) = match (new.holder, &new.organisation) {
        (Holder::Practitioner(practitioner), Some(_)) => (Some(practitioner), None),
        (Holder::Person(person), None) => (None, Some(person)),
        _ => return Err(Error::Unfit("account")),
    };
    let id = AccountId::draw(ctx.ids);
    let sealed = match &new.one_time {
        Some(secret) => Some(seal(keys, id, secret).await?),
        None => None,
    };
    let (key, secret) = sealed.unzip();
    let of = values![
        id,
        &name,
        new.organisation.as_ref(),
        practitioner,
        person,
        new.password.as_ref().map(PasswordHash::as_str),
        key,
        secret,
        ctx.now_us()
    ];
    if tx.execute(sql::ACCOUNT_INSERT, of).await? == 0 {
        return Err(Error::Taken("sign-in name"));
    }
    if let Some(organisation) = &new.organisation {
        let detail = json!({ "event": "account-registered", "account": id.to_string() });
        entry::changed(tx, ctx, keys, organisation, by, detail).await?;
    }
    Ok(id)
}

/// Closes an account and ends its sessions; decisions taken for it before are stale.
///
/// # Errors
///
/// [`Error::Unknown`] where there is none, and whatever the store or the ledger says.
pub async fn close(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    id: AccountId,
    by: Option<&Acting>,
) -> Result<(), Error> {
    let account = load(tx, id).await?;
    tx.execute(sql::ACCOUNT_CLOSE, values![id]).await?;
    guard::bump_policy(tx).await?;
    session::end_all(tx, id).await?;
    throttle::forget_places(tx, id).await?;
    changed(tx, ctx, keys, (&account, "account-closed"), by).await
}

/// Gives an account a new password and one-time secret in place of every way in that it had, its
/// passkeys too, ends its sessions, forgets its places and lets its tally begin again: for whoever
/// has lost them.
///
/// # Errors
///
/// [`Error::Unknown`] where there is none that is open, and whatever the store, the key ring or the
/// ledger says.
pub async fn reset(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    id: AccountId,
    (password, one_time): (&PasswordHash, &OneTimeSecret),
    by: Option<&Acting>,
) -> Result<(), Error> {
    let account = load(tx, id).await?;
    let (key, secret) = seal(keys, id, one_time).await?;
    if tx.execute(sql::ACCOUNT_RESET, values![id, password.as_str(), key, secret]).await? == 0 {
        return Err(Error::Unknown("open account"));
    }
    tx.execute(sql::PASSKEYS_DELETE_OF, values![id]).await?;
    session::end_all(tx, id).await?;
    throttle::forget_places(tx, id).await?;
    throttle::begin_again(tx, id).await?;
    changed(tx, ctx, keys, (&account, "account-reset"), by).await
}

/// As what a new password is confirmed.
pub const NEW_PASSWORD: &str = "new-password";

/// Gives an account the password that its holder chose in the place of theirs, and ends their other
/// sessions. False where it is not confirmed; the try is on the ledger.
///
/// # Errors
///
/// [`Error::Unknown`] where the account is closed or has no password, and whatever the store, the
/// key ring or the ledger says.
pub async fn change_password(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (id, confirmed): (AccountId, Ready),
    password: &PasswordHash,
    here: &Token,
) -> Result<bool, Error> {
    if confirmed.use_up_for((id, NEW_PASSWORD), tx, ctx, keys).await?.is_none() {
        return Ok(false);
    }
    let of = values![id, password.as_str()];
    if tx.execute(sql::ACCOUNT_SET_PASSWORD, of).await? == 0 {
        return Err(Error::Unknown("password"));
    }
    session::end_others(tx, id, here).await?;
    let account = load(tx, id).await?;
    changed(tx, ctx, keys, (&account, "password-changed"), None).await?;
    Ok(true)
}

/// Whether an account has a password to sign in with.
///
/// # Errors
///
/// [`Error::Unknown`] where there is none, and whatever the store says.
pub async fn has_password(s: &mut impl Reads, id: AccountId) -> Result<bool, Error> {
    Ok(load(s, id).await?.has_password())
}

/// Notes a change where the account's sign-ins stand.
async fn changed(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (account, event): (&Account, &str),
    by: Option<&Acting>,
) -> Result<(), Error> {
    let detail = json!({ "event": event, "account": account.id.to_string() });
    entry::changed_on(tx, ctx, keys, account.stream()?, by, detail).await
}

/// The account of a sign-in name, open or closed.
///
/// # Errors
///
/// [`Error::Unfit`] for what can be nobody's name, and whatever the store says.
pub async fn find(s: &mut impl Reads, sign_in_name: &str) -> Result<Option<Listed>, Error> {
    let name = text::sign_in_name(sign_in_name)?;
    let found = find_by_name(s, &name).await?;
    Ok(found.map(|account| Listed {
        id: account.id,
        sign_in_name: Sensitive::new(name),
        holder: account.holder,
        organisation: account.organisation,
        is_closed: account.is_closed,
    }))
}

/// Accounts by sign-in name, from the one after `after`, at most so many.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list(s: &mut impl Reads, after: &str, most: i64) -> Result<Vec<Listed>, Error> {
    let row = |row: &ken_store::Row<'_>| {
        Ok(Listed {
            id: row.parse(0)?,
            organisation: row.parse_opt(1)?,
            holder: holder(row)?,
            sign_in_name: Sensitive::new(row.text(4)?),
            is_closed: row.flag(5)?,
        })
    };
    Ok(s.list(sql::ACCOUNTS, values![after, most], row).await?)
}

/// Whether an account is closed.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_closed(s: &mut impl Reads, id: AccountId) -> Result<bool, Error> {
    Ok(s.find(sql::IS_CLOSED, values![id], |row| row.text(0)).await?.is_some())
}

/// Whether who acts has left: the account is closed, or the role has ended or not begun. A session
/// asks as a request begins; the gate asks again in the snapshot that it decides by.
///
/// # Errors
///
/// Whatever the store says.
pub async fn has_left(s: &mut impl Reads, ctx: &Ctx<'_>, by: &Acting) -> Result<bool, Error> {
    let of = values![by.account, by.practitioner, &by.organisation, &by.role, ctx.now_us()];
    Ok(s.find(sql::HAS_LEFT, of, |row| row.text(0)).await?.is_some())
}

/// The account of a sign-in name.
pub(crate) async fn find_by_name(s: &mut impl Reads, name: &str) -> Result<Option<Account>, Error> {
    Ok(s.find(sql::ACCOUNT_BY_NAME, values![name], read).await?)
}

/// One account.
pub(crate) async fn load(s: &mut impl Reads, id: AccountId) -> Result<Account, Error> {
    s.find(sql::ACCOUNT, values![id], read).await?.ok_or(Error::Unknown("account"))
}

/// Whose an account is, from the third column and the fourth.
pub(crate) fn holder(row: &ken_store::Row<'_>) -> Result<Holder, ken_store::Error> {
    match (row.parse_opt(2)?, row.parse_opt(3)?) {
        (Some(practitioner), _) => Ok(Holder::Practitioner(practitioner)),
        (None, Some(person)) => Ok(Holder::Person(person)),
        (None, None) => Err(ken_store::Error::Column { index: 3 }),
    }
}

fn read(row: &ken_store::Row<'_>) -> Result<Account, ken_store::Error> {
    Ok(Account {
        id: row.parse(0)?,
        organisation: row.parse_opt(1)?,
        holder: holder(row)?,
        password: row.text_opt(4)?.map(PasswordHash::stored),
        one_time: row.parse_opt(5)?.zip(row.bytes_opt(6)?),
        last_step: row.int(7)?,
        is_closed: row.flag(8)?,
    })
}

/// What a sealed secret is bound to, so that one account's cannot be put in another's place.
fn aad(id: AccountId) -> Vec<u8> {
    format!("ken-directory/one-time/{id}").into_bytes()
}

async fn seal(
    keys: &KeyRing,
    id: AccountId,
    secret: &OneTimeSecret,
) -> Result<(KeyId, Vec<u8>), Error> {
    let key = keys.fresh().await?;
    let sealed = keys.seal(&key, &aad(id), secret.bytes()).await?;
    Ok((key, sealed))
}

/// Opens the secret of an account; none where it has none.
pub(crate) async fn open(
    keys: &KeyRing,
    account: &Account,
) -> Result<Option<OneTimeSecret>, Error> {
    let Some((key, sealed)) = &account.one_time else { return Ok(None) };
    let opened = keys.open(key, &aad(account.id), sealed).await?;
    let bytes = opened.ok_or(Error::Corrupt("one-time secret"))?;
    OneTimeSecret::from_bytes(&bytes).map(Some)
}
