//! Telephone numbers as links: whoever reads on a phone calls by touching.
//!
//! Source: Ofcom's National Telephone Numbering Plan (a number is dialled with 0 and 9 or 10 digits
//! after it) and ITU-T E.164 (at most 15 digits after a plus).

use maud::{Markup, html};

/// Digits of a number that begins with 0.
const NATIONAL: std::ops::RangeInclusive<usize> = 10..=11;
/// Digits of a number that begins with a plus.
const INTERNATIONAL: std::ops::RangeInclusive<usize> = 9..=15;
/// Digits of a short number, which is one only where nothing else stands beside it: 101, 111.
const SHORT: std::ops::RangeInclusive<usize> = 3..=6;

/// A number as a link.
pub(crate) fn link(number: &str) -> Markup {
    html! { a href={ "tel:" (dialled(number)) } { (number) } }
}

/// A text in which each telephone number is a link; what else it says stands as it is.
pub(crate) fn linked(text: &str) -> Markup {
    if is_short(text) {
        return link(text);
    }
    html! {
        @for run in runs(text) {
            @match number_in(run) {
                Some((before, number, after)) => { (before) (link(number)) (after) }
                None => (run),
            }
        }
    }
}

fn is_sign(sign: char) -> bool {
    sign.is_ascii_digit() || [' ', '-', '+'].contains(&sign)
}

/// The text in runs of what a number is written with, and of what it is not.
fn runs(text: &str) -> Vec<&str> {
    let (mut rest, mut runs) = (text, vec![]);
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|sign| is_sign(sign) != is_sign(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        runs.push(run);
        rest = after;
    }
    runs
}

/// The number that a run is, between what stands around it.
fn number_in(run: &str) -> Option<(&str, &str, &str)> {
    let number = run.trim_matches([' ', '-']);
    let (before, after) = run.split_once(number).filter(|_| !number.is_empty())?;
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let fits = match number.strip_prefix('+') {
        Some(rest) => !rest.contains('+') && INTERNATIONAL.contains(&digits),
        None => number.starts_with('0') && !number.contains('+') && NATIONAL.contains(&digits),
    };
    fits.then_some((before, number, after))
}

fn is_short(text: &str) -> bool {
    text.chars().all(|sign| sign.is_ascii_digit()) && SHORT.contains(&text.len())
}

/// What is dialled: digits, and a plus before them.
fn dialled(number: &str) -> String {
    number.chars().filter(|sign| sign.is_ascii_digit() || *sign == '+').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_number_in_a_text_is_a_link_and_nothing_else_is() {
        let check = |text: &str, want: &[&str]| {
            let shown = linked(text).into_string();
            rules::assert_part(&shown);
            let links: Vec<_> = shown.split("tel:").skip(1).collect();
            let links: Vec<_> = links.iter().filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!(links, want, "{text}: {shown}");
            let plain: String = shown
                .split('<')
                .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
                .collect();
            assert_eq!(plain, text, "what it says stands");
        };
        check("01632 960 001", &["01632960001"]);
        check("01632 960 001 (the desk of Glen)", &["01632960001"]);
        check("Beth, Glen, 01632 960 123, Monday to Friday, 9 to 5", &["01632960123"]);
        check("01632-960-001 or +44 1632 960 002.", &["01632960001", "+441632960002"]);
        check("101", &["101"]);
        check("Ask on 1 June 2027, between 9 and 5", &[]);
        check("2027-06-01 09:00", &[]);
        check("0131 555 0100 9 to 5", &[]);
        check("Room 0101", &[]);
        check("", &[]);
        check(" - ", &[]);
        check("01632 960 001 – Zoë", &["01632960001"]);
    }

    #[test]
    fn what_stands_around_a_number_is_escaped() {
        let shown = linked("<b> 01632 960 001").into_string();
        assert!(shown.starts_with("&lt;b&gt; <a href=\"tel:01632960001\">"), "{shown}");
        assert!(link("0<1").into_string().contains("tel:01\""));
    }
}
