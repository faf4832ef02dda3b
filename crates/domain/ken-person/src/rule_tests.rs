//! Tests of the rule: cases by hand, and what must hold for any registration.

use ken_core::identifier::{Chi, LocalIdentifier, NhsNumber};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::demographics::SourceRecord;

fn source(organisation: &str, number: &str) -> SourceRecord {
    let local = LocalIdentifier::new("urn:test:number", number).unwrap();
    SourceRecord { organisation: organisation.parse().unwrap(), local }
}

fn chi_number(n: u64) -> Identifier {
    Identifier::Chi(Chi::impossible(n))
}

fn nhs_number(n: u64) -> Identifier {
    Identifier::Nhs(NhsNumber::impossible(n))
}

/// `Isla Sample 2017-03-14` at EH1 1BB.
fn says(from: SourceRecord, name: &str, born: &str, identifiers: &[Identifier]) -> Demographics {
    let (given, family) = name.split_once(' ').unwrap_or(("", ""));
    let mut incoming = Demographics::from_source(from);
    incoming.given = Sensitive::new(given.to_owned());
    incoming.family = Sensitive::new(family.to_owned());
    incoming.born = born.parse().ok();
    incoming.postcode = Sensitive::new("EH1 1BB".to_owned());
    incoming.identifiers = identifiers.to_vec();
    incoming
}

fn person(n: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(n))
}

/// Somebody known from one registration, as one of another source sees them.
fn known(n: u128, from: &Demographics) -> Known {
    let account = Account {
        name: NameKey::new(from.family.reveal(), from.given.reveal()),
        born: from.born,
        postcode: Sensitive::new(postcode_key(from.postcode.reveal())),
    };
    Known {
        person: person(n),
        identifiers: from.national(),
        accounts: vec![account],
        is_sources_own: false,
        is_set_apart: false,
    }
}

/// Person 1, known from one registration, when `incoming` comes.
fn first(held: &Demographics, incoming: &Demographics) -> Known {
    Known { is_sources_own: held.source == incoming.source, ..known(1, held) }
}

/// Several people, of whom at most one has the source's number.
fn several(held: &[Demographics], incoming: &Demographics) -> Vec<Known> {
    let own = held.iter().position(|one| one.source == incoming.source);
    let one = |(at, held)| Known { is_sources_own: own == Some(at), ..known(at as u128, held) };
    held.iter().enumerate().map(one).collect()
}

const ISLA: (&str, &str) = ("Isla Sample", "2017-03-14");

