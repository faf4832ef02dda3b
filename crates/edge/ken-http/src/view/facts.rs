//! A list of facts, and tags.

use maud::{Markup, html};

/// Label and value pairs as a description list; an empty value reads "Not known".
pub(crate) fn list(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.care_facts {
            @for (label, value) in facts {
                div {
                    dt { (label) }
                    dd { @if value.0.is_empty() { "Not known" } @else { (value) } }
                }
            }
        }
    }
}

/// What a tag's colour adds to its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Wants a look.
    Warn,
    /// Wrong, or an emergency.
    Bad,
}

/// A word in a small box. The word alone must carry the meaning.
pub(crate) fn tag(word: &str, tone: Tone) -> Markup {
    let class = match tone {
        Tone::Good => "care_tag care_tag--good",
        Tone::Warn => "care_tag care_tag--warn",
        Tone::Bad => "care_tag care_tag--bad",
    };
    html! { span class=(class) { (word) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn facts_and_tags() {
        let shown = list(&[("GP", html! { "Dr B Doctor" }), ("School", html! {})]).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("<dt>School</dt><dd>Not known</dd>"));
        for tone in [Tone::Good, Tone::Warn, Tone::Bad] {
            rules::assert_part(&tag("Held", tone).into_string());
        }
    }
}
