//! The load on MLLP: clients that send, wait for the answer, and send the next.
//!
//! Every answer is checked: `AA` (or `CA`) for the control id that was sent. Anything else counts
//! as a fault, and a figure with faults is no figure.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::sample::Samples;
use crate::watch::Watch;

/// How long one answer may take before the connection is given up.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// At most this many messages, whatever the time allows.
const MESSAGES_MAX: usize = 2_000_000;
/// The bytes of a frame's beginning and end.
const START: u8 = 0x0b;
const END: [u8; 2] = [0x1c, 0x0d];

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) target: SocketAddr,
    pub(super) connections: usize,
    /// How many people the messages are about; 1 puts all of them on one.
    pub(super) people: usize,
    pub(super) time: Duration,
    /// Tells runs apart, so that no message of a second run repeats one of the first.
    pub(super) run: usize,
}

/// Sends until the time is over and everybody was the subject of a message.
pub(super) fn send(load: &Load) -> Result<Samples> {
    ensure!(load.target.ip().is_loopback(), "only loopback is a target");
    let people = people(load.people);
    let next = AtomicUsize::new(0);
    let watch = Watch::start();
    let each = thread::scope(|scope| {
        let clients: Vec<_> = (0..load.connections)
            .map(|_| scope.spawn(|| client(load, &people, &next, watch)))
            .collect();
        clients.into_iter().map(|client| client.join().ok()).collect::<Vec<_>>()
    });
    let mut samples = Samples::default();
    for client in each {
        client.context("a client stopped")??.into_iter().for_each(|one| samples.push(one));
    }
    samples.took(watch.elapsed());
    Ok(samples)
}

fn client(load: &Load, people: &[Made], next: &AtomicUsize, watch: Watch) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(load.target).context("nobody listens")?;
    stream.set_nodelay(true).context("no delay")?;
    stream.set_read_timeout(Some(ANSWER_MAX)).context("no time limit")?;
    let mut took = Vec::new();
    let mut answer = Vec::new();
    loop {
        let count = next.fetch_add(1, Ordering::Relaxed);
        // Everybody once, however long it takes: pages are opened of them all.
        if watch.elapsed() >= load.time && count >= load.people {
            break;
        }
        let Some(made) = people.get(count % people.len()).filter(|_| count < MESSAGES_MAX) else {
            break;
        };
        let id = format!("B{}X{count}", load.run);
        let frame = framed(&message(&id, made));
        let one = Watch::start();
        stream.write_all(&frame).context("the connection broke")?;
        read_frame(&mut stream, &mut answer)?;
        took.push(one.elapsed());
        check(&answer, &id)?;
    }
    Ok(took)
}

fn read_frame(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<()> {
    answer.clear();
    let mut buffer = [0_u8; 4096];
    while !answer.ends_with(&END) {
        let read = stream.read(&mut buffer).context("no answer in time")?;
        ensure!(read > 0, "the server closed the connection");
        answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
    }
    Ok(())
}

/// Whether the answer accepts the message of this id.
fn check(answer: &[u8], id: &str) -> Result<()> {
    let text = String::from_utf8_lossy(answer);
    let Some(msa) = text.split('\r').find(|segment| segment.starts_with("MSA|")) else {
        bail!("an answer without MSA");
    };
    let mut fields = msa.split('|').skip(1);
    let (code, echo) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    ensure!(matches!(code, "AA" | "CA"), "answered {code}: {msa}");
    ensure!(echo == id, "answered {echo} to {id}");
    Ok(())
}

fn framed(message: &str) -> Vec<u8> {
    let mut frame = Vec::with_capacity(message.len() + 3);
    frame.push(START);
    frame.extend_from_slice(message.as_bytes());
    frame.extend_from_slice(&END);
    frame
}

/// Somebody made up: a number of the range that is never issued, a birth date, a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) number: String,
    born: String,
    family: String,
}

/// That many people; numbers with their check digit (modulus 11), far from those at the beginning
/// of the range, which are the demonstration's own people.
pub(super) fn people(count: usize) -> Vec<Made> {
    (999_800_000_u64..=999_999_999)
        .filter_map(|stem| Some((stem, check_digit(stem)?)))
        .take(count.max(1))
        .enumerate()
        .map(|(at, (stem, check))| Made {
            number: format!("{stem}{check}"),
            born: format!("{:04}{:02}{:02}", 1930 + at % 80, 1 + at / 80 % 12, 1 + at / 960 % 28),
            family: format!("ZZ{}", letters(at)),
        })
        .collect()
}

