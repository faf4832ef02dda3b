//! A partnership whose agreements are registered, and its governance leads. Everyone is made up.

use std::sync::Arc;

use ken_core::{AccountId, Ctx, InstrumentHash, OrganisationId, PractitionerId};
use ken_directory::Acting;
use ken_directory::confirm::Ready;
use ken_ledger::{KeyUse, SignerKey};
use ken_office::signatory::{self, NewSignatory};
use ken_office::signing::{self, Attempt};
use ken_sharing::bundle::Admitted;
use ken_sharing::signing::Clearance;
use ken_sharing::{Day, Instrument, instrument, pack};
use ken_store::{Snapshot, Tx};
use ken_testkit::{Databases, SeededIds, TestClock, engines};

/// What is registered, each after those that it stands under.
const TEXTS: [&str; 4] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-girfec.toml"),
    include_str!("../../../../../agreements/glen-asp-concern.toml"),
];

pub(crate) struct World {
    pub(crate) on: Databases,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<SeededIds>,
    /// The agreement about concerns, whose parties are police, cec, nhsl and rowan.
    pub(crate) concern: InstrumentHash,
    /// Every instrument.
    pub(crate) all: Vec<InstrumentHash>,
}

pub(crate) async fn worlds() -> Vec<World> {
    worlds_of(str::to_owned).await
}

/// The same, with each text changed before it is registered.
pub(crate) async fn worlds_of(change: fn(&str) -> String) -> Vec<World> {
    let migrations = [
        ken_ledger::MIGRATIONS,
        ken_directory::MIGRATIONS,
        ken_sharing::MIGRATIONS,
        ken_person::MIGRATIONS,
        ken_records::MIGRATIONS,
        ken_hub::MIGRATIONS,
        ken_office::MIGRATIONS,
    ];
    let mut worlds = Vec::new();
    for on in engines(&migrations).await {
        let (clock, ids) = (Arc::new(TestClock::at("2027-06-01T09:00:00Z")), SeededIds::default());
        let concern = "0".parse().unwrap();
        let mut world = World { on, clock, ids: Arc::new(ids), concern, all: vec![] };
        for text in TEXTS {
            world.concern = world.register(&Instrument::parse(&change(text)).unwrap()).await;
            world.all.push(world.concern.clone());
        }
        worlds.push(world);
    }
    worlds
}

pub(crate) fn id(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

impl World {
    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    /// The governance lead of an organisation.
    pub(crate) fn lead(organisation: &str) -> Acting {
        let letter = organisation.as_bytes()[0];
        let same = format!("0190163d-8694-739b-aea5-966c26f8ad{letter:02x}");
        Acting {
            account: same.parse::<AccountId>().unwrap(),
            practitioner: same.parse::<PractitionerId>().unwrap(),
            organisation: id(organisation),
            role: "ig.lead".parse().unwrap(),
        }
    }

    pub(crate) async fn register(&self, text: &Instrument) -> InstrumentHash {
        instrument::register(&self.on.db, &self.ctx(), &self.on.keys, text).await.unwrap()
    }

    pub(crate) async fn clear(&self, hash: &InstrumentHash, what: Clearance) {
        let until = Some(Day("2028-01-01".parse().unwrap()));
        let by = id("cec");
        self.on
            .db
            .write("test.clear", async |tx: &mut Tx| {
                let (ctx, keys) = (self.ctx(), &self.on.keys);
                ken_sharing::signing::clear(tx, &ctx, keys, hash, what, (&by, until)).await
            })
            .await
            .unwrap();
    }

    /// Brings an issuer's note for a pack.
    pub(crate) async fn seal(&self, of: &Instrument) {
        let key = SignerKey::new("packs.example/test", KeyUse::Log, &[9; 32]).unwrap();
        let note = pack::vouch(&key, of).unwrap().to_string();
        let (by, trusted) = (&of.agreement.lead_party, [key.verifier().clone()]);
        let (db, of) = (&self.on.db, (of, note.as_str()));
        pack::seal(db, &self.ctx(), &self.on.keys, by, of, &trusted).await.unwrap().unwrap();
    }

    /// Registers a signatory with a key that Ken keeps, unless they have one, and signs.
    pub(crate) async fn sign(&self, organisation: &str, hash: &InstrumentHash) -> Attempt {
        let (db, ctx, keys) = (&self.on.db, self.ctx(), &self.on.keys);
        let by = Self::lead(organisation);
        let new = NewSignatory {
            name: format!("Lead of {organisation}"),
            practitioner: by.practitioner,
            office: "SIRO".into(),
            until: Some("2028-06-01T00:00:00Z".parse().unwrap()),
            brought: None,
        };
        let may = Self::may_change(&by);
        signatory::register(db, &ctx, keys, (&by, may), &new).await.unwrap();
        let confirmed = Self::confirmed(&by, hash);
        signing::sign_kept(db, &ctx, keys, &by, (hash, confirmed)).await.unwrap()
    }

    /// That somebody means to change who signs, likewise.
    pub(crate) fn may_change(by: &Acting) -> Ready {
        Ready::demonstration(by.account, &signatory::about(&by.organisation))
    }

    /// That somebody means to sign a text, as everyone made up may say.
    pub(crate) fn confirmed(by: &Acting, hash: &InstrumentHash) -> Ready {
        Ready::demonstration(by.account, &signing::about(&by.organisation, hash))
    }

    pub(crate) async fn instruments(&self) -> Vec<Admitted> {
        let read = async |s: &mut Snapshot| instrument::load(s, &self.ctx()).await;
        self.on.db.snapshot("test.load", read).await.unwrap().instruments
    }

    /// What an organisation's own stream says, newest first.
    pub(crate) async fn entries(&self, organisation: &str) -> Vec<serde_json::Value> {
        let page = ken_ledger::Page { before: None, limit: 200 };
        let read = async |s: &mut Snapshot| {
            ken_ledger::organisation_entries(s, &self.on.keys, &id(organisation), page).await
        };
        let entries = self.on.db.snapshot("test.entries", read).await.unwrap();
        entries.into_iter().filter_map(|entry| entry.detail).collect()
    }
}
