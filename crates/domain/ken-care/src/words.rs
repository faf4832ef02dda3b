//! What a person says of what others wrote about them, in their own words: that they agree, that
//! they do not, or what is to be added. It stands beside the entry from then on.
//!
//! # Invariants
//!
//! - Words are said of an entry by the person who has just seen it in their own record, and of none
//!   besides: what they may not see they can say nothing of, and learn nothing of by trying.
//! - Words are shown to those alone to whom the entry is shown ([`Seen`]), and to each of them:
//!   they open nothing, and nothing that a clause covers comes without them. Who is not shown the
//!   whole entry is shown that something was said of it, and not what: it could tell the rest.
//! - Words stay with whoever said them. What moves to another person is shown there without them,
//!   unless both are one person.
//! - Words are never changed or removed, and stand in their author's stream of the ledger, which
//!   has not what they say.
//!
//! Sources: UK GDPR art. 16 (a supplementary statement); `core.md` 2.1; ADR 75.

pub mod own;
mod see;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use ken_core::{AccountId, Ctx, PersonId, ResourceId, Sensitive};
use ken_directory::sending;
use ken_ledger::{EntryKind, NewEntry, Stream};
use ken_sharing::{fact, together};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Snapshot, Tx, Value as Bound, guard, values};
use serde_json::{Value, json};

use crate::Error;
use crate::often::is_too_much;
use crate::sql::words as sql;

pub use crate::sql::words::ALL as STATEMENTS;
pub use ken_records::Seen;
pub use see::see;

/// Longest words, in characters. House policy: a page; what is longer is a letter.
pub const TEXT_LEN_MAX: usize = 3_000;
/// Longest name of somebody who helps, in characters. House policy.
pub const HELPER_LEN_MAX: usize = 200;
/// Most that one person says of entries in a day, and at all. House policy: far more than anybody
/// has to say, and few enough to be read with each look.
pub const DAY_MAX: i64 = 30;
/// See [`DAY_MAX`].
pub const ALL_MAX: i64 = 500;
/// Words that one statement opens; `WORDS_OPEN` has as many points.
const AT_ONCE: usize = 16;

/// What words are to the entry that they are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The person agrees with it.
    Agrees,
    /// The person does not.
    Disagrees,
    /// The person adds something.
    Adds,
}

impl How {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Agrees, Self::Disagrees, Self::Adds];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Agrees => "agree",
            Self::Disagrees => "disagree",
            Self::Adds => "add",
        }
    }

    /// The one of that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.code() == code)
    }
}

/// Something that a person says.
#[derive(Debug)]
pub struct NewWords<'a> {
    /// Whose words they are: the person of the account.
    pub person: PersonId,
    /// Under which sign-in.
    pub account: AccountId,
    /// What they are to the entry.
    pub how: How,
    /// The words; only who agrees needs none.
    pub text: &'a Sensitive<String>,
    /// Who writes for the person, as they are called; nobody where it is empty.
    pub helper: &'a Sensitive<String>,
}

/// Why nothing was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no entry that the person has seen in their own record.
    NotTheirs,
    /// There are no words.
    Empty,
    /// They are too long.
    TooLong,
    /// As much is said as may be, in a day or at all.
    TooMany,
}

/// What somebody said of an entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// Which.
    pub id: ResourceId,
    /// What they are to the entry.
    pub how: How,
    /// What was said; it may be empty where they agree, and is where it is kept back.
    pub text: String,
    /// Who wrote for the person, as they called themselves.
    pub helper: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Whether what was said is kept back, since not all of the entry is shown.
    pub is_kept_back: bool,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({})", self.id)
    }
}

/// What must be put right before words are kept, if anything.
#[must_use]
pub fn unfit(new: &NewWords<'_>) -> Option<Refused> {
    let (text, helper) = (new.text.reveal().trim(), new.helper.reveal().trim());
    if text.is_empty() && new.how != How::Agrees {
        return Some(Refused::Empty);
    }
    let is_long = text.chars().count() > TEXT_LEN_MAX || helper.chars().count() > HELPER_LEN_MAX;
    is_long.then_some(Refused::TooLong)
}

