//! Everything in force, compiled: what the gate decides by.
//!
//! A bundle is made whole from the instruments and what the registers say of them, and replaced
//! whole. Which clauses run today, for a pair of parties, is not in it: that is standing, computed
//! from the day, so the clock lapses a clause without a new bundle.
//!
//! # Invariants
//!
//! - Every policy passed strict validation without a warning.
//! - A clause with a source is compiled only while that instrument is here, adopted by its lead
//!   party, and the clause narrows it; its findings say so otherwise.
//! - The prohibitions of an instrument that was replaced stay while it is here, for they follow
//!   the data that was received under it; its permits do not.

mod dictionary;
mod error;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::cedar::{PolicyText, policies, relies};
use ken_agreement::lint::{Finding, Severity, Unnarrowed, narrows, unsound};
use ken_agreement::status::{Pair, Register, Stands};
use ken_agreement::{Action, Clause, Instrument, InstrumentRef, Who, Words};
use ken_core::{ClauseId, FieldName, InstrumentHash, OrganisationId, Purpose};

use crate::decide::cedar::{Engine, Forbids};
use crate::decide::memo::Memo;

pub use dictionary::Dictionary;
pub use error::Error;
pub use standing::Standing;

/// An instrument with what the registers say of it.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// What was signed.
    pub instrument: Instrument,
    /// Who has signed, left, suspended it; whether another replaces it.
    pub register: Register,
}

/// An admitted instrument with its identity.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) hash: InstrumentHash,
    pub(crate) name: InstrumentRef,
    pub(crate) instrument: Instrument,
    pub(crate) register: Register,
}

/// A permit clause: what slices and reasons need, and what Cedar cannot say.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) id: ClauseId,
    pub(crate) held: usize,
    pub(crate) clause: Clause,
    /// What exceptions know it by.
    pub(crate) relies: BTreeSet<String>,
    pub(crate) words: BTreeSet<Words>,
    pub(crate) stands: Stands,
    /// The fields it covers, by its own instrument's dictionary.
    pub(crate) covers: BTreeMap<ken_core::Category, BTreeSet<FieldName>>,
}

/// Everything in force, compiled.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) held: Vec<Held>,
    /// In clause order: a duty before a power, an emergency last; then the narrowest; then by id.
    pub(crate) terms: Vec<Term>,
    pub(crate) engine: Engine,
    pub(crate) memo: Memo,
    by_purpose: BTreeMap<(Purpose, Action), Vec<usize>>,
    by_id: BTreeMap<ClauseId, (usize, usize)>,
    dictionary: Dictionary,
    findings: Vec<(InstrumentRef, Finding)>,
}

impl Bundle {
    /// Compiles instruments and what the registers say of them.
    ///
    /// Drafts that nobody has signed are left out: they permit nothing and forbid nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] when one breaks what the gate relies on, two have one name, or the policies do not
    /// validate. Nothing is in force then that was not before.
    pub fn compile(admitted: impl IntoIterator<Item = Admitted>) -> Result<Self, Error> {
        let held = hold(admitted)?;
        let mut findings = vec![];
        let (mut written, mut forbids) = (vec![], vec![]);
        for (n, own) in held.iter().enumerate() {
            for policy in policies(&own.instrument, &own.hash) {
                let Some(clause) = own.instrument.clause(&policy.clause) else { continue };
                if clause.is_prohibition() {
                    forbids.push(Forbids {
                        instrument: own.hash.clone(),
                        follows_data: clause.follows_data(),
                        policy,
                    });
                } else if own.register.superseded {
                    // What replaces it permits; it only forbids.
                } else if let Some(beyond) = unsourced(clause, own, &held) {
                    findings.extend(
                        beyond.iter().map(|what| (own.name.clone(), finding(clause, *what))),
                    );
                } else {
                    written.push((Term::new(n, own, clause), policy));
                }
            }
        }
        written.sort_by_cached_key(|(term, _)| {
            (term.clause.kind, term.clause.categories.len(), term.id.clone())
        });
        let (terms, permits): (Vec<Term>, Vec<PolicyText>) = written.into_iter().unzip();
        let engine = Engine::compile(&permits, &forbids).map_err(Error::Invalid)?;
        let dictionary = Dictionary::of(held.iter().map(|own| &own.instrument));
        let (by_purpose, by_id) = (by_purpose(&terms), by_id(&held));
        let memo = Memo::default();
        Ok(Self { held, terms, engine, memo, by_purpose, by_id, dictionary, findings })
    }

    /// What each category holds.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// Clauses that do not run, because their source is absent or they do not narrow it.
    #[must_use]
    pub fn findings(&self) -> &[(InstrumentRef, Finding)] {
        &self.findings
    }

    /// The instruments here, by hash.
    pub fn instruments(&self) -> impl Iterator<Item = (&InstrumentHash, &Instrument, &Register)> {
        self.held.iter().map(|own| (&own.hash, &own.instrument, &own.register))
    }

    /// A clause by its citation.
    #[must_use]
    pub fn clause(&self, id: &ClauseId) -> Option<(&Instrument, &Clause)> {
        let (n, clause) = self.by_id.get(id)?;
        let instrument = &self.held.get(*n)?.instrument;
        Some((instrument, instrument.clauses.get(*clause)?))
    }

