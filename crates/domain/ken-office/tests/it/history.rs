//! A partnership with a past: agreements signed, people known, and looks decided by the gate,
//! entered and sealed. Everything follows from a seed; everyone is made up.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use jiff::SignedDuration;
use ken_core::{AccountId, Ctx, IdSource, OrganisationId, PersonId};
use ken_directory::{Acting, Organisation, organisation, practitioner};
use ken_ledger::{KeyUse, Sealer, SealerSettings, SignerKey, Trust, Turn};
use ken_office::Error;
use ken_sharing::fact::{self, Grade};
use ken_sharing::instrument::{self, Signatory};
use ken_sharing::pack;
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::signing::{self, Clearance};
use ken_sharing::{
    Action, Caller, Day, Decision, Gate, Instrument, Question, Signing, Tier, affirmation, gate,
};
use ken_store::{Migration, Tx, guard};
use ken_testkit::{Databases, SeededIds, TestClock};

pub(crate) const LISTS: [&[Migration]; 6] = [
    ken_ledger::MIGRATIONS,
    ken_directory::MIGRATIONS,
    ken_sharing::MIGRATIONS,
    ken_person::MIGRATIONS,
    ken_records::MIGRATIONS,
    ken_office::MIGRATIONS,
];
/// What is in force, each after those that it stands under.
const TEXTS: [&str; 5] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-direct-care.toml"),
    include_str!("../../../../../agreements/glen-girfec.toml"),
    include_str!("../../../../../agreements/glen-asp-concern.toml"),
];
/// Who looks: organisation and role.
const SEATS: [(&str, &str); 8] = [
    ("practice", "gp.doctor"),
    ("practice", "gp.nurse"),
    ("ooh", "ooh.clinician"),
    ("nhsl", "nhs.ed"),
    ("nhsl", "nhs.ward"),
    ("cec", "sw.duty"),
    ("cec", "sw.council-officer"),
    ("police", "police.officer"),
];
const PURPOSES: [&str; 4] = ["direct-care", "own-work", "girfec-wellbeing", "vital"];
const KINDS: [&str; 9] = [
    "core",
    "identifiers",
    "contacts",
    "medication",
    "health-record",
    "care-plan",
    "assessment",
    "third-party",
    "concern",
];
const STATES: [&str; 4] = ["objection", "protected-address", "deceased", "at-risk"];
const SOURCES: [&str; 6] = ["cec", "nhsl", "ooh", "police", "practice", "primary"];

/// A word of the field.
pub(crate) fn word<W: FromStr>(text: &str) -> W {
    text.parse().unwrap_or_else(|_| panic!("{text} is no word"))
}

/// The text of the agreement on direct care, from the day on which the world begins.
pub(crate) fn care() -> Instrument {
    dated(TEXTS[2])
}

fn dated(text: &str) -> Instrument {
    Instrument::parse(text).unwrap().dated_from(word("2026-11-01"))
}

/// Random choices that every run repeats.
#[derive(Debug)]
pub(crate) struct Dice<'a>(pub(crate) &'a SeededIds);

