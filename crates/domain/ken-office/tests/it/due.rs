//! Notices and missed duties by durable timers: once each, over restarts, and on the ledger.

use jiff::SignedDuration;
use ken_core::{AccountId, PersonId, Sensitive};
use ken_directory::Acting;
use ken_office::due;
use ken_sharing::duty::{self, What};
use ken_sharing::emergency;
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::signing::Clearance;
use ken_sharing::wish::{self, Asked, NewWish};
use ken_sharing::{Action, Caller, Decision, Gate, Question, affirmation, gate};
use ken_store::timer::Runner;
use ken_store::{Snapshot, guard};

use crate::world::{World, id, worlds};

/// What a process does: its runner is made anew each time, as after a restart.
async fn run(world: &World) {
    let handlers = due::handlers(&world.on.keys);
    let runner = handlers.into_iter().fold(Runner::default(), Runner::with);
    due::start(&world.on.db, &world.ctx()).await.unwrap();
    for _ in 0..3 {
        runner.run_once(&world.on.db, world.ctx()).await.unwrap();
    }
}

async fn sent(world: &World) -> Vec<String> {
    let lead = id("cec");
    let read = async |s: &mut Snapshot| due::notices_sent(s, &lead).await;
    let sent = world.on.db.snapshot("test.sent", read).await.unwrap();
    let mine = sent.into_iter().filter(|(key, _)| key.starts_with(world.concern.as_str()));
    mine.map(|(key, _)| key.rsplit_once('/').unwrap().1.to_owned()).collect()
}

#[tokio::test]
async fn each_notice_of_a_review_is_sent_once_and_entered() {
    for world in worlds().await {
        let hash = world.concern.clone();
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        world.sign("cec", &hash).await;
        run(&world).await;
        assert!(sent(&world).await.is_empty(), "the review is due on 31 March 2028");
        for (day, want) in [
            ("2028-01-01T09:00:00Z", &["90"][..]),
            ("2028-01-02T09:00:00Z", &["90"]),
            ("2028-02-01T09:00:00Z", &["60", "90"]),
            ("2028-03-20T09:00:00Z", &["30", "60", "90"]),
            ("2028-03-25T09:00:00Z", &["7", "30", "60", "90"]),
            ("2028-05-25T09:00:00Z", &["7", "30", "60", "90"]),
        ] {
            world.clock.set(day.parse().unwrap());
            run(&world).await;
            run(&world).await;
            assert_eq!(sent(&world).await, want, "{day} on {}", world.on.engine);
        }
        let entries = world.entries("cec").await;
        let of = |entry: &&serde_json::Value| {
            entry.get("review-notice").is_some() && entry["instrument"] == hash.as_str()
        };
        assert_eq!(entries.iter().filter(of).count(), 4);
    }
}

#[tokio::test]
async fn a_review_that_nobody_makes_is_missed_once_and_entered() {
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let people: [PersonId; 2] = [
            "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5ab".parse().unwrap(),
        ];
        let reason = Sensitive::new("CANARY does not answer".to_owned());
        for person in people {
            let ctx = world.ctx();
            let create = async |tx: &mut ken_store::Tx| guard::create(tx, person).await;
            db.write("test.person", create).await.unwrap();
            let by = World::lead("cec");
            let none = std::collections::BTreeSet::new();
            emergency::open(db, &ctx, keys, &by, person, &reason, &none).await.unwrap();
        }
        let officer = Acting { role: "ig.lead".parse().unwrap(), ..World::lead("nhsl") };
        let officer = Acting { organisation: id("cec"), ..officer };
        let waiting = emergency::unreviewed(db, &world.ctx(), &officer).await.unwrap().first;
        assert_eq!(waiting.len(), 2, "{engine}");
        let (outcome, shows_reason) = (emergency::ReviewOutcome::Justified, true);
        let finding = emergency::Finding { outcome, shows_reason };
        let which = (waiting[0].person, waiting[0].id);
        let kept = emergency::review(db, &world.ctx(), keys, &officer, which, finding).await;
        assert!(kept.unwrap(), "{engine}");
        let missed = async || {
            let all = world.entries("cec").await;
            let of = |entry: &&serde_json::Value| entry.get("access").is_some();
            all.iter().filter(of).cloned().collect::<Vec<_>>()
        };
        // Opened on Tuesday 1 June: the second working day ends with Thursday.
        for (day, want) in [("2027-06-03T22:30:00Z", 0), ("2027-06-03T23:30:00Z", 1)] {
            world.clock.set(day.parse().unwrap());
            run(&world).await;
            run(&world).await;
            assert_eq!(missed().await.len(), want, "{engine}: {day}");
        }
        let late = emergency::unreviewed(db, &world.ctx(), &officer).await.unwrap().first;
        let [late] = late.as_slice() else { panic!("{engine}: {late:?}") };
        let told = &missed().await[0];
        assert_eq!((&told["access"], &told["missed"]), (&late.id.to_string().into(), &true.into()));
        assert!(!told.to_string().contains("CANARY"), "{engine}: {told}");
    }
}

