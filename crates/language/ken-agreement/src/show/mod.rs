//! Documents for people, made from what is signed: the agreement, and its privacy notice.
//!
//! # Invariants
//!
//! - A document holds nothing that the instrument does not say; a blank is shown as a blank.
//! - In HTML, text of an instrument is always escaped; there is no script, and no style inline.

mod agreement;
mod html;
mod markdown;
mod notice;

pub use agreement::agreement;
pub use html::{html, html_marked};
pub use markdown::{markdown, markdown_marked};
pub use notice::{Told, notice, told};

/// A document: a title and numbered sections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// A line below the title.
    pub below: String,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Its number: `1.2.1`; empty where sections are not numbered.
    pub number: &'static str,
    /// Its title.
    pub title: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A list.
    List(Vec<String>),
    /// A table: its head, then its rows.
    Table(Vec<&'static str>, Vec<Vec<String>>),
}

impl Section {
    pub(crate) fn new(number: &'static str, title: &str) -> Self {
        Self { number, title: title.to_owned(), blocks: vec![] }
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Text(text.into()));
        self
    }

    pub(crate) fn list(mut self, items: impl IntoIterator<Item = String>) -> Self {
        let items: Vec<_> = items.into_iter().collect();
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
        self
    }

    pub(crate) fn table(
        mut self,
        head: &[&'static str],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        if !rows.is_empty() {
            self.blocks.push(Block::Table(head.to_vec(), rows));
        }
        self
    }

    /// The section, with a sentence where nothing stands in it.
    pub(crate) fn or(self, nothing: &str) -> Self {
        if self.blocks.is_empty() { self.text(nothing) } else { self }
    }
}

/// Words with commas between.
pub(crate) fn list(words: impl IntoIterator<Item: ToString>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| word.to_string()).collect();
    words.join(", ")
}
