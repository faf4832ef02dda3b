//! Closing what is held: once, by whom it concerns, and never over what came later.

use ken_core::{MessageId, PersonId};
use ken_directory::Acting;
use ken_hub::{Again, Closed, How};
use ken_person::Why;
use ken_store::{Error as StoreError, values};
use tokio::sync::Notify;

use crate::accept::{admitted, records};
use crate::order::{held, until_waiting};
use crate::world::{World, worlds, worlds_with};

/// A message of a system that nobody has registered yet.
fn from_elsewhere(control_id: &str) -> String {
    admitted(control_id, "MORAG").replace("|A|B|", "|X|Y|")
}

/// The only one that waits.
async fn waiting(world: &World) -> MessageId {
    let held = ken_hub::held(&world.databases.db).await.unwrap();
    assert_eq!(held.len(), 1, "{}: {held:?}", world.databases.engine);
    held[0].id
}

async fn trial(world: &World, id: MessageId, by: &Acting) -> Option<Again> {
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    let before = (records(world).await, closings(world).await);
    let tried =
        ken_hub::try_again(db, &world.ctx(), (keys, world.hub.index()), id, by).await.unwrap();
    assert_eq!((records(world).await, closings(world).await), before, "a trial keeps nothing");
    tried
}

async fn close(world: &World, id: MessageId, by: &Acting, how: How) -> Option<Closed> {
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    let why = Why::new("the ward was asked").unwrap();
    ken_hub::close_held(db, &world.ctx(), (keys, world.hub.index()), id, by, (how, &why))
        .await
        .unwrap()
}

/// How many entries and closed messages there are.
async fn closings(world: &World) -> (i64, i64) {
    (
        world.count("SELECT COUNT(*) FROM ledger_entry WHERE stream_id LIKE 'o:%'").await,
        world.count("SELECT COUNT(*) FROM held_message WHERE closed_how IS NOT NULL").await,
    )
}

#[tokio::test]
async fn what_was_held_is_mapped_again_once_its_source_is_known() {
    for world in worlds().await {
        let by = world.operator("practice");
        assert_eq!(world.say(&from_elsewhere("1")).await, "AE hub.unknown-source");
        let id = waiting(&world).await;
        let refused = Again::Refused("hub.unknown-source");
        assert_eq!(trial(&world, id, &by).await, Some(refused.clone()));
        let closed = close(&world, id, &by, How::Mapped).await;
        assert_eq!(closed, Some(Closed::Not(refused)));
        assert_eq!(waiting(&world).await, id, "it is still held");
        assert_eq!(closings(&world).await, (0, 0), "nothing was entered");
        world.let_send("nhsl", "X", "Y").await;
        let Some(Again::Applied { items }) = trial(&world, id, &by).await else {
            panic!("it would not be applied");
        };
        assert!(items >= 2, "{items}");
        assert_eq!(records(&world).await, (0, 0, 0));
        assert_eq!(close(&world, id, &by, How::Mapped).await, Some(Closed::Done(How::Mapped)));
        let after = records(&world).await;
        assert_eq!((after.0, after.2), (1, 1));
        assert!(ken_hub::held(&world.databases.db).await.unwrap().is_empty());
        // Whatever is done again does nothing.
        assert_eq!(close(&world, id, &by, How::Mapped).await, Some(Closed::Before));
        assert_eq!(close(&world, id, &by, How::Refused).await, Some(Closed::Before));
        assert_eq!(world.say(&from_elsewhere("1")).await, "AA", "its sender is told so too");
        assert_eq!((records(&world).await, closings(&world).await), (after, (1, 1)));
    }
}

#[tokio::test]
async fn what_came_since_is_never_written_over() {
    for world in worlds().await {
        let by = world.operator("nhsl");
        world.say(&from_elsewhere("1")).await;
        world.say(&from_elsewhere("2")).await;
        let held = ken_hub::held(&world.databases.db).await.unwrap();
        world.let_send("nhsl", "X", "Y").await;
        world.tick();
        assert_eq!(world.say(&from_elsewhere("1")).await, "AA", "it came again");
        let after = records(&world).await;
        for one in held {
            let (want, closed) = if one.control_id == "1" {
                (Again::Before, Closed::Done(How::Mapped))
            } else {
                (Again::Overtaken(1), Closed::Not(Again::Overtaken(1)))
            };
            assert_eq!(trial(&world, one.id, &by).await, Some(want));
            assert_eq!(close(&world, one.id, &by, How::Mapped).await, Some(closed));
        }
        assert_eq!(records(&world).await, after, "nothing was filed");
        let by_hand = close(&world, waiting(&world).await, &by, How::ByHand).await;
        assert_eq!(by_hand, Some(Closed::Done(How::ByHand)));
    }
}

