//! A place in a resource that may be empty: views ask it, and no view needs an `if`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ken_core::PartialDate;
use serde_json::Value;

use crate::DateTime;

/// A value of a resource, or nothing. Its `Debug` is blind.
#[derive(Clone, Copy, Default)]
pub struct Node<'r>(Option<&'r Value>);

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Node(..)" } else { "Node(none)" })
    }
}

impl<'r> From<&'r Value> for Node<'r> {
    fn from(value: &'r Value) -> Self {
        Self(Some(value))
    }
}

impl<'r> Node<'r> {
    /// A member of an object; of a list, that of its first item.
    #[must_use]
    pub fn get(self, key: &str) -> Self {
        Self(self.first().0.and_then(|value| value.get(key)))
    }

    /// The items of a list; one item, if there is a single value; none, if there is nothing.
    pub fn items(self) -> impl Iterator<Item = Node<'r>> + use<'r> {
        let (list, single) = match self.0 {
            Some(Value::Array(items)) => (items.as_slice(), None),
            single => (&[][..], single),
        };
        list.iter().chain(single).map(Self::from)
    }

    /// The first item of a list, or the value itself.
    #[must_use]
    pub fn first(self) -> Self {
        match self.0 {
            Some(Value::Array(items)) => Self(items.first()),
            _ => self,
        }
    }

    /// Whether there is a value.
    #[must_use]
    pub fn is_some(self) -> bool {
        self.0.is_some()
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(self) -> Option<&'r str> {
        self.first().0.and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// A number with its digits, or a text, or yes and no, as it stands.
    #[must_use]
    pub fn plain(self) -> Option<String> {
        match self.first().0? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(true) => Some("yes".to_owned()),
            Value::Bool(false) => Some("no".to_owned()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether it is `true`.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.first().0.and_then(Value::as_bool).unwrap_or_default()
    }

    /// A `date`.
    #[must_use]
    pub fn date(self) -> Option<PartialDate> {
        self.text().and_then(|text| text.parse().ok())
    }

    /// A `dateTime` or `instant`.
    #[must_use]
    pub fn date_time(self) -> Option<DateTime> {
        self.text().and_then(|text| text.parse().ok())
    }

    /// What people read of a `CodeableConcept`, a `Coding` or a `Reference`.
    #[must_use]
    pub fn words(self) -> Option<&'r str> {
        let coding = self.get("coding");
        let own = self.get("text").text().or_else(|| self.get("display").text());
        let displays = || coding.items().find_map(|coding| coding.get("display").text());
        own.or_else(displays)
            .or_else(|| coding.get("code").text())
            .or_else(|| self.get("code").text())
    }

    /// Whether a `CodeableConcept` has a code of a system.
    #[must_use]
    pub fn has_code(self, system: &str, code: &str) -> bool {
        self.items().flat_map(|concept| concept.get("coding").items()).any(|coding| {
            coding.get("system").text() == Some(system) && coding.get("code").text() == Some(code)
        })
    }

    /// The code of the first coding.
    #[must_use]
    pub fn code(self) -> Option<&'r str> {
        self.get("coding").get("code").text()
    }

    /// The text of a text attachment; nothing if it is of another type or not base64.
    #[must_use]
    pub fn attached_text(self) -> Option<String> {
        let kind = self.get("contentType").text()?;
        let data = self.get("data").text().filter(|_| kind.starts_with("text/plain"))?;
        String::from_utf8(STANDARD.decode(data).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_concept_is_read_as_people_read_it() {
        let check = |value: Value, want: Option<&str>| {
            assert_eq!(Node::from(&value).words(), want, "{value}");
        };
        check(json!({"text": "Asthma", "coding": [{"display": "x"}]}), Some("Asthma"));
        check(json!({"coding": [{"code": "1"}, {"display": "Asthma"}]}), Some("Asthma"));
        check(json!({"coding": [{"code": "1"}]}), Some("1"));
        check(json!([{"display": "Dr Woolfson"}]), Some("Dr Woolfson"));
        check(json!({"text": " "}), None);
        check(json!(7), None);
    }

    #[test]
    fn numbers_keep_their_digits() {
        let value: Value = serde_json::from_str("96.40").unwrap();
        assert_eq!(Node::from(&value).plain().as_deref(), Some("96.40"));
    }
}
