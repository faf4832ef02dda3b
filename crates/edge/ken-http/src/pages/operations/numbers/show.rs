//! What the pages of numbers say, in each of their states.

use ken_core::PersonId;
use ken_core::identifier::{CheckRule, Identifier};
use ken_person::{Evidence, NumberEvent, NumberLink};
use maud::{Markup, html};

use super::{Act, Filled, KINDS, LOCAL, TAKE_BACK, View, address};
use crate::pages::compose;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, Wrong, choices, select, summary};
use crate::view::table::{self, Table};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// Whose is it?
pub(super) fn find(filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let form = Form { action: "/ops/numbers", csrf, button: "Look it up", hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { "Whose number is it?" }
        p {
            "A number that somebody has reported as wrong is found here, with who says whose it \
             is. Every look is on the ledger of whoever it is about."
        }
        (form.post(&which(filled, wrongs)))
        (back())
    }
}

/// Nobody has it, or nobody of whom the reader may know.
pub(super) fn nobody() -> Markup {
    html! {
        h1 { "Nobody of whom you may know" }
        p {
            "No record of which you may see numbers has it. It may be nobody's, or was taken back."
        }
        (confirmation::link_on("/ops/numbers", "Look up another"))
        (back())
    }
}

/// A person's numbers.
pub(super) fn one(view: &View, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = address(view.person);
    let form = Form { action: &action, csrf, button: "Save what you know", hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { "A person's numbers" }
        p {
            "Each number is theirs by somebody's word, and can be taken back. This page names \
             nobody, and shows the end of each number alone."
        }
        @if view.links.is_empty() { p { "No number is known of them." } }
        @else { (table::show(&links(view))) }
        @if !view.events.is_empty() { (table::show(&events(view))) }
        h2 { "Give a number, or take one back" }
        (form.post(&html! {
            (which(filled, wrongs))
            (choices("What do you know of it?", "what", &known(), &filled.what, wrongs))
            (Field::long("reason", "How do you know?", filled.reason.reveal())
                .hinted("Kept with your name; do not copy details of the records into it.")
                .show(wrongs))
        }))
        (back())
    }
}

/// What was done.
pub(super) fn done(person: PersonId, act: Act) -> Markup {
    let (what, next) = match act {
        Act::Give(_) => ("The number is theirs", "It can be taken back from their page."),
        Act::TakeBack => (
            "The number is taken back",
            "Nobody is found by it. What was filed by it stays where it is: if records were joined \
             by it, part them in the review queue.",
        ),
    };
    html! {
        (confirmation::done(what, next))
        (confirmation::link_on(&address(person), "Back to their numbers"))
    }
}

fn back() -> Markup {
    confirmation::link_on("/ops/match", "Back to the queue")
}

/// Which number.
fn which(filled: &Filled, wrongs: &[Wrong]) -> Markup {
    let mut kinds = vec![(String::new(), "Choose one".to_owned())];
    kinds.extend(KINDS.map(|(kind, _, name)| (kind.to_owned(), name.to_owned())));
    kinds.push((LOCAL.to_owned(), "One system's own number".to_owned()));
    html! {
        (select("kind", "Kind of number", &kinds, &filled.kind))
        (Field::text("number", "The number, whole", filled.number.reveal()).show(wrongs))
        (Field::text("source", "Its system, where it is one system's own", &filled.source)
            .hinted("As the source sends it, for example urn:glen:seemis.")
            .show(wrongs))
    }
}

fn known() -> Vec<Choice> {
    let choice = |value: &str, label: &str, hint: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
    };
    vec![
        choice(
            Evidence::Document.code(),
            "It is theirs: a letter or a card shows it",
            "With their name and date of birth on it.",
        ),
        choice(
            Evidence::Confirmed.code(),
            "It is theirs: whoever issues or keeps it confirmed that",
            "Say below who did.",
        ),
        choice(
            TAKE_BACK,
            "It is not theirs: take it back",
            "Nobody is found by it from then on, whoever said it.",
        ),
    ]
}

