//! Exports: what holds, what is found broken, and what they give away.

use ken_core::Ctx;
use ken_ledger::{
    Broken, Checkpoint, Error, Flaw, Holds, LEAF_DATA_LEN, Note, Sealer, Trust, Verdict,
    VerifyError, checkpoint, verify,
};
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::setup::{ORIGIN, World, about, log_key, trust, witness, witness_key};

/// One entry in a bundle.
const BUNDLED: usize = 2 + LEAF_DATA_LEN;

async fn newest(world: &World) -> Note {
    let note: Result<_, Error> = world.db().snapshot("test", async |s| checkpoint(s).await).await;
    note.unwrap().unwrap()
}

async fn cosign(world: &World, sealer: &Sealer, names: &[&str]) {
    let mut note = newest(world).await;
    for (time, name) in (1_795_000_000..).zip(names) {
        note.add(witness_key(name).sign(note.text(), time));
    }
    sealer.witnesses().accept(world.db(), &world.ctx(), &note).await.unwrap();
}

/// A log with a witnessed checkpoint at 2 and the newest at `size`.
async fn log(world: &World, size: usize) -> Vec<u8> {
    let mut sealer = world.sealer().await;
    world.append_some(2).await;
    world.seal_all(&mut sealer).await;
    cosign(world, &sealer, &["police", "nhsl"]).await;
    world.append_some(size - 2).await;
    world.seal_all(&mut sealer).await;
    world.export().await
}

/// Where the entries begin: after the notes.
fn head_len(file: &[u8], size: usize) -> usize {
    file.len() - 32 - size * (BUNDLED + 32)
}

fn judge(file: &[u8], trust: &Trust, previous: Option<&Note>) -> Result<Holds, Broken> {
    match verify(file, trust, previous).unwrap() {
        Verdict::Holds(holds) => Ok(*holds),
        Verdict::Broken(broken) => Err(broken),
    }
}

#[tokio::test]
async fn a_whole_log_holds_extends_and_is_witnessed() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        let nothing = newest(&world).await;
        world.append_some(4).await;
        world.seal_all(&mut sealer).await;
        let yours = newest(&world).await;
        cosign(&world, &sealer, &["police"]).await;
        world.append_some(300).await;
        world.seal_all(&mut sealer).await;
        cosign(&world, &sealer, &["police", "nhsl"]).await;
        world.append_some(5).await;
        world.seal_all(&mut sealer).await;
        let file = world.export().await;
        let holds = judge(&file, &trust(), Some(&yours)).unwrap();
        assert_eq!((holds.size, holds.extends_yours), (309, Some(4)));
        assert!(holds.is_trusted);
        let by: Vec<_> = holds.witnessed_by.iter().map(|by| (&*by.witness, by.size)).collect();
        assert_eq!(by, [("nhsl", 304), ("police", 304)]);
        assert_eq!(holds.quorum_up_to, Some(304));
        for size_0 in [None, Some(&nothing)] {
            let holds = judge(&file, &Trust::default(), size_0).unwrap();
            assert!(!holds.is_trusted);
            assert_eq!((holds.witnessed_by.len(), holds.quorum_up_to), (0, None));
            assert_eq!(holds.extends_yours, size_0.map(|_| 0));
        }
        let text = verify(file.as_slice(), &trust(), Some(&yours)).unwrap().to_string();
        for want in [
            "consistent: 309 entries of glen.example/ledger",
            "extends your checkpoint of 4 entries",
            "witnessed by police: 304 entries on 20",
            "enough of your witnesses vouch for 304 entries",
        ] {
            assert!(text.contains(want), "{text}");
        }
    }
}

