//! The team's access: whom a named person or a lead professional lets in, under a clause in force.
//!
//! What is given is a relationship of a kind that a clause knows already and that who gives it has
//! themselves; nothing is permitted by it that no clause covers, and it has an end. What becomes
//! of it is never changed or removed.
//!
//! # Invariants
//!
//! - Only who holds a coordinating role lets anybody in, or anybody but themselves out.
//! - Nobody lets themselves in, however they held a role before.
//! - Nobody is let in whose organisation is party to no clause that the relationship serves.
//! - Who is in is told to who coordinates; to anybody else only of themselves and of those whom
//!   their own organisation let in.
//! - The next decision knows of it: the guard's epoch moves in the same write.
//!
//! Source: the maturity model's row on professional details, level 5 (grant, revoke and maintain
//! access); house policy for the days.

mod list;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, PersonId, PractitionerId, RelationshipId, Sensitive};
use ken_directory::{Acting, HeldRole, practitioner, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::bundle::Bundle;
use ken_sharing::fact::{self, Grade};
use ken_sharing::relationship::{self, NewRelationship, Relationship};
use ken_sharing::together;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Tx, values};
use serde_json::json;

use crate::role::{self, Kind, WHY_LEN_MAX};
use crate::{Error, sql};

pub use list::{Member, known_to, members, shown};

/// What somebody may be let in by: relationships of care. An inquiry is opened by law, and a
/// referral is confirmed by a second person; neither is a coordinator's to give.
pub const KINDS: [&str; 2] = ["direct-care", "girfec-team"];
/// The days for which somebody may be let in. House policy: a month, a quarter, half a year.
pub const DAYS: [i64; 3] = [30, 90, 180];
/// Most who are let in at once. House policy: more than any team around one person.
pub const TEAM_MAX: usize = 50;

/// Somebody to let in.
#[derive(Debug)]
pub struct NewMember<'a> {
    /// By which kind of relationship, of [`KINDS`].
    pub kind: &'a str,
    /// Who, in which role of which organisation.
    pub practitioner: PractitionerId,
    /// At which organisation.
    pub held: HeldRole,
    /// For how many days, of [`DAYS`].
    pub days: i64,
    /// Why.
    pub why: &'a Sensitive<String>,
}

/// Why nobody was let in, or out. Nothing is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// Who asks holds no coordinating role of this person.
    NotCoordinating,
    /// Nobody lets themselves in.
    Oneself,
    /// Who asks has no such relationship themselves.
    NotTheirs,
    /// Whoever is named has no such role at that organisation now.
    NotInRole,
    /// No clause in force gives anything to that role of that organisation by this relationship.
    NoClause,
    /// They are in already, for as long.
    Already,
    /// They are not in.
    NotIn,
    /// As many are in as may be.
    TooMany,
    /// The kind, the days or the reason is none.
    Unfit,
}

/// Lets somebody into a person's team; who is in already is in until the later day. The same
/// request again changes nothing.
///
/// # Errors
///
/// Whatever the store, the key ring, the directory, the relationships or the ledger says.
pub async fn grant(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, bundle): (&Acting, &Bundle),
    person: PersonId,
    new: &NewMember<'_>,
) -> Result<Result<RelationshipId, Refused>, Error> {
    let Some(until) = until(ctx, new) else { return Ok(Err(Refused::Unfit)) };
    let asked = Asked { by, bundle, person, new, until };
    // Before a key is drawn: whoever asks for ever leaves nothing behind.
    let before = db.snapshot("care.grant-before", async |s| asked.judged(s, ctx).await).await?;
    match before {
        Judged::Before(id) => return Ok(Ok(id)),
        Judged::Refused(refused) => return Ok(Err(refused)),
        Judged::May(_) => {}
    }
    let fresh = keys.fresh().await?;
    db.write("care.grant", async |tx| {
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        let now_in = match asked.judged(tx, ctx).await? {
            Judged::Before(id) => return Ok(Ok(id)),
            Judged::Refused(refused) => return Ok(Err(refused)),
            Judged::May(now_in) => now_in,
        };
        let step = Step { keys, fresh: &fresh, by, person, why: new.why };
        if let Some(old) = now_in {
            step.out(tx, ctx, &old, RENEWED).await?;
        }
        let id = relationship::record(tx, ctx, keys, &asked.relationship()).await?;
        let what = asked.what();
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        if sending::once(tx, ctx, &what, id).await?.is_some() {
            return Err(ken_sharing::Error::Contended.into());
        }
        step.note(tx, ctx, &asked.member(ctx, id), GRANTED).await?;
        guard.bump(tx).await?;
        Ok(Ok(id))
    })
    .await
}

