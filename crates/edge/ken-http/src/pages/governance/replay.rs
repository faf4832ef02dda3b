//! `/ig/replay`: a draft tried on the real decisions of the last days, before anybody signs it.

use axum::Extension;
use axum::extract::{Form as Sent, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Instrument;
use ken_core::InstrumentHash;
use ken_directory::practitioner;
use ken_office::replay::{
    self, Began, DAYS_MAX, Direction, Kept, Line, PEOPLE_MIN, Report, Running,
};
use ken_sharing::bundle::Admitted;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Kind, Wrong, filter, select, summary};
use crate::view::table::{self, Table};
use crate::view::{confirmation, facts, words};
use crate::wire::csrf::Csrf;

/// Where the page is.
const ADDRESS: &str = "/ig/replay";
/// How far back it goes unless somebody says otherwise. House policy: a month has every routine.
const DAYS: &str = "30";

/// What the address and the form carry: a draft by its hash, and a number of days.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    draft: String,
    #[serde(default)]
    days: String,
}

/// `GET /ig/replay`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Query(wanted): Query<Wanted>,
) -> Result<Markup, Stop> {
    let main = page(&app, &caller, &wanted, &[]).await?;
    Ok(caller.frame(app.site(), "Try a draft on past decisions").at(ADDRESS).page(&main))
}

/// `POST /ig/replay`: begins, and does not wait.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(wanted): Sent<Wanted>,
) -> Result<Response, Stop> {
    let drafts = drafts(&app, &caller).await?;
    let draft = chosen(&drafts, &wanted).ok_or(Stop::NotFound)?.clone();
    let days = wanted.days.trim().parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
    let frame = caller.frame(app.site(), "Try a draft on past decisions").at(ADDRESS);
    let Some(days) = days else {
        let says = format!("Enter a number of days from 1 to {DAYS_MAX}");
        let main = page(&app, &caller, &wanted, &[Wrong::new("days", says)]).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, frame.page(&main)).into_response());
    };
    let address = format!("{ADDRESS}?draft={}", draft.hash());
    let what = match app.replays().begin(draft.hash()) {
        Began::Busy(_) => "Another draft is being tried. Try this one after it",
        Began::Yes(place) => {
            let (at, by) = (app.clone(), caller.acting()?.clone());
            let request = caller.request();
            app.tasks().spawn(async move {
                let ctx = at.ctx(request);
                // What must end before the process stops must not keep it from stopping.
                let stops = || at.tasks().is_closed();
                let run = place.run(at.db(), &ctx, at.keys(), (draft, days), &by, &stops);
                if let Err(error) = run.await {
                    tracing::error!(error.code = error.code(), "what a replay found is not kept");
                }
            });
            "The draft is being tried"
        }
    };
    let main = html! {
        (confirmation::done(what, "You may go on with other work meanwhile."))
        (confirmation::link_on(&address, "See how far it is"))
    };
    Ok(frame.page(&main).into_response())
}

/// The texts that the reader's organisation is a party of, those in force included.
async fn drafts(app: &App, caller: &Caller) -> Result<Vec<Instrument>, Stop> {
    let own = &caller.acting()?.organisation;
    let all = super::all(app, caller).await?;
    let mine = all.into_iter().map(|Admitted { instrument, .. }| instrument);
    Ok(mine.filter(|instrument| instrument.party(own).is_some()).collect())
}

fn chosen<'a>(drafts: &'a [Instrument], wanted: &Wanted) -> Option<&'a Instrument> {
    let hash: InstrumentHash = wanted.draft.parse().ok()?;
    drafts.iter().find(|draft| draft.hash() == hash)
}

async fn page(
    app: &App,
    caller: &Caller,
    wanted: &Wanted,
    wrongs: &[Wrong],
) -> Result<Markup, Stop> {
    let drafts = drafts(app, caller).await?;
    let draft = chosen(&drafts, wanted);
    let mut kept = None;
    if let Some(draft) = draft {
        let hash = draft.hash();
        let read = async |s: &mut Snapshot| {
            let kept = replay::kept(s, &hash).await?;
            let by = match &kept {
                Some(kept) => practitioner::find(s, kept.by).await?,
                None => None,
            };
            Ok::<_, Stop>(kept.map(|kept| (kept, by.map(|by| by.name).unwrap_or_default())))
        };
        kept = app.db().snapshot("http.replay", read).await?;
    }
    let shown = Shown { drafts: &drafts, draft, kept, running: app.replays().running() };
    Ok(show(&shown, wanted, wrongs, caller.csrf()))
}

/// What the page shows.
struct Shown<'a> {
    drafts: &'a [Instrument],
    draft: Option<&'a Instrument>,
    /// What came of it last, and who had it run.
    kept: Option<(Kept, String)>,
    running: Option<Running>,
}

