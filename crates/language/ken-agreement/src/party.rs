//! Who signs: the parties, their roles, and the people who answer for them.

use std::collections::BTreeSet;

use ken_core::{Fact, OrganisationId, RoleId};
use serde::{Deserialize, Serialize};

use crate::sector::Sector;

/// An organisation that signs, sends and receives; always a controller, never a processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The id that clauses, bases and practitioners' organisations use.
    pub id: OrganisationId,
    /// Its name, for people.
    pub name: String,
    /// What it is before the law.
    pub kind: PartyKind,
    /// What part of public life it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector: Option<Sector>,
    /// The regime its copy lives under.
    pub regime: Regime,
    /// Its entry in the Information Commissioner's register of fee payers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ico_registration: Option<String>,
    /// The roles of its practitioners that may stand in clauses.
    pub roles: BTreeSet<RoleId>,
    /// How to reach its data protection officer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpo: Option<String>,
    /// Who signs for it: a Caldicott Guardian, a SIRO, a chief officer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub senior_owner: Option<String>,
    /// Where a person's request to it is received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rights_contact: Option<String>,
    /// Certificates it must keep in date; each is a fact `assurance:NAME`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub assurance: BTreeSet<Fact>,
    /// The party whose contract brings it here; the pair ends with the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commissioned_by: Option<OrganisationId>,
    /// Why a commercial provider decides itself here, and is no processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller_because: Option<String>,
}

impl Party {
    /// Whether the text says why this body decides itself, though its sector works for others.
    #[must_use]
    pub fn says_why_it_decides(&self) -> bool {
        self.controller_because.as_ref().is_some_and(|why| !why.trim().is_empty())
    }
}

/// What a party is before the law, which decides what it may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyKind {
    /// A council, a school, an integration authority.
    PublicAuthority,
    /// A police force or another competent authority of DPA 2018 part 3.
    CompetentAuthority,
    /// A health board, a GP practice, an out-of-hours service.
    Health,
    /// A charity.
    ThirdSector,
    /// A private provider.
    Independent,
}

/// The data protection regime of a party's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Regime {
    /// UK GDPR alone.
    #[serde(rename = "ukgdpr")]
    UkGdpr,
    /// DPA 2018 part 3 for law enforcement, UK GDPR for the rest.
    #[serde(rename = "dpa-part3+ukgdpr")]
    Part3AndUkGdpr,
}
