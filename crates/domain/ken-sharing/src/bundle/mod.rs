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
//!   party, and the clause narrows it; its findings say so otherwise. A statute pack that replaces
//!   another takes its place: a duty does not lapse because the law was written anew.
//! - The prohibitions of an instrument that was replaced stay while it is here, for they follow
//!   the data that was received under it; its permits do not.
//! - What they except, they except in what took the place of the instrument named (`succession`).
//! - A clause with a source runs from the source's first day.
//! - An instrument that does not compile never widens what the others give (`shut`).

mod askable;
mod dictionary;
mod error;
mod named;
mod readers;
mod sendable;
mod shut;
mod standing;
mod succession;
mod term;

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::cedar::{PolicyText, policies};
use ken_agreement::lint::{self, Finding, Unnarrowed, narrows, unsound};
use ken_agreement::status::Register;
use ken_agreement::{Action, Clause, Day, Instrument, InstrumentRef, Words};
use ken_core::{ClauseId, InstrumentHash, Purpose};

use crate::decide::cedar::{Engine, Forbids};
use crate::decide::memo::Memo;
use crate::instrument::Unread;

pub use dictionary::Dictionary;
pub use error::Error;
pub use readers::Readers;
pub use sendable::{Receivers, SENDS, Sendable};
use shut::Shut;
pub use shut::compiles;
pub(crate) use standing::Standing;
pub(crate) use term::{Bars, Candidacy, Ends, Term};

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
    /// The days on which a clause starts later than the instrument.
    pub(crate) stages: BTreeSet<Day>,
    /// The code of why it does not compile, where it does not.
    pub(crate) shut: Option<&'static str>,
}

/// Everything in force, compiled.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) held: Vec<Held>,
    /// In clause order: a duty before a power, an emergency last; then the narrowest; then by id.
    pub(crate) terms: Vec<Term>,
    pub(crate) engine: Engine,
    pub(crate) memo: Memo,
    /// The prohibitions of each instrument, in the order of `held`.
    bars: Vec<Vec<Bars>>,
    by_purpose: BTreeMap<(Purpose, Action), Vec<usize>>,
    by_hash: BTreeMap<InstrumentHash, usize>,
    by_name: BTreeMap<InstrumentRef, usize>,
    by_id: BTreeMap<ClauseId, (usize, usize)>,
    by_citation: BTreeMap<ClauseId, usize>,
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
        Self::compile_after(None, admitted)
    }

    /// As [`Bundle::compile`], with the policies of the bundle before taken over where their
    /// instruments are here still: a change of one instrument costs what that one costs.
    ///
    /// # Errors
    ///
    /// As [`Bundle::compile`].
    pub fn compile_after(
        before: Option<&Self>,
        admitted: impl IntoIterator<Item = Admitted>,
    ) -> Result<Self, Error> {
        Self::of(before, admitted, (&Shut::new(), &[]))
    }

    /// Compiles, with those that are known not to compile, or cannot be read, kept shut.
    fn of(
        before: Option<&Self>,
        admitted: impl IntoIterator<Item = Admitted>,
        shut: (&Shut, &[Unread]),
    ) -> Result<Self, Error> {
        let held = hold(before, admitted, shut)?;
        let mut findings = vec![];
        let (mut written, mut forbids) = (vec![], vec![]);
        let mut bars: Vec<Vec<Bars>> = held.iter().map(|_| vec![]).collect();
        let by_name = standing::by_name(&held);
        for (n, own) in held.iter().enumerate() {
            if own.shut.is_some() {
                bars.get_mut(n).into_iter().for_each(|of| of.push(Bars::everything()));
                forbids.push(Forbids::everything(&own.hash));
                continue;
            }
            for policy in policies(&own.instrument, &own.hash) {
                let Some(clause) = own.instrument.clause(&policy.clause) else { continue };
                if clause.is_prohibition() {
                    bars.get_mut(n)
                        .into_iter()
                        .for_each(|of| of.push(Bars::new(&own.instrument, clause)));
                    forbids.push(Forbids::of(&own.hash, clause, policy));
                } else if own.register.superseded {
                    // What replaces it permits; it only forbids.
                } else if let Some(beyond) = unsourced(clause, own, &held) {
                    findings.extend(
                        beyond
                            .iter()
                            .map(|what| (own.name.clone(), lint::unsourced(clause, *what))),
                    );
                } else {
                    let above = standing::ceilings(clause, own, &held, &by_name);
                    written.push((Term::new(n, (own, &held), clause, above), policy));
                }
            }
        }
        written.sort_by_cached_key(|(term, _)| {
            (term.clause.kind, term.clause.categories.len(), term.id.clone())
        });
        let (terms, permits): (Vec<Term>, Vec<PolicyText>) = written.into_iter().unzip();
        let engine = Engine::compile(&permits, &forbids, before.map(|before| &before.engine))
            .map_err(Error::Invalid)?;
        Ok(Self {
            dictionary: Dictionary::of(&held),
            by_purpose: by_purpose(&terms),
            by_hash: held.iter().enumerate().map(|(n, own)| (own.hash.clone(), n)).collect(),
            by_name,
            by_id: by_id(&held),
            by_citation: terms.iter().enumerate().map(|(n, term)| (term.id.clone(), n)).collect(),
            memo: Memo::default(),
            held,
            terms,
            engine,
            bars,
            findings,
        })
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

    /// The nation of an instrument that is here.
    pub(crate) fn nation(&self, hash: &InstrumentHash) -> Option<&'static str> {
        let own = self.by_hash.get(hash).and_then(|held| self.held.get(*held))?;
        Some(own.instrument.agreement.jurisdiction.as_str())
    }

    /// A permit clause that runs, by its citation.
    pub(crate) fn term(&self, id: &ClauseId) -> Option<&Term> {
        self.terms.get(*self.by_citation.get(id)?)
    }

    /// The exact text of words to affirm, as signed.
    #[must_use]
    pub fn text_of(&self, words: &Words) -> Option<&str> {
        let (instrument, clause) = self.clause(&words.clause)?;
        let asked = clause.attest.contains(&words.attestation);
        let text = asked.then(|| instrument.attestations.get(&words.attestation)).flatten();
        text.map(String::as_str)
    }
}

