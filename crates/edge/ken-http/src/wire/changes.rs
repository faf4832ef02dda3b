//! What every changing request passes: its whole body, its token, its own task, its retries.
//!
//! # Invariants
//!
//! - The body is read to its end before anything is done, so half a form changes nothing.
//! - No form is acted on without the browser's own token; no handler can forget to ask.
//! - The work runs in a tracked task: a client that goes away does not cancel it (`core.md` 4.1).
//! - A request that met another's change is run again on the same bytes, at most three times.

use axum::Form;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use ken_core::{RequestId, Sensitive};
use sha2::{Digest as _, Sha256};

use crate::App;
use crate::fhir::outcome;
use crate::pages::operations::seed::ADDRESS as LISTS;
use crate::stop::Stop;
use crate::wire::cookie;
use crate::wire::csrf::{self, Csrf};

/// Longest form, in bytes: the longest text a page takes (20,000 characters) with room to spare.
pub(crate) const BODY_MAX: usize = 128 * 1024;
/// Longest form that brings a list of people, in bytes: the list (`ken_person::seeding::LIST_MAX`)
/// as a browser writes it, where a comma takes three bytes and the end of a line six.
pub(crate) const LIST_BODY_MAX: usize = 2 * 1024 * 1024;
/// The header of the token where FHIR is sent. No page of another site can set it: a browser asks
/// before it sends such a request to us, and we answer no such question.
const TOKEN: HeaderName = HeaderName::from_static("ken-csrf");
/// Fields that are never given back.
const SECRETS: [&str; 4] = ["password", "code", "answer", "confirmed"];
/// Shortest text that is given back, in characters. House policy: a few words.
const TEXT_MIN: usize = 20;
/// Most texts that are given back: more than any form of ours has.
const TEXTS_MAX: usize = 60;
/// What the hash of a sending is over, so that it can be mistaken for nothing else.
const SENDING: &[u8] = b"ken-sending/1";
/// How often a request that met another's change is run before its sender is asked to try again.
const TRIES_MAX: usize = 3;

/// Marks a form of a page that is for anybody: its token is the browser's, and of no session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfNoSession;

/// What stands for a form as it was sent: the same for the same bytes to the same address, and so,
/// by the token among them, of one page in one browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sending(pub(crate) RequestId);

impl Sending {
    fn of(address: &str, body: &[u8]) -> Option<Self> {
        let mut hash = Sha256::new();
        hash.update(SENDING);
        hash.update(address.len().to_be_bytes());
        hash.update(address);
        hash.update(body);
        let half = hash.finalize();
        let half = half.iter().take(16).fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
        let hex = format!("{half:032x}");
        let part = |from: usize, to: usize| hex.get(from..to);
        let parts = [part(0, 8)?, part(8, 12)?, part(12, 16)?, part(16, 20)?, part(20, 32)?];
        parts.join("-").parse().ok().map(Self)
    }
}

/// Guards a request that may change something, and lets the others by.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return run(request, &Bytes::new(), next).await;
    }
    let is_fhir = outcome::is_asked(&request);
    let (parts, body) = request.into_parts();
    let most = if parts.uri.path() == LISTS { LIST_BODY_MAX } else { BODY_MAX };
    let Ok(body) = to_bytes(body, most).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let token = match token(&parts.headers, is_fhir, &body) {
        Ok(token) => token,
        Err(status) => return status.into_response(),
    };
    let is_of = |cookie| {
        let secret = cookie::find(&parts.headers, app.site(), cookie);
        secret.zip(token.as_deref()).is_some_and(|(secret, token)| Csrf::holds(secret, token))
    };
    let of_session = is_of(cookie::SESSION);
    // A browser keeps the cookie of a session that has ended, and its owner signs in again.
    if !of_session && !is_of(cookie::FORM) {
        return returned(Stop::StaleForm.into_response(), &body).await;
    }
    // What asks in FHIR stands on no page: sent twice, it is asked twice.
    let sending = Sending::of(&parts.uri.to_string(), &body).filter(|_| !is_fhir);
    let mut request = Request::from_parts(parts, Body::empty());
    if let Some(sending) = sending {
        request.extensions_mut().insert(sending);
    }
    if let Some(token) = token.filter(|_| of_session) {
        request.extensions_mut().insert(csrf::Sent(token));
    } else {
        request.extensions_mut().insert(OfNoSession);
    }
    let work = app.tasks().spawn(async move {
        let answer = run(request, &body, next).await;
        match answer.extensions().get::<Stop>() {
            Some(Stop::StaleForm | Stop::OtherRole | Stop::SignIn | Stop::Busy) => {
                returned(answer, &body).await
            }
            _ => answer,
        }
    });
    work.await.unwrap_or_else(|_| Stop::Fault("http.task").into_response())
}