    /// The exact text of words to affirm, as signed.
    #[must_use]
    pub fn text_of(&self, words: &Words) -> Option<&str> {
        let (instrument, clause) = self.clause(&words.clause)?;
        let asked = clause.attest.contains(&words.attestation);
        let text = asked.then(|| instrument.attestations.get(&words.attestation)).flatten();
        text.map(String::as_str)
    }

    /// The permits that may fit: by purpose, action and ends. Refuses nothing that Cedar would
    /// allow; the property test says so.
    pub(crate) fn candidates(&self, asked: &Candidacy<'_>) -> Vec<usize> {
        let key = (asked.purpose.clone(), asked.action);
        let among = self.by_purpose.get(&key).into_iter().flatten().copied();
        let fits = |n: &usize| {
            let term = self.terms.get(*n);
            term.is_some_and(|term| {
                self.held.get(term.held).is_some_and(|own| asked.fits(term, own))
            })
        };
        among.filter(fits).collect()
    }
}

/// What a slice is made by.
pub(crate) struct Candidacy<'a> {
    pub(crate) purpose: &'a Purpose,
    pub(crate) action: Action,
    pub(crate) sender: &'a OrganisationId,
    pub(crate) recipient: &'a OrganisationId,
}

impl Candidacy<'_> {
    fn fits(&self, term: &Term, own: &Held) -> bool {
        let pair = Pair::of(self.sender, self.recipient);
        let party = |id: &OrganisationId| own.instrument.party(id).is_some();
        let end = |who: &Who, id: &OrganisationId| match who {
            Who::Party(named) => named == id,
            Who::Any | Who::Own | Who::Referrer | Who::Person => true,
        };
        pair.suits(&term.clause)
            && pair.organisations().all(party)
            && end(&term.clause.from.party, self.sender)
            && end(&term.clause.to.party, self.recipient)
    }
}

impl Term {
    fn new(held: usize, own: &Held, clause: &Clause) -> Self {
        let Held { hash, instrument, .. } = own;
        let entries = clause.categories.iter().filter_map(|id| instrument.category(id));
        let covers = entries.map(|entry| {
            let mut fields = entry.whole();
            if let Some(only) = &clause.fields {
                fields.retain(|field| only.contains(field));
            }
            (entry.id.clone(), fields)
        });
        Self {
            id: Instrument::cite(hash, &clause.id),
            held,
            relies: relies(instrument, hash, clause),
            words: clause
                .attest
                .iter()
                .map(|w| Instrument::words_of(hash, &clause.id, w))
                .collect(),
            stands: Stands::needed(clause),
            covers: covers.collect(),
            clause: clause.clone(),
        }
    }
}

fn hold(admitted: impl IntoIterator<Item = Admitted>) -> Result<Vec<Held>, Error> {
    let mut held: Vec<Held> = vec![];
    for Admitted { instrument, register } in admitted {
        if register.signed.is_empty() {
            continue;
        }
        let (hash, name) = (instrument.hash(), instrument.name());
        let findings = unsound(&instrument);
        if !findings.is_empty() {
            return Err(Error::Unsound { instrument: name, findings });
        }
        if held.iter().any(|other| other.name == name) {
            return Err(Error::Twice(name));
        }
        held.push(Held { hash, name, instrument, register });
    }
    Ok(held)
}

/// In what a clause goes beyond its source; none where it may run.
fn unsourced(clause: &Clause, own: &Held, held: &[Held]) -> Option<BTreeSet<Unnarrowed>> {
    let named = &clause.source.as_ref()?.instrument;
    let adopted = |other: &&Held| {
        other.name == *named
            && !other.register.superseded
            && other.register.signed.contains(&other.instrument.agreement.lead_party)
    };
    let beyond = held.iter().find(adopted).map_or_else(
        || [Unnarrowed::Absent].into(),
        |source| narrows(clause, &own.instrument, &source.instrument),
    );
    (!beyond.is_empty()).then_some(beyond)
}

fn finding(clause: &Clause, what: Unnarrowed) -> Finding {
    Finding {
        code: "E-SOURCE",
        severity: Severity::Error,
        at: format!("{} {what:?}", clause.id),
        says: "the clause does not run: its source is absent, or it does not narrow it",
    }
}

fn by_purpose(terms: &[Term]) -> BTreeMap<(Purpose, Action), Vec<usize>> {
    let mut index: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (n, term) in terms.iter().enumerate() {
        for action in &term.clause.action {
            if let Some(purpose) = &term.clause.purpose {
                index.entry((purpose.clone(), *action)).or_default().push(n);
            }
        }
    }
    index
}

fn by_id(held: &[Held]) -> BTreeMap<ClauseId, (usize, usize)> {
    let all = held.iter().enumerate().flat_map(|(n, own)| {
        let clauses = own.instrument.clauses.iter().enumerate();
        clauses.map(move |(c, clause)| (Instrument::cite(&own.hash, &clause.id), (n, c)))
    });
    all.collect()
}
