//! What a partnership adopts, and what that asks of every instrument below.
//!
//! # Invariants
//!
//! - What is adopted above is adopted below: a partnership sees it, and does not choose.
//! - A partnership adopts no agreement that does not stand under each accord adopted above it, nor
//!   one that would go through a ceiling there.
//! - Whoever signs a text between members is held to the same, so that not adopting is no way out.
//!   Texts that were registered before an accord was adopted stand as they are until they are
//!   replaced.
//!
//! # Sources
//!
//! - House policy for layers: what is adopted above is not widened silently below.

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::lint::{Finding, lint};
use ken_agreement::{Instrument, InstrumentRef, Tier};
use ken_core::{Ctx, InstrumentHash, PartnershipId};
use ken_directory::Acting;
use ken_directory::partnership::{self, Adoption, Partnership};
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, values};
use serde_json::json;

use crate::bundle::Admitted;
use crate::instrument::{load, record};
use crate::{Error, sql};

/// The code of a text that would go through a ceiling.
const WIDER: &str = "E-WIDER";

/// Why a partnership does not adopt an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no such partnership, or no such instrument.
    Unknown,
    /// Whoever asks acts for another organisation than the one that leads the partnership.
    NotLead,
    /// Nobody has signed it: a draft is not adopted.
    Draft,
    /// Another instrument has taken its place.
    Superseded,
    /// It does not stand under these, which are adopted above.
    NotUnder(BTreeSet<InstrumentRef>),
    /// A ceiling above forbids what these clauses give.
    Wider(BTreeSet<String>),
}

impl Refused {
    /// What is wrong, in a sentence.
    #[must_use]
    pub fn says(&self) -> String {
        let list = |names: Vec<String>| names.join(", ");
        match self {
            Self::Unknown => "There is no such partnership or agreement.".to_owned(),
            Self::NotLead => "Only the organisation that leads a partnership adopts for it.".into(),
            Self::Draft => "Nobody has signed it: a draft is not adopted.".to_owned(),
            Self::Superseded => "Another version has taken its place.".to_owned(),
            Self::NotUnder(names) => {
                let names = list(names.iter().map(ToString::to_string).collect());
                format!("It does not stand under what is adopted above: {names}.")
            }
            Self::Wider(places) => {
                let places = list(places.iter().cloned().collect());
                format!("It would widen what is adopted above ({WIDER}): {places}.")
            }
        }
    }
}

/// An instrument that a partnership has, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which instrument.
    pub instrument: InstrumentHash,
    /// Who adopted it: the partnership itself, or one above.
    pub by: PartnershipId,
}

/// What a partnership has: what it adopted, and what is adopted above it; the widest first.
#[must_use]
pub fn seen(all: &[Partnership], adopted: &[Adoption], id: &PartnershipId) -> Vec<Seen> {
    let mut line = partnership::line(all, id);
    line.reverse();
    let mut found: Vec<Seen> = vec![];
    for one in line {
        for each in adopted.iter().filter(|each| each.by == one.id) {
            if !found.iter().any(|seen| seen.instrument == each.instrument) {
                let (instrument, by) = (each.instrument.clone(), each.by.clone());
                found.push(Seen { instrument, by });
            }
        }
    }
    found
}

/// What keeps a partnership from adopting an instrument; `held` is everything registered.
#[must_use]
pub fn refused(
    (all, adopted): (&[Partnership], &[Adoption]),
    held: &[Admitted],
    by: &Acting,
    (id, hash): (&PartnershipId, &InstrumentHash),
) -> Option<Refused> {
    let found = held.iter().find(|of| of.instrument.hash() == *hash);
    let own = all.iter().find(|one| one.id == *id);
    let (Some(of), Some(own)) = (found, own) else { return Some(Refused::Unknown) };
    if own.lead != by.organisation {
        return Some(Refused::NotLead);
    }
    if of.register.signed.is_empty() {
        return Some(Refused::Draft);
    }
    if of.register.superseded {
        return Some(Refused::Superseded);
    }
    let above = partnership::line(all, id).into_iter().skip(1);
    let above: BTreeSet<&PartnershipId> = above.map(|one| &one.id).collect();
    let over = adopted.iter().filter(|each| above.contains(&each.by));
    let over: BTreeSet<&InstrumentHash> = over.map(|each| &each.instrument).collect();
    let missing = missing(&of.instrument, &accords(held, &over), held);
    if !missing.is_empty() {
        return Some(Refused::NotUnder(missing));
    }
    let sources: Vec<&Instrument> = held.iter().map(|of| &of.instrument).collect();
    let wider = lint(&of.instrument, &sources).into_iter().filter(|one| one.code == WIDER);
    let wider: BTreeSet<String> = wider.map(|Finding { at, .. }| at).collect();
    (!wider.is_empty()).then_some(Refused::Wider(wider))
}

