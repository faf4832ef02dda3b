//! What may become of a draft, and by whom: the rule, without a database.
//!
//! # Invariants
//!
//! - Nobody changes another party's lawful basis, by whatever way: [`may_become`] stands before
//!   every new revision, whoever makes it. A basis that is given for every party is everybody's,
//!   and so nobody's to change alone.
//!
//! Source: UK GDPR arts. 5(2) and 6: each controller answers for its own basis.

use ken_agreement::{Basis, Clause, ClauseKey, Instrument, Parts, Who};
use ken_core::OrganisationId;
use serde::{Deserialize, Serialize};

use crate::assess::fingerprint;

/// Why something is not done to a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Another party's lawful basis would change.
    OthersBasis,
    /// A first text says of another party's basis that it was confirmed.
    OthersConfirmed,
    /// A first text gives a basis for several parties at once, which nobody could change.
    SharedBasis,
    /// The bases given are not all one's own.
    NotOwnBasis,
    /// Only the lead party may.
    NotLead,
    /// Whoever it is takes no part in this draft.
    NotMember,
    /// Whoever it is may comment, and no more.
    CommentsOnly,
    /// What was written does not read.
    NotRead,
    /// A proposal is one whole clause, or the removal of one.
    OneClause,
    /// The draft has no such clause, proposal or consultation.
    Unknown,
    /// Nothing would change.
    Unchanged,
    /// The clause has changed since this was proposed.
    Stale,
    /// It is decided, registered or closed already.
    Closed,
    /// It needs words: a comment, or a reason.
    NoWords,
    /// More than one draft holds.
    TooMany,
    /// The text is of another agreement, or of another lead party.
    OtherAgreement,
    /// The check of agreements finds errors in the text.
    Unsound,
    /// Another text is registered under this name and version.
    NameTaken,
    /// Whoever is asked for advice is no public body of a registered text.
    NotAdviser,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 19] = [
        Self::OthersBasis,
        Self::OthersConfirmed,
        Self::SharedBasis,
        Self::NotOwnBasis,
        Self::NotLead,
        Self::NotMember,
        Self::CommentsOnly,
        Self::NotRead,
        Self::OneClause,
        Self::Unknown,
        Self::Unchanged,
        Self::Stale,
        Self::Closed,
        Self::NoWords,
        Self::TooMany,
        Self::OtherAgreement,
        Self::Unsound,
        Self::NameTaken,
        Self::NotAdviser,
    ];

    /// The stable word, as the ledger has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OthersBasis => "others-basis",
            Self::OthersConfirmed => "others-confirmed",
            Self::SharedBasis => "shared-basis",
            Self::NotOwnBasis => "not-own-basis",
            Self::NotLead => "not-lead",
            Self::NotMember => "not-member",
            Self::CommentsOnly => "comments-only",
            Self::NotRead => "not-read",
            Self::OneClause => "one-clause",
            Self::Unknown => "unknown",
            Self::Unchanged => "unchanged",
            Self::Stale => "stale",
            Self::Closed => "closed",
            Self::NoWords => "no-words",
            Self::TooMany => "too-many",
            Self::OtherAgreement => "other-agreement",
            Self::Unsound => "unsound",
            Self::NameTaken => "name-taken",
            Self::NotAdviser => "not-adviser",
        }
    }

    /// Why, in a sentence that says what to do.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::OthersBasis => {
                "This would change another party's lawful basis. Only that party may change it."
            }
            Self::OthersConfirmed => {
                "Leave confirmed_by empty for every other party's basis. Each confirms its own."
            }
            Self::SharedBasis => "Give each party its own basis by name, so that it can change it.",
            Self::NotOwnBasis => "Give bases of your own organisation only, each by its name.",
            Self::NotLead => "Only the party that leads the agreement may do this.",
            Self::NotMember => "Your organisation takes no part in this draft.",
            Self::CommentsOnly => "Your organisation may comment on this draft, and no more.",
            Self::NotRead => "This text does not read. Put right what is listed.",
            Self::OneClause => "Propose one whole clause at a time.",
            Self::Unknown => "The draft has no such clause or proposal.",
            Self::Unchanged => "Nothing would change.",
            Self::Stale => "The clause has changed since. It has to be proposed again.",
            Self::Closed => "This is closed already.",
            Self::NoWords => "Write a comment or a reason, of at most 4,000 characters.",
            Self::TooMany => "This draft holds no more. Decide what is open first.",
            Self::OtherAgreement => "Keep the agreement's name and its lead party.",
            Self::Unsound => "The check finds errors in this text. Put them right first.",
            Self::NameTaken => "Another text has this name and version. Give it a new version.",
            Self::NotAdviser => "Choose a public body of the partnership, other than your own.",
        }
    }

    /// Whether it stands on the ledger: somebody tried what is not theirs.
    #[must_use]
    pub fn is_entered(self) -> bool {
        matches!(
            self,
            Self::OthersBasis
                | Self::OthersConfirmed
                | Self::NotOwnBasis
                | Self::NotLead
                | Self::NotMember
                | Self::CommentsOnly
        )
    }
}

