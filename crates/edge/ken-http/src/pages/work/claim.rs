//! `/w/claim`: a practitioner says that they work with somebody; a second person confirms it.
//!
//! # Invariants
//!
//! - The claim is taken alike whether anybody of that description is held or not.
//! - A claim is about whom the colleague reads of. An address names nobody, so whoever follows one
//!   types who it is, and the claim is about nobody where that is somebody else.

use axum::Extension;
use axum::extract::{Form as Sent, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::{PersonId, Sensitive};
use ken_sharing::relationship;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::find::{self, Typed};
use super::refusal::{self, Asked, Carried};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::wire::csrf::Csrf;

/// Shortest reason, in characters. House policy: a word is no reason.
pub(crate) const REASON_LEN_MIN: usize = 10;
/// Longest reason, in characters.
pub(crate) const REASON_LEN_MAX: usize = 2_000;

/// What may be claimed: the kind of relationship, as agreements name it, and its words.
pub(crate) const KINDS: &[(&str, &str, &str)] = &[
    ("direct-care", "I care for or treat them", "They are my patient, or I support them"),
    ("girfec-team", "I am in the team around the child", "Their plan names me or my team"),
    ("open-inquiry", "I have an open inquiry about them", "Adult support and protection"),
    ("referrer", "We referred them", "My organisation asked another to help or protect them"),
];

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Claimed {
    #[serde(flatten)]
    carried: Carried,
    /// Who it is, typed beside an address.
    #[serde(flatten)]
    who: Typed,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    reason: Sensitive<String>,
}

/// `GET /w/claim`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(carried): Query<Carried>,
) -> Result<Response, Stop> {
    let Some(asked) = carried.asked(&app, &caller).await? else {
        return Ok(Redirect::to("/w/find").into_response());
    };
    Ok(page(&app, &caller, &show(&asked, &Said::default(), &[], caller.csrf())).into_response())
}

