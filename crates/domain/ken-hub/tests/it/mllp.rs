//! The listener, over a real socket.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::world::worlds;

fn message(control_id: &str, extra: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|A|B|C|D|20261121101500||ADT^A01^ADT_A01|{control_id}|P|2.4\r\
         EVN|A01|20261121101500\r\
         PID|1||9990000018^^^NHSNBR^NH||TESTPATIENT^ALICE||19010101|F{extra}\rPV1|1|I|W^B^B\r"
    )
    .into_bytes()
}

fn framed(body: &[u8]) -> Vec<u8> {
    [b"\x0b", body, b"\x1c\r"].concat()
}

/// What comes back on one connection, as `AA 1`, in order.
async fn told(socket: &mut TcpStream, wanted: usize) -> Vec<String> {
    let mut bytes = vec![];
    let mut part = [0; 4096];
    let count = |bytes: &[u8]| bytes.windows(4).filter(|window| window == b"MSA|").count();
    while count(&bytes) < wanted || !bytes.ends_with(b"\x1c\r") {
        match timeout(Duration::from_secs(20), socket.read(&mut part)).await {
            Ok(Ok(len)) if len > 0 => bytes.extend_from_slice(&part[..len]),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines = text.split('\r').filter_map(|line| line.strip_prefix("MSA|"));
    lines.map(|line| line.replace('|', " ").trim().to_owned()).collect()
}

#[tokio::test]
async fn frames_are_answered_however_they_come() {
    for world in worlds().await {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let hub = Arc::clone(&world.hub);
        let serving = ken_hub::serve(hub, listener, 8, stop.clone());
        let conversing = async {
            let check = async |chunks: &[&[u8]], want: &[&str]| {
                let mut socket = TcpStream::connect(address).await.unwrap();
                socket.set_nodelay(true).unwrap();
                for chunk in chunks {
                    socket.write_all(chunk).await.unwrap();
                    socket.flush().await.unwrap();
                    tokio::task::yield_now().await;
                }
                assert_eq!(told(&mut socket, want.len()).await, want, "{}", world.databases.engine);
            };
            check(&[&framed(&message("S1", ""))], &["AA S1"]).await;
            let three: Vec<u8> =
                ["C1", "C2", "C3"].iter().flat_map(|id| framed(&message(id, ""))).collect();
            check(&[&three], &["AA C1", "AA C2", "AA C3"]).await;
            let split = framed(&message("P1", ""));
            check(&[&split[..1], &split[1..9], &split[9..]], &["AA P1"]).await;
            check(&[b"\r\n", &framed(&message("N1", ""))], &["AA N1"]).await;
            let big = [message("B1", ""), b"OBX|1|ED|x||".to_vec(), vec![b'A'; 1 << 20]].concat();
            check(&[&framed(&big)], &["AA B1"]).await;
            let both = [framed(b"HELLO WORLD"), framed(&message("G2", ""))].concat();
            check(&[&both], &["AR", "AA G2"]).await;
            let mut half = TcpStream::connect(address).await.unwrap();
            half.write_all(&framed(&message("H1", ""))[..40]).await.unwrap();
            drop(half);
            check(&[&framed(&message("Z1", ""))], &["AA Z1"]).await;
            stop.cancel();
        };
        tokio::join!(serving, conversing);
        let kept = world.count("SELECT COUNT(*) FROM inbox WHERE state = 'applied'").await;
        assert_eq!(kept, 9, "{}", world.databases.engine);
    }
}

/// Many scanned letters at once, as after an outage: what is not read yet is not in memory.
#[tokio::test]
async fn of_long_messages_only_so_many_are_read_at_a_time() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        // So few connections have one place for a long message.
        let serving = ken_hub::serve(Arc::clone(&world.hub), listener, 8, stop.clone());
        let conversing = async {
            let letter = |id: &str| {
                let of = [message(id, ""), b"ZLT|".to_vec(), vec![b'A'; 15 << 20]].concat();
                framed(&of)
            };
            let (first, second) = (letter("L1"), letter("L2"));
            let mut one = TcpStream::connect(address).await.unwrap();
            one.write_all(&first[..first.len() - 2]).await.unwrap();
            let mut other = TcpStream::connect(address).await.unwrap();
            let (mut read, mut write) = other.split();
            let mut sending = Box::pin(write.write_all(&second));
            let waits = timeout(Duration::from_secs(1), &mut sending).await;
            assert!(waits.is_err(), "{engine}: the second is read while the first is held");
            let mut small = TcpStream::connect(address).await.unwrap();
            small.write_all(&framed(&message("S1", ""))).await.unwrap();
            assert_eq!(told(&mut small, 1).await, ["AA S1"], "{engine}");
            one.write_all(&first[first.len() - 2..]).await.unwrap();
            assert_eq!(told(&mut one, 1).await, ["AA L1"], "{engine}");
            timeout(Duration::from_secs(20), sending).await.unwrap().unwrap();
            let mut answer = [0; 4096];
            let len = timeout(Duration::from_secs(20), read.read(&mut answer)).await;
            let len = len.unwrap().unwrap();
            assert!(String::from_utf8_lossy(&answer[..len]).contains("MSA|AA|L2"), "{engine}");
            stop.cancel();
        };
        tokio::join!(serving, conversing);
    }
}

/// Senders that open one connection after another, and close none.
#[tokio::test]
async fn the_silent_give_way_to_those_who_come() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = ken_hub::serve(Arc::clone(&world.hub), listener, 2, stop.clone());
        let conversing = async {
            let mut begun = TcpStream::connect(address).await.unwrap();
            let halves = framed(&message("BEGUN", ""));
            let more = [&framed(&message("FIRST", "")), &halves[..40]].concat();
            begun.write_all(&more).await.unwrap();
            assert_eq!(told(&mut begun, 1).await, ["AA FIRST"], "{engine}");
            let mut left = vec![];
            for id in ["ONE", "TWO", "THREE"] {
                let mut socket = TcpStream::connect(address).await.unwrap();
                socket.write_all(&framed(&message(id, ""))).await.unwrap();
                assert_eq!(told(&mut socket, 1).await, [format!("AA {id}")], "{engine}");
                left.push(socket);
            }
            // Who is inside a message is not silent, however long ago they came.
            begun.write_all(&halves[40..]).await.unwrap();
            assert_eq!(told(&mut begun, 1).await, ["AA BEGUN"], "{engine}");
            for mut socket in left.drain(..2) {
                let closed = timeout(Duration::from_secs(20), socket.read(&mut [0; 16])).await;
                assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{engine}: {closed:?}");
            }
            stop.cancel();
        };
        tokio::join!(serving, conversing);
    }
}
