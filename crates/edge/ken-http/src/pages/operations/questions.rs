//! `/ops/questions`: what one's organisation is asked of records that it sent and that nobody can
//! tell from another; and `/ops/questions/{person}/{question}`: answering one.
//!
//! # Invariants
//!
//! - Nothing is shown but what the reader's own organisation sent, decided by the gate and entered.
//! - Nothing is chosen beforehand, and nothing of anybody is typed: an answer is closed words.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::PersonId;
use ken_person::queue::{self, Detail, Said, SourceQuestion, SourceSays};
use ken_person::{Error, ReviewId};
use ken_records::Part;
use ken_sharing::Action;
use ken_sharing::gate::Caller as Asker;
use ken_sharing::linker::IDENTITY_REVIEW;
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::form::{Choice, Form, Wrong, choices, summary};
use crate::view::table::{self, Table};
use crate::view::{confirmation, facts, words};
use crate::wire::csrf::Csrf;

/// What the form carries: an answer for each detail.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filled {
    family: String,
    given: String,
    born: String,
    sex: String,
    address: String,
    numbers: String,
}

impl Filled {
    fn of(&self, detail: Detail) -> &str {
        match detail {
            Detail::Family => &self.family,
            Detail::Given => &self.given,
            Detail::Born => &self.born,
            Detail::Sex => &self.sex,
            Detail::Address => &self.address,
            Detail::Numbers => &self.numbers,
        }
    }

    /// The answers; what is missing otherwise.
    fn says(&self) -> Result<SourceSays, Vec<Wrong>> {
        let (mut says, mut wrongs) = (SourceSays::new(), vec![]);
        for detail in Detail::ALL {
            if let Some(said) = Said::from_code(self.of(detail)) {
                says.insert(detail, said);
            } else {
                let what = format!("Choose an answer: {}", words_of(detail).to_lowercase());
                wrongs.push(Wrong::new(detail.code(), what));
            }
        }
        if wrongs.is_empty() { Ok(says) } else { Err(wrongs) }
    }
}

/// A detail, in words.
pub(super) const fn words_of(detail: Detail) -> &'static str {
    match detail {
        Detail::Family => "Family name",
        Detail::Given => "Given names",
        Detail::Born => "Date of birth",
        Detail::Sex => "Sex",
        Detail::Address => "Address and postcode",
        Detail::Numbers => "National numbers",
    }
}

/// What a source says of a detail, in words.
pub(super) const fn said_words(said: Said) -> &'static str {
    match said {
        Said::Right => "right",
        Said::Wrong => "wrong",
        Said::Unknown => "not known",
    }
}

/// A question, as the address names it.
type Which = Path<(String, String)>;

/// What one's organisation sent, and what is asked of it.
struct View {
    question: SourceQuestion,
    details: Vec<(&'static str, String)>,
}

/// `GET /ops/questions`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| queue::questions_to(s, &ctx, &by.organisation).await;
    let asked = app.db().snapshot("http.questions", read).await?;
    Ok(caller.frame(app.site(), "Questions to you").at("/ops/match").page(&list(&asked)))
}

/// `GET /ops/questions/{person}/{question}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
) -> Result<Response, Stop> {
    let main = match view(&app, &caller, at(&which)?).await? {
        Some(view) => show(&view, &Filled::default(), &[], caller.csrf()),
        None => unseen(),
    };
    Ok(page(&app, &caller, StatusCode::OK, &main))
}

/// `POST /ops/questions/{person}/{question}`.
pub(crate) async fn post_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Which,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let at = at(&which)?;
    let Some(view) = view(&app, &caller, at).await? else {
        return Ok(page(&app, &caller, StatusCode::CONFLICT, &unseen()));
    };
    let says = match filled.says() {
        Ok(says) => says,
        Err(wrongs) => {
            let main = show(&view, &filled, &wrongs, caller.csrf());
            return Ok(page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main));
        }
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let answer =
        async |tx: &mut Tx| queue::answer_source(tx, &ctx, app.keys(), at, &says, by).await;
    match app.db().write("http.question-answer", answer).await {
        Ok(()) => Ok(page(&app, &caller, StatusCode::OK, &done())),
        // A colleague was quicker, or the place was decided meanwhile.
        Err(Error::Unknown(_)) => Err(Stop::NotFound),
        Err(error) => Err(error.into()),
    }
}

fn at((person, question): &(String, String)) -> Result<(PersonId, ReviewId), Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    Ok((person, question.parse().map_err(|_| Stop::NotFound)?))
}

fn page(app: &App, caller: &Caller, status: StatusCode, main: &Markup) -> Response {
    (status, caller.frame(app.site(), "A question to you").at("/ops/match").page(main))
        .into_response()
}

