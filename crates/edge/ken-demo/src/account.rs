//! Who can sign in to the demo, and with what.
//!
//! # Invariants
//!
//! - Passwords and one-time secrets follow from the seed alone: they are printed on the screen and
//!   protect nobody.

use jiff::civil::Date;
use ken_core::AccountId;

use crate::Dice;
use crate::organisation::Organisation;
use crate::practitioner::{PRACTITIONERS, Practitioner};
use crate::story::{Story, stories};

/// A login of the demo.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, which follows from the seed too, so that a later start knows it.
    pub id: AccountId,
    /// Whose it is.
    pub holder: Holder,
    /// Their name.
    pub name: String,
    /// The organisation's name; empty for a person.
    pub organisation: &'static str,
    /// What they are to others, in words.
    pub role: &'static str,
    /// What they type to sign in.
    pub sign_in: String,
    /// Their password.
    pub password: String,
    /// The secret of their one-time codes: the 20 bytes that RFC 4226 recommends.
    pub one_time: [u8; 20],
    /// What to try first; people are named with what a search asks for.
    pub try_first: String,
}

/// Whose login it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A practitioner's.
    Practitioner(&'static Practitioner),
    /// A person's own, by the handle of their story.
    Person(&'static str),
}

impl Account {
    /// The secret as it is typed into an application: base 32 (RFC 4648).
    #[must_use]
    pub fn one_time_secret(&self) -> String {
        const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let letter = |five: u64| {
            let at = usize::try_from(five & 31).unwrap_or_default();
            char::from(BASE32.get(at).copied().unwrap_or(b'A'))
        };
        // Five bytes are eight letters; twenty bytes need no padding.
        let groups = self.one_time.chunks(5);
        groups
            .flat_map(|group| {
                let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
                (0..8).rev().map(move |at| letter(bits >> (5 * at)))
            })
            .collect()
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("sign_in", &self.sign_in).finish_non_exhaustive()
    }
}

/// Every login: practitioners first, then people.
#[must_use]
pub fn accounts(dice: &Dice, start: Date) -> Vec<Account> {
    let staff = PRACTITIONERS.iter().map(|one| staff(one, dice, start));
    let people = stories().filter_map(|story| own(story, dice));
    staff.chain(people).collect()
}

/// A text with the people of the stories in it, as a search wants to know them: `{morag}` becomes
/// her name, date of birth and CHI number.
fn named(text: &str, start: Date) -> String {
    let tell = |text: String, (number, story): (u32, &Story)| {
        let mark = format!("{{{}}}", story.handle);
        if !text.contains(&mark) {
            return text;
        }
        let person = story.person(number, start);
        let born = person.born.day();
        let born = born.map_or_else(|| person.born.to_string(), said);
        let chi = person.chi.map_or_else(String::new, |chi| format!(", CHI {}", chi.reveal()));
        let told = format!("{} {} (born {born}{chi})", person.given, person.family);
        text.replace(&mark, &told)
    };
    (0..).zip(stories()).fold(text.to_owned(), tell)
}

fn said(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

fn staff(practitioner: &'static Practitioner, dice: &Dice, start: Date) -> Account {
    let organisation = Organisation::find(practitioner.organisation);
    let domain = organisation.map_or("nowhere.example", |organisation| organisation.domain);
    let sign_in = format!("{}@{domain}", practitioner.key);
    Account {
        id: id(&sign_in, dice),
        holder: Holder::Practitioner(practitioner),
        name: practitioner.name.to_owned(),
        organisation: organisation.map_or("", |organisation| organisation.name),
        role: practitioner.title,
        password: password(&sign_in, dice),
        one_time: one_time(&sign_in, dice),
        sign_in,
        try_first: named(practitioner.try_first, start),
    }
}

fn own(story: &'static Story, dice: &Dice) -> Option<Account> {
    let try_first = story.try_first?;
    let sign_in = format!("{}@people.example", story.handle);
    Some(Account {
        id: id(&sign_in, dice),
        holder: Holder::Person(story.handle),
        name: format!("{} {}", story.given, story.family),
        organisation: "",
        role: "Own record",
        password: password(&sign_in, dice),
        one_time: one_time(&sign_in, dice),
        sign_in,
        try_first: try_first.to_owned(),
    })
}

/// Words that are easy to type and hard to mishear.
const WORDS: &str = "anchor, bramble, candle, dipper, ember, fiddle, garden, harbour, island, \
    jigsaw, kettle, lantern, marble, nettle, otter, pebble, quilt, ribbon, saddle, thistle, \
    umbrella, velvet, willow, yarrow";

fn password(sign_in: &str, dice: &Dice) -> String {
    let mut dice = dice.fork(label(sign_in));
    let words: Vec<&str> = WORDS.split(", ").collect();
    let drawn: Vec<&str> = (0..3).map(|_| dice.pick(&words)).collect();
    format!("{}-{}", drawn.join("-"), dice.between(10, 99))
}

fn id(sign_in: &str, dice: &Dice) -> AccountId {
    let mut dice = dice.fork(label(sign_in).rotate_left(13));
    let bits = u128::from(dice.next()) << 64 | u128::from(dice.next());
    AccountId::from_uuid(uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
}

fn one_time(sign_in: &str, dice: &Dice) -> [u8; 20] {
    let mut dice = dice.fork(label(sign_in).rotate_left(7));
    std::array::from_fn(|_| dice.next().to_le_bytes()[0])
}

/// FNV-1a: a name for a stream of dice.
fn label(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;

    const START: Date = date(2026, 11, 21);

    #[test]
    fn what_to_try_says_what_a_search_asks_for() {
        let all = accounts(&Dice::new(1), START);
        assert!(all.iter().all(|one| !one.try_first.contains(['{', '}'])));
        let rao = all.iter().find(|one| one.sign_in.starts_with("sunita.rao")).unwrap();
        assert!(
            rao.try_first.contains("Morag Drummond (born 1 July 1948, CHI 3"),
            "{}",
            rao.try_first
        );
    }

    #[test]
    fn everyone_signs_in_by_their_own() {
        let all = accounts(&Dice::new(1), START);
        let sign_ins: BTreeSet<_> = all.iter().map(|one| &one.sign_in).collect();
        let secrets: BTreeSet<_> = all.iter().map(Account::one_time_secret).collect();
        let ids: BTreeSet<_> = all.iter().map(|one| one.id).collect();
        assert_eq!((sign_ins.len(), secrets.len(), ids.len()), (all.len(), all.len(), all.len()));
        assert!(all.iter().all(|one| one.sign_in.ends_with(".example")));
        assert!(all.iter().all(|one| !one.try_first.is_empty() && one.password.len() >= 15));
        assert_eq!(all, accounts(&Dice::new(1), START));
        assert_ne!(all, accounts(&Dice::new(2), START));
    }

    #[test]
    fn a_secret_is_spelt_in_base_32() {
        let mut account = accounts(&Dice::new(1), START).remove(0);
        // RFC 4648 section 10, repeated to twenty bytes: "fooba" is MZXW6YTB.
        account.one_time = *b"foobafoobafoobafooba";
        assert_eq!(account.one_time_secret(), "MZXW6YTB".repeat(4));
    }

    #[test]
    fn at_least_one_person_and_one_of_each_organisation() {
        let all = accounts(&Dice::new(1), START);
        for organisation in crate::organisation::ORGANISATIONS {
            assert!(all.iter().any(|one| one.organisation == organisation.name));
        }
        assert!(all.iter().any(|one| one.holder == Holder::Person("morag")));
    }
}
