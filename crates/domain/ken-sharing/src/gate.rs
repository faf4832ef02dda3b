//! The gate: the only code that permits a disclosure.
//!
//! A question is decided on one snapshot of facts and policies. Then, in one short write, its
//! ledger entry is inserted *if* neither has changed; only then does a [`Permit`] exist. Otherwise
//! it is decided again, at most three times (`core.md` 2.1).
//!
//! # Invariants
//!
//! - A permit, a need for words and a refusal all stand on the ledger before they are told.
//! - Facts, relationships and affirmed words are read here; the caller supplies none of them.
//! - While the ledger is not being sealed, only duties and emergencies go on (`core.md` 3.2); so it
//!   is about a person whose record is being put right (`core.md` 4.3).

pub mod afterwards;
pub mod counts;
mod entry;
mod facts;
mod given;
mod policies;
pub mod replay;
mod said;
mod sealing;
mod send;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
pub use ken_agreement::Visibility as Shown;
use ken_agreement::status::PERSON;
use ken_agreement::{Action, Kind, Words};
use ken_core::{AccountId, Category, Ctx, EntryId, OrganisationId, PersonId, Purpose};
use ken_directory::Acting;
use ken_store::Db;
use ken_store::keys::KeyRing;

use crate::bundle::Bundle;
use crate::decide::{self, Covered, Facts, Needed, Outcome, Permitted, RowClass, Seat, View, Want};
use crate::permit::{Granted, PERMIT_LAST, Parts, Permit};
use crate::relationship::later;
use crate::{Error, Statement, class, duty};

pub use entry::has_asked;
pub use given::{Given, Part, Wants, given, shown};
pub use policies::{Current, Gate, PurposeChoice};
pub use said::{Offered, Said};
pub use send::{SendPermit, Sending, Sent, send, sent_to};

/// How often a question is decided again because facts changed meanwhile (`core.md` 2.1).
const TRIES_MAX: usize = 3;
/// Most sources of one question. House policy: a partnership has tens of organisations.
pub const SOURCES_MAX: usize = 64;

/// The role of the person, and of who acts for them.
const SELF: &str = "self";
/// The role of an organisation's store: the passive end of a fetch.
const RECORD: &str = "record";

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// A practitioner, in one role.
    Practitioner(&'a Acting),
    /// The person themselves, under their own sign-in; only ever about themselves.
    Own(AccountId),
}

/// What is asked, of several sources at once, about one person.
#[derive(Debug, Clone)]
pub struct Question {
    /// Whom it is about.
    pub person: PersonId,
    /// Whose records: a fixed list from the registers, never what is held.
    pub sources: BTreeSet<OrganisationId>,
    /// How it would leave: view, search or export.
    pub action: Action,
    /// What for.
    pub purpose: Purpose,
    /// Which kinds of information: a fixed list, never what is held.
    pub categories: BTreeSet<Category>,
    /// Of what has happened, only what was before this moment: which part of a long record is
    /// asked for. It decides nothing; the entry and the permit say it.
    pub before: Option<Timestamp>,
}

/// The gate's answer for one source.
#[derive(Debug)]
pub enum Decision {
    /// It may leave; the permit is spent by reading.
    Permit(Permit),
    /// It may once these words are affirmed.
    Need(Need),
    /// It may not.
    Deny(Denial),
}

/// Words to affirm before anything may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The statements, each with the exact text that was signed.
    pub statements: BTreeSet<Statement>,
    /// The entry that records it.
    pub entry: EntryId,
}

/// A refusal. Why stands on the ledger, for governance; the caller is told nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The entry that records it.
    pub entry: EntryId,
}

/// Decides a question for one source.
///
/// # Errors
///
/// As [`decide_many`].
pub async fn decide(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    caller: Caller<'_>,
    question: &Question,
) -> Result<Decision, Error> {
    let mut decisions = decide_many(db, ctx, keys, gate, caller, question).await?;
    decisions.pop_first().map(|(_, decision)| decision).ok_or(Error::NoSource)
}

