//! The message header: who sent what to whom, and how it wants to be answered.

use std::fmt;

use ken_fhir::DateTime;
use thiserror::Error;

use crate::{Dtm, Message, Part};

/// Longest control id and party name that is taken, in letters. The standard says 199 (v2.8).
const NAME_LEN_MAX: usize = 199;

/// Code and trigger: `ADT^A01`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageType {
    /// MSH-9.1.
    pub code: String,
    /// MSH-9.2.
    pub trigger: String,
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}^{}", self.code, self.trigger)
    }
}

/// When a sender wants an answer (HL7 table 0155).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AckWish {
    /// `AL`: always.
    Always,
    /// `NE`: never.
    Never,
    /// `ER`: only for errors and refusals.
    OnError,
    /// `SU`: only for success.
    OnSuccess,
    /// Nothing, or nothing that the table has: the original mode.
    #[default]
    Unsaid,
}

/// What a message is sent for (MSH-11.1, HL7 table 0103).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Processing {
    /// `P`, or nothing: what it says is so.
    Production,
    /// `T`: it is made up, for people who learn.
    Training,
    /// `D`: it is made up, for people who look for faults.
    Debugging,
    /// A letter that the table does not have: nobody can say that what it says is so.
    Unknown,
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// MSH-3: the sending application, its name or, failing that, its universal id.
    pub sending_application: String,
    /// MSH-4: the sending facility.
    pub sending_facility: String,
    /// MSH-5: the receiving application.
    pub receiving_application: String,
    /// MSH-6: the receiving facility.
    pub receiving_facility: String,
    /// MSH-7: when it was sent.
    pub sent: Option<DateTime>,
    /// MSH-9.
    pub kind: MessageType,
    /// MSH-10: the sender's id of the message.
    pub control_id: String,
    /// MSH-11.1, as it stands; [`Header::sent_for`] reads it.
    pub processing: String,
    /// MSH-12.
    pub version: String,
    /// MSH-15: whether an accept acknowledgement is wanted (enhanced mode).
    pub accept_wish: AckWish,
    /// MSH-16: whether an application acknowledgement is wanted (enhanced mode).
    pub application_wish: AckWish,
}

/// Why a header cannot be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// MSH-10 is empty: a second copy could not be told from a second message.
    #[error("no control id in MSH-10")]
    NoControlId,
    /// MSH-9 is empty.
    #[error("no message type in MSH-9")]
    NoType,
    /// A second `MSH`: two messages in one frame.
    #[error("more than one message header in a frame")]
    SecondHeader,
    /// A name in MSH-3 to MSH-6 or MSH-10 is longer than the standard lets it be.
    #[error("a name in the message header is longer than {NAME_LEN_MAX} letters")]
    NameTooLong,
}

impl HeaderError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoControlId => "hl7.no-control-id",
            Self::NoType => "hl7.no-type",
            Self::SecondHeader => "hl7.second-header",
            Self::NameTooLong => "hl7.name-too-long",
        }
    }
}

impl Header {
    /// Reads the header of a message.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when it lacks what the inbox needs, or the frame holds two messages.
    pub fn of(message: &Message<'_>) -> Result<Self, HeaderError> {
        let field = |number| message.field("MSH", number);
        let header = Self {
            sending_application: party(field(3)),
            sending_facility: party(field(4)),
            receiving_application: party(field(5)),
            receiving_facility: party(field(6)),
            sent: Dtm::parse(&field(7).text()).ok().map(|sent| sent.to_fhir()),
            kind: kind(field(9)),
            control_id: text(field(10)),
            processing: text(field(11)),
            version: text(field(12)),
            accept_wish: wish(field(15)),
            application_wish: wish(field(16)),
        };
        let names = [
            &header.sending_application,
            &header.sending_facility,
            &header.receiving_application,
            &header.receiving_facility,
            &header.control_id,
        ];
        if header.control_id.is_empty() {
            return Err(HeaderError::NoControlId);
        }
        if header.kind.code.is_empty() {
            return Err(HeaderError::NoType);
        }
        if names.iter().any(|name| name.chars().count() > NAME_LEN_MAX) {
            return Err(HeaderError::NameTooLong);
        }
        if message.all("MSH").nth(1).is_some() {
            return Err(HeaderError::SecondHeader);
        }
        Ok(header)
    }

