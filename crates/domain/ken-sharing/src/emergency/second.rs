//! The second person: a colleague who agrees before an emergency opens a record.
//!
//! On oneself, known family or a known former partner nobody opens a record alone (`core.md` 2.8).
//! Whoever asks is never told that this is why: anybody may ask for a second person, for anybody,
//! held here or not, and what they see is the same (`core.md` 2.9). Once a colleague agrees, the
//! gate has the fact `second-person`; it still decides every disclosure.
//!
//! # Invariants
//!
//! - Nobody agrees to their own asking, nor for another organisation, nor after it has run out.
//! - Of two who decide at once, one does; of two askings that are agreed to at once, one opens.
//! - Whoever agrees is noted with the access, whether it opens by that or was open: nobody checks
//!   afterwards what they agreed to.
//! - What the colleague reads is what the asker typed, and nothing that is held.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, PersonId, PractitionerId, Sensitive};
use ken_directory::{Acting, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::{Value, json};

use super::{EMERGENCY_LAST, Open, Opening, find, goes_on, moment, open_one};
use crate::relationship::{LIST_MAX, LISTED, later};
use crate::sql::emergency as sql;
use crate::{Error, Statement, together};

/// Most people that one asking is about: those who fit what was typed. House policy.
pub const PEOPLE_MAX: usize = 32;

/// What is asked of a colleague.
#[derive(Debug)]
pub struct NewAsking {
    /// Everybody who fits what was typed; nobody, where nobody is held.
    pub people: BTreeSet<PersonId>,
    /// Who it is about, as the asker typed it.
    pub typed: Sensitive<String>,
    /// Why, in the asker's own words.
    pub reason: Sensitive<String>,
    /// The words that the asker affirmed.
    pub said: BTreeSet<Statement>,
}

/// An asking that waits, as the colleague sees it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its id.
    pub id: EntryId,
    /// Who asks.
    pub by: PractitionerId,
    /// Who it is about, as the asker typed it.
    pub typed: Sensitive<String>,
    /// Why, in the asker's own words.
    pub reason: Sensitive<String>,
    /// When.
    pub at: Timestamp,
}

/// What waits in an organisation.
#[derive(Debug, Clone)]
pub struct Waits {
    /// At most [`LIST_MAX`] of it, the oldest first. Where there is more, of each asker the newest
    /// are here: whoever asks much hides nothing of anybody else.
    pub askings: Vec<Waiting>,
    /// Whether there are more than these.
    pub is_more: bool,
}

/// One's own asking, and what became of it.
#[derive(Debug, Clone)]
pub struct Own {
    /// Who it is about, as one typed it.
    pub typed: Sensitive<String>,
    /// When.
    pub at: Timestamp,
    /// Who decided it, and whether they agreed; none while it waits.
    pub decided: Option<(PractitionerId, bool)>,
}

/// What became of an asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The colleague agreed: the access is open, for twenty-four hours.
    Agreed,
    /// The colleague declined.
    Declined,
    /// No such asking is open, the colleague is the asker, or the asker has left.
    NotOpen,
}

/// Asks for a second person; alike whether anybody of that description is held or not.
///
/// # Errors
///
/// [`Error::TooManyTogether`] over [`PEOPLE_MAX`], and whatever the store, the key ring or the
/// ledger says.
pub async fn ask(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    new: &NewAsking,
) -> Result<EntryId, Error> {
    if new.people.len() > PEOPLE_MAX {
        return Err(Error::TooManyTogether);
    }
    let id = EntryId::draw(ctx.ids);
    let key = keys.fresh().await?;
    let people: Vec<_> = new.people.iter().map(ToString::to_string).collect();
    let said: Vec<_> =
        new.said.iter().map(|said| json!([said.words.to_string(), said.text])).collect();
    // Sealed whole: how many people fit is no business of who reads the database.
    let body = json!({
        "people": people,
        "typed": new.typed.reveal(),
        "reason": new.reason.reveal(),
        "said": said,
    });
    let body = body.to_string();
    let sealed = keys.seal(&key, &bound(id), body.as_bytes()).await?;
    db.write("sharing.second-person-ask", async |tx| {
        if let Some(before) = waiting_before(tx, ctx, &body, id).await? {
            return Ok(before);
        }
        let of = values![
            id,
            &by.organisation,
            &by.role,
            by.practitioner,
            by.account,
            key.to_string(),
            sealed.as_slice(),
            ctx.now_us(),
            later(ctx, EMERGENCY_LAST)
        ];
        tx.execute(sql::INSERT_ASKING, of).await?;
        let entry = note(by, json!({ "second-person-asked": id.to_string() }));
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(id)
    })
    .await
}

