//! `/my/looked`: who looked at my record, and why.
//!
//! # Invariants
//!
//! - The organisation that looked is named, never the hub.
//! - Only looks that the person may see are read here; the page has no count of the others.

use maud::{Markup, html};

use crate::view::card::{self, Look};
use crate::view::panel::{self, Panel, State};

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looked {
    /// The looks, the newest first.
    pub(crate) looks: Vec<Look>,
    /// Whether only the newest are shown.
    pub(crate) is_more: bool,
}

/// The page's content.
pub(crate) fn show(looked: &Looked) -> Markup {
    let state = if looked.looks.is_empty() {
        State::Nothing {
            looked: "Nobody has opened your record yet.".into(),
            caution: "When somebody does, you can read it here.".into(),
        }
    } else {
        let shown = html! {
            (card::looks(&looked.looks))
            @if looked.is_more { p { "These are the newest. You can ask for older ones." } }
        };
        State::Content { shown, from: None }
    };
    let heading = match looked.looks.len() {
        1 => "1 time".to_owned(),
        count => format!("{count} times"),
    };
    html! {
        h1 { "Who looked at my record" }
        p { "This page shows who opened your record, when, and why." }
        p { (MORE) }
        (panel::show(&Panel { id: "looks", heading, open: true, state }))
        h2 { "Does something look wrong?" }
        p { "Tell us. We must find out and answer you. How to reach us is below." }
    }
}

/// One fixed text for everyone: it says nothing about this person (`core.md` 2.9).
pub(crate) const MORE: &str = "Law or safety may keep some things from this page.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn looks_are_counted_and_their_absence_explained() {
        let look = Look {
            organisation: "Glen Primary School".into(),
            who: "Ms A Teacher".into(),
            when: "Today, 9:42am".into(),
            why: "To support your wellbeing".into(),
            what: "what has happened".into(),
            rule: None,
            tag: None,
        };
        let looked = Looked { looks: vec![look.clone(), look], is_more: true };
        let shown = show(&looked).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("2 times") && shown.contains(MORE));
        let empty = show(&Looked::default()).into_string();
        rules::assert_part(&empty);
        assert!(empty.contains("Nobody has opened") && empty.contains(MORE));
    }
}
