//! What of an instrument is in force, for a pair of parties, on a day. Computed, never stored.
//!
//! Signing is staggered: a party whose signature is missing neither sends nor receives, while
//! the others may. So status is per pair.
//!
//! # Sources
//!
//! - Local practice of dated signatures per body (Warrington's tier 2 agreement).
//! - House policy that statutory and exceptional clauses survive a missed review: a duty must not
//!   lapse with a diary entry.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;
use ken_core::OrganisationId;
use serde::{Deserialize, Serialize};

use crate::clause::{Clause, Kind};
use crate::day::Day;
use crate::instrument::{Instrument, OnLapse};
use crate::key::InstrumentRef;

/// Days before a review is due in which people are told. House policy.
const REVIEW_NOTICE_DAYS: i64 = 90;

/// The reserved organisation of the person, and who acts for them.
pub const PERSON: &str = "person";

/// What the registers say of one instrument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// The parties whose valid signature over this hash is held.
    pub signed: BTreeSet<OrganisationId>,
    /// Parties that have withdrawn, or whose contract ends, with the first day they are out.
    pub left: BTreeMap<OrganisationId, Day>,
    /// Suspensions by a governance officer.
    pub suspended: Vec<Suspension>,
    /// Whether a later instrument that replaces it is in force.
    pub superseded: bool,
    /// The instruments whose place it has taken: it says so, it has begun, and everybody who must
    /// has signed it. What its text alone says is no taking.
    #[serde(default)]
    pub replaced: BTreeSet<InstrumentRef>,
    /// Whether it is a statute pack that no issuer vouches for: nothing rests on it.
    #[serde(default)]
    pub unsealed: bool,
}

/// A suspension; routine clauses fall, what survives a lapse survives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// The party whose pairs it stops; none: everybody.
    pub party: Option<OrganisationId>,
    /// Its first day.
    pub from: Day,
    /// Its last day, if it has one.
    pub until: Option<Day>,
}

/// Sender and recipient, as standing sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pair<'a> {
    /// Two different organisations.
    Between(&'a OrganisationId, &'a OrganisationId),
    /// An organisation and itself.
    Own(&'a OrganisationId),
    /// An organisation and the person.
    Person(&'a OrganisationId),
}

impl<'a> Pair<'a> {
    /// The pair of a sender and a recipient.
    #[must_use]
    pub fn of(sender: &'a OrganisationId, recipient: &'a OrganisationId) -> Self {
        match () {
            () if recipient.as_str() == PERSON => Self::Person(sender),
            () if sender == recipient => Self::Own(sender),
            () => Self::Between(sender, recipient),
        }
    }

    /// Whether a permit clause is of this sort of pair at all.
    #[must_use]
    pub fn suits(self, clause: &Clause) -> bool {
        match self {
            Self::Between(..) => !clause.is_own() && !clause.is_for_person(),
            Self::Own(_) => clause.is_own(),
            Self::Person(_) => clause.is_for_person(),
        }
    }

    /// The organisations that must be parties.
    pub fn organisations(self) -> impl Iterator<Item = &'a OrganisationId> {
        let (one, other) = match self {
            Self::Between(one, other) => (one, Some(other)),
            Self::Own(one) | Self::Person(one) => (one, None),
        };
        std::iter::once(one).chain(other)
    }
}

/// Where an instrument is in its life, for one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody has signed.
    Draft,
    /// One of the pair has not signed, or has left.
    AwaitingSignatures,
    /// A later instrument replaces it.
    Superseded,
    /// Its first day is to come.
    NotBegun,
    /// Its last day has passed.
    Expired,
    /// The review was missed, grace included.
    Lapsed,
    /// A governance officer has stopped it.
    Suspended,
    /// The review is late, within grace.
    Grace,
    /// In force, with a review to come within ninety days.
    ReviewDue,
    /// In force.
    Active,
}

