//! Witnesses: what they have seen is kept, and a store that is behind it is refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ken_ledger::{
    Checkpoint, Error, Fault, Note, Sealer, Standing, checkpoint, cosigned_checkpoint,
};
use ken_store::{Tx, values};

use crate::setup::{World, log_key, witness_key};
use crate::sql;

#[tokio::test]
async fn a_store_behind_a_witness_is_refused() {
    for (world, other) in World::each().await.into_iter().zip(World::each().await) {
        let mut sealer = world.sealer().await;
        world.append_some(7).await;
        world.seal_all(&mut sealer).await;
        let newest: Result<_, Error> =
            world.db().snapshot("test", async |s| checkpoint(s).await).await;
        let mut note = newest.unwrap().unwrap();
        let cosign =
            async |note: &Note| sealer.witnesses().accept(world.db(), &world.ctx(), note).await;
        assert!(matches!(cosign(&note).await, Err(Error::Note(_))), "nobody has cosigned");
        note.add(witness_key("police").sign(note.text(), 1_795_000_000));
        let taken = cosign(&note).await.unwrap();
        assert_eq!((taken[0].witness.as_str(), taken[0].size), ("police", 7));
        let stored: Result<_, Error> =
            world.db().snapshot("test", async |s| cosigned_checkpoint(s).await).await;
        assert_eq!(stored.unwrap().unwrap(), note);
        // The store goes on; the memory stays at what was witnessed.
        world.append_some(1).await;
        world.seal_all(&mut sealer).await;
        drop(world.sealer().await);
        // An older copy: here, one from before the first entry.
        let mut settings = other.settings("restored");
        settings.memory = world.settings("").memory;
        let opened = Sealer::open(other.db(), &other.ctx(), settings.clone()).await;
        let error = opened.unwrap_err();
        assert!(matches!(error, Error::Behind { stored: 0, witnessed: 7 }), "{error:?}");
        // A copy that is as long, but other.
        let mut own = settings.clone();
        own.memory = other.base.dir.path().join("own");
        let mut sealer = Sealer::open(other.db(), &other.ctx(), own).await.unwrap();
        other.append_some(9).await;
        other.seal_all(&mut sealer).await;
        let error = Sealer::open(other.db(), &other.ctx(), settings).await.unwrap_err();
        assert!(matches!(error, Error::Corrupt(Fault::Root)), "{error:?}");
    }
}

#[tokio::test]
async fn a_witness_cannot_vouch_for_what_is_not_there() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(2).await;
        world.seal_all(&mut sealer).await;
        let (root, key) = (ken_ledger::Hash::empty(), log_key());
        for (size, want) in [(3, "ledger.behind-witness"), (2, "ledger.corrupt")] {
            let mut note = Checkpoint::sign(size, root, &key);
            note.add(witness_key("nhsl").sign(note.text(), 1));
            let error =
                sealer.witnesses().accept(world.db(), &world.ctx(), &note).await.unwrap_err();
            assert_eq!(error.code(), want);
        }
        assert!(!world.settings("").memory.exists(), "nothing was remembered");
    }
}

/// Names of those whose words stand with the newest cosigned checkpoint, and its size.
async fn words(world: &World) -> (Vec<String>, u64) {
    let note: Result<_, Error> =
        world.db().snapshot("test", async |s| cosigned_checkpoint(s).await).await;
    let Some(note) = note.unwrap() else { return (Vec::new(), 0) };
    let mut names: Vec<_> = note.signatures().iter().map(|line| line.name().to_owned()).collect();
    names.sort_unstable();
    names.retain(|name| name != crate::setup::ORIGIN);
    (names, Checkpoint::open(&note, log_key().verifier()).unwrap().size)
}

/// A crash may fall between the file and the database, and a second witness may speak later.
#[tokio::test]
async fn no_word_of_a_witness_is_lost() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(7).await;
        world.seal_all(&mut sealer).await;
        for name in ["police", "nhsl"] {
            let note = world.cosigned_by(&[name]).await;
            sealer.witnesses().accept(world.db(), &world.ctx(), &note).await.unwrap();
        }
        let both = (vec!["nhsl".to_owned(), "police".to_owned()], 7);
        assert_eq!(words(&world).await, both);
        world.append_some(2).await;
        world.seal_all(&mut sealer).await;
        // As if the process had ended between the file and the database.
        assert_eq!(world.run(&[(sql::REMOVE_WORDS, &[])]).await, 2);
        assert_eq!(words(&world).await, (Vec::new(), 0));
        drop(world.sealer().await);
        assert_eq!(words(&world).await, both, "the file gives them back");
        // As an earlier version could leave it: the word is there, what it is about is not.
        assert_eq!(world.run(&[(sql::REMOVE_CHECKPOINT, values![7_i64])]).await, 1);
        assert_eq!(words(&world).await, (Vec::new(), 0));
        std::fs::remove_file(world.settings("").memory).unwrap();
        drop(world.sealer().await);
        assert_eq!(words(&world).await, both, "the tiles give it back");
    }
}

