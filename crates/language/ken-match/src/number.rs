//! Conversions between numbers that lose nothing, or say what they do at the edge.

/// As an index.
pub(crate) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// As a code; more than fits becomes the greatest, which no table ever reaches.
pub(crate) fn code(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// As a count that does not overflow.
pub(crate) fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// As a real number, exact up to 2^53.
pub(crate) fn real(number: u64) -> f64 {
    let low = u32::try_from(number & 0xffff_ffff).unwrap_or(u32::MAX);
    let high = u32::try_from(number >> 32).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// Pairs among `of` things.
pub(crate) fn pairs(of: u64) -> u64 {
    of.saturating_mul(of.saturating_sub(1)) / 2
}

/// How often each value occurs, in the order of values.
pub(crate) fn tally(values: impl Iterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut values: Vec<u32> = values.collect();
    values.sort_unstable();
    let runs = values.chunk_by(|a, b| a == b);
    runs.filter_map(|run| Some((*run.first()?, code(run.len())))).collect()
}

/// Spreads the bits of a number over all of it (the finaliser of `SplitMix64`, public domain).
pub(crate) const fn mix(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number below another, as if by chance: the same for ever from the same seed.
pub(crate) fn draw(seed: u64, at: u64, below: u64) -> u64 {
    mix(seed ^ mix(at.wrapping_add(0x9e37_79b9_7f4a_7c15))) % below.max(1)
}