#[derive(Debug, PartialEq, Eq)]
enum Want {
    Known,
    New,
    Uncertain(&'static [Reason]),
}

/// Checks what is said of `incoming` where only `held` is known, as person 1.
fn check(held: &Demographics, incoming: &Demographics, want: &Want) {
    let got = match identify(incoming, &[first(held, incoming)]) {
        Verdict::Known(_) => Want::Known,
        Verdict::New => Want::New,
        Verdict::Duplicate(..) => panic!("one candidate cannot be two"),
        Verdict::Uncertain(doubts) => {
            let reasons: Vec<_> = doubts[0].reasons.iter().copied().collect();
            Want::Uncertain(reasons.leak())
        }
    };
    assert_eq!(got, *want, "{} {:?}", incoming.given.reveal(), incoming.born);
}

#[test]
fn a_national_number_links_with_a_name_or_a_date() {
    let held = says(source("nhsl", "1"), ISLA.0, ISLA.1, &[chi_number(1)]);
    let say = |name, born, numbers: &[Identifier], want| {
        check(&held, &says(source("cec", "9"), name, born, numbers), &want);
    };
    let one = [chi_number(1)];
    say("Isla Sample", "2017-03-14", &one, Want::Known);
    say("ISLA ROSE SAMPLE", "", &[], Want::New);
    say("Isla Sample", "", &one, Want::Known);
    say("Isla Married", "2017-03-14", &one, Want::Known);
    say("Isla Sample", "2018-01-01", &one, Want::Known);
    say("Jack Other", "2017-03", &one, Want::Known);
    let nothing = &[Reason::Identifier, Reason::Postcode, Reason::NothingElseAgrees];
    say("Jack Other", "2018-01-01", &one, Want::Uncertain(nothing));
    say("", "", &one, Want::Uncertain(nothing));
}

#[test]
fn name_and_date_are_worth_a_look_and_no_more() {
    let held = says(source("nhsl", "1"), ISLA.0, ISLA.1, &[chi_number(1)]);
    let say = |name, born, numbers: &[Identifier], want| {
        check(&held, &says(source("cec", "9"), name, born, numbers), &want);
    };
    let look = &[Reason::NameAndBirth, Reason::Postcode];
    say("Isla Sample", "2017-03-14", &[], Want::Uncertain(look));
    say("Isla Sample", "2017-03-14", &[nhs_number(5)], Want::Uncertain(look));
    say("Isla Sample", "2017-03", &[], Want::New);
    say("Isla Sample", "2017-03-15", &[], Want::New);
    // A namesake born on the same day, who has a number of her own.
    say("Isla Sample", "2017-03-14", &[chi_number(2)], Want::New);
}

#[test]
fn twins_stay_apart() {
    let isla = says(source("nhsl", "1"), "Isla Sample", "2017-03-14", &[chi_number(1)]);
    let jack = says(source("cec", "9"), "Jack Sample", "2017-03-14", &[]);
    check(&isla, &jack, &Want::New);
    // Jack is known, with or without a number of his own, and his sister's is typed for him.
    let mixed = says(source("cec", "9"), "Jack Sample", "2017-03-14", &[chi_number(1)]);
    for numbers in [vec![], vec![chi_number(2)]] {
        let jack = says(source("nhsl", "2"), "Jack Sample", "2017-03-14", &numbers);
        let verdict = identify(&mixed, &[known(1, &isla), known(2, &jack)]);
        assert!(matches!(verdict, Verdict::Uncertain(doubts) if doubts.len() == 2));
    }
}

#[test]
fn the_sources_own_number_holds_unless_all_speaks_against_it() {
    let held = says(source("nhsl", "1"), ISLA.0, ISLA.1, &[chi_number(1)]);
    let say = |name, born, numbers: &[Identifier], want| {
        check(&held, &says(source("nhsl", "1"), name, born, numbers), &want);
    };
    say("Isla Sample", "2017-03-14", &[], Want::Known);
    say("Isla Married", "2017-03-14", &[], Want::Known);
    say("", "", &[], Want::Known);
    let reused = &[Reason::SourceNumber, Reason::Postcode, Reason::NothingElseAgrees];
    say("Jack Other", "1950-01-01", &[], Want::Uncertain(reused));
    let other = &[Reason::SourceNumber, Reason::NameAndBirth, Reason::Postcode, Reason::ChiDiffers];
    say("Isla Sample", "2017-03-14", &[chi_number(2)], Want::Uncertain(other));
}

#[test]
fn a_number_learnt_late_shows_a_duplicate() {
    let before = says(source("cec", "9"), ISLA.0, ISLA.1, &[]);
    let board = known(2, &says(source("nhsl", "1"), ISLA.0, ISLA.1, &[chi_number(1)]));
    let learnt = says(source("cec", "9"), ISLA.0, ISLA.1, &[chi_number(1)]);
    match identify(&learnt, &[first(&before, &learnt), board.clone()]) {
        Verdict::Duplicate(own, doubts) => {
            assert_eq!(own, person(1));
            assert_eq!(doubts.iter().map(|doubt| doubt.person).collect::<Vec<_>>(), [person(2)]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(identify(&learnt, &[board]), Verdict::Known(person(2)));
}

#[test]
fn numbers_of_two_people_are_uncertain() {
    let one = known(1, &says(source("nhsl", "1"), ISLA.0, ISLA.1, &[chi_number(1)]));
    let two = known(2, &says(source("ooh", "1"), ISLA.0, ISLA.1, &[nhs_number(2)]));
    let both = says(source("cec", "9"), ISLA.0, ISLA.1, &[chi_number(1), nhs_number(2)]);
    let verdict = identify(&both, &[one, two]);
    let several = |doubts: &[Doubt]| doubts.iter().all(|d| d.reasons.contains(&Reason::SeveralFit));
    assert!(matches!(verdict, Verdict::Uncertain(doubts) if several(&doubts) && doubts.len() == 2));
}

#[test]
fn who_was_set_apart_is_not_offered_again() {
    let held = says(source("nhsl", "1"), ISLA.0, ISLA.1, &[chi_number(1)]);
    let mut apart = known(1, &held);
    apart.is_set_apart = true;
    let again = says(source("cec", "9"), ISLA.0, ISLA.1, &[chi_number(1)]);
    assert_eq!(identify(&again, &[apart]), Verdict::New);
}

fn registration() -> impl Strategy<Value = Demographics> {
    let who = prop::sample::select(vec!["nhsl", "cec", "ooh"]);
    let given = prop::sample::select(vec!["", "Isla", "Isla Rose", "Jack"]);
    let family = prop::sample::select(vec!["", "Sample", "Other"]);
    let born = prop::sample::select(vec!["", "2017", "2017-03", "2017-03-14", "2017-03-15"]);
    let numbers = (prop::option::of(0u64..3), prop::option::of(0u64..3));
    (who, 0u8..3, given, family, born, numbers).prop_map(|(who, local, given, family, born, n)| {
        let chi = n.0.map(chi_number);
        let numbers: Vec<_> = chi.into_iter().chain(n.1.map(nhs_number)).collect();
        says(source(who, &local.to_string()), &format!("{given} {family}"), born, &numbers)
    })
}

fn two_chis(a: &Demographics, b: &Demographics) -> bool {
    chi(&a.identifiers).any(|one| chi(&b.identifiers).any(|two| one != two))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn two_different_chi_numbers_never_link(a in registration(), b in registration()) {
        if two_chis(&a, &b) {
            prop_assert_ne!(identify(&a, &[first(&b, &a)]), Verdict::Known(person(1)));
        }
    }

    #[test]
    fn linking_is_symmetric(a in registration(), b in registration()) {
        // But for a source's own number, where the earlier registration is the one in force.
        if a.source != b.source {
            let links = |a, b| matches!(identify(a, &[first(b, a)]), Verdict::Known(_));
            prop_assert_eq!(links(&a, &b), links(&b, &a));
        }
    }

    #[test]
    fn nobody_links_without_an_equal_number(a in registration(), b in registration()) {
        let number = a.national().iter().any(|mine| b.national().contains(mine));
        if a.source != b.source && !number {
            prop_assert_ne!(identify(&a, &[first(&b, &a)]), Verdict::Known(person(1)));
        }
    }

    #[test]
    fn the_order_of_candidates_does_not_matter(
        a in registration(), others in prop::collection::vec(registration(), 0..4),
    ) {
        let mut candidates = several(&others, &a);
        let sorted = |verdict| match verdict {
            Verdict::Uncertain(mut doubts) => {
                doubts.sort();
                Verdict::Uncertain(doubts)
            }
            Verdict::Duplicate(own, mut doubts) => {
                doubts.sort();
                Verdict::Duplicate(own, doubts)
            }
            verdict => verdict,
        };
        let forward = sorted(identify(&a, &candidates));
        candidates.reverse();
        prop_assert_eq!(sorted(identify(&a, &candidates)), forward);
    }

    #[test]
    fn a_doubt_always_says_why(
        a in registration(), others in prop::collection::vec(registration(), 0..4),
    ) {
        let candidates = several(&others, &a);
        if let Verdict::Uncertain(doubts) = identify(&a, &candidates) {
            prop_assert!(!doubts.is_empty());
            prop_assert!(doubts.iter().all(|doubt| !doubt.reasons.is_empty()));
        }
    }
}
