//! Closing: whoever closes waits for the last group, and never longer.

use std::time::Duration;

use ken_store::{Db, Error, Settings, values};
use ken_testkit::patient;
use tokio::time::timeout;

use crate::writes::NOTES;

#[tokio::test]
async fn a_store_that_has_nothing_to_do_closes_at_once() {
    for turn in 0..200 {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ken.db");
        let db = Db::open(Settings::sqlite(file).with(patient())).await.unwrap();
        db.migrate(&[NOTES]).await.unwrap();
        if turn % 2 == 0 {
            let kept = db.write("note", async |tx| {
                tx.execute("INSERT INTO note (id, body) VALUES ('a', 'b')", values![]).await?;
                Ok::<_, Error>(())
            });
            kept.await.unwrap();
        }
        let closed = timeout(Duration::from_secs(20), db.close()).await;
        assert!(closed.is_ok(), "turn {turn}: the store did not close");
    }
}
