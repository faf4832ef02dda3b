//! A document as HTML that a screen reader can walk: one heading a section, head cells in tables.

use std::fmt::Write;

use super::{Block, Document};

/// The document as a whole HTML page.
#[must_use]
pub fn html(document: &Document) -> String {
    html_marked(document, None)
}

/// The same with a handling mark at its head and foot, and on each sheet of paper.
#[must_use]
pub fn html_marked(document: &Document, mark: Option<&str>) -> String {
    let mark = mark.map(escape);
    let mut out = String::from("<!doctype html>\n<html lang=\"en-GB\">\n<head>\n");
    out.push_str("<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    let title = escape(&document.title);
    let _ = writeln!(out, "<title>{title}</title>");
    if let Some(mark) = &mark {
        let at = |place| format!("@{place}-center{{content:\"{mark}\"}}");
        let (top, bottom) = (at("top"), at("bottom"));
        let _ = writeln!(out, "<style>@page{{{top}{bottom}}}</style>");
    }
    out.push_str("</head>\n<body>\n");
    if let Some(mark) = &mark {
        let _ = writeln!(out, "<header><p><strong>{mark}</strong></p></header>");
    }
    let _ = write!(out, "<main>\n<h1>{title}</h1>\n");
    if !document.below.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", escape(&document.below));
    }
    for section in &document.sections {
        let level = 2 + section.number.matches('.').count().min(2);
        let number = match section.number {
            "" => String::new(),
            number => format!("{number} "),
        };
        let _ = writeln!(out, "<h{level}>{number}{}</h{level}>", escape(&section.title));
        for block in &section.blocks {
            write_block(&mut out, block, &section.title);
        }
    }
    out.push_str("</main>\n");
    if let Some(mark) = &mark {
        let _ = writeln!(out, "<footer><p><strong>{mark}</strong></p></footer>");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn write_block(out: &mut String, block: &Block, title: &str) {
    match block {
        Block::Text(text) => {
            let _ = writeln!(out, "<p>{}</p>", escape(text));
        }
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                let _ = writeln!(out, "<li>{}</li>", escape(item));
            }
            out.push_str("</ul>\n");
        }
        Block::Table(head, rows) => {
            let _ = writeln!(out, "<table>\n<caption>{}</caption>", escape(title));
            out.push_str("<thead><tr>");
            for cell in head {
                let _ = write!(out, "<th scope=\"col\">{}</th>", escape(cell));
            }
            out.push_str("</tr></thead>\n<tbody>\n");
            for row in rows {
                out.push_str("<tr>");
                for cell in row {
                    let _ = write!(out, "<td>{}</td>", escape(cell));
                }
                out.push_str("</tr>\n");
            }
            out.push_str("</tbody>\n</table>\n");
        }
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
