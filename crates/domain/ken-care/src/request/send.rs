//! Sending a request: a disclosure to the role that it goes to, and what is kept of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_core::{Ctx, InstrumentHash, PersonId, Purpose, ResourceId, Sensitive};
use ken_directory::{Acting, HeldRole, sending};
use ken_ledger::{EntryKind, NewEntry, Stream};
use ken_sharing::gate::{self, SendPermit, Sending, Sent};
use ken_sharing::{Action, Gate, RowClass, Statement, class, duty, fact, together};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, PeopleGuard, Snapshot, Tx, guard, timer, values};
use serde_json::json;

use super::rule::{Refused, State};
use super::{DAYS, Kind, LINE_LEN_MAX, TEXT_LEN_MAX, bound, joined, late, sql};
use crate::Error;

/// What a request says.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// Whom it is about, as the receiver knows them.
    pub name: Sensitive<String>,
    /// When they were born, as it is told.
    pub born: Sensitive<String>,
    /// How they are reached; only where somebody needs help.
    pub phone: Sensitive<String>,
    /// What is worrying.
    pub worry: Sensitive<String>,
    /// What was done about it.
    pub did: Sensitive<String>,
    /// What is asked.
    pub ask: Sensitive<String>,
    /// Whether the person was told of it.
    pub is_told: bool,
    /// What they said, or why they were not told.
    pub told: Sensitive<String>,
}

impl Content {
    /// Whether everything is there that must be, and nothing that the kind does not carry.
    fn fits(&self, kind: Kind) -> bool {
        let of = |text: &Sensitive<String>| text.reveal().trim().chars().count();
        let lines = [&self.name, &self.born];
        let texts = [&self.worry, &self.did, &self.ask, &self.told];
        let phone = if kind == Kind::Need { LINE_LEN_MAX } else { 0 };
        lines.into_iter().all(|line| (1..=LINE_LEN_MAX).contains(&of(line)))
            && texts.into_iter().all(|text| (1..=TEXT_LEN_MAX).contains(&of(text)))
            && of(&self.phone) <= phone
    }

    fn to_bytes(&self) -> Vec<u8> {
        let of = |text: &Sensitive<String>| text.reveal().trim().to_owned();
        let told = if self.is_told { "yes" } else { "no" };
        json!({
            "name": of(&self.name), "born": of(&self.born), "phone": of(&self.phone),
            "worry": of(&self.worry), "did": of(&self.did), "ask": of(&self.ask),
            "is_told": told, "told": of(&self.told),
        })
        .to_string()
        .into_bytes()
    }
}

/// A request to send.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Whom it is about.
    pub person: PersonId,
    /// What it is about.
    pub kind: Kind,
    /// What for.
    pub purpose: Purpose,
    /// To which role of which organisation.
    pub to: HeldRole,
    /// Within how long an answer is asked for, of [`DAYS`].
    pub days: String,
    /// What it says.
    pub content: Content,
}

/// What came of sending.
#[derive(Debug)]
pub enum Outcome {
    /// It was sent.
    Sent(ResourceId),
    /// It goes once these words are affirmed; nothing is kept.
    Words(BTreeSet<Statement>),
    /// It does not go; nothing is kept.
    Refused(Refused),
}

/// Sends a request; the same request again sends nothing.
///
/// # Errors
///
/// Whatever the gate, the store, the key ring or the ledger says; it is contended where the
/// person's sharing facts changed meanwhile.
pub async fn send(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    by: &Acting,
    new: &NewRequest,
) -> Result<Outcome, Error> {
    if !new.content.fits(new.kind) || !DAYS.contains(&new.days.as_str()) {
        return Ok(Outcome::Refused(Refused::Unfit));
    }
    let what = what(new);
    let what: Vec<&str> = what.iter().map(String::as_str).collect();
    let before = async |s: &mut Snapshot| sending::before(s, ctx, &what).await;
    if let Some(id) = db.snapshot("care.request-before", before).await? {
        return Ok(Outcome::Sent(id));
    }
    let anew = BTreeSet::new();
    let asked = asked((new.person, &new.purpose), new.kind, (&new.to, anew))?;
    let permit = match gate::send(db, ctx, keys, gate, by, asked).await? {
        Sent::Permit(permit) => permit,
        Sent::Need(need) => return Ok(Outcome::Words(need.statements)),
        Sent::Deny(_) => return Ok(Outcome::Refused(Refused::NoClause)),
    };
    let fresh = keys.fresh().await?;
    let id = db.write("care.request", async |tx| {
        let guard = held(tx, ctx, &permit).await?;
        let id = ResourceId::draw(ctx.ids);
        if let Some(before) = sending::once(tx, ctx, &what, id).await? {
            return Ok(before);
        }
        keep(tx, ctx, (keys, &fresh), (by, new), (id, &permit)).await?;
        guard.bump(tx).await?;
        Ok::<_, Error>(id)
    });
    Ok(Outcome::Sent(id.await?))
}

fn what(new: &NewRequest) -> [String; 7] {
    [
        "care-request".to_owned(),
        new.person.to_string(),
        new.kind.code().to_owned(),
        new.purpose.to_string(),
        format!("{} {}", new.to.organisation, new.to.role),
        new.days.clone(),
        String::from_utf8(new.content.to_bytes()).unwrap_or_default(),
    ]
}

