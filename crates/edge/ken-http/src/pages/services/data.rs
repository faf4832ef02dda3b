//! `/services/data`: the directory as open data, in the Human Services Data Specification with the
//! Open Referral UK profile: what it is, a page of services, and one whole service. For programs of
//! anybody, from any site.

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ken_core::RequestId;
use ken_directory::service;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::App;
use crate::stop::Stop;

/// Services of a page, where nobody says how many. House policy.
const PER_PAGE: usize = 50;

/// Which page, of what size; what is no number is as if it were not there.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
}

/// `GET /services/data`.
pub(crate) async fn feed(headers: HeaderMap) -> Response {
    answer(&service::feed(), &headers)
}

/// `GET /services/data/services`.
pub(crate) async fn page(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let directory = super::read(&app, request).await?;
    let number = wanted.page.parse().unwrap_or(1);
    let size = wanted.per_page.parse().unwrap_or(PER_PAGE);
    Ok(answer(&service::page(&directory.entries, (number, size), directory.now), &headers))
}

/// `GET /services/data/services/{service}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Stop> {
    let (entry, _) = super::find(&app, &id).await?;
    Ok(answer(&service::whole(&entry, app.ctx(request).clock.now()), &headers))
}

/// The value, or that it is still what the asker has. As all answers it is kept by nobody on its
/// way: whoever keeps a copy asks whether it still is so.
fn answer(value: &Value, headers: &HeaderMap) -> Response {
    let body = value.to_string();
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(body.as_bytes())));
    let held = headers.get(header::IF_NONE_MATCH).and_then(|held| held.to_str().ok());
    let is_held = held.is_some_and(|held| held.split(',').any(|one| one.trim() == tag));
    // Any program of any site may read it: the profile asks for that.
    let open = HeaderName::from_static("access-control-allow-origin");
    let mut response = if is_held {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let own = response.headers_mut();
    own.insert(open, HeaderValue::from_static("*"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        own.insert(header::ETAG, tag);
    }
    response
}
