//! `/ops/numbers`: whose a number is; and `/ops/numbers/{person}`: a person's numbers as links,
//! each with who says so, since when and on what evidence, to be given and taken back with a
//! reason.
//!
//! # Invariants
//!
//! - It names nobody, and shows no number whole: whoever takes one back types it.
//! - Whose number it is is told to whoever may see numbers to review identity, decided by the gate
//!   and entered; to others it is nobody's.
//! - Who tries numbers one after the other is stopped ([`ken_person::budget`]), and each number
//!   that is not given is entered; that it is another's is not told.

mod show;

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::identifier::{self, Identifier};
use ken_core::{Category, OrganisationId, PersonId, PractitionerId, Sensitive};
use ken_directory::practitioner;
use ken_person::{Error, Evidence, GivenNumber, NumberEvent, NumberLink, Why, budget};
use ken_sharing::gate::{self, Caller as Asker, SOURCES_MAX};
use ken_sharing::linker::IDENTITY_REVIEW;
use ken_sharing::{Action, Decision, Question};
use ken_store::{Snapshot, Tx};
use maud::Markup;
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::stop::Stop;
use crate::view::form::Wrong;

/// Which kind of information they are.
const KIND: &str = "identifiers";
/// The answer that a number is not theirs.
const TAKE_BACK: &str = "take-back";
/// The kind of a number that means something in one system only.
const LOCAL: &str = "local";

/// What somebody reads who has tried too often.
const TOO_MANY: &str = "You have tried too many. Wait for the next hour";
/// What a steward reads of a number that is another's, and where somebody whom they may not hear
/// says another of that kind: neither is told.
const NOT_GIVEN: &str = "It was not given: it does not fit what is held. Whoever reviews identity \
    sees what there is to decide";

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    number: Sensitive<String>,
    /// The name of a local number's system.
    #[serde(default)]
    source: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    reason: Sensitive<String>,
}

/// A kind of number: its word in forms, its system, and what people call it.
pub(super) const KINDS: [(&str, &str, &str); 5] = [
    ("chi", identifier::CHI_SYSTEM, "CHI number"),
    ("nhs", identifier::NHS_SYSTEM, "NHS number"),
    ("hcn", identifier::HEALTH_AND_CARE_SYSTEM, "Health and Care number"),
    ("ucrn", identifier::UCRN_SYSTEM, "UCRN"),
    ("scn", identifier::CANDIDATE_SYSTEM, "Scottish Candidate Number"),
];

impl Filled {
    /// The number that was typed; what is wrong with it otherwise.
    fn number(&self) -> Result<Identifier, Wrong> {
        let system = match KINDS.iter().find(|(kind, ..)| *kind == self.kind) {
            Some((_, system, _)) => system,
            None if self.kind == LOCAL => self.source.trim(),
            None => return Err(Wrong::new("kind", "Choose what kind of number it is")),
        };
        Identifier::parse(system, self.number.reveal()).map_err(|error| match error {
            identifier::IdentifierError::Check => {
                Wrong::new("number", "Check the number: its check digit does not fit")
            }
            identifier::IdentifierError::Shape => {
                Wrong::new("number", "Check the number: its length or its signs do not fit")
            }
            identifier::IdentifierError::System => {
                Wrong::new("source", "Enter the name of the system, without blanks")
            }
        })
    }

    /// What is to be done; none where nothing was chosen.
    fn act(&self) -> Option<Act> {
        let evidence = [Evidence::Document, Evidence::Confirmed];
        let chosen = evidence.into_iter().find(|one| one.code() == self.what);
        chosen.map(Act::Give).or((self.what == TAKE_BACK).then_some(Act::TakeBack))
    }
}

/// What a steward does to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Give(Evidence),
    TakeBack,
}

/// A person's numbers, as far as they may be seen.
struct View {
    person: PersonId,
    links: Vec<NumberLink>,
    events: Vec<NumberEvent>,
    names: ask::Names,
    practitioners: BTreeMap<PractitionerId, String>,
}

