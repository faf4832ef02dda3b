//! Two records become a pattern.
//!
//! # Invariants
//!
//! - Symmetric: who is left and who is right changes nothing.
//! - A comparison that is remembered equals one that is made again.
//!
//! # Sources
//!
//! - Jaro-Winkler bounds .92, .85 and .70 and the letters' bound are the identity design's.

use rapidfuzz::distance::jaro_winkler;

use crate::birth::Birth;
use crate::further::is_near;
use crate::name::Name;
use crate::number::{index, mix};
use crate::pattern::{Levels, Pattern};
use crate::table::{Record, Table};

/// Levels of the fields, by name; the words of [`crate::Field::levels`] say what they mean.
pub(crate) mod level {
    pub(crate) const MISSING: u8 = 0;
    pub(crate) const DIFFERS: u8 = 1;

    pub(crate) const NAME_LITTLE: u8 = 2;
    pub(crate) const FORENAME_INITIAL: u8 = 3;
    pub(crate) const FORENAME_ALIKE: u8 = 4;
    pub(crate) const FORENAME_NICKNAME: u8 = 5;
    pub(crate) const FORENAME_NEARLY: u8 = 6;
    pub(crate) const NAME_SWAPPED: u8 = 7;
    pub(crate) const NAME_SAME: u8 = 8;
    pub(crate) const NAME_USUAL: u8 = 9;

    pub(crate) const SURNAME_ALIKE: u8 = 3;
    pub(crate) const SURNAME_NEARLY: u8 = 4;
    pub(crate) const SURNAME_PART: u8 = 5;
    pub(crate) const SURNAME_FORMER: u8 = 6;

    pub(crate) const MIDDLE_INITIAL: u8 = 2;
    pub(crate) const MIDDLE_ALIKE: u8 = 3;
    pub(crate) const MIDDLE_SAME: u8 = 4;

    pub(crate) const BORN_YEAR: u8 = 2;
    pub(crate) const BORN_FORTY_DAYS: u8 = 3;
    pub(crate) const BORN_VAGUE: u8 = 4;
    pub(crate) const BORN_TWO_DIGITS: u8 = 5;
    pub(crate) const BORN_ONE_DIGIT: u8 = 6;
    pub(crate) const BORN_SWAPPED: u8 = 7;
    pub(crate) const BORN_COMMON: u8 = 8;
    pub(crate) const BORN_SAME: u8 = 9;

    pub(crate) const PLACE_AREA: u8 = 2;
    pub(crate) const PLACE_DISTRICT: u8 = 3;
    pub(crate) const PLACE_SECTOR: u8 = 4;
    pub(crate) const PLACE_OTHER_HOUSE: u8 = 5;
    pub(crate) const PLACE_POSTCODE: u8 = 6;
    pub(crate) const PLACE_HOUSE: u8 = 7;
    pub(crate) const PLACE_SAME: u8 = 8;
    pub(crate) const PLACE_FORMER: u8 = 9;

    pub(crate) const SAME: u8 = 2;

    pub(crate) const CONTACT_NEARLY: u8 = 2;
    pub(crate) const CONTACT_PHONE: u8 = 3;
    pub(crate) const CONTACT_EMAIL: u8 = 4;

    pub(crate) const CHI_DOUBTFUL: u8 = 2;
    pub(crate) const CHI_SLIP: u8 = 3;
    pub(crate) const CHI_SAME: u8 = 4;

    pub(crate) const NUMBER_NEAR: u8 = 2;
    pub(crate) const NUMBER_SAME: u8 = 3;
}

/// What is known of the values whose codes are compared.
pub(crate) trait Known {
    /// What is known of a name.
    fn name(&self, code: u32) -> Name;
    /// The folded text of a name.
    fn name_text(&self, code: u32) -> &[u8];
    /// The text of a street.
    fn street(&self, code: u32) -> &[u8];
    /// The text of a town.
    fn town(&self, code: u32) -> &[u8];
    /// The text of an e-mail address.
    fn email(&self, code: u32) -> &[u8];
    /// The text of a further number.
    fn further(&self, code: u32) -> &[u8];
    /// How rare a forename is, from 0 to 2.
    fn forename_rarity(&self, name: u32) -> u8;
    /// How rare a surname is, from 0 to 2.
    fn surname_rarity(&self, name: u32) -> u8;
    /// Whether far more people have this date of birth than any true date would have.
    fn is_common_birth(&self, born: Birth) -> bool;
}

