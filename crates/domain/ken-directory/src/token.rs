//! The opaque token of a session.
//!
//! # Invariants
//!
//! - The browser holds 256 random bits; the database holds their SHA-256 and nothing that leads
//!   back to them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ken_core::Ctx;
use sha2::{Digest, Sha256};

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
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_does_not_show() {
        assert_eq!(format!("{:?}", Token([1; 32])), "Token(..)");
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
