//! What words would add beside a permit: it is really added, it takes nothing away, it says nothing
//! of what is held, and neither an emergency nor what a prohibition refuses is among it.

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::{Instrument, Kind};
use ken_core::{Category, FieldName};
use ken_sharing::bundle::Bundle;
use ken_sharing::decide::{Ask, Facts, Outcome, Permitted, RowClass, decide};
use ken_testkit::oracle::{Case, Verdict};

use crate::dice::Dice;
use crate::partnership::{Ready, short};
use crate::questions::{beside, question, tweaked};
use crate::vectors_world::{asked, bundle_after, glen, word, words, world};

/// Worlds, and questions to each.
const WORLDS: u64 = 4;
const CASES: usize = 400;

type Fields = BTreeSet<(Category, FieldName)>;

fn permitted(
    bundle: &Bundle,
    (ask, facts): (&Ask, &Facts),
    rows: Option<&BTreeSet<RowClass>>,
) -> Option<Permitted> {
    match &*decide(bundle, ask, facts, rows).unwrap() {
        Outcome::Permit(permitted) => Some(permitted.clone()),
        Outcome::Need(_) | Outcome::Deny(_) => None,
    }
}

fn fields<'a, F: IntoIterator<Item = &'a FieldName>>(
    of: impl IntoIterator<Item = (&'a Category, F)>,
) -> Fields {
    let all = of.into_iter().map(|(category, fields)| (category, fields.into_iter()));
    all.flat_map(|(category, fields)| fields.map(|field| (category.clone(), field.clone())))
        .collect()
}

fn covered(permitted: &Permitted) -> Fields {
    fields(permitted.categories.iter().map(|(category, of)| (category, of.keys())))
}

/// Each row class that may leave, with its fields.
fn mask(permitted: &Permitted) -> BTreeSet<(RowClass, FieldName)> {
    let all = permitted.mask.iter();
    all.flat_map(|(row, of)| of.keys().map(|field| (row.clone(), field.clone()))).collect()
}

#[test]
fn words_that_are_offered_really_add_and_never_take_away() {
    let mut offered = 0;
    let mut first: Option<Bundle> = None;
    for seed in 200..200 + WORLDS {
        let mut dice = Dice(seed);
        let entries = tweaked(&mut dice, seed);
        let (bundle, known) = (bundle_after(first.as_ref(), &entries), world(&entries));
        for _ in 0..CASES {
            let about_words = beside(&mut dice, &entries, &known);
            let any = || question(&mut dice, &entries, &known);
            let case = about_words.unwrap_or_else(any);
            let (ask, facts, rows) = asked(&case);
            let Some(before) = permitted(&bundle, (&ask, &facts), rows.as_ref()) else { continue };
            assert!(case.up_to || before.offers.is_empty(), "all or nothing: {case:?}");
            let unheld = permitted(&bundle, (&ask, &facts), Some(&BTreeSet::new()));
            if case.up_to {
                let unheld = unheld.expect("what is held changes no answer");
                assert_eq!(unheld.offers, before.offers, "seed {seed}: {case:?}");
            }
            let mut every = facts.clone();
            let mut adds = Fields::new();
            for (id, offer) in &before.offers {
                let (_, clause) = bundle.clause(id).unwrap();
                assert_ne!(clause.kind, Kind::Exceptional, "seed {seed}: {case:?}");
                assert!(!offer.statements.is_empty() && !offer.adds.is_empty(), "{case:?}");
                assert!(offer.statements.values().all(|text| !text.is_empty()), "{case:?}");
                let mut facts = facts.clone();
                facts.attested.extend(offer.statements.keys().cloned());
                every.attested.extend(offer.statements.keys().cloned());
                let after = permitted(&bundle, (&ask, &facts), rows.as_ref()).unwrap();
                let own = fields(&offer.adds);
                assert!(own.is_disjoint(&covered(&before)) && own.is_disjoint(&adds), "{case:?}");
                assert!(own.is_subset(&covered(&after)), "seed {seed}: {id} {case:?}");
                assert!(after.citations.contains_key(id), "seed {seed}: {id} {case:?}");
                assert!(covered(&before).is_subset(&covered(&after)), "seed {seed}: {case:?}");
                assert!(mask(&before).is_subset(&mask(&after)), "seed {seed}: {case:?}");
                adds.extend(own);
            }
            let after = permitted(&bundle, (&ask, &every), rows.as_ref()).unwrap();
            adds.extend(covered(&before));
            assert_eq!(covered(&after), adds, "seed {seed}: {case:?}");
            assert_eq!(after.offers, BTreeMap::new(), "seed {seed}: {case:?}");
            offered += usize::from(!before.offers.is_empty());
        }
        first.get_or_insert(bundle);
    }
    assert!(offered > 30, "{offered} offered something");
}

/// What a look at the school's record of a child offers, by clause.
fn offered(change: impl Fn(&mut Instrument), flow: &str, facts: &[&str]) -> Vec<(String, String)> {
    let mut entries = glen(6);
    let girfec = entries.iter_mut().find(|e| e.instrument.agreement.id.as_str() == "glen-girfec");
    change(&mut girfec.unwrap().instrument);
    let kinds = ["core", "concern", "third-party", "care-plan"];
    let case: Case = short(flow, "girfec-wellbeing", &kinds, facts);
    match Ready::new(&entries).ask(&case) {
        Verdict::Permit(_, offers) => {
            let short = |id: &str| id.rsplit('#').next().unwrap().to_owned();
            let all = offers.iter().flat_map(|(id, (_, adds))| {
                let kinds: BTreeSet<&String> = adds.iter().map(|(category, _)| category).collect();
                kinds.into_iter().map(move |kind| (short(id), kind.clone()))
            });
            all.collect()
        }
        Verdict::Need(_) | Verdict::Deny(..) => vec![],
    }
}

const TEAM: &str = "relationship:girfec-team";
const TO_COUNCIL: &str = "primary/record view cec/sw.children";
const TO_SCHOOL: &str = "nhsl/record view primary/ed.head";

fn says(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(id, kind)| ((*id).to_owned(), (*kind).to_owned())).collect()
}