/// What a witness signed for one size is no reason to sign another.
#[tokio::test]
async fn the_log_signs_nothing_again_that_no_witness_has_signed() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(7).await;
        world.seal_all(&mut sealer).await;
        let note = world.cosigned_by(&["police"]).await;
        sealer.witnesses().accept(world.db(), &world.ctx(), &note).await.unwrap();
        drop(sealer);
        assert_eq!(world.run(&[(sql::MOVE_WORDS, values![6_i64])]).await, 1);
        let opened = Sealer::open(world.db(), &world.ctx(), world.settings("later")).await;
        let error = opened.unwrap_err();
        assert!(matches!(error, Error::Corrupt(Fault::Root)), "{error:?}");
        assert_eq!(world.run(&[(sql::REMOVE_CHECKPOINT, values![6_i64])]).await, 0);
    }
}

#[tokio::test]
async fn what_is_remembered_only_grows() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(2).await;
        world.seal_all(&mut sealer).await;
        let early = world.cosigned_by(&["police"]).await;
        world.append_some(3).await;
        world.seal_all(&mut sealer).await;
        let late = world.cosigned_by(&["nhsl"]).await;
        let witnesses = sealer.witnesses();
        for note in [&late, &early] {
            witnesses.accept(world.db(), &world.ctx(), note).await.unwrap();
        }
        let kept = std::fs::read_to_string(world.settings("").memory).unwrap();
        let kept: Note = kept.parse().unwrap();
        assert_eq!(Checkpoint::open(&kept, log_key().verifier()).unwrap().size, 5);
        assert_eq!(words(&world).await, (vec!["nhsl".to_owned()], 5));
    }
}

#[tokio::test]
async fn a_quorum_counts_for_the_size_that_all_its_members_saw() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        let witnesses = sealer.witnesses();
        let standing = async || witnesses.standing(world.db()).await.unwrap();
        let unheard = Standing { asks_quorum: true, ..Standing::default() };
        assert_eq!(standing().await, unheard);
        let take = async |sealer: &mut Sealer, names: &[&str]| {
            world.append_some(2).await;
            world.seal_all(sealer).await;
            let note = world.cosigned_by(names).await;
            witnesses.accept(world.db(), &world.ctx(), &note).await.unwrap();
        };
        take(&mut sealer, &["police"]).await;
        assert_eq!(standing().await, Standing { witnessed: Some(2), ..unheard });
        take(&mut sealer, &["nhsl"]).await;
        assert_eq!(
            standing().await,
            Standing { witnessed: Some(4), ..unheard },
            "each saw another"
        );
        take(&mut sealer, &["police", "nhsl"]).await;
        take(&mut sealer, &["police"]).await;
        let want = Standing { witnessed: Some(8), quorum: Some(6), ..unheard };
        assert_eq!(standing().await, want);
    }
}

/// The sealer forgets checkpoints that nobody has cosigned: one that is being cosigned must not
/// be among them. Both take the sealer's row first.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "only a real wait shows that something waits")]
async fn taking_a_word_waits_for_the_sealer() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(2).await;
        world.seal_all(&mut sealer).await;
        let (note, witnesses) = (world.cosigned_by(&["police"]).await, sealer.witnesses());
        let (ctx, held) = (world.ctx(), tokio::sync::Notify::new());
        let is_sealed = AtomicBool::new(false);
        let sealing = world.db().write("test", async |tx: &mut Tx| {
            tx.execute(sql::TAKE_SEALER, &[]).await?;
            held.notify_one();
            tokio::time::sleep(Duration::from_millis(150)).await;
            is_sealed.store(true, Ordering::SeqCst);
            Ok::<(), Error>(())
        });
        let accepting = async {
            held.notified().await;
            witnesses.accept(world.db(), &ctx, &note).await.unwrap();
            assert!(is_sealed.load(Ordering::SeqCst), "it was taken beside the sealer");
        };
        let (seals, ()) = tokio::join!(sealing, accepting);
        seals.unwrap();
        assert_eq!(words(&world).await, (vec!["police".to_owned()], 2));
    }
}
