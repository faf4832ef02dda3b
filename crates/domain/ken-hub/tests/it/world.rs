//! A hub with one source, over fresh databases.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ken_core::identifier::LocalIdentifier;
use ken_core::{AccountId, Ctx, OrganisationId, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_hl7::Message;
use ken_hub::{Hub, Mode, Source};
use ken_person::{Merged, SourceRecord};
use ken_records::{Namer, Under, moves};
use ken_store::{Db, Limits, Migration, Reads, Snapshot, values};
use ken_testkit::{Databases, SeededIds, TestClock, engines_with, patient};
use serde_json::Value;

use crate::merges::reason;

/// A hub, and what it stands on.
pub(crate) struct World {
    pub(crate) databases: Databases,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Arc<TestClock>,
    ids: Arc<SeededIds>,
    /// The keys that were told, by what is kept of them.
    told: Mutex<BTreeMap<String, String>>,
}

/// What is held of one thing.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) body: Value,
    pub(crate) labels: Vec<String>,
}

/// A world on every engine there is.
pub(crate) async fn worlds() -> Vec<World> {
    worlds_with(patient()).await
}

/// The tables of everything that the hub stands on.
pub(crate) const MIGRATIONS: [&[Migration]; 6] = [
    ken_ledger::MIGRATIONS,
    ken_directory::MIGRATIONS,
    ken_sharing::MIGRATIONS,
    ken_person::MIGRATIONS,
    ken_records::MIGRATIONS,
    ken_hub::MIGRATIONS,
];

/// The same, with limits of the test's own; with the tables of everything that the hub stands on.
pub(crate) async fn worlds_with(limits: Limits) -> Vec<World> {
    let mut worlds = vec![];
    for databases in engines_with(&MIGRATIONS, limits).await {
        worlds.push(world(databases).await);
    }
    worlds
}

async fn world(databases: Databases) -> World {
    let clock = Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
    let ids = Arc::new(SeededIds::new(7));
    // All that the hospital sends is marked as for training, and here it is what is to be filed.
    let hospital = source("simhospital", "nhsl", "SIMHOSP", "SFAC");
    let hospital = Source { is_training: true, ..hospital };
    ken_hub::register(&databases.db, &hospital).await.unwrap();
    ken_hub::register(&databases.db, &source("torture", "practice", "A", "B")).await.unwrap();
    let (db, keys) = (databases.db.clone(), databases.keys.clone());
    let hub = Hub::open(db, keys, clock.clone(), ids.clone()).await.unwrap();
    World { databases, hub: Arc::new(hub), clock, ids, told: Mutex::default() }
}

fn source(id: &str, organisation: &str, app: &str, facility: &str) -> Source {
    Source {
        id: id.to_owned(),
        organisation: OrganisationId::new(organisation).unwrap(),
        name: "A made-up system".to_owned(),
        sending_app: app.to_owned(),
        sending_facility: facility.to_owned(),
        mode: Mode::Original,
        relationship: Some("direct-care".to_owned()),
        is_trusted: true,
        is_training: false,
    }
}

impl World {
    /// The hub of another process over the same database.
    pub(crate) async fn hub_of(&self, db: &Db) -> Hub {
        let (db, keys) = (db.clone(), self.databases.keys.clone());
        Hub::open(db, keys, self.clock.clone(), self.ids.clone()).await.unwrap()
    }

    /// Sends a message and reads what is said of it: MSA-1 and the error code, if there is one.
    pub(crate) async fn say(&self, message: &str) -> String {
        self.say_to(&self.hub, message).await
    }

    /// The same by another process's hub.
    pub(crate) async fn say_to(&self, hub: &Hub, message: &str) -> String {
        self.learn(message);
        let answer = hub.accept(message.as_bytes()).await.into_bytes().unwrap();
        let text = String::from_utf8(answer).unwrap();
        let field = |segment: &str, number: usize| {
            let line = text.split('\r').find(|line| line.starts_with(segment));
            line.and_then(|line| line.split('|').nth(number)).unwrap_or_default().to_owned()
        };
        format!("{} {}", field("MSA", 1), field("ERR", 5)).trim().to_owned()
    }