/// What the same form asked before, while it waits. Once it is decided or has run out, the same
/// words ask anew: whoever asks again must not be told that somebody is being asked.
async fn waiting_before(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    body: &str,
    id: EntryId,
) -> Result<Option<EntryId>, Error> {
    let what = ["second-person", body];
    let Some(before) = sending::once(tx, ctx, &what, id).await? else { return Ok(None) };
    let of = values![before, ctx.now_us()];
    if tx.find(sql::ASKING_WAITS, of, |row| row.int(0)).await?.is_some() {
        return Ok(Some(before));
    }
    Ok(sending::anew(tx, ctx, &what, (before, id)).await?)
}

/// What waits for a second person in an organisation.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn waiting(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    organisation: &OrganisationId,
) -> Result<Waits, Error> {
    // One more than is given tells whether there are more.
    let of = values![organisation, ctx.now_us(), LIST_MAX + 1];
    let mut rows = db
        .snapshot("sharing.second-person-waiting", async |s| {
            Ok::<_, Error>(s.list(sql::LIST_ASKINGS, of, row).await?)
        })
        .await?;
    let is_more = rows.len() > LISTED;
    rows.truncate(LISTED);
    let mut askings = Vec::with_capacity(rows.len());
    for one in rows {
        let Some(body) = opened(keys, &one).await? else { continue };
        askings.push(Waiting {
            id: one.id,
            by: one.by.practitioner,
            typed: Sensitive::new(text(&body, "typed")?),
            reason: Sensitive::new(text(&body, "reason")?),
            at: moment(one.at_us)?,
        });
    }
    askings.sort_by_key(|one| (one.at, one.id));
    Ok(Waits { askings, is_more })
}

/// What a practitioner asked in the last twenty-four hours, the newest first.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn own(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, by: &Acting) -> Result<Vec<Own>, Error> {
    let of = values![&by.organisation, by.practitioner, ctx.now_us(), LIST_MAX];
    let read = |one: &Row<'_>| Ok((row(one)?, one.text_opt(8)?, one.parse_opt(9)?));
    let rows = db
        .snapshot("sharing.second-person-own", async |s| {
            Ok::<_, Error>(s.list(sql::LIST_OWN_ASKINGS, of, read).await?)
        })
        .await?;
    let mut own = vec![];
    for (one, decision, decided_by) in rows {
        // What was erased is not told of.
        let Some(body) = opened(keys, &one).await? else { continue };
        let agrees = decision.as_deref() == Some("agreed");
        let typed = Sensitive::new(text(&body, "typed")?);
        let decided = decided_by.map(|by| (by, agrees));
        own.push(Own { typed, at: moment(one.at_us)?, decided });
    }
    Ok(own)
}

/// Agrees to an asking, or declines it; nobody decides their own.
///
/// What agreeing opens is opened for the asker, with both names on the person's stream, and stands
/// at once on the guardian's list of accesses to check.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn decide(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, agrees): (EntryId, bool),
) -> Result<Decided, Error> {
    let of = values![id, &by.organisation, by.practitioner, ctx.now_us()];
    let found = db
        .snapshot("sharing.second-person", async |s| {
            Ok::<_, Error>(s.find(sql::FIND_ASKING, of, row).await?)
        })
        .await?;
    let Some(one) = found else { return Ok(Decided::NotOpen) };
    let Some(body) = opened(keys, &one).await? else { return Ok(Decided::NotOpen) };
    let (people, said) = (people(&body)?, said(&body)?);
    let reason = Sensitive::new(text(&body, "reason")?);
    let decision = if agrees { "agreed" } else { "declined" };
    let asked = moment(one.at_us)?;
    db.write("sharing.second-person-decide", async |tx| {
        // The asker may have left since they asked: nobody is said to have agreed to nothing.
        if agrees && ken_directory::account::has_left(tx, ctx, &one.by).await? {
            return Ok(Decided::NotOpen);
        }
        let of = values![id, by.practitioner, ctx.now_us(), decision];
        if tx.execute(sql::DECIDE_ASKING, of).await? == 0 {
            return Ok(Decided::NotOpen);
        }
        let detail = json!({ "second-person": decision, "asking": id.to_string() });
        ken_ledger::append(tx, ctx, keys, note(by, detail)).await?;
        if !agrees {
            return Ok(Decided::Declined);
        }
        let asked = Agreed { of: &one.by, at: asked, people, said, reason };
        open_agreed(tx, ctx, keys, by, &asked).await?;
        Ok(Decided::Agreed)
    })
    .await
}

/// An asking that is agreed to.
struct Agreed<'a> {
    of: &'a Acting,
    at: Timestamp,
    people: BTreeSet<PersonId>,
    said: BTreeSet<Statement>,
    reason: Sensitive<String>,
}

