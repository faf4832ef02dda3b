//! Who vouches for a statute pack, and what rests on one for which nobody does.

use ken_agreement::{Instrument, PACKS};
use ken_ledger::{KeyUse, SignerKey};
use ken_sharing::pack::{self, Fault, Seal};
use ken_sharing::signing::{Clearance, Refusal, clear};
use ken_sharing::{Error, Gate, STATEMENTS, Tier, instrument};
use ken_store::{Migration, Snapshot, Sql, Tx, guard, values};
use ken_testkit::{SeededIds, TestClock, engines};

use crate::law;
use crate::world::{LISTS, World, issuer, word, worlds};

const SAME: (&str, &str) = ("checked = 2026-11-21", "checked = 2026-11-22");

fn newer(version: &str) -> Instrument {
    law::pack(version, "statute-pack@2027-04", SAME).dated_from("2026-11-01".parse().unwrap())
}

pub(crate) fn statement(name: &str) -> Sql {
    STATEMENTS.iter().find(|(of, _)| *of == name).unwrap().1
}

#[test]
fn a_trusted_issuer_vouches_for_one_text_and_nobody_else_does() {
    let (of, ours, other) = (newer("2028-04"), issuer(1), issuer(2));
    let note = pack::vouch(&ours, &of).unwrap();
    let check = |of: &Instrument, note: &str, want: Result<&str, Fault>| {
        let trusted = [ours.verifier().clone()];
        let got = pack::verify(of, note, &trusted).map(ken_ledger::VerifierKey::name);
        assert_eq!(got, want, "{note}");
    };
    let text = note.to_string();
    check(&of, &text, Ok("packs.example/test"));
    check(&newer("2029-04"), &text, Err(Fault::OtherText));
    check(&of, &pack::vouch(&other, &of).unwrap().to_string(), Err(Fault::Stranger));
    check(&of, "", Err(Fault::NotRead));
    check(&of, &text.replace("ken-pack/1", "ken-pack/2"), Err(Fault::OtherText));
    // Another signature under the right key's name and number.
    let bent = pack::vouch(&ours, &newer("2029-04")).unwrap().to_string();
    let (_, line) = bent.split_once("\n\n").unwrap();
    let (words, _) = text.split_once("\n\n").unwrap();
    check(&of, &format!("{words}\n\n{line}"), Err(Fault::Broken));
    // A stranger's signature beside a good one takes nothing away.
    let mut both = note.clone();
    both.add(other.sign(note.text(), 0));
    check(&of, &both.to_string(), Ok("packs.example/test"));
    let mut accord = of.clone();
    accord.agreement.tier = Tier::Accord;
    check(&accord, &text, Err(Fault::NotAPack));
    assert_eq!(pack::vouch(&ours, &accord).unwrap_err(), Fault::NotAPack);
}

#[test]
fn what_comes_with_the_program_is_vouched_for_by_its_own_issuer() {
    let own = pack::own_issuer().unwrap();
    assert_eq!(pack::shipped().len(), PACKS.len());
    for one in PACKS {
        let of = one.open().unwrap();
        let by = pack::verify(&of, one.note, std::slice::from_ref(&own));
        assert_eq!(by.map(ToString::to_string), Ok(own.to_string()));
        assert_eq!(
            pack::verify(&of, one.note, &[issuer(1).verifier().clone()]),
            Err(Fault::Stranger)
        );
    }
    let witness = SignerKey::new("w.example", KeyUse::Witness, &[1; 32]).unwrap();
    let (one, w) = (issuer(1).verifier().to_string(), witness.verifier().to_string());
    assert_eq!(pack::issuers("").unwrap().len(), 1);
    assert_eq!(pack::issuers(&format!("# ours\n\n{one}\n")).unwrap().len(), 2);
    assert_eq!(pack::issuers(&format!("{one}\n{w}\n")), Err(2), "a witness is no issuer");
    assert_eq!(pack::issuers("nonsense"), Err(1));
}

async fn seal_of(world: &World, of: &Instrument) -> Seal {
    let read = async |s: &mut Snapshot| pack::seal_of(s, of).await;
    world.on.db.snapshot("test.seal", read).await.unwrap()
}

/// Whether the registers say that nothing rests on it.
async fn is_unsealed(world: &World, of: &Instrument) -> bool {
    let read = async |s: &mut Snapshot| instrument::load(s, &world.ctx()).await;
    let all = world.on.db.snapshot("test.load", read).await.unwrap().instruments;
    all.iter().find(|one| one.instrument == *of).unwrap().register.unsealed
}

