//! Reading a roster that somebody pastes: one shift on a row.
//!
//! A row has the desk, the day, from when and until when, and may have who and which phone. A first
//! row that says `desk` is a heading. A list is read whole or not at all.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Desk, NewShift, Span};
use crate::roster::{AHEAD_MAX, Known, ROWS_MAX};
use crate::rows::{self, Cells, Fault, TEXT_MAX};
use crate::stock::names_nobody;

/// Most cells of a row that mean something.
const CELLS_MAX: usize = 6;

/// Reads a roster of an organisation; every fault, where there is one.
///
/// # Errors
///
/// Every [`Fault`], in the order of their lines.
pub fn read(text: &str, known: &Known, now: Timestamp) -> Result<Vec<NewShift>, Vec<Fault>> {
    if text.chars().count() > TEXT_MAX {
        return Err(vec![Fault { line: 1, says: "it is too long: bring it in parts" }]);
    }
    let (rows, mut faults) = rows::split(text);
    let is_heading = |row: &Cells| row.at(0).eq_ignore_ascii_case("desk");
    let skip = usize::from(rows.first().is_some_and(is_heading));
    let (mut shifts, mut seen) = (vec![], BTreeSet::new());
    for row in rows.iter().skip(skip).take(ROWS_MAX + 1) {
        match one(row, known, now) {
            Ok(new) if !seen.insert(new.clone()) => {
                faults.push(Fault { line: row.line, says: "this row stands twice" });
            }
            Ok(new) => shifts.push(new),
            Err(says) => faults.push(Fault { line: row.line, says }),
        }
    }
    if rows.len() - skip > ROWS_MAX {
        faults.push(Fault { line: 1, says: "more than 1,000 shifts: bring them in parts" });
    }
    if shifts.is_empty() && faults.is_empty() {
        faults.push(Fault { line: 1, says: "there is no shift" });
    }
    faults.sort_by_key(|fault| fault.line);
    if faults.is_empty() { Ok(shifts) } else { Err(faults) }
}

fn one(row: &Cells, known: &Known, now: Timestamp) -> Result<NewShift, &'static str> {
    if row.has_more_than(CELLS_MAX) {
        return Err("a row has desk, day, from, until, who and phone: no more");
    }
    let desk = known.desks.iter().find(|desk| desk.name == row.at(0));
    let desk = desk.ok_or("no desk of yours has this name")?;
    let span = planned(Span::read(row.at(1), row.at(2), row.at(3))?, now)?;
    let mut named = known.staff.iter().filter(|(_, name)| name == row.at(4));
    let practitioner = match (row.at(4), named.next(), named.next()) {
        ("", ..) => None,
        (_, Some((id, _)), None) => Some(*id),
        (_, Some(_), Some(_)) => return Err("two of your practitioners have this name"),
        (_, None, _) => return Err("no practitioner of yours has this name"),
    };
    shift(desk, span, practitioner, row.at(5))
}

/// A shift that may be planned: it has not ended, and is not too far ahead.
///
/// # Errors
///
/// What is wrong with it, in a sentence.
pub fn planned(span: Span, now: Timestamp) -> Result<Span, &'static str> {
    match now.checked_add(AHEAD_MAX) {
        _ if span.until <= now => Err("it has ended already"),
        Ok(last) if span.from < last => Ok(span),
        _ => Err("it is more than 400 days ahead"),
    }
}

