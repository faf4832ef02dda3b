//! Links become people: groups of records that are each other's.
//!
//! # Invariants
//!
//! - No group holds two valid CHI numbers that differ.
//! - Two groups are not joined by one weak link: all that is known of the pairs between them
//!   counts, for and against.
//! - Where each source is said to know a person once, a group has one record of each source.
//! - The answer does not depend on the order of the links.
//!
//! # Sources
//!
//! - Best link first: S. Kendrick and others, *Methods of Information in Medicine* 37:64, 1998.

use std::collections::{BTreeMap, HashMap};

use crate::number::index;
use crate::pattern::Pattern;
use crate::rule::Rule;
use crate::table::Table;

/// A pair of records with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// The record that was read first, from 0.
    pub one: u32,
    /// The other.
    pub other: u32,
    /// Log-odds to the base of two.
    pub bits: f64,
    /// Between 0 and 1.
    pub probability: f64,
    /// How the two agree.
    pub pattern: Pattern,
}

/// Why a link that scored well joined nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refused {
    /// A rule keeps the two records apart.
    Rule(Rule),
    /// Their groups hold valid CHI numbers that differ.
    NumbersOfGroups,
    /// Their groups hold records that speak against each other more than for.
    WeakBridge,
    /// A better link took the place of that source.
    BetterLink,
}

impl Refused {
    /// A short word for it, for reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.word(),
            Self::NumbersOfGroups => "numbers-of-groups",
            Self::WeakBridge => "weak-bridge",
            Self::BetterLink => "better-link",
        }
    }
}

/// Records by person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// The person of each record: the first record of the group, as a number.
    pub of: Vec<u32>,
    /// Links that joined nothing, by reason.
    pub refused: BTreeMap<Refused, u64>,
}

/// What a pair that was never proposed, or scored too low to be kept, says: bits against.
const UNSEEN: f64 = -8.0;

/// The most that one pair may say for or against the joining of two groups, in bits.
const SAY_MAX: f64 = 12.0;

/// Most pairs that are looked at when two groups are joined; larger groups are not joined.
const LOOKS_MAX: usize = 1_000;

/// Groups of records while they are being joined.
struct Groups<'a> {
    table: &'a Table,
    root: Vec<u32>,
    /// Members of a group of more than one, under its root.
    members: HashMap<u32, Vec<u32>>,
    /// What each pair says that was scored, in the order of pairs.
    said: Vec<((u32, u32), f64)>,
    once: bool,
}

/// Joins records, the best link first. `scored` are all pairs whose score is known, well or badly;
/// those of at least `threshold` are links. `once` says that no source holds a person twice.
#[must_use]
pub(crate) fn cluster(table: &Table, scored: &[Link], threshold: f64, once: bool) -> People {
    let mut links: Vec<&Link> = scored.iter().filter(|l| l.probability >= threshold).collect();
    links.sort_by(|a, b| {
        b.bits.total_cmp(&a.bits).then(a.one.cmp(&b.one)).then(a.other.cmp(&b.other))
    });
    let mut said: Vec<_> = scored.iter().map(|of| ((of.one, of.other), said(of))).collect();
    // They come in this order as a rule, and then there is nothing to sort.
    said.sort_by_key(|(pair, _)| *pair);
    let root = table.numbers().collect();
    let mut groups = Groups { table, root, members: HashMap::new(), said, once };
    let mut refused = BTreeMap::new();
    for link in links {
        if let Err(why) = groups.join(link) {
            *refused.entry(why).or_default() += 1;
        }
    }
    People { of: groups.named(), refused }
}

/// What a pair says when groups are joined.
fn said(link: &Link) -> f64 {
    if Rule::of(link.pattern).is_some() { -SAY_MAX } else { link.bits.clamp(-SAY_MAX, SAY_MAX) }
}

