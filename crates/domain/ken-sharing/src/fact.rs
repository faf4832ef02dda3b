//! Facts about a person, each with a grade, a source, a start and an end.
//!
//! The gate reads facts; no caller supplies one. A fact's grade is part of its name: `age>=16` is
//! said by a register or confirmed by a second person, `age>=16@claimed` is only claimed. A higher
//! grade also yields the lower names (`core.md` 2.6).

use std::collections::BTreeSet;

use jiff::civil::Date;
pub use ken_agreement::Grade;
use ken_agreement::graded;
use ken_core::{Ctx, Fact, OrganisationId, PartialDate, PersonId, PractitionerId};
use ken_directory::practitioner;
use ken_ledger::Visibility;
use ken_store::{Reads, Row, Tx, values};

use crate::{Error, sql, together};

/// Ages that clauses may ask about, in years. Sources: Age of Legal Capacity (Scotland) Act 1991
/// (16), Data Protection Act 2018 s.208 (12), United Nations Convention on the Rights of the Child
/// art. 1 (18).
const AGES: [i16; 3] = [12, 16, 18];

/// Whoever asks is the person, or is known to be near them.
const SELF_OR_FAMILY: &str = "self-or-family";
/// Somebody may be harmed by what the person's pages show.
const AT_RISK: &str = "at-risk";
/// The fact under which a date of birth is kept.
const BORN: &str = "born";
/// Start of the facts that name a family member who is also known to the index.
const FAMILY: &str = "family/";
/// Start of the facts that name a former partner who is also known to the index.
const EX_PARTNER: &str = "ex-partner/";

/// What restricts, under its own name or continued after `:`, `/` or `>`: it counts under every id
/// that stands together with the one it was said of. What widens is never listed here.
///
/// Sources: UK GDPR arts. 18 and 21 (restriction, objection); `core.md` 2.6 and 2.8.
pub const RESTRICTING: [&str; 10] = [
    "objection",
    "opt-out",
    "restriction",
    "agreement-withdrawn",
    "protected-address",
    "restricted-record",
    "at-risk",
    "deceased",
    "self-or-family",
    "ex-partner",
];

/// Whether a fact of this name restricts.
#[must_use]
pub fn restricts(name: &str) -> bool {
    let begins = |with: &str| {
        let rest = name.strip_prefix(with);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '>', '@']))
    };
    RESTRICTING.into_iter().any(begins)
}

/// The grade as it is stored.
#[must_use]
pub const fn grade_text(grade: Grade) -> &'static str {
    match grade {
        Grade::Claimed => "claimed",
        Grade::Confirmed => "confirmed",
        Grade::System => "system",
    }
}

/// The grade that is stored under a text.
pub(crate) fn grade_of(text: &str) -> Result<Grade, Error> {
    [Grade::Claimed, Grade::Confirmed, Grade::System]
        .into_iter()
        .find(|grade| grade_text(*grade) == text)
        .ok_or(Error::Corrupt("grade"))
}

/// Every name that a fact known to `grade` goes by; none where the name is not a word.
pub(crate) fn names(name: &str, grade: Grade) -> BTreeSet<Fact> {
    Fact::new(name).map(|fact| graded(&fact, grade)).unwrap_or_default()
}

/// Facts about age on `today` that a date of birth proves; an unknown day proves less.
#[must_use]
pub fn ages(born: PartialDate, today: Date, grade: Grade) -> BTreeSet<Fact> {
    let least = born.age_on(today);
    let most = if born.day().is_some() { least } else { least.saturating_add(1) };
    let at_least = AGES.into_iter().filter(|age| least >= *age).map(|age| format!("age>={age}"));
    let under = AGES.into_iter().filter(|age| most < *age).map(|age| format!("age<{age}"));
    at_least.chain(under).flat_map(|name| names(&name, grade)).collect()
}

/// Says when a person was born, as `source` has it; false when it said so already.
///
/// The caller holds the person's guard and bumps it (`core.md` 4.2).
///
/// # Errors
///
/// Whatever the store says.
pub async fn set_born(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    born: PartialDate,
) -> Result<bool, Error> {
    set(tx, ctx, person, source, (BORN, Grade::System, &born.to_string())).await
}

