//! The forms language and the forms of the program: what is no form, what may be signed, and what
//! becomes of it.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use ken_core::Sensitive;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::*;
use crate::form::fhir::{Part, Signed, questionnaire, response};
use crate::form::origin::{Origin, Origins};

/// The forms for support at home and in urgent care.
mod support;

const TODAY: Date = date(2026, 11, 21);

/// A form with one heading, and whatever a test adds to its questions.
fn small(questions: &Value) -> Value {
    json!({
        "id": "x", "version": 1, "title": "X", "makes": "assessment", "minimum": "childs-plan",
        "source": "made up", "sections": [{ "id": "s", "title": "S", "questions": questions }],
    })
}

fn sent(typed: &[(&str, &str)]) -> BTreeMap<String, Sensitive<String>> {
    let pair =
        |(field, text): &(&str, &str)| ((*field).to_owned(), Sensitive::new((*text).to_owned()));
    typed.iter().map(pair).collect()
}

fn signed() -> Signed {
    Signed {
        person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
        author: "Jo Worker, Duty social worker, Glen Council".to_owned(),
        at: "2026-11-21T09:00:00Z".parse().unwrap(),
        origins: Origins::new(),
    }
}

#[test]
fn every_form_of_the_program_reads_and_covers_its_minimum() {
    assert_eq!(MINIMA.len(), 10);
    for text in TEXTS {
        let form = Form::parse(text);
        assert!(form.is_ok(), "{form:?}");
    }
    assert_eq!(FORMS.len(), TEXTS.len());
    for form in FORMS.iter() {
        let views = form.questions().find(|one| one.covers.as_deref() == Some(VIEWS)).unwrap();
        assert!(views.required && views.or_reason.is_some(), "{}", form.id);
        assert!(form.questions().any(|one| one.kind == Kind::Day && one.required), "{}", form.id);
        assert_eq!(find(&form.id), Some(form));
    }
    for minimum in MINIMA.iter() {
        assert!(minimum.headings.iter().any(|heading| heading.id == VIEWS), "{}", minimum.id);
    }
}

/// What every assessment of an adult covers: Talking Points (IRISS), the outcomes of people who use
/// services; and what the standards of 2007 ask of its shape, in the house's words.
const ADULT: [&str; 23] = [
    // Quality of life.
    "safe",
    "things-to-do",
    "seeing-people",
    "well",
    "living",
    "stigma",
    // Process.
    "listened",
    "say",
    "respect",
    "responded",
    "reliability",
    // Change.
    "confidence",
    "skills",
    "mobility",
    "symptoms",
    // The shape.
    "views",
    "quality-of-life",
    "daily-life",
    "health",
    "people",
    "risk",
    "outcomes",
    "review",
];
/// What a child's plan holds (child's plan statement), a wellbeing concern (GIRFEC practice
/// guidance 1), and the record of an inter-agency referral discussion (child protection guidance,
/// 3.15-3.35).
const CHILD: [(&str, &[&str]); 3] = [
    ("childs-plan", &["views", "parents", "needs", "action", "outcome", "review", "lead"]),
    (
        "wellbeing-concern",
        &[
            "views",
            "parents",
            "worry",
            "indicators",
            "in-the-way",
            "information",
            "i-do",
            "agency-does",
            "others-do",
        ],
    ),
    (
        "referral-discussion",
        &["started", "why", "by", "attending", "shared", "safety", "decision", "reasons", "closed"],
    ),
];

#[test]
fn the_national_lists_are_covered() {
    for (id, headings) in CHILD.into_iter().chain([("adult-assessment", &ADULT[..])]) {
        let form = find(id).unwrap();
        let minimum = MINIMA.iter().find(|one| one.id == form.minimum).unwrap();
        for heading in headings {
            assert!(minimum.headings.iter().any(|one| one.id == *heading), "{id}: {heading}");
            let asked = form.questions().find(|one| one.covered().any(|id| id == heading));
            assert!(asked.is_some_and(|one| one.required), "{id}: {heading}");
        }
    }
    // Assessment, care and support plan, review and carer's assessment: a review is another version
    // of a plan, by the day that the last one set.
    for id in ["adult-assessment", "adult-plan", "carer-assessment"] {
        let mut asked = find(id).unwrap().questions();
        assert!(asked.any(|one| one.covers.as_deref() == Some("review") && one.required), "{id}");
    }
    // What is discussed between agencies before anybody speaks with the family is theirs to hold.
    assert!(find("referral-discussion").unwrap().restricted);
    assert!(FORMS.iter().all(|form| !form.restricted || form.id == "referral-discussion"));
}