/// The check digit of nine digits; a stem whose digit would be ten is never used.
fn check_digit(stem: u64) -> Option<u64> {
    let weighted = (2..=10).zip(std::iter::successors(Some(stem), |rest| Some(rest / 10)));
    let sum: u64 = weighted.map(|(weight, rest)| weight * (rest % 10)).sum();
    match 11 - sum % 11 {
        10 => None,
        11 => Some(0),
        check => Some(check),
    }
}

fn letters(number: usize) -> String {
    const ALPHABET: [char; 10] = ['A', 'E', 'I', 'O', 'U', 'L', 'M', 'N', 'R', 'S'];
    let digits = format!("{number:06}");
    digits.bytes().filter_map(|digit| ALPHABET.get(usize::from(digit - b'0'))).collect()
}

/// An admission of about 700 bytes, as a ward's system sends it.
fn message(id: &str, made: &Made) -> String {
    let Made { number, born, family } = made;
    let segments = [
        format!("MSH|^~\\&|WARDBOOK|NHSGLEN|KEN|GLEN|20261121101500||ADT^A01^ADT_A01|{id}|P|2.4"),
        "EVN|A01|20261121101500|||C999^SYSTEM^ANNE|20261121101400".to_owned(),
        format!(
            "PID|1||{number}^^^NHSNBR^NH||{family}^MADEUP^ANNE^^MRS^^L||{born}|F|||1 TEST STREET^^\
             TESTTOWN^GLEN^ZZ99 9ZZ^GBR^H||01632 960000^PRN^PH|||M|||||||||||||||N"
        ),
        "PD1|||GLEN MEDICAL PRACTICE^^F99999|G9999999^PRACTITIONER^GRACE^^^DR".to_owned(),
        format!("NK1|1|{family}^BOB|SPO|1 TEST STREET^^TESTTOWN^GLEN^ZZ99 9ZZ|01632 960001"),
        format!(
            "PV1|1|I|WARD4^BAY2^BED3^GLEN^^^^^ACUTE MEDICINE|E|||C999^CONSULTANT^ANNE^^^DR|||300|||\
             |19|||C999^CONSULTANT^ANNE^^^DR|IN|V{id}|||||||||||||||||||||||||20261121101400"
        ),
        "AL1|1|DA|70618^PENICILLIN^SNOMED|SV|ANAPHYLAXIS|20100101".to_owned(),
        "DG1|1||J18.9^PNEUMONIA^ICD10||20261121|A".to_owned(),
    ];
    segments.iter().flat_map(|segment| [segment.as_str(), "\r"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_the_standard() {
        // The NHS Data Dictionary's example, 943 476 5919, and a stem that would need a ten.
        assert_eq!(check_digit(943_476_591), Some(9));
        assert_eq!(check_digit(999_000_000), None);
        let tens = (999_000_000..999_000_100).filter(|stem| check_digit(*stem).is_none()).count();
        assert!(tens > 0 && tens < 20, "{tens}");
    }

    #[test]
    fn people_are_made_up_and_distinct() {
        let people = people(5_000);
        let numbers: std::collections::BTreeSet<_> = people.iter().map(|m| &m.number).collect();
        assert_eq!(numbers.len(), 5_000);
        assert!(people.iter().all(|made| made.number.starts_with("999")));
        assert!(people.iter().all(|made| made.born.len() == 8 && made.family.len() == 8));
    }

    #[test]
    fn an_answer_is_for_the_message_that_was_sent() {
        let answer = |code, id| format!("\u{b}MSH|^~\\&|KEN\rMSA|{code}|{id}|\r\u{1c}\r");
        assert!(check(answer("AA", "B1X7").as_bytes(), "B1X7").is_ok());
        assert!(check(answer("CA", "B1X7").as_bytes(), "B1X7").is_ok());
        assert!(check(answer("AE", "B1X7").as_bytes(), "B1X7").is_err());
        assert!(check(answer("AA", "B1X8").as_bytes(), "B1X7").is_err());
        assert!(check(b"MSH|", "B1X7").is_err());
    }

    #[test]
    fn a_frame_holds_one_message() {
        let frame = framed(&message("B1X0", &people(1)[0]));
        assert_eq!(frame.split(|byte| *byte == START).count(), 2);
        assert!(frame.ends_with(&[b'\r', 0x1c, 0x0d]));
        assert!(frame.len() > 600 && frame.len() < 1000, "{}", frame.len());
    }

    #[test]
    fn only_loopback_is_a_target() {
        let target = SocketAddr::from(([192, 0, 2, 1], 2575));
        let load =
            Load { target, connections: 1, people: 1, time: Duration::from_millis(1), run: 0 };
        assert!(send(&load).expect_err("refused").to_string().contains("loopback"));
    }
}
