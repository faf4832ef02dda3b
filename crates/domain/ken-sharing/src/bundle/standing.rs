//! What of each instrument is in force, for one pair, on one day.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_agreement::InstrumentRef;
use ken_agreement::cedar::standing;
use ken_agreement::status::{Pair, Stands};
use ken_core::OrganisationId;

use super::{Bundle, Held};

/// What of each instrument is in force, for one pair, on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The standings that the flow has.
    pub(crate) tokens: BTreeSet<String>,
    /// Why no more of each instrument stands, in the bundle's order.
    states: Vec<&'static str>,
}

impl Standing {
    /// Why no more of an instrument stands, by its place in the bundle.
    pub(crate) fn state(&self, held: usize) -> &'static str {
        self.states.get(held).copied().unwrap_or("not-a-pair")
    }
}

impl Bundle {
    /// What stands between a sender and a recipient on a day.
    #[must_use]
    pub fn standing(
        &self,
        sender: &OrganisationId,
        recipient: &OrganisationId,
        day: Date,
    ) -> Standing {
        let pair = Pair::of(sender, recipient);
        let (mut tokens, mut states) = (BTreeSet::new(), vec![]);
        for own in &self.held {
            let (stands, state) = self.stands(own, pair, day);
            states.push(state);
            let all = Stands::ALL.into_iter().filter(|each| Some(*each) <= stands);
            tokens.extend(all.map(|each| standing(&own.hash, pair, each)));
        }
        Standing { tokens, states }
    }

    fn stands(&self, own: &Held, pair: Pair<'_>, day: Date) -> (Option<Stands>, &'static str) {
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
    /// parties is, while its lead party has adopted it.
    fn is_above(&self, name: &InstrumentRef, pair: Pair<'_>, day: Date) -> bool {
        self.held.iter().any(|above| {
            let (instrument, register) = (&above.instrument, &above.register);
            let in_force = || {
                let status = instrument.status(register, pair, day);
                let on_lapse = instrument.lifecycle.on_review_lapse;
                status.is_some_and(|status| status.stands(on_lapse) == Stands::Routine)
            };
            let adopted = register.signed.contains(&instrument.agreement.lead_party);
            above.name == *name
                && if instrument.parties.is_empty() {
                    adopted && !register.superseded
                } else {
                    in_force()
                }
        })
    }
}
