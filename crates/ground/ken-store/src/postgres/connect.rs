//! Connecting, and refusing databases that would sort or keep otherwise than we promise.

use std::net::IpAddr;
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

use super::{error, tls};
use crate::{Limits, OpenError, sql};

/// Longest wait for a new connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A pool of connections to `address`, each with our limits, and under transport security where
/// there is an authority to trust.
pub(super) fn pool(
    address: &str,
    authority: Option<&str>,
    limits: &Limits,
) -> Result<Pool, OpenError> {
    let mut config: Config = address.parse().map_err(|_| OpenError::Address)?;
    way(&config, authority.is_some())?;
    let own = config.get_options().unwrap_or_default().to_owned();
    let ms = |limit: Duration| limit.as_millis();
    // A connection only reads, but in a transaction that says otherwise: a statement is sent behind
    // its `BEGIN` before that is answered, and must keep nothing where the `BEGIN` is refused.
    // A lock that is waited for too long is a lost race, not a slow statement: it ends first.
    // Every look has its index. A server that does not know yet how much a table holds would read
    // it whole, for each message, until it has counted.
    let options = format!(
        "{own} -c statement_timeout={} -c lock_timeout={} \
         -c idle_in_transaction_session_timeout={} -c synchronous_commit=on \
         -c default_transaction_read_only=on \
         -c enable_seqscan=off -c jit=off \
         -c standard_conforming_strings=on -c timezone=UTC",
        ms(limits.statement),
        ms(limits.statement * 9 / 10).max(1),
        ms(limits.turn.max(limits.snapshot)),
    );
    config.options(options).application_name("ken").connect_timeout(CONNECT);
    let fast = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match authority {
        Some(authority) => {
            config.ssl_mode(SslMode::Require);
            Manager::from_config(config, tls::trusting(authority)?, fast)
        }
        None => Manager::from_config(config, NoTls, fast),
    };
    Pool::builder(manager)
        .max_size(limits.connections)
        .wait_timeout(Some(limits.wait))
        .create_timeout(Some(CONNECT))
        .recycle_timeout(Some(CONNECT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| OpenError::Address)
}

/// Whether what is said to the servers that the address names stays between the two.
fn way(config: &Config, is_trusting: bool) -> Result<(), OpenError> {
    let hosts = config.get_hosts();
    let mode = config.get_ssl_mode();
    if !is_trusting {
        return match mode {
            SslMode::Require => Err(OpenError::NoTls),
            _ if is_here(config) => Ok(()),
            _ => Err(OpenError::PlainText),
        };
    }
    let why = if mode == SslMode::Disable {
        "`sslmode=disable` turns it off"
    } else if hosts.is_empty() {
        "no `host` says which name the certificate must have"
    } else if hosts.iter().any(|host| matches!(host, Host::Unix(_))) {
        "a unix socket has none, and needs none"
    } else {
        return Ok(());
    };
    Err(OpenError::NoWay { why })
}

/// The first connection: whoever starts Ken is told why there is none.
pub(super) async fn first(pool: &Pool) -> Result<Object, OpenError> {
    pool.get().await.map_err(|refused| {
        let by_tls = match &refused {
            PoolError::Backend(cause) => tls::refused(cause),
            _ => None,
        };
        by_tls.unwrap_or_else(|| super::no_connection(&refused).into())
    })
}

/// Whether every server that the address names is on this machine: by a socket, or by loopback.
/// `localhost` counts; a name that is looked up elsewhere does not.
fn is_here(config: &Config) -> bool {
    let by_name = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let address = name.parse::<IpAddr>().map(|address| address.is_loopback());
            address.unwrap_or(name == "localhost")
        }
    };
    // Where addresses are given, names are not looked up.
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(by_name),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    }
}

/// Checks collation, encoding and durability.
pub(super) async fn check(client: &tokio_postgres::Client) -> Result<(), OpenError> {
    let row =
        client.query_one(sql::POSTGRES_FACTS, &[]).await.map_err(|cause| error::of(&cause))?;
    let text = |index: usize| row.try_get::<_, String>(index).unwrap_or_default();
    fit([0, 1, 2, 3, 4, 5].map(text))
}

