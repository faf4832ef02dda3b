//! What a message says of a thing, and what it leaves out: a record told in pieces.
//!
//! # Invariants
//!
//! - What a message leaves out stays as it is held; what it says has no value (`""`) goes.
//! - What stands in a resource only because FHIR asks for it never overrides what was said.
//! - What is composed depends on what is held and what is said alone, and saying it again changes
//!   nothing.
//!
//! # Sources
//!
//! - HL7 v2.8, 2.5.3 (a field without a value leaves the value, `""` deletes it).
//! - House policy: which items of a list a field speaks for (`STAYS`).

use ken_fhir::Resource;
use serde_json::{Map, Value};

/// Items of a list that stay although the list was told: those whose value at `pointer` is one of
/// `values` (any, if that is empty), unless the message tells one with the same value there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stays {
    pub(super) list: &'static str,
    pub(super) pointer: &'static str,
    pub(super) values: &'static [&'static str],
}

/// Lists whose items are told one by one, in every resource.
const STAYS: &[Stays] = &[
    Stays { list: "identifier", pointer: "/system", values: &[] },
    Stays { list: "extension", pointer: "/url", values: &[] },
    Stays { list: "participant", pointer: "/type/0/coding/0/code", values: &[] },
    Stays { list: "location", pointer: "/status", values: &[] },
    Stays { list: "result", pointer: "/reference", values: &[] },
];

/// Elements whose members are told one by one.
const NESTED: &[&str] = &["period", "hospitalization", "context", "meta"];

/// Elements of which FHIR lets one stand: `deceasedBoolean` or `deceasedDateTime`.
const CHOICES: &[&str] = &["deceased", "multipleBirth", "effective", "onset", "abatement"];

/// How much of a thing a message tells. `onto` composes the thing from it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Elements that the sender says have no value any more: `address`, `period.end`,
    /// `extension:patient-religion`.
    pub cleared: Vec<&'static str>,
    /// Elements that are there only because FHIR or a page needs one: what is held goes before.
    pub assumed: Vec<&'static str>,
    /// Whether the message says how restricted the thing is, be it "not at all". If it does not,
    /// the labels that are held stay beside those it brings.
    pub marks: bool,
    /// Whether [`super::MappedResource::event_time`] is the thing's own. If not, it is when the
    /// message was made, and says nothing about a thing that is held.
    pub dated: bool,
    /// Whether all of the thing is told, so that nothing of what is held stays: a result.
    pub is_whole: bool,
    pub(super) stays: Vec<Stays>,
}

impl Told {
    /// A thing told whole.
    pub(super) fn whole() -> Self {
        Self { is_whole: true, marks: true, ..Self::default() }
    }

    pub(super) fn clear(&mut self, is_null: bool, element: &'static str) {
        if is_null && !self.cleared.contains(&element) {
            self.cleared.push(element);
        }
    }

    pub(super) fn assume(&mut self, is_assumed: bool, element: &'static str) {
        if is_assumed && !self.assumed.contains(&element) {
            self.assumed.push(element);
        }
    }

    /// What the thing is now: `said`, and of `held` what the message left out.
    ///
    /// Both are of one type, and the references in `said` are already those of the record. The
    /// result keeps the order of `held`, so that a message that says nothing new changes no byte.
    #[must_use]
    pub fn onto(&self, held: &Resource, said: Resource) -> Resource {
        let (Value::Object(before), false) = (held.value(), self.is_whole) else { return said };
        if held.kind() != said.kind() {
            return said;
        }
        let Value::Object(told) = said.value() else { return said };
        let mut members = before.clone();
        self.drop_cleared(&mut members);
        self.compose(&mut members, told, "");
        self.keep_death(before, told, &mut members);
        Resource::of(Value::Object(members)).unwrap_or(said)
    }

    fn compose(&self, members: &mut Map<String, Value>, told: &Map<String, Value>, within: &str) {
        for (name, value) in told {
            let path = format!("{within}{name}");
            if self.assumed.contains(&path.as_str()) && members.contains_key(name) {
                continue;
            }
            let held = members.get_mut(name);
            match (held, value) {
                (Some(Value::Object(held)), Value::Object(told))
                    if within.is_empty() && NESTED.contains(&name.as_str()) =>
                {
                    self.compose(held, told, &format!("{name}."));
                }
                (Some(held), Value::Array(items)) => *held = self.list(name, held, items),
                (Some(held), _) => *held = value.clone(),
                (None, _) => {
                    replace_choice(members, name);
                    members.insert(name.clone(), value.clone());
                }
            }
            // What stood beside the old value (a time of birth) is not said of the new one.
            let beside = format!("_{name}");
            if !told.contains_key(&beside) {
                members.shift_remove(&beside);
            }
        }
    }

