//! One pass over all candidate pairs: each becomes a pattern, patterns are counted, and only the
//! pairs that may matter are kept.
//!
//! # Invariants
//!
//! - Memory does not grow with the number of pairs, but with that of the pairs kept.
//! - The answer does not depend on how many threads there are.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::block::{Blocks, Found, WORDS};
use crate::compare::Comparer;
use crate::number::index;
use crate::pattern::Pattern;
use crate::table::Table;

/// Told how far a pass is: pairs done, and pairs in all, those counted twice included.
pub type Note<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// A pair of records and how they agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) pattern: Pattern,
}

/// What a pass saw.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// How many pairs have each pattern that occurs, in the order of patterns.
    pub(crate) histogram: Vec<(Pattern, u64)>,
    /// Of these, how many were found by a number that both hold and by nothing else, or by nothing
    /// but that the table is small: nothing can be learnt of others from them.
    pub(crate) apart: BTreeMap<Pattern, u64>,
    /// How many pairs were found under each rule.
    pub(crate) by_rule: [u64; WORDS.len()],
    /// The pairs whose pattern is kept, in order.
    pub(crate) kept: Vec<Pair>,
    /// How many pairs were compared.
    pub(crate) pairs: u64,
}

/// How often a pattern occurred, and whether pairs of it are kept.
#[derive(Clone, Copy, Default)]
struct Count {
    many: u32,
    keeps: bool,
}

/// Patterns of one page: of all that may be, few ever occur, and those lie together.
const PAGE: usize = 1 << 10;

/// What one thread saw.
struct Part {
    /// By page and place; a page of which no pattern has occurred is empty.
    pages: Vec<Vec<Count>>,
    /// Where a count went round, once for each time.
    over: Vec<Pattern>,
    apart: BTreeMap<Pattern, u64>,
    by_rule: [u64; WORDS.len()],
    kept: Vec<Pair>,
}

/// Compares every candidate pair once, with as many threads as are asked for.
pub(crate) fn pass(
    table: &Table,
    blocks: &Blocks,
    across: bool,
    threads: usize,
    keep: impl Fn(Pattern) -> bool + Sync,
    note: Note<'_>,
) -> Seen {
    let pieces = blocks.pieces();
    let total: u64 = pieces.iter().map(|piece| piece.pairs).sum();
    let (next, done) = (AtomicUsize::new(0), std::sync::atomic::AtomicU64::new(0));
    let work = || {
        let mut comparer = Comparer::new(table);
        let mut part = Part::new();
        while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            blocks.visit(table, *piece, |(one, a), (other, b), found| {
                if across && a.source == b.source {
                    return;
                }
                let pattern = comparer.compare(a, b);
                if let Some(count) = part.by_rule.get_mut(piece.rule()) {
                    *count += 1;
                }
                if found != Found::Key {
                    *part.apart.entry(pattern).or_default() += 1;
                }
                part.take(Pair { a: one.min(other), b: one.max(other), pattern }, &keep);
            });
            let before = done.fetch_add(piece.pairs, Ordering::Relaxed);
            note(before + piece.pairs, total);
        }
        part
    };
    let parts: Vec<Part> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads.clamp(1, 64)).map(|_| scope.spawn(work)).collect();
        let ended = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        // A thread that panicked has not compared its pairs: nothing may be made of the rest.
        ended.map(|part| part.unwrap_or_else(|why| std::panic::resume_unwind(why))).collect()
    });
    gather(parts)
}

impl Part {
    fn new() -> Self {
        let pages = vec![Vec::new(); index(Pattern::COUNT).div_ceil(PAGE)];
        let (over, kept, apart) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { pages, over, apart, by_rule: [0; WORDS.len()], kept }
    }

    fn take(&mut self, pair: Pair, keep: &impl Fn(Pattern) -> bool) {
        let at = index(pair.pattern.number());
        let Some(page) = self.pages.get_mut(at / PAGE) else { return };
        if page.is_empty() {
            page.resize(PAGE, Count::default());
        }
        let Some(count) = page.get_mut(at % PAGE) else { return };
        if count.many == 0 {
            count.keeps = keep(pair.pattern);
        }
        count.many = count.many.wrapping_add(1);
        if count.many == 0 {
            self.over.push(pair.pattern);
        }
        if count.keeps {
            self.kept.push(pair);
        }
    }
}

