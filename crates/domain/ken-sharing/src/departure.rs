//! Parties that leave an instrument: after notice, when their contract ends, or with everybody.
//!
//! A departure is a day in the register; from that day on the party's pairs no longer stand. What
//! was received before stays under the prohibitions that follow the data.

use jiff::ToSpan;
use jiff::civil::Date;
use ken_agreement::{Day, Instrument, OnExit};
use ken_core::{Ctx, InstrumentHash, OrganisationId};
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::json;

use crate::instrument::record;
use crate::{Error, sql};

/// Longest notice that counts, in days. House policy: a year.
const NOTICE_DAYS_MAX: i64 = 366;

/// How a party leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// It gave notice; it is out when the notice of the agreement has run.
    Withdraws,
    /// The contract that brought it here ends on a day.
    ContractEnds(Day),
    /// The lead party ends the agreement for everybody on a day.
    Terminated(Day),
}

impl Leaving {
    fn code(self) -> &'static str {
        match self {
            Self::Withdraws => "withdrawn",
            Self::ContractEnds(_) => "contract-ended",
            Self::Terminated(_) => "terminated",
        }
    }
}

/// A party that leaves, or has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Who.
    pub party: OrganisationId,
    /// The first day on which it is out.
    pub from: Day,
    /// `withdrawn`, `contract-ended` or `terminated`.
    pub kind: String,
}

/// The first day on which the party is out: notice runs from today; no day is earlier than today.
#[must_use]
pub fn first_day_out(instrument: &Instrument, leaving: Leaving, today: Date) -> Day {
    match leaving {
        Leaving::Withdraws => {
            let days = instrument.agreement.notice_days.clamp(0, NOTICE_DAYS_MAX);
            Day(today.saturating_add(days.days()))
        }
        Leaving::ContractEnds(day) | Leaving::Terminated(day) => Day(day.0.max(today)),
    }
}

/// Lets a party leave, and says from which day it is out and whether what it was sent is asked
/// back. The lead party alone terminates, and then every party is out.
///
/// # Errors
///
/// [`Error::UnknownInstrument`], [`Error::UnknownSignatory`] where `party` is no party or does not
/// lead, or whatever the store or the ledger says.
pub async fn leave(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    hash: &InstrumentHash,
    (party, leaving): (&OrganisationId, Leaving),
) -> Result<(Day, OnExit), Error> {
    db.write("sharing.leave", async |tx| leave_within(tx, ctx, keys, hash, (party, leaving)).await)
        .await
}

/// As [`leave`], within a write that does more.
///
/// # Errors
///
/// As [`leave`].
pub async fn leave_within(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    hash: &InstrumentHash,
    (party, leaving): (&OrganisationId, Leaving),
) -> Result<(Day, OnExit), Error> {
    let canonical = tx.find(sql::FIND_INSTRUMENT, values![hash], |row| row.text(0)).await?;
    let canonical = canonical.ok_or(Error::UnknownInstrument)?;
    let instrument =
        Instrument::from_canonical(&canonical).map_err(|_| Error::Corrupt("instrument"))?;
    let day = first_day_out(&instrument, leaving, ctx.clock.today());
    let out: Vec<_> = match leaving {
        Leaving::Terminated(_) if instrument.agreement.lead_party == *party => {
            instrument.parties.iter().map(|party| &party.id).collect()
        }
        Leaving::Terminated(_) => return Err(Error::UnknownSignatory),
        _ => instrument.party(party).map(|party| &party.id).into_iter().collect(),
    };
    if out.is_empty() {
        return Err(Error::UnknownSignatory);
    }
    for one in out {
        depart(tx, ctx, (hash, one), (day, leaving.code())).await?;
    }
    ken_store::guard::bump_policy(tx).await?;
    let from = day.to_string();
    let detail = json!({ "instrument": hash.as_str(), leaving.code(): from });
    record(tx, ctx, keys, party, EntryKind::Suspend, detail).await?;
    Ok((day, instrument.lifecycle.on_party_exit))
}

async fn depart(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (hash, party): (&InstrumentHash, &OrganisationId),
    (day, kind): (Day, &str),
) -> Result<(), Error> {
    let from = day.to_string();
    let of = values![hash, party, from.as_str(), kind, ctx.now_us()];
    tx.execute(sql::UPSERT_DEPARTURE, of).await?;
    Ok(())
}

/// Who leaves an instrument, and from when.
///
/// # Errors
///
/// Whatever the store says.
pub async fn of<R: Reads>(reads: &mut R, hash: &InstrumentHash) -> Result<Vec<Departure>, Error> {
    let row = |row: &Row<'_>| {
        let from = Day(row.parse::<Date>(1)?);
        Ok(Departure { party: row.parse(0)?, from, kind: row.text(2)? })
    };
    Ok(reads.list(sql::LIST_DEPARTURES_OF, values![hash], row).await?)
}
