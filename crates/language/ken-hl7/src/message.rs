//! A message as spans over its own text: nothing is copied, nothing is judged.
//!
//! # Invariants
//!
//! - Any byte sequence parses or is refused with a reason; nothing panics, nothing recurses.
//! - Spans are found once, in one pass; repetitions, components and subcomponents when asked for.
//! - What is absent reads as empty, so maps need no case for it.
//!
//! # Sources
//!
//! - HL7 v2.8 chapter 2: 2.6 (encoding rules), 2.5.4 (delimiters), 2.5.3 (null as `""`).

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::charset::{self, Charset};
use crate::part::{Level, Part, Separators};

/// Longest message in bytes; the codec's limit, so that files obey it too.
pub const LEN_MAX: usize = crate::mllp::FRAME_LEN_MAX;
/// Most segments in a message. House policy: forty times the longest laboratory report seen.
pub const SEGMENTS_MAX: usize = 20_000;
/// Most fields in a message. House policy: 8 MB of spans at most.
pub const FIELDS_MAX: usize = 1_000_000;

/// Why bytes are not an HL7 v2 message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseError {
    /// There is no `MSH` at the start.
    #[error("no message header: the message must begin with MSH")]
    NoHeader,
    /// MSH-1 or MSH-2 does not name five different separators.
    #[error("separators in MSH-1 and MSH-2 are missing, repeated or not punctuation")]
    Separators,
    /// Longer than [`LEN_MAX`].
    #[error("message longer than {LEN_MAX} bytes")]
    TooLong,
    /// More than [`SEGMENTS_MAX`] segments.
    #[error("more than {SEGMENTS_MAX} segments")]
    TooManySegments,
    /// More than [`FIELDS_MAX`] fields.
    #[error("more than {FIELDS_MAX} fields")]
    TooManyFields,
}

impl ParseError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoHeader => "hl7.no-header",
            Self::Separators => "hl7.separators",
            Self::TooLong => "hl7.too-long",
            Self::TooManySegments => "hl7.too-many-segments",
            Self::TooManyFields => "hl7.too-many-fields",
        }
    }
}

/// Where something stands in the text. A message is shorter than 4 GiB, so `u32` will do.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy)]
struct SegmentSpan {
    name: Span,
    first_field: u32,
    last_field: u32,
}

/// A parsed message. Its `Debug` is blind: what it holds is personal.
#[derive(Clone)]
pub struct Message<'m> {
    text: Cow<'m, str>,
    charset: Charset,
    separators: Separators,
    segments: Vec<SegmentSpan>,
    fields: Vec<Span>,
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} bytes, {} segments)", self.text.len(), self.segments.len())
    }
}

/// One segment of a message.
#[derive(Clone, Copy)]
pub struct Segment<'m> {
    message: &'m Message<'m>,
    span: SegmentSpan,
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({} fields)", self.span.last_field - self.span.first_field)
    }
}

impl<'m> Message<'m> {
    /// Finds the spans of a message.
    ///
    /// White space and a byte order mark before `MSH` are passed over, and a line feed ends a
    /// segment as a carriage return does: files and careless senders write so.
    ///
    /// # Errors
    ///
    /// [`ParseError`] when there is no header to read, or a stated maximum is passed.
    pub fn parse(bytes: &'m [u8]) -> Result<Self, ParseError> {
        if bytes.len() > LEN_MAX {
            return Err(ParseError::TooLong);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let separators = Separators::of_header(bytes)?;
        let (text, charset) = charset::decode(bytes, declared_charset(bytes, separators));
        let mut spans = Spans { segments: Vec::with_capacity(16), fields: Vec::with_capacity(128) };
        spans.scan(text.as_bytes(), separators)?;
        Ok(Self { text, charset, separators, segments: spans.segments, fields: spans.fields })
    }

    /// The segments, in their order.
    #[must_use]
    pub fn segments(&'m self) -> impl DoubleEndedIterator<Item = Segment<'m>> + Clone {
        self.segments.iter().map(|&span| Segment { message: self, span })
    }

    /// The segments of one name.
    pub fn all(&'m self, name: &'static str) -> impl Iterator<Item = Segment<'m>> + Clone {
        self.segments().filter(move |segment| segment.name() == name)
    }

    /// The first segment of a name.
    #[must_use]
    pub fn first(&'m self, name: &'static str) -> Option<Segment<'m>> {
        self.all(name).next()
    }

