//! The pages of discussions, in words.

use jiff::Timestamp;
use ken_care::discussion::{Discussion, Kind, MINE_MAX, Refused};
use ken_core::{PersonId, Purpose, ResourceId};
use maud::{Markup, html};

use super::Filled;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, receipt, words};
use crate::wire::csrf::Csrf;

/// A discussion in a list.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) id: ResourceId,
    /// What it is about; none where the reader cannot see how it began.
    pub(super) topic: Option<String>,
    pub(super) kind: Kind,
    /// Who began it.
    pub(super) by: String,
    pub(super) count: usize,
    pub(super) last: Timestamp,
}

/// What the list shows.
#[derive(Debug)]
pub(super) struct List {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    pub(super) threads: Vec<Thread>,
    /// What the reader may open one about.
    pub(super) kinds: Vec<Kind>,
    pub(super) is_whole: bool,
    pub(super) receipts: Vec<String>,
}

/// Something that was said.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) by: String,
    pub(super) at: Timestamp,
    pub(super) text: String,
}

/// What the page of one shows.
#[derive(Debug)]
pub(super) struct One {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    pub(super) id: ResourceId,
    pub(super) kind: Kind,
    pub(super) topic: Option<String>,
    pub(super) lines: Vec<Line>,
    pub(super) is_whole: bool,
    /// The clauses that let the reader in, in words.
    pub(super) clauses: Vec<String>,
    pub(super) receipts: Vec<String>,
}

/// Where discussions of somebody are, or one of them.
pub(super) fn address(person: PersonId, one: Option<ResourceId>, purpose: &Purpose) -> String {
    let one = one.map(|id| format!("/{id}")).unwrap_or_default();
    format!("/w/p/{person}/discussions{one}?purpose={purpose}")
}

// One text for everybody: one that differed would tell of whom it is known that reading it might
// harm somebody.
const FILED: &str = "What you say is filed in the record under your organisation, and cannot be \
    changed. Whoever a clause lets read that kind of information can read it, for whatever \
    purpose, and so can the person, unless the law or safety says not yet.";
const NOT_SEEN: &str = "How it began is not shown to you";
const CUT: &str = "There may be older parts than this page can show: see the chronology.";