#[tokio::test]
async fn every_byte_of_a_small_export_counts() {
    for world in World::each().await {
        let file = log(&world, 5).await;
        let head = head_len(&file, 5);
        assert!(judge(&file, &trust(), None).is_ok());
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut bent = file.clone();
                bent[at] ^= 1 << bit;
                for trust in [trust(), Trust::default()] {
                    let broken = judge(&bent, &trust, None).unwrap_err();
                    let want = if at < head || at >= file.len() - 32 {
                        None
                    } else if at < head + 5 * BUNDLED {
                        Some((at - head) / BUNDLED)
                    } else {
                        Some((at - head - 5 * BUNDLED) / 32)
                    };
                    let entry = broken.entry.map(|entry| usize::try_from(entry).unwrap());
                    assert_eq!(entry, want, "byte {at}, bit {bit}: {:?}", broken.what);
                }
            }
        }
        for len in 0..file.len() {
            assert!(judge(&file[..len], &trust(), None).is_err(), "cut to {len}");
        }
        let longer = [file.as_slice(), b"\n"].concat();
        assert_eq!(judge(&longer, &trust(), None).unwrap_err().what, Flaw::Trailing);
    }
}

#[tokio::test]
async fn random_bits_of_a_larger_export_are_found() {
    let worlds = World::each().await;
    let size = 700;
    let file = log(&worlds[0], size).await;
    let head = head_len(&file, size);
    let mut runner = proptest::test_runner::TestRunner::default();
    let found = runner.run(&(head..file.len() - 32, 0..8), |(at, bit)| {
        let mut bent = file.clone();
        bent[at] ^= 1_u8 << bit;
        let broken = judge(&bent, &trust(), None).unwrap_err();
        // Tiles follow the bundles of their 256 entries.
        let full = 256 * (BUNDLED + 32);
        let (tile, within) = ((at - head) / full, (at - head) % full);
        let width = 256.min(size - tile * 256);
        let entry = if within < width * BUNDLED {
            within / BUNDLED
        } else {
            (within - width * BUNDLED) / 32
        };
        prop_assert_eq!(broken.entry, Some((tile * 256 + entry) as u64));
        Ok(())
    });
    found.unwrap();
}

/// Puts the digest at the end right, as anybody can.
fn redigest(file: &mut Vec<u8>) {
    file.truncate(file.len() - 32);
    let digest = Sha256::digest(&*file);
    file.extend_from_slice(&digest);
}

#[tokio::test]
async fn an_entry_rewritten_with_its_hash_is_found_by_the_signed_roots() {
    for world in World::each().await {
        let size = 600;
        let file = log(&world, size).await;
        let head = head_len(&file, size);
        for (entry, want) in [(0, 0), (1, 0), (2, 2), (255, 2)] {
            let mut bent = file.clone();
            let at = head + entry * BUNDLED;
            bent[at + 40] ^= 1;
            let leaf = ken_ledger::Hash::leaf(&bent[at + 2..at + BUNDLED]);
            let tile = head + 256 * BUNDLED + entry * 32;
            bent[tile..tile + 32].copy_from_slice(leaf.as_bytes());
            redigest(&mut bent);
            let broken = judge(&bent, &Trust::default(), None).unwrap_err();
            assert_eq!((broken.entry, broken.what), (Some(want), Flaw::Root));
        }
    }
}

#[tokio::test]
async fn another_history_under_the_same_key_is_not_yours() {
    for (world, mut fork) in World::each().await.into_iter().zip(World::each().await) {
        fork.ids = ken_testkit::SeededIds::new(8);
        let ours = log(&world, 9).await;
        let theirs = log(&fork, 20).await;
        let yours = newest(&world).await;
        assert!(judge(&theirs, &trust(), None).is_ok(), "by itself it holds");
        let broken = judge(&theirs, &trust(), Some(&yours)).unwrap_err();
        assert_eq!((broken.entry, broken.what), (Some(2), Flaw::NotYours));
        let longer = newest(&fork).await;
        let broken = judge(&ours, &trust(), Some(&longer)).unwrap_err();
        assert_eq!((broken.entry, broken.what), (Some(9), Flaw::Shorter));
    }
}

