//! Words for people: dates, times, purposes, categories and roles.
//!
//! Staff read `14 Mar 2017` and the 24-hour clock; people read `14 March 2017` and am or pm
//! (`ux.md` 9). Days and hours are those of the United Kingdom.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use ken_core::{Category, PartialDate, Purpose, RequestId};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A moment as the clock on the wall shows it.
pub(crate) fn local(at: Timestamp) -> DateTime {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).datetime()
}

fn month(number: i8) -> &'static str {
    usize::try_from(number - 1).ok().and_then(|place| MONTHS.get(place)).copied().unwrap_or("")
}

fn month_short(number: i8) -> &'static str {
    month(number).get(..3).unwrap_or("")
}

/// `14 Mar 2017`.
pub(crate) fn day_short(day: Date) -> String {
    format!("{} {} {}", day.day(), month_short(day.month()), day.year())
}

/// `14 March 2017`.
pub(crate) fn day_long(day: Date) -> String {
    format!("{} {} {}", day.day(), month(day.month()), day.year())
}

/// `March 2017`: the heading that a day stands under.
pub(crate) fn month_of(day: Date) -> String {
    format!("{} {}", month(day.month()), day.year())
}

/// `14 Mar 2017, 09:05`.
pub(crate) fn moment_short(at: Timestamp) -> String {
    let at = local(at);
    format!("{}, {:02}:{:02}", day_short(at.date()), at.hour(), at.minute())
}

/// From when until when: the day once where both are on it.
pub(crate) fn from_until(from: Timestamp, until: Timestamp) -> String {
    let end = local(until);
    if local(from).date() == end.date() {
        format!("{} to {:02}:{:02}", moment_short(from), end.hour(), end.minute())
    } else {
        format!("{} to {}", moment_short(from), moment_short(until))
    }
}

/// `14 March 2017, 9:05am`; `Today` and `Yesterday` where they are.
pub(crate) fn moment_long(at: Timestamp, today: Date) -> String {
    let at = local(at);
    let day = match at.date() {
        day if day == today => "Today".to_owned(),
        day if today.yesterday().is_ok_and(|yesterday| yesterday == day) => "Yesterday".to_owned(),
        day => day_long(day),
    };
    let half = if at.hour() < 12 { "am" } else { "pm" };
    let hour = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{day}, {hour}:{:02}{half}", at.minute())
}

/// A date of which the day may be unknown, for staff: `14 Mar 2017`, `March 2017`, `2017`.
pub(crate) fn partial(date: PartialDate) -> String {
    match date {
        PartialDate::Year(year) => year.to_string(),
        PartialDate::Month(year, number) => format!("{} {year}", month(number)),
        PartialDate::Day(day) => day_short(day),
    }
}

/// `14 Mar 2017 (9y)`: years from two on, months before that, days before the first month.
pub(crate) fn born(date: PartialDate, today: Date) -> String {
    let years = date.age_on(today);
    let age = match date.day() {
        Some(day) if years < 2 && day <= today => {
            let months = (i32::from(today.year()) - i32::from(day.year())) * 12
                + i32::from(today.month())
                - i32::from(day.month())
                - i32::from(today.day() < day.day());
            if months > 0 {
                format!("{months}m")
            } else {
                format!("{}d", day.until(today).map_or(0, |span| span.get_days()))
            }
        }
        _ => format!("{years}y"),
    };
    format!("{} ({age})", partial(date))
}

