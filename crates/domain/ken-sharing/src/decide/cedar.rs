//! The only module that knows Cedar: policies in, one answer at a time out.
//!
//! One question is one candidate clause and one row class. Requests are built from typed
//! expressions, not from JSON, so no other crate's choice of JSON features reaches them.
//!
//! # Invariants
//!
//! - A question is asked of the candidate's policy, the gate's own prohibitions, and those that
//!   the candidate's instrument, the ceilings above it or the row's lineage open: no other policy
//!   could apply, because every permit names its candidate and every prohibition its instrument.
//! - A prohibition that errs denies; a permit that errs drops out, and is logged.
//!
//! # Sources
//!
//! - `core.md` section 2.4; cedar-policy's documentation of `Diagnostics` and strict validation.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName,
    EntityUid, Policy, PolicyId, PolicySet, Request, RestrictedExpression, Schema, ValidationMode,
    Validator,
};
use ken_agreement::cedar::PolicyText;
use ken_agreement::{Action, Kind};
use ken_core::{InstrumentHash, OrganisationId};

use super::ask::Seat;
use super::error::Error;
use super::own;

const SCHEMA: &str = include_str!("../gate.cedarschema");

/// Most policy sets kept for (candidate, lineage). House policy: past it they are made again.
const SETS_MAX: usize = 4_096;

/// A prohibition, with what opens it.
pub(crate) struct Forbids {
    pub(crate) instrument: InstrumentHash,
    pub(crate) follows_data: bool,
    pub(crate) binds_below: bool,
    pub(crate) policy: PolicyText,
}

/// What opens policies: a candidate, a row's lineage, and whether the person has a state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Opened {
    term: usize,
    lineage: BTreeSet<InstrumentHash>,
    has_state: bool,
}

/// The names of entity types, read once.
struct Kinds {
    action: EntityTypeName,
    flow: EntityTypeName,
    organisation: EntityTypeName,
    practitioner: EntityTypeName,
    role: EntityTypeName,
    standing: EntityTypeName,
}

/// What no bundle changes.
struct Ground {
    schema: Schema,
    kinds: Kinds,
    always: Vec<Policy>,
    by_state: Vec<Policy>,
}

/// The compiled policies.
pub(crate) struct Engine {
    ground: Arc<Ground>,
    authorizer: Authorizer,
    permits: Vec<Policy>,
    by_instrument: BTreeMap<InstrumentHash, Vec<Policy>>,
    by_lineage: BTreeMap<InstrumentHash, Vec<Policy>>,
    by_ceiling: BTreeMap<InstrumentHash, Vec<Policy>>,
    forbids: HashSet<PolicyId>,
    /// Every policy by its id, for the bundle after this one.
    parsed: HashMap<PolicyId, Policy>,
    whole: OnceLock<Arc<PolicySet>>,
    plain: Vec<OnceLock<Arc<PolicySet>>>,
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

/// One candidate clause and one row class.
pub(crate) struct Question<'a> {
    pub(crate) relies: &'a BTreeSet<String>,
    pub(crate) instrument: &'a InstrumentHash,
    pub(crate) source_begun: bool,
    pub(crate) above: &'a BTreeSet<InstrumentHash>,
    pub(crate) kind: Kind,
    pub(crate) accepts: &'a BTreeSet<String>,
    pub(crate) purpose: &'a str,
    pub(crate) category: &'a str,
    pub(crate) labels: &'a BTreeSet<&'a str>,
    /// The source, where it is not the sender.
    pub(crate) source: Option<&'a OrganisationId>,
    pub(crate) lineage: &'a BTreeSet<InstrumentHash>,
    pub(crate) facts: &'a [&'a str],
    pub(crate) states: &'a BTreeSet<&'static str>,
    pub(crate) beyond: bool,
    pub(crate) nations: &'a BTreeSet<&'static str>,
    pub(crate) opted_out: &'a BTreeSet<String>,
    pub(crate) attested: &'a [String],
    pub(crate) referrers: &'a BTreeSet<OrganisationId>,
}

impl Ground {
    /// The one of this process: schema and policies of the house are the program's own.
    fn of_house() -> Result<Arc<Self>, Vec<String>> {
        static HOUSE: LazyLock<Result<Arc<Ground>, Vec<String>>> =
            LazyLock::new(|| Ground::new().map(Arc::new));
        HOUSE.clone()
    }