/// Keeps what a person says of an entry that they have just seen.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn say(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    seen: &Seen,
    new: &NewWords<'_>,
) -> Result<Result<ResourceId, Refused>, Error> {
    if let Some(refused) = unfit(new) {
        return Ok(Err(refused));
    }
    let id = ResourceId::draw(ctx.ids);
    db.write("care.words", async |tx| {
        // Who says something waits here for whoever files something about them.
        let key = ken_records::key_of(tx, keys, new.person).await?;
        if !seen.is_own() || !together::group(tx, new.person).await?.contains(&seen.person()) {
            return Ok(Err(Refused::NotTheirs));
        }
        let (person, item) = (new.person.to_string(), seen.item().to_string());
        let what = [person.as_str(), item.as_str(), new.how.code(), new.text.reveal().as_str()];
        if let Some(before) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(before));
        }
        if is_too_much(tx, ctx, new.person, sql::WORDS_COUNT, (DAY_MAX, ALL_MAX)).await? {
            return Ok(Err(Refused::TooMany));
        }
        if let Some(before) = sending::once(tx, ctx, &what, id).await? {
            return Ok(Ok(before));
        }
        let bound = bound(new.person, id, seen.item());
        let sealed = keys.seal(&key, &bound, body(new).to_string().as_bytes()).await?;
        let of = values![
            new.person,
            id,
            seen.item(),
            seen.version(),
            key.to_string(),
            sealed.as_slice(),
            ctx.clock.now()
        ];
        tx.execute(sql::WORDS_INSERT, of).await?;
        enter(tx, ctx, keys, (seen, new), id).await?;
        Ok(Ok(id))
    })
    .await
}

fn body(new: &NewWords<'_>) -> Value {
    json!({
        "how": new.how.code(),
        "text": new.text.reveal().trim(),
        "helper": new.helper.reveal().trim(),
    })
}

