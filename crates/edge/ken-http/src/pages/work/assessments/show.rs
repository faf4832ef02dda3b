//! The pages of what was assessed and planned, in words.

use jiff::Timestamp;
use ken_care::draft::LIFE;
use ken_care::form::Form;
use ken_core::{PersonId, Purpose};
use maud::{Markup, html};

use super::Written;
use crate::view::panel::{self, Panel, State};
use crate::view::redline::redline;
use crate::view::{facts, receipt, table, timeline, words};

/// What the list shows.
#[derive(Debug)]
pub(super) struct List {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    /// What there is, the newest first.
    pub(super) written: Vec<Written>,
    /// What the reader may write.
    pub(super) forms: Vec<&'static Form>,
    /// The reader's own drafts: under which id, of which form, and when each was saved.
    pub(super) drafts: Vec<(PersonId, String, Timestamp)>,
    /// Whether nothing older is left out.
    pub(super) is_whole: bool,
    pub(super) receipts: Vec<String>,
}

/// What the page of one shows.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    pub(super) found: Written,
    /// The last one of the same title before it.
    pub(super) before: Option<Written>,
    pub(super) receipts: Vec<String>,
}

/// The address of the list.
pub(super) fn address(person: PersonId, purpose: &Purpose) -> String {
    format!("/w/p/{person}/assessments?purpose={purpose}")
}

/// The address where a form is written.
pub(super) fn form_address(person: PersonId, purpose: &Purpose, form: &Form) -> String {
    format!("/w/p/{person}/assessments/new?form={}&purpose={purpose}", form.id)
}

/// The list.
pub(super) fn list(list: &List) -> Markup {
    let List { person, purpose, .. } = list;
    html! {
        h1 { "Assessments and plans" }
        p { a href={ "/w/p/" (person) "?purpose=" (purpose) } { "Back to the overview" } }
        (panel::show(&Panel {
            id: "written",
            heading: "What there is".into(),
            open: true,
            state: there_is(list),
        }))
        @if !list.is_whole {
            p { "There is more from before these. The overview shows it, part by part." }
        }
        @if !list.forms.is_empty() {
            section.care_panel aria-labelledby="start" {
                h2 #start { "Write one" }
                ul {
                    @for form in &list.forms { li { (start(list, form)) } }
                }
                p.care_meta {
                    "A draft is yours alone, and is kept for " (LIFE.as_hours() / 24)
                    " days after you last saved it."
                }
            }
        }
        (receipt::detail(&list.receipts))
    }
}

fn start(list: &List, form: &'static Form) -> Markup {
    let draft = list.drafts.iter().find(|(_, id, _)| *id == form.id);
    let at = draft.map_or(list.person, |(person, ..)| *person);
    let to = form_address(at, &list.purpose, form);
    html! {
        a href=(to) { (form.title) }
        @if let Some((.., saved)) = draft {
            ": go on with your draft of " (words::moment_short(*saved))
        }
    }
}

/// What there is, the latest of each title and organisation first.
fn there_is(list: &List) -> State {
    if list.written.is_empty() {
        return State::Nothing {
            looked: "No assessment and no plan that you may see has been shared here.".into(),
            caution: "This does not mean that there is none. Ask those who work with the person."
                .into(),
        };
    }
    let mut kinds: Vec<&Written> = vec![];
    for one in &list.written {
        if !kinds.iter().any(|kind| kind.is_like(one)) {
            kinds.push(one);
        }
    }
    let of_kind = kinds.iter().flat_map(|kind| {
        let of = list.written.iter().filter(move |one| one.is_like(kind));
        of.enumerate()
    });
    let row = |(place, one): (usize, &Written)| {
        let to = format!("/w/p/{}/assessments/{}?purpose={}", list.person, one.id, list.purpose);
        vec![
            html! { a href=(to) { (one.title) ", " (one.on) } },
            html! { (if place == 0 { "Latest" } else { "Earlier" }) },
            html! { (one.by.as_deref().unwrap_or(&one.source)) },
            html! { (one.source) },
        ]
    };
    let shown = table::show(&table::Table {
        id: "all",
        caption: "Assessments and plans, the latest of each first",
        columns: &["What", "Which", "Signed by", "Organisation"],
        rows: of_kind.map(row).collect(),
    });
    State::Content { shown, from: None }
}

