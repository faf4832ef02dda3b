//! What a person asks to be put right: of whom, by when, who answers, and that it is answered once.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_care::correction::{self, ANSWER_WITHIN, NewCorrection, Outcome, Waiting, clock};
use ken_care::words::{self, Refused};
use ken_core::{AccountId, Ctx, PersonId, ResourceId, Sensitive};
use ken_directory::{Acting, HeldRole, practitioner};
use ken_ledger::Stream;
use ken_records::Seen;
use ken_store::timer::Runner;
use ken_store::{Reads as _, Row, Snapshot, Tx};

use crate::world::{World, word, worlds};
use crate::writing::{answers, leave, save, sign};

const WRONG: &str = "I have no sister";
const REASON: &str = "We looked, and the note is of somebody else";

/// An assessment of the practice about her, as she sees it in her own record.
async fn seen(world: &World) -> Seen {
    let person = world.person;
    world.relate(person, "practice", "direct-care").await;
    let of = leave(world, &world.rao, person).await;
    let saved = save(world, &of, &answers("I want to stay here")).await.unwrap();
    sign(world, of, saved).await.unwrap().unwrap();
    let (kind, sources) = (word("assessment"), BTreeSet::from([word("practice")]));
    let (db, keys, who) = (&world.on.db, &world.on.keys, (AccountId::draw(&*world.ids), person));
    let of = (&kind, &sources);
    let items = words::see(db, &world.ctx(), keys, &world.gate, who, of).await.unwrap();
    items.into_iter().find_map(|item| item.seen).unwrap()
}

async fn ask(
    world: &World,
    ctx: &Ctx<'_>,
    person: PersonId,
    (seen, text): (&Seen, &str),
) -> Result<ResourceId, Refused> {
    let of = |text: &str| Sensitive::new(text.to_owned());
    let (name, about, text, helper) = (of("Morag, 1948"), of("The bath"), of(text), of(""));
    let account = AccountId::draw(&*world.ids);
    let (name, about, text, helper) = (&name, &about, &text, &helper);
    let new = NewCorrection { person, account, name, about, text, helper };
    correction::ask(&world.on.db, ctx, &world.on.keys, seen, &new).await.unwrap()
}

async fn waiting(world: &World, by: &Acting) -> Vec<Waiting> {
    correction::waiting(&world.on.db, &world.ctx(), by).await.unwrap()
}

async fn answer(world: &World, ctx: &Ctx<'_>, by: &Acting, which: (PersonId, ResourceId)) -> bool {
    let (db, keys, reason) = (&world.on.db, &world.on.keys, Sensitive::new(REASON.to_owned()));
    let said = (Outcome::Refused, &reason);
    correction::answer(db, ctx, keys, by, which, said).await.unwrap()
}

/// What stands on the stream of an organisation of answers that did not come.
async fn missed(world: &World, organisation: &str) -> usize {
    let stream = Stream::Organisation(word(organisation));
    let sql = "SELECT entry_id FROM ledger_entry ORDER BY entry_id";
    let row = |row: &Row<'_>| row.parse::<ken_core::EntryId>(0);
    let read = async |s: &mut Snapshot| {
        let mut found = 0;
        for id in s.list(sql, &[], row).await? {
            let entry = ken_ledger::entry(s, &world.on.keys, &stream, id).await?;
            let detail = entry.and_then(|entry| entry.detail);
            found += usize::from(detail.is_some_and(|one| one.get("correction").is_some()));
        }
        Ok::<_, ken_ledger::Error>(found)
    };
    world.on.db.snapshot("test.missed", read).await.unwrap()
}

