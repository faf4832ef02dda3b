//! Searching the directory: by words, by kind of help, and near a postcode.
//!
//! Where a postcode is, the places of the directory itself tell: nobody else is asked, so that no
//! postcode leaves. A distance is as the crow flies.

use jiff::Timestamp;

use super::{Entry, Location, Point};

/// Most words that are looked for. House policy.
const WORDS_MAX: usize = 8;
/// The mean radius of the earth in metres. Source: International Union of Geodesy and Geophysics.
const EARTH_M: f64 = 6_371_008.8;

/// What is looked for; what is empty is not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Words, or beginnings of words.
    pub words: &'a str,
    /// A category's slug.
    pub category: &'a str,
    /// A postcode, or its first half.
    pub postcode: &'a str,
}

/// Where a postcode is taken to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// The postcode, or as much of it as the directory knows: `XG6 1CV`, `XG6 1`, `XG6`.
    pub known: String,
    /// Degrees north and east.
    pub degrees: (f64, f64),
}

/// An entry that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// How far its nearest place is, in metres, where a postcode was looked for.
    pub metres: Option<f64>,
}

/// Looks through the directory: what is checked comes first, then what is near, then what has the
/// words in its name.
#[must_use]
pub fn search<'a>(
    all: &'a [Entry],
    wanted: &Wanted<'_>,
    now: Timestamp,
) -> (Vec<Found<'a>>, Option<Near>) {
    let words: Vec<_> = words(wanted.words).take(WORDS_MAX).collect();
    let near = near(all, wanted.postcode);
    let is_asked = |entry: &&Entry| {
        let of = &entry.service;
        let is_of = wanted.category.is_empty()
            || of.categories.iter().any(|category| category.slug == wanted.category);
        is_of && has(&text(entry), &words)
    };
    let found = all.iter().filter(is_asked).map(|entry| {
        let point = near.as_ref().map(|near| near.degrees);
        let metres = point.and_then(|point| nearest(entry, point));
        let in_name = has(&entry.service.says.name, &words);
        ((entry.is_stale(now), metres.unwrap_or(f64::MAX), !in_name), Found { entry, metres })
    });
    let mut found: Vec<_> = found.collect();
    // Those that are alike stay in the order of their names.
    found.sort_by(|((stale, far, other), _), ((is_stale, is_far, is_other), _)| {
        stale.cmp(is_stale).then(far.total_cmp(is_far)).then(other.cmp(is_other))
    });
    (found.into_iter().map(|(_, found)| found).collect(), near)
}

/// What of an entry words are looked for in.
fn text(entry: &Entry) -> String {
    let of = &entry.service;
    let categories = of.categories.iter().map(|category| category.name.as_str());
    let areas = of.areas.iter().map(|area| area.name.as_str());
    let places = of.locations.iter().map(|place| place.locality.as_str());
    let says = [&of.says.name, &of.says.summary, &of.says.description, &of.says.eligibility];
    let says = says.into_iter().map(String::as_str).chain([of.provider.name.as_str()]);
    says.chain(categories).chain(areas).chain(places).collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_lowercase();
    let split: Vec<_> = lower
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    split.into_iter()
}

/// Whether each word begins a word of the text.
fn has(text: &str, wanted: &[String]) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let held: Vec<_> = words(text).collect();
    wanted.iter().all(|word| held.iter().any(|held| held.starts_with(word.as_str())))
}

/// A postcode in its parts, each within the next: whole, sector, district.
fn parts(postcode: &str) -> Vec<String> {
    let signs: String =
        postcode.to_uppercase().chars().filter(|sign| !sign.is_whitespace()).collect();
    let is_outward = |text: &str| {
        (2..=4).contains(&text.len())
            && text.bytes().all(|sign| sign.is_ascii_alphanumeric())
            && text.starts_with(|sign: char| sign.is_ascii_alphabetic())
            && text.contains(|sign: char| sign.is_ascii_digit())
    };
    let halves = signs.len().checked_sub(3).and_then(|at| signs.split_at_checked(at));
    let whole = halves.filter(|(outward, inward)| {
        let mut inward = inward.chars();
        is_outward(outward)
            && inward.next().is_some_and(|sign| sign.is_ascii_digit())
            && inward.all(|sign| sign.is_ascii_uppercase())
    });
    match whole {
        Some((outward, inward)) => {
            let sector: String = inward.chars().take(1).collect();
            vec![format!("{outward} {inward}"), format!("{outward} {sector}"), outward.to_owned()]
        }
        None if is_outward(&signs) => vec![signs],
        None => vec![],
    }
}

