//! How much one step of a move may move: so many rows, and so many bytes.

/// Most versions that one step moves. House policy: well under the time that a write may take.
pub const STEP_MAX: i64 = 100;
/// Most bytes that one step moves, but for the one that goes beyond it. House policy: what is
/// opened and sealed again within a second.
const BYTES_MAX: usize = 8 << 20;
/// How many versions are read at a time, each of at most four megabytes.
const FEW: i64 = 4;

/// How much one step may move still.
#[derive(Debug)]
pub struct Room {
    rows: i64,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { rows: STEP_MAX, bytes: BYTES_MAX }
    }
}

impl Room {
    /// Whether there is room for one more.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        self.rows > 0 && self.bytes > 0
    }

    /// How many to read next: few, since nobody knows how large they are.
    #[must_use]
    pub fn next(&self) -> i64 {
        self.rows.min(FEW)
    }

    /// Takes the room of one of so many bytes.
    pub const fn take(&mut self, bytes: usize) {
        self.rows -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
