//! What is asked back is what was shown: all of it, whatever else goes wrong, and nothing that a
//! body never saw.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::{Category, OrganisationId, PersonId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, person_stream};
use ken_office::Error;
use ken_office::wrong_person::AskedBack;
use ken_person::{MergeId, Merged, Why};
use ken_records::moves::{self, Move};
use ken_records::{Under, held_times};
use ken_store::{Snapshot, Tx, values};
use ken_testkit::engines;

use crate::history::{LISTS, Past, word};
use crate::wrong_person::{asked, files, fire, join, known, looks, number_of, part, relate, told};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

type Kinds = BTreeSet<(OrganisationId, Category)>;

/// What a body is asked for, by whose information it is.
async fn kinds(past: &Past, holder: &str) -> Vec<(PersonId, Kinds)> {
    let one = |of: AskedBack| (of.person, of.kinds.into_iter().collect());
    let mut all: Vec<(PersonId, Kinds)> = asked(past, holder).await.into_iter().map(one).collect();
    all.sort();
    all
}

fn of(kinds: &[(&str, &str)]) -> Kinds {
    kinds.iter().map(|(source, kind)| (word(source), word(kind))).collect()
}

/// The commonest case: a body is the only source of the one, and looked at it with the other's
/// information beside. What reviewers saw of both, to tell them apart, is their work.
#[tokio::test]
async fn what_stood_beside_ones_own_record_is_asked_back() {
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let past = Past::begin(on, 31, 0).await;
        let own = known(&past, "nhsl", "1", true, "medication").await;
        let other = known(&past, "practice", "9", false, "care-plan").await;
        files(&past, own, ("nhsl", "1"), ("core", &[])).await;
        files(&past, other, ("practice", "9"), ("core", &[])).await;
        relate(&past, own, "nhsl").await;
        let steward = past.practitioner(("cec", "ops.hub"), None).await;
        let ward = past.practitioner(("nhsl", "nhs.ed"), None).await;
        past.pass(MINUTE).await;
        join(&past, &steward, own).await;
        past.pass(MINUTE).await;
        for person in [own, other] {
            assert!(looks(&past, &ward, person, "vital").await, "{engine}");
            assert!(looks(&past, &steward, person, "identity-review").await, "{engine}");
        }
        past.pass(MINUTE).await;
        part(&past, &steward, other).await;
        fire(&past).await;
        let want = of(&[("practice", "care-plan"), ("practice", "core")]);
        assert_eq!(kinds(&past, "nhsl").await, [(other, want)], "{engine}");
        assert_eq!(kinds(&past, "cec").await, [], "{engine}: the reviewer's work");
        assert_eq!(kinds(&past, "practice").await, [], "{engine}: it looked at nobody");
    }
}

/// A permit covers kinds whether anything of them is held or not, and marks take from it: a body
/// that is asked to destroy learns of nothing that it did not see.
#[tokio::test]
async fn a_body_is_told_of_no_kind_that_it_never_saw() {
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let past = Past::begin(on, 32, 0).await;
        let one = known(&past, "practice", "1", true, "medication").await;
        let other = known(&past, "nhsl", "9", false, "care-plan").await;
        files(&past, other, ("nhsl", "9"), ("equipment", &["restricted"])).await;
        for (person, body) in [(one, "cec"), (other, "cec"), (one, "ooh"), (other, "ooh")] {
            relate(&past, person, body).await;
        }
        let steward = past.practitioner(("police", "ops.hub"), None).await;
        let council = past.practitioner(("cec", "sw.duty"), None).await;
        let night = past.practitioner(("ooh", "ooh.clinician"), None).await;
        past.pass(MINUTE).await;
        join(&past, &steward, one).await;
        past.pass(MINUTE).await;
        for person in [one, other] {
            assert!(looks(&past, &council, person, "direct-care").await, "{engine}");
            assert!(looks(&past, &night, person, "vital").await, "{engine}");
        }
        past.pass(MINUTE).await;
        files(&past, other, ("nhsl", "9"), ("alerts", &[])).await;
        past.pass(MINUTE).await;
        part(&past, &steward, other).await;
        fire(&past).await;
        let [of_one, of_other] = [("practice", "medication"), ("nhsl", "care-plan")];
        // Agreements let no council see what is restricted; in an emergency it is shown.
        let council_saw = [(other, of(&[of_other]))];
        assert_eq!(kinds(&past, "cec").await, council_saw, "{engine}");
        let mut night_saw =
            vec![(one, of(&[of_one])), (other, of(&[of_other, ("nhsl", "equipment")]))];
        night_saw.sort();
        assert_eq!(kinds(&past, "ooh").await, night_saw, "{engine}");
        for entry in told(&past, other).await {
            assert!(!entry.to_string().contains("alerts"), "{engine}: {entry}");
        }
    }
}

