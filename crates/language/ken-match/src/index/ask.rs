//! A question: whom a record may be of.

use std::fmt;

use super::Index;
use crate::birth::{self, Birth};
use crate::block::{RULES, split};
use crate::compare::{Comparer, Known};
use crate::contact;
use crate::further::further;
use crate::key::{has_earlier, key_now, key_of};
use crate::marks::Marks;
use crate::model::Scorer;
use crate::name::{GuestNames, Name};
use crate::number::index;
use crate::pattern::Pattern;
use crate::place::{self, Address, Postcode};
use crate::rule::Rule;
use crate::table::{Coder, Record, Row};
use crate::text::{Guests, Put as _, tidy};

/// As many candidates as this are told at most, the best of them.
pub const CANDIDATES_MAX: usize = 100;

/// What more than this share is looked at by nobody: a question would take a hundredth of a second.
/// A batch would go on, and would hardly find more: such a key tells nobody.
const SHARED_MAX: usize = 65_536;

/// Below this a candidate is not told, as in a batch.
const LEAST: f64 = 1e-3;

/// Somebody whom a record may be of.
#[derive(Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Under which id the record stands.
    pub id: u128,
    /// How sure it is, from 0 to 1; 0 where a rule keeps the two apart.
    pub probability: f64,
    /// The evidence in bits.
    pub bits: f64,
    /// How the two agree.
    pub pattern: Pattern,
    /// The rule that keeps them apart whatever the bits, if there is one.
    pub rule: Option<Rule>,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({:.2} bits, {})", self.bits, self.pattern)
    }
}

/// What is known while somebody asks: what the index knows, and what the question alone says.
struct Asked<'a> {
    index: &'a Index,
    names: GuestNames<'a>,
    streets: Guests<'a>,
    towns: Guests<'a>,
    emails: Guests<'a>,
    phones: Guests<'a>,
    further: Guests<'a>,
    /// The record that asks, where it is not in the index.
    guest: Option<Record>,
}

impl Index {
    /// Whom a record may be of, the likeliest first; at most `most`, and [`CANDIDATES_MAX`].
    #[must_use]
    pub fn ask(&self, scorer: &Scorer, row: &Row<'_>, most: usize) -> Vec<Candidate> {
        let mut asked = Asked::of(self);
        let mut record = Record::read(row, &Marks::default(), &mut asked);
        let guest = record;
        asked.guest = Some(guest);
        self.counts.own(&mut record, Some(&guest));
        self.candidates(&asked, scorer, &record, None, most)
    }

    /// Whom else the record of an id may be of; `None` where there is no such id.
    #[must_use]
    pub fn ask_of(&self, scorer: &Scorer, id: u128, most: usize) -> Option<Vec<Candidate>> {
        let slot = self.slot(id)?;
        let asked = Asked::of(self);
        let record = asked.record(slot);
        Some(self.candidates(&asked, scorer, &record, Some(slot), most))
    }

    fn candidates(
        &self,
        asked: &Asked<'_>,
        scorer: &Scorer,
        record: &Record,
        own: Option<u32>,
        most: usize,
    ) -> Vec<Candidate> {
        let mut found: Vec<(u32, Record)> = Vec::new();
        for rule in 0..RULES {
            let run = self.run(asked, record, own, rule);
            found.extend(run.and_then(|run| split(rule, run, record)).into_iter().flatten());
        }
        found.sort_unstable_by_key(|(slot, _)| *slot);
        found.dedup_by_key(|(slot, _)| *slot);
        let mut comparer = Comparer::brief(asked);
        let records = self.len() + usize::from(own.is_none());
        let mut all: Vec<Candidate> = Vec::new();
        for (slot, other) in &found {
            let pattern = comparer.compare(record, other);
            if !self.worth.keeps(pattern, records) {
                continue;
            }
            if scorer.score(pattern).probability < LEAST {
                continue;
            }
            let id = self.ids.get(index(*slot)).copied().unwrap_or_default();
            all.push(told(scorer, id, pattern));
        }
        all.sort_by(|a, b| {
            b.probability
                .total_cmp(&a.probability)
                .then(b.bits.total_cmp(&a.bits))
                .then(a.id.cmp(&b.id))
        });
        all.truncate(most.min(CANDIDATES_MAX));
        all
    }