#[tokio::test]
async fn what_is_asked_waits_with_whoever_wrote_it_and_is_answered_once() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let gil = world.officer("Gil Governs", "practice").await;
        let fay = world.officer("Fay Governs", "cec").await;
        let seen = seen(&world).await;
        let ctx = world.ctx();
        let id = ask(&world, &ctx, person, (&seen, WRONG)).await.unwrap();
        assert_eq!(ask(&world, &ctx, person, (&seen, WRONG)).await, Ok(id), "{engine}: once");
        let stranger = world.another().await;
        let no = ask(&world, &world.ctx(), stranger, (&seen, WRONG)).await;
        assert_eq!(no, Err(Refused::NotTheirs), "{engine}");
        let no = ask(&world, &world.ctx(), person, (&seen, " ")).await;
        assert_eq!(no, Err(Refused::Empty), "{engine}");
        // Only with those who wrote it, who read what she sent.
        assert!(waiting(&world, &fay).await.is_empty(), "{engine}");
        assert!(
            !answer(&world, &world.ctx(), &fay, (person, id)).await,
            "{engine}: it is not theirs"
        );
        let list = waiting(&world, &gil).await;
        assert_eq!(list.len(), 1, "{engine}");
        let (db, keys, of) = (&world.on.db, &world.on.keys, (person, id));
        let none = correction::find(db, &world.ctx(), keys, &fay, of).await.unwrap();
        assert!(none.is_none(), "{engine}");
        assert_eq!(world.opened(person).await, 0, "{engine}");
        let opened = correction::find(db, &world.ctx(), keys, &gil, of).await.unwrap().unwrap();
        assert_eq!(world.opened(person).await, 1, "{engine}: who opens it is on the ledger");
        let sent = opened.sent.as_ref().unwrap();
        assert_eq!(sent.text.reveal(), WRONG, "{engine}");
        assert_eq!(sent.name.reveal(), "Morag, 1948", "{engine}");
        assert_eq!(list[0].due.duration_since(list[0].asked), ANSWER_WITHIN, "{engine}");
        let ctx = world.ctx();
        for _ in 0..2 {
            assert!(answer(&world, &ctx, &gil, (person, id)).await, "{engine}: the same form");
        }
        assert!(!answer(&world, &world.ctx(), &gil, (person, id)).await, "{engine}: once");
        assert!(waiting(&world, &gil).await.is_empty(), "{engine}");
        let own = correction::of_person(&world.on.db, &world.on.keys, person).await.unwrap();
        assert_eq!(own.len(), 1, "{engine}");
        assert_eq!(own[0].outcome, Some(Outcome::Refused), "{engine}");
        assert_eq!(own[0].answer.as_ref().unwrap().reveal(), REASON, "{engine}");
        // What was answered is not missed.
        world.run_corrections().await;
        assert_eq!(missed(&world, "practice").await, 0, "{engine}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_stands_on_the_ledger_and_goes_on_waiting() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let gil = world.officer("Gil Governs", "practice").await;
        let seen = seen(&world).await;
        ask(&world, &world.ctx(), person, (&seen, WRONG)).await.unwrap();
        world.run_corrections().await;
        assert_eq!(missed(&world, "practice").await, 1, "{engine}");
        let list = waiting(&world, &gil).await;
        assert_eq!(list.len(), 1, "{engine}");
        assert!(list[0].due < world.ctx().clock.now(), "{engine}");
    }
}

impl World {
    /// How often somebody opened what she asked.
    async fn opened(&self, person: PersonId) -> usize {
        let page = ken_ledger::Page { before: None, limit: 200 };
        let keys = &self.on.keys;
        let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, person, page).await;
        let entries = self.on.db.snapshot("test.entries", read).await.unwrap();
        let details = entries.into_iter().filter_map(|entry| entry.detail);
        details.filter(|one| one.get("opened").is_some()).count()
    }

    /// An officer of an organisation.
    async fn officer(&self, name: &str, at: &str) -> Acting {
        let (ctx, keys) = (self.ctx(), &self.on.keys);
        let held = HeldRole { organisation: word(at), role: word("ig.lead") };
        let made = self.on.db.write("test.officer", async |tx: &mut Tx| {
            let is = practitioner::register(tx, &ctx, name, None).await?;
            practitioner::give_role(tx, &ctx, keys, is, &held, None, None).await?;
            Ok::<_, ken_directory::Error>(is)
        });
        let (practitioner, account) = (made.await.unwrap(), AccountId::draw(&*self.ids));
        let HeldRole { organisation, role } = held.clone();
        Acting { account, practitioner, organisation, role }
    }

    /// The time for an answer goes by, and its clock rings.
    async fn run_corrections(&self) {
        self.clock.advance(ANSWER_WITHIN + SignedDuration::from_secs(1));
        let handlers = clock::handlers(&self.on.keys);
        let runner = handlers.into_iter().fold(Runner::default(), Runner::with);
        runner.run_once(&self.on.db, self.ctx()).await.unwrap();
    }
}
