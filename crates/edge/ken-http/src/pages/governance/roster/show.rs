//! The roster of one's own organisation, as its officers read and plan it.

use ken_directory::roster::{Roster, Shift, Span};
use maud::{Markup, html};

use super::{ADDRESS, Filled, Room};
use crate::view::facts::{self, Tone};
use crate::view::form::{Field, Form, Wrong, select, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, words};
use crate::wire::csrf::Csrf;

/// Most shifts, gaps or overlaps of a desk that are shown. House policy: two weeks of day and
/// night.
const SHOWN_MAX: usize = 60;
/// Most people whom the form offers. House policy: who is not among them is planned by rows.
const OFFERED_MAX: usize = 500;

pub(super) fn page(room: &Room, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let cards: Vec<_> = room.rosters.iter().map(|of| card_of(of, room.within, csrf)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Your organisation has no desk.".into(),
            caution: "Others find no number of yours here until it has one.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        (summary(wrongs))
        h1 { "Duty roster" }
        p { "Which desks of your organisation others can reach, and who is on duty there. Every \
             practitioner here reads it. Write nothing about people who use your services." }
        p { a href="/w/duty" { "On duty now, as practitioners read it" } }
        (panel::show(&Panel { id: "desks", heading: "Desks".into(), open: true, state }))
        h2 { "Add a desk, or change one of that name" }
        (desk_form(room, filled, wrongs, csrf))
        @if !room.rosters.is_empty() {
            h2 { "Plan a shift" }
            (shift_form(room, filled, wrongs, csrf))
            p { a href="/ig/roster/bring" { "Bring shifts from a spreadsheet" } }
        }
    }
}

fn card_of(of: &Roster, within: Span, csrf: &Csrf) -> Markup {
    let (desk, cover) = (&of.desk, of.cover(within));
    let out = format!("Take out {}", desk.name);
    let hidden = [("what", "out-desk".to_owned()), ("desk", desk.id.to_string())];
    let form = Form { action: ADDRESS, csrf, button: &out, hidden: &hidden };
    html! {
        h3 { (desk.name) }
        p { (words::role(desk.role.as_str())) ", " (desk.phone)
            @if let Some(address) = &desk.address { ", " (address) } }
        @if cover.gaps.is_empty() {
            p { "Somebody is on duty all through the next two weeks." }
        } @else {
            p { (facts::tag("Nobody on duty", Tone::Warn)) " The desk’s own number stands." }
            (spans(&cover.gaps))
        }
        @if !cover.overlaps.is_empty() {
            p { "More than one is on duty:" }
            (spans(&cover.overlaps))
        }
        @if !of.shifts.is_empty() {
            details {
                summary { "Shifts of the next two weeks" }
                ul { @for shift in of.shifts.iter().take(SHOWN_MAX) { (shift_of(shift, csrf)) } }
                @if of.shifts.len() > SHOWN_MAX { p { "And later ones." } }
            }
        }
        (form.small(&html! {}))
    }
}

fn spans(all: &[Span]) -> Markup {
    html! {
        ul {
            @for span in all.iter().take(SHOWN_MAX) {
                li { (words::from_until(span.from, span.until)) }
            }
            @if all.len() > SHOWN_MAX { li { "and later" } }
        }
    }
}

fn shift_of(shift: &Shift, csrf: &Csrf) -> Markup {
    let when = words::from_until(shift.span.from, shift.span.until);
    let out = format!("Take out {when}");
    let hidden = [("what", "out-shift".to_owned()), ("shift", shift.id.to_string())];
    let form = Form { action: ADDRESS, csrf, button: &out, hidden: &hidden };
    html! {
        li {
            (when)
            @if let Some(name) = &shift.name { ", " (name) }
            @if let Some(phone) = &shift.phone { ", " (phone) }
            (form.small(&html! {}))
        }
    }
}

fn desk_form(room: &Room, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let hidden = [("what", "desk".to_owned())];
    let form = Form { action: ADDRESS, csrf, button: "Keep the desk", hidden: &hidden };
    let mut roles = vec![(String::new(), "Choose".to_owned())];
    let role = |role: &ken_core::RoleId| (role.to_string(), words::role(role.as_str()));
    roles.extend(room.roles.iter().map(role));
    form.post(&html! {
        (Field::text("name", "What people call it", &filled.name)
            .hinted("For example Adult social work duty desk").show(wrongs))
        (select("role", "Role of whoever is on duty", &roles, &filled.role))
        (Field::text("phone", "Telephone number", &filled.phone).show(wrongs))
        (Field::text("address", "Address for messages", &filled.address)
            .hinted("A mailbox of the desk, if it has one").show(wrongs))
    })
}

