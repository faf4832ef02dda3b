//! Whether a registration is of somebody known: a rule of values, and nothing else.
//!
//! Step by step: the source's own number; a national number with an agreeing date of birth or
//! name; otherwise, an equal name and date of birth is worth a human's look and no more.
//!
//! # Invariants
//!
//! - Two different valid CHI numbers are never one person here, whatever else agrees.
//! - Nobody is linked by name, date and address alone, so twins and namesakes stay apart.
//! - More than one fitting candidate, or evidence that points two ways, is [`Verdict::Uncertain`].
//!
//! Sources: house policy; `identity.md` section 5.7 (one CHI for each person; far-apart CHI
//! numbers never meet without a human).

use std::collections::BTreeSet;

use ken_core::identifier::Identifier;
use ken_core::{PartialDate, PersonId, Sensitive};

use crate::demographics::{Demographics, NameKey, chi, postcode_key};

/// What the index knows about somebody who may be meant.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who.
    pub person: PersonId,
    /// Their national numbers, from every source.
    pub identifiers: Vec<Identifier>,
    /// What each source says of their name and date of birth.
    pub accounts: Vec<Account>,
    /// Whether the source's own number means them now; at most one candidate has this.
    pub is_sources_own: bool,
    /// Whether a human said already that this registration is of somebody else.
    pub is_set_apart: bool,
}

/// One source's account of a person.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name, folded.
    pub name: NameKey,
    /// The date of birth.
    pub born: Option<PartialDate>,
    /// The postcode, folded.
    pub postcode: Sensitive<String>,
}

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
        }
    }

    /// The reason of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    const ALL: [Self; 7] = [
        Self::SourceNumber,
        Self::Identifier,
        Self::NameAndBirth,
        Self::Postcode,
        Self::NothingElseAgrees,
        Self::ChiDiffers,
        Self::SeveralFit,
    ];
}

/// A candidate that a human should look at, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// Who.
    pub person: PersonId,
    /// Why, in a fixed order.
    pub reasons: BTreeSet<Reason>,
}

/// What the rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This person.
    Known(PersonId),
    /// This person, as the source's own number says; but a national number says that others, who
    /// are never none, may be the same person too.
    Duplicate(PersonId, Vec<Doubt>),
    /// Nobody known.
    New,
    /// A human must look; never empty.
    Uncertain(Vec<Doubt>),
}

/// Says whether `incoming` is one of `candidates`.
#[must_use]
pub fn identify(incoming: &Demographics, candidates: &[Known]) -> Verdict {
    let mine = &Mine::of(incoming);
    let doubts = |people: Vec<&Known>| {
        let several = people.len() > 1;
        people.into_iter().map(|known| doubt(mine, known, several)).collect::<Vec<_>>()
    };
    let fits = |fit| candidates.iter().filter(move |known| weigh(mine, known) == fit);
    if let Some(own) = fits(Fit::Sure).find(|known| known.is_sources_own) {
        let others = candidates.iter().filter(|known| known.person != own.person);
        let others = others.filter(|known| !known.is_set_apart && mine.same_identifier(known));
        let others: Vec<_> = others.map(|known| doubt(mine, known, false)).collect();
        let one = others.is_empty();
        return if one {
            Verdict::Known(own.person)
        } else {
            Verdict::Duplicate(own.person, others)
        };
    }
    let (sure, doubtful): (Vec<_>, Vec<_>) =
        (fits(Fit::Sure).collect(), fits(Fit::Doubtful).collect());
    if let [only] = sure.as_slice() {
        let elsewhere: Vec<_> = candidates
            .iter()
            .filter(|known| known.person != only.person && points_to(mine, known, only))
            .collect();
        if elsewhere.is_empty() {
            return Verdict::Known(only.person);
        }
        return Verdict::Uncertain(doubts([vec![*only], elsewhere].concat()));
    }
    let all = [sure, doubtful].concat();
    if all.is_empty() { Verdict::New } else { Verdict::Uncertain(doubts(all)) }
}

