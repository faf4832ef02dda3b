//! The page of what sources say now, and the way to it: plain values in, markup out.

use jiff::Timestamp;
use ken_core::{OrganisationId, PersonId, Purpose};
use ken_hub::portal::SOURCES_MAX;
use maud::{Markup, html};

use crate::pages::compose::Aside;
use crate::pages::work::person;
use crate::view::alert::{self, Alert};
use crate::view::panel::{self, Panel, State};
use crate::view::timeline::Event;
use crate::view::{facts, phone, receipt, timeline, words};

/// What a source said, the best first: of several answers the worst is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    /// It answered.
    Answered,
    /// It has been silent too often of late, and was not asked.
    Resting,
    /// What the reader may see of it has changed since it was asked.
    Changed,
    /// It did not answer in time.
    Silent,
    /// Its answer could not be taken.
    Wrong,
}

/// One source's panel.
#[derive(Debug)]
pub(super) struct Told {
    /// Whose record it is.
    pub(super) source: OrganisationId,
    /// Its name.
    pub(super) name: String,
    /// The number that it gives to everybody.
    pub(super) phone: String,
    /// When it was asked.
    pub(super) at: Timestamp,
    /// What came of it.
    pub(super) said: Said,
    /// Alerts.
    pub(super) alerts: Vec<Alert>,
    /// Boxes of facts.
    pub(super) boxes: Vec<Aside>,
    /// Events, the newest first.
    pub(super) events: Vec<Event>,
}

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    /// Why it may be seen.
    pub(super) because: Markup,
    /// The sources that were asked, by name.
    pub(super) told: Vec<Told>,
    /// Whether one source alone was asked again.
    pub(super) is_one: bool,
    /// The request, for whoever helps.
    pub(super) reference: String,
    /// The ledger's receipts.
    pub(super) receipts: Vec<String>,
}

/// Ids of the panels; there are no more than sources are asked at once.
const IDS: [&str; SOURCES_MAX] = [
    "source-1",
    "source-2",
    "source-3",
    "source-4",
    "source-5",
    "source-6",
    "source-7",
    "source-8",
    "source-9",
    "source-10",
    "source-11",
    "source-12",
];

/// What Ken does not do with an answer.
const NOT_KEPT: &str = "Each organisation here keeps its own record, and is asked while this page \
    loads. Nothing of what it says is kept here. It may have more than a page can show: ask it \
    itself. That you asked is on the ledger, where the person may read it.";

/// The page's content.
pub(super) fn page(view: &View) -> Markup {
    let to = |page: &str| format!("/w/p/{}{page}?purpose={}", view.person, view.purpose);
    html! {
        h1 { "What they say now" }
        (alert::why(&view.because))
        p { a.care_lone href=(to("")) { "Back to the overview" } }
        @if !view.told.is_empty() { p { (NOT_KEPT) } }
        @else {
            p role="status" {
                "Nobody was asked: no organisation whose record you may see here can be asked \
                 for what you may see."
            }
        }
        @for (id, told) in IDS.into_iter().zip(&view.told) {
            (panel::show(&told.panel(id, &view.reference, &to("/live"))))
        }
        @if view.is_one { p { a.care_lone href=(to("/live")) { "Ask all of them" } } }
        p.care_meta { (person::MORE) }
        (receipt::detail(&view.receipts))
    }
}

impl Told {
    fn panel(&self, id: &'static str, reference: &str, live: &str) -> Panel {
        let (name, at) = (&self.name, words::moment_short(self.at));
        let phone = match self.phone.as_str() {
            "" => String::new(),
            phone => format!(" If it cannot wait, phone {phone}."),
        };
        let again = format!("{live}&source={}", self.source);
        let has_parts =
            !(self.alerts.is_empty() && self.boxes.is_empty() && self.events.is_empty());
        let why = match self.said {
            Said::Answered => String::new(),
            Said::Silent => {
                format!("{name} was asked at {at}, and did not answer in time.{phone}")
            }
            Said::Resting => format!(
                "{name} has not answered for a while, so it was not asked at {at}. It can be \
                 asked again in a moment.{phone}"
            ),
            Said::Changed => format!(
                "What you may see of {name} has changed since it was asked at {at}, so nothing \
                 of its answer is shown."
            ),
            Said::Wrong => format!(
                "{name} was asked at {at}, and its answer could not be taken. If it stays so, \
                 give this reference: {reference}.{phone}"
            ),
        };
        let state = match self.said {
            Said::Answered if !has_parts => State::Nothing {
                looked: format!(
                    "{name} was asked at {at}, and answered nothing that you may see here."
                ),
                caution: "This does not mean that it holds nothing.".into(),
            },
            _ if !has_parts => State::Down { source: why, again: Some(again) },
            _ => State::Content {
                shown: self.content(&why, &again),
                from: Some(format!("From the record of {name}, asked at {at}")),
            },
        };
        Panel { id, heading: name.clone(), open: false, state }
    }

