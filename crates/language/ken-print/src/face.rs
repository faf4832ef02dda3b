//! The typeface: which letter has which shape, and how wide it is.

use krilla::text::{Font, GlyphId};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

use crate::Error;

static REGULAR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/regular.ttf"));
static STRONG: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/strong.ttf"));

/// The two weights that we print in.
pub(crate) struct Faces {
    regular: Face,
    strong: Face,
}

impl Faces {
    /// Reads the typeface that was built in.
    pub(crate) fn load() -> Result<Self, Error> {
        Ok(Self { regular: Face::read(REGULAR)?, strong: Face::read(STRONG)? })
    }

    /// The face of one weight.
    pub(crate) const fn weight(&self, strong: bool) -> &Face {
        if strong { &self.strong } else { &self.regular }
    }
}

/// One weight.
pub(crate) struct Face {
    font: Font,
    letters: FontRef<'static>,
    /// The letters of ASCII, which are nearly all, looked up once.
    common: Vec<Option<(GlyphId, f32)>>,
}

impl Face {
    fn read(bytes: &'static [u8]) -> Result<Self, Error> {
        let font = Font::new(bytes.to_vec().into(), 0).ok_or(Error::Typeface)?;
        let letters = FontRef::new(bytes).map_err(|_| Error::Typeface)?;
        let common = (0..128_u8).map(|code| look_up(&letters, char::from(code))).collect();
        Ok(Self { font, letters, common })
    }

    /// What the PDF embeds.
    pub(crate) fn font(&self) -> Font {
        self.font.clone()
    }

    /// The shape of a letter, and its width as a part of the letter size; none where the
    /// typeface lacks it.
    pub(crate) fn glyph(&self, letter: char) -> Option<(GlyphId, f32)> {
        let common = usize::try_from(u32::from(letter)).ok().and_then(|at| self.common.get(at));
        common.copied().unwrap_or_else(|| look_up(&self.letters, letter))
    }

    /// How wide `text` is, in points, when its letters have `size` points.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let widths = text.chars().filter_map(|letter| self.glyph(letter));
        widths.map(|(_, width)| width).sum::<f32>() * size
    }
}

fn look_up(letters: &FontRef<'_>, letter: char) -> Option<(GlyphId, f32)> {
    let id = letters.charmap().map(letter).filter(|id| id.to_u32() != 0)?;
    let metrics = letters.glyph_metrics(Size::new(1.0), LocationRef::default());
    Some((GlyphId::new(id.to_u32()), metrics.advance_width(id)?))
}