/// How many comparisons of names are remembered: more would not stay in a core's own cache.
const REMEMBERED: usize = 1 << 15;

/// Compares records of one table.
pub(crate) struct Comparer<'a, K> {
    known: &'a K,
    /// Pairs of names and how alike they are; its length is a power of two.
    memo: Vec<(u64, u8)>,
}

impl<'a, K: Known> Comparer<'a, K> {
    pub(crate) fn new(known: &'a K) -> Self {
        Self { known, memo: vec![(0, 0); REMEMBERED] }
    }

    /// For a few comparisons, of which nothing is remembered for long.
    pub(crate) fn brief(known: &'a K) -> Self {
        Self { known, memo: vec![(0, 0)] }
    }

    /// How two records agree.
    pub(crate) fn compare(&mut self, a: &Record, b: &Record) -> Pattern {
        Pattern::of(self.levels(a, b))
    }

    fn levels(&mut self, a: &Record, b: &Record) -> Levels {
        [
            self.forename(a, b),
            self.surname(a, b),
            self.middle(a, b),
            self.born(a, b),
            self.place(a, b),
            if a.sex == 0 || b.sex == 0 { 0 } else { 1 + u8::from(a.sex == b.sex) },
            self.contact(a, b),
            chi(a, b),
            nhs(a, b),
            self.further(a, b),
        ]
    }

    fn forename(&mut self, a: &Record, b: &Record) -> u8 {
        let (x, y) = (a.forename, b.forename);
        if x == 0 || y == 0 {
            return level::MISSING;
        }
        if x == y {
            return level::NAME_SAME + self.known.forename_rarity(x);
        }
        if x == b.middle || y == a.middle || is_turned(a, b) {
            return level::NAME_SWAPPED;
        }
        if a.nickname != 0 && a.nickname == b.nickname {
            return level::FORENAME_NICKNAME;
        }
        if a.forename_first == b.forename_first && (a.forename_len == 1 || b.forename_len == 1) {
            return level::FORENAME_INITIAL;
        }
        let letters = (a.forename_letters, b.forename_letters);
        let alike = self.alike((x, y), letters, (a.forename_len, b.forename_len));
        let sounds = a.forename_sound != 0 && a.forename_sound == b.forename_sound;
        match alike + u8::from(sounds) {
            0 => level::DIFFERS,
            1 => level::NAME_LITTLE,
            2 => level::FORENAME_ALIKE,
            _ => level::FORENAME_NEARLY,
        }
    }

    fn surname(&mut self, a: &Record, b: &Record) -> u8 {
        let (x, y) = (a.surname, b.surname);
        if x == 0 || y == 0 {
            return level::MISSING;
        }
        if x == y {
            return level::NAME_SAME + self.known.surname_rarity(x);
        }
        if x == b.former || y == a.former || (a.former != 0 && a.former == b.former) {
            return level::SURNAME_FORMER;
        }
        if is_turned(a, b) {
            return level::NAME_SWAPPED;
        }
        if (a.is_double || b.is_double) && self.shares_a_part(x, y) {
            return level::SURNAME_PART;
        }
        let letters = (a.surname_letters, b.surname_letters);
        let alike = self.alike((x, y), letters, (a.surname_len, b.surname_len));
        let sounds = a.surname_sound != 0 && a.surname_sound == b.surname_sound;
        match alike + u8::from(sounds) {
            0 => level::DIFFERS,
            1 => level::NAME_LITTLE,
            2 => level::SURNAME_ALIKE,
            _ => level::SURNAME_NEARLY,
        }
    }

    fn middle(&mut self, a: &Record, b: &Record) -> u8 {
        let (x, y) = (a.middle, b.middle);
        if x == 0 || y == 0 {
            return level::MISSING;
        }
        if x == y {
            return level::MIDDLE_SAME;
        }
        if a.middle_first != b.middle_first {
            return level::DIFFERS;
        }
        if a.middle_len == 1 || b.middle_len == 1 {
            return level::MIDDLE_INITIAL;
        }
        let (one, other) = (self.known.name(x), self.known.name(y));
        let letters = (one.letters, other.letters);
        let alike = self.alike((x, y), letters, (one.len, other.len));
        let is_alike = alike == 3 || (one.nickname != 0 && one.nickname == other.nickname);
        if is_alike { level::MIDDLE_ALIKE } else { level::DIFFERS }
    }

