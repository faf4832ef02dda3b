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
//! - What took the place of an adopted accord is asked for in its stead, however often it was
//!   agreed anew. What has ended is not asked for: nothing could run below it. One whose review was
//!   missed need not be named, for the same reason, and nothing goes through its ceilings.
//! - A text is between members of a partnership where two of its parties are in it or below it, be
//!   it in different partnerships below.
//!
//! # Sources
//!
//! - House policy for layers: what is adopted above is not widened silently below.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ken_agreement::lint::{Finding, lint};
use ken_agreement::status::{Pair, Stands, Status};
use ken_agreement::{Instrument, InstrumentRef, Party, Tier};
use ken_core::{Ctx, InstrumentHash, OrganisationId, PartnershipId};
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

/// What keeps a partnership from adopting an instrument on a day; `held` is everything registered.
#[must_use]
pub fn refused(
    (all, adopted): (&[Partnership], &[Adoption]),
    held: &[Admitted],
    by: &Acting,
    (id, hash): (&PartnershipId, &InstrumentHash),
    day: Date,
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
    let over = Over::of(held, &over, day).for_text(of, None);
    let missing = over.missing(&of.instrument, held);
    if !missing.is_empty() {
        return Some(Refused::NotUnder(missing));
    }
    let sources: Vec<&Instrument> = held.iter().map(|of| &of.instrument).collect();
    let wider = wider(&of.instrument, &sources).into_iter();
    let wider: BTreeSet<String> = wider.chain(over.wider(&of.instrument, held)).collect();
    (!wider.is_empty()).then_some(Refused::Wider(wider))
}

/// Where a text would go through a ceiling of what it stands under.
fn wider(of: &Instrument, sources: &[&Instrument]) -> Vec<String> {
    let wider = lint(of, sources).into_iter().filter(|one| one.code == WIDER);
    wider.map(|Finding { at, .. }| at).collect()
}

/// The accords that bind what is agreed below on a day.
#[derive(Debug, Default)]
struct Over<'a> {
    /// Those to stand under, by name.
    named: Vec<&'a Admitted>,
    /// Those that cannot be stood under for now: nothing goes through their ceilings.
    lapsed: Vec<&'a Admitted>,
}

impl<'a> Over<'a> {
    /// What is adopted, or has taken its place.
    fn of(held: &'a [Admitted], adopted: &BTreeSet<&InstrumentHash>, day: Date) -> Self {
        let is_accord = |of: &&Admitted| of.instrument.agreement.tier == Tier::Accord;
        let accords: Vec<&Admitted> = held.iter().filter(is_accord).collect();
        let (mut over, mut seen) = (Self::default(), BTreeSet::new());
        let own = accords.iter().copied().filter(|of| adopted.contains(&of.instrument.hash()));
        let mut next: Vec<&Admitted> = own.collect();
        // Each is reached once, so a circle ends.
        while let Some(of) = next.pop() {
            let name = of.instrument.name();
            let after = accords.iter().filter(|by| by.register.replaced.contains(&name));
            let after: Vec<&Admitted> = after.copied().collect();
            match extent(of, day) {
                _ if !seen.insert(name) => {}
                _ if !after.is_empty() => next.extend(after),
                Extent::Ended => {}
                Extent::Lapsed => over.lapsed.push(of),
                Extent::Live => over.named.push(of),
            }
        }
        over
    }

    /// The same for one text: none stands under what it takes the place of. It does so for whoever
    /// leads that, and for the others once that lead has signed; nobody else's word ends an accord.
    fn for_text(mut self, of: &Admitted, signs: Option<&OrganisationId>) -> Self {
        let own = &of.instrument;
        let takes = |over: &&Admitted| {
            let lead = &over.instrument.agreement.lead_party;
            own.agreement.tier == Tier::Accord
                && own.lifecycle.supersedes.contains(&over.instrument.name())
                && (signs == Some(lead) || of.register.signed.contains(lead))
        };
        self.named.retain(|over| !takes(over));
        self.lapsed.retain(|over| !takes(over));
        self
    }

