//! `/w/p/{person}/assessments/{item}/versions`: what was signed of one item, the newest first, and
//! what differs between each and the one before it.
//!
//! # Invariants
//!
//! - A version shows to whom the item itself shows now; how many there are that this reader may not
//!   see is told nowhere.

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use axum::response::{IntoResponse, Response};
use ken_core::{PersonId, Purpose, ResourceId};
use ken_records::Part;
use maud::{Markup, html};

use super::super::whom;
use super::show::{changed, says};
use super::{Begun, Wanted, Written, written};
use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::form::Form;
use crate::view::{receipt, timeline};
use crate::wire::csrf::Csrf;

/// `GET /w/p/{person}/assessments/{item}/versions`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path((person, item)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let of = item.parse::<ResourceId>().map_err(|_| Stop::NotFound)?;
    let part = Part { of: Some(of), ..Part::default() };
    let begun = match super::begin(&app, &caller, (person, wanted.purpose), part).await? {
        Ok(begun) => begun,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let Begun { purpose, names, mut shown, .. } = begun;
    compose::bring(&app, &mut shown.held).await?;
    let versions = written(&shown.held, &names);
    let newest = versions.first().ok_or(Stop::NotFound)?;
    let by = caller.acting()?;
    let may_revise = newest.is_revised_by(by) && shown.covered.contains(&newest.category);
    let above = whom::above(&app, &caller, (person, &purpose), &shown.clauses).await?;
    let receipts = ask::receipts(&app, shown.entries).await?;
    let is_whole = shown.is_whole;
    let view = View { person, purpose, versions, may_revise, is_whole, receipts };
    let frame = caller.frame(app.site(), "Versions").at("/w/find").under(above);
    Ok(frame.page(&show(&view, caller.csrf())).into_response())
}

/// What the page shows.
#[derive(Debug)]
struct View {
    person: PersonId,
    purpose: Purpose,
    /// The newest first.
    versions: Vec<Written>,
    may_revise: bool,
    /// Whether nothing older is left out.
    is_whole: bool,
    receipts: Vec<String>,
}

fn show(view: &View, csrf: &Csrf) -> Markup {
    let View { person, purpose, versions, .. } = view;
    let title = versions.first().map_or("", |one| one.title.as_str());
    let item = versions.first().map_or("", |one| one.id.as_str());
    let back = format!("/w/p/{person}/assessments/{item}?purpose={purpose}");
    html! {
        h1 { "Versions: " (title) }
        p { a href=(back) { "Back to what it says now" } }
        // They are of the item, whatever it says now.
        @for one in versions { (timeline::said(&one.words)) }
        @for (place, one) in versions.iter().enumerate() {
            @let id = format!("version-{}", place + 1);
            section.care_panel aria-labelledby=(id) {
                h2 id=(id) {
                    (if place == 0 { "Latest" } else { "Earlier" }) ": " (one.on)
                }
                p { "Signed by " (one.by.as_deref().unwrap_or(&one.source)) "." }
                @if let Some(before) = versions.get(place + 1) {
                    h3 { "What changed" }
                    (changed(before, one))
                }
                details {
                    summary { "All that it said" }
                    (says(one))
                }
                @if view.may_revise { (take_up(view, one, csrf)) }
            }
        }
        @if !view.is_whole { p { "There are older ones that are not shown here." } }
        (receipt::detail(&view.receipts))
    }
}

/// Begins another version with what this one said.
fn take_up(view: &View, one: &Written, csrf: &Csrf) -> Markup {
    let Some(form) = one.form() else { return html! {} };
    let action = super::begin::action(one.person);
    let hidden = super::begin::hidden(&view.purpose, form, Some((&one.id, Some(one.at))));
    let button = format!("Begin a new version with what was signed on {}", one.on);
    html! { (Form { action: &action, csrf, button: &button, hidden: &hidden }.small(&html! {})) }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::view::rules;

    #[test]
    fn each_version_says_what_changed_and_is_whole() {
        let one = |day: &str, says: &str, at: i64| Written {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".into(),
            title: "Adult assessment".into(),
            name: "Adult assessment".into(),
            category: "assessment".parse().unwrap(),
            on: day.into(),
            source: "Glen Council".into(),
            at_source: "cec".parse().unwrap(),
            by: Some("Jo Worker, Duty social worker, Glen Council".into()),
            sections: vec![("Views".into(), says.into())],
            words: vec![],
            review: None,
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            version: 2,
            resource: json!({ "questionnaire": "urn:ken:form:adult-assessment|1" }),
            at: Timestamp::from_second(at).unwrap(),
        };
        let view = View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            versions: vec![one("3 Nov 2026", "I want to move", 2), one("1 Oct 2026", "Stay", 1)],
            may_revise: true,
            is_whole: false,
            receipts: vec![],
        };
        let shown = show(&view, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        for want in [
            "Latest: 3 Nov 2026",
            "Earlier: 1 Oct 2026",
            "removed: </span>Stay</del>",
            "Begin a new version with what was signed on 1 Oct 2026",
            "value=\"1000000\"",
            "There are older ones",
        ] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        assert_eq!(shown.matches("What changed").count(), 1, "the first changed nothing");
    }
}
