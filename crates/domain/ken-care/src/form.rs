//! The forms language: an assessment or a plan as sections of questions, in a file of its own.
//!
//! A form is data. It says what is asked, how it is answered, which answers another answer makes
//! needed, and which headings of a national minimum each question covers; from it come the page,
//! the check of what was typed, and the FHIR resources. Its local wording, its order and what it
//! asks beyond the minimum are free.
//!
//! # Invariants
//!
//! - A form without a question for each heading of its minimum is no form; nor is one in which such
//!   a question may be left empty without a reason, or is asked only sometimes.
//! - The person's own views are asked in every form.
//! - A question is known by its id for ever: what was answered before is read by it.
//!
//! # Sources
//!
//! - FHIR R4, *Questionnaire*; National Minimum Information Standards for all adults in Scotland
//!   (2007), on the two kinds of standard: what must be covered, and how it is worded locally.

pub mod answers;
pub mod fhir;
pub mod local;
mod national;
pub mod origin;
pub mod plan;
pub mod standard;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

pub use answers::{Answers, Wrong};
pub use national::{Heading, MINIMA, Minimum};

/// Most questions of one form. House policy: a page that somebody can still fill in.
pub const QUESTIONS_MAX: usize = 60;
/// The heading, of every minimum, that is the person's own views.
pub const VIEWS: &str = "views";

/// Everything that comes with the program, in the order in which it is offered.
const TEXTS: [&str; 10] = [
    include_str!("../forms/adult-assessment.json"),
    include_str!("../forms/adult-plan.json"),
    include_str!("../forms/key-information.json"),
    include_str!("../forms/self-directed-support.json"),
    include_str!("../forms/equipment-at-home.json"),
    include_str!("../forms/carer-assessment.json"),
    include_str!("../forms/wellbeing-assessment.json"),
    include_str!("../forms/childs-plan.json"),
    include_str!("../forms/wellbeing-concern.json"),
    include_str!("../forms/referral-discussion.json"),
];

/// A form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// What it is known by for ever.
    pub id: String,
    /// Its version: one more with every change that a reader of old answers must know of.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// What becomes of it.
    pub makes: Makes,
    /// The minimum that it covers.
    pub minimum: String,
    /// Whether all of it is restricted: it bears that mark, by which the person does not read it by
    /// themselves, and that it was written is told to them after a review.
    #[serde(default)]
    pub restricted: bool,
    /// Where its questions come from.
    pub source: String,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// What becomes of a form that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Makes {
    /// A `QuestionnaireResponse` of the kind of information `assessment`.
    Assessment,
    /// A `CarePlan` of the kind of information `care-plan`.
    Plan,
    /// A `QuestionnaireResponse` of the kind of information `concern`.
    Concern,
    /// A `QuestionnaireResponse` of the kind of information `health-summary`, as a Key Information
    /// Summary that comes as a message is.
    Summary,
    /// A `QuestionnaireResponse` of the kind of information `equipment`.
    Equipment,
}

impl Makes {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Assessment, Self::Plan, Self::Concern, Self::Summary, Self::Equipment];

    /// The kind of information that it is.
    #[must_use]
    pub const fn category(self) -> &'static str {
        match self {
            Self::Assessment => "assessment",
            Self::Plan => "care-plan",
            Self::Concern => "concern",
            Self::Summary => "health-summary",
            Self::Equipment => "equipment",
        }
    }
}

/// A part of a form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What it is known by within its form.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Its questions, in order.
    pub questions: Vec<Question>,
}

