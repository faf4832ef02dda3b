//! Tiles: the hashes of the tree in runs of 256, as others fetch and cache them.
//!
//! # Invariants
//!
//! - A tile only grows; what was published of it never changes. A partial tile is the beginning of
//!   the full one.
//!
//! # Sources
//!
//! - C2SP tlog-tiles (paths, levels, partial tiles, entry bundles).

use std::collections::BTreeMap;

use crate::Hash;
use crate::hash::HASH_LEN;
use crate::merkle::{Node, Span, fold};

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;

/// Levels of the tree that one tile spans: 2^8 is [`TILE_WIDTH`].
const TILE_HEIGHT: u8 = 8;

/// Most levels of tiles: a tree of 2^63 leaves has eight.
pub(crate) const LEVELS_MAX: u8 = 8;

/// Which tile: its level, and its place in the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 holds leaf hashes; each level above holds the roots of the tiles below.
    pub level: u8,
    /// From 0, left to right.
    pub index: u64,
}

/// What a path under the log's address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// The newest checkpoint.
    Checkpoint,
    /// A tile of hashes, with its width (256 when it is full).
    Tile(TileId, u64),
    /// A bundle of entries, with its width.
    Entries(u64, u64),
}

impl Resource {
    /// Reads a path such as `checkpoint`, `tile/0/x001/234.p/5` or `tile/entries/000`.
    ///
    /// `None` when it is not written in the standard's one spelling.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        if path == "checkpoint" {
            return Some(Self::Checkpoint);
        }
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, canonical(width).filter(|w| *w < TILE_WIDTH)?),
            None => (rest, TILE_WIDTH),
        };
        let index = parse_index(number)?;
        if width == 0 {
            return None;
        }
        if level == "entries" {
            return Some(Self::Entries(index, width));
        }
        let level = u8::try_from(canonical(level)?).ok().filter(|level| *level < LEVELS_MAX)?;
        Some(Self::Tile(TileId { level, index }, width))
    }
}

/// A decimal number without superfluous zeros or signs.
fn canonical(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// `x001/x234/067` is 1234067: three digits an element, all but the last marked.
fn parse_index(text: &str) -> Option<u64> {
    let mut index: u64 = 0;
    let elements: Vec<&str> = text.split('/').collect();
    let (last, before) = elements.split_last()?;
    for element in before.iter().map(|element| element.strip_prefix('x')).chain([Some(*last)]) {
        let digits = element?;
        let three = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let digits: u64 = three.then(|| digits.parse().ok()).flatten()?;
        index = index.checked_mul(1000)?.checked_add(digits)?;
    }
    (index_path(index) == text).then_some(index)
}

/// The path of an index, in elements of three digits.
#[must_use]
pub fn index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// Where a node's hash comes from: the tile, and the run of its hashes that the node spans.
pub(crate) fn place(node: Node) -> (TileId, u64, u64) {
    let level = node.height / TILE_HEIGHT;
    let within = node.height % TILE_HEIGHT;
    let first = node.index << within;
    (TileId { level, index: first / TILE_WIDTH }, first % TILE_WIDTH, 1 << within)
}

/// Tiles held in memory, enough for what is asked of them.
#[derive(Debug, Clone, Default)]
pub struct Tiles(BTreeMap<TileId, Vec<Hash>>);

impl Tiles {
    /// The tiles that the hashes of these spans need.
    pub(crate) fn needed(spans: &[Span]) -> Vec<TileId> {
        let nodes = spans.iter().flat_map(|span| span.nodes());
        let mut ids: Vec<TileId> = nodes.map(|node| place(node).0).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Adds a tile as it is stored; `None` when it is not a whole number of hashes.
    pub(crate) fn insert(&mut self, id: TileId, bytes: &[u8]) -> Option<()> {
        let chunks = bytes.chunks(HASH_LEN).map(Hash::from_slice);
        self.0.insert(id, chunks.collect::<Option<Vec<_>>>()?);
        Some(())
    }

    /// The hash of a span; `None` when a tile that it needs is absent or too short.
    #[must_use]
    pub fn hash(&self, span: Span) -> Option<Hash> {
        let node = |node: Node| {
            let (id, first, width) = place(node);
            let start = usize::try_from(first).ok()?;
            let end = start + usize::try_from(width).ok()?;
            Some(perfect(self.0.get(&id)?.get(start..end)?))
        };
        let nodes: Option<Vec<Hash>> = span.nodes().into_iter().map(node).collect();
        nodes.map(|nodes| fold(&nodes))
    }

    /// The hashes of all spans of a proof.
    pub(crate) fn hashes(&self, spans: &[Span]) -> Option<Vec<Hash>> {
        spans.iter().map(|span| self.hash(*span)).collect()
    }
}

/// The root over a power of two of hashes.
fn perfect(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(Hash::node(left, right)),
                _ => None,
            })
            .collect();
    }
    level.first().copied().unwrap_or_else(Hash::empty)
}

/// The right edge of a log's tiles: what a sealer must hold to add leaves.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    size: u64,
    /// The last tile of each level, from the leaves upwards; never full.
    tails: Vec<Vec<Hash>>,
}

impl Edge {
    /// Which tiles an edge of that size is made of; those that are empty are left out.
    #[must_use]
    pub fn tiles(size: u64) -> Vec<TileId> {
        let level = |level: u8| {
            let hashes = size >> (TILE_HEIGHT * level);
            let id = TileId { level, index: hashes / TILE_WIDTH };
            (!hashes.is_multiple_of(TILE_WIDTH)).then_some(id)
        };
        (0..LEVELS_MAX).filter_map(level).collect()
    }

