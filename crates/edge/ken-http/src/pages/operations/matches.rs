//! `/ops/match`: people whose identity is uncertain, each waiting for somebody to look.
//!
//! The list names nobody: it says since when, from whom, and how many candidates there are.

use maud::{Markup, html};

use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};

/// One uncertain identity.
#[derive(Debug, Clone)]
pub(crate) struct Uncertain {
    /// Since when it waits.
    pub(crate) since: String,
    /// Which organisation sent it.
    pub(crate) source: String,
    /// How many people it could be.
    pub(crate) candidates: usize,
    /// What made it uncertain, in words.
    pub(crate) why: String,
}

/// The page's content.
pub(crate) fn show(queue: &[Uncertain]) -> Markup {
    let rows = queue.iter().map(|one| {
        vec![
            html! { (one.since) },
            html! { (one.source) },
            html! { (one.candidates) },
            html! { (one.why) },
        ]
    });
    let table = Table {
        id: "queue-table",
        caption: "Waiting, the oldest first",
        columns: &["Since", "Sent by", "Could be#", "Why"],
        rows: rows.collect(),
    };
    let state = if queue.is_empty() {
        State::Nothing {
            looked: "Nothing to review.".into(),
            caution: "Every message so far was about somebody certain, or somebody new.".into(),
        }
    } else {
        State::Content { shown: table::show(&table), from: None }
    };
    html! {
        h1 { "Identity to review" }
        p {
            "Each of these is filed under a provisional person, and joined to nobody, until \
             somebody has looked. This list names nobody."
        }
        (panel::show(&Panel { id: "queue", heading: "Review queue".into(), open: true, state }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_queue_names_nobody() {
        let one = Uncertain {
            since: "21 Nov 2026, 09:14".into(),
            source: "NHS Glen".into(),
            candidates: 2,
            why: "Same name and date of birth, another number".into(),
        };
        let shown = show(&[one]).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains(r#"<td class="care_num">2</td>"#));
        rules::assert_part(&show(&[]).into_string());
    }
}
