//! Disclosing what a source answers at reading time: cut as what is stored is, and never stored.
//!
//! # Invariants
//!
//! - A permit to ask discloses what was answered and nothing that is stored; one to read discloses
//!   nothing that was answered.
//! - What is shown is what the plain class of its category gives, by the same table as what is
//!   stored ([`visible_part`]); a category that the permit does not cover shows nothing.
//! - What changed while the source was asked (an objection, a policy) makes the answer stale.
//!
//! Source: ADR 73.

use std::collections::BTreeSet;

use ken_core::{Category, ClauseId, Ctx, FieldName, OrganisationId, PersonId};
use ken_sharing::Permit;
use ken_store::{Db, Snapshot};
use serde_json::Value;

use crate::dictionary::{can_show, visible_part};
use crate::{Error, part};

/// What a source answered about one person, whole; the category of each resource is by Ken's
/// configuration, never by the source's word. Nobody looks into it but by [`disclose_asked`].
pub struct Answered {
    person: PersonId,
    source: OrganisationId,
    items: Vec<(Category, Value)>,
}

impl Answered {
    /// Closes what that source answered about that person.
    #[must_use]
    pub fn new(
        (person, source): (PersonId, OrganisationId),
        items: Vec<(Category, Value)>,
    ) -> Self {
        Self { person, source, items }
    }
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answered({} of {})", self.items.len(), self.source)
    }
}

/// The part of an answered resource that may be seen.
#[derive(Clone)]
pub struct Visible {
    /// Its kind of information.
    pub category: Category,
    /// The clauses under which its fields are shown.
    pub clauses: BTreeSet<ClauseId>,
    /// The visible part.
    pub body: Value,
}

impl std::fmt::Debug for Visible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Visible({})", self.category)
    }
}

/// Discloses what a source answered when it was asked under a permit, which is spent by it.
///
/// # Errors
///
/// [`Error::Stale`] when the permit is not one to ask that source of that person, when the person's
/// sharing facts have changed since it was given, or its life is over; whatever the store says.
pub async fn disclose_asked(
    db: &Db,
    ctx: &Ctx<'_>,
    permit: Permit,
    answered: Answered,
) -> Result<Vec<Visible>, Error> {
    let read = async |s: &mut Snapshot| part::moment(s, permit.person()).await;
    let moment = db.snapshot("records.disclose-asked", read).await?;
    let is_of_now = (permit.epoch(), permit.policy()) == moment && permit.until() > ctx.clock.now();
    let is_for_it = permit.person() == answered.person && *permit.source() == answered.source;
    if !permit.asks() || !is_for_it || !is_of_now {
        return Err(Error::Stale);
    }
    Ok(answered.items.into_iter().filter_map(|one| cut(&permit, one)).collect())
}

/// Whether a permit to ask can show anything of a type of a category: what it cannot show is not
/// asked for.
#[must_use]
pub fn may_show(permit: &Permit, category: &Category, kind: &str) -> bool {
    let covered = permit.categories().get(category).filter(|_| permit.asks());
    covered.is_some_and(|covered| can_show(category, Some(&covered.keys().collect()), kind))
}

/// What the permit leaves of it, if anything.
fn cut(permit: &Permit, (category, body): (Category, Value)) -> Option<Visible> {
    let covered = permit.categories().get(&category)?;
    let fields: BTreeSet<&FieldName> = covered.keys().collect();
    let body = visible_part(&category, &fields, permit.hides_places(), body)?;
    Some(Visible { category, clauses: covered.values().cloned().collect(), body })
}
