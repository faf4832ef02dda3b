//! Whom somebody works with: their own people are not pushed out by those of their organisation.

use ken_core::{AccountId, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_sharing::relationship::{self, LIST_MAX};
use ken_store::{Tx, values};

use crate::world::worlds;

/// People of an organisation, each later than the one before.
const MANY: &str = "WITH RECURSIVE n (at) AS
      (SELECT CAST(1 AS BIGINT) UNION ALL SELECT at + 1 FROM n WHERE at < $1)
    INSERT INTO relationship
      (person_id, id, kind, organisation, practitioner_id, grade, source, from_us)
    SELECT '00000000-0000-4000-8000-00000000' || SUBSTR(CAST(10000 + at AS TEXT), 2), 'r' || at,
      'direct-care', 'practice', $2, 'system', 'practice', at FROM n";
const ONE: &str = "INSERT INTO relationship
      (person_id, id, kind, organisation, practitioner_id, grade, source, from_us)
    VALUES ($1, 'own', 'direct-care', 'practice', $2, 'system', 'practice', 0)";

#[tokio::test]
async fn ones_own_people_stand_before_those_of_the_organisation() {
    for world in worlds(1).await {
        let (ctx, db, engine) = (world.ctx(), &world.on.db, world.on.engine);
        let by = Acting {
            account: AccountId::draw(ctx.ids),
            practitioner: PractitionerId::draw(ctx.ids),
            organisation: "practice".parse().unwrap(),
            role: "gp".parse().unwrap(),
        };
        let none = relationship::caseload(db, &ctx, &by).await.unwrap();
        assert_eq!((none.people.len(), none.is_more), (0, false), "{engine}");
        // More of the organisation, and of a colleague, than are listed; all later than one's own.
        let (own, colleague) = (PersonId::draw(ctx.ids), PractitionerId::draw(ctx.ids));
        let added = async |tx: &mut Tx| {
            tx.execute(MANY, values![LIST_MAX + 50, None::<PractitionerId>]).await?;
            tx.execute(
                "UPDATE relationship SET practitioner_id = $1 WHERE from_us > 240",
                values![colleague],
            )
            .await?;
            tx.execute(ONE, values![own, by.practitioner]).await
        };
        db.write("test.related", added).await.unwrap();
        let load = relationship::caseload(db, &ctx, &by).await.unwrap();
        assert_eq!(load.people[0], own, "{engine}");
        let count = i64::try_from(load.people.len()).unwrap();
        assert_eq!((count, load.is_more), (LIST_MAX + 1, true), "{engine}");
        let newest: PersonId = "00000000-0000-4000-8000-000000000240".parse().unwrap();
        assert_eq!(load.people[1], newest, "{engine}: none of the colleague's");
    }
}
