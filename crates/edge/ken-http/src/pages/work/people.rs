//! `/w/people`: people with whom the reader has a live relationship, by name.
//!
//! Each name is a disclosure of the reader's own organisation's record, decided and entered as any
//! other; so the list is asked for on a page of its own, and is short.

use axum::Extension;
use axum::extract::State;
use ken_sharing::relationship;
use maud::{Markup, html};

use super::fit::{Fit, Seeker};
use super::results;
use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::stop::Stop;
use crate::view::panel::{self, Panel, State as Shown};
use crate::view::{card, receipt};

/// Most people on the page. House policy: a caseload; whoever has more finds them by name.
const PEOPLE_MAX: usize = 30;

/// `GET /w/people`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let related = relationship::caseload(app.db(), &ctx, by).await?;
    let (of, names) = ((related.people.len(), related.is_more), ask::names(&app).await?);
    let seeker = Seeker { app: &app, ctx: &ctx, by, names: &names, query: None };
    let mut people = vec![];
    for person in related.people.into_iter().take(PEOPLE_MAX) {
        people.extend(seeker.fit(person, true).await?);
    }
    people.sort_by(|a, b| a.name.cmp(&b.name));
    let frame = caller.frame(app.site(), "People you work with").at("/w/today");
    let receipts = ask::receipts(&app, results::entries(&people)).await?;
    Ok(frame.page(&html! { (show(&people, of)) (receipt::detail(&receipts)) }))
}

/// The page's content. `count` is of everybody, with and without a name to show; there may be more.
fn show(people: &[Fit], (count, is_more): (usize, bool)) -> Markup {
    let state = if people.is_empty() {
        Shown::Nothing {
            looked: "No relationship that shows you a name is recorded for you.".into(),
            caution: "This does not mean that you work with nobody: a register may not say so yet."
                .into(),
        }
    } else {
        let shown = html! {
            @if people.len() < count {
                p {
                    (people.len()) " of " @if is_more { "more than " } (count)
                    " are shown, those whom you know yourself first. Find the others by name."
                }
            }
            (card::cards(true, &people.iter().map(one).collect::<Vec<_>>()))
        };
        Shown::Content { shown, from: None }
    };
    let panel = Panel { id: "people", heading: "By name".into(), open: true, state };
    html! {
        h1 { "People you work with" }
        (panel::show(&panel))
    }
}

fn one(fit: &Fit) -> Markup {
    html! {
        h3 { a href={ "/w/p/" (fit.person) } { (fit.name) } }
        @for detail in &fit.details { p { (detail) } }
        p { "Linked to you: " (fit.linked) "." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_short_list_says_that_it_is_short() {
        let fit = Fit {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            name: "SAMPLE, Isla".into(),
            details: vec!["Born 14 Mar 2017 (9y)".into()],
            seen: ken_person::Seen::default(),
            linked: "direct care".into(),
            how: None,
            entries: std::collections::BTreeSet::new(),
        };
        let fit = [fit];
        let shown = show(&fit, (31, false)).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("1 of 31 are shown"));
        assert!(show(&fit, (31, true)).into_string().contains("1 of more than 31 are shown"));
        rules::assert_part(&show(&[], (0, false)).into_string());
    }
}
