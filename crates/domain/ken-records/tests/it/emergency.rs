//! Emergency access: whose it is, opened once, and finished whole.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::{ClauseId, Ctx, PersonId, Sensitive};
use ken_directory::{Acting, account};
use ken_sharing::emergency::{self, Open, second};
use ken_sharing::{Caller, Decision, Question, Statement, together};
use ken_store::{Snapshot, Tx, guard};

use crate::world::{World, worlds};

const ACCESSES: &str = "SELECT COUNT(*) FROM emergency_access";

/// A supervisor of the police, the same practitioner for the council, and the words they affirm.
async fn twice_employed(world: &World) -> (Acting, Acting, BTreeSet<Statement>) {
    let police = world.acting("police", "pp.supervisor");
    let decisions = world.ask(&police, "vital", &["nhsl"]).await;
    let [Decision::Need(need)] = decisions.as_slice() else { panic!("{decisions:?}") };
    let mut council = world.acting("cec", "sw.duty");
    (council.practitioner, council.account) = (police.practitioner, police.account);
    (police, council, need.statements.clone())
}

async fn open(world: &World, by: &Acting, said: &BTreeSet<Statement>) -> Open {
    open_by(world, &world.ctx(), by, said).await
}

/// The same by one form, which may be sent twice.
async fn open_by(world: &World, form: &Ctx<'_>, by: &Acting, said: &BTreeSet<Statement>) -> Open {
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    let reason = Sensitive::new("He is on the bridge.".to_owned());
    emergency::open(db, form, keys, by, world.person, &reason, said).await.unwrap()
}

async fn finish(world: &World, by: &Acting, person: PersonId, said: &BTreeSet<Statement>) -> bool {
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    let clauses: BTreeSet<ClauseId> = said.iter().map(|said| said.words.clause.clone()).collect();
    emergency::finish(db, &world.ctx(), keys, by, person, &clauses).await.unwrap()
}

async fn is_permitted(world: &World, by: &Acting) -> bool {
    matches!(world.ask(by, "vital", &["nhsl"]).await.as_slice(), [Decision::Permit(_)])
}

#[tokio::test]
async fn an_emergency_is_of_the_organisation_for_which_it_was_opened() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (police, council, said) = twice_employed(&world).await;
        let first = open(&world, &police, &said).await;
        assert!(is_permitted(&world, &police).await, "{engine}");
        assert!(!is_permitted(&world, &council).await, "{engine}: another body's is not used");
        assert!(!finish(&world, &council, world.person, &said).await, "{engine}: nor ended");
        assert!(is_permitted(&world, &police).await, "{engine}: it is still open");
        let other = open(&world, &council, &said).await;
        assert_ne!(first.id, other.id, "{engine}: each has its own, with its own review");
        for by in [&police, &council] {
            let db = &world.databases.db;
            let open = emergency::unreviewed(db, &world.ctx(), by).await.unwrap().first;
            assert_eq!(open.len(), 1, "{engine}: {}", by.organisation);
        }
        assert!(finish(&world, &police, world.person, &said).await, "{engine}");
        assert!(!is_permitted(&world, &police).await, "{engine}: finished");
        assert!(is_permitted(&world, &council).await, "{engine}: with its words");
        assert!(finish(&world, &council, world.person, &said).await, "{engine}");
        assert!(!is_permitted(&world, &council).await, "{engine}: finished");
    }
}

#[tokio::test]
async fn a_form_sent_twice_opens_one_emergency_and_finishing_leaves_none() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (police, _, said) = twice_employed(&world).await;
        let form = world.ctx();
        let first = open_by(&world, &form, &police, &said).await;
        let again = open_by(&world, &form, &police, &said).await;
        assert_eq!(again, first, "{engine}: the same one");
        assert_eq!(world.count(ACCESSES).await, 1, "{engine}: one to review");
        // A colleague agrees to another, so that two are open.
        let (db, keys, ctx) = (&world.databases.db, &world.databases.keys, world.ctx());
        let new = second::NewAsking {
            people: BTreeSet::from([world.person]),
            typed: Sensitive::new("Sample, Isla".to_owned()),
            reason: Sensitive::new("He is on the bridge.".to_owned()),
            said: said.clone(),
        };
        let asked = second::ask(db, &ctx, keys, &police, &new).await.unwrap();
        let colleague = world.acting("police", "pp.supervisor");
        second::decide(db, &ctx, keys, &colleague, (asked, true)).await.unwrap();
        assert_eq!(world.open_of(&police).await.len(), 2, "{engine}");
        assert!(finish(&world, &police, world.person, &said).await, "{engine}");
        assert!(world.open_of(&police).await.is_empty(), "{engine}: none is left open");
        assert!(!is_permitted(&world, &police).await, "{engine}");
        assert!(!finish(&world, &police, world.person, &said).await, "{engine}: once");
        let again = open_by(&world, &form, &police, &said).await;
        assert_ne!(again.id, first.id, "{engine}: what is finished is opened anew");
        let form = open_by(&world, &form, &police, &said).await;
        assert_eq!(form.id, again.id, "{engine}: and once");
    }
}

/// Says that an id is the person's too.
async fn joined(world: &World, other: PersonId) {
    let join = async |tx: &mut Tx| {
        let guard = together::lock(tx, &[world.person, other].into()).await?;
        together::join(tx, &guard, world.person, other).await
    };
    world.databases.db.write("test.join", join).await.unwrap();
}

/// Whether an emergency shows what is held under an id.
async fn is_open_under(world: &World, by: &Acting, person: PersonId) -> bool {
    let question = Question { person, ..world.question("vital", &["nhsl"]) };
    let told = world.ask_as(Caller::Practitioner(by), &question).await;
    matches!(told.as_slice(), [Decision::Permit(_)])
}

