//! `/guardian`: the disclosures that practitioners contest, for their organisation's Caldicott
//! Guardian, who answers each with a reason.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::{EntryId, PractitionerId, Sensitive};
use ken_directory::practitioner;
use ken_office::guardian::{self, Advice, Answered, Contest, WORDS_MAX, WORDS_MIN};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::work::guardian::{advice, answered, side};
use crate::stop::Stop;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Where the queue is.
const ADDRESS: &str = "/guardian";

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    question: String,
    #[serde(default)]
    advice: String,
    #[serde(default)]
    reason: Sensitive<String>,
}

/// What the page shows.
struct Shown {
    waiting: Vec<Contest>,
    answered: Vec<Contest>,
    names: BTreeMap<PractitionerId, String>,
    own: PractitionerId,
    now: Timestamp,
}

/// `GET /guardian`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    shown(&app, &caller, (&Filled::default(), &[])).await
}

/// `POST /guardian`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let id: EntryId = filled.question.parse().map_err(|_| Stop::NotFound)?;
    let wrong = match Advice::of_code(&filled.advice) {
        None => Wrong::new("advice", "Choose what you advise"),
        Some(advice) => {
            let what = (id, advice, &filled.reason);
            match guardian::answer(app.db(), &ctx, app.keys(), by, what).await? {
                Answered::Recorded => return Ok(frame(&app, &caller, &done()).into_response()),
                Answered::NotOpen => return Err(Stop::NotFound),
                Answered::BadWords => {
                    let says = format!("Give a reason of {WORDS_MIN} to {WORDS_MAX} characters");
                    Wrong::new("reason", says)
                }
            }
        }
    };
    let page = shown(&app, &caller, (&filled, &[wrong])).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "For the Caldicott Guardian").at(ADDRESS).page(main)
}

async fn shown(
    app: &App,
    caller: &Caller,
    (filled, wrongs): (&Filled, &[Wrong]),
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let (waiting, answered) = guardian::queue(app.db(), app.keys(), by).await?;
    let who: Vec<_> = waiting.iter().chain(&answered).map(|one| one.by).collect();
    let read = async |s: &mut Snapshot| {
        let mut names = BTreeMap::new();
        for id in who {
            let found = practitioner::find(s, id).await?;
            names.insert(id, found.map(|found| found.name).unwrap_or_default());
        }
        Ok::<_, Stop>(names)
    };
    let names = app.db().snapshot("http.askers", read).await?;
    let (own, now) = (by.practitioner, ctx.clock.now());
    let shown = Shown { waiting, answered, names, own, now };
    Ok(frame(app, caller, &show(&shown, (filled, wrongs), caller.csrf())))
}

fn done() -> Markup {
    html! {
        (confirmation::done("Your advice is recorded",
            "It stands on the ledger with your name and reason. Whoever asked reads it."))
        p { "It opens nothing by itself: sharing still follows an agreement or the law." }
        (confirmation::link_on(ADDRESS, "Back to the list"))
    }
}

fn show(shown: &Shown, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let state = if shown.waiting.is_empty() {
        State::Nothing {
            looked: "No question waits for you.".into(),
            caution: "This does not mean that nothing is contested: people must ask.".into(),
        }
    } else {
        let cards: Vec<_> = shown.waiting.iter().map(|one| card_of(shown, one)).collect();
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    let waiting = Panel { id: "waiting", heading: "Questions that wait".into(), open: true, state };
    let is_open = shown.waiting.iter().any(|one| one.by != shown.own);
    html! {
        // Without a question to answer there is no form that could be put right.
        @if is_open { (summary(wrongs)) }
        h1 { "For the Caldicott Guardian" }
        p { "You advise. What you say opens nothing and closes nothing: sharing still follows an \
             agreement or the law." }
        (panel::show(&waiting))
        (form(shown, (filled, wrongs), csrf))
        @if !shown.answered.is_empty() {
            h2 { "Answered" }
            @let cards: Vec<_> = shown.answered.iter().map(|one| card_of(shown, one)).collect();
            (card::cards(false, &cards))
        }
    }
}

fn title(shown: &Shown, one: &Contest) -> String {
    let by = shown.names.get(&one.by).map(String::as_str).unwrap_or_default();
    format!("{by}, {}, {}", words::role(one.role.as_str()), words::moment_short(one.at))
}

fn card_of(shown: &Shown, one: &Contest) -> Markup {
    html! {
        h3 { (title(shown, one)) }
        p { (side(one.side)) ": " q { (one.words.reveal()) } }
        (answered(one, shown.now))
        @if one.by == shown.own && one.answer.is_none() {
            p { "This question is yours. Another Guardian must answer it." }
        }
    }
}

/// One form for all that wait: which question, what is advised, and why.
fn form(shown: &Shown, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let open: Vec<_> = shown.waiting.iter().filter(|one| one.by != shown.own).collect();
    if open.is_empty() {
        return html! {};
    }
    let form = Form { action: ADDRESS, csrf, button: "Record my advice", hidden: &[] };
    let choice = |value: &str, label: String| Choice { value: value.into(), label, hint: None };
    let questions: Vec<_> =
        open.iter().map(|one| choice(&one.id.to_string(), title(shown, one))).collect();
    let all: Vec<_> =
        Advice::ALL.into_iter().map(|one| choice(one.code(), advice(one).to_owned())).collect();
    let hint = "Whoever asked reads it. It is kept on the ledger, encrypted.";
    html! {
        h2 { "Answer a question" }
        (form.post(&html! {
            (choices("Which question?", "question", &questions, &filled.question, wrongs))
            (choices("What do you advise?", "advice", &all, &filled.advice, wrongs))
            (Field::long("reason", "Your reason", filled.reason.reveal()).hinted(hint).show(wrongs))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::work::guardian::tests::{contest, given};
    use crate::view::rules;

    #[test]
    fn nobody_answers_their_own_and_the_reason_comes_back() {
        let (one, other) = (contest(None), contest(Some(given())));
        let names = BTreeMap::from([(one.by, "Jo <Worker>".to_owned())]);
        let now = "2026-11-21T09:00:00Z".parse().unwrap();
        let page = |own: PractitionerId, waiting: Vec<Contest>| {
            let answered = vec![other.clone()];
            let shown = Shown { waiting, answered, names: names.clone(), own, now };
            let reason = Sensitive::new("Because <so>".to_owned());
            let filled = Filled { advice: "share".into(), reason, ..Filled::default() };
            let wrongs = [Wrong::new("reason", "Give a reason")];
            let page = show(&shown, (&filled, &wrongs), &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            page
        };
        let stranger = "0190163d-8694-739b-aea5-966c26f8ad99".parse().unwrap();
        let theirs = page(stranger, vec![one.clone()]);
        assert!(theirs.contains("Because &lt;so&gt;") && theirs.contains("Record my advice"));
        let own = page(one.by, vec![one.clone()]);
        assert!(own.contains("Another Guardian must") && !own.contains("Record my advice"));
        assert!(page(stranger, vec![]).contains("No question waits"));
        rules::assert_part(&done().into_string());
    }
}
