//! `/passkeys`: adding and removing one's passkeys; and signing in with one.
//!
//! The browser makes the credential, so this needs a script; password and one-time code stay for
//! whoever has none. WCAG 2.2, 3.3.8: a passkey asks nobody to remember or copy anything.

use axum::extract::{Form as Sent, State as Of};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use ken_core::{RequestId, Sensitive};
use ken_directory::passkey::{self, ANSWER_MAX, Answered, Passkey};
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use super::sign_in;
use crate::App;
use crate::asset;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Wrong, summary};
use crate::view::frame::token;
use crate::view::panel::{self, Panel, State};
use crate::view::{card, words};
use crate::wire::address::Peer;
use crate::wire::csrf::Csrf;
use crate::wire::headers::Scripted;

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Made {
    #[serde(default)]
    answer: Sensitive<String>,
    #[serde(default)]
    called: String,
}

/// Which passkey to remove.
#[derive(Debug, Deserialize)]
pub(crate) struct Unwanted {
    passkey: String,
}

/// `POST /sign-in/passkey/begin`: what the browser needs to look for a passkey.
pub(crate) async fn begin_sign_in(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    Peer(address): Peer,
) -> Result<Response, Stop> {
    let (ctx, site) = (app.ctx(request), app.passkeys().ok_or(Stop::NotFound)?);
    let begin = async |tx: &mut Tx| passkey::begin_sign_in(tx, &ctx, site, address).await;
    Ok(Json(app.db().write("http.passkey-begin", begin).await?).into_response())
}

/// `POST /sign-in/passkey`.
pub(crate) async fn sign_in(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    Sent(made): Sent<Made>,
) -> Result<Response, Stop> {
    let (ctx, site) = (app.ctx(request), app.passkeys().ok_or(Stop::NotFound)?);
    let answer = bounded(&made.answer)?;
    let tried = app
        .db()
        .write("http.passkey-sign-in", async |tx: &mut Tx| {
            passkey::sign_in(tx, &ctx, app.keys(), site, answer).await
        })
        .await?;
    match tried {
        Answered::Good(opened) => Ok(sign_in::enter(&app, &opened)),
        Answered::Refused(why) => {
            tracing::info!(request.id = %request, passkey.refused = why, "passkey refused");
            let wrongs = [Wrong::new("name", "That passkey was not accepted")];
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(sign_in::with_form(&app, request, &headers, status, "", &wrongs))
        }
    }
}

/// `GET /passkeys`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    page(&app, &caller, StatusCode::OK, &[]).await
}

/// `POST /passkeys/begin`: what the browser needs to make a passkey.
pub(crate) async fn begin_adding(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    let (ctx, site) = (app.ctx(caller.request()), app.passkeys().ok_or(Stop::NotFound)?);
    let (account, name) = (caller.session().account, Sensitive::new(caller.name().to_owned()));
    let begin = async |tx: &mut Tx| passkey::begin_adding(tx, &ctx, site, account, &name).await;
    Ok(Json(app.db().write("http.passkey-adding", begin).await?).into_response())
}

