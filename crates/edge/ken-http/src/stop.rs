//! Why a request got no page of its own, and the page that says so.
//!
//! What is said outside is a coarse closed set (`core.md` 2.9). A handler answers with a [`Stop`];
//! the middleware here turns it into a page that knows the site and the request's reference.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ken_core::RequestId;
use maud::html;

use crate::App;
use crate::fhir::outcome;
use crate::view::{Area, Frame, confirmation, words};
use crate::wire::changes::Texts;

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nobody is signed in. The reader is sent to the sign-in page.
    SignIn,
    /// Signed in, but several roles are open and none is chosen yet.
    ChooseRole,
    /// No such page, or none that this reader may know of: the two look the same.
    NotFound,
    /// The form was not sent by this browser's own page, or the page was too old.
    StaleForm,
    /// The form was shown in another role than the one that is acted in now.
    OtherRole,
    /// The form lacked something no page of ours leaves out.
    BadForm,
    /// Others are changing the same thing; the work was not done.
    Busy,
    /// It took too long to read; nothing was to change.
    Slow,
    /// It took too long to do; the work goes on, and nobody can say yet how it ends.
    Unsure,
    /// There is no room to keep anything, so nothing can be shown or done: every look is entered.
    Full,
    /// Something failed. The code is documented; the cause is in the log alone.
    Fault(&'static str),
}

impl Stop {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignIn | Self::ChooseRole => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::StaleForm | Self::OtherRole => StatusCode::FORBIDDEN,
            Self::BadForm => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy | Self::Slow | Self::Unsure | Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Title, what happened and what is safe, and what to do.
    pub(crate) fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SignIn | Self::ChooseRole => ("Sign in", "You are not signed in.", "Sign in."),
            Self::NotFound => (
                "Page not found",
                "There is no page at this address, or it is not one you can open.",
                "Check the address, or start again from your first page.",
            ),
            Self::StaleForm => (
                "This form was too old",
                "We did not do anything, because the form was not sent from a fresh page.",
                "Sign in again if you were away for long. Then load the page again, and send it \
                 once more.",
            ),
            Self::OtherRole => (
                "This form was for another of your roles",
                "We did not do anything. You have changed your role, perhaps in another window, \
                 since you opened that page.",
                "Choose the role it was for under “Change role”. Then open the page again, and \
                 send it once more.",
            ),
            Self::BadForm => (
                "Something was missing from that form",
                "We did not do anything.",
                "Go back and fill in the form again.",
            ),
            Self::Busy => (
                "Try again in a moment",
                "Somebody else is changing the same thing. We did not do anything.",
                "Wait a few seconds, then do it again.",
            ),
            Self::Slow => (
                "This takes longer than it should",
                "We stopped waiting. Nothing was changed.",
                "Try again in a moment.",
            ),
            Self::Unsure => (
                "We do not know yet whether this was done",
                "It takes longer than it should, and it goes on. It may be done in a moment.",
                "Look first whether it was done. Send it again only if it was not. If it cannot \
                 wait, use the phone.",
            ),
            Self::Full => (
                "We cannot keep anything right now",
                "The disk is full. We did not do anything, and nothing that was saved before is \
                 lost. If it cannot wait, use the phone.",
                "Those who run this have been told. Try again in a few minutes.",
            ),
            Self::Fault(_) => (
                "Something went wrong",
                "We could not finish. What was saved before this is safe.",
                "Try again. If it happens again, tell us the reference below.",
            ),
        }
    }
}

/// The code of a full disk.
const FULL: &str = "store.disk-full";

/// Errors of the crates below: a race is worth another try, all else is a fault with its code.
fn of_code(code: &'static str) -> Stop {
    match code {
        "store.contended" | "store.overloaded" | "store.group-lost" | "store.interrupted"
        | "store.revoked" | "store.commit" | "directory.busy" | "person.contended"
        | "sharing.contended" | "records.stale" => Stop::Busy,
        FULL => Stop::Full,
        code => Stop::Fault(code),
    }
}

macro_rules! faults {
    ($($error:ty),*) => {
        $(impl From<$error> for Stop {
            fn from(error: $error) -> Self {
                of_code(error.code())
            }
        })*
    };
}

