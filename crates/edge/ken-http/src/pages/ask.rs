//! Asking the gate, and reading what it permits: the one way by which a page learns of a person.
//!
//! # Invariants
//!
//! - What is asked is fixed: every organisation, every category that an instrument knows. It never
//!   depends on what is held.
//! - A permit is spent here, on the read it was given for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ken_agreement::{Action, Instrument, Kind};
use ken_core::{Category, ClauseId, Ctx, EntryId, OrganisationId, PersonId, Purpose};
use ken_directory::{Acting, organisation};
use ken_ledger::{ENTRIES_MAX, Stream, receipt_word};
use ken_records::{Part, Point, disclose_part};
use ken_sharing::bundle::Bundle;
use ken_sharing::decide::Offers;
use ken_sharing::gate::{self, Caller as Asker, SOURCES_MAX};
use ken_sharing::{Decision, Permit, Question, Statement, emergency};
use ken_store::Snapshot;

use super::compose::{self, Held};
use crate::App;
use crate::stop::Stop;
use crate::view::words;

/// The purpose of an emergency; it is opened on its own page, with a reason.
pub(crate) const VITAL: &str = "vital";
/// Work with one's own organisation's records, which needs no relationship.
pub(crate) const OWN_WORK: &str = "own-work";
/// A person's own reading of their own record.
pub(crate) const OWN_RECORD: &str = "own-record";
/// Not about a person, so never asked for one (`core.md` section 6).
const AGGREGATE: &str = "aggregate";

/// Organisations by id.
pub(crate) type Names = BTreeMap<OrganisationId, String>;

/// What was said.
#[derive(Debug)]
pub(crate) enum Answer {
    /// This may be seen.
    Shown(Shown),
    /// Nothing may be seen before these words are affirmed.
    Words(BTreeSet<Statement>),
    /// Nothing may be seen.
    Refused,
}

/// What may be seen.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// What was disclosed.
    pub(crate) held: Vec<Held>,
    /// The kinds of information that are covered, held or not.
    pub(crate) covered: BTreeSet<Category>,
    /// The clauses relied upon.
    pub(crate) clauses: BTreeSet<ClauseId>,
    /// What words would show as well, by the clause that asks for them.
    pub(crate) more: BTreeMap<ClauseId, More>,
    /// The ledger's entries of what was permitted under one id of the person: that which was asked
    /// for, or the first that permits. How many ids there are is not for a page to tell.
    pub(crate) entries: BTreeSet<(PersonId, EntryId)>,
    /// False where more stands than is shown.
    pub(crate) is_whole: bool,
    /// Where this part ends and more begins, in its order; none where it is the last.
    pub(crate) next: Option<Point>,
    /// The policies that were in force.
    pub(crate) policies: Option<Arc<gate::Current>>,
}

/// What one clause would show as well, held or not, once its words are affirmed.
#[derive(Debug, Clone, Default)]
pub(crate) struct More {
    /// The words that are missing.
    pub(crate) statements: BTreeSet<Statement>,
    /// The kinds of information that it would show, or show more of.
    pub(crate) kinds: BTreeSet<Category>,
}

impl Shown {
    /// Ends the part where the first of several ids of the person has more, or where it is full:
    /// what is beyond that is in the next part, whole.
    fn cut(&mut self, part: &Part) {
        let mut points: Vec<_> =
            self.held.iter().filter(|held| held.is_of_part).map(|held| held.point).collect();
        points.sort_unstable_by(|one, other| part.order.compare(one, other));
        let most = part.size.most();
        let full = points.get(most - 1).copied().filter(|_| points.len() > most);
        self.next = part.order.nearer(self.next, full);
        for held in &mut self.held {
            let is_within = |end| part.order.compare(&held.point, &end).is_le();
            held.is_of_part &= self.next.is_none_or(is_within);
        }
    }

    /// Takes what a permit offers beside it.
    fn offer(&mut self, offers: &Offers) {
        for (clause, offer) in offers {
            let more = self.more.entry(clause.clone()).or_default();
            more.kinds.extend(offer.adds.keys().cloned());
            let said = offer.statements.iter();
            more.statements.extend(
                said.map(|(words, text)| Statement { words: words.clone(), text: text.clone() }),
            );
        }
    }

    /// Takes the words without which other sources give nothing. An emergency's are affirmed on
    /// its own page, with a reason.
    fn need(&mut self, bundle: &Bundle, missing: BTreeSet<Statement>, asked: &BTreeSet<Category>) {
        for statement in missing {
            let Some((_, clause)) = bundle.clause(&statement.words.clause) else { continue };
            if clause.kind != Kind::Exceptional {
                let more = self.more.entry(statement.words.clause.clone()).or_default();
                more.kinds.extend(clause.categories.intersection(asked).cloned());
                more.statements.insert(statement);
            }
        }
    }
}

