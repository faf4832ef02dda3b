//! `ken accounts`, on a Ken that is stopped and on one that runs: who is added gets in, who is
//! closed is out at their next click.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use totp_rs::{Builder, Secret};

use crate::browser::{Browser, Page};
use crate::process::{ken, run};
use crate::serve::Served;

struct House {
    dir: tempfile::TempDir,
}

impl House {
    /// A partnership with the public bodies of Scotland, and nobody in it.
    fn new() -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap() };
        let text = format!(
            "listen = '127.0.0.1:0'\nmllp = '127.0.0.1:0'\nbase_url = 'http://glen.example'\n\
             partnership = 'Glen'\nhelp_phone = '01632 960001'\n\
             data = '{}'\nkeys_dir = '{}'\n",
            house.at("data").display(),
            house.at("keys").display()
        );
        fs::write(house.at("ken.toml"), text).unwrap();
        let config = house.at("ken.toml").display().to_string();
        let said = run(&["organisations", "import", "--write", "--config", &config]);
        assert!(said.status.success(), "{said:?}");
        house
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn accounts(&self, of: &[&str]) -> Output {
        ken(&["accounts"]).args(of).arg("--config").arg(self.at("ken.toml")).output().unwrap()
    }

    /// A command that must do what it says; what it said.
    #[track_caller]
    fn does(&self, of: &[&str]) -> String {
        let said = self.accounts(of);
        assert!(said.status.success(), "{of:?}: {said:?}");
        String::from_utf8(said.stdout).unwrap()
    }

    #[track_caller]
    fn refuses(&self, of: &[&str], want: &str) {
        let said = self.accounts(of);
        let words = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(!said.status.success() && words.contains(want), "{of:?}: {words}");
    }

    /// Adds a duty social worker; how they get in.
    fn add(&self, who: &str) -> WayIn {
        let file = self.at(&format!("{who}.txt"));
        let to = file.display().to_string();
        let of = [
            "add",
            who,
            "--name",
            "Canary Worker",
            "--organisation",
            "angus-council",
            "--role",
            "sw.duty",
            "--to",
            &to,
        ];
        assert!(self.does(&of).contains("Nothing was written"));
        assert!(!file.exists());
        let said = self.does(&[&of[..], &["--write"]].concat());
        let way = WayIn::read(&file);
        assert!(!said.contains(&way.password) && !said.contains(&way.secret), "{said}");
        self.refuses(&of, "ken.export-exists");
        way
    }
}

struct WayIn {
    name: String,
    password: String,
    secret: String,
}

impl WayIn {
    fn read(file: &Path) -> Self {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "its owner alone reads it");
        let text = fs::read_to_string(file).unwrap();
        let mut values = text.lines().map(|line| line.split_once(": ").unwrap().1.to_owned());
        let mut next = || values.next().unwrap();
        Self { name: next(), password: next(), secret: next() }
    }

    fn try_in(&self, http: &str) -> (Browser, Page) {
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let code = Builder::new().with_secret(secret).build_noncompliant().generate_current();
        let mut browser = Browser::new(http);
        let door = browser.get("/sign-in");
        let typed = [
            ("name", self.name.as_str()),
            ("password", &self.password),
            ("code", &code.to_string()),
        ];
        let page = browser.submit(&door, "/sign-in", &typed);
        (browser, page)
    }

    #[track_caller]
    fn enter(&self, http: &str) -> Browser {
        let (browser, page) = self.try_in(http);
        assert_eq!((page.status, page.path.as_str()), (200, "/w/today"), "{}", page.body);
        browser
    }
}

#[test]
fn whoever_is_closed_is_out_at_their_next_click_and_a_reset_lets_in_anew() {
    let house = House::new();
    let (jo, ann) = (house.add("jo"), house.add("ann"));
    let again = house.at("again").display().to_string();
    let taken = ["add", "jo", "--name", "X", "--organisation", "angus-council", "--to", &again];
    house.refuses(&taken, "directory.taken");
    house.refuses(&["close", "nobody"], "There is no open account");

    let config = house.at("ken.toml");
    let served = Served::start(&config);
    let (mut of_jo, mut of_ann) = (jo.enter(&served.http), ann.enter(&served.http));
    let bob = house.add("bob");
    let mut of_bob = bob.enter(&served.http);

    // Told, and not done.
    assert!(house.does(&["close", "jo"]).contains("Nothing was written"));
    assert_eq!(of_jo.get("/w/today").path, "/w/today");
    let said = house.does(&["close", "jo", "--write"]);
    assert!(said.contains("Still on the list of roles: sw.duty in angus-council"), "{said}");
    assert_eq!(of_jo.get("/w/today").path, "/sign-in", "closed, and still in");
    assert_eq!(jo.try_in(&served.http).1.status, 422);
    house.refuses(
        &["close", "jo", "--write"],
        "There is no open account as you named it. (directory.unknown)",
    );
    assert_eq!(of_bob.get("/w/today").path, "/w/today", "nobody else is put out");

    let file = house.at("new.txt");
    let reset = ["reset", "ann", "--to", file.to_str().unwrap()];
    assert!(house.does(&reset).contains("Nothing was written"));
    assert_eq!(of_ann.get("/w/today").path, "/w/today");
    house.does(&[&reset[..], &["--write"]].concat());
    assert_eq!(of_ann.get("/w/today").path, "/sign-in", "reset, and still in");
    assert_eq!(ann.try_in(&served.http).1.status, 422, "the old way in is closed");
    WayIn::read(&file).enter(&served.http);

    let role = ["bob", "--organisation", "angus-council", "--role", "sw.duty", "--write"];
    house.does(&[&["end-role"], &role[..]].concat());
    assert_eq!(of_bob.get("/w/today").path, "/choose", "an ended role, and still acting in it");
    house.refuses(&[&["end-role"], &role[..]].concat(), "There is no role as you named it.");
    house.does(&[&["give-role"], &role[..]].concat());
    assert_eq!(of_bob.get("/w/today").path, "/w/today");

    let all = house.does(&["list"]);
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(lines.len(), 3, "{all}");
    assert!(lines[1].starts_with("bob\topen\tangus-council\tCanary Worker\tangus-council/sw.duty"));
    assert!(lines[2].starts_with("jo\tclosed\t"), "{all}");
    let left = fs::read_dir(house.at("data")).unwrap().map(|one| one.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("accounts")).collect();
    assert!(left.is_empty(), "a question or an answer was left: {left:?}");
    served.stop();

    // What was entered was sealed with the rest.
    let audit = run(&["ledger", "audit", "--config", config.to_str().unwrap()]);
    assert!(audit.status.success(), "{audit:?}");
}
