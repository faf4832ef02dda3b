//! An inter-agency referral discussion: written by the team, restricted, and told to the person no
//! sooner than somebody has reviewed that.

use std::collections::{BTreeMap, BTreeSet};

use ken_care::form::{self, Answers};
use ken_care::writing::{self, Answer, Leave, RESTRICTED, Request};
use ken_care::{assessment, draft};
use ken_core::{AccountId, Sensitive};
use ken_ledger::{Entry, Page, Visibility};
use ken_sharing::{Action, Caller, Decision, Question, affirmation, gate};
use ken_store::Snapshot;

use crate::world::{World, word, worlds};

const DECIDED: &str = "Police and social work see him together";

/// Beth's leave to write of a concern, once she has said that she looks at what is needed alone.
async fn leave(world: &World) -> Leave {
    let sources = [["nhsl", "practice"].map(word).into_iter().collect::<BTreeSet<_>>()];
    let request = Request {
        person: world.person,
        purpose: word("girfec-wellbeing"),
        category: word("concern"),
        sources: &sources,
    };
    let (db, keys) = (&world.on.db, &world.on.keys);
    for _ in 0..2 {
        match writing::ask(db, &world.ctx(), keys, &world.gate, &world.beth, &request).await {
            Ok(Answer::May(leave)) => return leave,
            Ok(Answer::Words(said)) => {
                let of = (&world.beth, world.person);
                affirmation::affirm(db, &world.ctx(), of.0, of.1, &said).await.unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("words do not help");
}

#[tokio::test]
async fn a_referral_discussion_is_restricted_and_told_after_a_review() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        world.relate(person, "cec", "girfec-team").await;
        let form = form::find("referral-discussion").unwrap();
        let typed = [
            ("started", "23 November 2026, 10:00"),
            ("why", "A bruise that nobody explains"),
            ("by", "health"),
            ("attending-1-who", "Dr Rao"),
            ("shared", "The school saw his father shout"),
            ("health", "Seen by the doctor yesterday"),
            ("views-none", "He is not asked before tomorrow"),
            ("safety", "He stays with his gran tonight"),
            ("decision", "joint"),
            ("reasons", DECIDED),
            ("closed-none", "It goes on"),
            ("review", "31 1 2040"),
        ];
        let pair =
            |(field, text): (&str, &str)| (field.to_owned(), Sensitive::new(text.to_owned()));
        let answers = Answers::of(form, &typed.into_iter().map(pair).collect::<BTreeMap<_, _>>());
        let (db, keys, of) = (&world.on.db, &world.on.keys, leave(&world).await);
        let seen = draft::save(db, &world.ctx(), keys, &of, (form, &answers), None).await;
        let seen = (seen.unwrap().unwrap(), "Children's social worker");
        assessment::sign(db, &world.ctx(), keys, of, form, seen).await.unwrap().unwrap();
        let whole = async |s: &mut Snapshot| ken_ledger::person_stream(s, keys, person, None).await;
        let whole = db.snapshot("test.stream", whole).await.unwrap();
        let of = whole.into_iter().filter_map(|placed| placed.entry).find(is_of_concern).unwrap();
        assert_eq!(of.visibility, Visibility::AfterReview, "{engine}");
        let page = Page { before: None, limit: 200 };
        let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, person, page).await;
        let told = db.snapshot("test.entries", read).await.unwrap();
        assert!(!told.iter().any(is_of_concern), "{engine}: the person does not read it yet");
        // Their own organisation reads it, and by themselves the person does not.
        let own = Caller::Practitioner(&world.beth);
        let team = shown(&world, own, "own-work").await;
        assert!(team.contains(DECIDED) && team.contains("He stays with his gran"), "{engine}");
        let person = shown(&world, Caller::Own(AccountId::draw(&*world.ids)), "own-record").await;
        assert!(!person.contains("gran"), "{engine}: {RESTRICTED} is not shown by itself");
    }
}

/// Whether an entry says that something of a concern was written.
fn is_of_concern(entry: &Entry) -> bool {
    let written =
        |detail: &serde_json::Value| detail.get("written").is_some_and(|of| of == "concern");
    entry.detail.as_ref().is_some_and(written)
}

/// What somebody is shown of the council's concerns.
async fn shown(world: &World, by: Caller<'_>, purpose: &str) -> String {
    let question = Question {
        person: world.person,
        sources: BTreeSet::from([word("cec")]),
        action: Action::View,
        purpose: word(purpose),
        categories: BTreeSet::from([word("concern")]),
        before: None,
    };
    let (db, keys) = (&world.on.db, &world.on.keys);
    let decided = gate::decide(db, &world.ctx(), keys, &world.gate, by, &question).await.unwrap();
    let Decision::Permit(permit) = decided else { return String::new() };
    let of = ken_records::disclose(db, &world.ctx(), keys, vec![permit]).await.unwrap();
    of.items.iter().map(|item| item.body.to_string()).collect()
}