/// One entry that somebody changed in the database is one that cannot be read, and no more.
#[tokio::test]
async fn an_entry_that_was_changed_stops_no_asking_back() {
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let past = Past::begin(on, 33, 0).await;
        let one = known(&past, "practice", "1", true, "medication").await;
        let other = known(&past, "cec", "9", false, "care-plan").await;
        let steward = past.practitioner(("cec", "ops.hub"), None).await;
        let ward = past.practitioner(("nhsl", "nhs.ed"), None).await;
        let night = past.practitioner(("ooh", "ooh.clinician"), None).await;
        join(&past, &steward, one).await;
        past.pass(MINUTE).await;
        for by in [&ward, &night] {
            for person in [one, other] {
                assert!(looks(&past, by, person, "vital").await, "{engine}");
            }
        }
        let read = async |s: &mut Snapshot| {
            Ok::<_, Error>(person_stream(s, &past.on.keys, other, None).await?)
        };
        let entries = past.on.db.snapshot("test.stream", read).await.unwrap();
        let entries = entries.into_iter().filter_map(|placed| placed.entry);
        let mut permits = entries.filter(|entry| entry.kind == EntryKind::Permit);
        let last = permits.next().unwrap();
        past.write(async |tx| {
            let change = "UPDATE ledger_entry SET at_us = at_us + 1
                WHERE stream_id = $1 AND entry_id = $2";
            Ok(tx.execute(change, values![other.to_string(), last.id]).await.map(drop)?)
        })
        .await;
        past.pass(MINUTE).await;
        part(&past, &steward, other).await;
        fire(&past).await;
        let asked = asked(&past, "nhsl").await;
        let people: BTreeSet<_> = asked.iter().map(|one| one.person).collect();
        assert_eq!(people, BTreeSet::from([one, other]), "{engine}: {asked:?}");
        assert!(asked.iter().all(|one| !one.is_whole), "{engine}: and it says so");
        assert_eq!(kinds(&past, "ooh").await, [], "{engine}: of one it is not known any more");
    }
}

/// Takes steps of a move to its end.
async fn to_its_end(past: &Past, of: &Move) {
    let (ctx, keys) = (past.ctx(), &past.on.keys);
    let on = async |tx: &mut Tx| Ok(moves::advance(tx, &ctx, keys, of).await?);
    assert!(past.write(on).await, "{}: in one step", past.on.engine);
}

/// Moves the hospital's number of the one to the other, with what was filed under it.
async fn merge(past: &Past, (gone, kept): (&str, &str)) -> (PersonId, PersonId, MergeId) {
    let (ctx, keys) = (past.ctx(), &past.on.keys);
    let (gone, kept) = (number_of("nhsl", gone), number_of("nhsl", kept));
    let (of, merged) = past
        .write(async |tx| {
            let merged = ken_person::merge(tx, &ctx, keys, &gone, &kept, None).await?;
            let Merged::Moved { from, to, id, is_only, .. } = merged else { panic!("{merged:?}") };
            let (under, merge) = (Under::of(&gone.local), id.to_string());
            let (of, source) = ((&under, &*merge), &gone.organisation);
            let of = moves::begin(tx, &ctx, (from, to), source, of, (is_only, false)).await?;
            Ok((of, (from, to, id)))
        })
        .await;
    to_its_end(past, &of).await;
    merged
}

