//! Whose lawful basis for what: each part of the law in its own field.

use std::collections::BTreeSet;

use ken_core::{OrganisationId, Purpose};
use serde::{Deserialize, Serialize};

use crate::clause::Who;
use crate::party::{Party, PartyKind};

/// The basis of one party, or of each party of a kind, for some purposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// Its id, printed in ledger and notice.
    pub id: String,
    /// The party, or `*` for each party (of `kinds`).
    pub party: Who,
    /// With `*`: the kinds of party it holds for; empty means all.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<PartyKind>,
    /// What the processing is for.
    pub purposes: BTreeSet<Purpose>,
    /// The statutory power or contract.
    pub power: Vec<String>,
    /// UK GDPR art. 6(1) condition: `6(1)(e)`.
    pub art6: String,
    /// UK GDPR art. 9(2) condition, where a category is special.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub art9: Option<String>,
    /// Conditions of DPA 2018 schedule 1: `para 2`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub dpa_sch1: BTreeSet<String>,
    /// Whether criminal offence data may be processed (UK GDPR art. 10).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub art10: bool,
    /// The gateway from law-enforcement processing (DPA 2018 part 3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part3_gateway: Option<String>,
    /// What satisfies the duty of confidence; never the same thing as UK GDPR consent.
    pub confidentiality: Confidentiality,
    /// The appropriate policy document, which DPA 2018 sch. 1 part 4 asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appropriate_policy_document: Option<String>,
    /// The solicitor or officer who confirmed it, and when. Empty: nothing may activate.
    pub confirmed_by: String,
}

/// What satisfies the common-law duty of confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidentiality {
    /// A person in care expects their carers to tell each other.
    ImpliedDirectCare,
    /// The person agreed. Not a UK GDPR basis.
    ExplicitAgreement,
    /// A statute requires or permits it.
    StatutoryDuty,
    /// The public interest outweighs the duty.
    PublicInterest,
    /// A court ordered it.
    CourtOrder,
}

impl Basis {
    /// Whether it is this party's basis for this purpose.
    #[must_use]
    pub fn serves(&self, party: &Party, purpose: &Purpose) -> bool {
        let whose = match &self.party {
            Who::Party(id) => *id == party.id,
            Who::Any => self.kinds.is_empty() || self.kinds.contains(&party.kind),
            Who::Referrer | Who::Own | Who::Person => false,
        };
        whose && self.purposes.contains(purpose)
    }

    /// The party it names, if it names one.
    #[must_use]
    pub fn named(&self) -> Option<&OrganisationId> {
        match &self.party {
            Who::Party(id) => Some(id),
            _ => None,
        }
    }
}
