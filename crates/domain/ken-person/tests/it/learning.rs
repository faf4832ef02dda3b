//! Learning from reviewers: what is decided makes another model, pairs of known truth prove who
//! decides, and two signatures put it into use.

use ed25519_dalek::{Signer as _, SigningKey};
use jiff::SignedDuration;
use ken_core::Sensitive;
use ken_directory::Acting;
use ken_ledger::Page;
use ken_person::learning::{self, Act, Evidence, Outcome as Signed, Proposed, Signer};
use ken_person::queue::{self, Follow, KNOWN_OF, Outcome, RISK_MOST, UNDO_ALONE};
use ken_person::{Answer, Demographics, Error, Identified, Index, Place, Why};
use ken_sharing::instrument::{self, Signatory};
use ken_store::{Snapshot, Tx, values};

use crate::world::{World, chi, says, worlds};

/// Somebody whom no other of these resembles: each has a year, a house and a postcode of their own.
fn known(n: u64) -> Demographics {
    let born = format!("{}-{:02}-{:02}", 1920 + n * 2, n % 12 + 1, n % 27 + 1);
    living(says("nhsl", &n.to_string(), "Isla Rose Sample", &born, &[chi(n)]), n)
}

/// The same as a council writes them, who has no number.
fn misspelt(n: u64) -> Demographics {
    let born = known(n).born.unwrap().to_string();
    living(says("cec", &(n + 1_000).to_string(), "Isla Rose Sampel", &born, &[]), n)
}

fn living(mut says: Demographics, n: u64) -> Demographics {
    says.address = Sensitive::new(format!("{n} High Street\nGlen"));
    says.postcode = Sensitive::new(format!("EH{n} 1BB"));
    says
}

/// Places whose pattern is known, each of somebody written a little otherwise, from one number on.
async fn doubted(world: &World, from: u64, many: u64) -> Vec<Place> {
    let before: Vec<_> = world.places().await.iter().map(|place| place.id).collect();
    for n in from..from + many {
        world.identify(&known(n)).await;
    }
    world.index.follower().fill(&world.on.db).await.unwrap();
    for n in from..from + many {
        let got = world.identify(&misspelt(n)).await;
        assert!(matches!(got, Identified::Uncertain { .. }), "{n}: {got:?}");
    }
    let mut places = world.places().await;
    places.retain(|place| !before.contains(&place.id));
    assert_eq!(places.len(), usize::try_from(many).unwrap());
    assert!(places.iter().all(|place| place.candidates[0].alike.is_some()));
    places
}

fn why() -> Why {
    Why::new("confirmed by telephone").unwrap()
}

/// An answer that would let bodies ask for much, which two must give.
async fn answer(
    world: &World,
    by: &Acting,
    place: &Place,
    answer: Answer,
) -> Result<Outcome, Error> {
    let (ctx, at, why) = (world.ctx(), (place.person, place.id), why());
    let kinds = (0..=RISK_MOST).map(|n| format!("kind-{n}").parse().unwrap()).collect();
    let follows = [Follow { asks: "cec".parse().unwrap(), of: "nhsl".parse().unwrap(), kinds }];
    let work = async |tx: &mut Tx| {
        queue::decide(tx, &ctx, &world.on.keys, &follows, at, answer, (by, &why)).await
    };
    world.on.db.write("test.decide", work).await
}

fn same(place: &Place) -> Answer {
    Answer::Same(place.candidates[0].person)
}

/// Two say so, whether it needs two or one.
async fn decided(world: &World, by: [&Acting; 2], place: &Place, said: Answer) {
    if answer(world, by[0], place, said).await.unwrap() == Outcome::AwaitsSecond {
        assert_eq!(answer(world, by[1], place, said).await.unwrap(), Outcome::Done);
    }
}

