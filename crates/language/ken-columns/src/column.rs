//! One column while it is read: page after page, value after value.
//!
//! # Invariants
//!
//! - A page is a part of its column: a head is read, judged, and only then the page.
//! - A dictionary has no more values than its bytes can hold.

use std::io::{Read, Seek, SeekFrom};

use crate::footer::{Chunk, Leaf};
use crate::hybrid::Hybrid;
use crate::kind::Kind;
use crate::page::{self, Head, Page};
use crate::{ColumnsError, Result, VALUE_MAX};

/// As much of a file is read first to find the head of a page in it.
const HEAD_ROOM: usize = 1 << 10;

/// Longest head of a page, in bytes: it may hold the least and the greatest value.
const HEAD_MAX: usize = 1 << 20;

/// The values of a dictionary, each by itself: to give one that nobody looks at, its letters are
/// not touched.
#[derive(Debug, Default)]
struct Texts {
    values: Vec<Box<str>>,
    /// Bytes of them all.
    long: usize,
}

/// A column of the file that is read.
pub(crate) struct Column {
    pub(crate) leaf: Leaf,
    codec: i64,
    at: u64,
    to: u64,
    /// Values of the group that no page has given yet.
    due: u64,
    /// Values of the page that are left.
    pub(crate) left: u64,
    page: Vec<u8>,
    levels: Option<Hybrid>,
    values: Values,
    dictionary: Option<Texts>,
    /// The mark of the dictionary's first value.
    first: u32,
    now: Now,
    room: String,
    /// Values that were no UTF-8.
    pub(crate) mended: u64,
}

/// How the values of a page are written, and where reading stands.
#[derive(Debug, Clone, Copy)]
enum Values {
    /// Codes of the dictionary.
    Codes(Hybrid),
    /// One after another, from a place.
    Plain(usize),
    /// Truth values, from a bit.
    Bits(usize),
    /// Truth values in runs.
    Runs(Hybrid),
}

/// The value of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    Missing,
    Code(u32),
    Room,
}

const MUCH: ColumnsError = ColumnsError::TooMuch("pages and dictionaries of more than 1 GB");

const SHORT: ColumnsError = ColumnsError::Broken("a page ends before its values");

impl Texts {
    fn push(&mut self, text: &str) {
        self.values.push(text.into());
        self.long += text.len();
    }

    /// Whether there is a text of this code.
    fn has(&self, code: u32) -> bool {
        usize::try_from(code).is_ok_and(|code| code < self.values.len())
    }

    fn get(&self, code: u32) -> Option<&str> {
        self.values.get(usize::try_from(code).ok()?).map(AsRef::as_ref)
    }

    /// Bytes that they take, the allocator's own for each included.
    fn held(&self) -> usize {
        self.long + self.values.len() * 8 + self.values.capacity() * size_of::<Box<str>>()
    }
}

impl Column {
    pub(crate) fn new(leaf: Leaf) -> Self {
        let (page, room) = (Vec::new(), String::new());
        let (levels, dictionary) = (None, None);
        let (values, now) = (Values::Plain(0), Now::Missing);
        let ([at, to, due, left, mended], first) = ([0; 5], 0);
        Self {
            leaf,
            codec: 0,
            at,
            to,
            due,
            left,
            page,
            levels,
            values,
            dictionary,
            first,
            now,
            room,
            mended,
        }
    }

    /// Goes to the part of a group of rows.
    pub(crate) fn begin(&mut self, chunk: Chunk) {
        (self.at, self.to, self.codec) = (chunk.from, chunk.to, chunk.codec);
        (self.due, self.left, self.dictionary) = (chunk.values, 0, None);
    }

    /// Bytes that it holds.
    pub(crate) fn held(&self) -> usize {
        self.page.capacity() + self.dictionary.as_ref().map_or(0, Texts::held)
    }

    /// The value of the row, empty where there is none.
    pub(crate) fn get(&self) -> &str {
        match self.now {
            Now::Missing => "",
            Now::Room => &self.room,
            Now::Code(code) => {
                self.dictionary.as_ref().and_then(|texts| texts.get(code)).unwrap_or_default()
            }
        }
    }

