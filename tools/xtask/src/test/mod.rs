//! `cargo xtask test`: everything that CI runs, in order, with a time for each step.
//!
//! Invariants: every step runs even when an earlier one failed, so that one run shows all there is
//! to mend; PostgreSQL is stopped however the run ends; a run in which no test ran has failed.
//! Test code learns of its surroundings by the `KEN_TEST_*` settings that are made here.

mod scratch;
mod step;
mod tally;

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::cargo;
use crate::postgres::{self, Postgres};
use crate::server::Server;
use crate::tree::Tree;
use crate::watch::Watch;
use crate::{needs, say, soak, tidy, tree};
use scratch::Scratch;
use tally::{Kind, Outcome, Tally};

/// The Chromium that the browser tests drive.
const CHROMIUM_SETTING: &str = "CHROMIUM";
/// How long all fuzz targets together run in CI; `cargo xtask soak` runs them for longer.
const FUZZ_SECONDS: u64 = 60;
/// The setting from which the property tests draw their cases, and what CI sets it to: the same
/// cases in every run, so that a change is refused for what it does and never for luck. Whoever
/// runs the tests without it draws new cases.
const CASES: (&str, &str) = ("PROPTEST_RNG_SEED", "1858");
/// The program, and the tests in documentation, by the very packages and targets that the tests are
/// built of. Cargo would build all that they stand on anew for any choice that is narrower
/// (`--package ken`, `--doc`), with other features and other debug information: minutes each.
const PROGRAM: [&str; 4] = ["build", "--workspace", "--tests", "--locked"];
/// The runner is given a part of the name that tests in documentation have and no function can.
const DOCTESTS: [&str; 5] = ["test", "--workspace", "--locked", "--", "(line"];
/// Where the browser tests are, once there are any.
const BROWSER_TESTS: &str = "tests/ui";
/// Where the demo that they look at keeps its data, and they their pictures.
const SCRATCH: &str = "target/ui";

/// What holds exports of agreements against what others publish.
const EXPORT_TESTS: &str = "tests/exports";
/// Where the packages that it takes are kept.
const EXPORT_PACKAGES: &str = "target/exports";

/// The steps by name, in their order.
const STEPS: [&str; 10] = [
    "format", "tidy", "clippy", "docs", "tests", "doctests", "browser", "exports", "deny",
    "machete",
];

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Only these steps; all of them when none is named
    #[arg(value_parser = STEPS)]
    steps: Vec<String>,
}

impl Wanted {
    fn wants(&self, step: &str) -> bool {
        self.steps.is_empty() || self.steps.iter().any(|wanted| wanted == step)
    }

    fn wants_tests(&self) -> bool {
        ["tests", "doctests", "browser"].iter().any(|step| self.wants(step))
    }
}

