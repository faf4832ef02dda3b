//! What a person says of entries: by whoever has seen the entry in their own record, for whoever is
//! shown the entry, and for nobody else.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_care::words::own::{self, OwnEntry, Topic};
use ken_care::words::{self, DAY_MAX, How, NewWords, Refused, TEXT_LEN_MAX, Words};
use ken_core::{AccountId, Ctx, PersonId, ResourceId, Sensitive};
use ken_directory::Acting;
use ken_records::{Item, Seen};
use ken_sharing::Decision;
use ken_store::Snapshot;

use crate::world::{World, word, worlds};
use crate::writing::{answers, leave, save, sign};

const TEXT: &str = "I can get into the bath by myself";

/// An assessment of the practice about somebody; and what is about others apart from it.
async fn assessed(world: &World, person: PersonId) -> ResourceId {
    let of = leave(world, &world.rao, person).await;
    let seen = save(world, &of, &answers("I want to stay here")).await.unwrap();
    sign(world, of, seen).await.unwrap().unwrap()
}

/// What the person sees of assessments of the practice in their own record.
async fn own(world: &World, person: PersonId) -> Vec<Seen> {
    let (kind, sources) = (word("assessment"), BTreeSet::from([word("practice")]));
    let (db, keys, who) = (&world.on.db, &world.on.keys, (AccountId::draw(&*world.ids), person));
    let of = (&kind, &sources);
    let items = words::see(db, &world.ctx(), keys, &world.gate, who, of).await.unwrap();
    items.into_iter().filter_map(|item| item.seen).collect()
}

/// What a reader is shown of a kind.
async fn shown(world: &World, by: &Acting, person: PersonId, of: (&str, &str)) -> Vec<Item> {
    let Decision::Permit(permit) = world.ask_of(person, by, of).await else { return vec![] };
    let (db, keys) = (&world.on.db, &world.on.keys);
    ken_records::disclose(db, &world.ctx(), keys, vec![permit]).await.unwrap().items
}

/// What stands beside the items that a reader was shown.
async fn beside(world: &World, items: &[Item]) -> Vec<Words> {
    let seen: Vec<_> = items.iter().filter_map(|item| item.seen.as_ref()).collect();
    let found = words::beside(&world.on.db, &world.on.keys, &seen).await.unwrap();
    found.into_values().flatten().collect()
}

async fn say(
    world: &World,
    ctx: &Ctx<'_>,
    person: PersonId,
    (seen, how, text): (&Seen, How, &str),
) -> Result<ResourceId, Refused> {
    let (text, helper) = (Sensitive::new(text.to_owned()), Sensitive::new(String::new()));
    let account = AccountId::draw(&*world.ids);
    let new = NewWords { person, account, how, text: &text, helper: &helper };
    words::say(&world.on.db, ctx, &world.on.keys, seen, &new).await.unwrap()
}

/// What stands on the ledger about what somebody said.
async fn entered(world: &World, person: PersonId) -> Vec<serde_json::Value> {
    let page = ken_ledger::Page { before: None, limit: 200 };
    let keys = &world.on.keys;
    let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, person, page).await;
    let entries = world.on.db.snapshot("test.entries", read).await.unwrap();
    let details = entries.into_iter().filter_map(|entry| entry.detail);
    // A look of one's own says of itself that it is one.
    details.filter(|one| one.get("words").is_some() || one["own"].is_string()).collect()
}

