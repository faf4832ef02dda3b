//! `/w/equipment`: equipment that organisations have to support people at home, by kind and area,
//! and their service plans; both by whose they are.
//!
//! It is business information and about nobody who is cared for, so that no gate is asked. What is
//! looked for is a choice of closed words: nothing typed enters an address.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Query, State as Of};
use jiff::Timestamp;
use ken_core::OrganisationId;
use ken_directory::stock::{self, Area, Entry, Kind, NewEquipment, NewPlan};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Names};
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{filter, select};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, phone, words};

/// Most entries that are shown. House policy: a page that somebody can still search by eye.
const SHOWN_MAX: usize = 200;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    organisation: String,
}

/// What there is, read.
struct Stock {
    equipment: Vec<Entry<NewEquipment>>,
    plans: Vec<Entry<NewPlan>>,
    names: Names,
    now: Timestamp,
}

/// `GET /w/equipment`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Query(chosen): Query<Chosen>,
) -> Result<Markup, Stop> {
    let now = app.ctx(caller.request()).clock.now();
    let read = async |s: &mut Snapshot| {
        let equipment: Vec<_> = stock::list_equipment(s, None).await?;
        let plans: Vec<_> = stock::list_plans(s, None).await?;
        Ok::<_, Stop>(Stock { equipment, plans, names: ask::names_in(s).await?, now })
    };
    let stock = app.db().snapshot("http.equipment", read).await?;
    let main = show(&stock, &chosen);
    Ok(caller.frame(app.site(), "Equipment and plans").at("/w/equipment").page(&main))
}

/// A kind of equipment in words.
pub(crate) fn kind_says(kind: Kind) -> &'static str {
    match kind {
        Kind::Mobility => "Walking, wheelchairs and ramps",
        Kind::Bed => "Beds and mattresses",
        Kind::Lifting => "Hoists and slings",
        Kind::Bathing => "Bath, shower and toilet",
        Kind::Seating => "Chairs and tables",
        Kind::Household => "Kitchen and household",
        Kind::Telecare => "Alarms and sensors",
        Kind::Communication => "Seeing, hearing and speaking",
        Kind::Children => "For children",
    }
}

/// When an entry was last checked; that it is stale, where it is.
pub(crate) fn checked(at: Timestamp, is_stale: bool) -> Markup {
    html! {
        "Last checked " (words::day_short(words::local(at).date())) "."
        @if is_stale { " " (facts::tag("Stale: ask first", Tone::Warn)) }
    }
}

fn show(stock: &Stock, chosen: &Chosen) -> Markup {
    let kind = Kind::of_code(&chosen.kind);
    let area = Area::new(&chosen.area);
    let whose = holders(stock).into_iter().find(|id| id.as_str() == chosen.organisation);
    let is_theirs = |id: &OrganisationId| whose.is_none_or(|whose| whose == id);
    let is_asked = |of: &&Entry<NewEquipment>| {
        is_theirs(&of.organisation)
            && kind.is_none_or(|kind| of.says.kind == kind)
            && area.as_ref().is_none_or(|area| of.says.area.meets(area))
    };
    let found: Vec<_> = stock.equipment.iter().filter(is_asked).collect();
    let equipment: Vec<_> =
        found.iter().take(SHOWN_MAX).map(|of| equipment_card(of, stock)).collect();
    let planned: Vec<_> = stock.plans.iter().filter(|of| is_theirs(&of.organisation)).collect();
    let plans: Vec<_> = planned.iter().take(SHOWN_MAX).map(|of| plan_card(of, stock)).collect();
    html! {
        h1 { "Equipment and service plans" }
        p { "What organisations say that they have. Ask them before you promise it to somebody." }
        (filter("/w/equipment", &choices(stock, chosen)))
        (of(("equipment", "Equipment"), &equipment, (found.len(), stock.equipment.len())))
        (of(("plans", "Service plans"), &plans, (planned.len(), stock.plans.len())))
    }
}

/// Whoever has entered something.
fn holders(stock: &Stock) -> BTreeSet<&OrganisationId> {
    let lenders = stock.equipment.iter().map(|of| &of.organisation);
    lenders.chain(stock.plans.iter().map(|of| &of.organisation)).collect()
}

/// What can be looked for: every kind, the areas that somebody lends in, and whoever has entered
/// something.
fn choices(stock: &Stock, chosen: &Chosen) -> Markup {
    let mut kinds = vec![(String::new(), "All kinds".to_owned())];
    kinds.extend(Kind::ALL.map(|kind| (kind.code().to_owned(), kind_says(kind).to_owned())));
    let mut areas = vec![(String::new(), "All areas".to_owned())];
    let held: BTreeSet<_> = stock.equipment.iter().map(|of| of.says.area.as_str()).collect();
    areas.extend(held.into_iter().map(|area| (area.to_owned(), area.to_owned())));
    let mut bodies = vec![(String::new(), "All organisations".to_owned())];
    bodies.extend(holders(stock).into_iter().map(|id| (id.to_string(), name(stock, id))));
    html! {
        (select("kind", "What it is for", &kinds, &chosen.kind))
        (select("area", "Postcode area", &areas, &chosen.area))
        (select("organisation", "Whose", &bodies, &chosen.organisation))
    }
}