    /// Learns what a message calls things, so that a test can read what is kept of it.
    fn learn(&self, message: &str) {
        let Ok(parsed) = Message::parse(message.as_bytes()) else { return };
        let Ok(mapped) = ken_hl7::map::map(&parsed) else { return };
        let (namer, mut told) = (Namer::new(&self.databases.keys), self.told.lock().unwrap());
        let keys = mapped.resources.into_iter().filter_map(|one| one.key);
        for key in keys.filter(|key| key.contains('|')) {
            for system in ["torture", "simhospital", "training", "anybody"] {
                told.insert(namer.key(system, &key), key.clone());
            }
        }
    }

    /// The name of a thing as it was told.
    pub(crate) fn as_told(&self, name: &str) -> String {
        let mut words = name.splitn(3, ' ');
        let rest = words.nth(2).unwrap_or_default();
        let kept = rest.split(['#', ' ']).next().unwrap_or_default();
        let told = self.told.lock().unwrap();
        told.get(kept).map_or_else(|| name.to_owned(), |key| name.replacen(kept, key, 1))
    }

    /// Registers the source that takes what no other is named for.
    pub(crate) async fn let_anybody_send(&self) {
        let anybody = source("anybody", "nhsl", ken_hub::ANYBODY, ken_hub::ANYBODY);
        ken_hub::register(&self.databases.db, &anybody).await.unwrap();
        self.hub.reload().await.unwrap();
    }

