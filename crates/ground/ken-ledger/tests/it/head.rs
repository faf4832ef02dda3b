//! The head of the log: a history that was rewritten or cut is not sealed upon, by the sealer that
//! runs nor by the next.

use jiff::SignedDuration;
use ken_ledger::{Error, Fault, Hash, Sealer, Turn, checkpoint};
use ken_store::{Reads as _, values};

use crate::setup::World;
use crate::sql;

/// The bytes of the first tile.
async fn tile(world: &World) -> Vec<u8> {
    let found: Result<_, Error> = world
        .db()
        .snapshot("test", async |s| Ok(s.find(sql::FIRST_TILE, &[], |row| row.bytes(0)).await?))
        .await;
    found.unwrap().unwrap()
}

/// The newest checkpoint, as it is stored.
async fn note(world: &World) -> String {
    let note: Result<_, Error> = world.db().snapshot("test", async |s| checkpoint(s).await).await;
    note.unwrap().unwrap().to_string()
}

async fn open(world: &World, holder: &str) -> Result<Sealer, Error> {
    Sealer::open(world.db(), &world.ctx(), world.settings(holder)).await
}

async fn turn(world: &World, sealer: &mut Sealer) -> Result<Turn, Error> {
    sealer.run_once(world.db(), &world.ctx()).await
}

/// Whoever rules the database changes an entry, its leaf and its tile: all fits, but the root.
#[tokio::test]
async fn a_running_sealer_does_not_sign_a_rewritten_history() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(3).await;
        world.seal_all(&mut sealer).await;
        let signed = note(&world).await;
        let mut hashes = tile(&world).await;
        hashes[32..64].copy_from_slice(Hash::leaf(&[9; 32]).as_bytes());
        let leaf = vec![9_u8; 32];
        let of = (values![1_i64, &leaf], values![&hashes]);
        assert_eq!(world.run(&[(sql::CHANGE_LEAF, of.0), (sql::CHANGE_TILE, of.1)]).await, 1);
        world.append_some(1).await;
        for _ in 0..2 {
            let told = turn(&world, &mut sealer).await;
            assert!(matches!(told, Err(Error::Corrupt(Fault::Root))), "{told:?}");
        }
        assert_eq!(note(&world).await, signed, "nothing was signed");
        assert_eq!(world.leaves().await.len(), 3, "nothing was kept");
    }
}

/// An older checkpoint was truly signed, too: the end of the log is cut off and it is put back.
#[tokio::test]
async fn a_log_that_was_cut_is_not_sealed_upon_nor_opened() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(3).await;
        world.seal_all(&mut sealer).await;
        let (early, hashes) = (note(&world).await, tile(&world).await);
        world.append_some(3).await;
        world.seal_all(&mut sealer).await;
        world
            .run(&[
                (sql::CUT_LEAVES, values![3_i64]),
                (sql::CUT_ENTRIES, &[]),
                (sql::CUT_SIZE, values![3_i64]),
                (sql::CHANGE_TILE, values![&hashes]),
                (sql::REMOVE_CHECKPOINT, values![6_i64]),
                (sql::PUT_CHECKPOINT, values![3_i64, &early]),
            ])
            .await;
        let is_cut = |told: Error| matches!(told, Error::Cut { stored: 3, signed: 6 });
        assert!(is_cut(turn(&world, &mut sealer).await.unwrap_err()), "found while nothing waits");
        world.append_some(1).await;
        assert!(is_cut(turn(&world, &mut sealer).await.unwrap_err()));
        drop(sealer);
        assert!(is_cut(open(&world, "next").await.unwrap_err()), "found at the next start");
        assert_eq!(note(&world).await, early, "nothing was signed");
        // Who has lost what was between has to say so: by moving the file away.
        std::fs::remove_file(world.settings("").own()).unwrap();
        world.clock.advance(SignedDuration::from_secs(11));
        let mut sealer = open(&world, "after").await.unwrap();
        assert_eq!(world.seal_all(&mut sealer).await, 4);
        assert!(world.settings("").own().exists());
    }
}

/// A database with other entries, as many or more, is not the one that was sealed.
#[tokio::test]
async fn another_log_under_the_same_key_is_not_opened() {
    for (world, other) in World::each().await.into_iter().zip(World::each().await) {
        let mut sealer = world.sealer().await;
        world.append_some(3).await;
        world.seal_all(&mut sealer).await;
        let mut others = other.sealer().await;
        for more in [3, 300] {
            other.append_some(more).await;
            other.seal_all(&mut others).await;
            let mut settings = other.settings("swapped");
            settings.memory = world.settings("").memory;
            let told = Sealer::open(other.db(), &other.ctx(), settings).await.unwrap_err();
            assert!(matches!(told, Error::Corrupt(Fault::Root)), "{told:?}");
        }
    }
}

/// Two sealers of one database know different heads, and both go on where the other has sealed.
#[tokio::test]
async fn a_sealer_goes_on_where_another_has_sealed() {
    for world in World::each().await {
        let (mut one, mut two) =
            (open(&world, "one").await.unwrap(), open(&world, "two").await.unwrap());
        let mut size = 0;
        for more in [3, 260, 5, 300] {
            for sealer in [&mut one, &mut two] {
                world.append_some(more).await;
                world.clock.advance(SignedDuration::from_secs(11));
                if turn(&world, sealer).await.unwrap() == Turn::Standby {
                    world.clock.advance(SignedDuration::from_secs(11));
                }
                size += more as u64;
                assert_eq!(world.seal_all(sealer).await, size);
            }
        }
    }
}