    /// The mark of the row's value, if it is one of the dictionary.
    pub(crate) fn mark(&self) -> u32 {
        match self.now {
            Now::Code(code) => self.first.saturating_add(code),
            Now::Missing | Now::Room => 0,
        }
    }

    /// Reads on until there are values; `most` bytes may be held. A dictionary that is read takes
    /// its marks from `marks`, the greatest that another has.
    pub(crate) fn load(
        &mut self,
        from: &mut (impl Read + Seek),
        packed: &mut Vec<u8>,
        most: usize,
        marks: &mut u32,
    ) -> Result<()> {
        while self.left == 0 {
            let (head, len) = self.head(from, packed)?;
            let start = self.at + u64::try_from(len).unwrap_or(0);
            let size = u64::try_from(head.packed).unwrap_or(0);
            self.at = start.saturating_add(size);
            if self.at > self.to {
                return Err(ColumnsError::Broken("a page beyond the end of its column"));
            }
            if head.page == Page::Other {
                continue;
            }
            self.page = Vec::new();
            if self.held().saturating_add(head.len) > most {
                return Err(MUCH);
            }
            from.seek(SeekFrom::Start(start))?;
            packed.clear();
            from.take(size).read_to_end(packed)?;
            self.unpack(head, packed)?;
            if head.page == Page::Dictionary {
                // All that may be held of a group has fewer values than there are marks.
                let many = self.learn(head, most)?;
                self.first = marks.saturating_add(1);
                *marks = marks.saturating_add(many);
            } else {
                self.open(head)?;
            }
            if self.held() > most {
                return Err(MUCH);
            }
        }
        Ok(())
    }

    fn head(&self, from: &mut (impl Read + Seek), room: &mut Vec<u8>) -> Result<(Head, usize)> {
        let left = self.to.saturating_sub(self.at);
        let mut many = HEAD_ROOM;
        loop {
            from.seek(SeekFrom::Start(self.at))?;
            room.clear();
            from.by_ref().take(left.min(u64::try_from(many).unwrap_or(0))).read_to_end(room)?;
            match Head::read(room) {
                Err(ColumnsError::Broken(_)) if room.len() == many && many < HEAD_MAX => {
                    many *= 32;
                }
                told => return told,
            }
        }
    }

    fn unpack(&mut self, head: Head, packed: &[u8]) -> Result<()> {
        if packed.len() != head.packed {
            return Err(SHORT);
        }
        // Levels of the second form are never packed.
        let (levels, is_packed) = match head.page {
            Page::Later { levels, is_packed } => (levels, is_packed),
            _ => (0, true),
        };
        let (plain, packed) = packed.split_at_checked(levels).ok_or(SHORT)?;
        self.page.extend_from_slice(plain);
        let codec = if is_packed { self.codec } else { 0 };
        page::unpack(codec, packed, head.len.checked_sub(levels).ok_or(SHORT)?, &mut self.page)
    }

    /// Reads the dictionary that the page is, which with all else may hold `most` bytes; gives how
    /// many values it has.
    fn learn(&mut self, head: Head, most: usize) -> Result<u32> {
        if self.dictionary.is_some() {
            return Err(ColumnsError::Broken("a second dictionary"));
        }
        if !matches!(head.encoding, page::PLAIN | page::PLAIN_DICTIONARY) {
            return Err(ColumnsError::Unknown("the encoding of its dictionary"));
        }
        let (mut texts, mut at) = (Texts::default(), 0);
        for _ in 0..head.values {
            self.room.clear();
            self.mended += u64::from(plain(self.leaf.kind, &self.page, &mut at, &mut self.room)?);
            texts.push(&self.room);
            // What is short in the file is longer here.
            if texts.held() > most {
                return Err(MUCH);
            }
        }
        self.page = Vec::new();
        let many = u32::try_from(texts.values.len()).map_err(|_| SHORT)?;
        self.dictionary = Some(texts);
        Ok(many)
    }

