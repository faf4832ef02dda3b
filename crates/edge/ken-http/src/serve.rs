//! Serving: the pages on a socket, and what an operator's machines ask.
//!
//! `/health/live` says that the process answers, and `/health/ready` whether it could do its work
//! now. Neither says anything about anybody, and neither is a page: they stand beside
//! [`crate::ROUTES`], before any session is looked for.
//!
//! Why it could not, and `/metrics`, are at an address of their own: who may read how often each
//! kind of work was done can tell by it what a refusal hides.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use ken_core::BoxFuture;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::listen::{LIMITS, listen};
use crate::wire::headers;
use crate::{App, router};

/// What health and metrics are read from; the binary knows.
pub trait Probe: Send + Sync {
    /// Why this process cannot do its work now, as a stable code; `None` when it can.
    fn trouble(&self) -> BoxFuture<'_, Option<&'static str>>;

    /// The metrics in the text format of Prometheus.
    fn metrics(&self) -> String;
}

/// Serves until told to stop; then finishes the requests that were begun.
pub async fn serve(
    listener: TcpListener,
    app: App,
    probe: Arc<dyn Probe>,
    stop: CancellationToken,
) {
    let health = health(probe).layer(from_fn_with_state(app.clone(), headers::add));
    listen(listener, router(app).merge(health), LIMITS, stop).await;
}

/// Serves what only operators' machines may ask, until told to stop.
pub async fn serve_measures(listener: TcpListener, probe: Arc<dyn Probe>, stop: CancellationToken) {
    listen(listener, measures(probe), LIMITS, stop).await;
}

fn health(probe: Arc<dyn Probe>) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .with_state(probe)
}

fn measures(probe: Arc<dyn Probe>) -> Router {
    Router::new()
        .route("/health/ready", get(why_not_ready))
        .route("/metrics", get(metrics))
        .with_state(probe)
}

async fn ready(State(probe): State<Arc<dyn Probe>>) -> (StatusCode, &'static str) {
    match probe.trouble().await {
        None => (StatusCode::OK, "ready\n"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}

async fn why_not_ready(State(probe): State<Arc<dyn Probe>>) -> (StatusCode, String) {
    match probe.trouble().await {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(code) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {code}\n")),
    }
}

async fn metrics(State(probe): State<Arc<dyn Probe>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], probe.metrics())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    struct Fixed(Option<&'static str>);

    impl Probe for Fixed {
        fn trouble(&self) -> BoxFuture<'_, Option<&'static str>> {
            Box::pin(std::future::ready(self.0))
        }

        fn metrics(&self) -> String {
            "ken_sample 1\n".to_owned()
        }
    }

    async fn ask(of: Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = of.oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 4_096).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_process_that_cannot_work_is_alive_and_not_ready() {
        let of = |trouble| -> Arc<dyn Probe> { Arc::new(Fixed(trouble)) };
        let stuck = || of(Some("store.full"));
        let live = (StatusCode::OK, "live\n".to_owned());
        assert_eq!(ask(health(stuck()), "/health/live").await, live);
        let not_ready = |said: &str| (StatusCode::SERVICE_UNAVAILABLE, said.to_owned());
        assert_eq!(ask(health(stuck()), "/health/ready").await, not_ready("not ready\n"));
        let why = not_ready("not ready: store.full\n");
        assert_eq!(ask(measures(stuck()), "/health/ready").await, why);
        assert_eq!(ask(health(of(None)), "/health/ready").await.0, StatusCode::OK);
        assert_eq!(ask(measures(of(None)), "/metrics").await.1, "ken_sample 1\n");
    }

    #[tokio::test]
    async fn counts_are_no_page() {
        let (status, _) = ask(health(Arc::new(Fixed(None))), "/metrics").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}
