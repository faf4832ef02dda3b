//! Whether a registration is of somebody known: a rule of values, and nothing else.
//!
//! Step by step: the source's own number; a national number that date of birth and name both
//! support; otherwise, an equal name and date of birth is worth a human's look and no more.
//!
//! # Invariants
//!
//! - A number alone links nobody: one account must agree in date of birth *and* in family and
//!   given name. A twin's number typed by mistake has the date, a mother's has the name.
//! - What contradicts never links, whatever else agrees: another valid number of the same kind,
//!   another sex, or the same birth date and family name with another given name.
//! - Whoever has no forename yet meets those of their family and day before a human, where nobody
//!   is meant by name; twins do not meet, be they told by a number, a sex or their own hospital.
//! - Nobody is linked by name, date and address alone, so twins and namesakes stay apart; nor by
//!   likeness, which makes a human's look at the most.
//! - More than one fitting candidate, or evidence that points two ways, is [`Verdict::Uncertain`].
//!
//! Sources: house policy; `identity.md` section 5.7 (one CHI for each person; far-apart CHI
//! numbers never meet without a human).

use std::collections::BTreeSet;

use ken_core::identifier::Identifier;
use ken_core::{PartialDate, PersonId, Sensitive};

use crate::demographics::{Demographics, NameKey, Sex, chi, postcode_key};
use crate::index::Alike;
pub use crate::reason::Reason;
use crate::variation::{Birth, Family, Given, birth, family, given, is_another_baby, is_unnamed};

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
    /// Whether what is said lies between what the source said of one person before and since, so
    /// that its own number still means whom it means.
    pub is_between: bool,
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
    /// Sex as recorded.
    pub sex: Option<Sex>,
    /// Whether the source that registers now gave it, under the number that it gives now.
    pub is_same_source: bool,
    /// Whether the organisation that registers now gave it, under this or another number.
    pub is_same_organisation: bool,
}

impl Account {
    /// Whether it says anything of who they are.
    fn says_who(&self) -> bool {
        self.born.is_some() || self.name != NameKey::new("", "")
    }
}

/// A candidate that a human should look at, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// Who.
    pub person: PersonId,
    /// Why, in a fixed order.
    pub reasons: BTreeSet<Reason>,
    /// How they agree by the engine's measure, where that is a reason.
    pub alike: Option<Alike>,
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
    if sure.is_empty() && doubtful.is_empty() {
        let babies: Vec<_> = fits(Fit::Baby).collect();
        let is_new = babies.is_empty();
        return if is_new { Verdict::New } else { Verdict::Uncertain(doubts(babies)) };
    }
    // Whoever looks sees those too whom the name means, although their number says otherwise.
    let named = |known: &&Known| !known.is_set_apart && mine.name_and_birth(known);
    let named: Vec<_> = fits(Fit::No).filter(named).collect();
    Verdict::Uncertain(doubts([sure, doubtful, named].concat()))
}

/// Whether somebody who is likely may be meant: nothing that is said of them contradicts, be it
/// another CHI number or a twin's name, and no human has set them apart.
pub(crate) fn may_be(incoming: &Demographics, known: &Known) -> bool {
    let mine = &Mine::of(incoming);
    let twin = mine.any(known, Compared::is_perhaps_twin);
    !(known.is_set_apart || mine.chi_differs(known) || twin)
}

/// Whether name and date of birth support a number that means somebody, and nothing contradicts.
pub(crate) fn is_supported(incoming: &Demographics, known: &Known) -> bool {
    Mine::of(incoming).is_supported(known)
}

/// Whom a human should look at because all that is said taken together makes them likely, of those
/// who [`may_be`].
pub(crate) fn possible(
    incoming: &Demographics,
    found: &[(Known, Alike)],
    beside_others: bool,
) -> Vec<Doubt> {
    let mine = &Mine::of(incoming);
    let several = beside_others || found.len() > 1;
    let of = |(known, alike): &(Known, Alike)| {
        let mut doubt = doubt(mine, known, several);
        doubt.reasons.insert(Reason::Alike);
        doubt.alike = Some(*alike);
        doubt
    };
    found.iter().map(of).collect()
}

/// Whether a source that says one of these under a number, and then the other, may still mean one
/// person.
#[must_use]
pub fn is_still_same(one: &Demographics, other: &Demographics) -> bool {
    compared(one, other).is_still_same()
}

/// How two accounts of one source compare.
fn compared(one: &Demographics, other: &Demographics) -> Compared {
    let other = Account {
        name: NameKey::new(other.family.reveal(), other.given.reveal()),
        born: other.born,
        postcode: Sensitive::default(),
        sex: other.sex,
        is_same_source: true,
        is_same_organisation: true,
    };
    Mine::of(one).compare(&other)
}

