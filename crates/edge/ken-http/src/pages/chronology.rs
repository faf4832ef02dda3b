//! An integrated chronology, for whoever may read it: what every agency tells, filtered, folded,
//! with the times in which nothing is told; as a page and as a copy.
//!
//! # Invariants
//!
//! - It is made of one part of what was disclosed, and of what was asked; a group, a gap and a
//!   count follow from what stands in that part alone.
//! - What can be chosen from follows from what is asked and covered, never from what is held
//!   besides.
//!
//! Sources: `ux.md` 4.4; ADR 72.

pub(crate) mod copy;
mod wanted;

use jiff::civil::Date;
use ken_care::chronology::{self, Gap};
use ken_core::Purpose;
use ken_records::{Order, Point};
use maud::{Markup, html};

pub(crate) use wanted::{Filter, Sent, Start, Wanted};
use wanted::{Kinds, MARKED};

use crate::pages::compose::Dated;
use crate::view::chronology::{self as view, Month};
use crate::view::form::{self, Form};
use crate::view::words;
use crate::wire::csrf::Csrf;

/// The heading of what has no date.
const UNDATED: &str = "No date given";

/// One part of a chronology.
#[derive(Debug)]
pub(crate) struct Chronology {
    /// The page that it is on.
    pub(crate) action: String,
    /// For which purpose it is read; none where it is one's own.
    pub(crate) purpose: Option<Purpose>,
    /// What is wanted.
    pub(crate) filter: Filter,
    /// Organisations that can be chosen: word and name.
    pub(crate) sources: Vec<(String, String)>,
    /// Kinds of information that can be chosen: word and words.
    pub(crate) kinds: Vec<(String, String)>,
    /// The events of this part, in its order.
    pub(crate) events: Vec<Dated>,
    /// Where the part before ended, where there is one.
    pub(crate) start: Option<Start>,
    /// Where the next part begins, if there is one.
    pub(crate) next: Option<Point>,
}

impl Chronology {
    /// The page's content under its heading.
    pub(crate) fn show(&self, csrf: &Csrf) -> Markup {
        let (months, said) = (self.months(), self.says());
        html! {
            (self.filters())
            (self.chips())
            @if self.filter.is_unread {
                p { "A day could not be read, so it is not used. Write it as 2026-03-14." }
            }
            p role="status" { (said) }
            (self.ways())
            @if self.filter.in_lanes && !months.is_empty() { (view::lanes(&months)) }
            @else { (view::list(&months)) }
            div.care_ways {
                @if let Some(next) = self.next { (self.further(next, csrf)) }
                (self.copy(csrf))
            }
        }
    }

    /// The months with their events and gaps.
    fn months(&self) -> Vec<Month> {
        let accounts: Vec<_> = self.events.iter().map(|dated| dated.account.clone()).collect();
        let mut gaps = self.gaps(&accounts);
        let mut months: Vec<Month> = vec![];
        for group in chronology::fold(&accounts) {
            let of: Vec<_> = group.iter().filter_map(|place| self.events.get(*place)).collect();
            let Some(first) = of.first() else { continue };
            let began = first.when.days().map(|days| days.0);
            let mut before = vec![];
            // Which is met next stands last.
            while let Some(gap) =
                gaps.pop_if(|gap| began.is_some_and(|day| self.is_past(*gap, day)))
            {
                before.push(self.gap(gap));
            }
            let name = began.map_or_else(|| UNDATED.to_owned(), words::month_of);
            let events = of.into_iter().map(|dated| dated.event.clone()).collect();
            match months.last_mut().filter(|month| before.is_empty() && month.name == name) {
                Some(month) => month.events.push(events),
                None => months.push(Month { gaps: before, name, events: vec![events] }),
            }
        }
        months
    }

