//! `cargo xtask bench`: what Ken does in a second, as a table, beside the disk's own rate.
//!
//! Invariants: every durable figure stands beside the fsync rate that was measured next to it,
//! because a disk does between 200 and 9,000 a second and a client that waits for each answer
//! cannot beat connections times that rate; every loop is bounded in count and in time; no
//! address but loopback is ever a target.

mod disk;
mod http;
mod mllp;
mod page;
mod program;
mod sample;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::postgres::{self, Postgres};
use crate::server::Server;
use crate::{say, tree};
use mllp::Load;
use sample::Samples;

/// Where the figures' data lies while they are taken: on the disk that is measured.
const FOLDER: &str = "target/bench";
/// How long the disk is measured: long enough for a rate, short enough to stand beside others.
const DISK_TIME: Duration = Duration::from_secs(2);
/// The database of the loads on the second engine; made anew each time.
const DATABASE: &str = "ken_bench";
/// How many people's pages are opened in turn: distinct, and few enough to look up first.
const PAGES: usize = 200;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Only these parts; all of them when none is named
    #[arg(value_parser = PARTS)]
    parts: Vec<String>,
    /// Seconds for each load
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Connections of each load
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// People that the messages are about
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    people: u32,
    /// Only this engine, where a part loads both
    #[arg(long, value_parser = ENGINES)]
    engine: Option<String>,
    /// Load the debug build: to try the drivers, not to measure
    #[arg(long)]
    debug: bool,
}

/// The parts by name, in their order.
const PARTS: [&str; 8] = ["disk", "store", "ledger", "hl7", "gate", "replay", "mllp", "page"];

/// The engines by name.
const ENGINES: [&str; 2] = ["sqlite", "postgres"];

/// Programs of the crates that measure themselves: part, crate, example.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("store", "ken-store", "commit_rate"),
    ("ledger", "ken-ledger", "append_speed"),
    ("hl7", "ken-hl7", "throughput"),
    ("gate", "ken-sharing", "decide_rate"),
    ("replay", "ken-office", "replay_rate"),
];

impl Wanted {
    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }

    fn wants_engine(&self, engine: &str) -> bool {
        self.engine.as_ref().is_none_or(|wanted| wanted == engine)
    }
}

/// Measures the parts that exist and prints what each said.
pub(crate) fn run(wanted: &Wanted) -> Result<ExitCode> {
    let root = tree::root()?;
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("could not make {}", folder.display()))?;
    let mut table = Table { folder, rows: Vec::new() };
    let postgres = engine(wanted);
    if wanted.wants("disk") {
        table.disk("alone")?;
    }
    for (part, owner, example) in PROGRAMS {
        if wanted.wants(part) {
            let address = postgres.as_ref().map(Postgres::url);
            program::run(&root, (owner, example), &table.folder, address)?;
            table.disk(&format!("after {part}"))?;
        }
    }
    if wanted.wants("mllp") || wanted.wants("page") {
        if wanted.wants_engine("sqlite") {
            table.server(&root, wanted, None)?;
        }
        if let Some(postgres) = &postgres {
            table.server(&root, wanted, Some(postgres))?;
        }
    }
    for row in &table.rows {
        say::line(row);
    }
    Ok(ExitCode::SUCCESS)
}

/// The second engine, for the parts that measure both; without it they measure one and say so.
fn engine(wanted: &Wanted) -> Option<Postgres> {
    let is_used =
        ["store", "ledger", "replay", "mllp", "page"].iter().any(|part| wanted.wants(part));
    if !is_used || !wanted.wants_engine("postgres") {
        return None;
    }
    let started = Postgres::start(&std::env::temp_dir());
    if let Err(error) = &started {
        say::line(&format!("{}: not measured: {error:#}", postgres::SETTING));
    }
    started.ok()
}

/// What has been measured, and the disk's own rate whenever it was.
struct Table {
    folder: PathBuf,
    rows: Vec<String>,
}

impl Table {
    fn row(&mut self, what: &str, samples: &Samples) {
        let row = format!("{what:<44} {samples}");
        say::line(&row);
        self.rows.push(row);
    }

    fn disk(&mut self, when: &str) -> Result<f64> {
        let syncs = disk::fsync(&self.folder, DISK_TIME)?;
        self.row(&format!("disk, {when}: fsync of 4 KiB"), &syncs);
        Ok(syncs.per_second())
    }

