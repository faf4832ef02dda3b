//! One list of recommendations, and what may be done with one of them.

use jiff::civil::Date;
use ken_office::recommend::{Item, Outcome};
use maud::{Markup, html};

use super::{ADDRESS, Filled, One};
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::table::{self, Table};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

pub(super) fn show(one: &One, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let (list, today) = (&one.list, one.today);
    let chosen = list.items.iter().find(|item| item.number == filled.number);
    let row = |item: &Item| {
        let link = format!("{ADDRESS}/{}?number={}#item", list.id, encoded(&item.number));
        vec![
            html! { a href=(link) { (item.number) } },
            html! { (item.says) },
            html! { (item.owner.as_deref().unwrap_or("Nobody yet")) },
            html! { (item.due.map_or_else(|| "–".to_owned(), words::day_short)) },
            state_of(item, today),
        ]
    };
    let columns = &["Number", "Recommendation", "Who answers", "By", "State"];
    let rows = list.items.iter().map(row).collect();
    html! {
        (summary(wrongs))
        h1 { (list.title) }
        p { (list.made_by) ", imported " (words::moment_short(list.imported)) ". "
            (list.open()) " of " (list.items.len()) " open, " (list.late(today)) " late." }
        @if let Some(item) = chosen { (of_item(one, item, (filled, wrongs), csrf)) }
        (table::show(&Table { id: "items", caption: "Choose one to go on with it", columns, rows }))
        (confirmation::link_on(ADDRESS, "All lists"))
    }
}

/// A number as an address holds it.
fn encoded(number: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let code = |byte: u8| {
        if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    number.bytes().map(code).collect()
}

fn state_of(item: &Item, today: Date) -> Markup {
    match item.closed {
        Some((Outcome::Done, ..)) => facts::tag("Done", Tone::Good),
        Some((Outcome::NotDone, ..)) => facts::tag("Will not be done", Tone::Warn),
        None if item.is_late(today) => facts::tag("Late", Tone::Bad),
        None if item.owner.is_none() => facts::tag("Nobody answers", Tone::Warn),
        None => facts::tag("Open", Tone::Warn),
    }
}

fn of_item(one: &One, item: &Item, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let evidence: Vec<_> = one.evidence.iter().filter(|of| of.number == item.number).collect();
    html! {
        section #item aria-labelledby="item-title" {
            h2 #item-title { "Recommendation " (item.number) }
            p { (item.says) }
            p { (state_of(item, one.today)) }
            h3 { "Evidence" }
            @if evidence.is_empty() { p { "None yet." } }
            ul { @for of in evidence { li { (words::moment_short(of.at)) ": " (of.says) } } }
            (steps(one, item, (filled, wrongs), csrf))
        }
    }
}

/// The steps that are open for a recommendation.
fn steps(one: &One, item: &Item, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let action = format!("{ADDRESS}/{}", one.list.id);
    let hidden = |what: &str| [("number", item.number.clone()), ("what", what.to_owned())];
    let form = |what: &str, button: &str, fields: &Markup| {
        Form { action: &action, csrf, button, hidden: &hidden(what) }.post(fields)
    };
    if item.closed.is_some() {
        return form("reopen", "Open it again", &html! {});
    }
    let or = |typed: &str, kept: Option<String>| {
        if typed.is_empty() { kept.unwrap_or_default() } else { typed.to_owned() }
    };
    let owner = or(&filled.owner, item.owner.clone());
    let due = or(&filled.due, item.due.map(|day| day.to_string()));
    let outcomes = [(Outcome::Done, "It is done"), (Outcome::NotDone, "It will not be done")];
    let outcomes = outcomes.map(|(outcome, label)| Choice {
        value: outcome.code().to_owned(),
        label: label.to_owned(),
        hint: None,
    });
    html! {
        h3 { "Who answers for it" }
        (form("assign", "Keep who answers", &html! {
            (Field::text("owner", "Office or name", &owner).show(wrongs))
            (Field::text("due", "By", &due).hinted("For example 2027-04-01").show(wrongs))
        }))
        h3 { "What was done" }
        (form("prove", "Add the evidence", &html! {
            (Field::long("words", "Evidence, and where it is", &filled.words)
                .hinted("Name no person who uses a service.").show(wrongs))
        }))
        h3 { "How it ended" }
        (form("close", "Close it", &choices("How did it end?", "outcome", &outcomes,
            &filled.outcome, wrongs)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::one;
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_recommendation_offers_what_its_state_allows() {
        let one = one();
        let page = |number: &str, wrongs: &[Wrong]| {
            let filled = Filled { number: number.into(), ..Filled::default() };
            let page = show(&one, (&filled, wrongs), &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            page
        };
        let open = page("1", &[Wrong::new("outcome", "Choose")]);
        assert!(open.contains("Minute &lt;7&gt;") && open.contains("value=\"SIRO\""), "{open}");
        let closed = page("3/a", &[]);
        assert!(closed.contains("Open it again") && !closed.contains("Close it"), "{closed}");
        assert!(page("", &[]).contains("number=3%2Fa#item"));
        let check = |what: &str, due: &str, want: bool| {
            let filled = Filled { what: what.into(), due: due.into(), ..Filled::default() };
            assert_eq!(super::super::step(&filled).is_ok(), want, "{what} {due}");
        };
        check("assign", "", true);
        check("assign", "soon", false);
        check("close", "", false);
        check("reopen", "", true);
        check("steal", "", false);
    }
}
