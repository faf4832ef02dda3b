//! The law written anew: what rests on it goes on as far as the new words allow, and no draft,
//! and nobody's own text, ends what others have signed.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_agreement::{Day, Instrument};
use ken_sharing::instrument;
use ken_store::Snapshot;
use ken_testkit::oracle::{Case, Verdict};

use crate::succession::by_all_deciders;
use crate::vectors_world::{Entry, glen, word};
use crate::world::{World, worlds};

const PACK: &str = include_str!("../../../../../agreements/statute-pack.toml");

pub(crate) fn pack(version: &str, replaces: &str, (old, new): (&str, &str)) -> Instrument {
    assert!(PACK.contains(old), "{old}");
    let mut pack = Instrument::parse(&PACK.replacen(old, new, 1)).unwrap();
    pack.agreement.version = word(version);
    pack.lifecycle.supersedes = [word(replaces)].into();
    pack
}

/// A police report of harm to the council, with everything that the law of before asks.
fn report(entries: &[Entry]) -> Case {
    let asp = entries.iter().find(|of| of.instrument.agreement.id.as_str() == "glen-asp-concern");
    let hash = asp.unwrap().instrument.hash();
    let words = ["three-point-belief", "necessary-proportionate"];
    Case {
        from: ("police".into(), Some("pp.concern-hub".into())),
        to: ("cec".into(), Some("sw.duty".into())),
        action: "push".into(),
        purpose: "asp-inquiry".into(),
        up_to: false,
        categories: [("concern".to_owned(), None)].into(),
        rows: None,
        day: "2027-06-01".parse().unwrap(),
        facts: ["age>=16".to_owned()].into(),
        attested: words.map(|words| format!("{hash}#C1/{words}")).into(),
        referrers: BTreeSet::new(),
    }
}

fn goes(entries: &[Entry]) -> bool {
    is_permitted(entries, &report(entries))
}

/// By the gate; the other deciders are asked as well.
fn is_permitted(entries: &[Entry], case: &Case) -> bool {
    matches!(by_all_deciders(entries, case), Verdict::Permit(..))
}

/// What the nurse of the council's own record is for: an everyday clause of the accord.
fn own_work(entries: &[Entry]) -> Case {
    Case {
        from: ("cec".into(), Some("record".into())),
        to: ("cec".into(), Some("sw.duty".into())),
        action: "view".into(),
        purpose: "own-work".into(),
        attested: BTreeSet::new(),
        ..report(entries)
    }
}

