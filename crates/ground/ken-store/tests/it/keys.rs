//! The key ring: what is sealed opens, until its key is erased.

use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Error, Reads as _, Settings};
use ken_testkit::{patient, store};
use tokio::sync::Notify;

#[tokio::test]
async fn what_is_sealed_opens_until_its_key_is_erased() {
    let (_dir, db, keys) = store(&[]).await;
    let key = keys.fresh().await.unwrap();
    let sealed = db.write("nested", async |_| keys.seal(&key, b"a", b"body").await).await.unwrap();
    assert_eq!(keys.open(&key, b"a", &sealed).await.unwrap(), Some(b"body".to_vec()));
    assert_eq!(keys.open(&key, b"b", &sealed).await, Err(Error::Unsealable));
    assert!(keys.erase(&key).await.unwrap());
    assert!(!keys.erase(&key).await.unwrap());
    assert_eq!(keys.open(&key, b"a", &sealed).await.unwrap(), None);
    assert_eq!(keys.seal(&key, b"a", b"more").await, Err(Error::KeyErased));
}

#[tokio::test]
async fn fresh_keys_are_fresh_and_outlive_the_process() {
    let dir = tempfile::TempDir::new().unwrap();
    let open = async |root| {
        let db = Db::open(Settings::sqlite(dir.path().join("keys.db"))).await.unwrap();
        KeyRing::unlock(db, RootKey::from_bytes([root; 32])).await
    };
    let keys = open(1).await.unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        assert!(seen.insert(keys.fresh().await.unwrap()));
    }
    let key = *seen.first().unwrap();
    let sealed = keys.seal(&key, b"a", b"body").await.unwrap();
    keys.close().await;
    drop(keys);
    assert_eq!(open(2).await.unwrap_err().code(), "store.root-key");
    let keys = open(1).await.unwrap();
    assert_eq!(keys.open(&key, b"a", &sealed).await.unwrap().as_deref(), Some(&b"body"[..]));
}

/// A snapshot keeps the log from being emptied: the erased bytes go with the next sweep.
#[tokio::test]
async fn what_an_erasure_left_in_the_log_goes_with_a_later_sweep() {
    let dir = tempfile::TempDir::new().unwrap();
    let settings = Settings::sqlite(dir.path().join("keys.db")).with(patient());
    let db = Db::open(settings).await.unwrap();
    let keys = KeyRing::unlock(db.clone(), RootKey::from_bytes([1; 32])).await.unwrap();
    let log = || std::fs::metadata(dir.path().join("keys.db-wal")).map_or(0, |file| file.len());
    let key = keys.fresh().await.unwrap();
    assert!(log() > 0, "the keys were just made");
    assert_eq!(keys.sweep(), Ok(true), "what a killed process left goes with the first sweep");
    assert_eq!(log(), 0);
    let (held, free) = (Notify::new(), Notify::new());
    let reads = db.snapshot("held", async |s| {
        let count = s.find("SELECT COUNT(*) FROM store_key", &[], |row| row.int(0)).await;
        held.notify_one();
        free.notified().await;
        count
    });
    let erases = async {
        held.notified().await;
        assert_eq!(keys.erase(&key).await, Ok(true));
        assert!(log() > 0, "the snapshot is in the way");
        assert_eq!(keys.sweep(), Ok(false), "still");
        free.notify_one();
    };
    let (counted, ()) = tokio::join!(reads, erases);
    assert_eq!(counted, Ok(Some(256)));
    assert_eq!(keys.sweep(), Ok(true));
    assert_eq!(log(), 0);
    assert_eq!(keys.open(&key, b"a", b"").await, Ok(None));
}
