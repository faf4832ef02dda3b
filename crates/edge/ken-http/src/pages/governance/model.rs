//! `/ig/model`: signing for a proposed matching model, and for withdrawing the one in use.
//!
//! Two signatories sign, neither of whom proposed it; each reads what it would change, and shows
//! again who they are.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_office::matching::{self as office, Attempt};
use ken_person::learning::{Act, Outcome};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::confirm::{self, Way};
use crate::pages::matching::{self, Models};
use crate::pages::passkeys;
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::{Form, Wrong, summary, tick};
use crate::view::words;
use crate::wire::address::Peer;
use crate::wire::csrf::Csrf;

/// Where the page is.
const HERE: &str = "/ig/model";

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    /// The hash of the model that the page told of.
    #[serde(default)]
    hash: String,
    /// Whether this is the page that asked.
    #[serde(default)]
    asked: String,
    #[serde(default)]
    sure: String,
    #[serde(flatten)]
    shown: confirm::Typed,
}

/// What the page is about.
struct Page {
    models: Models,
    way: Way,
}

/// `GET /ig/model`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let page = read(&app, &caller).await?;
    Ok(frame(&app, &caller, &show(&page.models, caller.csrf())))
}

/// `POST /ig/model/adopt`: asks first, then signs to adopt what is proposed.
pub(crate) async fn adopt(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    from: Peer,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    sign(&app, &caller, from, (Act::Adopt, filled)).await
}

/// `POST /ig/model/withdraw`: the same, to withdraw what is in use.
pub(crate) async fn withdraw(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    from: Peer,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    sign(&app, &caller, from, (Act::Withdraw, filled)).await
}

/// `POST /ig/model/adopt/begin`: what the browser needs to ask for a passkey.
pub(crate) async fn begin_adopting(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    begin(&app, &caller, Act::Adopt).await
}

/// `POST /ig/model/withdraw/begin`: the same.
pub(crate) async fn begin_withdrawing(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    begin(&app, &caller, Act::Withdraw).await
}

async fn begin(app: &App, caller: &Caller, act: Act) -> Result<Response, Stop> {
    let models = read(app, caller).await?.models;
    let hash = waits(&models, act).ok_or(Stop::NotFound)?;
    confirm::begin(app, caller, &office::about(act, hash)).await
}

async fn sign(
    app: &App,
    caller: &Caller,
    from: Peer,
    (act, filled): (Act, Filled),
) -> Result<Response, Stop> {
    let (ctx, by, page) = (app.ctx(caller.request()), caller.acting()?, read(app, caller).await?);
    // Of the model that the page told of, where that still waits for it.
    let hash = waits(&page.models, act).filter(|hash| *hash == filled.hash);
    let hash = hash.ok_or(Stop::NotFound)?.to_owned();
    let ask = |status, says: Option<String>| {
        let wrongs: Vec<_> = says.into_iter().map(|says| Wrong::new("sure", says)).collect();
        let main = asked(page.way, (act, &hash), &wrongs, caller.csrf());
        confirm::page(page.way, status, frame(app, caller, &main))
    };
    let bad = StatusCode::UNPROCESSABLE_ENTITY;
    if filled.asked.is_empty() {
        return Ok(ask(StatusCode::OK, None));
    }
    if filled.sure != "yes" {
        return Ok(ask(bad, Some("Tick that you want this".to_owned())));
    }
    let about = office::about(act, &hash);
    match confirm::prepare(app, caller, (page.way, &about), (filled.shown, from)).await? {
        Err(says) => Ok(ask(bad, Some(says))),
        Ok(ready) => {
            let of = (act, &*hash, ready);
            let attempt = office::sign(app.db(), &ctx, app.keys(), by, of).await?;
            Ok(match told(act, attempt) {
                Ok((what, next)) => frame(app, caller, &done(what, next)).into_response(),
                Err(says) => ask(bad, Some(says.to_owned())),
            })
        }
    }
}

async fn read(app: &App, caller: &Caller) -> Result<Page, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| {
        let models = matching::read(s, app.index()).await?;
        Ok::<_, Stop>(Page { models, way: confirm::way(app, s, by.account).await? })
    };
    app.db().snapshot("http.model-to-sign", read).await
}

/// The hash of what waits to be signed for.
fn waits(models: &Models, act: Act) -> Option<&str> {
    let now = match act {
        Act::Adopt => models.open.as_ref(),
        Act::Withdraw => models.in_use.as_ref().map(|used| &used.of),
    };
    now.map(|now| now.hash.as_str())
}

/// Where a form for one or the other is sent.
const fn address(act: Act) -> &'static str {
    match act {
        Act::Adopt => "/ig/model/adopt",
        Act::Withdraw => "/ig/model/withdraw",
    }
}

