//! A body's own list of people, and whose CHI number each row gets: looked up behind a page, shown
//! before anything is kept, then given and handed out.
//!
//! # Invariants
//!
//! - A number is given and told where the gate lets the body see numbers of that person to review
//!   identity, by a word that it may hear; where it may see them without numbers, the row gets what
//!   each source and the body call the person between them ([`ken_records::pseudonym`]), and
//!   nothing is kept. Each such look is on the ledger of the person.
//! - Of a row that gets neither it is not told whether it means somebody.
//! - Where two rows mean one person neither gets anything: a list says each person once.
//! - A list, and what was found of it, is in memory alone, on one node, and there for [`HELD`] at
//!   the most; it is in no table, no log and no address.
//! - What was done stands on the ledger of the organisation, in counts.
//!
//! Sources: `identity.md` section 6; ADR 55, ADR 60 and ADR 64.

mod desk;
mod file;
mod give;
mod look;

use ken_core::identifier::Chi;
use ken_core::{Ctx, PersonId, RequestId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::Tx;
use ken_store::keys::KeyRing;
use serde_json::{Value, json};

use crate::Error;

pub use desk::{Begun, Desk, Far, HELD, Place, Stands};
pub use file::csv;
pub use look::By;

/// What was found of a list, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Looked {
    /// Of each row, in their order.
    pub rows: Vec<Found>,
    /// What was kept of it; none before anything was.
    pub kept: Option<Kept>,
}

/// What was kept of a list, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Whose number stands by the body's word now.
    pub given: usize,
    /// Whose number stood there by the body's word before.
    pub before: usize,
}

/// What was found of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// One person, surely, and their number.
    Sure {
        /// Who.
        person: PersonId,
        /// The number.
        chi: Chi,
        /// How sure the engine is; none where the rule for messages knows them.
        probability: Option<f64>,
    },
    /// One person, surely, whose number the body may not hold: what they are called in its stead.
    Named(String),
    /// Not sure, or nobody, or nobody of whom the body may know.
    Open,
    /// A number of the row fails its check.
    Bad,
}

impl Looked {
    /// Rows with a number, rows with a name in its stead, rows that are open, and rows with a
    /// number that fails its check.
    #[must_use]
    pub fn counts(&self) -> [usize; 4] {
        let count = |is: fn(&Found) -> bool| self.rows.iter().filter(|found| is(found)).count();
        [
            count(|found| matches!(found, Found::Sure { .. })),
            count(|found| matches!(found, Found::Named(_))),
            count(|found| matches!(found, Found::Open)),
            count(|found| matches!(found, Found::Bad)),
        ]
    }
}

/// Enters that a list's file was fetched, before it is.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn fetched(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (list, looked): (RequestId, &Looked),
) -> Result<(), Error> {
    let [sure, named, ..] = looked.counts();
    let detail = json!({
        "event": "list-fetched", "list": list.to_string(), "sure": sure, "named": named,
        "by": by.practitioner.to_string(),
    });
    enter(tx, ctx, (keys, by), detail).await
}

/// Enters what was done, in counts, on the ledger of the body.
async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (keys, by): (&KeyRing, &Acting),
    detail: Value,
) -> Result<(), Error> {
    let stream = Stream::Organisation(by.organisation.clone());
    let (kind, visibility) = (EntryKind::Setting, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}
