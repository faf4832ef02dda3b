//! Somebody whose details occur nowhere else goes through a whole run with every step logged; then
//! they are looked for in every log line, measure, error, address, redirect and header.
//!
//! The run is that of the demonstration, and its faults: refusals, forms that are too long or come
//! from elsewhere, addresses that lead nowhere, a message that is none, a stop.

use ken_demo::{Person, canary};
use ken_http::{ROUTES, Verb};

use crate::browser::{Browser, Page, link, token};
use crate::process::Demo;
use crate::wire::{code, page, send};

/// What may be found nowhere but on the pages of those who may see it.
struct Planted {
    person: Person,
    chi: String,
    nhs: String,
}

impl Planted {
    fn new() -> Self {
        let person = canary(7, jiff::civil::date(2026, 11, 21));
        let chi = person.chi.as_ref().unwrap().reveal().to_owned();
        let nhs = person.nhs.as_ref().unwrap().reveal().to_owned();
        Self { person, chi, nhs }
    }

    fn born(&self) -> jiff::civil::Date {
        self.person.born.day().unwrap()
    }

    /// Each detail, as it was sent or typed.
    fn details(&self) -> Vec<String> {
        let (person, born) = (&self.person, self.born());
        let home = person.home.as_ref().unwrap();
        vec![
            person.family.clone(),
            person.given.clone(),
            person.middle.clone().unwrap(),
            home.line.clone(),
            home.postcode.clone(),
            person.phone.clone().unwrap(),
            self.chi.clone(),
            self.nhs.clone(),
            born.to_string(),
            born.to_string().replace('-', ""),
            format!("{}%20{}%20{}", born.day(), born.month(), born.year()),
        ]
    }

    /// A registration, and an alert of the hospital.
    fn messages(&self) -> [Vec<u8>; 2] {
        let (person, home) = (&self.person, self.person.home.as_ref().unwrap());
        let about = format!(
            "~{}^^^CHI^NI~{}^^^NHS^NH||{}^{}^{}||{}|{}|||{}^^{}^^{}^GBR^H||{}",
            self.chi,
            self.nhs,
            person.family,
            person.given,
            person.middle.as_deref().unwrap(),
            self.born().to_string().replace('-', ""),
            person.sex.code(),
            home.line,
            home.town,
            home.postcode,
            person.phone.as_deref().unwrap(),
        );
        let of = |app: &str, authority: &str, kind: &str, event: &str| {
            format!(
                "MSH|^~\\&|{app}|KEN|GLEN|20261121101500||{kind}|CANARY-1|P|2.5.1\r\
                 EVN|{event}|20261121101500\rPID|1||CAN1^^^{authority}^MR{about}\r"
            )
            .into_bytes()
        };
        [
            of("SURGERY|GLENPRACTICE", "GGP", "ADT^A28", "A28"),
            of("SOCIALWORK|GLENCOUNCIL", "GSW", "ADT^A28", "A28"),
        ]
    }
}

/// Looks for each detail, however it is written.
#[track_caller]
fn assert_silent(planted: &Planted, what: &str, said: &str) {
    let said = said.to_lowercase();
    for detail in planted.details() {
        if let Some(at) = said.find(&detail.to_lowercase()) {
            let from = said.floor_char_boundary(at.saturating_sub(200));
            let to = said.ceil_char_boundary((at + 200).min(said.len()));
            panic!("{detail:?} is in {what}: {}", &said[from..to]);
        }
    }
}

/// Sends the canary through everything; what was told beside the pages themselves.
pub(crate) fn fly(demo: &Demo) -> String {
    let planted = Planted::new();
    let mut told = String::new();
    for message in planted.messages() {
        let answer = send(&demo.mllp(), &message);
        assert_eq!(code(&answer), "AA", "{answer}");
        let bent = [message.as_slice(), b"NTE|1||Quittengelb\r"].concat();
        let refused = send(&demo.mllp(), &bent);
        assert_eq!(code(&refused), "AE", "{refused}");
        told.extend([answer, refused]);
    }
    let none = format!("{}|{}", planted.person.family, planted.chi);
    told.push_str(&send(&demo.mllp(), none.as_bytes()));
    told.push_str(&at_the_door(demo, &planted));
    told.push_str(&by_the_nurse(demo, &planted));
    told.push_str(&by_the_social_worker(demo, &planted));
    told.push_str(&by_every_route(demo, &planted));
    let measures = page(&demo.metrics(), "/metrics");
    assert_bounded(&measures);
    told.push_str(&measures);
    told.push_str(&page(&demo.metrics(), "/health/ready"));
    assert_silent(&planted, "an answer's head, an address or a measure", &told);
    told
}

