//! What an index holds of a person, and how common each value is.

use std::collections::HashMap;

use crate::birth::Birth;
use crate::contact::SHARED_MAX;
use crate::digits::Digits;
use crate::number::{code, index, wide};
use crate::place::{Address, Postcode};
use crate::table::{Record, is_common, rarity};

/// A record as it is held: what its names tell is told again when it is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    chi: Digits,
    nhs: Digits,
    postcode: u32,
    born: u32,
    house: u32,
    street: u32,
    forename: u32,
    middle: u32,
    pub(super) surname: u32,
    town: u32,
    email: u32,
    phone: u32,
    number: u32,
    sex: u8,
    /// Whether something of earlier days is known.
    pub(super) has_earlier: bool,
    pub(super) is_gone: bool,
}

/// What few records have.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Earlier {
    surname: u32,
    unit: u64,
    home: u64,
}

/// Postcodes by a short number.
#[derive(Debug, Default)]
pub(super) struct Postcodes {
    codes: HashMap<u64, u32>,
    of: Vec<Postcode>,
}

impl Postcodes {
    fn put(&mut self, of: Postcode) -> u32 {
        let next = code(self.of.len());
        let held = *self.codes.entry(of.unit).or_insert(next);
        if held == next {
            self.of.push(of);
        }
        held
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.of.len()
    }

    fn get(&self, code: u32) -> Postcode {
        self.of.get(index(code)).copied().unwrap_or_default()
    }
}

impl Held {
    /// Takes in a record.
    pub(super) fn of(record: &Record, postcodes: &mut Postcodes) -> (Self, Option<Earlier>) {
        let earlier =
            Earlier { surname: record.former, unit: record.former_unit, home: record.former_home };
        let has_earlier = earlier.surname != 0 || earlier.unit != 0 || earlier.home != 0;
        let held = Self {
            chi: record.chi,
            nhs: record.nhs,
            postcode: postcodes.put(record.postcode),
            born: record.born.digits,
            house: record.address.house,
            street: record.address.street,
            forename: record.forename,
            middle: record.middle,
            surname: record.surname,
            town: record.town,
            email: record.email,
            phone: record.phone,
            number: record.number,
            sex: record.sex,
            has_earlier,
            is_gone: false,
        };
        (held, has_earlier.then_some(earlier))
    }

    /// The record that was taken in, without what its names tell.
    pub(super) fn record(&self, earlier: Option<&Earlier>, postcodes: &Postcodes) -> Record {
        let earlier = earlier.copied().unwrap_or_default();
        Record {
            chi: self.chi,
            nhs: self.nhs,
            postcode: postcodes.get(self.postcode),
            former_unit: earlier.unit,
            former_home: earlier.home,
            born: Birth::of(self.born),
            address: Address { house: self.house, street: self.street },
            forename: self.forename,
            middle: self.middle,
            surname: self.surname,
            former: earlier.surname,
            town: self.town,
            email: self.email,
            phone: self.phone,
            number: self.number,
            sex: self.sex,
            ..Record::default()
        }
    }
}

/// How many records have each value by which rarity is judged.
#[derive(Debug, Default)]
pub(super) struct Counts {
    all: u64,
    forenames: Vec<u32>,
    surnames: Vec<u32>,
    emails: Vec<u32>,
    phones: Vec<u32>,
    further: Vec<u32>,
    births: HashMap<u32, u32>,
    former: [u64; 3],
}

impl Counts {
    /// Counts a record in, or out.
    pub(super) fn note(&mut self, of: &Record, is_in: bool) {
        let step = |count: u32| if is_in { count + 1 } else { count.saturating_sub(1) };
        let all = if is_in { self.all + 1 } else { self.all.saturating_sub(1) };
        self.all = all;
        for (counts, code) in [
            (&mut self.forenames, of.forename),
            (&mut self.surnames, of.surname),
            (&mut self.emails, of.email),
            (&mut self.phones, of.phone),
            (&mut self.further, of.number),
        ] {
            let at = index(code);
            if counts.len() <= at {
                counts.resize(at + 1, 0);
            }
            if let Some(count) = counts.get_mut(at) {
                *count = step(*count);
            }
        }
        let count = self.births.entry(of.born.digits).or_default();
        *count = step(*count);
        if *count == 0 {
            self.births.remove(&of.born.digits);
        }
        let has = [of.former != 0, of.former_unit != 0, of.former_home != 0];
        for (count, has) in self.former.iter_mut().zip(has) {
            let has = u64::from(has);
            *count = if is_in { *count + has } else { count.saturating_sub(has) };
        }
    }

    /// How many have something of earlier days by which a rule finds; all, for any other rule.
    pub(super) fn have_earlier(&self, rule: usize) -> u64 {
        let own = rule.checked_sub(17).and_then(|at| self.former.get(at));
        own.copied().unwrap_or(self.all)
    }

    /// How rare a forename is with one more who asks.
    pub(super) fn forename(&self, name: u32, more: u32, asking: u64) -> u8 {
        rarity(get(&self.forenames, name) + more, self.all + asking)
    }

    /// How rare a surname is with one more who asks.
    pub(super) fn surname(&self, name: u32, more: u32, asking: u64) -> u8 {
        rarity(get(&self.surnames, name) + more, self.all + asking)
    }

    /// Whether a date of birth stands for something else.
    pub(super) fn is_common(&self, born: Birth, more: u32, asking: u64) -> bool {
        let many = self.births.get(&born.digits).copied().unwrap_or(0);
        let dates = wide(self.births.len()) + u64::from(many == 0 && more > 0);
        born.digits != 0 && is_common(many + more, dates, self.all + asking)
    }

    /// Takes away what more records share than one person has, one more who asks included.
    pub(super) fn own(&self, record: &mut Record, asking: Option<&Record>) {
        let shared = |counts: &[u32], code: u32, theirs: Option<u32>| {
            code != 0 && get(counts, code) + u32::from(theirs == Some(code)) > SHARED_MAX
        };
        if shared(&self.emails, record.email, asking.map(|of| of.email)) {
            record.email = 0;
        }
        if shared(&self.phones, record.phone, asking.map(|of| of.phone)) {
            record.phone = 0;
        }
        if shared(&self.further, record.number, asking.map(|of| of.number)) {
            record.number = 0;
        }
    }
}

fn get(counts: &[u32], code: u32) -> u32 {
    counts.get(index(code)).copied().unwrap_or(0)
}
