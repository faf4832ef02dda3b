//! The officer's side: what waits for an answer, the answer, and ending what was granted.
//!
//! An officer sees what was asked and what the person typed, and nothing that is held. Who is the
//! person, their family or a former partner sees none of it, and answers nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, PersonId, Sensitive};
use ken_directory::Acting;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Sql, Tx, values};
use serde_json::json;

use super::{LIST_MAX, What, bound, note, open, source};
use crate::fact::Grade;
use crate::{Error, fact, sql, together};

/// A wish that an officer answers, or granted.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Whose it is; opaque, and not shown.
    pub person: PersonId,
    /// Which.
    pub id: EntryId,
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

/// What waits for the answer of an officer's organisation, the most urgent first; without what is
/// of somebody near the officer.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn waiting(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
) -> Result<Vec<Waiting>, Error> {
    list(db, ctx, keys, by, sql::LIST_WAITING_WISHES).await
}

/// What an officer's organisation granted, and stands, the newest first; without what is of
/// somebody near the officer.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn granted(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
) -> Result<Vec<Waiting>, Error> {
    list(db, ctx, keys, by, sql::LIST_GRANTED_WISHES).await
}

async fn list(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    statement: Sql,
) -> Result<Vec<Waiting>, Error> {
    let of = values![&by.organisation, LIST_MAX];
    let read = async |s: &mut ken_store::Snapshot| {
        let mut others = vec![];
        for one in s.list(statement, of, stored).await? {
            let one = one.ok_or(Error::Corrupt("wish"))?;
            if !fact::is_near(s, ctx, by.practitioner, one.waiting.person).await? {
                others.push(one);
            }
        }
        Ok::<_, Error>(others)
    };
    let mut all = vec![];
    for one in db.snapshot("sharing.wishes-waiting", read).await? {
        all.push(one.read(keys).await?);
    }
    Ok(all)
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

/// One wish that waits for this officer's organisation, or that it granted; none where it is of
/// somebody near the officer.
///
/// # Errors
///
/// Whatever the store or the key ring says.
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
    let of = values![person, id, &by.organisation];
    let found = reads.find(sql::FIND_WISH, of, stored).await?;
    let Some(found) = found else { return Ok(None) };
    let found = found.ok_or(Error::Corrupt("wish"))?;
    let is_near = fact::is_near(reads, ctx, by.practitioner, person).await?;
    Ok((!is_near).then_some(found))
}

/// Answers a wish once; false where it does not wait for this officer's organisation, or is of
/// somebody near the officer. What is granted stands; what is refused ends.
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
            &by.organisation,
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

/// Ends what this officer's organisation granted, for a reason.
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
        let Some(what) = found.map(|found| found.waiting.what) else { return Ok(Ending::Unknown) };
        let again = values![person, what.code(), id, LIST_MAX];
        let again: Vec<OrganisationId> =
            tx.list(sql::ASKED_AGAIN, again, |row| row.parse(0)).await?;
        if again.contains(&by.organisation) {
            return Ok(Ending::AskedAgain);
        }
        let of = values![person, id, &by.organisation, ctx.now_us()];
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