/// Decides a question for each of its sources: one facts query, one conditional insert.
///
/// # Errors
///
/// [`Error::Contended`] when facts kept changing; [`Error::NoSource`] without sources or with more
/// than [`SOURCES_MAX`]; whatever the store, the ledger or the directory says. Then nothing was
/// permitted.
pub async fn decide_many(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    caller: Caller<'_>,
    question: &Question,
) -> Result<BTreeMap<OrganisationId, Decision>, Error> {
    let questions = std::slice::from_ref(question);
    let mut decided = decide_in_turn(db, ctx, keys, gate, caller, questions).await?;
    decided.pop().ok_or(Error::NoSource)
}

/// Decides several questions about one person in turn, each only where the one before it permitted
/// something: what a page shows beside a purpose is not asked, and not entered, where the purpose
/// itself is refused. There are as many answers as questions were decided.
///
/// They are decided on one picture of the facts and entered in one write.
///
/// # Errors
///
/// As [`decide_many`]; [`Error::NoSource`] also without a question, or with one about another.
pub async fn decide_in_turn(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    caller: Caller<'_>,
    questions: &[Question],
) -> Result<Vec<BTreeMap<OrganisationId, Decision>>, Error> {
    decide_how(db, ctx, keys, (gate, caller), questions, How::default()).await
}

/// Decides a question for one source as [`decide()`], with an entry that the person sees no earlier
/// than `shown`: what was told under a clause that keeps them waiting is read later by its
/// receiver's own clause, and that look tells as much.
///
/// # Errors
///
/// As [`decide_many`].
pub async fn decide_no_earlier(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gate, caller): (&Gate, Caller<'_>),
    question: &Question,
    shown: Shown,
) -> Result<Decision, Error> {
    let (questions, how) = (std::slice::from_ref(question), How { shown, ..How::default() });
    let decided = decide_how(db, ctx, keys, (gate, caller), questions, how).await?;
    let first = decided.into_iter().next().and_then(|mut decisions| decisions.pop_first());
    first.map(|(_, decision)| decision).ok_or(Error::NoSource)
}

/// Decides a question as [`decide_many`] whose sources are then asked themselves: its entries say
/// so, and its permits are for what they answer and for nothing that is stored (ADR 73). Where the
/// person would see the look only later they are not asked, since a source may show them its own
/// log at once: the permit is one to read.
///
/// # Errors
///
/// As [`decide_many`].
pub async fn decide_asking(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gate, caller): (&Gate, Caller<'_>),
    question: &Question,
) -> Result<BTreeMap<OrganisationId, Decision>, Error> {
    let (questions, how) = (std::slice::from_ref(question), How { asks: true, ..How::default() });
    let mut decided = decide_how(db, ctx, keys, (gate, caller), questions, how).await?;
    decided.pop().ok_or(Error::NoSource)
}

/// How a question is entered, whatever its answer.
#[derive(Debug, Clone, Copy)]
struct How {
    /// From when on the person sees it, at the earliest.
    shown: Shown,
    /// Whether the sources are asked themselves.
    asks: bool,
}

impl Default for How {
    fn default() -> Self {
        Self { shown: Shown::Now, asks: false }
    }
}

