//! `/ig/breaches/{breach}`: one breach of one's own organisation: its clock, what was written, and
//! the next step.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::{EntryId, PractitionerId, Sensitive};
use ken_directory::practitioner;
use ken_office::breach::{self, Breach, DELAY, Did, Group, NewStep, REASON, Refusal, Step};
use ken_office::register::{self, Register};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::breach_people::{self, Typed};
use super::breaches::{ADDRESS, NO_NAMES, clock, did_says, frame, kind_says, standing, told};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Names};
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::typed::TypedMoment;
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    did: String,
    #[serde(flatten)]
    when: TypedMoment,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    delay: String,
    /// `people` where whom it concerns is counted; nothing of the step is sent then.
    #[serde(default)]
    step: String,
    #[serde(flatten)]
    whom: Typed,
}

/// What the page shows.
struct Shown {
    breach: Breach,
    steps: Vec<Step>,
    groups: Vec<Group>,
    people: BTreeMap<PractitionerId, String>,
    names: Names,
    /// Whether one's own register names the processor that reported it.
    is_registered: bool,
    now: Timestamp,
}

/// `GET /ig/breaches/{breach}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let shown = read(&app, &caller, &id).await?;
    Ok(frame(&app, &caller, &show(&shown, &Filled::default(), &[], caller.csrf())))
}

/// `POST /ig/breaches/{breach}`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let shown = read(&app, &caller, &id).await?;
    let wrong = |wrong: Wrong| {
        let main = show(&shown, &filled, &[wrong], caller.csrf());
        (StatusCode::UNPROCESSABLE_ENTITY, frame(&app, &caller, &main)).into_response()
    };
    if filled.step == breach_people::STEP {
        let group = match breach_people::checked(&filled.whom) {
            Ok(group) => group,
            Err(it) => return Ok(wrong(it)),
        };
        return match count(&app, &caller, (shown.breach.id, &group)).await? {
            Ok(done) => Ok(frame(&app, &caller, &done).into_response()),
            Err(it) => Ok(wrong(it)),
        };
    }
    let Some(did) = Did::of_code(&filled.did).filter(|did| *did != Did::Recorded) else {
        return Ok(wrong(Wrong::new("did", "Choose what was done")));
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    // When the regulator or the people were told is a fact; all else is so decided now.
    let is_fact = matches!(did, Did::Reported | Did::Told | Did::Public);
    let at = if is_fact { filled.when.at() } else { Some(ctx.clock.now()) };
    let Some(at) = at else {
        return Ok(wrong(Wrong::new("day", "Enter when it was done: the day, and the time")));
    };
    let said = [(REASON, &filled.reason), (DELAY, &filled.delay)];
    let said = said.map(|(field, text)| (field.to_owned(), text.trim().to_owned()));
    let said = said.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    let new = NewStep { did, at, words: Sensitive::new(said) };
    let id = shown.breach.id;
    match breach::step(app.db(), &ctx, app.keys(), by, (id, &new)).await? {
        Ok(()) => {}
        // Somebody closed it meanwhile: there is no form any more to put right.
        Err(Refusal::Closed) => return Err(Stop::BadForm),
        Err(refusal) => return Ok(wrong(told(refusal))),
    }
    Ok(frame(&app, &caller, &done(did_says(did), id)).into_response())
}

/// What was done, and the ways on.
fn done(what: &str, id: EntryId) -> Markup {
    html! {
        (confirmation::done(what, "It stands on the ledger with your name."))
        (confirmation::link_on(&format!("{ADDRESS}/{id}"), "Back to the breach"))
        (confirmation::link_on(ADDRESS, "Back to the breaches"))
    }
}

/// Counts the people of one organisation whom it concerns.
async fn count(
    app: &App,
    caller: &Caller,
    (id, group): (EntryId, &Group),
) -> Result<Result<Markup, Wrong>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    match breach::count(app.db(), &ctx, app.keys(), by, (id, group)).await? {
        Ok(()) => Ok(Ok(done("The count is saved", id))),
        Err(Refusal::Closed) => Err(Stop::BadForm),
        Err(refusal) => Ok(Err(told(refusal))),
    }
}

