//! The officer's side: what waits for an answer, the answer, and ending what was granted.
//!
//! An officer sees what was asked and what the person typed, and nothing that is held.
//!
//! # Invariants
//!
//! - Who is the person, their family or a former partner sees none of it, and answers nothing.
//! - Each wish waits with somebody who may answer it, as long as there is anybody (`reviewers`).
//! - One that nobody has answered in time stays in the list, late, and stands on the ledger of the
//!   organisation that was asked.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, PersonId, PractitionerId, Sensitive};
use ken_directory::Acting;
use ken_directory::partnership::{self, Partnership};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Snapshot, Sql, Tx, timer, values};
use serde_json::json;

use super::{LIST_MAX, TIMER, What, bound, note, open, source};
use crate::fact::Grade;
use crate::reviewers::{Matter, Seats, looks_after, may_read};
use crate::{Error, fact, sql, together};

/// Most wishes of one organisation that are looked at for a list. House policy: far more than wait
/// anywhere; what is due first is looked at first.
const LOOKED_AT_MAX: i64 = 2_000;

/// A wish that an officer answers, or granted.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Whose it is; opaque, and not shown.
    pub person: PersonId,
    /// Which.
    pub id: EntryId,
    /// The organisation that was asked.
    pub organisation: OrganisationId,
    /// What.
    pub what: What,
    /// What the person typed: who they are and how to reach them safely.
    pub typed: Option<Sensitive<String>>,
    /// When.
    pub asked: Timestamp,
    /// By when it is to be answered.
    pub due: Option<Timestamp>,
    /// Whether it is granted.
    pub is_granted: bool,
}

/// An officer's answer.
#[derive(Debug)]
pub struct Answer {
    /// Whose wish.
    pub person: PersonId,
    /// Which.
    pub id: EntryId,
    /// Whether it is granted.
    pub is_granted: bool,
    /// Whether it shows on the person's pages from now on, where it did not: agreed with them.
    pub is_shown: bool,
    /// Why, in words that the person may read.
    pub words: Sensitive<String>,
}

/// What waits for the answer of a reader, the most urgent first: for an officer what their
/// organisation was asked by nobody near them, for the Guardian what no officer may answer, and for
/// whoever leads a partnership above what nobody there may.
///
/// # Errors
///
/// Whatever the store, the directory or the key ring says.
pub async fn waiting(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
) -> Result<Vec<Waiting>, Error> {
    let due = |one: &Waiting| one.due.map_or(i64::MAX, Timestamp::as_microsecond);
    list(db, ctx, keys, by, (sql::LIST_WAITING_WISHES, due)).await
}

/// What was granted and stands, and would wait for this reader were it not answered; the newest
/// first.
///
/// # Errors
///
/// As [`waiting`].
pub async fn granted(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
) -> Result<Vec<Waiting>, Error> {
    let newest = |one: &Waiting| -one.asked.as_microsecond();
    list(db, ctx, keys, by, (sql::LIST_GRANTED_WISHES, newest)).await
}

async fn list(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (statement, order): (Sql, fn(&Waiting) -> i64),
) -> Result<Vec<Waiting>, Error> {
    let tree = async |s: &mut Snapshot| Ok::<_, Error>(partnership::list(s).await?);
    let all = db.snapshot("sharing.wishes-tree", tree).await?;
    let (mut found, mut seats) = (vec![], Seats::default());
    for organisation in looks_after(&all, &by.organisation) {
        // Each organisation is a picture of its own: all of them are no work for one.
        let read = async |s: &mut Snapshot| {
            let of = (&organisation, statement);
            readable(s, ctx, (by, &all), &mut seats, of).await
        };
        found.extend(db.snapshot("sharing.wishes-waiting", read).await?);
    }
    found.sort_by_key(|one: &Stored| (order(&one.waiting), one.waiting.id));
    let mut list = vec![];
    for one in found.into_iter().take(usize::try_from(LIST_MAX).unwrap_or(usize::MAX)) {
        list.push(one.read(keys).await?);
    }
    Ok(list)
}