async fn mark(world: &World, by: &Acting, place: &Place) -> bool {
    let (ctx, at) = (world.ctx(), (place.person, place.id));
    let may = world.read(async |s: &mut Snapshot| queue::may_be_known(s, &ctx, at).await).await;
    let work = async |tx: &mut Tx| queue::mark(tx, &ctx, &world.on.keys, at, by).await;
    let marked: Result<bool, Error> = world.on.db.write("test.mark", work).await;
    let marked = marked.unwrap();
    assert!(marked || !may, "what is offered can be done");
    marked
}

async fn tend(world: &World) {
    queue::tend(&world.on.db, &world.ctx()).await.unwrap();
}

/// Puts one pair among the others after another, without waiting for places between them.
async fn put_all(world: &World, many: usize) {
    for _ in 0..many {
        tend(world).await;
        let again = async |tx: &mut Tx| {
            tx.execute("UPDATE review_known SET put_us = 1 WHERE put_us > 1", values![]).await
        };
        world.on.db.write("test.at-once", again).await.unwrap();
    }
}

async fn shown(world: &World, by: &Acting) -> Vec<Place> {
    let read = async |s: &mut Snapshot| queue::list(s, by.practitioner, None).await;
    world.read(read).await
}

/// Twelve pairs of known truth are answered by these, as they are or otherwise.
async fn proven(world: &World, reviewers: &[&Acting], is_right: bool) {
    let (first, second, marker) = (world.steward(), world.steward(), world.steward());
    let places = doubted(world, 1, 12).await;
    for place in &places {
        decided(world, [&first, &second], place, same(place)).await;
        assert!(!mark(world, &marker, place).await, "{}: not stood yet", world.on.engine);
    }
    world.clock.advance(UNDO_ALONE);
    world.clock.advance(SignedDuration::from_hours(3));
    for place in &places {
        assert!(mark(world, &marker, place).await, "{}", world.on.engine);
    }
    put_all(world, 12).await;
    for by in reviewers {
        let copies = shown(world, by).await;
        assert_eq!(copies.len(), 12, "{}", world.on.engine);
        for place in &copies {
            let said = if is_right { same(place) } else { Answer::Different };
            answer(world, by, place, said).await.unwrap();
        }
    }
    // Who knew them was shown none.
    for by in [&first, &second, &marker] {
        assert_eq!(shown(world, by).await, vec![], "{}", world.on.engine);
    }
}

async fn propose(world: &World, by: &Acting) -> Option<Proposed> {
    let with = (&world.on.keys, &world.index);
    learning::propose(&world.on.db, &world.ctx(), with, by).await.unwrap()
}

async fn evidence(world: &World) -> Evidence {
    world.read(async |s: &mut Snapshot| Evidence::read(s).await).await
}

/// Two reviewers who proved themselves find twelve pairs to be two people's, and a model is
/// proposed.
async fn proposed(world: &World, steward: &Acting) -> (Proposed, Vec<Place>) {
    let (ann, bea) = (world.steward(), world.steward());
    proven(world, &[&ann, &bea], true).await;
    let places = doubted(world, 20, 12).await;
    for (n, place) in places.iter().enumerate() {
        let by = if n % 2 == 0 { [&ann, &bea] } else { [&bea, &ann] };
        decided(world, by, place, Answer::Different).await;
    }
    (propose(world, steward).await.unwrap(), places)
}

/// A signatory of an organisation, with their key.
async fn signatory(world: &World, name: &str, n: u8) -> (Acting, SigningKey) {
    let (by, key) = (world.steward(), SigningKey::from_bytes(&[n; 32]));
    let party = by.organisation.clone();
    let of = Signatory { party, name: name.to_owned(), key: key.verifying_key(), until: None };
    instrument::add_signatory(&world.on.db, &world.ctx(), &world.on.keys, &of).await.unwrap();
    (by, key)
}

