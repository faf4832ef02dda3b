//! Who is named by a clause to have what is sent under it, and for what a role may send at all.
//!
//! It is read from what was signed and depends on nothing that is held about anybody.

use std::collections::BTreeSet;

use ken_agreement::{Action, Kind};
use ken_core::{Category, ClauseId, OrganisationId, Purpose, RoleId};

use super::Bundle;

impl Bundle {
    /// Whether a clause that is here names a role of a body among those who have what is sent. One
    /// that is for any role names none.
    #[must_use]
    pub fn is_named(&self, clause: &ClauseId, to: (&OrganisationId, &RoleId)) -> bool {
        self.term(clause).is_some_and(|term| {
            let own = self.held.get(term.held);
            let is_party = own.is_some_and(|own| own.instrument.party(to.0).is_some());
            is_party && !term.clause.to.any_role() && term.names(to)
        })
    }

    /// The purposes for which clauses name somebody in a role of a body as one who sends, in an
    /// emergency aside; whether they stand today is not asked.
    #[must_use]
    pub fn sent_for(&self, from: (&OrganisationId, &RoleId)) -> BTreeSet<Purpose> {
        let terms = self.terms.iter().filter(|term| {
            let (clause, own) = (&term.clause, self.held.get(term.held));
            clause.action.contains(&Action::Push)
                && clause.kind != Kind::Exceptional
                && (clause.from.any_role() || clause.from.roles.contains(from.1))
                && own
                    .and_then(|own| own.instrument.party(from.0))
                    .is_some_and(|party| clause.from.may_be(party))
        });
        terms.filter_map(|term| term.clause.purpose.clone()).collect()
    }

    /// The kinds of information that clauses for a purpose speak of, emergencies aside.
    #[must_use]
    pub fn kinds_for(&self, purpose: &Purpose) -> BTreeSet<Category> {
        let clauses = self.terms.iter().map(|term| &term.clause);
        let of = clauses.filter(|clause| {
            clause.purpose.as_ref() == Some(purpose) && clause.kind != Kind::Exceptional
        });
        of.flat_map(|clause| clause.categories.iter().cloned()).collect()
    }

    /// Every purpose that a clause has, emergencies among them.
    #[must_use]
    pub fn purposes(&self) -> BTreeSet<Purpose> {
        self.terms.iter().filter_map(|term| term.clause.purpose.clone()).collect()
    }
}
