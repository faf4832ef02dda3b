//! The words that a clause requires, shown whole, to be affirmed one by one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::{PersonId, Purpose};
use ken_sharing::{Statement, affirmation};
use ken_store::Snapshot;
use maud::{Markup, html};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::person;
use super::refusal::{self, Asked as Who};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::Answer;
use crate::stop::Stop;
use crate::view::form::{Form, Wrong, summary, tick};
use crate::view::words;
use crate::wire::csrf::Csrf;

/// What the address carries.
#[derive(Debug, Deserialize)]
pub(crate) struct For {
    purpose: Purpose,
}

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    purpose: Purpose,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    affirmed: String,
}

/// `GET /w/p/{person}/affirm`: the words that would show more.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<For>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    match statements(&app, &caller, person, &wanted.purpose).await? {
        Ok(said) if said.is_empty() => Ok(to_person(person, &wanted.purpose)),
        Ok(said) => Ok(page(&app, &caller, person, &wanted.purpose, &said, false)),
        Err(refused) => Ok(refused),
    }
}

/// `POST /w/p/{person}/affirm`.
pub(crate) async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(sent): Sent<Said>,
) -> Result<Response, Stop> {
    let person: PersonId = person.parse().map_err(|_| Stop::NotFound)?;
    let said = match statements(&app, &caller, person, &sent.purpose).await? {
        Ok(said) => said,
        Err(refused) => return Ok(refused),
    };
    // Words that changed since they were shown must be read again.
    if sent.affirmed != "yes" || sent.seen != digest(&said) {
        let page = page(&app, &caller, person, &sent.purpose, &said, true);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| ken_person::together(s, person).await;
    for one in app.db().snapshot("http.together", read).await? {
        affirmation::affirm(app.db(), &ctx, by, one, &said).await?;
    }
    Ok(to_person(person, &sent.purpose))
}

/// The words that are missing, or the answer that refuses.
async fn statements(
    app: &App,
    caller: &Caller,
    person: PersonId,
    purpose: &Purpose,
) -> Result<Result<BTreeSet<Statement>, Response>, Stop> {
    let begun = person::begin(app, caller, person).await?;
    Ok(match person::decide(app, caller, person, purpose, &begun).await? {
        Ok(Answer::Shown(shown)) => Ok(shown.missing),
        Ok(Answer::Words(said)) => Ok(said),
        Ok(Answer::Refused) => Err(refusal::page(app, caller, &Who::Address(person))),
        Err(elsewhere) => Err(elsewhere),
    })
}

fn to_person(person: PersonId, purpose: &Purpose) -> Response {
    Redirect::to(&format!("/w/p/{person}?purpose={purpose}")).into_response()
}

/// The page, as an answer.
pub(crate) fn page(
    app: &App,
    caller: &Caller,
    person: PersonId,
    purpose: &Purpose,
    said: &BTreeSet<Statement>,
    is_wrong: bool,
) -> Response {
    let wrongs = [Wrong::new("affirmed", "Affirm the words, or go back")];
    let asked = Asked {
        person,
        purpose: purpose.clone(),
        seen: digest(said),
        words: said.iter().map(|one| one.text.clone()).collect(),
    };
    let main = show(&asked, if is_wrong { &wrongs } else { &[] }, caller.csrf());
    let frame = caller.frame(app.site(), "Before you see this record").at("/w/find");
    frame.page(&main).into_response()
}

/// What the words were when they were shown.
fn digest(said: &BTreeSet<Statement>) -> String {
    let mut hash = Sha256::new();
    for one in said {
        hash.update(one.words.to_string());
        hash.update([0]);
        hash.update(&one.text);
        hash.update([0]);
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// About whom; the page does not say who that is.
    pub(crate) person: PersonId,
    /// For which purpose.
    pub(crate) purpose: Purpose,
    /// What the words are now, so that others are not affirmed in their place.
    pub(crate) seen: String,
    /// The exact words, as signed.
    pub(crate) words: Vec<String>,
}

/// The page's content.
pub(crate) fn show(asked: &Asked, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/w/p/{}/affirm", asked.person);
    let hidden = [("purpose", asked.purpose.to_string()), ("seen", asked.seen.clone())];
    let form = Form { action: &action, csrf, button: "Affirm and go on", hidden: &hidden };
    let label = if asked.words.len() == 1 {
        "I affirm these words. They are true."
    } else {
        "I affirm each of these. They are all true."
    };
    html! {
        (summary(wrongs))
        h1 { "Before you see this record" }
        p {
            "Your purpose: " b { (words::purpose(&asked.purpose)) } ". The agreement asks you to \
             affirm these words. They are kept with your name, and hold for 30 minutes."
        }
        @for text in &asked.words { blockquote.care_words { p { (text) } } }
        (form.post(&tick("affirmed", label, wrongs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_words_are_shown_whole() {
        let asked = Asked {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: Purpose::new("asp-inquiry").unwrap(),
            seen: "0a".into(),
            words: vec!["I know or believe that this adult is at risk.".into()],
        };
        let wrongs = [Wrong::new("affirmed", "Affirm the words, or go back")];
        let shown = show(&asked, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("I know or believe") && shown.contains("asp-inquiry"));
    }
}
