//! How one account of somebody compares with another: names and dates of birth.
//!
//! A comparison says how far two accounts agree, and never "the same person": that is
//! [`crate::rule`]'s to say.
//!
//! # Invariants
//!
//! - Every comparison is symmetric.
//! - Silence is never agreement: a missing part, or a word that stands for "not yet named", is
//!   [`Given::Silent`] or [`Birth::Silent`].
//! - A given name that is merely *like* another does not agree: twins are called Jade and Jane.
//!
//! Sources: house policy. Short forms are those in everyday use in Scotland; a short form that is
//! as often a name of its own (Jack, Harry) is left out.

use jiff::civil::Date;
use ken_core::PartialDate;

use crate::demographics::NameKey;

/// How two family names compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Equal, a slip of one letter, or one of them with another name beside it.
    Agrees,
    /// Another name.
    Differs,
    /// One of them is missing.
    Silent,
}

/// How two lists of given names compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// The very same.
    Equal,
    /// One begins as the other, or is its usual short form.
    Agrees,
    /// A slip of one letter, an initial, or a later name in the first place.
    Varies,
    /// Another name.
    Differs,
    /// One of them is missing, or says that there is no name yet.
    Silent,
}

/// How two dates of birth compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Birth {
    /// The same whole day.
    Equal,
    /// What both know is the same, and both know at least the month.
    Agrees,
    /// The same year, and nothing more is known of one.
    Year,
    /// A slip: one part differs, or day and month have changed places.
    Near,
    /// Another date.
    Differs,
    /// One of them is missing.
    Silent,
}

/// Words that stand where a name will be.
const NOT_YET_NAMED: [&str; 12] = [
    "baby", "babe", "infant", "newborn", "twin", "triplet", "unknown", "male", "female", "unnamed",
    "boy", "girl",
];

/// Words that tell one baby of a birth from another, those of one list meaning the same.
const WHICH_BABY: [&[&str]; 3] = [
    &["1", "one", "i", "a", "first"],
    &["2", "two", "ii", "b", "second"],
    &["3", "three", "iii", "c"],
];
/// Words for a baby's sex, likewise.
const BABYS_SEX: [&[&str]; 2] = [&["boy", "male", "son"], &["girl", "female", "daughter"]];

/// Shortest name in which a slip of one letter is taken for a slip.
const SLIP_LETTERS_MIN: usize = 4;

/// (short form, names that it is short for).
const SHORT_FORMS: &[(&str, &[&str])] = &[
    ("abby", &["abigail"]),
    ("alex", &["alexander", "alexandra"]),
    ("andy", &["andrew"]),
    ("barbie", &["barbara"]),
    ("becky", &["rebecca"]),
    ("bella", &["isabella"]),
    ("beth", &["elizabeth", "bethany"]),
    ("bill", &["william"]),
    ("billy", &["william"]),
    ("bob", &["robert"]),
    ("bobby", &["robert"]),
    ("cath", &["catherine", "cathryn"]),
    ("cathy", &["catherine", "cathryn"]),
    ("charlie", &["charles", "charlotte"]),
    ("chris", &["christopher", "christine", "christina"]),
    ("dan", &["daniel"]),
    ("danny", &["daniel"]),
    ("dave", &["david"]),
    ("davie", &["david"]),
    ("debbie", &["deborah"]),
    ("ed", &["edward", "edwin"]),
    ("eddie", &["edward", "edwin"]),
    ("ewen", &["ewan"]),
    ("fred", &["frederick"]),
    ("greg", &["gregor", "gregory"]),
    ("jen", &["jennifer"]),
    ("jenny", &["jennifer"]),
    ("jim", &["james"]),
    ("jimmy", &["james"]),
    ("joe", &["joseph"]),
    ("kate", &["katherine", "kathryn", "catherine"]),
    ("kathy", &["katherine", "kathryn", "kathleen"]),
    ("ken", &["kenneth"]),
    ("kenny", &["kenneth"]),
    ("liz", &["elizabeth"]),
    ("maggie", &["margaret"]),
    ("matt", &["matthew"]),
    ("mike", &["michael"]),
    ("nick", &["nicholas"]),
    ("pat", &["patricia", "patrick"]),
    ("peggy", &["margaret"]),
    ("pete", &["peter"]),
    ("rob", &["robert"]),
    ("ron", &["ronald"]),
    ("ronnie", &["ronald", "veronica"]),
    ("sandy", &["alexander"]),
    ("steve", &["stephen", "steven"]),
    ("sue", &["susan", "suzanne"]),
    ("tom", &["thomas"]),
    ("tommy", &["thomas"]),
    ("tony", &["anthony", "antony"]),
    ("vicky", &["victoria"]),
    ("will", &["william"]),
];

