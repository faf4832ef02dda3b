//! Five hundred and seven messages of a simulated hospital: all parse, all map.

use std::collections::BTreeMap;

use ken_hl7::map::{MergeKind, PERSON, map};
use ken_hl7::{Charset, Header, Message};

use crate::shared::simhospital;

#[test]
fn every_message_is_mapped() {
    let Some(messages) = simhospital() else { return };
    assert_eq!(messages.len(), 507);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut merges = 0;
    for text in &messages {
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(message.charset(), Charset::Ascii);
        let mapped = map(&message).unwrap();
        assert_eq!(mapped.header, Header::of(&message).unwrap());
        let known = &mapped.demographics;
        assert_eq!(
            (known.identifiers.len(), known.names.len()),
            (2, 1),
            "{}",
            mapped.header.control_id
        );
        assert!(known.birth_date.is_some() && known.gender.is_some());
        assert!(mapped.facts.recorded.is_some());
        for made in &mapped.resources {
            *kinds.entry(made.resource.kind().to_owned()).or_default() += 1;
            assert!(made.event_time.is_some() && !made.title.is_empty(), "{made:?}");
        }
        if let Some(merge) = mapped.merge {
            assert_eq!((merge.kind, merge.prior.len()), (MergeKind::IdentifierOnly, 1));
            merges += 1;
        }
    }
    let counted: Vec<_> = kinds.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    // The counts are those of the segments: 275 OBR, 1,352 OBX, 98 AL1, 231 admissions.
    assert_eq!(
        counted,
        [
            ("AllergyIntolerance", 98),
            ("DiagnosticReport", 275),
            ("Encounter", 231),
            ("Observation", 1352),
            ("Patient", 506),
        ]
    );
    assert_eq!(merges, 1);
}

#[test]
fn every_reference_is_to_the_person_or_within_the_message() {
    let Some(messages) = simhospital() else { return };
    for text in &messages {
        let mapped = map(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let locals: Vec<_> = mapped.resources.iter().map(|made| made.local.clone()).collect();
        for made in mapped.resources {
            made.resource.clone().relink(&|reference| {
                let known = reference == PERSON || locals.iter().any(|local| local == reference);
                assert!(known, "{reference}");
                None
            });
        }
    }
}

#[test]
fn keys_name_one_thing_each_within_a_message() {
    let Some(messages) = simhospital() else { return };
    for text in &messages {
        let mapped = map(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let mut keys: Vec<_> =
            mapped.resources.iter().filter_map(|made| made.key.clone()).collect();
        let before = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), before, "{}", mapped.header.control_id);
    }
}
