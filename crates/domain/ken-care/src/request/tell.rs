//! Telling the other side of a turn: a disclosure of its own, with the words of the turn.

use std::collections::BTreeSet;

use ken_core::{Ctx, ResourceId};
use ken_directory::{Acting, HeldRole};
use ken_sharing::gate::{self, Sending, Sent};
use ken_sharing::{Action, Gate, Statement};
use ken_store::Db;
use ken_store::keys::KeyRing;

use super::act::leave;
use super::rule::Refused;
use super::send::{give, held};
use super::{Turn, Whole, fields};
use crate::Error;

/// Whether the other side was told of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It was.
    Yes,
    /// It is once these words are affirmed.
    Words(BTreeSet<Statement>),
    /// No clause in force lets it be told here.
    No,
}

/// Tells the other side of a turn of one's own; told already, it is not told again.
///
/// # Errors
///
/// Whatever the gate, the store, the key ring or the ledger says.
pub async fn tell(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    by: &Acting,
    (id, number): (ResourceId, i64),
) -> Result<Result<Told, Refused>, Error> {
    let current = gate.current(db, ctx).await?;
    let whole = db.snapshot("care.request-tell", async |s| Whole::find(s, id).await).await?;
    let Some(whole) = whole else { return Ok(Err(Refused::NotTheirs)) };
    if whole.place(by, &current.bundle)?.is_none() {
        return Ok(Err(Refused::NotTheirs));
    }
    let Some(other) = whole.other(by, number)? else { return Ok(Err(Refused::NotNow)) };
    if whole.is_told(by, number)? {
        return Ok(Ok(Told::Yes));
    }
    if is_gone(&whole, &other)? {
        return Ok(Ok(Told::No));
    }
    let asked = Sending {
        person: whole.request.person,
        to: other.clone(),
        action: Action::Push,
        purpose: whole.request.purpose.clone(),
        what: fields(&[whole.request.kind.words()])?,
        lineage: BTreeSet::new(),
    };
    let permit = match gate::send(db, ctx, keys, gate, by, asked).await? {
        Sent::Permit(permit) => permit,
        Sent::Need(need) => return Ok(Ok(Told::Words(need.statements))),
        Sent::Deny(_) => return Ok(Ok(Told::No)),
    };
    db.write("care.request-told", async |tx| {
        let guard = held(tx, ctx, &permit).await?;
        let whole = Whole::find(tx, id).await?.ok_or(Error::Corrupt("request"))?;
        if whole.other(by, number)?.as_ref() != Some(&other) || is_gone(&whole, &other)? {
            return Ok(Ok(Told::No));
        }
        if !whole.is_told(by, number)? {
            give(tx, ctx, keys, by, (id, number), &permit).await?;
            leave(tx, ctx, keys, &whole).await?;
            guard.bump(tx).await?;
        }
        Ok(Ok(Told::Yes))
    })
    .await
}

/// Whether somebody to be told has the request no more, nor sent it: it went on, and nobody said so
/// to who would tell them.
fn is_gone(whole: &Whole, other: &HeldRole) -> Result<bool, Error> {
    let standing = whole.standing()?;
    Ok(*other != standing.holder && *other != standing.sender.1)
}

impl Whole {
    /// Whom a turn of somebody's own organisation would be told to: the sender, or whoever has the
    /// request as far as the sender knows. None where the turn is not theirs.
    pub(super) fn other(&self, by: &Acting, number: i64) -> Result<Option<HeldRole>, Error> {
        let standing = self.standing()?;
        let own = self.turns.iter().find(|turn| turn.number == number);
        let is_own = own
            .and_then(|turn| turn.by.as_ref())
            .is_some_and(|of| of.held.organisation == by.organisation);
        let sender = standing.sender.1;
        let is_sender = sender.organisation == by.organisation;
        // Whom the sender knows to have it: what they write is meant for nobody else.
        let other = if is_sender { self.known(by)?.holder } else { sender };
        Ok(is_own.then_some(other))
    }

    /// Whether the other side was told of a turn of somebody's own organisation: of the sender's
    /// whoever had the request then, of anybody else's the sender.
    pub(super) fn is_told(&self, by: &Acting, number: i64) -> Result<bool, Error> {
        let sender = self.standing()?.sender.1.organisation;
        let turn = self.turns.iter().find(|turn| turn.number == number);
        let is_sender = sender == by.organisation;
        let is_told = |turn: &Turn| {
            if is_sender { !turn.told.is_empty() } else { turn.told.contains_key(&sender) }
        };
        Ok(turn.is_some_and(is_told))
    }
}
