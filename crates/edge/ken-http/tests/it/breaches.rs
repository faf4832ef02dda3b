//! A breach from the outside: a processor reports it, its controller sees it and decides, and
//! nobody else reads it.

use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ken_core::Clock as _;
use ken_office::register::{self, Register};
use ken_store::Snapshot;

use crate::browser::{Answer, Browser};
use crate::world::{World, worlds};

/// What a form carries of a moment: day, month, year and time of the day.
pub(crate) fn typed(at: Timestamp) -> [(&'static str, String); 4] {
    let at = at.to_zoned(TimeZone::get("Europe/London").unwrap());
    [
        ("day", at.day().to_string()),
        ("month", at.month().to_string()),
        ("year", at.year().to_string()),
        ("time", format!("{:02}:{:02}", at.hour(), at.minute())),
    ]
}

async fn send(
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
    moment: &[(&'static str, String)],
) -> Answer {
    let page = browser.get(path).await;
    let moment = moment.iter().map(|(name, value)| (*name, value.as_str()));
    let filled: Vec<_> = fields.iter().copied().chain(moment).collect();
    browser.submit(&page, path, &filled).await
}

pub(crate) const REPORT: [(&str, &str); 7] = [
    ("controller", "cec"),
    ("kind", "access"),
    ("people", "40"),
    ("happened", "CANARY a laptop was open on a train"),
    ("data", "Names and visits"),
    ("effects", "Somebody may learn who is visited"),
    ("measures", "The laptop was locked from afar"),
];

/// The address of the first breach of a list.
#[track_caller]
fn first(list: &Answer) -> String {
    let (_, after) = list.body.split_once("href=\"/ig/breaches/0").unwrap();
    format!("/ig/breaches/0{}", after.split('"').next().unwrap())
}

/// A council that learns of a breach from its processor.
async fn reported(world: &World) -> (Browser, Browser, String) {
    let mut processor = world.signed_in("Gil Governs").await;
    let knew = typed(world.clock.now() - jiff::SignedDuration::from_hours(5));
    let new = "/ig/breaches/new";
    let less = send(&mut processor, new, &REPORT[..4], &knew).await;
    assert_eq!(less.status, StatusCode::UNPROCESSABLE_ENTITY);
    less.assert_has(&["CANARY", "Say what kinds of information it is"]);
    let told = send(&mut processor, new, &REPORT, &knew).await;
    told.assert_has(&["The controller has your report"]);
    let mine = processor.get("/ig/breaches").await;
    mine.assert_has(&["to Glen Council", "What they decide is theirs"]);
    mine.assert_lacks(&["CANARY"]);
    let mut council = world.sam_as("ig.lead").await;
    let list = council.get("/ig/breaches").await;
    list.assert_has(&["72 hours left", "A processor reported it"]);
    council.get("/ig").await.assert_has(&["72 hours left"]);
    let one = first(&list);
    (processor, council, one)
}

#[tokio::test]
async fn a_processors_report_reaches_its_controller_who_decides() {
    for world in worlds().await {
        let (mut processor, mut council, one) = reported(&world).await;
        let page = council.get(&one).await;
        page.assert_has(&["CANARY", "Not in your register", "Glen Medical Practice reported it"]);
        for stranger in [&mut processor, &mut world.signed_in("Pam Governs").await] {
            assert_eq!(stranger.get(&one).await.status, StatusCode::NOT_FOUND);
            stranger.get("/ig").await.assert_lacks(&["72 hours"]);
        }
        let step = async |council: &mut Browser, did: &str, at| {
            let fields = [("did", did), ("reason", "Reference 12 (made up)")];
            send(council, &one, &fields, at).await
        };
        let early = step(&mut council, "closed", &[]).await;
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
        let without = step(&mut council, "reported", &[]).await;
        without.assert_has(&["Enter when it was done"]);
        let now = typed(world.clock.now() + jiff::SignedDuration::from_mins(1));
        step(&mut council, "reported", &now).await.assert_has(&["This lies in the future"]);
        let count = |told| [("step", "people"), ("controller", "cec"), ("people", "40"), told];
        let much = send(&mut council, &one, &count(("told", "41")), &[]).await;
        assert_eq!(much.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", much.body);
        let saved = send(&mut council, &one, &count(("told", "38")), &[]).await;
        saved.assert_has(&["The count is saved"]);
        council.get(&one).await.assert_has(&["Not told yet", ">38<", ">2<"]);
        for (did, at) in
            [("unlikely", &[][..]), ("no-high-risk", &[]), ("noted", &[]), ("closed", &[])]
        {
            let done = step(&mut council, did, at).await;
            assert_eq!(done.status, StatusCode::OK, "{did}: {}", done.body);
        }
        council.get("/ig").await.assert_lacks(&["Breach:"]);
        let shut = council.get(&one).await;
        shut.assert_has(&["Closed", "Reference 12 (made up)"]);
        shut.assert_lacks(&["Save this step"]);
    }
}

#[tokio::test]
async fn a_processor_is_registered_with_what_its_contract_lays_down() {
    for world in worlds().await {
        let (_, mut council, one) = reported(&world).await;
        let path = "/ig/registers/processor";
        let named = [
            ("name", "Glen Medical Practice"),
            ("owner", "Head of service"),
            ("detail", "Contract of 2026"),
            ("until", ""),
            ("about", "practice"),
            ("instructions", "yes"),
            ("help", "yes"),
        ];
        let done = send(&mut council, path, &named, &[]).await;
        done.assert_has(&["It is in the register"]);
        let list = council.get(path).await;
        list.assert_has(&["Reports breaches here as: Glen Medical Practice"]);
        list.assert_has(&["<li>It keeps what it holds secure</li>"]);
        list.assert_lacks(&["<li>It helps us with security, breaches and impact assessments</li>"]);
        council.get(&one).await.assert_lacks(&["Not in your register"]);
        let read = async |s: &mut Snapshot| register::list(s, Register::Processor).await;
        let kept = world.on.db.snapshot("test.processors", read).await.unwrap();
        assert_eq!(kept[0].written.duties.len(), 2);
    }
}

#[tokio::test]
async fn a_system_that_sends_messages_is_listed_until_somebody_owns_it() {
    for world in worlds().await {
        let mut officer = world.signed_in("Gil Governs").await;
        let path = "/ig/registers/asset";
        let list = officer.get(path).await;
        list.assert_has(&["Systems without an accountable owner", "<h3>System gp</h3>"]);
        let named = [
            ("name", "The practice's system"),
            ("owner", "Practice manager"),
            ("detail", "Records of patients; steward Gil Governs"),
            ("until", ""),
            ("about", "gp"),
        ];
        send(&mut officer, path, &named, &[]).await.assert_has(&["It is in the register"]);
        let list = officer.get(path).await;
        list.assert_lacks(&["<h3>System gp</h3>"]);
        list.assert_has(&["<h3>System trak</h3>", "Sends messages as: System gp"]);
        // After half a year without a word it has no owner who says so.
        world.clock.advance(jiff::SignedDuration::from_hours(181 * 24));
        let mut officer = world.signed_in("Gil Governs").await;
        officer.get(path).await.assert_has(&["<h3>System gp</h3>"]);
    }
}

/// A doctor looked at somebody in the wrong hour: their practice learns of whom, and of what.
#[tokio::test]
async fn an_officer_reads_from_the_ledger_whom_a_breach_concerns() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut rao = world.signed_in("Dr Rao").await;
        let began = typed(world.clock.now() - jiff::SignedDuration::from_mins(1));
        world.search(&mut rao, "Drummond", ["2", "3", "1948"]).await.assert_has(&["DRUMMOND"]);
        let mut gil = world.signed_in("Gil Governs").await;
        let own = REPORT.into_iter().map(|(name, value)| match name {
            "controller" => (name, "practice"),
            _ => (name, value),
        });
        let own: Vec<_> = own.collect();
        let new = "/ig/breaches/new";
        send(&mut gil, new, &own, &began).await.assert_has(&["The breach is recorded"]);
        let one = first(&gil.get("/ig/breaches").await);
        let path = format!("{one}/people");
        gil.get(&one).await.assert_has(&[&format!("href=\"{path}\"")]);
        let ask = async |gil: &mut Browser, what: &str, person: &str, more: &[(&str, &str)]| {
            let page = gil.get(&path).await;
            let began = began.iter().map(|(name, value)| (*name, value.as_str()));
            let fields = [("hours", "1"), ("what", what), ("person", person)];
            let fields: Vec<_> =
                fields.into_iter().chain(began).chain(more.iter().copied()).collect();
            gil.submit(&page, &path, &fields).await
        };
        let count = ask(&mut gil, "count", "", &[]).await;
        count.assert_has(&["What the ledger says", "Choose the list"]);
        count.assert_lacks(&["How to tell them"]);
        let list = ask(&mut gil, "list", "", &[]).await;
        list.assert_has(&["How to tell them", "Glen Medical Practice", "name"]);
        list.assert_lacks(&["DRUMMOND", "Drummond", &world.morag.to_string()]);
        let (_, after) = list.body.rsplit_once("<h3>").unwrap();
        let handle = after.split('<').next().unwrap().to_owned();
        let file = ask(&mut gil, "file", "", &[]).await;
        assert!(file.body.starts_with("person,") && file.body.contains(&handle), "{engine}");
        // A name is the gate's to show, and by its words alone.
        let wrong = ask(&mut gil, "name", "NOBOD-YATAL", &[]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}");
        let words = ask(&mut gil, "name", &handle, &[]).await;
        words.assert_has(&["Before you can see a name"]);
        words.assert_lacks(&["DRUMMOND"]);
        let blind = ask(&mut gil, "name", &handle, &[("affirmed", "yes")]).await;
        blind.assert_lacks(&["DRUMMOND"]);
        let filled: Vec<_> = began.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let again = [("hours", "1"), ("what", "name"), ("person", &*handle), ("affirmed", "yes")];
        let again: Vec<_> = again.into_iter().chain(filled).collect();
        let named = gil.submit(&words, &path, &again).await;
        named.assert_has(&["DRUMMOND, MORAG", "Receipt"]);
        for stranger in ["Pam Governs", "Fay Governs"] {
            let mut stranger = world.signed_in(stranger).await;
            assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND, "{engine}");
        }
    }
}
