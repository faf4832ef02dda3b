//! A redline: what is taken away from a text and what is added, word by word.
//!
//! Additions and removals are said as well as marked, since neither colour nor a stroke is read
//! out (WCAG 2.2, 1.4.1).

use maud::{Markup, html};

/// Longest text, in words, that is compared word by word; a longer one is shown whole.
const WORDS_MAX: usize = 400;

/// A run of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Kept,
    Removed,
    Added,
}

/// The redline from one text to the other.
pub(crate) fn redline(before: &str, after: &str) -> Markup {
    if before == after {
        return html! { "As it stands" };
    }
    html! {
        @for (run, words) in runs(before, after) {
            @match run {
                Run::Kept => { (words) " " }
                Run::Removed => {
                    del { span.visually-hidden { "removed: " } (words) } " "
                }
                Run::Added => {
                    ins { span.visually-hidden { "added: " } (words) } " "
                }
            }
        }
    }
}

fn runs(before: &str, after: &str) -> Vec<(Run, String)> {
    let old: Vec<&str> = before.split_whitespace().collect();
    let new: Vec<&str> = after.split_whitespace().collect();
    if old.len() > WORDS_MAX || new.len() > WORDS_MAX {
        return vec![(Run::Removed, old.join(" ")), (Run::Added, new.join(" "))];
    }
    let mut runs: Vec<(Run, Vec<&str>)> = vec![];
    let mut note = |run: Run, word| match runs.last_mut() {
        Some((last, words)) if *last == run => words.push(word),
        _ => runs.push((run, vec![word])),
    };
    let common = common(&old, &new);
    let at = |i: usize, j: usize| common.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(one), Some(two)) if one == two => {
                note(Run::Kept, *one);
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), two) if two.is_none() || at(i + 1, j) >= at(i, j + 1) => {
                note(Run::Removed, *one);
                i += 1;
            }
            (_, Some(two)) => {
                note(Run::Added, *two);
                j += 1;
            }
            _ => break,
        }
    }
    runs.into_iter().map(|(run, words)| (run, words.join(" "))).collect()
}

/// How many words the rests of both texts have in common, in order, from each pair of places on.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut table = vec![vec![0; new.len() + 1]];
    for one in old.iter().rev() {
        let below = table.last().cloned().unwrap_or_default();
        let mut row = vec![0];
        for (j, two) in new.iter().enumerate().rev() {
            let of = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(0);
            let right = row.last().copied().unwrap_or(0);
            let next = if one == two { of(&below, j + 1) + 1 } else { of(&below, j).max(right) };
            row.push(next);
        }
        row.reverse();
        table.push(row);
    }
    table.reverse();
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::view::rules;

    #[test]
    fn what_is_removed_and_added_is_marked_and_said() {
        let shown = redline("gives Rowan <a> name", "gives Rowan a number").into_string();
        rules::assert_part(&shown);
        for want in ["gives Rowan", "removed: </span>&lt;a&gt; name", "added: </span>a number"] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        assert_eq!(redline("a", "a").into_string(), "As it stands");
        let check = |before: &str, after: &str, want: &[(Run, &str)]| {
            let want: Vec<_> = want.iter().map(|(run, text)| (*run, (*text).to_owned())).collect();
            assert_eq!(runs(before, after), want);
        };
        check("a b c", "a c", &[(Run::Kept, "a"), (Run::Removed, "b"), (Run::Kept, "c")]);
        check("", "a", &[(Run::Added, "a")]);
        check("a", "", &[(Run::Removed, "a")]);
        let long = "w ".repeat(WORDS_MAX + 1);
        assert_eq!(runs(&long, "w").len(), 2);
    }

    fn repeatable() -> ProptestConfig {
        let default = ProptestConfig::default();
        ProptestConfig { rng_seed: RngSeed::Fixed(4), ..default }
    }

    proptest! {
        #![proptest_config(repeatable())]
        #[test]
        fn a_redline_holds_both_texts(before in "([abc] ){0,12}", after in "([abc] ){0,12}") {
            let runs = runs(&before, &after);
            let side = |gone: Run| {
                let words = runs.iter().filter(|(run, _)| *run != gone).map(|(_, words)| &**words);
                words.collect::<Vec<_>>().join(" ")
            };
            prop_assert_eq!(side(Run::Added), before.trim());
            prop_assert_eq!(side(Run::Removed), after.trim());
        }
    }
}
