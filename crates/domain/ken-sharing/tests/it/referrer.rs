//! What an agreement gives to whoever referred the person.

use ken_core::PersonId;
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{self, NewRelationship, REFERRER};

use crate::world::{World, word, worlds_of};

const TO: &str = "to = { party = \"practice\", roles = [\"gp.doctor\", \"gp.nurse\"] }
action = [\"view\", \"export\"]";
const TO_REFERRER: &str = "to = { party = \"*referrer\", roles = [\"*\"] }
action = [\"view\", \"export\"]";
const TREATS: &str = "\"equipment\", \"outcome\"]
require = [\"relationship:direct-care\"]";
const REFERRED: &str = "\"equipment\", \"outcome\"]
require = [\"recipient:is-referrer\"]";

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