/// `POST /passkeys`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(made): Sent<Made>,
) -> Result<Response, Stop> {
    let (ctx, site) = (app.ctx(caller.request()), app.passkeys().ok_or(Stop::NotFound)?);
    let (account, answer) = (caller.session().account, bounded(&made.answer)?);
    let typed = made.called.trim();
    let label = if typed.is_empty() { "My passkey" } else { typed };
    let tried = app
        .db()
        .write("http.passkey-add", async |tx: &mut Tx| {
            passkey::add(tx, &ctx, app.keys(), site, account, label, answer).await
        })
        .await;
    let wrong = |says: &str| [Wrong::new("called", says)];
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    match tried {
        Ok(Answered::Good(())) => Ok(Redirect::to("/passkeys").into_response()),
        Ok(Answered::Refused(_)) => {
            page(&app, &caller, status, &wrong("The passkey was not added. Try again")).await
        }
        Err(ken_directory::Error::Unfit(_)) => {
            page(&app, &caller, status, &wrong("Give it a shorter name, of letters")).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /passkeys/remove`.
pub(crate) async fn remove(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(unwanted): Sent<Unwanted>,
) -> Result<Redirect, Stop> {
    let (ctx, account) = (app.ctx(caller.request()), caller.session().account);
    let removed = app
        .db()
        .write("http.passkey-remove", async |tx: &mut Tx| {
            passkey::remove(tx, &ctx, app.keys(), account, &unwanted.passkey).await
        })
        .await;
    match removed {
        Ok(()) => Ok(Redirect::to("/passkeys")),
        Err(ken_directory::Error::Unknown(_)) => Err(Stop::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// What a browser's passkey answered, if it can be an answer at all.
pub(crate) fn bounded(answer: &Sensitive<String>) -> Result<&str, Stop> {
    let answer = answer.reveal().as_str();
    if answer.is_empty() || answer.len() > ANSWER_MAX { Err(Stop::BadForm) } else { Ok(answer) }
}

async fn page(
    app: &App,
    caller: &Caller,
    status: StatusCode,
    wrongs: &[Wrong],
) -> Result<Response, Stop> {
    let account = caller.session().account;
    let read = async |s: &mut Snapshot| passkey::list(s, account).await;
    let held = app.db().snapshot("http.passkeys", read).await?;
    let main = show(&held, app.passkeys().is_some(), wrongs, caller.csrf());
    let page = caller.frame(app.site(), "Passkeys").page(&main);
    Ok((status, Extension(Scripted), page).into_response())
}

fn show(held: &[Passkey], is_offered: bool, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let state = if held.is_empty() {
        State::Nothing {
            looked: "You have no passkey here.".into(),
            caution: "You sign in with a password and a one-time code.".into(),
        }
    } else {
        let cards: Vec<_> = held.iter().map(|passkey| one(passkey, csrf)).collect();
        State::Content { shown: card::cards(true, &cards), from: None }
    };
    html! {
        (summary(wrongs))
        h1 { "Passkeys" }
        p { "A passkey signs you in with your device: a fingerprint, a face or a PIN." }
        (panel::show(&Panel { id: "held", heading: "Your passkeys".into(), open: true, state }))
        @if is_offered {
            div hidden {
                h2 { "Add a passkey" }
                (scripted("add", "/passkeys", "Add a passkey", csrf, &html! {
                    (Field::text("called", "What to call it", "").hinted("My work phone")
                        .show(wrongs))
                }))
            }
        } @else {
            p { "Passkeys are not offered at this address." }
        }
    }
}

fn one(passkey: &Passkey, csrf: &Csrf) -> Markup {
    let hidden = [("passkey", passkey.id.clone())];
    let button = format!("Remove {}", passkey.name);
    let form = Form { action: "/passkeys/remove", csrf, button: &button, hidden: &hidden };
    html! {
        h3 { (passkey.name) }
        p { "Added " (words::moment_short(passkey.added)) "." }
        @if let Some(used) = passkey.used { p { "Last used " (words::moment_short(used)) "." } }
        (form.small(&html! {}))
    }
}

/// The sign-in page's offer, shown by the script alone.
pub(crate) fn offer(csrf: &Csrf) -> Markup {
    html! {
        div hidden {
            h2 { "With a passkey" }
            (scripted("sign-in", "/sign-in/passkey", "Use a passkey", csrf, &html! {}))
        }
    }
}

/// A form that the script sends, with what the passkey answers in its field `answer`.
pub(crate) fn scripted(
    what: &str,
    action: &str,
    button: &str,
    csrf: &Csrf,
    fields: &Markup,
) -> Markup {
    html! {
        form.care_form method="post" action=(action) data-passkey=(what)
            data-begin={ (action) "/begin" } {
            (token(csrf))
            input type="hidden" name="answer" value="";
            (fields)
            p role="status" {}
            div.care_buttons {
                button.ds_button.ds_button--secondary type="submit" { (button) }
            }
        }
        script src=(asset::address("passkey.js")) defer {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_page_keeps_the_rules_with_and_without_passkeys() {
        let csrf = Csrf::of("x");
        let held = Passkey {
            id: "AAAA".into(),
            name: "Phone <1>".into(),
            added: "2026-11-21T12:00:00Z".parse().unwrap(),
            used: None,
        };
        for (held, offered) in [(vec![], false), (vec![], true), (vec![held], true)] {
            let wrongs = [Wrong::new("called", "Give it a shorter name")];
            let wrongs = if offered { &wrongs[..] } else { &[] };
            rules::assert_part(&show(&held, offered, wrongs, &csrf).into_string());
        }
        rules::assert_part(&offer(&csrf).into_string());
    }
}
