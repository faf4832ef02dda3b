//! Personal data breaches: recorded, timed, decided upon, closed.
//!
//! # Invariants
//!
//! - The clock of 72 hours is set in the write that records a breach; it counts every hour, nights
//!   and holidays too. A controller whose processor reports is aware from that moment.
//! - What was written is never changed: each step adds its own, sealed. The ledger has kinds,
//!   times and hashes of it, no words.
//! - Nobody decides for another controller; a processor reports and decides nothing.
//! - A processor's report is taken whether or not the controller's register names the processor:
//!   a report that is refused protects nobody.
//!
//! # Sources
//!
//! - UK GDPR arts. 4(12), 28, 33 and 34; for competent authorities Data Protection Act 2018,
//!   ss. 67 and 68, with the same 72 hours. That a controller is aware once its processor has told
//!   it, and aware at all once it is reasonably certain, is European Data Protection Board,
//!   Guidelines 9/2022, which are no law in the United Kingdom. The other numbers are house policy.

mod affected;
mod book;
mod desk;
mod people;
mod reading;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ken_core::{EntryId, OrganisationId, PractitionerId, Sensitive};

pub use affected::{
    ANY_WAY, Affected, Affecteds, AsOf, Asked, Item, LISTED_MAX, SAFE_ONLY, Selection, csv,
};
pub(crate) use book::missed;
pub use book::{STATEMENTS, find, list, record, reported, step, steps};
pub use desk::{AT_ONCE, Answer, Desk, Far, HELD, Place};
pub use people::{GROUPS_MAX, Group, count, groups};
pub use reading::{LEAVES_MAX, affected};

/// The timer that notices a breach on which nobody decided in time.
pub(crate) const TIMER: ken_store::timer::Kind = "office.breach";
/// The regulator is told without undue delay, where feasible within so long, or it is written down
/// why not. UK GDPR art. 33(1).
pub const CLOCK: SignedDuration = SignedDuration::from_hours(72);
/// Most open breaches that an organisation records for itself. House policy.
pub const OPEN_MAX: i64 = 500;
/// Most open reports of one processor to one controller. House policy.
pub const REPORTS_MAX: i64 = 50;
/// Most breaches of one list. House policy.
pub const LIST_MAX: i64 = 200;
/// Most steps of one breach. House policy.
pub const STEPS_MAX: i64 = 200;
/// Longest text of one field, in characters. House policy.
pub const WORDS_MAX: usize = 4_000;
/// Most people that a breach may be said to concern: more than live in the United Kingdom.
pub const PEOPLE_MAX: i64 = 100_000_000;

/// What happened to the information: the five of UK GDPR art. 4(12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody received it who should not have.
    Disclosure,
    /// Somebody looked at it, or could, who should not have.
    Access,
    /// It is lost, or cannot be reached when it is needed.
    Loss,
    /// It is destroyed.
    Destruction,
    /// It was changed.
    Alteration,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Disclosure, Self::Access, Self::Loss, Self::Destruction, Self::Alteration];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Disclosure => "disclosure",
            Self::Access => "access",
            Self::Loss => "loss",
            Self::Destruction => "destruction",
            Self::Alteration => "alteration",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// One step in the life of a breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Did {
    /// It was recorded, or a processor reported it.
    Recorded,
    /// It was reported to the regulator. UK GDPR art. 33(1).
    Reported,
    /// It was not, since a risk to anybody is unlikely. UK GDPR art. 33(1).
    Unlikely,
    /// The people concerned were told. UK GDPR art. 34(1).
    Told,
    /// They were told in public, since each alone would be out of proportion. Art. 34(3)(c).
    Public,
    /// They were not: what was taken cannot be read, or the risk was ended. Art. 34(3)(a) and (b).
    Protected,
    /// They were not, since a high risk to them is unlikely. UK GDPR art. 34(1).
    NoHighRisk,
    /// They are not yet, since telling them would prejudice the prevention or detection of crime or
    /// the prosecution of offenders. Data Protection Act 2018, sch. 2, para. 2(1).
    Withheld,
    /// More became known. UK GDPR art. 33(4) and (5).
    Noted,
    /// It is closed.
    Closed,
}

impl Did {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Recorded,
        Self::Reported,
        Self::Unlikely,
        Self::Told,
        Self::Public,
        Self::Protected,
        Self::NoHighRisk,
        Self::Withheld,
        Self::Noted,
        Self::Closed,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Reported => "reported",
            Self::Unlikely => "unlikely",
            Self::Told => "told",
            Self::Public => "public",
            Self::Protected => "protected",
            Self::NoHighRisk => "no-high-risk",
            Self::Withheld => "withheld",
            Self::Noted => "noted",
            Self::Closed => "closed",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// Whether it decides about the regulator.
    #[must_use]
    pub fn is_of_regulator(self) -> bool {
        matches!(self, Self::Reported | Self::Unlikely)
    }

