//! Times of a roster: the clock on the wall as instants, and what of a time nobody covers.
//!
//! # Invariants
//!
//! - A shift is as long as the clock on the wall makes it: 23 hours on the night when the clocks go
//!   forward, 25 when they go back.
//! - Where an hour comes twice, a shift begins with the first and ends with the second: two are
//!   on duty rather than nobody.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// From when until when; the end is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Span {
    /// Whether an instant is in it.
    #[must_use]
    pub fn has(self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// A shift as it is written: `2027-04-01`, `17:00`, `09:00`. An end that is not after the
    /// beginning is on the next day; `24:00` is the midnight that ends the day.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence.
    pub fn read(day: &str, from: &str, until: &str) -> Result<Self, &'static str> {
        let day: Date = day.trim().parse().map_err(|_| "the day is not written as 2027-04-01")?;
        let wrong = "a time is not written as 09:00";
        let from = time(from).ok_or(wrong)?;
        let until = if until.trim() == "24:00" { Some(Time::midnight()) } else { time(until) };
        let until = until.ok_or(wrong)?;
        let end = if until > from { Some(day) } else { day.tomorrow().ok() };
        let end = end.ok_or("the day is not written as 2027-04-01")?;
        let from = wall(day.to_datetime(from), Edge::From)?;
        Ok(Self { from, until: wall(end.to_datetime(until), Edge::Until)? })
    }
}

/// `9:00` or `09:00`.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let part = |text: &str| {
        let fits = (1..=2).contains(&text.len()) && text.bytes().all(|sign| sign.is_ascii_digit());
        text.parse::<i8>().ok().filter(|_| fits)
    };
    Time::new(part(hour)?, part(minute)?, 0, 0).ok()
}

/// Which end of a shift a time is.
#[derive(Clone, Copy)]
enum Edge {
    From,
    Until,
}

/// The instant at which the clock on the wall shows a time.
fn wall(at: DateTime, edge: Edge) -> Result<Timestamp, &'static str> {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    let shown = zone.to_ambiguous_timestamp(at);
    if matches!(shown.offset(), AmbiguousOffset::Gap { .. }) {
        return Err("there is no such time that day: the clocks go forward");
    }
    let instant = match edge {
        Edge::From => shown.earlier(),
        Edge::Until => shown.later(),
    };
    instant.map_err(|_| "the day is not written as 2027-04-01")
}

/// How shifts cover a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// When nobody is on duty, each as long as it lasts.
    pub gaps: Vec<Span>,
    /// When more than one is on duty, each as long as it lasts.
    pub overlaps: Vec<Span>,
}

/// How shifts cover a time.
#[must_use]
pub fn cover(shifts: &[Span], within: Span) -> Cover {
    let mut edges: Vec<(Timestamp, i64)> = vec![(within.until, 0)];
    for shift in shifts {
        let (from, until) = (shift.from.max(within.from), shift.until.min(within.until));
        if from < until {
            edges.extend([(from, 1), (until, -1)]);
        }
    }
    edges.sort_unstable();
    let (mut cover, mut on, mut since) = (Cover::default(), 0_i64, within.from);
    for (at, step) in edges {
        if since < at {
            let span = Span { from: since, until: at };
            match on {
                0 => join(&mut cover.gaps, span),
                1 => {}
                _ => join(&mut cover.overlaps, span),
            }
            since = at;
        }
        on += step;
    }
    cover
}

/// Adds a span, to the last where it begins as that ends.
fn join(spans: &mut Vec<Span>, span: Span) {
    match spans.last_mut() {
        Some(last) if last.until == span.from => last.until = span.until,
        _ => spans.push(span),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    #[test]
    fn a_shift_is_what_the_clock_on_the_wall_says() {
        let check = |day: &str, from: &str, until: &str, want: (&str, &str)| {
            let span = Span::read(day, from, until).unwrap();
            let said = (span.from.to_string(), span.until.to_string());
            assert_eq!(said, (want.0.into(), want.1.into()), "{day} {from} {until}");
        };
        let of = |from, until| (from, until);
        check("2027-06-01", "09:00", "17:00", of("2027-06-01T08:00:00Z", "2027-06-01T16:00:00Z"));
        check("2027-01-04", "17:00", "9:00", of("2027-01-04T17:00:00Z", "2027-01-05T09:00:00Z"));
        // Midnight, as people write it, and a whole day.
        check("2027-01-04", "17:00", "24:00", of("2027-01-04T17:00:00Z", "2027-01-05T00:00:00Z"));
        check("2027-01-04", "17:00", "00:00", of("2027-01-04T17:00:00Z", "2027-01-05T00:00:00Z"));
        check("2027-01-04", "00:00", "24:00", of("2027-01-04T00:00:00Z", "2027-01-05T00:00:00Z"));
        check("2027-12-31", "09:00", "09:00", of("2027-12-31T09:00:00Z", "2028-01-01T09:00:00Z"));
        // The night in which the clocks go forward has eleven hours of these, that back thirteen.
        check("2027-03-27", "21:00", "09:00", of("2027-03-27T21:00:00Z", "2027-03-28T08:00:00Z"));
        check("2027-10-30", "21:00", "09:00", of("2027-10-30T20:00:00Z", "2027-10-31T09:00:00Z"));
        // An hour that comes twice: from its first, until its second.
        check("2027-10-31", "01:30", "08:00", of("2027-10-31T00:30:00Z", "2027-10-31T08:00:00Z"));
        check("2027-10-30", "21:00", "01:30", of("2027-10-30T20:00:00Z", "2027-10-31T01:30:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let check = |day, from, until, want: &str| {
            let said = Span::read(day, from, until).unwrap_err();
            assert!(said.contains(want), "{day} {from} {until}: {said}");
        };
        check("1.6.2027", "09:00", "17:00", "2027-04-01");
        check("2027-02-29", "09:00", "17:00", "2027-04-01");
        for bad in ["", "9", "25:00", "24:00", "09:60", "-1:00", "+9:00", "09:00:00", "x"] {
            check("2027-06-01", bad, "17:00", "09:00");
            if bad != "24:00" {
                check("2027-06-01", "09:00", bad, "09:00");
            }
        }
        check("2027-03-28", "01:30", "09:00", "the clocks go forward");
        check("2027-03-27", "21:00", "01:00", "the clocks go forward");
    }

    proptest! {
        #[test]
        fn every_minute_is_covered_by_as_many_as_it_is(
            shifts in prop::collection::vec((0_i64..120, 1_i64..60), 0..8),
            (from, long) in (0_i64..60, 1_i64..90),
        ) {
            let spans: Vec<_> = shifts
                .iter()
                .map(|(from, long)| Span { from: at(*from), until: at(from + long) })
                .collect();
            let cover = cover(&spans, Span { from: at(from), until: at(from + long) });
            for minute in 0..200 {
                let on = spans.iter().filter(|span| span.has(at(minute))).count();
                let within = (from..from + long).contains(&minute);
                let has = |all: &[Span]| all.iter().filter(|span| span.has(at(minute))).count();
                prop_assert_eq!(has(&cover.gaps), usize::from(within && on == 0));
                prop_assert_eq!(has(&cover.overlaps), usize::from(within && on > 1));
            }
            // Each is told as long as it lasts.
            for all in [&cover.gaps, &cover.overlaps] {
                prop_assert!(all.windows(2).all(|two| two[0].until < two[1].from));
            }
        }
    }
}
