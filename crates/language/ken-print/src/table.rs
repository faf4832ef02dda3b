//! Tables: columns as wide as their words need, rows kept whole where a sheet can hold them, the
//! head repeated on each sheet.

use crate::document::{Run, Table};
use crate::layout::{MARGIN, Pen, WIDTH, lines_as_points};
use crate::lines::{Line, lines, whole_width, widest_word};
use crate::tag::{Kind, Leaf, Node};

/// The space beside the words of a cell, in points.
const GAP: f32 = 6.0;

/// Sets `table` with its caption above.
pub(crate) fn lay(pen: &mut Pen<'_>, table: &Table) -> Node {
    let columns = columns(pen, table);
    let head: Vec<Vec<Run>> = table.head.iter().map(|text| vec![Run::strong(text)]).collect();
    let mut setter = Setter { pen, columns, head };
    let caption = setter.caption(&table.caption);
    let head = setter.row(&setter.head.clone(), true);
    let mut rows = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let marked = row.iter().enumerate().map(|(at, cell)| match at {
            0 => cell.iter().map(|run| Run::strong(&run.text)).collect(),
            _ => cell.clone(),
        });
        let marked: Vec<Vec<Run>> = marked.collect();
        rows.push(setter.row(&marked, false));
    }
    setter.pen.skip(setter.pen.body);
    let mut parts = vec![caption, Node::nodes(Kind::TableHead, vec![head])];
    if !rows.is_empty() {
        parts.push(Node::nodes(Kind::TableBody, rows));
    }
    Node::nodes(Kind::Table(table.caption.clone()), parts)
}

/// The width of each column: its widest word, and a share of what is left by how much text the
/// column has. Where even the widest words do not fit, every column gets a share by them.
fn columns(pen: &Pen<'_>, table: &Table) -> Vec<f32> {
    let count = table.head.len();
    let (mut least, mut whole) = (vec![0.0_f32; count], vec![0.0_f32; count]);
    let head: Vec<Vec<Run>> = table.head.iter().map(|text| vec![Run::strong(text)]).collect();
    for row in std::iter::once(&head).chain(&table.rows) {
        for ((cell, least), whole) in row.iter().zip(&mut least).zip(&mut whole) {
            *least = least.max(widest_word(pen.faces, cell, pen.body) * 1.06 + GAP);
            *whole = whole.max(whole_width(pen.faces, cell, pen.body) * 1.06 + GAP);
        }
    }
    let (needed, wished): (f32, f32) = (least.iter().sum(), whole.iter().sum());
    if needed >= WIDTH {
        return least.iter().map(|least| least / needed * WIDTH).collect();
    }
    let spare = WIDTH - needed;
    let over = (wished - needed).max(1.0);
    let widen = |(least, whole): (&f32, &f32)| least + (whole - least) / over * spare.min(over);
    least.iter().zip(&whole).map(widen).collect()
}

struct Setter<'a, 'b> {
    pen: &'a mut Pen<'b>,
    columns: Vec<f32>,
    head: Vec<Vec<Run>>,
}

impl Setter<'_, '_> {
    fn caption(&mut self, caption: &str) -> Node {
        let set = lines(self.pen.faces, &[Run::strong(caption)], self.pen.body, WIDTH);
        let line = Pen::height(self.pen.body);
        if !self.pen.fits(line * (lines_as_points(set.len()) + 4.0)) {
            self.pen.turn();
        }
        let leaf = self.pen.leaf();
        for words in set {
            self.pen.put(words, MARGIN, 0.0, self.pen.body, Some(leaf));
            self.pen.y += line;
        }
        Node::lines(Kind::Caption, leaf)
    }

    /// One row; the head's cells are headings of columns, the first cell of others of its row.
    fn row(&mut self, cells: &[Vec<Run>], is_head: bool) -> Node {
        let set = self.cells(cells);
        let leaves: Vec<Leaf> = set.iter().map(|_| self.pen.leaf()).collect();
        let height = self.height(&set);
        let can_be_whole = height <= Pen::sheet_height() - self.height(&self.cells(&self.head));
        if !is_head && can_be_whole && !self.pen.fits(height) {
            self.turn();
        }
        self.bands(&set, &leaves, is_head);
        self.pen.y += GAP / 2.0;
        self.pen.rule(is_head);
        self.pen.y += GAP / 2.0;
        let kind = |at: usize| match (is_head, at) {
            (true, _) => Kind::ColumnHeading,
            (false, 0) => Kind::RowHeading,
            (false, _) => Kind::Cell,
        };
        let cells = leaves.iter().enumerate().map(|(at, leaf)| Node::lines(kind(at), *leaf));
        Node::nodes(Kind::Row, cells.collect())
    }

    fn cells(&self, cells: &[Vec<Run>]) -> Vec<Vec<Line>> {
        let set = |(cell, width): (&Vec<Run>, &f32)| {
            lines(self.pen.faces, cell, self.pen.body, (width - GAP).max(self.pen.body))
        };
        cells.iter().zip(&self.columns).map(set).collect()
    }

    fn height(&self, set: &[Vec<Line>]) -> f32 {
        let most = set.iter().map(Vec::len).max().unwrap_or(1);
        Pen::height(self.pen.body) * lines_as_points(most) + GAP
    }

    /// Sets the lines of a row side by side; a row too high for a sheet goes on over the next.
    fn bands(&mut self, set: &[Vec<Line>], leaves: &[Leaf], is_head: bool) {
        let most = set.iter().map(Vec::len).max().unwrap_or(0);
        for band in 0..most {
            if !self.pen.fits(Pen::height(self.pen.body) + GAP) {
                if is_head { self.pen.turn() } else { self.turn() }
            }
            self.band(set, band, |at| leaves.get(at).copied());
        }
    }

    fn band(&mut self, set: &[Vec<Line>], band: usize, leaf: impl Fn(usize) -> Option<Leaf>) {
        let mut x = MARGIN;
        for (at, (cell, width)) in set.iter().zip(&self.columns).enumerate() {
            if let Some(line) = cell.get(band) {
                self.pen.put(line.clone(), x, 0.0, self.pen.body, leaf(at));
            }
            x += width;
        }
        self.pen.y += Pen::height(self.pen.body);
    }

    /// A new sheet, with the head again for the eye; who listens has heard it.
    fn turn(&mut self) {
        self.pen.turn();
        let head = self.cells(&self.head);
        for band in 0..head.iter().map(Vec::len).max().unwrap_or(0) {
            self.band(&head, band, |_| None);
        }
        self.pen.y += GAP / 2.0;
        self.pen.rule(true);
        self.pen.y += GAP / 2.0;
    }
}
