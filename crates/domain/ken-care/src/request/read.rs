//! Reading a request: what a side holds of it is its own record, so it is decided as that side's
//! own work; what was read before the decision stays sealed until its permit is spent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_core::{Category, Ctx, EntryId, InstrumentHash, OrganisationId, PersonId, ResourceId};
use ken_core::{Purpose, Sensitive};
use ken_directory::Acting;
use ken_records::{Grants, Masked, Sealed};
use ken_sharing::bundle::Bundle;
use ken_sharing::gate::Shown as Visibility;
use ken_sharing::{Action, Caller, Decision, Gate, Permit, Question, RowClass, class, gate};
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot, guard};
use serde_json::Value;

use super::rule::{Side, Standing, State};
use super::{By, Kind, Turn, Whole, bound, word};
use crate::Error;

/// What a request says, as far as it may be read: each part with its name.
pub type Parts = BTreeMap<&'static str, Sensitive<String>>;

/// What came of asking to read.
#[derive(Debug)]
pub enum Answer {
    /// For who asks there is no such request, or it may not be read: one answer, for what the gate
    /// refused would tell whose family it is about.
    None,
    /// This may be read.
    Shown(Box<Shown>),
}

/// A request as somebody reads it.
#[derive(Debug)]
pub struct Shown {
    /// Its id.
    pub id: ResourceId,
    /// Whom it is about.
    pub person: PersonId,
    /// What it is about.
    pub kind: Kind,
    /// What for.
    pub purpose: Purpose,
    /// On which side the reader stands; on none who passed it on.
    pub side: Option<Side>,
    /// How it stands, as far as the reader's organisation knows.
    pub standing: Standing,
    /// What it says.
    pub parts: Parts,
    /// Its turns, the oldest first, as far as they are the reader's organisation's or told to it.
    pub turns: Vec<Said>,
    /// The ledger's entry of this reading.
    pub entry: EntryId,
}

/// A turn as somebody reads it.
#[derive(Debug)]
pub struct Said {
    /// Its place.
    pub number: i64,
    /// What it is.
    pub state: State,
    /// Whose it is.
    pub by: Option<By>,
    /// To which organisation it went, where it was sent or passed on.
    pub to: Option<OrganisationId>,
    /// When.
    pub at: Timestamp,
    /// Whether it is the reader's organisation's and the other side was not told of it.
    pub is_untold: bool,
    /// What was said with it; nothing where that may not be read, or was not said.
    pub words: Option<Sensitive<String>>,
}

/// Reads a request, where it is the reader's to read and the gate permits it.
///
/// # Errors
///
/// Whatever the gate, the store or the key ring says.
pub async fn read(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    by: &Acting,
    id: ResourceId,
) -> Result<Answer, Error> {
    let current = gate.current(db, ctx).await?;
    let whole = db.snapshot("care.request-place", async |s| Whole::find(s, id).await).await?;
    let Some(whole) = whole else { return Ok(Answer::None) };
    if whole.place(by, &current.bundle)?.is_none() {
        return Ok(Answer::None);
    }
    let question = Question {
        person: whole.request.person,
        sources: BTreeSet::from([by.organisation.clone()]),
        action: Action::View,
        purpose: word("own-work")?,
        categories: whole.request.kind.fields()?.into_keys().collect(),
        before: None,
    };
    let (caller, shown) = (Caller::Practitioner(by), whole.shown(&current.bundle));
    let of = (gate, caller);
    let Decision::Permit(permit) =
        gate::decide_no_earlier(db, ctx, keys, of, &question, shown).await?
    else {
        return Ok(Answer::None);
    };
    let read = async |s: &mut Snapshot| found(s, keys, by, id).await;
    let (sealed, whole) = db.snapshot("care.request-read", read).await?;
    let Some(side) = whole.place(by, &current.bundle)? else { return Ok(Answer::None) };
    let entry = permit.entry();
    let (parts, mut words) = open(sealed, ctx, permit)?;
    let (standing, known) = (whole.known(by)?, whole.turns.iter());
    let known = known.filter(|turn| turn.is_read_by(&by.organisation));
    let turns = known.map(|turn| Said {
        number: turn.number,
        state: turn.state,
        by: turn.by.clone(),
        to: turn.to.as_ref().map(|to| to.organisation.clone()),
        at: turn.at,
        is_untold: whole.is_untold(turn, by).unwrap_or_default(),
        words: words.remove(&turn.number).filter(|text| !text.reveal().is_empty()),
    });
    let turns = turns.collect();
    let request = whole.request;
    let (id, person, kind, purpose) = (request.id, request.person, request.kind, request.purpose);
    let shown = Shown { id, person, kind, purpose, side, standing, parts, turns, entry };
    Ok(Answer::Shown(Box::new(shown)))
}

type Opened = (Parts, BTreeMap<i64, Sensitive<String>>);