    fn content(&self, why: &str, again: &str) -> Markup {
        html! {
            @if !why.is_empty() {
                p { b { "Not all of its record is here." } " " (phone::linked(why)) }
                p { a href=(again) { "Ask it again" } }
            }
            (alert::list(&self.alerts))
            @for (_, heading, facts) in &self.boxes {
                h3 { (heading) }
                @let pairs: Vec<_> = facts
                    .iter()
                    .map(|(label, value)| (label.as_str(), phone::linked(value)))
                    .collect();
                (facts::list(&pairs))
            }
            (timeline::show(&self.events))
        }
    }
}

/// The way to the page, for whom there is somebody to ask.
pub(in crate::pages::work) fn way(person: PersonId, purpose: &Purpose, names: &[String]) -> Markup {
    let shown = html! {
        p { "These keep a record of their own, and can be asked what it says now:" }
        ul { @for name in names { li { (name) } } }
        p { a.care_lone href={ "/w/p/" (person) "/live?purpose=" (purpose) } { "Ask them now" } }
    };
    let (heading, state) = ("Ask now".to_owned(), State::Content { shown, from: None });
    html! {
        @if !names.is_empty() {
            (panel::show(&Panel { id: "live", heading, open: false, state }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::work::happened;
    use crate::view::rules;

    fn told(said: Said, is_empty: bool) -> Told {
        let facts = vec![("Penicillin".to_owned(), "Rash".to_owned())];
        let happened = happened::tests::happened();
        Told {
            source: "practice".parse().unwrap(),
            name: "Glen Medical Practice".into(),
            phone: "01632 960 001".into(),
            at: "2026-11-21T12:00:00Z".parse().unwrap(),
            said,
            alerts: vec![],
            boxes: if is_empty { vec![] } else { vec![("allergies", "Allergies", facts)] },
            events: if is_empty { vec![] } else { happened.events },
        }
    }

    fn shown(told: Vec<Told>) -> String {
        let view = View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            because: html! { p { "By a clause" } },
            told,
            is_one: false,
            reference: "r-1".into(),
            receipts: vec![],
        };
        let shown = page(&view).into_string();
        rules::assert_part(&shown);
        shown
    }

    #[test]
    fn each_state_of_a_source_is_said_with_its_time() {
        let check = |said, is_empty, wants: &[&str]| {
            let shown = shown(vec![told(said, is_empty)]);
            for want in wants {
                assert!(shown.contains(want), "{want}: {shown}");
            }
        };
        let at = "21 Nov 2026, 12:00";
        let from = format!("From the record of Glen Medical Practice, asked at {at}");
        check(Said::Answered, false, &[&from, "Penicillin", "Rash"]);
        check(Said::Answered, true, &["nothing that you may see", at, "does not mean"]);
        let again = "href=\"/w/p/6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa/live?purpose=direct-care\
            &amp;source=practice\"";
        let phone = "If it cannot wait, phone <a href=\"tel:01632960001\">01632 960 001</a>.";
        check(Said::Silent, true, &["did not answer in time", at, again, phone]);
        check(Said::Resting, true, &["has not answered for a while", again]);
        check(Said::Wrong, true, &["could not be taken", at, "r-1", again]);
        check(Said::Changed, true, &["has changed since it was asked", at, again]);
        // What came is shown beside what did not.
        check(Said::Silent, false, &["Penicillin", "Not all of its record is here", again]);
        assert!(shown(vec![]).contains("Nobody was asked"));
        let many = || (0..3).map(|_| told(Said::Answered, false)).collect();
        assert_eq!(shown(many()).matches("asked at 21 Nov").count(), 3);
    }

    #[test]
    fn nobody_to_ask_is_no_way() {
        let (person, purpose) = (
            "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            "direct-care".parse().unwrap(),
        );
        assert_eq!(way(person, &purpose, &[]).into_string(), "");
        let shown = way(person, &purpose, &["NHS <Glen>".to_owned()]).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("NHS &lt;Glen&gt;") && shown.contains("/live?purpose=direct-care"));
    }
}
