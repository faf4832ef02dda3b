//! What was found: OBX-5 by its type, with the unit of OBX-6.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: OBX(`Observation`).
//! - House policy: a number that a laboratory sent as text (`<15`) is a quantity with a comparator
//!   where it can be, and else the text with its unit; digits are never changed.

use ken_fhir::Object;
use serde_json::{Number, Value};

use super::types::{concept, period, text, when};
use super::{sections, table};
use crate::{Part, Segment};

/// OBX-5 by the type that OBX-2 names.
pub(super) fn value(made: Object, obx: Segment<'_>) -> Object {
    let field = obx.field(5);
    if !field.is_valued() {
        return made;
    }
    let unit = obx.field(6);
    let said = || written(field);
    match &*obx.field(2).text() {
        "SN" => structured(made, field, unit),
        "CE" | "CWE" | "CNE" | "CF" | "IS" | "ID" => match field.repetitions().count() {
            1 => made.set("valueCodeableConcept", concept(field)),
            _ => made.set("valueString", coded(field)),
        },
        "DT" | "DTM" | "TS" => match when(field) {
            Some(at) => made.set("valueDateTime", at),
            None => made.set("valueString", said()),
        },
        "TM" => match clock(&field.text()) {
            Some(time) => made.set("valueTime", time),
            None => made.set("valueString", said()),
        },
        "DR" => or_text(made, "valuePeriod", period(field.component(1), field.component(2)), said),
        "NR" => {
            let range = low_high(field.component(1), field.component(2), unit);
            or_text(made, "valueRange", range, said)
        }
        "ED" | "RP" => {
            let url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.value";
            made.extension(url, "valueAttachment", sections::attached(obx))
        }
        // Many laboratories send numbers as text: the unit tells.
        "NM" => quantity_or_text(made, field, unit),
        _ if unit.is_valued() => quantity_or_text(made, field, unit),
        _ => made.set("valueString", said()),
    }
}

/// A value, or what was written where it could not be read.
fn or_text(made: Object, name: &str, value: Object, said: impl Fn() -> String) -> Object {
    if value.is_empty() { made.set("valueString", said()) } else { made.set(name, value) }
}

