//! The audit that looks for misuse, on a made-up town: every seeded case is found, honest work is
//! seldom pointed at, each decision is examined once over restarts, nobody closes their own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use ken_core::identifier::LocalIdentifier;
use ken_core::{PersonId, PractitionerId, Sensitive};
use ken_directory::{Acting, practitioner};
use ken_ledger::scan;
use ken_office::findings::{self, Close, Closing, Examined, Finding, Judgement, Rules};
use ken_office::refusals;
use ken_person::{Demographics, SourceRecord, identify};
use ken_sharing::fact;
use ken_sharing::{Action, Caller, Question};
use ken_store::timer::Runner;
use ken_store::{Snapshot, Tx};
use ken_testkit::{Databases, engines};

use crate::history::{LISTS, Past, word};

/// People of the town, and how many of them share a postcode.
const PEOPLE: usize = 120;
const TO_A_POSTCODE: usize = 4;
/// Honest looks, spread over some days.
const LOOKS: usize = 240;
/// Most of a hundred honest looks that a rule may point at, all rules together: in this town each
/// practitioner has three neighbours and some colleagues among 120 people. House policy.
const FALSE_ALARMS_MAX: f64 = 8.0;

/// A town: people with postcodes, practitioners who are some of them.
struct Town {
    past: Past,
    /// The person of each place.
    people: Vec<PersonId>,
    /// A GP who is the person of place 0.
    gp: Acting,
}

impl Town {
    async fn begin(on: Databases, seed: u64) -> Self {
        let past = Past::begin(on, seed, 0).await;
        let mut people = vec![];
        for place in 0..PEOPLE {
            people.push(resident(&past, place).await);
        }
        let gp = past.practitioner(("practice", "gp.doctor"), Some(people[0])).await;
        // Ordinary staff live in the town too, each in another street.
        for (n, by) in past.staff.iter().enumerate() {
            let own = people[(n + 1) * TO_A_POSTCODE * 3];
            past.on
                .db
                .write("test.own", async |tx| {
                    practitioner::set_person(tx, by.practitioner, own).await
                })
                .await
                .unwrap();
        }
        let begin = findings::start(&past.on.db, &past.ctx()).await;
        begin.unwrap();
        Self { past, people, gp }
    }

    /// A look at the person of a place.
    async fn look(&self, by: &Acting, place: usize, purpose: &str) {
        let question = Question {
            person: self.people[place],
            sources: ["practice", "nhsl"].into_iter().map(word).collect(),
            action: Action::View,
            purpose: word(purpose),
            categories: [word("core"), word("medication")].into(),
            before: None,
        };
        self.past.ask(Caller::Practitioner(by), &question).await;
    }

    /// Two people of the town are kin, in the way that `set` says.
    async fn kin(&self, one: usize, other: usize, former: bool) {
        let (ctx, (one, other)) = (self.past.ctx(), (self.people[one], self.people[other]));
        self.past
            .write(async |tx| {
                let guard = tx.lock_people(&[one, other].into()).await?;
                let source = word("practice");
                if former {
                    fact::set_ex_partner(tx, &ctx, one, other, &source).await?;
                } else {
                    fact::set_family(tx, &ctx, one, other, &source).await?;
                }
                guard.bump(tx).await?;
                Ok(())
            })
            .await;
    }

    /// Runs the audit as a process does, its runner made anew: as after a restart.
    async fn audit(&self) {
        self.past.seal().await;
        self.past.clock.advance(SignedDuration::from_mins(2));
        let (db, ctx) = (&self.past.on.db, self.past.ctx());
        for _ in 0..40 {
            findings::start(db, &ctx).await.unwrap();
            let handlers = findings::handlers(&self.past.on.keys);
            let runner = handlers.into_iter().fold(Runner::default(), Runner::with);
            runner.run_once(db, self.past.ctx()).await.unwrap();
            let read = async |s: &mut Snapshot| {
                Ok::<_, ken_office::Error>((examined(s).await, scan::leaves(s).await?))
            };
            let (at, of) = db.snapshot("test.at", read).await.unwrap();
            if at.next == of {
                return;
            }
        }
        panic!("the audit does not come to an end");
    }

