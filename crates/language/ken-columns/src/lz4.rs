//! LZ4, one block without a frame, taken apart.
//!
//! Source: the LZ4 block format description (`lz4_Block_format.md`).

use crate::copies::Copies;
use crate::{ColumnsError, Result};

/// The shortest copy.
const COPY_MIN: usize = 4;

/// The greatest length that a token says by itself.
const LONG: usize = 15;

/// Appends exactly `len` bytes to `out`.
pub(crate) fn unpack(packed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut out = Copies::new(out, len);
    let whole = sequences(packed, &mut out).is_some() && out.is_whole();
    if whole { Ok(()) } else { Err(ColumnsError::Broken("what LZ4 packed cannot be unpacked")) }
}

/// Bytes as they are, then a copy, over and over; the last sequence has no copy.
fn sequences(mut rest: &[u8], out: &mut Copies<'_>) -> Option<()> {
    while let Some((token, after)) = rest.split_first() {
        let (many, after) = length(usize::from(token >> 4), after)?;
        let (bytes, after) = after.split_at_checked(many)?;
        out.literal(bytes)?;
        if after.is_empty() {
            return Some(());
        }
        let (offset, after) = after.split_first_chunk()?;
        let (many, after) = length(usize::from(token & 15), after)?;
        out.repeat(many.saturating_add(COPY_MIN), usize::from(u16::from_le_bytes(*offset)))?;
        rest = after;
    }
    Some(())
}

/// A length of a token, which further bytes make longer as long as they are full.
fn length(short: usize, mut rest: &[u8]) -> Option<(usize, &[u8])> {
    let mut all = short;
    let mut more = short == LONG;
    while more {
        let (byte, after) = rest.split_first()?;
        all = all.saturating_add(usize::from(*byte));
        (more, rest) = (*byte == u8::MAX, after);
    }
    Some((all, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_unpacked_and_all_else_is_refused() {
        let check = |packed: &[u8], len: usize, want: Option<&[u8]>| {
            let mut out = b"before".to_vec();
            let told = unpack(packed, len, &mut out);
            assert_eq!(told.ok().map(|()| &out[6..]), want, "{packed:?}");
            assert!(out.len() <= len + 6);
        };
        check(&[0], 0, Some(b""));
        check(&[], 0, Some(b""));
        check(&[0x30, b'a', b'b', b'c'], 3, Some(b"abc"));
        // "ab", then eight bytes from two before: the copy feeds on itself.
        let fed = [0x24, b'a', b'b', 2, 0, 0];
        check(&fed, 10, Some(b"ababababab"));
        check(&fed, 9, None);
        check(&fed, 11, None);
        // Sixteen letters, and a copy of twenty.
        let long = [&[0xff, 1], [b'x'; 16].as_slice(), &[1, 0, 1, 0]].concat();
        check(&long, 36, Some(&[b'x'; 36]));
        check(&[0x20, b'a', b'b', 3, 0, 0], 6, None);
        check(&[0x20, b'a', b'b', 0, 0, 0], 6, None);
        check(&[0x20, b'a', b'b', 2], 6, None);
        check(&[0xf0, 255, 255, 255], 3, None);
        check(&[0xf0], 3, None);
        check(&[0x30, b'a', b'b'], 3, None);
    }
}
