//! What a table of counts is asked to be: closed lists, and nothing typed but months and why.
//!
//! # Invariants
//!
//! - A table has one or two dimensions of [`Dimension`], no two of them about time, over whole
//!   months that are past.
//! - The lines of a dimension follow from what was asked and from registers, never from what is
//!   counted; a district has a line of its own where people enough are known to live.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use ken_core::{Category, OrganisationId};
use serde::{Deserialize, Serialize};

use crate::control::Unit;

/// Most months of one table. House policy: two years, month beside month.
pub const MONTHS_MAX: i32 = 24;
/// Ages at which the next band begins, in years. House policy: childhood by what the law lets a
/// child do (12, 16, 18), then the bands of published tables.
const BANDS: [i16; 9] = [5, 12, 16, 18, 25, 45, 65, 75, 85];

/// What a table tells people or events apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// Age on the first day, in bands.
    Age,
    /// Sex as recorded.
    Sex,
    /// Postcode district.
    District,
    /// Whose record it is.
    Organisation,
    /// Kind of information.
    Category,
    /// Month in which it happened.
    Month,
    /// Quarter of a year in which it happened.
    Quarter,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Age,
        Self::Sex,
        Self::District,
        Self::Organisation,
        Self::Category,
        Self::Month,
        Self::Quarter,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Sex => "sex",
            Self::District => "district",
            Self::Organisation => "organisation",
            Self::Category => "category",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    /// As it is called on a page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Age => "Age band",
            Self::Sex => "Sex",
            Self::District => "Postcode district",
            Self::Organisation => "Organisation",
            Self::Category => "Kind of information",
            Self::Month => "Month",
            Self::Quarter => "Quarter",
        }
    }

    /// The one with that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// Whether everybody has one value of it, so that adding along it counts nobody twice.
    #[must_use]
    pub const fn is_of_person(self) -> bool {
        matches!(self, Self::Age | Self::Sex | Self::District)
    }

    const fn is_time(self) -> bool {
        matches!(self, Self::Month | Self::Quarter)
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// People, each once in each figure.
    People,
    /// What happened.
    Events,
}

impl Measure {
    /// Both.
    pub const ALL: [Self; 2] = [Self::People, Self::Events];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Events => "events",
        }
    }

    /// As it is called on a page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::People => "People",
            Self::Events => "Events",
        }
    }

    pub(crate) const fn unit(self) -> Unit {
        match self {
            Self::People => Unit::People,
            Self::Events => Unit::Events,
        }
    }
}

/// A table that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its rows.
    pub rows: Dimension,
    /// Its columns, where it has more than one.
    pub columns: Option<Dimension>,
    /// What is counted.
    pub measure: Measure,
    /// The first day of its first month.
    pub from: Date,
    /// The first day after its last month.
    pub until: Date,
    /// Whether what is told is rounded to the nearest five.
    pub rounded: bool,
}

/// Why there is no such table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// Rows and columns are the same, or both of time.
    Dimensions,
    /// No whole months, or more than [`MONTHS_MAX`].
    Months,
    /// The last month is not over.
    NotOver,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dimensions => "Choose other columns than rows, and one of month and quarter",
            Self::Months => "Choose from 1 to 24 months, the first one first",
            Self::NotOver => "Choose months that are over",
        })
    }
}

impl Definition {
    /// Whether it may be asked on a day.
    ///
    /// # Errors
    ///
    /// [`Unfit`].
    pub fn check(&self, today: Date) -> Result<(), Unfit> {
        let both_of_time = self.rows.is_time() && self.columns.is_some_and(Dimension::is_time);
        if self.columns == Some(self.rows) || both_of_time {
            return Err(Unfit::Dimensions);
        }
        let is_whole = self.from.day() == 1 && self.until.day() == 1;
        if !is_whole || !(1..=MONTHS_MAX).contains(&months_between(self.from, self.until)) {
            return Err(Unfit::Months);
        }
        if self.until > today { Err(Unfit::NotOver) } else { Ok(()) }
    }

    /// Whether totals of rows, and of columns, are sums that count nobody twice.
    #[must_use]
    pub(crate) fn sums(&self) -> (bool, bool) {
        let adds = |along: Dimension| self.measure == Measure::People && along.is_of_person();
        (self.columns.is_some_and(adds), adds(self.rows))
    }

