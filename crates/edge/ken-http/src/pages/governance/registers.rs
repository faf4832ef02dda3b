//! `/ig/registers/{register}`: what organisations keep: information assets, processors, contacts,
//! network assurance.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use ken_agreement::Day;
use ken_core::{EntryId, OrganisationId};
use ken_office::register::{self, Duty, Entry, Register, System, Written};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Names};
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Field, Form, Wrong, select, summary, tick_again};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    name: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    confirm: String,
    #[serde(default)]
    remove: String,
    #[serde(default)]
    about: String,
    /// The duties that were ticked, by code.
    #[serde(flatten)]
    more: BTreeMap<String, String>,
}

impl Filled {
    fn has(&self, duty: Duty) -> bool {
        self.more.get(duty.code()).is_some_and(|ticked| ticked == "yes")
    }
}

/// `GET /ig/registers/{register}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(register): Path<String>,
) -> Result<Markup, Stop> {
    let register = Register::of_code(&register).ok_or(Stop::NotFound)?;
    shown(&app, &caller, register, &Filled::default(), &[]).await
}

/// `POST /ig/registers/{register}`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(register): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let register = Register::of_code(&register).ok_or(Stop::NotFound)?;
    let (ctx, by, db) = (app.ctx(caller.request()), caller.acting()?, app.db());
    let id = |text: &str| text.parse::<EntryId>().map_err(|_| Stop::NotFound);
    let what = if !filled.confirm.is_empty() {
        let known = register::confirm(db, &ctx, by, id(&filled.confirm)?).await?;
        known.then_some("It is confirmed").ok_or(Stop::NotFound)?
    } else if !filled.remove.is_empty() {
        let known = register::remove(db, &ctx, app.keys(), by, id(&filled.remove)?).await?;
        known.then_some("It is taken out").ok_or(Stop::NotFound)?
    } else {
        match checked(register, &filled) {
            Ok(written) => {
                register::write(db, &ctx, app.keys(), by, (register, &written)).await?;
                "It is in the register"
            }
            Err(wrongs) => {
                let page = shown(&app, &caller, register, &filled, &wrongs).await?;
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
            }
        }
    };
    let address = format!("/ig/registers/{}", register.code());
    let main = html! {
        (confirmation::done(what, "The day of confirmation is today."))
        (confirmation::link_on(&address, "Back to the register"))
    };
    Ok(caller
        .frame(app.site(), title(register))
        .at("/ig/registers/asset")
        .page(&main)
        .into_response())
}

async fn shown(
    app: &App,
    caller: &Caller,
    register: Register,
    filled: &Filled,
    wrongs: &[Wrong],
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((register::list(s, register).await?, ask::names_in(s).await?))
    };
    let (entries, names) = app.db().snapshot("http.registers", read).await?;
    let now = (ctx.clock.now(), ctx.clock.today());
    let systems = match register {
        Register::Asset => systems(app).await?,
        _ => vec![],
    };
    let own = &by.organisation;
    let list = List { register, entries: &entries, systems: &systems, names: &names, own, now };
    let main = show(&list, filled, wrongs, caller.csrf());
    Ok(caller.frame(app.site(), title(register)).at("/ig/registers/asset").page(&main))
}

/// The systems that send messages, but the one that takes what nobody else is named for.
async fn systems(app: &App) -> Result<Vec<System>, Stop> {
    let sources = ken_hub::sources(app.db()).await?;
    let named = sources.into_iter().filter(|source| !source.is_anybody());
    let system = |source: ken_hub::Source| {
        let ken_hub::Source { organisation, id, name, .. } = source;
        System { organisation, id, name }
    };
    Ok(named.map(system).collect())
}

/// One register, read.
struct List<'a> {
    register: Register,
    entries: &'a [Entry],
    /// Every system, for the register of assets.
    systems: &'a [System],
    names: &'a Names,
    own: &'a OrganisationId,
    now: (Timestamp, Date),
}

fn title(register: Register) -> &'static str {
    match register {
        Register::Asset => "Information assets",
        Register::Processor => "Processors",
        Register::Contact => "Contacts",
        Register::Assurance => "Network assurance",
    }
}

/// The labels of the fields: name, owner, detail, last day.
fn labels(register: Register) -> [&'static str; 4] {
    match register {
        Register::Asset => ["System", "Owner", "What it holds, and its steward", "Until"],
        Register::Processor => [
            "Processor",
            "Who answers for the contract",
            "Terms, and its own processors",
            "Contract ends",
        ],
        Register::Contact => ["Office", "Name", "How to reach them", "Until"],
        Register::Assurance => {
            ["Certificate or standard", "Who assures it", "What it covers", "Good until"]
        }
    }
}