/// The question, and what one's own organisation sent of whom it is about; none where that may not
/// be seen.
async fn view(app: &App, caller: &Caller, at: (PersonId, ReviewId)) -> Result<Option<View>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| queue::find_question(s, &ctx, at, by).await;
    let question = app.db().snapshot("http.question", read).await?.ok_or(Stop::NotFound)?;
    let asked = Ask {
        by: Asker::Practitioner(by),
        person: question.person,
        action: Action::View,
        purpose: ask::purpose(IDENTITY_REVIEW)?,
        sources: BTreeSet::from([by.organisation.clone()]),
        only: Some(compose::identity()?),
        part: Part::default(),
    };
    let Answer::Shown(shown) = ask::ask(app, &ctx, &asked).await? else { return Ok(None) };
    if shown.held.is_empty() {
        return Ok(None);
    }
    let banner = compose::banner(&shown.held, ctx.clock.today());
    let names = [("Family name", banner.family), ("Given names", banner.given)];
    let details = names.into_iter().chain(banner.facts).collect();
    Ok(Some(View { question, details }))
}

/// The list: it names nobody.
fn list(asked: &[SourceQuestion]) -> Markup {
    let row = |one: &SourceQuestion| {
        vec![
            html! {
                a href={ "/ops/questions/" (one.person) "/" (one.id) } {
                    "Answer, asked " (words::moment_short(one.since))
                }
            },
            html! { (words::moment_short(one.until)) },
        ]
    };
    let table = Table {
        id: "questions-table",
        caption: "Waiting for your answer, the oldest first",
        columns: &["Question", "Waits until"],
        rows: asked.iter().map(row).collect(),
    };
    html! {
        h1 { "Questions to you" }
        p {
            "Somebody cannot tell whether a record that your organisation sent is of one person \
             with another. You see what your organisation sent, and nothing else."
        }
        @if asked.is_empty() { p { "You are asked nothing." } } @else { (table::show(&table)) }
        (confirmation::link_on("/ops/match", "Identity to review"))
    }
}

/// One question.
fn show(view: &View, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/ops/questions/{}/{}", view.question.person, view.question.id);
    let form = Form { action: &action, csrf, button: "Send your answer", hidden: &[] };
    let sent: Vec<_> =
        view.details.iter().map(|(label, value)| (*label, html! { (value) })).collect();
    let choice = |said: Said| Choice {
        value: said.code().to_owned(),
        label: match said {
            Said::Right => "Right, as far as we can tell from our own papers".to_owned(),
            Said::Wrong => "Wrong: we put it right in our own system".to_owned(),
            Said::Unknown => "We do not know".to_owned(),
        },
        hint: None,
    };
    html! {
        (summary(wrongs))
        h1 { "Is this right, as you sent it?" }
        p {
            "Look it up in your own system, or ask whoever knows the person. What is right instead "
            "comes with your system's next message; do not write it here. The question ends on "
            (words::moment_short(view.question.until)) "."
        }
        h2 { "What your organisation sent" }
        (facts::list(&sent))
        (form.post(&html! {
            @for detail in Detail::ALL {
                (choices(words_of(detail), detail.code(), &Said::ALL.map(choice),
                    filled.of(detail), wrongs))
            }
        }))
        (confirmation::link_on("/ops/questions", "Back to the questions"))
    }
}

fn unseen() -> Markup {
    html! {
        h1 { "Is this right, as you sent it?" }
        p {
            "No clause lets your role see what your organisation sent. A colleague who may can \
             answer."
        }
        (confirmation::link_on("/ops/questions", "Back to the questions"))
    }
}

fn done() -> Markup {
    html! {
        (confirmation::done(
            "Your answer is saved",
            "Whoever reviews the records reads it. If something is wrong, put it right in your own \
             system: its next message corrects it here.",
        ))
        (confirmation::link_on("/ops/questions", "Back to the questions"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn every_detail_is_asked_and_nothing_is_chosen() {
        let filled = Filled { family: "right".to_owned(), ..Filled::default() };
        let wrongs = filled.says().unwrap_err();
        assert_eq!(wrongs.len(), Detail::ALL.len() - 1);
        let all = Filled {
            family: "right".into(),
            given: "wrong".into(),
            born: "unknown".into(),
            sex: "right".into(),
            address: "right".into(),
            numbers: "right".into(),
        };
        let says = all.says().unwrap();
        assert_eq!(says.get(&Detail::Given), Some(&Said::Wrong));
        rules::assert_part(&list(&[]).into_string());
        rules::assert_part(&unseen().into_string());
        rules::assert_part(&done().into_string());
    }
}
