//! The Merkle tree of RFC 6962: roots, inclusion and consistency, over hashes stored anywhere.
//!
//! A proof is first *planned*, as ranges of leaves, each of which is a run of perfect subtrees
//! ([`Node`]); whoever holds the hashes looks the nodes up; then the hashes are folded. So the
//! same code serves a tree in memory, in tiles, and in a database.
//!
//! # Invariants
//!
//! - Nothing here stores, waits or fails on a well-formed plan.
//! - Verification follows the published algorithms and shares no code with the making of proofs.
//!
//! # Sources
//!
//! - RFC 6962, section 2.1 (definition of roots and proofs).
//! - RFC 9162, sections 2.1.3.2 and 2.1.4.2 (verification).

use crate::Hash;

/// A perfect subtree: the `index`-th one that spans `2^height` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves; 0 is a leaf.
    pub height: u8,
    /// Place among the subtrees of that height, from 0.
    pub index: u64,
}

/// Leaves from `start` up to, not including, `end`; what one hash of a proof covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u64,
    end: u64,
}

impl Span {
    /// The whole tree of `size` leaves: its hash is the root.
    #[must_use]
    pub const fn tree(size: u64) -> Self {
        Self { start: 0, end: size }
    }

    /// The perfect subtrees that make up the span, left to right, highest first.
    #[must_use]
    pub fn nodes(self) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut at = self.start;
        while at < self.end {
            let height = (self.end - at).ilog2();
            nodes.push(Node {
                height: u8::try_from(height).unwrap_or(u8::MAX),
                index: at >> height,
            });
            at += 1 << height;
        }
        nodes
    }
}

/// The hash of a span from the hashes of its [`Span::nodes`]; the empty tree's for none.
#[must_use]
pub fn fold(nodes: &[Hash]) -> Hash {
    let joined = nodes.iter().rev().copied().reduce(|right, left| Hash::node(&left, &right));
    joined.unwrap_or_else(Hash::empty)
}

/// What the proof that leaf `index` is in the tree of `size` consists of, from the leaf upwards.
///
/// `None` when there is no such leaf.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Span>> {
    if index >= size {
        return None;
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(Span { start: middle, end });
            end = middle;
        } else {
            path.push(Span { start, end: middle });
            start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// What the proof that the tree of `old` leaves begins the tree of `new` consists of.
///
/// `None` when the new tree is the smaller. Empty when the old is empty or both are one.
#[must_use]
pub fn consistency(old: u64, new: u64) -> Option<Vec<Span>> {
    if old > new {
        return None;
    }
    if old == 0 || old == new {
        return Some(Vec::new());
    }
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(Span { start: middle, end });
            end = middle;
        } else {
            path.push(Span { start, end: middle });
            start = middle;
        }
    }
    // The old root itself is known to the verifier, and is left out when it is whole.
    if start != 0 {
        path.push(Span { start, end });
    }
    path.reverse();
    Some(path)
}

/// The largest power of two below `leaves`, which is at least 2.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// Whether `path` proves that `leaf` is number `index` in the tree of `size` with this `root`.
#[must_use]
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, path: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = Hash::node(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::node(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Whether `path` proves that the tree `old` (size, root) begins the tree `new`.
///
/// Two empty trees, or two of one size, need equal roots and an empty path; whatever follows an
/// empty tree extends it.
#[must_use]
pub fn verify_consistency(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return path.is_empty() && old_root == Hash::empty();
    }
    if old_size > new_size {
        return false;
    }
    let whole = [old_root];
    let start: &[Hash] = if old_size.is_power_of_two() { &whole } else { &[] };
    let mut path = start.iter().chain(path);
    let Some(&first) = path.next() else { return false };
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = Hash::node(sibling, &old_hash);
            new_hash = Hash::node(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = Hash::node(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old_root && new_hash == new_root
}

/// A tree that grows leaf by leaf and remembers only its right edge: at most 64 hashes.
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    size: u64,
    /// The perfect subtrees of the tree, left to right.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = Hash::node(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree as it is.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.peaks)
    }
}

#[cfg(test)]
#[path = "merkle_tests.rs"]
mod tests;
