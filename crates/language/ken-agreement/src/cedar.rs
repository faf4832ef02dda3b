//! Clauses as Cedar policies: text only; the gate compiles and asks.
//!
//! One policy per clause, named `hash#clause`, against the gate's own schema. A permit is asked
//! alone, so its exceptions and scope mean what the clause says; a Cedar `forbid` would else stop
//! every permit.
//!
//! # Invariants
//!
//! - A prohibition reads only equality and sets, never ancestry: `in` on a missing entity is
//!   silently false, and a prohibition must not be.
//! - Facts and words occur positively and only in permits, labels and lineage only in prohibitions.
//! - Text from an instrument enters a policy only as a quoted string.

use std::collections::BTreeSet;

use ken_core::{ClauseId, InstrumentHash, OrganisationId, RoleId};

use crate::canonical::word;
use crate::clause::{Clause, End, Who};
use crate::day::Day;
use crate::instrument::Instrument;
use crate::key::ClauseKey;
use crate::party::Party;
use crate::status::{PERSON, Pair, Stands};

/// What is said to be the clause where no clause of an instrument could be read.
const SHUT: &str = "shut";

/// One clause as a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyText {
    /// `hash#clause`: the policy's id, and the citation.
    pub id: ClauseId,
    /// The clause within its instrument.
    pub clause: ClauseKey,
    /// The policy.
    pub text: String,
}

/// The policies of an instrument, in the order of its clauses.
///
/// An instrument without parties permits nothing itself: its permits are sources for others.
#[must_use]
pub fn policies(instrument: &Instrument, hash: &InstrumentHash) -> Vec<PolicyText> {
    let writer = Writer { instrument, hash };
    let live = |clause: &&Clause| clause.is_prohibition() || !instrument.parties.is_empty();
    let written = instrument.clauses.iter().filter(live).map(|clause| PolicyText {
        id: Instrument::cite(hash, &clause.id),
        clause: clause.id.clone(),
        text: if clause.is_prohibition() { writer.forbid(clause) } else { writer.permit(clause) },
    });
    written.collect()
}

/// What stands for an instrument that does not compile: nothing under it, nothing that its ceilings
/// bound, and nothing that was received under it, whatever its own clauses say. Its id is no
/// clause's, which has no `*`.
#[must_use]
pub fn shut(hash: &InstrumentHash) -> PolicyText {
    let own = quote(hash.as_str());
    let sets =
        ["lineage", "above"].map(|set| format!("context.{set}.contains({own})")).join(" || ");
    let when = format!("context.instrument == {own} || {sets}");
    PolicyText {
        id: word(ClauseId::new(format!("{hash}#*"))),
        clause: word(SHUT.parse()),
        text: format!("forbid (principal, action, resource) when {{ {when} }};"),
    }
}

/// The names by which exceptions know a permit: its own id, its name, and what it narrows. What an
/// instrument has taken over from those before it is not in its text; the gate adds it.
#[must_use]
pub fn relies(instrument: &Instrument, hash: &InstrumentHash, clause: &Clause) -> BTreeSet<String> {
    let own = [
        Instrument::cite(hash, &clause.id).to_string(),
        format!("{}#{}", instrument.name(), clause.id),
    ];
    own.into_iter().chain(clause.source.iter().map(ToString::to_string)).collect()
}

/// The standing that a flow has: what of an instrument is in force for its sort of pair, and which
/// of its stages has begun.
#[must_use]
pub fn standing(
    hash: &InstrumentHash,
    pair: Pair<'_>,
    stands: Stands,
    stage: Option<Day>,
) -> String {
    let sort = match pair {
        Pair::Between(..) => "",
        Pair::Own(_) => "own/",
        Pair::Person(_) => "person/",
    };
    let stage = stage.map_or_else(String::new, |day| format!("/{day}"));
    format!("{hash}/{sort}{}{stage}", stands.as_str())
}

