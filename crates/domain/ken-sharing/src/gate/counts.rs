//! Deciding whether counts may be made of what organisations hold, and about whom.
//!
//! Counts are of many people and name none, so nobody's stream bears the decision: it stands in
//! that of the organisation that asks, before anything is counted, and again before it is told.
//! Each person is then asked of the same rule with what the registers say of them, so that an
//! objection, an opt-out and a restriction count as in every other decision.
//!
//! # Invariants
//!
//! - Only a clause in force that lets one organisation give another counts lets anything be
//!   counted, and only of that organisation's own.
//! - The one fact that a caller does not find in a register, that counts pass disclosure control,
//!   is said here and for [`Action::Aggregate`] alone; whoever counts has no other way to tell them
//!   (`ken-insight`).
//! - What the organisation that asks holds itself is counted with what others hold where it gives
//!   all of them the same counts: so all parties may be told one table, and none has its own
//!   beside it.
//! - Whose address is protected, and who is at risk, is in no count at all: house policy, since a
//!   count by place may be all that somebody looks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ken_agreement::Clause;
use ken_core::{Category, ClauseId, Ctx, EntryId, Fact, OrganisationId, PersonId, Purpose, RoleId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Snapshot, guard};
use serde_json::{Value, json};

use super::policies::Current;
use super::{Gate, RECORD, SOURCES_MAX, word};
use crate::decide::{
    self, Ask, Citation, Facts, OPTED_OUT, Outcome, Seat, UNSEALED, Want, base, overlay_hides,
};
use crate::{Action, Error, fact};

/// The kind of information that counts are, in every agreement.
pub const COUNTS: &str = "aggregate";
/// What a clause asks of counts before they are told: the protocol of Public Health Scotland.
pub const CONTROLLED: &str = "sdc:phs-2.1";

/// Counts of what, asked for by whom and why.
#[derive(Debug, Clone)]
pub struct Counting {
    /// What for.
    pub purpose: Purpose,
    /// Of whose records: a fixed list from the registers.
    pub sources: BTreeSet<OrganisationId>,
    /// What it is about, for the ledger: names nobody.
    pub detail: Value,
}

/// Leave to count what these organisations hold, and to tell it once it is controlled.
#[derive(Debug)]
#[must_use = "leave to count that is not used was asked for in vain, and stands in the ledger"]
pub struct CountPermit {
    by: Acting,
    purpose: Purpose,
    given: BTreeMap<OrganisationId, ClauseId>,
    readers: BTreeSet<OrganisationId>,
    citations: BTreeMap<ClauseId, Citation>,
    current: Arc<Current>,
    entry: EntryId,
}

/// Whose records might be counted for a purpose, whoever asks: the parties of the agreements that
/// have a clause about such counts. Which clause gives what is for [`count`] to say.
///
/// # Errors
///
/// As [`Gate::current`].
pub async fn sources(
    db: &Db,
    ctx: &Ctx<'_>,
    gate: &Gate,
    purpose: &Purpose,
) -> Result<BTreeSet<OrganisationId>, Error> {
    let current = gate.current(db, ctx).await?;
    let gives = |clause: &&Clause| {
        clause.action.contains(&Action::Aggregate) && clause.purpose.as_ref() == Some(purpose)
    };
    let of = current.bundle.instruments().filter(|(_, of, _)| of.clauses.iter().any(|c| gives(&c)));
    let parties = of.flat_map(|(_, of, _)| of.parties.iter().map(|party| party.id.clone()));
    let all: BTreeSet<_> = parties.collect();
    Ok(all.into_iter().take(SOURCES_MAX).collect())
}

