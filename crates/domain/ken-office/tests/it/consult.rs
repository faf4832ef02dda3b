//! Consultations over both engines: what is sent waits for an officer, is bounded, and ends.

use ken_core::{EntryId, Sensitive};
use ken_office::drafting::consult::{self, HOURLY_MAX, Held, View};
use ken_office::drafting::{self, Refusal};
use ken_store::Snapshot;

use crate::drafting::first;
use crate::world::{World, worlds};

async fn views(world: &World, of: EntryId, everything: bool) -> Vec<View> {
    let read = async |s: &mut Snapshot| consult::views(s, &world.on.keys, (of, everything)).await;
    world.on.db.snapshot("test.views", read).await.unwrap()
}

async fn say(world: &World, of: EntryId, words: &str) -> Result<(), Refusal> {
    let words = Sensitive::new(words.to_owned());
    let (db, keys) = (&world.on.db, &world.on.keys);
    consult::say(db, &world.ctx(), keys, (of, &words)).await.unwrap()
}

#[tokio::test]
async fn a_view_waits_for_an_officer_and_ends_with_the_reply() {
    for world in worlds().await {
        let (db, keys, lead) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let police = World::lead("police");
        let text = first().to_toml();
        let draft = drafting::open(db, &world.ctx(), keys, &lead, &text).await.unwrap().unwrap();
        let closes = "2027-07-01".parse().unwrap();
        let what = (draft, "What do you think?", closes);
        let theirs = consult::consult(db, &world.ctx(), keys, &police, what).await.unwrap();
        assert_eq!(theirs, Err(Refusal::NotLead), "{}", world.on.engine);
        let of = consult::consult(db, &world.ctx(), keys, &lead, what).await.unwrap().unwrap();

        assert_eq!(say(&world, of, " ").await, Err(Refusal::NoWords));
        assert_eq!(say(&world, of, "I like it").await, Ok(()));
        assert_eq!(say(&world, of, "I do not").await, Ok(()));
        assert!(views(&world, of, false).await.is_empty(), "nobody has looked yet");
        let all = views(&world, of, true).await;
        let said: Vec<_> = all.iter().map(|one| one.words.as_ref().unwrap().reveal()).collect();
        assert_eq!(said, ["I like it", "I do not"]);
        let judge = async |by, one: &View, release| {
            let what = (of, one.id, release);
            consult::judge(db, &world.ctx(), keys, by, what).await.unwrap()
        };
        assert_eq!(judge(&police, &all[0], true).await, Err(Refusal::NotLead));
        assert_eq!(judge(&lead, &all[0], true).await, Ok(()));
        assert_eq!(judge(&lead, &all[0], false).await, Err(Refusal::Closed));
        assert_eq!(judge(&lead, &all[1], false).await, Ok(()));
        let shown = views(&world, of, false).await;
        assert_eq!(shown[0].words.as_ref().unwrap().reveal(), "I like it");
        let all = views(&world, of, true).await;
        assert_eq!((shown.len(), all[1].held), (1, Held::SetAside));
        assert!(all[1].words.is_none(), "what is set aside is deleted");

        for _ in 2..HOURLY_MAX {
            assert_eq!(say(&world, of, "More").await, Ok(()));
        }
        assert_eq!(say(&world, of, "Too much").await, Err(Refusal::TooMany));
        world.clock.advance(jiff::SignedDuration::from_mins(61));
        assert_eq!(say(&world, of, "Later").await, Ok(()));
        let reply = consult::reply(db, &world.ctx(), keys, &lead, (of, "We heard.")).await;
        assert_eq!(reply.unwrap(), Ok(()));
        assert_eq!(say(&world, of, "Late").await, Err(Refusal::Closed));
        let again = consult::reply(db, &world.ctx(), keys, &lead, (of, "Again.")).await;
        assert_eq!(again.unwrap(), Err(Refusal::Closed));
        let next = consult::consult(db, &world.ctx(), keys, &lead, what).await.unwrap().unwrap();
        world.clock.set("2027-07-02T09:00:00Z".parse().unwrap());
        assert_eq!(say(&world, next, "After the day").await, Err(Refusal::Closed));
        // What is refused draws no key: whoever goes on for ever fills nothing.
        keys.close().await;
        assert_eq!(say(&world, next, "And again").await, Err(Refusal::Closed));
        let nothing = EntryId::draw(&*world.ids);
        assert_eq!(say(&world, nothing, "Nobody asked").await, Err(Refusal::Unknown));
    }
}
