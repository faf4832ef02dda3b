//! Discussions of a person between those who work with them.
//!
//! What is said in one is an item of the record ([`crate::writing`]): FHIR's `Communication`, of a
//! kind of information, of the organisation of whoever says it. So whoever a clause lets read that
//! kind for the purpose of the discussion reads it and may say something, under their own
//! organisation; nobody else does, and who works with the person no more reads it no more.
//!
//! # Invariants
//!
//! - Nothing is said without a [`Leave`] for the discussion's own purpose and kind of information.
//! - What is said is never changed; a discussion has no members but those whom a clause lets in.
//! - Where the person is at risk, or a clause it rests on keeps it from them for a time, what is
//!   said bears the mark `restricted`, by which it does not show to them by itself; and so does
//!   all that is said after it, for it answers that.
//! - What this keeps beside the record is who takes part in what, and how often they spoke.
//!
//! # Sources
//!
//! - FHIR R4 `Communication` (`partOf`, `topic`, `payload`); ADR 70 on who may write.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Category, Ctx, Label, PersonId, Purpose, ResourceId, Sensitive};
use ken_directory::{Acting, organisation, practitioner, sending};
use ken_ledger::Visibility;
use ken_sharing::bundle::Bundle;
use ken_sharing::{fact, together};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::{Value, json};

use crate::Error;
use crate::sql::discussion as sql;
use crate::writing::{self, Leave, RESTRICTED, Writing};

pub use crate::sql::discussion::ALL as STATEMENTS;

/// Longest that is said at once, in characters. House policy: a page.
pub const TEXT_LEN_MAX: usize = 3_000;
/// Longest topic, in characters. House policy.
pub const TOPIC_LEN_MAX: usize = 200;
/// Most that is said in one discussion. House policy: one that is longer is a meeting.
pub const SAID_MAX: i64 = 300;
/// Most discussions of one id of a person in which an organisation speaks within a year, for one
/// purpose. House policy: five a week.
pub const OF_PERSON_MAX: i64 = 250;
/// The year over which they are counted.
const YEAR: SignedDuration = SignedDuration::from_hours(366 * 24);
/// Most who take part in one; more than a gate lets near one person.
const PARTS_MAX: i64 = 1_000;
/// Most of one's own that a list shows, the last first. House policy.
pub const MINE_MAX: i64 = 100;
/// What a contribution is called in the record.
const CALLED: &str = "Discussion";

/// What is discussed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What is planned.
    Plan,
    /// How things are.
    Assessment,
    /// What has happened.
    Events,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plan, Self::Assessment, Self::Events];

    /// The kind of information that it is.
    #[must_use]
    pub const fn category(self) -> &'static str {
        match self {
            Self::Plan => "care-plan",
            Self::Assessment => "assessment",
            Self::Events => "chronology",
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Plan => "What is planned",
            Self::Assessment => "How things are",
            Self::Events => "What has happened",
        }
    }

    /// The kind of a kind of information.
    #[must_use]
    pub fn of(category: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.category() == category)
    }
}

/// A discussion, without what is said in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discussion {
    /// Which: the item that began it.
    pub id: ResourceId,
    /// Under which id of the person it began.
    pub person: PersonId,
    /// What for.
    pub purpose: Purpose,
    /// What is discussed.
    pub kind: Kind,
    /// How much was said in it.
    pub said: i64,
    /// Whether anything in it is kept from the person's own pages: then all that follows is.
    pub is_kept_back: bool,
}

/// Why nothing was said. Nothing is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no such discussion of this person, for this purpose.
    None,
    /// It says nothing, or too much.
    Unfit,
    /// As much was said as may be, or there are as many discussions.
    TooMany,
}

/// What somebody says, in a role that is called so.
#[derive(Debug)]
pub struct Words<'a> {
    /// The words.
    pub text: &'a Sensitive<String>,
    /// The role in which they are said, in words.
    pub as_role: &'a str,
}

/// Opens a discussion with what is said first; gives it. The same request again opens nothing.
///
/// # Errors
///
/// As [`writing::write`].
pub async fn open(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (leave, bundle): (Leave, &Bundle),
    (topic, words): (&Sensitive<String>, &Words<'_>),
) -> Result<Result<ResourceId, Refused>, Error> {
    let about = topic.reveal().trim();
    let fits = (1..=TOPIC_LEN_MAX).contains(&about.chars().count()) && words.fits();
    let Some(kind) = Kind::of(leave.category().as_str()).filter(|_| fits) else {
        return Ok(Err(Refused::Unfit));
    };
    db.write("care.discuss", async |tx| {
        let person = leave.person();
        let what = what(&leave, ("open", about), words);
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        if let Some(id) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(id));
        }
        let since = ctx.clock.now().checked_sub(YEAR).unwrap_or(Timestamp::MIN);
        let at = &leave.by().organisation;
        let of = values![person, at, leave.purpose(), since, OF_PERSON_MAX];
        let count = tx.find(sql::DISCUSSION_COUNT, of, |row| row.int(0)).await?;
        if count.unwrap_or_default() >= OF_PERSON_MAX {
            return Ok(Err(Refused::TooMany));
        }
        let (by, purpose) = (leave.by().clone(), leave.purpose().clone());
        let first = json!({ "topic": { "text": about } });
        let is_kept_back = is_kept_back(tx, ctx, (&leave, bundle)).await?;
        let id = say_it(tx, ctx, keys, (leave, is_kept_back), (words, first)).await?;
        let of = Discussion { id, person, purpose, kind, said: 0, is_kept_back };
        note(tx, ctx, &of, &by).await?;
        once(tx, ctx, (&what, id)).await?;
        Ok(Ok(id))
    })
    .await
}