/// Notes that `source` no longer says when a person was born; false when it did not.
///
/// The caller holds the person's guard and bumps it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn unset_born(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
) -> Result<bool, Error> {
    end_named(tx, ctx, person, source, BORN).await
}

/// Whether `source` says already that a person was born then: whoever has nothing new to say need
/// not take the guard for it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn knows_born(
    reads: &mut impl Reads,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    born: PartialDate,
) -> Result<bool, Error> {
    let of = values![person, BORN, source, ctx.now_us()];
    let said = reads.find(sql::FIND_FACT, of, |row| Ok((row.text(0)?, row.text(1)?))).await?;
    let system = grade_text(Grade::System);
    Ok(said.is_some_and(|(was, grade)| was == born.to_string() && grade == system))
}

/// Says that two people of the index are family, so that neither opens the other's record alone.
/// False when that was known.
///
/// The caller holds both guards and bumps them.
///
/// # Errors
///
/// Whatever the store says.
pub async fn set_family(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    relative: PersonId,
    source: &OrganisationId,
) -> Result<bool, Error> {
    let name = format!("{FAMILY}{relative}");
    set(tx, ctx, person, source, (&name, Grade::System, "")).await
}

/// Says that two people of the index were partners, so that neither opens the other's record alone.
/// False when that was known.
///
/// The caller holds both guards and bumps them.
///
/// # Errors
///
/// Whatever the store says.
pub async fn set_ex_partner(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    partner: PersonId,
    source: &OrganisationId,
) -> Result<bool, Error> {
    let name = format!("{EX_PARTNER}{partner}");
    set(tx, ctx, person, source, (&name, Grade::System, "")).await
}

/// Records a fact that a clause may require, such as `person:agreed-referral`. False when it was
/// known already.
///
/// The caller holds the person's guard and bumps it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn record(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    fact: (&Fact, Grade),
) -> Result<bool, Error> {
    set(tx, ctx, person, source, (fact.0.as_str(), fact.1, "")).await
}

/// By which grade `source` says a fact now; `None` where it does not.
///
/// # Errors
///
/// Whatever the store says.
pub async fn says<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    fact: &Fact,
) -> Result<Option<Grade>, Error> {
    let of = values![person, fact.as_str(), source, ctx.now_us()];
    let said = reads.find(sql::FIND_FACT, of, |row| row.text(1)).await?;
    said.map(|grade| grade_of(&grade)).transpose()
}

/// Ends what `source` says under a name.
///
/// # Errors
///
/// Whatever the store says.
pub async fn end(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    fact: &Fact,
) -> Result<bool, Error> {
    end_named(tx, ctx, person, source, fact.as_str()).await
}

async fn end_named(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    name: &str,
) -> Result<bool, Error> {
    let of = values![person, name, source, ctx.now_us()];
    let was_said = tx.execute(sql::END_FACT, of).await? > 0;
    if was_said {
        together::bump_others(tx, person).await?;
    }
    Ok(was_said)
}

async fn set(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    (name, grade, value): (&str, Grade, &str),
) -> Result<bool, Error> {
    let now = ctx.now_us();
    let said = tx
        .find(sql::FIND_FACT, values![person, name, source, now], |row| {
            Ok((row.text(0)?, row.text(1)?))
        })
        .await?;
    if said.is_some_and(|(was, graded)| was == value && graded == grade_text(grade)) {
        return Ok(false);
    }
    tx.execute_later(sql::END_FACT, values![person, name, source, now]).await?;
    let of = values![person, name, grade_text(grade), source, value, now, None::<i64>];
    tx.execute_later(sql::INSERT_FACT, of).await?;
    together::bump_others(tx, person).await?;
    Ok(true)
}

/// When a person sees what is entered about them by itself: at once, but not while somebody may be
/// harmed by what their pages show.
///
/// # Errors
///
/// Whatever the store says.
pub async fn shown_at<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
) -> Result<Visibility, Error> {
    let facts = of_person(reads, ctx, person, None).await?;
    let at_risk = facts.iter().map(crate::decide::base).any(|name| {
        name.strip_prefix(AT_RISK).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    });
    Ok(if at_risk { Visibility::AfterReview } else { Visibility::Now })
}

