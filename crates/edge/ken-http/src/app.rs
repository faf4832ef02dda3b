//! What every handler is given.

use std::sync::Arc;

use ken_core::{Clock, Ctx, IdSource, RequestId};
use tokio_util::task::TaskTracker;

use crate::Site;

/// What the binary wires together for the pages.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and entropy.
    pub ids: Arc<dyn IdSource>,
    /// What the deployment is called.
    pub site: Site,
    /// The tasks of changing requests; the binary waits for them before it stops.
    pub tasks: TaskTracker,
}

/// The application, as handlers hold it; a clone is cheap.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

impl App {
    /// Takes the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn ids(&self) -> &dyn IdSource {
        &*self.0.ids
    }

    pub(crate) fn site(&self) -> &Site {
        &self.0.site
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// The context of one request.
    pub(crate) fn ctx(&self, request: RequestId) -> Ctx<'_> {
        Ctx { clock: self.clock(), ids: self.ids(), request }
    }
}
