//! What people call an instrument, beside what it is.
//!
//! # Sources
//!
//! - The instruments in use: the Scottish accord and its protocols, the Information Sharing Toolkit
//!   that replaced them, situation-specific agreements in England, the Welsh accord's protocols.

use crate::instrument::{Controllership, Head, Tier};

/// Names by which people know their instruments, as `known_as` writes them.
pub const KNOWN: [(&str, &str); 6] = [
    ("saspi-accord", "Accord (SASPI; now Information Sharing Toolkit)"),
    ("isp", "Information Sharing Protocol (ISP)"),
    ("sissa", "Situation-specific information sharing agreement (SISSA)"),
    ("toolkit-isa", "Information Sharing Agreement (Scottish Information Sharing Toolkit)"),
    ("waspi-isp", "Information Sharing Protocol (WASPI)"),
    ("mou", "Memorandum of Understanding"),
];

/// What an impact assessment is called, old name and new.
pub const ASSESSMENT: &str = "Privacy Impact Assessment (DPIA)";
/// What a privacy notice is called, old name and new.
pub const NOTICE: &str = "Privacy notice (fair processing notice)";

impl Head {
    /// The instrument's name for people beside its tier: `Information Sharing Protocol (ISP),
    /// information sharing agreement`.
    #[must_use]
    pub fn shown_as(&self) -> String {
        let tier = self.tier.words();
        let Some(name) = &self.known_as else { return tier.to_owned() };
        let known = KNOWN.iter().find(|(code, _)| code == name);
        format!("{}; {tier}", known.map_or(name.as_str(), |(_, words)| words))
    }
}

impl Tier {
    /// The tier in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::StatutePack => "statute pack",
            Self::Accord => "accord (tier 1)",
            Self::Mou => "memorandum of understanding",
            Self::Isa => "information sharing agreement",
            Self::WorkInstruction => "work instruction",
        }
    }
}

impl Controllership {
    /// The controllership in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Joint => "joint controllers",
            Self::Independent => "data controllers in common (each for itself)",
        }
    }
}