impl Dice<'_> {
    pub(crate) fn below(&self, n: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.entropy(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn one_in(&self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

pub(crate) struct Past {
    pub(crate) on: Databases,
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<SeededIds>,
    /// For the random choices alone, so that who draws ids meanwhile changes none of them.
    pub(crate) dice: SeededIds,
    pub(crate) staff: Vec<Acting>,
    pub(crate) people: Vec<PersonId>,
    sealer: tokio::sync::Mutex<Sealer>,
}

impl Past {
    /// The partnership on its first day, with so many people.
    pub(crate) async fn begin(on: Databases, seed: u64, people: usize) -> Self {
        let clock = Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
        let ids = Arc::new(SeededIds::new(seed));
        let ctx = Ctx::new(&*clock, &*ids);
        let key = SignerKey::open(&on.dir.path().join("log.key"), "glen", KeyUse::Log, &ctx);
        let settings = SealerSettings {
            key: key.unwrap(),
            holder: "test".to_owned(),
            trust: Trust::default(),
            memory: on.dir.path().join("seen"),
        };
        let sealer = tokio::sync::Mutex::new(Sealer::open(&on.db, &ctx, settings).await.unwrap());
        let (gate, dice) = (Gate::default(), SeededIds::new(seed));
        let (staff, nobody) = (vec![], vec![]);
        let mut past = Self { on, gate, clock, ids, dice, staff, people: nobody, sealer };
        for text in TEXTS {
            past.sign(&dated(text)).await;
        }
        for seat in SEATS {
            let acting = past.practitioner(seat, None).await;
            past.staff.push(acting);
        }
        for _ in 0..people {
            let person = past.person().await;
            past.people.push(person);
        }
        past.seal().await;
        past
    }

    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    pub(crate) fn dice(&self) -> Dice<'_> {
        Dice(&self.dice)
    }

    /// One write, which must be kept.
    pub(crate) async fn write<T: Send>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, Error> + Send,
    ) -> T {
        self.on.db.write("test.write", work).await.unwrap()
    }

    /// Registers a text and has every party sign it.
    pub(crate) async fn sign(&self, text: &Instrument) {
        let (db, keys, ctx) = (&self.on.db, &self.on.keys, self.ctx());
        let hash = instrument::register(db, &ctx, keys, text).await.unwrap();
        if text.agreement.tier == Tier::StatutePack {
            let key = SignerKey::new("packs.example/test", KeyUse::Log, &[9; 32]).unwrap();
            let note = pack::vouch(&key, text).unwrap().to_string();
            let (by, trusted) = (&text.agreement.lead_party, [key.verifier().clone()]);
            let of = (text, note.as_str());
            pack::seal(db, &ctx, keys, by, of, &trusted).await.unwrap().unwrap();
        }
        let lead = &text.agreement.lead_party;
        let until = Some(Day(word("2027-09-01")));
        self.write(async |tx| {
            for what in [Clearance::Notice, Clearance::Assessment, Clearance::Supersession] {
                signing::clear(tx, &ctx, keys, &hash, what, (lead, until)).await?;
            }
            Ok(())
        })
        .await;
        let parties: BTreeSet<_> =
            text.parties.iter().map(|party| &party.id).chain([lead]).collect();
        for party in parties {
            let key = SigningKey::from_bytes(&[7; 32]);
            let name = "J. Example".to_owned();
            let signatory = Signatory {
                party: party.clone(),
                name: name.clone(),
                key: key.verifying_key(),
                until: None,
            };
            instrument::add_signatory(db, &ctx, keys, &signatory).await.unwrap();
            let signing = Signing {
                hash: hash.clone(),
                party: party.clone(),
                signatory: name,
                role: "Caldicott Guardian".to_owned(),
                time: self.clock_now(),
            };
            let signature = key.sign(&signing.message().unwrap()).to_bytes();
            instrument::sign(db, &ctx, keys, &signing, &signature).await.unwrap();
        }
    }

    fn clock_now(&self) -> jiff::Timestamp {
        ken_core::Clock::now(&*self.clock)
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
        let role: ken_core::RoleId = word(role);
        let held =
            practitioner::HeldRole { organisation: organisation.clone(), role: role.clone() };
        let directory = self.on.db.write("test.staff", async |tx| {
            organisation::register(tx, &ctx, &named).await?;
            let id = practitioner::register(tx, &ctx, "J. Example", own).await?;
            practitioner::give_role(tx, &ctx, &self.on.keys, id, &held, None, None).await?;
            Ok::<_, ken_directory::Error>(id)
        });
        let practitioner = directory.await.unwrap();
        let account = AccountId::draw(&*self.ids);
        Acting { account, practitioner, organisation, role }
    }

    /// Somebody known, whom some organisations have to do with, in some state.
    pub(crate) async fn person(&self) -> PersonId {
        let (ctx, person, dice) = (self.ctx(), PersonId::draw(&*self.ids), self.dice());
        let kinds = ["direct-care", "girfec-team"];
        let related: Vec<_> = ["practice", "nhsl", "cec", "ooh"]
            .into_iter()
            .filter(|of| *of == "practice" || dice.one_in(2))
            .map(|of| (of, kinds[usize::from(dice.one_in(4))]))
            .collect();
        let state = dice.one_in(6).then(|| *dice.pick(&STATES));
        let grade = if dice.one_in(2) { Grade::System } else { Grade::Confirmed };
        self.write(async |tx| {
            guard::create(tx, person).await?;
            for (of, kind) in &related {
                let new = NewRelationship {
                    person,
                    kind: (*kind).to_owned(),
                    organisation: word(of),
                    practitioner: None,
                    grade,
                    source: word(of),
                    until: None,
                };
                relationship::record(tx, &ctx, &self.on.keys, &new).await?;
            }
            if let Some(state) = state {
                let fact = word(state);
                fact::record(tx, &ctx, person, &word("nhsl"), (&fact, Grade::System)).await?;
            }
            Ok(())
        })
        .await;
        person
    }

    /// One look of somebody at somebody, with its words affirmed first half of the time.
    pub(crate) async fn look(&self) {
        let dice = self.dice();
        let own = dice.one_in(12);
        let (by, person) = (dice.pick(&self.staff), *dice.pick(&self.people));
        let purpose = if own { "own-record" } else { *dice.pick(&PURPOSES) };
        // A page asks for a fixed list, never for what is held.
        let kinds = *dice.pick(&[2, 6, KINDS.len()]);
        let question = Question {
            person,
            sources: SOURCES.into_iter().map(word).collect(),
            action: Action::View,
            purpose: word(purpose),
            categories: KINDS[..kinds].iter().map(|kind| word(kind)).collect(),
            before: None,
        };
        let affirms = dice.one_in(2);
        let account = AccountId::draw(&*self.ids);
        let caller = if own { Caller::Own(account) } else { Caller::Practitioner(by) };
        let decided = self.ask(caller, &question).await;
        let need = decided.into_values().find_map(|decision| match decision {
            Decision::Need(need) => Some(need),
            _ => None,
        });
        if let (Some(need), true, false) = (need, affirms, own) {
            let (db, ctx) = (&self.on.db, self.ctx());
            affirmation::affirm(db, &ctx, by, person, &need.statements).await.unwrap();
            self.ask(caller, &question).await;
        }
    }

    pub(crate) async fn ask(
        &self,
        caller: Caller<'_>,
        question: &Question,
    ) -> std::collections::BTreeMap<OrganisationId, Decision> {
        let (db, keys) = (&self.on.db, &self.on.keys);
        gate::decide_many(db, &self.ctx(), keys, &self.gate, caller, question).await.unwrap()
    }

    /// Gives every entry its leaf, and lets time pass.
    pub(crate) async fn pass(&self, time: SignedDuration) {
        self.seal().await;
        self.clock.advance(time);
    }

    pub(crate) async fn seal(&self) {
        let mut sealer = self.sealer.lock().await;
        loop {
            match sealer.run_once(&self.on.db, &self.ctx()).await.unwrap() {
                Turn::Sealed { is_more: true, .. } => {}
                _ => return,
            }
        }
    }
}