/// Compares family names.
pub(crate) fn family(one: &NameKey, two: &NameKey) -> Family {
    let (one, two) = (one.family.reveal().as_str(), two.family.reveal().as_str());
    if one.is_empty() || two.is_empty() {
        return Family::Silent;
    }
    let beside =
        |whole: &str, part: &str| whole.contains(' ') && whole.split(' ').any(|w| w == part);
    let agrees = without_spaces(one) == without_spaces(two)
        || is_slip(one, two)
        || beside(one, two)
        || beside(two, one);
    if agrees { Family::Agrees } else { Family::Differs }
}

/// Compares given names.
pub(crate) fn given(one: &NameKey, two: &NameKey) -> Given {
    let words = |key: &NameKey| -> Vec<String> {
        let words = key.given.reveal().split(' ').filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let (one, two) = (words(one), words(two));
    let (Some(first), Some(second)) = (named(&one), named(&two)) else { return Given::Silent };
    if one == two {
        return Given::Equal;
    }
    let same_start = one.iter().zip(&two).skip(1).all(|(a, b)| a == b);
    if same_start && (first == second || is_short_for(first, second)) {
        return Given::Agrees;
    }
    let later = |word: &str, of: &[String]| of.iter().skip(1).any(|other| other == word);
    let initial = |short: &str, long: &str| short.chars().count() == 1 && long.starts_with(short);
    let varies = first == second
        || is_short_for(first, second)
        || is_slip(first, second)
        || initial(first, second)
        || initial(second, first)
        || later(first, &two)
        || later(second, &one);
    if varies { Given::Varies } else { Given::Differs }
}

/// Whether there is no given name yet, but at most a word that stands for one.
pub(crate) fn is_unnamed(given: &str) -> bool {
    given.split(' ').next().is_none_or(|first| first.is_empty() || NOT_YET_NAMED.contains(&first))
}

/// Whether what stands for two names tells two babies apart: the first and the second of twins, a
/// boy and a girl.
pub(crate) fn is_another_baby(one: &NameKey, two: &NameKey) -> bool {
    let (one, two) = (one.given.reveal().as_str(), two.given.reveal().as_str());
    let told = |name: &str, by: &[&[&str]]| {
        // What follows is the mother's name.
        let mut words = name.split(' ').take_while(|word| *word != "of");
        words.find_map(|word| by.iter().position(|same| same.contains(&word)))
    };
    let differ =
        |by: &[&[&str]]| told(one, by).zip(told(two, by)).is_some_and(|(one, two)| one != two);
    is_unnamed(one) && is_unnamed(two) && (differ(&WHICH_BABY) || differ(&BABYS_SEX))
}

/// The first given name, if it is one.
fn named(words: &[String]) -> Option<&str> {
    let first = words.first()?.as_str();
    (!NOT_YET_NAMED.contains(&first)).then_some(first)
}

/// Compares dates of birth.
pub(crate) fn birth(one: Option<PartialDate>, two: Option<PartialDate>) -> Birth {
    let (Some(one), Some(two)) = (one, two) else { return Birth::Silent };
    match (one.day(), two.day()) {
        (Some(one), Some(two)) if one == two => Birth::Equal,
        (Some(one), Some(two)) if is_near(one, two) => Birth::Near,
        (Some(_), Some(_)) => Birth::Differs,
        _ if !one.agrees_with(two) => Birth::Differs,
        _ if matches!((one, two), (PartialDate::Year(_), _) | (_, PartialDate::Year(_))) => {
            Birth::Year
        }
        _ => Birth::Agrees,
    }
}

/// Whether one date is the other with one part mistaken: the day, the month, a digit or two of the
/// year, or day for month.
fn is_near(one: Date, two: Date) -> bool {
    let same = [one.day() == two.day(), one.month() == two.month(), one.year() == two.year()];
    let swapped = one.year() == two.year() && one.day() == two.month() && one.month() == two.day();
    let generation = (one.year() - two.year()).abs() >= 10;
    (same.into_iter().filter(|same| *same).count() == 2 && !generation) || swapped
}

fn is_short_for(one: &str, two: &str) -> bool {
    let of = |short: &str, long: &str| {
        SHORT_FORMS.iter().any(|(form, names)| *form == short && names.contains(&long))
    };
    of(one, two) || of(two, one)
}

fn without_spaces(name: &str) -> String {
    name.chars().filter(|letter| *letter != ' ').collect()
}

/// Whether one is the other with one letter wrong, missing or added, or two neighbours exchanged.
fn is_slip(one: &str, two: &str) -> bool {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let (short, long) = if one.len() <= two.len() { (one, two) } else { (two, one) };
    if short.len() < SLIP_LETTERS_MIN || long.len() - short.len() > 1 {
        return false;
    }
    let start = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    let (short, long) =
        (short.get(start..).unwrap_or_default(), long.get(start..).unwrap_or_default());
    match (short, long) {
        ([a, b, short @ ..], [c, d, long @ ..]) if (a, b) == (d, c) && short == long => true,
        ([_, short @ ..], [_, long @ ..]) if short == long => true,
        (short, [_, long @ ..]) => short == long,
        (_, []) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(family: &str, given: &str) -> NameKey {
        NameKey::new(family, given)
    }

    #[test]
    fn families() {
        let check = |one: &str, two: &str, want| {
            assert_eq!(family(&key(one, "x"), &key(two, "x")), want, "{one} {two}");
            assert_eq!(family(&key(two, "x"), &key(one, "x")), want, "{two} {one}");
        };
        check("Sample", "SAMPLE", Family::Agrees);
        check("O'Neil", "Oneil", Family::Agrees);
        check("Mac Donald", "MacDonald", Family::Agrees);
        check("Sample", "Sampel", Family::Agrees);
        check("Sample", "Sampl", Family::Agrees);
        check("Sample", "Semple", Family::Agrees);
        check("Sample", "Sample-Reid", Family::Agrees);
        check("Sample", "Reid", Family::Differs);
        check("Reid", "Bain", Family::Differs);
        check("Kaur", "Karu", Family::Agrees);
        check("Lee", "Low", Family::Differs);
        check("", "Reid", Family::Silent);
        check("", "", Family::Silent);
    }

    #[test]
    fn givens() {
        let check = |one: &str, two: &str, want| {
            assert_eq!(given(&key("x", one), &key("x", two)), want, "{one} {two}");
            assert_eq!(given(&key("x", two), &key("x", one)), want, "{two} {one}");
        };
        check("Isla", "ISLA", Given::Equal);
        check("Isla", "Isla Rose", Given::Agrees);
        check("Margaret", "Peggy", Given::Agrees);
        check("Margaret Ann", "Peggy", Given::Agrees);
        check("Alexander", "Alexandra", Given::Differs);
        check("Jade", "Jane", Given::Varies);
        check("Isla Rose", "Isla Ann", Given::Varies);
        check("Rose Isla", "Isla", Given::Varies);
        check("I", "Isla", Given::Varies);
        check("Isla", "Jack", Given::Differs);
        check("Baby", "Isla", Given::Silent);
        check("Twin One", "Twin Two", Given::Silent);
        check("", "Isla", Given::Silent);
    }

    #[test]
    fn babies_without_a_name() {
        let check = |one: &str, two: &str, want| {
            assert_eq!(is_another_baby(&key("x", one), &key("x", two)), want, "{one} {two}");
            assert_eq!(is_another_baby(&key("x", two), &key("x", one)), want, "{two} {one}");
        };
        check("Twin 1", "Twin 2", true);
        check("Twin One", "TWIN II", true);
        check("Twin 1", "Baby One", false);
        check("Baby Boy", "Female", true);
        check("Baby Boy", "Male infant", false);
        check("Baby A of Ann", "Baby B of Ann", true);
        check("Baby of Ann B", "Baby of Ann A", false);
        check("Twin 1", "Baby", false);
        check("Twin 1", "Isla", false);
        check("", "Twin 1", false);
        for (given, want) in [("", true), ("baby of ann", true), ("isla", false)] {
            assert_eq!(is_unnamed(given), want, "{given}");
        }
    }

    #[test]
    fn births() {
        let check = |one: &str, two: &str, want| {
            assert_eq!(birth(one.parse().ok(), two.parse().ok()), want, "{one} {two}");
            assert_eq!(birth(two.parse().ok(), one.parse().ok()), want, "{two} {one}");
        };
        check("2017-03-14", "2017-03-14", Birth::Equal);
        check("2017-03-14", "2017-03", Birth::Agrees);
        check("2017-03", "2017-03", Birth::Agrees);
        check("2017-03-14", "2017", Birth::Year);
        check("2017-03-14", "2017-03-15", Birth::Near);
        check("2017-03-04", "2017-04-03", Birth::Near);
        check("2017-03-14", "2018-03-14", Birth::Near);
        check("1987-03-14", "2017-03-14", Birth::Differs);
        check("2017-03-14", "2018-04-14", Birth::Differs);
        check("2017-03-14", "2018", Birth::Differs);
        check("2017-03-14", "", Birth::Silent);
    }
}
