//! Whom a registration may be of.

use ken_core::{PartialDate, PersonId};
use ken_match::{CANDIDATES_MAX, Candidate, Row};

use super::told::{Rows, Told};
use super::{Alike, Index};
use crate::demographics::{Demographics, NameKey};

/// From which probability on somebody may be meant. House policy, measured: see ADR 53.
const POSSIBLE: f64 = 0.5;

/// From which probability on somebody is shown to whoever looks for a name. House policy: lower,
/// since nobody is shown whom the asker does not work with.
const SOUGHT: f64 = 0.02;

/// Most records that one look for a name reads.
const SOUGHT_MAX: usize = 40;

impl Index {
    /// With whom a registration agrees in anything, by the best of their records, the likeliest
    /// first; nobody until the index is filled. At most [`CANDIDATES_MAX`] records are looked at.
    #[must_use]
    pub fn ask(&self, incoming: &Demographics) -> Vec<(PersonId, Alike)> {
        let asked = self.asked(incoming).into_iter();
        asked.map(|(person, one)| (person, Alike::of(&one))).collect()
    }

    /// Whom a registration may be of, the likeliest first, at most [`CANDIDATES_MAX`]; nobody until
    /// the index is filled.
    pub(crate) fn propose(&self, incoming: &Demographics) -> Vec<PersonId> {
        let asked = self.asked(incoming).into_iter().filter(|(_, one)| is_possible(one));
        asked.map(|(person, _)| person).collect()
    }

    /// Who is written much as a name that somebody looks for, the likeliest first.
    pub(crate) fn resembling(&self, name: &NameKey, born: PartialDate) -> Vec<PersonId> {
        let Some(scorer) = &self.0.scorer else { return Vec::new() };
        let born = born.to_string();
        let row = sought(name, &born);
        let asked = self.read(|held| {
            let found = held.records.ask(scorer, &row, CANDIDATES_MAX);
            let likely = found.iter().filter(|one| is_sought(one));
            likely.map(|one| held.person(one.id)).take(SOUGHT_MAX).collect()
        });
        asked.unwrap_or_default()
    }

    /// Whether what is stored of somebody is much as a name that somebody looks for.
    pub(crate) fn resembles(&self, name: &NameKey, born: PartialDate, rows: &Rows) -> bool {
        let Some(scorer) = &self.0.scorer else { return false };
        let born = born.to_string();
        let row = sought(name, &born);
        let any = self.read(|held| {
            let told = rows.told();
            let mut all = told.iter().map(|of| held.records.weigh(scorer, &row, (0, &of.row())));
            all.any(|one| is_sought(&one))
        });
        any.unwrap_or_default()
    }

    fn asked(&self, incoming: &Demographics) -> Vec<(PersonId, Candidate)> {
        let Some(scorer) = &self.0.scorer else { return Vec::new() };
        let numbers = incoming.national();
        let told = Told::of(incoming, &numbers);
        let asked = self.read(|held| {
            let found = held.records.ask(scorer, &told.row(), CANDIDATES_MAX);
            let mut people: Vec<(PersonId, Candidate)> = Vec::new();
            for one in found {
                let person = held.person(one.id);
                if !people.iter().any(|(other, _)| *other == person) {
                    people.push((person, one));
                }
            }
            people
        });
        asked.unwrap_or_default()
    }

    /// How a registration and what is stored of somebody agree, by the best of all records that
    /// stand together; `None` where that is too little, or a rule of the engine keeps one of them
    /// apart.
    pub(crate) fn weigh(&self, incoming: &Demographics, together: &[Rows]) -> Option<Alike> {
        let scorer = self.0.scorer.as_ref()?;
        let numbers = incoming.national();
        let told = Told::of(incoming, &numbers);
        let all = self.read(|held| {
            let weigh =
                |other: &Told<'_>| held.records.weigh(scorer, &told.row(), (0, &other.row()));
            let told: Vec<_> = together.iter().flat_map(Rows::told).collect();
            told.iter().map(weigh).collect::<Vec<_>>()
        });
        let all = all.unwrap_or_default();
        // What a rule keeps apart in one account, another account of them does not join.
        if all.iter().any(|one| one.rule.is_some()) {
            return None;
        }
        let best = all.iter().max_by(|one, other| one.bits.total_cmp(&other.bits))?;
        is_possible(best).then(|| Alike::of(best))
    }
}

/// What somebody looks for. The address is none of it, so that a protected one finds nobody.
fn sought<'a>(name: &'a NameKey, born: &'a str) -> Row<'a> {
    let given = name.given.reveal();
    let (forename, middle) = given.split_once(' ').unwrap_or((given, ""));
    Row { forename, middle, surname: name.family.reveal(), born, ..Row::default() }
}

fn is_sought(candidate: &Candidate) -> bool {
    candidate.rule.is_none() && candidate.probability >= SOUGHT
}

impl Alike {
    fn of(one: &Candidate) -> Self {
        Self { millibits: millibits(one.bits), pattern: one.pattern }
    }
}

fn is_possible(candidate: &Candidate) -> bool {
    candidate.rule.is_none() && candidate.probability >= POSSIBLE
}

/// Bits in thousandths; by way of their text, since a number that is none has no thousandths.
fn millibits(bits: f64) -> i64 {
    format!("{:.0}", bits * 1_000.0).parse().unwrap_or_default()
}
