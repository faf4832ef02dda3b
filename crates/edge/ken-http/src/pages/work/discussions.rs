//! `/w/p/{person}/discussions`: what those who work with somebody say to each other about them;
//! one discussion, and what its reader says in it; and `/w/discussions`, those in which one speaks.
//!
//! # Invariants
//!
//! - What is read here is asked of the gate for these kinds of information alone, for the purpose
//!   of the discussion, at each reading; whoever may not read them gets the refusal that anybody
//!   gets, with each address and form.
//! - Something is said by a decision of its own, and only in a discussion that its writer can see.
//! - One that may not be read and one that is not there are the same page.

mod show;

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use ken_agreement::Action;
use ken_care::discussion::{self, Kind, Refused, Said, Words};
use ken_care::writing::{self, Leave, Request};
use ken_core::{Category, PersonId, Purpose, ResourceId, Sensitive};
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use maud::Markup;
use serde::Deserialize;

use super::refusal::{self, Asked};
use super::{affirm, whom};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Shown};
use crate::stop::Stop;
use crate::view::form::Wrong;
use crate::view::words;

use show::{Line, List, One, Thread};

/// What the address carries: words of the dictionary alone.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
}

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    purpose: Option<Purpose>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    topic: Sensitive<String>,
    #[serde(default)]
    text: Sensitive<String>,
}