/// A person's facts today, in every name they go by, and what restricts under any id that stands
/// together with theirs; `own` is the asking practitioner's own person.
pub(crate) async fn of_person<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
    own: Option<PersonId>,
) -> Result<BTreeSet<Fact>, Error> {
    let mut said = Said::of(&live(reads, ctx, person).await?, ctx.clock.today())?;
    let others = together::others(reads, person).await?;
    for other in &others {
        let live = live(reads, ctx, *other).await?;
        said.restrict(Said::of(&live, ctx.clock.today())?);
    }
    if let Some(own) = own {
        let selves = together::group(reads, own).await?;
        if selves.contains(&person) || !selves.is_disjoint(&said.kin) {
            said.facts.extend(Fact::new(SELF_OR_FAMILY));
        }
    }
    Ok(said.facts)
}

/// Who is near a person, as far as the index knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Near {
    /// Every id that is them.
    pub same: BTreeSet<PersonId>,
    /// Their family.
    pub family: BTreeSet<PersonId>,
    /// Their former partners.
    pub former_partners: BTreeSet<PersonId>,
}

/// Who is near a person now, under any id that stands together with theirs.
///
/// # Errors
///
/// [`Error::Corrupt`] when a stored fact no longer reads, or whatever the store says.
pub async fn near<R: Reads>(reads: &mut R, ctx: &Ctx<'_>, person: PersonId) -> Result<Near, Error> {
    let mut near = Near { same: together::group(reads, person).await?, ..Near::default() };
    for id in near.same.clone() {
        for (name, ..) in live(reads, ctx, id).await? {
            let read = |id: &str| id.parse().map_err(|_| Error::Corrupt("relative"));
            if let Some(id) = name.strip_prefix(FAMILY) {
                near.family.insert(read(id)?);
            } else if let Some(id) = name.strip_prefix(EX_PARTNER) {
                near.former_partners.insert(read(id)?);
            }
        }
    }
    Ok(near)
}

/// Whether a practitioner is the person, their family or a former partner, by either's facts.
///
/// # Errors
///
/// As [`near`], and whatever the directory says.
pub(crate) async fn is_near<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    practitioner: PractitionerId,
    person: PersonId,
) -> Result<bool, Error> {
    let Some(own) = practitioner::own_person(reads, practitioner).await? else {
        return Ok(false);
    };
    let (theirs, ours) = (near(reads, ctx, person).await?, near(reads, ctx, own).await?);
    let meets = |near: &Near, same: &BTreeSet<PersonId>| {
        [&near.same, &near.family, &near.former_partners]
            .into_iter()
            .any(|of| !of.is_disjoint(same))
    };
    Ok(meets(&theirs, &ours.same) || meets(&ours, &theirs.same))
}

/// Name, grade and value of what is said of one id now.
type Live = (String, String, String);

async fn live<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
) -> Result<Vec<Live>, Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
    Ok(reads.list(sql::LIST_FACTS, values![person, ctx.now_us()], read).await?)
}

/// What is said of one id.
#[derive(Debug, Default)]
struct Said {
    /// Facts, in every name they go by.
    facts: BTreeSet<Fact>,
    /// Their family and former partners, as far as the index knows them.
    kin: BTreeSet<PersonId>,
}

impl Said {
    fn of(live: &[Live], today: Date) -> Result<Self, Error> {
        let mut said = Self::default();
        for (name, grade, value) in live {
            let grade = grade_of(grade)?;
            if name == BORN {
                let born: PartialDate =
                    value.parse().map_err(|_| Error::Corrupt("date of birth"))?;
                said.facts.extend(ages(born, today, grade));
            } else if let Some(kin) =
                name.strip_prefix(FAMILY).or_else(|| name.strip_prefix(EX_PARTNER))
            {
                said.kin.insert(kin.parse().map_err(|_| Error::Corrupt("relative"))?);
            } else {
                said.facts.extend(names(name, grade));
            }
        }
        said.facts = contradictions_removed(&said.facts);
        Ok(said)
    }