/// A Cedar string literal.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            ' '..='~' if !matches!(character, '"' | '\\' | '*') => literal.push(character),
            other => literal.extend(other.escape_unicode()),
        }
    }
    literal.push('"');
    literal
}

struct Writer<'a> {
    instrument: &'a Instrument,
    hash: &'a InstrumentHash,
}

impl Writer<'_> {
    fn permit(&self, clause: &Clause) -> String {
        let id = Instrument::cite(self.hash, &clause.id);
        let actions: Vec<_> = clause.action.iter().map(|a| uid("Action", a.as_str())).collect();
        let purpose = clause.purpose.as_ref().map_or("", |purpose| purpose.as_str());
        let mut when = vec![
            format!("context.relies.contains({})", quote(id.as_str())),
            format!("context.purpose == {}", quote(purpose)),
            format!("[{}].contains(context.category)", list(&clause.categories)),
        ];
        when.extend(self.end(&clause.from, "sender", "from"));
        when.extend(self.end(&clause.to, "recipient", "to"));
        if clause.source.is_some() {
            // What is in force elsewhere is so from its first day there.
            when.push("context.source_begun".to_owned());
        }
        if clause.is_own() {
            // What an organisation may do as its own business, it may do with its own data.
            when.push("context.source == resource.sender".to_owned());
        }
        if !clause.require.is_empty() {
            when.push(format!("context.facts.containsAll([{}])", list(&clause.require)));
        }
        if !clause.attest.is_empty() {
            let words = clause.attest.iter().map(|words| format!("{id}/{words}"));
            when.push(format!("context.attested.containsAll([{}])", list(words)));
        }
        let standing = uid("Standing", &self.needed(clause));
        let (actions, when) = (actions.join(", "), when.join(" && "));
        format!(
            "permit (principal, action in [{actions}], resource in {standing}) when {{ {when} }};"
        )
    }

    fn needed(&self, clause: &Clause) -> String {
        // Only the sort of pair matters here; any organisation stands for it.
        let lead = &self.instrument.agreement.lead_party;
        let pair = match () {
            () if clause.is_own() => Pair::Own(lead),
            () if clause.is_for_person() => Pair::Person(lead),
            () => Pair::Between(lead, lead),
        };
        standing(self.hash, pair, Stands::needed(clause), clause.starts)
    }

    /// Categories and labels widen each other. Absent means all.
    fn forbid(&self, clause: &Clause) -> String {
        let hash = quote(self.hash.as_str());
        let mut under = vec![format!("context.instrument == {hash}")];
        if clause.follows_data() {
            under.push(format!("context.lineage.contains({hash})"));
        }
        if clause.binds_below() {
            under.push(format!("context.above.contains({hash})"));
        }
        let mut when = vec![under];
        when.extend(self.end(&clause.from, "sender", "from").map(|end| vec![end]));
        when.extend(self.end(&clause.to, "recipient", "to").map(|end| vec![end]));
        let mut what = vec![];
        if !clause.categories.is_empty() {
            what.push(format!("[{}].contains(context.category)", list(&clause.categories)));
        }
        if !clause.labels.is_empty() {
            what.push(format!("context.labels.containsAny([{}])", list(&clause.labels)));
        }
        when.extend((!what.is_empty()).then_some(what));
        let when: Vec<_> = when.iter().map(|any| format!("({})", any.join(" || "))).collect();
        let except = self.excepted(clause);
        let unless = if except.is_empty() {
            String::new()
        } else {
            format!(" unless {{ context.relies.containsAny([{}]) }}", list(&except))
        };
        format!("forbid (principal, action, resource) when {{ {} }}{unless};", when.join(" && "))
    }

    /// The clauses excepted, and the sources they narrow: an agreement that has ended, whose
    /// prohibitions still follow its data, must not stop an emergency under its successor.
    fn excepted(&self, clause: &Clause) -> BTreeSet<String> {
        let named = self.instrument.clauses.iter().filter(|c| clause.except.contains(&c.id));
        named.flat_map(|c| relies(self.instrument, self.hash, c)).collect()
    }

    /// What one end of the flow must be. Nothing for a permit's `*`, because its standing is only
    /// given to two parties, nor for a prohibition's, which means anybody.
    fn end(&self, end: &End, organisation: &str, role: &str) -> Option<String> {
        let one_self = "resource.sender == resource.recipient";
        match Reach::of(self.instrument, end) {
            Reach::Anybody => None,
            Reach::Referrer => Some(format!("context.referrers.contains(resource.{organisation})")),
            Reach::Person => {
                Some(format!("resource.{organisation} == {}", uid("Organisation", PERSON)))
            }
            Reach::Oneself => Some(one_self.to_owned()),
            Reach::Organisations(all) => {
                let all: Vec<_> = all.iter().map(|id| uid("Organisation", id.as_str())).collect();
                Some(match all.as_slice() {
                    [one] => format!("resource.{organisation} == {one}"),
                    _ => format!("[{}].contains(resource.{organisation})", all.join(", ")),
                })
            }
            Reach::Seats { own, seats } => {
                let own = if own { format!("{one_self} && ") } else { String::new() };
                let seats: Vec<_> = seats
                    .iter()
                    .map(|(party, role)| uid("Role", &format!("{party}/{role}")))
                    .collect();
                Some(format!("{own}[{}].contains(resource.{role})", seats.join(", ")))
            }
        }
    }
}

