//! `/ig/drafts`: the drafts that one's organisation takes part in, and bringing a text.

use axum::Extension;
use axum::extract::{Form as Sent, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::check::Diagnostic;
use ken_agreement::{Instrument, Template};
use ken_office::drafting::{self, Heading, Refusal, State as Stands};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, WHOLE_MAX, Wrong, choices, filter, select, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Most findings that are shown at once. House policy: nobody reads more.
const FINDINGS_MAX: usize = 50;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    what: String,
    #[serde(default)]
    text: String,
}

/// What the address carries: a closed word.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    template: String,
    #[serde(default)]
    next: String,
}

/// Templates to begin with: their words in the address, and for people.
const TEMPLATES: [(&str, &str, Template); 4] = [
    ("isp", "Information sharing protocol", Template::Isp),
    ("toolkit", "Information Sharing Toolkit agreement", Template::Toolkit),
    ("sissa", "Situation-specific agreement (SISSA)", Template::Sissa),
    ("saspi", "Accord", Template::Saspi),
];

/// `GET /ig/drafts`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Stop> {
    let template = TEMPLATES.iter().find(|(word, ..)| *word == asked.template);
    let text = match template {
        Some((_, _, template)) => template.text(),
        None if asked.next.is_empty() => String::new(),
        None => next_version(&super::one(&app, &caller, &asked.next).await?.0.instrument),
    };
    let filled = Filled { text, ..Filled::default() };
    let drafts = read(&app, &caller).await?;
    let main = show(&drafts, &filled, (&[], &[]), &asked.template, caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// The text of a version that replaces one, to be given its own version and words.
fn next_version(of: &Instrument) -> String {
    let mut next = of.clone();
    next.lifecycle.supersedes = [of.name()].into();
    for basis in &mut next.bases {
        // What was confirmed of the text before is not confirmed of this one.
        basis.confirmed_by.clear();
    }
    next.to_toml()
}

/// `POST /ig/drafts`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (ctx, by, db, keys) = (app.ctx(caller.request()), caller.acting()?, app.db(), app.keys());
    let mut findings = vec![];
    let wrong = if filled.text.trim().is_empty() || filled.text.len() > WHOLE_MAX {
        Wrong::new("text", "Paste the text of the agreement")
    } else {
        let outcome = match filled.what.as_str() {
            "negotiate" => {
                let opened = drafting::open(db, &ctx, keys, by, &filled.text).await?;
                opened.map(|id| (format!("/ig/drafts/{id}"), "The draft is opened"))
            }
            "register" => {
                let new = drafting::register_finished(db, &ctx, keys, by, &filled.text).await?;
                new.map(|hash| (format!("/ig/agreements/{hash}"), "The text is registered"))
            }
            _ => Err(Refusal::NoWords),
        };
        match outcome {
            Ok((address, done)) => {
                let main = html! {
                    (confirmation::done(done, "Nothing is shared under it before it is signed."))
                    (confirmation::link_on(&address, "Go to it"))
                };
                return Ok(page(&app, &caller, &main).into_response());
            }
            Err(Refusal::NoWords) => Wrong::new("what", "Choose what to do with it"),
            Err(refusal) => {
                if [Refusal::NotRead, Refusal::Unsound].contains(&refusal) {
                    findings = drafting::checked(db, &ctx, &filled.text).await?;
                }
                Wrong::new("text", refusal.says())
            }
        }
    };
    let drafts = read(&app, &caller).await?;
    let main = show(&drafts, &filled, (&[wrong], &findings), "", caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response())
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Drafts").at("/ig/agreements").page(main)
}

async fn read(app: &App, caller: &Caller) -> Result<Vec<Heading>, Stop> {
    let own = &caller.acting()?.organisation;
    let read = async |s: &mut Snapshot| drafting::list(s, own).await;
    Ok(app.db().snapshot("http.drafts", read).await?)
}

