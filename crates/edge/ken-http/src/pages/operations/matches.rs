//! `/ops/match`: people whose identity is uncertain, each waiting for somebody to look.
//!
//! The list names nobody: it says since when, from whom, and how many candidates there are.

use axum::Extension;
use axum::extract::State as Of;
use ken_person::{Reason, queue};
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::words;

use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};

/// `GET /ops/match`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let names = ask::names(&app).await?;
    let read = async |s: &mut Snapshot| queue::list(s, None).await;
    let places = app.db().snapshot("http.match", read).await?;
    let uncertain = |place: &queue::Place| {
        let reasons = place.candidates.iter().flat_map(|doubt| &doubt.reasons);
        let mut why: Vec<_> = reasons.map(|reason| reason_words(*reason)).collect();
        why.sort_unstable();
        why.dedup();
        Uncertain {
            since: words::moment_short(place.since),
            source: compose::name_of(&names, &place.source),
            candidates: place.candidates.len(),
            why: why.join("; "),
        }
    };
    let queue: Vec<_> = places.iter().map(uncertain).collect();
    Ok(caller.frame(app.site(), "Identity to review").at("/ops/match").page(&show(&queue)))
}

fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::SourceNumber => "the source used this number before",
        Reason::Identifier => "a national number is equal",
        Reason::NameAndBirth => "name and date of birth are equal",
        Reason::Postcode => "the postcode is equal",
        Reason::NothingElseAgrees => "a number is equal, but name and date of birth are not",
        _ => "the evidence points two ways",
    }
}

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