#[test]
fn what_is_no_form_says_why() {
    let words = |id: &str| json!({ "id": id, "text": id, "kind": "words" });
    let choice = json!({ "id": "c", "text": "C", "kind": { "choice": [["yes", "Yes"]] } });
    let when = |of: &str, is: &str| {
        let when = json!({ "question": of, "is": [is] });
        json!({ "id": "w", "text": "W", "kind": "line", "when": when })
    };
    let covering = |more: Value| {
        let mut one = json!({ "id": "v", "text": "V", "kind": "words", "covers": "views" });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        one
    };
    for (questions, want) in [
        (json!([]), Fault::Size),
        (json!([words("a"), words("a")]), Fault::Twice("a".into())),
        (json!([words("s")]), Fault::Twice("s".into())),
        (json!([when("c", "yes"), choice]), Fault::When("w".into())),
        (json!([choice, when("c", "no")]), Fault::When("w".into())),
        (json!([choice, when("c", "yes")]), Fault::Lacks("views".into())),
        (json!([covering(json!({}))]), Fault::Skippable("v".into())),
        (
            json!([
                choice,
                covering(json!({ "required": true,
                "when": { "question": "c", "is": ["yes"] } }))
            ]),
            Fault::Skippable("v".into()),
        ),
        (
            json!([covering(json!({ "required": true, "covers": "other" }))]),
            Fault::Unknown("other".into()),
        ),
    ] {
        assert_eq!(Form::parse(&small(&questions).to_string()), Err(want), "{questions}");
    }
    assert!(matches!(Form::parse("{}"), Err(Fault::Unread(why)) if why.contains("line 1")));
}

#[test]
fn what_must_be_put_right_is_said_of_its_field() {
    let form = find("adult-assessment").unwrap();
    let wrong = |typed: &[(&str, &str)], field: &str| {
        let answers = Answers::of(form, &sent(typed));
        answers.wrongs(form, TODAY).into_iter().find(|one| one.field == field).map(|one| one.says)
    };
    assert!(wrong(&[], "views").unwrap().contains("or say why there is nothing"));
    assert_eq!(wrong(&[("views", "I want to stay here")], "views"), None);
    assert_eq!(wrong(&[("views-none", "She is asleep")], "views"), None);
    assert!(wrong(&[("views", "x"), ("views-none", "y")], "views").unwrap().contains("not both"));
    for nothing in [" \n ", ".", "\u{200b}"] {
        assert!(wrong(&[("views", nothing)], "views").is_some(), "{nothing:?} is no answer");
    }
    assert!(wrong(&[("review", "31 2 2027")], "review").unwrap().contains("enter a day"));
    assert!(wrong(&[("review", "1 1 2020")], "review").unwrap().contains("to come"));
    assert_eq!(wrong(&[("review", "31.1.2027")], "review"), None);
    assert!(wrong(&[("life-state", "lovely")], "life-state").unwrap().contains("choose one"));
    assert!(wrong(&[("equipment-what", "A bed")], "equipment-what").is_some(), "not asked");
    assert_eq!(wrong(&[("equipment", "yes"), ("equipment-what", "A bed")], "equipment-what"), None);
    assert!(wrong(&[("outcomes-1-how", "With help")], "outcomes-1-what").is_some());
    assert!(wrong(&[("outcomes-2-what", "To walk")], "outcomes-1-what").is_none());
    let long = "x".repeat(WORDS_MAX_AND_ONE);
    assert!(wrong(&[("views", &long)], "views").unwrap().contains("at most"));
}

const WORDS_MAX_AND_ONE: usize = answers::WORDS_MAX + 1;

#[test]
fn a_form_is_a_questionnaire_with_its_conditions() {
    let form = find("adult-assessment").unwrap();
    let made = questionnaire(form);
    let text = made.to_string();
    assert_eq!(made["title"], "Adult assessment");
    let daily = made["item"][2]["item"].as_array().unwrap();
    let what = daily.iter().find(|one| one["linkId"] == "equipment-what").unwrap();
    assert_eq!(what["enableWhen"][0]["question"], "equipment");
    assert_eq!(what["enableWhen"][0]["answerCoding"]["code"], "yes");
    for question in form.questions().flat_map(Question::fields) {
        assert!(text.contains(&format!("\"linkId\":\"{question}\"")), "{question}");
    }
}

