//! Whom a breach concerns: the exact list, from the ledger.
//!
//! An officer says what went wrong by what the ledger can tell apart: a span of time, who looked,
//! to which organisation it went, whose record it was, under which agreement. The permits of that
//! span are read, each once, and what they gave is told by person.
//!
//! # Invariants
//!
//! - Only what one's own organisation gave or received: a breach opens nobody else's ledger.
//! - The list is whole, or it is not told: a span that holds more than can be read is refused, and
//!   what could not be read is counted beside the list.
//! - It names nobody. A handle stands for each person, another in each breach; who may see a name
//!   is the agreements' business, and each look at one is a decision of the gate.
//! - Whoever must not be written to is marked: a letter that tells of a breach can harm.
//! - Nothing is kept of it but that it was asked for: by whom, of what, and how many it told.
//!
//! Source: UK GDPR arts. 33(3)(a) and 34(1); house policy for handles and limits.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ken_core::{
    Category, Ctx, EntryId, FieldName, InstrumentHash, OrganisationId, PersonId, PractitionerId,
};
use ken_directory::Acting;
use ken_ledger::{Entry, EntryKind, Stream, scan};
use ken_sharing::bundle::Bundle;
use ken_sharing::gate::{Given, given};
use ken_sharing::{contact, together};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads as _, Snapshot, values};
use serde_json::json;

use super::Refusal;
use super::book::{enter, find};
use crate::Error;
use crate::matrix::quoted;
use crate::sql::breach as sql;

/// Most leaves of the log that one list reads. House policy: well under a minute of reading; more
/// is listed span by span.
pub const LEAVES_MAX: u64 = 100_000;
/// Most people of one list. House policy: more are told in public (UK GDPR art. 34(3)(c)).
pub const LISTED_MAX: usize = 10_000;
/// How long after a span entries may stand that were written in it: twice what the log's order may
/// be from the order of time.
const DISORDER: SignedDuration = SignedDuration::from_hours(2);
/// What a breach's key makes handles for.
const HANDLE: &str = "ken-breach-handle/1";

/// What went wrong, by what the ledger can tell apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// To which organisation it went; none: to any.
    pub to: Option<OrganisationId>,
    /// Who looked; none: anybody.
    pub by: Option<PractitionerId>,
    /// Whose record it was; none: anybody's.
    pub source: Option<OrganisationId>,
    /// Under which agreement; none: any.
    pub under: Option<InstrumentHash>,
}

/// What an officer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// How many there are, before anybody looks at them one by one.
    Count,
    /// The list on a page.
    List,
    /// The list as a file.
    File,
    /// Who stands behind one handle: the gate says whether that may be seen.
    Name,
}

impl Asked {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::List => "list",
            Self::File => "file",
            Self::Name => "name",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Count, Self::List, Self::File, Self::Name].into_iter().find(|one| one.code() == code)
    }
}

/// What was given of one kind of information, from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The fields.
    pub fields: BTreeSet<FieldName>,
    /// To which organisations.
    pub to: BTreeSet<OrganisationId>,
    /// How often.
    pub times: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

/// One person whom a breach concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Who it is; for the gate, and shown nowhere.
    pub person: PersonId,
    /// What stands for them in this breach.
    pub handle: String,
    /// What was given of them, by whose record it was and the kind of information.
    pub items: BTreeMap<(OrganisationId, Category), Item>,
    /// Whether they may be told by a safe way alone.
    pub is_safe_only: bool,
}

/// Whom a breach concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affecteds {
    /// The people, by handle.
    pub people: Vec<Affected>,
    /// How many disclosures that was.
    pub disclosures: u64,
    /// How many decisions of the span could not be read: erased, or not what was sealed.
    pub unread: u64,
}