async fn read(app: &App, caller: &Caller, id: &str) -> Result<Shown, Stop> {
    let id: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let own = &caller.acting()?.organisation;
    let now = app.ctx(caller.request()).clock.now();
    let read = async |s: &mut Snapshot| {
        let breach = breach::find(s, own, id).await?.ok_or(Stop::NotFound)?;
        let steps = breach::steps(s, app.keys(), (own, id)).await?;
        let groups = breach::groups(s, (own, id)).await?;
        let mut people = BTreeMap::new();
        for step in &steps {
            let found = practitioner::find(s, step.by).await?;
            people.insert(step.by, found.map(|found| found.name).unwrap_or_default());
        }
        let processors = register::list(s, Register::Processor).await?;
        let has = |of| register::processor(&processors, own, of).is_some();
        let is_registered = breach.reporter.as_ref().is_none_or(has);
        let names = ask::names_in(s).await?;
        Ok::<_, Stop>(Shown { breach, steps, groups, people, names, is_registered, now })
    };
    app.db().snapshot("http.breach", read).await
}

fn show(shown: &Shown, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let of = &shown.breach;
    let reporter = of.reporter.as_ref();
    let reporter = reporter.map(|id| shown.names.get(id).cloned().unwrap_or_default());
    let steps: Vec<_> = shown.steps.iter().map(|step| step_of(shown, step)).collect();
    let people = of.people.map(|people| people.to_string()).unwrap_or_default();
    html! {
        (summary(wrongs))
        h1 { "Breach: " (kind_says(of.kind).to_lowercase()) }
        (standing(of, shown.now))
        (facts::list(&[
            ("You became aware", html! { (words::moment_short(of.aware)) }),
            ("72 hours", html! {
                @if of.regulator.is_none() { (clock(of.due, shown.now)) }
                @else { "Until " (words::moment_short(of.due)) }
            }),
            ("People concerned, about", html! { (people) }),
            ("Regulator", html! { (of.regulator.map_or("Not decided", did_says)) }),
            ("The people", html! { (of.told.map_or("Not decided", did_says)) }),
        ]))
        @if let Some(reporter) = reporter {
            p {
                (reporter) " reported it as your processor, having become aware "
                (words::moment_short(of.found)) "."
            }
            @if !shown.is_registered {
                p {
                    (facts::tag("Not in your register", Tone::Warn))
                    " No entry of your " a href="/ig/registers/processor" { "processors" }
                    " is about this organisation: find out under which contract it acts."
                }
            }
        }
        h2 { "What was done and written" }
        (card::cards(false, &steps))
        @if of.closed.is_none() { (next(of, filled, wrongs, csrf)) }
        (breach_people::show((of.id, of.closed.is_none()), (&shown.groups, &shown.names),
            (&filled.whom, wrongs), csrf))
        (confirmation::link_on(ADDRESS, "All breaches"))
    }
}

/// The label of a field that was filled in.
fn label(field: &str) -> &'static str {
    match field {
        "happened" => "What happened",
        "data" => "Kinds of information",
        "effects" => "What is likely to follow",
        "measures" => "What was done, or is planned",
        DELAY => "Why it was late",
        _ => "Why, or what",
    }
}

fn step_of(shown: &Shown, step: &Step) -> Markup {
    let by = shown.people.get(&step.by).map(String::as_str).unwrap_or_default();
    let said = step.words.as_ref().map(Sensitive::reveal);
    html! {
        h3 { (did_says(step.did)) }
        p {
            (words::moment_short(step.at)) ". Written by " (by) ", "
            (words::moment_short(step.kept)) "."
        }
        @match said {
            Some(said) => (facts::list(&said.iter()
                .map(|(field, text)| (label(field), html! { (text) }))
                .collect::<Vec<_>>())),
            None => p { "What was written can no longer be read." }
        }
    }
}