/// Takes it back; nothing has moved yet.
async fn unmerge(past: &Past, by: &Acting, (person, id): (PersonId, MergeId)) -> Move {
    let (ctx, keys) = (past.ctx(), &past.on.keys);
    let why = Why::new("they are sisters").unwrap();
    past.write(async |tx: &mut Tx| {
        let back = ken_person::unmerge(tx, &ctx, keys, (person, id), by, &why).await?;
        let back = &back[0];
        let (under, merge) = (Under::of(&back.number.local), id.to_string());
        let (people, source) = ((back.from, back.to), &back.number.organisation);
        let of = (&under, &*merge);
        let of = moves::begin(tx, &ctx, people, source, of, (false, true)).await?;
        moves::bar(tx, &of).await?;
        Ok(of)
    })
    .await
}

/// A number meant somebody else for a while. What had been filed under it is asked back from
/// whoever saw it as the other's, however late it went back; what the sender filed under another
/// number was right; and by the wrong number the sender itself saw what others hold of the other.
#[tokio::test]
async fn what_a_moved_number_brought_is_asked_back_and_no_more() {
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let past = Past::begin(on, 34, 0).await;
        let one = known(&past, "nhsl", "1", true, "medication").await;
        assert_eq!(known(&past, "practice", "7", true, "alerts").await, one, "{engine}");
        let other = known(&past, "nhsl", "2", false, "care-plan").await;
        files(&past, other, ("cec", "9"), ("equipment", &[])).await;
        let steward = past.practitioner(("cec", "ops.hub"), None).await;
        let ward = past.practitioner(("nhsl", "nhs.ed"), None).await;
        let night = past.practitioner(("ooh", "ooh.clinician"), None).await;
        let merged = merge(&past, ("1", "2")).await;
        assert_eq!((merged.0, merged.1), (one, other), "{engine}");
        past.pass(MINUTE).await;
        assert!(looks(&past, &ward, other, "vital").await, "{engine}");
        past.pass(MINUTE).await;
        let back = unmerge(&past, &steward, (one, merged.2)).await;
        fire(&past).await;
        past.pass(MINUTE).await;
        assert!(looks(&past, &night, other, "vital").await, "{engine}: it is not back yet");
        assert_eq!(kinds(&past, "nhsl").await, [], "{engine}: it waits for that");
        past.pass(MINUTE).await;
        to_its_end(&past, &back).await;
        past.pass(MINUTE).await;
        assert!(looks(&past, &night, other, "vital").await, "{engine}: it is back");
        fire(&past).await;
        let ours = asked(&past, "ooh").await;
        let [asked] = ours.as_slice() else { panic!("{engine}: {ours:?}") };
        assert_eq!((asked.person, asked.times, asked.is_whole), (one, 1, true), "{engine}");
        assert_eq!(asked.kinds, [(word("nhsl"), word("medication"))], "{engine}");
        let own = [(other, of(&[("cec", "equipment")]))];
        assert_eq!(kinds(&past, "nhsl").await, own, "{engine}: what the number showed its source");
    }
}

/// Of an item that was marked later, what held at each time.
#[tokio::test]
async fn what_was_held_is_told_by_the_version_of_its_time() {
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let past = Past::begin(on, 35, 0).await;
        let one = known(&past, "practice", "1", true, "medication").await;
        let plain = past.ctx().clock.now();
        past.clock.advance(MINUTE);
        files(&past, one, ("practice", "1"), ("medication", &["restricted"])).await;
        let marked = past.ctx().clock.now();
        let read = async |s: &mut Snapshot| Ok::<_, Error>(held_times(s, one).await?);
        let held = past.on.db.snapshot("test.held", read).await.unwrap();
        let at = |at| -> Vec<String> { held.at(at).map(|(class, _)| class.to_owned()).collect() };
        assert_eq!([at(plain), at(marked)].map(|of| of.len()), [1, 1], "{engine}");
        assert_ne!(at(plain), at(marked), "{engine}");
        assert_eq!(at(plain - MINUTE), Vec::<String>::new(), "{engine}");
        assert!(held.is_whole, "{engine}");
    }
}
