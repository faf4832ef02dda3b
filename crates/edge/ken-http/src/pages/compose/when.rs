//! When something happened, as exactly as anybody said, and what two sources would both call it.
//!
//! # Invariants
//!
//! - A date is told no more exactly than it was given: a month stays a month.
//! - Only what stands, and what its source itself has called so in words of its own, is an account
//!   that may be of one event with another's.

use jiff::Timestamp;
use jiff::civil::Date;
use ken_care::chronology::Account;
use ken_core::PartialDate;
use ken_fhir::{Appointment, Condition, DateTime, DocumentReference, Encounter, Flag, Resource};

use super::Held;
use crate::view::words;

/// Fewest words of a title that say what happened: `Phone call` and `Home visit` are said of very
/// many things, and two on one day are two. House policy.
const TITLE_WORDS_MIN: usize = 3;

/// A time, as exactly as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// A moment.
    Moment(Timestamp),
    /// A day, a month or a year.
    Date(PartialDate),
}

/// When something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct When {
    /// When it was, or began; none where nobody said.
    from: Option<Said>,
    /// When a stay ended, where that is known.
    until: Option<Said>,
    /// Whether it is a stay that goes on.
    goes_on: bool,
}

impl Said {
    fn of(said: &DateTime) -> Self {
        said.moment().map_or_else(|| Self::Date(said.date()), Self::Moment)
    }

    fn says(self) -> String {
        match self {
            Self::Moment(at) => words::moment_short(at),
            Self::Date(PartialDate::Day(day)) => words::day_short(day),
            Self::Date(date) => format!("about {}", words::partial(date)),
        }
    }

    /// The first and the last day that it can mean.
    fn days(self) -> Option<(Date, Date)> {
        match self {
            Self::Moment(at) => Some((words::local(at).date(), words::local(at).date())),
            Self::Date(PartialDate::Day(day)) => Some((day, day)),
            Self::Date(PartialDate::Month(year, month)) => {
                let first = Date::new(year, month, 1).ok()?;
                Some((first, first.last_of_month()))
            }
            Self::Date(PartialDate::Year(year)) => {
                let first = Date::new(year, 1, 1).ok()?;
                Some((first, first.last_of_year()))
            }
        }
    }

    /// Whether it is known to the day.
    const fn is_exact(self) -> bool {
        matches!(self, Self::Moment(_) | Self::Date(PartialDate::Day(_)))
    }
}

impl When {
    /// When an item's line says that it was, or else what the item was filed with.
    pub(super) fn of(
        resource: &Resource,
        said: Option<&DateTime>,
        event: Option<Timestamp>,
    ) -> Self {
        let from = said.map(Said::of).or(event.map(Said::Moment));
        let stay = Encounter::of(resource);
        let ended = stay.and_then(|stay| stay.period().end);
        // An end before the beginning is a mistake, and is not told.
        let end =
            ended.as_ref().filter(|end| said.is_some_and(|said| end.starts() > said.starts()));
        let goes_on = ended.is_none() && stay.and_then(Encounter::status) == Some("in-progress");
        Self { from, until: end.map(Said::of), goes_on }
    }

    /// On a day, as if its source had said so.
    #[cfg(test)]
    pub(crate) fn on(day: Date) -> Self {
        Self { from: Some(Said::Date(PartialDate::Day(day))), ..Self::default() }
    }

    /// In words for staff: `3 Oct 2026, 23:15`, `about March 2024`.
    pub(crate) fn says(self) -> String {
        match (self.from, self.until) {
            (None, _) => "no date given".to_owned(),
            (Some(from), None) => from.says(),
            (Some(Said::Moment(from)), Some(Said::Moment(until))) => words::from_until(from, until),
            (Some(from), Some(until)) => format!("{} to {}", from.says(), until.says()),
        }
    }

    /// In words for the person: `3 October 2026`, `about March 2024`.
    pub(crate) fn says_plainly(self) -> String {
        let is_exact = self.from.into_iter().chain(self.until).all(Said::is_exact);
        match self.days().filter(|_| is_exact) {
            Some((from, until)) if from == until => words::day_long(from),
            Some((from, until)) => {
                format!("{} to {}", words::day_long(from), words::day_long(until))
            }
            None => self.says(),
        }
    }

    /// The first and the last day that it may have been on, as far as anybody said.
    pub(crate) fn days(self) -> Option<(Date, Date)> {
        let (first, last) = self.from.and_then(Said::days)?;
        let until = self.until.and_then(Said::days).map(|days| days.1);
        Some((first, until.unwrap_or(last).max(last)))
    }

    /// The days in which it may have gone on. A stay that goes on has no last day.
    fn lasts(self) -> Option<(Date, Date)> {
        let (first, last) = self.days()?;
        Some((first, if self.goes_on { Date::MAX } else { last }))
    }

    /// The day that it began on, where that is known.
    fn day(self) -> Option<Date> {
        self.from.filter(|from| from.is_exact()).and_then(Said::days).map(|days| days.0)
    }
}

/// Whose account an item is, and of what.
pub(super) fn account(held: &Held, when: When) -> Account {
    let what = held.stands().then(|| what(&held.resource)).flatten();
    Account { source: held.source.clone(), day: when.day(), days: when.lasts(), what }
}

