//! Closing what is held: somebody of its organisation has it mapped again, has done by hand what it
//! asks, or has told its sender to.
//!
//! # Invariants
//!
//! - A held message is closed once, by a named practitioner of the organisation whose system sent
//!   it, and the ledger says how; one of no known source by anybody who runs messages.
//! - What mapping it again would do is found by doing it and keeping nothing of it.
//! - It is not mapped again over what came later about the same person from the same source, nor
//!   where it merges: what came since may rest on its not having happened.
//! - Nothing of what it says comes out of here.
//!
//! Source: `core.md` section 5; house policy.

use ken_core::{Ctx, MessageId, OrganisationId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_person::{Index, Why};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Tx, values};
use serde_json::json;

use crate::accept::{Letter, Outcome, TRAINING, UNKNOWN_USE};
use crate::accept::{accepted, apply_all, claim, find_answer};
use crate::apply::{DAMAGED, LEFT_OUT};
use crate::held::{Held, read};
use crate::late::LATE;
use crate::restrict::LIFT;
use crate::source::{Source, sources};
use crate::told::told;
use crate::{Error, sql};

/// How a held message was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was mapped again, and applied.
    Mapped,
    /// Somebody did what it asks by hand.
    ByHand,
    /// Its sender was told that it will not be done, and why.
    Refused,
}

impl How {
    /// The word that is stored and entered.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::ByHand => "by-hand",
            Self::Refused => "refused",
        }
    }
}

/// What mapping a held message again does, or why it may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// It is applied.
    Applied {
        /// How many things it files.
        items: usize,
    },
    /// It came again under its id since, and was applied then.
    Before,
    /// It is still refused, with this code.
    Refused(&'static str),
    /// So many messages about the same person came from the same source since, and were applied.
    Overtaken(i64),
    /// It joins or parts people: what was done since may rest on its not having happened.
    Merges,
}

/// What became of an attempt to close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It is closed now.
    Done(How),
    /// It was closed before.
    Before,
    /// It cannot be mapped again, and stays open.
    Not(Again),
}

/// A held message with who may close it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its flow.
    pub held: Held,
    /// Whose system sent it; `None` where the source is not known.
    pub organisation: Option<OrganisationId>,
}

impl Opened {
    /// Whether `by` may close it.
    #[must_use]
    pub fn is_for(&self, by: &Acting) -> bool {
        self.organisation.as_ref().is_none_or(|organisation| *organisation == by.organisation)
    }
}

/// Why a trial ends: always without keeping anything.
enum Tried {
    Would(Again),
    Failed(Error),
}

impl From<ken_store::Error> for Tried {
    fn from(error: ken_store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A held message that waits; `None` where there is none of that id, or it is closed.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find_held(db: &Db, id: MessageId) -> Result<Option<Opened>, Error> {
    let found = db
        .snapshot("hub.find-held", async |s| {
            Ok::<_, Error>(s.find(sql::FIND_HELD, values![id], read).await?)
        })
        .await?;
    let Some(found) = found else { return Ok(None) };
    let held = Held::whole(found)?;
    let known = sources(db).await?;
    let source = known.into_iter().find(|source| Some(&source.id) == held.source.as_ref());
    Ok(Some(Opened { held, organisation: source.map(|source| source.organisation) }))
}

/// Says what mapping it again would do; `None` where nothing of that id waits for `by`.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn try_again(
    db: &Db,
    ctx: &Ctx<'_>,
    (keys, index): (&KeyRing, &Index),
    id: MessageId,
    by: &Acting,
) -> Result<Option<Again>, Error> {
    let Some(opened) = find_held(db, id).await?.filter(|opened| opened.is_for(by)) else {
        return Ok(None);
    };
    let (bytes, known) = (body(db, keys, id).await?, sources(db).await?);
    let tried: Result<(), Tried> = db
        .write("hub.again-trial", async |tx| {
            match again(tx, ctx, (keys, index), &opened.held, (&bytes, &known)).await {
                Ok(would) => Err(Tried::Would(would)),
                Err(error) => Err(Tried::Failed(error)),
            }
        })
        .await;
    match tried {
        Ok(()) => Err(Error::Corrupt("trial")),
        Err(Tried::Would(again)) => Ok(Some(again)),
        Err(Tried::Failed(error)) => Err(error),
    }
}

/// Closes a held message; `None` where no message of that id was ever held for `by`.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn close_held(
    db: &Db,
    ctx: &Ctx<'_>,
    (keys, index): (&KeyRing, &Index),
    id: MessageId,
    by: &Acting,
    (how, why): (How, &Why),
) -> Result<Option<Closed>, Error> {
    let Some(opened) = find_held(db, id).await? else {
        let read = async |s: &mut ken_store::Snapshot| {
            Ok::<_, Error>(s.find(sql::IS_CLOSED, values![id], |row| row.int(0)).await?)
        };
        let was = db.snapshot("hub.was-held", read).await?;
        return Ok(was.map(|_| Closed::Before));
    };
    if !opened.is_for(by) {
        return Ok(None);
    }
    let again_with = match how {
        How::Mapped => Some((body(db, keys, id).await?, sources(db).await?)),
        How::ByHand | How::Refused => None,
    };
    let closed: Result<Closed, Kept> = db
        .write("hub.close", async |tx| {
            let of = values![id, ctx.now_us(), by.practitioner.to_string(), how.code()];
            if tx.execute(sql::CLOSE_HELD, of).await? == 0 {
                return Ok(Closed::Before);
            }
            if let Some((bytes, known)) = &again_with {
                match again(tx, ctx, (keys, index), &opened.held, (bytes, known)).await? {
                    Again::Applied { .. } | Again::Before => {}
                    // Nothing of it is kept, the closing included.
                    not => return Err(Kept::Open(not)),
                }
            }
            enter(tx, ctx, keys, &opened.held, by, (how, why)).await?;
            Ok(Closed::Done(how))
        })
        .await;
    match closed {
        Ok(closed) => Ok(Some(closed)),
        Err(Kept::Open(again)) => Ok(Some(Closed::Not(again))),
        Err(Kept::Failed(error)) => Err(error),
    }
}

