//! Sources that keep their own record and are asked at reading time.
//!
//! # Invariants
//!
//! - A source is asked only under a permit to ask, which its ledger entry precedes, and only for
//!   types of which the permit can show something.
//! - It is given nothing of the person but the numbers that it gave them itself.
//! - How long it may take, how much it may answer and how many questions it has at once is stated;
//!   a source that fails is left alone for a while, but not for what it says of one person. None of
//!   it holds up another source.
//! - What it answers is read with distrust (`ken_fhir::searchset`), and kept nowhere.
//! - Which source it was is said in a log; whom it was about and what it answered is not.
//!
//! # Sources
//!
//! - FHIR R4, *Search* (`POST [type]/_search`); ADR 73.

mod circuit;
mod reach;
mod settings;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ken_core::identifier::LocalIdentifier;
use ken_core::{Category, Clock, OrganisationId, PartialDate, PersonId};
use ken_fhir::searchset::{self, AnswerError};
use ken_records::{Answered, may_show};
use ken_sharing::Permit;
use ken_store::{Db, Snapshot};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use crate::Error;
use circuit::Circuit;
pub use settings::{Base, Settings, Unfit};
use wire::Request;

/// Most sources. House policy: more than keep their own in any partnership that we know.
pub const SOURCES_MAX: usize = 12;
/// Readers for whom one source is asked at once; the next waits, as long as its answer may take.
/// House policy: somebody else's system is not ours to fill.
const AT_ONCE: usize = 4;
/// Types that are asked for at once for one of them.
const KINDS_AT_ONCE: usize = 4;
/// Most numbers of one person that a source is asked by. House policy: one is usual.
const NUMBERS_MAX: usize = 8;
/// How many resources of one type are asked for.
const COUNT: &str = "100";

/// The sources that are asked at reading time.
#[derive(Debug, Default)]
pub struct Portal(BTreeMap<OrganisationId, Source>);

/// One of them.
struct Source {
    settings: Settings,
    secured: Option<TlsConnector>,
    circuit: Mutex<Circuit>,
    places: Semaphore,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.settings.organisation)
    }
}

/// What came of asking one source.
#[derive(Debug)]
pub enum Outcome {
    /// It answered this; the permit cuts it.
    Answered(Answered),
    /// It was not asked: it is no source of these, the permit is not one to ask or shows nothing of
    /// what it is asked for, or it has told no number by which it may be asked.
    NotAsked,
    /// It did not answer in time.
    Silent,
    /// It was not asked because it has failed again and again; it is left alone for a moment.
    Resting,
    /// It answered what cannot be taken, or somebody else answered.
    Wrong,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// None came, or the source is not able to give one now.
    Silent,
    /// Whoever answers there is not the source, speaks otherwise, or refuses to.
    Wrong,
    /// It answered, and what it says of this person is not taken.
    Unfit,
    /// It was not asked: others have had all its places for as long as an answer may take.
    Full,
}