fn open(sealed: Sealed<Found>, ctx: &Ctx<'_>, permit: Permit) -> Result<Opened, Error> {
    Ok(sealed.open(ctx.clock.now(), vec![permit])?)
}

/// What a side holds of a request, before anybody may see it.
struct Found {
    parts: Vec<Piece<&'static str>>,
    words: Vec<Piece<i64>>,
}

/// One thing that was written, and as what it is held.
struct Piece<K> {
    what: K,
    class: String,
    field: &'static str,
    text: Sensitive<String>,
}

impl<K: Ord> Piece<K> {
    fn shown(self, grants: &Grants) -> Option<(K, Sensitive<String>)> {
        let granted = grants.of(&self.class)?;
        let is_granted = granted.fields.keys().any(|field| field.as_str() == self.field);
        is_granted.then_some((self.what, self.text))
    }
}

impl Masked for Found {
    type Visible = Opened;

    fn mask(self, grants: &Grants) -> Opened {
        let parts = self.parts.into_iter().filter_map(|piece| piece.shown(grants)).collect();
        (parts, self.words.into_iter().filter_map(|piece| piece.shown(grants)).collect())
    }
}

async fn found(
    s: &mut Snapshot,
    keys: &KeyRing,
    by: &Acting,
    id: ResourceId,
) -> Result<(Sealed<Found>, Whole), Error> {
    let whole = Whole::find(s, id).await?.ok_or(Error::Corrupt("request"))?;
    let request = &whole.request;
    let epoch = guard::find(s, request.person).await?.map_or(-1, |guard| guard.epoch);
    let policy = guard::policy_version(s).await?;
    let at = &by.organisation;
    let body = keys.open(&request.key, &bound(id, 0), &request.body).await?;
    // Once its key is erased nothing is left to read.
    let body: Option<Value> = body.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let came = whole.turns.iter().find(|turn| turn.goes() && turn.is_read_by(at));
    let mut parts = vec![];
    if let Some((body, came)) = body.zip(came) {
        for (what, (category, field)) in places(request.kind) {
            let text = body.get(what).and_then(Value::as_str).unwrap_or_default();
            let (class, text) = (class_of(at, category, came)?, Sensitive::new(text.to_owned()));
            parts.push(Piece { what, class, field, text });
        }
    }
    let (category, field) = request.kind.words();
    let mut words = vec![];
    for turn in whole.turns.iter().filter(|turn| turn.is_read_by(at)) {
        let sealed = keys.open(&request.key, &bound(id, turn.number), &turn.words).await?;
        let Some(bytes) = sealed else { continue };
        let text = String::from_utf8(bytes).map_err(|_| Error::Corrupt("request"))?;
        let (class, text) = (class_of(at, category, turn)?, Sensitive::new(text));
        words.push(Piece { what: turn.number, class, field, text });
    }
    Ok((Sealed::new(request.person, (epoch, policy), Found { parts, words }), whole))
}

/// As what each part of a request is held.
fn places(kind: Kind) -> Vec<(&'static str, (&'static str, &'static str))> {
    let told = match kind {
        Kind::Concern => ("views", "aware"),
        Kind::Need => kind.words(),
    };
    let mut places = vec![("name", ("core", "name")), ("born", ("core", "dob"))];
    if kind == Kind::Need {
        places.push(("phone", ("core", "phone")));
    }
    places.extend(["worry", "did", "ask"].map(|part| (part, kind.words())));
    places.extend(["is_told", "told"].map(|part| (part, told)));
    places
}

/// The class under which an organisation holds what came with a turn: its own, or as it was told.
fn class_of(at: &OrganisationId, category: &str, turn: &Turn) -> Result<String, Error> {
    let category: Category = word(category)?;
    let lineage: BTreeSet<InstrumentHash> =
        turn.told.get(at).map(|told| told.lineage.clone()).unwrap_or_default();
    let (labels, source) = (BTreeSet::new(), at.clone());
    Ok(class::id(&RowClass { category, labels, source, lineage }))
}

impl Whole {
    /// When the person may see that it is read: no earlier than what was told of it shows.
    fn shown(&self, bundle: &Bundle) -> Visibility {
        let told = self.turns.iter().flat_map(|turn| turn.told.values());
        let shown = told.flat_map(|told| &told.clauses).map(|id| {
            let clause = bundle.clause(id).and_then(|(_, clause)| clause.visible_to_person);
            clause.unwrap_or(Visibility::AfterReview)
        });
        shown.max().unwrap_or(Visibility::AfterReview)
    }

    /// Whether a turn is of the reader's organisation, and the other side was not told of it.
    fn is_untold(&self, turn: &Turn, by: &Acting) -> Result<bool, Error> {
        Ok(self.other(by, turn.number)?.is_some() && !self.is_told(by, turn.number)?)
    }
}