    /// The times without events in this part, and the one before its newest where it goes on from
    /// another; that which is met first in its order stands last.
    fn gaps(&self, accounts: &[chronology::Account]) -> Vec<Gap> {
        let mut gaps = chronology::gaps(accounts);
        if self.filter.order == Order::OldestFirst {
            gaps.reverse();
            return gaps;
        }
        let newest = accounts.iter().filter_map(|account| account.days).map(|days| days.1).max();
        let shown = self.start.filter(|start| start.is_event);
        let until = shown.map(|start| words::local(start.point.moment()).date());
        gaps.extend(newest.zip(until).and_then(|(after, until)| chronology::gap(after, until)));
        gaps
    }

    /// Whether what began on a day is beyond a gap.
    fn is_past(&self, gap: Gap, began: Date) -> bool {
        match self.filter.order {
            Order::NewestFirst => began < gap.until,
            Order::OldestFirst => began >= gap.until,
        }
    }

    fn gap(&self, gap: Gap) -> String {
        let nothing = if self.filter.is_partial() { "Nothing that matches" } else { "No events" };
        let (after, until) = (words::day_short(gap.after), words::day_short(gap.until));
        format!("{nothing} shared between {after} and {until}.")
    }

    /// How many events there are here, and whether there are more.
    fn says(&self) -> String {
        let of = if self.filter.is_on() { " that match" } else { "" };
        let accounts: Vec<_> = self.events.iter().map(|dated| dated.account.clone()).collect();
        let (events, told) = (chronology::fold(&accounts).len(), accounts.len());
        let count = match (events, told) {
            (0, _) if self.filter.is_on() => "No events match.".to_owned(),
            (0, _) => "There are no events here that you may see.".to_owned(),
            (1, 1) => format!("1 event{}.", if of.is_empty() { "" } else { " that matches" }),
            (_, _) if events == told => format!("{events} events{of}."),
            (1, _) => format!("{told} accounts{of}, of what may be 1 event."),
            (_, _) => format!("{told} accounts{of}, of what may be {events} events."),
        };
        match self.next {
            Some(_) => format!("{count} There are more: the way to them is below."),
            None => count,
        }
    }

    /// The filters: closed words and days, so the address says nothing of the person.
    fn filters(&self) -> Markup {
        let mut sources = vec![(String::new(), "Every organisation".to_owned())];
        sources.extend(self.sources.iter().cloned());
        let mut kinds = vec![
            (String::new(), "Every kind".to_owned()),
            (MARKED.to_owned(), "Significant: concerns and alerts".to_owned()),
        ];
        kinds.extend(self.kinds.iter().cloned());
        let source = self.filter.source.as_ref().map(ToString::to_string).unwrap_or_default();
        let kept = ["order", "view"];
        form::filter(
            &self.action,
            &html! {
                @if let Some(purpose) = &self.purpose {
                    input type="hidden" name="purpose" value=(purpose);
                }
                @for (name, value) in self.filter.carried() {
                    @if kept.contains(&name) { input type="hidden" name=(name) value=(value); }
                }
                (form::select("source", "Organisation", &sources, &source))
                (form::select("kind", "Kind of information", &kinds, self.filter.kinds.word()))
                (form::day("from", "From day", self.filter.from))
                (form::day("to", "To day", self.filter.to))
            },
        )
    }

    /// The address of this page with another filter.
    fn address(&self, filter: &Filter) -> String {
        let purpose = self.purpose.as_ref().map(|purpose| ("purpose", purpose.to_string()));
        let carried = purpose.into_iter().chain(filter.carried());
        // A word may have a sign that ends a query; no other sign of one means anything in it.
        let pairs: Vec<_> =
            carried.map(|(key, word)| format!("{key}={}", word.replace('#', "%23"))).collect();
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        format!("{}{query}", self.action)
    }

