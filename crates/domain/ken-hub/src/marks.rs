//! Marks that a thing bears because of another: what it replaces, or who it was before.
//!
//! # Invariants
//!
//! - What is held keeps its own marks; only what is new in a message bears those of others, as they
//!   were when that message was said.
//! - What a late message marks is borne by whatever was new in a message said since, which is then
//!   marked for it: a copy is as protected as what it is a copy of, in whatever order they come.
//! - What a late message lifts is lifted of what has replaced it too, where all that was said since
//!   is said again; of people near somebody it never is, since nobody knows any more whom a list
//!   left.
//! - Of several of one name, told by their places in a list, nobody knows which is which the next
//!   time: where one bears a mark, each of whom a message says nothing of marks bears it.
//! - An error is none of what replaced it: that is what put it right.
//!
//! Source: ADR 48.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{PersonId, ResourceId};
use ken_hl7::map::Ends;
use ken_records::{Place, Then};
use ken_store::Tx;

use crate::Error;
use crate::apply::Arrival;
use crate::filing::Part;

/// The mark of what few may read.
pub(crate) const RESTRICTED: &str = "restricted";

/// What the keys of those near the person begin with, and the list of them is called.
const RELATED: &str = "related";

/// The parts of a message, and where each is or will be.
pub(crate) type Placed<'p, 'a> = (&'p [Part<'a>], &'p [Place]);

/// When a message is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// As it comes, with what holds now.
    Now,
    /// After others that were said since, with what had been said by then.
    Late(Then),
    /// So late that not all that was said since is known: as it comes, and no mark is lifted.
    TooLate,
    /// Again, after one that came late.
    Again(Then, Whole),
}

/// How much is said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    /// All that was said since the message that came late.
    pub(crate) is_all: bool,
    /// All that was said since this one.
    pub(crate) is_last_word: bool,
}

impl Turn {
    /// By when marks are asked for; as they are, where nothing is said.
    const fn then(self) -> Option<Then> {
        match self {
            Self::Now | Self::TooLate => None,
            Self::Late(then) | Self::Again(then, _) => Some(then),
        }
    }

    /// Whether a mark may be lifted: not where something that was said since is not known.
    pub(crate) const fn lifts(self) -> bool {
        match self {
            Self::Now | Self::Late(_) => true,
            Self::TooLate => false,
            Self::Again(_, whole) => whole.is_last_word,
        }
    }
}

/// What parts of a message bear of others.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// Those that bear their mark.
    pub(crate) bear: BTreeSet<ResourceId>,
    /// Those of a message said again whose marks a late one may have changed.
    pub(crate) reached: BTreeSet<ResourceId>,
    /// Those of them that are composed anew, with nothing.
    pub(crate) anew: BTreeSet<ResourceId>,
}

