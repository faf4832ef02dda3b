//! `/w/p/{id}`: one commonly understood view of a person, in the order of its worth for a decision.
//!
//! Alerts, why the reader may see this, what has happened, and beside it who helps and what is
//! planned. What no clause covers is absent, whether any of it is held or not.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::response::{IntoResponse, Redirect, Response};
use ken_agreement::Action;
use ken_core::{Category, OrganisationId, PersonId, Purpose};
use ken_records::Part;
use ken_sharing::bundle::Bundle;
use ken_sharing::gate::Caller as Asker;
use maud::{Markup, html};

use serde::Deserialize;

use super::because::{self, Because};
use super::happened::{self, Happened};
use super::refusal::{self, Asked};
use super::{affirm, called, live, more, purpose, send_to};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Begun, Names, Shown};
use crate::pages::compose::{self, Aside, Held};
use crate::stop::Stop;
use crate::view::alert::{self, Alert};
use crate::view::panel::{self, Panel, State};
use crate::view::{banner, emergency as strip, facts, phone, receipt, words};
use crate::wire::csrf::Csrf;

/// What the address carries: words of the dictionary, and nothing of the person.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
    #[serde(default)]
    kind: String,
}

/// `GET /w/p/{person}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let begun = begin(&app, &caller, person).await?;
    let Some(purpose) = wanted.purpose else {
        return choose(&app, &caller, person, &begun).await;
    };
    let part = Part { only: only(&wanted.kind), ..Part::default() };
    answer(&app, &caller, person, (purpose, part), begun).await
}

/// What the form for an earlier part carries. When something happened is in no address.
#[derive(Debug, Deserialize)]
pub(crate) struct Earlier {
    purpose: Purpose,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    before: String,
}

/// `POST /w/p/{person}/earlier`: what happened before a point. It is a look of its own: it is
/// decided, entered and given its receipt like the first.
pub(crate) async fn earlier(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(sent): Sent<Earlier>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let before = Some(sent.before.parse().map_err(|_| Stop::NotFound)?);
    let begun = begin(&app, &caller, person).await?;
    let part = Part { before, only: only(&sent.kind), ..Part::default() };
    answer(&app, &caller, person, (sent.purpose, part), begun).await
}

/// The kind of information that is asked for alone; a word that is none asks for all.
fn only(kind: &str) -> BTreeSet<Category> {
    Category::new(kind).ok().filter(|_| !kind.is_empty()).into_iter().collect()
}

