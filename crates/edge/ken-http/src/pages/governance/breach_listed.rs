//! What the ledger says of whom a breach concerns: how many, the list without names, and how far
//! the reading is where it takes long.

use std::collections::BTreeMap;

use ken_core::{Category, OrganisationId};
use ken_office::breach::{ANY_WAY, Affected, Affecteds, Asked, Far, Item, SAFE_ONLY};
use maud::{Markup, html};

use crate::pages::ask::Names;
use crate::view::facts::{self, Tone};
use crate::view::form::Form;
use crate::view::panel::{self, Panel, State};
use crate::view::{card, words};

/// Most people that the page shows; the file has all of them. House policy.
const SHOWN_MAX: usize = 200;
/// Most people whose lists stand open: more are read by their handles first. House policy.
const OPEN_MAX: usize = 3;

/// How far the reading is, and the same question again, by what the form carries on.
pub(super) fn progress(far: Far, again: &Form<'_>) -> Markup {
    let done = far.done.saturating_mul(100) / far.of.max(1);
    html! {
        h2 { "The ledger is being read" }
        p { "This span holds much. You may go on with other work, and come back with the same \
             question." }
        p {
            label for="far" { (done) " per cent is read." }
            " " progress #far value=(done) max="100" { (done) " per cent" }
        }
        (again.post(&html! {}))
    }
}

/// What the ledger says.
pub(super) fn result(asked: Asked, found: &Affecteds, names: &Names) -> Markup {
    let people = found.people.len();
    let safe = found.people.iter().filter(|one| one.is_safe_only).count();
    let state = if people == 0 {
        State::Nothing {
            looked: "The ledger has no such disclosure by or to your organisation.".into(),
            caution: "Look at the time, and at what you chose, once more.".into(),
        }
    } else if asked == Asked::Count {
        State::Content {
            shown: html! { p { "Choose the list to see of whom, and of what." } },
            from: None,
        }
    } else {
        let shown = found.people.iter().take(SHOWN_MAX);
        let cards: Vec<_> = shown.map(|one| card_of(one, people <= OPEN_MAX, names)).collect();
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h2 { "What the ledger says" }
        (facts::list(&[
            ("People", html! { (people) }),
            ("Disclosures", html! { (found.disclosures) }),
            ("By a safe way only", html! { (safe) }),
            ("As the ledger stood", html! {
                (words::moment_short(found.as_of.at)) ", with " (found.as_of.leaves) " entries"
            }),
        ]))
        @if found.goes_on {
            p { "The span goes on after that. Ask again when it is over." }
        }
        @if found.unread > 0 {
            p {
                (facts::tag("Not whole", Tone::Warn))
                " " (found.unread) " entries of about that time cannot be read: they are not what \
                was sealed, or are gone. Tell whoever runs Ken."
            }
        }
        @if found.erased > 0 {
            p {
                (facts::tag("Erased", Tone::Warn))
                " " (found.erased) " disclosures of that time, by anybody to anybody, were erased \
                since. Nobody can tell any more whether they were yours."
            }
        }
        (panel::show(&Panel { id: "whom", heading: "Whom it concerns".into(), open: true, state }))
        @if asked == Asked::List && people > SHOWN_MAX {
            p { (people - SHOWN_MAX) " more are in the file." }
        }
    }
}

/// One person: how to tell them, and what was given, by whose record it was.
fn card_of(one: &Affected, is_open: bool, names: &Names) -> Markup {
    let name = |id: &OrganisationId| names.get(id).cloned().unwrap_or_else(|| id.to_string());
    let mut sources: BTreeMap<&OrganisationId, Vec<_>> = BTreeMap::new();
    for ((source, category), item) in &one.items {
        sources.entry(source).or_default().push((category, item));
    }
    html! {
        h3 { (one.handle) }
        p {
            @if one.is_safe_only { (facts::tag("Safe way only", Tone::Bad)) " " (SAFE_ONLY) "." }
            @else { "How to tell them: " (ANY_WAY.to_lowercase()) "." }
        }
        @for (source, items) in &sources {
            (given(&name(source), items, is_open, &name))
        }
    }
}