    fn new() -> Result<Self, Vec<String>> {
        let (schema, warnings) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|e| vec![e.to_string()])?;
        let warnings: Vec<String> = warnings.map(|warning| warning.to_string()).collect();
        if !warnings.is_empty() {
            return Err(warnings);
        }
        let kind = |name: &str| name.parse().map_err(|_| vec![name.to_owned()]);
        let kinds = Kinds {
            action: kind("Action")?,
            flow: kind("Flow")?,
            organisation: kind("Organisation")?,
            practitioner: kind("Practitioner")?,
            role: kind("Role")?,
            standing: kind("Standing")?,
        };
        let read = |all: &[(&str, &str)]| {
            all.iter().map(|(id, text)| parse(id, text)).collect::<Result<Vec<_>, _>>()
        };
        let (always, by_state) = (read(&own::ALWAYS)?, read(&own::BY_STATE)?);
        let set = set_of(always.iter().chain(&by_state)).map_err(|fault| vec![fault])?;
        let faults = faults(&schema, &set);
        if faults.is_empty() { Ok(Self { schema, kinds, always, by_state }) } else { Err(faults) }
    }

    fn own(&self, has_state: bool) -> impl Iterator<Item = &Policy> {
        self.always.iter().chain(self.by_state.iter().filter(move |_| has_state))
    }
}

