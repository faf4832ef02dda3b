//! Erasure: what was said is gone, that something was said remains, and no restore undoes it.

use ken_ledger::{
    Entry, Erasure, Error, Stream, Verdict, audit, certify_erasure, destroy, organisation_entries,
    person_entries, replay_erasures, verify,
};
use ken_ledger::{EntryKind, Page};
use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Settings};
use serde_json::json;

use crate::setup::{World, about, trust};

async fn entries(world: &World, keys: &KeyRing, person: ken_core::PersonId) -> Vec<Entry> {
    let found: Result<_, Error> = world
        .db()
        .snapshot("test", async |s| person_entries(s, keys, person, Page::default()).await)
        .await;
    found.unwrap()
}

async fn certify(world: &World, person: ken_core::PersonId) -> Erasure {
    let (ctx, keys) = (world.ctx(), &world.base.keys);
    let other = keys.fresh().await.unwrap();
    let certified: Result<_, Error> = world
        .db()
        .write("test", async |tx| {
            let by = "nhsl".parse().unwrap();
            certify_erasure(tx, &ctx, keys, person, &by, &[other], json!("article 17")).await
        })
        .await;
    certified.unwrap()
}

#[tokio::test]
async fn an_erased_detail_is_gone_and_the_log_still_holds() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        let (person, other) = (world.person(), world.person());
        let keys = &world.base.keys;
        world.append(about(person, json!("gone"))).await;
        world.append(about(other, json!("stays"))).await;
        world.seal_all(&mut sealer).await;
        let erasure = certify(&world, person).await;
        assert_eq!(erasure.keys.len(), 2);
        // A crash before this line is put right by the replay: see below.
        destroy(keys, &erasure).await.unwrap();
        world.append(about(person, json!("new"))).await;
        let left: Vec<_> = entries(&world, keys, person).await;
        assert_eq!(
            left.iter().map(|entry| entry.detail.clone()).collect::<Vec<_>>(),
            [Some(json!("new")), None]
        );
        assert_eq!(entries(&world, keys, other).await[0].detail, Some(json!("stays")));
        let health = "nhsl".parse().unwrap();
        let certificates: Result<_, Error> = world
            .db()
            .snapshot("test", async |s| {
                organisation_entries(s, keys, &health, Page::default()).await
            })
            .await;
        let certificates = certificates.unwrap();
        assert_eq!(
            (certificates[0].id, certificates[0].kind),
            (erasure.certificate, EntryKind::Erasure)
        );
        let detail = certificates[0].detail.as_ref().unwrap();
        assert_eq!(detail["stream"], json!(Stream::Person(person).to_string()));
        world.seal_all(&mut sealer).await;
        let verdict = verify(world.export().await.as_slice(), &trust(), None).unwrap();
        assert!(matches!(verdict, Verdict::Holds(ref holds) if holds.size == 4), "{verdict}");
        assert_eq!(audit(world.db(), &|_, _| {}).await.unwrap().broken, None);
        assert_eq!(replay_erasures(world.db(), keys).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_restored_key_store_loses_the_keys_again() {
    for world in World::each().await {
        let person = world.person();
        world.append(about(person, json!("gone"))).await;
        // The backup is from before the erasure; the certificate is in the ledger.
        let erasure = certify(&world, person).await;
        let backup = tempfile::TempDir::new().unwrap();
        for name in ["keys.db", "keys.db-wal"] {
            let from = world.base.dir.path().join(name);
            if from.exists() {
                std::fs::copy(from, backup.path().join(name)).unwrap();
            }
        }
        destroy(&world.base.keys, &erasure).await.unwrap();
        assert_eq!(entries(&world, &world.base.keys, person).await[0].detail, None);
        let settings = Settings::sqlite(backup.path().join("keys.db"));
        let restored = Db::open(settings).await.unwrap();
        let restored = KeyRing::unlock(restored, RootKey::from_bytes([7; 32])).await.unwrap();
        let before = entries(&world, &restored, person).await;
        assert_eq!(before[0].detail, Some(json!("gone")), "the backup has the key");
        assert_eq!(replay_erasures(world.db(), &restored).await.unwrap(), 2);
        assert_eq!(entries(&world, &restored, person).await[0].detail, None);
        assert_eq!(replay_erasures(world.db(), &restored).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_restored_ledger_goes_on_under_a_fresh_key() {
    for world in World::each().await {
        let (person, keys) = (world.person(), &world.base.keys);
        world.append(about(person, json!("before"))).await;
        let taken: Result<_, Error> = world
            .db()
            .snapshot("test", async |s| {
                let page = Page::default();
                let id = person_entries(s, keys, person, page).await?[0].id;
                let stream = Stream::Person(person);
                Ok(ken_ledger::opening(s, &stream, id).await?.unwrap().canonical.key)
            })
            .await;
        // The key is destroyed, but this copy of the ledger does not know of it.
        keys.erase(&taken.unwrap()).await.unwrap();
        world.append(about(person, json!("after"))).await;
        let details: Vec<_> =
            entries(&world, keys, person).await.into_iter().map(|entry| entry.detail).collect();
        assert_eq!(details, [Some(json!("after")), None]);
    }
}