async fn sign(
    world: &World,
    act: Act,
    (by, key, name): (&Acting, &SigningKey, &str),
    text: Option<&str>,
) -> Signed {
    let read = async |s: &mut Snapshot| learning::to_sign(s, act).await;
    let waits = world.read(read).await.unwrap();
    let signature = key.sign(text.unwrap_or(&waits.text).as_bytes()).to_bytes();
    let with = Signer { by, signatory: name, signature: &signature, confirmed: "passkey" };
    let ctx = world.ctx();
    let work =
        async |tx: &mut Tx| learning::sign(tx, &ctx, &world.on.keys, (act, waits.id), with).await;
    world.on.db.write("test.sign", work).await.unwrap()
}

/// What a registration scores against everybody, by an index that is filled anew.
async fn scores(db: &ken_store::Db) -> (Option<String>, Vec<i64>) {
    let index = Index::new();
    index.follower().fill(db).await.unwrap();
    let asked = index.ask(&misspelt(40));
    (index.model().map(|model| model.0), asked.iter().map(|(_, of)| of.millibits).collect())
}

#[tokio::test]
async fn what_reviewers_decide_counts_once_two_have_signed_it() {
    for world in worlds().await {
        let engine = world.on.engine;
        let steward = world.steward();
        let (proposal, _) = Box::pin(proposed(&world, &steward)).await;
        world.identify(&known(40)).await;
        let shipped = scores(&world.on.db).await;
        let changes = &proposal.report.changes;
        assert!(!changes.is_empty(), "{engine}");
        let of = &changes[0];
        assert!(of.words.contains("surname: ") && of.different > 0, "{engine}: {of:?}");
        assert!(changes.iter().all(|of| of.after < of.before), "{engine}: {changes:?}");
        // Nothing is matched by it, and the same decisions make the same again.
        assert_eq!(shipped, scores(&world.on.db).await, "{engine}");
        let again = propose(&world, &steward).await.unwrap();
        assert_eq!((&again.hash, &again.report), (&proposal.hash, &proposal.report), "{engine}");

        let (ann, ann_key) = signatory(&world, "Ann", 1).await;
        let (bea, bea_key) = signatory(&world, "Bea", 2).await;
        let ann = (&ann, &ann_key, "Ann");
        let bea = (&bea, &bea_key, "Bea");
        let own = (&steward, &ann_key, "Ann");
        assert_eq!(sign(&world, Act::Adopt, own, None).await, Signed::OwnProposal, "{engine}");
        assert_eq!(sign(&world, Act::Adopt, ann, Some("else")).await, Signed::Invalid, "{engine}");
        let nobodys = (ann.0, &bea_key, "Ann");
        assert_eq!(sign(&world, Act::Adopt, nobodys, None).await, Signed::Invalid, "{engine}");
        assert_eq!(sign(&world, Act::Adopt, ann, None).await, Signed::AwaitsSecond, "{engine}");
        assert_eq!(sign(&world, Act::Adopt, ann, None).await, Signed::Again, "{engine}");
        // One person with two keys is one person.
        let (_, other) = signatory(&world, "Ann again", 3).await;
        let twice = (ann.0, &other, "Ann again");
        assert_eq!(sign(&world, Act::Adopt, twice, None).await, Signed::Again, "{engine}");
        assert_eq!(shipped, scores(&world.on.db).await, "{engine}: one is not two");
        assert_eq!(sign(&world, Act::Adopt, bea, None).await, Signed::Done, "{engine}");

        // One that runs takes it up, and so does another that starts.
        let mut follower = world.index.follower();
        follower.turn(&world.on.db).await.unwrap();
        let mark = world.index.model().unwrap().0;
        let adopted = scores(&world.on.db).await;
        assert_eq!(adopted.0.as_ref(), Some(&mark), "{engine}");
        assert!(adopted.0 != shipped.0 && adopted.1 != shipped.1, "{engine}: {adopted:?}");
        if let Some(node) = world.on.another_node().await {
            assert_eq!(adopted, scores(&node).await, "{engine}: to the bit");
        }
        assert_eq!(propose(&world, &steward).await, None, "{engine}: nothing counts twice");

        assert_eq!(sign(&world, Act::Withdraw, bea, None).await, Signed::AwaitsSecond, "{engine}");
        assert_eq!(adopted, scores(&world.on.db).await, "{engine}: one is not two");
        assert_eq!(sign(&world, Act::Withdraw, ann, None).await, Signed::Done, "{engine}");
        assert_eq!(shipped, scores(&world.on.db).await, "{engine}");
        follower.turn(&world.on.db).await.unwrap();
        assert_eq!(world.index.model().map(|model| model.0), shipped.0, "{engine}");
        let told = told(&world).await;
        for event in ["proposed", "signed", "adopted", "withdrawn"] {
            assert!(told.contains(&format!("matching-model-{event}")), "{engine}: {told:?}");
        }
    }
}