/// The page of one.
pub(super) fn read(read: &Read) -> Markup {
    let found = &read.found;
    let facts = [
        ("Signed", html! { (found.on) }),
        ("By", html! { (found.by.as_deref().unwrap_or_default()) }),
        ("Organisation", html! { (found.source) }),
    ];
    html! {
        h1 { (found.title) }
        p { a href=(address(read.person, &read.purpose)) { "Back to assessments and plans" } }
        (facts::list(&facts))
        section.care_panel.care_panel--open aria-labelledby="says" {
            h2 #says { "What it says" }
            @for (title, text) in &found.sections {
                @if !title.is_empty() { h3 { (title) } }
                @for line in text.lines().filter(|line| !line.trim().is_empty()) { p { (line) } }
            }
            (timeline::said(&found.words))
        }
        @if let Some(before) = &read.before {
            section.care_panel aria-labelledby="changed" {
                h2 #changed { "What has changed since " (before.on) }
                (changed(before, found))
            }
        }
        (receipt::detail(&read.receipts))
    }
}

/// What differs between two, question by question, in words and marks.
fn changed(before: &Written, after: &Written) -> Markup {
    let (old, new) = (numbered(&before.sections), numbered(&after.sections));
    let text = |of: &[(String, &str)], title: &str| {
        let found = of.iter().find(|(one, _)| one == title);
        found.map(|(_, text)| (*text).to_owned()).unwrap_or_default()
    };
    let gone = old.iter().filter(|(title, _)| new.iter().all(|(one, _)| one != title));
    let all: Vec<_> = new.iter().chain(gone).map(|(title, _)| title).collect();
    let pairs = all.iter().map(|title| (title, text(&old, title), text(&new, title)));
    let differ: Vec<_> = pairs.filter(|(_, old, new)| old != new).collect();
    html! {
        @if differ.is_empty() { p { "Nothing: it says the same." } }
        @for (title, old, new) in &differ {
            h3 { (title) }
            p { (redline(old, new)) }
        }
    }
}

/// Sections by their titles; those of one title are numbered, so that each has its own.
fn numbered(sections: &[(String, String)]) -> Vec<(String, &str)> {
    let mut counts = std::collections::BTreeMap::new();
    let mut numbered = vec![];
    for (title, text) in sections {
        let count = counts.entry(title.as_str()).or_insert(0_usize);
        *count += 1;
        let named = if title.is_empty() { "Note" } else { title };
        let title = if *count == 1 { named.to_owned() } else { format!("{named} {count}") };
        numbered.push((title, text.as_str()));
    }
    numbered
}

#[cfg(test)]
mod tests {
    use ken_care::form::FORMS;
    use ken_core::Category;

    use super::*;
    use crate::view::rules;

    fn written(id: &str, on: &str, says: &[(&str, &str)]) -> Written {
        Written {
            id: id.into(),
            title: "Adult assessment".into(),
            category: Category::new("assessment").unwrap(),
            on: on.into(),
            source: "Glen Council".into(),
            at_source: "cec".parse().unwrap(),
            by: Some("Jo Worker, Duty social worker, Glen Council".into()),
            sections: says.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
            words: vec![],
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn purpose() -> Purpose {
        Purpose::new("direct-care").unwrap()
    }

    #[test]
    fn the_list_has_the_latest_first_and_says_what_may_be_written() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let mut of = List {
            person,
            purpose: purpose(),
            written: vec![written("2", "3 Nov 2026", &[]), written("1", "1 Oct 2026", &[])],
            forms: FORMS.iter().collect(),
            drafts: vec![(person, "adult-assessment".into(), Timestamp::UNIX_EPOCH)],
            is_whole: false,
            receipts: vec![],
        };
        let shown = list(&of).into_string();
        rules::assert_part(&shown);
        for want in ["Latest", "Earlier", "go on with your draft", "Child's plan", "from before"] {
            assert!(shown.contains(want), "{want}");
        }
        assert!(shown.find("3 Nov 2026") < shown.find("1 Oct 2026"));
        of.written.clear();
        let shown = list(&of).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("does not mean that there is none"));
    }

    #[test]
    fn one_says_what_differs_from_the_one_before() {
        let says = [("Views", "I want to stay"), ("Goal", "Walk"), ("Goal", "Cook")];
        let said = [("Views", "I want to go"), ("Goal", "Walk"), ("Risk", "Stairs")];
        let of = Read {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: purpose(),
            found: written("2", "3 Nov 2026", &says),
            before: Some(written("1", "1 Oct 2026", &said)),
            receipts: vec![],
        };
        let shown = read(&of).into_string();
        rules::assert_part(&shown);
        for want in [
            "removed: </span>go</del>",
            "added: </span>stay</ins>",
            "<h3>Goal 2</h3>",
            "removed: </span>Stairs</del>",
        ] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        let (_, changed) = shown.split_once("What has changed").unwrap();
        assert!(!changed.contains("Walk"), "what stayed is not told as a change");
        let same = Read { before: Some(of.found.clone()), ..of };
        assert!(read(&same).into_string().contains("it says the same"));
    }
}
