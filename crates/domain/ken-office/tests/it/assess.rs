//! The assessment over both engines: nothing is signed before it is approved, and a version without
//! its mitigation is approved by nobody.

use std::collections::BTreeSet;

use ken_agreement::Instrument;
use ken_office::assess::{self, Assessment, Gap, Level, QUESTIONS, Risk};
use ken_office::signing::Attempt;
use ken_sharing::signing::{Clearance, Refusal};

use crate::world::{World, worlds};

const TEXT: &str = include_str!("../../../../../agreements/glen-asp-concern.toml");

fn whole(of: &Instrument) -> Assessment {
    let clause = of.clauses.iter().find(|clause| clause.id.as_str() == "P1").unwrap();
    let answers = QUESTIONS.iter().map(|(id, ..)| ((*id).to_owned(), "Said.".to_owned()));
    Assessment {
        triggers: BTreeSet::new(),
        answers: answers.collect(),
        risks: vec![Risk {
            text: "A charity learns of an offence".into(),
            likelihood: Level::Medium,
            severity: Level::High,
            clauses: [(clause.id.clone(), assess::fingerprint(clause))].into(),
            left: Level::Low,
        }],
        regulator: String::new(),
        equality: "EqIA 7".into(),
    }
}

#[tokio::test]
async fn an_approved_assessment_lets_sign_and_a_lost_mitigation_does_not() {
    for world in worlds().await {
        let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let text = Instrument::parse(TEXT).unwrap();
        let assessment = whole(&text);
        world.clear(&world.concern, Clearance::Notice).await;
        let approve =
            async |of: &Instrument| assess::approve(db, &world.ctx(), keys, &by, of).await.unwrap();
        assert!(approve(&text).await.is_err(), "nothing is answered");
        assess::write(db, &world.ctx(), keys, &by, (&text, &assessment)).await.unwrap();
        let refused = Attempt::Refused(Refusal::AssessmentMissing);
        assert_eq!(world.sign("cec", &world.concern).await, refused);
        assert!(approve(&text).await.is_ok(), "{}", world.on.engine);
        assert_eq!(world.sign("cec", &world.concern).await, Attempt::Signed);
        assess::write(db, &world.ctx(), keys, &by, (&text, &assessment)).await.unwrap();
        assert_eq!(world.sign("police", &world.concern).await, refused, "written is reopened");
        let mut next = text.clone();
        next.agreement.version = "9".parse().unwrap();
        next.clauses.retain(|clause| clause.id.as_str() != "P1");
        world.register(&next).await;
        let gaps = approve(&next).await.unwrap_err();
        assert_eq!(gaps, [Gap::MitigationGone("P1".into())].into());
    }
}

/// The questions of the page that partnerships ask before they share: each must be answered, and
/// each is its own.
#[tokio::test]
async fn nothing_is_approved_while_a_question_of_the_page_is_open() {
    for world in worlds().await {
        let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let text = Instrument::parse(TEXT).unwrap();
        for question in [
            "fields",
            "sources",
            "operations",
            "proportion",
            "confidence",
            "told",
            "excluded",
            "options",
            "heard",
        ] {
            let mut assessment = whole(&text);
            assert!(assessment.answers.insert(question.to_owned(), " ".to_owned()).is_some());
            assess::write(db, &world.ctx(), keys, &by, (&text, &assessment)).await.unwrap();
            let gaps = assess::approve(db, &world.ctx(), keys, &by, &text).await.unwrap();
            let open = gaps.unwrap_err();
            assert_eq!(open.len(), 1, "{question}: {open:?}");
            assert_eq!(format!("{open:?}"), format!("{{Unanswered({question:?})}}"));
        }
    }
}
