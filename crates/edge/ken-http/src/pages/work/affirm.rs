//! The words that a clause requires, shown whole, to be affirmed one by one.

use ken_core::{PersonId, Purpose};
use maud::{Markup, html};

use crate::view::form::{Form, Wrong, summary, tick};
use crate::view::words;
use crate::wire::csrf::Csrf;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// About whom; the page does not say who that is.
    pub(crate) person: PersonId,
    /// For which purpose.
    pub(crate) purpose: Purpose,
    /// The exact words, as signed.
    pub(crate) words: Vec<String>,
}

/// The page's content.
pub(crate) fn show(asked: &Asked, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/w/p/{}/affirm", asked.person);
    let hidden = [("purpose", asked.purpose.to_string())];
    let form = Form { action: &action, csrf, button: "Affirm and go on", hidden: &hidden };
    let label = if asked.words.len() == 1 {
        "I affirm these words. They are true."
    } else {
        "I affirm each of these. They are all true."
    };
    html! {
        (summary(wrongs))
        h1 { "Before you see this record" }
        p {
            "Your purpose: " b { (words::purpose(&asked.purpose)) } ". The agreement asks you to \
             affirm these words. They are kept with your name, and hold for 30 minutes."
        }
        @for text in &asked.words { blockquote.care_words { p { (text) } } }
        (form.post(&tick("affirmed", label, wrongs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_words_are_shown_whole() {
        let asked = Asked {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: Purpose::new("asp-inquiry").unwrap(),
            words: vec!["I know or believe that this adult is at risk.".into()],
        };
        let wrongs = [Wrong::new("affirmed", "Affirm the words, or go back")];
        let shown = show(&asked, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("I know or believe") && shown.contains("asp-inquiry"));
    }
}
