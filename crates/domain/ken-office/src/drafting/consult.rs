//! Consultations: a draft is put before the public, views are collected, and a reply is published.
//!
//! # Invariants
//!
//! - What the public reads is the revision that was put before it, whatever becomes of the draft.
//! - A view is sealed with a key of its own, and nobody outside reads it before an officer of the
//!   lead party released it; what is set aside is deleted.
//! - Views are bounded: so many for a consultation, so many in an hour, so long, until its last
//!   day; who sent one is not asked and not kept.
//!
//! # Sources
//!
//! - The Gunning principles of fair consultation; UK GDPR art. 35(9) (views of those concerned).

use jiff::Timestamp;
use jiff::civil::Date;
use ken_agreement::Instrument;
use ken_core::{Ctx, EntryId, OrganisationId, Sensitive};
use ken_directory::{Acting, sending};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Snapshot, Tx, values};
use serde_json::json;

use super::{Outcome, Refusal, State, enter, find, fit, refused};
use crate::{Error, sql};

/// Most consultations that a page lists. House policy.
const CONSULTATIONS_MAX: i64 = 500;
/// Most views of one consultation. House policy: more are summarised elsewhere.
pub const VIEWS_MAX: i64 = 2_000;
/// Most views of one consultation in an hour. House policy: a town hall, not a machine.
pub const HOURLY_MAX: i64 = 60;
/// An hour, in microseconds.
const HOUR_US: i64 = 3_600_000_000;
/// What a view is sealed with, before the consultation and its own id.
const BINDING: &str = "ken-office/view/1";

/// A consultation, as anybody may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consultation {
    /// Its id.
    pub id: EntryId,
    /// The draft.
    pub draft: EntryId,
    /// The lead party, which consults.
    pub by: OrganisationId,
    /// The draft's title when it was put before the public.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// The last day on which views are taken.
    pub closes: Date,
    /// When it was opened.
    pub at: Timestamp,
    /// The reply, once it is published.
    pub reply: Option<String>,
    /// Which revision of the draft was put before the public.
    pub revision: i64,
}

impl Consultation {
    /// Whether views are taken on a day.
    #[must_use]
    pub fn is_open(&self, today: Date) -> bool {
        self.reply.is_none() && today <= self.closes
    }
}

/// Where a view stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Nobody has looked at it yet.
    Waiting,
    /// Anybody may read it.
    Released,
    /// It was set aside, and can be read no more.
    SetAside,
}

impl Held {
    fn of(word: &str) -> Self {
        match word {
            "released" => Self::Released,
            "set-aside" => Self::SetAside,
            _ => Self::Waiting,
        }
    }
}

/// A view.
#[derive(Debug, Clone)]
pub struct View {
    /// Its id.
    pub id: EntryId,
    /// What was said; none once its key is gone.
    pub words: Option<Sensitive<String>>,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub held: Held,
}

/// Puts the draft as it stands before the public, for the lead party, until a last day.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn consult(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, question, closes): (EntryId, &str, Date),
) -> Outcome<EntryId> {
    let Some(question) = fit(question) else { return Ok(Err(Refusal::NoWords)) };
    if closes < ctx.clock.today() {
        return Ok(Err(Refusal::Closed));
    }
    let one = EntryId::draw(ctx.ids);
    db.write("office.consult", async |tx| {
        let Some(draft) = find(tx, id).await? else { return Ok(Err(Refusal::Unknown)) };
        if let Err(refusal) = draft.for_lead(&by.organisation) {
            return refused(tx, ctx, keys, by, (id, refusal)).await;
        }
        if draft.state != State::Open {
            return Ok(Err(Refusal::Closed));
        }
        let (title, last) = (draft.of.agreement.title.as_str(), closes.to_string());
        let row = values![
            one,
            id,
            draft.revision,
            title,
            question,
            last.as_str(),
            &by.organisation,
            by.practitioner,
            ctx.now_us()
        ];
        tx.execute(sql::INSERT_CONSULTATION, row).await?;
        enter(tx, ctx, keys, by, (id, json!({ "consulted": one.to_string() }))).await?;
        Ok(Ok(one))
    })
    .await
}

/// Takes a view of somebody who is not asked who they are.
///
/// # Errors
///
/// Whatever the store or the key store says.
pub async fn say(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (consultation, words): (EntryId, &Sensitive<String>),
) -> Outcome<()> {
    let Some(words) = fit(words.reveal()) else { return Ok(Err(Refusal::NoWords)) };
    // Before a key is drawn: whoever says something for ever leaves nothing behind.
    let before = async |s: &mut Snapshot| may_say(s, ctx, consultation).await;
    if let Some(refusal) = db.snapshot("office.say-before", before).await? {
        return Ok(Err(refusal));
    }
    let (one, key) = (EntryId::draw(ctx.ids), keys.fresh().await?);
    let sealed = keys.seal(&key, &binding(consultation, one), words.as_bytes()).await?;
    db.write("office.say", async |tx| {
        if let Some(refusal) = may_say(tx, ctx, consultation).await? {
            return Ok(Err(refusal));
        }
        let of = consultation.to_string();
        if sending::once(tx, ctx, &["view", &of, words], one).await?.is_some() {
            return Ok(Ok(()));
        }
        let key = key.to_string();
        let row = values![consultation, one, key.as_str(), sealed.as_slice(), ctx.now_us()];
        tx.execute(sql::INSERT_VIEW, row).await?;
        Ok(Ok(()))
    })
    .await
}

