//! Bodies that plan together, and people whom they help. All made up.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use jiff::civil::Date;
use ken_core::identifier::{Chi, Identifier, LocalIdentifier};
use ken_core::{AccountId, Ctx, EntryId, Fact, MessageId, OrganisationId, PersonId, Sensitive};
use ken_directory::{Acting, HeldRole, Organisation, organisation, practitioner};
use ken_insight::extract::{self, Asked, Outcome};
use ken_ledger::{KeyUse, SignerKey};
use ken_person::{Demographics, Identified, Index, SourceRecord, identify};
use ken_records::{Filing, Under};
use ken_sharing::fact::{self, Grade};
use ken_sharing::instrument::Signatory;
use ken_sharing::signing::{self, Clearance};
use ken_sharing::{Day, Gate, Instrument, RowClass, Signing, Tier, instrument, pack, together};
use ken_store::Tx;
use ken_testkit::{Databases, SeededIds, TestClock, engines};
use serde_json::json;

const AGREEMENTS: [&str; 3] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-planning.toml"),
];

pub(crate) struct World {
    pub(crate) on: Databases,
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<SeededIds>,
    index: Index,
    /// The governance lead of the practice.
    pub(crate) gil: Acting,
    /// The council's.
    pub(crate) fay: Acting,
    /// A doctor of the practice, to whom no clause gives counts.
    pub(crate) rao: Acting,
}

pub(crate) fn word<W: FromStr>(text: &str) -> W {
    text.parse().unwrap_or_else(|_| panic!("{text} is no word"))
}

pub(crate) async fn worlds() -> Vec<World> {
    worlds_of(str::to_owned).await
}

/// With the texts of the agreements changed before they are signed.
pub(crate) async fn worlds_of(change: fn(&str) -> String) -> Vec<World> {
    let migrations = [
        ken_ledger::MIGRATIONS,
        ken_directory::MIGRATIONS,
        ken_sharing::MIGRATIONS,
        ken_person::MIGRATIONS,
        ken_records::MIGRATIONS,
        ken_insight::MIGRATIONS,
    ];
    let mut worlds = vec![];
    for on in engines(&migrations).await {
        let clock = Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
        let ids = Arc::new(SeededIds::new(29));
        let nobody = |at: &str, role: &str| Acting {
            account: AccountId::draw(&*ids),
            practitioner: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            organisation: word(at),
            role: word(role),
        };
        let gil = nobody("practice", "ig.lead");
        let (fay, rao) = (nobody("cec", "ig.lead"), nobody("practice", "gp.doctor"));
        let (gate, index) = (Gate::default(), Index::new());
        let mut world = World { on, gate, clock, ids: Arc::clone(&ids), index, gil, fay, rao };
        for text in AGREEMENTS {
            world.sign(&change(text)).await;
        }
        world.gil = world.employed("Gil Governs", ("practice", "ig.lead")).await;
        world.fay = world.employed("Fay Governs", ("cec", "ig.lead")).await;
        world.rao = world.employed("Dr Rao", ("practice", "gp.doctor")).await;
        worlds.push(world);
    }
    worlds
}

