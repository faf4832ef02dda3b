//! The sectors that bodies belong to, each with its usual kind, regime and roles.
//!
//! A sector is said beside the kind, which is what the law looks at. What is usual is where a draft
//! begins and what the check compares with; a solicitor may know better.
//!
//! # Sources
//!
//! - DPA 2018 s.7 (public authorities), s.30 and sch.7 (competent authorities: the chief constable
//!   is listed; others as far as a statute gives them law-enforcement functions).
//! - Scottish Government, data protection impact assessment of the Children (Care and Justice)
//!   (Scotland) Bill: the children's reporter's administration works under UK GDPR art. 6(1)(e).
//! - UK GDPR art. 28: who works on another's instructions is a processor.
//! - Roles are house policy: where a draft begins.

use std::fmt::Write;

use ken_core::OrganisationId;
use serde::{Deserialize, Serialize};

use crate::cedar::quote;
use crate::party::{PartyKind, Regime};

/// What part of public life a body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sector {
    /// A council.
    Council,
    /// A health board, a practice, an out-of-hours service.
    Health,
    /// An integration joint board.
    IntegrationAuthority,
    /// A school, a college, an education service.
    Education,
    /// A housing association or another landlord.
    Housing,
    /// A charity or a voluntary body.
    ThirdSector,
    /// A private provider of care.
    IndependentSector,
    /// A police force.
    Police,
    /// A fire and rescue service.
    FireAndRescue,
    /// An ambulance service.
    Ambulance,
    /// The administration of the children's reporter.
    ChildrensReporter,
    /// A commercial provider, of computer systems for one: it works for others under contract.
    CommercialProvider,
}

/// What is usual in a sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// Its kinds, the most usual first.
    pub kinds: &'static [PartyKind],
    /// Its regimes, the most usual first.
    pub regimes: &'static [Regime],
    /// Roles to begin with, each with what it is called.
    pub roles: &'static [(&'static str, &'static str)],
}

/// Every role that every body has: whoever answers for its information, and its hub.
const COMMON: [(&str, &str); 2] = [("ig.lead", "information governance lead"), ("ops.hub", "hub")];
const GDPR: &[Regime] = &[Regime::UkGdpr];
const EITHER: &[Regime] = &[Regime::UkGdpr, Regime::Part3AndUkGdpr];

impl Sector {
    /// Every sector.
    pub const ALL: [Self; 12] = [
        Self::Council,
        Self::Health,
        Self::IntegrationAuthority,
        Self::Education,
        Self::Housing,
        Self::ThirdSector,
        Self::IndependentSector,
        Self::Police,
        Self::FireAndRescue,
        Self::Ambulance,
        Self::ChildrensReporter,
        Self::CommercialProvider,
    ];

    /// The sector as agreements write it, and as organisations are registered.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Council => "council",
            Self::Health => "health",
            Self::IntegrationAuthority => "integration-authority",
            Self::Education => "education",
            Self::Housing => "housing",
            Self::ThirdSector => "third-sector",
            Self::IndependentSector => "independent-sector",
            Self::Police => "police",
            Self::FireAndRescue => "fire-and-rescue",
            Self::Ambulance => "ambulance",
            Self::ChildrensReporter => "childrens-reporter",
            Self::CommercialProvider => "commercial-provider",
        }
    }

    /// The sector in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Council => "council",
            Self::Health => "health",
            Self::IntegrationAuthority => "integration authority",
            Self::Education => "education",
            Self::Housing => "housing",
            Self::ThirdSector => "third sector",
            Self::IndependentSector => "independent sector",
            Self::Police => "police",
            Self::FireAndRescue => "fire and rescue",
            Self::Ambulance => "ambulance service",
            Self::ChildrensReporter => "children's reporter",
            Self::CommercialProvider => "commercial provider",
        }
    }

    /// Whether a body of this sector works for others, and decides nothing itself.
    #[must_use]
    pub fn is_processor(self) -> bool {
        self == Self::CommercialProvider
    }

    /// What is usual here.
    #[must_use]
    pub fn usual(self) -> Usual {
        use PartyKind::{CompetentAuthority, Health, Independent, PublicAuthority, ThirdSector};
        let (kinds, regimes, roles): (&[_], _, &[_]) = match self {
            Self::Council => (
                &[PublicAuthority],
                EITHER,
                &[("sw.duty", "duty social worker"), ("sw.children", "children's social worker")],
            ),
            Self::Health => (&[Health], GDPR, &[("nhs.clinician", "clinician")]),
            Self::IntegrationAuthority => {
                (&[PublicAuthority], GDPR, &[("hscp.chief-officer", "chief officer")])
            }
            Self::Education => (
                &[PublicAuthority, Independent],
                GDPR,
                &[("ed.head", "head teacher"), ("ed.teacher", "teacher")],
            ),
            Self::Housing => (
                &[PublicAuthority, ThirdSector, Independent],
                GDPR,
                &[("ho.officer", "housing officer")],
            ),
            Self::ThirdSector => (
                &[ThirdSector],
                GDPR,
                &[("ts.manager", "manager"), ("ts.support-worker", "support worker")],
            ),
            Self::IndependentSector => (&[Independent], GDPR, &[("is.manager", "manager")]),
            Self::Police => (
                &[CompetentAuthority],
                &[Regime::Part3AndUkGdpr],
                &[("pp.concern-hub", "concern hub officer"), ("pp.supervisor", "supervisor")],
            ),
            Self::FireAndRescue => (
                &[PublicAuthority, CompetentAuthority],
                EITHER,
                &[("fr.community-safety", "community safety officer")],
            ),
            Self::Ambulance => (&[Health], GDPR, &[("as.clinician", "ambulance clinician")]),
            Self::ChildrensReporter => {
                (&[PublicAuthority], GDPR, &[("cr.reporter", "children's reporter")])
            }
            Self::CommercialProvider => (&[Independent], GDPR, &[]),
        };
        Usual { kinds, regimes, roles }
    }

    /// A party of this sector to begin a draft with; a processor for who only works for others.
    #[must_use]
    pub fn draft(self, id: &OrganisationId) -> String {
        let (id, sector) = (quote(id.as_str()), self.as_str());
        if self.is_processor() {
            return format!(
                "# A {} works on a party's instructions and signs nothing (UK GDPR art. 28).\n\
                 # Where it decides itself, write a party with sector = \"{sector}\" and say in\n\
                 # controller_because why.\n\
                 [[processor]]\nid = {id}\nname = \"\"\nacts_for = \"\"\nterms = \"\"\n",
                self.words()
            );
        }
        let Usual { kinds, regimes, roles } = self.usual();
        let word = |value: serde_json::Result<String>| value.unwrap_or_default();
        let kind = word(serde_json::to_string(&kinds.first()));
        let regime = word(serde_json::to_string(&regimes.first()));
        let all = || roles.iter().chain(&COMMON);
        let names: Vec<_> = all().map(|(role, _)| quote(role)).collect();
        let mut text = format!(
            "[[party]]\nid = {id}\nname = \"\"\nkind = {kind}\nsector = \"{sector}\"\n\
             regime = {regime}\nroles = [{}]\n\
             dpo = \"\"\nsenior_owner = \"\"\nrights_contact = \"\"\n",
            names.join(", ")
        );
        for (role, called) in all() {
            let _ = write!(text, "\n[[role]]\nid = {}\ntext = {}\n", quote(role), quote(called));
        }
        text
    }
}
