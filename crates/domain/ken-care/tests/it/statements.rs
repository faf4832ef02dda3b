//! Every statement of this crate is one that both engines understand.

use ken_testkit::assert_prepares;

use crate::world::worlds;

#[tokio::test]
async fn every_statement_prepares() {
    for world in worlds().await {
        assert_prepares(&world.on.db, ken_care::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_care::DRAFT_STATEMENTS).await;
        assert_prepares(&world.on.db, ken_care::request::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_care::words::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_care::told::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_care::message::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_care::discussion::STATEMENTS).await;
        assert_prepares(&world.on.db, ken_care::correction::STATEMENTS).await;
    }
}
