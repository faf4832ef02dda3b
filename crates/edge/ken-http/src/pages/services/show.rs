//! Entries of the directory of services, as its public pages and those of practitioners and
//! officers show them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ken_directory::service::{self, Entry, Found, Location, Near, Wanted};
use maud::{Markup, html};

use super::{ADDRESS, Directory, Sought};
use crate::pages::ask::Names;
use crate::pages::compose;
use crate::view::facts::{self, Tone};
use crate::view::form::{Field, select};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, phone, words};

/// Most entries that are shown. House policy: a page that somebody can still search by eye.
const SHOWN_MAX: usize = 60;
/// Metres in a mile.
const MILE: f64 = 1_609.344;

/// What was found, and where the postcode was taken to be.
pub(crate) type Hit<'f, 'n> = (Found<'f>, Option<&'n Near>);

/// What can be looked for.
pub(crate) fn fields(entries: &[Entry], sought: &Sought) -> Markup {
    html! {
        (Field::text("words", "What are you looking for?", sought.words.reveal())
            .hinted("For example lunch, walking, or carers.").show(&[]))
        (select("kind", "Kind of help", &kinds(entries), &sought.kind))
        (Field::text("postcode", "Postcode", sought.postcode.reveal())
            .hinted("A whole postcode, or its first half. We ask nobody else where it is.")
            .show(&[]))
    }
}

/// The kinds of help that the directory has.
pub(crate) fn kinds(entries: &[Entry]) -> Vec<(String, String)> {
    let all = entries.iter().flat_map(|entry| &entry.service.categories);
    let all: BTreeMap<_, _> = all.map(|kind| (&kind.slug, &kind.name)).collect();
    let mut kinds = vec![(String::new(), "Any kind".to_owned())];
    kinds.extend(all.into_iter().map(|(slug, name)| (slug.clone(), name.clone())));
    kinds
}

/// What was found, each on a card.
pub(crate) fn list(
    directory: &Directory,
    sought: &Sought,
    card_of: &dyn Fn(&Hit<'_, '_>) -> Markup,
) -> Markup {
    let wanted = Wanted {
        words: sought.words.reveal(),
        category: &sought.kind,
        postcode: sought.postcode.reveal(),
    };
    let (found, near) = service::search(&directory.entries, &wanted, directory.now);
    let count = found.len();
    let shown = found.into_iter().take(SHOWN_MAX).map(|found| card_of(&(found, near.as_ref())));
    let cards: Vec<_> = shown.collect();
    let state = if cards.is_empty() {
        let looked = if directory.entries.is_empty() {
            "No service is listed here yet."
        } else {
            "We found nothing for that."
        };
        let caution = "That does not mean that there is no help. Ask us, or try other words.";
        State::Nothing { looked: looked.into(), caution: caution.into() }
    } else {
        let from = match count {
            1 => "1 service.".to_owned(),
            many if many > SHOWN_MAX => format!("The first {SHOWN_MAX} of {many} services."),
            many => format!("{many} services."),
        };
        State::Content { shown: card::cards(true, &cards), from: Some(from) }
    };
    html! {
        @if !wanted.postcode.trim().is_empty() && near.is_none() {
            p { "No place in this list is near that postcode, so we cannot say how far it is." }
        }
        (panel::show(&Panel { id: "services", heading: "Services".into(), open: true, state }))
    }
}

/// An entry on a card.
pub(crate) fn card_of((found, near): &Hit<'_, '_>, of: &Directory) -> Markup {
    let (entry, service) = (found.entry, &found.entry.service);
    html! {
        div.care_old[entry.is_stale(of.now)] {
            h3 { a href={ (ADDRESS) "/" (service.id) } { (service.says.name) } }
            p { (service.provider.name) }
            @if !service.says.summary.is_empty() { p { (service.says.summary) } }
            @if let Some(place) = place(entry) { p { (place) } }
            @if let (Some(metres), Some(near)) = (found.metres, near) {
                p { (away(metres)) " from " (near.known) }
            }
            (standing(entry, &of.names, of.now))
        }
    }
}

/// Who assured an entry, and when it was last checked.
pub(crate) fn standing(entry: &Entry, names: &Names, now: Timestamp) -> Markup {
    html! {
        p { (assured(entry, names)) "." }
        p {
            "Last checked " (day(entry.checked)) "."
            @if entry.is_stale(now) { " " (facts::tag("Not checked for a year", Tone::Warn)) }
        }
    }
}

fn assured(entry: &Entry, names: &Names) -> String {
    entry.assured.as_ref().map_or_else(
        || "Nobody has assured this entry".to_owned(),
        |of| format!("Assured by {} on {}", compose::name_of(names, &of.by), day(of.at)),
    )
}

pub(crate) fn day(at: Timestamp) -> String {
    words::day_short(words::local(at).date())
}

/// A distance in words.
fn away(metres: f64) -> String {
    let miles = metres / MILE;
    if miles < 0.1 { "Less than 0.1 miles".to_owned() } else { format!("About {miles:.1} miles") }
}

/// Where it is given, in a line.
fn place(entry: &Entry) -> Option<String> {
    let of = &entry.service;
    let more = |count: usize| if count > 1 { " and other places" } else { "" };
    let place =
        of.locations.first().map(|one| format!("{}{}", line(one), more(of.locations.len())));
    place.or_else(|| of.areas.first().map(|area| format!("All over {}", area.name)))
}

