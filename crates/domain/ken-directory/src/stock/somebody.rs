//! Finding in a text what would name somebody: a number that a register gave one person, a day that
//! may be a birth, or the words for either.
//!
//! It is a net under the rule that business information names nobody who is cared for. It cannot
//! know a name; whoever writes is told the rule as well.

use ken_core::identifier::{CHI_SYSTEM, HEALTH_AND_CARE_SYSTEM, Identifier, NHS_SYSTEM};

/// Numbers of ten digits that belong to one person.
const NUMBERS: [&str; 3] = [CHI_SYSTEM, NHS_SYSTEM, HEALTH_AND_CARE_SYSTEM];
/// Digits of such a number.
const DIGITS: usize = 10;
/// Words after which somebody stands.
const WORDS: [&str; 6] = ["chi", "nhs no", "date of birth", "dob", "d.o.b", "born"];

/// What in a text would name somebody, in words; none where nothing is found.
#[must_use]
pub fn found(text: &str) -> Option<&'static str> {
    let lower = lowered(text);
    if has_number(&lower) {
        return Some("a CHI, NHS or Health and Care number");
    }
    if has_day(&lower) {
        return Some("a whole date, which may be somebody’s birth");
    }
    let is_word = |word: &str| {
        lower.match_indices(word).any(|(at, _)| {
            let (before, after) = (lower.get(..at), lower.get(at + word.len()..));
            let ends = |of: Option<char>| of.is_none_or(|sign| !sign.is_alphanumeric());
            ends(before.and_then(|text| text.chars().next_back()))
                && ends(after.and_then(|text| text.chars().next()))
        })
    };
    WORDS.into_iter().any(is_word).then_some("words that stand before somebody’s details")
}

/// Whether a number that belongs to one person stands in a text.
pub(crate) fn is_numbered(text: &str) -> bool {
    has_number(&lowered(text))
}

/// A text as it is looked through.
fn lowered(text: &str) -> String {
    let blank = |sign: char| if sign.is_whitespace() { ' ' } else { sign };
    let lower: String = text.to_lowercase().chars().map(blank).collect();
    // A number with its country in front is a telephone's.
    lower.replace("+44 ", "0").replace("+44", "0")
}

/// Whether ten digits, together or in groups, are a number of a person. A letter, or what parts one
/// thing from the next, ends a run of groups; whatever else stands between them does not.
fn has_number(text: &str) -> bool {
    let is_end = |sign: char| {
        let is_word = sign.is_alphanumeric() || ",;(".contains(sign);
        is_word && !sign.is_ascii_digit()
    };
    text.split(is_end).any(|run| {
        let groups = run.split(|sign: char| !sign.is_ascii_digit());
        let groups: Vec<_> = groups.filter(|group| !group.is_empty()).collect();
        (0..groups.len()).any(|from| {
            let mut digits = String::new();
            groups.iter().skip(from).any(|group| {
                digits.push_str(group);
                let is_of = |system: &&str| Identifier::parse(system, &digits).is_ok();
                digits.len() == DIGITS && NUMBERS.iter().any(is_of)
            })
        })
    })
}

/// Whether a day stands in it, in figures: `2/3/1948`, `02.03.48`, `1948-03-02`.
fn has_day(text: &str) -> bool {
    text.split(|sign: char| !(sign.is_ascii_digit() || "/.-".contains(sign))).any(|run| {
        let parts: Vec<_> = run.trim_matches(['/', '.', '-']).split(['/', '.', '-']).collect();
        parts.windows(3).any(|three| {
            let number = |part: &&str| part.parse::<u16>().ok().filter(|_| part.len() <= 4);
            let [a, b, c] = three else { return false };
            let (Some(first), Some(month), Some(last)) = (number(a), number(b), number(c)) else {
                return false;
            };
            let is_day = |day| (1..=31).contains(&day);
            let is_year = |part: &&str| matches!(part.len(), 2 | 4);
            (1..=12).contains(&month)
                && (is_day(first) && is_year(c) || a.len() == 4 && is_day(last))
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_name_somebody_is_found_and_what_would_not_passes() {
        for text in [
            "for 9990000018",
            "for 999 000 0018 upstairs",
            "bed 4,999-000-0018",
            "for 999\u{a0}000\u{a0}0018",
            "for 999.000.0018",
            "for 999\u{2013}000/0018",
            "NHS\u{a0}no: ask",
            "held for a woman of 2/3/1948",
            "held for 02.03.48",
            "since 1948-03-02",
            "CHI on request",
            "Born in Leith",
            "DOB: ask",
        ] {
            assert!(found(text).is_some(), "{text}");
        }
        for text in [
            "Hospital bed, height 30-80 cm",
            "01632 960 001",
            "Strategic plan 2026-2029",
            "0131 496 0000 ext 12",
            "+44 999 000 0018",
            "+44\u{a0}999\u{a0}000\u{a0}0018",
            "Children’s chairs, sizes 1/2/3",
            "Store 12, Leith; open 9.00-17.00",
            "Chimney cowls and airborne filters",
            "Version 2.13.1",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_found_wherever_it_stands_and_however_it_is_grouped(
            before in "[a-zé ]{0,12}[a-zé,(]", after in "[a-zé,)][a-zé ]{0,12}",
            cuts in prop::collection::btree_set(1_usize..10, 0..4),
        ) {
            let mut number = "9990000018".to_owned();
            for cut in cuts.into_iter().rev() {
                number.insert(cut, ' ');
            }
            let text = format!("{before} {number} {after}");
            prop_assert!(found(&text).is_some());
        }

        #[test]
        fn no_text_before_it_hides_a_number(text in ".{0,80}") {
            let text = format!("{text}; 9990000018");
            prop_assert!(found(&text).is_some());
        }
    }
}
