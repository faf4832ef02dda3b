//! Sources that keep their own record and are asked at reading time.
//!
//! # Invariants
//!
//! - A source is asked only under a permit to ask, which its ledger entry precedes, and only for
//!   types whose kind of information the permit covers.
//! - It is given nothing of the person but the number that it gave them itself.
//! - How long it may take, how much it may answer and how many questions it has at once is stated;
//!   a source that fails is left alone for a while. None of it holds up another source.
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
use ken_core::identifier::LocalIdentifier;
use ken_core::{Category, Clock, OrganisationId};
use ken_fhir::searchset::{self, AnswerError};
use ken_records::Answered;
use ken_sharing::Permit;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use circuit::Circuit;
pub use settings::{Base, Settings, Unfit};
use wire::Request;

/// Questions that one source has at once; the next waits, as long as its answer may take. House
/// policy: somebody else's system is not ours to fill.
const AT_ONCE: usize = 8;
/// Most numbers of one person that a source is asked by. House policy: one is usual.
const NUMBERS_MAX: usize = 4;
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
    /// It answered.
    Answered {
        /// What it answered, whole; the permit cuts it.
        answered: Vec<Answered>,
        /// False where it has more than is asked for.
        is_whole: bool,
    },
    /// It was not asked: it is no source of these, the permit covers nothing that it is asked for,
    /// or it has told no number by which it may be asked.
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
    /// One came that is not taken.
    Wrong,
}

impl Fault {
    fn code(self) -> &'static str {
        match self {
            Self::Silent => "hub.source-silent",
            Self::Wrong => "hub.source-wrong",
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
        Self::Wrong
    }
}

impl Portal {
    /// Takes the sources as they are configured.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for the first setting that cannot be used, or an organisation that stands twice.
    pub fn new(configured: Vec<Settings>) -> Result<Self, Unfit> {
        let mut sources = BTreeMap::new();
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

    /// The kinds of information that these organisations are asked for.
    #[must_use]
    pub fn categories(&self, of: &BTreeSet<OrganisationId>) -> BTreeSet<Category> {
        let sources = of.iter().filter_map(|id| self.0.get(id));
        sources.flat_map(|source| source.settings.kinds.values().cloned()).collect()
    }

    /// Asks the source of a permit for what the permit covers, by the numbers that the source
    /// itself has told of the person.
    pub async fn ask(
        &self,
        clock: &dyn Clock,
        permit: &Permit,
        numbers: &[LocalIdentifier],
    ) -> Outcome {
        let Some(source) = self.0.get(permit.source()) else { return Outcome::NotAsked };
        if !permit.asks() || permit.until() <= clock.now() {
            return Outcome::NotAsked;
        }
        source.ask(clock, |kind| permit.categories().contains_key(kind), numbers).await
    }
}

impl Source {
    async fn ask(
        &self,
        clock: &dyn Clock,
        covers: impl Fn(&Category) -> bool,
        numbers: &[LocalIdentifier],
    ) -> Outcome {
        let kinds: Vec<_> = self.settings.kinds.iter().filter(|(_, of)| covers(of)).collect();
        let numbers = self.numbers(numbers);
        if kinds.is_empty() || numbers.is_empty() {
            return Outcome::NotAsked;
        }
        if !self.circuit().may_ask(clock.now()) {
            return Outcome::Resting;
        }
        let fetched = tokio::time::timeout(self.settings.wait, self.fetch(&numbers, &kinds)).await;
        let fetched = fetched.unwrap_or(Err(Fault::Silent));
        self.circuit().note(fetched.is_ok(), clock.now());
        let said = fetched.as_ref().err().map_or("answered", |fault| fault.code());
        metrics::counter!("ken_hub_asked_total", "answer" => said).increment(1);
        match fetched {
            Ok((answered, is_whole)) => Outcome::Answered { answered, is_whole },
            Err(fault) => {
                let organisation = self.settings.organisation.as_str();
                tracing::warn!(
                    organisation.id = organisation,
                    error.code = fault.code(),
                    "a source that was asked gave no answer that is taken"
                );
                match fault {
                    Fault::Silent => Outcome::Silent,
                    Fault::Wrong => Outcome::Wrong,
                }
            }
        }
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

    /// All that it answers, and whether it has no more.
    async fn fetch(
        &self,
        numbers: &[(&str, &str)],
        kinds: &[(&String, &Category)],
    ) -> Result<(Vec<Answered>, bool), Fault> {
        let known = try_join_all(numbers.iter().map(|number| self.known(*number))).await?;
        let people: BTreeSet<String> = known.into_iter().flatten().collect();
        let (mut answered, mut is_whole) = (vec![], true);
        for person in &people {
            let asked = kinds.iter().map(|(kind, category)| self.of_kind(kind, category, person));
            for (some, has_more) in try_join_all(asked).await? {
                answered.extend(some);
                is_whole &= !has_more;
            }
        }
        Ok((answered, is_whole))
    }

    /// What it calls whom a number of its own means.
    async fn known(&self, number: (&str, &str)) -> Result<Option<String>, Fault> {
        let token = format!("{}|{}", escaped(number.0), escaped(number.1));
        let answer = self.search("Patient", &[("identifier", &token), ("_count", "2")]).await?;
        Ok(searchset::patient(&answer, number)?)
    }

    /// What it has of one type about somebody.
    async fn of_kind(
        &self,
        kind: &str,
        category: &Category,
        person: &str,
    ) -> Result<(Vec<Answered>, bool), Fault> {
        let reference = format!("Patient/{person}");
        let form = [("patient", reference.as_str()), ("_count", COUNT)];
        let answer = self.search(kind, &form).await?;
        let base = self.settings.base.to_string();
        let found = searchset::about(&answer, kind, (&base, person))?;
        let of = |resource: ken_fhir::Resource| Answered {
            category: category.clone(),
            body: resource.into_value(),
        };
        Ok((found.resources.into_iter().map(of).collect(), found.has_more))
    }

    async fn search(&self, kind: &str, form: &[(&str, &str)]) -> Result<Vec<u8>, Fault> {
        let _place = self.places.acquire().await.map_err(|_| Fault::Silent)?;
        let base = &self.settings.base;
        let (place, path) = (base.place(), format!("{}/{kind}/_search", base.path));
        let authorization = self.settings.says();
        let request = Request { place: &place, path: &path, authorization, form };
        let mut stream = reach::connect(base, self.secured.as_ref()).await?;
        wire::exchange(&mut stream, &request).await
    }
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
