//! Blobs: kept whole, read back as written, unreadable once their key is erased.

use std::path::{Path, PathBuf};

use ken_store::Error;
use ken_store::blob::{BLOB_MAX, Blobs};
use ken_testkit::{SeededIds, store};

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(dir).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            files.push(file.unwrap().path());
        }
    }
    files
}

#[tokio::test]
async fn a_blob_is_read_back_until_its_key_is_erased() {
    let (dir, _db, keys) = store(&[]).await;
    let (ids, dir) = (SeededIds::default(), dir.path().join("blobs"));
    let blobs = Blobs::open(&dir, keys.clone()).unwrap();
    let (key, other) = (keys.fresh().await.unwrap(), keys.fresh().await.unwrap());
    let letter = b"a letter about Morag Canary".repeat(100);
    let id = blobs.put(&ids, &key, &letter).await.unwrap();
    assert_eq!(blobs.find(&key, id).await, Ok(Some(letter.clone())));
    assert_eq!(blobs.find(&other, id).await, Err(Error::Unsealable));
    let kept = files(&dir);
    assert_eq!(kept.len(), 1, "no draft is left: {kept:?}");
    let bytes = std::fs::read(&kept[0]).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"Canary"));

    keys.erase(&key).await.unwrap();
    assert_eq!(blobs.find(&key, id).await, Ok(None));
    assert_eq!(blobs.remove(id).await, Ok(true));
    assert_eq!(blobs.remove(id).await, Ok(false));
    assert_eq!(blobs.find(&other, id).await, Ok(None));
}

#[tokio::test]
async fn a_changed_or_foreign_file_is_noticed() {
    let (dir, _db, keys) = store(&[]).await;
    let (ids, dir) = (SeededIds::default(), dir.path().join("blobs"));
    let blobs = Blobs::open(&dir, keys.clone()).unwrap();
    let key = keys.fresh().await.unwrap();
    let id = blobs.put(&ids, &key, b"first").await.unwrap();
    let file = files(&dir).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[30] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    assert_eq!(blobs.find(&key, id).await, Err(Error::Unsealable));
}

#[tokio::test]
async fn places_and_sizes_are_checked() {
    let (dir, _db, keys) = store(&[]).await;
    let missing = dir.path().join("a/b");
    assert_eq!(Blobs::open(&missing, keys.clone()).unwrap_err().code(), "store.place");
    let blobs = Blobs::open(&dir.path().join("blobs"), keys.clone()).unwrap();
    let (ids, key) = (SeededIds::default(), keys.fresh().await.unwrap());
    let refused = blobs.put(&ids, &key, &vec![0; BLOB_MAX + 1]).await;
    assert_eq!(refused.map_err(|error| error.code()), Err("store.too-long"));
}
