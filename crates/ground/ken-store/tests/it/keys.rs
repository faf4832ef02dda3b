//! The key ring: what is sealed opens, until its key is erased.

use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Error, Settings};
use ken_testkit::store;

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
