//! Facts about a person, each with a grade, a source, a start and an end.
//!
//! The gate reads facts; no caller supplies one. A fact's grade is part of its name: `age>=16` is
//! said by a register or confirmed by a second person, `age>=16@claimed` is only claimed. A higher
//! grade also yields the lower names (`core.md` 2.6).

mod held;

use std::collections::BTreeSet;

pub use ken_agreement::Grade;
use ken_agreement::graded;
use ken_core::{Ctx, Fact, OrganisationId, PartialDate, PersonId, PractitionerId};
use ken_directory::practitioner;
use ken_ledger::Visibility;
use ken_store::{Reads, Tx, values};

use held::live;

use crate::{Error, sql, together};

pub use held::ages;
pub(crate) use held::{of_person, of_person_for};

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
pub async fn is_near<R: Reads>(
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