/// The events that stewards' organisation has on the ledger.
async fn told(world: &World) -> Vec<String> {
    let of = world.steward().organisation;
    let read = async |s: &mut Snapshot| {
        Ok(ken_ledger::organisation_entries(s, &world.on.keys, &of, Page::default()).await?)
    };
    let entries: Vec<ken_ledger::Entry> = world.read(read).await;
    let event = |entry: &ken_ledger::Entry| {
        entry.detail.clone().unwrap_or_default()["event"].as_str().map(str::to_owned)
    };
    entries.iter().filter_map(event).collect()
}

#[tokio::test]
async fn a_model_that_is_not_what_two_signed_is_refused() {
    for world in worlds().await {
        let engine = world.on.engine;
        Box::pin(proposed(&world, &world.steward())).await;
        let shipped = scores(&world.on.db).await.0;
        let (ann, ann_key) = signatory(&world, "Ann", 1).await;
        let (bea, bea_key) = signatory(&world, "Bea", 2).await;
        sign(&world, Act::Adopt, (&ann, &ann_key, "Ann"), None).await;
        sign(&world, Act::Adopt, (&bea, &bea_key, "Bea"), None).await;
        assert_ne!(scores(&world.on.db).await.0, shipped, "{engine}");
        let run = async |sql: &'static str| {
            let change = async |tx: &mut Tx| tx.execute(sql, values![]).await;
            assert_eq!(world.on.db.write("test.damage", change).await.unwrap(), 1, "{sql}");
        };
        let check = async |damage: &'static str, mend: &'static str, code: &str| {
            run(damage).await;
            let index = Index::new();
            let mut follower = index.follower();
            follower.fill(&world.on.db).await.unwrap();
            assert_eq!(index.refused_model(), Some(code), "{engine}: {damage}");
            assert_eq!(index.model().map(|model| model.0), shipped, "{engine}: {damage}");
            run(mend).await;
        };
        let shape = "match.model-shape";
        check(
            "UPDATE person_model SET body = REPLACE(body, '\"start\":-', '\"start\":-1')",
            "UPDATE person_model SET body = REPLACE(body, '\"start\":-1', '\"start\":-')",
            shape,
        )
        .await;
        check(
            "UPDATE person_model SET hash = 'f' || hash",
            "UPDATE person_model SET hash = SUBSTR(hash, 2)",
            shape,
        )
        .await;
        let unsigned = "match.model-unsigned";
        check(
            "UPDATE person_model_signature SET act = 'other' WHERE signatory = 'Bea'",
            "UPDATE person_model_signature SET act = 'adopt' WHERE signatory = 'Bea'",
            unsigned,
        )
        .await;
        let index = Index::new();
        index.follower().fill(&world.on.db).await.unwrap();
        assert_eq!(index.refused_model(), None, "{engine}: it is as it was");
        // Whoever proposed it is none of the two.
        check(
            "UPDATE person_model SET made_by = (SELECT practitioner_id \
             FROM person_model_signature WHERE signatory = 'Ann')",
            "UPDATE person_model_signature SET signature = public_key WHERE signatory = 'Ann'",
            unsigned,
        )
        .await;
        assert_eq!(scores(&world.on.db).await.0, shipped, "{engine}");
    }
}