/// Lists whom a breach of one's own organisation concerns. That it was asked for stands on the
/// ledger before anything is told.
///
/// # Errors
///
/// Whatever the store, the key store or the ledger says; a [`Refusal`] is a value:
/// [`Refusal::When`] for no such span, [`Refusal::TooMany`] where it holds more than is read.
pub async fn affected(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    under: &Bundle,
    by: &Acting,
    (id, of, asked): (EntryId, &Selection, Asked),
) -> Result<Result<Affecteds, Refusal>, Error> {
    let own = &by.organisation;
    if of.from >= of.until || of.from > ctx.clock.now() {
        return Ok(Err(Refusal::When));
    }
    let begin = async |s: &mut Snapshot| {
        let is_known = find(s, own, id).await?.is_some();
        // What has no leaf yet is read in the same picture, and what has one up to its size.
        let unsealed = scan::unsealed(s, keys).await?;
        let size = scan::leaves(s).await?;
        let from = scan::first_since(s, of.from).await?;
        let end = of.until.saturating_add(DISORDER).unwrap_or(Timestamp::MAX);
        let to = scan::first_since(s, end).await?.min(size);
        Ok::<_, Error>((is_known, unsealed, from, to))
    };
    let (is_known, unsealed, mut at, to) = db.snapshot("office.affected-begin", begin).await?;
    if !is_known {
        return Ok(Err(Refusal::Unknown));
    }
    let Some(unsealed) = unsealed.filter(|_| to.saturating_sub(at) <= LEAVES_MAX) else {
        return Ok(Err(Refusal::TooMany));
    };
    let mut found = Found { own, of, under, people: BTreeMap::new(), disclosures: 0, unread: 0 };
    for entry in unsealed {
        found.take(entry);
    }
    while at < to {
        let page = async |s: &mut Snapshot| scan::decisions(s, keys, at, to).await;
        let page = db.snapshot("office.affected-page", page).await?;
        for decided in page {
            found.take(decided.entry);
        }
        at = to.min(at.saturating_add(scan::SCAN_MAX));
        if found.people.len() > LISTED_MAX {
            return Ok(Err(Refusal::TooMany));
        }
    }
    let told = async |s: &mut Snapshot| found.told(s, ctx, keys, id).await;
    let told = db.snapshot("office.affected-people", told).await?;
    let detail = json!({
        "breach": id.to_string(), "asked": asked.code(), "people": told.people.len(),
        "disclosures": told.disclosures, "unread": told.unread, "from": of.from.to_string(),
        "until": of.until.to_string(), "to": of.to.as_ref().map(OrganisationId::as_str),
        "looked": of.by.map(|by| by.to_string()),
        "source": of.source.as_ref().map(OrganisationId::as_str),
        "under": of.under.as_ref().map(InstrumentHash::as_str),
        "by": by.practitioner.to_string(),
    });
    db.write("office.affected", async |tx| enter(tx, ctx, keys, own, detail).await).await?;
    Ok(Ok(told))
}

/// What is found so far, by person.
struct Found<'a> {
    own: &'a OrganisationId,
    of: &'a Selection,
    under: &'a Bundle,
    people: BTreeMap<PersonId, BTreeMap<(OrganisationId, Category), Item>>,
    disclosures: u64,
    unread: u64,
}