/// Says something in a discussion; gives the item. The same request again says nothing.
///
/// # Errors
///
/// As [`writing::write`].
pub async fn say(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (leave, bundle): (Leave, &Bundle),
    (id, words): (ResourceId, &Words<'_>),
) -> Result<Result<ResourceId, Refused>, Error> {
    if !words.fits() {
        return Ok(Err(Refused::Unfit));
    }
    db.write("care.discuss", async |tx| {
        let what = what(&leave, ("say", &id.to_string()), words);
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        if let Some(item) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(item));
        }
        let found = find(tx, leave.person(), (id, leave.purpose())).await?;
        let is_of_it = |of: &Discussion| of.kind.category() == leave.category().as_str();
        let Some(mut of) = found.filter(is_of_it) else { return Ok(Err(Refused::None)) };
        if of.said >= SAID_MAX {
            return Ok(Err(Refused::TooMany));
        }
        let by = leave.by().clone();
        let part = json!({ "partOf": [{ "reference": format!("Communication/{id}") }] });
        // What answers something that is kept back tells of it.
        of.is_kept_back |= is_kept_back(tx, ctx, (&leave, bundle)).await?;
        let item = say_it(tx, ctx, keys, (leave, of.is_kept_back), (words, part)).await?;
        note(tx, ctx, &of, &by).await?;
        once(tx, ctx, (&what, item)).await?;
        Ok(Ok(item))
    })
    .await
}

/// A discussion of a person, under any id of theirs, for a purpose.
///
/// # Errors
///
/// [`Error::Corrupt`] where a row does not read; whatever the store says.
pub async fn find<R: Reads>(
    reads: &mut R,
    person: PersonId,
    (id, purpose): (ResourceId, &Purpose),
) -> Result<Option<Discussion>, Error> {
    let read = |row: &Row<'_>| {
        let whose = (row.parse::<PersonId>(0)?, row.parse::<Purpose>(1)?, row.text(2)?);
        Ok((whose, row.int(3)?, row.flag(4)?))
    };
    let rows = reads.list(sql::DISCUSSION_FIND, values![id, PARTS_MAX], read).await?;
    let said = rows.iter().map(|(_, said, _)| said).sum();
    let is_kept_back = rows.iter().any(|(_, _, is_kept)| *is_kept);
    let Some(((whose, of, kind), ..)) = rows.into_iter().next() else { return Ok(None) };
    let kind = Kind::of(&kind).ok_or(Error::Corrupt("discussion"))?;
    let is_theirs = together::group(reads, person).await?.contains(&whose);
    let found = Discussion { id, person: whose, purpose: of, kind, said, is_kept_back };
    Ok((is_theirs && found.purpose == *purpose).then_some(found))
}

/// The discussions in which somebody takes part, and when they last said something there, the last
/// first: of what they did themselves, and of nobody else.
///
/// # Errors
///
/// [`Error::Corrupt`] where a row does not read; whatever the store says.
pub async fn mine<R: Reads>(
    reads: &mut R,
    by: &Acting,
) -> Result<Vec<(Discussion, Timestamp)>, Error> {
    let of = values![by.practitioner, &by.organisation, MINE_MAX];
    let read = |row: &Row<'_>| {
        let (id, person, purpose) = (row.parse(0)?, row.parse(1)?, row.parse(2)?);
        let kind = Kind::of(&row.text(3)?);
        let (said, is_kept_back) = (0, false);
        let of = kind.map(|kind| Discussion { id, person, purpose, kind, said, is_kept_back });
        Ok((of, row.time(4)?))
    };
    let rows = reads.list(sql::DISCUSSION_MINE, of, read).await?;
    let one = |(of, at): (Option<Discussion>, Timestamp)| {
        of.map(|of| (of, at)).ok_or(Error::Corrupt("discussion"))
    };
    rows.into_iter().map(one).collect()
}

impl Words<'_> {
    fn fits(&self) -> bool {
        (1..=TEXT_LEN_MAX).contains(&self.text.reveal().trim().chars().count())
    }
}

