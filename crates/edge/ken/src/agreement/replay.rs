//! `ken agreement replay`: a draft tried on the decisions of the last days, also while Ken runs.
//!
//! It changes nothing; `SIGINT` ends it at any moment.

use std::fs;
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use ken_agreement::Instrument;
use ken_core::{Ctx, IdSource as _};
use ken_office::replay::{self, DAYS_MAX, Direction, Line, Report};
use ken_store::ambient::SystemIds;
use tokio_util::sync::CancellationToken;

use crate::cli::Whose;
use crate::house::{House, Places};
use crate::progress::Bar;
use crate::stop::Signals;
use crate::trouble::{NOTHING_DONE, Trouble};
use crate::{control, ledger, say};

/// What is tried on what.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The draft, as a file
    draft: PathBuf,
    /// How many days back
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=731))]
    days: u16,
    /// Print what was found as one JSON object
    #[arg(long)]
    json: bool,
    /// Whose decisions
    #[command(flatten)]
    of: Whose,
}

/// Runs the command.
pub(super) async fn run(of: Replay) -> Result<(), Trouble> {
    let draft = super::open(&of.draft)?;
    let places = ledger::places(of.of)?;
    let mut signals = Signals::listen()?;
    let bar = Arc::new(Bar::new("Replaying decisions"));
    let stop = CancellationToken::new();
    let report = if let Some(stream) = control::connect(&places.beside) {
        let end = stream.try_clone().map_err(|error| failed("no answer").because(error))?;
        let asked = asked(stream, places.beside.clone(), (draft, of.days), Arc::clone(&bar));
        tokio::select! {
            report = asked => report?,
            () = signals.wait(&stop) => {
                // Whoever was asked hears that nobody listens, and ends it.
                let _ = end.shutdown(Shutdown::Both);
                return Err(stopped());
            }
        }
    } else {
        tokio::select! {
            report = alone(&places, draft, of.days, &bar) => report?,
            () = signals.wait(&stop) => return Err(stopped()),
        }
    };
    bar.finish();
    let json = || serde_json::to_string(&report).map_err(|_| failed("office.corrupt"));
    say::out(&if of.json { json()? } else { told(&report) });
    Ok(())
}

/// Has a running Ken try it: the draft passes in its directory, and so does what was found.
async fn asked(
    stream: std::os::unix::net::UnixStream,
    dir: PathBuf,
    (draft, days): (Instrument, u16),
    bar: Arc<Bar>,
) -> Result<Report, Trouble> {
    let name = format!("{}-{}.tmp", control::REPLAY, SystemIds.random());
    let beside = Passing(dir.join(&name));
    control::write_new(&beside.0, draft.canonical_json().as_bytes())
        .map_err(|error| failed("ken.export-file").because(error))?;
    let question = format!("{} {name} {days}", control::REPLAY);
    let asking = tokio::task::spawn_blocking(move || {
        control::ask_on(stream, &question, &|done, of| bar.note(done, of))
    });
    let written = asking.await.map_err(|_| failed("no answer"))??;
    let found = Passing(dir.join(written));
    let text = fs::read_to_string(&found.0).map_err(|error| failed("no answer").because(error))?;
    serde_json::from_str(&text).map_err(|_| failed("office.corrupt"))
}

/// A file that passes between two processes, and is gone when one of them has done with it.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

async fn alone(
    places: &Places,
    draft: Instrument,
    days: u16,
    bar: &Bar,
) -> Result<Report, Trouble> {
    let house = House::open(places).await?;
    let ctx = Ctx::new(&*house.clock, &*house.ids);
    let watch = |done, of| {
        bar.note(done, of);
        ControlFlow::Continue(())
    };
    let found = try_on(&house, &ctx, draft, days, &watch).await;
    house.close().await;
    found
}

async fn try_on(
    house: &House,
    ctx: &Ctx<'_>,
    draft: Instrument,
    days: u16,
    watch: replay::Watch<'_>,
) -> Result<Report, Trouble> {
    let done = async {
        let trial = replay::prepare(&house.db, ctx, draft).await?;
        replay::run(&house.db, ctx, &house.keys, &trial, days, watch).await
    };
    let report = done.await.map_err(|error| failed(error.code()).because(error))?;
    report.ok_or_else(stopped)
}

