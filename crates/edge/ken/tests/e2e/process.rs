//! A `ken demo` of a test's own, on ports and in a directory that nobody else has.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a start may take before the test gives up; a debug build on a busy machine is slow.
const READY_WAIT: Duration = Duration::from_mins(5);
/// How often a process is asked whether it has ended, and how long between: a minute in all.
const END_LOOKS: usize = 3_000;
const END_LOOK: Duration = Duration::from_millis(20);

/// The binary, as cargo built it.
pub(crate) fn ken(of: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ken"));
    command.args(of);
    command
}

/// Runs a command to its end.
pub(crate) fn run(of: &[&str]) -> Output {
    ken(of).output().unwrap()
}

/// A running demo; it is killed when the test forgets it.
pub(crate) struct Demo {
    child: Child,
    stderr: Option<thread::JoinHandle<String>>,
    /// What it printed when it was ready.
    pub(crate) ready: Value,
    /// How long that took.
    pub(crate) took: Duration,
}

impl Demo {
    /// Starts a demo in `data` and waits until it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// Starts one with more of the command line.
    pub(crate) fn start_with(data: &Path, more: &[&str]) -> Self {
        let any = "127.0.0.1:0";
        let since = instant();
        let ports = ["--listen", any, "--mllp", any, "--metrics", any];
        let mut child = ken(&["demo", "--json"])
            .args(ports)
            .arg("--data")
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, hear) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = said.send(line);
        });
        let stderr = child.stderr.take().map(|stderr| thread::spawn(move || all(stderr)));
        let line = hear.recv_timeout(READY_WAIT).unwrap();
        if line.is_empty() {
            let said = stderr.map(|reader| reader.join().unwrap());
            panic!("the demo ended: {said:?}");
        }
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, stderr, ready, took: since.elapsed() }
    }

    /// Where pages are, as `127.0.0.1:port`.
    pub(crate) fn http(&self) -> String {
        self.ready["http"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
    }

    /// Where measures are.
    pub(crate) fn metrics(&self) -> String {
        self.ready["metrics"].as_str().unwrap().to_owned()
    }

    /// Where messages are taken.
    pub(crate) fn mllp(&self) -> String {
        self.ready["mllp"].as_str().unwrap().to_owned()
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop; how it ended, and what it said on standard error.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = (0..END_LOOKS).find_map(|_| {
            thread::sleep(END_LOOK);
            self.child.try_wait().unwrap()
        });
        let status = status.expect("it did not stop");
        (status, self.stderr.take().unwrap().join().unwrap())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a real process takes to start")]
fn instant() -> Instant {
    Instant::now()
}

fn all(mut stderr: ChildStderr) -> String {
    let mut text = String::new();
    let _ = stderr.read_to_string(&mut text);
    text
}
