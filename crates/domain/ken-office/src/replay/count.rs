//! Counting what a draft changes, in memory that does not grow with the ledger.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{Category, ClauseId, FieldName, OrganisationId, PersonId, Purpose, RoleId};
use ken_ledger::Stream;
use ken_sharing::gate::replay::{Item, Past, Replayed, Why, replay};

use super::report::{Asked, Direction, NotReplayed};
use super::{PEOPLE_MIN, Trial};
use crate::Error;

/// Most kinds of change that are told apart. House policy: more than anybody reads; the policies
/// bound it, and what is beyond is counted as such.
const CELLS_MAX: usize = 50_000;

/// People told apart, up to as many as make a number that may be told.
#[derive(Debug, Clone, Default)]
pub(super) struct Few(BTreeSet<PersonId>);

impl Few {
    fn add(&mut self, person: PersonId) {
        if !self.are_enough() {
            self.0.insert(person);
        }
    }

    fn extend(&mut self, others: &Self) {
        others.0.iter().for_each(|person| self.add(*person));
    }

    /// Whether they are so many that a number says nothing about one of them.
    pub(super) fn are_enough(&self) -> bool {
        self.0.len() >= PEOPLE_MIN
    }
}

/// How often the same decision was taken, and about how many people.
#[derive(Debug, Default)]
pub(super) struct Group {
    decisions: u64,
    people: Few,
}

impl Group {
    pub(super) fn add(&mut self, stream: &Stream) {
        self.decisions += 1;
        if let Stream::Person(person) = stream {
            self.people.add(*person);
        }
    }
}

/// A kind of change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) direction: Direction,
    /// Whether it is the draft's doing.
    pub(super) by_draft: bool,
    pub(super) recipient: (OrganisationId, RoleId),
    pub(super) source: OrganisationId,
    pub(super) purpose: Purpose,
    pub(super) category: Category,
    pub(super) because: Because,
}

/// What a change rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Because {
    /// A clause that gives it.
    Clause(ClauseId),
    /// Why it is not given.
    Why(Why),
}

/// How often a kind of change was met.
#[derive(Debug, Default)]
pub(super) struct Cell {
    pub(super) decisions: u64,
    pub(super) people: Few,
    pub(super) fields: BTreeMap<FieldName, u64>,
    pub(super) asked: Option<Asked>,
}

/// Everything that was counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) replayed: u64,
    /// Of those, how many the draft changes.
    pub(super) changed: u64,
    /// Between bodies that are not in the draft.
    pub(super) elsewhere: u64,
    pub(super) not_replayed: BTreeMap<NotReplayed, u64>,
    pub(super) cells: BTreeMap<Key, Cell>,
    /// Changes of kinds beyond the most that are told apart.
    pub(super) untold: u64,
}

impl Counted {
    pub(super) fn not_replayed(&mut self, why: NotReplayed, count: u64) {
        if count > 0 {
            *self.not_replayed.entry(why).or_default() += count;
        }
    }

    /// Takes one decision again, without the draft and with it.
    pub(super) fn add(&mut self, trial: &Trial, past: &Past, group: &Group) -> Result<(), Error> {
        let Trial { without, with, day, .. } = trial;
        let base = replay(without, without, past, Some(*day))?;
        let tried = replay(without, with, past, Some(*day))?;
        self.replayed += group.decisions;
        let found = changes(&base, tried);
        self.changed += if found.iter().any(|(key, _)| key.by_draft) { group.decisions } else { 0 };
        let mut met: BTreeSet<&Key> = BTreeSet::new();
        for (key, field) in &found {
            let is_new = !self.cells.contains_key(key);
            if is_new && self.cells.len() >= CELLS_MAX {
                self.untold += group.decisions;
                continue;
            }
            let cell = self.cells.entry(key.clone()).or_default();
            *cell.fields.entry(field.clone()).or_default() += group.decisions;
            if met.insert(key) {
                cell.decisions += group.decisions;
                cell.people.extend(&group.people);
                cell.asked.get_or_insert_with(|| Asked::of(past));
            }
        }
        Ok(())
    }
}

/// Every field that comes out otherwise, by the kind of its change.
fn changes(base: &Replayed, tried: Replayed) -> BTreeSet<(Key, FieldName)> {
    let mut found = BTreeSet::new();
    let mut note = |direction, by_draft, item: Item, because| {
        let Item { recipient, source, purpose, category, field } = item;
        let key = Key { direction, by_draft, recipient, source, purpose, category, because };
        found.insert((key, field));
    };
    for (item, clause) in &base.newly_allowed {
        if !tried.newly_allowed.contains_key(item) {
            note(Direction::Stopped, true, item.clone(), Because::Clause(clause.clone()));
        }
    }
    for (item, why) in &base.newly_refused {
        if !tried.newly_refused.contains_key(item) {
            note(Direction::Kept, true, item.clone(), Because::Why(why.clone()));
        }
    }
    for (item, clause) in tried.newly_allowed {
        let by_draft = !base.newly_allowed.contains_key(&item);
        note(Direction::Allowed, by_draft, item, Because::Clause(clause));
    }
    for (item, why) in tried.newly_refused {
        let by_draft = !base.newly_refused.contains_key(&item);
        let direction = if why == Why::Words { Direction::AfterWords } else { Direction::Refused };
        note(direction, by_draft, item, Because::Why(why));
    }
    found
}