fn show(shown: &Shown<'_>, wanted: &Wanted, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let options: Vec<_> = shown
        .drafts
        .iter()
        .map(|of| (of.hash().to_string(), format!("{} ({})", of.agreement.title, of.name())))
        .collect();
    html! {
        (summary(wrongs))
        h1 { "Try a draft on past decisions" }
        p { "Real decisions of the last days are taken again as if every party had signed the \
             text. You read which kinds of decision would change, and nothing about a person." }
        @if options.is_empty() {
            p { "Your organisation is in no registered agreement or draft yet." }
        } @else {
            (filter(ADDRESS, &select("draft", "Agreement or draft", &options, &wanted.draft)))
        }
        @if let Some(draft) = shown.draft { (one(shown, draft, wanted, wrongs, csrf)) }
    }
}

fn one(
    shown: &Shown<'_>,
    draft: &Instrument,
    wanted: &Wanted,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let hash = draft.hash();
    html! {
        p { a href={ "/ig/agreements/" (hash) } { (draft.agreement.title) } }
        @match &shown.running {
            Some(running) => { (progress(running, &hash)) }
            None => { (begin(&hash, wanted, wrongs, csrf)) }
        }
        @match &shown.kept {
            None => { p { "It has not been tried here yet." } }
            Some((kept, by)) => { (came(draft, kept, by)) }
        }
    }
}

fn begin(hash: &InstrumentHash, wanted: &Wanted, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let hidden = [("draft", hash.to_string())];
    let form = Form { action: ADDRESS, csrf, button: "Try it", hidden: &hidden };
    let days = if wanted.days.is_empty() { DAYS } else { &wanted.days };
    let hint = "The more days, the longer it takes.";
    let field = Field::text("days", "How many days back?", days).hinted(hint);
    form.post(&field.holding(Kind::Code, "off").show(wrongs))
}

fn progress(running: &Running, hash: &InstrumentHash) -> Markup {
    let done = running.done.saturating_mul(100) / running.of.max(1);
    html! {
        h2 { "It runs" }
        @if running.draft == *hash {
            p {
                label for="far" { (done) " per cent is done." }
                " " progress #far value=(done) max="100" { (done) " per cent" }
            }
        } @else {
            p { "Another draft is being tried. One is tried at a time." }
        }
        p { a href={ (ADDRESS) "?draft=" (hash) } { "Look again" } }
    }
}

/// What came of the last time.
fn came(draft: &Instrument, kept: &Kept, by: &str) -> Markup {
    let when = words::moment_short(kept.at);
    match &kept.found {
        Err(code) => html! {
            h2 { "The last time it could not be tried" }
            p { "On " (when) ", begun by " (by) ". The text breaks a rule, or its name is taken: "
                code { (code) } ". Have it checked, and try again." }
        },
        Ok(report) => html! {
            h2 { "What was found" }
            p { "Tried on " (when) ", begun by " (by) "." }
            (numbers(report))
            @for direction in Direction::ALL { (lines(draft, report, direction, true)) }
            @if report.lines.iter().any(|line| !line.by_draft) {
                h2 { "Changed since, whatever becomes of the text" }
                @for direction in Direction::ALL { (lines(draft, report, direction, false)) }
            }
            @if report.more > 0 { p { (report.more) " more kinds of change are not listed." } }
        },
    }
}

fn numbers(report: &Report) -> Markup {
    let span =
        format!("{} to {}", words::moment_short(report.since), words::moment_short(report.until));
    html! {
        (facts::list(&[
            ("Decisions from", html! { (span) }),
            ("Tried as on", html! { (words::day_short(report.on)) }),
            ("Taken again", html! { (report.replayed) }),
            ("Changed by the text", html! { (report.changed) }),
            ("Between others", html! { (report.elsewhere) }),
        ]))
        p { "Between others: decisions between bodies that are not in the text, which it cannot \
             change." }
        @if !report.not_replayed.is_empty() {
            h3 { "Not taken again" }
            ul { @for (why, count) in &report.not_replayed { li { (count) ": " (why.says()) } } }
        }
        @if !report.idle.is_empty() {
            h3 { "Clauses of the text that would not run" }
            ul { @for idle in &report.idle { li { (idle) } } }
        }
        @if report.lines.is_empty() {
            p { "No decision would come out otherwise. This does not mean that the text changes \
                 nothing: only that nobody asked for it in these days." }
        } @else {
            p { "Where a number stands for fewer than " (PEOPLE_MIN) " people it is not shown, \
                 nor what it rests on." }
        }
    }
}

