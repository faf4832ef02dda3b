//! The listener against clients that do what none should: on a real socket, with short limits.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::to_bytes;
use axum::routing::{get, post};
use ken_testkit::SeededIds;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use ken_core::IdSource as _;

use super::*;

/// Far longer than anything here takes: a test that meets it hangs, and fails.
const HANGS: Duration = Duration::from_mins(1);

/// Times that never run out in a test, and few places.
const SHORT: Limits = Limits {
    connections: 4,
    head_wait: HANGS,
    head_bytes: 16 * 1024,
    head_lines: 16,
    life: HANGS,
    farewell: HANGS,
};

struct Running {
    at: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    written: Arc<AtomicUsize>,
}

impl Running {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, written) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&written);
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/long", get(|| async { "x".repeat(64 * 1024 * 1024) }));
        let router = router.route(
            "/write",
            post(move |request: Request| async move {
                count.fetch_add(1, Ordering::SeqCst);
                to_bytes(request.into_body(), 4096).await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
            }),
        );
        let tasks = TaskTracker::new();
        let task = tasks.spawn(listen(listener, router, limits, stop.clone()));
        Self { at, stop, task, written }
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        // A server that closed already is an answer too.
        let _ = stream.write_all(bytes).await;
        stream
    }

    /// Everything that is answered until the server closes; a reset is an end like another.
    async fn told(&self, mut stream: TcpStream) -> String {
        let mut told = Vec::new();
        let read = tokio::time::timeout(HANGS, async {
            let mut part = [0; 4096];
            loop {
                match stream.read(&mut part).await {
                    Ok(0) => return,
                    Ok(count) => told.extend(&part[..count]),
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        read.await.expect("the server keeps a connection that it should close");
        String::from_utf8_lossy(&told).into_owned()
    }

    async fn ask(&self, path: &str) -> String {
        let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        self.told(self.send(head.as_bytes()).await).await
    }

    /// Asks until there is an answer: with limits this short, a busy machine may lose one.
    async fn answers(&self) {
        let asked = async { while !self.ask("/").await.ends_with("here") {} };
        tokio::time::timeout(HANGS, asked).await.expect("nobody is served any more");
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(HANGS, self.task).await.expect("it does not stop").unwrap();
    }
}

#[tokio::test]
async fn a_slow_head_and_a_silent_connection_are_closed() {
    let wait = Duration::from_millis(50);
    let running = Running::start(Limits { head_wait: wait, ..SHORT }).await;
    // Never asked, asked half, and asked once and then kept without a word.
    assert_eq!(running.told(running.send(b"").await).await, "");
    let half = running.told(running.send(b"GET / HTTP/1.1\r\nHost: a\r\n").await).await;
    assert!(!half.contains("here"), "{half}");
    let asked = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    running.told(running.send(asked).await).await;
    running.answers().await;
    running.end().await;
}

#[tokio::test]
async fn a_connection_that_is_not_read_is_dropped() {
    let short = Duration::from_millis(50);
    let running = Running::start(Limits { life: short, farewell: short, ..SHORT }).await;
    let mut deaf = Vec::new();
    for _ in 0..SHORT.connections {
        deaf.push(running.send(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n").await);
    }
    // All places are taken by those who do not read; they lose them.
    running.answers().await;
    running.end().await;
}

#[tokio::test]
async fn one_more_than_may_be_waits_for_a_place() {
    let running = Running::start(SHORT).await;
    let mut held = Vec::new();
    for _ in 0..SHORT.connections {
        let mut stream = running.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let mut first = [0; 8];
        stream.read_exact(&mut first).await.unwrap();
        held.push(stream);
    }
    let waiting = running.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let mut byte = [0];
    let looked = tokio::time::timeout(Duration::from_millis(100), waiting.peek(&mut byte)).await;
    assert!(looked.is_err(), "one more than may be is served");
    held.pop();
    assert!(running.told(waiting).await.ends_with("here"));
    running.end().await;
}

#[tokio::test]
async fn a_head_has_a_length_and_a_number_of_lines() {
    let running = Running::start(SHORT).await;
    let long = "x".repeat(SHORT.head_bytes);
    assert!(!running.ask(&format!("/{long}")).await.contains("200 OK"));
    let lines = "A: b\r\n".repeat(SHORT.head_lines);
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    let told = running.told(running.send(head.as_bytes()).await).await;
    assert!(told.starts_with("HTTP/1.1 431"), "{told}");
    let fits = format!("/?{}", "x".repeat(SHORT.head_bytes / 2));
    assert!(running.ask(&fits).await.contains("200 OK"));
    running.end().await;
}

#[tokio::test]
async fn what_was_begun_is_finished_when_it_stops() {
    let running = Running::start(SHORT).await;
    let head = b"POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab";
    let mut stream = running.send(head).await;
    let begun = async {
        while running.written.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANGS, begun).await.expect("it is not begun");
    running.stop.cancel();
    stream.write_all(b"cd").await.unwrap();
    let told = running.told(stream).await;
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    assert_eq!(running.written.load(Ordering::SeqCst), 2);
    assert!(TcpStream::connect(running.at).await.is_err(), "it still listens");
    running.end().await;
}

/// Any bytes at all: the listener answers or closes, and serves the next client.
#[tokio::test]
async fn any_bytes_are_answered_or_closed() {
    const CASES: usize = 300;
    let running = Running::start(SHORT).await;
    let ids = SeededIds::new(20_261_122);
    for case in 0..CASES {
        let mut stream = running.send(&bytes(&ids)).await;
        // Whoever was sent half a request hears that there is no more.
        let _ = stream.shutdown().await;
        if case % 3 > 0 {
            running.told(stream).await;
        }
    }
    assert!(running.ask("/").await.ends_with("here"));
    running.end().await;
}

/// Pieces of requests, good and bad, in any order, with bytes changed.
fn bytes(ids: &SeededIds) -> Vec<u8> {
    const PIECES: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n",
        b"POST /write HTTP/1.1\r\n",
        b"GET",
        b" ",
        b"\r\n",
        b"\n",
        b"\0",
        b"\xff\xfe",
        b"Host: a\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: h2c\r\nConnection: upgrade\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n",
        b"OPTIONS * HTTP/1.1\r\n",
        b"GET http://[::1 HTTP/1.1\r\n",
        b"GET /%zz?\xc3\x28 HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b": no name\r\n",
        b" folded\r\n",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ];
    let entropy = ids.random().into_bytes();
    let mut all = Vec::new();
    let count = usize::from(entropy[0] % 12) + 1;
    for at in 0..count {
        all.extend(PIECES[usize::from(entropy[at + 1]) % PIECES.len()]);
    }
    if entropy[14].is_multiple_of(2) && !all.is_empty() {
        let place = usize::from(entropy[15]) % all.len();
        all[place] ^= 1 << (entropy[13] % 8);
    }
    all
}