#[tokio::test]
async fn an_emergency_opens_every_id_of_the_person_and_finishing_ends_it_under_all() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (db, keys) = (&world.databases.db, &world.databases.keys);
        let (police, _, said) = twice_employed(&world).await;
        let other = PersonId::draw(&*world.ids);
        joined(&world, other).await;
        let both = [world.person, other];
        let form = world.ctx();
        let first = open_by(&world, &form, &police, &said).await;
        assert_eq!(open_by(&world, &form, &police, &said).await, first, "{engine}: by one form");
        for person in both {
            assert!(is_open_under(&world, &police, person).await, "{engine}");
        }
        assert_eq!(world.count(ACCESSES).await, 2, "{engine}: each with its review");
        // Finished under whichever.
        assert!(finish(&world, &police, other, &said).await, "{engine}");
        for person in both {
            assert!(!is_open_under(&world, &police, person).await, "{engine}: finished");
        }
        // And likewise where a colleague agrees to what fits one of them.
        let new = second::NewAsking {
            people: BTreeSet::from([world.person]),
            typed: Sensitive::new("Sample, Isla".to_owned()),
            reason: Sensitive::new("He is on the bridge.".to_owned()),
            said: said.clone(),
        };
        let asked = second::ask(db, &world.ctx(), keys, &police, &new).await.unwrap();
        let colleague = world.acting("police", "pp.supervisor");
        let ctx = world.ctx();
        second::decide(db, &ctx, keys, &colleague, (asked, true)).await.unwrap();
        for person in both {
            assert!(is_open_under(&world, &police, person).await, "{engine}");
        }
    }
}

#[tokio::test]
async fn another_emergency_is_another_access_with_its_own_review() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (db, keys) = (&world.databases.db, &world.databases.keys);
        let (police, _, said) = twice_employed(&world).await;
        let (form, officer) = (world.ctx(), world.acting("police", "ig.lead"));
        let first = open_by(&world, &form, &police, &said).await;
        world.wait(SignedDuration::from_hours(10)).await;
        // Another form while the first waits: it lasts as long as its page says.
        let second = open(&world, &police, &said).await;
        assert_ne!(second.id, first.id, "{engine}");
        assert_eq!(second.until.duration_since(first.until), SignedDuration::from_hours(10));
        let outcome = emergency::ReviewOutcome::Justified;
        let finding = emergency::Finding { outcome, shows_reason: true };
        for one in [&first, &second] {
            let which = (world.person, one.id);
            let done = emergency::review(db, &world.ctx(), keys, &officer, which, finding).await;
            assert!(done.unwrap(), "{engine}");
        }
        // The very form again, though both are open still: somebody checks what it opens.
        let again = open_by(&world, &form, &police, &said).await;
        assert!(again.id != first.id && again.id != second.id, "{engine}");
        assert_eq!(world.count(ACCESSES).await, 3, "{engine}");
        let waits = emergency::unreviewed(db, &world.ctx(), &officer).await.unwrap().first;
        assert_eq!(waits.iter().map(|one| one.id).collect::<Vec<_>>(), [again.id], "{engine}");
    }
}

#[tokio::test]
async fn finishing_what_is_not_open_writes_nothing() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (police, _, said) = twice_employed(&world).await;
        let entries = "SELECT COUNT(*) FROM ledger_entry";
        let before = world.count(entries).await;
        let made_up = PersonId::draw(&*world.ids);
        assert!(!finish(&world, &police, made_up, &said).await, "{engine}");
        let read = async |s: &mut Snapshot| guard::find(s, made_up).await;
        let found = world.databases.db.snapshot("test.guard", read).await.unwrap();
        assert_eq!(found, None, "{engine}: no id that is made up has a guard");
        assert_eq!(world.count(entries).await, before, "{engine}");
    }
}

#[tokio::test]
async fn nobody_agrees_for_an_asker_who_has_left() {
    for world in worlds().await {
        let (db, keys, ctx) = (&world.databases.db, &world.databases.keys, world.ctx());
        let engine = world.databases.engine;
        let (_, _, said) = twice_employed(&world).await;
        let own = PersonId::draw(&*world.ids);
        let leaver = world.employed(("police", "pp.supervisor"), own).await;
        let new = second::NewAsking {
            people: BTreeSet::from([world.person]),
            typed: Sensitive::new("Sample, Isla".to_owned()),
            reason: Sensitive::new("He is on the bridge.".to_owned()),
            said,
        };
        let asked = second::ask(db, &ctx, keys, &leaver, &new).await.unwrap();
        close(&world, &leaver).await;
        let entries = "SELECT COUNT(*) FROM ledger_entry";
        let before = world.count(entries).await;
        let colleague = world.acting("police", "pp.supervisor");
        let decided = second::decide(db, &ctx, keys, &colleague, (asked, true)).await.unwrap();
        assert_eq!(decided, second::Decided::NotOpen, "{engine}");
        assert_eq!(world.count(entries).await, before, "{engine}: nobody is said to have agreed");
        let agreed = "SELECT COUNT(*) FROM second_person WHERE decision IS NOT NULL";
        assert_eq!(world.count(agreed).await, 0, "{engine}");
        assert_eq!(world.count("SELECT COUNT(*) FROM emergency_access").await, 0, "{engine}");
        let decided = second::decide(db, &ctx, keys, &colleague, (asked, false)).await.unwrap();
        assert_eq!(decided, second::Decided::Declined, "{engine}: it can be cleared away");
    }
}

async fn close(world: &World, who: &Acting) {
    let (keys, ctx) = (&world.databases.keys, world.ctx());
    let close = async |tx: &mut Tx| account::close(tx, &ctx, keys, who.account, None).await;
    world.databases.db.write("test.close", close).await.unwrap();
}
