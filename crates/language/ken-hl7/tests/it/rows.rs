//! How much of HL7/v2-to-fhir the maps do, counted row by row by trying each.
//!
//! A row counts as done when giving its field a value changes what the row says it should change,
//! in the resource that it names. Nothing is claimed by hand.

use std::collections::BTreeMap;
use std::path::Path;

use ken_hl7::Message;
use ken_hl7::map::{map, message_header, provenance};
use serde_json::Value;

use crate::shared::shared;

/// Rows that were done when this was last measured: the count may grow, never shrink.
const DONE_MIN: usize = 277;

/// Maps that are tried: file, segment, resource, message that carries it.
const MAPS: &[(&str, &str, &str, &str)] = &[
    ("MSH[MessageHeader]", "MSH", "MessageHeader", "ADT^A01"),
    ("MSH[Provenance-Source]", "MSH", "Provenance", "ADT^A01"),
    ("EVN[Provenance]", "EVN", "Provenance", "ADT^A01"),
    ("PID[Patient]", "PID", "Patient", "ADT^A01"),
    ("PD1[Patient]", "PD1", "Patient", "ADT^A01"),
    ("NK1[RelatedPerson]", "NK1", "RelatedPerson", "ADT^A01"),
    ("PV1[Encounter]", "PV1", "Encounter", "ADT^A01"),
    ("PV1[Patient]", "PV1", "Patient", "ADT^A01"),
    ("PV2[Encounter]", "PV2", "Encounter", "ADT^A01"),
    ("AL1[AllergyIntolerance]", "AL1", "AllergyIntolerance", "ADT^A01"),
    ("DG1[Condition]", "DG1", "Condition", "ADT^A01"),
    ("OBR[DiagnosticReport]", "OBR", "DiagnosticReport", "ORU^R01"),
    ("OBX[Observation]", "OBX", "Observation", "ORU^R01"),
    ("NTE[Observation]", "NTE", "Observation", "ORU^R01"),
    ("TXA[DocumentReference]", "TXA", "DocumentReference", "MDM^T02"),
    ("OBX[DocumentReference]", "OBX", "DocumentReference", "MDM^T02"),
    ("SCH[Appointment]", "SCH", "Appointment", "SIU^S12"),
    ("AIS[Appointment]", "AIS", "Appointment", "SIU^S12"),
    ("AIG[Appointment]", "AIG", "Appointment", "SIU^S12"),
    ("AIL[Appointment]", "AIL", "Appointment", "SIU^S12"),
    ("AIP[Appointment]", "AIP", "Appointment", "SIU^S12"),
];

/// Values that a field must have to mean something, where its data type is not enough.
const VALUES: &[(&str, &str)] = &[
    ("MSH-9", "ADT^A08"),
    ("PID-8", "M"),
    ("PID-24", "Y"),
    ("PID-25", "2"),
    ("PID-30", "Y"),
    ("NK1-15", "M"),
    ("PV1-2", "E"),
    ("PV2-22", "Y"),
    ("AL1-2", "DA"),
    ("AL1-4", "SV"),
    ("DG1-21", "D"),
    ("OBR-25", "F"),
    ("OBX-8", "H"),
    ("OBX-11", "F"),
    ("SCH-25", "Cancelled"),
    ("AIS-10", "Cancelled"),
    ("TXA-17", "AU"),
    ("TXA-18", "R"),
    ("TXA-19", "OB"),
    ("OBR-32", "1&Probe&Pat"),
    ("OBR-34", "1&Probe&Pat"),
    ("OBR-35", "1&Probe&Pat"),
    ("OBX-15", "P^Producer"),
];

struct Row {
    field: usize,
    kind: String,
    condition: String,
    attribute: String,
}

/// Reads CSV with quotes.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (vec![], vec![], String::new(), false);
    let mut letters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            letter => cell.push(letter),
        }
    }
    rows
}

fn mapped_rows(folder: &Path, name: &str) -> Vec<Row> {
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named =
        |path: &Path| path.file_name().unwrap().to_string_lossy().contains(&format!(" {name} "));
    let path = files.find(|path| named(path)).unwrap_or_else(|| panic!("no map {name}"));
    let rows = csv(&std::fs::read_to_string(path).unwrap());
    let cell = |row: &Vec<String>, at: usize| row.get(at).map(|cell| cell.trim().to_owned());
    let read = |row: &Vec<String>| {
        let attribute = cell(row, 9).filter(|attribute| !attribute.is_empty())?;
        let field = cell(row, 1)?.split_once('-').and_then(|(_, field)| field.parse().ok());
        let (kind, condition) = (cell(row, 3)?, cell(row, 6)?);
        Some(Row { field: field.unwrap_or(0), kind, condition, attribute })
    };
    rows.iter().skip(2).filter_map(read).collect()
}

