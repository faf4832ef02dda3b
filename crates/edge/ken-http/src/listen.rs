//! Connections: how many, how long, and how much of a request's head is read.
//!
//! # Invariants
//!
//! - Every connection holds one of a fixed number of places; when all are taken, the next waits
//!   in the kernel's queue, which has an end too.
//! - A head that does not come in time, and a connection that is kept without asking, are closed;
//!   a body has the time of its request (`wire::request`), its length has `wire::changes`.
//! - No connection is kept for ever: one that has lived long enough finishes what it answers.
//! - What was begun is finished when the listener is told to stop.
//!
//! Source for what is defended against: OWASP ASVS 5.0, V13 (denial of service by slow or many
//! connections); the figures are house policy.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at once; a browser opens six.
    pub(crate) connections: usize,
    /// From the end of one answer, or the connection's beginning, to the end of the next head.
    pub(crate) head_wait: Duration,
    /// Bytes of a head: the longest address (a parcel of 8 KiB) with its cookies, twice over.
    pub(crate) head_bytes: usize,
    /// Lines of a head; browsers send some twenty.
    pub(crate) head_lines: usize,
    /// How long a connection lives before it takes no more requests.
    pub(crate) life: Duration,
    /// How long the last answer of a connection may then take to leave.
    pub(crate) farewell: Duration,
}

/// The limits of every listener.
pub(crate) const LIMITS: Limits = Limits {
    connections: 1024,
    head_wait: Duration::from_secs(15),
    head_bytes: 32 * 1024,
    head_lines: 64,
    life: Duration::from_mins(5),
    farewell: Duration::from_secs(30),
};

/// How long to wait when the machine has no connection to give, for want of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Serves until told to stop; then finishes the requests that were begun.
pub(crate) async fn listen(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    while let Some(place) = or_stop(&stop, Arc::clone(&places).acquire_owned()).await {
        let Some(accepted) = or_stop(&stop, listener.accept()).await else { break };
        let Ok((stream, from)) = accepted else {
            metrics::counter!("ken_http_accept_failures_total").increment(1);
            if or_stop(&stop, tokio::time::timeout(ACCEPT_AGAIN, std::future::pending::<()>()))
                .await
                .is_none()
            {
                break;
            }
            continue;
        };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            serve(stream, from, router, limits, stop).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// What a future gives, unless it is time to stop first.
async fn or_stop<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    stop.run_until_cancelled(work).await
}

async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    // A page is one write: waiting for more to send only delays it.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        // Sign-in counts tries by address, so each request must know whose it is.
        request.extensions_mut().insert(ConnectInfo(from));
        router.clone().oneshot(request)
    });
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_wait)
        .max_buf_size(limits.head_bytes)
        .max_headers(limits.head_lines)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // What went wrong with a connection is its client's own affair, and holds its bytes.
        _ = connection.as_mut() => return,
        _ = tokio::time::timeout(limits.life, stop.cancelled()) => {}
    }
    connection.as_mut().graceful_shutdown();
    if tokio::time::timeout(limits.farewell, connection).await.is_err() {
        metrics::counter!("ken_http_connections_dropped_total").increment(1);
    }
}

#[cfg(test)]
mod tests;