/// What a practitioner's own organisation holds, for its own work; `None` where the role has none.
/// It fails as [`ask`] does.
pub(crate) async fn own(
    app: &App,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
    (action, part): (Action, Part),
) -> Result<Option<Shown>, Stop> {
    let sources = BTreeSet::from([by.organisation.clone()]);
    let purpose = purpose(OWN_WORK)?;
    let (by, only) = (Asker::Practitioner(by), None);
    let asked = Ask { by, person, action, purpose, sources, only, part };
    Ok(match ask(app, ctx, &asked).await? {
        Answer::Shown(shown) => Some(shown),
        Answer::Words(_) | Answer::Refused => None,
    })
}

/// The organisations of the partnership, by name.
pub(crate) async fn names(app: &App) -> Result<Names, Stop> {
    app.db().snapshot("http.organisations", async |s| names_in(s).await).await
}

/// The same, within a snapshot that reads more.
///
/// # Errors
///
/// What the register says.
pub(crate) async fn names_in(s: &mut Snapshot) -> Result<Names, Stop> {
    let listed = organisation::list(s).await?;
    Ok(listed.into_iter().map(|one| (one.id, one.name)).collect())
}

/// What a page about somebody begins with: nothing of the person but ids.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The organisations of the partnership.
    pub(crate) names: Names,
    /// Everybody who is the same person.
    pub(crate) people: Vec<PersonId>,
    /// The reader's open emergency access.
    pub(crate) emergency: Option<emergency::Open>,
}

