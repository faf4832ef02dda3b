//! `/w/find`: what is known about somebody goes in; a sealed parcel leads to who fits.
//!
//! # Invariants
//!
//! - What is typed goes in the form's body, never in an address (`ux.md` 4.8).
//! - A name alone finds nobody: two details stop fishing.

use jiff::civil::Date;
use ken_core::{PartialDate, Sensitive};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::view::form::{Field, Form, Kind, Wrong, date, summary};
use crate::wire::csrf::Csrf;

/// What was typed. Its `Debug` is blind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Typed {
    /// A CHI, NHS or other national number.
    #[serde(default)]
    pub(crate) number: Sensitive<String>,
    /// Family name.
    #[serde(default)]
    pub(crate) family: Sensitive<String>,
    /// Given name.
    #[serde(default)]
    pub(crate) given: Sensitive<String>,
    /// Day of birth.
    #[serde(default)]
    pub(crate) day: Sensitive<String>,
    /// Month of birth.
    #[serde(default)]
    pub(crate) month: Sensitive<String>,
    /// Year of birth.
    #[serde(default)]
    pub(crate) year: Sensitive<String>,
}

/// Longest detail, in characters; the fields take no more, and a forged form is cut here.
const DETAIL_LEN_MAX: usize = 100;

impl Typed {
    /// Each detail without spaces around it, and no longer than the field.
    pub(crate) fn trimmed(self) -> Self {
        let trim = |detail: Sensitive<String>| {
            detail.map(|text| text.trim().chars().take(DETAIL_LEN_MAX).collect::<String>())
        };
        Self {
            number: trim(self.number),
            family: trim(self.family),
            given: trim(self.given),
            day: trim(self.day),
            month: trim(self.month),
            year: trim(self.year),
        }
    }

    /// The date of birth: nothing when no box is filled; `Err` when it is no date.
    pub(crate) fn born(&self) -> Result<Option<PartialDate>, ()> {
        let boxes = [&self.day, &self.month, &self.year].map(|part| part.reveal().as_str());
        let number = |text: &str| text.parse::<i16>().map_err(|_| ());
        let small = |text: &str| text.parse::<i8>().map_err(|_| ());
        match boxes {
            ["", "", ""] => Ok(None),
            ["", "", year] => Ok(Some(PartialDate::Year(number(year)?))),
            ["", month, year] => {
                let text = format!("{:04}-{:02}", number(year)?, small(month)?);
                text.parse().map(Some).map_err(|_| ())
            }
            [day, month, year] => Date::new(number(year)?, small(month)?, small(day)?)
                .map(|day| Some(PartialDate::Day(day)))
                .map_err(|_| ()),
        }
    }

    /// What must be put right before anybody is searched for.
    pub(crate) fn wrongs(&self, number_is_one: bool) -> Vec<Wrong> {
        let empty = |detail: &Sensitive<String>| detail.reveal().is_empty();
        let mut wrongs = vec![];
        if !empty(&self.number) {
            if !number_is_one {
                let says = "Check the number: a CHI or NHS number has 10 digits";
                wrongs.push(Wrong::new("number", says));
            }
            return wrongs;
        }
        if empty(&self.family) {
            wrongs.push(Wrong::new("family", "Enter a number, or a family name"));
        }
        match self.born() {
            Err(()) => wrongs.push(Wrong::new("day", "Enter a date of birth that is a date")),
            Ok(None) => {
                wrongs.push(Wrong::new("day", "Enter a number, or a date of birth with the name"));
            }
            Ok(Some(_)) => {}
        }
        wrongs
    }

