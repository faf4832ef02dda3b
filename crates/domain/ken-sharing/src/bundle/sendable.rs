//! To whom clauses in force let somebody send, whatever is held.
//!
//! # Invariants
//!
//! - The answer depends on what was signed, on the day and on the sender's own seat, and on nothing
//!   that is held about anybody.
//! - The gate's own rule answers, with what a clause asks for supposed to hold; clauses are read in
//!   no second way.
//! - Clauses of emergency are not among it, nor what goes to whoever referred somebody: who that is
//!   is a fact about a person.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ken_agreement::{Action, Kind};
use ken_core::{Category, OrganisationId, Purpose, RoleId};

use super::{Bundle, Term};
use crate::decide::{self, Ask, Covered, Facts, Outcome, Permitted, Seat, Want};

/// How something leaves unasked: as it is, or with the wish for an action.
pub const SENDS: [Action; 2] = [Action::Push, Action::Alert];

/// Who may be sent one kind of information: each role of an organisation, with the clause that
/// carries each field.
pub type Receivers = BTreeMap<(OrganisationId, RoleId), Covered>;
/// The same for each kind that may be sent to anybody.
pub type Sendable = BTreeMap<Category, Receivers>;

impl Bundle {
    /// To whom clauses in force on a day let somebody in a role of an organisation send for a
    /// purpose in one of these ways, once what the clause asks for holds and its words are
    /// affirmed.
    ///
    /// # Errors
    ///
    /// As [`decide::decide`].
    pub fn sendable(
        &self,
        from: (&OrganisationId, &RoleId),
        (purpose, how): (&Purpose, &[Action]),
        day: Date,
    ) -> Result<Sendable, decide::Error> {
        let mut sendable = Sendable::new();
        let is_of = |term: &&Term| term.clause.purpose.as_ref() == Some(purpose);
        for term in self.terms.iter().filter(is_of) {
            let held = term.clause.require.clone();
            let facts = Facts { held, attested: term.words.clone(), ..Facts::none(day) };
            let sends = how.iter().copied().filter(|action| term.clause.action.contains(action));
            for action in sends {
                for to in self.ends(term, from.0, day) {
                    let seat = |(organisation, role): (&OrganisationId, &RoleId)| Seat {
                        organisation: organisation.clone(),
                        role: Some(role.clone()),
                    };
                    let ask = Ask {
                        sender: seat(from),
                        recipient: seat(to),
                        action,
                        purpose: purpose.clone(),
                        want: Want::some_of(term.clause.categories.iter().cloned()),
                    };
                    if let Outcome::Permit(given) = &*decide::decide(self, &ask, &facts, None)? {
                        take(&mut sendable, given, to);
                    }
                }
            }
        }
        Ok(sendable)
    }

    /// The roles of other parties to whom a clause may send from an organisation on a day: those
    /// about whom it is worth asking.
    fn ends<'b>(
        &'b self,
        term: &'b Term,
        from: &OrganisationId,
        day: Date,
    ) -> Vec<(&'b OrganisationId, &'b RoleId)> {
        let Some(own) = self.held.get(term.held) else { return vec![] };
        let (sender, to) = (own.instrument.party(from), &term.clause.to);
        if !sender.is_some_and(|party| term.clause.from.may_be(party)) {
            return vec![];
        }
        let others = own.instrument.parties.iter().filter(|party| {
            party.id != *from
                && to.may_be(party)
                && self.standing(from, &party.id, day).bar(self, term).is_none()
        });
        let seats = others.flat_map(|party| party.roles.iter().map(move |role| (&party.id, role)));
        seats.filter(|(_, role)| to.any_role() || to.roles.contains(*role)).collect()
    }
}

/// Takes what clauses give that are not for an emergency, each field under the first that does.
fn take(sendable: &mut Sendable, given: &Permitted, to: (&OrganisationId, &RoleId)) {
    for (category, covered) in &given.categories {
        for (field, clause) in covered {
            let cited = given.citations.get(clause);
            if cited.is_none_or(|cited| cited.kind == Kind::Exceptional) {
                continue;
            }
            let seat = (to.0.clone(), to.1.clone());
            let of = sendable.entry(category.clone()).or_default().entry(seat).or_default();
            of.entry(field.clone()).or_insert_with(|| clause.clone());
        }
    }
}