    fn born(&self, a: &Record, b: &Record) -> u8 {
        let (x, y) = (a.born, b.born);
        if x.digits == 0 || y.digits == 0 {
            return level::MISSING;
        }
        if x == y {
            let is_whole = x.digits & 0xff != 0;
            let same =
                if self.known.is_common_birth(x) { level::BORN_COMMON } else { level::BORN_SAME };
            return if is_whole { same } else { level::BORN_VAGUE };
        }
        let slips = x.slips(y);
        let days = x.days.abs_diff(y.days);
        match slips {
            _ if x.is_swapped(y) => level::BORN_SWAPPED,
            _ if x.may_be(y) => level::BORN_VAGUE,
            1 => level::BORN_ONE_DIGIT,
            2 => level::BORN_TWO_DIGITS,
            _ if days <= 40 => level::BORN_FORTY_DAYS,
            _ if days <= 366 => level::BORN_YEAR,
            _ => level::DIFFERS,
        }
    }

    fn place(&mut self, a: &Record, b: &Record) -> u8 {
        let (x, y) = (a.postcode, b.postcode);
        let both = a.address.street != 0 && b.address.street != 0;
        let one_house = both && a.address.house == b.address.house;
        if x.unit == 0 || y.unit == 0 {
            return match (both && one_house && a.address == b.address, self.one_town(a, b)) {
                (true, _) => level::PLACE_HOUSE,
                (false, Some(true)) => level::PLACE_AREA,
                (false, Some(false)) => level::DIFFERS,
                (false, None) => {
                    if both {
                        level::DIFFERS
                    } else {
                        level::MISSING
                    }
                }
            };
        }
        if x.unit == y.unit {
            return match (both, one_house && self.one_street(a, b)) {
                (false, _) => level::PLACE_POSTCODE,
                (true, true) => level::PLACE_SAME,
                (true, false) => level::PLACE_OTHER_HOUSE,
            };
        }
        if one_house && a.address == b.address && a.address.house != 0 {
            return level::PLACE_HOUSE;
        }
        if lived(a, b) || lived(b, a) {
            return level::PLACE_FORMER;
        }
        let same = |one: u32, other: u32| one != 0 && one == other;
        if same(x.sector, y.sector) || x.is_near(y) {
            level::PLACE_SECTOR
        } else if same(x.district, y.district) {
            level::PLACE_DISTRICT
        } else if same(x.area, y.area) {
            level::PLACE_AREA
        } else {
            level::DIFFERS
        }
    }

    /// Whether two lived in one town, as far as is known.
    fn one_town(&self, a: &Record, b: &Record) -> Option<bool> {
        if a.town == 0 || b.town == 0 {
            return None;
        }
        let text = |record: &Record| self.known.town(record.town);
        Some(a.town == b.town || jaro_winkler_at(text(a), text(b), 0.92) > 0.0)
    }

    /// E-mail tells more than a telephone, which a household shares.
    fn contact(&self, a: &Record, b: &Record) -> u8 {
        let (mail, phone) = (a.email != 0 && b.email != 0, a.phone != 0 && b.phone != 0);
        if mail && a.email == b.email {
            return level::CONTACT_EMAIL;
        }
        if phone && a.phone == b.phone {
            return level::CONTACT_PHONE;
        }
        if !mail {
            return if phone { level::DIFFERS } else { level::MISSING };
        }
        let text = |record: &Record| self.known.email(record.email);
        let is_near = jaro_winkler_at(text(a), text(b), 0.9) > 0.0;
        if is_near { level::CONTACT_NEARLY } else { level::DIFFERS }
    }

    fn further(&self, a: &Record, b: &Record) -> u8 {
        let (x, y) = (a.number, b.number);
        if x == 0 || y == 0 {
            level::MISSING
        } else if x == y {
            level::NUMBER_SAME
        } else if is_near(self.known.further(x), self.known.further(y)) {
            level::NUMBER_NEAR
        } else {
            level::DIFFERS
        }
    }

