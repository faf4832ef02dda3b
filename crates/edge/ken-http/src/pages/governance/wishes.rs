//! `/ig/wishes`: what people ask of sharing, by the day the answer is due; and what was granted.
//!
//! # Invariants
//!
//! - An officer sees what was asked and what the person typed, and nothing that is held.
//! - Nobody answers their own, or for another organisation.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::Sensitive;
use ken_sharing::wish::{self, Answer, Ending, Waiting, What};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary, tick};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Shortest and longest answer, in characters. House policy: a sentence, not a word.
const WORDS: std::ops::RangeInclusive<usize> = 10..=2_000;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    decision: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    shown: String,
}

/// What an officer reads who would end what the person has just asked for again.
const ASKED_AGAIN: &str =
    "They have asked for this again, and wait for an answer. Answer that first";

/// `GET /ig/wishes`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let waiting = wish::waiting(app.db(), &ctx, app.keys(), by).await?;
    let granted = wish::granted(app.db(), &ctx, app.keys(), by).await?;
    Ok(page(&app, &caller, &list(&waiting, &granted, ctx.clock.now())))
}

/// `GET /ig/wishes/{person}/{wish}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
) -> Result<Markup, Stop> {
    let found = find(&app, &caller, &which).await?;
    let main = one(&found, &Filled::default(), &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/wishes/{person}/{wish}`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let found = find(&app, &caller, &which).await?;
    let wrongs = wrong(&found, &filled);
    if !wrongs.is_empty() {
        let page = page(&app, &caller, &one(&found, &filled, &wrongs, caller.csrf()));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let words = Sensitive::new(filled.words.trim().to_owned());
    let kept = if found.is_granted {
        let which = ((found.person, found.id), &words);
        match wish::end(app.db(), &ctx, app.keys(), by, which).await? {
            Ending::Done => true,
            Ending::Unknown => false,
            Ending::AskedAgain => {
                let wrongs = [Wrong::new("decision", ASKED_AGAIN)];
                let page = page(&app, &caller, &one(&found, &filled, &wrongs, caller.csrf()));
                return Ok((StatusCode::CONFLICT, page).into_response());
            }
        }
    } else {
        let answer = Answer {
            person: found.person,
            id: found.id,
            is_granted: filled.decision == "grant",
            is_shown: filled.shown == "yes",
            words,
        };
        wish::decide(app.db(), &ctx, app.keys(), by, &answer).await?
    };
    if !kept {
        return Err(Stop::NotFound);
    }
    let next = "The next decision about this person goes by it. It stands on the ledger.";
    let main = html! {
        (confirmation::done("It is saved", next))
        (confirmation::link_on("/ig/wishes", "Back to what people ask"))
    };
    Ok(page(&app, &caller, &main).into_response())
}

fn wrong(found: &Waiting, filled: &Filled) -> Vec<Wrong> {
    let known: &[&str] = if found.is_granted { &["end"] } else { &["grant", "refuse"] };
    let mut wrongs = vec![];
    if !known.contains(&filled.decision.as_str()) {
        wrongs.push(Wrong::new("decision", "Choose what becomes of it"));
    }
    if !WORDS.contains(&filled.words.trim().chars().count()) {
        wrongs.push(Wrong::new("words", "Give the reason in a sentence"));
    }
    wrongs
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "What people ask").at("/ig/wishes").page(main)
}

async fn find(app: &App, caller: &Caller, which: &(String, String)) -> Result<Waiting, Stop> {
    let person = which.0.parse().map_err(|_| Stop::NotFound)?;
    let id = which.1.parse().map_err(|_| Stop::NotFound)?;
    let ctx = app.ctx(caller.request());
    let found = wish::find(app.db(), &ctx, app.keys(), caller.acting()?, (person, id)).await?;
    found.ok_or(Stop::NotFound)
}

/// What is asked, in words that staff use.
fn asked(what: &What) -> String {
    match what {
        What::Objection(None) => "Objects to routine sharing".to_owned(),
        What::Objection(Some(purpose)) => {
            format!("Objects to sharing for: {}", words::purpose(purpose))
        }
        What::OptOut(_) => "Opted out of planning and research".to_owned(),
        What::Restriction => "Wants sharing restricted while something is put right".to_owned(),
        What::Agreed(to) => format!("Agrees: {}", words::spaced(to)),
        What::Withdrawn(to) => format!("Withdraws agreement: {}", words::spaced(to)),
        What::ProtectedAddress => "Wants their address protected".to_owned(),
        What::RestrictedRecord => "Wants their record restricted".to_owned(),
        What::AtRisk => "May be in danger if somebody reads their pages".to_owned(),
    }
}

/// What granting or ending it does.
fn effect(what: &What) -> &'static str {
    match what {
        What::Objection(_) | What::Restriction => {
            "It has stopped routine sharing since it was asked. Refuse it only on compelling \
             grounds, and name them."
        }
        What::ProtectedAddress => {
            "Granted, it leaves out every field that tells where the person lives, but where a \
             clause names the field. See proof, or say why you need none."
        }
        What::RestrictedRecord => {
            "Granted, it closes the record to everybody, your own organisation too, but for \
             emergencies and clauses made for it. Make sure that those who treat the person know."
        }
        What::AtRisk => {
            "Reach the person only in the way they wrote, when they are alone. Granted, what is \
             done with their record does not show on their pages until somebody releases it."
        }
        What::OptOut(_) | What::Agreed(_) | What::Withdrawn(_) => "There is nothing to decide.",
    }
}

fn list(waiting: &[Waiting], granted: &[Waiting], now: Timestamp) -> Markup {
    let cards = |all: &[Waiting]| all.iter().map(|one| card_of(one, now)).collect::<Vec<_>>();
    let state = |cards: Vec<Markup>, looked: &str, caution: &str| {
        if cards.is_empty() {
            State::Nothing { looked: looked.into(), caution: caution.into() }
        } else {
            State::Content { shown: card::cards(false, &cards), from: None }
        }
    };
    let nobody = "Nobody waits for an answer of your organisation.";
    let caution = "An objection has its effect at once, and stays on this list until it is \
                   answered.";
    html! {
        h1 { "What people ask" }
        p {
            "People ask this on their own pages. You see what they typed, and nothing that is \
             held about them."
        }
        (panel::show(&Panel {
            id: "waiting",
            heading: "To answer".into(),
            open: true,
            state: state(cards(waiting), nobody, caution),
        }))
        (panel::show(&Panel {
            id: "granted",
            heading: "Granted, and in effect".into(),
            open: true,
            state: state(
                cards(granted),
                "Your organisation has granted nothing that still stands.",
                "Others may have.",
            ),
        }))
    }
}

fn card_of(one: &Waiting, now: Timestamp) -> Markup {
    let asked_on = words::moment_short(one.asked);
    html! {
        h3 { (asked(&one.what)) }
        p {
            "Asked " (asked_on) "."
            @if let (Some(due), false) = (one.due, one.is_granted) {
                " Answer by " (words::day_short(words::local(due).date())) ". "
                @if due < now { (facts::tag("Late", Tone::Bad)) }
            }
        }
        p {
            a href={ "/ig/wishes/" (one.person) "/" (one.id) } {
                @if one.is_granted { "Look again at what was asked " }
                @else { "Answer what was asked " }
                (asked_on)
            }
        }
    }
}

/// One wish, with the form that answers or ends it.
fn one(found: &Waiting, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/ig/wishes/{}/{}", found.person, found.id);
    let form = Form { action: &action, csrf, button: "Save the answer", hidden: &[] };
    let choice = |value: &str, label: &str, hint: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let ways = if found.is_granted {
        vec![choice("end", "End it", "Only after you spoke with them, alone.")]
    } else {
        vec![
            choice("grant", "Yes", "It stands until it is ended."),
            choice("refuse", "No", "It ends, or does not begin. Tell them how to complain."),
        ]
    };
    let may_show = found.what.is_quiet() && found.what != What::AtRisk && !found.is_granted;
    let typed = found.typed.as_ref().map(|typed| typed.reveal().as_str());
    let reason = Field::long("words", "Why", &filled.words).hinted("The person may read it.");
    html! {
        (summary(wrongs))
        h1 { (asked(&found.what)) }
        (facts::list(&[
            ("What they typed", html! { (typed.unwrap_or("It can no longer be read.")) }),
            ("Asked", html! { (words::moment_short(found.asked)) }),
            ("Answer by", html! { @if let Some(due) = found.due {
                (words::day_short(words::local(due).date()))
            } }),
        ]))
        p { (effect(&found.what)) }
        (form.post(&html! {
            (choices("What becomes of it?", "decision", &ways, &filled.decision, wrongs))
            (reason.show(wrongs))
            @if may_show {
                (tick("shown", "They want to see on their own pages that it stands. I asked them \
                    when they were alone.", wrongs))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn waiting(what: What, is_granted: bool) -> Waiting {
        Waiting {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            due: what.answer_within().map(|_| "2026-11-22T09:00:00Z".parse().unwrap()),
            what,
            typed: Some(Sensitive::new("Call my <sister>".to_owned())),
            asked: "2026-11-21T09:00:00Z".parse().unwrap(),
            is_granted,
        }
    }

    #[test]
    fn each_wish_has_its_form_and_what_is_late_says_so() {
        let csrf = Csrf::of("x");
        let kinds = [
            What::Objection(None),
            What::Restriction,
            What::ProtectedAddress,
            What::RestrictedRecord,
            What::AtRisk,
        ];
        for what in kinds {
            for is_granted in [false, true] {
                let found = waiting(what.clone(), is_granted);
                let wrongs = wrong(&found, &Filled::default());
                let page = one(&found, &Filled::default(), &wrongs, &csrf).into_string();
                rules::assert_part(&page);
                assert!(page.contains("Call my &lt;sister&gt;"), "{page}");
                let shows = page.contains("name=\"shown\"");
                let may = [What::ProtectedAddress, What::RestrictedRecord].contains(&what);
                assert_eq!(shows, may && !is_granted, "{what:?}");
            }
        }
        let now = "2026-11-23T09:00:00Z".parse().unwrap();
        let page =
            list(&[waiting(What::AtRisk, false)], &[waiting(What::ProtectedAddress, true)], now);
        let page = page.into_string();
        rules::assert_part(&page);
        assert_eq!(page.matches("Late").count(), 1);
        rules::assert_part(&list(&[], &[], now).into_string());
    }
}
