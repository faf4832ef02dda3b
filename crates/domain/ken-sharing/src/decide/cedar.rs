//! The only module that knows Cedar: policies in, one answer at a time out.
//!
//! One question is one candidate clause and one row class. Requests are built from typed
//! expressions, not from JSON, so no other crate's choice of JSON features reaches them.
//!
//! # Invariants
//!
//! - A question is asked of the candidate's policy, the gate's own prohibitions, and those that
//!   the candidate's instrument or the row's lineage opens: no other policy could apply, because
//!   every permit names its candidate and every prohibition its instrument.
//! - A prohibition that errs denies; a permit that errs drops out, and is logged.
//!
//! # Sources
//!
//! - `core.md` section 2.4; cedar-policy's documentation of `Diagnostics` and strict validation.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName,
    EntityUid, Policy, PolicyId, PolicySet, Request, RestrictedExpression, Schema, ValidationMode,
    Validator,
};
use ken_agreement::Action;
use ken_agreement::cedar::PolicyText;
use ken_core::{InstrumentHash, OrganisationId};

use super::ask::{Facts, Seat};
use super::error::Error;

const SCHEMA: &str = include_str!("../gate.cedarschema");

/// Most policy sets kept for (candidate, lineage). House policy: past it they are made again.
const SETS_MAX: usize = 4_096;

/// Prohibitions of the gate itself, in every question.
const OWN: [(&str, &str); 2] = [
    (
        "gate#own-end",
        r#"forbid (principal, action, resource) unless {
  action in Action::"send" && principal in resource.from && principal in resource.sender ||
  action in Action::"fetch" && principal in resource.to && principal in resource.recipient };"#,
    ),
    (
        "gate#self-or-family",
        r#"forbid (principal, action, resource)
  when { context.facts.contains("self-or-family") }
  unless { context.exceptional && context.facts.contains("second-person") };"#,
    ),
];

/// A prohibition, with what opens it.
pub(crate) struct Forbids {
    pub(crate) instrument: InstrumentHash,
    pub(crate) follows_data: bool,
    pub(crate) policy: PolicyText,
}

/// A candidate and a row's lineage: what opens policies.
type Opened = (usize, BTreeSet<InstrumentHash>);

/// The compiled policies.
pub(crate) struct Engine {
    schema: Schema,
    authorizer: Authorizer,
    permits: Vec<Policy>,
    /// The gate's own.
    own: Vec<Policy>,
    by_instrument: BTreeMap<InstrumentHash, Vec<Policy>>,
    by_lineage: BTreeMap<InstrumentHash, Vec<Policy>>,
    forbids: HashSet<PolicyId>,
    whole: Arc<PolicySet>,
    sets: Mutex<HashMap<Opened, Arc<PolicySet>>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({} permits, {} prohibitions)", self.permits.len(), self.forbids.len())
    }
}

/// What one question to Cedar came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Allow,
    /// The prohibitions that stop it.
    Forbid(BTreeSet<String>),
    Silent,
}

/// One flow, with the store that Cedar looks it up in.
pub(crate) struct Flow {
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
    entities: Entities,
    sender: RestrictedExpression,
}

/// What the registers say, as Cedar reads it; made once for many questions.
pub(crate) struct Said {
    purpose: RestrictedExpression,
    facts: RestrictedExpression,
    referrers: RestrictedExpression,
}

/// One candidate clause and one row class.
pub(crate) struct Question<'a> {
    pub(crate) relies: &'a BTreeSet<String>,
    pub(crate) instrument: &'a InstrumentHash,
    pub(crate) exceptional: bool,
    pub(crate) category: &'a str,
    pub(crate) labels: &'a BTreeSet<&'a str>,
    /// The source, where it is not the sender.
    pub(crate) source: Option<&'a OrganisationId>,
    pub(crate) lineage: &'a BTreeSet<InstrumentHash>,
    pub(crate) attested: &'a [String],
    /// Facts supposed beyond those that hold.
    pub(crate) facts: Option<&'a BTreeSet<&'a str>>,
}

