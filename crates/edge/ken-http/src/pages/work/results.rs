//! `/w/find/r/{parcel}`: who fits what was typed, among those the caller may know of.
//!
//! # Invariants
//!
//! - Only people with whom a relationship of the caller supports a purpose are listed, each after
//!   a decision of its own. Anybody else who fits looks like nobody (`core.md` 2.9).

use ken_core::PersonId;
use maud::{Markup, html};

use crate::view::{card, confirmation};

/// Somebody who fits, with what the decision lets the caller see.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    /// Whom the link leads to.
    pub(crate) person: PersonId,
    /// "SAMPLE, Isla".
    pub(crate) name: String,
    /// Born, address and number, as far as they are shown.
    pub(crate) details: Vec<String>,
    /// The kinds of relationship, in words.
    pub(crate) linked: String,
}

/// The page's content.
pub(crate) fn show(fits: &[Fit], query: &str) -> Markup {
    html! {
        h1 {
            @if fits.len() == 1 { "1 person you work with fits" }
            @else { (fits.len()) " people you work with fit" }
        }
        (card::cards(false, &fits.iter().map(one).collect::<Vec<_>>()))
        h2 { "Somebody else?" }
        p { "Only people you work with are listed, so a list cannot tell you who else is known." }
        (confirmation::link_on(&format!("/w/find/other?{query}"), "Go on with what you typed"))
    }
}

fn one(fit: &Fit) -> Markup {
    html! {
        h2 { a href={ "/w/p/" (fit.person) } { (fit.name) } }
        @for detail in &fit.details { p { (detail) } }
        p { "Linked to you: " (fit.linked) "." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_fit_can_be_told_from_the_next() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let fit = Fit {
            person,
            name: "SAMPLE, Isla".into(),
            details: vec!["Born 14 Mar 2017 (9y)".into(), "1 Test Row, ZZ9 9ZZ".into()],
            linked: "direct care".into(),
        };
        let shown = show(&[fit.clone(), fit], "t=abc").into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("2 people you work with fit"));
        assert!(shown.contains("/w/find/other?t=abc"));
    }
}
