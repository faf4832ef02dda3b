//! What was said by word of mouth: recorded whatever it was, with what covered it at that moment.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_care::told::{self, How, NewTold, Outcome, Uncovered, With};
use ken_core::{Clock as _, Ctx, Fact, PersonId, Purpose, Sensitive};
use ken_directory::Acting;
use ken_ledger::{EntryKind, Page};
use ken_sharing::fact::{self, Grade};
use ken_sharing::{Decision, relationship, together};
use ken_store::{Snapshot, Tx};
use serde_json::Value;

use crate::world::{World, held, word, worlds};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// By telephone, just now, for direct care.
fn told(person: PersonId, with: With, kinds: &[&str]) -> NewTold {
    NewTold {
        person,
        with,
        is_heard: false,
        how: How::Telephone,
        purpose: word::<Purpose>("direct-care"),
        categories: kinds.iter().map(|kind| word(kind)).collect(),
        at: None,
        affirmed: BTreeSet::new(),
    }
}

fn to(whom: &Acting) -> With {
    With::Role(held(whom))
}

async fn record(world: &World, by: &Acting, new: &NewTold) -> Outcome {
    record_in(world, &world.ctx(), by, (new, false)).await
}

async fn record_in(world: &World, ctx: &Ctx<'_>, by: &Acting, what: (&NewTold, bool)) -> Outcome {
    let (db, keys) = (&world.on.db, &world.on.keys);
    told::record(db, ctx, keys, &world.gate, by, what).await.unwrap()
}

/// What stands in the person's stream of it, shown to them or not, the oldest first.
async fn read(world: &World, person: PersonId) -> Vec<Value> {
    let keys = &world.on.keys;
    let read = async |s: &mut Snapshot| ken_ledger::person_stream(s, keys, person, None).await;
    let mut placed = world.on.db.snapshot("test.stream", read).await.unwrap();
    placed.reverse();
    let entries = placed.into_iter().filter_map(|one| one.entry);
    let told = entries.filter(|entry| entry.kind == EntryKind::Told);
    let details = told.filter_map(|entry| entry.detail);
    details.filter(|one| one.get("uncovered").is_some()).collect()
}

/// What the person reads of it, the oldest first.
async fn shown(world: &World, person: PersonId) -> Vec<Value> {
    let (keys, page) = (&world.on.keys, Page { before: None, limit: 200 });
    let read = async |s: &mut Snapshot| ken_ledger::person_looks(s, keys, person, page).await;
    let mut entries = world.on.db.snapshot("test.looks", read).await.unwrap();
    entries.reverse();
    let told = entries.into_iter().filter(|entry| entry.kind == EntryKind::Told);
    told.filter_map(|entry| entry.detail).collect()
}

/// What governance of an organisation has to look into.
async fn uncovered(world: &World, at: &str) -> Vec<Uncovered> {
    let (keys, at) = (&world.on.keys, word(at));
    let read = async |s: &mut Snapshot| told::uncovered(s, keys, &at).await;
    world.on.db.snapshot("test.uncovered", read).await.unwrap()
}

async fn close(world: &World, by: &Acting, one: &Uncovered) -> bool {
    let (ctx, keys) = (world.ctx(), &world.on.keys);
    let found = Sensitive::new("Her landlord had to know of the rail".to_owned());
    told::close(&world.on.db, &ctx, keys, by, (one.id, &found)).await.unwrap()
}

/// Ends what an organisation has to do with her.
async fn end_relationships(world: &World, at: &str) {
    let (ctx, keys, person) = (world.ctx(), &world.on.keys, world.person);
    let end = async |tx: &mut Tx| {
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        for one in relationship::of_person(tx, &ctx, person).await? {
            if one.organisation.as_str() == at {
                relationship::end(tx, &ctx, keys, person, &one).await?;
            }
        }
        guard.bump(tx).await?;
        Ok::<_, ken_sharing::Error>(())
    };
    world.on.db.write("test.end", end).await.unwrap();
}

