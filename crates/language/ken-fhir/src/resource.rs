//! One resource as JSON, taken from bytes within stated maxima.

use std::fmt;

use serde_json::Value;
use thiserror::Error;

use crate::Object;

/// Longest JSON that is read, in bytes: a message of 16 MiB whose scan became base64 fits.
pub const LEN_MAX: usize = 32 * 1024 * 1024;
/// Deepest nesting of arrays and objects. House policy: the deepest official R4 example has 14.
pub const DEPTH_MAX: usize = 64;
/// Most values in one resource. House policy: they take up to a hundred bytes of memory each.
pub const VALUES_MAX: usize = 1_000_000;

/// How many members a resource that is made has room for at first.
const MEMBERS: usize = 14;

/// The key by which the JSON library marks a number to itself. A sender has no business with it.
const NUMBER_MARK: &str = "$serde_json::private";

/// Why bytes are not a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Longer than [`LEN_MAX`].
    #[error("resource longer than {LEN_MAX} bytes")]
    TooLong,
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("resource nested deeper than {DEPTH_MAX}")]
    TooDeep,
    /// More than [`VALUES_MAX`] values.
    #[error("resource with more than {VALUES_MAX} values")]
    TooManyValues,
    /// Not JSON. The place is given, the text is not.
    #[error("not JSON at line {line}, column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Not an object with a `resourceType`.
    #[error("not a resource: an object with resourceType is expected")]
    NoType,
}

impl ParseError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "fhir.too-long",
            Self::TooDeep => "fhir.too-deep",
            Self::TooManyValues => "fhir.too-many-values",
            Self::Json { .. } => "fhir.not-json",
            Self::NoType => "fhir.no-type",
        }
    }
}

/// A FHIR resource: an object with a `resourceType`. Its `Debug` names the type alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Resource(Value);

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({})", self.kind())
    }
}

impl Resource {
    /// Begins a resource of a type.
    #[must_use]
    pub fn build(kind: &str) -> Object {
        Object::with_room(MEMBERS).set("resourceType", kind)
    }

