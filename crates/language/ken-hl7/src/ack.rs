//! Acknowledgements: the answer to a message, whatever it was.
//!
//! # Invariants
//!
//! - Sender and receiver are those of the message, exchanged; MSA-2 is its MSH-10 to the letter.
//! - The text of an answer is one of a closed set: nothing from the message but its header is in
//!   it. The header's own names are the sender's, and cannot break the answer's frame: they are
//!   escaped again.
//! - Anything can be answered, even bytes that are no message; then MSA-2 is empty.
//!
//! # Sources
//!
//! - HL7 v2.8 chapter 2, 2.9.2 (original mode), 2.9.3 (enhanced mode); tables 0008, 0155, 0357.

use crate::header::AckWish;
use crate::{Charset, Message, Part, escape};

/// The six answers (HL7 table 0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// `AA`: it is ours: kept, and applied.
    Accept,
    /// `AE`: kept as evidence, never applied.
    Error,
    /// `AR`: not for us, or not a message.
    Reject,
    /// `CA`: it is kept (enhanced mode).
    CommitAccept,
    /// `CE`: it could not be kept (enhanced mode).
    CommitError,
    /// `CR`: not for us, or not a message (enhanced mode).
    CommitReject,
}

impl Code {
    /// MSA-1.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "AA",
            Self::Error => "AE",
            Self::Reject => "AR",
            Self::CommitAccept => "CA",
            Self::CommitError => "CE",
            Self::CommitReject => "CR",
        }
    }

    /// Whether it says that the message is ours.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        matches!(self, Self::Accept | Self::CommitAccept)
    }

    /// The same answer in the mode of a source's profile.
    #[must_use]
    pub const fn in_mode(self, mode: Mode) -> Self {
        match (mode, self) {
            (Mode::Original, Self::CommitAccept) => Self::Accept,
            (Mode::Original, Self::CommitError) => Self::Error,
            (Mode::Original, Self::CommitReject) => Self::Reject,
            (Mode::Enhanced, Self::Accept) => Self::CommitAccept,
            (Mode::Enhanced, Self::Error) => Self::CommitError,
            (Mode::Enhanced, Self::Reject) => Self::CommitReject,
            (_, same) => same,
        }
    }
}

/// How a source is answered: its profile decides, whatever MSH-15 asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// `AA`, `AE`, `AR`, always.
    #[default]
    Original,
    /// `CA`, `CE`, `CR`, as MSH-15 wishes.
    Enhanced,
}

impl Mode {
    /// Whether a sender with this wish in MSH-15 is to be answered at all.
    #[must_use]
    pub const fn answers(self, wish: AckWish, code: Code) -> bool {
        match (self, wish) {
            (Self::Original, _) | (Self::Enhanced, AckWish::Always | AckWish::Unsaid) => true,
            (Self::Enhanced, AckWish::Never) => false,
            (Self::Enhanced, AckWish::OnError) => !code.is_positive(),
            (Self::Enhanced, AckWish::OnSuccess) => code.is_positive(),
        }
    }
}

/// Why a message was not taken: ERR-3 (HL7 table 0357), our code, and words for people.
///
/// The words are ours and the same for everyone; there is no room in it for what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// ERR-3.1: `100` to `103` is the message's fault, `200` to `203` not for us, `207` ours.
    pub condition: u16,
    /// ERR-5.1: our stable code, as in `docs/errors.md`.
    pub code: &'static str,
    /// ERR-8: words for the person who reads the sender's log.
    pub words: &'static str,
}

impl Reason {
    /// The reason with a code and the condition that table 0357 has for it.
    #[must_use]
    pub fn of(code: &'static str) -> Self {
        let (condition, words) = match code {
            "hl7.no-header" | "hl7.separators" | "hl7.second-header" => {
                (100, "this is not one HL7 v2 message")
            }
            "hl7.no-control-id" => (101, "the message has no control id in MSH-10"),
            "hl7.no-type" => (101, "the message has no type in MSH-9"),
            "hl7.no-person" => (101, "the message does not say whom it is about"),
            "hl7.no-prior" => (101, "the merge does not say which identifier it ends"),
            "hl7.several-people" => (102, "the message is about several people"),
            "hl7.link-by-hand" | "hl7.unlink-by-hand" | "hl7.swap-by-hand" | "hl7.move-by-hand"
            | "hl7.merge-by-hand" => {
                (201, "the message was kept for a person here, who does this by hand")
            }
            "hl7.charset-unknown" => (102, "the character set in MSH-18 is not one that is read"),
            "hl7.type-unknown" => (200, "messages of this type are not taken here"),
            "hl7.trigger-unknown" => (201, "messages of this event are not taken here"),
            "hl7.name-too-long" | "hl7.too-many-segments" | "hl7.too-many-fields" => {
                (102, "the message passes a stated maximum")
            }
            "hl7.too-long" | "mllp.too-long" => (102, "the message is longer than is taken"),
            "hub.same-id-other-content" => {
                (205, "this control id was used before with other content")
            }
            _ => (207, "the message was kept and could not be applied"),
        };
        Self { condition, code, words }
    }

