//! Whom a breach concerns: the exact list, from the ledger.
//!
//! An officer says what went wrong by what the ledger can tell apart: a span of time, who looked,
//! to which organisation it went, whose record it was, under which agreement. The permits of that
//! span are read, each once (`reading`), and what they gave is told by person.
//!
//! # Invariants
//!
//! - Only what one's own organisation gave or received: a breach opens nobody else's ledger.
//! - The list is whole, or it is not told: a span that holds more than can be read is refused, and
//!   what could not be read, and what was erased, is counted beside the list. It says how the
//!   ledger stood when it was read.
//! - What somebody read of their own record is no disclosure, unless the officer asks for it: who
//!   signed in as them may have been another.
//! - It names nobody. A handle stands for each person, another in each breach; who may see a name
//!   is the agreements' business, and each look at one is a decision of the gate.
//! - Whoever must not be written to is marked: a letter that tells of a breach can harm.
//! - Nothing is kept of it but that it was asked for: by whom, of what, and how many it told.
//!
//! Source: UK GDPR arts. 33(3)(a) and 34(1); house policy for handles and limits.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::sync::Arc;

use jiff::Timestamp;
use ken_agreement::status::PERSON;
use ken_core::{
    Category, ClauseId, Ctx, FieldName, InstrumentHash, OrganisationId, PersonId, PractitionerId,
};
use ken_ledger::{Entry, EntryKind, Stream};
use ken_sharing::bundle::Bundle;
use ken_sharing::gate::{Given, given};
use ken_sharing::{contact, together};
use ken_store::Snapshot;
use ken_store::keys::{KeyId, KeyRing};

use crate::Error;
use crate::matrix::quoted;

/// Most people of one list. House policy: twice the people of a large board's busiest weekend; more
/// are told in public (UK GDPR art. 34(3)(c)).
pub const LISTED_MAX: usize = 200_000;
/// What a breach's key makes handles for.
const HANDLE: &str = "ken-breach-handle/1";

/// What went wrong, by what the ledger can tell apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// To which organisation it went; none: to any. `person`: to whoever was signed in as the
    /// person themselves, which is told of only where it is chosen.
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
    pub fields: Arc<BTreeSet<FieldName>>,
    /// To which organisations.
    pub to: Arc<BTreeSet<OrganisationId>>,
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

/// How the ledger stood when it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AsOf {
    /// When that was: of what was written later, nothing is told.
    pub at: Timestamp,
    /// How many entries had a place in the log.
    pub leaves: u64,
}

/// Whom a breach concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affecteds {
    /// How the ledger stood.
    pub as_of: AsOf,
    /// Whether the span goes on after that.
    pub goes_on: bool,
    /// The people, by handle.
    pub people: Vec<Affected>,
    /// How many disclosures that was.
    pub disclosures: u64,
    /// How many entries of about the span could not be read: they are gone, not what was sealed,
    /// or of a form that is not known. What they were of is not known either.
    pub unread: u64,
    /// How many permits of the span were erased since. The ledger can no longer tell whose they
    /// were: of this organisation, or of another.
    pub erased: u64,
}

type Items = BTreeMap<(OrganisationId, Category), Item>;

/// What is found so far, by person. A set that many people share is held once.
pub(super) struct Found<'a> {
    own: &'a OrganisationId,
    of: &'a Selection,
    under: &'a Bundle,
    people: BTreeMap<PersonId, Items>,
    fields: BTreeSet<Arc<BTreeSet<FieldName>>>,
    to: BTreeSet<Arc<BTreeSet<OrganisationId>>>,
    disclosures: u64,
    unread: u64,
    erased: u64,
}

impl<'a> Found<'a> {
    pub(super) fn new(own: &'a OrganisationId, of: &'a Selection, under: &'a Bundle) -> Self {
        let (people, fields, to) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { own, of, under, people, fields, to, disclosures: 0, unread: 0, erased: 0 }
    }

    /// How many people that is so far.
    pub(super) fn people(&self) -> usize {
        self.people.len()
    }

    /// Takes a decision; none is one that is not what was sealed.
    pub(super) fn take(&mut self, entry: Option<Entry>) {
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
        let Some(detail) = &entry.detail else {
            self.erased += 1;
            return;
        };
        let of = (self.own, self.of);
        let wants = |to: &OrganisationId, by, source: &OrganisationId, clause: &ClauseId| {
            is_chosen(of, (to, by), (source, clause))
        };
        let Some(given) = given(detail, self.under, &wants) else {
            self.unread += 1;
            return;
        };
        if !given.parts.is_empty() {
            self.disclosures += 1;
            self.add(*person, entry.at, &given);
        }
    }