/// What a proposal would do to a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What would newly be allowed.
    pub newly_allowed: Vec<String>,
    /// What would no longer be allowed.
    pub no_longer: Vec<String>,
    /// What would be allowed under other conditions or words.
    pub otherwise: Vec<String>,
}

impl Said {
    /// What changes from one text to the other.
    #[must_use]
    pub fn of(before: &Instrument, after: &Instrument) -> Self {
        let changes = ken_agreement::diff::diff(before, after);
        let ken_agreement::diff::Changes { newly_allowed, no_longer, otherwise } = changes;
        Self { newly_allowed, no_longer, otherwise }
    }

    /// Whether nobody may see more or less, or otherwise.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.newly_allowed.is_empty() && self.no_longer.is_empty() && self.otherwise.is_empty()
    }
}

fn is_own(basis: &Basis, party: &OrganisationId) -> bool {
    basis.party == Who::Party(party.clone())
}

/// The bases that are not a party's own, in their order.
fn others<'a>(of: &'a Instrument, party: &OrganisationId) -> Vec<&'a Basis> {
    of.bases.iter().filter(|basis| !is_own(basis, party)).collect()
}

/// Whether a party may open a draft with this text.
///
/// # Errors
///
/// [`Refusal::NotLead`]; [`Refusal::SharedBasis`]; or [`Refusal::OthersConfirmed`]: what another
/// party's basis is may be suggested, but not said to be confirmed.
pub fn may_begin(of: &Instrument, by: &OrganisationId) -> Result<(), Refusal> {
    if of.agreement.lead_party != *by {
        return Err(Refusal::NotLead);
    }
    if of.bases.iter().any(|basis| !matches!(basis.party, Who::Party(_))) {
        return Err(Refusal::SharedBasis);
    }
    let confirmed = |basis: &&Basis| !basis.confirmed_by.trim().is_empty();
    if others(of, by).iter().any(confirmed) {
        return Err(Refusal::OthersConfirmed);
    }
    Ok(())
}

/// Whether a party may turn one text into the other.
///
/// # Errors
///
/// [`Refusal::OtherAgreement`], [`Refusal::OthersBasis`] or [`Refusal::Unchanged`].
pub fn may_become(
    before: &Instrument,
    after: &Instrument,
    by: &OrganisationId,
) -> Result<(), Refusal> {
    let (old, new) = (&before.agreement, &after.agreement);
    if old.id != new.id || old.lead_party != new.lead_party {
        return Err(Refusal::OtherAgreement);
    }
    if others(before, by) != others(after, by) {
        return Err(Refusal::OthersBasis);
    }
    if before == after {
        return Err(Refusal::Unchanged);
    }
    Ok(())
}

/// The text with a party's own bases in place of those that it had.
///
/// # Errors
///
/// [`Refusal::NotOwnBasis`], or as [`may_become`].
pub fn with_bases(
    before: &Instrument,
    bases: Vec<Basis>,
    by: &OrganisationId,
) -> Result<Instrument, Refusal> {
    if !bases.iter().all(|basis| is_own(basis, by)) {
        return Err(Refusal::NotOwnBasis);
    }
    let mut after = before.clone();
    after.bases.retain(|basis| !is_own(basis, by));
    after.bases.extend(bases);
    may_become(before, &after, by)?;
    Ok(after)
}