type Fields = BTreeMap<(&'static str, usize), String>;

fn base(kind: &str) -> (Vec<&'static str>, Fields) {
    let (segments, given): (&[_], &[_]) = match &kind[..3] {
        "ADT" => (
            &["MSH", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "AL1", "DG1"],
            &[
                ("PV1", 2, "I"),
                ("AL1", 3, "1^A"),
                ("AL1", 5, "Rash"),
                ("DG1", 3, "1^A"),
                ("NK1", 1, "1"),
            ],
        ),
        "ORU" => (
            &["MSH", "PID", "OBR", "OBX", "NTE"],
            &[
                ("OBR", 4, "u^U"),
                ("OBX", 3, "k^K"),
                ("OBX", 2, "ST"),
                ("NTE", 1, "1"),
                ("NTE", 3, "base"),
            ],
        ),
        "MDM" => (
            &["MSH", "PID", "TXA", "OBX"],
            &[("TXA", 2, "KIS"), ("OBX", 3, "k^K"), ("OBX", 2, "TX")],
        ),
        _ => (
            &["MSH", "SCH", "PID", "AIS", "AIG", "AIL", "AIP"],
            &[("AIG", 3, "g^G"), ("AIL", 3, "L"), ("AIP", 3, "p^P"), ("SCH", 1, "1")],
        ),
    };
    let mut fields = Fields::new();
    let common = [("MSH", 9, kind), ("MSH", 10, "1"), ("PID", 3, "7^^^G^MR"), ("PID", 5, "N^G")];
    for (segment, number, value) in common.iter().chain(given) {
        fields.insert((segment, *number), (*value).to_owned());
    }
    (segments.to_vec(), fields)
}

fn written(segments: &[&'static str], fields: &Fields) -> String {
    let segment = |name: &&'static str| {
        let cell = |number: usize| fields.get(&(*name, number)).cloned().unwrap_or_default();
        let from = if *name == "MSH" { 3 } else { 1 };
        let cells: Vec<_> = (from..60).map(cell).collect();
        let head = if *name == "MSH" { "MSH|^~\\&" } else { name };
        format!("{head}|{}", cells.join("|").trim_end_matches('|'))
    };
    segments.iter().map(segment).collect::<Vec<_>>().join("\r")
}

fn value_of(kind: &str, place: &str) -> String {
    if let Some((_, value)) = VALUES.iter().find(|(field, _)| *field == place) {
        return (*value).to_owned();
    }
    let value = match kind {
        "CX" => "77^^^AUTH^MR",
        "XPN" => "Probe^Pat",
        "XAD" => "1 Probe St^^Town^^ZZ9 9ZZ",
        "XTN" => "01 23^PRN^PH",
        "DTM" | "TS" | "DT" => "20260102030405",
        "CWE" | "CE" | "CNE" => "PRB^Probe words^SCT",
        "XCN" | "CNN" => "P1^Probe^Pat",
        "XON" => "Probe Org^^7",
        "PL" | "DLD" => "Ward^Room",
        "EI" | "EIP" => "E1^NS",
        "NM" | "SI" => "5",
        "TQ" => "^^^202601020304^202601020404",
        "ID" | "IS" => "Y",
        _ => "PROBE",
    };
    value.to_owned()
}

/// A value of OBX-5 that fits OBX-2.
fn result_of(kind: &str) -> &'static str {
    match kind {
        "NM" => "5.50",
        "SN" => ">^5",
        "DR" => "20260102030405^20260103030405",
        "DTM" | "DT" => "20260102",
        "TM" => "1015",
        "NR" => "1^2",
        "ED" => "^application^pdf^Base64^JVBE",
        "RP" => "https://x.example^^application^pdf",
        "CE" | "CWE" | "CNE" | "CF" | "IS" => "1^Words",
        _ => "words",
    }
}