/// A question.
#[expect(clippy::struct_excessive_bools, reason = "each is one word of a form's file")]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What it is known by within its form, for ever.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// What helps to answer it.
    #[serde(default)]
    pub hint: String,
    /// How it is answered.
    pub kind: Kind,
    /// Whether it must be answered.
    #[serde(default)]
    pub required: bool,
    /// Whether a reason may stand where there is no answer; its field, where it may.
    #[serde(default)]
    pub or_reason: Option<String>,
    /// Which answer to an earlier question makes this one asked.
    #[serde(default)]
    pub when: Option<When>,
    /// Whether its answer tells about somebody else, or is somebody else's: then it is kept apart
    /// from what the person reads by themselves.
    #[serde(default)]
    pub about_others: bool,
    /// Whether its answer is about the person's health: then it bears the mark `health`, so that a
    /// clause can keep it apart.
    #[serde(default)]
    pub health: bool,
    /// Whether its answer is about the person's money: then it bears the mark `budget`, so that a
    /// clause can give the plan without it. No question is about health and money both.
    #[serde(default)]
    pub money: bool,
    /// What it asks, in a word that other forms have too: what was answered there is known here.
    #[serde(default)]
    pub same: Option<String>,
    /// The heading of the minimum that it covers.
    #[serde(default)]
    pub covers: Option<String>,
    /// Further headings of it that its hint names and its answer covers.
    #[serde(default)]
    pub also_covers: Vec<String>,
    /// The fields of a table, row by row; made of its columns when the form is read.
    #[serde(skip)]
    pub cells: Vec<Vec<Cell>>,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// A line.
    Line,
    /// Some words.
    Words,
    /// A day to come, such as that of a review.
    Day,
    /// One of several answers, by its code; a scale is one whose answers stand in an order.
    Choice(Vec<(String, String)>),
    /// Rows of lines, such as goals or actions.
    Table {
        /// What stands in each row, with its id.
        columns: Vec<(String, String)>,
        /// How many rows there are at most.
        rows: usize,
    },
}

/// When a question is asked: where another one has one of these answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The other question, which stands before this one and is a choice.
    pub question: String,
    /// Its answers, by their codes.
    pub is: Vec<String>,
}

/// One field of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it is known by.
    pub id: String,
    /// What stands in it: "Action 1: who".
    pub label: String,
}

/// What is wrong with the text of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is no form: where, and why.
    Unread(String),
    /// It asks nothing, or too much.
    Size,
    /// Two things in it have this id.
    Twice(String),
    /// Its minimum is not known.
    NoMinimum(String),
    /// Nothing in it covers this heading of its minimum.
    Lacks(String),
    /// What covers a heading may be left empty without a reason, or is not always asked.
    Skippable(String),
    /// It covers a heading that its minimum does not have.
    Unknown(String),
    /// It is asked when a question that is not before it, or is no choice of that answer, has it.
    When(String),
    /// This question is about health and about money: one of its marks would be lost.
    Marks(String),
    /// Its actions are not what, who, when and how it stands.
    Actions,
    /// It stands in the place of a form of the program, of this version, and is not above it.
    Version(u32),
    /// This form or question of the program is made, answered or kept apart otherwise in it.
    Changed(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(why) => write!(f, "it is no form: {why}"),
            Self::Size => write!(f, "it asks nothing, or more than {QUESTIONS_MAX} questions"),
            Self::Twice(id) => write!(f, "two things have the id `{id}`"),
            Self::NoMinimum(id) => write!(f, "there is no minimum `{id}`"),
            Self::Lacks(id) => write!(f, "nothing covers the heading `{id}` of its minimum"),
            Self::Skippable(id) => write!(
                f,
                "the question `{id}` covers a heading of the minimum, and may be left empty or is \
                 not always asked"
            ),
            Self::Unknown(id) => write!(f, "its minimum has no heading `{id}`"),
            Self::When(id) => write!(
                f,
                "the question `{id}` is asked after an answer that no question before it has"
            ),
            Self::Marks(id) => write!(f, "the question `{id}` is about health and about money"),
            Self::Actions => f.write_str("its actions are not what, who, when and state"),
            Self::Version(own) => write!(f, "its version must be above {own}, the program's"),
            Self::Changed(id) => {
                write!(f, "`{id}` is made, answered or kept apart otherwise than in the program")
            }
        }
    }
}

/// Every form that comes with the program. One that does not read is not offered; a test sees that
/// all of them do.
static PROGRAM: LazyLock<Vec<Form>> =
    LazyLock::new(|| TEXTS.iter().filter_map(|text| Form::parse(text).ok()).collect());

/// Every form that is offered: those of the program, with the partnership's own in their places
/// and after them.
pub static FORMS: LazyLock<Vec<Form>> = LazyLock::new(local::with_own);

/// The form of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.id == id)
}

