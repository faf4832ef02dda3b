//! A body's list of people, as comma-separated lines with a head line.
//!
//! # Invariants
//!
//! - A list is read whole or refused with its first fault; no row is left out in silence.
//! - A number that fails its check is told of its row and used for nothing; a leading zero that a
//!   spreadsheet took away is put back where the date of birth agrees.
//! - What it holds is about people: it shows in no debug text.
//! - Rows that may be spellings of one person are known as such ([`List::alike`]): who has only a
//!   list may not try numbers or postcodes of somebody until one of them fits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ken_columns::Lines;
use ken_core::OrganisationId;
use ken_core::identifier::{Chi, Identifier, LocalIdentifier, NHS_SYSTEM};
use ken_match::{Heads, Map, Places, Row, Written};

use crate::demographics::{Demographics, NameKey, Sex, SourceRecord};

/// Longest list, in bytes. House policy: [`ROWS_MAX`] rows of two hundred.
pub const LIST_MAX: usize = 1 << 20;
/// Most rows. House policy: what is looked up in some minutes; a council brings its schools one
/// after the other.
pub const ROWS_MAX: usize = 5_000;

/// A list that was read.
#[derive(Clone)]
pub struct List {
    /// The fields that were found, each with the name of its column.
    pub columns: Vec<(&'static str, String)>,
    /// Columns that nothing is read from.
    pub unknown: Vec<String>,
    /// The rows, in their order.
    pub rows: Vec<ListRow>,
}

/// A row of a list.
#[derive(Clone)]
pub struct ListRow {
    /// Which row it is, from 1; the head line is none.
    pub number: usize,
    /// What it says of whom, under the list's own number.
    pub says: Demographics,
    /// Whether a number of it fails its check, or is no such number.
    pub is_bad: bool,
    /// Whether its CHI number had lost a leading zero.
    pub is_mended: bool,
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({} rows)", self.rows.len())
    }
}

impl fmt::Debug for ListRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListRow({})", self.number)
    }
}

impl List {
    /// The places of rows that may say one person more than once: of one date of birth, and a name
    /// of each begins with the same letter.
    #[must_use]
    pub fn alike(&self) -> BTreeSet<usize> {
        let mut places: BTreeMap<(String, char), Vec<usize>> = BTreeMap::new();
        for (place, row) in self.rows.iter().enumerate() {
            let Some(born) = row.says.born.map(|born| born.to_string()) else { continue };
            let name = NameKey::new(row.says.family.reveal(), row.says.given.reveal());
            let firsts = [&name.family, &name.given].map(|name| name.reveal().chars().next());
            for first in firsts.into_iter().flatten().collect::<BTreeSet<_>>() {
                places.entry((born.clone(), first)).or_default().push(place);
            }
        }
        places.into_values().filter(|places| places.len() > 1).flatten().collect()
    }
}

/// Why a list is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no row beside the head line.
    Empty,
    /// It is longer than [`LIST_MAX`] or has more than [`ROWS_MAX`] rows.
    TooMuch,
    /// No column is called as one of the list's own numbers is.
    NoId,
    /// Too few columns tell people apart.
    TooFew,
    /// The name of the system is no short text without blanks.
    System,
    /// A row has no number of its own, or one that is too long.
    RowId(usize),
    /// A row's own number stands in a row before it.
    Twice(usize),
}

