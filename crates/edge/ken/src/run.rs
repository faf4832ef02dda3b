//! A running Ken: what listens, what works in the background, and how it stops.
//!
//! # Invariants
//!
//! - The addresses are taken before anything else is done, so that a second instance changes
//!   nothing.
//! - Stopping refuses new work, finishes what was begun, seals, and closes the databases, in that
//!   order; what was acknowledged is on disk whether or not it gets that far.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ken_demo::endpoint::Record;
use ken_directory::passkey;
use ken_http::{App, Site};
use ken_hub::portal::Portal;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::background::Background;
use crate::control::Door;
use crate::house::House;
use crate::listen;
use crate::probe::Probe;
use crate::stop::Signals;
use crate::trouble::{NOTHING_DONE, Trouble};

/// How long begun work may take once Ken is told to stop. House policy: shorter than the ninety
/// seconds that supervisors give.
const STOP_WAIT: Duration = Duration::from_secs(30);

/// The addresses, taken.
#[derive(Debug)]
pub(crate) struct Listeners {
    http: TcpListener,
    mllp: Option<TcpListener>,
    metrics: Option<TcpListener>,
}

/// Where it listens, with the ports that were given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    /// For browsers.
    pub(crate) http: SocketAddr,
    /// For messages.
    pub(crate) mllp: Option<SocketAddr>,
    /// For operators' machines.
    pub(crate) metrics: Option<SocketAddr>,
}

impl Listeners {
    /// Takes those for pages, messages and measures; `flags` is where each was said.
    pub(crate) async fn take(
        (http, mllp, metrics): (SocketAddr, Option<SocketAddr>, Option<SocketAddr>),
        flags: [&str; 3],
    ) -> Result<Self, Trouble> {
        let http = listen::take(http, "pages", flags[0]).await?;
        let mllp = match mllp {
            Some(mllp) => Some(listen::take(mllp, "messages", flags[1]).await?),
            None => None,
        };
        let metrics = match metrics {
            Some(metrics) => Some(listen::take(metrics, "measures", flags[2]).await?),
            None => None,
        };
        Ok(Self { http, mllp, metrics })
    }

    /// Where they are.
    pub(crate) fn addresses(&self) -> Result<At, Trouble> {
        let address = |listener: &TcpListener| {
            listener.local_addr().map_err(|error| {
                let happened = "An address was lost at once.";
                Trouble::new("ken.address", happened, NOTHING_DONE, "Try again.").because(error)
            })
        };
        Ok(At {
            http: address(&self.http)?,
            mllp: self.mllp.as_ref().map(address).transpose()?,
            metrics: self.metrics.as_ref().map(address).transpose()?,
        })
    }
}

/// What runs besides the listeners.
#[derive(Debug)]
pub(crate) struct Running {
    stop: CancellationToken,
    tasks: TaskTracker,
    requests: TaskTracker,
}

impl Running {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            requests: TaskTracker::new(),
        }
    }

    /// Starts to work in the background.
    pub(crate) fn work(&self, house: &mut House, beside: PathBuf, metrics: &PrometheusHandle) {
        let background = Background {
            db: house.db.clone(),
            clock: Arc::clone(&house.clock),
            ids: Arc::clone(&house.ids),
            stop: self.stop.clone(),
        };
        if let Some(sealer) = house.sealer.take() {
            self.tasks.spawn(background.clone().seal(sealer));
        }
        self.tasks.spawn(background.clone().remember());
        self.tasks.spawn(background.clone().sweep(house.keys.clone()));
        self.tasks.spawn(background.clone().measure_queue());
        self.tasks.spawn(background.clone().drain(metrics.clone()));
        self.tasks.spawn(background.clone().report());
        self.tasks.spawn(background.clone().look_for_room(house.keys_db.clone()));
        self.tasks.spawn(background.clone().follow(house.hub.index().clone()));
        self.tasks.spawn(background.timers(house.keys.clone()));
        let door = Door {
            db: house.db.clone(),
            keys: house.keys.clone(),
            dir: beside,
            clock: house.clock.clone(),
            ids: Arc::clone(&house.ids),
            witnesses: house.witnesses.clone(),
            log_key: house.log_key.clone(),
        };
        self.tasks.spawn(door.serve(self.stop.clone()));
    }

    /// Serves the record that an organisation of the demo keeps itself.
    pub(crate) fn keep(&self, record: Record, listener: TcpListener) {
        self.tasks.spawn(record.serve(listener, self.stop.clone()));
    }

    /// Starts to listen.
    pub(crate) fn listen(
        &self,
        house: &House,
        (site, base, portal): (Site, &str, Portal),
        listeners: Listeners,
        metrics: PrometheusHandle,
    ) {
        let passkeys = passkey::Site::new(base, &site.partnership);
        let parts = ken_http::Parts {
            db: house.db.clone(),
            keys: house.keys.clone(),
            gate: Arc::clone(&house.gate),
            hasher: house.hasher.clone(),
            clock: house.clock.clone(),
            ids: Arc::clone(&house.ids),
            index: house.hub.index().clone(),
            receipts: ken_ledger::Receipts::new(house.log_key.clone()),
            site,
            portal: Arc::new(portal),
            issuers: house.issuers.clone(),
            tasks: self.requests.clone(),
        };
        // Where browsers offer no passkeys (an address without a name), a password remains.
        let app = match passkeys {
            Ok(passkeys) => App::with_passkeys(parts, passkeys),
            Err(_) => App::new(parts),
        };
        let probe = Probe {
            db: house.db.clone(),
            keys_db: house.keys_db.clone(),
            clock: house.clock.clone(),
            ids: Arc::clone(&house.ids),
            metrics,
        };
        let probe: Arc<dyn ken_http::Probe> = Arc::new(probe);
        if let Some(metrics) = listeners.metrics {
            let asked = ken_http::serve_measures(metrics, Arc::clone(&probe), self.stop.clone());
            self.tasks.spawn(asked);
        }
        self.tasks.spawn(ken_http::serve(listeners.http, app, probe, self.stop.clone()));
        if let Some(mllp) = listeners.mllp {
            let (hub, most) = (Arc::clone(&house.hub), ken_hub::CONNECTIONS_MAX);
            self.tasks.spawn(ken_hub::serve(hub, mllp, most, self.stop.clone()));
        }
    }

    /// Waits until somebody wants it stopped, and stops.
    pub(crate) async fn until_stopped(self, house: House, mut signals: Signals) {
        signals.wait(&self.stop).await;
        tracing::info!("stopping: no new work is taken");
        for tracker in [&self.requests, &self.tasks] {
            tracker.close();
            if tokio::time::timeout(STOP_WAIT, tracker.wait()).await.is_err() {
                tracing::warn!(count = tracker.len(), "some work did not end in time");
            }
        }
        house.close().await;
        tracing::info!("stopped");
    }
}
