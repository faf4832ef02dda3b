//! What a person asks to be put right: the organisation whose entry it is answers with a reason, by
//! a day that the law names.
//!
//! Who answers sees what the person sends: the entry as the person saw it, by its title and day,
//! and their words. What is held is theirs to look up in their own system, where it is put right;
//! their next message brings it here.
//!
//! # Invariants
//!
//! - It is asked of an entry that the person has just seen in their own record, and of no other.
//! - A list shows that something waits, and opens none of it; who opens one is on the ledger.
//! - It waits with somebody who may answer it, and with nobody near the person ([`Desk`]).
//! - It is answered once, with a reason, which the person reads; a missed answer stands on the
//!   ledger of the organisation that was asked, and it stays in the list.
//!
//! Sources: UK GDPR arts. 12(3), 12(4) and 16; `domain.md` 22; ADR 75.

pub mod clock;

use jiff::{SignedDuration, Timestamp};
use ken_core::{AccountId, Ctx, OrganisationId, PersonId, ResourceId, Sensitive};
use ken_directory::{Acting, sending};
use ken_ledger::{EntryKind, NewEntry, Stream};
use ken_records::Seen;
use ken_sharing::{Desk, fact, together};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Snapshot, Tx, timer, values};
use serde_json::{Value, json};

use crate::Error;
use crate::often::is_too_much;
use crate::sql::correction as sql;
use crate::words::{HELPER_LEN_MAX, Refused, TEXT_LEN_MAX};

pub use crate::sql::correction::ALL as STATEMENTS;

/// Within which time it is answered: a month at the latest; February has four weeks.
pub const ANSWER_WITHIN: SignedDuration = SignedDuration::from_hours(28 * 24);
/// Most that one person asks in a day, and at all. House policy.
pub const DAY_MAX: i64 = 20;
/// See [`DAY_MAX`].
pub const ALL_MAX: i64 = 200;
/// Most that a list looks at of one organisation. House policy: what is due first comes first.
const LOOKED_AT_MAX: i64 = 2_000;
/// Most that a list gives. House policy: more are a desk that nobody sits at.
const LIST_MAX: usize = 100;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is put right.
    Corrected,
    /// Some of it is.
    Partly,
    /// It stays as it is.
    Refused,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Corrected, Self::Partly, Self::Refused];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Corrected => "corrected",
            Self::Partly => "partly",
            Self::Refused => "refused",
        }
    }

    /// The outcome of that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }
}

/// Something to put right.
#[derive(Debug)]
pub struct NewCorrection<'a> {
    /// Whose record it is: the person of the account.
    pub person: PersonId,
    /// Under which sign-in.
    pub account: AccountId,
    /// The person, as whoever answers finds them: name and date of birth.
    pub name: &'a Sensitive<String>,
    /// The entry, as the person saw it: title and day.
    pub about: &'a Sensitive<String>,
    /// What is wrong, and how it should be.
    pub text: &'a Sensitive<String>,
    /// Who writes for the person; nobody where it is empty.
    pub helper: &'a Sensitive<String>,
}

/// What was asked, and what became of it.
#[derive(Debug, Clone)]
pub struct Correction {
    /// Under which id of the person.
    pub person: PersonId,
    /// Which.
    pub id: ResourceId,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// When.
    pub asked: Timestamp,
    /// By when it is to be answered.
    pub due: Timestamp,
    /// What became of it, once it is answered.
    pub outcome: Option<Outcome>,
    /// What the person sent; nothing once its key is erased.
    pub sent: Option<Sent>,
    /// Why, in the words of whoever answered.
    pub answer: Option<Sensitive<String>>,
}

/// That something waits for an answer; not what.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Under which id of the person; opaque, and not shown.
    pub person: PersonId,
    /// Which.
    pub id: ResourceId,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// When it was asked.
    pub asked: Timestamp,
    /// By when it is to be answered.
    pub due: Timestamp,
}

/// What the person sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Who they are.
    pub name: Sensitive<String>,
    /// Of which entry.
    pub about: Sensitive<String>,
    /// What is wrong.
    pub text: Sensitive<String>,
    /// Who wrote it for them.
    pub helper: Option<Sensitive<String>>,
}