impl World {
    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    async fn sign(&self, text: &str) {
        let (db, keys, ctx) = (&self.on.db, &self.on.keys, self.ctx());
        let today: Date = "2026-11-01".parse().unwrap();
        let agreed = Instrument::parse(text).unwrap().dated_from(today);
        let hash = instrument::register(db, &ctx, keys, &agreed).await.unwrap();
        let lead = &agreed.agreement.lead_party;
        if agreed.agreement.tier == Tier::StatutePack {
            let key = SignerKey::new("packs.example/test", KeyUse::Log, &[9; 32]).unwrap();
            let note = pack::vouch(&key, &agreed).unwrap().to_string();
            let trusted = [key.verifier().clone()];
            let of = (&agreed, note.as_str());
            pack::seal(db, &ctx, keys, lead, of, &trusted).await.unwrap().unwrap();
        }
        let until = Some(Day("2027-06-01".parse().unwrap()));
        let cleared = db.write("test.clear", async |tx: &mut Tx| {
            for what in [Clearance::Notice, Clearance::Assessment, Clearance::Supersession] {
                signing::clear(tx, &ctx, keys, &hash, what, (lead, until)).await?;
            }
            Ok::<_, ken_sharing::Error>(())
        });
        cleared.await.unwrap();
        let parties: BTreeSet<_> = agreed.parties.iter().map(|party| &party.id).collect();
        for party in parties.into_iter().chain([lead]) {
            let key = SigningKey::from_bytes(&[7; 32]);
            let (of, name) = (party.clone(), "J. Example".to_owned());
            let signatory = Signatory { party: of, name, key: key.verifying_key(), until: None };
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

    async fn employed(&self, name: &str, (at, role): (&str, &str)) -> Acting {
        let (ctx, keys) = (self.ctx(), &self.on.keys);
        let held = HeldRole { organisation: word(at), role: word(role) };
        let named = Organisation {
            id: word(at),
            name: format!("Glen {at}"),
            kind: "made-up".to_owned(),
            contact_phone: "01632 960 001".to_owned(),
        };
        let staff = self.on.db.write("test.staff", async |tx: &mut Tx| {
            organisation::register(tx, &ctx, &named).await?;
            let is = practitioner::register(tx, &ctx, name, None).await?;
            practitioner::give_role(tx, &ctx, keys, is, &held, None, None).await?;
            Ok::<_, ken_directory::Error>(is)
        });
        let practitioner = staff.await.unwrap();
        let account = AccountId::draw(&*self.ids);
        Acting { account, practitioner, organisation: word(at), role: word(role) }
    }

    /// Somebody whom an organisation knows; `number` is theirs and nobody else's.
    pub(crate) async fn person(&self, number: u64, (at, born): (&str, &str)) -> PersonId {
        let (keys, ctx, index) = (&self.on.keys, self.ctx(), &self.index);
        let local = LocalIdentifier::new("urn:test:number", &number.to_string()).unwrap();
        let says = Demographics {
            given: Sensitive::new(format!("Given{number}")),
            family: Sensitive::new(format!("Family{number}")),
            born: born.parse().ok(),
            postcode: Sensitive::new("XG6 5AB".to_owned()),
            identifiers: vec![Identifier::Chi(Chi::impossible(number))],
            ..Demographics::from_source(SourceRecord { organisation: word(at), local })
        };
        let work = async |tx: &mut Tx| identify(tx, &ctx, keys, index, &says).await;
        let identified = self.on.db.write("test.identify", work).await.unwrap();
        let Identified::New(person) = identified else { panic!("{number}: {identified:?}") };
        person
    }

    /// Files something that happened, with marks.
    pub(crate) async fn file(&self, person: PersonId, (at, day): (&str, &str), labels: &[&str]) {
        let (ctx, keys, source) = (self.ctx(), &self.on.keys, word::<OrganisationId>(at));
        let item_key = format!("{at} {day} {}", labels.join(" "));
        let work = async |tx: &mut Tx| {
            let (under, key) = (Under::default(), ken_records::key_of(tx, keys, person).await?);
            let of = (&source, &under);
            let place = ken_records::place(tx, &ctx, person, of, &item_key).await?;
            let filing = Filing {
                key,
                item_key: &item_key,
                resource: json!({ "resourceType": "Encounter", "status": "finished" }),
                class: RowClass {
                    category: word("encounters"),
                    labels: labels.iter().map(|label| word(label)).collect(),
                    source: source.clone(),
                    lineage: BTreeSet::new(),
                },
                message: MessageId::draw(&*self.ids),
                event: Some(format!("{day}T12:00:00Z").parse().unwrap()),
                under: &under,
                told: None,
                said: None,
            };
            ken_records::file(tx, &ctx, keys, place, filing).await?;
            Ok::<_, ken_records::Error>(())
        };
        self.on.db.write("test.file", work).await.unwrap();
    }

    /// Says that two ids are one person's.
    pub(crate) async fn join(&self, one: PersonId, other: PersonId) {
        let work = async |tx: &mut Tx| {
            let guard = together::lock(tx, &BTreeSet::from([one, other])).await?;
            together::join(tx, &guard, one, other).await
        };
        self.on.db.write("test.join", work).await.unwrap();
    }

    /// Says something of somebody that restricts.
    pub(crate) async fn say(&self, person: PersonId, name: &str) {
        let (ctx, fact, source) = (self.ctx(), Fact::new(name).unwrap(), word("cec"));
        let work = async |tx: &mut Tx| {
            let guard = tx.lock_people(&BTreeSet::from([person])).await?;
            fact::record(tx, &ctx, person, &source, (&fact, Grade::Confirmed)).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        };
        self.on.db.write("test.say", work).await.unwrap();
    }

    pub(crate) async fn prepare(&self, by: &Acting, asked: &Asked) -> Outcome {
        let (db, keys, ctx) = (&self.on.db, &self.on.keys, self.ctx());
        let watch = |_| ControlFlow::Continue(());
        let of = (&self.gate, by);
        extract::prepare(db, &ctx, keys, of, asked, &watch).await.unwrap()
    }

    pub(crate) async fn give(&self, by: &Acting, id: EntryId) -> Outcome {
        let (db, keys, ctx) = (&self.on.db, &self.on.keys, self.ctx());
        extract::give(db, &ctx, keys, (&self.gate, by), id).await.unwrap()
    }
}