/// What a request is told from another by.
fn what(leave: &Leave, (what, of): (&str, &str), words: &Words<'_>) -> [String; 6] {
    let (person, category) = (leave.person().to_string(), leave.category().to_string());
    let text = words.text.reveal().clone();
    [format!("discussion {what}"), person, category, leave.purpose().to_string(), of.into(), text]
}

/// Files what is said, with what makes it the first of a discussion or a part of one.
async fn say_it(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (leave, is_kept_back): (Leave, bool),
    (words, part): (&Words<'_>, Value),
) -> Result<ResourceId, Error> {
    let (person, now) = (leave.person(), ctx.clock.now());
    let mut labels = BTreeSet::new();
    if is_kept_back {
        labels.insert(Label::new(RESTRICTED).map_err(|_| Error::Corrupt("word"))?);
    }
    let mut resource = json!({
        "resourceType": "Communication",
        "status": "completed",
        "category": [{ "text": CALLED }],
        "subject": { "reference": format!("Patient/{person}") },
        "sent": now.to_string(),
        "sender": { "display": author(tx, &leave, words.as_role).await? },
        "payload": [{ "contentString": words.text.reveal().trim() }],
    });
    if let (Some(fields), Value::Object(part)) = (resource.as_object_mut(), part) {
        fields.extend(part);
    }
    // Which discussion it is of stands in the sealed body alone (ADR 66).
    let item_key = format!("discussion/{}", ResourceId::draw(ctx.ids));
    let first = Writing { item_key: &item_key, resource, labels, event: now };
    Ok(writing::write(tx, ctx, keys, leave, (first, None)).await?.item)
}

/// Whether what is said is kept from the person's own pages: somebody may be harmed by it, or a
/// clause that it rests on lets them see it later alone.
async fn is_kept_back(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (leave, bundle): (&Leave, &Bundle),
) -> Result<bool, Error> {
    let at_risk = fact::shown_at(tx, ctx, leave.person()).await? != Visibility::Now;
    Ok(at_risk || !leave.shows_at_once(bundle))
}

/// Who says it: name, role and organisation.
async fn author(tx: &mut Tx, leave: &Leave, as_role: &str) -> Result<String, Error> {
    let by = leave.by();
    let who = practitioner::find(tx, by.practitioner).await?;
    let who = who.ok_or(Error::Corrupt("practitioner"))?.name;
    let at = organisation::find(tx, &by.organisation).await?;
    let at = at.ok_or(Error::Corrupt("organisation"))?.name;
    Ok(format!("{who}, {as_role}, {at}"))
}

/// Notes who takes part.
async fn note(tx: &mut Tx, ctx: &Ctx<'_>, of: &Discussion, by: &Acting) -> Result<(), Error> {
    let of = values![
        of.id,
        by.practitioner,
        &by.organisation,
        of.person,
        &of.purpose,
        of.kind.category(),
        ctx.now_us(),
        of.is_kept_back
    ];
    tx.execute(sql::DISCUSSION_SAID, of).await?;
    Ok(())
}

/// Notes what a request made; where another did the same in the same moment nothing is kept.
async fn once(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (what, made): (&[&str], ResourceId),
) -> Result<(), Error> {
    if sending::once(tx, ctx, what, made).await?.is_some() {
        return Err(ken_sharing::Error::Contended.into());
    }
    Ok(())
}

/// The kinds of information that discussions are of.
///
/// # Errors
///
/// None: the words fit.
pub fn categories() -> Result<BTreeSet<Category>, Error> {
    let words = Kind::ALL.map(|kind| Category::new(kind.category()));
    words.into_iter().map(|word| word.map_err(|_| Error::Corrupt("word"))).collect()
}

/// One thing that was said, as the record shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The item.
    pub item: ResourceId,
    /// In which discussion.
    pub discussion: ResourceId,
    /// What it is about, where this began it.
    pub topic: Option<String>,
    /// Who said it.
    pub by: String,
    /// What.
    pub text: String,
}

/// Reads what a resource of the record says in a discussion; none where it is no such.
#[must_use]
pub fn said(resource: &Value) -> Option<Said> {
    let text = |pointer: &str| resource.pointer(pointer).and_then(Value::as_str);
    if text("/resourceType")? != "Communication" || text("/category/0/text")? != CALLED {
        return None;
    }
    let item: ResourceId = text("/id")?.parse().ok()?;
    let part = text("/partOf/0/reference").and_then(|one| one.strip_prefix("Communication/"));
    let discussion = match part {
        Some(id) => id.parse().ok()?,
        None => item,
    };
    Some(Said {
        item,
        discussion,
        topic: text("/topic/text").map(str::to_owned),
        by: text("/sender/display").unwrap_or_default().to_owned(),
        text: text("/payload/0/contentString").unwrap_or_default().to_owned(),
    })
}