#[tokio::test]
async fn a_cry_for_help_that_nobody_answers_is_missed_once_and_entered() {
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let person: PersonId = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let create = async |tx: &mut ken_store::Tx| guard::create(tx, person).await;
        db.write("test.person", create).await.unwrap();
        let mut asked = vec![];
        for n in 0..2 {
            let new = NewWish {
                person,
                account: AccountId::draw(&*world.ids),
                what: wish::What::AtRisk,
                organisation: id("cec"),
                typed: Some(Sensitive::new(format!("CANARY {n}"))),
            };
            let kept = wish::ask(db, &world.ctx(), keys, &new).await.unwrap();
            let Asked::Kept(id) = kept else { panic!("{engine}: {kept:?}") };
            asked.push(id);
        }
        let answer = wish::Answer {
            person,
            id: asked[0],
            is_granted: true,
            is_shown: false,
            words: Sensitive::new("They spoke with me".to_owned()),
        };
        let officer = Acting { role: "ig.lead".parse().unwrap(), ..World::lead("cec") };
        assert!(wish::decide(db, &world.ctx(), keys, &officer, &answer).await.unwrap(), "{engine}");
        let wait = wish::What::AtRisk.answer_within().unwrap().as_secs();
        let almost = SignedDuration::from_secs(i64::try_from(wait).unwrap() - 60);
        for (more, want) in [(almost, 0), (SignedDuration::from_mins(2), 1)] {
            world.clock.advance(more);
            run(&world).await;
            run(&world).await;
            let all = world.entries("cec").await;
            let told: Vec<_> = all.iter().filter(|entry| entry.get("wish").is_some()).collect();
            assert_eq!(told.len(), want, "{engine}: {more:?}");
            for one in told {
                assert_eq!(one["wish"], asked[1].to_string().as_str(), "{engine}");
                assert!(!one.to_string().contains(&person.to_string()), "{engine}: {one}");
            }
        }
    }
}

/// A GP of a child's team, and the child; every agreement is signed by all of its parties.
async fn child(world: &World) -> (Acting, PersonId) {
    sign_all(world).await;
    let person: PersonId = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
    (team(world, person).await, person)
}

/// Lets every party sign every agreement.
pub(crate) async fn sign_all(world: &World) {
    for hash in &world.all {
        world.clear(hash, Clearance::Notice).await;
        world.clear(hash, Clearance::Assessment).await;
        for party in ["cec", "primary", "practice", "nhsl"] {
            world.sign(party, hash).await;
        }
    }
}

/// A GP of the team around a child.
pub(crate) async fn team(world: &World, person: PersonId) -> Acting {
    let (db, keys) = (&world.on.db, &world.on.keys);
    let by = Acting { role: "gp.doctor".parse().unwrap(), ..World::lead("practice") };
    let new = NewRelationship {
        person,
        kind: "girfec-team".to_owned(),
        organisation: id("practice"),
        practitioner: None,
        grade: Grade::System,
        source: id("practice"),
        until: None,
    };
    let ctx = world.ctx();
    db.write("test.admit", async |tx| {
        guard::create(tx, person).await?;
        relationship::record(tx, &ctx, keys, &new).await?;
        Ok::<_, ken_sharing::Error>(())
    })
    .await
    .unwrap();
    by
}

