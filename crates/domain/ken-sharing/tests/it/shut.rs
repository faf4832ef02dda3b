//! An agreement that does not compile stops itself and what was received under it, no more.

use std::collections::BTreeSet;

use ken_agreement::{Instrument, words_hash};
use ken_sharing::bundle::{Bundle, compiles};
use ken_sharing::decide::{decide, decide_whole};
use ken_sharing::instrument;
use ken_store::{Snapshot, Tx, guard, values};
use ken_testkit::oracle::{Case, Row, Verdict};

use crate::pack::statement;
use crate::vectors_world::{Entry, asked, glen, told};
use crate::world::{World, worlds};

/// A permit without a purpose: no version of Ken signs one.
pub(crate) fn break_it(entry: &mut Entry) {
    let mut permits = entry.instrument.clauses.iter_mut().filter(|clause| !clause.is_prohibition());
    permits.next().unwrap().purpose = None;
}

fn around(before: Option<&Bundle>, entries: &[Entry]) -> Bundle {
    Bundle::compile_around(before, entries.iter().map(Entry::admitted)).unwrap()
}

fn answer(bundle: &Bundle, case: &Case) -> Verdict {
    let (ask, facts, rows) = asked(case);
    let got = told(&decide(bundle, &ask, &facts, rows.as_ref()).unwrap());
    let whole = told(&decide_whole(bundle, &ask, &facts, rows.as_ref()).unwrap());
    let denied = |of: &Verdict| matches!(of, Verdict::Deny(..));
    assert!(whole == got || denied(&whole) && denied(&got), "{whole:?}, {got:?}");
    got
}

/// Any member tells any other in an emergency, by the accord; of a row of this lineage.
fn emergency(entries: &[Entry], lineage: BTreeSet<String>) -> Case {
    let accord = entries[1].instrument.hash();
    let words = ["imminent-serious-harm", "reason-free-text"];
    let row = Row {
        category: "concern".to_owned(),
        labels: BTreeSet::new(),
        source: "cec".to_owned(),
        lineage,
    };
    Case {
        from: ("cec".into(), Some("sw.duty".into())),
        to: ("police".into(), Some("pp.concern-hub".into())),
        action: "push".into(),
        purpose: "vital".into(),
        up_to: false,
        categories: [("concern".to_owned(), None)].into(),
        rows: Some([row].into()),
        day: "2027-06-01".parse().unwrap(),
        facts: BTreeSet::new(),
        attested: words.map(|words| format!("{accord}#X1/{words}")).into(),
        referrers: BTreeSet::new(),
    }
}

#[test]
fn an_agreement_that_does_not_compile_stops_itself_alone_and_widens_nothing() {
    let mut entries = glen(6);
    let whole = around(None, &entries);
    assert_eq!(whole.shut().count(), 0);
    break_it(&mut entries[5]);
    let name = entries[5].instrument.name();
    for _ in 0..2 {
        assert!(compiles(&entries[5].instrument).is_err(), "found anew each time");
        assert!(compiles(&entries[1].instrument).is_ok());
    }
    assert!(Bundle::compile(entries.iter().map(Entry::admitted)).is_err(), "a drafter is told");
    let mut before = None;
    // At the start, after a bundle in which all was well, and once it is known.
    for _ in 0..3 {
        let bundle = around(before.as_ref(), &entries);
        let shut: Vec<_> = bundle.shut().collect();
        assert_eq!(shut, [(&name, "sharing.bundle-unsound")]);
        let goes = |lineage: &[usize]| {
            let hashes = lineage.iter().map(|n| entries[*n].instrument.hash().to_string());
            answer(&bundle, &emergency(&entries, hashes.collect()))
        };
        assert!(matches!(goes(&[]), Verdict::Permit(..)), "the others go on");
        assert!(matches!(goes(&[2]), Verdict::Permit(..)), "so does what came under another");
        let own = entries[5].instrument.hash();
        assert_eq!(goes(&[5]), Verdict::Deny(0, format!("{own}#*")), "which exception it made");
        assert_eq!(goes(&[2, 5]), Verdict::Deny(0, format!("{own}#*")));
        // Labels of its dictionary count still.
        for category in whole.instruments().flat_map(|(_, of, _)| &of.categories) {
            let labels = |of: &Bundle| {
                of.dictionary().labels(&category.id).cloned().collect::<BTreeSet<_>>()
            };
            assert_eq!(labels(&bundle), labels(&whole), "{}", category.id);
        }
        before = Some(if before.is_none() { around(None, &glen(6)) } else { bundle });
    }
}

