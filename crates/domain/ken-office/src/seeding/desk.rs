//! Where lists of people stand while they are looked up and given their numbers.
//!
//! # Invariants
//!
//! - One list is worked on at a time on this node; another is refused, not queued.
//! - What is held is for whoever brought it, acting for the same organisation; it is gone
//!   [`HELD`] after the last work on it, and when they say so.
//!
//! Source: house policy for the limits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ken_core::RequestId;
use ken_directory::Acting;
use ken_person::seeding::List;

use super::Looked;
use crate::Error;

/// How long a list is held after the last work on it: as long as it takes to read what was found,
/// and to fetch the file.
pub const HELD: SignedDuration = SignedDuration::from_mins(30);
/// Most lists that are held. House policy: as many stewards as seed at once.
const HELD_MAX: usize = 4;

/// Where lists stand on this node.
#[derive(Debug, Default)]
pub struct Desk(Mutex<Vec<Run>>);

/// A list, and where it stands.
#[derive(Debug)]
struct Run {
    id: RequestId,
    by: Acting,
    list: Arc<List>,
    since: Timestamp,
    stands: Stands,
}

/// How far the work on a list is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Far {
    /// Rows that are done.
    pub done: usize,
    /// Of how many.
    pub of: usize,
}

/// Where a list stands.
#[derive(Debug, Clone)]
pub enum Stands {
    /// It is looked up, or numbers are given.
    Runs(Far),
    /// It was looked up, or given its numbers.
    Done(Arc<Looked>),
    /// The work stopped; why, as a stable code. What was given by then stays given.
    Failed(&'static str),
}

/// Whether work may begin.
#[derive(Debug)]
pub enum Begun {
    /// It may; the place is free again when this is dropped.
    Yes(Place),
    /// Another list is worked on, or others hold all places.
    Busy,
    /// There is no such list here, or nothing to do with it.
    Gone,
}

/// The place of a list that is worked on.
#[derive(Debug)]
pub struct Place {
    desk: Arc<Desk>,
    id: RequestId,
    list: Arc<List>,
    looked: Option<Arc<Looked>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stopped without a word, with the process, is not to be taken for work.
        self.desk.lock().retain(|run| run.id != self.id || !matches!(run.stands, Stands::Runs(_)));
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Vec<Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a list to be looked up.
    pub fn bring(self: &Arc<Self>, id: RequestId, by: &Acting, list: List, at: Timestamp) -> Begun {
        self.tidy(at);
        let mut runs = self.lock();
        let is_busy = runs.iter().any(|run| matches!(run.stands, Stands::Runs(_)));
        if is_busy {
            return Begun::Busy;
        }
        // Whoever brings another list is done with the one before.
        runs.retain(|run| !is_of(run, by));
        if runs.len() >= HELD_MAX {
            return Begun::Busy;
        }
        let list = Arc::new(list);
        let stands = Stands::Runs(Far { done: 0, of: list.rows.len() });
        runs.push(Run { id, by: by.clone(), list: Arc::clone(&list), since: at, stands });
        Begun::Yes(Place { desk: Arc::clone(self), id, list, looked: None })
    }

    /// Takes a list that was looked up, so that its numbers are given. Once given, it is not again.
    pub fn give(self: &Arc<Self>, id: RequestId, by: &Acting, at: Timestamp) -> Begun {
        self.tidy(at);
        let mut runs = self.lock();
        let is_busy = runs.iter().any(|run| matches!(run.stands, Stands::Runs(_)));
        let Some(run) = runs.iter_mut().find(|run| run.id == id && is_of(run, by)) else {
            return Begun::Gone;
        };
        let looked = match &run.stands {
            Stands::Done(looked) if looked.kept.is_none() => Arc::clone(looked),
            Stands::Done(_) | Stands::Failed(_) => return Begun::Gone,
            Stands::Runs(_) => return Begun::Busy,
        };
        if is_busy {
            return Begun::Busy;
        }
        run.stands = Stands::Runs(Far { done: 0, of: run.list.rows.len() });
        let list = Arc::clone(&run.list);
        Begun::Yes(Place { desk: Arc::clone(self), id, list, looked: Some(looked) })
    }

    /// The list of somebody, and where it stands; none where it is not held here, or another's.
    #[must_use]
    pub fn find(&self, id: RequestId, by: &Acting, at: Timestamp) -> Option<(Arc<List>, Stands)> {
        self.tidy(at);
        let runs = self.lock();
        let run = runs.iter().find(|run| run.id == id && is_of(run, by))?;
        Some((Arc::clone(&run.list), run.stands.clone()))
    }

    /// Throws somebody's list away, unless it is worked on.
    pub fn forget(&self, id: RequestId, by: &Acting) {
        let is_it = |run: &Run| run.id == id && is_of(run, by);
        self.lock().retain(|run| !is_it(run) || matches!(run.stands, Stands::Runs(_)));
    }

    /// Throws away what was held long enough; says when the next is to go, and none where nothing
    /// is held that was worked on.
    pub fn tidy(&self, at: Timestamp) -> Option<Timestamp> {
        let mut runs = self.lock();
        let is_over = |run: &Run| at.duration_since(run.since) >= HELD;
        runs.retain(|run| matches!(run.stands, Stands::Runs(_)) || !is_over(run));
        let since = runs.iter().map(|run| run.since).min();
        since.map(|since| since.saturating_add(HELD).unwrap_or(Timestamp::MAX))
    }
}

/// Whether a list is of this practitioner, for this organisation.
fn is_of(run: &Run, by: &Acting) -> bool {
    run.by.practitioner == by.practitioner && run.by.organisation == by.organisation
}

impl Place {
    /// Which list it is.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.id
    }

