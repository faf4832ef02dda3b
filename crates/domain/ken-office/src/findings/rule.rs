//! The rules of the audit, as data, and what each says of one look. Pure.

use std::collections::BTreeSet;

use ken_core::{Purpose, RoleId};
use ken_ledger::EntryKind;
use serde::Deserialize;

/// The rules that are shipped.
const SHIPPED: &str = include_str!("rules.toml");

/// Why a text holds no rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rules of the audit cannot be read")]
pub struct RuleError;

/// A register that a rule reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Who each practitioner is as a person.
    OwnPerson,
    /// Who is whose family.
    Family,
    /// Who was whose partner.
    FormerPartners,
    /// Which of the people known here work for which organisation.
    PeopleAtWork,
    /// Where people live, as sources say.
    Postcodes,
    /// Who has to do with whom.
    Relationships,
    /// Whom the public knows.
    WellKnownPeople,
}

impl Need {
    /// Whether Ken has such a register at all.
    #[must_use]
    pub fn is_held(self) -> bool {
        self != Self::WellKnownPeople
    }

    /// The register in words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::OwnPerson => "who each practitioner is as a person",
            Self::Family => "who is whose family",
            Self::FormerPartners => "who was whose partner",
            Self::PeopleAtWork => "which people work for which organisation",
            Self::Postcodes => "where people live",
            Self::Relationships => "who has to do with whom",
            Self::WellKnownPeople => "whom the public knows",
        }
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Sign {
    #[serde(rename = "self")]
    Own,
    Family,
    ExPartner,
    Colleague,
    Neighbour,
    WellKnown,
    NoRelationship,
    UnusualRate,
    Guessing,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    id: Sign,
    /// What it points at, in plain words.
    pub says: String,
    /// Which registers it reads.
    pub needs: BTreeSet<Need>,
    /// In which roles one sees what it finds, each in the organisation of whoever looked.
    pub seen_by: BTreeSet<RoleId>,
    outcomes: BTreeSet<String>,
    #[serde(default)]
    unless: BTreeSet<Purpose>,
    /// From how many on it speaks.
    pub threshold: u32,
}

/// The rules of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    rule: Vec<Rule>,
}

impl Rules {
    /// The rules that are shipped.
    ///
    /// # Errors
    ///
    /// [`RuleError`] never, as a test makes sure.
    pub fn shipped() -> Result<Self, RuleError> {
        Self::parse(SHIPPED)
    }

    /// Reads rules. Each has another id, a threshold, and somebody who sees what it finds.
    ///
    /// # Errors
    ///
    /// [`RuleError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let rules: Self = toml::from_str(text).map_err(|_| RuleError)?;
        let ids: BTreeSet<_> = rules.rule.iter().map(|rule| rule.id).collect();
        let kinds = [EntryKind::Permit, EntryKind::Need, EntryKind::Deny].map(EntryKind::code);
        let is_good = |rule: &Rule| {
            let known = |outcome: &String| kinds.contains(&outcome.as_str());
            rule.threshold > 0
                && !rule.seen_by.is_empty()
                && !rule.outcomes.is_empty()
                && rule.outcomes.iter().all(known)
        };
        let good = ids.len() == rules.rule.len() && rules.rule.iter().all(is_good);
        if good { Ok(rules) } else { Err(RuleError) }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Rule] {
        &self.rule
    }

    /// One by its id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Rule> {
        self.rule.iter().find(|rule| rule.id() == id)
    }

    /// The rules that one sees in a role.
    pub fn seen_by<'a>(&'a self, role: &'a RoleId) -> impl Iterator<Item = &'a Rule> {
        self.rule.iter().filter(move |rule| rule.seen_by.contains(role))
    }
}

/// One decision, as far as the rules ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What came of it: a permit, a need for words, a refusal.
    pub outcome: EntryKind,
    /// What for.
    pub purpose: Purpose,
    /// Whether any relationship was known when it was decided.
    pub has_relationship: bool,
}

/// Who looked is, to whom it was about, as the registers say when it is examined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact of one register")]
pub struct Near {
    /// The same person.
    pub is_self: bool,
    /// Family.
    pub is_family: bool,
    /// A former partner.
    pub is_former_partner: bool,
    /// Somebody who works for the same organisation.
    pub is_colleague: bool,
    /// Somebody with the same postcode.
    pub is_neighbour: bool,
}

