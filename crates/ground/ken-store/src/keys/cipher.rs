//! Sealing and opening bytes under a key.
//!
//! The form is one byte of version (1), 24 of nonce, and the ciphertext with its tag.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use ken_core::IdSource;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// The bytes of a key, cleared from memory when dropped.
pub(super) type KeyBytes = Zeroizing<[u8; 32]>;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;

/// Seals `plaintext`; it opens only with the same `aad`.
pub(super) fn seal(
    key: &KeyBytes,
    ids: &dyn IdSource,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    ids.entropy(&mut nonce);
    let cipher = XChaCha20Poly1305::new(&Key::from(**key));
    let payload = Payload { msg: plaintext, aad };
    // Only a plaintext beyond 256 GiB is refused.
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Unsealable)?;
    let mut bytes = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&sealed);
    Ok(bytes)
}

/// Opens what [`seal`] made.
pub(super) fn open(key: &KeyBytes, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
    let (version, rest) = sealed.split_first().ok_or(Error::Unsealable)?;
    let (nonce, msg) = rest.split_at_checked(NONCE_LEN).ok_or(Error::Unsealable)?;
    let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| Error::Unsealable)?;
    if *version != VERSION {
        return Err(Error::Unsealable);
    }
    let cipher = XChaCha20Poly1305::new(&Key::from(**key));
    cipher.decrypt(&XNonce::from(nonce), Payload { msg, aad }).map_err(|_| Error::Unsealable)
}

/// Makes digests for one purpose that nobody makes without its key.
pub struct Digests(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Digests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digests(..)")
    }
}

impl Digests {
    /// Not under the key itself, which seals.
    pub(super) fn new(key: &KeyBytes, purpose: &str) -> Self {
        Self(Zeroizing::new(mac(key.as_slice(), format!("ken-digest/1\n{purpose}").as_bytes())))
    }

    /// The digest of a text.
    #[must_use]
    pub fn of(&self, text: &[u8]) -> [u8; 32] {
        mac(self.0.as_slice(), text)
    }
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    // A key of any length is taken.
    let keyed = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(text));
    keyed.map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
}

/// Draws a key.
pub(super) fn draw(ids: &dyn IdSource) -> KeyBytes {
    let mut key = Zeroizing::new([0; 32]);
    ids.entropy(key.as_mut_slice());
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ambient::SystemIds;

    #[test]
    fn a_digest_is_of_its_key_its_purpose_and_its_text() {
        let (key, other) = (draw(&SystemIds), draw(&SystemIds));
        let digest =
            |key: &KeyBytes, purpose: &str, text: &[u8]| Digests::new(key, purpose).of(text);
        let one = digest(&key, "handle", b"text");
        assert_eq!(digest(&key, "handle", b"text"), one);
        let others = [
            digest(&other, "handle", b"text"),
            digest(&key, "item", b"text"),
            digest(&key, "handl", b"etext"),
            digest(&key, "handle", b""),
        ];
        assert!(others.iter().all(|digest| *digest != one && *digest != [0; 32]));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let key = draw(&SystemIds);
            let mut sealed = seal(&key, &SystemIds, b"about", &plaintext).unwrap();
            prop_assert_eq!(open(&key, b"about", &sealed).unwrap(), plaintext);
            prop_assert_eq!(open(&key, b"other", &sealed), Err(Error::Unsealable));
            prop_assert_eq!(open(&draw(&SystemIds), b"about", &sealed), Err(Error::Unsealable));
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            prop_assert_eq!(open(&key, b"about", &sealed), Err(Error::Unsealable));
            sealed.truncate(at);
            prop_assert_eq!(open(&key, b"about", &sealed), Err(Error::Unsealable));
        }
    }
}
