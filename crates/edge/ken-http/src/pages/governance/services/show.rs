//! The directory of services as officers read and keep it.

use ken_directory::service::{Entry, Proposal, Says};
use maud::{Markup, html};

use super::{ADDRESS, Room};
use crate::pages::services::show::standing;
use crate::view::card;
use crate::view::form::{Field, Form, Wrong, summary};
use crate::view::panel::{self, Panel, State};
use crate::wire::csrf::Csrf;

/// Most entries of a part of the page. House policy: a page that somebody can search by eye.
pub(super) const SHOWN_MAX: usize = 60;

pub(super) fn page(room: &Room, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let of = &room.directory;
    let is_own = |entry: &&Entry| entry.organisation.as_ref() == Some(&room.own);
    let (mut own, others): (Vec<_>, Vec<_>) = of.entries.iter().partition(is_own);
    // What wants a check first comes first.
    own.sort_by_key(|entry| entry.checked);
    let wants = |entry: &&Entry| entry.is_stale(of.now) || entry.assured.is_none();
    let others: Vec<_> = others.into_iter().filter(wants).collect();
    let waiting: Vec<_> = room
        .proposals
        .iter()
        .filter_map(|proposal| proposal_card(proposal, room, csrf))
        .take(SHOWN_MAX)
        .collect();
    let own: Vec<_> =
        own.into_iter().take(SHOWN_MAX).map(|entry| own_card(entry, room, csrf)).collect();
    let counted =
        (others.len() > SHOWN_MAX).then(|| format!("The first {SHOWN_MAX} of {}.", others.len()));
    let others: Vec<_> =
        others.into_iter().take(SHOWN_MAX).map(|entry| other_card(entry, room, csrf)).collect();
    html! {
        (summary(wrongs))
        h1 { "Directory of services" }
        p { a href="/services" { "The directory as everybody reads it" } }
        p { "Entries come in from ALISS: whoever runs Ken brings them with "
            code.care_code { "ken services import" }
            ", and says there which of them are your organisation’s." }
        (part(("proposals", "Corrections that wait"), &waiting, None, "No correction waits."))
        (part(("own", "Entries of your organisation"), &own, None,
            "No entry is your organisation’s."))
        (part(("others", "Entries of others that want a look"), &others, counted,
            "Each entry is assured, and was checked within a year."))
    }
}

fn part(
    (id, heading): (&'static str, &str),
    cards: &[Markup],
    from: Option<String>,
    none: &str,
) -> Markup {
    let state = if cards.is_empty() {
        let caution = "That does not mean that there is no such service.";
        State::Nothing { looked: none.into(), caution: caution.into() }
    } else {
        State::Content { shown: card::cards(true, cards), from }
    };
    panel::show(&Panel { id, heading: heading.into(), open: true, state })
}

/// A correction, with what it would change; none where its entry is gone.
fn proposal_card(of: &Proposal, room: &Room, csrf: &Csrf) -> Option<Markup> {
    let entry = room.directory.entries.iter().find(|entry| entry.service.id == of.service)?;
    let before = &entry.service.says;
    let both = before.fields().into_iter().zip(of.says.fields());
    let changes = both.filter(|((_, old), (_, new))| old != new);
    let who = room.proposers.get(&of.by).map_or("Somebody", String::as_str);
    let button = |what: &str, does: &str| {
        let hidden = [("what", what.to_owned()), ("entry", of.id.to_string())];
        let words = format!("{does} {}", before.name);
        Form { action: ADDRESS, csrf, button: &words, hidden: &hidden }.small(&html! {})
    };
    Some(html! {
        h3 { (before.name) }
        p { "Proposed by " (who) "." }
        @for ((field, old), (_, new)) in changes {
            p { b { (label(field)) ": " }
                @if old.is_empty() { "nothing" } @else { (old) }
                " becomes "
                @if new.is_empty() { "nothing" } @else { (new) } }
        }
        @if of.by == room.reader {
            p { "Somebody else must look at it." }
            (button("wrong", "Take back:"))
        } @else {
            (button("right", "It is right:"))
            (button("wrong", "It is not right:"))
        }
    })
}

fn own_card(entry: &Entry, room: &Room, csrf: &Csrf) -> Markup {
    let (id, name) = (entry.service.id, &entry.service.says.name);
    let hidden = [("what", "still".to_owned()), ("entry", id.to_string())];
    let words = format!("Still so: {name}");
    html! {
        h3 { (name) }
        (standing(entry, &room.directory.names, room.directory.now))
        p { a href={ (ADDRESS) "/" (id) } { "Correct " (name) } }
        (Form { action: ADDRESS, csrf, button: &words, hidden: &hidden }.small(&html! {}))
    }
}

fn other_card(entry: &Entry, room: &Room, csrf: &Csrf) -> Markup {
    let (id, name) = (entry.service.id, &entry.service.says.name);
    let hidden = [("what", "assure".to_owned()), ("entry", id.to_string())];
    let words = format!("We assure {name}");
    html! {
        h3 { a href={ "/services/" (id) } { (name) } }
        p { (entry.service.provider.name) }
        (standing(entry, &room.directory.names, room.directory.now))
        (Form { action: ADDRESS, csrf, button: &words, hidden: &hidden }.small(&html! {}))
    }
}

/// A field in words.
fn label(field: &str) -> &'static str {
    match field {
        "name" => "Name",
        "summary" => "In a line",
        "description" => "Description",
        "eligibility" => "Who it is for",
        "phone" => "Telephone",
        "email" => "Email",
        _ => "On the web",
    }
}