/// The token of what is sent, if there is one: a field of a form, or a header where FHIR is sent,
/// whose JSON has no place for it. Refuses what is neither.
fn token(headers: &HeaderMap, is_fhir: bool, body: &[u8]) -> Result<Option<String>, StatusCode> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if is_fhir {
        return Ok(text(TOKEN).map(str::to_owned));
    }
    let is_form = |kind: &str| kind.starts_with("application/x-www-form-urlencoded");
    if text(header::CONTENT_TYPE).is_some_and(is_form) {
        Ok(field(body, csrf::FIELD))
    } else {
        Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }
}

/// Gives an answer that nothing was done the texts of the form, for the page that says so.
async fn returned(mut answer: Response, body: &Bytes) -> Response {
    answer.extensions_mut().insert(Texts::of(body).await);
    answer
}

/// What somebody wrote in a form that was not taken. It goes back to the browser that sent it, and
/// nowhere else.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts(pub(crate) Vec<Sensitive<String>>);

impl Texts {
    /// Whole sentences: what is shorter is soon typed again. A secret is none.
    async fn of(body: &Bytes) -> Self {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.clone()));
        let Ok(request) = request else { return Self::default() };
        let Ok(Form(fields)) = Form::<Vec<(String, String)>>::from_request(request, &()).await
        else {
            return Self::default();
        };
        let is_text = |(name, value): &(String, String)| {
            let is_long = value.trim().chars().count() >= TEXT_MIN;
            is_long && value.trim().contains(char::is_whitespace) && !SECRETS.contains(&&**name)
        };
        let texts = fields.into_iter().filter(is_text).take(TEXTS_MAX);
        Self(texts.map(|(_, value)| Sensitive::new(value)).collect())
    }
}

/// Runs a request, and again while it met another's change.
async fn run(request: Request, body: &Bytes, next: Next) -> Response {
    let (parts, _) = request.into_parts();
    let mut last = Stop::Busy.into_response();
    for _ in 0..TRIES_MAX {
        let again = Request::from_parts(parts.clone(), Body::from(body.clone()));
        last = next.clone().run(again).await;
        if !matches!(last.extensions().get::<Stop>(), Some(Stop::Busy)) {
            break;
        }
    }
    last
}

/// The first value of a field of a form. Our tokens need no decoding.
fn field(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(have, _)| *have == name).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sentences_go_back_and_secrets_do_not() {
        let body = Bytes::from_static(
            b"csrf=x&reason=She+fell+and+nobody+answers%21&kind=team&password=three+random+words\
              +that+are+long&t=0123456789012345678901234567890123456789",
        );
        let texts: Vec<_> =
            Texts::of(&body).await.0.into_iter().map(Sensitive::into_revealed).collect();
        assert_eq!(texts, ["She fell and nobody answers!"]);
        assert!(Texts::of(&Bytes::from_static(b"%FF=%")).await.0.is_empty());
    }

    #[test]
    fn a_sending_is_of_its_address_and_bytes() {
        let one = Sending::of("/w/claim", b"csrf=abc&reason=x");
        assert!(one.is_some());
        assert_eq!(one, Sending::of("/w/claim", b"csrf=abc&reason=x"));
        for (address, body) in [
            ("/w/claims", "csrf=abc&reason=x"),
            ("/w/claim", "csrf=abc&reason=y"),
            ("/w/claim", "csrf=abd&reason=x"),
            ("/w/claimc", "srf=abc&reason=x"),
        ] {
            assert_ne!(one, Sending::of(address, body.as_bytes()), "{address} {body}");
        }
    }

    #[test]
    fn the_token_is_found_among_the_fields() {
        let check = |body: &str, want: Option<&str>| {
            assert_eq!(field(body.as_bytes(), "csrf").as_deref(), want, "{body}");
        };
        check("csrf=abc&a=1", Some("abc"));
        check("a=1&csrf=abc", Some("abc"));
        check("a=csrf%3Dabc", None);
        check("xcsrf=abc", None);
        check("", None);
    }
}
