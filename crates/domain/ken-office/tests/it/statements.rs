//! Every statement of the office is one that both engines understand.

use ken_testkit::assert_prepares;

use crate::world::worlds;

#[tokio::test]
async fn every_statement_prepares() {
    for world in worlds().await {
        assert_prepares(&world.on.db, ken_office::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_office::breach::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_office::wrong_person::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_office::DESK_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_office::disposal::STATEMENTS).await;
    }
}
