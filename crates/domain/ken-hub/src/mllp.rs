//! The MLLP listener: sockets in, acknowledgements out.
//!
//! One task a connection, one message at a time on each, so that a sender's order is kept. Every
//! number of connections, bytes and seconds has a maximum; a sender that goes over one is closed,
//! and loses nothing that was acknowledged. One whose message could not be kept is closed without
//! an answer, and sends it again. A sender may be silent for days; one that is gone without a word
//! is noticed within minutes, and its place is free. Of long messages only so many are in memory at
//! a time: the rest of the next is not read until one of them is answered.

mod places;

use std::sync::Arc;
use std::time::Duration;

use ken_core::BoxFuture;
use ken_hl7::mllp::{Decoder, Event, Fault, encode};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Hub;
use places::Places;

/// Most connections at a time. House policy: a partnership has tens of senders, not thousands.
pub const CONNECTIONS_MAX: usize = 512;
/// Bytes of a message that any connection may hold; a longer one takes a place among the long.
const SHORT_LEN: usize = 256 * 1024;
/// Connections for which there is one place for a long message. House policy: sixteen of them
/// beside [`CONNECTIONS_MAX`], so that 256 MiB of long messages, and half as much of others, are
/// held at the most.
const CONNECTIONS_PER_LONG: usize = 32;
/// How long a message may take to arrive once it has begun: the longest by a line of half a
/// megabit.
const FRAME_WAIT_MAX: Duration = Duration::from_mins(5);
/// How long a sender may rest inside a message.
const REST_MAX: Duration = Duration::from_mins(1);
/// How long a connection is silent before the system asks whether the other end still is, how often
/// it then asks, and how many times.
const ASK_AFTER: Duration = Duration::from_mins(1);
const ASK_EVERY: Duration = Duration::from_secs(15);
const ASKED_MAX: u32 = 4;
/// How long a sender may take to accept an answer.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long the listener rests after the system refuses a connection (too many open files).
const REFUSED_WAIT: Duration = Duration::from_millis(100);
/// Bytes read at a time.
const READ_LEN: usize = 64 * 1024;

/// Serves MLLP on so many connections at a time, until `stop` is cancelled; then finishes the
/// messages that are being applied. Where all are taken, one that is silent is closed for whoever
/// comes.
pub async fn serve(
    hub: Arc<Hub>,
    listener: TcpListener,
    connections: usize,
    stop: CancellationToken,
) {
    let (tasks, places) = (TaskTracker::new(), Places::new(connections));
    let long = Arc::new(Semaphore::new((connections / CONNECTIONS_PER_LONG).max(1)));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                let Some(place) = places.take(&stop).await else { break };
                let (hub, places, stop) = (Arc::clone(&hub), places.clone(), stop.clone());
                let long = Arc::clone(&long);
                tasks.spawn(
                    async move { converse(hub, socket, (&places, long), stop, place).await },
                );
            }
            Err(error) => {
                tracing::warn!(error.kind = %error.kind(), "connection not accepted");
                let _ = timeout(REFUSED_WAIT, stop.cancelled()).await;
            }
        }
    }
    tasks.close();
    tasks.wait().await;
}

/// One connection, from its first byte to its last answer.
async fn converse(
    hub: Arc<Hub>,
    mut socket: TcpStream,
    (places, long): (&Places, Arc<Semaphore>),
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    let _ = socket.set_nodelay(true);
    let asked = TcpKeepalive::new().with_time(ASK_AFTER).with_interval(ASK_EVERY);
    let _ = SockRef::from(&socket).set_tcp_keepalive(&asked.with_retries(ASKED_MAX));
    metrics::gauge!("ken_mllp_connections").increment(1.0);
    let mut decoder = Decoder::default();
    let mut read = vec![0; READ_LEN];
    let (mut input, mut out) = (Vec::new(), Vec::new());
    let (mut over, mut long_place) = (None, None);
    while let Some(len) = receive(&mut socket, &mut read, places, &stop, &mut over).await {
        input.clear();
        input.extend_from_slice(read.get(..len).unwrap_or_default());
        let mut rest = input.as_slice();
        out.clear();
        while let Some(event) = decoder.step(&mut rest) {
            over = None;
            let said = answer(&hub, event, &stop).await;
            if let Said::Bytes(answer) = &said {
                encode(answer, &mut out);
            }
            // Answers leave as they are ready: a sender that waits for each is not kept waiting.
            if matches!(said, Said::NotKept) || !send(&mut socket, &mut out).await {
                metrics::gauge!("ken_mllp_connections").decrement(1.0);
                return;
            }
        }
        if decoder.held() <= SHORT_LEN {
            long_place = None;
        } else if long_place.is_none() {
            let Some(place) = place_of_long(&long, &stop).await else { break };
            (over, long_place) = (None, Some(place));
        }
        if decoder.is_inside() && over.is_none() {
            over = Some(hub.clock().sleep_until(hub.clock().now() + FRAME_WAIT_MAX));
        }
    }
    if let Some(fault) = decoder.finish() {
        tracing::info!(fault.code = fault.code(), "connection ended inside a message");
    }
    metrics::gauge!("ken_mllp_connections").decrement(1.0);
}

/// A place for a message that turns out to be long; `None` when the listener stops, or none has
/// become free for as long as a message may take.
async fn place_of_long(
    long: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        () = stop.cancelled() => None,
        place = timeout(FRAME_WAIT_MAX, Arc::clone(long).acquire_owned()) => place.ok()?.ok(),
    }
}

/// Reads some bytes; `None` when the conversation is over, or the time of the message that has
/// begun. A stop waits for no half message: it was never acknowledged, and the sender will send it
/// again.
async fn receive(
    socket: &mut TcpStream,
    read: &mut [u8],
    places: &Places,
    stop: &CancellationToken,
    over: &mut Option<BoxFuture<'_, ()>>,
) -> Option<usize> {
    let wait = async {
        let Some(over) = over else {
            let silent = places.silent();
            return tokio::select! {
                biased;
                got = socket.read(read) => got.ok(),
                () = silent.closed() => None,
            };
        };
        tokio::select! {
            () = over.as_mut() => None,
            got = timeout(REST_MAX, socket.read(read)) => got.ok()?.ok(),
        }
    };
    tokio::select! {
        () = stop.cancelled() => None,
        got = wait => got.filter(|len| *len > 0),
    }
}

/// What is said of something that came.
enum Said {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing: none is wanted, or it was nobody's.
    Nothing,
    /// Nothing, and nothing more: what came is the sender's still.
    NotKept,
}

impl From<Option<Vec<u8>>> for Said {
    fn from(answer: Option<Vec<u8>>) -> Self {
        answer.map_or(Self::Nothing, Self::Bytes)
    }
}

async fn answer(hub: &Hub, event: Event, stop: &CancellationToken) -> Said {
    match event {
        Event::Frame(bytes) => match hub.accept_patiently(&bytes, stop).await {
            Some(answer) => answer.into_bytes().into(),
            None => Said::NotKept,
        },
        Event::Fault(fault) => {
            tracing::info!(fault.code = fault.code(), "bytes that are no message");
            match fault {
                Fault::TooLong { head, .. } => hub.refuse_too_long(&head).into(),
                Fault::BrokenOff { .. } => Said::Nothing,
            }
        }
    }
}

async fn send(socket: &mut TcpStream, out: &mut Vec<u8>) -> bool {
    if out.is_empty() {
        return true;
    }
    let sent = timeout(WRITE_WAIT_MAX, socket.write_all(out)).await;
    out.clear();
    matches!(sent, Ok(Ok(())))
}
