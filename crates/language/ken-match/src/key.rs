//! The keys under which records are looked up, one for each rule of [`crate::block`].

use crate::name::Named;
use crate::number::mix;
use crate::table::Record;

/// The key of a record by one rule.
pub(crate) fn key_of(known: &impl Named, record: &Record, rule: usize) -> u64 {
    let forename = || forename_class(record);
    let surname = || surname_class(record);
    let day = || if record.born.day() == 0 { 0 } else { u64::from(record.born.either_way()) };
    let year = || u64::from(record.born.digits >> 16);
    let district = || u64::from(record.postcode.district);
    let starts = |name: u32| known.name(name).starts.map(u64::from);
    let unit = record.postcode.unit;
    match rule {
        0 => key(0, &[record.chi.number()]),
        1 => key(1, &[record.nhs.number()]),
        2 => key(2, &[surname(), day()]),
        3 => key(3, &[forename(), day()]),
        4 => key(4, &[district(), day()]),
        5 => key(5, &[unit, forename()]),
        6 => key(6, &[unit, surname()]),
        7 => key(7, &[forename(), surname(), year()]),
        8 => key(8, &[u64::from(record.town), day()]),
        9 => {
            let ([_, three, _], [_, _, four]) = (starts(record.forename), starts(record.surname));
            key(9, &[three, four])
        }
        10 => key(10, &[district(), forename()]),
        11 => key(11, &[district(), surname()]),
        12 => {
            let ([one, ..], [other, ..]) = (starts(record.forename), starts(record.surname));
            let month = if record.born.has_month() { record.born.digits >> 8 } else { 0 };
            key(12, &[one, other, u64::from(month)])
        }
        13 => key(13, &[turned(record), year()]),
        14 => key(14, &[house(record), forename()]),
        15 => key(15, &[u64::from(record.email)]),
        16 => key(16, &[u64::from(record.phone)]),
        17 => key(17, &[earlier_surname(known, record), day()]),
        18 => key(18, &[earlier_unit(record), forename()]),
        19 => key(19, &[earlier_home(record), forename()]),
        _ => key(20, &[u64::from(record.number)]),
    }
}

/// Of a rule of earlier days, the key by which those are found who have now what the record had,
/// and by which rule.
pub(crate) fn key_now(known: &impl Named, record: &Record, rule: usize) -> Option<(usize, u64)> {
    let day = || if record.born.day() == 0 { 0 } else { u64::from(record.born.either_way()) };
    match rule {
        17 => Some((2, key(2, &[earlier_surname(known, record), day()]))),
        18 => Some((5, key(5, &[earlier_unit(record), forename_class(record)]))),
        19 => Some((14, key(14, &[earlier_home(record), forename_class(record)]))),
        _ => None,
    }
}

/// Whether a record says itself by what a rule of earlier days finds it.
pub(crate) fn has_earlier(record: &Record, rule: usize) -> bool {
    match rule {
        17 => record.former != 0,
        18 => record.former_unit != 0,
        19 => record.former_home != 0,
        _ => true,
    }
}

/// Both names, whichever stands first.
fn turned(record: &Record) -> u64 {
    let (a, b) = (u64::from(record.forename), u64::from(record.surname));
    if a == 0 || b == 0 { 0 } else { mix(mix(a.min(b)) ^ a.max(b)) | 1 }
}

fn house(record: &Record) -> u64 {
    let house = u64::from(record.address.house) << 32 | u64::from(record.address.street);
    if record.address.street == 0 { 0 } else { house }
}

// What one has as former, the other has as its own.

fn earlier_surname(known: &impl Named, record: &Record) -> u64 {
    match name_class(known.name(record.former).sound, record.former) {
        0 => surname_class(record),
        former => former,
    }
}

fn earlier_unit(record: &Record) -> u64 {
    if record.former_unit == 0 { record.postcode.unit } else { record.former_unit }
}

fn earlier_home(record: &Record) -> u64 {
    if record.former_home == 0 { record.address.home() } else { record.former_home }
}

/// A key of some parts; 0, which is no key, where one is missing.
fn key(rule: u64, parts: &[u64]) -> u64 {
    if parts.contains(&0) {
        return 0;
    }
    parts.iter().fold(mix(rule + 1), |all, part| mix(all.rotate_left(21) ^ part)) | 1
}

/// The class by which a forename is looked up: of nicknames, else of sound, else its own.
pub(crate) fn forename_class(record: &Record) -> u64 {
    let name = |mark: u64, code: u32| if code == 0 { 0 } else { mark << 32 | u64::from(code) };
    [name(1, u32::from(record.nickname)), name(2, record.forename_sound), name(3, record.forename)]
        .into_iter()
        .find(|class| *class != 0)
        .unwrap_or(0)
}

pub(crate) fn surname_class(record: &Record) -> u64 {
    name_class(record.surname_sound, record.surname)
}

fn name_class(sound: u32, own: u32) -> u64 {
    let (sound, own) = (u64::from(sound), u64::from(own));
    if sound != 0 {
        1 << 32 | sound
    } else if own != 0 {
        2 << 32 | own
    } else {
        0
    }
}
