//! `/my/record`: what people wrote about me, by question, in plain words.

use maud::{Markup, html};

use super::looked::MORE;
use crate::view::panel::{self, Panel, State};
use crate::view::{card, facts};

/// One thing that was written.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// What it is.
    pub(crate) title: String,
    /// When, in long form.
    pub(crate) on: String,
    /// Which organisation wrote it.
    pub(crate) source: String,
    /// More of it, in their words.
    pub(crate) note: Option<String>,
}

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// Who I am, as people wrote it down.
    pub(crate) me: Vec<(String, String)>,
    /// Questions, each with its items.
    pub(crate) parts: Vec<(&'static str, &'static str, Vec<Item>)>,
    /// Whether only the newest are shown.
    pub(crate) is_whole: bool,
}

/// The page's content.
pub(crate) fn show(record: &Record) -> Markup {
    let me: Vec<_> =
        record.me.iter().map(|(label, value)| (label.as_str(), html! { (value) })).collect();
    html! {
        h1 { "My record" }
        p { "These are things that people wrote about you. " (MORE) }
        @if !me.is_empty() { (facts::list(&me)) }
        @if record.parts.is_empty() {
            div {
                h2 { "There is nothing here yet" }
                p { "When somebody sends something about you, you can read it here." }
            }
        }
        @for (id, question, items) in &record.parts { (panel::show(&part(id, question, items))) }
        @if !record.is_whole { p { "These are the newest. You can ask for older ones." } }
        h2 { "Is something wrong?" }
        p { "Tell us, and we will ask those who wrote it. How to reach us is below." }
    }
}

fn part(id: &'static str, question: &str, items: &[Item]) -> Panel {
    let cards: Vec<_> = items.iter().map(one).collect();
    let state = State::Content { shown: card::cards(false, &cards), from: None };
    Panel { id, heading: question.to_owned(), open: true, state }
}

fn one(item: &Item) -> Markup {
    html! {
        h3 { (item.title) }
        @if let Some(note) = &item.note { p { (note) } }
        p { (item.on) ". From " (item.source) "." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_record_answers_questions() {
        let item = Item {
            title: "Came to A&E".into(),
            on: "3 October 2026".into(),
            source: "NHS Glen".into(),
            note: Some("Went home with mum.".into()),
        };
        let record = Record {
            me: vec![("Name".into(), "Isla Sample".into())],
            parts: vec![("happened", "What has happened?", vec![item])],
            is_whole: false,
        };
        let shown = show(&record).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Came to A&amp;E") && shown.contains(MORE));
        rules::assert_part(&show(&Record::default()).into_string());
    }
}
