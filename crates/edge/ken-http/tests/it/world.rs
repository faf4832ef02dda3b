//! A small partnership behind the pages, on every engine there is: agreements signed, messages
//! sent through the hub, people and practitioners with accounts. Everyone in it is made up.

use std::collections::BTreeSet;
use std::sync::Arc;

use ken_core::{
    AccountId, Clock as _, Ctx, EntryId, InstrumentHash, MessageId, OrganisationId, PersonId,
    PractitionerId, Sensitive,
};
use ken_directory::{
    Acting, Error, Hasher, HeldRole, Holder, NewAccount, OneTimeSecret, Organisation, PasswordHash,
    account, organisation, practitioner,
};
use ken_http::{App, DemoAccount, Parts, Site, router};
use ken_hub::{Hub, Mode, Source};
use ken_ledger::{KeyUse, Receipts, SignerKey};
use ken_person::{Found, Query};
use ken_records::{Filing, Under};
use ken_sharing::{Gate, Instrument, RowClass, emergency, instrument, pack};
use ken_store::{Snapshot, Tx};
use ken_testkit::{Databases, SeededIds, TestClock, engines};
use serde_json::json;
use tokio_util::task::TaskTracker;

use crate::browser::Browser;
use crate::own_words;
use crate::signed::{sign, sign_for};

/// Requests of the tests have no socket, which is taken for the address of a proxy.
const PROXY: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

pub(crate) const PASSWORD: &str = "three random words";

/// What is signed, each after those that it stands under.
const AGREEMENTS: [&str; 3] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-direct-care.toml"),
];

/// Organisations, by id.
const ORGANISATIONS: &[(&str, &str)] = &[
    ("cec", "Glen Council"),
    ("nhsl", "NHS Glen"),
    ("practice", "Glen Medical Practice"),
    ("primary", "Glen Primary School"),
];

/// Sign-in name, name, and the roles held: organisation and role.
type Staff = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The sign-in name of somebody who has a password and no button.
const UNLISTED: &str = "lee";

/// Who works here.
const STAFF: &[Staff] = &[
    ("jo", "Jo Worker", &[("cec", "sw.duty")]),
    ("ann", "Ann Colleague", &[("cec", "sw.duty")]),
    ("rao", "Dr Rao", &[("practice", "gp.doctor")]),
    ("bea", "Dr Bea Doctor", &[("nhsl", "nhs.ed")]),
    ("tea", "Ms Teacher", &[("primary", "ed.teacher")]),
    ("sam", "Sam Both", &[("cec", "ops.hub"), ("cec", "ig.lead")]),
    ("nan", "Nan Second", &[("cec", "ops.hub")]),
    ("ola", "Ola Ward", &[("nhsl", "ops.hub")]),
    ("fay", "Fay Governs", &[("cec", "ig.lead")]),
    ("gil", "Gil Governs", &[("practice", "ig.lead")]),
    // Whoever has no button of the demonstration.
    (UNLISTED, "Lee Plain", &[("practice", "ig.lead")]),
    ("pam", "Pam Governs", &[("primary", "ig.lead")]),
    ("cal", "Cal Guards", &[("cec", "ig.guardian")]),
    // A colleague who is Morag, as the registers have it.
    ("kit", "Kit Drummond", &[("cec", "sw.duty")]),
];

/// Morag's number, of the range that is never given to anybody.
pub(crate) const NUMBER: &str = "9990000018^^^NHSNBR^NH";

/// What differs between two worlds, none of which Dr Rao may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// Nothing beyond what she may see.
    Nothing,
    /// Somebody whom only the school knows, and a school record about Morag.
    Something,
}

/// Glen, as far as these tests need it.
pub(crate) struct World {
    pub(crate) on: Databases,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) morag: PersonId,
    /// The school's emergency access about Morag, which only the school may know of.
    pub(crate) access: Option<EntryId>,
    pub(crate) hub: Arc<Hub>,
    parts: Parts,
    secret: OneTimeSecret,
    pub(crate) accounts: Vec<DemoAccount>,
    router: axum::Router,
}

pub(crate) async fn worlds() -> Vec<World> {
    worlds_with(Hidden::Something).await
}

pub(crate) async fn worlds_with(hidden: Hidden) -> Vec<World> {
    worlds_of(hidden, str::to_owned).await
}

/// The same, with each agreement changed before it is signed.
pub(crate) async fn worlds_of(hidden: Hidden, change: fn(&str) -> String) -> Vec<World> {
    let migrations = [
        ken_ledger::MIGRATIONS,
        ken_directory::MIGRATIONS,
        ken_sharing::MIGRATIONS,
        ken_person::MIGRATIONS,
        ken_records::MIGRATIONS,
        ken_care::MIGRATIONS,
        ken_hub::MIGRATIONS,
        ken_office::MIGRATIONS,
        ken_insight::MIGRATIONS,
    ];
    let mut worlds = Vec::new();
    for on in engines(&migrations).await {
        worlds.push(Box::pin(build(on, hidden, change)).await);
    }
    worlds
}

