//! Words a practitioner has affirmed, kept for half an hour, for one person and one clause.
//!
//! Facts read these rows; nobody passes an attestation to the gate (`core.md` 2.5).

use std::collections::BTreeSet;
use std::time::Duration;

use ken_agreement::{Words, words_hash};
use ken_core::{Ctx, PersonId};
use ken_directory::Acting;
use ken_store::{Db, Reads, Tx, values};

use crate::relationship::later;
use crate::{Error, sql};

/// How long affirmed words are good (`core.md` 2.5).
pub const AFFIRMATION_LAST: Duration = Duration::from_mins(30);

/// A statement to affirm for one clause: which words they are, and the exact text that was signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// The clause and the attestation's name in its instrument.
    pub words: Words,
    /// The exact text, as signed.
    pub text: String,
}

/// Keeps that a practitioner affirmed these words about a person.
///
/// Words are about one practitioner alone, so they take no guard: an affirmation only ever adds,
/// and the decision that reads it enters the ledger under the guard as any other.
///
/// # Errors
///
/// Whatever the store says.
pub async fn affirm(
    db: &Db,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
    said: &BTreeSet<Statement>,
) -> Result<(), Error> {
    db.write("sharing.affirm", async |tx| keep(tx, ctx, by, person, said, AFFIRMATION_LAST).await)
        .await
}

pub(crate) async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
    said: &BTreeSet<Statement>,
    last: Duration,
) -> Result<(), Error> {
    for Statement { words, text } in said {
        let of = values![
            person,
            by.practitioner,
            &words.clause,
            words.attestation.as_str(),
            words_hash(text),
            ctx.now_us(),
            later(ctx, last)
        ];
        tx.execute(sql::UPSERT_AFFIRMATION, of).await?;
    }
    Ok(())
}

/// What a practitioner has affirmed about a person and still holds.
pub(crate) async fn held<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<BTreeSet<Words>, Error> {
    let of = values![person, by.practitioner, ctx.now_us()];
    let rows = reads
        .list(sql::LIST_AFFIRMATIONS, of, |row| Ok(format!("{}/{}", row.text(0)?, row.text(1)?)))
        .await?;
    let words = |text: String| text.parse().map_err(|_| Error::Corrupt("affirmation"));
    rows.into_iter().map(words).collect()
}