/// Somebody types the canary where it does not belong, before anybody is signed in.
fn at_the_door(demo: &Demo, planted: &Planted) -> String {
    let mut door = Browser::new(&demo.http());
    let first = door.get("/sign-in");
    let name = planted.person.family.as_str();
    let typed = [("name", name), ("password", name), ("code", planted.chi.as_str())];
    assert_eq!(door.submit(&first, "/sign-in", &typed).status, 422);
    assert_eq!(door.post("/sign-in", &typed).status, 403);
    for path in [format!("/w/p/{name}"), format!("/{name}?q={}", planted.chi)] {
        door.get(&path);
    }
    let long = format!("{name} ").repeat(20_000);
    assert_eq!(door.submit(&first, "/sign-in", &[("name", &long)]).status, 413);
    door.heads
}

fn search(browser: &mut Browser, planted: &Planted) -> Page {
    let (find, born) = (browser.get("/w/find"), planted.born());
    let (day, month, year) =
        (born.day().to_string(), born.month().to_string(), born.year().to_string());
    let typed = [
        ("family", planted.person.family.as_str()),
        ("day", &day),
        ("month", &month),
        ("year", &year),
    ];
    browser.submit(&find, "/w/find", &typed)
}

/// The practice knows them: found by name and by number, read, and asked for wrongly.
fn by_the_nurse(demo: &Demo, planted: &Planted) -> String {
    let mut nurse = Browser::sign_in(&demo.http(), "Jo Findlay");
    let family = planted.person.family.to_uppercase();
    let found = search(&mut nurse, planted);
    assert!(found.body.contains(&family), "{}", found.body);
    let find = nurse.get("/w/find");
    let found = nurse.submit(&find, "/w/find", &[("number", &planted.chi)]);
    assert!(found.body.contains(&family), "{}", found.body);
    let purposes = nurse.get(&link(&found, "/w/find/h/"));
    let shown = if purposes.body.contains("?purpose=") {
        nurse.get(&link(&purposes, &format!("{}?purpose=", purposes.path)))
    } else {
        purposes
    };
    assert!(shown.body.contains(&family), "{}", shown.body);
    assert!(shown.body.contains("Zeisigsteig"), "{}", shown.body);
    nurse.submit(&find, "/w/find", &[("number", &planted.person.given)]);
    nurse.get(&format!("{}?purpose={}", shown.path, planted.person.given));
    nurse.get(&format!("/w/p/{}?kind={}", planted.chi, planted.person.given));
    let last = nurse.get("/w/today");
    nurse.submit(&last, "/sign-out", &[]);
    nurse.heads
}

/// A social worker from another organisation's point of view: a claim and an emergency, with the
/// canary in their own words.
fn by_the_social_worker(demo: &Demo, planted: &Planted) -> String {
    let mut worker = Browser::sign_in(&demo.http(), "Jo Lindsay");
    let found = search(&mut worker, planted);
    let other = match found.status {
        403 => found,
        _ => worker.get(&link(&found, "/w/find/other?")),
    };
    let reason = format!("{} {} fell", planted.person.given, planted.person.family);
    let claim = worker.get(&link(&other, "/w/claim?"));
    let claimed =
        worker.submit(&claim, "/w/claim", &[("kind", "direct-care"), ("reason", &reason)]);
    assert_eq!(claimed.status, 200, "{}", claimed.body);
    let emergency = worker.get(&link(&other, "/w/emergency?"));
    let opened =
        worker.submit(&emergency, "/w/emergency", &[("affirmed", "yes"), ("reason", &reason)]);
    assert_eq!(opened.status, 200, "{}", opened.body);
    worker.heads
}

