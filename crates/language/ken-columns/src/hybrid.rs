//! Runs of equal numbers and packed bits in turn: levels, codes of a dictionary, truth values.
//!
//! Source: `Encodings.md` of Parquet, "Run Length Encoding / Bit-Packing Hybrid".

use crate::{ColumnsError, Result};

const BROKEN: ColumnsError = ColumnsError::Broken("a run ends before its values");

/// Where reading stands; the bytes are given with each step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hybrid {
    at: usize,
    end: usize,
    width: u32,
    left: u64,
    run: Run,
}

#[derive(Debug, Clone, Copy)]
enum Run {
    Same(u32),
    /// Where the next value begins, in bits from the beginning of the bytes.
    Packed(usize),
}

impl Hybrid {
    /// Reads numbers of `width` bits between two places.
    pub(crate) fn new(at: usize, end: usize, width: u8) -> Result<Self> {
        if width > 32 || at > end {
            return Err(ColumnsError::Broken("numbers of more than 32 bits"));
        }
        Ok(Self { at, end, width: u32::from(width), left: 0, run: Run::Same(0) })
    }

    /// The next number.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Result<u32> {
        while self.left == 0 {
            self.begin(bytes)?;
        }
        self.left -= 1;
        match &mut self.run {
            Run::Same(value) => Ok(*value),
            Run::Packed(bit) => {
                let (byte, shift) = (*bit / 8, *bit % 8);
                *bit += usize::try_from(self.width).unwrap_or(0);
                let window = match bytes.get(byte..).and_then(<[u8]>::first_chunk) {
                    Some(eight) => u64::from_le_bytes(*eight),
                    None => tail(bytes.get(byte..).unwrap_or_default()),
                };
                if *bit > self.end.saturating_mul(8) {
                    return Err(BROKEN);
                }
                let value = (window >> shift) & ((1 << self.width) - 1);
                u32::try_from(value).map_err(|_| BROKEN)
            }
        }
    }

    fn begin(&mut self, bytes: &[u8]) -> Result<()> {
        let bytes = bytes.get(..self.end).ok_or(BROKEN)?;
        let mut head = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = bytes.get(self.at).ok_or(BROKEN)?;
            self.at += 1;
            head |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                break;
            }
        }
        if head & 1 == 0 {
            let many = self.width.div_ceil(8);
            let own = usize::try_from(many).ok().and_then(|n| bytes.get(self.at..self.at + n));
            let own = own.ok_or(BROKEN)?;
            let value = own.iter().rev().fold(0u32, |all, byte| (all << 8) | u32::from(*byte));
            self.at += own.len();
            (self.left, self.run) = (head >> 1, Run::Same(value));
        } else {
            let groups = usize::try_from(head >> 1).map_err(|_| BROKEN)?;
            let width = usize::try_from(self.width).unwrap_or(0);
            let from = self.at.saturating_mul(8);
            // Some writers leave away the last bytes of the last group.
            self.at = self.at.saturating_add(groups.saturating_mul(width)).min(self.end);
            self.left = (head >> 1).saturating_mul(8);
            self.run = Run::Packed(from);
        }
        Ok(())
    }
}

fn tail(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |all, byte| (all << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], width: u8, many: usize) -> Option<Vec<u32>> {
        let mut from = Hybrid::new(0, bytes.len(), width).ok()?;
        (0..many).map(|_| from.next(bytes).ok()).collect()
    }

    #[test]
    fn runs_and_packed_bits_are_read_and_what_ends_too_early_is_refused() {
        // The example of the format: 0 to 7 in three bits each.
        let packed = [3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(read(&packed, 3, 8), Some((0..8).collect()));
        assert_eq!(read(&packed, 3, 9), None);
        assert_eq!(read(&[10, 7], 3, 5), Some(vec![7; 5]));
        assert_eq!(read(&[10, 7], 3, 6), None);
        assert_eq!(read(&[4, 1, 3, 255], 1, 10), Some(vec![1; 10]));
        assert_eq!(read(&[8], 0, 4), Some(vec![0; 4]));
        assert_eq!(read(&[2, 1, 2, 3, 4], 32, 1), Some(vec![0x0403_0201]));
        assert_eq!(read(&[2, 1], 9, 1), None);
        assert_eq!(read(&[], 1, 1), None);
        assert!(Hybrid::new(0, 0, 33).is_err());
        // A run of nothing over and over ends with the bytes.
        assert_eq!(read(&[0; 64], 0, 1), None);
    }
}