#[tokio::test]
async fn only_whom_you_trust_counts() {
    for world in World::each().await {
        let file = log(&world, 5).await;
        let check = |lines: String| judge(&file, &Trust::parse(&lines).unwrap(), None);
        let other = ken_ledger::SignerKey::new(ORIGIN, ken_ledger::KeyUse::Log, &[9; 32]).unwrap();
        let unknown = check(format!("log {}", other.verifier())).unwrap_err();
        assert_eq!((unknown.entry, unknown.what), (None, Flaw::UnknownLog));
        let holds = check(witness("nhsl").to_string()).unwrap();
        assert_eq!(holds.witnessed_by.len(), 1);
        assert_eq!(holds.quorum_up_to, None);
        let stranger = witness("somebody");
        let holds = check(format!("witness s {stranger}\nquorum s")).unwrap();
        assert_eq!((holds.witnessed_by.len(), holds.quorum_up_to), (0, None));
        let note = Checkpoint::sign(1, ken_ledger::Hash::empty(), &other);
        let previous = verify(file.as_slice(), &Trust::default(), Some(&note)).unwrap_err();
        assert!(matches!(previous, VerifyError::Previous(_)));
        let own = Checkpoint::sign(1, ken_ledger::Hash::empty(), &log_key());
        assert_eq!(judge(&file, &trust(), Some(&own)).unwrap_err().what, Flaw::NotYours);
    }
}

/// What could be guessed of an entry: nothing of it may be in the file, in any spelling.
#[tokio::test]
async fn an_export_gives_nothing_away() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        let person = world.person();
        let id = world.append(about(person, json!({"name": "Morag Canary"}))).await;
        world.append_some(3).await;
        world.seal_all(&mut sealer).await;
        let file = world.export().await;
        let opened: Result<_, Error> = world
            .db()
            .snapshot("test", async |s| {
                let stream = ken_ledger::Stream::Person(person);
                ken_ledger::opening(s, &stream, id).await
            })
            .await;
        let opened = opened.unwrap().unwrap();
        let text = |what: &dyn ToString| what.to_string().into_bytes();
        let guesses = [
            b"Canary".to_vec(),
            text(&person),
            person.uuid().as_bytes().to_vec(),
            text(&id),
            id.uuid().as_bytes().to_vec(),
            text(&opened.canonical.key),
            opened.canonical.detail.as_bytes().to_vec(),
            opened.nonce.to_vec(),
            b"permit".to_vec(),
            // With the whole entry guessed, but not the nonce, no hash in the file is met.
            Sha256::digest(opened.canonical.padded()).to_vec(),
            opened.canonical.commitment(&[0; 32]).as_bytes().to_vec(),
        ];
        for guess in guesses {
            assert!(!file.windows(guess.len()).any(|part| part == guess));
        }
        let commitment = opened.canonical.commitment(&opened.nonce);
        assert!(file.windows(32).any(|part| part == commitment.as_bytes()), "what is there");
    }
}

#[tokio::test]
async fn an_export_holds_while_others_write_and_seal() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(300).await;
        world.seal_all(&mut sealer).await;
        let busy = async {
            loop {
                world.append_some(5).await;
                world.seal_all(&mut sealer).await;
                tokio::task::yield_now().await;
            }
        };
        let exports = async {
            let mut sizes = Vec::new();
            // Ten, and then until the others got on in between.
            while sizes.len() < 10 || sizes.first() == sizes.last() {
                assert!(sizes.len() < 10_000, "the others do not get on");
                let file = world.export().await;
                sizes.push(judge(&file, &trust(), None).unwrap().size);
                tokio::task::yield_now().await;
            }
            sizes
        };
        let sizes = tokio::select! {
            sizes = exports => sizes,
            () = async { let _: std::convert::Infallible = busy.await; } => unreachable!(),
        };
        assert!(sizes.is_sorted());
        assert!(sizes.first() < sizes.last(), "{sizes:?}");
    }
}

proptest! {
    #[test]
    fn no_file_makes_verification_fail_to_answer(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        head in "(ken-ledger-export/1\n)?[ -~]{0,60}\n[0-9]{1,4}\n[0-9]{1,6}\n",
    ) {
        for file in [bytes.clone(), [head.as_bytes(), &bytes].concat()] {
            prop_assert!(judge(&file, &Trust::default(), None).is_err());
        }
    }
}

#[tokio::test]
async fn nothing_is_exported_before_the_log_begins() {
    for world in World::each().await {
        let _: Ctx<'_> = world.ctx();
        let error = ken_ledger::export(world.db(), &world.clock, &log_key(), &mut Vec::new())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "ledger.unsealed");
    }
}