    /// Whether the message is at fault as such, or not for us (`AR`), rather than kept (`AE`).
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.code.starts_with("hl7.type-")
            || self.code.starts_with("hl7.trigger-")
            || matches!(self.code, "hl7.no-header" | "hl7.separators" | "mllp.too-long")
    }
}

/// What an answer is made of, beside the message that it answers.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// MSA-1.
    pub code: Code,
    /// ERR, where the answer is not positive.
    pub reason: Option<Reason>,
    /// MSH-10 of the answer: our own id for it.
    pub id: &'a str,
    /// MSH-7 of the answer.
    pub now: jiff::Timestamp,
}

/// Writes the answer to `bytes`, which may be anything, in the character set of the question.
#[must_use]
pub fn write(bytes: &[u8], answer: &Answer<'_>) -> Vec<u8> {
    // The header alone: a message of a million segments is answered without reading them.
    let end = bytes.iter().position(|&byte| byte == b'\r' || byte == b'\n');
    let line = bytes.get(..end.unwrap_or(bytes.len()).min(HEADER_LEN_MAX)).unwrap_or_default();
    match Message::parse(line) {
        Ok(header) if header.first("MSH").is_some() => answer_to(&header, answer),
        // White space before the header: rare enough to read the whole.
        _ => match Message::parse(bytes) {
            Ok(message) => answer_to(&message, answer),
            Err(_) => compose(&Echo::default(), answer, Charset::Ascii),
        },
    }
}

/// How much of a header is read to answer it, in bytes. House policy: ten times the longest seen.
const HEADER_LEN_MAX: usize = 8 * 1024;

/// Writes the answer to a message that was parsed.
#[must_use]
pub fn answer_to(message: &Message<'_>, answer: &Answer<'_>) -> Vec<u8> {
    let field = |number| message.field("MSH", number);
    let echo = Echo {
        from: [party(field(5)), party(field(6))],
        to: [party(field(3)), party(field(4))],
        trigger: usual(field(9).component(2)),
        control_id: usual(field(10)),
        processing: usual(field(11)),
        version: usual(field(12)),
    };
    compose(&echo, answer, message.charset())
}

/// What an answer repeats of the header, escaped for the usual separators.
#[derive(Default)]
struct Echo {
    from: [String; 2],
    to: [String; 2],
    trigger: String,
    control_id: String,
    processing: String,
    version: String,
}

/// Longest piece of a header that an answer repeats, in letters.
const ECHO_LEN_MAX: usize = 250;

fn usual(part: Part<'_>) -> String {
    let text: String = part.text().chars().take(ECHO_LEN_MAX).collect();
    escape(&text).into_owned()
}

/// An HD with its three components.
fn party(field: Part<'_>) -> String {
    let parts = [1, 2, 3].map(|number| usual(field.component(number)));
    parts.join("^").trim_end_matches('^').to_owned()
}

fn compose(echo: &Echo, answer: &Answer<'_>, charset: Charset) -> Vec<u8> {
    let or = |text: &str, other: &str| if text.is_empty() { other.into() } else { text.to_owned() };
    let trigger = or(&echo.trigger, "ACK");
    let kind = if trigger == "ACK" { "ACK".to_owned() } else { format!("ACK^{trigger}^ACK") };
    let now = answer.now.strftime("%Y%m%d%H%M%S+0000");
    let mut text = format!(
        "MSH|^~\\&|{}|{}|{}|{}|{now}||{kind}|{}|{}|{}||||||{}\rMSA|{}|{}\r",
        or(&echo.from[0], "KEN"),
        echo.from[1],
        echo.to[0],
        echo.to[1],
        escape(answer.id),
        or(&echo.processing, "P"),
        or(&echo.version, "2.4"),
        charset.declared(),
        answer.code.as_str(),
        echo.control_id,
    );
    if let Some(reason) = answer.reason {
        let Reason { condition, code, words } = reason;
        text.extend(["ERR|||", &condition.to_string(), "^^HL70357|E|", code, "|||", words, "\r"]);
    }
    crate::charset::encode(&text, charset)
}

/// What an answer says, as the side that sent the question reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// MSA-1, if it is one of the six.
    pub code: Option<Code>,
    /// MSA-2: which message it answers.
    pub answers: String,
}

