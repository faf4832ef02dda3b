//! Which pairs are compared at all: those that share a key of some rule.
//!
//! # Invariants
//!
//! - A pair is a candidate once, under the first rule whose key both have.
//! - No value, however common, makes more than a bounded number of pairs: what is too many for one
//!   key is split by what else is known, and what is still too many is left out and counted.

use crate::key::{forename_class, key_of, surname_class};
use crate::near::{FETCHED, Near};
use crate::number::{code, index, mix, pairs, wide};
use crate::sort::{Room, runs};
use crate::table::{Record, Table};

/// How many rules there are.
pub(crate) const RULES: usize = 21;

/// What records share under each rule, and last where the table is compared whole.
pub(crate) const WORDS: [&str; RULES + 1] = [
    "CHI number",
    "NHS number",
    "surname and date of birth",
    "forename and date of birth",
    "postcode district and date of birth",
    "postcode and forename",
    "postcode and surname",
    "forename, surname and year of birth",
    "town and date of birth",
    "how forename and surname begin",
    "postcode district and forename",
    "postcode district and surname",
    "how both names begin, and month of birth",
    "names in each other's place, and year of birth",
    "house and forename",
    "e-mail",
    "telephone",
    "a former surname, and date of birth",
    "a former postcode, and forename",
    "a former address, and forename",
    "further number",
    "nothing: the table is small",
];

/// The first of them are by number: records that both hold one. What is learnt from numbers must
/// be of pairs that are found without them too.
const BY_NUMBER: usize = 2;

/// As many records as this at most are compared each with each other, whatever they share: two
/// million pairs, a second's work.
const WHOLE_MAX: usize = 2_000;

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
    &[],
    &[],
    &[Finer::Initial, Finer::District, Finer::Postcode],
    &[Finer::FamilyInitial, Finer::Initial, Finer::Born],
    &[Finer::Area, Finer::District, Finer::Born],
    &[],
];

/// The rules that may find anybody: where nobody has a former surname, postcode or home, those of
/// earlier days would find what others have found.
fn looked_up(table: &Table) -> impl Iterator<Item = usize> + use<> {
    let [mut surname, mut postcode, mut home, mut number] = [false; 4];
    for record in &table.records {
        surname |= record.former != 0;
        postcode |= record.former_unit != 0;
        home |= record.former_home != 0;
        number |= record.number != 0;
    }
    (0..RULES).filter(move |rule| match rule {
        17 => surname,
        18 => postcode,
        19 => home,
        20 => number,
        _ => true,
    })
}

/// Rules whose keys are made at once: a record that is read gives several, and the room for them
/// is asked for once.
const AT_ONCE: usize = 5;

/// Fills `keys` with those of all records by each of some rules.
fn keys(table: &Table, rules: &[usize], keys: &mut [Vec<u64>]) {
    keys.iter_mut().for_each(Vec::clear);
    for record in &table.records {
        for (rule, keys) in rules.iter().zip(keys.iter_mut()) {
            keys.push(key_of(&table.names, record, *rule));
        }
    }
}

/// Those of a run of one key who share with a record what the rule splits a long run by; `None`
/// where too many do. The run does not hold the record itself.
pub(crate) fn split<T>(
    rule: usize,
    mut run: Vec<(T, Record)>,
    record: &Record,
) -> Option<Vec<(T, Record)>> {
    for by in FINER.get(rule).copied().unwrap_or_default() {
        if run.len() < FINE {
            break;
        }
        let own = finer(record, *by);
        run.retain(|(_, other)| finer(other, *by) == own);
    }
    (run.len() < MANY).then_some(run)
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
    rules: Vec<Runs>,
    /// The rules that have any runs, in their order.
    in_use: Vec<usize>,
    /// By record, the run that it is in under each rule in use, from 1; 0 where it is in none. So
    /// it is seen at once which rules claim a pair.
    places: Vec<u32>,
    /// Records that shared the finest key with too many others, by rule.
    pub(crate) left_out: u64,
}

/// By what a pair is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// By a key that is made of more than numbers.
    Key,
    /// By a number that both hold, and by nothing else.
    Number,
    /// By nothing but that the table is small.
    Whole,
}

/// Runs of records that share a key.
#[derive(Default)]
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