impl Form {
    /// Reads a form and checks it against its minimum.
    ///
    /// # Errors
    ///
    /// The first [`Fault`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut form: Self =
            serde_json::from_str(text).map_err(|fault| Fault::Unread(fault.to_string()))?;
        for question in form.sections.iter_mut().flat_map(|section| &mut section.questions) {
            question.cells = cells(question);
        }
        form.check_ids()?;
        form.check_conditions()?;
        form.check_minimum()?;
        Ok(form)
    }

    /// Its questions, in order.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.sections.iter().flat_map(|section| &section.questions)
    }

    fn check_ids(&self) -> Result<(), Fault> {
        if !(1..=QUESTIONS_MAX).contains(&self.questions().count()) {
            return Err(Fault::Size);
        }
        if let Some(both) = self.questions().find(|one| one.health && one.money) {
            return Err(Fault::Marks(both.id.clone()));
        }
        let actions =
            self.questions().find(|one| self.makes == Makes::Plan && one.id == plan::ACTIONS);
        if actions.is_some_and(|one| one.cells.iter().any(|row| row.len() != plan::COLUMNS)) {
            return Err(Fault::Actions);
        }
        let mut seen = BTreeSet::new();
        let sections = self.sections.iter().map(|section| &section.id);
        for id in sections.chain(self.questions().flat_map(Question::fields)) {
            if !seen.insert(id) {
                return Err(Fault::Twice(id.clone()));
            }
        }
        Ok(())
    }

    fn check_conditions(&self) -> Result<(), Fault> {
        for (at, question) in self.questions().enumerate() {
            let Some(when) = &question.when else { continue };
            let mut before = self.questions().take(at);
            let asked = before.find(|one| one.id == when.question);
            let has = |code: &String| asked.is_some_and(|one| one.answer(code).is_some());
            if when.is.is_empty() || !when.is.iter().all(has) {
                return Err(Fault::When(question.id.clone()));
            }
        }
        Ok(())
    }

    fn check_minimum(&self) -> Result<(), Fault> {
        let minimum = MINIMA.iter().find(|minimum| minimum.id == self.minimum);
        let minimum = minimum.ok_or_else(|| Fault::NoMinimum(self.minimum.clone()))?;
        for question in self.questions() {
            let is_known = |id: &&String| minimum.headings.iter().any(|one| one.id == **id);
            if let Some(unknown) = question.covered().find(|id| !is_known(id)) {
                return Err(Fault::Unknown(unknown.clone()));
            }
            if question.covered().next().is_none() {
                continue;
            }
            if !question.required || question.when.is_some() {
                return Err(Fault::Skippable(question.id.clone()));
            }
        }
        for heading in &minimum.headings {
            if !self.questions().any(|one| one.covered().any(|id| *id == heading.id)) {
                return Err(Fault::Lacks(heading.id.clone()));
            }
        }
        Ok(())
    }
}

impl Question {
    /// Every field that it has on a page.
    pub fn fields(&self) -> impl Iterator<Item = &String> {
        let own = self.cells.is_empty().then_some(&self.id);
        let cells = self.cells.iter().flatten().map(|cell| &cell.id);
        own.into_iter().chain(cells).chain(&self.or_reason)
    }

    /// Every heading of the minimum that it covers.
    pub fn covered(&self) -> impl Iterator<Item = &String> {
        self.covers.iter().chain(&self.also_covers)
    }

    /// The words of one of its answers.
    #[must_use]
    pub fn answer(&self, code: &str) -> Option<&str> {
        let Kind::Choice(answers) = &self.kind else { return None };
        answers.iter().find(|(one, _)| one == code).map(|(_, words)| words.as_str())
    }
}

/// The fields of a table; none of what is no table.
fn cells(question: &Question) -> Vec<Vec<Cell>> {
    let Kind::Table { columns, rows } = &question.kind else { return vec![] };
    let row = |row: usize| {
        let cell = |(id, text): &(String, String)| Cell {
            id: format!("{}-{row}-{id}", question.id),
            label: format!("{} {row}: {text}", question.text),
        };
        columns.iter().map(cell).collect()
    };
    (1..=(*rows).min(ROWS_MAX)).map(row).collect()
}

/// Most rows of a table. House policy.
pub const ROWS_MAX: usize = 8;

#[cfg(test)]
mod tests;