    /// The loads on a demo of its own: messages first, then the pages of whom they are about.
    fn server(&mut self, root: &Path, wanted: &Wanted, on: Option<&Postgres>) -> Result<()> {
        let engine = if on.is_some() { "PostgreSQL" } else { "SQLite" };
        self.rows.push(format!("ken demo on {engine}:"));
        let data = self.folder.join("demo");
        if data.exists() {
            std::fs::remove_dir_all(&data).context("could not empty the demo's folder")?;
        }
        let binary = if wanted.debug { "target/debug/ken" } else { "target/release/ken" };
        if !wanted.debug {
            program::build(root, &["--package", "ken"])?;
        }
        let database = on.map(|server| self.database(server)).transpose()?;
        let server = Server::start(&root.join(binary), &data, database.as_deref())?;
        let memory = |server: &Server| server.memory_mib().unwrap_or_default();
        let (ready, mib) = (server.ready.as_secs_f64(), memory(&server));
        self.rows.push(format!("ken demo, first start: {ready:.1} s, {mib} MiB"));
        self.messages(&server, wanted)?;
        if wanted.wants("page") {
            self.pages(&server, wanted)?;
        }
        self.rows.push(format!("ken demo, after the loads: {} MiB", memory(&server)));
        Ok(())
    }

    /// A file with the address of an empty database.
    fn database(&self, server: &Postgres) -> Result<PathBuf> {
        let file = self.folder.join("database-url");
        std::fs::write(&file, server.fresh(DATABASE)?).context("could not note an address")?;
        Ok(file)
    }

    fn messages(&mut self, server: &Server, wanted: &Wanted) -> Result<()> {
        let load = Load {
            target: server.mllp,
            connections: usize::from(wanted.connections),
            people: usize::try_from(wanted.people).unwrap_or(1),
            time: Duration::from_secs(wanted.seconds),
            run: 1,
        };
        let connections = load.connections;
        let syncs = self.disk("before MLLP")?;
        let spread = mllp::send(&load)?;
        self.row(&format!("MLLP, {connections} conns, {} people", load.people), &spread);
        self.bound(spread.per_second(), 2000.0, connections, syncs);
        if wanted.wants("mllp") {
            let one = mllp::send(&Load { people: 1, run: 2, ..load })?;
            self.row(&format!("MLLP, {connections} conns, one person"), &one);
            let alone = mllp::send(&Load { connections: 1, run: 3, ..load })?;
            self.row("MLLP, one conn", &alone);
        }
        Ok(())
    }

    fn pages(&mut self, server: &Server, wanted: &Wanted) -> Result<()> {
        let connections = usize::from(wanted.connections);
        let name = page::practitioner(&server.accounts).context("no practitioner to sign in as")?;
        let mut client = page::sign_in(server.http, name)?;
        let everybody = mllp::people(usize::try_from(wanted.people).unwrap_or(PAGES));
        // The first is whom the load of one person is about: measured apart, below.
        let others = everybody.get(1..).filter(|rest| !rest.is_empty()).unwrap_or(&everybody);
        let count = PAGES.min(others.len());
        // Some of them all, so that what is held of the others is in the way as it is in life.
        let some: Vec<_> = others.iter().step_by(others.len() / count).take(count).collect();
        let pages = page::find(&mut client, &some)?;
        let syncs = self.disk("before pages")?;
        let time = Duration::from_secs(wanted.seconds);
        let spread = page::open(&client, &pages, connections, time)?;
        let people = everybody.len();
        self.row(&format!("person page, {connections} conns, {count} of {people} people"), &spread);
        self.bound(spread.per_second(), 1000.0, connections, syncs);
        let first = pages.get(..1).unwrap_or_default();
        let one = page::open(&client, first, connections, time)?;
        self.row(&format!("person page, {connections} conns, one person"), &one);
        if wanted.wants("mllp") {
            // Its first connection has been idle for too long.
            let mut again = client.again()?;
            let told_most = page::find(&mut again, &everybody.iter().take(1).collect::<Vec<_>>())?;
            let most = page::open(&client, &told_most, connections, time)?;
            self.row(&format!("person page, {connections} conns, thousands of events"), &most);
            let filtered: Vec<_> = told_most.iter().map(|way| page::filtered(way)).collect();
            let most = page::open(&client, &filtered, connections, time)?;
            self.row(&format!("chronology, filtered, {connections} conns, the same"), &most);
        }
        Ok(())
    }

    /// What is asked: the lesser of a fixed rate and what the disk lets such clients have.
    fn bound(&mut self, rate: f64, fixed: f64, connections: usize, syncs: f64) {
        let connections = f64::from(u32::try_from(connections).unwrap_or(u32::MAX));
        let disk = 0.6 * connections * syncs;
        let (asked, limit) = if disk < fixed { (disk, "the disk") } else { (fixed, "the target") };
        let word = if rate >= asked { "met" } else { "MISSED" };
        self.rows.push(format!("  asked: {asked:.0}/s ({limit}); {word} with {rate:.0}/s"));
    }
}
