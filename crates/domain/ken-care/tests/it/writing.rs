//! Writing into the record: by a permit and no other way, as an item of the writer's organisation.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ken_care::assessment::{self, Refused};
use ken_care::draft::{self, DRAFTS_MAX, Draft, LIFE, Revised, Start};
use ken_care::form::{self, Answers, Form};
use ken_care::writing::{self, Answer, Leave, Request};
use ken_core::{PersonId, ResourceId, Sensitive};
use ken_directory::Acting;
use ken_sharing::Decision;
use ken_store::{Snapshot, Tx};

use crate::world::{World, word, worlds};

pub(crate) const VIEWS: &str = "I want to stay in my own house";

fn form() -> &'static Form {
    form::find("adult-assessment").unwrap()
}

pub(crate) fn answers(views: &str) -> Answers {
    let typed = [
        ("views", views),
        ("life", "She sees her sister"),
        ("daily", "Help with the bath"),
        ("health-none", "The practice knows"),
        ("people", "Effie"),
        ("risk", "The stairs"),
        ("outcomes-1-what", "A bath without fear"),
        ("process-none", "She asked not to be asked"),
        ("change", "She walks to the gate again"),
        ("review", "31 1 2040"),
    ];
    let pair = |(field, text): (&str, &str)| (field.to_owned(), Sensitive::new(text.to_owned()));
    Answers::of(form(), &typed.into_iter().map(pair).collect::<BTreeMap<_, _>>())
}

async fn ask(world: &World, by: &Acting, person: PersonId) -> Answer {
    let sources = [["cec", "nhsl", "practice"].map(word).into_iter().collect::<BTreeSet<_>>()];
    let request = Request {
        person,
        purpose: word("direct-care"),
        category: word("assessment"),
        sources: &sources,
    };
    let (db, keys) = (&world.on.db, &world.on.keys);
    writing::ask(db, &world.ctx(), keys, &world.gate, by, &request).await.unwrap()
}

pub(crate) async fn leave(world: &World, by: &Acting, person: PersonId) -> Leave {
    match ask(world, by, person).await {
        Answer::May(leave) => leave,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn save(
    world: &World,
    leave: &Leave,
    answers: &Answers,
) -> Result<Timestamp, draft::Refused> {
    let (db, keys, of) = (&world.on.db, &world.on.keys, (form(), answers));
    let seen = find(world, leave).await.map(|draft| draft.saved);
    draft::save(db, &world.ctx(), keys, leave, of, seen).await.unwrap()
}

async fn find(world: &World, leave: &Leave) -> Option<Draft> {
    let (ctx, keys) = (world.ctx(), &world.on.keys);
    let read = async |s: &mut Snapshot| draft::find(s, &ctx, keys, leave, form()).await;
    world.on.db.snapshot("test.draft", read).await.unwrap()
}

pub(crate) async fn sign(
    world: &World,
    leave: Leave,
    seen: Timestamp,
) -> Result<Result<ResourceId, Refused>, ken_care::Error> {
    let (db, keys) = (&world.on.db, &world.on.keys);
    assessment::sign(db, &world.ctx(), keys, leave, form(), (seen, "GP")).await
}

/// What a reader is shown of the assessments of one source.
async fn read(world: &World, by: &Acting, source: &str) -> Vec<String> {
    let Decision::Permit(permit) = world.ask(by, (source, "assessment")).await else {
        return vec![];
    };
    let (db, keys) = (&world.on.db, &world.on.keys);
    let of = ken_records::disclose(db, &world.ctx(), keys, vec![permit]).await.unwrap();
    of.items.iter().map(|item| item.body.to_string()).collect()
}

#[tokio::test]
async fn who_may_read_it_writes_it_and_nobody_else_does() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        assert!(matches!(ask(&world, &world.rao, person).await, Answer::Refused), "{engine}");
        assert!(matches!(ask(&world, &world.dawn, person).await, Answer::Refused), "{engine}");
        // Her clause asks for words.
        assert!(matches!(ask(&world, &world.jo, person).await, Answer::Words(_)), "{engine}");
        world.relate(person, "practice", "direct-care").await;
        let of = leave(&world, &world.rao, person).await;
        let seen = save(&world, &of, &answers(VIEWS)).await.unwrap();
        let item = sign(&world, of, seen).await.unwrap().unwrap();
        world.relate(person, "nhsl", "direct-care").await;
        let said = read(&world, &world.kirsty, "practice").await;
        assert_eq!(said.len(), 3, "{engine}: what bears a mark stands by itself");
        let of = |title: &str| said.iter().find(|one| one.contains(title)).unwrap();
        let (apart, health) = (of("assessment: about others"), of("assessment: health"));
        let own = said.iter().find(|one| one.contains(VIEWS)).unwrap();
        assert!(apart.contains("Effie") && health.contains("The practice knows"), "{engine}");
        for other in ["Effie", "The practice knows"] {
            assert!(!own.contains(other), "{engine}: {other} is apart");
        }
        for want in [VIEWS, "Dr Rao, GP, Glen practice", "QuestionnaireResponse", &item.to_string()]
        {
            assert!(own.contains(want), "{engine}: {want} in {own}");
        }
        assert!(read(&world, &world.kirsty, "cec").await.is_empty(), "{engine}: of no other body");
        let entries = world.written(person).await;
        assert_eq!(entries.len(), 1, "{engine}");
        assert_eq!(entries[0]["item"], item.to_string());
        assert_eq!(entries[0]["role"], "gp.doctor");
        assert_eq!(entries[0]["apart"].as_array().unwrap().len(), 2, "{engine}");
        assert!(!entries[0].to_string().contains(VIEWS), "{engine}: what, and not the words");
    }
}

