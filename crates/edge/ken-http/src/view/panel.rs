//! A panel and its five states: content, nothing, not allowed, source down, error.
//!
//! Each state says what it does *not* mean; an empty box never says "none" alone.

use maud::{Markup, html};

use crate::view::phone;

/// What a panel has to show.
#[derive(Debug)]
pub(crate) enum State {
    /// What was found, from whom, and how fresh it is.
    Content {
        /// The content.
        shown: Markup,
        /// "From NHS Glen, up to date at 21 Nov 2026, 09:14".
        from: Option<String>,
    },
    /// Nothing was found: what was looked for, and what that does not mean.
    Nothing {
        /// "Nobody has sent events about this person yet."
        looked: String,
        /// "This does not mean that nothing happened."
        caution: String,
    },
    /// The reader's role does not cover this kind of information, whether any is held or not.
    NotAllowed {
        /// Which rule decides.
        rule: String,
    },
    /// The source did not answer. Only a source that is asked at reading time can be silent: what
    /// agencies send is here, or is not.
    Down {
        /// Who did not answer, and when it was asked.
        source: String,
        /// Where it is asked again, it alone.
        again: Option<String>,
    },
    /// The panel failed; the rest of the page stands.
    Error {
        /// What to tell those who help.
        reference: String,
    },
}

/// A panel.
#[derive(Debug)]
pub(crate) struct Panel {
    /// Unique on the page.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) heading: String,
    /// Whether it has no box around it: the page's main panel.
    pub(crate) open: bool,
    /// What it shows.
    pub(crate) state: State,
}

/// The panel, headed at the second level.
pub(crate) fn show(panel: &Panel) -> Markup {
    html! {
        section.care_panel.care_panel--open[panel.open] aria-labelledby=(panel.id) {
            h2 id=(panel.id) { (panel.heading) }
            (state(&panel.state))
        }
    }
}

fn state(state: &State) -> Markup {
    match state {
        State::Content { shown, from } => html! {
            @if let Some(from) = from { p.care_from { (from) } }
            (shown)
        },
        State::Nothing { looked, caution } => html! {
            div.care_state { p { (looked) } p { (caution) } }
        },
        State::NotAllowed { rule } => html! {
            div.care_state {
                p { "This is not shared with you here. " (rule) }
                p { "That is so whether or not there is any." }
            }
        },
        State::Down { source, again } => html! {
            div.care_state.care_state--down role="status" {
                p { b { "No answer to show." } " " (phone::linked(source)) }
                p { "The other parts of this page are not affected." }
                @if let Some(again) = again { p { a href=(again) { "Ask it again" } } }
                @else { p { "Load the page again to retry." } }
            }
        },
        State::Error { reference } => html! {
            div.care_state.care_state--error role="status" {
                p { b { "We could not show this part." } " Nothing is lost." }
                p { "Load the page again. If it stays, give this reference: "
                    code.care_code { (reference) } }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_state_says_what_it_does_not_mean() {
        let check = |state: State, wants: &[&str]| {
            let panel = Panel { id: "p", heading: "Plans".into(), open: false, state };
            let shown = show(&panel).into_string();
            rules::assert_part(&shown);
            for want in wants {
                assert!(shown.contains(want), "{want} in {shown}");
            }
        };
        let shown = html! { p { "A plan" } };
        check(State::Content { shown, from: Some("From Glen".into()) }, &["From Glen", "A plan"]);
        let (looked, caution) = ("No plans were sent.".into(), "There may be one.".into());
        check(State::Nothing { looked, caution }, &["No plans", "There may be one"]);
        check(State::NotAllowed { rule: "By G1.".into() }, &["whether or not there is any"]);
        let source = || "Glen is silent.".to_owned();
        check(State::Down { source: source(), again: None }, &["role=\"status\"", "retry"]);
        let again = Some("/w/today".into());
        check(State::Down { source: source(), again }, &["Glen is", "href=\"/w/today\""]);
        check(State::Error { reference: "r-1".into() }, &["r-1", "Nothing is lost"]);
    }
}
