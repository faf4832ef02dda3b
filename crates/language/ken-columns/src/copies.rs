//! What Snappy and LZ4 have in common: bytes as they are, and copies of bytes before them.
//!
//! # Invariants
//!
//! - No more is unpacked than was said, whatever the packed bytes claim.

/// Bytes that are being unpacked, behind others that are left alone.
#[derive(Debug)]
pub(crate) struct Copies<'a> {
    out: &'a mut Vec<u8>,
    from: usize,
    to: usize,
}

impl<'a> Copies<'a> {
    /// Unpacks `len` bytes behind those that are there.
    pub(crate) fn new(out: &'a mut Vec<u8>, len: usize) -> Self {
        out.reserve_exact(len);
        let from = out.len();
        let to = from.saturating_add(len);
        Self { out, from, to }
    }

    /// Appends bytes as they are; nothing where there would be too many.
    pub(crate) fn literal(&mut self, bytes: &[u8]) -> Option<()> {
        let fits = bytes.len() <= self.to - self.out.len();
        fits.then(|| self.out.extend_from_slice(bytes))
    }

    /// Appends `many` bytes that stand `offset` before the end, which may overlap with themselves.
    pub(crate) fn repeat(&mut self, many: usize, offset: usize) -> Option<()> {
        let from = self.out.len().checked_sub(offset).filter(|_| offset > 0)?;
        if from < self.from || many > self.to - self.out.len() {
            return None;
        }
        let mut left = many;
        while left > 0 {
            let step = left.min(self.out.len() - from);
            self.out.extend_from_within(from..from + step);
            left -= step;
        }
        Some(())
    }

    /// Whether all that was said has been unpacked.
    pub(crate) fn is_whole(&self) -> bool {
        self.out.len() == self.to
    }
}
