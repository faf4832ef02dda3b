//! The four core standards: message, alert, plan and assessment, as documents that any body can
//! write and read, and each of them as the FHIR resource that Ken keeps.
//!
//! The files in `standards/` are the standards. They are compiled in: what a document may say is
//! what `schema.json` says, and nothing of it stands in code a second time.
//!
//! # Invariants
//!
//! - A [`Document`] is good by its schema; there is no other way to have one.
//! - A document that becomes FHIR and is read back is the same document.
//! - What is read from FHIR leaves out what `mapping.md` names as lost, and nothing else: an answer
//!   of a kind that a standard does not have is refused, and not dropped.
//! - No finding and no `Debug` tells what a document says.
//!
//! # Sources
//!
//! - HL7 FHIR R4: `DocumentReference`, `Flag`, `CarePlan`, `QuestionnaireResponse`.
//! - JSON Schema 2020-12, as far as [`schema`] reads it.

mod alert;
mod assessment;
mod common;
mod message;
mod plan;
pub mod schema;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::Value;

pub use schema::{Schema, Wrong};

use crate::{Node, Object, ParseError, Resource};

/// The root of the code systems of the house.
pub const CODES: &str = "https://ken.example/CodeSystem/";
/// The namespace of the ids under which Ken knows people.
pub const PERSON: &str = "urn:ken:person";
/// The extension in which a note of a plan says which question it answers.
pub const QUESTION: &str = "urn:ken:question";
/// The extension that says where an answer was given first.
pub const ORIGIN: &str = "urn:ken:from";
/// What begins the address of every form.
pub const FORM: &str = "urn:ken:form:";
/// The standard extension that names what a reference leads to.
pub const DISPLAY: &str = "http://hl7.org/fhir/StructureDefinition/display";
/// Longest document, in bytes: as much as the record keeps of one thing.
pub const LEN_MAX: usize = 4 << 20;

/// A core standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    /// What one body tells others: an event, a letter, a report.
    Message,
    /// What whoever works with the person must know first.
    Alert,
    /// Goals, and who does what by when.
    Plan,
    /// The questions of a form and what was answered.
    Assessment,
}

/// The texts of a standard.
struct Texts {
    schema: &'static str,
    mapping: &'static str,
}

macro_rules! texts {
    ($name:literal) => {
        Texts {
            schema: include_str!(concat!("../../../../standards/", $name, "/schema.json")),
            mapping: include_str!(concat!("../../../../standards/", $name, "/mapping.md")),
        }
    };
}

const MESSAGE: Texts = texts!("message");
const ALERT: Texts = texts!("alert");
const PLAN: Texts = texts!("plan");
const ASSESSMENT: Texts = texts!("assessment");

/// What each standard says. One that does not read refuses every document; a test sees that all do.
static SCHEMATA: LazyLock<[Schema; 4]> =
    LazyLock::new(|| Standard::ALL.map(|one| Schema::parse(one.text()).unwrap_or_default()));

impl Standard {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Message, Self::Alert, Self::Plan, Self::Assessment];

    /// The standard of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// What it is called, as a document names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Alert => "alert",
            Self::Plan => "plan",
            Self::Assessment => "assessment",
        }
    }

    /// The type of the resource that a document becomes.
    #[must_use]
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Message => "DocumentReference",
            Self::Alert => "Flag",
            Self::Plan => "CarePlan",
            Self::Assessment => "QuestionnaireResponse",
        }
    }

    const fn texts(self) -> &'static Texts {
        match self {
            Self::Message => &MESSAGE,
            Self::Alert => &ALERT,
            Self::Plan => &PLAN,
            Self::Assessment => &ASSESSMENT,
        }
    }

    /// Its schema, as text.
    #[must_use]
    pub const fn text(self) -> &'static str {
        self.texts().schema
    }

    /// How each field stands in FHIR, and what is lost.
    #[must_use]
    pub const fn mapping(self) -> &'static str {
        self.texts().mapping
    }

    /// Its schema.
    #[must_use]
    pub fn schema(self) -> &'static Schema {
        let [message, alert, plan, assessment] = &*SCHEMATA;
        match self {
            Self::Message => message,
            Self::Alert => alert,
            Self::Plan => plan,
            Self::Assessment => assessment,
        }
    }

    /// A resource of its type as a document, with the marks that the record keeps beside it.
    ///
    /// # Errors
    ///
    /// What in it a document of this standard cannot say.
    pub fn read(self, resource: &Resource, marks: &[&str]) -> Result<Document, Vec<Wrong>> {
        if resource.kind() != self.resource() {
            let says = format!("take a {}", self.resource());
            return Err(vec![Wrong::at("/resourceType", says)]);
        }
        let mut turned = vec![];
        common::find_turned(resource.value(), "", &mut turned);
        if !turned.is_empty() {
            return Err(turned);
        }
        let from = Node::from(resource.value());
        let head = Object::new().set("standard", self.name()).set("version", 1);
        let made = match self {
            Self::Message => message::read(head, from)?,
            Self::Alert => alert::read(head, from),
            Self::Plan => plan::read(head, from)?,
            Self::Assessment => assessment::read(head, from)?,
        };
        let made = common::read_rest(made, from, marks);
        Document::of(made.into())
    }
}

/// A document that is good by the schema of its standard.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    standard: Standard,
    value: Value,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({})", self.standard.name())
    }
}

impl Document {
    /// Reads a document and holds it against the schema of the standard that it names.
    ///
    /// # Errors
    ///
    /// What must be put right, each with its place; at most [`schema::WRONGS_MAX`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Wrong>> {
        let refused = |says: String| vec![Wrong::at("", says)];
        if bytes.len() > LEN_MAX {
            return Err(refused(format!("write at most {LEN_MAX} bytes")));
        }
        let value = serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            refused(format!("write JSON: it breaks off at line {line}, column {column}"))
        })?;
        Self::of(value)
    }

    /// Takes JSON that is already a value.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`].
    pub fn of(value: Value) -> Result<Self, Vec<Wrong>> {
        let named = value.get("standard").and_then(Value::as_str);
        let Some(standard) = named.and_then(Standard::find) else {
            let all = Standard::ALL.map(Standard::name).join(", ");
            return Err(vec![Wrong::at("/standard", format!("write one of {all}"))]);
        };
        let wrongs = standard.schema().check(&value);
        if wrongs.is_empty() { Ok(Self { standard, value }) } else { Err(wrongs) }
    }

    /// Which standard it is of.
    #[must_use]
    pub const fn standard(&self) -> Standard {
        self.standard
    }

    /// What it says.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// As the FHIR resource that Ken keeps, without an id.
    ///
    /// # Errors
    ///
    /// [`ParseError`] never: each standard has a type of resource.
    pub fn resource(&self) -> Result<Resource, ParseError> {
        let said = Node::from(&self.value);
        let made = common::begin(self.standard.resource(), said);
        let made = match self.standard {
            Standard::Message => message::write(made, said),
            Standard::Alert => alert::write(made, said),
            Standard::Plan => plan::write(made, said),
            Standard::Assessment => assessment::write(made, said),
        };
        made.done()
    }
}