fn line(place: &Location) -> String {
    let parts = [&place.name, &place.street, &place.locality, &place.postcode];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).cloned().collect();
    parts.join(", ")
}

/// A whole entry.
pub(crate) fn whole(entry: &Entry, names: &Names, now: Timestamp) -> Markup {
    let (service, says) = (&entry.service, &entry.service.says);
    html! {
        h1 { (says.name) }
        p { "From " (service.provider.name) }
        @if entry.is_stale(now) {
            p { (facts::tag("Not checked for a year", Tone::Warn))
                " It may be wrong by now. Ask them first." }
        }
        div.care_old[entry.is_stale(now)] {
            @if !says.summary.is_empty() { p { b { (says.summary) } } }
            @for paragraph in says.description.lines() { p { (paragraph) } }
            (facts::list(&facts_of(entry, names)))
        }
        (licence(entry))
    }
}

fn facts_of(entry: &Entry, names: &Names) -> Vec<(&'static str, Markup)> {
    let (service, says) = (&entry.service, &entry.service.says);
    let lines = |lines: Vec<String>| html! { @for line in lines { p { (line) } } };
    let kinds = service.categories.iter().map(|kind| kind.name.clone()).collect::<Vec<_>>();
    vec![
        ("Who it is for", lines(says.eligibility.lines().map(str::to_owned).collect())),
        ("Telephone", html! { @if !says.phone.is_empty() { (phone::linked(&says.phone)) } }),
        (
            "Email",
            html! { @if !says.email.is_empty() {
                a href={ "mailto:" (says.email) } { (says.email) }
            } },
        ),
        (
            "On the web",
            html! { @if !says.url.is_empty() {
                a href=(says.url) rel="noreferrer nofollow" { (says.url) }
            } },
        ),
        ("Where", lines(service.locations.iter().map(line).collect())),
        ("Areas", lines(service.areas.iter().map(|area| area.name.clone()).collect())),
        ("Kind of help", html! { (kinds.join(", ")) }),
        ("Assured", html! { (assured(entry, names)) "." }),
        ("Last checked", html! { (day(entry.checked)) }),
        ("To be checked again by", html! { (day(entry.review())) }),
    ]
}

/// The licence that an entry comes under, and whom it wants named.
pub(crate) fn licence(entry: &Entry) -> Markup {
    let is_web = entry.licence.starts_with("https://") || entry.licence.starts_with("http://");
    html! {
        p.care_from {
            "Licence: "
            @if is_web {
                a href=(entry.licence) rel="noreferrer nofollow" { (entry.licence) }
            } @else { (entry.licence) }
            "."
            @for of in &entry.attribution {
                " "
                @if of.url.is_empty() { (of.text) } @else {
                    a href=(of.url) rel="noreferrer nofollow" { (of.text) }
                }
                "."
            }
            @if let Some(at) = entry.corrected { " Changed here on " (day(at)) "." }
        }
    }
}

/// A directory of one entry, for tests of pages.
#[cfg(test)]
pub(crate) fn sample() -> Directory {
    let text = r#"{
      "meta": { "licence": "https://licence.example/",
        "attribution": [{ "text": "By &lt;us&gt;" }] },
      "data": [{
        "id": "0190163d-8694-739b-aea5-966c26f8ad90", "name": "Lunch &lt;club&gt;",
        "summary": "Soup", "description": "Soup and bread.", "phone": "01632 960 001",
        "email": "lunch@glen.example", "url": "https://lunch.example/",
        "organisation": { "id": "0190163d-8694-739b-aea5-966c26f8ad91", "name": "Glen lunches" },
        "locations": [{ "id": "0190163d-8694-739b-aea5-966c26f8ad92", "locality": "Glenfern",
          "postal_code": "XG6 1CV", "latitude": 56.1, "longitude": -3.2 }],
        "service_areas": [{ "code": "S12", "type": "Council", "name": "Glen" }],
        "categories": [{ "name": "Food", "slug": "food" }],
        "community_groups": [{ "name": "Older people", "is_range": false }],
        "last_updated": "2027-05-01T10:00:00", "last_reviewed": "2027-05-01T10:00:00"
      }]
    }"#;
    let response = service::read(text).unwrap();
    let (licence, attribution) = (response.licence, response.attribution);
    let brought = response.services.into_iter().next().unwrap();
    let entry = Entry {
        service: brought.service,
        organisation: "cec".parse().ok(),
        updated: brought.updated,
        checked: brought.reviewed,
        corrected: None,
        assured: None,
        licence,
        attribution,
    };
    let name = |id: &str, name: &str| (id.parse().unwrap(), name.to_owned());
    Directory {
        entries: vec![entry],
        names: Names::from([name("cec", "Glen Council"), name("nhsl", "NHS Glen")]),
        now: "2027-06-01T09:00:00Z".parse().unwrap(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_whole_entry_has_its_contact_and_its_licence() {
        let of = sample();
        let shown = whole(&of.entries[0], &of.names, of.now).into_string();
        rules::assert_part(&shown);
        for want in [
            "Lunch &lt;club&gt;",
            "tel:01632960001",
            "mailto:lunch@glen.example",
            "https://lunch.example/",
            "Older people",
            "Glenfern, XG6 1CV",
            "1 May 2027",
            "30 Apr 2028",
            "https://licence.example/",
            "By &lt;us&gt;",
        ] {
            assert!(shown.contains(want), "{want}: {shown}");
        }
    }
}
