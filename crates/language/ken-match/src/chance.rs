//! How often two records agree by chance, when they are two people's.
//!
//! What is the same is computed from how often each value occurs; what is only alike is seen in a
//! fixed number of pairs drawn from the table, which cost less than reading a page of it. A level
//! that chance hardly ever gives keeps a share of the usual figure below.

use crate::birth::Birth;
use crate::compare::{Comparer, Known as _, level};
use crate::number::{code, draw, pairs, real, tally, wide};
use crate::pattern::Pattern;
use crate::table::{Record, Table};

/// By field and level, between 0 and 1; the level *missing* is not counted.
pub(crate) type Shares = Vec<Vec<f64>>;

/// Pairs that are drawn.
const DRAWN: u64 = 200_000;

/// How many drawn pairs the usual figure weighs.
const WEIGHT: f64 = 100.0;

/// Two people's further numbers are one slip apart as often as this at least: who came to an office
/// one after the other has the next number. House policy.
const NUMBER_NEAR: f64 = 1e-5;

/// And the same as often as this, however rare each number is: somebody picked the wrong line.
/// House policy.
const NUMBER_SAME: f64 = 1e-6;

/// The usual figure by chance: what a nation's index shows, rounded. House policy, measured on
/// made-up populations; it counts only where a table is small.
pub(crate) fn usual() -> Shares {
    vec![
        vec![0.0, 0.93, 0.03, 1e-3, 0.01, 3e-3, 2e-3, 1e-3, 4e-3, 4e-3, 3e-4],
        vec![0.0, 0.94, 0.03, 0.01, 2e-3, 5e-4, 1e-5, 1e-5, 4e-3, 2e-3, 3e-4],
        vec![0.0, 0.93, 0.05, 0.01, 0.01],
        vec![0.0, 0.96, 0.02, 2e-3, 2e-3, 0.01, 5e-3, 1e-4, 1e-5, 3e-5],
        vec![0.0, 0.85, 0.12, 0.02, 6e-3, 1e-4, 1e-5, 1e-5, 1e-5, 1e-5],
        vec![0.0, 0.5, 0.5],
        vec![0.0, 0.9995, 5e-4, 2e-5, 2e-6],
        vec![0.0, 0.99, 0.01, 1e-5, 1e-6],
        vec![0.0, 1.0, 1e-6],
        vec![0.0, 1.0, NUMBER_NEAR, NUMBER_SAME],
    ]
}

/// The usual figure for records of one person.
pub(crate) fn usual_same() -> Shares {
    vec![
        vec![0.0, 0.02, 0.01, 0.01, 0.03, 0.08, 0.05, 0.01, 0.28, 0.36, 0.15],
        vec![0.0, 0.05, 0.005, 0.01, 0.05, 0.01, 0.02, 0.005, 0.25, 0.35, 0.25],
        vec![0.0, 0.05, 0.25, 0.05, 0.65],
        vec![0.0, 0.004, 0.003, 0.004, 0.008, 0.02, 0.025, 0.012, 0.004, 0.92],
        vec![0.0, 0.1, 0.05, 0.02, 0.03, 0.02, 0.1, 0.05, 0.6, 0.03],
        vec![0.0, 0.01, 0.99],
        vec![0.0, 0.3, 0.1, 0.2, 0.4],
        vec![0.0, 0.008, 0.005, 0.007, 0.98],
        vec![0.0, 0.01, 0.99],
        vec![0.0, 0.1, 0.05, 0.85],
    ]
}

/// How often each level comes by chance in this table, and the pairs by which that was seen.
pub(crate) fn shares(table: &Table) -> (Shares, Vec<Pattern>) {
    let drawn = drawn(table);
    let mut counts: Vec<Vec<u64>> = usual().iter().map(|of| vec![0; of.len()]).collect();
    for pattern in &drawn {
        for (counts, level) in counts.iter_mut().zip(pattern.levels()) {
            if let Some(count) = counts.get_mut(usize::from(level)) {
                *count += 1;
            }
        }
    }
    let mut shares = Vec::new();
    for (counts, usual) in counts.iter().zip(usual()) {
        let known: u64 = counts.iter().skip(1).sum();
        let of =
            |(count, usual): (&u64, &f64)| (real(*count) + WEIGHT * usual) / (real(known) + WEIGHT);
        let mut of_field: Vec<f64> = counts.iter().zip(&usual).map(of).collect();
        if let Some(missing) = of_field.first_mut() {
            *missing = 0.0;
        }
        shares.push(of_field);
    }
    let set = |shares: &mut Shares, field: usize, at: u8, share: f64| {
        let slot = shares.get_mut(field).and_then(|of| of.get_mut(usize::from(at)));
        if let Some(slot) = slot.filter(|_| share > 0.0) {
            *slot = share;
        }
    };
    let forenames = same(table, |r| r.forename, |name| table.forename_rarity(name));
    let surnames = same(table, |r| r.surname, |name| table.surname_rarity(name));
    for (at, (forename, surname)) in (level::NAME_SAME..).zip(forenames.into_iter().zip(surnames)) {
        set(&mut shares, 0, at, forename);
        set(&mut shares, 1, at, surname);
    }
    let is_common = |digits: u32| u8::from(table.is_common_birth(Birth::of(digits)));
    let [born, common, _] = same(table, |r| r.born.digits, is_common);
    set(&mut shares, 3, level::BORN_SAME, born);
    set(&mut shares, 3, level::BORN_COMMON, common);
    let [email, ..] = same(table, |r| r.email, |_| 0);
    let [phone, ..] = same(table, |r| r.phone, |_| 0);
    set(&mut shares, 6, level::CONTACT_EMAIL, email);
    set(&mut shares, 6, level::CONTACT_PHONE, phone);
    let [number, ..] = same(table, |r| r.number, |_| 0);
    set(&mut shares, 9, level::NUMBER_SAME, number.max(NUMBER_SAME));
    let near = shares.get(9).and_then(|of| of.get(usize::from(level::NUMBER_NEAR)));
    let near = near.copied().unwrap_or(0.0).max(NUMBER_NEAR);
    set(&mut shares, 9, level::NUMBER_NEAR, near);
    (shares, drawn)
}

/// Of all pairs that both have a value, the share that has the same one, by its class.
fn same(table: &Table, of: impl Fn(&Record) -> u32, class: impl Fn(u32) -> u8) -> [f64; 3] {
    let counts = tally(table.records.iter().map(of).filter(|value| *value != 0));
    let known: u64 = counts.iter().map(|(_, count)| u64::from(*count)).sum();
    let mut agree = [0u64; 3];
    for (value, count) in &counts {
        if let Some(agree) = agree.get_mut(usize::from(class(*value))) {
            *agree += pairs(u64::from(*count));
        }
    }
    agree.map(|agree| real(agree) / real(pairs(known).max(1)))
}

/// Pairs of records that are drawn, the same ones each time, in the order of patterns.
fn drawn(table: &Table) -> Vec<Pattern> {
    let mut comparer = Comparer::new(table);
    let all = wide(table.len());
    let drawn = if all < 2 { 0 } else { DRAWN.min(pairs(all)) };
    let pick = |n: u64| table.get(code(usize::try_from(n).unwrap_or(0)));
    let mut draw_one = |at: u64| {
        let one = draw(1, at, all);
        let other = (one + 1 + draw(2, at, all - 1)) % all;
        comparer.compare(&pick(one), &pick(other))
    };
    let mut drawn: Vec<Pattern> = (0..drawn).map(&mut draw_one).collect();
    drawn.sort_unstable();
    drawn
}