async fn answer(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (purpose, part): (Purpose, Part),
    begun: Begun,
) -> Result<Response, Stop> {
    match decide(app, caller, person, (Action::View, &purpose, &part), &begun).await? {
        Ok(Answer::Shown(shown)) => page(app, caller, (person, purpose, &part), shown, begun).await,
        Ok(Answer::Words(said)) => {
            affirm::page(app, caller, person, (&purpose, None), (&said, false)).await
        }
        Ok(Answer::Refused) => Ok(refusal::page(app, caller, &Asked::Address(person))),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// The choice of purpose; the refusal where no relationship supports one.
async fn choose(
    app: &App,
    caller: &Caller,
    person: PersonId,
    begun: &Begun,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let choices = app.gate().purposes(app.db(), &ctx, by, person).await?;
    let mut purposes: Vec<_> = choices
        .into_iter()
        .filter(|choice| choice.relationship.is_some())
        .map(|choice| choice.purpose)
        .collect();
    if begun.emergency.is_some() {
        purposes.push(ask::purpose(ask::VITAL)?);
    }
    if purposes.is_empty() {
        // Without a relationship, a role may still work with what its own organisation holds.
        let own = ask::purpose(ask::OWN_WORK)?;
        let of = (Action::View, &own, &Part::default());
        return match decide(app, caller, person, of, begun).await? {
            Ok(Answer::Shown(_)) => {
                Ok(Redirect::to(&format!("/w/p/{person}?purpose={own}")).into_response())
            }
            _ => Ok(refusal::page(app, caller, &Asked::Address(person))),
        };
    }
    let main = purpose::show(person, &purposes);
    Ok(caller.frame(app.site(), "Choose a purpose").at("/w/find").page(&main).into_response())
}

/// What the page begins with.
///
/// # Errors
///
/// What the registers or the index say.
pub(crate) async fn begin(app: &App, caller: &Caller, person: PersonId) -> Result<Begun, Stop> {
    ask::begin(app, &app.ctx(caller.request()), caller.acting()?, person).await
}

/// Asks the gate for a purpose, to view or to copy. An emergency is opened on its own page first:
/// `Err` leads there.
///
/// # Errors
///
/// What the gate says.
pub(crate) async fn decide(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (action, purpose, part): (Action, &Purpose, &Part),
    begun: &Begun,
) -> Result<Result<Answer, Response>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    if purpose.as_str() == ask::VITAL && begun.emergency.is_none() {
        let to = format!("/w/emergency?p={person}");
        return Ok(Err(Redirect::to(&to).into_response()));
    }
    if purpose.as_str() == ask::OWN_WORK {
        return Ok(Ok(match ask::own(app, &ctx, by, person, (action, part.clone())).await? {
            // An own record that holds nothing says no more than that nobody is held.
            Some(shown) if !shown.held.is_empty() => Answer::Shown(shown),
            _ => Answer::Refused,
        }));
    }
    let sources = begun.names.keys().cloned().collect();
    let (purpose, part, only) = (purpose.clone(), part.clone(), None);
    let of = Asker::Practitioner(by);
    let asked = Ask { by: of, person, action, purpose, sources, only, part };
    Ok(Ok(ask::ask_beside_own(app, &ctx, &asked, &begun.people, by).await?))
}

async fn page(
    app: &App,
    caller: &Caller,
    (person, purpose, part): (PersonId, Purpose, &Part),
    mut shown: Shown,
    begun: Begun,
) -> Result<Response, Stop> {
    compose::bring(app, &mut shown.held).await?;
    let above = above(app, caller, person, (&shown, &begun));
    let names = begun.names;
    let ctx = app.ctx(caller.request());
    let current = match shown.policies.take() {
        Some(current) => current,
        None => app.gate().current(app.db(), &ctx).await?,
    };
    let sources = called::called(app, caller.acting()?, &shown).await?;
    let live = live::names(app, caller, &purpose, (&shown, &names))?;
    let asked = asked(&current.bundle, &caller.acting()?.organisation, &purpose, &names);
    let more = more::offers(&current.bundle, &shown.more);
    let because = because::of(&current.bundle, caller, purpose.clone(), &shown);
    let why = |clause: &ken_core::ClauseId| ask::clause_words(&current.bundle, clause);
    let events = compose::events(&shown.held, &names, &why);
    let here = events.iter().map(|dated| &dated.category);
    let kinds = happened::kinds(shown.covered.iter().chain(here).chain(&part.only));
    let view = View {
        person,
        alerts: compose::alerts(&shown.held, &names),
        because,
        happened: Happened {
            action: format!("/w/p/{person}"),
            purpose,
            events: events.into_iter().map(|dated| dated.event).collect(),
            kinds,
            kind: part.only.first().map(ToString::to_string).unwrap_or_default(),
            is_earlier: part.before.is_some(),
            earlier: shown.next,
        },
        is_whole: shown.is_whole,
        boxes: compose::asides(&shown.held, ctx.clock.today()),
        sources: answered(&shown.held, &asked, &sources),
        live,
        receipts: ask::receipts(app, shown.entries).await?,
        more,
    };
    let frame = caller.frame(app.site(), "Person").at("/w/find").under(above);
    Ok(frame.page(&show(&view, caller.csrf())).into_response())
}

/// What stands above every page about somebody: the emergency that is open, and who it is.
pub(super) fn above(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (shown, begun): (&Shown, &Begun),
) -> Markup {
    let clock = app.ctx(caller.request()).clock;
    html! {
        @if let Some(open) = &begun.emergency {
            @let left = open.until.duration_since(clock.now()).as_secs();
            (strip::strip(&words::span(left), &format!("/w/p/{person}/finish"), caller.csrf()))
        }
        (banner::show(&compose::banner(&shown.held, clock.today())))
    }
}

/// Whom a look asked: the reader's own organisation and, beyond its own work, those that an
/// agreement binds. A body that is party to nothing is asked nothing, and is not named as if it
/// had been.
pub(super) fn asked(
    bundle: &Bundle,
    own: &OrganisationId,
    purpose: &Purpose,
    names: &Names,
) -> Names {
    let parties = match purpose.as_str() {
        ask::OWN_WORK => BTreeSet::new(),
        _ => ask::parties(bundle, &names.keys().cloned().collect()),
    };
    let mut names = names.clone();
    names.retain(|id, _| id == own || parties.contains(id));
    names
}

fn answered(held: &[Held], names: &Names, called: &Names) -> Vec<Source> {
    let newest = |id: &OrganisationId| {
        held.iter().filter(|held| held.source == *id).map(|held| held.filed).max()
    };
    let mut sources: Vec<_> = names
        .iter()
        .map(|(id, name)| Source {
            name: name.clone(),
            up_to_date: newest(id).map(words::moment_short),
            called: called.get(id).cloned(),
        })
        .collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

/// One organisation that was asked, and when it last sent something the reader may see.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: String,
    /// "21 Nov 2026, 09:14", or none when nothing it sent may be seen.
    pub(crate) up_to_date: Option<String>,
    /// What it and the reader's organisation call the person between them, where they have no
    /// number in common.
    pub(crate) called: Option<String>,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Whom it is about.
    pub(crate) person: PersonId,
    /// Alerts.
    pub(crate) alerts: Vec<Alert>,
    /// Why it may be seen.
    pub(crate) because: Because,
    /// What has happened.
    pub(crate) happened: Happened,
    /// Whether all that stands is here: alerts, allergies, plans.
    pub(crate) is_whole: bool,
    /// Boxes before and beside the events: heading, and facts under it.
    pub(crate) boxes: Vec<Aside>,
    /// Which organisations were asked.
    pub(crate) sources: Vec<Source>,
    /// Which of them can be asked what they say now.
    pub(crate) live: Vec<String>,
    /// The ledger's receipts for this look.
    pub(crate) receipts: Vec<String>,
    /// What words would show as well.
    pub(crate) more: Vec<more::Offer>,
}

/// The page's content.
pub(crate) fn show(view: &View, csrf: &Csrf) -> Markup {
    let (first, beside): (Vec<_>, Vec<_>) =
        view.boxes.iter().partition(|(id, ..)| compose::FIRST.contains(id));
    html! {
        h1 { "Overview" }
        (alert::list(&view.alerts))
        @if !view.is_whole { p { (NOT_WHOLE) } }
        (alert::why(&because::shown(&view.because)))
        // On a phone all is one column: nobody scrolls through years to what may kill today.
        @for (id, heading, facts) in first { (panel::show(&aside(id, heading, facts))) }
        div.care_grid.care_grid--side {
            (panel::show(&view.happened.panel(csrf)))
            div.care_stack {
                @for (id, heading, facts) in beside {
                    (panel::show(&aside(id, heading, facts)))
                }
                (panel::show(&sources(&view.sources)))
                (live::way(view.person, &view.because.purpose, &view.live))
                (send_to::ways(view.person, &view.because.purpose))
            }
        }
        @if !view.more.is_empty() {
            (panel::show(&more::panel(view.person, &view.because.purpose, &view.more)))
        }
        p.care_meta { (MORE) }
        (receipt::detail(&view.receipts))
    }
}

/// Where more stands than a page shows.
const NOT_WHOLE: &str = "There are more alerts, allergies or plans than this page can show. \
    Ask the organisations listed here.";

/// One fixed text for everyone: it says nothing about this person (`core.md` 2.9).
pub(super) const MORE: &str = "There may be more that law or safety keeps from this page. \
    That something is not here does not mean that it did not happen.";

fn aside(id: &'static str, heading: &str, held: &[(String, String)]) -> Panel {
    let pairs: Vec<_> =
        held.iter().map(|(label, value)| (label.as_str(), phone::linked(value))).collect();
    let state = State::Content { shown: facts::list(&pairs), from: None };
    Panel { id, heading: heading.to_owned(), open: false, state }
}

/// Who was asked: those with something to see each with its age, the others in one line.
fn sources(sources: &[Source]) -> Panel {
    let (with, without): (Vec<_>, Vec<_>) =
        sources.iter().partition(|source| source.up_to_date.is_some());
    let names: Vec<_> = without.iter().map(|source| source.name.as_str()).collect();
    let mut pairs: Vec<_> = with
        .iter()
        .map(|source| {
            let at = source.up_to_date.as_deref().unwrap_or_default();
            let shown = html! {
                "Up to date at " (at)
                @if let Some(called) = &source.called {
                    ". Between you and them this person is " (called)
                }
            };
            (source.name.as_str(), shown)
        })
        .collect();
    if !names.is_empty() {
        pairs.push(("Nothing that you may see here", html! { (names.join(", ")) }));
    }
    let state = State::Content { shown: facts::list(&pairs), from: None };
    Panel { id: "sources", heading: "Who was asked".into(), open: false, state }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::alert::Weight;
    use crate::view::rules;

    pub(crate) fn view() -> View {
        let because = Because {
            purpose: Purpose::new("girfec-wellbeing").unwrap(),
            acting: "Head teacher, Glen Primary School".into(),
            clauses: vec!["GIRFEC wellbeing agreement, clause G1".into()],
            covered: vec!["Alerts".into(), "Chronology".into()],
            is_emergency: false,
            is_more: true,
        };
        let alert = Alert {
            weight: Weight::Alert,
            what: "Child protection registration".into(),
            detail: "Since 2 Nov 2026. Call the lead professional before any visit.".into(),
        };
        let who = vec![("Lead professional".into(), "Jo Worker, social worker".into())];
        View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            alerts: vec![alert],
            because,
            happened: happened::tests::happened(),
            is_whole: true,
            boxes: vec![("who", "Who's who", who)],
            sources: vec![
                Source {
                    name: "NHS Glen".into(),
                    up_to_date: Some("3 Oct 2026, 23:15".into()),
                    called: Some("ABCD-EFGH-JKLM".into()),
                },
                Source { name: "Glen Council".into(), up_to_date: None, called: None },
            ],
            live: vec!["NHS Glen".into()],
            receipts: vec!["a2VuLXJlY2VpcHQvMQ".into()],
            more: vec![more::tests::offer()],
        }
    }

    #[test]
    fn the_page_says_why_what_and_from_whom() {
        let shown = show(&view(), &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        for want in [
            "You can see this because",
            "clause G1",
            "2 events",
            "Who was asked",
            "Ask them now",
            "href=\"#more\"",
            "What you could see as well",
            MORE,
        ] {
            assert!(shown.contains(want), "{want}");
        }
        assert!(shown.find("Child protection") < shown.find("You can see this"));
    }

    #[test]
    fn what_is_left_out_of_what_stands_is_said() {
        let shown = show(&View { is_whole: false, ..view() }, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains(NOT_WHOLE));
    }
}
