//! What a decision says on the ledger.
//!
//! One question makes one entry for each time at which the person may see it, and one for what was
//! refused if nothing was permitted; the details are encrypted by the ledger.

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::Visibility as Shown;
use ken_core::{Ctx, OrganisationId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::Db;
use ken_store::keys::KeyRing;
use serde_json::{Map, Value, json};

use super::said::Said;
use super::{Caller, Decision, Denial, Outcomes, Question};
use crate::Error;
use crate::decide::{Outcome, Permitted};

/// What an entry calls it that the sources were asked themselves, at that moment.
pub(super) const ASKED: &str = "asked";

/// Whether the sources of a group are asked: the person sees at once that they are.
pub(super) fn is_asked(of: Group) -> bool {
    of == Group::Permitted(Visibility::Now)
}

/// Says of each group that is asked that it is.
pub(super) fn say_asked(entries: &mut [(Group, NewEntry)]) {
    for (of, entry) in entries {
        if let Some(detail) = entry.detail.as_object_mut().filter(|_| is_asked(*of)) {
            detail.insert(ASKED.to_owned(), true.into());
        }
    }
}

/// Whether an entry of a look says that its sources were asked themselves.
#[must_use]
pub fn has_asked(detail: &Value) -> bool {
    detail.get(ASKED).and_then(Value::as_bool) == Some(true)
}

/// Outcomes that stand in one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Permitted; the person sees it then.
    Permitted(Visibility),
    /// Words are missing.
    Needed,
    /// Refused.
    Refused,
}

/// The group of one outcome.
pub(super) fn group(outcome: &Outcome) -> Group {
    match outcome {
        Outcome::Permit(permitted) => Group::Permitted(visibility(permitted)),
        Outcome::Need(_) => Group::Needed,
        Outcome::Deny(_) => Group::Refused,
    }
}

/// As late as the latest of the clauses relied upon.
pub(super) fn visibility(permitted: &Permitted) -> Visibility {
    let shown = permitted.citations.values().map(|cited| match cited.visible_to_person {
        Shown::Now => Visibility::Now,
        Shown::AfterReview => Visibility::AfterReview,
        Shown::Delayed => Visibility::Delayed,
    });
    shown.max().unwrap_or(Visibility::AfterReview)
}

/// The entries of a question. Sources that were refused stand in an entry of their own only where
/// nothing was permitted; otherwise the question's entries say what was asked and what was given.
pub(super) fn of(
    caller: Caller<'_>,
    question: &Question,
    kept: &Map<String, Value>,
    outcomes: &Outcomes,
) -> Vec<(Group, NewEntry)> {
    let groups: BTreeSet<Group> = outcomes.values().map(group).collect();
    let permits: fn(&Group) -> bool = |group| matches!(group, Group::Permitted(_));
    let told: Vec<Group> = if groups.iter().any(permits) {
        groups.into_iter().filter(permits).collect()
    } else {
        groups.into_iter().take(1).collect()
    };
    // What gave nothing is told once, in the first.
    let others = outcomes.iter().filter(|(_, outcome)| !told.contains(&group(outcome)));
    let mut others: Vec<&str> = others.map(|(source, _)| source.as_str()).collect();
    let mut entries = vec![];
    for of in told {
        let mut detail = asked(caller, question);
        detail.extend(kept.clone());
        detail.insert("others".to_owned(), json!(std::mem::take(&mut others)));
        entries.push((of, entry(question, outcomes, of, detail)));
    }
    entries
}

fn entry(
    question: &Question,
    outcomes: &Outcomes,
    of: Group,
    mut detail: Map<String, Value>,
) -> NewEntry {
    let (kind, visibility) = match of {
        Group::Permitted(visibility) => (EntryKind::Permit, visibility),
        Group::Needed => (EntryKind::Need, Visibility::AfterReview),
        Group::Refused => (EntryKind::Deny, Visibility::AfterReview),
    };
    let within = outcomes.iter().filter(|(_, outcome)| group(outcome) == of);
    let from: Map<_, _> =
        within.map(|(source, outcome)| (source.to_string(), said(outcome))).collect();
    detail.insert("from".to_owned(), Value::Object(from));
    let stream = Stream::Person(question.person);
    NewEntry { stream, kind, visibility, detail: Value::Object(detail) }
}

/// Who asked, for what, how.
fn asked(caller: Caller<'_>, question: &Question) -> Map<String, Value> {
    let who = match caller {
        Caller::Practitioner(by) => json!({
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
        }),
        Caller::Own(account) => json!({ "own": true, "account": account.to_string() }),
    };
    let mut detail = match who {
        Value::Object(detail) => detail,
        _ => Map::new(),
    };
    detail.insert("purpose".to_owned(), json!(question.purpose.as_str()));
    detail.insert("action".to_owned(), json!(question.action.as_str()));
    if let Some(before) = question.before {
        detail.insert("before".to_owned(), json!(before.to_string()));
    }
    detail
}

/// What was said for one source.
fn said(outcome: &Outcome) -> Value {
    let mut said = Said::of(outcome).to_value();
    if let (Outcome::Permit(permitted), Value::Object(of)) = (outcome, &mut said) {
        let cited = permitted.citations.values();
        let unmet: BTreeSet<_> = cited.flat_map(|cited| &cited.unmet).collect();
        if !unmet.is_empty() {
            of.insert("unmet".to_owned(), json!(unmet));
        }
    }
    said
}

/// Somebody unknown: a refusal as any other, in the stream of the organisation that asked.
pub(super) async fn deny_unknown(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    caller: Caller<'_>,
    question: &Question,
) -> Result<BTreeMap<OrganisationId, Decision>, Error> {
    let organisation = match caller {
        Caller::Practitioner(by) => by.organisation.clone(),
        Caller::Own(_) => super::word(ken_agreement::status::PERSON)?,
    };
    let entry = NewEntry {
        stream: Stream::Organisation(organisation),
        kind: EntryKind::Deny,
        visibility: Visibility::Never,
        detail: Value::Object(asked(caller, question)),
    };
    let entry = db
        .write("sharing.decide", async |tx| {
            Ok::<_, Error>(ken_ledger::append(tx, ctx, keys, entry).await?)
        })
        .await?;
    let deny = |source: &OrganisationId| (source.clone(), Decision::Deny(Denial { entry }));
    Ok(question.sources.iter().map(deny).collect())
}
