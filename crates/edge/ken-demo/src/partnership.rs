//! The whole partnership, as a function of a seed and a start date.

use jiff::civil::Date;

use crate::event::Event;
use crate::person::Person;
use crate::{Account, Dice, account, history, household, story};

/// People in the demo: the stories, and drawn people up to this many.
pub const PEOPLE_MIN: usize = 540;

/// The seed of the demo. Any other gives another partnership around the same stories.
pub const SEED: u64 = 0x6b65_6e00_0001;

/// A made-up partnership: who is in it and what happened to them.
#[derive(Debug, Clone)]
pub struct Partnership {
    /// The day it starts; everything in it happened before.
    pub start: Date,
    /// Everybody, stories first; a person's number is their place.
    pub people: Vec<Person>,
    /// Everything that happened, in time order.
    pub events: Vec<Event>,
    /// Who can sign in.
    pub accounts: Vec<Account>,
}

impl Partnership {
    /// The partnership of a seed, at a start date.
    #[must_use]
    pub fn new(seed: u64, start: Date) -> Self {
        let dice = Dice::new(seed);
        let mut people = people_of_stories(start);
        let first = u32::try_from(people.len()).unwrap_or_default();
        let wanted = PEOPLE_MIN.saturating_sub(people.len());
        let drawn = household::draw(wanted, first, start, &dice.fork(1));
        let mut events: Vec<Event> = drawn
            .iter()
            .flat_map(|person| history::of(person, start, &dice.fork(2)))
            .chain(told(start))
            .collect();
        people.extend(drawn);
        // Stable: what one person's history says first stays first.
        events.sort_by_key(|event| (event.at, event.person));
        Self { start, people, events, accounts: account::accounts(&dice.fork(3), start) }
    }

    /// The person whom a story is about.
    #[must_use]
    pub fn person(&self, handle: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.handle == Some(handle))
    }
}

/// The people of the stories alone, in their order.
#[must_use]
pub fn people_of_stories(start: Date) -> Vec<Person> {
    (0..).zip(story::stories()).map(|(number, story)| story.person(number, start)).collect()
}

fn told(start: Date) -> impl Iterator<Item = Event> {
    (0..).zip(story::stories()).flat_map(move |(number, story)| story.events(number, start))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;
    use ken_core::identifier::{ChiDate, NumberRange};

    use super::*;
    use crate::place::{is_drama_number, is_impossible_postcode};

    const START: Date = date(2026, 11, 21);

    #[test]
    fn it_is_as_large_as_it_should_be() {
        let glen = Partnership::new(SEED, START);
        assert!(glen.people.len() >= 500);
        assert!((3_500..7_000).contains(&glen.events.len()), "{}", glen.events.len());
        assert!(glen.events.is_sorted_by_key(|event| event.at));
        let numbered = (0..).zip(&glen.people).all(|(at, person)| person.number == at);
        assert!(numbered);
    }

    #[test]
    fn it_is_a_function_of_seed_and_start() {
        let (one, two) = (Partnership::new(7, START), Partnership::new(7, START));
        assert_eq!((one.people, one.events), (two.people, two.events));
        let other = Partnership::new(8, START);
        assert_ne!(other.people, Partnership::new(7, START).people);
    }

    #[test]
    fn everything_about_everyone_is_impossible_in_life() {
        for seed in [1, 2, SEED] {
            let mut chis = BTreeSet::new();
            for person in Partnership::new(seed, START).people {
                if let Some(chi) = &person.chi {
                    assert_eq!(chi.date(), ChiDate::Impossible, "{person:?}");
                    assert!(chis.insert(chi.reveal().to_owned()), "{person:?}");
                }
                assert!(person.nhs.is_none_or(|nhs| nhs.range() == NumberRange::Test));
                assert!(person.ucrn.is_none_or(|ucrn| ucrn.reveal().starts_with("ZZ")));
                let homes = person.home.iter().chain(person.moved.iter().map(|(home, _)| home));
                for home in homes {
                    assert!(is_impossible_postcode(&home.postcode), "{}", home.postcode);
                }
                assert!(person.phone.is_none_or(|phone| is_drama_number(&phone)));
            }
        }
    }
}
