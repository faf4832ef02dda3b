//! Discussions: of one person, purpose and kind of information, and never without a leave.

use std::collections::BTreeSet;

use ken_care::discussion::{self, Kind, Refused, TEXT_LEN_MAX, Words};
use ken_care::writing::{self, Answer, Leave, Request};
use ken_core::{Ctx, OrganisationId, PersonId, ResourceId, Sensitive};
use ken_directory::Acting;
use ken_sharing::Decision;
use ken_store::Snapshot;

use crate::world::{World, word, worlds};

const TEXT: &str = "She nearly fell there on Sunday";

async fn leave(world: &World, by: &Acting, person: PersonId, kind: Kind) -> Option<Leave> {
    let all = ["cec", "nhsl", "practice"].map(word::<OrganisationId>);
    let sources = [BTreeSet::from(all)];
    let (purpose, category) = (word("direct-care"), word(kind.category()));
    let request = Request { person, purpose, category, sources: &sources };
    let (db, keys) = (&world.on.db, &world.on.keys);
    match writing::ask(db, &world.ctx(), keys, &world.gate, by, &request).await.unwrap() {
        Answer::May(leave) => Some(leave),
        Answer::Words(_) | Answer::Refused => None,
    }
}

async fn open(world: &World, ctx: &Ctx<'_>, of: Leave, text: &str) -> Result<ResourceId, Refused> {
    let (topic, text) = (Sensitive::new("The step".to_owned()), Sensitive::new(text.to_owned()));
    let words = Words { text: &text, as_role: "GP" };
    let (db, keys, bundle) = (&world.on.db, &world.on.keys, world.bundle().await);
    discussion::open(db, ctx, keys, (of, &bundle), (&topic, &words)).await.unwrap()
}

async fn say(world: &World, of: Leave, id: ResourceId, text: &str) -> Result<ResourceId, Refused> {
    let text = Sensitive::new(text.to_owned());
    let words = Words { text: &text, as_role: "GP" };
    let (db, keys, bundle) = (&world.on.db, &world.on.keys, world.bundle().await);
    discussion::say(db, &world.ctx(), keys, (of, &bundle), (id, &words)).await.unwrap()
}

/// What of her discussions somebody reads, as the record shows it.
async fn read(world: &World, by: &Acting, kind: Kind) -> Vec<discussion::Said> {
    let asked = world.ask(by, ("practice", kind.category())).await;
    let Decision::Permit(permit) = asked else { return vec![] };
    let (db, keys) = (&world.on.db, &world.on.keys);
    let of = ken_records::disclose(db, &world.ctx(), keys, vec![permit]).await.unwrap();
    of.items.iter().filter_map(|item| discussion::said(&item.body)).collect()
}

#[tokio::test]
async fn a_discussion_is_of_one_person_purpose_and_kind_and_nobody_speaks_without_a_leave() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let (rao, kirsty) = (&world.rao, &world.kirsty);
        assert!(leave(&world, rao, person, Kind::Plan).await.is_none(), "{engine}: no clause");
        world.relate(person, "practice", "direct-care").await;
        let ctx = world.ctx();
        let may = async |kind| leave(&world, rao, person, kind).await.unwrap();
        let long = "x".repeat(TEXT_LEN_MAX + 1);
        for text in ["", "  ", long.as_str()] {
            let made = open(&world, &ctx, may(Kind::Plan).await, text).await;
            assert_eq!(made, Err(Refused::Unfit), "{engine}");
        }
        let id = open(&world, &ctx, may(Kind::Plan).await, TEXT).await.unwrap();
        let again = open(&world, &ctx, may(Kind::Plan).await, TEXT).await;
        assert_eq!(again, Ok(id), "{engine}: sent twice is once");
        // With the leave for another kind, or for somebody else, it is no discussion.
        let other = say(&world, may(Kind::Events).await, id, "CANARY").await;
        assert_eq!(other, Err(Refused::None), "{engine}");
        let another = world.another().await;
        world.relate(another, "practice", "direct-care").await;
        let of = leave(&world, rao, another, Kind::Plan).await.unwrap();
        assert_eq!(say(&world, of, id, "CANARY").await, Err(Refused::None), "{engine}");
        let item = say(&world, may(Kind::Plan).await, id, "A rail, then").await.unwrap();
        // Whoever a clause lets read it reads it, in its place; nobody else does.
        assert!(read(&world, kirsty, Kind::Plan).await.is_empty(), "{engine}");
        world.relate(person, "nhsl", "direct-care").await;
        let said = read(&world, kirsty, Kind::Plan).await;
        assert_eq!(said.len(), 2, "{engine}: {said:?}");
        assert!(said.iter().all(|one| one.discussion == id), "{engine}: {said:?}");
        let second = said.iter().find(|one| one.item == item).unwrap();
        assert_eq!((second.text.as_str(), &second.topic), ("A rail, then", &None), "{engine}");
        assert_eq!(second.by, "Dr Rao, GP, Glen practice", "{engine}");
        let mine = async |s: &mut Snapshot| discussion::mine(s, rao).await;
        let mine = world.on.db.snapshot("test.mine", mine).await.unwrap();
        assert_eq!((mine.len(), mine[0].0.id, mine[0].0.person), (1, id, person), "{engine}");
    }
}