/// Decides, and enters it in the stream of the organisation that asks; none where no clause in
/// force lets any of the sources give counts to whoever asks.
///
/// # Errors
///
/// [`Error::NoSource`] without sources or with more than [`SOURCES_MAX`]; whatever the store, the
/// ledger or the decision says. Then nothing may be counted.
pub async fn count(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    by: &Acting,
    counting: &Counting,
) -> Result<Option<CountPermit>, Error> {
    if !(1..=SOURCES_MAX).contains(&counting.sources.len()) {
        return Err(Error::NoSource);
    }
    let current = gate.current(db, ctx).await?;
    let read = async |s: &mut Snapshot| {
        let has_left = ken_directory::account::has_left(s, ctx, by).await?;
        Ok::<_, Error>((has_left, gate.sealing.is_behind(s, ctx).await?))
    };
    let (has_left, is_behind) = db.snapshot("sharing.count", read).await?;
    let mut facts = said_of_counts(ctx)?;
    facts.held.extend(is_behind.then(|| Fact::new(UNSEALED)).and_then(Result::ok));
    let (mut given, mut citations) = (BTreeMap::new(), BTreeMap::new());
    let own = &by.organisation;
    // One's own records last: they are counted with those of others, and not alone.
    let (mine, others): (Vec<_>, Vec<_>) = counting.sources.iter().partition(|of| *of == own);
    for source in others.into_iter().chain(mine).filter(|_| !has_left) {
        let told = told_to(own, source, &given);
        let asking = (&*current, &by.role, &counting.purpose);
        if let Some((clause, cited)) = clause_to_all(asking, source, &told, &facts)? {
            given.insert(source.clone(), clause.clone());
            citations.insert(clause, cited);
        }
    }
    let readers = readers(&current, (by, &counting.purpose), &given, &facts)?;
    let entry = entry(by, counting, (&given, &readers));
    let entered = async |tx: &mut ken_store::Tx| {
        Ok::<_, Error>(ken_ledger::append(tx, ctx, keys, entry.clone()).await?)
    };
    let entry = db.write("sharing.count", entered).await?;
    if given.is_empty() {
        return Ok(None);
    }
    let (by, purpose) = (by.clone(), counting.purpose.clone());
    Ok(Some(CountPermit { by, purpose, given, readers, citations, current, entry }))
}

impl CountPermit {
    /// Who may be told.
    #[must_use]
    pub const fn by(&self) -> &Acting {
        &self.by
    }

    /// Whose records may be counted, each by which clause.
    #[must_use]
    pub const fn given(&self) -> &BTreeMap<OrganisationId, ClauseId> {
        &self.given
    }

    /// The other organisations of these to which all the others give the same counts, for the same
    /// role: they may read what whoever asks is told.
    #[must_use]
    pub const fn readers(&self) -> &BTreeSet<OrganisationId> {
        &self.readers
    }

    /// The clauses, as they were signed.
    #[must_use]
    pub const fn citations(&self) -> &BTreeMap<ClauseId, Citation> {
        &self.citations
    }

    /// Its ledger entry.
    #[must_use]
    pub const fn entry(&self) -> EntryId {
        self.entry
    }

    /// Every kind of information that the agreements in force know.
    #[must_use]
    pub fn categories(&self) -> BTreeSet<Category> {
        let all = self.current.bundle.instruments();
        all.flat_map(|(_, of, _)| of.categories.iter().map(|one| one.id.clone())).collect()
    }

    /// Whose records about a person may be counted: none where anything of the person's own stops
    /// it, under whatever id.
    ///
    /// # Errors
    ///
    /// Whatever the store or the decision says.
    pub async fn about<R: Reads>(
        &self,
        reads: &mut R,
        ctx: &Ctx<'_>,
        person: PersonId,
    ) -> Result<BTreeSet<OrganisationId>, Error> {
        let guard = guard::find(reads, person).await?;
        if guard.is_none_or(|guard| guard.barrier.is_some()) {
            return Ok(BTreeSet::new());
        }
        let mut facts = said_of_counts(ctx)?;
        facts.held.extend(fact::of_person(reads, ctx, person, None).await?);
        if overlay_hides(&facts, &self.purpose) {
            return Ok(BTreeSet::new());
        }
        let mut sources = BTreeSet::new();
        for (source, clause) in &self.given {
            if has_opted_out(&self.current, clause, &facts) {
                continue;
            }
            let told = told_to(&self.by.organisation, source, &self.given);
            let asking = (&*self.current, &self.by.role, &self.purpose);
            let found = clause_to_all(asking, source, &told, &facts)?;
            if found.is_some_and(|(found, _)| found == *clause) {
                sources.insert(source.clone());
            }
        }
        Ok(sources)
    }
}

