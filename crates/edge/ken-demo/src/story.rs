//! The people whose stories were written by hand, told over the five years before the start.
//!
//! Days are counted back from the start, so that Morag is 78 whenever the demo begins.

mod drummond;
mod families;
mod safety;
mod strath;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use ken_core::PartialDate;
use ken_core::identifier::NhsNumber;

use crate::event::{Event, What};
use crate::names::Sex;
use crate::person::{Kin, Person};
use crate::place::{Address, Region, mobile};
use crate::practitioner::Practitioner;

/// Somebody's story.
#[derive(Debug, Clone, Copy)]
pub struct Story {
    /// A short word for them.
    pub handle: &'static str,
    /// Given name.
    pub given: &'static str,
    /// Middle name.
    pub middle: Option<&'static str>,
    /// Family name.
    pub family: &'static str,
    /// The family name before, and how many days ago it changed.
    pub former: Option<(&'static str, i64)>,
    /// What they like to be called.
    pub known_as: Option<&'static str>,
    /// As recorded.
    pub sex: Sex,
    /// When they were born.
    pub born: Born,
    /// How many days ago they died.
    pub died_ago: Option<i64>,
    /// Their partnership.
    pub region: Region,
    /// Street, town and postcode.
    pub home: Option<(&'static str, &'static str, &'static str)>,
    /// The drama number of their telephone.
    pub phone: Option<u64>,
    /// Their language, where it is not English.
    pub language: Option<&'static str>,
    /// Whether they need an interpreter.
    pub interpreter: bool,
    /// Which numbers they have.
    pub numbers: Numbers,
    /// Family and carers.
    pub kin: &'static [Kin],
    /// Their Named Person (`NP`) and Lead Professional (`LP`), by the practitioner's key.
    pub team: &'static [(&'static str, &'static str)],
    /// What to try first when signed in as them; `None` where they have no sign-in.
    pub try_first: Option<&'static str>,
    /// What happened, oldest first.
    pub lines: &'static [Line],
    /// What happened again and again, so that a record is long.
    pub often: Option<Often>,
}

/// The same thing, again and again.
#[derive(Debug, Clone, Copy)]
pub struct Often {
    /// How many days ago first, and last.
    days_ago: (i64, i64),
    /// How many days lie between.
    every: usize,
    /// What, with the time of day and who told it.
    line: Line,
}

impl Often {
    fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        let (first, last) = self.days_ago;
        let days = (last..=first).rev().step_by(self.every);
        days.map(|days_ago| Line { days_ago, ..self.line })
    }
}

/// When somebody was born.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Born {
    /// So many whole years and days before the start.
    Ago(i16, i64),
    /// Only the year is known: so many years before the start's.
    Year(i16),
}

/// Which numbers somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// A CHI and a UCRN.
    Scottish,
    /// Those, and an NHS number.
    FromEngland,
    /// None but what one source calls them.
    Local,
    /// None, and it is unclear who of several they are.
    Unclear,
}

/// One event of a story.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    days_ago: i64,
    at: (i8, i8),
    by: &'static str,
    what: What,
}

/// A line: how many days ago, when, told by a practitioner (or by an organisation's system), what.
const fn line(days_ago: i64, at: (i8, i8), by: &'static str, what: What) -> Line {
    Line { days_ago, at, by, what }
}

const fn seen(days_ago: i64, at: (i8, i8), by: &'static str, reason: &'static str) -> Line {
    line(days_ago, at, by, What::Seen { place: "Surgery", reason, emergency: false })
}

const fn emergency(days_ago: i64, at: (i8, i8), by: &'static str, reason: &'static str) -> Line {
    line(days_ago, at, by, What::Seen { place: "Emergency department", reason, emergency: true })
}

const fn social(
    days_ago: i64,
    at: (i8, i8),
    by: &'static str,
    title: &'static str,
    text: &'static str,
) -> Line {
    line(days_ago, at, by, What::SocialWork { title, text })
}

const fn school(
    days_ago: i64,
    at: (i8, i8),
    by: &'static str,
    title: &'static str,
    text: &'static str,
) -> Line {
    line(days_ago, at, by, What::School { title, text })
}

impl Story {
    /// The frame of a story, to be filled in.
    const BLANK: Self = Self {
        handle: "",
        given: "",
        middle: None,
        family: "",
        former: None,
        known_as: None,
        sex: Sex::Female,
        born: Born::Ago(40, 0),
        died_ago: None,
        region: Region::Glen,
        home: None,
        phone: None,
        language: None,
        interpreter: false,
        numbers: Numbers::Scottish,
        kin: &[],
        team: &[],
        try_first: None,
        lines: &[],
        often: None,
    };

    /// The person, as the `number`th of the list.
    #[must_use]
    pub fn person(&self, number: u32, start: Date) -> Person {
        let day = |ago: i64| start.saturating_sub(Span::new().days(ago));
        let scottish = matches!(self.numbers, Numbers::Scottish | Numbers::FromEngland);
        Person {
            number,
            handle: Some(self.handle),
            given: self.given.to_owned(),
            middle: self.middle.map(str::to_owned),
            family: self.family.to_owned(),
            former: self.former.map(|(family, ago)| (family.to_owned(), day(ago))),
            known_as: self.known_as,
            sex: self.sex,
            born: self.born.on(start),
            died: self.died_ago.map(day),
            region: self.region,
            household: self.household(number),
            home: self.home.map(|(line, town, postcode)| Address::at(line, town, postcode)),
            moved: None,
            phone: self.phone.map(mobile),
            chi: scottish.then(|| Person::impossible_chi(number, self.sex)),
            nhs: (self.numbers == Numbers::FromEngland)
                .then(|| NhsNumber::impossible(u64::from(number))),
            ucrn: scottish.then(|| Person::impossible_ucrn(number)).flatten(),
            language: self.language,
            interpreter: self.interpreter,
            kin: self.kin,
            team: self.team,
            unclear: self.numbers == Numbers::Unclear,
        }
    }

