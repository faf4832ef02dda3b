//! What of a bundle one asking could touch, found before the engine is asked.
//!
//! # Invariants
//!
//! - A plan leaves out only clauses whose policies could not allow: another category, role,
//!   standing, or a fact that does not hold. Whether a clause is covered is still Cedar's word.
//! - Why a clause was left out is its bar; prohibitions are Cedar's word too.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use ken_agreement::Kind;
use ken_core::Category;

use super::ask::{Ask, Bar, Facts};
use super::cedar::{Flow, seated};
use super::error::Error;
use super::memo::AskKey;
use super::overlay::Overlay;
use crate::bundle::{Bundle, Ends, Standing, Term};

/// One asking: what its facts leave of the candidates, and what was made for it so far.
pub(crate) struct Asking {
    pub(crate) overlay: Overlay,
    standing: Arc<Standing>,
    /// The candidates whose roles fit, in clause order.
    pub(crate) seated: Vec<usize>,
    plans: Mutex<HashMap<Category, Arc<Plan>>>,
    flows: Mutex<HashMap<usize, Arc<Flow>>>,
    /// What the person's state stops, by what it may depend on of a clause.
    pub(crate) stops: Mutex<Stops>,
}

/// What the person's state may depend on of a clause and a row: its kind, what it accepts, and the
/// nations concerned where its purpose is beyond the person's care.
type Stopped = (Kind, BTreeSet<String>, Option<BTreeSet<&'static str>>);
/// The gate's own prohibition, if one stops it.
type Stops = HashMap<Stopped, Option<String>>;

/// A candidate for one category, and what keeps it from carrying anything.
pub(crate) struct Candidate {
    pub(crate) term: usize,
    /// The person's state.
    pub(crate) is_stopped: bool,
    /// The day, or a fact; none: it would, were its words affirmed.
    pub(crate) bar: Option<(Bar, String)>,
}

/// The candidates for one category, in clause order.
pub(crate) type Plan = Vec<Candidate>;

impl Asking {
    pub(crate) fn new(
        bundle: &Bundle,
        ask: &Ask,
        facts: &Facts,
        key: &AskKey,
    ) -> Result<Self, Error> {
        let candidates = bundle
            .memo
            .candidates
            .get_or(key.candidacy.clone(), |of| Ok::<_, Error>(bundle.candidates(of)))?;
        let ends = ends(ask, facts)?;
        let fits = |n: &&usize| bundle.terms.get(**n).is_some_and(|term| term.is_seated(&ends));
        Ok(Self {
            overlay: Overlay::of(facts, &ask.purpose),
            standing: standing(bundle, ask, facts)?,
            seated: candidates.iter().filter(fits).copied().collect(),
            plans: Mutex::default(),
            flows: Mutex::default(),
            stops: Mutex::default(),
        })
    }

    /// The candidates for a category; `is_stopped` says what the person's state stops.
    pub(crate) fn plan(
        &self,
        bundle: &Bundle,
        category: &Category,
        mut is_stopped: impl FnMut(usize, &Term) -> Result<bool, Error>,
    ) -> Result<Arc<Plan>, Error> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(category) {
            return Ok(Arc::clone(plan));
        }
        let mut plan = Plan::new();
        for n in &self.seated {
            let Some(term) = bundle.terms.get(*n) else { continue };
            if term.clause.categories.contains(category) {
                let (is_stopped, bar) = (is_stopped(*n, term)?, self.bar(bundle, term));
                plan.push(Candidate { term: *n, is_stopped, bar });
            }
        }
        let plan = Arc::new(plan);
        plans.insert(category.clone(), Arc::clone(&plan));
        Ok(plan)
    }

    /// What keeps a clause from carrying anything: the day, or a fact.
    fn bar(&self, bundle: &Bundle, term: &Term) -> Option<(Bar, String)> {
        if let Some(state) = self.standing.bar(bundle, term) {
            return Some((Bar::Standing, state.to_owned()));
        }
        let missing = term.clause.require.iter().find(|fact| !self.overlay.held.contains(*fact))?;
        Some((Bar::Require, missing.to_string()))
    }

    /// The flow with its standing by one instrument: no policy reads another's.
    pub(crate) fn flow(&self, bundle: &Bundle, ask: &Ask, held: usize) -> Result<Arc<Flow>, Error> {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flow) = flows.get(&held) {
            return Ok(Arc::clone(flow));
        }
        let flow = Arc::new(flow(bundle, ask, self.standing.tokens(bundle, held).iter())?);
        flows.insert(held, Arc::clone(&flow));
        Ok(flow)
    }

    /// The flow with every standing that it has.
    pub(crate) fn whole_flow(&self, bundle: &Bundle, ask: &Ask) -> Result<Flow, Error> {
        let all = (0..bundle.held.len()).flat_map(|held| self.standing.tokens(bundle, held));
        flow(bundle, ask, all)
    }
}

fn flow(
    bundle: &Bundle,
    ask: &Ask,
    standings: impl Iterator<Item = impl AsRef<str>>,
) -> Result<Flow, Error> {
    let seats = seated(&ask.sender).zip(seated(&ask.recipient));
    let (from, to) = seats.ok_or_else(no_role)?;
    bundle.engine.flow(from, to, ask.action, standings)
}

/// The two ends of an ask.
pub(crate) fn ends<'a>(ask: &'a Ask, facts: &'a Facts) -> Result<Ends<'a>, Error> {
    let (Some(from), Some(to)) = (&ask.sender.role, &ask.recipient.role) else {
        return Err(no_role());
    };
    Ok(Ends {
        sender: (&ask.sender.organisation, from),
        recipient: (&ask.recipient.organisation, to),
        referrers: &facts.referrers,
    })
}

fn standing(bundle: &Bundle, ask: &Ask, facts: &Facts) -> Result<Arc<Standing>, Error> {
    let (sender, recipient) = (&ask.sender.organisation, &ask.recipient.organisation);
    let key = (sender.clone(), recipient.clone(), facts.day);
    bundle.memo.standings.get_or(key, |_| Ok(bundle.standing(sender, recipient, facts.day)))
}

fn no_role() -> Error {
    Error::Engine("a seat without a role".to_owned())
}
