//! One Rust file, read as tokens: what the rules need to know, and no more.
//!
//! Tokens and not text, so that a word in a comment or a string is never taken for code; tokens
//! and not a syntax tree, so that what stands inside a macro is seen as well.
//! Deliberately absent: types and name resolution, which are the compiler's and clippy's.

mod token;
mod walk;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// A function with a body, from its `fn` to its closing brace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: RangeInclusive<usize>,
    /// Carries `#[test]` or another attribute whose path ends in `test`.
    pub(crate) is_test: bool,
}

/// Something found at a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// What a Rust file holds.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) functions: Vec<Function>,
    /// String literals, those of attributes and doc comments excepted.
    pub(crate) texts: Vec<At>,
    /// The texts of `#[error("...")]`: what an error says.
    pub(crate) displays: Vec<At>,
    /// Every `a::b::c` as written, without generics.
    pub(crate) paths: Vec<At>,
    /// Public items (`pub`, not `pub(...)`) that carry no doc comment.
    pub(crate) undocumented: Vec<At>,
    pub(crate) words: BTreeSet<String>,
    tests: Vec<RangeInclusive<usize>>,
    expected: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Reads a file; the error says where it stops being Rust.
    pub(crate) fn read(path: &str, text: &str) -> Result<Self, String> {
        walk::read(path, text)
    }

    /// Whether a line is outside the product: a test file, a `#[cfg(test)]` item, a test function,
    /// or an example, which measures or shows and is never shipped.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.path.contains("/tests/")
            || self.path.contains("/examples/")
            || self.path.ends_with("tests.rs")
            || self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// Whether a line stands under `#[expect(clippy::disallowed_methods)]`, verified by clippy.
    pub(crate) fn is_expected(&self, line: usize) -> bool {
        self.expected.iter().any(|lines| lines.contains(&line))
    }

    /// The literals between two lines.
    pub(crate) fn texts_in(&self, lines: &RangeInclusive<usize>) -> impl Iterator<Item = &At> {
        self.texts.iter().filter(move |text| lines.contains(&text.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"//! Purpose.

/// A thing.
pub struct Thing {
    /// A field.
    pub field: u8,
    pub bare: u8,
    pub(crate) own: u8,
}

pub fn undocumented() -> &'static str {
    let _ = std::time::Instant::now();
    "area.code"
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("lower case")]
    A,
}

#[cfg(test)]
mod tests {
    #[tokio::test(flavor = "multi_thread")]
    async fn it_holds() {
        assert!(true, "said {}", env::var("X"));
    }
    pub fn of_a_test() {}
}

#[expect(clippy::disallowed_methods, reason = "why")]
fn allowed() {
    tokio::spawn(async {});
}
"#;

    fn read() -> Source {
        Source::read("crates/x/ken-x/src/lib.rs", FILE).expect("Rust")
    }

    #[test]
    fn functions_carry_their_lines_and_whether_they_test() {
        let found: Vec<_> =
            read().functions.into_iter().map(|f| (f.name, f.lines, f.is_test)).collect();
        assert_eq!(
            found,
            [
                ("undocumented".into(), 11..=14, false),
                ("it_holds".into(), 25..=27, true),
                ("of_a_test".into(), 28..=28, false),
                ("allowed".into(), 32..=34, false),
            ]
        );
    }

    #[test]
    fn public_items_without_a_comment_are_found() {
        let source = read();
        let outside = source.undocumented.iter().filter(|found| !source.is_test(found.line));
        let found: Vec<_> = outside.map(|found| (found.line, found.text.as_str())).collect();
        assert_eq!(found, [(7, "bare"), (11, "fn undocumented")]);
    }

    #[test]
    fn regions_are_known_by_line() {
        let source = read();
        assert!(source.is_test(26) && !source.is_test(12));
        assert!(source.is_expected(33) && !source.is_expected(12));
    }

    #[test]
    fn texts_and_paths_are_code_only() {
        let source = read();
        let texts: Vec<_> = source.texts.iter().map(|found| found.text.as_str()).collect();
        assert_eq!(texts, ["area.code", "said {}", "X"]);
        let displays: Vec<_> = source.displays.iter().map(|found| found.text.as_str()).collect();
        assert_eq!(displays, ["lower case"]);
        let paths: Vec<_> = source.paths.iter().map(|found| found.text.as_str()).collect();
        assert_eq!(paths, ["std::time::Instant::now", "env::var", "tokio::spawn"]);
    }

    #[test]
    fn what_is_not_rust_says_where() {
        let error = Source::read("a.rs", "fn a() {\n    (\n}").expect_err("not Rust");
        assert!(error.contains("line"), "{error}");
    }

    #[test]
    fn a_macros_pattern_needs_no_comment() {
        let text = "macro_rules! ids { ($n:ident) => { pub struct $n(u8); }; }";
        assert_eq!(Source::read("a.rs", text).expect("Rust").undocumented, []);
    }
}