/// The condition's own demands: `OBX-2 EQUALS "NM"`, `OBX-11 IS "X"`, `OBX-2 IN ("ST", ...)`.
fn demanded(condition: &str, segment: &'static str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in condition.match_indices(&format!("{segment}-")) {
        let rest = &condition[at + segment.len() + 1..];
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let after = rest[digits.len()..].trim_start_matches(".1").trim_start();
        if after.starts_with("VALUED") || after.starts_with("IS VALUED") {
            found.extend(digits.parse().ok().map(|number| (number, "20270102030405".to_owned())));
            continue;
        }
        let positive = ["EQUALS ", "IS ", "IN ", "= "].iter().any(|word| after.starts_with(word));
        let mut quotes = after.split('"');
        let next_field = after.find(&format!("{segment}-")).unwrap_or(after.len());
        if let (true, Ok(number)) = (positive && after.find('"') < Some(next_field), digits.parse())
            && let Some(value) = quotes.nth(1)
        {
            found.push((number, value.to_owned()));
        }
    }
    found
}

/// Every value at a path of names, through lists. The type of a reference (`(Practitioner)`) is
/// passed over; what the row wants within it must stand in the reference itself.
fn at_path(value: &Value, attribute: &str) -> Vec<Value> {
    let names = attribute
        .split(['.', '('])
        .map(|name| name.split(['[', '=', ')']).next().unwrap_or_default().trim())
        .filter(|name| !name.is_empty() && !name.starts_with(char::is_uppercase));
    let mut here = vec![value.clone()];
    for name in names {
        let own = format!("_{name}");
        let next = here.iter().flat_map(|one| [one.get(name), one.get(&own)]).flatten();
        let next: Vec<Value> = next.cloned().collect();
        let open = |one| match one {
            Value::Array(items) => items,
            other => vec![other],
        };
        here = next.into_iter().flat_map(open).collect();
    }
    here
}

fn resources(text: &str, kind: &str) -> Vec<Value> {
    let message = Message::parse(text.as_bytes()).unwrap();
    let Ok(mapped) = map(&message) else { return vec![] };
    let made = mapped.resources.into_iter().map(|made| made.resource);
    let facts = [provenance(&message, &mapped.header), message_header(&message, &mapped.header)];
    let facts = facts.into_iter().flatten();
    let all = made.chain(facts).filter(|one| one.kind() == kind);
    all.map(ken_fhir::Resource::into_value).collect()
}

fn is_done(row: &Row, segment: &'static str, resource: &str, kind: &str) -> bool {
    let (segments, mut before) = base(kind);
    let mut after = before.clone();
    let found = |fields: &Fields| -> Vec<Value> {
        let made = resources(&written(&segments, fields), resource);
        made.iter().flat_map(|one| at_path(one, &row.attribute)).collect()
    };
    if row.field == 0 {
        return !found(&after).is_empty();
    }
    let place = format!("{segment}-{}", row.field);
    let mut value = value_of(&row.kind, &place);
    for (number, demand) in demanded(&row.condition, segment) {
        if number == row.field {
            value = demand;
        } else {
            before.insert((segment, number), demand.clone());
            after.insert((segment, number), demand);
        }
    }
    if segment == "OBX" && row.field == 5 {
        result_of(&after[&("OBX", 2)]).clone_into(&mut value);
    }
    if segment == "OBX" && row.field == 6 {
        let result = result_of(&after[&("OBX", 2)]).to_owned();
        before.insert(("OBX", 5), result.clone());
        after.insert(("OBX", 5), result);
    }
    before.remove(&(segment, row.field));
    after.insert((segment, row.field), value);
    let changed = found(&after);
    !changed.is_empty() && changed != found(&before)
}

#[test]
fn rows_of_the_standard_map_are_counted() {
    let Some(folder) = shared("data/hl7/v2-to-fhir/mappings/segments") else { return };
    let (mut done, mut all) = (0, 0);
    for &(name, segment, resource, kind) in MAPS {
        let rows = mapped_rows(&folder, name);
        assert!(!rows.is_empty(), "{name} has no rows");
        let missing: Vec<_> = rows
            .iter()
            .filter(|row| !is_done(row, segment, resource, kind))
            .map(|row| format!("{}:{}", row.field, row.attribute))
            .collect();
        eprintln!("{name}: {} of {}, not {missing:?}", rows.len() - missing.len(), rows.len());
        done += rows.len() - missing.len();
        all += rows.len();
    }
    eprintln!("{done} of {all} mapped rows implemented");
    assert!(done >= DONE_MIN, "{done} of {all} mapped rows implemented, were {DONE_MIN}");
}
