//! Which kinds of information one body may ask another for, whatever is held, and which kinds of
//! relationship a role of a body may use.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_agreement::Kind;
use ken_core::{Category, OrganisationId, RoleId};

use super::Bundle;
use crate::linker::IDENTITY_REVIEW;

impl Bundle {
    /// The kinds of information that clauses in force on a day let go from one body to another,
    /// for whoever has reason to ask; emergencies are asked for one by one and are not among them.
    ///
    /// It is read from what was signed and depends on nothing that is held about anybody.
    #[must_use]
    pub fn askable(
        &self,
        sender: &OrganisationId,
        recipient: &OrganisationId,
        day: Date,
    ) -> BTreeSet<Category> {
        let standing = self.standing(sender, recipient, day);
        let terms = self.terms.iter().filter(|term| {
            let Some(own) = self.held.get(term.held) else { return false };
            let may = |end: &ken_agreement::End, id| {
                own.instrument.party(id).is_some_and(|party| end.may_be(party))
            };
            let purpose = term.clause.purpose.as_ref();
            term.clause.kind != Kind::Exceptional
                && purpose.is_none_or(|purpose| purpose.as_str() != IDENTITY_REVIEW)
                && sender != recipient
                && may(&term.clause.from, sender)
                && may(&term.clause.to, recipient)
                && standing.bar(self, term).is_none()
        });
        terms.flat_map(|term| term.clause.categories.iter().cloned()).collect()
    }

    /// Whether a clause in force on a day lets somebody in a role of a body have anything for a
    /// relationship of this kind: without one a relationship would be of no use to them.
    ///
    /// It is read from what was signed and depends on nothing that is held about anybody.
    #[must_use]
    pub fn rests_on(
        &self,
        relationship: &str,
        (recipient, role): (&OrganisationId, &RoleId),
        day: Date,
    ) -> bool {
        let wanted = format!("relationship:{relationship}");
        self.terms.iter().any(|term| {
            let requires = |fact: &ken_core::Fact| fact.as_str().split('@').next() == Some(&wanted);
            let Some(own) = self.held.get(term.held) else { return false };
            let to = &term.clause.to;
            let is_to = own.instrument.party(recipient).is_some_and(|party| to.may_be(party))
                && (to.any_role() || to.roles.contains(role));
            let mut senders = own.instrument.parties.iter().map(|party| &party.id);
            is_to
                && term.clause.require.iter().any(requires)
                && senders.any(|sender| {
                    sender != recipient
                        && self.standing(sender, recipient, day).bar(self, term).is_none()
                })
        })
    }
}
