//! Whom a search may list, each by a decision of its own: searching is an action of its own, and a
//! clause for viewing lets nobody be found.
//!
//! # Invariants
//!
//! - Only people are listed with whom a relationship of the caller supports a purpose, or whom the
//!   caller's own organisation registered. Anybody else who fits looks like nobody (`core.md` 2.9):
//!   about them nothing is decided here and nothing is written.
//! - Somebody is listed by what the decision shows of them: an account that the caller may not see
//!   finds nobody, and a number only where the account that is shown carries it.
//! - Names, dates of birth and addresses are shown; no number comes back.

use std::collections::BTreeSet;

use ken_agreement::{Action, Instrument};
use ken_core::{Category, Ctx, EntryId, OrganisationId, PersonId, Purpose};
use ken_directory::Acting;
use ken_fhir::Patient;
use ken_person::{Fits, Grade, Query, Seen};
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;

use crate::App;
use crate::pages::ask::{self, Answer, Ask, Names, Shown};
use crate::pages::compose::{self, Held};
use crate::pages::operations::review::seen::seen;
use crate::stop::Stop;

/// The category of numbers; asked where a number was typed, to see that it is theirs.
const IDENTIFIERS: &str = "identifiers";

/// Somebody who fits, with what the decision lets the caller see.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    /// Who.
    pub(crate) person: PersonId,
    /// "SAMPLE, Isla".
    pub(crate) name: String,
    /// Born and address, as far as they are shown.
    pub(crate) details: Vec<String>,
    /// The same, part by part.
    pub(crate) seen: Seen,
    /// The kinds of relationship, in words.
    pub(crate) linked: String,
    /// How what is shown fits what was typed; none where nothing may be shown.
    pub(crate) how: Option<Fits>,
    /// The ledger's entries of what is shown.
    pub(crate) entries: BTreeSet<(PersonId, EntryId)>,
}

/// Who looks, and for whom.
pub(crate) struct Seeker<'a> {
    /// The application.
    pub(crate) app: &'a App,
    /// The moment.
    pub(crate) ctx: &'a Ctx<'a>,
    /// Who.
    pub(crate) by: &'a Acting,
    /// The organisations of the partnership.
    pub(crate) names: &'a Names,
    /// What was typed; none where the caller asks for all whom they work with.
    pub(crate) query: Option<&'a Query>,
}

/// One thing to ask: what for, and of whom.
type Way = (Purpose, BTreeSet<OrganisationId>);

/// What came of asking.
#[derive(Default)]
struct Asked {
    /// What is shown of the first id that fits by it, and how.
    found: Option<(Shown, Fits)>,
    /// Whether any name was shown.
    is_seen: bool,
}