impl Status {
    /// The status as pages show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::AwaitingSignatures => "awaiting-signatures",
            Self::Superseded => "superseded",
            Self::NotBegun => "not-begun",
            Self::Expired => "expired",
            Self::Lapsed => "lapsed",
            Self::Suspended => "suspended",
            Self::Grace => "grace",
            Self::ReviewDue => "review-due",
            Self::Active => "active",
        }
    }

    /// The reason a refusal gives: outside its days it is expired, however far outside.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Draft | Self::AwaitingSignatures => "not-signed-by-all",
            Self::Superseded | Self::NotBegun | Self::Expired => "expired",
            other => other.as_str(),
        }
    }

    /// What still stands.
    #[must_use]
    pub fn stands(self, on_lapse: OnLapse) -> Stands {
        match self {
            Self::Draft
            | Self::AwaitingSignatures
            | Self::Superseded
            | Self::NotBegun
            | Self::Expired => Stands::Sourced,
            Self::Lapsed if on_lapse == OnLapse::SuspendAll => Stands::Sourced,
            Self::Lapsed if on_lapse == OnLapse::SuspendRoutine => Stands::Enduring,
            Self::Suspended => Stands::Enduring,
            Self::Lapsed | Self::Grace | Self::ReviewDue | Self::Active => Stands::Routine,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of an instrument stands; each takes in those before it.
///
/// It is also what a clause needs: a clause stands where its instrument stands at least so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stands {
    /// What is in force in another instrument; it always stands.
    Sourced,
    /// Statutory and exceptional clauses of its own.
    Enduring,
    /// Everything.
    Routine,
}

impl Stands {
    /// Every extent, the hardiest first.
    pub const ALL: [Self; 3] = [Self::Sourced, Self::Enduring, Self::Routine];

    /// What a permit clause needs.
    #[must_use]
    pub fn needed(clause: &Clause) -> Self {
        match (clause.kind, &clause.source) {
            (Kind::Routine | Kind::Prohibition, _) => Self::Routine,
            (Kind::Statutory | Kind::Exceptional, None) => Self::Enduring,
            (Kind::Statutory | Kind::Exceptional, Some(_)) => Self::Sourced,
        }
    }

    /// The extent as policies name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sourced => "sourced",
            Self::Enduring => "enduring",
            Self::Routine => "routine",
        }
    }
}

impl Instrument {
    /// Its status for a pair on a day; none where either is not a party.
    #[must_use]
    pub fn status(&self, register: &Register, pair: Pair<'_>, day: Date) -> Option<Status> {
        if !pair.organisations().all(|id| self.party(id).is_some()) {
            return None;
        }
        let head = &self.agreement;
        let gone = |id| register.left.get(id).is_some_and(|from| day >= from.0);
        let signed = |id| register.signed.contains(id) && !gone(id);
        let due = self.lifecycle.review_due.0;
        let late = day > after(due, self.lifecycle.grace_days);
        let stopped = register.suspended.iter().any(|s| s.stops(pair, day));
        // A missed review never gives back what a governance officer has stopped.
        let lapsed = late && (!stopped || self.lifecycle.on_review_lapse == OnLapse::SuspendAll);
        Some(match () {
            () if register.signed.is_empty() => Status::Draft,
            () if !pair.organisations().all(signed) => Status::AwaitingSignatures,
            () if register.superseded => Status::Superseded,
            () if day < head.effective_from.0 => Status::NotBegun,
            () if head.effective_until.is_some_and(|until| day > until.0) => Status::Expired,
            () if lapsed => Status::Lapsed,
            () if stopped => Status::Suspended,
            () if day > due => Status::Grace,
            () if day > after(due, -REVIEW_NOTICE_DAYS) => Status::ReviewDue,
            () => Status::Active,
        })
    }
}

impl Suspension {
    fn stops(&self, pair: Pair<'_>, day: Date) -> bool {
        let whose = |party| pair.organisations().any(|id| id == party);
        day >= self.from.0
            && self.until.is_none_or(|until| day <= until.0)
            && self.party.as_ref().is_none_or(whose)
    }
}

