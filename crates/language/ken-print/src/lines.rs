//! Breaking text into lines.

use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization;

use crate::document::Run;
use crate::face::{Face, Faces};

/// One line: words of one weight after another, each part with its width in points.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Line {
    pub(crate) parts: Vec<Part>,
}

/// Words of one weight on one line. A space that a line was broken at stays at its end, so that
/// the text can be read out and copied whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) text: String,
    pub(crate) strong: bool,
    pub(crate) width: f32,
}

impl Line {
    fn push(&mut self, text: &str, strong: bool, width: f32) {
        match self.parts.last_mut() {
            Some(last) if last.strong == strong => {
                last.text.push_str(text);
                last.width += width;
            }
            _ => self.parts.push(Part { text: text.to_owned(), strong, width }),
        }
    }
}

/// Breaks `runs`, set in `size` points, into lines of at most `width` points. A word that is
/// wider than a line is broken between letters. There is always at least one line.
pub(crate) fn lines(faces: &Faces, runs: &[Run], size: f32, width: f32) -> Vec<Line> {
    let mut done = Vec::new();
    let mut line = Line::default();
    let mut used = 0.0;
    for run in runs {
        let face = faces.weight(run.strong);
        for word in clean(face, &run.text).split_inclusive(' ') {
            for piece in pieces(face, word, size, width) {
                let wide = face.width(piece, size);
                let seen = face.width(piece.trim_end(), size);
                if used > 0.0 && used + seen > width {
                    done.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                line.push(piece, run.strong, wide);
                used += wide;
            }
        }
    }
    done.push(line);
    done
}

/// The widest word of `runs`, in points: no column should be narrower.
pub(crate) fn widest_word(faces: &Faces, runs: &[Run], size: f32) -> f32 {
    let widest = |run: &Run| {
        let face = faces.weight(run.strong);
        let clean = clean(face, &run.text);
        clean.split(' ').map(|word| face.width(word, size)).fold(0.0, f32::max)
    };
    runs.iter().map(widest).fold(0.0, f32::max)
}

/// `runs` on one line, however wide.
pub(crate) fn whole_width(faces: &Faces, runs: &[Run], size: f32) -> f32 {
    let of = |run: &Run| {
        let face = faces.weight(run.strong);
        face.width(&clean(face, &run.text), size)
    };
    runs.iter().map(of).sum()
}

/// Composed letters, one space between words, and the code of whatever the typeface lacks.
fn clean(face: &Face, text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for letter in text.nfc() {
        if letter.is_whitespace() || letter.is_control() {
            if !kept.ends_with(' ') {
                kept.push(' ');
            }
        } else if face.glyph(letter).is_some() {
            kept.push(letter);
        } else {
            let _ = write!(kept, "[U+{:04X}]", u32::from(letter));
        }
    }
    kept
}

/// A word in pieces that fit on a line: nearly always itself.
fn pieces<'a>(face: &Face, word: &'a str, size: f32, width: f32) -> Vec<&'a str> {
    if face.width(word.trim_end(), size) <= width {
        return vec![word];
    }
    let mut found = Vec::new();
    let (mut start, mut used) = (0, 0.0);
    for (at, letter) in word.char_indices() {
        let wide = face.glyph(letter).map_or(0.0, |(_, wide)| wide * size);
        if used > 0.0 && used + wide > width {
            found.extend(word.get(start..at));
            (start, used) = (at, 0.0);
        }
        used += wide;
    }
    found.extend(word.get(start..));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn faces() -> Faces {
        Faces::load().unwrap()
    }

    fn read(lines: &[Line]) -> String {
        lines.iter().flat_map(|line| &line.parts).map(|part| part.text.as_str()).collect()
    }

    #[test]
    fn a_letter_that_the_typeface_lacks_is_printed_as_its_code() {
        let lines = lines(&faces(), &[Run::plain("Dòmhnall علي")], 12.0, 400.0);
        assert_eq!(read(&lines), "Dòmhnall [U+0639][U+0644][U+064A]");
    }

    #[test]
    fn a_letter_and_its_accent_are_composed() {
        let lines = lines(&faces(), &[Run::plain("Do\u{300}mhnall")], 12.0, 400.0);
        assert_eq!(read(&lines), "Dòmhnall");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_wide(
            words in proptest::collection::vec("[a-zA-Zéß]{1,40}", 1..40), width in 40_u8..200
        ) {
            let faces = faces();
            let text = words.join(" ");
            let lines = lines(&faces, &[Run::plain(text.clone())], 12.0, f32::from(width));
            prop_assert_eq!(read(&lines), text);
            for line in &lines {
                let seen: String = line.parts.iter().map(|part| part.text.as_str()).collect();
                let wide = faces.weight(false).width(seen.trim_end(), 12.0);
                prop_assert!(wide <= f32::from(width) + 0.01, "{} points", wide);
            }
        }
    }
}
