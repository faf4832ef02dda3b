//! The headers of every answer.
//!
//! # Sources
//!
//! - Content Security Policy level 3 and Trusted Types: nothing inline, no script at all.
//! - RFC 9111: `private, no-store` keeps a record out of every cache, the browser's own included.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::App;

/// The policy of every page: our own styles, typeface and pictures; no script; forms to us only.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'none'; style-src 'self'; \
    img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The policy of the pages that ask for passkeys: one script of ours, and what it asks of us.
pub(crate) const POLICY_SCRIPTED: &str = "default-src 'none'; script-src 'self'; \
    connect-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// Marks an answer whose page has the passkey script.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scripted;

/// What a page may use of the machine it is shown on: nothing.
const PERMISSIONS: &str = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// Headers that are the same on every answer.
const FIXED: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// How long a browser must insist on https, once it has seen it: a year. House policy.
const STRICT_TRANSPORT: &str = "max-age=31536000; includeSubDomains";

/// Adds the headers. An answer that says nothing about caching is kept by nobody.
pub(crate) async fn add(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_scripted = response.extensions().get::<Scripted>().is_some();
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_scripted && app.passkeys().is_some() {
        let policy = HeaderValue::from_static(POLICY_SCRIPTED);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if app.site().secure {
        let strict = HeaderValue::from_static(STRICT_TRANSPORT);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, strict);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}