    async fn examined(&self) -> Examined {
        let read = async |s: &mut Snapshot| Ok::<_, ken_office::Error>(examined(s).await);
        self.past.on.db.snapshot("test.examined", read).await.unwrap()
    }

    /// The open findings about an organisation's practitioners.
    async fn open(&self, organisation: &str) -> Vec<Finding> {
        let (rules, organisation) = (Rules::shipped().unwrap(), word(organisation));
        let read = async |s: &mut Snapshot| {
            findings::open(s, &rules, &organisation, &word("ig.lead")).await
        };
        self.past.on.db.snapshot("test.open", read).await.unwrap()
    }

    /// The rules that point at one practitioner.
    async fn rules_of(&self, by: &Acting) -> BTreeSet<String> {
        let open = self.open(by.organisation.as_str()).await;
        let mine = open.into_iter().filter(|one| one.practitioner == by.practitioner);
        mine.map(|one| one.rule).collect()
    }
}

async fn examined(s: &mut Snapshot) -> Examined {
    findings::examined(s).await.unwrap()
}

/// Somebody of the town, whom the practice and the board treat.
async fn resident(past: &Past, place: usize) -> PersonId {
    let local = LocalIdentifier::new("urn:test:number", &format!("n{place}")).unwrap();
    let source = SourceRecord { organisation: word("practice"), local };
    let street = place / TO_A_POSTCODE;
    let mut says = Demographics::from_source(source);
    says.family = Sensitive::new(format!("Canary{}", letters(place)));
    says.given = Sensitive::new("Morag".to_owned());
    says.postcode = Sensitive::new(format!("ZZ{} {}AA", street / 10 + 1, street % 10));
    let (ctx, keys) = (past.ctx(), &past.on.keys);
    past.write(async |tx: &mut Tx| {
        let person = identify(tx, &ctx, keys, &ken_person::Index::new(), &says).await?.person();
        for of in ["practice", "nhsl", "cec"] {
            let new = ken_sharing::relationship::NewRelationship {
                person,
                kind: "direct-care".to_owned(),
                organisation: word(of),
                practitioner: None,
                grade: fact::Grade::System,
                source: word(of),
                until: None,
            };
            ken_sharing::relationship::record(tx, &ctx, keys, &new).await?;
        }
        Ok(person)
    })
    .await
}

/// A number in letters, for a name.
fn letters(mut number: usize) -> String {
    let mut text = String::new();
    for _ in 0..3 {
        text.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
        number /= 26;
    }
    text
}

/// Honest work: everybody opens records of the town for direct care, at random.
async fn honest_work(town: &Town) {
    let dice = town.past.dice();
    for n in 0..LOOKS {
        let by = dice.pick(&town.past.staff);
        town.look(by, dice.below(PEOPLE), "direct-care").await;
        if n % 40 == 39 {
            town.past.pass(SignedDuration::from_hours(9)).await;
        }
    }
}

/// What the rules point at in honest work.
async fn false_alarms(town: &Town) {
    let mut alarms: BTreeMap<String, usize> = BTreeMap::new();
    for organisation in ["practice", "nhsl", "cec", "ooh", "police"] {
        for finding in town.open(organisation).await {
            *alarms.entry(finding.rule).or_default() += 1;
        }
    }
    let count = |all: usize| f64::from(u32::try_from(all).unwrap());
    let (all, engine) = (alarms.values().sum(), town.past.on.engine);
    let rate = 100.0 * count(all) / count(LOOKS);
    println!("{engine}: false alarms in {LOOKS} honest looks: {rate:.1} % {alarms:?}");
    assert!(rate <= FALSE_ALARMS_MAX, "{rate} {alarms:?}");
    assert!(!alarms.contains_key("unusual-rate") && !alarms.contains_key("well-known"));
}

impl Town {
    /// A new GP, who is the person of a place.
    async fn doctor(&self, place: usize) -> Acting {
        self.past.practitioner(("practice", "gp.doctor"), Some(self.people[place])).await
    }

    /// Whether a rule points at somebody once the audit has run.
    async fn finds(&self, by: &Acting, rule: &str) {
        self.audit().await;
        let found = self.rules_of(by).await;
        assert!(found.contains(rule), "{rule}: {found:?} on {}", self.past.on.engine);
    }
}