/// What happened, as two sources would both call it: its type, with words of the source's own that
/// say what it was. A stay is none: on the day of a transfer there are two. Nor is what has only a
/// word for all of its kind, or a title that we have set.
fn what(resource: &Resource) -> Option<String> {
    let is_open = |planned: &Appointment<'_>| {
        !planned.status().is_some_and(|status| ["cancelled", "noshow"].contains(&status))
    };
    let title = DocumentReference::of(resource)
        .and_then(titled)
        .or_else(|| Appointment::of(resource).filter(is_open).and_then(Appointment::name))
        .filter(|title| title.split_whitespace().count() >= TITLE_WORDS_MIN);
    let name = title.or_else(|| Flag::of(resource).and_then(Flag::name));
    let name = name.or_else(|| Condition::of(resource).and_then(Condition::name))?;
    let spoken: Vec<_> = name.split_whitespace().map(str::to_lowercase).collect();
    (!spoken.is_empty()).then(|| format!("{} {}", resource.kind(), spoken.join(" ")))
}

/// A document's title, where its source gave it one. Where it gave none the words for its kind
/// stand there, as they do for what is cut out of a document; what came enclosed has no kind.
fn titled(document: DocumentReference<'_>) -> Option<&str> {
    let kind = document.name()?;
    document.title().filter(|title| *title != kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn when(resource: serde_json::Value) -> When {
        let resource = Resource::of(resource).unwrap();
        let line = ken_fhir::line(&resource).unwrap();
        When::of(&resource, line.when.as_ref(), None)
    }

    fn stay(start: &str, end: Option<&str>) -> serde_json::Value {
        json!({ "resourceType": "Encounter", "class": { "code": "IMP" },
            "period": { "start": start, "end": end } })
    }

    #[test]
    fn a_date_is_told_as_exactly_as_it_was_given() {
        let check = |resource: serde_json::Value, staff: &str, plain: &str, days: &str| {
            let when = when(resource);
            let span = when.days().map(|(from, until)| format!("{from} {until}"));
            let told = (when.says(), when.says_plainly(), span.unwrap_or_default());
            assert_eq!(told, (staff.to_owned(), plain.to_owned(), days.to_owned()));
        };
        let (from, until) = ("2026-10-03T22:15:00Z", "2026-10-05T09:00:00Z");
        check(
            stay(from, Some(until)),
            "3 Oct 2026, 23:15 to 5 Oct 2026, 10:00",
            "3 October 2026 to 5 October 2026",
            "2026-10-03 2026-10-05",
        );
        check(stay(from, None), "3 Oct 2026, 23:15", "3 October 2026", "2026-10-03 2026-10-03");
        // An end before the beginning is not told.
        check(
            stay(until, Some(from)),
            "5 Oct 2026, 10:00",
            "5 October 2026",
            "2026-10-05 2026-10-05",
        );
        let month = "about March 2024";
        check(stay("2024-03", None), month, month, "2024-03-01 2024-03-31");
        check(stay("2024", None), "about 2024", "about 2024", "2024-01-01 2024-12-31");
        check(stay("2024-02-29", None), "29 Feb 2024", "29 February 2024", "2024-02-29 2024-02-29");
        check(json!({ "resourceType": "Flag" }), "no date given", "no date given", "");
    }

    #[test]
    fn a_stay_lasts_however_exactly_its_end_was_given() {
        let check = |resource: serde_json::Value, want: (&str, &str)| {
            let (first, last) = when(resource).lasts().unwrap();
            assert_eq!((first.to_string(), last.to_string()), (want.0.into(), want.1.into()));
        };
        let days = ("2026-01-03", "2026-06-20");
        check(stay("2026-01-03", Some("2026-06-20")), days);
        check(stay("2026-01-03T10:00:00Z", Some("2026-06-20")), days);
        check(stay("2026-01-03", Some("2026-06")), ("2026-01-03", "2026-06-30"));
        // Who is in hospital is there until somebody says that they left.
        let mut here = stay("2026-01-03T10:00:00Z", None);
        here["status"] = json!("in-progress");
        check(here.clone(), ("2026-01-03", "9999-12-31"));
        assert_eq!(when(here).says(), "3 Jan 2026, 10:00");
        let mut left = stay("2026-01-03", None);
        left["status"] = json!("finished");
        check(left, ("2026-01-03", "2026-01-03"));
    }

    #[test]
    fn only_a_sources_own_words_for_what_happened_are_an_account() {
        let check = |resource: serde_json::Value, want: Option<&str>| {
            let resource = Resource::of(resource).unwrap();
            assert_eq!(what(&resource).as_deref(), want);
        };
        let document = |title: &str| {
            json!({ "resourceType": "DocumentReference", "type": { "text": "Social work event" },
                "description": title })
        };
        let said = Some("DocumentReference absent, third time");
        check(document("Absent,  THIRD time"), said);
        // Two calls on one day are two.
        check(document("Phone call"), None);
        // A title that is the word for its kind is ours, as that of a part cut out is; and what
        // came enclosed has no kind.
        check(document("Social work event"), None);
        let views = "What the person said they want";
        let cut = json!({ "resourceType": "DocumentReference", "type": { "text": views },
            "description": views });
        check(cut, None);
        let enclosed = json!({ "resourceType": "DocumentReference",
            "description": "Enclosed with the request" });
        check(enclosed, None);
        // On the day of a transfer there are two stays.
        check(stay("2026-01-03", None), None);
        check(json!({ "resourceType": "Observation", "code": { "text": "Weight" } }), None);
        let flag = json!({ "resourceType": "Flag", "code": { "text": "Registered" } });
        check(flag, Some("Flag registered"));
        let meeting = |status: &str| {
            json!({ "resourceType": "Appointment", "status": status,
                "description": "Review of the plan" })
        };
        check(meeting("booked"), Some("Appointment review of the plan"));
        check(meeting("cancelled"), None);
    }
}
