//! Letting what was filed under numbers follow them: every move that is not at its end, each by
//! itself.
//!
//! # Invariants
//!
//! - A move that fails stops none but those that must wait for it; these cost nothing meanwhile.
//! - Whoever sends a merge waits for a few steps of what its own organisation moves, and for nobody
//!   else's; the timer goes on at once with what is left.
//! - A failure is counted and the move tried again after a pause that doubles; after
//!   [`FAILURES_MAX`](moves::FAILURES_MAX) it stops, is listed for operations, and is tried again
//!   with the next start. Its people stay "being put right" until then.
//! - What was only in the way of another write, or met a database that is gone, is no failure.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use ken_core::{BoxFuture, Ctx, OrganisationId, PersonId};
use ken_records::moves::{self, Move};
use ken_store::keys::KeyRing;
use ken_store::timer::{self, Failure, Handler, Lease};
use ken_store::{Db, outbox};

use crate::Error;
use crate::numbers::{Step, step};

/// How often one step is taken up again when another write was in the way.
const TRIES_MAX: u32 = 3;
/// Most steps of one call. House policy: a million versions; a later call goes on.
pub(crate) const STEPS_MAX: u32 = 10_000;
/// Most steps of one turn of the timer, behind which other timers wait, and of a message, whose
/// sender waits. House policy: some seconds.
pub(crate) const TURN_MAX: u32 = 20;
/// Most lists of open moves that one call reads. House policy: ten thousand moves.
const LISTS_MAX: u32 = 100;
/// The timer that goes on with moves.
const TIMER: timer::Kind = "hub.moves";
/// How often it looks. House policy: the pauses after a failure are of that order.
const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How soon again while more is left that could go on at once.
const ON: SignedDuration = SignedDuration::from_secs(1);

/// What became of the moves that were open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Came to their end.
    pub done: usize,
    /// Failed now.
    pub failed: usize,
    /// Are open still: they wait for another, for the end of a pause, or for a human.
    pub left: usize,
    /// Whether some of these could have gone on at once.
    pub is_cut: bool,
}

/// Which moves are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which<'a> {
    /// Those that are due.
    Due,
    /// Those of an organisation that are due.
    DueOf(&'a OrganisationId),
    /// Those that stopped or pause as well.
    All,
}

impl Which<'_> {
    /// Whether a move is one of them.
    fn has(self, of: &Move) -> bool {
        match self {
            Self::DueOf(organisation) => of.source() == organisation,
            Self::Due | Self::All => true,
        }
    }
}

/// Goes on with whatever moves are due and not at their end.
///
/// # Errors
///
/// Whatever keeps all of them from going on; what has moved stays moved.
pub async fn settle(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing) -> Result<Settled, Error> {
    advance(db, ctx, keys, Which::Due, STEPS_MAX).await
}

/// The same for those that `which` says, with at most `steps`.
pub(crate) async fn advance(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    which: Which<'_>,
    mut steps: u32,
) -> Result<Settled, Error> {
    let (mut settled, mut last) = (Settled::default(), None::<Move>);
    let mut waiting = BTreeSet::<(OrganisationId, PersonId)>::new();
    for _ in 0..LISTS_MAX {
        let after = last.as_ref();
        let mut open = db.snapshot("hub.moves", async |s| moves::open(s, after).await).await?;
        for of in open.iter().filter(|of| which.has(of)) {
            let people = [of.from, of.to].map(|person| (of.source().clone(), person));
            let is_asked = which == Which::All || of.is_due(ctx);
            let goes = is_asked && people.iter().all(|one| !waiting.contains(one));
            let so_far = (&mut steps, &mut settled.failed);
            if goes && went(db, ctx, keys, of, so_far).await? {
                settled.done += 1;
                continue;
            }
            // What comes after it of its people waits for it.
            waiting.extend(people);
            settled.left += 1;
        }
        last = open.pop();
        if last.is_none() {
            break;
        }
    }
    settled.left -= settled.failed;
    settled.is_cut = steps == 0 && settled.left > 0;
    Ok(settled)
}

