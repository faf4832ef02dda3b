//! The directory of services: what help there is near somebody, who gives it, how to reach it, who
//! has assured the entry and when it was last checked. Public information about no person.
//!
//! # Invariants
//!
//! - An entry that nobody has checked for a year is stale: it is told as such, and nobody is asked
//!   for help by it ([`Entry::asked`]).
//! - An assurance is of an entry as it stood: whatever changes the entry ends it.
//! - A correction is live after one check by somebody else, and is on the ledger.
//! - The licence of a source stays with each of its entries, here and wherever they go on to.
//!
//! # Sources
//!
//! - ALISS API v5 (aliss.org/api-documentation; the classes `ServiceModel` and `MetaModel` of
//!   github.com/aliss/ALISS): what a response has, and its licence CC BY 4.0.
//! - Human Services Data Specification 3.0 with the Open Referral UK profile: how services go out.
//! - House policy for every bound and period.

mod aliss;
mod hsds;
mod keeping;
mod register;
mod search;

use jiff::{SignedDuration, Timestamp};
use ken_core::{EntryId, OrganisationId};
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::text;

pub use crate::sql::service::ALL as STATEMENTS;
pub use aliss::{Brought, Fault, Response, TEXT_MAX, read};
pub use hsds::{PER_PAGE_MAX, PROFILE, VERSION, feed, page, whole};
pub use keeping::{
    Checked, Proposal, Proposed, Verdict, assure, decide, proposal, proposals, propose, still_so,
};
pub use register::{Plan, claim, find, list, load, plan, sweep, withdraw};
pub use search::{Found, Near, Wanted, search};

/// Most services of one directory. House policy: several times what an area of Scotland has.
pub const SERVICES_MAX: usize = 2_000;
/// Most rows that one reading gives: every service, or every correction of one.
const READ_MAX: i64 = 2_000;
/// After so long without a check an entry is stale. House policy: a year, as a service plan.
pub const STALE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// After so long without a check an entry is forgotten. House policy: two years.
pub const KEPT: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);
/// After so long a correction that nobody decided is forgotten. House policy: 90 days.
pub const WAITS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Longest description, in characters. House policy.
pub const DESCRIPTION_MAX: usize = 5_000;
/// Longest text about whom a service is for, in characters. House policy.
const ELIGIBILITY_MAX: usize = 1_000;
/// Longest address on the web, in characters. House policy.
const URL_MAX: usize = 2_000;

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The id that its source gave it.
    pub id: EntryId,
    /// Who gives it.
    pub provider: Provider,
    /// What is said of it.
    pub says: Says,
    /// Where it is given; none where it is given over whole areas.
    pub locations: Vec<Location>,
    /// The areas over which it is given.
    pub areas: Vec<Area>,
    /// What kinds of help it is, in the source's own list.
    pub categories: Vec<Category>,
}

/// The organisation that gives a service, as its source knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// The id that the source gave it.
    pub id: EntryId,
    /// Its name.
    pub name: String,
}

/// What is said of a service, which its provider may correct; what is not said is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Says {
    /// What it is called.
    pub name: String,
    /// What it is, in a line.
    pub summary: String,
    /// What it is, at length: text, and no markup.
    pub description: String,
    /// Whom it is for.
    pub eligibility: String,
    /// Its telephone number.
    pub phone: String,
    /// Its address of mail.
    pub email: String,
    /// Its address on the web.
    pub url: String,
}

/// A place where a service is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The id that the source gave it.
    pub id: EntryId,
    /// What it is called; may be empty, as all that follows.
    pub name: String,
    /// House and street.
    pub street: String,
    /// Town or village.
    pub locality: String,
    /// Region.
    pub region: String,
    /// Postcode.
    pub postcode: String,
    /// Country.
    pub country: String,
    /// Where on the earth.
    pub point: Option<Point>,
}

/// A point on the earth, in degrees, with every digit that the source gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// North of the equator.
    pub latitude: Number,
    /// East of Greenwich.
    pub longitude: Number,
}

/// An area over which a service is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Its official code.
    pub code: String,
    /// What kind of area.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A kind of help.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Category {
    /// Its name within an address.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// Whom a licence wants named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// In which words.
    pub text: String,
    /// Where they come from; may be empty.
    pub url: String,
}

/// That somebody assured an entry as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assured {
    /// Who.
    pub by: OrganisationId,
    /// When.
    pub at: Timestamp,
}

/// A service as the directory holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The service.
    pub service: Service,
    /// Whose it is among the organisations that are registered here.
    pub organisation: Option<OrganisationId>,
    /// When its source last changed it.
    pub updated: Timestamp,
    /// When somebody last checked it.
    pub checked: Timestamp,
    /// When it was last corrected here.
    pub corrected: Option<Timestamp>,
    /// Who assured it.
    pub assured: Option<Assured>,
    /// The licence of its source.
    pub licence: String,
    /// Whom the licence wants named.
    pub attribution: Vec<Attribution>,
}

/// Why nobody is asked for help by an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAsked {
    /// Nobody has checked it for a year.
    Stale,
    /// Whoever gives it is not registered here.
    Elsewhere,
}

impl Entry {
    /// By when somebody must check it, or it is stale.
    #[must_use]
    pub fn review(&self) -> Timestamp {
        self.checked.saturating_add(STALE).unwrap_or(Timestamp::MAX)
    }

