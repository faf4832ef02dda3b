//! Sessions: from sign-in to sign-out, silence or the end of the shift.
//!
//! # Invariants
//!
//! - A session ends twelve hours after sign-in and thirty minutes after its last use, whichever
//!   comes first; its token is then worth nothing, whether or not the row is still there.
//! - A session acts in a role only while the practitioner holds it: ending the role ends the
//!   acting at the next request.
//! - The database has the token's hash only.
//!
//! Source for the limits: NIST SP 800-63B, section 2.2.3 (AAL2: twelve hours, thirty minutes).

use jiff::{SignedDuration, Timestamp};
use ken_core::{AccountId, Ctx, OrganisationId, RoleId, SessionId};
use ken_ledger::{EntryKind, Stream};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Tx, values};
use serde_json::json;

use crate::account::Account;
use crate::practitioner::{HeldRole, roles};
use crate::token::Token;
use crate::{Acting, Error, Holder, account, entry, sending, sql};

/// A session's longest life.
pub const AGE_MAX: SignedDuration = SignedDuration::from_hours(12);
/// A session's longest silence.
pub const IDLE_MAX: SignedDuration = SignedDuration::from_mins(30);
/// Use is noted at most this often, so that reading pages does not write at every click.
const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Sessions of one account; a new one ends the oldest. House policy: a few desks and a telephone.
const OF_ACCOUNT_MAX: i64 = 10;
/// Ended sessions removed in one sweep, to keep the write short.
pub const SWEEP_MAX: i64 = 500;

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id, which may stand in a log.
    pub id: SessionId,
    /// The account.
    pub account: AccountId,
    /// Whose account it is.
    pub holder: Holder,
    /// What a practitioner acts as; none before a role is chosen, and for people themselves.
    pub acting: Option<Acting>,
    /// When it ends at the latest; silence may end it before.
    pub until: Timestamp,
}

/// A session that was just opened: the only moment at which its token is known to us.
#[derive(Debug)]
pub struct Opened {
    /// For the cookie.
    pub token: Token,
    /// Its id.
    pub id: SessionId,
}

/// How somebody showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Password and one-time code.
    Password,
    /// A passkey.
    Passkey,
    /// A button of the demonstration, where everyone is made up.
    Demonstration,
}

impl How {
    /// The stable code, as the ledger has it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Demonstration => "demonstration",
        }
    }
}

/// Whether a session that began and was last used then is still alive.
fn is_alive(signed_in: Timestamp, seen: Timestamp, now: Timestamp) -> bool {
    now.duration_since(signed_in) < AGE_MAX && now.duration_since(seen) < IDLE_MAX
}

/// Opens a session for somebody whose identity was shown already, and notes it in the ledger. A
/// practitioner of one role acts in it at once; others choose.
///
/// Only a sign-in, or the demonstration's own page, calls this.
///
/// # Errors
///
/// [`Error::Unknown`] for no account or a closed one, and whatever the store or the ledger says.
pub async fn open(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
    how: How,
) -> Result<Opened, Error> {
    let account = account::load(tx, account).await?;
    if account.is_closed {
        return Err(Error::Unknown("account"));
    }
    let only = only_role(tx, ctx, &account).await?;
    let token = Token::draw(ctx);
    let id = SessionId::draw(ctx.ids);
    let of = values![
        token.hash(),
        id,
        account.id,
        only.as_ref().map(|held| &held.organisation),
        only.as_ref().map(|held| &held.role),
        ctx.now_us()
    ];
    tx.execute(sql::SESSION_INSERT, of).await?;
    tx.execute(sql::SESSIONS_TRIM, values![account.id, OF_ACCOUNT_MAX]).await?;
    let detail = json!({
        "event": "signed-in",
        "account": account.id.to_string(),
        "session": id.to_string(),
        "how": how.code(),
        "role": only.as_ref().map(|held| held.role.as_str()),
    });
    entry::append(tx, ctx, keys, account.stream()?, EntryKind::SignIn, detail).await?;
    Ok(Opened { token, id })
}

async fn only_role(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    account: &Account,
) -> Result<Option<HeldRole>, Error> {
    let Holder::Practitioner(practitioner) = account.holder else { return Ok(None) };
    let mut held = roles(tx, ctx, practitioner).await?;
    Ok(if held.len() == 1 { held.pop() } else { None })
}

/// A session's row.
struct Stored {
    id: SessionId,
    account: AccountId,
    holder: Holder,
    role: Option<HeldRole>,
    signed_in: Timestamp,
    seen: Timestamp,
    is_closed: bool,
    is_role_held: bool,
}

fn read(row: &ken_store::Row<'_>) -> Result<Stored, ken_store::Error> {
    let holder = account::holder(row)?;
    let pair = row.parse_opt::<OrganisationId>(4)?.zip(row.parse_opt::<RoleId>(5)?);
    Ok(Stored {
        id: row.parse(0)?,
        account: row.parse(1)?,
        holder,
        role: pair.map(|(organisation, role)| HeldRole { organisation, role }),
        signed_in: row.time(6)?,
        seen: row.time(7)?,
        is_closed: row.flag(8)?,
        is_role_held: row.flag(9)?,
    })
}

async fn stored(s: &mut impl Reads, ctx: &Ctx<'_>, token: &Token) -> Result<Option<Stored>, Error> {
    let now = ctx.clock.now();
    let found = s.find(sql::SESSION, values![token.hash(), now], read).await?;
    Ok(found.filter(|row| !row.is_closed && is_alive(row.signed_in, row.seen, now)))
}