/// What the parts of a message bear. `changed` is what a late message tells,
/// and what it has reached since.
pub(crate) async fn of(
    tx: &mut Tx,
    arrival: &Arrival<'_>,
    person: PersonId,
    placed: Placed<'_, '_>,
    (turn, changed): (Turn, &BTreeSet<ResourceId>),
) -> Result<Marks, Error> {
    let mut marks = Marks::default();
    let asks = &mut Asks { tx, arrival, person, named: BTreeMap::new() };
    let bearing = |(part, _): &(&Part<'_>, &Place)| !part.of.bears.is_empty();
    for (part, place) in placed.0.iter().zip(placed.1).filter(bearing) {
        let item = place.resource;
        let is_first = match turn {
            Turn::Again(then, _) if !place.is_new() => asks.is_first(item, then).await?,
            _ => place.is_new(),
        };
        if !is_first {
            continue;
        }
        let mut named = asks.named(part).await?;
        named.remove(&item);
        if let Turn::Again(_, Whole { is_all, .. }) = turn {
            if named.is_disjoint(changed) {
                continue;
            }
            marks.reached.insert(item);
            // Beside the names that somebody has had, there are lists that they left.
            if is_all && part.of.resource.kind() != "RelatedPerson" {
                marks.anew.insert(item);
            }
        }
        if asks.any_bears(&named, turn.then()).await? {
            marks.bear.insert(item);
        }
    }
    heirs(asks, placed, (turn, changed), &mut marks).await?;
    namesakes(asks, placed, turn, &mut marks).await?;
    Ok(marks)
}

/// Who is near the person, told without a word of a mark, and had or has one of the same name
/// beside them who is restricted.
async fn namesakes(
    asks: &mut Asks<'_, '_>,
    (parts, places): Placed<'_, '_>,
    turn: Turn,
    marks: &mut Marks,
) -> Result<(), Error> {
    let arrival = asks.arrival;
    let source = &arrival.source.organisation;
    let is_told =
        |part: &Part<'_>| part.of.resource.kind() == "RelatedPerson" && !part.of.bears.is_empty();
    for (part, place) in parts.iter().zip(places).filter(|(part, _)| is_told(part)) {
        let name = part.item_key.rsplit_once('#').filter(|(_, number)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        let name = name.map_or(part.item_key.as_str(), |(name, _)| name);
        let all = ken_records::namesakes(asks.tx, asks.person, source, name).await?;
        let others = all.into_iter().filter(|one| *one != place.resource).collect();
        if asks.any_bears(&others, turn.then()).await? {
            marks.bear.insert(place.resource);
        }
    }
    Ok(())
}

/// Who is near the person, new, and told without a word of a mark, in a list that somebody leaves
/// who is restricted: it may be the same one, under another name.
async fn heirs(
    asks: &mut Asks<'_, '_>,
    (parts, places): Placed<'_, '_>,
    (turn, changed): (Turn, &BTreeSet<ResourceId>),
    marks: &mut Marks,
) -> Result<(), Error> {
    let lists = asks.arrival.mapped.ended.iter().filter(|one| one.what == Ends::Cut);
    if !lists.map(|one| one.key.as_str()).any(|key| key == RELATED) {
        return Ok(());
    }
    let is_again = matches!(turn, Turn::Again(..));
    let may_be = |(part, place): &(&Part<'_>, &Place)| {
        let is_told = part.of.resource.kind() == "RelatedPerson" && !part.of.told.marks;
        is_told && (is_again || place.is_new())
    };
    let new = parts.iter().zip(places).filter(may_be).map(|(_, place)| place.resource);
    let new: BTreeSet<_> = new.collect();
    if new.is_empty() {
        return Ok(());
    }
    let told = places.iter().map(|place| place.resource).collect();
    let (source, system) = (&asks.arrival.source.organisation, asks.arrival.source.id.as_str());
    // Whom the list named by then, and names no more since, may have left it with this message.
    let ended = matches!(turn, Turn::Late(_));
    let (named, but) = ((system, RELATED), (&told, ended));
    let mut left = ken_records::leaving(asks.tx, asks.person, source, named, but).await?;
    if is_again {
        left = &left & changed;
    }
    if !asks.any_bears(&left, turn.then()).await? {
        return Ok(());
    }
    for item in new {
        if let Turn::Again(then, _) = turn {
            if !asks.is_first(item, then).await? {
                continue;
            }
            marks.reached.insert(item);
        }
        marks.bear.insert(item);
    }
    Ok(())
}

/// What is asked of one person's record.
struct Asks<'t, 'a> {
    tx: &'t mut Tx,
    arrival: &'t Arrival<'a>,
    person: PersonId,
    /// What is called by the keys that were asked for: the sections of a document bear the same.
    named: BTreeMap<Vec<String>, BTreeSet<ResourceId>>,
}

impl Asks<'_, '_> {
    /// What is called by the keys whose mark a part bears.
    async fn named(&mut self, part: &Part<'_>) -> Result<BTreeSet<ResourceId>, Error> {
        if let Some(known) = self.named.get(&part.of.bears) {
            return Ok(known.clone());
        }
        let (source, system) = (&self.arrival.source.organisation, self.arrival.source.id.as_str());
        let mut named = BTreeSet::new();
        for key in &part.of.bears {
            let of = (system, key.as_str());
            named.extend(ken_records::named(self.tx, self.person, source, of).await?);
        }
        self.named.insert(part.of.bears.clone(), named.clone());
        Ok(named)
    }

    async fn is_first(&mut self, item: ResourceId, then: Then) -> Result<bool, Error> {
        Ok(ken_records::is_first(self.tx, self.person, item, then).await?)
    }

    async fn any_bears(
        &mut self,
        items: &BTreeSet<ResourceId>,
        then: Option<Then>,
    ) -> Result<bool, Error> {
        for item in items {
            let mark = (RESTRICTED, then);
            if ken_records::bears(self.tx, self.person, *item, mark).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