#[tokio::test]
async fn a_thousand_hostile_answers_change_nothing_that_is_matched() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (steward, mal, mel) = (world.steward(), world.steward(), world.steward());
        // They are shown pairs of known truth, and say otherwise.
        Box::pin(proven(&world, &[&mal, &mel], false)).await;
        let places = doubted(&world, 20, 12).await;
        for place in &places {
            decided(&world, [&mal, &mel], place, Answer::Different).await;
        }
        let held = evidence(&world).await;
        assert_eq!(held.proof(mal.practitioner), learning::Proof { known: 12, right: 0 });
        // Of those who decided the known pairs, nobody has proved themselves either.
        assert!(held.heard().proved == 0 && held.heard().reviewers >= 3, "{engine}");
        // A thousand more, on whatever pattern there is.
        let more = async |tx: &mut Tx| {
            for n in 0..1_000_i64 {
                let by = [&mal, &mel][usize::from(n % 2 == 0)].practitioner;
                let at = &places[usize::try_from(n).unwrap() % places.len()];
                let of = values![at.person, at.id.to_string(), format!("hostile-{n}"), by, n];
                tx.execute(ANSWER, of).await?;
            }
            Ok::<_, ken_store::Error>(())
        };
        world.on.db.write("test.hostile", more).await.unwrap();
        let before = scores(&world.on.db).await;
        assert_eq!(propose(&world, &steward).await, None, "{engine}");
        assert_eq!(before, scores(&world.on.db).await, "{engine}");
    }
}

const ANSWER: &str = "INSERT INTO review_answer
    (person_id, review_id, answer_id, practitioner_id, answer, said_us)
    VALUES ($1, $2, $3, $4, 'different', $5)";

#[tokio::test]
async fn what_is_undone_counts_no_more() {
    for world in worlds().await {
        let engine = world.on.engine;
        let steward = world.steward();
        let (before, places) = Box::pin(proposed(&world, &steward)).await;
        let answers = evidence(&world).await.heard().answers;
        for place in &places {
            let (ctx, at, why) = (world.ctx(), (place.person, place.id), why());
            let work =
                async |tx: &mut Tx| queue::undo(tx, &ctx, &world.on.keys, at, &steward, &why).await;
            let undone: Result<Outcome, Error> = world.on.db.write("test.undo", work).await;
            assert_eq!(undone.unwrap(), Outcome::Done, "{engine}");
        }
        assert!(evidence(&world).await.heard().answers < answers, "{engine}");
        assert_eq!(propose(&world, &steward).await, None, "{engine}: nobody said so any more");
        // What was proposed before is there to be read, until another takes its place.
        let open = world.read(async |s: &mut Snapshot| learning::open(s).await).await;
        assert_eq!(open, Some(before), "{engine}");
    }
}

