//! From a layout to the bytes of a PDF. The only module that speaks to krilla.

use std::num::NonZeroU16;

use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagKind, TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph};

use crate::Error;
use crate::document::{Document, Listing, Run};
use crate::face::Faces;
use crate::layout::{Heading, Laid, MARGIN, PAGE, Rule, Sheet, WIDTH};
use crate::lines::{Line, lines};
use crate::tag::{Inside, Kind, Node};

/// The size of the lines at the head and the foot of a page, in points.
const SMALL: f32 = 9.0;
/// The thickness of a table's rules, in points.
const THIN: f32 = 0.5;
const THICK: f32 = 1.2;

/// Paints `laid` and gives the file.
pub(crate) fn paint(document: &Document, laid: &Laid, faces: &Faces) -> Result<Vec<u8>, Error> {
    let mut file = krilla::Document::new_with(settings()?);
    let mut spoken: Vec<Vec<Identifier>> = vec![Vec::new(); laid.leaves];
    for (at, sheet) in laid.sheets.iter().enumerate() {
        let size = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(impossible)?;
        let mut page = file.start_page_with(size);
        let mut surface = page.surface();
        let foot = format!("Page {} of {}", at + 1, laid.sheets.len());
        let mut brush = Brush { surface: &mut surface, faces };
        brush.margins(&document.running, &foot);
        brush.sheet(sheet, &mut spoken);
        surface.finish();
        page.finish();
    }
    let mut tree = TagTree::new().with_lang(Some(document.language.clone()));
    for node in &laid.tree {
        tree.push(group(node, &mut spoken));
    }
    file.set_tag_tree(tree);
    file.set_outline(outline(&laid.headings));
    file.set_metadata(metadata(document));
    file.finish().map_err(|error| Error::Refused(rules(&error)))
}

fn settings() -> Result<SerializeSettings, Error> {
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .with_archival_validator(Archival::A2_A)
        .finish()
        .map_err(|_| impossible())?;
    Ok(SerializeSettings { configuration, ..SerializeSettings::default() })
}

fn impossible() -> Error {
    Error::Refused("the page or the standard is not one that the writer knows".into())
}

/// The rules that were broken, without the words that broke them.
fn rules(error: &krilla::error::KrillaError) -> String {
    match error {
        krilla::error::KrillaError::Validation(found) => {
            let name = |text: String| text.split(['(', ' ']).next().unwrap_or("?").to_owned();
            let names = found.iter().map(|(rule, _)| name(format!("{rule:?}")));
            names.collect::<Vec<_>>().join(", ")
        }
        _ => "the writer refused it".into(),
    }
}

fn metadata(document: &Document) -> Metadata {
    let made = document.made;
    let day = DateTime::new(made.year().unsigned_abs())
        .month(made.month().unsigned_abs())
        .day(made.day().unsigned_abs());
    Metadata::new()
        .title(document.title.clone())
        .language(document.language.clone())
        .creator("Ken".to_owned())
        .creation_date(day)
}

struct Brush<'a, 'b> {
    surface: &'a mut Surface<'b>,
    faces: &'a Faces,
}

impl Brush<'_, '_> {
    /// The lines at the head and the foot: for the eye only.
    fn margins(&mut self, running: &str, foot: &str) {
        let above = (running, MARGIN * 0.6, ArtifactType::Header);
        let below = (foot, PAGE.1 - MARGIN * 0.5, ArtifactType::Footer);
        for (text, y, kind) in [above, below] {
            let Some(line) =
                lines(self.faces, &[Run::plain(text)], SMALL, WIDTH).into_iter().next()
            else {
                continue;
            };
            self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
            self.line(&line, MARGIN, y, SMALL);
            self.surface.end_tagged();
        }
    }