/// What people call a kind of number.
fn kind(number: &Identifier) -> String {
    let known = KINDS.iter().find(|(_, system, _)| *system == number.system());
    known.map_or_else(|| number.system().to_owned(), |(.., name)| (*name).to_owned())
}

const fn evidence(link: &NumberLink) -> &'static str {
    match (link.evidence, link.check) {
        (Evidence::Message, Some(CheckRule::Mod11)) => "A message; passes Modulus 11",
        (Evidence::Message, Some(CheckRule::Mod10)) => "A message; passes Modulus 10",
        (Evidence::Message, Some(CheckRule::Both)) => "A message; passes both checks",
        (Evidence::Message, None) => "A message",
        (Evidence::Document, _) => "A letter or a card",
        (Evidence::Confirmed, _) => "Confirmed by who issues or keeps it",
        (Evidence::Matched, _) => "A list of theirs was matched",
    }
}

fn links(view: &View) -> Table<'static> {
    let row = |link: &NumberLink| {
        let state = match link.ended {
            None => facts::tag("Stands", Tone::Good),
            Some(at) => html! { "Taken back " (words::moment_short(at)) },
        };
        vec![
            html! { (kind(&link.number)) },
            html! { (link.number.masked()) },
            html! { (compose::name_of(&view.names, &link.authority)) },
            html! { (words::moment_short(link.since)) },
            html! { (evidence(link)) },
            state,
        ]
    };
    Table {
        id: "numbers-table",
        caption: "Numbers, and who says so",
        columns: &["Kind", "Ends with", "Said by", "Since", "Rests on", "Now"],
        rows: view.links.iter().map(row).collect(),
    }
}

fn events(view: &View) -> Table<'static> {
    let row = |event: &NumberEvent| {
        let who = view.practitioners.get(&event.by.0);
        vec![
            html! { (words::moment_short(event.made)) },
            html! { @if event.given.is_some() { "Given" } @else { "Taken back" } },
            html! { (kind(&event.number)) },
            html! { (event.number.masked()) },
            html! {
                (who.map_or("Somebody", String::as_str)) ", "
                (compose::name_of(&view.names, &event.by.1))
            },
        ]
    };
    Table {
        id: "acts-table",
        caption: "What was done by hand, the newest first; why stands on the ledger",
        columns: &["When", "What", "Kind", "Ends with", "By"],
        rows: view.events.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::view::rules;

    #[test]
    fn every_state_keeps_the_rules_and_shows_no_number_whole() {
        let (csrf, at) = (Csrf::of("x"), "2026-11-21T09:14:00Z".parse().unwrap());
        let wrongs = [Wrong::new("number", "Check it"), Wrong::new("what", "Choose")];
        let who = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let number = Identifier::parse(KINDS[1].1, "9434765919").unwrap();
        let link = |ended| NumberLink {
            number: number.clone(),
            authority: "nhsl".parse().unwrap(),
            by: ended,
            evidence: Evidence::Message,
            check: None,
            since: at,
            ended: ended.map(|_| at),
        };
        let event = NumberEvent {
            number: number.clone(),
            by: (who, "nhsl".parse().unwrap()),
            given: None,
            made: at,
        };
        let mut view = View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            links: vec![link(None), link(Some(who))],
            events: vec![event],
            names: BTreeMap::new(),
            practitioners: BTreeMap::from([(who, "Nan Second".to_owned())]),
        };
        let filled = Filled::default();
        let shown = one(&view, &filled, &wrongs, &csrf).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("••••••5919") && !shown.contains("9434765919"), "{shown}");
        assert!(shown.contains("Taken back 21 Nov 2026") && shown.contains("Nan Second"));
        (view.links, view.events) = (vec![], vec![]);
        rules::assert_part(&one(&view, &filled, &[], &csrf).into_string());
        rules::assert_part(&find(&filled, &wrongs[..1], &csrf).into_string());
        rules::assert_part(&nobody().into_string());
        for act in [Act::Give(Evidence::Document), Act::TakeBack] {
            rules::assert_part(&done(view.person, act).into_string());
        }
    }
}