    /// Goes to the first value of the page.
    fn open(&mut self, head: Head) -> Result<()> {
        let (mut at, end) = (0, self.page.len());
        if !head.known_levels && self.leaf.is_optional {
            return Err(ColumnsError::Unknown("the encoding of its levels"));
        }
        let levels = match head.page {
            Page::Later { levels, .. } => Some((0, levels)),
            _ if self.leaf.is_optional => Some(self.counted(0)?),
            _ => None,
        };
        if let Some((_, end)) = levels {
            at = end;
        }
        self.levels = match levels.filter(|_| self.leaf.is_optional) {
            Some((from, to)) => Some(Hybrid::new(from, to, 1)?),
            None => None,
        };
        self.values = match (head.encoding, self.leaf.kind) {
            (page::PLAIN, Kind::Truth) => Values::Bits(at.saturating_mul(8)),
            (page::PLAIN, _) => Values::Plain(at),
            (page::RUNS, Kind::Truth) => {
                let (from, to) = self.counted(at)?;
                Values::Runs(Hybrid::new(from, to, 1)?)
            }
            (page::PLAIN_DICTIONARY | page::RUNS_DICTIONARY, _) => {
                // A page of nothing but missing values may have no width of codes.
                let width = self.page.get(at).copied().unwrap_or(0);
                Values::Codes(Hybrid::new((at + 1).min(end), end, width)?)
            }
            _ => return Err(ColumnsError::Unknown("the encoding of its values")),
        };
        if head.values > self.due {
            return Err(ColumnsError::Broken("more values than rows"));
        }
        self.due -= head.values;
        self.left = head.values;
        Ok(())
    }

    /// The place of what stands behind its length.
    fn counted(&self, at: usize) -> Result<(usize, usize)> {
        let long = self.page.get(at..).and_then(<[u8]>::first_chunk).ok_or(SHORT)?;
        let long = usize::try_from(u32::from_le_bytes(*long)).map_err(|_| SHORT)?;
        let from = at + size_of::<u32>();
        let to = from.checked_add(long).filter(|to| *to <= self.page.len()).ok_or(SHORT)?;
        Ok((from, to))
    }

    /// Goes to the next value.
    pub(crate) fn step(&mut self) -> Result<()> {
        self.left = self.left.checked_sub(1).ok_or(SHORT)?;
        self.now = Now::Missing;
        if let Some(levels) = &mut self.levels
            && levels.next(&self.page)? == 0
        {
            return Ok(());
        }
        match &mut self.values {
            Values::Codes(codes) => {
                let code = codes.next(&self.page)?;
                if !self.dictionary.as_ref().is_some_and(|texts| texts.has(code)) {
                    return Err(ColumnsError::Broken("a code that its dictionary does not have"));
                }
                self.now = Now::Code(code);
                return Ok(());
            }
            Values::Plain(at) => {
                self.room.clear();
                let mended = plain(self.leaf.kind, &self.page, at, &mut self.room)?;
                self.mended += u64::from(mended);
            }
            Values::Bits(bit) => {
                let byte = self.page.get(*bit / 8).ok_or(SHORT)?;
                let is_set = byte >> (*bit % 8) & 1 == 1;
                *bit += 1;
                self.truth(is_set);
            }
            Values::Runs(runs) => {
                let is_set = runs.next(&self.page)? == 1;
                self.truth(is_set);
            }
        }
        self.now = Now::Room;
        Ok(())
    }

    fn truth(&mut self, is_set: bool) {
        self.room.clear();
        self.room.push_str(if is_set { "true" } else { "false" });
    }
}

/// Reads one plain value; gives whether it was no UTF-8.
fn plain(kind: Kind, page: &[u8], at: &mut usize, out: &mut String) -> Result<bool> {
    let rest = page.get(*at..).ok_or(SHORT)?;
    let (before, many) = match (kind, kind.width()) {
        (_, Some(width)) => (0, width),
        (Kind::Bytes, None) => {
            let long = rest.first_chunk().ok_or(SHORT)?;
            (4, usize::try_from(u32::from_le_bytes(*long)).map_err(|_| SHORT)?)
        }
        _ => return Err(ColumnsError::Unknown("its kind of value")),
    };
    let value = rest.get(before..).and_then(|rest| rest.get(..many)).ok_or(SHORT)?;
    if many > VALUE_MAX {
        return Err(ColumnsError::TooMuch("a value of more than 64 kB"));
    }
    *at += before + many;
    kind.write(value, out)
}
