//! What can be printed, what is refused, and that the same gives the same.

use ken_print::{Block, Document, Error, Listing, Run, Size, Table, pdf};

fn plan(blocks: Vec<Block>) -> Document {
    Document {
        title: "Agreement for adult support".into(),
        language: "en-GB".into(),
        made: jiff::civil::date(2027, 4, 1),
        running: "Glen partnership, printed for a test".into(),
        blocks,
    }
}

fn every_kind() -> Vec<Block> {
    let rows = vec![
        vec![vec![Run::plain("Police")], vec![Run::plain("concern"), Run::strong(" now")]],
        vec![vec![Run::plain("GP")], vec![Run::plain("plan, Dòmhnall Ó Briain, Łódź, Ковач, علي")]],
    ];
    let head = vec!["Who".into(), "What they may see".into()];
    vec![
        Block::heading(1, "Purpose"),
        Block::Paragraph(vec![Run::plain("To keep "), Run::strong("adults"), Run::plain(" safe.")]),
        Block::heading(2, "In short"),
        Block::List {
            listing: Listing::Bullets,
            items: vec![vec![Run::plain("one")], vec![Run::plain("two ".repeat(60))]],
        },
        Block::List { listing: Listing::Numbers, items: vec![vec![Run::plain("first")]] },
        Block::heading(1, "Who sees what"),
        Block::Table(Table { caption: "Who may see what".into(), head, rows }),
    ]
}

/// The writer checks PDF/UA-1 and PDF/A-2a itself and refuses anything less, so a file is proof.
#[test]
fn each_kind_of_block_prints_in_each_size() {
    for size in [Size::Standard, Size::Large, Size::Larger] {
        let file = pdf(&plan(every_kind()), size).unwrap();
        assert!(file.starts_with(b"%PDF-1.7"));
        assert!(contains(&file, b"pdfuaid") && contains(&file, b"pdfaid"));
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let first = pdf(&plan(every_kind()), Size::Standard).unwrap();
    assert_eq!(first, pdf(&plan(every_kind()), Size::Standard).unwrap());
}

#[test]
fn a_document_that_cannot_be_read_in_order_is_refused() {
    let refused = |document: &Document| pdf(document, Size::Standard).unwrap_err();
    let skips = plan(vec![Block::heading(1, "a"), Block::heading(3, "b")]);
    assert!(matches!(refused(&skips), Error::HeadingOrder(2)));
    let deep = plan(vec![Block::heading(0, "a")]);
    assert!(matches!(refused(&deep), Error::HeadingOrder(1)));
    let ragged = Table {
        caption: "x".into(),
        head: vec!["a".into()],
        rows: vec![vec![vec![Run::plain("1")], vec![Run::plain("2")]]],
    };
    assert!(matches!(refused(&plan(vec![Block::Table(ragged)])), Error::Ragged(1)));
    let nameless = Document { title: "  ".into(), ..plan(Vec::new()) };
    assert!(matches!(refused(&nameless), Error::NoTitle));
    let endless = plan(vec![Block::paragraph("word ".repeat(1 << 20))]);
    assert!(matches!(refused(&endless), Error::TooLong { .. }));
}

#[test]
fn no_error_repeats_the_document() {
    let secret = "Morag";
    let skips = plan(vec![Block::heading(2, secret)]);
    assert!(!pdf(&skips, Size::Standard).unwrap_err().to_string().contains(secret));
}

fn contains(file: &[u8], word: &[u8]) -> bool {
    file.windows(word.len()).any(|window| window == word)
}
