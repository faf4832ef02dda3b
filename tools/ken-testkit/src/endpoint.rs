//! A source's FHIR server on a socket of this machine, which answers as a test says.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What is answered to a path and a form; nothing, where the server says nothing and goes on
/// listening.
pub type Answers = fn(&str, &str) -> Option<Value>;

type Heard = Arc<Mutex<Vec<String>>>;

/// The server; it ends with this.
#[derive(Debug)]
pub struct Endpoint {
    base: String,
    heard: Heard,
    _serving: JoinSet<()>,
}

impl Endpoint {
    /// Serves on a port of its own.
    ///
    /// # Panics
    ///
    /// When this machine gives no port.
    #[expect(clippy::expect_used, reason = "a test has nobody to answer")]
    pub async fn serve(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/fhir", listener.local_addr().expect("an address"));
        let (heard, mut serving) = (Heard::default(), JoinSet::new());
        let to = Arc::clone(&heard);
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(answer(stream, answers, Arc::clone(&to)));
            }
        });
        Self { base, heard, _serving: serving }
    }

    /// Its base address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Every request that came, whole, in the order they were read.
    ///
    /// # Panics
    ///
    /// When a connection has panicked.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test has nobody to answer")]
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("nobody panicked").clone()
    }
}

async fn answer(mut stream: TcpStream, answers: Answers, heard: Heard) {
    let Some(request) = read(&mut stream).await else { return };
    let (top, form) = request.split_once("\r\n\r\n").unwrap_or_default();
    if let Ok(mut heard) = heard.lock() {
        heard.push(request.clone());
    }
    let said = answers(top.split(' ').nth(1).unwrap_or_default(), form);
    let Some(said) = said else { return std::future::pending().await };
    let (said, top) = (said.to_string(), "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json");
    let answer = format!("{top}\r\nContent-Length: {}\r\n\r\n{said}", said.len());
    // Whoever asked may have gone.
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// One request, as soon as all of it is there.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut request = String::new();
    let mut some = [0; 4096];
    loop {
        let count = stream.read(&mut some).await.ok().filter(|count| *count > 0)?;
        request.push_str(std::str::from_utf8(some.get(..count)?).ok()?);
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let length = head.split("Content-Length: ").nth(1)?.lines().next()?;
        if length.parse() == Ok(body.len()) {
            return Some(request);
        }
    }
}
