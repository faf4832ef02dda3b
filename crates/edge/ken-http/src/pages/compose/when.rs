//! When something happened, as exactly as anybody said, and what two sources would both call it.
//!
//! # Invariants
//!
//! - A date is told no more exactly than it was given: a month stays a month.
//! - Only what stands is an account that may be folded with another's.

use jiff::Timestamp;
use jiff::civil::Date;
use ken_care::chronology::Account;
use ken_core::PartialDate;
use ken_fhir::{Appointment, Condition, DateTime, DocumentReference, Encounter, Flag, Resource};

use super::Held;
use crate::view::words;

/// When something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// From a moment, until another where that is known.
    Moment(Timestamp, Option<Timestamp>),
    /// On a day, or in a month or year.
    Date(PartialDate),
    /// Nobody said.
    Unsaid,
}

impl When {
    /// When an item's line says that it was, or else what the item was filed with.
    pub(super) fn of(
        resource: &Resource,
        said: Option<&DateTime>,
        event: Option<Timestamp>,
    ) -> Self {
        match said.map(|said| (said.moment(), said.date())) {
            Some((Some(moment), _)) => {
                let until = Encounter::of(resource).and_then(|stay| stay.period().end);
                let until = until.and_then(|end| end.moment()).filter(|end| *end > moment);
                Self::Moment(moment, until)
            }
            Some((None, date)) => Self::Date(date),
            None => event.map_or(Self::Unsaid, |event| Self::Moment(event, None)),
        }
    }

    /// In words for staff: `3 Oct 2026, 23:15`, `about March 2024`.
    pub(crate) fn says(self) -> String {
        match self {
            Self::Moment(from, Some(until)) => words::from_until(from, until),
            Self::Moment(at, None) => words::moment_short(at),
            Self::Date(PartialDate::Day(day)) => words::day_short(day),
            Self::Date(date) => format!("about {}", words::partial(date)),
            Self::Unsaid => "no date given".to_owned(),
        }
    }

    /// In words for the person: `3 October 2026`, `about March 2024`.
    pub(crate) fn says_plainly(self) -> String {
        match (self, self.days()) {
            (Self::Moment(..) | Self::Date(PartialDate::Day(_)), Some((from, until))) => {
                let from_day = words::day_long(from);
                if from == until {
                    return from_day;
                }
                format!("{from_day} to {}", words::day_long(until))
            }
            _ => self.says(),
        }
    }

    /// The first and the last day that it may have been on.
    pub(crate) fn days(self) -> Option<(Date, Date)> {
        let day = |at| words::local(at).date();
        match self {
            Self::Moment(from, until) => Some((day(from), until.map_or_else(|| day(from), day))),
            Self::Date(PartialDate::Day(day)) => Some((day, day)),
            Self::Date(PartialDate::Month(year, month)) => {
                let first = Date::new(year, month, 1).ok()?;
                Some((first, first.last_of_month()))
            }
            Self::Date(PartialDate::Year(year)) => {
                let first = Date::new(year, 1, 1).ok()?;
                Some((first, first.last_of_year()))
            }
            Self::Unsaid => None,
        }
    }

    /// The day that it began on, where that is known.
    fn day(self) -> Option<Date> {
        match self {
            Self::Date(PartialDate::Year(_) | PartialDate::Month(..)) | Self::Unsaid => None,
            Self::Moment(..) | Self::Date(PartialDate::Day(_)) => self.days().map(|days| days.0),
        }
    }
}

/// Whose account an item is, and of what.
pub(super) fn account(held: &Held, when: &When) -> Account {
    let what = held.stands().then(|| what(&held.resource)).flatten();
    Account { source: held.source.clone(), day: when.day(), days: when.days(), what }
}

/// What happened, as two sources would both call it: its type with its class, or with the words of
/// its own that it has. A type that has only a word for all of its kind (a visit, a result, a
/// request) is none.
fn what(resource: &Resource) -> Option<String> {
    if let Some(stay) = Encounter::of(resource) {
        let is_on = stay.status() != Some("cancelled");
        let class = stay.class().filter(|class| is_on && ["EMER", "IMP"].contains(class))?;
        return Some(format!("Encounter {class}"));
    }
    let name = DocumentReference::of(resource).and_then(DocumentReference::title);
    let name = name.or_else(|| Flag::of(resource).and_then(Flag::name));
    let name = name.or_else(|| Condition::of(resource).and_then(Condition::name));
    let name = name.or_else(|| Appointment::of(resource).and_then(Appointment::name))?;
    let spoken: Vec<_> = name.split_whitespace().map(str::to_lowercase).collect();
    (!spoken.is_empty()).then(|| format!("{} {}", resource.kind(), spoken.join(" ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_date_is_told_as_exactly_as_it_was_given() {
        let check = |resource: serde_json::Value, staff: &str, plain: &str, days: &str| {
            let resource = Resource::of(resource).unwrap();
            let line = ken_fhir::line(&resource).unwrap();
            let when = When::of(&resource, line.when.as_ref(), None);
            let span = when.days().map(|(from, until)| format!("{from} {until}"));
            let told = (when.says(), when.says_plainly(), span.unwrap_or_default());
            assert_eq!(told, (staff.to_owned(), plain.to_owned(), days.to_owned()));
        };
        let stay = |start: &str, end: Option<&str>| {
            json!({ "resourceType": "Encounter", "class": { "code": "IMP" },
                "period": { "start": start, "end": end } })
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
    fn what_is_too_general_is_no_account_of_one_event() {
        let check = |resource: serde_json::Value, want: Option<&str>| {
            let resource = Resource::of(resource).unwrap();
            assert_eq!(what(&resource).as_deref(), want);
        };
        let stay = |class: &str, status: &str| {
            let class = json!({ "code": class });
            json!({ "resourceType": "Encounter", "status": status, "class": class })
        };
        check(stay("EMER", "finished"), Some("Encounter EMER"));
        check(stay("IMP", "in-progress"), Some("Encounter IMP"));
        check(stay("IMP", "cancelled"), None);
        check(stay("AMB", "finished"), None);
        let document = |title: &str| {
            json!({ "resourceType": "DocumentReference", "type": { "text": "Social work event" },
                "description": title })
        };
        let said = Some("DocumentReference absent, third time");
        check(document("Absent,  THIRD time"), said);
        check(json!({ "resourceType": "DocumentReference", "type": { "text": "Letter" } }), None);
        check(json!({ "resourceType": "Observation", "code": { "text": "Weight" } }), None);
        let flag = json!({ "resourceType": "Flag", "code": { "text": "Registered" } });
        check(flag, Some("Flag registered"));
    }
}
