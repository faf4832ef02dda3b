//! Why a human should look: a closed list, by which the queue and the ledger say it.

/// Why a candidate is one, or why it is not certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The source used this number for them before.
    SourceNumber,
    /// A national number is equal.
    Identifier,
    /// Name and date of birth are equal.
    NameAndBirth,
    /// The postcode is equal as well.
    Postcode,
    /// A number is equal, but neither name nor date of birth agrees.
    NothingElseAgrees,
    /// Each has a valid CHI number, and they differ.
    ChiDiffers,
    /// Others fit as well.
    SeveralFit,
    /// A number is equal, but name and date of birth do not both agree.
    TooLittleAgrees,
    /// Each has a valid number of the same kind, other than CHI, and they differ.
    NumberDiffers,
    /// One is recorded as female, the other as male.
    SexDiffers,
    /// The same birth date and family name, and another given name: a twin, perhaps.
    PerhapsTwin,
    /// A human linked one of them, or set the two apart, and a source says otherwise.
    ByHand,
    /// Neither number nor name and date, but all that is said taken together.
    Alike,
    /// One has no forename yet, and family name and date of birth are equal.
    NotYetNamed,
    /// A source merged others of its numbers into the one that it now merges away, and they may not
    /// go along.
    MergedBefore,
    /// Something that is stored of them cannot be read.
    Unread,
}

impl Reason {
    /// The stable code, as the queue and the ledger have it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SourceNumber => "source-number",
            Self::Identifier => "identifier",
            Self::NameAndBirth => "name-and-birth",
            Self::Postcode => "postcode",
            Self::NothingElseAgrees => "nothing-else-agrees",
            Self::ChiDiffers => "chi-differs",
            Self::SeveralFit => "several-fit",
            Self::TooLittleAgrees => "too-little-agrees",
            Self::NumberDiffers => "number-differs",
            Self::SexDiffers => "sex-differs",
            Self::PerhapsTwin => "perhaps-twin",
            Self::ByHand => "by-hand",
            Self::Alike => "alike",
            Self::NotYetNamed => "not-yet-named",
            Self::MergedBefore => "merged-before",
            Self::Unread => "unread",
        }
    }

    /// The reason of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    const ALL: [Self; 16] = [
        Self::SourceNumber,
        Self::Identifier,
        Self::NameAndBirth,
        Self::Postcode,
        Self::NothingElseAgrees,
        Self::ChiDiffers,
        Self::SeveralFit,
        Self::TooLittleAgrees,
        Self::NumberDiffers,
        Self::SexDiffers,
        Self::PerhapsTwin,
        Self::ByHand,
        Self::Alike,
        Self::NotYetNamed,
        Self::MergedBefore,
        Self::Unread,
    ];
}