    /// A field of the first segment of a name; empty where there is none.
    #[must_use]
    pub fn field(&'m self, name: &'static str, number: usize) -> Part<'m> {
        self.first(name).map_or(Part::EMPTY, |segment| segment.field(number))
    }

    /// How the bytes were read.
    #[must_use]
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// The separators of MSH-1 and MSH-2.
    #[must_use]
    pub fn separators(&self) -> Separators {
        self.separators
    }

    fn at(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

impl<'m> Segment<'m> {
    /// The name, as it stands: three letters in a message that obeys.
    #[must_use]
    pub fn name(&self) -> &'m str {
        self.message.at(self.span.name)
    }

    /// A field by its number in the standard, from 1; empty where there is none.
    #[must_use]
    pub fn field(&self, number: usize) -> Part<'m> {
        let fields = self.span.first_field as usize..self.span.last_field as usize;
        let field = number.checked_sub(1).and_then(|at| self.message.fields.get(fields)?.get(at));
        field.map_or(Part::EMPTY, |&span| {
            Part::new(self.message.at(span), self.message.separators, Level::Field)
        })
    }

    /// How many fields the segment has.
    #[must_use]
    pub fn fields(&self) -> usize {
        (self.span.last_field - self.span.first_field) as usize
    }
}

/// MSH-18 before the text is known: separators and the set's name are ASCII in every set we take.
/// Of several, the first beyond ASCII: the others are what escapes change to.
fn declared_charset(bytes: &[u8], separators: Separators) -> &str {
    let line = bytes.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
    let field = line.split(|&byte| byte == separators.field).nth(17).unwrap_or_default();
    let sets = field.split(|&byte| byte == separators.repetition);
    let mut sets = sets.filter_map(|set| std::str::from_utf8(set).ok());
    sets.find(|set| charset::is_beyond_ascii(set)).unwrap_or_default()
}

struct Spans {
    segments: Vec<SegmentSpan>,
    fields: Vec<Span>,
}

impl Spans {
    /// One pass over the bytes. Every separator is ASCII, so each span lies between letters.
    fn scan(&mut self, text: &[u8], separators: Separators) -> Result<(), ParseError> {
        let mut start = 0;
        while start < text.len() {
            // Blanks before a name are no part of it: ` AL1` is an allergy.
            start +=
                text.iter().skip(start).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let rest = text.get(start..).unwrap_or_default();
            let header = rest.starts_with(b"MSH");
            let len = self.segment(rest, start, separators, header)?;
            start += len + 1;
        }
        Ok(())
    }

    /// Scans one segment and returns its length. An empty line is none.
    fn segment(
        &mut self,
        line: &[u8],
        offset: usize,
        separators: Separators,
        header: bool,
    ) -> Result<usize, ParseError> {
        let first_field = self.fields.len();
        let mut name = None;
        let mut begun = 0;
        let mut text_until = 0;
        let mut end = line.len();
        for (at, &byte) in line.iter().enumerate() {
            if byte == separators.field {
                match name {
                    None => {
                        name = Some(span(offset, offset + at));
                        // MSH-1 is the separator itself (HL7 v2.8, 2.14.9.1).
                        if header {
                            self.fields.push(span(offset + at, offset + at + 1));
                        }
                    }
                    Some(_) => self.fields.push(span(offset + begun, offset + at)),
                }
                begun = at + 1;
            } else if is_line_end(byte) && at >= text_until {
                let Some(until) = text_goes_on(line, at, separators.field) else {
                    end = at;
                    break;
                };
                text_until = until;
            }
        }
        match name {
            Some(_) => self.fields.push(span(offset + begun, offset + end)),
            None if end == 0 => return Ok(0),
            None => name = Some(span(offset, offset + end)),
        }
        if self.segments.len() == SEGMENTS_MAX {
            return Err(ParseError::TooManySegments);
        }
        if self.fields.len() > FIELDS_MAX {
            return Err(ParseError::TooManyFields);
        }
        self.segments.push(SegmentSpan {
            name: name.unwrap_or(span(offset, offset)),
            first_field: narrow(first_field),
            last_field: narrow(self.fields.len()),
        });
        Ok(end)
    }
}

const fn is_line_end(byte: u8) -> bool {
    byte == b'\r' || byte == b'\n'
}

/// Longest run of blanks and line ends within a text, in bytes. House policy: a page of them.
const BLANKS_MAX: usize = 1000;

