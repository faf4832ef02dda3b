//! The policies in force, compiled once for all who ask.

use std::sync::Arc;

use ken_store::guard;

use crate::world::worlds;

#[tokio::test]
async fn whoever_asks_while_policies_are_compiled_gets_what_that_makes() {
    for world in worlds(54).await {
        let (db, ctx) = (&world.on.db, world.ctx());
        let ask = async || world.gate.current(db, &ctx).await.unwrap();
        let mut before = None;
        for _ in 0..2 {
            let (one, two, three, four) = tokio::join!(ask(), ask(), ask(), ask());
            for other in [two, three, four] {
                assert!(Arc::ptr_eq(&one, &other), "{}", world.on.engine);
            }
            let version = before.replace(one.version);
            assert!(version.is_none_or(|version| version < one.version));
            world.write(async |tx| Ok(guard::bump_policy(tx).await.map(drop)?)).await;
        }
    }
}
