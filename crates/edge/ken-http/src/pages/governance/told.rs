//! `/ig/told`: what practitioners of one's own organisation said by word of mouth that no clause
//! covered, and what governance found.
//!
//! # Invariants
//!
//! - It shows who spoke with whom, when and of which kinds of information; of whom it was is on no
//!   page.
//! - Nobody closes what they said themselves.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_care::told::{self, How, Uncovered};
use ken_core::{PractitionerId, Sensitive};
use ken_directory::practitioner;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::form::{Field, Form, Wrong, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

const ADDRESS: &str = "/ig/told";
/// Where the way here stands.
const FINDINGS: &str = "/ig/findings";

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Found {
    #[serde(default)]
    entry: String,
    #[serde(default)]
    reason: Sensitive<String>,
}

/// `GET /ig/told`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    page(&app, &caller, (&Found::default(), &[])).await
}

/// `POST /ig/told`: closes one with what was found.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(found): Sent<Found>,
) -> Result<Response, Stop> {
    let id = found.entry.parse().map_err(|_| Stop::BadForm)?;
    let typed = found.reason.reveal().trim().chars().count();
    if !(1..=told::WORDS_LEN_MAX).contains(&typed) {
        let wrongs = [Wrong::new("reason", "Say what you found, in up to 500 characters")];
        let page = page(&app, &caller, (&found, &wrongs)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    if !told::close(app.db(), &ctx, app.keys(), by, (id, &found.reason)).await? {
        return Err(Stop::NotFound);
    }
    let main = html! {
        (confirmation::done("It is closed", "Your name and what you found are on the ledger."))
        (confirmation::link_on(ADDRESS, "Back to the list"))
    };
    Ok(caller.frame(app.site(), "Said without a clause").at(FINDINGS).page(&main).into_response())
}

async fn page(app: &App, caller: &Caller, typed: (&Found, &[Wrong])) -> Result<Markup, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| {
        let names = ask::names_in(s).await?;
        let mut all = vec![];
        for one in told::uncovered(s, app.keys(), &by.organisation).await? {
            let who = practitioner::find(s, one.by).await?;
            all.push((who.map(|who| who.name).unwrap_or_default(), one));
        }
        Ok::<_, Stop>((all, names))
    };
    let (all, names) = app.db().snapshot("http.told-uncovered", read).await?;
    let main = show(&all, (&names, by.practitioner), typed, caller.csrf());
    Ok(caller.frame(app.site(), "Said without a clause").at(FINDINGS).page(&main))
}

/// The page's content. The first that the reader may close has its form.
fn show(
    all: &[(String, Uncovered)],
    (names, own): (&ask::Names, PractitionerId),
    (found, wrongs): (&Found, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let theirs = |one: &&(String, Uncovered)| one.1.by != own;
    let is_asked = |one: &&(String, Uncovered)| one.1.id.to_string() == found.entry;
    let asked = all.iter().filter(theirs).find(is_asked).or(all.iter().find(theirs));
    let asked = asked.map(|(_, one)| one.id);
    let cards: Vec<_> = all
        .iter()
        .map(|(who, one)| {
            html! {
                (listed(who, one, names))
                @if asked == Some(one.id) { (closing(one, (found, wrongs), csrf)) }
                @if one.by == own { p { "This is yours. Somebody else must close it." } }
            }
        })
        .collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Nothing waits.".into(),
            caution: "What was said and not recorded is not here.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    // Where nothing is to close, nothing is to put right.
    let wrongs = if asked.is_some() { wrongs } else { &[] };
    html! {
        (summary(wrongs))
        h1 { "Said without a clause" }
        p {
            "Practitioners record what they told or heard by word of mouth. No clause covered \
             these. It names who spoke, never whose record it was. Ask them; and where it was a \
             breach, "
            a href="/ig/breaches/new" { "record it as one" } "."
        }
        (panel::show(&Panel { id: "said", heading: "To look into".into(), open: true, state }))
        @if i64::try_from(all.len()).is_ok_and(|many| many >= told::LIST_MAX) {
            p { "The list ends here: close these first." }
        }
    }
}

fn listed(who: &str, one: &Uncovered, names: &ask::Names) -> Markup {
    let with = match (&one.with, &one.outside) {
        (Some((at, Some(role))), _) => {
            format!("{}, {}", words::role(role.as_str()), compose::name_of(names, at))
        }
        (Some((at, None)), _) => compose::name_of(names, at),
        (None, Some(outside)) => outside.reveal().clone(),
        (None, None) => "somebody whose name is erased".to_owned(),
    };
    let how = match one.how {
        How::Telephone => "by telephone",
        How::FaceToFace => "face to face",
        How::Video => "by video",
    };
    let way = if one.is_heard { "heard from" } else { "told" };
    let kinds: Vec<_> = one.categories.iter().map(words::category).collect();
    html! {
        h3 { (who) ", " (words::moment_short(one.at)) }
        p { (words::role(one.role.as_str())) " " (way) " " (with) ", " (how) "." }
        p { "About: " (kinds.join(", ")) ". For: " (words::purpose(&one.purpose)) "." }
    }
}

fn closing(one: &Uncovered, (found, wrongs): (&Found, &[Wrong]), csrf: &Csrf) -> Markup {
    let hidden = [("entry", one.id.to_string())];
    let form = Form { action: ADDRESS, csrf, button: "Close it", hidden: &hidden };
    form.post(&html! {
        (Field::long("reason", "What did you find, and what follows?", found.reason.reveal())
            .show(wrongs))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn one_is_closed_after_another_and_nobody_closes_their_own() {
        let id = |n: u8| format!("0190163d-8694-739b-aea5-966c26f8ad{n:02x}");
        let of = |n: u8, by: u8| Uncovered {
            id: id(n).parse().unwrap(),
            by: id(by).parse().unwrap(),
            role: "sw.duty".parse().unwrap(),
            is_heard: false,
            how: How::Telephone,
            with: None,
            outside: Some(Sensitive::new("Her <landlord>".to_owned())),
            purpose: "direct-care".parse().unwrap(),
            categories: vec!["care-plan".parse().unwrap()],
            at: "2026-11-23T10:00:00Z".parse().unwrap(),
        };
        let all = [("Jo".to_owned(), of(1, 9)), ("Ann".to_owned(), of(2, 8))];
        let (names, csrf, own) = (ask::Names::new(), Csrf::of("x"), id(9).parse().unwrap());
        let wrongs = [Wrong::new("reason", "Say what you found")];
        let found = Found::default();
        let shown = show(&all, (&names, own), (&found, &wrongs), &csrf).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("told Her &lt;landlord&gt;, by telephone"));
        assert!(shown.contains("This is yours") && shown.matches("<form").count() == 1);
        assert!(shown.contains(&format!("value=\"{}\"", id(2))) && !shown.contains(&id(1)));
        let none = show(&[], (&names, own), (&found, &[]), &csrf).into_string();
        rules::assert_part(&none);
        assert!(none.contains("Nothing waits"));
    }
}
