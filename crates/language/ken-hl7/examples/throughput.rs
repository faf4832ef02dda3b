//! How many messages a second: `cargo run --release -p ken-hl7 --example throughput [FILE]`.
//!
//! FILE holds messages, one after the other, each beginning with `MSH` on a line of its own;
//! without it, one admission of 760 bytes is used. Each line is the best of five rounds; the other
//! parser runs in the same process, on the same messages.
#![expect(clippy::print_stdout, reason = "the table is what the example is for")]
#![expect(clippy::disallowed_methods, reason = "it measures durations")]
#![expect(clippy::expect_used, reason = "a benchmark stops where its data is wrong")]

use std::hint::black_box;
use std::time::Instant;

use ken_hl7::Message;
use ken_hl7::ack::{Answer, Code, answer_to};
use ken_hl7::map::map;
use ken_hl7::mllp::{Decoder, Event, encode};

const ADMISSION: &str = "MSH|^~\\&|PMS|NHSGLEN|KEN|GLENHSCP|20261121101500||ADT^A01^ADT_A01|M1|P\
|2.4\r\
EVN|A01|20261121101500|||DOE^J^^^^^^^|20261121101400\r\
PID|1||9990000018^^^NHSNBR^NH~T9990000018^^^NHSGLEN^MR||SAMPLE^ALICE^ANNE^^MRS^^L||19010101|F|||\
1 TEST STREET^^TESTTOWN^GLEN^ZZ99 9ZZ^GBR^H||01592000000^PRN^PH|||M|||||||||||||||N\r\
PD1|||TEST SURGERY^^F12345|G1234567^GENERAL^PRACTITIONER^^^DR\r\
NK1|1|SAMPLE^BOB|SPO|1 TEST STREET^^TESTTOWN^GLEN^ZZ99 9ZZ|01592000001\r\
PV1|1|I|WARD4^BAY2^BED3^VHK^^^^^ACUTE MEDICINE|E|||C1111111^CONSULTANT^ANNE^^^DR|||300||||19|||\
C1111111^CONSULTANT^ANNE^^^DR|IN|V1|||||||||||||||||||||||||20261121101400\r\
AL1|1|DA|70618^PENICILLIN^SNOMED|SV|ANAPHYLAXIS|20100101\r\
DG1|1||J18.9^PNEUMONIA^ICD10||20261121|A\r";

/// Rounds, of which the best counts.
const ROUNDS: usize = 5;
/// Messages in a round, at least.
const MESSAGES_MIN: usize = 20_000;

fn measure(what: &str, messages: &[String], mut work: impl FnMut(&str)) {
    let repeats = MESSAGES_MIN.div_ceil(messages.len());
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..repeats {
            for message in messages {
                work(message);
            }
        }
        best = best.min(began.elapsed().as_secs_f64());
    }
    let count = u32::try_from(repeats * messages.len()).unwrap_or(u32::MAX);
    let bytes: usize = messages.iter().map(String::len).sum::<usize>() * repeats;
    let mib = f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0;
    println!("{what:<44} {:>10.0} messages/s {:>8.1} MiB/s", f64::from(count) / best, mib / best);
}

fn main() {
    let messages = match std::env::args().nth(1) {
        None => vec![ADMISSION.to_owned()],
        Some(path) => {
            let text = std::fs::read_to_string(path).expect("the file of messages is readable");
            let lines = text.split('\n').map(str::trim).filter(|line| line.starts_with("MSH"));
            lines.map(str::to_owned).collect()
        }
    };
    assert!(!messages.is_empty(), "no message begins with MSH");
    println!("{} messages, best of {ROUNDS} rounds, one thread", messages.len());
    measure("hl7-parser: parse (eager tree)", &messages, |text| {
        black_box(hl7_parser::Message::parse(text).expect("a message"));
    });
    measure("ken-hl7: parse (spans)", &messages, |text| {
        black_box(Message::parse(text.as_bytes()).expect("a message"));
    });
    measure("ken-hl7: parse, every subcomponent read", &messages, |text| {
        let message = Message::parse(text.as_bytes()).expect("a message");
        for segment in message.segments() {
            for number in 1..=segment.fields() {
                for part in segment.field(number).repetitions() {
                    black_box(part.component(1).subcomponent(1).text());
                }
            }
        }
    });
    measure("ken-hl7: codec, parse, answer", &messages, |text| received(text, false));
    measure("ken-hl7: codec, parse, map to FHIR, answer", &messages, |text| received(text, true));
}

fn received(text: &str, mapped: bool) {
    let mut frame = Vec::new();
    encode(text.as_bytes(), &mut frame);
    let mut input = frame.as_slice();
    let Some(Event::Frame(bytes)) = Decoder::default().step(&mut input) else { return };
    let message = Message::parse(&bytes).expect("a message");
    if mapped {
        black_box(map(&message).expect("a message that is taken"));
    }
    let answer =
        Answer { code: Code::Accept, reason: None, id: "K", now: jiff::Timestamp::UNIX_EPOCH };
    black_box(answer_to(&message, &answer));
}
