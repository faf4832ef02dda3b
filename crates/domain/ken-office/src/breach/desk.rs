//! Where long readings of the ledger stand: the one that goes on, and what came of the others.
//!
//! # Invariants
//!
//! - One long reading at a time on this node; another is refused, not queued.
//! - What was read is held in memory alone, for [`HELD`]: whom a letter may harm is asked anew. It
//!   gives way to nothing that another organisation asks.
//! - A reading that failed is told as such, once, and may then be begun anew.
//!
//! Source: house policy for the limits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ken_core::{EntryId, OrganisationId};

use super::Refusal;
use super::affected::{Affecteds, Selection};

/// Most leaves of the log that are read while the officer waits. House policy: a second or two.
pub const AT_ONCE: u64 = 20_000;
/// How long what was read is held, so that the list can follow the count.
pub const HELD: SignedDuration = SignedDuration::from_mins(10);
/// Most readings that are held. House policy: as many officers as look into breaches at once.
const HELD_MAX: usize = 8;

/// Where the ledger is read for breaches on this node, and what was read of late.
#[derive(Debug)]
pub struct Desk {
    at_once: u64,
    held: Mutex<Vec<Reading>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self::reading_at_once(AT_ONCE)
    }
}

#[derive(Debug)]
struct Reading {
    of: Wanted,
    stands: Stands,
}

/// What is read: of whose breach, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) own: OrganisationId,
    pub(super) breach: EntryId,
    pub(super) of: Selection,
}

#[derive(Debug)]
enum Stands {
    Runs(Far),
    Whole(Timestamp, Result<Arc<Affecteds>, Refusal>),
    Failed(Timestamp, &'static str),
}

impl Reading {
    /// Since when it is held; none while it goes on.
    fn since(&self) -> Option<Timestamp> {
        match self.stands {
            Stands::Runs(_) => None,
            Stands::Whole(at, _) | Stands::Failed(at, _) => Some(at),
        }
    }
}

/// How far a reading is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Far {
    /// Entries of the log that were read.
    pub done: u64,
    /// Of how many; zero before anything was.
    pub of: u64,
}

/// What becomes of an asking.
#[derive(Debug)]
pub enum Answer {
    /// What the ledger has; that it was asked for is entered.
    Told(Arc<Affecteds>),
    /// It is being read.
    Runs(Far),
    /// Something else is being read on this node, or what others asked is held.
    Busy,
    /// It is to be read now, in the background.
    Begins(Place),
    /// It could not be read; why, as a stable code. Asked again, it begins anew.
    Failed(&'static str),
}

/// The one place of a desk where something is read; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    desk: Arc<Desk>,
    of: Wanted,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.desk.lock().retain(|held| !matches!(held.stands, Stands::Runs(_)));
    }
}

impl Desk {
    /// A desk that reads spans of so many entries while the officer waits.
    #[must_use]
    pub fn reading_at_once(at_once: u64) -> Self {
        Self { at_once, held: Mutex::new(vec![]) }
    }

    /// Most entries that are read while the officer waits.
    pub(super) fn at_once(&self) -> u64 {
        self.at_once
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Reading>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read of this, or how far it is.
    pub(super) fn held(&self, of: &Wanted, now: Timestamp) -> Option<Result<Answer, Refusal>> {
        let mut held = self.lock();
        let is_old = |at| now.duration_since(at) > HELD;
        held.retain(|held| !held.since().is_some_and(is_old));
        let at = held.iter().position(|held| held.of == *of)?;
        match &held.get(at)?.stands {
            Stands::Runs(far) => Some(Ok(Answer::Runs(*far))),
            Stands::Whole(_, Ok(found)) => Some(Ok(Answer::Told(Arc::clone(found)))),
            Stands::Whole(_, Err(refusal)) => Some(Err(*refusal)),
            Stands::Failed(_, code) => {
                let code = *code;
                held.remove(at);
                Some(Ok(Answer::Failed(code)))
            }
        }
    }

    /// Takes the place, unless something is being read. Where all is full, the oldest that the same
    /// organisation asked gives way.
    pub(super) fn begin(self: &Arc<Self>, of: Wanted) -> Answer {
        let mut held = self.lock();
        for Reading { of: other, stands } in held.iter() {
            if let Stands::Runs(far) = stands {
                return if *other == of { Answer::Runs(*far) } else { Answer::Busy };
            }
        }
        if held.len() >= HELD_MAX {
            let own = held.iter().enumerate().filter(|(_, held)| held.of.own == of.own);
            let oldest = own.min_by_key(|(_, held)| held.since()).map(|(at, _)| at);
            let Some(oldest) = oldest else { return Answer::Busy };
            held.remove(oldest);
        }
        held.push(Reading { of: of.clone(), stands: Stands::Runs(Far::default()) });
        Answer::Begins(Place { desk: Arc::clone(self), of })
    }
}

impl Place {
    /// What is read.
    pub(super) fn of(&self) -> &Wanted {
        &self.of
    }

