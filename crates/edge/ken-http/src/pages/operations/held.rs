//! `/ops/held/{held}`: a message that waits: why, what can be done, and closing it.
//!
//! # Invariants
//!
//! - It shows flow and reason, and nothing that the message says.
//! - Nothing is closed before its check page was seen; what mapping again would do is tried there,
//!   and nothing of the trial is kept.
//! - A message of another organisation's system is closed there.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::{MessageId, Sensitive};
use ken_hub::{Again, Closed, How, Opened};
use ken_person::Why;
use maud::{Markup, html};
use serde::Deserialize;

use super::hub;
use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::{confirmation, facts, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    how: String,
    #[serde(default)]
    reason: Sensitive<String>,
    /// Set on the check page.
    #[serde(default)]
    sure: String,
}

/// A message that waits, as the page shows it.
struct View {
    opened: Opened,
    /// Whose system sent it, in words.
    organisation: String,
    /// Whether the reader may close it.
    is_ours: bool,
}

/// `GET /ops/held/{held}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Stop> {
    let (_, view) = read(&app, &caller, &id).await?;
    let main = show(&view, &Filled::default(), &[], caller.csrf());
    Ok(page(&app, &caller, StatusCode::OK, &main))
}

/// `POST /ops/held/{held}`: first the check page, then, from there, the closing.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let id: MessageId = id.parse().map_err(|_| Stop::NotFound)?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let (db, keys) = (app.db(), (app.keys(), app.index()));
    let (how, why) = match (how(&filled.how), Why::new(filled.reason.reveal())) {
        (Some(how), Ok(why)) => (how, why),
        (how, why) => {
            let (_, view) = read(&app, &caller, &id.to_string()).await?;
            let wrongs = wrongs(how.is_none(), why.is_err());
            let main = show(&view, &filled, &wrongs, caller.csrf());
            return Ok(page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main));
        }
    };
    if filled.sure == "yes" {
        let closed = ken_hub::close_held(db, &ctx, keys, id, by, (how, &why)).await?;
        let closed = closed.ok_or(Stop::NotFound)?;
        let status =
            if matches!(closed, Closed::Not(_)) { StatusCode::CONFLICT } else { StatusCode::OK };
        return Ok(page(&app, &caller, status, &ended(&closed)));
    }
    let (_, view) = read(&app, &caller, &id.to_string()).await?;
    if !view.is_ours {
        return Err(Stop::NotFound);
    }
    let would = match how {
        How::Mapped => {
            let again = ken_hub::try_again(db, &ctx, keys, id, by).await?;
            Some(again.ok_or(Stop::NotFound)?)
        }
        How::ByHand | How::Refused => None,
    };
    let main = check(&view, (how, filled.reason.reveal()), would.as_ref(), caller.csrf());
    Ok(page(&app, &caller, StatusCode::OK, &main))
}

fn wrongs(no_choice: bool, no_reason: bool) -> Vec<Wrong> {
    let mut wrongs = vec![];
    if no_choice {
        wrongs.push(Wrong::new("how", "Choose what you did or want done"));
    }
    if no_reason {
        wrongs.push(Wrong::new("reason", "Say in your own words why"));
    }
    wrongs
}

fn how(word: &str) -> Option<How> {
    [How::Mapped, How::ByHand, How::Refused].into_iter().find(|how| how.code() == word)
}

async fn read(app: &App, caller: &Caller, id: &str) -> Result<(MessageId, View), Stop> {
    let id: MessageId = id.parse().map_err(|_| Stop::NotFound)?;
    let opened = ken_hub::find_held(app.db(), id).await?.ok_or(Stop::NotFound)?;
    let names = ask::names(app).await?;
    let organisation = match &opened.organisation {
        Some(organisation) => compose::name_of(&names, organisation),
        None => "Not known".to_owned(),
    };
    let is_ours = opened.is_for(caller.acting()?);
    Ok((id, View { opened, organisation, is_ours }))
}

fn page(app: &App, caller: &Caller, status: StatusCode, main: &Markup) -> Response {
    let frame = caller.frame(app.site(), "A held message");
    (status, frame.at("/ops/hub").page(main)).into_response()
}

/// What the page begins with: flow and reason.
fn flow(view: &View) -> Markup {
    let held = &view.opened.held;
    let received = words::moment_short(held.received);
    facts::list(&[
        ("Received", html! { (received) }),
        ("Sent by", html! { (view.organisation) }),
        ("Type", html! { code { (held.kind) } }),
        ("Control id", html! { code { (held.control_id) } }),
        ("Why it is held", html! { (hub::reason(&held.code)) }),
    ])
}

/// The page's content.
fn show(view: &View, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/ops/held/{}", view.opened.held.id);
    let form = Form { action: &action, csrf, button: "Check it first", hidden: &[] };
    let choice = |how: How, label: &str, hint: &str| Choice {
        value: how.code().to_owned(),
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
    };
    html! {
        (summary(wrongs))
        h1 { "A held message" }
        p { "What it says is sealed, and is not shown here." }
        (flow(view))
        @if view.is_ours {
            (form.post(&html! {
                (choices("What is to be done?", "how", &[
                    choice(How::Mapped, "Map it again", "For what was mended since: its source is \
                        registered now, or its kind is taken now. It is tried first."),
                    choice(How::ByHand, "It was done by hand", "What it asks was done here, in the \
                        review queue, with the merges, or on paper."),
                    choice(How::Refused, "Its sender was told no", "You told them that it will not \
                        be done here, and why. Ken sends nothing: it was answered when it came."),
                ], &filled.how, wrongs))
                (reason(filled.reason.reveal(), wrongs))
            }))
        } @else {
            p {
                "It came from a system of " (view.organisation) ". Somebody there who runs \
                 messages closes it."
            }
        }
        (confirmation::link_on("/ops/hub", "Back to the messages"))
    }
}