/// Asks the organisation whose entry it is to put it right.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn ask(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    seen: &Seen,
    new: &NewCorrection<'_>,
) -> Result<Result<ResourceId, Refused>, Error> {
    let (text, helper) = (new.text.reveal().trim(), new.helper.reveal().trim());
    if text.is_empty() {
        return Ok(Err(Refused::Empty));
    }
    if text.chars().count() > TEXT_LEN_MAX || helper.chars().count() > HELPER_LEN_MAX {
        return Ok(Err(Refused::TooLong));
    }
    let id = ResourceId::draw(ctx.ids);
    db.write("care.correction", async |tx| {
        // Who asks something waits here for whoever files something about them.
        let key = ken_records::key_of(tx, keys, new.person).await?;
        if !seen.is_own() || !together::group(tx, new.person).await?.contains(&seen.person()) {
            return Ok(Err(Refused::NotTheirs));
        }
        let (person, item) = (new.person.to_string(), seen.item().to_string());
        let what = [person.as_str(), item.as_str(), "correct", text];
        if let Some(before) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(before));
        }
        let most = (DAY_MAX, ALL_MAX);
        if is_too_much(tx, ctx, new.person, sql::CORRECTION_COUNT, most).await? {
            return Ok(Err(Refused::TooMany));
        }
        if let Some(before) = sending::once(tx, ctx, &what, id).await? {
            return Ok(Ok(before));
        }
        let body = json!({
            "name": new.name.reveal(), "about": new.about.reveal(), "text": text, "helper": helper,
        });
        let bound = bound("asked", new.person, id);
        let sealed = keys.seal(&key, &bound, body.to_string().as_bytes()).await?;
        keep(tx, ctx, (seen, new, id), (&key, &sealed)).await?;
        let detail = json!({
            "correction": id.to_string(),
            "item": item,
            "version": seen.version(),
            "source": seen.source().as_str(),
            "account": new.account.to_string(),
        });
        enter(tx, ctx, keys, new.person, detail).await?;
        Ok(Ok(id))
    })
    .await
}

/// Keeps it, with the clock on its answer.
async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (seen, new, id): (&Seen, &NewCorrection<'_>, ResourceId),
    (key, sealed): (&KeyId, &[u8]),
) -> Result<(), Error> {
    let now = ctx.clock.now();
    let due = now.saturating_add(ANSWER_WITHIN).map_err(|_| Error::Corrupt("clock"))?;
    let of = values![
        new.person,
        id,
        seen.item(),
        seen.version(),
        seen.source(),
        key.to_string(),
        sealed,
        now,
        due
    ];
    tx.execute(sql::CORRECTION_INSERT, of).await?;
    let person = new.person.to_string();
    timer::set(tx, clock::TIMER, &id.to_string(), due, &person).await?;
    Ok(())
}

async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    detail: Value,
) -> Result<(), Error> {
    let visibility = fact::shown_at(tx, ctx, person).await?;
    let stream = Stream::Person(person);
    let entry = NewEntry { stream, kind: EntryKind::Filed, visibility, detail };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

/// What a person asked to be put right, for themselves, the newest first: under the id that their
/// account is of, and under no other.
///
/// # Errors
///
/// [`Error::Corrupt`] where something does not read; whatever the store or the key ring says.
pub async fn of_person(
    db: &Db,
    keys: &KeyRing,
    person: PersonId,
) -> Result<Vec<Correction>, Error> {
    let read = async |s: &mut Snapshot| {
        let found = s.list(sql::CORRECTION_LIST, values![person, ALL_MAX], stored).await?;
        Ok::<_, Error>(found)
    };
    let mut all = vec![];
    for one in db.snapshot("care.corrections-own", read).await? {
        all.push(one?.read(keys).await?);
    }
    all.sort_by_key(|one| std::cmp::Reverse((one.asked, one.id)));
    Ok(all)
}

/// What waits for the answer of a reader, what is due first.
///
/// # Errors
///
/// As [`of_person`]; what the directory says.
pub async fn waiting(db: &Db, ctx: &Ctx<'_>, by: &Acting) -> Result<Vec<Waiting>, Error> {
    let read = async |s: &mut Snapshot| {
        let mut desk = Desk::of(s, by).await?;
        let mut all = vec![];
        for organisation in desk.organisations() {
            let of = values![&organisation, LOOKED_AT_MAX];
            all.extend(s.list(sql::CORRECTION_WAITS, of, waits).await?);
        }
        all.sort_by_key(|one: &Waiting| (one.due, one.id));
        let mut found = vec![];
        for one in all {
            if desk.has(s, ctx, (one.person, &one.organisation)).await? {
                found.push(one);
            }
            if found.len() >= LIST_MAX {
                break;
            }
        }
        Ok::<_, Error>(found)
    };
    db.snapshot("care.corrections", read).await
}

fn waits(row: &Row<'_>) -> ken_store::Result<Waiting> {
    Ok(Waiting {
        person: row.parse(0)?,
        id: row.parse(1)?,
        organisation: row.parse(2)?,
        asked: row.time(3)?,
        due: row.time(4)?,
    })
}

/// Opens one that waits for this reader; that they did stands on the person's stream.
///
/// # Errors
///
/// As [`of_person`]; what the directory or the ledger says.
pub async fn find(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    which: (PersonId, ResourceId),
) -> Result<Option<Correction>, Error> {
    let opened = db.write("care.correction-open", async |tx| {
        let Some(found) = found(tx, ctx, by, which).await? else { return Ok::<_, Error>(None) };
        let detail = json!({
            "correction": which.1.to_string(),
            "opened": true,
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
        });
        enter(tx, ctx, keys, which.0, detail).await?;
        Ok(Some(found))
    });
    match opened.await? {
        Some(found) => Ok(Some(found.read(keys).await?)),
        None => Ok(None),
    }
}

async fn found<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    (person, id): (PersonId, ResourceId),
) -> Result<Option<Stored>, Error> {
    let found = reads.find(sql::CORRECTION_FIND, values![person, id], stored).await?;
    let Some(found) = found.transpose()? else { return Ok(None) };
    let mut desk = Desk::of(reads, by).await?;
    let has = desk.has(reads, ctx, (person, &found.correction.organisation)).await?;
    Ok((has && found.correction.outcome.is_none()).then_some(found))
}

