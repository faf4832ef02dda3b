//! `/ig/wishes`: what people ask of sharing, by the day the answer is due; and what was granted.
//! `/guardian/wishes`: the same of what no officer may answer, for the Guardian.
//!
//! # Invariants
//!
//! - A reader sees what was asked and what the person typed, and nothing that is held.
//! - Nobody answers their own, or what somebody nearer to the organisation may answer.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::{OrganisationId, Sensitive};
use ken_directory::Acting;
use ken_office::guardian;
use ken_sharing::wish::{self, Answer, Ending, Waiting, What};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::corrections;
use crate::App;
use crate::caller::{Caller, organisation_name};
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary, tick};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Shortest and longest answer, in characters. House policy: a sentence, not a word.
const WORDS: std::ops::RangeInclusive<usize> = 10..=2_000;

/// Where officers find what waits.
const OFFICER: &str = "/ig/wishes";
/// Where the Guardian does.
const GUARDIAN: &str = "/guardian/wishes";

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

/// Which wish the Guardian looks at.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    person: Option<String>,
    wish: Option<String>,
}

/// `GET /guardian/wishes`: what waits, or one of it.
pub(crate) async fn get_last(
    of: Of<App>,
    caller: Extension<Caller>,
    Query(chosen): Query<Chosen>,
) -> Result<Markup, Stop> {
    match (chosen.person, chosen.wish) {
        (Some(person), Some(wish)) => get_one(of, caller, Path((person, wish))).await,
        _ => get(of, caller).await,
    }
}

/// `GET /ig/wishes`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let waiting = wish::waiting(app.db(), &ctx, app.keys(), by).await?;
    let granted = wish::granted(app.db(), &ctx, app.keys(), by).await?;
    let names = names(&app, by, waiting.iter().chain(&granted)).await?;
    let all = (waiting.as_slice(), granted.as_slice());
    let main = list(all, (place(&caller), &names), ctx.clock.now());
    Ok(page(&app, &caller, &main))
}

/// `GET /ig/wishes/{person}/{wish}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
) -> Result<Markup, Stop> {
    let found = find(&app, &caller, &which).await?;
    let filled = (place(&caller), &Filled::default());
    let main = one(&found, filled, &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/wishes/{person}/{wish}`, and the Guardian's.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (found, place) = (find(&app, &caller, &which).await?, place(&caller));
    let wrongs = wrong(&found, &filled);
    if !wrongs.is_empty() {
        let page = page(&app, &caller, &one(&found, (place, &filled), &wrongs, caller.csrf()));
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
                let page =
                    page(&app, &caller, &one(&found, (place, &filled), &wrongs, caller.csrf()));
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
        (confirmation::link_on(place, "Back to what people ask"))
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
    caller.frame(app.site(), "What people ask").at(place(caller)).page(main)
}

/// Where this reader finds what waits for them.
fn place(caller: &Caller) -> &'static str {
    let is_guardian = caller.acting().is_ok_and(|by| by.role.as_str() == guardian::ROLE);
    if is_guardian { GUARDIAN } else { OFFICER }
}

/// The names of those others who were asked.
async fn names(
    app: &App,
    by: &Acting,
    all: impl Iterator<Item = &Waiting>,
) -> Result<BTreeMap<OrganisationId, String>, Stop> {
    let others: BTreeSet<_> = all.map(|one| &one.organisation).collect();
    let read = async |s: &mut Snapshot| {
        let mut names = BTreeMap::new();
        for one in others.into_iter().filter(|one| **one != by.organisation) {
            names.insert(one.clone(), organisation_name(s, one).await?);
        }
        Ok::<_, Stop>(names)
    };
    app.db().snapshot("http.asked-of", read).await
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

fn list(
    (waiting, granted): (&[Waiting], &[Waiting]),
    (place, names): (&str, &BTreeMap<OrganisationId, String>),
    now: Timestamp,
) -> Markup {
    let card = |one: &Waiting| card_of(one, (place, names.get(&one.organisation)), now);
    let cards = |all: &[Waiting]| all.iter().map(card).collect::<Vec<_>>();
    let state = |cards: Vec<Markup>, looked: &str, caution: &str| {
        if cards.is_empty() {
            State::Nothing { looked: looked.into(), caution: caution.into() }
        } else {
            State::Content { shown: card::cards(false, &cards), from: None }
        }
    };
    let nobody = "Nobody waits for an answer of yours.";
    let caution = "An objection has its effect at once, and stays on this list until it is \
                   answered.";
    html! {
        h1 { "What people ask" }
        p {
            "People ask this on their own pages. You see what they typed, and nothing that is \
             held about them."
        }
        p {
            a.care_lone href=(corrections::place(place == GUARDIAN)) {
                "What people ask to be put right"
            }
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
                "Nothing that was granted, and that you may end, still stands.",
                "Others may have.",
            ),
        }))
    }
}

/// A card; with the name of the organisation that was asked, where it is not the reader's own.
fn card_of(one: &Waiting, (place, of): (&str, Option<&String>), now: Timestamp) -> Markup {
    let asked_on = words::moment_short(one.asked);
    let href = match place {
        GUARDIAN => format!("{place}?person={}&wish={}", one.person, one.id),
        _ => format!("{place}/{}/{}", one.person, one.id),
    };
    html! {
        h3 { (asked(&one.what)) }
        @if let Some(of) = of {
            p { (of) " was asked. Nobody there may answer, so you do." }
        }
        p {
            "Asked " (asked_on) "."
            @if let (Some(due), false) = (one.due, one.is_granted) {
                " Answer by " (words::day_short(words::local(due).date())) ". "
                @if due < now { (facts::tag("Late", Tone::Bad)) }
            }
        }
        p {
            a href=(href) {
                @if one.is_granted { "Look again at what was asked " }
                @else { "Answer what was asked " }
                (asked_on)
            }
        }
    }
}

/// One wish, with the form that answers or ends it.
fn one(found: &Waiting, (place, filled): (&str, &Filled), wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("{place}/{}/{}", found.person, found.id);
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
            organisation: "cec".parse().unwrap(),
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
                let filled = (GUARDIAN, &Filled::default());
                let page = one(&found, filled, &wrongs, &csrf).into_string();
                rules::assert_part(&page);
                assert!(page.contains("Call my &lt;sister&gt;"), "{page}");
                let shows = page.contains("name=\"shown\"");
                let may = [What::ProtectedAddress, What::RestrictedRecord].contains(&what);
                assert_eq!(shows, may && !is_granted, "{what:?}");
            }
        }
        let now = "2026-11-23T09:00:00Z".parse().unwrap();
        let names = BTreeMap::from([("cec".parse().unwrap(), "Council <so>".to_owned())]);
        let (waits, stands) = (waiting(What::AtRisk, false), waiting(What::ProtectedAddress, true));
        for (of, want) in [(BTreeMap::new(), 0), (names, 2)] {
            let all = (std::slice::from_ref(&waits), std::slice::from_ref(&stands));
            let page = list(all, (OFFICER, &of), now).into_string();
            rules::assert_part(&page);
            assert_eq!(page.matches("Late").count(), 1);
            assert_eq!(page.matches("Council &lt;so&gt; was asked").count(), want);
        }
        let none = list((&[], &[]), (GUARDIAN, &BTreeMap::new()), now).into_string();
        rules::assert_part(&none);
    }
}
