//! Addresses and telephone numbers that cannot be anybody's.
//!
//! # Invariants
//!
//! - No postcode begins with `X`, and none ends in a letter pair of `C I K M O V`: a postcode of
//!   ours breaks both rules, so that no letter can be delivered to it.
//! - Every number lies in a range that is set aside for drama.
//!
//! # Sources
//!
//! - Royal Mail, *Programmers' guide to PAF*: first letters Q, V and X are not used, and the
//!   inward letters C, I, K, M, O and V are not used.
//! - Ofcom, *Telephone numbers for use in TV and radio drama*: 01632 960000 to 960999 (no area),
//!   0131 496 0000 to 0999 (Edinburgh), 07700 900000 to 900999 (mobile).

use crate::Dice;

/// One of the two partnerships of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// Glen, where everything happens.
    Glen,
    /// Strath, its neighbour.
    Strath,
}

/// Where somebody lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// House or flat, and street.
    pub line: String,
    /// Town or village.
    pub town: &'static str,
    /// A postcode that nothing can be sent to.
    pub postcode: String,
}

const GLEN_TOWNS: &[&str] = &["Glenfern", "Kirkbrae", "Invermuir", "Port Dunan", "Auchenlea"];
const STRATH_TOWNS: &[&str] = &["Strathbirk", "Kilmorven", "Balfearn"];
const STREETS: &str = "\
    Rowan Bank, Curlew Road, Heron Wynd, Bracken Street, Harbour Brae, Kirk Lane, Lapwing \
    Drive, Mill Lade, Otter Place, Plover Terrace, Quarry Loan, Sorrel Gardens, Tattie Row, \
    Usher's Close, Wheatear Avenue, Yarrow Court, Whin Park, Dipper Crescent";
const INWARD: &[&str] = &["CV", "KM", "OC", "VI", "MK", "IO"];

impl Region {
    /// The towns of the region.
    #[must_use]
    pub const fn towns(self) -> &'static [&'static str] {
        match self {
            Self::Glen => GLEN_TOWNS,
            Self::Strath => STRATH_TOWNS,
        }
    }

    const fn postcode_area(self) -> &'static str {
        match self {
            Self::Glen => "XG",
            Self::Strath => "XS",
        }
    }
}

impl Address {
    /// Draws an address in a region.
    #[must_use]
    pub fn draw(region: Region, dice: &mut Dice) -> Self {
        let town_at = dice.below(region.towns().len() as u64);
        let town = usize::try_from(town_at).ok().and_then(|at| region.towns().get(at)).copied();
        let street = dice.pick_name(STREETS);
        let house = dice.between(1, 88);
        let line = if dice.chance(30) {
            format!("Flat {}/{}, {house} {street}", dice.between(0, 3), dice.between(1, 2))
        } else {
            format!("{house} {street}")
        };
        let postcode = format!(
            "{}{} {}{}",
            region.postcode_area(),
            town_at + 1,
            dice.between(1, 9),
            dice.pick(INWARD)
        );
        Self { line, town: town.unwrap_or_default(), postcode }
    }

    /// An address of a story, by hand.
    #[must_use]
    pub fn at(line: &str, town: &'static str, postcode: &str) -> Self {
        Self { line: line.to_owned(), town, postcode: postcode.to_owned() }
    }
}

/// The `n`th drama number of a kind; the range repeats after a thousand.
#[must_use]
pub fn mobile(n: u64) -> String {
    format!("07700 900{:03}", n % 1_000)
}

/// The `n`th drama number without an area.
#[must_use]
pub fn landline(n: u64) -> String {
    format!("01632 960{:03}", n % 1_000)
}

/// The `n`th drama number of an office in the city.
#[must_use]
pub fn office(n: u64) -> String {
    format!("0131 496 0{:03}", n % 1_000)
}

/// Whether a number lies in one of the ranges that are set aside for drama.
#[must_use]
pub fn is_drama_number(number: &str) -> bool {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.len() == 11
        && ["01632960", "01314960", "07700900"].iter().any(|range| digits.starts_with(range))
}

/// Whether a postcode is one that nothing can be sent to.
#[must_use]
pub fn is_impossible_postcode(postcode: &str) -> bool {
    let inward = postcode.rsplit(' ').next().unwrap_or_default();
    postcode.starts_with('X') && inward.chars().skip(1).all(|letter| "CIKMOV".contains(letter))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_can_be_sent_there(seed: u64, n in 0_u64..5_000) {
            for region in [Region::Glen, Region::Strath] {
                let address = Address::draw(region, &mut Dice::new(seed));
                prop_assert!(is_impossible_postcode(&address.postcode), "{}", address.postcode);
                prop_assert!(region.towns().contains(&address.town));
            }
            for number in [mobile(n), landline(n), office(n)] {
                prop_assert!(is_drama_number(&number), "{number}");
            }
        }
    }

    #[test]
    fn real_ones_are_told_apart() {
        for postcode in ["EH1 1AA", "G2 3CV", "XG1 1AA"] {
            assert!(!is_impossible_postcode(postcode), "{postcode}");
        }
        for number in ["0131 200 2000", "01632 961000", "999"] {
            assert!(!is_drama_number(number), "{number}");
        }
    }
}
