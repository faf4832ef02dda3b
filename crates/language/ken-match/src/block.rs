//! Which pairs are compared at all: those that share a key of some rule.
//!
//! # Invariants
//!
//! - A pair is a candidate once, under the first rule whose key both have.
//! - No value, however common, makes more than a bounded number of pairs: what is too many for one
//!   key is split by what else is known, and what is still too many is left out and counted.

use crate::number::{code, index, mix, pairs, wide};
use crate::table::{Record, Table};

/// How many rules there are.
pub(crate) const RULES: usize = 15;

/// More records than this under one key are split by a finer one. House policy, measured: below
/// it hardly a true pair is found that no other rule finds.
const FINE: usize = 24;

/// More records than this under the finest key are compared with nobody under it: half a million
/// pairs.
const MANY: usize = 1_000;

/// What splits a key that too many share.
#[derive(Debug, Clone, Copy)]
enum Finer {
    Forename,
    Surname,
    Initial,
    FamilyInitial,
    Born,
    Year,
    Area,
    District,
    Postcode,
}

/// The rules in the order in which they claim a pair; the most telling first.
const FINER: [&[Finer]; RULES] = [
    &[Finer::Born, Finer::Surname, Finer::Forename],
    &[Finer::Born, Finer::Surname, Finer::Forename],
    &[Finer::Initial, Finer::District, Finer::Postcode],
    &[Finer::FamilyInitial, Finer::District, Finer::Postcode],
    &[Finer::FamilyInitial, Finer::Initial, Finer::Postcode],
    &[Finer::Surname, Finer::Year],
    &[Finer::Initial, Finer::Year],
    &[Finer::District, Finer::Born, Finer::Postcode],
    &[Finer::Initial, Finer::Surname, Finer::Forename],
    &[Finer::Year, Finer::Area, Finer::District, Finer::Born],
    &[Finer::Year, Finer::FamilyInitial, Finer::Born],
    &[Finer::Year, Finer::Initial, Finer::Born],
    &[Finer::Surname, Finer::Area, Finer::Born],
    &[Finer::District, Finer::Born],
    &[Finer::Area, Finer::District, Finer::Born],
];

/// A key of some parts; 0, which is no key, where one is missing.
fn key(rule: u64, parts: &[u64]) -> u64 {
    if parts.contains(&0) {
        return 0;
    }
    parts.iter().fold(mix(rule + 1), |all, part| mix(all.rotate_left(21) ^ part)) | 1
}

/// The class by which a forename is looked up: of nicknames, else of sound, else its own.
fn forename_class(record: &Record) -> u64 {
    let name = |mark: u64, code: u32| if code == 0 { 0 } else { mark << 32 | u64::from(code) };
    [name(1, u32::from(record.nickname)), name(2, record.forename_sound), name(3, record.forename)]
        .into_iter()
        .find(|class| *class != 0)
        .unwrap_or(0)
}

fn surname_class(record: &Record) -> u64 {
    let sound = u64::from(record.surname_sound);
    let own = u64::from(record.surname);
    if sound != 0 {
        1 << 32 | sound
    } else if own != 0 {
        2 << 32 | own
    } else {
        0
    }
}

/// The keys of a record, one for each rule.
fn keys(table: &Table, record: &Record) -> [u64; RULES] {
    let (forename, surname) = (forename_class(record), surname_class(record));
    let day = if record.born.day() == 0 { 0 } else { u64::from(record.born.either_way()) };
    let year = u64::from(record.born.digits >> 16);
    let month = if record.born.has_month() { u64::from(record.born.digits >> 8) } else { 0 };
    let (unit, district) = (record.postcode.unit, u64::from(record.postcode.district));
    let [f2, f3, _] = table.names.get(record.forename).starts.map(u64::from);
    let [s2, _, s4] = table.names.get(record.surname).starts.map(u64::from);
    let (a, b) = (u64::from(record.forename), u64::from(record.surname));
    let turned = if a == 0 || b == 0 { 0 } else { mix(a.min(b)) ^ a.max(b) | 1 };
    let house = u64::from(record.address.house) << 32 | u64::from(record.address.street);
    let house = if record.address.street == 0 { 0 } else { house };
    [
        key(0, &[record.chi.number()]),
        key(1, &[record.nhs.number()]),
        key(2, &[surname, day]),
        key(3, &[forename, day]),
        key(4, &[district, day]),
        key(5, &[unit, forename]),
        key(6, &[unit, surname]),
        key(7, &[forename, surname, year]),
        key(8, &[u64::from(record.town), day]),
        key(9, &[f3, s4]),
        key(10, &[district, forename]),
        key(11, &[district, surname]),
        key(12, &[f2, s2, month]),
        key(13, &[turned, year]),
        key(14, &[house, forename]),
    ]
}

