//! Maps: what a message says, as FHIR resources, each with what the hub needs to file it.
//!
//! # Invariants
//!
//! - A message is about one person; two in one message are refused, never mixed.
//! - References are placeholders that only filing can fill: [`PERSON`] for the person, and
//!   [`MappedResource::local`] between resources of the message.
//! - A merge gives an instruction and no resource: it relinks only its sender's own records
//!   (`core.md` 5).
//! - What a map does not know it leaves in the message, which is kept whole; it invents nothing.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir (Apache-2.0), the maps of which these are our reading; the integration test
//!   counts the rows. Merges are ours: that project has no map for them.
//! - `docs/messages.md`: which message carries which kind of event.

mod access;
mod booking;
mod clinical;
mod dictionary;
mod document;
mod merge;
mod numbers;
mod person;
mod provenance;
mod referral;
mod related;
mod result;
mod sections;
mod table;
mod told;
mod types;
mod value;
mod visit;

use ken_core::{Category, Label};
use ken_fhir::{DateTime, Object, Resource, line};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub use access::{Restriction, Said, UNKNOWN, restricts};
pub use dictionary::{DOCUMENT_KINDS, DocumentKind, KEN_SYSTEM, SECTIONS};
pub use merge::{Merge, MergeKind, pairs};
pub use person::{Death, Demographics, PersonAddress, PersonName};
pub use provenance::{Facts, message_header, provenance};
pub use told::{Ended, Ends, Told};

use crate::{Charset, Header, HeaderError, Message, MessageType};

/// The reference that stands for the person until they are identified.
pub const PERSON: &str = "urn:ken:person";

/// The root of our extensions.
pub(crate) const KEN_STRUCTURE: &str = "https://ken.example/StructureDefinition/";

/// A message, mapped. Its `Debug` is blind.
#[derive(Clone)]
pub struct Mapped {
    /// What the header says.
    pub header: Header,
    /// Whom the message is about, as the person index reads it.
    pub demographics: Demographics,
    /// What to file; the first is always the `Patient`, but for a merge, which has none.
    pub resources: Vec<MappedResource>,
    /// What to relink, if the message says that two of its sender's people are one.
    pub merge: Option<Merge>,
    /// Who recorded what, when and why, for `Provenance` and the ledger.
    pub facts: Facts,
    /// What the message ends without telling it again.
    pub ended: Vec<Ended>,
    /// Whether bytes of its text were broken, and a person must look at what it should say.
    pub is_damaged: bool,
    /// Restrictions of access that it says hold, or hold no more; those that hold first.
    pub restrictions: Vec<Restriction>,
}

impl std::fmt::Debug for Mapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mapped({}, {} resources)", self.header.kind, self.resources.len())
    }
}

impl Mapped {
    /// Calls by another key whatever it calls by a key.
    pub fn rename(&mut self, named: impl Fn(&str) -> String) {
        for one in &mut self.resources {
            for key in one.key.iter_mut().chain(&mut one.former).chain(&mut one.bears) {
                *key = named(key);
            }
        }
        for one in &mut self.ended {
            one.key = named(&one.key);
        }
    }
}

/// One resource to file. Its `Debug` shows type and category alone.
#[derive(Clone)]
pub struct MappedResource {
    /// The resource, with placeholders for references.
    pub resource: Resource,
    /// The category of the national dictionary that it seems to belong to.
    pub category: Category,
    /// Marks that prohibitions and obligations read: `third-party`, `restricted`.
    pub labels: Vec<Label>,
    /// When it happened; else when it was recorded; else when it was sent.
    pub event_time: Option<DateTime>,
    /// One line for a chronology.
    pub title: String,
    /// The placeholder by which other resources of this message refer to it.
    pub local: String,
    /// What the sender calls it: the same key from the same source is the same thing, changed.
    /// `None` where the sender gives it no name; then each message is a new thing.
    pub key: Option<String>,
    /// What it was called when keys told less apart: what is held under it and has the same words
    /// is this thing. `None` where nothing held before may be it.
    pub former: Option<String>,
    /// Keys of things whose mark `restricted` it bears too: its message says nothing of marks.
    pub bears: Vec<String>,
    /// What of the thing the message tells; [`Told::onto`] composes it with what is held.
    pub told: Told,
}

impl std::fmt::Debug for MappedResource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MappedResource({}, {})", self.resource.kind(), self.category)
    }
}

