//! Another parser as oracle: where `hl7-parser` reads a message, ours reads the same.
//!
//! It reads no bytes that are not UTF-8, and no message whose header ours refuses; those are for
//! the other tests.

use ken_hl7::Message;
use proptest::prelude::*;

use crate::shared::{repeatable, simhospital};

/// Compares every segment, field, repetition, component and subcomponent.
fn same(text: &str) -> Result<(), String> {
    let theirs = hl7_parser::Message::parse(text).map_err(|error| format!("theirs: {error}"))?;
    let ours = Message::parse(text.as_bytes()).map_err(|error| format!("ours: {error}"))?;
    let (mut mine, mut other) = (ours.segments(), theirs.segments());
    loop {
        let (segment, expected) = match (mine.next(), other.next()) {
            (None, None) => return Ok(()),
            (Some(segment), Some(expected)) => (segment, expected),
            (one, _) => return Err(format!("one has more segments: {}", one.is_some())),
        };
        if segment.name() != expected.name {
            return Err(format!("name {} is not {}", segment.name(), expected.name));
        }
        for (at, field) in expected.fields().enumerate() {
            let own = segment.field(at + 1);
            let place = format!("{}-{}", expected.name, at + 1);
            if own.raw() != field.raw_value() {
                return Err(format!("{place}: {:?} is not {:?}", own.raw(), field.raw_value()));
            }
            // MSH-1 and MSH-2 are the separators themselves.
            if expected.name != "MSH" || at > 1 {
                deeper(own, field, &place)?;
            }
        }
    }
}

fn deeper(
    own: ken_hl7::Part<'_>,
    field: &hl7_parser::message::Field<'_>,
    place: &str,
) -> Result<(), String> {
    let mut repetitions = own.repetitions();
    for expected in field.repeats().filter(|_| !own.is_empty()) {
        let Some(repetition) = repetitions.next() else {
            return Err(format!("{place}: fewer repetitions"));
        };
        for (at, component) in expected.components().enumerate() {
            let mine = repetition.component(at + 1);
            if mine.raw() != component.raw_value() {
                return Err(format!("{place}.{}: {:?}", at + 1, mine.raw()));
            }
            for (at, part) in component.subcomponents().enumerate() {
                if mine.subcomponent(at + 1).raw() != part.raw_value() {
                    return Err(format!("{place}: subcomponent {}", at + 1));
                }
            }
        }
    }
    if repetitions.next().is_some() { Err(format!("{place}: more repetitions")) } else { Ok(()) }
}

#[test]
fn both_read_the_simulated_hospital_alike() {
    let Some(messages) = simhospital() else { return };
    for text in &messages {
        assert_eq!(same(text), Ok(()));
    }
}

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn both_read_any_tidy_message_alike(
        segments in prop::collection::vec(
            ("[A-Z]{2}[A-Z0-9]", prop::collection::vec("[a-zé0-9 ^&~]{0,12}", 1..8)), 0..8),
    ) {
        let mut text = "MSH|^~\\&|A|B|C|D|20261121||ADT^A01|1|P|2.4".to_owned();
        // A second header is refused by both, each at its own place.
        for (name, fields) in segments.iter().filter(|(name, _)| name != "MSH") {
            text.extend(["\r", name, "|", &fields.join("|")]);
        }
        prop_assert_eq!(same(&text), Ok(()));
    }
}