/// Reads an answer; `None` if there is no `MSA`.
#[must_use]
pub fn read(message: &Message<'_>) -> Option<Received> {
    let segment = message.first("MSA")?;
    let all = [
        Code::Accept,
        Code::Error,
        Code::Reject,
        Code::CommitAccept,
        Code::CommitError,
        Code::CommitReject,
    ];
    let code = segment.field(1).text();
    Some(Received {
        code: all.into_iter().find(|one| one.as_str() == code.trim()),
        answers: segment.field(2).value().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUESTION: &str = "MSH|^~\\&|PMS|GLEN^1.2^ISO|KEN|HSCP|20261121||ADT^A01^ADT_A01|a\\T\\7|T\
        |2.3|||AL||44|ASCII\rPID|1||||CANARY^MORAG";

    fn answer(code: Code, reason: Option<Reason>) -> Answer<'static> {
        Answer { code, reason, id: "K1", now: jiff::Timestamp::UNIX_EPOCH }
    }

    fn written(bytes: &[u8], answer: &Answer<'_>) -> String {
        String::from_utf8(write(bytes, answer)).unwrap()
    }

    #[test]
    fn sender_and_receiver_change_places() {
        let text = written(QUESTION.as_bytes(), &answer(Code::Accept, None));
        assert_eq!(
            text,
            "MSH|^~\\&|KEN|HSCP|PMS|GLEN^1.2^ISO|19700101000000+0000||ACK^A01^ACK|K1|T|2.3||||||\
             ASCII\rMSA|AA|a\\T\\7\r"
        );
        let message = Message::parse(text.as_bytes()).unwrap();
        let read = read(&message).unwrap();
        assert_eq!(read, Received { code: Some(Code::Accept), answers: "a&7".into() });
    }

    #[test]
    fn anything_is_answered_and_nothing_personal_returns() {
        let reason = Some(Reason::of("hl7.several-people"));
        let text = written(QUESTION.as_bytes(), &answer(Code::Error, reason));
        assert!(
            text.contains("MSA|AE|a\\T\\7\rERR|||102^^HL70357|E|hl7.several-people|||"),
            "{text}"
        );
        assert!(!text.contains("CANARY"));
        let reason = Some(Reason::of("hl7.no-header"));
        let text = written(b"HELLO CANARY", &answer(Code::Reject, reason));
        assert!(text.contains("|ACK|K1|P|2.4|") && text.contains("MSA|AR|\r"), "{text}");
        assert!(!text.contains("CANARY"));
        let spaced = format!("\r\n{QUESTION}");
        assert!(written(spaced.as_bytes(), &answer(Code::Accept, None)).contains("MSA|AA|a\\T\\7"));
    }

    #[test]
    fn the_answer_speaks_the_set_of_the_question() {
        let bytes = b"MSH|^~\\&|\xc9IRE|B|C|D|||ADT^A01|1|P|2.4||||||8859/1\rPID|1";
        let text = write(bytes, &answer(Code::Accept, None));
        assert!(text.windows(5).any(|part| part == b"\xc9IRE|"));
        assert!(text.windows(7).any(|part| part == b"|8859/1"));
    }

    #[test]
    fn the_profile_decides_the_mode() {
        let check = |mode: Mode, wish: AckWish, code: Code, want: Option<&str>| {
            let code = code.in_mode(mode);
            let said = mode.answers(wish, code).then(|| code.as_str());
            assert_eq!(said, want, "{mode:?} {wish:?}");
        };
        check(Mode::Original, AckWish::Always, Code::Accept, Some("AA"));
        check(Mode::Original, AckWish::Never, Code::Reject, Some("AR"));
        check(Mode::Enhanced, AckWish::Always, Code::Accept, Some("CA"));
        check(Mode::Enhanced, AckWish::Unsaid, Code::Error, Some("CE"));
        check(Mode::Enhanced, AckWish::Never, Code::Error, None);
        check(Mode::Enhanced, AckWish::OnError, Code::Accept, None);
        check(Mode::Enhanced, AckWish::OnError, Code::Reject, Some("CR"));
        check(Mode::Enhanced, AckWish::OnSuccess, Code::Error, None);
    }

    proptest! {
        #![proptest_config(crate::repeatable())]

        #[test]
        fn no_question_breaks_the_answer(tail in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut bytes = b"MSH|^~\\&|A|B|C|D|||ADT^A01|".to_vec();
            bytes.extend_from_slice(&tail);
            let text = write(&bytes, &answer(Code::Accept, None));
            prop_assert!(!text.iter().any(|byte| b"\x0b\x1c\n".contains(byte)));
            let message = Message::parse(&text).unwrap();
            prop_assert_eq!(message.segments().count(), 2);
            let line = bytes.split(|byte| b"\r\n".contains(byte)).next().unwrap();
            let asked = Message::parse(line).unwrap();
            let id: String = asked.field("MSH", 10).text().chars().take(ECHO_LEN_MAX).collect();
            prop_assert_eq!(read(&message).unwrap().answers, id.trim());
        }
    }
}
