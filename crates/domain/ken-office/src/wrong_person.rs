//! What was shown of somebody else: two people's records stood together in error, and what went out
//! of the one as if it were the other's is asked back.
//!
//! # Invariants
//!
//! - It is owed from the transaction that parts the two on, by a timer, and done once.
//! - What was shown is read from the ledger, as far as anything of it was held by then and no mark
//!   kept it back; what a body had of its own is not asked back from it.
//! - Where a body has to do with one of the two alone, what it saw of the other is asked back;
//!   where that does not tell, and it looked at both, what it saw of both is.
//! - What had been filed under a number that moved is waited for: until all of it is back, an
//!   emergency may still show it.
//! - Both people's ledgers say what was asked back from whom, and what became of it; they see it
//!   when a reviewer releases it, as they do a link.
//!
//! # Sources
//!
//! - UK GDPR arts. 5(1)(d), 16, 17(2) and 19 (who received what was wrong is told); house policy
//!   for the days.

mod reading;
mod rule;

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use ken_agreement::status::PERSON;
use ken_core::{Category, Ctx, OrganisationId, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_person::{LinkId, Parted};
use ken_records::moves::{self, Course};
use ken_sharing::relationship;
use ken_store::keys::KeyRing;
use ken_store::timer::{self, Lease};
use ken_store::{Db, Reads, Row, Snapshot, Tx, values};
use serde_json::{Value, json};

pub use crate::exit::Answer;
pub use crate::sql::wrong_person::ALL as STATEMENTS;

use crate::Error;
use crate::exit::REASON_MAX;
use crate::sql::wrong_person as sql;
use reading::{Held, Look, Window, looks};
use rule::{Kinds, Seen, Shown, Wrong};

/// How long a body has to answer, in days. House policy.
const ANSWER_DAYS: i64 = 10;
/// Most that one body's list shows. House policy.
const ASKED_MAX: i64 = 200;
/// How long until a move is looked at again that is not at its end. House policy: as often as moves
/// are gone on with.
const MOVE_EVERY: SignedDuration = SignedDuration::from_mins(1);

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
    let found = match &parted.source {
        None => Some(Box::pin(joined(db, ctx, keys, &parted)).await?),
        Some(source) => Box::pin(moved(db, ctx, keys, &parted, source)).await?,
    };
    db.write("office.wrong-person", async |tx| {
        lease.done(tx).await?;
        let Some((wrong, is_whole)) = &found else {
            let again = ctx.clock.now() + MOVE_EVERY;
            timer::set(tx, lease.kind, &lease.key, again, &lease.detail).await?;
            return Ok(());
        };
        for (side, holder, seen) in wrong {
            ask(tx, ctx, keys, &parted, (*side, holder, seen, *is_whole)).await?;
        }
        Ok(())
    })
    .await
}

/// What is asked back, and whether that is all.
type Found = (Vec<Wrong>, bool);

/// Of two records that were joined.
async fn joined(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, of: &Parted) -> Result<Found, Error> {
    let under = reading::policies(db, ctx).await?;
    let window = Window::of(of.from, of.until);
    let (mut both, mut is_whole) = ([Shown::default(), Shown::default()], true);
    for (side, shown) in of.sides.iter().zip(&mut both) {
        for person in side {
            let held = Held::of(db, *person).await?;
            let mut take = |look: &Look<'_>| {
                let kinds = look.kinds(&held, None);
                let is_told = kinds.is_some();
                let who = (&look.given.to, look.given.by);
                shown.take(who, look.at, kinds.unwrap_or_default());
                is_told
            };
            is_whole &= held.is_whole();
            is_whole &= looks((db, keys), &under, (*person, window), &mut take).await?;
        }
    }
    let to: BTreeSet<_> = both.iter().flat_map(|shown| shown.to.keys().cloned()).collect();
    let read = async |s: &mut Snapshot| knows(s, ctx, of, &to).await;
    let knows = db.snapshot("office.wrong-person-knows", read).await?;
    let has_to_do = |side: usize, to: &OrganisationId| {
        knows.get(side).is_some_and(|bodies| bodies.contains(to))
    };
    Ok((rule::of_joined(both, has_to_do), is_whole))
}

/// Of a number that meant somebody else; none while what was filed under it has not all gone back.
async fn moved(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: &Parted,
    source: &OrganisationId,
) -> Result<Option<Found>, Error> {
    let [first, second] = of.people;
    let merge = of.id.to_string();
    let course = async |s: &mut Snapshot| moves::course(s, (second, &merge)).await;
    let course = db.snapshot("office.wrong-person-move", course).await?;
    // Where nothing was ever filed here, nothing moves.
    let (number, until) = match course {
        None => (None, of.until),
        Some(Course { done: None, .. }) => return Ok(None),
        Some(Course { under, done: Some(done) }) => (Some(under), of.until.max(done)),
    };
    let (under, window) = (reading::policies(db, ctx).await?, Window::of(of.from, until));
    let brought = Held::of(db, first).await?;
    let (mut of_number, mut of_second) = (Shown::default(), Shown::default());
    let mut is_whole = brought.is_whole();
    for person in &of.sides[1] {
        let held = Held::of(db, *person).await?;
        let mut take = |look: &Look<'_>| {
            let who = (&look.given.to, look.given.by);
            let theirs = look.kinds(&held, None);
            let from_number = match &number {
                Some(number) if *person == second => look.kinds(&brought, Some(number)),
                _ => Some(Kinds::new()),
            };
            let is_told = theirs.is_some() && from_number.is_some();
            of_second.take(who, look.at, theirs.unwrap_or_default());
            let only = |kind: &(OrganisationId, Category)| kind.0 == *source;
            let brought = from_number.into_iter().flatten().filter(only).collect();
            of_number.take(who, look.at, brought);
            is_told
        };
        is_whole &= held.is_whole();
        is_whole &= looks((db, keys), &under, (*person, window), &mut take).await?;
    }
    Ok(Some((rule::of_moved(of_number, of_second, source), is_whole)))
}

/// Which of some bodies have to do with which side: by what they said of them, or a relationship.
async fn knows(
    s: &mut Snapshot,
    ctx: &Ctx<'_>,
    of: &Parted,
    to: &BTreeSet<OrganisationId>,
) -> Result<Vec<BTreeSet<OrganisationId>>, Error> {
    let mut all = vec![];
    for side in &of.sides {
        let mut known = BTreeSet::new();
        for person in side {
            let related = relationship::of_person(s, ctx, *person).await?;
            known.extend(related.into_iter().map(|one| one.organisation));
            for body in to {
                if ken_person::is_known_to(s, *person, body).await? {
                    known.insert(body.clone());
                }
            }
        }
        all.push(known);
    }
    Ok(all)
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
