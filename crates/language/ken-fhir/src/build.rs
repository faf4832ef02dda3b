//! Making resources tersely: what is empty is left out, so makers need no `if`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::{ParseError, Resource};

/// A JSON object being made. FHIR has no null, no empty text and no empty list, so neither has it.
#[derive(Clone, Default)]
pub struct Object(Map<String, Value>);

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({} members)", self.0.len())
    }
}

impl Object {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An object without members, with room for some.
    #[must_use]
    pub(crate) fn with_room(members: usize) -> Self {
        Self(Map::with_capacity(members))
    }

    /// Sets a member, unless the value is empty.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !is_blank(&value) {
            self.0.insert(key.to_owned(), value);
        }
        self
    }

    /// Adds to a list member, unless the value is empty.
    #[must_use]
    pub fn push(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !is_blank(&value) {
            match self.0.get_mut(key) {
                Some(Value::Array(items)) => items.push(value),
                Some(_) => {}
                None => {
                    self.0.insert(key.to_owned(), Value::Array(vec![value]));
                }
            }
        }
        self
    }

    /// Adds all to a list member.
    #[must_use]
    pub fn extend<V: Into<Value>>(self, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        values.into_iter().fold(self, |object, value| object.push(key, value))
    }

    /// Adds an extension, unless its value is empty. `kind` is the member's name: `valueString`.
    #[must_use]
    pub fn extension(self, url: &str, kind: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if is_blank(&value) {
            return self;
        }
        self.push("extension", Self::new().set("url", url).set(kind, value))
    }

    /// A text member; empty where there is none.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// A member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The resource.
    ///
    /// # Errors
    ///
    /// [`ParseError::NoType`] when it was not begun by [`Resource::build`].
    pub fn done(self) -> Result<Resource, ParseError> {
        Resource::of(self.into())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A `Coding`; empty parts are left out.
#[must_use]
pub fn coding(system: &str, code: impl Into<Value>, display: impl Into<Value>) -> Object {
    Object::new().set("system", system).set("code", code).set("display", display)
}

/// A `CodeableConcept` of one coding, its display also as the text that people read.
#[must_use]
pub fn concept(system: &str, code: &str, display: &str) -> Object {
    Object::new().push("coding", coding(system, code, display)).set("text", display)
}

/// A logical reference: who or what is meant, by identifier and name, without a resource.
#[must_use]
pub fn reference_by(kind: &str, identifier: impl Into<Value>, display: &str) -> Object {
    let named = Object::new().set("identifier", identifier).set("display", display);
    if named.is_empty() { named } else { named.set("type", kind) }
}

/// A text attachment: what is written, under a title.
#[must_use]
pub fn attachment(title: &str, text: &str) -> Object {
    if text.is_empty() {
        return Object::new();
    }
    Object::new()
        .set("contentType", "text/plain;charset=utf-8")
        .set("data", STANDARD.encode(text))
        .set("title", title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_left_out() {
        let made = Resource::build("Basic")
            .set("a", "")
            .set("b", None::<String>)
            .set("c", Object::new().set("d", ""))
            .push("e", Object::new())
            .push("e", "x")
            .extension("urn:x", "valueString", "")
            .set("f", false)
            .set("g", concept("", "", ""))
            .done()
            .unwrap();
        assert_eq!(made.to_bytes(), br#"{"resourceType":"Basic","e":["x"],"f":false}"#);
        assert_eq!(Object::new().done().unwrap_err(), ParseError::NoType);
    }
}