    /// Whether its review date is over.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now > self.review()
    }

    /// Which registered organisation is asked for help by this entry.
    ///
    /// # Errors
    ///
    /// [`NotAsked`]: why none is.
    pub fn asked(&self, now: Timestamp) -> Result<&OrganisationId, NotAsked> {
        if self.is_stale(now) {
            return Err(NotAsked::Stale);
        }
        self.organisation.as_ref().ok_or(NotAsked::Elsewhere)
    }
}

impl Says {
    /// What must be put right first: the field, and what is wrong with it.
    ///
    /// # Errors
    ///
    /// The first that is wrong.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let fits = |text: &str, most: usize| {
            let is_plain = |sign: char| sign == '\n' || !sign.is_control();
            text.chars().count() <= most && text.chars().all(is_plain)
        };
        let is_line = |line: &str| line.is_empty() || text::check(line, "line").is_ok();
        let is_mail = |mail: &str| {
            let parts = mail.split_once('@').filter(|(name, at)| !name.is_empty() && at.len() > 2);
            parts.is_some()
                && !mail.contains(|sign: char| sign.is_whitespace() || "?&%,".contains(sign))
        };
        let checks = [
            (text::check(&self.name, "name").is_ok(), "name", "is one line of 1 to 200 characters"),
            (is_line(&self.summary), "summary", "is one line of at most 200 characters"),
            (
                fits(&self.description, DESCRIPTION_MAX),
                "description",
                "is text of at most 5,000 characters",
            ),
            (
                fits(&self.eligibility, ELIGIBILITY_MAX),
                "eligibility",
                "is text of at most 1,000 characters",
            ),
            (is_line(&self.phone), "phone", "is one line of at most 200 characters"),
            (
                self.email.is_empty() || is_line(&self.email) && is_mail(&self.email),
                "email",
                "is no address of mail",
            ),
            (
                self.url.is_empty() || is_web(&self.url),
                "url",
                "is no address that begins with https:// or http://",
            ),
        ];
        let wrong = checks.into_iter().find(|(is_good, ..)| !is_good);
        wrong.map_or(Ok(()), |(_, field, says)| Err((field, says)))
    }
}

/// Whether a text is an address on the web that a page may link to.
fn is_web(text: &str) -> bool {
    let begins = ["https://", "http://"].iter().any(|begin| text.starts_with(begin));
    let is_bad = |sign: char| sign.is_whitespace() || sign.is_control() || "<>\"".contains(sign);
    begins && text.chars().count() <= URL_MAX && !text.contains(is_bad)
}

/// A text without markup: tags go, the commonest character references become what they stand for,
/// and blanks are one each. What looks like markup afterwards is text, and pages escape it.
fn plain(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        let is_tag =
            tag.starts_with(|sign: char| sign.is_ascii_alphabetic() || "/!".contains(sign));
        if !is_tag {
            out.push('<');
            rest = tag;
            continue;
        }
        // Where no tag ends any more, nothing that follows is one: the text is read once.
        let Some((name, after)) = tag.split_once('>') else {
            out.push('<');
            rest = tag;
            break;
        };
        let is_break = ["p", "/p", "br", "li", "/li", "ul", "/ul", "div", "/div"]
            .contains(&name.trim_end_matches([' ', '/']));
        out.push(if is_break { '\n' } else { ' ' });
        rest = after;
    }
    out.push_str(rest);
    for (reference, sign) in [
        ("&nbsp;", " "),
        ("&#39;", "’"),
        ("&rsquo;", "’"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        out = out.replace(reference, sign);
    }
    let lines = out.split(['\n', '\r']).map(|line| {
        let words = line.split(|sign: char| sign.is_whitespace() || sign.is_control());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_text_and_no_markup() {
        for (text, want) in [
            ("Lunch &amp; chat", "Lunch & chat"),
            ("<p>One</p><p>Two <b>three</b></p>", "One\nTwo three"),
            ("One<br/>Two<br />Three", "One\nTwo\nThree"),
            ("a < b and <3 of 5", "a < b and <3 of 5"),
            ("<script>alert(1)</script>", "alert(1)"),
            ("&lt;script&gt;", "<script>"),
            ("open <b", "open <b"),
            ("tab\there\u{7}\r\n\r\n  next", "tab here\nnext"),
        ] {
            assert_eq!(plain(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_said_has_bounds() {
        let good = Says { name: "Lunch club".into(), ..Says::default() };
        assert_eq!(good.check(), Ok(()));
        let check = |change: fn(&mut Says), want: &str| {
            let mut says = good.clone();
            change(&mut says);
            assert_eq!(says.check().map_err(|(field, _)| field), Err(want));
        };
        check(|of| of.name = " ".into(), "name");
        check(|of| of.summary = "two\nlines".into(), "summary");
        check(|of| of.description = "x".repeat(DESCRIPTION_MAX + 1), "description");
        check(|of| of.description = "bell\u{7}".into(), "description");
        check(|of| of.eligibility = "x".repeat(ELIGIBILITY_MAX + 1), "eligibility");
        check(|of| of.phone = "x".repeat(201), "phone");
        check(|of| of.email = "nobody".into(), "email");
        check(|of| of.email = "a b@glen.example".into(), "email");
        check(|of| of.url = "javascript:alert(1)".into(), "url");
        check(|of| of.url = "https://glen.example/ a".into(), "url");
    }
}
