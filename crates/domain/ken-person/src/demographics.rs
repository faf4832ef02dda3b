//! What a source says about who somebody is.

use ken_core::identifier::{Chi, Identifier, LocalIdentifier};
use ken_core::{OrganisationId, PartialDate, Sensitive, normalise};

/// A source's own number for somebody: the organisation, and what its system calls them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceRecord {
    /// The organisation that sends.
    pub organisation: OrganisationId,
    /// The number within the organisation's system.
    pub local: LocalIdentifier,
}

/// Sex as recorded by a source; what a form's closed list offers, not who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Another, or not to be said.
    Other,
}

impl Sex {
    /// The stable code: FHIR's `administrative-gender`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Other => "other",
        }
    }
}

/// Why a text is no sex of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not female, male or other")]
pub struct SexError;

impl std::str::FromStr for Sex {
    type Err = SexError;

    fn from_str(text: &str) -> Result<Self, SexError> {
        match text {
            "female" => Ok(Self::Female),
            "male" => Ok(Self::Male),
            "other" => Ok(Self::Other),
            _ => Err(SexError),
        }
    }
}

/// Who a source says somebody is. Empty texts mean that the source does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demographics {
    /// Who says so, and under which number.
    pub source: SourceRecord,
    /// Numbers of the person: valid national ones, and other local ones.
    pub identifiers: Vec<Identifier>,
    /// Family name.
    pub family: Sensitive<String>,
    /// Given names.
    pub given: Sensitive<String>,
    /// Date of birth, as far as it is known.
    pub born: Option<PartialDate>,
    /// Sex as recorded.
    pub sex: Option<Sex>,
    /// Address without the postcode, on lines.
    pub address: Sensitive<String>,
    /// Postcode.
    pub postcode: Sensitive<String>,
    /// Telephone number.
    pub phone: Sensitive<String>,
    /// Date of death, where the source says that they have died.
    pub died: Option<PartialDate>,
    /// Whether the source says that they have not died, whatever it said before.
    pub lives: bool,
}

/// Longest name, address, postcode or telephone number that is kept, in characters. House policy:
/// HL7 v2 fields are shorter; the rest is cut, since a registration must not be lost for it.
pub(crate) const TEXT_MAX: usize = 500;
/// Most numbers of one registration that are looked at; further ones are kept by the record.
pub(crate) const IDENTIFIERS_MAX: usize = 16;

impl Demographics {
    /// A registration that says nothing yet but where it comes from.
    #[must_use]
    pub fn from_source(source: SourceRecord) -> Self {
        Self {
            source,
            identifiers: Vec::new(),
            family: Sensitive::default(),
            given: Sensitive::default(),
            born: None,
            sex: None,
            address: Sensitive::default(),
            postcode: Sensitive::default(),
            phone: Sensitive::default(),
            died: None,
            lives: false,
        }
    }

    /// What a source says now, over what it said before: what it leaves out stays.
    #[must_use]
    pub fn over(&self, before: &Self) -> Self {
        let text = |now: &Sensitive<String>, before: &Sensitive<String>| {
            if now.reveal().trim().is_empty() { before.clone() } else { now.clone() }
        };
        Self {
            source: self.source.clone(),
            identifiers: self.identifiers.clone(),
            family: text(&self.family, &before.family),
            given: text(&self.given, &before.given),
            born: self.born.or(before.born),
            sex: self.sex.or(before.sex),
            address: text(&self.address, &before.address),
            postcode: text(&self.postcode, &before.postcode),
            phone: text(&self.phone, &before.phone),
            died: if self.lives { None } else { self.died.or(before.died) },
            lives: false,
        }
    }

    /// Whether it says anything of who they are.
    #[must_use]
    pub fn says_who(&self) -> bool {
        self.born.is_some() || self.has_name(|family, given| family || given)
    }

    /// Whether it says who they are: the whole name and the birth.
    #[must_use]
    pub fn says_all(&self) -> bool {
        self.born.is_some() && self.has_name(|family, given| family && given)
    }

    fn has_name(&self, which: impl Fn(bool, bool) -> bool) -> bool {
        let is_said = |part: &Sensitive<String>| !part.reveal().trim().is_empty();
        which(is_said(&self.family), is_said(&self.given))
    }

    /// The national numbers that mean somebody, each once, in their own order.
    #[must_use]
    pub fn national(&self) -> Vec<Identifier> {
        let national = self.identifiers.iter().filter(|one| one.is_national() && !one.is_filler());
        let mut national: Vec<_> = national.cloned().collect();
        national.sort();
        national.dedup();
        national.truncate(IDENTIFIERS_MAX);
        national
    }
}

/// A name folded for comparison.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameKey {
    /// Family name, folded.
    pub family: Sensitive<String>,
    /// Given names, folded.
    pub given: Sensitive<String>,
}

impl NameKey {
    /// Folds a name.
    #[must_use]
    pub fn new(family: &str, given: &str) -> Self {
        let fold = |name: &str| Sensitive::new(normalise(&cut(name)));
        Self { family: fold(family), given: fold(given) }
    }

    /// Whether both parts are there; a name with a part missing agrees with nothing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.family.reveal().is_empty() && !self.given.reveal().is_empty()
    }
}

/// A postcode folded for comparison: capitals and digits only.
pub(crate) fn postcode_key(postcode: &str) -> String {
    let kept = postcode.chars().filter(char::is_ascii_alphanumeric).take(TEXT_MAX);
    kept.map(|letter| letter.to_ascii_uppercase()).collect()
}

/// The text without its tail beyond [`TEXT_MAX`] characters.
pub(crate) fn cut(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(TEXT_MAX).collect()
}

/// The CHI number among some identifiers.
pub(crate) fn chi(identifiers: &[Identifier]) -> impl Iterator<Item = &Chi> {
    identifiers.iter().filter_map(|identifier| match identifier {
        Identifier::Chi(chi) => Some(chi),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postcodes_fold() {
        assert_eq!(postcode_key(" eh1 1bb"), "EH11BB");
    }
}
