//! `/ops/hub`: the sources, what they send, and what is held with its reason.

use axum::Extension;
use axum::extract::{Query, State as Of};
use ken_core::MessageId;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::words;

use crate::view::facts::{self, Tone};
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};

/// Which part of what waits is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    after: Option<String>,
}

/// `GET /ops/hub`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Query(part): Query<Part>,
) -> Result<Markup, Stop> {
    let names = ask::names(&app).await?;
    let after = part.after.map(|id| id.parse::<MessageId>()).transpose();
    let after = after.map_err(|_| Stop::NotFound)?;
    let (held, is_more) = ken_hub::held_after(app.db(), after).await?;
    let counts = ken_hub::count_held(app.db()).await?;
    let sources = ken_hub::sources(app.db()).await?;
    let source_name = |id: &Option<String>| {
        let found = sources.iter().find(|source| Some(&source.id) == id.as_ref());
        found.map_or_else(|| "Not known".to_owned(), |source| source.name.clone())
    };
    let hub = Hub {
        feeds: sources
            .iter()
            .map(|source| Feed {
                name: source.name.clone(),
                organisation: compose::name_of(&names, &source.organisation),
                held: counts.get(&Some(source.id.clone())).copied().unwrap_or_default(),
            })
            .collect(),
        held: held
            .iter()
            .map(|one| Held {
                received: words::moment_short(one.received),
                source: source_name(&one.source),
                kind: one.kind.clone(),
                control_id: one.control_id.clone(),
                reason: reason(&one.code),
                address: format!("/ops/held/{}", one.id),
            })
            .collect(),
        waiting: counts.values().sum(),
        is_later: after.is_some(),
        next: held.last().filter(|_| is_more).map(|last| last.id),
    };
    Ok(caller.frame(app.site(), "Messages").at("/ops/hub").page(&show(&hub)))
}

/// Why a message waits, by the hub's stable codes. It repeats nothing of the message.
const REASONS: &[(&str, &str)] = &[
    ("hub.same-id-other-content", "This id came before with other content."),
    (
        "hub.lift-by-hand",
        "It was applied, and may lift a restriction without saying which: nothing was lifted. Ask \
         its sender to delete the one they mean, by the value that was added.",
    ),
    (
        "hub.late-by-hand",
        "It was applied, long after later messages: some of what it says may stand over what was \
         said since. Ask its sender to send what holds again.",
    ),
    ("hub.unknown-use", "MSH-11 is neither real nor training: ask its sender which it is."),
    ("hub.unknown-source", "No source is registered for its MSH-3 and MSH-4."),
    ("hl7.no-header", "It is not an HL7 version 2 message."),
    ("hl7.separators", "Its separators cannot be told apart."),
    ("hl7.second-header", "It has two headers."),
    ("hl7.too-long", "It is longer than a message may be."),
    ("hl7.too-many-segments", "It has more segments than a message may have."),
    ("hl7.too-many-fields", "It has more fields than a segment may have."),
    ("hl7.no-control-id", "It has no control id, so a repeat could not be told."),
    ("hl7.no-type", "It does not say of which type it is."),
    ("hl7.name-too-long", "A name in its header is too long."),
    ("hl7.type-unknown", "Messages of its type are not taken here."),
    ("hl7.trigger-unknown", "Messages of its event are not taken here."),
    ("hl7.no-person", "It does not say whom it is about."),
    ("hl7.several-people", "It is about several people."),
    ("hl7.link-by-hand", "It links two people: look at both, and join them in the review queue."),
    ("hl7.unlink-by-hand", "It parts two people: look at the merges, and take that one back."),
    ("hl7.swap-by-hand", "Two people changed places: ask its sender for two transfers."),
    ("hl7.move-by-hand", "It moves a visit or account between people: ask its sender whose it is."),
    ("hl7.charset-unknown", "It is written in a character set that is not read here."),
    (
        "hub.damaged-text",
        "It was applied, and some letters in it were broken: ask its sender to send it whole.",
    ),
    (
        "hub.attachment-left-out",
        "It was applied without an attachment that is too large: ask its sender for a smaller one.",
    ),
    (
        "hub.lost-turn",
        "It lost its turn again and again: see what holds the database, then have it mapped again.",
    ),
    (
        "hub.number-moving",
        "What came under the number before is stuck: mend that, then have it mapped again.",
    ),
    (
        "hl7.merge-by-hand",
        "It merges by national numbers: look at both, and join them in the review queue.",
    ),
    ("hl7.no-prior", "It merges, and does not say which identifier ends."),
];