#[test]
fn a_plan_has_its_goals_actions_and_notes() {
    let form = find("childs-plan").unwrap();
    let typed = [
        ("views", "I like school when Mr Bell is there"),
        ("parents", "Her mother says that her father is away"),
        ("goals-1-what", "Isla comes to school every day"),
        ("goals-1-know", "the register"),
        ("actions-1-what", "Breakfast club"),
        ("actions-1-who", "The school"),
        ("actions-1-when", "1 December"),
        ("actions-2-what", "A visit"),
        ("actions-2-state", "Done"),
    ];
    let made = plan::care_plan(form, &Answers::of(form, &sent(&typed)), &signed(), Part::Own);
    assert_eq!(made["goal"][0]["display"], "Isla comes to school every day; the register");
    let detail = |at: usize| made["activity"][at]["detail"].clone();
    assert_eq!(detail(0)["performer"][0]["display"], "The school");
    assert_eq!(detail(0)["scheduledString"], "1 December");
    assert_eq!(detail(0)["status"], "not-started");
    assert_eq!(detail(1)["status"], "completed");
    assert_eq!(made["note"][0]["text"], "I like school when Mr Bell is there");
    assert_eq!(made["note"].as_array().unwrap().len(), 1, "no goal is told twice");
    let others = Answers::of(form, &sent(&typed));
    let others = plan::care_plan(form, &others, &signed(), Part::Others);
    assert_eq!(others["note"].as_array().unwrap().len(), 1);
    assert_eq!(others["note"][0]["text"], "Her mother says that her father is away");
    assert!(others.get("goal").is_none(), "FHIR has no empty list");
}

#[test]
fn what_is_taken_over_keeps_who_said_it_first() {
    let origin = Origin {
        form: "Wellbeing assessment".to_owned(),
        author: "Jo Worker, Duty social worker, Glen Council".to_owned(),
        source: "Glen Council".to_owned(),
        on: TODAY,
    };
    let origins = Origins::from([
        ("views".to_owned(), origin.clone()),
        ("goals-1-what".to_owned(), origin.clone()),
    ]);
    let signed = Signed { origins, ..signed() };
    let typed = [("views", "I like school"), ("goals-1-what", "Sleep"), ("matters", "Swimming")];
    let form = find("childs-plan").unwrap();
    let answers = Answers::of(form, &sent(&typed));
    for made in [
        plan::care_plan(form, &answers, &signed, Part::Own),
        response(form, &answers, &signed, Part::Own),
    ] {
        assert_eq!(origin::form_of(&made), Some(form), "{made}");
        let known = origin::read_back(form, &made);
        let first = |field: &str| known[field].origin.clone();
        assert_eq!(first("views"), Some(origin.clone()), "{made}");
        assert_eq!((first("goals-1-what"), first("matters")), (Some(origin.clone()), None));
        // Of another form it says nothing.
        assert!(origin::read_back(find("carer-assessment").unwrap(), &made).len() < 2);
    }
    assert_eq!(format!("{origin:?}"), "Origin(..)", "who said it is in no log");
}

#[test]
fn what_two_forms_ask_alike_is_kept_apart_alike() {
    let mut known: BTreeMap<String, &Question> = BTreeMap::new();
    let mut shared = 0;
    for question in FORMS.iter().flat_map(Form::questions) {
        let Some(same) = &question.same else { continue };
        let of = |one: &Question| (one.kind.clone(), Part::of(one));
        match known.get(same) {
            Some(first) => {
                assert_eq!(of(first), of(question), "{same}");
                shared += 1;
            }
            None => drop(known.insert(same.clone(), question)),
        }
    }
    assert!(shared > 2, "{shared}");
}

/// What a partnership changes in a form.
type Change = fn(&mut Value);

/// A form of the program as a partnership changes it.
fn own(id: &str, change: impl FnOnce(&mut Value)) -> Result<Vec<Form>, local::Wrong> {
    let is_it = |text: &&&str| Form::parse(text).is_ok_and(|form| form.id == id);
    let text = TEXTS.iter().find(is_it).unwrap();
    let mut form: Value = serde_json::from_str(text).unwrap();
    form["version"] = json!(100);
    change(&mut form);
    local::read(&[("glen.json".to_owned(), form.to_string())])
}

