//! `ken serve`, `ken check-config` and `ken migrate`: a partnership that a file describes.

use ken_http::Site;

use crate::cli::Configured;
use crate::config::{Config, Database};
use crate::house::{House, Places, database, reach};
use crate::run::{At, Listeners, Running};
use crate::stop::Signals;
use crate::trouble::Trouble;
use crate::{forms, portal, say, telemetry};

/// Serves until stopped.
pub(crate) async fn run(command: Configured) -> Result<(), Trouble> {
    let config = Config::load(&command.config)?;
    telemetry::log(&config.log)?;
    let metrics = telemetry::metrics()?;
    let signals = Signals::listen()?;
    let flags = ["the key `listen`", "the key `mllp`", "the key `metrics`"];
    let wanted = (config.listen, config.mllp, config.metrics);
    let listeners = Listeners::take(wanted, flags).await?;
    let At { http, mllp, metrics: measures } = listeners.addresses()?;
    forms::install(config.forms.as_deref())?;
    let (places, portal) = (Places::configured(&config)?, portal::of(&config.portal)?);
    let mut house = House::open(&places).await?;
    let running = Running::new();
    running.work(&mut house, places.beside, &metrics);
    running.listen(&house, (site(&config), &config.base_url, portal), listeners, metrics);
    if let Some(mllp) = mllp {
        tracing::info!(address = %mllp, "messages are taken");
    }
    if let Some(measures) = measures {
        tracing::info!(address = %measures, "measures are served");
    }
    tracing::info!(address = %http, "ready");
    running.until_stopped(house, signals).await;
    Ok(())
}

/// Says whether a configuration is good, and whether the server of the database that it names is
/// there, is the one that was meant, and is fit; nothing is changed there.
pub(crate) async fn check_config(command: &Configured) -> Result<(), Trouble> {
    let config = Config::load(&command.config)?;
    forms::read(config.forms.as_deref())?;
    let places = Places::configured(&config)?;
    portal::of(&config.portal)?;
    match config.database()? {
        Database::Directory(_) => say::out("The configuration is good."),
        Database::Server { .. } => {
            reach(&places).await?;
            say::out("The configuration is good, and the database server answers.");
        }
    }
    Ok(())
}

/// Brings the tables up to date.
pub(crate) async fn migrate(command: &Configured) -> Result<(), Trouble> {
    let config = Config::load(&command.config)?;
    let db = database(&Places::configured(&config)?).await?;
    db.close().await;
    say::out("The database is up to date.");
    Ok(())
}

fn site(config: &Config) -> Site {
    Site {
        partnership: config.partnership.clone(),
        made_up: false,
        secure: config.is_secure(),
        proxies: config.proxies.clone(),
        help_phone: config.help_phone.clone(),
        help_email: config.help_email.clone(),
        demo_accounts: Vec::new(),
    }
}