/// What contradicts in two accounts that one source wants merged.
pub(crate) fn contradiction(one: &Demographics, other: &Demographics) -> BTreeSet<Reason> {
    let compared = compared(one, other);
    let sex = compared.sex_differs.then_some(Reason::SexDiffers);
    sex.into_iter().chain(compared.is_perhaps_twin().then_some(Reason::PerhapsTwin)).collect()
}

/// The incoming registration, folded once.
struct Mine {
    national: Vec<Identifier>,
    name: NameKey,
    born: Option<PartialDate>,
    sex: Option<Sex>,
    postcode: String,
}

/// How one account compares with the incoming registration.
#[derive(Debug, Clone, Copy)]
struct Compared {
    family: Family,
    given: Given,
    birth: Birth,
    sex_differs: bool,
    /// Neither has a name, and what stands for it, or who numbers them, tells two babies.
    is_another_baby: bool,
}

impl Compared {
    /// The same name, known variation allowed.
    fn name_agrees(self) -> bool {
        self.family == Family::Agrees && matches!(self.given, Given::Equal | Given::Agrees)
    }

    /// The same date of birth, to the month at least.
    fn birth_agrees(self) -> bool {
        matches!(self.birth, Birth::Equal | Birth::Agrees)
    }

    /// Enough beside an equal number: both, date of birth and name.
    fn supports(self) -> bool {
        self.name_agrees() && self.birth_agrees()
    }

    /// As a twin's or a triplet's account would compare.
    fn is_perhaps_twin(self) -> bool {
        let is_another = self.given == Given::Differs || self.is_another_baby;
        self.birth_agrees() && self.family == Family::Agrees && is_another
    }

    /// As the account of a baby compares that is named later, or has been meanwhile.
    fn is_perhaps_baby(self) -> bool {
        let family = self.family == Family::Agrees && self.birth == Birth::Equal;
        family && self.given == Given::Silent && !self.is_another_baby
    }

    /// Whether a source that says this under a number it has used before still means the same
    /// person. It may correct a slip, record a marriage, name a baby; the number itself carries
    /// the rest. It may not turn one twin, or one namesake, into the other.
    fn is_still_same(self) -> bool {
        if self.sex_differs {
            return self.name_agrees() && self.birth == Birth::Equal;
        }
        match self.birth {
            Birth::Equal | Birth::Agrees | Birth::Year => match self.given {
                Given::Equal | Given::Agrees => true,
                // Two babies without a name, born on one day, are told apart by their families.
                Given::Varies | Given::Silent => {
                    self.family != Family::Differs && !self.is_another_baby
                }
                Given::Differs => false,
            },
            Birth::Near => self.name_agrees(),
            Birth::Silent => self.family != Family::Differs && self.given != Given::Differs,
            Birth::Differs => false,
        }
    }
}

impl Mine {
    fn of(incoming: &Demographics) -> Self {
        Self {
            national: incoming.national(),
            name: NameKey::new(incoming.family.reveal(), incoming.given.reveal()),
            born: incoming.born,
            sex: incoming.sex,
            postcode: postcode_key(incoming.postcode.reveal()),
        }
    }

    fn same_identifier(&self, known: &Known) -> bool {
        self.national.iter().any(|identifier| known.identifiers.contains(identifier))
    }

    fn chi_differs(&self, known: &Known) -> bool {
        chi(&self.national).any(|mine| chi(&known.identifiers).any(|theirs| mine != theirs))
    }

    fn number_differs(&self, known: &Known) -> bool {
        let differs = |mine: &Identifier, theirs: &Identifier| {
            mine.system() == theirs.system() && mine != theirs
        };
        self.national.iter().any(|mine| known.identifiers.iter().any(|one| differs(mine, one)))
    }

    fn compare(&self, account: &Account) -> Compared {
        let (mine, theirs) = (self.sex, account.sex);
        let (woman, man) = (Some(Sex::Female), Some(Sex::Male));
        Compared {
            family: family(&self.name, &account.name),
            given: given(&self.name, &account.name),
            birth: birth(self.born, account.born),
            sex_differs: (mine, theirs) == (woman, man) || (mine, theirs) == (man, woman),
            is_another_baby: self.is_another_baby(account),
        }
    }

    /// Whether two who have no name yet are two babies: a hospital gives each a number.
    fn is_another_baby(&self, account: &Account) -> bool {
        let unnamed = |name: &NameKey| is_unnamed(name.given.reveal());
        let own = account.is_same_organisation && !account.is_same_source;
        let numbered_apart = own && unnamed(&self.name) && unnamed(&account.name);
        numbered_apart || is_another_baby(&self.name, &account.name)
    }

