//! The part of `/ig` that says how soon what was shared is acknowledged, by clause.

use ken_agreement::Instrument;
use ken_core::ClauseId;
use ken_office::receipts::Line;
use ken_office::refusals::{ASKS_MIN, DAYS};
use ken_sharing::bundle::Admitted;
use ken_sharing::duty::MEASURED_MAX;
use maud::{Markup, html};

use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};

/// The panel with its table.
pub(super) fn show(lines: &[Line], all: &[Admitted]) -> Markup {
    let state = if lines.is_empty() {
        State::Nothing {
            looked: format!(
                "In the last {DAYS} days your organisation opened nothing that a clause asks it \
                 to acknowledge."
            ),
            caution: "This does not mean that nothing was shared: not every clause asks.".into(),
        }
    } else {
        State::Content { shown: listed(lines, all), from: None }
    };
    let heading = "From concern to receipt".into();
    panel::show(&Panel { id: "receipts", heading, open: true, state })
}

fn listed(lines: &[Line], all: &[Admitted]) -> Markup {
    let few = || html! { "Fewer than " (ASKS_MIN) };
    let number = |count: Option<usize>| count.map_or_else(few, |count| html! { (count) });
    let row = |line: &Line| {
        vec![
            name(&line.clause, all),
            html! { @if let Some(minutes) = line.minutes { (minutes) } @else { "Not told" } },
            number(line.received),
            number(line.missed),
        ]
    };
    let columns = &["Clause", "Minutes, median#", "Acknowledged#", "Not in time#"];
    let caption = "How soon what your organisation opened was acknowledged";
    let rows = lines.iter().map(row).collect();
    html! {
        (table::show(&Table { id: "receipts-table", caption, columns, rows }))
        p { "Of the last " (DAYS) " days, and at most the newest " (MEASURED_MAX) ": from when \
             the information was filed until whoever opened it said that they have it. A number \
             that stands for fewer than " (ASKS_MIN) " people is not told." }
    }
}

fn name(id: &ClauseId, all: &[Admitted]) -> Markup {
    let found = all.iter().find_map(|of| {
        let hash = of.instrument.hash();
        let is = |key| Instrument::cite(&hash, key) == *id;
        let clause = of.instrument.clauses.iter().find(|one| is(&one.id))?;
        Some((hash, &of.instrument.agreement.title, &clause.id))
    });
    html! {
        @if let Some((hash, title, key)) = found {
            a href={ "/ig/agreements/" (hash) } { (title) ", clause " (key) }
        } @else { "A clause of an agreement that is here no more" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_line_tells_its_median_or_that_it_is_not_told() {
        let line = |minutes, received| Line {
            clause: "ab12#C1".parse().unwrap(),
            minutes,
            received,
            missed: Some(0),
        };
        let page = show(&[line(Some(95), Some(7)), line(None, None)], &[]).into_string();
        rules::assert_part(&page);
        for want in [">95<", ">7<", "Not told", "Fewer than 5", ">0<"] {
            assert!(page.contains(want), "{want}: {page}");
        }
        rules::assert_part(&show(&[], &[]).into_string());
    }
}
