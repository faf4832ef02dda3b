//! Whether a clause covered what was said already: by telephone, face to face, by video.
//!
//! Nothing leaves by it and no permit comes of it: what was said is said. The gate's own rule
//! answers, with what the registers say of the moment at which it was said; nobody is refused
//! anything, and whoever asks tells nobody the answer but the ledger.
//!
//! # Invariants
//!
//! - The answer is of the moment at which it was said: relationships and facts as they stood then,
//!   by the agreements that are known now, on the day that it was.
//! - Of words that a clause asks for those count that were affirmed then, and those that are
//!   affirmed of that moment: they count for this judgement alone and open nothing now.
//! - The person reads of it when the clauses say that covered it; where some of it was covered by
//!   none, not before somebody has looked into it.
//!
//! Source: `core.md` 2; the maturity model's wish that technology need not manage every step.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_agreement::{Action, Words};
use ken_core::{
    BoxFuture, Category, ClauseId, Clock, Ctx, OrganisationId, PersonId, Purpose, RoleId,
};
use ken_directory::{Acting, HeldRole};
use ken_ledger::Visibility;
use ken_store::{Db, guard};

use super::facts::{self, Seen};
use super::{Caller, Gate, RECORD, entry, without_vain_words, word};
use crate::bundle::Bundle;
use crate::decide::{self, Facts, Outcome, RowClass, Seat, View, Want};
use crate::{Error, Statement};

/// What was said.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// Whom it is about.
    pub person: PersonId,
    /// The role of another organisation with which it was exchanged; none where that is no party's
    /// role, and then no clause covers it.
    pub with: Option<HeldRole>,
    /// Whether it was heard from there, and not told.
    pub is_heard: bool,
    /// What for.
    pub purpose: Purpose,
    /// Which kinds of information.
    pub categories: BTreeSet<Category>,
    /// When.
    pub at: Timestamp,
    /// The words that whoever records it affirms of that moment.
    pub affirmed: BTreeSet<Words>,
}

/// What clauses say of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Whether anybody goes by that id.
    pub is_known: bool,
    /// The clauses that covered each kind of information; a kind that none covered is absent.
    pub clauses: BTreeMap<Category, BTreeSet<ClauseId>>,
    /// Words with which more would be covered.
    pub missing: BTreeSet<Statement>,
    /// When the person reads of it, as far as clauses say.
    pub visibility: Visibility,
}

/// A clock that stands at a moment that has been.
#[derive(Debug)]
struct Then(Timestamp);

impl Clock for Then {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Says which clauses covered what was said. It enters nothing: who records what was said does.
///
/// # Errors
///
/// Whatever the store or the policies say.
pub async fn judge(
    db: &Db,
    ctx: &Ctx<'_>,
    gate: &Gate,
    by: &Acting,
    spoken: &Spoken,
) -> Result<Judged, Error> {
    let caller = Caller::Practitioner(by);
    let own = super::seat_of(caller)?;
    let current = gate.current(db, ctx).await?;
    let clock = Then(spoken.at);
    let then = Ctx { clock: &clock, ids: ctx.ids, request: ctx.request };
    let mut seen = seen(db, &then, by, spoken.person).await?;
    seen.facts.attested.extend(spoken.affirmed.iter().cloned());
    let facts = without_vain_words(&current.bundle, &seen);
    let mut judged = Judged {
        is_known: seen.epoch.is_some(),
        clauses: BTreeMap::new(),
        missing: BTreeSet::new(),
        visibility: Visibility::Now,
    };
    if let Some(with) = spoken.with.as_ref().filter(|_| judged.is_known) {
        // Each kind alone: one that nobody knows takes nothing from the others.
        for category in &spoken.categories {
            for view in views(spoken, (&own, &by.role), (with, category))? {
                judged.take(&current.bundle, (&view, &facts), &rows(&view, category))?;
            }
        }
    }
    if judged.is_whole(&spoken.categories) {
        // What is covered already needs no words.
        judged.missing.clear();
    } else {
        // It may be a report of harm, of whoever reads: nobody but a reviewer says that they may.
        judged.visibility = judged.visibility.max(Visibility::AfterReview);
    }
    Ok(judged)
}

impl Judged {
    /// Whether every kind of information was covered.
    #[must_use]
    pub fn is_whole(&self, categories: &BTreeSet<Category>) -> bool {
        categories.iter().all(|category| self.clauses.contains_key(category))
    }

    /// Takes what one way of passing it on gives.
    fn take(
        &mut self,
        bundle: &Bundle,
        (view, facts): (&View, &Facts),
        rows: &BTreeSet<RowClass>,
    ) -> Result<(), Error> {
        for outcome in decide::decide_view(bundle, view, facts, rows)?.values() {
            match outcome.as_ref() {
                Outcome::Permit(permitted) => {
                    for (category, covered) in &permitted.categories {
                        let of = self.clauses.entry(category.clone()).or_default();
                        of.extend(covered.values().cloned());
                    }
                    self.visibility = self.visibility.max(entry::visibility(permitted));
                    let offers = permitted.offers.values().map(|offer| &offer.statements);
                    offers.for_each(|words| self.miss(words));
                }
                Outcome::Need(needed) => self.miss(&needed.statements),
                Outcome::Deny(_) => {}
            }
        }
        Ok(())
    }

    fn miss(&mut self, statements: &BTreeMap<Words, String>) {
        let of = |(words, text): (&Words, &String)| Statement {
            words: words.clone(),
            text: text.clone(),
        };
        self.missing.extend(statements.iter().map(of));
    }
}

/// What the registers said then.
async fn seen(db: &Db, then: &Ctx<'_>, by: &Acting, person: PersonId) -> Result<Seen, Error> {
    db.snapshot("sharing.afterwards", async |s| {
        let caller = Caller::Practitioner(by);
        let (facts, open) = Box::pin(facts::facts_of(s, then, caller, person)).await?;
        let epoch = guard::find(s, person).await?.map(|guard| guard.epoch);
        let policy = guard::policy_version(s).await?;
        let held = BTreeSet::new();
        Ok(Seen { epoch, policy, facts, has_emergency: open.is_some(), held })
    })
    .await
}

/// The ways in which it may have been passed on: told as what is pushed, answered or alerted; heard
/// as that, and as what is looked at.
fn views(
    spoken: &Spoken,
    (own, role): (&Seat, &RoleId),
    (with, category): (&HeldRole, &Category),
) -> Result<Vec<View>, Error> {
    let other = Seat { organisation: with.organisation.clone(), role: Some(with.role.clone()) };
    let (from, to) = if spoken.is_heard { (&other, own) } else { (own, &other) };
    let sent = [Action::Push, Action::Answer, Action::Alert];
    let looked: &[Action] = if spoken.is_heard { &[Action::View] } else { &[] };
    let teller = if spoken.is_heard { &with.role } else { role };
    let mut views = vec![];
    for action in sent.iter().chain(looked) {
        let is_look = *action == Action::View;
        views.push(View {
            senders: BTreeSet::from([from.organisation.clone()]),
            role: if is_look { word(RECORD)? } else { teller.clone() },
            recipient: to.clone(),
            action: *action,
            purpose: spoken.purpose.clone(),
            want: Want::some_of([category.clone()]),
        });
    }
    Ok(views)
}

/// What was said is of the plain class of its kind.
fn rows(view: &View, category: &Category) -> BTreeSet<RowClass> {
    let plain = |source: &OrganisationId| RowClass::plain(category.clone(), source.clone());
    view.senders.iter().map(plain).collect()
}
