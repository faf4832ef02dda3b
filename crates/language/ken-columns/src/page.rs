//! A page: its head, and what it holds once it is unpacked.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::thrift::{FALSE, I32, STRUCT, Thrift};
use crate::{ColumnsError, PAGE_MAX, Result, lz4, size, snappy};

/// What a page is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Values,
    /// Of the second form, whose levels stand unpacked before the values.
    Later {
        /// Bytes of levels.
        levels: usize,
        is_packed: bool,
    },
    Dictionary,
    Other,
}

/// The head of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) page: Page,
    /// Bytes of the page in the file, and unpacked.
    pub(crate) packed: usize,
    pub(crate) len: usize,
    pub(crate) values: u64,
    pub(crate) encoding: i64,
    /// Whether levels are written in the way that is read.
    pub(crate) known_levels: bool,
}

/// Ways to write values, by their number.
pub(crate) const PLAIN: i64 = 0;
pub(crate) const PLAIN_DICTIONARY: i64 = 2;
pub(crate) const RUNS: i64 = 3;
pub(crate) const RUNS_DICTIONARY: i64 = 8;

/// What the structure of a kind of page says.
#[derive(Default)]
struct Told {
    values: i64,
    encoding: i64,
    level_encoding: i64,
    levels: i64,
    nested: i64,
    is_plain: bool,
}

impl Head {
    /// Reads a head; gives how many bytes it takes.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, usize)> {
        let mut from = Thrift::new(bytes);
        let [mut kind, mut len, mut packed] = [-1i64, 0, 0];
        let mut told = Told::default();
        from.fields(|from, id, of| {
            match (id, of) {
                (1, I32) => kind = from.int()?,
                (2, I32) => len = from.int()?,
                (3, I32) => packed = from.int()?,
                (5 | 7, STRUCT) => told = Told::first(from)?,
                (8, STRUCT) => told = Told::second(from)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let wrong = "a page of less than nothing";
        let page = match kind {
            0 => Page::Values,
            2 => Page::Dictionary,
            3 => {
                if told.nested != 0 {
                    return Err(ColumnsError::Broken("a plain column that is nested"));
                }
                let levels = size(told.levels, wrong)?;
                Page::Later { levels, is_packed: !told.is_plain }
            }
            _ => Page::Other,
        };
        let known_levels = kind != 0 || told.level_encoding == RUNS;
        let values = u64::try_from(told.values).map_err(|_| ColumnsError::Broken(wrong))?;
        let (len, packed) = (size(len, wrong)?, size(packed, wrong)?);
        if len > PAGE_MAX || packed > PAGE_MAX {
            return Err(ColumnsError::TooMuch("a page of more than 64 MB"));
        }
        let head = Self { page, packed, len, values, encoding: told.encoding, known_levels };
        Ok((head, bytes.len() - from.left()))
    }
}

impl Told {
    /// Of a page of values of the first form, or of a dictionary.
    fn first(from: &mut Thrift<'_>) -> Result<Self> {
        let mut of = Self { level_encoding: RUNS, ..Self::default() };
        from.fields(|from, id, kind| {
            match (id, kind) {
                (1, I32) => of.values = from.int()?,
                (2, I32) => of.encoding = from.int()?,
                (3, I32) => of.level_encoding = from.int()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(of)
    }

    fn second(from: &mut Thrift<'_>) -> Result<Self> {
        let mut of = Self::default();
        from.fields(|from, id, kind| {
            match (id, kind) {
                (1, I32) => of.values = from.int()?,
                (4, I32) => of.encoding = from.int()?,
                (5, I32) => of.levels = from.int()?,
                (6, I32) => of.nested = from.int()?,
                (7, FALSE) => {
                    of.is_plain = true;
                    return Ok(false);
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(of)
    }
}

/// Appends to `out` what `packed` holds, which must be `len` bytes.
pub(crate) fn unpack(codec: i64, packed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<()> {
    let broken = ColumnsError::Broken("a page is not as long as it says");
    let before = out.len();
    match codec {
        0 => out.extend_from_slice(packed),
        1 => snappy::unpack(packed, len, out)?,
        2 | 6 if packed.is_empty() => {}
        2 => drain(MultiGzDecoder::new(packed), len, out).map_err(|_| broken_gzip())?,
        6 => {
            let unpacker = StreamingDecoder::new(packed).map_err(|_| broken_zstd())?;
            drain(unpacker, len, out).map_err(|_| broken_zstd())?;
        }
        7 => lz4::unpack(packed, len, out)?,
        _ => return Err(ColumnsError::Unknown(word(codec))),
    }
    if out.len() == before + len { Ok(()) } else { Err(broken) }
}

/// Appends what an unpacker gives, and one byte more than it may at most.
fn drain(from: impl Read, len: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let most = u64::try_from(len).unwrap_or(0) + 1;
    out.reserve_exact(len);
    from.take(most).read_to_end(out).map(drop)
}

const fn broken_gzip() -> ColumnsError {
    ColumnsError::Broken("what gzip packed cannot be unpacked")
}

const fn broken_zstd() -> ColumnsError {
    ColumnsError::Broken("what Zstandard packed cannot be unpacked")
}

const fn word(codec: i64) -> &'static str {
    match codec {
        3 => "packed by LZO",
        4 => "packed by Brotli",
        5 => "packed by LZ4 in its older, framed way",
        _ => "packed in a way that there is not",
    }
}
