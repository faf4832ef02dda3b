//! A document model, and from it tagged PDF.
//!
//! Whoever prints says what a thing *is*: a heading, a paragraph, a list, a table. How it looks on
//! paper, and how a screen reader finds its way, is decided here once.
//!
//! # Invariants
//!
//! - Every file is PDF/UA-1 and PDF/A-2a: title, language, outline, and a tag for all that is not
//!   decoration. A document that cannot be that is an error, never a lesser file.
//! - The same document gives the same bytes: nothing here reads a clock or draws at random.
//! - Text is printed as text. Nothing in it is ever read as markup, and a letter that the
//!   typeface lacks is printed as its code, never dropped.
//!
//! # Sources
//!
//! - ISO 14289-1 (PDF/UA-1) and ISO 19005-2 (PDF/A-2), as far as krilla checks them.
//! - Scottish Government guidance on accessible documents: 12 point or more, large print on
//!   request, left-aligned, headings in order.

mod document;
mod error;
mod face;
mod layout;
mod lines;
mod paint;
mod table;
mod tag;

pub use document::{Block, Document, Listing, Run, Size, Table, Text};
pub use error::Error;

/// Makes a PDF of `document`, its letters in `size`.
///
/// # Errors
///
/// [`Error::NoTitle`], [`Error::HeadingOrder`] and [`Error::Ragged`] when the document could not be
/// read aloud in order; [`Error::TooLong`] beyond the limits of [`Document`];
/// [`Error::Refused`] when the file would not be PDF/UA-1.
///
/// # Examples
///
/// ```
/// use ken_print::{Block, Document, Size, pdf};
///
/// let document = Document {
///     title: "Privacy notice".into(),
///     language: "en-GB".into(),
///     made: jiff::civil::date(2027, 4, 1),
///     running: "Glen partnership".into(),
///     blocks: vec![Block::heading(1, "Who we are"), Block::paragraph("We are Glen.")],
/// };
/// let file = pdf(&document, Size::Standard)?;
/// assert!(file.starts_with(b"%PDF-"));
/// # Ok::<(), ken_print::Error>(())
/// ```
pub fn pdf(document: &Document, size: Size) -> Result<Vec<u8>, Error> {
    document.check()?;
    let faces = face::Faces::load()?;
    let laid = layout::lay(document, &faces, size)?;
    paint::paint(document, &laid, &faces)
}
