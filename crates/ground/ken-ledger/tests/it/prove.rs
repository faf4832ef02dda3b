//! Proofs, receipts and published files: checked as a stranger would, from bytes alone.

use ken_ledger::merkle::{Frontier, verify_consistency};
use ken_ledger::{
    Checkpoint, ENTRIES_MAX, Error, Hash, LEAF_DATA_LEN, Note, NoteError, Proof, Receipt, Receipts,
    Stream, checkpoint, consistency, opening, prove, resource,
};
use serde_json::json;

use crate::setup::{World, about, log_key};

async fn file(world: &World, path: &str) -> Option<Vec<u8>> {
    let found: Result<_, Error> =
        world.db().snapshot("test", async |s| resource(s, path).await).await;
    found.unwrap()
}

#[tokio::test]
async fn an_entry_is_proven_from_its_opening() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        let person = world.person();
        let stream = Stream::Person(person);
        world.append_some(5).await;
        world.seal_all(&mut sealer).await;
        let id = world.append(about(person, json!({"what": "x"}))).await;
        let prove_it = async || -> Result<_, Error> {
            world.db().snapshot("test", async |s| prove(s, id).await).await
        };
        assert_eq!(prove_it().await.unwrap(), None, "not sealed yet");
        world.append_some(300).await;
        world.seal_all(&mut sealer).await;
        let proof = prove_it().await.unwrap().unwrap();
        let read: Proof = proof.to_string().parse().unwrap();
        assert_eq!(read, proof);
        let opened: Result<_, Error> =
            world.db().snapshot("test", async |s| opening(s, &stream, id).await).await;
        let opened = opened.unwrap().unwrap();
        let log = log_key();
        let checkpoint = proof.verify(opened.leaf(), log.verifier()).unwrap();
        assert_eq!((checkpoint.size, proof.index), (306, 5));
        let mut other = opened.clone();
        other.canonical.at_us += 1;
        assert_eq!(proof.verify(other.leaf(), log.verifier()), Err(NoteError::Text));
        let promise = async |entries: &[(Stream, _)]| {
            let receipts = Receipts::new(log_key());
            world.db().snapshot("test", async |s| receipts.sign(s, entries).await).await
        };
        let promised = promise(&[(stream.clone(), id)]).await.unwrap();
        let promised = Receipt::open(&promised[0], log.verifier()).unwrap();
        assert_eq!(promised.leaf, opened.leaf());
        let entered_s = opened.canonical.at_us / 1_000_000;
        assert_eq!(promised.seal_by_s, entered_s + 61);
        let nobody = Stream::Person(world.person());
        let refused = promise(&[(nobody, id)]).await.unwrap_err();
        assert_eq!(refused.code(), "ledger.corrupt", "no promise of what is not there");
        let many = vec![(stream, id); ENTRIES_MAX + 1];
        assert_eq!(promise(&many).await.unwrap_err().code(), "ledger.too-many");
    }
}

#[tokio::test]
async fn the_published_files_give_the_signed_root() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        assert_eq!(file(&world, "tile/0/000").await, None);
        world.append_some(515).await;
        world.seal_all(&mut sealer).await;
        let note: Note =
            String::from_utf8(file(&world, "checkpoint").await.unwrap()).unwrap().parse().unwrap();
        let signed = Checkpoint::open(&note, log_key().verifier()).unwrap();
        let (mut tree, mut hashes) = (Frontier::default(), Vec::new());
        for path in ["000", "001", "002.p/3"] {
            let entries = file(&world, &format!("tile/entries/{path}")).await.unwrap();
            let tile = file(&world, &format!("tile/0/{path}")).await.unwrap();
            for (entry, hash) in entries.chunks(2 + LEAF_DATA_LEN).zip(tile.chunks(32)) {
                assert_eq!(entry[..2], [0, 43]);
                let leaf = Hash::leaf(&entry[2..]);
                assert_eq!(leaf.as_bytes(), hash);
                tree.push(leaf);
                hashes.push(leaf);
            }
        }
        assert_eq!((tree.size(), tree.root()), (signed.size, signed.root));
        let upper = file(&world, "tile/1/000.p/2").await.unwrap();
        let mut half = Frontier::default();
        for leaf in &hashes[..256] {
            half.push(*leaf);
        }
        assert_eq!(upper[..32], *half.root().as_bytes());
        assert_eq!(file(&world, "tile/0/000.p/7").await.unwrap().len(), 7 * 32);
        for path in ["tile/0/002", "tile/0/002.p/4", "tile/1/000", "tile/2/000.p/1", "x"] {
            assert_eq!(file(&world, path).await, None, "{path}");
        }
    }
}

#[tokio::test]
async fn a_witness_can_follow_from_any_size() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        let mut seen = Vec::new();
        for count in [0, 1, 2, 4, 9, 250, 30] {
            world.append_some(count).await;
            world.seal_all(&mut sealer).await;
            let note: Result<_, Error> =
                world.db().snapshot("test", async |s| checkpoint(s).await).await;
            let note = note.unwrap().unwrap();
            seen.push(Checkpoint::open(&note, log_key().verifier()).unwrap());
        }
        let newest = seen.last().unwrap().clone();
        for old in &seen {
            let proof: Result<_, Error> =
                world.db().snapshot("test", async |s| consistency(s, old.size).await).await;
            let (path, _) = proof.unwrap().unwrap();
            let (old, new) = ((old.size, old.root), (newest.size, newest.root));
            assert!(verify_consistency(old, new, &path), "{old:?}");
        }
        let beyond: Result<_, Error> =
            world.db().snapshot("test", async |s| consistency(s, newest.size + 1).await).await;
        assert_eq!(beyond.unwrap(), None);
    }
}
