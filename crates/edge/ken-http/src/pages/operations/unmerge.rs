//! `/ops/merges/{person}/{merge}`: what taking a merge back would do, and then, with a reason,
//! doing it.
//!
//! # Invariants
//!
//! - What the page says would happen was tried, and nothing of the trial is kept.
//! - It shows counts and kinds, and nothing of anybody; nor what a colleague said who wants it
//!   taken back.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::{PersonId, Sensitive};
use ken_hub::{Effects, Plan};
use ken_person::{Backing, Error, MergeId, Why};
use maud::{Markup, html};
use serde::Deserialize;

use super::merges;
use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::form::{Field, Form, Wrong, summary};
use crate::view::{confirmation, facts, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Reasoned {
    #[serde(default)]
    reason: Sensitive<String>,
}

/// A merge, as the address names it.
type Which = Path<(String, String)>;
/// A merge: under whom it is kept, and its id.
type At = (PersonId, MergeId);

/// `GET /ops/merges/{person}/{merge}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
) -> Result<Response, Stop> {
    let at = at(&which)?;
    let main = planned(&app, &caller, at, "", &[]).await?;
    Ok(page(&app, &caller, StatusCode::OK, &main))
}

/// `POST /ops/merges/{person}/{merge}`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
    Sent(sent): Sent<Reasoned>,
) -> Result<Response, Stop> {
    let at = at(&which)?;
    let reason = sent.reason.reveal();
    let Ok(why) = Why::new(reason) else {
        let wrongs = [Wrong::new("reason", "Say in your own words why it was wrong")];
        let main = planned(&app, &caller, at, reason, &wrongs).await?;
        return Ok(page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main));
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    match ken_hub::unmerge(app.db(), &ctx, app.keys(), at, by, &why).await {
        Ok(Some(effects)) => Ok(page(&app, &caller, StatusCode::OK, &done(&effects))),
        Ok(None) => Ok(page(&app, &caller, StatusCode::OK, &waits())),
        Err(ken_hub::Error::Person(Error::Buried)) => {
            let main = planned(&app, &caller, at, reason, &[]).await?;
            Ok(page(&app, &caller, StatusCode::CONFLICT, &main))
        }
        // Somebody else took it back meanwhile.
        Err(ken_hub::Error::Person(Error::Unknown(_) | Error::Decided(_))) => Err(Stop::NotFound),
        Err(error) => Err(error.into()),
    }
}

fn at((person, merge): &(String, String)) -> Result<At, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    Ok((person, merge.parse().map_err(|_| Stop::NotFound)?))
}

fn page(app: &App, caller: &Caller, status: StatusCode, main: &Markup) -> Response {
    let frame = caller.frame(app.site(), "Take a merge back");
    (status, frame.at("/ops/match").page(main)).into_response()
}

/// What it would do, and the form.
async fn planned(
    app: &App,
    caller: &Caller,
    at: At,
    reason: &str,
    wrongs: &[Wrong],
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let plan = ken_hub::plan(app.db(), &ctx, app.keys(), at, by).await?.ok_or(Stop::NotFound)?;
    let source = compose::name_of(&ask::names(app).await?, &plan.merge.organisation);
    Ok(show(&plan, &source, reason, wrongs, caller.csrf()))
}

/// The page's content.
fn show(plan: &Plan, source: &str, reason: &str, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let merge = &plan.merge;
    let action = format!("/ops/merges/{}/{}", merge.person, merge.id);
    let button = match plan.backing {
        Backing::Alone | Backing::Second(_) => "Take this merge back",
        Backing::First | Backing::Waits => "Ask for it to be taken back",
    };
    let form = Form { action: &action, csrf, button, hidden: &[] };
    let made = words::moment_short(merge.made);
    html! {
        (summary(wrongs))
        h1 { "Take this merge back?" }
        (facts::list(&[
            ("Sent by", html! { (source) }),
            ("When", html! { (made) }),
            ("What it did", html! { (merges::what(merge.is_link)) }),
        ]))
        h2 { "What would happen" }
        @match &plan.effects {
            Some(effects) => {
                @if merge.is_link {
                    p {
                        "The two records stand apart again. Nothing moves: each kept its own, and \
                         what came for either since was filed under it."
                    }
                } @else {
                    (would(effects))
                    p {
                        "National numbers, objections and what others said stay as they are. What \
                         was looked at meanwhile stays on the ledger of both."
                    }
                }
                (of_two(plan.backing))
                (form.post(&html! {
                    (Field::long("reason", "Why was it wrong?", reason)
                        .hinted("Kept with your name; do not copy details of the records into it.")
                        .show(wrongs))
                }))
            }
            None => {
                p {
                    "It cannot be taken back as it stands: the number has moved on since, or a \
                     later decision stands on it. Take that back first."
                }
            }
        }
        (confirmation::link_on("/ops/merges", "Back to the merges"))
    }
}

