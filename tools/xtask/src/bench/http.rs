//! A small HTTP/1.1 client: one connection, kept open, one question at a time.
//!
//! Enough for pages of our own server on loopback, and no more: it follows no redirect, decodes
//! no encoding, and takes answers of a stated length or in chunks.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// The largest body that is read.
const BODY_MAX: usize = 8 * 1024 * 1024;
/// The most lines of header that are read.
const HEADERS_MAX: usize = 100;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The target of a redirect.
    pub(super) location: Option<String>,
    pub(super) body: String,
}

/// One kept connection, with its cookies.
#[derive(Debug)]
pub(super) struct Client {
    target: SocketAddr,
    stream: BufReader<TcpStream>,
    cookies: BTreeMap<String, String>,
}

impl Client {
    /// Connects; only loopback is ever a target.
    pub(super) fn connect(target: SocketAddr) -> Result<Self> {
        ensure!(target.ip().is_loopback(), "only loopback is a target");
        let stream = TcpStream::connect(target).context("nobody listens")?;
        stream.set_nodelay(true).context("no delay")?;
        stream.set_read_timeout(Some(ANSWER_MAX)).context("no time limit")?;
        Ok(Self { target, stream: BufReader::new(stream), cookies: BTreeMap::new() })
    }

    /// Another connection that is signed in as this one is.
    pub(super) fn again(&self) -> Result<Self> {
        Ok(Self { cookies: self.cookies.clone(), ..Self::connect(self.target)? })
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask("GET", path, None)
    }

    /// Sends a form, as the page's own form would.
    pub(super) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let pair = |(name, value): &(&str, &str)| format!("{}={}", escaped(name), escaped(value));
        let form = fields.iter().map(pair).collect::<Vec<_>>().join("&");
        self.ask("POST", path, Some(&form))
    }

    fn ask(&mut self, verb: &str, path: &str, form: Option<&str>) -> Result<Answer> {
        let target = self.target;
        let mut head = format!("{verb} {path} HTTP/1.1\r\nHost: {target}\r\n");
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
            head.extend(["Cookie: ", &pairs.join("; "), "\r\n"]);
        }
        if let Some(form) = form {
            let lines = format!(
                "Origin: http://{target}\r\nSec-Fetch-Site: same-origin\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                form.len()
            );
            head.push_str(&lines);
        }
        head.push_str("\r\n");
        head.push_str(form.unwrap_or_default());
        self.stream.get_mut().write_all(head.as_bytes()).context("the connection broke")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok());
        let status = status.context("an answer without a status")?;
        let (mut length, mut chunked, mut location) = (0_usize, false, None);
        for _ in 0..HEADERS_MAX {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().context("a length")?,
                "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
                "location" => location = Some(value.to_owned()),
                "set-cookie" => self.keep(value),
                _ => {}
            }
        }
        let body = if chunked { self.chunks()? } else { self.exactly(length)? };
        Ok(Answer { status, location, body: String::from_utf8_lossy(&body).into_owned() })
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
        let Some((name, value)) = pair else { return };
        if value.trim().is_empty() {
            // How a server takes a cookie back.
            self.cookies.remove(name.trim());
        } else {
            self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.line()?.trim(), 16).context("a chunk's size")?;
            body.extend(self.exactly(size)?);
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
            ensure!(body.len() <= BODY_MAX, "a body without an end");
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        ensure!(length <= BODY_MAX, "a body of {length} bytes");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).context("the answer broke off")?;
        Ok(body)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).context("no answer in time")? == 0 {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// A form's value as a browser writes it: letters, digits and `-_.` as they are.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A server that answers each connection's questions with these texts, in order.
    fn server(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            for answer in answers {
                let mut buffer = [0; 4096];
                let read = stream.read(&mut buffer).expect("a question");
                assert!(read > 0);
                stream.write_all(answer.as_bytes()).expect("an answer");
            }
        });
        address
    }

    #[test]
    fn answers_of_both_kinds_are_read_on_one_connection() {
        let answers = &[
            "HTTP/1.1 303 See Other\r\nLocation: /a\r\nSet-Cookie: s=1; Path=/\r\n\
             Content-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        ];
        let mut client = Client::connect(server(answers)).expect("a connection");
        let first = client.post("/sign-in", &[("name", "a b&c")]).expect("an answer");
        assert_eq!((first.status, first.location.as_deref()), (303, Some("/a")));
        assert_eq!(client.cookies.get("s").map(String::as_str), Some("1"));
        assert_eq!(client.get("/a").expect("an answer").body, "abcde");
        let last = client.get("/b").expect("an answer");
        assert_eq!((last.status, last.body.as_str()), (404, "no"));
    }

    #[test]
    fn a_form_is_escaped() {
        assert_eq!(escaped("a b&c=é"), "a%20b%26c%3D%C3%A9");
        assert_eq!(escaped("aZ-9_x."), "aZ-9_x.");
    }
}
