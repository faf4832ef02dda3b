//! `/w/emergency`: opening a record in an emergency. A plain page, one step, no dialog.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_agreement::{Action, Kind, Words};
use ken_core::{ClauseId, PersonId, Sensitive};
use ken_directory::Acting;
use ken_records::Part;
use ken_sharing::bundle::Bundle;
use ken_sharing::emergency::second;
use ken_sharing::gate::Caller as Asker;
use ken_sharing::{Statement, emergency};
use maud::{Markup, html};
use serde::Deserialize;

use super::claim;
use super::refusal::{self, Asked, Carried};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, VITAL};
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::{Field, Form, Wrong, summary, tick_again};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Opened {
    #[serde(flatten)]
    carried: Carried,
    #[serde(default)]
    reason: Sensitive<String>,
    #[serde(default)]
    affirmed: String,
    #[serde(default)]
    second: String,
}

/// What was typed and ticked before, where the form is shown again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Typed<'a> {
    reason: &'a str,
    affirmed: bool,
    second: bool,
}

/// `GET /w/emergency`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(carried): Query<Carried>,
) -> Result<Response, Stop> {
    let Some(asked) = carried.asked(&app, &caller).await? else {
        return Ok(Redirect::to("/w/find").into_response());
    };
    let clauses = in_force(&app, &caller).await?;
    Ok(page(&app, &caller, &form(&asked, &clauses, Typed::default(), &[], &caller)).into_response())
}

/// `POST /w/emergency`.
pub(crate) async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Opened>,
) -> Result<Response, Stop> {
    let asked = sent.carried.still_asked(&app, &caller).await?;
    let (reason, clauses) = (sent.reason.reveal().trim(), in_force(&app, &caller).await?);
    let wrongs = wrongs(reason, sent.affirmed == "yes");
    if !wrongs.is_empty() || clauses.is_empty() {
        let (affirmed, second) = (sent.affirmed == "yes", sent.second == "yes");
        let typed = Typed { reason, affirmed, second };
        let main = form(&asked, &clauses, typed, &wrongs, &caller);
        let page = page(&app, &caller, &main);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let said = clauses.into_iter().flat_map(|clause| clause.statements).collect();
    let reason = Sensitive::new(reason.to_owned());
    if sent.second == "yes" {
        // Taken alike whether anybody who fits is held or not.
        let people = asked.everybody(&app, &caller).await?;
        let typed = Sensitive::new(claim::typed_line(&asked));
        let new = second::NewAsking { people: people.into_iter().collect(), typed, reason, said };
        second::ask(app.db(), &ctx, app.keys(), by, &new).await?;
        return Ok(page(&app, &caller, &sent_on()).into_response());
    }
    let people = asked.by_number(&app, &caller).await?;
    if people.is_empty() {
        return refusal::refuse(&app, &caller, &asked).await;
    }
    for person in &people {
        emergency::open(app.db(), &ctx, app.keys(), by, *person, &reason, &said).await?;
    }
    let people = match people.as_slice() {
        [_] => people,
        _ => opened(&app, &caller, people).await?,
    };
    match people.as_slice() {
        [] => refusal::refuse(&app, &caller, &asked).await,
        [person] => Ok(Redirect::to(&format!("/w/p/{person}?purpose={VITAL}")).into_response()),
        _ => Ok(page(&app, &caller, &several(&people)).into_response()),
    }
}

/// Those of whom an emergency shows something: who stays hidden in one as well is not counted.
async fn opened(app: &App, caller: &Caller, people: Vec<PersonId>) -> Result<Vec<PersonId>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let names: BTreeSet<_> = ask::names(app).await?.into_keys().collect();
    let mut opened = Vec::with_capacity(people.len());
    for person in people {
        let asked = Ask {
            by: Asker::Practitioner(by),
            person,
            action: Action::View,
            purpose: ask::purpose(VITAL)?,
            sources: names.clone(),
            only: Some(BTreeSet::from([ask::core()?])),
            part: Part::default(),
        };
        // What their own organisation holds counts, as on the page that this leads to.
        let begun = ask::begin(app, &ctx, by, person).await?;
        let answer = ask::ask_beside_own(app, &ctx, &asked, &begun.people, by).await?;
        if let Answer::Shown(shown) = answer
            && !shown.held.is_empty()
        {
            opened.push(person);
        }
    }
    Ok(opened)
}

