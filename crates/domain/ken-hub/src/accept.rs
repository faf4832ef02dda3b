//! Accepting: the whole way of a message from its bytes to its answer.
//!
//! # Invariants
//!
//! - What is neither applied nor kept is not answered: `AE` says that it is evidence here, and a
//!   system that gives up on `AE` would lose it. Its sender has it still, in its own queue.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use ken_core::{Clock, Ctx, IdSource, MessageId, OrganisationId, PersonId};
use ken_hl7::ack::{self, Code, Mode, Reason};
use ken_hl7::{AckWish, Header, Message, Processing};
use ken_person::Index;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Tx, values};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::answer::{Answer, answer, hex, not_kept, refusal, written};
use crate::apply::{Arrival, apply};
use crate::held::{NewHeld, hold};
use crate::patience::{Rounds, WAITING_MAX};
use crate::settle::Which;
use crate::source::{Source, sources};
use crate::told::{Told, told};
use crate::{Error, numbers, settle, sql};

/// How often a message is taken up again when another write was in the way.
const TRIES_MAX: u32 = 3;

/// The code of a message whose id came before with other content.
const OTHER_CONTENT: &str = "hub.same-id-other-content";
/// The code of a message that lost its turn too often.
const LOST_TURN: &str = "hub.lost-turn";
/// The code of a message from nobody we know.
const UNKNOWN_SOURCE: &str = "hub.unknown-source";
/// The code of a message for training: kept so marked, and filed under nobody.
pub(crate) const TRAINING: &str = "hub.training";

/// The code of a message of which nobody can say whether what it says is so (MSH-11).
pub(crate) const UNKNOWN_USE: &str = "hub.unknown-use";

/// The hub of one process: what it needs to take a message.
pub struct Hub {
    db: Db,
    keys: KeyRing,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    sources: RwLock<Arc<Vec<Source>>>,
    index: Index,
    /// Places for messages that wait for the database.
    pub(crate) places: Semaphore,
    /// How often those came that lost their turn.
    pub(crate) rounds: Rounds,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hub(..)")
    }
}

/// What became of one message within a transaction.
pub(crate) enum Outcome {
    /// Applied now, and answered with these bytes.
    Applied(Code, Vec<u8>),
    /// Answered with these bytes, before or without being applied.
    Answered(Code, Vec<u8>),
    /// Not to be applied, for this reason.
    Refused(&'static str),
}

/// A message that was read far enough to be somebody's.
pub(crate) struct Letter<'a> {
    bytes: &'a [u8],
    pub(crate) digest: [u8; 32],
    header: Header,
    pub(crate) source: Source,
    pub(crate) is_merge: bool,
    /// What the inbox knows it by: MSH-10, with MSH-3 and MSH-4 where the source is anybody.
    pub(crate) key: String,
}

impl<'a> Letter<'a> {
    /// Reads bytes as a message of one of these sources.
    pub(crate) fn read(bytes: &'a [u8], known: &[Source]) -> Result<Self, Unread> {
        let nameless = |code| Unread { code, header: None };
        let message = Message::parse(bytes).map_err(|error| nameless(error.code()))?;
        let header = Header::of(&message).map_err(|error| nameless(error.code()))?;
        let (app, facility) = (&header.sending_application, &header.sending_facility);
        let sends =
            |source: &&Source| source.sending_app == *app && source.sending_facility == *facility;
        let found = known.iter().find(sends).or_else(|| known.iter().find(|one| one.is_anybody()));
        let Some(source) = found.cloned() else {
            return Err(Unread { code: UNKNOWN_SOURCE, header: Some(Box::new(header)) });
        };
        let mut key = header.control_id.clone();
        if source.is_anybody() {
            key = format!("{app}|{facility}|{key}");
        }
        let is_merge = message.first("MRG").is_some();
        Ok(Self { bytes, digest: Sha256::digest(bytes).into(), header, source, is_merge, key })
    }

    /// Whether it was sent for training or debugging (MSH-11), by a system that is not for that.
    pub(crate) fn is_training(&self) -> bool {
        let processing = self.header.processing.trim_start().chars().next();
        !self.source.is_training && matches!(processing, Some('T' | 't' | 'D' | 'd'))
    }

    /// Whether nobody can say what it was sent for, and it is of no system that is for training.
    pub(crate) fn is_unknown_use(&self) -> bool {
        let is_unknown = self.header.sent_for() == Processing::Unknown;
        !self.source.is_training && !self.is_training() && is_unknown
    }
}

/// Bytes that are nobody's message, and why.
pub(crate) struct Unread {
    pub(crate) code: &'static str,
    header: Option<Box<Header>>,
}

