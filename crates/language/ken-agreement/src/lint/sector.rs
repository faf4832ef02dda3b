//! What bodies of a sector usually are, and who only works for others.
//!
//! # Sources
//!
//! - UK GDPR arts. 4(7), 4(8) and 28: a controller decides, a processor works on instructions.
//! - [`crate::Sector`], for what is usual where.

use super::{Found, Look, Rule, error, warning};
use crate::party::Party;
use crate::sector::Usual;

pub(super) const RULES: &[Rule] = &[
    error(
        "E-SUPPLIER",
        6,
        "sector",
        "a commercial provider works for a party and is none: list it under [[processor]], or say \
        in controller_because why it decides itself",
        supplier,
    ),
    warning(
        "W-SECTOR",
        6,
        "sector",
        "kind and regime are not those that a body of this sector usually has: correct one of \
        them, or have a solicitor confirm it",
        unusual,
    ),
];

/// Whether a party only works for others, as its sector has it, and nobody said why it is one.
fn only_processes(party: &Party) -> bool {
    party.sector.is_some_and(crate::Sector::is_processor) && !party.says_why_it_decides()
}

fn parties(look: &Look<'_>, bad: impl Fn(&Party) -> bool) -> Found {
    let bad = look.instrument.parties.iter().filter(|party| bad(party));
    bad.map(|party| party.id.to_string()).collect()
}

fn supplier(look: &Look<'_>) -> Found {
    parties(look, only_processes)
}

fn unusual(look: &Look<'_>) -> Found {
    parties(look, |party| {
        party.sector.is_some_and(|sector| {
            let Usual { kinds, regimes, .. } = sector.usual();
            !kinds.contains(&party.kind) || !regimes.contains(&party.regime)
        })
    })
}