/// The list, and the form that opens one.
pub(super) fn list(view: &List, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let cards: Vec<_> = view.threads.iter().map(|one| thread(view, one)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "No discussion for this purpose is shown to you.".into(),
            caution: "There may be others, and people also speak with each other elsewhere.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    // Where the form is not shown there is nothing to put right.
    let wrongs = if view.kinds.is_empty() { &[] } else { wrongs };
    html! {
        (summary(wrongs))
        h1 { "Discussions" }
        p {
            a href={ "/w/p/" (view.person) "?purpose=" (view.purpose) } { "Back to the overview" }
        }
        (panel::show(&Panel { id: "all", heading: "So far".into(), open: true, state }))
        @if !view.is_whole { p { (CUT) } }
        @if !view.kinds.is_empty() {
            section.care_panel aria-labelledby="open" {
                h2 #open { "Open a discussion" }
                p { (FILED) }
                (opening(view, (filled, wrongs), csrf))
            }
        }
        (receipt::detail(&view.receipts))
    }
}

fn thread(view: &List, one: &Thread) -> Markup {
    let said = if one.count == 1 { "1 part".to_owned() } else { format!("{} parts", one.count) };
    html! {
        h3 {
            a href=(address(view.person, Some(one.id), &view.purpose)) {
                (one.topic.as_deref().unwrap_or(NOT_SEEN))
            }
        }
        p { (one.kind.says()) ". " (said) ", the last " (words::moment_short(one.last)) "." }
        @if one.topic.is_some() { p { "Begun by " (one.by) "." } }
    }
}

fn opening(view: &List, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let kinds = view.kinds.iter().map(|kind| Choice {
        value: kind.category().to_owned(),
        label: kind.says().to_owned(),
        hint: None,
    });
    let action = format!("/w/p/{}/discussions", view.person);
    let hidden = [("purpose", view.purpose.to_string())];
    let form = Form { action: &action, csrf, button: "Open it", hidden: &hidden };
    form.post(&html! {
        (choices("What is it about?", "kind", &kinds.collect::<Vec<_>>(), &filled.kind, wrongs))
        (Field::text("topic", "What do you discuss?", filled.topic.reveal()).show(wrongs))
        (Field::long("text", "What do you say?", filled.text.reveal()).show(wrongs))
    })
}

/// One discussion, the oldest first, and the form that says something in it.
pub(super) fn one(view: &One, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let action = format!("/w/p/{}/discussions/{}", view.person, view.id);
    let hidden = [("purpose", view.purpose.to_string())];
    let form = Form { action: &action, csrf, button: "Say it", hidden: &hidden };
    html! {
        (summary(wrongs))
        h1 { (view.topic.as_deref().unwrap_or(NOT_SEEN)) }
        p {
            a href=(address(view.person, None, &view.purpose)) { "Back to the discussions" }
            " · " (view.kind.says())
        }
        section.care_panel aria-labelledby="said" {
            h2 #said { "What was said" }
            @for line in &view.lines {
                article {
                    h3 { (line.by) }
                    p.care_meta { (words::moment_short(line.at)) }
                    @for part in line.text.lines().filter(|part| !part.trim().is_empty()) {
                        p { (part) }
                    }
                }
            }
            @if !view.is_whole { p { (CUT) } }
        }
        section.care_panel aria-labelledby="say" {
            h2 #say { "Say something" }
            p { (FILED) }
            (form.post(&Field::long("text", "What do you say?", filled.text.reveal()).show(wrongs)))
        }
        section.care_panel aria-labelledby="because" {
            h2 #because { "You can read this because" }
            ul { @for clause in &view.clauses { li { (clause) } } }
        }
        (receipt::detail(&view.receipts))
    }
}

/// Why nothing was said, at the field to put right.
pub(super) fn refused(refused: Refused) -> Wrong {
    let says = match refused {
        Refused::None | Refused::Unfit => "Say something, in up to 3,000 characters",
        Refused::TooMany => "This is as much as one may hold: open another, or meet",
    };
    Wrong::new("text", says)
}

/// Those in which the reader takes part.
pub(super) fn mine(mine: &[(Discussion, Timestamp)]) -> Markup {
    let one = |(of, at): &(Discussion, Timestamp)| {
        html! {
            h2 {
                a href=(address(of.person, Some(of.id), &of.purpose)) {
                    (of.kind.says()) ", " (words::moment_short(*at))
                }
            }
            p { "For: " (words::purpose(&of.purpose)) ". You spoke last on that day." }
        }
    };
    let cards: Vec<_> = mine.iter().map(one).collect();
    html! {
        h1 { "Discussions" }
        p { "Those in which you have said something. Who they are about is read in each, as far as \
             you still may." }
        @if cards.is_empty() {
            p { "You have not said anything in a discussion yet. Open one from a person's \
                 overview." }
        } @else { (card::cards(false, &cards)) }
        @if i64::try_from(mine.len()).is_ok_and(|many| many >= MINE_MAX) {
            p { "The list ends here: older ones are on the pages of the people." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    const ID: &str = "0190163d-8694-739b-aea5-966c26f8ad90";

    fn at() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn discussions_are_listed_by_topic_and_opened_where_a_clause_covers_them() {
        let (csrf, filled) = (Csrf::of("x"), Filled::default());
        let mut view = List {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            threads: vec![Thread {
                id: ID.parse().unwrap(),
                topic: Some("The <rail>".into()),
                kind: Kind::Plan,
                by: "Dr Rao, GP, Glen Medical Practice".into(),
                count: 2,
                last: at(),
            }],
            kinds: Kind::ALL.to_vec(),
            is_whole: false,
            receipts: vec![],
        };
        let wrongs = [Wrong::new("kind", "Choose"), Wrong::new("topic", "Say what")];
        let shown = list(&view, (&filled, &wrongs), &csrf).into_string();
        rules::assert_part(&shown);
        assert!(
            shown.contains("The &lt;rail&gt;") && shown.contains("2 parts") && shown.contains(CUT)
        );
        view.threads[0].topic = None;
        view.kinds.clear();
        let shown = list(&view, (&filled, &wrongs), &csrf).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains(NOT_SEEN) && !shown.contains("Begun by Dr Rao"));
        assert!(!shown.contains("Open a discussion"));
    }

    #[test]
    fn one_is_read_from_its_beginning_and_goes_on() {
        let (csrf, filled) = (Csrf::of("x"), Filled::default());
        let line = |text: &str| Line {
            by: "Dr Rao, GP, Glen Medical Practice".into(),
            at: at(),
            text: text.into(),
        };
        let view = One {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            id: ID.parse().unwrap(),
            kind: Kind::Plan,
            topic: Some("The rail".into()),
            lines: vec![line("First\n\nSecond"), line("Then")],
            is_whole: true,
            clauses: vec!["Glen direct care, clause D1".into()],
            receipts: vec![],
        };
        let wrongs = [refused(Refused::TooMany)];
        let shown = one(&view, (&filled, &wrongs), &csrf).into_string();
        rules::assert_part(&shown);
        assert!(
            shown.contains("<p>First</p><p>Second</p>") && shown.find("First") < shown.find("Then")
        );
        assert!(shown.contains("clause D1"));
        let of = Discussion {
            id: view.id,
            person: view.person,
            purpose: view.purpose.clone(),
            kind: Kind::Plan,
            said: 0,
            is_kept_back: false,
        };
        let listed = mine(&[(of, at())]).into_string();
        rules::assert_part(&listed);
        assert!(!listed.contains("The rail"), "the list names nothing of the person");
        rules::assert_part(&mine(&[]).into_string());
    }
}
