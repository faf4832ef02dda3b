//! `/w/p/{id}`: one commonly understood view of a person, in the order of its worth for a decision.
//!
//! Alerts, why the reader may see this, what has happened, and beside it who helps and what is
//! planned. What no clause covers is absent, whether any of it is held or not.

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::{PersonId, Purpose};
use ken_sharing::bundle::Bundle;
use ken_sharing::gate::Caller as Asker;
use maud::{Markup, html};

use serde::Deserialize;

use super::refusal::{self, Asked};
use super::{affirm, more, purpose};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Begun, Names, Shown};
use crate::pages::compose::{self, Aside, Dated, Held};
use crate::stop::Stop;
use crate::view::alert::{self, Alert};
use crate::view::panel::{self, Panel, State};
use crate::view::timeline::{self, Event};
use crate::view::{banner, emergency as strip, receipt};
use crate::view::{facts, form, words};

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
    match decide(&app, &caller, person, &purpose, &begun).await? {
        Ok(Answer::Shown(shown)) => {
            let asked = (person, purpose, wanted.kind.as_str());
            page(&app, &caller, asked, shown, begun).await
        }
        Ok(Answer::Words(said)) => {
            affirm::page(&app, &caller, person, (&purpose, None), (&said, false)).await
        }
        Ok(Answer::Refused) => Ok(refusal::page(&app, &caller, &Asked::Address(person))),
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
        return match decide(app, caller, person, &own, begun).await? {
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

/// Asks the gate for a purpose. An emergency is opened on its own page first: `Err` leads there.
///
/// # Errors
///
/// What the gate says.
pub(crate) async fn decide(
    app: &App,
    caller: &Caller,
    person: PersonId,
    purpose: &Purpose,
    begun: &Begun,
) -> Result<Result<Answer, Response>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    if purpose.as_str() == ask::VITAL && begun.emergency.is_none() {
        let to = format!("/w/emergency?p={person}");
        return Ok(Err(Redirect::to(&to).into_response()));
    }
    if purpose.as_str() == ask::OWN_WORK {
        return Ok(Ok(match ask::own(app, &ctx, by, person, None).await? {
            // An own record that holds nothing says no more than that nobody is held.
            Some(shown) if !shown.held.is_empty() => Answer::Shown(shown),
            _ => Answer::Refused,
        }));
    }
    let sources = begun.names.keys().cloned().collect();
    let purpose = purpose.clone();
    let asked = Ask { by: Asker::Practitioner(by), person, purpose, sources, only: None };
    Ok(Ok(ask::ask_beside_own(app, &ctx, &asked, &begun.people, by).await?))
}

async fn page(
    app: &App,
    caller: &Caller,
    (person, purpose, kind): (PersonId, Purpose, &str),
    mut shown: Shown,
    Begun { names, emergency: open, .. }: Begun,
) -> Result<Response, Stop> {
    let ctx = app.ctx(caller.request());
    let current = match shown.policies.take() {
        Some(current) => current,
        None => app.gate().current(app.db(), &ctx).await?,
    };
    let is_emergency = purpose.as_str() == ask::VITAL;
    let more = more::offers(&current.bundle, &shown.more);
    let because = because(&current.bundle, caller, purpose, &shown, is_emergency);
    let why = |clause: &ken_core::ClauseId| ask::clause_words(&current.bundle, clause);
    let events = compose::events(&shown.held, &names, &why);
    let view = View {
        person,
        alerts: compose::alerts(&shown.held, &names),
        because,
        kinds: kinds(&events),
        events_all: events.len(),
        events: filtered(events, kind),
        kind: kind.to_owned(),
        is_whole: shown.is_whole,
        boxes: compose::asides(&shown.held),
        sources: answered(&shown.held, &names),
        receipts: ask::receipts(app, shown.entries).await?,
        more,
    };
    let shown_banner = compose::banner(&shown.held, ctx.clock.today());
    let above = html! {
        @if let Some(open) = open {
            @let left = open.until.duration_since(ctx.clock.now()).as_secs();
            (strip::strip(&words::span(left), &format!("/w/p/{person}/finish"), caller.csrf()))
        }
        (banner::show(&shown_banner))
    };
    let frame = caller.frame(app.site(), "Person").at("/w/find").under(above);
    Ok(frame.page(&show(&view)).into_response())
}

fn because(
    bundle: &Bundle,
    caller: &Caller,
    purpose: Purpose,
    shown: &Shown,
    is_emergency: bool,
) -> Because {
    let cited = |id: &ken_core::ClauseId| {
        bundle.clause(id).map(|(instrument, _)| ask::citation(instrument, id))
    };
    Because {
        purpose,
        acting: caller.acts_as().to_owned(),
        clauses: shown.clauses.iter().filter_map(cited).collect(),
        covered: shown.covered.iter().map(words::category).collect(),
        is_emergency,
        is_more: !shown.more.is_empty(),
    }
}

fn kinds(events: &[Dated]) -> Vec<(String, String)> {
    let mut kinds: Vec<_> = events
        .iter()
        .map(|dated| (dated.category.to_string(), words::category(&dated.category)))
        .collect();
    kinds.sort_by(|a, b| a.1.cmp(&b.1));
    kinds.dedup();
    kinds
}

fn filtered(events: Vec<Dated>, kind: &str) -> Vec<Event> {
    let fits = |dated: &Dated| kind.is_empty() || dated.category.as_str() == kind;
    events.into_iter().filter(fits).map(|dated| dated.event).collect()
}

fn answered(held: &[Held], names: &Names) -> Vec<Source> {
    let newest = |id: &ken_core::OrganisationId| {
        held.iter().filter(|held| held.source == *id).map(|held| held.filed).max()
    };
    let mut sources: Vec<_> = names
        .iter()
        .map(|(id, name)| Source {
            name: name.clone(),
            up_to_date: newest(id).map(words::moment_short),
        })
        .collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

/// Why the reader may see the page.
#[derive(Debug, Clone)]
pub(crate) struct Because {
    /// For which purpose.
    pub(crate) purpose: Purpose,
    /// In which role, of which organisation, in words.
    pub(crate) acting: String,
    /// Each clause relied on: the agreement's title and the clause's id.
    pub(crate) clauses: Vec<String>,
    /// The kinds of information that the purpose covers, in words.
    pub(crate) covered: Vec<String>,
    /// Whether this is an emergency access.
    pub(crate) is_emergency: bool,
    /// Whether more could be seen once words are affirmed.
    pub(crate) is_more: bool,
}

/// One organisation that was asked, and when it last sent something the reader may see.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: String,
    /// "21 Nov 2026, 09:14", or none when nothing it sent may be seen.
    pub(crate) up_to_date: Option<String>,
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
    /// What has happened, the newest first.
    pub(crate) events: Vec<Event>,
    /// How many events there are before the filter.
    pub(crate) events_all: usize,
    /// Kinds of information among the events: word and words.
    pub(crate) kinds: Vec<(String, String)>,
    /// The kind that is shown alone; empty for all.
    pub(crate) kind: String,
    /// Whether the newest were shown only, because there are very many.
    pub(crate) is_whole: bool,
    /// Boxes beside the events: heading, and facts under it.
    pub(crate) boxes: Vec<Aside>,
    /// Which organisations were asked.
    pub(crate) sources: Vec<Source>,
    /// The ledger's receipts for this look.
    pub(crate) receipts: Vec<String>,
    /// What words would show as well.
    pub(crate) more: Vec<more::Offer>,
}

/// The page's content.
pub(crate) fn show(view: &View) -> Markup {
    html! {
        h1 { "Overview" }
        (alert::list(&view.alerts))
        (alert::why(&because_shown(&view.because)))
        div.care_grid.care_grid--side {
            (panel::show(&happened(view)))
            div.care_stack {
                @for (id, heading, facts) in &view.boxes {
                    (panel::show(&aside(id, heading, facts)))
                }
                (panel::show(&sources(&view.sources)))
            }
        }
        @if !view.more.is_empty() {
            (panel::show(&more::panel(view.person, &view.because.purpose, &view.more)))
        }
        p.care_meta { (MORE) }
        (receipt::detail(&view.receipts))
    }
}

/// One fixed text for everyone: it says nothing about this person (`core.md` 2.9).
const MORE: &str = "There may be more that law or safety keeps from this page. \
    That something is not here does not mean that it did not happen.";

fn because_shown(because: &Because) -> Markup {
    html! {
        p {
            b { "You can see this because " }
            "you act as " (because.acting) ", for this purpose: "
            b { (words::purpose(&because.purpose)) } "."
            @if because.is_emergency { " You opened it in an emergency; somebody will check it." }
        }
        p {
            @if because.clauses.len() == 1 { "The clause that allows it: " }
            @else { "The clauses that allow it: " }
            (because.clauses.join("; ")) "."
        }
        details.care_more {
            summary { "What you can see (" (because.covered.len()) " kinds of information)" }
            div {
                p { (because.covered.join(", ")) "." }
                p { "Beside that, what your own organisation recorded itself." }
            }
        }
        @if because.is_more {
            p {
                a.care_lone href="#more" { "More can be shown once you affirm words" }
            }
        }
        p { "The person can read that you looked, and why." }
    }
}

fn happened(view: &View) -> Panel {
    let filtered = !view.kind.is_empty();
    let state = if view.events_all == 0 {
        State::Nothing {
            looked: "The organisations listed here have sent no event that you may see.".into(),
            caution: "This does not mean that nothing happened.".into(),
        }
    } else {
        let shown = html! {
            (filter(view))
            p role="status" {
                @if filtered { "Showing " (view.events.len()) " of " (view.events_all) " events." }
                @else if view.events_all == 1 { "1 event." }
                @else { (view.events_all) " events." }
                @if !view.is_whole { " There are more; these are the newest." }
            }
            (timeline::show(&view.events))
        };
        State::Content { shown, from: None }
    };
    Panel { id: "happened", heading: "What has happened".into(), open: true, state }
}

/// The filter's values are words of the dictionary, so the address says nothing of the person.
fn filter(view: &View) -> Markup {
    let action = format!("/w/p/{}", view.person);
    let mut options = vec![(String::new(), "Every kind".to_owned())];
    options.extend(view.kinds.iter().cloned());
    html! {
        @if view.kinds.len() > 1 {
            (form::filter(&action, &html! {
                input type="hidden" name="purpose" value=(view.because.purpose);
                (form::select("kind", "Kind of information", &options, &view.kind))
            }))
        }
    }
}

fn aside(id: &'static str, heading: &str, held: &[(String, String)]) -> Panel {
    let pairs: Vec<_> =
        held.iter().map(|(label, value)| (label.as_str(), html! { (value) })).collect();
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
            (source.name.as_str(), html! { "Up to date at " (at) })
        })
        .collect();
    if !names.is_empty() {
        pairs.push(("Nothing that you may see", html! { (names.join(", ")) }));
    }
    let state = State::Content { shown: facts::list(&pairs), from: None };
    Panel { id: "sources", heading: "Who was asked".into(), open: false, state }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::alert::Weight;
    use crate::view::{rules, sample};

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
            events: vec![sample::event(4), sample::event(3)],
            events_all: 2,
            kinds: vec![("chronology".into(), "Chronology".into()), ("a".into(), "A".into())],
            kind: String::new(),
            is_whole: true,
            boxes: vec![("who", "Who's who", who)],
            sources: vec![
                Source { name: "NHS Glen".into(), up_to_date: Some("3 Oct 2026, 23:15".into()) },
                Source { name: "Glen Council".into(), up_to_date: None },
            ],
            receipts: vec!["a2VuLXJlY2VpcHQvMQ".into()],
            more: vec![more::tests::offer()],
        }
    }

    #[test]
    fn the_page_says_why_what_and_from_whom() {
        let shown = show(&view()).into_string();
        rules::assert_part(&shown);
        for want in [
            "You can see this because",
            "clause G1",
            "2 events",
            "Who was asked",
            "href=\"#more\"",
            "What you could see as well",
            MORE,
        ] {
            assert!(shown.contains(want), "{want}");
        }
        assert!(shown.find("Child protection") < shown.find("You can see this"));
    }

    #[test]
    fn nothing_is_said_with_what_it_does_not_mean() {
        let empty = View { events: vec![], events_all: 0, kinds: vec![], ..view() };
        let shown = show(&empty).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("does not mean that nothing happened"));
    }

    #[test]
    fn a_filter_says_how_many_it_shows() {
        let some = View { kind: "a".into(), events_all: 9, ..view() };
        let shown = show(&some).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Showing 2 of 9 events"));
    }
}
