//! Reading a response of ALISS, version 5 of its interface: one page of services, with the licence
//! that they come under. It is read whole or not at all, and each fault names its place.
//!
//! What a response has beside what is read here (pictures, links to other pages, scores) is left.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ken_core::EntryId;
use serde_json::Value;

use super::{
    Area, Attribution, Category, Location, Point, Provider, SERVICES_MAX, Says, Service, is_web,
    plain,
};

/// Longest response, in bytes. House policy: a page of ALISS has at most a hundred services.
pub const TEXT_MAX: usize = 16 << 20;
/// Most places, areas or categories of one service, and most groups that it is for. House policy.
const OF_ONE_MAX: usize = 200;
/// Longest line, in characters. House policy.
const LINE_MAX: usize = 200;
/// Longest words of a licence, in characters. House policy.
const LICENCE_MAX: usize = 500;
/// Most faults that are told at once. House policy.
const FAULTS_MAX: usize = 50;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: `data[3].locations[0].latitude`, or a line and column.
    pub at: String,
    /// What.
    pub says: &'static str,
}

/// A response, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The licence that it comes under.
    pub licence: String,
    /// Whom the licence wants named.
    pub attribution: Vec<Attribution>,
    /// The services.
    pub services: Vec<Brought>,
}

/// A service, as a response brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The service.
    pub service: Service,
    /// When its source last changed it.
    pub updated: Timestamp,
    /// When somebody last reviewed it there.
    pub reviewed: Timestamp,
}

/// Reads a response.
///
/// # Errors
///
/// Every [`Fault`], as far as the most that are told.
pub fn read(text: &str) -> Result<Response, Vec<Fault>> {
    let whole = |at: &str, says| Err(vec![Fault { at: at.to_owned(), says }]);
    if text.len() > TEXT_MAX {
        return whole("the file", "is longer than 16 MB: bring it in parts");
    }
    let root: Value = match serde_json::from_str(text) {
        Ok(root) => root,
        Err(error) => {
            let at = format!("line {}, column {}", error.line(), error.column());
            return whole(&at, "is not JSON");
        }
    };
    let mut reader = Reader::default();
    let response = reader.response(&root);
    let mut faults = reader.faults;
    let mut seen = BTreeSet::new();
    for (place, brought) in response.services.iter().enumerate() {
        if !seen.insert(brought.service.id) {
            faults.push(Fault { at: format!("data[{place}].id"), says: "stands twice" });
        }
    }
    faults.truncate(FAULTS_MAX);
    if faults.is_empty() { Ok(response) } else { Err(faults) }
}

