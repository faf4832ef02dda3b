//! `/ig/breaches`: the breach register of one's own organisation, what it reported as a processor,
//! and the form that records a breach or reports one to a controller.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::{OrganisationId, Sensitive};
use ken_office::breach::{self, Breach, Did, Kind, New, Refusal};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Names};
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Field, Form, Wrong, choices, select, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::typed::TypedMoment;
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Where the register is.
pub(super) const ADDRESS: &str = "/ig/breaches";
/// Said beside every field that takes words.
pub(super) const NO_NAMES: &str =
    "Name no person: write how many, and what kind of information. It is kept sealed.";

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    controller: String,
    #[serde(default)]
    kind: String,
    #[serde(flatten)]
    aware: TypedMoment,
    #[serde(default)]
    people: String,
    #[serde(default)]
    happened: String,
    #[serde(default)]
    data: String,
    #[serde(default)]
    effects: String,
    #[serde(default)]
    measures: String,
}

/// What happened, in words.
pub(super) fn kind_says(kind: Kind) -> &'static str {
    match kind {
        Kind::Disclosure => "Given to somebody who should not have it",
        Kind::Access => "Seen by somebody who should not have",
        Kind::Loss => "Lost, or out of reach when it is needed",
        Kind::Destruction => "Destroyed",
        Kind::Alteration => "Changed",
    }
}

/// What was done, in words.
pub(super) fn did_says(did: Did) -> &'static str {
    match did {
        Did::Recorded => "Recorded",
        Did::Reported => "Reported to the regulator",
        Did::Unlikely => "Not reported: a risk to anybody is unlikely",
        Did::Told => "The people were told",
        Did::Public => "The people were told in public",
        Did::Protected => "The people were not told: they are protected from a high risk",
        Did::NoHighRisk => "The people were not told: a high risk to them is unlikely",
        Did::Withheld => "The people are not told yet: it would harm the detection of a crime",
        Did::Noted => "More became known",
        Did::Closed => "Closed",
    }
}

/// `GET /ig/breaches`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let own = caller.acting()?.organisation.clone();
    let read = async |s: &mut Snapshot| {
        let (mine, reported) = (breach::list(s, &own).await?, breach::reported(s, &own).await?);
        Ok::<_, Stop>((mine, reported, ask::names_in(s).await?))
    };
    let (mine, reported, names) = app.db().snapshot("http.breaches", read).await?;
    let now = app.ctx(caller.request()).clock.now();
    Ok(frame(&app, &caller, &show(&mine, &reported, &names, now)))
}

/// `GET /ig/breaches/new`.
pub(crate) async fn get_new(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let names = ask::names(&app).await?;
    let own = &caller.acting()?.organisation;
    Ok(frame(&app, &caller, &new_form(own, &names, &Filled::default(), &[], caller.csrf())))
}

/// `POST /ig/breaches/new`.
pub(crate) async fn post_new(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (ctx, by, names) = (app.ctx(caller.request()), caller.acting()?, ask::names(&app).await?);
    let wrong = |wrongs: &[Wrong]| {
        let main = new_form(&by.organisation, &names, &filled, wrongs, caller.csrf());
        (StatusCode::UNPROCESSABLE_ENTITY, frame(&app, &caller, &main)).into_response()
    };
    let new = match checked(&filled) {
        Ok(new) => new,
        Err(wrongs) => return Ok(wrong(&wrongs)),
    };
    let id = match breach::record(app.db(), &ctx, app.keys(), by, &new).await? {
        Ok(id) => id,
        Err(refusal) => return Ok(wrong(&[told(refusal)])),
    };
    let is_own = new.controller == by.organisation;
    let main = html! {
        @if is_own {
            (confirmation::done("The breach is recorded", "The clock of 72 hours runs from when \
                you became aware."))
            (confirmation::link_on(&format!("{ADDRESS}/{id}"), "Decide what to do"))
        } @else {
            (confirmation::done("The controller has your report", "It stands on their list, and \
                their clock of 72 hours runs from now. Telephone them as well."))
        }
        (confirmation::link_on(ADDRESS, "Back to the breaches"))
    };
    Ok(frame(&app, &caller, &main).into_response())
}

pub(super) fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Breaches").at(ADDRESS).page(main)
}