    fn sheet(&mut self, sheet: &Sheet, spoken: &mut [Vec<Identifier>]) {
        for piece in &sheet.pieces {
            let tag = match piece.leaf {
                Some(_) => ContentTag::Span(SpanTag::empty()),
                None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)),
            };
            let id = self.surface.start_tagged(tag);
            self.line(&piece.line, piece.x, piece.y, piece.size);
            self.surface.end_tagged();
            if let Some(lines) = piece.leaf.and_then(|leaf| spoken.get_mut(leaf)) {
                lines.push(id);
            }
        }
        for rule in &sheet.rules {
            self.rule(rule);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let thick = if rule.strong { THICK } else { THIN };
        let Some(rect) = Rect::from_xywh(MARGIN, rule.y, WIDTH, thick) else { return };
        let mut path = PathBuilder::new();
        path.push_rect(rect);
        let Some(path) = path.finish() else { return };
        let tag = Artifact::with_kind(ArtifactType::Layout);
        self.surface.start_tagged(ContentTag::Artifact(tag));
        self.surface.set_fill(Some(black()));
        self.surface.draw_path(&path);
        self.surface.end_tagged();
    }

    fn line(&mut self, line: &Line, x: f32, y: f32, size: f32) {
        self.surface.set_fill(Some(black()));
        let mut x = x;
        for part in &line.parts {
            let face = self.faces.weight(part.strong);
            let glyphs: Vec<KrillaGlyph> = part
                .text
                .char_indices()
                .filter_map(|(at, letter)| {
                    let (id, width) = face.glyph(letter)?;
                    Some(glyph(id, width, at..at + letter.len_utf8()))
                })
                .collect();
            self.surface.draw_glyphs(
                Point::from_xy(x, y),
                &glyphs,
                face.font(),
                &part.text,
                size,
                false,
            );
            x += part.width;
        }
    }
}

fn glyph(glyph_id: GlyphId, x_advance: f32, text_range: std::ops::Range<usize>) -> KrillaGlyph {
    let (x_offset, y_offset, y_advance) = (0.0, 0.0, 0.0);
    KrillaGlyph { glyph_id, text_range, x_advance, x_offset, y_offset, y_advance, location: None }
}

fn black() -> Fill {
    Fill { paint: rgb::Color::new(0, 0, 0).into(), ..Fill::default() }
}

/// The tags of a node; each line is taken by exactly one.
fn group(node: &Node, spoken: &mut [Vec<Identifier>]) -> TagGroup {
    let mut group = TagGroup::new(tag(&node.kind));
    match &node.inside {
        Inside::Nodes(nodes) => {
            for node in nodes {
                group.push(self::group(node, spoken));
            }
        }
        Inside::Lines(leaf) => {
            for line in spoken.get_mut(*leaf).map(std::mem::take).unwrap_or_default() {
                group.push(line);
            }
        }
    }
    group
}

fn tag(kind: &Kind) -> TagKind {
    match kind {
        Kind::Heading(level, text) => {
            let level = NonZeroU16::new(u16::from(*level)).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(text.clone())).into()
        }
        Kind::Paragraph => Tag::P.into(),
        Kind::List(Listing::Bullets) => Tag::L(ListNumbering::Disc).into(),
        Kind::List(Listing::Numbers) => Tag::L(ListNumbering::Decimal).into(),
        Kind::Item => Tag::LI.into(),
        Kind::Label => Tag::Lbl.into(),
        Kind::ItemBody => Tag::LBody.into(),
        Kind::Table(shows) => Tag::Table.with_summary(Some(shows.clone())).into(),
        Kind::Caption => Tag::Caption.into(),
        Kind::TableHead => Tag::THead.into(),
        Kind::TableBody => Tag::TBody.into(),
        Kind::Row => Tag::TR.into(),
        Kind::ColumnHeading => Tag::TH(TableHeaderScope::Column).into(),
        Kind::RowHeading => Tag::TH(TableHeaderScope::Row).into(),
        Kind::Cell => Tag::TD.into(),
    }
}

/// The outline: each heading under the nearest one above it of a lower level.
fn outline(headings: &[Heading]) -> Outline {
    let mut outline = Outline::new();
    let mut rest = headings;
    while let Some((first, after)) = rest.split_first() {
        let (node, left) = branch(first, after);
        outline.push_child(node);
        rest = left;
    }
    outline
}

fn branch<'a>(heading: &Heading, after: &'a [Heading]) -> (OutlineNode, &'a [Heading]) {
    let place = XyzDestination::new(heading.sheet, Point::from_xy(MARGIN, heading.y));
    let mut node = OutlineNode::new(heading.text.clone(), place);
    let mut rest = after;
    while let Some((next, left)) = rest.split_first() {
        if next.level <= heading.level {
            break;
        }
        let (child, left) = branch(next, left);
        node.push_child(child);
        rest = left;
    }
    (node, rest)
}
