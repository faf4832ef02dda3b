//! What can be printed: headings, paragraphs, lists and tables, in the order in which they are
//! read.

use crate::Error;

/// Most blocks of one document; the longest agreement that we know has under 2,000.
pub(crate) const BLOCKS_MAX: usize = 20_000;
/// Most bytes of text in one document: about a thousand pages.
pub(crate) const BYTES_MAX: usize = 4 << 20;
/// The deepest heading: PDF names six levels, and the title is the first.
const LEVEL_MAX: u8 = 5;

/// What is printed: at most 20,000 blocks and 4 MiB of text.
#[derive(Debug, Clone)]
pub struct Document {
    /// The title: on the first page, in the window of the reader and in the file's own facts.
    pub title: String,
    /// The language of the text, as in BCP 47: `en-GB`, `gd`.
    pub language: String,
    /// The day that the document bears.
    pub made: jiff::civil::Date,
    /// The line at the head of each page: whose document this is, who printed it, when, for what;
    /// as much of it as one line holds.
    pub running: String,
    /// The text, in reading order.
    pub blocks: Vec<Block>,
}

/// One thing that is read as a whole.
#[derive(Debug, Clone)]
pub enum Block {
    /// A heading. The title has no level; the first heading has level 1, and none skips a level.
    Heading {
        /// 1 for a main heading, to 5.
        level: u8,
        /// Its words.
        text: String,
    },
    /// A paragraph.
    Paragraph(Text),
    /// A list.
    List {
        /// What stands before each item.
        listing: Listing,
        /// The items.
        items: Vec<Text>,
    },
    /// A table.
    Table(Table),
}

impl Block {
    /// A heading of `level`, 1 to 5.
    pub fn heading(level: u8, text: impl Into<String>) -> Self {
        Self::Heading { level, text: text.into() }
    }

    /// A paragraph of plain text.
    pub fn paragraph(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Run::plain(text)])
    }
}

/// What stands before the items of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// A dot.
    Bullets,
    /// 1, 2, 3.
    Numbers,
}

/// Words in a row, some of them strong.
pub type Text = Vec<Run>;

/// Words of one weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The words.
    pub text: String,
    /// Whether they are set in bold.
    pub strong: bool,
}

impl Run {
    /// Words of ordinary weight.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: false }
    }

    /// Words in bold.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: true }
    }
}

/// A table: a caption, one row of column headings, and rows whose first cell heads the row.
#[derive(Debug, Clone)]
pub struct Table {
    /// What the table shows, in a sentence.
    pub caption: String,
    /// The column headings.
    pub head: Vec<String>,
    /// The rows, each as long as the head.
    pub rows: Vec<Vec<Text>>,
}

/// How large the letters are: the body text's size in points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// 12 point, the least that is offered.
    #[default]
    Standard,
    /// 16 point: large print.
    Large,
    /// 20 point: giant print.
    Larger,
}

impl Size {
    /// The body text's size in points.
    pub(crate) const fn points(self) -> f32 {
        match self {
            Self::Standard => 12.0,
            Self::Large => 16.0,
            Self::Larger => 20.0,
        }
    }
}

impl Document {
    /// Whether the document can be read aloud in order, and is within its limits.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.title.trim().is_empty() || self.language.trim().is_empty() {
            return Err(Error::NoTitle);
        }
        if self.blocks.len() > BLOCKS_MAX {
            return Err(Error::TooLong { what: "blocks", limit: BLOCKS_MAX });
        }
        if self.bytes() > BYTES_MAX {
            return Err(Error::TooLong { what: "bytes of text", limit: BYTES_MAX });
        }
        self.check_headings()?;
        self.check_tables()
    }

    fn check_headings(&self) -> Result<(), Error> {
        let levels = self.blocks.iter().filter_map(|block| match block {
            Block::Heading { level, .. } => Some(*level),
            _ => None,
        });
        let mut above = 0;
        for (at, level) in levels.enumerate() {
            if level == 0 || level > LEVEL_MAX || level > above + 1 {
                return Err(Error::HeadingOrder(at + 1));
            }
            above = level;
        }
        Ok(())
    }

    fn check_tables(&self) -> Result<(), Error> {
        let tables = self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        });
        for (at, table) in tables.enumerate() {
            let width = table.head.len();
            if width == 0 || table.rows.iter().any(|row| row.len() != width) {
                return Err(Error::Ragged(at + 1));
            }
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let of = |text: &Text| text.iter().map(|run| run.text.len()).sum::<usize>();
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Heading { text, .. } => text.len(),
            Block::Paragraph(text) => of(text),
            Block::List { items, .. } => items.iter().map(of).sum(),
            Block::Table(table) => {
                let head: usize = table.head.iter().map(String::len).sum();
                head + table.rows.iter().flatten().map(of).sum::<usize>()
            }
        });
        self.title.len() + self.running.len() + blocks.sum::<usize>()
    }
}