impl Hub {
    /// A hub that knows the sources registered now; [`Hub::reload`] learns of later ones.
    ///
    /// # Errors
    ///
    /// Whatever the store says.
    pub async fn open(
        db: Db,
        keys: KeyRing,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, Error> {
        ken_records::called::keep(&db, &keys).await?;
        let known = RwLock::new(Arc::new(sources(&db).await?));
        let places = Semaphore::new(WAITING_MAX);
        let rounds = Rounds::default();
        let index = Index::new();
        let hub = Self { db, keys, clock, ids, sources: known, index, places, rounds };
        // With a start, what stopped is tried again: what was in its way may have been mended.
        let (ctx, steps) = (Ctx::new(&*hub.clock, &*hub.ids), settle::STEPS_MAX);
        if let Err(error) = settle::advance(&hub.db, &ctx, &hub.keys, Which::All, steps).await {
            tracing::error!(error.code = error.code(), "items have not followed their number");
        }
        if let Err(error) = ken_person::tell(&hub.db).await {
            tracing::error!(error.code = error.code(), "older links are not all told to the gate");
        }
        Ok(hub)
    }

    /// Learns the sources anew.
    ///
    /// # Errors
    ///
    /// Whatever the store says.
    pub async fn reload(&self) -> Result<(), Error> {
        let known = Arc::new(sources(&self.db).await?);
        *self.sources.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// The index of people that messages are compared with; empty until somebody fills it.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The clock that messages are dated by.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Takes a message: applies it once, or keeps it as evidence, and answers. Where neither can be
    /// done nothing is answered ([`Answer::is_kept`]).
    ///
    /// A positive answer is given only when the message and every effect of it are durable.
    pub async fn accept(&self, bytes: &[u8]) -> Answer {
        let ctx = Ctx::new(&*self.clock, &*self.ids);
        let known = Arc::clone(&self.sources.read().unwrap_or_else(PoisonError::into_inner));
        let answer = match Letter::read(bytes, &known) {
            Ok(letter) => self.take(&ctx, &letter).await,
            Err(Unread { code, header }) => self.refuse(&ctx, bytes, code, header.as_deref()).await,
        };
        let silent = if answer.is_kept() { "none" } else { "not-kept" };
        let said = answer.code.map_or(silent, Code::as_str);
        metrics::counter!("ken_hub_messages", "answer" => said).increment(1);
        answer
    }

    /// Keeps a message that has lost its turn too often for a person to look at, and says so.
    pub(crate) async fn set_aside(&self, bytes: &[u8]) -> Answer {
        let ctx = Ctx::new(&*self.clock, &*self.ids);
        let known = Arc::clone(&self.sources.read().unwrap_or_else(PoisonError::into_inner));
        match Letter::read(bytes, &known) {
            Ok(letter) => {
                let kept = self.keep_as_evidence(&ctx, &letter, LOST_TURN).await;
                said(&ctx, &letter, kept)
            }
            Err(Unread { code, header }) => self.refuse(&ctx, bytes, code, header.as_deref()).await,
        }
    }

    /// Lets what an organisation's merges left to move follow them, before another message of this
    /// sender is taken. What is left or fails here is taken up by the timer.
    async fn settle(&self, ctx: &Ctx<'_>, of: &OrganisationId) {
        let (which, steps) = (Which::DueOf(of), settle::TURN_MAX);
        let settled = settle::advance(&self.db, ctx, &self.keys, which, steps).await;
        let left = match settled {
            Ok(settled) if settled.is_cut => settle::hurry(&self.db, ctx).await,
            settled => settled.map(drop),
        };
        if let Err(error) = left {
            tracing::error!(error.code = error.code(), "items have not followed their number");
        }
    }

    /// Answers a message that was too long to read whole.
    #[must_use]
    pub fn refuse_too_long(&self, head: &[u8]) -> Option<Vec<u8>> {
        let ctx = Ctx::new(&*self.clock, &*self.ids);
        let reason = Reason::of("mllp.too-long");
        Some(written(&ctx, head, Code::Reject, Some(reason)))
    }

    async fn take(&self, ctx: &Ctx<'_>, letter: &Letter<'_>) -> Answer {
        let told = told(&self.keys, &letter.source.id, letter.bytes);
        let mut outcome = self.try_to_apply(ctx, letter, &told).await;
        if letter.is_merge && matches!(outcome, Ok(Outcome::Applied(..))) {
            self.settle(ctx, &letter.source.organisation).await;
        }
        let refused = match &outcome {
            Ok(Outcome::Refused(code)) => Some(*code),
            // What cannot be applied is kept. What the database did not do says nothing of the
            // message: it claims nothing, and may be taken again.
            Err(error) if !error.is_of_store() => {
                tracing::error!(error.code = error.code(), "message not applied");
                Some(error.code())
            }
            _ => None,
        };
        if let Some(code) = refused {
            outcome = self.keep_as_evidence(ctx, letter, code).await;
        }
        said(ctx, letter, outcome)
    }

    async fn try_to_apply(
        &self,
        ctx: &Ctx<'_>,
        letter: &Letter<'_>,
        told: &Result<Vec<Told<'_>>, &'static str>,
    ) -> Result<Outcome, Error> {
        let mut tries = 1;
        loop {
            let applied = self.db.write("hub.accept", async |tx| {
                claim_and_apply(tx, ctx, (&self.keys, &self.index), letter, told).await
            });
            let error = match applied.await {
                Err(error) if error.is_transient() && tries < TRIES_MAX => error,
                outcome => return outcome,
            };
            tries += 1;
            if matches!(error, Error::Moving { .. }) {
                self.settle(ctx, &letter.source.organisation).await;
            }
        }
    }

    /// Keeps a message whose id is free, or taken by another content, without applying it. Where
    /// other content takes its id meanwhile, it is kept as that.
    async fn keep_as_evidence(
        &self,
        ctx: &Ctx<'_>,
        letter: &Letter<'_>,
        code: &'static str,
    ) -> Result<Outcome, Error> {
        let kept = async |tx: &mut Tx| match self.keep(tx, ctx, letter, code).await? {
            Outcome::Refused(code) => self.keep(tx, ctx, letter, code).await,
            kept => Ok(kept),
        };
        self.db.write("hub.hold", kept).await
    }

    /// The same in the caller's transaction; refused where its id is taken by another content, and
    /// the code does not say so.
    async fn keep(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        letter: &Letter<'_>,
        code: &'static str,
    ) -> Result<Outcome, Error> {
        let (said, bytes) = refusal(ctx, letter.bytes, letter.source.mode, code);
        let id = MessageId::draw(ctx.ids);
        let state = if code == OTHER_CONTENT { evidence_key(letter) } else { letter.key.clone() };
        if !claim(tx, ctx, letter, &state, (id, "held"), &bytes).await? {
            return answered_before(tx, letter, &state).await;
        }
        let held = NewHeld {
            id,
            source: Some(&letter.source.id),
            control_id: &letter.header.control_id,
            kind: &letter.header.kind.to_string(),
            code,
            body: letter.bytes,
            waits: true,
        };
        hold(tx, ctx, &self.keys, &held).await?;
        Ok(Outcome::Answered(said, bytes))
    }

    /// Keeps what is nobody's message; the same bytes again are kept once.
    async fn refuse(
        &self,
        ctx: &Ctx<'_>,
        bytes: &[u8],
        code: &'static str,
        header: Option<&Header>,
    ) -> Answer {
        let (said, answer_bytes) = refusal(ctx, bytes, Mode::Original, code);
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let key = hex(&digest);
        let kind = header.map(|header| header.kind.to_string()).unwrap_or_default();
        let kept = self.db.write("hub.hold", async |tx| {
            let id = MessageId::draw(ctx.ids);
            let of = values![
                "",
                key.as_str(),
                digest.as_slice(),
                id,
                ctx.now_us(),
                kind.as_str(),
                "held",
                answer_bytes.as_slice()
            ];
            if tx.execute(sql::CLAIM, of).await? > 0 {
                let control_id = header.map_or("", |header| header.control_id.as_str());
                let (source, body, waits) = (None, bytes, true);
                let held = NewHeld { id, source, control_id, kind: &kind, code, body, waits };
                hold(tx, ctx, &self.keys, &held).await?;
            }
            Ok::<_, Error>(())
        });
        match kept.await {
            Ok(()) => answer(Mode::Original, AckWish::Always, said, answer_bytes),
            Err(error) => not_kept("", &kind, &error),
        }
    }
}

/// What is answered to what became of a message.
fn said(ctx: &Ctx<'_>, letter: &Letter<'_>, outcome: Result<Outcome, Error>) -> Answer {
    let (mode, wish) = (letter.source.mode, letter.header.accept_wish);
    match outcome {
        Ok(Outcome::Applied(code, bytes) | Outcome::Answered(code, bytes)) => {
            answer(mode, wish, code, bytes)
        }
        Ok(Outcome::Refused(code)) => {
            let (code, bytes) = refusal(ctx, letter.bytes, mode, code);
            answer(mode, wish, code, bytes)
        }
        Err(error) => {
            let kind = letter.header.kind.to_string();
            not_kept(&letter.source.id, &kind, &error)
        }
    }
}

/// Claims the inbox key and applies the message, all in the caller's transaction.
async fn claim_and_apply(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (keys, index): (&KeyRing, &Index),
    letter: &Letter<'_>,
    told: &Result<Vec<Told<'_>>, &'static str>,
) -> Result<Outcome, Error> {
    let control_id = &letter.key;
    let unknown = letter.is_unknown_use().then_some(&UNKNOWN_USE);
    let told = match unknown.map_or(told.as_ref(), Err) {
        Ok(told) => told,
        Err(code) => {
            // A repeat of what was refused is answered as it was.
            return match find_answer(tx, letter, control_id).await? {
                Some(outcome) => Ok(outcome),
                None => Ok(Outcome::Refused(code)),
            };
        }
    };
    let code = Code::Accept.in_mode(letter.source.mode);
    let bytes = accepted(ctx, letter);
    let message = MessageId::draw(ctx.ids);
    let is_training = letter.is_training();
    let state = if is_training { "training" } else { "applied" };
    if !claim(tx, ctx, letter, control_id, (message, state), &bytes).await? {
        return answered_before(tx, letter, control_id).await;
    }
    if is_training {
        let held = NewHeld {
            id: message,
            source: Some(&letter.source.id),
            control_id: &letter.header.control_id,
            kind: &letter.header.kind.to_string(),
            code: TRAINING,
            body: letter.bytes,
            waits: false,
        };
        hold(tx, ctx, keys, &held).await?;
        return Ok(Outcome::Answered(code, bytes));
    }
    apply_all(tx, ctx, (keys, index), letter, told, message).await?;
    Ok(Outcome::Applied(code, bytes))
}

/// Applies what a claimed message tells: about whom, each with the id that it is kept under.
pub(crate) async fn apply_all(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (keys, index): (&KeyRing, &Index),
    letter: &Letter<'_>,
    told: &[Told<'_>],
    first: MessageId,
) -> Result<Vec<(PersonId, MessageId)>, Error> {
    let (source, kind) = (&letter.source, letter.header.kind.to_string());
    let mut arrivals = Vec::with_capacity(told.len());
    for (at, told) in told.iter().enumerate() {
        // What is told of further people is kept as messages of their own.
        let message = if at == 0 { first } else { MessageId::draw(ctx.ids) };
        let (bytes, mapped) = (&told.bytes, &told.mapped);
        arrivals.push(Arrival { message, source, index, kind: &kind, bytes, mapped });
    }
    numbers::hold(tx, keys, &arrivals).await?;
    let mut applied = Vec::with_capacity(told.len());
    for arrival in &arrivals {
        applied.push((apply(tx, ctx, keys, arrival).await?, arrival.message));
    }
    Ok(applied)
}

/// The answer to what is applied.
pub(crate) fn accepted(ctx: &Ctx<'_>, letter: &Letter<'_>) -> Vec<u8> {
    written(ctx, letter.bytes, Code::Accept.in_mode(letter.source.mode), None)
}

pub(crate) async fn claim(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    letter: &Letter<'_>,
    control_id: &str,
    (message, state): (MessageId, &str),
    answer: &[u8],
) -> Result<bool, Error> {
    let kind = letter.header.kind.to_string();
    let of = values![
        letter.source.id.as_str(),
        control_id,
        letter.digest.as_slice(),
        message,
        ctx.now_us(),
        kind.as_str(),
        state,
        answer
    ];
    Ok(tx.execute(sql::CLAIM, of).await? > 0)
}

/// The stored answer, if the same content came before; a refusal if other content did.
async fn answered_before(
    tx: &mut Tx,
    letter: &Letter<'_>,
    control_id: &str,
) -> Result<Outcome, Error> {
    find_answer(tx, letter, control_id).await?.ok_or(Error::Corrupt("inbox"))
}

pub(crate) async fn find_answer(
    tx: &mut Tx,
    letter: &Letter<'_>,
    control_id: &str,
) -> Result<Option<Outcome>, Error> {
    let of = values![letter.source.id.as_str(), control_id];
    let before = tx.find(sql::FIND_ANSWER, of, |row| Ok((row.bytes(0)?, row.bytes(1)?))).await?;
    let Some((digest, answer)) = before else { return Ok(None) };
    if digest != letter.digest {
        return Ok(Some(Outcome::Refused(OTHER_CONTENT)));
    }
    let read = Message::parse(&answer).ok().as_ref().and_then(ack::read);
    let code = read.and_then(|read| read.code).ok_or(Error::Corrupt("answer"))?;
    Ok(Some(Outcome::Answered(code, answer)))
}

/// Where other content under a used id is kept: by what it is, so that it is kept once.
fn evidence_key(letter: &Letter<'_>) -> String {
    format!("{}#{}", letter.key, hex(&letter.digest))
}