fn hold(
    before: Option<&Bundle>,
    admitted: impl IntoIterator<Item = Admitted>,
    (shut, unread): (&Shut, &[Unread]),
) -> Result<Vec<Held>, Error> {
    let (mut held, mut names) = (vec![], BTreeSet::new());
    for Admitted { instrument, register } in admitted {
        if register.signed.is_empty() {
            continue;
        }
        let (hash, name) = (instrument.hash(), instrument.name());
        let shut = shut.get(&hash).copied();
        // What was sound in the bundle before is: its hash says that it is the same.
        let known = before.is_some_and(|before| before.is_open(&hash));
        let findings = if known || shut.is_some() { vec![] } else { unsound(&instrument) };
        if !findings.is_empty() {
            return Err(Error::Unsound { instrument: name, findings });
        }
        if !names.insert(name.clone()) && shut.is_none() {
            return Err(Error::Twice(name));
        }
        let stages = instrument.clauses.iter().filter_map(|clause| clause.starts).collect();
        held.push(Held { hash, name, instrument, register, stages, shut });
    }
    let signed = unread.iter().filter(|of| !of.register.signed.is_empty());
    held.extend(signed.map(Held::unread));
    Ok(held)
}

/// In what a clause goes beyond its source; none where it may run.
fn unsourced(clause: &Clause, own: &Held, held: &[Held]) -> Option<BTreeSet<Unnarrowed>> {
    let named = &clause.source.as_ref()?.instrument;
    let beyond = standing::adopted(named, held).map_or_else(
        || [Unnarrowed::Absent].into(),
        |source| narrows(clause, &own.instrument, &source.instrument),
    );
    (!beyond.is_empty()).then_some(beyond)
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