fn finer(record: &Record, by: Finer) -> u64 {
    match by {
        Finer::Forename => forename_class(record),
        Finer::Surname => surname_class(record),
        Finer::Initial => u64::from(record.forename_first),
        Finer::FamilyInitial => u64::from(record.surname_first),
        Finer::Born => u64::from(record.born.either_way()),
        Finer::Year => u64::from(record.born.digits >> 16),
        Finer::Area => u64::from(record.postcode.area),
        Finer::District => u64::from(record.postcode.district),
        Finer::Postcode => record.postcode.unit,
    }
}

/// The records that share a key, rule by rule.
pub(crate) struct Blocks {
    /// Keys by record, all rules of one record beside each other, as they were split.
    keys: Vec<[u64; RULES]>,
    rules: Vec<Runs>,
    /// Records that shared the finest key with too many others, by rule.
    pub(crate) left_out: u64,
}

/// Runs of records that share a key.
struct Runs {
    records: Vec<u32>,
    runs: Vec<(u32, u32)>,
}

/// A piece of work: some runs of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    rule: usize,
    from: usize,
    to: usize,
    /// Pairs in it, those that an earlier rule claims included.
    pub(crate) pairs: u64,
}

/// Pairs of a piece of work, about: enough that handing it out costs nothing.
const PIECE: u64 = 200_000;

impl Blocks {
    /// Sorts the records of a table by each rule.
    pub(crate) fn of(table: &Table) -> Self {
        let keys = table.records.iter().map(|record| keys(table, record)).collect();
        let mut blocks = Self { keys, rules: Vec::new(), left_out: 0 };
        for (rule, finer) in FINER.iter().enumerate() {
            let runs = blocks.sort(table, rule, finer);
            blocks.rules.push(runs);
        }
        blocks
    }

    fn sort(&mut self, table: &Table, rule: usize, finer: &[Finer]) -> Runs {
        let keyed = self.keys.iter().enumerate().filter_map(|(record, keys)| {
            let key = keys.get(rule).copied().filter(|key| *key != 0)?;
            Some((key, code(record)))
        });
        let mut keyed = sorted(keyed.collect());
        let mut split = Vec::new();
        let long: Vec<_> = runs(&keyed).filter(|(from, to)| to - from > FINE).collect();
        for (from, to) in long {
            let Some(run) = keyed.get_mut(from..to) else { continue };
            self.left_out += refine(table, run, finer);
            split.extend_from_slice(run);
        }
        for (key, record) in split {
            let keys = self.keys.get_mut(index(record));
            if let Some(own) = keys.and_then(|keys| keys.get_mut(rule)) {
                *own = key;
            }
        }
        let kept = runs(&keyed).filter(|(from, to)| {
            to - from > 1 && keyed.get(*from).is_some_and(|(key, _)| *key != 0)
        });
        let mut all = Runs { records: Vec::new(), runs: Vec::new() };
        for (from, to) in kept {
            let start = code(all.records.len());
            all.records.extend(keyed.get(from..to).into_iter().flatten().map(|(_, record)| record));
            all.runs.push((start, code(all.records.len())));
        }
        all.records.shrink_to_fit();
        all
    }

    /// Whether two records share a key of any rule.
    #[cfg(test)]
    pub(crate) fn share(&self, a: u32, b: u32) -> bool {
        let keys = |record: u32| self.keys.get(index(record)).copied().unwrap_or_default();
        keys(a).iter().zip(keys(b)).any(|(x, y)| *x == y && y != 0)
    }

