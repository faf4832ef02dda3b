//! A partnership with its agreements signed, and one person about whom several bodies hold things.

use std::collections::BTreeSet;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use jiff::civil::Date;
use ken_core::{
    AccountId, Category, Ctx, MessageId, OrganisationId, PersonId, PractitionerId, Purpose, RoleId,
    Sensitive,
};
use ken_directory::{Acting, HeldRole, Holder, NewAccount, account, organisation, practitioner};
use ken_ledger::{Entry, EntryKind, KeyUse, Page, SignerKey, person_entries};
use ken_records::{Disclosed, Filing, Under};
use ken_sharing::fact::{self, Grade};
use ken_sharing::instrument::Signatory;
use ken_sharing::pack;
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::signing::{self, Clearance};
use ken_sharing::{
    Action, Caller, Day, Decision, Gate, Instrument, Question, RowClass, Signing, Tier, emergency,
    gate, instrument,
};
use ken_store::{Snapshot, Tx, guard};
use ken_testkit::{Databases, SeededIds, TestClock, engines};
use serde_json::{Value, json};

/// What is signed here, each after those that it stands under.
const AGREEMENTS: [&str; 3] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-direct-care.toml"),
];

pub(crate) struct World {
    pub(crate) databases: Databases,
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) person: PersonId,
}

pub(crate) fn word<W: std::str::FromStr<Err = ken_core::WordError>>(text: &str) -> W {
    text.parse().unwrap()
}

pub(crate) async fn worlds() -> Vec<World> {
    let migrations = [
        ken_ledger::MIGRATIONS,
        ken_directory::MIGRATIONS,
        ken_sharing::MIGRATIONS,
        ken_records::MIGRATIONS,
    ];
    let mut worlds = vec![];
    for databases in engines(&migrations).await {
        let clock = Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
        let ids = Arc::new(SeededIds::new(11));
        let person = PersonId::draw(&*ids);
        let world = World { databases, gate: Gate::default(), clock, ids, person };
        for text in AGREEMENTS {
            world.sign(text, |_| true).await;
        }
        world.admit().await;
        worlds.push(world);
    }
    worlds
}

/// The role in which somebody acts.
pub(crate) fn held(by: &Acting) -> HeldRole {
    HeldRole { organisation: by.organisation.clone(), role: by.role.clone() }
}

impl World {
    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    /// Registers an instrument as of today, signed by the parties that `signs` names.
    pub(crate) async fn sign(&self, text: &str, signs: impl Fn(&str) -> bool) {
        let (db, keys, ctx) = (&self.databases.db, &self.databases.keys, self.ctx());
        let today: Date = "2026-11-01".parse().unwrap();
        let agreed = Instrument::parse(text).unwrap().dated_from(today);
        let hash = instrument::register(db, &ctx, keys, &agreed).await.unwrap();
        if agreed.agreement.tier == Tier::StatutePack {
            let key = SignerKey::new("packs.example/test", KeyUse::Log, &[9; 32]).unwrap();
            let note = pack::vouch(&key, &agreed).unwrap().to_string();
            let (by, trusted) = (&agreed.agreement.lead_party, [key.verifier().clone()]);
            let of = (&agreed, note.as_str());
            pack::seal(db, &ctx, keys, by, of, &trusted).await.unwrap().unwrap();
        }
        let lead = &agreed.agreement.lead_party;
        let until = Some(Day("2027-06-01".parse().unwrap()));
        db.write("test.clear", async |tx| {
            for what in [Clearance::Notice, Clearance::Assessment, Clearance::Supersession] {
                signing::clear(tx, &ctx, keys, &hash, what, (lead, until)).await?;
            }
            Ok::<_, ken_sharing::Error>(())
        })
        .await
        .unwrap();
        let parties: BTreeSet<_> = agreed.parties.iter().map(|party| &party.id).collect();
        for party in parties.iter().copied().chain([lead]).filter(|party| signs(party.as_str())) {
            let key = SigningKey::from_bytes(&[7; 32]);
            let public = key.verifying_key();
            let (party_id, name) = (party.clone(), "J. Example".to_owned());
            let signatory = Signatory { party: party_id, name, key: public, until: None };
            instrument::add_signatory(db, &ctx, keys, &signatory).await.unwrap();
            let signing = Signing {
                hash: hash.clone(),
                party: party.clone(),
                signatory: "J. Example".to_owned(),
                role: "Caldicott Guardian".to_owned(),
                time: "2026-11-01T09:00:00Z".parse().unwrap(),
            };
            let signature = key.sign(&signing.message().unwrap()).to_bytes();
            instrument::sign(db, &ctx, keys, &signing, &signature).await.unwrap();
        }
    }

