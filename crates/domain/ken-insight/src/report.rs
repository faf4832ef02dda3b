//! What an extract tells, line by line, beside the same table of the months before.
//!
//! # Invariants
//!
//! - A change is told where both figures are, and is their difference: nothing that is kept back
//!   follows from it that did not follow from the two.

use std::fmt::Write as _;

use crate::extract::{Body, Extract};

/// What stands for a figure that is kept back.
pub const KEPT_BACK: &str = "kept back";
/// What totals are called.
pub const TOTAL: &str = "All";

/// One figure of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The count; none where it is kept back.
    pub told: Option<u64>,
    /// By how much it is more than before; none where either is kept back, or nothing was before.
    pub change: Option<i64>,
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is called.
    pub title: String,
    /// Its figures, by column; the last is its total where rows have one.
    pub figures: Vec<Figure>,
}

/// What the columns of a report are called, the total of rows included where they have one.
#[must_use]
pub fn columns(body: &Body) -> Vec<String> {
    let total = body.told.across.is_some().then(|| TOTAL.to_owned());
    body.columns.iter().cloned().chain(total).collect()
}

/// The lines of a report, the total of columns last where they have one.
#[must_use]
pub fn lines(body: &Body, before: Option<&Body>) -> Vec<Line> {
    let was = before.map(told).unwrap_or_default();
    let line = |(title, figures): (String, Vec<Option<u64>>)| {
        let old = was.iter().find(|(of, _)| *of == title).map(|(_, old)| old);
        let figure = |(at, told): (usize, Option<u64>)| {
            let old = old.and_then(|old| old.get(at).copied().flatten());
            let change = told
                .zip(old)
                .and_then(|(now, old)| Some(i64::try_from(now).ok()? - i64::try_from(old).ok()?));
            Figure { told, change }
        };
        Line { title, figures: figures.into_iter().enumerate().map(figure).collect() }
    };
    told(body).into_iter().map(line).collect()
}

/// Each line with its figures.
fn told(body: &Body) -> Vec<(String, Vec<Option<u64>>)> {
    let total = |row: usize| {
        let across = body.told.across.as_ref()?;
        Some(across.get(row).copied().flatten())
    };
    let rows = body.rows.iter().zip(&body.told.figures).enumerate();
    let rows = rows.map(|(at, (title, figures))| {
        (title.clone(), figures.iter().copied().chain(total(at)).collect())
    });
    let down = body.told.down.as_ref();
    let last =
        down.map(|down| (TOTAL.to_owned(), down.iter().copied().chain(body.told.all).collect()));
    rows.chain(last).collect()
}

/// The report as comma-separated lines, one figure each, with what it rests on.
#[must_use]
pub fn csv(extract: &Extract, before: Option<&Body>) -> String {
    let body = &extract.body;
    let definition = &body.definition;
    let by = definition.columns.map_or("", |columns| columns.code());
    let (rows, unit) = (definition.rows.code(), definition.measure.code());
    let mut text = format!("{rows},{by},{unit},change,from,until,clauses,entry\n");
    let clauses: Vec<String> = body.clauses.keys().map(ToString::to_string).collect();
    let clauses = clauses.join(" ");
    let entry = extract.given.map(|(_, entry)| entry.to_string()).unwrap_or_default();
    for line in lines(body, before) {
        for (column, figure) in columns(body).iter().zip(&line.figures) {
            let column = if by.is_empty() { "" } else { column };
            let told = figure.told.map_or(KEPT_BACK.to_owned(), |told| told.to_string());
            let change = figure.change.map(|change| change.to_string()).unwrap_or_default();
            let (title, column) = (quoted(&line.title), quoted(column));
            let (from, until) = (definition.from, definition.until);
            let _ =
                writeln!(text, "{title},{column},{told},{change},{from},{until},{clauses},{entry}");
        }
    }
    text
}

/// A text as one field; what a spreadsheet might take for a formula is a text.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;

    use super::*;
    use crate::control::Protected;
    use crate::define::{Definition, Dimension, Measure};

    fn body(figures: Vec<Vec<Option<u64>>>, down: Option<Vec<Option<u64>>>) -> Body {
        Body {
            definition: Definition {
                rows: Dimension::Age,
                columns: Some(Dimension::Organisation),
                measure: Measure::People,
                from: date(2026, 7, 1),
                until: date(2026, 10, 1),
                rounded: false,
            },
            why: "The plan for care at home".to_owned(),
            sources: BTreeMap::new(),
            clauses: BTreeMap::new(),
            rows: vec!["0 to 4".to_owned(), "=A1".to_owned()],
            columns: vec!["NHS Glen".to_owned()],
            told: Protected { figures, across: None, down, all: None },
            counted: "2026-11-23T09:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_change_is_told_where_both_figures_are() {
        let now = body(vec![vec![Some(9)], vec![None]], Some(vec![Some(21)]));
        let before = body(vec![vec![Some(12)], vec![Some(7)]], Some(vec![None]));
        let all: Vec<_> =
            lines(&now, Some(&before)).into_iter().flat_map(|one| one.figures).collect();
        let figure = |told, change| Figure { told, change };
        assert_eq!(all, [figure(Some(9), Some(-3)), figure(None, None), figure(Some(21), None)]);
        assert!(lines(&now, None).iter().all(|one| one.figures[0].change.is_none()));
    }

    #[test]
    fn a_file_has_a_line_for_each_figure() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        let by = (id.parse().unwrap(), "cec".parse().unwrap(), "ig.lead".parse().unwrap());
        let body = body(vec![vec![Some(9)], vec![None]], Some(vec![Some(14)]));
        let (made, given) = (body.counted, Some((body.counted, id.parse().unwrap())));
        let text = csv(&Extract { id: id.parse().unwrap(), by, made, given, body }, None);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("age,organisation,people,change,from,until,clauses,entry"));
        let rest = format!(",2026-07-01,2026-10-01,,{id}");
        assert_eq!(lines.next(), Some(format!("\"0 to 4\",\"NHS Glen\",9,{rest}").as_str()));
        let kept = format!("\"'=A1\",\"NHS Glen\",kept back,{rest}");
        assert_eq!(lines.next(), Some(kept.as_str()));
        assert_eq!(lines.next(), Some(format!("\"All\",\"NHS Glen\",14,{rest}").as_str()));
    }
}
