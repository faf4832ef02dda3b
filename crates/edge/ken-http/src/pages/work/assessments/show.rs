//! The pages of what was assessed and planned, in words.

use jiff::Timestamp;
use jiff::civil::Date;
use ken_care::draft::LIFE;
use ken_care::form::Form;
use ken_care::form::origin::Origin;
use ken_core::{PersonId, Purpose};
use maud::{Markup, html};

use super::Written;
use super::copy::DOCUMENTS;
use crate::view::form::Form as PostForm;
use crate::view::panel::{self, Panel, State};
use crate::view::redline::redline;
use crate::view::{facts, receipt, table, timeline, words};
use crate::wire::csrf::Csrf;

/// What the list shows.
#[derive(Debug)]
pub(super) struct List {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    pub(super) today: Date,
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
    pub(super) today: Date,
    pub(super) found: Written,
    /// The last one of the same title before it.
    pub(super) before: Option<Written>,
    /// Whether the reader may sign another version of it.
    pub(super) may_revise: bool,
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
            html! { @if one.review.is_some() { (review(one.review, list.today)) } },
        ]
    };
    let shown = table::show(&table::Table {
        id: "all",
        caption: "Assessments and plans, the latest of each first",
        columns: &["What", "Which", "Signed by", "Organisation", "Looked at again on"],
        rows: of_kind.map(row).collect(),
    });
    State::Content { shown, from: None }
}

/// A day of review, and whether it is past.
pub(super) fn review(day: Option<Date>, today: Date) -> Markup {
    html! {
        @if let Some(day) = day {
            (words::day_short(day))
            @if day < today { " " (facts::tag("Overdue", facts::Tone::Warn)) }
        } @else { "No day is set" }
    }
}

/// The page of one.
pub(super) fn read(read: &Read, csrf: &Csrf) -> Markup {
    let found = &read.found;
    let facts = [
        ("Signed", html! { (found.on) }),
        ("By", html! { (found.by.as_deref().unwrap_or_default()) }),
        ("Organisation", html! { (found.source) }),
        ("Looked at again on", review(found.review, read.today)),
    ];
    let versions =
        format!("/w/p/{}/assessments/{}/versions?purpose={}", read.person, found.id, read.purpose);
    html! {
        h1 { (found.title) }
        p { a href=(address(read.person, &read.purpose)) { "Back to assessments and plans" } }
        (facts::list(&facts))
        section.care_panel.care_panel--open aria-labelledby="says" {
            h2 #says { "What it says" }
            (says(found))
            (timeline::said(&found.words))
        }
        (taken_over(found))
        @if let Some(before) = &read.before {
            section.care_panel aria-labelledby="changed" {
                h2 #changed { "What has changed since " (before.on) }
                (timeline::said(&before.words))
                (changed(before, found))
            }
        }
        section.care_panel aria-labelledby="versions" {
            h2 #versions { "Versions" }
            p { a href=(versions) { "What it said before" } }
            @if read.may_revise { (revise(read, csrf)) }
        }
        (copy(read, csrf))
        (receipt::detail(&read.receipts))
    }
}

/// Takes it away on paper.
fn copy(read: &Read, csrf: &Csrf) -> Markup {
    let action = format!("/w/p/{}/assessments/copy", read.person);
    let form = |button, (name, how): (&'static str, &str)| {
        let hidden = vec![
            ("purpose", read.purpose.to_string()),
            ("item", read.found.id.clone()),
            (name, how.to_owned()),
        ];
        PostForm { action: &action, csrf, button, hidden: &hidden }.small(&html! {})
    };
    html! {
        section.care_panel aria-labelledby="paper" {
            h2 #paper { "Take a copy" }
            p { "A copy does not change when this does. It is noted that you took one." }
            (form("Take a copy (PDF)", ("size", "")))
            (form("Take a copy in large print (PDF)", ("size", "large")))
            @if read.found.form().is_some() {
                (form("Take a copy for another system (JSON)", ("kind", DOCUMENTS)))
            }
        }
    }
}

