//! The opaque token of a session, and what is derived from it.
//!
//! # Invariants
//!
//! - The browser holds 256 random bits; the database holds their SHA-256 and nothing that leads
//!   back to them.
//! - The secret against forged requests is an HMAC under the token: one for each session, stored
//!   nowhere, and no use to whoever reads the database.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use ken_core::Ctx;
use sha2::{Digest, Sha256};

/// What the HMAC is over, so that the token serves no other purpose by accident.
const CSRF_CONTEXT: &[u8] = b"ken-csrf/1";

/// A session's token, for the cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    pub(crate) fn draw(ctx: &Ctx<'_>) -> Self {
        Self(ctx.entropy())
    }

    /// Reads the value of a cookie; `None` for what is no token.
    #[must_use]
    pub fn parse(cookie: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The value for the cookie: 43 characters that need no quoting. It is a secret.
    #[must_use]
    pub fn cookie(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the database knows of it.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0))
    }

    /// The secret that every changing form of the session carries.
    pub(crate) fn csrf(&self) -> Csrf {
        Csrf {
            text: URL_SAFE_NO_PAD.encode(self.mac().finalize().into_bytes()),
            token: self.clone(),
        }
    }

    fn mac(&self) -> Hmac<Sha256> {
        // HMAC fills a short key up with zeros to the block of its hash; so do we.
        let mut key = [0; 64];
        key.iter_mut().zip(self.0).for_each(|(slot, byte)| *slot = byte);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
        mac.update(CSRF_CONTEXT);
        mac
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The secret against forged requests, of one session.
#[derive(Clone, PartialEq, Eq)]
pub struct Csrf {
    text: String,
    token: Token,
}

impl Csrf {
    /// What a form carries in its hidden field.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a form's hidden field is the one, compared in constant time.
    #[must_use]
    pub fn matches(&self, field: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(field) else { return false };
        self.token.mac().verify_slice(&bytes).is_ok()
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_of_two_sessions_differ_and_do_not_show() {
        let (one, two) = (Token([1; 32]), Token([2; 32]));
        assert!(one.csrf().matches(one.csrf().as_str()));
        assert!(!one.csrf().matches(two.csrf().as_str()));
        assert!(!one.csrf().matches(""));
        assert!(!one.csrf().matches(&one.cookie()));
        assert!(!one.csrf().matches(&one.hash()));
        assert_eq!(format!("{one:?} {:?}", one.csrf()), "Token(..) Csrf(..)");
    }

    proptest! {
        #[test]
        fn a_cookie_reads_back(bytes in proptest::array::uniform32(0u8..)) {
            let token = Token(bytes);
            let cookie = token.cookie();
            prop_assert_eq!(cookie.len(), 43);
            prop_assert_eq!(Token::parse(&cookie), Some(token));
        }

        #[test]
        fn any_text_is_a_token_or_not(text in "\\PC{0,60}") {
            if let Some(token) = Token::parse(&text) {
                prop_assert_eq!(token.cookie(), text);
            }
        }
    }
}
