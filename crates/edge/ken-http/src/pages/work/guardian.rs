//! `/w/guardian`: a practitioner contests a disclosure, and reads what their Caldicott Guardian
//! advises.
//!
//! What is sent is what the asker typed; nothing here looks anybody up, and nothing is opened.

use axum::Extension;
use axum::extract::{Form as Sent, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::Sensitive;
use ken_office::guardian::{self, Advice, Asked as Became, Contest, Side, WORDS_MAX, WORDS_MIN};
use maud::{Markup, html};
use serde::Deserialize;

use super::claim::{hidden, typed_line};
use super::refusal::{Asked, Carried};
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What one may think, in words.
const SIDES: [(Side, &str, &str); 2] = [
    (Side::ShouldShare, "It should be shared", "It was refused, or nobody dares to"),
    (Side::ShouldNot, "It should not be shared", "A rule lets it go, and I think that is wrong"),
];

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(flatten)]
    carried: Carried,
    #[serde(default)]
    side: String,
    #[serde(default)]
    reason: Sensitive<String>,
}

/// `GET /w/guardian`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Query(carried): Query<Carried>,
) -> Result<Markup, Stop> {
    let asked = carried.asked(&app, &caller).await?;
    shown(&app, &caller, asked.as_ref(), (&Filled::default(), &[])).await
}

/// `POST /w/guardian`: taken alike whether anybody who fits is held or not.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Filled>,
) -> Result<Response, Stop> {
    // Without whom it is about, the question would be another.
    let asked = if sent.carried.is_empty() {
        None
    } else {
        Some(sent.carried.still_asked(&app, &caller).await?)
    };
    let typed = asked.as_ref().map(typed_line).unwrap_or_default();
    let reason = sent.reason.reveal().trim();
    // What was typed to find somebody is no reason: the reason is measured alone.
    let long = reason.chars().count() >= WORDS_MIN;
    let reason = if typed.is_empty() { reason.to_owned() } else { format!("{typed}. {reason}") };
    let (ctx, by, words) = (app.ctx(caller.request()), caller.acting()?, Sensitive::new(reason));
    let became = match Side::of_code(&sent.side) {
        None => Err(Wrong::new("side", "Choose what you think")),
        Some(_) if !long => Ok(Became::BadWords),
        Some(side) => Ok(guardian::ask(app.db(), &ctx, app.keys(), by, (side, &words)).await?),
    };
    let wrong = match became {
        Err(wrong) => wrong,
        Ok(Became::Sent) => return Ok(frame(&app, &caller, &done()).into_response()),
        Ok(Became::BadWords) => {
            let says = format!("Say it in {WORDS_MIN} to {WORDS_MAX} characters");
            Wrong::new("reason", says)
        }
        Ok(Became::NoGuardian) => Wrong::new(
            "reason",
            "Nobody else in your organisation is registered as its Caldicott Guardian. Ask your \
             information governance lead",
        ),
        Ok(Became::TooMany) => {
            Wrong::new("reason", "Your Guardian has too many questions already. Speak to them")
        }
    };
    let page = shown(&app, &caller, asked.as_ref(), (&sent, &[wrong])).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Ask your Caldicott Guardian").at("/w/today").page(main)
}

async fn shown(
    app: &App,
    caller: &Caller,
    asked: Option<&Asked>,
    (filled, wrongs): (&Filled, &[Wrong]),
) -> Result<Markup, Stop> {
    let ctx = app.ctx(caller.request());
    let own = guardian::own(app.db(), app.keys(), caller.acting()?).await?;
    let main = show(asked, (filled, wrongs), (&own, ctx.clock.now()), caller.csrf());
    Ok(frame(app, caller, &main))
}

fn done() -> Markup {
    html! {
        (confirmation::done("Your Guardian has it",
            "They answer within two working days. You read the answer here."))
        h2 { "What happens next" }
        p { "This opens and closes nothing. If somebody could come to harm now, do not wait." }
        (confirmation::link_on("/w/guardian", "What I asked"))
    }
}