async fn decide_how(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gate, caller): (&Gate, Caller<'_>),
    questions: &[Question],
    how: How,
) -> Result<Vec<BTreeMap<OrganisationId, Decision>>, Error> {
    let first = questions.first().ok_or(Error::NoSource)?;
    let is_whole = |question: &Question| {
        (1..=SOURCES_MAX).contains(&question.sources.len()) && question.person == first.person
    };
    if !questions.iter().all(is_whole) {
        return Err(Error::NoSource);
    }
    let mut latest = gate.latest(ctx);
    for _ in 0..=TRIES_MAX {
        let current = match latest.take() {
            Some(latest) => latest,
            None => gate.current(db, ctx).await?,
        };
        let seen = facts::read(db, ctx, gate, caller, first.person).await?;
        if seen.policy != current.version {
            continue;
        }
        let Some(epoch) = seen.epoch else {
            return Ok(vec![entry::deny_unknown(db, ctx, keys, caller, first).await?]);
        };
        let asked = in_turn(&current.bundle, caller, (questions, how), &seen)?;
        let moment = Moment { epoch, policy: seen.policy };
        if let Some(entered) = enter(db, ctx, keys, caller, &asked, moment).await? {
            let told = |(asked, ids): (Asked<'_>, Vec<EntryId>)| {
                let groups = asked.entries.into_iter().map(|(group, _)| group);
                let of: Entries = groups.zip(ids).collect();
                decisions(ctx, (asked.question, how), moment, asked.outcomes, &of)
            };
            return asked.into_iter().zip(entered).map(told).collect();
        }
    }
    Err(Error::Contended)
}

/// Enters what was decided, with the duties that follow from it, if nothing has changed since: the
/// ids of each question's entries.
async fn enter(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    caller: Caller<'_>,
    asked: &[Asked<'_>],
    Moment { epoch, policy }: Moment,
) -> Result<Option<Vec<Vec<EntryId>>>, Error> {
    let person = asked.first().ok_or(Error::NoSource)?.question.person;
    db.write("sharing.decide", async |tx| {
        let entries = asked.iter().flat_map(|asked| &asked.entries);
        let entries: Vec<_> = entries.map(|(_, entry)| entry.clone()).collect();
        let ids = ken_ledger::append_if_current(tx, ctx, keys, entries, person, epoch, policy);
        let Some(ids) = ids.await? else { return Ok(None) };
        let mut ids = ids.into_iter();
        let mut entered = Vec::with_capacity(asked.len());
        for asked in asked {
            let ids: Vec<_> = ids.by_ref().take(asked.entries.len()).collect();
            if let (Some(entry), Caller::Practitioner(by)) = (ids.first(), caller) {
                duty::note(tx, ctx, (by, person), asked.outcomes.values(), *entry).await?;
            }
            entered.push(ids);
        }
        Ok(Some(entered))
    })
    .await
}

/// A question with its outcomes, and what they say on the ledger.
struct Asked<'a> {
    question: &'a Question,
    outcomes: Outcomes,
    entries: Vec<(entry::Group, ken_ledger::NewEntry)>,
}

/// The outcomes of each question, up to the first that permits nothing.
fn in_turn<'a>(
    bundle: &Bundle,
    caller: Caller<'_>,
    (questions, how): (&'a [Question], How),
    seen: &facts::Seen,
) -> Result<Vec<Asked<'a>>, Error> {
    let facts = without_vain_words(bundle, seen);
    let mut asked = Vec::with_capacity(questions.len());
    for question in questions {
        let view = view(caller, question)?;
        let outcomes = no_earlier(outcomes(bundle, &view, &facts, seen)?, how.shown);
        let is_permitted = outcomes.values().any(|outcome| matches!(outcome, Outcome::Permit(_)));
        let mut entries = entry::of(caller, question, &replay::kept(&view, &facts), &outcomes);
        if how.asks {
            entry::say_asked(&mut entries);
        }
        asked.push(Asked { question, outcomes, entries });
        if !is_permitted {
            break;
        }
    }
    Ok(asked)
}

/// Under what a decision was taken.
#[derive(Debug, Clone, Copy)]
struct Moment {
    epoch: i64,
    policy: i64,
}

type Outcomes = BTreeMap<OrganisationId, Outcome>;
/// The entry that each group of outcomes stands in.
type Entries = BTreeMap<entry::Group, EntryId>;

fn outcomes(
    bundle: &Bundle,
    view: &View,
    facts: &Facts,
    seen: &facts::Seen,
) -> Result<Outcomes, Error> {
    let answers = decide::decide_view(bundle, view, facts, &seen.held)?;
    Ok(answers.iter().map(|(source, said)| (source.clone(), Outcome::clone(said))).collect())
}

