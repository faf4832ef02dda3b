//! What was said by word of mouth: a practitioner records that they told somebody something about a
//! person, or heard it, by telephone, face to face or by video.
//!
//! It has been said, so nothing here permits or refuses it. Whether a clause covered it is asked of
//! the gate for that moment ([`ken_sharing::gate::afterwards`]) and stands on the ledger with it;
//! what none covered waits for the governance of the practitioner's own organisation.
//!
//! # Invariants
//!
//! - Nothing that was said is refused for what it was: a report of harm is recorded as anything is.
//! - Whoever records is told the same whether or not a clause covered it, and of an id that nobody
//!   has; only the words of a clause that would cover it are asked for, as for any look.
//! - What was said is nowhere: the kinds of information alone are.
//! - Governance reads who spoke with whom, when and of what kinds; not of whom.
//!
//! # Sources
//!
//! - UK GDPR art. 15(1)(c) (to whom something was disclosed); house policy for days and numbers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ken_core::{
    Category, Ctx, OrganisationId, PersonId, PractitionerId, Purpose, ResourceId, RoleId, Sensitive,
};
use ken_directory::{Acting, HeldRole, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::gate::afterwards::{self, Judged, Spoken};
use ken_sharing::{Gate, Statement, fact};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Snapshot, Tx, values};
use serde_json::{Value, json};

use crate::sql::told as sql;
use crate::{Error, often, role};

pub use crate::sql::told::ALL as STATEMENTS;

/// What whoever records something says by recording it.
pub const ATTESTS: &str =
    "I said no more than was needed for this, to somebody whom I had made sure of.";
/// Most kinds of information of one record. House policy: more than one talk is of.
pub const KINDS_MAX: usize = 30;
/// Longest name of somebody outside, and longest word of governance, in characters. House policy.
pub const WORDS_LEN_MAX: usize = 500;
/// How long ago it may have been said. House policy: what is older is remembered badly, and goes to
/// governance in words.
pub const AGO_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Most that one practitioner records in a day. House policy: a talk every three minutes.
pub const DAY_MAX: i64 = 200;
/// Most that governance reads at once, the oldest first. House policy: a day's work.
pub const LIST_MAX: i64 = 100;
/// How far a clock on a desk may be ahead of ours.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// How it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// By telephone.
    Telephone,
    /// Face to face.
    FaceToFace,
    /// By video.
    Video,
}

impl How {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Telephone, Self::FaceToFace, Self::Video];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Telephone => "telephone",
            Self::FaceToFace => "face-to-face",
            Self::Video => "video",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// With whom.
#[derive(Debug, Clone)]
pub enum With {
    /// A role of an organisation of the partnership.
    Role(HeldRole),
    /// Such an organisation, in a role that no clause names.
    Organisation(OrganisationId),
    /// Somebody else, in words.
    Outside(Sensitive<String>),
}

impl With {
    fn organisation(&self) -> Option<&OrganisationId> {
        match self {
            Self::Role(held) => Some(&held.organisation),
            Self::Organisation(organisation) => Some(organisation),
            Self::Outside(_) => None,
        }
    }

    fn role(&self) -> Option<&HeldRole> {
        match self {
            Self::Role(held) => Some(held),
            Self::Organisation(_) | Self::Outside(_) => None,
        }
    }

    fn outside(&self) -> &str {
        match self {
            Self::Outside(words) => words.reveal().trim(),
            Self::Role(_) | Self::Organisation(_) => "",
        }
    }
}

/// Something that was said.
#[derive(Debug, Clone)]
pub struct NewTold {
    /// Whom it is about.
    pub person: PersonId,
    /// With whom.
    pub with: With,
    /// Whether it was heard from them, and not told.
    pub is_heard: bool,
    /// How.
    pub how: How,
    /// What for.
    pub purpose: Purpose,
    /// Of which kinds of information it was.
    pub categories: BTreeSet<Category>,
    /// When; now where none is given.
    pub at: Option<Timestamp>,
    /// Words of clauses that were so when it was said. They open nothing.
    pub affirmed: BTreeSet<Statement>,
}

