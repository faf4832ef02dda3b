//! What is asked for urgent care, for self-directed support, and of equipment at home.

use super::*;

/// The fields of a Key Information Summary of NHS Scotland, by the question that asks each.
const SUMMARY: [&str; 24] = [
    "special",
    "history",
    "baseline",
    "triggers",
    "care",
    "contacts",
    "escalate",
    "place",
    "final-place",
    "palliative",
    "decides",
    "decides-who",
    "awi",
    "dnacpr",
    "access",
    "agencies",
    "equipment",
    "equipment-what",
    "self-management",
    "plans",
    "safety",
    "sharing",
    "views",
    "review",
];

#[test]
fn every_field_of_a_summary_is_asked() {
    let form = find("key-information").unwrap();
    for id in SUMMARY {
        assert!(form.questions().any(|one| one.id == id), "{id}");
    }
    assert_eq!(form.makes.category(), "health-summary");
    // Its kind says already that it is about health, so that urgent care has it in one piece.
    assert!(form.questions().all(|one| !one.health));
}

#[test]
fn a_summary_that_was_not_agreed_says_why_it_is_written() {
    let form = find("key-information").unwrap();
    let wrong = |sharing: &str, why: &str| {
        let answers = Answers::of(form, &sent(&[("sharing", sharing), ("sharing-why", why)]));
        answers.wrongs(form, TODAY).iter().any(|one| one.field.starts_with("sharing"))
    };
    for (sharing, why, is_wrong) in [
        ("", "", true),
        ("agrees", "", false),
        ("not", "", true),
        ("not", "She may stop breathing", false),
        ("unable", "", true),
    ] {
        assert_eq!(wrong(sharing, why), is_wrong, "{sharing} {why}");
    }
}

#[test]
fn what_support_costs_stands_by_itself() {
    let form = find("self-directed-support").unwrap();
    let typed = [("option", "2"), ("budget", "£180 a week"), ("budget-held", "The council")];
    let answers = Answers::of(form, &sent(&typed));
    let made = |part| plan::care_plan(form, &answers, &signed(), part).to_string();
    assert!(
        made(Part::Money).contains("£180") && made(Part::Money).contains("support plan: budget")
    );
    for part in [Part::Own, Part::Health, Part::Others] {
        assert!(!made(part).contains("£180") && !made(part).contains("The council"), "{part:?}");
    }
    assert!(made(Part::Own).contains("Option 2: the person chooses the support"));
    assert_eq!(Part::Money.marks(), ["budget"]);
    let option = form.questions().find(|one| one.id == "option").unwrap();
    for code in ["1", "2", "3", "4"] {
        assert!(option.answer(code).is_some_and(|words| words.starts_with("Option ")), "{code}");
    }
    assert!(option.required && option.covers.as_deref() == Some("option"));
}

#[test]
fn no_question_loses_one_of_two_marks() {
    let both = json!({ "id": "m", "text": "M", "kind": "line", "health": true, "money": true });
    assert_eq!(Form::parse(&small(&json!([both])).to_string()), Err(Fault::Marks("m".into())));
}