/// The outcomes, with nothing of them shown to the person before that.
fn no_earlier(mut outcomes: Outcomes, shown: Shown) -> Outcomes {
    for outcome in outcomes.values_mut() {
        let Outcome::Permit(permitted) = outcome else { continue };
        for cited in permitted.citations.values_mut() {
            cited.visible_to_person = cited.visible_to_person.max(shown);
        }
    }
    outcomes
}

fn view(caller: Caller<'_>, question: &Question) -> Result<View, Error> {
    Ok(View {
        senders: question.sources.clone(),
        role: word(RECORD)?,
        recipient: seat_of(caller)?,
        action: question.action,
        purpose: question.purpose.clone(),
        want: Want::some_of(question.categories.iter().cloned()),
    })
}

/// The words of an exceptional clause count while an emergency access is open, with its reason on
/// the ledger and its review to come; affirmed by themselves they are in vain (`core.md` 2.8).
fn without_vain_words(bundle: &Bundle, seen: &facts::Seen) -> Facts {
    let mut facts = seen.facts.clone();
    let ordinary = |words: &Words| {
        bundle.clause(&words.clause).is_some_and(|(_, clause)| clause.kind != Kind::Exceptional)
    };
    facts.attested.retain(|words| seen.has_emergency || ordinary(words));
    facts
}

fn seat_of(caller: Caller<'_>) -> Result<Seat, Error> {
    let (organisation, role) = match caller {
        // No practitioner sits where the person does, whatever a register says.
        Caller::Practitioner(acting) if acting.organisation.as_str() == PERSON => {
            return Err(Error::Corrupt("organisation"));
        }
        Caller::Practitioner(acting) => (acting.organisation.clone(), acting.role.clone()),
        Caller::Own(_) => (word(PERSON)?, word(SELF)?),
    };
    Ok(Seat { organisation, role: Some(role) })
}

fn word<W: std::str::FromStr>(text: &str) -> Result<W, Error> {
    text.parse().map_err(|_| Error::Corrupt("word"))
}

/// The entries are durable: now, and only now, permits exist.
fn decisions(
    ctx: &Ctx<'_>,
    (question, how): (&Question, How),
    moment: Moment,
    outcomes: Outcomes,
    entries: &Entries,
) -> Result<BTreeMap<OrganisationId, Decision>, Error> {
    let told = |(source, outcome): (OrganisationId, Outcome)| {
        let group = entry::group(&outcome);
        let entry = entries.get(&group).or_else(|| entries.values().next());
        let entry = *entry.ok_or(Error::Corrupt("entry"))?;
        let decision = match outcome {
            Outcome::Permit(permitted) => {
                let asks = how.asks && entry::is_asked(group);
                let of = (question, asks, &source);
                Decision::Permit(permit(ctx, of, moment, permitted, entry))
            }
            Outcome::Need(Needed { statements }) => {
                let statement = |(words, text)| Statement { words, text };
                let statements = statements.into_iter().map(statement).collect();
                Decision::Need(Need { statements, entry })
            }
            Outcome::Deny(_) => Decision::Deny(Denial { entry }),
        };
        Ok((source, decision))
    };
    outcomes.into_iter().map(told).collect()
}

fn permit(
    ctx: &Ctx<'_>,
    (question, asks, source): (&Question, bool, &OrganisationId),
    moment: Moment,
    permitted: Permitted,
    entry: EntryId,
) -> Permit {
    let hides_places = permitted.hides_places;
    let grant = |(class, fields): (RowClass, Covered)| {
        (class::id(&class), Granted { class, fields, hides_places })
    };
    Permit::new(Parts {
        person: question.person,
        source: source.clone(),
        purpose: question.purpose.clone(),
        granted: permitted.mask.into_iter().map(grant).collect(),
        hides_places,
        asks,
        categories: permitted.categories,
        offers: permitted.offers,
        before: question.before,
        entry,
        epoch: moment.epoch,
        policy: moment.policy,
        until: later(ctx, PERMIT_LAST),
    })
}
