//! What has been read before anybody may see it: sealed, until the permits for it are spent.
//!
//! # Invariants
//!
//! - A [`Sealed`] has one way out, [`Sealed::open`], which consumes it and the permits and cuts
//!   the value to what they grant.
//! - It knows the person, the epoch and the policy head of the snapshot that it was read in:
//!   permits for anybody else, or from another moment, open nothing.
//!
//! Source: `core.md` section 2; ADR 27.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use ken_core::PersonId;
use ken_sharing::{Granted, Permit, RowClass};

use crate::Error;

/// What spent permits grant together: of each row class, by its id, the fields and their clauses.
#[derive(Debug, Default)]
pub struct Grants(BTreeMap<String, Granted>);

impl Grants {
    /// What is granted of a row class, if anything is.
    #[must_use]
    pub fn of(&self, class: &str) -> Option<&Granted> {
        self.0.get(class)
    }

    /// What all of these grant.
    pub(crate) fn of_all(permits: &[Permit]) -> Self {
        let mut grants = Self::default();
        for permit in permits {
            grants.add(permit);
        }
        grants
    }

    /// The row classes of which something is granted, as far as they fit.
    pub(crate) fn classes(&self, fits: impl Fn(&RowClass) -> bool) -> Vec<&str> {
        let of = self.0.iter().filter(|(_, granted)| fits(&granted.class));
        of.map(|(class, _)| class.as_str()).collect()
    }

    /// What two permits cover is granted once, with the fields of both; a field that both cover is
    /// granted under the clause of the first.
    fn add(&mut self, permit: &Permit) {
        for (class, grant) in permit.granted() {
            match self.0.entry(class.clone()) {
                Entry::Vacant(place) => drop(place.insert(grant.clone())),
                Entry::Occupied(mut held) => {
                    let held = held.get_mut();
                    held.hides_places |= grant.hides_places;
                    for (field, clause) in &grant.fields {
                        held.fields.entry(field.clone()).or_insert_with(|| clause.clone());
                    }
                }
            }
        }
    }
}

/// What can be cut to what permits grant.
pub trait Masked {
    /// What is left of it for whoever holds the permits.
    type Visible;
    /// Leaves what is granted, and nothing beside it.
    fn mask(self, grants: &Grants) -> Self::Visible;
}

/// Something about one person that was read before its decision was spent.
///
/// Each refusal of the compiler stands beside a twin that differs in one thing and compiles. It
/// cannot be looked into:
///
/// ```compile_fail,E0616
/// # use ken_records::{Masked, Sealed};
/// fn peek<T: Masked>(sealed: Sealed<T>) -> T { sealed.value }
/// ```
/// ```
/// # use ken_records::{Masked, Sealed};
/// fn peek<T: Masked>(sealed: Sealed<T>) -> Sealed<T> { sealed }
/// ```
///
/// It cannot be taken for what is in it:
///
/// ```compile_fail,E0614
/// # use ken_records::{Masked, Sealed};
/// fn through<T: Masked>(sealed: &Sealed<T>) -> &T { &**sealed }
/// ```
/// ```
/// # use ken_records::{Masked, Sealed};
/// fn through<T: Masked>(sealed: &Sealed<T>) -> &Sealed<T> { &*sealed }
/// ```
///
/// It cannot be printed, copied or written out:
///
/// ```compile_fail,E0277
/// # use ken_records::{Masked, Sealed};
/// fn print<T: Masked + std::fmt::Debug>(sealed: &Sealed<T>, _: &T) {
///     let _ = format!("{sealed:?}");
/// }
/// ```
/// ```
/// # use ken_records::{Masked, Sealed};
/// fn print<T: Masked + std::fmt::Debug>(_: &Sealed<T>, value: &T) {
///     let _ = format!("{value:?}");
/// }
/// ```
/// ```compile_fail,E0599
/// # use ken_records::{Masked, Sealed};
/// fn copy<T: Masked + Clone>(sealed: Sealed<T>) -> (Sealed<T>, ()) { (sealed.clone(), ()) }
/// ```
/// ```
/// # use ken_records::{Masked, Sealed};
/// fn copy<T: Masked + Clone>(sealed: Sealed<T>) -> (Sealed<T>, ()) { (sealed, ()) }
/// ```
///
/// Opening takes permits, and they are gone with it, as the seal is:
///
/// ```compile_fail,E0061
/// # use {ken_records::{Error, Masked, Sealed}, ken_sharing::Permit, jiff::Timestamp};
/// type Opened<T> = Result<<T as Masked>::Visible, Error>;
/// fn open<T: Masked>(it: Sealed<T>, now: Timestamp, with: Vec<Permit>) -> Opened<T> {
///     it.open(now)
/// }
/// ```
/// ```
/// # use {ken_records::{Error, Masked, Sealed}, ken_sharing::Permit, jiff::Timestamp};
/// type Opened<T> = Result<<T as Masked>::Visible, Error>;
/// fn open<T: Masked>(it: Sealed<T>, now: Timestamp, with: Vec<Permit>) -> Opened<T> {
///     it.open(now, with)
/// }
/// ```
/// ```compile_fail,E0382
/// # use {ken_records::{Masked, Sealed}, ken_sharing::Permit, jiff::Timestamp};
/// fn twice<T: Masked>(it: Sealed<T>, now: Timestamp, one: Vec<Permit>, two: Vec<Permit>) {
///     drop((it.open(now, one), it.open(now, two)));
/// }
/// ```
/// ```
/// # use {ken_records::{Masked, Sealed}, ken_sharing::Permit, jiff::Timestamp};
/// fn twice<T: Masked>(it: Sealed<T>, now: Timestamp, one: Vec<Permit>, two: Vec<Permit>) {
///     drop((it.open(now, one), two));
/// }
/// ```
#[expect(missing_debug_implementations, reason = "nothing of it may be printed")]
#[must_use]
pub struct Sealed<T> {
    person: PersonId,
    epoch: i64,
    policy: i64,
    value: T,
}

impl<T: Masked> Sealed<T> {
    /// Seals what a snapshot read about `person`, with the epoch of the person's guard and the
    /// policy head of that snapshot.
    pub const fn new(person: PersonId, (epoch, policy): (i64, i64), value: T) -> Self {
        Self { person, epoch, policy, value }
    }

    /// Opens it with permits, which are spent by it, and gives what they grant.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`] where there is no permit, where one is about somebody else, is for asking a
    /// source, or was given at another moment than that of the snapshot, or where the life of one
    /// is over at `now`.
    pub fn open(self, now: Timestamp, permits: Vec<Permit>) -> Result<T::Visible, Error> {
        if permits.is_empty() {
            return Err(Error::Stale);
        }
        let mut grants = Grants::default();
        for permit in permits {
            let is_of_it = permit.person() == self.person
                && !permit.asks()
                && (permit.epoch(), permit.policy()) == (self.epoch, self.policy);
            if !is_of_it || permit.until() <= now {
                return Err(Error::Stale);
            }
            grants.add(&permit);
        }
        Ok(self.value.mask(&grants))
    }
}