    /// What is filtered by, each with the way to leave it out.
    fn chips(&self) -> Markup {
        let of = &self.filter;
        let named = |all: &[(String, String)], word: &str| {
            all.iter()
                .find(|one| one.0 == word)
                .map_or_else(|| word.to_owned(), |one| one.1.clone())
        };
        let day = |label: &str, day| format!("{label} {}", words::day_short(day));
        let source = of.source.as_ref().map(|source| named(&self.sources, source.as_str()));
        let kind = match &of.kinds {
            Kinds::Every => None,
            Kinds::Significant => Some("Significant".to_owned()),
            Kinds::One(kind) => Some(named(&self.kinds, kind.as_str())),
        };
        let chips = [
            (source, Filter { source: None, ..of.clone() }),
            (kind, Filter { kinds: Kinds::Every, ..of.clone() }),
            (of.from.map(|from| day("From", from)), Filter { from: None, ..of.clone() }),
            (of.to.map(|to| day("To", to)), Filter { to: None, ..of.clone() }),
        ];
        let none = Filter { order: of.order, in_lanes: of.in_lanes, ..Filter::default() };
        html! {
            @if of.is_on() {
                p.care_meta {
                    "Filtered by: "
                    @for (says, without) in &chips {
                        @if let Some(says) = says {
                            a.care_chip href=(self.address(without)) {
                                span.visually-hidden { "Leave out the filter: " } (says) " ×"
                            }
                            " "
                        }
                    }
                    a.care_lone href=(self.address(&none)) { "Clear filters" }
                }
            }
        }
    }

    /// The other end to read from, the other layout, and the way back from a later part.
    fn ways(&self) -> Markup {
        let of = &self.filter;
        let (end, order) = match of.order {
            Order::NewestFirst => ("Oldest first", Order::OldestFirst),
            Order::OldestFirst => ("Newest first", Order::NewestFirst),
        };
        let layout = if of.in_lanes { "As a list" } else { "Organisations side by side" };
        let turned = Filter { order, ..of.clone() };
        let laid = Filter { in_lanes: !of.in_lanes, ..of.clone() };
        html! {
            p.care_ways {
                a.care_lone href=(self.address(&turned)) { (end) } " "
                a.care_lone href=(self.address(&laid)) { (layout) }
                @if self.start.is_some() {
                    " " a.care_lone href=(self.address(of)) { "Back to the first part" }
                }
            }
        }
    }

    /// What a form on this page carries unseen.
    fn hidden(&self) -> Vec<(&'static str, String)> {
        let purpose = self.purpose.as_ref().map(|purpose| ("purpose", purpose.to_string()));
        purpose.into_iter().chain(self.filter.carried()).collect()
    }

    fn further(&self, next: Point, csrf: &Csrf) -> Markup {
        let mut hidden = self.hidden();
        hidden.push(("point", next.to_string()));
        // A gap is told between events that were shown, and not from where reading was given up.
        if self.events.iter().any(|dated| dated.point == next) {
            hidden.push(("ended", Start::EVENT.to_owned()));
        }
        let button = match self.filter.order {
            Order::NewestFirst => "Show earlier events",
            Order::OldestFirst => "Show later events",
        };
        let action = format!("{}/part", self.action);
        Form { action: &action, csrf, button, hidden: &hidden }.small(&html! {})
    }

