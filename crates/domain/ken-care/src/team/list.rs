//! Who was let into a team, as its rows say, and who is told of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, PersonId, PractitionerId, RelationshipId, RoleId};
use ken_directory::Acting;
use ken_store::{Reads, Row, values};

use super::{GRANTED, coordinates};
use crate::{Error, sql};

/// Most who were let in until a day that is still to come, in or out. House policy: beyond it
/// nobody else is let in before one of those days has come.
pub(super) const TERMS_MAX: usize = 500;
/// What each comes to at most: a row that lets in, and one that ends it.
const ROWS_MAX: i64 = 1_000;

/// Somebody who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which relationship that is.
    pub id: RelationshipId,
    /// Of which kind.
    pub kind: String,
    /// Who.
    pub practitioner: PractitionerId,
    /// At which organisation.
    pub organisation: OrganisationId,
    /// In which role of it.
    pub role: RoleId,
    /// Who let them in.
    pub by: (PractitionerId, OrganisationId),
    /// Since when.
    pub since: Timestamp,
    /// Until when at the latest.
    pub until: Timestamp,
    /// When it ended before that.
    pub ended: Option<Timestamp>,
    /// Whether the person may read of it on their own pages.
    pub is_shown: bool,
}

impl Member {
    /// Whether they are let in at a moment.
    #[must_use]
    pub fn is_in(&self, now: Timestamp) -> bool {
        self.ended.is_none_or(|ended| ended > now) && self.until > now
    }

    /// Whether it is somebody, in the organisation for which they act.
    #[must_use]
    pub fn is(&self, by: &Acting) -> bool {
        self.practitioner == by.practitioner && self.organisation == by.organisation
    }
}

/// Whoever was let in under one id of a person until a day that is still to come, in or out, the
/// oldest first.
///
/// # Errors
///
/// [`Error::Corrupt`] when a stored row no longer reads, or whatever the store says.
pub async fn members<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
) -> Result<Vec<Member>, Error> {
    let rows = reads.list(sql::TEAM_LIST, values![person, ctx.now_us(), ROWS_MAX], read).await?;
    Ok(members_of(rows))
}

/// Whoever is in now, as far as a practitioner is told of it: all of them where who asks holds a
/// coordinating role; otherwise themselves, and those whom their own organisation let in.
///
/// # Errors
///
/// As [`members`].
pub async fn known_to<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<Vec<Member>, Error> {
    let (coordinates, now) = (coordinates(reads, person, by).await?, ctx.clock.now());
    let is_told = |one: &Member| coordinates || one.is(by) || one.by.1 == by.organisation;
    let mut members = members(reads, ctx, person).await?;
    members.retain(|one| one.is_in(now) && is_told(one));
    Ok(members)
}

/// Whoever was let in, as far as the person may read of it: what was done while somebody might be
/// harmed by what their pages show is not told, and so a way in that ended then shows as it was.
///
/// # Errors
///
/// As [`members`].
pub async fn shown<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
) -> Result<Vec<Member>, Error> {
    let of = values![person, ctx.now_us(), ROWS_MAX];
    let mut rows = reads.list(sql::TEAM_LIST, of, read).await?;
    rows.retain(|(_, member)| member.is_shown);
    Ok(members_of(rows))
}

/// What rows come to: each who was let in, and when that ended.
fn members_of(rows: Vec<(String, Member)>) -> Vec<Member> {
    let (granted, ended): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(what, _)| what == GRANTED);
    let ends: BTreeMap<_, _> = ended.into_iter().map(|(_, one)| (one.id, one.since)).collect();
    let member = |(_, one): (String, Member)| Member { ended: ends.get(&one.id).copied(), ..one };
    granted.into_iter().map(member).collect()
}

fn read(row: &Row<'_>) -> ken_store::Result<(String, Member)> {
    let member = Member {
        id: row.parse(0)?,
        kind: row.text(2)?,
        practitioner: row.parse(3)?,
        organisation: row.parse(4)?,
        role: row.parse(5)?,
        by: (row.parse(6)?, row.parse(7)?),
        since: row.time(8)?,
        until: row.time(9)?,
        ended: None,
        is_shown: row.flag(10)?,
    };
    Ok((row.text(1)?, member))
}