/// The page after a second person was asked: the same for whomever it is about.
fn sent_on() -> Markup {
    html! {
        (confirmation::done("A colleague must agree now",
            "Tell one of them: it waits for everybody of your organisation who signs in here, \
             under \u{201c}To confirm\u{201d}, for 24 hours."))
        h2 { "What happens next" }
        p { "Once they agree, you find the record under \u{201c}Today\u{201d}." }
        p { "If somebody could come to harm meanwhile, call 999." }
        (confirmation::link_on("/w/today", "Back to today"))
    }
}

/// Several people fit what was typed, and an emergency does not wait for the index: each can be
/// opened, and each access is checked.
fn several(people: &[PersonId]) -> Markup {
    html! {
        h1 { (people.len()) " people fit what you typed" }
        p { "Their records are open to you for 24 hours. Check the name and address on each page." }
        ol {
            @for (place, person) in people.iter().enumerate() {
                li { a href={ "/w/p/" (person) "?purpose=" (VITAL) } { "Record " (place + 1) } }
            }
        }
    }
}

/// `POST /w/p/{person}/finish`.
pub(crate) async fn finish(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
) -> Result<Response, Stop> {
    let person: PersonId = person.parse().map_err(|_| Stop::NotFound)?;
    let clauses: BTreeSet<ClauseId> =
        in_force(&app, &caller).await?.into_iter().map(|clause| clause.id).collect();
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    emergency::finish(app.db(), &ctx, app.keys(), by, person, &clauses).await?;
    let main = html! {
        (confirmation::done("Emergency access is finished",
            "Somebody else will check it. Write what you did in your own record."))
        (confirmation::link_on("/w/today", "Back to today"))
    };
    Ok(page(&app, &caller, &main).into_response())
}

/// An exceptional clause that the caller's role may use.
#[derive(Debug)]
struct Exceptional {
    id: ClauseId,
    statements: BTreeSet<Statement>,
}

/// The exceptional clauses for the caller's role: a matter of agreements alone.
async fn in_force(app: &App, caller: &Caller) -> Result<Vec<Exceptional>, Stop> {
    let current = app.gate().current(app.db(), &app.ctx(caller.request())).await?;
    Ok(exceptional(&current.bundle, caller.acting()?))
}

fn exceptional(bundle: &Bundle, by: &Acting) -> Vec<Exceptional> {
    let mut found = vec![];
    for (hash, instrument, _) in bundle.instruments() {
        for clause in &instrument.clauses {
            let is_vital = clause.purpose.as_ref().is_some_and(|of| of.as_str() == VITAL);
            let ours = clause.to.any_role() || clause.to.roles.contains(&by.role);
            let viewed = clause.action.contains(&Action::View);
            if clause.kind != Kind::Exceptional || !is_vital || !ours || !viewed {
                continue;
            }
            let Ok(id) = ClauseId::new(format!("{hash}#{}", clause.id)) else { continue };
            let statement = |attestation: &ken_agreement::AttestationId| {
                let words = Words { clause: id.clone(), attestation: attestation.clone() };
                let text = bundle.text_of(&words)?.to_owned();
                Some(Statement { words, text })
            };
            let statements = clause.attest.iter().filter_map(statement).collect();
            found.push(Exceptional { id: id.clone(), statements });
        }
    }
    found
}

fn form(
    asked: &Asked,
    clauses: &[Exceptional],
    typed: Typed<'_>,
    wrongs: &[Wrong],
    caller: &Caller,
) -> Markup {
    if clauses.is_empty() {
        return html! {
            h1 { "Emergency access" }
            p { "No agreement in force gives your present role emergency access." }
            p { "If somebody could come to harm now, call 999, or the organisation that holds \
                 the record." }
            (confirmation::link_on("/w/today", "Back to today"))
        };
    }
    let words: BTreeSet<_> = clauses
        .iter()
        .flat_map(|clause| &clause.statements)
        .map(|said| said.text.clone())
        .collect();
    show(asked, &words.into_iter().collect::<Vec<_>>(), typed, wrongs, caller.csrf())
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Emergency access").at("/w/find").page(main)
}

