//! A partnership with its agreements signed, for questions to the gate over both engines.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use jiff::civil::Date;
use ken_core::{AccountId, Ctx, InstrumentHash, OrganisationId, PersonId, Purpose};
use ken_directory::{Acting, Organisation, organisation, practitioner};
use ken_ledger::{KeyUse, SignerKey};
use ken_sharing::fact::Grade;
use ken_sharing::instrument::Signatory;
use ken_sharing::pack;
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::signing::{self, Clearance};
use ken_sharing::{
    Action, Caller, Day, Decision, Error, Gate, Instrument, Question, Signing, Tier, gate,
    instrument, together,
};
use ken_store::{Tx, guard};
use ken_testkit::{Databases, SeededIds, TestClock, engines};

const AGREEMENTS: [&str; 3] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-direct-care.toml"),
];
pub(crate) const LISTS: [&[ken_store::Migration]; 3] =
    [ken_ledger::MIGRATIONS, ken_directory::MIGRATIONS, ken_sharing::MIGRATIONS];

pub(crate) struct World {
    pub(crate) on: Databases,
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<SeededIds>,
}

pub(crate) fn word<W: FromStr>(text: &str) -> W {
    text.parse().unwrap_or_else(|_| panic!("{text} is no word"))
}

/// An issuer of statute packs.
pub(crate) fn issuer(seed: u8) -> SignerKey {
    SignerKey::new("packs.example/test", KeyUse::Log, &[seed; 32]).unwrap()
}

pub(crate) async fn worlds(seed: u64) -> Vec<World> {
    worlds_of(seed, str::to_owned).await
}

/// With the texts of the agreements changed before they are signed.
pub(crate) async fn worlds_of(seed: u64, change: impl Fn(&str) -> String) -> Vec<World> {
    let mut worlds = vec![];
    for on in engines(&LISTS).await {
        let clock = Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
        let ids = Arc::new(SeededIds::new(seed));
        let world = World { on, gate: Gate::default(), clock, ids };
        for text in AGREEMENTS {
            world.sign(&change(text)).await;
        }
        worlds.push(world);
    }
    worlds
}