/// What a proposal puts in a clause's place: another clause of that id, or none.
///
/// # Errors
///
/// [`Refusal::NotRead`], or [`Refusal::OneClause`] where it is no single clause of this id.
pub fn read_clause(clause: &ClauseKey, text: &str) -> Result<Option<Clause>, Refusal> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let Parts { mut clauses, bases } = Parts::parse(text).map_err(|_| Refusal::NotRead)?;
    if !bases.is_empty() {
        return Err(Refusal::OthersBasis);
    }
    match (clauses.pop(), clauses.is_empty()) {
        (Some(new), true) if new.id == *clause => Ok(Some(new)),
        _ => Err(Refusal::OneClause),
    }
}

/// The text with a clause replaced, added, or taken away.
///
/// # Errors
///
/// [`Refusal::Unknown`] where a clause that is not there would be taken away, or
/// [`Refusal::Unchanged`].
pub fn with_clause(
    before: &Instrument,
    clause: &ClauseKey,
    new: Option<Clause>,
) -> Result<Instrument, Refusal> {
    let mut after = before.clone();
    let place = after.clauses.iter().position(|one| one.id == *clause);
    match (place, new) {
        (Some(place), Some(new)) => {
            if let Some(old) = after.clauses.get_mut(place) {
                *old = new;
            }
        }
        (Some(place), None) => drop(after.clauses.remove(place)),
        (None, Some(new)) => after.clauses.push(new),
        (None, None) => return Err(Refusal::Unknown),
    }
    if after == *before { Err(Refusal::Unchanged) } else { Ok(after) }
}