impl Found<'_> {
    fn take(&mut self, entry: Option<Entry>) {
        let Some(entry) = entry else {
            self.unread += 1;
            return;
        };
        let (Stream::Person(person), EntryKind::Permit) = (&entry.stream, entry.kind) else {
            return;
        };
        if entry.at < self.of.from || entry.at >= self.of.until {
            return;
        }
        let Some(given) = entry.detail.as_ref().and_then(|detail| given(detail, self.under)) else {
            self.unread += 1;
            return;
        };
        let parts = self.chosen(&given);
        if parts.is_empty() {
            return;
        }
        self.disclosures += 1;
        let items = self.people.entry(*person).or_default();
        let mut counted = BTreeSet::new();
        for part in parts {
            let key = (part.source.clone(), part.category.clone());
            let item = items.entry(key.clone()).or_insert_with(|| Item {
                fields: BTreeSet::new(),
                to: BTreeSet::new(),
                times: 0,
                first: entry.at,
                last: entry.at,
            });
            item.fields.extend(part.fields.iter().cloned());
            item.to.insert(given.to.clone());
            item.times += u64::from(counted.insert(key));
            item.first = item.first.min(entry.at);
            item.last = item.last.max(entry.at);
        }
    }

    /// What of it one's own organisation gave or received, and the officer chose.
    fn chosen<'g>(&self, given: &'g Given) -> Vec<&'g ken_sharing::gate::Part> {
        let Selection { to, by, source, under, .. } = self.of;
        let fits = to.as_ref().is_none_or(|to| *to == given.to)
            && by.is_none_or(|by| given.by == Some(by));
        let is_under = |clause: &str| {
            under.as_ref().is_none_or(|hash| {
                clause.strip_prefix(hash.as_str()).is_some_and(|rest| rest.starts_with('#'))
            })
        };
        let parts = given.parts.iter().filter(|part| {
            (given.to == *self.own || part.source == *self.own)
                && source.as_ref().is_none_or(|source| *source == part.source)
                && is_under(part.clause.as_str())
        });
        parts.filter(|_| fits).collect()
    }

    /// The people, each once though several ids stand together, with what marks them now.
    async fn told(
        self,
        s: &mut Snapshot,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        id: EntryId,
    ) -> Result<Affecteds, Error> {
        let key = s.find(sql::BREACH_KEY, values![self.own, id], |row| row.parse(0)).await?;
        let key: KeyId = key.ok_or(Error::Corrupt("breach"))?;
        let mut people: BTreeMap<PersonId, Affected> = BTreeMap::new();
        for (person, items) in self.people {
            let group = together::group(s, person).await?;
            let first = group.first().copied().unwrap_or(person);
            if let Some(known) = people.get_mut(&first) {
                for (key, item) in items {
                    known.add(key, item);
                }
                continue;
            }
            let is_safe_only = contact::is_safe_only(s, ctx, person).await?;
            let handle = handle(keys, &key, first).await?;
            people.insert(first, Affected { person, handle, items, is_safe_only });
        }
        let mut people: Vec<Affected> = people.into_values().collect();
        people.sort_by(|a, b| a.handle.cmp(&b.handle));
        Ok(Affecteds { people, disclosures: self.disclosures, unread: self.unread })
    }
}

impl Affected {
    fn add(&mut self, key: (OrganisationId, Category), item: Item) {
        match self.items.get_mut(&key) {
            None => {
                self.items.insert(key, item);
            }
            Some(known) => {
                known.fields.extend(item.fields);
                known.to.extend(item.to);
                known.times += item.times;
                known.first = known.first.min(item.first);
                known.last = known.last.max(item.last);
            }
        }
    }
}

/// What stands for a person in one breach: ten letters, which are others in another. They are made
/// with the breach's own key: officers see ids of people elsewhere, and could try them all.
async fn handle(keys: &KeyRing, breach: &KeyId, person: PersonId) -> Result<String, Error> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let digest = keys.digest(breach, HANDLE, person.to_string().as_bytes()).await?;
    let digest = digest.ok_or(Error::Corrupt("breach"))?;
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('A', char::from);
    let letters: Vec<char> = digest.iter().take(10).map(letter).collect();
    let (one, other) = letters.split_at(5);
    Ok(format!("{}-{}", one.iter().collect::<String>(), other.iter().collect::<String>()))
}

/// The list as a spreadsheet reads it: a line for each person, source and kind of information.
#[must_use]
pub fn csv(of: &Affecteds) -> String {
    let mut text = "person,how to tell,whose record,kind of information,fields,to,times,first,last\
        \r\n"
        .to_owned();
    for one in &of.people {
        let tell = if one.is_safe_only { SAFE_ONLY } else { ANY_WAY };
        for ((source, category), item) in &one.items {
            let fields: Vec<_> = item.fields.iter().map(FieldName::as_str).collect();
            let to: Vec<_> = item.to.iter().map(OrganisationId::as_str).collect();
            let cells = [
                one.handle.clone(),
                tell.to_owned(),
                source.to_string(),
                category.to_string(),
                fields.join(" "),
                to.join(" "),
                item.times.to_string(),
                item.first.to_string(),
                item.last.to_string(),
            ];
            let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
    }
    text
}

/// How to tell somebody whom a letter may put in danger.
pub const SAFE_ONLY: &str = "No letter, call or message: ask whoever looks after them";
/// How to tell anybody else.
pub const ANY_WAY: &str = "As whoever looks after them does";
