//! The one way out.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::{AccountId, Sensitive};
use ken_records::{Disclosed, Under, moves};
use ken_sharing::fact::Grade;
use ken_sharing::{Caller, Decision, affirmation, emergency};
use ken_store::Tx;
use serde_json::json;

use crate::world::{World, word, worlds};

fn told(decisions: &[Decision]) -> Vec<&'static str> {
    let word = |decision: &Decision| match decision {
        Decision::Permit(_) => "permit",
        Decision::Need(_) => "need",
        Decision::Deny(_) => "deny",
    };
    decisions.iter().map(word).collect()
}

fn categories(disclosed: &Disclosed) -> Vec<&str> {
    let mut of: Vec<_> = disclosed.items.iter().map(|item| item.category.as_str()).collect();
    of.sort_unstable();
    of
}

const PERMITS: &str = "SELECT COUNT(*) FROM ledger_entry WHERE kind = 'permit'";
const DENIALS: &str = "SELECT COUNT(*) FROM ledger_entry WHERE kind = 'deny'";

#[tokio::test]
async fn what_the_clause_does_not_cover_is_absent() {
    for world in worlds().await {
        let doctor = world.acting("practice", "gp.doctor");
        let decisions = world.ask(&doctor, "direct-care", &["nhsl"]).await;
        assert_eq!(told(&decisions), ["permit"]);
        assert_eq!(world.count(PERMITS).await, 1, "it is on the ledger before it is read");
        let seen = world.read(decisions).await.unwrap();
        assert_eq!(categories(&seen), ["core", "health-summary"]);
        assert!(seen.items.iter().any(|item| item.body.to_string().contains("CANARY")));
    }
}

#[tokio::test]
async fn while_a_record_is_put_right_a_held_permit_dies_and_no_routine_one_is_given() {
    for world in worlds().await {
        let (engine, doctor) = (world.databases.engine, world.acting("practice", "gp.doctor"));
        let held = world.ask(&doctor, "direct-care", &["nhsl"]).await;
        assert_eq!(told(&held), ["permit"], "{engine}");
        let (ctx, other) = (world.ctx(), ken_core::PersonId::draw(&*world.ids));
        let db = &world.databases.db;
        let begun = db.write("test.move", async |tx| {
            let people = (world.person, other);
            let (source, under) = (word("nhsl"), Under::default());
            let of = (&under, "a merge");
            let of = moves::begin(tx, &ctx, people, &source, of, (false, false)).await?;
            moves::bar(tx, &of).await?;
            Ok::<_, ken_records::Error>(of)
        });
        let of = begun.await.unwrap();
        assert!(matches!(world.read(held).await, Err(ken_records::Error::Stale)), "{engine}");
        let barred = world.ask(&doctor, "direct-care", &["nhsl"]).await;
        assert_eq!(told(&barred), ["deny"], "{engine}");
        let keys = &world.databases.keys;
        let on = async |tx: &mut Tx| moves::advance(tx, &ctx, keys, &of).await;
        assert!(db.write("test.move", on).await.unwrap(), "{engine}: it is done");
        let after = world.ask(&doctor, "direct-care", &["nhsl"]).await;
        assert_eq!(told(&after), ["permit"], "{engine}");
        // All that the hospital had filed under no number has gone to the other.
        let seen = world.read(after).await.unwrap();
        assert_eq!(categories(&seen), <[&str; 0]>::default(), "{engine}");
    }
}

#[tokio::test]
async fn a_refusal_is_on_the_ledger_too() {
    for world in worlds().await {
        let teacher = world.acting("primary", "ed.teacher");
        let decisions = world.ask(&teacher, "direct-care", &["nhsl", "practice"]).await;
        assert_eq!(told(&decisions), ["deny", "deny"]);
        assert_eq!(world.count(DENIALS).await, 1, "{}", world.databases.engine);
        // Somebody who does not exist is refused alike.
        let mut question = world.question("direct-care", &["nhsl", "practice"]);
        question.person = ken_core::PersonId::draw(&*world.ids);
        let unknown = world.ask_as(Caller::Practitioner(&teacher), &question).await;
        assert_eq!(told(&unknown), ["deny", "deny"]);
        assert_eq!(world.count(DENIALS).await, 2);
    }
}

