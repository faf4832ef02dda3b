//! Disposal: what a rule says is kept long enough is counted, asked for by one officer, confirmed
//! by another, and removed with a certificate.
//!
//! # Invariants
//!
//! - Nothing is removed by a clock: two officers of the organisation whose it is decide, the
//!   second of them somebody else, and a set that is held back loses nothing.
//! - Only what is closed is in a set, and only what was closed before the moment at which the
//!   first officer saw the count is removed.
//! - The certificate is an entry of the ledger, made in the write that removes; keys are destroyed
//!   after it, and again after a restore. What the ledger said of the things removed stays.
//!
//! # Sources
//!
//! - UK GDPR art. 5(1)(e) and (2); Public Records (Scotland) Act 2011, whose plans ask for a
//!   retention schedule and for evidence of destruction. The periods are house policy: a
//!   partnership's own schedule goes before them, and holds a set back until it agrees.

mod run;

use jiff::{SignedDuration, Timestamp};
use ken_core::{EntryId, PractitionerId};

pub use run::{STATEMENTS, ask, certificate, confirm, find, hold, list, plan};

/// Most things that one disposal removes: as many keys as one certificate may name.
pub const REMOVED_MAX: i64 = 250;
/// Most disposals of one list. House policy.
pub const LIST_MAX: i64 = 100;
/// Longest reason to hold a set back, in characters. House policy.
pub const REASON_MAX: usize = 400;
/// For so long the second officer may confirm. House policy: a month; then it is counted anew.
pub const WAITS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A set of records with a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordSet {
    /// Messages that were held and are closed, with their sealed bodies.
    HeldMessages,
    /// Findings of the audit that are closed.
    Findings,
    /// Breaches that are closed, with what was written of them.
    Breaches,
}

impl RecordSet {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::HeldMessages, Self::Findings, Self::Breaches];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::HeldMessages => "held-messages",
            Self::Findings => "findings",
            Self::Breaches => "breaches",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// How many days something is kept after it was closed. House policy.
    #[must_use]
    pub fn kept_days(self) -> i64 {
        match self {
            Self::HeldMessages => 365,
            Self::Findings => 3 * 365,
            Self::Breaches => 6 * 365,
        }
    }

    /// The rule, as a certificate names it.
    #[must_use]
    pub fn rule(self) -> String {
        format!("{}/closed+{}d", self.code(), self.kept_days())
    }

    /// What was closed by this moment is due.
    #[must_use]
    pub fn due_before(self, now: Timestamp) -> Timestamp {
        let kept = SignedDuration::from_hours(24 * self.kept_days());
        now.saturating_sub(kept).unwrap_or(Timestamp::MIN)
    }
}

/// What is due of a set, told before anything is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The set.
    pub set: RecordSet,
    /// How many things are due.
    pub due: i64,
    /// Why it is held back, and since when.
    pub hold: Option<(String, Timestamp)>,
}

/// A disposal: asked for, or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disposal {
    /// Its id.
    pub id: EntryId,
    /// Of which set.
    pub set: RecordSet,
    /// By which rule.
    pub rule: String,
    /// What was closed by then is removed.
    pub before: Timestamp,
    /// How many things were due when it was asked for.
    pub counted: i64,
    /// Who asked.
    pub asked_by: PractitionerId,
    /// When.
    pub asked: Timestamp,
    /// What was done.
    pub done: Option<Done>,
}

/// What a disposal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Who confirmed it.
    pub by: PractitionerId,
    /// When.
    pub at: Timestamp,
    /// How many things were removed.
    pub removed: i64,
    /// The certificate, an entry on the ledger of the organisation.
    pub entry: EntryId,
}

/// Why nothing is disposed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing of the set is due.
    Nothing,
    /// The set is held back.
    Held,
    /// A disposal of the set waits for its second officer already.
    Waits,
    /// Whoever asked does not confirm.
    Own,
    /// There is no such disposal, or it is done, or it waited too long.
    Unknown,
    /// There is no reason, or it is too long.
    NoReason,
}

/// What the ledger says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// The ledger has the entry and it says the same; at this place, once it is sealed.
    Stands(Option<u64>),
    /// The ledger has no such entry, or it says something else.
    Differs,
}
