//! One count at a time on this node, begun from a page: how far it is, and what came of it.
//!
//! # Invariants
//!
//! - A second count is refused, not queued, while one runs.
//! - What came of the last one shows to whoever began it, in the same role, and to nobody else; of
//!   figures nothing is held here.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ken_core::{Ctx, EntryId};
use ken_directory::Acting;
use ken_sharing::Gate;
use ken_store::Db;
use ken_store::keys::KeyRing;

use crate::Error;
use crate::extract::{self, Asked, Outcome};

/// Where the counts of this node are begun.
#[derive(Debug, Default)]
pub struct Desk(Mutex<Option<(Acting, Stands)>>);

/// Where a count stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// It runs: so many per cent are done.
    Runs(u8),
    /// It is counted and waits.
    Waits(EntryId),
    /// No clause in force gives counts to whoever asks.
    NoClause,
    /// Another table of some of these months and records was given.
    Overlaps(EntryId),
    /// It stopped; why, as a stable code.
    Failed(&'static str),
}

/// Whether a count may begin.
#[derive(Debug)]
pub enum Begun {
    /// It may.
    Yes(Place),
    /// Another one runs.
    Busy,
}

/// The one place of a desk.
#[derive(Debug)]
pub struct Place {
    desk: Arc<Desk>,
    by: Acting,
    /// What came of it is held: the place is another's already.
    is_over: bool,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Option<(Acting, Stands)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place.
    #[must_use]
    pub fn begin(self: &Arc<Self>, by: &Acting) -> Begun {
        let mut held = self.lock();
        if matches!(&*held, Some((_, Stands::Runs(_)))) {
            return Begun::Busy;
        }
        *held = Some((by.clone(), Stands::Runs(0)));
        Begun::Yes(Place { desk: Arc::clone(self), by: by.clone(), is_over: false })
    }

    /// Where somebody's own count stands; none where they began none, or another began one since.
    #[must_use]
    pub fn find(&self, by: &Acting) -> Option<Stands> {
        let held = self.lock();
        let (of, stands) = held.as_ref()?;
        let is_theirs = of.practitioner == by.practitioner
            && of.organisation == by.organisation
            && of.role == by.role;
        is_theirs.then(|| stands.clone())
    }

    /// Whether a count runs, whoever began it.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(&*self.lock(), Some((_, Stands::Runs(_))))
    }
}

impl Place {
    /// Counts what is asked for, and holds what came of it. `stops` says whether to give up.
    pub async fn run(
        mut self,
        db: &Db,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        (gate, asked): (&Gate, &Asked),
        stops: &(dyn Fn() -> bool + Sync),
    ) {
        let watch = |done: u8| {
            self.stand(Stands::Runs(done));
            if stops() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let came = extract::prepare(db, ctx, keys, (gate, &self.by), asked, &watch).await;
        self.is_over = true;
        self.stand(match came {
            Ok(Outcome::Done(extract)) => Stands::Waits(extract.id),
            Ok(Outcome::NoClause) => Stands::NoClause,
            Ok(Outcome::Overlaps(other)) => Stands::Overlaps(other),
            Ok(Outcome::Gone | Outcome::Stopped | Outcome::Unfit(_)) => {
                Stands::Failed(Error::Stopped.code())
            }
            Err(error) => Stands::Failed(error.code()),
        });
    }

    fn stand(&self, stands: Stands) {
        if let Some(held) = &mut *self.desk.lock() {
            held.1 = stands;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stopped without a word, with the process, is not to be taken for work.
        if !self.is_over {
            *self.desk.lock() = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acting(role: &str) -> Acting {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        Acting {
            account: id.parse().unwrap(),
            practitioner: id.parse().unwrap(),
            organisation: "cec".parse().unwrap(),
            role: role.parse().unwrap(),
        }
    }

    #[test]
    fn one_count_runs_and_shows_to_whoever_began_it() {
        let (desk, lead) = (Arc::new(Desk::default()), acting("ig.lead"));
        let Begun::Yes(place) = desk.begin(&lead) else { panic!("it is free") };
        assert!(matches!(desk.begin(&acting("ig.other")), Begun::Busy));
        assert_eq!(desk.find(&lead), Some(Stands::Runs(0)));
        assert_eq!(desk.find(&acting("ig.other")), None);
        let mut place = place;
        place.is_over = true;
        place.stand(Stands::NoClause);
        drop(place);
        assert_eq!(desk.find(&lead), Some(Stands::NoClause), "what came of it");
        let Begun::Yes(place) = desk.begin(&acting("ig.other")) else { panic!("it is free") };
        assert_eq!(desk.find(&lead), None);
        drop(place);
        assert!(!desk.is_busy(), "nobody works on it any more");
    }
}
