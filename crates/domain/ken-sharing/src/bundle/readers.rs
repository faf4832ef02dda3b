//! Who may read a kind of information of one body, for the care that they give: what whoever writes
//! it is told before it is kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ken_agreement::{Action, Kind};
use ken_core::{Category, OrganisationId, Purpose, RoleId};

use super::{Bundle, Term};

/// What a fact begins with that says that somebody has to do with the person.
const RELATIONSHIP: &str = "relationship:";

/// Who of a body may read something, once they have to do with the person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readers {
    /// In which roles by name.
    pub roles: BTreeSet<RoleId>,
    /// Whether any role may.
    pub any_role: bool,
    /// For which purposes.
    pub purposes: BTreeSet<Purpose>,
}

impl Bundle {
    /// The other bodies that clauses in force on a day let read a kind of information, or a part of
    /// it, which one body holds, each with its roles and purposes; every such clause asks for a
    /// relationship with the person. Emergencies, and the work of those who check, are not told:
    /// they may open anything of anybody.
    ///
    /// It is read from what was signed and depends on nothing that is held about anybody.
    #[must_use]
    pub fn readers(
        &self,
        sender: &OrganisationId,
        category: &Category,
        day: Date,
    ) -> BTreeMap<OrganisationId, Readers> {
        let mut readers: BTreeMap<OrganisationId, Readers> = BTreeMap::new();
        for term in self.terms.iter().filter(|term| shows(term, category)) {
            let Some(own) = self.held.get(term.held) else { continue };
            let (from, to) = (&term.clause.from, &term.clause.to);
            if !own.instrument.party(sender).is_some_and(|party| from.may_be(party)) {
                continue;
            }
            for party in own.instrument.parties.iter().filter(|party| party.id != *sender) {
                let standing = self.standing(sender, &party.id, day);
                if !to.may_be(party) || standing.bar(self, term).is_some() {
                    continue;
                }
                let of = readers.entry(party.id.clone()).or_default();
                of.purposes.extend(term.clause.purpose.clone());
                of.any_role |= to.any_role();
                let named = to.roles.iter().filter(|_| !to.any_role());
                of.roles.extend(named.cloned());
            }
        }
        readers
    }
}

/// Whether a clause shows anything of a kind of information to whoever works with the person.
fn shows(term: &Term, category: &Category) -> bool {
    let clause = &term.clause;
    clause.kind != Kind::Exceptional
        && clause.action.contains(&Action::View)
        && clause.require.iter().any(|fact| fact.as_str().starts_with(RELATIONSHIP))
        && term.covers.get(category).is_some_and(|fields| !fields.is_empty())
}