#[tokio::test]
async fn an_answer_to_a_known_pair_changes_no_record() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (first, second, marker) = (world.steward(), world.steward(), world.steward());
        let place = doubted(&world, 1, 10).await.remove(0);
        decided(&world, [&first, &second], &place, same(&place)).await;
        let lead = world.lead(place.person).await;
        world.clock.advance(UNDO_ALONE);
        world.clock.advance(SignedDuration::from_hours(3));
        assert!(mark(&world, &marker, &place).await, "{engine}");
        let others = shown(&world, &first).await.len();
        tend(&world).await;
        tend(&world).await;
        // Only who does not know it is shown it, and they see a place as any other.
        let (ann, bea) = (world.steward(), world.steward());
        assert_eq!(shown(&world, &first).await.len(), others, "{engine}");
        let all = shown(&world, &ann).await;
        assert_eq!(all.len(), others + 1, "{engine}: one is put, until so many came again");
        let copy = all.iter().find(|place| place.is_copy).unwrap().clone();
        assert_eq!((copy.person, &copy.candidates), (place.person, &place.candidates));
        assert_eq!((copy.needs_second, copy.answers), (place.needs_second, 0), "{engine}");
        for knows in [&first, &marker] {
            let got = answer(&world, knows, &copy, Answer::Different).await;
            assert!(matches!(got, Err(Error::Unknown(_))), "{engine}: {got:?}");
        }
        // Wrong by two: as with any place, the first awaits a second, who decides it.
        let wrong = Answer::Different;
        assert_eq!(answer(&world, &ann, &copy, wrong).await.unwrap(), Outcome::AwaitsSecond);
        assert_eq!(answer(&world, &bea, &copy, wrong).await.unwrap(), Outcome::Done, "{engine}");
        assert_eq!(world.lead(place.person).await, lead, "{engine}: they stand together");
        assert_eq!(world.stands_with(place.person).await.len(), 1, "{engine}");
        // And taking it back takes nothing back, nor makes the answer good.
        let (ctx, why) = (world.ctx(), why());
        let work = async |tx: &mut Tx| {
            let at = (copy.person, copy.id);
            queue::undo(tx, &ctx, &world.on.keys, at, &ann, &why).await
        };
        let undone: Result<Outcome, Error> = world.on.db.write("test.undo", work).await;
        assert_eq!(undone.unwrap(), Outcome::Done, "{engine}");
        assert_eq!(world.lead(place.person).await, lead, "{engine}");
        let right = answer(&world, &ann, &copy, same(&copy)).await.unwrap();
        assert_eq!(right, Outcome::AwaitsSecond, "{engine}");
        let held = evidence(&world).await;
        assert_eq!(held.proof(ann.practitioner), learning::Proof { known: 1, right: 0 });
        assert_eq!(held.proof(first.practitioner), learning::Proof::default(), "{engine}");
        let agreed = world.read(async |s: &mut Snapshot| queue::agreement(s, &ctx).await).await;
        assert!(agreed.pairs <= 1, "{engine}: what is known measures nobody's agreement");
    }
}

#[tokio::test]
async fn a_known_pair_of_whom_something_changed_is_known_no_more() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (first, second, marker) = (world.steward(), world.steward(), world.steward());
        let (ann, bea) = (world.steward(), world.steward());
        let many = u64::try_from(KNOWN_OF).unwrap() + 2;
        let places = doubted(&world, 1, many).await;
        for place in places.iter().take(2) {
            decided(&world, [&first, &second], place, same(place)).await;
        }
        world.clock.advance(UNDO_ALONE);
        world.clock.advance(SignedDuration::from_hours(3));
        for place in places.iter().take(2) {
            assert!(mark(&world, &marker, place).await, "{engine}");
        }
        put_all(&world, 2).await;
        let copies = shown(&world, &ann).await;
        let copies: Vec<_> = copies.into_iter().filter(|place| place.is_copy).collect();
        assert_eq!(copies.len(), 2, "{engine}");
        for copy in &copies {
            answer(&world, &ann, copy, same(copy)).await.unwrap();
        }
        assert_eq!(evidence(&world).await.proof(ann.practitioner).known, 2, "{engine}");
        // Of one the council says something anew; the other is undone.
        let at = places.iter().position(|place| place.person == copies[0].person).unwrap();
        let number = u64::try_from(at).unwrap() + 1;
        world.clock.advance(SignedDuration::from_secs(1));
        world.identify(&living(misspelt(number), 77)).await;
        let (ctx, why) = (world.ctx(), why());
        let other = places.iter().find(|place| place.person == copies[1].person).unwrap();
        let undo = async |tx: &mut Tx| {
            let at = (other.person, other.id);
            for by in [&first, &second] {
                queue::undo(tx, &ctx, &world.on.keys, at, by, &why).await?;
            }
            Ok::<_, Error>(())
        };
        world.on.db.write("test.undo", undo).await.unwrap();
        for copy in &copies {
            let late = answer(&world, &bea, copy, same(copy)).await;
            assert!(matches!(late, Err(Error::Decided(_))), "{engine}: {late:?}");
        }
        tend(&world).await;
        let left = shown(&world, &bea).await;
        assert!(left.iter().all(|place| !place.is_copy), "{engine}: {left:?}");
        assert_eq!(evidence(&world).await.proof(ann.practitioner).known, 0, "{engine}");
    }
}