    /// Counts rows; the statement is the test's own.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        use ken_store::Reads;
        let counted = self
            .databases
            .db
            .snapshot("test.count", async |s| s.find(sql, &[], |row| row.int(0)).await);
        counted.await.unwrap().unwrap()
    }

    /// Changes rows; the statement is the test's own.
    pub(crate) async fn change(&self, sql: &'static str) {
        let changed = self.databases.db.write("test.change", async |tx| tx.execute(sql, &[]).await);
        changed.await.unwrap();
    }

    /// Calls things as a database of before has them, which kept names as they were told; and
    /// starts anew on it.
    pub(crate) async fn name_as_before(&self, sql: &'static str) {
        self.change(sql).await;
        self.change("DELETE FROM record_names_kept").await;
        ken_records::called::keep(&self.databases.db, &self.databases.keys).await.unwrap();
    }

    /// Registers a training system.
    pub(crate) async fn let_train(&self) {
        let training = Source { is_training: true, ..source("training", "practice", "TRAIN", "B") };
        ken_hub::register(&self.databases.db, &training).await.unwrap();
        self.hub.reload().await.unwrap();
    }

    /// Everybody, in the order in which they came.
    pub(crate) async fn people(&self) -> Vec<PersonId> {
        let read = async |s: &mut Snapshot| {
            let of = "SELECT person_id FROM message ORDER BY message_id";
            s.list(of, &[], |row| row.parse::<PersonId>(0)).await
        };
        let mut all: Vec<PersonId> = self.databases.db.snapshot("test", read).await.unwrap();
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|person| seen.insert(*person));
        all
    }

    /// The current version of the newest thing of a kind that has an element.
    pub(crate) async fn held(&self, person: PersonId, kind: &str, element: &str) -> Held {
        let all = self.versions(person).await;
        let current = all.into_iter().filter(|one| one.is_current && one.kind == kind);
        let mut with = current.filter(|one| one.body.get(element).is_some());
        let one = with.next_back().unwrap_or_else(|| panic!("no {kind} with {element}"));
        let labels = one.labels.split(' ').filter(|label| !label.is_empty());
        Held { labels: labels.map(str::to_owned).collect(), body: one.body }
    }

    /// Every version that is held about a person, a line each, in an order of its own.
    pub(crate) async fn picture(&self, person: PersonId) -> Vec<String> {
        let line = |one: Version| format!("{} {} {}", one.head, one.is_current, one.body);
        let mut lines: Vec<_> = self.versions(person).await.into_iter().map(line).collect();
        lines.sort();
        lines
    }

    async fn versions(&self, person: PersonId) -> Vec<Version> {
        const ALL: &str = "SELECT i.source, i.item_key, i.resource_type, i.status, v.version,
              i.version, i.resource_id, v.key_id, v.body, c.labels
            FROM record_item i JOIN record_version v
              ON v.person_id = i.person_id AND v.resource_id = i.resource_id
            JOIN row_class c ON c.id = i.class_id
            WHERE i.person_id = $1 ORDER BY v.message_id, i.resource_id, v.version";
        let read = async |s: &mut Snapshot| {
            s.list(ALL, values![person], |row| {
                let head = [row.text(0)?, row.text(1)?, row.text(3)?, row.text(6)?];
                let numbers = (row.int(4)?, row.int(5)?);
                let sealed = (row.text(6)?, row.parse(7)?, row.bytes(8)?);
                Ok((head, row.text(2)?, numbers, sealed, row.text(9)?))
            })
            .await
        };
        let rows = self.databases.db.snapshot("test", read).await.unwrap();
        let mut all = vec![];
        for (mut head, kind, (version, current), (resource, key, body), labels) in rows {
            head[1] = self.as_told(&head[1]);
            let aad = format!("record/1 {person} {resource} {version}");
            let opened = self.databases.keys.open(&key, aad.as_bytes(), &body).await;
            let body = opened.ok().flatten().map(|body| serde_json::from_slice(&body).unwrap());
            let body = body.unwrap_or_else(|| Value::from("unreadable"));
            let (head, is_current) = (format!("{} {version}", head.join(" ")), version == current);
            all.push(Version { head, kind, is_current, body, labels });
        }
        all
    }

    /// Somebody who keeps messages moving.
    pub(crate) fn operator(&self, organisation: &str) -> Acting {
        Acting {
            account: AccountId::draw(&*self.ids),
            practitioner: PractitionerId::draw(&*self.ids),
            organisation: organisation.parse().unwrap(),
            role: "ops.hub".parse().unwrap(),
        }
    }

    /// Registers one more system of an organisation.
    pub(crate) async fn let_send(&self, organisation: &str, app: &str, facility: &str) {
        let one = source(app, organisation, app, facility);
        ken_hub::register(&self.databases.db, &one).await.unwrap();
        self.hub.reload().await.unwrap();
    }

    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    /// Lets a minute pass.
    pub(crate) fn tick(&self) {
        self.clock.advance(jiff::SignedDuration::from_mins(1));
    }

    /// How many messages are kept, each of which opens under whom it lies with.
    pub(crate) async fn messages_opened(&self) -> i64 {
        const ALL: &str = "SELECT person_id, message_id, key_id, body FROM message";
        let read = async |s: &mut Snapshot| {
            let row = |row: &ken_store::Row<'_>| {
                Ok((row.text(0)?, row.text(1)?, row.parse(2)?, row.bytes(3)?))
            };
            s.list(ALL, &[], row).await
        };
        let mut opened = 0;
        for (person, message, key, body) in self.databases.db.snapshot("test", read).await.unwrap()
        {
            let aad = format!("message/1 {person} {message}");
            let text = self.databases.keys.open(&key, aad.as_bytes(), &body).await.unwrap();
            assert!(text.unwrap().starts_with(b"MSH|"));
            opened += 1;
        }
        opened
    }

    /// Every relationship and who stands for whom, a line each.
    async fn all_relationships(&self) -> Vec<String> {
        const ALL: &str = "SELECT person_id, id, kind, until_us FROM relationship
            ORDER BY person_id, id";
        const LEADS: &str = "SELECT person_id, lead_id FROM person ORDER BY person_id";
        let read = async |s: &mut Snapshot| {
            let row = |row: &ken_store::Row<'_>| {
                Ok(format!("{} {} {:?}", row.text(0)?, row.text(1)?, row.int_opt(3)?))
            };
            let mut all = s.list(ALL, &[], row).await?;
            let lead = |row: &ken_store::Row<'_>| Ok(format!("{} {}", row.text(0)?, row.text(1)?));
            all.append(&mut s.list(LEADS, &[], lead).await?);
            Ok::<_, ken_store::Error>(all)
        };
        self.databases.db.snapshot("test", read).await.unwrap()
    }

    /// Takes the one merge back that moved a number away from somebody.
    pub(crate) async fn unmerge(&self, person: PersonId) {
        let read = async |s: &mut Snapshot| ken_person::merges(s, person).await;
        let merges = self.databases.db.snapshot("test", read).await.unwrap();
        assert!(self.try_unmerge(person, &merges[0].0.to_string()).await);
    }

    /// Takes a merge back, unless the number has moved on since.
    pub(crate) async fn try_unmerge(&self, person: PersonId, merge: &str) -> bool {
        let (db, keys) = (&self.databases.db, &self.databases.keys);
        let by = self.operator("nhsl");
        let merge = (person, merge.parse().unwrap());
        let state = self.all_relationships().await;
        let plan = ken_hub::plan(db, &self.ctx(), keys, merge, &by).await.unwrap().unwrap();
        assert_eq!(self.all_relationships().await, state, "a plan keeps nothing");
        match ken_hub::unmerge(db, &self.ctx(), keys, merge, &by, &reason()).await {
            Ok(effects) => {
                assert_eq!(plan.effects, effects, "what happens is what was said");
                true
            }
            Err(ken_hub::Error::Person(ken_person::Error::Buried)) => {
                assert_eq!(plan.effects, None);
                false
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Merges a number into another of the board, and moves one step of what was filed, as far as a
    /// process comes that ends then. True when more is left.
    pub(crate) async fn begin_merge(&self, (gone, kept): (&str, &str)) -> bool {
        let number = |number: &str| SourceRecord {
            organisation: "nhsl".parse().unwrap(),
            local: LocalIdentifier::new("urn:ken:id:sfac:s", number).unwrap(),
        };
        let (gone, kept) = (number(gone), number(kept));
        let (ctx, keys) = (self.ctx(), &self.databases.keys);
        let step = self.databases.db.write("test.step", async |tx| {
            let merged = ken_person::merge(tx, &ctx, keys, &gone, &kept, None).await?;
            let Merged::Moved { from, to, id, is_only, .. } = merged else { panic!("{merged:?}") };
            let (people, source) = ((from, to), &gone.organisation);
            let under = Under::of(&gone.local);
            let (of, how) = ((&under, &*id.to_string()), (is_only, false));
            let of = moves::begin(tx, &ctx, people, source, of, how).await?;
            Ok::<_, ken_hub::Error>(moves::advance(tx, &ctx, keys, &of).await?)
        });
        !step.await.unwrap()
    }

    /// Opens the hub again, as after a crash.
    pub(crate) async fn reopen(&self) {
        let (db, keys) = (self.databases.db.clone(), self.databases.keys.clone());
        Hub::open(db, keys, self.clock.clone(), self.ids.clone()).await.unwrap();
    }

    /// One text; the statement is the test's own.
    pub(crate) async fn text(&self, sql: &'static str) -> String {
        let read = async |s: &mut Snapshot| s.find(sql, &[], |row| row.text(0)).await;
        self.databases.db.snapshot("test.text", read).await.unwrap().unwrap()
    }
}

struct Version {
    head: String,
    kind: String,
    is_current: bool,
    body: Value,
    labels: String,
}
