//! The chronology: what happened, newest first, with source and time on each event.
//!
//! A list keeps its list role although its bullets are gone (Safari drops it otherwise).

use ken_care::words::How;
use maud::{Markup, html};

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// What happened.
    pub(crate) title: String,
    /// When: exact, "March 2024", or a range.
    pub(crate) on: String,
    /// The month it is listed under: "October 2026".
    pub(crate) month: String,
    /// What kind of information it is.
    pub(crate) kind: String,
    /// Which organisation it came from.
    pub(crate) source: String,
    /// Who wrote it down, where that is known.
    pub(crate) recorded_by: Option<String>,
    /// More about it, in the source's words.
    pub(crate) note: Option<String>,
    /// Its whole text, by section: title, which may be empty, and text.
    pub(crate) sections: Vec<(String, String)>,
    /// Whether it is marked significant; by shape and by word.
    pub(crate) significant: bool,
    /// Which clause lets the reader see it; empty where a page says it for all.
    pub(crate) why: String,
    /// What the person says of it, the oldest first.
    pub(crate) words: Vec<Said>,
    /// What can be done with it here.
    pub(crate) below: Option<Markup>,
}

/// What the person says of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// What the words are to the entry.
    pub(crate) how: How,
    /// Whether its reader is the person themselves.
    pub(crate) is_own: bool,
    /// Whether the words are kept back, since the reader is not shown the whole entry.
    pub(crate) is_kept_back: bool,
    /// The words; who agrees may have none.
    pub(crate) text: String,
    /// When, and of which of several things that are told together.
    pub(crate) on: String,
    /// Who wrote for the person.
    pub(crate) helper: Option<String>,
}

/// What stands in the place of words that could tell what is not shown of the entry.
const KEPT_BACK: &str = "What they say is not shown here, because not all of this entry is.";

impl Said {
    /// What the person does by it.
    const fn says(&self) -> &'static str {
        match (self.how, self.is_own) {
            (How::Agrees, false) => "The person agrees",
            (How::Disagrees, false) => "The person does not agree",
            (How::Adds, false) => "The person adds",
            (How::Agrees, true) => "You agree",
            (How::Disagrees, true) => "You do not agree",
            (How::Adds, true) => "You add",
        }
    }

    /// The same as a line.
    pub(crate) fn line(&self) -> String {
        let text = match self.text.as_str() {
            _ if self.is_kept_back => format!(". {KEPT_BACK}"),
            "" => ".".to_owned(),
            text => format!(": \u{201c}{text}\u{201d}"),
        };
        let by = self.helper.as_ref().map(|helper| format!(", written by {helper}"));
        format!("{}{text} ({}{})", self.says(), self.on, by.unwrap_or_default())
    }
}

/// What the person says of an entry, in their own words.
pub(crate) fn said(all: &[Said]) -> Markup {
    html! {
        @for one in all {
            div.care_state {
                p { b { (one.says()) "." } }
                @for line in one.text.lines().filter(|line| !line.trim().is_empty()) {
                    p { q { (line) } }
                }
                @if one.is_kept_back { p { (KEPT_BACK) } }
                p.care_meta {
                    (one.on)
                    @if let Some(helper) = &one.helper { ". Written for the person by " (helper) }
                }
            }
        }
    }
}

/// The events under their months; headings at the third and fourth level.
pub(crate) fn show(events: &[Event]) -> Markup {
    html! {
        @for month in events.chunk_by(|a, b| a.month == b.month) {
            @if let Some(first) = month.first() { h3.care_month { (first.month) } }
            ol.care_timeline role="list" {
                @for event in month { (one(event)) }
            }
        }
    }
}

/// One event, as an entry of a list.
pub(crate) fn one(event: &Event) -> Markup {
    html! {
        li.care_significant[event.significant] {
            p {
                b { (event.title) }
                @if event.significant { span.visually-hidden { " (significant)" } }
            }
            p.care_meta {
                (event.on) " · " span.care_chip { (event.kind) } " · " (event.source)
                @if let Some(by) = &event.recorded_by { ", " (by) }
            }
            @if let Some(note) = &event.note { p { (note) } }
            (sections(&event.sections))
            (said(&event.words))
            @if let Some(below) = &event.below { (below) }
            @if !event.why.is_empty() {
                details.care_more {
                    summary { "Why can I see this?" }
                    div { p { (event.why) } }
                }
            }
        }
    }
}

/// The whole text of something written, closed until it is asked for.
pub(crate) fn sections(sections: &[(String, String)]) -> Markup {
    html! {
        @if !sections.is_empty() {
            details.care_more {
                summary { "Read the whole text" }
                div {
                    @for (title, text) in sections {
                        @if !title.is_empty() { p { b { (title) } } }
                        @for line in text.lines().filter(|line| !line.trim().is_empty()) {
                            p { (line) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{rules, sample};

    #[test]
    fn events_stand_under_their_months() {
        let mut events = vec![sample::event(3), sample::event(2)];
        events[0].sections = vec![("What matters".into(), "My garden\n\nMy cat".into())];
        events[1].words = vec![sample::said()];
        events.push(Event { month: "September 2026".into(), ..sample::event(1) });
        let shown = show(&events).into_string();
        rules::assert_part(&format!("<h2>What has happened</h2>{shown}"));
        assert_eq!(shown.matches("<ol").count(), 2);
        assert!(shown.contains("<p>My garden</p><p>My cat</p>"));
        assert_eq!(shown.matches("(significant)").count(), 1);
        assert!(shown.contains("Came to A&amp;E &lt;3&gt;"));
        for want in ["<b>The person does not agree.</b>", "<q>I was &lt;not&gt; there</q>", "Effie"]
        {
            assert!(shown.contains(want), "{want}: {shown}");
        }
        let kept = Said { is_kept_back: true, text: String::new(), ..sample::said() };
        let shown = said(std::slice::from_ref(&kept)).into_string();
        assert!(shown.contains(KEPT_BACK) && kept.line().contains(KEPT_BACK), "{shown}");
    }
}