/// The session of a token, if it is alive, and notes its use.
///
/// # Errors
///
/// Whatever the store says.
pub async fn resume(db: &Db, ctx: &Ctx<'_>, token: &Token) -> Result<Option<Session>, Error> {
    let read = async |s: &mut ken_store::Snapshot| find(s, ctx, token).await;
    let Some((session, is_due)) = db.snapshot("directory.session", read).await? else {
        return Ok(None);
    };
    if is_due {
        note_use(db, ctx, token).await?;
    }
    Ok(Some(session))
}

/// Notes that a session was used.
///
/// # Errors
///
/// Whatever the store says.
pub async fn note_use(db: &Db, ctx: &Ctx<'_>, token: &Token) -> Result<(), Error> {
    db.write("directory.session-seen", async |tx: &mut Tx| {
        tx.execute(sql::SESSION_SEEN, values![token.hash(), ctx.clock.now()]).await?;
        Ok(())
    })
    .await
}

/// The session of a token, if it is alive, in a picture that is read for more than that; and
/// whether its use is due to be noted, by [`note_use`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn find(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    token: &Token,
) -> Result<Option<(Session, bool)>, Error> {
    let Some(row) = stored(s, ctx, token).await? else { return Ok(None) };
    let is_due = ctx.clock.now().duration_since(row.seen) >= SEEN_EVERY;
    let until = row.signed_in.checked_add(AGE_MAX).map_err(|_| Error::Corrupt("session"))?;
    let acting = match (row.holder, row.role) {
        (Holder::Practitioner(practitioner), Some(held)) if row.is_role_held => Some(Acting {
            account: row.account,
            practitioner,
            organisation: held.organisation,
            role: held.role,
        }),
        _ => None,
    };
    let (id, account, holder) = (row.id, row.account, row.holder);
    Ok(Some((Session { id, account, holder, acting, until }, is_due)))
}

/// Acts in another of the practitioner's roles from now on; `false` when it is not held.
///
/// # Errors
///
/// [`Error::Unknown`] when the session has ended, and whatever the store or the ledger says.
pub async fn act(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    token: &Token,
    role: &HeldRole,
) -> Result<bool, Error> {
    let row = stored(tx, ctx, token).await?.ok_or(Error::Unknown("session"))?;
    let Holder::Practitioner(practitioner) = row.holder else { return Ok(false) };
    if !roles(tx, ctx, practitioner).await?.contains(role) {
        return Ok(false);
    }
    let of = values![token.hash(), &role.organisation, &role.role];
    tx.execute(sql::SESSION_ACT, of).await?;
    let detail = json!({
        "event": "role-chosen",
        "account": row.account.to_string(),
        "session": row.id.to_string(),
        "role": role.role.as_str(),
    });
    let stream = Stream::Organisation(role.organisation.clone());
    entry::append(tx, ctx, keys, stream, EntryKind::SignIn, detail).await?;
    Ok(true)
}

/// Signs a session out. Signing out twice is no error.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn sign_out(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    token: &Token,
) -> Result<(), Error> {
    let Some(row) = stored(tx, ctx, token).await? else { return Ok(()) };
    tx.execute(sql::SESSION_DELETE, values![token.hash()]).await?;
    note_end(tx, ctx, keys, row.account, "signed-out").await
}

/// Signs an account out of every browser; says how many sessions that ended.
///
/// # Errors
///
/// [`Error::Unknown`] for no such account, and whatever the store or the ledger says.
pub async fn sign_out_everywhere(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
) -> Result<u64, Error> {
    let ended = end_all(tx, account).await?;
    note_end(tx, ctx, keys, account, "signed-out-everywhere").await?;
    Ok(ended)
}

async fn note_end(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
    event: &str,
) -> Result<(), Error> {
    let stream = account::load(tx, account).await?.stream()?;
    let detail = json!({ "event": event, "account": account.to_string() });
    entry::append(tx, ctx, keys, stream, EntryKind::SignIn, detail).await
}

pub(crate) async fn end_all(tx: &mut Tx, account: AccountId) -> Result<u64, Error> {
    Ok(tx.execute(sql::SESSIONS_DELETE_OF, values![account]).await?)
}

/// Ends every session of an account but that of one browser.
pub(crate) async fn end_others(
    tx: &mut Tx,
    account: AccountId,
    here: &Token,
) -> Result<u64, Error> {
    Ok(tx.execute(sql::SESSIONS_DELETE_OTHERS, values![account, here.hash()]).await?)
}

/// Removes up to [`SWEEP_MAX`] sessions that have ended, and as many sendings that need not be
/// remembered; says how many of both.
///
/// # Errors
///
/// Whatever the store says.
pub async fn sweep(tx: &mut Tx, ctx: &Ctx<'_>) -> Result<u64, Error> {
    let now = ctx.clock.now();
    let before = |age: SignedDuration| now.checked_sub(age).map_err(|_| Error::Corrupt("clock"));
    let of = values![before(AGE_MAX)?, before(IDLE_MAX)?, SWEEP_MAX];
    let sessions = tx.execute(sql::SESSIONS_SWEEP, of).await?;
    let of = values![before(sending::LAST)?, SWEEP_MAX];
    Ok(sessions + tx.execute(sql::SENDINGS_SWEEP, of).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_age_and_by_silence() {
        let at = |minute: i64| Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap();
        let check = |seen, now, want| {
            assert_eq!(is_alive(at(0), at(seen), at(now)), want, "seen {seen}, now {now}");
        };
        check(0, 0, true);
        check(0, 29, true);
        check(0, 30, false);
        check(719, 719, true);
        check(719, 720, false);
        check(100, 131, false);
    }
}