    /// The items that are told, after those of the held that the message did not speak of.
    fn list(&self, name: &str, held: &Value, items: &[Value]) -> Value {
        let Value::Array(before) = held else { return Value::Array(items.to_vec()) };
        let mut now: Vec<Value> = Vec::with_capacity(before.len() + items.len());
        let mut told = items.iter().filter(|item| !before.contains(item)).peekable();
        for item in before {
            if items.contains(item) || self.stays(name, item, items) {
                now.push(item.clone());
            } else {
                // What is told takes the places of what it replaces.
                now.extend(told.next().cloned());
            }
        }
        now.extend(told.cloned());
        Value::Array(now)
    }

    fn stays(&self, name: &str, item: &Value, items: &[Value]) -> bool {
        let text = |item: &Value, pointer: &str| {
            item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        STAYS.iter().chain(&self.stays).filter(|rule| rule.list == name).any(|rule| {
            let own = text(item, rule.pointer);
            let of_rule = rule.values.is_empty() || rule.values.contains(&own.as_str());
            of_rule && !items.iter().any(|told| text(told, rule.pointer) == own)
        })
    }

    fn drop_cleared(&self, members: &mut Map<String, Value>) {
        for path in &self.cleared {
            if let Some(name) = path.strip_prefix("extension:") {
                retain(members, "extension", |item| {
                    let url = item.get("url").and_then(Value::as_str).unwrap_or_default();
                    url.rsplit('/').next() != Some(name)
                });
            } else if let Some((outer, inner)) = path.split_once('.') {
                if let Some(Value::Object(nested)) = members.get_mut(outer) {
                    nested.shift_remove(inner);
                    if nested.is_empty() {
                        members.shift_remove(outer);
                    }
                }
            } else {
                let own = self.stays.iter().any(|rule| rule.list == *path);
                retain(members, path, |item| own && self.stays(path, item, &[]));
                members.shift_remove(&format!("_{path}"));
            }
        }
    }

    /// A day of death that is withdrawn withdraws the day alone, and an indicator says less than
    /// a day that is held.
    fn keep_death(
        &self,
        before: &Map<String, Value>,
        told: &Map<String, Value>,
        members: &mut Map<String, Value>,
    ) {
        const DAY: &str = "deceasedDateTime";
        const YES: &str = "deceasedBoolean";
        let Some(day) = before.get(DAY) else { return };
        let day_goes = self.cleared.contains(&DAY);
        match (told.get(YES), told.contains_key(DAY)) {
            (Some(Value::Bool(true)), _) if !day_goes => {
                members.shift_remove(YES);
                members.insert(DAY.to_owned(), day.clone());
            }
            (None, false) if self.cleared.contains(&YES) => {
                members.shift_remove(DAY);
            }
            (None, false) if day_goes => {
                members.insert(YES.to_owned(), Value::Bool(true));
            }
            _ => {}
        }
    }
}

/// Removes what FHIR does not let stand beside an element of a choice.
fn replace_choice(members: &mut Map<String, Value>, name: &str) {
    let of = |name: &str| CHOICES.iter().find(|choice| is_of(choice, name));
    if let Some(choice) = of(name) {
        members.retain(|other, _| !is_of(choice, other));
    }
}

/// Whether an element is one of a choice: its name, and then the name of a type.
fn is_of(choice: &str, name: &str) -> bool {
    name.strip_prefix(choice).is_some_and(|kind| kind.starts_with(char::is_uppercase))
}

/// Keeps the items of a list that a rule keeps; a list without items, or another value, goes.
fn retain(members: &mut Map<String, Value>, name: &str, keep: impl Fn(&Value) -> bool) {
    if let Some(Value::Array(items)) = members.get_mut(name) {
        items.retain(keep);
        if !items.is_empty() {
            return;
        }
    }
    members.shift_remove(name);
}

/// What a message ends without telling it again: a document that was replaced or withdrawn, and
/// what had been cut out of it. Nothing that the same message tells is ended by it.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    /// The [`super::MappedResource::key`] of what ends, under whatever category it was filed.
    pub key: String,
    /// Whether the thing itself stays, and only what was cut out of it ends: items with a key that
    /// begins with `key` and `|`. They end in any case.
    pub is_cut_only: bool,
    /// The `status` that they have now: `superseded` or `entered-in-error`.
    pub status: &'static str,
}