impl Piece {
    /// The place of its rule in [`WORDS`].
    pub(crate) const fn rule(self) -> usize {
        self.rule
    }
}

/// Pairs of a piece of work, about: enough that handing it out costs nothing.
const PIECE: u64 = 200_000;

impl Blocks {
    /// Sorts the records of a table by each rule; a small table is compared whole.
    pub(crate) fn of(table: &Table) -> Self {
        let mut blocks = Self::by_rules(table);
        if table.len() <= WHOLE_MAX {
            // Each record with each other that no rule has found; nobody is left out.
            let records: Vec<u32> = table.numbers().collect();
            let runs = if records.len() > 1 { vec![(0, code(records.len()))] } else { Vec::new() };
            blocks.rules.push(Runs { records, runs });
            blocks.left_out = 0;
        }
        blocks
    }

    /// Sorts the records of a table by each rule.
    pub(crate) fn by_rules(table: &Table) -> Self {
        let (mut left_out, mut room) = (0, Room::default());
        let mut rules: Vec<Runs> = FINER.iter().map(|_| Runs::default()).collect();
        let mut made: Vec<_> = (0..AT_ONCE).map(|_| Vec::with_capacity(table.len())).collect();
        let looked_up: Vec<usize> = looked_up(table).collect();
        for group in looked_up.chunks(AT_ONCE) {
            keys(table, group, &mut made);
            for (rule, keys) in group.iter().zip(&made) {
                let finer = FINER.get(*rule).copied().unwrap_or_default();
                let (runs, without) = Runs::of(table, keys, finer, &mut room);
                left_out += without;
                if let Some(of) = rules.get_mut(*rule) {
                    *of = runs;
                }
            }
        }
        drop((made, room));
        let in_use = rules.iter().enumerate().filter(|(_, of)| !of.runs.is_empty());
        let in_use: Vec<usize> = in_use.map(|(rule, _)| rule).collect();
        let by_rule: Vec<Vec<u32>> = rules
            .iter()
            .filter(|of| !of.runs.is_empty())
            .map(|of| of.places(table.len()))
            .collect();
        let mut by_rule: Vec<_> = by_rule.iter().map(|of| of.iter()).collect();
        let mut places = Vec::with_capacity(table.len() * in_use.len());
        for _ in table.numbers() {
            places.extend(by_rule.iter_mut().filter_map(Iterator::next));
        }
        Self { rules, in_use, places, left_out }
    }

    /// The runs that a record is in under the first `many` rules in use.
    fn places(&self, record: u32, many: usize) -> &[u32] {
        let from = index(record).saturating_mul(self.in_use.len());
        self.places.get(from..from.saturating_add(many)).unwrap_or_default()
    }

    /// Whether two records share a key of any rule.
    #[cfg(test)]
    pub(crate) fn share(&self, a: u32, b: u32) -> bool {
        self.share_from(0, a, b)
    }

