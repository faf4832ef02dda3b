//! The replies to a person's messages, as the gate shows them to the reader.

use jiff::Timestamp;
use ken_care::message;
use ken_core::ResourceId;
use maud::{Markup, html};

use super::compose::{self, Held};
use crate::view::timeline::{self, Said};

/// A reply.
#[derive(Debug)]
pub(crate) struct Reply {
    /// When it was filed.
    pub(crate) at: Timestamp,
    /// Who answered, in which role, of which organisation.
    pub(crate) by: String,
    /// What.
    pub(crate) text: String,
    /// What the person says of it, as of any entry.
    pub(crate) words: Vec<Said>,
}

/// Of these items those that were disclosed and answer a message, the oldest first.
pub(crate) fn of(held: &[Held], items: &[ResourceId]) -> Vec<Reply> {
    let is_of = |held: &&Held| {
        let item = held.seen.as_ref().map(ken_records::Seen::item);
        held.stands() && item.is_some_and(|item| items.contains(&item))
    };
    let reply = |held: &Held| {
        let said = message::said(held.resource.value())?;
        let words = compose::said(held);
        Some(Reply { at: held.filed, by: said.by, text: said.text, words })
    };
    let mut all: Vec<_> = held.iter().filter(is_of).filter_map(reply).collect();
    all.sort_by_key(|one| one.at);
    all
}

/// What a reply says, line by line, and what the person says of it.
pub(crate) fn show(reply: &Reply) -> Markup {
    html! {
        @for line in reply.text.lines().filter(|line| !line.trim().is_empty()) { p { (line) } }
        (timeline::said(&reply.words))
    }
}