fn checked(register: Register, filled: &Filled) -> Result<Written, Vec<Wrong>> {
    let [name, owner, detail, until] =
        [&filled.name, &filled.owner, &filled.detail, &filled.until].map(|text| text.trim());
    let mut wrongs = vec![];
    for (id, text) in [("name", name), ("owner", owner), ("detail", detail)] {
        if text.is_empty() || text.len() > 4_000 {
            wrongs.push(Wrong::new(id, "Fill this in"));
        }
    }
    let day = until.parse::<Date>().ok();
    if !until.is_empty() && day.is_none() {
        wrongs.push(Wrong::new("until", "Enter a day as 2027-04-01"));
    }
    let [name, owner, detail] = [name, owner, detail].map(str::to_owned);
    let is_asked = matches!(register, Register::Asset | Register::Processor);
    let about = Some(filled.about.trim()).filter(|about| is_asked && !about.is_empty());
    if about.is_some_and(|about| about.len() > 200) {
        wrongs.push(Wrong::new("about", "Choose one of the list"));
    }
    let about = about.map(str::to_owned);
    let has = |duty: &Duty| register == Register::Processor && filled.has(*duty);
    let duties = Duty::ALL.into_iter().filter(has).collect();
    let written = Written { name, owner, detail, until: day.map(Day), about, duties };
    if wrongs.is_empty() { Ok(written) } else { Err(wrongs) }
}

fn show(list: &List<'_>, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let cards: Vec<_> = list.entries.iter().map(|entry| card_of(list, entry, csrf)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Nothing is in this register.".into(),
            caution: "That does not mean that there is nothing to register.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    let others = Register::ALL.into_iter().filter(|other| *other != list.register);
    html! {
        (summary(wrongs))
        h1 { (title(list.register)) }
        ul {
            @for other in others {
                li { a href={ "/ig/registers/" (other.code()) } { (title(other)) } }
            }
            li { a href="/ig/roster" { "Duty roster: who is on duty at which desk" } }
            li { a href="/ig/stock" { "Equipment and service plans" } }
            li { a href="/ig/services" { "Directory of services" } }
            li { a href="/ig/disposal" { "Disposal: what has been kept long enough" } }
        }
        @if list.register == Register::Asset { (unowned(list)) }
        (panel::show(&Panel { id: "entries", heading: "Entries".into(), open: true, state }))
        h2 { "Add one of my organisation" }
        (new_form(list, filled, wrongs, csrf))
    }
}

fn card_of(list: &List<'_>, entry: &Entry, csrf: &Csrf) -> Markup {
    let action = format!("/ig/registers/{}", list.register.code());
    let (confirm, remove) =
        ([("confirm", entry.id.to_string())], [("remove", entry.id.to_string())]);
    let words_of = |verb: &str| format!("{verb} {}", entry.written.name);
    let (still, out) = (words_of("Confirm"), words_of("Take out"));
    let form = |button, hidden| Form { action: &action, csrf, button, hidden };
    let written = &entry.written;
    html! {
        h3 { (written.name) ", " (entry.organisation) }
        p { (written.owner) }
        p { (written.detail) }
        (about_of(list, entry))
        p {
            "Confirmed " (words::day_short(words::local(entry.confirmed).date())) "."
            @if let Some(until) = written.until { " Until " (words::day_short(until.0)) "." }
            @if entry.is_stale(list.now.0, list.now.1) { " " (facts::tag("Stale", Tone::Warn)) }
        }
        @if entry.organisation == *list.own {
            (form(&still, &confirm[..]).small(&html! {}))
            (form(&out, &remove[..]).small(&html! {}))
        }
    }
}

/// The systems for which nobody is accountable.
fn unowned(list: &List<'_>) -> Markup {
    let found = register::unowned(list.systems, list.entries, list.now);
    let card = |system: &&System| {
        let body = list.names.get(&system.organisation);
        html! {
            h3 { (system.name) }
            p { (body.map_or_else(|| system.organisation.to_string(), Clone::clone)) }
        }
    };
    let cards: Vec<_> = found.iter().map(card).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Every system that sends messages has an owner who confirmed it.".into(),
            caution: "Systems that send nothing here are not known to Ken.".into(),
        }
    } else {
        State::Content { shown: card::cards(true, &cards), from: None }
    };
    let heading = "Systems without an accountable owner".into();
    panel::show(&Panel { id: "unowned", heading, open: true, state })
}

/// Which system or organisation an entry is about, and what a processor's contract leaves out.
fn about_of(list: &List<'_>, entry: &Entry) -> Markup {
    let about = entry.written.about.as_deref().unwrap_or_default();
    let missing = || Duty::ALL.into_iter().filter(|duty| !entry.written.duties.contains(duty));
    html! {
        @match list.register {
            Register::Asset => {
                @if let Some(system) = list.systems.iter().find(|one| one.id == about) {
                    p { "Sends messages as: " (system.name) }
                }
            }
            Register::Processor => {
                @let name = list.names.iter().find(|(id, _)| id.as_str() == about);
                @if let Some((_, name)) = name { p { "Reports breaches here as: " (name) } }
                @if missing().next().is_some() {
                    p { (facts::tag("The contract does not lay down", Tone::Warn)) }
                    ul { @for duty in missing() { li { (duty_says(duty)) } } }
                } @else { p { "The contract lays down all that the law asks." } }
            }
            Register::Contact | Register::Assurance => {}
        }
    }
}

