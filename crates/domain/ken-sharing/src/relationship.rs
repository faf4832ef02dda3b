//! Relationships: why an organisation, or one practitioner of it, has to do with a person.
//!
//! A relationship is a fact with an owner: recorded by a register, confirmed by a second person,
//! or only claimed. One that only a message created counts as claimed until that source is trusted
//! for it. An identity link never creates one (`core.md` 2.6).
//!
//! What a message states rests on the number under which it does ([`number`]).
//!
//! A claim may be about somebody who is not held here at all; it is kept and shown alike, so that
//! what a claimant sees betrays nothing.

pub mod number;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, Fact, OrganisationId, PersonId, PractitionerId, RelationshipId, Sensitive};
use ken_directory::{Acting, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Snapshot, Tx, values};
use serde_json::json;

use crate::fact::{Grade, grade_of, grade_text, names};
use crate::{Error, fact, sql};

/// The kind of the relationship of an organisation that referred the person: what `*referrer` of an
/// agreement stands for.
pub const REFERRER: &str = "referrer";
/// The fact of whoever asks for an organisation that referred the person.
const IS_REFERRER: &str = "recipient:is-referrer";
/// How long a claim waits for its second person. House policy: one working week.
pub const CLAIM_WAIT: Duration = Duration::from_hours(7 * 24);
/// How long a confirmed claim lasts before it must be claimed again. House policy: ninety days.
pub const CLAIM_LAST: Duration = Duration::from_hours(90 * 24);
/// Most claims or people that one list shows.
pub const LIST_MAX: i64 = 200;
/// The same as a count of what is listed.
pub(crate) const LISTED: usize = 200;

/// A relationship that holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// Its id.
    pub id: RelationshipId,
    /// What kind: `direct-care`, `girfec-team`, `open-inquiry`.
    pub kind: String,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// The one practitioner it belongs to; the whole organisation's where there is none.
    pub practitioner: Option<PractitionerId>,
    /// How well it is known.
    pub grade: Grade,
}

/// A relationship to record.
#[derive(Debug, Clone)]
pub struct NewRelationship {
    /// Whom it is with.
    pub person: PersonId,
    /// What kind.
    pub kind: String,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// The one practitioner it belongs to, if it is not the whole organisation's.
    pub practitioner: Option<PractitionerId>,
    /// How well it is known.
    pub grade: Grade,
    /// The register or message source that says so.
    pub source: OrganisationId,
    /// When it ends, if that is known.
    pub until: Option<Timestamp>,
}

/// An open claim, as the second person sees it: what the claimant typed, and nothing that is held.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Its id.
    pub id: RelationshipId,
    /// What kind of relationship.
    pub kind: String,
    /// Who claims it.
    pub asserted_by: PractitionerId,
    /// What the claimant typed: who the person is, and why.
    pub typed: Sensitive<String>,
    /// When.
    pub at: Timestamp,
}

/// What claims wait in an organisation.
#[derive(Debug, Clone)]
pub struct Claims {
    /// At most [`LIST_MAX`] of them, the oldest first. Where there are more, of each claimant the
    /// newest are here: whoever claims much hides nothing of anybody else.
    pub claims: Vec<Claim>,
    /// Whether there are more than these.
    pub is_more: bool,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// Confirmed by the second person.
    Confirmed,
    /// Refused by the second person.
    Refused,
    /// No such open claim, or the second person is the first.
    NotOpen,
}

/// Records a relationship that a register asserts, with its ledger entry. What a message asserts is
/// [`number::state`]'s.
///
/// The caller holds the person's guard and bumps it.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn record(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: &NewRelationship,
) -> Result<RelationshipId, Error> {
    let id = add(tx, ctx, keys, new).await?;
    let of = values![new.person, id, number::REGISTER, number::REGISTER, ctx.now_us()];
    tx.execute_later(sql::PUT_STATED, of).await?;
    Ok(id)
}