impl List {
    /// Reads a list of an organisation, whose own numbers are those of `system` and stand in a
    /// column of this name; of a usual name where it is empty.
    ///
    /// # Errors
    ///
    /// The first [`Fault`].
    pub fn read(
        text: &str,
        source: &OrganisationId,
        (system, column): (&str, &str),
    ) -> Result<Self, Fault> {
        if text.len() > LIST_MAX {
            return Err(Fault::TooMuch);
        }
        LocalIdentifier::new(system, "1").map_err(|_| Fault::System)?;
        let mut lines = Lines::new(text.as_bytes(), between(text));
        if !lines.next().map_err(|_| Fault::TooMuch)? {
            return Err(Fault::Empty);
        }
        let names = lines.values().map(|name| name.trim().to_owned()).collect();
        let typed = Some(format!("id={column}")).filter(|_| !column.is_empty());
        let maps: Vec<Map> = typed.and_then(|map| map.parse().ok()).into_iter().collect();
        let heads = Heads::find(names, &maps).map_err(|_| Fault::NoId)?;
        let places = Places::of(&heads);
        if places.id().is_none() {
            return Err(Fault::NoId);
        }
        if !heads.suffice() {
            return Err(Fault::TooFew);
        }
        let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
        while lines.next().map_err(|_| Fault::TooMuch)? {
            let number = rows.len() + 1;
            if number > ROWS_MAX {
                return Err(Fault::TooMuch);
            }
            let local = LocalIdentifier::new(system, lines.get(places.id()));
            let local = local.map_err(|_| Fault::RowId(number))?;
            if !seen.insert(local.clone()) {
                return Err(Fault::Twice(number));
            }
            let source = SourceRecord { organisation: source.clone(), local };
            rows.push(ListRow::of(number, source, &places.row(|column| lines.get(column))));
        }
        let columns = heads.found().map(|(field, column)| (field, column.to_owned())).collect();
        let unknown = heads.unknown(&[]).into_iter().map(str::to_owned).collect();
        let is_empty = rows.is_empty();
        if is_empty { Err(Fault::Empty) } else { Ok(Self { columns, unknown, rows }) }
    }

    /// The rows of which a number fails its check, by their numbers.
    pub fn bad(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().filter(|row| row.is_bad).map(|row| row.number)
    }
}

/// What stands between the values: cells that are pasted from a spreadsheet have tabs.
fn between(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    if head.contains('\t') { b'\t' } else { b',' }
}

impl ListRow {
    fn of(number: usize, source: SourceRecord, row: &Row<'_>) -> Self {
        let (chi, written) = (row.chi.trim(), Written::of(row.chi, row.born));
        let chi = match written {
            Written::Valid(_) => Chi::parse(chi).ok(),
            Written::LostZero(_) => Chi::parse(&format!("0{}", chi.replace(' ', ""))).ok(),
            Written::Missing | Written::Bad => None,
        };
        let nhs = row.nhs.trim();
        let nhs = (!nhs.is_empty()).then(|| Identifier::parse(NHS_SYSTEM, nhs));
        let is_bad = written == Written::Bad || matches!(nhs, Some(Err(_)));
        let identifiers = chi.map(Identifier::Chi).into_iter().chain(nhs.and_then(Result::ok));
        let words = |parts: &[&str], between: &str| {
            let parts: Vec<&str> =
                parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
            parts.join(between).into()
        };
        let says = Demographics {
            identifiers: identifiers.collect(),
            family: words(&[row.surname], ""),
            given: words(&[row.forename, row.middle], " "),
            born: ken_match::date(row.born),
            sex: sex(row.sex),
            address: words(&[&words_of(row.house, row.address), row.town], "\n"),
            postcode: words(&[row.postcode], ""),
            phone: words(&[row.phone], ""),
            ..Demographics::from_source(source)
        };
        Self { number, says, is_bad, is_mended: matches!(written, Written::LostZero(_)) }
    }
}

/// A house with its street, on one line.
fn words_of(house: &str, street: &str) -> String {
    format!("{} {}", house.trim(), street.trim()).trim().to_owned()
}