impl Engine {
    /// Parses and validates; every warning is a fault. A policy of the bundle before is taken as
    /// it is: its id holds the hash of its instrument, so its text is the same.
    pub(crate) fn compile(
        permits: &[PolicyText],
        forbids: &[Forbids],
        before: Option<&Self>,
    ) -> Result<Self, Vec<String>> {
        let ground = Ground::of_house()?;
        let mut fresh: Vec<Policy> = vec![];
        let mut parsed = HashMap::new();
        let mut read = |policy: &PolicyText| -> Result<Policy, Vec<String>> {
            let id = PolicyId::new(policy.id.as_str());
            let known = before.and_then(|before| before.parsed.get(&id)).cloned();
            let policy = if let Some(known) = known {
                known
            } else {
                let policy = parse(policy.id.as_str(), &policy.text)?;
                fresh.push(policy.clone());
                policy
            };
            parsed.insert(id, policy.clone());
            Ok(policy)
        };
        let permits = permits.iter().map(&mut read).collect::<Result<Vec<_>, _>>()?;
        let (mut by_instrument, mut by_lineage) = (BTreeMap::new(), BTreeMap::new());
        let mut by_ceiling = BTreeMap::new();
        let mut ids: HashSet<PolicyId> = ground.own(true).map(|own| own.id().clone()).collect();
        for forbid in forbids {
            let policy = read(&forbid.policy)?;
            let open = |index: &mut BTreeMap<_, Vec<Policy>>| {
                index.entry(forbid.instrument.clone()).or_default().push(policy.clone());
            };
            open(&mut by_instrument);
            if forbid.follows_data {
                open(&mut by_lineage);
            }
            if forbid.binds_below {
                open(&mut by_ceiling);
            }
            ids.insert(policy.id().clone());
        }
        let faults = faults(&ground.schema, &set_of(&fresh).map_err(|fault| vec![fault])?);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            ground,
            authorizer: Authorizer::new(),
            plain: permits.iter().map(|_| OnceLock::new()).collect(),
            permits,
            by_instrument,
            by_lineage,
            by_ceiling,
            forbids: ids,
            parsed,
            whole: OnceLock::new(),
            sets: Mutex::default(),
        })
    }

    /// Every policy at once.
    pub(crate) fn whole(&self) -> Result<Arc<PolicySet>, Error> {
        if let Some(whole) = self.whole.get() {
            return Ok(Arc::clone(whole));
        }
        let all = self.ground.own(true).chain(self.parsed.values());
        let whole = Arc::new(set_of(all).map_err(Error::Engine)?);
        Ok(Arc::clone(self.whole.get_or_init(|| whole)))
    }

    /// The policies that could apply to a candidate, whose instrument and ceilings these are, and a
    /// row's lineage.
    pub(crate) fn slice(
        &self,
        term: usize,
        under: (&InstrumentHash, &BTreeSet<InstrumentHash>),
        lineage: &BTreeSet<InstrumentHash>,
        has_state: bool,
    ) -> Result<Arc<PolicySet>, Error> {
        let opened = || self.opened(term, under, lineage, has_state);
        // Most rows have no lineage, and most people no state.
        if lineage.is_empty() && !has_state {
            let Some(slot) = self.plain.get(term) else { return opened() };
            if let Some(set) = slot.get() {
                return Ok(Arc::clone(set));
            }
            let set = opened()?;
            return Ok(Arc::clone(slot.get_or_init(|| set)));
        }
        let key = Opened { term, lineage: lineage.clone(), has_state };
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.get(&key) {
            return Ok(Arc::clone(set));
        }
        let set = opened()?;
        if sets.len() >= SETS_MAX {
            sets.clear();
        }
        sets.insert(key, Arc::clone(&set));
        Ok(set)
    }

    fn opened(
        &self,
        term: usize,
        (instrument, above): (&InstrumentHash, &BTreeSet<InstrumentHash>),
        lineage: &BTreeSet<InstrumentHash>,
        has_state: bool,
    ) -> Result<Arc<PolicySet>, Error> {
        let opened = self.by_instrument.get(instrument).into_iter().flatten();
        let bound = above.iter().filter_map(|hash| self.by_ceiling.get(hash)).flatten();
        let others = lineage.iter().filter(|hash| *hash != instrument);
        let followed = others.filter_map(|hash| self.by_lineage.get(hash)).flatten();
        let own = self.ground.own(has_state);
        let opened = opened.chain(bound).chain(followed);
        // What is shut both binds below and follows data, by one policy.
        let mut ids = HashSet::new();
        let policies = own.chain(self.permits.get(term)).chain(opened);
        let policies = policies.filter(|policy| ids.insert(policy.id().clone()));
        Ok(Arc::new(set_of(policies).map_err(Error::Engine)?))
    }

    /// The store for one flow. The practitioner's only parent is the role acted in.
    pub(crate) fn flow(
        &self,
        (sender, from): (&OrganisationId, &str),
        (recipient, to): (&OrganisationId, &str),
        action: Action,
        standings: impl Iterator<Item = impl AsRef<str>>,
    ) -> Result<Flow, Error> {
        let kinds = &self.ground.kinds;
        let organisation = |id: &OrganisationId| uid(&kinds.organisation, id.as_str());
        let role = |id: &OrganisationId, role: &str| uid(&kinds.role, &format!("{id}/{role}"));
        let (sent_by, had_by) = (organisation(sender), organisation(recipient));
        let (from, to) = (role(sender, from), role(recipient, to));
        let (principal, resource) = (uid(&kinds.practitioner, "acting"), uid(&kinds.flow, "asked"));
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
        let standings = standings.map(|id| uid(&kinds.standing, id.as_ref())).collect();
        let flow = Entity::new(resource.clone(), attributes.into_iter().collect(), standings)
            .map_err(|error| Error::Engine(error.to_string()))?;
        store.push(flow);
        let entities = Entities::from_entities(store, Some(&self.ground.schema))
            .map_err(|error| Error::Engine(error.to_string()))?;
        let action = uid(&kinds.action, action.as_str());
        let sender = RestrictedExpression::new_entity_uid(sent_by);
        Ok(Flow { principal, action, resource, entities, sender })
    }

    /// Does this clause, relied upon alone, cover this row class? A request that is `checked` is
    /// validated against the schema too; every one is built by the same code.
    pub(crate) fn answer(
        &self,
        policies: &PolicySet,
        flow: &Flow,
        asked: &Question<'_>,
        checked: bool,
    ) -> Result<Answer, Error> {
        let fault = |error: &dyn fmt::Display| Error::Engine(error.to_string());
        let organisation = |id: &OrganisationId| {
            RestrictedExpression::new_entity_uid(uid(&self.ground.kinds.organisation, id.as_str()))
        };
        let source = asked.source.map_or_else(|| flow.sender.clone(), organisation);
        let referrers = asked.referrers.iter().map(organisation);
        let context = [
            ("relies", texts(asked.relies)),
            ("instrument", text(asked.instrument.as_str())),
            ("source_begun", RestrictedExpression::new_bool(asked.source_begun)),
            ("above", texts(asked.above)),
            ("exceptional", RestrictedExpression::new_bool(asked.kind == Kind::Exceptional)),
            ("routine", RestrictedExpression::new_bool(asked.kind == Kind::Routine)),
            ("accepts", texts(asked.accepts)),
            ("purpose", text(asked.purpose)),
            ("category", text(asked.category)),
            ("labels", texts(asked.labels)),
            ("source", source),
            ("lineage", texts(asked.lineage)),
            ("facts", texts(asked.facts)),
            ("states", texts(asked.states)),
            ("beyond", RestrictedExpression::new_bool(asked.beyond)),
            ("nations", texts(asked.nations)),
            ("opted_out", texts(asked.opted_out)),
            ("attested", texts(asked.attested)),
            ("referrers", RestrictedExpression::new_set(referrers)),
        ];
        let context = context.map(|(name, value)| (name.to_owned(), value));
        let context = Context::from_pairs(context).map_err(|e| fault(&e))?;
        let (principal, resource) = (flow.principal.clone(), flow.resource.clone());
        let (action, schema) = (flow.action.clone(), checked.then_some(&self.ground.schema));
        let request =
            Request::new(principal, action, resource, context, schema).map_err(|e| fault(&e))?;
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

fn parse(id: &str, text: &str) -> Result<Policy, Vec<String>> {
    Policy::parse(Some(PolicyId::new(id)), text).map_err(|e| vec![format!("{id}: {e}")])
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn texts(all: impl IntoIterator<Item = impl AsRef<str>>) -> RestrictedExpression {
    RestrictedExpression::new_set(all.into_iter().map(|each| text(each.as_ref())))
}