    /// The instants between which it counts.
    pub(crate) fn span(&self) -> (Timestamp, Timestamp) {
        (start_of(self.from), start_of(self.until))
    }

    /// Whether both count some of the same days.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.from < other.until && other.from < self.until
    }

    /// Whether it is the same table of as many months before.
    #[must_use]
    pub fn is_later_of(&self, other: &Self) -> bool {
        let months = |of: &Self| months_between(of.from, of.until);
        let shape = |of: &Self| (of.rows, of.columns, of.measure, of.rounded);
        let has_time = self.rows.is_time() || self.columns.is_some_and(Dimension::is_time);
        other.until <= self.from
            && !has_time
            && shape(self) == shape(other)
            && months(self) == months(other)
    }
}

fn months_between(from: Date, until: Date) -> i32 {
    let months = |day: Date| i32::from(day.year()) * 12 + i32::from(day.month());
    months(until) - months(from)
}

fn zone() -> TimeZone {
    // A zone that is missing from the machine costs an hour at most, in summer.
    TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)
}

fn start_of(day: Date) -> Timestamp {
    day.to_zoned(zone()).map_or(Timestamp::MIN, |start| start.timestamp())
}

/// The lines of a dimension: what each is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines {
    dimension: Dimension,
    from: Date,
    /// The organisations or kinds, in their order.
    keys: Vec<String>,
    titles: Vec<String>,
}

/// Organisations whose records are counted, each with its name.
pub type Sources = BTreeMap<OrganisationId, String>;

/// A word of ours as it is read: `care-plan` is `Care plan`.
fn spaced(word: &str) -> String {
    let mut letters = word.replace('-', " ");
    if let Some(first) = letters.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    letters
}

/// What stands for whatever has no line of its own.
pub(crate) const OTHER: &str = "Other or not known";

impl Lines {
    /// The lines of a dimension of a table over these organisations and kinds; none yet of
    /// districts, which follow from who lives there. `most` is how many lines there may be.
    pub(crate) fn of(
        (dimension, definition): (Dimension, &Definition),
        (sources, categories): (&Sources, &BTreeSet<Category>),
        most: usize,
    ) -> Self {
        let (mut keys, mut titles) = match dimension {
            Dimension::Age => (vec![], ages()),
            Dimension::Sex => (
                ["female", "male"].map(str::to_owned).to_vec(),
                ["Female", "Male", OTHER].map(str::to_owned).to_vec(),
            ),
            Dimension::District => (vec![], vec![]),
            Dimension::Organisation => (
                sources.keys().map(ToString::to_string).collect(),
                sources.values().cloned().collect(),
            ),
            Dimension::Category => (
                categories.iter().map(ToString::to_string).collect(),
                categories.iter().map(|one| spaced(one.as_str())).collect(),
            ),
            Dimension::Month => (vec![], months(definition, 1)),
            Dimension::Quarter => (vec![], months(definition, 3)),
        };
        if titles.len() > most || dimension == Dimension::Category {
            keys.truncate(most.saturating_sub(1));
            titles.truncate(most.saturating_sub(1));
            titles.push(OTHER.to_owned());
        }
        Self { dimension, from: definition.from, keys, titles }
    }

    pub(crate) const fn dimension(&self) -> Dimension {
        self.dimension
    }

    pub(crate) fn titles(&self) -> &[String] {
        &self.titles
    }

    /// The last line, which is for the others.
    fn last(&self) -> usize {
        self.titles.len().saturating_sub(1)
    }

    pub(crate) fn of_key(&self, key: &str) -> usize {
        self.keys.iter().position(|one| one == key).unwrap_or_else(|| self.last())
    }

    pub(crate) fn of_age(&self, age: Option<i16>) -> usize {
        age.map_or_else(|| self.last(), |age| BANDS.iter().filter(|start| age >= **start).count())
    }

    /// The line of a moment within the table's days.
    pub(crate) fn of_moment(&self, at: Timestamp) -> usize {
        let day = at.to_zoned(zone()).date();
        let months = usize::try_from(months_between(self.from, day)).unwrap_or(0);
        let line = match self.dimension {
            Dimension::Quarter => quarters(self.from, months),
            _ => months,
        };
        line.min(self.last())
    }
}