fn failed(code: &'static str) -> Trouble {
    Trouble::new(
        "ken.replay",
        format!("The draft could not be tried: {code}."),
        NOTHING_DONE,
        "Have the draft checked with `ken agreement check`, and look the code up.",
    )
}

fn stopped() -> Trouble {
    Trouble::new(
        "ken.replay-stopped",
        "The replay was stopped before its end.",
        NOTHING_DONE,
        "Begin it again; fewer days take less time.",
    )
}

/// What was found, in lines.
fn told(report: &Report) -> String {
    let mut lines = vec![
        format!("{}, tried as on {}", report.name, report.on),
        format!("on the decisions from {} to {}", report.since, report.until),
        format!("taken again: {}", report.replayed),
        format!("of which the draft changes: {}", report.changed),
    ];
    if report.elsewhere > 0 {
        lines.push(format!(
            "between bodies that are not in the draft, which it cannot change: {}",
            report.elsewhere
        ));
    }
    for (why, count) in &report.not_replayed {
        lines.push(format!("not taken again: {count}, {}", why.says()));
    }
    for idle in &report.idle {
        lines.push(format!("this clause of the draft would not run: {idle}"));
    }
    for by_draft in [true, false] {
        for direction in Direction::ALL {
            let mut of = report.of(direction, by_draft).peekable();
            if of.peek().is_some() {
                let since = if by_draft { "" } else { ", for what has changed since" };
                lines.push(format!("\n{}{since}:", direction.says()));
                lines.extend(of.map(sentence));
            }
        }
    }
    if report.more > 0 {
        lines.push(format!("\n{} more kinds of change are not listed.", report.more));
    }
    lines.join("\n")
}

fn sentence(line: &Line) -> String {
    let (organisation, role) = &line.recipient;
    let count = line.decisions.map_or_else(
        || format!("about fewer than {} people", replay::PEOPLE_MIN),
        |count| format!("in {count} decisions"),
    );
    let fields: Vec<_> = line.fields.iter().map(|(field, _)| field.as_str()).collect();
    let mut said = format!(
        "- {role} of {organisation}, {} of {}, for {}: {count} ({})",
        line.category,
        line.source,
        line.purpose,
        fields.join(", ")
    );
    if let Some(because) = &line.because {
        said = format!("{said}\n    {because}");
    }
    if let Some(asked) = &line.example {
        let kinds: Vec<_> = asked.categories.iter().map(ken_core::Category::as_str).collect();
        let (action, sources) = (asked.action.as_str(), asked.sources);
        said = format!(
            "{said}\n    for example: {action} of {} from {sources} organisations",
            kinds.join(", ")
        );
    }
    said
}

/// The most days, as the command line has them.
const _: () = assert!(DAYS_MAX == 731, "the command line says how many days");

/// Answers a question on the control socket: tries the draft in a file of the directory, and
/// leaves what was found in another.
pub(crate) async fn answer(
    house: (&ken_store::Db, &ken_store::keys::KeyRing, &Ctx<'_>),
    (dir, draft, written): (&Path, &str, &str),
    days: &str,
    watch: replay::Watch<'_>,
) -> Result<String, &'static str> {
    let (db, keys, ctx) = house;
    let days = days.parse().map_err(|_| "ken.control")?;
    let text = super::read(&dir.join(draft)).map_err(|_| "ken.agreement-unreadable")?;
    let draft = Instrument::from_canonical(&text).map_err(|_| "ken.agreement-not-parsed")?;
    let done = async {
        let trial = replay::prepare(db, ctx, draft).await?;
        replay::run(db, ctx, keys, &trial, days, watch).await
    };
    let report = done.await.map_err(|error| error.code())?.ok_or("ken.replay-stopped")?;
    let json = serde_json::to_vec(&report).map_err(|_| "office.corrupt")?;
    control::write_new(&dir.join(written), &json).map_err(|_| "ken.export-file")?;
    Ok(written.to_owned())
}