/// Whether a database with this collation, encoding and settings keeps our promises.
fn fit([collation, encoding, fsync, pages, commit, reads]: [String; 6]) -> Result<(), OpenError> {
    if !["C", "POSIX"].contains(&collation.as_str()) {
        return Err(OpenError::Collation { found: collation });
    }
    if encoding != "UTF8" {
        return Err(OpenError::Collation { found: format!("{collation}, encoding {encoding}") });
    }
    // What a connection asks for itself is lost on the way through some poolers.
    let settings = [
        ("fsync", fsync),
        ("full_page_writes", pages),
        ("synchronous_commit", commit),
        ("default_transaction_read_only", reads),
    ];
    for (setting, found) in settings {
        if found != "on" {
            return Err(OpenError::NotDurable { setting, found, wanted: "on" });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_to_another_machine_in_plain_text() {
        let check = |address: &str, want: &str| {
            let told = pool(address, None, &Limits::default());
            let told = told.map_or_else(|refused| refused.code(), |_| "ok");
            assert_eq!(told, want, "{address}");
        };
        check("postgres://ken@127.0.0.1:5432/ken", "ok");
        check("postgres://ken@localhost/ken", "ok");
        check("postgres://ken@[::1]/ken", "ok");
        check("postgres://ken@%2Frun%2Fpostgresql/ken", "ok");
        check("host=db.example hostaddr=127.0.0.1 user=ken", "ok");
        check("postgres://ken@localhost/ken?sslmode=disable", "ok");
        check("postgres://ken@db.example/ken", "store.plain-text");
        check("postgres://ken@10.0.0.7/ken", "store.plain-text");
        check("postgres://ken@db.example/ken?sslmode=disable", "store.plain-text");
        check("postgres://ken@db.example/ken?sslmode=prefer", "store.plain-text");
        check("postgres://ken@localhost,db.example/ken", "store.plain-text");
        check("postgres://ken@localhost.db.example/ken", "store.plain-text");
        check("host=localhost hostaddr=10.0.0.7 user=ken", "store.plain-text");
        check("postgres://ken@db.example/ken?sslmode=require", "store.no-tls");
        check("postgres://ken@localhost/ken?sslmode=require", "store.no-tls");
        check("postgres://ken@localhost/ken?sslmode=verify-full", "store.address");
    }

    #[test]
    fn an_authority_is_never_left_unused() {
        let authority = include_str!("../../tests/it/tls/authority.pem");
        let check = |address: &str, authority: &str, want: &str| {
            let told = pool(address, Some(authority), &Limits::default());
            let told = told.map_or_else(|refused| refused.to_string(), |_| "ok".to_owned());
            assert!(told.contains(want), "{address}: {told}");
        };
        check("postgres://ken@db.example/ken", authority, "ok");
        check("postgres://ken@db.example/ken?sslmode=require", authority, "ok");
        check("host=db.example hostaddr=10.0.0.7 user=ken", authority, "ok");
        check("postgres://ken@db.example/ken?sslmode=disable", authority, "turns it off");
        check("postgres://ken@%2Frun%2Fpostgresql/ken", authority, "a unix socket");
        check("hostaddr=10.0.0.7 user=ken", authority, "no `host`");
        let wrong = "holds no certificate";
        check("postgres://ken@db.example/ken", "", wrong);
        check("postgres://ken@db.example/ken", "BEGIN CERTIFICATE", wrong);
        let cut: String = authority.chars().take(200).collect();
        check("postgres://ken@db.example/ken", &cut, wrong);
        let other = authority.replace('M', "N");
        check("postgres://ken@db.example/ken", &other, wrong);
        let key = include_str!("../../tests/it/tls/server-key.pem");
        check("postgres://ken@db.example/ken", key, wrong);
    }

    #[test]
    fn a_server_that_would_not_keep_what_it_acknowledges_is_refused() {
        let check = |facts: [&str; 6], want: &str| {
            let told = fit(facts.map(str::to_owned));
            let told = told.map_or_else(|refused| refused.to_string(), |()| "ok".to_owned());
            assert!(told.contains(want), "{facts:?}: {told}");
        };
        check(["C", "UTF8", "on", "on", "on", "on"], "ok");
        check(["C", "UTF8", "off", "on", "on", "on"], "`fsync` is `off`");
        check(["C", "UTF8", "on", "off", "on", "on"], "`full_page_writes` is `off`");
        check(["C", "UTF8", "on", "on", "off", "on"], "`synchronous_commit` is `off`");
        check(["C", "UTF8", "on", "on", "local", "on"], "`synchronous_commit` is `local`");
        check(["C", "UTF8", "on", "on", "on", "off"], "`default_transaction_read_only` is `off`");
        check(["C", "UTF8", "", "", "", "on"], "`fsync` is ``");
        check(["en_GB.UTF-8", "UTF8", "on", "on", "on", "on"], "collation `en_GB.UTF-8`");
        check(["C", "LATIN1", "on", "on", "on", "on"], "encoding LATIN1");
    }
}
