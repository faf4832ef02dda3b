//! What was typed into a form, and what must be put right before it is signed.
//!
//! # Invariants
//!
//! - What was typed is kept as it was typed, whatever is wrong with it, up to a stated length.
//! - Nothing is signed in which something is asked and neither answered nor explained, or is
//!   answered that was not asked.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ken_core::Sensitive;
use serde::{Deserialize, Serialize};

use super::{Form, Kind, Question, When};

/// Longest answer, in characters, as the fields of the pages have it.
pub const WORDS_MAX: usize = 4_000;
/// Longest line, in characters.
pub const LINE_MAX: usize = 200;
/// Longest form, in bytes of all answers as a browser sends them. House policy: it fits in a form's
/// body, with the names of its fields.
pub const ALL_MAX: usize = 100_000;

/// What was typed, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(BTreeMap<String, Sensitive<String>>);

/// What must be put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field that it is about.
    pub field: &'static str,
    /// What to do.
    pub says: String,
}

impl Answers {
    /// What a form takes of what was sent: its own fields, and nothing else.
    #[must_use]
    pub fn of(form: &Form, sent: &BTreeMap<String, Sensitive<String>>) -> Self {
        let fields = form.questions().flat_map(Question::fields);
        let typed = fields.filter_map(|field| Some((field.clone(), sent.get(field)?.clone())));
        Self(typed.filter(|(_, text)| !text.reveal().trim().is_empty()).collect())
    }

    /// What was typed into a field; nothing where it is empty.
    #[must_use]
    pub fn get(&self, field: &str) -> &str {
        self.0.get(field).map(|text| text.reveal().trim()).unwrap_or_default()
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// What was kept; none where it does not read.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self)
    }

    /// Whether it is short enough to be kept.
    #[must_use]
    pub fn fits(&self) -> bool {
        let texts = || self.0.values().map(Sensitive::reveal);
        let sent: usize = texts().map(|text| sent_len(text)).sum();
        texts().all(|text| text.chars().count() <= WORDS_MAX) && sent <= ALL_MAX
    }

    /// Whether a question is asked, after what was answered before it.
    #[must_use]
    pub fn asks(&self, question: &Question) -> bool {
        let holds = |when: &When| when.is.iter().any(|code| code == self.get(&when.question));
        question.when.as_ref().is_none_or(holds)
    }

    /// Everything that must be put right before a form is signed on a day, in its order.
    #[must_use]
    pub fn wrongs(&self, form: &'static Form, today: Date) -> Vec<Wrong> {
        form.questions().filter_map(|question| self.wrong(question, today)).collect()
    }

    fn wrong(&self, question: &'static Question, today: Date) -> Option<Wrong> {
        let field = question.fields().next()?.as_str();
        let wrong = |says: String| Some(Wrong { field, says });
        let is_answered = question.fields().any(|field| !self.get(field).is_empty());
        let named = &question.text;
        if !self.asks(question) {
            let why = "It is asked only after another answer: change that, or leave this empty";
            return is_answered.then(|| Wrong { field, says: format!("{named}: {why}") });
        }
        let is_own = |field: &&String| Some(*field) != question.or_reason.as_ref();
        let own: Vec<_> = question.fields().filter(is_own).collect();
        // A dot, or a sign that nobody sees, says nothing.
        let says = |field: &String| self.get(field).contains(char::is_alphanumeric);
        let has_words = own.iter().any(|field| says(field));
        let has_reason = question.or_reason.as_ref().is_some_and(says);
        if question.required && !has_words && !has_reason {
            let or =
                if question.or_reason.is_some() { ", or say why there is nothing" } else { "" };
            return wrong(format!("{named}: answer it{or}"));
        }
        if has_words && has_reason {
            return wrong(format!(
                "{named}: give an answer or a reason why there is none, not both"
            ));
        }
        let most = if question.kind == Kind::Words { WORDS_MAX } else { LINE_MAX };
        if own.iter().any(|field| self.get(field).chars().count() > most) {
            return wrong(format!("{named}: write at most {most} characters"));
        }
        let typed = self.get(&question.id);
        match &question.kind {
            Kind::Day if !typed.is_empty() => match day(typed) {
                None => wrong(format!("{named}: enter a day, as 31 1 2027")),
                Some(day) if day < today => wrong(format!("{named}: enter a day to come")),
                Some(_) => None,
            },
            Kind::Choice(_) if !typed.is_empty() && question.answer(typed).is_none() => {
                wrong(format!("{named}: choose one of the answers"))
            }
            Kind::Table { .. } => self.half_row(question),
            Kind::Line | Kind::Words | Kind::Day | Kind::Choice(_) => None,
        }
    }

    /// The first row of a table whose first column is empty and another is not.
    fn half_row(&self, question: &'static Question) -> Option<Wrong> {
        question.cells.iter().find_map(|row| {
            let first = row.first()?;
            let has_more = row.iter().skip(1).any(|cell| !self.get(&cell.id).is_empty());
            let is_half = self.get(&first.id).is_empty() && has_more;
            is_half
                .then(|| Wrong { field: &first.id, says: format!("{}: fill it in", first.label) })
        })
    }
}

/// How many bytes a browser makes of a text.
fn sent_len(text: &str) -> usize {
    let len = |byte: u8| if byte.is_ascii_alphanumeric() || byte == b' ' { 1 } else { 3 };
    text.bytes().map(len).sum()
}

/// A day as it is typed: day, month and year, parted by spaces, points or strokes.
#[must_use]
pub fn day(typed: &str) -> Option<Date> {
    let mut parts = typed.split(|sign: char| " ./-".contains(sign)).filter(|part| !part.is_empty());
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}