fn word<W: std::str::FromStr<Err = ken_core::WordError>>(text: &str) -> W {
    text.parse().unwrap()
}

async fn build(on: Databases, hidden: Hidden, change: fn(&str) -> String) -> World {
    let (clock, ids) = (Arc::new(TestClock::default()), Arc::new(SeededIds::default()));
    let ctx = Ctx::new(&*clock, &*ids);
    for text in AGREEMENTS {
        sign(&on, &ctx, &change(text)).await;
    }
    let hasher = Hasher::default();
    let password = hasher.hash(&ctx, Sensitive::new(PASSWORD.to_owned())).await.unwrap();
    let secret = OneTimeSecret::draw(&ctx);
    let hub = send(&on, &clock, &ids, hidden).await;
    let morag = find(&on, "Drummond", "1948-03-02").await.unwrap();
    if hidden == Hidden::Something {
        let says = ("education", "CANARY collects a grandchild");
        file_school_record(&on, &ctx, morag, says).await;
        own_words::speak_of_school_record(&on, &ctx, morag).await;
    }
    let accounts = accounts(&on, &ctx, &password, &secret, morag).await;
    let access = match hidden {
        Hidden::Something => Some(open_at_school(&on, &ctx, morag).await),
        Hidden::Nothing => None,
    };
    let site = Site {
        partnership: "Glen".into(),
        made_up: true,
        secure: false,
        proxies: vec![PROXY],
        help_phone: Some("01632 960001".into()),
        help_email: None,
        demo_accounts: accounts.clone(),
    };
    let passkeys = ken_directory::passkey::Site::new("http://localhost:8080", "Ken").unwrap();
    let parts = Parts {
        db: on.db.clone(),
        keys: on.keys.clone(),
        gate: Arc::new(Gate::default()),
        hasher,
        clock: clock.clone(),
        ids,
        receipts: Receipts::new(log_key()),
        site,
        index: hub.index().clone(),
        portal: Arc::default(),
        issuers: pack::own_issuer().into_iter().chain([issuer().verifier().clone()]).collect(),
        tasks: TaskTracker::new(),
    };
    let app = App::with_passkeys(parts.clone(), passkeys);
    World { on, clock, morag, access, hub, parts, secret, accounts, router: router(app) }
}

/// The key of the ledger that the pages speak for.
pub(crate) fn log_key() -> SignerKey {
    SignerKey::new("glen.example/ledger", KeyUse::Log, &[1; 32]).unwrap()
}

/// An issuer of statute packs whom this house trusts.
pub(crate) fn issuer() -> SignerKey {
    SignerKey::new("packs.example/test", KeyUse::Log, &[9; 32]).unwrap()
}

/// Registers organisations, practitioners and accounts.
async fn accounts(
    on: &Databases,
    ctx: &Ctx<'_>,
    password: &PasswordHash,
    secret: &OneTimeSecret,
    morag: PersonId,
) -> Vec<DemoAccount> {
    let keys = &on.keys;
    on.db
        .write("test.accounts", async |tx: &mut Tx| {
            for (id, name) in ORGANISATIONS {
                let (kind, contact_phone) = ("council".to_owned(), "01632 960 001".to_owned());
                let new = Organisation { id: word(id), name: (*name).into(), kind, contact_phone };
                organisation::register(tx, ctx, &new).await?;
            }
            let mut accounts = vec![];
            for (sign_in, name, roles) in STAFF {
                let person = (*sign_in == "kit").then_some(morag);
                let who = practitioner::register(tx, ctx, name, person).await?;
                give_roles(tx, ctx, keys, who, roles).await?;
                let new = NewAccount {
                    sign_in_name: Sensitive::new((*sign_in).to_owned()),
                    holder: Holder::Practitioner(who),
                    organisation: Some(word(roles[0].0)),
                    password: Some(password.clone()),
                    one_time: Some(secret.clone()),
                };
                let account = account::register(tx, ctx, keys, new, None).await?;
                if *sign_in != UNLISTED {
                    accounts.push(demo(account, name));
                }
            }
            let own = NewAccount {
                sign_in_name: Sensitive::new("morag".to_owned()),
                holder: Holder::Person(morag),
                organisation: None,
                password: Some(password.clone()),
                one_time: Some(secret.clone()),
            };
            let own = account::register(tx, ctx, keys, own, None).await?;
            accounts.push(demo(own, "Morag Drummond"));
            Ok::<_, Error>(accounts)
        })
        .await
        .unwrap()
}