/// How long, in the largest whole unit: `23 hours`, `1 minute`.
pub(crate) fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s >= 172_800 => (s / 86_400, "day"),
        s if s >= 3_600 => (s / 3_600, "hour"),
        s => (s.max(60) / 60, "minute"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// By when, as clauses say it: `5wd` is five working days.
pub(crate) fn deadline(span: &str) -> String {
    let unit = span.trim_start_matches(|sign: char| sign.is_ascii_digit());
    let count = span.strip_suffix(unit).unwrap_or_default();
    let (one, many) = match unit {
        "h" => ("hour", "hours"),
        "wd" => ("working day", "working days"),
        "d" => ("day", "days"),
        other => return other.to_owned(),
    };
    format!("{count} {}", if count == "1" { one } else { many })
}

/// The last twelve characters of a request's id: enough to find it, short enough to read out.
pub(crate) fn short_reference(id: RequestId) -> String {
    let text = id.to_string();
    text.get(24..).unwrap_or(&text).to_owned()
}

/// A purpose, for staff and, in the second place, for the person it is about.
///
/// Source: the purposes of the agreements' dictionary; the words are house policy.
const PURPOSES: &[(&str, &str, &str)] = &[
    ("direct-care", "Caring for or treating the person", "To care for you or treat you"),
    ("girfec-wellbeing", "Supporting a child's wellbeing (GIRFEC)", "To support your wellbeing"),
    ("asp-inquiry", "Adult support and protection inquiry", "To find out if you are safe"),
    ("health-response", "Health response to a concern", "To help with your health"),
    ("support-offer", "Offering support", "To offer you support"),
    ("outcome-feedback", "Telling the sender what came of it", "To say what came of a concern"),
    ("joint-planning", "Planning together", "To make a plan with you"),
    ("vital", "Emergency: somebody's life or safety", "To keep you safe in an emergency"),
    ("own-record", "The person's own record", "To read your own record"),
    ("own-work", "My own organisation's work", "To do their work with you"),
    ("identity-review", "Checking who is who", "To check that records are of the right person"),
    ("governance", "Checking that information is handled well", "To check how your record is used"),
];

/// A purpose in words that staff use.
pub(crate) fn purpose(purpose: &Purpose) -> String {
    find(PURPOSES, purpose.as_str(), |row| row.1)
}

/// A purpose in words for the person themselves.
pub(crate) fn purpose_plain(purpose: &Purpose) -> String {
    find(PURPOSES, purpose.as_str(), |row| row.2)
}

/// The categories of the dictionary: for staff, and for the person.
const CATEGORIES: &[(&str, &str, &str)] = &[
    ("core", "Name and address", "your name and address"),
    ("identifiers", "Identifiers", "your CHI number and other numbers"),
    ("contacts", "Contacts", "who to call about you"),
    ("communication", "Communication", "how to talk with you"),
    ("named-person", "Named person", "your named person"),
    ("lead-professional", "Lead professional", "your lead professional"),
    ("alerts", "Alerts", "warnings and alerts"),
    ("concern", "Concern", "worries that people had about you"),
    ("views", "Views", "what you told people"),
    ("third-party", "Others named", "what is said about other people"),
    ("criminal", "Offences", "police records"),
    ("health-summary", "Health summary", "a summary of your health"),
    ("health-relevant", "Health, as far as relevant", "the part of your health that matters here"),
    ("health-record", "Health record", "your health record"),
    ("medication", "Medication and allergies", "your medicines and allergies"),
    ("care-plan", "Care plan", "your plan"),
    ("assessment", "Assessment", "your assessments"),
    ("chronology", "Chronology", "what has happened"),
    ("education", "Education", "your school record"),
    ("housing", "Housing", "your home"),
    ("equipment", "Equipment", "equipment you use"),
    ("outcome", "Outcome", "what came of it"),
];

/// A category in words that staff use.
pub(crate) fn category(category: &Category) -> String {
    find(CATEGORIES, category.as_str(), |row| row.1)
}

/// A category in words for the person themselves.
pub(crate) fn category_plain(category: &Category) -> String {
    find(CATEGORIES, category.as_str(), |row| row.2)
}

/// The roles of the dictionary, in words.
const ROLES: &[(&str, &str, &str)] = &[
    ("pp.concern-hub", "Concern hub officer", ""),
    ("pp.supervisor", "Police supervisor", ""),
    ("sw.duty", "Duty social worker", ""),
    ("sw.council-officer", "Council officer", ""),
    ("sw.asp-lead", "Adult protection lead", ""),
    ("sw.children", "Children's social worker", ""),
    ("nhs.public-protection", "Public protection nurse", ""),
    ("nhs.gp", "GP", ""),
    ("nhs.ed", "A&E clinician", ""),
    ("nhs.ooh", "Out-of-hours clinician", ""),
    ("nhs.ward", "Ward nurse", ""),
    ("ts.support-worker", "Support worker", ""),
    ("ts.manager", "Support manager", ""),
    ("gp.doctor", "GP", ""),
    ("gp.nurse", "Practice nurse", ""),
    ("ooh.clinician", "Out-of-hours clinician", ""),
    ("ed.teacher", "Teacher", ""),
    ("ed.head", "Head teacher", ""),
    ("ig.lead", "Information governance lead", ""),
    ("ig.guardian", "Caldicott Guardian", ""),
    ("ops.hub", "Message operations", ""),
    ("self", "The person", ""),
];

/// A role in words.
pub(crate) fn role(role: &str) -> String {
    find(ROLES, role, |row| row.1)
}

/// The text with a capital first.
pub(crate) fn capitalised(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

/// A word of an agreement, readable where no dictionary has it.
pub(crate) fn spaced(word: &str) -> String {
    word.replace('-', " ")
}

type Row = (&'static str, &'static str, &'static str);

/// The words of a row; a word that the dictionary lacks is shown with spaces for hyphens, so that
/// a new agreement is readable before the dictionary is.
fn find(rows: &[Row], word: &str, take: fn(&Row) -> &'static str) -> String {
    match rows.iter().find(|row| row.0 == word) {
        Some(row) => take(row).to_owned(),
        None => spaced(word),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn moments_follow_the_wall_clock() {
        let at: Timestamp = "2026-10-03T22:15:00Z".parse().unwrap();
        assert_eq!(moment_short(at), "3 Oct 2026, 23:15");
        assert_eq!(moment_long(at, date(2026, 10, 20)), "3 October 2026, 11:15pm");
        assert_eq!(moment_long(at, date(2026, 10, 3)), "Today, 11:15pm");
        assert_eq!(moment_long(at, date(2026, 10, 4)), "Yesterday, 11:15pm");
        let midnight: Timestamp = "2026-12-01T00:05:00Z".parse().unwrap();
        assert_eq!(moment_long(midnight, date(2026, 12, 1)), "Today, 12:05am");
    }

    #[test]
    fn a_span_says_its_day_once() {
        let check = |from: &str, until: &str, want: &str| {
            assert_eq!(from_until(from.parse().unwrap(), until.parse().unwrap()), want);
        };
        check("2026-10-03T08:00:00Z", "2026-10-03T16:00:00Z", "3 Oct 2026, 09:00 to 17:00");
        let night = "3 Oct 2026, 17:00 to 4 Oct 2026, 09:00";
        check("2026-10-03T16:00:00Z", "2026-10-04T08:00:00Z", night);
    }

    #[test]
    fn ages_are_in_the_unit_that_matters() {
        let today = date(2026, 11, 21);
        let check = |text: &str, want: &str| assert_eq!(born(text.parse().unwrap(), today), want);
        check("2017-03-14", "14 Mar 2017 (9y)");
        check("2026-03-22", "22 Mar 2026 (7m)");
        check("2026-03-21", "21 Mar 2026 (8m)");
        check("2026-11-19", "19 Nov 2026 (2d)");
        check("1974-03", "March 1974 (52y)");
        check("1974", "1974 (51y)");
    }

    #[test]
    fn spans_are_in_words() {
        let check = |seconds, want: &str| assert_eq!(span(seconds), want);
        check(86_399, "23 hours");
        check(3_600, "1 hour");
        check(3_599, "59 minutes");
        check(1, "1 minute");
        check(-5, "1 minute");
        check(200_000, "2 days");
    }

    #[test]
    fn deadlines_are_in_words() {
        let check = |span, want| assert_eq!(deadline(span), want);
        check("1wd", "1 working day");
        check("5wd", "5 working days");
        check("24h", "24 hours");
        check("30d", "30 days");
        check("soon", "soon");
    }

    #[test]
    fn words_of_the_dictionary_and_others() {
        let direct = Purpose::new("direct-care").unwrap();
        assert_eq!(purpose_plain(&direct), "To care for you or treat you");
        assert_eq!(purpose(&Purpose::new("new-thing").unwrap()), "new thing");
        assert_eq!(category(&Category::new("housing").unwrap()), "Housing");
        assert_eq!(role("sw.duty"), "Duty social worker");
        assert_eq!(capitalised("daughter"), "Daughter");
        assert_eq!(capitalised(""), "");
    }
}
