//! Speaking to a demo: MLLP and HTTP, by hand.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(30);

/// Sends bytes in a frame and reads the frame that answers.
pub(crate) fn send(mllp: &str, message: &[u8]) -> String {
    let mut stream = connect(mllp);
    stream.write_all(&[&[0x0b], message, &[0x1c, 0x0d]].concat()).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(&[0x1c, 0x0d]) {
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    String::from_utf8(answer[1..answer.len() - 2].to_vec()).unwrap()
}

/// The acknowledgement code, MSA-1.
pub(crate) fn code(answer: &str) -> &str {
    let msa = answer.split('\r').find(|line| line.starts_with("MSA|")).unwrap();
    msa.split('|').nth(1).unwrap()
}

/// Asks for a page; the whole answer as text.
pub(crate) fn page(http: &str, path: &str) -> String {
    let mut stream = connect(http);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn connect(to: &str) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    stream
}

/// A registration of somebody by the practice, under a control id.
pub(crate) fn registration(control: &str, family: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|SURGERY|GLENPRACTICE|KEN|GLEN|20261121101500||ADT^A28|{control}|T|2.5.1\r\
         EVN|A28|20261121101500\r\
         PID|1||{control}^^^GGP^MR||{family}^Isbeal||19610512|F\r"
    )
    .into_bytes()
}