    /// All others who have a record's key of a rule; `None` where too many do.
    fn run(
        &self,
        asked: &Asked<'_>,
        record: &Record,
        own: Option<u32>,
        rule: usize,
    ) -> Option<Vec<(u32, Record)>> {
        let guest = asked.guest.as_ref().is_some_and(|guest| has_earlier(guest, rule));
        if self.counts.have_earlier(rule) == 0 && !(guest && rule >= 17) {
            return None;
        }
        let key = key_of(&asked.names, record, rule);
        if key == 0 {
            return None;
        }
        let mut run = Vec::new();
        let mut take = |slot: u32, has: bool| {
            if Some(slot) != own && self.is_here(slot) {
                let other = asked.record(slot);
                // What has something of earlier days stands under that, and else under its own.
                if has_earlier(&other, rule) == has && key_of(&asked.names, &other, rule) == key {
                    run.push((slot, other));
                }
            }
        };
        self.under(rule, key).take(SHARED_MAX + 1).for_each(|slot| take(slot, true));
        if let Some((now, key)) = key_now(&asked.names, record, rule).filter(|(_, key)| *key != 0) {
            self.under(now, key).take(SHARED_MAX + 1).for_each(|slot| take(slot, false));
        }
        (run.len() <= SHARED_MAX).then_some(run)
    }
}

/// See [`Index::weigh`].
pub(super) fn weigh(
    index: &Index,
    scorer: &Scorer,
    row: &Row<'_>,
    (id, held): (u128, &Row<'_>),
) -> Candidate {
    let mut asked = Asked::of(index);
    let mut record = Record::read(row, &Marks::default(), &mut asked);
    let mut other = Record::read(held, &Marks::default(), &mut asked);
    let guest = record;
    asked.guest = Some(guest);
    index.counts.own(&mut record, Some(&guest));
    index.counts.own(&mut other, Some(&guest));
    told(scorer, id, Comparer::brief(&asked).compare(&record, &other))
}

/// What is told of somebody whose record agrees so.
fn told(scorer: &Scorer, id: u128, pattern: Pattern) -> Candidate {
    let (score, rule) = (scorer.score(pattern), Rule::of(pattern));
    let probability = if rule.is_some() { 0.0 } else { score.probability };
    Candidate { id, probability, bits: score.bits, pattern, rule }
}

impl<'a> Asked<'a> {
    fn of(index: &'a Index) -> Self {
        let columns = &index.columns;
        Self {
            index,
            names: GuestNames::new(&columns.names),
            streets: Guests::new(&columns.streets),
            towns: Guests::new(&columns.towns),
            emails: Guests::new(&columns.emails),
            phones: Guests::new(&columns.phones),
            further: Guests::new(&columns.further),
            guest: None,
        }
    }

    /// A record of the index as it compares with the one that asks.
    fn record(&self, slot: u32) -> Record {
        let mut record = self.index.bare(slot).named(|name| self.name(name));
        self.index.counts.own(&mut record, self.guest.as_ref());
        record
    }

    /// One more, where who asks has this value and is not in the index.
    fn more(&self, has: impl Fn(&Record) -> bool) -> (u32, u64) {
        let guest = self.guest.as_ref();
        (u32::from(guest.is_some_and(has)), u64::from(guest.is_some()))
    }
}

impl Known for Asked<'_> {
    fn name(&self, code: u32) -> Name {
        self.names.get(code)
    }

    fn name_text(&self, code: u32) -> &[u8] {
        self.names.text(code)
    }

    fn street(&self, code: u32) -> &[u8] {
        self.streets.get(code)
    }

    fn town(&self, code: u32) -> &[u8] {
        self.towns.get(code)
    }

    fn email(&self, code: u32) -> &[u8] {
        self.emails.get(code)
    }

    fn further(&self, code: u32) -> &[u8] {
        self.further.get(code)
    }

    fn forename_rarity(&self, name: u32) -> u8 {
        let (more, asking) = self.more(|guest| guest.forename == name);
        self.index.counts.forename(name, more, asking)
    }

    fn surname_rarity(&self, name: u32) -> u8 {
        let (more, asking) = self.more(|guest| guest.surname == name);
        self.index.counts.surname(name, more, asking)
    }

    fn is_common_birth(&self, born: Birth) -> bool {
        let (more, asking) = self.more(|guest| guest.born.digits == born.digits);
        self.index.counts.is_common(born, more, asking)
    }
}

impl Coder for Asked<'_> {
    fn born(&mut self, written: &str, _: u32) -> Birth {
        birth::read(written)
    }

    fn postcode(&mut self, written: &str, _: u32) -> Postcode {
        place::postcode(written)
    }

    fn address(&mut self, house: &str, written: &str) -> Address {
        place::address(house, written, &mut self.streets, &mut Vec::new())
    }

    fn town(&mut self, written: &str, _: u32) -> u32 {
        self.towns.put(tidy(written).as_bytes()).0
    }

    fn email(&mut self, written: &str) -> u32 {
        contact::email(written, &mut self.emails, &mut Vec::new())
    }

    fn phone(&mut self, written: &str) -> u32 {
        contact::phone(written, &mut self.phones, &mut Vec::new())
    }

    fn further(&mut self, written: &str) -> u32 {
        further(written, &mut self.further, &mut Vec::new())
    }

    fn name(&mut self, written: &str, _: u32) -> u32 {
        self.names.put(written)
    }

    fn known_name(&self, code: u32) -> Name {
        self.names.get(code)
    }
}