impl Engine {
    /// Parses and validates; every warning is a fault.
    pub(crate) fn compile(
        permits: &[PolicyText],
        forbids: &[Forbids],
    ) -> Result<Self, Vec<String>> {
        let parse = |id: &str, text: &str| {
            Policy::parse(Some(PolicyId::new(id)), text).map_err(|e| vec![format!("{id}: {e}")])
        };
        let (schema, warnings) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|e| vec![e.to_string()])?;
        let warnings: Vec<String> = warnings.map(|warning| warning.to_string()).collect();
        let own = OWN.iter().map(|(id, text)| parse(id, text)).collect::<Result<Vec<_>, _>>()?;
        let permits = permits
            .iter()
            .map(|PolicyText { id, text, .. }| parse(id.as_str(), text))
            .collect::<Result<Vec<_>, _>>()?;
        let (mut by_instrument, mut by_lineage) = (BTreeMap::new(), BTreeMap::new());
        let mut whole: Vec<&Policy> = own.iter().chain(&permits).collect();
        let mut ids: HashSet<PolicyId> = own.iter().map(|policy| policy.id().clone()).collect();
        let parsed = forbids
            .iter()
            .map(|forbid| parse(forbid.policy.id.as_str(), &forbid.policy.text))
            .collect::<Result<Vec<_>, _>>()?;
        for (forbid, policy) in forbids.iter().zip(&parsed) {
            let open = |index: &mut BTreeMap<_, Vec<Policy>>| {
                index.entry(forbid.instrument.clone()).or_default().push(policy.clone());
            };
            open(&mut by_instrument);
            if forbid.follows_data {
                open(&mut by_lineage);
            }
            ids.insert(policy.id().clone());
            whole.push(policy);
        }
        let whole = Arc::new(set_of(whole).map_err(|fault| vec![fault])?);
        let faults = faults(&schema, &whole);
        if !faults.is_empty() || !warnings.is_empty() {
            return Err(faults.into_iter().chain(warnings).collect());
        }
        let (authorizer, sets) = (Authorizer::new(), Mutex::default());
        let forbids = ids;
        Ok(Self {
            schema,
            authorizer,
            permits,
            own,
            by_instrument,
            by_lineage,
            forbids,
            whole,
            sets,
        })
    }

    /// Every policy at once.
    pub(crate) fn whole(&self) -> Arc<PolicySet> {
        Arc::clone(&self.whole)
    }

    /// The policies that could apply to a candidate and a row's lineage.
    pub(crate) fn slice(
        &self,
        term: usize,
        instrument: &InstrumentHash,
        lineage: &BTreeSet<InstrumentHash>,
    ) -> Result<Arc<PolicySet>, Error> {
        let key = (term, lineage.clone());
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.get(&key) {
            return Ok(Arc::clone(set));
        }
        let opened = self.by_instrument.get(instrument).into_iter().flatten();
        let others = lineage.iter().filter(|hash| *hash != instrument);
        let followed = others.filter_map(|hash| self.by_lineage.get(hash)).flatten();
        let policies = self.own.iter().chain(self.permits.get(term)).chain(opened).chain(followed);
        let set = Arc::new(set_of(policies).map_err(Error::Engine)?);
        if sets.len() >= SETS_MAX {
            sets.clear();
        }
        sets.insert(key, Arc::clone(&set));
        Ok(set)
    }

    /// The store for one flow. The practitioner's only parent is the role acted in.
    pub(crate) fn flow(
        &self,
        (sender, from): (&OrganisationId, &str),
        (recipient, to): (&OrganisationId, &str),
        action: Action,
        standings: impl Iterator<Item = impl AsRef<str>>,
    ) -> Result<Flow, Error> {
        let organisation = |id: &OrganisationId| uid("Organisation", id.as_str());
        let role = |id: &OrganisationId, role: &str| uid("Role", &format!("{id}/{role}"));
        let (sent_by, had_by) = (organisation(sender)?, organisation(recipient)?);
        let (from, to) = (role(sender, from)?, role(recipient, to)?);
        let (principal, resource) = (uid("Practitioner", "acting")?, uid("Flow", "asked")?);
        let acting = if action.fetches() { &to } else { &from };
        let mut store = vec![
            Entity::new_no_attrs(principal.clone(), HashSet::from([acting.clone()])),
            Entity::new_no_attrs(from.clone(), HashSet::from([sent_by.clone()])),
        ];
        if from != to {
            store.push(Entity::new_no_attrs(to.clone(), HashSet::from([had_by.clone()])));
        }
        let attributes =
            [("sender", &sent_by), ("from", &from), ("recipient", &had_by), ("to", &to)];
        let attributes = attributes.map(|(name, uid)| {
            (name.to_owned(), RestrictedExpression::new_entity_uid(uid.clone()))
        });
        let standings = standings.map(|id| uid("Standing", id.as_ref()));
        let standings = standings.collect::<Result<HashSet<_>, _>>()?;
        let flow = Entity::new(resource.clone(), attributes.into_iter().collect(), standings)
            .map_err(|error| Error::Engine(error.to_string()))?;
        store.push(flow);
        let entities = Entities::from_entities(store, Some(&self.schema))
            .map_err(|error| Error::Engine(error.to_string()))?;
        let action = uid("Action", action.as_str())?;
        let sender = RestrictedExpression::new_entity_uid(sent_by);
        Ok(Flow { principal, action, resource, entities, sender })
    }

    /// Does this clause, relied upon alone, cover this row class?
    pub(crate) fn answer(
        &self,
        policies: &PolicySet,
        flow: &Flow,
        said: &Said,
        asked: &Question<'_>,
    ) -> Result<Answer, Error> {
        let fault = |error: &dyn fmt::Display| Error::Engine(error.to_string());
        let source = match asked.source {
            Some(id) => RestrictedExpression::new_entity_uid(uid("Organisation", id.as_str())?),
            None => flow.sender.clone(),
        };
        let context = [
            ("relies", texts(asked.relies)),
            ("instrument", text(asked.instrument.as_str())),
            ("exceptional", RestrictedExpression::new_bool(asked.exceptional)),
            ("purpose", said.purpose.clone()),
            ("category", text(asked.category)),
            ("labels", texts(asked.labels)),
            ("source", source),
            ("lineage", texts(asked.lineage)),
            ("facts", asked.facts.map_or_else(|| said.facts.clone(), texts)),
            ("attested", texts(asked.attested)),
            ("referrers", said.referrers.clone()),
        ];
        let context = context.map(|(name, value)| (name.to_owned(), value));
        let context = Context::from_pairs(context).map_err(|e| fault(&e))?;
        let (principal, resource) = (flow.principal.clone(), flow.resource.clone());
        let action = flow.action.clone();
        let request = Request::new(principal, action, resource, context, Some(&self.schema))
            .map_err(|e| fault(&e))?;
        let response = self.authorizer.is_authorized(&request, policies, &flow.entities);
        let allowed = response.decision() == Decision::Allow;
        let erred: Vec<&PolicyId> = response
            .diagnostics()
            .errors()
            .map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id())
            .collect();
        for policy in &erred {
            // A permit that errs drops out; a prohibition that errs stops.
            tracing::error!(policy.id = %policy, "policy erred");
        }
        let reasons = response.diagnostics().reason().filter(|_| !allowed);
        let stops = reasons.chain(erred).filter(|id| self.forbids.contains(*id));
        let stops: BTreeSet<String> = stops.map(ToString::to_string).collect();
        Ok(match (stops.is_empty(), allowed) {
            (false, _) => Answer::Forbid(stops),
            (true, true) => Answer::Allow,
            (true, false) => Answer::Silent,
        })
    }
}