/// Whom one end of a clause reaches: what its policy tests, and what an index may sift by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Anybody; in a permit, any party.
    Anybody,
    /// Whoever referred the person.
    Referrer,
    /// The person.
    Person,
    /// Sender and recipient are one organisation.
    Oneself,
    /// These organisations, in any role.
    Organisations(BTreeSet<OrganisationId>),
    /// These roles of these organisations.
    Seats {
        /// Whether sender and recipient must be one organisation too.
        own: bool,
        /// Each organisation with its role.
        seats: BTreeSet<(OrganisationId, RoleId)>,
    },
}

impl Reach {
    /// Whom an end of a clause of an instrument reaches.
    #[must_use]
    pub fn of(instrument: &Instrument, end: &End) -> Self {
        let parties = || instrument.parties.iter().filter(|party| end.may_be(party));
        match &end.party {
            Who::Referrer => Self::Referrer,
            Who::Person => Self::Person,
            Who::Own if end.any_role() => Self::Oneself,
            _ if !end.any_role() => {
                let seats = parties().flat_map(|party| {
                    let held = party.roles.intersection(&end.roles);
                    held.map(|role| (party.id.clone(), role.clone()))
                });
                Self::Seats { own: end.party == Who::Own, seats: seats.collect() }
            }
            Who::Party(id) => Self::Organisations([id.clone()].into()),
            _ if end.kinds.is_empty() => Self::Anybody,
            _ => Self::Organisations(parties().map(|party| party.id.clone()).collect()),
        }
    }
}

impl End {
    /// Whether a party of the instrument may stand at this end.
    #[must_use]
    pub fn may_be(&self, party: &Party) -> bool {
        match &self.party {
            Who::Party(id) => *id == party.id,
            Who::Any | Who::Own => self.kinds.is_empty() || self.kinds.contains(&party.kind),
            Who::Referrer => true,
            Who::Person => false,
        }
    }
}

fn uid(kind: &str, id: &str) -> String {
    format!("{kind}::{}", quote(id))
}

fn list(names: impl IntoIterator<Item: ToString>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| quote(&name.to_string())).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_cannot_be_left() {
        let check = |text: &str, want: &str| assert_eq!(quote(text), want);
        check("age>=16", "\"age>=16\"");
        check("a\"b\\c", "\"a\\u{22}b\\u{5c}c\"");
        check("*referrer\n", "\"\\u{2a}referrer\\u{a}\"");
    }
}
