//! `/ig/agreements/{hash}/simulate`: "could X see Y?", with ordered checks, and saved questions.

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::response::{IntoResponse, Response};
use ken_agreement::{Action, Instrument};
use ken_office::matrix::{self, Ready};
use ken_office::simulate::{self, Answer, Explained, Passage, Question, Saved};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::agreement::role_choices;
use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Form, filter, select};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// What the address carries: closed words, so that the question can be passed on.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    how: String,
    #[serde(default)]
    facts: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    forget: String,
}

/// `GET /ig/agreements/{hash}/simulate`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Stop> {
    let (of, ready) = ready(&app, &caller, &hash).await?;
    let id = of.agreement.id.to_string();
    let read = async |s: &mut Snapshot| simulate::saved(s, &id).await;
    let saved = app.db().snapshot("http.questions", read).await?;
    let explained = match question(&of, &asked) {
        Some(question) => Some(simulate::ask(&ready, &question)?),
        None => None,
    };
    let changed = simulate::changed(&ready, &saved)?;
    let shown = Shown { of: &of, asked: &asked, explained, saved: &saved, changed };
    let main = show(&shown, caller.csrf());
    Ok(caller.frame(app.site(), "Could they see it?").at("/ig/agreements").page(&main))
}

/// `POST /ig/agreements/{hash}/simulate`: saves the question with the answer it has now.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(asked): Sent<Asked>,
) -> Result<Response, Stop> {
    let (of, ready) = ready(&app, &caller, &hash).await?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    of.party(&by.organisation).ok_or(Stop::NotFound)?;
    let id = of.agreement.id.to_string();
    let what = if asked.forget.is_empty() {
        let question = question(&of, &asked).ok_or(Stop::BadForm)?;
        let answer = simulate::ask(&ready, &question)?.answer;
        simulate::save(app.db(), &ctx, by, &id, (&question, answer)).await?;
        "The question is saved"
    } else {
        simulate::forget(app.db(), &id, &asked.forget).await?;
        "The question is taken away"
    };
    let address = format!("/ig/agreements/{}/simulate", of.hash());
    let main = html! {
        (confirmation::done(what, "It is asked of every version before it is signed."))
        (confirmation::link_on(&address, "Ask another question"))
    };
    let frame = caller.frame(app.site(), "Could they see it?").at("/ig/agreements");
    Ok(frame.page(&main).into_response())
}

async fn ready(app: &App, caller: &Caller, hash: &str) -> Result<(Instrument, Ready), Stop> {
    let (of, all) = super::one(app, caller, hash).await?;
    let today = app.ctx(caller.request()).clock.today();
    let ready = matrix::ready(&of.instrument, &all, today)?;
    Ok((of.instrument, ready))
}

/// The question of an address; none until everything is chosen.
fn question(of: &Instrument, asked: &Asked) -> Option<Question> {
    let mut roles = matrix::recipients(of).into_iter();
    Some(Question {
        from: of.parties.iter().find(|party| party.id.as_str() == asked.from)?.id.clone(),
        to: roles.find(|(body, role)| format!("{body}/{role}") == asked.role)?,
        category: of.categories.iter().find(|kind| kind.id.as_str() == asked.kind)?.id.clone(),
        purpose: of.purposes.iter().find(|why| why.id.as_str() == asked.purpose)?.id.clone(),
        action: Action::ALL.into_iter().find(|action| action.as_str() == asked.how)?,
        facts_hold: asked.facts != "none",
        words_affirmed: asked.words == "yes",
    })
}

/// What the page shows.
struct Shown<'a> {
    of: &'a Instrument,
    asked: &'a Asked,
    explained: Option<Explained>,
    saved: &'a [Saved],
    changed: Vec<(&'a Saved, Answer)>,
}

fn show(shown: &Shown<'_>, csrf: &Csrf) -> Markup {
    let address = format!("/ig/agreements/{}/simulate", shown.of.hash());
    html! {
        h1 { "Could they see it?" }
        p { a href={ "/ig/agreements/" (shown.of.hash()) } { (shown.of.agreement.title) } }
        p { "Ask about kinds of people, never about one. The answer is that of the rules, as if \
             everybody had signed." }
        (filter(&address, &fields(shown.of, shown.asked)))
        @if let Some(explained) = &shown.explained {
            (answer(explained))
            (save(&address, shown.asked, csrf))
        }
        (saved(shown, &address, csrf))
    }
}