fn shift_form(room: &Room, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let hidden = [("what", "shift".to_owned())];
    let form = Form { action: ADDRESS, csrf, button: "Plan the shift", hidden: &hidden };
    let mut desks = vec![(String::new(), "Choose".to_owned())];
    desks.extend(room.known.desks.iter().map(|desk| (desk.id.to_string(), desk.name.clone())));
    let mut staff = vec![(String::new(), "Nobody by name".to_owned())];
    let offered = room.known.staff.iter().take(OFFERED_MAX);
    staff.extend(offered.map(|(id, name)| (id.to_string(), name.clone())));
    form.post(&html! {
        (select("desk", "Desk", &desks, &filled.desk))
        (Field::text("day", "Day", &filled.day).hinted("As 2027-04-01").show(wrongs))
        (Field::text("from", "From", &filled.from).hinted("As 17:00").show(wrongs))
        (Field::text("until", "Until", &filled.until)
            .hinted("As 09:00: of the next day, where it is not later than the beginning")
            .show(wrongs))
        (select("practitioner", "Who", &staff, &filled.practitioner))
        @if room.known.staff.len() > OFFERED_MAX {
            p { "The first " (OFFERED_MAX) " people by name are listed. Bring a shift of anybody \
                 else from a spreadsheet." }
        }
        (Field::text("number", "Telephone number of this shift", &filled.number)
            .hinted("If it is not the desk’s").show(wrongs))
    })
}

#[cfg(test)]
mod tests {
    use ken_directory::roster::Known;

    use super::super::{desk, shift, wished};
    use super::*;
    use crate::pages::work::on_duty::tests::{at, roster};
    use crate::view::rules;

    fn room(shifts: &[(&str, &str)]) -> Room {
        let of = roster("cec", shifts);
        let who = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        Room {
            known: Known { desks: vec![of.desk.clone()], staff: vec![(who, "Sam <Both>".into())] },
            roles: vec!["sw.duty".parse().unwrap()],
            rosters: vec![of],
            within: Span { from: at("2027-06-01T12:00:00Z"), until: at("2027-06-15T12:00:00Z") },
        }
    }

    #[test]
    fn gaps_and_overlaps_are_listed_and_both_can_be_mended() {
        let room = room(&[
            ("2027-06-01T12:00:00Z", "2027-06-02T08:00:00Z"),
            ("2027-06-02T07:00:00Z", "2027-06-14T08:00:00Z"),
        ]);
        let page = page(&room, &Filled::default(), &[], &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        for said in [
            "Nobody on duty",
            "<li>14 Jun 2027, 09:00 to 15 Jun 2027, 13:00</li>",
            "More than one is on duty:",
            "<li>2 Jun 2027, 08:00 to 09:00</li>",
            "Take out Duty &lt;desk&gt;",
            "Take out 1 Jun 2027, 13:00 to 2 Jun 2027, 09:00",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let whole = self::room(&[("2027-06-01T12:00:00Z", "2027-06-15T12:00:00Z")]);
        let page = super::page(&whole, &Filled::default(), &[], &Csrf::of("x")).into_string();
        assert!(page.contains("all through") && !page.contains("Nobody on duty"));
        // A list that is cut says so, and what to do instead.
        let cut = "The first 500 people by name are listed.";
        assert!(!page.contains(cut));
        let mut large = whole;
        let one = large.known.staff[0].clone();
        large.known.staff = vec![one; OFFERED_MAX + 1];
        let page = super::page(&large, &Filled::default(), &[], &Csrf::of("x")).into_string();
        assert!(page.contains(cut));
        assert_eq!(page.matches("Sam &lt;Both&gt;").count(), OFFERED_MAX);
    }

    #[test]
    fn what_is_wrong_is_told_at_its_field() {
        let room = room(&[]);
        let empty = Filled::default();
        let fields = |wrongs: Vec<Wrong>| wrongs.iter().map(|of| of.field).collect::<Vec<_>>();
        assert_eq!(fields(desk(&empty, &room).unwrap_err()), ["name", "role", "phone"]);
        assert_eq!(fields(shift(&empty, &room).unwrap_err()), ["desk", "day"]);
        for what in ["", "out-desk", "out-shift", "other"] {
            let filled = Filled { what: what.into(), ..Filled::default() };
            assert_eq!(wished(&filled, &room).err().map(|wrongs| wrongs.len()), Some(1));
        }
        let filled = Filled {
            desk: room.known.desks[0].id.to_string(),
            day: "2028-03-26".into(),
            from: "01:30".into(),
            until: "09:00".into(),
            practitioner: "nobody".into(),
            ..Filled::default()
        };
        let wrongs = shift(&filled, &room).unwrap_err();
        let page = page(&room, &filled, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("the clocks go forward"), "{page}");
        assert_eq!(fields(wrongs), ["day", "practitioner"]);
    }
}