/// Runs the steps and says how each went.
pub(crate) fn run(wanted: &Wanted) -> Result<ExitCode> {
    let root = tree::root()?;
    let mut run = Run { root: &root, tally: Tally::default() };
    let watch = Watch::start();
    if wanted.wants_tests() {
        needs::meet()?;
    }
    run.tally.ready("needs", watch.seconds());
    run.sources(wanted)?;
    run.tests(wanted)?;
    if wanted.wants("exports") {
        run.exports()?;
    }
    run.optional(wanted)?;
    for line in run.tally.lines() {
        say::line(&line);
    }
    Ok(if run.tally.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Run<'a> {
    root: &'a Path,
    tally: Tally,
}

impl Run<'_> {
    /// What is true of the text, before anything runs.
    fn sources(&mut self, wanted: &Wanted) -> Result<()> {
        if wanted.wants("format") {
            self.step("format", Kind::Check, &mut cargo(&["fmt", "--all", "--check"]))?;
        }
        if wanted.wants("tidy") {
            say::line("== tidy");
            let watch = Watch::start();
            let clean = tidy::run()? == ExitCode::SUCCESS;
            self.tally.step("tidy", watch.seconds(), if clean { Ok(None) } else { Err(None) });
        }
        if wanted.wants("clippy") {
            let lints =
                ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
            self.step("clippy", Kind::Check, &mut cargo(&lints))?;
        }
        if wanted.wants("docs") {
            let mut docs = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
            self.step("docs", Kind::Check, docs.env("RUSTDOCFLAGS", "-D warnings"))?;
        }
        Ok(())
    }

    /// What is true of the program, on both engines and in a browser.
    fn tests(&mut self, wanted: &Wanted) -> Result<()> {
        if !wanted.wants_tests() {
            return Ok(());
        }
        let watch = Watch::start();
        let scratch = Scratch::make()?;
        let postgres = Postgres::start(&scratch.folder)?;
        self.tally.ready("postgres", watch.seconds());
        if wanted.wants("tests") {
            let (kind, mut tests) = workspace_tests();
            soak::set_fuzz_time(&mut tests, &Tree::read(self.root)?, FUZZ_SECONDS);
            tests.env(postgres::SETTING, postgres.url()).env("TMPDIR", &scratch.folder);
            tests.env(CASES.0, CASES.1);
            self.step("tests", kind, &mut tests)?;
        }
        if wanted.wants("doctests") {
            let mut tests = cargo(&DOCTESTS);
            self.step("doctests", Kind::Libtest, tests.env(postgres::SETTING, postgres.url()))?;
        }
        if wanted.wants("browser") {
            self.browser()?;
        }
        Ok(())
    }

    /// Every page of a demo in a real browser. The demo is the debug build that the tests built.
    fn browser(&mut self) -> Result<()> {
        let folder = self.root.join(BROWSER_TESTS);
        if !folder.join("package.json").exists() {
            self.tally.skipped("browser", "there are no browser tests yet");
            return Ok(());
        }
        self.step("browser binary", Kind::Check, &mut cargo(&PROGRAM))?;
        let mut install = Command::new("npm");
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
        self.step("browser packages", Kind::Check, &mut install)?;
        say::line("== browser");
        let watch = Watch::start();
        let outcome = self.pages(&folder).unwrap_or_else(|error| {
            say::line(&format!("the browser tests stopped: {error:#}"));
            Err(None)
        });
        self.tally.step("browser", watch.seconds(), outcome);
        Ok(())
    }

    fn pages(&self, folder: &Path) -> Result<Outcome> {
        let scratch = self.root.join(SCRATCH);
        if scratch.exists() {
            std::fs::remove_dir_all(&scratch).context("could not empty the demo's folder")?;
        }
        std::fs::create_dir_all(&scratch).context("could not make the demo's folder")?;
        let demo = Server::start(&self.root.join("target/debug/ken"), &scratch.join("data"), None)?;
        say::line(&format!("ken demo was ready in {:.1} s", demo.ready.as_secs_f64()));
        let accounts = scratch.join("accounts.json");
        std::fs::write(&accounts, &demo.line).context("could not keep the accounts")?;
        let mut tests = Command::new("node");
        tests.args(["run.js", "--base", &format!("http://{}", demo.http), "--accounts"]);
        tests.arg(&accounts).arg("--shots").arg(scratch.join("shots")).current_dir(folder);
        if let Some(chromium) = needs::chromium() {
            tests.env(CHROMIUM_SETTING, chromium);
        }
        step::stream(Kind::Plain, &mut tests)
    }

    /// Exports of agreements, held against what others publish. The packages for it come by pip;
    /// where pip cannot have them, the step says so and is skipped.
    fn exports(&mut self) -> Result<()> {
        let (folder, packages) = (self.root.join(EXPORT_TESTS), self.root.join(EXPORT_PACKAGES));
        let python = packages.join("bin/python");
        let mut make = Command::new("python3");
        make.args(["-m", "venv"]).arg(&packages);
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.args(["--timeout", "15", "--retries", "1", "--requirement"]);
        install.arg(folder.join("requirements.txt"));
        let has = |command: &mut Command| command.status().is_ok_and(|status| status.success());
        if !has(&mut make) || !has(&mut install) {
            self.tally.skipped("exports", "pip could not have the packages");
            return Ok(());
        }
        self.step("exports binary", Kind::Check, &mut cargo(&PROGRAM))?;
        let mut check = Command::new(&python);
        check.arg(folder.join("check.py")).arg(self.root.join("target/debug/ken"));
        check.arg(self.root.join("agreements"));
        self.step("exports", Kind::Plain, &mut check)
    }

    /// Checks by tools that a machine may lack; they need no network once installed.
    fn optional(&mut self, wanted: &Wanted) -> Result<()> {
        let tools: [(&str, &str, &[&str]); 2] = [
            ("deny", "cargo-deny", &["deny", "--offline", "check", "bans", "licenses", "sources"]),
            ("machete", "cargo-machete", &["machete"]),
        ];
        for (name, tool, arguments) in tools {
            if !wanted.wants(name) {
                continue;
            }
            if needs::command(tool).is_some() {
                self.step(name, Kind::Check, &mut cargo(arguments))?;
            } else {
                self.tally.skipped(name, &format!("{tool} is not installed"));
            }
        }
        Ok(())
    }

    fn step(&mut self, name: &str, kind: Kind, command: &mut Command) -> Result<()> {
        say::line(&format!("== {name}"));
        if command.get_current_dir().is_none() {
            command.current_dir(self.root);
        }
        let watch = Watch::start();
        let outcome = step::stream(kind, command)?;
        let seconds = watch.seconds();
        say::line(&format!(
            "== {name}: {}, {seconds:.1} s",
            if outcome.is_ok() { "ok" } else { "FAILED" }
        ));
        self.tally.step(name, seconds, outcome);
        Ok(())
    }
}

/// nextest where it is installed, the plain runner elsewhere: the same tests.
fn workspace_tests() -> (Kind, Command) {
    if needs::command("cargo-nextest").is_some() {
        let arguments = ["nextest", "run", "--workspace", "--locked", "--no-fail-fast"];
        return (Kind::Nextest, cargo(&arguments));
    }
    say::line("cargo-nextest is not installed: the plain runner runs the same tests");
    let arguments = ["test", "--workspace", "--tests", "--locked", "--no-fail-fast"];
    (Kind::Libtest, cargo(&arguments))
}