#[tokio::test]
async fn a_leave_is_for_as_long_as_what_it_was_decided_by() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        world.relate(person, "practice", "direct-care").await;
        let of = leave(&world, &world.rao, person).await;
        let seen = save(&world, &of, &answers(VIEWS)).await.unwrap();
        // Something about her is decided anew meanwhile.
        world.relate(person, "nhsl", "direct-care").await;
        let stale = sign(&world, of, seen).await.unwrap_err();
        assert_eq!(stale.code(), "records.stale", "{engine}");
        let late = leave(&world, &world.rao, person).await;
        // Longer than a permit lives, and not so long that the ledger is behind.
        world.clock.advance(SignedDuration::from_secs(31));
        assert_eq!(sign(&world, late, seen).await.unwrap_err().code(), "records.stale");
        let again = leave(&world, &world.rao, person).await;
        let found = find(&world, &again).await.unwrap();
        assert_eq!((found.saved, &found.answers), (seen, &answers(VIEWS)), "{engine}: it is kept");
        assert!(read(&world, &world.kirsty, "practice").await.is_empty(), "{engine}");
        sign(&world, again, seen).await.unwrap().unwrap();
        assert_eq!(read(&world, &world.kirsty, "practice").await.len(), 3, "{engine}");
    }
}

#[tokio::test]
async fn a_draft_is_its_writers_alone_and_runs_out() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        world.relate(person, "practice", "direct-care").await;
        world.relate(person, "nhsl", "direct-care").await;
        let of = leave(&world, &world.rao, person).await;
        let seen = save(&world, &of, &answers(VIEWS)).await.unwrap();
        let other = leave(&world, &world.kirsty, person).await;
        assert_eq!(find(&world, &other).await, None, "{engine}");
        assert_eq!(sign(&world, other, seen).await.unwrap(), Err(Refused::Changed), "{engine}");
        // Nor does whoever writes the database read it, or make it somebody else's.
        world.steal_drafts(&world.kirsty).await;
        let other = leave(&world, &world.kirsty, person).await;
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let read = async |s: &mut Snapshot| draft::find(s, &ctx, keys, &other, form()).await;
        assert!(world.on.db.snapshot("test.stolen", read).await.is_err(), "{engine}");
        let of = leave(&world, &world.rao, person).await;
        save(&world, &of, &answers(VIEWS)).await.unwrap();
        world.clock.advance(LIFE);
        assert_eq!(find(&world, &of).await, None, "{engine}: it has run out");
        save(&world, &of, &answers("Again")).await.unwrap();
        world.clock.advance(LIFE);
        assert_eq!(world.count_drafts().await, 2, "{engine}");
        let ctx = world.ctx();
        let sweep = async |tx: &mut Tx| draft::sweep(tx, &ctx).await;
        world.on.db.write("test.sweep", sweep).await.unwrap();
        assert_eq!(world.count_drafts().await, 0, "{engine}: what has run out is removed");
    }
}

#[tokio::test]
async fn no_draft_takes_the_place_of_one_that_was_not_seen() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        world.relate(person, "practice", "direct-care").await;
        let of = leave(&world, &world.rao, person).await;
        let (db, keys) = (&world.on.db, &world.on.keys);
        let first = save(&world, &of, &answers(VIEWS)).await.unwrap();
        world.clock.advance(SignedDuration::from_secs(1));
        let other = answers("Something else");
        let blind = draft::save(db, &world.ctx(), keys, &of, (form(), &other), None).await.unwrap();
        assert_eq!(blind, Err(draft::Refused::Changed(first)), "{engine}");
        assert_eq!(find(&world, &of).await.unwrap().answers, answers(VIEWS), "{engine}");
        let same = (form(), &answers(VIEWS));
        let again = draft::save(db, &world.ctx(), keys, &of, same, None).await.unwrap();
        assert_eq!(again, Ok(first), "{engine}: the same again changes nothing");
        let seen = draft::save(db, &world.ctx(), keys, &of, (form(), &other), Some(first)).await;
        assert!(seen.unwrap().unwrap() > first, "{engine}");
    }
}

