//! What this deployment is called, whom to ask for help, and the demo's sign-in buttons.

use std::net::IpAddr;

use ken_core::AccountId;

/// What every page says about the deployment.
#[derive(Debug, Clone)]
pub struct Site {
    /// The partnership's name: "Glen".
    pub partnership: String,
    /// Whether everyone in it is made up; each page then says so.
    pub made_up: bool,
    /// Whether people reach it by https; cookies then carry the `__Host-` prefix.
    pub secure: bool,
    /// The reverse proxies whose word on where a request came from is taken.
    pub proxies: Vec<IpAddr>,
    /// The number to ring for help, as it is written.
    pub help_phone: Option<String>,
    /// The address to write to for help.
    pub help_email: Option<String>,
    /// The demo's accounts, each with a button on the sign-in page. Empty outside the demo.
    pub demo_accounts: Vec<DemoAccount>,
}

/// A made-up account that the demo lets anybody sign in to.
#[derive(Debug, Clone)]
pub struct DemoAccount {
    /// Which account; its button signs in to it, and to no account that is not listed here.
    pub account: AccountId,
    /// The made-up person's or practitioner's name.
    pub name: String,
    /// Where they work, or "Their own record".
    pub organisation: String,
    /// What they do there, in words.
    pub role: String,
    /// What a visitor should try first with this account.
    pub try_first: String,
}

impl Site {
    /// The name of a cookie: with the `__Host-` prefix where the site is secure.
    ///
    /// Source: RFC 6265bis section 4.1.3; browsers refuse the prefix without `Secure`.
    pub(crate) fn cookie_name(&self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }
}