/// The form. `words` are those that the exceptional clause requires, whole.
pub(crate) fn show(
    asked: &Asked,
    words: &[String],
    typed: Typed<'_>,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let hidden = claim::hidden(asked);
    let form = Form {
        action: "/w/emergency",
        csrf,
        button: "I need to see this record now",
        hidden: &hidden,
    };
    let hint = "In your own words: what could happen, to whom, and why it cannot wait.";
    html! {
        (summary(wrongs))
        h1 { "Emergency access" }
        ul {
            li { "You see what your role may see when somebody's life or safety is at stake." }
            li { "It lasts 24 hours. You can finish sooner." }
            li { "Somebody else checks it within 2 working days." }
            li { "Once it was checked, the person can read your name, that you looked, and why." }
        }
        (asked.shown())
        @if !words.is_empty() {
            h2 { "The words you affirm" }
            @for text in words { blockquote.care_words { p { (text) } } }
        }
        (form.post(&html! {
            (Field::long("reason", "Why do you need to see this record now?", typed.reason)
                .hinted(hint).show(wrongs))
            (tick_again("affirmed", "What I have written is true, and it cannot wait.",
                typed.affirmed, wrongs))
            h2 { "A second person" }
            p {
                "A record of your own, of your family or of a former partner, or one that you \
                 joined to another in the last 30 days, opens only when a colleague agrees first. \
                 You may ask for that for any record. The colleague reads what you typed, and \
                 nothing of the record."
            }
            (tick_again("second", "Ask a colleague of my organisation to agree first",
                typed.second, wrongs))
        }))
    }
}

/// What must be put right.
pub(crate) fn wrongs(reason: &str, affirmed: bool) -> Vec<Wrong> {
    let mut wrongs = vec![];
    let length = reason.trim().chars().count();
    if !(claim::REASON_LEN_MIN..=claim::REASON_LEN_MAX).contains(&length) {
        let says = if length > claim::REASON_LEN_MAX {
            format!("Say it in at most {} characters", claim::REASON_LEN_MAX)
        } else {
            "Say why you need to see this record now".to_owned()
        };
        wrongs.push(Wrong::new("reason", says));
    }
    if !affirmed {
        wrongs.push(Wrong::new("affirmed", "Affirm that it is true and cannot wait"));
    }
    wrongs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_reason_and_the_words_are_wanted() {
        let check = |reason: &str, affirmed, wants: &[&str]| {
            let fields: Vec<_> = wrongs(reason, affirmed).iter().map(|w| w.field).collect();
            assert_eq!(fields, wants, "{reason}");
        };
        check("", false, &["reason", "affirmed"]);
        check("She fell and is unconscious", false, &["affirmed"]);
        check("now", true, &["reason"]);
        check("She fell and is unconscious", true, &[]);
    }

    #[test]
    fn several_who_fit_are_all_reachable() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let shown = several(&[person, person]).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("2 people fit") && shown.contains("Record 2"));
    }

    #[test]
    fn the_page_says_what_follows() {
        let [asked, _] = refusal::tests::asked();
        let words = ["Somebody could come to harm.".to_owned()];
        let typed = Typed { second: true, ..Typed::default() };
        let shown = show(&asked, &words, typed, &wrongs("", false), &Csrf::of("x")).into_string();
        assert_eq!(
            shown.matches("value=\"yes\" checked").count(),
            1,
            "what was ticked stays ticked"
        );
        rules::assert_part(&shown);
        rules::assert_part(&sent_on().into_string());
        for want in ["24 hours", "2 working days", "Somebody could come", "Sample", "agree first"] {
            assert!(shown.contains(want), "{want}");
        }
    }
}
