//! The policies in force, compiled once and kept until something about them changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::civil::Date;
use ken_agreement::{Action, Clause, Instrument, Kind};
use ken_core::{Ctx, Fact, PersonId, Purpose};
use ken_directory::Acting;
use ken_store::{Db, Snapshot, guard};
use tokio::sync::Mutex;

use super::sealing::Sealing;
use crate::bundle::Bundle;
use crate::{Error, instrument, relationship, together};

/// Start of the facts that name a relationship.
const RELATIONSHIP: &str = "relationship:";

/// The gate of one process: the bundle it decides by.
#[derive(Default)]
pub struct Gate {
    current: RwLock<Option<Arc<Current>>>,
    /// Held while the policies are compiled: by one at a time.
    compiling: Mutex<()>,
    /// Whether the ledger is being sealed.
    pub(super) sealing: Sealing,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate(..)")
    }
}

/// A bundle, and what it was compiled from.
#[derive(Debug)]
pub struct Current {
    /// The policy head.
    pub version: i64,
    /// The day, since a successor may begin on a day.
    pub day: Date,
    /// The policies.
    pub bundle: Bundle,
}

/// A purpose that a practitioner may choose, because a live relationship or own work supports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurposeChoice {
    /// The purpose.
    pub purpose: Purpose,
    /// What it is for, as signed.
    pub text: String,
    /// The relationship that supports it; none for an organisation's own work.
    pub relationship: Option<String>,
}

impl Gate {
    /// The policies in force now, compiled anew when something changed.
    ///
    /// # Errors
    ///
    /// [`Error::Bundle`] when they do not compile even with those shut that do not: a fault of
    /// ours, and nothing is decided. One instrument alone stops none but itself.
    pub async fn current(&self, db: &Db, ctx: &Ctx<'_>) -> Result<Arc<Current>, Error> {
        if let Some(held) = self.held(db, ctx).await? {
            return Ok(held);
        }
        // One compiles; whoever came meanwhile finds what it made. As many wait here as requests
        // are served at once.
        let _turn = self.compiling.lock().await;
        if let Some(held) = self.held(db, ctx).await? {
            return Ok(held);
        }
        let day = ctx.clock.today();
        let in_force =
            db.snapshot("sharing.load", async |s| instrument::load_around(s, ctx).await).await?;
        let before = self.kept();
        // Compiling takes milliseconds: not on a thread that others wait for.
        let compile = move || {
            let before = before.as_deref().map(|before| &before.bundle);
            Bundle::compile_in_force(before, in_force.instruments, &in_force.unread)
        };
        let bundle = tokio::task::spawn_blocking(compile).await.map_err(|_| Error::Contended)??;
        let current = Arc::new(Current { version: in_force.version, day, bundle });
        tell_shut(self.kept().as_deref(), &current);
        let kept = Arc::clone(&current);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(current)
    }

    /// What is kept, if it is in force.
    async fn held(&self, db: &Db, ctx: &Ctx<'_>) -> Result<Option<Arc<Current>>, Error> {
        let version = db
            .snapshot("sharing.policy", async |s| Ok::<_, Error>(guard::policy_version(s).await?))
            .await?;
        Ok(self.latest(ctx).filter(|held| held.version == version))
    }

    fn kept(&self) -> Option<Arc<Current>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The policies that were in force when they were last looked at, if that was today. Whoever
    /// decides by them compares their version with the policy head of the facts.
    pub(super) fn latest(&self, ctx: &Ctx<'_>) -> Option<Arc<Current>> {
        self.kept().filter(|held| held.day == ctx.clock.today())
    }

    /// The purposes that a practitioner may choose for a person. It depends on the person's id and
    /// the practitioner's own registers, never on what is held.
    ///
    /// # Errors
    ///
    /// As [`Gate::current`], and whatever the store says.
    pub async fn purposes(
        &self,
        db: &Db,
        ctx: &Ctx<'_>,
        by: &Acting,
        person: PersonId,
    ) -> Result<Vec<PurposeChoice>, Error> {
        let current = self.current(db, ctx).await?;
        // A relationship under any id of the same person is a reason to ask; what may be seen is
        // decided of each id by its own.
        let held = async |s: &mut Snapshot| {
            let mut held = vec![];
            for one in together::group(s, person).await? {
                held.append(&mut relationship::of_person(s, ctx, one).await?);
            }
            Ok::<_, Error>(held)
        };
        let held = db.snapshot("sharing.purposes", held).await?;
        let facts = relationship::facts(&held, by);
        let mut choices: BTreeMap<Purpose, PurposeChoice> = BTreeMap::new();
        for (_, instrument, _) in current.bundle.instruments() {
            for clause in &instrument.clauses {
                let viewed = clause.action.contains(&Action::View);
                let ordinary = matches!(clause.kind, Kind::Routine | Kind::Statutory);
                let theirs = clause.to.any_role() || clause.to.roles.contains(&by.role);
                let Some(purpose) = &clause.purpose else { continue };
                if !viewed || !ordinary || !theirs || clause.is_for_person() {
                    continue;
                }
                if let Some(choice) = supported(instrument, clause, purpose, &facts) {
                    choices.entry(purpose.clone()).or_insert(choice);
                }
            }
        }
        Ok(choices.into_values().collect())
    }
}

/// Tells the log of what no longer compiles, once.
fn tell_shut(before: Option<&Current>, now: &Current) {
    let known: BTreeSet<_> = before.into_iter().flat_map(|before| before.bundle.shut()).collect();
    for (name, code) in now.bundle.shut().filter(|shut| !known.contains(shut)) {
        tracing::error!(name = %name, error.code = code, "an agreement cannot run: shut");
    }
}

/// The choice that a clause gives, if every relationship that it requires is there.
fn supported(
    instrument: &Instrument,
    clause: &Clause,
    purpose: &Purpose,
    facts: &BTreeSet<Fact>,
) -> Option<PurposeChoice> {
    let named = |fact: &&Fact| fact.as_str().starts_with(RELATIONSHIP);
    let required: Vec<_> = clause.require.iter().filter(named).collect();
    if !required.iter().all(|fact| facts.contains(*fact)) {
        return None;
    }
    if required.is_empty() && !clause.is_own() {
        return None;
    }
    let text = instrument.purposes.iter().find(|entry| entry.id == *purpose)?.text.clone();
    let relationship = required.first().map(|fact| {
        let kind = fact.as_str().trim_start_matches(RELATIONSHIP);
        kind.split('@').next().unwrap_or(kind).to_owned()
    });
    Some(PurposeChoice { purpose: purpose.clone(), text, relationship })
}
