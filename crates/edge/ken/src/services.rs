//! `ken services`: the directory of services: a response of ALISS told first and kept when asked,
//! whose entries they are, and the directory as open data.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use ken_core::{Clock as _, Ctx, EntryId, OrganisationId};
use ken_directory::service::{self, Fault, Plan, Response};
use ken_store::ambient::{SystemClock, SystemIds};
use ken_store::{Db, Snapshot, Tx};
use serde_json::json;

use crate::cli::Configured;
use crate::config::{Config, read_within};
use crate::house::{House, Places, database};
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// What a file that cannot be brought is called.
const CODE: &str = "directory.services-not-read";

/// What to do with the directory of services. Nothing is written without --write.
#[derive(Debug, Subcommand)]
pub(crate) enum Services {
    /// Say what a response of ALISS, version 5, would change; with --write, keep it
    Import {
        /// The response, as JSON: one page of services with its licence
        file: PathBuf,
        /// The configuration file, TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Keep what the file brings
        #[arg(long)]
        write: bool,
    },
    /// Say that a provider's entries are a registered organisation's, which may then correct them
    Claim {
        /// The provider's id, as `ken services list` has it
        provider: EntryId,
        /// The organisation
        #[arg(long, value_name = "ID")]
        organisation: OrganisationId,
        /// The configuration file, TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Do it
        #[arg(long)]
        write: bool,
    },
    /// Take an entry down: nobody reads it any more, and no import brings it back
    Withdraw {
        /// The entry's id, as `ken services list` has it
        service: EntryId,
        /// The configuration file, TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Do it
        #[arg(long)]
        write: bool,
    },
    /// Print the directory as open data
    Export {
        /// In which form
        #[arg(long, value_enum, default_value_t = Format::Hsds)]
        format: Format,
        /// The configuration file, TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// List the entries: id, provider's id, whose here, checked when, and the name
    List(Configured),
}

/// In which form the directory goes out.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Human Services Data Specification 3.0, Open Referral UK profile
    Hsds,
}

/// Runs the command.
pub(crate) async fn run(command: Services) -> Result<(), Trouble> {
    match command {
        Services::Import { file, config, write } => {
            let response = read(&file)?;
            let db = open(&config).await?;
            let done = import(&db, &response, write).await;
            db.close().await;
            done
        }
        Services::Claim { provider, organisation, config, write } => {
            let places = Places::configured(&Config::load(&config)?)?;
            claim(&places, (provider, &organisation), write).await
        }
        Services::Withdraw { service, config, write } => {
            withdraw(&Places::configured(&Config::load(&config)?)?, service, write).await
        }
        Services::Export { format: Format::Hsds, config } => {
            let db = open(&config).await?;
            let done = export(&db).await;
            db.close().await;
            done
        }
        Services::List(of) => {
            let db = open(&of.config).await?;
            let done = list(&db).await;
            db.close().await;
            done
        }
    }
}

async fn open(config: &Path) -> Result<Db, Trouble> {
    database(&Places::configured(&Config::load(config)?)?).await
}

fn read(file: &Path) -> Result<Response, Trouble> {
    let text = read_within(file, service::TEXT_MAX as u64, CODE, "response of ALISS")?;
    service::read(&text).map_err(|faults| {
        for Fault { at, says } in &faults {
            say::err(&format!("{at} {says}"));
        }
        let what = format!("This file cannot be brought: {} faults.", faults.len());
        Trouble::new(CODE, what, NOTHING_DONE, "Mend what is named, or ask the source.")
    })
}

async fn import(db: &Db, response: &Response, write: bool) -> Result<(), Trouble> {
    let ctx = Ctx::new(&SystemClock, &SystemIds);
    let plan = if write {
        let load = async |tx: &mut Tx| service::load(tx, &ctx, response).await;
        db.write("directory.services", load).await
    } else {
        let plan = async |s: &mut Snapshot| service::plan(s, response).await;
        db.snapshot("directory.services", plan).await
    };
    told(&plan.map_err(failed)?, response, write);
    Ok(())
}

fn told(plan: &Plan, response: &Response, write: bool) {
    let Plan { new, changed, left, same } = plan;
    for (what, ids) in [("new", new), ("changed", changed), ("left as it is here", left)] {
        for id in ids {
            say::out(&format!("{what}: {id}"));
        }
    }
    say::out(&format!("licence: {}", response.licence));
    for of in &response.attribution {
        say::out(&format!("to be named: {}", of.text));
    }
    say::out(&format!(
        "{} new, {} changed, {} left as it is here, {} as they were",
        new.len(),
        changed.len(),
        left.len(),
        same.len()
    ));
    if !write {
        say::out("Nothing was written.");
    }
}

/// Says whose entries they are, and seals what that entered.
async fn claim(
    places: &Places,
    (provider, of): (EntryId, &OrganisationId),
    write: bool,
) -> Result<(), Trouble> {
    if !write {
        say::out(&format!("the entries of {provider} would be {of}'s"));
        say::out("Nothing was written.");
        return Ok(());
    }
    let mut house = House::open(places).await?;
    let (ctx, keys) = (Ctx::new(&*house.clock, &*house.ids), &house.keys);
    let claim = async |tx: &mut Tx| service::claim(tx, &ctx, keys, (provider, of), None).await;
    let done = house.db.write("directory.claim", claim).await.map_err(failed);
    let sealed = house.seal_all().await;
    house.close().await;
    done?;
    sealed?;
    say::out(&format!("the entries of {provider} are {of}'s"));
    Ok(())
}

/// Takes an entry down, and seals what that entered.
async fn withdraw(places: &Places, id: EntryId, write: bool) -> Result<(), Trouble> {
    if !write {
        say::out(&format!("{id} would be withdrawn"));
        say::out("Nothing was written.");
        return Ok(());
    }
    let mut house = House::open(places).await?;
    let (ctx, keys) = (Ctx::new(&*house.clock, &*house.ids), &house.keys);
    let work = async |tx: &mut Tx| service::withdraw(tx, &ctx, keys, id).await;
    let done = house.db.write("directory.withdraw", work).await.map_err(failed);
    let sealed = house.seal_all().await;
    house.close().await;
    let is_done = done?;
    sealed?;
    say::out(&format!("{id} {}", if is_done { "is withdrawn" } else { "is not in the directory" }));
    Ok(())
}

async fn export(db: &Db) -> Result<(), Trouble> {
    let entries = db.snapshot("directory.services", async |s| service::list(s).await).await;
    let now = SystemClock.now();
    let all: Vec<_> =
        entries.map_err(failed)?.iter().map(|entry| service::whole(entry, now)).collect();
    say::out(&json!(all).to_string());
    Ok(())
}

async fn list(db: &Db) -> Result<(), Trouble> {
    let entries = db.snapshot("directory.services", async |s| service::list(s).await).await;
    let now = SystemClock.now();
    for entry in entries.map_err(failed)? {
        let (of, checked) = (&entry.service, entry.checked.strftime("%Y-%m-%d"));
        let whose = entry.organisation.as_ref().map_or("-", OrganisationId::as_str);
        let stale = if entry.is_stale(now) { "stale" } else { "" };
        let line =
            format!("{}\t{}\t{whose}\t{checked}\t{}\t{stale}", of.id, of.provider.id, of.says.name);
        say::out(line.trim_end());
    }
    Ok(())
}

fn failed(error: ken_directory::Error) -> Trouble {
    let next = "If Ken runs on this database, stop it; otherwise look the code up.";
    Trouble::new(error.code(), "The directory could not be read or written.", NOTHING_DONE, next)
        .because(error)
}
