//! The MLLP listener: sockets in, acknowledgements out.
//!
//! One task a connection, one message at a time on each, so that a sender's order is kept. Every
//! number of connections, bytes and seconds has a maximum; a sender that goes over one is closed,
//! and loses nothing that was acknowledged. One whose message could not be kept is closed without
//! an answer, and sends it again.

use std::sync::Arc;
use std::time::Duration;

use ken_hl7::mllp::{Decoder, Event, Fault, encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Hub;

/// Most connections at a time. House policy: a partnership has tens of senders, not thousands.
pub const CONNECTIONS_MAX: usize = 512;
/// How long a message may take to arrive once it has begun.
const FRAME_WAIT_MAX: Duration = Duration::from_mins(1);
/// How long a sender may take to accept an answer.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long the listener rests after the system refuses a connection (too many open files).
const REFUSED_WAIT: Duration = Duration::from_millis(100);
/// Bytes read at a time.
const READ_LEN: usize = 64 * 1024;

/// Serves MLLP until `stop` is cancelled; then finishes the messages that are being applied.
pub async fn serve(hub: Arc<Hub>, listener: TcpListener, stop: CancellationToken) {
    let (tasks, places) = (TaskTracker::new(), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                let (hub, stop) = (Arc::clone(&hub), stop.clone());
                tasks.spawn(async move { converse(hub, socket, stop, place).await });
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
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    let _ = socket.set_nodelay(true);
    metrics::gauge!("ken_mllp_connections").increment(1.0);
    let mut decoder = Decoder::default();
    let mut read = vec![0; READ_LEN];
    let (mut input, mut out) = (Vec::new(), Vec::new());
    while let Some(len) = receive(&mut socket, &mut read, &stop, decoder.is_inside()).await {
        input.clear();
        input.extend_from_slice(read.get(..len).unwrap_or_default());
        let mut rest = input.as_slice();
        out.clear();
        while let Some(event) = decoder.step(&mut rest) {
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
    }
    if let Some(fault) = decoder.finish() {
        tracing::info!(fault.code = fault.code(), "connection ended inside a message");
    }
    metrics::gauge!("ken_mllp_connections").decrement(1.0);
}

/// Reads some bytes; `None` when the conversation is over. A stop waits for no half message: it
/// was never acknowledged, and the sender will send it again.
async fn receive(
    socket: &mut TcpStream,
    read: &mut [u8],
    stop: &CancellationToken,
    is_inside: bool,
) -> Option<usize> {
    let wait = async {
        if is_inside {
            timeout(FRAME_WAIT_MAX, socket.read(read)).await
        } else {
            Ok(socket.read(read).await)
        }
    };
    tokio::select! {
        () = stop.cancelled() => None,
        got = wait => match got {
            Ok(Ok(len)) if len > 0 => Some(len),
            _ => None,
        },
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