fn reason(filled: &str, wrongs: &[Wrong]) -> Markup {
    Field::long("reason", "Why?", filled)
        .hinted("Kept with your name; do not copy details of anybody into it.")
        .show(wrongs)
}

/// What would happen, to be looked at before it does.
fn check(view: &View, (how, why): (How, &str), would: Option<&Again>, csrf: &Csrf) -> Markup {
    let action = format!("/ops/held/{}", view.opened.held.id);
    let hidden = [("how", how.code().to_owned()), ("sure", "yes".to_owned())];
    let (button, next) = match how {
        How::Mapped => ("Map it again", "It leaves this list, and what it says is filed."),
        How::ByHand => ("Close it as done by hand", "It leaves this list. Nothing is filed."),
        How::Refused => ("Close it as refused", "It leaves this list. Nothing is filed."),
    };
    let form = Form { action: &action, csrf, button, hidden: &hidden };
    let stays = would.and_then(not_applied);
    html! {
        h1 { "Check before you close it" }
        (flow(view))
        h2 { "What would happen" }
        @match stays {
            Some(stays) => p { (stays) " It stays in the list." },
            None => {
                p {
                    @match would {
                        Some(Again::Applied { items: 1 }) => "1 thing would be filed. ",
                        Some(Again::Applied { items }) => { (items) " things would be filed. " },
                        Some(_) => "It came again since and was applied then: nothing is filed. ",
                        None => {}
                    }
                    (next) " This cannot be undone here, and stands on the ledger with your name."
                }
                (form.post(&reason(why, &[])))
            }
        }
        (confirmation::link_on(&action, "Back"))
    }
}

/// Why it cannot be mapped again; nothing where it can.
fn not_applied(again: &Again) -> Option<String> {
    match again {
        Again::Applied { .. } | Again::Before => None,
        Again::Refused(code) => Some(format!("It would be held again. {}", hub::reason(code))),
        Again::Overtaken(1) => Some(OVERTAKEN_ONE.to_owned()),
        Again::Overtaken(since) => {
            let says = "messages about the same person came from there since. What this one says \
                        would stand over them: ask its sender to send what is true now.";
            Some(format!("{since} {says}"))
        }
        Again::Merges => Some(
            "It joins people, and what was done since may rest on its not having happened: ask its \
             sender to send it again."
                .to_owned(),
        ),
    }
}

const OVERTAKEN_ONE: &str = "1 message about the same person came from there since. What this one \
    says would stand over it: ask its sender to send what is true now.";

fn ended(closed: &Closed) -> Markup {
    let (what, next) = match closed {
        Closed::Done(How::Mapped) => ("It is mapped", "What it says is filed.".to_owned()),
        Closed::Done(_) => ("It is closed", "It is kept as evidence, sealed.".to_owned()),
        Closed::Before => ("It was closed before", "Nothing more was done.".to_owned()),
        Closed::Not(again) => ("It is still held", not_applied(again).unwrap_or_default()),
    };
    html! {
        (confirmation::done(what, &next))
        (confirmation::link_on("/ops/hub", "Back to the messages"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn view(is_ours: bool) -> View {
        let held = ken_hub::Held {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            source: None,
            control_id: "7".into(),
            kind: "ADT^A24".into(),
            code: "hl7.link-by-hand".into(),
            received: "2026-11-21T09:14:00Z".parse().unwrap(),
        };
        let opened = Opened { held, organisation: None };
        View { opened, organisation: "NHS Glen".into(), is_ours }
    }

    #[test]
    fn nothing_is_closed_without_its_check() {
        let csrf = Csrf::of("secret");
        let shown = show(&view(true), &Filled::default(), &wrongs(true, true), &csrf);
        rules::assert_part(&shown.clone().into_string());
        assert!(!shown.into_string().contains("value=\"yes\""));
        let theirs = show(&view(false), &Filled::default(), &[], &csrf).into_string();
        rules::assert_part(&theirs);
        assert!(!theirs.contains("<form") && theirs.contains("closes it"));
        let check = |how: How, would: Option<Again>, want: &str, may: bool| {
            let shown = check(&view(true), (how, "Done <here>"), would.as_ref(), &csrf);
            let shown = shown.into_string();
            rules::assert_part(&shown);
            assert!(shown.contains(want), "{shown}");
            assert_eq!(shown.contains("Done &lt;here&gt;"), may, "{shown}");
            assert_eq!(shown.contains("value=\"yes\""), may, "{shown}");
        };
        check(How::ByHand, None, "Nothing is filed", true);
        check(How::Refused, None, "Nothing is filed", true);
        check(How::Mapped, Some(Again::Applied { items: 3 }), "3 things would be filed", true);
        check(How::Mapped, Some(Again::Before), "applied then", true);
        check(How::Mapped, Some(Again::Refused("hl7.link-by-hand")), "held again", false);
        check(How::Mapped, Some(Again::Overtaken(2)), "2 messages about", false);
        check(How::Mapped, Some(Again::Merges), "joins people", false);
        for closed in [Closed::Done(How::Mapped), Closed::Before, Closed::Not(Again::Merges)] {
            rules::assert_part(&ended(&closed).into_string());
        }
    }
}