/// The incoming registration, folded once.
struct Mine {
    national: Vec<Identifier>,
    name: NameKey,
    born: Option<PartialDate>,
    postcode: String,
}

impl Mine {
    fn of(incoming: &Demographics) -> Self {
        Self {
            national: incoming.national(),
            name: NameKey::new(incoming.family.reveal(), incoming.given.reveal()),
            born: incoming.born,
            postcode: postcode_key(incoming.postcode.reveal()),
        }
    }

    fn same_identifier(&self, known: &Known) -> bool {
        self.national.iter().any(|identifier| known.identifiers.contains(identifier))
    }

    fn chi_differs(&self, known: &Known) -> bool {
        chi(&self.national).any(|mine| chi(&known.identifiers).any(|theirs| mine != theirs))
    }

    fn name_agrees(&self, known: &Known) -> bool {
        known.accounts.iter().any(|account| account.name.agrees_with(&self.name))
    }

    fn birth_agrees(&self, known: &Known) -> bool {
        let agrees = |account: &Account| match (account.born, self.born) {
            (Some(theirs), Some(mine)) => theirs.agrees_with(mine),
            _ => false,
        };
        known.accounts.iter().any(agrees)
    }

    /// Whether one account has the very same name, both parts, and the very same whole day.
    fn name_and_birth(&self, known: &Known) -> bool {
        let equal = |account: &Account| {
            let day = account.born.and_then(PartialDate::day);
            day.is_some() && account.born == self.born && account.name == self.name
        };
        self.name.is_whole() && known.accounts.iter().any(equal)
    }

    fn same_postcode(&self, known: &Known) -> bool {
        let equal = |account: &Account| *account.postcode.reveal() == self.postcode;
        !self.postcode.is_empty() && known.accounts.iter().any(equal)
    }

    /// Whether the source says less than it takes to disagree.
    fn is_silent(&self) -> bool {
        !self.name.is_whole() && self.born.is_none()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Sure,
    Doubtful,
    No,
}

fn weigh(mine: &Mine, known: &Known) -> Fit {
    let agrees = mine.name_agrees(known) || mine.birth_agrees(known);
    if known.is_sources_own {
        // The source's own number holds, unless everything else speaks against it.
        let holds = (agrees || mine.is_silent()) && !mine.chi_differs(known);
        return if holds { Fit::Sure } else { Fit::Doubtful };
    }
    if known.is_set_apart {
        return Fit::No;
    }
    if mine.same_identifier(known) {
        let links = agrees && !mine.chi_differs(known);
        return if links { Fit::Sure } else { Fit::Doubtful };
    }
    if mine.name_and_birth(known) && !mine.chi_differs(known) { Fit::Doubtful } else { Fit::No }
}

/// Whether the registration points to `other` although `sure` fits: by one of its numbers, or by
/// the very name and day that the sure one has not. A sister's or brother's number typed by
/// mistake looks like this.
fn points_to(mine: &Mine, other: &Known, sure: &Known) -> bool {
    let named = mine.name_and_birth(other) && !mine.name_and_birth(sure);
    !other.is_set_apart && (mine.same_identifier(other) || named)
}

fn doubt(mine: &Mine, known: &Known, several: bool) -> Doubt {
    let same_number = mine.same_identifier(known) || known.is_sources_own;
    let agrees = mine.name_agrees(known) || mine.birth_agrees(known);
    let reasons = [
        (known.is_sources_own, Reason::SourceNumber),
        (mine.same_identifier(known), Reason::Identifier),
        (mine.name_and_birth(known), Reason::NameAndBirth),
        (mine.same_postcode(known), Reason::Postcode),
        (same_number && !agrees, Reason::NothingElseAgrees),
        (mine.chi_differs(known), Reason::ChiDiffers),
        (several, Reason::SeveralFit),
    ];
    let reasons = reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason);
    Doubt { person: known.person, reasons: reasons.collect() }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