#[tokio::test]
async fn a_claimed_relationship_opens_nothing() {
    for world in worlds().await {
        world.relate("ooh", "direct-care", Grade::Claimed).await;
        let clinician = world.acting("ooh", "ooh.clinician");
        assert_eq!(told(&world.ask(&clinician, "direct-care", &["nhsl"]).await), ["deny"]);
        world.relate("ooh", "direct-care", Grade::Confirmed).await;
        assert_eq!(told(&world.ask(&clinician, "direct-care", &["nhsl"]).await), ["need"]);
    }
}

#[tokio::test]
async fn words_are_affirmed_for_a_while_and_for_one_practitioner() {
    for world in worlds().await {
        world.relate("ooh", "direct-care", Grade::Confirmed).await;
        let clinician = world.acting("ooh", "ooh.clinician");
        let decisions = world.ask(&clinician, "direct-care", &["nhsl"]).await;
        let [Decision::Need(need)] = decisions.as_slice() else { panic!("{decisions:?}") };
        let texts: Vec<_> = need.statements.iter().map(|said| said.text.as_str()).collect();
        assert_eq!(texts, ["I am treating this person now, or about to."]);
        let db = &world.databases.db;
        affirmation::affirm(db, &world.ctx(), &clinician, world.person, &need.statements)
            .await
            .unwrap();
        assert_eq!(told(&world.ask(&clinician, "direct-care", &["nhsl"]).await), ["permit"]);
        let other = world.acting("ooh", "ooh.clinician");
        assert_eq!(told(&world.ask(&other, "direct-care", &["nhsl"]).await), ["need"]);
        world.wait(SignedDuration::from_mins(31)).await;
        assert_eq!(told(&world.ask(&clinician, "direct-care", &["nhsl"]).await), ["need"]);
    }
}

#[tokio::test]
async fn a_permit_does_not_outlive_what_it_was_decided_by() {
    for world in worlds().await {
        let doctor = world.acting("practice", "gp.doctor");
        let decisions = world.ask(&doctor, "direct-care", &["nhsl"]).await;
        world.relate("rowan", "support", Grade::Confirmed).await;
        let stale = world.read(decisions).await.unwrap_err();
        assert_eq!(stale.code(), "records.stale", "facts changed");
        let decisions = world.ask(&doctor, "direct-care", &["nhsl"]).await;
        world.clock.advance(SignedDuration::from_secs(31));
        let stale = world.read(decisions).await.unwrap_err();
        assert_eq!(stale.code(), "records.stale", "its life is over");
        let none = world.read(vec![]).await.unwrap_err();
        assert_eq!(none.code(), "records.stale", "nothing is read without one");
    }
}

#[tokio::test]
async fn own_work_sees_what_is_ones_own() {
    for world in worlds().await {
        let nurse = world.acting("practice", "gp.nurse");
        let decisions = world.ask(&nurse, "own-work", &["practice", "nhsl"]).await;
        // In the order of the sources' ids: nhsl, practice.
        assert_eq!(told(&decisions), ["deny", "permit"]);
        assert_eq!(categories(&world.read(decisions).await.unwrap()), ["medication"]);
    }
}

#[tokio::test]
async fn the_person_reads_their_own_record() {
    for world in worlds().await {
        let caller = Caller::Own(AccountId::draw(&*world.ids));
        let question = world.question("own-record", &["nhsl", "practice"]);
        let decisions = world.ask_as(caller, &question).await;
        let seen = world.read(decisions).await.unwrap();
        assert_eq!(categories(&seen), ["core", "education", "health-summary", "medication"]);
        // Nobody else is the person.
        let doctor = world.acting("practice", "gp.doctor");
        assert_eq!(told(&world.ask(&doctor, "own-record", &["nhsl"]).await), ["deny"]);
    }
}

