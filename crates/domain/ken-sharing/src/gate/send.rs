//! Deciding what a practitioner would send to a role of another organisation.
//!
//! Who sends is the active end, so the facts are those of who sends; what is sent is all of it or
//! nothing. What is written anew is of the plain class, whatever is held; what is sent on is of the
//! class that it was received under, so that a prohibition follows it.
//!
//! # Invariants
//!
//! - As of every decision: the answer stands on the ledger before it is told, and what it gives is
//!   good for one use, at the moment of the person's guard that it was given under.
//! - A permit to send reads nothing: it is of another type than a permit to read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_core::{
    Category, ClauseId, Ctx, EntryId, FieldName, InstrumentHash, OrganisationId, PersonId, Purpose,
};
use ken_directory::{Acting, HeldRole};
use ken_store::Db;
use ken_store::keys::KeyRing;
use serde_json::{Map, Value, json};

use super::{
    Caller, Decision, Denial, Gate, Need, Outcomes, Question, TRIES_MAX, entry, facts, replay,
    without_vain_words,
};
use crate::Error;
use crate::decide::{self, Citation, Fields, Outcome, Permitted, RowClass, Seat, View, Want};
use crate::duty::{self, What};
use crate::permit::PERMIT_LAST;
use crate::relationship::later;
use crate::{Action, Statement};

/// What would be sent, to whom.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Whom it is about.
    pub person: PersonId,
    /// The role of an organisation that would have it.
    pub to: HeldRole,
    /// How: push, answer or alert.
    pub action: Action,
    /// What for.
    pub purpose: Purpose,
    /// Which fields of which kinds of information: all of them, or none goes.
    pub what: BTreeMap<Category, BTreeSet<FieldName>>,
    /// The instruments that it was received under itself; none where it is written anew.
    pub lineage: BTreeSet<InstrumentHash>,
}

impl Sending {
    pub(super) fn question(&self, by: &Acting) -> Question {
        Question {
            person: self.person,
            sources: BTreeSet::from([by.organisation.clone()]),
            action: self.action,
            purpose: self.purpose.clone(),
            categories: self.what.keys().cloned().collect(),
            before: None,
        }
    }

    pub(super) fn view(&self, by: &Acting) -> View {
        let only = |fields: &BTreeSet<FieldName>| Fields::Only(fields.clone());
        let what = self.what.iter().map(|(category, fields)| (category.clone(), only(fields)));
        View {
            senders: BTreeSet::from([by.organisation.clone()]),
            role: by.role.clone(),
            recipient: Seat {
                organisation: self.to.organisation.clone(),
                role: Some(self.to.role.clone()),
            },
            action: self.action,
            purpose: self.purpose.clone(),
            want: Want::Exactly(what.collect()),
        }
    }

    /// What an entry keeps of it, beside what it keeps of every question.
    pub(super) fn kept(&self, mut kept: Map<String, Value>) -> Map<String, Value> {
        let to = json!({
            "organisation": self.to.organisation.as_str(), "role": self.to.role.as_str(),
        });
        kept.insert("to".to_owned(), to);
        kept.insert("fields".to_owned(), json!(self.what));
        kept.insert("lineage".to_owned(), json!(self.lineage));
        kept
    }

    /// The classes of what is sent.
    pub(super) fn rows(&self, by: &Acting) -> BTreeSet<RowClass> {
        let of = |category: &Category| {
            let plain = RowClass::plain(category.clone(), by.organisation.clone());
            RowClass { lineage: self.lineage.clone(), ..plain }
        };
        self.what.keys().map(of).collect()
    }
}

/// The gate's answer.
#[derive(Debug)]
pub enum Sent {
    /// It may go; the permit is spent by sending.
    Permit(Box<SendPermit>),
    /// It may once these words are affirmed.
    Need(Need),
    /// It may not.
    Deny(Denial),
}

/// Leave to send, once, what was asked about. Only the gate makes one, and it is neither cloned nor
/// written out.
#[derive(Debug)]
#[must_use = "leave to send that is not spent was asked for in vain, and stands in the ledger"]
pub struct SendPermit {
    sending: Sending,
    clauses: BTreeSet<ClauseId>,
    lineage: BTreeSet<InstrumentHash>,
    entry: EntryId,
    moment: (i64, i64),
    due: Option<Timestamp>,
    until: Timestamp,
}

impl SendPermit {
    /// What may be sent, and to whom.
    #[must_use]
    pub const fn sending(&self) -> &Sending {
        &self.sending
    }

    /// The clauses relied upon.
    #[must_use]
    pub const fn clauses(&self) -> &BTreeSet<ClauseId> {
        &self.clauses
    }

    /// The instruments under which it is received.
    #[must_use]
    pub const fn lineage(&self) -> &BTreeSet<InstrumentHash> {
        &self.lineage
    }

    /// By when its clauses want an answer, the earliest of them.
    #[must_use]
    pub const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Its ledger entry.
    #[must_use]
    pub const fn entry(&self) -> EntryId {
        self.entry
    }

    /// Whether it still holds, at this epoch of the person's guard and this policy head.
    #[must_use]
    pub fn holds(&self, now: Timestamp, moment: (i64, i64)) -> bool {
        self.moment == moment && now < self.until
    }
}