    /// Takes up an edge from its stored tiles; `None` when one is absent or too short.
    ///
    /// A stored tile may be longer than the edge (after a crash): the rest is not looked at.
    pub(crate) fn resume(size: u64, tiles: &Tiles) -> Option<Self> {
        let mut tails = vec![Vec::new(); usize::from(LEVELS_MAX)];
        for id in Self::tiles(size) {
            let width = (size >> (TILE_HEIGHT * id.level)) % TILE_WIDTH;
            let hashes = tiles.0.get(&id)?.get(..usize::try_from(width).ok()?)?;
            *tails.get_mut(usize::from(id.level))? = hashes.to_vec();
        }
        Some(Self { size, tails })
    }

    /// Adds a leaf, and writes down every tile that it changes.
    pub(crate) fn push(&mut self, leaf: Hash, changed: &mut BTreeMap<TileId, Vec<Hash>>) {
        let mut hash = leaf;
        for level in 0..LEVELS_MAX {
            while self.tails.len() <= usize::from(level) {
                self.tails.push(Vec::new());
            }
            let Some(tail) = self.tails.get_mut(usize::from(level)) else { break };
            tail.push(hash);
            let index = (self.size >> (TILE_HEIGHT * level)) / TILE_WIDTH;
            changed.insert(TileId { level, index }, tail.clone());
            if tail.len() < 1 << TILE_HEIGHT {
                break;
            }
            hash = perfect(tail);
            tail.clear();
        }
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
        let mut peaks = Vec::new();
        for tail in self.tails.iter().rev() {
            let mut rest = tail.as_slice();
            while !rest.is_empty() {
                let (peak, after) = rest.split_at(1 << rest.len().ilog2());
                peaks.push(perfect(peak));
                rest = after;
            }
        }
        fold(&peaks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::merkle::{Frontier, consistency, inclusion, verify_consistency, verify_inclusion};

    fn grow(size: u64) -> (Edge, Tiles, Frontier) {
        let (mut edge, mut tiles, mut frontier) = <(Edge, Tiles, Frontier)>::default();
        for index in 0..size {
            let leaf = Hash::leaf(&index.to_be_bytes());
            edge.push(leaf, &mut tiles.0);
            frontier.push(leaf);
        }
        (edge, tiles, frontier)
    }

    #[test]
    fn paths_have_one_spelling() {
        let tile = |level, index, width| Some(Resource::Tile(TileId { level, index }, width));
        let check = |path: &str, want: Option<Resource>| {
            assert_eq!(Resource::parse(path), want, "{path}");
        };
        check("checkpoint", Some(Resource::Checkpoint));
        check("tile/0/000", tile(0, 0, 256));
        check("tile/1/x001/x234/067", tile(1, 1_234_067, 256));
        check("tile/0/x001/234.p/5", tile(0, 1234, 5));
        check("tile/entries/000.p/255", Some(Resource::Entries(0, 255)));
        for path in [
            "",
            "tile",
            "tile/0",
            "tile/00/000",
            "tile/8/000",
            "tile/0/0",
            "tile/0/x000/000",
            "tile/0/001/234",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/05",
            "tile/0/000/",
            "tile/0/+01",
            "/checkpoint",
            "tile/entries/x18/446",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            check(path, None);
        }
    }

    #[test]
    fn the_standards_example_of_70_000_leaves() {
        let tile = |level, index| TileId { level, index };
        assert_eq!(Edge::tiles(70_000), [tile(0, 273), tile(1, 1), tile(2, 0)]);
        assert_eq!(Edge::tiles(256), [tile(1, 0)]);
        let (edge, tiles, frontier) = grow(70_000);
        assert_eq!(edge.root(), frontier.root());
        let width = |level, index| tiles.0.get(&tile(level, index)).map(Vec::len);
        assert_eq!(width(0, 272), Some(256));
        assert_eq!(width(0, 273), Some(112));
        assert_eq!(width(1, 0), Some(256));
        assert_eq!(width(1, 1), Some(17));
        assert_eq!(width(2, 0), Some(1));
        assert_eq!(tiles.0.len(), 274 + 2 + 1);
    }

    proptest! {
        #[test]
        fn tiles_resume_and_prove(size in 1_u64..3000, cut in any::<prop::sample::Index>()) {
            let (edge, tiles, frontier) = grow(size);
            prop_assert_eq!(edge.root(), frontier.root());
            let old = cut.index(usize::try_from(size).unwrap()) as u64;
            let mut resumed = Edge::resume(old, &tiles).unwrap();
            let old_root = resumed.root();
            prop_assert_eq!(tiles.hash(Span::tree(old)), Some(old_root));
            let mut changed = BTreeMap::new();
            for index in old..size {
                resumed.push(Hash::leaf(&index.to_be_bytes()), &mut changed);
            }
            prop_assert_eq!(resumed.root(), edge.root());
            for (id, hashes) in &changed {
                prop_assert_eq!(tiles.0.get(id), Some(hashes));
            }
            let spans = inclusion(old, size).unwrap();
            let path = tiles.hashes(&spans).unwrap();
            let leaf = Hash::leaf(&old.to_be_bytes());
            prop_assert!(verify_inclusion(leaf, old, size, edge.root(), &path));
            let path = tiles.hashes(&consistency(old, size).unwrap()).unwrap();
            prop_assert!(verify_consistency((old, old_root), (size, edge.root()), &path));
        }
    }
}
