//! `/w/p/{person}/requests/new`: what is worrying, what was done, what is asked, of whom, and
//! whether the person has been told; then the answers to check, and the page of what was sent.
//!
//! # Invariants
//!
//! - The page shows nothing of the person: what is sent is what its reader writes.
//! - By an entry of the directory that nobody has checked for a year, nobody is asked ([`listed`]).
//! - Where somebody may send what is read from what was signed; whether this person's information
//!   goes there is decided when it is sent, and refused as anything is.

mod listed;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_care::request::{
    self, Content, DAYS, Kind, LINE_LEN_MAX, NewRequest, Outcome, Refused, TEXT_LEN_MAX,
};
use ken_core::{PersonId, Purpose, ResourceId, Sensitive};
use ken_directory::{Organisation, organisation};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::show::{kind as kind_words, reference, words as words_page};
use super::{agree, destinations, seat};
use crate::App;
use crate::caller::Caller;
use crate::pages::work::affirm;
use crate::stop::Stop;
use crate::view::form::{Choice, Field, Form, Wrong, choices, filter, select, summary};
use crate::view::{confirmation, phone, words};
use crate::wire::csrf::Csrf;

use listed::Listed;

/// What the address carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
    kind: Option<String>,
    /// The entry of the directory by which somebody is asked.
    service: Option<String>,
}

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    purpose: Option<Purpose>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    step: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    name: Sensitive<String>,
    #[serde(default)]
    born: Sensitive<String>,
    #[serde(default)]
    phone: Sensitive<String>,
    #[serde(default)]
    worry: Sensitive<String>,
    #[serde(default)]
    did: Sensitive<String>,
    #[serde(default)]
    ask: Sensitive<String>,
    #[serde(default)]
    told: String,
    #[serde(default)]
    why: Sensitive<String>,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    affirmed: String,
}

/// `GET /w/p/{person}/requests/new`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Markup, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let (kind, service) = (wanted.kind.unwrap_or_default(), wanted.service.unwrap_or_default());
    let filled = Filled { purpose: wanted.purpose, kind, service, ..Filled::default() };
    page(&app, &caller, person, (&filled, &[])).await
}

