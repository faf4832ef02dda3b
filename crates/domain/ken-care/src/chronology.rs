//! An integrated chronology: which accounts are of one event, and where nothing is told for long.
//!
//! Both are worked out from what one reader may see, and from nothing else: so neither a group nor
//! a gap says anything of what they may not.
//!
//! # Invariants
//!
//! - Nothing is lost and nothing is joined: an account that is folded stands whole beside the
//!   others, because where accounts differ the difference is information.
//! - Neither depends on the order that accounts come in; folding what is folded changes nothing.
//! - Accounts are taken for one event only where each is of another source and they agree on the
//!   day and on what happened. Where a source tells two such events of one day, nobody can tell
//!   which of them another source means, and all stand alone.
//!
//! # Sources
//!
//! - Care Inspectorate, *Practice guide to chronologies* (2017): a multi-agency chronology is drawn
//!   from each agency's own, and is reviewed and analysed; a time without events is worth asking
//!   about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Unit;
use jiff::civil::Date;
use ken_core::OrganisationId;

/// A time without any event is told where it is longer than this, in days. House policy: a
/// quarter of a year, the time between two reviews.
pub const GAP_DAYS: i32 = 90;

/// One source's account of an event, as far as folding and gaps need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose account it is.
    pub source: OrganisationId,
    /// The day on which it began, where that is known to the day.
    pub day: Option<Date>,
    /// The first and the last day on which it may have been going on; none where nobody said.
    pub days: Option<(Date, Date)>,
    /// What happened, as a word that two sources would both use; none where what they say is too
    /// general to tell two events apart.
    pub what: Option<String>,
}

/// A time in which nothing is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The last day before it on which something may have been going on.
    pub after: Date,
    /// The first day on which something began again.
    pub until: Date,
}

/// Puts the accounts of one event together, by their places: each place stands in one group, in
/// its order, and the groups stand in the order of their first.
#[must_use]
pub fn fold(accounts: &[Account]) -> Vec<Vec<usize>> {
    let mut alike: BTreeMap<(Date, &str), Vec<usize>> = BTreeMap::new();
    for (place, account) in accounts.iter().enumerate() {
        if let (Some(day), Some(what)) = (account.day, account.what.as_deref()) {
            alike.entry((day, what)).or_default().push(place);
        }
    }
    alike.retain(|_, places| {
        let sources: BTreeSet<_> =
            places.iter().filter_map(|place| accounts.get(*place)).map(|one| &one.source).collect();
        sources.len() == places.len()
    });
    let folded: BTreeSet<usize> = alike.values().flatten().copied().collect();
    let alone = (0..accounts.len()).filter(|place| !folded.contains(place)).map(|one| vec![one]);
    let mut groups: Vec<_> = alike.into_values().chain(alone).collect();
    groups.sort_unstable();
    groups
}

/// The times longer than [`GAP_DAYS`] between events, the oldest first. What has no date counts
/// for none; a date of which only the month or the year is known counts for all of it.
#[must_use]
pub fn gaps(accounts: &[Account]) -> Vec<Gap> {
    let mut days: Vec<_> = accounts.iter().filter_map(|account| account.days).collect();
    days.sort_unstable();
    let (mut gaps, mut reached) = (vec![], None);
    for (first, last) in days {
        gaps.extend(reached.and_then(|reached| gap(reached, first)));
        reached = reached.max(Some(first.max(last)));
    }
    gaps
}

