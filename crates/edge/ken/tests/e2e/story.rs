//! The demo lives, dies, and lives again. It is built once, since that takes a debug build a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::browser::Browser;
use crate::canary;
use crate::process::{Demo, run};
use crate::wire::{code, page, registration, send};

/// A later start, from the data of the first. The promise is two seconds for a release build; a
/// debug build on a busy machine gets ten times that.
const LATER_START_MAX: Duration = Duration::from_secs(20);

#[test]
fn the_demo_lives_and_dies_and_lives_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("glen");
    let first = Demo::start(&data);
    let accounts = first.ready["accounts"].as_array().unwrap().clone();
    assert!(accounts.len() >= 20, "{}", accounts.len());
    for path in ["/sign-in", "/health/live", "/health/ready"] {
        assert!(page(&first.http(), path).starts_with("HTTP/1.1 200"), "{path}");
    }
    assert!(page(&first.http(), "/metrics").starts_with("HTTP/1.1 404"), "counts are no page");
    assert!(page(&first.metrics(), "/metrics").starts_with("HTTP/1.1 200"));
    let message = registration("E2E-1", "Canarywren");
    let answer = take_and_refuse(&first, &message);
    first.kill();

    let second = Demo::start_with(&data, &["--log", "trace"]);
    assert!(second.took < LATER_START_MAX, "{:?}", second.took);
    assert_eq!(second.ready["accounts"].as_array().unwrap(), &accounts);
    assert_eq!(send(&second.mllp(), &message), answer, "it was applied before the cut, once");
    assert!(!page(&second.metrics(), "/metrics").contains("Canary"));
    canary::fly(&second);
    let receipt = receipt(&second, dir.path());
    sealed(&data, dir.path(), &receipt);
    let while_running = export(&data, &dir.path().join("running.ledger"));
    replay(&data);
    let (status, said) = second.stop();
    assert!(status.success(), "{said}");
    assert!(!said.contains("Canary"), "{said}");
    canary::assert_log_is_silent(&said);
    let alone = export(&data, &dir.path().join("alone.ledger"));
    check(&while_running);
    check(&alone);
    let again = run(&["ledger", "export", &alone, "--data", data.to_str().unwrap()]);
    assert!(!again.status.success(), "an export never overwrites");
    break_each_bit_of_some(&alone, &dir.path().join("broken.ledger"));
}

/// Sends a message once, twice, and otherwise; the answer to it.
fn take_and_refuse(demo: &Demo, message: &[u8]) -> String {
    let answer = send(&demo.mllp(), message);
    assert_eq!(code(&answer), "AA", "{answer}");
    assert_eq!(send(&demo.mllp(), message), answer, "the same again is answered the same");
    let other = registration("E2E-1", "Canarylark");
    assert_eq!(code(&send(&demo.mllp(), &other)), "AE", "the same id with other content");
    assert_ne!(code(&send(&demo.mllp(), b"MSH|nonsense")), "AA");
    answer
}

/// What a person keeps of their own reading: the receipt that the page shows.
fn receipt(demo: &Demo, dir: &Path) -> PathBuf {
    let accounts = demo.ready["accounts"].as_array().unwrap();
    let person = accounts.iter().find(|account| account["role"] == "Own record");
    let person = person.expect("nobody reads their own record");
    let mut browser = Browser::sign_in(&demo.http(), person["name"].as_str().unwrap());
    let record = browser.get("/my/record");
    let (_, word) = record.body.split_once("<code class=\"care_code\">").expect("no receipt");
    let file = dir.join("page.receipt");
    fs::write(&file, word.split('<').next().unwrap()).unwrap();
    assert!(browser.get("/my/receipts").body.contains("It names nobody"));
    file
}

/// Checks that the receipt is sealed, once the sealer has had its turn.
fn sealed(data: &Path, dir: &Path, receipt: &Path) {
    let mut told = String::new();
    let done = (0..SEAL_LOOKS).any(|look| {
        let export = export(data, &dir.join(format!("receipt-{look}.ledger")));
        let output = run(&["ledger", "check-receipt", receipt.to_str().unwrap(), &export]);
        told =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        if !output.status.success() {
            std::thread::sleep(Duration::from_millis(250));
        }
        output.status.success()
    });
    assert!(done && told.contains("receipt 1: sealed as entry "), "{told}");
}

/// How often the sealer, which works once a second, is waited for.
const SEAL_LOOKS: usize = 120;

/// Tries an agreement on what was decided until now, beside the Ken that runs: what is sealed.
fn replay(data: &Path) {
    let done = (0..SEAL_LOOKS).any(|_| {
        let told = replayed(data);
        let all = told["replayed"].as_u64().unwrap() + told["elsewhere"].as_u64().unwrap();
        if all == 0 {
            std::thread::sleep(std::time::Duration::from_millis(250));
        }
        all > 0
    });
    assert!(done, "nothing was sealed, or nothing of it replayed");
}

fn replayed(data: &Path) -> serde_json::Value {
    let draft = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../agreements");
    let draft = draft.join("glen-direct-care.toml").display().to_string();
    let of = ["agreement", "replay", &draft, "--json", "--data", data.to_str().unwrap()];
    let output = run(&of);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("Canary"), "{said}");
    serde_json::from_str(&said).unwrap()
}

fn export(data: &Path, file: &Path) -> String {
    let file = file.to_str().unwrap().to_owned();
    let output = run(&["ledger", "export", &file, "--data", data.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    file
}

fn check(file: &str) {
    let output = run(&["ledger", "verify", file]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.starts_with("consistent: "), "{said}");
}

fn break_each_bit_of_some(file: &str, broken: &Path) {
    let whole = fs::read(file).unwrap();
    let bits = whole.len() * 8;
    // Some forty bits, rounded to a prime so that they hit every part of the format.
    for bit in (0..bits).step_by(bits / 40).map(|bit| bit / 997 * 997) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(broken, bytes).unwrap();
        let output = run(&["ledger", "verify", broken.to_str().unwrap()]);
        assert!(!output.status.success(), "bit {bit} was missed");
    }
}
