//! An agreement that does not compile stops itself and what was received under it, no more.

use std::collections::BTreeSet;

use ken_sharing::bundle::{Bundle, compiles};
use ken_sharing::decide::{decide, decide_whole};
use ken_testkit::oracle::{Case, Row, Verdict};

use crate::vectors_world::{Entry, asked, glen, told};

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
    assert!(compiles(&entries[5].instrument).is_err() && compiles(&entries[1].instrument).is_ok());
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