    /// Gives the person a guard, a relationship with the practice, and something from each body.
    async fn admit(&self) {
        let ctx = self.ctx();
        self.databases
            .db
            .write("test.admit", async |tx| {
                guard::create(tx, self.person).await?;
                fact::set_born(
                    tx,
                    &ctx,
                    self.person,
                    &word("practice"),
                    "1948-03".parse().unwrap(),
                )
                .await?;
                Ok::<_, ken_sharing::Error>(())
            })
            .await
            .unwrap();
        self.relate("practice", "direct-care", Grade::System).await;
        let name = json!({ "resourceType": "Patient", "name": [{ "family": "CANARY" }],
            "birthDate": "1948-03", "address": [{ "text": "1 Made-up Road" }] });
        self.file("nhsl", "core", &[], &name).await;
        let named = |kind: &str| json!({ "resourceType": kind, "code": { "text": "made up" } });
        self.file("nhsl", "health-summary", &[], &named("Condition")).await;
        self.file("nhsl", "education", &[], &named("Observation")).await;
        self.file("practice", "medication", &[], &named("AllergyIntolerance")).await;
    }

    pub(crate) async fn relate(&self, organisation: &str, kind: &str, grade: Grade) {
        let (ctx, keys) = (self.ctx(), &self.databases.keys);
        let new = NewRelationship {
            person: self.person,
            kind: kind.to_owned(),
            organisation: word(organisation),
            practitioner: None,
            grade,
            source: word(organisation),
            until: None,
        };
        let related = self.databases.db.write("test.relate", async |tx| {
            let guard = tx.lock_people(&BTreeSet::from([self.person])).await?;
            relationship::record(tx, &ctx, keys, &new).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        });
        related.await.unwrap();
    }

    pub(crate) async fn file(
        &self,
        source: &str,
        category: &str,
        labels: &[&str],
        resource: &Value,
    ) -> ken_records::Filed {
        let (ctx, keys) = (self.ctx(), &self.databases.keys);
        let source: OrganisationId = word(source);
        let item_key = format!("{category} {}", labels.join(" "));
        let filed = self.databases.db.write("test.file", async |tx| {
            let key = ken_records::key_of(tx, keys, self.person).await?;
            let place =
                ken_records::place(tx, &ctx, self.person, (&source, &Under::default()), &item_key)
                    .await?;
            let class = RowClass {
                category: word(category),
                labels: labels.iter().map(|label| word(label)).collect(),
                source: source.clone(),
                lineage: BTreeSet::new(),
            };
            let message = MessageId::draw(&*self.ids);
            let event = Some(self.clock_now());
            let (resource, under) = (resource.clone(), &Under::default());
            let (item_key, told, said) = (&item_key, None, None);
            let filing =
                Filing { key, item_key, resource, class, message, event, under, told, said };
            ken_records::file(tx, &ctx, keys, place, filing).await
        });
        filed.await.unwrap()
    }

    fn clock_now(&self) -> jiff::Timestamp {
        self.ctx().clock.now()
    }

    pub(crate) fn acting(&self, organisation: &str, role: &str) -> Acting {
        Acting {
            account: AccountId::draw(&*self.ids),
            practitioner: PractitionerId::draw(&*self.ids),
            organisation: word(organisation),
            role: RoleId::new(role).unwrap(),
        }
    }