#[tokio::test]
async fn nobody_has_more_drafts_than_are_kept_for_them() {
    for world in worlds().await {
        let engine = world.on.engine;
        for at in 0..=DRAFTS_MAX {
            let person = world.another().await;
            world.relate(person, "practice", "direct-care").await;
            let of = leave(&world, &world.rao, person).await;
            let kept = save(&world, &of, &answers(VIEWS)).await;
            let want = if at < DRAFTS_MAX { kept.is_ok() } else { kept.is_err() };
            assert!(want, "{engine}: {at}");
            if at == 0 {
                let long = "x".repeat(form::answers::WORDS_MAX + 1);
                let kept = save(&world, &of, &answers(&long)).await;
                assert_eq!(kept, Err(draft::Refused::TooLong), "{engine}");
            }
        }
    }
}

#[tokio::test]
async fn what_lacks_an_answer_is_not_signed() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        world.relate(person, "practice", "direct-care").await;
        let of = leave(&world, &world.rao, person).await;
        let seen = save(&world, &of, &answers("")).await.unwrap();
        assert_eq!(sign(&world, of, seen).await.unwrap(), Err(Refused::Unfit), "{engine}");
        assert!(world.written(person).await.is_empty(), "{engine}");
    }
}

/// Begins a draft that revises an item.
async fn revise(world: &World, by: &Acting, (of, answers): (Revised, &Answers)) -> Timestamp {
    let leave = leave(world, by, world.person).await;
    let start = Start { answers: answers.clone(), revises: Some(of), ..Start::default() };
    let (db, keys) = (&world.on.db, &world.on.keys);
    let begun = draft::begin(db, &world.ctx(), keys, &leave, (form(), &start)).await;
    begun.unwrap().unwrap()
}

/// What the board's worker has signed of the person, whom the practice knows too; a second later.
async fn signed(world: &World) -> ResourceId {
    let person = world.person;
    world.relate(person, "practice", "direct-care").await;
    world.relate(person, "nhsl", "direct-care").await;
    let of = leave(world, &world.rao, person).await;
    let seen = save(world, &of, &answers(VIEWS)).await.unwrap();
    let item = sign(world, of, seen).await.unwrap().unwrap();
    world.clock.advance(SignedDuration::from_secs(1));
    item
}

#[tokio::test]
async fn what_is_revised_is_another_version_and_takes_the_place_of_none_unseen() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let item = signed(&world).await;
        let first = Revised { item, version: 1 };
        let seen = revise(&world, &world.rao, (first, &answers("I want to move"))).await;
        // A draft that revises something is begun once.
        let of = leave(&world, &world.rao, person).await;
        let (db, keys, none) = (&world.on.db, &world.on.keys, Start::default());
        let again = draft::begin(db, &world.ctx(), keys, &of, (form(), &none)).await.unwrap();
        assert_eq!(again, Err(draft::Refused::Changed(seen)), "{engine}");
        assert_eq!(sign(&world, of, seen).await.unwrap(), Ok(item), "{engine}: the same item");
        let said = read(&world, &world.kirsty, "practice").await;
        assert_eq!(said.len(), 3, "{engine}: no item beside it");
        assert!(said.iter().any(|one| one.contains("I want to move")), "{engine}");
        assert!(!said.iter().any(|one| one.contains(VIEWS)), "{engine}: the newest is read");
        // Whoever began from the first one has not seen the second.
        world.clock.advance(SignedDuration::from_secs(1));
        let seen = revise(&world, &world.rao, (first, &answers("I do not know"))).await;
        let of = leave(&world, &world.rao, person).await;
        assert_eq!(sign(&world, of, seen).await.unwrap(), Err(Refused::Newer(2)), "{engine}");
        world.clock.advance(SignedDuration::from_secs(1));
        let of = leave(&world, &world.rao, person).await;
        let looked = draft::follow(db, &world.ctx(), keys, &of, (form(), 2), seen).await;
        let again = sign(&world, of, looked.unwrap().unwrap()).await.unwrap();
        assert_eq!(again, Ok(item), "{engine}: once they have looked at it");
    }
}