/// Ends somebody's access to the team, from the next decision on. Who is in may leave. The same
/// request again changes nothing.
///
/// # Errors
///
/// As [`grant`].
pub async fn end(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (person, id): (PersonId, RelationshipId),
    why: &Sensitive<String>,
) -> Result<Result<(), Refused>, Error> {
    if !is_reason(why) {
        return Ok(Err(Refused::Unfit));
    }
    let fresh = keys.fresh().await?;
    let (of, whom) = (person.to_string(), id.to_string());
    let what = ["care-team-end", of.as_str(), whom.as_str(), why.reveal().as_str()];
    db.write("care.revoke", async |tx| {
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        if sending::before::<RelationshipId>(tx, ctx, &what).await?.is_some() {
            return Ok(Ok(()));
        }
        let coordinates = coordinates(tx, person, by).await?;
        let members = members(tx, ctx, person).await?;
        let now = ctx.clock.now();
        let member = members.into_iter().find(|one| one.id == id && one.is_in(now));
        let member = match member {
            Some(member) if coordinates || member.is(by) => member,
            // Whoever may not know who is in learns nothing by trying.
            _ if !coordinates => return Ok(Err(Refused::NotCoordinating)),
            _ => return Ok(Err(Refused::NotIn)),
        };
        sending::once(tx, ctx, &what, id).await?;
        let step = Step { keys, fresh: &fresh, by, person, why };
        step.out(tx, ctx, &member, if member.is(by) { LEFT } else { REVOKED }).await?;
        guard.bump(tx).await?;
        Ok(Ok(()))
    })
    .await
}

/// Whether somebody holds a coordinating role of a person now.
///
/// # Errors
///
/// As [`role::turns`].
pub async fn coordinates<R: Reads>(
    reads: &mut R,
    person: PersonId,
    by: &Acting,
) -> Result<bool, Error> {
    for kind in Kind::ALL {
        if role::standing(reads, person, kind).await?.is_held_by(by) {
            return Ok(true);
        }
    }
    Ok(false)
}

const GRANTED: &str = "granted";
const RENEWED: &str = "renewed";
const REVOKED: &str = "revoked";
const LEFT: &str = "left";

fn is_reason(why: &Sensitive<String>) -> bool {
    (1..=WHY_LEN_MAX).contains(&why.reveal().trim().chars().count())
}

/// Until when somebody is let in; none where that, the kind or the reason is none.
fn until(ctx: &Ctx<'_>, new: &NewMember<'_>) -> Option<Timestamp> {
    let is_fit = KINDS.contains(&new.kind) && DAYS.contains(&new.days) && is_reason(new.why);
    let last = SignedDuration::from_hours(new.days.saturating_mul(24));
    is_fit.then(|| ctx.clock.now().checked_add(last).ok()).flatten()
}

/// What is asked, by whom.
struct Asked<'a> {
    by: &'a Acting,
    bundle: &'a Bundle,
    person: PersonId,
    new: &'a NewMember<'a>,
    until: Timestamp,
}

/// What comes of asking.
enum Judged {
    /// The same request let them in.
    Before(RelationshipId),
    /// Nothing.
    Refused(Refused),
    /// They are let in; this is by what they are in already.
    May(Option<Member>),
}

