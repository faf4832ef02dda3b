//! `/ig/agreements/{hash}/standing`: suspending an agreement, leaving it, or ending it.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use ken_agreement::{Day, Instrument, OnExit};
use ken_core::OrganisationId;
use ken_office::exit::{self, Step};
use ken_sharing::departure::{self, Leaving};
use ken_sharing::instrument;
use maud::{Markup, html};
use serde::Deserialize;

use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::pages::follow;
use crate::stop::Stop;
use crate::view::form::{Choice, Form, Wrong, choices, summary, tick};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    what: String,
    #[serde(default)]
    sure: String,
}

/// `GET /ig/agreements/{hash}/standing`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let (of, own) = read(&app, &caller, &hash).await?;
    let today = app.ctx(caller.request()).clock.today();
    let main = show(&of, &own, today, &Filled::default(), &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/agreements/{hash}/standing`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (of, own) = read(&app, &caller, &hash).await?;
    let ctx = app.ctx(caller.request());
    let (db, keys, hash, today) = (app.db(), app.keys(), of.hash(), ctx.clock.today());
    let leads = of.agreement.lead_party == own;
    let leaving = match filled.what.as_str() {
        "withdraw" => Some(Leaving::Withdraws),
        "terminate" if leads => Some(Leaving::Terminated(Day(today))),
        _ => None,
    };
    let known = leaving.is_some() || ["suspend", "resume"].contains(&filled.what.as_str());
    if !known || filled.sure != "yes" {
        let wrong = if known {
            Wrong::new("sure", "Tick that you have told the other parties")
        } else {
            Wrong::new("what", "Choose what to do")
        };
        let main = show(&of, &own, today, &filled, &[wrong], caller.csrf());
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response());
    }
    let next = match leaving {
        Some(leaving) => {
            let (day, exit) = exit::leave(db, &ctx, keys, caller.acting()?, (&of, leaving)).await?;
            left(day, exit)
        }
        None if filled.what == "suspend" => {
            instrument::suspend(db, &ctx, keys, &hash, &own).await?;
            "Routine sharing with your organisation has stopped. Duties and emergencies go on."
                .to_owned()
        }
        None => {
            instrument::resume(db, &ctx, keys, &hash, &own).await?;
            "Your organisation's suspension has ended.".to_owned()
        }
    };
    let main = html! {
        (follow::done("It is done", &next, follow::wait(&app).await))
        (confirmation::link_on(&format!("/ig/agreements/{hash}"), "Back to the agreement"))
    };
    Ok(page(&app, &caller, &main).into_response())
}

fn left(day: Day, exit: OnExit) -> String {
    let day = words::day_short(day.0);
    match exit {
        OnExit::StopNew => format!("Nothing new is shared from {day}."),
        OnExit::StopAndRecall => {
            format!("Nothing new is shared from {day}, and what was shared is asked back.")
        }
    }
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Suspend, leave or end").at("/ig/agreements").page(main)
}

async fn read(
    app: &App,
    caller: &Caller,
    hash: &str,
) -> Result<(Instrument, OrganisationId), Stop> {
    let (of, _) = super::one(app, caller, hash).await?;
    let own = caller.acting()?.organisation.clone();
    of.instrument.party(&own).ok_or(Stop::NotFound)?;
    Ok((of.instrument, own))
}

fn show(
    of: &Instrument,
    own: &OrganisationId,
    today: Date,
    filled: &Filled,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = format!("/ig/agreements/{}/standing", of.hash());
    let button = format!("Save for {}", party_name(of, own));
    let form = Form { action: &action, csrf, button: &button, hidden: &[] };
    let out = words::day_short(departure::first_day_out(of, Leaving::Withdraws, today).0);
    let choice = |value: &str, label: &str, hint: String| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: Some(hint),
    };
    let duties = "Duties and emergencies go on.".to_owned();
    let mut ways = vec![
        choice("suspend", "Suspend it for my organisation", duties),
        choice("resume", "End my organisation's suspension", "Routine sharing goes on.".into()),
        choice("withdraw", "Leave, with notice", format!("You are out from {out}.")),
    ];
    if of.agreement.lead_party == *own {
        ways.push(choice("terminate", "End it for everybody today", "You lead it.".into()));
    }
    html! {
        (summary(wrongs))
        h1 { "Suspend, leave or end" }
        p { a href={ "/ig/agreements/" (of.hash()) } { (of.agreement.title) } }
        (foretold(of, own))
        (form.post(&html! {
            (choices("What do you want to do?", "what", &ways, &filled.what, wrongs))
            (tick("sure", "The other parties have been told, or will be today", wrongs))
        }))
    }
}

/// What each step would take from whom, before anybody does it.
fn foretold(of: &Instrument, own: &OrganisationId) -> Markup {
    let mut steps = vec![
        ("If your organisation suspends it", Step::Suspend),
        ("If your organisation leaves", Step::Leave),
    ];
    if of.agreement.lead_party == *own {
        steps.push(("If it ends for everybody", Step::End));
    }
    html! {
        h2 { "Who would lose what" }
        @for (heading, step) in steps {
            @let lost = exit::loses(of, own, step);
            details {
                summary { (heading) }
                @if lost.is_empty() { p { "Nobody loses anything." } }
                ul { @for line in &lost { li { (line) } } }
            }
        }
        @if of.lifecycle.on_party_exit == OnExit::StopAndRecall {
            p { "After an exit what was shared is asked back: it stands on the list of each body \
                 that may hold it until that body says what became of it." }
        }
        p { "To replace it, " a href={ "/ig/drafts?next=" (of.hash()) } {
            "begin the next version" } "; it replaces this one once every party has signed." }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::view::rules;

    #[test]
    fn only_the_lead_party_is_offered_the_end() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let check = |own: &str, want: bool| {
            let (own, filled) = (own.parse().unwrap(), Filled::default());
            let wrongs = [Wrong::new("what", "Choose what to do")];
            let day = date(2027, 6, 1);
            let page = show(&of, &own, day, &filled, &wrongs, &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            assert_eq!(page.contains("End it for everybody"), want, "{own}");
            assert_eq!(page.contains("If it ends for everybody"), want, "{own}");
            assert!(page.contains("may no longer"), "{page}");
        };
        check(of.agreement.lead_party.clone().as_str(), true);
        check("rowan", false);
    }
}
