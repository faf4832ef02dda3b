//! Which numbers of a person are whose: the sender's own, and those that identify nobody.
//!
//! # Sources
//!
//! - House policy: a national number that fails its check keeps its place in the resource, under
//!   its sender's namespace; it never identifies anybody.

use ken_core::identifier::{Identifier, LocalIdentifier};
use ken_fhir::Object;

use super::person::all;
use super::types::{identifier, text};
use super::{Scope, table};
use crate::Part;

/// An identifier in its namespace; a national number that fails its check, or that stands where
/// there is none, in its sender's.
pub(super) fn checked(part: Part<'_>, sender: &str) -> Object {
    let made = identifier(part, sender);
    let read = Identifier::parse(made.text("system"), made.text("value"));
    if made.is_empty() || read.is_ok_and(|read| !read.is_filler()) {
        return made;
    }
    let authority = table::word(&text(part.component(4)));
    made.set("system", format!("{}{authority}", unchecked(sender)))
}

/// Begins the namespaces of a sender's numbers that identify nobody.
pub(super) fn unchecked(sender: &str) -> String {
    format!("urn:ken:id:{}:unchecked:", table::word(sender))
}

/// The identifiers, the sender's own number first: of the record (`MR`) or the person (`PI`), given
/// out by the sender itself. Others may be a visit's, a family's or another hospital's.
pub(super) fn own_first(scope: &Scope<'_>, mut found: Vec<Identifier>) -> Vec<Identifier> {
    let own = all(scope.message.field("PID", 3)).find(|part| {
        let (authority, kind) = (text(part.component(4)), text(part.component(5)));
        let header = [4, 3].map(|number| text(scope.message.field("MSH", number).component(1)));
        part.component(1).is_valued()
            && matches!(kind.as_str(), "MR" | "PI")
            && (authority.is_empty() || header.contains(&authority))
    });
    let own = own.map(|part| identifier(part, scope.sender));
    let is_own = |one: &Identifier| {
        own.as_ref().is_some_and(|own| {
            !one.is_national()
                && one.system() == own.text("system")
                && one.reveal() == own.text("value").trim()
        })
    };
    found.sort_by_key(|one| !is_own(one));
    found
}

/// The first number of the person that is no valid national one, unless that is the first still.
pub(super) fn former(scope: &Scope<'_>, now: &[Identifier]) -> Option<LocalIdentifier> {
    let fields = [3, 2, 4].into_iter().flat_map(|number| all(scope.message.field("PID", number)));
    let is_national = |part: &Part<'_>| {
        let made = identifier(*part, scope.sender);
        let read = Identifier::parse(made.text("system"), made.text("value"));
        made.is_empty() || read.is_ok_and(|read| read.is_national())
    };
    let first = fields.into_iter().find(|part| !is_national(part))?;
    let made = checked(first, scope.sender);
    let first = LocalIdentifier::new(made.text("system"), made.text("value")).ok()?;
    let own = now.iter().find_map(|one| match one {
        Identifier::Local(local) => Some(local),
        _ => None,
    });
    own.is_some_and(|own| *own != first).then_some(first)
}