/// A question of a form, by its place.
fn asked(form: &mut Value, (section, place): (usize, usize)) -> &mut Value {
    &mut form["sections"][section]["questions"][place]
}

#[test]
fn a_step_of_the_partnership_fits_beside_the_minimum_or_says_why_not() {
    let step = json!({ "id": "glen", "title": "Glen's own step", "questions": [
        { "id": "glen-pets", "text": "Who looks after the pets", "kind": "line" } ] });
    let forms = own("adult-assessment", |form| {
        form["sections"].as_array_mut().unwrap().insert(1, step.clone());
    });
    let form = &forms.unwrap()[0];
    assert_eq!(form.sections[1].title, "Glen's own step");
    let answers = Answers::of(form, &sent(&[("glen-pets", "Effie")]));
    let made = response(form, &answers, &signed(), Part::Own);
    let back = origin::read_back(form, &made);
    assert_eq!(back["glen-pets"].typed.reveal(), "Effie", "it is in what is signed and read back");
    let wrong = |id: &str, change: Change| own(id, change).unwrap_err().to_string();
    let adult = |change| wrong("adult-assessment", change);
    let lacks = adult(|form| drop(form["sections"].as_array_mut().unwrap().remove(3)));
    assert_eq!(lacks, "glen.json: nothing covers the heading `health` of its minimum");
    let skips = adult(|form| asked(form, (0, 0))["required"] = json!(false));
    assert!(skips.starts_with("glen.json: the question `views` covers a heading"), "{skips}");
    let unknown = adult(|form| asked(form, (0, 0))["covers"] = json!("weather"));
    assert_eq!(unknown, "glen.json: its minimum has no heading `weather`");
    let old = adult(|form| form["version"] = json!(1));
    assert_eq!(old, "glen.json: its version must be above 2, the program's");
    let changes: [(Change, &str); 4] = [
        (|form| asked(form, (3, 0))["health"] = json!(false), "health"),
        (|form| asked(form, (4, 0))["about_others"] = json!(false), "people"),
        (|form| asked(form, (1, 0))["kind"] = json!("line"), "life"),
        (|form| form["makes"] = json!("plan"), "adult-assessment"),
    ];
    for (change, id) in changes {
        let says = adult(change);
        assert!(says.starts_with(&format!("glen.json: `{id}` is made")), "{says}");
    }
    // Nor by another question that answers the same heading, or in a form of another name.
    let other = adult(|form| {
        asked(form, (3, 0))["id"] = json!("glen-health");
        asked(form, (3, 0))["health"] = json!(false);
    });
    assert!(other.starts_with("glen.json: `glen-health` is made"), "{other}");
    let named = wrong("referral-discussion", |form| {
        form["id"] = json!("glen-discussion");
        form["restricted"] = json!(false);
    });
    assert!(named.contains("`glen-discussion` is made"), "{named}");
    let open = wrong("referral-discussion", |form| form["restricted"] = json!(false));
    assert!(open.contains("`referral-discussion` is made"), "{open}");
    let typo = adult(|form| form["sectoins"] = json!([]));
    assert!(typo.contains("unknown field `sectoins`") && typo.contains("line"), "{typo}");
    let other = own("carer-assessment", |form| {
        form["id"] = json!("glen-carers");
        asked(form, (0, 0))["kind"] = json!("line");
    });
    assert!(other.unwrap_err().to_string().contains("`views` is made"), "a shared word is alike");
}

fn repeatable() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..default }
}

/// A form of the program with some of its questions left out.
fn without(text: &str, left_out: &[bool]) -> (String, Vec<String>) {
    let mut form: Value = serde_json::from_str(text).unwrap();
    let (mut at, mut gone) = (0, vec![]);
    for section in form["sections"].as_array_mut().unwrap() {
        section["questions"].as_array_mut().unwrap().retain(|one| {
            let is_gone = left_out.get(at).copied().unwrap_or(false);
            at += 1;
            let also = one["also_covers"].as_array().into_iter().flatten();
            let covered = also.chain([&one["covers"]]).filter_map(Value::as_str);
            gone.extend(covered.filter(|_| is_gone).map(str::to_owned));
            !is_gone
        });
    }
    (form.to_string(), gone)
}

