//! Which clause covers each field of a row class, and what stands against the rest.

use std::collections::BTreeSet;

use ken_agreement::Kind;
use ken_core::FieldName;

use super::ask::{Ask, Bar, Covered, Facts, Reason, RowClass};
use super::cedar::{Answer, Flow, Question, seated};
use super::error::Error;
use super::memo::Asking;
use crate::bundle::{Bundle, Term};

/// What is supposed beyond what is so; each takes in those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Suppose {
    Nothing,
    Words,
    Facts,
    Standing,
}

/// Whether the engine sees the policies that could apply, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Slice,
    Whole,
}

/// What each candidate says of a row class, in clause order.
pub(crate) struct ClassAnswer(Vec<(usize, Verdict)>);

enum Verdict {
    Allows,
    /// The prohibitions that stop it.
    Stopped(BTreeSet<String>),
    /// Silent, and what would have to be so.
    Silent(Option<Reason>),
}

/// One decision under way.
pub(crate) struct Deciding<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) ask: &'a Ask,
    pub(crate) facts: &'a Facts,
    pub(crate) asking: &'a Asking,
    pub(crate) view: View,
}

impl Deciding<'_> {
    /// Covers fields of a row class: each by the first clause that allows and has it. What is left
    /// has reasons, if words are supposed.
    pub(crate) fn cover(
        &self,
        row: &RowClass,
        fields: &BTreeSet<FieldName>,
        words_supposed: bool,
    ) -> Result<(Covered, BTreeSet<Reason>), Error> {
        let key = (row.clone(), words_supposed);
        let answer = self.asking.answers.get_or(key, |_| self.class(row, words_supposed))?;
        let (mut covered, mut open) = (Covered::new(), fields.clone());
        let mut bars = BTreeSet::new();
        for (term, verdict) in &answer.0 {
            let Some(term) = self.bundle.terms.get(*term) else { continue };
            match verdict {
                Verdict::Allows => {
                    let own = term.covers.get(&row.category);
                    let has = |field: &FieldName| own.is_some_and(|own| own.contains(field));
                    let (taken, left): (BTreeSet<_>, _) = open.into_iter().partition(has);
                    covered.extend(taken.into_iter().map(|field| (field, term.id.clone())));
                    bars.extend(left.first().map(|field| reason(Bar::Field, field.as_str())));
                    open = left;
                }
                Verdict::Stopped(ids) => {
                    bars.extend(ids.iter().map(|id| reason(Bar::Prohibited, id)));
                }
                Verdict::Silent(why) => bars.extend(why.clone()),
            }
        }
        if open.is_empty() {
            return Ok((covered, BTreeSet::new()));
        }
        if bars.is_empty() {
            bars.insert(reason(Bar::NoClause, row.category.as_str()));
        }
        Ok((covered, bars))
    }

    fn class(&self, row: &RowClass, words_supposed: bool) -> Result<ClassAnswer, Error> {
        let suppose = if words_supposed { Suppose::Words } else { Suppose::Nothing };
        let verdicts = self.asking.candidates.iter().filter_map(|n| {
            let term = self.bundle.terms.get(*n)?;
            Some(self.verdict(*n, term, row, suppose).map(|verdict| (*n, verdict)))
        });
        Ok(ClassAnswer(verdicts.collect::<Result<_, _>>()?))
    }

    fn verdict(
        &self,
        n: usize,
        term: &Term,
        row: &RowClass,
        suppose: Suppose,
    ) -> Result<Verdict, Error> {
        Ok(match self.answer(n, term, row, suppose)? {
            Answer::Allow => Verdict::Allows,
            Answer::Forbid(ids) => Verdict::Stopped(ids),
            Answer::Silent if suppose == Suppose::Nothing => Verdict::Silent(None),
            Answer::Silent => Verdict::Silent(self.explain(n, term, row)?),
        })
    }

    /// Cedar does not explain a default denial, so it is asked again with more supposed: what
    /// first turns silence into leave was missing. No rule of the language is written twice.
    fn explain(&self, n: usize, term: &Term, row: &RowClass) -> Result<Option<Reason>, Error> {
        if self.answer(n, term, row, Suppose::Facts)? == Answer::Allow {
            let mut missing = term.clause.require.iter().filter(|f| !self.facts.held.contains(*f));
            return Ok(missing.next().map(|fact| reason(Bar::Require, fact.as_str())));
        }
        if self.answer(n, term, row, Suppose::Standing)? == Answer::Allow {
            let state = self.asking.stood.standing.state(term.held);
            return Ok(Some(reason(Bar::Standing, state)));
        }
        Ok(None)
    }

    /// One question to Cedar.
    fn answer(
        &self,
        n: usize,
        term: &Term,
        row: &RowClass,
        suppose: Suppose,
    ) -> Result<Answer, Error> {
        let Some(own) = self.bundle.held.get(term.held) else { return Ok(Answer::Silent) };
        let policies = match self.view {
            View::Slice => self.bundle.engine.slice(n, &own.hash, &row.lineage)?,
            View::Whole => self.bundle.engine.whole(),
        };
        let dictionary = self.bundle.dictionary().labels(&row.category);
        let labels = row.labels.iter().chain(dictionary).map(ken_core::Label::as_str).collect();
        let given = |words: &&ken_agreement::Words| {
            suppose >= Suppose::Words || self.facts.attested.contains(*words)
        };
        let attested: Vec<String> =
            term.words.iter().filter(given).map(ToString::to_string).collect();
        let supposed: Option<BTreeSet<&str>> = (suppose >= Suppose::Facts).then(|| {
            let held = self.facts.held.iter().chain(&term.clause.require);
            held.map(ken_core::Fact::as_str).collect()
        });
        let question = Question {
            relies: &term.relies,
            instrument: &own.hash,
            exceptional: term.clause.kind == Kind::Exceptional,
            category: row.category.as_str(),
            labels: &labels,
            source: (row.source != self.ask.sender.organisation).then_some(&row.source),
            lineage: &row.lineage,
            attested: &attested,
            facts: supposed.as_ref(),
        };
        let supposed = if suppose >= Suppose::Standing { self.supposed(term)? } else { None };
        let flow = supposed.as_ref().unwrap_or(&self.asking.stood.flow);
        self.bundle.engine.answer(&policies, flow, &self.asking.said, &question)
    }

    /// The flow as it would be did the clause stand.
    fn supposed(&self, term: &Term) -> Result<Option<Flow>, Error> {
        let (Some(from), Some(to)) = (seated(&self.ask.sender), seated(&self.ask.recipient)) else {
            return Ok(None);
        };
        let Some(own) = self.bundle.held.get(term.held) else { return Ok(None) };
        let pair = ken_agreement::status::Pair::of(from.0, to.0);
        let token = ken_agreement::cedar::standing(&own.hash, pair, term.stands);
        let tokens = self.asking.stood.standing.tokens.iter().chain([&token]);
        self.bundle.engine.flow(from, to, self.ask.action, tokens).map(Some)
    }
}

fn reason(bar: Bar, what: &str) -> Reason {
    Reason { bar, what: what.to_owned() }
}
