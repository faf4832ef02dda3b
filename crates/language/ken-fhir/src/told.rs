//! What a source says of a thing, and what it leaves out: a record told in pieces.
//!
//! It is data and one pure rule, so that whoever files with it brings no code of their own, and
//! what is held is shown to nobody by filing (ADR 27).
//!
//! # Invariants
//!
//! - What a message leaves out stays as it is held; what it says has no value (`""`) goes.
//! - What stands in a resource only because FHIR asks for it never overrides what was said.
//! - What is told as true is never composed into what was an error: it would be shown nowhere.
//! - What is composed depends on what is held and what is said alone, and saying it again changes
//!   nothing.
//!
//! # Sources
//!
//! - HL7 v2.8, 2.5.3 (a field without a value leaves the value, `""` deletes it).
//! - House policy: which items of a list a field speaks for (`STAYS`).

use serde_json::{Map, Value};

use crate::Resource;

/// Items of a list that stay although the list was told: those whose value at `pointer` is one of
/// `values` (any, if that is empty), unless the message tells one with the same value there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stays {
    /// The element that is a list.
    pub list: &'static str,
    /// Where in an item the value stands, as a JSON pointer.
    pub pointer: &'static str,
    /// The values that stay; any, if there is none.
    pub values: &'static [&'static str],
}

/// Lists whose items are told one by one, in every resource.
const STAYS: &[Stays] = &[
    Stays { list: "identifier", pointer: "/system", values: &[] },
    Stays { list: "extension", pointer: "/url", values: &[] },
    Stays { list: "participant", pointer: "/type/0/coding/0/code", values: &[] },
    Stays { list: "location", pointer: "/status", values: &[] },
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
    /// Whether the time that a message gives is the thing's own. If not, it is when the
    /// message was made, and says nothing about a thing that is held.
    pub dated: bool,
    /// Whether all of the thing is told, so that nothing of what is held stays: a result.
    pub is_whole: bool,
    /// States of `verificationStatus` that telling the thing again unsays.
    pub unsays: &'static [&'static str],
    /// Items that stay in this thing, beside those that stay in every one.
    pub stays: Vec<Stays>,
}

impl Told {
    /// A thing told whole.
    #[must_use]
    pub fn whole() -> Self {
        Self { is_whole: true, marks: true, ..Self::default() }
    }

    /// Says that an element has no value any more, where `is_null`.
    pub fn clear(&mut self, is_null: bool, element: &'static str) {
        if is_null && !self.cleared.contains(&element) {
            self.cleared.push(element);
        }
    }

    /// Says that an element is there only because one is needed, where `is_assumed`.
    pub fn assume(&mut self, is_assumed: bool, element: &'static str) {
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
        if self.unsays.iter().any(|state| Some(*state) == verification(before)) {
            members.shift_remove(VERIFICATION);
        }
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

const VERIFICATION: &str = "verificationStatus";

/// How sure the source was of a thing that is held.
fn verification(held: &Map<String, Value>) -> Option<&str> {
    held.get(VERIFICATION)?.pointer("/coding/0/code")?.as_str()
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
