//! Seeding: a body's own list of people is looked up, and who is surely one person gets that
//! person's CHI number as a link by the word of the body.
//!
//! # Invariants
//!
//! - A number is given only where the rule for messages knows the person, and name and date of
//!   birth say so too, not the body's own number alone; or where the engine is
//!   sure of one person, the postcode is equal, nobody else is likely, what is stored says the
//!   same, and nothing that is said contradicts.
//! - It joins no records: the number was the person's before, by somebody else's word, and the
//!   body's word for it can be taken back ([`crate::take_number_back`]).
//! - Who is not sure is registered as a message would register them, with a place in the queue;
//!   nobody new is made of a row that is like nobody.
//! - A row whose number fails its check means nobody.
//!
//! Sources: `identity.md` sections 5 and 6; ADR 64.

mod list;

use std::collections::BTreeSet;

use ken_core::identifier::{Chi, Identifier};
use ken_core::{Ctx, OrganisationId, PersonId};
use ken_directory::Acting;
use ken_match::{Candidate, SURE, Seeding};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Tx};

use crate::number::{Evidence, GivenNumber, give_number, number_links};
use crate::rule::{self, Doubt, Reason, Verdict};
use crate::{Demographics, Error, Identified, Index, Why, account, identify, index};

pub use list::{Fault, LIST_MAX, List, ListRow, ROWS_MAX};

/// Whom a row means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meant {
    /// One person, surely.
    Sure(Sure),
    /// Perhaps somebody: a human must look.
    Doubt,
    /// Nobody who is known.
    Nobody,
}

/// Somebody whom a row means surely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sure {
    /// Who.
    pub person: PersonId,
    /// How sure the engine is, from [`SURE`] to 1; none where the rule for messages knows them, by
    /// a number that name and date of birth support.
    pub probability: Option<f64>,
}

/// What became of a row whose number was to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// The body has given it now.
    Now,
    /// It stood there already by the body's word.
    Before,
    /// The row is no longer sure, or the number is no longer the person's: nothing was given.
    Changed,
}

/// Whom a row means, which keeps nothing.
///
/// # Errors
///
/// Whatever the store says.
pub async fn whose(tx: &mut Tx, index: &Index, says: &Demographics) -> Result<Meant, Error> {
    let doubts = match Box::pin(identify::meant(tx, index, says)).await? {
        Verdict::Known(person) => return known(tx, says, person).await,
        Verdict::New => return Ok(Meant::Nobody),
        Verdict::Duplicate(..) => return Ok(Meant::Doubt),
        // What a list says under a number that its body uses already is no registration.
        Verdict::Uncertain(doubts) if doubts.iter().any(is_own) => return Ok(Meant::Nobody),
        Verdict::Uncertain(doubts) => doubts,
    };
    let only = match doubts.as_slice() {
        [only] if lacks_a_number_alone(&only.reasons) => only.person,
        _ => return Ok(Meant::Doubt),
    };
    match Box::pin(likely(tx, index, says, only)).await {
        Err(error) if error.is_of_what_is_stored() => Ok(Meant::Doubt),
        sure => Ok(sure?.map_or(Meant::Doubt, Meant::Sure)),
    }
}

fn is_own(doubt: &Doubt) -> bool {
    doubt.reasons.contains(&Reason::SourceNumber)
}

/// Somebody whom a number means: surely, where name and date of birth say so too. A list of another
/// system may have the same numbers for others.
async fn known(tx: &mut Tx, says: &Demographics, person: PersonId) -> Result<Meant, Error> {
    let known = account::known(tx, person, &says.source).await?.known;
    let is_sure = rule::is_supported(says, &known);
    Ok(if is_sure { Meant::Sure(Sure { person, probability: None }) } else { Meant::Nobody })
}

/// Whether a human would look for no other reason than that no number says it: the postcode is
/// equal, and nothing speaks against it. A namesake born on the same day lives elsewhere.
fn lacks_a_number_alone(reasons: &BTreeSet<Reason>) -> bool {
    let speaks_for =
        |reason| matches!(reason, &Reason::NameAndBirth | &Reason::Postcode | &Reason::Alike);
    reasons.contains(&Reason::Postcode) && reasons.iter().all(speaks_for)
}