/// Where a text goes on after a line end within it; `None` where the line end ends the segment,
/// since nothing follows, or something that is named as a segment.
///
/// Anything else is the next line of a text whose sender did not escape it. Read as a segment, it
/// would take the rest of a finding, and its status, out of the message.
fn text_goes_on(line: &[u8], at: usize, field: u8) -> Option<usize> {
    // An empty line is no text.
    if at == 0 {
        return None;
    }
    // Blanks and control characters after the last segment are no text either.
    let blank = |byte: &u8| byte.is_ascii_control() || *byte == b' ';
    let until = at + line.get(at..)?.iter().take(BLANKS_MAX).position(|byte| !blank(byte))?;
    let named = match line.get(until..) {
        Some(&[first, second, third, ref rest @ ..]) => {
            let part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            let name = [first, second, third];
            first.is_ascii_uppercase()
                && part(second)
                && part(third)
                && match rest.first() {
                    Some(&byte) if is_line_end(byte) => is_bare(name),
                    Some(&byte) => byte == field,
                    None => is_bare(name),
                }
        }
        _ => false,
    };
    (!named).then_some(until)
}

/// Whether a name alone on its line is a segment without fields, and not a word of a report
/// (`MRI`, `ECG`): one of those that stand in the messages that we take, or of the sender's own.
fn is_bare(name: [u8; 3]) -> bool {
    const BARE: [&[u8; 3]; 27] = [
        b"MSH", b"EVN", b"PID", b"PD1", b"NK1", b"PV1", b"PV2", b"MRG", b"AL1", b"IAM", b"DG1",
        b"PRB", b"ORC", b"OBR", b"OBX", b"NTE", b"SPM", b"TXA", b"SCH", b"RGS", b"AIS", b"AIG",
        b"AIL", b"AIP", b"RF1", b"PRD", b"ROL",
    ];
    name.first() == Some(&b'Z') || BARE.contains(&&name)
}

fn span(start: usize, end: usize) -> Span {
    Span { start: narrow(start), end: narrow(end) }
}

