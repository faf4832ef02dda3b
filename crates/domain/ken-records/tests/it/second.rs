//! The second person of an emergency on oneself or on family.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::{EntryId, Sensitive};
use ken_directory::{Acting, practitioner};
use ken_sharing::emergency::{self, second};
use ken_sharing::{Decision, Statement};
use ken_store::Tx;
use serde_json::json;
use tokio::sync::Barrier;

use crate::world::{World, word, worlds};

/// A supervisor who is the person themselves, and the words of the emergency.
async fn themselves(world: &World) -> (Acting, BTreeSet<Statement>) {
    let stranger = world.acting("police", "pp.supervisor");
    let decisions = world.ask(&stranger, "vital", &["nhsl"]).await;
    let [Decision::Need(need)] = decisions.as_slice() else { panic!("{decisions:?}") };
    let mut asker = world.acting("police", "pp.supervisor");
    let ctx = world.ctx();
    let register = async |tx: &mut Tx| {
        practitioner::register(tx, &ctx, "Kit Constable", Some(world.person)).await
    };
    asker.practitioner = world.databases.db.write("test.self", register).await.unwrap();
    (asker, need.statements.clone())
}

async fn is_permitted(world: &World, by: &Acting) -> bool {
    matches!(world.ask(by, "vital", &["nhsl"]).await.as_slice(), [Decision::Permit(_)])
}

async fn ask(world: &World, by: &Acting, said: &BTreeSet<Statement>) -> EntryId {
    let new = second::NewAsking {
        people: BTreeSet::from([world.person]),
        typed: Sensitive::new("Sample, Isla".to_owned()),
        reason: Sensitive::new("She does not answer and the gas is on.".to_owned()),
        said: said.clone(),
    };
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    second::ask(db, &world.ctx(), keys, by, &new).await.unwrap()
}

async fn decide(world: &World, by: &Acting, id: EntryId, agrees: bool) -> second::Decided {
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    second::decide(db, &world.ctx(), keys, by, (id, agrees)).await.unwrap()
}

#[tokio::test]
async fn an_emergency_on_oneself_needs_a_second_person() {
    use second::Decided::{Agreed, Declined, NotOpen};
    for world in worlds().await {
        let engine = world.databases.engine;
        let (asker, said) = themselves(&world).await;
        let (db, keys, ctx) = (&world.databases.db, &world.databases.keys, world.ctx());
        let reason = Sensitive::new("made up".to_owned());
        emergency::open(db, &ctx, keys, &asker, world.person, &reason, &said).await.unwrap();
        assert!(!is_permitted(&world, &asker).await, "{engine}: not alone");
        let colleague = world.acting("police", "pp.supervisor");
        let elsewhere = world.acting("practice", "gp.doctor");
        let declined = ask(&world, &asker, &said).await;
        assert_eq!(decide(&world, &asker, declined, true).await, NotOpen, "{engine}: their own");
        assert_eq!(decide(&world, &elsewhere, declined, true).await, NotOpen, "{engine}: not ours");
        assert_eq!(decide(&world, &colleague, declined, false).await, Declined, "{engine}");
        assert_eq!(decide(&world, &colleague, declined, true).await, NotOpen, "{engine}: decided");
        assert!(!is_permitted(&world, &asker).await, "{engine}: declined");
        let agreed = ask(&world, &asker, &said).await;
        let waiting = second::waiting(db, &ctx, keys, &word("police")).await.unwrap().askings;
        let [one] = waiting.as_slice() else { panic!("{waiting:?}") };
        assert_eq!((one.id, one.typed.reveal().as_str()), (agreed, "Sample, Isla"), "{engine}");
        assert!(!is_permitted(&world, &asker).await, "{engine}: asked is not agreed");
        assert_eq!(decide(&world, &colleague, agreed, true).await, Agreed, "{engine}");
        assert!(is_permitted(&world, &asker).await, "{engine}: agreed");
        let own = second::own(db, &ctx, keys, &asker).await.unwrap();
        let told: Vec<_> = own.iter().map(|one| one.decided).collect();
        let by = colleague.practitioner;
        // Both were asked at one moment.
        assert!(told.len() == 2 && told.contains(&Some((by, true))), "{engine}: {told:?}");
        assert!(told.contains(&Some((by, false))), "{engine}: {told:?}");
        assert!(second::own(db, &ctx, keys, &colleague).await.unwrap().is_empty(), "{engine}");
        let open_now = world.open_of(&asker).await;
        assert_eq!(open_now, [None, Some(by)], "{engine}: alone, and then agreed to");
        assert!(world.open_of(&colleague).await.is_empty(), "{engine}");
        assert!(!is_permitted(&world, &colleague).await, "{engine}: for the asker alone");
        let open = emergency::unreviewed(db, &ctx, &colleague).await.unwrap().first;
        let open = open.last().unwrap();
        let review = async |by: &Acting| {
            let outcome = emergency::ReviewOutcome::Justified;
            let finding = emergency::Finding { outcome, shows_reason: true };
            let which = (world.person, open.id);
            emergency::review(db, &ctx, keys, by, which, finding).await.unwrap()
        };
        assert!(!review(&colleague).await, "{engine}: who agreed does not check it");
        assert!(review(&world.acting("police", "ig.lead")).await, "{engine}");
        let released = world.released().await.unwrap();
        for (who, by) in [("practitioner", &asker), ("second", &colleague)] {
            assert_eq!(released[who], by.practitioner.to_string(), "{engine}: {who}");
        }
        assert_eq!(released["reason"], "She does not answer and the gas is on.", "{engine}");
        world.clock.advance(SignedDuration::from_hours(25));
        assert!(!is_permitted(&world, &asker).await, "{engine}: it is over");
        assert!(world.open_of(&asker).await.is_empty(), "{engine}: it is over");
        assert!(second::own(db, &world.ctx(), keys, &asker).await.unwrap().is_empty(), "{engine}");
        let late = ask(&world, &asker, &said).await;
        world.clock.advance(SignedDuration::from_hours(25));
        assert_eq!(decide(&world, &colleague, late, true).await, NotOpen, "{engine}: too late");
    }
}

