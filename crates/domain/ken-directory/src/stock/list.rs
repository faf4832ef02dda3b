//! Reading equipment and service plans that somebody pastes: one on a row. A list is read whole or
//! not at all.

use std::collections::BTreeSet;

use super::{Area, Kind, NewEquipment, NewPlan, ROWS_MAX, somebody};
use crate::rows::{self, Cells, Fault, TEXT_MAX};
use crate::text;

/// Most of one thing at one place. House policy: more is a slip of the hand.
const AVAILABLE_MAX: i64 = 10_000;
/// The years that a plan may speak of. House policy.
const YEARS: std::ops::RangeInclusive<i64> = 2000..=2100;

/// Reads equipment: category, name, how many, place, postcode area, contact. A first row that says
/// `category` is a heading.
///
/// # Errors
///
/// Every [`Fault`], in the order of their lines.
pub fn read_equipment(text: &str) -> Result<Vec<NewEquipment>, Vec<Fault>> {
    read(text, ("category", "this name and place stand twice"), NewEquipment::key, |row| {
        if row.has_more_than(6) {
            return Err("a row has category, name, how many, place, area and contact: no more");
        }
        equipment([row.at(0), row.at(1), row.at(2), row.at(3), row.at(4), row.at(5)])
    })
}

/// Reads service plans: title, first year, last year, document, contact. A first row that says
/// `title` is a heading.
///
/// # Errors
///
/// Every [`Fault`], in the order of their lines.
pub fn read_plans(text: &str) -> Result<Vec<NewPlan>, Vec<Fault>> {
    read(text, ("title", "this title stands twice"), NewPlan::key, |row| {
        if row.has_more_than(5) {
            return Err("a row has title, first year, last year, document and contact: no more");
        }
        plan([row.at(0), row.at(1), row.at(2), row.at(3), row.at(4)])
    })
}

/// Reads rows, each under a key of its own: of two under one key the later would replace the first.
fn read<T, K: Ord>(
    text: &str,
    (heading, twice): (&str, &'static str),
    key: impl Fn(&T) -> K,
    one: impl Fn(&Cells) -> Result<T, &'static str>,
) -> Result<Vec<T>, Vec<Fault>> {
    if text.chars().count() > TEXT_MAX {
        return Err(vec![Fault { line: 1, says: "it is too long: bring it in parts" }]);
    }
    let (rows, mut faults) = rows::split(text);
    let is_heading = |row: &Cells| row.at(0).eq_ignore_ascii_case(heading);
    let skip = usize::from(rows.first().is_some_and(is_heading));
    let (mut all, mut seen) = (vec![], BTreeSet::new());
    for row in rows.iter().skip(skip).take(ROWS_MAX + 1) {
        match one(row) {
            Ok(new) if !seen.insert(key(&new)) => {
                faults.push(Fault { line: row.line, says: twice });
            }
            Ok(new) => all.push(new),
            Err(says) => faults.push(Fault { line: row.line, says }),
        }
    }
    if rows.len() - skip > ROWS_MAX {
        faults.push(Fault { line: 1, says: "more than 500 rows: bring them in parts" });
    }
    if all.is_empty() && faults.is_empty() {
        faults.push(Fault { line: 1, says: "there is no row" });
    }
    faults.sort_by_key(|fault| fault.line);
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

/// Equipment as it is written: category, name, how many, place, postcode area, contact.
///
/// # Errors
///
/// What is wrong with it, in a sentence.
pub fn equipment(cells: [&str; 6]) -> Result<NewEquipment, &'static str> {
    let [kind, name, available, place, area, contact] = cells.map(str::trim);
    let kind = Kind::of_code(kind).ok_or("the category is none of the list")?;
    let available = available.parse().ok().filter(|count| (0..=AVAILABLE_MAX).contains(count));
    let available = available.ok_or("how many is a number of at most 10,000")?;
    let area = Area::new(area).ok_or("the area is not written as EH or EH6")?;
    names_nobody(&[name, place, contact])?;
    let [name, place, contact] = [name, place, contact].map(str::to_owned);
    Ok(NewEquipment { kind, name, available, place, area, contact })
}

/// A service plan as it is written: title, first year, last year, document, contact.
///
/// # Errors
///
/// What is wrong with it, in a sentence.
pub fn plan(cells: [&str; 5]) -> Result<NewPlan, &'static str> {
    let [title, from, until, document, contact] = cells.map(str::trim);
    let year = |text: &str| text.parse().ok().filter(|year| YEARS.contains(year));
    let years = year(from).zip(year(until)).filter(|(from, until)| from <= until);
    let years = years.ok_or("the years are not written as 2026 and 2029")?;
    if !document.starts_with("https://") || document.contains(char::is_whitespace) {
        return Err("the document is not an address that begins with https://");
    }
    names_nobody(&[title, document, contact])?;
    let [title, document, contact] = [title, document, contact].map(str::to_owned);
    Ok(NewPlan { title, years, document, contact })
}

