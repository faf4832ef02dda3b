//! `/w/p/{id}`: one commonly understood view of a person, in the order of its worth for a decision.
//!
//! Alerts, why the reader may see this, what has happened, and beside it who helps and what is
//! planned. What no clause covers is absent, whether any of it is held or not.

use ken_core::{PersonId, Purpose};
use maud::{Markup, html};

use crate::view::alert::{self, Alert};
use crate::view::panel::{self, Panel, State};
use crate::view::timeline::{self, Event};
use crate::view::{facts, form, words};

/// Why the reader may see the page.
#[derive(Debug, Clone)]
pub(crate) struct Because {
    /// For which purpose.
    pub(crate) purpose: Purpose,
    /// In which role, of which organisation, in words.
    pub(crate) acting: String,
    /// Each clause relied on: the agreement's title and the clause's id.
    pub(crate) clauses: Vec<String>,
    /// The kinds of information that the purpose covers, in words.
    pub(crate) covered: Vec<String>,
    /// Whether this is an emergency access.
    pub(crate) is_emergency: bool,
}

/// One organisation that was asked, and when it last sent something the reader may see.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: String,
    /// "21 Nov 2026, 09:14", or none when nothing it sent may be seen.
    pub(crate) up_to_date: Option<String>,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Whom it is about.
    pub(crate) person: PersonId,
    /// Alerts.
    pub(crate) alerts: Vec<Alert>,
    /// Why it may be seen.
    pub(crate) because: Because,
    /// What has happened, the newest first.
    pub(crate) events: Vec<Event>,
    /// How many events there are before the filter.
    pub(crate) events_all: usize,
    /// Kinds of information among the events: word and words.
    pub(crate) kinds: Vec<(String, String)>,
    /// The kind that is shown alone; empty for all.
    pub(crate) kind: String,
    /// Whether the newest were shown only, because there are very many.
    pub(crate) is_whole: bool,
    /// Boxes beside the events: heading, and facts under it.
    pub(crate) boxes: Vec<(&'static str, &'static str, Vec<(String, String)>)>,
    /// Which organisations were asked.
    pub(crate) sources: Vec<Source>,
}

/// The page's content.
pub(crate) fn show(view: &View) -> Markup {
    html! {
        h1 { "Overview" }
        (alert::list(&view.alerts))
        (alert::why(&because(&view.because)))
        div.care_grid.care_grid--side {
            (panel::show(&happened(view)))
            div.care_stack {
                @for (id, heading, facts) in &view.boxes { (panel::show(&aside(id, heading, facts))) }
                (panel::show(&sources(&view.sources)))
            }
        }
        p.care_meta { (MORE) }
    }
}

/// One fixed text for everyone: it says nothing about this person (`core.md` 2.9).
const MORE: &str = "There may be more that law or safety keeps from this page. \
    That something is not here does not mean that it did not happen.";

fn because(because: &Because) -> Markup {
    html! {
        p {
            b { "You can see this because " }
            "you act as " (because.acting) ", for this purpose: "
            b { (words::purpose(&because.purpose)) } "."
            @if because.is_emergency { " You opened it in an emergency; somebody will check it." }
        }
        p {
            @if because.clauses.len() == 1 { "The clause that allows it: " }
            @else { "The clauses that allow it: " }
            (because.clauses.join("; ")) "."
        }
        details.care_more {
            summary { "What you can see (" (because.covered.len()) " kinds of information)" }
            div { p { (because.covered.join(", ")) "." } }
        }
        p { "The person can read that you looked, and why." }
    }
}