/// `POST /w/p/{person}/requests/new`: the answers to check; then it is sent.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let person: PersonId = person.parse().map_err(|_| Stop::NotFound)?;
    let new = match filled.request(person) {
        Ok(new) => new,
        Err(wrongs) => {
            let page = page(&app, &caller, person, (&filled, &wrongs)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let frame = |title| caller.frame(app.site(), title).at("/w/requests");
    let listed = listed::find(&app, &caller, &filled.service).await?;
    if let Some(why) = listed.as_ref().and_then(|listed| listed.bars(&new.to)) {
        let main = listed::not_asked(why, listed.as_ref(), &written(&filled));
        return Ok((StatusCode::FORBIDDEN, frame("It was not sent").page(&main)).into_response());
    }
    match filled.step.as_str() {
        "check" => {
            let goes = destinations(&app, &caller, (&new.purpose, new.kind)).await?;
            let Some((_, to)) = goes.iter().find(|(value, _)| *value == filled.to) else {
                let wrongs = [Wrong::new("to", "Choose whom you ask")];
                let page = page(&app, &caller, person, (&filled, &wrongs)).await?;
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
            };
            let main = check(&filled, person, to, caller.csrf());
            Ok(frame("Check your answers").page(&main).into_response())
        }
        "send" => send(&app, &caller, &new, &filled).await,
        "change" => Ok(page(&app, &caller, person, (&filled, &[])).await?.into_response()),
        _ => Err(Stop::BadForm),
    }
}

async fn send(
    app: &App,
    caller: &Caller,
    new: &NewRequest,
    filled: &Filled,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let frame = |title| caller.frame(app.site(), title).at("/w/requests");
    let try_it = async || request::send(app.db(), &ctx, app.keys(), app.gate(), by, new).await;
    let mut outcome = try_it().await?;
    if let Outcome::Words(said) = &outcome {
        let of = (new.person, (filled.affirmed.as_str(), filled.seen.as_str()));
        if agree(app, caller, of, said).await? {
            outcome = try_it().await?;
        }
    }
    match outcome {
        Outcome::Sent(id) => Ok(frame("Sent").page(&sent(id, &new.days)).into_response()),
        Outcome::Words(said) => {
            let wrongs = [Wrong::new("affirmed", "Affirm the words, or go back")];
            let wrongs = if filled.seen.is_empty() { &[][..] } else { &wrongs };
            let mut hidden = filled.carried("send");
            hidden.push(("seen", affirm::digest(&said)));
            let main = words_page(&said, (&address(new.person), &hidden), wrongs, caller.csrf());
            let status = match wrongs {
                [] => StatusCode::OK,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            Ok((status, frame("Before it goes").page(&main)).into_response())
        }
        Outcome::Refused(Refused::Unfit) => Err(Stop::BadForm),
        Outcome::Refused(_) => {
            let at = &new.to.organisation;
            let desk = async |s: &mut Snapshot| organisation::find(s, at).await;
            let desk = app.db().snapshot("http.desk", desk).await?;
            let main = not_sent(filled, desk.as_ref());
            Ok((StatusCode::FORBIDDEN, frame("It was not sent").page(&main)).into_response())
        }
    }
}

fn address(person: PersonId) -> String {
    format!("/w/p/{person}/requests/new")
}

impl Filled {
    /// What is sent, or what must be put right first.
    fn request(&self, person: PersonId) -> Result<NewRequest, Vec<Wrong>> {
        let kind = Kind::of_code(&self.kind);
        let mut wrongs = vec![];
        let mut must = |is_so: bool, field: &'static str, says: &str| {
            if !is_so {
                wrongs.push(Wrong::new(field, says));
            }
        };
        let fits = |text: &Sensitive<String>, (least, most): (usize, usize)| {
            (least..=most).contains(&text.reveal().trim().chars().count())
        };
        let (line, text) = ((1, LINE_LEN_MAX), (1, TEXT_LEN_MAX));
        let phone = if kind == Some(Kind::Need) { LINE_LEN_MAX } else { 0 };
        must(kind.is_some() && self.purpose.is_some(), "kind", "Choose what for, and what about");
        must(fits(&self.name, line), "name", "Enter their name");
        must(fits(&self.born, line), "born", "Enter when they were born, as far as you know");
        let says = if phone == 0 { "Leave it out of a concern" } else { "Keep it under 200" };
        must(fits(&self.phone, (0, phone)), "phone", says);
        must(fits(&self.worry, text), "worry", "Say what is worrying, in up to 3,000 characters");
        must(fits(&self.did, text), "did", "Say what was done, in up to 3,000 characters");
        must(fits(&self.ask, text), "ask", "Say what you ask, in up to 3,000 characters");
        let to = seat(&self.to);
        must(to.is_some(), "to", "Choose whom you ask");
        must(DAYS.contains(&self.days.as_str()), "days", "Choose by when you need an answer");
        must(["yes", "no"].contains(&self.told.as_str()), "told", "Say whether they were told");
        must(fits(&self.why, text), "why", "Say what they said, or why they were not told");
        let (Some(kind), Some(purpose), Some(to), true) =
            (kind, self.purpose.clone(), to, wrongs.is_empty())
        else {
            return Err(wrongs);
        };
        let content = Content {
            name: self.name.clone(),
            born: self.born.clone(),
            phone: self.phone.clone(),
            worry: self.worry.clone(),
            did: self.did.clone(),
            ask: self.ask.clone(),
            is_told: self.told == "yes",
            told: self.why.clone(),
        };
        Ok(NewRequest { person, kind, purpose, to, days: self.days.clone(), content })
    }

    /// The answers, carried on to the next page.
    fn carried(&self, step: &str) -> Vec<(&'static str, String)> {
        let of = |text: &Sensitive<String>| text.reveal().clone();
        let purpose = self.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![
            ("step", step.to_owned()),
            ("purpose", purpose),
            ("kind", self.kind.clone()),
            ("service", self.service.clone()),
            ("to", self.to.clone()),
            ("days", self.days.clone()),
            ("name", of(&self.name)),
            ("born", of(&self.born)),
            ("phone", of(&self.phone)),
            ("worry", of(&self.worry)),
            ("did", of(&self.did)),
            ("ask", of(&self.ask)),
            ("told", self.told.clone()),
            ("why", of(&self.why)),
        ]
    }
}

async fn page(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (filled, wrongs): (&Filled, &[Wrong]),
) -> Result<Markup, Stop> {
    let listed = listed::find(app, caller, &filled.service).await?;
    if let Some(why) = listed.as_ref().and_then(Listed::stops) {
        let main = listed::not_asked(why, listed.as_ref(), &[]);
        return Ok(caller.frame(app.site(), "Ask for assistance").at("/w/requests").page(&main));
    }
    let chosen = filled.purpose.as_ref().zip(Kind::of_code(&filled.kind));
    let goes = match chosen {
        Some((purpose, kind)) => destinations(app, caller, (purpose, kind)).await?,
        None => vec![],
    };
    let goes = Listed::only(listed.as_ref(), goes);
    let purposes = purposes(app, caller).await?;
    // Where the form is not shown there is nothing else to put right.
    let first_wrong = [Wrong::new("kind", "Choose what for, and what about")];
    let shown = match wrongs {
        [] => &[][..],
        _ if goes.is_empty() => &first_wrong,
        wrongs => wrongs,
    };
    let main = html! {
        (summary(shown))
        h1 { "Ask for assistance" }
        @if let Some(listed) = &listed { (listed.says()) }
        p {
            "You ask another organisation to help this person. It goes to the role that you \
             choose, and those whom the clause names beside it can read it. It goes under a clause \
             of an agreement in force, and the person can read that it was sent, unless reading \
             it might harm somebody."
        }
        (first(person, filled, &purposes))
        @match (chosen, goes.is_empty()) {
            (None, _) => {}
            (Some(_), true) => {
                h2 { "Nowhere to send it from here" }
                p {
                    "No clause in force lets your role send this, for this purpose. Choose \
                     otherwise, ring the organisation, or "
                    a href="/w/guardian" { "ask your Caldicott Guardian" }
                    ". Where somebody is in danger now, ring 999."
                }
            }
            (Some((_, kind)), false) => {
                (form((person, kind), &goes, (filled, wrongs), caller.csrf()))
            }
        }
    };
    Ok(caller.frame(app.site(), "Ask for assistance").at("/w/requests").page(&main))
}

/// The purposes for which the reader's role may send anything.
async fn purposes(app: &App, caller: &Caller) -> Result<Vec<(String, String)>, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let current = app.gate().current(app.db(), &ctx).await?;
    let all = current.bundle.sent_for((&by.organisation, &by.role)).into_iter();
    let purposes = all.map(|purpose| (purpose.to_string(), words::purpose(&purpose))).collect();
    Ok(purposes)
}

fn first(person: PersonId, filled: &Filled, purposes: &[(String, String)]) -> Markup {
    let kinds = Kind::ALL.map(|kind| {
        let (label, hint) = kind_words(kind);
        (kind.code().to_owned(), format!("{label}: {hint}"))
    });
    let purpose = filled.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
    filter(
        &address(person),
        &html! {
            @if !filled.service.is_empty() {
                input type="hidden" name="service" value=(filled.service);
            }
            (select("purpose", "What for", purposes, &purpose))
            (select("kind", "What about", &kinds, &filled.kind))
        },
    )
}

fn form(
    (person, kind): (PersonId, Kind),
    goes: &[(String, String)],
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let purpose = filled.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
    let (kind_code, service) = (kind.code().to_owned(), filled.service.clone());
    let hidden = [
        ("step", "check".to_owned()),
        ("purpose", purpose),
        ("kind", kind_code),
        ("service", service),
    ];
    let action = address(person);
    let choice = |value: &str, label: String| Choice { value: value.to_owned(), label, hint: None };
    let to: Vec<_> = goes.iter().map(|(value, words)| choice(value, words.clone())).collect();
    let days = DAYS.map(|days| choice(days, format!("Within {}", words::deadline(days))));
    let told = [choice("yes", "Yes".to_owned()), choice("no", "No".to_owned())];
    Form { action: &action, csrf, button: "Check your answers", hidden: &hidden }.post(&html! {
        (Field::text("name", "Their name", filled.name.reveal())
            .hinted("As the receiver knows them.").show(wrongs))
        (Field::text("born", "When they were born", filled.born.reveal()).show(wrongs))
        @if kind == Kind::Need || !filled.phone.reveal().is_empty() {
            (Field::text("phone", "How to reach them by telephone", filled.phone.reveal())
                .hinted("Leave it empty where a call is not safe.").show(wrongs))
        }
        (Field::long("worry", "What is worrying you?", filled.worry.reveal()).show(wrongs))
        (Field::long("did", "What did you do about it?", filled.did.reveal()).show(wrongs))
        (Field::long("ask", "What do you ask?", filled.ask.reveal()).show(wrongs))
        (choices("Whom do you ask?", "to", &to, &filled.to, wrongs))
        (choices("By when do you need an answer?", "days", &days, &filled.days, wrongs))
        (choices("Has the person been told?", "told", &told, &filled.told, wrongs))
        (Field::long("why", "What they said, or why they were not told", filled.why.reveal())
            .show(wrongs))
    })
}

/// The page where it may not be sent: the same whatever the cause, with what was written.
fn not_sent(filled: &Filled, desk: Option<&Organisation>) -> Markup {
    html! {
        h1 { "It was not sent" }
        p {
            "Nobody has received it, and nothing of it is kept. No agreement in force lets it go \
             from you, about this person, to that role; or something stands against it today."
        }
        ul {
            li { "If somebody is in danger now, ring 999." }
            @if let Some(desk) = desk {
                li { "Ring " (desk.name) ": " (phone::linked(&desk.contact_phone)) }
            }
            li { "Ask a colleague to send it: they must if it is about you or your own family." }
            li { a href="/w/guardian" { "Ask your Caldicott Guardian" } }
        }
        h2 { "What you wrote" }
        p { "Copy it before you leave this page." }
        (confirmation::check_answers(&written(filled)))
    }
}

/// What was written, each with its question.
fn written(filled: &Filled) -> Vec<(&'static str, String)> {
    let of = |text: &Sensitive<String>| text.reveal().trim().to_owned();
    let told = if filled.told == "yes" { "Yes. " } else { "No. " };
    let mut answers =
        vec![("Their name", of(&filled.name)), ("When they were born", of(&filled.born))];
    if !of(&filled.phone).is_empty() {
        answers.push(("How to reach them by telephone", of(&filled.phone)));
    }
    answers.extend([
        ("What is worrying you?", of(&filled.worry)),
        ("What did you do about it?", of(&filled.did)),
        ("What do you ask?", of(&filled.ask)),
        ("Has the person been told?", format!("{told}{}", of(&filled.why))),
    ]);
    answers
}

/// The answers, to check before they are sent.
fn check(filled: &Filled, person: PersonId, to: &str, csrf: &Csrf) -> Markup {
    let action = address(person);
    let (send, change) = (filled.carried("send"), filled.carried("change"));
    let mut answers = written(filled);
    answers.extend([
        ("Whom do you ask?", to.to_owned()),
        ("By when?", format!("Within {}", words::deadline(&filled.days))),
    ]);
    html! {
        h1 { "Check your answers" }
        p { "Once it is sent it is not changed. What you say later is added to it." }
        (confirmation::check_answers(&answers))
        (Form { action: &action, csrf, button: "Send the request", hidden: &send }
            .post(&html! {}))
        (Form { action: &action, csrf, button: "Change your answers", hidden: &change }
            .small(&html! {}))
    }
}

/// The page after it was sent.
fn sent(id: ResourceId, days: &str) -> Markup {
    let id = id.to_string();
    let next = format!(
        "An answer is asked for within {}. Where none comes, ring them.",
        words::deadline(days)
    );
    html! {
        (confirmation::done("Your request is sent", &next))
        p { "Reference: " code.care_code { (reference(&id)) } }
        p { "What is said about it, and what comes of it, you read on its page." }
        (confirmation::link_on(&format!("/w/requests/{id}"), "Go to the request"))
    }
}

#[cfg(test)]
mod tests;
