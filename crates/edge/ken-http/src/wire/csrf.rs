//! The hidden field that proves a form came from one of our own pages.
//!
//! The token is an HMAC keyed by the browser's own cookie secret, so it needs no key of the
//! server's, is good on every node, and dies with the session.
//!
//! Source: OWASP Cross-Site Request Forgery Prevention (session-bound HMAC token).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use ken_core::Ctx;
use sha2::Sha256;

/// The name of the hidden field.
pub(crate) const FIELD: &str = "csrf";
/// What the HMAC is over, so that it can be mistaken for nothing else.
const CONTEXT: &[u8] = b"ken-csrf/1";

/// The secret of a browser that has none yet, for its cookie.
pub(crate) fn fresh(ctx: &Ctx<'_>) -> String {
    URL_SAFE_NO_PAD.encode(ctx.entropy::<32>())
}

/// The token of one browser's forms.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Csrf(String);

impl Csrf {
    /// The token that belongs to a cookie's secret.
    pub(crate) fn of(secret: &str) -> Self {
        Self(
            mac(secret).map_or_else(String::new, |mac| {
                URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
            }),
        )
    }

    /// The token as the form carries it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `token` belongs to `secret`; compared in constant time.
    pub(crate) fn holds(secret: &str, token: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
        mac(secret).is_some_and(|mac| mac.verify_slice(&bytes).is_ok())
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf(..)")
    }
}

fn mac(secret: &str) -> Option<Hmac<Sha256>> {
    // HMAC takes a key of any length, so this is never `None`.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(CONTEXT);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_for_its_own_secret_only() {
        let token = Csrf::of("one");
        assert!(Csrf::holds("one", token.as_str()));
        assert!(!Csrf::holds("two", token.as_str()));
        for bad in ["", "x", "a b", &token.as_str()[1..], &format!("{}A", token.as_str())] {
            assert!(!Csrf::holds("one", bad), "{bad}");
        }
        assert_eq!(token.as_str().len(), 43);
        assert_eq!(format!("{token:?}"), "Csrf(..)");
    }
}
