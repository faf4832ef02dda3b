//! Comma-separated files, line by line, as spreadsheets write them.
//!
//! # Invariants
//!
//! - Any bytes are read; only a record without end is refused, so that none fills the memory.
//!
//! # Sources
//!
//! - RFC 4180 for quotes; a byte order mark is left aside; a line that is no UTF-8 is read as
//!   ISO 8859-1, letter by letter, which is what older systems write.

use std::fmt;
use std::io::{self, BufRead, Read};

use crate::COLUMNS_MAX;

/// Longest record, in bytes, quoted line ends included. House policy: no record of a person has
/// a thousandth of it, and a file without line ends must not fill the memory.
const RECORD_MAX: usize = 1 << 20;

/// A reader of records. What is read is the file's own, and shows in no debug text.
pub struct Lines<R> {
    from: R,
    between: u8,
    line: Vec<u8>,
    text: String,
    ends: Vec<(usize, usize)>,
    mended: u64,
}

impl<R> fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines(..)")
    }
}

impl<R: BufRead> Lines<R> {
    /// Reads with `between` between the values.
    pub fn new(from: R, between: u8) -> Self {
        let (line, text, ends) = (Vec::new(), String::new(), Vec::new());
        Self { from, between, line, text, ends, mended: 0 }
    }

    /// Goes to the next record; `false` after the last. Empty lines are none.
    ///
    /// # Errors
    ///
    /// Whatever reading says, and a record that is longer than any is.
    #[expect(clippy::should_implement_trait, reason = "a row is lent, which no iterator does")]
    pub fn next(&mut self) -> io::Result<bool> {
        loop {
            self.line.clear();
            loop {
                let room = RECORD_MAX - self.line.len();
                let limit = u64::try_from(room).unwrap_or(0) + 1;
                let read = self.from.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
                if self.line.len() > RECORD_MAX {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "a record without end"));
                }
                // Every second quote closes what the one before it opened.
                let parts = self.line.split(|byte| *byte == b'"').count();
                if read == 0 || parts % 2 == 1 {
                    break;
                }
            }
            if self.line.is_empty() {
                return Ok(false);
            }
            while self.line.pop_if(|byte| *byte == b'\n' || *byte == b'\r').is_some() {}
            if !self.line.is_empty() {
                self.split();
                return Ok(true);
            }
        }
    }

    fn split(&mut self) {
        self.text.clear();
        self.ends.clear();
        if let Ok(line) = std::str::from_utf8(&self.line) {
            self.text.push_str(line.strip_prefix('\u{feff}').unwrap_or(line));
        } else {
            self.mended += 1;
            self.text.extend(self.line.iter().map(|byte| char::from(*byte)));
        }
        if self.text.contains('"') {
            self.unquote();
            return;
        }
        let mut from = 0;
        for value in self.text.as_bytes().split(|byte| *byte == self.between).take(COLUMNS_MAX) {
            self.ends.push((from, from + value.len()));
            from += value.len() + 1;
        }
    }

    fn unquote(&mut self) {
        let quoted = std::mem::take(&mut self.text);
        let (mut from, mut inside) = (0, false);
        let mut letters = quoted.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter == '"' && inside && letters.peek() == Some(&'"') {
                letters.next();
                self.text.push('"');
            } else if letter == '"' {
                inside = !inside;
            } else if letter == char::from(self.between) && !inside {
                self.ends.push((from, self.text.len()));
                from = self.text.len();
                if self.ends.len() == COLUMNS_MAX {
                    return;
                }
            } else {
                self.text.push(letter);
            }
        }
        self.ends.push((from, self.text.len()));
    }

    /// A value of the record, empty where the record is too short.
    #[must_use]
    pub fn get(&self, column: Option<usize>) -> &str {
        let ends = column.and_then(|at| self.ends.get(at));
        ends.and_then(|(from, to)| self.text.get(*from..*to)).unwrap_or_default()
    }

    /// The values of the record.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|at| self.get(Some(at)))
    }

    /// Records that were no UTF-8.
    #[must_use]
    pub const fn mended(&self) -> u64 {
        self.mended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Vec<String>> {
        let mut reader = Lines::new(bytes, b',');
        let mut all = Vec::new();
        while reader.next().unwrap() {
            all.push(reader.values().map(str::to_owned).collect());
        }
        all
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let check = |bytes: &[u8], want: &[&[&str]]| assert_eq!(read(bytes), want, "{bytes:?}");
        check(b"", &[]);
        check(b"a,b\r\n1,2\r\n\r\n3\n", &[&["a", "b"], &["1", "2"], &["3"]]);
        check(b"\xef\xbb\xbfa,b", &[&["a", "b"]]);
        check(b"\"x, y\",\"say \"\"so\"\"\"\n", &[&["x, y", "say \"so\""]]);
        check(b"\"two\nlines\",z\n", &[&["two\nlines", "z"]]);
        check(b"Se\xe1n,\xd3\n", &[&["Se\u{e1}n", "\u{d3}"]]);
        check(b",,\n", &[&["", "", ""]]);
        check(b"\"never ended\n", &[&["never ended"]]);
        check(b"a\0,b\n", &[&["a\0", "b"]]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let endless = io::BufReader::new(io::repeat(b'x'));
        assert!(Lines::new(endless, b',').next().is_err());
    }
}
