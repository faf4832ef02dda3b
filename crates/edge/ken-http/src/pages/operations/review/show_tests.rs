//! Tests of what is shown of a place: its states, and what nobody is led to.

use ken_person::Doubt;

use super::*;
use crate::view::rules;

fn side(person: &str, family: &str) -> Side {
    let seen = ken_person::Seen { family: family.into(), ..ken_person::Seen::default() };
    Side {
        person: person.parse().unwrap(),
        sources: "NHS Glen".into(),
        organisations: BTreeSet::new(),
        seen,
        details: vec![("Family name".into(), family.into()), ("Born".into(), String::new())],
        entries: std::collections::BTreeSet::new(),
    }
}

fn place() -> Place {
    let (me, until) = ("0190163d-8694-739b-aea5-966c26f8ad91", "2026-11-21T09:34:00Z");
    Place {
        person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
        id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
        source: "nhsl".parse().unwrap(),
        since: "2026-11-21T09:14:00Z".parse().unwrap(),
        candidates: vec![],
        claimed: Some((me.parse().unwrap(), until.parse().unwrap())),
        needs_second: true,
        answers: 1,
        is_copy: false,
    }
}

#[test]
fn every_state_keeps_the_rules_and_nothing_is_chosen() {
    let (mut place, csrf, sent) = (place(), Csrf::of("x"), Decided::default());
    let first = side("6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa", "SAMPLE");
    let pair = |person: &str, family: &str, is_left| {
        let side = side(person, family);
        let weighed = ken_person::weigh(&ken_person::Index::new(), &first.seen, &side.seen);
        let named = vec![("Glen Council".to_owned(), "NHS Glen".to_owned(), 4)];
        let kinds = (0..=queue::RISK_MOST).map(|n| format!("kind-{n}").parse().unwrap());
        let (asks, of) = ("cec".parse().unwrap(), "nhsl".parse().unwrap());
        let much = queue::Follow { asks, of, kinds: kinds.collect() };
        let follows = if is_left { vec![much] } else { vec![] };
        Pair { side, weighed, follows, named, is_left }
    };
    let others = vec![
        pair("7f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa", "SAMPEL", true),
        pair("8f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa", "Other", false),
    ];
    let sides = Sides { first: first.clone(), others };
    let wrongs = [Wrong::new("answer", "Choose"), Wrong::new("reason", "Say why")];
    let shown = open(&place, &sides, &sent, &wrongs, &csrf).into_string();
    rules::assert_part(&shown);
    assert!(!shown.contains("checked") && shown.contains("SAMP[<mark>LE</mark>]"));
    for want in ["Glen Council could ask NHS Glen for 4 kinds", "<svg", "Look for yourself"] {
        assert!(shown.contains(want), "{want} in {shown}");
    }
    // What lets bodies ask each other for much is for two, though the place is for one.
    let alone = Place { needs_second: false, ..place.clone() };
    let alone = open(&alone, &sides, &sent, &[], &csrf).into_string();
    for want in ["when a second reviewer says the same", "shown together, to whoever"] {
        assert_eq!(alone.matches(want).count(), 1, "{want} in {alone}");
    }
    let heads = ["Record 2</th>", "Record 1</th>"].map(|head| shown.find(head).unwrap());
    assert!(heads[0] < heads[1], "the first pair stands the other way round");
    assert_eq!(shown.matches("type=\"radio\"").count(), 5);
    // With more candidates than are shown, nobody says that it is none of them.
    let person = sides.others[0].side.person;
    let doubt = Doubt { person, reasons: BTreeSet::new(), alike: None };
    place.candidates = vec![doubt; CANDIDATES_MAX + 1];
    let shown = open(&place, &sides, &sent, &[], &csrf).into_string();
    assert!(!shown.contains("somebody else\"") && !shown.contains("value=\"different\""));
}

#[test]
fn what_is_told_of_an_answer_keeps_the_rules() {
    let (place, csrf) = (place(), Csrf::of("x"));
    let at = (place.person, place.id);
    let wrong = &[Wrong::new("reason", "Say why")];
    rules::assert_part(&decided(at, Decision::Same, "", wrong, &csrf).into_string());
    rules::assert_part(&unseen().into_string());
    rules::assert_part(&asked_now(2).into_string());
    assert_eq!(asked(&[], at.0, &Names::new()).into_string(), "");
    rules::assert_part(&marked().into_string());
    let both = [decided(at, Decision::Same, "", &[], &csrf), offer_known(at, &csrf)];
    rules::assert_part(&both.map(maud::Markup::into_string).concat());
    for outcome in [Outcome::Done, Outcome::AwaitsSecond] {
        rules::assert_part(&undone(at, outcome).into_string());
    }
    let another = |name| Taken::Another(name, place.since);
    let named = not_yours(at, &another(Some("Nan Second".into())), true, &csrf).into_string();
    assert!(named.contains("Nan Second has it until"), "{named}");
    for taken in [another(None), Taken::Decided(Decision::Different)] {
        rules::assert_part(&not_yours(at, &taken, true, &csrf).into_string());
    }
    for outcome in [Outcome::Done, Outcome::AwaitsSecond, Outcome::Disagreed, Outcome::Open] {
        rules::assert_part(&answered(at, outcome).into_string());
    }
}
