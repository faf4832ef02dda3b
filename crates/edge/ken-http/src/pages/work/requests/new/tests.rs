//! What is asked, from the form to the page of what was sent.

use super::*;
use crate::view::rules;

fn filled() -> Filled {
    let text = |text: &str| Sensitive::new(text.to_owned());
    Filled {
        purpose: "direct-care".parse().ok(),
        kind: "need".into(),
        to: "practice gp.doctor".into(),
        days: "3wd".into(),
        name: text("Morag <Made-up>"),
        born: text("1948"),
        worry: text("She fell"),
        did: text("We rang"),
        ask: text("A visit"),
        told: "no".into(),
        why: text("She slept"),
        ..Filled::default()
    }
}

#[test]
fn what_is_missing_is_said_at_its_field() {
    let person: PersonId = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
    assert!(filled().request(person).is_ok());
    let check = |change: fn(&mut Filled), want: &str| {
        let mut filled = filled();
        change(&mut filled);
        let wrongs = filled.request(person).unwrap_err();
        assert_eq!(wrongs.iter().map(|wrong| wrong.field).collect::<Vec<_>>(), [want]);
    };
    check(|of| of.ask = Sensitive::new("  ".into()), "ask");
    check(|of| of.why = Sensitive::new("x".repeat(3_001)), "why");
    check(|of| of.days = "9wd".into(), "days");
    check(|of| of.told = "perhaps".into(), "told");
    check(|of| of.to = "practice".into(), "to");
    // A concern carries no telephone number: it is not dropped in silence.
    check(
        |of| {
            of.kind = "concern".into();
            of.phone = Sensitive::new("01632 960 001".into());
        },
        "phone",
    );
}

#[test]
fn answers_are_checked_before_they_go() {
    let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
    let csrf = Csrf::of("x");
    let shown = super::check(&filled(), person, "Practice: Doctor", &csrf).into_string();
    rules::assert_part(&shown);
    for want in ["Morag &lt;Made-up&gt;", "Within 3 working days", "No. She slept", "Practice"] {
        assert!(shown.contains(want), "{want}");
    }
    let goes = [("practice gp.doctor".to_owned(), "Practice: Doctor".to_owned())];
    let of = (person, Kind::Need);
    let shown = form(of, &goes, (&filled(), &[]), &csrf).into_string();
    rules::assert_part(&shown);
    let id = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
    rules::assert_part(&sent(id, "1wd").into_string());
}