    /// Whether one of the two may be a baby of before it had a name, and the other the same one.
    fn is_baby_of(&self, known: &Known) -> bool {
        let contradicts = |one: Compared| one.is_perhaps_twin() || one.sex_differs;
        self.any(known, Compared::is_perhaps_baby) && !self.any(known, contradicts)
    }

    fn any(&self, known: &Known, holds: impl Fn(Compared) -> bool) -> bool {
        known.accounts.iter().any(|account| holds(self.compare(account)))
    }

    /// Whether one account has the same whole day and a name that agrees.
    fn name_and_birth(&self, known: &Known) -> bool {
        self.any(known, |one| one.name_agrees() && one.birth == Birth::Equal)
    }

    /// Whether one account has the very same name and the very same whole day.
    fn very_same(&self, known: &Known) -> bool {
        let equal = |account: &Account| {
            account.name == self.name && self.compare(account).birth == Birth::Equal
        };
        self.name.is_whole() && known.accounts.iter().any(equal)
    }

    /// Whether anything that is said of them cannot be true of one person.
    fn contradicts(&self, known: &Known) -> bool {
        self.number_differs(known)
            || self.any(known, |one| one.sex_differs || one.is_perhaps_twin())
    }

    /// Whether what is said supports a number that means them.
    fn is_supported(&self, known: &Known) -> bool {
        self.any(known, Compared::supports) && !self.contradicts(known)
    }

    /// Whether the source's own number still means them. An account that says nothing, as a merge
    /// leaves it for a number that was never registered, speaks for nobody.
    fn still_means(&self, known: &Known) -> bool {
        let said: Vec<_> = known.accounts.iter().filter(|account| account.says_who()).collect();
        let own = said.iter().any(|account| account.is_same_source);
        let mut asked = said.iter().filter(|account| account.is_same_source || !own);
        let same = said.is_empty() || asked.any(|account| self.compare(account).is_still_same());
        (same || known.is_between) && !self.number_differs(known)
    }

    fn same_postcode(&self, known: &Known) -> bool {
        let equal = |account: &Account| *account.postcode.reveal() == self.postcode;
        !self.postcode.is_empty() && known.accounts.iter().any(equal)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Sure,
    Doubtful,
    /// Somebody who has no name yet, or who had none, and may be meant where nobody else is.
    Baby,
    No,
}

fn weigh(mine: &Mine, known: &Known) -> Fit {
    if known.is_sources_own {
        return if mine.still_means(known) { Fit::Sure } else { Fit::Doubtful };
    }
    if known.is_set_apart {
        return Fit::No;
    }
    if mine.same_identifier(known) {
        return if mine.is_supported(known) { Fit::Sure } else { Fit::Doubtful };
    }
    if mine.chi_differs(known) {
        return Fit::No;
    }
    match (mine.name_and_birth(known), mine.is_baby_of(known)) {
        (true, _) => Fit::Doubtful,
        (false, true) => Fit::Baby,
        (false, false) => Fit::No,
    }
}

/// Whether the registration points to `other` although `sure` fits: by the number that the source
/// registers under, by a national one, or by a name and day that the sure one has not exactly. A
/// sister's or brother's number typed by mistake looks like this, and so does a number used again.
fn points_to(mine: &Mine, other: &Known, sure: &Known) -> bool {
    let named = mine.name_and_birth(other) && !mine.very_same(sure);
    let numbered = other.is_sources_own || mine.same_identifier(other);
    !other.is_set_apart && (numbered || named)
}

fn doubt(mine: &Mine, known: &Known, several: bool) -> Doubt {
    let same_number = mine.same_identifier(known) || known.is_sources_own;
    let name = mine.any(known, Compared::name_agrees);
    let birth = mine.any(known, Compared::birth_agrees);
    let enough = mine.any(known, Compared::supports);
    let reasons = [
        (known.is_sources_own, Reason::SourceNumber),
        (mine.same_identifier(known), Reason::Identifier),
        (mine.name_and_birth(known), Reason::NameAndBirth),
        (mine.is_baby_of(known), Reason::NotYetNamed),
        (mine.same_postcode(known), Reason::Postcode),
        (same_number && !name && !birth, Reason::NothingElseAgrees),
        (same_number && !enough && (name || birth), Reason::TooLittleAgrees),
        (mine.chi_differs(known), Reason::ChiDiffers),
        (mine.number_differs(known) && !mine.chi_differs(known), Reason::NumberDiffers),
        (mine.any(known, |one| one.sex_differs), Reason::SexDiffers),
        (mine.any(known, Compared::is_perhaps_twin), Reason::PerhapsTwin),
        (several, Reason::SeveralFit),
    ];
    let reasons = reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason);
    Doubt { person: known.person, reasons: reasons.collect(), alike: None }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
