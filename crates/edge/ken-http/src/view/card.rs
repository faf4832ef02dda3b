//! Cards: one per look at a record, and one per way on.

use maud::{Markup, html};

use super::facts::{self, Tone};

/// One look at a record, as its person reads it.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// The organisation first: the real one, never the hub's name.
    pub(crate) organisation: String,
    /// Who, and in which role.
    pub(crate) who: String,
    /// "3 October 2026, 11:22pm".
    pub(crate) when: String,
    /// The purpose in plain words.
    pub(crate) why: String,
    /// What was looked at.
    pub(crate) what: String,
    /// The agreements' clauses, in plain words, each with the page that explains its agreement.
    pub(crate) rules: Vec<(String, Option<String>)>,
    /// A word when the look was out of the ordinary.
    pub(crate) tag: Option<(String, Tone)>,
}

/// The looks, headed at the third level.
pub(crate) fn looks(looks: &[Look]) -> Markup {
    html! {
        ul.care_cards role="list" {
            @for look in looks {
                li {
                    h3 { (look.organisation) }
                    p { (look.who) }
                    p { b { "When: " } (look.when) }
                    p { b { "Why: " } (look.why) }
                    p { b { "What: " } (look.what) }
                    @for (rule, page) in &look.rules {
                        p {
                            b { "Which rule: " }
                            @match page {
                                Some(page) => a href=(page) { (rule) },
                                None => { (rule) }
                            }
                        }
                    }
                    @if let Some((word, tone)) = &look.tag { p { (facts::tag(word, *tone)) } }
                }
            }
        }
    }
}

/// Plain cards, each with a heading of the given markup and its content.
pub(crate) fn cards(grid: bool, cards: &[Markup]) -> Markup {
    html! {
        ul.care_cards.care_cards--grid[grid] role="list" {
            @for card in cards { li { (card) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_look_names_the_organisation_first() {
        let look = Look {
            organisation: "Glen Primary School".into(),
            who: "Ms A Teacher, head teacher".into(),
            when: "Today, 9:42am".into(),
            why: "To support your wellbeing".into(),
            what: "Looked at what has happened".into(),
            rules: vec![
                ("GIRFEC agreement, part G1".into(), Some("/my/agreements/ab12".into())),
                ("An old agreement".into(), None),
            ],
            tag: Some(("Emergency access".into(), Tone::Warn)),
        };
        let shown = looks(&[look]).into_string();
        rules::assert_part(&format!("<h2>Looks</h2>{shown}"));
        assert!(shown.find("Glen Primary") < shown.find("Ms A Teacher"));
        let grid = cards(true, &[html! { h2 { "One" } }]).into_string();
        rules::assert_part(&grid);
    }
}