#[tokio::test]
async fn every_seeded_misuse_is_found_and_honest_work_seldom() {
    for on in engines(&LISTS).await {
        let town = Box::pin(Town::begin(on, 17)).await;
        honest_work(&town).await;
        town.audit().await;
        false_alarms(&town).await;
        // Their own record: refused by the gate, and still an attempt.
        let own = town.doctor(40).await;
        town.look(&own, 40, "direct-care").await;
        town.finds(&own, "self").await;
        // The same before it was known who they are: the gate let them.
        let unknown = town.past.practitioner(("practice", "gp.nurse"), None).await;
        town.look(&unknown, 44, "direct-care").await;
        let link = town.past.on.db.write("test.own", async |tx| {
            practitioner::set_person(tx, unknown.practitioner, town.people[44]).await
        });
        link.await.unwrap();
        town.finds(&unknown, "self").await;
        // Family, and a former partner.
        let relative = town.doctor(48).await;
        town.kin(48, 91, false).await;
        town.look(&relative, 91, "direct-care").await;
        town.finds(&relative, "family").await;
        let former = town.doctor(52).await;
        town.kin(95, 52, true).await;
        town.look(&former, 95, "direct-care").await;
        town.finds(&former, "ex-partner").await;
        // A colleague of the practice, and the neighbour next door.
        let curious = town.doctor(56).await;
        town.look(&curious, 0, "direct-care").await;
        town.finds(&curious, "colleague").await;
        let nosy = town.doctor(60).await;
        town.look(&nosy, 61, "direct-care").await;
        town.finds(&nosy, "neighbour").await;
        assert!(!town.rules_of(&town.gp).await.contains("self"), "the GP looked at nobody");
    }
}

#[tokio::test]
async fn more_people_in_a_day_than_anybodys_work_has_are_found() {
    for on in engines(&LISTS).await {
        let town = Box::pin(Town::begin(on, 23)).await;
        for place in 40..90 {
            town.look(&town.gp, place, "direct-care").await;
            town.look(&town.gp, place, "direct-care").await;
        }
        town.audit().await;
        let found = town.rules_of(&town.gp).await;
        assert!(!found.contains("unusual-rate"), "fifty people, twice each: {found:?}");
        for place in 4..40 {
            town.look(&town.gp, place, "direct-care").await;
        }
        town.finds(&town.gp, "unusual-rate").await;
    }
}

/// Refusals are entered under ids that nobody has, where nobody was found: whoever guesses is
/// pointed at for how many there are.
#[tokio::test]
async fn who_asks_for_many_whom_they_may_not_know_of_is_found() {
    for on in engines(&LISTS).await {
        let town = Box::pin(Town::begin(on, 5)).await;
        let (ctx, keys) = (town.past.ctx(), &town.past.on.keys);
        let refusal = || ken_ledger::NewEntry {
            stream: ken_ledger::Stream::Person(PersonId::draw(ctx.ids)),
            kind: ken_ledger::EntryKind::Deny,
            visibility: ken_ledger::Visibility::Never,
            detail: serde_json::json!({
                "organisation": "practice", "role": "gp.doctor", "purpose": "direct-care",
                "practitioner": town.gp.practitioner.to_string(), "action": "view",
                "facts": [], "from": {},
            }),
        };
        for (more, wants) in [(29, false), (1, true), (60, true)] {
            let entries: Vec<_> = (0..more).map(|_| refusal()).collect();
            town.past
                .write(async |tx| Ok(ken_ledger::append_all(tx, &ctx, keys, entries).await?))
                .await;
            town.audit().await;
            let found = town.rules_of(&town.gp).await;
            assert_eq!(found.contains("guessing"), wants, "{more} more: {found:?}");
        }
    }
}

