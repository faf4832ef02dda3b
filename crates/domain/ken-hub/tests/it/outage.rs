//! A database that is away for a moment: nothing is lost, and nothing is said that is not so.

use std::sync::Arc;

use ken_core::PersonId;
use ken_hub::{Answer, Hub, WAITING_MAX};
use ken_store::{Error as StoreError, Reads, Snapshot, values};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::accept::{admitted, records};
use crate::order::{held, until_waiting};
use crate::world::{World, worlds, worlds_with};

/// Runs something to its end, waking all who wait for the clock meanwhile.
pub(crate) async fn waking<T>(world: &World, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::task::yield_now() => {
                world.clock.advance_to_next();
            }
        }
    }
}

/// Waits until so many wait for the clock.
async fn until_sleeping(world: &World, many: usize) {
    while world.clock.sleepers() < many {
        tokio::task::yield_now().await;
    }
}

fn code(answer: Option<Answer>) -> Option<&'static str> {
    answer.and_then(|answer| answer.code).map(ken_hl7::ack::Code::as_str)
}

/// What comes back on a connection until it is closed.
async fn conversation(address: std::net::SocketAddr, message: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let frame = [b"\x0b", message.as_bytes(), b"\x1c\r"].concat();
    socket.write_all(&frame).await.unwrap();
    let mut said = vec![];
    let mut part = [0; 4096];
    while !said.ends_with(b"\x1c\r") {
        match socket.read(&mut part).await {
            Ok(len) if len > 0 => said.extend_from_slice(&part[..len]),
            _ => break,
        }
    }
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn a_database_that_comes_back_in_time_costs_nothing() {
    for world in worlds().await {
        let Some((way, db)) = world.databases.by_way().await else { continue };
        let (hub, stop) = (world.hub_of(&db).await, CancellationToken::new());
        way.cut();
        let message = admitted("1", "MORAG");
        let mending = async {
            until_sleeping(&world, 1).await;
            assert_eq!(records(&world).await, (0, 0, 0));
            way.mend();
        };
        let taking = hub.accept_patiently(message.as_bytes(), &stop);
        // Whoever wakes the clock does so only once the way is mended.
        let both = async {
            tokio::join!(taking, async {
                mending.await;
                while world.clock.advance_to_next().is_some() || records(&world).await.2 == 0 {
                    tokio::task::yield_now().await;
                }
            })
            .0
        };
        assert_eq!(code(Box::pin(both).await), Some("AA"));
        let after = records(&world).await;
        assert_eq!((after.0, after.2), (1, 1), "once");
        assert_eq!(world.say(&message).await, "AA", "its sender may be in doubt");
        assert_eq!(records(&world).await, after, "and once only");
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_answered() {
    for world in worlds().await {
        let Some((way, db)) = world.databases.by_way().await else { continue };
        let hub = Arc::new(world.hub_of(&db).await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let serving = ken_hub::serve(Arc::clone(&hub), listener, 8, stop.clone());
        let conversing = async {
            way.cut();
            // What would be applied, and what would only be kept as evidence.
            let nobody = admitted("2", "MORAG").replace("|A|B|", "|X|Y|");
            for message in [admitted("1", "MORAG"), nobody] {
                let said = waking(&world, conversation(address, &message)).await;
                assert_eq!(said, "", "the connection was closed without a word");
            }
            assert_eq!(records(&world).await, (0, 0, 0));
            assert_eq!(world.count("SELECT COUNT(*) FROM inbox").await, 0);
            way.mend();
            let said = waking(&world, conversation(address, &admitted("1", "MORAG"))).await;
            assert!(said.contains("MSA|AA|1"), "sent again, it is taken: {said}");
            stop.cancel();
        };
        tokio::join!(serving, conversing);
        assert_eq!(records(&world).await.2, 1);
    }
}

#[tokio::test]
async fn so_many_wait_and_a_stop_ends_it() {
    for world in worlds().await {
        let Some((way, db)) = world.databases.by_way().await else { continue };
        let hub: Arc<Hub> = Arc::new(world.hub_of(&db).await);
        let stop = CancellationToken::new();
        way.cut();
        let mut all = JoinSet::new();
        for at in 0..=WAITING_MAX {
            let (hub, stop) = (Arc::clone(&hub), stop.clone());
            all.spawn(async move {
                let message = admitted(&at.to_string(), "MORAG");
                code(hub.accept_patiently(message.as_bytes(), &stop).await)
            });
        }
        // There is no place for the last, which is told nothing at once.
        assert_eq!(all.join_next().await.unwrap().unwrap(), None);
        until_sleeping(&world, WAITING_MAX).await;
        assert_eq!(all.len(), WAITING_MAX, "the others wait");
        stop.cancel();
        while let Some(said) = all.join_next().await {
            assert_eq!(said.unwrap(), None);
        }
        assert_eq!(world.clock.sleepers(), 0);
        assert_eq!(records(&world).await, (0, 0, 0));
    }
}

/// The server ends the statement of a message, which says nothing of the message.
#[tokio::test]
async fn what_was_interrupted_claims_nothing_and_is_taken_when_it_comes_again() {
    const CLAIM: &str = "INSERT INTO identifier_claim (system, value, person_id)
        VALUES ('https://fhir.nhs.uk/Id/nhs-number', '9990000018', $1)";
    const CANCEL: &str = "SELECT COUNT(pg_cancel_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for world in worlds_with(held()).await {
        // SQLite ends a statement by the clock alone.
        let Some(node) = world.databases.another_node().await else { continue };
        let (holding, let_go) = (Notify::new(), Notify::new());
        let nobody = PersonId::draw(world.ctx().ids);
        let registering = node.write("test.register", async |tx| {
            tx.execute(CLAIM, values![nobody]).await?;
            holding.notify_one();
            let_go.notified().await;
            Err::<(), _>(StoreError::Contended)
        });
        let message = admitted("1", "MORAG");
        let interrupting = async {
            holding.notified().await;
            let cancel = async |s: &mut Snapshot| s.find(CANCEL, &[], |row| row.int(0)).await;
            let cancelling = async {
                until_waiting(&node, 1).await;
                let count: Result<_, StoreError> = node.snapshot("test.cancel", cancel).await;
                assert_eq!(count.unwrap(), Some(1));
            };
            let answer = tokio::join!(world.hub.accept(message.as_bytes()), cancelling).0;
            let_go.notify_one();
            answer
        };
        let (_, answer) = tokio::join!(registering, interrupting);
        assert!(!answer.is_kept() && answer.into_bytes().is_none(), "nothing is said");
        assert_eq!(world.count("SELECT COUNT(*) FROM inbox").await, 0, "nothing is claimed");
        assert_eq!(world.say(&message).await, "AA");
        assert_eq!(records(&world).await.2, 1);
    }
}