impl Groups<'_> {
    fn find(&self, record: u32) -> u32 {
        self.root.get(index(record)).copied().unwrap_or(record)
    }

    fn members(&self, root: u32) -> Vec<u32> {
        self.members.get(&root).cloned().unwrap_or_else(|| vec![root])
    }

    fn join(&mut self, link: &Link) -> Result<(), Refused> {
        if let Some(rule) = Rule::of(link.pattern) {
            return Err(Refused::Rule(rule));
        }
        let (a, b) = (self.find(link.one), self.find(link.other));
        if a == b {
            return Ok(());
        }
        let (mine, theirs) = (self.members(a), self.members(b));
        self.may_join(&mine, &theirs)?;
        let (root, gone) = if a < b { (a, b) } else { (b, a) };
        for record in if root == a { &theirs } else { &mine } {
            if let Some(of) = self.root.get_mut(index(*record)) {
                *of = root;
            }
        }
        self.members.remove(&gone);
        self.members.insert(root, [mine, theirs].concat());
        Ok(())
    }

    fn may_join(&self, mine: &[u32], theirs: &[u32]) -> Result<(), Refused> {
        let chi = |records: &[u32]| {
            let numbers = records.iter().map(|record| self.table.get(*record).chi);
            numbers.filter(|chi| chi.is_sure()).map(crate::digits::Digits::number).next()
        };
        if let (Some(one), Some(other)) = (chi(mine), chi(theirs))
            && one != other
        {
            return Err(Refused::NumbersOfGroups);
        }
        let source = |record: &u32| self.table.get(*record).source;
        if self.once && mine.iter().any(|a| theirs.iter().any(|b| source(a) == source(b))) {
            return Err(Refused::BetterLink);
        }
        let looks = mine.len().saturating_mul(theirs.len());
        if looks == 1 {
            return Ok(());
        }
        if looks > LOOKS_MAX {
            return Err(Refused::WeakBridge);
        }
        let between = mine.iter().flat_map(|a| theirs.iter().map(move |b| (*a.min(b), *a.max(b))));
        let sum: f64 = between.map(|pair| self.said(pair)).sum();
        if sum > 0.0 { Ok(()) } else { Err(Refused::WeakBridge) }
    }

    fn said(&self, pair: (u32, u32)) -> f64 {
        let found = self.said.binary_search_by_key(&pair, |(of, _)| *of);
        found.ok().and_then(|at| self.said.get(at)).map_or(UNSEEN, |(_, bits)| *bits)
    }

    /// The person of each record: the group's first record.
    fn named(self) -> Vec<u32> {
        self.root
    }
}

/// Gives people the ids that they had before: of a group that grew, the oldest id among its
/// records; of a group that was split, the part with the oldest record keeps the id, and the
/// others get new ones. `before` is the id of each record, where it had one; the lowest is the
/// oldest.
#[must_use]
pub fn keep_ids(people: &People, before: &[Option<u64>]) -> Vec<u64> {
    let mut next = before.iter().flatten().max().map_or(0, |most| most + 1);
    // For each earlier id, the group of its first record may keep it.
    let mut keeper: HashMap<u64, u32> = HashMap::new();
    for (person, id) in people.of.iter().zip(before) {
        if let Some(id) = id {
            keeper.entry(*id).or_insert(*person);
        }
    }
    // By the group's first record.
    let mut oldest: Vec<Option<u64>> = vec![None; people.of.len()];
    for (id, person) in keeper {
        if let Some(has) = oldest.get_mut(index(person)) {
            *has = Some(has.map_or(id, |has| has.min(id)));
        }
    }
    let mut ids = Vec::with_capacity(people.of.len());
    for person in &people.of {
        let id = oldest.get_mut(index(*person)).map_or(next, |has| {
            *has.get_or_insert_with(|| {
                next += 1;
                next - 1
            })
        });
        ids.push(id);
    }
    ids
}

/// How many people have how many records, from one record up.
#[must_use]
pub fn sizes(people: &People) -> BTreeMap<u32, u64> {
    let mut counts = vec![0u32; people.of.len()];
    for person in &people.of {
        if let Some(count) = counts.get_mut(index(*person)) {
            *count += 1;
        }
    }
    let mut sizes = BTreeMap::new();
    for count in counts.into_iter().filter(|count| *count > 0) {
        *sizes.entry(count).or_default() += 1;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(of: &[u32]) -> People {
        People { of: of.to_vec(), refused: BTreeMap::new() }
    }

    #[test]
    fn ids_stay_when_groups_grow_and_split() {
        // Records 0 and 1 were person 10, record 2 was person 11, record 3 is new.
        let before = [Some(10), Some(10), Some(11), None];
        assert_eq!(keep_ids(&people(&[0, 0, 2, 3]), &before), [10, 10, 11, 12]);
        assert_eq!(keep_ids(&people(&[0, 0, 0, 0]), &before), [10, 10, 10, 10]);
        assert_eq!(keep_ids(&people(&[0, 1, 2, 2]), &before), [10, 12, 11, 11]);
        assert_eq!(keep_ids(&people(&[0, 1, 1, 3]), &before), [10, 11, 11, 12]);
        assert_eq!(keep_ids(&people(&[0, 1]), &[None, None]), [0, 1]);
    }
}