impl View {
    /// Whether another number of that kind stands among what is shown.
    fn shows_another(&self, number: &Identifier) -> bool {
        let is_other = |one: &Identifier| one.system() == number.system() && one != number;
        self.links.iter().any(|link| link.ended.is_none() && is_other(&link.number))
    }
}

/// `GET /ops/numbers`.
pub(crate) async fn get(Of(app): Of<App>, Extension(caller): Extension<Caller>) -> Response {
    page(&app, &caller, StatusCode::OK, &show::find(&Filled::default(), &[], caller.csrf()))
}

/// `POST /ops/numbers`: whose a number is.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let again = |wrong: Wrong| {
        let main = show::find(&filled, &[wrong], caller.csrf());
        Ok(page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main))
    };
    let number = match filled.number() {
        Ok(number) => number,
        Err(wrong) => return again(wrong),
    };
    let Some(taken) = take(&app, &caller).await? else {
        return again(Wrong::new("number", TOO_MANY));
    };
    let ctx = app.ctx(caller.request());
    let read = async |s: &mut Snapshot| ken_person::holder(s, &number).await;
    let holder = app.db().snapshot("http.number", read).await?;
    // Looking at nobody asks what looking at somebody hidden does.
    let person = holder.unwrap_or_else(|| PersonId::draw(ctx.ids));
    if permitted(&app, &caller, person).await?.is_empty() || holder.is_none() {
        return Ok(page(&app, &caller, StatusCode::OK, &show::nobody()));
    }
    give_back(&app, &taken).await?;
    Ok(Redirect::to(&address(person)).into_response())
}

/// Takes a place for one try; none where there were too many.
async fn take(app: &App, caller: &Caller) -> Result<Option<budget::Taken>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let take = async |tx: &mut Tx| budget::take(tx, &ctx, by).await;
    match app.db().write("http.number-take", take).await {
        Ok(taken) => Ok(Some(taken)),
        Err(Error::TooManySearches) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives the place back: the try told nothing that was not known.
async fn give_back(app: &App, taken: &budget::Taken) -> Result<(), Stop> {
    let give = async |tx: &mut Tx| budget::give_back(tx, taken).await;
    Ok(app.db().write("http.number-found", give).await?)
}

/// `GET /ops/numbers/{person}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let main = match view(&app, &caller, person).await? {
        Some(view) => show::one(&view, &Filled::default(), &[], caller.csrf()),
        None => show::nobody(),
    };
    Ok(page(&app, &caller, StatusCode::OK, &main))
}

/// `POST /ops/numbers/{person}`: gives a number, or takes one back.
pub(crate) async fn post_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let Some(view) = view(&app, &caller, person).await? else {
        return Ok(page(&app, &caller, StatusCode::CONFLICT, &show::nobody()));
    };
    let again = |wrongs: &[Wrong]| {
        let main = show::one(&view, &filled, wrongs, caller.csrf());
        page(&app, &caller, StatusCode::UNPROCESSABLE_ENTITY, &main)
    };
    let (number, why) = (filled.number(), Why::new(filled.reason.reveal()));
    let (Ok(number), Some(act), Ok(why)) = (&number, filled.act(), &why) else {
        let mut wrongs: Vec<_> = number.err().into_iter().collect();
        if filled.act().is_none() {
            wrongs.push(Wrong::new("what", "Choose what you know of it"));
        }
        if why.is_err() {
            wrongs.push(Wrong::new("reason", "Say in your own words how you know"));
        }
        return Ok(again(&wrongs));
    };
    // Each number that is another's says something of them.
    let Some(taken) = take(&app, &caller).await? else {
        return Ok(again(&[Wrong::new("number", TOO_MANY)]));
    };
    let (ctx, keys, by) = (app.ctx(caller.request()), app.keys(), caller.acting()?);
    let work = async |tx: &mut Tx| match act {
        Act::Give(evidence) => {
            ken_person::give_number(tx, &ctx, keys, person, (number, evidence), (by, why)).await
        }
        Act::TakeBack => ken_person::take_number_back(tx, &ctx, keys, person, number, (by, why))
            .await
            .map(|()| GivenNumber::Done),
    };
    let says = match app.db().write("http.number-link", work).await {
        Ok(GivenNumber::Done) => {
            give_back(&app, &taken).await?;
            return Ok(page(&app, &caller, StatusCode::OK, &show::done(person, act)));
        }
        Ok(GivenNumber::HasOther) if view.shows_another(number) => {
            "They have another of that kind: take that back first"
        }
        Ok(GivenNumber::Another | GivenNumber::HasOther) => NOT_GIVEN,
        Ok(GivenNumber::Filler) => "No such number is anybody's: systems fill it in for none",
        Err(Error::Unknown("number")) => "It is not one of these, or was taken back already",
        Err(Error::Unknown(_)) => return Err(Stop::NotFound),
        Err(error) => return Err(error.into()),
    };
    Ok(again(&[Wrong::new("number", says)]))
}

