//! `/password`: a password of one's own choice in the place of the one that somebody has.
//!
//! The first password comes from whoever runs this, who has seen it; so its holder can change it.
//! Nothing is asked of what it is made of but its length (NIST SP 800-63B, 3.1.1.2).

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::Sensitive;
use ken_directory::account::{self, NEW_PASSWORD};
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use super::confirm::{self, Typed, Way};
use super::passkeys;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Kind, Wrong, summary};
use crate::wire::address::Peer;
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    new: Sensitive<String>,
    #[serde(default)]
    again: Sensitive<String>,
    #[serde(flatten)]
    shown: Typed,
}

/// `GET /password`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    page(&app, &caller, StatusCode::OK, &[]).await
}

/// `POST /password/begin`: what the browser needs to ask for a passkey that confirms it.
pub(crate) async fn begin(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    confirm::begin(&app, &caller, NEW_PASSWORD).await
}

/// `POST /password`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    from: Peer,
    Sent(chosen): Sent<Chosen>,
) -> Result<Response, Stop> {
    let (ctx, id) = (app.ctx(caller.request()), caller.session().account);
    let wrong = async |field, says: &str| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        page(&app, &caller, status, &[Wrong::new(field, says)]).await
    };
    // Looked at before a code is used up.
    if chosen.new.reveal() != chosen.again.reveal() {
        return wrong("again", "The two passwords are not the same").await;
    }
    let hash = match app.hasher().hash(&ctx, chosen.new).await {
        Ok(hash) => hash,
        Err(ken_directory::Error::Unfit(_)) => return wrong("new", UNFIT).await,
        Err(error) => return Err(error.into()),
    };
    let about = (confirm::way_of(&app, &caller).await?, NEW_PASSWORD);
    let ready = match confirm::prepare(&app, &caller, about, (chosen.shown, from)).await? {
        Ok(ready) => ready,
        Err(says) => return wrong("new", &says).await,
    };
    let changed = app
        .db()
        .write("http.password", async |tx: &mut Tx| {
            let here = caller.token();
            account::change_password(tx, &ctx, app.keys(), (id, ready), &hash, here).await
        })
        .await;
    match changed {
        Ok(true) => Ok(Redirect::to("/password/changed").into_response()),
        Ok(false) => wrong("new", confirm::UNCONFIRMED).await,
        Err(ken_directory::Error::Unknown(_)) => Err(Stop::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// `GET /password/changed`.
pub(crate) async fn changed(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    let main = html! {
        h1 { "Your password is changed" }
        p { "Every other browser in which you were signed in is signed out." }
        p { a href="/passkeys" { "Back to how you sign in" } }
    };
    Ok(caller.frame(app.site(), "Your password is changed").page(&main).into_response())
}

/// What somebody reads whose password is too short or too long.
const UNFIT: &str = "Use at least 12 characters, such as three words, and at most 256";

async fn page(
    app: &App,
    caller: &Caller,
    status: StatusCode,
    wrongs: &[Wrong],
) -> Result<Response, Stop> {
    let id = caller.session().account;
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((account::has_password(s, id).await?, confirm::way(app, s, id).await?))
    };
    let (has_password, way) = app.db().snapshot("http.password", read).await?;
    let main = if has_password { show(way, wrongs, caller.csrf()) } else { none() };
    Ok(confirm::page(way, status, caller.frame(app.site(), "Change your password").page(&main)))
}

fn none() -> Markup {
    html! {
        h1 { "Change your password" }
        p { "You have no password: you sign in with a passkey, which is safer." }
        p { a href="/passkeys" { "Your passkeys" } }
    }
}

fn show(way: Way, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let form = Form { action: "/password", csrf, button: "Change it", hidden: &[] };
    let fields = html! {
        (Field::text("new", "New password", "")
            .hinted("At least 12 characters; three words that do not belong together are good.")
            .holding(Kind::Password, "new-password").show(wrongs))
        (Field::text("again", "The same again", "")
            .holding(Kind::Password, "new-password").show(wrongs))
    };
    let why = "Whoever changes a password shows again who they are.";
    html! {
        (summary(wrongs))
        h1 { "Change your password" }
        p { "Changing it signs you out everywhere but here. Nobody who runs this can read it." }
        (confirm::form(way, why, &form, &fields, wrongs))
        @if way == Way::Passkey { (passkeys::script()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_page_keeps_the_rules_whatever_the_way() {
        let csrf = Csrf::of("x");
        for way in [Way::Passkey, Way::Password, Way::Demonstration] {
            for wrongs in [&[][..], &[Wrong::new("again", "The two passwords are not the same")]] {
                rules::assert_part(&show(way, wrongs, &csrf).into_string());
            }
        }
        rules::assert_part(&none().into_string());
    }
}