/// Where a postcode is: the middle of the directory's places with it, or with the least part of it
/// that the directory knows.
fn near(all: &[Entry], postcode: &str) -> Option<Near> {
    let wanted = parts(postcode);
    if wanted.is_empty() {
        return None;
    }
    let places = all.iter().flat_map(|entry| &entry.service.locations);
    let places = places.filter_map(|place| Some((parts(&place.postcode), degrees(place)?)));
    let places: Vec<_> = places.collect();
    wanted.into_iter().find_map(|part| {
        let within = places.iter().filter(|(of, _)| of.contains(&part)).map(|(_, at)| *at);
        let (north, east, count) = within
            .fold((0.0, 0.0, 0.0_f64), |(n, e, count), (north, east)| {
                (n + north, e + east, count + 1.0)
            });
        (count > 0.0).then(|| Near { known: part, degrees: (north / count, east / count) })
    })
}

fn degrees(place: &Location) -> Option<(f64, f64)> {
    let Point { latitude, longitude } = place.point.as_ref()?;
    latitude.as_f64().zip(longitude.as_f64())
}

/// How far the nearest place of an entry is from a point.
fn nearest(entry: &Entry, from: (f64, f64)) -> Option<f64> {
    let far = entry.service.locations.iter().filter_map(degrees).map(|to| metres(from, to));
    far.min_by(f64::total_cmp)
}