    /// The list.
    pub(super) fn list(&self) -> &Arc<List> {
        &self.list
    }

    /// What was found of it; none where it is to be looked up.
    pub(super) fn looked(&self) -> Option<&Arc<Looked>> {
        self.looked.as_ref()
    }

    /// Says how many rows are done.
    pub(super) fn tell(&self, done: usize, at: Timestamp) {
        self.stand(Stands::Runs(Far { done, of: self.list.rows.len() }), at);
    }

    /// Holds what came of the work: what was found or kept, or that it failed. Of work that was
    /// stopped nothing is held.
    ///
    /// # Errors
    ///
    /// Whatever ended the work.
    pub(super) fn end(
        self,
        ended: Result<Option<Looked>, Error>,
        at: Timestamp,
    ) -> Result<(), Error> {
        match ended {
            Ok(Some(looked)) => {
                self.stand(Stands::Done(Arc::new(looked)), at);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => {
                self.stand(Stands::Failed(error.code()), at);
                Err(error)
            }
        }
    }

    fn stand(&self, stands: Stands, at: Timestamp) {
        if let Some(run) = self.desk.lock().iter_mut().find(|run| run.id == self.id) {
            (run.stands, run.since) = (stands, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kept;
    use super::*;

    const SAM: &str = "0190163d-8694-739b-aea5-966c26f8ad91";
    const NAN: &str = "0190163d-8694-739b-aea5-966c26f8ad92";

    fn acting(who: &str, organisation: &str) -> Acting {
        Acting {
            account: who.parse().unwrap(),
            practitioner: who.parse().unwrap(),
            organisation: organisation.parse().unwrap(),
            role: "ops.hub".parse().unwrap(),
        }
    }

    fn id(n: u8) -> RequestId {
        format!("0190163d-8694-739b-aea5-966c26f8ad{n:02}").parse().unwrap()
    }

    fn bring(desk: &Arc<Desk>, n: u8, by: &Acting, at: Timestamp) -> Begun {
        let list = List::read("id,forename,surname\n1,A,B", &by.organisation, ("urn:x", ""));
        desk.bring(id(n), by, list.unwrap(), at)
    }

    #[test]
    fn a_list_is_its_bringers_and_is_gone_in_time() {
        let (desk, at) = (Arc::new(Desk::default()), Timestamp::UNIX_EPOCH);
        let (sam, nan) = (acting(SAM, "cec"), acting(NAN, "cec"));
        let Begun::Yes(place) = bring(&desk, 1, &sam, at) else { panic!("it is free") };
        assert!(matches!(bring(&desk, 2, &nan, at), Begun::Busy), "one at a time");
        place.end(Ok(Some(Looked::default())), at).unwrap();
        assert!(matches!(desk.find(id(1), &sam, at), Some((_, Stands::Done(_)))));
        for other in [&nan, &acting(SAM, "nhsl")] {
            assert!(desk.find(id(1), other, at).is_none(), "another's");
            assert!(matches!(desk.give(id(1), other, at), Begun::Gone));
            desk.forget(id(1), other);
        }
        let soon = at + (HELD - SignedDuration::from_secs(1));
        assert_eq!(desk.tidy(soon), Some(at + HELD));
        assert!(desk.find(id(1), &sam, at + HELD).is_none(), "it is gone by itself");
        assert!(desk.lock().is_empty() && desk.tidy(at).is_none());
    }

    #[test]
    fn numbers_are_given_once_and_what_stops_is_no_work() {
        let (desk, at) = (Arc::new(Desk::default()), Timestamp::UNIX_EPOCH);
        let sam = acting(SAM, "cec");
        let Begun::Yes(place) = bring(&desk, 1, &sam, at) else { panic!("it is free") };
        assert!(matches!(desk.give(id(1), &sam, at), Begun::Busy), "it is being looked up");
        place.end(Ok(Some(Looked::default())), at).unwrap();
        let Begun::Yes(place) = desk.give(id(1), &sam, at) else { panic!("it may") };
        let kept = Looked { kept: Some(Kept::default()), ..Looked::default() };
        place.end(Ok(Some(kept)), at).unwrap();
        assert!(matches!(desk.give(id(1), &sam, at), Begun::Gone), "once");
        let Begun::Yes(place) = bring(&desk, 2, &sam, at) else { panic!("it is free") };
        assert!(desk.find(id(1), &sam, at).is_none(), "the list before is done with");
        drop(place);
        assert!(desk.find(id(2), &sam, at).is_none(), "nobody works on it any more");
        let Begun::Yes(place) = bring(&desk, 3, &sam, at) else { panic!("it is free") };
        place.end(Err(Error::Corrupt("list")), at).unwrap_err();
        let code = Error::Corrupt("list").code();
        let found = desk.find(id(3), &sam, at);
        assert!(matches!(found, Some((_, Stands::Failed(why))) if why == code));
        desk.forget(id(3), &sam);
        assert!(desk.lock().is_empty());
    }
}
