//! That something was disclosed: what stands beside an item is shown to those alone who were shown
//! the item.

use ken_core::{OrganisationId, PersonId, Purpose, ResourceId};

/// What opens a person's own record to them.
const OWN_RECORD: &str = "own-record";

/// That one item was disclosed, by permits that are spent. Only this crate makes it.
///
/// It cannot be forged; the twin that differs in one thing compiles:
///
/// ```compile_fail,E0451
/// # use ken_records::Seen;
/// # fn f(seen: Seen, version: i64) -> Seen { Seen { version, ..seen } }
/// ```
/// ```
/// # use ken_records::Seen;
/// # fn f(seen: Seen, version: i64) -> Seen { let _ = version; seen }
/// ```
#[derive(Debug)]
pub struct Seen {
    person: PersonId,
    item: ResourceId,
    version: i64,
    source: OrganisationId,
    is_whole: bool,
    is_own: bool,
    epoch: i64,
}

impl Seen {
    pub(crate) fn new(
        person: PersonId,
        (item, version): (ResourceId, i64),
        source: OrganisationId,
        is_whole: bool,
    ) -> Self {
        Self { person, item, version, source, is_whole, is_own: false, epoch: 0 }
    }

    /// Notes by which permits it was disclosed, and at which moment of the person.
    pub(crate) fn under(&mut self, purposes: &[Purpose], epoch: i64) {
        self.is_own = purposes.iter().all(|purpose| purpose.as_str() == OWN_RECORD);
        self.epoch = epoch;
    }

    /// Under which id of the person it lies.
    #[must_use]
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// The item.
    #[must_use]
    pub const fn item(&self) -> ResourceId {
        self.item
    }

    /// Which version of it.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Whose record it is.
    #[must_use]
    pub const fn source(&self) -> &OrganisationId {
        &self.source
    }

    /// Whether nothing of it was kept back that anybody is shown.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The epoch of the person's guard under which it was disclosed.
    #[must_use]
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Whether the person themselves saw it, in their own record, and nobody else.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.is_own
    }
}
