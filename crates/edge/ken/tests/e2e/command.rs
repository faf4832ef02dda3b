//! Commands that end by themselves, and what they say when they cannot begin.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ken_store::{Db, Settings};

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
             partnership = 'Glen'\nhelp_phone = '01632 960001'\n\
                data = 'data'\nkeys_dir = 'keys'\n";
    fs::write(&file, good).unwrap();
    let output = run(&["check-config", "--config", path]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(&file, format!("{good}colour = 'blue'\n")).unwrap();
    refused(&["check-config", "--config", path], "colour");
    refused(&["serve", "--config", path], "colour");
}

#[test]
fn a_database_server_that_cannot_be_used_is_said_plainly() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let config = at("ken.toml");
    let check = |address: &str, authority: Option<&str>, want: &str| {
        fs::write(dir.path().join("address"), address).unwrap();
        let mut text = format!(
            "listen = '127.0.0.1:0'\nbase_url = 'https://ken.example'\n\
             partnership = 'Glen'\nhelp_phone = '01632 960001'\n\
             database_url_file = '{}'\nkeys_dir = '{}'\n",
            at("address"),
            at("keys")
        );
        if let Some(authority) = authority {
            fs::write(dir.path().join("ca.pem"), authority).unwrap();
            let file = at("ca.pem");
            text = format!("{text}database_ca_file = '{file}'\n");
        }
        fs::write(&config, text).unwrap();
        refused(&["check-config", "--config", &config], want);
    };
    let remote = "postgres://ken:secret@db.example/ken";
    check("nonsense", None, "store.address");
    check(remote, None, "name the authority of its certificate in `database_ca_file`");
    check(&format!("{remote}?sslmode=require"), None, "name its file in `database_ca_file`");
    check(remote, Some("not a certificate"), "holds no certificate that can be used");
    check("postgres://ken@127.0.0.1:1/ken", None, "store.broken");
    let missing = format!("{}\n", fs::read_to_string(&config).unwrap());
    fs::write(&config, format!("{missing}database_ca_file = '{}'\n", at("none.pem"))).unwrap();
    refused(&["check-config", "--config", &config], "database authority file");
    assert!(!dir.path().join("keys").exists(), "checking makes nothing");
}

