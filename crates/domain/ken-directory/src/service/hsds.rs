//! How services go out: the Human Services Data Specification 3.0 with the Open Referral UK
//! profile. A listing has what belongs to a service alone; a whole service has its places, areas
//! and categories too.
//!
//! What the standard wants an id for and has none at its source gets one that follows from what it
//! is, so that it is the same each time. What is ours begins with `x-`: the licence, and who
//! assured the entry.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Area, Category, Entry, Location};

/// The version of the specification.
pub const VERSION: &str = "3.0";
/// The profile of it.
pub const PROFILE: &str = "https://open-referral-uk-profile.readthedocs.io/en/latest/";
/// The description of the interface.
const OPENAPI: &str =
    "https://raw.githubusercontent.com/openreferral/specification/3.0/schema/openapi.json";
/// Most services of one page. House policy.
pub const PER_PAGE_MAX: usize = 100;
/// Where the areas of official codes are described.
const AREAS: &str = "http://statistics.data.gov.uk/id/statistical-geography/";

/// What the interface is.
#[must_use]
pub fn feed() -> Value {
    json!({ "version": VERSION, "profile": PROFILE, "openapi_url": OPENAPI })
}

/// A page of services, counted from 1; a page that does not exist is empty.
#[must_use]
pub fn page(all: &[Entry], (number, size): (usize, usize), now: Timestamp) -> Value {
    let (number, size) = (number.max(1), size.clamp(1, PER_PAGE_MAX));
    let pages = all.len().div_ceil(size);
    let from = (number - 1).saturating_mul(size);
    let contents: Vec<_> = all.iter().skip(from).take(size).map(|of| one(of, now)).collect();
    envelope(all.len(), (pages, number), &contents)
}

fn envelope(total: usize, (pages, number): (usize, usize), contents: &[Value]) -> Value {
    json!({
        "total_items": total,
        "total_pages": pages,
        "page_number": number,
        "size": contents.len(),
        "first_page": number == 1,
        "last_page": number >= pages,
        "empty": contents.is_empty(),
        "contents": contents,
    })
}

/// A whole service, with its places, areas and categories.
#[must_use]
pub fn whole(entry: &Entry, now: Timestamp) -> Value {
    let (of, mut service) = (&entry.service, one(entry, now));
    let id = of.id.to_string();
    if let Some(fields) = service.as_object_mut() {
        let places: Vec<_> = of.locations.iter().map(|place| at_location(&id, place)).collect();
        let areas: Vec<_> = of.areas.iter().map(|area| area_of(&id, area)).collect();
        let kinds: Vec<_> = of.categories.iter().map(|kind| attribute(&id, kind)).collect();
        fields.insert("service_at_locations".to_owned(), places.into());
        fields.insert("service_areas".to_owned(), areas.into());
        fields.insert("attributes".to_owned(), kinds.into());
        if !of.says.phone.is_empty() {
            let phone = json!({ "id": id_of(&["phone", &id]), "number": of.says.phone });
            let contact = json!({ "id": id_of(&["contact", &id]), "phones": [phone] });
            fields.insert("contacts".to_owned(), json!([contact]));
        }
    }
    service
}

/// What belongs to a service alone.
fn one(entry: &Entry, now: Timestamp) -> Value {
    let (of, says) = (&entry.service, &entry.service.says);
    let mut fields = Map::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            fields.insert(name.to_owned(), value.into());
        }
    };
    put("id", &of.id.to_string());
    put("name", &says.name);
    put("description", if says.description.is_empty() { &says.summary } else { &says.description });
    put("url", &says.url);
    put("email", &says.email);
    put("status", "active");
    put("eligibility_description", &says.eligibility);
    if entry.is_stale(now) {
        put("alert", "Nobody has checked this entry for a year. Ask before you rely on it.");
    }
    if let Some(assured) = &entry.assured {
        put("assured_date", &day(assured.at));
        put("x-assured-by", assured.by.as_str());
    }
    put("x-last-checked", &day(entry.checked));
    put("last_modified", &entry.corrected.unwrap_or(entry.updated).to_string());
    let provider = &of.provider;
    let provider =
        json!({ "id": provider.id.to_string(), "name": provider.name, "description": "" });
    fields.insert("organization".to_owned(), provider);
    fields.insert("x-licence".to_owned(), entry.licence.as_str().into());
    let named = entry.attribution.iter().map(|of| json!({ "text": of.text, "url": of.url }));
    fields.insert("x-attribution".to_owned(), named.collect::<Vec<_>>().into());
    Value::Object(fields)
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// A place of a service. What the standard requires of an address and the source left out is empty.
fn at_location(service: &str, place: &Location) -> Value {
    let id = place.id.to_string();
    let country = match place.country.as_str() {
        "" | "United Kingdom" | "Scotland" => "GB",
        other => other,
    };
    let mut location = json!({
        "id": id,
        "location_type": "physical",
        "name": place.name,
        "addresses": [{
            "id": id_of(&["address", &id]),
            "address_1": place.street,
            "city": place.locality,
            "state_province": place.region,
            "postal_code": place.postcode,
            "country": country,
            "address_type": "physical",
        }],
    });
    if let (Some(point), Some(fields)) = (&place.point, location.as_object_mut()) {
        fields.insert("latitude".to_owned(), Value::Number(point.latitude.clone()));
        fields.insert("longitude".to_owned(), Value::Number(point.longitude.clone()));
    }
    json!({ "id": id_of(&["service-at-location", service, &id]), "location": location })
}

fn area_of(service: &str, area: &Area) -> Value {
    let id = id_of(&["service-area", service, &area.code, &area.name]);
    let mut fields = json!({ "id": id, "name": area.name, "description": area.kind });
    if let Some(fields) = fields.as_object_mut().filter(|_| !area.code.is_empty()) {
        fields.insert("uri".to_owned(), format!("{AREAS}{}", area.code).into());
    }
    fields
}

fn attribute(service: &str, kind: &Category) -> Value {
    json!({
        "id": id_of(&["attribute", service, &kind.slug]),
        "link_entity": "service",
        "taxonomy_term": {
            "id": id_of(&["category", &kind.slug]),
            "code": kind.slug,
            "name": kind.name,
            "description": kind.name,
            "taxonomy": "ALISS categories",
        },
    })
}

/// An id that follows from what something is: a UUID of version 8 (RFC 9562), from a hash.
fn id_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let half = hash.finalize();
    let half = half.iter().take(16).fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
    let marked = half & !(0xf << 76) & !(0b11 << 62) | (0x8 << 76) | (0b10 << 62);
    let hex = format!("{marked:032x}");
    let mut out = String::with_capacity(36);
    for (place, sign) in hex.chars().enumerate() {
        if [8, 12, 16, 20].contains(&place) {
            out.push('-');
        }
        out.push(sign);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_what_it_is_of() {
        let id = id_of(&["category", "food"]);
        assert_eq!(id, id_of(&["category", "food"]));
        assert_ne!(id, id_of(&["categoryfood"]));
        assert_ne!(id, id_of(&["category", "foot"]));
        assert_eq!((id.len(), &id[14..15]), (36, "8"));
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}