/// What the gate is asked when a whole request goes somewhere; sent on, it is of what it was
/// received under.
pub(super) fn asked(
    (person, purpose): (PersonId, &Purpose),
    kind: Kind,
    (to, lineage): (&HeldRole, BTreeSet<InstrumentHash>),
) -> Result<Sending, Error> {
    let (to, purpose, action) = (to.clone(), purpose.clone(), Action::Push);
    Ok(Sending { person, to, action, purpose, what: kind.fields()?, lineage })
}

/// Takes the person's guard, where what was permitted still holds under it.
pub(super) async fn held(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    permit: &SendPermit,
) -> Result<PeopleGuard, Error> {
    let person = permit.sending().person;
    let held = together::lock(tx, &BTreeSet::from([person])).await?;
    let policy = guard::policy_version(tx).await?;
    let epoch = held.people().iter().find(|(one, _)| *one == person).map(|(_, of)| of.epoch);
    if epoch.is_some_and(|epoch| permit.holds(ctx.clock.now(), (epoch, policy))) {
        return Ok(held);
    }
    Err(ken_sharing::Error::Contended.into())
}

/// The request, its first turn, that it was told, and the clock on it.
async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (keys, key): (&KeyRing, &KeyId),
    (by, new): (&Acting, &NewRequest),
    (id, permit): (ResourceId, &SendPermit),
) -> Result<(), Error> {
    let body = keys.seal(key, &bound(id, 0), &new.content.to_bytes()).await?;
    let of = values![
        id,
        new.person,
        new.kind.code(),
        &new.purpose,
        new.days.as_str(),
        key.to_string(),
        body.as_slice(),
        ctx.now_us()
    ];
    tx.execute(sql::REQUEST_INSERT, of).await?;
    let sent = NewTurn {
        id,
        number: 1,
        state: State::Sent,
        to: Some((&new.to, due(ctx, &new.days, permit))),
        relationship: None,
        words: "",
    };
    sent.put(tx, ctx, (keys, key), Some(by)).await?;
    for category in new.kind.fields()?.into_keys() {
        let own = RowClass::plain(category, by.organisation.clone());
        class::note_held(tx, new.person, &own).await?;
    }
    give(tx, ctx, keys, by, (id, 1), permit).await
}

/// By when an answer is due: as it is asked for, and no later than the clauses want it.
pub(super) fn due(ctx: &Ctx<'_>, days: &str, permit: &SendPermit) -> Option<Timestamp> {
    duty::deadline(ctx, days).into_iter().chain(permit.due()).min()
}

/// A turn to keep.
pub(super) struct NewTurn<'a> {
    pub(super) id: ResourceId,
    pub(super) number: i64,
    pub(super) state: State,
    /// Where it goes, and by when an answer is due.
    pub(super) to: Option<(&'a HeldRole, Option<Timestamp>)>,
    pub(super) relationship: Option<ken_core::RelationshipId>,
    pub(super) words: &'a str,
}

impl NewTurn<'_> {
    /// Keeps it, and sets the clock where an answer is asked for.
    pub(super) async fn put(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        (keys, key): (&KeyRing, &KeyId),
        by: Option<&Acting>,
    ) -> Result<(), Error> {
        let due = self.to.and_then(|(_, due)| due);
        let words = self.words.trim().as_bytes();
        let words = keys.seal(key, &bound(self.id, self.number), words).await?;
        let of = values![
            self.id,
            self.number,
            self.state.code(),
            by.map(|by| by.practitioner),
            by.map(|by| by.organisation.as_str()),
            by.map(|by| by.role.as_str()),
            self.to.map(|(to, _)| to.organisation.as_str()),
            self.to.map(|(to, _)| to.role.as_str()),
            self.relationship,
            due,
            words.as_slice(),
            ctx.now_us()
        ];
        tx.execute(sql::REQUEST_TURN_INSERT, of).await?;
        if let Some(due) = due {
            timer::set(tx, late::TIMER, &late::key(self.id, self.number), due, "").await?;
        }
        Ok(())
    }
}

/// Spends a permit: a turn is told to the organisation that it may go to, which holds from now on
/// what goes with it.
pub(super) async fn give(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, number): (ResourceId, i64),
    permit: &SendPermit,
) -> Result<(), Error> {
    let Sending { person, to, what, .. } = permit.sending();
    for category in what.keys() {
        let (labels, lineage) = (BTreeSet::new(), permit.lineage().clone());
        let source = to.organisation.clone();
        let class = RowClass { category: category.clone(), labels, source, lineage };
        class::note_held(tx, *person, &class).await?;
    }
    let of = values![
        id,
        number,
        &to.organisation,
        &to.role,
        joined(permit.clauses()),
        joined(permit.lineage()),
        ctx.now_us()
    ];
    tx.execute(sql::REQUEST_TELL, of).await?;
    let detail: BTreeMap<&str, String> = [
        ("request", id.to_string()),
        ("turn", number.to_string()),
        ("to", to.organisation.to_string()),
        ("role", to.role.to_string()),
        ("practitioner", by.practitioner.to_string()),
        ("by", by.organisation.to_string()),
        ("permit", permit.entry().to_string()),
    ]
    .into();
    let entry = NewEntry {
        stream: Stream::Person(*person),
        kind: EntryKind::Sent,
        visibility: fact::shown_at(tx, ctx, *person).await?,
        detail: json!(detail),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}