/// Enters that something was said, and of what; not what.
async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (seen, new): (&Seen, &NewWords<'_>),
    id: ResourceId,
) -> Result<(), Error> {
    let entry = NewEntry {
        stream: Stream::Person(new.person),
        kind: EntryKind::Filed,
        visibility: fact::shown_at(tx, ctx, new.person).await?,
        detail: json!({
            "words": id.to_string(),
            "how": new.how.code(),
            "item": seen.item().to_string(),
            "version": seen.version(),
            "source": seen.source().as_str(),
            "account": new.account.to_string(),
            "helped": !new.helper.reveal().trim().is_empty(),
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

/// What was said of these items, the oldest first, as far as whoever was shown them reads it.
///
/// # Errors
///
/// [`ken_records::Error::Stale`] where what they were disclosed by has changed since;
/// [`Error::Corrupt`] where something does not read; whatever the store or the key ring says.
pub async fn beside(
    db: &Db,
    keys: &KeyRing,
    seen: &[&Seen],
) -> Result<BTreeMap<ResourceId, Vec<Words>>, Error> {
    let people: BTreeMap<_, _> = seen.iter().map(|one| (one.person(), one.epoch())).collect();
    let of: BTreeMap<_, _> = seen.iter().map(|one| (one.item(), *one)).collect();
    let read = async |s: &mut Snapshot| {
        let mut groups = BTreeMap::new();
        for (person, epoch) in people {
            groups.insert(person, together::group(s, person).await?);
            let now = guard::find(s, person).await?.map(|guard| guard.epoch);
            if now != Some(epoch) {
                return Err(ken_records::Error::Stale.into());
            }
        }
        let authors: BTreeSet<_> = groups.values().flatten().copied().collect();
        let mut found = vec![];
        for author in authors {
            let mut rows = listed(s, author).await?;
            // Before they are opened: what is not shown here is not looked into.
            rows.retain(|row| {
                let entry = of.get(&row.item).and_then(|seen| groups.get(&seen.person()));
                entry.is_some_and(|group| group.contains(&author))
            });
            found.extend(opened(s, author, rows).await?);
        }
        Ok::<_, Error>(found)
    };
    let mut beside: BTreeMap<ResourceId, Vec<Words>> = BTreeMap::new();
    for stored in db.snapshot("care.words-beside", read).await? {
        let item = stored.row.item;
        let shows = of.get(&item).is_some_and(|seen| seen.is_whole() || seen.is_own());
        let words = stored.read(keys).await?;
        let words = words.map(|words| if shows { words } else { words.kept_back() });
        beside.entry(item).or_default().extend(words);
    }
    for all in beside.values_mut() {
        all.sort_by_key(|words| (words.at, words.id));
    }
    Ok(beside)
}

/// What a person has said of entries, for themselves, the newest first: under the id that their
/// account is of, and under no other. Were two joined in error, neither reads what the other said.
///
/// # Errors
///
/// As [`beside`].
pub async fn of_person(db: &Db, keys: &KeyRing, person: PersonId) -> Result<Vec<Words>, Error> {
    let read = async |s: &mut Snapshot| {
        let rows = listed(s, person).await?;
        opened(s, person, rows).await
    };
    let mut all = vec![];
    for stored in db.snapshot("care.words-own", read).await? {
        all.extend(stored.read(keys).await?);
    }
    all.sort_by_key(|words| std::cmp::Reverse((words.at, words.id)));
    Ok(all)
}

impl Words {
    /// That something was said, and not what, nor by whom for the person.
    fn kept_back(self) -> Self {
        Self { text: String::new(), helper: None, is_kept_back: true, ..self }
    }
}

/// That something was said of an item.
#[derive(Debug, Clone, Copy)]
struct Listed {
    id: ResourceId,
    item: ResourceId,
    at: Timestamp,
}

async fn listed<R: Reads>(reads: &mut R, author: PersonId) -> Result<Vec<Listed>, Error> {
    let row = |row: &Row<'_>| {
        let (id, item) = (row.parse(0)?, row.parse(1)?);
        Ok(Listed { id, item, at: row.time(2)? })
    };
    Ok(reads.list(sql::WORDS_LIST, values![author, ALL_MAX], row).await?)
}

/// The same with what was said, sealed.
struct Stored {
    author: PersonId,
    row: Listed,
    key: KeyId,
    words: Vec<u8>,
}

async fn opened<R: Reads>(
    reads: &mut R,
    author: PersonId,
    rows: Vec<Listed>,
) -> Result<Vec<Stored>, Error> {
    let mut all = vec![];
    for some in rows.chunks(AT_ONCE) {
        let spare = std::iter::repeat(some.first().map(|row| row.id)).flatten();
        let of: Vec<Bound<'_>> = std::iter::once(author.into())
            .chain(some.iter().map(|row| row.id).chain(spare).take(AT_ONCE).map(Bound::from))
            .collect();
        let read = |row: &Row<'_>| {
            Ok((row.parse::<ResourceId>(0)?, (row.parse::<KeyId>(2)?, row.bytes(3)?)))
        };
        let mut found: BTreeMap<_, _> =
            reads.list(sql::WORDS_OPEN, &of, read).await?.into_iter().collect();
        for row in some {
            let (key, words) = found.remove(&row.id).ok_or(Error::Corrupt("words"))?;
            all.push(Stored { author, row: *row, key, words });
        }
    }
    Ok(all)
}

impl Stored {
    /// What was said; none once its key is erased.
    async fn read(self, keys: &KeyRing) -> Result<Option<Words>, Error> {
        let Listed { id, item, at } = self.row;
        let bound = bound(self.author, id, item);
        let Some(bytes) = keys.open(&self.key, &bound, &self.words).await? else {
            return Ok(None);
        };
        let corrupt = || Error::Corrupt("words");
        let body: Value = serde_json::from_slice(&bytes).map_err(|_| corrupt())?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Some(Words {
            id,
            how: text("how").and_then(|how| How::of_code(&how)).ok_or_else(corrupt)?,
            text: text("text").ok_or_else(corrupt)?,
            helper: text("helper").filter(|helper| !helper.is_empty()),
            at,
            is_kept_back: false,
        }))
    }
}

/// What sealed words belong to.
fn bound(author: PersonId, id: ResourceId, item: ResourceId) -> Vec<u8> {
    format!("care-words/1 {author} {id} {item}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_back_says_no_more_than_that_something_was_said() {
        let words = Words {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            how: How::Disagrees,
            text: "I have no such illness".to_owned(),
            helper: Some("Effie, my sister".to_owned()),
            is_kept_back: false,
            at: Timestamp::UNIX_EPOCH,
        };
        let kept = words.kept_back();
        assert_eq!((kept.how, kept.is_kept_back), (How::Disagrees, true));
        assert!(kept.text.is_empty() && kept.helper.is_none());
    }
}
