//! Links: saying that two records are one person, and taking it back.
//!
//! # Invariants
//!
//! - A link moves nothing but who stands for whom; undone, everything is as it was before.
//! - Two records that each have a valid CHI number of their own are not linked
//!   ([`Error::TwoChis`]).
//! - Every link and undone link holds the guards of everybody who stands together with either,
//!   bumps them and is an entry on both streams; the gate is told who stands together
//!   ([`ken_sharing::together`]), so that what restricts under one id counts under all.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use ken_core::{Ctx, OrganisationId, PersonId};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_sharing::{linker, together};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Tx, values};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::{self, TOGETHER_MAX};
use crate::demographics::chi;
use crate::parted::Parted;
use crate::{Error, Why, chain, entry, sql};

/// The id of a link, of a place in the queue, or of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReviewId(Uuid);

/// The id of a link.
pub type LinkId = ReviewId;

impl ReviewId {
    pub(crate) const fn uuid(self) -> Uuid {
        self.0
    }

    pub(crate) fn draw(ctx: &Ctx<'_>) -> Self {
        Self(ctx.ids.ordered())
    }
}

impl fmt::Display for ReviewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

impl FromStr for ReviewId {
    type Err = ken_core::IdError;

    fn from_str(text: &str) -> Result<Self, ken_core::IdError> {
        text.parse::<ken_core::EntryId>().map(|id| Self(id.uuid()))
    }
}

/// A link that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The record that another stands for.
    pub person: PersonId,
    /// The record that stood for both when the link was made.
    pub lead: PersonId,
}

/// Who links: a practitioner, or a source about its own numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Linker<'a> {
    Practitioner(&'a Acting),
    Source(&'a OrganisationId),
}

impl Linker<'_> {
    fn detail(self) -> Value {
        match self {
            Self::Practitioner(by) => entry::who(by),
            Self::Source(organisation) => entry::source(organisation),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Practitioner(by) => by.practitioner.to_string(),
            Self::Source(organisation) => organisation.to_string(),
        }
    }
}

/// Lets `into` stand for `person` and for all that `person` stood for.
pub(crate) async fn join(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    into: PersonId,
    by: Linker<'_>,
    why: Option<&Why>,
) -> Result<Option<Link>, Error> {
    let people = BTreeSet::from([person, into]);
    let guard = together::lock(tx, &people).await?;
    let (from, to) = (account::lead(tx, person).await?, account::lead(tx, into).await?);
    if from == to {
        return Ok(None);
    }
    if has_two_chis(tx, from, to).await? {
        return Err(Error::TwoChis);
    }
    let moved = account::together(tx, from).await?;
    for one in &moved {
        if tx.execute(sql::PERSON_SET_LEAD, values![one, from, to]).await? == 0 {
            return Err(Error::Contended);
        }
    }
    let id = LinkId::draw(ctx);
    let list = moved.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let made = (ctx.now_us(), by.name());
    let of = values![from, id.to_string(), from, to, list, made.0, made.1, person, into];
    tx.execute(sql::LINK_INSERT, of).await?;
    together::join(tx, &guard, from, to).await?;
    note(tx, ctx, keys, EntryKind::Linked, (from, to), by, why).await?;
    Ok(Some(Link { id, person: from, lead: to }))
}

/// Takes a link back: who stood for whom is as it was before, and who takes it back does not read
/// them for a while ([`linker`]). What was shown of the wrong person
/// meanwhile is asked back from then on ([`Parted`]).
///
/// # Errors
///
/// [`Error::Unknown`] for no such link, [`Error::Decided`] for one that was taken back already,
/// [`Error::Buried`] where a later link stands on it, and whatever the store or the ledger says.
pub async fn unlink(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    link: LinkId,
    by: &Acting,
    why: &Why,
) -> Result<(), Error> {
    let read = |row: &ken_store::Row<'_>| {
        let undone = row.time_opt(3)?;
        let moved = (row.text(2)?, row.time(4)?);
        Ok((row.parse::<PersonId>(0)?, row.parse::<PersonId>(1)?, moved, undone))
    };
    let found = tx.find(sql::LINK, values![person, link.to_string()], read).await?;
    let (from, to, (moved, since), undone) = found.ok_or(Error::Unknown("link"))?;
    if undone.is_some() {
        return Err(Error::Decided("link"));
    }
    let guard = together::lock(tx, &BTreeSet::from([from, to])).await?;
    let joined = together::group(tx, to).await?;
    linker::note(tx, ctx, &joined, by.practitioner).await?;
    let parted = moved.split(' ').map(str::parse::<PersonId>).collect::<Result<_, _>>();
    let parted: BTreeSet<_> = parted.map_err(|_| Error::Corrupt("link"))?;
    refuse_buried(tx, link, to, &parted).await?;
    chain::part(tx, ctx, link, &parted).await?;
    for one in &parted {
        if tx.execute(sql::PERSON_SET_LEAD, values![one, to, from]).await? == 0 {
            return Err(Error::Buried);
        }
    }
    let of = values![person, link.to_string(), ctx.now_us()];
    if tx.execute(sql::LINK_UNDO, of).await? == 0 {
        return Err(Error::Decided("link"));
    }
    together::part(tx, &guard, &parted).await?;
    let sides = [parted, together::group(tx, to).await?];
    let (people, until) = ([from, to], ctx.clock.now());
    let parted = Parted { id: link, people, sides, from: since, until, source: None };
    parted.owe(tx, ctx).await?;
    let by = Linker::Practitioner(by);
    note(tx, ctx, keys, EntryKind::Unlinked, (from, to), by, Some(why)).await
}

