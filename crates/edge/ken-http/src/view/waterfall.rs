//! A sum in steps: a picture for who sees it, and a table that says all of it.
//!
//! The picture has no words and is passed over by a reader aloud; up and down are told apart by
//! place, and in the table by sign.
//!
//! Source: `ux.md` 4.24.

use maud::{Markup, html};

use super::table::{self, Table};

/// One step of a sum.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What is weighed: "date of birth".
    pub(crate) what: String,
    /// How the two agree in it; empty where it is no detail of its own.
    pub(crate) how: String,
    /// What it adds.
    pub(crate) bits: f64,
    /// The sum so far, this step included.
    pub(crate) sum: f64,
}

/// Width of the picture, and height of a step in it.
const WIDTH: f64 = 400.0;
const STEP: f64 = 14.0;
/// Narrowest bar: what adds nothing is still seen.
const BAR_LEAST: f64 = 2.0;

/// The picture and the table.
pub(crate) fn show(id: &str, caption: &str, steps: &[Step]) -> Markup {
    let rows = steps.iter().map(|step| {
        vec![
            html! { (step.what) },
            html! { @if step.how.is_empty() { "–" } @else { (step.how) } },
            html! { (signed(step.bits)) },
            html! { (signed(step.sum)) },
        ]
    });
    let columns = &["What", "How they agree", "Adds#", "So far#"];
    let table = Table { id, caption, columns, rows: rows.collect() };
    html! { (picture(steps)) (table::show(&table)) }
}

/// A number with one decimal, and its sign before it.
fn signed(number: f64) -> String {
    let number = (number * 10.0).round() / 10.0;
    if number < 0.0 { format!("−{:.1}", -number) } else { format!("+{:.1}", number.abs()) }
}

fn picture(steps: &[Step]) -> Markup {
    let ends = || steps.iter().flat_map(|step| [step.sum - step.bits, step.sum]);
    let least = ends().fold(0.0, f64::min);
    let most = ends().fold(0.0, f64::max);
    let scale = WIDTH / (most - least).max(1.0);
    let place = |sum: f64| (sum - least) * scale;
    let height = steps.iter().fold(0.0, |height, _| height + STEP);
    let mut top = -STEP;
    let bars = steps.iter().map(|step| {
        top += STEP;
        let (from, to) = (place(step.sum - step.bits), place(step.sum));
        let class = if step.bits < 0.0 { "care_bar--down" } else { "care_bar--up" };
        let (left, wide) = (from.min(to), (to - from).abs().max(BAR_LEAST));
        html! {
            rect class=(class) x=(rounded(left)) y=(rounded(top + 2.0))
                width=(rounded(wide)) height=(rounded(STEP - 4.0)) {}
        }
    });
    let bars: Vec<_> = bars.collect();
    let zero = rounded(place(0.0));
    html! {
        svg.care_sum viewBox={ "0 0 " (rounded(WIDTH)) " " (rounded(height)) } aria-hidden="true"
            focusable="false" {
            line x1=(zero) x2=(zero) y1="0" y2=(rounded(height)) {}
            @for bar in &bars { (bar) }
        }
    }
}

fn rounded(number: f64) -> String {
    format!("{number:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn every_step_is_in_the_picture_and_in_words() {
        let step = |what: &str, how: &str, bits, sum| Step {
            what: what.into(),
            how: how.into(),
            bits,
            sum,
        };
        let steps = [
            step("before any evidence", "", -23.1, -23.1),
            step("surname", "same", 12.0, -11.1),
            step("forename", "differs", -0.4, -11.5),
        ];
        let shown = show("sum", "What speaks for it", &steps).into_string();
        rules::assert_part(&shown);
        assert_eq!(shown.matches("<rect").count(), 3);
        assert_eq!(shown.matches("care_bar--down").count(), 2);
        for want in ["−23.1", "+12.0", "−0.4", "surname", "differs"] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        rules::assert_part(&show("none", "Nothing", &[]).into_string());
    }
}