fn fields(of: &Instrument, asked: &Asked) -> Markup {
    let from: Vec<_> =
        of.parties.iter().map(|party| (party.id.to_string(), party.name.clone())).collect();
    let kinds: Vec<_> =
        of.categories.iter().map(|kind| (kind.id.to_string(), words::category(&kind.id))).collect();
    let purposes: Vec<_> =
        of.purposes.iter().map(|why| (why.id.to_string(), words::purpose(&why.id))).collect();
    let how: Vec<_> = Action::ALL
        .iter()
        .map(|action| (action.as_str().to_owned(), words::capitalised(action.as_str())))
        .collect();
    let pair = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    html! {
        (select("role", "Could", &role_choices(of), &asked.role))
        (select("kind", "have", &kinds, &asked.kind))
        (select("from", "of", &from, &asked.from))
        (select("purpose", "for", &purposes, &asked.purpose))
        (select("how", "by", &how, &asked.how))
        (select("facts", "if", &[
            pair("all", "everything that the clauses require holds"),
            pair("none", "nothing is known but the question"),
        ], &asked.facts))
        (select("words", "and", &[
            pair("no", "nothing is affirmed"),
            pair("yes", "the words are affirmed"),
        ], &asked.words))
    }
}

fn answer(explained: &Explained) -> Markup {
    let tone = match explained.answer {
        Answer::Yes => Tone::Good,
        Answer::AfterWords => Tone::Warn,
        Answer::No => Tone::Bad,
    };
    let result = |passage| match passage {
        Passage::Passed => facts::tag("Passed", Tone::Good),
        Passage::Decided => facts::tag("This decided", Tone::Bad),
        Passage::NotReached => html! { "Not reached" },
    };
    html! {
        h2 { "The answer" }
        p { (facts::tag(explained.answer.says(), tone)) }
        @for clause in &explained.clauses { p { (clause) } }
        h2 { "The checks, in order" }
        ol {
            @for (check, passage) in explained.checks() {
                li { (check.asks()) " " (result(passage)) }
            }
        }
        @if !explained.what.is_empty() {
            h3 { "What it turned on" }
            ul { @for what in &explained.what { li { (what) } } }
        }
    }
}

fn save(address: &str, asked: &Asked, csrf: &Csrf) -> Markup {
    let hidden = [
        ("from", asked.from.clone()),
        ("role", asked.role.clone()),
        ("kind", asked.kind.clone()),
        ("purpose", asked.purpose.clone()),
        ("how", asked.how.clone()),
        ("facts", asked.facts.clone()),
        ("words", asked.words.clone()),
    ];
    let button = "Save this question and answer";
    Form { action: address, csrf, button, hidden: &hidden }.small(&html! {})
}

fn saved(shown: &Shown<'_>, address: &str, csrf: &Csrf) -> Markup {
    let changed = |one: &Saved| shown.changed.iter().find(|(saved, _)| saved.id == one.id);
    html! {
        h2 { "Saved questions" }
        p {
            @match (shown.saved.len(), shown.changed.len()) {
                (0, _) => { "None is saved. A saved one is asked of every version before signing." }
                (all, 0) => { (all) " saved, none with another answer in this version." }
                (all, some) => { (all) " saved, " (some) " with another answer in this version: \
                                  until they are saved anew, nobody signs here." }
            }
        }
        @if !shown.saved.is_empty() {
            ul {
                @for one in shown.saved {
                    li {
                        (sentence(shown.of, &one.question)) ": " (one.want.says())
                        @if let Some((_, now)) = changed(one) {
                            " " (facts::tag("Changed", Tone::Bad)) " now: " (now.says())
                        }
                        (forget(address, one, csrf))
                    }
                }
            }
        }
    }
}

fn forget(address: &str, one: &Saved, csrf: &Csrf) -> Markup {
    let hidden = [("forget", one.id.clone())];
    Form { action: address, csrf, button: "Take away", hidden: &hidden }.small(&html! {})
}

fn sentence(of: &Instrument, question: &Question) -> String {
    let (body, role) = &question.to;
    format!(
        "{}, {}: {} of {}, {}, by {}",
        words::role(role.as_str()),
        party_name(of, body),
        words::category(&question.category),
        party_name(of, &question.from),
        words::purpose(&question.purpose),
        question.action,
    )
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::view::rules;

    #[test]
    fn the_deciding_check_is_marked_and_a_changed_answer_is_said() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let ready = matrix::ready(&of, &[], date(2027, 6, 1)).unwrap();
        let asked = Asked {
            from: "cec".into(),
            role: "rowan/ts.support-worker".into(),
            kind: "criminal".into(),
            purpose: "support-offer".into(),
            how: "push".into(),
            ..Asked::default()
        };
        let question = question(&of, &asked).unwrap();
        let explained = simulate::ask(&ready, &question).unwrap();
        assert_eq!(explained.answer, Answer::No);
        let saved = [Saved { id: "q".into(), question, want: Answer::Yes }];
        let changed = simulate::changed(&ready, &saved).unwrap();
        assert_eq!(changed.len(), 1);
        let explained = Some(explained);
        let shown = Shown { of: &of, asked: &asked, explained, saved: &saved, changed };
        let page = show(&shown, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert_eq!(page.matches("This decided").count(), 1, "{page}");
        assert!(page.contains("nobody signs here") && page.contains("Changed"));
    }
}