/// Decides a sending, and enters it.
///
/// # Errors
///
/// As [`super::decide_many`].
pub async fn send(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    by: &Acting,
    sending: Sending,
) -> Result<Sent, Error> {
    let (caller, question) = (Caller::Practitioner(by), sending.question(by));
    // No practitioner sits where the person does, whatever a register says.
    super::seat_of(caller)?;
    let (view, rows, mut latest) = (sending.view(by), sending.rows(by), gate.latest(ctx));
    for _ in 0..=TRIES_MAX {
        let current = match latest.take() {
            Some(latest) => latest,
            None => gate.current(db, ctx).await?,
        };
        let seen = facts::read(db, ctx, gate, caller, sending.person).await?;
        if seen.policy != current.version {
            continue;
        }
        let Some(epoch) = seen.epoch else {
            let mut denied = entry::deny_unknown(db, ctx, keys, caller, &question).await?;
            let Some((_, Decision::Deny(denial))) = denied.pop_first() else {
                return Err(Error::NoSource);
            };
            return Ok(Sent::Deny(denial));
        };
        let facts = without_vain_words(&current.bundle, &seen);
        let answers = decide::decide_view(&current.bundle, &view, &facts, &rows)?;
        let outcome = answers.get(&by.organisation).ok_or(Error::NoSource)?;
        let outcomes = Outcomes::from([(by.organisation.clone(), Outcome::clone(outcome))]);
        let kept = sending.kept(replay::kept(&view, &facts));
        let entries = entry::of(caller, &question, &kept, &outcomes);
        let moment = (epoch, seen.policy);
        let of = (by, &sending, outcome.as_ref());
        if let Some(entry) = enter(db, ctx, keys, of, (entries, moment)).await? {
            return Ok(told(ctx, sending, outcome, (entry, moment)));
        }
    }
    Err(Error::Contended)
}

/// What is entered, and the moment that it was decided at.
type Entries = (Vec<(entry::Group, ken_ledger::NewEntry)>, (i64, i64));

/// Enters it, with who sends owing what the clause asks of a sender, if nothing has changed.
async fn enter(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, sending, outcome): (&Acting, &Sending, &Outcome),
    (entries, (epoch, policy)): Entries,
) -> Result<Option<EntryId>, Error> {
    let person = sending.person;
    db.write("sharing.send", async |tx| {
        let entries: Vec<_> = entries.iter().map(|(_, entry)| entry.clone()).collect();
        let ids = ken_ledger::append_if_current(tx, ctx, keys, entries, person, epoch, policy);
        let Some(entry) = ids.await?.and_then(|ids| ids.first().copied()) else {
            return Ok(None);
        };
        let of_sender = outcome_of_sender(outcome);
        duty::note(tx, ctx, (by, person), of_sender.iter(), entry).await?;
        Ok(Some(entry))
    })
    .await
}

/// The outcome with what its clauses ask of a sender alone: to tell the person. To acknowledge, to
/// review and to delete is for whoever receives it.
fn outcome_of_sender(outcome: &Outcome) -> Option<Outcome> {
    let Outcome::Permit(permitted) = outcome else { return None };
    let tells = |obligation: &String| {
        let what = What::of_obligation(obligation, None);
        what.is_some_and(|(what, _)| what == What::Tell)
    };
    let of = |(id, cited): (&ClauseId, &Citation)| {
        let obligations = cited.obligations.iter().filter(|one| tells(one)).cloned().collect();
        (id.clone(), Citation { obligations, ..cited.clone() })
    };
    let citations = permitted.citations.iter().map(of).collect();
    Some(Outcome::Permit(Permitted { citations, ..permitted.clone() }))
}

fn told(
    ctx: &Ctx<'_>,
    sending: Sending,
    outcome: &Outcome,
    (entry, moment): (EntryId, (i64, i64)),
) -> Sent {
    match outcome {
        Outcome::Permit(permitted) => {
            let covered = permitted.categories.values().flat_map(BTreeMap::values);
            let clauses: BTreeSet<ClauseId> = covered.cloned().collect();
            let cited = permitted.citations.iter().filter(|(id, _)| clauses.contains(*id));
            let lineage = cited.map(|(_, cited)| cited.hash.clone());
            let lineage = lineage.chain(sending.lineage.iter().cloned()).collect();
            let cited = permitted.citations.iter().filter(|(id, _)| clauses.contains(*id));
            let due = cited.flat_map(|(_, cited)| answer_due(ctx, cited)).min();
            let until = later(ctx, PERMIT_LAST);
            let permit = SendPermit { sending, clauses, lineage, entry, moment, due, until };
            Sent::Permit(Box::new(permit))
        }
        Outcome::Need(needed) => {
            let statements = needed.statements.clone().into_iter();
            let statement = |(words, text)| Statement { words, text };
            Sent::Need(Need { statements: statements.map(statement).collect(), entry })
        }
        Outcome::Deny(_) => Sent::Deny(Denial { entry }),
    }
}

/// By when a clause wants an answer of whoever receives what is sent.
fn answer_due(ctx: &Ctx<'_>, cited: &Citation) -> Vec<Timestamp> {
    let within = cited.deadline.as_deref();
    let spans = cited.obligations.iter().filter_map(|text| {
        let (what, span) = What::of_obligation(text, within)?;
        (what == What::Acknowledge).then_some(span)
    });
    spans.chain(within).filter_map(|span| duty::deadline(ctx, span)).collect()
}

/// To which organisation an entry of the gate says that something was sent; none where it is of a
/// look.
#[must_use]
pub fn sent_to(detail: &Value) -> Option<OrganisationId> {
    detail.get("to")?.get("organisation")?.as_str()?.parse().ok()
}
