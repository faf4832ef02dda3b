//! Where an agreement stands as a whole: who has signed, which pairs it is in force for.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ken_agreement::status::{Pair, Register, Status};
use ken_agreement::{Day, Instrument, Tier};
use ken_core::{InstrumentHash, OrganisationId};
use ken_sharing::bundle::Admitted;

/// An agreement as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The best that any pair of parties has.
    pub status: Status,
    /// How many pairs of parties have each status.
    pub pairs: BTreeMap<Status, usize>,
    /// Parties whose signature is held.
    pub signed: Vec<OrganisationId>,
    /// Parties that have yet to sign.
    pub missing: Vec<OrganisationId>,
    /// Parties that leave or have left, with their first day out.
    pub leaving: Vec<(OrganisationId, Day)>,
    /// The next day on which something changes by itself.
    pub next: Option<(Next, Day)>,
}

/// What changes by itself on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Next {
    /// It begins.
    Begins,
    /// A clause that waited for its own day starts.
    ClauseStarts,
    /// A party is out.
    PartyLeaves,
    /// The review is due.
    Review,
    /// Grace ends; what the agreement says then lapses.
    Lapses,
    /// Its last day.
    Ends,
}

impl Next {
    /// The change in a sentence's end: "the review is due".
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Begins => "it begins",
            Self::ClauseStarts => "a clause starts",
            Self::PartyLeaves => "a party is out",
            Self::Review => "the review is due",
            Self::Lapses => "it lapses unless reviewed",
            Self::Ends => "it ends",
        }
    }
}

/// Looks at an instrument on a day.
#[must_use]
pub fn overview(instrument: &Instrument, register: &Register, today: Date) -> Overview {
    let mut pairs: BTreeMap<Status, usize> = BTreeMap::new();
    let parties: Vec<_> = instrument.parties.iter().map(|party| &party.id).collect();
    for (place, one) in parties.iter().enumerate() {
        for other in parties.iter().skip(place + 1) {
            let status = instrument.status(register, Pair::Between(one, other), today);
            *pairs.entry(status.unwrap_or(Status::Draft)).or_default() += 1;
        }
    }
    let alone = parties.first().copied().unwrap_or(&instrument.agreement.lead_party);
    let alone = instrument.status(register, Pair::Own(alone), today);
    let lead = register.signed.contains(&instrument.agreement.lead_party);
    let adopted = if lead { Status::Active } else { Status::Draft };
    let status = pairs.keys().next_back().copied().or(alone).unwrap_or(adopted);
    let gone = |id: &OrganisationId| register.left.contains_key(id);
    let has = |id: &&&OrganisationId| register.signed.contains(**id);
    let (signed, missing): (Vec<_>, Vec<_>) = parties.iter().partition(has);
    Overview {
        status,
        pairs,
        signed: signed.into_iter().cloned().collect(),
        missing: missing.into_iter().filter(|id| !gone(id)).cloned().collect(),
        leaving: register.left.iter().map(|(id, day)| (id.clone(), *day)).collect(),
        next: next(instrument, register, today),
    }
}

fn next(instrument: &Instrument, register: &Register, today: Date) -> Option<(Next, Day)> {
    let (head, life) = (&instrument.agreement, &instrument.lifecycle);
    let grace = jiff::Span::new().days(life.grace_days.clamp(0, 3660) + 1);
    let mut days = vec![
        (Next::Begins, head.effective_from),
        (Next::Review, life.review_due),
        (Next::Lapses, Day(life.review_due.0.saturating_add(grace))),
    ];
    let starts = instrument.clauses.iter().filter_map(|clause| clause.starts);
    days.extend(starts.map(|day| (Next::ClauseStarts, day)));
    days.extend(head.effective_until.map(|day| (Next::Ends, day)));
    days.extend(register.left.values().map(|day| (Next::PartyLeaves, *day)));
    days.into_iter().filter(|(_, day)| day.0 >= today).min_by_key(|(next, day)| (day.0, *next))
}

/// The instrument of this hash.
#[must_use]
pub fn find<'a>(all: &'a [Admitted], hash: &InstrumentHash) -> Option<&'a Admitted> {
    all.iter().find(|admitted| admitted.instrument.hash() == *hash)
}

/// What kind of instrument it is, in the words people know.
#[must_use]
pub fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::StatutePack => "Statute pack",
        Tier::Accord => "Accord",
        Tier::Mou => "Memorandum of understanding",
        Tier::Isa => "Information sharing agreement",
        Tier::WorkInstruction => "Work instruction",
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_whole_is_as_good_as_its_best_pair() {
        let text = include_str!("../../../../agreements/glen-asp-concern.toml");
        let instrument = Instrument::parse(text).unwrap();
        let id = |text: &str| text.parse::<OrganisationId>().unwrap();
        let mut register = Register::default();
        let check = |register: &Register, day, want, next| {
            let found = overview(&instrument, register, day);
            assert_eq!((found.status, found.next.map(|(next, _)| next)), (want, next), "{day}");
            found
        };
        let found = check(&register, date(2027, 3, 1), Status::Draft, Some(Next::Begins));
        assert_eq!((found.missing.len(), found.pairs[&Status::Draft]), (4, 6));
        register.signed.extend([id("police"), id("cec")]);
        let found = check(&register, date(2027, 6, 1), Status::Active, Some(Next::Review));
        assert_eq!(found.pairs, [(Status::AwaitingSignatures, 5), (Status::Active, 1)].into());
        register.left.insert(id("cec"), Day(date(2027, 7, 1)));
        check(&register, date(2027, 6, 1), Status::Active, Some(Next::PartyLeaves));
        check(&register, date(2027, 7, 2), Status::AwaitingSignatures, Some(Next::Review));
        check(&Register::default(), date(2028, 4, 2), Status::Draft, Some(Next::Lapses));
    }
}
