//! What a replay found, as it is kept, printed and shown. It names kinds, never people.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use ken_agreement::Action;
use ken_core::{Category, FieldName, InstrumentHash, OrganisationId, Purpose, RoleId};
use ken_sharing::gate::replay::{Past, Why};
use serde::{Deserialize, Serialize};

use super::Trial;
use super::count::{Because, Cell, Counted, Key};

/// Most lines of one report, those of the most decisions. House policy: what one can read through.
const LINES_MAX: usize = 2_000;

/// Which way a decision would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Given then, and not any more.
    Refused,
    /// Given then; now words would have to be affirmed first.
    AfterWords,
    /// Not given then, and given now.
    Allowed,
    /// Given then, and now only because of the draft.
    Kept,
    /// Not given then; it would be now, and the draft takes it away.
    Stopped,
}

impl Direction {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] =
        [Self::Refused, Self::AfterWords, Self::Allowed, Self::Kept, Self::Stopped];

    /// The direction in words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Refused => "Newly refused",
            Self::AfterWords => "Newly after affirming words",
            Self::Allowed => "Newly allowed",
            Self::Kept => "Kept only by the draft",
            Self::Stopped => "Allowed since then, and taken away by the draft",
        }
    }
}

/// Why a decision was not taken again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotReplayed {
    /// Not in the log yet.
    NotSealed,
    /// Not what was sealed.
    Changed,
    /// The key of its detail has been destroyed.
    Erased,
    /// Refused before any policy was asked.
    NotDecided,
    /// Of a version that kept no facts.
    NoFacts,
    /// Refused for what was passing, and no agreement's.
    Passing,
    /// Of a form that this version does not know.
    OtherForm,
}

impl NotReplayed {
    /// The reason in words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::NotSealed => "too new: not in the sealed log yet",
            Self::Changed => "not what was sealed: have the ledger audited",
            Self::Erased => "erased with the person's key",
            Self::NotDecided => {
                "refused before any agreement was asked: nobody goes by that id, \
                                 or who asked had left"
            }
            Self::NoFacts => "written by a version of Ken that kept no facts",
            Self::Passing => {
                "refused for what was passing: the ledger was not being sealed, or the \
                              person's records were being put right"
            }
            Self::OtherForm => "of a form that this version of Ken does not know",
        }
    }
}

/// The shape of one real question: kinds, nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// How it would have left.
    pub action: Action,
    /// Which kinds of information were asked for together.
    pub categories: Vec<Category>,
    /// How many organisations were asked together.
    pub sources: usize,
}

impl Asked {
    pub(super) fn of(past: &Past) -> Self {
        let view = &past.view;
        let categories = view.want.categories().keys().cloned().collect();
        Self { action: view.action, categories, sources: view.senders.len() }
    }
}

/// One kind of change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which way.
    pub direction: Direction,
    /// Whether the draft does it; otherwise what changed since does.
    pub by_draft: bool,
    /// Who would have it: organisation and role.
    pub recipient: (OrganisationId, RoleId),
    /// Whose record.
    pub source: OrganisationId,
    /// What for.
    pub purpose: Purpose,
    /// Which kind of information.
    pub category: Category,
    /// Which of its fields, and in how many decisions; none where that is too few to tell.
    pub fields: Vec<(FieldName, Option<u64>)>,
    /// In how many decisions; none where they are about fewer people than may be told.
    pub decisions: Option<u64>,
    /// What it rests on; none where few people have it.
    pub because: Option<String>,
    /// A real question of this kind; none where few people have it.
    pub example: Option<Asked>,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The draft that was tried.
    pub draft: InstrumentHash,
    /// Its name and version.
    pub name: String,
    /// The day it was tried on.
    pub on: Date,
    /// Decisions since then.
    pub since: Timestamp,
    /// Up to then.
    pub until: Timestamp,
    /// How many days back.
    pub days: u16,
    /// How many decisions were taken again.
    pub replayed: u64,
    /// How many of those the draft changes.
    pub changed: u64,
    /// Decisions between bodies that are not in the draft, which it cannot change.
    pub elsewhere: u64,
    /// How many were not taken again, and why.
    pub not_replayed: BTreeMap<NotReplayed, u64>,
    /// Clauses of the draft that would not run, and why.
    pub idle: Vec<String>,
    /// What changes, the gravest first.
    pub lines: Vec<Line>,
    /// Kinds of change beyond the most that are told.
    pub more: u64,
}