/// Opens for the asker everybody who fits, and everybody who stands together with them: what is
/// held of somebody under another number may be what saves them (ADR 67).
async fn open_agreed(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    Agreed { of, at, people, said, reason }: &Agreed<'_>,
) -> Result<(), Error> {
    // What was opened after this was asked is the same emergency.
    let is_same = |open: &Open| {
        open.has_second && open.until.duration_since(*at).unsigned_abs() >= EMERGENCY_LAST
    };
    let guard = together::lock(tx, people).await?;
    let mut everybody = BTreeSet::new();
    for person in people {
        everybody.append(&mut together::group(tx, *person).await?);
    }
    for person in everybody {
        // Of two askings that are agreed to at once, one opens: one access, one review. What was
        // reviewed already is not gone on with: nobody would read who agreed.
        if let Some(open) = find(tx, ctx, of, person).await?.filter(is_same)
            && is_to_review(tx, person, open.id).await?
            && goes_on(tx, ctx, (of, person), said, &open).await?
        {
            agree_too(tx, ctx, keys, by, (person, open.id)).await?;
            continue;
        }
        let id = EntryId::draw(ctx.ids);
        let opening = Opening { id, person, reason, said, second: Some(by) };
        open_one(tx, ctx, keys, of, &opening).await?;
    }
    Ok(guard.bump(tx).await?)
}

/// Whether nobody has reviewed an access yet.
async fn is_to_review(tx: &mut Tx, person: PersonId, access: EntryId) -> Result<bool, Error> {
    let found = tx.find(sql::FIND_UNREVIEWED, values![person, access], |row| row.text(1)).await?;
    Ok(found.is_some())
}

/// Notes who agreed to an access that was open already: they do not check it either, and the person
/// reads their name with the others once somebody has.
async fn agree_too(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (person, access): (PersonId, EntryId),
) -> Result<(), Error> {
    let of = values![person, access, by.practitioner, ctx.now_us()];
    tx.execute(sql::INSERT_AGREED, of).await?;
    let entry = NewEntry {
        stream: Stream::Person(person),
        kind: EntryKind::Affirmed,
        visibility: Visibility::AfterReview,
        detail: json!({
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
            "agreed-too": access.to_string(),
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

/// One asking as it is stored.
struct Stored {
    id: EntryId,
    by: Acting,
    key: KeyId,
    sealed: Vec<u8>,
    at_us: i64,
}

fn row(row: &Row<'_>) -> Result<Stored, ken_store::Error> {
    let by = Acting {
        organisation: row.parse(1)?,
        role: row.parse(2)?,
        practitioner: row.parse(3)?,
        account: row.parse(4)?,
    };
    let (key, sealed, at_us) = (row.parse(5)?, row.bytes(6)?, row.int(7)?);
    Ok(Stored { id: row.parse(0)?, by, key, sealed, at_us })
}

/// What was sealed; none once its key is erased.
async fn opened(keys: &KeyRing, one: &Stored) -> Result<Option<Value>, Error> {
    let Some(body) = keys.open(&one.key, &bound(one.id), &one.sealed).await? else {
        return Ok(None);
    };
    serde_json::from_slice(&body).map(Some).map_err(|_| Error::Corrupt("asking"))
}

fn bound(id: EntryId) -> Vec<u8> {
    format!("second-person/1 {id}").into_bytes()
}

fn text(body: &Value, name: &str) -> Result<String, Error> {
    let text = body.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or(Error::Corrupt("asking"))
}

fn list<'a>(body: &'a Value, name: &str) -> Result<&'a [Value], Error> {
    let list = body.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or(Error::Corrupt("asking"))
}

fn people(body: &Value) -> Result<BTreeSet<PersonId>, Error> {
    let person = |value: &Value| value.as_str()?.parse().ok();
    let people = list(body, "people")?.iter().map(person);
    people.collect::<Option<_>>().ok_or(Error::Corrupt("asking"))
}

fn said(body: &Value) -> Result<BTreeSet<Statement>, Error> {
    let said = |value: &Value| {
        let words = value.get(0)?.as_str()?.parse().ok()?;
        let text = value.get(1)?.as_str()?.to_owned();
        Some(Statement { words, text })
    };
    let all = list(body, "said")?.iter().map(said);
    all.collect::<Option<_>>().ok_or(Error::Corrupt("asking"))
}

fn note(by: &Acting, mut detail: Value) -> NewEntry {
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("practitioner".to_owned(), json!(by.practitioner.to_string()));
        fields.insert("role".to_owned(), json!(by.role.as_str()));
    }
    NewEntry {
        stream: Stream::Organisation(by.organisation.clone()),
        kind: EntryKind::Affirmed,
        visibility: Visibility::Never,
        detail,
    }
}