/// The time between two days, where it is long enough to tell.
#[must_use]
pub fn gap(after: Date, until: Date) -> Option<Gap> {
    let days = after.until((Unit::Day, until)).ok()?.get_days();
    (days > GAP_DAYS).then_some(Gap { after, until })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn account(source: &str, day: Date, what: &str) -> Account {
        Account {
            source: source.parse().unwrap(),
            day: Some(day),
            days: Some((day, day)),
            what: Some(what.to_owned()),
        }
    }

    #[test]
    fn accounts_of_one_event_stand_together_and_doubtful_ones_alone() {
        let (monday, tuesday) = (date(2026, 11, 2), date(2026, 11, 3));
        let check = |accounts: &[Account], want: &[&[usize]]| {
            assert_eq!(fold(accounts), want, "{accounts:?}");
        };
        let nhs = account("nhsl", monday, "emergency visit");
        let police = Account { source: "pol".parse().unwrap(), ..nhs.clone() };
        let school = Account { source: "school".parse().unwrap(), ..nhs.clone() };
        check(&[], &[]);
        check(&[nhs.clone(), police.clone()], &[&[0, 1]]);
        let later = Account { day: Some(tuesday), ..police.clone() };
        check(&[nhs.clone(), later], &[&[0], &[1]]);
        let other = Account { what: Some("hospital stay".into()), ..police.clone() };
        check(&[nhs.clone(), other.clone(), police.clone()], &[&[0, 2], &[1]]);
        // Of two visits told by one source nobody knows which the other source means.
        check(&[nhs.clone(), nhs.clone(), police.clone()], &[&[0], &[1], &[2]]);
        check(&[school, nhs.clone(), police.clone()], &[&[0, 1, 2]]);
        // A month is no day, and a word for everything tells nothing apart.
        let month = Account { day: None, ..police.clone() };
        let general = Account { what: None, ..police };
        check(&[nhs.clone(), month], &[&[0], &[1]]);
        check(&[nhs, general], &[&[0], &[1]]);
    }

    #[test]
    fn a_gap_is_longer_than_ninety_days_and_what_lasted_fills_it() {
        let start = date(2026, 1, 1);
        let at = |days: i32| start.checked_add(days.days()).unwrap();
        let from_to = |first: i32, last: i32| Account {
            days: Some((at(first), at(last))),
            ..account("nhsl", at(first), "stay")
        };
        let check = |days: &[(i32, i32)], want: &[(i32, i32)]| {
            let accounts: Vec<_> =
                days.iter().map(|(first, last)| from_to(*first, *last)).collect();
            let want: Vec<_> =
                want.iter().map(|(a, b)| Gap { after: at(*a), until: at(*b) }).collect();
            assert_eq!(gaps(&accounts), want, "{days:?}");
        };
        check(&[(0, 0), (90, 90)], &[]);
        check(&[(0, 0), (91, 91)], &[(0, 91)]);
        check(&[(300, 300), (0, 0), (150, 150)], &[(0, 150), (150, 300)]);
        // A stay of half a year is no gap, though it began before something short.
        check(&[(0, 180), (10, 10), (200, 200)], &[]);
        check(&[(0, 180), (10, 10), (280, 280)], &[(180, 280)]);
        let undated = Account { days: None, ..from_to(0, 0) };
        assert_eq!(gaps(&[undated]), []);
    }

    fn accounts() -> impl Strategy<Value = Vec<Account>> {
        let one = (0..4_u8, 0..600_i32, 0..200_i32, 0..3_u8, 0..4_u8, any::<bool>());
        let account =
            |(source, first, lasts, what, precision, same): (u8, i32, i32, u8, u8, bool)| {
                // Few days and words, so that many agree.
                let first = if same { first % 3 } else { first };
                let first = date(2020, 1, 1).checked_add(first.days()).unwrap();
                let last = first.checked_add(lasts.days()).unwrap();
                Account {
                    source: format!("body{source}").parse().unwrap(),
                    day: (precision > 0).then_some(first),
                    days: (precision > 1).then_some((first, last)),
                    what: (what > 0).then(|| format!("what {what}")),
                }
            };
        prop::collection::vec(one.prop_map(account), 0..40)
    }

    /// The groups as what stands in them, whatever their order.
    fn said(accounts: &[Account], groups: &[Vec<usize>]) -> Vec<Vec<String>> {
        let one = |group: &Vec<usize>| {
            let mut of: Vec<_> =
                group.iter().map(|place| format!("{:?}", accounts[*place])).collect();
            of.sort();
            of
        };
        let mut all: Vec<_> = groups.iter().map(one).collect();
        all.sort();
        all
    }

    proptest! {
        #[test]
        fn folding_loses_nothing_and_needs_no_order(
            (accounts, shuffled) in accounts()
                .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        ) {
            let groups = fold(&accounts);
            let mut places: Vec<_> = groups.iter().flatten().copied().collect();
            prop_assert!(groups.iter().all(|group| group.is_sorted()));
            prop_assert!(groups.is_sorted());
            places.sort_unstable();
            prop_assert_eq!(places, (0..accounts.len()).collect::<Vec<_>>());
            prop_assert_eq!(said(&accounts, &groups), said(&shuffled, &fold(&shuffled)));
            // What is folded, put in the order of its groups, folds to the same.
            let flat: Vec<_> =
                groups.iter().flatten().map(|place| accounts[*place].clone()).collect();
            prop_assert_eq!(said(&accounts, &groups), said(&flat, &fold(&flat)));
            for group in groups.iter().filter(|group| group.len() > 1) {
                let of: Vec<_> = group.iter().map(|place| &accounts[*place]).collect();
                let sources: BTreeSet<_> = of.iter().map(|one| &one.source).collect();
                prop_assert_eq!(sources.len(), of.len());
                prop_assert!(of.iter().all(|one| (one.day, &one.what) == (of[0].day, &of[0].what)));
            }
        }

        #[test]
        fn a_gap_is_empty_and_needs_no_order(
            (accounts, shuffled) in accounts()
                .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        ) {
            let gaps = gaps(&accounts);
            prop_assert_eq!(&gaps, &super::gaps(&shuffled));
            let days: Vec<_> = accounts.iter().filter_map(|one| one.days).collect();
            for gap in &gaps {
                let long = gap.after.until((Unit::Day, gap.until)).unwrap().get_days();
                prop_assert!(long > GAP_DAYS);
                prop_assert!(days.iter().any(|(first, _)| *first == gap.until));
                prop_assert!(days.iter().any(|(_, last)| *last == gap.after));
                let inside = |day: &(Date, Date)| day.1 > gap.after && day.0 < gap.until;
                prop_assert!(!days.iter().any(inside), "{:?} {:?}", gap, days);
            }
            // None is left out: every beginning has something shortly before it, or a gap, or
            // nothing at all.
            for (first, _) in &days {
                let before = days.iter().filter(|one| one.0 < *first);
                let reached = before.map(|one| one.1).max();
                let long = reached.and_then(|reached| gap(reached, *first));
                prop_assert!(long.is_none_or(|gap| gaps.contains(&gap)));
            }
        }
    }
}