#[tokio::test]
async fn an_emergency_opens_and_is_reviewed_by_somebody_else() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let constable = world.acting("police", "pp.supervisor");
        let decisions = world.ask(&constable, "vital", &["nhsl"]).await;
        let [Decision::Need(need)] = decisions.as_slice() else { panic!("{decisions:?}") };
        let reason = Sensitive::new("He is on the bridge.".to_owned());
        let (db, keys, person) = (&world.databases.db, &world.databases.keys, world.person);
        let ctx = world.ctx();
        affirmation::affirm(db, &ctx, &constable, person, &need.statements).await.unwrap();
        let vain = world.ask(&constable, "vital", &["nhsl"]).await;
        assert_eq!(told(&vain), ["need"], "words without a reason on the ledger open nothing");
        let open =
            emergency::open(db, &ctx, keys, &constable, person, &reason, &need.statements).await;
        let open = open.unwrap();
        let decisions = world.ask(&constable, "vital", &["nhsl"]).await;
        assert_eq!(categories(&world.read(decisions).await.unwrap()), ["core", "health-summary"]);
        let waiting = emergency::unreviewed(db, &ctx, &constable).await.unwrap().first;
        assert_eq!(waiting.iter().map(|one| one.id).collect::<Vec<_>>(), [open.id]);
        let review = async |by: &ken_directory::Acting| {
            let outcome = emergency::ReviewOutcome::NotJustified;
            let finding = emergency::Finding { outcome, shows_reason: false };
            emergency::review(db, &ctx, keys, by, (person, open.id), finding).await.unwrap()
        };
        assert!(!review(&constable).await, "nobody reviews their own");
        assert_eq!(world.released().await, None, "nothing before the review");
        let taken = world.ask(&constable, "vital", &["nhsl"]).await;
        assert!(review(&world.acting("police", "ig.lead")).await);
        assert!(
            matches!(world.read(taken).await, Err(ken_records::Error::Stale)),
            "{engine}: taken before"
        );
        assert_eq!(told(&world.ask(&constable, "vital", &["nhsl"]).await), ["need"], "{engine}");
        assert!(world.open_of(&constable).await.is_empty(), "{engine}: what was not right is over");
        let released = world.released().await.unwrap();
        assert_eq!(released["practitioner"], constable.practitioner.to_string());
        assert_eq!(released.get("reason"), None, "the reviewer kept it back");
        assert!(emergency::unreviewed(db, &ctx, &constable).await.unwrap().first.is_empty());
        world.clock.advance(SignedDuration::from_hours(25));
        assert_eq!(told(&world.ask(&constable, "vital", &["nhsl"]).await), ["need"]);
    }
}

#[tokio::test]
async fn while_nobody_seals_an_emergency_goes_on_and_routine_does_not() {
    for world in worlds().await {
        let (engine, doctor) = (world.databases.engine, world.acting("practice", "gp.doctor"));
        let constable = world.acting("police", "pp.supervisor");
        let decisions = world.ask(&constable, "vital", &["nhsl"]).await;
        let [Decision::Need(need)] = decisions.as_slice() else { panic!("{decisions:?}") };
        let (db, keys, ctx) = (&world.databases.db, &world.databases.keys, world.ctx());
        let reason = Sensitive::new("He is on the bridge.".to_owned());
        let said = &need.statements;
        affirmation::affirm(db, &ctx, &constable, world.person, said).await.unwrap();
        emergency::open(db, &ctx, keys, &constable, world.person, &reason, said).await.unwrap();
        for (seconds, routine) in [(59, "permit"), (2, "deny")] {
            world.clock.advance(SignedDuration::from_secs(seconds));
            let asked = world.ask(&doctor, "direct-care", &["nhsl"]).await;
            assert_eq!(told(&asked), [routine], "{engine}");
            let asked = world.ask(&constable, "vital", &["nhsl"]).await;
            assert_eq!(told(&asked), ["permit"], "{engine}");
        }
    }
}

#[tokio::test]
async fn an_agreement_that_lapses_stops_at_once() {
    for world in worlds().await {
        let doctor = world.acting("practice", "gp.doctor");
        assert_eq!(told(&world.ask(&doctor, "direct-care", &["nhsl"]).await), ["permit"]);
        let in_force = world.gate.current(&world.databases.db, &world.ctx()).await.unwrap();
        let direct = in_force
            .bundle
            .instruments()
            .find(|(_, instrument, _)| instrument.agreement.id.to_string() == "glen-direct-care");
        let hash = direct.unwrap().0.clone();
        let (db, keys) = (&world.databases.db, &world.databases.keys);
        let by = word("practice");
        ken_sharing::instrument::suspend(db, &world.ctx(), keys, &hash, &by).await.unwrap();
        assert_eq!(told(&world.ask(&doctor, "direct-care", &["nhsl"]).await), ["deny"]);
        ken_sharing::instrument::resume(db, &world.ctx(), keys, &hash, &by).await.unwrap();
        assert_eq!(told(&world.ask(&doctor, "direct-care", &["nhsl"]).await), ["permit"]);
        world.clock.advance(SignedDuration::from_hours(24 * 365 * 8));
        assert_eq!(told(&world.ask(&doctor, "direct-care", &["nhsl"]).await), ["deny"]);
    }
}