/// Refuses to part what another link that stands says is one: with the link between them gone,
/// somebody would stay with those whom nobody ever said they were.
async fn refuse_buried(
    tx: &mut Tx,
    link: LinkId,
    to: PersonId,
    parted: &BTreeSet<PersonId>,
) -> Result<(), Error> {
    let all: BTreeSet<_> = account::together(tx, to).await?.into_iter().collect();
    for one in parted {
        let of = values![one, link.to_string(), TOGETHER_MAX];
        let read = |row: &ken_store::Row<'_>| Ok([row.parse_opt(0)?, row.parse_opt(1)?]);
        for ends in tx.list(sql::LINKS_NAMING, of, read).await? {
            let stays = |end: &PersonId| all.contains(end) && !parted.contains(end);
            if ends.into_iter().flatten().any(|end| stays(&end)) {
                return Err(Error::Buried);
            }
        }
    }
    Ok(())
}

/// Tells the gate of links that were made before it asked who stands together. Says how many.
///
/// # Errors
///
/// Whatever the store says; and, once the others are told, [`Error::Sharing`] for a group that is
/// too large, of which the gate then decides nothing under its whole name.
pub async fn tell(db: &Db) -> Result<usize, Error> {
    let (mut after, mut told, mut wrong) = (String::new(), 0, None);
    loop {
        let read = |row: &ken_store::Row<'_>| {
            Ok((row.parse::<PersonId>(0)?, row.text(1)?, row.parse::<PersonId>(2)?))
        };
        let untold = db.snapshot("person.untold", async |s| {
            let of = values![after.as_str(), TOGETHER_MAX];
            Ok::<_, Error>(s.list(sql::LINKS_UNTOLD, of, read).await?)
        });
        let untold = untold.await?;
        let Some((_, last, _)) = untold.last() else { break };
        after.clone_from(last);
        for (person, link, lead) in &untold {
            let one = db.write("person.tell", async |tx| {
                let guard = together::lock(tx, &BTreeSet::from([*person, *lead])).await?;
                together::join(tx, &guard, *person, *lead).await?;
                tx.execute(sql::LINK_TOLD, values![person, link.as_str()]).await?;
                Ok::<_, Error>(())
            });
            match one.await {
                Ok(()) => told += 1,
                Err(error @ Error::Sharing(_)) => wrong = Some(error),
                Err(error) => return Err(error),
            }
        }
    }
    wrong.map_or(Ok(told), Err)
}

/// The links of a record that stand, oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn links(s: &mut impl Reads, person: PersonId) -> Result<Vec<Link>, Error> {
    let read = |row: &ken_store::Row<'_>| Ok((row.parse::<LinkId>(0)?, row.parse(1)?));
    let list = s.list(sql::LINKS, values![person, TOGETHER_MAX], read).await?;
    Ok(list.into_iter().map(|(id, lead)| Link { id, person, lead }).collect())
}

/// Whether the two, with all they stand for, have different valid CHI numbers.
pub(crate) async fn has_two_chis(
    s: &mut impl Reads,
    one: PersonId,
    other: PersonId,
) -> Result<bool, Error> {
    let (one, other) = (account::lead(s, one).await?, account::lead(s, other).await?);
    let mine = account::national(s, one).await?;
    let theirs = account::national(s, other).await?;
    let numbers: BTreeSet<_> = chi(&mine).chain(chi(&theirs)).collect();
    Ok(numbers.len() > 1)
}

pub(crate) async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    kind: EntryKind,
    (from, to): (PersonId, PersonId),
    by: Linker<'_>,
    why: Option<&Why>,
) -> Result<(), Error> {
    for (person, other) in [(from, to), (to, from)] {
        let detail = json!({
            "event": kind.code(),
            "other": other.to_string(),
            "by": by.detail(),
            "reason": why.map(Why::reveal),
        });
        entry::decided(tx, ctx, keys, person, kind, detail).await?;
    }
    Ok(())
}
