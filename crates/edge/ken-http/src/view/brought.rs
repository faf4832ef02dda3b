//! Rows that somebody pastes from a spreadsheet: the form for them, their faults line by line, and
//! what would be kept before anything is.

use ken_directory::rows::Fault;
use maud::{Markup, html};
use serde::Deserialize;

use super::confirmation;
use super::form::{Field, Form, Wrong, summary};
use super::table::{self, Table};
use crate::wire::csrf::Csrf;

/// Most faults that are told at once. House policy: whoever has more mends the cause first.
const FAULTS_MAX: usize = 100;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Brought {
    #[serde(default)]
    pub(crate) text: String,
    /// Empty until it was shown what would be kept.
    #[serde(default)]
    pub(crate) step: String,
}

impl Brought {
    /// What was sent, with the line ends of the house.
    pub(crate) fn in_lines(mut self) -> Self {
        self.text = self.text.replace("\r\n", "\n");
        self
    }

    /// Whether it was seen what would be kept, and meant.
    pub(crate) fn is_sure(&self) -> bool {
        !self.step.is_empty()
    }
}

/// What is brought, in words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// Where it is brought.
    pub(crate) address: &'static str,
    /// The page it belongs to.
    pub(crate) back: &'static str,
    /// The heading.
    pub(crate) title: &'static str,
    /// What stands in a row.
    pub(crate) rows: &'static str,
    /// The columns of what would be kept.
    pub(crate) columns: &'static [&'static str],
}

/// The form, with what was wrong.
pub(crate) fn form(about: &About, sent: &Brought, faults: &[Fault], csrf: &Csrf) -> Markup {
    let wrongs: Vec<_> = (!faults.is_empty())
        .then(|| Wrong::new("text", "Put the faults below right"))
        .into_iter()
        .collect();
    let button = "See what would be kept";
    let form = Form { action: about.address, csrf, button, hidden: &[] };
    html! {
        (summary(&wrongs))
        h1 { (about.title) }
        p { "You see first what would be kept. Nothing is kept before you say so, and nothing if \
             there is a fault." }
        @if !faults.is_empty() {
            h2 { "Faults" }
            ul {
                @for fault in faults.iter().take(FAULTS_MAX) {
                    li { "Line " (fault.line) ": " (fault.says) "." }
                }
            }
            @if let Some(more) = faults.len().checked_sub(FAULTS_MAX).filter(|more| *more > 0) {
                p { "And " (more) " more." }
            }
        }
        (form.post(&Field::whole("text", "Rows", &sent.text).hinted(about.rows).show(&wrongs)))
        (confirmation::link_on(about.back, "Back"))
    }
}

/// What would be kept.
pub(crate) fn dry_run(
    about: &About,
    sent: &Brought,
    rows: Vec<Vec<Markup>>,
    csrf: &Csrf,
) -> Markup {
    let hidden = [("text", sent.text.clone()), ("step", "sure".to_owned())];
    let button = format!("Keep these {}", rows.len());
    let form = Form { action: about.address, csrf, button: &button, hidden: &hidden };
    let table = Table { id: "would", caption: "What would be kept", columns: about.columns, rows };
    html! {
        h1 { (about.title) }
        p { "Nothing is kept yet." }
        (table::show(&table))
        (form.post(&html! {}))
        (confirmation::link_on(about.address, "Keep nothing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    const ABOUT: About = About {
        address: "/ig/x",
        back: "/ig",
        title: "Bring rows",
        rows: "One on a line.",
        columns: &["Desk", "When"],
    };

    #[test]
    fn rows_are_shown_before_they_are_kept_and_faults_by_line() {
        let sent = Brought { text: "a<b".into(), ..Brought::default() };
        let faults = vec![Fault { line: 3, says: "it has ended already" }; FAULTS_MAX + 2];
        let page = form(&ABOUT, &sent, &faults, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Line 3: it has ended already.") && page.contains("And 2 more."));
        assert!(page.contains("a&lt;b"));
        let rows = vec![vec![html! { "Duty desk" }, html! { "Now" }]];
        let page = dry_run(&ABOUT, &sent, rows, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Keep these 1") && page.contains("Nothing is kept yet"));
        rules::assert_part(&form(&ABOUT, &sent, &[], &Csrf::of("x")).into_string());
    }
}
