//! The choice of purpose, among those that a live relationship supports.

use ken_core::{PersonId, Purpose};
use maud::{Markup, html};

use crate::view::{card, words};

/// The page's content: one link for each purpose, none chosen beforehand.
///
/// A purpose is a word of the agreement and no personal data, so it may stand in an address, and
/// the page can be opened again.
pub(crate) fn show(person: PersonId, purposes: &[Purpose]) -> Markup {
    let card = |purpose: &Purpose| {
        html! {
            h2 { a href={ "/w/p/" (person) "?purpose=" (purpose) } { (words::purpose(purpose)) } }
        }
    };
    html! {
        h1 { "Why do you need to see this record?" }
        p {
            "The purpose decides what you see, and the person can read which one you chose. These \
             are the purposes that your work with this person supports."
        }
        (card::cards(false, &purposes.iter().map(card).collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_purpose_is_a_link_in_words() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let purposes = ["direct-care", "vital"].map(|word| Purpose::new(word).unwrap());
        let shown = show(person, &purposes).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("?purpose=direct-care\">Caring for"));
    }
}
