//! Seeding: whose of a register each record of a list is, so that it gets the register's number.
//!
//! # Invariants
//!
//! - A number is given only where one person of the register is sure and no other is likely; all
//!   else goes to a human.
//! - A number that stands in the list and fails its check, or is another than that of whoever else
//!   agrees, is never overruled: a human looks at it.
//!
//! # Sources
//!
//! - The two checks of a CHI number, and the zero that spreadsheets take away: the identity
//!   design, section 6.

use ken_core::identifier::{CheckRule, Chi};

use crate::birth;
use crate::compare::level;
use crate::digits::Digits;
use crate::index::{Candidate, Index};
use crate::model::Scorer;
use crate::pattern::Field;
use crate::table::Row;
use crate::text::tidy;

/// From this probability on a number is given. House policy, stricter than for a link: a number
/// that is wrong goes with a record wherever it goes.
pub const SURE: f64 = 0.99;

/// Nobody else may be as likely as this.
const OTHER: f64 = 0.1;

/// Candidates that a human is shown.
const SHOWN: usize = 5;

/// What stands in a list where a CHI number belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Nothing.
    Missing,
    /// A number that passes, and by which check.
    Valid(CheckRule),
    /// Nine digits, which pass with a zero before them, and whose first six are then the date of
    /// birth.
    LostZero(CheckRule),
    /// Anything else: it fails its check, or is no such number.
    Bad,
}

impl Written {
    /// Looks at what is written.
    #[must_use]
    pub fn of(chi: &str, born: &str) -> Self {
        let chi = tidy(chi);
        if chi.is_empty() {
            return Self::Missing;
        }
        if let Ok(number) = Chi::parse(chi) {
            return Self::Valid(number.rule());
        }
        let born = birth::read(born);
        let digits = Digits::chi(chi, born);
        let mended = Chi::parse(&format!("0{}", chi.replace(' ', "")));
        // What was mended has ten digits, and the date agrees.
        match mended {
            Ok(number) if digits.is_of(number.reveal()) => Self::LostZero(number.rule()),
            _ => Self::Bad,
        }
    }
}

/// Whose a record of a list is.
#[derive(Debug, Clone, PartialEq)]
pub enum Seeding {
    /// One person's, surely.
    Sure(Candidate),
    /// A human must look: the likeliest, if there are any, and why.
    Doubt(Doubt, Vec<Candidate>),
}

/// Why a human must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// Nobody of the register is like it.
    Nobody,
    /// Somebody is, but not surely.
    Unsure,
    /// Several are.
    Several,
    /// The number that stands in the list fails its check.
    BadNumber,
    /// The number that stands in the list is not that of whoever else agrees.
    OtherNumber,
}

impl Doubt {
    /// A short word for it, for files and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Unsure => "unsure",
            Self::Several => "several",
            Self::BadNumber => "number-fails-check",
            Self::OtherNumber => "number-of-another",
        }
    }
}

/// Whose of a register a record of a list is.
#[must_use]
pub fn seed(register: &Index, scorer: &Scorer, row: &Row<'_>) -> Seeding {
    settle(row, register.ask(scorer, row, SHOWN))
}

/// The same of those whom a register tells, the likeliest first, of each person one.
#[must_use]
pub fn settle(row: &Row<'_>, told: Vec<Candidate>) -> Seeding {
    let written = Written::of(row.chi, row.born);
    let sure = told.first().filter(|best| best.probability >= SURE).copied();
    let others = told.iter().filter(|of| of.probability >= OTHER).count();
    let doubt = match (written, sure) {
        (Written::Bad, _) => Doubt::BadNumber,
        (Written::Valid(_) | Written::LostZero(_), Some(best)) if !has_number(&best) => {
            Doubt::OtherNumber
        }
        // The rules keep apart whoever has another number: that is no stranger.
        (Written::Valid(_) | Written::LostZero(_), None)
            if told.iter().any(|of| of.rule.is_some()) =>
        {
            Doubt::OtherNumber
        }
        (_, Some(best)) if others == 1 => return Seeding::Sure(best),
        (_, Some(_)) => Doubt::Several,
        (_, None) if told.is_empty() => Doubt::Nobody,
        (_, None) => Doubt::Unsure,
    };
    Seeding::Doubt(doubt, told)
}

fn has_number(of: &Candidate) -> bool {
    of.pattern.level(Field::Chi) == level::CHI_SAME
}
