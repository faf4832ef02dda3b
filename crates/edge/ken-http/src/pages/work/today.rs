//! `/w/today`: what waits for this practitioner.

use axum::Extension;
use axum::extract::State as Of;
use jiff::Timestamp;
use ken_sharing::relationship;
use maud::{Markup, html};

use super::claims;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};

/// `GET /w/today`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let ctx = app.ctx(caller.request());
    // A part may fail alone; the rest of the page stands.
    let claims = claims::waiting(&app, &caller).await;
    let claims = claims.map(|all| all.iter().filter(|claim| !claim.is_own).count());
    let people = relationship::caseload(app.db(), &ctx, caller.acting()?).await?;
    let today = Today {
        claims: claims.map_err(|_| words::short_reference(caller.request())),
        people: people.len(),
        at: Some(ctx.clock.now()),
    };
    Ok(caller.frame(app.site(), "Today").at("/w/today").page(&show(&today)))
}

/// What the page shows. Counts and ids only: a name needs a decision of its own.
#[derive(Debug, Clone)]
pub(crate) struct Today {
    /// Claims of colleagues that wait for a second person; or the reference of what failed.
    pub(crate) claims: Result<usize, String>,
    /// People with whom this practitioner has a live relationship.
    pub(crate) people: usize,
    /// When we looked.
    pub(crate) at: Option<Timestamp>,
}

/// The page's content.
pub(crate) fn show(today: &Today) -> Markup {
    html! {
        h1 { "Today" }
        (panel::show(&waiting(today)))
        h2 { "Start" }
        (card::cards(true, &[
            html! {
                h3 { a href="/w/find" { "Find a person" } }
                p { "By CHI or NHS number, or by name and date of birth." }
            },
            html! {
                h3 { a href="/w/people" { "People you work with" } }
                p { (people(today.people)) }
            },
        ]))
    }
}

fn waiting(today: &Today) -> Panel {
    let checked = today.at.map(|at| format!("Checked at {}.", words::moment_short(at)));
    let state = match &today.claims {
        Err(reference) => State::Error { reference: reference.clone() },
        Ok(0) => State::Nothing {
            looked: "Nothing is waiting for you.".into(),
            caution: checked.unwrap_or_default(),
        },
        Ok(count) => State::Content {
            shown: html! {
                p {
                    @if *count == 1 { "1 claim of a colleague waits" }
                    @else { (count) " claims of colleagues wait" }
                    " for a second person."
                }
                (confirmation::link_on("/w/claims", "Look at the claims"))
            },
            from: checked,
        },
    };
    Panel { id: "waiting", heading: "Waiting for you".into(), open: true, state }
}

fn people(count: usize) -> String {
    match count {
        0 => "No relationship with anybody is recorded for you yet.".into(),
        1 => "1 person, by a relationship that is recorded.".into(),
        count => format!("{count} people, by a relationship that is recorded."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_part_may_fail_alone() {
        let today = |claims| Today { claims, people: 3, at: None };
        for (claims, want) in [
            (Ok(0), "Nothing is waiting"),
            (Ok(1), "1 claim of a colleague"),
            (Ok(2), "2 claims of colleagues"),
            (Err("r-1".to_owned()), "r-1"),
        ] {
            let shown = show(&today(claims)).into_string();
            rules::assert_part(&shown);
            assert!(shown.contains(want) && shown.contains("3 people"), "{want}");
        }
    }
}
