//! A document as Markdown.

use std::fmt::Write;

use super::{Block, Document};

/// The document as Markdown.
#[must_use]
pub fn markdown(document: &Document) -> String {
    markdown_marked(document, None)
}

/// The same with a handling mark as its first and its last line.
#[must_use]
pub fn markdown_marked(document: &Document, mark: Option<&str>) -> String {
    let mark = mark.map(flat);
    let mut out = mark.as_ref().map_or_else(String::new, |mark| format!("**{mark}**\n\n"));
    let _ = writeln!(out, "# {}", flat(&document.title));
    if !document.below.is_empty() {
        let _ = write!(out, "\n{}\n", flat(&document.below));
    }
    for section in &document.sections {
        let marks = "#".repeat(2 + section.number.matches('.').count().min(2));
        let number = match section.number {
            "" => String::new(),
            number => format!("{number} "),
        };
        let _ = write!(out, "\n{marks} {number}{}\n", flat(&section.title));
        for block in &section.blocks {
            out.push('\n');
            write_block(&mut out, block);
        }
    }
    if let Some(mark) = mark {
        let _ = write!(out, "\n**{mark}**\n");
    }
    out
}

fn write_block(out: &mut String, block: &Block) {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    match block {
        Block::Text(text) => {
            let _ = writeln!(out, "{}", flat(text));
        }
        Block::List(items) => {
            for item in items {
                let _ = writeln!(out, "- {}", flat(item));
            }
        }
        Block::Table(head, rows) => {
            let head: Vec<_> = head.iter().map(ToString::to_string).collect();
            out.push_str(&row(&head));
            let _ = writeln!(out, "|{}", "---|".repeat(head.len()));
            for cells in rows {
                let cells: Vec<_> = cells.iter().map(|cell| flat(cell)).collect();
                out.push_str(&row(&cells));
            }
        }
    }
}

/// On one line, with every mark that Markdown would read written out.
fn flat(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '|' | '#' => {
                out.push('\\');
                out.push(character);
            }
            other if other.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