impl Fault {
    fn code(self) -> &'static str {
        match self {
            Self::Silent => "hub.source-silent",
            Self::Wrong => "hub.source-wrong",
            Self::Unfit => "hub.source-unfit",
            Self::Full => "hub.source-full",
        }
    }

    /// Whether it says that the source is well; nothing, where it says nothing of the source. What
    /// one person's record is like, and how many readers there are, switches no source off.
    fn is_well(self) -> Option<bool> {
        match self {
            Self::Silent | Self::Wrong => Some(false),
            Self::Unfit => Some(true),
            Self::Full => None,
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(_: std::io::Error) -> Self {
        Self::Silent
    }
}

impl From<AnswerError> for Fault {
    fn from(_: AnswerError) -> Self {
        Self::Unfit
    }
}

impl Portal {
    /// Takes the sources as they are configured.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for the first setting that cannot be used, an organisation that stands twice, or
    /// more than [`SOURCES_MAX`].
    pub fn new(configured: Vec<Settings>) -> Result<Self, Unfit> {
        let mut sources = BTreeMap::new();
        if configured.len() > SOURCES_MAX {
            return Err(Unfit("there are more than twelve"));
        }
        for settings in configured {
            settings.check()?;
            let source = Source {
                secured: reach::connector(&settings)?,
                circuit: Mutex::default(),
                places: Semaphore::new(AT_ONCE),
                settings,
            };
            if sources.insert(source.settings.organisation.clone(), source).is_some() {
                return Err(Unfit("an organisation stands twice"));
            }
        }
        Ok(Self(sources))
    }

    /// The organisations that keep a record which is asked at reading time.
    pub fn organisations(&self) -> impl Iterator<Item = &OrganisationId> {
        self.0.keys()
    }

    /// The kinds of information that an organisation is asked for.
    #[must_use]
    pub fn categories(&self, of: &OrganisationId) -> BTreeSet<Category> {
        let source = self.0.get(of);
        source.into_iter().flat_map(|source| source.settings.kinds.values().cloned()).collect()
    }

    /// Asks the source of a permit about its person, for what the permit can show, by the numbers
    /// that the source itself has told of them.
    ///
    /// # Errors
    ///
    /// Whatever the index or the store says; what the source does is an [`Outcome`].
    pub async fn ask(&self, db: &Db, clock: &dyn Clock, permit: &Permit) -> Result<Outcome, Error> {
        let Some(source) = self.0.get(permit.source()) else { return Ok(Outcome::NotAsked) };
        if !permit.asks() || permit.until() <= clock.now() {
            return Ok(Outcome::NotAsked);
        }
        let (person, of) = (permit.person(), permit.source());
        let read = async |s: &mut Snapshot| {
            let numbers = ken_person::numbers(s, person, of).await?;
            Ok::<_, Error>((numbers, ken_person::born_said(s, person, of).await?))
        };
        let known = db.snapshot("hub.asked-by", read).await?;
        let shows = |kind: &str, category: &Category| may_show(permit, category, kind);
        Ok(source.ask(clock, shows, person, &known).await)
    }
}

/// The numbers that a source told of somebody, and when it says that they were born.
type Known = (Vec<LocalIdentifier>, Option<PartialDate>);

impl Source {
    async fn ask(
        &self,
        clock: &dyn Clock,
        shows: impl Fn(&str, &Category) -> bool,
        person: PersonId,
        (told, born): &Known,
    ) -> Outcome {
        let kinds = self.settings.kinds.iter().filter(|(kind, of)| shows(kind, of));
        let (kinds, numbers): (Vec<_>, _) = (kinds.collect(), self.numbers(told));
        if kinds.is_empty() || numbers.is_empty() {
            return Outcome::NotAsked;
        }
        if !self.circuit().may_ask(clock.now()) {
            count("resting");
            return Outcome::Resting;
        }
        let fetched = self.fetch_in_time((&numbers, *born), &kinds).await;
        let is_well = fetched.as_ref().err().map_or(Some(true), |fault| fault.is_well());
        if let Some(is_well) = is_well {
            self.circuit().note(is_well, clock.now());
        }
        match fetched {
            Ok(items) => {
                count("answered");
                let of = (person, self.settings.organisation.clone());
                Outcome::Answered(Answered::new(of, items))
            }
            Err(fault) => {
                count(fault.code());
                let organisation = self.settings.organisation.as_str();
                tracing::warn!(
                    organisation.id = organisation,
                    error.code = fault.code(),
                    "a source that is asked gave no answer that is taken"
                );
                match fault {
                    Fault::Silent | Fault::Full => Outcome::Silent,
                    Fault::Wrong | Fault::Unfit => Outcome::Wrong,
                }
            }
        }
    }

    /// All that it answers in its time. The place is held until all of it is read.
    async fn fetch_in_time(
        &self,
        of: (&[(&str, &str)], Option<PartialDate>),
        kinds: &[(&String, &Category)],
    ) -> Result<Vec<(Category, Value)>, Fault> {
        let wait = self.settings.wait;
        let place = tokio::time::timeout(wait, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(Fault::Full) };
        let fetched = tokio::time::timeout(wait, self.fetch(of, kinds)).await;
        fetched.unwrap_or(Err(Fault::Silent))
    }

    fn circuit(&self) -> std::sync::MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers as its FHIR writes them: those of the systems that are configured.
    fn numbers<'a>(&'a self, told: &'a [LocalIdentifier]) -> Vec<(&'a str, &'a str)> {
        let number = |one: &'a LocalIdentifier| {
            Some((self.settings.numbers.get(one.system())?.as_str(), one.reveal()))
        };
        told.iter().filter_map(number).take(NUMBERS_MAX).collect()
    }

    /// All that it answers about the one person whom its numbers mean.
    async fn fetch(
        &self,
        (numbers, born): (&[(&str, &str)], Option<PartialDate>),
        kinds: &[(&String, &Category)],
    ) -> Result<Vec<(Category, Value)>, Fault> {
        let known = try_join_all(numbers.iter().map(|number| self.known(*number, born))).await?;
        let people: BTreeSet<String> = known.into_iter().flatten().collect();
        let Some(person) = people.first() else { return Ok(vec![]) };
        if people.len() > 1 {
            return Err(Fault::Unfit);
        }
        let asked = kinds.iter().map(|(kind, category)| self.of_kind(kind, category, person));
        let asked: Vec<_> = asked.collect();
        let answered: Vec<Vec<_>> =
            stream::iter(asked).buffered(KINDS_AT_ONCE).try_collect().await?;
        Ok(answered.into_iter().flatten().collect())
    }

    /// What it calls whom a number of its own means.
    async fn known(
        &self,
        number: (&str, &str),
        born: Option<PartialDate>,
    ) -> Result<Option<String>, Fault> {
        let token = format!("{}|{}", escaped(number.0), escaped(number.1));
        let answer = self.search("Patient", &[("identifier", &token), ("_count", "2")]).await?;
        Ok(searchset::patient(&answer, number, born)?)
    }

    /// What it has of one type about somebody.
    async fn of_kind(
        &self,
        kind: &str,
        category: &Category,
        person: &str,
    ) -> Result<Vec<(Category, Value)>, Fault> {
        let reference = format!("Patient/{person}");
        let form = [("patient", reference.as_str()), ("_count", COUNT)];
        let answer = self.search(kind, &form).await?;
        let base = self.settings.base.to_string();
        let found = searchset::about(&answer, kind, (&base, person))?;
        Ok(found.into_iter().map(|one| (category.clone(), one.into_value())).collect())
    }

    async fn search(&self, kind: &str, form: &[(&str, &str)]) -> Result<Vec<u8>, Fault> {
        let base = &self.settings.base;
        let (place, path) = (base.place(), format!("{}/{kind}/_search", base.path));
        let authorization = self.settings.says();
        let request = Request { place: &place, path: &path, authorization, form };
        let mut stream = reach::connect(base, self.secured.as_ref()).await?;
        wire::exchange(&mut stream, &request).await
    }
}

fn count(answer: &'static str) {
    metrics::counter!("ken_hub_asked_total", "answer" => answer).increment(1);
}

/// A part of a token as FHIR's search writes it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if "\\,|$".contains(sign) {
            out.push('\\');
        }
        out.push(sign);
    }
    out
}

#[cfg(test)]
mod tests;
