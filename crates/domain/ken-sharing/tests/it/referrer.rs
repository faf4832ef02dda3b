//! What an agreement gives to whoever referred the person.

use ken_core::{PersonId, Sensitive};
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{self, ClaimOutcome, NewRelationship, REFERRER};

use crate::world::{World, word, worlds_of};

const TO: &str = "to = { party = \"practice\", roles = [\"gp.doctor\", \"gp.nurse\"] }
action = [\"view\", \"export\"]";
const TO_REFERRER: &str = "to = { party = \"*referrer\", roles = [\"*\"] }
action = [\"view\", \"export\"]";
const TREATS: &str = "\"equipment\", \"outcome\"]
require = [\"relationship:direct-care\"]";
const REFERRED: &str = "\"equipment\", \"outcome\"]
require = [\"recipient:is-referrer\"]";
const NOTHING_MORE: &str = "\"equipment\", \"outcome\"]";

async fn relate(world: &World, person: PersonId, of: &str, (kind, grade): (&str, Grade)) {
    let ctx = world.ctx();
    let until = Some(ctx.clock.now() + jiff::SignedDuration::from_hours(48));
    let new = NewRelationship {
        person,
        kind: kind.to_owned(),
        organisation: word(of),
        practitioner: None,
        grade,
        source: word(of),
        until,
    };
    world
        .write(async |tx| {
            let guard = tx.lock_people(&[person].into()).await?;
            relationship::record(tx, &ctx, &world.on.keys, &new).await?;
            Ok(guard.bump(tx).await?)
        })
        .await;
}

/// A clause to `*referrer` gives to the organisation that is known to have referred the person, for
/// as long as that stands, and to nobody else.
#[tokio::test]
async fn whoever_is_known_to_have_referred_somebody_gets_what_is_for_the_referrer() {
    let change = |text: &str| text.replacen(TO, TO_REFERRER, 1).replacen(TREATS, REFERRED, 1);
    for world in worlds_of(71, change).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let doctor = world.practitioner(("practice", "gp.doctor"), None).await;
        let check = async |want: bool, why: &str| {
            assert_eq!(world.permits(&doctor, person).await, want, "{engine}: {why}");
        };
        check(false, "who treats did not refer").await;
        relate(&world, person, "ooh", (REFERRER, Grade::System)).await;
        check(false, "others referred").await;
        relate(&world, person, "practice", (REFERRER, Grade::Claimed)).await;
        check(false, "a claim alone").await;
        let other = world.person().await;
        relate(&world, other, "practice", (REFERRER, Grade::Confirmed)).await;
        check(false, "somebody else was referred").await;
        assert!(world.permits(&doctor, other).await, "{engine}: confirmed");
        relate(&world, person, "practice", (REFERRER, Grade::System)).await;
        check(true, "they referred").await;
        world.clock.advance(jiff::SignedDuration::from_hours(49));
        world
            .on
            .db
            .write("test.seal", async |tx| {
                tx.execute("UPDATE ledger_entry SET sealed = 1", &[]).await
            })
            .await
            .unwrap();
        check(false, "it is over").await;
    }
}

/// Where a clause asks for nothing but its end, the end alone stops everybody else; and what one
/// practitioner claimed for themselves is theirs, and no colleague's.
#[tokio::test]
async fn a_claim_makes_its_claimant_the_referrer_and_no_colleague() {
    let change = |text: &str| text.replacen(TO, TO_REFERRER, 1).replacen(TREATS, NOTHING_MORE, 1);
    for world in worlds_of(72, change).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let claimant = world.practitioner(("practice", "gp.doctor"), None).await;
        let second = world.practitioner(("practice", "gp.doctor"), None).await;
        let reader = world.practitioner(("practice", "gp.nurse"), None).await;
        let check = async |want: [bool; 3], why: &str| {
            for (by, want) in [&claimant, &second, &reader].into_iter().zip(want) {
                assert_eq!(world.permits(by, person).await, want, "{engine}: {why}");
            }
        };
        check([false; 3], "nobody referred").await;
        relate(&world, person, "ooh", (REFERRER, Grade::Confirmed)).await;
        check([false; 3], "another organisation did").await;
        relate(&world, person, "practice", (REFERRER, Grade::Claimed)).await;
        check([false; 3], "a claim alone").await;
        let (db, ctx, keys) = (&world.on.db, world.ctx(), &world.on.keys);
        let typed = Sensitive::new("We asked the council to help".to_owned());
        let of = Some(person);
        let claim = relationship::claim(db, &ctx, keys, &claimant, REFERRER, of, &typed).await;
        let claim = claim.unwrap();
        check([false; 3], "a claim that nobody confirmed").await;
        let decided = relationship::decide_claim(db, &ctx, keys, &second, claim, true).await;
        assert_eq!(decided.unwrap(), ClaimOutcome::Confirmed, "{engine}");
        check([true, false, false], "theirs, and no colleague's").await;
        relate(&world, person, "practice", (REFERRER, Grade::System)).await;
        check([true; 3], "the whole organisation referred").await;
    }
}