    /// Stories under one roof share the household of the first.
    fn household(&self, number: u32) -> u32 {
        let shares = |(_, other): &(u32, &Self)| self.home.is_some() && other.home == self.home;
        (0..).zip(stories()).find(shares).map_or(number, |(first, _)| first)
    }

    /// What happened to them, oldest first.
    pub fn events(&self, number: u32, start: Date) -> impl Iterator<Item = Event> + '_ {
        let often = self.often.iter().flat_map(Often::lines);
        let lines = self.lines.iter().copied().chain(often);
        let mut events: Vec<_> = lines.filter_map(|line| line.event(number, start)).collect();
        // Stable: what is told first of one moment stays first.
        events.sort_by_key(|event| event.at);
        events.into_iter()
    }
}

impl Born {
    fn on(self, start: Date) -> PartialDate {
        match self {
            Self::Ago(years, days) => {
                start.saturating_sub(Span::new().years(years).days(days)).into()
            }
            Self::Year(years) => PartialDate::Year(start.year() - years),
        }
    }
}

impl Line {
    fn event(&self, person: u32, start: Date) -> Option<Event> {
        let author = Practitioner::find(self.by);
        Some(Event {
            at: moment(start, self.days_ago, self.at)?,
            person,
            organisation: author.map_or(self.by, |author| author.organisation),
            author: author.map(|author| author.key),
            what: self.what,
        })
    }
}

/// A moment before the start, by the clocks of the United Kingdom.
pub(crate) fn moment(start: Date, days_ago: i64, (hour, minute): (i8, i8)) -> Option<Timestamp> {
    let day = start.saturating_sub(Span::new().days(days_ago));
    let zone = jiff::tz::TimeZone::get("Europe/London").unwrap_or(jiff::tz::TimeZone::UTC);
    day.at(hour, minute, 0, 0).to_zoned(zone).ok().map(|zoned| zoned.timestamp())
}

/// Every story, the best known first.
pub fn stories() -> impl Iterator<Item = &'static Story> {
    [drummond::STORIES, safety::STORIES, families::STORIES, strath::STORIES].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;
    use crate::organisation::Organisation;
    use crate::place::is_impossible_postcode;

    const START: Date = date(2026, 11, 21);

    #[test]
    fn a_dozen_stories_and_more() {
        let handles: BTreeSet<_> = stories().map(|story| story.handle).collect();
        assert_eq!(handles.len(), stories().count());
        assert!(handles.len() >= 12, "{}", handles.len());
    }

    #[test]
    fn each_is_told_in_order_by_somebody_who_exists() {
        for story in stories() {
            let events: Vec<Event> = story.events(0, START).collect();
            let often = story.often.iter().flat_map(Often::lines).count();
            assert_eq!(events.len(), story.lines.len() + often, "{}", story.handle);
            assert!(story.lines.is_sorted_by_key(|line| (-line.days_ago, line.at)));
            assert!(events.is_sorted_by_key(|event| event.at), "{}", story.handle);
            assert!(events.iter().all(|event| Organisation::find(event.organisation).is_some()));
            let last = moment(START, 0, (0, 0)).unwrap();
            assert!(events.iter().all(|event| event.at < last), "{}", story.handle);
            let first = moment(START, 5 * 366, (0, 0)).unwrap();
            assert!(events.iter().all(|event| event.at >= first), "{}", story.handle);
            let registered = events.first().is_some_and(|event| event.what == What::Registered);
            assert!(registered, "{}", story.handle);
        }
    }

    #[test]
    fn one_record_is_longer_than_a_page() {
        let longest = stories().map(|story| story.events(0, START).count()).max();
        assert!(longest > Some(ken_records::PART_MAX + 20), "{longest:?}");
    }

    #[test]
    fn each_organisation_registers_before_it_tells_more() {
        for story in stories() {
            let mut known = BTreeSet::new();
            for event in story.events(0, START) {
                if event.what == What::Registered {
                    known.insert(event.organisation);
                }
                let (who, by) = (story.handle, event.organisation);
                assert!(known.contains(event.organisation), "{who} by {by}");
            }
        }
    }

    #[test]
    fn ages_are_what_the_stories_say() {
        let check = |handle: &str, age: i16| {
            let story = stories().find(|story| story.handle == handle).unwrap();
            for start in [START, date(2027, 3, 1), date(2028, 2, 29)] {
                assert_eq!(story.person(0, start).age_on(start), age, "{handle} on {start}");
            }
        };
        check("morag", 78);
        check("isla", 9);
        check("finlay", 15);
        let finlay = stories().find(|story| story.handle == "finlay").unwrap().person(0, START);
        let birthday = START.saturating_add(Span::new().days(30));
        assert_eq!(finlay.age_on(birthday), 16, "he turns 16 within the month");
    }

    #[test]
    fn no_letter_reaches_them() {
        for (_, _, postcode) in stories().filter_map(|story| story.home) {
            assert!(is_impossible_postcode(postcode), "{postcode}");
        }
    }
}