#[tokio::test]
async fn a_label_takes_away_and_a_version_stands_beside() {
    for world in worlds().await {
        world.relate("cec", "direct-care", Grade::System).await;
        let worker = world.acting("cec", "sw.duty");
        let affirm = async |world: &World| {
            let decisions = world.ask(&worker, "direct-care", &["practice"]).await;
            if let [Decision::Need(need)] = decisions.as_slice() {
                let (db, ctx) = (&world.databases.db, world.ctx());
                affirmation::affirm(db, &ctx, &worker, world.person, &need.statements)
                    .await
                    .unwrap();
            }
        };
        affirm(&world).await;
        let plan = json!({ "resourceType": "CarePlan", "title": "one" });
        let first = world.file("practice", "care-plan", &[], &plan).await;
        let same = world.file("practice", "care-plan", &[], &plan).await;
        assert_eq!((first.version, same.version, same.is_new), (1, 1, false));
        world.file("practice", "care-plan", &["third-party"], &plan).await;
        let changed = json!({ "resourceType": "CarePlan", "title": "two" });
        assert_eq!(world.file("practice", "care-plan", &[], &changed).await.version, 2);
        let seen =
            world.read(world.ask(&worker, "direct-care", &["practice"]).await).await.unwrap();
        let titles: BTreeSet<_> =
            seen.items.iter().map(|item| item.body["title"].to_string()).collect();
        assert_eq!(titles, BTreeSet::from(["\"two\"".to_owned()]), "the labelled one is absent");
    }
}

#[tokio::test]
async fn permits_for_one_kind_are_spent_together_and_show_the_fields_of_both() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let name = json!({ "resourceType": "Patient", "name": [{ "family": "CANARY" }],
            "birthDate": "1948-03", "address": [{ "text": "1 Made-up Road" }],
            "telecom": [{ "value": "01632 960 001" }], "multipleBirthBoolean": true });
        world.file("cec", "core", &[], &name).await;
        let lead = world.acting("cec", "ig.lead");
        let check = async || {
            let decisions = world.ask(&lead, "governance", &["cec"]).await;
            if let [Decision::Need(need)] = decisions.as_slice() {
                let (db, ctx) = (&world.databases.db, world.ctx());
                let said = &need.statements;
                affirmation::affirm(db, &ctx, &lead, world.person, said).await.unwrap();
            }
            world.ask(&lead, "governance", &["cec"]).await
        };
        let narrow = world.read(check().await).await.unwrap();
        let narrow = &narrow.items[0].body.to_string();
        assert!(narrow.contains("CANARY") && !narrow.contains("Road"), "{engine}: {narrow}");
        let own = world.ask(&lead, "own-work", &["cec"]).await;
        let alone = world.read(own).await.unwrap();
        let all = alone.items[0].body.to_string();
        assert!(all.contains("Road") && all.contains("01632"), "{engine}: {all}");
        assert!(!all.contains("multipleBirth"), "{engine}: nobody signed for it");
        // Whichever comes first, each item is shown once, and as fully as the fuller permits.
        for is_first in [true, false] {
            let (mut all, own) = (check().await, world.ask(&lead, "own-work", &["cec"]).await);
            let at = if is_first { 0 } else { all.len() };
            all.splice(at..at, own);
            assert_eq!(told(&all), ["permit", "permit"], "{engine}");
            let seen = world.read(all).await.unwrap();
            assert_eq!(seen.entries.len(), 2, "{engine}");
            let bodies = |of: &Disclosed| -> Vec<_> {
                of.items.iter().map(|item| item.body.clone()).collect()
            };
            assert_eq!(bodies(&seen), bodies(&alone), "{engine}");
            // What both cover is shown under the clause of the first, the rest under its own.
            let clauses = if is_first { 1 } else { 2 };
            assert_eq!(seen.items[0].clauses.len(), clauses, "{engine}");
        }
    }
}