    /// Streets are alike, in one postcode.
    fn one_street(&self, a: &Record, b: &Record) -> bool {
        let (x, y) = (a.address.street, b.address.street);
        x == y || jaro_winkler_at(self.known.street(x), self.known.street(y), 0.88) > 0.0
    }

    fn shares_a_part(&self, x: u32, y: u32) -> bool {
        let (one, other) = (self.known.name(x), self.known.name(y));
        let shares = |parts: [u32; 2], whole: u32| parts.iter().any(|p| *p != 0 && *p == whole);
        shares(one.parts, y)
            || shares(other.parts, x)
            || one.parts.iter().any(|part| shares(other.parts, *part))
    }

    /// How alike two names are, from 0 to 3.
    fn alike(&mut self, (x, y): (u32, u32), letters: (u32, u32), lens: (u8, u8)) -> u8 {
        if !may_be_alike(letters, lens) {
            return 0;
        }
        let key = u64::from(x.min(y)) << 32 | u64::from(x.max(y));
        let at = usize::try_from(mix(key)).unwrap_or(0) & (self.memo.len() - 1);
        let Some(slot) = self.memo.get_mut(at) else { return 0 };
        if slot.0 != key {
            let (a, b) = (self.known.name_text(x), self.known.name_text(y));
            *slot = (key, spelling(a, b));
        }
        slot.1
    }
}

/// How alike two spellings are, from 0 to 3.
fn spelling(a: &[u8], b: &[u8]) -> u8 {
    // Jaro's matching is greedy and depends on the order.
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    let alike = jaro_winkler_at(a, b, 0.7);
    u8::from(alike >= 0.7) + u8::from(alike >= 0.85) + u8::from(alike >= 0.92)
}

/// Jaro-Winkler similarity, or 0 where it is below the bound.
fn jaro_winkler_at(a: &[u8], b: &[u8], bound: f64) -> f64 {
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    let args = jaro_winkler::Args::default().score_cutoff(bound);
    let alike = jaro_winkler::similarity_with_args(a.iter().copied(), b.iter().copied(), &args);
    alike.unwrap_or(0.0)
}

/// Whether Jaro-Winkler can reach .70 at all, by the letters that both have: with `c` letters in
/// common of `a` and `b` it is at most `(c/a + c/b + 1) / 3`.
fn may_be_alike((one, other): (u32, u32), (len, its): (u8, u8)) -> bool {
    let (len, its) = (u32::from(len), u32::from(its));
    let of = |len: u32, mine: u32, theirs: u32| len.saturating_sub((mine & !theirs).count_ones());
    let common = of(len, one, other).min(of(its, other, one));
    10 * common * (len + its) >= 11 * len * its
}

/// Whether one says that they lived where the other lives or lived.
fn lived(one: &Record, other: &Record) -> bool {
    let unit = one.former_unit;
    let home = one.former_home;
    (unit != 0 && (unit == other.postcode.unit || unit == other.former_unit))
        || (home != 0 && (home == other.address.home() || home == other.former_home))
}

/// Whether forename and surname stand in each other's place.
fn is_turned(a: &Record, b: &Record) -> bool {
    a.forename == b.surname && a.surname == b.forename
}

fn chi(a: &Record, b: &Record) -> u8 {
    let (x, y) = (a.chi, b.chi);
    if x.is_missing() || y.is_missing() {
        return level::MISSING;
    }
    if x.number() == y.number() {
        return level::CHI_SAME;
    }
    if x.is_sure() && y.is_sure() {
        return level::DIFFERS;
    }
    if x.edits(y) == Some(1) { level::CHI_SLIP } else { level::CHI_DOUBTFUL }
}

fn nhs(a: &Record, b: &Record) -> u8 {
    let (x, y) = (a.nhs, b.nhs);
    if x.is_missing() || y.is_missing() {
        level::MISSING
    } else if x.number() == y.number() {
        level::SAME
    } else {
        level::DIFFERS
    }
}

/// The pattern of two records of a table, by their numbers.
pub(crate) fn single(table: &Table, a: u32, b: u32) -> Pattern {
    let (a, b) = (table.records.get(index(a)), table.records.get(index(b)));
    match (a, b) {
        (Some(a), Some(b)) => Comparer::brief(table).compare(a, b),
        _ => Pattern::of(Levels::default()),
    }
}
