//! One pair has one score, whoever stands before or after it and however many compare.

use std::collections::BTreeMap;

use ken_match::{Columns, Model, Options, Outcome, Row, compare, finish};

use crate::people::Chance;

/// Rows of few values, so that keys collide, runs are split and names are alike.
fn rows(seed: u64, count: usize) -> Vec<[&'static str; 9]> {
    let mut chance = Chance::new(seed);
    let mut of = |from: &[&'static str]| {
        from[usize::try_from(chance.below(u64::try_from(from.len()).unwrap())).unwrap()]
    };
    let mut row = || {
        [
            of(&["Ann", "Anne", "William", "Bill", "Fiona", "Mhairi", "Xiu", "", "J", "Agnieszka"]),
            of(&["Smith", "Smyth", "MacLeod", "McLeod", "Smith-Jones", "Kowalska", "Ng", ""]),
            of(&["1974-03-21", "1974-03-22", "1974", "2001-01-01", "1980-06-05", "1980-05-06"]),
            of(&["1 High Street", "Flat 2 1 High St", "2 High Street", "9 Low Road", ""]),
            of(&["PH1 1AA", "PH1 1AB", "DD1 4HN", "EH1 2NG", ""]),
            of(&["a@example.org", "b@example.org", "", "", "", ""]),
            of(&["01738 496 000", "", "", "", ""]),
            of(&["", "", "", "3201209996", "3902000007"]),
            of(&["", "", "QQ123456C", "QQ123465C", "7654321"]),
        ]
    };
    (0..count).map(|_| row()).collect()
}

fn matched(rows: &[[&str; 9]], order: &[usize], threads: usize) -> Outcome {
    let mut columns = Columns::new();
    for at in order {
        let [forename, surname, born, address, postcode, email, phone, chi, number] = rows[*at];
        let names = Row { forename, surname, born, address, ..Row::default() };
        columns.push(&Row { postcode, email, phone, chi, number, ..names }).unwrap();
    }
    let table = columns.close();
    let options = Options { threads, ..Options::default() };
    let compared = compare(&table, &options, &|_, _| {});
    finish(&table, compared, Model::shipped().unwrap(), &options)
}

/// Scores to the bit, by the rows' own numbers.
fn scores(of: &Outcome, order: &[usize]) -> BTreeMap<(usize, usize), (u64, u64, String)> {
    let row = |record: u32| order[usize::try_from(record).unwrap()];
    let links = of.scored.iter().map(|link| {
        let (a, b) = (row(link.one), row(link.other));
        let score = (link.bits.to_bits(), link.probability.to_bits(), link.pattern.to_string());
        ((a.min(b), a.max(b)), score)
    });
    links.collect()
}

#[test]
fn scores_do_not_depend_on_order_or_threads() {
    // More than are compared whole, and fewer.
    for (seed, count) in [(1, 2_400), (2, 300)] {
        let rows = rows(seed, count);
        let forward: Vec<usize> = (0..count).collect();
        let back: Vec<usize> = forward.iter().rev().copied().collect();
        let mut mixed = forward.clone();
        let mut chance = Chance::new(seed + 10);
        for at in (1..count).rev() {
            let other = usize::try_from(chance.below(u64::try_from(at + 1).unwrap())).unwrap();
            mixed.swap(at, other);
        }
        let first = matched(&rows, &forward, 1);
        let want = scores(&first, &forward);
        assert!(want.len() > 1_000, "{}", want.len());
        for (order, threads) in [(&forward, 4), (&back, 1), (&mixed, 3)] {
            let other = matched(&rows, order, threads);
            assert_eq!((other.pairs, other.left_out), (first.pairs, first.left_out));
            assert!(scores(&other, order) == want, "seed {seed}, {threads} threads");
        }
    }
}