pub(crate) async fn look(world: &World, by: &Acting, person: PersonId) -> Decision {
    let question = Question {
        person,
        sources: [id("primary")].into(),
        action: Action::View,
        purpose: "girfec-wellbeing".parse().unwrap(),
        categories: ["concern".parse().unwrap()].into(),
        before: None,
    };
    let (db, ctx, keys) = (&world.on.db, world.ctx(), &world.on.keys);
    let gate = Gate::default();
    gate::decide(db, &ctx, keys, &gate, Caller::Practitioner(by), &question).await.unwrap()
}

async fn open(world: &World) -> Vec<duty::Duty> {
    let own = id("practice");
    let read = async |s: &mut Snapshot| duty::open(s, &own).await;
    world.on.db.snapshot("test.duties", read).await.unwrap()
}

async fn own(world: &World, by: &Acting) -> Vec<duty::Duty> {
    let read = async |s: &mut Snapshot| duty::own(s, by).await;
    world.on.db.snapshot("test.own-duties", read).await.unwrap()
}

#[tokio::test]
async fn a_disclosure_sets_its_duty_once_and_a_missed_one_is_entered_once() {
    for world in worlds().await {
        let (db, keys) = (&world.on.db, &world.on.keys);
        let (by, person) = child(&world).await;
        let Decision::Need(need) = look(&world, &by, person).await else { panic!("no words") };
        assert!(open(&world).await.is_empty(), "words alone oblige to nothing");
        affirmation::affirm(db, &world.ctx(), &by, person, &need.statements).await.unwrap();
        for _ in 0..2 {
            assert!(matches!(look(&world, &by, person).await, Decision::Permit(_)));
        }
        let found = open(&world).await;
        assert_eq!(found.len(), 1, "{found:?} on {}", world.on.engine);
        // The first of June 2027 is a Tuesday: five working days on is the end of the eighth.
        assert_eq!(found[0].what, What::Tell);
        assert_eq!(found[0].due.to_string(), "2027-06-08T23:00:00Z");
        world.clock.set("2027-06-08T22:59:59Z".parse().unwrap());
        run(&world).await;
        assert_eq!(open(&world).await[0].missed, None);
        world.clock.advance(SignedDuration::from_secs(1));
        run(&world).await;
        run(&world).await;
        assert!(open(&world).await[0].missed.is_some());
        let entries = world.entries("practice").await;
        let missed = entries.iter().filter(|entry| entry.get("missed").is_some()).count();
        assert_eq!(missed, 1, "{}", world.on.engine);
        let which = (person, found[0].id);
        let stranger = World::lead("cec");
        assert!(!duty::done(db, &world.ctx(), keys, &stranger, which).await.unwrap());
        assert!(duty::done(db, &world.ctx(), keys, &by, which).await.unwrap());
        assert!(!duty::done(db, &world.ctx(), keys, &by, which).await.unwrap());
        assert!(open(&world).await.is_empty());
    }
}

#[tokio::test]
async fn a_practitioner_fulfils_their_own_duty() {
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let (by, person) = child(&world).await;
        let Decision::Need(need) = look(&world, &by, person).await else { panic!("no words") };
        affirmation::affirm(db, &world.ctx(), &by, person, &need.statements).await.unwrap();
        assert!(matches!(look(&world, &by, person).await, Decision::Permit(_)));
        let which = (person, open(&world).await[0].id);
        let why = Sensitive::new("Telling would put a sister at risk".to_owned());
        let practitioner = World::lead("cec").practitioner;
        let colleague = Acting { practitioner, ..by.clone() };
        for (who, wants) in [(&colleague, false), (&by, true), (&by, false)] {
            assert_eq!(own(&world, who).await.len(), usize::from(wants), "{engine}");
            let done = duty::fulfil(db, &world.ctx(), keys, who, (which, Some(&why))).await;
            assert_eq!(done.unwrap(), wants, "{engine}: one's own, once");
        }
    }
}