#[tokio::test]
async fn no_part_goes_on_saying_what_the_version_of_now_does_not() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let item = signed(&world).await;
        // Of her health nothing more is said than that nobody asked, and of others nothing new.
        let mut typed: BTreeMap<String, Sensitive<String>> =
            serde_json::from_slice(&answers(VIEWS).to_bytes()).unwrap();
        let words = |text: &str| Sensitive::new(text.to_owned());
        typed.remove("people");
        typed.insert("people-none".to_owned(), words("Nobody was asked"));
        let later = Answers::of(form(), &typed);
        let seen = revise(&world, &world.rao, (Revised { item, version: 1 }, &later)).await;
        let of = leave(&world, &world.rao, person).await;
        sign(&world, of, seen).await.unwrap().unwrap();
        let said = read(&world, &world.kirsty, "practice").await.join(" ");
        assert!(!said.contains("Effie") && said.contains("Nobody was asked"), "{engine}: {said}");
    }
}

#[tokio::test]
async fn nobody_revises_what_another_body_wrote() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let item = signed(&world).await;
        let theirs = Revised { item, version: 1 };
        let seen = revise(&world, &world.kirsty, (theirs, &answers("Ours"))).await;
        let of = leave(&world, &world.kirsty, person).await;
        assert_eq!(sign(&world, of, seen).await.unwrap(), Err(Refused::Changed), "{engine}");
        let said = read(&world, &world.kirsty, "practice").await.join(" ");
        assert!(said.contains(VIEWS) && !said.contains("Ours"), "{engine}");
        // Nor what is nothing of the kind.
        let none = Revised { item: ResourceId::draw(&*world.ids), version: 1 };
        let seen = revise(&world, &world.rao, (none, &answers("Ours"))).await;
        let of = leave(&world, &world.rao, person).await;
        assert_eq!(sign(&world, of, seen).await.unwrap(), Err(Refused::Changed), "{engine}");
    }
}

#[tokio::test]
async fn who_is_told_of_as_a_reader_is_whom_the_gate_lets_read() {
    let all = ["cec", "nhsl", "practice"];
    for world in worlds().await {
        let engine = world.on.engine;
        for body in ["nhsl", "practice", "rowan"] {
            world.relate(world.person, body, "direct-care").await;
        }
        let (bundle, today) = (world.bundle().await, world.ctx().clock.today());
        let people = [&world.jo, &world.beth, &world.nadia, &world.kirsty, &world.rao, &world.dawn];
        let mut told = 0;
        for (source, kind) in all.into_iter().flat_map(|at| [(at, "assessment"), (at, "criminal")])
        {
            let readers = bundle.readers(&word(source), &word(kind), today);
            for by in people.iter().filter(|by| by.organisation.as_str() != source) {
                let decision = world.ask(by, (source, kind)).await;
                let may = matches!(decision, Decision::Permit(_) | Decision::Need(_));
                let of = readers.get(&by.organisation);
                let is_told = of.is_some_and(|of| {
                    let is_role = of.any_role || of.roles.contains(&by.role);
                    is_role && of.purposes.contains("direct-care")
                });
                assert_eq!(may, is_told, "{engine}: {source} {kind} {}", by.role);
                told += usize::from(is_told);
            }
        }
        assert!(told > 3, "{engine}: nothing is compared");
    }
}

impl World {
    /// What was entered of what was written about somebody.
    pub(crate) async fn written(&self, person: PersonId) -> Vec<serde_json::Value> {
        let page = ken_ledger::Page { before: None, limit: 200 };
        let keys = &self.on.keys;
        let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, person, page).await;
        let entries = self.on.db.snapshot("test.entries", read).await.unwrap();
        let details = entries.into_iter().filter_map(|entry| entry.detail);
        details.filter(|one| one.get("written").is_some()).collect()
    }

    /// Writes somebody else's name over the writers of all drafts.
    async fn steal_drafts(&self, by: &Acting) {
        const STEAL: ken_store::Sql =
            ken_store::Sql::both("UPDATE care_draft SET practitioner_id = $1, organisation = $2");
        let stolen = self.on.db.write("test.steal", async |tx: &mut Tx| {
            tx.execute(STEAL, ken_store::values![by.practitioner, &by.organisation]).await
        });
        assert_eq!(stolen.await.unwrap(), 1);
    }

    async fn count_drafts(&self) -> i64 {
        const COUNT: ken_store::Sql = ken_store::Sql::both("SELECT COUNT(*) FROM care_draft");
        let count = async |s: &mut Snapshot| {
            use ken_store::Reads as _;
            s.find(COUNT, &[], |row| row.int(0)).await
        };
        self.on.db.snapshot("test.count", count).await.unwrap().unwrap_or_default()
    }
}
