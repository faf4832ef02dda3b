//! Reading a list of recommendations: comma-separated values, one recommendation on a row.
//!
//! A row has a number and a sentence, and may have who answers for it and by which day. A first
//! row that says `number` is a heading.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_directory::rows::{self, Cells, Fault};

use super::TEXT_MAX;

/// Most recommendations of one list. House policy: several inquiries' worth.
pub const ITEMS_MAX: usize = 500;
/// Most cells of a row that mean something.
const CELLS_MAX: usize = 4;

/// A recommendation to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Its number, as whoever made it gave it.
    pub number: String,
    /// What it says.
    pub says: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<Date>,
}

/// Reads a list; every fault, where there is one.
///
/// # Errors
///
/// Every [`Fault`], in the order of their lines.
pub fn read(text: &str) -> Result<Vec<New>, Vec<Fault>> {
    let (rows, mut faults) = rows::split(text);
    let is_heading = |row: &Cells| row.at(0).eq_ignore_ascii_case("number");
    let skip = usize::from(rows.first().is_some_and(is_heading));
    let (mut items, mut numbers) = (Vec::new(), BTreeSet::new());
    for row in rows.iter().skip(skip) {
        match one(row) {
            Ok(new) if !numbers.insert(new.number.clone()) => {
                faults.push(Fault { line: row.line, says: "this number stands twice" });
            }
            Ok(new) => items.push(new),
            Err(says) => faults.push(Fault { line: row.line, says }),
        }
    }
    if items.len() > ITEMS_MAX {
        faults.push(Fault { line: 1, says: "more than 500 recommendations: bring them in parts" });
    }
    if items.is_empty() && faults.is_empty() {
        faults.push(Fault { line: 1, says: "there is no recommendation" });
    }
    faults.sort_by_key(|fault| fault.line);
    if faults.is_empty() { Ok(items) } else { Err(faults) }
}

fn one(row: &Cells) -> Result<New, &'static str> {
    let [number, says, owner, due] = [row.at(0), row.at(1), row.at(2), row.at(3)];
    match () {
        () if row.has_more_than(CELLS_MAX) => {
            return Err("a row has a number, a sentence, who, and by when: no more");
        }
        () if number.is_empty() || number.chars().count() > 20 => {
            return Err("a number of at most 20 characters comes first");
        }
        () if says.is_empty() || says.chars().count() > TEXT_MAX => {
            return Err("a sentence of at most 4,000 characters follows the number");
        }
        () if owner.chars().count() > 200 => return Err("who answers is too long"),
        () => {}
    }
    let due = match due {
        "" => None,
        due => Some(due.parse::<Date>().map_err(|_| "the day is not written as 2027-04-01")?),
    };
    let owner = (!owner.is_empty()).then(|| owner.to_owned());
    Ok(New { number: number.to_owned(), says: says.to_owned(), owner, due })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        match read(text) {
            Ok(items) => items
                .iter()
                .map(|new| format!("{}|{}|{:?}|{:?}", new.number, new.says, new.owner, new.due))
                .collect(),
            Err(faults) => faults.iter().map(|of| format!("{}: {}", of.line, of.says)).collect(),
        }
    }

    #[test]
    fn a_list_is_read_as_spreadsheets_write_it() {
        let check = |text: &str, want: &[&str]| assert_eq!(told(text), want, "{text:?}");
        check("1,Share sooner", &["1|Share sooner|None|None"]);
        check("1;Share sooner, and say so;;", &["1|Share sooner, and say so|None|None"]);
        check(
            "1\tShare sooner\tSIRO\t2027-04-01",
            &["1|Share sooner|Some(\"SIRO\")|Some(2027-04-01)"],
        );
        check(
            "\u{feff}Number,Recommendation\r\n1,One\r\n\r\n2,Two\r\n",
            &["1|One|None|None", "2|Two|None|None"],
        );
        check(
            "1,\"One, in \"\"quotes\"\"\nand two lines\"",
            &["1|One, in \"quotes\"\nand two lines|None|None"],
        );
        check("4a,It is 5\" wide", &["4a|It is 5\" wide|None|None"]);
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let check = |text: &str, want: &[&str]| assert_eq!(told(text), want, "{text:?}");
        check("", &["1: there is no recommendation"]);
        check("number,recommendation\n", &["1: there is no recommendation"]);
        check(
            "1,One\n1,Two\n,Three",
            &["2: this number stands twice", "3: a number of at most 20 characters comes first"],
        );
        check("1,\"One\n\n2,Two", &["1: a quote is opened and never closed"]);
        check("1,\"a\nb\"\n2,One,SIRO,soon", &["3: the day is not written as 2027-04-01"]);
        check(
            "1,One,SIRO,2027-04-01,more",
            &["1: a row has a number, a sentence, who, and by when: no more"],
        );
        let long = format!("1,{}", "x".repeat(TEXT_MAX + 1));
        check(&long, &["1: a sentence of at most 4,000 characters follows the number"]);
        let many: Vec<_> = (0..=ITEMS_MAX).map(|n| format!("{n},x\n")).collect();
        check(&many.concat(), &["1: more than 500 recommendations: bring them in parts"]);
    }

    #[test]
    fn any_text_is_read_or_refused() {
        // A function of its seed: every sign that means something, in any order.
        let signs = ['"', ',', ';', '\t', '\n', '\r', 'a', '1', ' ', 'é'];
        let mut state = 20_261_122_u64;
        for _ in 0..2_000 {
            let text: String = (0..24)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    signs[usize::try_from(state >> 40).unwrap() % signs.len()]
                })
                .collect();
            match read(&text) {
                Ok(items) => {
                    assert!(items.iter().all(|new| !new.says.trim().is_empty()), "{text:?}");
                }
                Err(faults) => assert!(!faults.is_empty(), "{text:?}"),
            }
        }
    }
}