/// Goes on with one move as far as it goes. True at its end.
async fn went(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: &Move,
    (steps, failed): (&mut u32, &mut usize),
) -> Result<bool, Error> {
    match one(db, ctx, keys, of, steps).await {
        Ok(is_done) => return Ok(is_done),
        Err(error) if is_of_all(&error) => return Err(error),
        Err(error) if error.is_transient() => {}
        Err(error) => {
            note(db, ctx, of, &error).await?;
            *failed += 1;
        }
    }
    Ok(false)
}

/// Whether an error says that no other move will fare better now.
fn is_of_all(error: &Error) -> bool {
    matches!(
        error.code(),
        "store.broken"
            | "store.overloaded"
            | "store.closed"
            | "store.disk-full"
            | "store.read-only"
    )
}

/// Takes steps of one move. True at its end.
async fn one(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: &Move,
    steps: &mut u32,
) -> Result<bool, Error> {
    let mut tries = 0;
    while *steps > 0 {
        *steps -= 1;
        match db.write("hub.move", async |tx| step(tx, ctx, keys, of).await).await {
            Ok(Step::Done) => return Ok(true),
            Ok(Step::Waits) => return Ok(false),
            Ok(Step::More) => tries = 0,
            Err(error) if error.is_transient() && tries < TRIES_MAX => tries += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Notes that a move failed.
async fn note(db: &Db, ctx: &Ctx<'_>, of: &Move, error: &Error) -> Result<(), Error> {
    let failures = of.failures() + 1;
    let (code, at) = (error.code(), ctx.clock.now() + outbox::pause(failures));
    metrics::counter!("ken_hub_move_failures_total").increment(1);
    if failures < moves::FAILURES_MAX {
        tracing::warn!(error.code = code, "items have not followed their number yet");
    } else {
        tracing::error!(error.code = code, "items will not follow their number by themselves");
    }
    Ok(db.write("hub.move-failed", async |tx| moves::failed(tx, of, code, at).await).await?)
}

/// Has the timer look now, where it looks at all: for who could not wait until all had moved.
pub(crate) async fn hurry(db: &Db, ctx: &Ctx<'_>) -> Result<(), Error> {
    let now = ctx.clock.now();
    Ok(db.write("hub.moves-hurry", async |tx| timer::set(tx, TIMER, "", now, "").await).await?)
}

/// Begins to look for open moves by a timer; harmless when it goes on already. For the start of a
/// process.
///
/// # Errors
///
/// Whatever the store says.
pub async fn start(db: &Db, ctx: &Ctx<'_>) -> Result<(), Error> {
    let now = ctx.clock.now();
    let set = db.write("hub.moves-start", async |tx| timer::set_once(tx, TIMER, "", now, "").await);
    set.await?;
    Ok(())
}

/// The handler of the hub's timer.
#[must_use]
pub fn handlers(keys: &KeyRing) -> Vec<Arc<dyn Handler>> {
    vec![Arc::new(Moves { keys: keys.clone() })]
}

struct Moves {
    keys: KeyRing,
}

impl Handler for Moves {
    fn kind(&self) -> timer::Kind {
        TIMER
    }

    fn fire<'a>(
        &'a self,
        db: &'a Db,
        ctx: Ctx<'a>,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let settled = advance(db, &ctx, &self.keys, Which::Due, TURN_MAX).await;
            if let Err(error) = &settled {
                tracing::warn!(error.code = error.code(), "open moves could not be gone on with");
            }
            let next = if settled.is_ok_and(|settled| settled.is_cut) { ON } else { EVERY };
            let again = db.write("hub.moves-again", async |tx| {
                lease.done(tx).await?;
                timer::set(tx, TIMER, "", ctx.clock.now() + next, "").await
            });
            again.await.map_err(|error: ken_store::Error| Failure::from(error))
        })
    }
}
