//! `/w/duties/{person}/{duty}`: what a disclosure obliges this practitioner to do, and saying that
//! it is done.
//!
//! The page names nobody: whom it is about is a link, which the gate decides like any other.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use jiff::civil::Date;
use ken_core::Sensitive;
use ken_sharing::duty::{self, Duty, What};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::claim;
use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    told: String,
    #[serde(default)]
    reason: Sensitive<String>,
}

/// `GET /w/duties/{person}/{duty}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
) -> Result<Markup, Stop> {
    let duty = find(&app, &caller, &which).await?;
    page(&app, &caller, &duty, &Done { told: String::new(), reason: String::new().into() }, &[])
        .await
}

/// `POST /w/duties/{person}/{duty}`: it is done, or the person is not told, and why.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
    Sent(done): Sent<Done>,
) -> Result<Response, Stop> {
    let duty = find(&app, &caller, &which).await?;
    let wrongs = wrongs(duty.what, &done);
    if !wrongs.is_empty() {
        let page = page(&app, &caller, &duty, &done, &wrongs).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let exempt = (done.told == NOT_TOLD).then_some(&done.reason);
    let of = ((duty.person, duty.id), exempt);
    if !duty::fulfil(app.db(), &ctx, app.keys(), by, of).await? {
        return Err(Stop::NotFound);
    }
    let main = html! {
        (confirmation::done("It is noted", "It stands on the ledger with your name."))
        (confirmation::link_on("/w/today", "Back to today"))
    };
    Ok(caller.frame(app.site(), "To do").at("/w/today").page(&main).into_response())
}

/// The caller's own open duties, the most urgent first.
///
/// # Errors
///
/// What the registers say.
pub(crate) async fn own(app: &App, caller: &Caller) -> Result<Vec<Duty>, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| Ok::<_, Stop>(duty::own(s, by).await?);
    app.db().snapshot("http.duties", read).await
}

/// One of the caller's own that is open; anybody else's does not exist.
async fn find(app: &App, caller: &Caller, which: &(String, String)) -> Result<Duty, Stop> {
    let is_it = |duty: &Duty| duty.person.to_string() == which.0 && duty.id.to_string() == which.1;
    own(app, caller).await?.into_iter().find(is_it).ok_or(Stop::NotFound)
}

async fn page(
    app: &App,
    caller: &Caller,
    duty: &Duty,
    done: &Done,
    wrongs: &[Wrong],
) -> Result<Markup, Stop> {
    let current = app.gate().current(app.db(), &app.ctx(caller.request())).await?;
    let clause = ask::clause_words(&current.bundle, &duty.clause);
    let main = show(duty, &clause, done, wrongs, caller.csrf());
    Ok(caller.frame(app.site(), "To do").at("/w/today").page(&main))
}

/// The answer that the person was told, and the answer that they were not.
const TOLD: &str = "told";
const NOT_TOLD: &str = "exempt";

/// What is to be done, and how.
pub(super) const fn says(what: What) -> (&'static str, &'static str) {
    match what {
        What::Acknowledge => (
            "Acknowledge what you received",
            "Tell the organisation that shared it that it has reached you, as you usually reach \
             them.",
        ),
        What::Tell => (
            "Tell the person, or record why not",
            "Tell the person what you received about them, from whom, and why. Do not where \
             telling could put somebody at risk or hinder an inquiry: then say why here.",
        ),
        What::Delete => (
            "Delete what you do not need any more",
            "Delete what you copied into your own system. Here it stays as the agreement says.",
        ),
        What::Review => (
            "Review whether it is still needed",
            "Look whether you still need what was shared with you, and stop using what you do not.",
        ),
    }
}

fn wrongs(what: What, done: &Done) -> Vec<Wrong> {
    if what != What::Tell || done.told == TOLD {
        return vec![];
    }
    if done.told != NOT_TOLD {
        return vec![Wrong::new("told", "Say whether you told the person")];
    }
    let length = done.reason.reveal().trim().chars().count();
    if (claim::REASON_LEN_MIN..=claim::REASON_LEN_MAX).contains(&length) {
        return vec![];
    }
    vec![Wrong::new("reason", "Say why the person was not told")]
}

