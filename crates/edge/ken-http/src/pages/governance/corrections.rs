//! `/ig/corrections`: what people ask to be put right in what the organisation wrote, by the day
//! the answer is due. `/guardian/corrections`: the same of what no officer may answer.
//!
//! # Invariants
//!
//! - A reader sees what the person sent, and nothing that is held.
//! - Nobody answers for somebody near them, or what somebody nearer to the organisation may answer.

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_care::correction::{self, Correction, Outcome, Waiting};
use ken_core::{PersonId, ResourceId, Sensitive};
use ken_office::guardian;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::{Caller, organisation_name};
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Shortest and longest reason, in characters. House policy: a sentence, not a word.
const WORDS: std::ops::RangeInclusive<usize> = 10..=2_000;
/// Where officers find what waits.
const OFFICER: &str = "/ig/corrections";
/// Where the Guardian does.
const GUARDIAN: &str = "/guardian/corrections";
/// The entry of an officer's menu that the page belongs to.
const MENU: &str = "/ig/wishes";
/// The same for the Guardian.
const GUARDIAN_MENU: &str = "/guardian/wishes";

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    words: String,
}

/// Which one the Guardian looks at.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    person: Option<String>,
    correction: Option<String>,
}

/// `GET /guardian/corrections`: what waits, or one of it.
pub(crate) async fn get_last(
    of: Of<App>,
    caller: Extension<Caller>,
    Query(chosen): Query<Chosen>,
) -> Result<Markup, Stop> {
    match (chosen.person, chosen.correction) {
        (Some(person), Some(one)) => get_one(of, caller, Path((person, one))).await,
        _ => get(of, caller).await,
    }
}

/// `GET /ig/corrections`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let waiting = correction::waiting(app.db(), &ctx, by).await?;
    let main = list(&waiting, is_guardian(&caller), ctx.clock.now());
    Ok(page(&app, &caller, &main))
}

