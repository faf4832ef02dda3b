//! Random worlds and random questions: the gate against the oracle, against a program in another
//! language, and against itself unsliced.
//!
//! The others are then made wrong on purpose, one way at a time; every mutant must be found out.
//! `cargo xtask soak gate` runs a million cases.

use std::collections::{BTreeMap, BTreeSet};

use ken_sharing::bundle::Bundle;
use ken_sharing::decide::{Outcome, decide, decide_whole};
use ken_testkit::oracle::{self, Case, Known, Mutant, Verdict};

use crate::anew::{agreed_anew, question_anew};
use crate::dice::Dice;
use crate::layered::{layered, question_layered};
use crate::python;
use crate::questions::{question, tweaked};
use crate::vectors_world::{Entry, asked, bundle_after, told, world};

/// Worlds, and questions to each: 10,000 cases.
const WORLDS: u64 = 20;
const CASES: usize = 500;
/// Worlds beside these in which texts were agreed anew, and questions to each.
const ANEW: u64 = 8;
const CASES_ANEW: usize = 150;
/// Worlds with ceilings and opt-outs, and questions to each.
const LAYERED: u64 = 10;
const CASES_LAYERED: usize = 200;
/// One case in so many is decided unsliced too.
const WHOLE_IN: usize = 60;

/// Every way to be wrong that the cases must find out.
const MUTANTS: [Mutant; 57] = [
    Mutant::MaskIgnored,
    Mutant::OrderWithoutKind,
    Mutant::OrderWithoutWidth,
    Mutant::OrderWithoutId,
    Mutant::GraceNone,
    Mutant::GraceOneMore,
    Mutant::LastDayOut,
    Mutant::FirstDayOut,
    Mutant::StageForgotten,
    Mutant::StageDayLate,
    Mutant::StarIsOneself,
    Mutant::StarIsAnyParty,
    Mutant::StarRoleIsRecordOnly,
    Mutant::NullRoleIsAny,
    Mutant::ExceptNotSource,
    Mutant::ExceptAll,
    Mutant::LineageForgotten,
    Mutant::AgreementFollows,
    Mutant::DictionaryLabelForgotten,
    Mutant::HeldDecides,
    Mutant::NeedOneClause,
    Mutant::NeedBesideGap,
    Mutant::OfferOfEmergency,
    Mutant::OfferOfHeld,
    Mutant::OfferByEveryClause,
    Mutant::OfferOfGivenWords,
    Mutant::OfferOfWhatIsGiven,
    Mutant::OfferOfWhatIsForbidden,
    Mutant::OfferForgotten,
    Mutant::WordsServeAll,
    Mutant::ClaimedCounts,
    Mutant::SourcedLapses,
    Mutant::EnduringLapses,
    Mutant::SuspensionForgotten,
    Mutant::UnsignedStands,
    Mutant::AccordForgotten,
    Mutant::SecondPersonForgotten,
    Mutant::FamilyForgotten,
    Mutant::LinkerForgotten,
    Mutant::HoldUpForgotten,
    Mutant::OwnIsAnySource,
    Mutant::SourceUnchecked,
    Mutant::ReferrerIsAny,
    Mutant::KindsForgotten,
    Mutant::AgeForgotten,
    Mutant::ObjectionForgotten,
    Mutant::ObjectionStopsDuty,
    Mutant::ObjectionOfAnyPurpose,
    Mutant::ClaimedStateForgotten,
    Mutant::WithdrawalForgotten,
    Mutant::PlacesShown,
    Mutant::PlacesStop,
    Mutant::RestrictedOpens,
    Mutant::RestrictedStopsReports,
    Mutant::DeathForgotten,
    Mutant::AcceptsForgotten,
    Mutant::ProhibitionsForgotten,
];
/// Those that the worlds in which texts were agreed anew must find out.
const MUTANTS_ANEW: [Mutant; 5] = [
    Mutant::SourceAlwaysBegun,
    Mutant::LawAlwaysBegun,
    Mutant::HeirsForgotten,
    Mutant::HeirByItsOwnWord,
    Mutant::AnyHeir,
];

/// Those that the worlds with ceilings and opt-outs must find out.
const MUTANTS_LAYERED: [Mutant; 11] = [
    Mutant::CeilingForgotten,
    Mutant::CeilingOfOneLayer,
    Mutant::CeilingStopsLaw,
    Mutant::CeilingStopsEmergency,
    Mutant::OptOutForgotten,
    Mutant::OptOutStopsCare,
    Mutant::OptOutOfAnyNation,
    Mutant::OptOutOfGoingOnly,
    Mutant::OptOutStopsLaw,
    Mutant::OptOutOverAgreement,
    Mutant::OptOutOfCounts,
];