impl Rule {
    /// Its id: part of what is stored, never shown alone.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self.id {
            Sign::Own => "self",
            Sign::Family => "family",
            Sign::ExPartner => "ex-partner",
            Sign::Colleague => "colleague",
            Sign::Neighbour => "neighbour",
            Sign::WellKnown => "well-known",
            Sign::NoRelationship => "no-relationship",
            Sign::UnusualRate => "unusual-rate",
            Sign::Guessing => "guessing",
        }
    }

    /// Whether Ken holds every register that it reads.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.needs.iter().all(|need| need.is_held())
    }

    /// Whether it counts people over a day, rather than one look.
    #[must_use]
    pub fn counts_people(&self) -> bool {
        self.id == Sign::UnusualRate
    }

    /// Whether it counts the looks of a day, whomever they were about: who guesses asks for many.
    #[must_use]
    pub fn counts_the_day(&self) -> bool {
        self.id == Sign::Guessing
    }

    /// Whether it counts a look at all.
    #[must_use]
    pub fn counts(&self, look: &Look) -> bool {
        self.runs()
            && self.outcomes.contains(look.outcome.code())
            && !self.unless.contains(&look.purpose)
    }

    /// Whether it points at a look. Of those near, the nearest counts: one's own record is not
    /// that of a neighbour.
    #[must_use]
    pub fn points_at(&self, look: &Look, near: &Near) -> bool {
        let is_kin = near.is_self || near.is_family || near.is_former_partner;
        let points = match self.id {
            Sign::Own => near.is_self,
            Sign::Family => near.is_family && !near.is_self,
            Sign::ExPartner => near.is_former_partner && !near.is_self,
            Sign::Colleague => near.is_colleague && !is_kin,
            Sign::Neighbour => near.is_neighbour && !is_kin,
            Sign::NoRelationship => !look.has_relationship,
            Sign::Guessing => !look.has_relationship && !is_kin,
            Sign::WellKnown | Sign::UnusualRate => false,
        };
        points && self.counts(look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(outcome: EntryKind, purpose: &str, has_relationship: bool) -> Look {
        Look { outcome, purpose: purpose.parse().unwrap(), has_relationship }
    }

    #[test]
    fn the_shipped_rules_read_and_one_lacks_its_register() {
        let rules = Rules::shipped().unwrap();
        assert_eq!(rules.all().len(), 9);
        let idle: Vec<_> = rules.all().iter().filter(|rule| !rule.runs()).map(Rule::id).collect();
        assert_eq!(idle, ["well-known"]);
        for rule in rules.all() {
            assert!(rule.says.ends_with('.') && rules.find(rule.id()) == Some(rule));
        }
    }

    #[test]
    fn rules_that_nobody_sees_or_that_are_told_twice_are_refused() {
        let check = |from: &str, to: &str| {
            assert!(SHIPPED.contains(from));
            assert_eq!(Rules::parse(&SHIPPED.replacen(from, to, 1)), Err(RuleError), "{from}");
        };
        check("id = \"family\"", "id = \"self\"");
        check("id = \"family\"", "id = \"cousin\"");
        check("threshold = 1\n", "threshold = 0\n");
        check("seen_by = [\"ig.lead\"]", "seen_by = []");
        check("outcomes = [\"permit\"]", "outcomes = [\"maybe\"]");
        check("[\"own-person\"]", "[\"palm-reading\"]");
    }

    #[test]
    fn each_rule_points_at_its_own_and_at_nothing_else() {
        let rules = Rules::shipped().unwrap();
        let near = Near::default();
        let check = |look: &Look, near: &Near, wants: &[&str]| {
            let found: Vec<_> =
                rules.all().iter().filter(|r| r.points_at(look, near)).map(Rule::id).collect();
            assert_eq!(found, wants, "{look:?} {near:?}");
        };
        let permit = look(EntryKind::Permit, "direct-care", true);
        check(&permit, &near, &[]);
        check(&permit, &Near { is_self: true, is_neighbour: true, ..near }, &["self"]);
        check(&permit, &Near { is_family: true, is_neighbour: true, ..near }, &["family"]);
        check(&permit, &Near { is_former_partner: true, ..near }, &["ex-partner"]);
        check(&permit, &Near { is_colleague: true, ..near }, &["colleague"]);
        let both = Near { is_colleague: true, is_neighbour: true, ..near };
        check(&permit, &both, &["colleague", "neighbour"]);
        check(&look(EntryKind::Permit, "direct-care", false), &near, &["no-relationship"]);
        check(&look(EntryKind::Permit, "own-work", false), &near, &[]);
        check(&look(EntryKind::Deny, "direct-care", false), &near, &["guessing"]);
        let own = Near { is_self: true, ..near };
        check(&look(EntryKind::Deny, "direct-care", false), &own, &["self"]);
        let next_door = Near { is_neighbour: true, ..near };
        check(&look(EntryKind::Deny, "direct-care", true), &next_door, &[]);
    }
}