fn gather(parts: Vec<Part>) -> Seen {
    let mut counts: BTreeMap<Pattern, u64> = BTreeMap::new();
    let mut seen = Seen::default();
    for part in parts {
        for (first, page) in (0..).step_by(PAGE).zip(part.pages) {
            for (at, count) in (first..).zip(page).filter(|(_, count)| count.many > 0) {
                *counts.entry(Pattern::at(at)).or_default() += u64::from(count.many);
            }
        }
        seen.by_rule.iter_mut().zip(part.by_rule).for_each(|(all, count)| *all += count);
        for (pattern, count) in part.apart {
            *seen.apart.entry(pattern).or_default() += count;
        }
        for pattern in part.over {
            *counts.entry(pattern).or_default() += 1 << 32;
        }
        seen.kept.extend(part.kept);
    }
    seen.kept.sort_unstable();
    seen.pairs = counts.values().sum();
    seen.histogram = counts.into_iter().collect();
    seen
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::compare::single;
    use crate::table::{Columns, Row};

    /// Records of few values, so that keys collide and runs must be split.
    fn crowd(records: u64) -> Table {
        let mut columns = Columns::new();
        for n in 0..records {
            let of = |salt: u64, from: &[&'static str]| {
                let at = crate::number::draw(salt, n, crate::number::wide(from.len()));
                from[usize::try_from(at).unwrap()]
            };
            let row = Row {
                forename: of(1, &["Ann", "Anne", "William", "Bill", "Fiona", "", "J"]),
                surname: of(2, &["Smith", "Smyth", "MacLeod", "McLeod", "Smith-Jones", ""]),
                middle: of(3, &["", "Jane", "J", "Ann"]),
                born: of(4, &["1974-03-21", "1974-03-22", "1974", "2001-01-01", "1980-05-06"]),
                sex: of(5, &["F", "M", ""]),
                address: of(6, &["1 High Street", "Flat 2 1 High St", "2 High Street", ""]),
                town: of(7, &["Perth", "Dundee"]),
                postcode: of(8, &["PH1 1AA", "PH11AB", "DD1 4HN", ""]),
                chi: of(9, &["", "", "", "3201209996", "3902000007"]),
                source: of(10, &["a", "b"]),
                ..Row::default()
            };
            columns.push(&row).unwrap();
        }
        columns.close()
    }

    #[test]
    fn each_pair_that_shares_a_key_is_seen_once_and_no_other() {
        let table = crowd(400);
        let blocks = Blocks::by_rules(&table);
        let seen = pass(&table, &blocks, false, 2, |_| true, &|_, _| {});
        let seen_pairs: BTreeSet<_> = seen.kept.iter().map(|pair| (pair.a, pair.b)).collect();
        assert_eq!(seen_pairs.len(), seen.kept.len(), "a pair was seen twice");
        let all = table.numbers().flat_map(|a| (0..a).map(move |b| (b, a)));
        let shared: BTreeSet<_> = all.filter(|(a, b)| blocks.share(*a, *b)).collect();
        assert!(shared.len() > 5_000 && shared.len() < 400 * 399 / 2, "{}", shared.len());
        assert!(shared == seen_pairs);
        assert_eq!(seen.pairs, u64::try_from(shared.len()).unwrap());
        assert_eq!(seen.histogram.iter().map(|(_, count)| count).sum::<u64>(), seen.pairs);
        assert_eq!(seen.by_rule.iter().sum::<u64>(), seen.pairs);
        for pair in &seen.kept {
            assert_eq!(single(&table, pair.a, pair.b), pair.pattern);
            assert_eq!(single(&table, pair.b, pair.a), pair.pattern);
        }
    }

    #[test]
    fn what_nothing_but_a_number_finds_is_told_apart() {
        // Three share a number; the third shares nothing else.
        let mut columns = Columns::new();
        let chi = "3201209996";
        let ann =
            Row { forename: "Ann", surname: "Reid", born: "1980-05-06", chi, ..Row::default() };
        columns.push(&ann).unwrap();
        columns.push(&Row { forename: "Anne", ..ann }).unwrap();
        columns.push(&Row { forename: "Zoe", surname: "Kowalska", born: "", ..ann }).unwrap();
        let table = columns.close();
        for blocks in [Blocks::by_rules(&table), Blocks::of(&table)] {
            let seen = pass(&table, &blocks, false, 1, |_| true, &|_, _| {});
            assert_eq!((seen.pairs, seen.apart.values().sum::<u64>()), (3, 2));
            assert_eq!(seen.apart.get(&single(&table, 0, 1)), None);
            assert!(seen.apart.contains_key(&single(&table, 0, 2)));
        }
    }

    #[test]
    fn threads_change_nothing_and_sources_can_be_kept_apart() {
        let table = crowd(300);
        let blocks = Blocks::of(&table);
        let keep = |pattern: Pattern| pattern.number().is_multiple_of(3);
        let one = pass(&table, &blocks, true, 1, keep, &|_, _| {});
        let four = pass(&table, &blocks, true, 4, keep, &|_, _| {});
        assert!(one == four && !one.kept.is_empty());
        let source = |record| table.get(record).source;
        assert!(one.kept.iter().all(|pair| source(pair.a) != source(pair.b)));
        assert!(one.kept.iter().all(|pair| keep(pair.pattern)));
    }
}
