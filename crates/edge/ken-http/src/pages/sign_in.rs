//! `/sign-in`: password and one-time code; in the demonstration, a button for each account.

use axum::Extension;
use axum::extract::{Form as Sent, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::{AccountId, RequestId, Sensitive};
use ken_directory::session::{self, How, Opened};
use ken_directory::{Attempt, SignIn, sign_in};
use ken_store::Tx;
use maud::{Markup, html};
use serde::Deserialize;

use super::passkeys;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::{Area, Frame, words};
use crate::wire::address::Peer;
use crate::wire::cookie;
use crate::wire::headers::Scripted;

use crate::site::{DemoAccount, Site};
use crate::view::card;
use crate::view::form::{Field, Form, Kind, Wrong, summary};
use crate::wire::csrf::{self, Csrf};

/// What is typed on the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    name: Sensitive<String>,
    password: Sensitive<String>,
    code: Sensitive<String>,
}

/// Which button of the demonstration was pressed.
#[derive(Debug, Deserialize)]
pub(crate) struct Pressed {
    account: String,
}

/// `GET /sign-in`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    with_form(&app, request, &headers, StatusCode::OK, "", &[])
}

/// `POST /sign-in`.
pub(crate) async fn post(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    Peer(address): Peer,
    headers: HeaderMap,
    Sent(typed): Sent<Typed>,
) -> Result<Response, Stop> {
    let ctx = app.ctx(request);
    let code = typed.code.map(|code| code.split_whitespace().collect());
    let name = typed.name.clone();
    let attempt = Attempt { name: typed.name, password: typed.password, code, address };
    let refused = |says: String| {
        let wrongs = [Wrong::new("name", says)];
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        with_form(&app, request, &headers, status, name.reveal(), &wrongs)
    };
    match sign_in(app.db(), &ctx, app.keys(), app.hasher(), attempt).await? {
        SignIn::In(opened) => Ok(enter(&app, &opened)),
        SignIn::Refused => {
            Ok(refused("The name, the password and the code do not belong together".into()))
        }
        SignIn::Wait(until) => {
            let when = words::moment_short(until);
            Ok(refused(format!("Too many tries. Try again after {when}")))
        }
    }
}

/// `POST /sign-in/demo`: only accounts that the demonstration lists.
pub(crate) async fn post_demo(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    Sent(pressed): Sent<Pressed>,
) -> Result<Response, Stop> {
    let wanted: AccountId = pressed.account.parse().map_err(|_| Stop::NotFound)?;
    let listed = app.site().demo_accounts.iter().any(|account| account.account == wanted);
    if !listed {
        return Err(Stop::NotFound);
    }
    let ctx = app.ctx(request);
    let opened = app
        .db()
        .write("http.sign-in-demo", async |tx: &mut Tx| {
            session::open(tx, &ctx, app.keys(), wanted, How::Demonstration).await
        })
        .await?;
    Ok(enter(&app, &opened))
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    let ctx = app.ctx(caller.request());
    app.db()
        .write("http.sign-out", async |tx: &mut Tx| {
            session::sign_out(tx, &ctx, app.keys(), caller.token()).await
        })
        .await?;
    Ok(leave(&app, "/sign-in"))
}

/// `POST /sign-out/everywhere`: out of every browser. It takes access away and gives none, so it
/// asks for nothing more.
pub(crate) async fn sign_out_everywhere(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    let (ctx, account) = (app.ctx(caller.request()), caller.session().account);
    app.db()
        .write("http.sign-out-everywhere", async |tx: &mut Tx| {
            session::sign_out_everywhere(tx, &ctx, app.keys(), account).await
        })
        .await?;
    Ok(leave(&app, "/sign-in"))
}

/// Where somebody who must not be seen here goes at once: a page that anybody might read.
const ELSEWHERE: &str = "https://www.bbc.co.uk/weather";

/// `GET /hide`: away at once. The browser forgets the sign-in and what it kept of these pages, so
/// that its back button shows nothing; the session itself ends by silence.
pub(crate) async fn hide(State(app): State<App>) -> Response {
    leave(&app, ELSEWHERE)
}

/// Gives the browser its session, and takes away the cookie of the sign-in page.
pub(crate) fn enter(app: &App, opened: &Opened) -> Response {
    let mut response = Redirect::to("/").into_response();
    let set = cookie::set(app.site(), cookie::SESSION, &opened.token.cookie());
    for value in [set, cookie::clear(app.site(), cookie::FORM)].into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn leave(app: &App, to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    if let Some(value) = cookie::clear(app.site(), cookie::SESSION) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    let forget = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", forget);
    response
}

/// The page with its form, bound to this browser by a cookie that the page gives it.
pub(crate) fn with_form(
    app: &App,
    request: RequestId,
    headers: &HeaderMap,
    status: StatusCode,
    name: &str,
    wrongs: &[Wrong],
) -> Response {
    let have = cookie::find(headers, app.site(), cookie::FORM).map(str::to_owned);
    let secret = have.clone().unwrap_or_else(|| csrf::fresh(&app.ctx(request)));
    let csrf = Csrf::of(&secret);
    let main = html! {
        (show(app.site(), name, wrongs, &csrf))
        @if app.passkeys().is_some() { (passkeys::offer(&csrf)) }
    };
    let page = Frame::plain(app.site(), "Sign in", Area::Outside).page(&main);
    let mut response = (status, Extension(Scripted), page).into_response();
    let set = have.is_none().then(|| cookie::set(app.site(), cookie::FORM, &secret)).flatten();
    if let Some(value) = set {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The page's content.
pub(crate) fn show(site: &Site, name: &str, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let form = Form { action: "/sign-in", csrf, button: "Sign in", hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { "Sign in" }
        @if !site.demo_accounts.is_empty() { (demo(&site.demo_accounts, csrf)) }
        @if !site.demo_accounts.is_empty() { h2 { "With a password" } }
        (form.post(&html! {
            (Field::text("name", "Sign-in name", name)
                .holding(Kind::Text, "username").show(wrongs))
            (Field::text("password", "Password", "")
                .holding(Kind::Password, "current-password").show(wrongs))
            (Field::text("code", "One-time code", "")
                .hinted("The 6 digits that your app shows now. You may paste them.")
                .holding(Kind::Code, "one-time-code").show(wrongs))
        }))
    }
}

fn demo(accounts: &[DemoAccount], csrf: &Csrf) -> Markup {
    let card = |account: &DemoAccount| {
        let hidden = [("account", account.account.to_string())];
        let button = format!("Sign in as {}", account.name);
        let form = Form { action: "/sign-in/demo", csrf, button: &button, hidden: &hidden };
        html! {
            h3 { (account.name) }
            p { b { (account.role) } ", " (account.organisation) }
            p { (account.try_first) }
            (form.small(&html! {}))
        }
    };
    html! {
        p { "This is a demonstration. Choose who to be; nobody here is real." }
        h2 { "As somebody in the demonstration" }
        (card::cards(true, &accounts.iter().map(card).collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{rules, sample};

    #[test]
    fn the_demonstration_has_a_button_for_each_account() {
        let mut site = sample::site();
        let wrongs = [Wrong::new("name", "Name, password and code do not belong together")];
        rules::assert_part(&show(&site, "jo", &wrongs, &Csrf::of("x")).into_string());
        site.demo_accounts = vec![sample::demo_account(1), sample::demo_account(2)];
        let shown = show(&site, "", &[], &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert_eq!(shown.matches("action=\"/sign-in/demo\"").count(), 2);
        assert!(!shown.contains("secret"));
    }
}