    /// What the message is sent for: whether what it says is so.
    #[must_use]
    pub fn sent_for(&self) -> Processing {
        match self.processing.trim().to_ascii_uppercase().as_str() {
            "" | "P" => Processing::Production,
            "T" => Processing::Training,
            "D" => Processing::Debugging,
            _ => Processing::Unknown,
        }
    }
}

fn text(part: Part<'_>) -> String {
    part.value().unwrap_or_default()
}

/// An HD: its namespace, or its universal id where there is no other name.
fn party(field: Part<'_>) -> String {
    field.component(1).value().or_else(|| field.component(2).value()).unwrap_or_default()
}

/// MSH-9; a trigger that stands only in the structure (`ADT^^ADT_A01`) is read from there.
fn kind(field: Part<'_>) -> MessageType {
    let structure = field.component(3).value();
    let from_structure = || Some(structure?.split_once('_')?.1.to_owned());
    let trigger = field.component(2).value().or_else(from_structure).unwrap_or_default();
    MessageType { code: text(field.component(1)), trigger }
}

fn wish(field: Part<'_>) -> AckWish {
    match field.text().trim() {
        "AL" => AckWish::Always,
        "NE" => AckWish::Never,
        "ER" => AckWish::OnError,
        "SU" => AckWish::OnSuccess,
        _ => AckWish::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Header, HeaderError> {
        Header::of(&Message::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_header_is_read() {
        let header =
            of("MSH|^~\\&|PMS|^1.2.3^ISO|KEN|GLEN|20261121101500||ADT^A01^ADT_A01|7|P|2.4\
            |||AL|NE\rPID|1")
            .unwrap();
        assert_eq!(header.sending_application, "PMS");
        assert_eq!(header.sending_facility, "1.2.3");
        assert_eq!(header.kind.to_string(), "ADT^A01");
        assert_eq!(header.accept_wish, AckWish::Always);
        assert_eq!(header.application_wish, AckWish::Never);
        assert_eq!(header.sent.unwrap().as_str(), "2026-11-21T10:15:00+00:00");
    }

    #[test]
    fn what_is_not_real_is_known() {
        let check = |said: &str, want: Processing| {
            let text = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|7|{said}|2.4");
            assert_eq!(of(&text).unwrap().sent_for(), want, "{said}");
        };
        check("P", Processing::Production);
        check("P^T", Processing::Production);
        check(" P ", Processing::Production);
        check("  ", Processing::Production);
        check("", Processing::Production);
        check("T", Processing::Training);
        check("t^A", Processing::Training);
        check("T ", Processing::Training);
        check("D", Processing::Debugging);
        check("X", Processing::Unknown);
    }

    #[test]
    fn what_the_inbox_cannot_key_is_refused() {
        let check = |text: &str, want: HeaderError| assert_eq!(of(text).unwrap_err(), want);
        check("MSH|^~\\&|A|B|C|D|||ADT^A01||P|2.4", HeaderError::NoControlId);
        check("MSH|^~\\&|A|B|C|D|||ADT^A01|\"\"|P|2.4", HeaderError::NoControlId);
        check("MSH|^~\\&|A|B|C|D||||7|P|2.4", HeaderError::NoType);
        check("MSH|^~\\&|A|B|C|D|||ADT|7\rMSH|^~\\&|", HeaderError::SecondHeader);
        let long = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|{}", "7".repeat(200));
        check(&long, HeaderError::NameTooLong);
        assert_eq!(of("MSH|^~\\&|A|B|C|D|||ADT^^ADT_A31|7").unwrap().kind.trigger, "A31");
    }
}