/// Why a message was not mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MapError {
    /// The header lacks what the inbox needs.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Its text is in a set (MSH-18) that is not read here.
    #[error("the character set is not one that is read")]
    Charset,
    /// Messages with this code in MSH-9.1 are not taken.
    #[error("messages of this type are not taken")]
    TypeUnknown,
    /// Messages of this type are taken, but not with this trigger.
    #[error("messages of this event are not taken")]
    TriggerUnknown,
    /// There is no `PID`, or it names nobody.
    #[error("the message does not say whom it is about")]
    NoPerson,
    /// There is more than one `PID`: results of two people, a bed swap, several merges.
    #[error("the message is about several people")]
    SeveralPeople,
    /// Two of the sender's people are to be linked (`A24`): a human here does it.
    #[error("links are made by hand")]
    LinkByHand,
    /// A link is to be undone (`A37`): a human here does it.
    #[error("links are undone by hand")]
    UnlinkByHand,
    /// Two people changed places (`A17`): a human here does it.
    #[error("swaps are made by hand")]
    SwapByHand,
    /// A merge by national numbers alone, which are not its sender's: a human here does it.
    #[error("merges by national numbers are made by hand")]
    MergeByHand,
    /// A visit, an account or a part of a record is to be moved between people: a human here does
    /// it.
    #[error("moves between people are made by hand")]
    MoveByHand,
    /// A merge without `MRG`, or without an identifier in it.
    #[error("the merge does not say which identifier it ends")]
    NoPrior,
}

impl MapError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Header(error) => error.code(),
            Self::Charset => "hl7.charset-unknown",
            Self::TypeUnknown => "hl7.type-unknown",
            Self::TriggerUnknown => "hl7.trigger-unknown",
            Self::NoPerson => "hl7.no-person",
            Self::SeveralPeople => "hl7.several-people",
            Self::NoPrior => "hl7.no-prior",
            Self::LinkByHand => "hl7.link-by-hand",
            Self::UnlinkByHand => "hl7.unlink-by-hand",
            Self::SwapByHand => "hl7.swap-by-hand",
            Self::MoveByHand => "hl7.move-by-hand",
            Self::MergeByHand => "hl7.merge-by-hand",
        }
    }
}

/// What a trigger asks of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Who the person is, without a visit.
    Register,
    /// A visit, and who the person is.
    Visit,
    Merge,
    Results,
    Document,
    Booking,
    Referral,
    Problems,
}

/// Every type and trigger that is taken; `docs/messages.md` says what for.
const TAKEN: &[(&str, &[&str], Work)] = &[
    ("ADT", &["A28", "A31", "A60"], Work::Register),
    ("ADT", &["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08"], Work::Visit),
    ("ADT", &["A11", "A12", "A13", "A23", "A27", "A38"], Work::Visit),
    ("ADT", &["A18", "A34", "A36", "A40", "A47"], Work::Merge),
    ("ORU", &["R01"], Work::Results),
    ("MDM", &["T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08"], Work::Document),
    ("MDM", &["T09", "T10", "T11"], Work::Document),
    ("SIU", &["S12", "S13", "S14", "S15", "S16", "S17", "S26"], Work::Booking),
    ("REF", &["I12", "I13", "I14"], Work::Referral),
    ("PPR", &["PC1", "PC2", "PC3"], Work::Problems),
];

/// Events that say something about whose record is whose and that no map may do by itself: a human
/// must, and is told so (HL7 v2.8, 3.3.17, 3.3.24, 3.3.30, 3.3.35 to 3.3.51).
const BY_HAND: &[(&[&str], MapError)] = &[
    (&["A24"], MapError::LinkByHand),
    (&["A37"], MapError::UnlinkByHand),
    (&["A17"], MapError::SwapByHand),
    (&["A30", "A35", "A39", "A41", "A42", "A43", "A44"], MapError::MoveByHand),
    (&["A45", "A46", "A48", "A49", "A50", "A51"], MapError::MoveByHand),
];

fn work(kind: &MessageType) -> Result<Work, MapError> {
    let by_hand = BY_HAND.iter().find(|(triggers, _)| triggers.contains(&kind.trigger.as_str()));
    if let (Some((_, hand)), "ADT") = (by_hand, kind.code.as_str()) {
        return Err(*hand);
    }
    let mut of_type = TAKEN.iter().filter(|(code, ..)| *code == kind.code).peekable();
    if of_type.peek().is_none() {
        return Err(MapError::TypeUnknown);
    }
    let taken = of_type.find(|(_, triggers, _)| triggers.contains(&kind.trigger.as_str()));
    taken.map(|(.., work)| *work).ok_or(MapError::TriggerUnknown)
}

