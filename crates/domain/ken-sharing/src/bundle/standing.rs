//! What of each instrument is in force, for one pair, on one day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jiff::civil::Date;
use ken_agreement::cedar::standing;
use ken_agreement::lint::binds;
use ken_agreement::status::{Pair, Stands};
use ken_agreement::{Clause, InstrumentRef, Tier};
use ken_core::{InstrumentHash, OrganisationId};

use super::{Bundle, Held, Term};

/// What of each instrument is in force, for one pair, on one day; each looked at when first asked.
#[derive(Debug)]
pub(crate) struct Standing {
    sender: OrganisationId,
    recipient: OrganisationId,
    day: Date,
    states: Vec<OnceLock<State>>,
}

/// How far an instrument stands, and why no further.
pub(crate) type State = (Option<Stands>, &'static str);

impl Standing {
    /// How far an instrument stands, by its place in the bundle.
    pub(crate) fn of(&self, bundle: &Bundle, held: usize) -> State {
        let none = (None, "not-a-pair");
        let (Some(own), Some(state)) = (bundle.held.get(held), self.states.get(held)) else {
            return none;
        };
        let pair = Pair::of(&self.sender, &self.recipient);
        *state.get_or_init(|| bundle.stands(own, pair, self.day))
    }

    /// The standings that the flow has by one instrument, as its policies name them.
    pub(crate) fn tokens(&self, bundle: &Bundle, held: usize) -> Vec<String> {
        let Some(own) = bundle.held.get(held) else { return vec![] };
        let (stands, _) = self.of(bundle, held);
        let pair = Pair::of(&self.sender, &self.recipient);
        let all = Stands::ALL.into_iter().filter(|each| Some(*each) <= stands);
        let stages = || own.stages.iter().filter(|day| self.day >= day.0).copied().map(Some);
        all.flat_map(|each| {
            let stages = std::iter::once(None).chain(stages());
            stages.map(move |stage| standing(&own.hash, pair, each, stage))
        })
        .collect()
    }

    /// Why a clause does not stand; none where it does.
    pub(crate) fn bar(&self, bundle: &Bundle, term: &Term) -> Option<&'static str> {
        let (stands, state) = self.of(bundle, term.held);
        match () {
            () if stands < Some(term.stands) => Some(state),
            () if !term.is_source_begun(self.day) => Some("not-begun"),
            () if !term.clause.is_live(self.day) => Some("not-begun"),
            () => None,
        }
    }
}

impl Bundle {
    /// What stands between a sender and a recipient on a day.
    pub(crate) fn standing(
        &self,
        sender: &OrganisationId,
        recipient: &OrganisationId,
        day: Date,
    ) -> Standing {
        let states = self.held.iter().map(|_| OnceLock::new()).collect();
        Standing { sender: sender.clone(), recipient: recipient.clone(), day, states }
    }

    fn stands(&self, own: &Held, pair: Pair<'_>, day: Date) -> State {
        let Some(status) = own.instrument.status(&own.register, pair, day) else {
            return (None, "not-a-pair");
        };
        let stands = status.stands(own.instrument.lifecycle.on_review_lapse);
        let under = &own.instrument.agreement.under;
        let missing = !under.iter().all(|name| self.is_above(name, pair, day));
        if stands == Stands::Routine && missing {
            return (Some(Stands::Enduring), "accord-missing");
        }
        (Some(stands), status.reason())
    }

    /// Whether the instrument that another stands under is in force for a pair. One without
    /// parties is, from its first day, while its lead party has adopted it.
    fn is_above(&self, name: &InstrumentRef, pair: Pair<'_>, day: Date) -> bool {
        let above = self.by_name.get(name).and_then(|above| self.held.get(*above));
        above.is_some_and(|above| {
            let (instrument, register) = (&above.instrument, &above.register);
            if above.shut.is_some() {
                return false;
            }
            if instrument.parties.is_empty() {
                let law = adopted(name, &self.held);
                return law.is_some_and(|law| law.instrument.agreement.effective_from.0 <= day);
            }
            let on_lapse = instrument.lifecycle.on_review_lapse;
            let status = instrument.status(register, pair, day);
            status.is_some_and(|status| status.stands(on_lapse) == Stands::Routine)
        })
    }
}

/// The adopted instrument of a name, or the statute pack that has taken the place of the one
/// named, however often the law was written anew. A pack that only says so has taken nothing: it
/// may not have begun, and then a duty would wait for it.
pub(super) fn adopted<'a>(name: &InstrumentRef, held: &'a [Held]) -> Option<&'a Held> {
    let is_adopted = |own: &&Held| {
        let lead = &own.instrument.agreement.lead_party;
        own.register.signed.contains(lead) && !own.register.unsealed
    };
    let is_law = |own: &Held| own.instrument.agreement.tier == Tier::StatutePack;
    let mut reached = vec![held.iter().find(|own| own.name == *name)?];
    let mut turn = 0;
    // Each is reached once, so a circle ends.
    while let Some(found) = reached.get(turn).copied() {
        if !found.register.superseded {
            // One that is shut is no law, and no other is in its place.
            return Some(found).filter(is_adopted).filter(|own| own.shut.is_none());
        }
        let replaces = |own: &&Held| is_law(own) && own.register.replaced.contains(&found.name);
        let next = held.iter().filter(is_adopted).filter(replaces).filter(|_| is_law(found));
        for own in next.collect::<Vec<_>>() {
            if reached.iter().all(|known| known.name != own.name) {
                reached.push(own);
            }
        }
        turn += 1;
    }
    None
}

/// The instruments above whose ceilings bind a clause: through every layer, as far as they are
/// here. None for an emergency, nor for what a statute pack requires or permits.
pub(super) fn ceilings(
    clause: &Clause,
    own: &Held,
    held: &[Held],
    by_name: &BTreeMap<InstrumentRef, usize>,
) -> BTreeSet<InstrumentHash> {
    let named = clause.source.as_ref().and_then(|source| adopted(&source.instrument, held));
    if !binds(clause, named.map(|of| &of.instrument)) {
        return BTreeSet::new();
    }
    let mut seen = BTreeSet::from([&own.hash]);
    let mut next: Vec<&InstrumentRef> = own.instrument.agreement.under.iter().collect();
    let mut above = BTreeSet::new();
    while let Some(name) = next.pop() {
        let found = by_name.get(name).and_then(|of| held.get(*of));
        let Some(found) = found.filter(|of| seen.insert(&of.hash)) else { continue };
        above.insert(found.hash.clone());
        next.extend(&found.instrument.agreement.under);
    }
    above
}

/// The instruments by what people call them.
pub(super) fn by_name(held: &[Held]) -> BTreeMap<InstrumentRef, usize> {
    held.iter().enumerate().map(|(n, own)| (own.name.clone(), n)).collect()
}
