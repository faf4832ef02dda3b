//! A private PostgreSQL for one run of the tests or the benchmark.
//!
//! Invariants: it listens on loopback and on a socket in its own folder, nowhere else; it keeps
//! `fsync` on, since tests about durability mean it; its order is the `C` collation, which is what
//! Ken asks of a real one. It ends with this process, however that ends: a watching shell holds
//! the other end of a pipe and stops the server when the pipe closes, even after `kill -9`.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{needs, say, watch};

/// The address of the private PostgreSQL, for tests that run on both engines.
pub(crate) const SETTING: &str = "KEN_TEST_POSTGRES";
/// The oldest server that Ken runs on.
const VERSION_MIN: u32 = 15;
/// Enough for every test binary's pool at once; the default of 100 is not.
const CONNECTIONS_MAX: u32 = 300;
/// How long a start may take on a busy machine.
const START_SECONDS_MAX: u32 = 60;
/// The account that Debian's package makes, for a run as root: the server refuses to be root.
const ACCOUNT: &str = "postgres";

/// A running server, or one that the caller brought.
#[derive(Debug)]
pub(crate) struct Postgres {
    url: String,
    watcher: Option<Child>,
}

impl Postgres {
    /// Starts a server that keeps its data in `place`, unless the environment already names one.
    pub(crate) fn start(place: &Path) -> Result<Self> {
        if let Some(url) = watch::setting(SETTING) {
            say::line("== postgres: the one that the environment names");
            return Ok(Self { url, watcher: None });
        }
        let binaries =
            binaries().context("there is no PostgreSQL server of version 15 or later")?;
        let folder = place.join(format!("ken-test-{}", std::process::id()));
        let data = folder.join("data");
        make_folder(&folder)?;
        let watcher = watcher(&binaries, &folder)?;
        let mut server = Self { url: String::new(), watcher: Some(watcher) };
        let mut initdb = as_server(&binaries.join("initdb"), &folder);
        initdb.arg("--pgdata").arg(&data);
        initdb.args(["--username=ken", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        quietly(initdb.arg("--no-sync"))?;
        let port = free_port()?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} \
             -c max_connections={CONNECTIONS_MAX} -c fsync=on",
            folder.display()
        );
        let mut start = as_server(&binaries.join("pg_ctl"), &folder);
        start.arg("--pgdata").arg(&data).arg("--log").arg(folder.join("log"));
        start.args(["--wait", "--timeout", &START_SECONDS_MAX.to_string()]);
        quietly(start.arg("--options").arg(options).arg("start"))?;
        say::line(&format!("== postgres: started from {}", binaries.display()));
        server.url = format!("postgresql://ken@127.0.0.1:{port}/postgres");
        Ok(server)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The address of a new database of this name on the server.
    pub(crate) fn fresh(&self, name: &str) -> Result<String> {
        let folder = binaries().context("there is no `psql`")?;
        let mut psql = Command::new(folder.join("psql"));
        for sql in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
            psql.args(["--command", &sql]);
        }
        quietly(psql.arg("--dbname").arg(&self.url))?;
        let (server, _) = self.url.rsplit_once('/').context("an address without a database")?;
        Ok(format!("{server}/{name}"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            // Closing its input is the sign to stop; waiting keeps the end of the run honest.
            drop(watcher.stdin.take());
            let _ = watcher.wait();
        }
    }
}

/// The folder of the newest server programs that are new enough.
pub(crate) fn binaries() -> Option<PathBuf> {
    let on_path = std::env::split_paths(&watch::command_path()).collect::<Vec<_>>();
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = packaged.map(|version| version.path().join("bin"));
    let folders = on_path.into_iter().chain(packaged);
    folders
        .filter(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
        .filter_map(|folder| Some((version(&folder)?, folder)))
        .filter(|(version, _)| *version >= VERSION_MIN)
        .max_by_key(|(version, _)| *version)
        .map(|(_, folder)| folder)
}

fn version(folder: &Path) -> Option<u32> {
    let said = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&said.stdout))
}

/// `postgres (PostgreSQL) 15.18 (Debian ...)` gives 15.
fn major(said: &str) -> Option<u32> {
    let number = said.split_whitespace().nth(2)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir(folder).with_context(|| format!("could not make {}", folder.display()))?;
    if needs::is_root() {
        quietly(Command::new("chown").arg(ACCOUNT).arg(folder))?;
    }
    Ok(())
}

/// A command as the account that may run a server, in a group of its own so that Ctrl-C reaches
/// the tests first and the watcher stops the server after them.
fn as_server(program: &Path, folder: &Path) -> Command {
    let mut command = if needs::is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", ACCOUNT, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder).process_group(0);
    command
}

/// A shell that waits for its input to close, then stops the server and removes the folder.
fn watcher(binaries: &Path, folder: &Path) -> Result<Child> {
    let stop = "read _; cd /; \"$@\" >/dev/null 2>&1; rm -rf -- \"$0\"";
    let stopper = as_server(&binaries.join("pg_ctl"), folder);
    let mut watcher = Command::new("sh");
    watcher.args(["-c", stop]).arg(folder).arg(stopper.get_program()).args(stopper.get_args());
    watcher.arg("--pgdata").arg(folder.join("data")).args([
        "--mode",
        "immediate",
        "--wait",
        "stop",
    ]);
    watcher.stdin(Stdio::piped()).process_group(0);
    watcher.spawn().context("could not start the watching shell")
}

/// Runs to the end, and shows the output only when it fails.
fn quietly(command: &mut Command) -> Result<()> {
    // To a file and not a pipe: the server inherits it and would keep a pipe open for ever.
    let name = format!("ken-test-{}.out", std::process::id());
    let path = std::env::temp_dir().join(name);
    let out = std::fs::File::create(&path).context("could not make a file for the output")?;
    let errors = out.try_clone().context("could not share the output file")?;
    let status = command.stdin(Stdio::null()).stdout(out).stderr(errors).status();
    let said = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(&path);
    let status =
        status.with_context(|| format!("could not start {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} ended with {status}:\n{said}", command.get_program().display());
    }
    Ok(())
}

/// A port that was free a moment ago; another process could take it, and then the start says so.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on loopback")?;
    Ok(listener.local_addr().context("the port is unknown")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_its_version() {
        let check = |said, version| assert_eq!(major(said), version, "{said}");
        check("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some(15));
        check("postgres (PostgreSQL) 16beta1", Some(16));
        check("something else", None);
    }

    #[test]
    fn a_failing_command_shows_what_it_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo the reason; exit 1"]);
        let error = quietly(&mut command).expect_err("it fails").to_string();
        assert!(error.contains("the reason"), "{error}");
    }
}
