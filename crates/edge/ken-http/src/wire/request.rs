//! The id of each request, and the line it leaves in the log.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use ken_core::RequestId;

use crate::App;

/// Where the id stands in the answer.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id, and logs route, status and duration: no address, no
/// query, no body.
pub(crate) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::draw(app.ids());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = verb(request.method());
    request.extensions_mut().insert(id);
    let began = app.clock().now();
    let mut response = next.run(request).await;
    let took = app.clock().now().duration_since(began);
    let status = response.status().as_u16();
    let route = route.as_deref().unwrap_or("none");
    tracing::info!(
        request.id = %id,
        http.route = route,
        http.method = method,
        http.status = status,
        duration_us = i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
        "answered"
    );
    metrics::counter!("ken_http_answers_total", "route" => route.to_owned(),
        "status" => status.to_string())
    .increment(1);
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// A method as it stands in a log line: a stranger may send any word as one.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