/// What rests on a law that does not compile does not run, and no other law is in its place.
#[test]
fn nothing_rests_on_what_does_not_compile() {
    let mut entries = glen(6);
    break_it(&mut entries[0]);
    let bundle = around(None, &entries);
    let (asp, accord) = (entries[2].instrument.name(), entries[1].instrument.name());
    let idle: BTreeSet<_> = bundle.findings().iter().map(|(of, _)| of.to_string()).collect();
    assert!(idle.contains(&asp.to_string()) && !idle.contains(&accord.to_string()), "{idle:?}");
    // An emergency has no source but the accord.
    let case = emergency(&entries, BTreeSet::new());
    assert!(matches!(answer(&bundle, &case), Verdict::Permit(..)));
}

/// A text that this version of Ken cannot read, signed by a party, as the tables hold it.
async fn unreadable(world: &World, signed_by: &str) -> String {
    let text = include_str!("../../../../../agreements/glen-girfec.toml");
    let text = Instrument::parse(text).unwrap().canonical_json();
    let text = text.replacen("\"kind\":\"routine\"", "\"kind\":\"whatever\"", 1);
    let hash = words_hash(&text);
    let put = async |tx: &mut Tx| {
        let of = values![hash.as_str(), "glen-girfec@1", text.as_str(), 1_i64];
        tx.execute(statement("INSERT_INSTRUMENT"), of).await?;
        let (key, signature) = ([7_u8; 32], [1_u8; 64]);
        let of = values![
            hash.as_str(),
            signed_by,
            "Somebody",
            "Owner",
            world.ctx().clock.now(),
            signature.as_slice(),
            key.as_slice()
        ];
        tx.execute(statement("INSERT_SIGNATURE"), of).await?;
        Ok(guard::bump_policy(tx).await.map(drop)?)
    };
    world.write(put).await;
    hash
}

async fn shut(world: &World) -> Vec<String> {
    let current = world.gate.current(&world.on.db, &world.ctx()).await.unwrap();
    current.bundle.shut().map(|(name, code)| format!("{name} {code}")).collect()
}

#[tokio::test]
async fn what_cannot_be_read_is_shut_and_the_others_go_on() {
    for world in worlds(91).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        assert!(world.permits(&by, person).await, "{engine}");
        let hash = unreadable(&world, "rowan").await;
        assert!(world.permits(&by, person).await, "{engine}: the others go on");
        assert_eq!(shut(&world).await, ["glen-girfec@1 sharing.bundle-unread"], "{engine}");
        let load = async |s: &mut Snapshot| instrument::load(s, &world.ctx()).await;
        let loaded = world.on.db.snapshot("test.load", load).await;
        assert!(loaded.is_err(), "{engine}: whoever drafts is told");
        let change = async |from: &str, to: &str| {
            let text = "UPDATE instrument SET canonical = REPLACE(canonical, $2, $3)
                WHERE hash = $1";
            let of = values![hash.as_str(), from, to];
            world
                .write(async |tx: &mut Tx| {
                    assert_eq!(tx.execute(text, of).await?, 1);
                    Ok(guard::bump_policy(tx).await.map(drop)?)
                })
                .await;
        };
        // Another text under its hash tells nothing, be it well formed; it led nothing here.
        change("\"kind\":\"whatever\"", "\"kind\":\"routine\"").await;
        assert_eq!(shut(&world).await, ["glen-girfec@1 sharing.bundle-untold"], "{engine}");
        assert!(world.permits(&by, person).await, "{engine}: nothing here was theirs to replace");
        // It is put right: nothing of it is remembered.
        change("\"kind\":\"routine\"", "\"kind\":\"whatever\"").await;
        world
            .write(async |tx: &mut Tx| {
                let of = "DELETE FROM signature WHERE hash = $1";
                tx.execute(of, values![hash.as_str()]).await?;
                Ok(guard::bump_policy(tx).await.map(drop)?)
            })
            .await;
        assert_eq!(shut(&world).await, [""; 0], "{engine}: what nobody signed binds nobody");
    }
}

/// What nobody can tell is taken to be whatever would take most away.
#[tokio::test]
async fn what_tells_nothing_may_have_replaced_whatever_its_signatories_lead() {
    for world in worlds(92).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        let care = include_str!("../../../../../agreements/glen-direct-care.toml");
        let care = Instrument::parse(care).unwrap();
        let hash = unreadable(&world, care.agreement.lead_party.as_str()).await;
        assert!(world.permits(&by, person).await, "{engine}: it tells that it replaces none");
        let garbled = "UPDATE instrument SET canonical = 'x' WHERE hash = $1";
        world
            .write(async |tx: &mut Tx| {
                tx.execute(garbled, values![hash.as_str()]).await?;
                Ok(guard::bump_policy(tx).await.map(drop)?)
            })
            .await;
        assert!(!world.permits(&by, person).await, "{engine}: it may have taken its place");
        assert_eq!(shut(&world).await, ["glen-girfec@1 sharing.bundle-untold"], "{engine}");
    }
}
