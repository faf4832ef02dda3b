//! The whole spine under faults: production store, hub, gate and ledger; only clock, ids, network
//! and the end of the process are made up.
//!
//! A crash is an image of the disk, taken inside the n-th draw of an id, wherever that is: between
//! two statements, before a commit, within the sealer. The run is judged by what it had answered
//! until then; the image is started again, the network sends once more whatever was not answered,
//! and a few things twice.
//!
//! # Invariants
//!
//! - What was acknowledged is there, once; what was not is applied once after it is sent again.
//! - People and record are those of a run that nothing happened to.
//! - No disclosure without an entry that was durable before; the ledger holds, and verifies.
//!
//! `KEN_SIM_SEEDS` says how many seeds; a failure prints its seed and its crash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use ken_core::{AccountId, Category, Clock, Ctx, IdSource, PersonId, PractitionerId};
use ken_demo::{Dice, Message, Partnership, Parts, SEED, found};
use ken_directory::{Acting, Hasher};
use ken_hub::Hub;
use ken_ledger::{KeyUse, Sealer, SealerSettings, SignerKey, Turn};
use ken_sharing::{Action, Caller, Decision, Gate, Question, gate};
use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Reads, Settings};
use ken_testkit::{SeededIds, TestClock, patient};
use tempfile::TempDir;
use uuid::Uuid;

/// Seeds of one run of the tests.
const SEEDS: u64 = 3;
/// Messages of one simulated day.
const MESSAGES: usize = 36;
/// Crashes that each seed is tried with.
const CRASHES: u64 = 5;

/// Ids that repeat, and a disk that is copied at one of them.
#[derive(Debug)]
struct CrashingIds {
    ids: SeededIds,
    drawn: AtomicU64,
    crash: Option<(u64, PathBuf, PathBuf)>,
    crashed: AtomicU64,
}

impl CrashingIds {
    fn new(seed: u64, crash: Option<(u64, PathBuf, PathBuf)>) -> Self {
        let (drawn, crashed) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { ids: SeededIds::new(seed), drawn, crash, crashed }
    }

    fn draw(&self) {
        let number = self.drawn.fetch_add(1, Ordering::SeqCst);
        if let Some((at, from, to)) = &self.crash
            && number == *at
        {
            copy(from, to);
            self.crashed.store(1, Ordering::SeqCst);
        }
    }

    fn has_crashed(&self) -> bool {
        self.crashed.load(Ordering::SeqCst) == 1
    }
}

impl IdSource for CrashingIds {
    fn ordered(&self) -> Uuid {
        self.draw();
        self.ids.ordered()
    }

    fn random(&self) -> Uuid {
        self.draw();
        self.ids.random()
    }

    fn entropy(&self, bytes: &mut [u8]) {
        self.draw();
        self.ids.entropy(bytes);
    }
}