fn checked(filled: &Filled) -> Result<New, Vec<Wrong>> {
    let mut wrongs = vec![];
    let controller = filled.controller.parse::<OrganisationId>().ok();
    let kind = Kind::of_code(&filled.kind);
    let found = filled.aware.at();
    let people = match filled.people.trim() {
        "" => Ok(None),
        text => text.parse::<i64>().map(Some),
    };
    let at = |field, says| Wrong::new(field, says);
    if controller.is_none() {
        wrongs.push(at("controller", "Choose whose information it is"));
    }
    if kind.is_none() {
        wrongs.push(at("kind", "Choose what happened to the information"));
    }
    if found.is_none() {
        wrongs.push(at("day", "Enter the day, and the time as 14:30"));
    }
    if people.is_err() {
        wrongs.push(told(Refusal::People));
    }
    let texts = [
        ("happened", &filled.happened),
        ("data", &filled.data),
        ("effects", &filled.effects),
        ("measures", &filled.measures),
    ];
    for (field, text) in texts {
        if text.trim().is_empty() || text.chars().count() > breach::WORDS_MAX {
            wrongs.push(told(Refusal::Words(field)));
        }
    }
    match (controller, kind, found, people) {
        (Some(controller), Some(kind), Some(found), Ok(people)) if wrongs.is_empty() => {
            let words = texts.map(|(field, text)| (field.to_owned(), text.trim().to_owned()));
            let words = Sensitive::new(BTreeMap::from(words));
            Ok(New { controller, kind, found, people, words })
        }
        _ => Err(wrongs),
    }
}

/// What to put right.
pub(super) fn told(refusal: Refusal) -> Wrong {
    match refusal {
        Refusal::Unknown => Wrong::new("controller", "Choose whose information it is"),
        Refusal::Words(breach::DELAY) => {
            Wrong::new("delay", "It was reported after 72 hours: give the reasons for the delay")
        }
        Refusal::Words("data") => Wrong::new("data", "Say what kinds of information it is"),
        Refusal::Words("effects") => Wrong::new("effects", "Say what is likely to follow"),
        Refusal::Words("measures") => Wrong::new("measures", "Say what was done, or is planned"),
        Refusal::Words(breach::REASON) => Wrong::new("reason", "Give the reason in a sentence"),
        Refusal::Words(_) => Wrong::new("happened", "Say what happened"),
        Refusal::When => Wrong::new("day", "This lies in the future, or before anybody knew"),
        Refusal::People => Wrong::new("people", "Enter a number, or leave it empty"),
        Refusal::Decided => Wrong::new("did", "This was decided already"),
        Refusal::Undecided => {
            Wrong::new("did", "Decide about the regulator and about the people first")
        }
        Refusal::Closed => Wrong::new("did", "This breach is closed"),
        Refusal::TooMany => Wrong::new(
            "controller",
            "The register holds no more open ones of yours. Telephone the controller",
        ),
    }
}

fn show(mine: &[Breach], reported: &[Breach], names: &Names, now: Timestamp) -> Markup {
    let (closed, open): (Vec<_>, Vec<_>) = mine.iter().partition(|one| one.closed.is_some());
    let cards = |all: &[&Breach]| all.iter().map(|one| card_of(one, now)).collect::<Vec<_>>();
    let reports: Vec<_> = reported.iter().map(|one| report_of(one, names)).collect();
    html! {
        h1 { "Breaches" }
        p { "A breach of security through which information about people was lost, destroyed, \
             changed, given or shown to somebody who should not have it. Every one is written \
             down, however small." }
        p { a href={ (ADDRESS) "/new" } { "Record or report a breach" } }
        (panel("open", "Open", &cards(&open), "No breach is open.",
            "This does not mean that there was none: nobody may have noticed it."))
        (panel("reported", "Reported to a controller", &reports,
            "Your organisation has reported none as a processor.",
            "Whoever processes for a controller tells it of every breach without undue delay."))
        @if !closed.is_empty() {
            (panel("closed", "Closed", &cards(&closed), "", ""))
        }
    }
}

fn panel(id: &'static str, heading: &str, cards: &[Markup], looked: &str, not: &str) -> Markup {
    let state = if cards.is_empty() {
        State::Nothing { looked: looked.into(), caution: not.into() }
    } else {
        State::Content { shown: card::cards(false, cards), from: None }
    };
    panel::show(&Panel { id, heading: heading.into(), open: true, state })
}

fn card_of(one: &Breach, now: Timestamp) -> Markup {
    html! {
        h3 { a href={ (ADDRESS) "/" (one.id) } {
            (kind_says(one.kind)) ", " (words::moment_short(one.aware))
        } }
        (standing(one, now))
    }
}

/// What is still to be decided about a breach, and in what time.
pub(super) fn standing(one: &Breach, now: Timestamp) -> Markup {
    html! {
        p {
            @if one.reporter.is_some() { "A processor reported it. " }
            @if let Some(closed) = one.closed {
                "Closed " (words::moment_short(closed)) ". "
            } @else if one.regulator.is_none() {
                "The regulator: " (clock(one.due, now)) ". "
            } @else if one.told.is_none() {
                (facts::tag("Without undue delay", Tone::Warn)) " Decide about the people. "
            } @else {
                "Decided; to be closed. "
            }
            @if one.missed.is_some() { (facts::tag("72 hours missed", Tone::Bad)) }
        }
    }
}

/// How much of the 72 hours is left, in words and a moment.
pub(super) fn clock(due: Timestamp, now: Timestamp) -> Markup {
    let left = due.as_second() - now.as_second();
    html! {
        @if left <= 0 {
            (facts::tag("Late", Tone::Bad)) " since " (words::moment_short(due))
        } @else {
            @let tone = if left < 86_400 { Tone::Bad } else { Tone::Warn };
            // Days would hide hours that count.
            (facts::tag(&hours(left), tone)) ", until " (words::moment_short(due))
        }
    }
}