impl Asked<'_> {
    fn what(&self) -> [String; 7] {
        let new = self.new;
        [
            "care-team".to_owned(),
            self.person.to_string(),
            new.kind.to_owned(),
            new.practitioner.to_string(),
            format!("{} {}", new.held.organisation, new.held.role),
            new.days.to_string(),
            new.why.reveal().clone(),
        ]
    }

    async fn judged<R: Reads>(&self, reads: &mut R, ctx: &Ctx<'_>) -> Result<Judged, Error> {
        let what = self.what();
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        if let Some(id) = sending::before(reads, ctx, &what).await? {
            return Ok(Judged::Before(id));
        }
        if !coordinates(reads, self.person, self.by).await? {
            return Ok(Judged::Refused(Refused::NotCoordinating));
        }
        let now = ctx.clock.now();
        let members = members(reads, ctx, self.person).await?;
        let is_full = members.len() >= list::TERMS_MAX;
        let all_in: Vec<_> = members.into_iter().filter(|one| one.is_in(now)).collect();
        let held = relationship::of_person(reads, ctx, self.person).await?;
        let roles = practitioner::roles(reads, ctx, self.new.practitioner).await?;
        let is_in_role = roles.contains(&self.new.held);
        Ok(match self.refused(ctx, (&all_in, &held), is_in_role) {
            Some(refused) => Judged::Refused(refused),
            None if is_full => Judged::Refused(Refused::TooMany),
            None => Judged::May(all_in.into_iter().find(|one| self.is_of(one))),
        })
    }

    /// Whether somebody who is in is the one who is to be let in, likewise.
    fn is_of(&self, member: &Member) -> bool {
        let new = self.new;
        member.practitioner == new.practitioner
            && member.organisation == new.held.organisation
            && member.kind == new.kind
    }

    /// Why a coordinator may not let them in.
    fn refused(
        &self,
        ctx: &Ctx<'_>,
        (all_in, held): (&[Member], &[Relationship]),
        is_in_role: bool,
    ) -> Option<Refused> {
        let HeldRole { organisation, role } = &self.new.held;
        let is_theirs = |one: &Relationship| {
            one.kind == self.new.kind
                && one.organisation == self.by.organisation
                && one.grade != Grade::Claimed
                && one.practitioner.is_none_or(|whose| whose == self.by.practitioner)
        };
        let to = (organisation, role);
        match () {
            () if self.new.practitioner == self.by.practitioner => Some(Refused::Oneself),
            () if !held.iter().any(is_theirs) => Some(Refused::NotTheirs),
            () if !is_in_role => Some(Refused::NotInRole),
            () if !self.bundle.rests_on(self.new.kind, to, ctx.clock.today()) => {
                Some(Refused::NoClause)
            }
            () if all_in.iter().any(|one| self.is_of(one) && one.until >= self.until) => {
                Some(Refused::Already)
            }
            () if all_in.len() >= TEAM_MAX => Some(Refused::TooMany),
            () => None,
        }
    }

    fn relationship(&self) -> NewRelationship {
        NewRelationship {
            person: self.person,
            kind: self.new.kind.to_owned(),
            organisation: self.new.held.organisation.clone(),
            practitioner: Some(self.new.practitioner),
            grade: Grade::Confirmed,
            source: self.by.organisation.clone(),
            until: Some(self.until),
        }
    }

    fn member(&self, ctx: &Ctx<'_>, id: RelationshipId) -> Member {
        Member {
            id,
            kind: self.new.kind.to_owned(),
            practitioner: self.new.practitioner,
            organisation: self.new.held.organisation.clone(),
            role: self.new.held.role.clone(),
            by: (self.by.practitioner, self.by.organisation.clone()),
            since: ctx.clock.now(),
            until: self.until,
            ended: None,
            is_shown: true,
        }
    }
}

/// Who does something, to whose team, and why.
struct Step<'a> {
    keys: &'a KeyRing,
    fresh: &'a KeyId,
    by: &'a Acting,
    person: PersonId,
    why: &'a Sensitive<String>,
}

impl Step<'_> {
    /// Ends the relationship by which somebody is in.
    async fn out(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        member: &Member,
        what: &str,
    ) -> Result<(), Error> {
        let held = Relationship {
            id: member.id,
            kind: member.kind.clone(),
            organisation: member.organisation.clone(),
            practitioner: Some(member.practitioner),
            grade: Grade::Confirmed,
        };
        relationship::end(tx, ctx, self.keys, self.person, &held).await?;
        self.note(tx, ctx, member, what).await
    }

    /// The row and its entry.
    async fn note(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        member: &Member,
        what: &str,
    ) -> Result<(), Error> {
        let visibility = fact::shown_at(tx, ctx, self.person).await?;
        let why = self.why.reveal().trim();
        let aad = format!("care-team/1 {} {} {what}", self.person, member.id).into_bytes();
        let sealed = self.keys.seal(self.fresh, &aad, why.as_bytes()).await?;
        let of = values![
            self.person,
            member.id,
            what,
            member.kind.as_str(),
            member.practitioner,
            &member.organisation,
            &member.role,
            self.by.practitioner,
            &self.by.organisation,
            self.fresh.to_string(),
            sealed.as_slice(),
            ctx.now_us(),
            member.until,
            visibility == Visibility::Now
        ];
        tx.execute(sql::TEAM_INSERT, of).await?;
        let entry = NewEntry {
            stream: Stream::Person(self.person),
            kind: EntryKind::Relationship,
            visibility,
            detail: json!({
                "team": what,
                "relationship": member.kind,
                "member": member.practitioner.to_string(),
                "organisation": member.organisation.as_str(),
                "until": member.until.to_string(),
                "practitioner": self.by.practitioner.to_string(),
                "by": self.by.organisation.as_str(),
                "role": self.by.role.as_str(),
                "why": why,
            }),
        };
        ken_ledger::append(tx, ctx, self.keys, entry).await?;
        Ok(())
    }
}
