//! Builds the whole partnership in a real store, on a temporary disk; simulates its days.
#![cfg(test)]

mod simulation;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ken_core::{Clock, IdSource};
use ken_demo::{Built, Parts, Progress, build};
use ken_directory::Hasher;
use ken_hub::Hub;
use ken_store::ambient::{SystemClock, SystemIds};
use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Settings};

async fn parts(dir: &Path) -> Parts {
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) =
        (Arc::new(SystemClock), Arc::new(SystemIds));
    let db = Db::open(Settings::sqlite(dir.join("ken.db"))).await.unwrap();
    db.migrate(&[
        ken_ledger::MIGRATIONS,
        ken_directory::MIGRATIONS,
        ken_sharing::MIGRATIONS,
        ken_person::MIGRATIONS,
        ken_records::MIGRATIONS,
        ken_hub::MIGRATIONS,
    ])
    .await
    .unwrap();
    let keys_db = Db::open(Settings::sqlite(dir.join("keys.db"))).await.unwrap();
    let root = RootKey::open(dir, &*ids).unwrap();
    let keys = KeyRing::unlock(keys_db, root).await.unwrap();
    let hub = Hub::open(db.clone(), keys.clone(), clock.clone(), ids.clone()).await.unwrap();
    Parts {
        db,
        keys,
        hub: Arc::new(hub),
        clock,
        ids,
        hasher: Hasher::default(),
        data: dir.to_owned(),
    }
}

async fn built(parts: &Parts) -> (Built, u64) {
    let steps = AtomicU64::new(0);
    let count = |progress| {
        if let Progress::Did(count) = progress {
            steps.fetch_add(count, Ordering::Relaxed);
        }
    };
    let built =
        build(parts, &count).await.unwrap_or_else(|error| panic!("{}: {error:?}", error.code()));
    (built, steps.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_built_once_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let parts = parts(dir.path()).await;
    let (first, steps) = built(&parts).await;
    assert!(!first.is_found);
    assert!(steps > 3_000, "{steps}");
    let (again, none) = built(&parts).await;
    assert!(again.is_found);
    assert_eq!(none, 0);
    assert_eq!(again.partnership.people, first.partnership.people);
    let held = ken_hub::held(&parts.db).await.unwrap();
    assert_eq!(held.len(), 0, "no message of the demo is held");
}
