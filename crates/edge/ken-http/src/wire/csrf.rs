//! The hidden field that proves a form came from one of our own pages.
//!
//! The token is an HMAC keyed by the browser's own cookie secret, so it needs no key of the
//! server's, is good on every node, and dies with the session. It says on which page it stood, so
//! that a form that is sent twice is known again, and in which role of which organisation that page
//! was shown, so that no tab acts in a role that another has chosen since.
//!
//! Source: OWASP Cross-Site Request Forgery Prevention (session-bound HMAC token).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use ken_core::{Ctx, RequestId};
use ken_directory::Acting;
use sha2::{Digest as _, Sha256};

/// The name of the hidden field.
pub(crate) const FIELD: &str = "csrf";
/// What the HMAC is over, so that it can be mistaken for nothing else.
const CONTEXT: &[u8] = b"ken-csrf/1";
/// Length of the HMAC in a token, in characters; what follows names the page and the role.
const MAC_LEN: usize = 43;
/// How much of a hash names a page or a role, in bytes: enough to tell one's own apart.
const NAME_LEN: usize = 12;
/// Length of a page's name in a token, in characters.
const PAGE_LEN: usize = NAME_LEN / 3 * 4;

/// The secret of a browser that has none yet, for its cookie.
pub(crate) fn fresh(ctx: &Ctx<'_>) -> String {
    URL_SAFE_NO_PAD.encode(ctx.entropy::<32>())
}

/// The token of one browser's forms.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Csrf(String);

impl Csrf {
    /// The token that belongs to a cookie's secret, of a page that is nobody's in a role.
    pub(crate) fn of(secret: &str) -> Self {
        Self::with(secret, "")
    }

    /// The token of a page that is shown, as the answer to a request, to somebody in a role.
    pub(crate) fn in_role(secret: &str, page: RequestId, acting: Option<&Acting>) -> Self {
        let role = acting.map(role).unwrap_or_default();
        Self::with(secret, &(name(&page.to_string()) + &role))
    }

    fn with(secret: &str, names: &str) -> Self {
        Self(mac(secret, names).map_or_else(String::new, |mac| {
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()) + names
        }))
    }

    /// The token as the form carries it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `token` belongs to `secret`, whatever its page and role; compared in constant time.
    pub(crate) fn holds(secret: &str, token: &str) -> bool {
        let Some((code, names)) = token.split_at_checked(MAC_LEN) else { return false };
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(code) else { return false };
        mac(secret, names).is_some_and(|mac| mac.verify_slice(&bytes).is_ok())
    }
}

/// The token that came with a form, and that belongs to its browser.
#[derive(Clone)]
pub(crate) struct Sent(pub(crate) String);

impl Sent {
    /// Whether the form's page was shown in this role.
    pub(crate) fn is_of(&self, acting: &Acting) -> bool {
        self.0.get(MAC_LEN + PAGE_LEN..).is_some_and(|of| of == role(acting))
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf(..)")
    }
}

/// What names a role of an organisation in a token.
fn role(acting: &Acting) -> String {
    name(&format!("{}\n{}", acting.organisation, acting.role))
}

/// A short name for something, in a token.
fn name(of: &str) -> String {
    let hash = Sha256::digest(of.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.get(..NAME_LEN).unwrap_or_default())
}

fn mac(secret: &str, names: &str) -> Option<Hmac<Sha256>> {
    // HMAC takes a key of any length, so this is never `None`.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(CONTEXT);
    mac.update(names.as_bytes());
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

    #[test]
    fn a_token_names_the_role_that_its_page_was_shown_in() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad90";
        let acting = |organisation: &str, role: &str| Acting {
            account: id.parse().unwrap(),
            practitioner: id.parse().unwrap(),
            organisation: organisation.parse().unwrap(),
            role: role.parse().unwrap(),
        };
        let lead = acting("practice-a", "ig.lead");
        let page: RequestId = id.parse().unwrap();
        let token = Csrf::in_role("one", page, Some(&lead));
        let other: RequestId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        assert!(token != Csrf::in_role("one", other, Some(&lead)), "each page has its own");
        assert!(Csrf::holds("one", token.as_str()) && !Csrf::holds("two", token.as_str()));
        let sent = |token: &str| Sent(token.to_owned());
        assert!(sent(token.as_str()).is_of(&lead));
        for other in [acting("practice-b", "ig.lead"), acting("practice-a", "gp.doctor")] {
            assert!(!sent(token.as_str()).is_of(&other));
            // The role is under the code: nobody changes it by hand.
            let forged = format!("{}{}", &token.as_str()[..MAC_LEN + PAGE_LEN], role(&other));
            assert!(sent(&forged).is_of(&other) && !Csrf::holds("one", &forged));
        }
        assert!(!sent(Csrf::of("one").as_str()).is_of(&lead));
    }
}