/// What was done, in words; or why nothing was.
fn told(act: Act, attempt: Attempt) -> Result<(&'static str, &'static str), &'static str> {
    match attempt {
        Attempt::Unconfirmed => Err(confirm::UNCONFIRMED),
        Attempt::NoKey => Err("Ken keeps no key for you. Ask to be registered as a signatory"),
        Attempt::Signed(outcome) => match (outcome, act) {
            (Outcome::Done, Act::Adopt) => {
                Ok(("The model is adopted", "Every server matches by it within a few seconds."))
            }
            (Outcome::Done, Act::Withdraw) => {
                Ok(("The model is withdrawn", "Every server matches by the one before it again."))
            }
            (Outcome::AwaitsSecond, _) => {
                Ok(("Your signature is kept", "Nothing has changed: a second signatory must sign."))
            }
            (Outcome::Again, _) => Err("You have signed this. Somebody else must"),
            (Outcome::OwnProposal, _) => Err("You proposed it. Two others must sign"),
            (Outcome::Gone, _) => Err("It was replaced meanwhile. Read the new one first"),
            (Outcome::Invalid, _) => Err("Your key does not sign any more"),
        },
    }
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Matching model").at(HERE).page(main)
}

fn done(what: &str, next: &str) -> Markup {
    html! {
        (confirmation::done(what, next))
        (confirmation::link_on(HERE, "Back to the matching model"))
    }
}

/// The page's content.
fn show(models: &Models, csrf: &Csrf) -> Markup {
    let sign = |act: Act, hash: &str, button: &'static str| {
        let hidden = [("hash", hash.to_owned())];
        Form { action: address(act), csrf, button, hidden: &hidden }.small(&html! {})
    };
    html! {
        h1 { "Matching model" }
        p {
            "By it records are compared that no number joins. What reviewers decide of pairs can \
             make another, which counts once two signatories have signed it, of one organisation \
             or of two."
        }
        h2 { "In use" }
        (matching::in_use(models))
        @if let Some(used) = &models.in_use {
            p { "Identity: " code.care_code { (used.of.hash) } }
            @if !models.withdrawing.is_empty() {
                h3 { "To be withdrawn" }
                (matching::signatures(&models.withdrawing))
            }
            (sign(Act::Withdraw, &used.of.hash, "Withdraw it"))
        }
        h2 { "Proposed" }
        @if let Some(open) = &models.open {
            p { "Proposed on " (words::moment_short(open.made)) "." }
            p { "Identity: " code.care_code { (open.hash) } }
            (matching::signatures(&models.adopting))
            (matching::report(&open.report))
            (sign(Act::Adopt, &open.hash, "Sign it"))
        } @else {
            p { "None is proposed. A steward of the index proposes one." }
        }
    }
}

/// Asks again who signs, and for what.
fn asked(way: Way, (act, hash): (Act, &str), wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let (head, button, sure) = match act {
        Act::Adopt => (
            "Sign a proposed model",
            "Sign",
            "I have read what it would change, and sign that records are matched by it",
        ),
        Act::Withdraw => (
            "Withdraw the model in use",
            "Sign to withdraw it",
            "I sign that records are matched by the model before it again",
        ),
    };
    let hidden = [("hash", hash.to_owned()), ("asked", "yes".to_owned())];
    let form = Form { action: address(act), csrf, button, hidden: &hidden };
    let why = "It changes who is found for everybody, so we ask again who you are.";
    html! {
        (summary(wrongs))
        h1 { (head) }
        p { "Identity: " code.care_code { (hash) } }
        (confirm::form(way, why, &form, &tick("sure", sure, wrongs), wrongs))
        @if way == Way::Passkey { (passkeys::script()) }
        (confirmation::link_on(HERE, "Leave it as it is"))
    }
}

#[cfg(test)]
mod tests {
    use ken_person::learning::{InUse, Proposed, Report};

    use super::*;
    use crate::pages::matching::tests::change;
    use crate::view::rules;

    fn models() -> Models {
        let open = Proposed {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            hash: "ab".repeat(32),
            report: Report { changes: vec![change(40.0, 60.0)], ..Report::default() },
            made: "2026-11-21T09:14:00Z".parse().unwrap(),
            by: "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
        };
        let since = "2026-11-22T09:14:00Z".parse().unwrap();
        let of = Proposed { hash: "cd".repeat(32), ..open.clone() };
        Models {
            in_use: Some(InUse { of, since }),
            open: Some(open),
            adopting: vec![],
            withdrawing: vec![("Fay Governs".to_owned(), since)],
            held: None,
            refused: None,
        }
    }

    #[test]
    fn each_state_keeps_the_rules() {
        let (mut models, csrf) = (models(), Csrf::of("x"));
        let shown = show(&models, &csrf).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Sign it") && shown.contains("Withdraw it"), "{shown}");
        assert_eq!(waits(&models, Act::Adopt), Some("ab".repeat(32).as_str()));
        assert_eq!(waits(&models, Act::Withdraw), Some("cd".repeat(32).as_str()));
        for act in [Act::Adopt, Act::Withdraw] {
            for way in [Way::Passkey, Way::Password, Way::Demonstration] {
                let wrongs = [Wrong::new("sure", "Tick that you want this")];
                rules::assert_part(&asked(way, (act, "ab"), &wrongs, &csrf).into_string());
            }
        }
        models = models_empty();
        assert_eq!(waits(&models, Act::Withdraw), None);
        rules::assert_part(&show(&models, &csrf).into_string());
    }

    fn models_empty() -> Models {
        Models { in_use: None, open: None, withdrawing: vec![], ..models() }
    }
}