/// One world with its questions and the gate's answers.
struct Answered {
    world: Vec<Known>,
    cases: Vec<(Case, Verdict)>,
}

/// How worlds and their questions are made.
struct Making {
    change: fn(&mut Dice, &mut Vec<Entry>),
    question: fn(&mut Dice, &[Entry], &[Known]) -> Case,
    many: usize,
}

/// The partnership with a handful of changes.
const PLAIN: Making = Making { change: |_, _| (), question, many: CASES };
/// Where texts were agreed anew as well.
const AGREED_ANEW: Making =
    Making { change: agreed_anew, question: question_anew, many: CASES_ANEW };
/// Where texts set ceilings to those below, and people opted out of planning.
const WITH_CEILINGS: Making = Making {
    change: |dice, entries| layered(dice, entries),
    question: question_layered,
    many: CASES_LAYERED,
};

/// `before` lends its compiled policies to instruments that are the same here.
fn answered(seed: u64, before: &mut Option<Bundle>, by: &Making) -> Answered {
    let mut dice = Dice(seed);
    let mut entries = tweaked(&mut dice, seed);
    (by.change)(&mut dice, &mut entries);
    let (bundle, world) = (bundle_after(before.as_ref(), &entries), world(&entries));
    let mut cases = vec![];
    for _ in 0..by.many {
        let case = (by.question)(&mut dice, &entries, &world);
        let (ask, facts, rows) = asked(&case);
        let sliced = decide(&bundle, &ask, &facts, rows.as_ref()).unwrap();
        // With everything before the engine a decision takes a hundred times as long.
        if dice.one_in(WHOLE_IN) {
            let whole = decide_whole(&bundle, &ask, &facts, rows.as_ref()).unwrap();
            let refused = |outcome: &Outcome| matches!(outcome, Outcome::Deny(_));
            if !(refused(&sliced) && refused(&whole)) {
                assert_eq!(*sliced, whole, "seed {seed}: {case:?}");
            }
        }
        cases.push((case, told(&sliced)));
    }
    before.get_or_insert(bundle);
    Answered { world, cases }
}

