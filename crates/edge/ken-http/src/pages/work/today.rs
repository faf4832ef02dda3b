//! `/w/today`: what waits for this practitioner.

use axum::Extension;
use axum::extract::State as Of;
use jiff::Timestamp;
use ken_care::message;
use ken_sharing::duty::Duty;
use ken_sharing::relationship;
use ken_store::Snapshot;
use maud::{Markup, html};

use super::{claims, duties, second};
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};

/// `GET /w/today`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let ctx = app.ctx(caller.request());
    // A part may fail alone; the rest of the page stands.
    let failed = |_| words::short_reference(caller.request());
    let people = relationship::caseload(app.db(), &ctx, caller.acting()?).await?;
    let today = Today {
        waiting: waiting(&app, &caller).await.map_err(failed),
        messages: messages(&app, &caller).await.map_err(failed),
        own: second::own(&app, &caller).await.map_err(failed),
        duties: duties::own(&app, &caller).await.map_err(failed),
        people: (people.people.len(), people.is_more),
        at: Some(ctx.clock.now()),
    };
    Ok(caller.frame(app.site(), "Today").at("/w/today").page(&show(&today)))
}

/// How many people wait for an answer of whoever coordinates their care.
async fn messages(app: &App, caller: &Caller) -> Result<usize, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| message::waiting(s, by).await;
    let waiting = app.db().snapshot("http.today-messages", read).await?;
    Ok(waiting.len())
}

/// How much of colleagues waits for the caller: emergencies, and claims.
async fn waiting(app: &App, caller: &Caller) -> Result<(usize, usize), Stop> {
    let (askings, _) = second::waiting(app, caller).await?;
    let (claims, _) = claims::waiting(app, caller).await?;
    let askings = askings.iter().filter(|asking| !asking.is_own).count();
    Ok((askings, claims.iter().filter(|claim| !claim.is_own).count()))
}

/// What the page shows. Counts and ids only: a name needs a decision of its own.
#[derive(Debug, Clone)]
pub(crate) struct Today {
    /// Emergencies and claims of colleagues that wait; or the reference of what failed.
    waiting: Result<(usize, usize), String>,
    /// People who wrote to the reader as to whoever coordinates their care.
    messages: Result<usize, String>,
    /// The reader's own emergency access.
    own: Result<second::Own, String>,
    /// What the reader owes after a disclosure.
    duties: Result<Vec<Duty>, String>,
    /// People with whom this practitioner has a live relationship, and whether there are more.
    people: (usize, bool),
    /// When we looked.
    at: Option<Timestamp>,
}

/// The page's content.
pub(crate) fn show(today: &Today) -> Markup {
    html! {
        h1 { "Today" }
        (panel::show(&of_colleagues(today)))
        @if let Some(messages) = of_messages(today) { (panel::show(&messages)) }
        @if let Some(own) = of_own(today) { (panel::show(&own)) }
        @if let Some(duties) = of_duties(today) { (panel::show(&duties)) }
        h2 { "Start" }
        (card::cards(true, &[
            html! {
                h3 { a href="/w/find" { "Find a person" } }
                p { "By CHI or NHS number, or by name and date of birth." }
            },
            html! {
                h3 { a href="/w/people" { "People you work with" } }
                p { (people(today.people)) }
            },
            html! {
                h3 { a href="/w/guardian" { "Ask your Caldicott Guardian" } }
                p { "When a rule and you disagree. The answers stand there too." }
            },
        ]))
    }
}

fn of_colleagues(today: &Today) -> Panel {
    let checked = today.at.map(|at| format!("Checked at {}.", words::moment_short(at)));
    let state = match &today.waiting {
        Err(reference) => State::Error { reference: reference.clone() },
        Ok((0, 0)) => State::Nothing {
            looked: "Nothing is waiting for you.".into(),
            caution: checked.unwrap_or_default(),
        },
        Ok((askings, claims)) => State::Content {
            shown: html! {
                @if *askings > 0 {
                    p { b { (counted(*askings, "1 emergency", "emergencies")) } }
                }
                @if *claims > 0 { p { (counted(*claims, "1 claim", "claims")) } }
                (confirmation::link_on("/w/claims", "Look at what waits"))
            },
            from: checked,
        },
    };
    Panel { id: "waiting", heading: "Waiting for you".into(), open: true, state }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("{one} of a colleague waits for a second person."),
        count => format!("{count} {many} of colleagues wait for a second person."),
    }
}

/// Messages of people whose care one coordinates, where any waits.
fn of_messages(today: &Today) -> Option<Panel> {
    let says = match &today.messages {
        Ok(0) => return None,
        Ok(1) => "1 person whose care you coordinate wrote to you.".to_owned(),
        Ok(count) => format!("{count} people whose care you coordinate wrote to you."),
        Err(reference) => return Some(failed("messages", "Messages", reference)),
    };
    let shown = html! {
        p { b { (says) } }
        (confirmation::link_on("/w/messages", "See whose message waits"))
    };
    let state = State::Content { shown, from: None };
    Some(Panel { id: "messages", heading: "Messages".into(), open: true, state })
}

/// One's own emergency access, where there is any.
fn of_own(today: &Today) -> Option<Panel> {
    match &today.own {
        Ok(own) if own.is_empty() => None,
        Ok(own) => Some(second::own_panel(own, today.at)),
        Err(reference) => Some(failed("emergencies", "Your emergency access", reference)),
    }
}

/// What one owes, where that is something.
fn of_duties(today: &Today) -> Option<Panel> {
    match &today.duties {
        Ok(duties) if duties.is_empty() => None,
        Ok(duties) => {
            let day = today.at.map(|at| words::local(at).date()).unwrap_or_default();
            Some(duties::panel(duties, day))
        }
        Err(reference) => Some(failed("duties", "To do after something was shared", reference)),
    }
}

fn failed(id: &'static str, heading: &str, reference: &str) -> Panel {
    let state = State::Error { reference: reference.to_owned() };
    Panel { id, heading: heading.to_owned(), open: true, state }
}

fn people((count, is_more): (usize, bool)) -> String {
    match count {
        _ if is_more => format!("More than {count} people."),
        0 => "No relationship with anybody is recorded for you yet.".into(),
        1 => "1 person, by a relationship that is recorded.".into(),
        count => format!("{count} people, by a relationship that is recorded."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_part_may_fail_alone() {
        let today = |waiting: Result<_, String>| Today {
            own: waiting.clone().map(|_| second::Own::default()),
            messages: waiting.clone().map(|(_, claims)| claims),
            duties: waiting.clone().map(|_| vec![]),
            waiting,
            people: (3, false),
            at: None,
        };
        for (waiting, want) in [
            (Ok((0, 0)), "Nothing is waiting"),
            (Ok((0, 1)), "1 claim of a colleague"),
            (Ok((0, 2)), "2 claims of colleagues"),
            (Ok((1, 2)), "1 emergency of a colleague"),
            (Err("r-1".to_owned()), "r-1"),
        ] {
            let today = today(waiting);
            let shown = show(&today).into_string();
            rules::assert_part(&shown);
            assert!(shown.contains(want) && shown.contains("3 people"), "{want}");
            let many = today.messages == Ok(2);
            assert_eq!(shown.contains("2 people whose care you coordinate"), many, "{want}");
        }
    }
}