    /// Those that an instrument ought to stand under, through every layer, and does not.
    fn missing(&self, of: &Instrument, held: &[Admitted]) -> BTreeSet<InstrumentRef> {
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
        let wanted = self.named.iter().map(|of| of.instrument.name());
        wanted.filter(|name| !law && !above.contains(name)).collect()
    }

    /// Where an instrument would go through a ceiling of one whose review was missed, as if it
    /// stood under that.
    fn wider(&self, of: &Instrument, held: &[Admitted]) -> BTreeSet<String> {
        if self.lapsed.is_empty() || of.agreement.tier == Tier::StatutePack {
            return BTreeSet::new();
        }
        let mut below = of.clone();
        below.agreement.under.extend(self.lapsed.iter().map(|over| over.instrument.name()));
        let sources: Vec<&Instrument> = held.iter().map(|of| &of.instrument).collect();
        wider(&below, &sources).into_iter().collect()
    }
}

/// How far an accord can be stood under on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Live,
    /// Its review was missed, or what is no accord has taken its place: nothing below it runs.
    Lapsed,
    /// Its last day has passed, or everybody has left.
    Ended,
}

fn extent(of: &Admitted, day: Date) -> Extent {
    let Admitted { instrument, register } = of;
    let is_past = instrument.agreement.effective_until.is_some_and(|until| day > until.0);
    let is_out = |party| register.left.get(party).is_some_and(|from| day >= from.0);
    let stays = register.signed.iter().any(|party| !is_out(party));
    let on_lapse = instrument.lifecycle.on_review_lapse;
    let is_lapsed = |party: &Party| {
        let status = instrument.status(register, Pair::Own(&party.id), day);
        let stops = status.is_some_and(|status| status.stands(on_lapse) < Stands::Routine);
        stops && status == Some(Status::Lapsed)
    };
    match () {
        () if is_past || !stays => Extent::Ended,
        () if register.superseded || instrument.parties.iter().any(is_lapsed) => Extent::Lapsed,
        () => Extent::Live,
    }
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
        let day = ctx.clock.today();
        if let Some(refused) = refused((&all, &adopted), &held, by, (id, hash), day) {
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

/// The accords that a text between members of partnerships leaves out as a party signs it: each
/// that two of its parties have, by the partnerships that they are in and those above, and that
/// was adopted before the text was registered.
///
/// # Errors
///
/// Whatever the store says.
pub(crate) async fn left_out<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    (of, party): (&Instrument, &OrganisationId),
) -> Result<BTreeSet<InstrumentRef>, Error> {
    let adopted = partnership::adoptions(reads).await?;
    if adopted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let all = partnership::list(reads).await?;
    let hash = of.hash();
    let since = reads.find(sql::FIND_REGISTERED, values![&hash], |row| row.int(0)).await?;
    let lines = between(&all, of);
    let over = adopted
        .iter()
        .filter(|each| lines.contains(&each.by) && since.is_none_or(|since| each.at_us < since));
    let over: BTreeSet<&InstrumentHash> = over.map(|each| &each.instrument).collect();
    if over.is_empty() {
        return Ok(BTreeSet::new());
    }
    let held = load(reads, ctx).await?.instruments;
    let known = held.iter().find(|one| one.instrument.name() == of.name());
    let register = known.map(|known| known.register.clone()).unwrap_or_default();
    let text = Admitted { instrument: of.clone(), register };
    let over = Over::of(&held, &over, ctx.clock.today()).for_text(&text, Some(party));
    let mut left = over.missing(of, &held);
    if !over.wider(of, &held).is_empty() {
        left.extend(over.lapsed.iter().map(|over| over.instrument.name()));
    }
    Ok(left)
}

/// The partnerships that two parties of a text are in, or below.
fn between<'a>(all: &'a [Partnership], of: &Instrument) -> BTreeSet<&'a PartnershipId> {
    let mut many: BTreeMap<&PartnershipId, usize> = BTreeMap::new();
    for party in &of.parties {
        let own = all.iter().filter(|one| one.members.contains(&party.id));
        let lines = own.flat_map(|one| partnership::line(all, &one.id));
        for one in lines.map(|one| &one.id).collect::<BTreeSet<_>>() {
            *many.entry(one).or_default() += 1;
        }
    }
    many.into_iter().filter(|(_, parties)| *parties >= 2).map(|(one, _)| one).collect()
}