    /// Takes from what is said of another id of the same person only what restricts: an age said
    /// there proves nothing here, but what it contradicts is no longer proven.
    fn restrict(&mut self, other: Self) {
        self.facts.retain(|fact| !opposite(fact).is_some_and(|it| other.facts.contains(&it)));
        self.facts.extend(other.facts.into_iter().filter(|fact| restricts(fact.as_str())));
        self.kin.extend(other.kin);
    }
}

/// The other side of an age.
fn opposite(fact: &Fact) -> Option<Fact> {
    let other = |from: &str, to: &str| {
        let rest = fact.as_str().strip_prefix(from)?;
        Fact::new(format!("{to}{rest}")).ok()
    };
    other("age>=", "age<").or_else(|| other("age<", "age>="))
}

/// Two sources may give two dates of birth: what both sides of an age cannot be, neither is.
fn contradictions_removed(facts: &BTreeSet<Fact>) -> BTreeSet<Fact> {
    let stands = |fact: &&Fact| !opposite(fact).is_some_and(|other| facts.contains(&other));
    facts.iter().filter(stands).cloned().collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn said(facts: &BTreeSet<Fact>) -> String {
        let mut said: Vec<_> = facts.iter().map(Fact::as_str).collect();
        said.sort_unstable();
        said.join(" ")
    }

    #[test]
    fn an_unknown_birthday_proves_neither_side() {
        let check = |born: &str, want: &str| {
            let born = born.parse().unwrap();
            let facts = ages(born, date(2026, 11, 21), Grade::Claimed);
            assert_eq!(said(&facts), want, "{born}");
        };
        check("2017-03-14", "age<12@claimed age<16@claimed age<18@claimed");
        check("2010-11-21", "age<18@claimed age>=12@claimed age>=16@claimed");
        check("2010", "age<18@claimed age>=12@claimed");
        check("2010-11", "age<18@claimed age>=12@claimed");
        check("1948", "age>=12@claimed age>=16@claimed age>=18@claimed");
    }

    #[test]
    fn two_dates_of_birth_prove_neither_side_of_an_age() {
        let one = ages("2010-01-01".parse().unwrap(), date(2026, 11, 21), Grade::Confirmed);
        let two = ages("2011-01-01".parse().unwrap(), date(2026, 11, 21), Grade::Confirmed);
        let both = contradictions_removed(&one.into_iter().chain(two).collect());
        assert!(both.iter().all(|fact| !fact.as_str().contains("16")), "{both:?}");
        assert!(both.contains(&Fact::new("age>=12").unwrap()));
    }

    fn live(names: &[&str]) -> Said {
        let live: Vec<_> = names
            .iter()
            .map(|name| match name.strip_prefix("born ") {
                Some(born) => ("born".to_owned(), "system".to_owned(), born.to_owned()),
                None => ((*name).to_owned(), "confirmed".to_owned(), String::new()),
            })
            .collect();
        Said::of(&live, date(2026, 11, 21)).unwrap()
    }

    #[test]
    fn what_restricts_crosses_a_link_and_what_widens_does_not() {
        let check = |mine: &[&str], other: &[&str], want: &str| {
            let mut mine = live(mine);
            mine.restrict(live(other));
            let kept = mine.facts.into_iter().filter(|fact| !fact.as_str().contains('@')).collect();
            assert_eq!(said(&kept), want, "{other:?}");
        };
        for restricts in RESTRICTING {
            check(&[], &[restricts], restricts);
            let of = format!("{restricts}:direct-care");
            check(&[], &[&of], &of);
        }
        for widens in ["person:agreed-referral", "written-requirement", "objections", "at-risky"] {
            check(&[], &[widens], "");
        }
        check(&["person:agreed-referral"], &["objection"], "objection person:agreed-referral");
        check(&[], &["born 1948-01-01"], "");
        check(&["born 2010-01-01"], &["born 2014-01-01"], "age<18 age>=12");
    }
}