/// Several codes as people read them, each on a line.
pub(super) fn coded(field: Part<'_>) -> String {
    let lines = field.repetitions().filter_map(|part| {
        [9, 2, 5, 1].into_iter().find_map(|number| part.component(number).words())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A field as people read it, repetitions on lines of their own.
pub(super) fn written(field: Part<'_>) -> String {
    let lines = field.repetitions().map(|line| line.whole().into_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn quantity_or_text(made: Object, field: Part<'_>, unit: Part<'_>) -> Object {
    let said = written(field);
    let (comparator, digits) = comparator(said.trim());
    match number(digits) {
        Some(number) => {
            let value = Object::new().set("value", Value::Number(number));
            made.set("valueQuantity", measured(value.set("comparator", comparator), unit))
        }
        None => made.set("valueString", with_unit(said, unit)),
    }
}

/// Words with a number in them, and the unit that it is in.
fn with_unit(said: String, unit: Part<'_>) -> String {
    let (words, _, _) = unit_of(unit);
    let counts = said.bytes().any(|byte| byte.is_ascii_digit());
    if counts && !words.is_empty() { format!("{said} {words}") } else { said }
}

/// The signs that FHIR has for a number that is not exact.
const COMPARATORS: [&str; 4] = ["<=", ">=", "<", ">"];

fn comparator(said: &str) -> (&'static str, &str) {
    let found = COMPARATORS
        .into_iter()
        .find_map(|sign| Some((sign, said.strip_prefix(sign)?.trim_start())));
    found.unwrap_or(("", said))
}

/// A number with its digits as sent, in the one spelling that JSON has for them.
fn number(digits: &str) -> Option<Number> {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits.strip_prefix('+').unwrap_or(digits)),
    };
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    if digits.len() > 40 || !digits.bytes().all(plain) || !digits.bytes().any(|b| b != b'.') {
        return None;
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}").parse().ok()
}

/// OBX-6 as words, code and system.
///
/// Laboratories write `10^9/L` without escaping it; read as two components, the unit would be
/// `9/L`. A power of ten is one wherever it stands.
fn unit_of(unit: Part<'_>) -> (String, String, String) {
    if unit.is_empty() {
        return Default::default();
    }
    let unit = unit.one();
    let (first, second) = (unit.component(1), unit.component(2));
    let power = is_ten(first.raw())
        && second
            .raw()
            .trim_start_matches(['-', '+'])
            .starts_with(|one: char| one.is_ascii_digit());
    let (code, words, system) = if power {
        let code = format!("{}^{}", text(first), text(second));
        (code, text(unit.component(3)), unit.component(4))
    } else {
        (text(first), text(second), unit.component(3))
    };
    let words = if words.is_empty() { code.clone() } else { words };
    if !system.is_valued() {
        return (words, String::new(), String::new());
    }
    (words, code, table::code_system(&text(system)))
}

/// Whether a unit begins with ten, to be raised to a power: `10`, `x10`, `*10`, `x 10`.
fn is_ten(text: &str) -> bool {
    let before = text.trim_end().strip_suffix("10");
    before.is_some_and(|before| matches!(before.trim(), "" | "x" | "X" | "*" | "×"))
}

fn measured(value: Object, unit: Part<'_>) -> Object {
    let (words, code, system) = unit_of(unit);
    value.set("unit", words).set("system", system).set("code", code)
}

fn low_high(low: Part<'_>, high: Part<'_>, unit: Part<'_>) -> Object {
    let end = |part: Part<'_>| match number(&text(part)) {
        Some(number) => measured(Object::new().set("value", Value::Number(number)), unit),
        None => Object::new(),
    };
    Object::new().set("low", end(low)).set("high", end(high))
}

/// SN: `<^15`, `^10^-^20`, `^1^:^128`.
fn structured(made: Object, field: Part<'_>, unit: Part<'_>) -> Object {
    let at = |place| text(field.component(place));
    let (sign, between) = (at(1), at(3));
    let (first, second) = (number(&at(2)), number(&at(4)));
    let exact = sign.is_empty() || sign == "=";
    let quantity =
        |number: Number| measured(Object::new().set("value", Value::Number(number)), unit);
    match (first, &*between, second) {
        (Some(one), "", None) if exact || COMPARATORS.contains(&sign.as_str()) => {
            let sign = if exact { String::new() } else { sign };
            made.set("valueQuantity", quantity(one).set("comparator", sign))
        }
        (Some(one), "-", Some(two)) if exact => {
            let range = Object::new().set("low", quantity(one)).set("high", quantity(two));
            made.set("valueRange", range)
        }
        (Some(one), ":" | "/", Some(two)) if exact => {
            let ratio = Object::new().set("numerator", quantity(one));
            made.set("valueRatio", ratio.set("denominator", quantity(two)))
        }
        _ => {
            let said: String = [1, 2, 3, 4].map(at).concat();
            made.set("valueString", with_unit(said, unit))
        }
    }
}

/// TM: `HHMM[SS]` as `hh:mm:ss`.
fn clock(said: &str) -> Option<String> {
    let digits = said.split(['.', '+', '-']).next().unwrap_or_default();
    let good = [4, 6].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let two = |at: usize| digits.get(at..at + 2).unwrap_or("00");
    let fits = two(0) < "24" && two(2) < "60" && two(4) < "60";
    (good && fits).then(|| format!("{}:{}:{}", two(0), two(2), two(4)))
}

#[cfg(test)]
mod tests {
    use ken_fhir::Observation;

    use super::super::map as map_message;
    use super::*;
    use crate::Message;

    fn mapped(obx: &str) -> super::super::Mapped {
        let text = format!(
            "MSH|^~\\&|LAB|GLEN|KEN|HSCP|20261121||ORU^R01|1|P|2.4\r\
             PID|1||7^^^GLEN^MR||Bain^Morag\rOBR|1|P1|F1|us^U and E^LAB|||20261121101500\r{obx}"
        );
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn values_read_as_they_were_sent() {
        let check = |obx: &str, want: Option<&str>| {
            let mapped = mapped(&format!("OBX|1|{obx}"));
            let result = Observation::of(&mapped.resources[1].resource).unwrap();
            assert_eq!(result.value().as_deref(), want, "{obx}");
        };
        check("NM|a^A||98.00|umol/L", Some("98.00 umol/L"));
        check("NM|a^A||<15|mL/min", Some("<15 mL/min"));
        check("NM|a^A||.50|g", Some("0.50 g"));
        check("NM|a^A||+007|g", Some("7 g"));
        check("NM|a^A||haemolysed|g", Some("haemolysed"));
        check("|a^A||28|%", Some("28 %"));
        check("|a^A||28", Some("28"));
        check("SN|a^A||>=^5|g", Some(">=5 g"));
        check("TX|a^A||Line one~Line two", Some("Line one\nLine two"));
        check("ST|a^A||a\\S\\b", Some("a^b"));
        check("CWE|a^A||1^Positive^SCT", Some("Positive"));
        check("DT|a^A||202611", Some("2026-11"));
        check("TM|a^A||1015", Some("10:15:00"));
        check("NM|a^A||\"\"|g", None);
        check("NM|a^A||-1.50|mmol/L", Some("-1.50 mmol/L"));
        check("NM|a^A||5.1*|mmol/L", Some("5.1* mmol/L"));
        check("ST|a^A||<0.01|ng/L", Some("<0.01 ng/L"));
        check("TX|a^A||positive|ng/L", Some("positive"));
        check("CE|a^A||1^Positive~2^Resistant", Some("Positive\nResistant"));
        check("SN|a^A||<>^5|g", Some("<>5 g"));
        check("SN|a^A||^2^+|g", Some("2+ g"));
        check("SN|a^A||^1^:^128", Some("1:128"));
        check("SN|a^A||^10^-^20|g", Some("10 g - 20 g"));
        check("SN|a^A||>^10^-^20", Some(">10-20"));
        check("NR|a^A||3.5^5.3|g", Some("3.5 g - 5.3 g"));
        check("NR|a^A||low^high", Some("low^high"));
        check("DR|a^A||yesterday", Some("yesterday"));
        check("NM|a^A|||g", None);
    }

    #[test]
    fn a_unit_is_the_one_that_was_sent() {
        let check = |unit: &str, want: &str, code: &str| {
            let mapped = mapped(&format!("OBX|1|NM|a^A||4.10|{unit}"));
            let made = mapped.resources[1].resource.value()["valueQuantity"].clone();
            let read = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default();
            assert_eq!((read("unit"), read("code")), (want, code), "{unit}");
        };
        check("10^9/L", "10^9/L", "");
        check("x10^12/L", "x10^12/L", "");
        check("10\\S\\9/L", "10^9/L", "");
        check("10\\S\\9/L^^UCUM", "10^9/L", "10^9/L");
        check("10^9/L^^UCUM", "10^9/L", "10^9/L");
        check("10^-3/uL", "10^-3/uL", "");
        check("mmol/L^millimole per litre^UCUM", "millimole per litre", "mmol/L");
        check("umol\\T\\h", "umol&h", "");
        check("10*9/L", "10*9/L", "");
        check("g^gram", "gram", "");
    }

    #[test]
    fn numbers_keep_their_digits() {
        let check = |sent: &str, want: Option<&str>| {
            assert_eq!(number(sent).map(|number| number.to_string()).as_deref(), want, "{sent}");
        };
        check("96.40", Some("96.40"));
        check("-0.50", Some("-0.50"));
        check("1.", Some("1"));
        check("1e5", None);
        check(".", None);
        check("", None);
        check("1.2.3", None);
    }
}
