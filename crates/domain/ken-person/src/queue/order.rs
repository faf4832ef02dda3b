//! In which order and on which side a reviewer sees records: another for each, so that whoever
//! stands first or left is not found more often by standing there.
//!
//! It is a function of ids alone: the same reviewer finds a place as they left it.

use ken_core::{PersonId, PractitionerId};

use super::Place;
use crate::link::ReviewId;

/// Of how many places one is decided by two, whatever it needs, so that it is known how far
/// reviewers agree. House policy.
pub const SAMPLE_OF: u64 = 10;
/// Which of them; any other number makes another sample.
const SAMPLE: u64 = 3;

/// The candidates of a place in the order in which a reviewer sees them.
#[must_use]
pub fn candidates_for(place: &Place, reviewer: PractitionerId) -> Vec<PersonId> {
    let mut candidates: Vec<_> = place.candidates.iter().map(|doubt| doubt.person).collect();
    candidates
        .sort_by_key(|person| (mix(person.uuid().as_u128(), reviewer.uuid().as_u128()), *person));
    candidates
}

/// Whether a reviewer sees a candidate to the left of the person.
#[must_use]
pub fn is_left(place: &Place, candidate: PersonId, reviewer: PractitionerId) -> bool {
    let pair = place.id.uuid().as_u128() ^ candidate.uuid().as_u128().rotate_left(64);
    mix(pair, reviewer.uuid().as_u128()) % 2 == 1
}

/// Whether a place is one of those that two decide, whatever it needs.
#[must_use]
pub(crate) fn is_sampled(id: ReviewId) -> bool {
    mix(id.uuid().as_u128(), 0) % SAMPLE_OF == SAMPLE
}

/// A number that looks like chance, of a place.
pub(super) fn chance(id: ReviewId) -> u64 {
    mix(id.uuid().as_u128(), 1)
}

/// Mixes two ids to a number that looks like chance. Source: the finaliser of `SplitMix64` (Steele,
/// Lea and Flood 2014); it keeps nothing secret.
fn mix(one: u128, other: u128) -> u64 {
    let halves = [one, one >> 64, other, other >> 64];
    halves.into_iter().fold(0x9e37_79b9_7f4a_7c15, |so_far, half| {
        let mut word = so_far ^ u64::try_from(half & u128::from(u64::MAX)).unwrap_or_default();
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)).wrapping_add(0x9e37_79b9_7f4a_7c15)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ken_core::Ctx;
    use ken_testkit::{SeededIds, TestClock};

    use super::*;
    use crate::rule::Doubt;

    #[test]
    fn sides_and_order_are_even_and_stay() {
        let (ids, clock) = (SeededIds::default(), TestClock::default());
        let ctx = Ctx::new(&clock, &ids);
        let doubt =
            || Doubt { person: PersonId::draw(&ids), reasons: BTreeSet::new(), alike: None };
        let place = |candidates| Place {
            person: PersonId::draw(&ids),
            id: ReviewId::draw(&ctx),
            source: "nhsl".parse().unwrap(),
            since: "2026-11-21T09:14:00Z".parse().unwrap(),
            candidates,
            claimed: None,
            needs_second: false,
            answers: 0,
            is_copy: false,
        };
        let (mut left, mut first, mut sampled) = (0, 0, 0);
        for _ in 0..1_000 {
            let place = place(vec![doubt(), doubt()]);
            let (one, reviewer) = (place.candidates[0].person, PractitionerId::draw(&ids));
            left += u32::from(is_left(&place, one, reviewer));
            let order = candidates_for(&place, reviewer);
            assert_eq!(order.len(), 2);
            first += u32::from(order[0] == one);
            sampled += u32::from(is_sampled(place.id));
            assert_eq!(order, candidates_for(&place, reviewer), "as they left it");
        }
        for even in [left, first] {
            assert!((430..=570).contains(&even), "{even} of a thousand");
        }
        assert!((60..=140).contains(&sampled), "{sampled} of a thousand in the sample");
    }

    #[test]
    fn two_reviewers_do_not_see_the_same_order() {
        let (ids, clock) = (SeededIds::default(), TestClock::default());
        let ctx = Ctx::new(&clock, &ids);
        let doubt =
            || Doubt { person: PersonId::draw(&ids), reasons: BTreeSet::new(), alike: None };
        let place = Place {
            person: PersonId::draw(&ids),
            id: ReviewId::draw(&ctx),
            source: "nhsl".parse().unwrap(),
            since: "2026-11-21T09:14:00Z".parse().unwrap(),
            candidates: vec![doubt(), doubt(), doubt()],
            claimed: None,
            needs_second: false,
            answers: 0,
            is_copy: false,
        };
        let orders: BTreeSet<_> =
            (0..100).map(|_| candidates_for(&place, PractitionerId::draw(&ids))).collect();
        assert_eq!(orders.len(), 6, "every order of three is somebody's");
    }
}
