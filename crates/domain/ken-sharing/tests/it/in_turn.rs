//! Several questions on one picture, entered in one write.

use std::collections::BTreeSet;

use ken_core::{EntryId, PersonId, Purpose};
use ken_directory::Acting;
use ken_ledger::Stream;
use ken_sharing::{Caller, Decision, Error, Question, gate, instrument};
use ken_store::{Reads, Row, Snapshot, values};

use crate::world::{World, question, word, worlds, worlds_of};

type Answers = Vec<Vec<Decision>>;

async fn in_turn(world: &World, by: &Acting, questions: &[Question]) -> Result<Answers, Error> {
    let (db, keys, caller) = (&world.on.db, &world.on.keys, Caller::Practitioner(by));
    let decided =
        gate::decide_in_turn(db, &world.ctx(), keys, &world.gate, caller, questions).await?;
    Ok(decided.into_iter().map(|of| of.into_values().collect()).collect())
}

fn own_work(person: PersonId, organisation: &str) -> Question {
    Question {
        sources: BTreeSet::from([word(organisation)]),
        purpose: Purpose::new("own-work").unwrap(),
        ..question(person)
    }
}

async fn kinds(world: &World) -> Vec<String> {
    let sql =
        "SELECT kind FROM ledger_entry WHERE kind IN ('permit', 'need', 'deny') ORDER BY kind";
    let read = async |s: &mut Snapshot| s.list(sql, &[], |row: &Row<'_>| row.text(0)).await;
    world.on.db.snapshot("test.kinds", read).await.unwrap()
}

async fn detail(world: &World, person: PersonId, entry: EntryId) -> serde_json::Value {
    let (keys, stream) = (&world.on.keys, Stream::Person(person));
    let read = async |s: &mut Snapshot| ken_ledger::entry(s, keys, &stream, entry).await;
    world.on.db.snapshot("test.entry", read).await.unwrap().unwrap().detail.unwrap()
}

fn permitted(answers: &[Decision]) -> EntryId {
    let [Decision::Permit(permit)] = answers else { panic!("{answers:?}") };
    permit.entry()
}

/// Agreements of which every clause that the person sees at once obliges.
fn oblige(text: &str) -> String {
    let seen = "visible_to_person = \"now\"";
    text.replace(seen, &format!("obligations = [\"tell-person-unless-exempt\"]\n{seen}"))
}

/// On PostgreSQL two decisions about one person run beside each other.
#[tokio::test]
async fn looks_at_one_moment_set_a_duty_once() {
    for world in worlds_of(50, oblige).await {
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        for round in 0..8 {
            let asked = [question(world.person().await)];
            let look = async || in_turn(&world, &by, &asked).await.unwrap();
            tokio::join!(look(), look(), look(), look());
            let sql = "SELECT COUNT(*) FROM duty WHERE person_id = $1 AND done_us IS NULL";
            let of = values![asked[0].person];
            let read = async |s: &mut Snapshot| s.find(sql, of, |row| row.int(0)).await;
            let set = world.on.db.snapshot("test.duties", read).await.unwrap();
            assert_eq!(set, Some(1), "{}: round {round}", world.on.engine);
        }
    }
}

#[tokio::test]
async fn each_permit_and_each_duty_stands_under_the_entry_of_its_own_question() {
    // So that both questions do.
    for world in worlds_of(51, oblige).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        let asked = [question(person), own_work(person, "practice")];
        let answers = in_turn(&world, &by, &asked).await.unwrap();
        let [theirs, ours] = answers.as_slice() else { panic!("{engine}: {answers:?}") };
        let entries =
            [(permitted(theirs), "direct-care", "nhsl"), (permitted(ours), "own-work", "practice")];
        assert_eq!(kinds(&world).await, ["permit", "permit"], "{engine}");
        let duties = {
            let sql = "SELECT entry_id, clause FROM duty WHERE person_id = $1 ORDER BY clause";
            let row = |row: &Row<'_>| Ok((row.parse::<EntryId>(0)?, row.text(1)?));
            let read = async |s: &mut Snapshot| s.list(sql, values![person], row).await;
            world.on.db.snapshot("test.duties", read).await.unwrap()
        };
        assert_eq!(duties.len(), 2, "{engine}: {duties:?}");
        for (entry, purpose, source) in entries {
            let told = detail(&world, person, entry).await;
            assert_eq!(told["purpose"], purpose, "{engine}");
            assert_eq!(told["categories"], serde_json::json!(["core"]), "{engine}");
            let clauses = told["from"][source]["clauses"].as_object().unwrap();
            let of: Vec<_> = duties.iter().filter(|(under, _)| *under == entry).collect();
            assert_eq!(of.len(), 1, "{engine}: {duties:?}");
            assert!(clauses.contains_key(&of[0].1), "{engine}: {duties:?} of {told}");
        }
    }
}