#[tokio::test]
async fn what_was_told_is_judged_by_the_moment_at_which_it_was_told() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let (rao, jo) = (&world.rao, &world.jo);
        let before = world.clock.now();
        world.clock.advance(HOUR);
        world.relate(person, "practice", "direct-care").await;
        world.clock.advance(HOUR);
        let during = world.clock.now();
        world.clock.advance(HOUR);
        end_relationships(&world, "practice").await;
        world.clock.advance(HOUR);
        let check = async |at: Option<Timestamp>, want: bool| {
            let new = NewTold { at, ..told(person, to(jo), &["care-plan"]) };
            let made = record(&world, rao, &new).await;
            assert!(matches!(made, Outcome::Recorded(_)), "{engine} {at:?}: nothing is refused");
            let said = read(&world, person).await;
            let last = said.last().unwrap().to_string();
            assert_eq!(last.contains("#D6\":[\"care-plan\"]"), want, "{engine} {at:?}: {last}");
            assert_eq!(last.contains("\"uncovered\":[]"), want, "{engine} {at:?}: {last}");
            // What no clause covered may be a report of harm: she reads it once it is looked into.
            let seen = shown(&world, person).await.len();
            assert_eq!(seen, usize::from(at != Some(before)), "{engine} {at:?}");
            world.clock.advance(HOUR);
        };
        check(Some(before), false).await;
        check(Some(during), true).await;
        check(None, false).await;
        assert_eq!(uncovered(&world, "practice").await.len(), 2, "{engine}");
        assert!(uncovered(&world, "cec").await.is_empty(), "{engine}: not another body's");
        // What is too old, of one's own body, or to be, is put right first.
        let late = world.clock.now() + HOUR;
        let old = world.clock.now() - told::AGO_MAX - HOUR;
        for at in [late, old] {
            let new = NewTold { at: Some(at), ..told(person, to(jo), &["care-plan"]) };
            assert_eq!(record(&world, rao, &new).await, Outcome::Unfit, "{engine}");
        }
        let own = record(&world, jo, &told(person, to(&world.beth), &["care-plan"])).await;
        assert_eq!(own, Outcome::Unfit, "{engine}");
    }
}

#[tokio::test]
async fn what_no_clause_covered_is_recorded_and_waits_for_governance() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let (rao, kirsty) = (&world.rao, &world.kirsty);
        world.relate(person, "practice", "direct-care").await;
        let landlord = With::Outside(Sensitive::new("Her landlord CANARY".to_owned()));
        let (ctx, new) = (world.ctx(), told(person, landlord, &["equipment"]));
        let made = record_in(&world, &ctx, rao, (&new, false)).await;
        assert!(matches!(made, Outcome::Recorded(_)), "{engine}");
        assert_eq!(record_in(&world, &ctx, rao, (&new, false)).await, made, "{engine}: once");
        // One of two kinds has no clause.
        let new = told(person, to(&world.jo), &["care-plan", "criminal"]);
        assert!(matches!(record(&world, rao, &new).await, Outcome::Recorded(_)), "{engine}");
        let said = read(&world, person).await;
        assert_eq!(said.len(), 2, "{engine}: both are kept");
        assert!(shown(&world, person).await.is_empty(), "{engine}: and wait for governance");
        assert_eq!(said[0]["with"]["outside"], "Her landlord CANARY", "{engine}");
        assert_eq!(said[1]["uncovered"][0], "criminal", "{engine}");
        let waits = uncovered(&world, "practice").await;
        assert_eq!(waits.len(), 2, "{engine}");
        let outside = waits.iter().find(|one| one.with.is_none()).unwrap();
        assert_eq!(outside.outside.as_ref().unwrap().reveal(), "Her landlord CANARY", "{engine}");
        let told = format!("{waits:?}");
        assert!(!told.contains(&person.to_string()), "{engine}: {told}");
        assert!(!told.contains("CANARY"), "{engine}: {told}");
        // Nobody closes their own, nor another organisation's.
        assert!(!close(&world, rao, outside).await, "{engine}");
        assert!(!close(&world, kirsty, outside).await, "{engine}");
        let colleague = Acting { practitioner: kirsty.practitioner, ..rao.clone() };
        assert!(close(&world, &colleague, outside).await, "{engine}");
        assert!(!close(&world, &colleague, outside).await, "{engine}: once");
        assert_eq!(uncovered(&world, "practice").await.len(), 1, "{engine}");
    }
}