/// Latin-1 text at most doubles a message of 16 MiB, so every offset fits.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "MSH|^~\\&|A|B|C|D|20261121||ADT^A01|1|P|2.4";

    #[test]
    fn fields_count_as_the_standard_counts() {
        let text = format!("{HEADER}\rPID|1||A~B^2\r\nZZ1\n\rPV1|\r");
        let message = Message::parse(text.as_bytes()).unwrap();
        let check = |name: &'static str, number: usize, want: &str| {
            assert_eq!(message.field(name, number).raw(), want, "{name}-{number}");
        };
        check("MSH", 1, "|");
        check("MSH", 2, "^~\\&");
        check("MSH", 3, "A");
        check("MSH", 9, "ADT^A01");
        check("MSH", 12, "2.4");
        check("MSH", 13, "");
        check("MSH", 0, "");
        check("PID", 1, "1");
        check("PID", 3, "A~B^2");
        check("PV1", 1, "");
        check("ZZ1", 1, "");
        check("XXX", 1, "");
        let names: Vec<_> = message.segments().map(|segment| segment.name()).collect();
        assert_eq!(names, ["MSH", "PID", "ZZ1", "PV1"]);
        let text = format!("{HEADER}\rPID|1\r AL1|2\r\n\t PV1|3\r  \r");
        let message = Message::parse(text.as_bytes()).unwrap();
        let names: Vec<_> = message.segments().map(|segment| segment.name()).collect();
        assert_eq!(names, ["MSH", "PID", "AL1", "PV1"]);
        assert_eq!((message.field("AL1", 1).raw(), message.field("PV1", 1).raw()), ("2", "3"));
    }

    #[test]
    fn a_line_end_within_a_text_is_text() {
        let check = |end: &str| {
            let text = format!(
                "{HEADER}\rOBX|1|TX|N^Note||Found{end}MRSA twice,{end}{end}as before.||||||F\rPV1|1"
            );
            let message = Message::parse(text.as_bytes()).unwrap();
            let found = message.field("OBX", 5).whole().into_owned();
            assert_eq!(found, format!("Found{end}MRSA twice,{end}{end}as before."));
            assert_eq!(message.field("OBX", 11).text(), "F");
            assert_eq!(message.segments().count(), 3);
        };
        check("\n");
        check("\r\n");
        check("\r");
        let word = format!("{HEADER}\rOBX|1|TX|N||Seen:\nMRI\nno harm.||||||F\rNTE\rZZ1");
        let message = Message::parse(word.as_bytes()).unwrap();
        assert_eq!(message.field("OBX", 5).raw(), "Seen:\nMRI\nno harm.");
        assert_eq!(message.segments().count(), 4);
        let end = format!("{HEADER}\rPV1|1|202611051200\r\n\x1a \r");
        let message = Message::parse(end.as_bytes()).unwrap();
        assert_eq!(message.field("PV1", 2).raw(), "202611051200");
        // Looking ahead has an end: a hostile message of blank lines is read in one pass.
        let blanks = |blank: &str, count: usize| {
            let text = format!("{HEADER}\rOBX|1|TX|N||a{}b", blank.repeat(count));
            Message::parse(text.as_bytes()).map(|message| message.segments().count())
        };
        assert_eq!((blanks("\n", 999), blanks("\n", 1_000_000)), (Ok(2), Ok(3)));
        assert_eq!(blanks("\n ", 1_000_000), Ok(3));
        assert_eq!(blanks("\nX", 1_000_000), Ok(2));
    }

    #[test]
    fn separators_are_the_senders() {
        let message = Message::parse(b"MSH$*-+/$A$B*C-D\rPID$x+T+y").unwrap();
        assert_eq!(message.field("MSH", 4).component(2).text(), "C");
        assert_eq!(message.field("PID", 1).text(), "x/y");
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let check = |bytes: &[u8], want: ParseError| {
            assert_eq!(Message::parse(bytes).unwrap_err(), want, "{bytes:?}");
        };
        check(b"", ParseError::NoHeader);
        check(b"HELLO WORLD", ParseError::NoHeader);
        check(b"PID|1", ParseError::NoHeader);
        check(b"MSH", ParseError::Separators);
        check(b"MSH|", ParseError::Separators);
        check(b"MSH|^", ParseError::Separators);
        check(b"MSH|^^\\&|", ParseError::Separators);
        check(b"MSH|^~\\A|", ParseError::Separators);
        check(b"MSH|^~\\|A", ParseError::Separators);
        check(b"MSH\r^~\\&", ParseError::Separators);
        check("MSH|é~\\&|".as_bytes(), ParseError::Separators);
        check(&vec![b'A'; LEN_MAX + 1], ParseError::TooLong);
        let many = format!("{HEADER}\r{}", "ZAA\r".repeat(SEGMENTS_MAX));
        check(many.as_bytes(), ParseError::TooManySegments);
        let wide = format!("{HEADER}{}", "|".repeat(FIELDS_MAX));
        check(wide.as_bytes(), ParseError::TooManyFields);
    }

    #[test]
    fn latin1_is_read_and_flagged() {
        let bytes = b"MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.4||||||8859/1\rPID|1||||M\xc1IRI\r";
        let message = Message::parse(bytes).unwrap();
        assert_eq!(message.charset(), Charset::Latin1);
        assert_eq!(message.field("PID", 5).text(), "MÁIRI");
        // Of several sets it is the one beyond ASCII; what is not read is not passed off as text.
        let several = |sets: &str, rest: &[u8]| {
            let head = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.4||||||{sets}\rPID|1||||");
            let bytes = [head.as_bytes(), rest].concat();
            let message = Message::parse(&bytes).unwrap();
            (message.charset(), message.field("PID", 5).text().into_owned())
        };
        assert_eq!(several("ASCII~8859/15", b"\xa45"), (Charset::Latin9, "€5".to_owned()));
        assert_eq!(several("~8859/2", b"\xa3\xf3dz"), (Charset::Latin2, "Łódz".to_owned()));
        assert_eq!(several("ASCII~ISO IR87", b"\x1b$B0l").0, Charset::Unknown);
        assert_eq!(several("ASCII~8859/5", b"\xb0").0, Charset::Unknown);
        let message = Message::parse(b"\xef\xbb\xbf\r\nMSH|^~\\&|A\rPID|\xe9").unwrap();
        assert_eq!(message.charset(), Charset::Latin1Assumed);
        assert_eq!(message.field("PID", 1).text(), "é");
    }

    #[test]
    fn nothing_personal_is_printed() {
        let message = Message::parse(b"MSH|^~\\&|A\rPID|||||CANARY^MORAG").unwrap();
        let shown = format!("{message:?} {:?}", message.first("PID"));
        assert!(!shown.contains("CANARY"), "{shown}");
        assert!(!format!("{:?}", message.field("PID", 5)).contains("CANARY"));
    }
}
