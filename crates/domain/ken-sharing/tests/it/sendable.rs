//! F15: to whom a clause in force lets somebody send, as the three deciders have it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_agreement::{Kind, Who};
use ken_sharing::bundle::{Bundle, SENDS as WAYS, Sendable};
use ken_sharing::decide::decide;
use ken_testkit::oracle::{self, Case, Known, Mutant, Verdict};

use crate::dice::Dice;
use crate::layered::layered;
use crate::python;
use crate::questions::{permits, question, tweaked};
use crate::vectors_world::{Entry, asked, bundle, bundle_after, glen, told, word, world};

/// Worlds, and senders in each.
const WORLDS: u64 = 4;
const SENDERS: usize = 40;
/// Receivers of one sender that are asked of the deciders.
const TRIED: usize = 6;
const SENDS: [&str; 2] = ["push", "alert"];

/// Who sends always has a role, if it be one that no party declares.
fn role_of(case: &Case) -> String {
    case.from.1.clone().unwrap_or_else(|| "nobody".to_owned())
}

fn of(bundle: &Bundle, case: &Case) -> Sendable {
    let from = (&word(&case.from.0), &word(&role_of(case)));
    bundle.sendable(from, (&word(&case.purpose), &WAYS), case.day).unwrap()
}

/// What each of some listed receivers would be asked: with what the clause asks for, and no more.
fn listed(dice: &mut Dice, sender: &Case, of: &Sendable, world: &[Known]) -> Vec<Vec<Case>> {
    let mut all = vec![];
    for (category, receivers) in of {
        for ((organisation, role), covered) in receivers {
            let clauses: BTreeSet<_> = covered.values().map(ToString::to_string).collect();
            all.extend(clauses.into_iter().map(|clause| (category, organisation, role, clause)));
        }
    }
    let mut some = vec![];
    for _ in 0..TRIED.min(all.len()) {
        let (category, organisation, role, cited) = dice.pick(&all).clone();
        let (hash, id) = cited.split_once('#').unwrap();
        let text = &world.iter().find(|known| known.hash == hash).unwrap().json;
        let clauses = text["clause"].as_array().unwrap();
        let clause = clauses.iter().find(|clause| clause["id"] == id).unwrap();
        let list = |name: &str| -> Vec<String> {
            let list = clause[name].as_array().into_iter().flatten();
            list.map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let actions = list("action");
        let words = list("attest").into_iter().map(|words| format!("{cited}/{words}"));
        let case = Case {
            from: (sender.from.0.clone(), Some(role_of(sender))),
            to: (organisation.to_string(), Some(role.to_string())),
            categories: [(category.to_string(), None)].into(),
            facts: list("require").into_iter().collect(),
            attested: words.collect(),
            referrers: BTreeSet::new(),
            rows: None,
            up_to: true,
            ..sender.clone()
        };
        let sends = actions.into_iter().filter(|action| SENDS.contains(&action.as_str()));
        some.push(sends.map(|action| Case { action, ..case.clone() }).collect());
    }
    some
}

/// What a random question is told that could be sent by a clause which is no emergency's, of and to
/// parties by name: a role that the party declares, and no referrer.
fn sent(case: &Case, entries: &[Entry], world: &[Known]) -> BTreeSet<(String, String)> {
    let Verdict::Permit(mask, _) = oracle::decide(world, case, Mutant::None) else {
        return BTreeSet::new();
    };
    let counts = |cited: &String| {
        permits(entries, world).into_iter().any(|(entry, known, clause)| {
            let party = entry.instrument.party(&word(&case.to.0));
            let role = case.to.1.as_deref().unwrap_or_default();
            *cited == format!("{}#{}", known.hash, clause.id)
                && clause.kind != Kind::Exceptional
                && ![&clause.from.party, &clause.to.party].contains(&&Who::Referrer)
                && party.is_some_and(|party| party.roles.contains(role))
        })
    };
    let mask = mask.into_iter().filter(|(_, cited)| counts(cited));
    mask.map(|((row, field), _)| (row.category, field)).collect()
}

#[test]
fn who_may_be_sent_what_is_what_the_three_deciders_say() {
    let (mut tried, mut found, third) = (0, 0, python::is_here());
    for seed in 900..900 + WORLDS {
        let mut dice = Dice(seed);
        let mut entries = tweaked(&mut dice, seed);
        if seed % 2 == 1 {
            layered(&mut dice, &mut entries);
        }
        let (bundle, world) = (bundle_after(None, &entries), world(&entries));
        let mut asks: Vec<Vec<Case>> = vec![];
        for _ in 0..SENDERS {
            let mut case = question(&mut dice, &entries, &world);
            (case.rows, case.up_to) = (None, true);
            let sendable = of(&bundle, &case);
            asks.extend(listed(&mut dice, &case, &sendable, &world));
            // Nobody to whom the deciders would let it go is left out.
            if case.from.0 == case.to.0 {
                continue;
            }
            let role = case.to.1.as_deref().unwrap_or("nobody");
            let seat = (word(&case.to.0), word(role));
            let sends = SENDS.map(|action| Case { action: action.to_owned(), ..case.clone() });
            let given = sends.iter().flat_map(|case| sent(case, &entries, &world));
            for (category, field) in given {
                let receivers = sendable.get(category.as_str());
                let covered = receivers.and_then(|receivers| receivers.get(&seat));
                let has = covered.is_some_and(|covered| covered.contains_key(field.as_str()));
                assert!(has, "seed {seed}: {category} {field} {case:?}");
                found += 1;
            }
        }
        // And each who is listed may be sent it, by each decider.
        let flat: Vec<_> = asks.iter().flatten().collect();
        let gives =
            |verdict: &Verdict| matches!(verdict, Verdict::Permit(mask, _) if !mask.is_empty());
        let gate = |case: &Case| {
            let (ask, facts, rows) = asked(case);
            told(&decide(&bundle, &ask, &facts, rows.as_ref()).unwrap())
        };
        let mut lines = vec![];
        if third {
            lines = python::decide(&world, flat.iter().map(|case| (*case, None)));
            assert_eq!(lines.len(), flat.len(), "seed {seed}");
        }
        for (n, case) in flat.iter().enumerate() {
            let naive = oracle::decide(&world, case, Mutant::None);
            assert_eq!(naive, gate(case), "seed {seed}: {case:?}");
            if third {
                assert_eq!(lines[n], python::line(&naive), "seed {seed}: {case:?}");
            }
        }
        for cases in &asks {
            let any = cases.iter().any(|case| gives(&oracle::decide(&world, case, Mutant::None)));
            assert!(any, "seed {seed}: {cases:?}");
            tried += 1;
        }
    }
    assert!(tried > 100 && found > 20, "{tried} receivers tried, {found} found");
}

#[test]
fn nobody_may_be_sent_what_no_clause_in_force_gives() {
    let day = Date::constant(2027, 6, 1);
    let check =
        |entries: &[Entry], (from, purpose, category): (&str, &str, &str), want: &[&str]| {
            let (at, role) = from.split_once('/').unwrap();
            let from = (&word(at), &word(role));
            let sendable = bundle(entries).sendable(from, (&word(purpose), &WAYS), day).unwrap();
            let to = sendable.get(category).into_iter().flat_map(|to| to.keys());
            let to: BTreeSet<_> = to.map(|(organisation, _)| organisation.to_string()).collect();
            assert_eq!(to, want.iter().map(|id| (*id).to_owned()).collect(), "{from:?} {category}");
        };
    let care = ("cec/sw.duty", "direct-care", "care-plan");
    let entries = glen(6);
    check(&entries, care, &["nhsl", "ooh", "practice"]);
    check(&entries, ("rowan/ts.support-worker", "direct-care", "care-plan"), &[]);
    check(&entries, ("cec/sw.duty", "direct-care", "education"), &[]);
    check(
        &entries,
        ("cec/sw.children", "girfec-wellbeing", "education"),
        &["nhsl", "practice", "primary"],
    );
    // What is for an emergency is asked for in one.
    check(&entries, ("cec/sw.duty", "vital", "core"), &[]);
    let mut fewer = entries.clone();
    fewer[4].unsigned.insert("ooh".to_owned());
    check(&fewer, care, &["nhsl", "practice"]);
    fewer[4].suspended = true;
    check(&fewer, care, &[]);
}