impl std::fmt::Debug for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ended({})", self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::super::map as map_message;
    use super::*;
    use crate::Message;

    /// What the record has of the thing at a place of each message, composed one after the other.
    fn told(at: usize, kind: &str, messages: &[&str]) -> Resource {
        let mut held: Option<Resource> = None;
        for rest in messages {
            let (trigger, rest) = rest.split_once(' ').unwrap();
            let text = format!(
                "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||{kind}^{trigger}|1|P|2.4\r\
                 EVN|{trigger}|20261121\r{rest}"
            );
            let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
            let made = &mapped.resources[at];
            let now = match &held {
                None => made.resource.clone(),
                Some(held) => made.told.onto(held, made.resource.clone()),
            };
            assert_eq!(made.told.onto(&now, made.resource.clone()), now, "said again: {rest}");
            held = Some(now);
        }
        held.unwrap()
    }

    fn written(resource: &Resource, elements: &[&str]) -> String {
        let parts = elements
            .iter()
            .map(|name| resource.value().pointer(name).map_or("-".to_owned(), ToString::to_string));
        parts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_left_out_of_a_person_stays() {
        const FULL: &str = "A28 PID|1||7^^^GLEN^MR~9990000018^^^NHSNBR^NH||Bain^Morag^^^^^L||\
            194803021015|F|Reid^Morag^^^^^M||1 Test St^^Town||01 2^PRN^PH~07 1^PRN^CP|03 4|||PRE\
            \rPD1|||Glen Practice^^12|G1^Bell^Ada";
        let check = |change: &str, elements: &[&str], want: &str| {
            let now = told(0, "ADT", &[FULL, change]);
            assert_eq!(written(&now, elements), want, "{change}");
        };
        let number = "PID|1||7^^^GLEN^MR";
        let all = &["/address/0/city", "/birthDate", "/gender", "/telecom/2/value"][..];
        check(&format!("A31 {number}||Bain^Morag"), all, r#""Town" "1948-03-02" "female" "03 4""#);
        let nulls = r#""""#;
        check(&format!("A31 {number}||||{nulls}|{nulls}|||{nulls}"), all, r#"- - - "03 4""#);
        let birth = &["/birthDate", "/_birthDate/extension/0/valueDateTime"][..];
        check(
            &format!("A31 {number}||Bain^Morag"),
            birth,
            r#""1948-03-02" "1948-03-02T10:15:00+00:00""#,
        );
        check(&format!("A31 {number}||Bain^Morag||19480303"), birth, r#""1948-03-03" -"#);
        let names = &["/name/0/family", "/name/1/family", "/name/2/family"][..];
        check(&format!("A31 {number}||Smith^Morag"), names, r#""Smith" "Reid" -"#);
        check(&format!("A31 {number}||Smith^Morag||||{nulls}"), names, r#""Smith" - -"#);
        let numbers = &["/identifier/0/value", "/identifier/1/value"][..];
        check(&format!("A31 {number}"), numbers, r#""7" "9990000018""#);
        let phones = &["/telecom/0/value", "/telecom/1/value", "/telecom/2/value"][..];
        check(&format!("A31 {number}||||||||||05 6^PRN^PH"), phones, r#""05 6" "03 4" -"#);
        check(&format!("A31 {number}||||||||||{nulls}"), phones, r#""03 4" - -"#);
        check(&format!("A31 {number}|||||||||||06 7"), phones, r#""01 2" "07 1" "06 7""#);
        let practice = &["/generalPractitioner/0/display", "/generalPractitioner/1/display"][..];
        check(
            &format!("A31 {number}\rPD1||||G2^Cole^Ian"),
            practice,
            r#""Glen Practice" "Ian Cole""#,
        );
        check(&format!("A31 {number}\rPD1|||{nulls}"), practice, r#""Ada Bell" -"#);
        let county = format!("A31 {number}|||||||||FIFE");
        check(&county, &["/address/0/city", "/address/0/district"], r#""Town" -"#);
    }

    #[test]
    fn a_death_is_unsaid_only_aloud() {
        let pid = |day: &str, yes: &str| {
            format!("A31 PID|1||7^^^GLEN^MR||Bain^Morag{}{day}|{yes}", "|".repeat(24))
        };
        let check = |messages: &[String], want: &str| {
            let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
            let now = told(0, "ADT", &messages);
            assert_eq!(written(&now, &["/deceasedDateTime", "/deceasedBoolean"]), want);
        };
        let null = r#""""#;
        let died = pid("20261101", "Y");
        check(&[died.clone(), pid("", "")], r#""2026-11-01" -"#);
        check(&[died.clone(), pid("", "Y")], r#""2026-11-01" -"#);
        check(&[died.clone(), pid("", "N")], "- false");
        check(&[died.clone(), pid(null, "")], "- true");
        check(&[died.clone(), pid(null, "Y")], "- true");
        check(&[died.clone(), pid(null, null)], "- -");
        check(&[died, pid("", null)], "- -");
        check(&[pid("", "N"), pid("", "")], "- false");
        check(&[pid("", "Y"), pid("20261101", "")], r#""2026-11-01" -"#);
    }

    #[test]
    fn a_visit_is_told_by_many_messages() {
        let pv1 = |class: &str, place: &str, times: &str| {
            let gaps = "|".repeat(if times.is_empty() { 0 } else { 41 });
            format!("PID|1||7^^^GLEN^MR||Bain^M\rPV1|1|{class}|{place}{gaps}{times}")
        };
        let check = |messages: &[String], want: &str| {
            let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
            let now = told(1, "ADT", &messages);
            let elements = [
                "/status",
                "/class/code",
                "/period/start",
                "/period/end",
                "/location/0/location/display",
            ];
            assert_eq!(written(&now, &elements), want, "{messages:?}");
        };
        let began = format!("A01 {}", pv1("I", "W4", "202611011000"));
        let ended = format!("A03 {}", pv1("I", "", "|202611051200"));
        let start = r#""2026-11-01T10:00:00+00:00""#;
        let end = r#""2026-11-05T12:00:00+00:00""#;
        let stay = [began.clone(), ended.clone()];
        check(&stay, &format!(r#""finished" "IMP" {start} {end} "W4""#));
        let with = |more: String| [began.clone(), ended.clone(), more];
        let later = with(format!("A08 {}", pv1("I", "W4", "")));
        check(&later, &format!(r#""finished" "IMP" {start} {end} "W4""#));
        let back = with(format!("A13 {}", pv1("I", "W4", "")));
        check(&back, &format!(r#""in-progress" "IMP" {start} - "W4""#));
        let unsaid = with(format!("A08 {}", pv1("I", "W4", "|\"\"")));
        check(&unsaid, &format!(r#""in-progress" "IMP" {start} - "W4""#));
        let moved = [began.clone(), format!("A02 {}", pv1("", "W5", ""))];
        check(&moved, &format!(r#""in-progress" "IMP" {start} - "W5""#));
        let never = [began.clone(), format!("A08 {}", pv1("I", "W4", "\"\""))];
        check(&never, r#""in-progress" "IMP" - - "W4""#);
    }

    #[test]
    fn a_mark_is_lifted_only_aloud() {
        let check = |rest: &str, want: (bool, bool)| {
            let text = format!(
                "MSH|^~\\&|PMS|GLEN|KEN|HSCP|2026||ADT^A08|1|P|2.4\r\
                 PID|1||7^^^GLEN^MR||Bain\r{rest}"
            );
            let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
            let made = mapped.resources.last().unwrap();
            assert_eq!((made.told.marks, !made.labels.is_empty()), want, "{rest}");
        };
        let visit = |mark: &str| format!("PV1|1|I|W4\rPV2{}{mark}", "|".repeat(22));
        check(&visit("Y"), (true, true));
        check(&visit("N"), (true, false));
        check(&visit("\"\""), (true, false));
        check(&visit(""), (false, false));
        let person = |mark: &str| format!("PD1{}{mark}", "|".repeat(12));
        check(&person("Y"), (true, true));
        check(&person("N"), (true, false));
        check(&person(""), (false, false));
    }
}
