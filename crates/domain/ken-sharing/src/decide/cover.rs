//! Which clause covers each field of a row class, and what stands against the rest.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use ken_core::{Fact, FieldName, Label};

use super::ask::{Ask, Bar, Covered, Facts, RowClass};
use super::cedar::{Answer, Flow, Question};
use super::error::Error;
use super::overlay::Overlay;
use super::plan::{self, Asking, Candidate, Plan};
use crate::bundle::{Bundle, Term};

/// The fact by which a second person has agreed to an emergency.
const SECOND_PERSON: &str = "second-person";

/// Whether the engine sees the policies that could apply, or all of them.
#[derive(Clone, Copy)]
pub(crate) enum Sight<'a> {
    /// What the plan and the indexes leave.
    Slice,
    /// Every clause and every policy, with the flow's every standing.
    Whole(&'a Flow),
}

/// One decision under way.
pub(crate) struct Deciding<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) ask: &'a Ask,
    pub(crate) facts: &'a Facts,
    pub(crate) asking: &'a Asking,
    pub(crate) sight: Sight<'a>,
}

impl Deciding<'_> {
    /// Covers fields of a row class: each by the first clause that allows and has it. With words
    /// supposed, `fields` are those that nothing covers without, so only clauses whose words are
    /// missing are tried.
    pub(crate) fn cover(
        &self,
        row: &RowClass,
        fields: &BTreeSet<FieldName>,
        words_supposed: bool,
    ) -> Result<Covered, Error> {
        let (mut covered, mut open) = (Covered::new(), fields.clone());
        if let Sight::Whole(_) = self.sight {
            for (n, term) in self.bundle.terms.iter().enumerate() {
                self.take(&mut covered, &mut open, (n, term), row, words_supposed)?;
            }
            return Ok(covered);
        }
        for Candidate { term: n, is_stopped, bar } in self.plan(row)?.iter() {
            if open.is_empty() {
                break;
            }
            let may = bar.is_none() && !is_stopped;
            let Some(term) = self.bundle.terms.get(*n).filter(|_| may) else { continue };
            let affirmed = || term.words.iter().all(|words| self.facts.attested.contains(words));
            if words_supposed != affirmed() {
                self.take(&mut covered, &mut open, (*n, term), row, words_supposed)?;
            }
        }
        Ok(covered)
    }

    /// Takes what one clause carries of what is still open.
    fn take(
        &self,
        covered: &mut Covered,
        open: &mut BTreeSet<FieldName>,
        (n, term): (usize, &Term),
        row: &RowClass,
        words_supposed: bool,
    ) -> Result<(), Error> {
        let Some(own) = term.covers.get(&row.category) else { return Ok(()) };
        let overlay = &self.asking.overlay;
        let has = |field: &&FieldName| own.contains(*field) && overlay.lets(term, field);
        let taken: Vec<FieldName> = open.iter().filter(has).cloned().collect();
        let allows =
            !taken.is_empty() && self.answer(n, term, row, words_supposed)? == Answer::Allow;
        for field in taken.into_iter().filter(|_| allows) {
            open.remove(&field);
            covered.insert(field, term.id.clone());
        }
        Ok(())
    }

    /// Why fields of a row class stay uncovered, were all words affirmed: the least remediable
    /// bar, of the first clause that has it. `among` are the clauses that are about anything
    /// asked: what stops one of them stops the rest of the ask too.
    pub(crate) fn why(
        &self,
        among: &[usize],
        row: &RowClass,
        fields: &BTreeSet<FieldName>,
    ) -> Result<(Bar, String), Error> {
        let none = (Bar::NoClause, row.category.to_string());
        if matches!(self.sight, Sight::Whole(_)) || self.is_of_another(row) {
            return Ok(none);
        }
        let plan = self.plan(row)?;
        let mut least: Option<(Bar, String)> = None;
        for n in among {
            let Some(term) = self.bundle.terms.get(*n) else { continue };
            if let Some(stop) = self.stop(*n, term, row)? {
                return Ok((Bar::Prohibited, stop));
            }
            let own = plan.binary_search_by_key(n, |candidate| candidate.term).ok();
            let Some(Candidate { bar, .. }) = own.and_then(|at| plan.get(at)) else { continue };
            let field =
                || (Bar::Field, fields.first().map(ToString::to_string).unwrap_or_default());
            let bar = bar.clone().unwrap_or_else(field);
            if least.as_ref().is_none_or(|(least, _)| bar.0 < *least) {
                least = Some(bar);
            }
        }
        Ok(least.unwrap_or(none))
    }

    /// What an organisation may do as its own business, it may do with its own data only.
    fn is_of_another(&self, row: &RowClass) -> bool {
        let (sender, recipient) = (&self.ask.sender.organisation, &self.ask.recipient.organisation);
        sender == recipient && row.source != *sender
    }

    fn plan(&self, row: &RowClass) -> Result<Arc<Plan>, Error> {
        // Kept for the category: what a row's lineage stops beside, Cedar says of the row.
        let plain = RowClass::plain(row.category.clone(), row.source.clone());
        let is_stopped = |n, term: &Term| Ok(self.state_stop(n, term, &plain)?.is_some());
        self.asking.plan(self.bundle, &row.category, is_stopped)
    }

    /// The prohibition that stops a clause from carrying a row class: by the person's state
    /// first, then of the agreements.
    fn stop(&self, n: usize, term: &Term, row: &RowClass) -> Result<Option<String>, Error> {
        let stop = self.state_stop(n, term, row)?;
        if stop.is_some() {
            return Ok(stop);
        }
        let (labels, ends) = (self.labels(row), plan::ends(self.ask, self.facts)?);
        if !self.bundle.could_be_barred(term, row, &labels, &ends) {
            return Ok(None);
        }
        Ok(match self.answer(n, term, row, true)? {
            Answer::Forbid(ids) => ids.into_iter().next(),
            Answer::Allow | Answer::Silent => None,
        })
    }

    /// What the person's state stops. It depends of a row only on the nations that it comes from,
    /// and of a clause on its kind and what it accepts, so Cedar is asked once for all that are
    /// alike.
    fn state_stop(&self, n: usize, term: &Term, row: &RowClass) -> Result<Option<String>, Error> {
        if !self.asking.overlay.may_stop() {
            return Ok(None);
        }
        let beyond = term.beyond.contains(&row.category).then(|| self.nations(term, row));
        let key = (term.clause.kind, term.accepts.clone(), beyond);
        {
            let stops = self.asking.stops.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(stop) = stops.get(&key) {
                return Ok(stop.clone());
            }
        }
        let stop = match self.answer(n, term, row, true)? {
            Answer::Forbid(ids) => ids.into_iter().find(|id| id.starts_with("gate#")),
            Answer::Allow | Answer::Silent => None,
        };
        let mut stops = self.asking.stops.lock().unwrap_or_else(PoisonError::into_inner);
        stops.insert(key, stop.clone());
        Ok(stop)
    }

    /// The nations under whose agreements a row would go, and came.
    fn nations(&self, term: &Term, row: &RowClass) -> BTreeSet<&'static str> {
        let own = self.bundle.held.get(term.held).map(|own| &own.hash);
        own.into_iter().chain(&row.lineage).filter_map(|hash| self.bundle.nation(hash)).collect()
    }

    fn labels<'r>(&'r self, row: &'r RowClass) -> BTreeSet<&'r str> {
        let dictionary = self.bundle.dictionary().labels(&row.category);
        row.labels.iter().chain(dictionary).map(Label::as_str).collect()
    }

    /// One question to Cedar.
    fn answer(
        &self,
        n: usize,
        term: &Term,
        row: &RowClass,
        words_supposed: bool,
    ) -> Result<Answer, Error> {
        let Some(own) = self.bundle.held.get(term.held) else { return Ok(Answer::Silent) };
        let Overlay { states, opted_out, held, .. } = &self.asking.overlay;
        let (engine, has_state) = (&self.bundle.engine, self.asking.overlay.may_stop());
        let sliced;
        let (policies, flow, whole) = match self.sight {
            Sight::Slice => {
                sliced = self.asking.flow(self.bundle, self.ask, term.held)?;
                let under = (&own.hash, &term.above);
                let policies = engine.slice(n, under, &row.lineage, has_state)?;
                (policies, &*sliced, false)
            }
            Sight::Whole(flow) => (engine.whole()?, flow, true),
        };
        let labels = self.labels(row);
        let given =
            |words: &&ken_agreement::Words| words_supposed || self.facts.attested.contains(*words);
        let attested: Vec<String> =
            term.words.iter().filter(given).map(ToString::to_string).collect();
        // The other facts are read by no policy of the slice.
        let read = |fact: &&Fact| {
            whole || fact.as_str() == SECOND_PERSON || term.clause.require.contains(*fact)
        };
        let facts: Vec<&str> = held.iter().filter(read).map(Fact::as_str).collect();
        let nations = self.nations(term, row);
        let question = Question {
            relies: &term.relies,
            instrument: &own.hash,
            source_begun: term.is_source_begun(self.facts.day),
            above: &term.above,
            kind: term.clause.kind,
            accepts: &term.accepts,
            purpose: self.ask.purpose.as_str(),
            category: row.category.as_str(),
            labels: &labels,
            source: (row.source != self.ask.sender.organisation).then_some(&row.source),
            lineage: &row.lineage,
            facts: &facts,
            states,
            beyond: term.beyond.contains(&row.category),
            nations: &nations,
            opted_out,
            attested: &attested,
            referrers: &self.facts.referrers,
        };
        engine.answer(&policies, flow, &question, whole)
    }
}
