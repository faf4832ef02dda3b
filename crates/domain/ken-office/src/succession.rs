//! One text taking another's place: told before its lead party signs, and confirmed.
//!
//! # Invariants
//!
//! - What is told is computed from the two texts and from the policies with and without the new
//!   one; nothing is a second reading of the clauses.
//! - Only whoever leads what is replaced confirms; without it, their signature is refused.
//! - What is confirmed is what was read: where a text changed meanwhile, it is told again first.
//!
//! Source: house policy that nobody signs away what others rest on without having seen it.

use std::collections::BTreeSet;

use ken_agreement::succession::Succession;
use ken_agreement::{Day, Instrument, InstrumentRef, words_hash};
use ken_core::{Ctx, OrganisationId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::duty::{self, Duty};
use ken_sharing::instrument;
use ken_sharing::signing::{self, Clearance};
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot, Tx, guard};
use serde_json::json;

use crate::Error;
use crate::replay::Trial;

/// What a text would do to one that it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// What is replaced.
    pub replaces: InstrumentRef,
    /// Its title.
    pub title: String,
    /// Who leads it.
    pub lead: OrganisationId,
    /// What goes on, ends and begins.
    pub succession: Succession,
    /// Open duties of the reader's own organisation under what is replaced, which go on until they
    /// are done; as many as a list shows.
    pub open_duties: usize,
}

/// What would follow from a text taking the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foretold {
    /// Each that it replaces and that is registered here.
    pub each: Vec<DryRun>,
    /// The first day on which it can take their place, once everybody has signed.
    pub from: Day,
    /// Who has yet to sign before it does.
    pub missing: Vec<OrganisationId>,
    /// What stops in other texts.
    pub stops: Vec<String>,
    /// Whether whoever leads what is replaced has confirmed.
    pub is_confirmed: bool,
    /// The version of the policies that it was computed from.
    pub policy: i64,
}

/// What became of a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// It stands on the ledger.
    Confirmed,
    /// The texts have changed since it was told: it must be read again.
    Changed,
    /// The reader's organisation leads nothing that is replaced.
    NotLead,
}

impl Foretold {
    /// What names all that was told, so that a confirmation is of this and of nothing else.
    ///
    /// Who has yet to sign, and how many duties are open, may change without the reader being
    /// asked again: neither changes what the texts do.
    #[must_use]
    pub fn seen(&self) -> String {
        let each = self.each.iter().map(|one| {
            let (changes, fates) = (&one.succession.changes, one.succession.parts());
            let fates = fates.map(|(_, fate)| [&fate.goes_on, &fate.ends, &fate.begins]);
            let rows = [&changes.newly_allowed, &changes.no_longer, &changes.otherwise];
            json!([one.replaces.to_string(), one.lead.as_str(), rows, fates])
        });
        let each: Vec<_> = each.collect();
        words_hash(&json!([each, self.from.to_string(), self.stops]).to_string())
    }
}

/// Foretells it, for a reader of one organisation; none where the text replaces nothing here.
///
/// # Errors
///
/// Whatever the store says, and when the policies with the text do not compile.
pub async fn foretell(
    db: &Db,
    ctx: &Ctx<'_>,
    own: &OrganisationId,
    of: &Instrument,
) -> Result<Option<Foretold>, Error> {
    let read = async |s: &mut Snapshot| {
        let all = instrument::load(s, ctx).await?.instruments;
        let is_confirmed = signing::cleared(s, &of.hash()).await?.is_supersession_seen;
        let (open, policy) = (duty::open(s, own).await?, guard::policy_version(s).await?);
        Ok::<_, Error>((all, open, is_confirmed, policy))
    };
    let (all, open, is_confirmed, policy) = db.snapshot("office.supersession", read).await?;
    let ended = &of.lifecycle.supersedes;
    let old = all.iter().filter(|one| ended.contains(&one.instrument.name()));
    let each: Vec<_> = old.map(|one| compared(&one.instrument, of, &open)).collect();
    if each.is_empty() {
        return Ok(None);
    }
    let signed = all.iter().find(|one| one.instrument == *of).map(|one| &one.register.signed);
    let is_missing = |id: &&OrganisationId| signed.is_none_or(|signed| !signed.contains(*id));
    let leads = each.iter().map(|one| &one.lead).chain([&of.agreement.lead_party]);
    let must: BTreeSet<_> = of.parties.iter().map(|party| &party.id).chain(leads).collect();
    let missing = must.into_iter().filter(is_missing).cloned().collect();
    let (today, draft) = (ctx.clock.today(), of.clone());
    // Compiling everything in force takes a while: not on a thread that others wait for.
    let stops = move || Trial::new(draft, all, today).map(|trial| trial.stops());
    let stops = tokio::task::spawn_blocking(stops).await;
    let stops = stops.map_err(|_| Error::Sharing(ken_sharing::Error::Contended))??;
    let from = Day(of.agreement.effective_from.0.max(today));
    Ok(Some(Foretold { each, from, missing, stops, is_confirmed, policy }))
}

fn compared(before: &Instrument, after: &Instrument, open: &[Duty]) -> DryRun {
    let hash = before.hash();
    let under = open.iter().filter(|one| one.clause.as_str().starts_with(hash.as_str()));
    DryRun {
        replaces: before.name(),
        title: before.agreement.title.clone(),
        lead: before.agreement.lead_party.clone(),
        succession: Succession::of(before, after),
        open_duties: under.count(),
    }
}

/// Confirms what was foretold and read, for whoever leads a text that is replaced. `seen` is what
/// [`Foretold::seen`] gave when it was read. On the ledger, with how much would change.
///
/// # Errors
///
/// [`ken_store::Error::Contended`] when a text changed in the same moment; whatever the store or
/// the ledger says.
pub async fn confirm(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (of, seen): (&Instrument, &str),
) -> Result<Confirmation, Error> {
    let (hash, own) = (of.hash(), &by.organisation);
    let Some(told) = foretell(db, ctx, own, of).await? else { return Ok(Confirmation::NotLead) };
    if !told.each.iter().any(|one| one.lead == *own) {
        return Ok(Confirmation::NotLead);
    }
    if told.seen() != seen {
        return Ok(Confirmation::Changed);
    }
    db.write("office.confirm-supersession", async |tx: &mut Tx| {
        if guard::policy_version(tx).await? != told.policy {
            return Err(ken_store::Error::Contended.into());
        }
        signing::clear(tx, ctx, keys, &hash, Clearance::Supersession, (own, None)).await?;
        let names: Vec<_> = told.each.iter().map(|one| one.replaces.to_string()).collect();
        let sum = |of: fn(&DryRun) -> usize| told.each.iter().map(of).sum::<usize>();
        let detail = json!({
            "supersession": hash.as_str(),
            "replaces": names,
            "from": told.from.to_string(),
            "newly-allowed": sum(|one| one.succession.changes.newly_allowed.len()),
            "no-longer": sum(|one| one.succession.changes.no_longer.len()),
            "otherwise": sum(|one| one.succession.changes.otherwise.len()),
            "stops": told.stops.len(),
            "by": by.practitioner.to_string(),
        });
        let stream = Stream::Organisation(own.clone());
        let (kind, visibility) = (EntryKind::Setting, Visibility::Never);
        ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
        Ok(Confirmation::Confirmed)
    })
    .await
}