/// What was given of one source's record. What is the same for all of it is said once.
fn given(
    source: &str,
    items: &[(&Category, &Item)],
    is_open: bool,
    name: &impl Fn(&OrganisationId) -> String,
) -> Markup {
    let went: Vec<_> = items.iter().map(|(_, item)| went(item, name)).collect();
    let same = went.first().filter(|first| went.iter().all(|one| one == *first));
    let kinds = match items.len() {
        1 => "1 kind of information".to_owned(),
        many => format!("{many} kinds of information"),
    };
    html! {
        details.care_more open[is_open] {
            summary { "From " (source) ": " (kinds) }
            @if let Some(same) = same { p { (same) } }
            ul { @for ((category, item), went) in items.iter().zip(&went) {
                li {
                    (words::category(category)) ": " (fields(item)) "."
                    @if same.is_none() { " " (went) }
                }
            } }
        }
    }
}

fn fields(item: &Item) -> String {
    if item.fields.is_empty() {
        return "fields not known".to_owned();
    }
    let fields: Vec<_> = item.fields.iter().map(|field| field.as_str().replace('_', " ")).collect();
    fields.join(", ")
}

/// To whom something was given, how often and when.
fn went(item: &Item, name: &impl Fn(&OrganisationId) -> String) -> String {
    let to: Vec<_> = item.to.iter().map(name).collect();
    let (first, last) = (words::moment_short(item.first), words::moment_short(item.last));
    let when = match item.times {
        1 => first,
        many if first == last => format!("{many} times, {first}"),
        many => format!("{many} times, {first} to {last}"),
    };
    format!("To {}. {when}.", to.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use jiff::Timestamp;
    use ken_office::breach::AsOf;

    use super::*;
    use crate::view::rules;
    use crate::wire::csrf::Csrf;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn found() -> Affecteds {
        let item = |fields: &[&str], last: &str| Item {
            fields: Arc::new(fields.iter().map(|field| field.parse().unwrap()).collect()),
            to: Arc::new(BTreeSet::from(["cec".parse().unwrap()])),
            times: 2,
            first: at("2027-06-01T08:00:00Z"),
            last: at(last),
        };
        let one = |handle: &str, is_safe_only, item: Item| Affected {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            handle: handle.to_owned(),
            items: [(("cec".parse().unwrap(), "core".parse().unwrap()), item)].into(),
            is_safe_only,
        };
        Affecteds {
            as_of: AsOf { at: at("2027-06-02T08:00:00Z"), leaves: 4_711 },
            goes_on: true,
            people: vec![
                one("ABCDE-FGHJK", true, item(&["name", "key_safe"], "2027-06-01T09:00:00Z")),
                one("ZBCDE-FGHJK", false, item(&[], "2027-06-01T08:00:00Z")),
            ],
            disclosures: 3,
            unread: 1,
            erased: 2,
        }
    }

    #[test]
    fn the_count_lists_nobody_and_the_list_names_nobody() {
        let (found, names) = (found(), Names::default());
        let page = |asked| result(asked, &found, &names).into_string();
        let (count, list) = (page(Asked::Count), page(Asked::List));
        for page in [&count, &list] {
            rules::assert_part(page);
            assert!(page.contains("Not whole") && page.contains("By a safe way only"), "{page}");
            assert!(page.contains("Erased") && page.contains(" 2 disclosures"), "{page}");
            assert!(!page.contains("6f1c1c1e"), "{page}");
            assert!(page.contains("2 Jun 2027, 09:00, with 4711 entries"), "{page}");
            assert!(page.contains("The span goes on"), "{page}");
        }
        assert!(!count.contains("ABCDE-FGHJK"), "{count}");
        for want in ["ABCDE-FGHJK", "key safe", "Safe way only", SAFE_ONLY, "fields not known"] {
            assert!(list.contains(want), "{want}: {list}");
        }
        for want in
            ["2 times, 1 Jun 2027, 09:00 to 1 Jun 2027, 10:00", "2 times, 1 Jun 2027, 09:00."]
        {
            assert!(list.contains(want), "{want}: {list}");
        }
        assert!(list.contains("<details class=\"care_more\" open"), "{list}");
        rules::assert_part(&result(Asked::List, &Affecteds::default(), &names).into_string());
    }

    #[test]
    fn a_long_reading_says_how_far_it_is() {
        let hidden = [("hours", "744".to_owned())];
        let csrf = Csrf::of("x");
        let again = Form { action: "/ig", csrf: &csrf, button: "Look again", hidden: &hidden };
        let page = progress(Far { done: 1, of: 4 }, &again).into_string();
        rules::assert_part(&page);
        assert!(page.contains("25 per cent") && page.contains("Look again"), "{page}");
        rules::assert_part(&progress(Far::default(), &again).into_string());
    }
}
