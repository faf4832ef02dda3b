//! An integrated chronology: events under their months, accounts of what may be one event together,
//! and the times in which nothing is told; or the same with a column for each organisation.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::table::{self, Table};
use super::timeline::{self, Event};

/// What is listed under one month.
#[derive(Debug, Clone)]
pub(crate) struct Month {
    /// The times without events that lie before it in the list, each in a sentence.
    pub(crate) gaps: Vec<String>,
    /// Its heading: "October 2026".
    pub(crate) name: String,
    /// Its events; those of several accounts with all of them.
    pub(crate) events: Vec<Vec<Event>>,
}

/// The months as lists, headed at the second level.
pub(crate) fn list(months: &[Month]) -> Markup {
    html! {
        @for month in months {
            @for gap in &month.gaps { p.care_state { (gap) } }
            h2.care_month { (month.name) }
            ol.care_timeline role="list" {
                @for accounts in &month.events { (event(accounts)) }
            }
        }
    }
}

fn event(accounts: &[Event]) -> Markup {
    match accounts {
        [one] => timeline::one(one),
        several => html! {
            li {
                p {
                    b { (several.len()) " organisations tell of what may be one event" }
                    " (the same day and the same words). Each account stands whole."
                }
                ol.care_timeline role="list" {
                    @for account in several { (timeline::one(account)) }
                }
            }
        },
    }
}

/// The months as rows, with a column for each organisation that tells something in them.
pub(crate) fn lanes(months: &[Month]) -> Markup {
    let events = || months.iter().flat_map(|month| month.events.iter().flatten());
    let sources: BTreeSet<&str> = events().map(|event| event.source.as_str()).collect();
    let columns: Vec<&str> = std::iter::once("Month").chain(sources.iter().copied()).collect();
    let row = |month: &Month| {
        let first = html! {
            (month.name)
            @for gap in &month.gaps { p.care_meta { (gap) } }
        };
        let told = |source: &&str| lane(month, source);
        std::iter::once(first).chain(sources.iter().map(told)).collect()
    };
    let rows = months.iter().map(row).collect();
    let caption = "What each organisation tells, side by side";
    table::show(&Table { id: "lanes", caption, columns: &columns, rows })
}

/// What one organisation tells under one month.
fn lane(month: &Month, source: &str) -> Markup {
    let of: Vec<_> = month.events.iter().flatten().filter(|event| event.source == source).collect();
    html! {
        @if of.is_empty() { span.visually-hidden { "Nothing here" } }
        @for event in of {
            p {
                b { (event.title) }
                @if event.significant { " (significant)" }
                ", " (event.on)
                @if let Some(note) = &event.note { ". " (note) }
                @for said in &event.words { ". " (said.line()) }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::{rules, sample};

    pub(crate) fn months() -> Vec<Month> {
        let council = Event { source: "Glen Council".into(), ..sample::event(4) };
        let first = Month {
            gaps: vec![],
            name: "October 2026".into(),
            events: vec![vec![sample::event(4), council], vec![sample::event(3)]],
        };
        let gap = "No events shared between 2 Mar 2026 and 3 Oct 2026.".to_owned();
        let before = Event { month: "March 2026".into(), ..sample::event(1) };
        let events = vec![vec![before]];
        vec![first, Month { gaps: vec![gap], name: "March 2026".into(), events }]
    }

    #[test]
    fn accounts_of_one_event_stand_together_and_gaps_between_months() {
        let shown = list(&months()).into_string();
        rules::assert_part(&format!("<h1>Chronology</h1>{shown}"));
        assert!(shown.contains("<b>2 organisations tell of what may be one event</b>"), "{shown}");
        assert_eq!(shown.matches("Why can I see this?").count(), 4);
        let (gap, march) = (shown.find("No events shared"), shown.find("March 2026</h2>"));
        assert!(gap.is_some() && gap < march, "{shown}");
    }

    #[test]
    fn each_organisation_has_its_column() {
        let shown = lanes(&months()).into_string();
        rules::assert_part(&shown);
        assert_eq!(shown.matches("role=\"columnheader\"").count(), 3);
        assert_eq!(shown.matches("Nothing here").count(), 1, "{shown}");
        assert!(shown.contains("Came to A&amp;E &lt;4&gt;") && shown.contains("No events shared"));
    }
}