    fn add(&mut self, person: PersonId, at: Timestamp, given: &Given) {
        let to = once(&mut self.to, BTreeSet::from([given.to.clone()]));
        let items = self.people.entry(person).or_default();
        let mut counted = BTreeSet::new();
        for part in &given.parts {
            let key = (part.source.clone(), part.category.clone());
            let times = u64::from(counted.insert(key.clone()));
            let fields = once(&mut self.fields, part.fields.clone());
            let item = Item { fields, to: Arc::clone(&to), times, first: at, last: at };
            match items.entry(key) {
                btree_map::Entry::Vacant(free) => {
                    free.insert(item);
                }
                btree_map::Entry::Occupied(mut known) => {
                    let (fields, to) = known.get_mut().join(&item);
                    if let Some(both) = fields {
                        known.get_mut().fields = once(&mut self.fields, both);
                    }
                    if let Some(both) = to {
                        known.get_mut().to = once(&mut self.to, both);
                    }
                }
            }
        }
    }
}

/// Whether one's own organisation gave or received it, and the officer chose it.
fn is_chosen(
    (own, of): (&OrganisationId, &Selection),
    (to, by): (&OrganisationId, Option<PractitionerId>),
    (source, clause): (&OrganisationId, &ClauseId),
) -> bool {
    let Selection { to: wanted, by: looked, source: from, under, .. } = of;
    (to == own || source == own)
        && wanted.as_ref().map_or(to.as_str() != PERSON, |wanted| wanted == to)
        && looked.is_none_or(|looked| by == Some(looked))
        && from.as_ref().is_none_or(|from| from == source)
        && under.as_ref().is_none_or(|hash| {
            let rest = clause.as_str().strip_prefix(hash.as_str());
            rest.is_some_and(|rest| rest.starts_with('#'))
        })
}

/// A set, held once.
fn once<T: Ord>(all: &mut BTreeSet<Arc<BTreeSet<T>>>, set: BTreeSet<T>) -> Arc<BTreeSet<T>> {
    if let Some(known) = all.get(&set) {
        return Arc::clone(known);
    }
    let set = Arc::new(set);
    all.insert(Arc::clone(&set));
    set
}

/// Two sets as one; none where the first has all of the second.
fn joined<T: Ord + Clone>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> Option<BTreeSet<T>> {
    (!other.is_subset(one)).then(|| one.union(other).cloned().collect())
}

impl Item {
    /// Counts another one to this; the sets that grow by it.
    fn join(
        &mut self,
        other: &Self,
    ) -> (Option<BTreeSet<FieldName>>, Option<BTreeSet<OrganisationId>>) {
        self.times += other.times;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        (joined(&self.fields, &other.fields), joined(&self.to, &other.to))
    }
}

/// The people, each once though several ids stand together, with what marks them now.
pub(super) struct People {
    left: btree_map::IntoIter<PersonId, Items>,
    told: BTreeMap<PersonId, Affected>,
    key: KeyId,
    until: Timestamp,
    disclosures: u64,
    unread: u64,
    erased: u64,
}

impl People {
    pub(super) fn new(found: Found<'_>, key: KeyId) -> Self {
        let Found { people, of, disclosures, unread, erased, .. } = found;
        let (left, told) = (people.into_iter(), BTreeMap::new());
        Self { left, told, key, until: of.until, disclosures, unread, erased }
    }

    /// Whether somebody is not told of yet.
    pub(super) fn is_left(&self) -> bool {
        self.left.len() > 0
    }

    /// Reads what marks some of them.
    pub(super) async fn tell(
        &mut self,
        s: &mut Snapshot,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        some: usize,
    ) -> Result<(), Error> {
        for (person, items) in self.left.by_ref().take(some) {
            let group = together::group(s, person).await?;
            let first = group.first().copied().unwrap_or(person);
            if let Some(known) = self.told.get_mut(&first) {
                for (key, item) in items {
                    known.add(key, item);
                }
                continue;
            }
            let is_safe_only = contact::is_safe_only(s, ctx, person).await?;
            let handle = handle(keys, &self.key, first).await?;
            self.told.insert(first, Affected { person, handle, items, is_safe_only });
        }
        Ok(())
    }

    /// All of them, by handle.
    pub(super) fn told(self, as_of: AsOf) -> Affecteds {
        let Self { told, until, disclosures, unread, erased, .. } = self;
        let mut people: Vec<Affected> = told.into_values().collect();
        people.sort_by(|a, b| a.handle.cmp(&b.handle));
        Affecteds { as_of, goes_on: until > as_of.at, people, disclosures, unread, erased }
    }
}

impl Affected {
    fn add(&mut self, key: (OrganisationId, Category), item: Item) {
        match self.items.get_mut(&key) {
            None => {
                self.items.insert(key, item);
            }
            Some(known) => {
                let (fields, to) = known.join(&item);
                known.fields = fields.map_or_else(|| Arc::clone(&known.fields), Arc::new);
                known.to = to.map_or_else(|| Arc::clone(&known.to), Arc::new);
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
    let mut text =
        "person,how to tell,whose record,kind of information,fields,to,times,first,last,\
        as of,entries of the log\r\n"
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
                of.as_of.at.to_string(),
                of.as_of.leaves.to_string(),
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
