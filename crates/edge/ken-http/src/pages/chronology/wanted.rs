//! What of a chronology a reader wants to see: whose, which kinds, between which days, from which
//! end, and how it is laid out.
//!
//! # Invariants
//!
//! - An address carries closed words and the days that the reader typed. Where a part ended says
//!   when something happened, so it goes in a form.
//! - A word that nobody knows filters nothing; so what is shown depends on what is held by nothing
//!   but what may be seen.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ken_core::{Category, OrganisationId, Purpose};
use ken_records::{Order, Part, Point, Size};
use serde::Deserialize;

use crate::pages::ask::Names;
use crate::pages::compose::SIGNIFICANT;

/// The word for the kinds of information whose events are significant.
pub(crate) const MARKED: &str = "significant";

/// What the address carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    /// For which purpose; a person's own page has none.
    pub(crate) purpose: Option<Purpose>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    order: String,
    #[serde(default)]
    view: String,
}

/// What the form for the next part, or for a copy, carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    /// As in the address.
    #[serde(flatten)]
    pub(crate) wanted: Wanted,
    /// Where the part before ended, and on what.
    #[serde(default)]
    point: String,
    #[serde(default)]
    ended: String,
}

impl Sent {
    /// Where the part before ended; none where the form says no point.
    pub(crate) fn start(&self) -> Option<Start> {
        let point = self.point.parse().ok()?;
        Some(Start { point, is_event: self.ended == Start::EVENT })
    }
}

/// Where a part goes on from another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// Where that ended.
    pub(crate) point: Point,
    /// Whether it ended on an event that it showed.
    pub(crate) is_event: bool,
}

impl Start {
    /// What a form says where it did.
    pub(crate) const EVENT: &str = "event";
}

/// Which kinds of information.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// Every kind.
    #[default]
    Every,
    /// Those whose events are significant.
    Significant,
    /// One.
    One(Category),
}

impl Kinds {
    fn of(word: &str) -> Self {
        match word {
            "" => Self::Every,
            MARKED => Self::Significant,
            other => Category::new(other).map_or(Self::Every, Self::One),
        }
    }

    /// The word in the address.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Every => "",
            Self::Significant => MARKED,
            Self::One(kind) => kind.as_str(),
        }
    }

    fn categories(&self) -> BTreeSet<Category> {
        match self {
            Self::Every => BTreeSet::new(),
            Self::Significant => {
                SIGNIFICANT.into_iter().filter_map(|word| Category::new(word).ok()).collect()
            }
            Self::One(kind) => BTreeSet::from([kind.clone()]),
        }
    }
}

/// What is wanted, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Whose events alone.
    pub(crate) source: Option<OrganisationId>,
    /// Which kinds.
    pub(crate) kinds: Kinds,
    /// From which day on.
    pub(crate) from: Option<Date>,
    /// Up to which day, that day included.
    pub(crate) to: Option<Date>,
    /// From which end.
    pub(crate) order: Order,
    /// Whether each organisation has its column.
    pub(crate) in_lanes: bool,
    /// Whether a day was typed that is none.
    pub(crate) is_unread: bool,
}

impl Filter {
    /// Reads what the address carries, where these organisations are known.
    pub(crate) fn of(wanted: &Wanted, names: &Names) -> Self {
        let source = OrganisationId::new(wanted.source.as_str()).ok();
        let (from, to) = (day(&wanted.from), day(&wanted.to));
        Self {
            source: source.filter(|source| names.contains_key(source)),
            kinds: Kinds::of(&wanted.kind),
            is_unread: [(&wanted.from, from), (&wanted.to, to)]
                .iter()
                .any(|(typed, day)| !typed.trim().is_empty() && day.is_none()),
            from,
            to,
            order: match wanted.order.as_str() {
                "oldest" => Order::OldestFirst,
                _ => Order::NewestFirst,
            },
            in_lanes: wanted.view == "lanes",
        }
    }

    /// Whether it leaves out whole kinds or sources, whenever it was.
    pub(crate) fn is_partial(&self) -> bool {
        self.source.is_some() || self.kinds != Kinds::Every
    }

    /// Whether it leaves anything out.
    pub(crate) fn is_on(&self) -> bool {
        self.is_partial() || self.from.is_some() || self.to.is_some()
    }