impl Report {
    /// The lines of one direction, by what does them.
    pub fn of(&self, direction: Direction, by_draft: bool) -> impl Iterator<Item = &Line> {
        let wanted = move |line: &&Line| line.direction == direction && line.by_draft == by_draft;
        self.lines.iter().filter(wanted)
    }
}

pub(super) fn of(
    trial: &Trial,
    (since, until, days): (Timestamp, Timestamp, u16),
    counted: Counted,
) -> Report {
    let Counted { replayed, changed, elsewhere, not_replayed, cells, untold } = counted;
    let mut lines: Vec<_> = lines(trial, cells);
    let more = u64::try_from(lines.len().saturating_sub(LINES_MAX)).unwrap_or(u64::MAX);
    lines.truncate(LINES_MAX);
    Report {
        draft: trial.draft.hash(),
        name: trial.draft.name().to_string(),
        on: trial.day,
        since,
        until,
        days,
        replayed,
        changed,
        elsewhere,
        not_replayed,
        idle: trial.idle.clone(),
        lines,
        more: more.saturating_add(untold),
    }
}

/// The lines, the gravest first. What few people have is put together without its reason: what a
/// few were refused for may be their own state.
fn lines(trial: &Trial, cells: BTreeMap<Key, Cell>) -> Vec<Line> {
    let mut told: Vec<(u64, Line)> = vec![];
    let mut few: BTreeMap<(Direction, bool, String), Line> = BTreeMap::new();
    for (key, cell) in cells {
        let decisions = cell.decisions;
        let is_told = cell.people.are_enough();
        let line = line(trial, key, cell, is_told);
        if is_told {
            told.push((decisions, line));
            continue;
        }
        let (to, role) = &line.recipient;
        let of = format!("{to}/{role} {} {} {}", line.source, line.purpose, line.category);
        let fields = line.fields.clone();
        let one = few.entry((line.direction, line.by_draft, of)).or_insert(line);
        for (field, count) in fields {
            if !one.fields.iter().any(|(known, _)| *known == field) {
                one.fields.push((field, count));
            }
        }
    }
    told.extend(few.into_values().map(|line| (0, line)));
    told.sort_by(|(a, one), (b, other)| {
        let place = |line: &Line| (!line.by_draft, line.direction);
        place(one).cmp(&place(other)).then(b.cmp(a))
    });
    told.into_iter().map(|(_, line)| line).collect()
}

fn line(trial: &Trial, key: Key, cell: Cell, is_told: bool) -> Line {
    let Key { direction, by_draft, recipient, source, purpose, category, because } = key;
    let fields = cell.fields.into_iter();
    Line {
        direction,
        by_draft,
        recipient,
        source,
        purpose,
        category,
        fields: fields.map(|(field, count)| (field, is_told.then_some(count))).collect(),
        decisions: is_told.then_some(cell.decisions),
        because: is_told.then(|| in_words(trial, &because)),
        example: cell.asked.filter(|_| is_told),
    }
}

/// What a change rests on, in words.
fn in_words(trial: &Trial, because: &Because) -> String {
    match because {
        Because::Clause(id) => match trial.with.clause(id).or_else(|| trial.without.clause(id)) {
            Some((of, clause)) => format!("{} {}: {}", of.name(), clause.id, clause.text),
            None => id.to_string(),
        },
        Because::Why(Why::Words) => "words would have to be affirmed first".to_owned(),
        Because::Why(Why::Uncovered) => "no clause covers these fields".to_owned(),
        Because::Why(Why::Barred(bar, what)) => format!("{}: {what}", bar.code()),
    }
}
