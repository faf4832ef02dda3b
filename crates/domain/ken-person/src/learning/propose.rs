//! Making another model of what reviewers decided. Nothing is matched by it.

use std::sync::Arc;

use jiff::Timestamp;
use ken_core::{Ctx, PractitionerId};
use ken_directory::Acting;
use ken_match::{Pattern, Proposal};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, Tx, values};
use serde_json::json;

use super::adopt::Using;
use super::evidence::Evidence;
use super::report::Report;
use crate::link::ReviewId;
use crate::sql::learning as sql;
use crate::{Error, Index, entry};

/// Most candidates of open places that a report looks at, those of the oldest.
const OPEN_MAX: i64 = 100_000;

/// The id of a model.
pub type ModelId = ReviewId;

/// A model that was proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// Its id.
    pub id: ModelId,
    /// The hash of it all, which is what is signed.
    pub hash: String,
    /// What it would change.
    pub report: Report,
    /// When it was proposed.
    pub made: Timestamp,
    /// Who did.
    pub by: PractitionerId,
}

/// A row of a model.
pub(super) struct Stored {
    pub(super) id: ModelId,
    pub(super) hash: String,
    pub(super) body: String,
    pub(super) report: String,
    pub(super) made: Timestamp,
    pub(super) by: PractitionerId,
    pub(super) adopted: Option<Timestamp>,
}

pub(super) fn stored(row: &Row<'_>) -> Result<Stored, ken_store::Error> {
    Ok(Stored {
        id: row.parse(0)?,
        hash: row.text(1)?,
        body: row.text(2)?,
        report: row.text(3)?,
        made: row.time(4)?,
        by: row.parse(5)?,
        adopted: row.time_opt(6)?,
    })
}

impl Stored {
    pub(super) fn told(self) -> Result<Proposed, Error> {
        let Self { id, hash, report, made, by, .. } = self;
        let report = serde_json::from_str(&report).map_err(|_| Error::Corrupt("report"))?;
        Ok(Proposed { id, hash, report, made, by })
    }
}

/// The model that is proposed, if there is one.
///
/// # Errors
///
/// Whatever the store says.
pub async fn open(s: &mut impl Reads) -> Result<Option<Proposed>, Error> {
    let found = s.find(sql::MODEL_OPEN, &[], stored).await?;
    found.map(Stored::told).transpose()
}

/// Makes another model of what reviewers decided, in the place of the one that was proposed before;
/// none where nothing would be otherwise than by the model in use. What `index` matches by stays.
///
/// # Errors
///
/// [`Error::Model`] where a model cannot be written, [`Error::Contended`] where another was
/// proposed in the same moment, and whatever the store, the key ring or the ledger says.
pub async fn propose(
    db: &Db,
    ctx: &Ctx<'_>,
    (keys, index): (&KeyRing, &Index),
    by: &Acting,
) -> Result<Option<Proposed>, Error> {
    let read = async |s: &mut Snapshot| {
        let patterns = s.list(sql::OPEN_ALIKE, values![OPEN_MAX], |row| row.parse(0)).await?;
        Ok::<_, Error>((Evidence::read(s).await?, patterns))
    };
    let (evidence, patterns) = db.snapshot("person.evidence", read).await?;
    let using = index.using();
    let worked = tokio::task::spawn_blocking(move || work(&using, &evidence, &patterns)).await;
    let (hash, body, report) = worked.map_err(|_| Error::Corrupt("model"))??;
    if report.changes.is_empty() {
        return Ok(None);
    }
    db.write("person.propose", async |tx| keep(tx, ctx, keys, (&hash, &body, report), by).await)
        .await
        .map(Some)
}

fn work(
    using: &Arc<Using>,
    evidence: &Evidence,
    open: &[Pattern],
) -> Result<(String, String, Report), Error> {
    let live = using.model.as_ref().ok_or(Error::Corrupt("model"))?;
    let proposal = Proposal::of(&live.undecided(), &evidence.decisions())
        .map_err(|_| Error::Corrupt("decisions"))?;
    let report = Report::of(live, &proposal, evidence, open);
    Ok((proposal.hash()?, proposal.write()?, report))
}

async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (hash, body, report): (&str, &str, Report),
    by: &Acting,
) -> Result<Proposed, Error> {
    let written = serde_json::to_string(&report).map_err(|_| Error::Corrupt("report"))?;
    let (id, made) = (ModelId::draw(ctx), ctx.clock.now());
    tx.execute(sql::MODEL_CLOSE, &[]).await?;
    let of = values![id.to_string(), hash, body, written, made, by.practitioner];
    if tx.execute(sql::MODEL_INSERT, of).await? == 0 {
        return Err(Error::Contended);
    }
    let detail = json!({
        "event": "matching-model-proposed",
        "hash": hash,
        "patterns": report.changes.len(),
        "by": entry::who(by),
    });
    entry::of_stewards(tx, ctx, keys, by, detail).await?;
    Ok(Proposed { id, hash: hash.to_owned(), report, made, by: by.practitioner })
}