fn lines(draft: &Instrument, report: &Report, direction: Direction, by_draft: bool) -> Markup {
    let rows: Vec<_> = report.of(direction, by_draft).map(|line| row(draft, line)).collect();
    if rows.is_empty() {
        return html! {};
    }
    let id = match (direction, by_draft) {
        (Direction::Refused, true) => "refused",
        (Direction::AfterWords, true) => "after-words",
        (Direction::Allowed, true) => "allowed",
        (Direction::Kept, true) => "kept",
        (Direction::Stopped, true) => "stopped",
        (Direction::Refused, false) => "refused-since",
        (Direction::AfterWords, false) => "after-words-since",
        (Direction::Allowed, false) => "allowed-since",
        (Direction::Kept, false) => "kept-since",
        (Direction::Stopped, false) => "stopped-since",
    };
    let columns = &["Who", "What", "Fields", "Of", "What for", "Decisions#", "Why, and an example"];
    let caption = direction.says();
    table::show(&Table { id, caption, columns, rows })
}

fn row(draft: &Instrument, line: &Line) -> Vec<Markup> {
    let (organisation, role) = &line.recipient;
    let party = |id| super::party_name(draft, id);
    let fields: Vec<_> = line.fields.iter().map(|(name, _)| words::spaced(name.as_str())).collect();
    let example = line.example.as_ref().map(|asked| {
        let kinds: Vec<_> = asked.categories.iter().map(words::category).collect();
        format!(
            "For example: {} of {} from {} organisations.",
            asked.action,
            kinds.join(", "),
            asked.sources
        )
    });
    vec![
        html! { (words::role(role.as_str())) ", " (party(organisation)) },
        html! { (words::category(&line.category)) },
        html! { (fields.join(", ")) },
        html! { (party(&line.source)) },
        html! { (words::purpose(&line.purpose)) },
        html! {
            @match line.decisions { Some(count) => { (count) } None => { "few" } }
        },
        html! {
            @if let Some(because) = &line.because { p { (because) } }
            @if let Some(example) = example { p { (example) } }
            @if line.because.is_none() { "Not told: fewer than " (PEOPLE_MIN) " people." }
        },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::view::rules;

    fn draft() -> Instrument {
        let text = include_str!("../../../../../../agreements/glen-direct-care.toml");
        Instrument::parse(text).unwrap()
    }

    fn report() -> Report {
        let line = |direction, by_draft, decisions| Line {
            direction,
            by_draft,
            recipient: ("practice".parse().unwrap(), "gp.doctor".parse().unwrap()),
            source: "nhsl".parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            category: "medication".parse().unwrap(),
            fields: vec![("allergies".parse().unwrap(), decisions)],
            decisions,
            because: decisions.map(|_| "no clause covers these fields".to_owned()),
            example: None,
        };
        Report {
            draft: draft().hash(),
            name: draft().name().to_string(),
            on: "2027-04-01".parse().unwrap(),
            since: "2027-03-01T00:00:00Z".parse().unwrap(),
            until: "2027-03-31T00:00:00Z".parse().unwrap(),
            days: 30,
            replayed: 1_000,
            changed: 17,
            elsewhere: 3,
            not_replayed: BTreeMap::from([(replay::NotReplayed::Erased, 2)]),
            idle: vec!["D9: its source is not here".to_owned()],
            lines: vec![
                line(Direction::Refused, true, Some(17)),
                line(Direction::Allowed, true, None),
                line(Direction::Refused, false, Some(9)),
            ],
            more: 0,
        }
    }

    fn shown(found: Result<Box<Report>, String>, running: Option<Running>) -> String {
        let (draft, by) = (draft(), "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap());
        let kept = Kept { by, at: "2027-03-31T00:00:00Z".parse().unwrap(), found };
        let drafts = [draft.clone()];
        let kept = Some((kept, "Isla Lead".to_owned()));
        let shown = Shown { drafts: &drafts, draft: Some(&draft), kept, running };
        let wanted = Wanted { draft: draft.hash().to_string(), days: String::new() };
        show(&shown, &wanted, &[], &Csrf::of("x")).into_string()
    }

    #[test]
    fn what_was_found_is_told_and_small_numbers_are_not() {
        let page = shown(Ok(Box::new(report())), None);
        rules::assert_part(&page);
        for said in ["Newly refused", ">17<", "Isla Lead", "erased with", "whatever becomes"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(page.contains("few") && page.contains("fewer than 5"), "{page}");
        let running = Running { draft: draft().hash(), done: 3, of: 9 };
        let page = shown(Err("sharing.unsound".to_owned()), Some(running));
        rules::assert_part(&page);
        assert!(page.contains("33 per cent") && page.contains("sharing.unsound"), "{page}");
        assert!(!page.contains("Try it<"), "one at a time");
    }
}