/// What every map of a message needs of it.
struct Scope<'m> {
    message: &'m Message<'m>,
    trigger: &'m str,
    /// Whose namespace local identifiers are in: the facility, or the application without one.
    sender: &'m str,
    facts: &'m Facts,
}

/// Maps a message.
///
/// # Errors
///
/// [`MapError`] when it is not one that Ken takes, or does not say whom it is about.
pub fn map(message: &Message<'_>) -> Result<Mapped, MapError> {
    let header = Header::of(message)?;
    let work = work(&header.kind)?;
    if message.charset() == Charset::Unknown {
        return Err(MapError::Charset);
    }
    if message.all("PID").nth(1).is_some() {
        return Err(MapError::SeveralPeople);
    }
    let facts = Facts::of(message, &header);
    let sender = match header.sending_facility.as_str() {
        "" => header.sending_application.as_str(),
        facility => facility,
    };
    let scope = Scope { message, trigger: &header.kind.trigger, sender, facts: &facts };
    let patient = person::read(&scope)?;
    let demographics = person::demographics(&scope, &patient)?;
    let merge = if work == Work::Merge { Some(merge::merge(&scope)?) } else { None };
    let mut batch = Batch::new(&facts);
    if work != Work::Merge {
        person::map(&scope, &mut batch, patient);
        rest(work, &scope, &mut batch);
    }
    let Batch { resources, ended, .. } = batch;
    Ok(Mapped {
        demographics,
        resources,
        merge,
        ended,
        restrictions: access::read(&scope),
        is_damaged: message.charset() == Charset::Utf8Damaged,
        header: header.clone(),
        facts: facts.clone(),
    })
}

fn rest(work: Work, scope: &Scope<'_>, batch: &mut Batch<'_>) {
    match work {
        Work::Register | Work::Visit => {
            let visit = (work == Work::Visit).then(|| visit::map(scope, batch)).flatten();
            clinical::map(scope, batch, visit.as_deref());
            result::loose(scope, batch);
        }
        Work::Results => result::map(scope, batch),
        Work::Document => document::map(scope, batch),
        Work::Booking => booking::map(scope, batch),
        Work::Referral => {
            referral::map(scope, batch);
            clinical::map(scope, batch, None);
        }
        Work::Problems => clinical::problems(scope, batch),
        Work::Merge => {}
    }
}

/// The resources of a message as they are made.
struct Batch<'f> {
    resources: Vec<MappedResource>,
    ended: Vec<Ended>,
    facts: &'f Facts,
}

/// A resource that is made, and what filing must know of it.
struct Made {
    category: &'static str,
    labels: Vec<&'static str>,
    key: Option<String>,
    former: Option<String>,
    bears: Vec<String>,
    object: Object,
    told: Told,
}

impl Made {
    /// A thing told in pieces, without labels.
    fn new(category: &'static str, key: Option<String>, object: Object) -> Self {
        let (labels, former, bears, told) = (Vec::new(), None, Vec::new(), Told::default());
        Self { category, labels, key, former, bears, object, told }
    }

    fn told(self, told: Told) -> Self {
        Self { told, ..self }
    }

    fn labels(self, labels: Vec<&'static str>) -> Self {
        Self { labels, ..self }
    }
}

impl<'f> Batch<'f> {
    fn new(facts: &'f Facts) -> Self {
        Self { resources: Vec::new(), ended: Vec::new(), facts }
    }

    /// The placeholder that the next resource will have.
    fn next_local(&self) -> String {
        format!("urn:ken:r{}", self.resources.len())
    }

    /// Adds a resource and returns its placeholder.
    fn add(&mut self, made: Made) -> String {
        let local = self.next_local();
        let Made { category, labels, key, former, bears, object, told } = made;
        if let Ok(resource) = object.done() {
            self.push(category, &labels, key, resource, told);
            if let Some(pushed) = self.resources.last_mut() {
                (pushed.former, pushed.bears) = (former, bears);
            }
        }
        local
    }

