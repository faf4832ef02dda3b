//! What a witness is given and gives back, and the audit, with Ken stopped and with Ken running.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use ken_core::PersonId;
use ken_ledger::{Checkpoint, Hash, KeyUse, Note, Receipt, Receipts, SignerKey, receipt_word};
use ken_store::ambient::SystemIds;
use ken_store::{Db, Reads as _, Settings, values};
use ken_testkit::patient;
use tempfile::TempDir;

use crate::process::{ken, run};

/// How often it is asked whether Ken listens, and how long between: two minutes in all.
const LOOKS: usize = 6_000;
const LOOK: Duration = Duration::from_millis(20);

/// A partnership of a test's own: its folder and its configuration.
struct Place {
    dir: TempDir,
    config: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("ken.toml");
        let at = |name: &str| dir.path().join(name).display().to_string();
        let text = format!(
            "listen = '127.0.0.1:0'\nbase_url = 'https://ken.example'\n\
             partnership = 'Glen'\nhelp_phone = '01632 960001'\n\
             data = '{}'\nkeys_dir = '{}'\n",
            at("data"),
            at("keys")
        );
        fs::write(&config, text).unwrap();
        let place = Self { dir, config };
        assert_eq!(place.ledger("audit", None).1, "", "there is nothing yet");
        place.migrate();
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn migrate(&self) {
        assert!(run(&["migrate", "--config", self.config.to_str().unwrap()]).status.success());
    }

