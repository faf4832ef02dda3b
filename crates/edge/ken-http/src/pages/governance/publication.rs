//! `/ig/agreements/{hash}/publication`: withholding an agreement from the public register, with a
//! reason, or showing it again. For the party that leads it.
//!
//! # Sources
//!
//! - Freedom of Information (Scotland) Act 2002, which has the reasons that count; `domain.md`
//!   edge case 38: what is withheld is counted.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Instrument;
use ken_office::register;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::wire::csrf::Csrf;

/// Shortest and longest reason, in characters. House policy: a sentence, not a word.
const REASON: std::ops::RangeInclusive<usize> = 10..=2_000;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    decision: String,
    #[serde(default)]
    reason: String,
}

/// `GET /ig/agreements/{hash}/publication`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let (of, withheld) = read(&app, &caller, &hash).await?;
    let main = show(&of, withheld.as_deref(), &Filled::default(), &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/agreements/{hash}/publication`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (of, withheld) = read(&app, &caller, &hash).await?;
    let reason = filled.reason.trim();
    let wrong = match filled.decision.as_str() {
        "withhold" if REASON.contains(&reason.chars().count()) => None,
        "withhold" => Some(Wrong::new("reason", "Give the reason in a sentence")),
        "show" => None,
        _ => Some(Wrong::new("decision", "Choose what the public register shows")),
    };
    if let Some(wrong) = wrong {
        let main = show(&of, withheld.as_deref(), &filled, &[wrong], caller.csrf());
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response());
    }
    let (ctx, by, hash) = (app.ctx(caller.request()), caller.acting()?, of.hash());
    let reason = (filled.decision == "withhold").then_some(reason);
    register::withhold(app.db(), &ctx, app.keys(), by, (&hash, reason)).await?;
    let next = match reason {
        Some(_) => {
            "The public register counts it and does not name it. The reason is on the ledger."
        }
        None => "Anybody can read it in the public register.",
    };
    let main = html! {
        (confirmation::done("It is saved", next))
        (confirmation::link_on(&format!("/ig/agreements/{hash}"), "Back to the agreement"))
    };
    Ok(page(&app, &caller, &main).into_response())
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "What the public register shows").at("/ig/agreements").page(main)
}

/// The agreement, for the party that leads it, and why it is withheld if it is.
async fn read(
    app: &App,
    caller: &Caller,
    hash: &str,
) -> Result<(Instrument, Option<String>), Stop> {
    let (of, _) = super::one(app, caller, hash).await?;
    if of.instrument.agreement.lead_party != caller.acting()?.organisation {
        return Err(Stop::NotFound);
    }
    let read = async |s: &mut Snapshot| register::withheld(s).await;
    let mut withheld = app.db().snapshot("http.withheld", read).await?;
    let reason = withheld.remove(&of.instrument.hash());
    Ok((of.instrument, reason))
}

fn show(
    of: &Instrument,
    withheld: Option<&str>,
    filled: &Filled,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = format!("/ig/agreements/{}/publication", of.hash());
    let form = Form { action: &action, csrf, button: "Save what the register shows", hidden: &[] };
    let choice = |value: &str, label: &str, hint: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let ways = [
        choice("show", "All of it", "Title, parties, clauses, in plain words."),
        choice("withhold", "Only that there is one more", "It is counted and not named."),
    ];
    let reason = Field::long("reason", "Why is it withheld?", &filled.reason)
        .hinted("Only where it is withheld. Name the exemption. Others read it on the ledger.");
    html! {
        (summary(wrongs))
        h1 { "What the public register shows" }
        p { a href={ "/ig/agreements/" (of.hash()) } { (of.agreement.title) } }
        @match withheld {
            Some(reason) => { p { "It is withheld now. The reason: " q { (reason) } } }
            None => { p { "Anybody can read it now." } }
        }
        p {
            "People read the agreements that share about them. Withhold one only where the law \
             lets you, and for as short a time as you can."
        }
        (form.post(&html! {
            (choices("What does it show?", "decision", &ways, &filled.decision, wrongs))
            (reason.show(wrongs))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn it_says_what_is_shown_now_and_asks_for_a_reason() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let wrongs = [Wrong::new("reason", "Give the reason in a sentence")];
        let filled = Filled { decision: "withhold".into(), reason: "<short>".into() };
        let page = show(&of, Some("An <inquiry>"), &filled, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("An &lt;inquiry&gt;") && page.contains("&lt;short&gt;"), "{page}");
        let page = show(&of, None, &Filled::default(), &[], &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Anybody can read it now"));
    }
}
