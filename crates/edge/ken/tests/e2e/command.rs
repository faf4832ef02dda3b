//! Commands that end by themselves, and what they say when they cannot begin.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::process::{ken, run};

fn refused(of: &[&str], want: &str) {
    let output = run(of);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{of:?}");
    assert!(said.contains(want), "{want:?} not in {said:?}");
    assert!(output.stdout.is_empty(), "{of:?}");
}

#[test]
fn an_address_in_use_is_said_plainly_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let data = dir.path().join("glen");
    let path = data.to_str().unwrap();
    let free = "127.0.0.1:0";
    refused(&["demo", "--listen", &at, "--mllp", free, "--data", path], "Address in use");
    refused(&["demo", "--listen", free, "--mllp", &at, "--data", path], "Address in use");
    assert!(!data.exists());
}

#[test]
fn a_directory_without_its_database_is_not_taken_for_built() {
    let dir = tempfile::tempdir().unwrap();
    let remembered = r#"{"seed":7,"start":"2026-11-21","whole":true}"#;
    fs::write(dir.path().join("demo.json"), remembered).unwrap();
    let any = "127.0.0.1:0";
    let of = ["demo", "--listen", any, "--mllp", any, "--data", dir.path().to_str().unwrap()];
    refused(&of, "do not belong together");
}

#[test]
fn a_configuration_is_checked_without_starting() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ken.toml");
    let path = file.to_str().unwrap();
    refused(&["check-config", "--config", path], "cannot be read");
    let good = "listen = '127.0.0.1:0'\nbase_url = 'https://ken.example'\n\
                data = 'data'\nkeys_dir = 'keys'\n";
    fs::write(&file, good).unwrap();
    let output = run(&["check-config", "--config", path]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(&file, format!("{good}colour = 'blue'\n")).unwrap();
    refused(&["check-config", "--config", path], "colour");
    refused(&["serve", "--config", path], "colour");
}

#[test]
fn tables_are_made_and_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ken.toml");
    let text = "listen = '127.0.0.1:0'\nbase_url = 'https://ken.example'\n\
                data = 'data'\nkeys_dir = 'keys'\n";
    fs::write(&file, text).unwrap();
    for _ in 0..2 {
        let output =
            ken(&["migrate", "--config"]).arg(&file).current_dir(dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(dir.path().join("data/ken.db").exists());
}

#[test]
fn a_directory_that_cannot_be_written_is_said_plainly() {
    let dir = tempfile::tempdir().unwrap();
    // A file where a directory should be: even the superuser cannot write in it.
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let inside = file.join("glen");
    let any = "127.0.0.1:0";
    let of = ["demo", "--listen", any, "--mllp", any, "--data", inside.to_str().unwrap()];
    refused(&of, "cannot write");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
}

#[test]
fn there_is_nothing_to_export_where_nothing_ran() {
    let dir = tempfile::tempdir().unwrap();
    let (file, data) = (dir.path().join("x.ledger"), dir.path().join("none"));
    let of = ["ledger", "export", file.to_str().unwrap(), "--data", data.to_str().unwrap()];
    refused(&of, "There is no Ken");
    assert!(!file.exists() && !data.exists());
}

#[test]
fn a_file_that_is_no_ledger_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.ledger");
    for bytes in [&b""[..], b"hello", &[0xff; 4_096]] {
        fs::write(&file, bytes).unwrap();
        refused(&["ledger", "verify", file.to_str().unwrap()], "does not hold");
    }
}