fn refusal(signed: Result<(), Error>) -> Option<Refusal> {
    match signed {
        Ok(()) => None,
        Err(Error::NotSigned(refusal)) => Some(refusal),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn nothing_rests_on_a_pack_that_no_trusted_issuer_vouches_for() {
    for world in worlds(74).await {
        let (engine, db, keys) = (world.on.engine, &world.on.db, &world.on.keys);
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        let of = newer("2028-04");
        let (hash, lead) = (of.hash(), of.agreement.lead_party.clone());
        instrument::register(db, &world.ctx(), keys, &of).await.unwrap();
        let adopt = async || refusal(world.sign_for(&hash, &lead).await);
        assert_eq!(adopt().await, Some(Refusal::PackUnsealed), "{engine}");
        let stranger = world.seal(&of, &issuer(3), &[issuer(9)]).await;
        assert_eq!(stranger, Err(Fault::Stranger));
        assert_eq!(
            (seal_of(&world, &of).await, adopt().await),
            (Seal::Missing, Some(Refusal::PackUnsealed))
        );
        // Only whoever leads the pack brings its seal.
        let note = pack::vouch(&issuer(9), &of).unwrap().to_string();
        let trusted = [issuer(9).verifier().clone()];
        let (rowan, brought) = (word("rowan"), (&of, note.as_str()));
        let got = pack::seal(db, &world.ctx(), keys, &rowan, brought, &trusted).await.unwrap();
        assert_eq!(got, Err(Fault::NotLead));
        world.seal(&of, &issuer(9), &[issuer(9)]).await.unwrap();
        assert_eq!(adopt().await, Some(Refusal::SupersessionUnseen), "{engine}");
        let seen = (Clearance::Supersession, (&lead, None));
        world.write(async |tx| clear(tx, &world.ctx(), keys, &hash, seen.0, seen.1).await).await;
        assert_eq!((adopt().await, is_unsealed(&world, &of).await), (None, false), "{engine}");
        assert!(world.permits(&by, person).await, "{engine}");
        // What is kept is changed behind our back: nothing rests on it, until it is put right.
        let change = async |note: String| {
            let key = issuer(9).verifier().to_string();
            world
                .write(async |tx: &mut Tx| {
                    let row = values![&hash, note.as_str(), key.as_str(), 1_i64];
                    tx.execute(statement("UPSERT_SEAL"), row).await?;
                    Ok(guard::bump_policy(tx).await?)
                })
                .await;
        };
        change(pack::vouch(&issuer(9), &newer("2029-04")).unwrap().to_string()).await;
        assert_eq!(
            (seal_of(&world, &of).await, is_unsealed(&world, &of).await),
            (Seal::Broken, true)
        );
        let accord = Instrument::parse(include_str!("../../../../../agreements/scot-accord.toml"));
        let accord = accord.unwrap().dated_from("2026-11-01".parse().unwrap());
        let read = async |s: &mut Snapshot| instrument::load(s, &world.ctx()).await;
        let all = db.snapshot("test.load", read).await.unwrap().instruments;
        let first = all.iter().find(|one| one.instrument.name() == word("statute-pack@2027-04"));
        assert!(!first.unwrap().register.superseded, "{engine}: what is not law replaces no law");
        assert!(world.permits(&by, person).await, "{engine}: the law of before stands again");
        assert!(refusal(world.sign_for(&accord.hash(), &word("police")).await).is_none());
        change(note).await;
        assert!(world.permits(&by, person).await, "{engine}");
    }
}

#[tokio::test]
async fn a_pack_of_before_goes_on_and_nobody_new_signs_what_rests_on_it() {
    let before: [&[Migration]; 3] = [LISTS[0], LISTS[1], &LISTS[2][..7]];
    for on in engines(&before).await {
        let old = newer("2028-04");
        let mut draft = newer("2029-04");
        draft.lifecycle.supersedes.clear();
        let old_hash = old.hash();
        on.db
            .write("test.old", async |tx: &mut Tx| {
                for of in [&old, &draft] {
                    let (hash, name, text) =
                        (of.hash(), of.name().to_string(), of.canonical_json());
                    let row = values![&hash, name.as_str(), text.as_str(), 1_i64];
                    tx.execute(statement("INSERT_INSTRUMENT"), row).await?;
                }
                let (key, lead) = ([7_u8; 32], &old.agreement.lead_party);
                let signature = [1_u8; 64];
                let row = values![&old_hash, lead, "A", "B", 1_i64, &signature[..], &key[..]];
                tx.execute(statement("INSERT_SIGNATURE"), row).await?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        on.db.migrate(&LISTS).await.unwrap();
        let clock = std::sync::Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
        let ids = std::sync::Arc::new(SeededIds::new(75));
        let world = World { on, gate: Gate::default(), clock, ids };
        assert_eq!(seal_of(&world, &old).await, Seal::Before, "{}", world.on.engine);
        assert_eq!(seal_of(&world, &draft).await, Seal::Missing, "a draft is no law");
        assert!(!is_unsealed(&world, &old).await && is_unsealed(&world, &draft).await);
        let mut accord =
            Instrument::parse(include_str!("../../../../../agreements/scot-accord.toml")).unwrap();
        accord.agreement.under = [old.name()].into();
        let accord = accord.dated_from("2026-11-01".parse().unwrap());
        let (db, keys) = (&world.on.db, &world.on.keys);
        instrument::register(db, &world.ctx(), keys, &accord).await.unwrap();
        let by = word("police");
        let read = async |s: &mut Snapshot| {
            instrument::refusals(s, &world.ctx(), &accord.hash(), &by).await
        };
        let found = async || db.snapshot("test.refusals", read).await.unwrap();
        assert!(found().await.contains(&Refusal::PackUnsealed), "{}", world.on.engine);
        world.seal(&old, &issuer(9), &[issuer(9)]).await.unwrap();
        assert_eq!(seal_of(&world, &old).await, Seal::By("packs.example/test".into()));
        assert!(!found().await.contains(&Refusal::PackUnsealed), "{}", world.on.engine);
    }
}