/// Whether the engine is sure of this one and of nobody else, in memory and by what is stored.
async fn likely(
    tx: &mut Tx,
    index: &Index,
    says: &Demographics,
    only: PersonId,
) -> Result<Option<Sure>, Error> {
    let mut told: Vec<(PersonId, Candidate)> = Vec::new();
    for (person, one) in index.asked(says) {
        let lead = match account::lead(tx, person).await {
            // A registration that was undone, of which the index has not heard.
            Err(Error::Unknown(_)) => continue,
            lead => lead?,
        };
        if !told.iter().any(|(other, _)| *other == lead) {
            told.push((lead, one));
        }
    }
    let candidates = told.iter().map(|(_, one)| *one).collect();
    let Seeding::Sure(best) = index::seeded(says, candidates) else { return Ok(None) };
    if !told.iter().any(|(lead, one)| *lead == only && one.id == best.id) {
        return Ok(None);
    }
    let known = account::known(tx, only, &says.source).await?.known;
    if !rule::may_be(says, &known) {
        return Ok(None);
    }
    let rows = index::rows_together(tx, only).await?;
    let stored = index.weigh(says, &rows).map(|alike| index.chance(alike));
    let sure = stored.filter(|probability| *probability >= SURE);
    Ok(sure.map(|probability| Sure { person: only, probability: Some(probability) }))
}

/// The CHI number of a person that stands by the word of one of `said_by`; none where there is
/// none, or more than one.
///
/// # Errors
///
/// [`Error::Unknown`] for nobody, and whatever the store says.
pub async fn chi_said(
    s: &mut impl Reads,
    person: PersonId,
    said_by: &BTreeSet<OrganisationId>,
) -> Result<Option<Chi>, Error> {
    let mut numbers = BTreeSet::new();
    for link in number_links(s, person).await? {
        if let Identifier::Chi(chi) = link.number
            && link.ended.is_none()
            && said_by.contains(&link.authority)
        {
            numbers.insert(chi);
        }
    }
    Ok(if numbers.len() == 1 { numbers.pop_first() } else { None })
}

/// Gives a body's word that a number is the person's whom a row means, where the row still means
/// them and the number is still theirs.
///
/// # Errors
///
/// [`Error::Unknown`] for the practitioner's own record; whatever the store, the key ring or the
/// ledger says.
pub async fn give(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    index: &Index,
    (says, person, chi): (&Demographics, PersonId, &Chi),
    (by, why): (&Acting, &Why),
) -> Result<Given, Error> {
    match Box::pin(whose(tx, index, says)).await? {
        Meant::Sure(sure) if sure.person == person => {}
        _ => return Ok(Given::Changed),
    }
    let number = Identifier::Chi(chi.clone());
    let stands = number_links(tx, person).await?;
    let mut stands = stands.iter().filter(|link| link.number == number && link.ended.is_none());
    if stands.clone().any(|link| link.authority == by.organisation) {
        return Ok(Given::Before);
    }
    // Taken back meanwhile, it is for whoever knows better to give.
    if stands.next().is_none() {
        return Ok(Given::Changed);
    }
    let what = (&number, Evidence::Matched);
    match Box::pin(give_number(tx, ctx, keys, person, what, (by, why))).await? {
        GivenNumber::Done => Ok(Given::Now),
        GivenNumber::Another | GivenNumber::HasOther | GivenNumber::Filler => Ok(Given::Changed),
    }
}

/// Registers whom a row may mean, so that a human looks; none where it means nobody, or somebody
/// surely.
///
/// # Errors
///
/// [`Error::Contended`] when others register the same person again and again, and whatever the
/// store, the key ring or the ledger says.
pub async fn wait(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    index: &Index,
    says: &Demographics,
) -> Result<Option<Identified>, Error> {
    if Box::pin(whose(tx, index, says)).await? != Meant::Doubt {
        return Ok(None);
    }
    Box::pin(crate::identify(tx, ctx, keys, index, says)).await.map(Some)
}