    fn push(
        &mut self,
        category: &str,
        labels: &[&str],
        key: Option<String>,
        resource: Resource,
        mut told: Told,
    ) {
        let Ok(category) = Category::new(category) else { return };
        let line = line(&resource);
        let own = line.as_ref().and_then(|line| line.when.clone());
        told.dated = own.is_some();
        let recorded = || self.facts.occurred.clone().or_else(|| self.facts.recorded.clone());
        let kind = resource.kind().to_owned();
        self.resources.push(MappedResource {
            event_time: own.or_else(recorded),
            title: line.map_or(kind, |line| line.title),
            labels: labels.iter().filter_map(|label| Label::new(*label).ok()).collect(),
            local: self.next_local(),
            resource,
            category,
            key,
            former: None,
            bears: Vec::new(),
            told,
        });
    }
}

/// A reference to another resource of the message, or to the person.
fn reference(local: &str) -> Object {
    Object::new().set("reference", local)
}

/// What the sender calls a thing: the kind and an identifier that was made for it.
fn key_of(kind: &str, identifier: &Object) -> Option<String> {
    let value = identifier.text("value");
    (!value.is_empty()).then(|| format!("{kind}|{}|{value}", identifier.text("system")))
}

/// Words as a part of a key: a digest of them, folded. Keys stand beside what is sealed: no name
/// or finding is to stand there in the clear.
fn digest(words: &str) -> String {
    hash(&ken_core::normalise(words))
}

/// A digest of a text to the letter, as a part of a key.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    let half = digest.first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
    format!("{half:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> &'static str {
        map(&Message::parse(text.as_bytes()).unwrap()).map_or_else(MapError::code, |_| "mapped")
    }

    #[test]
    fn what_is_not_taken_is_refused_by_name() {
        let check = |kind: &str, rest: &str, want: &str| {
            let text = format!("MSH|^~\\&|A|B|C|D|20261121||{kind}|1|P|2.4\r{rest}");
            assert_eq!(error(&text), want, "{kind} {rest}");
        };
        let pid = "PID|1||7^^^B^MR||Bain^Morag";
        check("ADT^A31", pid, "mapped");
        check("ADT^A29", pid, "hl7.trigger-unknown");
        for (kind, want) in [
            ("ADT^A17", "hl7.swap-by-hand"),
            ("ADT^A24", "hl7.link-by-hand"),
            ("ADT^A37", "hl7.unlink-by-hand"),
            ("ADT^A45", "hl7.move-by-hand"),
        ] {
            check(kind, &format!("{pid}\r{pid}"), want);
        }
        check("BAR^P01", pid, "hl7.type-unknown");
        let set = b"MSH|^~\\&|A|B|C|D|2026||ADT^A31|1|P|2.4||||||8859/5\rPID|||7^^^B^MR||\xb0";
        let unread = map(&Message::parse(set).unwrap()).map(|_| ()).unwrap_err();
        assert_eq!(unread.code(), "hl7.charset-unknown");
        check("ADT^A31", "EVN|A31", "hl7.no-person");
        check("ADT^A31", "PID|1", "hl7.no-person");
        check("ADT^A31", &format!("{pid}\r{pid}"), "hl7.several-people");
        check("ADT^A40", pid, "hl7.no-prior");
        check("ADT^A40", &format!("{pid}\rMRG|"), "hl7.no-prior");
        check("ADT^A40", &format!("{pid}\rMRG|8^^^B^MR"), "mapped");
        check("ADT^A40", &format!("{pid}\rMRG|9990000018^^^NHS^NH"), "hl7.merge-by-hand");
        let national = "PID|1||9990000018^^^NHS^NH||Bain^Morag";
        check("ADT^A40", &format!("{national}\rMRG|8^^^B^MR"), "hl7.merge-by-hand");
    }

    #[test]
    fn a_second_thing_under_one_name_has_its_key() {
        let identifier = Object::new().set("system", "urn:x").set("value", "7");
        assert_eq!(key_of("visit", &identifier).as_deref(), Some("visit|urn:x|7"));
        assert_eq!(key_of("visit", &Object::new()), None);
    }

    #[test]
    fn nothing_personal_is_printed() {
        let text = "MSH|^~\\&|A|B|C|D|20261121||ADT^A31|1|P|2.4\rPID|1||7^^^B^MR||CANARY^M\r\
                    NK1|1|CANARY^N|MTH\rAL1|1|DA|1^CANARY";
        let mapped = map(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let shown = format!("{mapped:?} {:?} {:?}", mapped.resources, mapped.demographics);
        assert!(!shown.contains("CANARY"), "{shown}");
        assert_eq!(mapped.resources.len(), 3);
    }
}