impl Seeker<'_> {
    /// How somebody who may fit is shown, if the caller may know of them and they do.
    ///
    /// # Errors
    ///
    /// What the gate, the index or the record says.
    pub(crate) async fn fit(&self, person: PersonId, is_exact: bool) -> Result<Option<Fit>, Stop> {
        let (app, ctx, by) = (self.app, self.ctx, self.by);
        let choices = app.gate().purposes(app.db(), ctx, by, person).await?;
        let own_work = ask::purpose(ask::OWN_WORK)?;
        let works_with_own = choices.iter().any(|choice| choice.purpose == own_work);
        let related: Vec<_> =
            choices.into_iter().filter(|choice| choice.relationship.is_some()).collect();
        let known =
            async |s: &mut Snapshot| ken_person::is_known_to(s, person, &by.organisation).await;
        let is_own = app.db().snapshot("http.known", known).await? && works_with_own;
        if related.is_empty() && !is_own {
            return Ok(None);
        }
        let kind = related.first().and_then(|choice| choice.relationship.as_deref());
        let linked =
            kind.map_or_else(|| "your organisation holds them".to_owned(), ask::relationship_words);
        let purposes: Vec<_> = related.into_iter().map(|choice| choice.purpose).collect();
        let own: Option<Way> =
            is_own.then(|| (own_work, BTreeSet::from([by.organisation.clone()])));
        let all: BTreeSet<_> = self.names.keys().cloned().collect();
        let others = purposes.iter().map(|purpose| (purpose.clone(), all.clone()));
        let mut is_seen = false;
        for way in own.into_iter().chain(others) {
            let asked = self.ask(person, &way).await?;
            if let Some((shown, how)) = asked.found {
                return Ok(Some(self.shown(person, shown, (linked, how))));
            }
            is_seen |= asked.is_seen;
        }
        // The relationship is known to the caller. Where no agreement is about searching for it,
        // the page repeats what was typed; where one is, and shows nothing, there is nobody.
        if is_seen || !is_exact || self.query.is_none() || self.may_search(&purposes).await? {
            return Ok(None);
        }
        let name = "Somebody who fits what you typed".to_owned();
        let (details, seen, entries) = (vec![], Seen::default(), BTreeSet::new());
        Ok(Some(Fit { person, name, details, seen, linked, how: None, entries }))
    }

    /// Asks about each id of somebody until what is shown of one fits.
    async fn ask(&self, person: PersonId, (purpose, sources): &Way) -> Result<Asked, Stop> {
        let mut only = BTreeSet::from([ask::core()?]);
        if self.query.is_some_and(Query::asks_number) {
            only.insert(Category::new(IDENTIFIERS).map_err(|_| Stop::Fault("http.word"))?);
        }
        let together = async |s: &mut Snapshot| ask::together_in(s, person).await;
        let mut came = Asked::default();
        for person in self.app.db().snapshot("http.together", together).await? {
            let asked = Ask {
                by: Asker::Practitioner(self.by),
                person,
                action: Action::Search,
                purpose: purpose.clone(),
                sources: sources.clone(),
                only: Some(only.clone()),
                part: Part::default(),
            };
            let Answer::Shown(shown) = ask::ask_alone(self.app, self.ctx, &asked).await? else {
                continue;
            };
            came.is_seen |= compose::name(&shown.held).is_some();
            let given = match self.query {
                Some(query) => {
                    let given =
                        async |s: &mut Snapshot| ken_person::given_by(s, query, person).await;
                    self.app.db().snapshot("http.number", given).await?
                }
                None => BTreeSet::new(),
            };
            came.found = self.fits(&shown.held, &given).map(|how| (shown, how));
            if came.found.is_some() {
                break;
            }
        }
        Ok(came)
    }

    /// How what is shown fits what was typed, by the best of the accounts; `None` where it does
    /// not. `given` are those who have given the number, where that shows in no account.
    fn fits(&self, held: &[Held], given: &BTreeSet<OrganisationId>) -> Option<Fits> {
        let Some(query) = self.query else {
            // Whoever is listed without being looked for fits.
            let fits = Fits { grade: Grade::Possible, is_exact: true, is_shown: true };
            return compose::name(held).map(|_| fits);
        };
        let carries = |source: &OrganisationId| {
            let theirs = held.iter().filter(|held| held.source == *source);
            let patients = theirs.filter_map(|held| Patient::of(&held.resource));
            let mut numbers = patients.flat_map(Patient::identifiers);
            numbers.any(|number| number.value().is_some_and(|value| query.is_number(value)))
        };
        let how = |one: &Held| {
            compose::name(std::slice::from_ref(one))?;
            let is_theirs =
                !query.asks_number() || given.contains(&one.source) || carries(&one.source);
            query.fits(&seen(std::slice::from_ref(one))).filter(|_| is_theirs)
        };
        held.iter().filter_map(how).max()
    }

    /// Somebody of whom something is shown.
    fn shown(&self, person: PersonId, mut shown: Shown, (linked, how): (String, Fits)) -> Fit {
        // A number is asked for to see that it is theirs, and is not shown.
        shown.held.retain(|held| held.category.as_str() != IDENTIFIERS);
        let (family, given) = compose::name(&shown.held).unwrap_or_default();
        let facts = compose::banner(&shown.held, self.ctx.clock.today()).facts;
        let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
        let details = facts.map(|(label, value)| format!("{label} {value}")).collect();
        let name = format!("{}, {given}", family.to_uppercase());
        let (seen, how, entries) = (seen(&shown.held), Some(how), shown.entries);
        Fit { person, name, details, seen, linked, how, entries }
    }

    /// Whether an agreement in force is about searching for one of these purposes in this role,
    /// whoever is looked for.
    async fn may_search(&self, purposes: &[Purpose]) -> Result<bool, Stop> {
        let current = self.app.gate().current(self.app.db(), self.ctx).await?;
        let is_about = |instrument: &Instrument| {
            instrument.clauses.iter().any(|clause| {
                let theirs = clause.to.any_role() || clause.to.roles.contains(&self.by.role);
                let purpose = clause.purpose.as_ref();
                clause.action.contains(&Action::Search)
                    && purpose.is_some_and(|purpose| purposes.contains(purpose))
                    && theirs
            })
        };
        Ok(current.bundle.instruments().any(|(_, instrument, _)| is_about(instrument)))
    }
}
