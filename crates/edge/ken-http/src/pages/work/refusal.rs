//! The refusal: nothing about the person but what the caller typed, and four ways on.
//!
//! # Invariants
//!
//! - The page is the same whether the person is held, unknown, or hidden: it is made from what the
//!   caller typed and from the caller's role alone (`core.md` 2.9).

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Query as Sent, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Action;
use ken_core::{Ctx, PersonId};
use ken_directory::Acting;
use ken_person::{Asker as Known, Meant, Query, meant};
use ken_sharing::gate::{self, Caller as Asker};
use ken_sharing::{Question, relationship};
use ken_store::{Snapshot, guard};
use maud::{Markup, html};

use serde::Deserialize;

use super::find::Typed;
use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::stop::Stop;
use crate::view::{card, confirmation};
use crate::wire::parcel;

/// Under which purpose a refusal is entered when none could be chosen.
const REFUSED_FOR: &str = "direct-care";

/// What an address or a form carries on: a sealed parcel, or a person's opaque id.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Carried {
    #[serde(default)]
    t: Option<String>,
    #[serde(default)]
    p: Option<String>,
}

impl Carried {
    /// What a form was about.
    ///
    /// # Errors
    ///
    /// [`Stop::StaleForm`] when its parcel is too old, and what the key store says.
    pub(crate) async fn still_asked(&self, app: &App, caller: &Caller) -> Result<Asked, Stop> {
        self.asked(app, caller).await?.ok_or(Stop::StaleForm)
    }

    /// Whether anything was asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.t.is_none() && self.p.is_none()
    }

    /// What was asked; `None` when the parcel is too old, or nothing was asked.
    ///
    /// # Errors
    ///
    /// What the key store says.
    pub(crate) async fn asked(&self, app: &App, caller: &Caller) -> Result<Option<Asked>, Stop> {
        match (&self.t, &self.p) {
            (Some(sealed), _) => {
                let typed = parcel::open::<Typed>(app, caller, sealed).await?;
                let Some(typed) = typed else { return Ok(None) };
                // Sealed anew: the page that is shown now lasts as long as any other.
                let fresh = parcel::seal(app, caller, &typed).await?;
                Ok(Some(Asked::Typed(typed, fresh)))
            }
            (None, Some(person)) => Ok(person.parse().ok().map(Asked::Address)),
            (None, None) => Ok(None),
        }
    }
}

/// `GET /w/find/other`: what was typed fits nobody the caller may know of, and goes on from here.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Sent(carried): Sent<Carried>,
) -> Result<Response, Stop> {
    match carried.asked(&app, &caller).await? {
        Some(asked) => refuse(&app, &caller, &asked).await,
        None => Ok(axum::response::Redirect::to("/w/find").into_response()),
    }
}

/// Enters the refusal, and shows it.
///
/// # Errors
///
/// What the gate or the index says.
pub(crate) async fn refuse(app: &App, caller: &Caller, asked: &Asked) -> Result<Response, Stop> {
    let ctx = app.ctx(caller.request());
    // Somebody unknown gets an id that nobody has, so that the refusal is entered all the same.
    let person = asked.person(app, caller).await?.unwrap_or_else(|| PersonId::draw(ctx.ids));
    let action = match asked {
        Asked::Typed(..) => Action::Search,
        Asked::Address(_) => Action::View,
    };
    enter(app, &ctx, caller.acting()?, (person, action)).await?;
    Ok(page(app, caller, asked))
}

/// Enters that a search listed nobody, of the one who was meant by what was looked for, where that
/// is one.
///
/// # Errors
///
/// What the gate or the index says.
pub(crate) async fn enter_search(
    app: &App,
    caller: &Caller,
    query: Option<&Query>,
) -> Result<(), Stop> {
    let ctx = app.ctx(caller.request());
    let person = match query {
        Some(query) => meant_by(app, caller, query).await?.only(),
        None => None,
    };
    let person = person.unwrap_or_else(|| PersonId::draw(ctx.ids));
    enter(app, &ctx, caller.acting()?, (person, Action::Search)).await
}