    /// Says how far it is.
    pub(super) fn tell(&self, far: Far) {
        self.stand(Stands::Runs(far));
    }

    /// Holds what was read.
    pub(super) fn hold(&self, at: Timestamp, found: Result<Arc<Affecteds>, Refusal>) {
        self.stand(Stands::Whole(at, found));
    }

    /// Holds that it failed.
    pub(super) fn fail(&self, at: Timestamp, code: &'static str) {
        self.stand(Stands::Failed(at, code));
    }

    fn stand(&self, stands: Stands) {
        if let Some(own) = self.desk.lock().iter_mut().find(|held| held.of == self.of) {
            own.stands = stands;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(own: &str, hour: i64) -> Wanted {
        let from = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour);
        let of = Selection {
            from,
            until: from + SignedDuration::from_hours(1),
            to: None,
            by: None,
            source: None,
            under: None,
        };
        Wanted {
            own: own.parse().unwrap(),
            breach: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            of,
        }
    }

    fn place(desk: &Arc<Desk>, own: &str, hour: i64) -> Place {
        match desk.begin(wanted(own, hour)) {
            Answer::Begins(place) => place,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_read_gives_way_to_nothing_that_another_asks() {
        let (desk, now) = (Arc::new(Desk::default()), Timestamp::UNIX_EPOCH);
        let after = |minutes| now + SignedDuration::from_mins(minutes);
        let told = |own: &str, hour, at| desk.held(&wanted(own, hour), at).unwrap().unwrap();
        place(&desk, "cec", 0).hold(now, Ok(Arc::default()));
        let other = place(&desk, "nhsl", 0);
        assert!(matches!(told("cec", 0, now), Answer::Told(_)), "while another's is read");
        assert!(matches!(told("nhsl", 0, now), Answer::Runs(_)));
        assert!(matches!(desk.begin(wanted("ooh", 0)), Answer::Busy), "one at a time");
        drop(other);
        assert!(desk.held(&wanted("nhsl", 0), now).is_none(), "it was stopped");
        // One body cannot fill the desk for the others, nor push theirs out.
        for (minute, hour) in (1..).zip(0..20) {
            place(&desk, "nhsl", hour).hold(after(minute) - HELD, Ok(Arc::default()));
        }
        assert!(desk.lock().len() <= HELD_MAX);
        assert!(matches!(told("cec", 0, now), Answer::Told(_)));
        assert!(desk.held(&wanted("cec", 0), after(11)).is_none(), "for a while");
    }

    #[test]
    fn a_failure_is_told_once() {
        let (desk, now) = (Arc::new(Desk::default()), Timestamp::UNIX_EPOCH);
        place(&desk, "cec", 0).fail(now, "ledger.corrupt");
        let told = desk.held(&wanted("cec", 0), now).unwrap().unwrap();
        assert!(matches!(told, Answer::Failed("ledger.corrupt")), "{told:?}");
        assert!(desk.held(&wanted("cec", 0), now).is_none(), "and may be tried again");
        drop(place(&desk, "cec", 0));
    }
}