/// What came of recording.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is recorded.
    Recorded(ResourceId),
    /// A clause covers it if these words were so; nothing is kept yet.
    Words(BTreeSet<Statement>),
    /// Something is missing or too long; nothing is kept.
    Unfit,
    /// Somebody records too much in a day; nothing is kept.
    TooMany,
}

/// Records what was said; the same request again records nothing. Where a clause would cover it by
/// words that are not affirmed, they are asked for, unless it is to stand `as_it_is`.
///
/// # Errors
///
/// Whatever the gate, the store, the key ring or the ledger says.
pub async fn record(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    by: &Acting,
    (new, as_it_is): (&NewTold, bool),
) -> Result<Outcome, Error> {
    let at = new.at.unwrap_or_else(|| ctx.clock.now());
    if !new.fits(by, ctx.clock.now().duration_since(at)) {
        return Ok(Outcome::Unfit);
    }
    let what = new.what();
    let what: Vec<&str> = what.iter().map(String::as_str).collect();
    let before = async |s: &mut Snapshot| before(s, ctx, by, &what).await;
    if let Some(before) = db.snapshot("care.told-before", before).await? {
        return Ok(before);
    }
    let spoken = new.spoken(at);
    let judged = afterwards::judge(db, ctx, gate, by, &spoken).await?;
    if !as_it_is && !judged.missing.is_empty() {
        let entry = new.asked_for_words(by, (at, &judged));
        db.write("care.told-words", async |tx| {
            Ok::<_, Error>(ken_ledger::append(tx, ctx, keys, entry).await?)
        })
        .await?;
        return Ok(Outcome::Words(judged.missing));
    }
    let fresh = keys.fresh().await?;
    db.write("care.told", async |tx| {
        if let Some(before) = self::before(tx, ctx, by, &what).await? {
            return Ok(before);
        }
        let id = ResourceId::draw(ctx.ids);
        if let Some(before) = sending::once(tx, ctx, &what, id).await? {
            return Ok(Outcome::Recorded(before));
        }
        new.keep(tx, ctx, (keys, &fresh), by, (id, at, &judged)).await?;
        Ok(Outcome::Recorded(id))
    })
    .await
}

/// What the same request came to, or that somebody records too much; none where it may go on.
async fn before<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    what: &[&str],
) -> Result<Option<Outcome>, Error> {
    if let Some(id) = sending::before(reads, ctx, what).await? {
        return Ok(Some(Outcome::Recorded(id)));
    }
    let of = values![by.practitioner, often::since(ctx), DAY_MAX];
    let count = reads.find(sql::TOLD_COUNT, of, |row| row.int(0)).await?.unwrap_or_default();
    Ok((count >= DAY_MAX).then_some(Outcome::TooMany))
}

impl NewTold {
    fn fits(&self, by: &Acting, ago: SignedDuration) -> bool {
        let outside = self.with.outside().chars().count();
        let is_named = match &self.with {
            With::Outside(_) => (1..=WORDS_LEN_MAX).contains(&outside),
            With::Role(_) | With::Organisation(_) => {
                self.with.organisation().is_some_and(|of| *of != by.organisation)
            }
        };
        is_named
            && (1..=KINDS_MAX).contains(&self.categories.len())
            && (-AHEAD_MAX..=AGO_MAX).contains(&ago)
    }

    fn what(&self) -> [String; 7] {
        let with = match &self.with {
            With::Role(held) => format!("{} {}", held.organisation, held.role),
            With::Organisation(organisation) => organisation.to_string(),
            With::Outside(words) => format!("outside {}", words.reveal()),
        };
        [
            "care-told".to_owned(),
            self.person.to_string(),
            with,
            format!("{} {}", self.how.code(), self.is_heard),
            self.purpose.to_string(),
            self.kinds(),
            self.at.map(|at| at.to_string()).unwrap_or_default(),
        ]
    }

    fn kinds(&self) -> String {
        let kinds: Vec<_> = self.categories.iter().map(Category::as_str).collect();
        kinds.join(" ")
    }

