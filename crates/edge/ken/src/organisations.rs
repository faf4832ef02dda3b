//! `ken organisations`: public bodies from a seed file, told first and registered when asked.

use std::path::Path;

use ken_core::{Ctx, OrganisationId, PartnershipId};
use ken_directory::organisation;
use ken_directory::partnership::{self, Partnership};
use ken_directory::seed::{self, Plan, SCOTLAND, Seed, SeedError};
use ken_store::ambient::{SystemClock, SystemIds};
use ken_store::{Db, Snapshot, Tx};

use crate::cli::Organisations;
use crate::config::{Config, read_within};
use crate::house::{Places, database};
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// What a file that cannot be loaded is called.
const CODE: &str = "directory.seed-not-read";

/// Runs the command.
pub(crate) async fn run(command: Organisations) -> Result<(), Trouble> {
    match command {
        Organisations::Import { file, config, write } => {
            let seed = read(file.as_deref())?;
            let db = open(&config).await?;
            let done = import(&db, &seed, write).await;
            db.close().await;
            done
        }
        Organisations::Partnerships { file, config } => {
            let text = read_within(&file, seed::TEXT_MAX as u64, CODE, "file of partnerships")?;
            let all = partnership::parse(&text).map_err(unread)?;
            let db = open(&config).await?;
            let done = register(&db, &all).await;
            db.close().await;
            done
        }
        Organisations::List(of) => {
            let db = open(&of.config).await?;
            let listed = list(&db).await;
            db.close().await;
            listed
        }
    }
}

async fn open(config: &Path) -> Result<Db, Trouble> {
    database(&Places::configured(&Config::load(config)?)?).await
}

/// Registers all of them or none, and says how the tree stands.
async fn register(db: &Db, all: &[Partnership]) -> Result<(), Trouble> {
    let ctx = Ctx::new(&SystemClock, &SystemIds);
    let put = async |tx: &mut Tx| {
        for one in all {
            partnership::register(tx, &ctx, one).await?;
        }
        partnership::list(tx).await
    };
    for one in db.write("directory.partnerships", put).await.map_err(failed)? {
        let above = one.above.as_ref().map_or("-", PartnershipId::as_str);
        let (level, members) = (one.level.as_str(), one.members.len());
        say::out(&format!("{}\t{level}\t{above}\t{}\t{members} members", one.id, one.name));
    }
    Ok(())
}

fn read(file: Option<&Path>) -> Result<Seed, Trouble> {
    let text = match file {
        Some(file) => read_within(file, seed::TEXT_MAX as u64, CODE, "file of public bodies")?,
        None => SCOTLAND.to_owned(),
    };
    Seed::parse(&text).map_err(unread)
}

fn unread(error: SeedError) -> Trouble {
    let next = "Mend what is named, or use the file that comes with the program.";
    Trouble::new(error.code(), "This file cannot be loaded.", NOTHING_DONE, next).because(error)
}

async fn import(db: &Db, seed: &Seed, write: bool) -> Result<(), Trouble> {
    let ctx = Ctx::new(&SystemClock, &SystemIds);
    let plan = if write {
        db.write("directory.seed", async |tx: &mut Tx| seed::load(tx, &ctx, seed).await).await
    } else {
        let read = async |s: &mut Snapshot| seed::plan(s, seed).await;
        db.snapshot("directory.seed", read).await
    };
    let plan = plan.map_err(failed)?;
    told(&plan, write);
    if plan.otherwise.is_empty() {
        return Ok(());
    }
    Err(Trouble::new(
        "ken.organisations-otherwise",
        format!("{} bodies are registered otherwise than the file says.", plan.otherwise.len()),
        NOTHING_DONE,
        "Compare each with its source. Correct the file, or what is registered.",
    ))
}

fn told(plan: &Plan, write: bool) {
    let is_done = write && plan.otherwise.is_empty();
    let word = if is_done { "registered" } else { "new" };
    for id in &plan.new {
        say::out(&format!("{word}: {id}"));
    }
    for seed::Otherwise { id, what } in &plan.otherwise {
        say::out(&format!("otherwise: {id}: {what}"));
    }
    let (new, same, otherwise) = (plan.new.len(), plan.same, plan.otherwise.len());
    say::out(&format!("{new} {word}, {same} as the file says, {otherwise} otherwise"));
    if !is_done {
        say::out("Nothing was written.");
    }
}

async fn list(db: &Db) -> Result<(), Trouble> {
    let read = async |s: &mut Snapshot| {
        let mut lines = vec![];
        for one in organisation::list(s).await? {
            let (code, parts) = (seed::code(s, &one.id).await?, seed::parts(s, &one.id).await?);
            let parts: Vec<_> = parts.iter().map(OrganisationId::as_str).collect();
            let of = if parts.is_empty() { String::new() } else { parts.join(" ") };
            let code = code.unwrap_or_default();
            lines.push(format!("{}\t{code}\t{}\t{}\t{of}", one.id, one.kind, one.name));
        }
        Ok::<_, ken_directory::Error>(lines)
    };
    for line in db.snapshot("directory.list", read).await.map_err(failed)? {
        say::out(line.trim_end());
    }
    Ok(())
}

fn failed(error: ken_directory::Error) -> Trouble {
    let next = "If Ken runs on this database, stop it; otherwise look the code up.";
    Trouble::new(error.code(), "The register could not be read or written.", NOTHING_DONE, next)
        .because(error)
}