/// The form that corrects an entry of one's own.
pub(super) fn correct(entry: &Entry, says: &Says, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("{ADDRESS}/{}", entry.service.id);
    let form = Form { action: &action, csrf, button: "Propose this correction", hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { "Correct " (entry.service.says.name) }
        p { "Somebody else looks at it before it is live. Write nothing about people who use the \
             service." }
        (form.post(&html! {
            (Field::text("name", label("name"), &says.name).show(wrongs))
            (Field::text("summary", label("summary"), &says.summary).show(wrongs))
            (Field::long("description", label("description"), &says.description).show(wrongs))
            (Field::long("eligibility", label("eligibility"), &says.eligibility).show(wrongs))
            (Field::text("phone", label("phone"), &says.phone).show(wrongs))
            (Field::text("email", label("email"), &says.email).show(wrongs))
            (Field::text("url", label("url"), &says.url)
                .hinted("An address that begins with https://").show(wrongs))
        }))
        p { a.care_lone href=(ADDRESS) { "Back to the directory" } }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::pages::services::show::sample;
    use crate::view::rules;

    #[test]
    fn a_correction_shows_what_it_changes_and_its_author_checks_it_not() {
        let directory = sample();
        let (by, other): (ken_core::PractitionerId, ken_core::PractitionerId) = (
            "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
            "0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap(),
        );
        let entry = &directory.entries[0];
        let says = Says { phone: "01632 960 <2>".into(), ..entry.service.says.clone() };
        let proposal = Proposal {
            id: entry.service.id,
            service: entry.service.id,
            organisation: "cec".parse().unwrap(),
            by,
            says: says.clone(),
            at: directory.now,
        };
        let mut room = Room {
            directory,
            proposals: vec![proposal],
            proposers: BTreeMap::from([(by, "Jo <Officer>".to_owned())]),
            own: "cec".parse().unwrap(),
            reader: other,
        };
        let csrf = Csrf::of("x");
        let shown = page(&room, &[Wrong::new("proposals", "Look again")], &csrf).into_string();
        rules::assert_part(&shown);
        for want in [
            "01632 960 001 becomes 01632 960 &lt;2&gt;",
            "Jo &lt;Officer&gt;",
            "It is right:",
            "Still so:",
            "Correct Lunch",
        ] {
            assert!(shown.contains(want), "{want}: {shown}");
        }
        room.reader = by;
        let own = page(&room, &[], &csrf).into_string();
        assert!(own.contains("Take back:") && !own.contains("It is right:"), "{own}");
        room.own = "nhsl".parse().unwrap();
        room.proposals.clear();
        let others = page(&room, &[], &csrf).into_string();
        rules::assert_part(&others);
        assert!(others.contains("We assure Lunch") && !others.contains("Still so:"), "{others}");
        let wrongs = [Wrong::new("phone", "What you wrote is wrong")];
        let form = correct(&room.directory.entries[0], &says, &wrongs, &csrf);
        rules::assert_part(&form.into_string());
    }
}
