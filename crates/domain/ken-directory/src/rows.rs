//! Rows of cells that somebody pastes from a spreadsheet: comma-separated values.
//!
//! What stands in quotes may have commas and lines; each row knows the line that it begins on, so
//! that a fault can be found where it is.
//!
//! Source: RFC 4180 for quotes; a tab or a semicolon separates as well, as spreadsheets write them.

/// Longest text of rows, in characters. House policy: what a form takes.
pub const TEXT_MAX: usize = 60_000;

/// What is wrong with a text of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line on which the row begins, counted from 1.
    pub line: usize,
    /// What is wrong, in a sentence.
    pub says: &'static str,
}

/// One row of cells, and the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// The line, counted from 1.
    pub line: usize,
    /// What stands in the row, as it was written.
    pub cells: Vec<String>,
}

impl Cells {
    /// A cell without the blanks around it; empty where the row has none.
    #[must_use]
    pub fn at(&self, place: usize) -> &str {
        self.cells.get(place).map_or("", |cell| cell.trim())
    }

    /// Whether something stands in a cell from this place on.
    #[must_use]
    pub fn has_more_than(&self, count: usize) -> bool {
        self.cells.iter().skip(count).any(|cell| !cell.trim().is_empty())
    }
}

/// What separates cells: what the first line has outside quotes. Nobody writes a tab within a cell,
/// so that a tab separates wherever one is; cells that are pasted with tabs may have commas.
fn separator(text: &str) -> char {
    let line = text.lines().next().unwrap_or_default();
    let (mut quoted, mut first) = (false, None);
    for sign in line.chars() {
        match sign {
            '"' => quoted = !quoted,
            '\t' if !quoted => return sign,
            ',' | ';' if !quoted => first = first.or(Some(sign)),
            _ => {}
        }
    }
    first.unwrap_or(',')
}

/// The rows that are not empty, and a fault where a quote is never closed.
#[must_use]
pub fn split(text: &str) -> (Vec<Cells>, Vec<Fault>) {
    let text = text.trim_start_matches('\u{feff}');
    let (separator, mut rows, mut faults) = (separator(text), vec![], vec![]);
    let (mut line, mut began, mut quoted) = (1_usize, 1_usize, false);
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let mut signs = text.chars().peekable();
    let mut end = |cells: &mut Vec<String>, cell: &mut String, began: usize| {
        cells.push(std::mem::take(cell));
        let cells = std::mem::take(cells);
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(Cells { line: began, cells });
        }
    };
    while let Some(sign) = signs.next() {
        line += usize::from(sign == '\n');
        match sign {
            '"' if quoted && signs.peek() == Some(&'"') => {
                signs.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            '\n' if !quoted => {
                end(&mut cells, &mut cell, began);
                began = line;
            }
            '\r' if !quoted => {}
            sign if sign == separator && !quoted => cells.push(std::mem::take(&mut cell)),
            sign => cell.push(sign),
        }
    }
    if quoted {
        faults.push(Fault { line: began, says: "a quote is opened and never closed" });
    }
    end(&mut cells, &mut cell, began);
    (rows, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_separated_by_what_the_first_line_has() {
        let check = |text: &str, want: &[&str]| {
            let (rows, faults) = split(text);
            assert!(faults.is_empty(), "{text:?}: {faults:?}");
            assert_eq!(rows[0].cells, want, "{text:?}");
        };
        check("a,b;c", &["a", "b;c"]);
        check("a;b,c", &["a", "b,c"]);
        check("\"a,b\";c", &["a,b", "c"]);
        // As cells of a spreadsheet are pasted.
        check("Adult, duty desk\t17:00\t;", &["Adult, duty desk", "17:00", ";"]);
        check("\"a\tb\",c", &["a\tb", "c"]);
        check("a", &["a"]);
    }
}