    fn copy(&self, csrf: &Csrf) -> Markup {
        let (action, hidden) = (format!("{}/copy", self.action), self.hidden());
        let form = Form { action: &action, csrf, button: "Take a copy (CSV)", hidden: &hidden };
        form.small(&html! {
            p.care_meta { "A copy of all that matches. The ledger notes that it was taken." }
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::civil::date;
    use ken_care::chronology::Account;

    use super::*;
    use crate::pages::compose::When;
    use crate::view::timeline::Event;
    use crate::view::{rules, sample};

    /// Somebody's account of a thing on a day.
    pub(crate) fn dated(source: &str, day: jiff::civil::Date, what: &str) -> Dated {
        let when = When::on(day);
        let at = day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let account = Account {
            source: source.parse().unwrap(),
            day: Some(day),
            days: Some((day, day)),
            what: Some(what.to_owned()),
        };
        let event = Event {
            title: what.to_owned(),
            on: when.says(),
            source: source.to_owned(),
            ..sample::event(1)
        };
        let category = "chronology".parse().unwrap();
        Dated { at, category, point: Point::at(at), when, account, event }
    }

    fn chronology(query: &str, mut events: Vec<Dated>) -> Chronology {
        let filter = wanted::tests::filter(query);
        events.sort_by(|one, other| filter.order.compare(&one.point, &other.point));
        Chronology {
            action: "/w/p/x/chronology".into(),
            purpose: Some(Purpose::new("direct-care").unwrap()),
            filter,
            sources: vec![("nhsl".into(), "NHS Glen".into())],
            kinds: vec![("housing".into(), "Housing".into())],
            events,
            start: None,
            next: None,
        }
    }

    fn events() -> Vec<Dated> {
        vec![
            dated("nhsl", date(2026, 10, 3), "Fell"),
            dated("cec", date(2026, 10, 3), "Fell"),
            dated("cec", date(2026, 3, 2), "Visit"),
            dated("nhsl", date(2026, 3, 1), "Letter"),
        ]
    }

    fn shown(of: &Chronology) -> String {
        let shown = of.show(&Csrf::of("x")).into_string();
        rules::assert_part(&format!("<h1>Chronology</h1>{shown}"));
        shown
    }

    #[test]
    fn it_is_listed_from_either_end_with_its_gap_where_it_was() {
        let newest = shown(&chronology("", events()));
        let gap = "No events shared between 2 Mar 2026 and 3 Oct 2026.";
        let order = |text: &str, of: [&str; 3]| of.map(|one| text.find(one)).is_sorted();
        assert!(order(&newest, ["October 2026</h2>", gap, "March 2026</h2>"]), "{newest}");
        assert!(newest.contains("4 accounts, of what may be 3 events."), "{newest}");
        let oldest = shown(&chronology("order=oldest", events()));
        assert!(order(&oldest, ["March 2026</h2>", gap, "October 2026</h2>"]), "{oldest}");
        assert!(oldest.contains("Newest first") && !oldest.contains("Oldest first"));
        let lanes = shown(&chronology("view=lanes", events()));
        assert!(lanes.contains("role=\"table\"") && lanes.contains(gap), "{lanes}");
    }

    #[test]
    fn a_later_part_tells_the_gap_before_it() {
        let of = |day: &str, is_event| {
            let point = Point::at(day.parse().unwrap());
            let start = Some(Start { point, is_event });
            shown(&Chronology { start, ..chronology("", events()) })
        };
        let near = of("2026-11-01T00:00:00Z", true);
        assert!(!near.contains("and 1 Nov 2026") && near.contains("Back to the first part"));
        // Where reading was given up may be the day of what nobody may see.
        assert!(!of("2027-02-01T00:00:00Z", false).contains("1 Feb 2027"));
        let far = of("2027-02-01T00:00:00Z", true);
        assert!(far.contains("No events shared between 3 Oct 2026 and 1 Feb 2027."), "{far}");
    }

    #[test]
    fn what_is_filtered_by_is_said_and_can_be_left_out() {
        let of = "source=nhsl&kind=significant&from=2026-01-01&to=2026-12-31";
        let said = shown(&chronology(of, events()));
        let without =
            "?purpose=direct-care&amp;source=nhsl&amp;from=2026-01-01&amp;to=2026-12-31\"";
        for want in [without, "NHS Glen ×", "From 1 Jan 2026 ×", "Clear filters", "that match"] {
            assert!(said.contains(want), "{want}: {said}");
        }
        assert!(said.contains("Nothing that matches shared between"), "{said}");
        let none = shown(&chronology(of, vec![]));
        assert!(none.contains("No events match.") && none.contains("Clear filters"));
        assert!(!shown(&chronology("", vec![])).contains("Filtered by"));
    }

    #[test]
    fn where_a_part_ended_is_in_no_address() {
        let point = "1700000000000000.0190163d-8694-739b-aea5-966c26f8ad90";
        let next = Some(point.parse().unwrap());
        let said = shown(&Chronology { next, ..chronology("kind=housing", events()) });
        assert!(said.contains("Show earlier events") && said.contains(point), "{said}");
        assert!(!said.contains("name=\"ended\""), "no event of this part is there: {said}");
        assert!(said.contains("There are more"));
        for (address, _) in said.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"')) {
            assert!(!address.contains("17000"), "{address}");
        }
    }
}