/// Reads values and notes what is wrong with them.
#[derive(Debug, Default)]
struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, at: &str, says: &'static str) {
        self.faults.push(Fault { at: at.to_owned(), says });
    }

    fn response(&mut self, root: &Value) -> Response {
        let meta = root.get("meta").unwrap_or(&Value::Null);
        let licence = self.text(meta, "meta", ("licence", LICENCE_MAX));
        if licence.is_empty() {
            self.fault("meta.licence", "is missing: what has no licence is not brought");
        }
        let named = self.list(meta, "meta", "attribution");
        let attribution = named.into_iter().map(|(at, of)| Attribution {
            text: self.text(of, &at, ("text", LICENCE_MAX)),
            url: self.web(of, &at, "url"),
        });
        let attribution = attribution.collect();
        let Some(data) = root.get("data").and_then(Value::as_array) else {
            self.fault("data", "is no list");
            return Response { licence, attribution, services: vec![] };
        };
        if data.is_empty() || data.len() > SERVICES_MAX {
            self.fault("data", "has no service, or more than 2,000");
        }
        let read = |(place, of)| self.brought(of, &format!("data[{place}]"));
        let services = data.iter().take(SERVICES_MAX).enumerate().filter_map(read).collect();
        Response { licence, attribution, services }
    }

    fn brought(&mut self, of: &Value, at: &str) -> Option<Brought> {
        let by = of.get("organisation").unwrap_or(&Value::Null);
        let (by_at, id) = (format!("{at}.organisation"), self.id(of, at));
        let (provider, name) = (self.id(by, &by_at), self.text(by, &by_at, ("name", LINE_MAX)));
        let says = self.says(of, at);
        let locations = self.list(of, at, "locations");
        let locations = locations.iter().filter_map(|(at, of)| self.location(of, at)).collect();
        let areas = self.list(of, at, "service_areas");
        let areas = areas.iter().map(|(at, of)| Area {
            code: self.line(of, at, "code"),
            kind: self.line(of, at, "type"),
            name: self.line(of, at, "name"),
        });
        let areas = areas.collect();
        let categories = self.list(of, at, "categories");
        let categories = categories.iter().map(|(at, of)| Category {
            slug: self.line(of, at, "slug"),
            name: self.line(of, at, "name"),
        });
        let categories = categories.collect();
        let (updated, reviewed) =
            (self.time(of, at, "last_updated"), self.time(of, at, "last_reviewed"));
        let provider = Provider { id: provider?, name };
        let service = Service { id: id?, provider, says, locations, areas, categories };
        Some(Brought { service, updated: updated?, reviewed: reviewed? })
    }

    fn says(&mut self, of: &Value, at: &str) -> Says {
        let groups = self.list(of, at, "community_groups");
        let groups: Vec<_> = groups.iter().map(|(at, of)| self.group(of, at)).collect();
        // A telephone number or an address of mail may have several lines there, a summary too.
        let one = |text: String| text.replace('\n', ", ");
        let says = Says {
            name: one(self.text(of, at, ("name", LINE_MAX))),
            summary: one(self.text(of, at, ("summary", LINE_MAX))),
            description: self.text(of, at, ("description", super::DESCRIPTION_MAX)),
            eligibility: groups.join("\n"),
            phone: one(self.text(of, at, ("phone", LINE_MAX))),
            email: one(self.text(of, at, ("email", LINE_MAX))),
            url: self.web(of, at, "url"),
        };
        if let Err((field, wrong)) = says.check() {
            let at = format!("{at}.{field}");
            if !self.faults.iter().any(|fault| fault.at == at) {
                self.fault(&at, wrong);
            }
        }
        says
    }

    /// A group that a service is for: of an age, where it is a range.
    fn group(&mut self, of: &Value, at: &str) -> String {
        let name = self.line(of, at, "name");
        let is_range = of.get("is_range").and_then(Value::as_bool).unwrap_or_default();
        match (is_range, of.get("min"), of.get("max")) {
            (true, Some(Value::Number(min)), Some(Value::Number(max))) => {
                format!("{name}: {min} to {max}")
            }
            _ => name,
        }
    }

    fn location(&mut self, of: &Value, at: &str) -> Option<Location> {
        Some(Location {
            id: self.id(of, at)?,
            name: self.line(of, at, "name"),
            street: self.line(of, at, "street_address"),
            locality: self.line(of, at, "locality"),
            region: self.line(of, at, "region"),
            postcode: self.line(of, at, "postal_code"),
            country: self.line(of, at, "country"),
            point: self.point(of, at),
        })
    }

    fn point(&mut self, of: &Value, at: &str) -> Option<Point> {
        let (latitude, longitude) = (of.get("latitude"), of.get("longitude"));
        let is_absent = |value: Option<&Value>| value.is_none_or(Value::is_null);
        if is_absent(latitude) && is_absent(longitude) {
            return None;
        }
        let mut degrees = |value: Option<&Value>, key: &str, most: f64| match value {
            Some(Value::Number(number))
                if number.as_f64().is_some_and(|degrees| degrees.abs() <= most) =>
            {
                Some(number.clone())
            }
            _ => {
                self.fault(&format!("{at}.{key}"), "is no number of degrees");
                None
            }
        };
        let latitude = degrees(latitude, "latitude", 90.0);
        let longitude = degrees(longitude, "longitude", 180.0);
        Some(Point { latitude: latitude?, longitude: longitude? })
    }

    fn id(&mut self, of: &Value, at: &str) -> Option<EntryId> {
        let text = of.get("id").and_then(Value::as_str).unwrap_or_default();
        let id = text.to_lowercase().parse().ok();
        if id.is_none() {
            self.fault(&format!("{at}.id"), "is no id");
        }
        id
    }

    /// A day and a time; without a zone it is taken for UTC, as ALISS keeps it.
    fn time(&mut self, of: &Value, at: &str, key: &str) -> Option<Timestamp> {
        let text = of.get(key).and_then(Value::as_str).unwrap_or_default();
        let zoned: Option<Timestamp> = text.parse().ok();
        let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
        let time = zoned.or_else(|| civil().map(|zoned| zoned.timestamp()));
        // As finely as it is kept.
        let time = time.and_then(|time| Timestamp::from_microsecond(time.as_microsecond()).ok());
        if time.is_none() {
            self.fault(&format!("{at}.{key}"), "is no day and time");
        }
        time
    }

    fn line(&mut self, of: &Value, at: &str, key: &'static str) -> String {
        self.text(of, at, (key, LINE_MAX)).replace('\n', ", ")
    }

    /// A text without markup; empty where there is none.
    fn text(&mut self, of: &Value, at: &str, (key, most): (&'static str, usize)) -> String {
        let text = match of.get(key) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => plain(text),
            Some(_) => {
                self.fault(&format!("{at}.{key}"), "is no text");
                String::new()
            }
        };
        if text.chars().count() > most {
            self.fault(&format!("{at}.{key}"), "is too long");
        }
        text
    }

    fn web(&mut self, of: &Value, at: &str, key: &'static str) -> String {
        let text = of.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        if !text.is_empty() && !is_web(&text) {
            let says = "is no address that begins with https:// or http://";
            self.fault(&format!("{at}.{key}"), says);
        }
        text
    }

    /// The parts of a list, each with its place; none where there is none.
    fn list<'v>(&mut self, of: &'v Value, at: &str, key: &str) -> Vec<(String, &'v Value)> {
        let all = match of.get(key) {
            None | Some(Value::Null) => return vec![],
            Some(Value::Array(all)) => all,
            Some(_) => {
                self.fault(&format!("{at}.{key}"), "is no list");
                return vec![];
            }
        };
        if all.len() > OF_ONE_MAX {
            self.fault(&format!("{at}.{key}"), "has more than 200");
        }
        let placed = |(place, value)| (format!("{at}.{key}[{place}]"), value);
        all.iter().take(OF_ONE_MAX).enumerate().map(placed).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"{
      "meta": { "licence": "https://creativecommons.org/licenses/by/4.0/",
        "attribution": [{ "text": "Contains contributions", "url": "https://aliss.example/t" }] },
      "count": 1, "next": null, "previous": null,
      "data": [{
        "id": "6F1C1C1E-52a1-4a53-9b0f-3a54d2a4f5aa", "name": "Lunch &amp; chat",
        "description": "<p>Soup</p>", "url": "https://lunch.example", "phone": null,
        "organisation": { "id": "0190163d-8694-739b-aea5-966c26f8ad90", "name": "Lunch club" },
        "locations": [{ "id": "0190163d-8694-739b-aea5-966c26f8ad91", "postal_code": "XG6 1CV",
          "latitude": 56.1000000000000001, "longitude": -3.2 }],
        "service_areas": [{ "code": "S12000036", "type": "Local Authority", "name": "Glen" }],
        "categories": [{ "name": "Food", "slug": "food", "selected": true }],
        "community_groups": [{ "name": "Age", "is_range": true, "min": 60, "max": 120 },
          { "name": "Carers", "is_range": false }],
        "last_updated": "2026-05-01T10:00:00.123", "last_reviewed": "2026-06-01T10:00:00Z"
      }]
    }"#;

    #[test]
    fn a_response_is_read_with_its_licence_and_every_digit() {
        let response = read(GOOD).unwrap();
        assert_eq!(response.licence, "https://creativecommons.org/licenses/by/4.0/");
        assert_eq!(response.attribution[0].text, "Contains contributions");
        let Brought { service, updated, reviewed } = &response.services[0];
        assert_eq!(service.id.to_string(), "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa");
        assert_eq!((&*service.says.name, &*service.says.description), ("Lunch & chat", "Soup"));
        assert_eq!(service.says.eligibility, "Age: 60 to 120\nCarers");
        let point = service.locations[0].point.as_ref().unwrap();
        assert_eq!(point.latitude.to_string(), "56.1000000000000001");
        assert_eq!(service.areas[0].code, "S12000036");
        assert_eq!(updated.to_string(), "2026-05-01T10:00:00.123Z");
        assert_eq!(reviewed.to_string(), "2026-06-01T10:00:00Z");
    }

    #[test]
    fn a_fault_names_its_place_and_nothing_is_read() {
        let check = |from: &str, to: &str, want: &[&str]| {
            assert!(GOOD.contains(from), "{from}");
            let faults = read(&GOOD.replace(from, to)).unwrap_err();
            let told: Vec<_> = faults.iter().map(|of| of.at.as_str()).collect();
            assert_eq!(told, want, "{to}");
        };
        check("\"licence\"", "\"license\"", &["meta.licence"]);
        check("\"data\": [", "\"data\": 1, \"x\": [", &["data"]);
        check("\"id\": \"6F1C", "\"id\": \"xF1C", &["data[0].id"]);
        check("-3.2", "-300.2", &["data[0].locations[0].longitude"]);
        check("-3.2", "null", &["data[0].locations[0].longitude"]);
        check("https://lunch.example", "javascript:alert(1)", &["data[0].url"]);
        check("2026-06-01T10:00:00Z", "yesterday", &["data[0].last_reviewed"]);
        check("\"Food\"", "7", &["data[0].categories[0].name"]);
        check("Lunch &amp; chat", "", &["data[0].name"]);
        let cut = GOOD.replace("\"count\": 1,", "\"count\": ,");
        assert!(read(&cut).unwrap_err()[0].at.starts_with("line 4, column "));
        let twice = GOOD.trim_end().strip_suffix("]\n    }").unwrap();
        let (_, one) = twice.split_once("\"data\": [").unwrap();
        let twice = format!("{twice},{one}]}}");
        assert_eq!(read(&twice).unwrap_err()[0].at, "data[1].id");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}", cut in 0_usize..10_000) {
            let _ = read(&text);
            let part: String = GOOD.chars().take(cut % (GOOD.chars().count() - 1)).collect();
            prop_assert!(read(&part).is_err(), "{part}");
        }
    }
}
