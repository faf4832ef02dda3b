//! What was shown of somebody else: two people's records stood together in error, and what went out
//! of the one as if it were the other's is asked back.
//!
//! # Invariants
//!
//! - It is owed from the transaction that parts the two on, by a timer, and done once.
//! - What was shown is read from the ledger, as far as anything of it is held or was; what a body
//!   had of its own is not asked back from it.
//! - Where a body had to do with one of the two alone, what it saw of the other is asked back;
//!   where that does not tell, what it saw of both is.
//! - Both people's ledgers say what was asked back from whom, and what became of it; they see it
//!   when a reviewer releases it, as they do a link.
//!
//! # Sources
//!
//! - UK GDPR arts. 5(1)(d), 16, 17(2) and 19 (who received what was wrong is told); house policy
//!   for the days.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use ken_agreement::status::PERSON;
use ken_core::{Category, Ctx, OrganisationId, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, PAGE_MAX, Page, Stream, Visibility, person_stream};
use ken_person::{LinkId, Parted};
use ken_sharing::bundle::Bundle;
use ken_sharing::gate::{Given, given};
use ken_sharing::{class, relationship};
use ken_store::keys::KeyRing;
use ken_store::timer::Lease;
use ken_store::{Db, Reads, Row, Snapshot, Tx, values};
use serde_json::{Value, json};

pub use crate::exit::Answer;
pub use crate::sql::wrong_person::ALL as STATEMENTS;

use crate::Error;
use crate::exit::REASON_MAX;
use crate::sql::wrong_person as sql;

/// How long a body has to answer, in days. House policy.
const ANSWER_DAYS: i64 = 10;
/// Most that one body's list shows. House policy.
const ASKED_MAX: i64 = 200;
/// Most pages of one id's stream that are read; of a longer one the newest, and the list says so.
/// House policy: two hundred thousand entries.
const PAGES_MAX: usize = 1_000;
/// How far entries may stand from the order of time.
const DISORDER: SignedDuration = SignedDuration::from_hours(2);

/// Kinds of information, each from whose records.
type Kinds = BTreeSet<(OrganisationId, Category)>;

/// What one body was shown of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    /// Of which kinds, from whose records.
    kinds: Kinds,
    /// Who looked.
    by: BTreeSet<PractitionerId>,
    times: i64,
    first: Timestamp,
    last: Timestamp,
}

/// What was shown of one side, by whom it was shown to.
#[derive(Debug, Default)]
struct Shown {
    to: BTreeMap<OrganisationId, Seen>,
    /// Whether all of the ledger was read and opened.
    is_whole: bool,
}

impl Shown {
    fn take(&mut self, given: Given, at: Timestamp, source: Option<&OrganisationId>) {
        let wanted = |of: &OrganisationId| *of != given.to && source.is_none_or(|one| one == of);
        let parts = given.parts.into_iter().filter(|part| wanted(&part.source));
        let kinds: BTreeSet<_> = parts.map(|part| (part.source, part.category)).collect();
        if kinds.is_empty() {
            return;
        }
        let new =
            Seen { kinds: BTreeSet::new(), by: BTreeSet::new(), times: 0, first: at, last: at };
        let seen = self.to.entry(given.to).or_insert(new);
        seen.kinds.extend(kinds);
        seen.by.extend(given.by);
        seen.times += 1;
        seen.first = seen.first.min(at);
        seen.last = seen.last.max(at);
    }
}

impl Shown {
    /// Keeps what is held, or was: a permit covers more than there is.
    fn keep(&mut self, held: &Kinds) {
        for seen in self.to.values_mut() {
            seen.kinds.retain(|kind| held.contains(kind));
        }
        self.to.retain(|_, seen| !seen.kinds.is_empty());
    }
}

/// Asks back what was shown of the wrong person, as a timer says that it is owed.
///
/// # Errors
///
/// Whatever the store, the index or the ledger says.
pub(crate) async fn ask_back(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    lease: &Lease,
) -> Result<(), Error> {
    let parted = Parted::read(&lease.key, &lease.detail)?;
    // Fields are not told, so no clause needs to be here.
    let under = Bundle::compile([])?;
    let mut shown = vec![];
    for side in &parted.sides {
        shown.push(read(db, keys, &under, side, &parted).await?);
    }
    let held = async |s: &mut Snapshot| {
        let held = held(s, &parted, &shown).await?;
        Ok::<_, Error>((held, knows(s, ctx, &parted, &shown).await?))
    };
    let (held, knows) = db.snapshot("office.wrong-person-held", held).await?;
    for (shown, held) in shown.iter_mut().zip(&held) {
        shown.keep(held);
    }
    let wrong = wrong(&parted, &shown, &knows);
    db.write("office.wrong-person", async |tx| {
        for (side, holder, seen, is_whole) in &wrong {
            ask(tx, ctx, keys, &parted, (*side, holder, seen, *is_whole)).await?;
        }
        lease.done(tx).await?;
        Ok(())
    })
    .await
}

