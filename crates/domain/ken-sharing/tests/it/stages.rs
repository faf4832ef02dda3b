//! Staged go-live: before its own day a clause is as if it were not there; from that day on, as if
//! it had no day. No other clause waits for it, and none starts with it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use ken_agreement::{Clause, Day, Kind};
use ken_sharing::bundle::Bundle;
use ken_sharing::decide::decide;
use ken_testkit::oracle::{self, Case, Mutant, Row, Verdict};

use crate::dice::Dice;
use crate::questions::question;
use crate::vectors_world::{Entry, asked, bundle, bundle_after, glen, told, world};

/// Worlds, each with one clause that waits.
const WORLDS: u64 = 6;
/// Questions to each, about the agreement that has it.
const CASES: usize = 80;

/// What was answered, without what depends on the hash of the text: what may be had of which rows,
/// and whether words are asked for.
type Answer = (&'static str, BTreeSet<(Row, String)>);

fn answer(bundle: &Bundle, case: &Case) -> (Answer, Verdict) {
    let (ask, facts, rows) = asked(case);
    let verdict = told(&decide(bundle, &ask, &facts, rows.as_ref()).unwrap());
    let answer = match &verdict {
        Verdict::Permit(mask, _) => ("permit", mask.keys().cloned().collect()),
        Verdict::Need(_) => ("need", BTreeSet::new()),
        Verdict::Deny(..) => ("deny", BTreeSet::new()),
    };
    (answer, verdict)
}

/// Whether a verdict rests on a clause, or asks for its words.
fn names(verdict: &Verdict, id: &str) -> bool {
    let words = format!("{id}/");
    match verdict {
        Verdict::Permit(mask, offers) => {
            mask.values().any(|by| by == id) || offers.contains_key(id)
        }
        Verdict::Need(asked) => asked.iter().any(|of| of.starts_with(&words)),
        Verdict::Deny(..) => false,
    }
}

/// A case as another text of the same agreement has it: words and lineage name its hash.
fn renamed(case: &Case, from: &str, to: &str) -> Case {
    let mut case = case.clone();
    let new = |text: &String| text.replace(from, to);
    case.attested = case.attested.iter().map(new).collect();
    case.rows = case.rows.map(|rows| rows.into_iter().map(|row| of_row(row, from, to)).collect());
    case
}

fn of_row(mut row: Row, from: &str, to: &str) -> Row {
    row.lineage = row.lineage.iter().map(|hash| hash.replace(from, to)).collect();
    row
}

/// An everyday clause that nobody else narrows, by its places.
fn any_routine(dice: &mut Dice, entries: &[Entry]) -> (usize, usize) {
    let all = || entries.iter().flat_map(|entry| &entry.instrument.clauses);
    let sources: BTreeSet<String> =
        all().filter_map(|clause| Some(clause.source.as_ref()?.to_string())).collect();
    let places = entries.iter().enumerate().flat_map(|(n, entry)| {
        let name = entry.instrument.name();
        let free = {
            let sources = &sources;
            move |clause: &Clause| !sources.contains(&format!("{name}#{}", clause.id))
        };
        let clauses = entry.instrument.clauses.iter().enumerate();
        let routine = clauses.filter(move |(_, one)| one.kind == Kind::Routine && free(one));
        routine.map(move |(c, _)| (n, c))
    });
    *dice.pick(&places.collect::<Vec<_>>())
}

#[test]
fn a_clause_runs_from_its_own_day_and_no_other_waits_for_it() {
    let (plain, mut mattered) = (glen(6), BTreeMap::<&str, usize>::new());
    let whole = bundle(&plain);
    for seed in 0..WORLDS {
        let mut dice = Dice(seed);
        let (n, c) = any_routine(&mut dice, &plain);
        let days = i64::try_from(dice.below(5)).unwrap() - 2;
        let starts = Date::constant(2027, 6, 1).saturating_add(days.days());
        let (mut staged, mut without) = (plain.clone(), plain.clone());
        staged[n].instrument.clauses[c].starts = Some(Day(starts));
        let clause = without[n].instrument.clauses.remove(c).id;
        let (own, gone) =
            (bundle_after(Some(&whole), &staged), bundle_after(Some(&whole), &without));
        let hash = |of: &[Entry]| of[n].instrument.hash().to_string();
        let (here, id) = (hash(&staged), format!("{}#{clause}", hash(&staged)));
        let known = world(&staged);
        for _ in 0..CASES {
            let case = question(&mut dice, &staged[n..=n], &known[n..=n]);
            let (got, verdict) = answer(&own, &case);
            let as_if = |bundle: &Bundle, of: &[Entry]| {
                let (from, to) = (hash(of), renamed(&case, &here, &hash(of)));
                let ((sort, mask), _) = answer(bundle, &to);
                let back = mask.into_iter().map(|(row, field)| (of_row(row, &from, &here), field));
                (sort, back.collect::<BTreeSet<_>>())
            };
            let (before, after) = (as_if(&gone, &without), as_if(&whole, &plain));
            let is_live = case.day >= starts;
            let want = if is_live { &after } else { &before };
            assert_eq!(got, *want, "seed {seed}, {clause} from {starts}: {case:?}");
            assert!(is_live || !names(&verdict, &id), "seed {seed}: {verdict:?}");
            if before != after {
                *mattered.entry(if is_live { "live" } else { "waits" }).or_default() += 1;
            }
        }
    }
    eprintln!("the day decided: {mattered:?}");
    assert!(mattered.len() == 2 && mattered.values().all(|many| *many >= 5), "{mattered:?}");
}

/// A clause that is in force elsewhere starts no earlier than there.
#[test]
fn a_clause_waits_at_least_as_long_as_what_it_narrows() {
    let first = Date::constant(2027, 6, 1);
    let day = |days: i64| Some(Day(first.saturating_add(days.days())));
    let check = |source: Option<Day>, own: Option<Day>, runs: bool| {
        let mut entries = glen(6);
        let girfec = entries.pop().unwrap();
        let (mut above, mut below) = (girfec.clone(), girfec);
        above.instrument.agreement.id = "glen-upper".parse().unwrap();
        for (entry, starts) in [(&mut above, source), (&mut below, own)] {
            let clauses = entry.instrument.clauses.iter_mut();
            clauses.filter(|one| one.id.as_str() == "W1").for_each(|one| one.starts = starts);
        }
        // Only the narrower text is between these two.
        above.unsigned = ["primary".to_owned()].into();
        let named = format!("{}#W1", above.instrument.name());
        let narrows = below.instrument.clauses.iter_mut().find(|one| one.id.as_str() == "W1");
        narrows.unwrap().source = Some(named.parse().unwrap());
        entries.extend([above, below]);
        let case = Case {
            from: ("primary".into(), Some("ed.teacher".into())),
            to: ("cec".into(), Some("sw.children".into())),
            action: "push".into(),
            purpose: "girfec-wellbeing".into(),
            up_to: false,
            categories: [("care-plan".to_owned(), None)].into(),
            rows: None,
            day: first,
            facts: ["relationship:girfec-team".to_owned()].into(),
            attested: BTreeSet::new(),
            referrers: BTreeSet::new(),
        };
        let (_, verdict) = answer(&bundle(&entries), &case);
        let says = format!("{source:?} {own:?}");
        assert_eq!(matches!(verdict, Verdict::Permit(..)), runs, "{says}: {verdict:?}");
        let naive = |mutant| oracle::decide(&world(&entries), &case, mutant);
        assert_eq!(naive(Mutant::None), verdict, "{says}");
        naive(Mutant::StageOfSourceForgotten) != verdict
    };
    let told = [
        check(None, None, true),
        check(None, day(0), true),
        check(None, day(1), false),
        check(day(-1), day(0), true),
        check(day(0), day(0), true),
        // Without a day of its own, or with an earlier one, it goes beyond its source.
        check(day(-1), None, false),
        check(day(0), day(-1), false),
    ];
    assert_eq!(told, [false, false, false, false, false, true, true]);
}