    /// Whether it decides about the people concerned.
    #[must_use]
    pub fn is_of_people(self) -> bool {
        matches!(
            self,
            Self::Told | Self::Public | Self::Protected | Self::NoHighRisk | Self::Withheld
        )
    }

    /// Whether no other decision of its sort may follow: what was told cannot be untold.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Reported | Self::Told | Self::Public)
    }
}

/// A breach, without what was written of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The controller whose breach it is.
    pub controller: OrganisationId,
    /// Its id. It says nothing about anybody.
    pub id: EntryId,
    /// The processor that reported it; none where the controller found it.
    pub reporter: Option<OrganisationId>,
    /// What happened.
    pub kind: Kind,
    /// About how many people it concerns, where that is known.
    pub people: Option<i64>,
    /// When whoever recorded it became aware of it.
    pub found: Timestamp,
    /// When the controller became aware of it: the clock runs from here.
    pub aware: Timestamp,
    /// When 72 hours have passed.
    pub due: Timestamp,
    /// When it was written down.
    pub recorded: Timestamp,
    /// What was decided about the regulator.
    pub regulator: Option<Did>,
    /// What was decided about the people concerned.
    pub told: Option<Did>,
    /// When the time was found to have passed without a decision.
    pub missed: Option<Timestamp>,
    /// When it was closed.
    pub closed: Option<Timestamp>,
}

/// What somebody wrote, by field.
pub type Words = BTreeMap<String, String>;

/// A breach as it is recorded.
#[derive(Debug, Clone)]
pub struct New {
    /// Whose breach it is: one's own organisation, or the controller for whom one processes.
    pub controller: OrganisationId,
    /// What happened.
    pub kind: Kind,
    /// When whoever records it became aware of it.
    pub found: Timestamp,
    /// About how many people it concerns.
    pub people: Option<i64>,
    /// What is known of it: each of [`FIELDS`].
    pub words: Sensitive<Words>,
}

/// What is written when a breach is recorded: facts, the kinds of information, effects and what
/// was done. UK GDPR art. 33(3) and (5).
pub const FIELDS: [&str; 4] = ["happened", "data", "effects", "measures"];
/// Why something is so decided, or what else became known.
pub const REASON: &str = "reason";
/// Why the regulator was told late. UK GDPR art. 33(1).
pub const DELAY: &str = "delay";

/// A step as it is taken.
#[derive(Debug, Clone)]
pub struct NewStep {
    /// What was done.
    pub did: Did,
    /// When; of what is decided or noted, now.
    pub at: Timestamp,
    /// [`REASON`], and [`DELAY`] where the regulator was told late.
    pub words: Sensitive<Words>,
}

/// A step that was taken.
#[derive(Debug, Clone)]
pub struct Step {
    /// What was done.
    pub did: Did,
    /// When.
    pub at: Timestamp,
    /// When it was written down.
    pub kept: Timestamp,
    /// By whom.
    pub by: PractitionerId,
    /// What was written; none once its key is destroyed.
    pub words: Option<Sensitive<Words>>,
}

/// Why a breach or a step is not taken. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such breach or controller.
    Unknown,
    /// A field lacks its words, or has too many.
    Words(&'static str),
    /// It lies in the future, or before anybody was aware.
    When,
    /// The number of people is none.
    People,
    /// It was decided already, and cannot be taken back.
    Decided,
    /// It cannot be closed before both decisions are made, nor while people are still to be told.
    Undecided,
    /// It is closed.
    Closed,
    /// There are as many as this register holds.
    TooMany,
}

impl Breach {
    /// Whether a step of a sort may follow, whatever its time and words.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that says why it may not.
    pub fn follows(&self, did: Did) -> Result<(), Refusal> {
        if self.closed.is_some() {
            return Err(Refusal::Closed);
        }
        let before = match did {
            Did::Recorded => return Err(Refusal::Decided),
            Did::Noted | Did::Closed => None,
            did if did.is_of_people() => self.told,
            _ => self.regulator,
        };
        if before.is_some_and(|before| before.is_final() || before == did) {
            return Err(Refusal::Decided);
        }
        let is_told = self.told.is_some_and(|told| told != Did::Withheld);
        if did == Did::Closed && (self.regulator.is_none() || !is_told) {
            return Err(Refusal::Undecided);
        }
        Ok(())
    }