    /// The work there is, in pieces.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (rule, of) in self.rules.iter().enumerate() {
            let mut piece = Piece { rule, from: 0, to: 0, pairs: 0 };
            for (at, (from, to)) in of.runs.iter().enumerate() {
                piece.pairs += pairs(u64::from(to - from));
                piece.to = at + 1;
                if piece.pairs >= PIECE {
                    pieces.push(piece);
                    piece = Piece { rule, from: at + 1, to: at + 1, pairs: 0 };
                }
            }
            pieces.extend((piece.pairs > 0).then_some(piece));
        }
        pieces
    }

    /// Each pair of a piece that no earlier rule claims.
    pub(crate) fn visit(
        &self,
        table: &Table,
        piece: Piece,
        mut each: impl FnMut((u32, &Record), (u32, &Record)),
    ) {
        let Some(of) = self.rules.get(piece.rule) else { return };
        let mut held: Vec<(u32, Record, [u64; RULES])> = Vec::new();
        for (from, to) in of.runs.get(piece.from..piece.to).unwrap_or_default() {
            let run = of.records.get(index(*from)..index(*to)).unwrap_or_default();
            held.clear();
            held.extend(run.iter().map(|record| {
                let mut keys = self.keys.get(index(*record)).copied().unwrap_or_default();
                keys.iter_mut().skip(piece.rule).for_each(|key| *key = 0);
                (*record, table.get(*record), keys)
            }));
            let mut rest = held.as_slice();
            while let [(one, a, mine), others @ ..] = rest {
                for (other, b, theirs) in others {
                    let both = mine.iter().zip(theirs);
                    let claimed = both.filter(|(x, y)| x == y && **x != 0).count() > 0;
                    if !claimed {
                        each((*one, a), (*other, b));
                    }
                }
                rest = others;
            }
        }
    }
}

/// Sorts by key: once by its highest bits, then each part by itself, where it stays in cache.
fn sorted(keyed: Vec<(u64, u32)>) -> Vec<(u64, u32)> {
    const BITS: u32 = 11;
    let part = |key: u64| usize::try_from(key >> (64 - BITS)).unwrap_or(0);
    let mut starts = vec![0usize; (1 << BITS) + 1];
    for (key, _) in &keyed {
        if let Some(count) = starts.get_mut(part(*key) + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = starts.clone();
    let mut out = vec![(0, 0); keyed.len()];
    for pair in keyed {
        if let Some(at) = next.get_mut(part(pair.0)) {
            if let Some(to) = out.get_mut(*at) {
                *to = pair;
            }
            *at += 1;
        }
    }
    for ends in starts.windows(2) {
        if let [from, to] = ends
            && let Some(part) = out.get_mut(*from..*to)
        {
            part.sort_unstable();
        }
    }
    out
}

/// Where runs of one key begin and end.
fn runs(keyed: &[(u64, u32)]) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    keyed.chunk_by(|a, b| a.0 == b.0).map(move |run| {
        let at = from;
        from += run.len();
        (at, from)
    })
}

/// Splits a run of one key by finer ones as long as it is too long; gives how many records are
/// left out, whose key is 0 from then on.
fn refine(table: &Table, run: &mut [(u64, u32)], by: &[Finer]) -> u64 {
    if run.len() <= FINE {
        return 0;
    }
    let [first, rest @ ..] = by else {
        if run.len() <= MANY {
            return 0;
        }
        for (key, _) in run.iter_mut() {
            *key = 0;
        }
        return wide(run.len());
    };
    for (key, record) in run.iter_mut() {
        let value = finer(&table.get(*record), *first);
        *key = mix(key.rotate_left(17) ^ mix(value)) | 1;
    }
    run.sort_unstable();
    let mut left_out = 0;
    for part in run.chunk_by_mut(|a, b| a.0 == b.0) {
        left_out += refine(table, part, rest);
    }
    left_out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Columns, Row};

    #[test]
    fn what_all_have_makes_no_flood_of_pairs() {
        // All born on one day in one town, and some have nothing else.
        let mut columns = Columns::new();
        for n in 0..6_000u32 {
            let name = format!("{}ora", char::from(b'a' + u8::try_from(n % 26).unwrap()));
            let forename = if n % 2 == 0 { name.as_str() } else { "" };
            let born = "1990-01-01";
            columns.push(&Row { forename, born, town: "Perth", ..Row::default() }).unwrap();
        }
        let table = columns.close();
        let blocks = Blocks::of(&table);
        let pairs: u64 = blocks.pieces().iter().map(|piece| piece.pairs).sum();
        assert!(pairs < 1_000_000, "{pairs}");
        assert!(blocks.left_out >= 3_000, "{}", blocks.left_out);
    }

    #[test]
    fn keys_are_sorted_and_none_is_lost() {
        let keyed: Vec<_> = (0..5_000u32).map(|n| (mix(u64::from(n % 700)), n)).collect();
        let mut want = keyed.clone();
        want.sort_unstable();
        assert!(sorted(keyed) == want);
        assert_eq!(runs(&want).count(), 700);
        assert_eq!(sorted(Vec::new()), []);
    }
}