/// Answers one that waits for this reader, once; false where there is no such. The same form again
/// is answered as before.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn answer(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    which: (PersonId, ResourceId),
    (outcome, reason): (Outcome, &Sensitive<String>),
) -> Result<bool, Error> {
    db.write("care.correction-answer", async |tx| {
        let (person, id) = which;
        let (of, one) = (person.to_string(), id.to_string());
        let what = [of.as_str(), one.as_str(), outcome.code(), reason.reveal().as_str()];
        if sending::before::<ResourceId>(tx, ctx, &what).await?.is_some() {
            return Ok(true);
        }
        let Some(found) = found(tx, ctx, by, which).await? else {
            // The same form may have been answered since it was looked for above.
            return Ok(sending::before::<ResourceId>(tx, ctx, &what).await?.is_some());
        };
        let sealed =
            keys.seal(&found.key, &bound("answer", person, id), reason.reveal().as_bytes()).await?;
        let of = values![
            person,
            id,
            outcome.code(),
            sealed.as_slice(),
            ctx.clock.now(),
            by.practitioner
        ];
        if tx.execute(sql::CORRECTION_ANSWER, of).await? == 0 {
            // The same form may have been sent twice in one moment.
            return Ok(sending::before::<ResourceId>(tx, ctx, &what).await?.is_some());
        }
        sending::once(tx, ctx, &what, id).await?;
        timer::cancel(tx, clock::TIMER, &id.to_string()).await?;
        let detail = json!({
            "correction": id.to_string(),
            "answered": outcome.code(),
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
        });
        enter(tx, ctx, keys, person, detail).await?;
        Ok(true)
    })
    .await
}

/// A row, with what is sealed in it.
struct Stored {
    correction: Correction,
    key: KeyId,
    asked: Vec<u8>,
    answer: Option<Vec<u8>>,
}

fn stored(row: &Row<'_>) -> ken_store::Result<Result<Stored, Error>> {
    let outcome = row.text_opt(9)?;
    let known = outcome.as_deref().map(Outcome::of_code);
    let Some(outcome) = known.map_or(Some(None), |known| known.map(Some)) else {
        return Ok(Err(Error::Corrupt("correction")));
    };
    let correction = Correction {
        person: row.parse(0)?,
        id: row.parse(1)?,
        organisation: row.parse(4)?,
        asked: row.time(7)?,
        due: row.time(8)?,
        outcome,
        sent: None,
        answer: None,
    };
    let (key, asked, answer) = (row.parse(5)?, row.bytes(6)?, row.bytes_opt(10)?);
    Ok(Ok(Stored { correction, key, asked, answer }))
}

impl Stored {
    async fn read(self, keys: &KeyRing) -> Result<Correction, Error> {
        let (person, id) = (self.correction.person, self.correction.id);
        let corrupt = || Error::Corrupt("correction");
        let asked = keys.open(&self.key, &bound("asked", person, id), &self.asked).await?;
        let sent = match asked {
            Some(bytes) => {
                let body: Value = serde_json::from_slice(&bytes).map_err(|_| corrupt())?;
                Some(sent(&body).ok_or_else(corrupt)?)
            }
            None => None,
        };
        let answer = match &self.answer {
            Some(sealed) => keys.open(&self.key, &bound("answer", person, id), sealed).await?,
            None => None,
        };
        let answer = answer.map(String::from_utf8).transpose().map_err(|_| corrupt())?;
        Ok(Correction { sent, answer: answer.map(Sensitive::new), ..self.correction })
    }
}

fn sent(body: &Value) -> Option<Sent> {
    let text = |name: &str| Some(Sensitive::new(body.get(name)?.as_str()?.to_owned()));
    let helper = text("helper").filter(|helper| !helper.reveal().is_empty());
    Some(Sent { name: text("name")?, about: text("about")?, text: text("text")?, helper })
}

/// What something sealed belongs to.
fn bound(what: &str, person: PersonId, id: ResourceId) -> Vec<u8> {
    format!("care-correction-{what}/1 {person} {id}").into_bytes()
}