/// Two colleagues agree at once to what was asked twice: one access opens, and one is to review.
#[tokio::test]
async fn of_two_askings_agreed_to_at_once_one_opens() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (asker, said) = themselves(&world).await;
        let (first, second) = (ask(&world, &asker, &said).await, ask(&world, &asker, &said).await);
        let colleagues = [(); 2].map(|()| world.acting("police", "pp.supervisor"));
        let both = Barrier::new(2);
        let agree = async |by: &Acting, id| {
            both.wait().await;
            decide(&world, by, id, true).await
        };
        let agreed = tokio::join!(agree(&colleagues[0], first), agree(&colleagues[1], second));
        let want = (second::Decided::Agreed, second::Decided::Agreed);
        assert_eq!(agreed, want, "{engine}: neither waits for ever");
        let opened = "SELECT COUNT(*) FROM emergency_access";
        assert_eq!(world.count(opened).await, 1, "{engine}: one to review");
        assert!(is_permitted(&world, &asker).await, "{engine}");
        // Neither checks afterwards what they agreed to, and the person reads both names.
        let (db, keys, ctx) = (&world.databases.db, &world.databases.keys, world.ctx());
        let officer = world.acting("police", "ig.lead");
        let [one] =
            emergency::unreviewed(db, &ctx, &officer).await.unwrap().first.try_into().unwrap();
        let review = async |by: &Acting| {
            let outcome = emergency::ReviewOutcome::Justified;
            let finding = emergency::Finding { outcome, shows_reason: true };
            let which = (world.person, one.id);
            emergency::review(db, &ctx, keys, by, which, finding).await.unwrap()
        };
        for colleague in &colleagues {
            let by = Acting { role: word("ig.lead"), ..colleague.clone() };
            assert!(one.is_of(by.practitioner) && !review(&by).await, "{engine}: who agreed");
        }
        assert!(review(&officer).await, "{engine}");
        let released = world.released().await.unwrap();
        let mut named = vec![released["second"].clone()];
        named.extend(released["agreed"].as_array().unwrap().iter().cloned());
        named.sort_by_key(ToString::to_string);
        let mut want = colleagues.each_ref().map(|by| json!(by.practitioner.to_string()));
        want.sort_by_key(ToString::to_string);
        assert_eq!(named, want, "{engine}");
        // What is asked for once more, while it is open, lasts its own twenty-four hours.
        world.wait(SignedDuration::from_hours(23)).await;
        let later = ask(&world, &asker, &said).await;
        let by = &colleagues[0];
        assert_eq!(decide(&world, by, later, true).await, second::Decided::Agreed, "{engine}");
        assert_eq!(world.count(opened).await, 2, "{engine}");
        world.wait(SignedDuration::from_hours(2)).await;
        assert!(is_permitted(&world, &asker).await, "{engine}: by the later one");
    }
}

/// A colleague agrees while an officer checks: whoever agreed to what was checked is named in it.
#[tokio::test]
async fn whoever_agrees_while_it_is_checked_is_named_in_the_check() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (asker, said) = themselves(&world).await;
        let (db, keys, ctx) = (&world.databases.db, &world.databases.keys, world.ctx());
        let officer = world.acting("police", "ig.lead");
        let agreed = "SELECT COUNT(*) FROM emergency_agreed a
            JOIN emergency_access e ON e.person_id = a.person_id AND e.id = a.access_id
            WHERE e.reviewed_us IS NOT NULL";
        let mut named = 0;
        for n in 0..8 {
            let (first, second) =
                (ask(&world, &asker, &said).await, ask(&world, &asker, &said).await);
            let colleagues = [(); 2].map(|()| world.acting("police", "pp.supervisor"));
            decide(&world, &colleagues[0], first, true).await;
            let waiting = emergency::unreviewed(db, &ctx, &officer).await.unwrap().first;
            let one = waiting.iter().find(|one| !one.is_of(officer.practitioner)).unwrap();
            let outcome = emergency::ReviewOutcome::Justified;
            let finding = emergency::Finding { outcome, shows_reason: true };
            let which = (world.person, one.id);
            let both = Barrier::new(2);
            let check = async {
                both.wait().await;
                emergency::review(db, &ctx, keys, &officer, which, finding).await.unwrap()
            };
            let agree = async {
                both.wait().await;
                decide(&world, &colleagues[1], second, true).await
            };
            let (is_checked, decided) = tokio::join!(check, agree);
            assert!(is_checked, "{engine}: {n}");
            assert_eq!(decided, second::Decided::Agreed, "{engine}: {n}");
            let released = world.released().await.unwrap();
            named += released["agreed"].as_array().unwrap().len();
            let want = usize::try_from(world.count(agreed).await).unwrap();
            assert_eq!(named, want, "{engine}: {n}: nobody agreed unnamed");
        }
    }
}
