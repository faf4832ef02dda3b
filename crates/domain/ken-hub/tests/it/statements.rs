//! Every statement of the gate, the record and the hub is one that both engines understand.

use ken_testkit::assert_prepares;

use crate::world::worlds;

#[tokio::test]
async fn every_statement_prepares() {
    for world in worlds().await {
        for statements in [
            ken_sharing::STATEMENTS,
            ken_sharing::emergency::STATEMENTS,
            ken_sharing::linker::STATEMENTS,
            ken_records::STATEMENTS,
            ken_hub::STATEMENTS,
        ] {
            assert!(!statements.is_empty());
            assert_prepares(&world.databases.db, statements).await;
        }
    }
}