/// How many quarters of the calendar begin in so many months after a day.
fn quarters(from: Date, months: usize) -> usize {
    let into = usize::try_from((from.month() - 1) % 3).unwrap_or(0);
    (into + months) / 3
}

fn ages() -> Vec<String> {
    let starts = [0].into_iter().chain(BANDS);
    let ends = BANDS.into_iter().map(Some).chain([None]);
    let band = |(start, end): (i16, Option<i16>)| match end {
        Some(end) => format!("{start} to {}", end - 1),
        None => format!("{start} and over"),
    };
    starts.zip(ends).map(band).chain([OTHER.to_owned()]).collect()
}

/// The months, or the quarters of the calendar, that begin or go on in a table's days.
fn months(definition: &Definition, long: i8) -> Vec<String> {
    let mut titles: Vec<String> = vec![];
    let mut day = definition.from;
    while day < definition.until {
        let title = match long {
            3 => format!("{} quarter {}", day.year(), (day.month() - 1) / 3 + 1),
            _ => format!("{}-{:02}", day.year(), day.month()),
        };
        if titles.last() != Some(&title) {
            titles.push(title);
        }
        day = day.saturating_add(Span::new().months(1));
    }
    titles
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn of(from: Date, until: Date) -> Definition {
        let (rows, columns) = (Dimension::Age, Some(Dimension::Quarter));
        let measure = Measure::People;
        Definition { rows, columns, measure, from, until, rounded: false }
    }

    #[test]
    fn only_whole_months_that_are_over_are_counted() {
        let today = date(2026, 11, 23);
        let check = |from, until, want| assert_eq!(of(from, until).check(today), want);
        check(date(2026, 7, 1), date(2026, 10, 1), Ok(()));
        check(date(2026, 7, 2), date(2026, 10, 1), Err(Unfit::Months));
        check(date(2026, 7, 1), date(2026, 7, 1), Err(Unfit::Months));
        check(date(2024, 7, 1), date(2026, 8, 1), Err(Unfit::Months));
        check(date(2026, 11, 1), date(2026, 12, 1), Err(Unfit::NotOver));
        let same = Definition { columns: Some(Dimension::Age), ..of(today, today) };
        assert_eq!(same.check(today), Err(Unfit::Dimensions));
        let time = Definition { rows: Dimension::Month, ..of(today, today) };
        assert_eq!(time.check(today), Err(Unfit::Dimensions));
    }

    #[test]
    fn everybody_has_one_line_of_an_age_and_each_moment_one_of_time() {
        let table = of(date(2026, 5, 1), date(2026, 11, 1));
        let none = (&BTreeMap::new(), &BTreeSet::new());
        let lines = |dimension| Lines::of((dimension, &table), none, 32);
        let ages = lines(Dimension::Age);
        let title = |age| ages.titles()[ages.of_age(age)].as_str();
        assert_eq!(
            [0, 4, 5, 84, 85, 120].map(|age| title(Some(age))),
            ["0 to 4", "0 to 4", "5 to 11", "75 to 84", "85 and over", "85 and over",]
        );
        assert_eq!(title(None), OTHER);
        let quarters = lines(Dimension::Quarter);
        assert_eq!(quarters.titles(), ["2026 quarter 2", "2026 quarter 3", "2026 quarter 4"]);
        let at = |text: &str| quarters.of_moment(text.parse().unwrap());
        assert_eq!((at("2026-06-30T22:59:59Z"), at("2026-06-30T23:00:00Z")), (0, 1), "in London");
        assert_eq!(at("2026-10-31T12:00:00Z"), 2);
        let months = lines(Dimension::Month);
        assert_eq!(
            (months.titles().len(), months.of_moment("2026-10-31T12:00:00Z".parse().unwrap())),
            (6, 5)
        );
    }

    #[test]
    fn totals_are_told_where_nobody_is_counted_twice() {
        let check = |rows, columns, measure, want| {
            let table = Definition { rows, columns, measure, ..of(Date::MIN, Date::MIN) };
            assert_eq!(table.sums(), want, "{rows:?} {columns:?} {measure:?}");
        };
        let (age, month) = (Dimension::Age, Dimension::Month);
        check(age, Some(month), Measure::People, (false, true));
        check(month, Some(age), Measure::People, (true, false));
        check(month, Some(age), Measure::Events, (false, false));
        check(age, None, Measure::People, (false, true));
        check(month, None, Measure::People, (false, false));
    }
}
