//! What changes between two instruments, in words: not of their texts, of what they allow.
//!
//! Each permits a set of flows: sender, recipient and its role, purpose, action, category, field.
//! The space is finite and is gone through whole; the difference of the two sets is then told in
//! sentences, the largest groups first put together.
//!
//! # Invariants
//!
//! - A flow that a prohibition of the same instrument stops is not in its set.
//! - Conditions are not in the space; a clause of one id whose conditions changed is told apart.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{Category, FieldName, OrganisationId, Purpose, RoleId};

use crate::clause::{Action, Clause, End, Who};
use crate::instrument::Instrument;

/// One thing that somebody may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Flow {
    from: String,
    to: String,
    role: String,
    purpose: Purpose,
    action: Action,
    category: Category,
    field: FieldName,
}

/// What changes, a sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What is allowed now and was not.
    pub newly_allowed: Vec<String>,
    /// What was allowed and is no longer.
    pub no_longer: Vec<String>,
    /// What is allowed as before, under other conditions or words.
    pub otherwise: Vec<String>,
}

impl Changes {
    /// Whether nothing that anybody may see changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.newly_allowed.is_empty() && self.no_longer.is_empty() && self.otherwise.is_empty()
    }
}

/// Tells what changes from one instrument to another.
#[must_use]
pub fn diff(before: &Instrument, after: &Instrument) -> Changes {
    let (old, new) = (flows(before), flows(after));
    let gained: BTreeSet<&Flow> = new.difference(&old).collect();
    let lost: BTreeSet<&Flow> = old.difference(&new).collect();
    Changes {
        newly_allowed: told(&gained, after, "may now"),
        no_longer: told(&lost, before, "may no longer"),
        otherwise: conditions(before, after),
    }
}

/// Everything that an instrument lets anybody have.
fn flows(instrument: &Instrument) -> BTreeSet<Flow> {
    let mut all = BTreeSet::new();
    let permits = instrument.clauses.iter().filter(|clause| !clause.is_prohibition());
    for clause in permits {
        let Some(purpose) = &clause.purpose else { continue };
        for (from, to, role) in ends(instrument, clause) {
            for entry in clause.categories.iter().filter_map(|id| instrument.category(id)) {
                let stopped = instrument.clauses.iter().any(|p| {
                    let labelled = entry.label.as_ref().is_some_and(|l| p.labels.contains(l));
                    let what = p.categories.is_empty() && p.labels.is_empty()
                        || labelled
                        || p.categories.contains(&entry.id);
                    p.is_prohibition()
                        && what
                        && !p.except.contains(&clause.id)
                        && ends_match(instrument, &p.from, &from, None)
                        && all_roles(&p.from, &clause.from)
                        && ends_match(instrument, &p.to, &to, Some(&role))
                });
                if stopped {
                    continue;
                }
                let fields = entry.whole().into_iter();
                let fields =
                    fields.filter(|f| clause.fields.as_ref().is_none_or(|o| o.contains(f)));
                for field in fields {
                    all.extend(clause.action.iter().map(|action| Flow {
                        from: from.clone(),
                        to: to.clone(),
                        role: role.clone(),
                        purpose: purpose.clone(),
                        action: *action,
                        category: entry.id.clone(),
                        field: field.clone(),
                    }));
                }
            }
        }
    }
    all
}

/// Sender, recipient and the recipient's role, each as ids; every pair that the clause allows.
fn ends(instrument: &Instrument, clause: &Clause) -> BTreeSet<(String, String, String)> {
    let parties = |end: &End| -> Vec<(String, Vec<String>)> {
        let all = instrument.parties.iter().filter(|party| end.may_be(party));
        let held = |roles: &BTreeSet<RoleId>| -> Vec<String> {
            let kept = roles.iter().filter(|role| end.any_role() || end.roles.contains(*role));
            kept.map(ToString::to_string).collect()
        };
        all.map(|party| (party.id.to_string(), held(&party.roles))).collect()
    };
    let mut found = BTreeSet::new();
    for (from, roles) in parties(&clause.from) {
        if roles.is_empty() && !clause.from.any_role() {
            continue;
        }
        match clause.to.party {
            Who::Person => {
                found.insert((from, "the person".to_owned(), "self".to_owned()));
            }
            _ => {
                for (to, roles) in parties(&clause.to) {
                    let own = from == to;
                    if own == clause.is_own() {
                        found.extend(roles.iter().map(|r| (from.clone(), to.clone(), r.clone())));
                    }
                }
            }
        }
    }
    found
}

/// Whether a prohibition takes in every sender's role that a permit takes in.
fn all_roles(stops: &End, permits: &End) -> bool {
    stops.any_role() || !permits.any_role() && permits.roles.is_subset(&stops.roles)
}

fn ends_match(instrument: &Instrument, end: &End, organisation: &str, role: Option<&str>) -> bool {
    let roles = end.any_role() || role.is_none_or(|role| end.roles.contains(role));
    let id = OrganisationId::new(organisation).ok();
    let party = id.as_ref().and_then(|id| instrument.party(id));
    roles
        && match &end.party {
            Who::Any => party.is_none_or(|party| end.may_be(party)),
            Who::Person => party.is_none(),
            _ => party.is_some_and(|party| end.may_be(party)),
        }
}