#[tokio::test]
async fn nothing_is_decided_or_entered_beside_a_refusal() {
    for world in worlds(52).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("ooh", "ooh.clinician"), None).await;
        let asked = [question(person), own_work(person, "ooh")];
        let alone = in_turn(&world, &by, &asked[1..]).await.unwrap();
        permitted(&alone[0]);
        let answers = in_turn(&world, &by, &asked).await.unwrap();
        assert!(matches!(answers[0][..], [Decision::Deny(_)]), "{engine}: {answers:?}");
        assert_eq!(answers.len(), 1, "{engine}: {answers:?}");
        assert_eq!(kinds(&world).await, ["deny", "permit"], "{engine}");
        // Of somebody whom nobody knows, one refusal is told, as of somebody known.
        let nobody = PersonId::draw(&*world.ids);
        let answers = in_turn(&world, &by, &[question(nobody), own_work(nobody, "ooh")]).await;
        let answers = answers.unwrap();
        assert!(matches!(answers[0][..], [Decision::Deny(_)]), "{engine}: {answers:?}");
        assert_eq!(answers.len(), 1, "{engine}: {answers:?}");
        assert_eq!(kinds(&world).await, ["deny", "deny", "permit"], "{engine}");
    }
}

#[tokio::test]
async fn questions_in_turn_are_about_one_person_and_have_sources() {
    for world in worlds(53).await {
        let (one, other) = (world.person().await, world.person().await);
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        let sourceless = Question { sources: BTreeSet::new(), ..question(one) };
        let many = (0..=gate::SOURCES_MAX).map(|n| word(&format!("body-{n}")));
        let wide = Question { sources: many.collect(), ..question(one) };
        for asked in [
            vec![],
            vec![question(one), question(other)],
            vec![question(one), sourceless],
            vec![question(one), wide],
        ] {
            let refused = in_turn(&world, &by, &asked).await.unwrap_err();
            assert!(matches!(refused, Error::NoSource), "{refused}");
        }
        assert!(kinds(&world).await.is_empty(), "{}", world.on.engine);
    }
}

#[tokio::test]
async fn a_gate_that_looked_before_a_change_decides_by_what_is_in_force() {
    for world in worlds(55).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        assert!(world.permits(&by, person).await, "{engine}");
        let hash = {
            let current = world.gate.current(&world.on.db, &world.ctx()).await.unwrap();
            let mut all = current.bundle.instruments();
            let (hash, ..) =
                all.find(|(_, of, _)| of.name().to_string().contains("direct-care")).unwrap();
            hash.clone()
        };
        let (db, keys, party) = (&world.on.db, &world.on.keys, word("practice"));
        instrument::suspend(db, &world.ctx(), keys, &hash, &party).await.unwrap();
        let asked = [question(person), own_work(person, "practice")];
        let answers = in_turn(&world, &by, &asked).await.unwrap();
        assert!(matches!(answers[0][..], [Decision::Deny(_)]), "{engine}: {answers:?}");
        assert_eq!(answers.len(), 1, "{engine}: {answers:?}");
    }
}
