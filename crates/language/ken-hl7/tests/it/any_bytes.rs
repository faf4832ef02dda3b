//! Fuzz targets: any bytes to the codec, the parser, the answer and the maps.
//!
//! The same cases in every run, since a test must not depend on luck. New ones are drawn only where
//! somebody asks for them: with `BOLERO_RANDOM_TEST_TIME_MS` (per target), with the seed that a
//! failure printed, or by a fuzzing engine, `cargo bolero test any_bytes::NAME`.

use ken_hl7::ack::{Answer, Code, write};
use ken_hl7::map::map;
use ken_hl7::mllp::{Decoder, Event};
use ken_hl7::{Header, Message};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::shared::repeatable;

/// Pieces of messages: bytes draw from them, so that random input is almost HL7.
const PIECES: &[&[u8]] = &[
    b"\rPID|1||7^^^GLEN^MR||Bain^Morag||19480302|F",
    b"\rEVN|A01|20261121",
    b"\rNK1|1|A^B|MTH",
    b"\rPV1|1|I|W^R^B||||C1^D^E",
    b"\rPV2|||x^y",
    b"\rAL1|1|DA|1^Penicillin^SCT|SV|Rash",
    b"\rIAM|1|DA|1^Latex^SCT|SV|Rash|D",
    b"\rDG1|1||J18.9^P^I10",
    b"\rOBR|1|P|F|u^U|||20261121",
    b"\rOBX|1|NM|k^K||5.1|mmol/L|1-2|H|||F",
    b"\rOBX|1|SN|k^K||<^5^-^9",
    b"\rOBX|1|ED|s||^application^pdf^Base64^JVBE",
    b"\rNTE|1||note",
    b"\rMRG|8^^^GLEN^MR",
    b"\rTXA|1|KIS|TX|20261121||||||||D1",
    b"\rSCH|1|2||||||R|45|min|^^^2026",
    b"\rAIS|1||s^S|20261121101500|||50|min",
    b"\rAIP|1||p^P^Q",
    b"\rRF1|P|R|CONCERN|||C1|20261121",
    b"\rPRD|RP|Q^A",
    b"\rPRB|AD|2026|1^A^SCT",
    b"|",
    b"|",
    b"^",
    b"~",
    b"&",
    b"\\",
    b"\\F\\",
    b"\\XC3\\",
    b"\"\"",
    b"\r",
    b"\n",
    b"99999999999999999999",
    b"+9999",
    b"\xff",
    b"\xc3\xa9",
    b"MSH|^~\\&|",
    b"\x0b",
    b"\x1c",
    b"A",
    b"0",
];

const KINDS: &[&str] = &[
    "ADT^A01", "ADT^A03", "ADT^A08", "ADT^A28", "ADT^A34", "ADT^A40", "ORU^R01", "MDM^T02",
    "MDM^T10", "MDM^T11", "SIU^S12", "REF^I12", "PPR^PC1", "BAR^P01", "ADT^A13", "ADT^A60",
];

fn almost_hl7(input: &[u8]) -> Vec<u8> {
    let (&kind, rest) = input.split_first().unwrap_or((&0, &[]));
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let mut bytes = format!("MSH|^~\\&|A|GLEN|C|D|20261121101500||{kind}|1|P|2.4").into_bytes();
    bytes.extend_from_slice(PIECES[0]);
    for byte in rest {
        bytes.extend_from_slice(PIECES[usize::from(*byte) % PIECES.len()]);
    }
    bytes
}

fn whole(bytes: &[u8]) {
    let answer = Answer { code: Code::Accept, reason: None, id: "K", now: jiff::Timestamp::MAX };
    let answered = write(bytes, &answer);
    assert!(Message::parse(&answered).unwrap().first("MSA").is_some());
    let Ok(message) = Message::parse(bytes) else { return };
    for segment in message.segments() {
        for number in 0..=segment.fields() + 1 {
            for part in segment.field(number).repetitions() {
                let _ = part.component(2).subcomponent(2).text();
            }
        }
    }
    let _ = Header::of(&message);
    if let Ok(mapped) = map(&message) {
        for made in &mapped.resources {
            let read = ken_fhir::Resource::parse(&made.resource.to_bytes()).unwrap();
            assert_eq!(&read, &made.resource);
            // Told again, a thing is what it was.
            assert_eq!(made.told.onto(&read, made.resource.clone()), read);
        }
    }
}

/// Runs a target on the same inputs every time.
fn on_the_same(target: impl Fn(&[u8])) {
    let inputs = prop::collection::vec(any::<u8>(), 0..300);
    let tried = TestRunner::new(repeatable()).run(&inputs, |input| {
        target(&input);
        Ok(())
    });
    tried.unwrap();
}

/// Whether somebody asked for new inputs.
fn is_asked() -> bool {
    let asked = |name: &str| std::env::var_os(name).is_some();
    let names = ["BOLERO_RANDOM_TEST_TIME_MS", "BOLERO_RANDOM_SEED", "CARGO_BOLERO_SELECT"];
    names.into_iter().any(asked)
}

fn decoded(input: &[u8]) {
    let mut decoder = Decoder::new(64);
    for chunk in input.chunks(7) {
        let mut rest = chunk;
        while let Some(event) = decoder.step(&mut rest) {
            if let Event::Frame(frame) = event {
                assert!(frame.len() <= 64);
            }
        }
    }
    let _ = decoder.finish();
}

#[test]
fn codec() {
    on_the_same(decoded);
    if is_asked() {
        bolero::check!().for_each(|input: &[u8]| decoded(input));
    }
}

#[test]
fn bytes() {
    on_the_same(whole);
    if is_asked() {
        bolero::check!().for_each(|input: &[u8]| whole(input));
    }
}

#[test]
fn nearly_messages() {
    on_the_same(|input| whole(&almost_hl7(input)));
    if is_asked() {
        bolero::check!().for_each(|input: &[u8]| whole(&almost_hl7(input)));
    }
}