#[tokio::test]
async fn words_go_with_their_entry_to_each_of_its_readers_and_to_nobody_else() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        world.relate(person, "practice", "direct-care").await;
        world.relate(person, "nhsl", "direct-care").await;
        let item = assessed(&world, person).await;
        let seen = own(&world, person).await;
        // What is about her health stands by itself, and is hers to see.
        assert_eq!(seen.len(), 2, "{engine}: what is about others is not theirs to see");
        let seen = [seen.into_iter().find(|one| one.item() == item).unwrap()];
        assert_eq!((seen[0].item(), seen[0].is_own()), (item, true), "{engine}");
        let (db, keys) = (&world.on.db, &world.on.keys);
        let id = say(&world, &world.ctx(), person, (&seen[0], How::Disagrees, TEXT)).await.unwrap();
        let read = shown(&world, &world.kirsty, person, ("practice", "assessment")).await;
        assert_eq!(read.len(), 3, "{engine}");
        let said = beside(&world, &read).await;
        assert_eq!(said.len(), 1, "{engine}");
        assert_eq!((said[0].id, said[0].how, said[0].text.as_str()), (id, How::Disagrees, TEXT));
        assert!(!said[0].is_kept_back, "{engine}");
        // Whoever is shown something else is not shown them.
        let other = shown(&world, &world.kirsty, person, ("cec", "assessment")).await;
        assert!(beside(&world, &other).await.is_empty(), "{engine}");
        assert!(shown(&world, &world.dawn, person, ("practice", "assessment")).await.is_empty());
        // Whoever was shown it says nothing in the person's name, of this entry or the other.
        for theirs in read.iter().filter_map(|item| item.seen.as_ref()) {
            let no = say(&world, &world.ctx(), person, (theirs, How::Adds, "Not hers")).await;
            assert_eq!(no, Err(Refused::NotTheirs), "{engine}");
        }
        // Nor does the person of an entry of somebody else.
        let stranger = world.another().await;
        let no = say(&world, &world.ctx(), stranger, (&seen[0], How::Adds, "Not mine")).await;
        assert_eq!(no, Err(Refused::NotTheirs), "{engine}");
        assert_eq!(words::of_person(db, keys, person).await.unwrap().len(), 1, "{engine}");
        let entries = entered(&world, person).await;
        assert_eq!(entries.len(), 1, "{engine}");
        assert_eq!(entries[0]["item"], item.to_string(), "{engine}");
        assert!(!entries[0].to_string().contains(TEXT), "{engine}: of what, and not the words");
    }
}

#[tokio::test]
async fn words_stay_with_whoever_said_them() {
    for world in worlds().await {
        let (engine, person, other) = (world.on.engine, world.person, world.another().await);
        world.relate(other, "practice", "direct-care").await;
        world.relate(other, "nhsl", "direct-care").await;
        world.join(person, other).await;
        assessed(&world, other).await;
        let seen = own(&world, other).await;
        say(&world, &world.ctx(), person, (&seen[0], How::Adds, TEXT)).await.unwrap();
        let of = ("practice", "assessment");
        let together = shown(&world, &world.kirsty, other, of).await;
        assert_eq!(beside(&world, &together).await.len(), 1, "{engine}: they are one person");
        let (db, keys) = (&world.on.db, &world.on.keys);
        let of_other = words::of_person(db, keys, other).await.unwrap();
        assert!(of_other.is_empty(), "{engine}: joined in error, neither reads the other's");
        world.part(other).await;
        let apart = shown(&world, &world.kirsty, other, of).await;
        assert_eq!(apart.len(), 3, "{engine}: the entry is there");
        assert!(beside(&world, &apart).await.is_empty(), "{engine}: who said it is somebody else");
        assert_eq!(words::of_person(db, keys, person).await.unwrap().len(), 1, "{engine}");
        assert!(words::of_person(db, keys, other).await.unwrap().is_empty(), "{engine}");
    }
}