    fn spoken(&self, at: Timestamp) -> Spoken {
        Spoken {
            person: self.person,
            with: self.with.role().cloned(),
            is_heard: self.is_heard,
            purpose: self.purpose.clone(),
            categories: self.categories.clone(),
            at,
            affirmed: self.affirmed.iter().map(|one| one.words.clone()).collect(),
        }
    }

    /// The row and its entry.
    async fn keep(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        (keys, fresh): (&KeyRing, &KeyId),
        by: &Acting,
        (id, at, judged): (ResourceId, Timestamp, &Judged),
    ) -> Result<(), Error> {
        let sealed = keys.seal(fresh, &bound(id), self.with.outside().as_bytes()).await?;
        let is_covered = judged.is_whole(&self.categories);
        let of = values![
            id,
            self.person,
            by.practitioner,
            &by.organisation,
            &by.role,
            self.is_heard,
            self.how.code(),
            self.with.organisation().map(OrganisationId::as_str),
            self.with.role().map(|held| held.role.as_str()),
            &self.purpose,
            self.kinds(),
            at,
            ctx.now_us(),
            is_covered,
            fresh.to_string(),
            sealed.as_slice()
        ];
        tx.execute(sql::TOLD_INSERT, of).await?;
        // Of nobody there is no stream: what is said of them stands in who said it.
        let (stream, visibility) = if judged.is_known {
            let shown = fact::shown_at(tx, ctx, self.person).await?.max(judged.visibility);
            (Stream::Person(self.person), shown)
        } else {
            (Stream::Organisation(by.organisation.clone()), Visibility::Never)
        };
        let detail = self.detail(by, (at, judged));
        let entry = NewEntry { stream, kind: EntryKind::Told, visibility, detail };
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(())
    }

    /// That words were asked for: an answer about the person, which stands on the ledger as any.
    fn asked_for_words(&self, by: &Acting, (at, judged): (Timestamp, &Judged)) -> NewEntry {
        let words: Vec<_> = judged.missing.iter().map(|one| one.words.to_string()).collect();
        NewEntry {
            stream: Stream::Person(self.person),
            kind: EntryKind::Told,
            visibility: Visibility::AfterReview,
            detail: json!({
                "words": words,
                "said": at.to_string(),
                "organisation": by.organisation.as_str(),
                "role": by.role.as_str(),
                "practitioner": by.practitioner.to_string(),
                "purpose": self.purpose.as_str(),
            }),
        }
    }

    /// What stands on the ledger: as of a disclosure, with the kinds that no clause covered.
    fn detail(&self, by: &Acting, (at, judged): (Timestamp, &Judged)) -> Value {
        let mut clauses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (category, covered) in &judged.clauses {
            for clause in covered {
                clauses.entry(clause.as_str()).or_default().push(category.as_str());
            }
        }
        let uncovered =
            self.categories.iter().filter(|category| !judged.clauses.contains_key(*category));
        let uncovered: Vec<_> = uncovered.map(Category::as_str).collect();
        let with = self.with.organisation().map(OrganisationId::as_str);
        let role = self.with.role().map(|held| held.role.as_str());
        let source =
            if self.is_heard { with.unwrap_or_default() } else { by.organisation.as_str() };
        json!({
            "told": if self.is_heard { "heard" } else { "told" },
            "how": self.how.code(),
            "said": at.to_string(),
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
            "purpose": self.purpose.as_str(),
            "with": { "organisation": with, "role": role, "outside": self.with.outside() },
            "from": { source: { "clauses": clauses } },
            "uncovered": uncovered,
            "attests": ATTESTS,
            "affirmed": self.affirmed.iter().map(|one| one.words.to_string()).collect::<Vec<_>>(),
        })
    }
}