/// The rule on records without a relationship cannot be met through these agreements, which all
/// ask for one: its entry is written by hand, as an agreement without that care would have it.
#[tokio::test]
async fn a_look_without_any_relationship_is_found() {
    for on in engines(&LISTS).await {
        let town = Box::pin(Town::begin(on, 3)).await;
        let (ctx, keys) = (town.past.ctx(), &town.past.on.keys);
        let entry = |purpose: &str, facts: &[&str]| ken_ledger::NewEntry {
            stream: ken_ledger::Stream::Person(town.people[7]),
            kind: ken_ledger::EntryKind::Permit,
            visibility: ken_ledger::Visibility::Now,
            detail: serde_json::json!({
                "organisation": "practice", "role": "gp.doctor", "purpose": purpose,
                "practitioner": town.gp.practitioner.to_string(), "action": "view",
                "facts": facts, "from": {},
            }),
        };
        let own = [entry("own-work", &[]), entry("direct-care", &["relationship:direct-care"])];
        for (entries, wants) in [(own.to_vec(), 0), (vec![entry("direct-care", &["age>=16"])], 1)] {
            town.past
                .write(async |tx| Ok(ken_ledger::append_all(tx, &ctx, keys, entries).await?))
                .await;
            town.audit().await;
            let found = town.rules_of(&town.gp).await;
            assert_eq!(found.contains("no-relationship"), wants == 1, "{found:?}");
        }
    }
}

/// A refusal is counted for the body that asked and for the body whose record it was, once over
/// restarts, and for no other; a few are told as few.
#[tokio::test]
async fn every_refusal_is_counted_where_both_bodies_can_read_it() {
    for on in engines(&LISTS).await {
        let town = Box::pin(Town::begin(on, 29)).await;
        let today = town.past.ctx().clock.today();
        let lately = async |body: &str| {
            let body = word(body);
            let read = async |s: &mut Snapshot| refusals::lately(s, &body, today).await;
            town.past.on.db.snapshot("test.refusals", read).await.unwrap()
        };
        // A purpose that these clauses know, and that the practice has no clause for.
        for place in 40..44 {
            town.look(&town.gp, place, "asp-inquiry").await;
        }
        town.look(&town.gp, 50, "direct-care").await;
        town.audit().await;
        let few = lately("practice").await;
        assert!(!few.is_empty() && few.iter().all(|one| one.asks.is_none()), "{few:?}");
        for place in 44..47 {
            town.look(&town.gp, place, "asp-inquiry").await;
        }
        town.audit().await;
        town.audit().await;
        let engine = town.past.on.engine;
        for (body, sources) in [("practice", &["nhsl", "practice"][..]), ("nhsl", &["nhsl"])] {
            let told = lately(body).await;
            let of: Vec<_> = told.iter().map(|one| one.sort.source.as_str()).collect();
            assert_eq!(of, sources, "{engine} {body}: {told:?}");
            for one in &told {
                assert_eq!(one.asks, Some(7), "{engine} {body}: each ask once");
                assert_eq!(one.sort.asker, (word("practice"), word("gp.doctor")));
                assert_eq!(
                    one.sort.purpose.as_str(),
                    "asp-inquiry",
                    "what was given is no refusal"
                );
            }
        }
        assert_eq!(lately("police").await, [], "{engine}: nothing of its own");
        town.past.clock.advance(SignedDuration::from_hours(24 * i64::from(refusals::DAYS + 1)));
        let later = town.past.ctx().clock.today();
        let practice = word("practice");
        let read = async |s: &mut Snapshot| refusals::lately(s, &practice, later).await;
        let gone = town.past.on.db.snapshot("test.refusals", read).await.unwrap();
        assert_eq!(gone, [], "{engine}: a quarter later");
    }
}

#[tokio::test]
async fn each_decision_is_examined_once_over_restarts_and_by_two_nodes() {
    for on in engines(&LISTS).await {
        let town = Box::pin(Town::begin(on, 5)).await;
        for place in [0, 0, 1, 30] {
            town.look(&town.gp, place, "direct-care").await;
        }
        town.audit().await;
        let once = town.examined().await;
        let open = town.open("practice").await;
        let own: Vec<_> = open.iter().filter(|one| one.rule == "self").collect();
        assert_eq!(own.len(), 1, "one finding for a day, however many entries: {open:?}");
        assert_eq!(own[0].looks, 2);
        town.audit().await;
        town.audit().await;
        let again = town.examined().await;
        // The findings themselves have entered the log, and are no decisions.
        assert_eq!((again.decisions, again.unread), (once.decisions, 0));
        assert_eq!(town.open("practice").await, open);
        assert_eq!(once.decisions, 4);
    }
}