/// What a power cut leaves: the files, without locks and shared memory.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let kept = ["-shm", ".lock"].iter().all(|end| !name.ends_with(end));
        if entry.file_type().unwrap().is_file() && kept {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

struct House {
    parts: Parts,
    keys_db: Db,
    gate: Gate,
    sealer: Sealer,
    clock: Arc<TestClock>,
    ids: Arc<CrashingIds>,
}

impl House {
    async fn open(dir: &Path, ids: CrashingIds) -> Self {
        let clock = Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
        let ids = Arc::new(ids);
        let (time, draw): (Arc<dyn Clock>, Arc<dyn IdSource>) = (clock.clone(), ids.clone());
        let db = Db::open(Settings::sqlite(dir.join("ken.db")).with(patient())).await.unwrap();
        db.migrate(&[
            ken_ledger::MIGRATIONS,
            ken_directory::MIGRATIONS,
            ken_sharing::MIGRATIONS,
            ken_person::MIGRATIONS,
            ken_records::MIGRATIONS,
            ken_care::MIGRATIONS,
            ken_hub::MIGRATIONS,
            ken_office::MIGRATIONS,
            ken_insight::MIGRATIONS,
        ])
        .await
        .unwrap();
        let keys_db = Db::open(Settings::sqlite(dir.join("keys.db")).with(patient()));
        let keys_db = keys_db.await.unwrap();
        let root = RootKey::open(dir, &SeededIds::new(1)).unwrap();
        let keys = KeyRing::unlock_with(keys_db.clone(), root, draw.clone()).await.unwrap();
        let ctx = Ctx::new(&*time, &*draw);
        let key =
            SignerKey::open(&dir.join("log.key"), "sim.example/ledger", KeyUse::Log, &ctx).unwrap();
        let settings = SealerSettings {
            key,
            holder: draw.random().to_string(),
            trust: ken_ledger::Trust::default(),
            memory: dir.join("witnessed"),
        };
        let sealer = Sealer::open(&db, &ctx, settings).await.unwrap();
        let hub = Hub::open(db.clone(), keys.clone(), time.clone(), draw.clone()).await.unwrap();
        let parts = Parts {
            db,
            keys,
            hub: Arc::new(hub),
            clock: time,
            ids: draw,
            hasher: Hasher::default(),
            data: dir.to_owned(),
        };
        Self { parts, keys_db, gate: Gate::default(), sealer, clock, ids }
    }

    async fn close(self) {
        self.parts.db.close().await;
        self.keys_db.close().await;
    }

    fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    async fn seal(&mut self) {
        let ctx = Ctx::new(&*self.clock, &*self.ids);
        // A lease of the process before the crash has run out.
        self.clock.advance(SignedDuration::from_secs(11));
        while let Turn::Sealed { is_more: true, .. } =
            self.sealer.run_once(&self.parts.db, &ctx).await.unwrap()
        {}
    }

    /// A doctor opens the record of everybody, one after the other: permits seen, items read.
    async fn look(&self, people: &[PersonId]) -> u64 {
        let by = Acting {
            account: AccountId::draw(&*self.ids),
            practitioner: PractitionerId::draw(&*self.ids),
            organisation: "practice".parse().unwrap(),
            role: "gp.doctor".parse().unwrap(),
        };
        let (db, keys, mut permits) = (&self.parts.db, &self.parts.keys, 0);
        for person in people {
            let question = Question {
                person: *person,
                sources: BTreeSet::from(["nhsl".parse().unwrap(), "cec".parse().unwrap()]),
                action: Action::View,
                purpose: "direct-care".parse().unwrap(),
                categories: BTreeSet::from([Category::new("core").unwrap()]),
                before: None,
            };
            let caller = Caller::Practitioner(&by);
            let ctx = self.ctx();
            let told = gate::decide_many(db, &ctx, keys, &self.gate, caller, &question);
            let granted = told.await.unwrap().into_values().filter_map(|decision| match decision {
                Decision::Permit(permit) => Some(permit),
                _ => None,
            });
            let granted: Vec<_> = granted.collect();
            if !granted.is_empty() && !self.ids.has_crashed() {
                ken_records::disclose(db, &self.ctx(), keys, granted).await.unwrap();
                permits += 1;
            }
        }
        permits
    }

    async fn texts(&self, sql: &'static str) -> Vec<String> {
        let read = self
            .parts
            .db
            .snapshot("sim.texts", async |s| s.list(sql, &[], |row| row.text(0)).await);
        read.await.unwrap()
    }

    async fn people(&self) -> Vec<PersonId> {
        let texts = self.texts("SELECT person_id FROM person ORDER BY made_us, person_id").await;
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// What is held, without the ids that every run draws anew.
    async fn picture(&self) -> BTreeMap<String, usize> {
        let items = self
            .texts(
                "SELECT i.source || ' ' || i.item_key || ' ' || i.resource_type || ' '
                   || c.category || ' ' || CAST(i.version AS TEXT)
                 FROM record_item i JOIN row_class c ON c.id = i.class_id",
            )
            .await;
        let mut picture = BTreeMap::new();
        for item in items {
            // A thing that its source gave no name is named after its message: any id will do.
            let words = item.split(' ').map(|word| {
                let id = word.split('/').next().is_some_and(|id| id.parse::<Uuid>().is_ok());
                if id { "unnamed" } else { word }
            });
            *picture.entry(words.collect::<Vec<_>>().join(" ")).or_default() += 1;
        }
        picture.insert("people".to_owned(), self.people().await.len());
        picture
    }
}

/// One day: messages in their sources' order, some of them twice, and somebody who looks.
/// Says which messages were acknowledged before the end, and how many records were opened.
async fn live(house: &mut House, messages: &[Message], dice: &mut Dice) -> (BTreeSet<usize>, u64) {
    let (acknowledged, mut looks) = (Mutex::new(BTreeSet::new()), 0);
    let mut rest: Vec<usize> = (0..messages.len()).collect();
    while !rest.is_empty() && !house.ids.has_crashed() {
        let some = usize::try_from(dice.between(1, 4)).unwrap().min(rest.len());
        let lane: Vec<usize> = rest.drain(..some).collect();
        let again = dice.chance(25).then(|| lane[0]);
        for number in lane.into_iter().chain(again) {
            let hub = Arc::clone(&house.parts.hub);
            let answer = hub.accept(&messages[number].bytes).await;
            if !house.ids.has_crashed() {
                assert_eq!(answer.code.unwrap().as_str(), "AA", "message {number}");
                acknowledged.lock().unwrap().insert(number);
            }
        }
        if dice.chance(30) && !house.ids.has_crashed() {
            let people = house.people().await;
            looks += house.look(&people).await;
        }
        if dice.chance(30) && !house.ids.has_crashed() {
            house.seal().await;
        }
    }
    (acknowledged.into_inner().unwrap(), looks)
}

/// Checks everything that must hold at rest.
async fn judge(house: &mut House, expected: &BTreeMap<String, usize>, looks: u64, what: &str) {
    assert_eq!(&house.picture().await, expected, "{what}: people and record");
    let applied = house.texts("SELECT control_id FROM inbox WHERE state = 'applied'").await;
    let kept = house.texts("SELECT message_id FROM message").await;
    assert_eq!((applied.len(), kept.len()), (MESSAGES, MESSAGES), "{what}: each is applied once");
    house.seal().await;
    let permits = house.texts("SELECT kind FROM ledger_entry WHERE kind = 'permit'").await;
    assert!(permits.len() as u64 >= looks, "{what}: a look without its entry");
    let audited = ken_ledger::audit(&house.parts.db, &|_, _| {}).await.unwrap();
    assert!(audited.is_whole(), "{what}: the ledger: {audited:?}");
}

/// Source and control id of everything applied.
const INBOX: &str = "SELECT s.sending_app || ' ' || s.sending_facility || ' ' || i.control_id
    FROM inbox i JOIN source s ON s.id = i.source WHERE i.state = 'applied'";

/// The same of a message.
fn key_of(message: &Message) -> String {
    let text = String::from_utf8_lossy(&message.bytes);
    let field = |number: usize| text.split('|').nth(number).unwrap();
    format!("{} {} {}", field(2), field(3), field(9))
}

/// A founded partnership, and messages about a few households in their order.
async fn foundation(seed: u64) -> (TempDir, Vec<Message>) {
    let dir = tempfile::tempdir().unwrap();
    let house = House::open(dir.path(), CrashingIds::new(seed, None)).await;
    let partnership = Partnership::new(SEED, house.clock.today());
    found(&house.parts, &partnership, &|_| {}).await.unwrap();
    house.close().await;
    let mut messages = partnership.messages();
    let first = messages.len() / 7 * usize::try_from(seed % 7).unwrap();
    let household = messages[first].household;
    messages.retain(|message| message.household.abs_diff(household) < 6);
    messages.truncate(MESSAGES);
    assert_eq!(messages.len(), MESSAGES);
    (dir, messages)
}

async fn simulate(seed: u64) {
    let (founded, messages) = foundation(seed).await;
    let fresh = || {
        let dir = tempfile::tempdir().unwrap();
        copy(founded.path(), dir.path());
        dir
    };
    // What nothing happened to.
    let calm = fresh();
    let mut house = House::open(calm.path(), CrashingIds::new(seed + 100, None)).await;
    let (all, looks) = live(&mut house, &messages, &mut Dice::new(seed)).await;
    assert_eq!(all.len(), MESSAGES);
    let (expected, draws) = (house.picture().await, house.ids.drawn.load(Ordering::SeqCst));
    judge(&mut house, &expected, looks, &format!("seed {seed}")).await;
    house.close().await;
    let mut dice = Dice::new(seed + 1);
    for _ in 0..CRASHES {
        let crash = dice.below(draws);
        let what = format!("seed {seed}, crash at draw {crash}");
        let (before, after) = (fresh(), tempfile::tempdir().unwrap());
        let ids = CrashingIds::new(
            seed + 100,
            Some((crash, before.path().to_owned(), after.path().to_owned())),
        );
        let mut house = House::open(before.path(), ids).await;
        let (acknowledged, looks) = live(&mut house, &messages, &mut Dice::new(seed)).await;
        assert!(house.ids.has_crashed(), "{what}: the crash is within the run");
        house.close().await;
        let mut house = House::open(after.path(), CrashingIds::new(seed + 7_000, None)).await;
        let there: BTreeSet<_> = house.texts(INBOX).await.into_iter().collect();
        for number in acknowledged {
            let key = key_of(&messages[number]);
            assert!(there.contains(&key), "{what}: {key} was acknowledged and is not there");
        }
        let (all, _) = live(&mut house, &messages, &mut Dice::new(seed + 2)).await;
        assert_eq!(all.len(), MESSAGES, "{what}: everything is taken after all");
        judge(&mut house, &expected, looks, &what).await;
        house.close().await;
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a soak says how many seeds")]
async fn whatever_ends_when_nothing_is_lost_or_doubled() {
    let seeds = std::env::var("KEN_SIM_SEEDS").ok().and_then(|text| text.parse().ok());
    for seed in 0..seeds.unwrap_or(SEEDS) {
        Box::pin(simulate(seed)).await;
    }
}
