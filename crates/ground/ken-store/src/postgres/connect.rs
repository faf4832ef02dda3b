//! Connecting, and refusing databases that would sort or keep otherwise than we promise.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls};

use super::error;
use crate::{Limits, OpenError, sql};

/// Longest wait for a new connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A pool of connections to `address`, each with our limits.
pub(super) fn pool(address: &str, limits: &Limits) -> Result<Pool, OpenError> {
    let mut config: Config = address.parse().map_err(|_| OpenError::Address)?;
    let own = config.get_options().unwrap_or_default().to_owned();
    let ms = |limit: Duration| limit.as_millis();
    // A lock that is waited for too long is a lost race, not a slow statement: it ends first.
    let options = format!(
        "{own} -c statement_timeout={} -c lock_timeout={} \
         -c idle_in_transaction_session_timeout={} -c synchronous_commit=on \
         -c standard_conforming_strings=on -c timezone=UTC",
        ms(limits.statement),
        ms(limits.statement * 9 / 10).max(1),
        ms(limits.turn.max(limits.snapshot)),
    );
    config.options(options).application_name("ken").connect_timeout(CONNECT);
    let fast = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(Manager::from_config(config, NoTls, fast))
        .max_size(limits.connections)
        .wait_timeout(Some(limits.wait))
        .create_timeout(Some(CONNECT))
        .recycle_timeout(Some(CONNECT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| OpenError::Address)
}

/// Checks collation, encoding and durability.
pub(super) async fn check(client: &tokio_postgres::Client) -> Result<(), OpenError> {
    let row =
        client.query_one(sql::POSTGRES_FACTS, &[]).await.map_err(|cause| error::of(&cause))?;
    let text = |index: usize| row.try_get::<_, String>(index).unwrap_or_default();
    let (collation, encoding) = (text(0), text(1));
    if !["C", "POSIX"].contains(&collation.as_str()) {
        return Err(OpenError::Collation { found: collation });
    }
    if encoding != "UTF8" {
        return Err(OpenError::Collation { found: format!("{collation}, encoding {encoding}") });
    }
    for (setting, found) in [("fsync", text(2)), ("full_page_writes", text(3))] {
        if found != "on" {
            return Err(OpenError::NotDurable { setting, found, wanted: "on" });
        }
    }
    Ok(())
}