/// What was found, of what is entered at all.
fn of(
    (id, heading): (&'static str, &str),
    cards: &[Markup],
    (found, entered): (usize, usize),
) -> Markup {
    let state = if cards.is_empty() {
        let looked = if entered == 0 {
            "No organisation has entered any."
        } else {
            "Nothing is entered of what you look for."
        };
        State::Nothing {
            looked: looked.into(),
            caution: "That does not mean that there is none. Ask the organisation.".into(),
        }
    } else {
        let from = (found > SHOWN_MAX).then(|| format!("The first {SHOWN_MAX} of {found}."));
        State::Content { shown: card::cards(true, cards), from }
    };
    panel::show(&Panel { id, heading: heading.into(), open: true, state })
}

fn name(stock: &Stock, id: &OrganisationId) -> String {
    stock.names.get(id).cloned().unwrap_or_else(|| id.to_string())
}

fn equipment_card(of: &Entry<NewEquipment>, stock: &Stock) -> Markup {
    let NewEquipment { kind, name: called, available, place, area, contact } = &of.says;
    html! {
        h3 { (called) }
        p { (available) " free at " (place) ", " (area.as_str()) }
        p { (kind_says(*kind)) }
        p { (name(stock, &of.organisation)) ", " (phone::linked(contact)) }
        p { (checked(of.checked, of.is_stale(stock.now))) }
    }
}

fn plan_card(of: &Entry<NewPlan>, stock: &Stock) -> Markup {
    let NewPlan { title, years: (from, until), document, contact } = &of.says;
    html! {
        h3 { a href=(document) rel="noreferrer" { (title) } }
        p { (from) " to " (until) }
        p { (name(stock, &of.organisation)) ", " (phone::linked(contact)) }
        p { (checked(of.checked, of.is_stale(stock.now))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn equipment_is_found_by_kind_and_area() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
        let checked = "2027-05-01T09:00:00Z".parse().unwrap();
        let entry = |cells| Entry {
            id,
            organisation: "cec".parse().unwrap(),
            says: stock::equipment(cells).unwrap(),
            checked,
        };
        let plan = stock::plan(["Plan <one>", "2026", "2029", "https://x", "Office"]).unwrap();
        let stock = Stock {
            equipment: vec![
                entry(["bed", "Low <bed>", "3", "Leith", "EH6", "Store, 01632 960 001"]),
                entry(["bed", "Cot", "1", "Glasgow", "G", "Store"]),
                entry(["telecare", "Pendant", "9", "Leith", "EH", "Store"]),
            ],
            plans: vec![Entry { id, organisation: "nhsl".parse().unwrap(), says: plan, checked }],
            names: Names::from([("cec".parse().unwrap(), "Glen Council".to_owned())]),
            now: "2027-06-01T09:00:00Z".parse().unwrap(),
        };
        let check = |kind: &str, area: &str, want: [bool; 3]| {
            let chosen = Chosen { kind: kind.into(), area: area.into(), ..Chosen::default() };
            let page = show(&stock, &chosen).into_string();
            rules::assert_part(&page);
            let has = ["Low &lt;bed&gt;", "<h3>Cot", "Pendant"].map(|said| page.contains(said));
            assert_eq!(has, want, "{kind} {area}");
            assert!(page.contains("Plan &lt;one&gt;"));
            assert_eq!(page.contains("Store, <a href=\"tel:01632960001\">"), want[0]);
            // Where nothing is found, that nothing is entered at all is not said.
            let is_none = page.contains("Nothing is entered of what you look for.");
            assert_eq!(is_none, want == [false; 3], "{kind} {area}");
            assert!(!page.contains("No organisation has entered any."), "{kind} {area}");
        };
        check("", "", [true, true, true]);
        check("bed", "", [true, true, false]);
        check("", "EH", [true, false, true]);
        check("bed", "EH6", [true, false, false]);
        check("", "EH12", [false, false, true]);
        check("children", "", [false, false, false]);
        // What is no kind and no area asks for nothing.
        check("x", "1 Made-up Road", [true, true, true]);
        let check = |organisation: &str, want: [bool; 2]| {
            let chosen = Chosen { organisation: organisation.into(), ..Chosen::default() };
            let page = show(&stock, &chosen).into_string();
            rules::assert_part(&page);
            let has = ["Pendant", "Plan &lt;one&gt;"].map(|said| page.contains(said));
            assert_eq!(has, want, "{organisation}");
            let is_none = page.contains("Nothing is entered of what you look for.");
            assert_eq!(is_none, want.contains(&false), "{organisation}");
        };
        check("", [true, true]);
        check("cec", [true, false]);
        check("nhsl", [false, true]);
        check("x", [true, true]);
    }
}
