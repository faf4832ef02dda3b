//! `/ig/breaches/{breach}/people`: whom a breach of one's own organisation concerns, from the
//! ledger: how many first, then the list, or the list as a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use ken_agreement::status::PERSON;
use ken_core::{EntryId, InstrumentHash, PractitionerId};
use ken_directory::practitioner;
use ken_office::breach::{
    self, Affecteds, Answer, Asked, Far, LEAVES_MAX, LISTED_MAX, Place, Refusal, Selection,
};
use ken_office::mark::{self, About};
use ken_sharing::gate::Current;
use ken_sharing::instrument;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::breach_listed::{progress, result};
use super::breach_name::{self, Named};
use super::breaches::{ADDRESS, clock, frame, kind_says};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Names};
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::{Choice, Field, Form, Wrong, choices, select, summary};
use crate::view::typed::TypedMoment;
use crate::wire::csrf::Csrf;

/// How long a span may be, in hours, and as a reader says it.
const SPANS: [(&str, &str); 6] = [
    ("1", "1 hour"),
    ("4", "4 hours"),
    ("24", "1 day"),
    ("72", "3 days"),
    ("168", "1 week"),
    ("744", "31 days"),
];

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(flatten)]
    when: TypedMoment,
    #[serde(default)]
    hours: String,
    #[serde(default)]
    practitioner: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    under: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    affirmed: String,
    #[serde(default)]
    seen: String,
}

impl Filled {
    /// What the form carries on unseen. No name is asked for again by itself.
    fn carried(&self) -> impl Iterator<Item = (&'static str, String)> {
        let rest = [
            ("hours", &self.hours),
            ("practitioner", &self.practitioner),
            ("to", &self.to),
            ("source", &self.source),
            ("under", &self.under),
            ("what", &self.what),
            ("person", &self.person),
        ];
        self.when.carried().chain(rest.map(|(name, value)| (name, value.clone())))
    }
}

/// What the ledger said.
struct Told<'a> {
    asked: Asked,
    found: &'a Affecteds,
    /// What the gate said of one name.
    named: Option<(&'a str, Named)>,
}

/// What the page shows beside what was asked.
struct Shown {
    breach: breach::Breach,
    names: Names,
    /// One's own practitioners, to choose from.
    staff: Vec<(String, String)>,
    /// The agreements, to choose from.
    texts: Vec<(String, String)>,
    now: Timestamp,
}

/// `GET /ig/breaches/{breach}/people`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let shown = read(&app, &caller, &id).await?;
    Ok(frame(&app, &caller, &show(&shown, &Filled::default(), None, &[], caller.csrf())))
}

