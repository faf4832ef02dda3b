//! `ken migrate` and `ken serve --config` on PostgreSQL: what an operator runs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use totp_rs::{Builder, Secret};

use crate::browser::{Browser, Page, link};
use crate::process::{ken, run};
use crate::wire::{code, page, registration, send};

/// How long a start may take before the test gives up; a debug build on a busy machine is slow.
const READY_WAIT: Duration = Duration::from_mins(5);

/// A running `ken serve`; it is killed when the test forgets it.
pub(crate) struct Served {
    child: Child,
    pub(crate) http: String,
    mllp: String,
}

impl Served {
    /// Starts it, and waits until its log says where it listens.
    pub(crate) fn start(config: &Path) -> Self {
        let mut child = ken(&["serve", "--config"])
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, hear) = mpsc::channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        // It reads to the end, so that the log never blocks who writes it.
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        let mut at = vec![];
        while at.len() < 2 {
            let line = hear.recv_timeout(READY_WAIT).expect("it ended, or was not ready in time");
            let line: Value = serde_json::from_str(&line).unwrap();
            at.extend(address(&line));
        }
        let [mllp, http] = at.try_into().unwrap();
        Self { child, http, mllp }
    }

    /// Ends it at once, as a power cut would.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address that a line of the log has, of those that say where it listens.
fn address(line: &Value) -> Option<String> {
    let said = line.get("fields").unwrap_or(line);
    let listens = ["messages are taken", "ready"].map(Value::from);
    let text = |key: &str| said.get(key).and_then(Value::as_str).map(str::to_owned);
    listens.contains(said.get("message")?).then(|| text("address")).flatten()
}

fn configured(dir: &Path, name: &str, keys: &Path, address: &Path) -> PathBuf {
    let file = dir.join(name);
    let text = format!(
        "listen = '127.0.0.1:0'\nmllp = '127.0.0.1:0'\nbase_url = 'http://glen.example'\n\
             partnership = 'Glen'\nhelp_phone = '01632 960001'\n\
         database_url_file = '{}'\nkeys_dir = '{}'\n",
        address.display(),
        keys.display()
    );
    fs::write(&file, text).unwrap();
    file
}

fn migrated(config: &Path) {
    let said = run(&["migrate", "--config", config.to_str().unwrap()]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

/// An empty database gets its tables and serves.
pub(crate) fn from_nothing(dir: &Path, address: &str) {
    let file = dir.join("empty-address");
    fs::write(&file, address).unwrap();
    let config = configured(dir, "empty.toml", &dir.join("empty-keys"), &file);
    migrated(&config);
    let served = Served::start(&config);
    assert!(page(&served.http, "/health/ready").starts_with("HTTP/1.1 200"));
    // Nobody is registered here, so a message is kept, and not taken.
    assert_ne!(code(&send(&served.mllp, &registration("NOBODY-1", "Canarydunnock"))), "AA");
    served.stop();
}

/// A house with people in it serves, is cut off, and serves again: what was acknowledged is there
/// once, and who was signed in still is.
pub(crate) fn lives_and_dies_and_lives_again(dir: &Path, data: &Path, of: (&Path, &Value)) {
    let (address, accounts) = of;
    let config = configured(dir, "glen.toml", &data.join("keys"), address);
    migrated(&config);
    let first = Served::start(&config);
    let mut nurse = sign_in(&first.http, accounts, "Jo Findlay");
    let message = registration("SERVE-1", "Canaryfinch");
    let answer = send(&first.mllp, &message);
    assert_eq!(code(&answer), "AA", "{answer}");
    let shown = read(&mut nurse);
    assert!(shown.body.contains("CANARYFINCH"), "{}", shown.body);
    let last = send(&first.mllp, &registration("SERVE-2", "Canaryfinch"));
    assert_eq!(code(&last), "AA", "{last}");
    first.kill();

    let second = Served::start(&config);
    assert_eq!(send(&second.mllp, &message), answer, "it was applied before the cut, once");
    assert_eq!(send(&second.mllp, &registration("SERVE-2", "Canaryfinch")), last);
    assert_eq!(code(&send(&second.mllp, &registration("SERVE-3", "Canaryfinch"))), "AA");
    nurse.moved(&second.http);
    let again = read(&mut nurse);
    assert!(again.body.contains("CANARYFINCH"), "{}", again.body);
    assert!(page(&second.http, "/health/ready").starts_with("HTTP/1.1 200"));
    second.stop();
}

/// Signs in as anybody does who has a password and an application for codes.
fn sign_in(http: &str, accounts: &Value, name: &str) -> Browser {
    let account = accounts.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
    let text = |key: &str| account[key].as_str().unwrap();
    let secret = Secret::try_from_base32(text("one_time_secret")).unwrap();
    let one_time = Builder::new().with_secret(secret).build_noncompliant().generate_current();
    let mut browser = Browser::new(http);
    let door = browser.get("/sign-in");
    assert!(!door.body.contains("/sign-in/demo"), "there are no buttons outside a demonstration");
    let typed = [
        ("name", text("sign_in")),
        ("password", text("password")),
        ("code", &one_time.to_string()),
    ];
    let inside = browser.submit(&door, "/sign-in", &typed);
    assert_eq!(inside.status, 200, "{}", inside.body);
    browser
}

/// Finds the one who was registered, and opens the page.
fn read(browser: &mut Browser) -> Page {
    let find = browser.get("/w/find");
    let typed = [("family", "Canaryfinch"), ("day", "12"), ("month", "5"), ("year", "1961")];
    let found = browser.submit(&find, "/w/find", &typed);
    let purposes = browser.get(&link(&found, "/w/find/h/"));
    if purposes.body.contains("?purpose=") {
        return browser.get(&link(&purposes, &format!("{}?purpose=", purposes.path)));
    }
    purposes
}
