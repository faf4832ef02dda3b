//! The demo lives, dies, and lives again.

use std::fs;
use std::time::Duration;

use crate::process::{Demo, run};
use crate::wire::{code, page, registration, send};

/// A later start, from the data of the first. The promise is two seconds for a release build; a
/// debug build on a busy machine gets ten times that.
const LATER_START_MAX: Duration = Duration::from_secs(20);

#[test]
fn what_was_acknowledged_survives_a_power_cut_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("glen");
    let first = Demo::start(&data);
    let accounts = first.ready["accounts"].as_array().unwrap().clone();
    assert!(accounts.len() >= 20, "{}", accounts.len());
    assert!(page(&first.http(), "/").starts_with("HTTP/1.1 "));

    let message = registration("E2E-1", "Canarywren");
    let answer = send(&first.mllp(), &message);
    assert_eq!(code(&answer), "AA", "{answer}");
    assert_eq!(send(&first.mllp(), &message), answer, "the same again is answered the same");
    let other = registration("E2E-1", "Canarylark");
    assert_eq!(code(&send(&first.mllp(), &other)), "AE", "the same id with other content");
    assert_ne!(code(&send(&first.mllp(), b"not a message")), "AA");
    first.kill();

    let second = Demo::start(&data);
    assert!(second.took < LATER_START_MAX, "{:?}", second.took);
    assert_eq!(second.ready["accounts"].as_array().unwrap(), &accounts);
    assert_eq!(send(&second.mllp(), &message), answer, "it was applied before the cut, once");
    let (status, said) = second.stop();
    assert!(status.success(), "{said}");
    assert!(!said.contains("Canary"), "{said}");
}

#[test]
fn the_ledger_is_handed_out_and_checked_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("glen");
    let demo = Demo::start(&data);
    let data = data.to_str().unwrap().to_owned();
    let export = |name: &str| {
        let file = dir.path().join(name).to_str().unwrap().to_owned();
        let output = run(&["ledger", "export", &file, "--data", &data]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        file
    };
    let while_running = export("running.ledger");
    demo.stop();
    let alone = export("alone.ledger");
    for file in [&while_running, &alone] {
        let output = run(&["ledger", "verify", file]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.starts_with("consistent: "), "{said}");
    }
    let again = run(&["ledger", "export", &alone, "--data", &data]);
    assert!(!again.status.success(), "an export never overwrites");

    let whole = fs::read(&alone).unwrap();
    let broken = dir.path().join("broken.ledger");
    // Every 997th bit, which is prime to anything the format repeats by.
    for bit in (0..whole.len() * 8).step_by(whole.len() * 8 / 40).map(|bit| bit / 997 * 997) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&broken, bytes).unwrap();
        let output = run(&["ledger", "verify", broken.to_str().unwrap()]);
        assert!(!output.status.success(), "bit {bit} was not missed");
    }
}
