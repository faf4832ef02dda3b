//! A `ken demo` to be loaded or looked at: started on free ports of loopback, stopped at the end.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::watch::Watch;

/// How long the first start may take on a busy machine before it is given up.
const READY_MAX: Duration = Duration::from_mins(3);

/// A running demo and what it printed.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) http: SocketAddr,
    pub(crate) mllp: SocketAddr,
    /// Its JSON line, as it printed it.
    pub(crate) line: String,
    /// The accounts of that line.
    pub(crate) accounts: Vec<Value>,
    /// From the start of the process to its line.
    pub(crate) ready: Duration,
}

impl Server {
    /// Starts the demo of a built `ken` on a folder, which it fills if it is empty; on PostgreSQL
    /// where a file holds the address of an empty database.
    pub(crate) fn start(binary: &Path, data: &Path, database: Option<&Path>) -> Result<Self> {
        let (http, mllp) = (free()?, free()?);
        let mut command = Command::new(binary);
        command.args(["demo", "--json", "--listen", &http.to_string()]);
        command.args(["--mllp", &mllp.to_string(), "--data"]).arg(data);
        if let Some(file) = database {
            command.arg("--database-url-file").arg(file);
        }
        let watch = Watch::start();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .context("could not start ken")?;
        let line = first_line(&mut child);
        // From here on the child ends with its owner, also when its line is no use.
        let ready = watch.elapsed();
        let mut server =
            Self { child, http, mllp, line: String::new(), accounts: Vec::new(), ready };
        server.line = line?;
        let said: Value = serde_json::from_str(&server.line).context("ken's line is no JSON")?;
        let accounts = said.get("accounts").and_then(Value::as_array).cloned();
        server.accounts = accounts.unwrap_or_default();
        Ok(server)
    }

    /// Its memory now, in MiB, as the system counts it (`VmRSS`).
    pub(crate) fn memory_mib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What is measured is durable, so there is nothing to say goodbye to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The line by which the demo says that it is ready.
fn first_line(child: &mut Child) -> Result<String> {
    let out = child.stdout.take().context("ken's output is not ours")?;
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let line = BufReader::new(out).lines().map_while(Result::ok).find(|line| !line.is_empty());
        // Nobody waits any more when the time was over: then there is nothing to tell.
        let _ = send.send(line);
    });
    match receive.recv_timeout(READY_MAX) {
        Ok(Some(line)) => Ok(line),
        Ok(None) => bail!("ken ended before it was ready"),
        Err(_) => bail!("ken was not ready within {} s", READY_MAX.as_secs()),
    }
}

fn free() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on loopback")?;
    listener.local_addr().context("the port is unknown")
}
