//! A partnership with its agreements signed, its practitioners, and two people. All made up.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use jiff::civil::Date;
use ken_care::role::{self, Change, Contact, Holder, Kind, Refused, Standing, Turn};
use ken_core::{AccountId, Ctx, OrganisationId, PersonId, PractitionerId, Sensitive};
use ken_directory::{
    Acting, HeldRole, Holder as Whose, NewAccount, Organisation, account, organisation,
    practitioner,
};
use ken_ledger::{KeyUse, SignerKey};
use ken_sharing::bundle::Bundle;
use ken_sharing::fact::Grade;
use ken_sharing::instrument::Signatory;
use ken_sharing::relationship::{self, NewRelationship, Relationship};
use ken_sharing::signing::{self, Clearance};
use ken_sharing::{
    Action, Caller, Day, Decision, Gate, Instrument, Question, Signing, Tier, gate, instrument,
    pack, together,
};
use ken_store::{Snapshot, Tx, guard};
use ken_testkit::{Databases, SeededIds, TestClock, engines};

const AGREEMENTS: [&str; 4] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-direct-care.toml"),
    include_str!("../../../../../agreements/glen-girfec.toml"),
];

pub(crate) struct World {
    pub(crate) on: Databases,
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<SeededIds>,
    /// The council supports her, and nobody else.
    pub(crate) person: PersonId,
    /// A social worker of the council.
    pub(crate) jo: Acting,
    /// Another.
    pub(crate) beth: Acting,
    /// A third.
    pub(crate) nadia: Acting,
    /// A nurse on a ward, who does not know her.
    pub(crate) kirsty: Acting,
    /// A doctor of the practice, who does not either.
    pub(crate) rao: Acting,
    /// A support worker of a charity that has signed nothing.
    pub(crate) dawn: Acting,
}

pub(crate) fn word<W: FromStr>(text: &str) -> W {
    text.parse().unwrap_or_else(|_| panic!("{text} is no word"))
}

pub(crate) fn why() -> Sensitive<String> {
    Sensitive::new("Agreed with her at home".to_owned())
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
        ken_care::MIGRATIONS,
    ];
    let mut worlds = vec![];
    for on in engines(&migrations).await {
        let clock = Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
        let ids = Arc::new(SeededIds::new(17));
        let made = Made { on, clock, ids };
        for text in AGREEMENTS {
            made.sign(&change(text)).await;
        }
        let person = made.person().await;
        let jo = made.employed("Jo Lindsay", ("cec", "sw.duty")).await;
        let beth = made.employed("Beth Ogilvie", ("cec", "sw.children")).await;
        let nadia = made.employed("Nadia Hussain", ("cec", "sw.council-officer")).await;
        let kirsty = made.employed("Kirsty Lamont", ("nhsl", "nhs.ward")).await;
        let rao = made.employed("Dr Rao", ("practice", "gp.doctor")).await;
        let dawn = made.employed("Dawn Meikle", ("rowan", "ts.support-worker")).await;
        let (on, clock, ids, gate) = (made.on, made.clock, made.ids, Gate::default());
        let world = World { on, gate, clock, ids, person, jo, beth, nadia, kirsty, rao, dawn };
        world.relate(person, "cec", "direct-care").await;
        worlds.push(world);
    }
    worlds
}

/// A world that is being made.
struct Made {
    on: Databases,
    clock: Arc<TestClock>,
    ids: Arc<SeededIds>,
}

impl Made {
    fn ctx(&self) -> Ctx<'_> {
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

    async fn person(&self) -> PersonId {
        let person = PersonId::draw(&*self.ids);
        let made =
            self.on.db.write("test.person", async |tx: &mut Tx| guard::create(tx, person).await);
        made.await.unwrap();
        person
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
            let new = NewAccount {
                sign_in_name: Sensitive::new(format!("{is}@glen.example")),
                holder: Whose::Practitioner(is),
                organisation: Some(word(at)),
                password: None,
                one_time: None,
            };
            Ok::<_, ken_directory::Error>((is, account::register(tx, &ctx, keys, new, None).await?))
        });
        let (practitioner, account): (_, AccountId) = staff.await.unwrap();
        Acting { account, practitioner, organisation: word(at), role: word(role) }
    }
}

/// The role in which somebody acts.
pub(crate) fn held(by: &Acting) -> HeldRole {
    HeldRole { organisation: by.organisation.clone(), role: by.role.clone() }
}

/// Somebody as a holder who is reached by telephone.
pub(crate) fn holder(of: &Acting) -> Holder {
    let contact = Contact {
        phone: "01632 960 123".to_owned(),
        hours: "Monday to Friday, 9 to 5".to_owned(),
        ..Contact::default()
    };
    let HeldRole { organisation, role } = held(of);
    Holder { practitioner: of.practitioner, organisation, role, contact }
}

impl World {
    /// A request of its own.
    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    pub(crate) async fn another(&self) -> PersonId {
        let person = PersonId::draw(&*self.ids);
        let made =
            self.on.db.write("test.person", async |tx: &mut Tx| guard::create(tx, person).await);
        made.await.unwrap();
        person
    }

    /// Says that a whole organisation has to do with somebody.
    pub(crate) async fn relate(&self, person: PersonId, organisation: &str, kind: &str) {
        let (ctx, keys) = (self.ctx(), &self.on.keys);
        let new = NewRelationship {
            person,
            kind: kind.to_owned(),
            organisation: word(organisation),
            practitioner: None,
            grade: Grade::System,
            source: word(organisation),
            until: None,
        };
        let related = self.on.db.write("test.relate", async |tx: &mut Tx| {
            let guard = tx.lock_people(&BTreeSet::from([person])).await?;
            relationship::record(tx, &ctx, keys, &new).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        });
        related.await.unwrap();
    }

