//! `/w/p/{person}/services`: the directory of services for somebody at work with a person, with the
//! way to ask for a service where an agreement lets them.
//!
//! The page shows nothing of the person, and what is typed stays out of addresses. Which entries
//! can be asked depends on what was signed, on the reader's role and on when the entry was checked.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use ken_core::{OrganisationId, PersonId};
use maud::{Markup, html};

use super::requests;
use crate::App;
use crate::caller::Caller;
use crate::pages::services::{self, Directory, Sought, show};
use crate::stop::Stop;
use crate::view::form::Form;
use crate::wire::csrf::Csrf;

/// `GET /w/p/{person}/services`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
) -> Result<Markup, Stop> {
    answer(&app, &caller, &person, Sought::default()).await
}

/// `POST /w/p/{person}/services`: a search. It changes nothing.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(sought): Sent<Sought>,
) -> Result<Markup, Stop> {
    answer(&app, &caller, &person, sought).await
}

async fn answer(app: &App, caller: &Caller, person: &str, sought: Sought) -> Result<Markup, Stop> {
    let person: PersonId = person.parse().map_err(|_| Stop::NotFound)?;
    let directory = services::read(app, caller.request()).await?;
    let askable = requests::askable(app, caller).await?;
    let csrf = caller.csrf().clone();
    // A whole directory is looked through: not on a thread that others wait for.
    let main =
        tokio::task::spawn_blocking(move || page(person, &directory, (&sought, &askable), &csrf));
    let main = main.await.map_err(|_| Stop::Fault("http.task"))?;
    Ok(caller.frame(app.site(), "Find a service").at("/w/requests").page(&main))
}

fn page(
    person: PersonId,
    directory: &Directory,
    (sought, askable): (&Sought, &BTreeSet<OrganisationId>),
    csrf: &Csrf,
) -> Markup {
    let action = format!("/w/p/{person}/services");
    let form = Form { action: &action, csrf, button: "Search", hidden: &[] };
    let card = |found: &show::Hit<'_, '_>| {
        let entry = found.0.entry;
        let is_asked = entry.asked(directory.now).is_ok_and(|asked| askable.contains(asked));
        html! {
            (show::card_of(found, directory))
            @if is_asked {
                p { a href={ "/w/p/" (person) "/requests/new?service=" (entry.service.id) } {
                    "Ask for " (entry.service.says.name)
                } }
            } @else { p { "It cannot be asked from here: use its telephone or its address." } }
        }
    };
    html! {
        h1 { "Find a service" }
        p { "Services that could help this person. Write nothing about them here." }
        (form.post(&show::fields(&directory.entries, sought)))
        (show::list(directory, sought, &card))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn what_may_be_asked_has_a_way_to_ask_until_it_is_stale() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let check = |askable: &[&str], now: &str, want: bool| {
            let directory = Directory { now: now.parse().unwrap(), ..show::sample() };
            let askable = askable.iter().map(|id| id.parse().unwrap()).collect();
            let of = (&Sought::default(), &askable);
            let shown = page(person, &directory, of, &Csrf::of("x")).into_string();
            rules::assert_part(&shown);
            assert_eq!(shown.contains("/requests/new?service="), want, "{askable:?} {now}");
            assert_eq!(shown.contains("It cannot be asked from here"), !want, "{askable:?} {now}");
        };
        check(&["cec", "nhsl"], "2027-06-01T09:00:00Z", true);
        check(&["nhsl"], "2027-06-01T09:00:00Z", false);
        check(&["cec", "nhsl"], "2028-06-01T09:00:00Z", false);
    }
}
