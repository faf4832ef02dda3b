//! Receipts against exports: what was promised is in the log, or the log has said that it is not.

use jiff::SignedDuration;
use ken_core::{Clock as _, EntryId};
use ken_ledger::{
    Error, KeyUse, Note, NoteError, Promise, Receipt, Receipts, SEAL_WITHIN, SignerKey, Stream,
    Trust, Verdict, check_receipts, read_receipts, receipt_word, verify_extract,
};
use ken_store::values;
use serde_json::json;

use crate::setup::{ORIGIN, World, about, log_key, trust};
use crate::sql;

async fn receipt(world: &World, stream: &Stream, id: EntryId) -> Note {
    let receipts = Receipts::new(log_key());
    let of = [(stream.clone(), id)];
    let signed: Result<_, Error> =
        world.db().snapshot("test", async |s| receipts.sign(s, &of).await).await;
    signed.unwrap().remove(0)
}

/// Writes an entry, and takes its receipt.
async fn promised(world: &World) -> (Stream, EntryId, Note) {
    let person = world.person();
    let stream = Stream::Person(person);
    let id = world.append(about(person, json!({"what": "looked"}))).await;
    let note = receipt(world, &stream, id).await;
    (stream, id, note)
}

fn said(export: &[u8], trust: &Trust, note: &Note) -> Promise {
    // As people keep it: a word in a file.
    let kept = read_receipts(&receipt_word(note)).unwrap();
    let checked = check_receipts(export, trust, &kept).unwrap();
    assert!(matches!(checked.verdict, Verdict::Holds(_)), "{:?}", checked.verdict);
    checked.promises[0]
}

#[tokio::test]
async fn a_kept_promise_a_broken_one_and_one_that_is_not_due() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(3).await;
        let (_, _, kept) = promised(&world).await;
        let due_s = Receipt::open(&kept, log_key().verifier()).unwrap().seal_by_s;
        world.seal_all(&mut sealer).await;
        assert_eq!(said(&world.export().await, &trust(), &kept), Promise::Kept { index: 3 });
        // Two more are entered; one is taken away before it is sealed, one is sealed too late.
        let (stream, id, gone) = promised(&world).await;
        let (_, _, late) = promised(&world).await;
        let of = stream.to_string();
        assert_eq!(world.run(&[(sql::REMOVE_ENTRY, values![of, id])]).await, 1);
        world.clock.advance(SEAL_WITHIN);
        let early = world.export().await;
        for note in [&gone, &late] {
            assert_eq!(said(&early, &trust(), note), Promise::NotDue { due_s });
        }
        world.clock.advance(SignedDuration::from_secs(1));
        let overdue = world.export().await;
        for note in [&gone, &late] {
            let want = Promise::Broken { due_s, made_s: due_s };
            assert_eq!(said(&overdue, &trust(), note), want);
        }
        world.seal_all(&mut sealer).await;
        let export = world.export().await;
        assert_eq!(said(&export, &trust(), &late), Promise::Kept { index: 4 });
        assert!(matches!(said(&export, &trust(), &gone), Promise::Broken { .. }));
        assert_eq!(said(&export, &Trust::default(), &kept), Promise::Kept { index: 3 });
        // What was exported early still proves nothing, however late it is looked at.
        assert_eq!(said(&early, &trust(), &gone), Promise::NotDue { due_s });
    }
}

/// What somebody took away, with an export of the log that made it, and without the log.
#[tokio::test]
async fn an_extract_is_looked_up_in_an_export() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(2).await;
        let (_, _, kept) = promised(&world).await;
        let (stream, id, gone) = promised(&world).await;
        world.seal_all(&mut sealer).await;
        let words = format!("# Two.\n{}\n{}\n", receipt_word(&kept), receipt_word(&gone));
        let files = [("receipts.txt".to_owned(), words.into_bytes())].into();
        let made = world.clock.now();
        let extract = Receipts::new(log_key()).extract(files, made).unwrap();
        let vouched = verify_extract(&extract, &trust()).unwrap();
        assert_eq!(vouched.receipts, [kept, gone]);
        let export = world.export().await;
        let checked = check_receipts(export.as_slice(), &trust(), &vouched.receipts).unwrap();
        let places = [Promise::Kept { index: 2 }, Promise::Kept { index: 3 }];
        assert_eq!(checked.promises, places);
        // Nothing in it says where an entry stands, or how long the log is.
        let mut text = String::from_utf8_lossy(&extract).into_owned();
        text.extend(vouched.receipts.iter().map(Note::to_string));
        assert!(!text.contains(&id.to_string()) && !text.contains(&stream.to_string()), "{text}");
        assert!(!text.lines().any(|line| line == "4" || line.starts_with("index ")), "{text}");
    }
}

#[tokio::test]
async fn nothing_is_proven_by_what_the_log_has_not_signed() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(2).await;
        world.seal_all(&mut sealer).await;
        let (stream, id, gone) = promised(&world).await;
        world.run(&[(sql::REMOVE_ENTRY, values![stream.to_string(), id])]).await;
        world.clock.advance(SEAL_WITHIN + SignedDuration::from_hours(1));
        // Another key than the log's can date nothing.
        let other = SignerKey::new(ORIGIN, KeyUse::Log, &[9; 32]).unwrap();
        let mut undated = Vec::new();
        ken_ledger::export(world.db(), &world.clock, &other, &mut undated).await.unwrap();
        assert!(matches!(said(&undated, &trust(), &gone), Promise::Undated { .. }));
        let export = world.export().await;
        let forged = Receipt::open(&gone, log_key().verifier()).unwrap();
        let forged = other.sign_note(forged.to_string());
        assert_eq!(said(&export, &trust(), &forged), Promise::Refused(NoteError::Unsigned));
        let bent = gone.to_string().replace("ken-receipt/1\n", "ken-receipt/2\n");
        let bent: Note = bent.parse().unwrap();
        assert_eq!(said(&export, &trust(), &bent), Promise::Refused(NoteError::Text));
        // An export that does not hold says nothing of any receipt.
        let mut broken = export.clone();
        let at = broken.len() - 40;
        broken[at] ^= 1;
        let checked = check_receipts(broken.as_slice(), &trust(), &[gone]).unwrap();
        assert!(matches!(checked.verdict, Verdict::Broken(_)) && checked.promises.is_empty());
    }
}
