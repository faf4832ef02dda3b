//! Equipment and service plans of one's own organisation, as its officers read and keep them.

use ken_directory::stock::{Entry, Kind, NewEquipment, NewPlan};
use maud::{Markup, html};

use super::{ADDRESS, Filled, Room};
use crate::pages::work::equipment::{checked, kind_says};
use crate::view::card;
use crate::view::form::{Field, Form, Wrong, select, summary};
use crate::view::panel::{self, Panel, State};
use crate::wire::csrf::Csrf;

pub(super) fn page(room: &Room, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let equipment: Vec<_> =
        room.equipment.iter().map(|of| equipment_card(of, room, csrf)).collect();
    let plans: Vec<_> = room.plans.iter().map(|of| plan_card(of, room, csrf)).collect();
    html! {
        (summary(wrongs))
        h1 { "Equipment and service plans" }
        p { "What your organisation has that can support people at home, and its service plans. \
             Every practitioner here can search it. Write nothing about people who use your \
             services: what looks like a number or a date of birth is refused." }
        (of(("equipment", "Equipment"), &equipment))
        (of(("plans", "Service plans"), &plans))
        h2 { "Add equipment" }
        (equipment_form(filled, wrongs, csrf))
        p { a href="/ig/stock/equipment" { "Bring equipment from a spreadsheet" } }
        h2 { "Add a service plan" }
        (plan_form(filled, wrongs, csrf))
        p { a href="/ig/stock/plans" { "Bring plans from a spreadsheet" } }
    }
}

fn of((id, heading): (&'static str, &str), cards: &[Markup]) -> Markup {
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Nothing of your organisation is kept here.".into(),
            caution: "That does not mean that it has nothing.".into(),
        }
    } else {
        State::Content { shown: card::cards(true, cards), from: None }
    };
    panel::show(&Panel { id, heading: heading.into(), open: true, state })
}

fn equipment_card(of: &Entry<NewEquipment>, room: &Room, csrf: &Csrf) -> Markup {
    let NewEquipment { kind, name, available, place, area, contact } = &of.says;
    html! {
        h3 { (name) }
        p { (available) " free at " (place) ", " (area.as_str()) ". " (kind_says(*kind)) "." }
        p { (contact) }
        p { (checked(of.checked, of.is_stale(room.now))) }
        (buttons(("equipment", name), of.id, csrf))
    }
}

fn plan_card(of: &Entry<NewPlan>, room: &Room, csrf: &Csrf) -> Markup {
    let NewPlan { title, years: (from, until), document, contact } = &of.says;
    html! {
        h3 { (title) }
        p { (from) " to " (until) }
        p { (document) }
        p { (contact) }
        p { (checked(of.checked, of.is_stale(room.now))) }
        (buttons(("plan", title), of.id, csrf))
    }
}

fn buttons((what, name): (&str, &str), id: ken_core::EntryId, csrf: &Csrf) -> Markup {
    let small = |verb: &str, does: &str| {
        let button = format!("{does} {name}");
        let hidden = [("what", format!("{verb}-{what}")), ("entry", id.to_string())];
        Form { action: ADDRESS, csrf, button: &button, hidden: &hidden }.small(&html! {})
    };
    html! { (small("check", "Still so:")) (small("out", "Take out")) }
}

fn equipment_form(filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let hidden = [("what", "equipment".to_owned())];
    let form = Form { action: ADDRESS, csrf, button: "Keep the equipment", hidden: &hidden };
    let kinds = Kind::ALL.map(|kind| (kind.code().to_owned(), kind_says(kind).to_owned()));
    form.post(&html! {
        (select("kind", "What it is for", &kinds, &filled.kind))
        (Field::text("name", "What it is", &filled.name).show(wrongs))
        (Field::text("number", "How many are free", &filled.number).show(wrongs))
        (Field::text("place", "Where it stands", &filled.place).show(wrongs))
        (Field::text("area", "Postcode area or district", &filled.area)
            .hinted("As EH or EH6, never a whole postcode").show(wrongs))
        (Field::text("contact", "Whom to ask", &filled.contact)
            .hinted("An office and its telephone number").show(wrongs))
    })
}

fn plan_form(filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let hidden = [("what", "plan".to_owned())];
    let form = Form { action: ADDRESS, csrf, button: "Keep the plan", hidden: &hidden };
    form.post(&html! {
        (Field::text("title", "What it is called", &filled.title).show(wrongs))
        (Field::text("from", "First year", &filled.from).show(wrongs))
        (Field::text("until", "Last year", &filled.until).show(wrongs))
        (Field::text("document", "Where it can be read", &filled.document)
            .hinted("An address that begins with https://").show(wrongs))
        (Field::text("phone", "Whom to ask about the plan", &filled.phone).show(wrongs))
    })
}

#[cfg(test)]
mod tests {
    use ken_directory::stock;

    use super::super::wished;
    use super::*;
    use crate::view::rules;

    #[test]
    fn what_is_kept_is_shown_with_when_it_was_checked() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
        let checked = "2027-05-01T09:00:00Z".parse().unwrap();
        let says = stock::equipment(["bed", "Bed <low>", "3", "Leith", "EH6", "Store"]).unwrap();
        let plan = stock::plan(["Plan <one>", "2026", "2029", "https://x", "Office"]).unwrap();
        let room = Room {
            equipment: vec![Entry { id, organisation: "cec".parse().unwrap(), says, checked }],
            plans: vec![Entry { id, organisation: "cec".parse().unwrap(), says: plan, checked }],
            now: "2027-06-01T09:00:00Z".parse().unwrap(),
        };
        let filled = Filled { what: "equipment".into(), ..Filled::default() };
        let wrong = wished(&filled).err().unwrap();
        let page = page(&room, &filled, &[wrong], &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        for said in ["The category is none of the list", "Still so: Bed &lt;low&gt;", "3 free"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        // Of a month ago: the equipment is stale, the plan is not.
        assert_eq!(page.matches("Stale").count(), 1);
        let none = Room { equipment: vec![], plans: vec![], now: room.now };
        rules::assert_part(
            &super::page(&none, &Filled::default(), &[], &Csrf::of("x")).into_string(),
        );
        for what in ["check-plan", "out-equipment", "other"] {
            let filled = Filled { what: what.into(), ..Filled::default() };
            assert!(wished(&filled).is_err(), "{what}");
        }
    }
}