/// A reason in words, with its code for whoever must look it up.
pub(super) fn reason(code: &str) -> String {
    let words = REASONS.iter().find(|(known, _)| *known == code).map(|(_, words)| *words);
    format!("{} ({code})", words.unwrap_or("It could not be applied."))
}

/// One source of messages.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    /// What people call the system.
    pub(crate) name: String,
    /// Whose records it sends.
    pub(crate) organisation: String,
    /// How many messages of it are held.
    pub(crate) held: i64,
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
    /// Where it is closed.
    pub(crate) address: String,
}

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hub {
    /// The sources.
    pub(crate) feeds: Vec<Feed>,
    /// Held messages, the oldest first.
    pub(crate) held: Vec<Held>,
    /// How many there are, listed or not.
    pub(crate) waiting: i64,
    /// Whether older ones are on another page.
    pub(crate) is_later: bool,
    /// The last that is listed, where others came after it.
    pub(crate) next: Option<MessageId>,
}

/// The page's content.
pub(crate) fn show(hub: &Hub) -> Markup {
    html! {
        h1 { "Messages" }
        p { "This page shows flow. What a message says is sealed, and is not shown here." }
        (panel::show(&sources(&hub.feeds)))
        (panel::show(&held(hub)))
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

fn held(hub: &Hub) -> Panel {
    let rows = hub.held.iter().map(|message| {
        vec![
            html! { (message.received) },
            html! { (message.source) },
            html! { code { (message.kind) } },
            html! { a href=(message.address) { code { (message.control_id) } } },
            html! { (message.reason) },
        ]
    });
    let table = Table {
        id: "held-table",
        caption: "Messages that were kept and not applied, the oldest first",
        columns: &["Received", "Source", "Type", "Control id", "Why it is held"],
        rows: rows.collect(),
    };
    let state = if hub.held.is_empty() {
        State::Nothing {
            looked: if hub.is_later {
                "No message that came later is waiting.".into()
            } else {
                "No messages are waiting.".into()
            },
            caution: "A source that is silent is not seen here: look at its own queue too.".into(),
        }
    } else {
        let shown = html! {
            @if hub.is_later {
                p { "Older ones wait too. " a href="/ops/hub" { "Back to the oldest" } }
            } @else if hub.next.is_some() {
                p { "These are the oldest " (hub.held.len()) " of " (hub.waiting) "." }
            }
            (table::show(&table))
            @if let Some(last) = hub.next {
                p { a href={ "/ops/hub?after=" (last) } { "Show those that came later" } }
            }
        };
        State::Content { shown, from: None }
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
            address: "/ops/held/0190163d-8694-739b-aea5-966c26f8ad90".into(),
        };
        let next = Some("0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap());
        for (next, is_later) in [(None, false), (next, false), (next, true), (None, true)] {
            let (feeds, held) = (vec![feed.clone()], vec![message.clone()]);
            let shown = show(&Hub { feeds, held, waiting: 2, is_later, next }).into_string();
            rules::assert_part(&shown);
            assert!(shown.contains("not HL7 version 2"));
            let is_first = next.is_some() && !is_later;
            assert_eq!(shown.contains("the oldest 1 of 2"), is_first, "{shown}");
            assert_eq!(shown.contains("Back to the oldest"), is_later, "{shown}");
            assert_eq!(shown.contains("?after=0190163d"), next.is_some(), "{shown}");
        }
        rules::assert_part(&show(&Hub::default()).into_string());
    }
}