/// The page's content.
fn show(
    asked: Option<&Asked>,
    (filled, wrongs): (&Filled, &[Wrong]),
    (own, now): (&[Contest], Timestamp),
    csrf: &Csrf,
) -> Markup {
    let hidden = asked.map(hidden).unwrap_or_default();
    let form =
        Form { action: "/w/guardian", csrf, button: "Send it to the Guardian", hidden: &hidden };
    let sides: Vec<_> = SIDES
        .iter()
        .map(|(side, label, hint)| Choice {
            value: side.code().to_owned(),
            label: (*label).to_owned(),
            hint: Some((*hint).to_owned()),
        })
        .collect();
    let hint = "What is contested, between whom, and why. Write only what the Guardian needs.";
    html! {
        (summary(wrongs))
        h1 { "Ask your Caldicott Guardian" }
        p { "When you and a rule disagree, or you and a colleague, your organisation's Guardian \
             advises. Their advice opens nothing: sharing still follows an agreement or the law." }
        @if let Some(asked) = asked { (asked.shown()) }
        (form.post(&html! {
            (choices("What do you think?", "side", &sides, &filled.side, wrongs))
            (Field::long("reason", "What is contested", filled.reason.reveal())
                .hinted(hint).show(wrongs))
        }))
        (panel::show(&answers(own, now)))
    }
}

fn answers(own: &[Contest], now: Timestamp) -> Panel {
    let state = if own.is_empty() {
        State::Nothing {
            looked: "You have asked nothing in this organisation yet.".into(),
            caution: "What you asked elsewhere stands there.".into(),
        }
    } else {
        let cards: Vec<_> = own.iter().map(|one| one_of(one, now)).collect();
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    Panel { id: "asked", heading: "What I asked".into(), open: true, state }
}

fn one_of(one: &Contest, now: Timestamp) -> Markup {
    html! {
        h3 { (side(one.side)) ", asked " (words::moment_short(one.at)) }
        p { q { (one.words.reveal()) } }
        (answered(one, now))
    }
}

/// The answer, or by when it is due.
pub(crate) fn answered(one: &Contest, now: Timestamp) -> Markup {
    html! {
        @match &one.answer {
            Some(answer) => {
                p { b { (advice(answer.advice)) } ", " (words::moment_short(answer.at)) }
                p { "Why: " q { (answer.reason.reveal()) } }
            }
            None if one.due < now => {
                p { "The answer is late: it was due by " (words::moment_short(one.due))
                    ". Speak to your Guardian." }
            }
            None => { p { "Answer due by " (words::moment_short(one.due)) "." } }
        }
    }
}

/// What somebody thinks, in words.
pub(crate) fn side(side: Side) -> &'static str {
    SIDES.iter().find(|(one, ..)| *one == side).map_or("", |(_, says, _)| says)
}

/// What the Guardian advises, in words.
pub(crate) fn advice(advice: Advice) -> &'static str {
    match advice {
        Advice::Share => "Share it, by an agreement or by law",
        Advice::ShareLess => "Share less than was asked",
        Advice::DoNotShare => "Do not share it",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ken_office::guardian::Answer;

    use super::*;
    use crate::view::rules;

    pub(crate) fn contest(answer: Option<Answer>) -> Contest {
        Contest {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            by: "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
            role: "sw.duty".parse().unwrap(),
            side: Side::ShouldShare,
            words: Sensitive::new("The ward <waits>".to_owned()),
            at: "2026-11-20T09:00:00Z".parse().unwrap(),
            due: "2026-11-25T00:00:00Z".parse().unwrap(),
            answer,
        }
    }

    pub(crate) fn given() -> Answer {
        Answer {
            advice: Advice::ShareLess,
            reason: Sensitive::new("Only the <day>".to_owned()),
            by: "0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap(),
            at: "2026-11-21T09:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_page_shows_what_was_asked_and_answered() {
        let now = "2026-11-26T09:00:00Z".parse().unwrap();
        let own = [contest(None), contest(Some(given()))];
        let wrongs = [Wrong::new("reason", "Say it")];
        for asked in super::super::refusal::tests::asked() {
            let filled = Filled { side: "should-not".into(), ..Filled::default() };
            let page = show(Some(&asked), (&filled, &wrongs), (&own, now), &Csrf::of("x"));
            let page = page.into_string();
            rules::assert_part(&page);
            for said in ["&lt;waits&gt;", "Share less", "Only the &lt;day&gt;", "is late"] {
                assert!(page.contains(said), "{said}: {page}");
            }
        }
        let page = show(None, (&Filled::default(), &[]), (&[], now), &Csrf::of("x"));
        rules::assert_part(&page.into_string());
        rules::assert_part(&done().into_string());
    }
}