/// What was shown of one side while the two were one.
async fn read(
    db: &Db,
    keys: &KeyRing,
    under: &Bundle,
    side: &BTreeSet<PersonId>,
    of: &Parted,
) -> Result<Shown, Error> {
    let mut shown = Shown { is_whole: true, ..Shown::default() };
    let begin = of.from.saturating_sub(DISORDER).unwrap_or(Timestamp::MIN);
    for person in side {
        let mut page = Page { before: None, limit: PAGE_MAX };
        let mut is_read = false;
        for _ in 0..PAGES_MAX {
            let read = async |s: &mut Snapshot| person_stream(s, keys, *person, page).await;
            let entries = db.snapshot("office.wrong-person-read", read).await?;
            page.before = entries.last().map(|entry| entry.id);
            is_read = entries.len() < usize::try_from(PAGE_MAX).unwrap_or(usize::MAX)
                || entries.last().is_some_and(|entry| entry.at < begin);
            for entry in entries {
                let is_then = entry.at >= of.from && entry.at < of.until;
                if entry.kind != EntryKind::Permit || !is_then {
                    continue;
                }
                match entry
                    .detail
                    .as_ref()
                    .and_then(|detail| given(detail, under, &|_, _, _, _| true))
                {
                    Some(given) => shown.take(given, entry.at, of.source.as_ref()),
                    None => shown.is_whole = false,
                }
            }
            if is_read {
                break;
            }
        }
        shown.is_whole &= is_read;
    }
    Ok(shown)
}

/// What is held of each side, or was, of what was covered.
async fn held(s: &mut Snapshot, of: &Parted, shown: &[Shown]) -> Result<Vec<Kinds>, Error> {
    let mut all = vec![];
    for (side, shown) in of.sides.iter().zip(shown) {
        let covered = || shown.to.values().flat_map(|seen| &seen.kinds);
        let sources: BTreeSet<_> = covered().map(|(source, _)| source).collect();
        let mut held = Kinds::new();
        for person in side {
            for source in &sources {
                let kinds = class::categories_of(s, *person, source).await?;
                held.extend(kinds.into_iter().map(|kind| ((*source).clone(), kind)));
            }
        }
        all.push(held);
    }
    Ok(all)
}

/// Which bodies have to do with which side: by what they said of them, or a relationship.
async fn knows(
    s: &mut Snapshot,
    ctx: &Ctx<'_>,
    of: &Parted,
    shown: &[Shown],
) -> Result<Vec<BTreeSet<OrganisationId>>, Error> {
    let to: BTreeSet<_> = shown.iter().flat_map(|shown| shown.to.keys()).collect();
    let mut all = vec![];
    for side in &of.sides {
        let mut known = BTreeSet::new();
        for person in side {
            let related = relationship::of_person(s, ctx, *person).await?;
            known.extend(related.into_iter().map(|one| one.organisation));
            for body in &to {
                if ken_person::is_known_to(s, *person, body).await? {
                    known.insert((*body).clone());
                }
            }
        }
        all.push(known);
    }
    Ok(all)
}

/// A side, who was shown something of it in error, what, and whether that is all.
type Wrong = (usize, OrganisationId, Seen, bool);

/// What was shown of whom in error.
fn wrong(of: &Parted, shown: &[Shown], knows: &[BTreeSet<OrganisationId>]) -> Vec<Wrong> {
    let [ones, twos] = shown else { return vec![] };
    let is_whole = ones.is_whole && twos.is_whole;
    let mut wrong = vec![];
    if of.source.is_some() {
        // What the number brought was the first one's, and was shown as the second one's.
        let all = twos.to.iter();
        wrong.extend(all.map(|(to, seen)| (0, to.clone(), seen.clone(), is_whole)));
        return wrong;
    }
    let has_to_do = |side: usize, to: &OrganisationId| {
        knows.get(side).is_some_and(|bodies| bodies.contains(to))
    };
    // Whoever saw one side alone saw what they asked for.
    for (to, one) in &ones.to {
        let Some(two) = twos.to.get(to) else { continue };
        for (side, seen) in [(0, one), (1, two)] {
            // Known to both or to neither, it is not told which of the two was meant.
            if has_to_do(0, to) == has_to_do(1, to) || !has_to_do(side, to) {
                wrong.push((side, to.clone(), seen.clone(), is_whole));
            }
        }
    }
    wrong
}