/// What the reader's word does, where it is not enough alone.
fn of_two(backing: Backing) -> Markup {
    let words = match backing {
        Backing::Alone => return html! {},
        Backing::First => {
            "This merge is older than 30 days, and much may rest on it. Two people take it back: \
             you ask, and a colleague who finds it wrong too does the same."
        }
        Backing::Waits => {
            "You have asked for this. It stands until a colleague finds it wrong too. Your word \
             counts for 14 days; to ask once more begins them again."
        }
        Backing::Second(_) => {
            "A colleague has asked for this. It is older than 30 days, so two people take it \
             back. Look for yourself: if you find it wrong too, it is taken back at once."
        }
    };
    html! { p { (words) } }
}

/// A merge that stands until a second person finds it wrong too.
fn waits() -> Markup {
    let next = "The merge is older than 30 days: it stands until a colleague takes it back too. \
        It is marked on the list for 14 days; after that, ask again.";
    html! {
        (confirmation::done("Your word is saved", next))
        (confirmation::link_on("/ops/merges", "Back to the merges"))
    }
}

/// What goes back, in words.
fn would(effects: &Effects) -> Markup {
    let kinds = |kinds: &std::collections::BTreeSet<String>| {
        let words: Vec<_> = kinds.iter().map(|kind| ask::relationship_words(kind)).collect();
        if words.is_empty() { "None".to_owned() } else { words.join(", ") }
    };
    facts::list(&[
        ("Items that go back", html! { (effects.items) }),
        ("Messages that go back", html! { (effects.messages) }),
        ("Relationships that begin again", html! { (kinds(&effects.begin)) }),
        ("Relationships that end", html! { (kinds(&effects.end)) }),
    ])
}

/// A merge that was taken back.
fn done(effects: &Effects) -> Markup {
    let next = format!(
        "{} items and {} messages went back. Both people's ledgers say so.",
        effects.items, effects.messages
    );
    html! {
        (confirmation::done("The merge is taken back", &next))
        (confirmation::link_on("/ops/merges", "Back to the merges"))
    }
}

#[cfg(test)]
mod tests {
    use ken_person::Standing;

    use super::*;
    use crate::view::rules;

    #[test]
    fn every_state_keeps_the_rules() {
        let merge = Standing {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            to: "7f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            organisation: "nhsl".parse().unwrap(),
            made: "2026-11-21T09:14:00Z".parse().unwrap(),
            is_link: false,
        };
        let effects = Effects { items: 3, messages: 2, ..Effects::default() };
        let csrf = Csrf::of("x");
        let wrongs = [Wrong::new("reason", "Say why")];
        let backing = Backing::Alone;
        let plan = Plan { merge: merge.clone(), effects: Some(effects.clone()), backing };
        let shown = show(&plan, "NHS Glen", "", &wrongs, &csrf).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Relationships that end") && shown.contains("<form"));
        let of = |backing| Plan { backing, ..plan.clone() };
        let colleague = "0190163d-8694-739b-aea5-966c26f8ad91";
        let first = colleague.parse().unwrap();
        for (plan, want) in [
            (of(Backing::First), "Two people take it back"),
            (of(Backing::Waits), "You have asked for this"),
            (of(Backing::Second(first)), "A colleague has asked for this"),
        ] {
            let shown = show(&plan, "NHS Glen", "", &[], &csrf).into_string();
            rules::assert_part(&shown);
            assert!(shown.contains(want) && !shown.contains(colleague), "{shown}");
        }
        rules::assert_part(&waits().into_string());
        let link = Plan { merge: Standing { is_link: true, ..merge.clone() }, ..plan };
        rules::assert_part(&show(&link, "NHS Glen", "", &[], &csrf).into_string());
        let buried = Plan { merge, effects: None, backing };
        let shown = show(&buried, "NHS Glen", "", &[], &csrf).into_string();
        rules::assert_part(&shown);
        assert!(!shown.contains("<form"), "what cannot be done is not offered");
        rules::assert_part(&done(&effects).into_string());
    }
}
