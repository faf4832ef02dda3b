//! `/passkeys`: adding and removing one's passkeys; and signing in with one.
//!
//! The browser makes the credential, so this needs a script; password and one-time code stay for
//! whoever has none. WCAG 2.2, 3.3.8: a passkey asks nobody to remember or copy anything.
//!
//! Whoever adds or removes one shows again who they are: a passkey signs and confirms for its
//! holder, and a browser that was left alone must not gain one.

use axum::extract::{Form as Sent, State as Of};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use ken_core::{RequestId, Sensitive};
use ken_directory::passkey::{self, ANSWER_MAX, Answered, Passkey, Removal};
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use super::confirm::{self, Typed, Way};
use super::sign_in;
use crate::App;
use crate::asset;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Wrong, select, summary};
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
    #[serde(default)]
    password: Sensitive<String>,
    #[serde(default)]
    code: Sensitive<String>,
    /// What a passkey answered that is there already.
    #[serde(default)]
    confirmed: Sensitive<String>,
}

/// Which passkey to remove.
#[derive(Debug, Deserialize)]
pub(crate) struct Unwanted {
    passkey: String,
    #[serde(flatten)]
    shown: Typed,
}

/// `POST /sign-in/passkey/begin`: what the browser needs to look for a passkey.
pub(crate) async fn begin_sign_in(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    Peer(address): Peer,
) -> Result<Response, Stop> {
    let (ctx, site) = (app.ctx(request), app.passkeys().ok_or(Stop::NotFound)?);
    let begin =
        async |tx: &mut Tx| passkey::begin_sign_in(tx, &ctx, app.keys(), site, address).await;
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

/// `POST /passkeys/confirm/begin`: what the browser needs to ask for a passkey that is there.
pub(crate) async fn begin_confirming(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    confirm::begin(&app, &caller, passkey::ADDING).await
}

/// `POST /passkeys/remove/begin`: the same, for a removal.
pub(crate) async fn begin_removing(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    confirm::begin(&app, &caller, passkey::REMOVING).await
}

/// `POST /passkeys`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    from: Peer,
    Sent(made): Sent<Made>,
) -> Result<Response, Stop> {
    let (ctx, site) = (app.ctx(caller.request()), app.passkeys().ok_or(Stop::NotFound)?);
    let (account, answer) = (caller.session().account, bounded(&made.answer)?);
    let typed = made.called.trim();
    let label = if typed.is_empty() { "My passkey" } else { typed };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let about = (confirm::way_of(&app, &caller).await?, passkey::ADDING);
    let shown = Typed { password: made.password, code: made.code, answer: made.confirmed };
    let confirmed = match confirm::prepare(&app, &caller, about, (shown, from)).await? {
        Ok(ready) => (account, ready),
        Err(says) => return page(&app, &caller, status, &[Wrong::new("called", says)]).await,
    };
    let tried = app
        .db()
        .write("http.passkey-add", async |tx: &mut Tx| {
            passkey::add(tx, &ctx, app.keys(), site, confirmed, label, answer).await
        })
        .await;
    let says = match tried {
        Ok(Answered::Good(())) => return Ok(Redirect::to("/passkeys").into_response()),
        Ok(Answered::Refused(_)) => "The passkey was not added. Try again",
        Err(ken_directory::Error::Unfit(_)) => "Give it a shorter name, of letters",
        Err(error) => return Err(error.into()),
    };
    page(&app, &caller, status, &[Wrong::new("called", says)]).await
}

/// `POST /passkeys/remove`.
pub(crate) async fn remove(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    from: Peer,
    Sent(unwanted): Sent<Unwanted>,
) -> Result<Response, Stop> {
    let (ctx, account) = (app.ctx(caller.request()), caller.session().account);
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let about = (confirm::way_of(&app, &caller).await?, passkey::REMOVING);
    let confirmed = match confirm::prepare(&app, &caller, about, (unwanted.shown, from)).await? {
        Ok(ready) => (account, ready),
        Err(says) => return page(&app, &caller, status, &[Wrong::new("passkey", says)]).await,
    };
    let (id, here) = (unwanted.passkey.as_str(), caller.token());
    let removed = app
        .db()
        .write("http.passkey-remove", async |tx: &mut Tx| {
            passkey::remove(tx, &ctx, app.keys(), confirmed, id, here).await
        })
        .await;
    let says = match removed {
        Ok(Removal::Done) => return Ok(Redirect::to("/passkeys").into_response()),
        Ok(Removal::Unconfirmed) => confirm::UNCONFIRMED,
        Ok(Removal::OnlyWayIn) => ONLY_WAY_IN,
        Err(ken_directory::Error::Unknown(_)) => return Err(Stop::NotFound),
        Err(error) => return Err(error.into()),
    };
    page(&app, &caller, status, &[Wrong::new("passkey", says)]).await
}

/// What somebody reads who would lock themselves out.
const ONLY_WAY_IN: &str = "This passkey is your only way in. Add another first";

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
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((passkey::list(s, account).await?, confirm::way(app, s, account).await?))
    };
    let held = app.db().snapshot("http.passkeys", read).await?;
    let main = show((&held.0, held.1), app.passkeys().is_some(), wrongs, caller.csrf());
    let page = caller.frame(app.site(), "Passkeys").page(&main);
    Ok((status, Extension(Scripted), page).into_response())
}