/// The police tell the council in an emergency, by the agreement's own clause alone.
fn emergency(entries: &[Entry]) -> Case {
    let asp = entries.iter().find(|of| of.instrument.agreement.id.as_str() == "glen-asp-concern");
    let hash = asp.unwrap().instrument.hash();
    let words = ["imminent-serious-harm", "reason-free-text"];
    Case {
        purpose: "vital".into(),
        attested: words.map(|words| format!("{hash}#X1/{words}")).into(),
        ..report(entries)
    }
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn a_report_of_harm_outlives_the_rewriting_of_its_law_but_not_its_repeal() {
    let same = ("checked = 2026-11-21", "checked = 2027-05-01");
    let check = |packs: &[Instrument], want: bool| {
        let mut entries = glen(6);
        entries[0].superseded = true;
        for (n, pack) in packs.iter().enumerate() {
            let mut entry = Entry::in_their_place(pack.clone());
            entry.superseded = n + 1 < packs.len();
            entries.push(entry);
        }
        assert_eq!(goes(&entries), want, "{}", packs.len());
    };
    assert!(goes(&glen(6)));
    check(&[], false);
    let second = pack("2028-04", "statute-pack@2027-04", same);
    check(std::slice::from_ref(&second), true);
    let third = pack("2029-04", "statute-pack@2028-04", same);
    check(&[second.clone(), third], true);
    // The provision is gone, or asks what the clause does not.
    let gone = ("id = \"asp.s5.3\"", "id = \"asp.s5.33\"");
    check(&[pack("2028-04", "statute-pack@2027-04", gone)], false);
    let stricter = ("require = [\"age>=16\"]", "require = [\"age>=18\"]");
    check(&[pack("2028-04", "statute-pack@2027-04", stricter)], false);
    // A pack that no issuer vouches for is no law, and takes no other's place.
    let mut entries = glen(6);
    entries[0].unsealed = true;
    assert!(!goes(&entries));
    entries[0].superseded = true;
    entries.push(Entry::in_their_place(second.clone()));
    assert!(goes(&entries));
    entries[6].unsealed = true;
    assert!(!goes(&entries));
    // A pack that nobody adopted is no law; and an agreement takes no pack's place.
    let mut entries = glen(6);
    entries[0].superseded = true;
    let mut draft = Entry::in_their_place(second.clone());
    draft.unsigned.insert("cec".to_owned());
    entries.push(draft);
    assert!(!goes(&entries));
    let mut entries = glen(6);
    entries[0].superseded = true;
    let mut agreement = second;
    agreement.agreement.tier = ken_agreement::Tier::Accord;
    entries.push(Entry::in_their_place(agreement));
    assert!(!goes(&entries));
    // One that only says that it replaces the law has taken no place: it may begin next year.
    let mut entries = glen(6);
    entries[0].superseded = true;
    let later = pack("2030-04", "statute-pack@2027-04", same).dated_from(day("2027-06-02"));
    entries.push(Entry::new(later));
    entries.push(Entry::in_their_place(pack("2028-04", "statute-pack@2027-04", same)));
    assert!(goes(&entries));
}

/// A law or an accord gives nothing before its first day, whoever rests on it.
#[test]
fn nothing_rests_on_a_law_or_an_accord_before_its_first_day() {
    let begins = |n: usize, first: &str| {
        let mut entries = glen(6);
        entries[n].instrument.agreement.effective_from = Day(day(first));
        entries
    };
    for (first, want) in [("2027-05-31", true), ("2027-06-01", true), ("2027-06-02", false)] {
        let entries = begins(0, first);
        assert_eq!(goes(&entries), want, "the law of {first}");
        // What stands under that law waits for it too: an everyday clause of the accord.
        assert_eq!(is_permitted(&entries, &own_work(&entries)), want, "under the law of {first}");
        let entries = begins(1, first);
        let own = is_permitted(&entries, &emergency(&entries));
        assert_eq!(own, want, "the accord of {first}");
        assert!(goes(&entries), "the duty has another source");
    }
    // The law as it was written anew gives what it gives from its own first day.
    let same = ("checked = 2026-11-21", "checked = 2027-05-01");
    for (first, want) in [("2027-06-01", true), ("2027-06-02", false)] {
        let mut entries = glen(6);
        entries[0].superseded = true;
        let newer = pack("2028-04", "statute-pack@2027-04", same).dated_from(day(first));
        entries.push(Entry::in_their_place(newer));
        assert_eq!(goes(&entries), want, "the newer law of {first}");
    }
}

async fn superseded(world: &World) -> BTreeSet<String> {
    let read = async |s: &mut Snapshot| instrument::load(s, &world.ctx()).await;
    let all = world.on.db.snapshot("test.load", read).await.unwrap().instruments;
    let ended = all.into_iter().filter(|of| of.register.superseded);
    ended.map(|of| of.instrument.name().to_string()).collect()
}

#[tokio::test]
async fn a_draft_ends_nothing_and_nobody_ends_what_others_agreed() {
    for world in worlds(73).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        let (db, keys) = (&world.on.db, &world.on.keys);
        let start = "2026-11-01".parse().unwrap();
        let same = ("checked = 2026-11-21", "checked = 2026-11-22");
        // Drafts: a pack, and an agreement without parties that would replace everything.
        let newer = pack("2028-04", "statute-pack@2027-04", same).dated_from(start);
        let mut bare = newer.clone();
        bare.agreement.version = word("2030-04");
        let names = ["scot-accord@3", "glen-direct-care@1", "statute-pack@2027-04"];
        bare.lifecycle.supersedes = names.map(word).into();
        for draft in [&newer, &bare] {
            instrument::register(db, &world.ctx(), keys, draft).await.unwrap();
        }
        assert_eq!(superseded(&world).await, BTreeSet::new(), "{engine}");
        assert!(world.permits(&by, person).await, "{engine}");
        // Somebody else's own text, signed by all of its parties.
        let mut own = bare.clone();
        own.agreement.version = word("2031-04");
        own.agreement.lead_party = word("rowan");
        world.sign_text(&own).await;
        assert_eq!(superseded(&world).await, BTreeSet::new(), "{engine}: rowan leads none of them");
        assert!(world.permits(&by, person).await, "{engine}");
        // The lead party of the pack adopts the new one.
        world.sign_text(&newer).await;
        assert_eq!(
            superseded(&world).await,
            ["statute-pack@2027-04".to_owned()].into(),
            "{engine}"
        );
        assert!(world.permits(&by, person).await, "{engine}: the accord stands on the new law");
    }
}
