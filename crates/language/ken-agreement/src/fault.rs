//! A fault of a text that is to be an instrument: where, what, why, and what to write instead.
//!
//! # Invariants
//!
//! - All faults of a text are collected, up to [`FAULTS_MAX`]; the text is refused if there is one.
//! - A fault speaks of the text's own words alone, never of a person.

use std::ops::Range;

use crate::parse::nearest;
use crate::read::Node;

/// Most faults that are told of one text. House policy: nobody reads more at once.
pub const FAULTS_MAX: usize = 200;
/// Longest piece of a text that a message repeats, in characters.
const QUOTED_MAX: usize = 60;

/// One fault of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The stable code: `P-UNKNOWN`.
    pub code: &'static str,
    /// The bytes of the text at fault.
    pub at: Range<usize>,
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// A kind of fault that reading finds, for the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultKind {
    /// The stable code.
    pub code: &'static str,
    /// Why it is refused.
    pub why: &'static str,
}

const fn kind(code: &'static str, why: &'static str) -> FaultKind {
    FaultKind { code, why }
}

/// Every kind of fault that reading finds.
pub const KINDS: [FaultKind; 8] = [
    kind("P-SYNTAX", "what is not TOML cannot be read at all"),
    kind("P-SIZE", "no agreement is that long"),
    kind("P-VERSION", "a version that this program does not know may mean something else"),
    kind("P-UNKNOWN", "a field that is not known would be signed and have no effect"),
    kind("P-MISSING", "without it nobody knows what was agreed"),
    kind("P-KIND", "a value of another kind could be read in two ways"),
    kind("P-WORD", "this field takes a word of a closed list, so that each word has one meaning"),
    kind("P-FORM", "ids, references and dates have one spelling, so that they can be compared"),
];

impl Fault {
    fn new(code: &'static str, at: Range<usize>, what: String, help: Option<String>) -> Self {
        Self { code, at, line: 1, column: 1, what, help }
    }

    /// Why it is refused.
    #[must_use]
    pub fn why(&self) -> &'static str {
        KINDS.iter().find(|kind| kind.code == self.code).map_or("", |kind| kind.why)
    }

    pub(crate) fn syntax(at: Range<usize>, message: &str) -> Self {
        Self::new("P-SYNTAX", at, message.replace('\n', ", "), None)
    }

    pub(crate) fn size(most: usize) -> Self {
        let help = Some("put each agreement in a file of its own".to_owned());
        Self::new("P-SIZE", 0..0, format!("longer than {most} bytes"), help)
    }

    pub(crate) fn not_canonical(what: String) -> Self {
        Self::new("P-FORM", 0..0, what, None)
    }

    pub(crate) fn version(text: &str, at: &Range<usize>) -> Self {
        let what = format!("unknown version `{}`", short(text));
        Self::new("P-VERSION", at.clone(), what, Some("write `isa/1`".to_owned()))
    }

    pub(crate) fn unknown<'a>(
        key: &str,
        at: &Range<usize>,
        free: impl Iterator<Item = &'a str>,
    ) -> Self {
        let help = nearest(key, free)
            .map_or_else(|| "remove it".to_owned(), |name| format!("did you mean `{name}`?"));
        let what = format!("unknown field `{}`", short(key));
        Self::new("P-UNKNOWN", at.clone(), what, Some(help))
    }

    pub(crate) fn missing(key: &str, at: &Range<usize>) -> Self {
        let help = format!("add `{key} = {}`", example(key));
        Self::new("P-MISSING", at.clone(), format!("missing field `{key}`"), Some(help))
    }

    pub(crate) fn kind(node: &Node, wanted: &str, help: Option<&str>) -> Self {
        let what = format!("expected {wanted}, found {}", node.value.is_called());
        Self::new("P-KIND", node.at.clone(), what, help.map(str::to_owned))
    }

    pub(crate) fn unlisted(text: &str, at: &Range<usize>, list: &[&str]) -> Self {
        let words: Vec<_> = list.iter().map(|word| format!("`{word}`")).collect();
        let help = nearest(text, list.iter().copied()).map_or_else(
            || format!("write one of {}", words.join(", ")),
            |name| format!("did you mean `{name}`? The words are {}", words.join(", ")),
        );
        Self::new("P-WORD", at.clone(), format!("unknown word `{}`", short(text)), Some(help))
    }

    pub(crate) fn ill_formed(text: &str, at: &Range<usize>, why: &str) -> Self {
        Self::new("P-FORM", at.clone(), format!("`{}` is {why}", short(text)), None)
    }

    pub(crate) fn twice(at: &Range<usize>) -> Self {
        let what = "this name is written twice, in two spellings of its letters".to_owned();
        Self::new("P-FORM", at.clone(), what, Some("keep one of the two".to_owned()))
    }

    pub(crate) fn day(found: &str, at: &Range<usize>) -> Self {
        let help = Some("write a day as 2027-04-01, without quotes".to_owned());
        Self::new("P-FORM", at.clone(), format!("expected a date, found {}", short(found)), help)
    }
}

/// A value to begin with, for a field that is missing.
fn example(key: &str) -> &'static str {
    match key {
        "schema" => "\"isa/1\"",
        "tier" => "\"isa\"",
        "jurisdiction" => "\"GB-SCT\"",
        "controllership" => "\"independent\"",
        "kind" => "\"routine\"` or `\"public-authority\"",
        "regime" => "\"ukgdpr\"",
        "art6" => "\"6(1)(e)\"",
        "confidentiality" => "\"statutory-duty\"",
        "on_review_lapse" => "\"suspend-routine\"",
        "on_source_delete" => "\"review\"",
        "effective_from" | "review_due" | "approved" => "2027-04-01",
        "grace_days" | "days" | "complaint_ack_days" => "30",
        "breach_notify_ico_hours" => "72",
        "roles" | "purposes" | "power" => "[\"...\"]",
        "from" | "to" => "{ party = \"...\", roles = [\"...\"] }",
        _ => "\"...\"",
    }
}

fn short(text: &str) -> String {
    let cut: String = text.chars().take(QUOTED_MAX).flat_map(char::escape_debug).collect();
    if text.chars().count() > QUOTED_MAX { format!("{cut}...") } else { cut }
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(fault);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults in the order of the text, each with its line and column.
    ///
    /// Where the text is not even TOML, what is missing may only be unread: it is not told.
    pub(crate) fn placed(mut self, text: &str) -> Vec<Fault> {
        if self.0.iter().any(|fault| fault.code == "P-SYNTAX") {
            self.0.retain(|fault| fault.code != "P-MISSING");
        }
        self.0.sort_by_key(|fault| (fault.at.start, fault.at.end));
        for fault in &mut self.0 {
            (fault.line, fault.column) = place(text, fault.at.start);
        }
        self.0
    }
}

/// Line and column, from 1, of a byte of a text.
pub(crate) fn place(text: &str, byte: usize) -> (usize, usize) {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
