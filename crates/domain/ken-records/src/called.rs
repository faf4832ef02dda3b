//! How what a source calls a thing is kept: readable by nobody who has the database alone.
//!
//! # Invariants
//!
//! - A key says first of what kind a thing is, and that stays; what follows, each after a `|`, may
//!   say which illness somebody has, and is kept as a digest that nobody makes without the
//!   installation's root key.
//! - The digest of each part is one of all that stands before it too: what was cut out of a thing
//!   is still called by that thing's key and more, and a part alone tells nothing.
//! - Two systems that call a thing alike have different digests of it.
//! - Before any message is taken, no name is left as it was kept before ([`keep`]).

use std::fmt::Write as _;

use ken_core::{PersonId, ResourceId};
use ken_store::keys::{Digests, KeyRing};
use ken_store::{Db, Reads, Row, Tx, values};

use crate::ended::{escaped, pattern};
use crate::{Error, Under, sql};

/// What the digests are for.
const PURPOSE: &str = "record name";
/// What begins a part that is a digest.
const MARK: char = '=';
/// Bytes of a digest that are kept: enough that no person's things ever meet in one.
const KEPT: usize = 10;
/// Names that one write keeps anew.
const NAMES_MAX: i64 = 500;

/// Names things as they are kept.
#[derive(Debug)]
pub struct Namer(Digests);

impl Namer {
    /// That of an installation.
    #[must_use]
    pub fn new(keys: &KeyRing) -> Self {
        Self(keys.own_digests(PURPOSE))
    }

    /// The key by which a system calls a thing, as it is kept.
    #[must_use]
    pub fn key(&self, system: &str, key: &str) -> String {
        let ends = key.match_indices('|').map(|(at, _)| at).chain([key.len()]);
        let mut kept = String::with_capacity(key.len());
        for (at, head) in ends.filter_map(|end| key.get(..end)).enumerate() {
            if at == 0 {
                kept.push_str(head);
                continue;
            }
            let digest = self.0.of(format!("{system}\n{head}").as_bytes());
            let _ = write!(kept, "|{MARK}");
            for byte in digest.iter().take(KEPT) {
                let _ = write!(kept, "{byte:02x}");
            }
        }
        kept
    }

    /// A whole name that was kept as it was told; none where nothing of it changes.
    fn name(&self, name: &str, under: &Under, item: ResourceId) -> Option<String> {
        let (system, rest) = name.split_once(' ')?;
        let (category, rest) = rest.split_once(' ')?;
        // What tells it from its likes stands after it: as [`crate::moves`] has it.
        let (number, own) = (format!(" ~{}", under.as_str()), format!(" ~{item}"));
        let called = rest.strip_suffix(&number).unwrap_or(rest);
        let called = called.strip_suffix(&own).unwrap_or(called);
        let (key, _) = numbered(called);
        let beside = rest.get(key.len()..)?;
        let kept = (!is_kept(key)).then(|| self.key(system, key)).filter(|kept| kept != key)?;
        Some(format!("{system} {category} {kept}{beside}"))
    }

    /// An ending that was kept as it was told, and what was cut out of it; none where nothing
    /// changes.
    fn ending(&self, own_like: &str) -> Option<(String, String)> {
        let (system, key) = own_like.split_once(" % ")?;
        let (system, key) = (plain(system), plain(key));
        let kept = (!is_kept(&key)).then(|| self.key(&system, &key)).filter(|kept| *kept != key)?;
        let name = pattern(&system, &kept);
        let cut = format!("{name}|%");
        Some((name, cut))
    }
}