/// With which role somebody spoke last, and how: what they are offered first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn usual<R: Reads>(
    reads: &mut R,
    by: &Acting,
) -> Result<Option<(Option<HeldRole>, How)>, Error> {
    let of = values![by.practitioner, &by.organisation];
    let read = |row: &Row<'_>| {
        let (organisation, role) = (row.parse_opt(0)?, row.parse_opt::<RoleId>(1)?);
        let held = organisation.zip(role);
        let held = held.map(|(organisation, role)| HeldRole { organisation, role });
        Ok((held, row.text(2)?))
    };
    let found = reads.find(sql::TOLD_LAST, of, read).await?;
    Ok(found.and_then(|(held, how)| How::of_code(&how).map(|how| (held, how))))
}

/// Something that was said and that no clause covered, as governance reads it.
#[derive(Debug)]
pub struct Uncovered {
    /// Which.
    pub id: ResourceId,
    /// Who recorded it.
    pub by: PractitionerId,
    /// In which role.
    pub role: RoleId,
    /// Whether it was heard, and not told.
    pub is_heard: bool,
    /// How.
    pub how: How,
    /// With which organisation of the partnership, and in which role where that is known.
    pub with: Option<(OrganisationId, Option<RoleId>)>,
    /// With whom outside; none once its key is erased.
    pub outside: Option<Sensitive<String>>,
    /// What for.
    pub purpose: Purpose,
    /// Of which kinds of information.
    pub categories: Vec<Category>,
    /// When it was said.
    pub at: Timestamp,
}

/// What practitioners of an organisation said that no clause covered and nobody has looked into,
/// the oldest first; of whom it was is not told.
///
/// # Errors
///
/// [`Error::Corrupt`] where a row does not read; whatever the store or the key ring says.
pub async fn uncovered<R: Reads>(
    reads: &mut R,
    keys: &KeyRing,
    organisation: &OrganisationId,
) -> Result<Vec<Uncovered>, Error> {
    let rows = reads.list(sql::TOLD_UNCOVERED, values![organisation, LIST_MAX], read).await?;
    let mut all = vec![];
    for (one, key, sealed) in rows {
        let mut one = one.ok_or(Error::Corrupt("told"))?;
        one.outside = role::open(keys, &key, &bound(one.id), &sealed).await?;
        all.push(one);
    }
    Ok(all)
}

type Stored = (Option<Uncovered>, KeyId, Vec<u8>);

fn read(row: &Row<'_>) -> ken_store::Result<Stored> {
    let kinds = row.text(8)?;
    let categories: Option<Vec<_>> = kinds.split(' ').map(|kind| kind.parse().ok()).collect();
    let (id, by, role, purpose) = (row.parse(0)?, row.parse(1)?, row.parse(2)?, row.parse(7)?);
    let (is_heard, at) = (row.flag(3)?, row.time(9)?);
    let with = row.parse_opt(5)?.zip(Some(row.parse_opt(6)?));
    let how = How::of_code(&row.text(4)?);
    let one = how.zip(categories).map(|(how, categories)| Uncovered {
        id,
        by,
        role,
        is_heard,
        how,
        with,
        outside: None,
        purpose,
        categories,
        at,
    });
    Ok((one, row.parse(10)?, row.bytes(11)?))
}

/// Closes one of these with what was found; false where it is not open, is another organisation's,
/// or is of who would close it.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn close(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, found): (ResourceId, &Sensitive<String>),
) -> Result<bool, Error> {
    let words = found.reveal().trim();
    if !(1..=WORDS_LEN_MAX).contains(&words.chars().count()) {
        return Ok(false);
    }
    db.write("care.told-close", async |tx| {
        let of = values![id, &by.organisation, by.practitioner, ctx.now_us()];
        if tx.execute(sql::TOLD_CLOSE, of).await? == 0 {
            return Ok(false);
        }
        let entry = NewEntry {
            stream: Stream::Organisation(by.organisation.clone()),
            kind: EntryKind::Told,
            visibility: Visibility::Never,
            detail: json!({
                "closed": id.to_string(),
                "found": words,
                "practitioner": by.practitioner.to_string(),
                "role": by.role.as_str(),
            }),
        };
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(true)
    })
    .await
}

/// What a sealed word belongs to.
fn bound(id: ResourceId) -> Vec<u8> {
    format!("care-told/1 {id}").into_bytes()
}
