//! A PostgreSQL server that refuses a `BEGIN`, or that answers no more.
//!
//! A front stands before the server of the tests, reads what is sent message by message, and spoils
//! one when it is told to.
//!
//! Source: PostgreSQL 15 documentation, 55.7 *Message Formats*.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ken_store::{Db, Error, Limits, Reads, Settings, values};
use ken_testkit::{Fresh, patient};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_postgres::Config;

use crate::tls::{Both, by, reach};
use crate::writes::{NOTES, ids, put};

/// What the next message of its kind meets with.
#[derive(Default)]
struct Faults {
    /// The next `BEGIN` of a write is no SQL.
    begin: AtomicBool,
    /// The next statement to be prepared, and all that follows it, goes nowhere.
    prepare: AtomicBool,
}

/// A front before the server of the tests; it ends with the set.
struct Front {
    port: u16,
    faults: Arc<Faults>,
    _serving: JoinSet<()>,
}

async fn front(server: &str) -> Front {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server: Config = server.parse().unwrap();
    let faults = Arc::<Faults>::default();
    let (mut serving, met) = (JoinSet::new(), Arc::clone(&faults));
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(pass(stream, server.clone(), Arc::clone(&met)));
        }
    });
    Front { port, faults, _serving: serving }
}

async fn pass(stream: TcpStream, server: Config, faults: Arc<Faults>) {
    let (mut answers, tells) = split(reach(&server).await);
    let (asks, mut hears) = split(stream);
    // Either ends both: where the one who asks has gone, so has the server's client.
    tokio::select! {
        _ = tokio::io::copy(&mut answers, &mut hears) => {}
        _ = ask(asks, tells, &faults) => {}
    }
}

/// Hands on what a client says; the first message alone has no kind.
async fn ask(
    mut from: ReadHalf<TcpStream>,
    mut to: WriteHalf<Box<dyn Both>>,
    faults: &Faults,
) -> io::Result<()> {
    let mut is_first = true;
    loop {
        let kind = if is_first { None } else { Some(from.read_u8().await?) };
        is_first = false;
        let length = from.read_u32().await?;
        let mut body = vec![0; usize::try_from(length - 4).unwrap()];
        from.read_exact(&mut body).await?;
        if kind == Some(b'Q') && is_write(&body) && faults.begin.swap(false, Ordering::SeqCst) {
            body[..5].copy_from_slice(b"BEGAN");
        }
        if kind == Some(b'P') && faults.prepare.swap(false, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let head = kind.into_iter().chain(length.to_be_bytes());
        let message: Vec<u8> = head.chain(body).collect();
        to.write_all(&message).await?;
        to.flush().await?;
    }
}

/// Whether a text begins a transaction that writes.
fn is_write(text: &[u8]) -> bool {
    text.starts_with(b"BEGIN ISOLATION LEVEL READ COMMITTED")
}

/// The database directly, and by a front with other limits.
async fn both(limits: Limits) -> Option<(Fresh, Db, Front, Db)> {
    let fresh = Fresh::create("C").await?;
    let direct = Settings::postgres(fresh.address()).with(patient());
    let direct = Db::open(direct).await.unwrap();
    direct.migrate(&[NOTES]).await.unwrap();
    let front = front(&fresh.address()).await;
    let address = by(front.port, &fresh.address(), "localhost");
    let behind = Db::open(Settings::postgres(address).with(limits)).await.unwrap();
    Some((fresh, direct, front, behind))
}

const INSERT: &str = "INSERT INTO note (id, at) VALUES ($1, $2)";

/// The ways to write: at once, later, many, and with an answer.
async fn write(db: &Db, way: usize) -> Result<(), Error> {
    db.write("refused", async |tx| {
        match way {
            0 => tx.execute(INSERT, values!["a", 1_i64]).await.map(drop)?,
            1 => tx.execute_later(INSERT, values!["a", 1_i64]).await?,
            2 => {
                tx.execute_later(INSERT, values!["a", 1_i64]).await?;
                tx.execute(INSERT, values!["b", 1_i64]).await.map(drop)?;
            }
            3 => {
                let rows = ["a", "b", "c"].map(|id| vec![id.into(), 1_i64.into()]);
                tx.execute_each(INSERT, &rows).await.map(drop)?;
            }
            _ => {
                let sql = "INSERT INTO note (id, at) VALUES ($1, $2) RETURNING id";
                tx.find(sql, values!["a", 1_i64], |row| row.text(0)).await.map(drop)?;
            }
        }
        Ok(())
    })
    .await
}

/// Statements follow a `BEGIN` before its answer: where it is refused they must not stand alone,
/// or a message is acknowledged that was never filed.
#[tokio::test]
async fn nothing_is_kept_behind_a_begin_that_was_refused() {
    let Some((_fresh, direct, front, behind)) = both(patient()).await else { return };
    for way in 0..5 {
        front.faults.begin.store(true, Ordering::SeqCst);
        let refused = write(&behind, way).await.unwrap_err();
        assert!(!front.faults.begin.load(Ordering::SeqCst), "the front saw no BEGIN");
        assert_eq!(refused.code(), "store.statement", "way {way}: {refused:?}");
        assert!(ids(&direct).await.is_empty(), "way {way}: something was kept");
    }
    write(&behind, 3).await.unwrap();
    assert_eq!(ids(&direct).await, ["a", "b", "c"], "and the connections go on");
}

/// Most tries of a write while a slow machine's limits may end one.
const TRIES_MAX: usize = 100;

#[tokio::test]
async fn a_server_that_answers_no_more_is_not_waited_for() {
    let limits = Limits { statement: Duration::from_millis(200), connections: 1, ..patient() };
    let Some((_fresh, direct, front, behind)) = both(limits).await else { return };
    front.faults.prepare.store(true, Ordering::SeqCst);
    let held = put(&behind, "held").await;
    assert!(!front.faults.prepare.load(Ordering::SeqCst), "the front saw nothing prepared");
    assert_eq!(held, Err(Error::Broken));
    assert!(ids(&direct).await.is_empty());
    // Its connection is the only one, and must not come back.
    for _ in 0..TRIES_MAX {
        if put(&behind, "after").await.is_ok() {
            break;
        }
    }
    assert_eq!(ids(&direct).await, ["after"]);
}