/// A key, and the `#2` and so on after it that tells a second thing of that key in one message. A
/// key that itself ends so is not told from it: of what was kept so before, another may come.
fn numbered(name: &str) -> (&str, &str) {
    let parted = name.rfind('#').and_then(|at| name.split_at_checked(at));
    let is_number = |text: &str| {
        let digits = text.strip_prefix('#').unwrap_or_default();
        let is_first = digits.starts_with('0') || digits == "1";
        !digits.is_empty() && !is_first && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    parted.filter(|(_, number)| is_number(number)).unwrap_or((name, ""))
}

/// Whether what follows the kind are digests.
fn is_kept(key: &str) -> bool {
    let is_digest = |part: &str| {
        let digits = part.strip_prefix(MARK).unwrap_or_default();
        digits.len() == 2 * KEPT && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let mut parts = key.split('|').skip(1).peekable();
    parts.peek().is_some() && parts.all(is_digest)
}

/// What [`escaped`] made of a text.
fn plain(text: &str) -> String {
    let mut letters = text.chars();
    let mut whole = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        whole.extend(if letter == '!' { letters.next() } else { Some(letter) });
    }
    debug_assert_eq!(escaped(&whole), text);
    whole
}

/// Keeps every name anew that was kept as it was told, once; to be called before any message is
/// taken. It goes on where it was stopped.
///
/// # Errors
///
/// Whatever the store says.
pub async fn keep(db: &Db, keys: &KeyRing) -> Result<(), Error> {
    let namer = Namer::new(keys);
    let read = async |s: &mut ken_store::Snapshot| -> Result<_, Error> {
        Ok(s.find(sql::NAMES_KEPT, &[], |row| row.int(0)).await?)
    };
    if db.snapshot("records.names-kept", read).await?.is_some() {
        return Ok(());
    }
    let mut after = Some((String::new(), String::new()));
    while let Some((person, item)) = after {
        let from = (&*person, &*item);
        after = db.write("records.keep-names", async |tx| names(tx, &namer, from).await).await?;
    }
    let mut after = Some(Ended::default());
    while let Some(from) = after {
        let keep = async |tx: &mut Tx| endings(tx, &namer, &from).await;
        after = db.write("records.keep-endings", keep).await?;
    }
    let done =
        async |tx: &mut Tx| -> Result<_, Error> { Ok(tx.execute(sql::PUT_NAMES_KEPT, &[]).await?) };
    db.write("records.names-kept", done).await?;
    Ok(())
}

/// Keeps the next names anew. Says after which others follow.
async fn names(
    tx: &mut Tx,
    namer: &Namer,
    (person, item): (&str, &str),
) -> Result<Option<(String, String)>, Error> {
    let read = |row: &Row<'_>| Ok((row.parse(0)?, row.parse(1)?, row.text(2)?, row.text(3)?));
    let found: Vec<(PersonId, ResourceId, String, String)> =
        tx.list(sql::NEXT_NAMES, values![person, item, NAMES_MAX], read).await?;
    for (person, item, name, under) in &found {
        if let Some(name) = namer.name(name, &Under::from(under.clone()), *item) {
            tx.execute(sql::RENAME_ITEM, values![*person, *item, name.as_str()]).await?;
        }
    }
    Ok(found.last().map(|(person, item, ..)| (person.to_string(), item.to_string())))
}

/// An ending by its place.
#[derive(Debug, Default)]
struct Ended {
    person: String,
    source: String,
    own: String,
    under: String,
}

/// Keeps the next endings anew. Says after which others follow; what is kept anew may come again,
/// and is left.
async fn endings(tx: &mut Tx, namer: &Namer, from: &Ended) -> Result<Option<Ended>, Error> {
    let read = |row: &Row<'_>| {
        let (person, source) = (row.text(0)?, row.text(1)?);
        Ok(Ended { person, source, own: row.text(2)?, under: row.text(3)? })
    };
    let (own, under) = (from.own.as_str(), from.under.as_str());
    let of = values![from.person.as_str(), from.source.as_str(), own, under, NAMES_MAX];
    let found = tx.list(sql::NEXT_ENDINGS, of, read).await?;
    for one in &found {
        let Some((own, cut)) = namer.ending(&one.own) else { continue };
        let (person, source) = (one.person.as_str(), one.source.as_str());
        let (was, under) = (one.own.as_str(), one.under.as_str());
        let of = values![person, source, was, under, own.as_str(), cut.as_str()];
        tx.execute(sql::RENAME_ENDING, of).await?;
    }
    Ok(found.into_iter().last())
}