/// Sends what the partnership knows, as messages.
async fn send(
    on: &Databases,
    clock: &Arc<TestClock>,
    ids: &Arc<SeededIds>,
    hidden: Hidden,
) -> Arc<Hub> {
    let direct = Some("direct-care");
    for (id, organisation, app, relationship) in [
        ("gp", "practice", "GP", direct),
        ("trak", "nhsl", "TRAK", direct),
        ("seemis", "primary", "SEEMIS", None),
    ] {
        let source = Source {
            id: id.to_owned(),
            organisation: word(organisation),
            name: format!("System {id}"),
            sending_app: app.to_owned(),
            sending_facility: "GLEN".to_owned(),
            mode: Mode::Original,
            relationship: relationship.map(str::to_owned),
            is_trusted: true,
            is_training: false,
        };
        ken_hub::register(&on.db, &source).await.unwrap();
    }
    let hub = Hub::open(on.db.clone(), on.keys.clone(), clock.clone(), ids.clone());
    let hub = Arc::new(hub.await.unwrap());
    let morag = "DRUMMOND^MORAG||19480302|F|||1 Made-up Road^^Glen^^ZZ99 9ZZ";
    let mut messages = vec![
        message("GP", "ADT^A28^ADT_A05", "1", &format!("12^^^GP^MR~{NUMBER}||{morag}"), ""),
        message(
            "TRAK",
            "ADT^A01^ADT_A01",
            "2",
            &format!("77^^^TRAK^MR~{NUMBER}||{morag}"),
            "PV1|1|E|WARD4^^^GLEN||||||||||||||||V1^^^TRAK|||||||||||||||||||||||||20261101101500\r\
             AL1|1|DA|^Penicillin||Rash\r",
        ),
        "HELLO WORLD".to_owned(),
    ];
    if hidden == Hidden::Something {
        let callum = "9^^^SEEMIS^MR||GOW^CALLUM||20120506|M|||2 Made-up Road^^Glen^^ZZ99 9ZZ";
        messages.push(message("SEEMIS", "ADT^A28^ADT_A05", "3", callum, ""));
    }
    for message in messages {
        hub.accept(message.as_bytes()).await.into_bytes().unwrap();
    }
    hub
}

fn message(app: &str, kind: &str, id: &str, person: &str, more: &str) -> String {
    format!(
        "MSH|^~\\&|{app}|GLEN|KEN|GLEN|20261101101500||{kind}|{id}|P|2.4\r\
         EVN||20261101101500\rPID|1||{person}\r{more}"
    )
}

pub(crate) async fn find(on: &Databases, family: &str, born: &str) -> Option<PersonId> {
    let query = Query::name_and_birth(family, "", born.parse().unwrap()).unwrap();
    let read = async |s: &mut Snapshot| ken_person::search(s, &query).await;
    match on.db.snapshot("test.find", read).await.unwrap() {
        Found::People(people) => people.first().map(ken_person::Candidate::person),
        Found::TooMany => None,
    }
}

/// Something about Morag that no clause of direct care covers: of which category, and what.
async fn file_school_record(
    on: &Databases,
    ctx: &Ctx<'_>,
    person: PersonId,
    (category, text): (&str, &str),
) {
    let source: OrganisationId = word("primary");
    let resource = json!({ "resourceType": "DocumentReference", "status": "current",
        "description": text, "date": "2026-11-02" });
    on.db
        .write("test.file", async |tx: &mut Tx| {
            let key = ken_records::key_of(tx, &on.keys, person).await?;
            let place =
                ken_records::place(tx, ctx, person, (&source, &Under::default()), category).await?;
            let class = RowClass {
                category: word(category),
                labels: BTreeSet::new(),
                source: source.clone(),
                lineage: BTreeSet::new(),
            };
            let (item_key, under, told) = (category, &Under::default(), None);
            let (message, event) = (MessageId::draw(ctx.ids), Some(ctx.clock.now()));
            let resource = resource.clone();
            let said = None;
            let filing =
                Filing { key, item_key, resource, class, message, event, under, told, said };
            ken_records::file(tx, ctx, &on.keys, place, filing).await
        })
        .await
        .unwrap();
}

/// The school opened Morag's record in an emergency.
async fn open_at_school(on: &Databases, ctx: &Ctx<'_>, person: PersonId) -> EntryId {
    let by = Acting {
        organisation: word("primary"),
        role: word("ed.teacher"),
        practitioner: PractitionerId::draw(ctx.ids),
        account: AccountId::draw(ctx.ids),
    };
    let reason = Sensitive::new("CANARY fell in the playground".to_owned());
    let said = BTreeSet::new();
    let open = emergency::open(&on.db, ctx, &on.keys, &by, person, &reason, &said).await;
    open.unwrap().id
}

