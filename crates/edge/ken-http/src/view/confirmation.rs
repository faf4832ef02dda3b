//! After something was done: what, what happens next, and where to go.

use maud::{Markup, html};

/// A confirmation; its heading is the page's `h1`.
pub(crate) fn done(what: &str, next: &str) -> Markup {
    html! {
        div.care_done role="status" {
            h1 { (what) }
            p { (next) }
        }
    }
}

/// A link that looks like a button.
pub(crate) fn link_on(address: &str, words: &str) -> Markup {
    html! {
        p.care_buttons { a.ds_button.ds_button--secondary href=(address) { (words) } }
    }
}

/// Answers to check before they are sent: each with its question.
pub(crate) fn check_answers(answers: &[(&str, String)]) -> Markup {
    html! {
        dl.care_facts.care_facts--wide {
            @for (question, answer) in answers {
                div { dt { (question) } dd { (answer) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn confirmations_and_answers() {
        rules::assert_part(&done("Claim sent", "A second person will check it.").into_string());
        rules::assert_part(&link_on("/w/today", "Back to today").into_string());
        let answers = [("Why do you need to see this?", "A fall <today>".to_owned())];
        let shown = check_answers(&answers).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("A fall &lt;today&gt;"));
    }
}