impl World {
    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    /// One write, which must be kept.
    pub(crate) async fn write<T: Send>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, Error> + Send,
    ) -> T {
        self.on.db.write("test.write", work).await.unwrap()
    }

    async fn sign(&self, text: &str) {
        let today: Date = "2026-11-01".parse().unwrap();
        self.sign_text(&Instrument::parse(text).unwrap().dated_from(today)).await;
    }

    /// Registers an instrument, and signs it for each of its parties and its lead party.
    pub(crate) async fn sign_text(&self, agreed: &Instrument) {
        let (db, keys, ctx) = (&self.on.db, &self.on.keys, self.ctx());
        let hash = instrument::register(db, &ctx, keys, agreed).await.unwrap();
        if agreed.agreement.tier == Tier::StatutePack {
            self.seal(agreed, &issuer(9), &[issuer(9)]).await.unwrap();
        }
        let lead = &agreed.agreement.lead_party;
        let until = Some(Day("2027-06-01".parse().unwrap()));
        self.write(async |tx| {
            for what in [Clearance::Notice, Clearance::Assessment, Clearance::Supersession] {
                signing::clear(tx, &ctx, keys, &hash, what, (lead, until)).await?;
            }
            Ok(())
        })
        .await;
        let parties = agreed.parties.iter().map(|party| &party.id);
        let parties: BTreeSet<_> = parties.chain([&agreed.agreement.lead_party]).collect();
        for party in parties {
            self.sign_for(&hash, party).await.unwrap();
        }
    }

    /// Brings an issuer's note for a registered pack, where these are trusted.
    pub(crate) async fn seal(
        &self,
        of: &Instrument,
        by: &SignerKey,
        trusted: &[SignerKey],
    ) -> Result<String, pack::Fault> {
        let (db, keys, ctx) = (&self.on.db, &self.on.keys, self.ctx());
        let note = pack::vouch(by, of).unwrap().to_string();
        let trusted: Vec<_> = trusted.iter().map(|key| key.verifier().clone()).collect();
        let (lead, of) = (&of.agreement.lead_party, (of, note.as_str()));
        pack::seal(db, &ctx, keys, lead, of, &trusted).await.unwrap()
    }

    /// Signs a registered text for one party, if nothing keeps it from that.
    pub(crate) async fn sign_for(
        &self,
        hash: &InstrumentHash,
        party: &OrganisationId,
    ) -> Result<(), Error> {
        let (db, keys, ctx) = (&self.on.db, &self.on.keys, self.ctx());
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = key.verifying_key();
        let (of, name) = (party.clone(), "J. Example".to_owned());
        let signatory = Signatory { party: of, name, key: public, until: None };
        instrument::add_signatory(db, &ctx, keys, &signatory).await.unwrap();
        let signing = Signing {
            hash: hash.clone(),
            party: party.clone(),
            signatory: "J. Example".to_owned(),
            role: "Caldicott Guardian".to_owned(),
            time: "2026-11-01T09:00:00Z".parse().unwrap(),
        };
        let signature = key.sign(&signing.message().unwrap()).to_bytes();
        instrument::sign(db, &ctx, keys, &signing, &signature).await
    }

    /// Somebody known, whom the practice treats.
    pub(crate) async fn person(&self) -> PersonId {
        let (ctx, person) = (self.ctx(), PersonId::draw(&*self.ids));
        let new = NewRelationship {
            person,
            kind: "direct-care".to_owned(),
            organisation: word("practice"),
            practitioner: None,
            grade: Grade::System,
            source: word("practice"),
            until: None,
        };
        self.write(async |tx| {
            guard::create(tx, person).await?;
            relationship::record(tx, &ctx, &self.on.keys, &new).await.map(drop)
        })
        .await;
        person
    }

    /// A practitioner of an organisation, who is a person that the index knows, or nobody it knows.
    pub(crate) async fn practitioner(
        &self,
        (organisation, role): (&str, &str),
        own: Option<PersonId>,
    ) -> Acting {
        let (ctx, organisation): (_, OrganisationId) = (self.ctx(), word(organisation));
        let named = Organisation {
            id: organisation.clone(),
            name: format!("Glen {organisation}"),
            kind: "made-up".to_owned(),
            contact_phone: "01632 960 001".to_owned(),
        };
        let practitioner = self
            .write(async |tx| {
                organisation::register(tx, &ctx, &named).await?;
                Ok(practitioner::register(tx, &ctx, "J. Example", own).await?)
            })
            .await;
        let account = AccountId::draw(&*self.ids);
        Acting { account, practitioner, organisation, role: word(role) }
    }

    pub(crate) async fn ask(&self, by: &Acting, person: PersonId) -> Decision {
        let (db, keys, caller) = (&self.on.db, &self.on.keys, Caller::Practitioner(by));
        let question = question(person);
        gate::decide(db, &self.ctx(), keys, &self.gate, caller, &question).await.unwrap()
    }

    pub(crate) async fn permits(&self, by: &Acting, person: PersonId) -> bool {
        matches!(self.ask(by, person).await, Decision::Permit(_))
    }

    pub(crate) async fn join(&self, one: PersonId, other: PersonId) -> Result<(), Error> {
        let joined = self.on.db.write("test.join", async |tx| {
            let guard = together::lock(tx, &BTreeSet::from([one, other])).await?;
            together::join(tx, &guard, one, other).await
        });
        joined.await
    }

    pub(crate) async fn part(&self, parted: &BTreeSet<PersonId>) {
        self.write(async |tx| {
            let guard = together::lock(tx, parted).await?;
            together::part(tx, &guard, parted).await
        })
        .await;
    }

    pub(crate) async fn epoch(&self, person: PersonId) -> i64 {
        let find = async |s: &mut ken_store::Snapshot| guard::find(s, person).await;
        self.on.db.snapshot("test.epoch", find).await.unwrap().unwrap().epoch
    }
}

pub(crate) fn question(person: PersonId) -> Question {
    Question {
        person,
        sources: BTreeSet::from([word("nhsl")]),
        action: Action::View,
        purpose: Purpose::new("direct-care").unwrap(),
        categories: BTreeSet::from([word("core")]),
        before: None,
    }
}