#[tokio::test]
async fn what_is_sent_twice_is_said_once_and_nobody_says_more_than_is_kept() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        world.relate(person, "practice", "direct-care").await;
        assessed(&world, person).await;
        let seen = own(&world, person).await;
        let (ctx, of) = (world.ctx(), (&seen[0], How::Agrees, ""));
        let first = say(&world, &ctx, person, of).await.unwrap();
        assert_eq!(say(&world, &ctx, person, of).await, Ok(first), "{engine}: the same form");
        let long = "x".repeat(TEXT_LEN_MAX + 1);
        for (how, text, want) in [
            (How::Disagrees, " ", Refused::Empty),
            (How::Adds, "", Refused::Empty),
            (How::Adds, long.as_str(), Refused::TooLong),
        ] {
            let no = say(&world, &world.ctx(), person, (&seen[0], how, text)).await;
            assert_eq!(no, Err(want), "{engine}");
        }
        for at in 1..DAY_MAX {
            let text = format!("{at}");
            say(&world, &world.ctx(), person, (&seen[0], How::Adds, &text)).await.unwrap();
        }
        let more = (&seen[0], How::Adds, "one more");
        let no = say(&world, &world.ctx(), person, more).await;
        assert_eq!(no, Err(Refused::TooMany), "{engine}");
        world.clock.advance(SignedDuration::from_hours(24));
        say(&world, &world.ctx(), person, more).await.unwrap();
        // More than one statement opens, each once, the oldest first.
        let all = words::of_person(&world.on.db, &world.on.keys, person).await.unwrap();
        assert_eq!(i64::try_from(all.len()).unwrap(), DAY_MAX + 1, "{engine}");
        assert_eq!(all.first().unwrap().text, "one more", "{engine}: the newest first");
        let of: Vec<_> = seen.iter().collect();
        let beside = words::beside(&world.on.db, &world.on.keys, &of).await.unwrap();
        let beside = &beside[&seen[0].item()];
        assert_eq!(beside.len(), all.len(), "{engine}");
        assert_eq!(beside.last().unwrap().text, "one more", "{engine}");
    }
}

#[tokio::test]
async fn what_a_person_writes_of_themselves_is_an_entry_under_the_same_clauses() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        world.relate(person, "nhsl", "direct-care").await;
        let (at, ctx) = (word("cec"), world.ctx());
        let text = Sensitive::new("Speak to me first".to_owned());
        let helper = Sensitive::new("Effie, my sister".to_owned());
        let account = AccountId::draw(&*world.ids);
        let topic = Topic::Talk;
        let new = OwnEntry { person, account, at: &at, topic, text: &text, helper: &helper };
        let (db, keys) = (&world.on.db, &world.on.keys);
        let item = own::write(db, &ctx, keys, &new).await.unwrap().unwrap();
        assert_eq!(own::write(db, &ctx, keys, &new).await.unwrap(), Ok(item), "{engine}: once");
        let read = shown(&world, &world.kirsty, person, ("cec", "views")).await;
        assert_eq!(read.len(), 1, "{engine}");
        let body = read[0].body.to_string();
        for want in
            ["Speak to me first", own::HELPED, "Effie, my sister, who writes for the person"]
        {
            assert!(body.contains(want), "{engine}: {want} in {body}");
        }
        assert!(shown(&world, &world.dawn, person, ("cec", "views")).await.is_empty(), "{engine}");
        // What is written later of the same stands in its place: nobody fills a page by it.
        let later = Sensitive::new("Write it down for me".to_owned());
        let new = OwnEntry { text: &later, ..new };
        assert_eq!(own::write(db, &world.ctx(), keys, &new).await.unwrap(), Ok(item), "{engine}");
        let read = shown(&world, &world.kirsty, person, ("cec", "views")).await;
        assert_eq!(read.len(), 1, "{engine}");
        let body = read[0].body.to_string();
        assert!(
            body.contains("Write it down") && !body.contains("Speak to me"),
            "{engine}: {body}"
        );
        let items = async |s: &mut Snapshot| own::items(s, person).await;
        let items = db.snapshot("test.own", items).await.unwrap();
        assert_eq!(items, BTreeSet::from([item]), "{engine}");
        let entries = entered(&world, person).await;
        assert_eq!(entries.len(), 2, "{engine}");
        assert!(!format!("{entries:?}").contains("Speak"), "{engine}");
    }
}