/// Names of fields that some form has: each holds the canary.
const FIELDS: [&str; 18] = [
    "account", "affirmed", "before", "code", "family", "given", "id", "kind", "name", "number",
    "outcome", "p", "password", "purpose", "reason", "seen", "t", "words",
];

/// Every route of the router's own list, so that no new one is left out, with the canary in its
/// address and in whatever it may read of a form: by somebody unknown, and by a practitioner.
fn by_every_route(demo: &Demo, planted: &Planted) -> String {
    let name = planted.person.family.as_str();
    let mut told = String::new();
    for who in [None, Some("Jo Findlay")] {
        let (mut browser, start) = match who {
            None => (Browser::new(&demo.http()), "/sign-in"),
            Some(who) => (Browser::sign_in(&demo.http(), who), "/w/today"),
        };
        let token = token(&browser.get(start));
        let mut typed: Vec<(&str, &str)> = FIELDS.iter().map(|field| (*field, name)).collect();
        typed.push(("csrf", &token));
        for route in ROUTES.iter().filter(|route| route.path != "/sign-out") {
            let path = filled(route.path, name);
            match route.verb {
                Verb::Post => browser.post(&path, &typed),
                Verb::Get => browser.get(&format!("{path}?q={}&t={name}", planted.chi)),
            };
        }
        browser.ask(name, "/", None);
        told.push_str(&browser.heads);
    }
    told
}

/// A measure knows a route by the router's own word for it, whatever was asked for.
fn assert_bounded(measures: &str) {
    let routes = measures.split("route=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let routes: Vec<&str> = routes.collect();
    assert!(routes.len() > 20 && routes.contains(&"none"), "{measures}");
    for route in routes {
        let is_known = route == "none" || ROUTES.iter().any(|one| one.path == route);
        assert!(is_known, "a measure for {route}");
    }
}

/// A route's path with a word in each of its places.
fn filled(path: &str, word: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| format!("{path}{word}{}", part.split_once('}').unwrap().1))
}

/// The log of a run that has ended.
pub(crate) fn assert_log_is_silent(log: &str) {
    // A log without its steps would show nothing, whatever leaks.
    let answers = log.lines().filter(|line| line.contains("http.route"));
    assert!(answers.count() > 20, "the run was not logged step by step:\n{log}");
    assert_silent(&Planted::new(), "a log line", log);
}

/// The same on PostgreSQL, whose driver logs the parameters of statements; and the demonstration
/// itself on PostgreSQL, with its progress in lines, found again without being told where it is;
/// and then the same house by `ken serve`, through a cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_demo_on_postgres_keeps_silence() {
    let Some(database) = ken_testkit::Fresh::create("C").await else { return };
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("glen"), dir.path().join("address"));
    std::fs::write(&file, database.address()).unwrap();
    let first =
        Demo::start_with(&data, &["--progress", "--database-url-file", file.to_str().unwrap()]);
    let (status, said) = first.stop();
    assert!(status.success(), "{said}");
    assert!(said.contains(": 100 of ") || said.contains(" of "), "{said}");
    assert!(!data.join("ken.db").exists(), "it used SQLite");

    let second = Demo::start_with(&data, &["--log", "trace"]);
    assert!(!data.join("ken.db").exists(), "it used SQLite");
    fly(&second);
    let accounts = second.ready["accounts"].clone();
    let (status, log) = second.stop();
    assert!(status.success(), "{log}");
    assert_log_is_silent(&log);
    let driver = log.lines().filter(|line| line.contains(" DEBUG log:"));
    assert!(driver.count() > 20, "the driver logs no statements any more: nothing is tested");

    crate::serve::lives_and_dies_and_lives_again(dir.path(), &data, (&file, &accounts));
    let Some(empty) = ken_testkit::Fresh::create("C").await else { return };
    crate::serve::from_nothing(dir.path(), &empty.address());

    // Another directory has other keys, and changes nothing in this database.
    let other = dir.path().join("other");
    let of = ["demo", "--listen", "127.0.0.1:0", "--mllp", "127.0.0.1:0", "--data"];
    let refused = crate::process::ken(&of)
        .arg(&other)
        .arg("--database-url-file")
        .arg(&file)
        .output()
        .unwrap();
    assert!(!refused.status.success() && refused.stdout.is_empty());
}
