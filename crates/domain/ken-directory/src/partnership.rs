//! Partnerships in a tree: local under regional under national; and what each has adopted.
//!
//! # Invariants
//!
//! - What is above a partnership is of a higher level, so the tree has no circle.
//! - A partnership that is registered keeps its level, its lead and its place: moved elsewhere, it
//!   would silently lose the ceilings that it stands under.
//! - What a partnership adopted is never taken back here: an instrument ends by its own register.
//!
//! # Sources
//!
//! - House policy for levels, after the arrangements at local, regional and national level that
//!   health and social care in Scotland speaks of.

use std::collections::BTreeSet;

use ken_core::{Ctx, InstrumentHash, OrganisationId, PartnershipId};
use ken_store::{Reads, Row, Tx, guard, values};
use serde::Deserialize;

use crate::seed::{SeedError, TEXT_MAX};
use crate::{Error, organisation, sql, text};

/// Most partnerships of one store. House policy: the local ones of Scotland ten times over.
pub const PARTNERSHIPS_MAX: i64 = 500;
/// Most members of all partnerships, and most adoptions, that are read. House policy.
const ROWS_MAX: i64 = 20_000;

/// How wide a partnership reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// One area: its council, its health board, and who works with them.
    Local,
    /// Several areas.
    Regional,
    /// The nation.
    National,
}

impl Level {
    /// Every level, the widest first.
    pub const ALL: [Self; 3] = [Self::National, Self::Regional, Self::Local];

    /// The level as files and tables write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Regional => "regional",
            Self::National => "national",
        }
    }

    fn of(text: &str) -> Result<Self, Error> {
        let level = Self::ALL.into_iter().find(|level| level.as_str() == text);
        level.ok_or(Error::Corrupt("level"))
    }
}

/// Bodies that work together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partnership {
    /// Its id.
    pub id: PartnershipId,
    /// Its name, as people know it.
    pub name: String,
    /// How wide it reaches.
    pub level: Level,
    /// The partnership that it stands under.
    #[serde(default)]
    pub above: Option<PartnershipId>,
    /// The member that acts for it.
    pub lead: OrganisationId,
    /// Its members, the lead among them.
    pub members: BTreeSet<OrganisationId>,
}

/// Partnerships as a file has them, each after what it stands under.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "partnership")]
    partnerships: Vec<Partnership>,
}

/// Reads partnerships from a file: `[[partnership]]` tables, each after what it stands under.
///
/// # Errors
///
/// [`SeedError`] where the text is too long or cannot be read.
pub fn parse(text: &str) -> Result<Vec<Partnership>, SeedError> {
    if text.len() > TEXT_MAX {
        return Err(SeedError::TooLong);
    }
    let file: File = toml::from_str(text).map_err(|e| SeedError::Form(e.to_string()))?;
    Ok(file.partnerships)
}

/// Registers a partnership, or brings its name and its members up to date.
///
/// # Errors
///
/// [`Error::Unfit`] where its lead is no member or what it stands under is not of a higher level,
/// [`Error::Unknown`] where that or a member is not registered, [`Error::Taken`] where it is
/// registered with another level, lead or place; whatever the store says.
pub async fn register(tx: &mut Tx, ctx: &Ctx<'_>, new: &Partnership) -> Result<(), Error> {
    text::check(&new.name, "partnership name")?;
    if !new.members.contains(&new.lead) {
        return Err(Error::Unfit("lead of a partnership"));
    }
    for member in &new.members {
        if organisation::find(tx, member).await?.is_none() {
            return Err(Error::Unknown("member"));
        }
    }
    let all = list(tx).await?;
    if let Some(above) = &new.above {
        let found = all.iter().find(|one| one.id == *above).ok_or(Error::Unknown("partnership"))?;
        if found.level <= new.level {
            return Err(Error::Unfit("place of a partnership"));
        }
    }
    let known = all.iter().find(|one| one.id == new.id);
    let placed = |of: &Partnership| (of.level, of.lead.clone(), of.above.clone());
    if known.is_some_and(|known| placed(known) != placed(new)) {
        return Err(Error::Taken("partnership"));
    }
    let most = usize::try_from(PARTNERSHIPS_MAX).unwrap_or(usize::MAX);
    if known.is_none() && all.len() >= most {
        return Err(Error::TooMany("partnerships"));
    }
    let (name, level) = (new.name.as_str(), new.level.as_str());
    let of = values![&new.id, name, level, new.above.as_ref(), &new.lead, ctx.now_us()];
    tx.execute(sql::PARTNERSHIP_PUT, of).await?;
    tx.execute(sql::MEMBERS_DELETE, values![&new.id]).await?;
    for member in &new.members {
        tx.execute(sql::MEMBER_INSERT, values![&new.id, member]).await?;
    }
    Ok(())
}

/// Every partnership, the widest first, then by id.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list<R: Reads>(reads: &mut R) -> Result<Vec<Partnership>, Error> {
    let row = |row: &Row<'_>| {
        let (id, name, level) = (row.parse(0)?, row.text(1)?, row.text(2)?);
        Ok((id, name, level, row.parse_opt(3)?, row.parse(4)?))
    };
    let mut all = vec![];
    for (id, name, level, above, lead) in
        reads.list(sql::PARTNERSHIPS, values![PARTNERSHIPS_MAX], row).await?
    {
        let (level, members) = (Level::of(&level)?, BTreeSet::new());
        all.push(Partnership { id, name, level, above, lead, members });
    }
    let row = |row: &Row<'_>| Ok((row.parse::<PartnershipId>(0)?, row.parse(1)?));
    for (of, member) in reads.list(sql::MEMBERS, values![ROWS_MAX], row).await? {
        all.iter_mut().filter(|one| one.id == of).for_each(|one| {
            one.members.insert(OrganisationId::clone(&member));
        });
    }
    all.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.id.cmp(&b.id)));
    Ok(all)
}

/// A partnership and what it stands under, the nearest first; empty where it is not among them.
#[must_use]
pub fn line<'a>(all: &'a [Partnership], id: &PartnershipId) -> Vec<&'a Partnership> {
    let find = |id: &PartnershipId| all.iter().find(|one| one.id == *id);
    let mut line = vec![];
    let mut next = find(id);
    while let Some(one) = next.filter(|_| line.len() < Level::ALL.len()) {
        line.push(one);
        next = one.above.as_ref().and_then(find);
    }
    line
}

/// What one partnership has adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// Which partnership.
    pub by: PartnershipId,
    /// Which instrument.
    pub instrument: InstrumentHash,
    /// When, in microseconds since 1970 UTC.
    pub at_us: i64,
}

/// Keeps that a partnership has adopted an instrument; false where it had. The rules of what may be
/// adopted are not the directory's: `ken-sharing` asks them first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn adopt(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    by: &PartnershipId,
    instrument: &InstrumentHash,
) -> Result<bool, Error> {
    let of = values![by, instrument, ctx.now_us()];
    let is_new = tx.execute(sql::ADOPTION_INSERT, of).await? > 0;
    if is_new {
        guard::bump_policy(tx).await?;
    }
    Ok(is_new)
}

/// Every adoption, the oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn adoptions<R: Reads>(reads: &mut R) -> Result<Vec<Adoption>, Error> {
    let row = |row: &Row<'_>| {
        Ok(Adoption { by: row.parse(0)?, instrument: row.parse(1)?, at_us: row.int(2)? })
    };
    Ok(reads.list(sql::ADOPTIONS, values![ROWS_MAX], row).await?)
}
