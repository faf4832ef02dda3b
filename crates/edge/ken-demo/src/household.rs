//! People drawn by the dice, in households, around the stories.
//!
//! # Invariants
//!
//! - No drawn person has the name and birth date of another: the index must find one person for
//!   each of them. Those it may not are in the stories.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;
use ken_core::identifier::NhsNumber;
use ken_core::normalise;

use crate::Dice;
use crate::names::{Origin, Sex};
use crate::person::Person;
use crate::place::{Address, Region, landline, mobile};

/// One household of six is Strath's. House policy: a neighbour is smaller than the place itself.
const STRATH_PERCENT: u64 = 16;

/// Draws people, by households, until there are at least `wanted` of them; their numbers begin at
/// `first`.
#[must_use]
pub fn draw(wanted: usize, first: u32, start: Date, dice: &Dice) -> Vec<Person> {
    let mut people = Vec::new();
    let mut taken = BTreeSet::new();
    for household in 0_u32.. {
        if people.len() >= wanted {
            break;
        }
        let number = first + u32::try_from(people.len()).unwrap_or_default();
        let mut family = Household::draw(number, start, dice.fork(u64::from(household)));
        people.extend(family.members(start, &mut taken));
    }
    people
}

/// Who lives together.
struct Household {
    number: u32,
    origin: Origin,
    region: Region,
    family: &'static str,
    home: Address,
    moved: Option<(Address, Date)>,
    phone: u64,
    dice: Dice,
}

/// A place in a household.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Adult,
    Partner,
    Child,
}

impl Household {
    fn draw(number: u32, start: Date, mut dice: Dice) -> Self {
        let origin = Origin::draw(&mut dice);
        let region = if dice.chance(STRATH_PERCENT) { Region::Strath } else { Region::Glen };
        let moved = dice.chance(8).then(|| {
            let until = start.saturating_sub(Span::new().days(dice.between(60, 1_500)));
            (Address::draw(region, &mut dice), until)
        });
        Self {
            number,
            origin,
            region,
            family: origin.family(&mut dice),
            home: Address::draw(region, &mut dice),
            moved,
            phone: dice.below(1_000),
            dice,
        }
    }

    fn members(&mut self, start: Date, taken: &mut BTreeSet<(String, String)>) -> Vec<Person> {
        let mut places = vec![Place::Adult];
        if self.dice.chance(58) {
            places.push(Place::Partner);
        }
        let young = self.dice.chance(42);
        for _ in 0..if young { self.dice.between(1, 3) } else { 0 } {
            places.push(Place::Child);
        }
        let adult_age = if young { self.dice.between(24, 47) } else { self.dice.between(22, 93) };
        let (mut number, mut people) = (self.number, Vec::new());
        for place in places {
            let person = self.member(number, place, adult_age, start);
            let born = person.born.to_string();
            if taken.insert((normalise(&format!("{} {}", person.given, person.family)), born)) {
                people.push(person);
                number += 1;
            }
        }
        people
    }

    fn member(&mut self, number: u32, place: Place, adult_age: i64, start: Date) -> Person {
        let dice = &mut self.dice;
        let age = match place {
            Place::Adult => adult_age,
            Place::Partner => (adult_age + dice.between(-6, 6)).max(19),
            Place::Child => dice.between(0, 17).min(adult_age - 18),
        };
        let born = start.saturating_sub(Span::new().years(age).days(dice.between(1, 364)));
        let sex = if dice.chance(51) { Sex::Female } else { Sex::Male };
        // A partner often keeps their own name.
        let own_name = place == Place::Partner && dice.chance(35);
        let family = if own_name { self.origin.family(dice) } else { self.family };
        let came_lately = self.origin.language().is_some() && dice.chance(40);
        let newborn = start.year() - born.year() < 1;
        Person {
            number,
            handle: None,
            given: self.origin.given(sex, dice).to_owned(),
            middle: dice.chance(55).then(|| self.origin.given(sex, dice).to_owned()),
            family: self.origin.inflect(family, sex),
            former: None,
            known_as: None,
            sex,
            born: born.into(),
            died: None,
            region: self.region,
            household: self.number,
            home: Some(self.home.clone()),
            moved: self.moved.clone().filter(|_| !newborn),
            phone: Some(if dice.chance(70) {
                mobile(200 + (self.phone + u64::from(number)) % 800)
            } else {
                landline(self.phone % 900)
            }),
            chi: Some(Person::impossible_chi(number, sex)),
            nhs: dice.chance(7).then(|| NhsNumber::impossible(u64::from(number))),
            ucrn: Person::impossible_ucrn(number),
            language: self.origin.language().filter(|_| came_lately),
            interpreter: came_lately && dice.chance(50),
            kin: &[],
            team: &[],
            unclear: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const START: Date = date(2026, 11, 21);

    #[test]
    fn numbers_run_on_and_households_are_shared() {
        let people = draw(500, 20, START, &Dice::new(1));
        assert!(people.iter().map(|person| person.number).eq((20..).take(people.len())));
        let households: BTreeSet<u32> = people.iter().map(|person| person.household).collect();
        assert!((150..350).contains(&households.len()), "{}", households.len());
        assert!(people.iter().any(|person| person.region == Region::Strath));
        assert!(people.iter().all(|person| (0..100).contains(&person.age_on(START))));
    }

    #[test]
    fn no_two_share_a_name_and_a_birth_date() {
        let people = draw(600, 0, START, &Dice::new(9));
        let seen: BTreeSet<_> =
            people.iter().map(|p| (normalise(&p.given), normalise(&p.family), p.born)).collect();
        assert_eq!(seen.len(), people.len());
    }
}