/// Business information is short, and names nobody who is cared for.
pub(crate) fn names_nobody(texts: &[&str]) -> Result<(), &'static str> {
    if !texts.iter().all(|line| text::check(line, "line").is_ok()) {
        return Err("each text is one line of at most 200 characters");
    }
    if texts.iter().any(|line| somebody::found(line).is_some()) {
        return Err("take out what may name a person: a CHI or NHS number, or a date of birth");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults<T>(read: Result<Vec<T>, Vec<Fault>>) -> Vec<String> {
        let faults = read.err().unwrap_or_default();
        faults.iter().map(|of| format!("{}: {}", of.line, of.says)).collect()
    }

    const BED: &str = "bed,Profiling bed,3,Leith store,EH6,01632 960 001";

    #[test]
    fn equipment_is_read_whole_or_not_at_all() {
        let all = read_equipment(&format!("category,name\n{BED}\n")).unwrap();
        assert_eq!((all.len(), all[0].available, all[0].area.as_str()), (1, 3, "EH6"));
        assert_eq!(read_equipment("bed;Cot;0;Store;eh;x").unwrap()[0].area.as_str(), "EH");
        // Another number of the same thing at the same place is no other thing.
        let other = BED.replace(",3,", ",2,");
        let bad = format!(
            "{BED}\n{other}\nbeds,A,1,B,EH,C\nbed,A,-1,B,EH,C\nbed,A,1,B,EH6 5QG,C\n\
             bed,A,1,,EH,C\nbed,Held for 9990000018,1,B,EH,C\nbed,A,1,B,EH,C,D"
        );
        assert_eq!(
            faults(read_equipment(&bad)),
            [
                "2: this name and place stand twice",
                "3: the category is none of the list",
                "4: how many is a number of at most 10,000",
                "5: the area is not written as EH or EH6",
                "6: each text is one line of at most 200 characters",
                "7: take out what may name a person: a CHI or NHS number, or a date of birth",
                "8: a row has category, name, how many, place, area and contact: no more",
            ]
        );
        let elsewhere = format!("{BED}\n{}", BED.replace("Leith", "Gorgie"));
        assert_eq!(read_equipment(&elsewhere).unwrap().len(), 2);
        assert_eq!(faults(read_equipment("")), ["1: there is no row"]);
        let many: Vec<_> = (0..=ROWS_MAX).map(|n| format!("bed,Bed {n},1,B,EH,C\n")).collect();
        assert_eq!(
            faults(read_equipment(&many.concat())),
            ["1: more than 500 rows: bring them in parts"]
        );
    }

    #[test]
    fn plans_are_read_whole_or_not_at_all() {
        let good = "Strategic plan,2026,2029,https://glen.example/plan,01632 960 001";
        let all = read_plans(good).unwrap();
        assert_eq!((all[0].years, all.len()), ((2026, 2029), 1));
        let pasted = "Health, housing and care\t2026\t2029\thttps://glen.example/plan\tOffice";
        assert_eq!(read_plans(pasted).unwrap()[0].title, "Health, housing and care");
        let two = format!("{good}\n{}", good.replace("2029", "2030"));
        assert_eq!(faults(read_plans(&two)), ["2: this title stands twice"]);
        let bad = "A,2029,2026,https://x,C\nA,2026,2029,http://x,C\nA,26,29,https://x,C\n\
                   Plan for a man of 2/3/1948,2026,2029,https://x,C\nA,2026,2029,https://x,C,D";
        assert_eq!(
            faults(read_plans(bad)),
            [
                "1: the years are not written as 2026 and 2029",
                "2: the document is not an address that begins with https://",
                "3: the years are not written as 2026 and 2029",
                "4: take out what may name a person: a CHI or NHS number, or a date of birth",
                "5: a row has title, first year, last year, document and contact: no more",
            ]
        );
    }
}
