//! B1: what a region's accord forbids to all below it, no agreement below gives, whatever it says.

use std::collections::BTreeSet;

use ken_agreement::lint::lint;
use ken_agreement::{Clause, Instrument, Kind};
use ken_sharing::bundle::Bundle;
use ken_testkit::oracle::{Case, Known, Mutant, Row, Verdict, decide as naive};

use crate::dice::Dice;
use crate::partnership::{Ready, short};
use crate::questions::{question, tweak};
use crate::vectors_world::{Entry, asked, bundle, glen, told, word, world};

const REGION: &str = include_str!("../../../../../agreements/lowland-accord.toml");
const LOCAL: &str = include_str!("../../../../../agreements/glen-welfare-checks.toml");
/// Random agreements below the accord, and questions to each.
const WORLDS: u64 = 24;
const CASES: usize = 120;

fn read(text: &str) -> Instrument {
    Instrument::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The partnership under the region's accord, and a local agreement that may say anything.
fn region(local: &str) -> Vec<Entry> {
    let mut entries = glen(4);
    entries.truncate(2);
    let fire = entries[1].instrument.party(&word("fire")).unwrap().clone();
    let mut accord = read(REGION);
    accord.parties.push(fire);
    entries.extend([accord, read(local)].map(Entry::new));
    entries
}

/// That the local agreement gives the charity what the police allege, at any role of the council.
fn widened() -> String {
    let given = "categories = [\"core\", \"contacts\"]\nfields = [\"name\", \"address\", \
        \"phone\", \"communication_needs\", \"contact_name\", \"contact_phone\"]";
    assert!(LOCAL.contains(given));
    let criminal = "[[category]]\nid = \"criminal\"\ntext = \"Allegations\"\n\
        fields = [\"allegations\", \"crime_refs\"]\n\n[[basis]]\nid = \"b.cec\"";
    LOCAL.replace(given, "categories = [\"core\", \"contacts\", \"criminal\"]").replacen(
        "[[basis]]\nid = \"b.cec\"",
        criminal,
        1,
    )
}

fn wider(entries: &[Entry]) -> Vec<String> {
    let sources: Vec<_> = entries.iter().map(|entry| &entry.instrument).collect();
    let found = lint(&entries[3].instrument, &sources);
    found.into_iter().filter(|one| one.code == "E-WIDER").map(|one| one.at).collect()
}

#[test]
fn a_local_agreement_does_not_widen_what_the_region_set() {
    let asks = |kinds: &[&str]| {
        short("cec/sw.duty push rowan/ts.support-worker", "welfare-check", kinds, &["age>=16"])
    };
    let as_signed = region(LOCAL);
    assert_eq!(wider(&as_signed), Vec::<String>::new());
    let Verdict::Permit(given, _) = Ready::new(&as_signed).ask(&asks(&["core"])) else {
        panic!("what it gives, it gives")
    };
    assert_eq!(given.len(), 4);
    let entries = region(&widened());
    assert_eq!(wider(&entries), ["K1 lowland-accord@1#L1"], "it is said before anybody signs");
    let ready = Ready::new(&entries);
    let accord = world(&entries)[2].hash.clone();
    let stopped = Verdict::Deny(0, format!("{accord}#L1"));
    assert_eq!(ready.ask(&asks(&["criminal"])), stopped, "and stopped if they do");
    assert!(matches!(ready.ask(&asks(&["core"])), Verdict::Permit(..)), "the rest goes on");
    // A label on a row is only the gate's to see.
    let mut marked = asks(&["core"]);
    let row = |labels: &[&str]| Row {
        category: "core".to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        source: "cec".to_owned(),
        lineage: BTreeSet::new(),
    };
    marked.rows = Some([row(&[]), row(&["restricted"])].into());
    let Verdict::Permit(mask, _) = ready.ask(&marked) else { panic!("plain rows go") };
    assert!(mask.keys().all(|(row, _)| row.labels.is_empty()), "{mask:?}");
    // Outside the region's accord the same words run: it is the accord that stops them.
    let mut outside = entries.clone();
    outside[3].instrument.agreement.under = [word("scot-accord@3")].into();
    let free = Ready::new(&outside).ask(&asks(&["criminal"]));
    assert!(matches!(free, Verdict::Permit(..)), "{free:?}");
}

#[test]
fn a_ceiling_stops_no_emergency_and_nothing_that_the_law_requires() {
    let mut entries = region(&widened());
    let exceptional = |clause: &mut Clause| clause.kind = Kind::Exceptional;
    let asks = short(
        "cec/sw.duty push rowan/ts.support-worker",
        "welfare-check",
        &["criminal"],
        &["age>=16"],
    );
    let denied = |entries: &[Entry]| matches!(Ready::new(entries).ask(&asks), Verdict::Deny(..));
    assert!(denied(&entries));
    let k1 = entries[3].instrument.clauses.len() - 1;
    // Called statutory, and resting on no law: still bound.
    entries[3].instrument.clauses[k1].kind = Kind::Statutory;
    assert!(denied(&entries));
    assert!(!wider(&entries).is_empty());
    // Resting on a clause of a pack that requires it.
    let mut law = entries.clone();
    let mut duty = law[3].instrument.clauses[k1].clone();
    duty.id = word("weather.s1");
    for end in [&mut duty.from, &mut duty.to] {
        end.party = "*".parse().unwrap();
        end.roles = [word("*")].into();
    }
    law[0].instrument.clauses.push(duty);
    let criminal = law[3].instrument.categories.clone();
    law[0].instrument.categories.extend(
        criminal
            .into_iter()
            .filter(|entry| ["core", "contacts", "criminal"].contains(&entry.id.as_str())),
    );
    let known = &mut law[0].instrument.categories;
    let mut seen = BTreeSet::new();
    known.retain(|entry| seen.insert(entry.id.clone()));
    let purpose = law[3].instrument.purposes[0].clone();
    law[0].instrument.purposes.push(purpose);
    let name = format!("{}#weather.s1", law[0].instrument.name());
    law[3].instrument.clauses[k1].source = Some(name.parse().unwrap());
    assert!(!denied(&law), "the law stands above every accord");
    assert_eq!(wider(&law), Vec::<String>::new());
    // An emergency.
    exceptional(&mut entries[3].instrument.clauses[k1]);
    assert!(!denied(&entries), "nobody stops an emergency in advance");
}

#[test]
fn an_accord_that_does_not_compile_stops_what_it_bound() {
    let mut entries = region(LOCAL);
    entries[2].instrument.clauses[0].purpose = Some(word("welfare-check"));
    // What the accord bound though nothing need stand above it.
    let last = entries[3].instrument.clauses.len() - 1;
    entries[3].instrument.clauses[last].kind = Kind::Statutory;
    let admitted = entries.iter().map(Entry::admitted);
    let bundle = Bundle::compile_around(None, admitted).unwrap();
    assert_eq!(bundle.shut().count(), 1);
    let accord = entries[2].instrument.hash().to_string();
    let ends = "cec/sw.duty push rowan/ts.support-worker";
    let mut case = short(ends, "welfare-check", &["core"], &["age>=16"]);
    // A row that came under it is stopped twice over, by one policy.
    for lineage in [None, Some(accord.clone())] {
        let row = Row {
            category: "core".to_owned(),
            labels: BTreeSet::new(),
            source: "cec".to_owned(),
            lineage: lineage.into_iter().collect(),
        };
        case.rows = Some([row].into());
        let (ask, facts, rows) = asked(&case);
        let got = ken_sharing::decide::decide(&bundle, &ask, &facts, rows.as_ref());
        assert_eq!(told(&got.unwrap()), Verdict::Deny(0, format!("{accord}#*")));
    }
}

/// Whether the ceiling of the region is about a row, between these two.
fn excluded(entries: &[Entry], case: &Case, row: &Row) -> bool {
    let accord = &entries[2].instrument;
    let ceiling = &accord.clauses[0];
    let to = accord.party(&word(&case.to.0));
    let outside = to.is_some_and(|party| ceiling.to.kinds.contains(&party.kind));
    let labelled = |label: &str| ceiling.labels.contains(label);
    let mut named = entries.iter().filter_map(|of| of.instrument.category(&word(&row.category)));
    let dictionary = named.any(|of| of.label.as_ref().is_some_and(|l| labelled(l.as_str())));
    outside
        && (ceiling.categories.contains(row.category.as_str())
            || dictionary
            || row.labels.iter().any(|label| labelled(label)))
}

/// Whether a ceiling binds the local agreement's clause of this citation.
fn is_bound(entries: &[Entry], known: &[Known], id: &str) -> bool {
    let Some(key) = id.strip_prefix(&format!("{}#", known[3].hash)) else { return false };
    let clause = entries[3].instrument.clauses.iter().find(|clause| clause.id.as_str() == key);
    let clause = clause.unwrap();
    let law = clause.source.as_ref().is_some_and(|of| of.instrument.id == "statute-pack");
    match clause.kind {
        Kind::Exceptional => false,
        Kind::Statutory => !law,
        _ => true,
    }
}

/// What the charity may be offered, with marks on some of the rows.
fn to_the_charity(dice: &mut Dice, hash: &str) -> Case {
    let facts = [
        "trained:info-handling",
        "age>=16",
        "person:agreed-referral",
        "assurance:cyber-essentials",
    ];
    let kinds = ["core", "views", "criminal"];
    let mut case =
        short("cec/sw.duty push rowan/ts.support-worker", "support-offer", &kinds, &facts);
    case.attested = [format!("{hash}#C5/necessary-proportionate")].into();
    let rows = kinds.map(|kind| Row {
        category: kind.to_owned(),
        labels: dice.some(["restricted".to_owned(), "third-party".to_owned()], 2),
        source: "cec".to_owned(),
        lineage: BTreeSet::new(),
    });
    case.rows = Some(rows.into());
    case
}

/// Whatever is written into an agreement under the accord, and whatever is asked, nothing that the
/// ceiling excludes goes by a clause that it binds.
#[test]
fn no_agreement_below_permits_what_the_ceiling_excludes() {
    let (mut held_back, mut permitted) = (0, 0);
    for seed in 0..WORLDS {
        let mut dice = Dice(9_000 + seed);
        let asp = glen(4).remove(2).instrument;
        let mut entries = region(LOCAL);
        // The widest of our agreements, put under the accord and bent at random.
        entries[3] = Entry::new(asp);
        entries[3].instrument.agreement.under =
            [word("lowland-accord@1"), word("scot-accord@3")].into();
        for _ in 0..6 {
            let mut bent = entries[3].clone();
            tweak(&mut dice, &mut bent);
            bent.superseded = false;
            bent.suspended = false;
            if ken_agreement::lint::unsound(&bent.instrument).is_empty() {
                entries[3] = bent;
            }
        }
        let (compiled, known) = (bundle(&entries), world(&entries));
        for _ in 0..CASES {
            let mut case = question(&mut dice, &entries, &known);
            if dice.one_in(2) {
                case = to_the_charity(&mut dice, &known[3].hash);
            }
            let (ask, facts, rows) = asked(&case);
            let outcome = ken_sharing::decide::decide(&compiled, &ask, &facts, rows.as_ref());
            let got = told(&outcome.unwrap());
            assert_eq!(naive(&known, &case, Mutant::None), got, "seed {seed}: {case:?}");
            if let Verdict::Permit(mask, _) = &got {
                permitted += 1;
                for ((row, _), id) in mask {
                    let through = excluded(&entries, &case, row) && is_bound(&entries, &known, id);
                    assert!(!through, "seed {seed}: {id} gives {row:?}: {case:?}");
                }
            }
            let without = naive(&known, &case, Mutant::CeilingForgotten);
            held_back += usize::from(without != got);
        }
    }
    assert!(held_back > 20 && permitted > 100, "{held_back} held back, {permitted} permitted");
}
