//! One replay at a time on this node, begun from a page: how far it is, and what came of it.
//!
//! # Invariants
//!
//! - A second replay is refused, not queued, while one runs.
//! - What came of it is kept with the hash of its draft, until the draft is tried again; who had it
//!   run stands on the ledger of their organisation.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use ken_agreement::Instrument;
use ken_core::{Ctx, InstrumentHash, PractitionerId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::json;

use super::{Report, prepare, run};
use crate::{Error, sql};

/// Where the replays of this node are begun.
#[derive(Debug, Default)]
pub struct Desk(Mutex<Option<Running>>);

/// A replay that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its draft.
    pub draft: InstrumentHash,
    /// How far it is.
    pub done: u64,
    /// Of how much; zero while the policies are made.
    pub of: u64,
}

/// Whether a replay may begin.
#[derive(Debug)]
pub enum Began {
    /// It may; the place is free again when this is dropped.
    Yes(Place),
    /// Another one runs.
    Busy(Running),
}

/// The one place of a desk.
#[derive(Debug)]
pub struct Place(Arc<Desk>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

impl Desk {
    /// The replay that runs, if one does.
    #[must_use]
    pub fn running(&self) -> Option<Running> {
        self.lock().clone()
    }

    /// Takes the place.
    #[must_use]
    pub fn begin(self: &Arc<Self>, draft: InstrumentHash) -> Began {
        let mut running = self.lock();
        if let Some(running) = &*running {
            return Began::Busy(running.clone());
        }
        *running = Some(Running { draft, done: 0, of: 0 });
        Began::Yes(Place(Arc::clone(self)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Tries a draft, and keeps what came of it. Where `stops` says so it ends, and nothing is
    /// kept.
    ///
    /// # Errors
    ///
    /// Whatever the store says where even the failure could not be kept.
    pub async fn run(
        self,
        db: &Db,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        (draft, days): (Instrument, u16),
        by: &Acting,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Error> {
        let hash = draft.hash();
        let watch = |done, of| {
            if let Some(running) = &mut *self.0.lock() {
                (running.done, running.of) = (done, of);
            }
            if stops() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let tried = async {
            let trial = prepare(db, ctx, draft).await?;
            run(db, ctx, keys, &trial, days, &watch).await
        };
        let (report, failure) = match tried.await {
            Ok(None) => return Ok(()),
            Ok(Some(report)) => (serde_json::to_string(&report).ok(), None),
            Err(error) => (None, Some(error.code())),
        };
        let entry = NewEntry {
            stream: Stream::Organisation(by.organisation.clone()),
            kind: EntryKind::Setting,
            visibility: Visibility::Never,
            detail: json!({
                "replayed": hash.as_str(),
                "days": days,
                "by": by.practitioner.to_string(),
            }),
        };
        db.write("office.replay-keep", async |tx: &mut Tx| {
            let of = values![&hash, by.practitioner, ctx.now_us(), report.as_deref(), failure];
            tx.execute(sql::UPSERT_REPLAY, of).await?;
            ken_ledger::append(tx, ctx, keys, entry).await?;
            Ok(())
        })
        .await
    }
}

/// What came of a draft's last replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Who had it run.
    pub by: PractitionerId,
    /// When it ended.
    pub at: Timestamp,
    /// What it found; otherwise the code of what stopped it.
    pub found: Result<Box<Report>, String>,
}

/// What came of a draft's last replay, if it was ever tried here.
///
/// # Errors
///
/// [`Error::Corrupt`] when it no longer reads, or whatever the store says.
pub async fn kept<R: Reads>(reads: &mut R, draft: &InstrumentHash) -> Result<Option<Kept>, Error> {
    let row = |row: &Row<'_>| Ok((row.parse(0)?, row.time(1)?, row.text_opt(2)?, row.text_opt(3)?));
    let Some((by, at, report, failure)) = reads.find(sql::FIND_REPLAY, values![draft], row).await?
    else {
        return Ok(None);
    };
    let found = match report {
        Some(text) => Ok(serde_json::from_str(&text).map_err(|_| Error::Corrupt("replay"))?),
        None => Err(failure.unwrap_or_default()),
    };
    Ok(Some(Kept { by, at, found }))
}
