//! `/w/emergency`: opening a record in an emergency. A plain page, one step, no dialog.

use maud::{Markup, html};

use super::claim;
use super::refusal::Asked;
use crate::view::confirmation;
use crate::view::form::{Field, Form, Wrong, summary, tick};
use crate::wire::csrf::Csrf;

/// The form. `words` are those that the exceptional clause requires, whole.
pub(crate) fn show(
    asked: &Asked,
    words: &[String],
    reason: &str,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let hidden = claim::hidden(asked);
    let form = Form {
        action: "/w/emergency",
        csrf,
        button: "I need to see this record now",
        hidden: &hidden,
    };
    let hint = "In your own words: what could happen, to whom, and why it cannot wait.";
    html! {
        (summary(wrongs))
        h1 { "Emergency access" }
        ul {
            li { "You see what your role may see when somebody's life or safety is at stake." }
            li { "It lasts 24 hours. You can finish sooner." }
            li { "Somebody else checks it within 2 working days." }
            li { "The person can read that you looked, and why, once it was checked." }
        }
        @if let Asked::Typed(typed, _) = asked {
            h2 { "What you typed" }
            (confirmation::check_answers(
                &typed.iter().map(|(q, a)| (*q, a.clone())).collect::<Vec<_>>()))
        }
        @if !words.is_empty() {
            h2 { "The words you affirm" }
            @for text in words { blockquote.care_words { p { (text) } } }
        }
        (form.post(&html! {
            (Field::long("reason", "Why do you need to see this record now?", reason)
                .hinted(hint).show(wrongs))
            (tick("affirmed", "What I have written is true, and it cannot wait.", wrongs))
        }))
    }
}

/// What must be put right.
pub(crate) fn wrongs(reason: &str, affirmed: bool) -> Vec<Wrong> {
    let mut wrongs = vec![];
    let length = reason.trim().chars().count();
    if !(claim::REASON_LEN_MIN..=claim::REASON_LEN_MAX).contains(&length) {
        wrongs.push(Wrong::new("reason", "Say why you need to see this record now"));
    }
    if !affirmed {
        wrongs.push(Wrong::new("affirmed", "Affirm that it is true and cannot wait"));
    }
    wrongs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_reason_and_the_words_are_wanted() {
        let check = |reason: &str, affirmed, wants: &[&str]| {
            let fields: Vec<_> = wrongs(reason, affirmed).iter().map(|w| w.field).collect();
            assert_eq!(fields, wants, "{reason}");
        };
        check("", false, &["reason", "affirmed"]);
        check("She fell and is unconscious", false, &["affirmed"]);
        check("now", true, &["reason"]);
        check("She fell and is unconscious", true, &[]);
    }

    #[test]
    fn the_page_says_what_follows() {
        let asked = Asked::Typed(vec![("Number", "990317 0000".into())], "parcel".into());
        let words = ["Somebody could come to harm.".to_owned()];
        let shown = show(&asked, &words, "", &wrongs("", false), &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        for want in ["24 hours", "2 working days", "Somebody could come", "990317 0000"] {
            assert!(shown.contains(want), "{want}");
        }
    }
}