/// What a contract must lay down, in words.
fn duty_says(duty: Duty) -> &'static str {
    match duty {
        Duty::Instructions => "It acts on our written instructions alone",
        Duty::Confidence => "Whoever works for it is bound to confidence",
        Duty::Security => "It keeps what it holds secure",
        Duty::Others => "It uses another processor only as we allow",
        Duty::Requests => "It helps us to answer people's requests",
        Duty::Help => "It helps us with security, breaches and impact assessments",
        Duty::End => "It deletes or returns everything at the end",
        Duty::Audit => "It shows us that it does all this, and we may audit it",
    }
}

/// What an entry may be about: a system of one's own, or an organisation here.
fn subjects(list: &List<'_>) -> (&'static str, Vec<(String, String)>) {
    let mut found = vec![(String::new(), "None of these".to_owned())];
    if list.register == Register::Asset {
        let own = list.systems.iter().filter(|one| one.organisation == *list.own);
        found.extend(own.map(|one| (one.id.clone(), one.name.clone())));
        return ("Which system that sends messages is it?", found);
    }
    let others = list.names.iter().filter(|(id, _)| *id != list.own);
    found.extend(others.map(|(id, name)| (id.to_string(), name.clone())));
    ("Which organisation here is it?", found)
}

fn new_form(list: &List<'_>, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let register = list.register;
    let action = format!("/ig/registers/{}", register.code());
    let form = Form { action: &action, csrf, button: "Add to the register", hidden: &[] };
    let [name, owner, detail, until] = labels(register);
    form.post(&html! {
        (Field::text("name", name, &filled.name).show(wrongs))
        (Field::text("owner", owner, &filled.owner).show(wrongs))
        (Field::long("detail", detail, &filled.detail).show(wrongs))
        (Field::text("until", until, &filled.until).hinted("If it ends: 2027-04-01").show(wrongs))
        @if matches!(register, Register::Asset | Register::Processor) {
            @let (label, options) = subjects(list);
            (select("about", label, &options, &filled.about))
        }
        @if register == Register::Processor {
            fieldset {
                legend { "What does the contract lay down?" }
                @for duty in Duty::ALL {
                    (tick_again(duty.code(), duty_says(duty), filled.has(duty), wrongs))
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::view::rules;

    #[test]
    fn what_nobody_confirmed_is_stale_and_only_ones_own_is_changed() {
        let entry = |organisation: &str, confirmed: &str| Entry {
            organisation: organisation.parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            written: Written {
                name: "Care <system>".into(),
                owner: "Head of service".into(),
                detail: "Plans".into(),
                until: None,
                about: (organisation == "cec").then(|| "swis".to_owned()),
                duties: Duty::ALL.into_iter().skip(1).collect(),
            },
            confirmed: confirmed.parse().unwrap(),
        };
        let now = ("2027-06-01T09:00:00Z".parse().unwrap(), date(2027, 6, 1));
        let own = "cec".parse().unwrap();
        for register in Register::ALL {
            let entries =
                [entry("cec", "2027-05-01T09:00:00Z"), entry("nhsl", "2026-11-01T09:00:00Z")];
            let system = |organisation: &str, id: &str| System {
                organisation: organisation.parse().unwrap(),
                id: id.into(),
                name: format!("System {id}"),
            };
            // The second names no entry, the third an entry of another organisation.
            let systems = [system("cec", "swis"), system("cec", "cm"), system("nhsl", "swis")];
            let names = Names::from([("nhsl".parse().unwrap(), "NHS Glen".to_owned())]);
            let (systems, names, own) = (&systems, &names, &own);
            let list = List { register, entries: &entries, systems, names, own, now };
            let soon = Filled { until: "soon".into(), ..Filled::default() };
            let wrongs = checked(register, &soon).unwrap_err();
            let page = show(&list, &Filled::default(), &wrongs, &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            assert_eq!((page.matches("Stale").count(), page.matches("Take out").count()), (1, 1));
            let heading = page.contains("Systems without an accountable owner");
            assert_eq!(heading, register == Register::Asset);
            let missing = page.contains("The contract does not lay down");
            assert_eq!(missing, register == Register::Processor);
            let none = List { entries: &[], ..list };
            rules::assert_part(&show(&none, &Filled::default(), &[], &Csrf::of("x")).into_string());
        }
    }
}
