//! Snappy, taken apart.
//!
//! Source: the Snappy format description (`format_description.txt`).

use crate::copies::Copies;
use crate::{ColumnsError, Result};

const BROKEN: ColumnsError = ColumnsError::Broken("what Snappy packed cannot be unpacked");

/// Appends exactly `len` bytes to `out`.
pub(crate) fn unpack(packed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<()> {
    let (claimed, mut rest) = length(packed)?;
    if claimed != len {
        return Err(BROKEN);
    }
    let mut out = Copies::new(out, len);
    while let Some((tag, after)) = rest.split_first() {
        let small = usize::from(tag >> 2);
        let (many, offset, after) = match tag & 3 {
            0 => {
                let (many, after) = literal(small, after)?;
                let (bytes, after) = after.split_at_checked(many).ok_or(BROKEN)?;
                out.literal(bytes).ok_or(BROKEN)?;
                rest = after;
                continue;
            }
            1 => {
                let (low, after) = little(after, 1)?;
                (4 + (small & 7), (usize::from(tag >> 5) << 8) | low, after)
            }
            kind => {
                let (offset, after) = little(after, if kind == 2 { 2 } else { 4 })?;
                (1 + small, offset, after)
            }
        };
        rest = after;
        out.repeat(many, offset).ok_or(BROKEN)?;
    }
    if out.is_whole() { Ok(()) } else { Err(BROKEN) }
}

fn literal(small: usize, after: &[u8]) -> Result<(usize, &[u8])> {
    if small < 60 {
        return Ok((small + 1, after));
    }
    let (many, after) = little(after, small - 59)?;
    Ok((many.saturating_add(1), after))
}

fn little(bytes: &[u8], many: usize) -> Result<(usize, &[u8])> {
    let (own, after) = bytes.split_at_checked(many).ok_or(BROKEN)?;
    Ok((own.iter().rev().fold(0usize, |all, byte| (all << 8) | usize::from(*byte)), after))
}

fn length(packed: &[u8]) -> Result<(usize, &[u8])> {
    let mut value = 0usize;
    for (at, byte) in packed.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Ok((value, packed.get(at + 1..).unwrap_or_default()));
        }
    }
    Err(BROKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_overlapping_copies_are_unpacked_and_all_else_is_refused() {
        let check = |packed: &[u8], len: usize, want: Option<&[u8]>| {
            // What stands before is no part of it: copies do not reach there.
            let mut out = b"before".to_vec();
            let told = unpack(packed, len, &mut out);
            assert_eq!(told.ok().map(|()| &out[6..]), want, "{packed:?}");
            assert!(out.len() <= len + 6);
        };
        check(&[0], 0, Some(b""));
        check(&[3, 8, b'a', b'b', b'c'], 3, Some(b"abc"));
        // "ab", then eight bytes from two before: the copy feeds on itself.
        check(&[10, 4, b'a', b'b', 0b1_0001, 2], 10, Some(b"ababababab"));
        check(&[10, 4, b'a', b'b', 0b1_1110, 2, 0], 10, Some(b"ababababab"));
        check(&[10, 4, b'a', b'b', 0b1_1111, 2, 0, 0, 0], 10, Some(b"ababababab"));
        check(&[10, 4, b'a', b'b', 0b1_0001, 3], 10, None);
        check(&[10, 4, b'a', b'b', 0b1_0001, 0], 10, None);
        check(&[9, 4, b'a', b'b', 0b1_0001, 2], 9, None);
        check(&[3, 8, b'a', b'b'], 3, None);
        check(&[3, 8, b'a', b'b', b'c'], 4, None);
        check(&[2, 252, 255, 255, 255, 255], 2, None);
        check(&[255, 255, 255, 255, 255, 1], 2, None);
        check(&[], 0, None);
    }
}
