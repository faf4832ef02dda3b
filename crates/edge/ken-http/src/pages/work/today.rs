//! `/w/today`: what waits for this practitioner.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};

/// What the page shows. Counts and ids only: a name needs a decision of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Today {
    /// Claims of colleagues that wait for a second person.
    pub(crate) claims: usize,
    /// People with whom this practitioner has a live relationship.
    pub(crate) people: usize,
    /// When we looked.
    pub(crate) at: Option<Timestamp>,
}

/// The page's content.
pub(crate) fn show(today: &Today) -> Markup {
    html! {
        h1 { "Today" }
        (panel::show(&waiting(today)))
        h2 { "Start" }
        (card::cards(true, &[
            html! {
                h3 { a href="/w/find" { "Find a person" } }
                p { "By CHI or NHS number, or by name and date of birth." }
            },
            html! {
                h3 { a href="/w/people" { "People you work with" } }
                p { (people(today.people)) }
            },
        ]))
    }
}

fn waiting(today: &Today) -> Panel {
    let checked = today.at.map(|at| format!("Checked at {}.", words::moment_short(at)));
    let state = match today.claims {
        0 => State::Nothing {
            looked: "Nothing is waiting for you.".into(),
            caution: checked.unwrap_or_default(),
        },
        count => State::Content {
            shown: html! {
                p {
                    @if count == 1 { "1 claim of a colleague waits" }
                    @else { (count) " claims of colleagues wait" }
                    " for a second person."
                }
                (confirmation::link_on("/w/claims", "Look at the claims"))
            },
            from: checked,
        },
    };
    Panel { id: "waiting", heading: "Waiting for you".into(), open: true, state }
}

fn people(count: usize) -> String {
    match count {
        0 => "No relationship with anybody is recorded for you yet.".into(),
        1 => "1 person, by a relationship that is recorded.".into(),
        count => format!("{count} people, by a relationship that is recorded."),
    }
}