#[tokio::test]
async fn words_are_asked_for_and_what_was_otherwise_is_recorded_as_it_was() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let (jo, rao) = (&world.jo, &world.rao);
        let new = NewTold { is_heard: true, ..told(person, to(rao), &["chronology"]) };
        let asked = record(&world, jo, &new).await;
        let Outcome::Words(said) = asked else { panic!("{engine}: {asked:?}") };
        assert!(read(&world, person).await.is_empty(), "{engine}: nothing is kept yet");
        let made = record_in(&world, &world.ctx(), jo, (&new, true)).await;
        assert!(matches!(made, Outcome::Recorded(_)), "{engine}");
        assert_eq!(read(&world, person).await[0]["uncovered"][0], "chronology", "{engine}");
        world.clock.advance(SignedDuration::from_secs(1));
        let new = NewTold { affirmed: said, ..new };
        assert!(matches!(record(&world, jo, &new).await, Outcome::Recorded(_)), "{engine}");
        // What was so of a talk opens nothing now.
        let looks = world.ask(jo, ("practice", "chronology")).await;
        assert!(matches!(looks, Decision::Need(_)), "{engine}: {looks:?}");
        let last = read(&world, person).await.pop().unwrap();
        assert_eq!(last["uncovered"], serde_json::json!([]), "{engine}: {last}");
        assert!(last["from"]["practice"].to_string().contains("#D5"), "{engine}: {last}");
        let usual = async |s: &mut Snapshot| told::usual(s, jo).await;
        let (with, how) = world.on.db.snapshot("test.usual", usual).await.unwrap().unwrap();
        assert_eq!((with, how), (Some(held(rao)), How::Telephone), "{engine}");
    }
}

#[tokio::test]
async fn whoever_records_learns_nothing_and_who_is_at_risk_reads_nothing_of_it() {
    for world in worlds().await {
        let (engine, person, rao) = (world.on.engine, world.person, &world.rao);
        // Of nobody: it is recorded all the same, with whoever said it.
        let nobody = PersonId::draw(&*world.ids);
        let made = record(&world, rao, &told(nobody, to(&world.jo), &["care-plan"])).await;
        assert!(matches!(made, Outcome::Recorded(_)), "{engine}");
        assert!(read(&world, nobody).await.is_empty(), "{engine}");
        let (keys, at) = (&world.on.keys, word("practice"));
        let page = Page { before: None, limit: 200 };
        let list =
            async |s: &mut Snapshot| ken_ledger::organisation_entries(s, keys, &at, page).await;
        let entries = world.on.db.snapshot("test.entries", list).await.unwrap();
        assert!(entries.iter().any(|one| one.kind == EntryKind::Told), "{engine}");
        let (ctx, risk, source) = (world.ctx(), Fact::new("at-risk").unwrap(), word("nhsl"));
        let write = async |tx: &mut Tx| {
            let guard = together::lock(tx, &BTreeSet::from([person])).await?;
            fact::record(tx, &ctx, person, &source, (&risk, Grade::System)).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        };
        world.relate(person, "practice", "direct-care").await;
        world.on.db.write("test.risk", write).await.unwrap();
        let made = record(&world, rao, &told(person, to(&world.jo), &["care-plan"])).await;
        assert!(matches!(made, Outcome::Recorded(_)), "{engine}");
        assert_eq!(read(&world, person).await.len(), 1, "{engine}");
        assert!(shown(&world, person).await.is_empty(), "{engine}: not while it may harm");
        assert_eq!(uncovered(&world, "practice").await.len(), 1, "{engine}: of nobody alone");
    }
}