fn show((held, way): (&[Passkey], Way), is_offered: bool, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let state = if held.is_empty() {
        State::Nothing {
            looked: "You have no passkey here.".into(),
            caution: "You sign in with a password and a one-time code.".into(),
        }
    } else {
        let cards: Vec<_> = held.iter().map(one).collect();
        State::Content { shown: card::cards(true, &cards), from: None }
    };
    let everywhere =
        Form { action: "/sign-out/everywhere", csrf, button: "Sign out everywhere", hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { "Passkeys" }
        p { "A passkey signs you in with your device: a fingerprint, a face or a PIN." }
        (panel::show(&Panel { id: "held", heading: "Your passkeys".into(), open: true, state }))
        @if !held.is_empty() {
            p { "Is one of these not yours? Remove it, and tell those who run this." }
        }
        @if is_offered { (adding(way, wrongs, csrf)) }
        @else { p { "Passkeys are not offered at this address." } }
        @if !held.is_empty() { (removing(held, way, wrongs, csrf)) }
        @if is_offered { (script()) }
        h2 { "Password" }
        p { a href="/password" { "Change your password" } }
        h2 { "Sign out everywhere" }
        p { "Ends your sign-in in every browser, this one too." }
        (everywhere.small(&html! {}))
    }
}

/// The form for a new one, shown by the script alone.
fn adding(way: Way, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let form = Form { action: "/passkeys", csrf, button: "Add a passkey", hidden: &[] };
    let confirm = (way == Way::Passkey).then_some("/passkeys/confirm/begin");
    html! {
        div hidden {
            h2 { "Add a passkey" }
            @if way == Way::Passkey {
                p { "Your browser asks twice: for a passkey that you have, then for the new one." }
            } @else {
                p { "A passkey can sign for you, so we ask again who you are." }
                (confirm::note(way))
            }
            (scripted("add", confirm, &form, &html! {
                (Field::text("called", "What to call it", "").hinted("My work phone").show(wrongs))
                @if way != Way::Passkey { (confirm::secrets(wrongs)) }
            }))
        }
    }
}

fn removing(held: &[Passkey], way: Way, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let which: Vec<_> = held.iter().map(|one| (one.id.clone(), one.name.clone())).collect();
    let form = Form { action: "/passkeys/remove", csrf, button: "Remove it", hidden: &[] };
    let fields = html! { (select("passkey", "Which passkey", &which, "")) };
    let why = "Whoever removes a passkey shows again who they are.";
    html! {
        h2 { "Remove a passkey" }
        p { "Removing one signs you out everywhere but here. If you have lost your only one, your \
             organisation gives you a new way in." }
        (confirm::form(way, why, &form, &fields, wrongs))
    }
}

fn one(passkey: &Passkey) -> Markup {
    html! {
        h3 { (passkey.name) }
        p { "Added " (words::moment_short(passkey.added)) "." }
        @if let Some(used) = passkey.used { p { "Last used " (words::moment_short(used)) "." } }
    }
}

/// The sign-in page's offer, shown by the script alone.
pub(crate) fn offer(csrf: &Csrf) -> Markup {
    let form = Form { action: "/sign-in/passkey", csrf, button: "Use a passkey", hidden: &[] };
    html! {
        div hidden {
            h2 { "With a passkey" }
            (scripted("sign-in", None, &form, &html! {}))
        }
        (script())
    }
}

/// A form that the script sends, with what the passkey answers in its field `answer`; with
/// `confirm`, the address that asks for a passkey first, whose answer goes into `confirmed`.
pub(crate) fn scripted(
    what: &str,
    confirm: Option<&str>,
    of: &Form<'_>,
    fields: &Markup,
) -> Markup {
    html! {
        form.care_form method="post" action=(of.action) data-passkey=(what)
            data-begin={ (of.action) "/begin" } data-confirm=[confirm] {
            (token(of.csrf))
            @for (name, value) in of.hidden { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="answer" value="";
            @if confirm.is_some() { input type="hidden" name="confirmed" value=""; }
            (fields)
            p role="status" {}
            div.care_buttons {
                button.ds_button.ds_button--secondary type="submit" { (of.button) }
            }
        }
    }
}

/// The script of such forms, once on a page.
pub(crate) fn script() -> Markup {
    html! { script src=(asset::address("passkey.js")) defer {} }
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
        for (held, way, offered) in [
            (vec![], Way::Password, false),
            (vec![], Way::Demonstration, true),
            (vec![held.clone()], Way::Password, false),
            (vec![held], Way::Passkey, true),
        ] {
            let wrongs = [Wrong::new("called", "Give it a shorter name")];
            let wrongs = if offered { &wrongs[..] } else { &[] };
            let page = show((&held, way), offered, wrongs, &csrf).into_string();
            rules::assert_part(&page);
            assert_eq!(page.contains("data-confirm"), way == Way::Passkey);
            assert!(page.matches("<script").count() <= 1, "{page}");
        }
        rules::assert_part(&offer(&csrf).into_string());
    }
}