faults!(
    ken_store::Error,
    ken_ledger::Error,
    ken_directory::Error,
    ken_sharing::Error,
    ken_person::Error,
    ken_records::Error,
    ken_care::Error,
    ken_hub::Error,
    ken_office::Error,
    ken_insight::Error
);

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let place = match &self {
            Self::SignIn => Some("/sign-in"),
            Self::ChooseRole => Some("/choose"),
            _ => None,
        };
        if let Some(place) = place {
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(place));
        }
        let again = match self {
            // Two seconds: longer than any one change holds what it changes. House policy.
            Self::Busy | Self::Slow => Some("2"),
            // A minute: somebody must make room. House policy.
            Self::Full => Some("60"),
            _ => None,
        };
        if let Some(again) = again {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(again));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// How long a request may take before its sender is told so. House policy: a worker waits longer
/// for nothing, and a change goes on in its own task.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Bounds the time of a request, and gives each stop and each bare refusal of the framework its
/// page.
pub(crate) async fn show(State(app): State<App>, request: Request, next: Next) -> Response {
    let reference = request.extensions().get::<RequestId>().copied();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_fhir = outcome::is_asked(&request);
    let answered = tokio::time::timeout(ANSWER_MAX, next.run(request)).await;
    let late = if is_read { Stop::Slow } else { Stop::Unsure };
    let response = answered.unwrap_or_else(|_| late.into_response());
    let stop = response.extensions().get::<Stop>().cloned();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let bare = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let texts = response.extensions().get::<Texts>().cloned().unwrap_or_default();
    let stop = match (stop, response.status()) {
        (Some(stop @ (Stop::SignIn | Stop::ChooseRole)), _) if is_fhir => stop,
        (Some(Stop::SignIn), _) if !texts.0.is_empty() => Stop::StaleForm,
        (Some(Stop::SignIn | Stop::ChooseRole), _) => return response,
        (Some(stop), _) => stop,
        (None, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) if bare => Stop::NotFound,
        // An address with a part that cannot be read leads nowhere.
        (None, StatusCode::BAD_REQUEST) if bare && is_read => Stop::NotFound,
        (None, status) if bare && status.is_client_error() => Stop::BadForm,
        (None, _) => return response,
    };
    let code = match stop {
        Stop::Fault(code) => Some(code),
        Stop::Full => Some(FULL),
        _ => None,
    };
    if let Some(code) = code {
        tracing::error!(request.id = ?reference, error.code = code, "request failed");
        metrics::counter!("ken_http_faults_total", "code" => code).increment(1);
    }
    let (parts, _) = response.into_parts();
    let status = match (&stop, parts.status) {
        (Stop::NotFound, StatusCode::BAD_REQUEST) => StatusCode::NOT_FOUND,
        (Stop::StaleForm, _) => StatusCode::FORBIDDEN,
        (_, status) => status,
    };
    let mut shown = if is_fhir {
        outcome::of_stop(&stop, status)
    } else {
        (status, page(&app, &stop, reference, &texts)).into_response()
    };
    for name in [header::RETRY_AFTER, header::ALLOW, header::SET_COOKIE] {
        if let Some(value) = parts.headers.get(&name) {
            shown.headers_mut().insert(name, value.clone());
        }
    }
    shown
}

fn page(
    app: &App,
    stop: &Stop,
    reference: Option<RequestId>,
    Texts(texts): &Texts,
) -> maud::Markup {
    let (title, happened, next) = stop.words();
    let reference = matches!(stop, Stop::Fault(_)).then_some(reference).flatten();
    let main = html! {
        h1 { (title) }
        p { (happened) }
        p { (next) }
        @if let Some(reference) = reference {
            p { "Reference: " code.care_code { (words::short_reference(reference)) } }
        }
        @if !texts.is_empty() {
            h2 { "What you wrote" }
            p { "It is kept nowhere but here. Copy it before you leave this page." }
            @for text in texts { blockquote.care_words.care_written { (text.reveal()) } }
        }
        (confirmation::link_on("/", "Go to your first page"))
    };
    Frame::plain(app.site(), title, Area::Outside).page(&main)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_taken_for_a_race() {
        let full = Stop::from(ken_store::Error::Commit(Box::new(ken_store::Error::DiskFull)));
        assert_eq!(full, Stop::Full);
        assert_eq!(Stop::from(ken_store::Error::DiskFull), Stop::Full);
        assert_eq!(Stop::from(ken_store::Error::Contended), Stop::Busy);
        let answer = full.clone().into_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "60");
        assert!(full.words().1.contains("The disk is full"));
    }
}
