//! What the same form asked before is its answer while that waits, and no longer.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::{Ctx, EntryId, PersonId, RelationshipId, Sensitive};
use ken_directory::Acting;
use ken_sharing::emergency::second;
use ken_sharing::relationship;

use crate::world::{World, worlds};

/// One browser's form: whoever sends it, whom it is about, and the request that it is.
struct Form<'a> {
    world: &'a World,
    ctx: Ctx<'a>,
    by: &'a Acting,
    person: PersonId,
}

impl Form<'_> {
    async fn ask(&self) -> EntryId {
        let new = second::NewAsking {
            people: BTreeSet::from([self.person]),
            typed: Sensitive::new("CANARY, Isla".to_owned()),
            reason: Sensitive::new("CANARY does not answer".to_owned()),
            said: BTreeSet::new(),
        };
        second::ask(&self.world.on.db, &self.ctx, &self.world.on.keys, self.by, &new).await.unwrap()
    }

    async fn claim(&self) -> RelationshipId {
        let (db, keys) = (&self.world.on.db, &self.world.on.keys);
        let typed = Sensitive::new("CANARY, Isla: I visit her".to_owned());
        let person = Some(self.person);
        let claim = relationship::claim(db, &self.ctx, keys, self.by, "care", person, &typed);
        claim.await.unwrap()
    }
}

#[tokio::test]
async fn the_same_form_asks_anew_once_what_it_asked_is_over() {
    for world in worlds(91).await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let person = world.person().await;
        let by = world.practitioner(("cec", "sw.duty"), None).await;
        let colleague = world.practitioner(("cec", "sw.duty"), None).await;
        let form = Form { world: &world, ctx: world.ctx(), by: &by, person };
        let (asked, claimed) = (form.ask().await, form.claim().await);
        assert_eq!((form.ask().await, form.claim().await), (asked, claimed), "{engine}: one");
        let ctx = world.ctx();
        let declined = second::decide(db, &ctx, keys, &colleague, (asked, false)).await.unwrap();
        assert_eq!(declined, second::Decided::Declined, "{engine}");
        relationship::decide_claim(db, &ctx, keys, &colleague, claimed, false).await.unwrap();
        // Whoever presses again is not told that somebody is being asked when nobody is.
        let (again, reclaimed) = (form.ask().await, form.claim().await);
        assert!(again != asked && reclaimed != claimed, "{engine}");
        assert_eq!((form.ask().await, form.claim().await), (again, reclaimed), "{engine}: one");
        let waiting = second::waiting(db, &ctx, keys, &by.organisation).await.unwrap().askings;
        assert_eq!(waiting.iter().map(|one| one.id).collect::<Vec<_>>(), [again], "{engine}");
        world.clock.advance(SignedDuration::from_hours(24));
        assert_ne!(form.ask().await, again, "{engine}: it had run out");
        world.clock.advance(SignedDuration::from_hours(24 * 60));
        assert_ne!(form.claim().await, reclaimed, "{engine}: it had run out");
    }
}

/// More than a list shows of one practitioner leave place for one of another.
#[tokio::test]
async fn whoever_asks_much_hides_nothing_of_anybody_else() {
    for world in worlds(92).await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let person = world.person().await;
        let many = world.practitioner(("cec", "sw.duty"), None).await;
        let few = world.practitioner(("cec", "sw.duty"), None).await;
        let form = |by| Form { world: &world, ctx: world.ctx(), by, person };
        for _ in 0..relationship::LIST_MAX {
            form(&many).ask().await;
            form(&many).claim().await;
        }
        let ctx = world.ctx();
        let whole = second::waiting(db, &ctx, keys, &few.organisation).await.unwrap();
        assert!(!whole.is_more, "{engine}: all of them are there");
        world.clock.advance(SignedDuration::from_secs(60));
        let (asked, claimed) = (form(&few).ask().await, form(&few).claim().await);
        let waits = second::waiting(db, &ctx, keys, &few.organisation).await.unwrap();
        assert_eq!(waits.askings.last().map(|one| one.id), Some(asked), "{engine}");
        let claims = relationship::claims(db, &ctx, keys, &few.organisation).await.unwrap();
        assert_eq!(claims.claims.last().map(|one| one.id), Some(claimed), "{engine}");
        for (shown, is_more) in
            [(waits.askings.len(), waits.is_more), (claims.claims.len(), claims.is_more)]
        {
            assert_eq!((shown, is_more), (200, true), "{engine}");
        }
    }
}