fn address(person: PersonId) -> String {
    format!("/ops/numbers/{person}")
}

fn page(app: &App, caller: &Caller, status: StatusCode, main: &Markup) -> Response {
    (status, caller.frame(app.site(), "Numbers").at("/ops/match").page(main)).into_response()
}

/// A person's numbers by the word of whom the reader may hear; none where that is nobody.
async fn view(app: &App, caller: &Caller, person: PersonId) -> Result<Option<View>, Stop> {
    let permitted = permitted(app, caller, person).await?;
    if permitted.is_empty() {
        return Ok(None);
    }
    let names = ask::names(app).await?;
    let read = async |s: &mut Snapshot| {
        let mut links = ken_person::number_links(s, person).await?;
        let mut events = ken_person::number_events(s, person).await?;
        links.retain(|link| permitted.contains(&link.authority));
        events.retain(|event| permitted.contains(&event.by.1));
        let mut practitioners = BTreeMap::new();
        let who: BTreeSet<_> = events.iter().map(|event| event.by.0).collect();
        for one in who {
            let found = practitioner::find(s, one).await?;
            practitioners.extend(found.map(|found| (one, found.name)));
        }
        Ok::<_, Error>((links, events, practitioners))
    };
    match app.db().snapshot("http.numbers", read).await {
        Ok((links, events, practitioners)) => {
            Ok(Some(View { person, links, events, names, practitioners }))
        }
        Err(Error::Unknown(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whose words of somebody's numbers the reader may hear, to review identity.
async fn permitted(
    app: &App,
    caller: &Caller,
    person: PersonId,
) -> Result<BTreeSet<OrganisationId>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), Asker::Practitioner(caller.acting()?));
    let current = app.gate().current(app.db(), &ctx).await?;
    let all = ask::names(app).await?.into_keys().collect();
    let all: Vec<_> = ask::parties(&current.bundle, &all).into_iter().collect();
    let kind = Category::new(KIND).map_err(|_| Stop::Fault("http.word"))?;
    let mut permitted = BTreeSet::new();
    for some in all.chunks(SOURCES_MAX) {
        let question = Question {
            person,
            sources: some.iter().cloned().collect(),
            action: Action::View,
            purpose: ask::purpose(IDENTITY_REVIEW)?,
            categories: BTreeSet::from([kind.clone()]),
            before: None,
        };
        let decided = gate::decide_many(app.db(), &ctx, app.keys(), app.gate(), by, &question);
        for (source, decision) in decided.await? {
            if let Decision::Permit(permit) = decision
                && permit.categories().contains_key(&kind)
            {
                permitted.insert(source);
            }
        }
    }
    Ok(permitted)
}
