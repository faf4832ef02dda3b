//! SHA-256 as the Merkle log uses it: leaves and nodes are hashed apart.
//!
//! # Sources
//!
//! - RFC 6962, section 2.1: a leaf is `SHA-256(0x00 || data)`, a node `SHA-256(0x01 || l || r)`,
//!   the empty tree `SHA-256("")`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Length of a hash, in bytes.
pub const HASH_LEN: usize = 32;

/// A SHA-256 hash: of a leaf, of a node, or the root of a tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_LEN]);

impl Hash {
    /// Takes a hash as it is stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; HASH_LEN]) -> Self {
        Self(bytes)
    }

    /// Takes a hash from a slice; `None` unless it is 32 bytes long.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads the base 64 of RFC 4648, section 4, with its padding.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok().and_then(|bytes| Self::from_slice(&bytes))
    }

    /// The hash as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_LEN] {
        &self.0
    }

    /// The hash of a leaf that carries `data`.
    #[must_use]
    pub fn leaf(data: &[u8]) -> Self {
        Self::of(&[&[0x00], data])
    }

    /// The hash of a node over two others.
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        Self::of(&[&[0x01], &left.0, &right.0])
    }

    /// The root of a tree without leaves.
    #[must_use]
    pub fn empty() -> Self {
        Self::of(&[])
    }

    /// Plain SHA-256 over the parts, one after the other.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let hex = |hash: Hash| {
            let bytes = hash.0.iter().map(|byte| format!("{byte:02x}"));
            bytes.collect::<Vec<_>>().concat()
        };
        // The empty tree and the empty leaf, as certificate transparency's test vectors give them.
        assert_eq!(
            hex(Hash::empty()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(Hash::leaf(b"")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            hex(Hash::node(&Hash::leaf(b""), &Hash::leaf(b"\0"))),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
    }

    #[test]
    fn base64_is_read_in_one_spelling() {
        let hash = Hash::leaf(b"x");
        assert_eq!(Hash::from_base64(&hash.to_string()), Some(hash));
        for text in ["", "AAAA", "not base 64"] {
            assert_eq!(Hash::from_base64(text), None, "{text}");
        }
    }
}