/// The accords among these that nothing has replaced.
fn accords<'a>(held: &'a [Admitted], over: &BTreeSet<&InstrumentHash>) -> Vec<&'a Instrument> {
    let live = held.iter().filter(|of| !of.register.superseded).map(|of| &of.instrument);
    let accords = live.filter(|of| of.agreement.tier == Tier::Accord);
    accords.filter(|of| over.contains(&of.hash())).collect()
}

/// The accords that an instrument ought to stand under, through every layer, and does not.
fn missing(of: &Instrument, accords: &[&Instrument], held: &[Admitted]) -> BTreeSet<InstrumentRef> {
    let names: BTreeMap<InstrumentRef, &Instrument> =
        held.iter().map(|of| (of.instrument.name(), &of.instrument)).collect();
    let mut above = BTreeSet::from([of.name()]);
    let mut next: Vec<&InstrumentRef> = of.agreement.under.iter().collect();
    while let Some(name) = next.pop() {
        if above.insert(name.clone()) {
            next.extend(names.get(name).into_iter().flat_map(|of| &of.agreement.under));
        }
    }
    let law = of.agreement.tier == Tier::StatutePack;
    let wanted = accords.iter().map(|accord| accord.name());
    wanted.filter(|name| !law && !above.contains(name)).collect()
}

/// Adopts an instrument for a partnership, if nothing keeps it from that. It stands on the ledger
/// of the organisation that leads the partnership. Adopting again changes nothing.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn adopt(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, hash): (&PartnershipId, &InstrumentHash),
) -> Result<Option<Refused>, Error> {
    db.write("sharing.adopt", async |tx| {
        let (all, adopted) = (partnership::list(tx).await?, partnership::adoptions(tx).await?);
        let held = load(tx, ctx).await?.instruments;
        if let Some(refused) = refused((&all, &adopted), &held, by, (id, hash)) {
            return Ok(Some(refused));
        }
        if partnership::adopt(tx, ctx, id, hash).await? {
            let detail = json!({
                "adopted": hash.as_str(),
                "partnership": id.as_str(),
                "by": by.practitioner.to_string(),
            });
            record(tx, ctx, keys, &by.organisation, EntryKind::Setting, detail).await?;
        }
        Ok(None)
    })
    .await
}

/// The accords that a text between members of partnerships leaves out: each that a partnership with
/// two of its parties has, or one above, and that was adopted before the text was registered.
///
/// # Errors
///
/// Whatever the store says.
pub(crate) async fn left_out<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    of: &Instrument,
) -> Result<BTreeSet<InstrumentRef>, Error> {
    let adopted = partnership::adoptions(reads).await?;
    if adopted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let all = partnership::list(reads).await?;
    let hash = of.hash();
    let since = reads.find(sql::FIND_REGISTERED, values![&hash], |row| row.int(0)).await?;
    let among = |one: &&Partnership| {
        of.parties.iter().filter(|party| one.members.contains(&party.id)).count() >= 2
    };
    let lines = all.iter().filter(among).flat_map(|one| partnership::line(&all, &one.id));
    let lines: BTreeSet<&PartnershipId> = lines.map(|one| &one.id).collect();
    let over = adopted
        .iter()
        .filter(|each| lines.contains(&each.by) && since.is_none_or(|since| each.at_us < since));
    let over: BTreeSet<&InstrumentHash> = over.map(|each| &each.instrument).collect();
    if over.is_empty() {
        return Ok(BTreeSet::new());
    }
    let held = load(reads, ctx).await?.instruments;
    Ok(missing(of, &accords(&held, &over), &held))
}