    /// Whether a step may follow now.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that says why it may not.
    pub fn may(&self, step: &NewStep, now: Timestamp) -> Result<(), Refusal> {
        let NewStep { did, at, words } = step;
        self.follows(*did)?;
        if *at > now || *at < self.aware {
            return Err(Refusal::When);
        }
        let late = *did == Did::Reported && *at > self.due;
        let needed = if late { &[REASON, DELAY][..] } else { &[REASON] };
        fit(words.reveal(), needed)
    }
}

/// Whether each of the needed fields has words, and none has too many.
fn fit(words: &Words, needed: &[&'static str]) -> Result<(), Refusal> {
    for field in needed {
        let text = words.get(*field).map(String::as_str).unwrap_or_default().trim();
        if text.is_empty() || text.chars().count() > WORDS_MAX {
            return Err(Refusal::Words(field));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn breach(regulator: Option<Did>, told: Option<Did>) -> Breach {
        Breach {
            controller: "cec".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            reporter: None,
            kind: Kind::Loss,
            people: None,
            found: at("2027-06-01T09:00:00Z"),
            aware: at("2027-06-01T09:00:00Z"),
            due: at("2027-06-04T09:00:00Z"),
            recorded: at("2027-06-01T10:00:00Z"),
            regulator,
            told,
            missed: None,
            closed: None,
        }
    }

    fn new(did: Did, when: &str, fields: &[&str]) -> NewStep {
        let words = fields.iter().map(|field| ((*field).to_owned(), "Because".to_owned()));
        NewStep { did, at: at(when), words: Sensitive::new(words.collect()) }
    }

    #[test]
    fn each_step_follows_only_what_it_may() {
        let now = at("2027-06-05T09:00:00Z");
        let soon = "2027-06-02T09:00:00Z";
        let check = |regulator, told, did, want| {
            let step = new(did, soon, &[REASON]);
            assert_eq!(breach(regulator, told).may(&step, now), want, "{regulator:?} {did:?}");
        };
        check(None, None, Did::Unlikely, Ok(()));
        check(Some(Did::Unlikely), None, Did::Reported, Ok(()));
        check(Some(Did::Unlikely), None, Did::Unlikely, Err(Refusal::Decided));
        check(Some(Did::Reported), None, Did::Unlikely, Err(Refusal::Decided));
        check(None, Some(Did::NoHighRisk), Did::Told, Ok(()));
        check(None, Some(Did::Told), Did::NoHighRisk, Err(Refusal::Decided));
        check(Some(Did::Reported), None, Did::Closed, Err(Refusal::Undecided));
        check(None, Some(Did::Told), Did::Closed, Err(Refusal::Undecided));
        check(Some(Did::Reported), Some(Did::Told), Did::Closed, Ok(()));
        check(None, None, Did::Withheld, Ok(()));
        check(None, Some(Did::Told), Did::Withheld, Err(Refusal::Decided));
        check(Some(Did::Reported), Some(Did::Withheld), Did::Told, Ok(()));
        check(Some(Did::Reported), Some(Did::Withheld), Did::Closed, Err(Refusal::Undecided));
        check(None, None, Did::Recorded, Err(Refusal::Decided));
        let closed = Breach { closed: Some(now), ..breach(None, None) };
        assert_eq!(closed.may(&new(Did::Noted, soon, &[REASON]), now), Err(Refusal::Closed));
    }

    #[test]
    fn a_late_report_gives_its_reasons_and_no_time_is_made_up() {
        let now = at("2027-06-05T09:00:00Z");
        let check = |did, when, fields: &[&str], want| {
            assert_eq!(breach(None, None).may(&new(did, when, fields), now), want, "{when}");
        };
        check(Did::Reported, "2027-06-04T09:00:00Z", &[REASON], Ok(()));
        let late = Err(Refusal::Words(DELAY));
        check(Did::Reported, "2027-06-04T09:00:01Z", &[REASON], late);
        check(Did::Reported, "2027-06-04T09:00:01Z", &[REASON, DELAY], Ok(()));
        check(Did::Told, "2027-06-04T09:00:01Z", &[REASON], Ok(()));
        check(Did::Told, "2027-06-04T09:00:01Z", &[], Err(Refusal::Words(REASON)));
        check(Did::Reported, "2027-06-05T09:00:01Z", &[REASON], Err(Refusal::When));
        check(Did::Reported, "2027-06-01T08:59:59Z", &[REASON], Err(Refusal::When));
    }
}