/// Both closings are counted by rule, and stand on the ledger with their reasons.
async fn closings_stand(town: &Town, officer: &Acting) {
    let (db, keys) = (&town.past.on.db, &town.past.on.keys);
    let practice = word("practice");
    let read = async |s: &mut Snapshot| findings::counts(s, &practice).await;
    let counts = db.snapshot("test.counts", read).await.unwrap();
    assert_eq!((counts["self"].misuse, counts["neighbour"].false_alarm), (1, 1));
    let page = ken_ledger::Page { before: None, limit: 200 };
    let read =
        async |s: &mut Snapshot| ken_ledger::organisation_entries(s, keys, &practice, page).await;
    let entries = db.snapshot("test.entries", read).await.unwrap();
    let of_findings: Vec<_> = entries
        .iter()
        .filter(|entry| entry.kind == ken_ledger::EntryKind::Finding)
        .filter_map(|entry| entry.detail.clone())
        .collect();
    let judged = |reason: &str| of_findings.iter().any(|detail| detail["reason"] == reason);
    assert_eq!(of_findings.len(), 4, "two found, two closed: {of_findings:?}");
    assert!(judged("No reason given") && judged("She treats the street"));
    let by = officer.practitioner.to_string();
    assert_eq!(of_findings.iter().filter(|detail| detail["by"] == by.as_str()).count(), 2);
}

#[tokio::test]
async fn a_finding_is_closed_by_another_officer_with_a_reason_on_the_ledger() {
    for on in engines(&LISTS).await {
        let town = Box::pin(Town::begin(on, 9)).await;
        let lead = |practitioner: PractitionerId, organisation: &str| Acting {
            practitioner,
            organisation: word(organisation),
            role: word("ig.lead"),
            ..town.gp.clone()
        };
        town.look(&town.gp, 0, "direct-care").await;
        town.look(&town.gp, 1, "direct-care").await;
        town.audit().await;
        let open = town.open("practice").await;
        assert_eq!(open.len(), 2, "{open:?}");
        let (db, ctx, keys) = (&town.past.on.db, town.past.ctx(), &town.past.on.keys);
        let close = async |by: &Acting, finding: &Finding, judgement, reason: &str| {
            let reason = Sensitive::new(reason.to_owned());
            let close = Close { finding: finding.id.clone(), judgement, reason };
            findings::close(db, &ctx, keys, by, &close).await.unwrap()
        };
        let (misuse, alarm) = (Judgement::Misuse, Judgement::FalseAlarm);
        let officer = lead(town.past.staff[0].practitioner, "practice");
        let own = lead(town.gp.practitioner, "practice");
        let stranger = lead(town.past.staff[0].practitioner, "cec");
        let wrong_role = Acting { role: word("ig.clerk"), ..officer.clone() };
        assert_eq!(close(&own, &open[0], alarm, "it was me").await, Closing::Own);
        assert_eq!(close(&stranger, &open[0], misuse, "x").await, Closing::NotOpen);
        assert_eq!(close(&wrong_role, &open[0], misuse, "x").await, Closing::NotOpen);
        assert_eq!(close(&officer, &open[0], misuse, "  ").await, Closing::NoReason);
        let long = "x".repeat(findings::REASON_MAX + 1);
        assert_eq!(close(&officer, &open[0], misuse, &long).await, Closing::NoReason);
        assert_eq!(town.open("practice").await.len(), 2, "nothing was closed by these");
        assert_eq!(close(&officer, &open[0], misuse, "No reason given").await, Closing::Closed);
        assert_eq!(close(&officer, &open[0], misuse, "again").await, Closing::NotOpen);
        assert_eq!(
            close(&officer, &open[1], alarm, "She treats the street").await,
            Closing::Closed
        );
        assert!(town.open("practice").await.is_empty());
        closings_stand(&town, &officer).await;
        // A later look of the same day is a new finding: the closing was not about it.
        town.look(&town.gp, 0, "direct-care").await;
        town.audit().await;
        assert!(town.rules_of(&town.gp).await.contains("self"));
    }
}