/// The steps that may follow, and what each means.
fn ways(of: &Breach) -> Vec<Choice> {
    let hint = |did: Did| match did {
        Did::Reported => "Say when, and the regulator's reference.",
        Did::Unlikely => "Say why. You may have to show it.",
        Did::Told => {
            "Say when and how. A letter can put somebody in danger: use the way of reaching them \
             that is known to be safe."
        }
        Did::Public => "Where telling each would be out of proportion. Say when and where.",
        Did::Protected => "What was taken cannot be read, or what was done since ended the risk.",
        Did::NoHighRisk => "Say why a high risk to them is unlikely.",
        Did::Withheld => {
            "Only as far and as long as telling them would harm the detection of a crime, or a \
             prosecution. Say how, and when you look at it again. The breach stays open until then."
        }
        Did::Noted => "Facts, effects or measures that you did not know before.",
        Did::Closed => "Both decisions are made, and nothing is left to do. Say what was learned.",
        Did::Recorded => "",
    };
    let choice = |did: Did| Choice {
        value: did.code().to_owned(),
        label: did_says(did).to_owned(),
        hint: Some(hint(did).to_owned()),
    };
    Did::ALL.into_iter().filter(|did| of.follows(*did).is_ok()).map(choice).collect()
}

fn next(of: &Breach, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("{ADDRESS}/{}", of.id);
    let form = Form { action: &action, csrf, button: "Save this step", hidden: &[] };
    html! {
        h2 { "The next step" }
        (form.post(&html! {
            (choices("What was done, or is decided?", "did", &ways(of), &filled.did, wrongs))
            (filled.when.show("When was the regulator, or were the people, told?",
                "Leave it empty for anything else.", wrongs))
            (Field::long("reason", "Why, or what", &filled.reason).hinted(NO_NAMES).show(wrongs))
            @if of.regulator != Some(Did::Reported) {
                (Field::long("delay", "If it was reported after 72 hours: why so late?",
                    &filled.delay).hinted(NO_NAMES).show(wrongs))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn only_steps_that_may_follow_are_offered() {
        let at = |text: &str| text.parse().unwrap();
        let of = |regulator, told, closed: bool| Breach {
            controller: "cec".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            reporter: Some("nhsl".parse().unwrap()),
            kind: breach::Kind::Loss,
            people: Some(12),
            found: at("2027-06-01T08:00:00Z"),
            aware: at("2027-06-01T09:00:00Z"),
            due: at("2027-06-04T09:00:00Z"),
            recorded: at("2027-06-01T09:00:00Z"),
            regulator,
            told,
            missed: None,
            closed: closed.then(|| at("2027-06-03T09:00:00Z")),
        };
        let check = |of: Breach, want: &[Did]| {
            let step = Step {
                did: Did::Recorded,
                at: of.found,
                kept: of.recorded,
                by: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
                words: Some(Sensitive::new([("data".to_owned(), "A <list>".to_owned())].into())),
            };
            let gone = Step { words: None, ..step.clone() };
            let shown = Shown {
                now: at("2027-06-02T09:00:00Z"),
                breach: of,
                steps: vec![step, gone],
                groups: vec![],
                people: BTreeMap::new(),
                names: Names::new(),
                is_registered: false,
            };
            let asks_why = [Did::Reported, Did::Unlikely].iter().any(|did| want.contains(did));
            let late = told(Refusal::Words(DELAY));
            let wrongs: Vec<_> = asks_why.then_some(late).into_iter().collect();
            let page = show(&shown, &Filled::default(), &wrongs, &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            for did in Did::ALL {
                let is_offered = page.contains(&format!("value=\"{}\"", did.code()));
                assert_eq!(is_offered, want.contains(&did), "{did:?}: {page}");
            }
            assert!(page.contains("A &lt;list&gt;") && page.contains("Not in your register"));
        };
        let people = [Did::Told, Did::Public, Did::Protected, Did::NoHighRisk, Did::Withheld];
        let all = [&[Did::Reported, Did::Unlikely, Did::Noted], &people[..]].concat();
        check(of(None, None, false), &all);
        let more = [&[Did::Reported, Did::Noted], &people[..]].concat();
        check(of(Some(Did::Unlikely), None, false), &more);
        check(of(Some(Did::Reported), Some(Did::Told), false), &[Did::Noted, Did::Closed]);
        // Who is not told yet is still to be told.
        let still = [&[Did::Noted], &people[..4]].concat();
        check(of(Some(Did::Reported), Some(Did::Withheld), false), &still);
        check(of(Some(Did::Reported), Some(Did::Told), true), &[]);
    }
}
