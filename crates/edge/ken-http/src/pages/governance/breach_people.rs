//! The part of a breach's page that counts whom it concerns, by organisation, and who was told.

use ken_core::EntryId;
use ken_office::breach::{Group, Refusal};
use maud::{Markup, html};
use serde::Deserialize;

use super::breaches::{ADDRESS, told as says};
use crate::pages::ask::Names;
use crate::view::facts::{self, Tone};
use crate::view::form::{Field, Form, Wrong, select};
use crate::view::table::{self, Table};
use crate::wire::csrf::Csrf;

/// What the form says of itself, beside the form of the steps.
pub(super) const STEP: &str = "people";

/// The counts, as they are typed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    controller: String,
    #[serde(default)]
    people: String,
    #[serde(default)]
    told: String,
}

/// The counts, read.
///
/// # Errors
///
/// What is to be put right.
pub(super) fn checked(filled: &Typed) -> Result<Group, Wrong> {
    let of = filled.controller.parse().map_err(|_| says(Refusal::Unknown))?;
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let people = number(&filled.people).ok_or_else(|| says(Refusal::People))?;
    let told = number(&filled.told).filter(|told| (0..=people).contains(told));
    let told = told.ok_or_else(|| Wrong::new("told", "Enter how many of them were told, or 0"))?;
    Ok(Group { of, people, told })
}

/// The table, and the form while the breach is open.
pub(super) fn show(
    (id, is_open): (EntryId, bool),
    (groups, names): (&[Group], &Names),
    (filled, wrongs): (&Typed, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let name = |one: &Group| names.get(&one.of).cloned().unwrap_or_else(|| one.of.to_string());
    let row = |one: &Group| {
        let left = one.left();
        vec![
            html! { (name(one)) },
            html! { (one.people) },
            html! { (one.told) },
            html! { @if left == 0 { "0" } @else { (facts::tag(&left.to_string(), Tone::Warn)) } },
        ]
    };
    let rows: Vec<_> = groups.iter().map(row).collect();
    let columns = &["Who looks after them", "People#", "Told#", "Not told yet#"];
    let caption = "How many people it concerns, and how many of them were told";
    let action = format!("{ADDRESS}/{id}");
    let hidden = [("step", STEP.to_owned())];
    let form = Form { action: &action, csrf, button: "Save the count", hidden: &hidden };
    let bodies: Vec<_> = names.iter().map(|(id, name)| (id.to_string(), name.clone())).collect();
    html! {
        h2 { "Whom it concerns" }
        p { a href={ (action) "/people" } { "Ask the ledger whom it concerns, and of what" } }
        @if rows.is_empty() { p { "Nobody has counted yet whose people it concerns." } }
        @else { (table::show(&Table { id: "whom", caption, columns, rows })) }
        @if is_open {
            p { "Count by the organisation that looks after them and can tell them safely. Their \
                 names stay where their record is kept: write none here." }
            (form.post(&html! {
                (select("controller", "Who looks after them?", &bodies, &filled.controller))
                (Field::text("people", "How many of its people does it concern?", &filled.people)
                    .show(wrongs))
                (Field::text("told", "How many of them were told by now?", &filled.told)
                    .show(wrongs))
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn what_is_left_to_tell_stands_beside_what_was_told() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
        let names = Names::from([("cec".parse().unwrap(), "Glen <Council>".to_owned())]);
        let group = |of: &str, told| Group { of: of.parse().unwrap(), people: 12, told };
        let groups = [group("cec", 5), group("nhsl", 12)];
        let check = |groups: &[Group], is_open, wrongs: &[Wrong]| {
            let (of, filled) = ((groups, &names), Typed::default());
            let page = show((id, is_open), of, (&filled, wrongs), &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            page
        };
        let page = check(&groups, true, &[says(Refusal::People)]);
        for want in ["Glen &lt;Council&gt;", ">7<", "Save the count", "Enter a number"] {
            assert!(page.contains(want), "{want}: {page}");
        }
        assert!(!check(&groups, false, &[]).contains("Save the count"), "it is closed");
        assert!(check(&[], true, &[]).contains("Nobody has counted"), "{page}");
    }

    #[test]
    fn no_more_can_be_told_than_there_are() {
        let check = |people: &str, told: &str, want: Option<&str>| {
            let [controller, people, told] = ["cec", people, told].map(str::to_owned);
            let filled = Typed { controller, people, told };
            let wrong = checked(&filled).err().map(|wrong| wrong.field);
            assert_eq!(wrong, want, "{} {}", filled.people, filled.told);
        };
        check("12", "12", None);
        check(" 12 ", "0", None);
        check("12", "13", Some("told"));
        check("12", "", Some("told"));
        check("many", "0", Some("people"));
    }
}
