//! Tests of the rule: cases by hand, and what must hold for any registration.

use ken_core::identifier::{Chi, LocalIdentifier, NhsNumber};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
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
        sex: from.sex,
        is_same_source: false,
        is_same_organisation: false,
    };
    Known {
        person: person(n),
        identifiers: from.national(),
        accounts: vec![account],
        is_sources_own: false,
        is_between: false,
        is_set_apart: false,
    }
}

/// Person `n`, known from one registration, when `incoming` comes.
fn seen(n: u128, held: &Demographics, incoming: &Demographics) -> Known {
    let mut known = known(n, held);
    known.is_sources_own = held.source == incoming.source;
    for account in &mut known.accounts {
        account.is_same_source = known.is_sources_own;
        account.is_same_organisation = held.source.organisation == incoming.source.organisation;
    }
    known
}

/// Person 1, known from one registration, when `incoming` comes.
fn first(held: &Demographics, incoming: &Demographics) -> Known {
    seen(1, held, incoming)
}

/// Several people, of whom at most one has the source's number.
fn several(held: &[Demographics], incoming: &Demographics) -> Vec<Known> {
    let own = held.iter().position(|one| one.source == incoming.source);
    let one = |(at, held)| {
        let is_own = own == Some(at);
        if is_own { seen(at as u128, held, incoming) } else { known(at as u128, held) }
    };
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
fn a_number_links_with_name_and_date_of_birth_and_not_with_one_of_them() {
    let held = says(source("nhsl", "1"), ISLA.0, ISLA.1, &[chi_number(1)]);
    let say = |name, born, numbers: &[Identifier], want| {
        check(&held, &says(source("cec", "9"), name, born, numbers), &want);
    };
    let one = [chi_number(1)];
    say("Isla Sample", "2017-03-14", &one, Want::Known);
    say("ISLA SAMPLE", "2017-03", &one, Want::Known);
    say("Isla Sampel", "2017-03-14", &one, Want::Known);
    say("Isla Sample-Reid", "2017-03-14", &one, Want::Known);
    let little = &[Reason::Identifier, Reason::Postcode, Reason::TooLittleAgrees];
    // The name without the date: her mother, perhaps, who has the same.
    say("Isla Sample", "", &one, Want::Uncertain(little));
    say("Isla Sample", "1987-03-14", &one, Want::Uncertain(little));
    say("Isla Sample", "2017", &one, Want::Uncertain(little));
    // The date without the name: somebody else born that day, whose number differs in a digit.
    say("Isla Married", "2017-03-14", &one, Want::Uncertain(little));
    say("Isle Sample", "2017-03-14", &one, Want::Uncertain(little));
    say("", "2017-03-14", &one, Want::Uncertain(little));
    let twin =
        &[Reason::Identifier, Reason::Postcode, Reason::TooLittleAgrees, Reason::PerhapsTwin];
    say("Jack Sample", "2017-03-14", &one, Want::Uncertain(twin));
    let nothing = &[Reason::Identifier, Reason::Postcode, Reason::NothingElseAgrees];
    say("Jack Other", "2018-01-01", &one, Want::Uncertain(nothing));
    say("", "", &one, Want::Uncertain(nothing));
    say("Isla Sample", "", &[], Want::New);
}

#[test]
fn what_contradicts_never_links() {
    const ALIKE: [Reason; 3] = [Reason::Identifier, Reason::NameAndBirth, Reason::Postcode];
    const SEX: &[Reason] = &[ALIKE[0], ALIKE[1], ALIKE[2], Reason::SexDiffers];
    const OTHER: &[Reason] = &[ALIKE[0], ALIKE[1], ALIKE[2], Reason::NumberDiffers];
    const CHI: &[Reason] = &[ALIKE[0], ALIKE[1], ALIKE[2], Reason::ChiDiffers];
    let with = |mut who: Demographics, sex| {
        who.sex = Some(sex);
        who
    };
    let numbers = [chi_number(1), nhs_number(1)];
    let held = with(says(source("nhsl", "1"), ISLA.0, ISLA.1, &numbers), Sex::Female);
    let say = |sex, numbers: &[Identifier], want| {
        let incoming = says(source("cec", "9"), ISLA.0, ISLA.1, numbers);
        check(&held, &with(incoming, sex), &want);
    };
    say(Sex::Female, &[chi_number(1)], Want::Known);
    say(Sex::Other, &[chi_number(1)], Want::Known);
    say(Sex::Male, &[chi_number(1)], Want::Uncertain(SEX));
    say(Sex::Female, &[chi_number(1), nhs_number(2)], Want::Uncertain(OTHER));
    say(Sex::Female, &[nhs_number(1), chi_number(2)], Want::Uncertain(CHI));
    // One source calls her Isla, another by her brother's name: a human looks.
    let mut both = known(1, &held);
    both.accounts.extend(known(1, &says(source("ooh", "1"), "Jack Sample", ISLA.1, &[])).accounts);
    let incoming = says(source("cec", "9"), ISLA.0, ISLA.1, &[chi_number(1)]);
    assert!(matches!(identify(&incoming, &[both]), Verdict::Uncertain(_)));
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
    say("Isle Sample", "2017-03-14", &[], Want::Known);
    say("Baby Sample", "2017-03-14", &[], Want::Known);
    let baby = &[Reason::SourceNumber, Reason::Postcode, Reason::TooLittleAgrees];
    say("Baby Other", "2017-03-14", &[], Want::Uncertain(baby));
    say("Isla Sample", "2017-03-15", &[], Want::Known);
    say("", "", &[], Want::Known);
    let twin =
        &[Reason::SourceNumber, Reason::Postcode, Reason::TooLittleAgrees, Reason::PerhapsTwin];
    say("Jack Sample", "2017-03-14", &[], Want::Uncertain(twin));
    let mother = &[Reason::SourceNumber, Reason::Postcode, Reason::TooLittleAgrees];
    say("Isla Sample", "1987-03-14", &[], Want::Uncertain(mother));
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

/// The same inputs in every run; more of them by `PROPTEST_CASES`.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(2_000), rng_seed: RngSeed::Fixed(16), ..default }
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
    #![proptest_config(config())]

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

    #[test]
    fn nobody_of_a_family_is_filed_under_another(
        family in household(), who in 0usize..4, number in 0usize..4, slip in slip(),
    ) {
        let one = |(n, one)| known(n as u128, one);
        let candidates: Vec<_> = family.iter().enumerate().map(one).collect();
        let mut incoming = slipped(&family[who], slip);
        incoming.source = source("cec", "9");
        incoming.identifiers.clone_from(&family[number].identifiers);
        match identify(&incoming, &candidates) {
            Verdict::Known(one) => {
                prop_assert_eq!(one, person(who as u128), "{:?} {:?}", &incoming.given, slip);
                prop_assert_eq!(number, who);
            }
            Verdict::Uncertain(doubts) => {
                let offered = |n: usize| doubts.iter().any(|one| one.person == person(n as u128));
                prop_assert!(offered(number));
                prop_assert!(who != number || slip == Slip::Given || slip == Slip::NoBirth);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

/// What goes wrong on the way, or is known otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    Nothing,
    Case,
    SecondName,
    Family,
    Given,
    MonthOnly,
    NoBirth,
}

fn slip() -> impl Strategy<Value = Slip> {
    use Slip::{Case, Family, Given, MonthOnly, NoBirth, Nothing, SecondName};
    prop::sample::select(vec![Nothing, Case, SecondName, Family, Given, MonthOnly, NoBirth])
}

/// Two neighbouring letters exchanged.
fn exchanged(name: &str, at: usize) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    letters.swap(at, at + 1);
    letters.into_iter().collect()
}

fn slipped(said: &Demographics, slip: Slip) -> Demographics {
    let mut said = said.clone();
    let (given, family) = (said.given.reveal().clone(), said.family.reveal().clone());
    match slip {
        Slip::Nothing => {}
        Slip::Case => said.given = given.to_uppercase().into(),
        Slip::SecondName => said.given = format!("{given} Una").into(),
        Slip::Family => said.family = exchanged(&family, 2).into(),
        Slip::Given => said.given = exchanged(&given, 1).into(),
        Slip::MonthOnly => {
            said.born = said
                .born
                .and_then(PartialDate::day)
                .map(|day| PartialDate::Month(day.year(), day.month()));
        }
        Slip::NoBirth => said.born = None,
    }
    said
}

/// A mother, a daughter of her name, and the daughter's twins: each with a number of their own.
fn household() -> impl Strategy<Value = Vec<Demographics>> {
    let names = vec!["Isla", "Jade", "Jane", "Morag", "Alan", "Alana", "Margaret", "Peigi"];
    let three = prop::sample::subsequence(names, 3).prop_shuffle();
    let family = prop::sample::select(vec!["Sample", "Reid-Bain", "Macdonald"]);
    let born = (1i16..=12, 1i16..=28);
    (three, family, born).prop_map(|(given, family, (month, day))| {
        let one = |n: u64, given: &str, year: i16| {
            let (name, local) = (format!("{given} {family}"), n.to_string());
            let born = format!("{year}-{month:02}-{day:02}");
            says(source("nhsl", &local), &name, &born, &[chi_number(n), nhs_number(n)])
        };
        vec![
            one(0, given[0], 1987),
            one(1, given[0], 2017),
            one(2, given[1], 2017),
            one(3, given[2], 2017),
        ]
    })
}