/// The day so many days after; a count beyond the calendar stays at its edge.
fn after(day: Date, days: i64) -> Date {
    day.saturating_add(days.clamp(-366_000, 366_000).days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn instrument() -> Instrument {
        Instrument::parse(include_str!("../../../../agreements/glen-asp-concern.toml")).unwrap()
    }

    fn id(text: &str) -> OrganisationId {
        OrganisationId::new(text).unwrap()
    }

    #[test]
    fn turns_on_its_days() {
        let mut register =
            Register { signed: [id("police"), id("cec")].into(), ..Register::default() };
        let instrument = instrument();
        let check = |register: &Register, day, want| {
            let got = instrument.status(register, Pair::Between(&id("police"), &id("cec")), day);
            assert_eq!(got.map(Status::as_str), Some(want), "{day}");
        };
        check(&register, date(2027, 3, 31), "not-begun");
        check(&register, date(2027, 4, 1), "active");
        check(&register, date(2028, 1, 1), "active");
        check(&register, date(2028, 1, 2), "review-due");
        check(&register, date(2028, 3, 31), "review-due");
        check(&register, date(2028, 4, 1), "grace");
        check(&register, date(2028, 4, 30), "grace");
        check(&register, date(2028, 5, 1), "lapsed");
        check(&register, date(2029, 3, 31), "lapsed");
        check(&register, date(2029, 4, 1), "expired");
        register.suspended.push(Suspension {
            party: Some(id("nhsl")),
            from: Day(date(2027, 6, 1)),
            until: Some(Day(date(2027, 6, 2))),
        });
        check(&register, date(2027, 6, 1), "active");
        register.suspended[0].party = Some(id("cec"));
        check(&register, date(2027, 5, 31), "active");
        check(&register, date(2027, 6, 2), "suspended");
        check(&register, date(2027, 6, 3), "active");
        register.left.insert(id("cec"), Day(date(2027, 7, 1)));
        check(&register, date(2027, 6, 30), "active");
        check(&register, date(2027, 7, 1), "awaiting-signatures");
        register.superseded = true;
        check(&register, date(2027, 6, 30), "superseded");
        check(&Register::default(), date(2027, 6, 1), "draft");
    }

    #[test]
    fn a_missed_review_gives_back_nothing_that_was_stopped() {
        let mut instrument = instrument();
        let signed = [id("police"), id("cec")].into();
        let suspended = vec![Suspension { party: None, from: Day(date(2028, 5, 2)), until: None }];
        let register = Register { signed, suspended, ..Register::default() };
        let mut check = |on_lapse, day, status, stands| {
            instrument.lifecycle.on_review_lapse = on_lapse;
            let got = instrument.status(&register, Pair::Between(&id("police"), &id("cec")), day);
            let got = got.map(|got| (got.as_str(), got.stands(on_lapse)));
            assert_eq!(got, Some((status, stands)), "{on_lapse:?} {day}");
        };
        check(OnLapse::Warn, date(2028, 5, 1), "lapsed", Stands::Routine);
        check(OnLapse::Warn, date(2028, 5, 2), "suspended", Stands::Enduring);
        check(OnLapse::SuspendRoutine, date(2028, 5, 2), "suspended", Stands::Enduring);
        check(OnLapse::SuspendAll, date(2028, 5, 2), "lapsed", Stands::Sourced);
    }

    #[test]
    fn pairs_are_of_parties() {
        let (instrument, register) = (instrument(), Register::default());
        let check = |from: &str, to: &str, want: bool| {
            let (from, to) = (id(from), id(to));
            let got = instrument.status(&register, Pair::of(&from, &to), date(2027, 6, 1));
            assert_eq!(got.is_some(), want, "{from} {to}");
        };
        check("police", "cec", true);
        check("police", "police", true);
        check("police", "person", true);
        check("acme", "cec", false);
        check("acme", "person", false);
        check("person", "cec", false);
    }
}
