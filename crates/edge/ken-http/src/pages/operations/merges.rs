//! `/ops/merges`: what senders merged, newest first, each with the way to take it back. It names
//! nobody.

use axum::Extension;
use axum::extract::State as Of;
use ken_core::PersonId;
use ken_person::{MergeId, backed_by_one, standing};
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};
use crate::view::{confirmation, words};

/// `GET /ops/merges`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let names = ask::names(&app).await?;
    let ctx = app.ctx(caller.request());
    let read = async |s: &mut Snapshot| {
        Ok::<_, ken_person::Error>((standing(s).await?, backed_by_one(s, &ctx).await?))
    };
    let (all, asked) = app.db().snapshot("http.merges", read).await?;
    let merged = all.into_iter().map(|one| Merged {
        is_asked: asked.contains(&one.id),
        person: one.person,
        merge: one.id,
        made: words::moment_short(one.made),
        source: compose::name_of(&names, &one.organisation),
        what: what(one.is_link),
    });
    let main = show(&merged.collect::<Vec<_>>());
    Ok(caller.frame(app.site(), "Merges by senders").at("/ops/match").page(&main))
}

/// What a merge did, in words.
pub(crate) const fn what(is_link: bool) -> &'static str {
    if is_link { "Two records were joined" } else { "A number was moved to another record" }
}

/// One merge that stands.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    person: PersonId,
    merge: MergeId,
    made: String,
    source: String,
    what: &'static str,
    /// Whether somebody wants it taken back, and a second person has yet to say so.
    is_asked: bool,
}

/// The page's content.
pub(crate) fn show(merged: &[Merged]) -> Markup {
    let rows = merged.iter().map(|one| {
        vec![
            html! {
                a href={ "/ops/merges/" (one.person) "/" (one.merge) } { "Merge, " (one.made) }
            },
            html! { (one.source) },
            html! {
                (one.what)
                @if one.is_asked { ". Somebody asks for it to be taken back" }
            },
        ]
    });
    let table = Table {
        id: "merges-table",
        caption: "Merges that stand, the newest first",
        columns: &["When", "Sent by", "What it did"],
        rows: rows.collect(),
    };
    let state = if merged.is_empty() {
        State::Nothing {
            looked: "No merge stands.".into(),
            caution: "A merge that contradicts what is known waits among the identities to review."
                .into(),
        }
    } else {
        State::Content { shown: table::show(&table), from: None }
    };
    html! {
        h1 { "Merges by senders" }
        p {
            "A system may say that two of its own numbers are one person. Each of these was done \
             as it was sent, and can be taken back. This list names nobody."
        }
        (panel::show(&Panel { id: "merges", heading: "Merges".into(), open: true, state }))
        (confirmation::link_on("/ops/match", "Identity to review"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_list_leads_to_each_and_names_nobody() {
        let one = Merged {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            merge: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            made: "21 Nov 2026, 09:14".into(),
            source: "NHS Glen".into(),
            what: what(false),
            is_asked: false,
        };
        let asked = Merged { is_asked: true, ..one.clone() };
        let shown = show(&[one, asked]).into_string();
        rules::assert_part(&shown);
        assert_eq!(shown.matches("Somebody asks").count(), 1, "{shown}");
        assert!(shown.contains("href=\"/ops/merges/6f1c1c1e"), "{shown}");
        rules::assert_part(&show(&[]).into_string());
    }
}