#[test]
fn the_words_of_w2_are_offered_beside_what_w1_permits() {
    assert_eq!(offered(|_| {}, TO_COUNCIL, &[TEAM]), says(&[("W2", "concern")]));
    assert_eq!(offered(|_| {}, TO_SCHOOL, &[TEAM]), says(&[("W2", "concern")]));
    let another = |instrument: &mut Instrument| {
        let w2 = instrument.clauses.iter().find(|clause| clause.id.to_string() == "W2");
        let mut more = w2.unwrap().clone();
        more.id = word("W3");
        more.categories = words(["concern", "third-party"]);
        instrument.clauses.push(more);
    };
    // Each field once, under the first clause that would carry it.
    let both = says(&[("W2", "concern"), ("W3", "third-party")]);
    assert_eq!(offered(another, TO_COUNCIL, &[TEAM]), both);
    assert_eq!(offered(|_| {}, TO_COUNCIL, &[]), [], "nobody of the team, nothing at all");
    assert_eq!(offered(|_| {}, TO_COUNCIL, &[TEAM, "objection"]), [], "the child objects");
}

#[test]
fn what_a_prohibition_refuses_is_not_offered() {
    let wider = |instrument: &mut Instrument| {
        let w2 = instrument.clauses.iter_mut().find(|clause| clause.id.to_string() == "W2");
        w2.unwrap().categories.insert(word("third-party"));
    };
    // P1 keeps what is about other people from the school, and from nobody else.
    let both = says(&[("W2", "concern"), ("W2", "third-party")]);
    assert_eq!(offered(wider, TO_COUNCIL, &[TEAM]), both);
    assert_eq!(offered(wider, TO_SCHOOL, &[TEAM]), says(&[("W2", "concern")]));
}

#[test]
fn what_waits_for_a_fact_or_is_for_an_emergency_is_not_offered() {
    let waits = |instrument: &mut Instrument| {
        let w2 = instrument.clauses.iter_mut().find(|clause| clause.id.to_string() == "W2");
        w2.unwrap().require.insert(word("age>=16"));
    };
    assert_eq!(offered(waits, TO_COUNCIL, &[TEAM]), []);
    assert_eq!(offered(waits, TO_COUNCIL, &[TEAM, "age>=16"]), says(&[("W2", "concern")]));
    let urgent = |instrument: &mut Instrument| {
        let w2 = instrument.clauses.iter_mut().find(|clause| clause.id.to_string() == "W2");
        w2.unwrap().kind = Kind::Exceptional;
    };
    assert_eq!(offered(urgent, TO_COUNCIL, &[TEAM]), []);
}

#[test]
fn half_of_the_words_are_not_asked_for_again() {
    let entries = glen(6);
    let ready = Ready::new(&entries);
    let mut case = short(TO_COUNCIL, "girfec-wellbeing", &["core", "concern"], &[TEAM]);
    let Verdict::Permit(_, offers) = ready.ask(&case) else { panic!("nothing permitted") };
    let [(id, (affirm, _))] = offers.iter().collect::<Vec<_>>()[..] else { panic!("{offers:?}") };
    case.attested.clone_from(affirm);
    let Verdict::Permit(mask, left) = ready.ask(&case) else { panic!("nothing permitted") };
    assert!(left.is_empty(), "{left:?}");
    let concern = mask.iter().filter(|((row, _), _)| row.category == "concern");
    let by: BTreeSet<&String> = concern.map(|(_, by)| by).collect();
    assert_eq!(by, [id].into());
    // Words of another clause serve nothing here.
    case.attested = words::<String>([id.replace("#W2", "#W1") + "/necessary-proportionate"]);
    let Verdict::Permit(_, again) = ready.ask(&case) else { panic!("nothing permitted") };
    assert_eq!(again, offers);
}