impl Said {
    pub(crate) fn new(purpose: &str, facts: &Facts) -> Result<Self, Error> {
        let referrers = facts.referrers.iter().map(|id| uid("Organisation", id.as_str()));
        let referrers = referrers.collect::<Result<Vec<_>, _>>()?;
        let referrers = referrers.into_iter().map(RestrictedExpression::new_entity_uid);
        Ok(Self {
            purpose: text(purpose),
            facts: texts(&facts.held),
            referrers: RestrictedExpression::new_set(referrers),
        })
    }
}

/// A seat whose role is known, as [`Engine::flow`] takes it.
pub(crate) fn seated(seat: &Seat) -> Option<(&OrganisationId, &str)> {
    Some((&seat.organisation, seat.role.as_ref()?.as_str()))
}

fn faults(schema: &Schema, policies: &PolicySet) -> Vec<String> {
    let checked = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    let errors = checked.validation_errors().map(ToString::to_string);
    errors.chain(checked.validation_warnings().map(ToString::to_string)).collect()
}

fn set_of<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Result<PolicySet, String> {
    let mut set = PolicySet::new();
    for policy in policies {
        set.add(policy.clone()).map_err(|error| error.to_string())?;
    }
    Ok(set)
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, Error> {
    let kind: EntityTypeName = kind.parse().map_err(|_| Error::Engine(kind.to_owned()))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn texts(all: impl IntoIterator<Item = impl AsRef<str>>) -> RestrictedExpression {
    RestrictedExpression::new_set(all.into_iter().map(|each| text(each.as_ref())))
}