/// `GET /ig/corrections/{person}/{correction}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
) -> Result<Markup, Stop> {
    let found = find(&app, &caller, which).await?;
    let of = (is_guardian(&caller), &Filled::default());
    let main = one(&found, of, &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/corrections/{person}/{correction}`, and the Guardian's.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let outcome = Outcome::of_code(&filled.outcome);
    let mut wrongs = vec![];
    if outcome.is_none() {
        wrongs.push(Wrong::new("outcome", "Choose what became of it"));
    }
    if !WORDS.contains(&filled.words.trim().chars().count()) {
        wrongs.push(Wrong::new("words", "Give the reason in a sentence"));
    }
    let Some(outcome) = outcome.filter(|_| wrongs.is_empty()) else {
        let found = find(&app, &caller, which).await?;
        let main = one(&found, (is_guardian(&caller), &filled), &wrongs, caller.csrf());
        let page = page(&app, &caller, &main);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let reason = Sensitive::new(filled.words.trim().to_owned());
    let (which, said) = (named(&which)?, (outcome, &reason));
    if !correction::answer(app.db(), &ctx, app.keys(), by, which, said).await? {
        return Err(Stop::NotFound);
    }
    let next = "The person reads your answer on their own pages. It stands on the ledger.";
    let main = html! {
        (confirmation::done("It is answered", next))
        (confirmation::link_on(place(is_guardian(&caller)), "Back to what is to be put right"))
    };
    Ok(page(&app, &caller, &main).into_response())
}

fn is_guardian(caller: &Caller) -> bool {
    caller.acting().is_ok_and(|by| by.role.as_str() == guardian::ROLE)
}

/// Where this reader finds what waits for them.
pub(super) const fn place(is_guardian: bool) -> &'static str {
    if is_guardian { GUARDIAN } else { OFFICER }
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    let menu = if is_guardian(caller) { GUARDIAN_MENU } else { MENU };
    caller.frame(app.site(), "To be put right").at(menu).page(main)
}

/// One that waits for this reader, with the name of the organisation that was asked.
struct Found {
    correction: Correction,
    organisation: String,
}

/// Which one an address names.
fn named((person, id): &(String, String)) -> Result<(PersonId, ResourceId), Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    Ok((person, id.parse().map_err(|_| Stop::NotFound)?))
}

async fn find(app: &App, caller: &Caller, which: (String, String)) -> Result<Found, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let found = correction::find(app.db(), &ctx, app.keys(), by, named(&which)?).await?;
    let correction = found.ok_or(Stop::NotFound)?;
    let read =
        async |s: &mut ken_store::Snapshot| organisation_name(s, &correction.organisation).await;
    let organisation = app.db().snapshot("http.asked-of", read).await?;
    Ok(Found { correction, organisation })
}

fn list(waiting: &[Waiting], is_guardian: bool, now: Timestamp) -> Markup {
    let cards: Vec<_> = waiting.iter().map(|one| card_of(one, is_guardian, now)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Nobody waits for an answer of yours.".into(),
            caution: "What somebody asks stays on this list until it is answered.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h1 { "What people ask to be put right" }
        p {
            "People ask this on their own pages, of something that your organisation wrote. You \
             see what they sent, and nothing that is held here. Put it right in your own system: \
             its next message brings it here."
        }
        (panel::show(&Panel { id: "waiting", heading: "To answer".into(), open: true, state }))
    }
}

fn card_of(one: &Waiting, is_guardian: bool, now: Timestamp) -> Markup {
    let asked = words::moment_short(one.asked);
    let (place, person, id) = (place(is_guardian), one.person, one.id);
    let href = if is_guardian {
        format!("{place}?person={person}&correction={id}")
    } else {
        format!("{place}/{person}/{id}")
    };
    html! {
        h3 { "Something to put right" }
        p {
            "Asked " (asked) ". Answer by " (words::day_short(words::local(one.due).date())) ". "
            @if one.due < now { (facts::tag("Late", Tone::Bad)) }
        }
        p { a href=(href) { "Answer what was asked " (asked) } }
    }
}

fn one(
    found: &Found,
    (is_guardian, filled): (bool, &Filled),
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let of = &found.correction;
    let action = format!("{}/{}/{}", place(is_guardian), of.person, of.id);
    let form = Form { action: &action, csrf, button: "Send the answer", hidden: &[] };
    let choice = |outcome: Outcome| Choice {
        value: outcome.code().to_owned(),
        label: says(outcome).to_owned(),
        hint: hint(outcome).map(str::to_owned),
    };
    let ways: Vec<_> = Outcome::ALL.into_iter().map(choice).collect();
    let sent = |text: fn(&correction::Sent) -> &str| {
        let sent = of.sent.as_ref().map(text);
        html! { (sent.unwrap_or("It can no longer be read.")) }
    };
    let helper = of.sent.as_ref().and_then(|sent| sent.helper.as_ref());
    let reason = Field::long("words", "Why", &filled.words);
    html! {
        (summary(wrongs))
        h1 { "Something to put right" }
        (facts::list(&[
            ("Who asks", sent(|sent| sent.name.reveal())),
            ("Of which entry", sent(|sent| sent.about.reveal())),
            ("Who wrote it", html! { (found.organisation) }),
            ("What they say", sent(|sent| sent.text.reveal())),
            ("Written for them by", html! { (helper.map_or("nobody", |one| one.reveal())) }),
            ("Asked", html! { (words::moment_short(of.asked)) }),
            ("Answer by", html! { (words::day_short(words::local(of.due).date())) }),
        ]))
        (form.post(&html! {
            (choices("What became of it?", "outcome", &ways, &filled.outcome, wrongs))
            (reason.hinted("The person reads it.").show(wrongs))
        }))
    }
}

/// What became of it, in words that staff use.
const fn says(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Corrected => "It is put right",
        Outcome::Partly => "Some of it is put right",
        Outcome::Refused => "It stays as it is",
    }
}

const fn hint(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Corrected => None,
        Outcome::Partly => Some("Say which part is not, and why."),
        Outcome::Refused => {
            Some("Say why, and that they may complain to you and to the Information Commissioner.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn correction() -> Correction {
        let text = |text: &str| Sensitive::new(text.to_owned());
        Correction {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            organisation: "nhsl".parse().unwrap(),
            asked: "2026-11-01T09:00:00Z".parse().unwrap(),
            due: "2026-11-29T09:00:00Z".parse().unwrap(),
            outcome: None,
            sent: Some(correction::Sent {
                name: text("Isla <Sample>"),
                about: text("Came to A&E, 3 October 2026"),
                text: text("It was my sister"),
                helper: None,
            }),
            answer: None,
        }
    }

    #[test]
    fn what_was_sent_is_shown_with_the_form_that_answers_it() {
        let csrf = Csrf::of("x");
        let found = Found { correction: correction(), organisation: "NHS Glen".into() };
        let wrongs = [Wrong::new("outcome", "Choose what became of it")];
        for is_guardian in [false, true] {
            let page = one(&found, (is_guardian, &Filled::default()), &wrongs, &csrf).into_string();
            rules::assert_part(&page);
            for want in ["Isla &lt;Sample&gt;", "Came to A&amp;E", "It was my sister", "NHS Glen"] {
                assert!(page.contains(want), "{want}: {page}");
            }
            let now = "2026-11-30T09:00:00Z".parse().unwrap();
            let Correction { person, id, organisation, asked, due, .. } = correction();
            let waits = Waiting { person, id, organisation, asked, due };
            let page = list(&[waits], is_guardian, now).into_string();
            rules::assert_part(&page);
            assert!(page.contains("Late") && !page.contains("Sample"), "{page}");
            rules::assert_part(&list(&[], is_guardian, now).into_string());
        }
    }
}
