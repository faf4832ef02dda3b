//! Documents of the office as tagged PDF: what people sign, file and pin to a wall.
//!
//! The words come from `ken_agreement::show`, the page from `ken_print`; here is only how a section
//! becomes a heading and a table.

use jiff::civil::Date;
use ken_agreement::show::{self, Section};
pub use ken_print::Size;
use ken_print::{Block, Document, Listing, Run, Table, Text};

use crate::Error;
use crate::mark::{self, About};

/// `document` as PDF/UA-1: the mark of what it is about and `running` stand at the head of each
/// page, and `made` is the day that the file bears.
///
/// # Errors
///
/// [`Error::Print`] when the document is longer than one file may be, or would not be accessible.
pub fn pdf(
    document: &show::Document,
    (about, running): (About, &str),
    made: Date,
    size: Size,
) -> Result<Vec<u8>, Error> {
    let mut blocks: Vec<Block> = Vec::new();
    if !document.below.is_empty() {
        blocks.push(Block::paragraph(&document.below));
    }
    let mut above = 0;
    for section in &document.sections {
        let level = depth(section).min(above + 1);
        above = level;
        blocks.push(Block::heading(level, heading(section)));
        blocks.extend(section.blocks.iter().map(|block| on_paper(block, &section.title)));
    }
    let printed = Document {
        title: document.title.clone(),
        language: "en-GB".into(),
        made,
        running: mark::running(about, running),
        blocks,
    };
    Ok(ken_print::pdf(&printed, size)?)
}

/// How deep a section's number says that it stands: `1` is 1, `1.2.1` is 3.
fn depth(section: &Section) -> u8 {
    match section.number.matches('.').count() {
        0 => 1,
        1 => 2,
        _ => 3,
    }
}

fn heading(section: &Section) -> String {
    format!("{} {}", section.number, section.title).trim().to_owned()
}

fn on_paper(block: &show::Block, title: &str) -> Block {
    let plain = |text: &String| -> Text { vec![Run::plain(text)] };
    match block {
        show::Block::Text(text) => Block::paragraph(text),
        show::Block::List(items) => {
            Block::List { listing: Listing::Bullets, items: items.iter().map(plain).collect() }
        }
        show::Block::Table(head, rows) => Block::Table(Table {
            caption: title.to_owned(),
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: rows.iter().map(|row| row.iter().map(plain).collect()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use ken_agreement::Instrument;
    use ken_agreement::show::{agreement, notice};

    use super::*;

    #[test]
    fn every_agreement_of_glen_and_its_notice_print_in_every_size() {
        let texts = [
            include_str!("../../../../agreements/scot-accord.toml"),
            include_str!("../../../../agreements/glen-asp-concern.toml"),
            include_str!("../../../../agreements/glen-direct-care.toml"),
            include_str!("../../../../agreements/glen-girfec.toml"),
        ];
        let made = jiff::civil::date(2027, 4, 1);
        for text in texts {
            let of = Instrument::parse(text).unwrap();
            for document in [agreement(&of), notice(&[&of], false), notice(&[&of], true)] {
                for size in [Size::Standard, Size::Larger] {
                    let file = pdf(&document, (About::Texts, "Glen"), made, size).unwrap();
                    assert!(file.starts_with(b"%PDF-1.7"), "{}", document.title);
                }
            }
        }
    }
}