    pub(crate) async fn join(&self, one: PersonId, other: PersonId) {
        let joined = self.on.db.write("test.join", async |tx: &mut Tx| {
            let guard = together::lock(tx, &BTreeSet::from([one, other])).await?;
            together::join(tx, &guard, one, other).await
        });
        joined.await.unwrap();
    }

    pub(crate) async fn part(&self, person: PersonId) {
        let parted = self.on.db.write("test.part", async |tx: &mut Tx| {
            let parted = BTreeSet::from([person]);
            let guard = together::lock(tx, &parted).await?;
            together::part(tx, &guard, &parted).await
        });
        parted.await.unwrap();
    }

    pub(crate) async fn change(
        &self,
        by: &Acting,
        of: (PersonId, Kind),
        change: &Change,
    ) -> Result<i64, Refused> {
        let (db, keys, why) = (&self.on.db, &self.on.keys, why());
        role::change(db, &self.ctx(), keys, by, of, (change, &why)).await.unwrap()
    }

    pub(crate) async fn standing(&self, person: PersonId, kind: Kind) -> Standing {
        let read = async |s: &mut Snapshot| role::standing(s, person, kind).await;
        self.on.db.snapshot("test.standing", read).await.unwrap()
    }

    /// Who is offered to her, as far as it is somebody's to answer.
    pub(crate) async fn offered(&self, by: &Acting) -> Vec<(Kind, Holder)> {
        let ctx = self.ctx();
        let read = async |s: &mut Snapshot| role::offered(s, &ctx, by, self.person).await;
        self.on.db.snapshot("test.offered", read).await.unwrap()
    }

    /// Who holds a role of hers, as far as it is somebody's to end.
    pub(crate) async fn held(&self, by: &Acting) -> Vec<(Kind, PractitionerId)> {
        let ctx = self.ctx();
        let read = async |s: &mut Snapshot| role::held(s, &ctx, by, self.person).await;
        self.on.db.snapshot("test.held", read).await.unwrap()
    }

    pub(crate) async fn turns(&self, person: PersonId) -> Vec<Turn> {
        let read = async |s: &mut Snapshot| role::turns(s, person).await;
        self.on.db.snapshot("test.turns", read).await.unwrap()
    }

    /// The relationships that hold now.
    pub(crate) async fn related(&self, person: PersonId) -> Vec<Relationship> {
        let ctx = self.ctx();
        let read = async |s: &mut Snapshot| relationship::of_person(s, &ctx, person).await;
        self.on.db.snapshot("test.related", read).await.unwrap()
    }

    pub(crate) async fn bundle(&self) -> Bundle {
        let ctx = self.ctx();
        let read = async |s: &mut Snapshot| instrument::load(s, &ctx).await;
        let loaded = self.on.db.snapshot("test.load", read).await.unwrap();
        Bundle::compile(loaded.instruments).unwrap()
    }

    pub(crate) async fn epoch(&self, person: PersonId) -> i64 {
        let read = async |s: &mut Snapshot| guard::find(s, person).await;
        self.on.db.snapshot("test.epoch", read).await.unwrap().unwrap().epoch
    }

    /// Asks for what an organisation holds of a kind, for direct care.
    pub(crate) async fn ask(&self, by: &Acting, of: (&str, &str)) -> Decision {
        self.ask_of(self.person, by, of).await
    }

    /// The same, under any id.
    pub(crate) async fn ask_of(
        &self,
        person: PersonId,
        by: &Acting,
        (source, kind): (&str, &str),
    ) -> Decision {
        let question = Question {
            person,
            sources: BTreeSet::from([word::<OrganisationId>(source)]),
            action: Action::View,
            purpose: word("direct-care"),
            categories: BTreeSet::from([word(kind)]),
            before: None,
        };
        let (db, keys, caller) = (&self.on.db, &self.on.keys, Caller::Practitioner(by));
        gate::decide(db, &self.ctx(), keys, &self.gate, caller, &question).await.unwrap()
    }

    /// What a reader is shown of roles from one source, under one id.
    pub(crate) async fn said(&self, person: PersonId, by: &Acting, source: &str) -> String {
        let mut said = vec![];
        if let Decision::Permit(permit) = self.ask_of(person, by, (source, "named-person")).await {
            let (db, keys) = (&self.on.db, &self.on.keys);
            let of = ken_records::disclose(db, &self.ctx(), keys, vec![permit]).await.unwrap();
            said.extend(of.items.iter().map(|item| item.body.to_string()));
        }
        said.join(" ")
    }

    pub(crate) async fn permits(&self, by: &Acting) -> bool {
        matches!(self.ask(by, ("cec", "care-plan")).await, Decision::Permit(_))
    }

    /// What stands in a person's stream of the ledger, of their team and roles, oldest first.
    pub(crate) async fn entries(&self, person: PersonId) -> Vec<serde_json::Value> {
        let page = ken_ledger::Page { before: None, limit: 200 };
        let keys = &self.on.keys;
        let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, person, page).await;
        let entries = self.on.db.snapshot("test.entries", read).await.unwrap();
        let mut details: Vec<_> = entries.into_iter().filter_map(|entry| entry.detail).collect();
        details.retain(|one| one.get("coordinating").is_some() || one.get("team").is_some());
        details.reverse();
        details
    }
}