/// The page's content.
fn show(duty: &Duty, clause: &str, done: &Done, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/w/duties/{}/{}", duty.person, duty.id);
    let (what, how) = says(duty.what);
    let tells = duty.what == What::Tell;
    let button = if tells { "Save" } else { "I have done it" };
    let choice = |value: &str, label: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: None,
    };
    let answers = [choice(TOLD, "I told them"), choice(NOT_TOLD, "I did not, for a reason")];
    let hint = "Only if you did not: which risk, to whom, or which inquiry.";
    html! {
        (summary(wrongs))
        h1 { (what) }
        p { (how) }
        (facts::list(&[
            ("By", html! { (due(duty)) }),
            ("Which rule", html! { (clause) }),
            ("Whom it is about", html! {
                a href={ "/w/p/" (duty.person) } { "Open the record" }
            }),
        ]))
        (Form { action: &action, csrf, button, hidden: &[] }.post(&html! {
            @if tells {
                (choices("Did you tell the person?", "told", &answers, &done.told, wrongs))
                (Field::long("reason", "Why were they not told?", done.reason.reveal())
                    .hinted(hint).show(wrongs))
            }
        }))
    }
}

/// The last day on which it is in time: a deadline at midnight is the end of the day before.
fn day(duty: &Duty) -> Date {
    let last = duty.due.checked_sub(SignedDuration::from_secs(1)).unwrap_or(duty.due);
    words::local(last).date()
}

fn due(duty: &Duty) -> Markup {
    html! {
        (words::day_short(day(duty)))
        @if duty.missed.is_some() { " " (facts::tag("Late", Tone::Bad)) }
    }
}

/// The panel of what is open; what is due `today` is marked.
pub(crate) fn panel(duties: &[Duty], today: Date) -> Panel {
    let cards = duties.iter().map(|duty| {
        let (what, _) = says(duty.what);
        html! {
            h3 { a href={ "/w/duties/" (duty.person) "/" (duty.id) } { (what) } }
            p {
                "By " (due(duty))
                @if day(duty) == today && duty.missed.is_none() {
                    " " (facts::tag("Today", Tone::Warn))
                }
            }
        }
    });
    let cards: Vec<_> = cards.collect();
    let shown = card::cards(false, &cards);
    let state = State::Content { shown, from: None };
    Panel { id: "duties", heading: "To do after something was shared".into(), open: true, state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{panel, rules};

    fn duty(what: What) -> Duty {
        Duty {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            practitioner: "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
            what,
            clause: "a#G1".parse().unwrap(),
            is_must: true,
            due: "2026-11-25T00:00:00Z".parse().unwrap(),
            missed: None,
        }
    }

    fn done(told: &str, reason: &str) -> Done {
        Done { told: told.into(), reason: reason.to_owned().into() }
    }

    #[test]
    fn not_telling_needs_a_reason() {
        let check = |what, told: &str, reason: &str, wants: &[&str]| {
            let wrongs = wrongs(what, &done(told, reason));
            assert_eq!(wrongs.iter().map(|w| w.field).collect::<Vec<_>>(), wants, "{told}");
        };
        check(What::Acknowledge, "", "", &[]);
        check(What::Tell, "", "", &["told"]);
        check(What::Tell, "made-up", "", &["told"]);
        check(What::Tell, TOLD, "", &[]);
        check(What::Tell, NOT_TOLD, "no", &["reason"]);
        check(What::Tell, NOT_TOLD, "It would put her sister at risk", &[]);
    }

    #[test]
    fn each_duty_says_how() {
        for what in [What::Acknowledge, What::Tell, What::Delete, What::Review] {
            let (duty, done) = (duty(what), done("", "short"));
            let wrongs = wrongs(what, &done);
            let shown = show(&duty, "Pack, clause G1", &done, &wrongs, &Csrf::of("x"));
            let shown = shown.into_string();
            rules::assert_part(&shown);
            assert!(shown.contains("24 Nov 2026"), "the end of the day before: {shown}");
            let missed = Duty { missed: Some(duty.due), ..duty.clone() };
            let listed = super::panel(&[duty, missed], "2026-11-24".parse().unwrap());
            rules::assert_part(&panel::show(&listed).into_string());
        }
    }
}