/// Asks one body, once, and says so to both.
async fn ask(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: &Parted,
    (side, holder, seen, is_whole): (usize, &OrganisationId, &Seen, bool),
) -> Result<(), Error> {
    let [one, two] = of.people;
    let (person, other) = if side == 0 { (one, two) } else { (two, one) };
    let due = due_from(ctx.clock.today());
    let kinds: Vec<_> =
        seen.kinds.iter().map(|(source, kind)| format!("{source}/{kind}")).collect();
    let by: Vec<_> = seen.by.iter().map(ToString::to_string).collect();
    let row = values![
        person,
        of.id.to_string(),
        holder,
        other,
        kinds.join(" "),
        by.join(" "),
        i64::from(is_whole),
        seen.times,
        seen.first,
        seen.last,
        due.to_string(),
        ctx.now_us()
    ];
    // Somebody who read it as their own record keeps no file that is asked back; that they did
    // stands on the ledger.
    let is_body = holder.as_str() != PERSON;
    if is_body && tx.execute(sql::ASK_BACK, row).await? == 0 {
        return Ok(());
    }
    let detail = json!({
        "event": "asked-back", "parting": of.id.to_string(), "from": holder.as_str(),
        "kinds": kinds, "times": seen.times, "first": seen.first.to_string(),
        "last": seen.last.to_string(), "due": is_body.then(|| due.to_string()),
        "is-whole": is_whole,
    });
    enter(tx, ctx, keys, (person, other, holder), detail).await
}

/// By when it is answered.
fn due_from(day: Date) -> Date {
    day.saturating_add(ANSWER_DAYS.days())
}

/// What one body is asked to destroy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedBack {
    /// Whose information it is; opaque.
    pub person: PersonId,
    /// The link or merge that was taken back.
    pub parting: LinkId,
    /// Which kinds of information, from whose records.
    pub kinds: Vec<(OrganisationId, Category)>,
    /// Who looked.
    pub by: Vec<PractitionerId>,
    /// Whether that is all that the ledger tells.
    pub is_whole: bool,
    /// How often it was shown.
    pub times: i64,
    /// The first time.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// By when it is answered.
    pub due: Date,
}

/// What a body has not answered yet, the most urgent first.
///
/// # Errors
///
/// Whatever the store says; [`Error::Corrupt`] for what does not read.
pub async fn open(s: &mut impl Reads, holder: &OrganisationId) -> Result<Vec<AskedBack>, Error> {
    let read = |row: &Row<'_>| {
        let times = (row.int(6)?, row.time(7)?, row.time(8)?);
        let words = (row.text(3)?, row.text(4)?, row.int(5)? != 0);
        Ok(((row.parse(0)?, row.parse(1)?), words, times, row.parse(9)?))
    };
    let rows = s.list(sql::LIST_ASKED_BACK, values![holder, ASKED_MAX], read).await?;
    let corrupt = || Error::Corrupt("what is asked back");
    let mut all = vec![];
    for ((person, parting), (kinds, by, is_whole), (times, first, last), due) in rows {
        let kind = |word: &str| {
            let (source, kind) = word.split_once('/')?;
            Some((source.parse().ok()?, kind.parse().ok()?))
        };
        let kinds = kinds.split_whitespace().map(kind).collect::<Option<_>>();
        let by = by.split_whitespace().map(|id| id.parse().ok()).collect::<Option<_>>();
        let (kinds, by) = (kinds.ok_or_else(corrupt)?, by.ok_or_else(corrupt)?);
        all.push(AskedBack { person, parting, kinds, by, is_whole, times, first, last, due });
    }
    Ok(all)
}

/// Says what became of it, once, for one's own organisation. Keeping it needs a reason. False where
/// nothing of the kind is asked, or no reason is given.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn answer(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (person, parting, answer, reason): (PersonId, LinkId, Answer, &str),
) -> Result<bool, Error> {
    let reason = reason.trim();
    if reason.chars().count() > REASON_MAX || answer == Answer::Kept && reason.is_empty() {
        return Ok(false);
    }
    let holder = &by.organisation;
    db.write("office.answer-wrong-person", async |tx| {
        let id = parting.to_string();
        let (word, who) = (answer.word(), by.practitioner);
        let row = values![person, id.as_str(), holder, word, reason, who, ctx.now_us()];
        let other = tx.find(sql::ANSWER_ASKED_BACK, row, |row| row.parse(0)).await?;
        let Some(other) = other else { return Ok(false) };
        let detail = json!({
            "event": "asked-back-answered", "parting": id, "from": holder.as_str(),
            "answer": word, "reason": reason, "by": who.to_string(),
        });
        enter(tx, ctx, keys, (person, other, holder), detail).await?;
        Ok(true)
    })
    .await
}

/// Enters it on both people's streams, and on that of the body.
async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, other, holder): (PersonId, PersonId, &OrganisationId),
    mut detail: Value,
) -> Result<(), Error> {
    let streams = [
        (Stream::Person(person), "of", Visibility::AfterReview),
        (Stream::Person(other), "beside", Visibility::AfterReview),
        (Stream::Organisation(holder.clone()), "to", Visibility::Never),
    ];
    for (stream, whose, visibility) in streams {
        if let Value::Object(detail) = &mut detail {
            detail.insert("whose".to_owned(), json!(whose));
        }
        let (kind, detail) = (EntryKind::Recalled, detail.clone());
        ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    }
    Ok(())
}
