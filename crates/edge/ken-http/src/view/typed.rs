//! A day, and a moment of the clock on the wall, as they are typed into a form.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{self, Field, Wrong};

/// The boxes of a day; what is wrong with it is told of the first.
const BOXES: [&str; 3] = ["day", "month", "year"];

/// A day in three boxes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TypedDay {
    #[serde(default)]
    day: String,
    #[serde(default)]
    month: String,
    #[serde(default)]
    year: String,
}

impl TypedDay {
    /// As if it had been typed.
    #[cfg(test)]
    pub(crate) fn of(typed: [&str; 3]) -> Self {
        let [day, month, year] = typed.map(str::to_owned);
        Self { day, month, year }
    }

    fn boxes(&self) -> [&str; 3] {
        [&self.day, &self.month, &self.year]
    }

    /// The day; none where there is no such day.
    pub(crate) fn date(&self) -> Option<Date> {
        let [day, month, year] = self.boxes().map(|text| text.trim().parse::<i16>().ok());
        Date::new(year?, month?.try_into().ok()?, day?.try_into().ok()?).ok()
    }

    /// The boxes, with what was typed.
    pub(crate) fn show(&self, legend: &str, hint: &str, wrongs: &[Wrong]) -> Markup {
        form::date(legend, hint, BOXES, self.boxes(), wrongs)
    }

    /// What a form carries on unseen.
    pub(crate) fn carried(&self) -> impl Iterator<Item = (&'static str, String)> {
        BOXES.into_iter().zip(self.boxes().map(str::to_owned))
    }
}

/// A day in three boxes, and the time of that day.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TypedMoment {
    #[serde(flatten)]
    day: TypedDay,
    #[serde(default)]
    time: String,
}

impl TypedMoment {
    /// The moment; none where there is no such day or time.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        let (hour, minute) = self.time.trim().split_once(':')?;
        let part = |text: &str| text.parse::<i8>().ok();
        let time = Time::new(part(hour)?, part(minute)?, 0, 0).ok()?;
        let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
        self.day.date()?.to_datetime(time).to_zoned(zone).ok().map(|at| at.timestamp())
    }

    /// What a form carries on unseen.
    pub(crate) fn carried(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.day.carried().chain([("time", self.time.clone())])
    }

    /// The boxes, with what was typed.
    pub(crate) fn show(&self, legend: &str, hint: &str, wrongs: &[Wrong]) -> Markup {
        html! {
            (self.day.show(legend, hint, wrongs))
            (Field::text("time", "Time of the day", &self.time).hinted("As 14:30").show(wrongs))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;

    use super::*;

    #[test]
    fn a_moment_is_of_the_clock_on_the_wall() {
        let at = |day: &str, time: &str| {
            let day = TypedDay::of([day, "6", "2027"]);
            TypedMoment { day, time: time.to_owned() }.at().map(|at| at.to_string())
        };
        assert_eq!(at("1", "14:30").unwrap(), "2027-06-01T13:30:00Z", "summer time");
        for bad in ["", "14", "24:00", "14:60", "-1:00", "x:y"] {
            assert_eq!(at("1", bad), None, "{bad}");
        }
        assert_eq!(at("31", "14:30"), None, "June has thirty days");
    }

    #[test]
    fn a_form_brings_a_moment_among_its_other_fields() {
        #[derive(Deserialize)]
        struct Filled {
            reason: String,
            #[serde(flatten)]
            when: TypedMoment,
        }
        let read = |sent: &str| Query::<Filled>::try_from_uri(&sent.parse().unwrap()).unwrap().0;
        let filled = read("/?reason=x&day=1&month=6&year=2027&time=14%3A30");
        assert_eq!(filled.reason, "x");
        assert_eq!(filled.when.at().unwrap().to_string(), "2027-06-01T13:30:00Z");
        assert_eq!(read("/?reason=").when.at(), None);
    }
}
