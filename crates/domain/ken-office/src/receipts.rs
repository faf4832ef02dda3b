//! How soon what was shared is acknowledged: for each clause that asks for it, the middle of the
//! minutes from filing to receipt.
//!
//! What is measured: a clause obliges whoever opens something to acknowledge it. The time runs from
//! when the newest information of the clause's kinds about the person was filed, before it was
//! opened, until the receiver said that they have it. Both ends, and the opening between them,
//! stand on the ledger. What was filed while nobody measured, or has moved since, is left out.
//!
//! # Invariants
//!
//! - A line names a clause; never a person, nor who opened or acknowledged.
//! - A number that stands for fewer than [`PEOPLE_MIN`] people is not told.
//!
//! # Sources
//!
//! - The London framework's *as early as possible*; house policy for the median, which one
//!   forgotten acknowledgement does not move, and for the smallest number.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_agreement::{Clause, Instrument};
use ken_core::{ClauseId, Ctx, OrganisationId, PersonId};
use ken_sharing::bundle::Admitted;
use ken_sharing::{class, duty};
use ken_store::{Reads, Snapshot};

use crate::Error;
use crate::refusals::DAYS;
use crate::replay::PEOPLE_MIN;

/// What is told of one clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The clause.
    pub clause: ClauseId,
    /// The median of the minutes from filing to receipt; none where it is not told.
    pub minutes: Option<i64>,
    /// How many acknowledgements it stands for; none where that is not told.
    pub received: Option<usize>,
    /// How many were not made in time, made since or not; none where that is not told.
    pub missed: Option<usize>,
}

/// What was asked of one clause, as it is counted.
#[derive(Debug, Clone, Default)]
struct Asked {
    minutes: Vec<i64>,
    measured: BTreeSet<PersonId>,
    missed: usize,
    late: BTreeSet<PersonId>,
}

/// How soon an organisation acknowledged what it opened in the last [`DAYS`], by clause; of what it
/// opened last, where that is more than [`duty::MEASURED_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn lately(
    s: &mut Snapshot,
    ctx: &Ctx<'_>,
    own: &OrganisationId,
    all: &[Admitted],
) -> Result<Vec<Line>, Error> {
    let days = jiff::SignedDuration::from_hours(24 * i64::from(DAYS));
    let since = ctx.clock.now().saturating_sub(days).unwrap_or(Timestamp::MIN);
    let mut lines: BTreeMap<ClauseId, Asked> = BTreeMap::new();
    for one in duty::acknowledgements(s, own, since).await? {
        let filed = filed(s, &one, all).await?;
        let line = lines.entry(one.clause.clone()).or_default();
        if one.is_missed {
            line.missed += 1;
            line.late.insert(one.person);
        }
        if let (Some(filed), Some(done)) = (filed, one.done) {
            line.minutes.push((done.as_second() - filed.as_second()) / 60);
            line.measured.insert(one.person);
        }
    }
    Ok(lines.into_iter().map(told).collect())
}

/// When the newest of what the clause is about was filed, before it was opened.
async fn filed<R: Reads>(
    reads: &mut R,
    one: &duty::Acknowledgement,
    all: &[Admitted],
) -> Result<Option<Timestamp>, Error> {
    let Some(clause) = clause(all, &one.clause) else { return Ok(None) };
    let classes = class::of_categories(reads, one.person, &clause.categories).await?;
    Ok(ken_records::filed_by(reads, (one.person, &classes), one.opened).await?)
}

fn clause<'a>(all: &'a [Admitted], id: &ClauseId) -> Option<&'a Clause> {
    all.iter().find_map(|of| {
        let hash = of.instrument.hash();
        of.instrument.clauses.iter().find(|one| Instrument::cite(&hash, &one.id) == *id)
    })
}

fn told((clause, asked): (ClauseId, Asked)) -> Line {
    let Asked { mut minutes, measured, missed, late } = asked;
    let enough = measured.len() >= PEOPLE_MIN;
    Line {
        clause,
        minutes: median(&mut minutes).filter(|_| enough),
        received: enough.then_some(minutes.len()),
        missed: (missed == 0 || late.len() >= PEOPLE_MIN).then_some(missed),
    }
}

/// The middle one; of an even number, half way between the two in the middle.
fn median(minutes: &mut [i64]) -> Option<i64> {
    minutes.sort_unstable();
    let last = minutes.len().checked_sub(1)?;
    Some((minutes.get(last / 2)? + minutes.get(last.div_ceil(2))?) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_of_one_of_two_and_of_none() {
        let check = |of: &[i64], want| assert_eq!(median(&mut of.to_vec()), want, "{of:?}");
        check(&[], None);
        check(&[7], Some(7));
        check(&[9, 1], Some(5));
        check(&[600, 1, 3], Some(3));
        check(&[4, 1, 600, 2], Some(3));
    }

    #[test]
    fn what_stands_for_few_people_is_not_told() {
        let people = |many: u32| {
            let id = |n| format!("6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5{n:02x}").parse().unwrap();
            (0..many).map(id).collect::<BTreeSet<PersonId>>()
        };
        let check = |measured, missed: usize, late, want| {
            let (minutes, measured, late) = (vec![5; 9], people(measured), people(late));
            let asked = Asked { minutes, measured, missed, late };
            let line = told(("ab12#C1".parse().unwrap(), asked));
            assert_eq!((line.minutes, line.received, line.missed), want);
        };
        check(5, 0, 0, (Some(5), Some(9), Some(0)));
        check(4, 9, 4, (None, None, None));
        check(5, 9, 5, (Some(5), Some(9), Some(9)));
    }
}
