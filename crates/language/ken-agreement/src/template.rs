//! Drafts to begin with, commented for whoever fills them in.
//!
//! A template parses as it stands; what it leaves open, the lint says.

/// A kind of instrument that people start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// A Scottish accord.
    Saspi,
    /// An information sharing protocol under an accord.
    Isp,
    /// A situation-specific information sharing agreement.
    Sissa,
    /// An agreement of the Scottish Information Sharing Toolkit.
    Toolkit,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 4] = [Self::Saspi, Self::Isp, Self::Sissa, Self::Toolkit];

    /// Its text.
    #[must_use]
    pub fn text(self) -> String {
        let agreement = include_str!("../templates/agreement.toml");
        let named = |known_as: &str| agreement.replace("{{known_as}}", known_as);
        match self {
            Self::Saspi => include_str!("../templates/accord.toml").to_owned(),
            Self::Isp => named("isp"),
            Self::Sissa => named("sissa"),
            Self::Toolkit => named("toolkit-isa"),
        }
    }
}
