//! What has happened, on a person's page: one part of it, and the way to what was before.
//!
//! # Invariants
//!
//! - Addresses carry words of the dictionary alone; when something happened goes in a form.
//! - Which kinds can be chosen depends on what is covered and shown, never on what is held besides.

use std::collections::BTreeSet;

use ken_core::{Category, Purpose};
use ken_records::Point;
use maud::{Markup, html};

use crate::view::form::{self, Form};
use crate::view::panel::{Panel, State};
use crate::view::timeline::{self, Event};
use crate::view::words;
use crate::wire::csrf::Csrf;

/// Kinds of information that are never events.
const NO_EVENTS: [&str; 3] = ["contacts", "core", "identifiers"];

/// One part of what has happened.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    /// The page that it is on.
    pub(crate) action: String,
    /// For which purpose it is read.
    pub(crate) purpose: Purpose,
    /// The events of this part, the newest first.
    pub(crate) events: Vec<Event>,
    /// Kinds of information that can be chosen: word and words.
    pub(crate) kinds: Vec<(String, String)>,
    /// The kind that is shown alone; empty for all.
    pub(crate) kind: String,
    /// Whether this is not the newest part.
    pub(crate) is_earlier: bool,
    /// Where the next part begins, if there is one.
    pub(crate) earlier: Option<Point>,
}

/// The kinds among these that events can have, in words and in their order.
pub(crate) fn kinds<'a>(all: impl Iterator<Item = &'a Category>) -> Vec<(String, String)> {
    events_have(all, words::category)
}

/// The same in other words for a kind.
pub(crate) fn events_have<'a>(
    all: impl Iterator<Item = &'a Category>,
    says: fn(&Category) -> String,
) -> Vec<(String, String)> {
    let all: BTreeSet<_> = all.collect();
    let events = all.into_iter().filter(|kind| !NO_EVENTS.contains(&kind.as_str()));
    let said = |kind: &Category| (kind.to_string(), words::capitalised(&says(kind)));
    let mut kinds: Vec<_> = events.map(said).collect();
    kinds.sort_by(|a, b| a.1.cmp(&b.1));
    kinds
}

impl Happened {
    /// The panel.
    pub(crate) fn panel(&self, csrf: &Csrf) -> Panel {
        let is_all = self.kind.is_empty() && !self.is_earlier;
        let state = if self.events.is_empty() && self.earlier.is_none() && is_all {
            State::Nothing {
                looked: "The organisations listed here have sent no event that you may see.".into(),
                caution: "This does not mean that nothing happened.".into(),
            }
        } else {
            State::Content { shown: self.content(csrf), from: None }
        };
        let heading = if self.is_earlier { "What happened before" } else { "What has happened" };
        Panel { id: "happened", heading: heading.into(), open: true, state }
    }

    fn content(&self, csrf: &Csrf) -> Markup {
        html! {
            (self.filter())
            p role="status" { (self.says()) }
            p {
                a.care_lone href={ (self.action) "/chronology?purpose=" (self.purpose) } {
                    "See all as a chronology"
                }
            }
            @if self.is_earlier { p { a href=(self.newest()) { "Back to the newest" } } }
            (timeline::show(&self.events))
            @if let Some(point) = self.earlier { (self.more(point, csrf)) }
        }
    }

    /// How many events there are here, and whether there are more.
    fn says(&self) -> String {
        let of = if self.kind.is_empty() { "" } else { " of this kind" };
        let count = match (self.events.len(), self.is_earlier) {
            (0, _) => return format!("There is no event{of} here that you may see."),
            (1, true) => format!("1 earlier event{of}."),
            (1, false) => format!("1 event{of}."),
            (count, true) => format!("{count} earlier events{of}."),
            (count, false) => format!("{count} events{of}."),
        };
        match self.earlier {
            Some(_) => format!("{count} There are more: the way to them is below."),
            None => count,
        }
    }

    fn newest(&self) -> String {
        let kind = Some(&self.kind).filter(|kind| !kind.is_empty());
        let kind = kind.map(|kind| format!("&kind={kind}")).unwrap_or_default();
        format!("{}?purpose={}{kind}", self.action, self.purpose)
    }

    /// The filter's values are words of the dictionary, so the address says nothing of the person.
    fn filter(&self) -> Markup {
        let mut options = vec![(String::new(), "Every kind".to_owned())];
        options.extend(self.kinds.iter().cloned());
        html! {
            @if self.kinds.len() > 1 {
                (form::filter(&self.action, &html! {
                    input type="hidden" name="purpose" value=(self.purpose);
                    (form::select("kind", "Kind of information", &options, &self.kind))
                }))
            }
        }
    }

    fn more(&self, point: Point, csrf: &Csrf) -> Markup {
        let action = format!("{}/earlier", self.action);
        let hidden = [
            ("purpose", self.purpose.to_string()),
            ("kind", self.kind.clone()),
            ("before", point.to_string()),
        ];
        let form = Form { action: &action, csrf, button: "Show earlier events", hidden: &hidden };
        form.small(&html! {})
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::{panel, rules, sample};

    pub(crate) fn happened() -> Happened {
        Happened {
            action: "/w/p/6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".into(),
            purpose: Purpose::new("girfec-wellbeing").unwrap(),
            events: vec![sample::event(4), sample::event(3)],
            kinds: vec![("chronology".into(), "Chronology".into()), ("a".into(), "A".into())],
            kind: String::new(),
            is_earlier: false,
            earlier: None,
        }
    }

    fn shown(of: &Happened) -> String {
        let shown = panel::show(&of.panel(&Csrf::of("x"))).into_string();
        rules::assert_part(&shown);
        shown
    }

    #[test]
    fn nothing_is_said_with_what_it_does_not_mean() {
        let empty = Happened { events: vec![], kinds: vec![], ..happened() };
        assert!(shown(&empty).contains("does not mean that nothing happened"));
        let filtered = Happened { events: vec![], kind: "a".into(), ..happened() };
        let said = shown(&filtered);
        assert!(said.contains("no event of this kind") && said.contains("Every kind"), "{said}");
    }

    #[test]
    fn earlier_events_are_reached_by_a_form_that_keeps_the_filter() {
        let point = "7.0190163d-8694-739b-aea5-966c26f8ad90";
        let some = Happened {
            kind: "a".into(),
            is_earlier: true,
            earlier: Some(point.parse().unwrap()),
            ..happened()
        };
        let said = shown(&some);
        for want in [
            "2 earlier events of this kind. There are more",
            "?purpose=girfec-wellbeing&amp;kind=a\">Back to the newest",
            "/earlier\"",
            "name=\"kind\" value=\"a\"",
            point,
        ] {
            assert!(said.contains(want), "{want}: {said}");
        }
        for (address, _) in said.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"')) {
            assert!(!address.contains("7."), "{address}");
        }
        let last = shown(&Happened { earlier: None, is_earlier: true, ..happened() });
        assert!(!last.contains("There are more") && !last.contains("Show earlier events"));
    }
}