fn happened(view: &View) -> Panel {
    let filtered = !view.kind.is_empty();
    let state = if view.events_all == 0 {
        State::Nothing {
            looked: "The organisations listed here have sent no event that you may see.".into(),
            caution: "This does not mean that nothing happened.".into(),
        }
    } else {
        let shown = html! {
            (filter(view))
            p role="status" {
                @if filtered { "Showing " (view.events.len()) " of " (view.events_all) " events." }
                @else if view.events_all == 1 { "1 event." }
                @else { (view.events_all) " events." }
                @if !view.is_whole { " There are more; these are the newest." }
            }
            (timeline::show(&view.events))
        };
        State::Content { shown, from: None }
    };
    Panel { id: "happened", heading: "What has happened".into(), open: true, state }
}

/// The filter's values are words of the dictionary, so the address says nothing of the person.
fn filter(view: &View) -> Markup {
    let action = format!("/w/p/{}", view.person);
    let mut options = vec![(String::new(), "Every kind".to_owned())];
    options.extend(view.kinds.iter().cloned());
    html! {
        @if view.kinds.len() > 1 {
            (form::filter(&action, &html! {
                input type="hidden" name="purpose" value=(view.because.purpose);
                (form::select("kind", "Kind of information", &options, &view.kind))
            }))
        }
    }
}

fn aside(id: &'static str, heading: &str, held: &[(String, String)]) -> Panel {
    let pairs: Vec<_> =
        held.iter().map(|(label, value)| (label.as_str(), html! { (value) })).collect();
    let state = State::Content { shown: facts::list(&pairs), from: None };
    Panel { id, heading: heading.to_owned(), open: false, state }
}

fn sources(sources: &[Source]) -> Panel {
    let pairs: Vec<_> = sources
        .iter()
        .map(|source| {
            let said = match &source.up_to_date {
                Some(at) => html! { "Up to date at " (at) },
                None => html! { "Nothing that you may see" },
            };
            (source.name.as_str(), said)
        })
        .collect();
    let state = State::Content { shown: facts::list(&pairs), from: None };
    Panel { id: "sources", heading: "Who was asked".into(), open: false, state }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::alert::Weight;
    use crate::view::{rules, sample};

    pub(crate) fn view() -> View {
        let because = Because {
            purpose: Purpose::new("girfec-wellbeing").unwrap(),
            acting: "Head teacher, Glen Primary School".into(),
            clauses: vec!["GIRFEC wellbeing agreement, clause G1".into()],
            covered: vec!["Alerts".into(), "Chronology".into()],
            is_emergency: false,
        };
        let alert = Alert {
            weight: Weight::Alert,
            what: "Child protection registration".into(),
            detail: "Since 2 Nov 2026. Call the lead professional before any visit.".into(),
        };
        let who = vec![("Lead professional".into(), "Jo Worker, social worker".into())];
        View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            alerts: vec![alert],
            because,
            events: vec![sample::event(4), sample::event(3)],
            events_all: 2,
            kinds: vec![("chronology".into(), "Chronology".into()), ("a".into(), "A".into())],
            kind: String::new(),
            is_whole: true,
            boxes: vec![("who", "Who's who", who)],
            sources: vec![
                Source { name: "NHS Glen".into(), up_to_date: Some("3 Oct 2026, 23:15".into()) },
                Source { name: "Glen Council".into(), up_to_date: None },
            ],
        }
    }

    #[test]
    fn the_page_says_why_what_and_from_whom() {
        let shown = show(&view()).into_string();
        rules::assert_part(&shown);
        for want in ["You can see this because", "clause G1", "2 events", "Who was asked", MORE] {
            assert!(shown.contains(want), "{want}");
        }
        assert!(shown.find("Child protection") < shown.find("You can see this"));
    }

    #[test]
    fn nothing_is_said_with_what_it_does_not_mean() {
        let empty = View { events: vec![], events_all: 0, kinds: vec![], ..view() };
        let shown = show(&empty).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("does not mean that nothing happened"));
    }

    #[test]
    fn a_filter_says_how_many_it_shows() {
        let some = View { kind: "a".into(), events_all: 9, ..view() };
        let shown = show(&some).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Showing 2 of 9 events"));
    }
}