/// Whether somebody opted out of planning in the nation of a clause's agreement. The gate's own
/// rule is about what names people; a count is made of them all the same.
fn has_opted_out(current: &Current, clause: &ClauseId, facts: &Facts) -> bool {
    let Some((of, _)) = current.bundle.clause(clause) else { return true };
    let nation = of.agreement.jurisdiction.as_str();
    facts.held.iter().any(|fact| base(fact).strip_prefix(OPTED_OUT) == Some(nation))
}

/// What is true of counts, whomever they are of.
fn said_of_counts(ctx: &Ctx<'_>) -> Result<Facts, Error> {
    let mut facts = Facts::none(ctx.clock.today());
    facts.held.insert(word(CONTROLLED)?);
    Ok(facts)
}

/// Who is told an organisation's counts, as the clauses have it: whoever asks; where they are their
/// own, all the others, to whom they would give the same.
fn told_to<'a>(
    own: &'a OrganisationId,
    source: &OrganisationId,
    given: &'a BTreeMap<OrganisationId, ClauseId>,
) -> Vec<&'a OrganisationId> {
    if source == own { given.keys().filter(|other| *other != own).collect() } else { vec![own] }
}

/// The organisations to which each of the others gives what it gives whoever asks.
fn readers(
    current: &Current,
    (by, purpose): (&Acting, &Purpose),
    given: &BTreeMap<OrganisationId, ClauseId>,
    facts: &Facts,
) -> Result<BTreeSet<OrganisationId>, Error> {
    let mut readers = BTreeSet::new();
    for reader in given.keys().filter(|of| **of != by.organisation) {
        let mut reads = true;
        for source in given.keys().filter(|source| *source != reader) {
            let asking = (current, &by.role, purpose);
            reads &= clause_to_all(asking, source, &[reader], facts)?.is_some();
        }
        if reads {
            readers.insert(reader.clone());
        }
    }
    Ok(readers)
}

/// The clause by which an organisation gives its counts to a role of each of these; none where it
/// does not give them to one, or there is none.
fn clause_to_all(
    (current, role, purpose): (&Current, &RoleId, &Purpose),
    source: &OrganisationId,
    told: &[&OrganisationId],
    facts: &Facts,
) -> Result<Option<(ClauseId, Citation)>, Error> {
    let mut first = None;
    for to in told {
        let Some(found) = clause_for(current, &ask((to, role), source, purpose)?, facts)? else {
            return Ok(None);
        };
        first.get_or_insert(found);
    }
    Ok(first)
}

/// Counts of one organisation's records, for a role of another. Nobody there acts: a clause that
/// names who gives them is not answered so.
fn ask(
    (to, role): (&OrganisationId, &RoleId),
    source: &OrganisationId,
    purpose: &Purpose,
) -> Result<Ask, Error> {
    let seat = |organisation: &OrganisationId, role: RoleId| Seat {
        organisation: organisation.clone(),
        role: Some(role),
    };
    Ok(Ask {
        sender: seat(source, word(RECORD)?),
        recipient: seat(to, role.clone()),
        action: Action::Aggregate,
        purpose: purpose.clone(),
        want: Want::all_of([word::<Category>(COUNTS)?]),
    })
}

/// The clause that lets these counts be told.
fn clause_for(
    current: &Current,
    asked: &Ask,
    facts: &Facts,
) -> Result<Option<(ClauseId, Citation)>, Error> {
    let outcome = decide::decide(&current.bundle, asked, facts, None)?;
    let Outcome::Permit(permitted) = &*outcome else { return Ok(None) };
    let clause = permitted.categories.values().flat_map(BTreeMap::values).next();
    let cited =
        |clause: &ClauseId| Some((clause.clone(), permitted.citations.get(clause)?.clone()));
    Ok(clause.and_then(cited))
}

fn entry(
    by: &Acting,
    counting: &Counting,
    (given, readers): (&BTreeMap<OrganisationId, ClauseId>, &BTreeSet<OrganisationId>),
) -> NewEntry {
    let detail = json!({
        "event": if given.is_empty() { "counts-refused" } else { "counts-permitted" },
        "by": by.practitioner.to_string(),
        "role": by.role.as_str(),
        "for": counting.purpose.as_str(),
        "asked": counting.sources,
        "given": given,
        "readers": readers,
        "of": counting.detail,
    });
    NewEntry {
        stream: Stream::Organisation(by.organisation.clone()),
        kind: EntryKind::Setting,
        visibility: Visibility::Never,
        detail,
    }
}
