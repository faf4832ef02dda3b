//! `/ig/recommendations`: lists that inspectorates and inquiries made, imported after a dry run,
//! and each recommendation from somebody who answers for it to evidence.

mod one;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use ken_core::EntryId;
use ken_office::recommend::{self, Evidence, Fault, List, New, Outcome, Refusal, Step};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Field, Form, WHOLE_MAX, Wrong, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Where the lists are.
const ADDRESS: &str = "/ig/recommendations";

/// What the form for a list carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Brought {
    #[serde(default)]
    title: String,
    #[serde(default)]
    made_by: String,
    #[serde(default)]
    text: String,
    /// Empty until the dry run was shown.
    #[serde(default)]
    step: String,
}

/// Which recommendation a page shows.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    number: String,
}

/// What the forms of one recommendation carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    number: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    outcome: String,
}

/// `GET /ig/recommendations`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    shown(&app, &caller, (&Brought::default(), &[], &[])).await
}

/// `POST /ig/recommendations`: what a list says; then, once that is meant, its import.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(mut sent): Sent<Brought>,
) -> Result<Response, Stop> {
    sent.text = sent.text.replace("\r\n", "\n");
    let wrongs = wrongs(&sent);
    let (items, faults) = match recommend::read(&sent.text) {
        Ok(items) if wrongs.is_empty() => (items, vec![]),
        Ok(_) => (vec![], vec![]),
        Err(faults) => (vec![], faults),
    };
    if items.is_empty() {
        let page = shown(&app, &caller, (&sent, &wrongs, &faults)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    if sent.step.is_empty() {
        let main = dry_run(&sent, &items, caller.csrf());
        return Ok(frame(&app, &caller, &main).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let what = (sent.title.as_str(), sent.made_by.as_str(), &*items);
    match recommend::import(app.db(), &ctx, app.keys(), by, what).await? {
        Ok(list) => {
            let says = format!("{} recommendations wait for somebody to answer.", items.len());
            let main = html! {
                (confirmation::done("The list is imported", &says))
                (confirmation::link_on(&format!("{ADDRESS}/{list}"), "Look at the list"))
            };
            Ok(frame(&app, &caller, &main).into_response())
        }
        Err(refusal) => {
            let wrongs = [Wrong::new("text", refusal.says())];
            let page = shown(&app, &caller, (&sent, &wrongs, &[])).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `GET /ig/recommendations/{list}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(list): Path<String>,
    Query(chosen): Query<Chosen>,
) -> Result<Markup, Stop> {
    let filled = Filled { number: chosen.number, ..Filled::default() };
    let one = read(&app, &caller, &list).await?;
    Ok(frame(&app, &caller, &one::show(&one, (&filled, &[]), caller.csrf())))
}

/// `POST /ig/recommendations/{list}`: a step with one recommendation.
pub(crate) async fn post_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(list): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let id = read(&app, &caller, &list).await?.list.id;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let wrong = match step(&filled) {
        Err(wrong) => wrong,
        Ok(step) => {
            let what = ((id, filled.number.as_str()), step);
            match recommend::step(app.db(), &ctx, app.keys(), by, what).await? {
                Ok(()) => {
                    let page = format!("{ADDRESS}/{id}");
                    let main = html! {
                        (confirmation::done("It is kept", "It stands on the ledger."))
                        (confirmation::link_on(&page, "Back to the list"))
                    };
                    return Ok(frame(&app, &caller, &main).into_response());
                }
                Err(refusal) => Wrong::new(field(&filled.what, refusal), refusal.says()),
            }
        }
    };
    let one = read(&app, &caller, &list).await?;
    let main = one::show(&one, (&filled, &[wrong]), caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, frame(&app, &caller, &main)).into_response())
}

/// The step that a form asks for.
fn step(filled: &Filled) -> Result<Step<'_>, Wrong> {
    let due = filled.due.trim();
    let day = due.parse::<Date>().ok();
    match filled.what.as_str() {
        "assign" if !due.is_empty() && day.is_none() => {
            Err(Wrong::new("due", "Enter a day as 2027-04-01"))
        }
        "assign" => Ok(Step::Assign(&filled.owner, day)),
        "prove" => Ok(Step::Prove(&filled.words)),
        "close" => match Outcome::of_code(&filled.outcome) {
            Some(outcome) => Ok(Step::Close(outcome)),
            None => Err(Wrong::new("outcome", "Choose how it ended")),
        },
        "reopen" => Ok(Step::Reopen),
        _ => Err(Wrong::new("item", Refusal::NotFound.says())),
    }
}

/// The field that a refusal is about.
fn field(what: &str, refusal: Refusal) -> &'static str {
    match (what, refusal) {
        ("assign", Refusal::NoWords) => "owner",
        ("prove", Refusal::NoWords | Refusal::TooMany) => "words",
        ("close", Refusal::NoEvidence) => "outcome",
        _ => "item",
    }
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Recommendations").at(ADDRESS).page(main)
}

fn wrongs(sent: &Brought) -> Vec<Wrong> {
    let mut wrongs = vec![];
    for (id, text, says) in [
        ("title", &sent.title, "Enter what the list is called"),
        ("made_by", &sent.made_by, "Enter who made it"),
    ] {
        if text.trim().is_empty() || text.chars().count() > 200 {
            wrongs.push(Wrong::new(id, says));
        }
    }
    if sent.text.chars().count() > WHOLE_MAX {
        wrongs.push(Wrong::new("text", "Bring the list in parts: it is too long"));
    }
    wrongs
}

async fn shown(
    app: &App,
    caller: &Caller,
    (sent, wrongs, faults): (&Brought, &[Wrong], &[Fault]),
) -> Result<Markup, Stop> {
    let own = &caller.acting()?.organisation;
    let read = async |s: &mut Snapshot| recommend::lists(s, own).await;
    let lists = app.db().snapshot("http.recommendations", read).await?;
    let today = app.ctx(caller.request()).clock.today();
    Ok(frame(app, caller, &show(&lists, today, (sent, wrongs, faults), caller.csrf())))
}

/// One list, with its evidence.
struct One {
    list: List,
    evidence: Vec<Evidence>,
    today: Date,
}

async fn read(app: &App, caller: &Caller, list: &str) -> Result<One, Stop> {
    let id: EntryId = list.parse().map_err(|_| Stop::NotFound)?;
    let own = &caller.acting()?.organisation;
    let read = async |s: &mut Snapshot| {
        let all = recommend::lists(s, own).await?;
        let list = all.into_iter().find(|list| list.id == id).ok_or(Stop::NotFound)?;
        let evidence = recommend::evidence(s, (own, id)).await?;
        Ok::<_, Stop>((list, evidence))
    };
    let (list, evidence) = app.db().snapshot("http.recommendation", read).await?;
    Ok(One { list, evidence, today: app.ctx(caller.request()).clock.today() })
}

fn show(
    lists: &[List],
    today: Date,
    (sent, wrongs, faults): (&Brought, &[Wrong], &[Fault]),
    csrf: &Csrf,
) -> Markup {
    let state = if lists.is_empty() {
        State::Nothing {
            looked: "No list is imported.".into(),
            caution: "That does not mean that nobody has recommended anything.".into(),
        }
    } else {
        let cards: Vec<_> = lists.iter().map(|list| card_of(list, today)).collect();
        State::Content { shown: card::cards(true, &cards), from: None }
    };
    let told = (!faults.is_empty()).then(|| Wrong::new("text", "Put the faults below right"));
    let all: Vec<Wrong> = wrongs.iter().cloned().chain(told).collect();
    html! {
        (summary(&all))
        h1 { "Recommendations" }
        p { "What inspectorates, inquiries and reviews recommend to your organisation, until it is \
             shown to be done." }
        (panel::show(&Panel { id: "lists", heading: "Lists".into(), open: true, state }))
        h2 { "Import a list" }
        p { "You see first what would be imported. Nothing is kept before you say so." }
        @if !faults.is_empty() {
            h3 { "Faults" }
            ul { @for fault in faults { li { "Line " (fault.line) ": " (fault.says) "." } } }
        }
        (Form { action: ADDRESS, csrf, button: "See what would be imported", hidden: &[] }.post(
            &html! {
                (Field::text("title", "What is it called?", &sent.title).show(&all))
                (Field::text("made_by", "Who made it?", &sent.made_by).show(&all))
                (Field::whole("text", "Recommendations", &sent.text)
                    .hinted("One on a line: number, sentence, who answers, by which day. The last \
                             two may be empty. From a spreadsheet: save as CSV, and paste it. Name \
                             no person who uses a service.")
                    .show(&all))
            }))
    }
}

fn card_of(list: &List, today: Date) -> Markup {
    let (all, open, late) = (list.items.len(), list.open(), list.late(today));
    html! {
        h3 { a href={ (ADDRESS) "/" (list.id) } { (list.title) } }
        p { (list.made_by) ", imported " (words::moment_short(list.imported)) "." }
        p {
            (open) " of " (all) " open."
            @if late > 0 { " " (facts::tag(&format!("{late} late"), Tone::Bad)) }
        }
    }
}

fn dry_run(sent: &Brought, items: &[New], csrf: &Csrf) -> Markup {
    let hidden = [
        ("title", sent.title.clone()),
        ("made_by", sent.made_by.clone()),
        ("text", sent.text.clone()),
        ("step", "sure".to_owned()),
    ];
    let button = format!("Import {} recommendations", items.len());
    let rows = items
        .iter()
        .map(|new| {
            vec![
                html! { (new.number) },
                html! { (new.says) },
                html! { (new.owner.as_deref().unwrap_or("–")) },
                html! { (new.due.map_or_else(|| "–".to_owned(), words::day_short)) },
            ]
        })
        .collect();
    let columns = &["Number", "Recommendation", "Who answers", "By"];
    html! {
        h1 { "What would be imported" }
        p { "Nothing is kept yet. " (sent.title) ", " (sent.made_by) "." }
        (table::show(&Table { id: "would", caption: "Recommendations", columns, rows }))
        (Form { action: ADDRESS, csrf, button: &button, hidden: &hidden }.post(&html! {}))
        (confirmation::link_on(ADDRESS, "Import nothing"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::civil::date;
    use ken_office::recommend::Item;

    use super::*;
    use crate::view::rules;

    pub(super) fn one() -> One {
        let item = |number: &str, due, closed| Item {
            number: number.into(),
            says: "Share <sooner>".into(),
            owner: (number != "2").then(|| "SIRO".to_owned()),
            due,
            closed,
        };
        let at = "2026-11-21T09:00:00Z".parse().unwrap();
        let who = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let list = List {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            title: "An <inspection>".into(),
            made_by: "An inspectorate".into(),
            imported: at,
            items: vec![
                item("1", Some(date(2026, 11, 1)), None),
                item("2", None, None),
                item("3/a", None, Some((Outcome::Done, at, who))),
                item("4", None, Some((Outcome::NotDone, at, who))),
            ],
        };
        let evidence =
            vec![Evidence { number: "1".into(), says: "Minute <7>".into(), by: who, at }];
        One { list, evidence, today: date(2026, 11, 21) }
    }

    #[test]
    fn lists_and_their_dry_run_keep_the_rules() {
        let one = one();
        let sent = Brought { title: "T <1>".into(), ..Brought::default() };
        let faults = [Fault { line: 3, says: "this number stands twice" }];
        let page = show(
            std::slice::from_ref(&one.list),
            one.today,
            (&sent, &wrongs(&sent), &faults),
            &Csrf::of("x"),
        );
        let page = page.into_string();
        rules::assert_part(&page);
        for said in ["2 of 4 open", "1 late", "Line 3", "T &lt;1&gt;", "Enter who made it"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let none = show(&[], one.today, (&Brought::default(), &[], &[]), &Csrf::of("x"));
        rules::assert_part(&none.into_string());
        let items = recommend::read("1,Share \"it\",SIRO,2027-04-01").unwrap();
        let page = dry_run(&sent, &items, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Import 1 recommendations"), "{page}");
    }
}