/// What is the same for many flows, so that one sentence tells them.
type Group = (String, String, Purpose, Category, BTreeSet<FieldName>);

/// One thing without its field.
type Place<'a> = (&'a str, &'a str, &'a str, &'a Purpose, &'a Category, Action);
/// A sentence without its roles: recipient, purpose, category, fields, actions, senders.
type Last = (String, Purpose, Category, BTreeSet<FieldName>, BTreeSet<Action>, BTreeSet<String>);

/// Sentences for flows: fields together, then actions, then senders, then roles.
fn told(flows: &BTreeSet<&Flow>, instrument: &Instrument, may: &str) -> Vec<String> {
    let mut fields: BTreeMap<Place<'_>, BTreeSet<FieldName>> = BTreeMap::new();
    for flow in flows {
        let place =
            (&*flow.from, &*flow.to, &*flow.role, &flow.purpose, &flow.category, flow.action);
        fields.entry(place).or_default().insert(flow.field.clone());
    }
    let mut actions: BTreeMap<(String, Group), BTreeSet<Action>> = BTreeMap::new();
    for ((from, to, role, purpose, category, action), fields) in fields {
        let group = (to.to_owned(), role.to_owned(), purpose.clone(), category.clone(), fields);
        actions.entry((from.to_owned(), group)).or_default().insert(action);
    }
    let mut senders: BTreeMap<(Group, BTreeSet<Action>), BTreeSet<String>> = BTreeMap::new();
    for ((from, group), actions) in actions {
        senders.entry((group, actions)).or_default().insert(from);
    }
    let mut roles: BTreeMap<Last, BTreeSet<String>> = BTreeMap::new();
    for (((to, role, purpose, category, fields), actions), from) in senders {
        roles.entry((to, purpose, category, fields, actions, from)).or_default().insert(role);
    }
    let sentence =
        |((to, purpose, category, fields, actions, from), roles): (&Last, &BTreeSet<String>)| {
            let whole = instrument.category(category);
            let all = whole.is_some_and(|entry| entry.whole() == *fields);
            let what = whole.map_or_else(|| category.to_string(), |entry| entry.text.clone());
            let what = if all { what } else { format!("{what} (only {})", list(fields)) };
            let why = instrument.purposes.iter().find(|one| one.id == *purpose);
            let why = why.map_or_else(|| purpose.to_string(), |one| one.text.clone());
            let from: Vec<String> = from.iter().map(|id| name(instrument, id)).collect();
            format!(
                "{} ({}) {may} {} from {}: {what} [{category}]. Why: {why} [{purpose}]",
                name(instrument, to),
                list(roles),
                list(actions.iter().map(|action| verb(*action))),
                list(from),
            )
        };
    roles.iter().map(sentence).collect()
}

fn list(words: impl IntoIterator<Item: ToString>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| word.to_string()).collect();
    words.join(", ")
}

fn name(instrument: &Instrument, id: &str) -> String {
    let party = instrument.parties.iter().find(|party| party.id.as_str() == id);
    party.map_or_else(|| id.to_owned(), |party| party.name.clone())
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Push => "be sent",
        Action::Answer => "be answered with",
        Action::View => "see",
        Action::Search => "find people by",
        Action::Alert => "be alerted with",
        Action::Aggregate => "have counts of",
        Action::Export => "take a copy of",
    }
}

/// Clauses that both have, whose conditions or sentences differ.
fn conditions(before: &Instrument, after: &Instrument) -> Vec<String> {
    let mut told = vec![];
    for new in &after.clauses {
        let Some(old) = before.clause(&new.id) else { continue };
        let mut say = |what: &str, old: String, new_words: String| {
            if old != new_words {
                let shown =
                    |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
                let (old, new_words) = (shown(old), shown(new_words));
                told.push(format!("{}: {what} was {old}, is {new_words}", new.id));
            }
        };
        say("what it requires", list(&old.require), list(&new.require));
        say("what it expects", list(&old.expect), list(&new.expect));
        say("what must be affirmed", list(&old.attest), list(&new.attest));
        say("what follows", list(&old.obligations), list(&new.obligations));
        say("its deadline", list(&old.deadline), list(&new.deadline));
        let starts = |c: &Clause| c.starts.map_or_else(String::new, |day| day.to_string());
        say("its first day", starts(old), starts(new));
        say("its kind", format!("{:?}", old.kind), format!("{:?}", new.kind));
        say("whether it is a duty", format!("{:?}", old.modality), format!("{:?}", new.modality));
        let shown = |c: &Clause| c.visible_to_person.map_or(String::new(), |v| format!("{v:?}"));
        say("when the person sees it", shown(old), shown(new));
        say("its sentence", old.text.clone(), new.text.clone());
    }
    for (id, words) in &after.attestations {
        if let Some(old) = before.attestations.get(id).filter(|old| *old != words) {
            told.push(format!("the words `{id}` were \"{old}\", are \"{words}\""));
        }
    }
    told
}
