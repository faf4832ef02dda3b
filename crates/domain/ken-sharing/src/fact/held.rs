//! What a person's facts come to today: those said of them, and what restricts under any id that
//! stands together with theirs.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use jiff::civil::Date;
use ken_core::{Ctx, Fact, PartialDate, PersonId, PractitionerId};
use ken_directory::practitioner;
use ken_store::{Reads, Row, Snapshot, values};

use super::{BORN, EX_PARTNER, FAMILY, Grade, grade_of, names, restricts};
use crate::{Error, sql, together};

/// Ages that clauses may ask about, in years. Sources: Age of Legal Capacity (Scotland) Act 1991
/// (16), Data Protection Act 2018 s.208 (12), United Nations Convention on the Rights of the Child
/// art. 1 (18).
const AGES: [i16; 3] = [12, 16, 18];

/// Whoever asks is the person, or is known to be near them.
const SELF_OR_FAMILY: &str = "self-or-family";
/// Facts about age on `today` that a date of birth proves; an unknown day proves less.
#[must_use]
pub fn ages(born: PartialDate, today: Date, grade: Grade) -> BTreeSet<Fact> {
    let least = born.age_on(today);
    let most = if born.day().is_some() { least } else { least.saturating_add(1) };
    let at_least = AGES.into_iter().filter(|age| least >= *age).map(|age| format!("age>={age}"));
    let under = AGES.into_iter().filter(|age| most < *age).map(|age| format!("age<{age}"));
    at_least.chain(under).flat_map(|name| names(&name, grade)).collect()
}

/// A person's facts today, in every name they go by, and what restricts under any id that stands
/// together with theirs; `own` is the asking practitioner's own person.
pub(crate) async fn of_person<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
    own: Option<PersonId>,
) -> Result<BTreeSet<Fact>, Error> {
    let (mine, mut theirs) = (live(reads, ctx, person).await?, vec![]);
    for other in together::others(reads, person).await? {
        theirs.push(live(reads, ctx, other).await?);
    }
    let selves = match own {
        Some(own) => together::group(reads, own).await?,
        None => BTreeSet::new(),
    };
    facts(ctx, person, (&mine, &theirs), &selves)
}

/// The same, asked at once; `by` is the asking practitioner.
pub(crate) async fn of_person_for(
    s: &Snapshot,
    ctx: &Ctx<'_>,
    person: PersonId,
    by: Option<PractitionerId>,
) -> Result<BTreeSet<Fact>, Error> {
    let mine = Box::pin(async { live(&mut s.beside(), ctx, person).await });
    let theirs = Box::pin(async {
        let others = together::others(&mut s.beside(), person).await?;
        let live = |other| async move { live(&mut s.beside(), ctx, other).await };
        try_join_all(others.into_iter().map(live)).await
    });
    let selves = Box::pin(async {
        let Some(by) = by else { return Ok(BTreeSet::new()) };
        match practitioner::own_person(&mut s.beside(), by).await? {
            Some(own) => together::group(&mut s.beside(), own).await,
            None => Ok(BTreeSet::new()),
        }
    });
    let (mine, theirs, selves) = tokio::try_join!(mine, theirs, selves)?;
    facts(ctx, person, (&mine, &theirs), &selves)
}

/// What is said of a person by `mine`, and by `theirs` of who stands together with them; `selves`
/// is who asks, under every id.
fn facts(
    ctx: &Ctx<'_>,
    person: PersonId,
    (mine, theirs): (&[Live], &[Vec<Live>]),
    selves: &BTreeSet<PersonId>,
) -> Result<BTreeSet<Fact>, Error> {
    let mut said = Said::of(mine, ctx.clock.today())?;
    for live in theirs {
        said.restrict(Said::of(live, ctx.clock.today())?);
    }
    if selves.contains(&person) || !selves.is_disjoint(&said.kin) {
        said.facts.extend(Fact::new(SELF_OR_FAMILY));
    }
    Ok(said.facts)
}

/// Name, grade and value of what is said of one id now.
pub(super) type Live = (String, String, String);

pub(super) async fn live<R: Reads>(
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

    use super::super::RESTRICTING;
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
