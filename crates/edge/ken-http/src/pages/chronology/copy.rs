//! A chronology as a file to take away. It is a disclosure of its own, of the kind *export*: the
//! gate decides it, and the ledger has it, before there is a file.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use ken_care::chronology;
use ken_office::mark::{About, file_name};
use ken_office::matrix::quoted;

use crate::pages::compose::Dated;
use crate::view::timeline::Said;

/// The columns. Accounts of one event have one number.
const HEAD: [&str; 12] = [
    "event",
    "from",
    "until",
    "when",
    "what",
    "kind of information",
    "organisation",
    "recorded by",
    "significant",
    "text",
    "what the person says of it",
    "why it may be seen",
];
/// What stands below where more matches than a copy holds.
const MORE: &str = "There is more than this copy holds: choose fewer days, and copy the rest.";

/// The file. Receipts of the ledger stand below the events.
pub(crate) fn file(
    about: About,
    events: &[Dated],
    (is_whole, receipts): (bool, &[String]),
) -> Response {
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present");
    let name = format!("attachment; filename=\"{}\"", file_name(about, "chronology.csv"));
    let attached = (header::CONTENT_DISPOSITION, name);
    ([kind], [attached], csv(events, is_whole, receipts)).into_response()
}

fn csv(events: &[Dated], is_whole: bool, receipts: &[String]) -> String {
    let accounts: Vec<_> = events.iter().map(|dated| dated.account.clone()).collect();
    let mut rows = vec![HEAD.map(str::to_owned)];
    for (number, group) in chronology::fold(&accounts).iter().enumerate() {
        let of = group.iter().filter_map(|place| events.get(*place));
        rows.extend(of.map(|dated| row(number + 1, dated)));
    }
    if !is_whole {
        rows.push(noted("", MORE));
    }
    rows.extend(receipts.iter().map(|receipt| noted("receipt of the ledger", receipt)));
    let line = |row: &[String; HEAD.len()]| row.each_ref().map(|cell| quoted(cell)).join(",");
    let lines: Vec<_> = rows.iter().map(line).chain([String::new()]).collect();
    lines.join("\r\n")
}

fn row(number: usize, dated: &Dated) -> [String; HEAD.len()] {
    let event = dated.event.clone();
    let (from, until) = dated
        .when
        .days()
        .map_or_else(Default::default, |(from, until)| (from.to_string(), until.to_string()));
    let section = |(title, text): (String, String)| match title.as_str() {
        "" => text,
        title => format!("{title}: {text}"),
    };
    let text: Vec<_> =
        event.note.into_iter().chain(event.sections.into_iter().map(section)).collect();
    let words: Vec<_> = event.words.iter().map(Said::line).collect();
    [
        number.to_string(),
        from,
        until,
        event.on,
        event.title,
        event.kind,
        event.source,
        event.recorded_by.unwrap_or_default(),
        if event.significant { "yes" } else { "" }.to_owned(),
        text.join("\n"),
        words.join("\n"),
        event.why,
    ]
}

/// A row that is no event.
fn noted(what: &str, says: &str) -> [String; HEAD.len()] {
    let mut row = [const { String::new() }; HEAD.len()];
    for (place, said) in [(4, what), (9, says)] {
        if let Some(cell) = row.get_mut(place) {
            said.clone_into(cell);
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::pages::chronology::tests::dated;
    use crate::view::sample;

    #[test]
    fn a_copy_has_each_account_and_says_what_it_lacks() {
        let mut fell = dated("nhsl", date(2026, 10, 3), "=SUM(A1)");
        fell.event.sections = vec![("Plan".into(), "Say \"hello\"".into())];
        fell.event.words = vec![sample::said()];
        let told = dated("cec", date(2026, 10, 3), "=SUM(A1)");
        let later = dated("cec", date(2026, 10, 4), "Visit");
        let text = csv(&[fell, told, later], false, &["a2Vu".to_owned()]);
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines.len(), 7, "{text}");
        assert!(lines[1].starts_with("\"1\",\"2026-10-03\",\"2026-10-03\",\"3 Oct 2026\",\"'=SUM"));
        assert!(lines[1].contains("Plan: Say \"\"hello\"\""), "{text}");
        assert!(lines[1].contains("does not agree: \u{201c}I was <not> there"), "{text}");
        assert!(lines[2].starts_with("\"1\",") && lines[3].starts_with("\"2\","), "{text}");
        assert!(lines[4].contains(MORE) && lines[5].contains("a2Vu"), "{text}");
        let whole = csv(&[], true, &[]);
        assert_eq!(whole.split("\r\n").count(), 2, "{whole}");
    }
}