/// Sex as lists write it.
fn sex(written: &str) -> Option<Sex> {
    match written.trim().to_lowercase().as_str() {
        "f" | "female" | "2" => Some(Sex::Female),
        "m" | "male" | "1" => Some(Sex::Male),
        "other" | "o" => Some(Sex::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id,Forename,Surname,DOB,Sex,CHI,Postcode,Shoe size";

    fn read(text: &str) -> Result<List, Fault> {
        List::read(&format!("{HEAD}\n{text}"), &"cec".parse().unwrap(), ("urn:glen:seemis", ""))
    }

    #[test]
    fn a_row_says_what_its_columns_do() {
        // A CHI number of the range that is never given, whose date is impossible.
        let chi = Chi::impossible(7);
        let list = read(&format!("1,Isla Jean,Sample,14/03/2017,F,{},EH1 1BB,31", chi.reveal()));
        let list = list.unwrap();
        let [row] = list.rows.as_slice() else { panic!("one row") };
        let says = &row.says;
        let told = (says.given.reveal().as_str(), says.family.reveal().as_str());
        assert_eq!(told, ("Isla Jean", "Sample"));
        assert_eq!(says.born, "2017-03-14".parse().ok());
        assert_eq!((says.sex, says.postcode.reveal().as_str()), (Some(Sex::Female), "EH1 1BB"));
        assert_eq!(says.identifiers, [Identifier::Chi(chi)]);
        assert_eq!(says.source.local.reveal(), "1");
        assert_eq!(list.unknown, ["Shoe size"]);
        assert!(list.columns.contains(&("born", "DOB".to_owned())) && list.bad().count() == 0);
        assert_eq!(format!("{list:?} {row:?}"), "List(1 rows) ListRow(1)");
    }

    #[test]
    fn a_number_that_fails_its_check_is_told_by_its_row_and_used_for_nothing() {
        let list = read("1,A,B,2017-03-14,,1403171231,,\n2,C,D,2017-03-15,,,,\n3,E,F,,,12,,");
        let list = list.unwrap();
        assert_eq!(list.bad().collect::<Vec<_>>(), [1, 3]);
        assert!(list.rows.iter().all(|row| row.says.identifiers.is_empty()));
    }

    #[test]
    fn rows_that_may_be_spellings_of_one_person_are_alike() {
        let check = |rows: [&str; 2], want: &[usize]| {
            let [one, other] = rows;
            let list =
                read(&format!("1,{one},,,EH1 1BB,\n2,{other},,,EH1 1BC,\n3,X,Y,1950-01-01,,,,"));
            let alike: Vec<_> = list.unwrap().alike().into_iter().collect();
            assert_eq!(alike, want, "{rows:?}");
        };
        check(["Morag,Bain,1948-03-02", "Morag,Bain,1948-03-02"], &[0, 1]);
        check(["Morag,Bain,1948-03-02", "Bain,Morag,02/03/1948"], &[0, 1]);
        check(["Mòrag,Tait,1948-03-02", "morag,Bain,1948-03-02"], &[0, 1]);
        check(["Morag,Bain,1948-03-02", "Morag,Bain,1948-03-03"], &[]);
        check(["Morag,Bain,1948-03-02", "Effie,Tait,1948-03-02"], &[]);
        check(["Morag,Bain,", "Morag,Bain,"], &[]);
    }

    #[test]
    fn a_list_is_read_whole_or_refused_with_its_first_fault() {
        let check = |text: &str, want: Fault| assert_eq!(read(text).err(), Some(want), "{text}");
        check("", Fault::Empty);
        check("1,A,B,,,,,\n,C,D,,,,,", Fault::RowId(2));
        check("1,A,B,,,,,\n1,C,D,,,,,", Fault::Twice(2));
        check(&"x".repeat(LIST_MAX), Fault::TooMuch);
        let row = |row: usize| format!("{row},A,B,,,,,");
        let mut many: Vec<String> = (1..=ROWS_MAX).map(row).collect();
        assert_eq!(read(&many.join("\n")).unwrap().rows.len(), ROWS_MAX);
        many.push(row(ROWS_MAX + 1));
        check(&many.join("\n"), Fault::TooMuch);
        let of = |text: &str, system: &str| {
            List::read(text, &"cec".parse().unwrap(), (system, "")).err().unwrap()
        };
        assert_eq!(of("Forename,Surname\nA,B", "urn:x"), Fault::NoId);
        assert_eq!(of("id,Shoe size\n1,2", "urn:x"), Fault::TooFew);
        assert_eq!(of("id,Forename,Surname\n1,A,B", "two words"), Fault::System);
        assert_eq!(of("", "urn:x"), Fault::Empty);
        // Pasted from a spreadsheet.
        let tabs = "Pupil\tForename\tSurname\n1\tA\tB";
        let named = |column| List::read(tabs, &"cec".parse().unwrap(), ("urn:x", column));
        assert_eq!(named("Pupil").unwrap().rows.len(), 1);
        assert_eq!(named("pupil").err(), Some(Fault::NoId));
    }
}