/// Something that may be typed into a field.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("yes".to_owned()),
        Just("no".to_owned()),
        Just("good".to_owned()),
        Just("31 1 2027".to_owned()),
        "[a-z ]{0,12}",
    ]
}

/// What was signed is read back as it was typed.
fn assert_read_back(form: &Form, answers: &Answers, made: &[Value]) {
    let back = made.iter().flat_map(|part| origin::read_back(form, part));
    let back = Answers::of(form, &back.map(|(field, known)| (field, known.typed)).collect());
    let asked = form.questions().filter(|one| answers.asks(one));
    for field in asked.flat_map(Question::fields) {
        assert_eq!(back.get(field), answers.get(field), "{field}");
    }
}

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn no_form_lacks_a_heading_of_its_minimum(
        which in 0..TEXTS.len(),
        left_out in prop::collection::vec(prop::bool::weighted(0.1), QUESTIONS_MAX),
    ) {
        let (text, gone) = without(TEXTS[which], &left_out);
        match Form::parse(&text) {
            Ok(form) => {
                prop_assert!(gone.is_empty(), "{gone:?}");
                let minimum = MINIMA.iter().find(|one| one.id == form.minimum).unwrap();
                for heading in &minimum.headings {
                    let covers = |one: &Question| one.covered().any(|id| *id == heading.id);
                    prop_assert!(form.questions().any(covers));
                }
            }
            Err(Fault::Lacks(heading)) => prop_assert!(gone.contains(&heading)),
            Err(other) => {
                // A condition on a question that is gone is none either.
                let is_other = matches!(other, Fault::When(_) | Fault::Size);
                prop_assert!(is_other, "{other:?}");
            }
        }
    }

    #[test]
    fn what_may_be_signed_leaves_no_heading_unsaid(
        which in 0..TEXTS.len(),
        words in prop::collection::vec(typed(), 200),
        skips in prop::collection::vec(prop::bool::weighted(0.02), 200),
    ) {
        let form = &FORMS[which];
        let mut sent = BTreeMap::new();
        // Mostly as somebody would fill it in, so that some of it may be signed.
        for (at, question) in form.questions().enumerate() {
            let given = |of: &str| sent.get(of).map(Sensitive::reveal).cloned();
            let is = |when: &When| given(&when.question).is_some_and(|one| when.is.contains(&one));
            let asked = question.when.as_ref().is_none_or(is);
            for (place, field) in question.fields().enumerate() {
                let given = match &question.kind {
                    _ if skips[at] => words[at].clone(),
                    _ if !asked || question.or_reason.as_ref() == Some(field) => String::new(),
                    Kind::Day => "31 1 2027".to_owned(),
                    Kind::Choice(answers) => answers[answers.len() - 1].0.clone(),
                    Kind::Table { .. } if place > 0 => String::new(),
                    Kind::Line | Kind::Words | Kind::Table { .. } => format!("word {at}"),
                };
                sent.insert(field.clone(), Sensitive::new(given));
            }
        }
        let answers = Answers::of(form, &sent);
        let kept = Answers::from_bytes(&answers.to_bytes());
        prop_assert_eq!(kept.as_ref(), Some(&answers), "a draft is what was typed");
        if answers.wrongs(form, TODAY).is_empty() {
            let parts = Part::ALL.map(|part| response(form, &answers, &signed(), part));
            let made: String = parts.iter().map(Value::to_string).collect();
            let link = |one: &String| format!("\"linkId\":\"{one}\"");
            for (part, text) in Part::ALL.iter().zip(parts.iter().map(Value::to_string)) {
                for one in form.questions().filter(|one| !part.has(one)) {
                    let told = one.fields().any(|field| text.contains(&link(field)));
                    prop_assert!(!told, "{} is apart of {part:?}", one.id);
                }
            }
            let plans = Part::ALL.map(|part| plan::care_plan(form, &answers, &signed(), part));
            for made in [&parts, &plans] {
                assert_read_back(form, &answers, made);
            }
            for question in form.questions() {
                let said = question.fields().any(|one| made.contains(&link(one)));
                if question.covers.is_some() {
                    prop_assert!(said, "{} is unsaid", question.id);
                }
                prop_assert!(answers.asks(question) || !said, "{} was not asked", question.id);
            }
        }
    }
}