    /// Reads a resource.
    ///
    /// # Errors
    ///
    /// [`ParseError`] when a maximum is passed, or the bytes are not a resource in JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        measure(bytes)?;
        let value = serde_json::from_slice(bytes)
            .map_err(|error| ParseError::Json { line: error.line(), column: error.column() })?;
        Self::of(value)
    }

    /// Takes JSON that is already a value.
    ///
    /// # Errors
    ///
    /// [`ParseError::NoType`] when it is not an object with a `resourceType`.
    pub fn of(value: Value) -> Result<Self, ParseError> {
        let kind = value.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        let good = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
        good.then_some(Self(value)).ok_or(ParseError::NoType)
    }

    /// The type: `Patient`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.get("resourceType").and_then(Value::as_str).unwrap_or_default()
    }

    /// The JSON.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.0
    }

    /// The JSON, for good.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Writes it without white space, members in their order, numbers with their digits.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    /// Sets a member, or replaces it where it stands.
    pub fn put(&mut self, key: &str, value: impl Into<Value>) {
        if let Value::Object(members) = &mut self.0 {
            members.insert(key.to_owned(), value.into());
        }
    }

    /// Replaces references: `change` gets each `reference` and says what it becomes.
    pub fn relink(&mut self, change: &dyn Fn(&str) -> Option<String>) {
        // A list instead of recursion: a value made in memory may be deeper than one parsed.
        let mut open = vec![&mut self.0];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items.iter_mut()),
                Value::Object(members) => {
                    for (key, value) in members.iter_mut() {
                        let changed = match value {
                            Value::String(text) if key == "reference" => change(text),
                            _ => None,
                        };
                        match changed {
                            Some(text) => *value = Value::String(text),
                            None => open.push(value),
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Counts depth and values without building anything, so that refusing costs nothing.
fn measure(bytes: &[u8]) -> Result<(), ParseError> {
    if bytes.len() > LEN_MAX {
        return Err(ParseError::TooLong);
    }
    let (mut depth, mut values, mut quoted, mut escaped) = (0_usize, 0_usize, false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' => escaped = quoted,
            b'"' => {
                quoted = !quoted;
                if quoted && is_mark(bytes.get(at..).unwrap_or_default()) {
                    return Err(ParseError::Json { line: 1, column: 1 });
                }
            }
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                values += 1;
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(ParseError::TooDeep);
        }
        if values > VALUES_MAX {
            return Err(ParseError::TooManyValues);
        }
    }
    Ok(())
}

/// Whether a text begins as [`NUMBER_MARK`] does, however its letters are written.
fn is_mark(quoted: &[u8]) -> bool {
    let dollar = quoted.starts_with(b"\"$") || quoted.starts_with(b"\"\\u0024");
    let mut texts = serde_json::Deserializer::from_slice(quoted).into_iter::<String>();
    dollar && texts.next().and_then(Result::ok).is_some_and(|text| text.starts_with(NUMBER_MARK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_order_are_kept() {
        let check = |text: &str| {
            let resource = Resource::parse(text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(resource.to_bytes()).unwrap(), text);
        };
        check(
            r#"{"resourceType":"Observation","valueQuantity":{"value":96.40,"unit":"kg"},"a":1}"#,
        );
        check(
            r#"{"z":0.000,"resourceType":"Basic","a":[1e-7,-0.0,12345678901234567890123456789.5]}"#,
        );
        check(r#"{"resourceType":"Basic","text":"é\n\"/"}"#);
    }

    #[test]
    fn maxima_are_refused() {
        let check = |bytes: &[u8], want: ParseError| {
            assert_eq!(Resource::parse(bytes).unwrap_err(), want);
        };
        let deep = |depth: usize| {
            format!(r#"{{"resourceType":"Basic","a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth))
        };
        assert!(Resource::parse(deep(DEPTH_MAX - 1).as_bytes()).is_ok());
        check(deep(DEPTH_MAX).as_bytes(), ParseError::TooDeep);
        check(deep(1_000_000).as_bytes(), ParseError::TooDeep);
        check(&vec![b' '; LEN_MAX + 1], ParseError::TooLong);
        let many = format!(r#"{{"resourceType":"Basic","a":[{}1]}}"#, "1,".repeat(VALUES_MAX));
        check(many.as_bytes(), ParseError::TooManyValues);
        check(b"{", ParseError::Json { line: 1, column: 1 });
        check(b"[]", ParseError::NoType);
        check(br#"{"resourceType":"<b>"}"#, ParseError::NoType);
        check(br#"{"resourceType":7}"#, ParseError::NoType);
        let marked = br#"{"resourceType":"Basic","a":{"$serde_json::private::Number":"1"}}"#;
        check(marked, ParseError::Json { line: 1, column: 1 });
        let marked =
            br#"{"resourceType":"Basic","a":{"\u0024\u0073erde_json::private::Number":"1"}}"#;
        check(marked, ParseError::Json { line: 1, column: 1 });
        assert!(Resource::parse(br#"{"resourceType":"Basic","$":"$5"}"#).is_ok());
    }

    #[test]
    fn references_are_replaced_at_any_depth() {
        let text = r#"{"resourceType":"List","subject":{"reference":"urn:ken:person"},
            "entry":[{"item":{"reference":"urn:ken:2"}},{"item":{"reference":"Other/1"}}]}"#;
        let mut resource = Resource::parse(text.as_bytes()).unwrap();
        resource.relink(&|reference| {
            reference.strip_prefix("urn:ken:").map(|local| format!("X/{local}"))
        });
        let written = String::from_utf8(resource.to_bytes()).unwrap();
        assert!(written.contains("X/person") && written.contains("X/2"), "{written}");
        assert!(written.contains("Other/1") && !written.contains("urn:ken"), "{written}");
    }

    #[test]
    fn debug_names_the_type_alone() {
        let resource = Resource::build("Patient").set("name", "CANARY").done().unwrap();
        assert_eq!(format!("{resource:?}"), "Resource(Patient)");
    }
}