    /// Whether two records share a key of a rule from one on.
    fn share_from(&self, rule: usize, a: u32, b: u32) -> bool {
        let places = |record: u32| self.places(record, self.in_use.len());
        let both = places(a).iter().zip(places(b));
        both.zip(&self.in_use).any(|((x, y), of)| *of >= rule && x == y && *x != 0)
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

    /// Each pair of a piece that no earlier rule claims, and by what it is found.
    pub(crate) fn visit(
        &self,
        table: &Table,
        piece: Piece,
        mut each: impl FnMut((u32, &Record), (u32, &Record), Found),
    ) {
        let found = |one: u32, other: u32| match piece.rule {
            RULES => Found::Whole,
            0..BY_NUMBER if !self.share_from(BY_NUMBER, one, other) => Found::Number,
            _ => Found::Key,
        };
        let Some(of) = self.rules.get(piece.rule) else { return };
        let earlier = self.in_use.iter().take_while(|rule| **rule < piece.rule).count();
        let mut near = Near::default();
        let mut left = of.runs.get(piece.from..piece.to).unwrap_or_default();
        while let Some((from, _)) = left.first() {
            let most = from.saturating_add(FETCHED);
            let many = left.partition_point(|(_, to)| *to <= most).max(1);
            let (runs, rest) = left.split_at_checked(many).unwrap_or((left, &[]));
            left = rest;
            let till = runs.last().map_or(*from, |(_, to)| *to);
            let records = of.records.get(index(*from)..index(till)).unwrap_or_default();
            near.fetch(records.iter().map(|record| self.places(*record, earlier)), earlier);
            near.pairs(runs.iter().map(|(a, b)| index(a - from)..index(b - from)), |near| {
                near.compare(table, records, |one, other| each(one, other, found(one.0, other.0)));
            });
        }
    }
}

impl Runs {
    /// Sorts records by their keys, of which 0 is none; gives how many records are left out, too.
    fn of(table: &Table, keys: &[u64], finer: &[Finer], room: &mut Room) -> (Self, u64) {
        let keyed = keys.iter().zip(0..).filter(|(key, _)| **key != 0);
        let keyed = room.sort(keyed.map(|(key, record)| (*key, record)));
        let long: Vec<_> = runs(keyed).filter(|(from, to)| to - from > FINE).collect();
        let mut left_out = 0;
        for (from, to) in long {
            left_out += keyed.get_mut(from..to).map_or(0, |run| refine(table, run, finer));
        }
        let kept = || {
            runs(keyed).filter_map(|(from, to)| keyed.get(from..to)).filter(|run| match run {
                [(key, _), _, ..] => *key != 0,
                _ => false,
            })
        };
        let mut all = Self {
            records: Vec::with_capacity(kept().map(<[_]>::len).sum()),
            runs: Vec::with_capacity(kept().count()),
        };
        for run in kept() {
            let from = code(all.records.len());
            all.records.extend(run.iter().map(|(_, record)| record));
            all.runs.push((from, code(all.records.len())));
        }
        (all, left_out)
    }

    /// The run that each of so many records is in, from 1.
    fn places(&self, records: usize) -> Vec<u32> {
        let mut places = vec![0; records];
        for ((from, to), run) in self.runs.iter().zip(1..) {
            for record in self.records.get(index(*from)..index(*to)).unwrap_or_default() {
                if let Some(place) = places.get_mut(index(*record)) {
                    *place = run;
                }
            }
        }
        places
    }
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

    /// Whether rules find a pair of records.
    fn found(a: &Row<'_>, b: &Row<'_>) -> bool {
        let mut columns = Columns::new();
        columns.push(a).unwrap();
        columns.push(b).unwrap();
        Blocks::by_rules(&columns.close()).share(0, 1)
    }

    #[test]
    fn what_one_had_before_finds_who_has_it_now() {
        let before = Row {
            forename: "Ann",
            surname: "Reid",
            born: "1980-05-06",
            address: "1 High Street",
            postcode: "PH1 1AA",
            email: "ann@example.org",
            phone: "01738 496 000",
            ..Row::default()
        };
        // All else is another's.
        let after = Row {
            forename: "Zoe",
            surname: "Kowalska",
            born: "1999-11-12",
            address: "7 Low Road",
            postcode: "DD1 4HN",
            ..Row::default()
        };
        assert!(!found(&before, &after));
        assert!(found(&before, &Row { email: "Ann@example.org", ..after }));
        assert!(found(&before, &Row { phone: "+44 1738 496000", ..after }));
        assert!(!found(&before, &Row { phone: "+44 1738 496001", ..after }));
        let same_day = Row { born: "1980-05-06", ..after };
        assert!(!found(&before, &same_day));
        assert!(found(&before, &Row { former_surname: "Reid", ..same_day }));
        let same_name = Row { forename: "Annie", ..after };
        assert!(!found(&before, &same_name));
        assert!(found(&before, &Row { former_postcode: "PH11AA", ..same_name }));
        assert!(found(&before, &Row { former_address: "1 High St", ..same_name }));
    }

    #[test]
    fn a_small_table_is_compared_whole() {
        let mut columns = Columns::new();
        for n in 0..40u32 {
            columns.push(&Row { forename: &format!("name {n}"), ..Row::default() }).unwrap();
        }
        let blocks = Blocks::of(&columns.close());
        assert_eq!(blocks.pieces().iter().map(|piece| piece.pairs).sum::<u64>(), 40 * 39 / 2);
    }
}