    /// Runs `ken ledger`; whether it went well, and what it said where.
    fn ledger(&self, command: &str, file: Option<&Path>) -> (bool, String, String) {
        let file = file.map(|file| file.to_str().unwrap());
        let config = ["--config", self.config.to_str().unwrap()];
        let of: Vec<&str> = ["ledger", command].into_iter().chain(file).chain(config).collect();
        let output = run(&of);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    fn note(&self, name: &str) -> Note {
        fs::read_to_string(self.at(name)).unwrap().parse().unwrap()
    }

    /// Starts Ken, and waits until commands reach it.
    fn serve(&self) -> Running {
        let child = ken(&["serve", "--config", self.config.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let running = Running(child);
        let socket = self.at("data/ken.sock");
        let up = (0..LOOKS).any(|_| {
            thread::sleep(LOOK);
            UnixStream::connect(&socket).is_ok()
        });
        assert!(up, "it does not listen");
        running
    }
}

/// Ended at once when the test forgets it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn witness() -> SignerKey {
    SignerKey::new("police.example", KeyUse::Witness, &[5; 32]).unwrap()
}

#[test]
fn a_witness_is_asked_and_heard_while_ken_runs_and_while_it_does_not() {
    let place = Place::new();
    let (first, second) = (place.at("first"), place.at("second"));
    let (well, said, trouble) = place.ledger("checkpoint", Some(&first));
    assert!(well && said.contains("checkpoint is in"), "{trouble}");
    let mut note = place.note("first");
    note.add(witness().sign(note.text(), 1_795_000_000));
    fs::write(&second, note.to_string()).unwrap();
    let (well, _, trouble) = place.ledger("cosigned", Some(&second));
    assert!(!well && trouble.contains("ledger.note-unsigned"), "nobody is trusted: {trouble}");
    fs::write(place.at("keys/trust"), format!("witness police {}\n", witness().verifier()))
        .unwrap();
    let running = place.serve();
    let (well, said, trouble) = place.ledger("cosigned", Some(&second));
    assert!(well && said.contains("police.example"), "{said} {trouble}");
    fs::remove_file(&first).unwrap();
    assert!(place.ledger("checkpoint", Some(&first)).0);
    assert_eq!(place.note("first"), note, "the cosigned one is handed out");
    let (well, _, trouble) = place.ledger("checkpoint", Some(&first));
    assert!(!well && trouble.contains("ken.export-exists"), "{trouble}");
    let (well, said, trouble) = place.ledger("audit", None);
    assert!(well && said.starts_with("whole: "), "{said} {trouble}");
    drop(running);
    let (well, said, trouble) = place.ledger("audit", None);
    assert!(well && said.starts_with("whole: "), "{said} {trouble}");
    let left: Vec<_> = fs::read_dir(place.at("data"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.contains(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Whoever asks for a quorum is not told that all is well without one.
#[test]
fn an_export_without_the_quorum_that_is_asked_for_is_refused() {
    let place = Place::new();
    let (first, second, export) = (place.at("first"), place.at("second"), place.at("export"));
    assert!(place.ledger("checkpoint", Some(&first)).0);
    let mut note = place.note("first");
    note.add(witness().sign(note.text(), 1_795_000_000));
    fs::write(&second, note.to_string()).unwrap();
    let police = format!("witness police {}\n", witness().verifier());
    fs::write(place.at("keys/trust"), &police).unwrap();
    assert!(place.ledger("cosigned", Some(&second)).0);
    let (well, _, trouble) = place.ledger("export", Some(&export));
    assert!(well, "{trouble}");
    let health = SignerKey::new("nhs.example", KeyUse::Witness, &[6; 32]).unwrap();
    let both = format!("{police}witness health {}\n", health.verifier());
    let verify = |policy: &str| {
        let file = place.at("policy");
        fs::write(&file, policy).unwrap();
        let of = ["ledger", "verify", export.to_str().unwrap(), "--trust", file.to_str().unwrap()];
        let output = run(&of);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout) + &text(output.stderr))
    };
    let check = |policy: String, want_well: bool, want: &str| {
        let (well, said) = verify(&policy);
        assert!(well == want_well && said.contains(want), "{policy}: {said}");
    };
    check(format!("{police}quorum police\n"), true, "enough of your witnesses vouch for");
    check(both.clone(), true, "witnessed by police.example");
    check(format!("{both}group any any police health\nquorum any\n"), true, "enough of your");
    check(format!("{both}group all all police health\nquorum all\n"), false, "too few");
    check(format!("{both}quorum health\n"), false, "ken.ledger-no-quorum");
}

/// As a log would that has taken away what it had signed a receipt for.
#[test]
fn a_receipt_without_its_entry_is_told_from_one_that_is_not_due() {
    let place = Place::new();
    let export = place.at("export");
    let (well, _, trouble) = place.ledger("export", Some(&export));
    assert!(well, "{trouble}");
    let secret = fs::read_to_string(place.at("keys/ledger.key")).unwrap();
    let log: SignerKey = secret.trim_end().parse().unwrap();
    fs::write(place.at("keys.txt"), log.verifier().to_string()).unwrap();
    let at = |text: &str| text.parse().unwrap();
    let (past, future) = (at("2026-01-05T09:00:00Z"), at("2126-01-05T09:00:00Z"));
    let other = SignerKey::new("ken.example/ledger", KeyUse::Log, &[6; 32]).unwrap();
    let receipt = |at, key| Receipt::sign(Hash::leaf(b"taken away"), at, key);
    let check = |text: String, want: &str, words: &str| {
        let file = place.at("receipt");
        fs::write(&file, &text).unwrap();
        let of = [file.to_str().unwrap(), export.to_str().unwrap()];
        let keys = place.at("keys.txt");
        let trust = ["--trust", keys.to_str().unwrap()];
        let output = run(&[&["ledger", "check-receipt"], &of[..], &trust[..]].concat());
        let said =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(want) && said.contains(words), "{said}");
    };
    let gone = receipt(past, &log);
    check(gone.to_string(), "ken.receipt-broken", "overdue: the entry was due by 2026-01-05");
    check(receipt_word(&gone), "ken.receipt-broken", "Removal is proven");
    check(receipt(future, &log).to_string(), "ken.receipt-open", "not due yet");
    check(receipt(past, &other).to_string(), "ken.receipt-refused", "no known key has signed");
    check("nothing of the kind".to_owned(), "ledger.note-malformed", "no receipt");
}

/// As its person has it, on a machine that has nothing of ours but the program.
#[test]
fn what_was_taken_away_is_checked_without_a_server() {
    let place = Place::new();
    let export = place.at("export");
    let (well, _, trouble) = place.ledger("export", Some(&export));
    assert!(well, "{trouble}");
    let secret = fs::read_to_string(place.at("keys/ledger.key")).unwrap();
    let log: SignerKey = secret.trim_end().parse().unwrap();
    fs::write(place.at("keys.txt"), log.verifier().to_string()).unwrap();
    let at = "2026-01-05T09:00:00Z".parse().unwrap();
    let word = receipt_word(&Receipt::sign(Hash::leaf(b"taken away"), at, &log));
    let made = |receipts: &str| {
        let files = [("record.html", "<p>Hello</p>"), ("receipts.txt", receipts)];
        let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        Receipts::new(log.clone()).extract(files.into(), at).unwrap()
    };
    let check = |bytes: &[u8], more: &[&str], want_well: bool, want: &str| {
        let (file, keys) = (place.at("my-record.zip"), place.at("keys.txt"));
        fs::write(&file, bytes).unwrap();
        let of = ["ledger", "verify-extract", file.to_str().unwrap(), "--trust"];
        let output = run(&[&of[..], &[keys.to_str().unwrap()], more].concat());
        let said =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() == want_well && said.contains(want), "{want}: {said}");
    };
    let sought = ["--export", export.to_str().unwrap()];
    let good = made(&word);
    check(&good, &[], true, "whole: 2 files, as the log signed them");
    check(&good, &[], true, "made at 2026-01-05T09:00:00Z");
    check(&good, &[], true, "1 receipt, signed by this log");
    check(&good, &sought, false, "ken.receipt-broken");
    check(&made("# None.\n"), &sought, true, "it has no receipt");
    let mut changed = good.clone();
    let place_of = good.windows(5).position(|some| some == b"Hello").unwrap();
    changed[place_of] = b'J';
    check(&changed, &[], false, "ledger.extract-malformed");
    check(b"nothing of the kind", &[], false, "ledger.extract-malformed");
    fs::write(place.at("keys.txt"), witness().verifier().to_string()).unwrap();
    check(&good, &[], true, "is not in a trust file of yours");
    let other = SignerKey::new("ken.example/other", KeyUse::Log, &[6; 32]).unwrap();
    fs::write(place.at("keys.txt"), other.verifier().to_string()).unwrap();
    check(&good, &[], false, "ledger.extract-unknown-log");
}

/// The file beside the keys is what tells an old copy of the database from the newest.
#[test]
fn ken_does_not_start_behind_what_a_witness_has_seen() {
    let place = Place::new();
    assert!(place.ledger("checkpoint", Some(&place.at("first"))).0);
    let secret = fs::read_to_string(place.at("keys/ledger.key")).unwrap();
    let key: SignerKey = secret.trim_end().parse().unwrap();
    let mut note = Checkpoint::sign(5, Hash::empty(), &key);
    note.add(witness().sign(note.text(), 1));
    fs::write(place.at("keys/ledger.seen"), note.to_string()).unwrap();
    let output = run(&["serve", "--config", place.config.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("ledger.behind-witness"), "{said}");
}

/// A link as an earlier version left it, of which the hub tells the gate as soon as it is opened.
const OLD_LINK: &str = "INSERT INTO link_event (person_id, event_id, from_lead_id, to_lead_id, \
    moved, made_us, made_by, told) VALUES ($1, 'old', $1, $2, '[]', 1, 'test', 0)";

/// Runs something on the database of a place while Ken does not.
async fn on_database<T>(place: &Place, work: impl AsyncFnOnce(&Db) -> T) -> T {
    let db = Db::open(Settings::sqlite(place.at("data/ken.db")).with(patient())).await.unwrap();
    let done = work(&db).await;
    db.close().await;
    done
}

async fn untold(place: &Place) -> i64 {
    let sql = "SELECT COUNT(*) FROM link_event WHERE told = 0";
    let count = on_database(place, async |db: &Db| {
        db.snapshot("test", async |s| s.find(sql, &[], |row| row.int(0)).await).await
    });
    count.await.unwrap().unwrap()
}

#[tokio::test]
async fn an_old_copy_is_refused_before_anything_is_changed() {
    let place = Place::new();
    assert!(place.ledger("checkpoint", Some(&place.at("first"))).0);
    let put = on_database(&place, async |db: &Db| {
        let (one, two) = (PersonId::draw(&SystemIds), PersonId::draw(&SystemIds));
        db.write("test", async |tx| tx.execute(OLD_LINK, values![one, two]).await).await
    });
    assert_eq!(put.await, Ok(1));
    let secret = fs::read_to_string(place.at("keys/ledger.key")).unwrap();
    let key: SignerKey = secret.trim_end().parse().unwrap();
    let own = place.at("keys/ledger.own");
    // Nobody has cosigned it: the log's own word is enough.
    fs::write(&own, Checkpoint::sign(5, Hash::empty(), &key).to_string()).unwrap();
    let output = run(&["serve", "--config", place.config.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("ledger.cut"), "{said}");
    assert!(said.contains("keys/ledger.own away"), "it says what to do: {said}");
    assert_eq!(untold(&place).await, 1, "the hub was not opened");
    fs::rename(&own, place.at("evidence")).unwrap();
    let (well, _, trouble) = place.ledger("checkpoint", Some(&place.at("second")));
    assert!(well, "{trouble}");
    assert_eq!(untold(&place).await, 0, "and now it was");
}

#[test]
fn a_trust_file_of_another_log_is_refused() {
    let place = Place::new();
    let other = SignerKey::new("other.example/ledger", KeyUse::Log, &[6; 32]).unwrap();
    fs::create_dir_all(place.at("keys")).unwrap();
    fs::write(place.at("keys/trust"), format!("log {}\n", other.verifier())).unwrap();
    let (well, _, trouble) = place.ledger("checkpoint", Some(&place.at("x")));
    assert!(!well && trouble.contains("ken.trust-other-log"), "{trouble}");
    fs::write(place.at("keys/trust"), "nonsense\n").unwrap();
    let (well, _, trouble) = place.ledger("checkpoint", Some(&place.at("x")));
    assert!(!well && trouble.contains("ledger.trust"), "{trouble}");
}

#[test]
fn a_draft_is_tried_with_ken_stopped_and_with_ken_running() {
    let place = Place::new();
    let draft = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../agreements");
    let draft = draft.join("glen-direct-care.toml");
    let tried = |more: &[&str]| {
        let (draft, config) = (draft.to_str().unwrap(), place.config.to_str().unwrap());
        let of = ["agreement", "replay", draft, "--config", config];
        let output = run(&[&of[..], more].concat());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let (well, said, trouble) = tried(&["--days", "7"]);
    assert!(well && said.contains("taken again: 0"), "{said} {trouble}");
    let running = place.serve();
    let (well, said, trouble) = tried(&["--days", "7", "--json"]);
    assert!(well, "{said} {trouble}");
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&told["days"], &told["replayed"]), (&7.into(), &0.into()), "{said}");
    // Both files that passed are gone.
    let left = fs::read_dir(place.at("data")).unwrap();
    let left: Vec<_> = left.map(|one| one.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{left:?}");
    drop(running);
    let (well, _, trouble) = tried(&["--days", "900"]);
    assert!(!well && trouble.contains("731"), "{trouble}");
}
