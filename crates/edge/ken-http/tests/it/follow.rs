//! What everybody is decided by has changed: a page says so once every server has followed.

use std::pin::{Pin, pin};

use ken_core::{Clock as _, Ctx};
use ken_store::node::Node;
use ken_testkit::SeededIds;

use crate::browser::Answer;
use crate::story::link;
use crate::world::{World, worlds};

/// More looks than a page takes in the time that it waits.
const LOOKS_MAX: usize = 200;

/// Lets the page look once more whether all have followed; its answer, where it has one.
async fn look(world: &World, mut sent: Pin<&mut impl Future<Output = Answer>>) -> Option<Answer> {
    let before = world.clock.now();
    loop {
        tokio::select! {
            biased;
            answer = sent.as_mut() => return Some(answer),
            () = tokio::task::yield_now() => {
                // It has looked, and sleeps: the clock goes on to where it wakes.
                if world.clock.advance_to_next().is_some_and(|at| at > before) {
                    return None;
                }
            }
        }
    }
}

async fn told(world: &World, mut sent: Pin<&mut impl Future<Output = Answer>>) -> Answer {
    for _ in 0..LOOKS_MAX {
        if let Some(answer) = look(world, sent.as_mut()).await {
            return answer;
        }
    }
    panic!("the page waits for ever");
}

/// A contract may have ended already: then the party is out today.
#[tokio::test]
async fn the_end_of_a_contract_is_foretold_then_entered_and_followed() {
    for world in worlds().await {
        let ids = SeededIds::new(12);
        let (db, ctx) = (&world.on.db, Ctx::new(&*world.clock, &ids));
        let (mut here, mut there) = (Node::new(&ids), Node::new(&ids));
        world.agree(include_str!("../../../../../agreements/glen-asp-concern.toml")).await;
        let mut sam = world.sam_as("ig.lead").await;
        let agreements = sam.get("/ig/agreements").await;
        let named = agreements.body.split("<h3").find(|part| part.contains("concern reports"));
        let at = named.and_then(|part| part.split('"').find(|text| text.starts_with("/ig/")));
        let contract = format!("{}/contract", at.unwrap());
        let page = sam.get(&contract).await;
        let last = [("party", "rowan"), ("day", "1"), ("month", "1"), ("year", "2020")];
        let foretold = sam.submit(&page, &contract, &last).await;
        foretold.assert_has(&["Who would lose what", "Rowan Support"]);
        let unsure = sam.submit(&foretold, &contract, &[]).await;
        unsure.assert_has(&["Tick that the contract ends then"]);
        for node in [&mut here, &mut there] {
            node.report(db, &ctx).await.unwrap();
        }
        {
            let mut sent = pin!(sam.submit(&foretold, &contract, &[("sure", "yes")]));
            assert!(look(&world, sent.as_mut()).await.is_none(), "nobody has followed");
            here.report(db, &ctx).await.unwrap();
            there.report(db, &ctx).await.unwrap();
            let answer = told(&world, sent).await;
            answer.assert_has(&["It is entered", "What is left to do"]);
            answer.assert_lacks(&["not yet everywhere"]);
        }
        let again = sam.submit(&foretold, &contract, &[("sure", "yes")]).await;
        again.assert_has(&["is out by then already", "Nothing was changed"]);
    }
}

#[tokio::test]
async fn a_change_is_called_done_when_every_server_has_followed_it() {
    for world in worlds().await {
        let ids = SeededIds::new(11);
        let (db, ctx) = (&world.on.db, Ctx::new(&*world.clock, &ids));
        let (mut here, mut there) = (Node::new(&ids), Node::new(&ids));
        let mut gil = world.signed_in("Gil Governs").await;
        let agreements = gil.get("/ig/agreements").await;
        let standing = format!("{}/standing", link(&agreements, "/ig/agreements/"));
        let page = gil.get(&standing).await;
        for node in [&mut here, &mut there] {
            node.report(db, &ctx).await.unwrap();
        }
        {
            let filled = [("what", "suspend"), ("sure", "yes")];
            let mut sent = pin!(gil.submit(&page, &standing, &filled));
            assert!(look(&world, sent.as_mut()).await.is_none(), "nobody has followed");
            here.report(db, &ctx).await.unwrap();
            for _ in 0..3 {
                assert!(look(&world, sent.as_mut()).await.is_none(), "one of two has followed");
            }
            there.report(db, &ctx).await.unwrap();
            let answer = told(&world, sent).await;
            answer.assert_has(&["It is done", "Routine sharing"]);
            answer.assert_lacks(&["not yet everywhere"]);
        }
        // The other is cut off: the change holds, and the page does not wait for ever.
        let filled = [("what", "resume"), ("sure", "yes")];
        let mut sent = pin!(gil.submit(&page, &standing, &filled));
        assert!(look(&world, sent.as_mut()).await.is_none());
        here.report(db, &ctx).await.unwrap();
        let answer = told(&world, sent).await;
        answer.assert_has(&["not yet everywhere", "1 server has not followed yet", "has ended"]);
        answer.assert_lacks(&["It is done"]);
    }
}
