//! Where each line of a document stands: A4 sheets, two centimetres of margin.

use crate::Error;
use crate::document::{Block, Document, Listing, Run, Size};
use crate::face::Faces;
use crate::lines::{Line, lines};
use crate::table;
use crate::tag::{Kind, Leaf, Node};

/// A4, in points.
pub(crate) const PAGE: (f32, f32) = (595.28, 841.89);
/// Two centimetres, in points.
pub(crate) const MARGIN: f32 = 56.7;
/// The width of the text, in points.
pub(crate) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// A line's height as a multiple of its letters' size.
const LEADING: f32 = 1.4;
/// Most sheets of one document.
const SHEETS_MAX: usize = 2_000;
/// How much larger than the body the title and the headings are, from level 1.
const TITLE: f32 = 2.0;
const HEADINGS: [f32; 5] = [1.6, 1.35, 1.15, 1.0, 1.0];

/// A document, laid out.
pub(crate) struct Laid {
    pub(crate) sheets: Vec<Sheet>,
    pub(crate) tree: Vec<Node>,
    pub(crate) headings: Vec<Heading>,
    pub(crate) leaves: usize,
}

/// One page.
#[derive(Default)]
pub(crate) struct Sheet {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) rules: Vec<Rule>,
}

/// A line of text: its left end and its baseline from the top, in points. Without a leaf it is a
/// repetition that nobody needs to hear again.
pub(crate) struct Piece {
    pub(crate) line: Line,
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) size: f32,
    pub(crate) leaf: Option<Leaf>,
}

/// A horizontal rule under a table's row, from the left margin to the right.
pub(crate) struct Rule {
    pub(crate) y: f32,
    pub(crate) strong: bool,
}

/// Where a heading stands, for the outline.
pub(crate) struct Heading {
    pub(crate) level: u8,
    pub(crate) text: String,
    pub(crate) sheet: usize,
    pub(crate) y: f32,
}

/// Lays `document` out, its body text in `size`.
pub(crate) fn lay(document: &Document, faces: &Faces, size: Size) -> Result<Laid, Error> {
    let mut pen = Pen::new(faces, size.points());
    let mut headings = Vec::new();
    let mut tree = vec![pen.heading(0, &document.title, &mut headings)];
    for block in &document.blocks {
        tree.push(match block {
            Block::Heading { level, text } => pen.heading(*level, text, &mut headings),
            Block::Paragraph(text) => pen.paragraph(text),
            Block::List { listing, items } => pen.list(*listing, items),
            Block::Table(table) => table::lay(&mut pen, table),
        });
        if pen.sheets.len() > SHEETS_MAX {
            return Err(Error::TooLong { what: "pages", limit: SHEETS_MAX });
        }
    }
    Ok(Laid { sheets: pen.sheets, tree, headings, leaves: pen.leaves })
}

/// Where the next line goes.
pub(crate) struct Pen<'a> {
    pub(crate) faces: &'a Faces,
    /// The size of body text, in points.
    pub(crate) body: f32,
    pub(crate) sheets: Vec<Sheet>,
    /// How far down the sheet is used, in points.
    pub(crate) y: f32,
    leaves: usize,
}

impl<'a> Pen<'a> {
    fn new(faces: &'a Faces, body: f32) -> Self {
        Self { faces, body, sheets: vec![Sheet::default()], y: MARGIN, leaves: 0 }
    }

    /// The height of a line whose letters have `size` points.
    pub(crate) const fn height(size: f32) -> f32 {
        size * LEADING
    }

    /// How much of a sheet lines may fill.
    pub(crate) const fn sheet_height() -> f32 {
        PAGE.1 - 2.0 * MARGIN
    }

    /// A number for the lines of one node.
    pub(crate) const fn leaf(&mut self) -> Leaf {
        self.leaves += 1;
        self.leaves - 1
    }

    /// Whether `height` points are left on the sheet.
    pub(crate) fn fits(&self, height: f32) -> bool {
        self.y + height <= PAGE.1 - MARGIN
    }

    /// Begins a new sheet.
    pub(crate) fn turn(&mut self) {
        self.sheets.push(Sheet::default());
        self.y = MARGIN;
    }

    /// Leaves `height` points empty, except at the head of a sheet.
    pub(crate) fn skip(&mut self, height: f32) {
        if self.y > MARGIN {
            self.y += height;
        }
    }

