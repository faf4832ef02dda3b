//! Whom a registration may be of.

use ken_core::PersonId;
use ken_match::{CANDIDATES_MAX, Candidate, Seeding};

use super::told::{Rows, Told};
use super::{Alike, Index};
use crate::demographics::Demographics;

/// From which probability on somebody may be meant. House policy, measured: see ADR 53.
pub(crate) const POSSIBLE: f64 = 0.5;

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

    /// With whose records a registration agrees in anything, of each record the best, the likeliest
    /// first.
    pub(crate) fn asked(&self, incoming: &Demographics) -> Vec<(PersonId, Candidate)> {
        let using = self.using();
        let Some(scorer) = &using.scorer else { return Vec::new() };
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

    /// How likely it is that two who agree so are one.
    pub(crate) fn chance(&self, alike: Alike) -> f64 {
        let using = self.using();
        using.scorer.as_ref().map_or(0.0, |scorer| scorer.score(alike.pattern).probability)
    }

    /// How a registration and what is stored of somebody agree, by the best of all records that
    /// stand together; `None` where that is too little, or a rule of the engine keeps one of them
    /// apart.
    pub(crate) fn weigh(&self, incoming: &Demographics, together: &[Rows]) -> Option<Alike> {
        let using = self.using();
        let scorer = using.scorer.as_ref()?;
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

/// Whether a list's row is surely one person's, of those whom it tells, one record of each.
pub(crate) fn seeded(says: &Demographics, told: Vec<Candidate>) -> Seeding {
    let numbers = says.national();
    ken_match::settle(&Told::of(says, &numbers).row(), told)
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
pub(crate) fn millibits(bits: f64) -> i64 {
    format!("{:.0}", bits * 1_000.0).parse().unwrap_or_default()
}