    /// The details that were typed, with their questions, as the refusal repeats them.
    pub(crate) fn answers(&self) -> Vec<(&'static str, String)> {
        let boxes = [&self.day, &self.month, &self.year].map(|part| part.reveal().as_str());
        let born: Vec<_> = boxes.into_iter().filter(|part| !part.is_empty()).collect();
        [
            ("Number", self.number.reveal().clone()),
            ("Family name", self.family.reveal().clone()),
            ("Given name", self.given.reveal().clone()),
            ("Date of birth", born.join(" ")),
        ]
        .into_iter()
        .filter(|(_, answer)| !answer.is_empty())
        .collect()
    }
}

/// The page's content.
pub(crate) fn show(typed: &Typed, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let form = Form { action: "/w/find", csrf, button: "Find", hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { "Find a person" }
        p { "Give a number, or a name and a date of birth." }
        (form.post(&fields(typed, wrongs)))
    }
}

fn fields(typed: &Typed, wrongs: &[Wrong]) -> Markup {
    let boxes = [typed.day.reveal(), typed.month.reveal(), typed.year.reveal()].map(String::as_str);
    html! {
        fieldset {
            legend { "By number" }
            (Field::text("number", "CHI, NHS or other number", typed.number.reveal())
                .hinted("10 digits; spaces do not matter")
                .holding(Kind::Text, "off").show(wrongs))
        }
        fieldset {
            legend { "Or by name and date of birth" }
            (Field::text("family", "Family name", typed.family.reveal()).show(wrongs))
            (Field::text("given", "Given name", typed.given.reveal())
                .hinted("If you know it").show(wrongs))
        }
        (date("Date of birth", "For example 14 3 1948. Leave out what is not known.",
            ["day", "month", "year"], boxes, wrongs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn typed(number: &str, family: &str, born: [&str; 3]) -> Typed {
        let of = |text: &str| Sensitive::new(text.to_owned());
        let [day, month, year] = born.map(of);
        Typed { number: of(number), family: of(family), given: of(""), day, month, year }
    }

    #[test]
    fn two_details_or_a_number_are_wanted() {
        let check = |typed: Typed, number_is_one, wants: &[&str]| {
            let wrongs = typed.trimmed().wrongs(number_is_one);
            let fields: Vec<_> = wrongs.iter().map(|wrong| wrong.field).collect();
            assert_eq!(fields, wants);
        };
        check(typed("", "", ["", "", ""]), false, &["family", "day"]);
        check(typed("", "Sample", ["", "", ""]), false, &["day"]);
        check(typed("", "Sample", ["31", "2", "1948"]), false, &["day"]);
        check(typed("", "Sample", ["x", "2", "1948"]), false, &["day"]);
        check(typed("", " Sample ", ["2", "3", "1948"]), false, &[]);
        check(typed("", "Sample", ["", "", "1948"]), false, &[]);
        check(typed("12", "", ["", "", ""]), false, &["number"]);
        check(typed("1234567890", "", ["", "", ""]), true, &[]);
    }

    #[test]
    fn a_date_may_be_known_in_part() {
        let check = |boxes, want: Result<Option<&str>, ()>| {
            let born = typed("", "", boxes).born();
            assert_eq!(
                born.map(|born| born.map(|born| born.to_string()))
                    .as_ref()
                    .map(|born| born.as_deref()),
                want.as_ref().map(|want| *want)
            );
        };
        check(["14", "3", "1948"], Ok(Some("1948-03-14")));
        check(["", "3", "1948"], Ok(Some("1948-03")));
        check(["", "", "1948"], Ok(Some("1948")));
        check(["", "", ""], Ok(None));
        check(["14", "", "1948"], Err(()));
        check(["", "13", "1948"], Err(()));
    }

    #[test]
    fn the_form_keeps_what_was_typed_and_the_rules() {
        let typed = typed("12", "Sam<ple", ["1", "", ""]);
        let wrongs = typed.wrongs(false);
        let shown = show(&typed, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Sam&lt;ple") && shown.contains("10 digits"));
        assert_eq!(format!("{typed:?}").matches("Sensitive(..)").count(), 6);
        assert_eq!(typed.answers().len(), 3);
    }
}
