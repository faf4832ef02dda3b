//! What whoever comes in a hurry reads first: the newest Key Information Summary that they may see.
//!
//! One that came as a message and one that was signed in Ken are of one kind of information and one
//! name, so that one box has the newest of either, and says of the others that they are there.

use std::cmp::Reverse;

use jiff::Timestamp;
use ken_care::form::{Makes, origin};
use ken_fhir::{DocumentReference, line};

use super::{Held, author, said, sections, standing};
use crate::view::words;

/// What messages call it (`docs/messages.md`).
const CODE: &str = "KIS";

/// Whether something is such a summary.
pub(crate) fn is_key(held: &Held) -> bool {
    let code = || DocumentReference::of(&held.resource).and_then(DocumentReference::code);
    let form = || origin::form_of(held.resource.value());
    held.category.as_str() == Makes::Summary.category()
        && (code() == Some(CODE) || form().is_some_and(|form| form.makes == Makes::Summary))
}

/// The newest, its parts together, and of each other its title, day and author.
pub(super) fn key(held: &[Held]) -> Vec<(String, String)> {
    let mut all: Vec<&Held> = standing(held).filter(|one| is_key(one)).collect();
    all.sort_by_key(|one| (Reverse(at(one)), title(one)));
    let Some(newest) = all.first().copied() else { return vec![] };
    let of = |one: &Held| (at(one), one.source.clone(), one.person);
    let (parts, others): (Vec<&Held>, Vec<&Held>) =
        all.into_iter().partition(|one| of(one) == of(newest));
    let facts = parts.iter().flat_map(|part| {
        let words = Some(said::after(String::new(), part)).filter(|words| !words.is_empty());
        let words = words.map(|words| ("What the person says of it".to_owned(), words));
        sections(&part.resource).into_iter().map(named).chain(words)
    });
    let written = ("Written".to_owned(), by(newest));
    let others = others.into_iter().map(|one| (title(one), by(one)));
    std::iter::once(written).chain(facts).chain(others).collect()
}

/// A section with a heading, whether it had one or not.
fn named((heading, text): (String, String)) -> (String, String) {
    let heading = if heading.is_empty() { "Summary".to_owned() } else { heading };
    (heading, text)
}

fn title(held: &Held) -> String {
    line(&held.resource).map(|line| line.title).unwrap_or_default()
}

/// When it was written.
fn at(held: &Held) -> Timestamp {
    let when = line(&held.resource).and_then(|line| line.when);
    when.map_or(held.event.unwrap_or(held.filed), |when| when.starts())
}

/// On which day, and by whom.
fn by(held: &Held) -> String {
    let day = words::day_short(words::local(at(held)).date());
    std::iter::once(day).chain(author(&held.resource)).collect::<Vec<_>>().join(", ")
}
