//! Showing again who one is, as part of a page: which way, the fields for it, and what was sent.
//!
//! The rules are `ken_directory::confirm`'s; here is what a browser shows and sends. Whoever has a
//! passkey is asked for it and for nothing weaker; in the demonstration an empty form will do.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ken_core::{AccountId, Sensitive};
use ken_directory::confirm::{self, Prepared, Ready, Shown};
use ken_directory::passkey;
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use super::passkeys;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Kind, Wrong};
use crate::view::words;
use crate::wire::address::Peer;
use crate::wire::headers::Scripted;

/// What a form carries for it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(crate) password: Sensitive<String>,
    #[serde(default)]
    pub(crate) code: Sensitive<String>,
    /// What the passkey answered.
    #[serde(default)]
    pub(crate) answer: Sensitive<String>,
}

/// How somebody shows again who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// With a passkey, since they have one.
    Passkey,
    /// With password and one-time code.
    Password,
    /// As the last; and in the demonstration an empty form will do.
    Demonstration,
}

/// The way of an account.
pub(crate) async fn way(app: &App, s: &mut Snapshot, account: AccountId) -> Result<Way, Stop> {
    Ok(if app.passkeys().is_some() && !passkey::list(s, account).await?.is_empty() {
        Way::Passkey
    } else if app.site().demo_accounts.iter().any(|one| one.account == account) {
        Way::Demonstration
    } else {
        Way::Password
    })
}

/// The way of whoever asks.
pub(crate) async fn way_of(app: &App, caller: &Caller) -> Result<Way, Stop> {
    let account = caller.session().account;
    let read = async |s: &mut Snapshot| way(app, s, account).await;
    app.db().snapshot("http.confirm-way", read).await
}

/// What the browser needs to ask for a passkey that confirms a thing.
pub(crate) async fn begin(app: &App, caller: &Caller, about: &str) -> Result<Response, Stop> {
    let (ctx, site) = (app.ctx(caller.request()), app.passkeys().ok_or(Stop::NotFound)?);
    let whose = (caller.session().account, about);
    let begin = async |tx: &mut Tx| confirm::begin(tx, &ctx, site, whose).await;
    Ok(Json(app.db().write("http.confirm-begin", begin).await?).into_response())
}

/// What somebody sent, looked at as far as it can be before the write that uses it up; or what to
/// tell them.
pub(crate) async fn prepare(
    app: &App,
    caller: &Caller,
    (way, about): (Way, &str),
    (typed, Peer(address)): (Typed, Peer),
) -> Result<Result<Ready, String>, Stop> {
    let (ctx, account) = (app.ctx(caller.request()), caller.session().account);
    let Typed { password, code, answer } = typed;
    let blank = password.reveal().is_empty() && code.reveal().is_empty();
    let shown = match way {
        Way::Demonstration if blank => return Ok(Ok(Ready::demonstration(account, about))),
        Way::Passkey => {
            passkeys::bounded(&answer)?;
            Shown::Passkey(answer)
        }
        Way::Password | Way::Demonstration => {
            let code = code.map(|code| code.split_whitespace().collect());
            Shown::Password { password, code, address }
        }
    };
    let with = (app.keys(), app.hasher(), app.passkeys());
    Ok(match confirm::prepare(app.db(), &ctx, with, (account, about), shown).await? {
        Prepared::Ready(ready) => Ok(ready),
        Prepared::Refused => Err(UNCONFIRMED.to_owned()),
        Prepared::Wait(until) => {
            let when = words::moment_short(until);
            Err(format!("Too many tries. Try again after {when}"))
        }
    })
}

/// What somebody reads who could not be confirmed.
pub(crate) const UNCONFIRMED: &str =
    "We could not confirm that it is you. Nothing was done. Try again";

/// A form that its sender confirms, around its own fields. `why` says why we ask. Its page has
/// [`passkeys::script`] where the way is a passkey.
pub(crate) fn form(
    way: Way,
    why: &str,
    of: &Form<'_>,
    fields: &Markup,
    wrongs: &[Wrong],
) -> Markup {
    if way == Way::Passkey {
        return html! {
            p { "You have a passkey, so you confirm with it. That needs a browser with scripts." }
            div hidden { (passkeys::scripted("confirm", None, of, fields)) }
        };
    }
    html! {
        p { (why) }
        (note(way))
        (of.post(&html! { (fields) (secrets(wrongs)) }))
    }
}

/// What the demonstration may leave out.
pub(crate) fn note(way: Way) -> Markup {
    html! {
        @if way == Way::Demonstration {
            p { "In the demonstration you may leave password and code empty." }
        }
    }
}

/// The fields of whoever has no passkey.
pub(crate) fn secrets(wrongs: &[Wrong]) -> Markup {
    html! {
        (Field::text("password", "Your password", "")
            .holding(Kind::Password, "current-password").show(wrongs))
        (Field::text("code", "One-time code", "")
            .hinted("The 6 digits that your app shows now; a code that you have not used yet.")
            .holding(Kind::Code, "one-time-code").show(wrongs))
    }
}

/// A page with such a form.
pub(crate) fn page(way: Way, status: StatusCode, whole: Markup) -> Response {
    match way {
        Way::Passkey => (status, Extension(Scripted), whole).into_response(),
        Way::Password | Way::Demonstration => (status, whole).into_response(),
    }
}