/// `GET /w/p/{person}/discussions`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    match begin(&app, &caller, person, wanted.purpose).await? {
        Ok(begun) => {
            let typed = (&Filled::default(), &[][..]);
            Ok(list(&app, &caller, begun, typed).await?.into_response())
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /w/p/{person}/discussions`: opens one.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let begun = match begin(&app, &caller, person, filled.purpose.clone()).await? {
        Ok(begun) => begun,
        // Words that have run out, or a relationship that has ended: what was typed goes back.
        Err(_) if !filled.text.reveal().is_empty() => return Err(Stop::StaleForm),
        Err(elsewhere) => return Ok(elsewhere),
    };
    let kind = Kind::of(&filled.kind).filter(|kind| begun.covers(*kind));
    let wrongs = filled.wrongs(kind, true);
    let (Some(kind), true) = (kind, wrongs.is_empty()) else {
        let page = list(&app, &caller, begun, (&filled, &wrongs)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let of = (person, &begun.purpose);
    let Some(leave) = leave(&app, &caller, of, kind).await? else { return Err(Stop::StaleForm) };
    let (ctx, home) = (app.ctx(caller.request()), leave.person());
    let current = app.gate().current(app.db(), &ctx).await?;
    let as_role = words::role(caller.acting()?.role.as_str());
    let said = Words { text: &filled.text, as_role: &as_role };
    let (of, what) = ((leave, &current.bundle), (&filled.topic, &said));
    match discussion::open(app.db(), &ctx, app.keys(), of, what).await? {
        Ok(id) => Ok(Redirect::to(&show::address(home, Some(id), &begun.purpose)).into_response()),
        Err(refused) => {
            let wrongs = [show::refused(refused)];
            let page = list(&app, &caller, begun, (&filled, &wrongs)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `GET /w/p/{person}/discussions/{discussion}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path((person, id)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    match begin(&app, &caller, person, wanted.purpose).await? {
        Ok(begun) => {
            let found = found(&app, begun, &id).await?;
            Ok(page(&app, &caller, found, (&Filled::default(), &[])).await?.into_response())
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /w/p/{person}/discussions/{discussion}`: says something in it.
pub(crate) async fn say(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path((person, id)): Path<(String, String)>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let begun = match begin(&app, &caller, person, filled.purpose.clone()).await? {
        Ok(begun) => begun,
        Err(_) if !filled.text.reveal().is_empty() => return Err(Stop::StaleForm),
        Err(elsewhere) => return Ok(elsewhere),
    };
    let found = match found(&app, begun, &id).await {
        // It is not among what the page can show any more: what was typed goes back.
        Err(Stop::NotFound) if !filled.text.reveal().is_empty() => return Err(Stop::StaleForm),
        found => found?,
    };
    let wrongs = filled.wrongs(Some(found.kind), false);
    if !wrongs.is_empty() {
        let page = page(&app, &caller, found, (&filled, &wrongs)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let of = (person, &found.begun.purpose);
    let Some(leave) = leave(&app, &caller, of, found.kind).await? else {
        return Err(Stop::StaleForm);
    };
    let ctx = app.ctx(caller.request());
    let current = app.gate().current(app.db(), &ctx).await?;
    let as_role = words::role(caller.acting()?.role.as_str());
    let said = Words { text: &filled.text, as_role: &as_role };
    let of = (leave, &current.bundle);
    match discussion::say(app.db(), &ctx, app.keys(), of, (found.id, &said)).await? {
        Ok(_) => {
            let to = show::address(person, Some(found.id), &found.begun.purpose);
            Ok(Redirect::to(&to).into_response())
        }
        Err(Refused::None) => Err(Stop::NotFound),
        Err(refused) => {
            let wrongs = [show::refused(refused)];
            let page = page(&app, &caller, found, (&filled, &wrongs)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `GET /w/discussions`: those in which the reader has said something. It names nobody.
pub(crate) async fn mine(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| discussion::mine(s, by).await;
    let mine = app.db().snapshot("http.discussions-mine", read).await?;
    Ok(caller.frame(app.site(), "Discussions").at("/w/discussions").page(&show::mine(&mine)))
}

impl Filled {
    /// What must be put right first.
    fn wrongs(&self, kind: Option<Kind>, is_new: bool) -> Vec<Wrong> {
        let fits = |text: &Sensitive<String>, most: usize| {
            (1..=most).contains(&text.reveal().trim().chars().count())
        };
        let mut wrongs = vec![];
        if kind.is_none() {
            wrongs.push(Wrong::new("kind", "Choose what it is about"));
        }
        if is_new && !fits(&self.topic, discussion::TOPIC_LEN_MAX) {
            wrongs.push(Wrong::new("topic", "Say what you discuss, in up to 200 characters"));
        }
        if !fits(&self.text, discussion::TEXT_LEN_MAX) {
            wrongs.push(Wrong::new("text", "Say something, in up to 3,000 characters"));
        }
        wrongs
    }
}

/// What may be read.
struct Begun {
    person: PersonId,
    purpose: Purpose,
    shown: Shown,
}

impl Begun {
    fn covers(&self, kind: Kind) -> bool {
        self.shown.covered.iter().any(|one| one.as_str() == kind.category())
    }
}

/// Asks for the kinds of information that discussions are of, under every id, and beside them what
/// the reader's own organisation holds of them. `Err` leads to where anybody is led who may not, or
/// not yet, read them.
async fn begin(
    app: &App,
    caller: &Caller,
    person: PersonId,
    purpose: Option<Purpose>,
) -> Result<Result<Begun, Response>, Stop> {
    // Own work is with one's own records, and an emergency is no time for a discussion.
    let purpose = purpose.filter(|one| ![ask::OWN_WORK, ask::VITAL].contains(&one.as_str()));
    let Some(purpose) = purpose else {
        return Ok(Err(Redirect::to(&format!("/w/p/{person}")).into_response()));
    };
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((ask::names_in(s).await?, ask::together_in(s, person).await?))
    };
    let (names, people) = app.db().snapshot("http.discussions", read).await?;
    let asked = Ask {
        by: Asker::Practitioner(caller.acting()?),
        person,
        action: Action::View,
        purpose: purpose.clone(),
        sources: names.keys().cloned().collect(),
        only: Some(discussion::categories()?),
        part: Part::default(),
    };
    let (ctx, own) = (app.ctx(caller.request()), Some(caller.acting()?));
    match ask::answer(app, &ctx, &asked, &people, own).await? {
        Answer::Shown(shown) => Ok(Ok(Begun { person, purpose, shown })),
        Answer::Words(said) => {
            let of = (&purpose, None);
            Ok(Err(affirm::page(app, caller, person, of, (&said, false)).await?))
        }
        Answer::Refused => Ok(Err(refusal::page(app, caller, &Asked::Address(person)))),
    }
}

/// That the reader may write of a kind, where their organisation's number for the person stands;
/// none where they may not any more.
async fn leave(
    app: &App,
    caller: &Caller,
    (person, purpose): (PersonId, &Purpose),
    kind: Kind,
) -> Result<Option<Leave>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let category = Category::new(kind.category()).map_err(|_| Stop::Fault("http.word"))?;
    let read = async |s: &mut Snapshot| {
        let home = writing::home(s, person, &by.organisation).await?;
        Ok::<_, Stop>((ask::names_in(s).await?, home))
    };
    let (names, person) = app.db().snapshot("http.discussions-home", read).await?;
    let current = app.gate().current(app.db(), &ctx).await?;
    let all = names.keys().cloned().collect();
    let sources = ask::in_parts(ask::parties(&current.bundle, &all));
    let request = Request { person, purpose: purpose.clone(), category, sources: &sources };
    let asked = writing::ask(app.db(), &ctx, app.keys(), app.gate(), by, &request).await?;
    Ok(match asked {
        writing::Answer::May(leave) => Some(leave),
        writing::Answer::Words(_) | writing::Answer::Refused => None,
    })
}

/// Something that was said, with when, of which kind and from where.
struct Spoken {
    said: Said,
    at: Timestamp,
    kind: Kind,
}

/// What was said, by discussion, the oldest first.
fn spoken(shown: &Shown) -> BTreeMap<ResourceId, Vec<Spoken>> {
    let mut all: BTreeMap<ResourceId, Vec<Spoken>> = BTreeMap::new();
    for held in shown.held.iter().filter(|held| held.stands()) {
        let kind = Kind::of(held.category.as_str());
        let said = discussion::said(held.resource.value());
        if let Some((kind, said)) = kind.zip(said) {
            all.entry(said.discussion).or_default().push(Spoken { said, at: held.filed, kind });
        }
    }
    for said in all.values_mut() {
        said.sort_by_key(|one| (one.at, one.said.item));
    }
    all
}

/// A discussion that the reader can see.
struct Found {
    begun: Begun,
    id: ResourceId,
    kind: Kind,
    said: Vec<Spoken>,
}

/// One of the person's discussions, for the purpose that was asked for; for whoever can see nothing
/// of it there is none.
async fn found(app: &App, begun: Begun, id: &str) -> Result<Found, Stop> {
    let id: ResourceId = id.parse().map_err(|_| Stop::NotFound)?;
    let said = spoken(&begun.shown).remove(&id).ok_or(Stop::NotFound)?;
    let of = (begun.person, (id, &begun.purpose));
    let read = async |s: &mut Snapshot| discussion::find(s, of.0, of.1).await;
    let kept = app.db().snapshot("http.discussion", read).await?.ok_or(Stop::NotFound)?;
    Ok(Found { begun, id, kind: kept.kind, said })
}

async fn list(
    app: &App,
    caller: &Caller,
    begun: Begun,
    typed: (&Filled, &[Wrong]),
) -> Result<Markup, Stop> {
    let all = spoken(&begun.shown);
    let ids: BTreeSet<_> = all.keys().copied().collect();
    let (person, purpose) = (begun.person, &begun.purpose);
    let read = async |s: &mut Snapshot| {
        let mut kept = BTreeSet::new();
        for id in &ids {
            let found = discussion::find(s, person, (*id, purpose)).await?;
            kept.extend(found.map(|one| one.id));
        }
        Ok::<_, Stop>(kept)
    };
    let kept = app.db().snapshot("http.discussions-list", read).await?;
    let of_it = all.into_iter().filter(|(id, _)| kept.contains(id));
    let mut threads: Vec<_> = of_it.filter_map(|(id, said)| thread(id, &said)).collect();
    threads.sort_by_key(|one| std::cmp::Reverse((one.last, one.id)));
    let view = List {
        person,
        purpose: purpose.clone(),
        threads,
        kinds: Kind::ALL.into_iter().filter(|kind| begun.covers(*kind)).collect(),
        is_whole: begun.shown.next.is_none(),
        receipts: ask::receipts(app, begun.shown.entries.clone()).await?,
    };
    let above = whom::above(app, caller, (person, purpose), &begun.shown.clauses).await?;
    let main = show::list(&view, typed, caller.csrf());
    Ok(caller.frame(app.site(), "Discussions").at("/w/find").under(above).page(&main))
}

/// A discussion in a list.
fn thread(id: ResourceId, said: &[Spoken]) -> Option<Thread> {
    let (first, last) = (said.first()?, said.last()?);
    Some(Thread {
        id,
        topic: first.said.topic.clone(),
        kind: first.kind,
        by: first.said.by.clone(),
        count: said.len(),
        last: last.at,
    })
}

async fn page(
    app: &App,
    caller: &Caller,
    found: Found,
    typed: (&Filled, &[Wrong]),
) -> Result<Markup, Stop> {
    let Found { begun, id, kind, said } = found;
    let of = (begun.person, &begun.purpose);
    let above = whom::above(app, caller, of, &begun.shown.clauses).await?;
    let topic = said.first().and_then(|one| one.said.topic.clone());
    let lines =
        said.into_iter().map(|one| Line { by: one.said.by, at: one.at, text: one.said.text });
    let view = One {
        person: begun.person,
        purpose: begun.purpose,
        id,
        kind,
        topic,
        lines: lines.collect(),
        is_whole: begun.shown.next.is_none(),
        clauses: begun.shown.policies.as_ref().map_or_else(Vec::new, |policies| {
            let clauses = begun.shown.clauses.iter();
            clauses.map(|id| ask::clause_words(&policies.bundle, id)).collect()
        }),
        receipts: ask::receipts(app, begun.shown.entries).await?,
    };
    let main = show::one(&view, typed, caller.csrf());
    Ok(caller.frame(app.site(), "Discussion").at("/w/find").under(above).page(&main))
}