/// A shift of a desk, with its own phone where one is given.
fn shift(
    desk: &Desk,
    span: Span,
    practitioner: Option<ken_core::PractitionerId>,
    phone: &str,
) -> Result<NewShift, &'static str> {
    let phone = (!phone.is_empty()).then(|| phone.to_owned());
    if let Some(phone) = phone.as_deref() {
        names_nobody(&[phone])?;
    }
    Ok(NewShift { desk: desk.id, span, practitioner, phone })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let desk = |number: u8, name: &str| Desk {
            id: format!("0190163d-8694-739b-aea5-966c26f8ad9{number}").parse().unwrap(),
            organisation: "cec".parse().unwrap(),
            name: name.into(),
            role: "sw.duty".parse().unwrap(),
            phone: "01632 960 001".into(),
            address: None,
        };
        let who = |number: u8, name: &str| {
            (format!("0190163d-8694-739b-aea5-966c26f8ad8{number}").parse().unwrap(), name.into())
        };
        Known {
            desks: vec![desk(1, "Duty desk"), desk(2, "Out of hours")],
            staff: vec![who(1, "Jo Worker"), who(2, "Sam Both"), who(3, "Sam Both")],
        }
    }

    fn told(text: &str) -> Vec<String> {
        let now = "2027-06-01T12:00:00Z".parse().unwrap();
        match read(text, &known(), now) {
            Ok(shifts) => shifts
                .iter()
                .map(|new| {
                    let who = new.practitioner.is_some();
                    format!("{} {} {who} {:?}", new.span.from, new.span.until, new.phone)
                })
                .collect(),
            Err(faults) => faults.iter().map(|of| format!("{}: {}", of.line, of.says)).collect(),
        }
    }

    #[test]
    fn a_roster_is_read_as_spreadsheets_write_it() {
        let check = |text: &str, want: &[&str]| assert_eq!(told(text), want, "{text:?}");
        check(
            "desk,day,from,until,who,phone\nDuty desk,2027-06-02,09:00,17:00,Jo Worker,\n\
             Out of hours,2027-06-02,17:00,09:00,,01632 960 009\n",
            &[
                "2027-06-02T08:00:00Z 2027-06-02T16:00:00Z true None",
                "2027-06-02T16:00:00Z 2027-06-03T08:00:00Z false Some(\"01632 960 009\")",
            ],
        );
        // A shift that is running is not over.
        let want = ["2027-06-01T08:00:00Z 2027-06-01T16:00:00Z false None"];
        check("Duty desk\t2027-06-01\t9:00\t17:00", &want);
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_nothing_is_read() {
        let check = |text: &str, want: &[&str]| assert_eq!(told(text), want, "{text:?}");
        check("", &["1: there is no shift"]);
        check(
            "Duty desk,2027-06-02,09:00,17:00\nNo desk,2027-06-02,09:00,17:00\n\
             Duty desk,2027-06-02,09:00,17:00\nDuty desk,2027-05-02,09:00,17:00\n\
             Duty desk,2028-12-02,09:00,17:00\nDuty desk,2028-03-26,01:15,17:00\n\
             Duty desk,2027-06-02,09:00,17:00,Sam Both\nDuty desk,2027-06-02,09:00,17:00,Nobody\n\
             Duty desk,2027-06-02,09:00,17:00,,1,2",
            &[
                "2: no desk of yours has this name",
                "3: this row stands twice",
                "4: it has ended already",
                "5: it is more than 400 days ahead",
                "6: there is no such time that day: the clocks go forward",
                "7: two of your practitioners have this name",
                "8: no practitioner of yours has this name",
                "9: a row has desk, day, from, until, who and phone: no more",
            ],
        );
        let long = format!("Duty desk,2027-06-02,09:00,17:00,,{}", "1".repeat(201));
        check(&long, &["1: each text is one line of at most 200 characters"]);
        for held in ["999 000 0018", "ask for Mrs M, born 2/3/1948"] {
            let row = format!("Duty desk,2027-06-02,09:00,17:00,,\"{held}\"");
            let says = "take out what may name a person: a CHI or NHS number, or a date of birth";
            let want = format!("1: {says}");
            check(&row, &[want.as_str()]);
        }
        let one = "Duty desk,2027-06-02,09:00,17:00\n";
        let many = one.repeat(ROWS_MAX + 1);
        let said = told(&many);
        assert!(said.iter().any(|says| says.contains("more than 1,000 shifts")), "{}", said.len());
        check(&"x".repeat(TEXT_MAX + 1), &["1: it is too long: bring it in parts"]);
    }
}
