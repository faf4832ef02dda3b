//! `ken demo`: a whole made-up partnership, on this machine alone.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use ken_demo::endpoint::{self, Record};
use ken_demo::{Account, Built, Parts};
use ken_http::{DemoAccount, Site};
use ken_hub::portal::Portal;
use tokio::net::TcpListener;

use crate::cli::Demo;
use crate::config::{Format, Log};
use crate::house::{House, Places};
use crate::progress::Shown;
use crate::ready::Ready;
use crate::run::{Listeners, Running};
use crate::stop::Signals;
use crate::trouble::{DATA_SAFE, NOTHING_DONE, Trouble};
use crate::{house, say, telemetry};

/// How often the build is taken up before it is given up: a machine that is too busy for one write
/// is seldom so for long.
const BUILD_TRIES_MAX: u32 = 3;

/// Where the demo keeps its data unless it is told: beside where it was started.
pub(crate) fn usual_directory() -> PathBuf {
    PathBuf::from("ken-demo-data")
}

/// Runs the demo until it is stopped.
pub(crate) async fn run(command: Demo) -> Result<(), Trouble> {
    telemetry::log(&Log { format: Format::Text, level: command.log })?;
    let metrics = telemetry::metrics()?;
    let signals = Signals::listen()?;
    let flags = ["--listen ADDRESS:PORT", "--mllp ADDRESS:PORT", "--metrics ADDRESS:PORT"];
    let wanted = (command.listen, Some(command.mllp), command.metrics);
    let listeners = Listeners::take(wanted, flags).await?;
    let at = listeners.addresses()?;
    let data = command.data.unwrap_or_else(usual_directory);
    let places = Places::demo(&data, command.database_url_file.as_deref())?;
    let mut house = House::open(&places).await?;
    if let Some(file) = &command.database_url_file {
        house::keep_address(&data, file)?;
    }
    let running = Running::new();
    running.work(&mut house, data.clone(), &metrics);
    let built = build(&house, &data, Shown::new(command.progress)).await?;
    let accounts = &built.partnership.accounts;
    // Browsers offer passkeys on `localhost` and on no bare number.
    let base = format!("http://localhost:{}", at.http.port());
    let portal = keep_record(&running, &house, &built).await?;
    running.listen(&house, (site(accounts), &base, portal), listeners, metrics);
    let shown = std::path::absolute(&data).unwrap_or(data);
    let ready = Ready { at, data: &shown, accounts };
    say::out(&if command.json { ready.json() } else { ready.table() });
    running.until_stopped(house, signals).await;
    Ok(())
}

/// Serves the record that one organisation of the demo keeps itself, and says how it is asked.
async fn keep_record(running: &Running, house: &House, built: &Built) -> Result<Portal, Trouble> {
    let trouble = |happened: &str| {
        Trouble::new("ken.address", happened, NOTHING_DONE, "Start the demo again.")
    };
    let lost = |error| trouble("No address for a source of the demo was free.").because(error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(lost)?;
    let settings = endpoint::settings(listener.local_addr().map_err(lost)?);
    let portal = settings.and_then(|settings| Portal::new(vec![settings]));
    let portal = portal.map_err(|error| trouble("A source cannot be asked.").because(error))?;
    running.keep(Record::new(&built.partnership, house.clock.clone()), listener);
    Ok(portal)
}

async fn build(house: &House, data: &Path, shown: Shown) -> Result<Built, Trouble> {
    let parts = Parts {
        db: house.db.clone(),
        keys: house.keys.clone(),
        hub: house.hub.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        hasher: house.hasher.clone(),
        data: data.to_owned(),
    };
    let note = |progress| shown.note(progress);
    let mut built = ken_demo::build(&parts, &note).await;
    for _ in 1..BUILD_TRIES_MAX {
        let Err(error) = &built else { break };
        tracing::warn!(error.code = error.code(), "the build goes on where it stopped");
        built = ken_demo::build(&parts, &note).await;
    }
    shown.finish();
    built.map_err(|error| {
        let (happened, next) = match error {
            ken_demo::Error::Foreign => (
                "The directory and the database do not belong together.",
                "Give the directory that this database was built from, or an empty directory with \
                 an empty database.",
            ),
            _ => (
                "The made-up partnership could not be built.",
                "Start again: it goes on where it stopped. If that does not help, choose an empty \
                 directory with --data DIR.",
            ),
        };
        Trouble::new(error.code(), happened, DATA_SAFE, next).because(error)
    })
}

fn site(accounts: &[Account]) -> Site {
    let account = |one: &Account| DemoAccount {
        account: one.id,
        name: one.name.clone(),
        organisation: match one.organisation {
            "" => "Their own record".to_owned(),
            organisation => organisation.to_owned(),
        },
        role: one.role.to_owned(),
        try_first: one.try_first.clone(),
    };
    Site {
        partnership: "Glen".to_owned(),
        made_up: true,
        secure: false,
        proxies: Vec::new(),
        help_phone: Some(ken_demo::place::office(99)),
        help_email: Some("help@glen.example".to_owned()),
        demo_accounts: accounts.iter().map(account).collect(),
    }
}