    /// Somebody who is in the directory, with the role and an account.
    pub(crate) async fn employed(&self, (at, role): (&str, &str), own: PersonId) -> Acting {
        let (ctx, keys) = (self.ctx(), &self.databases.keys);
        let mut by = self.acting(at, role);
        let name = format!("{}@glen.example", by.account);
        let staff = async |tx: &mut Tx| {
            let named = ken_directory::Organisation {
                id: by.organisation.clone(),
                name: "Glen".to_owned(),
                kind: "made-up".to_owned(),
                contact_phone: "01632 960 001".to_owned(),
            };
            organisation::register(tx, &ctx, &named).await?;
            let is = practitioner::register(tx, &ctx, "J. Example", Some(own)).await?;
            practitioner::give_role(tx, &ctx, keys, is, &held(&by), None, None).await?;
            let new = NewAccount {
                sign_in_name: Sensitive::new(name),
                holder: Holder::Practitioner(is),
                organisation: Some(by.organisation.clone()),
                password: None,
                one_time: None,
            };
            Ok::<_, ken_directory::Error>((is, account::register(tx, &ctx, keys, new, None).await?))
        };
        let staff = self.databases.db.write("test.staff", staff).await;
        (by.practitioner, by.account) = staff.unwrap();
        by
    }

    pub(crate) fn question(&self, purpose: &str, sources: &[&str]) -> Question {
        let categories = [
            "core",
            "identifiers",
            "alerts",
            "health-summary",
            "medication",
            "education",
            "care-plan",
        ];
        Question {
            person: self.person,
            sources: sources.iter().map(|source| word(source)).collect(),
            action: Action::View,
            purpose: Purpose::new(purpose).unwrap(),
            categories: categories.iter().map(|category| word::<Category>(category)).collect(),
            before: None,
        }
    }

    pub(crate) async fn ask(&self, by: &Acting, purpose: &str, sources: &[&str]) -> Vec<Decision> {
        self.ask_as(Caller::Practitioner(by), &self.question(purpose, sources)).await
    }

    pub(crate) async fn ask_as(&self, caller: Caller<'_>, question: &Question) -> Vec<Decision> {
        let (db, keys) = (&self.databases.db, &self.databases.keys);
        let told = gate::decide_many(db, &self.ctx(), keys, &self.gate, caller, question).await;
        told.unwrap().into_values().collect()
    }

    pub(crate) async fn read(
        &self,
        decisions: Vec<Decision>,
    ) -> Result<Disclosed, ken_records::Error> {
        let permits = decisions.into_iter().filter_map(|decision| match decision {
            Decision::Permit(permit) => Some(permit),
            _ => None,
        });
        let (db, keys) = (&self.databases.db, &self.databases.keys);
        ken_records::disclose(db, &self.ctx(), keys, permits.collect()).await
    }

    /// Who agreed to each emergency access that somebody has open, those without first.
    pub(crate) async fn open_of(&self, by: &Acting) -> Vec<Option<PractitionerId>> {
        let ctx = self.ctx();
        let read = async |s: &mut Snapshot| emergency::own(s, &ctx, by).await;
        let open = self.databases.db.snapshot("test.open", read).await.unwrap();
        let mut seconds: Vec<_> = open.into_iter().map(|one| one.second).collect();
        seconds.sort();
        seconds
    }

    /// What the person reads of the newest emergency access that was checked.
    pub(crate) async fn released(&self) -> Option<Value> {
        let (keys, page) = (&self.databases.keys, Page::default());
        let read = async |s: &mut Snapshot| person_entries(s, keys, self.person, page).await;
        let entries = self.databases.db.snapshot("test.released", read).await.unwrap();
        let review = |entry: &&Entry| entry.kind == EntryKind::EmergencyReview;
        let mut detail = entries.iter().find(review)?.detail.clone()?;
        Some(detail["released"].take())
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        use ken_store::Reads;
        let counted = self
            .databases
            .db
            .snapshot("test.count", async |s| s.find(sql, &[], |row| row.int(0)).await);
        counted.await.unwrap().unwrap()
    }

    /// Lets time pass in a house whose ledger is sealed all the while.
    pub(crate) async fn wait(&self, by: jiff::SignedDuration) {
        self.clock.advance(by);
        let seal = "UPDATE ledger_entry SET sealed = 1";
        let sealed: Result<u64, ken_store::Error> =
            self.databases.db.write("test.seal", async |tx| tx.execute(seal, &[]).await).await;
        sealed.unwrap();
    }
}
