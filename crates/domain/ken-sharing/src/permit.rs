//! The evidence that something may leave: made by the gate alone, spent by the one read it is for.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use ken_core::{ClauseId, EntryId, FieldName, OrganisationId, PersonId, Purpose};

use crate::decide::{Offers, RowClass};

/// How long a permit lives. House policy: long enough for the read it was asked for.
pub const PERMIT_LAST: Duration = Duration::from_secs(30);

/// What a permit grants of one row class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The class.
    pub class: RowClass,
    /// Each granted field, and the clause that covers it.
    pub fields: BTreeMap<FieldName, ClauseId>,
    /// Whether what tells where somebody is stays away, but where a granted field is for it: the
    /// person's address is protected.
    pub hides_places: bool,
}

/// Leave to read, once, what one source holds about one person.
///
/// It exists only after its ledger entry is durable. It can be neither made, cloned, kept nor
/// written down outside the gate; whoever reads with it, spends it (`core.md` section 2). Each
/// refusal of the compiler below stands beside a twin that differs in one token and compiles.
///
/// It cannot be cloned:
///
/// ```compile_fail,E0599
/// fn twice(permit: ken_sharing::Permit) -> (ken_sharing::Permit, ()) {
///     (permit.clone(), ())
/// }
/// ```
/// ```
/// fn twice(permit: ken_sharing::Permit) -> (ken_sharing::Permit, ()) {
///     (permit, ())
/// }
/// ```
///
/// It cannot be spent twice:
///
/// ```compile_fail,E0382
/// fn spend(permit: ken_sharing::Permit) -> Vec<ken_sharing::Permit> {
///     vec![permit, permit]
/// }
/// ```
/// ```
/// fn spend(permit: ken_sharing::Permit) -> Vec<ken_sharing::Permit> {
///     vec![permit]
/// }
/// ```
///
/// It cannot be forged, not even from another:
///
/// ```compile_fail,E0616
/// fn widen(permit: &ken_sharing::Permit) -> &ken_core::Purpose {
///     &permit.purpose
/// }
/// ```
/// ```
/// fn widen(permit: &ken_sharing::Permit) -> &ken_core::Purpose {
///     &permit.purpose()
/// }
/// ```
/// ```compile_fail,E0624
/// const FORGE: fn(ken_sharing::Permit) -> ken_core::EntryId = |permit| permit.entry();
/// const MAKE: () = { let _ = ken_sharing::Permit::new; };
/// ```
/// ```
/// const FORGE: fn(ken_sharing::Permit) -> ken_core::EntryId = |permit| permit.entry();
/// const MAKE: () = { let _ = ken_sharing::Permit::entry; };
/// ```
///
/// It cannot be written out:
///
/// ```compile_fail,E0277
/// fn write<T: std::fmt::Display>(_: &T) {}
/// fn note(permit: &ken_sharing::Permit) { write(permit) }
/// ```
/// ```
/// fn write<T: std::fmt::Display>(_: &T) {}
/// fn note(permit: &ken_sharing::Permit) { write(permit.purpose()) }
/// ```
#[derive(Debug)]
#[must_use = "a permit that is not spent was asked for in vain, and stands in the ledger"]
pub struct Permit {
    person: PersonId,
    source: OrganisationId,
    purpose: Purpose,
    granted: BTreeMap<String, Granted>,
    hides_places: bool,
    asks: bool,
    categories: BTreeMap<ken_core::Category, BTreeMap<FieldName, ClauseId>>,
    offers: Offers,
    before: Option<Timestamp>,
    entry: EntryId,
    epoch: i64,
    policy: i64,
    until: Timestamp,
}

/// What a permit is made of; only the gate has it.
pub(crate) struct Parts {
    pub(crate) person: PersonId,
    pub(crate) source: OrganisationId,
    pub(crate) purpose: Purpose,
    pub(crate) granted: BTreeMap<String, Granted>,
    pub(crate) hides_places: bool,
    pub(crate) asks: bool,
    pub(crate) categories: BTreeMap<ken_core::Category, BTreeMap<FieldName, ClauseId>>,
    pub(crate) offers: Offers,
    pub(crate) before: Option<Timestamp>,
    pub(crate) entry: EntryId,
    pub(crate) epoch: i64,
    pub(crate) policy: i64,
    pub(crate) until: Timestamp,
}

impl Permit {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { person, source, purpose, granted, categories, offers, .. } = parts;
        let Parts { hides_places, asks, before, entry, epoch, policy, until, .. } = parts;
        Self {
            person,
            source,
            purpose,
            granted,
            hides_places,
            asks,
            categories,
            offers,
            before,
            entry,
            epoch,
            policy,
            until,
        }
    }

    /// Whom it is about.
    #[must_use]
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// Whose records it opens.
    #[must_use]
    pub const fn source(&self) -> &OrganisationId {
        &self.source
    }

    /// What they may be used for.
    #[must_use]
    pub const fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// What it grants of each row class that is held, by the class's id.
    #[must_use]
    pub const fn granted(&self) -> &BTreeMap<String, Granted> {
        &self.granted
    }

    /// Whether what tells where somebody is stays away, but where a granted field is for it.
    #[must_use]
    pub const fn hides_places(&self) -> bool {
        self.hides_places
    }

    /// Whether it is for what its source answers when it is asked itself, and for nothing stored.
    #[must_use]
    pub const fn asks(&self) -> bool {
        self.asks
    }

    /// Every category asked for that it covers, held or not, with the clause for each field.
    #[must_use]
    pub const fn categories(&self) -> &BTreeMap<ken_core::Category, BTreeMap<FieldName, ClauseId>> {
        &self.categories
    }

    /// What words would add to it, by the clause that asks for them, held or not.
    #[must_use]
    pub const fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Before which moment what has happened may be read by it; the newest where there is none.
    #[must_use]
    pub const fn before(&self) -> Option<Timestamp> {
        self.before
    }

    /// Its ledger entry.
    #[must_use]
    pub const fn entry(&self) -> EntryId {
        self.entry
    }

    /// The epoch of the person's guard under which it was given.
    #[must_use]
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The policy head under which it was given.
    #[must_use]
    pub const fn policy(&self) -> i64 {
        self.policy
    }

    /// When its life is over.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }
}