#[tokio::test]
async fn a_link_that_was_made_by_hand_is_closed_where_it_came_from() {
    for world in worlds().await {
        let link = admitted("7", "MORAG").replace("ADT^A01^ADT_A01", "ADT^A24^ADT_A24");
        let said = world.say(&link).await;
        let id = waiting(&world).await;
        let code = said.split(' ').nth(1).unwrap().to_owned();
        let (ours, theirs) = (world.operator("practice"), world.operator("nhsl"));
        assert_eq!(trial(&world, id, &theirs).await, None);
        assert_eq!(close(&world, id, &theirs, How::ByHand).await, None);
        match trial(&world, id, &ours).await {
            Some(Again::Refused(still)) => assert_eq!(still, code),
            other => panic!("{other:?}"),
        }
        for want in [Closed::Done(How::ByHand), Closed::Before] {
            assert_eq!(close(&world, id, &ours, How::ByHand).await, Some(want));
        }
        assert_eq!(closings(&world).await, (1, 1));
        assert_eq!(records(&world).await, (0, 0, 0));
        let nobody = MessageId::draw(world.ctx().ids);
        assert_eq!(close(&world, nobody, &ours, How::ByHand).await, None);
    }
}

/// Its sender sends it again, and that is taken between the closer's look for it and its claim.
#[tokio::test]
async fn what_comes_again_while_it_is_mapped_is_filed_once() {
    const CLAIM: &str = "INSERT INTO identifier_claim (system, value, person_id)
        VALUES ('https://fhir.nhs.uk/Id/nhs-number', '9990000018', $1)";
    for world in worlds_with(held()).await {
        // SQLite has one writer, whose turn is the lock.
        let Some(node) = world.databases.another_node().await else { continue };
        let (db, keys, by) = (&world.databases.db, &world.databases.keys, world.operator("nhsl"));
        world.say(&from_elsewhere("1")).await;
        let id = waiting(&world).await;
        world.let_send("nhsl", "X", "Y").await;
        let (holding, let_go) = (Notify::new(), Notify::new());
        let nobody = PersonId::draw(world.ctx().ids);
        // Somebody else registers the same number, and thinks better of it.
        let registering = node.write("test.register", async |tx| {
            tx.execute(CLAIM, values![nobody]).await?;
            holding.notify_one();
            let_go.notified().await;
            Err::<(), _>(StoreError::Contended)
        });
        let message = from_elsewhere("1");
        let again = async {
            holding.notified().await;
            let closing = async {
                until_waiting(&node, 1).await;
                let (ctx, why) = (world.ctx(), Why::new("the ward was asked").unwrap());
                let with = (keys, world.hub.index());
                let closing = ken_hub::close_held(db, &ctx, with, id, &by, (How::Mapped, &why));
                let both = async {
                    until_waiting(&node, 2).await;
                    let_go.notify_one();
                };
                tokio::join!(closing, both).0
            };
            tokio::join!(world.say(&message), closing)
        };
        let (registered, (said, closed)) = tokio::join!(registering, again);
        assert_eq!((registered, said.as_str()), (Err(StoreError::Contended), "AA"));
        assert!(closed.is_err_and(|error| error.is_transient()), "to be done once more");
        assert_eq!(waiting(&world).await, id, "nothing of the closing is kept");
        assert_eq!(closings(&world).await, (0, 0));
        let after = records(&world).await;
        assert_eq!((after.0, after.2), (1, 1), "it is filed once");
        assert_eq!(close(&world, id, &by, How::Mapped).await, Some(Closed::Done(How::Mapped)));
        assert_eq!((records(&world).await, closings(&world).await), (after, (1, 1)));
    }
}

/// More than one list shows.
#[tokio::test]
async fn the_oldest_that_waits_is_never_forgotten() {
    const MANY: &str = "WITH RECURSIVE n (at) AS
          (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 250)
        INSERT INTO held_message
          (id, source, control_id, kind, reason, received_us, key_id, body)
        SELECT '00000000-0000-7000-8000-00000000' || SUBSTR(CAST(10000 + at AS TEXT), 2), 'torture',
          control_id, kind, reason, received_us + at, key_id, body FROM held_message, n";
    for world in worlds().await {
        let engine = world.databases.engine;
        assert_eq!(world.say(&from_elsewhere("oldest")).await, "AE hub.unknown-source");
        world.change(MANY).await;
        let held = ken_hub::held(&world.databases.db).await.unwrap();
        assert_eq!(i64::try_from(held.len()).unwrap(), ken_hub::LIST_MAX, "{engine}");
        assert_eq!(held[0].control_id, "oldest", "{engine}");
        assert!(held.is_sorted_by_key(|one| one.received), "{engine}");
        let last = held.last().map(|one| one.id);
        let (rest, is_more) = ken_hub::held_after(&world.databases.db, last).await.unwrap();
        assert_eq!((rest.len(), is_more), (51, false), "{engine}: none twice, none left out");
        assert!(!rest.iter().any(|one| held.contains(one)), "{engine}");
        let counts = ken_hub::count_held(&world.databases.db).await.unwrap();
        assert_eq!(counts[&None], 1, "{engine}");
        assert_eq!(counts[&Some("torture".to_owned())], 250, "{engine}");
    }
}
