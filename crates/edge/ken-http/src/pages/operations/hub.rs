//! `/ops/hub`: the sources, what they send, and what is held with its reason.

use maud::{Markup, html};

use crate::view::facts::{self, Tone};
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};

/// One source of messages.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    /// What people call the system.
    pub(crate) name: String,
    /// Whose records it sends.
    pub(crate) organisation: String,
    /// How many messages of it are held.
    pub(crate) held: usize,
}

/// One message that waits for somebody.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// When it came.
    pub(crate) received: String,
    /// Which source, if that is known.
    pub(crate) source: String,
    /// Type and trigger: `ADT^A01`.
    pub(crate) kind: String,
    /// Its control id.
    pub(crate) control_id: String,
    /// Why it waits, in words.
    pub(crate) reason: String,
}

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hub {
    /// The sources.
    pub(crate) feeds: Vec<Feed>,
    /// Held messages, the newest first.
    pub(crate) held: Vec<Held>,
}

/// The page's content.
pub(crate) fn show(hub: &Hub) -> Markup {
    html! {
        h1 { "Messages" }
        p { "This page shows flow. What a message says is sealed, and is not shown here." }
        (panel::show(&sources(&hub.feeds)))
        (panel::show(&held(&hub.held)))
    }
}

fn sources(feeds: &[Feed]) -> Panel {
    let rows = feeds.iter().map(|feed| {
        let (word, tone) = match feed.held {
            0 => ("No message held", Tone::Good),
            _ => ("Messages held", Tone::Warn),
        };
        vec![
            html! { (feed.name) },
            html! { (feed.organisation) },
            html! { (feed.held) },
            facts::tag(word, tone),
        ]
    });
    let table = Table {
        id: "feeds-table",
        caption: "Systems that send messages",
        columns: &["System", "Organisation", "Held#", "State"],
        rows: rows.collect(),
    };
    let state = if feeds.is_empty() {
        State::Nothing {
            looked: "No source is registered.".into(),
            caution: "Every message is refused until one is.".into(),
        }
    } else {
        State::Content { shown: table::show(&table), from: None }
    };
    Panel { id: "feeds", heading: "Sources".into(), open: true, state }
}

fn held(held: &[Held]) -> Panel {
    let rows = held.iter().map(|message| {
        vec![
            html! { (message.received) },
            html! { (message.source) },
            html! { code { (message.kind) } },
            html! { code { (message.control_id) } },
            html! { (message.reason) },
        ]
    });
    let table = Table {
        id: "held-table",
        caption: "Messages that were kept and not applied",
        columns: &["Received", "Source", "Type", "Control id", "Why it is held"],
        rows: rows.collect(),
    };
    let state = if held.is_empty() {
        State::Nothing {
            looked: "No messages are waiting.".into(),
            caution: "A source that is silent is not seen here: look at its own queue too.".into(),
        }
    } else {
        State::Content { shown: table::show(&table), from: None }
    };
    Panel { id: "held", heading: "Held messages".into(), open: true, state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_queue_shows_reasons_not_content() {
        let feed = Feed { name: "Trak".into(), organisation: "NHS Glen".into(), held: 1 };
        let message = Held {
            received: "21 Nov 2026, 09:14".into(),
            source: "Trak".into(),
            kind: "ADT^A01".into(),
            control_id: "1".into(),
            reason: "The message is not HL7 version 2.".into(),
        };
        let hub = Hub { feeds: vec![feed], held: vec![message] };
        let shown = show(&hub).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("not HL7 version 2"));
        rules::assert_part(&show(&Hub::default()).into_string());
    }
}