/// How many worlds: twenty, or as many as the setting's cases need.
#[expect(clippy::disallowed_methods, reason = "a test is told how long to run by a setting")]
fn worlds() -> u64 {
    let wanted = std::env::var("KEN_GATE_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = u64::try_from(CASES).unwrap();
    wanted.map_or(WORLDS, |wanted: u64| wanted.div_ceil(cases).max(WORLDS))
}

/// Each wrong of the Python program, beside the oracle's, whose telling cases it is tried on.
const WRONGS: [(&str, Mutant); 12] = [
    ("mask", Mutant::MaskIgnored),
    ("order", Mutant::OrderWithoutKind),
    ("order", Mutant::OrderWithoutWidth),
    ("dates", Mutant::LastDayOut),
    ("stage", Mutant::StageForgotten),
    ("star", Mutant::StarIsOneself),
    ("except", Mutant::ExceptNotSource),
    ("lineage", Mutant::LineageForgotten),
    ("prohibition", Mutant::ProhibitionsForgotten),
    ("signature", Mutant::UnsignedStands),
    ("age", Mutant::AgeForgotten),
    ("emergency", Mutant::OfferOfEmergency),
];
/// And of the worlds in which texts were agreed anew.
const WRONGS_ANEW: [(&str, Mutant); 2] =
    [("early", Mutant::SourceAlwaysBegun), ("heir", Mutant::HeirsForgotten)];
/// And of those with ceilings and opt-outs.
const WRONGS_LAYERED: [(&str, Mutant); 2] =
    [("ceiling", Mutant::CeilingForgotten), ("opt-out", Mutant::OptOutForgotten)];
/// Cases on which each of them is tried.
const TRIED: usize = 12;

/// The three deciders over one world: what Python says, wrong on purpose or not, is compared.
fn compare_with_python(
    answered: &Answered,
    seed: u64,
    wrongs: &[(&'static str, Mutant)],
    alive: &mut BTreeSet<&'static str>,
) {
    let Answered { world, cases } = answered;
    let mut asked: Vec<_> = cases.iter().map(|(case, gate)| (case, gate, None)).collect();
    for (wrong, mutant) in wrongs.iter().copied().filter(|(wrong, _)| alive.contains(wrong)) {
        let telling =
            cases.iter().filter(|(case, gate)| oracle::decide(world, case, mutant) != *gate);
        asked.extend(telling.take(TRIED).map(|(case, gate)| (case, gate, Some(wrong))));
    }
    let lines = python::decide(world, asked.iter().map(|(case, _, wrong)| (*case, *wrong)));
    assert_eq!(lines.len(), asked.len(), "seed {seed}: an answer for every case");
    for ((case, gate, wrong), said) in asked.into_iter().zip(lines) {
        let same = said == python::line(gate);
        match wrong {
            None => assert!(same, "seed {seed}: gate {gate:?}, python {said}: {case:?}"),
            Some(wrong) if !same => drop(alive.remove(wrong)),
            Some(_) => {}
        }
    }
}

/// What was compared, and which wrong deciders nothing has found out yet.
struct Compared {
    tally: BTreeMap<String, usize>,
    alive: Vec<Mutant>,
    wrongs: BTreeSet<&'static str>,
}

/// Compares all deciders over worlds.
fn compare(
    worlds: impl Iterator<Item = u64>,
    make: fn(u64, &mut Option<Bundle>) -> Answered,
    mutants: &[Mutant],
    wrongs: &'static [(&'static str, Mutant)],
) -> Compared {
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    let mut alive: Vec<Mutant> = mutants.to_vec();
    let mut left: BTreeSet<&str> = wrongs.iter().map(|(wrong, _)| *wrong).collect();
    let (third, mut before) = (python::is_here(), None);
    for seed in worlds {
        let answered = make(seed, &mut before);
        let Answered { world, cases } = &answered;
        for (case, gate) in cases {
            let naive = oracle::decide(world, case, Mutant::None);
            assert_eq!(naive, *gate, "seed {seed}: {case:?}");
            alive.retain(|mutant| oracle::decide(world, case, *mutant) == *gate);
            let sort = match gate {
                Verdict::Permit(mask, _) if mask.is_empty() => "permit nothing held".to_owned(),
                Verdict::Permit(_, offers) if !offers.is_empty() => "permit and offer".to_owned(),
                Verdict::Permit(..) => "permit".to_owned(),
                Verdict::Need(_) => "need".to_owned(),
                Verdict::Deny(rank, _) => format!("deny {rank}"),
            };
            *tally.entry(sort).or_default() += 1;
        }
        if third {
            compare_with_python(&answered, seed, wrongs, &mut left);
        }
    }
    eprintln!("{tally:?}, alive: {alive:?} {left:?}");
    Compared { tally, alive, wrongs: if third { left } else { BTreeSet::new() } }
}

#[test]
fn three_deciders_agree_and_every_mutant_dies() {
    let plain = |seed, before: &mut Option<Bundle>| answered(seed, before, &PLAIN);
    let Compared { tally, alive, wrongs } = compare(0..worlds(), plain, &MUTANTS, &WRONGS);
    assert!(tally.values().sum::<usize>() >= 10_000);
    let scarce: Vec<_> = tally.iter().filter(|(_, n)| **n < 50).collect();
    assert!(tally.len() == 9 && scarce.is_empty(), "too few of a sort: {tally:?}");
    assert_eq!(alive, [], "mutants that no case found out");
    assert!(wrongs.is_empty(), "wrong Python programs not found out: {wrongs:?}");
}

/// The same where texts were agreed anew, or have not begun: a test of its own, so that neither
/// takes long.
#[test]
fn three_deciders_agree_on_what_was_agreed_anew() {
    let anew = |seed, before: &mut Option<Bundle>| answered(seed, before, &AGREED_ANEW);
    let seeds = 500..500 + ANEW;
    let Compared { tally, alive, wrongs } = compare(seeds, anew, &MUTANTS_ANEW, &WRONGS_ANEW);
    assert!(tally.get("permit").is_some_and(|many| *many > 100), "{tally:?}");
    assert!(tally.get("deny 0").is_some_and(|many| *many > 50), "{tally:?}");
    assert_eq!(alive, [], "mutants that no case found out");
    assert!(wrongs.is_empty(), "wrong Python programs not found out: {wrongs:?}");
}

/// The same where instruments bind those below, and people opted out of planning in a nation.
#[test]
fn three_deciders_agree_on_ceilings_and_opt_outs() {
    let layered = |seed, before: &mut Option<Bundle>| answered(seed, before, &WITH_CEILINGS);
    let seeds = 700..700 + LAYERED;
    let Compared { tally, alive, wrongs } =
        compare(seeds, layered, &MUTANTS_LAYERED, &WRONGS_LAYERED);
    assert!(tally.get("permit").is_some_and(|many| *many > 100), "{tally:?}");
    assert!(tally.get("deny 0").is_some_and(|many| *many > 50), "{tally:?}");
    assert_eq!(alive, [], "mutants that no case found out");
    assert!(wrongs.is_empty(), "wrong Python programs not found out: {wrongs:?}");
}