/// `POST /w/claim`: kept alike whether anybody who fits is held or not.
pub(crate) async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Claimed>,
) -> Result<Response, Stop> {
    let asked = sent.carried.still_asked(&app, &caller).await?;
    let said =
        Said { who: sent.who.trimmed(), kind: &sent.kind, reason: sent.reason.reveal().trim() };
    let wrongs = said.wrongs(&asked);
    if !wrongs.is_empty() {
        let page = page(&app, &caller, &show(&asked, &said, &wrongs, caller.csrf()));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (person, answers) = match &asked {
        Asked::Typed(..) => (asked.person(&app, &caller).await?, asked.answers()),
        Asked::Address(person) => {
            (fits(&app, &caller, (*person, &said.who)).await?, said.who.answers())
        }
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    // What the second person reads: what the claimant typed, and nothing else.
    let typed = Sensitive::new(format!("{}. {}", line(answers), said.reason));
    let (db, keys) = (app.db(), app.keys());
    relationship::claim(db, &ctx, keys, by, said.kind, person, &typed).await?;
    Ok(page(&app, &caller, &done()).into_response())
}

/// The person of an address, where what was typed finds one person and it is they. What a page
/// shows must not depend on it.
async fn fits(
    app: &App,
    caller: &Caller,
    (person, who): (PersonId, &Typed),
) -> Result<Option<PersonId>, Stop> {
    let Some(one) = refusal::people(app, caller, who).await?.only() else { return Ok(None) };
    let read = async |s: &mut Snapshot| ask::together_in(s, one).await;
    let same = app.db().snapshot("http.together", read).await?;
    Ok(same.contains(&person).then_some(person))
}

/// What was typed, question and answer, in one line; empty for an address.
pub(crate) fn typed_line(asked: &Asked) -> String {
    line(asked.answers())
}

fn line(answers: Vec<(&'static str, String)>) -> String {
    let answers = answers.into_iter().map(|(what, answer)| format!("{what}: {answer}"));
    answers.collect::<Vec<_>>().join(", ")
}

/// What the claimant says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said<'a> {
    /// Who it is, where an address was followed.
    who: Typed,
    kind: &'a str,
    reason: &'a str,
}

impl Said<'_> {
    /// What must be put right.
    fn wrongs(&self, asked: &Asked) -> Vec<Wrong> {
        let who = match asked {
            Asked::Typed(..) => vec![],
            Asked::Address(_) => self.who.wrongs(),
        };
        [who, wrongs(self.kind, self.reason)].concat()
    }
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Claim a relationship").at("/w/find").page(main)
}

/// The form.
pub(crate) fn show(asked: &Asked, said: &Said<'_>, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let hidden = hidden(asked);
    let form = Form { action: "/w/claim", csrf, button: "Send the claim", hidden: &hidden };
    let kinds: Vec<_> = KINDS
        .iter()
        .map(|(value, label, hint)| Choice {
            value: (*value).to_owned(),
            label: (*label).to_owned(),
            hint: Some((*hint).to_owned()),
        })
        .collect();
    let who = "Who they are, and how you work with them";
    let hint = "In your own words. A colleague reads this to confirm it.";
    html! {
        (summary(wrongs))
        h1 { "Claim a relationship" }
        p { "A second person in your organisation must confirm this before it counts." }
        (asked.shown())
        (form.post(&html! {
            @if let Asked::Address(_) = asked {
                h2 { "Who it is" }
                p {
                    "You followed an address, which names nobody. Give a number, or a name and a \
                     date of birth: your colleague reads it, and your claim is about nobody else."
                }
                (find::fields(&said.who, wrongs))
            }
            (choices("How do you work with this person?", "kind", &kinds, said.kind, wrongs))
            (Field::long("reason", who, said.reason).hinted(hint).show(wrongs))
        }))
    }
}

/// What a form carries on: the parcel, or the address.
pub(crate) fn hidden(asked: &Asked) -> Vec<(&'static str, String)> {
    match asked {
        Asked::Typed(_, parcel) => vec![("t", parcel.clone())],
        Asked::Address(person) => vec![("p", person.to_string())],
    }
}

/// What must be put right.
pub(crate) fn wrongs(kind: &str, reason: &str) -> Vec<Wrong> {
    let mut wrongs = vec![];
    if !KINDS.iter().any(|(value, ..)| *value == kind) {
        wrongs.push(Wrong::new("kind", "Choose how you work with this person"));
    }
    if !(REASON_LEN_MIN..=REASON_LEN_MAX).contains(&reason.trim().chars().count()) {
        let says = format!("Say it in {REASON_LEN_MIN} to {REASON_LEN_MAX} characters");
        wrongs.push(Wrong::new("reason", says));
    }
    wrongs
}

/// The page after the claim was taken.
pub(crate) fn done() -> Markup {
    html! {
        (confirmation::done("Your claim was sent",
            "A second person in your organisation has 7 days to confirm it."))
        h2 { "What happens next" }
        p { "Until it is confirmed, nothing changes. Then find the person again." }
        (confirmation::link_on("/w/today", "Back to today"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_claim_needs_a_kind_and_a_reason() {
        let check = |kind: &str, reason: &str, wants: &[&str]| {
            let fields: Vec<_> = wrongs(kind, reason).iter().map(|wrong| wrong.field).collect();
            assert_eq!(fields, wants, "{kind} {reason}");
        };
        check("", "", &["kind", "reason"]);
        check("made-up", "I see her every week", &["kind"]);
        check("direct-care", "  yes       ", &["reason"]);
        check("direct-care", "I see her every week", &[]);
        check("direct-care", &"x".repeat(REASON_LEN_MAX + 1), &["reason"]);
    }

    #[test]
    fn both_ways_of_asking_keep_the_rules() {
        for asked in crate::pages::work::refusal::tests::asked() {
            let said = Said { reason: "short", ..Said::default() };
            let wrongs = said.wrongs(&asked);
            let shown = show(&asked, &said, &wrongs, &Csrf::of("x")).into_string();
            rules::assert_part(&shown);
            let names_nobody = matches!(asked, Asked::Address(_));
            assert_eq!(shown.contains("name=\"family\""), names_nobody);
            assert_eq!(wrongs.iter().any(|wrong| wrong.field == "family"), names_nobody);
        }
        rules::assert_part(&done().into_string());
    }
}