    /// Puts one line at `x`, its top `down` points below the pen, which stays where it is.
    pub(crate) fn put(&mut self, line: Line, x: f32, down: f32, size: f32, leaf: Option<Leaf>) {
        let y = self.y + down + size;
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.pieces.push(Piece { line, x, y, size, leaf });
        }
    }

    /// Draws a rule at the pen.
    pub(crate) fn rule(&mut self, strong: bool) {
        let y = self.y;
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.rules.push(Rule { y, strong });
        }
    }

    /// Sets lines one below another, over as many sheets as they need.
    fn set(&mut self, lines: Vec<Line>, x: f32, size: f32, leaf: Leaf) {
        for line in lines {
            if !self.fits(Self::height(size)) {
                self.turn();
            }
            self.put(line, x, 0.0, size, Some(leaf));
            self.y += Self::height(size);
        }
    }

    /// A heading, never the last thing on a sheet; level 0 is the title.
    fn heading(&mut self, level: u8, text: &str, headings: &mut Vec<Heading>) -> Node {
        let larger = match level {
            0 => TITLE,
            level => HEADINGS.get(usize::from(level) - 1).copied().unwrap_or(1.0),
        };
        let size = self.body * larger;
        let set = lines(self.faces, &[Run::strong(text)], size, WIDTH);
        self.skip(size * 0.7);
        let follows = 2.0 * Self::height(self.body);
        if !self.fits(Self::height(size) * lines_as_points(set.len()) + follows) {
            self.turn();
        }
        let (sheet, y) = (self.sheets.len() - 1, self.y);
        headings.push(Heading { level: level + 1, text: text.to_owned(), sheet, y });
        let leaf = self.leaf();
        self.set(set, MARGIN, size, leaf);
        self.skip(size * 0.2);
        Node::lines(Kind::Heading(level + 1, text.to_owned()), leaf)
    }

    fn paragraph(&mut self, text: &[Run]) -> Node {
        let leaf = self.leaf();
        let set = lines(self.faces, text, self.body, WIDTH);
        self.set(set, MARGIN, self.body, leaf);
        self.skip(self.body * 0.6);
        Node::lines(Kind::Paragraph, leaf)
    }

    fn list(&mut self, listing: Listing, items: &[Vec<Run>]) -> Node {
        let indent = self.body * 2.0;
        let mut nodes = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let mark = match listing {
                Listing::Bullets => "•".to_owned(),
                Listing::Numbers => format!("{}.", at + 1),
            };
            if !self.fits(Self::height(self.body)) {
                self.turn();
            }
            let label = self.leaf();
            for line in lines(self.faces, &[Run::plain(mark)], self.body, indent) {
                self.put(line, MARGIN + self.body * 0.5, 0.0, self.body, Some(label));
            }
            let body = self.leaf();
            let set = lines(self.faces, item, self.body, WIDTH - indent);
            self.set(set, MARGIN + indent, self.body, body);
            self.skip(self.body * 0.25);
            let label = Node::lines(Kind::Label, label);
            let body = Node::lines(Kind::ItemBody, body);
            nodes.push(Node::nodes(Kind::Item, vec![label, body]));
        }
        self.skip(self.body * 0.4);
        Node::nodes(Kind::List(listing), nodes)
    }
}

/// A count of lines as a factor for a height.
#[expect(clippy::cast_precision_loss, reason = "a count of lines is far below 2^24")]
pub(crate) const fn lines_as_points(lines: usize) -> f32 {
    lines as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Table;
    use crate::tag::Inside;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn text() -> impl Strategy<Value = Vec<Run>> {
        let run = ("[A-Za-z ,.]{0,120}", any::<bool>());
        let run = run.prop_map(|(text, strong)| Run { text, strong });
        proptest::collection::vec(run, 0..4)
    }

    fn block() -> impl Strategy<Value = Block> {
        let rows = proptest::collection::vec(proptest::collection::vec(text(), 3), 0..30);
        let table = rows.prop_map(|rows| {
            let head = ["Who", "What", "Why"].map(str::to_owned).to_vec();
            Block::Table(Table { caption: "Who sees what".into(), head, rows })
        });
        let list = proptest::collection::vec(text(), 0..12)
            .prop_map(|items| Block::List { listing: Listing::Numbers, items });
        let heading = "[A-Za-z]{1,30}".prop_map(|text| Block::heading(1, text));
        prop_oneof![4 => text().prop_map(Block::Paragraph), 2 => heading, 1 => list, 1 => table]
    }

    fn leaves(nodes: &[Node]) -> Vec<Leaf> {
        let of = |node: &Node| match &node.inside {
            Inside::Lines(leaf) => vec![*leaf],
            Inside::Nodes(nodes) => leaves(nodes),
        };
        nodes.iter().flat_map(of).collect()
    }

    fn document(blocks: Vec<Block>) -> Document {
        Document {
            title: "An agreement".into(),
            language: "en-GB".into(),
            made: jiff::civil::date(2027, 4, 1),
            running: "Glen".into(),
            blocks,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn all_is_read_once_in_order_and_stands_within_the_margins(
            blocks in proptest::collection::vec(block(), 0..40), larger in any::<bool>()
        ) {
            let faces = Faces::load().unwrap();
            let size = if larger { Size::Larger } else { Size::Standard };
            let laid = lay(&document(blocks), &faces, size).unwrap();
            let read = leaves(&laid.tree);
            prop_assert_eq!(&read, &(0..laid.leaves).collect::<Vec<_>>());
            let mut shown = BTreeSet::new();
            for piece in laid.sheets.iter().flat_map(|sheet| &sheet.pieces) {
                shown.extend(piece.leaf);
                let wide: f32 = piece.line.parts.iter().map(|part| part.width).sum();
                prop_assert!(piece.x >= MARGIN && piece.x + wide <= PAGE.0 - MARGIN + 20.0);
                prop_assert!(piece.y > MARGIN && piece.y <= PAGE.1 - MARGIN, "{}", piece.y);
            }
            prop_assert_eq!(shown.len(), laid.leaves);
            for heading in &laid.headings {
                prop_assert!(heading.y + 2.0 * Pen::height(size.points()) < PAGE.1 - MARGIN + 1.0);
            }
        }
    }

    #[test]
    fn the_head_of_a_table_stands_on_each_of_its_sheets() {
        let faces = Faces::load().unwrap();
        let row = vec![vec![Run::plain("GP")], vec![Run::plain("plan")]];
        let head = vec!["Who".to_owned(), "What".to_owned()];
        let table = Table { caption: "Matrix".into(), head, rows: vec![row; 90] };
        let laid = lay(&document(vec![Block::Table(table)]), &faces, Size::Standard).unwrap();
        assert!(laid.sheets.len() > 2);
        for sheet in &laid.sheets {
            let mut words = sheet.pieces.iter().flat_map(|piece| &piece.line.parts);
            assert!(words.any(|part| part.text == "Who" && part.strong));
        }
    }
}
