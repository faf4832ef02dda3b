//! Somebody who may be meant and of whom something that is stored cannot be read.
//!
//! Nothing that is damaged of one person keeps a message of another, or of them, from being filed:
//! it is filed under a provisional person, and a human sees why.
//!
//! # Invariants
//!
//! - Whoever cannot be read is never who is meant for certain, and never left out in silence.
//!
//! Source: house policy.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::PersonId;

use crate::Error;
use crate::rule::{Doubt, Reason, Verdict};

/// Who cannot be read; and whether a number of the registration is theirs, be it the source's own.
pub(crate) type Unread = BTreeMap<PersonId, bool>;

/// What the rule says of those who can be read, with those who cannot. `own` is who stands for whom
/// the source's number means.
pub(crate) fn beside(verdict: Verdict, own: Option<PersonId>, unread: &Unread) -> Verdict {
    let numbered = || unread.iter().filter(|(_, numbered)| **numbered).map(|(who, _)| *who);
    let all = || unread.keys().copied().map(doubt);
    match verdict {
        // Only a number says more than what is said for somebody certain.
        Verdict::Known(lead) if numbered().next().is_none() => Verdict::Known(lead),
        Verdict::Known(lead) if own == Some(lead) => {
            Verdict::Duplicate(lead, numbered().map(doubt).collect())
        }
        Verdict::Known(lead) => {
            let several = BTreeSet::from([Reason::SeveralFit]);
            let known = Doubt { person: lead, reasons: several, alike: None };
            Verdict::Uncertain(std::iter::once(known).chain(all()).collect())
        }
        Verdict::Duplicate(lead, doubts) => {
            Verdict::Duplicate(lead, doubts.into_iter().chain(numbered().map(doubt)).collect())
        }
        Verdict::New if unread.is_empty() => Verdict::New,
        Verdict::New => Verdict::Uncertain(all().collect()),
        Verdict::Uncertain(doubts) => Verdict::Uncertain(doubts.into_iter().chain(all()).collect()),
    }
}

/// Rows of which none could not be read. A statement's own failure would end the transaction, so
/// whoever reads gives nothing for such a row, and asks here.
pub(crate) fn none<T>(rows: Vec<Option<T>>) -> Result<Vec<T>, Error> {
    rows.into_iter().collect::<Option<_>>().ok_or(Error::Corrupt("account"))
}

/// That somebody may be meant of whom something cannot be read.
pub(crate) fn doubt(person: PersonId) -> Doubt {
    Doubt { person, reasons: BTreeSet::from([Reason::Unread]), alike: None }
}
