//! The words that a clause requires, shown whole, to be affirmed one by one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_agreement::Action;
use ken_core::{ClauseId, PersonId, Purpose};
use ken_records::Part;
use ken_sharing::{Statement, affirmation};
use ken_store::Snapshot;
use maud::{Markup, html};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::refusal::{self, Asked as Who};
use super::{more, person};
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
    clause: Option<ClauseId>,
}

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    purpose: Purpose,
    clause: Option<ClauseId>,
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
    let of = (&wanted.purpose, wanted.clause.as_ref());
    match statements(&app, &caller, person, of).await? {
        Ok(said) if said.is_empty() => Ok(to_person(person, of.0)),
        Ok(said) => page(&app, &caller, person, of, (&said, false)).await,
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
    let of = (&sent.purpose, sent.clause.as_ref());
    let said = match statements(&app, &caller, person, of).await? {
        Ok(said) if said.is_empty() => return Ok(to_person(person, of.0)),
        Ok(said) => said,
        Err(refused) => return Ok(refused),
    };
    // Words that changed since they were shown must be read again.
    if sent.affirmed != "yes" || sent.seen != digest(&said) {
        let page = page(&app, &caller, person, of, (&said, true)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| ken_person::together(s, person).await;
    for one in app.db().snapshot("http.together", read).await? {
        affirmation::affirm(app.db(), &ctx, by, one, &said).await?;
    }
    Ok(to_person(person, of.0))
}

/// For which purpose, and the one clause whose words are asked for; those of all where there is
/// none.
type Of<'a> = (&'a Purpose, Option<&'a ClauseId>);

/// The words that are missing, or the answer that refuses.
async fn statements(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (purpose, clause): Of<'_>,
) -> Result<Result<BTreeSet<Statement>, Response>, Stop> {
    let begun = person::begin(app, caller, person).await?;
    let of = (Action::View, purpose, &Part::default());
    let mut said = match person::decide(app, caller, person, of, &begun).await? {
        Ok(Answer::Shown(shown)) => {
            shown.more.into_values().flat_map(|more| more.statements).collect()
        }
        Ok(Answer::Words(said)) => said,
        Ok(Answer::Refused) => {
            return Ok(Err(refusal::page(app, caller, &Who::Address(person))));
        }
        Err(elsewhere) => return Ok(Err(elsewhere)),
    };
    said.retain(|one: &Statement| clause.is_none_or(|clause| one.words.clause == *clause));
    Ok(Ok(said))
}

fn to_person(person: PersonId, purpose: &Purpose) -> Response {
    Redirect::to(&format!("/w/p/{person}?purpose={purpose}")).into_response()
}

/// The page, as an answer.
///
/// # Errors
///
/// What the gate says.
pub(crate) async fn page(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (purpose, clause): Of<'_>,
    (said, is_wrong): (&BTreeSet<Statement>, bool),
) -> Result<Response, Stop> {
    let wrongs = [Wrong::new("affirmed", "Affirm the words, or go back")];
    let current = app.gate().current(app.db(), &app.ctx(caller.request())).await?;
    let clauses: BTreeSet<&ClauseId> = said.iter().map(|one| &one.words.clause).collect();
    let follows: BTreeSet<String> =
        clauses.into_iter().flat_map(|id| more::follows(&current.bundle, id)).collect();
    let asked = Asked {
        person,
        purpose: purpose.clone(),
        clause: clause.cloned(),
        seen: digest(said),
        words: said.iter().map(|one| one.text.clone()).collect(),
        follows: follows.into_iter().collect(),
    };
    let main = show(&asked, if is_wrong { &wrongs } else { &[] }, caller.csrf());
    let frame = caller.frame(app.site(), heading(clause.is_some())).at("/w/find");
    Ok(frame.page(&main).into_response())
}

const fn heading(is_more: bool) -> &'static str {
    if is_more { "Before you see more" } else { "Before you see this record" }
}

/// What the words were when they were shown.
pub(crate) fn digest(said: &BTreeSet<Statement>) -> String {
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
    /// The one clause whose words they are; none for those of every clause.
    pub(crate) clause: Option<ClauseId>,
    /// What the words are now, so that others are not affirmed in their place.
    pub(crate) seen: String,
    /// The exact words, as signed.
    pub(crate) words: Vec<String>,
    /// What the reader will owe.
    pub(crate) follows: Vec<String>,
}

/// The page's content.
pub(crate) fn show(asked: &Asked, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/w/p/{}/affirm", asked.person);
    let clause = asked.clause.as_ref().map(|id| ("clause", id.to_string()));
    let mut hidden = vec![("purpose", asked.purpose.to_string()), ("seen", asked.seen.clone())];
    hidden.extend(clause);
    let form = Form { action: &action, csrf, button: "Affirm and go on", hidden: &hidden };
    let label = if asked.words.len() == 1 {
        "I affirm these words. They are true."
    } else {
        "I affirm each of these. They are all true."
    };
    html! {
        (summary(wrongs))
        h1 { (heading(asked.clause.is_some())) }
        p {
            "Your purpose: " b { (words::purpose(&asked.purpose)) } ". The agreement asks you to \
             affirm these words. They are kept with your name, and hold for 30 minutes."
        }
        @for text in &asked.words { blockquote.care_words { p { (text) } } }
        (more::owed(&asked.follows))
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
            clause: Some("a#C1".parse().unwrap()),
            seen: "0a".into(),
            words: vec!["I know or believe that this adult is at risk.".into()],
            follows: vec!["Tell the person, or record why not, within 5 working days".into()],
        };
        let wrongs = [Wrong::new("affirmed", "Affirm the words, or go back")];
        let shown = show(&asked, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        for want in ["I know or believe", "asp-inquiry", "value=\"a#C1\"", "5 working days"] {
            assert!(shown.contains(want), "{want}");
        }
        assert!(shown.contains("Before you see more"));
        let all = Asked { clause: None, follows: vec![], ..asked };
        let shown = show(&all, &[], &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Before you see this record") && !shown.contains("name=\"clause\""));
    }
}
