//! Two records side by side: each detail with its result in words, and the letters that differ
//! marked and said.
//!
//! Source: `ux.md` 4.24; nothing is carried by colour alone (WCAG 1.4.1).

use maud::{Markup, html};

use super::table::{self, Table};

/// How alike two details are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alike {
    /// Equal but for capitals, spaces and signs.
    Same,
    /// A letter or two apart.
    Close,
    /// Different.
    Different,
    /// One of them is not known, or may not be seen.
    Missing,
}

impl Alike {
    const fn words(self) -> &'static str {
        match self {
            Self::Same => "Same",
            Self::Close => "Close",
            Self::Different => "Different",
            Self::Missing => "Missing",
        }
    }
}

/// Most letters apart that still count as close. House policy: a slip of the finger or two.
const CLOSE_MAX: usize = 2;
/// Longest detail that is compared letter by letter.
const LETTERS_MAX: usize = 100;

/// How alike two details are.
pub(crate) fn alike(one: &str, two: &str) -> Alike {
    let (one, two) = (plain(one), plain(two));
    match (one.is_empty() || two.is_empty(), one == two) {
        (true, _) => Alike::Missing,
        (false, true) => Alike::Same,
        (false, false) if distance(&one, &two) <= CLOSE_MAX => Alike::Close,
        _ => Alike::Different,
    }
}

fn plain(text: &str) -> Vec<char> {
    let letters = text.chars().filter(|sign| sign.is_alphanumeric());
    letters.flat_map(char::to_lowercase).take(LETTERS_MAX).collect()
}

/// Letters to put in, leave out, change or swap with the next, to make one of the other.
///
/// Source: the optimal string alignment distance (Damerau 1964).
fn distance(one: &[char], two: &[char]) -> usize {
    let mut before: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=two.len()).collect();
    for (row, mine) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, theirs) in two.iter().enumerate() {
            let of = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX / 2);
            let changed = of(&last, column) + usize::from(mine != theirs);
            let mut fewest = changed.min(of(&last, column + 1) + 1).min(of(&next, column) + 1);
            let swapped = row > 0
                && column > 0
                && one.get(row - 1) == Some(theirs)
                && two.get(column - 1) == Some(mine);
            if swapped {
                fewest = fewest.min(of(&before, column - 1) + 1);
            }
            next.push(fewest);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or_default()
}

/// One detail of both records.
#[derive(Debug, Clone)]
pub(crate) struct Detail {
    /// What it is: "Date of birth".
    pub(crate) label: String,
    /// As the first record has it; empty where it does not.
    pub(crate) one: String,
    /// As the second record has it.
    pub(crate) two: String,
}

/// The table of two records.
pub(crate) fn show(id: &str, caption: &str, names: [&str; 2], details: &[Detail]) -> Markup {
    let [first, second] = names;
    let rows = details.iter().map(|detail| {
        let alike = alike(&detail.one, &detail.two);
        let ends = match alike {
            Alike::Close => Some(common(&detail.one, &detail.two)),
            Alike::Same | Alike::Different | Alike::Missing => None,
        };
        vec![
            html! { (detail.label) },
            side(&detail.one, ends),
            side(&detail.two, ends),
            html! { (alike.words()) },
        ]
    });
    let columns = &["Detail", first, second, "Result"];
    table::show(&Table { id, caption, columns, rows: rows.collect() })
}

/// One side of a detail; what differs stands between marks that are seen and read out.
fn side(text: &str, ends: Option<(usize, usize)>) -> Markup {
    if text.is_empty() {
        return html! { "Not known, or not shown" };
    }
    let Some((front, back)) = ends else { return html! { (text) } };
    let count = text.chars().count();
    let part = |from: usize, to: usize| -> String {
        text.chars().skip(from).take(to.saturating_sub(from)).collect()
    };
    html! {
        (part(0, front))
        "[" mark { (part(front, count.saturating_sub(back))) } "]"
        (part(count.saturating_sub(back), count))
    }
}

/// How many letters two details share at the front, and then at the back.
fn common(one: &str, two: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a.to_lowercase().eq(b.to_lowercase());
    let front = one.chars().zip(two.chars()).take_while(same).count();
    let rest = one.chars().count().min(two.chars().count()).saturating_sub(front);
    let back = one.chars().rev().zip(two.chars().rev()).take_while(same).count();
    (front, back.min(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn details_are_the_same_close_different_or_missing() {
        let check = |one, two, want| {
            assert_eq!(alike(one, two), want, "{one} {two}");
            assert_eq!(alike(two, one), want, "{two} {one}");
        };
        check("Isla SAMPLE", "isla sample", Alike::Same);
        check("990317 0000", "9903170000", Alike::Same);
        check("SAMPLE", "SAMPEL", Alike::Close);
        check("Ann", "Anne", Alike::Close);
        check("14 Mar 2017", "03 Apr 2017", Alike::Different);
        check("", "Anne", Alike::Missing);
        check("", "", Alike::Missing);
        check("- -", "Anne", Alike::Missing);
    }

    #[test]
    fn a_swap_counts_as_one() {
        let distance = |one: &str, two: &str| super::distance(&plain(one), &plain(two));
        assert_eq!(distance("sample", "sampel"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }

    #[test]
    fn what_differs_is_marked() {
        let detail = |one: &str, two: &str| Detail {
            label: "Name".into(),
            one: one.into(),
            two: two.into(),
        };
        let details = [detail("SAMPLE", "SAMPEL"), detail("aa", "aaa"), detail("", "<b>")];
        let shown = show("t", "Details", ["Record 1", "Record 2"], &details).into_string();
        rules::assert_part(&shown);
        for want in ["SAMP[<mark>LE</mark>]", "SAMP[<mark>EL</mark>]", "aa[<mark>a</mark>]"] {
            assert!(shown.contains(want), "{want} is not in {shown}");
        }
        assert!(shown.contains("Not known, or not shown") && shown.contains("&lt;b&gt;"));
    }
}