async fn add(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: &NewRelationship,
) -> Result<RelationshipId, Error> {
    let id = RelationshipId::draw(ctx.ids);
    insert(tx, ctx, id, new, (None, None)).await?;
    let entry = NewEntry {
        stream: Stream::Person(new.person),
        kind: EntryKind::Relationship,
        visibility: fact::shown_at(tx, ctx, new.person).await?,
        detail: json!({
            "organisation": new.organisation.as_str(),
            "relationship": new.kind,
            "grade": grade_text(new.grade),
            "source": new.source.as_str(),
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(id)
}

/// Ends a relationship now, with its ledger entry; false where it had ended.
///
/// The caller holds the person's guard and bumps it.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn end(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    held: &Relationship,
) -> Result<bool, Error> {
    let of = values![person, held.id, ctx.now_us()];
    if tx.execute(sql::END_RELATIONSHIP, of).await? == 0 {
        return Ok(false);
    }
    let entry = NewEntry {
        stream: Stream::Person(person),
        kind: EntryKind::Relationship,
        visibility: fact::shown_at(tx, ctx, person).await?,
        detail: json!({
            "organisation": held.organisation.as_str(),
            "relationship": held.kind,
            "ended": true,
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(true)
}

async fn insert(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    id: RelationshipId,
    new: &NewRelationship,
    (asserted, confirmed): (Option<PractitionerId>, Option<PractitionerId>),
) -> Result<(), Error> {
    let of = values![
        new.person,
        id,
        new.kind.as_str(),
        &new.organisation,
        new.practitioner,
        grade_text(new.grade),
        &new.source,
        asserted,
        confirmed,
        ctx.now_us(),
        new.until
    ];
    tx.execute_later(sql::INSERT_RELATIONSHIP, of).await?;
    Ok(())
}

/// Claims a relationship with whoever fits what was typed, held here or not.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn claim(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    kind: &str,
    person: Option<PersonId>,
    typed: &Sensitive<String>,
) -> Result<RelationshipId, Error> {
    let id = RelationshipId::draw(ctx.ids);
    let key = keys.fresh().await?;
    let sealed = keys.seal(&key, id.to_string().as_bytes(), typed.reveal().as_bytes()).await?;
    let until = later(ctx, CLAIM_WAIT);
    let whom = person.map(|person| person.to_string()).unwrap_or_default();
    let what = ["claim", kind, whom.as_str(), typed.reveal()];
    db.write("sharing.claim", async |tx| {
        if let Some(before) = open_before(tx, ctx, &what, id).await? {
            return Ok(before);
        }
        let of = values![
            id,
            &by.organisation,
            kind,
            by.practitioner,
            person,
            key.to_string(),
            sealed.as_slice(),
            ctx.now_us(),
            until
        ];
        tx.execute_later(sql::INSERT_CLAIM, of).await?;
        let entry = organisation_entry(by, json!({ "claim": id.to_string(), "kind": kind }));
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(id)
    })
    .await
}

/// What the same form claimed before, while it is open; after that the same words claim anew.
async fn open_before(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    what: &[&str],
    id: RelationshipId,
) -> Result<Option<RelationshipId>, Error> {
    let Some(before) = sending::once(tx, ctx, what, id).await? else { return Ok(None) };
    let of = values![before, ctx.now_us()];
    if tx.find(sql::CLAIM_WAITS, of, |row| row.int(0)).await?.is_some() {
        return Ok(Some(before));
    }
    Ok(sending::anew(tx, ctx, what, (before, id)).await?)
}

/// Claims of an organisation that wait for a second person.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn claims(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    organisation: &OrganisationId,
) -> Result<Claims, Error> {
    // One more than is given tells whether there are more.
    let of = values![organisation, ctx.now_us(), LIST_MAX + 1];
    let mut rows = db
        .snapshot("sharing.claims", async |s| {
            let list = s.list(sql::LIST_CLAIMS, of, |row| {
                let claim = (row.parse(0)?, row.text(1)?, row.parse(2)?);
                Ok((claim, row.parse(3)?, row.bytes(4)?, row.int(5)?))
            });
            Ok::<_, Error>(list.await?)
        })
        .await?;
    let is_more = rows.len() > LISTED;
    rows.truncate(LISTED);
    let mut claims = Vec::with_capacity(rows.len());
    for ((id, kind, asserted_by), key, sealed, at) in rows {
        let id: RelationshipId = id;
        let Some(typed) = keys.open(&key, id.to_string().as_bytes(), &sealed).await? else {
            continue; // Erased: nothing is left to confirm.
        };
        let typed = String::from_utf8(typed).map_err(|_| Error::Corrupt("claim"))?;
        let at = Timestamp::from_microsecond(at).map_err(|_| Error::Corrupt("time"))?;
        claims.push(Claim { id, kind, asserted_by, typed: Sensitive::new(typed), at });
    }
    claims.sort_by_key(|claim| (claim.at, claim.id));
    Ok(Claims { claims, is_more })
}

/// Confirms or refuses a claim; nobody decides their own.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn decide_claim(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    claim: RelationshipId,
    confirm: bool,
) -> Result<ClaimOutcome, Error> {
    db.write("sharing.decide-claim", async |tx| {
        let of = values![claim, &by.organisation, by.practitioner, ctx.now_us()];
        let open = tx
            .find(sql::FIND_CLAIM, of, |row| {
                Ok((row.text(0)?, row.parse::<PractitionerId>(1)?, row.parse_opt(2)?))
            })
            .await?;
        let Some((kind, asserted_by, person)) = open else { return Ok(ClaimOutcome::NotOpen) };
        let decision = if confirm { "confirmed" } else { "refused" };
        let of = values![claim, by.practitioner, ctx.now_us(), decision];
        if tx.execute(sql::DECIDE_CLAIM, of).await? == 0 {
            return Ok(ClaimOutcome::NotOpen);
        }
        let entry = organisation_entry(
            by,
            json!({ "claim": claim.to_string(), "kind": kind, "decision": decision }),
        );
        ken_ledger::append(tx, ctx, keys, entry).await?;
        if let (true, Some(person)) = (confirm, person) {
            let pair = (asserted_by, by.practitioner);
            establish(tx, ctx, keys, by, (claim, person, kind), pair).await?;
        }
        Ok(if confirm { ClaimOutcome::Confirmed } else { ClaimOutcome::Refused })
    })
    .await
}

/// A confirmed claim becomes the claimant's relationship, and the person can see it.
async fn establish(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, person, kind): (RelationshipId, PersonId, String),
    (asserted, confirmed): (PractitionerId, PractitionerId),
) -> Result<(), Error> {
    let guard = tx.lock_people(&BTreeSet::from([person])).await?;
    let new = NewRelationship {
        person,
        kind,
        organisation: by.organisation.clone(),
        practitioner: Some(asserted),
        grade: Grade::Confirmed,
        source: by.organisation.clone(),
        until: Some(later(ctx, CLAIM_LAST)),
    };
    insert(tx, ctx, id, &new, (Some(asserted), Some(confirmed))).await?;
    guard.bump(tx).await?;
    let entry = NewEntry {
        stream: Stream::Person(person),
        kind: EntryKind::Relationship,
        visibility: fact::shown_at(tx, ctx, person).await?,
        detail: json!({
            "organisation": new.organisation.as_str(),
            "relationship": new.kind,
            "grade": grade_text(new.grade),
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

/// A person's relationships that hold now.
///
/// # Errors
///
/// Whatever the store says.
pub async fn of_person<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
) -> Result<Vec<Relationship>, Error> {
    let rows = reads
        .list(sql::LIST_RELATIONSHIPS, values![person, ctx.now_us()], |row| {
            let of = (row.parse(0)?, row.text(1)?, row.parse(2)?);
            Ok((of, row.parse_opt(3)?, row.text(4)?))
        })
        .await?;
    let relationship = |((id, kind, organisation), practitioner, grade): (_, _, String)| {
        let grade = grade_of(&grade)?;
        Ok(Relationship { id, kind, organisation, practitioner, grade })
    };
    rows.into_iter().map(relationship).collect()
}

/// The facts that relationships yield for one practitioner, and for the organisation alone.
pub(crate) fn facts(held: &[Relationship], by: &Acting) -> BTreeSet<Fact> {
    let theirs =
        |held: &&Relationship| held.organisation == by.organisation && is_not_of_another(held, by);
    let named = |held: &Relationship| {
        let mut named = names(&format!("relationship:{}", held.kind), held.grade);
        if held.kind == REFERRER {
            named.extend(names(IS_REFERRER, held.grade));
        }
        named
    };
    held.iter().filter(theirs).flat_map(named).collect()
}

/// Whether no one practitioner holds a relationship, or the one who asks does.
fn is_not_of_another(held: &Relationship, by: &Acting) -> bool {
    held.practitioner.is_none_or(|practitioner| practitioner == by.practitioner)
}

/// The organisations that referred the person, as a second person confirmed, to one practitioner. A
/// claim alone makes nobody a referrer: an end of a clause names no grade. Nor does a colleague's,
/// confirmed for them alone, make one's own organisation one.
pub(crate) fn referrers(held: &[Relationship], by: &Acting) -> BTreeSet<OrganisationId> {
    let is_known = |held: &&Relationship| {
        held.kind == REFERRER
            && held.grade != Grade::Claimed
            && (held.organisation != by.organisation || is_not_of_another(held, by))
    };
    held.iter().filter(is_known).map(|held| held.organisation.clone()).collect()
}

/// Whom somebody works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caseload {
    /// The people, each once: the practitioner's own first, then the organisation's as a whole; of
    /// both the most recent first. At most [`LIST_MAX`] of each.
    pub people: Vec<PersonId>,
    /// Whether there are more than these.
    pub is_more: bool,
}

/// People whom an organisation, or this practitioner of it, has a live relationship with. No number
/// of the organisation's people takes the place of the practitioner's own.
///
/// # Errors
///
/// Whatever the store says.
pub async fn caseload(db: &Db, ctx: &Ctx<'_>, by: &Acting) -> Result<Caseload, Error> {
    // One more than is given tells whether there are more.
    let (now, most) = (ctx.now_us(), LIST_MAX + 1);
    let read = async |s: &mut Snapshot| {
        let mut both = [vec![], vec![]];
        for (list, whose) in both.iter_mut().zip([Some(by.practitioner), None]) {
            let of = values![&by.organisation, now, whose, most];
            *list = s.list(sql::LIST_RELATED_PEOPLE, of, |row| row.parse::<PersonId>(0)).await?;
        }
        Ok::<_, Error>(both)
    };
    let [own, all] = db.snapshot("sharing.caseload", read).await?;
    let is_more = own.len() > LISTED || all.len() > LISTED;
    let (mut people, mut seen) = (vec![], BTreeSet::new());
    for person in own.into_iter().take(LISTED).chain(all.into_iter().take(LISTED)) {
        if seen.insert(person) {
            people.push(person);
        }
    }
    Ok(Caseload { people, is_more })
}

fn organisation_entry(by: &Acting, detail: serde_json::Value) -> NewEntry {
    let mut detail = detail;
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("practitioner".into(), json!(by.practitioner.to_string()));
        fields.insert("role".into(), json!(by.role.as_str()));
    }
    NewEntry {
        stream: Stream::Organisation(by.organisation.clone()),
        kind: EntryKind::Relationship,
        visibility: Visibility::Never,
        detail,
    }
}

pub(crate) fn later(ctx: &Ctx<'_>, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    ctx.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX)
}
