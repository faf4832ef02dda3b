//! Messages that wait for a person: those that were not applied, kept whole with the reason, and
//! those that were and leave something to find out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ken_core::{Ctx, MessageId};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Result as StoreResult, Row, Snapshot, Tx, values};

use crate::{Error, sql};

/// Most held messages that one list shows.
pub const LIST_MAX: i64 = 200;

/// A message that waits for a person: its flow, not its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its id here.
    pub id: MessageId,
    /// The source, if it is known.
    pub source: Option<String>,
    /// MSH-10.
    pub control_id: String,
    /// Type and trigger, such as `ADT^A01`.
    pub kind: String,
    /// Why it waits, as a stable code.
    pub code: String,
    /// When it came.
    pub received: Timestamp,
}

/// What is put into the queue.
#[derive(Debug)]
pub(crate) struct NewHeld<'a> {
    pub(crate) id: MessageId,
    pub(crate) source: Option<&'a str>,
    pub(crate) control_id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) code: &'static str,
    pub(crate) body: &'a [u8],
    /// Whether a person must look.
    pub(crate) waits: bool,
}

/// Keeps a message that is not applied.
pub(crate) async fn hold(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: &NewHeld<'_>,
) -> Result<(), Error> {
    let key = keys.fresh().await?;
    let sealed = keys.seal(&key, new.id.to_string().as_bytes(), new.body).await?;
    let of = values![
        new.id,
        new.source,
        new.control_id,
        new.kind,
        new.code,
        ctx.now_us(),
        key.to_string(),
        sealed.as_slice(),
        (!new.waits).then(|| ctx.now_us())
    ];
    tx.execute_later(sql::INSERT_HELD, of).await?;
    Ok(())
}

/// A row of the list, as it is stored.
pub(crate) type Stored = ((MessageId, Option<String>, String, String), String, i64);

/// Reads such a row.
pub(crate) fn read(row: &Row<'_>) -> StoreResult<Stored> {
    let of = (row.parse(0)?, row.text_opt(1)?, row.text(2)?, row.text(3)?);
    Ok((of, row.text(4)?, row.int(5)?))
}

impl Held {
    pub(crate) fn whole(
        ((id, source, control_id, kind), code, received): Stored,
    ) -> Result<Self, Error> {
        let received = Timestamp::from_microsecond(received).map_err(|_| Error::Corrupt("time"))?;
        Ok(Self { id, source, control_id, kind, code, received })
    }
}

/// How many messages wait for a person, of each source; of none for those of nobody.
///
/// # Errors
///
/// Whatever the store says.
pub async fn count_held(db: &Db) -> Result<BTreeMap<Option<String>, i64>, Error> {
    let read = |row: &Row<'_>| Ok((row.text_opt(0)?, row.int(1)?));
    let counts = db.snapshot("hub.count-held", async |s| {
        Ok::<_, Error>(s.list(sql::COUNT_HELD, &[], read).await?)
    });
    Ok(counts.await?.into_iter().collect())
}

/// Messages that wait for a person, the oldest first: at most [`LIST_MAX`], and none is forgotten
/// behind what came since.
///
/// # Errors
///
/// Whatever the store says.
pub async fn held(db: &Db) -> Result<Vec<Held>, Error> {
    Ok(held_after(db, None).await?.0)
}

/// Those that came after one of them, and whether there are more than these.
///
/// # Errors
///
/// Whatever the store says.
pub async fn held_after(db: &Db, after: Option<MessageId>) -> Result<(Vec<Held>, bool), Error> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    let list = async |s: &mut Snapshot| {
        Ok::<_, Error>(s.list(sql::LIST_HELD, values![after, LIST_MAX + 1], read).await?)
    };
    let mut rows = db.snapshot("hub.held", list).await?;
    let limit = usize::try_from(LIST_MAX).unwrap_or(usize::MAX);
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    Ok((rows.into_iter().map(Held::whole).collect::<Result<_, _>>()?, is_more))
}