/// What a clause is as it stands, as a hash; empty where it is not there.
#[must_use]
pub fn stands(of: &Instrument, clause: &ClauseKey) -> String {
    of.clause(clause).map(fingerprint).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn text() -> Instrument {
        Instrument::parse(include_str!("../../../../../agreements/glen-asp-concern.toml")).unwrap()
    }

    fn id(text: &str) -> OrganisationId {
        text.parse().unwrap()
    }

    #[test]
    fn each_refusal_has_its_own_word_and_sentence() {
        let words: BTreeSet<_> = Refusal::ALL.iter().map(|one| one.word()).collect();
        let says: BTreeSet<_> = Refusal::ALL.iter().map(|one| one.says()).collect();
        assert_eq!((words.len(), says.len()), (19, 19));
    }

    #[test]
    fn a_first_text_confirms_nobody_elses_basis() {
        let mut of = text();
        assert_eq!(may_begin(&of, &id("police")), Err(Refusal::NotLead));
        assert_eq!(may_begin(&of, &id("cec")), Err(Refusal::OthersConfirmed));
        let own = Who::Party(id("cec"));
        for basis in of.bases.iter_mut().filter(|basis| basis.party != own) {
            basis.confirmed_by = " ".into();
        }
        assert_eq!(may_begin(&of, &id("cec")), Ok(()));
        of.bases[0].party = Who::Any;
        assert_eq!(may_begin(&of, &id("cec")), Err(Refusal::SharedBasis));
    }

    #[test]
    fn a_basis_of_everybody_is_nobodys_to_change() {
        let mut before = text();
        before.bases[0].party = Who::Any;
        let mut after = before.clone();
        after.bases[0].art6 = "6(1)(f)".into();
        for party in ["police", "cec", "nhsl", "rowan"] {
            assert_eq!(may_become(&before, &after, &id(party)), Err(Refusal::OthersBasis));
        }
    }

    #[test]
    fn a_proposal_is_one_clause_and_carries_no_basis() {
        let of = text();
        let key: ClauseKey = "C5".parse().unwrap();
        let parts = |clauses: &[&str], bases: usize| Parts {
            clauses: clauses
                .iter()
                .map(|id| of.clause(&id.parse().unwrap()).unwrap().clone())
                .collect(),
            bases: of.bases[..bases].to_vec(),
        };
        let check = |parts: &Parts, want: Result<bool, Refusal>| {
            let read = read_clause(&key, &parts.to_toml());
            assert_eq!(read.map(|clause| clause.is_some()), want);
        };
        check(&parts(&["C5"], 0), Ok(true));
        check(&parts(&[], 0), Ok(false));
        check(&parts(&["C5", "C6"], 0), Err(Refusal::OneClause));
        check(&parts(&["C6"], 0), Err(Refusal::OneClause));
        check(&parts(&["C5"], 1), Err(Refusal::OthersBasis));
        assert_eq!(read_clause(&key, "[[clause"), Err(Refusal::NotRead));
        assert_eq!(with_clause(&of, &"Z9".parse().unwrap(), None), Err(Refusal::Unknown));
        let same = of.clause(&key).cloned();
        assert_eq!(with_clause(&of, &key, same), Err(Refusal::Unchanged));
        assert_eq!(with_clause(&of, &key, None).unwrap().clauses.len(), of.clauses.len() - 1);
    }

    /// What a party tries: whole texts, its own bases, others' bases, clauses that carry bases.
    #[derive(Debug, Clone)]
    enum Try {
        Text { basis: usize, words: String },
        Remove { basis: usize },
        Bases { basis: usize, words: String },
        Clause { clause: usize, words: String, basis: Option<usize> },
    }

    fn tries() -> impl Strategy<Value = Vec<(usize, Try)>> {
        let words = || "[a-z]{1,6}";
        let one = prop_oneof![
            (0..8usize, words()).prop_map(|(basis, words)| Try::Text { basis, words }),
            (0..8usize).prop_map(|basis| Try::Remove { basis }),
            (0..8usize, words()).prop_map(|(basis, words)| Try::Bases { basis, words }),
            (0..8usize, words(), proptest::option::of(0..8usize))
                .prop_map(|(clause, words, basis)| Try::Clause { clause, words, basis }),
        ];
        proptest::collection::vec((0..4usize, one), 1..24)
    }

    /// What comes of a try, by the rules that the operations go by.
    fn tried(of: &Instrument, by: &OrganisationId, what: Try) -> Result<Instrument, Refusal> {
        let at = |basis: usize| basis % of.bases.len().max(1);
        match what {
            Try::Text { basis, words } => {
                let mut after = of.clone();
                if let Some(basis) = after.bases.get_mut(at(basis)) {
                    basis.power = vec![words];
                }
                may_become(of, &after, by).map(|()| after)
            }
            Try::Remove { basis } => {
                let mut after = of.clone();
                if !after.bases.is_empty() {
                    after.bases.remove(at(basis));
                }
                may_become(of, &after, by).map(|()| after)
            }
            Try::Bases { basis, words } => {
                let mut bases: Vec<_> = of.bases.get(at(basis)).cloned().into_iter().collect();
                for basis in &mut bases {
                    basis.art6.clone_from(&words);
                }
                with_bases(of, bases, by)
            }
            Try::Clause { clause, words, basis } => {
                let mut new = of.clauses[clause % of.clauses.len()].clone();
                new.text = words;
                let bases = basis.and_then(|basis| of.bases.get(at(basis)).cloned());
                let parts =
                    Parts { clauses: vec![new.clone()], bases: bases.into_iter().collect() };
                let read = read_clause(&new.id, &parts.to_toml())?;
                with_clause(of, &new.id, read)
            }
        }
    }

    fn repeatable() -> ProptestConfig {
        let default = ProptestConfig::default();
        ProptestConfig { rng_seed: RngSeed::Fixed(13), ..default }
    }

    proptest! {
        #![proptest_config(repeatable())]
        #[test]
        fn no_sequence_of_a_party_changes_the_basis_of_another(tries in tries()) {
            let parties = ["police", "cec", "nhsl", "rowan"].map(id);
            let mut of = text();
            for (who, what) in tries {
                let by = &parties[who];
                let Ok(after) = tried(&of, by, what) else { continue };
                for other in parties.iter().filter(|other| *other != by) {
                    let theirs = |of: &Instrument| -> Vec<Basis> {
                        of.bases.iter().filter(|basis| is_own(basis, other)).cloned().collect()
                    };
                    prop_assert_eq!(theirs(&of), theirs(&after), "{} changed {}", by, other);
                }
                of = after;
            }
        }
    }
}