impl World {
    /// Asks these sources at reading time, from now on.
    pub(crate) fn ask(&mut self, sources: Vec<ken_hub::portal::Settings>) {
        self.parts.portal = Arc::new(ken_hub::portal::Portal::new(sources).unwrap());
        self.router = router(App::new(self.parts.clone()));
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    /// Registers a text, as the governance office of its lead party does.
    pub(crate) async fn register(&self, text: &str) -> InstrumentHash {
        let ids = SeededIds::new(7);
        let ctx = Ctx::new(&*self.clock, &ids);
        let of = Instrument::parse(text).unwrap();
        instrument::register(&self.on.db, &ctx, &self.on.keys, &of).await.unwrap()
    }

    /// Signs one more agreement, by every party.
    pub(crate) async fn agree(&self, text: &str) {
        // Ids of its own for each text.
        let ids = SeededIds::new(1_000 + u64::try_from(text.len()).unwrap());
        sign(&self.on, &Ctx::new(&*self.clock, &ids), text).await;
    }

    /// Signs a registered text for a party that does so elsewhere.
    pub(crate) async fn sign_elsewhere(&self, hash: &InstrumentHash, party: &str) {
        let ids = SeededIds::new(9);
        sign_for(&self.on, &Ctx::new(&*self.clock, &ids), hash, &word(party)).await;
    }

    /// The school files something more about Morag.
    pub(crate) async fn school_files(&self, category: &str, text: &str) {
        let ids = SeededIds::new(10);
        let ctx = Ctx::new(&*self.clock, &ids);
        file_school_record(&self.on, &ctx, self.morag, (category, text)).await;
    }

    /// Sends one more message of the hospital's about somebody, as `PID` writes them.
    pub(crate) async fn hear(&self, id: &str, person: &str) {
        self.hear_as(id, "ADT^A28^ADT_A05", person).await;
    }

    /// Sends a message of another system.
    pub(crate) async fn hear_from(&self, app: &str, id: &str, person: &str) {
        self.hear_of(app, id, "ADT^A28^ADT_A05", person).await;
    }

    /// Sends a message of this kind, likewise.
    pub(crate) async fn hear_as(&self, id: &str, kind: &str, person: &str) {
        self.hear_of("TRAK", id, kind, person).await;
    }

    /// Sends a message of this kind, of any system.
    pub(crate) async fn hear_of(&self, app: &str, id: &str, kind: &str, person: &str) {
        let message = message(app, kind, id, person, "");
        let answer = self.hub.accept(message.as_bytes()).await.into_bytes().unwrap();
        assert!(String::from_utf8_lossy(&answer).contains("MSA|AA|"), "it was not taken");
    }

    /// Everybody who governs the council gives that up.
    pub(crate) async fn end_governance(&self) {
        let ids = SeededIds::new(11);
        let (ctx, cec) = (Ctx::new(&*self.clock, &ids), word::<OrganisationId>("cec"));
        let held = HeldRole { organisation: cec.clone(), role: word("ig.lead") };
        let end = async |tx: &mut Tx| {
            for (who, _, role) in practitioner::of_organisation(tx, &ctx, &cec).await? {
                if role == held.role {
                    practitioner::end_role(tx, &ctx, &self.on.keys, who, &held, None).await?;
                }
            }
            Ok::<_, ken_directory::Error>(())
        };
        self.on.db.write("test.end-governance", end).await.unwrap();
    }

    /// Somebody who is held, whoever may know it.
    pub(crate) async fn person(&self, family: &str, born: &str) -> Option<PersonId> {
        find(&self.on, family, born).await
    }

    pub(crate) fn code(&self) -> String {
        self.secret.code(self.clock.now()).unwrap().into_revealed()
    }

    /// Sends the search form and follows to where it leads.
    pub(crate) async fn search(
        &self,
        browser: &mut Browser,
        family: &str,
        born: [&str; 3],
    ) -> crate::browser::Answer {
        let page = browser.get("/w/find").await;
        let [day, month, year] = born;
        let filled =
            [("number", ""), ("family", family), ("day", day), ("month", month), ("year", year)];
        browser.submit(&page, "/w/find", &filled).await
    }
}

fn demo(account: AccountId, name: &str) -> DemoAccount {
    DemoAccount {
        account,
        name: name.to_owned(),
        organisation: "Glen".into(),
        role: "Somebody".into(),
        try_first: "Look around.".into(),
    }
}

pub(crate) async fn give_roles(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &ken_store::keys::KeyRing,
    who: PractitionerId,
    roles: &[(&str, &str)],
) -> Result<(), Error> {
    for (organisation, role) in roles {
        let held = HeldRole { organisation: word(organisation), role: word(role) };
        practitioner::give_role(tx, ctx, keys, who, &held, None, None).await?;
    }
    Ok(())
}