/// The great circle between two points (the haversine formula), in metres.
fn metres(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (north, other) = (from.0.to_radians(), to.0.to_radians());
    let half = |a: f64, b: f64| ((b - a) / 2.0).sin().powi(2);
    let east = half(from.1.to_radians(), to.1.to_radians());
    let part = half(north, other) + north.cos() * other.cos() * east;
    2.0 * EARTH_M * part.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::service::{Brought, read};

    /// A response with these services: name, postcode, degrees north.
    fn entries(of: &[(&str, &str, &str)]) -> Vec<Entry> {
        let one = |(place, (name, postcode, north)): (usize, &(&str, &str, &str))| {
            format!(
                r#"{{ "id": "0190163d-8694-739b-aea5-9{place:011}", "name": "{name}",
                "organisation": {{ "id": "0190163d-8694-739b-aea5-966c26f8ad90", "name": "Glen" }},
                "categories": [{{ "slug": "kind-{place}", "name": "Kind" }}],
                "locations": [{{ "id": "0190163d-8694-739b-aea5-966c26f8ad91", "locality": "Leven",
                  "postal_code": "{postcode}", "latitude": {north}, "longitude": -3.0 }}],
                "last_updated": "2026-05-01T10:00:00", "last_reviewed": "2026-05-0{}T10:00:00" }}"#,
                place + 1
            )
        };
        let data: Vec<_> = of.iter().enumerate().map(one).collect();
        let text = format!(r#"{{ "meta": {{ "licence": "CC" }}, "data": [{}] }}"#, data.join(","));
        let entry = |Brought { service, updated, reviewed }| Entry {
            service,
            organisation: None,
            updated,
            checked: reviewed,
            corrected: None,
            assured: None,
            licence: "CC".into(),
            attribution: vec![],
        };
        read(&text).unwrap().services.into_iter().map(entry).collect()
    }

    #[test]
    fn what_is_asked_is_found_and_what_is_stale_comes_last() {
        let all = entries(&[
            ("Lunch club", "XG6 1CV", "56.00"),
            ("Walking group", "XG6 2KM", "56.01"),
            ("Café with lunch", "XG1 1VI", "56.50"),
        ]);
        let check = |words: &str, category: &str, postcode: &str, day: &str, want: &[&str]| {
            let wanted = Wanted { words, category, postcode };
            let (found, _) = search(&all, &wanted, format!("{day}T12:00:00Z").parse().unwrap());
            let told: Vec<_> =
                found.iter().map(|found| found.entry.service.says.name.as_str()).collect();
            assert_eq!(told, want, "{words} {category} {postcode} {day}");
        };
        let fresh = "2026-06-01";
        check("", "", "", fresh, &["Lunch club", "Walking group", "Café with lunch"]);
        check("LUN", "", "", fresh, &["Lunch club", "Café with lunch"]);
        check("leven walk", "", "", fresh, &["Walking group"]);
        check("caf", "", "", fresh, &["Café with lunch"]);
        check("unch", "", "", fresh, &[]);
        check("", "kind-1", "", fresh, &["Walking group"]);
        check("", "kind-9", "", fresh, &[]);
        check("", "", "xg62km", fresh, &["Walking group", "Lunch club", "Café with lunch"]);
        check("", "", "XG1", fresh, &["Café with lunch", "Walking group", "Lunch club"]);
        check("", "", "nowhere", fresh, &["Lunch club", "Walking group", "Café with lunch"]);
        // A year after the first was checked, and before the others were.
        check("", "", "", "2027-05-01", &["Walking group", "Café with lunch", "Lunch club"]);
    }

    #[test]
    fn a_postcode_is_where_the_directory_has_places() {
        let all = entries(&[("A", "XG6 1CV", "56.00"), ("B", "XG6 2KM", "56.02")]);
        let check = |postcode: &str, want: Option<(&str, f64)>| {
            let near = near(&all, postcode);
            let told = near.as_ref().map(|near| (near.known.as_str(), near.degrees.0));
            assert_eq!(told.map(|(known, _)| known), want.map(|(known, _)| known), "{postcode}");
            let apart = told.zip(want).map_or(0.0, |((_, is), (_, want))| (is - want).abs());
            assert!(apart < 1e-9, "{postcode}: {told:?}");
        };
        check("xg6 1cv", Some(("XG6 1CV", 56.0)));
        check("XG6 2AB", Some(("XG6 2", 56.02)));
        check("XG69ZZ", Some(("XG6", 56.01)));
        check("XG6", Some(("XG6", 56.01)));
        for none in ["", "XG", "XG7 1AA", "1 Made-up Road", "é6 1AA", "6XG 1AA"] {
            check(none, None);
        }
    }

    #[test]
    fn distances_are_as_the_crow_flies() {
        // A degree of latitude is 60 nautical miles of 1,852 metres, within a part in two hundred.
        let far = metres((56.0, -3.0), (57.0, -3.0));
        assert!((far - 111_120.0).abs() < 500.0, "{far}");
        let around = metres((0.0, 0.0), (0.0, 180.0));
        assert!((around - std::f64::consts::PI * EARTH_M).abs() < 1.0, "{around}");
    }

    proptest! {
        #[test]
        fn a_way_is_as_far_back(
            (a, b) in (-90.0_f64..90.0, -180.0_f64..180.0),
            (c, d) in (-90.0_f64..90.0, -180.0_f64..180.0),
        ) {
            let (there, back) = (metres((a, b), (c, d)), metres((c, d), (a, b)));
            prop_assert!((there - back).abs() < 0.01);
            prop_assert!((0.0..=std::f64::consts::PI * EARTH_M + 1.0).contains(&there));
        }

        #[test]
        fn any_words_are_looked_for(words in "\\PC{0,60}", postcode in "\\PC{0,12}") {
            let all = entries(&[("Lunch club", "XG6 1CV", "56.00")]);
            let wanted = Wanted { words: &words, category: "", postcode: &postcode };
            let (found, _) = search(&all, &wanted, Timestamp::UNIX_EPOCH);
            prop_assert!(found.len() <= 1);
        }
    }
}