/// Why no view is taken; none where one is.
async fn may_say<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    consultation: EntryId,
) -> Result<Option<Refusal>, Error> {
    let Some(found) = one_of(reads, consultation).await? else {
        return Ok(Some(Refusal::Unknown));
    };
    if !found.is_open(ctx.clock.today()) {
        return Ok(Some(Refusal::Closed));
    }
    let since = ctx.now_us().saturating_sub(HOUR_US);
    let counts = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?));
    let found = reads.find(sql::COUNT_VIEWS, values![consultation, since], counts).await?;
    let (all, late) = found.unwrap_or_default();
    Ok((all >= VIEWS_MAX || late >= HOURLY_MAX).then_some(Refusal::TooMany))
}

/// Releases a view or sets it aside, once, for the lead party.
///
/// # Errors
///
/// Whatever the store, the key store or the ledger says.
pub async fn judge(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (consultation, one, release): (EntryId, EntryId, bool),
) -> Outcome<()> {
    db.write("office.judge-view", async |tx| {
        let found = match for_lead(tx, ctx, keys, by, consultation).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let word = if release { "released" } else { "set-aside" };
        let row = values![consultation, one, word, by.practitioner, ctx.now_us()];
        if tx.execute(sql::JUDGE_VIEW, row).await? == 0 {
            return Ok(Err(Refusal::Closed));
        }
        enter(tx, ctx, keys, by, (found.draft, json!({ "view": one.to_string(), word: true })))
            .await?;
        Ok(Ok(()))
    })
    .await
}

/// Publishes the reply, once, for the lead party; no more views are taken.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn reply(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (consultation, words): (EntryId, &str),
) -> Outcome<()> {
    let Some(words) = fit(words) else { return Ok(Err(Refusal::NoWords)) };
    db.write("office.reply", async |tx| {
        let found = match for_lead(tx, ctx, keys, by, consultation).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if tx.execute(sql::REPLY, values![consultation, words, ctx.now_us()]).await? == 0 {
            return Ok(Err(Refusal::Closed));
        }
        let detail = json!({ "replied": consultation.to_string() });
        enter(tx, ctx, keys, by, (found.draft, detail)).await?;
        Ok(Ok(()))
    })
    .await
}

/// The consultation, for the party that opened it.
async fn for_lead(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    consultation: EntryId,
) -> Outcome<Consultation> {
    let Some(found) = one_of(tx, consultation).await? else { return Ok(Err(Refusal::Unknown)) };
    if found.by == by.organisation {
        return Ok(Ok(found));
    }
    refused(tx, ctx, keys, by, (found.draft, Refusal::NotLead)).await
}

/// A consultation.
///
/// # Errors
///
/// Whatever the store says.
pub async fn one_of<R: Reads>(reads: &mut R, id: EntryId) -> Result<Option<Consultation>, Error> {
    Ok(reads.find(sql::FIND_CONSULTATION, values![id], read).await?)
}

/// Every consultation, the newest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn all<R: Reads>(reads: &mut R) -> Result<Vec<Consultation>, Error> {
    Ok(reads.list(sql::LIST_CONSULTATIONS, values![CONSULTATIONS_MAX], read).await?)
}

/// The text that was put before the public.
///
/// # Errors
///
/// [`Error::Corrupt`] when what is stored no longer reads, or whatever the store says.
pub async fn text_of<R: Reads>(
    reads: &mut R,
    of: &Consultation,
) -> Result<Option<Instrument>, Error> {
    super::revision(reads, (of.draft, of.revision)).await
}

/// The views of a consultation, oldest first: those that were released, or all for its officers.
///
/// # Errors
///
/// Whatever the store or the key store says.
pub async fn views<R: Reads>(
    reads: &mut R,
    keys: &KeyRing,
    (consultation, everything): (EntryId, bool),
) -> Result<Vec<View>, Error> {
    let row = |row: &Row<'_>| {
        let (id, key): (EntryId, Option<KeyId>) = (row.parse(0)?, row.parse_opt(1)?);
        Ok((id, key, row.bytes_opt(2)?, row.time(3)?, row.text(4)?))
    };
    let rows = reads.list(sql::LIST_VIEWS, values![consultation, VIEWS_MAX], row).await?;
    let mut views = vec![];
    for (id, key, sealed, at, word) in rows {
        let held = Held::of(&word);
        if !everything && held != Held::Released {
            continue;
        }
        let words = match (key, sealed) {
            (Some(key), Some(sealed)) => {
                keys.open(&key, &binding(consultation, id), &sealed).await?
            }
            _ => None,
        };
        let words = words.and_then(|words| String::from_utf8(words).ok()).map(Sensitive::new);
        views.push(View { id, words, at, held });
    }
    Ok(views)
}

fn read(row: &Row<'_>) -> Result<Consultation, ken_store::Error> {
    let (id, draft, revision) = (row.parse(0)?, row.parse(1)?, row.int(2)?);
    let (title, question, closes) = (row.text(3)?, row.text(4)?, row.parse(5)?);
    let (by, at, reply) = (row.parse(6)?, row.time(7)?, row.text_opt(8)?);
    Ok(Consultation { id, draft, by, title, question, closes, at, reply, revision })
}

fn binding(consultation: EntryId, one: EntryId) -> Vec<u8> {
    format!("{BINDING}\n{consultation}\n{one}").into_bytes()
}