fn show(
    drafts: &[Heading],
    filled: &Filled,
    (wrongs, found): (&[Wrong], &[Diagnostic]),
    template: &str,
    csrf: &Csrf,
) -> Markup {
    let cards: Vec<_> = drafts.iter().map(card_of).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Your organisation takes part in no draft.".into(),
            caution: "A draft of which you become a party appears here.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    let mut options = vec![(String::new(), "An empty page".to_owned())];
    options.extend(TEMPLATES.map(|(word, words, _)| (word.to_owned(), words.to_owned())));
    html! {
        (summary(wrongs))
        h1 { "Drafts" }
        (panel::show(&Panel { id: "drafts", heading: "Yours".into(), open: true, state }))
        h2 { "Bring a text" }
        (filter("/ig/drafts", &select("template", "Begin with", &options, template)))
        @if !found.is_empty() { (findings(found)) }
        (bring(filled, wrongs, csrf))
    }
}

fn card_of(one: &Heading) -> Markup {
    html! {
        h3 { a href={ "/ig/drafts/" (one.id) } { (one.title) } }
        p { (tag(one.stands())) " Revision " (one.revision) ", changed "
            (words::moment_short(one.at)) }
    }
}

/// Where a draft stands, as a tag.
pub(super) fn tag(state: Stands) -> Markup {
    match state {
        Stands::Open => facts::tag("Open", Tone::Warn),
        Stands::Registered => facts::tag("Registered for signing", Tone::Good),
    }
}

fn bring(filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let choice = |value: &str, label: &str, hint: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let ways = [
        choice(
            "negotiate",
            "Negotiate it here",
            "Its parties comment, propose and state their \
            own lawful bases.",
        ),
        choice(
            "register",
            "It is agreed: register it for signing",
            "Each party confirms its \
            own bases by signing.",
        ),
    ];
    let form = Form { action: "/ig/drafts", csrf, button: "Bring the text", hidden: &[] };
    form.post(&html! {
        (Field::whole("text", "The agreement", &filled.text)
            .hinted("As text in the agreement language (TOML). Your organisation leads it.")
            .show(wrongs))
        (choices("What do you want to do with it?", "what", &ways, &filled.what, wrongs))
    })
}

/// What a check of a text found, each with its line.
pub(super) fn findings(found: &[Diagnostic]) -> Markup {
    let errors = found.iter().filter(|one| one.is_error).count();
    html! {
        h3 { "What the check found" }
        p { (errors) " to put right, " (found.len() - errors) " to look at." }
        ul {
            @for one in found.iter().take(FINDINGS_MAX) {
                li {
                    b { @if one.is_error { "Error" } @else { "Warning" } } " "
                    (one.code) ", line " (one.line) ": " (one.what) "."
                    @if let Some(help) = &one.help { " " (words::capitalised(help)) "." }
                }
            }
        }
        @if found.len() > FINDINGS_MAX { p { "The first " (FINDINGS_MAX) " are shown." } }
    }
}

#[cfg(test)]
mod tests {
    use ken_agreement::Shelf;
    use ken_agreement::check::check;

    use super::*;
    use crate::view::rules;

    #[test]
    fn the_page_lists_drafts_and_says_what_is_wrong_with_a_text() {
        let found = check("", "schema = \"isa/9\"\nx = 1\n", &Shelf::default()).found;
        let wrongs = [Wrong::new("text", Refusal::NotRead.says())];
        let filled = Filled { what: "negotiate".into(), text: "a <b>".into() };
        let csrf = Csrf::of("x");
        let page = show(&[], &filled, (&wrongs, &found), "isp", &csrf).into_string();
        rules::assert_part(&page);
        for want in ["Error", "line 1", "a &lt;b&gt;", "takes part in no draft"] {
            assert!(page.contains(want), "{want} in {page}");
        }
        let heading = Heading {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            title: "A <draft>".into(),
            lead: "cec".parse().unwrap(),
            revision: 3,
            registered: None,
            at: "2026-11-21T09:00:00Z".parse().unwrap(),
        };
        let drafts = [heading.clone(), Heading { registered: "ab".parse().ok(), ..heading }];
        let page = show(&drafts, &Filled::default(), (&[], &[]), "", &csrf).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Revision 3") && page.contains("Registered for signing"));
    }
}
