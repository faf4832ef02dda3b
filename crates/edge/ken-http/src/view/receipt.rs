//! A receipt of the ledger, for whoever was just shown something: one word that can be copied.

use maud::{Markup, html};

/// What a receipt is, where practitioners work.
const WORK: &str = "A receipt is the ledger's signed promise that this look stands on it for ever. \
    It says nothing about the person. Keep it where you keep your notes if you may need to show \
    later that you looked, and when: with it, anybody can prove it if the entry is ever removed.";

/// The receipts of a page, closed until somebody wants them; nothing where there are none.
pub(crate) fn detail(words: &[String]) -> Markup {
    told(words, WORK)
}

/// As [`detail`], in words for the person themselves.
pub(crate) fn own(words: &[String]) -> Markup {
    told(
        words,
        "A receipt is a promise that nobody can wipe out the note of this visit. It says nothing \
         about you. You can copy it and keep it. Then we cannot hide that the note was there.",
    )
}

fn told(words: &[String], about: &str) -> Markup {
    html! {
        @if !words.is_empty() {
            details.care_more {
                summary { @if words.len() == 1 { "Receipt" } @else { "Receipts" } }
                div {
                    p { (about) }
                    @for word in words { p { code.care_code { (word) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_receipt_is_there_to_be_copied_or_not_at_all() {
        let shown = detail(&["a2VuLXJlY2VpcHQvMQ".into()]).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("<code class=\"care_code\">a2VuLXJlY2VpcHQvMQ</code>"), "{shown}");
        assert!(own(&["a".into(), "b".into()]).into_string().contains("Receipts"));
        assert_eq!(own(&[]).into_string(), "");
    }
}