/// `POST /ig/breaches/{breach}/people`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let shown = read(&app, &caller, &id).await?;
    let wrong = |wrong: Wrong| {
        let main = show(&shown, &filled, None, &[wrong], caller.csrf());
        (StatusCode::UNPROCESSABLE_ENTITY, frame(&app, &caller, &main)).into_response()
    };
    let (of, asked) = match checked(&filled) {
        Ok(checked) => checked,
        Err(it) => return Ok(wrong(it)),
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let in_force = app.gate().current(app.db(), &ctx).await?;
    let what = (shown.breach.id, &of, asked);
    let by_what = (&in_force.bundle, app.breaches());
    let found = breach::affected(app.db(), &ctx, app.keys(), by_what, by, what).await?;
    let found = match found {
        Ok(Answer::Told(found)) => found,
        Ok(Answer::Runs(far)) => return Ok(waits(&app, &caller, &shown, &filled, far)),
        Ok(Answer::Begins(place)) => {
            begin(&app, &caller, in_force, place);
            return Ok(waits(&app, &caller, &shown, &filled, Far::default()));
        }
        Ok(Answer::Busy) => return Ok(wrong(busy())),
        Ok(Answer::Failed(code)) => return Ok(wrong(failed(code))),
        Err(refusal) => return Ok(wrong(told(refusal))),
    };
    if asked == Asked::File {
        let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present");
        let name = mark::file_name(About::People, "breach.csv");
        let attached = (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
        return Ok(([kind], [attached], breach::csv(&found)).into_response());
    }
    let mut told = Told { asked, found: &found, named: None };
    if asked == Asked::Name {
        let handle = filled.person.trim().to_uppercase();
        let Some(one) = found.people.iter().find(|one| one.handle == handle) else {
            return Ok(wrong(Wrong::new("person", "Enter a handle of the list of this span")));
        };
        let seen = (filled.affirmed == "yes").then_some(filled.seen.as_str());
        told.named = Some((&one.handle, breach_name::named(&app, &caller, one, seen).await?));
    }
    let main = show(&shown, &filled, Some(&told), &[], caller.csrf());
    Ok(frame(&app, &caller, &main).into_response())
}

/// Reads a long span in the background.
fn begin(app: &App, caller: &Caller, in_force: Arc<Current>, place: Place) {
    let (at, request) = (app.clone(), caller.request());
    app.tasks().spawn(async move {
        let ctx = at.ctx(request);
        // What must end before the process stops must not keep it from stopping.
        let stops = || at.tasks().is_closed();
        let run = place.run(at.db(), &ctx, at.keys(), &in_force.bundle, &stops);
        if let Err(error) = run.await {
            tracing::error!(error.code = error.code(), "a breach's list was not read");
        }
    });
}

/// The page while a span is being read.
fn waits(app: &App, caller: &Caller, shown: &Shown, filled: &Filled, far: Far) -> Response {
    let hidden: Vec<_> = filled.carried().collect();
    let action = format!("{ADDRESS}/{}/people", shown.breach.id);
    let csrf = caller.csrf();
    let again = Form { action: &action, csrf, button: "Look again", hidden: &hidden };
    let main = html! {
        h1 { "Whom it concerns: " (kind_says(shown.breach.kind).to_lowercase()) }
        (progress(far, &again))
        (confirmation::link_on(&format!("{ADDRESS}/{}", shown.breach.id), "Back to the breach"))
    };
    frame(app, caller, &main).into_response()
}

/// What went wrong, read.
///
/// # Errors
///
/// What is to be put right.
fn checked(filled: &Filled) -> Result<(Selection, Asked), Wrong> {
    let from = filled.when.at();
    let from =
        from.ok_or_else(|| Wrong::new("day", "Enter when it began: the day, and the time"))?;
    let hours = SPANS.into_iter().find(|(hours, _)| *hours == filled.hours);
    let hours = hours.and_then(|(hours, _)| hours.parse().ok());
    let hours = hours.ok_or_else(|| Wrong::new("hours", "Choose how long it lasted"))?;
    let until = from.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
    let asked = Asked::of_code(&filled.what);
    let asked = asked.ok_or_else(|| Wrong::new("what", "Choose what you want to see"))?;
    let by = some::<PractitionerId>(&filled.practitioner, "practitioner")?;
    let (to, source) = (some(&filled.to, "to")?, some(&filled.source, "source")?);
    let under = some::<InstrumentHash>(&filled.under, "under")?;
    Ok((Selection { from, until, to, by, source, under }, asked))
}

/// What was chosen of a drop-down; none where everything was.
fn some<T: std::str::FromStr>(text: &str, field: &'static str) -> Result<Option<T>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Wrong::new(field, "Choose one of the list"))
}

/// Why nothing is read now.
fn busy() -> Wrong {
    Wrong::new("hours", "Another list is being read. Ask again in a minute")
}

/// Why nothing was read.
fn failed(code: &str) -> Wrong {
    let says = format!(
        "The ledger could not be read ({code}). Ask again to begin anew; where it fails again, \
         tell whoever runs Ken"
    );
    Wrong::new("hours", says)
}

/// Why nothing is listed.
fn told(refusal: Refusal) -> Wrong {
    match refusal {
        Refusal::TooMany => Wrong::new(
            "hours",
            format!(
                "This span holds more than one list can ({LEAVES_MAX} entries, {LISTED_MAX} \
                 people), or the ledger is behind. Choose a shorter one, and take the spans one \
                 after the other"
            ),
        ),
        _ => Wrong::new("day", "This lies in the future"),
    }
}

async fn read(app: &App, caller: &Caller, id: &str) -> Result<Shown, Stop> {
    let id: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let own = &caller.acting()?.organisation;
    let ctx = app.ctx(caller.request());
    let read = async |s: &mut Snapshot| {
        let breach = breach::find(s, own, id).await?.ok_or(Stop::NotFound)?;
        // Who looked may have left since, or because of it.
        let staff = practitioner::ever_of_organisation(s, &ctx, own).await?;
        let all = instrument::load_around(s, &ctx).await?.instruments;
        let signed = all.iter().filter(|of| !of.register.signed.is_empty());
        let texts = signed.map(|of| {
            let head = &of.instrument.agreement;
            let words = format!("{} ({})", head.title, of.instrument.name());
            (of.instrument.hash().to_string(), words)
        });
        Ok::<_, Stop>(Shown {
            breach,
            names: ask::names_in(s).await?,
            staff: told_apart(staff),
            texts: texts.collect(),
            now: ctx.clock.now(),
        })
    };
    app.db().snapshot("http.breach-people", read).await
}

/// Practitioners to choose from; of one name, each with the end of their id.
fn told_apart(staff: Vec<(PractitionerId, String, bool)>) -> Vec<(String, String)> {
    let mut many: BTreeMap<String, usize> = BTreeMap::new();
    for (_, name, _) in &staff {
        *many.entry(name.clone()).or_default() += 1;
    }
    let one = |(id, name, is_here): (PractitionerId, String, bool)| {
        let (id, is_only) = (id.to_string(), many.get(&name) == Some(&1));
        let which = id.get(30..).filter(|_| !is_only).map(|end| format!(" (…{end})"));
        let left = if is_here { "" } else { ", has left" };
        (id, format!("{name}{}{left}", which.unwrap_or_default()))
    };
    staff.into_iter().map(one).collect()
}

fn show(
    shown: &Shown,
    filled: &Filled,
    told: Option<&Told<'_>>,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let of = &shown.breach;
    let named = told.and_then(|told| told.named.as_ref()).map(|(_, named)| named);
    html! {
        (summary(wrongs))
        h1 { "Whom it concerns: " (kind_says(of.kind).to_lowercase()) }
        @if of.regulator.is_none() { p { (clock(of.due, shown.now)) } }
        p { "The ledger has each disclosure. Say what went wrong, and it tells of whom, and of \
             what. It names nobody here: a handle stands for each person. That you asked stands \
             on the ledger with your name." }
        @if let Some(told) = told {
            @match &told.named {
                Some((handle, named)) => (breach_name::show(handle, named)),
                None => (result(told.asked, told.found, &shown.names)),
            }
        }
        (form(shown, (filled, named), wrongs, csrf))
        (confirmation::link_on(&format!("{ADDRESS}/{}", of.id), "Back to the breach"))
    }
}

fn form(
    shown: &Shown,
    (filled, named): (&Filled, Option<&Named>),
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let any = |all: &str, rest: &[(String, String)]| {
        let mut options = vec![(String::new(), all.to_owned())];
        options.extend(rest.iter().cloned());
        options
    };
    let bodies: Vec<_> =
        shown.names.iter().map(|(id, name)| (id.to_string(), name.clone())).collect();
    // Who was signed in as a person may have been another.
    let mut receivers = bodies.clone();
    receivers.push((PERSON.to_owned(), "Whoever signed in as the person".to_owned()));
    let spans: Vec<_> =
        SPANS.into_iter().map(|(hours, says)| (hours.to_owned(), says.to_owned())).collect();
    let choice = |asked: Asked, label: &str, hint: &str| Choice {
        value: asked.code().to_owned(),
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let ways = [
        choice(Asked::Count, "How many", "Begin here: nobody is listed yet."),
        choice(Asked::List, "The list", "With what was given of each, and how to tell them."),
        choice(
            Asked::File,
            "The list as a file",
            "It can be lost: keep it only as long as needed.",
        ),
        choice(Asked::Name, "One person's name", "Where an agreement lets you see it."),
    ];
    let action = format!("{ADDRESS}/{}/people", shown.breach.id);
    let hidden = [("seen", breach_name::seen(named))];
    let form = Form { action: &action, csrf, button: "Ask the ledger", hidden: &hidden };
    let hours = wrongs.iter().find(|wrong| wrong.field == "hours");
    html! {
        h2 { "What went wrong" }
        (form.post(&html! {
            (filled.when.show("When did it begin?", "", wrongs))
            @if let Some(wrong) = hours {
                p.care_wrong { span.visually-hidden { "Error: " } (wrong.says) }
            }
            (select("hours", "How long did it last?", &spans, &filled.hours))
            (select("practitioner", "Who looked?", &any("Anybody", &shown.staff),
                &filled.practitioner))
            (select("to", "Who received it?", &any("Any organisation", &receivers), &filled.to))
            (select("source", "Whose record was it?", &any("Anybody's", &bodies), &filled.source))
            (select("under", "Under which agreement?", &any("Any", &shown.texts), &filled.under))
            (choices("What do you want to see?", "what", &ways, &filled.what, wrongs))
            (Field::text("person", "The handle, for a name", &filled.person)
                .hinted("As ABCDE-23456").show(wrongs))
            (breach_name::words(named, wrongs))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn shown() -> Shown {
        let breach = breach::Breach {
            controller: "cec".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            reporter: None,
            kind: breach::Kind::Access,
            people: None,
            found: at("2027-06-01T08:00:00Z"),
            aware: at("2027-06-01T09:00:00Z"),
            due: at("2027-06-04T09:00:00Z"),
            recorded: at("2027-06-01T09:00:00Z"),
            regulator: None,
            told: None,
            missed: None,
            closed: None,
        };
        let names = Names::from([("cec".parse().unwrap(), "Glen <Council>".to_owned())]);
        let staff = vec![("a".to_owned(), "Kit <Worker>".to_owned())];
        let texts = vec![("b".to_owned(), "Direct care".to_owned())];
        Shown { breach, names, staff, texts, now: at("2027-06-02T09:00:00Z") }
    }

    #[test]
    fn what_is_not_said_is_asked_again() {
        let check = |day: &str, hours: &str, what: &str, who: &str, want: Option<&str>| {
            let text = format!(
                "day={day}&month=6&year=2027&time=09:00&hours={hours}&what={what}\
                 &practitioner={who}"
            );
            let uri = format!("/?{text}").parse().unwrap();
            let filled = axum::extract::Query::<Filled>::try_from_uri(&uri).unwrap().0;
            let wrong = checked(&filled).err().map(|wrong| wrong.field);
            assert_eq!(wrong, want, "{text}");
            let wrongs: Vec<_> = checked(&filled).err().into_iter().collect();
            let page = show(&shown(), &filled, None, &wrongs, &Csrf::of("x")).into_string();
            rules::assert_part(&page);
        };
        check("1", "24", "count", "", None);
        check("32", "24", "count", "", Some("day"));
        check("1", "2", "count", "", Some("hours"));
        check("1", "24", "all", "", Some("what"));
        check("1", "24", "list", "nobody", Some("practitioner"));
        for wrong in [told(Refusal::TooMany), told(Refusal::When), failed("store.broken")] {
            let wrongs = [wrong];
            let page = show(&shown(), &Filled::default(), None, &wrongs, &Csrf::of("x"));
            rules::assert_part(&page.into_string());
        }
    }

    #[test]
    fn who_has_left_can_be_chosen_and_two_of_one_name_are_told_apart() {
        let one = |id: &str, name: &str, is_here| (id.parse().unwrap(), name.to_owned(), is_here);
        let told = told_apart(vec![
            one("6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa", "Jo Reid", true),
            one("6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5bb", "Jo Reid", false),
            one("6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5cc", "Kit Bain", false),
        ]);
        let words: Vec<_> = told.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(
            words,
            ["Jo Reid (…a4f5aa)", "Jo Reid (…a4f5bb), has left", "Kit Bain, has left"]
        );
    }
}