/// Why a message was not closed.
enum Kept {
    Open(Again),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Kept {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Enters into the closer's own organisation's ledger how it was closed. It names nobody whom the
/// message is about; the words may, and are sealed.
async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    held: &Held,
    by: &Acting,
    (how, why): (How, &Why),
) -> Result<(), Error> {
    let detail = json!({
        "event": "held-closed",
        "message": held.id.to_string(),
        "held-for": held.code,
        "how": how.code(),
        "reason": why.reveal(),
        "practitioner": by.practitioner.to_string(),
        "role": by.role.as_str(),
    });
    let stream = Stream::Organisation(by.organisation.clone());
    let (kind, visibility) = (EntryKind::Received, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}

/// The message as it came.
async fn body(db: &Db, keys: &KeyRing, id: MessageId) -> Result<Vec<u8>, Error> {
    let read = async |s: &mut ken_store::Snapshot| {
        let of = values![id];
        let found = s.find(sql::HELD_BODY, of, |row| Ok((row.parse(0)?, row.bytes(1)?)));
        Ok::<_, Error>(found.await?)
    };
    let found = db.snapshot("hub.held-body", read).await?;
    let (key, sealed) = found.ok_or(Error::Corrupt("held message"))?;
    let opened = keys.open(&key, id.to_string().as_bytes(), &sealed).await?;
    opened.ok_or(Error::Corrupt("held message"))
}

/// Applies a held message as if it came now, all in the caller's transaction.
async fn again(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (keys, index): (&KeyRing, &Index),
    held: &Held,
    (bytes, known): (&[u8], &[Source]),
) -> Result<Again, Error> {
    // It was applied; what is left is to find out what it lifts, or what it should have said.
    let by_hand = [LIFT, DAMAGED, LATE, LEFT_OUT];
    if let Some(code) = by_hand.into_iter().find(|code| held.code == *code) {
        return Ok(Again::Refused(code));
    }
    let letter = match Letter::read(bytes, known) {
        Ok(letter) => letter,
        Err(unread) => return Ok(Again::Refused(unread.code)),
    };
    if letter.is_merge {
        return Ok(Again::Merges);
    }
    let told = match told(keys, &letter.source.id, bytes) {
        Ok(told) => told,
        Err(code) => return Ok(Again::Refused(code)),
    };
    let told = told.as_slice();
    let items = told.iter().map(|told| told.mapped.resources.len()).sum();
    if letter.is_training() {
        return Ok(Again::Refused(TRAINING));
    }
    if letter.is_unknown_use() {
        return Ok(Again::Refused(UNKNOWN_USE));
    }
    // Its place in the inbox says that it was refused; other content under its id stays there.
    let of = values![letter.source.id.as_str(), letter.key.as_str(), letter.digest.as_slice()];
    tx.execute(sql::UNCLAIM_HELD, of).await?;
    match find_answer(tx, &letter, &letter.key).await? {
        Some(Outcome::Refused(code)) => return Ok(Again::Refused(code)),
        Some(Outcome::Applied(..) | Outcome::Answered(..)) => return Ok(Again::Before),
        None => {}
    }
    let message = MessageId::draw(ctx.ids);
    let answer = accepted(ctx, &letter);
    if !claim(tx, ctx, &letter, &letter.key, (message, "applied"), &answer).await? {
        // Its sender has sent it again meanwhile, and that was applied.
        return Err(ken_store::Error::Contended.into());
    }
    let mut since = 0;
    for (person, message) in apply_all(tx, ctx, (keys, index), &letter, told, message).await? {
        let of = values![person, letter.source.id.as_str(), held.received, message];
        since += tx.find(sql::APPLIED_SINCE, of, |row| row.int(0)).await?.unwrap_or_default();
    }
    Ok(if since > 0 { Again::Overtaken(since) } else { Again::Applied { items } })
}
