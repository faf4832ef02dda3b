//! Serving HTTP: the pages, and what an operator's machines ask.
//!
//! `/health/live` says that the process answers, `/health/ready` that it could do its work now,
//! `/metrics` counts. None of them says anything about anybody.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::SignedDuration;
use ken_core::{Clock, Ctx, IdSource};
use ken_http::App;
use ken_store::Db;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Age of the oldest unsealed entry over which this process does not count as ready: routine
/// disclosures stop then (`core.md` 3.2).
const UNSEALED_MAX: SignedDuration = SignedDuration::from_secs(60);

/// What health and metrics are read from.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) metrics: PrometheusHandle,
}

/// Serves until told to stop; then finishes the requests that were begun.
pub(crate) async fn serve(listener: TcpListener, app: App, probe: Probe, stop: CancellationToken) {
    let service = ken_http::router(app).merge(operations(probe));
    let stopped = async move { stop.cancelled().await };
    if axum::serve(listener, service).with_graceful_shutdown(stopped).await.is_err() {
        tracing::error!(error.code = "ken.http", "pages are not served any more");
    }
}

fn operations(probe: Probe) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(probe)
}

async fn ready(State(probe): State<Probe>) -> (StatusCode, String) {
    match probe.trouble().await {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(code) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {code}\n")),
    }
}

async fn metrics(State(probe): State<Probe>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], probe.metrics.render())
}

impl Probe {
    /// Why this process cannot do its work now, as a code.
    async fn trouble(&self) -> Option<&'static str> {
        let ctx = Ctx::new(&*self.clock, &*self.ids);
        let age =
            self.db.snapshot("ken.ready", async |s| ken_ledger::oldest_unsealed_age(s, &ctx).await);
        match age.await {
            Ok(age) if age > UNSEALED_MAX => Some("ken.unsealed"),
            Ok(_) => None,
            Err(error) => Some(error.code()),
        }
    }
}