/// As many wishes of one organisation as a list has room for, of those that are this reader's.
async fn readable(
    s: &mut Snapshot,
    ctx: &Ctx<'_>,
    (by, all): (&Acting, &[Partnership]),
    seats: &mut Seats,
    (organisation, statement): (&OrganisationId, Sql),
) -> Result<Vec<Stored>, Error> {
    let mut found = vec![];
    for one in s.list(statement, values![organisation, LOOKED_AT_MAX], stored).await? {
        let one = one.ok_or(Error::Corrupt("wish"))?;
        if may_read(s, ctx, (by, all), &mut *seats, &matter(&one.waiting)).await? {
            found.push(one);
        }
        if i64::try_from(found.len()).is_ok_and(|many| many >= LIST_MAX) {
            break;
        }
    }
    Ok(found)
}

/// A wish as those in turn are asked about it: nobody but its person had a part in it.
fn matter(one: &Waiting) -> Matter<'_, fn(PractitionerId) -> bool> {
    Matter { organisation: &one.organisation, person: one.person, is_of: |_| false }
}

/// A row of an organisation's list.
#[derive(Debug)]
struct Stored {
    waiting: Waiting,
    key: Option<KeyId>,
    sealed: Option<Vec<u8>>,
}

fn stored(row: &Row<'_>) -> Result<Option<Stored>, ken_store::Error> {
    let Some(what) = What::of_code(&row.text(2)?) else { return Ok(None) };
    let waiting = Waiting {
        person: row.parse(0)?,
        id: row.parse(1)?,
        organisation: row.parse(8)?,
        what,
        typed: None,
        asked: row.time(3)?,
        due: row.time_opt(4)?,
        is_granted: row.int_opt(5)? == Some(1),
    };
    Ok(Some(Stored { waiting, key: row.parse_opt(6)?, sealed: row.bytes_opt(7)? }))
}

impl Stored {
    async fn read(self, keys: &KeyRing) -> Result<Waiting, Error> {
        let typed = match (&self.key, &self.sealed) {
            (Some(key), Some(sealed)) => open(keys, key, "typed", self.waiting.id, sealed).await?,
            _ => None,
        };
        Ok(Waiting { typed, ..self.waiting })
    }
}

/// One wish that waits for this reader, or would were it not granted.
///
/// # Errors
///
/// As [`waiting`].
pub async fn find(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    which: (PersonId, EntryId),
) -> Result<Option<Waiting>, Error> {
    let found = db.snapshot("sharing.wish-find", async |s| found(s, ctx, by, which).await).await?;
    match found {
        Some(found) => Ok(Some(found.read(keys).await?)),
        None => Ok(None),
    }
}

async fn found<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    (person, id): (PersonId, EntryId),
) -> Result<Option<Stored>, Error> {
    let found = reads.find(sql::FIND_WISH, values![person, id], stored).await?;
    let Some(found) = found else { return Ok(None) };
    let found = found.ok_or(Error::Corrupt("wish"))?;
    let all = partnership::list(reads).await?;
    let of = matter(&found.waiting);
    let may = may_read(reads, ctx, (by, &all), &mut Seats::default(), &of).await?;
    Ok(may.then_some(found))
}

/// Answers a wish once; false where it does not wait for this reader. What is granted stands; what
/// is refused ends.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn decide(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    answer: &Answer,
) -> Result<bool, Error> {
    let which = (answer.person, answer.id);
    let found = db
        .snapshot("sharing.wish-found", async |s| found(s, ctx, by, which).await)
        .await?
        .filter(|found| !found.waiting.is_granted);
    let Some(found) = found else { return Ok(false) };
    let key = match found.key {
        Some(key) => key,
        None => keys.fresh().await?,
    };
    let words = answer.words.reveal();
    let sealed = keys.seal(&key, &bound("answer", answer.id), words.as_bytes()).await?;
    let what = found.waiting.what;
    let agreed = answer.is_granted && answer.is_shown && what != What::AtRisk;
    let is_shown = !what.is_quiet() || agreed;
    db.write("sharing.wish-answer", async |tx| {
        let guard = together::lock(tx, &BTreeSet::from([answer.person])).await?;
        let of = values![
            answer.person,
            answer.id,
            &found.waiting.organisation,
            by.practitioner,
            ctx.now_us(),
            answer.is_granted,
            is_shown,
            key.to_string(),
            sealed.as_slice(),
            (!answer.is_granted).then(|| ctx.now_us())
        ];
        if tx.execute(sql::DECIDE_WISH, of).await? == 0 {
            return Ok(false);
        }
        hold(tx, ctx, answer, &what).await?;
        guard.bump(tx).await?;
        timer::cancel(tx, TIMER, &answer.id.to_string()).await?;
        let detail = json!({
            "answered": answer.id.to_string(),
            "granted": answer.is_granted,
            "words": words,
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
        });
        note(tx, ctx, keys, (answer.person, &what), (is_shown, detail)).await?;
        Ok(true)
    })
    .await
}

