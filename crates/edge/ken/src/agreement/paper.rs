//! In which form a document comes out, and where.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ken_agreement::show::{Document, html_marked, markdown_marked};
use ken_core::Clock;
use ken_office::mark::{About, Mark, mark};
use ken_office::paper::{Size, pdf};
use ken_store::ambient::SystemClock;

use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// In which form a document comes out, and where.
#[derive(Debug, Args)]
pub(crate) struct Paper {
    /// In which form
    #[arg(long, value_enum, default_value = "markdown")]
    format: Form,
    /// How large the letters of a PDF are
    #[arg(long, value_enum, default_value = "standard")]
    size: Letters,
    /// Write it to this file, which must not exist yet; a PDF needs one
    #[arg(long, value_name = "FILE", required_if_eq("format", "pdf"))]
    output: Option<PathBuf>,
}

/// How a document is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// A web page
    Html,
    /// Markdown
    Markdown,
    /// Tagged PDF (PDF/UA-1 and PDF/A-2a)
    Pdf,
}

/// How large the letters are.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Letters {
    /// 12 point
    Standard,
    /// 16 point
    Large,
    /// 20 point
    Larger,
}

impl Paper {
    /// Gives `document` out; in each form it bears the mark of what it is about.
    pub(super) fn give(&self, document: &Document, about: About) -> Result<(), Trouble> {
        let bears = mark(about).map(Mark::says);
        let bytes = match self.format {
            Form::Html => html_marked(document, bears).into_bytes(),
            Form::Markdown => markdown_marked(document, bears).into_bytes(),
            Form::Pdf => self.printed(document, about)?,
        };
        if let Some(file) = &self.output {
            return write(file, &bytes);
        }
        say::out(String::from_utf8_lossy(&bytes).trim_end());
        Ok(())
    }

    fn printed(&self, document: &Document, about: About) -> Result<Vec<u8>, Trouble> {
        let size = match self.size {
            Letters::Standard => Size::Standard,
            Letters::Large => Size::Large,
            Letters::Larger => Size::Larger,
        };
        pdf(document, (about, &document.title), SystemClock.today(), size).map_err(|error| {
            Trouble::new(
                error.code(),
                "The document cannot be printed.",
                NOTHING_DONE,
                "Print it as HTML, and tell us the code.",
            )
            .because(error)
        })
    }
}

/// Prints plain text with the mark of what it is about as its first and its last line.
pub(super) fn marked(text: &str, about: About) {
    let Some(mark) = mark(about).map(Mark::says) else { return say::out(text) };
    say::out(&format!("{mark}\n\n{text}\n\n{mark}"));
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let made = OpenOptions::new().write(true).create_new(true).open(file);
    made.and_then(|mut open| open.write_all(bytes).and_then(|()| open.sync_all())).map_err(
        |error| {
            Trouble::new(
                "ken.agreement-unwritten",
                format!("The file {} could not be written.", file.display()),
                "No file that was there has been changed.",
                "Name a file that does not exist yet, in a folder that you may write to.",
            )
            .because(error)
        },
    )
}
