//! Counting, a person at a time: what happened to each goes into the figures, and is forgotten.
//!
//! # Invariants
//!
//! - What is in memory grows with the lines of the table and with the districts of a country, and
//!   not with the people.
//! - What comes of it is [`Counts`], of which nothing can be told before it is protected.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::control::{Cell, Counts, PEOPLE_MIN, Protected, SIDE_MAX};
use crate::define::{Definition, Dimension, Lines, OTHER};

/// Most districts that are told apart while it is counted. House policy: the United Kingdom has
/// about three thousand; what is beyond is among the others.
const DISTRICTS_MAX: usize = 4_000;

/// What of a person is counted by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Somebody {
    pub(crate) age: Option<i16>,
    pub(crate) sex: Option<&'static str>,
    pub(crate) district: Option<String>,
}

/// Something that happened: in whose record, of which kind, when.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) organisation: String,
    pub(crate) category: String,
    pub(crate) at: Timestamp,
}

/// A table while it is counted.
#[derive(Debug)]
pub(crate) struct Counter {
    definition: Definition,
    rows: Lines,
    columns: Option<Lines>,
    /// Districts by the order in which they were met, and how many people live in each, whether
    /// anything happened to them or not.
    districts: BTreeMap<String, usize>,
    lived: BTreeMap<usize, u64>,
    within: BTreeMap<(usize, usize), Cell>,
    across: BTreeMap<usize, Cell>,
    down: BTreeMap<usize, Cell>,
    all: Cell,
}

/// A table that was counted and may be told, with what its lines are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) rows: Vec<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) told: Protected,
}

impl Counter {
    pub(crate) fn new(definition: Definition, rows: Lines, columns: Option<Lines>) -> Self {
        Self {
            definition,
            rows,
            columns,
            districts: BTreeMap::new(),
            lived: BTreeMap::new(),
            within: BTreeMap::new(),
            across: BTreeMap::new(),
            down: BTreeMap::new(),
            all: Cell::default(),
        }
    }

    /// Takes in what happened to one person.
    pub(crate) fn add(&mut self, somebody: &Somebody, events: &[Event]) {
        let district = self.district(somebody.district.as_deref());
        *self.lived.entry(district).or_default() += 1;
        let line = |lines: &Lines, event: &Event| match lines.dimension() {
            Dimension::Age => lines.of_age(somebody.age),
            Dimension::Sex => lines.of_key(somebody.sex.unwrap_or_default()),
            Dimension::District => district,
            Dimension::Organisation => lines.of_key(&event.organisation),
            Dimension::Category => lines.of_key(&event.category),
            Dimension::Month | Dimension::Quarter => lines.of_moment(event.at),
        };
        let mut own: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        let (mut across, mut down) = (BTreeMap::<usize, u64>::new(), BTreeMap::<usize, u64>::new());
        for event in events {
            let row = line(&self.rows, event);
            let column = self.columns.as_ref().map_or(0, |columns| line(columns, event));
            *own.entry((row, column)).or_default() += 1;
            *across.entry(row).or_default() += 1;
            *down.entry(column).or_default() += 1;
        }
        for (at, count) in own {
            self.within.entry(at).or_default().add(count);
        }
        for (row, count) in across {
            self.across.entry(row).or_default().add(count);
        }
        for (column, count) in down {
            self.down.entry(column).or_default().add(count);
        }
        if !events.is_empty() {
            self.all.add(u64::try_from(events.len()).unwrap_or(u64::MAX));
        }
    }

    /// The line of a district; that of the others, which is the first, where it is not known.
    fn district(&mut self, district: Option<&str>) -> usize {
        let Some(district) = district else { return 0 };
        if let Some(line) = self.districts.get(district) {
            return *line;
        }
        if self.districts.len() >= DISTRICTS_MAX {
            return 0;
        }
        let line = self.districts.len() + 1;
        self.districts.insert(district.to_owned(), line);
        line
    }

    /// The table, protected; none where it is wider than a table may be.
    pub(crate) fn finish(self, draw: u64) -> Option<Table> {
        let is_district = |lines: &Lines| lines.dimension() == Dimension::District;
        let rows =
            if is_district(&self.rows) { self.lived_in() } else { Side::of(self.rows.titles()) };
        let columns = match &self.columns {
            None => Side::of(&[self.definition.measure.title().to_owned()]),
            Some(lines) if is_district(lines) => self.lived_in(),
            Some(lines) => Side::of(lines.titles()),
        };
        let mut within = vec![vec![Cell::default(); columns.titles.len()]; rows.titles.len()];
        for ((row, column), cell) in &self.within {
            let into =
                within.get_mut(rows.to(*row)).and_then(|row| row.get_mut(columns.to(*column)));
            into?.join(*cell);
        }
        let totals = (rows.fold(&self.across), columns.fold(&self.down), self.all);
        let unit = self.definition.measure.unit();
        let counts = Counts::new(unit, within, totals, self.definition.sums())?;
        let mut told = counts.protect(draw);
        if self.definition.rounded {
            told.round();
        }
        Some(Table { rows: rows.titles, columns: columns.titles, told })
    }