    /// The part that it asks for, from where the one before ended. What has no date is within no
    /// days.
    pub(crate) fn part(&self, size: Size, point: Option<Point>) -> Part {
        let from = self.from.and_then(midnight).map(Point::at);
        let dated = self.to.map(|_| Point::at(Timestamp::MIN));
        let to = self.to.and_then(|day| midnight(day.tomorrow().ok()?)).map(Point::at);
        let (before, after) = match self.order {
            Order::NewestFirst => (point, None),
            Order::OldestFirst => (None, point),
        };
        Part {
            before: to.into_iter().chain(before).min(),
            after: from.or(dated).into_iter().chain(after).max(),
            order: self.order,
            only: self.kinds.categories(),
            source: self.source.clone(),
            size,
            of: None,
        }
    }

    /// What an address or a form carries for it; what is usual is left out.
    pub(crate) fn carried(&self) -> Vec<(&'static str, String)> {
        let text = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let source = self.source.as_ref().map(ToString::to_string).unwrap_or_default();
        let all = [
            ("source", source),
            ("kind", self.kinds.word().to_owned()),
            ("from", text(self.from)),
            ("to", text(self.to)),
            ("order", if self.order == Order::OldestFirst { "oldest" } else { "" }.to_owned()),
            ("view", if self.in_lanes { "lanes" } else { "" }.to_owned()),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// A day as a browser sends it; none where it is no day.
fn day(typed: &str) -> Option<Date> {
    typed.trim().parse().ok()
}

/// When a day begins in the United Kingdom.
fn midnight(day: Date) -> Option<Timestamp> {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    day.to_zoned(zone).ok().map(|at| at.timestamp())
}

#[cfg(test)]
pub(crate) mod tests {
    use axum::extract::Query;

    use super::*;

    pub(crate) fn names() -> Names {
        Names::from([("nhsl".parse().unwrap(), "NHS Glen".to_owned())])
    }

    pub(crate) fn filter(query: &str) -> Filter {
        let uri = format!("/?{}", query.replace(' ', "+")).parse().unwrap();
        let Query(wanted) = Query::<Wanted>::try_from_uri(&uri).unwrap();
        Filter::of(&wanted, &names())
    }

    #[test]
    fn an_address_is_read_and_written_alike() {
        let check = |query: &str, want: &str| {
            let carried = filter(query).carried();
            let said: Vec<_> =
                carried.iter().map(|(key, value)| format!("{key}={value}")).collect();
            assert_eq!(said.join("&"), want, "{query}");
        };
        let whole = "source=nhsl&kind=health-record&from=2024-03-01&to=2024-04-01&order=oldest\
                     &view=lanes";
        check(whole, whole);
        check("kind=significant&order=newest&view=list", "kind=significant");
        // What nobody knows filters nothing.
        check("source=nobody&kind=a b&from=yesterday&order=x&view=y", "");
        assert!(filter("from=yesterday").is_unread && !filter("from=+").is_unread);
        assert!(filter("from=2024-03-01").is_on() && !filter("from=2024-03-01").is_partial());
        assert!(filter("kind=significant").is_partial() && !filter("order=oldest").is_on());
    }

    #[test]
    fn days_are_whole_and_a_part_goes_on_where_one_ended() {
        let part = |query: &str, point| filter(query).part(Size::Page, point);
        let moment = |point: Option<Point>| point.map(|point| point.moment().to_string());
        let of = part("from=2024-03-31&to=2024-03-31", None);
        // The clocks went forward on that day.
        assert_eq!(moment(of.after).as_deref(), Some("2024-03-31T00:00:00Z"));
        assert_eq!(moment(of.before).as_deref(), Some("2024-03-31T23:00:00Z"));
        assert_eq!(part("to=2024-03-31", None).after, Some(Point::at(Timestamp::MIN)));
        assert_eq!(part("", None), Part::default());
        let at = |text: &str| Some(Point::at(text.parse().unwrap()));
        let (within, beyond) = (at("2024-03-31T12:00:00Z"), at("2025-01-01T00:00:00Z"));
        assert_eq!(part("to=2024-03-31", within).before, within);
        assert_eq!(part("to=2024-03-31", beyond).before, of.before, "a day is not passed");
        assert_eq!(part("from=2024-03-31&order=oldest", within).after, within);
        assert_eq!(part("from=2024-03-31&order=oldest", within).before, None);
        assert_eq!(part("kind=significant", None).only.len(), 2);
    }
}