/// Enters a refusal for which there was not even a purpose to choose.
async fn enter(
    app: &App,
    ctx: &Ctx<'_>,
    by: &Acting,
    (person, action): (PersonId, Action),
) -> Result<(), Stop> {
    let question = Question {
        person,
        sources: BTreeSet::from([by.organisation.clone()]),
        action,
        purpose: ask::purpose(REFUSED_FOR)?,
        categories: BTreeSet::from([ask::core()?]),
        before: None,
    };
    let by = Asker::Practitioner(by);
    gate::decide_many(app.db(), ctx, app.keys(), app.gate(), by, &question).await?;
    Ok(())
}

/// Shows a refusal that the gate has entered already.
pub(crate) fn page(app: &App, caller: &Caller, asked: &Asked) -> Response {
    let frame = caller.frame(app.site(), "We cannot show you this").at("/w/find");
    // The status, too, is always the same.
    (StatusCode::FORBIDDEN, frame.page(&show(asked))).into_response()
}

/// Says that nothing was looked for, because too many searches found nobody; the ways on are those
/// of a refusal, and an emergency is one of them.
pub(crate) fn too_often(app: &App, caller: &Caller, asked: &Asked) -> Response {
    let frame = caller.frame(app.site(), "Too many searches").at("/w/find");
    (StatusCode::TOO_MANY_REQUESTS, frame.page(&stopped(asked))).into_response()
}

fn stopped(asked: &Asked) -> Markup {
    let query = asked.query();
    html! {
        h1 { "Too many searches" }
        p {
            "You, or your organisation, have searched too often in this hour for people who were \
             not found. We did not search, and nothing else has changed."
        }
        p {
            "You can search again in the next hour. Information governance sees that this \
             happens."
        }
        (asked.shown())
        h2 { "What you can do" }
        (card::cards(true, &ways(&query)))
        (confirmation::link_on("/w/find", "Back to the search"))
    }
}

/// What the caller asked for.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// Details they typed, question and answer, and the sealed parcel that carries them on.
    Typed(Typed, String),
    /// An address they followed.
    Address(PersonId),
}

impl Asked {
    /// The one person who is meant, if anybody is held who fits. What a page shows must not
    /// depend on it.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub(crate) async fn person(
        &self,
        app: &App,
        caller: &Caller,
    ) -> Result<Option<PersonId>, Stop> {
        match self {
            Self::Typed(typed, _) => Ok(people(app, caller, typed).await?.only()),
            Self::Address(person) => {
                let read = async |s: &mut Snapshot| guard::find(s, *person).await;
                let held = app.db().snapshot("http.person", read).await?;
                Ok(held.map(|_| *person))
            }
        }
    }

    /// Everybody who fits ([`ken_person::Meant::all`]); for an emergency, which must not wait until
    /// an index knows that two records are one person. A colleague agrees to what was typed, all of
    /// it.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub(crate) async fn everybody(
        &self,
        app: &App,
        caller: &Caller,
    ) -> Result<Vec<PersonId>, Stop> {
        match self {
            Self::Typed(typed, _) => Ok(people(app, caller, typed).await?.all()),
            Self::Address(_) => Ok(self.person(app, caller).await?.into_iter().collect()),
        }
    }

    /// Whom one opens alone in an emergency: whoever has the number that was typed, whatever name
    /// stands beside it; the number alone would have done. Without a number, everybody who fits.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub(crate) async fn by_number(
        &self,
        app: &App,
        caller: &Caller,
    ) -> Result<Vec<PersonId>, Stop> {
        match self {
            Self::Typed(typed, _) => Ok(people(app, caller, &typed.number_alone()).await?.all()),
            Self::Address(_) => self.everybody(app, caller).await,
        }
    }

    /// What was typed, question and answer; nothing for an address.
    pub(crate) fn answers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Typed(typed, _) => typed.answers(),
            Self::Address(_) => vec![],
        }
    }

    /// What was typed, as a part of a page.
    pub(crate) fn shown(&self) -> Markup {
        let answers = self.answers();
        html! {
            @if !answers.is_empty() {
                h2 { "What you typed" }
                (confirmation::check_answers(&answers))
            }
        }
    }

    /// What the ways on carry in their address: opaque either way.
    pub(crate) fn query(&self) -> String {
        match self {
            Self::Typed(_, parcel) => format!("t={parcel}"),
            Self::Address(person) => format!("p={person}"),
        }
    }
}

