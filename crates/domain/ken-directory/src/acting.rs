//! Who does something, and as what.

use ken_core::{AccountId, OrganisationId, PersonId, PractitionerId, RoleId};

/// A practitioner acting in one role of one organisation, as a session says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// The account that signed in.
    pub account: AccountId,
    /// The professional.
    pub practitioner: PractitionerId,
    /// For which organisation.
    pub organisation: OrganisationId,
    /// In which role of it.
    pub role: RoleId,
}

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A professional's.
    Practitioner(PractitionerId),
    /// A person's own, for their own record.
    Person(PersonId),
}
