//! Files, functions and lines stay short enough to read.
//!
//! Source: the house style, points 4 and 5. Tests are read too, so they are held to it too.

use super::Finding;
use crate::tree::{Tree, has_extension};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 60;
/// As rustfmt's `max_width`, which leaves strings and comments alone.
const LINE_CHARS_MAX: usize = 100;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| has_extension(&file.path, "rs")) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            let what = format!("{lines} lines, at most {FILE_LINES_MAX}: split it by noun or verb");
            found.push(Finding::new(&file.path, 0, "file", what));
        }
        if !file.text.starts_with("//!") {
            let what = "begins without `//!`: say what the file is for";
            found.push(Finding::new(&file.path, 1, "purpose", what));
        }
        for (at, line) in file.text.lines().enumerate() {
            let chars = line.chars().count();
            if chars > LINE_CHARS_MAX {
                let what = format!("{chars} characters, at most {LINE_CHARS_MAX}");
                found.push(Finding::new(&file.path, at + 1, "line", what));
            }
        }
    }
    found.extend(functions(tree));
    found
}

fn functions(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in &tree.sources {
        for function in &source.functions {
            let lines = function.lines.clone().count();
            if lines > FUNCTION_LINES_MAX {
                let name = &function.name;
                let what = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}");
                found.push(Finding::new(&source.path, *function.lines.start(), "function", what));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const PATH: &str = "crates/language/ken-x/src/a.rs";

    fn of_lines(lines: usize) -> String {
        format!("//! A.\n{}", "\n".repeat(lines - 1))
    }

    fn of_function(lines: usize) -> String {
        format!("//! A.\nfn long() {{\n{}}}\n", "let _ = 1;\n".repeat(lines - 2))
    }

    #[test]
    fn a_file_of_the_maximum_passes_and_one_more_fails() {
        expect(check, &[(PATH, &of_lines(500))], &[]);
        expect(check, &[(PATH, &of_lines(501))], &[(PATH, 0, "501 lines")]);
    }

    #[test]
    fn a_function_of_the_maximum_passes_and_one_more_fails() {
        expect(check, &[(PATH, &of_function(60))], &[]);
        expect(check, &[(PATH, &of_function(61))], &[(PATH, 2, "`long` has 61 lines")]);
        let inside = format!("//! A.\nproptest! {{ fn long() {{\n{}}} }}", "a;\n".repeat(60));
        expect(check, &[(PATH, &inside)], &[(PATH, 2, "`long` has 62 lines")]);
    }

    #[test]
    fn a_line_of_the_maximum_passes_and_one_more_fails() {
        let of = |length: usize| format!("//! {}\n", "é".repeat(length - 4));
        expect(check, &[(PATH, &of(100))], &[]);
        expect(check, &[(PATH, &of(101))], &[(PATH, 1, "101 characters")]);
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        expect(check, &[(PATH, "fn a() {}\n")], &[(PATH, 1, "say what the file is for")]);
    }
}
