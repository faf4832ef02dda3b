//! How the queue does: how long places wait, and how far reviewers agree.
//!
//! Source: Cohen, *A coefficient of agreement for nominal scales* (1960).

use jiff::{SignedDuration, Timestamp};
use ken_core::Ctx;
use ken_store::{Reads, values};

use super::order::is_sampled;
use super::{COUNT_MAX, count};
use crate::link::ReviewId;
use crate::{Error, sql};

/// Most places decided by two that are looked at, the newest.
const PAIRS_MAX: i64 = 2_000;
/// How far back. House policy: a year.
const PAIRS_LAST: SignedDuration = SignedDuration::from_hours(365 * 24);

/// How long places wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many are open; [`COUNT_MAX`] means so many or more.
    pub open: i64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
    /// Since when the middle one waits: as many are older as newer.
    pub middle: Option<Timestamp>,
}

/// How long the open places wait.
///
/// # Errors
///
/// Whatever the store says.
pub async fn waiting(s: &mut impl Reads) -> Result<Waiting, Error> {
    let open = count(s).await?;
    let mut at = [None, None];
    for (found, skip) in at.iter_mut().zip([0, (open.clamp(1, COUNT_MAX) - 1) / 2]) {
        *found = s.find(sql::REVIEW_AT, values![skip], |row| row.time(0)).await?;
    }
    let [oldest, middle] = at;
    Ok(Waiting { open, oldest, middle })
}

/// How far two reviewers who did not know of each other's answers agree.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Agreement {
    /// Places that two have answered.
    pub pairs: u32,
    /// Those of them on which both said the same.
    pub agreed: u32,
    /// Cohen's kappa: 1 is always, 0 is as often as by chance; none where chance alone would make
    /// them agree always, or there are no pairs.
    pub kappa: Option<f64>,
}

/// What one reviewer said: that somebody is this candidate, or none.
type Said = Option<String>;

impl Agreement {
    /// Counts pairs of answers.
    fn of(pairs: &[(Said, Said)]) -> Self {
        let count = |is: &dyn Fn(&(Said, Said)) -> bool| {
            u32::try_from(pairs.iter().filter(|pair| is(pair)).count()).unwrap_or(u32::MAX)
        };
        let all = count(&|_| true);
        let agreed = count(&|(one, two)| one == two);
        let (ones, twos) = (count(&|(one, _)| one.is_some()), count(&|(_, two)| two.is_some()));
        let share = |of: u32| f64::from(of) / f64::from(all.max(1));
        let by_chance = share(ones) * share(twos) + (1.0 - share(ones)) * (1.0 - share(twos));
        let is_told = all > 0 && by_chance < 1.0;
        let kappa = is_told.then(|| (share(agreed) - by_chance) / (1.0 - by_chance));
        Self { pairs: all, agreed, kappa }
    }
}

/// How far reviewers agreed within a year, over the places of the sample among the newest that two
/// have answered.
///
/// # Errors
///
/// Whatever the store says.
pub async fn agreement(s: &mut impl Reads, ctx: &Ctx<'_>) -> Result<Agreement, Error> {
    let since = ctx.clock.now().saturating_sub(PAIRS_LAST).unwrap_or(Timestamp::MIN);
    let read = |row: &ken_store::Row<'_>| {
        Ok((row.parse::<ReviewId>(2)?, (row.text_opt(0)?, row.text_opt(1)?)))
    };
    let pairs = s.list(sql::ANSWER_PAIRS, values![since, PAIRS_MAX], read).await?;
    // Places that need two are the hard ones; of the sample, easy and hard are as they come.
    let sampled = pairs.into_iter().filter(|(id, _)| is_sampled(*id)).map(|(_, said)| said);
    Ok(Agreement::of(&sampled.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_beyond_chance() {
        let said = |word: char| match word {
            'd' => None,
            same => Some(same.to_string()),
        };
        let check = |pairs: &str, agreed: u32, kappa: Option<f64>| {
            let pair =
                |of: &str| (said(of.chars().next().unwrap()), said(of.chars().nth(1).unwrap()));
            let pairs: Vec<_> = pairs.split_whitespace().map(pair).collect();
            let got = Agreement::of(&pairs);
            assert_eq!((got.agreed, got.pairs), (agreed, u32::try_from(pairs.len()).unwrap()));
            let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
            match (got.kappa, kappa) {
                (Some(got), Some(want)) => assert!(near(got, want), "{got} {want}"),
                (got, want) => assert_eq!(got, want, "{pairs:?}"),
            }
        };
        check("", 0, None);
        check("dd dd", 2, None);
        check("aa dd", 2, Some(1.0));
        check("ad da", 0, Some(-1.0));
        // Both find half of them one person's, and agree as often as chance has it.
        check("aa ad da dd", 2, Some(0.0));
        // Two who find somebody, but not the same one, do not agree.
        check("ab dd", 1, Some(0.0));
        check("aa aa aa ad dd dd dd dd da dd", 8, Some(0.583_333_333_333_333_3));
    }
}
