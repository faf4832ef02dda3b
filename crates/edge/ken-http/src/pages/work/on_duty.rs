//! `/w/duty`: who is on duty now at each desk of each organisation, and how to reach them.
//!
//! It is business information and about nobody who is cared for, so that no gate is asked.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Query, State as Of};
use jiff::{SignedDuration, Timestamp};
use ken_core::OrganisationId;
use ken_directory::roster::{self, Roster, Span};
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

/// How far ahead it is looked for who comes next. House policy: a weekend.
const AHEAD: SignedDuration = SignedDuration::from_hours(72);
/// Most desks that are shown. House policy: a page that somebody can still search by eye.
const SHOWN_MAX: usize = 200;

/// Which organisation is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    organisation: String,
}

/// Who is on duty, read.
struct Duty {
    rosters: Vec<Roster>,
    names: Names,
    within: Span,
}

/// `GET /w/duty`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Query(chosen): Query<Chosen>,
) -> Result<Markup, Stop> {
    let ctx = app.ctx(caller.request());
    let within = ahead(ctx.clock.now())?;
    let read = async |s: &mut Snapshot| {
        let rosters = roster::rosters(s, &ctx, None, within).await?;
        Ok::<_, Stop>(Duty { rosters, names: ask::names_in(s).await?, within })
    };
    let duty = app.db().snapshot("http.on-duty", read).await?;
    let main = show(&duty, &chosen.organisation);
    Ok(caller.frame(app.site(), "On duty").at("/w/duty").page(&main))
}

/// From now until as far as it is looked.
pub(crate) fn ahead(now: Timestamp) -> Result<Span, Stop> {
    let until = now.checked_add(AHEAD).map_err(|_| Stop::Fault("http.clock"))?;
    Ok(Span { from: now, until })
}

fn show(duty: &Duty, chosen: &str) -> Markup {
    let name = |id: &OrganisationId| duty.names.get(id).cloned().unwrap_or_else(|| id.to_string());
    let bodies: BTreeSet<_> = duty
        .rosters
        .iter()
        .map(|of| (name(&of.desk.organisation), of.desk.organisation.to_string()))
        .collect();
    let is_known = bodies.iter().any(|(_, id)| id == chosen);
    let mut options = vec![(String::new(), "All organisations".to_owned())];
    options.extend(bodies.into_iter().map(|(name, id)| (id, name)));
    let is_asked = |of: &&Roster| !is_known || of.desk.organisation.as_str() == chosen;
    let asked: Vec<_> = duty.rosters.iter().filter(is_asked).collect();
    let cards: Vec<_> = asked
        .iter()
        .take(SHOWN_MAX)
        .map(|of| {
            html! {
                h3 { (of.desk.name) }
                p { (name(&of.desk.organisation)) }
                (reached(of, duty.within))
            }
        })
        .collect();
    let from = (asked.len() > SHOWN_MAX)
        .then(|| format!("The first {SHOWN_MAX} of {} desks.", asked.len()));
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "No organisation has registered a desk.".into(),
            caution: "That does not mean that nobody is on duty. Use the phone.".into(),
        }
    } else {
        State::Content { shown: card::cards(true, &cards), from }
    };
    html! {
        h1 { "On duty now" }
        p { "At " (words::moment_short(duty.within.from)) ", as each organisation has planned it." }
        (filter("/w/duty", &select("organisation", "Organisation", &options, chosen)))
        (panel::show(&Panel { id: "desks", heading: "Desks".into(), open: true, state }))
    }
}

/// How a desk is reached now: whoever is on duty, or the desk itself, and until when nobody is.
pub(crate) fn reached(of: &Roster, within: Span) -> Markup {
    let (desk, now) = (&of.desk, within.from);
    let gap = of.cover(within).gaps.into_iter().find(|gap| gap.from == now);
    html! {
        p { (words::role(desk.role.as_str())) }
        @for shift in of.on(now) {
            p {
                b { (shift.name.as_deref().unwrap_or("On duty")) } ", "
                (phone::linked(shift.phone.as_deref().unwrap_or(&desk.phone)))
                ", until " (words::moment_short(shift.span.until)) "."
            }
        }
        @if let Some(gap) = gap {
            p { (facts::tag("Nobody on duty", Tone::Warn)) " "
                @if gap.until == within.until {
                    "for the next three days at least."
                } @else {
                    "from now to " (words::moment_short(gap.until)) "."
                }
                " The desk’s own number stands." }
        }
        p { "The desk: " (phone::linked(&desk.phone))
            @if let Some(address) = &desk.address { ", " (address) } "." }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ken_directory::roster::{Desk, Shift};

    use super::*;
    use crate::view::rules;

    pub(crate) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    pub(crate) fn roster(organisation: &str, shifts: &[(&str, &str)]) -> Roster {
        let id = "0190163d-8694-739b-aea5-966c26f8ad90";
        let desk = Desk {
            id: id.parse().unwrap(),
            organisation: organisation.parse().unwrap(),
            name: "Duty <desk>".into(),
            role: "sw.duty".parse().unwrap(),
            phone: "01632 960 001".into(),
            address: Some("duty@glen.example".into()),
        };
        let shift = |(from, until): &(&str, &str)| Shift {
            id: id.parse().unwrap(),
            span: Span { from: at(from), until: at(until) },
            practitioner: None,
            name: Some("Jo Worker".into()),
            phone: None,
        };
        Roster { desk, shifts: shifts.iter().map(shift).collect() }
    }

    fn duty(rosters: Vec<Roster>) -> Duty {
        let names = Names::from([("cec".parse().unwrap(), "Glen Council".to_owned())]);
        Duty { rosters, names, within: ahead(at("2027-06-01T12:00:00Z")).unwrap() }
    }

    #[test]
    fn a_gap_is_told_and_the_desk_stands() {
        let on = roster("cec", &[("2027-06-01T08:00:00Z", "2027-06-01T16:00:00Z")]);
        let off = roster("nhsl", &[("2027-06-02T08:00:00Z", "2027-06-02T16:00:00Z")]);
        let never = roster("rowan", &[]);
        let both = duty(vec![on, off, never]);
        let page = show(&both, "").into_string();
        rules::assert_part(&page);
        for said in [
            "Jo Worker</b>, <a href=\"tel:01632960001\">01632 960 001</a>, until 1 Jun 2027, 17:00",
            "The desk: <a href=\"tel:01632960001\">01632 960 001</a>, duty@glen.example",
            "from now to 2 Jun 2027, 09:00.",
            "for the next three days at least.",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert_eq!(page.matches("Nobody on duty").count(), 2);
        let one = show(&both, "cec").into_string();
        assert!(one.contains("Jo Worker") && !one.contains("Nobody on duty"));
        // What is no organisation with a desk asks for nothing.
        assert_eq!(show(&both, "none").into_string().matches("<h3>").count(), 3);
        rules::assert_part(&show(&duty(vec![]), "").into_string());
    }
}
