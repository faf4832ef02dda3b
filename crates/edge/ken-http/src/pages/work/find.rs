//! `/w/find`: what is known about somebody goes in; a sealed parcel leads to who fits.
//!
//! # Invariants
//!
//! - What is typed goes in the form's body, never in an address (`ux.md` 4.8).
//! - A name alone finds nobody: two details stop fishing.

use axum::Extension;
use axum::extract::{Form as Sent, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use ken_core::Sensitive;
use ken_core::identifier::{Chi, HealthAndCareNumber, NhsNumber};
use ken_person::Query;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Kind, Wrong, date, summary};
use crate::wire::csrf::Csrf;
use crate::wire::parcel;

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

    /// The date of birth: nothing when no box is filled; `Err` when it is no whole date.
    pub(crate) fn born(&self) -> Result<Option<Date>, ()> {
        let boxes = [&self.day, &self.month, &self.year].map(|part| part.reveal().as_str());
        if boxes == ["", "", ""] {
            return Ok(None);
        }
        let [day, month, year] = boxes;
        let year = year.parse().map_err(|_| ())?;
        let month = month.parse().map_err(|_| ())?;
        let day = day.parse().map_err(|_| ())?;
        Date::new(year, month, day).map(Some).map_err(|_| ())
    }

    /// What to look for; `None` while something must be put right first.
    pub(crate) fn query(&self) -> Option<Query> {
        let digits: String =
            self.number.reveal().chars().filter(|sign| !sign.is_whitespace()).collect();
        if digits.is_empty() {
            let born = self.born().ok().flatten()?;
            return Query::name_and_birth(self.family.reveal(), self.given.reveal(), born);
        }
        let chi = Chi::parse(&digits).map(Query::chi).ok();
        let nhs = || NhsNumber::parse(&digits).map(Query::nhs).ok();
        let northern = || HealthAndCareNumber::parse(&digits).map(Query::health_and_care).ok();
        let born = self.born().ok().flatten();
        let found = chi.or_else(nhs).or_else(northern)?;
        // A number that the other details contradict is nobody's.
        Some(found.beside(self.family.reveal(), self.given.reveal(), born))
    }

    /// The number without what stands beside it; all of it where there is no number.
    pub(crate) fn number_alone(&self) -> Self {
        if self.number.reveal().is_empty() {
            return self.clone();
        }
        Self { number: self.number.clone(), ..Self::default() }
    }

    /// What must be put right before anybody is searched for.
    pub(crate) fn wrongs(&self) -> Vec<Wrong> {
        let empty = |detail: &Sensitive<String>| detail.reveal().is_empty();
        let mut wrongs = vec![];
        if !empty(&self.number) {
            if self.query().is_none() {
                let says = "Check the number: a CHI or NHS number has 10 digits";
                wrongs.push(Wrong::new("number", says));
            }
            return wrongs;
        }
        if empty(&self.family) {
            wrongs.push(Wrong::new("family", "Enter a number, or a family name"));
        }
        match self.born() {
            Err(()) => wrongs.push(Wrong::new("day", "Enter the whole date of birth")),
            Ok(None) => {
                wrongs.push(Wrong::new("day", "Enter a number, or a date of birth with the name"));
            }
            Ok(Some(_)) => {}
        }
        if wrongs.is_empty() && self.query().is_none() {
            wrongs.push(Wrong::new("family", "Enter a family name with letters in it"));
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

/// `GET /w/find`.
pub(crate) async fn get(State(app): State<App>, Extension(caller): Extension<Caller>) -> Markup {
    page(&app, &caller, &Typed::default(), &[])
}

/// `POST /w/find`: to the results, by an address that says nothing.
pub(crate) async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, Stop> {
    let typed = typed.trimmed();
    let wrongs = typed.wrongs();
    if !wrongs.is_empty() {
        let page = page(&app, &caller, &typed, &wrongs);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let parcel = parcel::seal(&app, &caller, typed).await?;
    Ok(Redirect::to(&format!("/w/find/r/{parcel}")).into_response())
}

fn page(app: &App, caller: &Caller, typed: &Typed, wrongs: &[Wrong]) -> Markup {
    let main = show(typed, wrongs, caller.csrf());
    caller.frame(app.site(), "Find a person").at("/w/find").page(&main)
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

/// The fields of a number, and of a name and a date of birth.
pub(crate) fn fields(typed: &Typed, wrongs: &[Wrong]) -> Markup {
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
        (date("Date of birth", "For example 14 3 1948",
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
        let check = |typed: Typed, wants: &[&str]| {
            let wrongs = typed.trimmed().wrongs();
            let fields: Vec<_> = wrongs.iter().map(|wrong| wrong.field).collect();
            assert_eq!(fields, wants);
        };
        check(typed("", "", ["", "", ""]), &["family", "day"]);
        check(typed("", "Sample", ["", "", ""]), &["day"]);
        check(typed("", "Sample", ["31", "2", "1948"]), &["day"]);
        check(typed("", "Sample", ["", "2", "1948"]), &["day"]);
        check(typed("", "Sample", ["x", "2", "1948"]), &["day"]);
        check(typed("", " -- ", ["2", "3", "1948"]), &["family"]);
        check(typed("", " Sample ", ["2", "3", "1948"]), &[]);
        check(typed("12", "", ["", "", ""]), &["number"]);
        check(typed("943 476 5919", "", ["", "", ""]), &[]);
    }

    #[test]
    fn the_form_keeps_what_was_typed_and_the_rules() {
        let typed = typed("12", "Sam<ple", ["1", "", ""]);
        let wrongs = typed.wrongs();
        let shown = show(&typed, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Sam&lt;ple") && shown.contains("10 digits"));
        assert_eq!(format!("{typed:?}").matches("Sensitive(..)").count(), 6);
        assert_eq!(typed.answers().len(), 3);
    }
}