    /// The districts in which people enough are known to live, and the others. Which these are
    /// says nothing of what is counted: most of those people are in no figure.
    fn lived_in(&self) -> Side {
        let is_enough = |line: &usize| self.lived.get(line).is_some_and(|of| *of >= PEOPLE_MIN);
        let mut own: Vec<_> = self.districts.iter().filter(|(_, line)| is_enough(line)).collect();
        own.truncate(SIDE_MAX - 1);
        let titles =
            own.iter().map(|(name, _)| (*name).clone()).chain([OTHER.to_owned()]).collect();
        let lines = own.iter().enumerate().map(|(at, (_, line))| (**line, at)).collect();
        Side { titles, lines: Some(lines) }
    }
}

/// One side of a table: what its lines are called, and which line each counted one became.
struct Side {
    titles: Vec<String>,
    /// None where they are the same.
    lines: Option<BTreeMap<usize, usize>>,
}

impl Side {
    fn of(titles: &[String]) -> Self {
        Self { titles: titles.to_vec(), lines: None }
    }

    fn to(&self, line: usize) -> usize {
        let last = self.titles.len().saturating_sub(1);
        self.lines.as_ref().map_or(line, |lines| lines.get(&line).copied().unwrap_or(last))
    }

    fn fold(&self, counted: &BTreeMap<usize, Cell>) -> Vec<Cell> {
        let mut folded = vec![Cell::default(); self.titles.len()];
        for (line, cell) in counted {
            if let Some(into) = folded.get_mut(self.to(*line)) {
                into.join(*cell);
            }
        }
        folded
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::civil::date;

    use super::*;
    use crate::define::Measure;

    fn counter(rows: Dimension, columns: Option<Dimension>, measure: Measure) -> Counter {
        let (from, until) = (date(2026, 1, 1), date(2026, 7, 1));
        let definition = Definition { rows, columns, measure, from, until, rounded: false };
        let of = |id: &str| (id.parse().unwrap(), format!("Glen {id}"));
        let sources = BTreeMap::from(["cec", "nhsl"].map(of));
        let kinds = BTreeSet::from(["concern", "encounters"].map(|kind| kind.parse().unwrap()));
        let lines = |of| Lines::of((of, &definition), (&sources, &kinds), SIDE_MAX);
        Counter::new(definition.clone(), lines(rows), columns.map(lines))
    }

    fn event(organisation: &str, day: &str) -> Event {
        Event {
            organisation: organisation.to_owned(),
            category: "concern".to_owned(),
            at: format!("{day}T12:00:00Z").parse().unwrap(),
        }
    }

    fn aged(age: i16, district: &str) -> Somebody {
        Somebody { age: Some(age), sex: Some("female"), district: Some(district.to_owned()) }
    }

    #[test]
    fn each_person_is_counted_once_in_each_figure() {
        let mut counter =
            counter(Dimension::Organisation, Some(Dimension::Quarter), Measure::People);
        for _ in 0..5 {
            let of = ["2026-01-02", "2026-02-03", "2026-04-05"].map(|day| event("cec", day));
            counter.add(&aged(30, "EH6"), &of);
        }
        for _ in 0..7 {
            counter
                .add(&aged(30, "EH6"), &[event("nhsl", "2026-05-01"), event("cec", "2026-05-02")]);
        }
        let table = counter.finish(7).unwrap();
        assert_eq!(table.rows, ["Glen cec", "Glen nhsl"]);
        assert_eq!(table.told.figures, [[Some(5), Some(12)], [None, Some(7)]]);
        assert_eq!((&table.told.across, &table.told.down, table.told.all), (&None, &None, None));
    }

    #[test]
    fn a_district_of_few_is_among_the_others() {
        let mut counter = counter(Dimension::District, None, Measure::Events);
        for (district, people) in [("EH6", 6), ("ZE2", 1), ("EH1", 5), ("KW1", 4)] {
            for _ in 0..people {
                counter.add(&aged(30, district), &[event("cec", "2026-05-02")]);
            }
        }
        // Lines are of who lives there, not of who is counted.
        for _ in 0..5 {
            counter.add(&aged(30, "EH9"), &[]);
        }
        let table = counter.finish(7).unwrap();
        assert_eq!(table.rows, ["EH1", "EH6", "EH9", OTHER]);
        let told: Vec<_> = table.told.figures.concat();
        assert_eq!(told, [Some(5), Some(6), None, Some(5)]);
        assert!(table.told.down.is_none(), "events have no totals");
    }

    #[test]
    fn whoever_has_no_events_is_in_no_figure() {
        let mut counter = counter(Dimension::Age, None, Measure::People);
        for _ in 0..9 {
            counter.add(&aged(30, "EH6"), &[]);
        }
        let table = counter.finish(7).unwrap();
        assert!(table.told.figures.concat().iter().all(Option::is_none));
    }
}
