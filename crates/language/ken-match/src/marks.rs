//! Values that a reader knows by a number: what was read of one once is not read again.
//!
//! A file of columns holds each value of a column once, in a dictionary, and rows name it by its
//! place there. To find a text among a million by its letters costs more than all else that is
//! done with it; by its place it is found at once.
//!
//! # Invariants
//!
//! - A mark is believed for as long as its book is open, and changes no answer, only what it costs.

use crate::number::index;

/// Most marks of one book that are kept: sixteen megabytes of codes.
const MARKS_MAX: u32 = 1 << 22;

/// The marks of a row's values, as their reader gives them: in one book the same mark is the same
/// text, whichever field it stands in. 0 is no mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// Of which book they are: marks of two books say nothing of each other.
    pub book: u64,
    /// First name.
    pub forename: u32,
    /// Middle names.
    pub middle: u32,
    /// Family name.
    pub surname: u32,
    /// Date of birth.
    pub born: u32,
    /// Town.
    pub town: u32,
    /// Postcode.
    pub postcode: u32,
}

/// What was read of marked values.
#[derive(Default)]
pub(crate) struct Marked {
    book: u64,
    pub(crate) names: Codes,
    pub(crate) births: Codes,
    pub(crate) towns: Codes,
    pub(crate) postcodes: Codes,
}

/// Codes by mark, each one more than it is; 0 where none is known.
#[derive(Default)]
pub(crate) struct Codes(Vec<u32>);

impl Marked {
    /// Goes on in a book; what was known of another is forgotten.
    pub(crate) fn open(&mut self, book: u64) {
        if self.book != book {
            *self = Self { book, ..Self::default() };
        }
    }
}

impl Codes {
    /// The code of a marked value, which is `put` the first time.
    pub(crate) fn code(&mut self, mark: u32, put: impl FnOnce() -> u32) -> u32 {
        if mark == 0 || mark > MARKS_MAX {
            return put();
        }
        if self.0.len() <= index(mark) {
            self.0.resize(index(mark) + 1, 0);
        }
        let Some(known) = self.0.get_mut(index(mark)) else { return put() };
        if *known == 0 {
            *known = put().saturating_add(1);
        }
        *known - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Columns, Row};

    #[test]
    fn marks_change_no_answer_and_are_forgotten_with_their_book() {
        let texts = ["Ann", "Bob", "", "Ann", "Cat"];
        let (mut plain, mut marked) = (Columns::new(), Columns::new());
        for book in 1..4u64 {
            // Each book has its own order of the same values.
            for (mark, at) in (1..=5u32).zip((0..5).map(|n| (n + book) % 5)).cycle().take(12) {
                let forename = texts[usize::try_from(at).unwrap()];
                let row = Row { forename, surname: forename, ..Row::default() };
                plain.push(&row).unwrap();
                let marks = Marks { book, forename: mark, surname: mark, ..Marks::default() };
                marked.push_marked(&row, &marks).unwrap();
            }
        }
        let [plain, marked] = [plain.close(), marked.close()];
        for record in plain.numbers() {
            let of = |table: &crate::Table| (table.get(record).forename, table.get(record).surname);
            assert_eq!(of(&plain), of(&marked));
        }
        let mut codes = Codes::default();
        assert_eq!((codes.code(0, || 7), codes.code(u32::MAX, || 8)), (7, 8));
        assert_eq!((codes.code(3, || 9), codes.code(3, || 10)), (9, 9));
        assert!(codes.0.len() < 10);
    }
}
