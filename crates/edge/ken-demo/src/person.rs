//! A person of the demo: who they are, and what each system calls them.
//!
//! # Invariants
//!
//! - Every number is impossible in life: a CHI's day is 32 to 39, an NHS number lies in the range
//!   that is never issued, a UCRN begins with `ZZ`.
//! - `Debug` is blind. They are made up, and treated as if they were not.

use std::fmt;

use jiff::civil::Date;
use ken_core::PartialDate;
use ken_core::identifier::{Chi, NhsNumber, Ucrn};

use crate::names::Sex;
use crate::organisation::Organisation;
use crate::place::{Address, Region};

/// Somebody who was made up.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Their place in the list; events name them by it.
    pub number: u32,
    /// What a story calls them: `morag`. Drawn people have none.
    pub handle: Option<&'static str>,
    /// Given name.
    pub given: String,
    /// Middle name.
    pub middle: Option<String>,
    /// Family name, today's.
    pub family: String,
    /// The family name they bore until a day.
    pub former: Option<(String, Date)>,
    /// What they like to be called.
    pub known_as: Option<&'static str>,
    /// As recorded.
    pub sex: Sex,
    /// Date of birth, as far as anybody knows it.
    pub born: PartialDate,
    /// The day they died.
    pub died: Option<Date>,
    /// Where they live.
    pub region: Region,
    /// People of one household share it.
    pub household: u32,
    /// Today's address; `None` for somebody without one.
    pub home: Option<Address>,
    /// The address they had until a day.
    pub moved: Option<(Address, Date)>,
    /// Telephone.
    pub phone: Option<String>,
    /// Community Health Index number.
    pub chi: Option<Chi>,
    /// NHS number, for those who came from England.
    pub nhs: Option<NhsNumber>,
    /// The councils' citizen number.
    pub ucrn: Option<Ucrn>,
    /// The language they speak best, where it is not English.
    pub language: Option<&'static str>,
    /// Whether they need an interpreter.
    pub interpreter: bool,
    /// Family and carers, as they want them known.
    pub kin: &'static [Kin],
    /// Their Named Person (`NP`) and Lead Professional (`LP`), by the practitioner's key.
    pub team: &'static [(&'static str, &'static str)],
    /// Whether this is what one source knows of somebody who may be one of several people.
    pub unclear: bool,
}

/// Someone close to a person: next of kin, carer, attorney.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kin {
    /// Given name.
    pub given: &'static str,
    /// Family name.
    pub family: &'static str,
    /// HL7 table 0063, as text: `daughter`, `carer`, `welfare attorney`.
    pub relationship: &'static str,
    /// The drama number to reach them by.
    pub phone: u64,
}

impl Person {
    /// The family name they bore on a day.
    #[must_use]
    pub fn family_on(&self, day: Date) -> &str {
        match &self.former {
            Some((family, until)) if day < *until => family,
            _ => &self.family,
        }
    }

    /// The address they had on a day.
    #[must_use]
    pub fn home_on(&self, day: Date) -> Option<&Address> {
        match &self.moved {
            Some((address, until)) if day < *until => Some(address),
            _ => self.home.as_ref(),
        }
    }

    /// Age in whole years on a day.
    #[must_use]
    pub fn age_on(&self, day: Date) -> i16 {
        self.born.age_on(day)
    }

    /// What an organisation's own system calls them.
    #[must_use]
    pub fn local_id(&self, organisation: &Organisation) -> String {
        organisation.local_id(self.number)
    }

    /// The citizen number of the `n`th person; no issued one begins with `ZZ`.
    #[must_use]
    pub fn impossible_ucrn(n: u32) -> Option<Ucrn> {
        Ucrn::parse(&format!("ZZ{n:08}")).ok()
    }

    /// The CHI of the `n`th person, whose sex digit fits.
    #[must_use]
    pub fn impossible_chi(n: u32, sex: Sex) -> Chi {
        // Strides of 402 keep people apart in day, month and year as well as in the serial.
        Chi::impossible(u64::from(n) * 402 + u64::from(sex == Sex::Male))
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person({})", self.number)
    }
}

/// A person whose names occur nowhere else: if one is found in a log, it leaked.
///
/// For the test kit: planted in every flow, then looked for in every log line, metric, error and
/// address. `n` below 10,000 gives different people.
#[must_use]
pub fn canary(n: u32, start: Date) -> Person {
    let number = 900_000 + n % 10_000;
    let sex = if n.is_multiple_of(2) { Sex::Female } else { Sex::Male };
    let born = start.saturating_sub(jiff::Span::new().days(12_000 + i64::from(n % 5_000)));
    Person {
        number,
        handle: None,
        given: format!("Kanarienvogel{}", letters(n)),
        middle: Some(format!("Pirol{}", letters(n))),
        family: format!("Quittengelb{}", letters(n)),
        former: None,
        known_as: None,
        sex,
        born: born.into(),
        died: None,
        region: Region::Glen,
        household: number,
        home: Some(Address::at(&format!("{} Zeisigsteig", n % 88 + 1), "Port Dunan", "XG3 7CV")),
        moved: None,
        phone: Some(crate::place::mobile(u64::from(n))),
        chi: Some(Person::impossible_chi(number, sex)),
        nhs: Some(NhsNumber::impossible(u64::from(number))),
        ucrn: Person::impossible_ucrn(number),
        language: None,
        interpreter: false,
        kin: &[],
        team: &[],
        unclear: false,
    }
}

/// A number in letters, so that names stay names.
fn letters(n: u32) -> String {
    let letter = |digit: u32| char::from_digit(digit % 10 + 10, 36).unwrap_or('a');
    [1_000, 100, 10, 1].iter().map(|power| letter(n / power)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_person_is_what_they_were_on_the_day() {
        let mut person = canary(1, date(2026, 11, 21));
        person.former = Some(("Before".into(), date(2025, 1, 1)));
        person.moved = Some((Address::at("1 Old Row", "Glenfern", "XG1 1CV"), date(2025, 6, 1)));
        assert_eq!(person.family_on(date(2024, 12, 31)), "Before");
        assert_eq!(person.family_on(date(2025, 1, 1)), person.family);
        assert_eq!(person.home_on(date(2025, 5, 31)).map(|home| home.town), Some("Glenfern"));
        assert_eq!(person.home_on(date(2025, 6, 1)).map(|home| home.town), Some("Port Dunan"));
    }

    #[test]
    fn canaries_differ_and_debug_is_blind() {
        let (one, two) = (canary(1, date(2026, 11, 21)), canary(2, date(2026, 11, 21)));
        assert_ne!(one.family, two.family);
        assert_ne!(one.chi, two.chi);
        assert_eq!(format!("{one:?}"), "Person(900001)");
    }
}