/// The fact follows the answer: granted, it is confirmed by the officer; refused, it is no more,
/// unless it is one that asking does not set, and it is granted still.
async fn hold(tx: &mut Tx, ctx: &Ctx<'_>, answer: &Answer, what: &What) -> Result<(), Error> {
    let fact = what.fact()?;
    if answer.is_granted {
        let said = (&fact, Grade::Confirmed);
        fact::record(tx, ctx, answer.person, &source()?, said).await?;
    } else if what.at_once().is_some() || !is_granted(tx, answer.person, what).await? {
        fact::end(tx, ctx, answer.person, &source()?, &fact).await?;
    }
    Ok(())
}

/// Whether the same is granted and stands, whoever granted it.
async fn is_granted(tx: &mut Tx, person: PersonId, what: &What) -> Result<bool, Error> {
    let of = values![person, what.code()];
    Ok(tx.find(sql::GRANTED_WISH, of, |row| row.text(0)).await?.is_some())
}

/// What became of an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It has ended.
    Done,
    /// There is no such, or not for this officer.
    Unknown,
    /// The person has asked for the same again since it was granted, and that waits for an answer:
    /// nothing has ended. Who asks for protection again may be in danger again.
    AskedAgain,
}

/// Ends what was granted and is this reader's, for a reason.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn end(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (which, reason): ((PersonId, EntryId), &Sensitive<String>),
) -> Result<Ending, Error> {
    db.write("sharing.wish-end", async |tx| {
        let (person, id) = which;
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        let found = found(tx, ctx, by, which).await?;
        let Some(Waiting { what, organisation, .. }) = found.map(|found| found.waiting) else {
            return Ok(Ending::Unknown);
        };
        let again = values![person, what.code(), id, LIST_MAX];
        let again: Vec<OrganisationId> =
            tx.list(sql::ASKED_AGAIN, again, |row| row.parse(0)).await?;
        if again.contains(&organisation) {
            return Ok(Ending::AskedAgain);
        }
        let of = values![person, id, &organisation, ctx.now_us()];
        if tx.execute(sql::END_GRANTED_WISH, of).await? == 0 {
            return Ok(Ending::Unknown);
        }
        // Of whom else it was asked since is not told; what holds goes on until they have answered.
        if again.is_empty() {
            // The same, asked twice before it was granted, is one fact.
            tx.execute(sql::END_WISHES, values![person, what.code(), ctx.now_us()]).await?;
            fact::end(tx, ctx, person, &source()?, &what.fact()?).await?;
        }
        guard.bump(tx).await?;
        let detail = json!({
            "ended": id.to_string(),
            "words": reason.reveal(),
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
        });
        note(tx, ctx, keys, (person, &what), (!what.is_quiet(), detail)).await?;
        Ok(Ending::Done)
    })
    .await
}

/// Enters a wish that nobody has answered in time on the ledger of the organisation that was asked,
/// in the timer's own write. It names nobody.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn missed(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    lease: &timer::Lease,
) -> Result<(), Error> {
    let person: PersonId = lease.detail.parse().map_err(|_| Error::Corrupt("wish"))?;
    let id: EntryId = lease.key.parse().map_err(|_| Error::Corrupt("wish"))?;
    db.write("sharing.wish-missed", async |tx| {
        let found = tx.find(sql::FIND_WISH, values![person, id], stored).await?.flatten();
        if let Some(one) = found.map(|one| one.waiting).filter(|one| !one.is_granted) {
            let entry = NewEntry {
                stream: Stream::Organisation(one.organisation),
                kind: EntryKind::Duty,
                visibility: Visibility::Never,
                detail: json!({ "wish": id.to_string(), "missed": true }),
            };
            ken_ledger::append(tx, ctx, keys, entry).await?;
        }
        Ok(lease.done(tx).await?)
    })
    .await
}