/// The page's content.
pub(crate) fn show(asked: &Asked) -> Markup {
    let query = asked.query();
    html! {
        h1 { "We cannot show you this" }
        p {
            "No agreement and no relationship that is recorded here lets you see this in your \
             present role. We say the same whether or not anything is held, so this page tells \
             you nothing about anybody."
        }
        (asked.shown())
        p { "A number, or a given name as well, finds one person for certain." }
        h2 { "What you can do" }
        (card::cards(true, &ways(&query)))
        p { "That you asked, and were refused, is on the ledger." }
        (confirmation::link_on("/w/find", "Find somebody else"))
    }
}

fn ways(query: &str) -> [Markup; 4] {
    [
        html! {
            h3 { "You work with this person" }
            p { "Say how, in your own words. A second person in your organisation confirms it." }
            p { a href={ "/w/claim?" (query) } { "Claim a relationship" } }
        },
        html! {
            h3 { "Your organisation should be able to see this" }
            p { "An agreement has to say so. Ask those who write yours." }
            p { a href="/w/agreement" { "Ask for an agreement" } }
        },
        html! {
            h3 { "Somebody could come to harm now" }
            p {
                "Open the record in an emergency. You give a reason, it lasts 24 hours, and \
                 somebody else checks it. You can ask a colleague to agree first."
            }
            p { a href={ "/w/emergency?" (query) } { "Emergency access" } }
        },
        html! {
            h3 { "You think that this is wrong" }
            p { "Your organisation's Caldicott Guardian advises. That opens nothing by itself." }
            p { a href={ "/w/guardian?" (query) } { "Ask the Guardian" } }
        },
    ]
}

/// People who fit what was typed, those whom the caller may know of apart.
pub(super) async fn people(app: &App, caller: &Caller, typed: &Typed) -> Result<Meant, Stop> {
    match typed.query() {
        Some(query) => meant_by(app, caller, &query).await,
        None => Ok(Meant::default()),
    }
}

/// The same, by what is looked for.
async fn meant_by(app: &App, caller: &Caller, query: &Query) -> Result<Meant, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let related = relationship::caseload(app.db(), &ctx, by).await?.people;
    let asker = Known { organisation: &by.organisation, related: &related };
    let read = async |s: &mut Snapshot| meant(s, query, &asker).await;
    Ok(app.db().snapshot("http.search", read).await?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::rules;

    pub(crate) fn asked() -> [Asked; 2] {
        let typed = Typed { family: "Sample".to_owned().into(), ..Typed::default() };
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        [Asked::Typed(typed, "parcel".into()), Asked::Address(person)]
    }

    #[test]
    fn the_refusal_offers_four_ways_on() {
        for asked in asked() {
            let shown = show(&asked).into_string();
            rules::assert_part(&shown);
            for way in ["/w/claim?", "/w/agreement", "/w/emergency?", "/w/guardian?"] {
                assert!(shown.contains(way), "{way}");
            }
            assert_eq!(shown.contains("Sample"), matches!(asked, Asked::Typed(..)));
            let stopped = stopped(&asked).into_string();
            rules::assert_part(&stopped);
            assert!(stopped.contains("/w/emergency?"), "an emergency is never stopped");
        }
    }
}