fn hours(left: i64) -> String {
    match left / 3_600 {
        0 => format!("{} left", words::span(left)),
        1 => "1 hour left".to_owned(),
        hours => format!("{hours} hours left"),
    }
}

fn report_of(one: &Breach, names: &Names) -> Markup {
    let controller = names.get(&one.controller).map_or_else(String::new, Clone::clone);
    html! {
        h3 { (kind_says(one.kind)) ", to " (controller) }
        p {
            "You became aware " (words::moment_short(one.found)) ", and told them "
            (words::moment_short(one.recorded)) ". What they decide is theirs."
        }
    }
}

fn new_form(
    own: &OrganisationId,
    names: &Names,
    filled: &Filled,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = format!("{ADDRESS}/new");
    let form = Form { action: &action, csrf, button: "Save", hidden: &[] };
    let name = |id: &OrganisationId| names.get(id).cloned().unwrap_or_else(|| id.to_string());
    let mut bodies = vec![(own.to_string(), format!("{} (ours)", name(own)))];
    let others = names.iter().filter(|(id, _)| *id != own);
    bodies.extend(others.map(|(id, name)| (id.to_string(), format!("{name}, we process for it"))));
    let kinds: Vec<_> = Kind::ALL
        .into_iter()
        .map(|kind| Choice {
            value: kind.code().to_owned(),
            label: kind_says(kind).to_owned(),
            hint: None,
        })
        .collect();
    let long = |id, label, value| Field::long(id, label, value).hinted(NO_NAMES).show(wrongs);
    html! {
        (summary(wrongs))
        h1 { "Record or report a breach" }
        p { "A controller reports it to the regulator without undue delay, and where it can within \
             72 hours of becoming aware, nights and weekends included, unless a risk to anybody is \
             unlikely. A later report gives the reasons for the delay. Do not wait until all is \
             known: write down what you know now, and add the rest." }
        (form.post(&html! {
            (select("controller", "Whose information is it?", &bodies, &filled.controller))
            (choices("What happened to the information?", "kind", &kinds, &filled.kind, wrongs))
            (filled.aware.show("When did you become aware?",
                "When it was reasonably certain that information about people was affected, not \
                 when all of it was found out. For example 31 3 2027", wrongs))
            (Field::text("people", "How many people does it concern?", &filled.people)
                .hinted("About; leave it empty while nobody knows.").show(wrongs))
            (long("happened", "What happened?", &filled.happened))
            (long("data", "What kinds of information?", &filled.data))
            (long("effects", "What is likely to follow for the people?", &filled.effects))
            (long("measures", "What was done, or is planned?", &filled.measures))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn one(due: &str, regulator: Option<Did>, closed: bool) -> Breach {
        let at = |text: &str| text.parse().unwrap();
        Breach {
            controller: "cec".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            reporter: Some("nhsl".parse().unwrap()),
            kind: Kind::Access,
            people: None,
            found: at("2027-06-01T08:00:00Z"),
            aware: at("2027-06-01T09:00:00Z"),
            due: at(due),
            recorded: at("2027-06-01T09:00:00Z"),
            regulator,
            told: None,
            missed: (due < "2027-06-02").then(|| at(due)),
            closed: closed.then(|| at("2027-06-03T09:00:00Z")),
        }
    }

    #[test]
    fn the_list_says_how_many_hours_are_left() {
        let now = "2027-06-02T09:00:00Z".parse().unwrap();
        let names = Names::from([("cec".parse().unwrap(), "Glen <Council>".to_owned())]);
        let mine = [
            one("2027-06-04T09:00:00Z", None, false),
            one("2027-06-01T23:00:00Z", None, false),
            one("2027-06-04T09:00:00Z", Some(Did::Reported), false),
            one("2027-06-04T09:00:00Z", Some(Did::Reported), true),
        ];
        let page = show(&mine, &mine[..1], &names, now).into_string();
        rules::assert_part(&page);
        for want in ["48 hours left", "Late", "72 hours missed", "Decide about the people"] {
            assert!(page.contains(want), "{want}: {page}");
        }
        assert!(hours(3_599).contains("59 minutes") && hours(3_600) == "1 hour left");
        rules::assert_part(&show(&[], &[], &names, now).into_string());
    }

    #[test]
    fn the_form_keeps_what_was_typed_and_says_what_to_put_right() {
        let own = "cec".parse().unwrap();
        let names = Names::from([("nhsl".parse().unwrap(), "NHS Glen".to_owned())]);
        let filled = Filled { happened: "A <letter>".into(), ..Filled::default() };
        let wrongs = checked(&filled).unwrap_err();
        assert_eq!(wrongs.len(), 6, "{wrongs:?}");
        let page = new_form(&own, &names, &filled, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("A &lt;letter&gt;") && page.contains("Name no person"), "{page}");
    }
}