/// Reads in one picture what a page about somebody begins with.
///
/// # Errors
///
/// What the registers or the index say.
pub(crate) async fn begin(
    app: &App,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<Begun, Stop> {
    let read = async |s: &mut Snapshot| {
        let (names, people, emergency) = tokio::try_join!(
            async { names_in(&mut s.beside()).await },
            async { together_in(&mut s.beside(), person).await },
            async { Ok(emergency::find(&mut s.beside(), ctx, by, person).await?) },
        )?;
        Ok::<_, Stop>(Begun { names, people, emergency })
    };
    app.db().snapshot("http.begin", read).await
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    /// Who asks.
    pub(crate) by: Asker<'a>,
    /// About whom.
    pub(crate) person: PersonId,
    /// How it would leave: to be viewed, to be found by, or as a copy.
    pub(crate) action: Action,
    /// What for.
    pub(crate) purpose: Purpose,
    /// Whose records.
    pub(crate) sources: BTreeSet<OrganisationId>,
    /// Which kinds; every kind that an instrument knows where there is none.
    pub(crate) only: Option<BTreeSet<Category>>,
    /// Which part of what has happened.
    pub(crate) part: Part,
}

/// Asks about everybody who is the same person, and reads what may be read.
///
/// # Errors
///
/// What the gate, the index or the record says; [`Stop::Busy`] when facts kept changing.
pub(crate) async fn ask(app: &App, ctx: &Ctx<'_>, ask: &Ask<'_>) -> Result<Answer, Stop> {
    let read = async |s: &mut Snapshot| together_in(s, ask.person).await;
    let people = app.db().snapshot("http.together", read).await?;
    answer(app, ctx, ask, &people, None).await
}

/// Asks about one id alone of somebody.
///
/// # Errors
///
/// As [`ask`].
pub(crate) async fn ask_alone(app: &App, ctx: &Ctx<'_>, ask: &Ask<'_>) -> Result<Answer, Stop> {
    answer(app, ctx, ask, &[ask.person], None).await
}

/// Asks for a purpose as [`ask`], and shows beside it what the reader's own organisation holds: an
/// agreement is between bodies, so that is own work. Where the purpose is refused it is not asked.
///
/// # Errors
///
/// As [`ask`].
pub(crate) async fn ask_beside_own(
    app: &App,
    ctx: &Ctx<'_>,
    ask: &Ask<'_>,
    people: &[PersonId],
    by: &Acting,
) -> Result<Answer, Stop> {
    answer(app, ctx, ask, people, Some(by)).await
}

/// Asks as [`ask`], of these ids alone, whoever else is the same person.
pub(crate) async fn answer(
    app: &App,
    ctx: &Ctx<'_>,
    ask: &Ask<'_>,
    people: &[PersonId],
    own: Option<&Acting>,
) -> Result<Answer, Stop> {
    let current = app.gate().current(app.db(), ctx).await?;
    let categories = match &ask.only {
        Some(only) => only.clone(),
        None => every_category(&current.bundle),
    };
    let sources = in_parts(parties(&current.bundle, &ask.sources));
    let beside = |person| own.map(|by| own_work(by, person, ask, &categories)).transpose();
    let mut shown = Shown { is_whole: true, ..Shown::default() };
    let (mut refused, mut missing) = (vec![], BTreeSet::new());
    for person in people {
        let question = |sources: &BTreeSet<_>| Question {
            person: *person,
            sources: sources.clone(),
            action: ask.action,
            purpose: ask.purpose.clone(),
            categories: categories.clone(),
            before: ask.part.moment(),
        };
        let questions: Vec<_> = sources.iter().map(question).collect();
        let theirs = in_turn(app, ctx, ask.by, (questions, beside(*person)?)).await?;
        if !read(app, ctx, theirs, &ask.part, (&mut shown, &mut missing)).await? {
            refused.push(*person);
        }
    }
    if refused.len() == people.len() {
        return Ok(unpermitted(missing));
    }
    // Another id of the same person may be our own alone.
    for person in refused {
        let Some(own) = beside(person)? else { break };
        let ours = in_turn(app, ctx, ask.by, (vec![own], None)).await?;
        let ours = (BTreeMap::new(), ours.0);
        read(app, ctx, ours, &ask.part, (&mut shown, &mut missing)).await?;
    }
    keep_one(&mut shown.entries, ask.person);
    shown.cut(&ask.part);
    shown.need(&current.bundle, missing, &categories);
    shown.policies = Some(current);
    Ok(Answer::Shown(shown))
}

/// Asks the parts of one question, and beside the first that permits something what the reader's
/// own organisation holds.
async fn in_turn(
    app: &App,
    ctx: &Ctx<'_>,
    by: Asker<'_>,
    (questions, mut own): (Vec<Question>, Option<Question>),
) -> Result<(Decided, Decided), Stop> {
    let (mut theirs, mut ours) = (Decided::new(), Decided::new());
    for question in questions {
        let asked: Vec<_> = [Some(question), own.clone()].into_iter().flatten().collect();
        let decided = gate::decide_in_turn(app.db(), ctx, app.keys(), app.gate(), by, &asked);
        let mut decided = decided.await?.into_iter();
        theirs.extend(decided.next().unwrap_or_default());
        if let Some(decided) = decided.next() {
            (ours, own) = (decided, None);
        }
    }
    Ok((theirs, ours))
}

/// Of these organisations those that are party to anything: nobody else can have been permitted to
/// send. All of them where none is, so that the question is asked and its refusal entered.
pub(crate) fn parties(bundle: &Bundle, of: &BTreeSet<OrganisationId>) -> BTreeSet<OrganisationId> {
    let parties = bundle.instruments().flat_map(|(_, instrument, _)| &instrument.parties);
    let parties: BTreeSet<_> = parties.map(|party| &party.id).collect();
    let some: BTreeSet<_> = of.iter().filter(|id| parties.contains(id)).cloned().collect();
    if some.is_empty() { of.iter().take(SOURCES_MAX).cloned().collect() } else { some }
}

/// As many at once as one question may have.
pub(crate) fn in_parts(sources: BTreeSet<OrganisationId>) -> Vec<BTreeSet<OrganisationId>> {
    let sources: Vec<_> = sources.into_iter().collect();
    sources.chunks(SOURCES_MAX).map(|some| some.iter().cloned().collect()).collect()
}

/// What a practitioner's own organisation holds, for its own work.
fn own_work(
    by: &Acting,
    person: PersonId,
    ask: &Ask<'_>,
    categories: &BTreeSet<Category>,
) -> Result<Question, Stop> {
    Ok(Question {
        person,
        sources: BTreeSet::from([by.organisation.clone()]),
        action: ask.action,
        purpose: purpose(OWN_WORK)?,
        categories: categories.clone(),
        before: ask.part.moment(),
    })
}

fn unpermitted(missing: BTreeSet<Statement>) -> Answer {
    if missing.is_empty() { Answer::Refused } else { Answer::Words(missing) }
}

/// Keeps the entries under one id: `asked`, or else the first.
fn keep_one(entries: &mut BTreeSet<(PersonId, EntryId)>, asked: PersonId) {
    let is_asked = entries.iter().any(|(person, _)| *person == asked);
    let of = if is_asked { Some(asked) } else { entries.first().map(|(person, _)| *person) };
    entries.retain(|(person, _)| Some(*person) == of);
}

type Decided = BTreeMap<OrganisationId, Decision>;

/// Spends the permits of one person together: those of the purpose, and those of own work, whose
/// kinds are not said to be covered by the purpose. Whether there were any.
async fn read(
    app: &App,
    ctx: &Ctx<'_>,
    (theirs, ours): (Decided, Decided),
    part: &Part,
    (shown, missing): (&mut Shown, &mut BTreeSet<Statement>),
) -> Result<bool, Stop> {
    let (mut permits, needed) = parted(theirs);
    missing.extend(needed);
    for (category, covered) in permits.iter().flat_map(Permit::categories) {
        shown.covered.insert(category.clone());
        shown.clauses.extend(covered.values().cloned());
    }
    let (own, needed) = parted(ours);
    if !own.is_empty() {
        let clauses = own.iter().flat_map(Permit::categories);
        shown.clauses.extend(clauses.flat_map(|(_, covered)| covered.values().cloned()));
        missing.extend(needed);
        permits.extend(own);
    }
    for permit in &permits {
        shown.offer(permit.offers());
    }
    if permits.is_empty() {
        return Ok(false);
    }
    shown.entries.extend(permits.iter().map(|permit| (permit.person(), permit.entry())));
    let disclosed = disclose_part(app.db(), ctx, app.keys(), permits, part).await?;
    shown.is_whole &= disclosed.is_whole;
    shown.next = part.order.nearer(shown.next, disclosed.next);
    shown.held.extend(compose::read(disclosed.person, disclosed.items));
    Ok(true)
}

/// Receipts of entries, as words that can be copied.
///
/// # Errors
///
/// What the ledger says.
pub(crate) async fn receipts(
    app: &App,
    entries: impl IntoIterator<Item = (PersonId, EntryId)>,
) -> Result<Vec<String>, Stop> {
    let of = |(person, entry)| (Stream::Person(person), entry);
    let entries: Vec<_> = entries.into_iter().map(of).collect();
    let sign = async |s: &mut Snapshot| {
        let mut notes = vec![];
        for some in entries.chunks(ENTRIES_MAX) {
            notes.extend(app.receipts().sign(s, some).await?);
        }
        Ok::<_, Stop>(notes)
    };
    if entries.is_empty() {
        return Ok(vec![]);
    }
    let notes = app.db().snapshot("http.receipts", sign).await?;
    Ok(notes.iter().map(receipt_word).collect())
}

/// Permits, and words that are missing.
fn parted(decided: Decided) -> (Vec<Permit>, BTreeSet<Statement>) {
    let (mut permits, mut missing) = (vec![], BTreeSet::new());
    for decision in decided.into_values() {
        match decision {
            Decision::Permit(permit) => permits.push(permit),
            Decision::Need(need) => missing.extend(need.statements),
            Decision::Deny(_) => {}
        }
    }
    (permits, missing)
}

/// Everybody who is the same person as `person`; for somebody unknown, only themselves. All of
/// them: whoever links sees to it that they are at most
/// [`GROUP_MAX`](ken_sharing::together::GROUP_MAX).
pub(crate) async fn together_in(s: &mut Snapshot, person: PersonId) -> Result<Vec<PersonId>, Stop> {
    match ken_person::together(s, person).await {
        Ok(people) => Ok(people),
        Err(ken_person::Error::Unknown(_)) => Ok(vec![person]),
        Err(error) => Err(error.into()),
    }
}

/// Every kind of information about a person that an instrument knows.
fn every_category(bundle: &Bundle) -> BTreeSet<Category> {
    let categories = bundle.dictionary().categories();
    categories.filter(|category| category.as_str() != AGGREGATE).cloned().collect()
}

/// A purpose that this crate names.
///
/// # Errors
///
/// None for the constants above.
pub(crate) fn purpose(word: &str) -> Result<Purpose, Stop> {
    Purpose::new(word).map_err(|_| Stop::NotFound)
}

/// The category of name, birth and address.
///
/// # Errors
///
/// None: the word fits.
pub(crate) fn core() -> Result<Category, Stop> {
    Category::new("core").map_err(|_| Stop::Fault("http.word"))
}

/// The category of who coordinates care.
///
/// # Errors
///
/// None: the word fits.
pub(crate) fn named_person() -> Result<Category, Stop> {
    Category::new("named-person").map_err(|_| Stop::Fault("http.word"))
}

/// A clause in words: the agreement, the clause, and the sentence that was signed.
pub(crate) fn clause_words(bundle: &Bundle, id: &ClauseId) -> String {
    bundle.clause(id).map_or_else(
        || "A clause that is no longer in force.".to_owned(),
        |(instrument, clause)| format!("{}: {}", citation(instrument, id), clause.text.trim()),
    )
}

/// The agreement's title and the clause's id: "Glen direct care, clause D1".
pub(crate) fn citation(instrument: &Instrument, id: &ClauseId) -> String {
    let clause = id.as_str().rsplit('#').next().unwrap_or_default();
    format!("{}, clause {clause}", instrument.agreement.title)
}

/// What a person may know of each kind of relationship.
pub(crate) fn relationship_words(kind: &str) -> String {
    words::spaced(kind)
}