#[test]
fn tables_are_made_and_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ken.toml");
    let text = "listen = '127.0.0.1:0'\nbase_url = 'https://ken.example'\n\
             partnership = 'Glen'\nhelp_phone = '01632 960001'\n\
                data = 'data'\nkeys_dir = 'keys'\n";
    fs::write(&file, text).unwrap();
    for _ in 0..2 {
        let output =
            ken(&["migrate", "--config"]).arg(&file).current_dir(dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(dir.path().join("data/ken.db").exists());
}

/// A partnership of a test's own in `dir`, brought up to date; its configuration.
fn migrated(dir: &Path) -> PathBuf {
    let file = dir.join("ken.toml");
    let at = |name: &str| dir.join(name).display().to_string();
    let text = format!(
        "listen = '127.0.0.1:0'\nbase_url = 'https://ken.example'\n\
             partnership = 'Glen'\nhelp_phone = '01632 960001'\ndata = '{}'\nkeys_dir = '{}'\n",
        at("data"),
        at("keys")
    );
    fs::write(&file, text).unwrap();
    let output = run(&["migrate", "--config", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    file
}

/// What a command says that must succeed.
fn said(of: &[&str]) -> String {
    let output = run(of);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn public_bodies_are_told_first_and_registered_once() {
    let dir = tempfile::tempdir().unwrap();
    let config = migrated(dir.path());
    let config = config.to_str().unwrap();
    let import = ["organisations", "import", "--config", config];
    let write = [&import[..], &["--write"]].concat();
    let told = said(&import);
    assert!(told.contains("77 new, 0 as the file says, 0 otherwise\nNothing was written."));
    assert_eq!(said(&["organisations", "list", "--config", config]), "");
    assert!(said(&write).contains("77 registered, 0 as the file says"));
    assert!(said(&write).contains("0 registered, 77 as the file says"));
    let listed = said(&["organisations", "list", "--config", config]);
    assert_eq!(listed.lines().count(), 77);
    let shared = "S37000005\tintegration-authority\tClackmannanshire and Stirling integration \
        authority\tclackmannanshire-council nhs-forth-valley stirling-council";
    assert!(listed.contains(shared), "{listed}");
    // A partnership of what is registered, and one that names nobody.
    let tree = dir.path().join("tree.toml");
    let fife = "[[partnership]]\nid = 'fife'\nname = 'Fife'\nlevel = 'local'\n\
        lead = 'fife-council'\nmembers = ['fife-council', 'nhs-fife']\n";
    fs::write(&tree, fife).unwrap();
    let register = ["organisations", "partnerships", tree.to_str().unwrap(), "--config", config];
    for _ in 0..2 {
        assert_eq!(said(&register), "fife\tlocal\t-\tFife\t2 members\n");
    }
    fs::write(&tree, fife.replace("'nhs-fife'", "'nobody'")).unwrap();
    refused(&register, "directory.unknown");
    // A file that says otherwise is refused, and says what.
    let other = dir.path().join("other.toml");
    let text = include_str!("../../../../../organisations/scotland.toml");
    fs::write(&other, text.replace("name = \"Fife Council\"", "name = \"Fife\"")).unwrap();
    let of = ["organisations", "import", other.to_str().unwrap(), "--config", config, "--write"];
    let output = run(&of);
    assert!(!output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("otherwise: fife-council: name\n0 new, 76 as the file says, 1 otherwise")
    );
    assert_eq!(said(&["organisations", "list", "--config", config]), listed);
}

#[test]
fn services_are_told_first_kept_claimed_and_handed_out() {
    const ALISS: &str = include_str!("../../../../domain/ken-directory/tests/it/aliss.json");
    let dir = tempfile::tempdir().unwrap();
    let config = migrated(dir.path());
    let config = config.to_str().unwrap();
    let file = dir.path().join("aliss.json");
    fs::write(&file, ALISS).unwrap();
    let import = ["services", "import", file.to_str().unwrap(), "--config", config];
    let write = [&import[..], &["--write"]].concat();
    let (list, export) =
        (["services", "list", "--config", config], ["services", "export", "--config", config]);
    let told = said(&import);
    assert!(told.contains("licence: https://creativecommons.org/licenses/by/4.0/"), "{told}");
    assert!(told.ends_with("0 as they were\nNothing was written.\n"), "{told}");
    assert_eq!(said(&list), "");
    assert!(said(&write).contains("2 new, 0 changed"));
    assert!(said(&write).contains("0 new, 0 changed, 0 left as it is here, 2 as they were"));
    said(&["organisations", "import", "--config", config, "--write"]);
    let provider = "8a1f0b52-6a8e-4c55-8c58-2d6d8c1f0e22";
    let claim =
        ["services", "claim", provider, "--organisation", "fife-council", "--config", config];
    assert!(said(&claim).contains("Nothing was written."));
    assert!(!said(&list).contains("fife-council"));
    assert!(said(&[&claim[..], &["--write"]].concat()).contains("are fife-council's"));
    let listed = said(&list);
    assert!(listed.contains(&format!("\t{provider}\tfife-council\t2026-02-01\tLunch club")));
    assert!(listed.contains("Dial-a-ride\tstale"), "{listed}");
    let all: serde_json::Value = serde_json::from_str(&said(&export)).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(all[1]["x-licence"], "https://creativecommons.org/licenses/by/4.0/");
    let lunch = "5f0e4d3a-1c55-4c0a-9d1b-0b6a7a2f3c11";
    let withdraw = ["services", "withdraw", lunch, "--config", config, "--write"];
    assert!(said(&withdraw).contains("is withdrawn"));
    assert!(said(&write).contains("0 new, 0 changed, 1 left as it is here, 1 as they were"));
    assert!(!said(&list).contains("Lunch club") && !said(&export).contains("Lunch club"));
    fs::write(&file, ALISS.replace("\"longitude\": -3.86", "\"longitude\": 386")).unwrap();
    refused(&import, "data[0].locations[1].longitude is no number of degrees");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_plainly() {
    // As a later version leaves it, whose migrations this one does not know.
    const LATER: &str = "
        INSERT INTO store_migration (owner, number, title, digest, applied_at)
        VALUES ('ken-hub', 900, 'later', '', 0)";
    let dir = tempfile::tempdir().unwrap();
    let config = migrated(dir.path());
    let database = dir.path().join("data/ken.db");
    let db = Db::open(Settings::sqlite(&database)).await.unwrap();
    let later = db.write("later", async |tx| tx.execute(LATER, &[]).await);
    assert_eq!(later.await, Ok(1));
    db.close().await;
    drop(db);
    let before = fs::read(&database).unwrap();
    for command in ["migrate", "serve"] {
        let of = [command, "--config", config.to_str().unwrap()];
        refused(&of, "the database is newer than this program: `ken-hub` is at 900");
        refused(&of, "run the newer program");
    }
    assert_eq!(fs::read(&database).unwrap(), before, "it was changed");
}

#[test]
fn a_clock_that_was_set_back_is_said_plainly() {
    let dir = tempfile::tempdir().unwrap();
    let config = migrated(dir.path());
    fs::write(dir.path().join("data/clock"), "2999-01-01T00:00:00Z").unwrap();
    let of = ["serve", "--config", config.to_str().unwrap()];
    refused(&of, "the clock has jumped back");
    refused(&of, "Set the clock right and start again");
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