/// What one says, question by question.
pub(super) fn says(found: &Written) -> Markup {
    html! {
        @if found.sections.is_empty() { p { "Nothing is said here any more." } }
        @for (title, text) in &found.sections {
            @if !title.is_empty() { h3 { (title) } }
            @for line in text.lines().filter(|line| !line.trim().is_empty()) { p { (line) } }
        }
    }
}

/// Begins another version with what this one says.
fn revise(read: &Read, csrf: &Csrf) -> Markup {
    let Some(form) = read.found.form() else { return html! {} };
    let hidden = super::begin::hidden(&read.purpose, form, Some((&read.found.id, None)));
    let action = super::begin::action(read.found.person);
    let button = "Begin a new version";
    html! { (PostForm { action: &action, csrf, button, hidden: &hidden }.small(&html! {})) }
}

/// Which answers were given before this, and where.
fn taken_over(found: &Written) -> Markup {
    let known = found.origins();
    let told: Vec<_> = known.iter().map(|(asked, of)| (*asked, html! { (from(of)) })).collect();
    html! {
        @if !told.is_empty() {
            section.care_panel aria-labelledby="known" {
                h2 #known { "Answered before" }
                (facts::list(&told))
            }
        }
    }
}

/// Where an answer was given first, in words.
pub(super) fn from(origin: &Origin) -> String {
    let Origin { form, author, source, on } = origin;
    let at = if author.ends_with(source.as_str()) { String::new() } else { format!(", {source}") };
    format!("{form}, {}: {author}{at}", words::day_short(*on))
}

/// What differs between two, question by question, in words and marks.
pub(super) fn changed(before: &Written, after: &Written) -> Markup {
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
    use jiff::civil::date;
    use ken_care::form::FORMS;
    use ken_core::Category;
    use serde_json::json;

    use super::*;
    use crate::view::rules;

    fn written(id: &str, on: &str, says: &[(&str, &str)]) -> Written {
        Written {
            id: id.into(),
            title: "Adult assessment".into(),
            name: "Adult assessment".into(),
            category: Category::new("assessment").unwrap(),
            on: on.into(),
            source: "Glen Council".into(),
            at_source: "cec".parse().unwrap(),
            by: Some("Jo Worker, Duty social worker, Glen Council".into()),
            sections: says.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
            words: vec![],
            review: Some(date(2026, 11, 20)),
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            version: 1,
            resource: json!({ "questionnaire": "urn:ken:form:adult-assessment|1" }),
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
            today: date(2026, 11, 21),
            written: vec![written("2", "3 Nov 2026", &[]), written("1", "1 Oct 2026", &[])],
            forms: FORMS.iter().collect(),
            drafts: vec![(person, "adult-assessment".into(), Timestamp::UNIX_EPOCH)],
            is_whole: false,
            receipts: vec![],
        };
        let shown = list(&of).into_string();
        rules::assert_part(&shown);
        for want in
            ["Latest", "Earlier", "Overdue", "go on with your draft", "Child's plan", "from before"]
        {
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
            today: date(2026, 11, 21),
            may_revise: true,
            found: written("2", "3 Nov 2026", &says),
            before: Some(written("1", "1 Oct 2026", &said)),
            receipts: vec![],
        };
        let shown = read(&of, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        for want in [
            "removed: </span>go</del>",
            "added: </span>stay</ins>",
            "<h3>Goal 2</h3>",
            "removed: </span>Stairs</del>",
            "Begin a new version",
            "/assessments/2/versions?purpose=direct-care",
        ] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        let (_, changed) = shown.split_once("What has changed").unwrap();
        assert!(!changed.contains("Walk"), "what stayed is not told as a change");
        let same = Read { before: Some(of.found.clone()), ..of };
        assert!(read(&same, &Csrf::of("x")).into_string().contains("it says the same"));
    }
}
