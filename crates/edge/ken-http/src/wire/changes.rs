//! What every changing request passes: its whole body, its token, its own task, its retries.
//!
//! # Invariants
//!
//! - The body is read to its end before anything is done, so half a form changes nothing.
//! - No form is acted on without the browser's own token; no handler can forget to ask.
//! - The work runs in a tracked task: a client that goes away does not cancel it (`core.md` 4.1).
//! - A request that met another's change is run again on the same bytes, at most three times.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::App;
use crate::stop::Stop;
use crate::wire::cookie;
use crate::wire::csrf::{self, Csrf};

/// Longest form, in bytes: the longest text a page takes (20,000 characters) with room to spare.
pub(crate) const BODY_MAX: usize = 128 * 1024;
/// How often a request that met another's change is run before its sender is asked to try again.
const TRIES_MAX: usize = 3;

/// Guards a request that may change something, and lets the others by.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return run(request, &Bytes::new(), next).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let form = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !form.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let secret = cookie::find(&parts.headers, app.site(), cookie::SESSION)
        .or_else(|| cookie::find(&parts.headers, app.site(), cookie::FORM));
    let token = field(&body, csrf::FIELD);
    let ours = secret.zip(token).is_some_and(|(secret, token)| Csrf::holds(secret, &token));
    if !ours {
        return Stop::StaleForm.into_response();
    }
    let request = Request::from_parts(parts, Body::empty());
    let work = app.tasks().spawn(async move { run(request, &body, next).await });
    work.await.unwrap_or_else(|_| Stop::Fault("http.task").into_response())
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
